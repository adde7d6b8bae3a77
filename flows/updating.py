"""Another version of the product in place of the present one, and back; ledger, blocks and schedules stay."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url

from blocks.notification import Notification
from blocks.pohoda import PohodaUnit
from flows import on_server
from flows.automations import ensure_automations
from flows.installing import keeper_of, serving
from flows.providers import PROVIDERS
from flows.runs import block_named
from tasks.errors import PohodaPaymentsError, SettingError, Unavailable
from tasks.installing.definitions import services
from tasks.installing.home import Installation, Version, keep, the_installed
from tasks.installing.versions import copied, placed
from tasks.ledger import Ledger
from tasks.ledger.migrating import bring_back

LONGEST_RUN_SECONDS = 1800.0
COPIES = "ledger-copies"


def update(home: Path, source: Path) -> None:
    """Put the delivered version in the place of the present one.

    Its packages are installed first, while everything goes on. Then runs are let to end, ledgers are copied, and
    the new version makes services and deployments its own. When it fails at that, the present one is put back.
    Raises SettingError and Unavailable with what was done.
    """
    installation = the_installed(home)
    new = placed(source.expanduser().resolve(), home)
    if new.folder == installation.current.folder:
        raise SettingError(
            "This version is the one that is installed",
            evidence=f"version {new.number}",
            next_step="give the delivered version another number in its pyproject.toml",
        )
    print(f"Verze {new.number} je připravena, čeká se na konec běhů …")
    changed = installation.model_copy(
        update={"current": new, "previous": [*installation.previous, installation.current]}
    )
    with serving(installation, home), resting(installation, home):
        copied(ledger_files(installation), home / COPIES, new.number)
        try:
            changed_to(changed, home)
        except PohodaPaymentsError:
            bring_ledgers_back(installation, installation.current, new)
            changed_to(installation, home)
            raise
    print(f"Nyní je nainstalována verze {new.number}; zpět vede příkaz rollback.")


def roll_back(home: Path) -> None:
    """Put the version before in the place of the present one.

    Ledgers are copied, then taken back to the tables that it knows; no payment and no mark is lost.
    """
    installation = the_installed(home)
    if not installation.previous:
        raise SettingError(
            "There is no earlier version to go back to",
            evidence=f"version {installation.current.number} is the first one here",
            next_step="use update with the version that you want",
        )
    *earlier, former = installation.previous
    changed = installation.model_copy(update={"current": former, "previous": earlier})
    with serving(installation, home), resting(installation, home):
        copied(ledger_files(installation), home / COPIES, former.number)
        bring_ledgers_back(installation, former, installation.current)
        changed_to(changed, home)
    print(f"Nyní je nainstalována verze {former.number}.")


def changed_to(installation: Installation, home: Path) -> None:
    """Make another version the current one and let it do its part with its own packages."""
    keep(home, installation)
    current = installation.current
    command = [str(current.python), "-m", "flows.set_up", "refresh", "--home", str(home)]
    done = subprocess.run(  # noqa: S603
        command, cwd=current.folder, capture_output=True, stdin=subprocess.DEVNULL, check=False
    )
    if done.returncode:
        told = " ".join(done.stderr.decode("utf-8", "replace").split())
        raise SettingError(
            f"Version {current.number} could not take its place",
            evidence=told[-600:],
            next_step="send this to support; the copies of the ledgers are in the installation's folder",
        )


def refresh(home: Path) -> None:
    """Make kinds of blocks, ledgers, services and deployments those of the current version."""
    installation = the_installed(home)
    with serving(installation, home):
        on_server.register_kinds([PohodaUnit, Notification, *(kind for kind, _ in PROVIDERS.values())])
        for name in installation.units:
            unit = block_named(PohodaUnit, name)
            Ledger.of_unit(unit.ico, unit.ledger).close()
        on_server.deploy(installation, home)
        ensure_automations()
        keeper = keeper_of(installation, home)
        known = services(installation, home)
        keeper.install(known)
        if installation.services != "none":
            for service in known:
                keeper.stop(service)
                keeper.start(service)


@contextmanager
def resting(installation: Installation, home: Path) -> Generator[None]:
    """No run going on and none starting; those that fall due meanwhile are made up afterwards."""
    on_server.pause(installation.pool, paused=True)
    try:
        if not on_server.wait_until_idle(installation.pool, LONGEST_RUN_SECONDS):
            raise Unavailable(
                "A run is still going on, so the version was not changed",
                evidence=f"waited {LONGEST_RUN_SECONDS:.0f} seconds",
                next_step="look at the run in the Prefect UI, cancel it or wait for its end, then try again",
            )
        yield
    finally:
        on_server.wait_for_server(installation.plain_environment()["PREFECT_API_URL"])
        on_server.pause(installation.pool, paused=False)


def ledger_files(installation: Installation) -> list[Path]:
    """The ledgers of the units that are files and exist."""
    urls = [make_url(url) for url in ledger_urls(installation)]
    files = [Path(url.database) for url in urls if url.get_backend_name() == "sqlite" and url.database]
    return [file for file in files if file.is_file()]


def ledger_urls(installation: Installation) -> list[str]:
    """The addresses of the units' ledgers. They may hold passwords."""
    units = [block_named(PohodaUnit, name) for name in installation.units]
    return [unit.ledger.get_secret_value() for unit in units if unit.ledger is not None]


def bring_ledgers_back(installation: Installation, to: Version, by: Version) -> None:
    """Take the ledgers back to the tables that a version knows. `by` is the newer one, which knows how."""
    for url in ledger_urls(installation):
        bring_back(
            url, to.folder / "tasks" / "ledger" / "migrations", by.folder / "tasks" / "ledger" / "migrations"
        )


def remove(home: Path, *, everything: bool) -> None:
    """Take the services away. The folder with the ledger and Prefect's database stays, unless all is to go."""
    installation = the_installed(home)
    keeper_of(installation, home).remove(services(installation, home))
    print("Služby jsou odstraněny.")
    if everything:
        shutil.rmtree(home)
        print(f"Složka {home} je smazána, i s evidencí plateb.")
    else:
        print(f"Evidence plateb a databáze Prefectu zůstávají ve složce {home}.")
