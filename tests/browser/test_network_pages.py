"""The pages of one network in a real browser: opened from the menu, drawn, and taken home as a table of what is drawn."""

from __future__ import annotations

import base64
import csv
import io
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from rnnviz.text import LANGUAGES, Text
from rnnviz.ui.lessons import LESSONS
from tests.browser.conftest import downloaded, wait_ready
from tests.serving import ROOT, Server, serving_app

VIEWS = ROOT / "rnnviz" / "ui" / "views"
Rows = list[dict[str, str]]
DATA = "canvas => canvas.data.map(trace => ({...trace, x: trace.x?.bdata, y: trace.y?.bdata, z: trace.z?.bdata}))"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving_app() as server:
        yield server


def numbers(bdata: str) -> np.ndarray:
    return np.frombuffer(base64.b64decode(bdata), "<f4")


def column(rows: Rows, name: str, **only: str) -> np.ndarray:
    return np.array([float(row[name]) for row in rows if all(row[key] == value for key, value in only.items())])


def units(traces: list[dict[str, Any]], rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    return numbers(traces[0]["z"]), column(rows, "value")


def shares(traces: list[dict[str, Any]], rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    return numbers(traces[0]["y"]) + numbers(traces[1]["y"]), column(rows, "share")


def histogram(traces: list[dict[str, Any]], rows: Rows) -> tuple[np.ndarray, np.ndarray]:
    return numbers(traces[2]["y"]) + numbers(traces[3]["y"]), column(rows, "fraction")


PAGES = [("gates", 4, units), ("weight_gradient", 3, shares), ("activation", 2, histogram)]


@pytest.mark.parametrize(("name", "figures", "drawn_and_saved"), PAGES, ids=[name for name, *_ in PAGES])
def test_a_page_opens_from_the_menu_draws_and_gives_its_table_away(
    page: Page, server: Server, name: str, figures: int, drawn_and_saved: Callable[..., Any]
) -> None:
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(server.url)
    page.wait_for_selector(".rnnviz-plot .main-svg", timeout=60_000)
    page.get_by_test_id("stTopNavSection").get_by_text(Text()("section.one_network")).click()
    page.get_by_role("menuitem", name=Text()(f"page.{name}.title"), exact=True).click()
    expect(page.get_by_role("heading", name=Text()(f"page.{name}.title"), exact=True)).to_be_visible()
    canvases = page.locator(".rnnviz-plot .canvas")
    expect(canvases).to_have_count(figures, timeout=60_000)
    for figure in range(figures):  # a line is a path of the plot's own layer, a heat map an image there
        layer = canvases.nth(figure).locator(".scatterlayer path, .barlayer path, .heatmaplayer image")
        expect(layer.first).to_be_attached(timeout=30_000)
    wait_ready(page)
    page.get_by_role("button", name=Text()("taking.menu")).first.click()
    file = downloaded(page, page.get_by_role("button", name="CSV", exact=True).first)
    rows = list(csv.DictReader(io.StringIO(file.read_text("utf-8"))))
    drawn, saved = drawn_and_saved(canvases.first.evaluate(DATA), rows)
    assert len(drawn) == len(saved) >= 100 and np.ptp(drawn) > 0
    assert drawn == pytest.approx(saved, rel=1e-6, abs=1e-7)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_phone_lists_every_page_under_its_section(page: Page, server: Server, language: str) -> None:
    text = Text(language)
    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{server.url}/?lang={language}")
    wait_ready(page)
    page.get_by_test_id("stExpandSidebarButton").click()
    menu = page.get_by_test_id("stSidebarNav")
    expect(menu.get_by_text(text("section.one_network"), exact=True)).to_be_visible()
    titles = [text(f"page.{view.stem}.title") for view in VIEWS.glob("[!_]*.py")]
    titles += [*(lesson.heading(text) for lesson in LESSONS), text("page.glossary.title")]
    assert sorted(menu.get_by_role("link").all_inner_texts()) == sorted(titles)
    assert menu.get_by_role("link").first.inner_text() == text("page.gradient_flow.title")
