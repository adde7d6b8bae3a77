"""Forms: how the settings inside a block look in the Prefect UI."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict


def _as_the_field_says(schema: dict[str, Any]) -> None:
    # The UI would show the class and its English docstring in place of the field's own title and sentence.
    schema.pop("title", None)
    schema.pop("description", None)


class Section(BaseModel):
    """Settings that belong together inside a block, shown under the title of the field that holds them."""

    model_config = ConfigDict(json_schema_extra=_as_the_field_says)
