"""Which deployments an installation has: those of prefect.yaml, for the accounts and units in use. Pure."""

from __future__ import annotations

import copy
import re
import zlib
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

STEP_MINUTES = 1
"""How much later the next account of the same provider starts, so that they do not all wait for one lease."""
MINUTES = 60
Entry = dict[str, Any]


def deployments(
    entries: Sequence[Entry],
    accounts: Mapping[str, str],
    units: Sequence[str],
    *,
    pool: str,
    project: Path,
    alone: bool = True,
    standing: Collection[str] = (),
) -> dict[str, Any]:
    """The content of a file for `prefect deploy`, made from the entries of prefect.yaml.

    `accounts` tells for each "provider/block" its unit. An entry of a provider that is not in use is left out,
    one with several accounts is there once for each, and all others of a unit once per unit. Where the
    installation is `alone` on its Prefect server, those of the first unit keep the plain names; else each pool
    has minutes of its own within the same hours, so that the clients of one server do not all begin at the same
    moment. New ones of providers begin with their schedules off, since their runs write to Pohoda. `standing`
    are the full names ("flow/deployment") of those that Prefect has already: their schedules are left as people
    set them.
    """
    plain = units[0] if alone else None
    made = [one for entry in entries for one in _of_entry(entry, accounts, units, plain)]
    minutes = 0 if alone else zlib.crc32(pool.encode()) % MINUTES
    for one in made:
        _later(one, minutes)
        one["work_pool"] = {"name": pool, "job_variables": {"stream_output": False}}
        if full_name(one) in standing:
            one.pop("schedules", None)
    where = {"prefect.deployments.steps.set_working_directory": {"directory": str(project)}}
    return {"name": "pohoda-payments", "pull": [where], "deployments": made}


def full_name(entry: Entry) -> str:
    """The name that Prefect gives a deployment: its flow's and its own."""
    return f"{flow_name(entry)}/{entry['name']}"


def flow_name(entry: Entry) -> str:
    """The name of the flow that an entry of prefect.yaml starts."""
    return str(entry["entrypoint"]).rpartition(":")[2].replace("_", "-")


def _of_entry(entry: Entry, accounts: Mapping[str, str], units: Sequence[str], plain: str | None) -> list[Entry]:
    if "unit" not in entry["parameters"]:
        # What concerns the Prefect server as a whole is its owner's, where several installations share it.
        return [copy.deepcopy(entry)] if plain else []
    if "account" not in entry["parameters"]:
        name = str(entry["name"])
        return [_changed(entry, name if unit == plain else f"{name}-{unit}", {"unit": unit}) for unit in units]
    mine = [(name.partition("/")[2], unit) for name, unit in accounts.items() if _provider(name) == entry["name"]]
    return [
        _waiting(_changed(entry, account, {"account": account, "unit": unit}), place * STEP_MINUTES)
        for place, (account, unit) in enumerate(mine)
    ]


def _provider(account: str) -> str:
    return account.partition("/")[0]


def _changed(entry: Entry, name: str, parameters: Mapping[str, str]) -> Entry:
    changed = copy.deepcopy(entry)
    changed["name"] = name
    changed["parameters"] = {**entry["parameters"], **parameters}
    return changed


def _waiting(entry: Entry, minutes: int) -> Entry:
    """The entry with its schedules off, and so many minutes later than its fellows."""
    for schedule in entry.get("schedules", []):
        schedule["active"] = False
    _later(entry, minutes)
    return entry


def _later(entry: Entry, minutes: int) -> None:
    """Let schedules at a fixed minute come so many minutes later, within the same hours."""
    for schedule in entry.get("schedules", []):
        minute, rest = str(schedule["cron"]).split(" ", 1)
        if re.fullmatch(r"\d+", minute):
            schedule["cron"] = f"{(int(minute) + minutes) % MINUTES} {rest}"
