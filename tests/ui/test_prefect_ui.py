"""What people see in the Prefect UI: reports, the form of a run and the form of a block, in a real browser."""

from __future__ import annotations

import datetime as dt
import shutil
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any

import pytest
from prefect.client.orchestration import get_client
from prefect.settings import PREFECT_API_URL, temporary_settings
from selenium import webdriver
from selenium.common.exceptions import WebDriverException
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import WebDriverWait

from flows.gopay import gopay
from flows.overview import day_report
from sandbox.demo import open_stand
from sandbox.firm import firm
from sandbox.mserver import open_mserver
from sandbox.pohoda import SandboxPohoda
from sandbox.services import free_port, prefect_command, prefect_server, wait_for_server
from tasks.days import prague_day

CHROMIUM, DRIVER = shutil.which("chromium"), shutil.which("chromedriver")
pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="chromium and chromedriver are not installed, so no page can be looked at"
)
TODAY = prague_day(dt.datetime.now(dt.UTC))
QUIET = (
    "--headless=new --no-sandbox --disable-gpu --disable-quic --no-first-run --disable-background-networking "
    "--disable-component-update --disable-sync --disable-dev-shm-usage --lang=en-US --window-size=1400,1400"
)
PAGE_SECONDS = 60


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
        prefect_command(["work-pool", "create", "local", "--type", "process"])
        prefect_command(["deploy", "--name", "gopay/gopay"])
        assert gopay(return_state=True).is_completed()
        assert day_report(day=TODAY, return_state=True).is_completed()
        yield api.removesuffix("/api")


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
    field = f"//div[contains(@class, 'schema-form-property')][.//span[starts-with(normalize-space(), '{title}')]]"
    return browser.find_element(By.XPATH, f"{field}//{kind}")


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


def test_the_form_of_a_run_asks_in_czech_with_date_fields_and_a_switch(
    ui: str, browser: webdriver.Chrome
) -> None:
    with get_client(sync_client=True) as client:
        deployment = client.read_deployment_by_name("gopay/gopay")
    text = shown(browser, f"{ui}/deployments/deployment/{deployment.id}/run", "Zkušební běh")
    assert all(title in text for title in ("Účet", "Účetní jednotka", "První den", "Poslední den"))
    assert "do Pohody se nezapíše nic" in text
    assert "is type" not in text
    assert fits(browser)
    assert control(browser, "První den", "input[@type='date']").is_displayed()
    assert control(browser, "Poslední den", "input[@type='date']").is_displayed()
    assert control(browser, "Zkušební běh", "input[@type='checkbox']").is_enabled()
