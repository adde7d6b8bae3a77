"""How payments of one accounting unit find their documents: the settings that matching obeys."""

from __future__ import annotations

from pydantic import BaseModel


class Matching(BaseModel):
    """Rules, gates and tolerances of one accounting unit."""
