"""
The rows of the sandbox's Pohoda: the firm's papers as Pohoda keeps them, and what else stands in real tables.

Kinds of rows and their quirks: pohoda-sql.md 3, 4.1, 5.1, 8 and 13.1. None of the rows beside the papers may
ever be taken for a document that a payment can belong to, though many carry the same symbols and amounts.
"""

from __future__ import annotations

import datetime as dt
import sqlite3
from collections.abc import Iterable, Iterator

from sandbox.pohoda_shape import USER_FIELDS
from sandbox.world import Paper, World

Row = dict[str, str | int | float | None]

ISSUED, ADVANCE, RECEIVED = 1, 4, 1
CURRENCIES = {"EUR": (9, 25.125), "USD": (21, 23.4)}
"""Row id in sCMeny and rate; the ids differ from one installation to another."""
INTERNAL_NOTES = (None, "", "Zákazník volal.\r\nVyřizuje Petra, dodat do 14 h. ", " v archivu\r\n\r\n")
OTHER_KINDS = (2, 5, 6, 8, 11, 14)
"""Credit notes, receivables, pro-forma, corrective documents and received invoices: the same table, not ours."""


def fill(connection: sqlite3.Connection, world: World, ico: str, company: str) -> None:
    """Put the firm's papers, and all that stands beside them, into the empty tables."""
    invoices = [paper for paper in world.papers if paper.agenda != "received_order"]
    orders = [paper for paper in world.papers if paper.agenda == "received_order"]
    _insert(connection, "FA", map(_invoice, invoices))
    _insert(connection, "FA", _beside_invoices(invoices))
    _insert(connection, "OBJ", map(_order, orders))
    _insert(connection, "OBJ", _beside_orders(orders))
    _insert(connection, "sCMeny", ({"ID": n, "Kod": code, "IDS": code} for code, (n, _) in CURRENCIES.items()))
    _insert(connection, "sFormUh", ({"ID": n, "IDS": name} for n, name in ((1, "Příkazem"), (5, "Plat.kartou"))))
    _insert(connection, "stwlock", [{"rowid": 1, "tablename": "FA", "spid": 57, "processid": 4711}])
    year = world.today.year
    _insert(connection, "sCRady", [{"ID": 1, "Rok": year, "IDS": "FV", "RelCrAg": 2}])
    _insert(
        connection,
        "sKonfig",
        [
            {
                "ID": 1,
                "ICO": f"{ico} ",
                "Rok": year,
                "DatRokOd": _moment(dt.date(year, 1, 1)),
                "DatRokDo": _moment(dt.date(year, 12, 31)),
                "Firma": company,
            }
        ],
    )
    _insert(connection, "Verze", [{"ID": 1, "Datum": _moment(world.today), "Verze": "14", "Release": "14000"}])
    _insert(connection, "sVP", [{"ID": 1, "TabMain": "FA"}, {"ID": 2, "TabMain": "OBJ"}])
    _insert(connection, "sVPpol", _registered_fields())


def _insert(connection: sqlite3.Connection, table: str, rows: Iterable[Row]) -> None:
    for row in rows:
        names = ", ".join(f"[{name}]" for name in row)
        marks = ", ".join("?" * len(row))
        connection.execute(f"INSERT INTO [{table}] ({names}) VALUES ({marks})", tuple(row.values()))


def _shared(paper: Paper) -> Row:
    currency_id, rate = CURRENCIES.get(paper.currency, (None, None))
    spaces = " " * (paper.id % 7 == 3)
    row: Row = {
        "ID": paper.id,
        "Cislo": paper.number,
        "PDoklad": paper.customer_number + spaces,
        "SText": "Fakturujeme vám za zboží dle objednávky",
        "Datum": _moment(paper.issued_on),
        "KcCelkem": _money(paper.total if rate is None else round(paper.total * rate)),
        "RefCM": currency_id if currency_id else (None, 0)[paper.id % 2],
        "CmCelkem": None if rate is None else _money(paper.total),
        "CmKurs": rate,
        "CmMnoz": 1 if rate else None,
        "RelForUh": 1,
        "RefAD": paper.customer or (None, 0)[paper.id % 2],
        "Firma": f"Odběratel č. {paper.customer} z Příbrami" if paper.customer else None,
        "ICO": f"{70000000 + paper.customer} " if paper.customer % 3 == 1 else (None, "")[paper.id % 2],
        "DatStorn": _moment(paper.issued_on + dt.timedelta(days=1)) if paper.cancelled else None,
        "Pozn": (None, "Děkujeme za objednávku.", "")[paper.id % 3],
        "Pozn2": INTERNAL_NOTES[paper.id % len(INTERNAL_NOTES)],
        "DatCreate": _moment(paper.issued_on),
        "DatSave": None if paper.id % 5 == 0 else _moment(paper.issued_on),
        "VPrPlatbaKlic": paper.gateway_key + spaces if paper.gateway_key else (None, "")[paper.id % 2],
    }
    return row


def _invoice(paper: Paper) -> Row:
    row = _shared(paper)
    spaces = " " * (paper.id % 7 == 5)
    return {
        **row,
        "RelTpFak": ISSUED if paper.agenda == "issued_invoice" else ADVANCE,
        "VarSym": paper.variable_symbol + spaces,
        "SpecSym": paper.specific_symbol or (None, "")[paper.id % 2],
        "KonstSym": paper.constant_symbol or "0308",
        "DatSplat": _moment(paper.issued_on + dt.timedelta(days=14)),
        "KcLikv": row["KcCelkem"],
        "KcU": (None, _money(0))[paper.id % 2],
        "CmLikv": row["CmCelkem"],
    }


def _order(paper: Paper) -> Row:
    return {**_shared(paper), "RelTpObj": RECEIVED, "Vyrizeno": paper.id % 4 == 0}


def _beside_invoices(invoices: list[Paper]) -> Iterator[Row]:
    new_id = max((paper.id for paper in invoices), default=0) + 1000
    yield {"ID": new_id, "RelTpFak": ISSUED}
    yield {"ID": new_id + 1, "RelTpFak": ADVANCE, "Cislo": "", "KcCelkem": _money(0)}
    for offset, paper in enumerate((paper for paper in invoices if paper.cancelled), start=100):
        twin = _invoice(paper)
        twin |= {"ID": new_id + offset, "Cislo": f"{paper.number}S", "TpStorn": 1, "RelStorn": paper.id}
        negative = {name: f"-{twin[name]}" for name in ("KcCelkem", "CmCelkem") if twin[name]}
        yield twin | negative | {"KcLikv": _money(0), "CmLikv": _money(0), "VPrPlatbaKlic": None}
    for offset, paper in enumerate(invoices[:60], start=1000):
        kind = OTHER_KINDS[offset % len(OTHER_KINDS)]
        other = _invoice(paper) | {"ID": new_id + offset, "RelTpFak": kind, "Cislo": f"{kind:02d}{paper.number}"}
        yield other | {"KcLikv": "12.3456"}


def _beside_orders(orders: list[Paper]) -> Iterator[Row]:
    new_id = max((paper.id for paper in orders), default=0) + 1000
    yield {"ID": new_id, "RelTpObj": RECEIVED, "TrvalyDok": 1}
    for offset, paper in enumerate(orders[:20], start=100):
        yield _order(paper) | {"ID": new_id + offset, "RelTpObj": 2}


def _registered_fields() -> Iterator[Row]:
    fields = [field.split()[0] for field in USER_FIELDS.split(";")]
    labels = ("Uhrazeno", "Počet plateb", "Uhrazeno vše", "Klíč platby")
    for agenda in (1, 2):
        for order, (name, label) in enumerate(zip(fields, labels, strict=True), start=1):
            row_id = agenda * 10 + order
            yield {"ID": row_id, "RefAg": agenda, "Nazev": name, "Popis": label, "OrderFld": order}


def _money(amount: int) -> str:
    sign = "-" if amount < 0 else ""
    return f"{sign}{abs(amount) // 100}.{abs(amount) % 100:02d}00"


def _moment(day: dt.date) -> str:
    return f"{day.isoformat()}T00:00:00"
