"""The time cursor and the equations in a real browser: a click moves it, zoom stays, KaTeX understands every line."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

import pytest
from playwright.sync_api import Locator, Page, expect

from rnnviz.figures.equations import NotationName
from rnnviz.text import LANGUAGES, Text
from tests.browser.conftest import wait_ready
from tests.serving import Server, serving_app

CURSOR = "canvas => canvas._fullLayout.shapes.filter(s => s.x0 === s.x1 && s.yref.endsWith('domain')).map(s => s.x0)"
X_RANGE = "canvas => [...canvas._fullLayout.xaxis.range]"
BLOCKS = {"elman": 4, "lstm": 10, "gru": 7}


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving_app() as server:
        yield server


def opened(page: Page, server: Server, link: str, shown: str) -> Page:
    page.goto(f"{server.url}/{link}")
    page.wait_for_selector(shown, timeout=60_000)
    wait_ready(page)
    return page


def heat_map(page: Page, server: Server) -> Locator:
    """The first figure of Gates and states, its cursor at 50, in the middle of a screen."""
    opened(page, server, "gates?lang=en", ".rnnviz-plot .main-svg")
    found = page.locator(".rnnviz-plot .canvas").first
    assert set(found.evaluate(CURSOR)) == {50}
    found.evaluate("canvas => canvas.scrollIntoView({block: 'center', behavior: 'instant'})")
    return found


def click_at(page: Page, canvas: Locator, time: int, *, touch: bool = False) -> None:
    area = canvas.locator(".nsewdrag").first.bounding_box()
    assert area is not None
    x = area["x"] + canvas.evaluate(f"canvas => canvas._fullLayout.xaxis.d2p({time})")
    y = area["y"] + area["height"] / 2
    if touch:
        page.touchscreen.tap(x, y)
    else:
        page.mouse.move(x, y)
        expect(canvas.locator(".hoverlayer .hovertext").first).to_be_visible()
        page.mouse.click(x, y)


def expect_cursor(page: Page, canvas: Locator, time: int) -> None:
    expect(page.get_by_role("slider", name=Text("en")("parameter.time.label"))).to_have_value(str(time))
    wait_ready(page)
    assert set(canvas.evaluate(CURSOR)) == {time}


def test_a_click_moves_the_cursor_in_all_figures_and_the_zoom_stays(page: Page, server: Server) -> None:
    canvas = heat_map(page, server)
    canvas.evaluate("canvas => Plotly.relayout(canvas, {'xaxis.range': [10, 60]})")
    click_at(page, canvas, 23)
    expect_cursor(page, canvas, 23)
    assert canvas.evaluate(X_RANGE) == [10, 60]
    assert "network.time=23" in page.url
    spread, lags = page.locator(".rnnviz-plot .canvas").nth(1), page.locator(".rnnviz-plot .canvas").last
    assert set(spread.evaluate(CURSOR)) == {23} and set(lags.evaluate(CURSOR)) == {100 - 23}
    click_at(page, canvas, 40)
    expect_cursor(page, canvas, 40)


def test_zooming_by_hand_and_letting_go_leave_the_cursor_alone(page: Page, server: Server) -> None:
    canvas = heat_map(page, server)
    area = canvas.locator(".nsewdrag").first.bounding_box()
    assert area is not None
    middle = area["y"] + area["height"] / 2
    page.mouse.move(area["x"] + area["width"] * 0.2, middle)
    page.mouse.down()
    page.mouse.move(area["x"] + area["width"] * 0.7, middle, steps=5)
    page.mouse.up()
    zoomed = canvas.evaluate(X_RANGE)
    assert zoomed[0] > 10 and zoomed[1] < 90
    page.mouse.dblclick(area["x"] + area["width"] * 0.5, middle)
    page.wait_for_timeout(800)
    assert canvas.evaluate(X_RANGE) == [0.5, 100.5]
    assert set(canvas.evaluate(CURSOR)) == {50} and "network.time" not in page.url


def test_a_finger_moves_the_cursor(browser, server: Server) -> None:
    with browser.new_context(has_touch=True, viewport={"width": 390, "height": 844}) as context:
        page = context.new_page()
        canvas = heat_map(page, server)
        click_at(page, canvas, 20, touch=True)
        page.wait_for_url("**network.time=**")
        wait_ready(page)
        (time,) = set(canvas.evaluate(CURSOR))
        assert abs(time - 20) <= 1


def test_a_moved_cursor_asks_the_worker_for_nothing(page: Page, server: Server) -> None:
    """The numbers of all steps are there already: a figure is never marked as old on the way."""
    opened(page, server, "equations?lang=en", ".katex")
    page.evaluate("""() => {
        window.skeletons = 0
        new MutationObserver(() => { window.skeletons += document.querySelectorAll('[data-testid=stSkeleton]').length })
            .observe(document.body, {childList: true, subtree: true})
    }""")
    slider = page.get_by_role("slider", name=Text("en")("parameter.time.label"))
    slider.press("ArrowRight")
    expect(page.locator(".katex-display annotation").first).to_contain_text("i_{51}")
    wait_ready(page)
    assert page.evaluate("window.skeletons") == 0
    assert "network.time=51" in page.url


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("cell", BLOCKS)
@pytest.mark.parametrize("size", [(1440, 900), (390, 844)])
def test_katex_understands_every_line_and_nothing_is_wider_than_the_screen(
    page: Page, server: Server, language: str, cell: str, size: tuple[int, int]
) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    for notation in get_args(NotationName):
        link = f"equations?lang={language}&v=1&network.cell={cell}&equations.notation={notation}&cell.layers=2"
        opened(page, server, f"{link}&network.layer=2", ".katex")
        expect(page.locator(".katex-display")).to_have_count(BLOCKS[cell])
        assert page.locator(".katex-error").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        hidden = (
            "blocks => blocks.filter(b => b.scrollWidth > b.clientWidth && getComputedStyle(b).overflowX === 'visible')"
        )
        assert page.locator(".katex-display").evaluate_all(f"({hidden})") == []
