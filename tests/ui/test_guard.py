"""The guard against a real server, spoken to as a browser speaks: HTTP, and Streamlit's messages over a WebSocket."""

import asyncio
import gzip
import http.client
import os
import signal
import socket
import time
import uuid
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import Any, Self

import pytest
from starlette.types import Message, Receive, Scope, Send
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from rnnviz.ui.guard import MEGABYTE, Guard, Limits
from rnnviz.ui.shelf import PLOTLY_URL
from tests.serving import Server, serving

PLACES = 3
PATIENCE = 20.0  # s
SCRIPT = """
import uuid
import streamlit as st

@st.cache_resource
def made_once():
    return uuid.uuid4().hex

st.text(f"made once: {made_once()}")
st.file_uploader("file")
"""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    with serving(SCRIPT, tmp_path_factory.mktemp("guard"), RNNVIZ_MAX_SESSIONS=str(PLACES)) as server:
        yield server


class Visitor:
    """An open page: Streamlit's protocol without the browser."""

    def __init__(self, server: Server) -> None:
        self.server = server
        address = f"ws://localhost:{server.port}/_stcore/stream"
        self.connection = connect(address, subprotocols=["streamlit", "x"], max_size=None)  # type: ignore[list-item]
        self.session = ""
        self.text = ""

    def __enter__(self) -> Self:
        self.socket = self.connection.__enter__()
        self.run()
        return self

    def __exit__(self, *failure: Any) -> None:
        self.connection.__exit__(*failure)

    def send(self, message: BackMsg) -> None:
        self.socket.send(message.SerializeToString())

    def run(self) -> None:
        """Run the script once and note what it shows."""
        request = BackMsg()
        request.rerun_script.SetInParent()
        self.send(request)
        finished = False
        while not finished:
            answer = ForwardMsg.FromString(self.socket.recv(PATIENCE))  # type: ignore[arg-type]
            self.session = answer.new_session.initialize.session_id or self.session
            self.text = answer.delta.new_element.text.body or self.text
            finished = answer.WhichOneof("type") == "script_finished"

    def upload(self, size: int, name: str = "") -> tuple[int, str]:
        """Send a file of so many bytes; the answer's status, and the file's address."""
        path = f"/_stcore/upload_file/{self.session}/{name or uuid.uuid4()}"
        body = (
            b'--x\r\nContent-Disposition: form-data; name="f"; filename="a.csv"\r\n\r\n'
            + bytes(size)
            + b"\r\n--x--\r\n"
        )
        return self.ask("PUT", path, body), path

    def ask(self, method: str, path: str, body: Any = b"") -> int:
        headers, _ = ask(self.server, "/_stcore/health")
        token = headers["set-cookie"].split("_streamlit_xsrf=")[1].split(";")[0]
        connection = http.client.HTTPConnection("localhost", self.server.port, timeout=PATIENCE)
        connection.request(
            method,
            path,
            body,
            {
                "Content-Type": "multipart/form-data; boundary=x",
                "Cookie": f"_streamlit_xsrf={token}",
                "X-Xsrftoken": token,
            },
        )
        return connection.getresponse().status


def ask(server: Server, path: str, **headers: str) -> tuple[dict[str, str], bytes]:
    connection = http.client.HTTPConnection("localhost", server.port, timeout=PATIENCE)
    connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    return {"status": str(answer.status), **{name.lower(): value for name, value in answer.getheaders()}}, answer.read()


def page(server: Server) -> tuple[dict[str, str], bytes]:
    return ask(server, "/", Accept="text/html,*/*;q=0.8")


def eventually(true: Callable[[], bool]) -> bool:
    until = time.monotonic() + PATIENCE
    while not (now := true()) and time.monotonic() < until:
        time.sleep(0.02)
    return now


def test_every_answer_carries_the_security_headers(server: Server) -> None:
    for path in ("/", "/_stcore/health", f"/{PLOTLY_URL}", "/nowhere"):
        headers, _ = ask(server, path)
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["x-frame-options"] == "SAMEORIGIN"
        assert headers["referrer-policy"] == "no-referrer"
        assert "frame-ancestors 'self'" in headers["content-security-policy"]


def test_a_full_class_is_told_so_in_both_languages_and_a_freed_place_is_given_again(server: Server) -> None:
    with ExitStack() as visitors:
        for _ in range(PLACES):
            visitors.enter_context(Visitor(server))
        headers, body = page(server)
        assert headers["status"] == "503"
        assert headers["retry-after"] == "10"
        assert "Every place is taken" in body.decode() and "자리가 모두 찼습니다" in body.decode()
        assert ask(server, "/_stcore/health")[0]["status"] == "200"  # a full server is not an ill one
        with pytest.raises(InvalidStatus, match="403"), Visitor(server):
            pass
    assert eventually(lambda: page(server)[0]["status"] == "200")
    with Visitor(server) as newcomer:
        assert "made once" in newcomer.text


def test_a_visitor_cannot_clear_the_cache_of_all(server: Server) -> None:
    with Visitor(server) as vandal, Visitor(server) as other:
        made_once = other.text
        vandal.send(BackMsg(clear_cache=True))
        vandal.run()
        other.run()
        assert vandal.text == other.text == made_once


def test_uploads_stop_at_5_mb_a_file_and_10_a_session_until_a_file_is_removed(server: Server) -> None:
    with Visitor(server) as visitor:
        assert visitor.upload(5 * MEGABYTE)[0] == 413
        sent = [visitor.upload(3 * MEGABYTE) for _ in range(4)]
        assert [status for status, _ in sent] == [204, 204, 204, 413]
        assert visitor.ask("DELETE", sent[0][1]) == 204
        assert visitor.upload(3 * MEGABYTE)[0] == 204


def test_an_upload_must_say_its_length(server: Server) -> None:
    with Visitor(server) as visitor:
        assert visitor.ask("PUT", f"/_stcore/upload_file/{visitor.session}/f", iter([b"unmeasured"])) == 411


@pytest.mark.parametrize(
    ("asked", "passes"),
    [
        ({"rerun_script": {}}, True),
        ({"stop_script": True}, True),
        ({"app_heartbeat": True}, True),
        ({"file_urls_request": {}}, True),
        ({"backend_operation_request": {"deferred_file": {}}}, True),
        ({"backend_operation_request": {"dataframe_chunk": {}}}, True),
        ({"backend_operation_request": {"install_skills": {}}}, False),
        ({"clear_cache": True}, False),
        ({"set_run_on_save": True}, False),
        ({"debug_shutdown_runtime": True}, False),
    ],
    ids=str,
)
def test_only_what_a_page_of_ours_asks_reaches_streamlit(asked: dict[str, Any], passes: bool) -> None:
    message = {"type": "websocket.receive", "bytes": BackMsg(**asked).SerializeToString()}
    assert heard_by_streamlit(message) == (message if passes else GOODBYE)


@pytest.mark.parametrize(
    "message",
    [
        {"type": "websocket.connect"},
        {"type": "websocket.receive", "text": "hello"},
        {"type": "websocket.receive", "bytes": b"\xff"},  # Streamlit closes the connection itself
    ],
    ids=str,
)
def test_what_is_no_request_passes(message: Message) -> None:
    assert heard_by_streamlit(message) == message


GOODBYE = {"type": "websocket.disconnect", "code": 1001}


def heard_by_streamlit(message: Message) -> Message:
    """What comes through the guard first, when a browser sends this message and leaves."""
    waiting = iter([message, GOODBYE])
    heard: list[Message] = []

    async def streamlit(scope: Scope, receive: Receive, send: Send) -> None:
        heard.append(await receive())

    async def receive() -> Message:
        return next(waiting)

    async def send(_message: Message) -> None: ...

    run(Guard(streamlit)({"type": "websocket"}, receive, send))
    return heard[0]


def run(work: Coroutine[Any, Any, None]) -> None:
    """In a thread of its own: a browser test leaves an event loop running in this one."""
    with ThreadPoolExecutor() as threads:
        threads.submit(asyncio.run, work).result(PATIENCE)


def test_files_under_way_count_before_they_have_arrived() -> None:
    """Else a hundred uploads begun at once would all be measured against an empty store."""
    statuses: list[int] = []
    everybody_has_asked = asyncio.Event()

    async def streamlit(scope: Scope, receive: Receive, send: Send) -> None:
        await everybody_has_asked.wait()
        await send({"type": "http.response.start", "status": 204, "headers": []})

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            statuses.append(message["status"])

    def upload(guard: Guard, session: str) -> Any:
        path = f"/_stcore/upload_file/{session}/file"
        headers = [(b"content-length", b"4")]
        return guard({"type": "http", "method": "PUT", "path": path, "headers": headers}, receive, send)

    async def class_of_three() -> None:
        guard = Guard(streamlit, Limits(sessions=9, file=4, session=4, uploads=8))
        uploads = [asyncio.create_task(upload(guard, session)) for session in "abc"]
        await asyncio.sleep(0)
        everybody_has_asked.set()
        await asyncio.gather(*uploads)
        await upload(guard, "c")  # there is room again

    run(class_of_three())
    assert sorted(statuses) == [204, 204, 204, 413]


@pytest.mark.parametrize("base", ["", "course"])
def test_scripts_are_sent_packed_and_kept_for_a_year(server: Server, base: str, tmp_path: Any) -> None:
    """Under a course site's path too, where every address has one more part."""
    if base:
        with serving(SCRIPT, tmp_path, base=base) as elsewhere:
            check_scripts(elsewhere, f"/{base}")
    else:
        check_scripts(server, "")


def check_scripts(server: Server, base: str) -> None:
    _, body = ask(server, f"{base}/")
    streamlits_own = body.decode().split('src="./static/js/')[1].split('"')[0]
    for path in (f"{base}/static/js/{streamlits_own}", f"{base}/{PLOTLY_URL}"):
        headers, packed = ask(server, path, Accept_Encoding="gzip")
        assert headers["content-encoding"] == "gzip"
        assert "immutable" in headers["cache-control"]
        unpacked_headers, unpacked = ask(server, path)
        assert "content-encoding" not in unpacked_headers
        assert gzip.decompress(packed) == unpacked
        assert len(packed) < 0.4 * len(unpacked)


def test_the_font_with_hangul_is_served_and_nothing_beside_it(server: Server) -> None:
    headers, body = ask(server, "/assets/fonts/Pretendard-Regular.subset.woff2")
    assert headers["content-type"] == "font/woff2"
    assert "immutable" in headers["cache-control"]
    assert body[:4] == b"wOF2"
    for outside in ("/assets/fonts/../../pyproject.toml", "/assets/%2e%2e/pyproject.toml", "/assets/fonts"):
        assert b"[project]" not in ask(server, outside)[1]


def test_sigterm_ends_the_server_soon_though_a_client_has_stopped_reading(tmp_path: Any) -> None:
    """A phone gone to sleep held the server for more than a minute."""
    flood = "import streamlit as st\nfor i in range(20): st.text(f'{i}' * 2_000_000)"
    with serving(flood, tmp_path) as server, socket.socket() as sleeper:
        sleeper.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        sleeper.connect(("localhost", server.port))
        sleeper.sendall(handshake(server))
        assert b" 101 " in sleeper.recv(64)
        sleeper.sendall(frame(BackMsg(rerun_script={}).SerializeToString()))
        time.sleep(2)  # until the script has filled the connection
        asked = time.monotonic()
        os.kill(server.process.pid, signal.SIGTERM)
        server.process.wait(PATIENCE)
        assert time.monotonic() - asked < 8


def handshake(server: Server) -> bytes:
    return (
        f"GET /_stcore/stream HTTP/1.1\r\nHost: localhost:{server.port}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Key: cm5udml6cm5udml6cm5uIQ==\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Protocol: streamlit\r\n\r\n"
    ).encode()


def frame(message: bytes) -> bytes:
    """A short binary WebSocket frame, masked with zeros."""
    return bytes([0x82, 0x80 | len(message), 0, 0, 0, 0]) + message
