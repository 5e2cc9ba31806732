"""Lesson 9 in a real browser: the arrow keys step through the computation, and the drawing plays, on the page and saved."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

from rnnviz.demonstrations import BackwardPass
from rnnviz.export import DemonstrationPicture
from rnnviz.export.page import page as saved
from rnnviz.figures.demonstrations import BackwardDrawing
from rnnviz.text import Text
from tests.browser.conftest import wait_ready
from tests.serving import Server, serving_app

TEXT = Text("en")
COMPUTED = "canvas => canvas._fullData.flatMap(row => row.text).filter(Boolean).length"  # nodes that hold a number
ALL = 10  # h_0 … h_4, the loss, and four adjoints


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving_app() as server:
        yield server


def computed(canvas: Locator, nodes: int) -> None:
    canvas.page.wait_for_function(
        f"([canvas, nodes]) => ({COMPUTED})(canvas) === nodes", arg=[canvas.element_handle(), nodes]
    )


def test_the_arrow_keys_step_and_the_button_plays(page: Page, server: Server) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"{server.url}/backpropagation?lang=en&v=1&drawing.moment=4")
    page.wait_for_selector(".rnnviz-plot .main-svg", timeout=60_000)
    wait_ready(page)
    figure = page.locator(".rnnviz-plot", has=page.locator("button.film"))
    canvas, button = figure.locator(".canvas"), figure.locator("button.film")
    computed(canvas, 5)
    slider = page.get_by_role("slider", name=TEXT("parameter.moment.label"))
    slider.focus()
    for nodes in (6, 7):  # the loss; then the first step back
        slider.press("ArrowRight")
        computed(canvas, nodes)
        wait_ready(page)
        slider.focus()
    button.click()
    expect(button).to_have_text(f"⏸ {TEXT('figure.film.pause')}")
    expect(button).to_have_text(f"▶ {TEXT('figure.film.play')}", timeout=30_000)
    computed(canvas, ALL)


def test_a_saved_drawing_plays_without_a_server(page: Page, tmp_path: Path) -> None:
    picture = DemonstrationPicture(BackwardDrawing(moment=2), BackwardPass().shown())
    (tmp_path / "drawing.html").write_bytes(saved(picture))
    page.emulate_media(reduced_motion="reduce")
    page.goto((tmp_path / "drawing.html").as_uri())
    canvas, button = page.locator("#figure"), page.locator("#film button")
    expect(button).to_have_text(f"⏭ {TEXT('figure.backward_drawing.step')}")
    computed(canvas, 3)
    for nodes in (1, 2, 3, 4, 5, 6, 7):
        button.click()
        computed(canvas, nodes)
