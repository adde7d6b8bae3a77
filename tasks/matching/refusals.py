"""Counted parts that must not count after all: money for several customers, and money told twice by a gateway."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from tasks.matching.cases import Cases
from tasks.matching.keys import Flags, Ints
from tasks.matching.parts import Parts
from tasks.matching.reasons import CODE, Reason
from tasks.matching.words import GATEWAYS, seen_at_gateway

COUNTED = CODE[Reason.COUNTED]


def refuse_other_customers(cases: Cases, parts: Parts) -> None:
    """Money that would count for documents of different customers counts only where the strictest rule found it,
    and nowhere when that does not tell either."""
    counted, payments = _counted_in_several(cases, parts)
    if len(counted) == 0:
        return
    codes, names = pd.factorize(cases.documents["customer"].to_numpy(dtype=object))
    customers = codes[parts.documents[counted]]
    known = customers >= 0
    counted, payments, customers = counted[known], payments[known], customers[known]
    rules = cases.rule[parts.cases[counted]]
    refused: list[int] = []
    for first, last in _runs(payments, customers):
        rows = [(int(rules[n]), str(names[customers[n]])) for n in range(first, last)]
        if _different(customer for _, customer in rows):
            strictest = min(rule for rule, _ in rows)
            tells = not _different(customer for rule, customer in rows if rule == strictest)
            refused += [
                int(counted[first + n]) for n, (rule, _) in enumerate(rows) if not (tells and rule == strictest)
            ]
    _refuse(cases, parts, np.array(refused, np.int64), Reason.OTHER_CUSTOMERS)


def _counted_in_several(cases: Cases, parts: Parts) -> tuple[Ints, Ints]:
    """The counted parts of payments with several of them, payment by payment, and the rows of those payments."""
    counted = np.flatnonzero(parts.reasons == COUNTED)
    payments = parts.cases[counted] // cases.width
    several = np.bincount(payments, minlength=len(cases.payments))[payments] > 1
    counted, payments = counted[several], payments[several]
    order = np.argsort(payments, kind="stable")
    return counted[order], payments[order]


def _runs(payments: Ints, customers: Ints) -> list[tuple[int, int]]:
    """From where to where each payment's parts go, only for payments whose customers are not all one."""
    if len(payments) == 0:
        return []
    firsts = np.flatnonzero(np.r_[True, payments[1:] != payments[:-1]])
    mixed = np.minimum.reduceat(customers, firsts) != np.maximum.reduceat(customers, firsts)
    lasts = np.r_[firsts[1:], len(payments)]
    return list(zip(firsts[mixed].tolist(), lasts[mixed].tolist(), strict=True))


def _different(customers: Iterable[str]) -> bool:
    """Whether these are certainly not one customer: two company numbers, or two rows of the address book."""
    known: dict[str, str] = {}
    return any(known.setdefault(customer.split(":")[0], customer) != customer for customer in customers)


def refuse_passed_on(cases: Cases, parts: Parts) -> None:
    """Mark what is most likely a gateway's payout to the bank of money that is counted already."""
    gateways: Flags = cases.from_sources(GATEWAYS)
    if not gateways.any() or gateways.all():
        return
    counted = np.flatnonzero(parts.reasons == COUNTED)
    counted = counted[~cases.words[parts.cases[counted] // cases.width]]
    payments = parts.cases[counted] // cases.width
    days = cases.payments["booked_on"].to_numpy().astype("datetime64[D]").astype(np.int64)[payments]
    seen = seen_at_gateway(parts.documents[counted], parts.amounts[counted], gateways[payments], days)
    _refuse(cases, parts, counted[seen], Reason.SEEN_AT_GATEWAY)


def _refuse(cases: Cases, parts: Parts, rows: Ints, reason: Reason) -> None:
    """Let these parts not count, nor what takes their payments back: a refund goes with its payment."""
    if len(rows) == 0:
        return
    refused = np.zeros(len(cases.found), np.bool_)
    refused[parts.cases[rows]] = True
    payments, agendas = np.divmod(parts.cases, cases.width)
    roots = cases.roots[payments]
    follows = (roots >= 0) & (parts.reasons == COUNTED)
    follows[follows] = refused[roots[follows] * cases.width + agendas[follows]]
    parts.reasons[rows] = CODE[reason]
    parts.reasons[follows] = CODE[reason]
