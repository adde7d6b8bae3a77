"""Speaking with mServer over a real socket: every refusal and every loss is its own kind of failure."""

from __future__ import annotations

import gzip
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from sandbox.faults import BROKEN_OFF, GARBAGE, LOST, REFUSED, TRUNCATED, UNAVAILABLE, Fault
from sandbox.mserver import SandboxMServer
from tasks.errors import OutcomeUnknown, PohodaPaymentsError, Refused, SettingError, Unavailable
from tasks.mserver.client import Frozen, MServerClient, WrongUnit
from tasks.mserver.requests import MarkFields, Pack, Update, list_pack, update_pack
from tests.mserver.firm import ICO, ORDER, MemoryUnit, sample, settings_of

FIELDS = MarkFields("VPrUhrazeno", "VPrPocetPlateb", "VPrUhrazVse")
UPDATE = update_pack([Update(*ORDER, 150050, 1, True, FIELDS, write=1)], ICO)
QUESTION = list_pack(*ORDER, ICO)


def failure(client: MServerClient, pack: Pack = UPDATE) -> PohodaPaymentsError:
    with pytest.raises(PohodaPaymentsError) as caught:
        client.post(pack)
    return caught.value


def test_the_state_needs_no_login_and_the_unit_does(mserver: SandboxMServer) -> None:
    stranger = MServerClient(settings_of(mserver, password="jiné-heslo"), ICO)
    assert stranger.status().idle
    with pytest.raises(SettingError, match="user or the password"):
        stranger.company()
    company = MServerClient(settings_of(mserver), ICO).company()
    assert (company.database, company.year) == ("StwPh_12345678_2026", "2026")


def test_a_request_goes_compressed_with_its_headers_and_comes_back_in_windows_1250(
    mserver: SandboxMServer, client: MServerClient
) -> None:
    answer = client.post(QUESTION)
    assert answer.note == "Stav úhrad"
    assert answer.items[0].numbers == ((1001, "26OP00001"),)
    entry = mserver.log[-1]
    assert (entry.method, entry.path, entry.instance) == ("POST", "/xml", QUESTION.id)
    assert (entry.compressed, entry.check_duplicity, entry.body) == (True, True, QUESTION.body)


@pytest.mark.parametrize(
    ("status", "kind"),
    [
        (400, Refused),
        (401, SettingError),
        (403, SettingError),
        (404, SettingError),
        (405, SettingError),
        (408, OutcomeUnknown),
        (500, OutcomeUnknown),
        (502, OutcomeUnknown),
        (503, Unavailable),
        (504, OutcomeUnknown),
        (301, SettingError),
        (418, Refused),
    ],
)
def test_every_status_is_its_own_kind_of_failure(
    mserver: SandboxMServer, client: MServerClient, status: int, kind: type[PohodaPaymentsError]
) -> None:
    mserver.faults.then(Fault(status=status))
    assert type(failure(client)) is kind


@pytest.mark.parametrize("status", [408, 500, 502, 503, 504])
def test_a_question_whose_answer_failed_can_simply_be_asked_again(
    mserver: SandboxMServer, client: MServerClient, status: int
) -> None:
    mserver.faults.then(Fault(status=status))
    assert isinstance(failure(client, QUESTION), Unavailable)
    assert client.post(QUESTION).state == "ok"


@pytest.mark.parametrize("fault", [REFUSED, LOST, BROKEN_OFF, TRUNCATED, GARBAGE])
def test_a_lost_answer_leaves_the_outcome_of_an_import_unknown(
    mserver: SandboxMServer, client: MServerClient, fault: Fault
) -> None:
    mserver.faults.then(fault)
    assert type(failure(client)) is OutcomeUnknown
    mserver.faults.then(fault)
    assert isinstance(failure(client, QUESTION), Unavailable)


def test_a_time_out_leaves_the_outcome_of_an_import_unknown(mserver: SandboxMServer) -> None:
    mserver.seconds = 0.5
    hasty = MServerClient(settings_of(mserver), ICO, read_seconds=0.1)
    assert type(failure(hasty)) is OutcomeUnknown
    assert hasty.wait_until_idle(pause=0.05)
    assert len(mserver.import_requests) == 1


def test_waiting_for_rest_has_an_end(mserver: SandboxMServer, client: MServerClient) -> None:
    mserver.seconds = 1.0
    with ThreadPoolExecutor() as pool:
        asked = pool.submit(client.post, QUESTION)
        while not mserver.busiest:
            time.sleep(0.01)
        assert not client.wait_until_idle(seconds=0.1, pause=0.05)
        asked.result()
    assert not client.wait_until_idle(seconds=0)


def test_an_mserver_that_is_not_running_changes_nothing(mserver: SandboxMServer) -> None:
    settings = settings_of(mserver).model_copy(update={"address": "http://127.0.0.1:9"})
    found = failure(MServerClient(settings, ICO))
    assert type(found) is Unavailable
    assert "127.0.0.1, not localhost" in str(found)


def test_an_mserver_that_takes_connections_and_says_nothing_is_frozen(mserver: SandboxMServer) -> None:
    mserver.frozen = True
    hasty = MServerClient(settings_of(mserver), ICO, read_seconds=0.1, quick_seconds=0.1)
    with pytest.raises(Frozen, match="restart"):
        hasty.status()
    assert type(failure(hasty)) is OutcomeUnknown
    assert not hasty.wait_until_idle()


def test_an_empty_reply_is_the_sign_of_a_frozen_one_too(mserver: SandboxMServer, client: MServerClient) -> None:
    mserver.faults.then(REFUSED)
    with pytest.raises(Frozen, match="does not answer"):
        client.status()


def test_another_server_at_the_address_is_recognised(mserver: SandboxMServer, client: MServerClient) -> None:
    mserver.faults.then(Fault(status=200, body=b"It works!"))
    with pytest.raises(SettingError, match="something else"):
        client.status()
    mserver.faults.then(UNAVAILABLE)
    with pytest.raises(Unavailable, match="HTTP 503"):
        client.status()


def test_a_user_without_the_right_to_import_is_named_as_the_reason(
    mserver: SandboxMServer, client: MServerClient
) -> None:
    mserver.may_import = False
    assert "right to data communication" in str(failure(client))


def test_a_user_who_may_not_open_the_unit_is_named_as_the_reason(
    mserver: SandboxMServer, client: MServerClient
) -> None:
    mserver.lets_into_unit = False
    assert "right to the unit" in str(failure(client))


def test_another_units_mserver_refuses_and_the_run_stops(mserver: SandboxMServer, client: MServerClient) -> None:
    mserver.ico = "87654321"
    found = failure(client)
    assert type(found) is WrongUnit
    assert "87654321" in str(found)


def test_an_answer_in_the_name_of_another_unit_stops_the_run(
    mserver: SandboxMServer, client: MServerClient
) -> None:
    mserver.faults.then(changed(f'ico="{ICO}"', 'ico="87654321"'))
    assert type(failure(client)) is WrongUnit


def test_any_other_refusal_of_the_whole_pack_is_told_in_mservers_words(
    mserver: SandboxMServer, client: MServerClient
) -> None:
    refusal = sample("answer_pack_refused").replace("není oprávněn".encode("cp1250"), b"dnes nesmi")
    mserver.faults.then(Fault(status=200, body=refusal, content_type="text/xml"))
    found = failure(client)
    assert type(found) is Refused
    assert "dnes nesmi" in str(found)


def test_the_answer_to_another_request_is_not_taken_for_ours(
    mserver: SandboxMServer, client: MServerClient
) -> None:
    mserver.faults.then(changed(UPDATE.id, "PP-other"))
    assert "belongs to another request" in str(failure(client))


def test_a_request_that_could_create_a_document_never_leaves(
    mserver: SandboxMServer, client: MServerClient
) -> None:
    with pytest.raises(ValueError, match="not sent"):
        client.post(Pack("x", ("OBJ-1001",), sample("create_order"), imports=True))
    assert not mserver.log


def test_requests_of_one_process_go_to_an_mserver_one_at_a_time(mserver: SandboxMServer) -> None:
    mserver.seconds = 0.02
    start = threading.Barrier(4)

    def ask(_: int) -> str:
        start.wait()
        return MServerClient(settings_of(mserver), ICO).post(QUESTION).state

    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(ask, range(4))) == ["ok"] * 4
    assert mserver.busiest == 1


def test_no_failure_shows_the_login(mserver: SandboxMServer, firm: MemoryUnit) -> None:
    client = MServerClient(settings_of(mserver, password="tajné-heslo"), ICO)
    for fault in (Fault(status=301, headers=(("location", "http://x/tajné-heslo"),)), LOST, Fault()):
        mserver.faults.then(fault)
        shown = repr(failure(client)) + str(failure(client))
        assert "tajn" not in shown
        assert "dGFqbsOp" not in shown
    assert firm.untouched


def changed(found: str, put: str) -> Fault:
    """The right answer with one text replaced."""

    def rewrite(body: bytes) -> bytes:
        assert found.encode() in gzip.decompress(body)
        return gzip.compress(gzip.decompress(body).replace(found.encode(), put.encode()))

    return Fault(rewrite=rewrite)


def test_an_answer_that_is_not_compressed_is_read_as_well(mserver: SandboxMServer, client: MServerClient) -> None:
    plain: Any = sample("answer_ok").replace(b"PP-20260101-0001", UPDATE.id.encode())
    mserver.faults.then(Fault(status=200, body=plain, content_type="text/xml"))
    assert client.post(UPDATE).items[0].id == "OBJ-1001"
