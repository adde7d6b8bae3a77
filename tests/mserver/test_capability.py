"""Whether a release takes updates is found out by a probe that can do no harm, and remembered."""

from __future__ import annotations

from typing import Literal

import pytest

from sandbox.faults import LOST
from sandbox.mserver import SandboxMServer
from tasks.errors import SettingError, Unavailable
from tasks.mserver.capability import UpdateCapability, judged
from tasks.mserver.client import MServerClient
from tasks.mserver.requests import FORMS, IMPOSSIBLE_ID
from tasks.mserver.responses import Detail, ItemAnswer, Produced
from tests.mserver.firm import Memory, MemoryUnit


def found_out(client: MServerClient, memory: Memory) -> dict[str, str]:
    capability = UpdateCapability(client, memory)
    capability.find_out()
    return {form: capability.verdict(form) for form in FORMS}


@pytest.mark.parametrize("shape", ["inner_error", "ok", "item_error"])
def test_a_release_that_takes_updates_is_known_however_it_says_that_nothing_was_found(
    mserver: SandboxMServer,
    client: MServerClient,
    memory: Memory,
    shape: Literal["inner_error", "ok", "item_error"],
) -> None:
    mserver.accepts_updates, mserver.when_not_found = True, shape
    assert found_out(client, memory) == {"ord": "accepts", "inv": "accepts"}


def test_a_release_with_the_published_schema_refuses(client: MServerClient, memory: Memory) -> None:
    assert found_out(client, memory) == {"ord": "refuses", "inv": "refuses"}
    capability = UpdateCapability(client, memory)
    assert (capability.release, capability.complaint("ord")) == ("14000.1 SQL (1.1.2026)", "")


@pytest.mark.parametrize("accepts_updates", [True, False])
def test_the_probe_changes_and_creates_nothing(
    mserver: SandboxMServer, client: MServerClient, memory: Memory, firm: MemoryUnit, accepts_updates: bool
) -> None:
    mserver.accepts_updates = accepts_updates
    found_out(client, memory)
    assert len(mserver.import_requests) == 1
    assert mserver.created == []
    assert firm.untouched


def test_the_probe_would_change_nothing_even_if_the_impossible_document_existed(
    mserver: SandboxMServer, client: MServerClient, memory: Memory, firm: MemoryUnit
) -> None:
    mserver.accepts_updates = True
    firm.numbers["received_order", IMPOSSIBLE_ID] = "26OP99999"
    firm.values["received_order", IMPOSSIBLE_ID] = {}
    assert found_out(client, memory)["ord"] == "unsafe"
    assert firm.untouched


def test_a_release_known_to_take_updates_is_not_asked_again(
    mserver: SandboxMServer, client: MServerClient, memory: Memory
) -> None:
    mserver.accepts_updates = True
    found_out(client, memory)
    before = len(mserver.log)
    found_out(client, memory)
    assert len(mserver.log) == before


def test_a_release_known_to_refuse_is_only_asked_which_it_is(
    mserver: SandboxMServer, client: MServerClient, memory: Memory
) -> None:
    found_out(client, memory)
    found_out(client, memory)
    assert [entry.imports for entry in mserver.log] == [True, False]


def test_a_new_release_is_found_out_anew(mserver: SandboxMServer, client: MServerClient, memory: Memory) -> None:
    found_out(client, memory)
    mserver.release, mserver.accepts_updates = "14100.2 SQL (1.6.2026)", True
    assert found_out(client, memory) == {"ord": "accepts", "inv": "accepts"}
    assert UpdateCapability(client, memory).release == "14100.2 SQL (1.6.2026)"


def test_a_release_that_does_not_name_itself_is_asked_each_time(
    mserver: SandboxMServer, client: MServerClient, memory: Memory
) -> None:
    mserver.release = ""
    assert found_out(client, memory) == {"ord": "refuses", "inv": "refuses"}
    mserver.accepts_updates = True
    assert found_out(client, memory) == {"ord": "accepts", "inv": "accepts"}
    assert memory.known == {}


def test_a_lost_answer_to_the_probe_is_a_passing_failure(
    mserver: SandboxMServer, client: MServerClient, memory: Memory
) -> None:
    mserver.faults.then(LOST)
    with pytest.raises(Unavailable, match="probe"):
        found_out(client, memory)
    assert memory.known == {}


def test_a_user_without_rights_is_not_taken_for_a_release_that_refuses(
    mserver: SandboxMServer, client: MServerClient, memory: Memory
) -> None:
    mserver.may_import = False
    with pytest.raises(SettingError):
        found_out(client, memory)
    assert memory.known == {}


def item(
    state: str = "error",
    note: str = "",
    inner: str = "",
    inner_state: str = "",
    detail: str = "",
    produced: Produced | None = None,
) -> ItemAnswer:
    details = (Detail("error", 101, detail),) if detail else ()
    return ItemAnswer("PROBE-ord", state, note, inner, inner_state, details, produced, (), ())


@pytest.mark.parametrize(
    ("answer", "verdict"),
    [
        (None, "unclear"),
        (item(), "unclear"),
        (item(note="Nepodařila se validace dokumentu podle schématu"), "refuses"),
        (item(note="Nepodarila sa validácia dokumentu podľa schémy"), "refuses"),
        (item(note="Prvek update ve schématu neexistuje"), "refuses"),
        (item(note="Záznam nebyl nalezen"), "accepts"),
        (item("ok", inner="orderResponse", inner_state="ok"), "accepts"),
        (item("ok", inner="listOrder", inner_state="ok"), "unclear"),
        (item(inner="orderResponse", inner_state="error", detail="Záznam neexistuje"), "accepts"),
        (item(inner="orderResponse", inner_state="error", detail="K agendě nemáte práva"), "unclear"),
        (item("ok", inner="orderResponse", inner_state="ok", produced=Produced(7, "X", "add")), "unsafe"),
    ],
)
def test_only_clear_words_decide(answer: ItemAnswer | None, verdict: str) -> None:
    assert judged(answer) == verdict
