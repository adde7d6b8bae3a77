"""The form of a run in the Prefect UI: parameters under Czech titles, days as date fields that may stay empty."""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any

from pydantic import Field, WithJsonSchema


def titled(title: str) -> Any:
    """What shows a parameter under this title. Prefect overwrites a field's own one with the parameter's name."""
    return Field(json_schema_extra={"title": title})


# Prefect's form of a day that may be missing is a choice between "date" and "None" instead of a field to fill in.
DAY_FIELD = WithJsonSchema({"type": "string", "format": "date"})

Account = Annotated[str, titled("Účet")]
Unit = Annotated[str, titled("Účetní jednotka")]
FirstDay = Annotated[date | None, DAY_FIELD, titled("První den")]
LastDay = Annotated[date | None, DAY_FIELD, titled("Poslední den")]
DryRun = Annotated[bool, titled("Zkušební běh")]
