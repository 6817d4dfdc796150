"""The pages `/` and `/docs` in a real browser: Chromium, headless, driven as a person would."""

from __future__ import annotations

import re
import shutil
from typing import TYPE_CHECKING, Any

import m2v_fast
import pytest

from tests.server.conftest import NAME, bundled, running

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

LINES = (
    "The kettle boils in the kitchen.",
    "A cat is asleep on the sofa.",
    "<b>Kittens</b> & puppies play in the garden.",
    "Quarterly revenue grew by four percent.",
    "東京は日本の首都です",
)
QUERY = "Where does the cat sleep?"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    assert chromium, "no chromium: `make test-server-system` installs it on Debian"
    assert driver, "no chromedriver: `make test-server-system` installs it on Debian"
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    # Chromium's own sandbox is not for root, and needs what containers do not have.
    for word in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"):
        options.add_argument(word)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    chrome = webdriver.Chrome(options=options, service=Service(driver))
    chrome.set_page_load_timeout(60)
    try:
        yield chrome
    finally:
        chrome.quit()


def _fill(browser: Any, name: str, text: str) -> None:
    field = browser.find_element("id", name)
    field.clear()
    field.send_keys(text)


def _rank(browser: Any) -> str:
    """Presses the button; returns what is said then."""
    from selenium.webdriver.support.ui import WebDriverWait

    browser.execute_script("document.getElementById('said').textContent = ''")
    browser.find_element("css selector", "button").click()
    WebDriverWait(browser, 30).until(lambda page: page.find_element("id", "said").text)
    return str(browser.find_element("id", "said").text)


def _problems(browser: Any) -> list[str]:
    """What the browser complained of since it was last asked."""
    return [entry["message"] for entry in browser.get_log("browser")]


def test_ranking(browser: Any, tmp_path: Path) -> None:
    model = m2v_fast.StaticModel.from_pretrained(m2v_fast.BUNDLED_MODEL)
    scores = model.similarity([QUERY], list(LINES))[0]
    with running(tmp_path, bundled()) as server:
        browser.get(server.url + "/")
        _fill(browser, "query", QUERY)
        _fill(browser, "lines", "\n".join(["", *LINES, "  "]))
        said = _rank(browser)
        assert re.fullmatch(rf"{len(LINES)} lines in \d+\.\d ms", said)
        rows = [
            [cell.text for cell in row.find_elements("css selector", "td")]
            for row in browser.find_elements("css selector", "#ranked tr")
        ]
        order = sorted(range(len(LINES)), key=lambda place: -scores[place])
        assert rows == [[f"{scores[place]:.3f}", LINES[place]] for place in order]
        assert browser.find_element("id", "model").text == f"Model: {NAME}"
        # Nothing from elsewhere, nothing that failed.
        assert _problems(browser) == []
        loaded = browser.execute_script(
            "return performance.getEntriesByType('resource').map(entry => entry.name)"
        )
        assert loaded
        assert all(address.startswith(server.url) for address in loaded)


def test_what_is_wrong_is_said(browser: Any, tmp_path: Path) -> None:
    (tmp_path / "keys").write_text("a-key\n")
    with running(tmp_path, bundled(), "--api-key-file", str(tmp_path / "keys")) as server:
        browser.get(server.url + "/")
        _fill(browser, "query", QUERY)
        _fill(browser, "lines", "\n".join(LINES))
        assert "Authorization" in _rank(browser)
        assert not browser.find_elements("css selector", "#ranked tr")
        _fill(browser, "key", "a-key")
        assert "5 lines" in _rank(browser)
        assert len(browser.find_elements("css selector", "#ranked tr")) == len(LINES)
        _fill(browser, "lines", "")
        assert "cannot be empty" in _rank(browser)
    assert _rank(browser) == "The server does not answer."
    assert "ERR_CONNECTION_REFUSED" in _problems(browser)[-1]


def test_the_addresses(browser: Any, tmp_path: Path) -> None:
    from selenium.webdriver.support.ui import WebDriverWait

    with running(tmp_path, bundled()) as server:
        browser.get(server.url + "/docs")
        document = server.ask("/openapi.json")[1]
        wanted = {
            f"{method.upper()} {path}"
            for path, methods in document["paths"].items()
            for method in methods
        }
        WebDriverWait(browser, 30).until(
            lambda page: len(page.find_elements("css selector", "details")) == len(wanted)
        )
        shown = browser.find_elements("css selector", "summary code")
        assert {element.text for element in shown} == wanted
        place = next(at for at, element in enumerate(shown) if element.text == "POST /embed")
        shown[place].click()
        details = browser.find_elements("css selector", "details")[place]
        assert '"inputs"' in details.text
        assert _problems(browser) == []
