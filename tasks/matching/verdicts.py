"""
Payments and documents to verdicts.

Gates and rules find documents for each payment (`cases`), documents that several payments claim are shared in
their order (`sharing`), money that must not count after all is refused (`refusals`), and an e-shop's word counts
only where no money does (`words`).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from operator import itemgetter

import numpy as np
import numpy.typing as npt
import pandas as pd

from blocks.matching import Matching
from tasks.matching import gates
from tasks.matching.cases import Cases
from tasks.matching.keys import Flags, Ints
from tasks.matching.parts import Parts
from tasks.matching.reasons import CODE, REASONS, Reason
from tasks.matching.refusals import refuse_other_customers, refuse_passed_on
from tasks.matching.sharing import Claim, shared
from tasks.matching.words import seen_elsewhere
from tasks.tables import AGENDAS, DOCUMENTS, PAYMENTS, VERDICTS, checked

COUNTED = CODE[Reason.COUNTED]


def match(
    payments: pd.DataFrame, documents: pd.DataFrame, settings: Matching, agendas: Sequence[str] = AGENDAS
) -> pd.DataFrame:
    """The verdicts on all payments in each of the agendas, in the order of the payments.

    Takes `PAYMENTS` and `DOCUMENTS`, gives `VERDICTS`: for each payment and agenda one row, or several that sum
    to the payment's amount when it was split. Only rows with the reason `counted` are money on a document. Pure.
    """
    inside = documents["agenda"].isin(list(agendas))
    documents = checked(DOCUMENTS, documents if inside.all() else documents[inside]).reset_index(drop=True)
    cases = Cases(checked(PAYMENTS, payments).reset_index(drop=True), documents, settings, agendas)
    cases.search()
    parts = _parts(cases)
    refuse_other_customers(cases, parts)
    refuse_passed_on(cases, parts)
    parts = _once(cases, parts)
    parts.reasons[_baseless(cases, parts)] = CODE[Reason.REFUND_WITHOUT_PAYMENT]
    parts.documents[parts.reasons != COUNTED] = -1
    return _table(cases, parts.in_order(len(cases.found)))


def _parts(cases: Cases) -> Parts:
    """Each case as a part of its own, or as the parts that shared documents make of it."""
    reasons: Ints = cases.uncounted()
    reasons[cases.found > 0] = COUNTED
    linked = np.flatnonzero(np.repeat((cases.roots >= 0) & (cases.barred == gates.PASSED), cases.width))
    root = cases.roots[linked // cases.width] * cases.width + linked % cases.width
    for column in (cases.document, cases.rule, cases.found, reasons):
        column[linked] = column[root]
    amounts = np.repeat(cases.payments["amount"].to_numpy(), cases.width)
    parts = Parts(np.arange(len(cases.found), dtype=np.int32), cases.document.copy(), amounts, reasons)
    if not cases.several:
        return parts
    slow = _sharing(cases, reasons, linked[cases.found[linked] > 1])
    first = np.r_[True, slow.cases[1:] != slow.cases[:-1]]
    parts.put(slow.cases[first], slow.only(first))
    return parts.and_also(slow.only(~first))


def _sharing(cases: Cases, reasons: Ints, followers: Ints) -> Parts:
    """The cases that can see a document which a case with several documents sees, decided one after another.

    `followers` take back payments of such cases.
    """
    several = np.concatenate([case for case, _ in cases.several])
    documents = np.concatenate([document for _, document in cases.several])
    touched = np.zeros(len(cases.documents), np.bool_)
    touched[documents] = True
    single = np.flatnonzero((cases.found == 1) & (reasons == COUNTED))
    single = single[touched[cases.document[single]]]
    crowded = np.flatnonzero((cases.found > 1) & (cases.document < 0))
    choices: dict[int, list[int]] = {case: [] for case in crowded.tolist()}
    for case, document in zip(several.tolist(), documents.tolist(), strict=True):
        choices.setdefault(case, []).append(document)
    for case, document in zip(single.tolist(), cases.document[single].tolist(), strict=True):
        choices[case] = [document]
    age = _age(cases.documents, np.unique(documents))
    order = _in_order(cases, np.unique(np.r_[several, single, followers, crowded]))
    claims = _claims(cases, order, choices, age)
    settled = shared(claims, cases.documents["total"].tolist(), cases.settings.oldest_first)
    rows = [(case, p.document, p.amount, p.reason) for case, found in settled.items() for p in found]
    rows.sort(key=itemgetter(0))
    return Parts(*np.array(rows, np.int64).reshape(-1, 4).T)


def _claims(cases: Cases, order: Ints, choices: dict[int, list[int]], age: dict[int, int]) -> Iterator[Claim]:
    rows, agendas = np.divmod(order, cases.width)
    amounts, words = cases.payments["amount"].to_numpy()[rows], cases.words[rows]
    roots = np.where(cases.roots[rows] >= 0, cases.roots[rows] * cases.width + agendas, -1)
    columns = (order.tolist(), amounts.tolist(), words.tolist(), roots.tolist())
    for case, amount, word, root in zip(*columns, strict=True):
        documents = () if root >= 0 else tuple(sorted(choices[case], key=age.__getitem__))
        yield Claim(case, amount, documents, word, root)


def _in_order(cases: Cases, some: Ints) -> Ints:
    """Cases by money before words, day, source and identity; what takes a payment back comes after it."""
    rows = some // cases.width
    booked = cases.payments["booked_on"].to_numpy()
    taken_back = np.where(cases.roots[rows] >= 0, booked[cases.roots[rows]], booked[rows])
    identities = cases.payments["payment_id"].to_numpy(dtype=object)[rows]
    sources = cases.payments["source"].to_numpy(dtype=object)[rows]
    day = np.maximum(booked[rows], taken_back)
    return some[np.lexsort((_ranks(identities), _ranks(sources), cases.depths[rows], day, cases.words[rows]))]


def _age(documents: pd.DataFrame, rows: Ints) -> dict[int, int]:
    """The place of each of the documents among these, oldest first."""
    numbers = documents["number"].to_numpy(dtype=object)[rows]
    issued, ids = documents["issued_on"].to_numpy()[rows], documents["id"].to_numpy()[rows]
    return {row: place for place, row in enumerate(rows[np.lexsort((ids, _ranks(numbers), issued))].tolist())}


def _ranks(texts: npt.NDArray[np.object_]) -> Ints:
    """Each text's place in the order of texts; a missing text comes first."""
    return pd.factorize(texts, sort=True)[0].astype(np.int64)


def _once(cases: Cases, parts: Parts) -> Parts:
    """The same with the words of e-shops that money already says marked as such."""
    if not cases.words.any():
        return parts
    counted = np.flatnonzero(parts.reasons == COUNTED)
    words = cases.words[parts.cases[counted] // cases.width]
    told = parts.cases[counted[words]]
    places = np.zeros(len(counted), np.int64)
    places[words] = pd.Index(_in_order(cases, np.unique(told))).get_indexer(pd.Index(told))
    seen = np.zeros_like(parts.amounts)
    seen[counted] = seen_elsewhere(parts.documents[counted], parts.amounts[counted], words, places)
    split = np.flatnonzero((seen != 0) & (seen != parts.amounts))
    rest = parts.only(split)
    rest.amounts = rest.amounts - seen[split]
    parts.amounts[split] = seen[split]
    parts.reasons[seen != 0] = CODE[Reason.SEEN_ELSEWHERE]
    return parts.and_also(rest)


def _baseless(cases: Cases, parts: Parts) -> Flags:
    """Refunds counted on documents for which no money is counted at all."""
    counted = parts.reasons == COUNTED
    paid = np.zeros(len(cases.documents) + 1, np.bool_)
    paid[parts.documents[counted & (parts.amounts > 0)]] = True
    return counted & (parts.amounts < 0) & ~paid[parts.documents]


def _table(cases: Cases, parts: Parts) -> pd.DataFrame:
    payments, agendas = np.divmod(parts.cases, cases.width)
    ids = np.r_[cases.documents["id"].to_numpy(), 0]
    names = pd.array([rule.name for rule in cases.settings.rules] or [""], dtype="str")
    columns = {
        "source": cases.payments["source"].array.take(payments),
        "payment_id": cases.payments["payment_id"].array.take(payments),
        "agenda": pd.array(list(cases.agendas), dtype="str").take(agendas),
        "document_id": pd.arrays.IntegerArray(ids[parts.documents], parts.documents < 0),
        "amount": parts.amounts,
        "rule": names.take(cases.rule[parts.cases], allow_fill=True),
        "reason": pd.array(list(REASONS), dtype="str").take(parts.reasons),
    }
    return checked(VERDICTS, pd.DataFrame(columns, copy=False))
