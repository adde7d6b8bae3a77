"""One accounting unit of POHODA: where its documents are read, where marks go, and how payments are matched."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Annotated, Literal, Self

from prefect.blocks.core import Block
from pydantic import AfterValidator, Field, SecretStr, field_validator, model_validator

from blocks.backup import Backup
from blocks.forms import Maybe, Section
from blocks.matching import Matching

LONGEST_USER_FIELD = 16
"""Characters of a user field's name in Pohoda, its prefix included (pohoda-sql.md 8)."""
NOTES: Mapping[str, str] = {"pozn2": "Pozn2", "pozn": "Pozn"}
"""Columns beside user fields that marks may go to, by their names in lower case, the better one first: the
internal note and the note of a document, both free text that nothing is computed from. No other native column is
one: each of them is printed, matched, booked or acted upon (docs/writing.md)."""


def _column(name: str) -> str:
    plain = name.strip()
    if not re.fullmatch(r"[A-Za-z0-9_]*", plain):
        raise ValueError(
            "Název sloupce smí mít jen písmena bez diakritiky, číslice a podtržítko; opište ho z Pohody."
        )
    return plain


def is_note(name: str) -> bool:
    """Whether the column is one of `NOTES`, whatever its letter case."""
    return name.lower() in NOTES


def _mark_field(name: str) -> str:
    plain = _column(name)
    if is_note(plain):
        return NOTES[plain.lower()]
    if plain and not (plain.lower().startswith("vpr") and len(plain) <= LONGEST_USER_FIELD):
        raise ValueError(
            "Stav úhrad se zapisuje do volitelných parametrů (název začíná VPr a má nejvýše 16 znaků), "
            "nebo jako řádek do poznámky: Pozn2, případně Pozn."
        )
    return plain


Column = Annotated[str, AfterValidator(_column)]
MarkField = Annotated[str, AfterValidator(_mark_field)]


class Database(Section):
    """Where Pohoda keeps the documents of one unit and year."""

    kind: Literal["sqlserver", "sqlite"] = Field(
        default="sqlserver",
        title="Druh databáze",
        description="SQL Server je skutečná Pohoda; SQLite slouží jen pískovišti.",
    )
    server: str = Field(
        default="",
        title="Server",
        description="Jméno serveru, případně i s instancí nebo portem, např. SERVER\\POHODA nebo SERVER,1433; "
        "u SQLite složka.",
    )
    name: str = Field(
        default="",
        title="Databáze",
        description="Název databáze účetní jednotky a roku, např. StwPh_12345678_2026; prázdné = najde se podle "
        "IČO a dneška v seznamu účetních jednotek Pohody. U SQLite cesta k souboru.",
    )
    older: list[str] = Field(
        default=[],
        title="Databáze minulých let",
        description="Databáze předchozích let téže jednotky, ze kterých se doklady jen čtou; není-li vyplněna "
        "databáze, najdou se samy.",
    )
    driver: str = Field(
        default="ODBC Driver 18 for SQL Server",
        title="Ovladač ODBC",
        description="Název ovladače ODBC nainstalovaného na tomto počítači, např. ODBC Driver 17 for SQL Server; "
        "na Linuxu i FreeTDS.",
    )
    login: str = Field(
        default="",
        title="Přihlašovací jméno",
        description="Login SQL Serveru jen pro čtení; prázdné znamená přihlášení účtem Windows.",
    )
    password: Maybe[SecretStr] = Field(default=None, title="Heslo", description="Heslo k loginu SQL Serveru.")
    encrypt: bool = Field(default=True, title="Šifrovat", description="Šifrovat spojení se serverem.")
    trust_certificate: bool = Field(
        default=False,
        title="Důvěřovat certifikátu serveru",
        description="Nekontrolovat certifikát serveru; jen když má server certifikát podepsaný sám sebou.",
    )

    @model_validator(mode="after")
    def _can_connect(self) -> Self:
        if self.kind == "sqlserver" and not self.server:
            raise ValueError("Vyplňte server: jeho jméno nebo adresu, případně s instancí nebo portem.")
        if self.kind == "sqlite" and not (self.name or self.server):
            raise ValueError("U SQLite vyplňte cestu k souboru databáze, nebo složku jako server.")
        if "\\" in self.login:
            raise ValueError(
                "Účet Windows se nevyplňuje: nechte přihlašovací jméno prázdné a spouštějte worker pod tím účtem."
            )
        if self.login and self.password is None:
            raise ValueError("K přihlašovacímu jménu vyplňte heslo, nebo nechte prázdné obojí (účet Windows).")
        return self

    def of_year(self, name: str) -> Database:
        """The same server with the database of another year alone."""
        return self.model_copy(update={"name": name, "older": []})


class MServer(Section):
    """POHODA mServer of the unit."""

    address: str = Field(
        default="http://127.0.0.1:444",
        title="Adresa",
        description="Adresa mServeru bez koncového /xml; na tomto počítači 127.0.0.1, ne localhost.",
    )
    user: str = Field(title="Uživatel", description="Uživatel Pohody s právem na datovou komunikaci a mServer.")
    password: SecretStr = Field(title="Heslo", description="Heslo uživatele Pohody.")
    program: str = Field(
        default="",
        title="Program Pohody",
        description="Cesta k Pohoda.exe, má-li se mServer na dobu zápisu spouštět sám; prázdné = nespouští se.",
    )
    configuration: str = Field(
        default="",
        title="Název konfigurace",
        description="Název konfigurace mServeru v Pohodě, která se má spouštět; vyplňte spolu s programem.",
    )
    starting_seconds: int = Field(
        default=60,
        ge=1,
        le=600,
        title="Čekání na spuštění",
        description="Kolik sekund se po spuštění čeká, než mServer začne odpovídat.",
    )

    @model_validator(mode="after")
    def _can_be_started(self) -> Self:
        if bool(self.program.strip()) != bool(self.configuration.strip()):
            raise ValueError(
                "Ke spouštění mServeru vyplňte program i název konfigurace, nebo nechte obojí prázdné."
            )
        return self

    @field_validator("configuration")
    @classmethod
    def _is_a_name(cls, configuration: str) -> str:
        plain = configuration.strip()
        if plain.startswith(("/", "-")) or '"' in plain:
            raise ValueError("Název konfigurace nezačíná lomítkem ani pomlčkou a nemá uvozovky.")
        return plain

    @field_validator("address")
    @classmethod
    def _is_an_address(cls, address: str) -> str:
        plain = address.strip().rstrip("/").removesuffix("/xml")
        if not re.fullmatch(r"https?://[^/@\s]+(/[^@\s]*)?", plain):
            raise ValueError("Adresa mServeru má tvar http://POČÍTAČ:PORT, např. http://127.0.0.1:444.")
        return plain


class SqlWriting(Section):
    """The login that writes marks straight into the database, and how much it may be able to do."""

    login: str = Field(
        default="",
        title="Přihlašovací jméno pro zápis",
        description="Zvláštní login SQL Serveru, který smí měnit jen pole úhrad; jiný než login pro čtení.",
    )
    password: Maybe[SecretStr] = Field(
        default=None, title="Heslo pro zápis", description="Heslo k loginu pro zápis."
    )
    wide_rights_confirmed: bool = Field(
        default=False,
        title="Přijímám login s většími právy",
        description="Zapisovat i loginem, který smí měnit víc než pole úhrad; kdo získá jeho heslo, smí totéž.",
    )

    @model_validator(mode="after")
    def _can_log_in(self) -> Self:
        if bool(self.login) != (self.password is not None):
            raise ValueError(
                "Pro zápis do databáze vyplňte přihlašovací jméno i heslo, nebo nechte obojí prázdné."
            )
        return self


class Agenda(Section):
    """One kind of documents: whether it takes part, what identifies it, and the fields that marks go to."""

    active: bool = Field(default=True, title="Používat", description="Zda se v této agendě hledají doklady.")
    amount_field: MarkField = Field(
        default="",
        title="Pole uhrazené částky",
        description="Databázový název pole typu Měna, např. VPrUhrazeno; bez edice E1 Pozn2 = řádek v interní "
        "poznámce; prázdné = částka se nezapisuje.",
    )
    count_field: MarkField = Field(
        default="",
        title="Pole počtu plateb",
        description="Databázový název pole typu Číslo (celé), např. VPrPocetPlateb; bez edice E1 Pozn2; "
        "prázdné = nezapisuje se.",
    )
    paid_field: MarkField = Field(
        default="",
        title="Pole „uhrazeno vše“",
        description="Databázový název pole typu Ano/Ne, např. VPrUhrazVse; bez edice E1 Pozn2; "
        "prázdné = nezapisuje se.",
    )
    variable_symbol_column: Column = Field(
        default="",
        title="Sloupec variabilního symbolu",
        description="Prázdné = variabilní symbol dokladu, u objednávek číslice z jejího čísla.",
    )
    reference_column: Column = Field(
        default="",
        title="Sloupec klíče platby",
        description="Sloupec s klíčem platební brány nebo s číslem objednávky z e-shopu, např. PDoklad.",
    )

    @model_validator(mode="after")
    def _fields_differ(self) -> Self:
        given = [name.lower() for name in self._mark_fields if name]
        own, notes = [n for n in given if not is_note(n)], {n for n in given if is_note(n)}
        if len(own) != len(set(own)):
            raise ValueError("Částka, počet plateb a uhrazeno vše potřebují každé své pole, mimo poznámku.")
        if len(notes) > 1:
            raise ValueError("Úhrady, které jdou do poznámky, musí jít všechny do téže: Pozn2, nebo Pozn.")
        if notes & {self.variable_symbol_column.lower(), self.reference_column.lower()}:
            raise ValueError("Poznámka, ze které se čte klíč platby nebo symbol, nemůže nést úhrady.")
        return self

    @property
    def note(self) -> str:
        """The note that marks go to, as a line in it; empty when none does."""
        return next((name for name in self._mark_fields if is_note(name)), "")

    @property
    def _mark_fields(self) -> tuple[str, str, str]:
        return self.amount_field, self.count_field, self.paid_field


class PohodaUnit(Block):
    """
    One accounting unit of POHODA, with everything that reading, matching and writing need.

    Example:
        ```python
        from blocks.pohoda import PohodaUnit

        unit = PohodaUnit.load("BLOCK_NAME")
        ```
    """

    _block_type_name = "Pohoda - účetní jednotka"
    _block_type_slug = "pohoda-unit"
    _description = "Jedna účetní jednotka Pohody: databáze, mServer, pole úhrad a pravidla párování."

    # The form shows the fields in this order: first what everybody fills in.
    ico: Annotated[str, AfterValidator(lambda ico: ico.zfill(8))] = Field(
        title="IČO",
        pattern=r"^[0-9]{1,8}$",
        description="IČO účetní jednotky, jen číslice; kontroluje se proti databázi i mServeru.",
    )
    database: Database = Field(title="Databáze", description="Databáze, ze které se čtou doklady.")
    mserver: MServer = Field(title="mServer", description="Služba, přes kterou se zapisují stavy úhrad.")
    issued_invoices: Agenda = Field(
        default_factory=Agenda, title="Vydané faktury", description="Nastavení agendy vydaných faktur."
    )
    advance_invoices: Agenda = Field(
        default_factory=Agenda,
        title="Vydané zálohové faktury",
        description="Nastavení agendy vydaných zálohových faktur.",
    )
    received_orders: Agenda = Field(
        default_factory=Agenda, title="Přijaté objednávky", description="Nastavení agendy přijatých objednávek."
    )
    writer: Literal["mserver", "sql", "settlement"] = Field(
        default="mserver",
        title="Způsob zápisu",
        description="mserver = do polí úhrad přes mServer (verze Pohody to musí umět); "
        "sql = do volitelných parametrů přímo v databázi, mimo podporované rozhraní Pohody; "
        "settlement = POZOR, zásah do účetnictví: mServer faktury a zálohové faktury skutečně zlikviduje, "
        "bez vazby na banku; likvidace z bankovního výpisu by je pak uhradila podruhé.",
    )
    matching: Matching = Field(
        default_factory=Matching, title="Párování", description="Pravidla, podle kterých platby hledají doklady."
    )
    drift: Literal["ask", "restore", "respect"] = Field(
        default="ask",
        title="Ručně změněné úhrady",
        description="Co s úhradami, které někdo v Pohodě přepsal: ask = nechat a v každé zprávě připomenout; "
        "restore = zapsat znovu podle plateb; respect = nechat je navždy člověku.",
    )
    home_currency: str = Field(
        default="CZK",
        pattern=r"^[A-Z]{3}$",
        title="Domácí měna",
        description="Měna dokladů, které v Pohodě nemají cizí měnu: CZK, u slovenských jednotek EUR.",
    )
    horizon_days: int = Field(
        default=400,
        ge=1,
        title="Horizont ve dnech",
        description="Jak staré doklady a platby se ještě párují.",
    )
    sql: SqlWriting = Field(
        default_factory=SqlWriting,
        title="Zápis do databáze",
        description="Jen pro způsob zápisu sql: čím se k databázi přihlásit pro zápis.",
    )
    backup: Backup = Field(
        default_factory=Backup, title="Zálohování", description="Kam a jak zálohuje běh backup databáze jednotky."
    )
    ledger: Maybe[SecretStr] = Field(
        default=None,
        title="Evidence plateb",
        description="Adresa databáze s evidencí plateb; prázdné = soubor na tomto počítači.",
    )

    def agenda(self, name: str) -> Agenda:
        """The settings of one agenda by its name in `tasks.tables.AGENDAS`."""
        by_name = {
            "issued_invoice": self.issued_invoices,
            "advance_invoice": self.advance_invoices,
            "received_order": self.received_orders,
        }
        return by_name[name]
