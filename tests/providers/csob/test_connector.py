"""Business Connector over real SOAP and real mutual TLS: every file once, and the cursor never too far."""

from __future__ import annotations

import contextlib
import datetime as dt
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import zeep.exceptions
from pydantic import SecretStr

from blocks.csob import CsobAccount
from sandbox.csob import CALLS_WITHIN, MOST_CALLS, Bank, BankFile, CsobServer, opened
from sandbox.csob_certificates import Authority
from sandbox.csob_money import advices_of
from sandbox.faults import BROKEN_OFF, GARBAGE, LOST, REFUSED, SERVER_ERROR, TRUNCATED, UNAVAILABLE, Fault
from sandbox.world import Money, World
from tasks.days import ONE_DAY, PRAGUE, Days
from tasks.errors import PohodaPaymentsError, Refused, SettingError, Unavailable
from tasks.http import client
from tasks.ledger import Ledger
from tasks.provider import ByPeriod
from tasks.providers.csob import Csob
from tasks.providers.csob.connector import OneRequest
from tests.providers.csob.memory import SOURCE, Kept
from tests.providers.csob.samples import sample

TODAY = dt.date(2026, 1, 13)
NOON = dt.datetime(2026, 1, 13, 12, tzinfo=PRAGUE)
MORNING = NOON - dt.timedelta(hours=3)
DAYS = Days(TODAY - 14 * ONE_DAY, TODAY)
ONLY_TODAY = Days(TODAY, TODAY)

Clock = list[dt.datetime]


@pytest.fixture(scope="module")
def open_bank(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bank]:
    with opened(tmp_path_factory.mktemp("csob")) as bank:
        yield bank


@pytest.fixture
def clock() -> Clock:
    return [NOON]


@pytest.fixture
def bank(open_bank: Bank, clock: Clock) -> Bank:
    """The bank with the three samples, as good as new."""
    server, fresh = open_bank.server, CsobServer()
    for name, value in vars(fresh).items():
        if name not in ("faults", "address"):
            setattr(server, name, value)
    server.faults.clear()
    server.registered = {open_bank.client.fingerprint}
    server.now = lambda: clock[0]
    server.files = [
        BankFile("AV_2100000103_20260112_0001.BBF", sample("domestic"), MORNING - ONE_DAY),
        BankFile("AV_2100000904_20260112_0001.BBF", sample("foreign"), MORNING - ONE_DAY),
        BankFile("AV_2100000103_20260113_0001.BBF", sample("mixed"), MORNING),
    ]
    return open_bank


def names(bank: Bank) -> list[str]:
    return sorted(file.name for file in bank.server.files)


def lists(bank: Bank) -> list[str]:
    return [since for what, since in bank.server.log if what == "list"]


def test_it_is_a_provider_asked_by_period_within_the_days_that_files_are_kept(bank: Bank) -> None:
    csob = Csob(bank.block(), Kept())
    assert isinstance(csob, ByPeriod)
    assert (csob.source, csob.reach, csob.overlap) == (SOURCE, 14, 0)
    assert csob.expiries(TODAY) == []


def test_every_file_is_read_once_and_the_cursor_goes_on(bank: Bank) -> None:
    kept = Kept()
    csob = Csob(bank.block(), kept)
    assert [kept.run(csob, DAYS), kept.run(csob, ONLY_TODAY)] == [3, 0]
    assert sorted(bank.server.downloads()) == names(bank)
    assert lists(bank) == ["2025-12-30T00:00:00+01:00", NOON.isoformat()]
    assert kept.payments == Kept().read(*(file.data for file in bank.server.files)).payments
    assert kept.covered == set(Days(TODAY - 14 * ONE_DAY, TODAY - ONE_DAY))
    assert not kept.faults


def test_a_turn_is_taken_before_each_listing_so_that_the_bank_never_has_to_block(bank: Bank) -> None:
    kept = Kept()
    usual = CsobAccount.model_fields["seconds_between_calls"].default
    kept.run(Csob(bank.block(seconds_between_calls=usual), kept), DAYS)
    assert kept.turns == [("csob 1234567", usual)]
    assert MOST_CALLS * usual >= CALLS_WITHIN.total_seconds()


def test_a_file_in_preparation_holds_the_cursor_but_not_the_other_files(bank: Bank, clock: Clock) -> None:
    bank.server.files[1].in_preparation = 2
    kept = Kept()
    csob = Csob(bank.block(), kept)
    assert kept.run(csob, DAYS) == 2
    assert "listed" not in kept.cursors
    assert (kept.notes[0], kept.covered) == ("files_prepared", set())
    clock[0] += dt.timedelta(minutes=5)
    assert [kept.run(csob, DAYS), kept.run(csob, DAYS), kept.run(csob, ONLY_TODAY)] == [0, 1, 0]
    assert sorted(bank.server.downloads()) == names(bank)
    assert len(kept.payments) == 13


def test_a_file_that_became_available_later_than_it_was_made_is_not_missed(bank: Bank, clock: Clock) -> None:
    late = BankFile("late.BBF", sample("domestic"), MORNING, available=NOON + dt.timedelta(minutes=1))
    bank.server.files = [late]
    kept = Kept()
    csob = Csob(bank.block(), kept)
    assert kept.run(csob, DAYS) == 0
    clock[0] += dt.timedelta(minutes=2)
    assert kept.run(csob, ONLY_TODAY) == 1


def test_a_file_that_the_bank_failed_to_prepare_is_told_once_and_holds_nothing(bank: Bank) -> None:
    bank.server.files[0].failed = True
    bank.server.files[1].in_preparation = 1
    kept = Kept()
    csob = Csob(bank.block(), kept)
    assert [kept.run(csob, DAYS), kept.run(csob, DAYS), kept.run(csob, ONLY_TODAY)] == [1, 1, 0]
    assert len(kept.faults) == 1
    assert kept.faults[0].startswith("AV_2100000103_20260112_0001.BBF: banka soubor nedokázala připravit")


def test_nothing_to_list_is_no_payments_and_a_hint_the_first_time(bank: Bank) -> None:
    bank.server.files = []
    kept = Kept()
    csob = Csob(bank.block(), kept)
    assert [kept.run(csob, DAYS), kept.run(csob, ONLY_TODAY)] == [0, 0]
    assert kept.notes == ["no_advices"]


def test_times_without_a_zone_and_addresses_with_white_space_are_read(bank: Bank) -> None:
    bank.server.files[0].naive = True
    kept = Kept()
    assert kept.run(Csob(bank.block(), kept), DAYS) == 3
    assert any("2026-01-12T09:00:00+01:00" in name for name in kept.cursors)


def test_an_expired_address_is_asked_for_anew_with_the_next_listing(bank: Bank) -> None:
    bank.server.files[0].expired_addresses = 2
    kept = Kept()
    csob = Csob(bank.block(), kept)
    assert [kept.run(csob, DAYS), kept.run(csob, DAYS)] == [2, 1]
    assert kept.notes.count("files_missed") == 1
    assert not kept.faults


def test_a_file_that_the_bank_keeps_no_more_is_told_once(bank: Bank, clock: Clock) -> None:
    bank.server.files[0].created = NOON - 16 * ONE_DAY
    bank.server.files[0].available = MORNING
    kept = Kept()
    csob = Csob(bank.block(), kept)
    assert [kept.run(csob, DAYS), kept.run(csob, ONLY_TODAY)] == [2, 0]
    assert [fault.partition(":")[0] for fault in kept.faults] == ["AV_2100000103_20260112_0001.BBF"]
    assert kept.covered


def test_an_address_that_expired_for_an_old_file_is_for_good(bank: Bank) -> None:
    old = bank.server.files[0]
    old.created, old.available, old.expired_addresses = NOON - 15 * ONE_DAY, MORNING, 9
    kept = Kept()
    assert kept.run(Csob(bank.block(), kept), DAYS) == 2
    assert len(kept.faults) == 1


def test_a_file_of_another_length_than_listed_is_not_believed(bank: Bank) -> None:
    bank.server.files[0].said_size = 5
    kept = Kept()
    assert kept.run(Csob(bank.block(), kept), DAYS) == 2
    assert (kept.notes[0], kept.covered) == ("files_missed", set())


def test_days_read_before_are_read_again_when_they_are_asked_for(bank: Bank) -> None:
    kept = Kept()
    csob = Csob(bank.block(), kept)
    kept.run(csob, DAYS)
    before = dict(kept.payments)
    yesterday = Days(TODAY - ONE_DAY, TODAY - ONE_DAY)
    assert kept.run(csob, yesterday) == 2
    assert kept.payments == before
    assert lists(bank)[-1] == "2026-01-12T00:00:00+01:00"
    assert kept.run(csob, ONLY_TODAY) == 0


def test_no_listing_reaches_further_back_than_the_bank_lists(bank: Bank) -> None:
    Csob(bank.block(), Kept()).extract(Days(TODAY - 300 * ONE_DAY, TODAY))
    kept = Kept()
    kept.cursors["listed"] = "2025-06-01T00:00:00+02:00"
    Csob(bank.block(), kept).extract(ONLY_TODAY)
    assert lists(bank) == ["2025-11-30T00:00:00+01:00"] * 2


def test_the_demo_that_ignores_the_filter_gives_only_advices(bank: Bank) -> None:
    bank.server.demo = True
    bank.server.files.append(BankFile("statement.XML", b"<FINSTA/>", MORNING, kind="VYPIS", format="XML"))
    bank.server.files.append(BankFile("EXRT_CNB_20260112.BBF", b"TDCEB    QUOTES 01", MORNING, kind="KURZY"))
    assert Kept().run(Csob(bank.block(), Kept()), DAYS) == 3


def test_statements_and_rates_are_not_even_listed(bank: Bank) -> None:
    bank.server.files.append(BankFile("statement.BBF", sample("domestic"), MORNING, kind="VYPIS"))
    kept = Kept()
    assert kept.run(Csob(bank.block(), kept), DAYS) == 3


def test_several_advices_of_a_day_and_of_both_accounts_are_all_read(bank: Bank) -> None:
    money = [
        Money("csob", n, TODAY, 100 * n, currency, "77", account="1234560005/0100", message="Zaplaceno")
        for n, currency in enumerate(["CZK"] * 6 + ["EUR"] * 2, start=1)
    ]
    bank.server.files = [BankFile(*advice) for advice in advices_of(World(1, TODAY, (), tuple(money)))]
    kept = Kept()
    kept.run(Csob(bank.block(), kept), DAYS)
    assert [file.name for file in bank.server.files] == [
        "AV_2100000103_20260113_0001.BBF",
        "AV_2100000103_20260113_0002.BBF",
        "AV_2100000904_20260113_0001.BBF",
    ]
    assert sorted(row["amount"] for row in kept.payments.values()) == [100 * n for n in range(1, 9)]


@pytest.mark.parametrize("code", ["1011", "1012", "1002"])
def test_what_a_person_must_settle_with_the_bank_is_said_so(bank: Bank, code: str) -> None:
    if code == "1011":
        bank.server.registered = set()
    elif code == "1012":
        bank.server.blocked = {bank.client.fingerprint}
    else:
        bank.server.contract_has_access = False
    with pytest.raises(SettingError, match=rf"code {code}, ticket CBAPI"):
        Csob(bank.block(), Kept()).extract(DAYS)


def test_a_certificate_of_a_stranger_fails_in_the_handshake(bank: Bank) -> None:
    stranger = Authority("Somebody else").client()
    with pytest.raises(Unavailable, match="check in the CEB portal that the bank accepts the certificate"):
        Csob(bank.block(certificate=SecretStr(stranger.pem)), Kept()).extract(DAYS)
    assert bank.server.log == []


def test_a_bank_that_says_in_the_handshake_what_it_misses_is_understood(bank: Bank) -> None:
    stranger = Authority("Somebody else").client()
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH, cafile=bank.authority_file)
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_cert_chain(bank.authority_file.with_name("csob-server.pem"))
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def refuse() -> None:
            with contextlib.suppress(ssl.SSLError), context.wrap_socket(listener.accept()[0], server_side=True):
                pass

        thread = threading.Thread(target=refuse)
        thread.start()
        address = f"https://127.0.0.1:{listener.getsockname()[1]}/cebbc/api"
        block = bank.block(address=address, certificate=SecretStr(stranger.pem))
        with pytest.raises(SettingError, match="does not accept the certificate"):
            Csob(block, Kept()).extract(DAYS)
        thread.join()


def test_a_bank_that_cannot_prove_who_it_is_gets_nothing(bank: Bank, tmp_path: Path) -> None:
    other = Authority("Somebody else").write(tmp_path / "other.pem")
    with pytest.raises(SettingError, match="cannot be verified"):
        Csob(bank.block(authority_file=str(other)), Kept()).extract(DAYS)
    assert bank.server.log == []


def test_after_too_many_calls_no_call_is_made_that_would_prolong_the_block(bank: Bank, clock: Clock) -> None:
    hasty = Csob(bank.block(), Kept())
    for _ in range(30):
        hasty.extract(ONLY_TODAY)
    before = len(lists(bank))
    for _ in range(3):
        with pytest.raises(Unavailable) as error:
            hasty.extract(ONLY_TODAY)
        assert (error.value.retry_after or 0) > 1100
    assert len(lists(bank)) == before + 1
    clock[0] += dt.timedelta(minutes=19)
    with pytest.raises(Unavailable, match="1101"):
        Csob(bank.block(), Kept()).extract(ONLY_TODAY)
    clock[0] += dt.timedelta(minutes=20)
    Csob(bank.block(), Kept()).extract(ONLY_TODAY)


@pytest.mark.parametrize(
    "fault",
    [REFUSED, LOST, BROKEN_OFF, UNAVAILABLE, SERVER_ERROR, GARBAGE, TRUNCATED],
    ids=["refused", "lost", "broken off", "unavailable", "server error", "garbage", "truncated"],
)
def test_a_bank_that_fails_at_every_call_once_ends_with_all_files_read_once(bank: Bank, fault: Fault) -> None:
    kept = Kept()
    csob = Csob(bank.block(), kept)
    bank.server.faults.then(fault, *[step for _ in range(4) for step in (fault, Fault())])
    for _ in range(8):
        try:
            kept.run(csob, DAYS if "listed" not in kept.cursors else ONLY_TODAY)
        except Unavailable:
            continue
    assert kept.payments == Kept().read(*(file.data for file in bank.server.files)).payments
    assert "listed" in kept.cursors
    assert len([name for name in kept.cursors if name.startswith("file ")]) == 3
    bank.server.log.clear()
    assert kept.run(csob, ONLY_TODAY) == 0
    assert bank.server.downloads() == []


@pytest.mark.parametrize(
    ("fault", "kind", "said"),
    [
        (Fault(status=401), SettingError, "HTTP 401"),
        (Fault(status=404), Refused, "HTTP 404"),
        (Fault(status=200, body=b"<x/>", content_type="text/xml"), Unavailable, "cannot be understood"),
        (Fault(rewrite=lambda b: b.replace(b"QueryTimestamp", b"Other")), Unavailable, "cannot be understood"),
        (Fault(rewrite=lambda b: b.replace(b">D<", b">X<")), Unavailable, "cannot be understood"),
        (
            Fault(rewrite=lambda b: b.replace(b"<soap", b"<!DOCTYPE x [<!ENTITY e 'e'>]><soap", 1)),
            Unavailable,
            "cannot be understood",
        ),
        (Fault(status=302, headers=(("location", "https://example.com/"),)), SettingError, "example.com"),
    ],
)
def test_an_answer_that_is_none_is_never_taken_for_no_payments(
    bank: Bank, fault: Fault, kind: type[PohodaPaymentsError], said: str
) -> None:
    bank.server.faults.then(fault)
    with pytest.raises(kind, match=said):
        Csob(bank.block(), Kept()).extract(DAYS)


def test_an_error_of_the_bank_that_is_not_known_is_a_refusal(bank: Bank) -> None:
    bank.server.registered = set()
    bank.server.faults.then(Fault(rewrite=lambda body: body.replace(b"1011", b"1999")))
    with pytest.raises(Refused, match="1999"):
        Csob(bank.block(), Kept()).extract(DAYS)


def test_an_error_on_the_banks_side_is_tried_again_later(bank: Bank) -> None:
    bank.server.registered = set()
    bank.server.faults.then(Fault(rewrite=lambda body: body.replace(b"1011", b"1000")))
    with pytest.raises(Unavailable, match="1000"):
        Csob(bank.block(), Kept()).extract(DAYS)


@pytest.mark.parametrize(("status", "kind"), [(401, SettingError), (403, SettingError), (503, Unavailable)])
def test_a_download_that_fails_for_good_stops_and_one_that_may_come_is_tried_later(
    bank: Bank, status: int, kind: type[PohodaPaymentsError]
) -> None:
    bank.server.faults.then(Fault())
    bank.server.faults.always = Fault(status=status)
    kept = Kept()
    with pytest.raises(kind):
        kept.run(Csob(bank.block(), kept), DAYS)
    assert kept.cursors == {}


def test_a_file_without_an_address_is_waited_for(bank: Bank) -> None:
    kept = Kept()
    strip: Any = lambda body: body.replace(b"https://127", b"http://127")  # noqa: E731
    bank.server.faults.then(Fault(rewrite=strip))
    with pytest.raises(Unavailable, match="no address"):
        kept.run(Csob(bank.block(), kept), DAYS)


def test_the_description_of_the_service_can_fetch_nothing_from_the_network() -> None:
    with client("") as connection, pytest.raises(zeep.exceptions.Error, match="nothing is loaded"):
        OneRequest(connection).load("http://127.0.0.1:9/schema.xsd")


def test_the_ledger_itself_remembers_what_was_read(bank: Bank, tmp_path: Path) -> None:
    address = SecretStr(f"sqlite:///{(tmp_path / 'ledger.db').as_posix()}")
    for run, new in (("first", 13), ("second", 0)):
        with Ledger.open(address) as ledger:
            csob = Csob(bank.block(), ledger)
            given = [csob.normalize(reading) for reading in csob.extract(DAYS if run == "first" else ONLY_TODAY)]
            recorded = [ledger.record(csob.source, one, run=run, at=NOON) for one in given]
            assert sum(one.new for one in recorded) == new
            assert len(ledger.payments(TODAY - 30 * ONE_DAY)) == 13
    assert sorted(bank.server.downloads()) == names(bank)
