"""Replies of GP webpay in the sandbox: their fields, their signature, and how single ones depart from it."""

from __future__ import annotations

import base64
import random
import re
from dataclasses import dataclass
from enum import Flag, auto
from xml.sax.saxutils import escape

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

SOAP = "http://schemas.xmlsoap.org/soap/envelope/"
S = "http://gpe.cz/pay/pay-ws/proc/v1"
T = "http://gpe.cz/pay/pay-ws/proc/v1/type"
A = "http://gpe.cz/gpwebpay/additionalInfo/response/v1"

Value = str | tuple[tuple[str, "Value"], ...]
"""A field's text, or the fields inside it."""
Field = tuple[str, Value]

CONTACT: Value = (("contact", (("firstName", "Jana"), ("email", "jana@example.cz"))),)
HOLDERS: list[Field] = [
    ("simpleValueHolder", (("name", "terminalId"), ("value", "T0001"))),
    ("simpleValueHolder", (("name", "eci"), ("value", "05"))),
]


class Twist(Flag):
    """How a reply departs from a plain one; several at once."""

    NONE = 0
    WRONG_KEY = auto()
    TAMPERED = auto()
    UNSIGNED = auto()
    FOREIGN_MESSAGE = auto()
    NEW_FIELD = auto()
    EMPTY_SUB_STATUS = auto()
    NO_STATUS = auto()
    NO_AMOUNT = auto()
    NAME_VALUES = auto()
    ADDITIONAL_INFO = auto()
    DEFAULT_NAMESPACE = auto()
    BAD_STATE = auto()
    BAD_TIME = auto()
    BAD_AMOUNT = auto()
    DOCTYPE = auto()
    COMMENT = auto()
    TWICE = auto()


@dataclass
class Writer:
    """Writes signed messages; prefixes are numbered anew for each (gp-webpay.md 5.4)."""

    key: RSAPrivateKey
    other_key: RSAPrivateKey
    algorithm: hashes.HashAlgorithm
    random: random.Random

    def reply(self, operation: str, fields: list[Field], twist: Twist) -> str:
        """The reply of a lookup."""
        child = operation.removeprefix("get")
        child = child[0].lower() + child[1:] + "Response"
        s, t, written = self._prefixes(twist)
        inner = self._signed(twisted(fields, twist), t, twist)
        text = f"<{s}{operation}Response {written}><{s}{child}>{inner}</{s}{child}></{s}{operation}Response>"
        return enveloped(text, twist)

    def fault(self, fields: list[Field], said: str, twist: Twist) -> str:
        """A fault of the service with its signed detail."""
        s, t, written = self._prefixes(twist & ~Twist.DEFAULT_NAMESPACE)
        detail = f"<{s}serviceException {written}>{self._signed(fields, t, twist)}</{s}serviceException>"
        text = (
            f"<e:Fault><faultcode>e:Server</faultcode><faultstring>{escape(said)}</faultstring>"
            f"<detail>{detail}</detail></e:Fault>"
        )
        return enveloped(text, twist)

    def _prefixes(self, twist: Twist) -> tuple[str, str, str]:
        if Twist.DEFAULT_NAMESPACE in twist:
            return "ns2:", "", f'xmlns:ns2="{S}" xmlns="{T}"'
        s, t, spare = (f"ns{number}" for number in self.random.sample(range(2, 30), 3))
        unused = f'xmlns:{spare}="http://gpe.cz/pay/pay-ws/core/type" xmlns="{A}"'
        return f"{s}:", f"{t}:", f'xmlns:{s}="{S}" xmlns:{t}="{T}" {unused}'

    def _signed(self, fields: list[Field], t: str, twist: Twist) -> str:
        text = "".join(_element(name, value, t) for name, value in fields)
        key = self.other_key if Twist.WRONG_KEY in twist else self.key
        values = "|".join(leaf for _, value in fields for leaf in _leaves(value))
        signature = base64.b64encode(key.sign(values.encode(), PKCS1v15(), self.algorithm)).decode()
        if Twist.TAMPERED in twist:
            text = re.sub(r"(captureAmount|primaryReturnCode)>(\d+)<", r"\1>9\2<", text)
        if Twist.COMMENT in twist:
            text = re.sub(r"(captureAmount>\d)", r"\1<!-- -->", text)
        return text if Twist.UNSIGNED in twist else f"{text}<{t}signature>{signature}</{t}signature>"


def twisted(fields: list[Field], twist: Twist) -> list[Field]:
    """The fields with what the twist adds, empties or leaves out, before they are signed."""
    changed: dict[str, Value] = dict(fields)
    for flag, name, value in (
        (Twist.EMPTY_SUB_STATUS, "subStatus", ""),
        (Twist.BAD_STATE, "state", "abc"),
        (Twist.BAD_TIME, "paymentTime", "včera"),
        (Twist.BAD_AMOUNT, "captureAmount", "-1"),
        (Twist.ADDITIONAL_INFO, "additionalInfoResponse", CONTACT),
    ):
        if flag in twist:
            changed[name] = value
    left_out = {"status", "subStatus"} if Twist.NO_STATUS in twist else set[str]()
    left_out |= {"captureAmount"} if Twist.NO_AMOUNT in twist else set()
    listed = [(name, value) for name, value in changed.items() if name not in left_out]
    listed += HOLDERS if Twist.NAME_VALUES in twist else []
    listed += [("futureField", "x1")] if Twist.NEW_FIELD in twist else []
    return listed + ([("captureAmount", "1")] if Twist.TWICE in twist else [])


def enveloped(content: str, twist: Twist = Twist.NONE) -> str:
    """The content in a SOAP envelope."""
    doctype = '<!DOCTYPE x [<!ENTITY y "z">]>' if Twist.DOCTYPE in twist else ""
    return f'{doctype}<e:Envelope xmlns:e="{SOAP}"><e:Body>{content}</e:Body></e:Envelope>'


def _leaves(value: Value) -> list[str]:
    return [value] if isinstance(value, str) else [leaf for _, inner in value for leaf in _leaves(inner)]


def _element(name: str, value: Value, prefix: str) -> str:
    if isinstance(value, str):
        return f"<{prefix}{name}>{escape(value)}</{prefix}{name}>"
    inside, declared = (
        ("a:", f' version="1.0" xmlns:a="{A}"') if name == "additionalInfoResponse" else (prefix, "")
    )
    inner = "".join(_element(own, text, inside) for own, text in value)
    return f"<{prefix}{name}{declared}>{inner}</{prefix}{name}>"
