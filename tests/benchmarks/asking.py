"""
How fast the providers that are asked by documents get through many documents, and what they ask the second time.

    uv run python -m tests.benchmarks.asking --json

The sandbox's gateway runs in a process of its own and takes 50 ms for each answer. Of the documents, eight in ten
are paid, one is pending and one is unknown to the gateway. Answers go to a real ledger, as in a run. `ratio` is
what was achieved of what the configured concurrency allows at most; `grown_mib` is how much memory the last nine
tenths of the questions added.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import pandas as pd
from cryptography.hazmat.primitives.asymmetric import rsa

from blocks.comgate import ComgateShop
from blocks.gp_webpay import GpWebpayMerchant
from sandbox import comgate, gp_webpay
from sandbox.comgate import ComgateServer, GatewayPayment
from sandbox.gp_webpay import GpWebpayServer
from sandbox.gp_webpay_payments import CardPayment
from sandbox.serving import served
from tasks.collecting import in_batches
from tasks.ledger import Ledger
from tasks.provider import ByDocuments
from tasks.providers.comgate import Comgate
from tasks.providers.gp_webpay import GpWebpay
from tasks.tables import DOCUMENTS, table

LATENCY = 0.05
TODAY = dt.datetime.now(dt.UTC)
PENDING, UNKNOWN = 8, 9


@dataclass(frozen=True)
class Measured:
    """The figures of one provider at one setting."""

    provider: str
    concurrency: int
    pause_seconds: float
    questions: int
    seconds: float
    per_second: float
    allowed_per_second: float
    ratio: float
    asked_again: int
    can_still_change: int
    wrong_payments: int
    grown_mib: float | None


def key_of(number: int) -> str:
    """A payment key of Comgate for the document of this number."""
    return f"BNCH-{number // 10000:04d}-{number % 10000:04d}"


def number_of(number: int) -> str:
    """A payment number of GP webpay for the document of this number."""
    return str(2_600_000_000 + number)


def documents(count: int) -> pd.DataFrame:
    """So many orders issued today, each with a payment key and a variable symbol."""
    rows = [
        {
            "agenda": "received_order",
            "id": number,
            "number": f"OP{number}",
            "variable_symbol": number_of(number),
            "reference": key_of(number),
            "total": number + 1,
            "currency": "CZK",
            "issued_on": TODAY.date(),
            "cancelled": False,
        }
        for number in range(count)
    ]
    return table(DOCUMENTS, rows)


def serve(provider: str, count: int) -> None:
    """Be the sandbox's gateway until the standard input closes; the first line says where and with which keys."""
    known = [number for number in range(count) if number % 10 != UNKNOWN]
    if provider == "comgate":
        server = ComgateServer(seconds=LATENCY)
        for number in known:
            status = "PENDING" if number % 10 == PENDING else "PAID"
            server.payments[key_of(number)] = GatewayPayment(key_of(number), number + 1, status)
        app, keys = server.app(), {}
    else:
        ours, theirs = (rsa.generate_private_key(65537, 2048) for _ in range(2))
        gateway = GpWebpayServer(theirs, ours.public_key(), seconds=LATENCY)
        for number in known:
            payment = CardPayment(number_of(number), number + 1, TODAY.replace(tzinfo=None))
            gateway.payments[payment.number] = (
                payment if number % 10 == PENDING else payment.capture().close_batch()
            )
        app, keys = (
            gateway.app(),
            {"key": gp_webpay.pem_of(ours), "certificate": gp_webpay.certificate_of(theirs)},
        )
    with served(app) as address:
        print(json.dumps({"address": address, **keys}), flush=True)
        sys.stdin.read()


@contextmanager
def gateway_of(provider: str, count: int) -> Generator[dict[str, str]]:
    """The gateway in a process of its own: its address and keys."""
    command = [sys.executable, "-m", "tests.benchmarks.asking", "--serve", provider, "--count", str(count)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield json.loads(process.stdout.readline())
        process.communicate()


def provider_at(name: str, place: dict[str, str], ledger: Ledger, **settings: Any) -> ByDocuments:
    """The provider for the gateway, at these settings."""
    if name == "comgate":
        return Comgate(comgate.shop(place["address"], **settings), ledger)
    account = GpWebpayMerchant(
        merchant_number=gp_webpay.MERCHANT,
        provider=gp_webpay.PROVIDER,
        private_key=place["key"],  # pyright: ignore[reportArgumentType] - pydantic makes it a secret
        gateway_certificates=[place["certificate"]],
        address=place["address"] + gp_webpay.PATH,
        **settings,
    )
    return GpWebpay(account, ledger)


def measured(name: str, count: int, concurrency: int, pause: float) -> Measured:
    """Ask about all documents once, and count what is due for a second time right after."""
    with ExitStack() as opened:
        folder = opened.enter_context(tempfile.TemporaryDirectory())
        place = opened.enter_context(gateway_of(name, count))
        url = f"sqlite:///{(Path(folder) / 'ledger.db').as_posix()}"
        ledger = opened.enter_context(Ledger.open(url))
        provider = provider_at(name, place, ledger, concurrency=concurrency, pause_seconds=pause)
        questions, _ = provider.questions(documents(count))
        early = memory_mib()
        started = time.perf_counter()
        for n, batch in enumerate(in_batches(ledger.due(provider.source, questions, TODAY))):
            for raw in provider.ask(batch):
                now = dt.datetime.now(dt.UTC)
                ledger.record(provider.source, provider.read(raw, now), run="benchmark", at=now)
            early = memory_mib() if n <= count // 5000 else early
        seconds = time.perf_counter() - started
        late = memory_mib()
        again = ledger.due(provider.source, questions, dt.datetime.now(dt.UTC))
        wrong = wrong_payments(ledger, count, name)
    allowed = min(concurrency / LATENCY, 1 / pause if pause else float("inf"))
    return Measured(
        provider=name,
        concurrency=concurrency,
        pause_seconds=pause,
        questions=count,
        seconds=round(seconds, 2),
        per_second=round(count / seconds, 1),
        allowed_per_second=round(allowed, 1),
        ratio=round(count / seconds / allowed, 3),
        asked_again=len(again),
        can_still_change=sum(number % 10 in (PENDING, UNKNOWN) for number in range(count)),
        wrong_payments=wrong,
        grown_mib=None if early is None or late is None else round(late - early, 1),
    )


def wrong_payments(ledger: Ledger, count: int, name: str) -> int:
    """How many documents have another sum in the ledger than the gateway holds."""
    spelt = key_of if name == "comgate" else number_of
    should = {spelt(n): n + 1 for n in range(count) if n % 10 not in (PENDING, UNKNOWN)}
    stands = ledger.payments().groupby("reference")["amount"].sum().to_dict()
    return len(should.items() ^ stands.items())


def memory_mib() -> float | None:
    """The memory that this process holds now, where the system tells it in /proc."""
    try:
        pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    except OSError:
        return None
    return pages * 4096 / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="print the figures as JSON")
    parser.add_argument("--count", type=int, default=2000, help="documents to ask about (default 2000)")
    parser.add_argument("--serve", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.serve:
        serve(arguments.serve, arguments.count)
        return
    block = {"comgate": ComgateShop, "gp-webpay": GpWebpayMerchant}
    found: list[Measured] = []
    for name, kind in block.items():
        usual = {field: kind.model_fields[field].default for field in ("concurrency", "pause_seconds")}
        found.append(measured(name, arguments.count, usual["concurrency"], 0.0))
        found.append(measured(name, arguments.count, 4, 0.0))
        found.append(measured(name, min(arguments.count, 50), usual["concurrency"], usual["pause_seconds"]))
    if arguments.json:
        print(json.dumps([asdict(one) for one in found], indent=2))
    else:
        print(pd.DataFrame([asdict(one) for one in found]).to_string(index=False))


if __name__ == "__main__":
    main()
