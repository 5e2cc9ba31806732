"""What the menu under a figure hands over, downloaded by a real browser and opened: the very figure on the page."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import xarray as xr
from playwright.sync_api import Page, expect

from rnnviz.text import LANGUAGES, Text
from rnnviz.ui.flow import START
from tests.browser.conftest import downloaded, wait_ready
from tests.browser.test_front_page import canvas, curve, gain, opened, press
from tests.export.test_export import unpacked
from tests.serving import Server, serving_app

FIGURE = "canvas => ({data: canvas.data, paper: canvas.layout.paper_bgcolor, title: canvas.layout.title.text})"
SIZES = {"desktop": (1440, 900), "phone": (390, 844)}
every_language = pytest.mark.parametrize("language", LANGUAGES)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving_app() as server:
        yield server


def menu(page: Page, language: str = "en") -> None:
    page.get_by_role("button", name=Text(language)("taking.menu")).first.click()
    expect(page.get_by_text(Text(language)("taking.same"))).to_be_visible()
    wait_ready(page)


def taken(page: Page, name: str) -> bytes:
    """The file behind a button that has it already, or makes it when it is clicked."""
    return downloaded(page, page.get_by_role("button", name=name).locator("visible=true").first).read_bytes()


def label(name: str, language: str = "en") -> str:
    return Text(language)(f"taking.format.{name}.label")


def asked_for(page: Page, name: str, language: str = "en") -> bytes:
    """A file that a worker makes: asked for, waited for, saved."""
    page.get_by_role("button", name=label(name, language), exact=True).click()
    save = re.compile(
        re.escape(Text(language)("taking.save", name=label(name, language), size="#")).replace(r"\#", ".+")
    )
    made = page.get_by_role("button", name=save).locator("visible=true").first
    expect(made).to_be_visible(timeout=60_000)
    return downloaded(page, made).read_bytes()


def characters(pdf: bytes) -> str:
    """All that a reader can copy out of a PDF: the right-hand sides of its ToUnicode tables (ISO 32000-1, 9.10.3)."""
    words = unpacked(pdf).decode("latin-1")
    code, character = "<((?:[0-9A-F]{2}){1,2})>", "<([0-9A-F]{4})>"  # a code of one byte or two
    singles = re.findall(f"^{code} {character}$", words, re.MULTILINE)
    ranges = re.findall(f"^{code} {code} {character}$", words, re.MULTILINE)
    found = [chr(int(one, 16)) for _, one in singles]
    found += [chr(int(start, 16) + k) for low, high, start in ranges for k in range(int(high, 16) - int(low, 16) + 1)]
    return "".join(found)


@every_language
def test_a_pdf_in_the_language_of_the_page_whose_words_can_be_copied(page: Page, server: Server, language: str) -> None:
    opened(page, server, f"?lang={language}")
    title = canvas(page).evaluate(FIGURE)["title"]
    menu(page, language)
    pdf = asked_for(page, "pdf", language)
    assert pdf.startswith(b"%PDF-") and pdf.rstrip().endswith(b"%%EOF")
    assert set(re.sub(r"\s", "", title)) <= set(characters(pdf))
    assert bool(re.search("[가-힣]", characters(pdf))) == (language == "ko")


def test_html_opens_in_a_browser_and_draws_the_same_dark_korean_figure_with_its_shadow(
    page: Page, server: Server, tmp_path: Path
) -> None:
    page.emulate_media(color_scheme="dark")
    opened(page, server, "?lang=ko")
    page.get_by_role("button", name=Text("ko")("page.pin")).click()
    wait_ready(page)
    press(page, page.get_by_role("slider", name=Text("ko")("parameter.gain.label")), "ArrowLeft", 10)
    page.wait_for_url("**initializer.scale.gain=0.9*")
    expect(page.locator(".rnnviz-plot .gtitle-subtitle")).to_contain_text("g = 0.9 ")
    menu(page, "ko")
    file = tmp_path / "figure.html"
    file.write_bytes(taken(page, label("html", "ko")))
    here = canvas(page).evaluate(FIGURE)
    assert sum("(고정)" in (one.get("name") or "") for one in here["data"]) == 9
    other = page.context.new_page()
    other.goto(file.as_uri())
    other.wait_for_selector(".main-svg")
    there: dict[str, Any] = other.locator("#figure").evaluate(FIGURE)
    for mine, theirs in zip(curves(here), curves(there), strict=True):
        assert theirs == mine, [(k, m, t) for k, (m, t) in enumerate(zip(mine, theirs, strict=True)) if m != t]
    assert there["paper"] == here["paper"] == "#11171e"


def curves(figure: dict[str, Any]) -> list[Any]:
    """What is drawn; plotly.js adds the unpacked numbers to arrays that it has drawn more than once."""
    parts = [[one.get(part) for part in ("name", "x", "y", "line", "opacity")] for one in figure["data"]]
    return [[part["bdata"] if isinstance(part, dict) and "bdata" in part else part for part in one] for one in parts]


def test_notebook_lines_study_and_numbers_are_those_of_the_page(page: Page, server: Server) -> None:
    opened(page, server)
    press(page, gain(page), "ArrowRight", 5)
    study = START.changed({"experiment.initializer.scale.gain": 1.05}).study()
    menu(page)
    book = json.loads(taken(page, label("ipynb")))
    source = "".join("".join(cell["source"]) for cell in book["cells"])
    assert book["nbformat"] == 4 and study.key in source and "draw(view, results" in source
    assert taken(page, label("py")).decode().startswith("# rnnviz ") and study.key in taken(page, label("py")).decode()
    assert json.loads(taken(page, label("json")))["key"] == study.key
    rows = list(csv.DictReader(io.StringIO(taken(page, label("csv")).decode())))
    first = next(
        row for row in rows
        if (row["curve"], row["part"], row["band"], row["time"]) == ("elman-tanh", "state", "median", "1")
    )  # fmt: skip
    assert float(first["log10_norm"]) == pytest.approx(float(curve(page, "Vanilla · tanh")[0]), abs=1e-5)


def test_the_trace_of_the_opened_network_is_netcdf(page: Page, server: Server) -> None:
    page.goto(f"{server.url}/gates?v=1&network.cell=gru&task.sequence_length=30")
    page.wait_for_selector(".rnnviz-plot .main-svg", timeout=60_000)
    wait_ready(page)
    menu(page)
    with xr.open_dataset(io.BytesIO(asked_for(page, "nc")), engine="h5netcdf") as trace:
        assert trace.sizes["time"] == 30 and trace.attrs["experiment.cell"] == "gru"
        assert all({"symbol", "unit", "source"} <= set(variable.attrs) for variable in trace.data_vars.values())


@every_language
@pytest.mark.parametrize("size", SIZES)
def test_the_menu_fits_on_the_screen(page: Page, server: Server, language: str, size: str) -> None:
    width, height = SIZES[size]
    page.set_viewport_size({"width": width, "height": height})
    opened(page, server, f"?lang={language}")
    menu(page, language)
    box = page.get_by_test_id("stPopoverBody").bounding_box()
    assert box and box["x"] >= 0 and box["x"] + box["width"] <= width
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    page.get_by_role("button", name=label("py", language), exact=True).scroll_into_view_if_needed()
    expect(page.get_by_role("button", name=label("py", language), exact=True)).to_be_in_viewport()
