"""What became of a plan between its making and its use."""

from __future__ import annotations

import pandas as pd

from tasks.provider import Note

MOST_NAMED = 20


def moved(planned: pd.DataFrame, still: pd.DataFrame) -> list[Note]:
    """A note that names the documents of a plan (`tasks.tables.CHANGES`) whose change is no longer the same."""
    key = ["agenda", "document_id"]
    kept = pd.MultiIndex.from_frame(still[key])
    numbers = planned.loc[~pd.MultiIndex.from_frame(planned[key]).isin(kept), "number"].tolist()
    if not numbers:
        return []
    named = ", ".join(numbers[:MOST_NAMED]) + (" a další" if len(numbers) > MOST_NAMED else "")
    text = f"Z plánu vynecháno dokladů: {len(numbers)}, protože se od té doby změnily ({named})."
    return [Note("plan_moved", text, urgent=True)]
