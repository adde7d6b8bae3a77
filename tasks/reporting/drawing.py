"""
Days drawn as a picture: strips of days by source, and bars of money, as SVG that any browser shows by itself.

The Prefect UI drops SVG written into Markdown but shows it as an image with a `data:` address, in both of its
faces. There the picture has no access to the page: it brings its own background and follows a dark theme by
the browser's word. States differ in shape as well as in colour.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal
from xml.sax.saxutils import escape

from tasks.days import Days
from tasks.money import czech

DayState = Literal["complete", "missing", "unknown"]

WIDTH = 760
LABELS = 190
"""Where the days begin; names of sources stand before."""
CELL = 14
ROW = 24
CHART = 90
LONGEST_NAME = 27

_STYLE = """
svg{--paper:#fff;background:var(--paper);--ink:#1f2328;--soft:#6b7280;--ok:#2f8f6b;--bad:#c0392b;--wait:#d97706}
@media (prefers-color-scheme:dark){svg{--paper:#1c1f26;--ink:#e8eaed;--soft:#9aa3af;--ok:#46b58b;--bad:#ff7b6b;
--wait:#f5a742}}
text{font:12px system-ui,'Segoe UI',sans-serif;fill:var(--ink)}.s{font-size:10px;fill:var(--soft)}
.m{text-anchor:middle}.e{text-anchor:end}.h{font-weight:600}
.complete,.counted{fill:var(--ok)}.missing{fill:none;stroke:var(--bad);stroke-width:1.6}
.unknown{fill:none;stroke:var(--soft);stroke-dasharray:2 2}.waiting{fill:var(--wait)}
circle{stroke:var(--paper);stroke-width:1.5}.axis{stroke:var(--soft)}
"""


@dataclass(frozen=True)
class Strip:
    """One source: of each day whether its data are complete, and whether a payment of it waits for a decision."""

    name: str
    states: Sequence[DayState]
    waiting: Sequence[bool]


@dataclass(frozen=True)
class Bars:
    """Money that came on each day in one currency, in hundredths: counted for documents, and waiting."""

    currency: str
    counted: Sequence[int]
    waiting: Sequence[int]


def drawn(days: Days, strips: Sequence[Strip], bars: Sequence[Bars]) -> str:
    """The picture as SVG. Every strip and every row of bars has one value for each of the days."""
    step = (WIDTH - LABELS - 12) / len(days)
    parts = [*_legend()]
    top = 50
    for strip in strips:
        parts += _strip(strip, top, step)
        top += ROW
    parts += _calendar(days, top + 6, step)
    top += 22
    for row in bars:
        parts += _bars(row, top, step)
        top += CHART + 40
        parts += _calendar(days, top - 12, step)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" height="{top}">'
        f"<style>{_STYLE}</style>{''.join(parts)}</svg>"
    )


def as_image(svg: str, told: str) -> str:
    """The picture as Markdown; `told`, escaped already, is read where it cannot be seen."""
    return f"![{told}](data:image/svg+xml;base64,{b64encode(svg.encode()).decode()})"


def _legend() -> Iterable[str]:
    entries = (
        ("complete", "data úplná"),
        ("missing", "data chybí"),
        ("unknown", "den se nesleduje nebo neskončil"),
    )
    left = 12
    for state, what in entries:
        yield f'<path class="{state}" d="{_shape(state, left, 14)}"/>'
        yield _text(left + CELL + 6, 26, what)
        left += 40 + 7 * len(what)
    yield f'<circle class="waiting" cx="{left + 7}" cy="21" r="4"/>{_text(left + 20, 26, "čeká platba")}'


def _strip(strip: Strip, top: float, step: float) -> Iterable[str]:
    name = (
        strip.name if len(strip.name) <= LONGEST_NAME else strip.name[: LONGEST_NAME - 7] + "…" + strip.name[-6:]
    )
    yield _text(12, top + 12, name)
    for state in ("complete", "missing", "unknown"):
        places = [LABELS + n * step + (step - CELL) / 2 for n, found in enumerate(strip.states) if found == state]
        if places:
            yield f'<path class="{state}" d="{"".join(_shape(state, left, top) for left in places)}"/>'
    for n, waits in enumerate(strip.waiting):
        if waits:
            yield f'<circle class="waiting" cx="{LABELS + (n + 0.5) * step:.0f}" cy="{top + 7}" r="4.5"/>'


def _shape(state: str, left: float, top: float) -> str:
    box = f"M{left:.0f} {top}h{CELL}v{CELL}h-{CELL}z"
    return box + (f"l{CELL} {CELL}m0 -{CELL}l-{CELL} {CELL}" if state == "missing" else "")


def _bars(row: Bars, top: float, step: float) -> Iterable[str]:
    highest = max((a + b for a, b in zip(row.counted, row.waiting, strict=True)), default=0)
    base = top + 16 + CHART
    yield _text(12, top + 28, f"Přijaté peníze, {row.currency}", "h")
    for down, kind, what in ((40, "counted", "započteno"), (58, "waiting", "čeká na rozhodnutí")):
        yield _bar(kind, 12, top + down, 10, 10) + _text(28, top + down + 10, what)
    yield f'<path class="axis" d="M{LABELS} {base}H{WIDTH - 12}"/>'
    yield _text(WIDTH - 12, top + 10, f"nejvíce za den {czech(highest, row.currency)}", "s e")
    for n, (counted, waiting) in enumerate(zip(row.counted, row.waiting, strict=True)):
        left, width = LABELS + (n + 0.15) * step, step * 0.7
        low, high = (CHART * part / highest if highest else 0.0 for part in (counted, waiting))
        yield _bar("counted", left, base - low, width, low) + _bar(
            "waiting", left, base - low - high, width, high
        )


def _bar(kind: str, left: float, top: float, width: float, height: float) -> str:
    if height <= 0:
        return ""
    return f'<rect class="{kind}" x="{left:.1f}" y="{top:.1f}" width="{width:.1f}" height="{height:.1f}"/>'


def _calendar(days: Days, top: float, step: float) -> Iterable[str]:
    return (_text(LABELS + (n + 0.5) * step, top, str(day.day), "s m") for n, day in enumerate(days))


def _text(left: float, top: float, text: str, classes: str = "") -> str:
    return (
        f'<text x="{left:.0f}" y="{top:.0f}"'
        + (f' class="{classes}">' if classes else ">")
        + f"{escape(text)}</text>"
    )
