"""Files that never change under their name: sent small, and kept by the browser for a year.

Streamlit sends its own scripts uncompressed (7.5 MB for the first page: 750 MB for a class on one Wi-Fi), because
packing them anew for each visitor would keep the processor busy. Here each file is packed once, when it is first
asked for. A file that does change must change its name; that is why Plotly's carries its version.
"""

import asyncio
import gzip
import mimetypes
from collections.abc import Mapping
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

import streamlit as st
from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from rnnviz.shipped import assets

PLOTLY_URL = f"assets/plotly-{version('plotly')}.min.js"
PACKABLE = frozenset({".js", ".css", ".svg"})
KEPT = {"Cache-Control": "public, max-age=31536000, immutable", "Vary": "Accept-Encoding"}


class Shelf:
    """Answers for the files it holds and passes every other request on."""

    def __init__(self, app: ASGIApp, files: Mapping[str, Path] | None = None) -> None:
        self._app = app
        self._files = stocked() if files is None else files
        self._packed: dict[Path, asyncio.Task[bytes]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        reads = scope["type"] == "http" and scope["method"] in ("GET", "HEAD")
        file = self._files.get(_asked(scope)) if reads else None
        answer = self._app if file is None else await self._response(file, Headers(scope=scope))
        await answer(scope, receive, send)

    async def _response(self, file: Path, headers: Headers) -> Response:
        if file.suffix not in PACKABLE or "gzip" not in headers.get("accept-encoding", ""):
            return FileResponse(file, headers=KEPT)
        kind, _ = mimetypes.guess_type(file.name)
        return Response(await self._pack(file), headers=KEPT | {"Content-Encoding": "gzip"}, media_type=kind)

    async def _pack(self, file: Path) -> bytes:
        """The file, packed by whoever asks first; a hundred who ask meanwhile wait for that one packing."""
        if file not in self._packed:
            self._packed[file] = asyncio.create_task(asyncio.to_thread(lambda: gzip.compress(file.read_bytes(), 6)))
        return await asyncio.shield(self._packed[file])


def stocked() -> dict[str, Path]:
    """Every file of the page under its address: Streamlit's scripts, Plotly's, our fonts.

    A listing made beforehand, so no address can lead outside it.
    """
    return {
        **{f"static/{name}": file for name, file in _listing(_package("streamlit") / "static" / "static").items()},
        PLOTLY_URL: _package("plotly") / "package_data" / "plotly.min.js",
        **{f"assets/fonts/{name}": file for name, file in _listing(assets() / "fonts").items()},
    }


def _listing(folder: Path) -> dict[str, Path]:
    return {file.relative_to(folder).as_posix(): file for file in folder.rglob("*") if file.is_file()}


def _package(name: str) -> Path:
    """Where a package lies, without importing it."""
    spec = find_spec(name)
    assert spec is not None and spec.origin is not None
    return Path(spec.origin).parent


def _asked(scope: Scope) -> str:
    """The address under the path at which the page is served."""
    base = st.get_option("server.baseUrlPath").strip("/")
    path: str = scope["path"].lstrip("/")
    return path.removeprefix(f"{base}/") if base else path
