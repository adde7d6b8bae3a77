"""Comgate's payouts in the sandbox: as rows, as CSV in base64, and as a ZIP of a day's files."""

from __future__ import annotations

import base64
import csv
import datetime as dt
import io
import unicodedata
import zipfile
from dataclasses import dataclass, field
from typing import Any

from tasks.money import wire

FEE_PERCENT = 1


@dataclass(frozen=True)
class PayoutRow:
    """One payment or refund (negative) in a payout. Amounts are hundredths."""

    key: str
    amount: int
    order: str = ""
    currency: str = "CZK"
    paid_on: dt.date | None = None
    kind: int = 1
    """What the row's `typ` says: 1 is a payment, others are not documented (comgate.md 7)."""


@dataclass
class PayoutBook:
    """All payouts of one shop, each of one currency, and how they are spelt."""

    merchant: str
    rows: dict[dt.date, dict[int, list[PayoutRow]]] = field(
        default_factory=dict[dt.date, dict[int, list[PayoutRow]]]
    )
    plain_headings: bool = False
    """Spell headings without accents and amounts with a point."""
    encoding: str = "utf-8"
    damaged_files: bool = False

    def add(self, day: dt.date, number: int, *rows: PayoutRow) -> None:
        """Put the rows into the payout of this number, which was made on the day."""
        self.rows.setdefault(day, {}).setdefault(number, []).extend(rows)

    def listed(self, day: dt.date) -> list[dict[str, Any]]:
        """The answer of `transferList`."""
        return [
            {
                "transferId": number,
                "transferDate": day.isoformat(),
                "accountCounterparty": "2900123456/2010",
                "accountOutgoing": "1112223334/5500",
                "variableSymbol": str(number),
            }
            for number in self.rows.get(day, {})
        ]

    def payout(self, number: int) -> list[dict[str, Any]]:
        """The answer of `singleTransfer`."""
        return [self._spelt({"typ": kind, **row}) for kind, row in self._headed(number)]

    def file(self, number: int) -> dict[str, str]:
        """The answer of `csvSingleTransfer`."""
        content = base64.b64encode(self._csv(number)).decode()
        return {"nazev": f"{number}.csv", "csv": content[:-5] + "?" if self.damaged_files else content}

    def packed(self, day: dt.date) -> bytes:
        """The answer of `csvDownload`: a ZIP with one CSV for each payout of the day."""
        packed = io.BytesIO()
        with zipfile.ZipFile(packed, "w") as archive:
            for number in self.rows.get(day, {}):
                archive.writestr(f"{number}.csv", self._csv(number))
        return packed.getvalue()

    def _headed(self, number: int) -> list[tuple[int, dict[str, Any]]]:
        day, rows = next((day, found[number]) for day, found in self.rows.items() if number in found)
        return [(row.kind, self._cells(row, day, number)) for row in rows]

    def _cells(self, row: PayoutRow, day: dt.date, number: int) -> dict[str, Any]:
        fee = abs(row.amount) * FEE_PERCENT // 100
        return {
            "Merchant": self.merchant,
            "Datum zaplacení": f"{row.paid_on or day} 10:11:48",
            "Datum převodu": day.isoformat(),
            "ID ComGate": row.key,
            "Metoda": "Karta online",
            "Produkt": "",
            "Variabilní symbol převodu": str(number),
            "ID od klienta": row.order,
            "Měna": row.currency,
            "Potvrzená částka": self._amount(row.amount),
            "Převedená částka": self._amount(row.amount - fee),
            "Poplatek celkem": self._amount(fee),
        }

    def _csv(self, number: int) -> bytes:
        rows = [row for _, row in self._headed(number)]
        booked = next(found[number] for found in self.rows.values() if number in found)
        total = {
            **dict.fromkeys(rows[0], "-"),
            "Produkt": "suma",
            "Měna": rows[0]["Měna"],
            "Potvrzená částka": self._amount(sum(row.amount for row in booked)),
        }
        spelt = [self._spelt(row) for row in (*rows, total)]
        sheet = io.StringIO()
        writer = csv.DictWriter(sheet, list(spelt[0]), delimiter=";", quoting=csv.QUOTE_ALL)
        writer.writeheader()
        writer.writerows(spelt)
        return sheet.getvalue().encode(self.encoding)

    def _amount(self, amount: int) -> str:
        return wire(amount) if self.plain_headings else wire(amount).replace(".", ",")

    def _spelt(self, row: dict[str, Any]) -> dict[str, Any]:
        return {_plain(name): value for name, value in row.items()} if self.plain_headings else row


def _plain(heading: str) -> str:
    bare = unicodedata.normalize("NFKD", heading).encode("ascii", "ignore").decode()
    return bare.replace("ComGate", "Comgate")
