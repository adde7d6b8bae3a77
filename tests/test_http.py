"""HTTP as the product uses it, against a real server that misbehaves on purpose."""

import asyncio
import gzip
from collections.abc import AsyncIterator, Iterator

import pytest
from pydantic import SecretStr
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response, StreamingResponse
from starlette.routing import Route

from sandbox.faults import BROKEN_OFF, LOST, REFUSED, THROTTLED, TRUNCATED, Fault, Faults, Faulty
from sandbox.serving import served
from tasks.errors import Refused, SettingError, Unavailable
from tasks.http import AnswerLost, client, send

TOKEN = SecretStr("t0ken-in-the-path")


async def hello(request: Request) -> Response:
    return PlainTextResponse("hello " * 100, headers={"X-Agent": request.headers["user-agent"]})


async def away(request: Request) -> Response:
    return RedirectResponse("https://elsewhere.example/t0ken-in-the-path/hello")


async def drip(request: Request) -> Response:
    async def drops() -> AsyncIterator[bytes]:
        for _ in range(100):
            yield b"."
            await asyncio.sleep(0.05)

    return StreamingResponse(drops())


@pytest.fixture(scope="module")
def faults() -> Faults:
    return Faults()


@pytest.fixture(scope="module")
def address(faults: Faults) -> Iterator[str]:
    app = Starlette(
        routes=[Route("/{token}/hello", hello), Route("/{token}/away", away), Route("/{token}/drip", drip)]
    )
    with served(Faulty(app, faults)) as address:
        yield address


@pytest.fixture(autouse=True)
def _right_again(faults: Faults) -> Iterator[None]:
    yield
    faults.clear()


def ask(address: str, path: str = "hello", **more: int) -> bytes:
    with client(address, read_seconds=1.0) as connection:
        url = f"/{TOKEN.get_secret_value()}/{path}"
        return send(connection, "GET", url, who="The test bank", secrets=[TOKEN], **more).body


def test_a_whole_answer_comes_back(address: str) -> None:
    assert ask(address) == b"hello " * 100


@pytest.mark.parametrize(
    "fault", [REFUSED, LOST, BROKEN_OFF, Fault(seconds=2.0)], ids=["reset", "lost", "cut", "slow"]
)
def test_an_answer_that_does_not_come_whole_is_a_passing_failure_that_may_have_had_its_effect(
    address: str, faults: Faults, fault: Fault
) -> None:
    faults.then(fault)
    with pytest.raises(AnswerLost) as caught:
        ask(address)
    assert TOKEN.get_secret_value() not in f"{caught.value!r} {caught.value} {caught.value.__cause__}"


def test_a_server_that_is_not_there_is_a_passing_failure_without_effect() -> None:
    with served(Starlette()) as gone:
        pass
    with pytest.raises(Unavailable) as caught:
        ask(gone)
    assert not isinstance(caught.value, AnswerLost)


def test_a_redirect_is_never_followed_and_its_path_never_shown(address: str) -> None:
    with pytest.raises(SettingError, match=r"https://elsewhere\.example") as caught:
        ask(address, "away")
    assert TOKEN.get_secret_value() not in str(caught.value)


def test_a_body_beyond_its_bound_is_not_kept(address: str) -> None:
    with pytest.raises(SettingError, match="more than"):
        ask(address, largest=50)


def test_a_status_is_the_callers_matter_and_says_how_long_to_wait(address: str, faults: Faults) -> None:
    faults.then(THROTTLED)
    with client(address) as connection:
        answer = send(connection, "GET", "/x/hello", who="The test bank")
    assert (answer.status, answer.retry_after) == (429, 1.0)


def test_a_body_cut_by_its_sender_on_purpose_is_still_whole_to_http(address: str, faults: Faults) -> None:
    faults.then(TRUNCATED)
    assert len(ask(address)) == 300


def test_an_address_that_is_none_is_a_setting_to_correct() -> None:
    with pytest.raises(SettingError, match="not an address"):
        ask("http://exa mple:port")


BOMB = gzip.compress(b"0" * 30_000_000)


def test_a_small_body_that_unpacks_to_a_large_one_is_not_kept(address: str, faults: Faults) -> None:
    faults.then(Fault(status=200, body=BOMB, headers=(("content-encoding", "gzip"),)))
    with pytest.raises(SettingError, match="more than"):
        ask(address, largest=1_000_000)


@pytest.mark.parametrize("coding", ["gzip, gzip", "zstd", "br"])
def test_a_body_packed_otherwise_than_asked_for_is_not_unpacked(
    address: str, faults: Faults, coding: str
) -> None:
    faults.then(Fault(status=200, body=gzip.compress(BOMB), headers=(("content-encoding", coding),)))
    with pytest.raises(Refused, match="not asked for"):
        ask(address)


def test_an_answer_that_drips_for_ever_is_given_up(address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tasks.http.LONGEST_SECONDS", 0.2)
    with pytest.raises(AnswerLost, match="did not end"):
        ask(address, "drip")


def test_a_cookie_of_the_other_side_does_no_harm_and_a_redirect_asks_no_other_host(
    address: str, faults: Faults
) -> None:
    asked: list[str] = []

    async def other(request: Request) -> Response:
        asked.append(str(request.url))
        return PlainTextResponse("thank you")

    with served(Starlette(routes=[Route("/{path:path}", other, methods=["GET", "POST"])])) as elsewhere:
        for status in (301, 302, 303, 307, 308):
            faults.then(Fault(status=status, headers=(("location", f"{elsewhere}/x"), ("set-cookie", "a=b"))))
            with pytest.raises(SettingError, match="another address"):
                ask(address)
    assert asked == []
