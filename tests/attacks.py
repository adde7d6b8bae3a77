"""What a hostile or broken other side may answer, the same for every entrance, a new one included."""

from __future__ import annotations

import gzip
import json
import re
from typing import Any

from sandbox.faults import Fault

FORGED = "\n2026-01-01 ERROR forged line\x1b[31m"
MARKUP = "<script>alert(1)</script>[x](javascript:alert(1))![y](http://evil.example/p.png)|`*_#"
FORMULA = '=HYPERLINK("http://evil.example","x")'
HOSTILE = f"{FORMULA}{MARKUP}\u202e{FORGED}\x00' OR 1=1; DROP TABLE payments; -- %_"

LAUGHS = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
LAUGHTER = f'<?xml version="1.0"?><!DOCTYPE l [<!ENTITY l0 "ha">{LAUGHS}]><l>&l9;</l>'.encode()
QUADRATIC = f'<?xml version="1.0"?><!DOCTYPE q [<!ENTITY q "{"q" * 50_000}">]><q>{"&q;" * 5_000}</q>'.encode()
OUTSIDE = b'<?xml version="1.0"?><!DOCTYPE o [<!ENTITY o SYSTEM "file:///etc/passwd">]><o>&o;</o>'
PARAMETER = b'<?xml version="1.0"?><!DOCTYPE o SYSTEM "http://127.0.0.1:9/evil.dtd"><o/>'
ENVELOPE = b'<s:Envelope xmlns:s="http://schemas.xmlsoap.org/soap/envelope/"><s:Body>'


def _xml(body: bytes) -> Fault:
    return Fault(status=200, body=body, content_type="text/xml; charset=utf-8")


def _json(body: bytes) -> Fault:
    return Fault(status=200, body=body, content_type="application/json; charset=utf-8")


def _text_of(value: Any) -> Any:
    """The same JSON with every text replaced, and every key left as it is."""
    if isinstance(value, dict):
        return {key: _text_of(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_text_of(item) for item in value]
    return HOSTILE if isinstance(value, str) else value


def texts(body: bytes) -> bytes:
    """The answer with every text in it hostile: JSON by values, XML between its tags, other kinds by words."""
    try:
        return json.dumps(_text_of(json.loads(body))).encode()
    except ValueError:
        said = re.sub(r"[\x00-\x1f]", "", HOSTILE).replace("&", "").replace("<", "&lt;").encode()
        pattern = (
            rb">[^<>\r\n]*[A-Za-z][^<>]*<" if body.lstrip()[:1] == b"<" else rb"(?<=[;\"])[A-Za-z ]{4,}(?=[;\"])"
        )
        return re.sub(pattern, lambda found: b">" + said + b"<" if found[0][:1] == b">" else said, body)


def halves(body: bytes) -> bytes:
    """JSON with half of a character in every text."""
    return re.sub(rb'": ?"[^"\\]*"', rb'": "\\ud800"', body)


def numbers(body: bytes) -> bytes:
    """Numbers that no one can have: infinite, none at all, and with a thousand digits."""
    wild = iter([b"1e400", b"NaN", b"-Infinity", b"9" * 5000, b"1e-999"] * len(body))
    return re.sub(rb"(?<=[:\[>;])\s*-?[0-9]+(?:\.[0-9]+)?(?=[,\]}<;])", lambda _: next(wild), body)


ATTACKS: dict[str, Fault] = {
    "billion laughs": _xml(LAUGHTER),
    "quadratic blow-up": _xml(QUADRATIC),
    "entity of a file": _xml(OUTSIDE),
    "DTD from the network": _xml(PARAMETER),
    "laughs in an envelope": _xml(LAUGHTER.replace(b"<l>", b"<l>" + ENVELOPE)),
    "deep XML": _xml(b"<a>" * 100_000),
    "deep XML that ends": _xml(b"<a>" * 5_000 + b"</a>" * 5_000),
    "deep JSON": _json(b"[" * 100_000),
    "deep JSON that ends": _json(b'{"a":' * 5_000 + b"1" + b"}" * 5_000),
    "JSON of another shape": _json(b'[{"a": null}, 1e400, "x", true]'),
    "JSON of nothing": _json(b"null"),
    "JSON of one number": _json(b"1" * 5_000),
    "numbers": Fault(rewrite=numbers),
    "texts": Fault(rewrite=texts),
    "half characters": Fault(rewrite=halves),
    "NULs": Fault(rewrite=lambda body: body.replace(b" ", b"\x00")),
    "wrong bytes": Fault(rewrite=lambda body: body.replace(b"e", b"\xff\xfe")),
    "packed twice": Fault(status=200, body=gzip.compress(b"x"), headers=(("content-encoding", "gzip, gzip"),)),
    "not packed though told": Fault(status=200, body=b"plain", headers=(("content-encoding", "gzip"),)),
    "away": Fault(status=302, headers=(("location", "http://127.0.0.1:9/take?x=1"),)),
    "nothing": Fault(status=200),
    "login page": Fault(status=200, body=b"<html><form>Login</form></html>", content_type="text/html"),
    **{
        f"{status} with markup": Fault(status=status, body=HOSTILE.encode())
        for status in (400, 401, 403, 404, 500)
    },
    "an error as JSON": Fault(
        status=400,
        body=json.dumps(
            {"error": HOSTILE, "errors": [{"error": HOSTILE, "message": HOSTILE}], "message": HOSTILE}
        ).encode(),
        content_type="application/json",
    ),
}
