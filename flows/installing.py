"""The set-up itself: from nothing to the first dry run, step by step, each of which may be done again."""

from __future__ import annotations

import os
import secrets
import socket
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from cryptography.fernet import Fernet
from prefect.client.schemas.objects import FlowRun
from prefect.settings import temporary_settings
from pydantic import SecretStr

from blocks.notification import Notification
from blocks.pohoda import PohodaUnit
from flows import on_server
from flows.automations import ensure_automations
from flows.command_line import settings_of
from flows.providers import PROVIDERS
from tasks.errors import SettingError
from tasks.installing import keeping
from tasks.installing.answers import Answers, Server, Standing, read_answers, understood
from tasks.installing.definitions import Service, services
from tasks.installing.home import (
    Installation,
    close_to_others,
    installed,
    keep,
    prefect_environment,
    the_installed,
)
from tasks.installing.keeping import Keeper
from tasks.installing.questions import Console, asked_block, yes
from tasks.installing.versions import here

SECRET_BYTES = 24
KEPT_DAYS = 90
"""How long the local Prefect server keeps runs, their logs and reports."""


def install(home: Path, project: Path, file: Path | None, services_by: str | None, run_as: str | None) -> None:
    """Set up all that the answers name and is not there yet, and end with a check and a first dry run.

    Without a file the answers are asked for. Raises SettingError and Unavailable that say what to do.
    """
    console = Console()
    known = installed(home)
    answers = read_answers(file, standing=_standing(known)) if file else None
    made = on_server.blocks_of(answers, home) if answers else []
    server = answers.server if answers else (None if known else asked_server(console))
    installation = known or prepared(home, project, server or Server(), answers)
    installation.services = _keeper_of(services_by or (answers.services if answers else "auto"))
    installation.run_as = run_as if run_as is not None else (answers.run_as if answers else installation.run_as)
    if known and server and known.local_server:
        _same_server(known, server)
    close_to_others(home, installation.run_as)
    keep(home, installation)
    console.say(f"Instalace: {home}")
    with serving(installation, home):
        if answers is None:
            answers = asked(console, installation)
            made = on_server.blocks_of(answers, home)
        _fill(installation, answers)
        keep(home, installation)
        on_server.make_pool(installation.pool)
        on_server.register_kinds([PohodaUnit, Notification, *(kind for kind, _ in PROVIDERS.values())])
        for name in on_server.save_new(made):
            console.say(f"Uložen blok {name}")
        names = on_server.deploy(installation, home)
        console.say(f"Nasazeno: {', '.join(names)}")
        console.say(f"Automatizace: {', '.join(ensure_automations())}")
        with working(installation, home):
            _first_runs(installation, names, console)
    _farewell(installation, home, console)


def prepared(home: Path, project: Path, server: Server, answers: Answers | None) -> Installation:
    """A new installation: where its server is, and secrets of its own where the server is its own."""
    local = not server.address
    return Installation(
        pool=answers.pool if answers else "local",
        environment=_local(home, server) if local else _distant(home, server),
        local_server=local,
        services="none",
        units=[],
        current=here(project),
    )


def _local(home: Path, server: Server) -> dict[str, SecretStr]:
    if not _is_free(server.host, server.port):
        raise SettingError(
            "Something else listens already where the Prefect server is to be",
            evidence=f"{server.host}:{server.port}",
            next_step="choose another port, or give the address of the Prefect server that is there",
        )
    auth = server.auth.get_secret_value() if server.auth else f"pohoda:{secrets.token_urlsafe(SECRET_BYTES)}"
    api = f"http://{'127.0.0.1' if server.host == '0.0.0.0' else server.host}:{server.port}/api"  # noqa: S104
    return prefect_environment(
        home,
        {
            "PREFECT_API_URL": api,
            "PREFECT_UI_API_URL": api,
            "PREFECT_SERVER_API_HOST": server.host,
            "PREFECT_SERVER_API_PORT": server.port,
            "PREFECT_SERVER_API_AUTH_STRING": auth,
            "PREFECT_API_AUTH_STRING": auth,
            # A strange page that is open in a browser here must not speak to the server in its user's name.
            "PREFECT_SERVER_CSRF_PROTECTION_ENABLED": "true",
            "PREFECT_SERVER_CORS_ALLOWED_ORIGINS": ",".join(_own_pages(server)),
            # Set before the first secret is stored; else Prefect keeps a key of its own beside the secrets.
            "PREFECT_SERVER_ENCRYPTION_KEY": Fernet.generate_key().decode(),
            "PREFECT_SERVER_SERVICES_DB_VACUUM_ENABLED": "events,flow_runs",
            "PREFECT_SERVER_SERVICES_DB_VACUUM_RETENTION_PERIOD": KEPT_DAYS * 86_400,
        },
    )


def _own_pages(server: Server) -> list[str]:
    """The origins of the server's own pages, as a browser may have opened them."""
    hosts = dict.fromkeys(["127.0.0.1", "localhost", *([] if server.host == "0.0.0.0" else [server.host])])  # noqa: S104
    return [f"http://{host}:{server.port}" for host in hosts]


def _distant(home: Path, server: Server) -> dict[str, SecretStr]:
    address = server.address.rstrip("/")
    told = urlsplit(address)
    here = told.scheme == "http" and told.hostname in {"127.0.0.1", "localhost"}
    if not here and (told.scheme != "https" or not told.hostname):
        raise SettingError(
            "A Prefect server elsewhere is only used over https, since secrets come from it",
            evidence=f"the address begins with {told.scheme!r}",
            next_step="give its https address, ending in /api",
        )
    auth = {"PREFECT_API_AUTH_STRING": server.auth.get_secret_value()} if server.auth else {}
    return prefect_environment(home, {"PREFECT_API_URL": address, **auth})


def _same_server(known: Installation, server: Server) -> None:
    standing = known.plain_environment()
    told = (server.address, server.host, str(server.port))
    if told != ("", standing["PREFECT_SERVER_API_HOST"], standing["PREFECT_SERVER_API_PORT"]):
        raise SettingError(
            "The answers name another Prefect server than the one that is installed",
            evidence=f"installed is {standing['PREFECT_API_URL']}",
            next_step="leave the server in the answers as it is, or take the installation away first",
        )


def _is_free(host: str, port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def _keeper_of(told: str) -> str:
    return keeping.keeper_here() if told == "auto" else told


@contextmanager
def serving(installation: Installation, home: Path) -> Generator[Keeper]:
    """The installation's Prefect server answering, and this process talking to it alone.

    Yields who keeps the server, for those who must stop and start it meanwhile.
    """
    plain = installation.plain_environment()
    os.environ.update(plain)
    with temporary_settings(settings_of(installation)), _kept(installation, home, "server") as keeper:
        on_server.wait_for_server(plain["PREFECT_API_URL"])
        yield keeper


@contextmanager
def working(installation: Installation, home: Path) -> Generator[None]:
    """The installation's worker taking up work."""
    with _kept(installation, home, "worker"):
        yield


@contextmanager
def _kept(installation: Installation, home: Path, name: str) -> Generator[Keeper]:
    """One service made known and started; stopped again only where nobody keeps it."""
    service = service_named(installation, home, name)
    keeper = keeper_of(installation, home)
    if service is None:
        yield keeper
        return
    keeper.install([service])
    if name == "server" and on_server.answers(installation.plain_environment()["PREFECT_API_URL"]):
        yield keeper
        return
    keeper.start(service)
    try:
        yield keeper
    finally:
        if installation.services == "none":
            keeper.stop(service)


def keeper_of(installation: Installation, home: Path) -> Keeper:
    """Who keeps the services of an installation running."""
    return keeping.keeper(installation.services, home / "services")


def service_named(installation: Installation, home: Path, name: str) -> Service | None:
    """One of the installation's services; None when it has no such one."""
    return next((one for one in services(installation, home) if one.name == name), None)


def _standing(known: Installation | None) -> Standing:
    return Standing(known.units, known.accounts) if known else Standing()


def _fill(installation: Installation, answers: Answers) -> None:
    """Add the units and accounts of the answers to those that are installed."""
    standing = _standing(installation)
    installation.units = list(dict.fromkeys([*installation.units, *answers.units]))
    for provider, accounts in answers.accounts.items():
        for account in accounts:
            installation.accounts[f"{provider}/{account}"] = answers.unit_of(provider, account, standing)


def asked_server(console: Console) -> Server:
    """Where the Prefect server is, as a person says it."""
    console.say("Server Prefect: prázdná adresa znamená, že se zřídí na tomto počítači.")
    address = console.ask("  Adresa serveru Prefect (https://…/api): ").strip()
    if not address:
        return Server()
    auth = console.ask_secret("  Přihlášení (uživatel:heslo): ").strip()
    return understood(Server, {"address": address, "auth": auth or None}, "the server")


def asked(console: Console, installation: Installation) -> Answers:
    """The units and accounts that are to be added, as a person says them."""
    units: dict[str, Any] = {}
    while not (installation.units or units) or yes(console, "Přidat další účetní jednotku?"):
        name = _name(console, "jednotky", "pohoda")
        units[name] = asked_block(PohodaUnit, f"Účetní jednotka {name}", console)
    accounts: dict[str, dict[str, dict[str, Any]]] = {}
    known = [*installation.units, *units]
    for provider, (kind, _) in PROVIDERS.items():
        title = str(kind.get_block_type_name())
        while yes(console, f"Přidat účet: {title}?"):
            name = _name(console, "účtu", provider)
            unit = _one_of(known, console)
            accounts.setdefault(provider, {})[name] = {
                **asked_block(kind, f"{title} {name}", console),
                "unit": unit,
            }
    told: dict[str, Any] = {}
    if yes(console, "Posílat upozornění e-mailem nebo na webhook?"):
        told = asked_block(Notification, "Upozornění", console)
    return understood(
        Answers,
        {
            "notification": told,
            "pool": installation.pool,
            "units": units,
            "accounts": accounts,
        },
        "the answers",
    )


def _name(console: Console, of: str, default: str) -> str:
    return console.ask(f"  Název {of} [{default}]: ").strip() or default


def _one_of(units: list[str], console: Console) -> str:
    """The unit that an account belongs to, asked until it is one of these; the only one without a question."""
    unit = units[0] if len(units) == 1 else ""
    while unit not in units:
        unit = _name(console, f"jednotky, ke které patří ({'/'.join(units)})", units[0])
    return unit


def start(home: Path) -> None:
    """Switch on the schedules of all accounts, so that their runs come and write by themselves."""
    installation = the_installed(home)
    with serving(installation, home):
        for account in installation.accounts:
            on_server.switch_on(account)
            print(f"Pravidelné běhy zapnuty: {account}")


def _first_runs(installation: Installation, names: list[str], console: Console) -> None:
    """A check of each unit, then a dry run of each account; what they found is told."""
    console.say("Kontrola a první zkušební běhy; do Pohody se nic nezapisuje …")
    for name in [one for one in names if one.startswith("check/")]:
        _told(console, name, on_server.run(name))
    for account, unit in installation.accounts.items():
        provider, _, block = account.partition("/")
        name = f"{provider}/{block}"
        _told(console, name, on_server.run(name, account=block, unit=unit, dry_run=True))


def _told(console: Console, name: str, run: FlowRun) -> None:
    state = run.state
    console.say(f"  {name}: {state.name if state else '?'}. {(state and state.message) or ''}")


def _farewell(installation: Installation, home: Path, console: Console) -> None:
    ui = installation.plain_environment()["PREFECT_API_URL"].removesuffix("/api")
    console.say(f"\nHotovo. Prefect: {ui}")
    if installation.local_server:
        console.say(f"Přihlášení do Prefectu je v souboru {home / 'installation.json'}, PREFECT_API_AUTH_STRING.")
    console.say("Zprávy zkušebních běhů jsou u běhů v záložce Artifacts.")
    console.say("Pravidelné běhy nových účtů jsou vypnuté. Až budou zprávy v pořádku, zapne je")
    console.say(f"  python -m flows.set_up start --home {home}")
    if installation.services == "none":
        console.say("Služby tu nikdo nehlídá. Spouštějte je sami:")
        for service in services(installation, home):
            console.say(f"  {' '.join(service.command)}")
