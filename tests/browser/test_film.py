"""The film of a training, played by a real browser: every frame is what was written down, on the page and in a saved file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import numpy as np
import pytest
from playwright.sync_api import Locator, Page, expect

from rnnviz.api import results_of
from rnnviz.comparing import Cells, side_by_side
from rnnviz.export import Picture
from rnnviz.export.page import page as saved
from rnnviz.figures import Results
from rnnviz.figures.training import GradientFilm
from rnnviz.text import Text
from rnnviz.ui.address import read
from rnnviz.ui.training_record import START
from tests.browser.conftest import wait_ready
from tests.serving import Server, serving_app

TEXT = Text()
LINK = {"lang": "en", "v": "1", "task.sequence_length": "9", "cell.hidden_size": "5", "batch_size": "4",
        "training.updates": "25", "seeds": "1", "view.watch": "reach"}  # fmt: skip
# The update that is shown, and the profile of which it is, as Plotly has them now.
SHOWN = """canvas => ({update: canvas.layout.shapes[0].x0, profile: Array.from(canvas._fullData.at(-1).y),
  title: canvas.layout.annotations[1].text, marks: canvas.layout.shapes.slice(0, 2).map(shape => shape.x1)})"""


@pytest.fixture(scope="module")
def results() -> Results:
    record, refused = read({name: word for name, word in LINK.items() if name != "lang"}, START)
    assert not refused
    study = side_by_side(record.study().base, Cells(), 1, own={"gru": {"cell.update_bias": record.update_bias}})
    return results_of(study, GradientFilm().needs)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving_app(RNNVIZ_STORE=str(tmp_path_factory.mktemp("store"))) as server:
        yield server


def matches(canvas: Locator, results: Results) -> int:
    """The update on screen, whose profile is the one of the log to float32."""
    shown, log = canvas.evaluate(SHOWN), next(iter(results.values())).data
    place = log["snapshot"].values.tolist().index(shown["update"])
    profile = np.array([np.nan if y is None else y for y in shown["profile"]], float)
    np.testing.assert_allclose(profile, log["gradient_profile"].values[place, 1], rtol=1e-6, atol=1e-6)
    assert shown["title"] == TEXT("figure.gradient_film.profile", update=shown["update"])
    assert shown["marks"] == [shown["update"]] * 2
    return int(shown["update"])


def saved_page(page: Page, results: Results, folder: Path) -> Locator:
    film = GradientFilm(update=12)
    study = side_by_side(START.experiment, Cells(), 1)
    (folder / "film.html").write_bytes(saved(Picture(film, study, results)))
    page.goto((folder / "film.html").as_uri())
    expect(page.locator("#film button")).to_be_visible()
    return page.locator("#figure")


def test_a_saved_film_plays_without_a_server_from_the_first_update_to_the_last(
    page: Page, results: Results, tmp_path: Path
):
    canvas = saved_page(page, results, tmp_path)
    assert matches(canvas, results) == 12
    button = page.locator("#film button")
    expect(button).to_have_text(f"▶ {TEXT('figure.film.play')}")
    button.click()
    expect(button).to_have_text(f"⏸ {TEXT('figure.film.pause')}")
    page.wait_for_timeout(1200)
    button.click()
    held = matches(canvas, results)
    assert 0 <= held < 24
    page.wait_for_timeout(700)
    assert matches(canvas, results) == held  # held is held
    button.click()
    expect(button).to_have_text(f"▶ {TEXT('figure.film.play')}", timeout=30_000)  # it stops by itself at the end
    assert matches(canvas, results) == 24


def test_who_wants_no_motion_sees_one_frame_a_press(page: Page, results: Results, tmp_path: Path):
    page.emulate_media(reduced_motion="reduce")
    canvas, button = saved_page(page, results, tmp_path), page.locator("#film button")
    expect(button).to_have_text(f"⏭ {TEXT('figure.film.step')}")
    for update in range(3):
        button.click()
        expect(button).to_have_text(f"⏭ {TEXT('figure.film.step')}")
        assert matches(canvas, results) == update
    page.wait_for_timeout(800)
    assert matches(canvas, results) == 2


def test_the_film_plays_on_the_page_and_a_hand_on_the_scrubber_ends_it(page: Page, server: Server, results: Results):
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"{server.url}/training?{urlencode(LINK)}")
    wait_ready(page)
    page.get_by_role("button", name=TEXT("page.training.start"), exact=True).click()
    progress = TEXT("page.training.progress", done=75, all=75, finished=3, runs=3)
    expect(page.get_by_text(progress)).to_be_visible(timeout=120_000)
    figure = page.locator(".rnnviz-plot", has=page.locator("button.film"))
    canvas, button = figure.locator(".canvas"), figure.locator("button.film")
    expect(button).to_be_visible(timeout=30_000)
    assert matches(canvas, results) == 24
    button.click()
    expect(button).to_have_text(f"⏸ {TEXT('figure.film.pause')}")
    page.wait_for_timeout(1500)
    slider = page.get_by_role("slider", name=TEXT("parameter.update.label"))
    slider.focus()
    slider.press("ArrowLeft")
    expect(button).to_have_text(f"▶ {TEXT('figure.film.play')}", timeout=15_000)
    page.wait_for_timeout(1000)
    assert matches(canvas, results) == 23
