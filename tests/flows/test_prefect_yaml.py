"""What prefect.yaml deploys exists, takes the parameters it is given, and runs when it should."""

import importlib
import inspect
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from prefect import Flow

PROJECT = Path(__file__).resolve().parents[2]
DEPLOYMENTS: list[dict[str, Any]] = yaml.safe_load((PROJECT / "prefect.yaml").read_text(encoding="utf-8"))[
    "deployments"
]


def flow_of(deployment: dict[str, Any]) -> Flow[..., Any]:
    path, name = deployment["entrypoint"].split(":")
    return getattr(importlib.import_module(path.removesuffix(".py").replace("/", ".")), name)


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda deployment: deployment["name"])
def test_a_deployment_starts_a_flow_that_exists_with_parameters_it_knows(deployment: dict[str, Any]) -> None:
    flow = flow_of(deployment)
    known = inspect.signature(flow.fn).parameters
    assert set(deployment["parameters"]) <= set(known)
    assert flow.name == deployment["name"]


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda deployment: deployment["name"])
def test_the_form_of_a_run_explains_every_parameter(deployment: dict[str, Any]) -> None:
    schema = flow_of(deployment).parameters.model_dump()["properties"]
    assert {name for name, field in schema.items() if not field.get("description")} == set()


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda deployment: deployment["name"])
def test_the_form_of_a_run_shows_titles_and_not_the_names_of_parameters(deployment: dict[str, Any]) -> None:
    schema = flow_of(deployment).parameters.model_dump()["properties"]
    assert [name for name, field in schema.items() if field["title"] == name] == []


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda deployment: deployment["name"])
def test_the_form_of_a_run_asks_for_a_day_with_a_date_field_alone(deployment: dict[str, Any]) -> None:
    schema = flow_of(deployment).parameters.model_dump()["properties"]
    days = [field for name, field in schema.items() if name.endswith("day")]
    assert all((field["type"], field["format"]) == ("string", "date") for field in days)


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda deployment: deployment["name"])
def test_a_form_whose_days_may_stay_empty_is_not_refused_by_prefects_server(deployment: dict[str, Any]) -> None:
    schema = flow_of(deployment).parameters.model_dump()["properties"]
    nothing = [field for field in schema.values() if "type" in field and field.get("default", "") is None]
    assert deployment.get("enforce_parameter_schema", True) == (not nothing)


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda deployment: deployment["name"])
def test_runs_of_one_deployment_wait_for_each_other_and_none_is_dropped(deployment: dict[str, Any]) -> None:
    assert deployment["concurrency_limit"] == {"limit": 1, "collision_strategy": "ENQUEUE"}


@pytest.mark.parametrize("deployment", DEPLOYMENTS, ids=lambda deployment: deployment["name"])
def test_schedules_go_by_the_clock_in_prague_and_never_meet_its_changes(deployment: dict[str, Any]) -> None:
    for schedule in deployment.get("schedules", []):
        assert schedule["timezone"] == "Europe/Prague"
        hours = [int(hour) for hour in re.findall(r"\d+", schedule["cron"].split()[1].split("/")[0])]
        assert min(hours) > 3


def test_names_are_unique_and_described() -> None:
    names = [deployment["name"] for deployment in DEPLOYMENTS]
    assert len(names) == len(set(names))
    assert all(deployment["description"].endswith(".") for deployment in DEPLOYMENTS)


def test_no_two_deployments_start_in_the_same_minute() -> None:
    minutes = [schedule["cron"].split()[0] for d in DEPLOYMENTS for schedule in d.get("schedules", [])]
    assert len(minutes) == len(set(minutes))
