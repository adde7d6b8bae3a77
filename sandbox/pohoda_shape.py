"""
The shape of Pohoda's database as the sandbox builds it: its tables with all their columns, in SQLite.

Column lists: pohoda-sql.md 2.2, 4.3, 5.3, 7 and 8; the user fields are the sandbox's own. SQLite's `money` is a
binary float, so money is declared as text here, and the catalogue beside the database tells the types that SQL
Server would tell.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Mapping

USER_FIELDS = "VPrUhrazeno money; VPrPocetPlateb int; VPrUhrazVse bit; VPrPlatbaKlic varchar(36)"
"""The firm's own fields, in FA and OBJ alike: the three marks and the payment gateway's key."""

_COLUMNS: Mapping[str, str] = {
    "sKonfig": """
        ID int; ICO varchar(15); Rok int; RelRokTp int; DatRokOd datetime; DatRokDo datetime; Firma varchar(255);
        DIC varchar(18)
    """,
    "Verze": """
        ID int; Datum datetime; Nazev varchar(32); TypeDB int; Verze varchar(16); VerzeKasa varchar(16); VerzeGLX
        varchar(16); VerzeMzdy varchar(16); LC varchar(16); Release varchar(16); Nser varchar(32)
    """,
    "stwlock": "rowid int; tablename varchar(32); spid int; processid int",
    "FA": """
        ID int; UsrOrder int; RefCin int; RefStr int; CisloZAK varchar(12); RefUcet int; RefZeme int;
        RelPk int; RelTpDPH int; RelTpFak int; RelDrFak int; RelMobch int; RelForUh int; RelObDPH int;
        RelObKH int; RelObSH int; RelDruh int; ZaokrFV int; ZpOdpZal int; Sel bit; Labels varchar(255);
        Polozky bit; DanDokl bit; Vyrizeno bit; TextDokl bit; BPrenes bit; Cislo varchar(32); RelCR int;
        PDoklad varchar(32); VarSym varchar(20); ParSym varchar(20); CisloKHDPH varchar(32); SText
        varchar(240); Datum datetime; DatUcP datetime; DatSplat datetime; RelDobr int; RelStorn int;
        TpStorn bit; DatStorn datetime; DatLikv datetime; DatZdPln datetime; DatOdDPH datetime; DatKHDPH
        datetime; DatObj datetime; HistSzDPH bit; DICRegDPHEU varchar(18); MOSS varchar(2); MOSSDukaz
        varchar(32); RelObMOSS int; RelZpVypDPH int; RelTpCalcDPH int; Kc0 money; Kc1 money; KcDPH1
        money; Kc2 money; KcDPH2 money; Kc3 money; KcDPH3 money; KcZaloha money; KcCelkem money; KcLikv
        money; KcKRZaloha money; KcU money; KcPrepl money; KcPreplCelkem money; KcZaokr money; KcUplat
        money; KcP money; KcPUpr money; DatPrik datetime; RefCM int; DenEUR bit; CmMnoz int; CmKurs
        float; Cm0 money; CmZaloha money; CmCelkem money; CmLikv money; CmU money; CmZaokr money; CmP
        money; CmPUpr money; DatSplatPozas datetime; KcPozas money; KcLikvPozas money; CmPozas money;
        CmLikvPozas money; OrigKc1 money; OrigKc2 money; KZapoctu money; CisloObj varchar(32); RefAD
        int; RefADdod int; Firma varchar(255); Utvar varchar(32); Jmeno varchar(64); Ulice varchar(64);
        PSC varchar(15); Obec varchar(45); ICO varchar(15); DIC varchar(18); ICDPH varchar(18);
        RelTypDIC int; Email varchar(98); Tel varchar(40); GSM varchar(24); Fax varchar(24); Firma2
        varchar(255); Utvar2 varchar(32); Jmeno2 varchar(64); Ulice2 varchar(64); PSC2 varchar(15);
        Obec2 varchar(45); RefZeme2 int; Tel2 varchar(40); Email2 varchar(98); CenyIDS varchar(10);
        RefDopravci int; DatVytEZ datetime; Ucet varchar(34); KodBanky varchar(11); PrijZprava
        varchar(35); SpecSym varchar(20); KonstSym varchar(4); IsDocID varchar(36); IsCasRoz bit;
        DatCreate datetime; DatSave datetime; TiskFM bit; PlatTerm bit; mPohoda bit; Oznacil varchar(2);
        Ucetni varchar(2); Creator varchar(2); Lock bit; Lock1 bit; Pozn text; Pozn2 text; RelStavEET
        int; StornoEET bit; RefEETProfil int; DatArchiv datetime; Archived bit; NullCheck_Cislo int
    """,
    "OBJ": """
        ID int; UsrOrder int; RefCin int; RefStr int; CisloZAK varchar(12); RefZeme int; RelTpObj int;
        RelForUh int; ZaokrFV int; Sel bit; Labels varchar(255); Polozky bit; Cislo varchar(32); RelCR
        int; PDoklad varchar(32); SText varchar(240); Datum datetime; DatOd datetime; DatDo datetime;
        DatDod datetime; HistSzDPH bit; DICRegDPHEU varchar(18); MOSS varchar(2); MOSSDukaz varchar(32);
        RelZpVypDPH int; RelTpCalcDPH int; Kc0 money; Kc1 money; KcDPH1 money; Kc2 money; KcDPH2 money;
        Kc3 money; KcDPH3 money; KcCelkem money; KcZaokr money; RefCM int; DenEUR bit; CmMnoz int;
        CmKurs float; Cm0 money; CmCelkem money; CmZaokr money; Vyrizeno bit; BDodano bit; TrvalyDok
        bit; Rezer bit; RefAD int; RefADdod int; Firma varchar(255); Utvar varchar(32); Jmeno
        varchar(64); Ulice varchar(64); PSC varchar(15); Obec varchar(45); ICO varchar(15); DIC
        varchar(18); ICDPH varchar(18); RelTypDIC int; Email varchar(98); Firma2 varchar(255); Utvar2
        varchar(32); Jmeno2 varchar(64); Ulice2 varchar(64); PSC2 varchar(15); Obec2 varchar(45);
        RefZeme2 int; Tel2 varchar(40); Email2 varchar(98); CenyIDS varchar(10); RefDopravci int;
        DatVytEZ datetime; Tel varchar(40); GSM varchar(24); Fax varchar(24); RelTpIo int; IoID
        varchar(35); DatStorn datetime; mPohoda bit; RelDruh int; Oznacil varchar(2); DatCreate
        datetime; DatSave datetime; Ucetni varchar(2); Creator varchar(2); Lock bit; Lock1 bit; Pozn
        text; Pozn2 text; tmpEshopObjID varchar(35); tmpEshopIoID varchar(35); RefEETProfil int;
        NullCheck_Cislo int
    """,
    "Uhrady": """
        ID int; DatumU datetime; RelAgH int; RelIDH int; CisloH varchar(33); VarSymH varchar(20); RelAgU
        int; RelIDU int; RefDD int; CisloU varchar(33); KcU money; CmH money; CmU money; KcKRozd money;
        BZavaz bit; UzKursu bit; KcEET money; RelAgPrepl int; RelIDPrepl int; KcPrepl money; Pozn
        varchar(64)
    """,
    "sCMeny": """
        ID int; Sel bit; Pouzit bit; Kod varchar(3); IDS varchar(3); Zeme varchar(32); Mnozstvi int;
        DenEUR bit; DatDen datetime; KoefEUR real; Oznacil varchar(2); Ucetni varchar(2); Creator
        varchar(2); Pozn text; NullCheck_Kod int
    """,
    "sFormUh": """
        ID int; Sel bit; RelTyp int; RelTypFM int; IDS varchar(32); SText varchar(255); UseInAgOT bit;
        UseInAgPH bit; BPUhr bit; RefCM int; CmKurs float; CmMnoz int; KurzAutomat bit; KurzVcerejsi
        bit; Hodnota money; ForEET bit; Ucetni varchar(2); Creator varchar(2); Oznacil varchar(2); Pozn
        text; DatCreate datetime; DatSave datetime; NullCheck_IDS int
    """,
    "sCRady": """
        ID int; UsrOrder int; Sel bit; Rok int; RefIDor int; IDS varchar(5); Cislo varchar(5); SText
        varchar(50); RelCrAg int; RelCrTyp int; RefCrUc int; RefPzdJ int; RelTpObd int; mPohoda bit;
        Oznacil varchar(2); Ucetni varchar(2); Creator varchar(2); Pozn text; DatCreate datetime;
        DatSave datetime
    """,
    "sVP": """
        ID int; UsrOrder int; Sel bit; RelVPTb int; UsrAgID int; IDS varchar(10); Nazev varchar(32);
        TabMain varchar(16); TabItem varchar(16); RelCR int; Items bit; Templates bit; Documents bit;
        List bit; ListIDS varchar(16); ListSText varchar(16); Code text; Settings image; Oznacil
        varchar(2); Ucetni varchar(2); Creator varchar(2); Pozn text
    """,
    "sVPpol": """
        ID int; RefAg int; Items bit; Popis varchar(32); Nazev varchar(16); RelTyp int; Delka int;
        Definice text; RelUL int; OrderFld int; Settings image; Use0 bit; Use1 bit; Use2 bit; Use3 bit;
        Use4 bit; Use5 bit
    """,
}


def columns(table: str) -> dict[str, str]:
    """The table's columns with their types on SQL Server, in order."""
    listed = _COLUMNS[table] + (f"; {USER_FIELDS}" if table in ("FA", "OBJ") else "")
    return dict(" ".join(column.split()).rsplit(" ", 1) for column in listed.split(";"))


def create_tables(connection: sqlite3.Connection) -> None:
    """All tables, empty."""
    for table in _COLUMNS:
        described = ", ".join(_declared(name, kind) for name, kind in columns(table).items())
        connection.execute(f"CREATE TABLE [{table}] ({described})")


def _declared(name: str, kind: str) -> str:
    if name == "ID":
        return "[ID] INTEGER PRIMARY KEY"
    if kind == "money":
        return f"[{name}] TEXT"
    if kind == "bit" and not name.startswith("VPr"):
        return f"[{name}] bit NOT NULL DEFAULT 0"
    return f"[{name}] {kind}"


def create_catalogue(connection: sqlite3.Connection) -> None:
    """What INFORMATION_SCHEMA.COLUMNS tells of these tables on SQL Server, and what the login there may change.

    SQLite has no logins: LOGIN_RIGHTS says what SQL Server would tell of one that may update the user fields.
    """
    connection.execute("CREATE TABLE LOGIN_RIGHTS (KIND varchar(16), PLACE varchar(256), NAME varchar(128))")
    for table in ("FA", "OBJ"):
        marks = [
            n for n, kind in columns(table).items() if n.startswith("VPr") and not kind.startswith("varchar")
        ]
        connection.executemany("INSERT INTO LOGIN_RIGHTS VALUES ('column', ?, ?)", [(table, n) for n in marks])
    connection.execute(
        "CREATE TABLE COLUMNS (TABLE_SCHEMA varchar(128), TABLE_NAME varchar(128), COLUMN_NAME varchar(128), "
        "ORDINAL_POSITION int, DATA_TYPE varchar(128), CHARACTER_MAXIMUM_LENGTH int, IS_NULLABLE varchar(3))"
    )
    for table in _COLUMNS:
        for position, (name, kind) in enumerate(columns(table).items(), start=1):
            base, _, length = kind.rstrip(")").partition("(")
            nullable = "NO" if name == "ID" or (base == "bit" and not name.startswith("VPr")) else "YES"
            connection.execute(
                "INSERT INTO COLUMNS VALUES ('dbo', ?, ?, ?, ?, ?, ?)",
                (table, name, position, base, int(length) if length else None, nullable),
            )
