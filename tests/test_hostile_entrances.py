"""What stands in files, addresses and names that others may write is refused with reason, or harmless."""

from __future__ import annotations

import asyncio
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from prefect.blocks.webhook import Webhook
from prefect.events import Event, Resource
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from flows import trying
from sandbox.serving import served
from tasks.errors import PohodaPaymentsError
from tasks.installing.answers import LARGEST, read_answers
from tasks.ledger import Ledger
from tasks.ledger.safekeeping import copies, folder_of
from tasks.planning import moved
from tasks.reporting import markdown
from tasks.tables import CHANGES, table
from tests.attacks import FORGED, HOSTILE
from tests.ledger.samples import change
from tests.reporting.test_run_report import a_report

NESTED = 5_000
ANSWERS = {
    "arrays without end": b"x = " + b"[" * NESTED + b"]" * NESTED,
    "tables without end": b"x = " + b"{a=" * NESTED + b"1" + b"}" * NESTED,
    "a path of names without end": b".".join([b"a"] * NESTED) + b" = 1",
    "a number without end": b"x = " + b"9" * 6_000,
    "NULs": b"\0" * 100,
    "wrong bytes": bytes(range(256)),
    "another coding": "[units.a]".encode("utf-16"),
    "nothing": b"",
    "a name of many lines": b'[units."a' + rb"\n" + FORGED.strip().replace("\x1b", "").encode() + b'"]',
    "markup as a name": rb'[units."<script>\u202e=cmd|calc"]',
    "a path as a name": b'[units."../../etc"]',
    "a name without end": b"k" * 100_000 + b" = 1",
    "names without number": b"".join(b"k%d = 1\n" % n for n in range(20_000)),
    "too large": b"#" * (LARGEST + 1),
    "an environment of lists": b"[units.a]\nico = {env = [1]}",
}
S3CRET = "s3cret"
ADDRESSES = [
    "javascript:alert(1)",
    "file:///etc/passwd",
    f"https://u:{S3CRET}@host/",
    f"sqlite://u:{S3CRET}@host/x.db",
    "sqlite:///x\0.db",
    f"sqlite:///x.db?mode={S3CRET}",
    f"sqlite:///file:x.db?uri=true&cache={S3CRET}",
    f"sqlite+pysqlcipher://:{S3CRET}@/x.db",
    "sqlite+aiosqlite:///x.db",
    f"sqlite+nonsense:///{S3CRET}",
    f"postgresql+nonsense://u:{S3CRET}@host/x",
    f"postgresql+asyncpg://u:{S3CRET}@127.0.0.1:1/x",
    f"postgresql://u:{S3CRET}@[::1/x",
    f"postgresql://u:{S3CRET}@127.0.0.1:1/x?{S3CRET}=1",
    f"postgresql://u:{S3CRET}@127.0.0.1:1/x?connect_timeout={S3CRET}",
    f"postgresql://u:{S3CRET}@127.0.0.1:99999/x",
    "sqlite:///" + "a" * 5_000,
    "x" * 100_000,
]


def refused(story: Callable[[], Any]) -> str:
    """All that the error says for which the story ended, with its traceback, as short and plain as it must be."""
    with pytest.raises(PohodaPaymentsError) as caught:
        story()
    said = str(caught.value)
    assert len(said) < 3_000
    assert said.isprintable()
    return "".join(traceback.format_exception(caught.value)) + repr(caught.value) + said


@pytest.mark.parametrize("content", ANSWERS.values(), ids=ANSWERS)
def test_a_file_with_answers_that_is_nonsense_is_refused_in_a_line(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "answers.toml"
    file.write_bytes(content)
    assert "SettingError" in refused(lambda: read_answers(file, {}))


def test_what_is_no_file_cannot_be_answers(tmp_path: Path) -> None:
    for place in (tmp_path, Path("a\0b")):
        assert "cannot be read" in refused(lambda place=place: read_answers(place, {}))


@pytest.mark.parametrize("address", ADDRESSES, ids=range(len(ADDRESSES)))
def test_an_address_of_the_ledger_that_can_be_none_is_refused_and_makes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str
) -> None:
    if "postgresql://" in address:
        pytest.importorskip("psycopg", reason="the driver for PostgreSQL is not installed")
    monkeypatch.chdir(tmp_path)
    assert S3CRET not in refused(lambda: Ledger.open(address))
    assert list(tmp_path.iterdir()) == []


def test_a_file_of_somebody_else_is_no_ledger_and_stays_as_it_is(tmp_path: Path) -> None:
    foreign = tmp_path / "foreign.txt"
    foreign.write_text("somebody's words\n" * 1_000, encoding="utf-8")
    assert "damaged" in refused(lambda: Ledger.open(f"sqlite:///{foreign.as_posix()}"))
    assert foreign.read_text(encoding="utf-8") == "somebody's words\n" * 1_000


def test_what_only_looks_like_a_copy_of_the_ledger_is_neither_used_nor_deleted(tmp_path: Path) -> None:
    file = tmp_path / "ledger.db"
    address = f"sqlite:///{file.as_posix()}"
    Ledger.open(address).close()
    [copy] = copies(file)
    copy.unlink()
    foreign = [
        folder_of(file) / name for name in ("zzzz-zz-zz.db", "9999-99-99.db", "2026-02-30.db", "=cmd-|a-!b.db")
    ]
    for one in foreign:
        one.write_bytes(b"not ours")
    (folder_of(file) / "9998-01-01.db").mkdir()
    elsewhere = tmp_path / "elsewhere.db"
    elsewhere.write_bytes(b"somebody's")
    linked(folder_of(file) / "9997-01-01.db", elsewhere)
    linked(folder_of(file) / "9996-01-01.db", tmp_path / "nowhere")
    before = sorted(folder_of(file).iterdir())
    Ledger.open(address).close()
    assert [made.name for made in copies(file)] == [copy.name]
    assert sorted(folder_of(file).iterdir()) == sorted([*before, copy])
    file.unlink()
    Ledger.open(address).close()
    assert elsewhere.read_bytes() == b"somebody's"
    assert file.stat().st_size > len(b"somebody's")


def linked(link: Path, target: Path) -> None:
    """Make the link, where this user may make one."""
    try:
        link.symlink_to(target)
    except OSError:
        pytest.skip("this user may not make links")


@pytest.mark.parametrize("name", ["../../etc/passwd", HOSTILE, "' OR 1=1 --", "", "a\0b", "%", "*"])
def test_a_name_of_a_plan_is_only_ever_looked_up(tmp_path: Path, name: str) -> None:
    with Ledger.open(f"sqlite:///{(tmp_path / 'ledger.db').as_posix()}") as ledger:
        ledger.keep_plan("12345678", "kept", table(CHANGES, [change("260100001")]))
        said = refused(lambda: ledger.kept_plan("12345678", name))
        assert "no such plan" in said
        assert FORGED not in said
        assert len(ledger.kept_plan("12345678", "kept")) == 1


@pytest.mark.parametrize("number", [HOSTILE, "=cmd|' /C calc'!A0", "@SUM(1+1)", "26\u202e01\u2066|<b>"])
def test_a_number_of_a_document_cannot_act_wherever_a_report_shows_it(number: str) -> None:
    changes = table(CHANGES, [change(number)])
    report = a_report(
        changes=changes,
        left_alone=changes,
        written=changes.assign(outcome="refused", note=number),
        notes=tuple(moved(changes, changes.head(0))),
    )
    shown = markdown(report)
    assert not set(shown) & set("\u202e\u2066\x1b\x00")
    assert "<script>" not in shown
    assert "<b>" not in shown
    assert "](" not in shown.replace("\\](", "")
    cells = [cell.strip() for line in shown.splitlines() for cell in line.split("|")]
    assert [cell for cell in cells if cell.startswith(("=", "@", "\\="))] == []


def ended(**payload: Any) -> Event:
    return Event(
        event="prefect.automation.action.failed" if "reason" in payload else "prefect.automation.action.executed",
        resource=Resource({"prefect.resource.id": "prefect.automation.x"}),
        payload=payload,
    )


def test_why_a_message_was_not_taken_is_one_short_line() -> None:
    for told in ({"reason": HOSTILE * 500}, {"notification_log": HOSTILE * 500, "reason": "x"}):
        said = trying.why_not(ended(**told))
        assert said.isprintable()
        assert len(said) == trying.LONGEST_REASON
    assert trying.why_not(ended(status_code=302)) == "HTTP 302"
    assert trying.why_not(ended(status_code=200, response_body=HOSTILE)) == ""


def test_a_webhook_that_sends_the_message_elsewhere_is_not_followed() -> None:
    """Prefect's own block sends the messages, so this holds as long as it follows no redirect."""
    asked: list[str] = []

    def elsewhere(request: Request) -> Response:
        asked.append(request.url.path)
        return RedirectResponse(f"{request.base_url}taken", status_code=307)

    routes = [Route("/{rest:path}", elsewhere, methods=["GET", "POST"])]
    with served(Starlette(routes=routes)) as address:
        answer = asyncio.run(Webhook(url=f"{address}/hook").call({"text": "x"}))  # pyright: ignore[reportArgumentType]
    assert answer.status_code == 307
    assert asked == ["/hook"]
