"""Each payment settles its document once and for ever, whatever becomes of run, document or ledger."""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from blocks.pohoda import PohodaUnit
from sandbox.faults import BROKEN_OFF, LOST, REFUSED, UNAVAILABLE, Fault
from sandbox.mserver import SandboxMServer, open_mserver
from sandbox.pohoda import SandboxPohoda
from sandbox.world import Paper, World
from tasks.deciding import Decided, decided
from tasks.errors import PohodaPaymentsError
from tasks.ledger import Ledger
from tasks.ledger.safekeeping import folder_of
from tasks.loading import load
from tasks.mserver.client import MServerClient
from tasks.pohoda.documents import read_documents, read_marks
from tasks.settlements.fate import found_out, known_by_now
from tasks.settlements.findings import elsewhere, in_doubt
from tasks.tables import PAYMENTS, table
from tasks.writers.choice import marks_of
from tasks.writers.settlement import BACK, Due, SettlementWriter
from tests.ledger.test_safekeeping import copy_now, damage
from tests.mserver.firm import ICO
from tests.writers.conftest import TODAY

ADVANCE, FINAL, SECOND, THIRD = (
    ("advance_invoice", 11),
    ("issued_invoice", 12),
    ("issued_invoice", 13),
    ("issued_invoice", 14),
)
# The first two are one deal under one symbol, an advance invoice and its final one.
PAPERS = (
    Paper(*ADVANCE, "26ZF00001", 1000, TODAY, variable_symbol="1"),
    Paper(*FINAL, "260100001", 1000, TODAY, variable_symbol="1"),
    Paper(*SECOND, "260100002", 700, TODAY, variable_symbol="2"),
    Paper(*THIRD, "260100003", 700, TODAY, variable_symbol="3"),
    Paper("issued_invoice", 15, "260100004", 700, TODAY, currency="EUR", variable_symbol="4"),
)
TOTALS = {(paper.agenda, paper.id): paper.total for paper in PAPERS if paper.currency == "CZK"}
AGENDAS = ("issued_invoice", "advance_invoice")


class Killed(BaseException):
    """The process is no more."""


@dataclass
class Dying:
    """A notebook of a run that is killed before it has noted what became of what it sent."""

    notebook: Any

    def intend(self, sending: pd.DataFrame) -> None:
        self.notebook.intend(sending)

    def settle(self, states: Mapping[str, str]) -> None:
        raise Killed


@dataclass(repr=False)
class Office:
    """A firm's Pohoda with its mServer, and a ledger in a file."""

    pohoda: SandboxPohoda
    mserver: SandboxMServer
    unit: PohodaUnit
    client: MServerClient
    file: Path

    def again(self) -> None:
        """Everything as on the first day."""
        self.mserver.settled.clear()
        self.mserver._imported.clear()  # pyright: ignore[reportPrivateUsage]
        self.mserver.faults.clear()
        self.sql("UPDATE FA SET KcLikv = KcCelkem, KcU = '0.0000', DatStorn = NULL")
        with closing(sqlite3.connect(self.file)) as connection, connection:
            connection.executescript("DELETE FROM settlements; DELETE FROM writes")
        shutil.rmtree(folder_of(self.file), ignore_errors=True)

    def sql(self, statement: str) -> None:
        with closing(sqlite3.connect(self.pohoda.path)) as connection, connection:
            connection.execute(statement)

    def run(self, payments: pd.DataFrame, *faults: Fault, killed: bool = False) -> Decided:
        """One run that decides and settles, with what goes wrong on the way to mServer."""
        with self.ledger() as ledger:
            found = self.decided(payments, ledger)
            ledger.settle(found_out(ledger.settled(ICO), found.documents))
            notebook: Any = ledger.settlements(unit=ICO, run="run")
            due = Due(found.parts, Dying(notebook) if killed else notebook)
            journal: Any = ledger.journal(unit=ICO, run="run", writer="settlement")
            self.mserver.faults.then(*faults)
            with suppress(PohodaPaymentsError, Killed):
                load(found.changes, SettlementWriter(self.unit, due, self.client), self.standing, journal)
            self.mserver.faults.clear()
        return found

    def ledger(self) -> Ledger:
        return Ledger.open(f"sqlite:///{self.file.as_posix()}")

    def decided(self, payments: pd.DataFrame, ledger: Ledger) -> Decided:
        documents = read_documents(self.unit, TODAY)
        settled = known_by_now(ledger.settled(ICO), documents)
        fields = {agenda: marks_of(self.unit, agenda) for agenda in AGENDAS}
        return decided(payments, documents, ledger.marked(ICO, {"settlement"}), self.unit, fields, settled)

    def standing(self, batch: pd.DataFrame) -> pd.DataFrame:
        pairs = batch.groupby("agenda")["document_id"]
        return pd.concat([read_marks(self.unit, str(agenda), ids.tolist()) for agenda, ids in pairs])

    def cancel_settlements(self) -> None:
        """A person takes every settlement away by hand; mServer remembers what it imported."""
        self.sql("UPDATE FA SET KcLikv = KcCelkem, KcU = '0.0000'")

    @property
    def outcomes(self) -> list[tuple[str, str]]:
        """Number and note of every write, as the report of the run shows them."""
        with closing(sqlite3.connect(self.file)) as connection:
            return connection.execute("SELECT number, outcome || ' ' || note FROM writes ORDER BY id").fetchall()


@pytest.fixture(scope="module")
def opened(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Office]:
    folder: Path = tmp_path_factory.mktemp("office")
    pohoda = SandboxPohoda.build(World(1, TODAY, PAPERS, ()), folder)
    Ledger.open(f"sqlite:///{(folder / 'ledger.db').as_posix()}").close()
    with open_mserver(pohoda) as mserver:
        unit = pohoda.unit(mserver.address, "sqlite://").model_copy(
            update={"writer": "settlement", "drift": "restore"}
        )
        yield Office(pohoda, mserver, unit, MServerClient(unit.mserver, ICO), folder / "ledger.db")


@pytest.fixture
def office(opened: Office) -> Office:
    opened.again()
    return opened


def money(*rows: tuple[int, str], currency: str = "CZK") -> pd.DataFrame:
    """Payments of so many hundredths under these symbols, all of one day."""
    listed = [
        {
            "source": "fio:1",
            "payment_id": f"p{n}",
            "booked_on": pd.Timestamp(TODAY) - pd.Timedelta(days=9),
            "amount": amount,
            "currency": currency,
            "variable_symbol": symbol,
            "kind": "transfer" if amount > 0 else "refund",
        }
        for n, (amount, symbol) in enumerate(rows)
    ]
    return table(PAYMENTS, listed)


def told(found: Decided) -> list[str]:
    """What the report of this run tells people to put right by hand."""
    notes = [
        *in_doubt(found.settled, found.documents),
        *elsewhere(found.settled, found.verdicts, found.payments, found.documents),
    ]
    return [note.text for note in notes]


def test_running_twice_settles_once(office: Office) -> None:
    for _ in range(2):
        office.run(money((700, "2")))
    assert office.pohoda.settled() == {SECOND: 700}
    assert len(office.mserver.settled) == 1


@pytest.mark.parametrize("fault", [LOST, BROKEN_OFF, UNAVAILABLE, REFUSED])
def test_an_answer_that_is_lost_before_or_after_the_settlement_is_found_out(office: Office, fault: Fault) -> None:
    office.run(money((700, "2")), Fault(), Fault(), fault)
    office.run(money((700, "2")))
    assert office.pohoda.settled() == {SECOND: 700}
    assert len(office.mserver.settled) == 1


def test_a_run_killed_between_the_settlement_and_the_note_of_it_settles_nothing_twice(office: Office) -> None:
    office.run(money((300, "2")), killed=True)
    assert office.pohoda.settled() == {SECOND: 300}
    office.run(money((300, "2"), (400, "2")))
    assert [str(amount) for *_, amount, _ in office.mserver.settled] == ["3.00", "4.00"]


def test_a_run_killed_before_the_settlement_is_made_good_by_the_next(office: Office) -> None:
    office.run(money((700, "2")), Fault(), Fault(), REFUSED, killed=True)
    assert office.pohoda.settled() == {}
    office.run(money((700, "2")))
    assert office.pohoda.settled() == {SECOND: 700}


def test_where_nobody_can_tell_nothing_more_is_settled_and_people_are_told(office: Office) -> None:
    office.run(money((300, "2")), killed=True)
    office.pohoda.settle(*SECOND, Decimal("0.50"))
    found = office.run(money((300, "2"), (100, "2")))
    assert office.pohoda.settled() == {SECOND: 350}
    (text,) = told(found)
    assert "260100002" in text
    assert "zlikvidujte ručně" in text


def test_a_payment_moved_to_another_document_is_reported_and_waits_for_a_person(office: Office) -> None:
    office.run(money((700, "2")))
    office.run(money((700, "3")))
    found = office.run(money((700, "3")))
    assert office.pohoda.settled() == {SECOND: 700}
    (text,) = told(found)
    assert "7,00\u00a0CZK ze dne 21.\u00a06.\u00a02026 je zlikvidovaná na dokladu 260100002" in text
    assert "patří k dokladu 260100003" in text
    assert office.outcomes[-1] == ("260100002", f"refused {BACK.note}")
    office.cancel_settlements()
    assert told(office.run(money((700, "3")))) != []
    assert told(office.run(money((700, "3")))) == []
    assert office.pohoda.settled() == {THIRD: 700}


def test_a_payment_that_counts_for_nothing_any_more_is_reported(office: Office) -> None:
    office.run(money((700, "2")))
    (text,) = told(office.run(money((700, "nothing"))))
    assert "už k němu nepatří" in text


def test_a_refund_after_the_settlement_asks_a_person_to_cancel_it_and_then_is_quiet(office: Office) -> None:
    office.run(money((700, "2")))
    refunded = money((700, "2"), (-700, "2"))
    office.run(refunded)
    assert office.pohoda.settled() == {SECOND: 700}
    assert office.outcomes[-1] == ("260100002", f"refused {BACK.note}")
    office.cancel_settlements()
    found = office.run(refunded)
    assert (len(found.changes), len(found.drift), told(found)) == (0, 0, [])
    assert office.pohoda.settled() == {}


def test_a_cancelled_document_is_not_settled_and_one_settled_before_is_reported(office: Office) -> None:
    office.run(money((700, "2")))
    office.sql("UPDATE FA SET DatStorn = '2026-06-30' WHERE ID IN (13, 14)")
    found = office.run(money((700, "2"), (700, "3")))
    assert [str(amount) for *_, amount, _ in office.mserver.settled] == ["7.00"]
    assert "260100002" in told(found)[0]


def test_a_document_that_a_person_has_settled_is_left_as_it_is(office: Office) -> None:
    office.pohoda.settle(*SECOND, Decimal("7.00"))
    found = office.run(money((700, "2")))
    assert (len(found.changes), told(found)) == (0, [])
    assert office.mserver.settled == []


def test_no_more_is_settled_than_is_open(office: Office) -> None:
    office.pohoda.settle(*SECOND, Decimal("2.00"))
    office.run(money((600, "2"), (700, "3"), (700, "3")))
    assert office.pohoda.settled() == {SECOND: 600, THIRD: 700}


def test_what_the_accountant_settled_is_the_payment_of_that_amount(office: Office) -> None:
    office.pohoda.settle(*SECOND, Decimal("4.50"))
    office.run(money((250, "2"), (450, "2")))
    assert [amount for *_, amount, _ in office.mserver.settled] == [Decimal("2.50")]


@pytest.mark.parametrize(("currency", "symbol"), [("EUR", "2"), ("CZK", "4"), ("EUR", "4")])
def test_money_in_another_currency_settles_nothing(office: Office, currency: str, symbol: str) -> None:
    office.run(money((700, symbol), currency=currency))
    assert office.mserver.settled == []


def test_two_payments_of_one_day_and_amount_are_two(office: Office) -> None:
    office.run(money((350, "2")))
    office.run(money((350, "2"), (350, "2")))
    assert office.pohoda.settled() == {SECOND: 700}
    assert len(office.mserver.settled) == 2


def test_one_payment_for_an_advance_and_its_final_invoice_settles_the_advance_alone(office: Office) -> None:
    found = office.run(money((1000, "1")))
    assert office.pohoda.settled() == {ADVANCE: 1000}
    assert told(found) == []
    office.run(money((1000, "1"), (1000, "1")))
    assert office.pohoda.settled() == {ADVANCE: 1000, FINAL: 1000}


def test_a_settlement_that_a_person_cancelled_is_reported_and_not_done_again(office: Office) -> None:
    office.run(money((700, "2")))
    office.cancel_settlements()
    found = office.run(money((700, "2")))
    assert office.pohoda.settled() == {}
    assert found.drift["number"].tolist() == ["260100002"]


def test_a_ledger_restored_from_its_copy_still_knows_what_it_settled(office: Office) -> None:
    copy_now(office.file)
    office.run(money((300, "2")))
    damage(office.file)
    office.run(money((300, "2"), (400, "2")))
    with office.ledger() as ledger:
        assert ledger.settled(ICO)["state"].tolist() == ["settled", "settled"]
    assert [str(amount) for *_, amount, _ in office.mserver.settled] == ["3.00", "4.00"]


def test_what_no_ledger_knows_any_more_pohoda_knows_by_its_amount_and_by_its_identity(office: Office) -> None:
    office.run(money((300, "2")))
    with closing(sqlite3.connect(office.file)) as connection, connection:
        connection.executescript("DELETE FROM settlements; DELETE FROM writes")
    assert office.run(money((300, "2"))).changes.empty
    office.cancel_settlements()
    office.run(money((300, "2")))
    assert len(office.mserver.settled) == 1
    with office.ledger() as ledger:
        assert ledger.settled(ICO)["state"].tolist() == ["settled"]


def test_the_ledger_takes_no_payment_for_a_document_twice(office: Office) -> None:
    office.run(money((700, "2")))
    with office.ledger() as ledger:
        again = ledger.settled(ICO).assign(state="sent").astype({"state": "str"})
        with pytest.raises(ValueError, match="before"):
            ledger.settlements(unit=ICO, run="again").intend(again)


faults = st.lists(st.sampled_from((Fault(), LOST, REFUSED, BROKEN_OFF, UNAVAILABLE)), max_size=4)


@settings(deadline=None, max_examples=6)
@given(
    rows=st.lists(
        st.tuples(st.sampled_from((250, 400, 1000)), st.sampled_from(("1", "2"))), min_size=1, max_size=4
    ),
    story=st.lists(st.tuples(st.integers(1, 4), faults, st.booleans()), max_size=2),
)
def test_after_any_failures_on_the_way_all_is_settled_once(
    opened: Office, rows: list[tuple[int, str]], story: list[tuple[int, list[Fault], bool]]
) -> None:
    opened.again()
    payments = money(*rows)
    for known, failing, killed in story:
        opened.run(payments.iloc[:known], *failing, killed=killed)
    opened.run(payments)
    came = Counter[str]()
    for amount, symbol in rows:
        came[symbol] += amount
    standing = opened.pohoda.settled()
    assert standing.get(SECOND, 0) == min(came["2"], TOTALS[SECOND])
    assert standing.get(ADVANCE, 0) == min(came["1"], TOTALS[ADVANCE])
    assert sum(standing.values()) == sum(int(amount * 100) for *_, amount, _ in opened.mserver.settled)
    assert sum(standing.values()) <= sum(came.values())
