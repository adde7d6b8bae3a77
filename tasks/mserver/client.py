"""Speaking with one POHODA mServer: its state, and one request at a time (pohoda-mserver.md 1)."""

from __future__ import annotations

import base64
import gzip
import threading
import time
from typing import NoReturn

import httpx

from blocks.pohoda import MServer
from tasks.errors import BadRecord, OutcomeUnknown, Refused, SettingError, Unavailable
from tasks.http import Answer, AnswerLost, client, send
from tasks.mserver.guard import guard
from tasks.mserver.requests import APPLICATION, Pack
from tasks.mserver.responses import PackAnswer, read_answer
from tasks.mserver.status import Status, read_status

WHO = "mServer"
READ_SECONDS = 180.0
"""How long a request may take before its outcome counts as unknown; Pohoda answers only when it is done."""
QUICK_SECONDS = 10.0
RESTART = "restart this mServer in POHODA (or its whole program, where it does not react) and run again"

_SETTINGS = {
    401: (
        "does not accept the user or the password",
        "correct the mServer user and password in the unit; accented letters may not get through",
    ),
    403: ("does not let this user open the accounting unit", "give the user the right to the unit in POHODA"),
    404: ("is not at this address", "correct the mServer address in the unit; it goes without /xml"),
    405: ("is not what answers at this address", "correct the mServer address in the unit"),
}
_MAYBE_DONE = (408, 500, 502, 504)
"""The request reached somebody who then failed, so an import may or may not have taken effect."""
_turns: dict[str, threading.Lock] = {}
_turns_lock = threading.Lock()


class Frozen(Unavailable):
    """mServer takes connections and answers nothing: only a restart helps."""


class WrongUnit(SettingError):
    """This mServer serves another accounting unit or year, where ids belong to other documents."""


class MServerClient:
    """One mServer and the company number that its accounting unit must have."""

    def __init__(
        self,
        settings: MServer,
        ico: str,
        *,
        read_seconds: float = READ_SECONDS,
        quick_seconds: float = QUICK_SECONDS,
    ) -> None:
        self.address = settings.address.rstrip("/")
        self.ico = ico
        self._settings = settings
        # A connection of its own for each request: one that went stale in between would look like a lost answer.
        own = {"STW-Application": APPLICATION, "Accept-Encoding": "gzip, deflate", "Connection": "close"}
        self._client = client(self.address, headers=own)
        self._read = httpx.Timeout(read_seconds, connect=QUICK_SECONDS)
        self._quick = httpx.Timeout(quick_seconds)

    def status(self) -> Status:
        """How mServer is; needs no login. Raises Frozen when it takes the connection and says nothing."""
        return self._asked("/status")

    def company(self) -> Status:
        """The same with the accounting unit that it serves; needs the login, and so proves it."""
        return self._asked("/status?companyDetail", self._login())

    def wait_until_idle(self, seconds: float = READ_SECONDS, pause: float = 1.0) -> bool:
        """Wait until mServer has no request in work, at most so long; whether it came to that."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                if self.status().idle:
                    return True
            except (Unavailable, SettingError):
                return False
            time.sleep(pause)
        return False

    def post(self, pack: Pack) -> PackAnswer:
        """The answer to one request, after every other request of this process to the same mServer.

        Raises OutcomeUnknown when the pack imports and its answer was lost or cannot be understood, Unavailable
        when nothing was done, SettingError and Refused when mServer refused the request as a whole, and WrongUnit
        when another accounting unit answers.
        """
        guard(pack)
        headers = {
            **self._login(),
            "Content-Type": "text/xml",
            "Content-Encoding": "gzip",
            "STW-Instance": pack.id,
            "STW-Check-Duplicity": "true",
        }
        with _turn(self.address):
            try:
                answer = self._sent("POST", "/xml", self._read, headers, gzip.compress(pack.body, mtime=0))
            except AnswerLost as error:
                _lost(pack, error.evidence)
        if answer.status in _MAYBE_DONE:
            _lost(pack, f"HTTP {answer.status}")
        return self._accepted(pack, _understood(pack, answer))

    def _accepted(self, pack: Pack, answer: PackAnswer) -> PackAnswer:
        if answer.ico and answer.ico != self.ico:
            raise WrongUnit(
                "mServer serves another accounting unit",
                evidence=f"IČO {answer.ico} answered, {self.ico} is set; {answer.note}",
                next_step="correct the mServer address or the IČO in the unit",
            )
        if answer.state == "error" and not answer.items:
            if "oprávn" in answer.note.lower():
                raise SettingError(
                    "The mServer user may not import XML",
                    evidence=answer.note,
                    next_step="give the user the right to data communication (XML) in POHODA",
                )
            raise Refused("mServer refused the whole request", evidence=answer.note, code=answer.state)
        if answer.id != pack.id:
            _lost(pack, "the answer belongs to another request")
        return answer

    def _asked(self, path: str, headers: dict[str, str] | None = None) -> Status:
        try:
            answer = self._sent("GET", path, self._quick, headers or {})
        except AnswerLost as error:
            raise Frozen(
                "mServer takes connections and does not answer", evidence=error.evidence, next_step=RESTART
            ) from None
        if answer.status != 200:
            _refused(answer.status)
        try:
            return read_status(answer.body)
        except BadRecord as error:
            raise SettingError(
                "What answers at the address of mServer is something else",
                evidence=error.evidence or error.cause,
                next_step="correct the mServer address in the unit",
            ) from None

    def _sent(
        self, method: str, path: str, timeout: httpx.Timeout, headers: dict[str, str], body: bytes | None = None
    ) -> Answer:
        try:
            return send(
                self._client,
                method,
                path,
                who=WHO,
                secrets=[self._settings.password],
                headers=headers,
                content=body,
                timeout=timeout,
            )
        except AnswerLost:
            raise
        except Unavailable as error:
            error.next_step = "start this mServer in POHODA; on this computer use 127.0.0.1, not localhost"
            raise

    def _login(self) -> dict[str, str]:
        pair = f"{self._settings.user}:{self._settings.password.get_secret_value()}"
        return {"STW-Authorization": "Basic " + base64.b64encode(pair.encode()).decode()}


def _understood(pack: Pack, answer: Answer) -> PackAnswer:
    if answer.status != 200:
        _refused(answer.status)
    try:
        return read_answer(answer.body)
    except BadRecord as error:
        _lost(pack, error.evidence or error.cause)


def _lost(pack: Pack, evidence: str) -> NoReturn:
    if pack.imports:
        raise OutcomeUnknown(
            "mServer took the request and its answer was lost",
            evidence=evidence,
            next_step="what stands in Pohoda is read back before anything is sent again",
        )
    raise Unavailable("mServer did not answer a question", evidence=evidence)


def _refused(status: int) -> NoReturn:
    """The failure behind a status other than 200 (pohoda-mserver.md 1.8); nothing was changed."""
    if status in _SETTINGS:
        cause, next_step = _SETTINGS[status]
        raise SettingError(f"mServer {cause}", evidence=f"HTTP {status}", next_step=next_step)
    if status >= 500 or status == 408:
        raise Unavailable("mServer cannot answer now", evidence=f"HTTP {status}")
    raise Refused("mServer refused the request", evidence=f"HTTP {status}", code=str(status))


def _turn(address: str) -> threading.Lock:
    with _turns_lock:
        return _turns.setdefault(address, threading.Lock())
