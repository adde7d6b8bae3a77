"""Whatever the other side answers, a provider says what is wrong in words of this house, and shows no secret.

Every provider of the house is taken, every attack is tried on every one of its first requests, on the wire.
"""

from __future__ import annotations

import datetime as dt
import importlib
import json
import logging
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

import pandas as pd
import pytest

from blocks.gp_webpay import GpWebpayMerchant
from flows.check import PROVIDERS
from sandbox import faults
from sandbox.faults import RIGHT, Fault
from sandbox.firm import firm
from sandbox.pohoda import SandboxPohoda
from tasks.days import Days, prague_day
from tasks.errors import PohodaPaymentsError
from tasks.pohoda.years import read_years
from tasks.provider import ByDocuments, ByPeriod, Delivery
from tasks.providers.gp_webpay.keys import private_key_of
from tasks.secrets import secrets_of
from tests.attacks import ATTACKS, ENVELOPE, FORGED, HOSTILE
from tests.planted import found_in, spellings
from tests.providers.memories import Remembered

NOW = dt.datetime.now(dt.UTC)
TODAY = prague_day(NOW)
FIRST_REQUESTS = 2
"""Right answers before the attack begins: none, so that a log-in is attacked, and one, so that the data are."""
END = b"</s:Body></s:Envelope>"


class Switch:
    """Turns every sandbox server of this process hostile, from a certain request on."""

    def __init__(self) -> None:
        self.attack, self.right_ones = RIGHT, 0

    def next(self) -> Fault:
        self.right_ones -= 1
        return self.attack if self.right_ones < 0 else RIGHT


@pytest.fixture
def switch(monkeypatch: pytest.MonkeyPatch) -> Switch:
    made = Switch()
    monkeypatch.setattr(faults.Faults, "next", lambda self: made.next())  # pyright: ignore[reportUnknownLambdaType]
    # So many attacks are more calls than ČSOB allows, and what is tried here is not its patience.
    monkeypatch.setattr("sandbox.csob.MOST_CALLS", 10_000)
    # A key is checked when it is loaded, which takes longer than all else, and no answer has a part in it.
    monkeypatch.setattr("tasks.providers.gp_webpay.gateway.private_key_of", loaded_once)
    return made


LOADED: dict[str, Any] = {}


def loaded_once(merchant: GpWebpayMerchant) -> Any:
    key = merchant.private_key.get_secret_value() if merchant.private_key else ""
    if key not in LOADED:
        LOADED[key] = private_key_of(merchant)
    return LOADED[key]


@dataclass(frozen=True)
class Entrance:
    """One provider with its server, and documents to ask about."""

    name: str
    block: Any
    documents: pd.DataFrame

    def everything(self) -> list[Delivery]:
        """All that the provider makes of a few days and a few documents."""
        provider: Any = PROVIDERS[self.name][1](self.block, Remembered())
        found: list[Delivery] = []
        if isinstance(provider, ByPeriod):
            for days in provider.split(Days(TODAY - dt.timedelta(days=2), TODAY))[:1]:
                found += [provider.normalize(raw) for raw in provider.extract(days)]
        if isinstance(provider, ByDocuments):
            questions, _ = provider.questions(self.documents)
            found += [provider.read(raw, NOW) for raw in provider.ask(questions.head(3))]
        return found


@pytest.fixture(scope="module", params=PROVIDERS)
def entrance(request: pytest.FixtureRequest, tmp_path_factory: Any) -> Generator[Entrance]:
    folder: Path = tmp_path_factory.mktemp(request.param)
    world = firm(seed=1, today=TODAY)
    pohoda = SandboxPohoda.build(world, folder)
    documents = read_years(pohoda.unit("http://127.0.0.1:9", ""), TODAY)
    module = importlib.import_module(f"sandbox.{request.param.replace('-', '_')}")
    with ExitStack() as open_things:
        stand = open_things.enter_context(module.stand(world, folder))
        quick = {"pause_seconds": 0.0, "seconds_between_calls": 0.0}
        block = stand.block.model_copy(
            update={k: v for k, v in quick.items() if k in type(stand.block).model_fields}
        )
        yield Entrance(request.param, block, documents)


@contextmanager
def attacked(switch: Switch, attack: Fault, after: int) -> Generator[None]:
    switch.attack, switch.right_ones = attack, after
    try:
        yield
    finally:
        switch.attack = RIGHT


def told(entrance: Entrance) -> str:
    """All that leaves the machine of what became of it: the error, or the faults and notes of the deliveries."""
    try:
        found = entrance.everything()
    except PohodaPaymentsError as error:
        chained = (error.__cause__, None if error.__suppress_context__ else error.__context__)
        return f"{error} {error!r} {[repr(one) for one in chained if one]}"
    shown = [(fault.record, fault.cause) for one in found for fault in one.faults]
    return str(shown + [(note.code, note.text) for one in found for note in one.notes])


def hidden_in(entrance: Entrance) -> set[str]:
    """Every spelling of every secret of the block."""
    secrets = {one.get_secret_value() for one in secrets_of(entrance.block)}
    return {spelling for secret in secrets if len(secret) > 3 for spelling in spellings(secret)}


@pytest.mark.usefixtures("switch")
def test_a_right_answer_is_understood_so_that_attacks_are_tried_where_it_matters(entrance: Entrance) -> None:
    found = entrance.everything()
    assert sum(len(one.payments) + len(one.answers) for one in found) > 0
    assert HOSTILE not in str(found)


@pytest.mark.parametrize("attack", ATTACKS)
def test_an_attack_ends_in_words_of_this_house_without_secrets(
    entrance: Entrance, switch: Switch, attack: str
) -> None:
    hidden = hidden_in(entrance)
    for after in range(FIRST_REQUESTS):
        with attacked(switch, ATTACKS[attack], after):
            said = told(entrance)
        assert found_in(said, hidden) == []
        assert FORGED not in said


def repeated(secrets: list[str]) -> dict[str, Fault]:
    """Refusals by a server that tells what it was told: as text, in JSON, in XML, in a page, in a header."""
    plain = " | ".join(secrets)
    said = json.dumps(
        {"error": plain, "error_description": plain, "message": plain, "errors": [{"message": plain}]}
    )
    fault = f"<Fault><faultcode>x</faultcode><faultstring>{escape(plain)}</faultstring></Fault>"
    line = quote(plain)[:4000]
    return {
        "text": Fault(status=401, body=plain.encode(errors="replace")),
        "JSON": Fault(status=400, body=said.encode(errors="replace"), content_type="application/json"),
        "JSON that is well": Fault(
            status=200, body=said.encode(errors="replace"), content_type="application/json"
        ),
        "SOAP": Fault(status=500, body=ENVELOPE + fault.encode(errors="replace") + END, content_type="text/xml"),
        "page": Fault(status=403, body=f"<html>{escape(plain)}</html>".encode(errors="replace")),
        "elsewhere": Fault(status=302, headers=(("location", f"https://evil.example/{line}?t={line}"),)),
        "header": Fault(status=401, headers=(("www-authenticate", f"Basic realm={line}"), ("retry-after", line))),
    }


@pytest.mark.parametrize("way", repeated([]))
def test_an_answer_that_repeats_the_secrets_shows_none_of_them_in_an_error_or_a_log(
    entrance: Entrance, switch: Switch, way: str, caplog: pytest.LogCaptureFixture
) -> None:
    hidden = hidden_in(entrance)
    secrets = [one.get_secret_value() for one in secrets_of(entrance.block)]
    caplog.set_level(logging.DEBUG)
    for name in ("httpx", "httpcore"):
        caplog.set_level(logging.getLogger(name).level, name)
    for after in range(FIRST_REQUESTS):
        with attacked(switch, repeated(secrets)[way], after):
            said = told(entrance)
        assert found_in(said, hidden) == []
    assert found_in(caplog.text, hidden) == []
