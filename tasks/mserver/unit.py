"""Whether an mServer serves the very database that was read: ids of another year belong to other documents."""

from __future__ import annotations

import re
from pathlib import PurePath

from blocks.pohoda import Database
from tasks.mserver.client import MServerClient, WrongUnit
from tasks.mserver.requests import list_pack
from tasks.mserver.status import Status

_UNIT = re.compile(r"StwPh_.+", re.IGNORECASE)
_YEAR = re.compile(r"_(20[0-9]{2})[0-9]*$")


def database_name(database: Database) -> str:
    """The name that Pohoda's database has or, of a SQLite file, would have; empty when its file tells none."""
    if database.kind == "sqlserver":
        return database.name
    stem = PurePath(database.name).stem
    return stem if _UNIT.fullmatch(stem) else ""


def says_same(company: Status, database: str) -> bool:
    """Whether mServer says that it serves this database; False when it does not say enough to tell.

    Raises WrongUnit when it says that it serves another one.
    """
    if company.database and database:
        same = company.database.casefold() == database.casefold()
        told = company.database
    else:
        year = _YEAR.search(database)
        if not (year and company.year):
            return False
        same, told = year[1] == company.year, f"year {company.year}"
    if not same:
        raise another_unit(f"it says {told}, {database} is read")
    return True


def prove_same(client: MServerClient, agenda: str, document_id: int, number: str) -> None:
    """Ask mServer for one document that was read from the database; raise WrongUnit when its number differs."""
    answer = client.post(list_pack(agenda, document_id, client.ico)).to("LIST")
    found = dict(answer.numbers).get(document_id) if answer else None
    if found != number:
        raise another_unit(f"document {document_id} is {number} in the database, {found} in mServer")


def another_unit(evidence: str) -> WrongUnit:
    """The error that stops a run before ids of one database are used in another."""
    return WrongUnit(
        "mServer serves another accounting unit or year than the database that is read",
        evidence=evidence,
        next_step="correct the address of mServer or the database in the unit, so that both are of the same year",
    )
