"""Business Connector: the list of advices by SOAP and their bytes by HTTPS, both under mutual TLS (csob.md 4)."""

from __future__ import annotations

import datetime as dt
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import zeep
import zeep.exceptions
from zeep.proxy import ServiceProxy
from zeep.transports import Transport

from blocks.csob import CsobAccount
from tasks.days import PRAGUE
from tasks.errors import Refused, SettingError, Unavailable
from tasks.http import Answer, client, send
from tasks.provider import Memory
from tasks.providers.csob.certificate import tls

WHO = "ČSOB Business Connector"
WSDL = Path(__file__).with_name("cebbc.wsdl")
BINDING = "{http://ceb-bc.csob.cz/CEBBCWS}CEBBCWSBinding"

LARGEST_LIST = 16 * 1024 * 1024
LARGEST_FILE = 64 * 1024 * 1024
BLOCKED_SECONDS = 20 * 60.0
"""How long not to call after the bank said that there were too many calls; each call would prolong it."""

PREPARED, READY, FAILED = "R", "D", "F"


@dataclass(frozen=True)
class Listed:
    """One file that the bank offers."""

    name: str
    kind: str
    created: dt.datetime
    size: int
    status: str
    url: str

    @property
    def key(self) -> str:
        """What the file is remembered by; its address changes with every listing."""
        return f"file {self.name} {self.created.isoformat()} {self.size}"


@dataclass(frozen=True)
class Listing:
    """What the bank offers, and the bank's time of that."""

    moment: dt.datetime
    files: tuple[Listed, ...]


class Connector:
    """The bank's service for one contract and one certificate."""

    def __init__(self, account: CsobAccount, memory: Memory) -> None:
        self._account = account
        self._memory = memory
        self._open: tuple[httpx.Client, ServiceProxy] | None = None
        self._blocked_until = 0.0

    def listed(self, since: dt.datetime) -> Listing:
        """The advices that became available after the moment, which must know its zone.

        Waits for its turn first. Raises Unavailable, SettingError or Refused.
        """
        left = self._blocked_until - time.monotonic()
        if left > 0:
            raise Unavailable(f"{WHO} is not to be called for now after too many calls", retry_after=left)
        _, service = self._connected()
        self._memory.wait_turn(f"csob {self._account.contract}", self._account.seconds_between_calls)
        question = {
            "ContractNumber": self._account.contract,
            "PrevQueryTimestamp": since.isoformat(timespec="milliseconds"),
            "Filter": {"FileTypes": {"FileType": ["AVIZO"]}},
        }
        try:
            return _listing(service.GetDownloadFileList_v4(**question))
        except zeep.exceptions.Fault as fault:
            raise self._refusal(fault) from None
        except (zeep.exceptions.Error, ValueError, TypeError, AttributeError) as error:
            raise Unavailable(
                f"The list of files from {WHO} cannot be understood", evidence=type(error).__name__
            ) from None

    def download(self, file: Listed) -> bytes:
        """The bytes of a file that is ready, as many as the list says.

        Raises Unavailable when trying again can help, and Refused with the HTTP status when the bank gives
        this file no more.
        """
        if not file.url.startswith("https://"):
            raise Unavailable(f"{WHO} gave no address of a file that is ready", evidence=file.name)
        answer = _sent(self._connected()[0], "GET", file.url, largest=LARGEST_FILE)
        if answer.status in (400, 404):
            raise Refused(f"{WHO} gives a file no more", evidence=file.name, code=str(answer.status))
        if answer.status != 200:
            raise _unexpected(answer.status)
        if len(answer.body) != file.size:
            raise Unavailable(
                f"{WHO} sent a file of another length than it said",
                evidence=f"{file.name}: {len(answer.body)} bytes instead of {file.size}",
            )
        return answer.body

    def _connected(self) -> tuple[httpx.Client, ServiceProxy]:
        if self._open is None:
            connection = client("", verify=tls(self._account), connections=1)
            settings = zeep.Settings(forbid_dtd=True)  # pyright: ignore[reportCallIssue]
            soap = zeep.Client(str(WSDL), transport=OneRequest(connection), settings=settings)
            self._open = connection, soap.create_service(BINDING, self._account.address)
        return self._open

    def _refusal(self, fault: zeep.exceptions.Fault) -> Exception:
        code, ticket = _error(fault)
        evidence = f"code {code}, ticket {ticket}" if ticket else f"code {code}"
        if code == "1101":
            self._blocked_until = time.monotonic() + BLOCKED_SECONDS
            return Unavailable(f"{WHO} had too many calls", evidence=evidence, retry_after=BLOCKED_SECONDS)
        if code in _LASTING:
            cause, next_step = _LASTING[code]
            return SettingError(cause, evidence=evidence, next_step=next_step)
        if code in ("1000", ""):
            return Unavailable(f"{WHO} reports an error of its own", evidence=evidence)
        return Refused(f"{WHO} refused the list of files", evidence=evidence, code=code)


_LASTING = {
    "1002": (
        "The contract has no access to Business Connector",
        "let the bank switch Business Connector on for the contract",
    ),
    "1011": (
        "The bank does not know this certificate for this contract",
        "register the certificate in the CEB portal and check the number of the contract in the block",
    ),
    "1012": (
        "The bank has blocked this certificate",
        "register another certificate in the CEB portal and put it into the block",
    ),
}
"""Codes after which a person must act (csob.md 4.2)."""


@dataclass(frozen=True)
class Reply:
    """An answer in the form in which zeep takes it."""

    status_code: int
    headers: httpx.Headers
    content: bytes
    encoding: str | None = None


class OneRequest(Transport):
    """How zeep's calls travel: like every other request of this product, and never for a schema."""

    def __init__(self, connection: httpx.Client) -> None:
        super().__init__()
        self._connection = connection

    def post(self, address: str, message: bytes, headers: dict[str, str]) -> Reply:
        answer = _sent(self._connection, "POST", address, largest=LARGEST_LIST, content=message, headers=headers)
        if answer.status not in (200, 500):
            raise _unexpected(answer.status)
        return Reply(answer.status, answer.headers, answer.body)

    def _load_remote_data(self, url: str) -> bytes:
        raise zeep.exceptions.Error("nothing is loaded from the network")


def _sent(connection: httpx.Client, method: str, url: str, *, largest: int, **request: Any) -> Answer:
    """One request; a certificate that either side does not accept is a setting, not an outage."""
    try:
        return send(connection, method, url, who=WHO, largest=largest, **request)
    except Unavailable as error:
        if "CERTIFICATE_VERIFY_FAILED" in error.evidence:
            raise SettingError(
                f"The certificate of {WHO} itself cannot be verified",
                evidence=error.evidence,
                next_step="update the system's authorities or correct the authority in the block csob-account",
            ) from None
        if "ALERT" in error.evidence.upper() and "SSL" in error.evidence:
            raise SettingError(
                f"{WHO} does not accept the certificate",
                evidence=error.evidence,
                next_step="put a certificate that is valid and registered in the CEB portal into the block",
            ) from None
        if "EOF" in error.evidence or "disconnected" in error.evidence:
            raise Unavailable(
                error.cause,
                evidence=error.evidence,
                next_step="if this lasts, check in the CEB portal that the bank accepts the certificate",
            ) from None
        raise


def _listing(answer: Any) -> Listing:
    details = answer.FileList.FileDetail if answer.FileList else []
    return Listing(_moment(answer.QueryTimestamp), tuple(_listed(detail) for detail in details))


def _listed(detail: Any) -> Listed:
    if detail.Status not in (PREPARED, READY, FAILED) or not detail.Filename or detail.Size is None:
        raise ValueError("a file without name, size or known status")
    return Listed(
        name=detail.Filename,
        kind=detail.Type,
        created=_moment(detail.CreationDateTime),
        size=int(detail.Size),
        status=detail.Status,
        url=(detail.Url or "").strip(),
    )


def _moment(value: dt.datetime) -> dt.datetime:
    """The bank's demo leaves the zone out; it is Prague's then (csob.md 4.4)."""
    return value.replace(tzinfo=PRAGUE) if value.tzinfo is None else value


def _error(fault: zeep.exceptions.Fault) -> tuple[str, str]:
    """Code and ticket of the bank's own error, empty when there is none."""
    # An error page in place of an envelope comes as a fault whose detail are its bytes.
    children = [] if fault.detail is None or isinstance(fault.detail, bytes) else fault.detail.iter()
    found = {str(child.tag).rpartition("}")[2]: (child.text or "").strip() for child in children}
    return found.get("Code", ""), found.get("TicketId", "")


def _unexpected(status: int) -> Exception:
    if status in (401, 403):
        return SettingError(
            f"{WHO} does not accept the certificate",
            evidence=f"HTTP {status}",
            next_step="check in the CEB portal that the certificate is registered and not blocked",
        )
    if status >= 500 or status == 429:
        return Unavailable(f"{WHO} cannot answer now", evidence=f"HTTP {status}")
    return Refused(f"{WHO} refused the request", evidence=f"HTTP {status}", code=str(status))
