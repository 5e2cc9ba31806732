"""The front page as a lecturer has it: a slider moves and the curve moves, zoom stays, the link opens the same figure."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from xml.etree import ElementTree

import numpy as np
import psutil
import pytest
from playwright.sync_api import Locator, Page, expect

from rnnviz.text import LANGUAGES, Text
from rnnviz.ui.memory import LAG
from tests.browser.conftest import wait_ready
from tests.serving import Server, serving_app

CURVES = "canvas => canvas.data.map(curve => [curve.name, curve.showlegend, curve.y.bdata])"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving_app() as server:
        yield server


def opened(page: Page, server: Server, link: str = "") -> Page:
    page.goto(f"{server.url}/{link}")
    page.wait_for_selector(".rnnviz-plot .main-svg", timeout=60_000)
    wait_ready(page)
    return page


def canvas(page: Page) -> Locator:
    return page.locator(".rnnviz-plot .canvas")


def curve(page: Page, name: str) -> np.ndarray:
    """log₁₀ norms of the full line of one curve, as they are on the screen."""
    found = next(y for title, _, y in canvas(page).evaluate(CURVES) if title == name)
    return np.frombuffer(base64.b64decode(found), "<f4")


def gain(page: Page) -> Locator:
    return page.get_by_role("slider", name="Gain g")


def press(page: Page, slider: Locator, key: str, times: int) -> None:
    slider.focus()
    for _ in range(times):
        slider.press(key)
        page.wait_for_timeout(33)  # as a key that is held down repeats
    for _ in range(3):  # a value that waits for the page to be idle is sent when it is, and the page runs again
        page.wait_for_timeout(200)
        wait_ready(page)


def test_a_slider_moves_and_the_curve_moves(page: Page, server: Server) -> None:
    opened(page, server)
    before = curve(page, "Vanilla · tanh")
    assert len(before) == 100
    press(page, gain(page), "ArrowLeft", 30)
    after = curve(page, "Vanilla · tanh")
    assert after[0] < before[0] - 5  # a smaller gain leaves less of the gradient at t = 1 …
    assert abs(after[-1] - before[-1]) < 1  # … and about as much where it starts
    assert "initializer.scale.gain=0.7" in page.url


@pytest.mark.parametrize("by", ["reset", "preset", "back"])
def test_what_moved_a_slider_back_is_not_undone_by_the_next_click(page: Page, server: Server, by: str) -> None:
    """The browser sends what the hand chose last with every click, unless it is told otherwise."""
    opened(page, server)
    press(page, gain(page), "ArrowRight", 25)
    chosen, text = gain(page).input_value(), Text("en")
    page.wait_for_timeout(1000 * LAG)  # an older address is the Back button's, a newer one the slider's own
    match by:
        case "reset":
            page.get_by_role("button", name=text("page.reset"), exact=True).click()
        case "preset":
            page.get_by_test_id("stSelectbox").filter(has_text=text("page.preset")).get_by_role("combobox").click()
            page.get_by_role("option", name=text("preset.sigmoid_death.label")).click()
        case "back":
            page.go_back()
    expect(gain(page)).not_to_have_value(chosen)
    for _ in range(3):
        page.wait_for_timeout(300)
        wait_ready(page)
    moved = gain(page).input_value()
    page.get_by_role("radio", name=text("option.axis.linear.label")).click()
    for _ in range(3):
        page.wait_for_timeout(300)
        wait_ready(page)
    assert gain(page).input_value() == moved != chosen


def test_zoom_survives_a_slider_move(page: Page, server: Server) -> None:
    opened(page, server)
    ranges = "canvas => [canvas._fullLayout.xaxis.range, canvas._fullLayout.yaxis.range]"
    place = page.locator(".rnnviz-plot .nsewdrag").bounding_box()
    assert place is not None
    page.mouse.move(place["x"] + place["width"] * 0.3, place["y"] + place["height"] * 0.3)
    page.mouse.down()
    page.mouse.move(place["x"] + place["width"] * 0.6, place["y"] + place["height"] * 0.6, steps=5)
    page.mouse.up()
    page.wait_for_timeout(500)
    zoomed = canvas(page).evaluate(ranges)
    for _ in range(2):  # also the second time, when nothing is zoomed anew
        press(page, gain(page), "ArrowRight", 5)
        assert canvas(page).evaluate(ranges) == zoomed
    for _ in range(3):  # on a busy machine the second click may come too late to make a double one
        page.locator(".rnnviz-plot .nsewdrag").dblclick()
        page.wait_for_timeout(1500)
        whole = canvas(page).evaluate(ranges)
        if whole != zoomed:
            break
    assert whole[0][0] < zoomed[0][0] and whole[1][1] > zoomed[1][1]
    press(page, gain(page), "ArrowRight", 5)
    after = canvas(page).evaluate(ranges)
    assert after[0] == whole[0] and after[1] != whole[1]  # what is not zoomed follows the data


def test_what_was_hidden_stays_hidden_when_curves_come_and_go(page: Page, server: Server) -> None:
    opened(page, server)
    count = "canvas => canvas._fullData.length"
    hidden = "canvas => canvas._fullData.filter(curve => curve.visible === 'legendonly').map(curve => curve.name)"
    page.locator(".rnnviz-plot .legendtoggle").nth(1).click()
    page.wait_for_timeout(800)  # a second click would make it a double one
    curves, before = canvas(page).evaluate(count), canvas(page).evaluate(hidden)
    assert before == ["Vanilla · tanh"]
    press(page, gain(page), "ArrowRight", 60)  # the sigmoid's stays above float32, and so loses its pale part
    assert canvas(page).evaluate(count) < curves and canvas(page).evaluate(hidden) == before
    page.locator(".rnnviz-plot .legendtoggle").nth(1).click()
    page.wait_for_timeout(800)
    press(page, gain(page), "ArrowRight", 2)
    assert canvas(page).evaluate(hidden) == []


def test_the_link_opens_the_same_figure_in_another_browser(page: Page, server: Server) -> None:
    opened(page, server)
    press(page, gain(page), "ArrowRight", 25)
    link, here = page.url.partition("?")[2], canvas(page).evaluate(CURVES)
    other = page.context.browser.new_page()
    opened(other, server, f"?{link}")
    assert canvas(other).evaluate(CURVES) == here
    other.close()


def test_fast_moves_end_at_the_last_one_and_pile_up_nothing(page: Page, server: Server) -> None:
    opened(page, server)
    press(page, gain(page), "ArrowRight", 40)
    expect(page.locator(".rnnviz-plot")).to_have_attribute("aria-busy", "false")
    assert "initializer.scale.gain=1.4" in page.url
    assert "g = 1.4 " in canvas(page).evaluate("canvas => canvas._fullLayout.title.subtitle.text")


def test_svg_downloads_and_opens(page: Page, server: Server) -> None:
    opened(page, server)
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as SVG").click()
    svg = ElementTree.parse(download.value.path())
    assert svg.getroot().tag.endswith("svg")
    assert "Vanilla · tanh" in "".join(svg.getroot().itertext())


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize("size", [(1440, 900), (390, 844)])
def test_nothing_is_wider_than_the_screen(page: Page, server: Server, language: str, size: tuple[int, int]) -> None:
    page.set_viewport_size({"width": size[0], "height": size[1]})
    opened(page, server, f"?lang={language}")
    expect(page.get_by_role("heading", name=Text(language)("page.gradient_flow.title"))).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")


def test_a_pinned_curve_is_drawn_behind_the_new_one(page: Page, server: Server) -> None:
    opened(page, server)
    page.get_by_role("button", name="Pin").click()
    wait_ready(page)
    press(page, gain(page), "ArrowLeft", 20)
    names = [name for name, *_ in canvas(page).evaluate(CURVES)]
    assert "Vanilla · tanh (pinned)" in names


def test_an_upload_becomes_the_input(page: Page, server: Server) -> None:
    opened(page, server, "?v=1&task=own_series&task.sequence_length=50")
    table = "day,price\n" + "\n".join(f"{day},{np.sin(day / 5):.4f}" for day in range(200))
    page.locator("input[type=file]").set_input_files(
        [{"name": "prices.csv", "mimeType": "text/csv", "buffer": table.encode()}]
    )
    page.wait_for_url("**task.column=day**")
    wait_ready(page)
    expect(page.get_by_role("combobox", name="Column")).to_be_visible()


def worker_at_work(server: Server) -> psutil.Process:
    """The one that computes; killing the idle ones and the spare as well could kill the second try too."""
    children = psutil.Process(server.process.pid).children(recursive=True)
    workers = [child for child in children if "rnnviz.worker" in child.cmdline()]
    while True:
        for worker in workers:
            if worker.status() == psutil.STATUS_RUNNING:
                return worker


def test_a_killed_worker_is_replaced_and_the_page_says_so(page: Page, server: Server) -> None:
    opened(page, server, "?v=1&view.quantity=jacobian&cell.hidden_size=48&task.sequence_length=300")
    slow = page.get_by_role("slider", name="Gain g")
    slow.focus()
    slow.press("ArrowRight")
    page.wait_for_selector(".rnnviz-plot[aria-busy=true]")  # the old figure is marked as old, and a worker is at work
    worker_at_work(server).kill()
    expect(page.get_by_text(Text("en")("waiting.replaced"))).to_be_visible(timeout=30_000)
    wait_ready(page)
    expect(page.locator(".rnnviz-plot")).to_have_attribute("aria-busy", "false")
