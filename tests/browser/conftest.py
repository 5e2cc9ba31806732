"""A real browser on a real server. A browser that is missing fails these tests: skipped, they would prove nothing."""

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import BrowserContext, Locator, Page

READY = "[data-testid=stApp][data-test-connection-state=CONNECTED][data-test-script-state=notRunning]"
NAMES = ("chromium", "chromium-browser", "google-chrome")

# What a browser does on its own account besides showing the page would only disturb, and no machine here has a GPU.
FLAGS = (
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    return {**browser_type_launch_args, "executable_path": chromium(), "args": flags()}


@pytest.fixture(autouse=True)
def patience(context: BrowserContext) -> None:
    context.set_default_timeout(15_000)


def flags() -> list[str]:
    # Chromium's sandbox does not work for root, as whom containers run.
    return [*FLAGS, *(["--no-sandbox"] if os.geteuid() == 0 else [])]


def chromium() -> str:
    found = os.environ.get("RNNVIZ_CHROMIUM") or next(filter(None, map(shutil.which, NAMES)), None)
    if found is None:
        pytest.fail("no Chromium: `make test` installs it, or RNNVIZ_CHROMIUM names one", pytrace=False)
    return found


def wait_ready(page: Page) -> None:
    """Until the page is connected and its script has run to the end without an exception."""
    page.wait_for_selector(READY, timeout=30_000)
    assert page.get_by_test_id("stException").count() == 0


def downloaded(page: Page, button: Locator) -> Path:
    """The file behind a button, clicked as a person does: again, where Streamlit says below it that there is none.

    It says so of a click that falls between the end of a run and the moment at which the browser has that run's buttons:
    what a button makes belongs to the run that drew it.
    """
    failed = page.get_by_test_id("stDownloadButtonError")
    with page.expect_download(timeout=60_000) as download:
        button.click()
        while not download.is_done():
            if failed.is_visible():
                failed.wait_for(state="hidden")
                button.click()
            page.wait_for_timeout(50)
    return download.value.path()
