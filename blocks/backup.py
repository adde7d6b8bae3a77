"""How the databases of an accounting unit are backed up: where to, how long kept, and by whom."""

from __future__ import annotations

from typing import Self

from pydantic import Field, SecretStr, field_validator, model_validator

from blocks.forms import Maybe, Section


class Backup(Section):
    """Backups made by SQL Server itself, so paths are those of its own computer."""

    folder: str = Field(
        default="",
        title="Složka na serveru",
        description="Kam zálohy ukládá SQL Server, např. D:\\Zalohy; cesta platí na počítači SQL Serveru a jeho "
        "služba do ní smí zapisovat. Prázdné = nezálohuje se.",
    )
    reached_as: str = Field(
        default="",
        title="Tatáž složka odtud",
        description="Jak je tatáž složka vidět z počítače, kde běží worker, např. \\\\SERVER\\Zalohy; prázdné = "
        "staré zálohy se nemažou.",
    )
    days_kept: int = Field(
        default=14,
        ge=1,
        title="Ponechat dnů",
        description="Jak staré vlastní zálohy se ještě nechávají; cizích souborů se program nedotkne.",
    )
    system: bool = Field(
        default=True,
        title="Zálohovat i StwPh_sys",
        description="Zálohovat i systémovou databázi Pohody se seznamem jednotek, uživateli a právy.",
    )
    verify: bool = Field(
        default=True,
        title="Ověřovat",
        description="Zálohu hned po zápisu ověřit příkazem RESTORE VERIFYONLY; login k tomu potřebuje právo "
        "CREATE DATABASE.",
    )
    login: str = Field(
        default="",
        title="Přihlašovací jméno pro zálohy",
        description="Login s rolí db_backupoperator; prázdné = stejné přihlášení jako pro čtení.",
    )
    password: Maybe[SecretStr] = Field(
        default=None, title="Heslo pro zálohy", description="Heslo k loginu pro zálohy."
    )

    @field_validator("folder", "reached_as")
    @classmethod
    def _unquoted(cls, path: str) -> str:
        # "Copy as path" in Windows puts the path in quotes.
        plain = path.strip().strip('"').strip()
        return plain.rstrip("\\/") or plain

    @model_validator(mode="after")
    def _can_log_in(self) -> Self:
        if self.login and self.password is None:
            raise ValueError("K loginu pro zálohy vyplňte heslo, nebo nechte obojí prázdné.")
        return self
