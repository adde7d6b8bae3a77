"""People are told: real runs, a real Prefect server that sends, a real mail server and a webhook that receive."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Generator, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any, get_args
from urllib.parse import quote
from uuid import uuid4

import pytest
import trustme
from prefect import Flow
from prefect.client.orchestration import SyncPrefectClient, get_client
from prefect.client.schemas.actions import DeploymentUpdate
from prefect.client.schemas.objects import StateType
from prefect.client.schemas.responses import SetStateStatus
from prefect.deployments import run_deployment
from prefect.events import Event, Resource
from prefect.events.actions import SendNotification
from prefect.events.filters import EventFilter, EventNameFilter, EventResourceFilter
from prefect.events.schemas.automations import AutomationCore, EventTrigger, Posture
from prefect.settings import (
    PREFECT_API_URL,
    PREFECT_FLOWS_HEARTBEAT_FREQUENCY,
    PREFECT_HOME,
    PREFECT_LOGGING_TO_API_ENABLED,
    temporary_settings,
)
from prefect.states import Pending, Running
from pydantic import SecretStr

from blocks.fio import FioAccount
from blocks.notification import MailServer, Notification
from flows import triggers, trying
from flows.automations import ensure_automations, main, notices
from flows.check import check
from flows.deliveries import SAVED_AS
from flows.noticing import checked, event_of, send
from flows.trying import TRIAL
from sandbox.services import PROJECT, free_port, prefect_command, prefect_server, prefect_worker, wait_for_server
from tasks.days import ONE_DAY, prague_day
from tasks.notices import Notice
from tasks.notices.matter import Code
from tests import receivers
from tests.conftest import let_go_of_events
from tests.flows.conftest import Firm
from tests.flows.test_marking import completed, failed
from tests.receivers import LOGIN, PASSWORD, Hook, Mailbox, eventually

Open = Callable[..., Firm]
QUICK = {
    "PREFECT_SERVER_SERVICES_FOREMAN_LOOP_SECONDS": "1",
    "PREFECT_SERVER_SERVICES_FOREMAN_INACTIVITY_HEARTBEAT_MULTIPLE": "2",
    "PREFECT_SERVER_EVENTS_PROACTIVE_GRANULARITY": "PT1S",
    "PREFECT_SERVER_SERVICES_EVENT_PERSISTER_FLUSH_INTERVAL": "0.5",
    "PREFECT_SERVER_SERVICES_TASK_RUN_RECORDER_ENABLED": "false",
    "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
    "PREFECT_UI_ENABLED": "false",
    "PREFECT_WORKER_HEARTBEAT_SECONDS": "1",
}
SOON = dt.timedelta(seconds=10)


@dataclass
class People:
    """Those who are told."""

    mail: Mailbox
    hook: Hook
    server_log: Path


@pytest.fixture(scope="module")
def people(tmp_path_factory: pytest.TempPathFactory) -> Iterator[People]:
    """A Prefect server with all its services, and people whom its messages reach."""
    folder = tmp_path_factory.mktemp("prefect")
    authority = trustme.CA()
    with ExitStack() as things, pytest.MonkeyPatch.context() as environment:
        mail = things.enter_context(receivers.mailbox(authority))
        end = things.enter_context(receivers.hook())
        port = free_port()
        api = f"http://127.0.0.1:{port}/api"
        for name, value in QUICK.items():
            environment.setenv(name, value)
        environment.setenv("PREFECT_HOME", str(folder))
        environment.setenv("PREFECT_API_URL", api)
        environment.setenv("SSL_CERT_FILE", str(receivers.trusted(authority, folder)))
        things.enter_context(prefect_server(folder, port))
        wait_for_server(api)
        quick: dict[Any, Any] = {
            PREFECT_API_URL: api,
            PREFECT_HOME: folder,
            PREFECT_FLOWS_HEARTBEAT_FREQUENCY: None,
            PREFECT_LOGGING_TO_API_ENABLED: False,
        }
        things.enter_context(temporary_settings(quick))
        things.callback(let_go_of_events)
        notification(mail, end).save("notification", overwrite=True)
        yield People(mail, end, folder / "server.log")


@pytest.fixture(scope="module")
def prefect(people: People) -> None:
    """In the place of the server that other flow tests share: this one sends messages."""


@pytest.fixture(scope="module", autouse=True)
def _impatient_server(people: People) -> Generator[None]:
    """What the server waits for by itself comes after seconds instead of minutes and days."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(trying, "WAIT_SECONDS", receivers.PATIENCE_SECONDS)
        for name in ("HEARTBEATS_MISSED", "WORKER_GONE_AFTER"):
            patch.setattr(triggers, name, SOON)
        patch.setattr("flows.automations.timedelta", lambda **_: SOON)
        ensure_automations()
        yield


def notification(mail: Mailbox, end: Hook, **more: Any) -> Notification:
    server = MailServer(
        host="localhost",
        port=mail.port,
        login=LOGIN,
        password=SecretStr(PASSWORD),
        sender="platby@firma.cz",
    )
    given: dict[str, Any] = {
        "recipients": ["ucetni@firma.cz", "technik@firma.cz"],
        "mail_server": server,
        "webhook": SecretStr(end.address),
        "webhook_format": "json",
        **more,
    }
    return Notification(**given)


def failures(people: People, unit: str) -> list[Any]:
    return [body for body in people.hook.about("run_failed") if body["unit"] == unit]


def of_failures(client: SyncPrefectClient, automation: str) -> list[Event]:
    wanted = EventFilter(
        event=EventNameFilter(name=["prefect.automation.action.failed"]),
        resource=EventResourceFilter(id=[automation]),
    )
    return [*client.read_events(wanted, limit=1).events]


def told_of(people: People, firm: Firm, code: str) -> list[Any]:
    """What came to the webhook about the firm; all has come when an event sent after all others has."""
    last = f"last-{len(people.hook.taken)}"
    send([event_of(Notice("attention", "info", last, last), last, "", "")])
    eventually(lambda: [body for body in people.hook.taken if body["unit"] == last])
    return [body for body in people.hook.taken if (body["unit"], body["code"]) == (firm.unit, code)]


def test_setting_up_twice_makes_each_automation_once(people: People) -> None:
    with get_client(sync_client=True) as client:
        before = client.read_automations()
        assert {found.name for found in before} == set(ensure_automations())
        assert len(before) == 5
        assert client.read_automations() == before


def test_what_was_doubled_becomes_one_and_what_was_switched_off_stays_off(people: People) -> None:
    with get_client(sync_client=True) as client:
        one = next(found for found in client.read_automations() if "kontrola" in found.name)
        core = {name: getattr(one, name) for name in ("name", "description", "trigger", "actions")}
        client.create_automation(AutomationCore(**core, enabled=False))
        ensure_automations()
        (left,) = client.read_automations_by_name(one.name)
        assert not left.enabled
        client.resume_automation(left.id)
        ensure_automations()
        (left,) = client.read_automations_by_name(one.name)
        assert left.enabled


def test_a_trial_sends_one_message_of_each_kind_each_way_and_says_so(
    people: People, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["--test"]) == 0
    kinds = len(get_args(Code))
    assert f"webhook: odesláno {kinds} z {kinds}\ne-mail: odesláno {kinds} z {kinds}" in capsys.readouterr().out
    sent = [body for body in people.hook.taken if body["unit"] == TRIAL]
    assert {body["code"] for body in sent} == set(get_args(Code))
    mails = people.mail.about(f"POHODA platby, {TRIAL}:")
    assert sorted({recipient for to, _ in mails for recipient in to}) == ["technik@firma.cz", "ucetni@firma.cz"]
    assert len(mails) == 2 * kinds


def test_the_same_can_be_done_from_the_ui_by_a_run(people: People) -> None:
    assert "e-mail: odesláno" in completed(notices(return_state=True))
    assert "notification/nobody" in failed(notices("nobody", return_state=True))


def test_a_trial_says_why_a_message_could_not_be_sent(people: People, capsys: pytest.CaptureFixture[str]) -> None:
    nobody: dict[str, Any] = {"host": "localhost", "port": free_port(), "sender": "platby@firma.cz"}
    wrong = MailServer(**nobody, login=LOGIN, password=SecretStr("wrong-password"))
    notification(people.mail, people.hook, mail_server=wrong).save("other", overwrite=True)
    people.hook.status = 500
    try:
        assert main(["other", "--test"]) == 1
        said = capsys.readouterr()
    finally:
        people.hook.status = 200
        ensure_automations()
    assert "webhook: odesláno 0 z" in said.out
    assert "HTTP 500" in said.out
    assert "e-mail: odesláno 0 z" in said.out
    assert "wrong-password" not in said.out + said.err
    assert "tajna-adresa" not in said.out + said.err


def test_a_run_that_fails_is_told_once_with_what_to_do_and_where(people: People, open_firm: Open) -> None:
    firm = open_firm(ico="87654321")
    for _ in range(2):
        failed(firm.run("gopay"))
    eventually(lambda: people.mail.about(firm.unit)[1:])
    (told,) = told_of(people, firm, "run_failed")
    assert len(people.mail.about(firm.unit)) == 2
    text = str(people.mail.about(firm.unit)[0][1].get_content())
    for said in (f"Jednotka: {firm.unit}", "Běh skončil chybou.", "another accounting unit", "Co udělat: "):
        assert said in told["text"]
        assert said in text
    assert "/runs/flow-run/" in told["link"]
    assert told["link"] in text


def test_a_process_that_dies_is_told(people: People) -> None:
    prefect_command(["work-pool", "create", "local", "--type", "process", "--overwrite"])
    deployed: Any = Flow.from_source(source=str(PROJECT), entrypoint="tests/flows/dying.py:dying")
    deployed.deploy(name="dying", work_pool_name="local", print_next_steps=False)
    with prefect_worker(people.server_log.parent, "local"):
        run_deployment("dying/dying", timeout=0, parameters={"unit": "umirajici"})
        (told,) = eventually(lambda: failures(people, "umirajici"))
    assert "Běh byl přerušen" in told["text"]


def test_what_is_silent_too_long_is_told_and_a_silent_run_gives_its_place_back(people: People) -> None:
    """Follows the test above, whose worker is gone. The runs are only the server's, as after a power cut."""
    with get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name("dying/dying")
        client.update_deployment(deployment.id, DeploymentUpdate(concurrency_limit=1))
        run, waiting = (
            client.create_flow_run_from_deployment(deployment.id, parameters={"unit": unit})
            for unit in ("odmlcena", "dalsi")
        )
        for state in (Pending(), Running()):
            assert client.set_flow_run_state(run.id, state).status == SetStateStatus.ACCEPT
        assert client.set_flow_run_state(waiting.id, Pending()).status != SetStateStatus.ACCEPT
        alive = Resource({"prefect.resource.id": f"prefect.flow-run.{run.id}"})
        send([Event(event="prefect.flow-run.heartbeat", resource=alive), checked("kontrolovana")])
        (told,) = eventually(lambda: failures(people, "odmlcena"))
        assert client.read_flow_run(run.id).state_type == StateType.CRASHED
        assert client.set_flow_run_state(waiting.id, Pending()).status == SetStateStatus.ACCEPT
    assert "přestal dávat znamení života" in told["text"]
    assert eventually(lambda: people.hook.about("check_missing"))[0]["unit"] == "kontrolovana"
    assert "Fronta práce local" in eventually(lambda: people.hook.about("worker_gone"))[0]["text"]
    assert eventually(lambda: people.mail.about("worker local neběží"))


def test_a_worker_that_came_back_and_went_again_soon_is_told(people: People) -> None:
    pool = Resource({"prefect.resource.id": f"prefect.work-pool.{uuid4()}", "prefect.resource.name": "kolisavy"})
    for state in ("not-ready", "ready", "not-ready"):
        send([Event(event=f"prefect.work-pool.{state}", resource=pool)])
    assert eventually(lambda: [told for told in people.hook.about("worker_gone") if "kolisavy" in told["text"]])


def test_the_server_cannot_load_a_kind_of_block_of_ours_so_its_own_kinds_carry_the_messages(
    people: People,
) -> None:
    with get_client(sync_client=True) as client:
        ours = client.read_block_document_by_name("notification", "notification", include_secrets=False)
        trigger = EventTrigger(expect={"tests.ours"}, posture=Posture.Reactive, threshold=1)
        action = SendNotification(block_document_id=ours.id, subject="x", body="x")
        made = client.create_automation(AutomationCore(name="ours", trigger=trigger, actions=[action]))
        try:
            send([Event(event="tests.ours", resource=Resource({"prefect.resource.id": "tests.ours"}))])
            (refused,) = eventually(lambda: of_failures(client, f"prefect.automation.{made}"))
            assert "block was invalid" in refused.payload["reason"]
        finally:
            client.delete_automation(made)


def test_payments_that_wait_and_a_token_that_ends_are_told_once_however_often_runs_go(
    people: People, open_firm: Open
) -> None:
    firm = open_firm()
    account = firm.opened_account("fio")
    block: Any = FioAccount.load(account)
    today = prague_day(dt.datetime.now(dt.UTC))
    for left, dry_run in ((13, True), (13, False), (13, False), (6, False)):
        block.token_valid_until = today + left * ONE_DAY
        block.save(account, overwrite=True)
        completed(firm.run("fio", dry_run=dry_run))
    (waiting,) = told_of(people, firm, "payment_waits")
    assert "žádný doklad neodpovídá" in waiting["text"]
    assert waiting["source"].startswith("fio:CZ")
    told = told_of(people, firm, "expires")
    assert ["zbývá dnů: 13" in told[0]["text"], "zbývá dnů: 6" in told[1]["text"], len(told)] == [True, True, 2]
    private = {money.name for money in firm.world.money if len(money.name) > 5}
    private |= {money.message for money in firm.world.money if len(money.message) > 12}
    said = str(people.hook.taken) + "".join(str(mail.get_content()) for _, mail in people.mail.taken)
    assert [text for text in sorted(private) if text in said] == []


def test_a_source_whose_data_are_late_is_told_by_the_check_once(people: People, open_firm: Open) -> None:
    firm = open_firm()
    account = firm.opened_account("gopay")
    today = prague_day(dt.datetime.now(dt.UTC))
    last = today - 9 * ONE_DAY
    completed(firm.run("gopay", first_day=last - 3 * ONE_DAY, last_day=last))
    for _ in range(2):
        failed(check(unit=firm.unit, accounts=[f"gopay/{account}"], return_state=True))
    (told,) = told_of(people, firm, "source_late")
    assert f"úplná do {last:%d.%m.%Y}" in told["text"]
    assert told_of(people, firm, "run_failed") == []


def test_no_password_and_no_address_of_a_webhook_is_in_any_log(people: People) -> None:
    files = people.server_log.parent.glob("*.log")
    logs = "".join(file.read_text(encoding="utf-8", errors="replace") for file in files)
    assert len(people.hook.taken) > 0
    for secret in (PASSWORD, "tajna-adresa", "T0KEN", "wrong-password"):
        assert secret not in logs
        assert quote(secret, safe="") not in logs


@pytest.mark.parametrize("form", ["text", "teams"])
def test_what_stands_in_a_message_stays_a_value_in_the_body_of_a_webhook(people: People, form: str) -> None:
    notification(people.mail, people.hook, webhook_format=form, recipients=[]).save("other", overwrite=True)
    hostile = 'a "b" \\ <!channel> {{ event.id }} & \u2028'
    before = len(people.hook.taken)
    try:
        ensure_automations("other")
        send([event_of(Notice("attention", "info", hostile, hostile), "x", "", "")])
        body = eventually(lambda: people.hook.taken[before:])[0]
    finally:
        ensure_automations()
    if form == "text":
        assert list(body) == ["text"]
        assert "&lt;!channel&gt; {{ event.id }} &amp;" in body["text"]
    else:
        card = body["attachments"][0]["content"]
        assert [block["text"] for block in card["body"]] == [hostile, hostile]


def test_a_way_no_longer_used_takes_its_password_with_it(people: People) -> None:
    with get_client(sync_client=True) as client:

        def kept() -> set[str]:
            saved = client.read_block_documents(include_secrets=False)
            return {str(one.block_type and one.block_type.slug) for one in saved if one.name == SAVED_AS}

        notification(people.mail, people.hook, recipients=[]).save("other", overwrite=True)
        ensure_automations("other")
        assert kept() == {"webhook"}
        ensure_automations()
        assert kept() == {"webhook", "slack-webhook"}
