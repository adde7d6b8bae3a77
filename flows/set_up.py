"""
Set the product up on a client's machine, keep it up to date, or take it away again: `python -m flows.set_up`.

Everything may be done again without harm: what stands is kept, what is missing is made.
"""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from tasks.errors import PohodaPaymentsError
from tasks.installing.home import default_home

PROJECT = Path(__file__).resolve().parents[1]


def main() -> int:
    """Do what is asked; an error is a sentence with the next step."""
    asked = _parser().parse_args()
    home: Path = asked.home.expanduser().resolve()
    if asked.command == "install":
        for folder in (home, home / "prefect"):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    _shield(home)
    # Prefect reads its settings when it is imported, so it must not be imported before they are set.
    from flows import installing, updating

    try:
        match asked.command:
            case "start":
                installing.start(home)
            case "update":
                updating.update(home, asked.source)
            case "rollback":
                updating.roll_back(home)
            case "refresh":
                updating.refresh(home)
            case "remove":
                updating.remove(home, everything=asked.everything)
            case _:
                installing.install(home, PROJECT, asked.answers, asked.services, asked.run_as)
    except PohodaPaymentsError as error:
        print(error, file=sys.stderr)
        return 1
    except (KeyboardInterrupt, EOFError):
        print("\nPřerušeno. Co už je hotovo, zůstává; spusťte příkaz znovu.", file=sys.stderr)
        return 130
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m flows.set_up", description=__doc__)
    home = argparse.ArgumentParser(add_help=False)
    home.add_argument(
        "--home", type=Path, default=default_home(), help=f"the installation's folder (default: {default_home()})"
    )
    commands = parser.add_subparsers(dest="command", required=True)
    install = commands.add_parser("install", parents=[home], help="set up, or make what is missing")
    install.add_argument(
        "--from", dest="answers", type=Path, help="a file with all answers (TOML), to ask nothing"
    )
    install.add_argument(
        "--services",
        choices=["auto", "windows", "systemd", "none"],
        default=None,
        help="who keeps server and worker running (default: whoever can on this machine)",
    )
    install.add_argument("--run-as", default=None, help="account of the services, e.g. FIRMA\\platby")
    commands.add_parser(
        "start", parents=[home], help="switch the regular runs on, once the first reports are right"
    )
    update = commands.add_parser("update", parents=[home], help="change to another version, and keep all else")
    update.add_argument("source", type=Path, help="folder or zip file of the version")
    commands.add_parser("rollback", parents=[home], help="go back to the version before")
    commands.add_parser("refresh", parents=[home], help="make services and deployments those of this version")
    remove = commands.add_parser("remove", parents=[home], help="take the services away")
    remove.add_argument(
        "--everything", action="store_true", help="delete the folder too, with the ledger and Prefect's database"
    )
    return parser


def _shield(home: Path) -> None:
    """Work with the installation's Prefect alone, whatever else this user has set up."""
    for name in [name for name in os.environ if name.startswith("PREFECT_")]:
        del os.environ[name]
    os.environ["PREFECT_HOME"] = str(home / "prefect")
    os.environ["PREFECT_PROFILES_PATH"] = str(home / "prefect" / "profiles.toml")
    os.environ["PREFECT_SERVER_ANALYTICS_ENABLED"] = "false"
    os.environ["PREFECT_LOGGING_LEVEL"] = "WARNING"
    os.environ["DO_NOT_TRACK"] = "1"


if __name__ == "__main__":
    sys.exit(main())
