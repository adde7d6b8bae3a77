"""Parts of payments as columns, a million at once."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from tasks.matching.keys import Flags, Ints


@dataclass
class Parts:
    """Of each part: its case, the row of its document (-1 for none), its amount, the code of its reason."""

    cases: Ints
    documents: Ints
    amounts: Ints
    reasons: Ints

    def and_also(self, others: Parts) -> Parts:
        """These parts and after them the others."""
        if len(others.cases) == 0:
            return self
        pairs = zip(self._columns(), others._columns(), strict=True)
        return Parts(*(np.concatenate(columns) for columns in pairs))

    def in_order(self, cases: int) -> Parts:
        """The same by case, where the first `cases` rows already are one for each case."""
        if len(self.cases) == cases:
            return self
        later = np.argsort(self.cases[cases:], kind="stable") + cases
        return self.only(np.insert(np.arange(cases), self.cases[later] + 1, later))

    def only(self, rows: Ints | Flags) -> Parts:
        """Those in the given rows."""
        return Parts(*(column[rows] for column in self._columns()))

    def put(self, rows: Ints, by: Parts) -> None:
        """Others in place of those in the given rows."""
        for ours, theirs in zip(self._columns(), by._columns(), strict=True):
            ours[rows] = theirs

    def _columns(self) -> tuple[Ints, Ints, Ints, Ints]:
        return self.cases, self.documents, self.amounts, self.reasons
