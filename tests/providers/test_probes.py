"""Every provider's settings can be tried: a right account answers, a wrong one says what to do."""

from __future__ import annotations

import datetime as dt
import importlib
from pathlib import Path
from typing import Any

import pytest
from prefect.blocks.core import Block
from pydantic import SecretStr

from blocks.csob import CsobAccount
from flows.providers import PROVIDERS
from sandbox.ceska_sporitelna import IBAN, Account, Clock, bank, block_of
from sandbox.serving import served
from sandbox.world import World
from tasks.errors import PohodaPaymentsError, SettingError, Unavailable
from tasks.provider import Note, Probed
from tasks.providers.ceska_sporitelna import CeskaSporitelna
from tasks.providers.csob import Csob
from tests.providers.memories import Remembered

TODAY = dt.date(2026, 3, 4)
NOBODY = World(seed=1, today=TODAY, papers=(), money=())
BY_FILE = {name.replace("-", "_"): made for name, (_, made) in PROVIDERS.items() if name != "ceska-sporitelna"}
"""Česká spořitelna is asked by a clock that its own test below sets."""
SECRETS = {"fio": "token", "comgate": "secret", "gopay": "client_secret", "byznysweb": "token"}


def probed(name: str, block: Block) -> list[Note]:
    provider = BY_FILE[name](block, Remembered())
    assert isinstance(provider, Probed)
    return provider.probe()


@pytest.mark.parametrize("name", BY_FILE)
def test_a_right_account_answers_and_an_address_where_nobody_is_does_not(name: str, tmp_path: Path) -> None:
    with importlib.import_module(f"sandbox.{name}").stand(NOBODY, tmp_path) as stand:
        notes = probed(name, stand.block)
    assert notes
    assert all(note.text.endswith(".") for note in notes)
    with pytest.raises(Unavailable):
        probed(name, stand.block)


@pytest.mark.parametrize(("name", "field"), SECRETS.items())
def test_a_wrong_secret_is_told_and_not_shown(name: str, field: str, tmp_path: Path) -> None:
    with importlib.import_module(f"sandbox.{name}").stand(NOBODY, tmp_path) as stand:
        wrong = "Wrong" + "1" * (len(getattr(stand.block, field).get_secret_value()) - 5)
        block = stand.block.model_copy(update={field: SecretStr(wrong)})
        with pytest.raises(PohodaPaymentsError) as raised:
            probed(name, block)
    assert isinstance(raised.value, SettingError)
    assert wrong not in str(raised.value)


def test_ceska_sporitelna_is_asked_for_the_accounts_of_the_consent() -> None:
    now = Clock(dt.datetime(2025, 11, 6, 12, tzinfo=dt.UTC))
    server = bank(now, Account(IBAN))
    with served(server.app()) as address:
        block = block_of(address, server)
        assert [note.code for note in CeskaSporitelna(block, Remembered(), now).probe()] == ["reachable"]
        other = block.model_copy(update={"currency": "EUR"})
        with pytest.raises(SettingError, match="consent does not cover"):
            CeskaSporitelna(other, Remembered(), now).probe()


def test_a_folder_of_advices_is_counted_and_nothing_in_it_moves(tmp_path: Path) -> None:
    (tmp_path / "archive").mkdir()
    (tmp_path / "advice.bbf").write_bytes(b"advice")
    account = CsobAccount(contract=1, way="folder", folder=str(tmp_path), archive=str(tmp_path / "archive"))
    assert "1" in Csob(account, Remembered()).probe()[0].text
    assert sorted(path.name for path in tmp_path.iterdir()) == ["advice.bbf", "archive"]
    with pytest.raises(SettingError):
        Csob(account.model_copy(update={"folder": str(tmp_path / "nowhere")}), Remembered()).probe()


def test_a_gateway_that_answers_its_own_test_with_an_error_is_not_there(tmp_path: Path) -> None:
    stand = importlib.import_module("sandbox.gp_webpay").stand

    async def broken(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 500, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    with stand(NOBODY, tmp_path) as opened, served(broken) as address:
        block = opened.block.model_copy(update={"address": address})
        with pytest.raises(Unavailable):
            probed("gp_webpay", block)
