"""The owner's consent: given in a browser, taken only when it is ours, and warned of before it ends."""

import datetime as dt
import socket
import threading
from collections.abc import Callable
from typing import cast
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import pytest

from blocks.ceska_sporitelna import CeskaSporitelnaAccount
from flows.authorise_ceska_sporitelna import authorise, in_browser, main
from sandbox.ceska_sporitelna import IBAN, Account
from sandbox.faults import Fault
from tasks.days import prague_day
from tasks.errors import SettingError, Unavailable
from tasks.providers.ceska_sporitelna.browser import answer_from_browser, comes_back_here
from tasks.providers.ceska_sporitelna.consent import Request, ends_on, notes_of_end
from tests.providers.ceska_sporitelna.stands import Place, open_bank

GIVEN = dt.date(2026, 1, 10)
NOW = dt.datetime.now(dt.UTC)


def free_port() -> int:
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        return int(found.getsockname()[1])


def with_door(place: Place, path: str = "/ceska-sporitelna") -> CeskaSporitelnaAccount:
    """The account without a consent, with an address on this computer to come back to, registered at the bank."""
    place.account.redirect_uri = f"http://localhost:{free_port()}{path}"
    place.account.refresh_token = place.account.consent_given_on = None
    place.server.identity.redirect_uris.add(place.account.redirect_uri)
    return place.account


class Browser:
    """The owner's browser, which follows redirects by itself. What it saw is kept."""

    def __init__(self, before: Callable[[str], None] = lambda _address: None) -> None:
        self.pages: list[httpx.Response] = []
        self._before = before

    def __call__(self, address: str) -> None:
        threading.Thread(target=self._open, args=(address,), daemon=True).start()

    def _open(self, address: str) -> None:
        self._before(address)
        self.pages.append(httpx.get(address, follow_redirects=True, trust_env=False))


def answered(browser: Callable[[str], object]) -> Callable[[Request], str]:
    return lambda request: answer_from_browser(request, browser, seconds=20)


def came_back(request: Request) -> str:
    """Where the bank sends the browser."""
    return httpx.get(request.address(), trust_env=False).headers["location"]


def test_the_consent_given_in_a_browser_is_kept_with_its_day() -> None:
    browser = Browser()
    with open_bank(now=NOW) as place:
        account = with_door(place)
        holder = authorise(account, answered(browser))
        assert holder.refresh_token is not None
        assert holder.refresh_token.get_secret_value() in place.server.identity.families[-1].refresh_tokens
    assert holder.consent_given_on == prague_day(NOW)
    assert "Toto okno můžete zavřít" in browser.pages[0].text


@pytest.mark.usefixtures("prefect")
def test_the_command_saves_the_consent_in_the_block_and_says_until_when(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with open_bank(now=NOW) as place:
        with_door(place).save("cs-authorised")
        assert main(["cs-authorised"], answered(Browser())) == 0
    saved = cast("CeskaSporitelnaAccount", CeskaSporitelnaAccount.load("cs-authorised"))
    assert saved.refresh_token is not None
    assert saved.consent_given_on == prague_day(NOW)
    shown = capsys.readouterr()
    assert f"platí do {ends_on(saved):%d.%m.%Y}" in shown.out
    assert saved.refresh_token.get_secret_value() not in shown.out + shown.err


@pytest.mark.usefixtures("prefect")
def test_the_command_ends_with_one_sentence_when_it_cannot_go_on(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["cs-never-made"]) == 1
    assert "cs-never-made" in capsys.readouterr().err
    with open_bank(now=NOW) as place:
        with_door(place).save("cs-denied")
        place.server.identity.denies = True
        assert main(["cs-denied"], answered(Browser())) == 1
    assert "gave no consent" in capsys.readouterr().err


def test_whoever_knocks_without_our_state_is_sent_away_and_the_owner_still_gets_in() -> None:
    strangers: list[int] = []

    def knock(address: str) -> None:
        target = parse_qs(urlsplit(address).query)["redirect_uri"][0]
        for path in (f"{target}?code=stolen&state=guessed", f"{target}?code=stolen", target + "x"):
            strangers.append(httpx.get(path, trust_env=False).status_code)

    with open_bank(now=NOW) as place:
        assert authorise(with_door(place), answered(Browser(knock))).refresh_token is not None
    assert strangers == [404, 404, 404]


def test_an_answer_to_another_request_is_not_exchanged() -> None:
    with open_bank(now=NOW) as place:
        account = with_door(place)
        with pytest.raises(SettingError, match="another request"):
            Request(account).refresh_token(came_back(Request(account)))
    assert "token" not in [call.place for call in place.server.calls]


def test_a_code_caught_by_somebody_else_is_worth_nothing_without_what_only_we_know() -> None:
    with open_bank(now=NOW) as place:
        account = with_door(place)
        ours = Request(account)
        theirs = Request(account, state=ours.state)
        with pytest.raises(SettingError, match="invalid_grant"):
            theirs.refresh_token(came_back(ours))


def test_a_code_used_twice_or_too_late_is_refused() -> None:
    with open_bank(now=NOW) as place:
        request = Request(with_door(place))
        address = came_back(request)
        assert request.refresh_token(address)
        with pytest.raises(SettingError, match="invalid_grant"):
            request.refresh_token(address)
        late = came_back(request)
        place.clock.forward(seconds=61)
        with pytest.raises(SettingError, match="invalid_grant"):
            request.refresh_token(late)


def test_a_consent_refused_by_the_owner_is_told() -> None:
    with open_bank(now=NOW) as place:
        place.server.identity.denies = True
        with pytest.raises(SettingError, match=r"gave no consent.*owner refused"):
            authorise(with_door(place), came_back)


def test_an_answer_without_a_code_is_told() -> None:
    with open_bank(now=NOW) as place:
        request = Request(with_door(place))
        with pytest.raises(SettingError, match="no code came"):
            request.refresh_token(f"{request.holder.redirect_uri}?{urlencode({'state': request.state})}")


def test_a_bank_that_gives_no_refresh_token_is_told() -> None:
    with open_bank(now=NOW) as place:
        place.server.identity.gives_refresh_tokens = False
        with pytest.raises(Unavailable, match="no refresh token"):
            authorise(with_door(place), came_back)


def test_an_address_that_is_not_registered_ends_on_the_banks_own_page_and_nobody_comes_back() -> None:
    browser = Browser()
    with open_bank(now=NOW) as place:
        account = with_door(place)
        place.server.identity.redirect_uris.clear()
        with pytest.raises(SettingError, match="Nobody confirmed"):
            authorise(account, lambda request: answer_from_browser(request, browser, seconds=1))
    assert browser.pages[0].status_code == 400


def test_a_consent_that_does_not_cover_the_account_is_told_at_once() -> None:
    with (
        open_bank(now=NOW, account=Account(IBAN, in_consent=False)) as place,
        pytest.raises(SettingError, match="does not cover"),
    ):
        authorise(with_door(place), came_back)


def test_a_port_that_is_taken_is_told() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with open_bank(now=NOW) as place:
            place.account.redirect_uri = f"http://localhost:{taken.getsockname()[1]}/"
            with pytest.raises(SettingError, match="nowhere to come back"):
                answer_from_browser(Request(place.account), Browser(), seconds=1)


def test_where_the_browser_cannot_come_back_the_address_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    with open_bank(now=NOW) as place:
        place.account.redirect_uri = "https://www.firma.example/navrat"
        request = Request(place.account)
        assert not comes_back_here(request)
        monkeypatch.setattr("builtins.input", lambda _question: " https://www.firma.example/navrat?code=1 ")
        assert in_browser(request) == "https://www.firma.example/navrat?code=1"


def test_the_usual_browser_of_the_computer_is_opened(monkeypatch: pytest.MonkeyPatch) -> None:
    with open_bank(now=NOW) as place:
        monkeypatch.setattr("webbrowser.open", Browser())
        assert authorise(with_door(place, path=""), in_browser).refresh_token is not None


def test_the_request_for_a_consent_carries_no_secret() -> None:
    with open_bank(now=NOW) as place:
        request = Request(with_door(place))
        shown = f"{request!r} {request.address()}"
        assert request.verifier not in shown
        assert request.state not in repr(request)
        assert not [secret for secret in place.server.identity.secrets() if secret in shown]


def test_a_log_in_service_that_fails_is_passing() -> None:
    with open_bank(now=NOW) as place:
        request = Request(with_door(place))
        address = came_back(request)
        place.server.faults.then(Fault(status=502))
        with pytest.raises(Unavailable):
            request.refresh_token(address)


def account(**fields: object) -> CeskaSporitelnaAccount:
    usual = {"iban": IBAN, "client_id": "id", "client_secret": "secret", "api_key": "api-key"}
    return CeskaSporitelnaAccount.model_validate(usual | fields)


@pytest.mark.parametrize(
    ("left", "code", "urgent"),
    [
        (31, None, False),
        (30, "consent_ends_soon", False),
        (15, "consent_ends_soon", False),
        (14, "consent_ends_soon", True),
        (8, "consent_ends_soon", True),
        (7, "consent_ends_in_days", True),
        (1, "consent_ends_in_days", True),
        (0, "consent_ended", True),
        (-40, "consent_ended", True),
    ],
)
def test_the_end_of_the_consent_is_warned_of_ahead(left: int, code: str | None, urgent: bool) -> None:
    today = GIVEN + dt.timedelta(days=180 - left)
    notes = notes_of_end(account(consent_given_on=GIVEN, refresh_token="token"), today)
    assert [(note.code, note.urgent) for note in notes] == ([(code, urgent)] if code else [])
    assert all("flows.authorise_ceska_sporitelna" in note.text and "9. 7. 2026" in note.text for note in notes)


def test_the_warning_is_plain_text_that_no_markup_is_needed_to_read() -> None:
    (note,) = notes_of_end(account(consent_given_on=GIVEN, refresh_token="token"), GIVEN + dt.timedelta(days=180))
    assert not set("`*#<>|\n") & set(note.text)


def test_the_length_of_a_consent_follows_the_block() -> None:
    today = GIVEN + dt.timedelta(days=85)
    assert notes_of_end(account(consent_given_on=GIVEN, consent_days=90), today)
    assert not notes_of_end(account(consent_given_on=GIVEN, consent_days=180), today)


def test_a_consent_of_unknown_age_is_mentioned_and_a_missing_one_is_not() -> None:
    assert [note.code for note in notes_of_end(account(refresh_token="token"), GIVEN)] == ["consent_unknown"]
    assert notes_of_end(account(), GIVEN) == []


def test_the_provider_warns_of_its_own_consent() -> None:
    with open_bank() as place:
        end = ends_on(place.account)
        assert end is not None
        assert [note.code for note in place.provider.expiries(end)] == ["consent_ended"]
