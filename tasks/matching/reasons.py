"""The closed lists: why a part of a payment was or was not counted, and how a document stands."""

from __future__ import annotations

from enum import StrEnum


class Reason(StrEnum):
    """Why a part of a payment belongs to a document, or to none. Each part has just one."""

    COUNTED = "counted"
    NO_DOCUMENT = "no_document"
    NO_KEY = "no_key"
    AMBIGUOUS = "ambiguous"
    OTHER_CURRENCY = "other_currency"
    BEFORE_DOCUMENT = "before_document"
    CANCELLED_DOCUMENT = "cancelled_document"
    CREDIT_NOTE = "credit_note"
    IGNORED_COUNTERPARTY = "ignored_counterparty"
    FEE = "fee"
    INTEREST = "interest"
    SETTLEMENT = "settlement"
    OUTGOING = "outgoing"
    ZERO = "zero"
    RETURNED = "returned"
    SEEN_ELSEWHERE = "seen_elsewhere"
    SEEN_AT_GATEWAY = "seen_at_gateway"
    OTHER_CUSTOMERS = "other_customers"
    REFUND_WITHOUT_PAYMENT = "refund_without_payment"
    SURPLUS = "surplus"


class State(StrEnum):
    """How a document stands by the payments counted for it."""

    PAID = "paid"
    UNDERPAID = "underpaid"
    OVERPAID = "overpaid"
    PAID_TWICE = "paid_twice"
    AFTER_REFUND = "after_refund"
    UNPAID = "unpaid"


REASON_TEXTS: dict[Reason, str] = {
    Reason.COUNTED: "započteno na doklad",
    Reason.NO_DOCUMENT: "žádný doklad neodpovídá",
    Reason.NO_KEY: "platba nenese symbol, číslo ani klíč dokladu",
    Reason.AMBIGUOUS: "odpovídá více dokladů a částka nerozhodla",
    Reason.OTHER_CURRENCY: "doklad je v jiné měně",
    Reason.BEFORE_DOCUMENT: "platba přišla dlouho před vystavením dokladu",
    Reason.CANCELLED_DOCUMENT: "doklad je stornovaný",
    Reason.CREDIT_NOTE: "doklad nemá co hradit (dobropis nebo nulová částka)",
    Reason.IGNORED_COUNTERPARTY: "protiúčet se podle nastavení nepočítá",
    Reason.FEE: "poplatek",
    Reason.INTEREST: "úrok",
    Reason.SETTLEMENT: "souhrnná výplata platební brány",
    Reason.OUTGOING: "odchozí platba",
    Reason.ZERO: "nulová částka",
    Reason.RETURNED: "vrácená platba, ke které neznáme původní",
    Reason.SEEN_ELSEWHERE: "tytéž peníze jsou započteny z jiného zdroje",
    Reason.SEEN_AT_GATEWAY: "stejná částka na týž doklad přišla už přes platební bránu",
    Reason.OTHER_CUSTOMERS: "klíč platby nesou doklady různých zákazníků",
    Reason.REFUND_WITHOUT_PAYMENT: "vratka, ke které není započtena žádná platba",
    Reason.SURPLUS: "zbytek platby, na který už žádný doklad nezbyl",
}

STATE_TEXTS: dict[State, str] = {
    State.PAID: "uhrazeno",
    State.UNDERPAID: "uhrazeno částečně",
    State.OVERPAID: "přeplaceno nad mez, „uhrazeno“ čeká na člověka",
    State.PAID_TWICE: "zaplaceno vícekrát, „uhrazeno“ čeká na člověka",
    State.AFTER_REFUND: "peníze byly vráceny",
    State.UNPAID: "bez započtené platby",
}

REASONS: tuple[str, ...] = tuple(reason.value for reason in Reason)
"""Values by their code; tables of a million rows carry codes until the very end."""

CODE: dict[Reason, int] = {reason: code for code, reason in enumerate(Reason)}
