"""Forms: how the settings inside a block look in the Prefect UI, and fields that several blocks share."""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, GetJsonSchemaHandler, WithJsonSchema
from pydantic_core import CoreSchema

T = TypeVar("T")


class _OneField:
    """Shows a value that may be missing as one field, where Prefect would show a choice between it and "null"."""

    def __get_pydantic_json_schema__(self, schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
        kinds = handler(schema)["anyOf"]
        return next(kind for kind in kinds if kind.get("type") != "null")


Maybe = Annotated[T | None, _OneField()]
"""A value that may be missing: in the form a field of its kind that may stay empty."""


def _with_a_point(amount: Any) -> Any:
    return amount.strip().replace(",", ".") if isinstance(amount, str) else amount


Amount = Annotated[Decimal, BeforeValidator(_with_a_point), WithJsonSchema({"type": "string"})]
"""An exact amount, in the form a field to type it into, with a decimal comma or a point."""


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
