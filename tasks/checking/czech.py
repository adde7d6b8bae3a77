"""What the product's errors mean, in the words of those who read the check."""

from __future__ import annotations

from tasks.errors import PohodaPaymentsError

_ADMINISTRATOR = "Požádejte správce SQL Serveru o roli db_datareader v této databázi; s novým rokem se ztrácí."
_IN_THE_UNIT = "Opravte údaj v bloku účetní jednotky."

MEANINGS: tuple[tuple[str, str, str], ...] = (
    (
        "SQL Server refused the login",
        "SQL Server přihlášení odmítl.",
        "Ověřte se správcem přihlašovací jméno a heslo v bloku.",
    ),
    (
        "SQL Server does not trust this Windows account",
        "SQL Server nevěří účtu Windows, pod kterým běží worker.",
        "Vyplňte přihlašovací jméno, nebo spouštějte worker pod účtem domény.",
    ),
    ("The login is disabled", "Login je zakázaný.", "Ať ho správce SQL Serveru povolí."),
    (
        "The login is locked",
        "Login je zamčený po chybných heslech.",
        "Opravte heslo v bloku a nechte login odemknout.",
    ),
    ("password has expired", "Heslo loginu vypršelo.", "Nastavte loginu nové heslo a zapište ho do bloku."),
    (
        "password must be changed",
        "Heslo loginu se musí změnit.",
        "Nastavte loginu nové heslo a zapište ho do bloku.",
    ),
    (
        "The database has no such table",
        "V databázi nejsou tabulky Pohody.",
        "Opravte název databáze v bloku účetní jednotky.",
    ),
    ("may not read what is needed", "Login v databázi jednotky nesmí číst.", _ADMINISTRATOR),
    ("The login sees no table", "Login nevidí tabulky dokladů.", _ADMINISTRATOR),
    ("may not open a database", "Login nesmí otevřít databázi jednotky.", _ADMINISTRATOR),
    (
        "is not installed on this computer",
        "Na tomto počítači chybí ovladač ODBC.",
        "Nainstalujte ho, nebo do bloku napište název nainstalovaného.",
    ),
    (
        "pyodbc does not load",
        "Z tohoto počítače se SQL Serveru nelze dovolat, nejde načíst pyodbc.",
        "Nainstalujte ODBC Driver 18 for SQL Server od Microsoftu (na Linuxu i unixodbc).",
    ),
    (
        "certificate cannot be trusted",
        "Certifikátu databázového serveru nelze věřit.",
        "Nainstalujte certifikát na tento počítač, nebo zapněte důvěru v bloku, podepsal-li se server sám.",
    ),
    (
        "does not encrypt connections",
        "Databázový server spojení nešifruje.",
        "Ať mu správce dá certifikát, nebo v bloku vypněte šifrování, je-li síť mezi počítači vaše vlastní.",
    ),
    (
        "FreeTDS cannot check",
        "FreeTDS neumí ověřit certifikát serveru.",
        "Použijte ovladač Microsoftu, nebo v bloku zapněte důvěru certifikátu.",
    ),
    (
        "does not speak a version of TLS",
        "Server nemluví verzí TLS, kterou ovladač přijímá.",
        "Ať správce zapne na SQL Serveru TLS 1.2, nebo použijte ODBC Driver 17.",
    ),
    (
        "no room left for the database or its log",
        "SQL Server nemá pro databázi nebo její log místo.",
        "Uvolněte místo na disku serveru; SQL Server Express pojme v jedné databázi nejvýš 10 GB.",
    ),
    (
        "says that the database is damaged",
        "SQL Server hlásí, že je databáze poškozená.",
        "Ať správce hned spustí DBCC CHECKDB a databázi obnoví ze zálohy.",
    ),
    (
        "Pohoda is changing its tables just now",
        "Pohoda právě mění své tabulky.",
        "Počkejte, až její aktualizace skončí.",
    ),
    (
        "Pohoda's database is not available now",
        "Databáze Pohody teď není dostupná.",
        "Ověřte, že SQL Server běží, že server a databáze v bloku souhlasí a že v Pohodě neprobíhá obnova "
        "ani uzávěrka.",
    ),
    (
        "has a database of the accounting unit to itself",
        "Databázi jednotky má Pohoda sama pro sebe.",
        "Počkejte, až skončí obnova nebo uzávěrka.",
    ),
    (
        "The database belongs to another accounting unit",
        "Databáze patří jiné účetní jednotce.",
        "Opravte IČO nebo název databáze v bloku účetní jednotky.",
    ),
    (
        "No database of this accounting unit",
        "K této účetní jednotce se nenašla databáze letošního roku.",
        "Opravte IČO, získejte právo číst StwPh_sys, nebo název databáze vyplňte.",
    ),
    (
        "Several databases are of the same year",
        "Jeden rok jednotky je ve více databázích.",
        "Vyplňte v bloku název té pravé.",
    ),
    (
        "mServer takes connections and does not answer",
        "mServer je zamrzlý: spojení přijme a neodpoví.",
        "Restartujte v Pohodě tento mServer; nereaguje-li, celý program.",
    ),
    (
        "does not accept the user or the password",
        "mServer nepřijal uživatele nebo heslo.",
        "Opravte v bloku uživatele a heslo; písmena s diakritikou v hesle nemusejí projít.",
    ),
    (
        "does not let this user open the accounting unit",
        "Uživatel mServeru nesmí otevřít účetní jednotku.",
        "Dejte uživateli v Pohodě právo k jednotce.",
    ),
    (
        "The mServer user may not import XML",
        "Uživatel mServeru nesmí importovat XML.",
        "Dejte mu právo datové komunikace.",
    ),
    (
        "mServer serves another accounting unit",
        "mServer obsluhuje jinou účetní jednotku nebo jiný rok.",
        "Opravte adresu mServeru nebo databázi tak, aby obojí bylo téhož roku.",
    ),
    ("is something else", "Na adrese mServeru odpovídá něco jiného.", _IN_THE_UNIT),
    ("is not what answers at this address", "Na adrese mServeru odpovídá něco jiného.", _IN_THE_UNIT),
    ("is not at this address", "Na této adrese mServer není.", "Opravte adresu v bloku; píše se bez /xml."),
    (
        "mServer cannot be reached",
        "mServer neběží nebo se k němu nelze dovolat.",
        "Spusťte ho v Pohodě; na tomto počítači je jeho adresa 127.0.0.1, ne localhost.",
    ),
    (
        "refuses updates of documents through mServer",
        "Tato verze Pohody úpravu dokladů přes mServer odmítá.",
        "Zeptejte se Stormwaru na verzi, která ji umí, nebo v bloku zvolte jiný způsob zápisu.",
    ),
    (
        "something else with an update than update",
        "Tato verze Pohody s úpravou dokladu udělá něco jiného, takže se jí nic neposílá.",
        "Prohlédněte v Pohodě poslední doklady a v bloku zvolte jiný způsob zápisu.",
    ),
    (
        "cannot be told whether this release",
        "Nelze poznat, zda tato verze Pohody úpravu dokladů přijímá.",
        "Ověřte práva uživatele mServeru v Pohodě.",
    ),
    (
        "This ledger belongs to another",
        "Evidence plateb patří jiné účetní jednotce.",
        "Dejte každé jednotce vlastní evidenci, nebo nechte pole prázdné.",
    ),
    (
        "The ledger was written by a newer version",
        "Evidenci plateb zapsala novější verze programu.",
        "Aktualizujte program na tomto počítači.",
    ),
    (
        "The ledger's file is damaged",
        "Soubor evidence plateb je poškozený nebo chybí.",
        "Spusťte běh některého poskytovatele, ten evidenci obnoví z její vlastní zálohy; nejde-li to, "
        "obnovte soubor ze zálohy počítače. Platby se pak stáhnou znovu samy.",
    ),
    (
        "The damaged ledger could not be replaced",
        "Poškozenou evidenci plateb se nepodařilo nahradit její zálohou.",
        "Ukončete všechny běhy této jednotky, ověřte místo na disku a spusťte běh znovu.",
    ),
    (
        "A write to Pohoda could not be noted",
        "Zápis do Pohody se nepodařilo poznamenat vedle evidence.",
        "Uvolněte místo na disku a ověřte právo zápisu do složky evidence.",
    ),
    (
        "The ledger's database cannot be used",
        "Evidenci plateb nelze použít.",
        "Ověřte adresu, práva a místo na disku, nebo ji obnovte ze zálohy.",
    ),
    (
        "The ledger's database cannot be reached",
        "Evidence plateb je teď zamčená nebo nedostupná.",
        "Počkejte, až skončí běh, který ji drží.",
    ),
    ("The ledger's address is not understood", "Adrese evidence plateb nelze rozumět.", _IN_THE_UNIT),
    ("The folder of the ledger cannot be made", "Složku evidence plateb nelze vytvořit.", _IN_THE_UNIT),
    (
        "does not know the token",
        "Banka token nezná.",
        "Ověřte v bankovnictví, že token existuje, platí a vznikl aspoň před 5 minutami.",
    ),
    (
        "The consent does not cover the account",
        "Souhlas u České spořitelny se na tento účet nevztahuje.",
        "Opravte IBAN a měnu v bloku, nebo udělte souhlas znovu a vyberte tento účet.",
    ),
    (
        "The folder with advices cannot be read",
        "Složku s avízy nelze číst.",
        "Opravte cestu v bloku ČSOB, jak ji vidí počítač s workerem.",
    ),
    (
        "does not accept the certificate",
        "Druhá strana certifikát nepřijala.",
        "Vložte do bloku platný a u banky zaregistrovaný certifikát.",
    ),
    (
        "The certificate for Business Connector cannot be used",
        "Certifikát pro Business Connector nelze použít.",
        "Ověřte v bloku ČSOB, že certifikát, klíč a heslo patří k sobě.",
    ),
    (
        "Comgate refuses",
        "Comgate přihlašovací údaje odmítl.",
        "Porovnejte v bloku identifikátor a heslo obchodu s portálem Comgate.",
    ),
    (
        "does not let this computer's address in",
        "Comgate nepouští adresu tohoto počítače.",
        "Povolte v portálu Comgate adresu, kterou uvádí.",
    ),
    ("did not answer in time", "Druhá strana včas neodpověděla.", "Spusťte kontrolu později znovu."),
    (
        "cannot be reached or broke off",
        "Druhé straně se nelze dovolat.",
        "Ověřte adresu v bloku, připojení a firewall, a spusťte kontrolu znovu.",
    ),
    ("cannot be loaded", "Blok se nepodařilo načíst.", "Vytvořte ho v Prefectu, nebo opravte jeho jméno."),
    (
        "is not filled in as it must be",
        "Blok není vyplněný, jak má být.",
        "Otevřete ho v Prefectu a uložte znovu.",
    ),
)
"""A part of the error's cause, what it means, and what to do. The first that fits counts."""


def in_czech(error: PohodaPaymentsError) -> tuple[str, str]:
    """What the error means and what to do about it; two empty texts for an error without words of its own."""
    for part, cause, next_step in MEANINGS:
        if part in error.cause:
            return cause, next_step
    return "", ""
