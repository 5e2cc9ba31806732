"""The map of itemised backpropagation in a real browser: the row under the pointer is drawn, a click makes it stay."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Locator, Page, expect

from rnnviz.text import Text
from tests.browser.conftest import wait_ready
from tests.serving import Server, serving_app

# Of the row that is drawn: its name, its last finite value's place, and where its veil ends.
ROW = """canvas => {
    const row = canvas.layout.meta.row, heard = Array.from(canvas._fullData[row.curve].y)
    const last = heard.findLastIndex(Number.isFinite) + 1
    return [canvas.layout.annotations[row.label].text, last, canvas.layout.shapes[row.cut].x1]
}"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving_app() as server:
        yield server


def row_of(time: int) -> list[object]:
    return [Text("en")("figure.bptt_map.row", time=time), time, time - 20 + 0.5]


def place(canvas: Locator, state: int, loss: int) -> tuple[float, float]:
    area = canvas.locator(".nsewdrag").first.bounding_box()
    assert area is not None
    x, y = canvas.evaluate(f"canvas => [canvas._fullLayout.xaxis.d2p({state}), canvas._fullLayout.yaxis.d2p({loss})]")
    return area["x"] + x, area["y"] + y


def test_hovering_a_loss_draws_the_pasts_that_it_hears_and_a_click_keeps_it(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/bptt?lang=en&cell.hidden_size=8&v=1")
    page.wait_for_selector(".rnnviz-plot .main-svg", timeout=60_000)
    wait_ready(page)
    canvas = page.locator(".rnnviz-plot .canvas").first
    canvas.evaluate("canvas => canvas.scrollIntoView({block: 'center', behavior: 'instant'})")
    assert canvas.evaluate(ROW) == row_of(50)
    page.mouse.move(*place(canvas, 30, 80))
    expect(canvas.get_by_text(str(row_of(80)[0]))).to_be_visible()
    assert canvas.evaluate(ROW) == row_of(80)
    page.mouse.move(*place(canvas, 30, 65))
    expect(canvas.get_by_text(str(row_of(65)[0]))).to_be_visible()
    page.mouse.move(5, 5)
    expect(canvas.get_by_text(str(row_of(50)[0]))).to_be_visible()
    page.wait_for_timeout(300)  # no word of the pointer comes so late that it would take the row back
    assert canvas.evaluate(ROW) == row_of(50)
    page.mouse.move(*place(canvas, 30, 70))
    expect(canvas.get_by_text(str(row_of(70)[0]))).to_be_visible()
    page.mouse.click(*place(canvas, 30, 70))
    expect(page.get_by_role("slider", name=Text("en")("parameter.time.label"))).to_have_value("70")
    wait_ready(page)
    page.mouse.move(5, 5)
    expect(canvas.get_by_text(str(row_of(70)[0]))).to_be_visible()
