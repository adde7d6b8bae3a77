"""
One service of an installation, as Windows or systemd starts it: `python -m flows.service worker --home FOLDER`.

The process becomes Prefect's server or worker, with the settings from the installation's own file, so that no
secret is on a command line and no child is left behind when it is ended.
"""

from __future__ import annotations

import argparse
import os
import runpy
import shutil
import sys
import threading
import time
from contextlib import suppress
from pathlib import Path

from tasks.errors import PohodaPaymentsError
from tasks.installing.home import Installation, default_home, the_installed

PREFETCH_SECONDS = 30
"""How long before its time a worker starts a scheduled run, which then waits: by its time it has all it needs in
memory. Longer than the worker's pause between two looks for work together with the start of a run."""
LARGEST_LOG = 5_000_000
"""Bytes after which a service begins its log anew; one old log is kept."""
LOOK_SECONDS = 600
"""How often a service looks how large its log has become."""


def main() -> int:
    """Become the service, or say why that cannot be."""
    parser = argparse.ArgumentParser(prog="python -m flows.service", description=__doc__)
    parser.add_argument("name", choices=["server", "worker"], help="which of the two")
    parser.add_argument("--home", type=Path, default=default_home(), help="the installation's folder")
    asked = parser.parse_args()
    try:
        installation = the_installed(asked.home)
    except PohodaPaymentsError as error:
        print(error, file=sys.stderr)
        return 1
    print_to(asked.home / "logs" / f"{asked.name}.log")
    os.environ.update(installation.plain_environment())
    if asked.name == "worker":
        wait_for_server(os.environ["PREFECT_API_URL"])
    # Prefect reads its settings when it is imported, which happens only now.
    sys.argv = ["prefect", *arguments(asked.name, installation)]
    runpy.run_module("prefect", run_name="__main__")
    return 0


def arguments(name: str, installation: Installation) -> list[str]:
    """What Prefect is told to be."""
    if name == "server":
        return ["server", "start"]
    pool = installation.pool
    return worker_start(pool, pool)


def worker_start(pool: str, name: str) -> list[str]:
    """What Prefect is told to be a worker of this name for the pool."""
    ahead = str(PREFETCH_SECONDS)
    return ["worker", "start", "--pool", pool, "--type", "process", "--name", name, "--prefetch-seconds", ahead]


def print_to(log: Path) -> None:
    """Send all that this process and what it starts prints into the log, since a service has no console."""
    log.parent.mkdir(parents=True, exist_ok=True)
    output = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    for stream in (1, 2):
        os.dup2(output, stream)
    threading.Thread(target=keep_small, args=(log, output), daemon=True).start()


def keep_small(log: Path, output: int) -> None:
    """Begin the open log anew whenever it has become too large, for as long as the process lives."""
    while True:
        # A full disk, or a reader who holds the old log, must not end the looking.
        with suppress(OSError):
            begin_anew(log, output)
        time.sleep(LOOK_SECONDS)


def begin_anew(log: Path, output: int) -> None:
    """Keep a copy of the log and empty it, if it is too large.

    It stays the same file, since Windows gives none that is open another name; what comes just then is lost.
    """
    if os.fstat(output).st_size > LARGEST_LOG:
        shutil.copyfile(log, log.with_suffix(".old.log"))
        os.ftruncate(output, 0)
        os.lseek(output, 0, os.SEEK_SET)


def wait_for_server(api: str) -> None:
    """Return when the server answers, however long that takes: after a reboot the worker may be first."""
    import httpx

    while True:
        try:
            if httpx.get(f"{api}/health", timeout=10).status_code == int(httpx.codes.OK):
                return
        except httpx.TransportError as error:
            print(f"The Prefect server does not answer yet: {type(error).__name__}", flush=True)
        time.sleep(5)


if __name__ == "__main__":
    sys.exit(main())
