"""Where Pohoda's database is reached: a plain DB-API connection with `?` parameters, open only as long as needed."""

from __future__ import annotations

from pathlib import Path


def catalogue_beside(database: Path) -> Path:
    """The file that stands for INFORMATION_SCHEMA beside the sandbox's database."""
    return database.with_name(f"{database.stem}.catalogue{database.suffix}")
