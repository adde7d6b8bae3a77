"""What people see in the Prefect UI: reports, the form of a run and the form of a block, in a real browser."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import Any, TypeVar

import pytest
from prefect.client.orchestration import get_client
from prefect.client.schemas.actions import WorkPoolCreate
from prefect.client.schemas.objects import FlowRun
from prefect.client.schemas.responses import DeploymentResponse
from prefect.settings import PREFECT_API_URL, temporary_settings
from prefect.states import Failed
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from blocks.fio import FioAccount
from flows.gopay import gopay
from flows.on_server import register_kinds
from flows.overview import day_report
from flows.runs import block_named
from sandbox.demo import open_stand
from sandbox.firm import firm
from sandbox.mserver import open_mserver
from sandbox.pohoda import SandboxPohoda
from sandbox.services import free_port, prefect_command, prefect_server, wait_for_server
from tasks.days import ONE_DAY, prague_day
from tests.conftest import let_go_of_events

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="chromium and chromedriver are not installed, so no page can be looked at"
)
TODAY = prague_day(dt.datetime.now(dt.UTC))
QUIET = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --lang=en-US --window-size=1400,1400"
)
PAGE_SECONDS = 180
TOKEN = "q7Zx" * 16
IBAN = "CZ6508000000192000145399"
T = TypeVar("T")


@pytest.fixture(scope="module")
def ui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a Prefect server on which the sandbox firm has run GoPay and left a day's report."""
    folder = tmp_path_factory.mktemp("ui")
    api = f"http://127.0.0.1:{(port := free_port())}/api"
    with pytest.MonkeyPatch.context() as patch, ExitStack() as open_things:
        for name, value in [("HOME", str(folder / "home")), ("API_URL", api), ("UI_API_URL", api)]:
            patch.setenv(f"PREFECT_{name}", value)
        open_things.enter_context(temporary_settings({PREFECT_API_URL: api}))
        open_things.enter_context(prefect_server(folder, port))
        world = firm(seed=1, today=TODAY)
        pohoda = SandboxPohoda.build(world, folder)
        mserver = open_things.enter_context(open_mserver(pohoda, accepts_updates=True))
        stand = open_stand("gopay", world, folder, open_things)
        wait_for_server(api)
        ledger = f"sqlite:///{(folder / 'ledger.db').as_posix()}"
        pohoda.unit(mserver.address, ledger).save("pohoda", overwrite=True)
        stand.block.save("gopay", overwrite=True)
        with get_client(sync_client=True) as client:
            client.create_work_pool(WorkPoolCreate(name="local", type="process"))
        register_kinds([FioAccount])
        prefect_command(["deploy", "--name", "gopay/gopay"])
        assert gopay(return_state=True).is_completed()
        assert day_report(day=TODAY, return_state=True).is_completed()
        yield api.removesuffix("/api")
        let_go_of_events()


@pytest.fixture
def deployment(ui: str) -> DeploymentResponse:
    with get_client(sync_client=True) as client:
        return client.read_deployment_by_name("gopay/gopay")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    # A page counts as loaded before what it asks of the internet has been given up.
    options.page_load_strategy = "eager"
    for argument in [*QUIET.split(), f"--user-data-dir={tmp_path_factory.mktemp('chromium')}"]:
        options.add_argument(argument)
    opened = webdriver.Chrome(options=options, service=Service(str(DRIVER)))
    opened.set_page_load_timeout(PAGE_SECONDS)
    yield opened
    opened.quit()


def body(browser: webdriver.Chrome) -> str:
    return browser.find_element(By.TAG_NAME, "body").text


def shown(browser: webdriver.Chrome, address: str, wanted: str) -> str:
    """The text of the page once it shows what is wanted."""
    browser.get(address)

    def there(page: webdriver.Chrome) -> str:
        text = page.find_element(By.TAG_NAME, "body").text
        return text if wanted in text else ""

    missing = f"{address} does not show {wanted!r}"
    return WebDriverWait(browser, PAGE_SECONDS, ignored_exceptions=[WebDriverException]).until(there, missing)


def control(browser: webdriver.Chrome, title: str, kind: str) -> WebElement:
    """The control of this kind (an element's name with its condition) in the form's field of this title."""
    whole = "contains(concat(' ', @class, ' '), ' schema-form-property ')"
    field = f"//div[{whole}][.//span[starts-with(normalize-space(), '{title}')]]"
    return browser.find_element(By.XPATH, f"({field})[last()]//{kind}")


def awaited(browser: webdriver.Chrome, found: Callable[[], T]) -> T:
    """What is found at last."""
    return WebDriverWait(browser, PAGE_SECONDS, ignored_exceptions=[WebDriverException]).until(lambda _: found())


def press(browser: webdriver.Chrome, text: str) -> None:
    """Click the button of this text that was shown last, which is that of a question where one is asked."""
    buttons = browser.find_elements(By.XPATH, f"//button[normalize-space()='{text}']")
    button = [one for one in buttons if one.is_displayed()][-1]
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", button)
    button.click()


def fields(browser: webdriver.Chrome) -> list[WebElement]:
    """What can be typed into, from the top of a form."""
    return [one for one in browser.find_elements(By.CSS_SELECTOR, "input,textarea") if one.is_displayed()]


def in_order(text: str, *titles: str) -> bool:
    """Whether the titles stand in a form's text one below another."""
    lines = [line.removesuffix("(Optional)").strip() for line in text.splitlines()]
    places = [lines.index(title) for title in titles]
    return places == sorted(places)


def runs_of(deployment: DeploymentResponse) -> list[FlowRun]:
    """The runs of the deployment that somebody has asked for."""
    with get_client(sync_client=True) as client:
        runs = client.read_flow_runs(limit=200)
    return [run for run in runs if run.deployment_id == deployment.id and not run.auto_scheduled]


def waits(run: FlowRun) -> bool:
    return run.state is not None and run.state.name == "AwaitingRetry"


def artifact_id(key: str) -> str:
    with get_client(sync_client=True) as client:
        return next(str(found.id) for found in client.read_artifacts() if found.key == key)


def fits(browser: webdriver.Chrome) -> bool:
    return bool(browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth"))


@pytest.mark.parametrize("face", ["", "/v2"])
def test_the_report_of_a_run_is_a_page_with_headings_and_tables_and_no_markup_left(
    ui: str, browser: webdriver.Chrome, face: str
) -> None:
    address = f"{ui}{face}/artifacts/artifact/{artifact_id('uhrady-gopay-pohoda')}"
    text = shown(browser, address, "Kam patří peníze")
    assert {"Označené doklady", "Platby k posouzení"} <= set(text.splitlines())
    cells = {cell.text for cell in browser.find_elements(By.TAG_NAME, "td")}
    assert {"Vydaná faktura", "zapsáno"} <= cells
    assert "## " not in text
    assert "|--" not in text
    assert fits(browser)


@pytest.mark.parametrize("face", ["", "/v2"])
def test_the_picture_of_a_day_is_really_drawn_and_can_be_read_aloud(
    ui: str, browser: webdriver.Chrome, face: str
) -> None:
    address = f"{ui}{face}/artifacts/artifact/{artifact_id('denni-prehled-pohoda')}"
    shown(browser, address, "Do kdy jsou data úplná")
    [image] = browser.find_elements(By.CSS_SELECTOR, "img[src^='data:image/svg+xml']")
    width: Any = browser.execute_script("return arguments[0].naturalWidth", image)
    assert width > 600
    assert "úplných dnů" in str(image.get_attribute("alt"))
    assert fits(browser)


@pytest.mark.parametrize("face", ["", "/v2"])
def test_a_run_is_started_by_one_click_with_its_days_left_empty(
    ui: str, browser: webdriver.Chrome, face: str, deployment: DeploymentResponse
) -> None:
    before = {run.id for run in runs_of(deployment)}
    text = shown(browser, f"{ui}{face}/deployments/deployment/{deployment.id}/run", "Zkušební běh")
    assert all(title in text for title in ("Účet", "Účetní jednotka", "První den", "Poslední den"))
    assert "do Pohody se nezapíše nic" in text
    assert not {"None", "null"} & set(text.split())
    assert fits(browser)
    press(browser, "Submit")
    [run] = awaited(browser, lambda: [run for run in runs_of(deployment) if run.id not in before])
    assert {name: value for name, value in run.parameters.items() if value} == {
        "account": "gopay",
        "unit": "pohoda",
    }


def test_days_are_tried_with_the_dates_typed_in_and_the_trial_switched_on(
    ui: str, browser: webdriver.Chrome, deployment: DeploymentResponse
) -> None:
    before = {run.id for run in runs_of(deployment)}
    shown(browser, f"{ui}/deployments/deployment/{deployment.id}/run", "Zkušební běh")
    first, last = TODAY - 3 * ONE_DAY, TODAY - ONE_DAY
    for title, day in [("První den", first), ("Poslední den", last)]:
        field = control(browser, title, "input[@type='date']")
        field.send_keys(f"{day:%m%d%Y}", Keys.TAB)
        awaited(browser, lambda field=field, day=day: field.get_attribute("value") == day.isoformat())
    switch = control(browser, "Zkušební běh", "input[@type='checkbox']")
    browser.execute_script("arguments[0].click()", switch)
    press(browser, "Submit")
    [run] = awaited(browser, lambda: [run for run in runs_of(deployment) if run.id not in before])
    assert (run.parameters["first_day"], run.parameters["last_day"], run.parameters["dry_run"]) == (
        first.isoformat(),
        last.isoformat(),
        True,
    )


def test_a_failed_day_is_run_again_by_two_clicks(
    ui: str, browser: webdriver.Chrome, deployment: DeploymentResponse
) -> None:
    day = (TODAY - ONE_DAY).isoformat()
    with get_client(sync_client=True) as client:
        run = client.create_flow_run_from_deployment(deployment.id, parameters={"first_day": day})
        client.set_flow_run_state(run.id, Failed(message="Banka neodpovídá."), force=True)
    shown(browser, f"{ui}/runs/flow-run/{run.id}", "Retry")
    press(browser, "Retry")
    awaited(browser, lambda: "This will retry" in body(browser))
    press(browser, "Retry")
    [again] = awaited(browser, lambda: [one for one in runs_of(deployment) if one.id == run.id and waits(one)])
    assert again.parameters["first_day"] == day
    assert again.expected_start_time == run.expected_start_time


def test_an_account_is_saved_from_its_form_with_nothing_but_its_token_and_its_number(
    ui: str, browser: webdriver.Chrome
) -> None:
    shown(browser, f"{ui}/blocks/catalog/fio-account/create", "Sekund mezi dotazy")
    text = awaited(browser, lambda: text if "Účet u Fio banky" in (text := body(browser)) else "")
    assert in_order(text, "Token", "IBAN účtu", "Měna účtu", "Token platí do", "Upozornit po dnech", "Proxy")
    assert not {"None", "null", "string", "str"} & set(text.split())
    assert fits(browser)
    name = "z-formulare"
    for field, filled in zip(fields(browser), [name, TOKEN, IBAN], strict=False):
        field.send_keys(filled)
    press(browser, "Create")
    awaited(browser, lambda: "/blocks/block/" in browser.current_url)
    page = awaited(browser, lambda: page if "********" in (page := browser.page_source) else "")
    assert TOKEN not in page
    saved = block_named(FioAccount, name)
    assert (saved.iban, saved.token.get_secret_value()) == (IBAN, TOKEN)
    assert (saved.proxy, saved.token_valid_until, saved.currency) == (None, None, "CZK")


def test_the_form_of_an_accounting_unit_is_czech_from_its_number_to_its_rules_and_hides_five_secrets(
    ui: str, browser: webdriver.Chrome
) -> None:
    text = shown(browser, f"{ui}/v2/blocks/catalog/pohoda-unit/create", "Horizont ve dnech")
    titles = ("IČO", "Databáze", "mServer", "Vydané faktury", "Způsob zápisu", "Párování", "Tolerance nedoplatku")
    assert in_order(text, *titles, "Mez přeplatku v %", "Horizont ve dnech", "Zálohování", "Evidence plateb")
    assert not {"None", "null", "string", "str"} & set(text.split())
    assert len(browser.find_elements(By.CSS_SELECTOR, "input[type=password]")) == 5
    assert fits(browser)
