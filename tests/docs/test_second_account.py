"""The technician's example of a second account and a second unit, deployed from the guide's own text."""

from __future__ import annotations

import dataclasses
import datetime as dt
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect.blocks.core import Block
from prefect.client.orchestration import get_client
from prefect.client.schemas.responses import DeploymentResponse
from prefect.settings import get_current_settings
from pydantic import SecretStr

from blocks.fio import FioAccount
from flows import on_server
from flows.fio import fio
from sandbox.fio import TOKEN, FioServer, opened
from sandbox.fio_statement import Account, row
from sandbox.firm import firm, truth
from sandbox.mserver import open_mserver
from sandbox.pohoda import SandboxPohoda
from sandbox.world import Money, Paper
from tasks.days import prague_day
from tasks.installing.answers import Standing, read_answers
from tasks.installing.deployments import deployments
from tasks.installing.home import Installation
from tasks.installing.versions import here
from tests.docs import guides

POOL = "guide"
SECTION = guides.section(guides.text(guides.DOCS / "technik.md"), "### Druhý účet a druhá jednotka")


def example(page: str, language: str) -> str:
    found = re.search(rf"^```{language}\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


def told(folder: Path, text: str, standing: Standing) -> tuple[Installation, dict[str, Block]]:
    """The installation and the blocks that a file with this text makes, added to what stands."""
    file = folder / "odpovedi.toml"
    file.write_text(text, encoding="utf-8")
    answers = read_answers(file, dict.fromkeys(re.findall(r'env = "(\w+)"', text), "x" * 64), standing)
    installation = Installation(
        pool=POOL,
        environment={},
        local_server=True,
        services="none",
        units=[*standing.units, *answers.units],
        accounts={
            **standing.accounts,
            **{
                f"{provider}/{name}": answers.unit_of(provider, name, standing)
                for provider, accounts in answers.accounts.items()
                for name in accounts
            },
        },
        current=here(guides.PROJECT),
    )
    return installation, dict(on_server.blocks_of(answers, folder))


@pytest.fixture
def server(prefect: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The shared server, known to commands too; the deployments made meanwhile are taken away again."""
    monkeypatch.setenv("PREFECT_API_URL", str(get_current_settings().api.url))
    before = on_server.standing_deployments()
    on_server.make_pool(POOL)
    yield
    with get_client(sync_client=True) as client:
        for name in on_server.standing_deployments() - before:
            client.delete_deployment(client.read_deployment_by_name(name).id)


def deployed(name: str) -> DeploymentResponse:
    with get_client(sync_client=True) as client:
        return client.read_deployment_by_name(name)


def as_it_runs(name: str) -> dict[str, Any]:
    found = deployed(name)
    limit = found.global_concurrency_limit
    assert found.concurrency_options
    assert limit
    return {
        "parameters": found.parameters,
        "tags": found.tags,
        "schedules": [schedule.schedule.model_dump(include={"cron", "timezone"}) for schedule in found.schedules],
        "runs at once": (limit.limit, found.concurrency_options.collision_strategy),
    }


def hourly(cron: str) -> list[dict[str, str]]:
    return [{"cron": cron, "timezone": "Europe/Prague"}]


def is_due(paper: Paper) -> bool:
    return (paper.agenda, paper.currency, paper.cancelled) == ("issued_invoice", "EUR", False)


def paid(paper: Paper, number: int, today: dt.date) -> Money:
    """A transfer that pays the document in full, the day before today."""
    return Money(
        channel="fio",
        number=number,
        paid_on=today - dt.timedelta(days=1),
        amount=paper.total,
        currency=paper.currency,
        variable_symbol=paper.variable_symbol,
        meant_for=((paper.agenda, paper.id),),
    )


EUR = {
    "parameters": {"account": "fio-eur", "unit": "pohoda"},
    "tags": ["banka"],
    "schedules": hourly("21 6-20 * * *"),
    "runs at once": (1, "ENQUEUE"),
}


def test_the_file_of_the_guide_deploys_both_beside_what_stands_and_the_second_account_marks_right(
    server: None, tmp_path: Path
) -> None:
    first = example(guides.text(guides.DOCS / "instalace.md"), "toml")
    standing, blocks = told(tmp_path, first, Standing())
    installation, added = told(tmp_path, example(SECTION, "toml"), Standing(standing.units, standing.accounts))
    names = on_server.deploy(installation, tmp_path)
    assert {"fio/fio", "fio/fio-eur", "gopay/gopay-druha"} < set(names)
    assert set(re.findall(r"`([a-z-]+-druha-firma)`", SECTION)) <= {name.partition("/")[2] for name in names}
    assert as_it_runs("fio/fio-eur") == EUR
    assert as_it_runs("gopay/gopay-druha") == {
        "parameters": {"account": "gopay-druha", "unit": "druha-firma"},
        "tags": ["brána"],
        "schedules": hourly("40 6-20/2 * * *"),
        "runs at once": (1, "ENQUEUE"),
    }
    assert as_it_runs("check/check-druha-firma")["parameters"] == {"unit": "druha-firma"}
    assert not deployed("fio/fio-eur").schedules[0].active

    world = firm(today=prague_day(dt.datetime.now(dt.UTC)))
    euros = tuple(paid(paper, number, world.today) for number, paper in enumerate(world.papers) if is_due(paper))
    pohoda = SandboxPohoda.build(world, tmp_path)
    before = pohoda.marks()
    account = added["fio-eur"]
    assert isinstance(account, FioAccount)
    bank = FioServer(interval=0.0)
    bank.open(Account(iban=account.iban, currency=account.currency, rows=[row(money) for money in euros]))
    with open_mserver(pohoda, accepts_updates=True) as mserver, opened(bank) as there:
        reached = pohoda.unit(mserver.address, f"sqlite:///{(tmp_path / 'ledger.db').as_posix()}")
        kept = ("database", "mserver", "ledger")
        blocks["pohoda"].model_copy(update={name: getattr(reached, name) for name in kept}).save(
            "pohoda", overwrite=True
        )
        account.model_copy(
            update={"address": there.address, "token": SecretStr(TOKEN), "seconds_between_calls": 0.0}
        ).save("fio-eur", overwrite=True)
        state = fio(**deployed("fio/fio-eur").parameters, return_state=True)
    assert state.is_completed(), state.message
    right = truth(dataclasses.replace(world, money=euros), ["fio"])
    assert right
    assert pohoda.marks() == {**before, **right}


def test_the_entry_of_the_guide_for_prefect_yaml_is_the_deployment_that_set_up_makes() -> None:
    own = (guides.PROJECT / "prefect.yaml").read_text(encoding="utf-8")
    *entries, entry = yaml.safe_load(own + example(SECTION, "yaml"))["deployments"]
    accounts = {"fio/fio": "pohoda", "fio/fio-eur": "pohoda"}
    made = deployments(entries, accounts, ["pohoda"], pool="local", project=guides.PROJECT)["deployments"]
    (expected,) = [one for one in made if one["name"] == "fio-eur"]
    for schedule in expected["schedules"]:
        # Who deploys by hand means it; set-up waits for `start`.
        del schedule["active"]
    its_own = ("description", "work_pool")
    assert {key: entry[key] for key in entry if key not in its_own} == {
        key: expected[key] for key in expected if key not in its_own
    }
    assert entry["work_pool"] == {"name": "local"}
