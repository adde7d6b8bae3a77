"""Forms: how the settings inside a block look in the Prefect UI, and fields that several blocks share."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field

Concurrency = Annotated[
    int,
    Field(
        ge=1,
        le=8,
        title="Dotazů najednou",
        description="Kolik dotazů smí být rozpracovaných ve stejnou chvíli.",
    ),
]
PauseSeconds = Annotated[
    float,
    Field(
        ge=0,
        le=10,
        title="Rozestup dotazů",
        description="Nejméně kolik sekund uplyne mezi začátky dvou dotazů.",
    ),
]
"""How politely a gateway is asked, in seconds between the starts of two questions."""
LateAfterDays = Annotated[
    int,
    Field(
        ge=1,
        le=60,
        title="Upozornit po dnech",
        description="Po kolika dnech bez úplných dat z tohoto účtu má přijít upozornění.",
    ),
]


def _as_the_field_says(schema: dict[str, Any]) -> None:
    # The UI would show the class and its English docstring in place of the field's own title and sentence.
    schema.pop("title", None)
    schema.pop("description", None)


class Section(BaseModel):
    """Settings that belong together inside a block, shown under the title of the field that holds them."""

    model_config = ConfigDict(json_schema_extra=_as_the_field_says)
