"""The job path: what a lane promises, each promise against a worker that breaks it in its own way."""

import ast
import io
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import pytest
import xarray as xr

import rnnviz.jobs
from rnnviz.engine import run
from rnnviz.experiment import Experiment
from rnnviz.export import Drawn
from rnnviz.jobs import Answer, Detail, Failure, Lane, Result, Ticket, files, interactive, memory_limited, wire

WORKER = (sys.executable, str(Path(__file__).with_name("jobs_worker.py")))
PATIENCE = 20.0  # s; every wait below ends long before, on a loaded machine too

MakeLane = Callable[..., Lane]


@pytest.fixture
def make_lane() -> Iterator[MakeLane]:
    lanes: list[Lane] = []

    def make(command: tuple[str, ...] = WORKER, **options: Any) -> Lane:
        lanes.append(Lane(command, **{"workers": 1, **options}))
        return lanes[-1]

    yield make
    for lane in lanes:
        lane.close()


def ask(lane: Lane, do: str, key: str = "", owner: str = "ann", **request: Any) -> Ticket:
    return lane.submit(key or do, {"do": do, **request}, owner)


def result(ticket: Ticket) -> Result:
    answer = ticket.result(PATIENCE)
    assert isinstance(answer, Result), answer
    return answer


def failure(ticket: Ticket) -> Failure:
    answer: Answer = ticket.result(PATIENCE)
    assert isinstance(answer, Failure), answer
    return answer


def eventually(condition: Callable[[], object]) -> None:
    until = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < until, "it never happened"
        time.sleep(0.005)


def running(lane: Lane, tmp_path: Path, do: str = "hang", owner: str = "ann", **request: Any) -> Ticket:
    """A job that the handler has certainly begun."""
    note = tmp_path / f"{owner}.begun"
    ticket = ask(lane, do, key=f"running {owner}", owner=owner, note=str(note), **request)
    eventually(note.exists)
    return ticket


# Results


def test_a_result_carries_arrays_meta_and_time(make_lane: MakeLane) -> None:
    ticket = ask(make_lane(), "echo", n=4, label="한국어")
    answer = result(ticket)
    assert ticket.state == "done"
    assert answer.arrays["y"].dtype == np.float32
    np.testing.assert_array_equal(answer.arrays["y"], [0, 1, 2, 3])
    assert answer.meta["label"] == "한국어"
    assert 0 <= answer.seconds < PATIENCE


def test_arrays_of_every_layout_arrive(make_lane: MakeLane) -> None:
    answer = result(ask(make_lane(), "shapes"))
    assert answer.arrays["big endian"].tolist() == [0, 1, 2]
    assert answer.arrays["scalar"].shape == () and float(answer.arrays["scalar"]) == 2.5
    assert answer.arrays["empty"].shape == (0, 4)
    assert answer.arrays["fortran"].tolist() == [[0, 1, 2], [3, 4, 5]]
    assert answer.arrays["strided"].tolist() == [0, 2, 4, 6, 8]
    assert answer.arrays["bool"].tolist() == [True, False, True]
    assert answer.meta["loss"] == float("inf")


def test_nothing_in_a_result_can_be_written(make_lane: MakeLane) -> None:
    answer = result(ask(make_lane(), "echo"))
    with pytest.raises(ValueError, match="read-only"):
        answer.arrays["y"][0] = 1
    with pytest.raises(ValueError, match="WRITEABLE"):
        answer.arrays["y"].flags.writeable = True
    with pytest.raises(TypeError):
        answer.meta["n"] = 1  # type: ignore[index]


def test_prints_and_child_processes_do_not_disturb_the_pipe(make_lane: MakeLane) -> None:
    ticket = ask(make_lane(), "chatter")
    result(ticket)
    assert not ticket.replaced_worker


# Cache and single flight


def test_the_same_key_is_answered_from_the_cache(make_lane: MakeLane) -> None:
    lane = make_lane()
    first = result(ask(lane, "echo", owner="ann"))
    again = ask(lane, "echo", owner="bob")
    assert again.settled and again.result() is first
    assert (lane.stats().ran, lane.stats().hits) == (1, 1)


def test_the_cache_is_bounded_by_bytes_and_forgets_the_least_recently_used(make_lane: MakeLane) -> None:
    lane = make_lane(cache_bytes=3000)

    def fetch(key: str, n: int = 250) -> None:
        result(ask(lane, "echo", key=key, n=n))

    for key in ("a", "b", "a", "c"):  # 1000 bytes each and some meta: two fit, and b is the oldest
        fetch(key)
        assert lane.stats().cached_bytes <= 3000
    ran = lane.stats().ran
    fetch("a")
    assert lane.stats().ran == ran
    fetch("b")
    assert lane.stats().ran == ran + 1
    fetch("large", n=2000)
    assert lane.stats().cached_bytes == 0


def test_one_job_answers_everybody_who_wants_it(make_lane: MakeLane) -> None:
    lane = make_lane(workers=2)
    tickets = [ask(lane, "steps", seconds=0.1, owner=f"student {n}") for n in range(20)]
    assert len({id(result(ticket)) for ticket in tickets}) == 1
    assert (lane.stats().ran, lane.stats().joined) == (1, 19)


# Owners


def test_latest_wins(make_lane: MakeLane, tmp_path: Path) -> None:
    """Twenty slider moves at once: the last one is answered, and almost nothing else was begun."""
    lane = make_lane(workers=2)
    result(ask(lane, "echo"))
    notes = [tmp_path / str(n) for n in range(20)]
    tickets = [ask(lane, "steps", key=str(n), seconds=0.3, note=str(note)) for n, note in enumerate(notes)]
    assert result(tickets[-1]).meta["note"] == str(notes[-1])
    assert [ticket.state for ticket in tickets[:-1]] == ["superseded"] * 19
    assert sum(note.exists() for note in notes) <= 3  # the first, the last, and one by the second worker
    assert [note.name for note in notes if note.exists() and note.stat().st_size == 2] == ["19"]
    assert lane.stats().superseded == 19


def test_a_running_job_nobody_wants_is_stopped_without_a_kill(make_lane: MakeLane, tmp_path: Path) -> None:
    lane = make_lane()
    pid = result(ask(lane, "echo", key="before")).meta["pid"]
    overtaken = running(lane, tmp_path, "steps", seconds=100)
    assert result(ask(lane, "echo", key="after")).meta["pid"] == pid
    assert failure(overtaken).kind == "superseded"
    assert lane.stats().killed == 0


def test_a_handler_that_catches_every_exception_is_stopped_all_the_same(make_lane: MakeLane, tmp_path: Path) -> None:
    lane = make_lane()
    running(lane, tmp_path, "swallow")
    result(ask(lane, "echo"))
    assert lane.stats().killed == 0


def test_a_running_job_that_does_not_stop_is_killed_after_a_second(make_lane: MakeLane, tmp_path: Path) -> None:
    lane = make_lane()
    running(lane, tmp_path, "hang")
    after = ask(lane, "echo")
    result(after)
    assert lane.stats().killed == 1
    assert not after.replaced_worker  # it was another job's worker


def test_a_lane_may_let_a_job_finish_that_nobody_wants(make_lane: MakeLane, tmp_path: Path) -> None:
    """Killing a worker that has a browser beside it costs the next picture another start of both."""
    lane = make_lane(grace=PATIENCE)
    pid = result(ask(lane, "echo", key="before")).meta["pid"]
    overtaken = running(lane, tmp_path, "sleep", seconds=1.5)  # longer than other lanes wait
    after = ask(lane, "echo", key="after")
    assert result(after).meta["pid"] == pid
    assert failure(overtaken).kind == "superseded" and lane.stats().killed == 0


def test_a_lane_without_a_spare_keeps_one_process(make_lane: MakeLane) -> None:
    for spare, processes in ((False, 1), (True, 2)):
        lane = make_lane(spare=spare)
        for n in range(2):  # the spare is started after the first answer, and before the second
            result(ask(lane, "echo", key=str(n)))
        assert len(lane._crew._all) == processes


def test_asking_again_for_the_same_thing_keeps_the_job(make_lane: MakeLane, tmp_path: Path) -> None:
    """A page that reruns asks before its old script has let go."""
    lane = make_lane()
    with running(lane, tmp_path, "steps", seconds=0.2) as old:
        new = ask(lane, "steps", key="running ann")
    assert failure(old).kind == "superseded"
    result(new)
    assert (lane.stats().ran, lane.stats().joined) == (1, 1)


def test_going_back_to_a_stopped_job_runs_it_again(make_lane: MakeLane, tmp_path: Path) -> None:
    lane = make_lane()
    first = running(lane, tmp_path, "steps", seconds=100)
    second = ask(lane, "echo")
    result(ask(lane, "echo", key="running ann"))
    assert [failure(ticket).kind for ticket in (first, second)] == ["superseded"] * 2


def test_one_owner_leaving_does_not_cancel_the_job_of_another(make_lane: MakeLane, tmp_path: Path) -> None:
    lane = make_lane()
    ann = running(lane, tmp_path, "steps", seconds=0.2)
    bob = ask(lane, "steps", key="running ann", owner="bob")
    ask(lane, "echo", owner="ann")
    assert failure(ann).kind == "superseded"
    result(bob)


def test_a_released_request_leaves_the_queue(make_lane: MakeLane, tmp_path: Path) -> None:
    lane = make_lane()
    running(lane, tmp_path, "steps", owner="ann", seconds=100)
    bob, eve = ask(lane, "echo", key="b", owner="bob"), ask(lane, "echo", key="c", owner="eve")
    assert (bob.state, bob.position, eve.position) == ("queued", 1, 2)
    bob.release()
    assert (bob.state, bob.position, eve.position) == ("failed", None, 1)
    assert failure(bob).kind == "cancelled"
    assert lane.stats().queued == 1


def test_a_released_request_stops_its_job(make_lane: MakeLane, tmp_path: Path) -> None:
    lane = make_lane()
    with pytest.raises(RuntimeError, match="closed the tab"), running(lane, tmp_path, "steps", seconds=100):
        raise RuntimeError("the person closed the tab")
    eventually(lambda: lane.stats().running == 0)
    assert lane.stats().killed == 0


def test_a_full_queue_says_busy(make_lane: MakeLane, tmp_path: Path) -> None:
    lane = make_lane(queue_limit=2)
    running(lane, tmp_path, "steps", owner="ann", seconds=100)
    queued = [ask(lane, "echo", key=owner, owner=owner) for owner in ("bob", "eve")]
    assert failure(ask(lane, "echo", key="dan", owner="dan")) == Failure("busy", {"limit": 2})
    joining = ask(lane, "echo", key="bob", owner="dan")  # needs no place of its own
    moving = ask(lane, "echo", key="other", owner="eve")  # gives one up
    assert [t.state for t in (*queued, joining, moving)] == ["queued", "superseded", "queued", "queued"]
    assert lane.stats().busy == 1


def test_progress_is_seen(make_lane: MakeLane, tmp_path: Path) -> None:
    ticket = running(make_lane(), tmp_path, "steps", seconds=2)
    assert ticket.state == "running"
    eventually(lambda: ticket.progress)
    assert ticket.progress is not None and 0 < ticket.progress < 1


# What goes wrong in a worker


def test_a_hanging_job_is_killed_at_the_deadline(make_lane: MakeLane) -> None:
    lane = make_lane(deadline=0.2)
    assert failure(ask(lane, "hang")) == Failure("deadline", {"seconds": 0.2})
    result(ask(lane, "echo"))
    assert (lane.stats().killed, lane.stats().retried) == (1, 0)


def test_a_crash_is_tried_again_and_said(make_lane: MakeLane, tmp_path: Path) -> None:
    lane = make_lane()
    ticket = ask(lane, "first_time_only", first="crash", pid=str(tmp_path / "pid"))
    result(ticket)
    assert ticket.replaced_worker
    assert lane.stats().retried == 1


@pytest.mark.parametrize(("do", "exit_code"), [("crash", 3), ("segv", -getattr(signal, "SIGSEGV", 11))])
def test_a_second_crash_is_a_failure(make_lane: MakeLane, do: str, exit_code: int) -> None:
    lane = make_lane()
    assert failure(ask(lane, do)) == Failure("crashed", {"cause": "exited", "exit_code": exit_code})
    result(ask(lane, "echo"))
    assert lane.stats().ran == 2


def test_a_worker_killed_from_outside_costs_no_answer(make_lane: MakeLane, tmp_path: Path) -> None:
    pid = tmp_path / "pid"
    ticket = ask(make_lane(), "first_time_only", first="hang", pid=str(pid))
    eventually(pid.exists)
    os.kill(int(pid.read_text()), getattr(signal, "SIGKILL", signal.SIGTERM))
    result(ticket)
    assert ticket.replaced_worker


def test_a_worker_killed_while_idle_is_nobodys_crash(make_lane: MakeLane) -> None:
    lane = make_lane()
    pid = result(ask(lane, "echo", key="before")).meta["pid"]
    os.kill(pid, getattr(signal, "SIGKILL", signal.SIGTERM))
    eventually(lambda: not any(f"worker-{pid}" in thread.name for thread in threading.enumerate()))
    after = ask(lane, "echo", key="after")
    assert result(after).meta["pid"] != pid
    assert not after.replaced_worker


def test_garbage_on_the_pipe_counts_as_a_crash(make_lane: MakeLane, tmp_path: Path) -> None:
    lane = make_lane()
    ticket = ask(lane, "first_time_only", first="garbage", pid=str(tmp_path / "pid"))
    result(ticket)
    assert ticket.replaced_worker
    assert failure(ask(lane, "garbage")).detail["cause"] == "garbage"


def test_a_worker_that_never_gets_ready_is_a_crash(make_lane: MakeLane) -> None:
    assert failure(ask(make_lane((*WORKER, "--broken")), "echo")).detail == {"cause": "exited", "exit_code": 1}
    assert failure(ask(make_lane(("/no/such/program",)), "echo")).detail == {"cause": "start"}
    babbler = (sys.executable, "-c", "print('hello, this is not a frame')")
    assert failure(ask(make_lane(babbler), "echo")).kind == "crashed"


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds a process to its address space")
def test_a_worker_may_not_take_all_the_memory(make_lane: MakeLane) -> None:
    lane = make_lane(memory_limit=1 << 30)
    assert failure(ask(lane, "allocate", bytes=2 << 30)) == Failure("memory", {"limit_bytes": 1 << 30})
    result(ask(lane, "echo"))
    assert lane.stats().retried == 0


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux holds a process to its address space")
def test_a_worker_may_hold_itself_to_a_limit_for_one_job_alone(make_lane: MakeLane) -> None:
    import resource

    lane = make_lane(memory_limit=0)
    assert failure(ask(lane, "within", bytes=3 << 30, limit=2 << 30)).kind == "memory"
    answer = result(ask(lane, "within", key="small", bytes=1 << 20, limit=2 << 30))
    assert answer.meta["inside"] == 2 << 30 and answer.meta["after"] == resource.RLIM_INFINITY
    assert lane.stats().retried == 0
    with pytest.raises(RuntimeError, match="inside"), memory_limited(1 << 40):
        raise RuntimeError("inside")


def test_a_refusal_carries_its_detail_and_is_not_tried_again(make_lane: MakeLane) -> None:
    lane = make_lane()
    detail: Detail = {"reason": "over_budget", "parameter": "sequence_length", "value": 5000, "nearest": 1200}
    assert failure(ask(lane, "refuse")) == Failure("refused", detail)
    assert lane.stats().retried == 0


def test_what_a_handler_raises_is_an_error(make_lane: MakeLane) -> None:
    lane = make_lane()
    assert failure(ask(lane, "bug")) == Failure("error", {"type": "KeyError", "message": "'hidden_state'"})
    assert "dtype" in str(failure(ask(lane, "text_array")).detail["message"])


# The life of a lane


def test_a_lane_starts_nothing_until_it_is_asked(make_lane: MakeLane) -> None:
    lane = make_lane()
    assert lane._threads == []
    lane.warm()
    assert len(lane._threads) == 1


def test_closing_ends_what_is_open(make_lane: MakeLane, tmp_path: Path) -> None:
    lane = make_lane()
    open_tickets = [running(lane, tmp_path, "hang"), ask(lane, "echo", owner="bob")]
    lane.close()
    assert [failure(ticket).kind for ticket in open_tickets] == ["cancelled"] * 2
    assert failure(ask(lane, "echo", owner="eve")).kind == "cancelled"
    assert not any(thread.is_alive() for thread in lane._threads)


def test_a_request_that_is_not_json_is_refused_at_once(make_lane: MakeLane) -> None:
    lane = make_lane()
    with pytest.raises(TypeError):
        lane.submit("key", {"model": object()}, "ann")
    result(ask(lane, "echo"))


def test_there_is_one_lane_of_each_kind() -> None:
    assert interactive() is interactive() and files() is files() and files() is not interactive()


def of_the_program(make_lane: MakeLane) -> Lane:
    return make_lane((sys.executable, "-m", "rnnviz.worker"), memory_limit=0, spare=False, deadline=60.0)


def test_the_programs_worker_makes_a_trace_and_refuses_one_that_is_too_large(make_lane: MakeLane) -> None:
    lane = of_the_program(make_lane)
    words: dict[str, Any] = {"cell": "lstm", "task.sequence_length": 6, "cell.hidden_size": 3, "batch_size": 2}
    made = lane.submit("trace", {"trace": words, "example": 1}, "ann").result(60)
    assert isinstance(made, Result)
    with xr.open_dataset(io.BytesIO(made.arrays["file"].tobytes()), engine="h5netcdf") as data:
        xr.testing.assert_equal(data.load(), run(Experiment.from_flat(words), example=1).data)
    large = {**words, "task.sequence_length": 1000, "cell.hidden_size": 32}
    refused = lane.submit("large", {"trace": large, "example": 0}, "ann").result(60)
    assert isinstance(refused, Failure) and refused.detail["reason"] == "over_budget"
    assert 0 < int(refused.detail["nearest"]) < 1000 and refused.detail["parameter"] == "task.sequence_length"


def test_the_programs_worker_draws_again_after_its_browser_was_killed(make_lane: MakeLane) -> None:
    lane = of_the_program(make_lane)
    layout = {"title": {"text": "t"}}
    drawn = Drawn({"data": [], "layout": layout}, (300, 200), "제목", "reading", "ko", {"version": "0"}).as_json()
    for n in range(2):
        made = lane.submit(f"{n}", {"picture": drawn, "format": "pdf"}, "ann").result(60)
        assert isinstance(made, Result) and made.arrays["file"].tobytes().startswith(b"%PDF-")
        family = psutil.Process(worker_of(lane)).children(recursive=True)  # a parent stands before its children
        next(one for one in family if "chrom" in one.name()).kill()
    assert lane.stats().retried == 0


def test_its_browser_ends_with_the_worker(make_lane: MakeLane) -> None:
    lane = of_the_program(make_lane)
    drawn = Drawn({"data": [], "layout": {}}, (300, 200), "t", "r", "en", {"version": "0"}).as_json()
    assert isinstance(lane.submit("a", {"picture": drawn, "format": "pdf"}, "ann").result(60), Result)
    worker = psutil.Process(worker_of(lane))
    family = worker.children(recursive=True)
    assert any("chrom" in one.name() for one in family)
    worker.kill()
    assert psutil.wait_procs(family, timeout=PATIENCE)[1] == []


def worker_of(lane: Lane) -> int:
    (process,) = lane._crew._all
    return process._popen.pid


PARENT = """
import sys
from rnnviz.jobs import Lane
lane = Lane([sys.executable, sys.argv[1]], workers=1)
lane.submit("warm", {"do": "echo"}, "ann").result()
lane.submit("hang", {"do": "hang", "note": sys.argv[2]}, "ann").result()
"""


def test_workers_die_with_their_parent(tmp_path: Path) -> None:
    """All of them hold the stderr of the parent, which therefore ends only when the last one is gone."""
    begun = tmp_path / "begun"
    root = str(Path(__file__).resolve().parents[1])
    command = [sys.executable, "-c", PARENT, WORKER[1], str(begun)]
    parent = subprocess.Popen(command, stderr=subprocess.PIPE, cwd=root, env={**os.environ, "PYTHONPATH": root})
    eventually(begun.exists)
    parent.kill()
    parent.communicate(timeout=PATIENCE)


# The wire


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        wire.PREFIX.pack(wire.MAGIC, wire.HEADER_LIMIT + 1, 0),
        wire.PREFIX.pack(wire.MAGIC, 2, wire.PAYLOAD_LIMIT + 1),
        wire.PREFIX.pack(wire.MAGIC, 2, 0) + b"{}",
        wire.PREFIX.pack(wire.MAGIC, 2, 0) + b"\xff\xff",
        wire.PREFIX.pack(wire.MAGIC, 10_000, 0) + b"[" * 10_000,
    ],
)
def test_bytes_that_are_no_frame_are_an_error(data: bytes) -> None:
    with pytest.raises(wire.WireError):
        wire.read(io.BytesIO(data))


@pytest.mark.parametrize(
    ("old", "new"), [(b"[3]", b"[9]"), (b"[3]", b"[-3]"), (b"<f4", b"|O8"), (b'"offset": 0', b'"offset": -4')]
)
def test_an_array_table_that_lies_is_an_error(old: bytes, new: bytes) -> None:
    header = b'{"kind": "done", "body": {}, "arrays": [{"name": "y", "dtype": "<f4", "shape": [3], "offset": 0}]}'
    payload = bytes(16)

    def frame(header: bytes) -> io.BytesIO:
        return io.BytesIO(wire.PREFIX.pack(wire.MAGIC, len(header), len(payload)) + header + payload)

    assert wire.read(frame(header)).arrays["y"].shape == (3,)
    with pytest.raises(wire.WireError):
        wire.read(frame(header.replace(old, new)))


def test_too_large_a_frame_is_not_sent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wire, "PAYLOAD_LIMIT", 100)
    with pytest.raises(wire.WireError, match="payload of 112 bytes, at most 100"):
        wire.pack(wire.Frame("done", arrays={"y": np.zeros(13)}))


def test_the_job_path_knows_nothing_of_what_it_carries() -> None:
    """No pickle, no engine, no page: only numpy, itself, and the standard library."""
    imported = set()
    for path in Path(rnnviz.jobs.__file__).parent.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {name.name for name in node.names}
            elif isinstance(node, ast.ImportFrom):
                imported.add(node.module or "")
    tops = {name.split(".")[0] for name in imported}
    assert tops <= sys.stdlib_module_names | {"numpy", "rnnviz"}
    assert not tops & {"pickle", "marshal", "shelve", "multiprocessing"}
    assert all(name.startswith("rnnviz.jobs") for name in imported if name.startswith("rnnviz"))
