"""A run fails where the other side repeats what it was told in confidence: nothing shows it, no file keeps it."""

from __future__ import annotations

import importlib
import logging
import ssl
import tempfile
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast
from xml.sax.saxutils import escape

import pytest
import trustme
from prefect.client.orchestration import get_client
from prefect.client.schemas.objects import State
from prefect.settings import get_current_settings
from pydantic import SecretStr

from blocks.gp_webpay import GpWebpayMerchant
from blocks.pohoda import Database
from flows import telling
from sandbox.faults import Fault, Faults
from tasks.secrets import MASK
from tests.flows.conftest import Firm
from tests.flows.test_marking import failed, told_to_prefect
from tests.planted import found_in, spellings
from tests.pohoda.tds import Server, listening
from tests.pohoda.test_connection import installed

pytestmark = pytest.mark.no_cover

Open = Callable[..., Firm]
TALKING = ("", "httpx", "httpcore", "zeep", "sqlalchemy", "alembic", "prefect.flow_runs", "prefect.task_runs")
PASSWORD = "Dat4baze&<heslo>+do-poh0dy/12345"


@pytest.fixture
def records(monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture) -> list[str]:
    """What every logger of this process hands to its handlers, at its most talkative, with tracebacks."""
    seen: list[str] = []
    call, form = logging.Logger.callHandlers, logging.Formatter("%(name)s %(message)s")

    def kept(self: logging.Logger, record: logging.LogRecord) -> None:
        seen.append(form.format(record))
        call(self, record)

    importlib.import_module("tasks.http")  # which quiets httpx when it is first imported
    for name in TALKING:
        caplog.set_level(logging.DEBUG, name)
    monkeypatch.setattr(logging.Logger, "callHandlers", kept)
    return seen


@pytest.fixture
def errors(monkeypatch: pytest.MonkeyPatch) -> list[BaseException]:
    """What was raised in the run and caught at its very end, to be told as its state."""
    seen: list[BaseException] = []

    def told(story: Callable[[], State[Any]]) -> State[Any]:
        def kept() -> State[Any]:
            try:
                return story()
            except BaseException as error:
                seen.append(error)
                raise

        return telling.told(kept)

    monkeypatch.setattr("flows.marking.told", told)
    return seen


@pytest.fixture
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder for temporary files, of this run alone."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


def wanted(secrets: list[SecretStr]) -> set[str]:
    """Every spelling of the secrets and, of those with several lines, of each line that tells something."""
    values = {secret.get_secret_value() for secret in secrets}
    lines = {line for value in values for line in value.splitlines() if len(line) > 40 and "-----" not in line}
    return {spelling for value in values | lines if len(value) > 3 for spelling in spellings(value)}


def blocks_shown(firm: Firm, provider: str) -> str:
    """The run's block documents as Prefect's API shows them to whoever does not ask for secrets."""
    names = (firm.unit, firm.block_name(provider))
    with get_client(sync_client=True) as client:
        found = [one for one in client.read_block_documents(include_secrets=False) if one.name in names]
    assert len(found) == 2
    return "\n".join(one.model_dump_json() for one in found)


def refusal(secrets: list[SecretStr]) -> Fault:
    """An answer that refuses and repeats every spelling of the secrets, as XML and as text."""
    told = "\n".join(sorted(wanted(secrets)))
    body = f"<Fault><faultstring>{escape(told)}</faultstring></Fault>{told}".encode(errors="replace")
    return Fault(status=401, body=body, content_type="text/xml; charset=utf-8")


@dataclass
class Watched:
    """A firm, and everything that a run of it says and keeps."""

    firm: Firm
    records: list[str]
    errors: list[BaseException]
    temporary: Path

    def leaks_of(self, provider: str, also: Sequence[SecretStr] = ()) -> dict[str, list[str]]:
        """Where a secret of the blocks is found after a run of the provider, which must fail, and which."""
        self.firm.opened_account(provider)
        before = set(self.firm.folder.rglob("*"))
        state = self.firm.run(provider)
        failed(state)
        made = [file for file in self.firm.folder.rglob("*") if file.is_file() and file not in before]
        storage = get_current_settings().results.local_storage_path
        kept = [*made, *self.temporary.rglob("*"), *storage.rglob("*")]
        places = {
            "log": "\n".join(self.records),
            "state": state.model_dump_json(),
            "errors": "\n".join(repr(one) + "".join(traceback.format_exception(one)) for one in self.errors),
            "prefect": told_to_prefect(),
            "blocks": blocks_shown(self.firm, provider),
            "files": "\n".join(file.read_bytes().decode(errors="replace") for file in kept if file.is_file()),
        }
        assert "ledger.db" in {file.name for file in made}
        assert {place for place, text in places.items() if len(text) < 300} <= {"errors"}
        hidden = wanted([*self.firm.secrets, *also])
        assert len(hidden) > 10
        return {place: found for place, text in places.items() if (found := found_in(text, hidden))}


@pytest.fixture
def watched(
    open_firm: Open, records: list[str], errors: list[BaseException], temporary: Path
) -> Callable[..., Watched]:
    """A firm with the unit's block changed so, watched from now on."""
    return lambda **unit: Watched(open_firm(**unit), records, errors, temporary)


def planted(firm: Firm, provider: str) -> str:
    """The provider's block, its key as a text in the block where it came from a file, known to be secret."""
    name = firm.opened_account(provider)
    if provider == "gp-webpay":
        block = cast("GpWebpayMerchant", GpWebpayMerchant.load(name))
        key = SecretStr(Path(block.private_key_file).read_text(encoding="ascii"))
        block.model_copy(update={"private_key": key, "private_key_file": ""}).save(name, overwrite=True)
        firm.secrets.append(key)
    return name


@pytest.mark.parametrize("provider", ["fio", "gp-webpay", "csob"])
def test_a_provider_that_refuses_and_repeats_the_credentials(
    watched: Callable[..., Watched], provider: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen = watched()
    planted(seen.firm, provider)
    given = [refusal(seen.firm.secrets)]
    monkeypatch.setattr(Faults, "next", lambda _: given.append(given[0]) or given[0])
    assert seen.leaks_of(provider) == {}
    assert len(given) > 1


def test_mserver_that_refuses_and_repeats_its_password(watched: Callable[..., Watched]) -> None:
    seen = watched()
    seen.firm.mserver.faults.always = refusal(seen.firm.secrets)
    assert seen.leaks_of("fio") == {}
    assert "mServer does not accept the user or the password" in "\n".join(seen.records)


def test_a_database_that_refuses_the_login_and_repeats_the_password(watched: Callable[..., Watched]) -> None:
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    trustme.CA().issue_cert("127.0.0.1").configure_cert(tls)
    tls.maximum_version = ssl.TLSVersion.TLSv1_2
    said = f"Login failed for user 'cteni' with PWD={{{PASSWORD}}}."
    with listening(Server(tls=tls, refuses=[(18456, said)])) as server:
        database = Database(
            server=f"127.0.0.1,{server.port}",
            name="StwPh_12345678_2026",
            driver=installed("FreeTDS"),
            login="cteni",
            password=SecretStr(PASSWORD),
            trust_certificate=True,
        )
        seen = watched(database=database)
        assert seen.leaks_of("fio", [SecretStr(PASSWORD)]) == {}
    assert f"PWD={{{MASK}}}" in "\n".join(seen.records)
