"""Which deployments an installation gets from prefect.yaml."""

from collections import Counter
from pathlib import Path
from typing import Any

import yaml

from tasks.installing.deployments import deployments, full_name

PROJECT = Path(__file__).resolve().parents[2]
ENTRIES: list[dict[str, Any]] = yaml.safe_load((PROJECT / "prefect.yaml").read_text(encoding="utf-8"))[
    "deployments"
]
ACCOUNTS = {"fio/fio": "pohoda", "fio/fio-eur": "pohoda", "gopay/brana": "druha"}


def made(**changed: Any) -> dict[str, dict[str, Any]]:
    given: dict[str, Any] = {
        "accounts": ACCOUNTS,
        "units": ["pohoda", "druha"],
        "pool": "local",
        "project": PROJECT,
    }
    content = deployments(ENTRIES, **{**given, **changed})
    return {full_name(one): one for one in content["deployments"]}


def test_each_account_has_its_own_and_providers_not_in_use_have_none() -> None:
    accounts = {name: one["parameters"] for name, one in made().items() if "account" in one["parameters"]}
    assert accounts == {
        "fio/fio": {"account": "fio", "unit": "pohoda"},
        "fio/fio-eur": {"account": "fio-eur", "unit": "pohoda"},
        "gopay/brana": {"account": "brana", "unit": "druha"},
    }


def test_everything_else_is_there_once_for_each_unit() -> None:
    assert {name for name in made() if name.startswith("check/")} == {"check/check", "check/check-druha"}
    assert made()["check/check-druha"]["parameters"] == {"unit": "druha"}


def test_on_a_server_that_serves_others_too_every_name_tells_its_unit() -> None:
    assert {name for name in made(alone=False) if name.startswith("check/")} == {
        "check/check-pohoda",
        "check/check-druha",
    }


def test_runs_that_write_wait_until_somebody_switches_them_on() -> None:
    by_account = [one for one in made().values() if "account" in one["parameters"]]
    assert [schedule["active"] for one in by_account for schedule in one["schedules"]] == [False] * 3
    assert all(schedule.get("active", True) for schedule in made()["check/check"]["schedules"])


def test_accounts_of_one_provider_do_not_start_in_the_same_minute() -> None:
    crons = [made()[name]["schedules"][0]["cron"].split()[0] for name in ("fio/fio", "fio/fio-eur")]
    assert crons == ["20", "21"]


def test_clients_of_one_server_do_not_all_start_in_the_same_minute_but_in_the_same_hours() -> None:
    clients = [made(alone=False, pool=f"klient-{number}") for number in range(200)]
    crons = [one["fio/fio"]["schedules"][0]["cron"].split(" ", 1) for one in clients]
    assert {rest for _, rest in crons} == {"6-20 * * *"}
    starts = Counter(minute for minute, _ in crons)
    assert len(starts) > 50
    assert max(starts.values()) < 12
    assert made(alone=False, pool="klient-1") == clients[1]


def test_schedules_of_deployments_that_are_there_already_are_left_as_people_set_them() -> None:
    again = made(standing={"fio/fio"})
    assert "schedules" not in again["fio/fio"]
    assert "schedules" in again["fio/fio-eur"]


def test_entries_of_prefect_yaml_are_not_changed_by_it() -> None:
    before = yaml.safe_dump(ENTRIES)
    made()
    assert yaml.safe_dump(ENTRIES) == before
