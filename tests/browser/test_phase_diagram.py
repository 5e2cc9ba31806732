"""The phase diagram in a real browser: cells fill in, it stops and goes on, and a click sets the experiment."""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from urllib.parse import parse_qs, urlencode, urlparse

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from rnnviz.text import Text
from rnnviz.ui.address import read
from rnnviz.ui.flow import START
from tests.browser.conftest import wait_ready
from tests.serving import Server, serving_app

TEXT = Text()
FINISHED = re.compile(TEXT("page.phase_diagram.finished", of="X").replace("X", r"\d+"))
LINK = {"lang": "en", "v": "1", "phase.resolution": "coarse"}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving_app() as server:
        yield server


def opened(page: Page, server: Server, **more: str) -> Locator:
    page.set_viewport_size({"width": 1440, "height": 1400})
    page.goto(f"{server.url}/phase-diagram?{urlencode({**LINK, **more})}")
    page.wait_for_selector(".rnnviz-plot .main-svg", timeout=60_000)
    return page.locator(".rnnviz-plot .canvas").first


def computed(canvas: Locator) -> int:
    """How many cells of the map in the browser have a number."""
    z = np.frombuffer(base64.b64decode(canvas.evaluate("canvas => canvas.data[0].z.bdata")), "<f4")
    return int(np.isfinite(z).sum())


def place(canvas: Locator, gain: float, variance: float) -> tuple[float, float]:
    area = canvas.locator(".nsewdrag").first.bounding_box()
    assert area is not None
    x, y = canvas.evaluate(
        f"canvas => [canvas._fullLayout.xaxis.d2p({gain}), canvas._fullLayout.yaxis.d2p({variance})]"
    )
    return area["x"] + x, area["y"] + y


def test_cells_fill_in_stop_and_go_on(page: Page, server: Server) -> None:
    """An LSTM over 700 steps, for which the whole map takes half a minute."""
    slow = {"phase.cell": "lstm", "phase.sequence_length": "700", "phase.hidden_size": "64"}
    canvas = opened(page, server, **slow)
    main = page.get_by_test_id("stMain")  # Streamlit has a Stop of its own in the header
    stop = main.get_by_role("button", name=TEXT("page.phase_diagram.stop"), exact=True)
    expect(stop).to_be_visible(timeout=30_000)
    stop.click()
    resume = page.get_by_role("button", name=TEXT("page.phase_diagram.resume"), exact=True)
    expect(resume).to_be_visible(timeout=30_000)
    wait_ready(page)
    before = computed(canvas)
    page.wait_for_timeout(2_000)
    assert computed(canvas) == before < 99, "stopped, nothing more comes in"
    resume.click()
    expect(page.get_by_text(FINISHED)).to_be_visible(timeout=120_000)
    wait_ready(page)
    assert computed(canvas) == 99


def test_a_click_sets_the_experiment_of_all_pages(page: Page, server: Server) -> None:
    canvas = opened(page, server, **{"phase.hidden_size": "16", "phase.sequence_length": "60"})
    expect(page.get_by_text(FINISHED)).to_be_visible(timeout=60_000)
    wait_ready(page)
    expect(page.get_by_text(TEXT("page.phase_diagram.point_empty"))).to_be_visible()
    page.mouse.click(*place(canvas, 1.28, 0.83))  # within the cell of g = 1.3 and s² = 0.8
    expect(page.locator(".rnnviz-plot .main-svg").nth(3)).to_be_attached(timeout=30_000)  # two for every figure
    page.wait_for_url("**task.variance**")
    wait_ready(page)
    words = {name: values[0] for name, values in parse_qs(urlparse(page.url).query).items() if name != "lang"}
    record, refused = read(words, START)
    assert not refused
    one = record.one
    assert (one.initializer.scale.gain, one.task.variance, one.cell.kind, one.cell.hidden_size) == (
        1.3,
        0.8,
        "elman",
        16,
    )
    page.get_by_role("button", name=TEXT("page.phase_diagram.open", page=TEXT("page.gradient_flow.title"))).click()
    expect(page.get_by_role("heading", name=TEXT("page.gradient_flow.title"))).to_be_visible(timeout=30_000)
    expect(page.get_by_role("slider", name=TEXT("parameter.gain.label"))).to_have_value("1.3", timeout=30_000)
