"""The unit's database: whose it is, what it runs on, what its login may do, and the configured fields."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

from blocks.pohoda import PohodaUnit
from tasks.checking import Finding, looked
from tasks.pohoda.catalogue import KINDS, SETTINGS, TABLE, Catalogue, read_catalogue, read_facts
from tasks.pohoda.connection import Connection, connected, read_rows
from tasks.pohoda.rights import listed, read_rights
from tasks.reporting.run import AGENDA_NAMES
from tasks.tables import AGENDAS

AREA = "Databáze"
FIELDS = "Pole dokladů"
CZECH_CODE_PAGE = 1250

SERVER = (
    "SELECT CAST(SERVERPROPERTY('ProductVersion') AS varchar(64)), "
    "CAST(SERVERPROPERTY('Edition') AS varchar(128)), d.collation_name, "
    "CAST(COLLATIONPROPERTY(d.collation_name, 'CodePage') AS int), "
    "d.is_read_committed_snapshot_on, d.recovery_model_desc FROM sys.databases AS d WHERE d.name = DB_NAME()"
)
LOCKS = "SELECT COUNT(*) FROM dbo.stwlock AS l"

FIELD_NAMES = {
    "amount_field": "uhrazená částka",
    "count_field": "počet plateb",
    "paid_field": "uhrazeno vše",
    "variable_symbol_column": "variabilní symbol",
    "reference_column": "klíč platby",
}
KIND_NAMES = {
    "amount_field": "Měna",
    "count_field": "Číslo (celé)",
    "paid_field": "Ano/Ne",
    "variable_symbol_column": "Text nebo Číslo",
    "reference_column": "Text nebo Číslo",
}


def database_findings(unit: PohodaUnit, today: dt.date) -> list[Finding]:
    """Everything about the databases of a unit whose names are known. Each look has a connection of its own."""

    def look(area: str, name: str, ask: Callable[[Connection], list[Finding]]) -> list[Finding]:
        def connected_look() -> list[Finding]:
            with connected(unit.database) as connection:
                return ask(connection)

        return looked(area, name, connected_look)

    found = look(AREA, "Účetní jednotka", lambda connection: [_identity(connection, unit, today)])
    if unit.database.kind == "sqlserver":
        found += look(AREA, "SQL Server", _server)
    found += look(AREA, "Práva loginu ke čtení", lambda connection: [_rights(connection, unit)])
    found += look(AREA, "Zámky dokladů", lambda connection: [_locks(connection)])
    found += look(FIELDS, "Seznam polí", lambda connection: _fields(unit, read_catalogue(connection)))
    for name in unit.database.older:
        found += looked(AREA, f"Minulý rok {name}", lambda name=name: [_older(unit, name)])
    return found


def _identity(connection: Connection, unit: PohodaUnit, today: dt.date) -> Finding:
    facts = read_facts(connection, unit)
    told = f"{facts.company}, IČO {facts.ico}, rok {facts.year}, Pohoda {facts.release or 'neznámé verze'}"
    if facts.year == today.year:
        return Finding(AREA, "Účetní jednotka", "ok", "Databáze patří této jednotce a letošnímu roku.", told)
    return Finding(
        AREA,
        "Účetní jednotka",
        "warning",
        "Databáze patří této jednotce, ale není letošního kalendářního roku.",
        told,
        "Jde-li o hospodářský rok, je to v pořádku; jinak nastavte databázi letošního roku.",
    )


def _older(unit: PohodaUnit, name: str) -> Finding:
    older = unit.model_copy(update={"database": unit.database.of_year(name)})
    with connected(older.database) as connection:
        facts = read_facts(connection, older)
    cause = "Databáze minulého roku je čitelná; nic se do ní nezapisuje."
    return Finding(AREA, f"Minulý rok {facts.year}", "ok", cause, f"{facts.company}, Pohoda {facts.release}")


def _server(connection: Connection) -> list[Finding]:
    version, edition, collation, code_page, snapshot, recovery = read_rows(connection, SERVER)[0]
    usual = code_page == CZECH_CODE_PAGE
    waits = "čtení nečeká na zápisy (RCSI)" if snapshot else "čtení krátce čeká na zápisy"
    return [
        Finding(AREA, "SQL Server", "ok", "Server se představil.", f"{edition} {version}, {recovery}, {waits}"),
        Finding(
            AREA,
            "Řazení a kódová stránka",
            "ok" if usual else "warning",
            "Texty jsou v české kódové stránce." if usual else "Kódová stránka databáze není 1250.",
            f"{collation}, kódová stránka {code_page}",
            "" if usual else "Ověřte na dokladech s diakritikou, že se jejich čísla a symboly čtou správně.",
        ),
    ]


def _rights(connection: Connection, unit: PohodaUnit) -> Finding:
    name = "Práva loginu ke čtení"
    if unit.database.kind == "sqlite":
        return Finding(AREA, name, "ok", "Soubor pískoviště se otevírá jen ke čtení.", "mode=ro")
    may = read_rights(connection, unit.database).beyond(())
    if not may:
        cause = "Login smí jen číst: server nevydal žádné právo cokoli změnit."
        return Finding(AREA, name, "ok", cause, "IS_ROLEMEMBER, HAS_PERMS_BY_NAME")
    return Finding(
        AREA,
        name,
        "wrong",
        "Login ke čtení smí v databázi i měnit.",
        listed(may),
        "Vytvořte pro program zvláštní login jen s rolí db_datareader.",
    )


def _locks(connection: Connection) -> Finding:
    count = read_rows(connection, LOCKS)[0][0]
    cause = "Zámky otevřených dokladů lze číst."
    return Finding(AREA, "Zámky dokladů", "ok", cause, f"otevřených dokladů: {count}")


def _fields(unit: PohodaUnit, catalogue: Catalogue) -> list[Finding]:
    found: list[Finding] = []
    for agenda in AGENDAS:
        settings = unit.agenda(agenda)
        if not settings.active:
            continue
        configured = {field: getattr(settings, field) for field in KINDS if getattr(settings, field)}
        found += [_field(agenda, field, name, catalogue) for field, name in configured.items()]
        if not any(field.endswith("_field") for field in configured):
            found.append(_no_field(agenda, catalogue))
    return found


def _field(agenda: str, field: str, name: str, catalogue: Catalogue) -> Finding:
    label = f"{AGENDA_NAMES[agenda]}: {FIELD_NAMES[field]}"
    table, kinds = TABLE[agenda], KINDS[field][1]
    column = catalogue.column(table, name)
    if column and column[1] in kinds:
        return Finding(
            FIELDS, label, "ok", "Pole existuje a je správného druhu.", f"{table}.{column[0]} {column[1]}"
        )
    cause = f"Pole {name} není druhu {KIND_NAMES[field]}." if column else f"Pole {name} v Pohodě není."
    return Finding(
        FIELDS,
        label,
        "wrong",
        cause,
        f"{SETTINGS[agenda]}.{field}, {table}.{column[0]} {column[1]}"
        if column
        else f"{SETTINGS[agenda]}.{field}",
        _usable(field, catalogue.user_fields(table, kinds)),
    )


def _usable(field: str, names: list[str]) -> str:
    if names:
        return f"Použijte některé z polí tohoto druhu: {', '.join(names)}."
    return f"Vytvořte v Pohodě volitelný parametr druhu {KIND_NAMES[field]} (Nastavení, Volitelné parametry)."


def _no_field(agenda: str, catalogue: Catalogue) -> Finding:
    """Marks have nowhere to go; the fields that would do are suggested."""
    marks = ("amount_field", "count_field", "paid_field")
    possible = {field: catalogue.user_fields(TABLE[agenda], KINDS[field][1]) for field in marks}
    offered = "; ".join(f"{FIELD_NAMES[field]}: {', '.join(names)}" for field, names in possible.items() if names)
    return Finding(
        FIELDS,
        f"{AGENDA_NAMES[agenda]}: pole úhrad",
        "warning",
        "V této agendě není kam úhrady zapisovat.",
        offered or "v Pohodě nejsou žádné vhodné volitelné parametry",
        "Vyberte pole v bloku, nebo agendu přestaňte používat.",
    )
