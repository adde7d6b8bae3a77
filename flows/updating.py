"""Another version of the product in place of the present one, and back; ledger, blocks and schedules stay."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import make_url

from blocks.notification import Notification
from blocks.pohoda import PohodaUnit
from flows import on_server
from flows.automations import ensure_automations
from flows.installing import keeper_of, service_named, serving
from flows.providers import PROVIDERS
from flows.runs import block_named
from tasks.errors import PohodaPaymentsError, SettingError, Unavailable
from tasks.installing import prefect_database
from tasks.installing.definitions import services
from tasks.installing.home import Installation, Version, keep, the_installed
from tasks.installing.keeping import Keeper
from tasks.installing.versions import copied, placed, poured
from tasks.ledger import Ledger
from tasks.ledger.migrating import bring_back

LONGEST_RUN_SECONDS = 1800.0
COPIES = "ledger-copies"


def update(home: Path, source: Path) -> None:
    """Put the delivered version in the place of the present one.

    Its packages are installed first, while everything goes on. Then runs are let to end, ledgers and Prefect's
    own database are copied, and the new version makes server, services and deployments its own. When it fails at
    that, the present one is put back, with both as they were. Raises SettingError and Unavailable with what was
    done.
    """
    installation = the_installed(home)
    new = placed(source.expanduser().resolve(), home, installation.current)
    print(f"Verze {new.number} je připravena, čeká se na konec běhů …")
    changed = installation.model_copy(
        update={"current": new, "previous": [*installation.previous, installation.current]}
    )
    with serving(installation, home) as keeper, resting(installation, home):
        ledgers = ledger_urls(installation)
        copied(ledger_files(ledgers), home / COPIES, new.number)
        with stopped(installation, home, keeper) as database:
            kept = copied([database] if database else [], home / COPIES, new.number)
        try:
            start_server(changed, home, keeper)
            changed_to(changed, home)
        except PohodaPaymentsError:
            with stopped(changed, home, keeper) as database:
                bring_ledgers_back(ledgers, installation.current, new)
                if database and kept:
                    poured(kept[0], database)
            start_server(installation, home, keeper)
            changed_to(installation, home)
            raise
    print(f"Nyní je nainstalována verze {new.number}; zpět vede příkaz rollback.")


def roll_back(home: Path) -> None:
    """Put the version before in the place of the present one.

    Ledgers and Prefect's database are copied, then taken back to the tables that it knows; no payment and no
    mark is lost. Where Prefect does not know the way back, blocks and schedules are those from before the update.
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
    with serving(installation, home) as keeper, resting(installation, home):
        ledgers = ledger_urls(installation)
        copied(ledger_files(ledgers), home / COPIES, former.number)
        with stopped(installation, home, keeper) as database:
            bring_ledgers_back(ledgers, former, installation.current)
            bring_prefect_back(database, home / COPIES, former, installation.current)
        start_server(changed, home, keeper)
        changed_to(changed, home)
    print(f"Nyní je nainstalována verze {former.number}.")


def changed_to(installation: Installation, home: Path) -> None:
    """Make another version the current one and let it do its part with its own packages."""
    keep(home, installation)
    current = installation.current
    command = [str(current.python), "-m", "flows.set_up", "refresh", "--home", str(home)]
    # Its console is ours: Windows asks there for the password of the services' account, where they have one.
    done = subprocess.run(command, cwd=current.folder, stderr=subprocess.PIPE, check=False)  # noqa: S603
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
def stopped(installation: Installation, home: Path, keeper: Keeper) -> Generator[Path | None]:
    """The installation's own Prefect server stopped, for `start_server` to start; by itself it starts only when
    what is done meanwhile fails.

    Yields the server's database, None where the server is elsewhere and nothing is stopped. Raises SettingError
    when somebody else keeps the server running.
    """
    server = service_named(installation, home, "server")
    if server is None:
        yield None
        return
    api = installation.plain_environment()["PREFECT_API_URL"]
    keeper.stop(server)
    try:
        if not on_server.is_silent(api):
            raise SettingError(
                "The Prefect server goes on, so its database cannot be copied",
                evidence=f"{api} still answers",
                next_step="end the server by the means by which it was started, then run the command again",
            )
        yield prefect_database.database_of(installation, home)
    except BaseException:
        keeper.start(server)
        raise


def start_server(installation: Installation, home: Path, keeper: Keeper) -> None:
    """Start the server of this version, which makes the database its own, and wait until it answers."""
    server = service_named(installation, home, "server")
    if server is not None:
        keeper.install([server])
        keeper.start(server)
        on_server.wait_for_server(installation.plain_environment()["PREFECT_API_URL"])


def bring_prefect_back(database: Path | None, copies: Path, to: Version, by: Version) -> None:
    """Take the stopped server's database back to the tables that a version knows. `by` is the newer one."""
    before = prefect_database.copy_before(copies, by.number)
    if database is None or before is None:
        return
    copied([database], copies, to.number)
    if not prefect_database.bring_back(database, before, by):
        print(
            f"Bloky, rozvrhy a seznam běhů jsou jako před aktualizací na verzi {by.number}; novější jsou v kopii "
            f"ve složce {copies}."
        )


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


def ledger_files(ledgers: Iterable[str]) -> list[Path]:
    """Those of the ledgers at these addresses that are files and exist."""
    urls = [make_url(url) for url in ledgers]
    files = [Path(url.database) for url in urls if url.get_backend_name() == "sqlite" and url.database]
    return [file for file in files if file.is_file()]


def ledger_urls(installation: Installation) -> list[str]:
    """The addresses of the units' ledgers. They may hold passwords."""
    units = [block_named(PohodaUnit, name) for name in installation.units]
    return [unit.ledger.get_secret_value() for unit in units if unit.ledger is not None]


def bring_ledgers_back(ledgers: Iterable[str], to: Version, by: Version) -> None:
    """Take the ledgers back to the tables that a version knows. `by` is the newer one, which knows how."""
    for url in ledgers:
        bring_back(
            url, to.folder / "tasks" / "ledger" / "migrations", by.folder / "tasks" / "ledger" / "migrations"
        )


def remove(home: Path, *, everything: bool) -> None:
    """Take the services away. The folder with the ledger and Prefect's database stays, unless all is to go."""
    installation = the_installed(home)
    keeper_of(installation, home).remove(services(installation, home))
    print("Služby jsou odstraněny.")
    if not everything:
        print(f"Evidence plateb a databáze Prefectu zůstávají ve složce {home}.")
        return
    # Windows deletes no file in use, and this very program may run from a version in the folder.
    shutil.rmtree(home, ignore_errors=True)
    left = f"Ve složce {home} zůstaly soubory, které se právě používají; smažte ji ručně."
    print(left if home.exists() else f"Složka {home} je smazána, i s evidencí plateb.")
