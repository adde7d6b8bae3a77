"""
Several documents for one key: which of them a payment pays, by what is still open on each.

Payments that can see the same document are taken in the order of (day, source, identity), so neither the order of
the input nor any payment of other documents has a say.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice

from tasks.matching.reasons import CODE, Reason

MOST_OPEN = 60
"""Among more open documents than this no group is looked for: too many sums come out by chance."""

COUNTED = CODE[Reason.COUNTED]
AMBIGUOUS = CODE[Reason.AMBIGUOUS]
SURPLUS = CODE[Reason.SURPLUS]


@dataclass
class Part:
    """A part of a payment: the row of its document (-1 for none), its amount, and the code of the reason."""

    document: int
    amount: int
    reason: int


@dataclass(frozen=True)
class Claim:
    """A payment in one agenda and the documents it may pay; `root` is the case it takes back, -1 for none."""

    case: int
    amount: int
    documents: tuple[int, ...] = ()
    word: bool = False
    root: int = -1


@dataclass
class Book:
    """What has been counted on each document so far; money and an e-shop's word are kept apart."""

    totals: Sequence[int]
    counted: dict[tuple[bool, int], int] = field(default_factory=dict[tuple[bool, int], int])

    def open(self, word: bool, document: int) -> int:
        """What remains to be paid."""
        return self.totals[document] - self.counted.get((word, document), 0)

    def standing(self, word: bool, document: int) -> int:
        """What has been counted and not gone back."""
        return self.counted.get((word, document), 0)

    def count(self, word: bool, parts: Sequence[Part]) -> None:
        """Remember the counted parts."""
        for part in parts:
            if part.reason == COUNTED:
                key = word, part.document
                self.counted[key] = self.counted.get(key, 0) + part.amount


def shared(claims: Iterable[Claim], totals: Sequence[int], oldest_first: bool) -> dict[int, list[Part]]:
    """The parts of each claim's payment, by case.

    Claims come in their order, a claim that takes another back after it; `documents` of a claim oldest first.
    """
    book = Book(totals)
    settled: dict[int, list[Part]] = {}
    standing: dict[int, int] = {}
    words: dict[int, bool] = {}
    for claim in claims:
        if claim.root in settled:
            word = words[claim.root]
            parts = taken_back(claim.amount, settled[claim.root], standing[claim.root])
            standing[claim.root] += claim.amount
        else:
            word = words[claim.case] = claim.word
            parts = settled[claim.case] = _allotted(claim, book, oldest_first)
            standing[claim.case] = claim.amount
        settled.setdefault(claim.case, parts)
        book.count(word, parts)
    return settled


def taken_back(amount: int, parts: Sequence[Part], standing: int) -> list[Part]:
    """The amount laid on the parts of the payment that it takes back (or, with the payment's sign, brings again).

    `standing` is what of the payment has not gone back yet. How that lies on the parts follows from it alone, so
    that what goes back and comes again in any order leaves each part as it was.
    """
    before, after = _laid(standing, parts), _laid(standing + amount, parts)
    changes = ((part, new - old) for part, old, new in zip(parts, before, after, strict=True))
    return [Part(part.document, change, part.reason) for part, change in changes if change]


def _laid(standing: int, parts: Sequence[Part]) -> list[int]:
    """So much of the payment on its parts, the first ones first; what they cannot hold stays with the first."""
    sign = -1 if sum(part.amount for part in parts) < 0 else 1
    rest, shares = sign * standing, list[int]()
    for part in parts:
        share = min(max(rest, 0), sign * part.amount)
        shares.append(sign * share)
        rest -= share
    shares[0] += sign * rest
    return shares


def _allotted(claim: Claim, book: Book, oldest_first: bool) -> list[Part]:
    if len(claim.documents) == 1:
        return [Part(claim.documents[0], claim.amount, COUNTED)]
    if not claim.documents:
        return [Part(-1, claim.amount, AMBIGUOUS)]
    back = claim.amount < 0
    left = [
        book.standing(claim.word, document) if back else book.open(claim.word, document)
        for document in claim.documents
    ]
    sign = -1 if back else 1
    if chosen := fitting(abs(claim.amount), left):
        return [Part(claim.documents[n], sign * left[n], COUNTED) for n in chosen]
    if not oldest_first:
        return [Part(-1, claim.amount, AMBIGUOUS)]
    return _filled(claim, left, sign)


def fitting(amount: int, left: Sequence[int]) -> tuple[int, ...]:
    """Which positions the amount pays exactly: one if there is just one, else the one group if there is just one.

    Empty when nothing or more than one thing fits; two equal single documents are never told apart by a group.
    """
    single = [n for n, rest in enumerate(left) if rest == amount]
    if single:
        return tuple(single) if len(single) == 1 else ()
    open_ones = [n for n, rest in enumerate(left) if 0 < rest < amount]
    if len(open_ones) > MOST_OPEN or sum(left[n] for n in open_ones) < amount:
        return ()
    found = list(islice(groups(amount, [left[n] for n in open_ones]), 2))
    return tuple(open_ones[place] for place in found[0]) if len(found) == 1 else ()


def groups(amount: int, left: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Every group of 2 to 5 places whose sum is the amount, each once, its places rising.

    Each group is met at its middle: one or two places before it come from a lookup of sums.
    """
    ones: dict[int, list[tuple[int, ...]]] = {}
    twos: dict[int, list[tuple[int, ...]]] = {}
    for middle, rest in enumerate(left):
        missing = amount - rest
        yield from ((*before, middle) for before in ones.get(missing, ()))
        for last in range(middle + 1, len(left)):
            without = missing - left[last]
            yield from ((*before, middle, last) for before in ones.get(without, ()))
            yield from ((*before, middle, last) for before in twos.get(without, ()))
            for between in range(middle + 1, last):
                for before in twos.get(without - left[between], ()):
                    yield (*before, middle, between, last)
        for before in range(middle):
            twos.setdefault(left[before] + rest, []).append((before, middle))
        ones.setdefault(rest, []).append((middle,))


def _filled(claim: Claim, left: Sequence[int], sign: int) -> list[Part]:
    """Oldest first, for a refund newest first; what no document takes is surplus."""
    rest, parts = abs(claim.amount), list[Part]()
    order = range(len(left)) if sign > 0 else reversed(range(len(left)))
    for n in order:
        share = min(rest, max(left[n], 0))
        if share:
            parts.append(Part(claim.documents[n], sign * share, COUNTED))
            rest -= share
    return parts + ([Part(-1, sign * rest, SURPLUS)] if rest else [])
