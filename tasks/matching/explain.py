"""The page that explains one document or one payment to the people of the firm, in Czech and in Markdown."""

from __future__ import annotations

import datetime as dt

import pandas as pd

from tasks.matching.reasons import REASON_TEXTS, STATE_TEXTS, Reason
from tasks.matching.tracing import Considered, DocumentExplained, Outcome, PaymentExplained
from tasks.money import czech
from tasks.reporting.text import AGENDA_NAMES, amount, day, escaped, table_of

RULE_NAMES = {
    "variable_symbol": "variabilní symbol",
    "specific_symbol": "specifický symbol",
    "constant_symbol": "konstantní symbol",
    "reference": "klíč platby",
    "number": "číslo objednávky",
    "creditor_reference": "RF reference",
    "symbol_in_message": "symbol ve zprávě",
    "number_in_message": "číslo ve zprávě",
}


def document_page(
    found: DocumentExplained, history: pd.DataFrame, freshness: pd.DataFrame, today: dt.date
) -> str:
    """The page of a document.

    `history` has the writes of its marks (intended_at, new_amount, new_count, new_paid, outcome, run), and
    `freshness` the sources with the day until which their data are complete (source, complete_until).
    """
    sums = f"Uhrazeno {czech(found.amount, found.currency)} z {czech(found.total, found.currency)}"
    return "\n\n".join(
        (
            f"# {AGENDA_NAMES[found.agenda]} {escaped(found.number)}",
            f"**{STATE_TEXTS[found.state]}.** {sums}, plateb: {found.count}.",
            *(() if found.paid else _stale(freshness, today)),
            "## Posuzované platby",
            _considered(found.considered, of_payment=False),
            "## Zápisy do Pohody",
            _history(history, found.currency),
            "## Úplnost dat",
            _freshness(freshness),
        )
    )


def payment_page(found: PaymentExplained, freshness: pd.DataFrame) -> str:
    """The page of a payment; `freshness` as for a document."""
    rows = [
        (AGENDA_NAMES[agenda], *_outcome(outcome, found.currency))
        for agenda, outcomes in found.outcomes.items()
        for outcome in outcomes
    ]
    return "\n\n".join(
        (
            f"# Platba {escaped(found.payment_id)}",
            f"{czech(found.amount, found.currency)}, {day(found.booked_on)}, zdroj {escaped(found.source)}.",
            "## Výsledek",
            table_of(("Agenda", "Částka", "Pravidlo", "Proč"), rows, "lrll"),
            "## Posuzované doklady",
            _considered(found.considered, of_payment=True),
            "## Úplnost dat",
            _freshness(freshness),
        )
    )


def _stale(freshness: pd.DataFrame, today: dt.date) -> tuple[str, ...]:
    """A warning that money may have come of which we do not know yet: yesterday is missing from a source."""
    yesterday = pd.Timestamp(today) - pd.Timedelta(days=1)
    stale = freshness[freshness["complete_until"].isna() | (freshness["complete_until"] < yesterday)]
    if stale.empty:
        return ()
    names = ", ".join(escaped(source) for source in stale["source"])
    return (f"**Pozor: data nejsou úplná** ({names}), platba mohla přijít a ještě o ní nevíme.",)


def _considered(considered: tuple[Considered, ...], *, of_payment: bool) -> str:
    if not considered:
        return "Žádné."
    return "\n\n".join(_pair(pair, of_payment=of_payment) for pair in considered)


def _pair(pair: Considered, *, of_payment: bool) -> str:
    money = f"{czech(pair.amount, pair.currency)}, {day(pair.booked_on)}"
    payment = f"Platba {escaped(pair.payment_id)} ({escaped(pair.source)}): {money}"
    title = f"{AGENDA_NAMES[pair.agenda]} {escaped(pair.number)}" if of_payment else payment
    ends = "; ".join(
        ": ".join((_outcome(o, pair.currency)[0], _outcome(o, pair.currency)[2])) for o in pair.outcomes
    )
    stopped = [REASON_TEXTS[gate.reason] for gate in pair.gates if not gate.passed]
    lines = [
        f"### {title}",
        f"* Výsledek v agendě: {ends}",
        f"* Brány: {'neprošla – ' + '; '.join(stopped) if stopped else 'všemi prošla'}",
        *(f"* Pravidlo {_rule(rule.rule)}: {_said(rule.used, rule.keyed, rule.equal)}" for rule in pair.rules),
        *([f"* Návrh: {pair.suggestion}"] if pair.suggestion else []),
    ]
    return "\n".join([lines[0], "", *lines[1:]])


def _said(used: bool, keyed: bool, equal: bool) -> str:
    result = "shoduje se" if equal else "neshoduje se" if keyed else "platba takový údaj nemá"
    return result if used else f"{result} (pravidlo se zde nepoužívá)"


def _rule(name: str) -> str:
    return " + ".join(RULE_NAMES[part] for part in name.split("+")) if name else ""


def _outcome(outcome: Outcome, currency: str) -> tuple[str, str, str]:
    here = REASON_TEXTS[outcome.reason]
    if outcome.reason == Reason.COUNTED:
        here = f"{here} (id {outcome.document_id})"
    return czech(outcome.amount, currency), _rule(outcome.rule), here


def _history(history: pd.DataFrame, currency: str) -> str:
    if history.empty:
        return "Na tento doklad jsme zatím nic nezapsali."
    rows = [
        (
            escaped(write["intended_at"]),
            amount(write["new_amount"], currency),
            str(write["new_count"]),
            "ano" if write["new_paid"] else "ne",
            escaped(write["outcome"]),
            escaped(write["run"]),
        )
        for write in history.to_dict("records")
    ]
    return table_of(("Kdy", "Uhrazeno", "Plateb", "Uhrazeno vše", "Zápis", "Běh"), rows, "lrrlll")


def _freshness(freshness: pd.DataFrame) -> str:
    rows = [
        (escaped(row["source"]), day(row["complete_until"]) or "dosud ne") for row in freshness.to_dict("records")
    ]
    return table_of(("Zdroj", "Úplná do dne"), rows, "ll")
