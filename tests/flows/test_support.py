"""The support bundle tells enough to help, and nothing of the people who paid."""

from __future__ import annotations

import datetime as dt
import json
import os
import stat
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prefect import flow, get_run_logger
from prefect.blocks.core import Block
from prefect.client.orchestration import get_client
from sqlalchemy import Boolean, Date, Integer, Numeric, insert

from flows.support import support
from sandbox.faults import Fault
from tasks.errors import SettingError
from tasks.ledger import Ledger
from tasks.ledger.schema import Moment, metadata
from tasks.support import part
from tasks.support.bundle import LARGEST_PAGE, bundle_file, bundle_markdown
from tasks.support.records import records
from tasks.support.settings import settings_of
from tasks.support.words import HIDDEN, Words
from tests.blocks.test_every_block import BLOCKS
from tests.flows.conftest import Firm
from tests.flows.test_marking import completed, failed
from tests.planted import PERSONAL, PIECES, SECRET, found_in, full_of, spellings

NOTHING: list[str] = []
FORBIDDEN = {*PIECES, *spellings(SECRET)}
COMMON_NAMES = """
    Novák Nováková Svoboda Svobodová Novotný Dvořák Dvořáková Černý Procházka Kučera Veselý Horák Němec
    Pokorný Marek Pospíšil Hájek Jelínek Král Růžička Beneš Fiala Sedláček Doležal Zeman Kolář Krejčí
    Navrátil Urban Vaněk Blažek Jan Jana Jiří Petr Pavel Josef Eva Marie Hana Karel Martin Tomáš Lucie Anna
    Věra Alena Lenka Zdeněk Václav Ondřej
"""


@pytest.mark.parametrize("block", BLOCKS, ids=lambda block: block.__name__)
def test_whatever_is_written_into_a_block_none_of_it_is_told_but_what_is_listed(block: type[Block]) -> None:
    told = json.dumps(settings_of(full_of(block)), ensure_ascii=False)
    assert found_in(told, FORBIDDEN) == NOTHING
    assert len(settings_of(full_of(block))) >= len(block.model_fields)


def test_listed_settings_are_told_as_they_are(open_firm: Callable[..., Firm]) -> None:
    firm = open_firm()
    told = dict(settings_of(firm.pohoda.unit(firm.mserver.address, firm.ledger)))
    assert told["writer"] == "mserver"
    assert told["issued_invoices.amount_field"] == "VPrUhrazeno"
    assert told["mserver.password"] == "tajné, vyplněno"
    assert told["mserver.address"] == "vyplněno"


def test_names_of_people_are_no_words_of_this_program() -> None:
    words = Words()
    assert [
        name for name in COMMON_NAMES.split() if name in words.passed(f"Asking the bank for days {name}")
    ] == NOTHING


@pytest.mark.parametrize(
    "text",
    [
        "Fio banka refused the token. Evidence: HTTP 500.",
        "[Errno 111] Connection refused",
        "Nové platby: 12, označeno dokladů: 3, k posouzení: 0",
        "Finished in state Completed()",
        "asked at 2026-03-04 05:06:07 by 0f8fad5b-d9cb-469f-a165-70867728950e",
    ],
)
def test_what_the_program_says_itself_passes_unchanged(text: str) -> None:
    assert Words().passed(text) == text


@pytest.mark.parametrize("number", ["1928374650", "602 918 273", "19-2000145399", "1 234 567,00", "602.918.273"])
def test_no_longer_number_passes_however_it_is_grouped(number: str) -> None:
    assert Words().passed(f"Asking the bank for days {number}") == f"Asking the bank for days {HIDDEN}"


def test_a_text_of_strange_words_passes_in_no_part() -> None:
    assert Words().passed(f"Failing row contains ({PERSONAL})") == HIDDEN


def full_ledger(folder: Path) -> Ledger:
    """A ledger with the planted text in every column of every table that can hold text."""
    ledger = Ledger.open(f"sqlite:///{(folder / 'full.db').as_posix()}")
    now = dt.datetime.now(dt.UTC)
    samples = {Boolean: True, Integer: 1, Numeric: 1, Date: now.date(), Moment: now}

    def value(kind: Any) -> Any:
        return next((sample for known, sample in samples.items() if isinstance(kind, known)), PERSONAL + SECRET)

    with ledger._store.writing("test") as connection:  # pyright: ignore[reportPrivateUsage]
        for table in metadata.tables.values():
            connection.execute(insert(table).values({one.name: value(one.type) for one in table.columns}))
    return ledger


def test_whatever_stands_in_the_ledger_only_counts_and_shapes_of_it_are_told(tmp_path: Path) -> None:
    with full_ledger(tmp_path) as ledger:
        parts = records(ledger, Words().passed)
    told = json.dumps([[one.title, *one.rows] for one in parts], ensure_ascii=False)
    assert found_in(told, FORBIDDEN) == NOTHING
    assert [one.title for one in parts if one.columns == ("Nezjištěno",)] == NOTHING
    assert ["Řádků v payments", "1"] in json.loads(json.dumps(parts[0].rows))


def test_a_part_that_cannot_be_had_says_why_and_hides_no_other() -> None:
    def broken() -> list[Any]:
        raise RuntimeError(PERSONAL)

    def unset() -> list[Any]:
        raise SettingError("The ledger's database cannot be used", evidence=PERSONAL)

    found = [part("X", ("Co",), look, Words().passed) for look in (broken, unset)]
    told = str([one.rows for one in found])
    assert "RuntimeError" in told
    assert "SettingError" in told
    assert found_in(told, FORBIDDEN) == NOTHING


def test_the_page_is_bounded_and_the_file_is_for_its_owner_alone(tmp_path: Path) -> None:
    many = [part(f"Part {n}", ("Co",), lambda: [("x" * 400,)] * 500, str) for n in range(30)]
    page = bundle_markdown("firma", "dnes", many)
    assert len(page) < LARGEST_PAGE + 30 * 100
    file = bundle_file(tmp_path / "new", "firma", page, many)
    if os.name == "posix":
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
    assert bundle_file(tmp_path / "new", "firma", page, many) == file
    assert [path.name for path in file.parent.iterdir()] == ["podpora-firma.zip"]


@flow(name="gopay")
def leaking(unit: str, account: str) -> None:
    """A run that tells what it must not, as no run of this product should."""
    get_run_logger().error("Unexpected: %s\n  token %s", PERSONAL, SECRET)
    raise RuntimeError(f"{PERSONAL} {SECRET}")


def test_a_bundle_of_a_firm_at_work_helps_and_holds_no_payer_and_no_secret(
    open_firm: Callable[..., Firm],
) -> None:
    firm = open_firm()
    completed(firm.run("fio"))
    completed(firm.run("comgate", dry_run=True))
    firm.mserver.faults.then(Fault(status=401))
    failed(firm.run("byznysweb"))
    leaking(unit=firm.unit, account=PERSONAL, return_state=True)
    with get_client(sync_client=True) as client:
        before = firm.pohoda.marks()
        message = completed(support(unit=firm.unit, return_state=True))
        page = next(str(a.data) for a in client.read_artifacts() if a.key == f"podpora-{firm.unit}")
    assert firm.pohoda.marks() == before
    file = firm.folder / f"podpora-{firm.unit}.zip"
    assert file.name in message
    with zipfile.ZipFile(file) as archive:
        assert archive.testzip() is None
        told = page + "".join(archive.read(name).decode() for name in archive.namelist())
    parts = {one["title"]: one for one in json.loads(told[told.rindex("\n[\n") :])}
    people = {money.name for money in firm.world.money if len(money.name) > 5}
    people |= {money.message for money in firm.world.money if len(money.message) > 12}
    people |= {money.account for money in firm.world.money if len(money.account) > 5}
    secrets = {one.get_secret_value() for one in firm.secrets}
    kept = {spelling for secret in secrets if len(secret) > 3 for spelling in spellings(secret)}
    assert found_in(told, {*FORBIDDEN, *people, *kept}) == NOTHING
    assert {"Python", "Produkt", "Ovladače ODBC"} <= {row[0] for row in parts["Stroj a verze"]["rows"]}
    assert {row[0].split()[0] for row in parts["Poslední běhy"]["rows"]} == {
        "fio",
        "comgate",
        "byznysweb",
        "gopay",
    }
    assert any("mServer" in row[2] for row in parts["Poslední selhání"]["rows"])
    assert any("new payments" in row[3] for row in parts["Záznamy běhů"]["rows"])
    assert {row[0] for row in parts["Nastavení"]["rows"]} >= {f"pohoda/{firm.unit}", f"fio/fio-{firm.unit}"}
    assert len(parts["Plány zkušebních běhů"]["rows"]) == 1
    assert len(parts["Zjištění kontroly"]["rows"]) > 5
    assert [one for one in parts.values() if one["columns"] == ["Nezjištěno"]] == NOTHING
