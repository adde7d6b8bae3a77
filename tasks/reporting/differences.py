"""The page that shows what other rules would change, before they are saved."""

from __future__ import annotations

import pandas as pd

from tasks.matching.reasons import STATE_TEXTS, State
from tasks.reporting.text import Row, amount, named, rows_of


def differences_page(differences: pd.DataFrame, days: int) -> str:
    """The documents (`tasks.matching.comparing.DIFFERENCES`) that would stand otherwise, as Markdown."""
    newly = int((differences["new_paid"] & ~differences["old_paid"]).sum())
    no_more = int((differences["old_paid"] & ~differences["new_paid"]).sum())
    top = (
        f"# Co by změnila jiná pravidla\n\nDoklady za posledních {days} dnů. Jinak by jich dopadlo "
        f"{len(differences)}, nově uhrazených by bylo {newly}, uhrazených přestalo být {no_more}. "
        "Nic se nezapsalo a pravidla v nastavení zůstala, jak jsou."
    )
    if differences.empty:
        return top + "\n"

    def row(document: Row) -> tuple[str, ...]:
        currency = str(document["currency"])
        return (
            *named(document),
            amount(document["total"], currency),
            amount(document["old_amount"], currency),
            STATE_TEXTS[State(str(document["old_state"]))],
            amount(document["new_amount"], currency),
            STATE_TEXTS[State(str(document["new_state"]))],
        )

    columns = ("Doklad", "Číslo", "Celkem", "Dnes", "Stav dnes", "Nově", "Stav nově")
    return top + "\n\n" + rows_of(differences, columns, row, "llrrlrl") + "\n"
