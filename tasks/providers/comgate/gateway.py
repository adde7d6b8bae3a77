"""
Comgate's two protocols over the same data, and what its errors mean.

v2.0 is REST with JSON, v1.0 takes a form and answers with a form or JSON; either may announce an error with HTTP
200, so the code in the body decides before the HTTP status does (comgate.md 5).
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from decimal import Decimal
from typing import Any, cast
from urllib.parse import parse_qsl, quote

from blocks.comgate import ComgateShop
from tasks.errors import BadRecord, Refused, SettingError, Unavailable
from tasks.http import Answer, client, send
from tasks.secrets import masked

WHO = "Comgate"
READ_SECONDS = 30.0
LARGEST_STATUS, LARGEST_PAYOUT = 1024 * 1024, 64 * 1024 * 1024

PASSING = frozenset({1100, 1200, 1319, 1399, 1500})
CONFIGURATION = frozenset({1301, 1303, 1311, 1316})
OVERLOADED = 1400
"""Means half a dozen things, told apart by the message alone (comgate.md 5)."""

Record = Mapping[str, Any]


class NotFound(Refused):
    """The gateway knows no such payment, or it belongs to another shop: it does not say which."""


class Gateway:
    """One shop's connection to the gateway; `with` closes it. Safe to share by threads.

    Every call is made within `turn`, which may make it wait.
    """

    def __init__(self, shop: ComgateShop, turn: Callable[[], AbstractContextManager[None]] = nullcontext) -> None:
        self._shop = shop
        self._turn = turn
        self._rest = shop.api == "v2.0"
        self._connection = client(
            f"{shop.address}/{shop.api}/",
            read_seconds=READ_SECONDS,
            auth=(shop.merchant, shop.secret.get_secret_value()) if self._rest else None,
            connections=shop.concurrency,
        )

    def __enter__(self) -> Gateway:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def status(self, key: str) -> Record:
        """What the gateway says of one payment. Raises NotFound when it knows none under this key."""
        found = self._get(f"payment/transId/{quote(key, safe='')}.json", "status", {"transId": key})
        return _mapping(found)

    def methods(self) -> Record:
        """The ways of paying that the shop offers: a question that tries credentials and address alone."""
        return _mapping(self._get("method.json", "methods", {"type": "json"}))

    def payouts(self, day: str) -> list[Record]:
        """The payouts of one day, "2026-03-04"; empty when there were none."""
        return _rows(self._get(f"transferList/date/{day}.json?test=false", "transferList", _real({"date": day})))

    def payout(self, transfer_id: int) -> list[Record]:
        """The rows of one payout: payments, refunds and perhaps sums."""
        path = f"singleTransfer/transferId/{transfer_id}.json?test=false"
        return _rows(self._get(path, "singleTransfer", _real({"transferId": str(transfer_id)})))

    def payout_as_csv(self, transfer_id: int) -> Record:
        """One payout as a file: `nazev` is its name, `csv` its content in base64."""
        path = f"csvSingleTransfer/transferId/{transfer_id}.json?test=false"
        return _mapping(self._get(path, "csvSingleTransfer", _real({"transferId": str(transfer_id)})))

    def _get(self, path: str, operation: str, fields: Mapping[str, str]) -> Any:
        method, target, request = ("GET", path, {}) if self._rest else ("POST", operation, self._form(fields))
        with self._turn():
            answer = send(
                self._connection,
                method,
                target,
                who=WHO,
                secrets=[self._shop.secret],
                largest=LARGEST_STATUS if operation == "status" else LARGEST_PAYOUT,
                **request,
            )
        return understood(answer, self._shop)

    def _form(self, fields: Mapping[str, str]) -> dict[str, Any]:
        credentials = {"merchant": self._shop.merchant, "secret": self._shop.secret.get_secret_value()}
        return {"data": {**credentials, **fields}}


def understood(answer: Answer, shop: ComgateShop) -> Any:
    """The content of an answer that means success: an object or a list.

    Raises Unavailable, SettingError, NotFound or Refused by the code in the body, or by the HTTP status when the
    body carries none, and BadRecord for a body that is none of the known forms.
    """
    try:
        content = decoded(answer.body)
    except BadRecord:
        raise_for_status(answer)
        raise
    code, message = _verdict(content)
    if code is None:
        raise_for_status(answer)
    elif code != 0:
        raise_for_code(code, message, shop)
    return content


def decoded(body: bytes) -> Any:
    """The body as JSON when it looks like JSON, else as a form: what Content-Type says cannot be relied on.

    Raises BadRecord for anything else. A form must hold `code` or `error`, which any text might parse without.
    """
    try:
        text = body.decode("utf-8-sig").strip()
        if text[:1] in ("{", "["):
            return json.loads(text, parse_float=Decimal)
    except (ValueError, ArithmeticError, RecursionError):
        raise BadRecord("Comgate's answer cannot be read", evidence=f"{len(body)} bytes") from None
    fields = dict(parse_qsl(text, keep_blank_values=True, encoding="utf-8"))
    if not fields.keys() & {"code", "error"}:
        raise BadRecord("Comgate's answer is neither JSON nor a form", evidence=f"{len(body)} bytes")
    return fields


def _verdict(content: Any) -> tuple[int | None, str]:
    """Code and message in whichever envelope they come (comgate.md 5), or None when the content carries none."""
    if not isinstance(content, dict):
        return None, ""
    fields = cast("dict[str, Any]", content)
    error = fields.get("error")
    if isinstance(error, dict):
        return _verdict({"code": None, **error})
    given = fields.get("code", error)
    if given is None:
        return None, ""
    if isinstance(given, bool) or not re.fullmatch(r"[0-9]{1,6}", str(given)):
        raise BadRecord("Comgate's answer carries a code that is not a number")
    return int(given), str(fields.get("message") or "")


def raise_for_code(code: int, message: str, shop: ComgateShop) -> None:
    """Raise what a code other than 0 means. The message may echo the request, secret included: it is cut."""
    said = masked(message.partition(", params")[0], [shop.secret])[:200]
    evidence = f"code {code}, {said}" if said else f"code {code}"
    if code in PASSING:
        raise Unavailable("Comgate cannot answer now", evidence=evidence)
    if code in CONFIGURATION:
        raise SettingError("Comgate refuses this shop connection", evidence=evidence, next_step=_CREDENTIALS)
    if code == OVERLOADED:
        _raise_for_1400(said.casefold(), evidence)
    raise Refused("Comgate refused the question", evidence=evidence, code=str(code))


_CREDENTIALS = "compare the shop's identifier and password in the block with Comgate's portal"


def _raise_for_1400(said: str, evidence: str) -> None:
    if "unauthorized location" in said:
        raise SettingError(
            "Comgate does not let this computer's address in",
            evidence=evidence,
            next_step="in Comgate's portal, let the address in the brackets into the shop connection",
        )
    if "unauthorized access" in said:
        raise SettingError("Comgate refuses the credentials", evidence=evidence, next_step=_CREDENTIALS)
    if "not found" in said:
        raise NotFound("Comgate knows no such payment of this shop", evidence=evidence, code=str(OVERLOADED))


def raise_for_status(answer: Answer) -> None:
    """Raise what an HTTP status of 400 or more means when the body says nothing."""
    status, evidence = answer.status, f"HTTP {answer.status}"
    if status in (401, 403):
        next_step = f"{_CREDENTIALS}, and its list of allowed addresses"
        raise SettingError("Comgate refuses the credentials", evidence=evidence, next_step=next_step)
    if status == 404:
        raise NotFound("Comgate knows no such payment of this shop", evidence=evidence, code="404")
    if status == 429 or status >= 500:
        raise Unavailable("Comgate cannot answer now", evidence=evidence, retry_after=answer.retry_after)
    if status >= 400:
        raise BadRecord("Comgate's answer has an error without a reason", evidence=evidence)


def _real(fields: Mapping[str, str]) -> dict[str, str]:
    """Fields that ask for payouts of real money and not for the fixed sample (comgate.md 7)."""
    return {**fields, "test": "false"}


def _mapping(content: Any) -> Record:
    if not isinstance(content, dict):
        raise BadRecord("Comgate's answer is not an object")
    return cast("Record", content)


def _rows(content: Any) -> list[Record]:
    if not isinstance(content, list):
        raise BadRecord("Comgate's answer is not a list")
    return [_mapping(row) for row in cast("list[Any]", content)]
