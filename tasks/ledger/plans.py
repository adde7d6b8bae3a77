"""Plans: the changes that a trial run would have made, kept to be reviewed and applied just as they stood."""

from __future__ import annotations

import datetime as dt
import json
from typing import cast

import pandas as pd
from sqlalchemy import delete, select

from tasks.errors import SettingError
from tasks.ledger.schema import plans
from tasks.ledger.store import Store, upsert
from tasks.tables import CHANGES, checked, table

KEPT = dt.timedelta(days=60)
"""How long a plan waits to be applied; most of what an older one would change has changed otherwise since."""


def keep(store: Store, unit: str, run: str, changes: pd.DataFrame) -> None:
    """Keep the changes (`tasks.tables.CHANGES`) of one trial run under the run's name, and let old plans go."""
    text = checked(CHANGES, changes).to_json(orient="records")
    now = dt.datetime.now(dt.UTC)
    with store.writing("plans") as connection:
        connection.execute(delete(plans).where(plans.c.made_at < now - KEPT))
        upsert(connection, plans, [{"unit": unit, "run": run, "made_at": now, "changes": text}])


def kept(store: Store, unit: str, run: str) -> pd.DataFrame:
    """The changes that the trial run left. Raises SettingError when the unit has no plan of that name."""
    query = select(plans.c.changes).where(plans.c.unit == unit, plans.c.run == run)
    with store.reading() as connection:
        text = connection.execute(query).scalar()
    if text is None:
        raise SettingError(
            "There is no such plan for this accounting unit",
            evidence=f"plan {run!r} of unit {unit}",
            next_step="take the name of the plan from the report of the trial run",
        )
    return table(CHANGES, json.loads(cast("str", text)))
