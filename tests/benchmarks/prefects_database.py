"""What a Prefect server keeps in its database on PostgreSQL: rows, bytes, and the CPU that it takes."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from sqlalchemy import URL, Connection, create_engine, text

from tests.benchmarks.idle import cpu, cpu_of_children

RUNS = ("flow_run", "flow_run_state", "task_run", "task_run_state", "log", "artifact")
"""Kept as long as runs are."""
EVENTS = ("events", "event_resources")
"""Kept as long as events are."""
ENDED = {
    "flow_run": "end_time IS NOT NULL",
    "log": "flow_run_id NOT IN (SELECT id FROM flow_run)",
    "artifact": "flow_run_id NOT IN (SELECT id FROM flow_run)",
    "events": "occurred < now() - interval '30 days'",
    "event_resources": "occurred < now() - interval '30 days'",
}
"""What must be gone when the server has kept house, and what ended with it."""


class PrefectsDatabase:
    """The database of a Prefect server, looked at from beside it."""

    def __init__(self, address: URL) -> None:
        self._engine = create_engine(address)
        with self._connected() as connection:
            data = connection.execute(text("SHOW data_directory")).scalar_one()
        self._main = int((Path(data) / "postmaster.pid").read_text(encoding="ascii").splitlines()[0])

    def rows(self) -> dict[str, int]:
        """How many rows each table has."""
        with self._connected() as connection:
            return {name: _count(connection, name, "true") for name in (*RUNS, *EVENTS)}

    def grown(self, before: dict[str, int]) -> dict[str, int]:
        """How many rows each table has more than before."""
        return {name: count - before[name] for name, count in self.rows().items()}

    def ended_rows(self) -> dict[str, int]:
        """Rows of runs that have ended and of old events, which are not there any more when house was kept."""
        with self._connected() as connection:
            return {name: _count(connection, name, which) for name, which in ENDED.items()}

    def bytes(self) -> dict[str, int]:
        """The size of what is kept of runs and of events, with indexes and long texts."""
        size = text("SELECT pg_total_relation_size(CAST(:name AS regclass))")
        with self._connected() as connection:
            return {
                kind: sum(int(connection.execute(size, {"name": name}).scalar_one()) for name in names)
                for kind, names in (("runs", RUNS), ("events", EVENTS))
            }

    def report_of(self, run: UUID) -> str:
        """The report that the run has left."""
        with self._connected() as connection:
            found = connection.execute(
                text("SELECT data #>> '{}' FROM artifact WHERE flow_run_id = :run AND type = 'markdown'"),
                {"run": run},
            )
            return str(found.scalar_one())

    def age(self, days: int) -> None:
        """Let all that has ended have ended so many days earlier."""
        moved = {"flow_run": ["end_time"], "events": ["occurred"], "event_resources": ["occurred"]}
        with self._connected() as connection:
            for table, columns in moved.items():
                for column in columns:
                    connection.execute(
                        text(f"UPDATE {table} SET {column} = {column} - make_interval(days => :days)"),
                        {"days": days},
                    )

    def cpu(self) -> float:
        """Seconds of CPU of the whole server, of connections that have ended too."""
        of_others = (file for file in Path("/proc").glob("[0-9]*/stat"))
        living = 0.0
        for file in of_others:
            try:
                parent = file.read_text(encoding="ascii", errors="replace").rpartition(")")[2].split()[1]
                living += cpu(int(file.parent.name)) if int(parent) == self._main else 0
            except OSError:
                continue  # it has just ended, and its parent counts it
        return living + cpu(self._main) + cpu_of_children(self._main)

    @contextmanager
    def _connected(self) -> Generator[Connection]:
        with self._engine.begin() as connection:
            yield connection


def _count(connection: Connection, table: str, which: str) -> int:
    return int(connection.execute(text(f"SELECT count(*) FROM {table} WHERE {which}")).scalar_one())
