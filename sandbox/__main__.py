"""
The whole product at work in a small invented firm, on this machine alone: `python -m sandbox`.

Everything it starts listens on loopback and ends with it; everything it writes is in a temporary folder.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
from pathlib import Path
from types import FrameType

from sandbox.services import shield


def main() -> int:
    """Parse the command line, shield the user's own Prefect, and run the demonstration."""
    options = _parser().parse_args()
    signal.signal(signal.SIGTERM, _as_interrupt)
    with tempfile.TemporaryDirectory(prefix="pohoda-payments-", ignore_cleanup_errors=True) as folder:
        shield(Path(folder))
        # Prefect reads its settings when it is imported, so it must not be imported before they are set.
        from sandbox.demo import demonstrate

        try:
            right = demonstrate(
                Path(folder), providers=options.provider or ["fio"], seed=options.seed, once=options.once
            )
        except KeyboardInterrupt:
            right = not options.once
    return 0 if right else 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description=__doc__)
    parser.add_argument(
        "--once", action="store_true", help="end after the run; exit status 0 if all marks are right"
    )
    parser.add_argument(
        "--provider",
        action="append",
        help="whose payments to mark: fio (default), another provider's name as in prefect.yaml, or all; may be "
        "repeated",
    )
    parser.add_argument("--seed", type=int, default=1, help="another firm for another number")
    return parser


def _as_interrupt(_signal: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
