"""A real server on this machine for one script, behind the guard as app.py is, for as long as a test needs it."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

ROOT = Path(__file__).parents[1]
PATIENCE = 60.0  # s; a server is ready in 3

APP = """
from starlette.middleware import Middleware
from streamlit.starlette import App

from rnnviz.ui.guard import Guard, settled
from rnnviz.ui.shelf import Shelf

app = App({script!r}, middleware=[Middleware(Guard), Middleware(Shelf)], lifespan=settled())
"""


@dataclass(frozen=True)
class Server:
    process: subprocess.Popen[bytes]
    url: str

    @property
    def port(self) -> int:
        return int(self.url.split(":")[2].split("/")[0])

    def says(self, path: str) -> str:
        with urlopen(f"{self.url}/{path}", timeout=PATIENCE) as answer:
            return str(answer.read().decode())


@contextmanager
def serving(script: str, folder: Path, *, base: str = "", **environment: str) -> Iterator[Server]:
    """Serve a Streamlit script given as text; `base` is the path under which a course site might put it."""
    (folder / "script.py").write_text(script, "utf-8")
    (folder / "app.py").write_text(APP.format(script=str(folder / "script.py")), "utf-8")
    port = _free_port()
    server = Server(_start(folder / "app.py", port, base, environment), f"http://localhost:{port}/{base}".rstrip("/"))
    try:
        _wait(server)
        yield server
    finally:
        server.process.kill()
        server.process.wait(PATIENCE)


@contextmanager
def serving_app(**environment: str) -> Iterator[Server]:
    """Serve the dashboard itself, as `make run` does."""
    port = _free_port()
    server = Server(_start(ROOT / "app.py", port, "", environment), f"http://localhost:{port}")
    try:
        _wait(server)
        yield server
    finally:
        server.process.terminate()
        server.process.wait(PATIENCE)


def _start(app: Path, port: int, base: str, environment: dict[str, str]) -> subprocess.Popen[bytes]:
    # From the project's root, so that its .streamlit/config.toml holds here too.
    options = [f"--server.port={port}", f"--server.baseUrlPath={base}"]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **environment}
    return subprocess.Popen([sys.executable, "-m", "streamlit", "run", app, *options], cwd=ROOT, env=environment)


def _wait(server: Server) -> None:
    until = time.monotonic() + PATIENCE
    while time.monotonic() < until:
        assert server.process.poll() is None, "the server ended before it was ready"
        try:
            server.says("_stcore/health")
        except URLError:
            time.sleep(0.05)
        else:
            return
    raise TimeoutError(f"no server at {server.url} after {PATIENCE:.0f} s")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("localhost", 0))
        return int(probe.getsockname()[1])
