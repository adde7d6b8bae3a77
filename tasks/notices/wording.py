"""How people are told: one short message per kind of thing, in Czech, that says where and what to do."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from tasks.notices.matter import Code, Matter

Severity = Literal["info", "warning", "error"]
LINES = 10
LONGEST = 400


@dataclass(frozen=True)
class Kind:
    """How one kind of thing is told."""

    title: str
    next_step: str
    severity: Severity


KINDS: dict[Code, Kind] = {
    "payment_waits": Kind(
        "nové platby k posouzení",
        "Otevřete zprávu o běhu, část Platby k posouzení, a platby v Pohodě dohledejte.",
        "info",
    ),
    "paid_twice": Kind(
        "doklady zaplacené vícekrát",
        "Ověřte platby na dokladu; peníze vraťte, nebo je použijte na jiný doklad.",
        "warning",
    ),
    "mark_changed": Kind(
        "úhrady změněné ručně v Pohodě",
        "Ve zprávě o běhu, části Ručně změněné úhrady, stojí, co tam bylo a co program udělal.",
        "warning",
    ),
    "writing_refused": Kind(
        "Pohoda odmítla zapsat úhrady",
        "Otevřete v Pohodě tyto doklady, zda nejsou uzavřené nebo zamčené; další běh zápis zkusí znovu.",
        "error",
    ),
    "unreadable": Kind(
        "nečitelné záznamy od poskytovatele",
        "Otevřete zprávu o běhu, část Nečitelné záznamy, a pošlete ji podpoře; ostatní platby se zapsaly.",
        "warning",
    ),
    "attention": Kind("je potřeba zásah", "Postupujte podle toho, co zpráva říká.", "warning"),
    "expires": Kind(
        "končí platnost přístupu", "Prodlužte ji dříve, než skončí; pak se platby nestáhnou.", "warning"
    ),
    "source_late": Kind(
        "chybějí úplná data o platbách",
        "Otevřete v Prefectu poslední běhy tohoto účtu; nejsou-li žádné, spusťte worker nebo rozvrh.",
        "error",
    ),
    "disk_full": Kind(
        "dochází místo na disku",
        "Uvolněte místo na disku s evidencí plateb, jinak se platby přestanou zapisovat.",
        "error",
    ),
    "check_wrong": Kind(
        "kontrola našla chybu", "Otevřete zprávu kontroly; u každé věci v ní stojí další krok.", "error"
    ),
}


@dataclass(frozen=True)
class Notice:
    """One message to people. `subject` is one line; `text` has a few, none of which can act as markup."""

    code: Code
    severity: Severity
    subject: str
    text: str


def worded(matters: Iterable[Matter], unit: str, ico: str, source: str = "") -> list[Notice]:
    """One message for each kind of thing among the matters. `unit` is the name of the unit's block."""
    by_code: dict[Code, list[Matter]] = {}
    for matter in matters:
        by_code.setdefault(matter.code, []).append(matter)
    return [_worded(code, group, unit, ico, source) for code, group in by_code.items()]


def _worded(code: Code, matters: list[Matter], unit: str, ico: str, source: str) -> Notice:
    kind = KINDS[code]
    where = f"Jednotka: {plain(unit)}"
    where += f" (IČO {plain(ico)})" if ico else ""
    where += f"\nÚčet: {plain(source)}" if source else ""
    text = f"{where}\n\n{_listed(matters)}\n\nCo udělat: {kind.next_step}"
    return Notice(code, kind.severity, f"POHODA platby, {plain(unit)}: {kind.title} ({len(matters)})", text)


def _listed(matters: list[Matter]) -> str:
    lines = Counter(plain(matter.line) for matter in matters)
    shown = [f"- {line}" + (f" ({times}×)" if times > 1 else "") for line, times in lines.most_common(LINES)]
    return "\n".join([*shown, *([f"- a dalších {len(lines) - LINES}"] if len(lines) > LINES else [])])


def plain(text: str) -> str:
    """The text as one line in which nothing can be a link, a mention or other markup where messages are shown."""
    line = re.sub(r"[\x00-\x1f\x7f\u2028\u2029\u202a-\u202e\u2066-\u2069\s]+", " ", text).strip()
    line = line.translate(str.maketrans("<>[]`*|", "‹›()'·/")).replace("://", ":/\u2060/").replace("@", "@\u2060")
    return line if len(line) <= LONGEST else line[: LONGEST - 1] + "…"
