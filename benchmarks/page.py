"""From a slider to the screen: the page's study at its default size, 3 × 3, T = 100, H = 32, 16 examples.

Figure data: the study, its key, the worker's answer over the wire, and the figure as JSON. Against the same curves through
`plotly.subplots.make_subplots` and `to_json`. To the pixel: a key pressed on the gain's slider in Chromium, until the new
figure is drawn; idle, and while as many networks are trained as there are cores.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING
from urllib.parse import urlencode

import orjson
from plotly.subplots import make_subplots

from benchmarks.timing import Row, race, timed
from rnnviz.api import results_of
from rnnviz.figures import Look, Results
from rnnviz.jobs import Result, interactive
from rnnviz.text import Text
from rnnviz.ui import asking
from rnnviz.ui.flow import START, GradientFlowPage

if TYPE_CHECKING:
    from playwright.sync_api import Page

MOVES = 25
TEXT = Text("en")


def rows() -> Iterator[Row]:
    grid = START.changed({"view.arrangement": "grid"})
    results = results_of(grid.study(), grid.view.needs)
    figure = race(lambda: drawn(grid, results), lambda: by_plotly(results), seconds=4)
    yield Row("figure of the 3 × 3 grid + JSON / make_subplots + to_json", figure.ratio, 0.1, note=figure.note)
    yield from server(grid, "gradient")
    yield from server(grid.changed({"view.quantity": "jacobian"}), "Jacobians with bounds")
    yield from browser()


def drawn(page: GradientFlowPage, results: Results) -> bytes:
    return orjson.dumps(page.view(results, TEXT, Look()))


def by_plotly(results: Results) -> str:
    """The curves and their bands as most pages would draw them."""
    figure = make_subplots(rows=3, cols=3, shared_xaxes=True, shared_yaxes=True)
    for place, result in enumerate(results.values()):
        flow = result.data.gradient_flow.sel(part="state")
        for edge in ("low", "high", "median"):
            y = flow.sel(band=edge).values.tolist()
            figure.add_scatter(x=flow.time.values.tolist(), y=y, row=place // 3 + 1, col=place % 3 + 1)
    return str(figure.to_json())


def server(page: GradientFlowPage, name: str) -> Iterator[Row]:
    """Milliseconds, because a hand waits for them, not for a ratio."""
    interactive().warm()
    moved = [page.changed({"experiment.initializer.scale.gain": 0.5 + k / 100}) for k in range(MOVES + 1)]
    move(moved[0])
    taken = sorted(timed(lambda page=page: move(page)) for page in moved[1:])
    note = f"median; 95 % within {taken[int(0.95 * MOVES)] * 1e3:.0f} ms"
    yield Row(f"slider to figure data, {name}, ms", statistics.median(taken) * 1e3, note=note)


def move(page: GradientFlowPage) -> bytes:
    study = page.study()
    request = asking.request_for(study, page.view.needs)
    answer = interactive().submit(asking.key_for(study, request), request, "benchmark").result(60)
    assert isinstance(answer, Result)
    return drawn(page, asking.results_of(study, answer))


WATCH = """() => { const canvas = document.querySelector('.rnnviz-plot .canvas')
  const shown = () => canvas._fullLayout.title.subtitle.text
  const before = shown(), start = performance.now()
  window.pixel = new Promise(done => { const look = () => shown() === before
    ? setTimeout(look, 2) : requestAnimationFrame(() => done(performance.now() - start)); look() }) }"""


def browser() -> Iterator[Row]:
    try:
        from playwright.sync_api import sync_playwright

        from tests.browser.conftest import chromium, flags
        from tests.serving import serving_app
    except ImportError as error:
        yield Row("slider to pixel, ms", float("nan"), note=f"not measured: {error}")
        return
    with TemporaryDirectory() as store, serving_app(RNNVIZ_STORE=store) as running, sync_playwright() as playwright:
        window = playwright.chromium.launch(executable_path=chromium(), args=flags()).new_context().new_page()
        idle = pixels(window, running.url)
        train_in_another_window(window, running.url)
        busy = pixels(window, running.url)
        window.context.browser.close()
    yield Row("slider to pixel in Chromium without a GPU, ms", statistics.median(idle), note=spread(idle))
    ratio = statistics.median(busy) / statistics.median(idle)
    yield Row("    while two trainings run / idle", ratio, 1.5, note=spread(busy))


def pixels(window: Page, address: str) -> list[float]:
    """Milliseconds from a key on the slider to the new figure, sorted."""
    window.goto(address)
    window.wait_for_selector(".rnnviz-plot .main-svg", timeout=60_000)
    slider = window.get_by_role("slider", name="Gain g")
    slider.focus()
    taken = []
    for _ in range(MOVES):
        time.sleep(0.3)
        window.evaluate(WATCH)
        slider.press("ArrowRight")
        taken.append(float(window.evaluate("window.pixel")))
    return sorted(taken)


def train_in_another_window(window: Page, address: str) -> None:
    """As many trainings as there are cores, as a person would start them; they end with the server."""
    link = {"lang": "en", "v": "1", "seeds": 1, "training.updates": 100_000}
    other = window.context.new_page()
    other.goto(f"{address}/training?{urlencode(link)}")
    other.get_by_role("button", name=TEXT("page.training.start"), exact=True).click()
    other.get_by_text(" updates/s").first.wait_for(timeout=120_000)
    other.close()


def spread(taken: list[float]) -> str:
    return f"median; 95 % within {taken[int(0.95 * MOVES)]:.0f} ms"
