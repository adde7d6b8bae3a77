"""
The open benchmark of matching: `uv run python -m tests.benchmarks.matching [--documents N] [--seed N] [--json]`.

Measures, in one run and on the same generated tables: time against one bare `pandas.merge` on the text symbol,
throughput against the package reconcile-py, quality against known truth, beside plain SQL equality of the symbol.
Times are of the processor, one thread, the best of a few; docs/matching.md holds results with their seeds.
"""

from __future__ import annotations

import argparse
import json
import sqlite3
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt
import pandas as pd
from reconcile import FieldRule, ReconcileConfig, reconcile
from reconcile.pandas_adapter import from_dataframe

from blocks.matching import Matching
from tasks.marks import wanted
from tasks.matching import Reason, match, suggest
from tests.benchmarks.generator import IGNORED_ACCOUNT, PREFIX, Sample, generate
from tests.benchmarks.judging import PAIR, Judgement, judge, pairs, upper_bound

SETTINGS = Matching(ignored_accounts=[IGNORED_ACCOUNT], series_prefixes=[PREFIX])
T = TypeVar("T")


@dataclass(frozen=True)
class Timed:
    """Seconds of matching beside those of the bare merge of the same tables."""

    documents: int
    merge: float
    match: float

    @property
    def ratio(self) -> float:
        """How many times longer matching takes."""
        return self.match / self.merge


def seconds(work: Callable[[], T], rounds: int) -> tuple[float, T]:
    """The least processor time of a few rounds, and the result."""
    best, result = float("inf"), None
    for _ in range(rounds):
        del result
        started = time.process_time()
        result = work()
        best = min(best, time.process_time() - started)
    assert result is not None
    return best, result


def timed(documents: int, seed: int, message_only: float, rounds: int) -> Timed:
    """Matching and the bare merge on a sample in which so large a share carries nothing but a message."""
    sample = generate(documents, seed, message_only)
    merge, _ = seconds(lambda: sample.payments.merge(sample.documents, on="variable_symbol"), rounds)
    matching, _ = seconds(lambda: match(sample.payments, sample.documents, SETTINGS), rounds)
    return Timed(documents, merge, matching)


def by_matching(sample: Sample) -> tuple[Judgement, pd.DataFrame]:
    """How well the product does, and its suggestions as rows with whether each is right."""
    verdicts = match(sample.payments, sample.documents, SETTINGS)
    marks = wanted(verdicts, sample.documents, SETTINGS)
    paid = marks[marks["paid"]].assign(payment_id=None)
    called_paid = np.zeros(len(sample.documents), np.bool_)
    called_paid[pairs(sample, paid)["document"]] = True
    counted = verdicts[verdicts["reason"] == Reason.COUNTED]
    found = suggest(sample.payments, sample.documents, verdicts, SETTINGS)
    suggested = pairs(sample, found).assign(agenda=found["agenda"])
    meant = pd.MultiIndex.from_frame(sample.meant[PAIR])
    suggested["right"] = pd.MultiIndex.from_frame(suggested[PAIR]).isin(meant)
    return judge(sample, pairs(sample, counted), called_paid), suggested


def by_sql(sample: Sample) -> Judgement:
    """What plain equality of the variable symbol counts: incoming payments, whatever their kind."""
    with sqlite3.connect(":memory:") as database:
        for name, frame, amount in (
            ("payments", sample.payments, "amount"),
            ("documents", sample.documents, "total"),
        ):
            rows = zip(
                range(len(frame)), frame["variable_symbol"].to_list(), frame[amount].to_list(), strict=True
            )
            database.execute(f"CREATE TABLE {name} (place INTEGER PRIMARY KEY, symbol TEXT, {amount} INTEGER)")
            database.executemany(f"INSERT INTO {name} VALUES (?, ?, ?)", rows)
        database.execute("CREATE INDEX by_symbol ON documents (symbol)")
        found = database.execute(
            "SELECT p.place, d.place, p.amount FROM payments p JOIN documents d ON d.symbol = p.symbol "
            "WHERE p.amount > 0"
        ).fetchall()
    counted = pd.DataFrame(found, columns=[*PAIR, "amount"])
    return judge(sample, counted, _paid(sample, counted))


def by_reconcile_py(sample: Sample) -> tuple[float, Judgement]:
    """Seconds and quality of reconcile-py, set to the product's amounts and days and fuzzy text."""
    payments = sample.payments[sample.payments["amount"] > 0]
    text = payments["variable_symbol"].fillna(payments["reference"]).fillna(payments["message"])
    documents = sample.documents.assign(place=np.arange(len(sample.documents)).astype(str))
    left = from_dataframe(
        payments.assign(text=text, place=payments.index.astype(str)),
        amount="amount", date="booked_on", reference="text", id="place",
    )  # fmt: skip
    right = from_dataframe(documents, amount="total", date="issued_on", reference="variable_symbol", id="place")
    config = ReconcileConfig(
        rules=(
            FieldRule("amount", "gate", abs_tol=Decimal(0)),
            FieldRule("date", "gate", day_tol=SETTINGS.days_before_document),
            FieldRule("reference", "grade"),
        ),
        threshold=0.8,
        ambiguity_epsilon=0.05,
    )
    spent, result = seconds(lambda: reconcile(left, right, config), 1)
    counted = pd.DataFrame(
        [(int(ours), int(theirs)) for found in result.matches if not found.ambiguous
         for ours in found.left_ids for theirs in found.right_ids],
        columns=PAIR,
    )  # fmt: skip
    counted["amount"] = sample.documents["total"].to_numpy()[counted["document"]]
    return spent, judge(sample, counted, _paid(sample, counted))


def _paid(sample: Sample, counted: pd.DataFrame) -> npt.NDArray[np.bool_]:
    sums = np.zeros(len(sample.documents), np.int64)
    np.add.at(sums, counted["document"].to_numpy(np.int64), counted["amount"].to_numpy(np.int64))
    return sums >= sample.documents["total"].to_numpy()


def peak_megabytes() -> float | None:
    """The most memory that this process has held, the tables included; None where the system does not tell."""
    try:
        import resource
    except ImportError:
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1024 * 1024 if sys.platform == "darwin" else 1024)


def measure(documents: int, seed: int, small: int, beside: int) -> dict[str, Any]:
    """Everything that the benchmark tells, as one object."""
    rounds = 5 if documents <= 200_000 else 3
    plain = timed(documents, seed, 0.0, rounds)
    memory = peak_megabytes()
    messages = timed(documents, seed, 0.05, rounds)
    few = timed(small, seed, 0.0, 5)
    sample = generate(documents, seed)
    ours, suggested = by_matching(sample)
    alone = suggested[~suggested.duplicated(["payment", "agenda"], keep=False)]
    sql = by_sql(sample)
    little = generate(beside, seed)
    spent, _ = seconds(lambda: match(little.payments, little.documents, SETTINGS), 10)
    theirs_spent, theirs = by_reconcile_py(little)
    ours_little, _ = by_matching(little)
    return {
        "documents": ours.documents,
        "payments": len(sample.payments),
        "seed": seed,
        "seconds_merge": plain.merge,
        "seconds_match": plain.match,
        "ratio_to_merge": plain.ratio,
        "ratio_to_merge_with_messages": messages.ratio,
        "growth_per_document": (plain.match / documents) / (few.match / small),
        "peak_megabytes": memory,
        "wrong_paid": ours.wrong_paid,
        "wrong_paid_per_10000_upper_bound": upper_bound(ours.wrong_paid, ours.documents) * 10_000,
        "wrong_paid_unknowable": ours.wrong_paid_unknowable,
        "wrong_paid_unknowable_per_10000": ours.wrong_paid_unknowable / ours.documents * 10_000,
        "precision": ours.precision,
        "recall": ours.recall,
        "recall_unambiguous": ours.recall_unambiguous,
        "suggestions": len(suggested),
        "suggestions_alone": len(alone),
        "suggestion_precision": float(alone["right"].mean()) if len(alone) else None,
        "sql": _brief(sql),
        "documents_beside_reconcile_py": beside,
        "seconds_reconcile_py": theirs_spent,
        "ratio_to_reconcile_py": theirs_spent / spent,
        "reconcile_py": _brief(theirs),
        "beside_reconcile_py": _brief(ours_little),
        "tiers": ours.tiers.reset_index(names="tier").to_dict("records"),
    }


def _brief(judgement: Judgement) -> dict[str, float]:
    return {
        "precision": judgement.precision,
        "recall": judgement.recall,
        "wrong_paid": judgement.wrong_paid + judgement.wrong_paid_unknowable,
    }


def shown(found: dict[str, Any]) -> str:
    """The object as a table to read."""
    lines = [
        f"{name:38} {_number(value)}" for name, value in found.items() if not isinstance(value, (dict, list))
    ]
    for name in ("sql", "reconcile_py", "beside_reconcile_py"):
        lines += [f"{name + ' ' + key:38} {_number(value)}" for key, value in found[name].items()]
    tiers = pd.DataFrame(found["tiers"]).set_index("tier")
    return "\n".join([*lines, "", tiers.to_string(float_format=lambda rate: f"{rate:.4f}")])


def _number(value: object) -> str:
    return f"{value:.4f}" if isinstance(value, float) else f"{value}"


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description="Measure matching: time, quality, and others beside it.")
    parser.add_argument("--documents", type=int, default=1_000_000, help="documents, and about as many payments")
    parser.add_argument("--seed", type=int, default=1, help="the same size and seed give the same sample")
    parser.add_argument(
        "--small", type=int, default=10_000, help="documents of the sample that growth is told from"
    )
    parser.add_argument(
        "--beside", type=int, default=2_000, help="documents beside reconcile-py, which takes squares"
    )
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    options = parser.parse_args()
    found = measure(options.documents, options.seed, options.small, options.beside)
    print(json.dumps(found, default=float) if options.json else shown(found))


if __name__ == "__main__":
    main()
