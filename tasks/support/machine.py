"""The machine for support: what runs there and in which versions, without its name and its user."""

from __future__ import annotations

import locale
import os
import platform
import sys
import tomllib
from importlib.metadata import distributions
from pathlib import Path

from tasks.errors import SettingError
from tasks.pohoda.sqlserver import imported_pyodbc
from tasks.support import Row

PROJECT = Path(__file__).resolve().parents[2]


def machine() -> list[Row]:
    """(what, version or state) of everything that the product stands on."""
    return [
        ("Produkt", _product()),
        ("Python", f"{platform.python_implementation()} {platform.python_version()}"),
        ("Systém", f"{platform.system()} {platform.release()} {platform.machine()}"),
        ("Procesory", str(os.cpu_count())),
        ("Kódování", f"{locale.getencoding()}, UTF-8 mode {sys.flags.utf8_mode}"),
        ("Ovladače ODBC", _drivers()),
    ]


def libraries() -> list[Row]:
    """(name, version) of every installed Python distribution."""
    found = {str(one.metadata["Name"]).lower(): one.version for one in distributions() if one.metadata["Name"]}
    return sorted(found.items())


def _product() -> str:
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    return f"{project['name']} {project['version']}"


def _drivers() -> str:
    try:
        return ", ".join(sorted(imported_pyodbc().drivers())) or "žádný"
    except SettingError as error:
        return error.cause
