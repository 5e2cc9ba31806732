"""The guard at the door: how many may come in, how much they may leave here, and what they may ask for.

Streamlit alone takes any number of sessions, any number of uploads, and lets any browser empty every visitor's cache.
One lecture hall on one laptop needs firmer ground, so each request passes here first (pure ASGI, before Streamlit).
"""

import gc
import os
import signal
import threading
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from http import HTTPStatus
from importlib import import_module
from pathlib import Path
from types import FrameType

from google.protobuf.message import DecodeError
from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.runtime import Runtime
from streamlit.runtime.memory_uploaded_file_manager import MemoryUploadedFileManager

MEGABYTE = 2**20
FULL_PAGE = Path(__file__).with_name("full.html").read_text("utf-8")

HEADERS = {
    "X-Content-Type-Options": "nosniff",
    # Course sites link to the page; framing it would let them overlay it.
    "X-Frame-Options": "SAMEORIGIN",
    "Referrer-Policy": "no-referrer",
    # Everything the page needs is served from here, so a lesson works offline and no figure can be sent elsewhere.
    # Streamlit evaluates code and styles of its own ('unsafe-*') and imports component modules from blobs.
    "Content-Security-Policy": "; ".join(
        (
            "default-src 'self'",
            "script-src 'self' 'unsafe-inline' 'unsafe-eval' blob:",
            "style-src 'self' 'unsafe-inline'",
            "img-src 'self' data: blob:",
            "font-src 'self' data:",
            "media-src 'self' data: blob:",
            "connect-src 'self' ws: wss: data: blob:",
            "worker-src 'self' blob:",
            "frame-src 'self' data: blob:",
            "object-src 'none'",
            "base-uri 'self'",
            "frame-ancestors 'self'",
        )
    ),
}

# All that a page of ours asks of the server. Left out: clear_cache and set_run_on_save act on every visitor, and
# install_skills writes files on this machine.
REQUESTS = frozenset({"rerun_script", "stop_script", "app_heartbeat", "file_urls_request", "backend_operation_request"})
OPERATIONS = frozenset({"deferred_file", "dataframe_chunk"})


@dataclass(frozen=True)
class Limits:
    """What one small machine can carry; sizes in bytes."""

    sessions: int = field(default_factory=lambda: int(os.environ.get("RNNVIZ_MAX_SESSIONS", "150")))
    file: int = 5 * MEGABYTE
    session: int = 10 * MEGABYTE
    uploads: int = 200 * MEGABYTE


class Guard:
    """Counts sessions and uploads, drops what no visitor may ask for, and adds the security headers."""

    def __init__(self, app: ASGIApp, limits: Limits | None = None) -> None:
        self._app = app
        self._limits = limits or Limits()
        self._sessions = 0
        self._arriving: Counter[str] = Counter()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "websocket":
            await self._session(scope, receive, send)
        elif scope["type"] == "http":
            await self._request(scope, receive, _with_headers(send))
        else:
            await self._app(scope, receive, send)

    @property
    def _full(self) -> bool:
        return self._sessions >= self._limits.sessions

    async def _session(self, scope: Scope, receive: Receive, send: Send) -> None:
        """One open page, counted for as long as its WebSocket lives."""
        if self._full:
            await send({"type": "websocket.close", "code": 1013, "reason": "the class is full"})
            return
        self._sessions += 1
        try:
            await self._app(scope, _only_allowed(receive), send)
        finally:
            self._sessions -= 1

    async def _request(self, scope: Scope, receive: Receive, send: Send) -> None:
        """A page is refused when the class is full, a file when its sender or the machine has no room for it."""
        if self._full and _wants_page(scope):
            response: Response = HTMLResponse(FULL_PAGE, HTTPStatus.SERVICE_UNAVAILABLE, {"Retry-After": "10"})
            await response(scope, receive, send)
        elif (session := _uploading_session(scope)) is None:
            await self._app(scope, receive, send)
        else:
            await self._upload(session, scope, receive, send)

    async def _upload(self, session: str, scope: Scope, receive: Receive, send: Send) -> None:
        size = Headers(scope=scope).get("content-length", "")
        if not size.isdecimal():
            await PlainTextResponse("length required", HTTPStatus.LENGTH_REQUIRED)(scope, receive, send)
        elif refusal := self._refusal(session, int(size)):
            await PlainTextResponse(refusal, HTTPStatus.REQUEST_ENTITY_TOO_LARGE)(scope, receive, send)
        else:
            with self._room(session, int(size)):
                await self._app(scope, receive, send)

    def _refusal(self, session: str, size: int) -> str:
        """Why these bytes may not come in, or nothing.

        What is already here is asked of Streamlit's own store, so a removed file or an ended session counts no more.
        """
        held = _held()
        for name, taken, limit in (
            ("a file", size, self._limits.file),
            ("a session", held[session] + self._arriving[session] + size, self._limits.session),
            ("all sessions", held.total() + self._arriving.total() + size, self._limits.uploads),
        ):
            if taken > limit:
                return f"upload of {size} bytes refused: {limit // MEGABYTE} MB is the limit for {name}"
        return ""

    @contextmanager
    def _room(self, session: str, size: int) -> Iterator[None]:
        """Hold room for a file under way, so that many at once cannot all pass before the first has arrived."""
        self._arriving[session] += size
        try:
            yield
        finally:
            self._arriving -= Counter({session: size})  # leaves no entry at zero


def settled(*modules: str) -> Callable[[object], AbstractAsyncContextManager[None]]:
    """A lifespan: load what the pages need, then freeze the garbage collector.

    Streamlit collects after every rerun, 114 ms with torch loaded; what is frozen is not looked at again. Loading here
    rather than in the first visitor's run also spares that visitor the wait.
    """

    @asynccontextmanager
    async def lifespan(_app: object) -> AsyncIterator[None]:
        for module in modules:
            import_module(module)
        gc.collect()
        gc.freeze()
        _leave_on_time()
        yield

    return lifespan


def _leave_on_time(seconds: float = 3.0) -> None:
    """Make SIGTERM end the server even while a client has stopped reading.

    The server waits until every connection has taken what was sent to it: a phone gone to sleep held it for over a
    minute. Whoever reads gets the usual goodbye; after these seconds the process leaves.
    """
    goodbye = signal.getsignal(signal.SIGTERM)
    if not callable(goodbye):
        return

    def leave(number: int, frame: FrameType | None) -> None:
        timer = threading.Timer(seconds, os._exit, [128 + number])
        timer.daemon = True
        timer.start()
        goodbye(number, frame)

    signal.signal(signal.SIGTERM, leave)


def _with_headers(send: Send) -> Send:
    async def sending(message: Message) -> None:
        if message["type"] == "http.response.start":
            MutableHeaders(scope=message).update(HEADERS)
        await send(message)

    return sending


def _only_allowed(receive: Receive) -> Receive:
    async def receiving() -> Message:
        while not _allowed(message := await receive()):
            pass
        return message

    return receiving


def _allowed(message: Message) -> bool:
    """Whether a page of ours could have sent this. What is no BackMsg goes on: Streamlit closes such a connection."""
    try:
        request = BackMsg.FromString(message.get("bytes") or b"")
    except DecodeError:
        return True
    asked = request.WhichOneof("type")
    if asked == "backend_operation_request":
        return request.backend_operation_request.WhichOneof("payload") in OPERATIONS
    return asked is None or asked in REQUESTS


def _wants_page(scope: Scope) -> bool:
    return scope["method"] == "GET" and "text/html" in Headers(scope=scope).get("accept", "")


def _uploading_session(scope: Scope) -> str | None:
    """The session in `PUT …/_stcore/upload_file/<session>/<file>`."""
    _, found, rest = scope["path"].partition("/_stcore/upload_file/")
    return rest.split("/")[0] if found and scope["method"] == "PUT" else None


def _held() -> Counter[str]:
    """Bytes each session keeps in Streamlit's memory."""
    if not Runtime.exists():
        return Counter()
    store = Runtime.instance().uploaded_file_mgr
    assert isinstance(store, MemoryUploadedFileManager)
    files = dict(store.file_storage)
    return Counter({session: sum(len(file.data) for file in list(kept.values())) for session, kept in files.items()})
