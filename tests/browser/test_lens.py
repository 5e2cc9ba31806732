"""The precision switch and Verify in a real browser: what float16 makes of a gradient, and a figure checked on demand."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from playwright.sync_api import Page, expect

from rnnviz.text import Text
from tests.browser.conftest import wait_ready
from tests.serving import Server, serving_app

SYMBOLS = "canvas => canvas.data.map(trace => trace.marker?.symbol).filter(symbol => symbol)"
LINK = "lang=en&cell.hidden_size=8&task.sequence_length=60&v=1"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving_app() as server:
        yield server


def opened(page: Page, server: Server) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"{server.url}/?{LINK}")
    page.wait_for_selector(".rnnviz-plot .main-svg", timeout=60_000)
    wait_ready(page)


def test_a_backward_pass_in_float16_shows_what_it_loses(page: Page, server: Server) -> None:
    opened(page, server)
    text, canvas = Text(), page.locator(".rnnviz-plot .canvas").first
    assert canvas.evaluate(SYMBOLS) == []
    page.get_by_role("button", name=text("lens.menu"), exact=True).click()
    page.get_by_test_id("stSelectbox").filter(has_text=text("parameter.backward.label")).get_by_role("combobox").click()
    page.get_by_role("option", name="float16", exact=True).first.click()
    expect(page.get_by_text(re.compile("Really run in float16"))).to_be_visible(timeout=60_000)
    wait_ready(page)
    symbols = set(canvas.evaluate(SYMBOLS))
    assert {"circle-open", "x"} <= symbols  # the sigmoid network: subnormal numbers, and then exactly zero
    assert "view.backward=float16" in page.url


def test_a_figure_is_verified_when_it_is_asked_for(page: Page, server: Server) -> None:
    opened(page, server)
    about = page.get_by_text("A worker computes this experiment once more")
    expect(about).to_have_count(0)
    page.get_by_role("button", name=Text()("verified.menu"), exact=True).click()
    found = page.get_by_text(re.compile(r"1,620 numbers against PyTorch.s autograd"))
    expect(found.first).to_be_visible(timeout=60_000)
    told = found.first.inner_text()
    assert "Largest relative disagreement" in told and "rounding in float32 explains up to" in told
