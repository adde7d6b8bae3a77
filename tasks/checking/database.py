"""The unit's database: whose it is, what it runs on, what its login may do, and the configured fields."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence

from blocks.pohoda import PohodaUnit, is_note
from tasks.checking import Finding, looked
from tasks.errors import SettingError
from tasks.pohoda.catalogue import (
    KINDS,
    MARK_FIELDS,
    SETTINGS,
    TABLE,
    Catalogue,
    kind_of,
    read_catalogue,
    read_facts,
)
from tasks.pohoda.connection import Connection, connected, read_rows
from tasks.pohoda.fields import FieldChoice, possible_fields, read_labels
from tasks.pohoda.finding import SYSTEM, beside
from tasks.pohoda.rights import listed, read_rights
from tasks.reporting.text import AGENDA_NAMES
from tasks.tables import AGENDAS, MARKS

AREA = "Databáze"
FIELDS = "Pole dokladů"
RIGHTS_TO_READ = "Práva loginu ke čtení"
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
    found += look(AREA, RIGHTS_TO_READ, lambda connection: [_rights(connection, unit, RIGHTS_TO_READ)])
    found += look(AREA, "Zámky dokladů", lambda connection: [_locks(connection)])
    found += look(FIELDS, "Seznam polí", lambda connection: _fields(connection, unit))
    for name in unit.database.older:
        found += looked(AREA, f"Minulý rok {name}", lambda name=name: _older(unit, name))
    return found


def list_findings(unit: PohodaUnit) -> list[Finding]:
    """What the login may do in Pohoda's list of units, by which the unit's databases are found; nothing where the
    list is closed to it and they were found without."""

    def look() -> list[Finding]:
        try:
            with connected(beside(unit.database, SYSTEM)) as connection:
                return [_rights(connection, unit, f"{RIGHTS_TO_READ}, {SYSTEM}")]
        except SettingError:
            return []

    return looked(AREA, f"{RIGHTS_TO_READ}, {SYSTEM}", look)


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


def _older(unit: PohodaUnit, name: str) -> list[Finding]:
    older = unit.model_copy(update={"database": unit.database.of_year(name)})
    with connected(older.database) as connection:
        facts = read_facts(connection, older)
        rights = _rights(connection, older, f"{RIGHTS_TO_READ}, rok {facts.year}")
    cause = "Databáze minulého roku je čitelná; nic se do ní nezapisuje."
    told = f"{facts.company}, Pohoda {facts.release}"
    return [Finding(AREA, f"Minulý rok {facts.year}", "ok", cause, told), rights]


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


def _rights(connection: Connection, unit: PohodaUnit, name: str) -> Finding:
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


def _fields(connection: Connection, unit: PohodaUnit) -> list[Finding]:
    catalogue, labels = read_catalogue(connection), read_labels(connection)
    found: list[Finding] = []
    for agenda in AGENDAS:
        settings = unit.agenda(agenda)
        if not settings.active:
            continue
        choices = possible_fields(unit, agenda, catalogue, labels)
        configured = {field: getattr(settings, field) for field in KINDS if getattr(settings, field)}
        found += [_field(agenda, field, name, catalogue, choices) for field, name in configured.items()]
        marked = any(field in MARK_FIELDS for field in configured)
        found.append(_possible(agenda, choices) if marked else _no_field(agenda, choices))
    return found


def _field(agenda: str, field: str, name: str, catalogue: Catalogue, choices: Sequence[FieldChoice]) -> Finding:
    label = f"{AGENDA_NAMES[agenda]}: {FIELD_NAMES[field]}"
    table, kinds = TABLE[agenda], kind_of(field, name)[1]
    column = catalogue.column(table, name)
    place = f"{table}.{column[0]} {column[1]}" if column else table
    if column and column[1] in kinds:
        noted = field in MARK_FIELDS and is_note(name)
        line = " Píše se do něj řádek mezi text lidí."
        return Finding(FIELDS, label, "ok", f"Pole existuje a je správného druhu.{line if noted else ''}", place)
    cause = f"Pole {name} není druhu {KIND_NAMES[field]}." if column else f"Pole {name} v Pohodě není."
    usable = "; ".join(_described(choice) for choice in choices if choice.type in kinds)
    next_step = (
        f"Použijte některé z polí tohoto druhu: {usable}."
        if usable
        else f"Vytvořte v Pohodě volitelný parametr druhu {KIND_NAMES[field]} (Nastavení, Volitelné parametry)."
    )
    note = next((choice for choice in choices if choice.note and field in MARK_FIELDS), None)
    without = f" Bez edice E1 použijte {_described(note)}." if note and not usable else ""
    return Finding(FIELDS, label, "wrong", cause, f"{SETTINGS[agenda]}.{field}, {place}", next_step + without)


def _possible(agenda: str, choices: Sequence[FieldChoice]) -> Finding:
    """Where else marks could go."""
    cause = "Kam lze v této agendě úhrady zapisovat."
    return Finding(FIELDS, f"{AGENDA_NAMES[agenda]}: možná pole", "ok", cause, _listed(choices))


def _no_field(agenda: str, choices: Sequence[FieldChoice]) -> Finding:
    """Marks have nowhere to go; what would do is told with what it is called in Pohoda, and suggested."""
    suggested = [
        f"{FIELD_NAMES[f'{mark}_field']} = {_described(choice)}"
        for mark in MARKS
        for choice in choices
        if mark in choice.suggested_for
    ]
    by_note = any(choice.suggested_for and choice.note for choice in choices)
    better = " S edicí E1 raději vytvořte volitelné parametry." if by_note else ""
    return Finding(
        FIELDS,
        f"{AGENDA_NAMES[agenda]}: pole úhrad",
        "warning",
        "V této agendě není kam úhrady zapisovat.",
        _listed(choices),
        f"Nabízí se: {'; '.join(suggested)}. Zapište to do bloku.{better}"
        if suggested
        else "Vyberte nebo vytvořte pole a zapište je do bloku, nebo agendu přestaňte používat.",
    )


def _listed(choices: Sequence[FieldChoice]) -> str:
    if not choices:
        return "v Pohodě nejsou žádné vhodné volitelné parametry"
    return "možná pole: " + "; ".join(f"{_described(choice)}, {_kind(choice)}" for choice in choices)


def _kind(choice: FieldChoice) -> str:
    """The field's kind as Pohoda calls it when one is made."""
    return "řádek v textu" if choice.note else KIND_NAMES[f"{next(iter(choice.fits))}_field"]


def _described(choice: FieldChoice) -> str:
    return f"{choice.name} („{choice.label}“)" if choice.label else choice.name
