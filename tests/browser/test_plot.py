"""The plot and the live slider as a viewer has them: in a browser, with a mouse and a keyboard."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from tests.browser.conftest import wait_ready
from tests.serving import Server, serving

SCRIPT = """
import base64

import numpy as np
import streamlit as st

from rnnviz.ui.live_slider import live_slider
from rnnviz.ui.plot import plot

WORDS = {"computing": "computing…", "save_svg": "Save as SVG", "save_png": "Save as PNG", "load_failed": "No Plotly."}
LETTERS = "Source Sans, Pretendard, sans-serif"

def packed(array):
    text = base64.b64encode(array.astype("f4")).decode()
    return {"dtype": "f4", "bdata": text, "shape": ",".join(map(str, array.shape))}

def figure(decay):
    time = np.arange(100.0)
    curves = [{"x": packed(time), "y": packed(factor**time), "name": name} for name, factor in
              {"RNN": decay, "<b>LSTM</b>": 0.99}.items()]
    ink, paper = ("#EEF2F6", "#11171E") if st.context.theme.type == "dark" else ("#15202B", "#FFFFFF")
    title = f"기울기 {decay:.2f}"
    return {"data": curves, "layout": {"title": {"text": title}, "font": {"color": ink, "family": LETTERS},
            "paper_bgcolor": paper}}

def chosen(decay):
    st.session_state.chosen = decay

@st.fragment
def view():
    decay = st.session_state.setdefault("chosen", 0.9)
    live_slider("decay", decay, 0.5, 1.5, 0.01, "decay", "how fast the gradient fades", chosen)
    st.slider("size", 1, 9, 5)
    seen = st.session_state.setdefault("seen", [])
    plot(figure(decay), "curves", 360, "Gradient norm over time", words=WORDS, file_name="gradient-flow",
         stale=decay > 1, note=f"for decay {decay:.2f} <i>", on_click=seen.append)
    st.text(f"clicked {len(seen)}: {seen}")
    heat = {"data": [{"type": "heatmap", "z": packed(np.eye(3))}], "layout": {}}
    plot(heat, "heat", 240, "Identity", words=WORDS, file_name="heat")

view()
"""

X_RANGE = "canvas => canvas._fullLayout.xaxis.range"


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(SCRIPT, tmp_path_factory.mktemp("plot")) as server:
        yield server


@pytest.fixture
def shown(page: Page, server: Server) -> Page:
    return visit(page, server)


def visit(page: Page, server: Server) -> Page:
    page.goto(f"{server.url}/")
    wait_ready(page)
    expect(curves(page).locator(".legend")).to_be_visible()
    return page


def curves(page: Page) -> Locator:
    return page.get_by_role("img", name="Gradient norm over time")


def decay(page: Page) -> Locator:
    return page.get_by_role("slider", name="decay")


def expect_title(page: Page, title: str) -> None:
    expect(curves(page).locator(".gtitle")).to_have_text(title)


def drag(page: Page, start: tuple[float, float], end: tuple[float, float]) -> None:
    page.mouse.move(*start)
    page.mouse.down()
    page.mouse.move(*end, steps=5)
    page.mouse.up()


def zoom_in(page: Page) -> list[float]:
    """Drag a window over the middle half of the horizontal axis; the range it leaves."""
    area = curves(page).locator(".nsewdrag").bounding_box()
    assert area is not None
    middle = area["y"] + area["height"] / 2
    drag(page, (area["x"] + area["width"] / 4, middle), (area["x"] + area["width"] * 3 / 4, middle))
    low, high = curves(page).evaluate(X_RANGE)
    assert 15 < low < 35 < 65 < high < 85
    return [low, high]


def test_arrays_travel_as_base64(shown: Page) -> None:
    assert curves(shown).evaluate("canvas => canvas.calcdata[1].length") == 100
    heat = shown.get_by_role("img", name="Identity")
    expect(heat.locator(".hm image")).to_be_visible()
    assert heat.evaluate("canvas => [...canvas.calcdata[0][0].z].map(row => [...row])") == [
        [1, 0, 0],
        [0, 1, 0],
        [0, 0, 1],
    ]


def test_zoom_and_hidden_curves_outlive_new_data(shown: Page) -> None:
    first = curves(shown).element_handle()
    zoomed = zoom_in(shown)
    curves(shown).locator(".legendtoggle").nth(1).click()
    expect(curves(shown).locator(".scatterlayer .trace")).to_have_count(1)
    decay(shown).press("ArrowLeft")
    expect_title(shown, "기울기 0.89")
    assert curves(shown).evaluate(X_RANGE) == zoomed
    expect(curves(shown).locator(".scatterlayer .trace")).to_have_count(1)
    assert curves(shown).evaluate("(canvas, first) => canvas === first", first), "the chart was built anew"


def test_a_new_figure_is_drawn_fast(shown: Page) -> None:
    """0.1 s was measured; the bound leaves room for a busy machine and still excludes building the chart anew there."""
    shown.evaluate("""() => {
        const canvas = document.querySelector('.rnnviz-plot .canvas')
        canvas.on('plotly_afterplot', () => { window.drawnAt = performance.now() })
        document.querySelector('[type=range]').addEventListener('input', () => { window.movedAt = performance.now() })
    }""")
    times = []
    for step in range(5):
        decay(shown).press("ArrowLeft")
        expect_title(shown, f"기울기 {0.89 - step / 100:.2f}")
        times.append(shown.evaluate("drawnAt - movedAt"))
    print(f"from the key to the figure: {sorted(times)[2]:.0f} ms")
    assert sorted(times)[2] < 500


def test_the_tool_bar_uploads_nothing(shown: Page) -> None:
    titles = (
        curves(shown).locator(".modebar-btn").evaluate_all("buttons => buttons.map(button => button.dataset.title)")
    )
    assert "Zoom" in titles
    assert not [title for title in titles if title and ("share" in title.lower() or "cloud" in title.lower())]
    assert not [title for title in titles if title and "plotly" in title.lower()]


def test_svg_and_png_are_made_by_the_viewers_browser(shown: Page, tmp_path: Path) -> None:
    zoom_in(shown)
    svg = saved(shown, "Save as SVG", tmp_path)
    assert svg.name == "gradient-flow.svg"
    words = "".join(ElementTree.parse(svg).getroot().itertext())
    assert "기울기 0.90" in words
    for family in ('"Source Sans"', "Pretendard"):
        assert f"@font-face {{ font-family: {family};" in words, "the letters of the page travel inside the picture"
    assert "url(data:font/woff2;base64," in words
    png = saved(shown, "Save as PNG", tmp_path)
    assert png.name == "gradient-flow.png"
    head = png.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    shown_width = curves(shown).evaluate("canvas => canvas.offsetWidth")
    assert int.from_bytes(head[16:20]) == 2 * shown_width
    assert int.from_bytes(head[20:24]) == 2 * 360


def saved(page: Page, button: str, folder: Path) -> Path:
    with page.expect_download() as download:
        page.locator(".rnnviz-plot").first.get_by_role("button", name=button).click()
    path = folder / download.value.suggested_filename
    download.value.save_as(path)
    return path


def test_a_stale_figure_says_so(shown: Page) -> None:
    first = shown.locator(".rnnviz-plot").first
    expect(first).to_have_attribute("aria-busy", "false")
    decay(shown).fill("1.2")
    expect(first).to_have_attribute("aria-busy", "true")
    expect(first.get_by_text("computing…")).to_be_visible()
    expect(first.get_by_text("for decay 1.20 <i>")).to_be_visible()


def test_a_click_on_a_point_reaches_the_page(shown: Page) -> None:
    area = curves(shown).locator(".nsewdrag").bounding_box()
    assert area is not None
    start = (area["x"] + 1, area["y"] + curves(shown).evaluate("canvas => canvas._fullLayout.yaxis.c2p(1)") + 1)
    shown.mouse.move(*start)
    expect(curves(shown).locator(".hoverlayer .hovertext").first).to_be_visible()
    shown.mouse.click(*start)
    expect(shown.get_by_text("clicked 1: [Click(x=0, curve=")).to_be_visible()
    shown.mouse.click(*start)  # the same point once more is a click as well
    expect(shown.get_by_text("clicked 2: ")).to_be_visible()


def test_a_double_click_and_a_drag_are_no_clicks(shown: Page) -> None:
    area = curves(shown).locator(".nsewdrag").bounding_box()
    assert area is not None
    whole = curves(shown).evaluate(X_RANGE)
    zoom_in(shown)
    shown.mouse.dblclick(area["x"] + area["width"] / 2, area["y"] + area["height"] * 0.4)
    shown.wait_for_timeout(800)  # longer than a click waits for its second half
    assert curves(shown).evaluate(X_RANGE) == whole  # which lets the zoom go
    expect(shown.get_by_text("clicked 0: []")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_both_themes(browser: Browser, server: Server, scheme: Any) -> None:
    with browser.new_context(color_scheme=scheme) as context:
        page = context.new_page()
        page.goto(f"{server.url}/")
        wait_ready(page)
        paper = {"light": "rgb(255, 255, 255)", "dark": "rgb(17, 23, 30)"}[scheme]
        expect(curves(page).locator(".main-svg").first).to_have_css("background-color", paper)
        expect(page.get_by_test_id("stApp")).to_have_css("background-color", paper)


@pytest.mark.parametrize("width", [360, 1600])
def test_the_figure_is_as_wide_as_its_place(shown: Page, width: int) -> None:
    shown.set_viewport_size({"width": width, "height": 800})
    shown.wait_for_function("""() => {
        const canvas = document.querySelector('.rnnviz-plot .canvas')
        return canvas._fullLayout.width === canvas.offsetWidth
    }""")
    assert shown.evaluate("document.documentElement.scrollWidth") <= width


def test_a_page_weighs_little_and_breaks_no_security_policy(page: Page, server: Server) -> None:
    """Streamlit alone sends 7.5 MB for a first page, and Plotly's script is 4.8 MB more."""
    problems: list[str] = []
    sizes: list[int] = []
    page.on("console", lambda message: problems.append(message.text) if message.type == "error" else None)
    page.on("requestfinished", lambda request: sizes.append(request.sizes()["responseBodySize"]))
    visit(page, server)
    assert problems == []
    assert 1_000_000 < sum(sizes) < 4_000_000


def test_figures_are_drawn_under_a_course_sites_path(page: Page, tmp_path: Path) -> None:
    with serving(SCRIPT, tmp_path, base="course") as server:
        visit(page, server)


def test_a_page_that_cannot_load_plotly_says_so(page: Page, server: Server) -> None:
    page.route("**/plotly*.js", lambda route: route.abort())
    page.goto(f"{server.url}/")
    expect(page.get_by_role("alert").first).to_have_text("No Plotly.")


def test_the_live_slider_speaks_while_it_is_dragged(shown: Page) -> None:
    slider = decay(shown)
    place = slider.bounding_box()
    assert place is not None
    middle = place["y"] + place["height"] / 2
    shown.mouse.move(place["x"] + place["width"] * 0.4, middle)
    shown.mouse.down()
    shown.mouse.move(place["x"] + place["width"] * 0.2, middle, steps=4)
    value = f"{float(slider.input_value()):.2f}"
    assert 0.65 < float(value) < 0.75
    expect_title(shown, f"기울기 {value}")  # while the hand still holds it
    shown.mouse.up()
    expect(slider).to_have_attribute("aria-valuetext", value)


def test_the_live_slider_obeys_the_keyboard_and_stays_where_it_was_put(shown: Page) -> None:
    for _ in range(10):
        decay(shown).press("ArrowRight")
    expect_title(shown, "기울기 1.00")
    expect(decay(shown)).to_have_value("1")
    decay(shown).press("Home")
    expect_title(shown, "기울기 0.50")
