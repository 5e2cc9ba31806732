"""Pictures drawn by a Chromium without a window: kaleido, one browser for the whole process.

Starting it costs 2–3 s, a picture then .2–.5 s; kaleido's one-off calls would start it again every time.
"""

from __future__ import annotations

import os
import queue
import shutil
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

from rnnviz.export import fonts
from rnnviz.export.failure import CannotExport

NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "chrome", "msedge")
MACOS = ("Chromium", "Google Chrome")
PATIENCE = 40.0  # seconds for one picture
IDLE = 300.0  # seconds without a picture, after which the browser and its 300 MB are let go
GONE = 5.0  # seconds more, after which nothing will come: kaleido does not always notice that its browser has died

_one_at_a_time = threading.Lock()  # kaleido hands answers back in the order of asking, to whoever takes the next
_server: threading.Thread | None = None
_rest: threading.Timer | None = None


def browser() -> str:
    """Where Chromium or Chrome is: RNNVIZ_CHROMIUM, or the first that is found. "" if there is none."""
    named = os.environ.get("RNNVIZ_CHROMIUM")
    if named:
        return shutil.which(named) or ""
    applications = [f"/Applications/{name}.app/Contents/MacOS/{name}" for name in MACOS]
    return next(filter(None, map(shutil.which, (*NAMES, *applications))), "")


def check_browser(language: str) -> None:
    """Raises CannotExport, with what to do, where no picture could be drawn. It starts nothing."""
    if not browser():
        raise CannotExport("no_browser")
    if language == "ko" and not fonts.can_write_hangul():
        raise CannotExport("no_korean_font")


def render(
    figure: Mapping[str, Any], size: tuple[int, int], form: Literal["png", "svg", "pdf"], scale: int = 1
) -> bytes:
    """A figure as the bytes of a picture, `size` in CSS pixels. Raises CannotExport.

    A browser that stood ready may have died since, or been killed for its memory: then a fresh one draws.
    """
    width, height = size
    options = {"format": form, "width": width, "height": height, "scale": scale}
    with _one_at_a_time:
        rest_in(IDLE)
        if _server is not None:
            with suppress(CannotExport):
                return attempt({**figure}, options)
        return attempt({**figure}, options)


def attempt(figure: dict[str, Any], options: dict[str, Any]) -> bytes:
    try:
        return answer(running(), figure, options)
    except CannotExport:
        forget()
        raise


def rest_in(seconds: float) -> None:
    """End the browser then, unless a picture is asked for before."""
    global _rest
    if _rest is not None:
        _rest.cancel()
    _rest = threading.Timer(seconds, rest)
    _rest.daemon = True
    _rest.start()


def rest() -> None:
    with _one_at_a_time:
        forget()


def forget() -> None:
    """Leave the browser and its thread to themselves; the next picture has fresh ones.

    Nobody waits for the old thread: of a browser that has died it may never end.
    """
    global _server
    import kaleido
    from kaleido._sync_server import GlobalKaleidoServer

    _server = None
    if kaleido._global_server.is_running():
        kaleido._global_server._task_queue.put(None)
    GlobalKaleidoServer._instance = None
    kaleido._global_server = GlobalKaleidoServer()


def running() -> threading.Thread:
    """The thread in which kaleido's browser lives, started if there is none."""
    global _server
    import kaleido

    if _server is None or not _server.is_alive():
        check_browser("en")
        forget()
        kaleido.start_sync_server(n=1, timeout=PATIENCE, path=browser(), page_generator=drawing_board())
        _server = kaleido._global_server._thread  # kaleido itself never asks whether it still lives
    return _server


def drawing_board() -> Any:
    """The page that kaleido draws on: plotly's own file, no MathJax from the net, our fonts."""
    import kaleido

    page = kaleido.PageGenerator(mathjax=False)
    rules = "".join(face.css() for face in fonts.faces())
    page.header += f'<style id="fonts">{rules}</style><style>@page {{ margin: 0 }}</style>'
    page.footer = f"<script>{Path(__file__).with_name('fonts.js').read_text('utf-8')}</script>{page.footer}"
    return page


def answer(server: threading.Thread, figure: dict[str, Any], options: dict[str, Any]) -> bytes:
    """What kaleido gives; it would wait for ever for a browser that did not start or has died."""
    import kaleido

    answers: queue.Queue[bytes | Exception] = queue.Queue()

    def ask() -> None:
        try:
            answers.put(kaleido.calc_fig_sync(figure, options))
        except Exception as error:  # noqa: BLE001  (whatever it is, it is said by the one who waits)
            answers.put(error)

    threading.Thread(target=ask, daemon=True).start()
    waited = 0.0
    while True:
        try:
            given = answers.get(timeout=0.25)
            break
        except queue.Empty:
            waited += 0.25
            if waited > PATIENCE + GONE or not server.is_alive():
                raise CannotExport("browser_failed", browser=browser(), cause="no answer") from None
    if isinstance(given, Exception):
        raise CannotExport("browser_failed", browser=browser(), cause=str(given).splitlines()[0]) from given
    return given
