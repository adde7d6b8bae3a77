"""A Prefect server and a worker of the sandbox's own, as real processes that end with it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Generator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx

from flows.service import worker_start

PROJECT = Path(__file__).resolve().parents[1]
STARTING_SECONDS = 600.0
STOPPING_SECONDS = 15.0


def shield(folder: Path) -> None:
    """Give this process and all it starts a Prefect of their own in the folder, whatever the user has set up.

    Prefect reads its settings when it is imported; a process that has it already must be told by
    `temporary_settings` as well.
    """
    for name in [name for name in os.environ if name.startswith("PREFECT_")]:
        del os.environ[name]
    keep_compiled()
    os.environ.update(
        PREFECT_HOME=str(folder / "prefect"),
        PREFECT_PROFILES_PATH=str(folder / "profiles.toml"),
        PREFECT_SERVER_ANALYTICS_ENABLED="false",
        DO_NOT_TRACK="1",
        PYTHONUTF8="1",
        NO_PROXY="127.0.0.1",
        no_proxy="127.0.0.1",
    )


def keep_compiled() -> None:
    """Let Python keep what it compiled, as it does unless told otherwise.

    Each run is a process of its own, which else compiles Prefect and pandas anew: two to three seconds of CPU.
    """
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)


def free_port() -> int:
    """A port of 127.0.0.1 that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def prefect_server(folder: Path, port: int, settings: Mapping[str, str] | None = None) -> Generator[int]:
    """A Prefect server with its UI on this port; yields the id of its process.

    Its database is in the folder of `PREFECT_HOME` unless the settings (names of the environment) say otherwise.
    """
    command = ["server", "start", "--host", "127.0.0.1", "--port", str(port)]
    with _running(command, folder / "server.log", settings or {}) as process:
        yield process


@contextmanager
def prefect_worker(
    folder: Path,
    pool: str,
    name: str = "sandbox",
    settings: Mapping[str, str] | None = None,
    *,
    limit: int | None = None,
) -> Generator[int]:
    """A process worker on this pool that looks for work every second; yields the id of its process.

    The settings are names of the environment, for the worker and for all its runs, of which it has at most
    `limit` at a time.
    """
    command = worker_start(pool, name)
    if limit is not None:
        command += ["--limit", str(limit)]
    quick = {"PREFECT_WORKER_QUERY_SECONDS": "1", **(settings or {})}
    with _running(command, folder / "worker.log", quick) as process:
        yield process


def prefect_command(arguments: Sequence[str], settings: Mapping[str, str] | None = None) -> None:
    """Run one command of Prefect's CLI in the project's folder; raises RuntimeError with what it printed."""
    done = subprocess.run(
        [sys.executable, "-m", "prefect", "--no-prompt", *arguments],
        cwd=PROJECT,
        env={**os.environ, **(settings or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"prefect {' '.join(arguments)} failed:\n{done.stdout[-4000:]}{done.stderr[-4000:]}")


def wait_for_server(api: str) -> None:
    """Return when the server answers; raises RuntimeError when it does not within ten minutes."""
    deadline = time.monotonic() + STARTING_SECONDS
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{api}/health", timeout=2.0, trust_env=False).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.2)
    raise RuntimeError(f"the Prefect server at {api} did not start")


@contextmanager
def _running(arguments: Sequence[str], log: Path, settings: Mapping[str, str]) -> Generator[int]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "prefect", *arguments],
            cwd=PROJECT,
            env={**os.environ, **settings},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
        )
        try:
            yield process.pid
        finally:
            process.terminate()
            try:
                process.wait(STOPPING_SECONDS)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
