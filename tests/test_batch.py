"""The batch lane: in order, never more at once than there is room for, each job ended exactly once, whatever happens."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest

from rnnviz.jobs import Answer, Batch, Failure, Lane, Result, batch
from tests.test_jobs import WORKER, eventually

MakeBatch = Callable[..., Batch]


@pytest.fixture
def make_batch() -> Iterator[MakeBatch]:
    lanes: list[Batch] = []

    def make(command: tuple[str, ...] = WORKER, **options: Any) -> Batch:
        lanes.append(Batch(command, **{"workers": 1, "linger": 0.2, "grace": 1.0, **options}))
        return lanes[-1]

    yield make
    for lane in lanes:
        lane.close()


class Ends:
    """How every job ended, in order."""

    def __init__(self, lane: Batch):
        self.lane, self.all = lane, list[tuple[str, Answer]]()

    def ask(self, key: str, do: str = "echo", **request: Any) -> bool:
        return self.lane.submit(key, {"do": do, **request}, lambda answer: self.all.append((key, answer)))

    def ask_begun(self, key: str, note: Path, do: str = "steps", **request: Any) -> None:
        assert self.ask(key, do, note=str(note), **{"seconds": 100, **request})
        eventually(note.exists)

    def of(self, key: str) -> Answer:
        eventually(lambda: any(one == key for one, _ in self.all))
        (answer,) = [answer for one, answer in self.all if one == key]
        return answer


def test_jobs_run_in_the_order_in_which_they_came(make_batch: MakeBatch) -> None:
    ends = Ends(make_batch())
    assert all(ends.ask(key) for key in "abcde")
    assert isinstance(ends.of("e"), Result) and [key for key, _ in ends.all] == list("abcde")


def test_one_key_is_one_job_and_the_queue_is_bounded(make_batch: MakeBatch, tmp_path: Path) -> None:
    ends = Ends(make_batch(queue_limit=2))
    ends.ask_begun("a", tmp_path / "a")
    assert [ends.ask(key) for key in ("b", "c", "d", "b", "a")] == [True, True, False, True, True]
    lane = ends.lane
    assert [lane.position(key) for key in "abcd"] == [None, 1, 2, None] and lane.holds("a") and not lane.holds("d")
    lane.cancel("b")
    assert ends.of("b") == Failure("cancelled") and lane.position("c") == 1
    lane.cancel("a")
    assert ends.of("a") == Failure("cancelled") and isinstance(ends.of("c"), Result)
    lane.cancel("nobody")
    assert len(ends.all) == 3


def test_as_many_at_once_as_there_are_workers_and_none_when_there_is_nothing_to_do(
    make_batch: MakeBatch, tmp_path: Path
) -> None:
    ends = Ends(make_batch(workers=2))
    mine = psutil.Process()
    before = set(mine.children())
    ends.ask_begun("a", tmp_path / "a")
    ends.ask_begun("b", tmp_path / "b")
    ends.ask("c")
    assert ends.lane.position("c") == 1 and len(set(mine.children()) - before) == 2
    for key in "ab":
        ends.lane.cancel(key)
    assert isinstance(ends.of("c"), Result)
    eventually(lambda: not set(mine.children()) - before)
    ends.ask("d")  # and again from nothing
    assert isinstance(ends.of("d"), Result)


def test_a_job_whose_worker_is_killed_is_not_tried_again_and_the_next_one_runs(
    make_batch: MakeBatch, tmp_path: Path
) -> None:
    ends, pid = Ends(make_batch()), tmp_path / "pid"
    ends.ask("a", "first_time_only", first="hang", pid=str(pid))
    ends.ask("b")
    eventually(pid.exists)
    os.kill(int(pid.read_text()), getattr(signal, "SIGKILL", signal.SIGTERM))
    answer = ends.of("a")
    assert isinstance(answer, Failure) and answer.kind == "crashed" and answer.detail["cause"] == "exited"
    assert isinstance(ends.of("b"), Result)


def test_a_job_that_does_not_stop_is_killed_after_its_grace(make_batch: MakeBatch, tmp_path: Path) -> None:
    ends = Ends(make_batch(grace=0.3))
    ends.ask_begun("a", tmp_path / "a", "hang")
    ends.lane.cancel("a")
    assert ends.of("a") == Failure("cancelled")
    ends.ask("b")
    assert isinstance(ends.of("b"), Result)


def test_a_worker_that_cannot_start_ends_its_jobs(make_batch: MakeBatch) -> None:
    ends = Ends(make_batch(("/no/such/program",)))
    ends.ask("a")
    ends.ask("b")
    for key in "ab":
        answer = ends.of(key)
        assert isinstance(answer, Failure) and answer.detail == {"cause": "start"}


def test_an_answer_that_nobody_can_bear_does_not_stop_the_lane(
    make_batch: MakeBatch, capsys: pytest.CaptureFixture[str]
) -> None:
    lane = make_batch()

    def unbearable(answer: Answer) -> None:
        raise OSError("the disk is full")

    lane.submit("a", {"do": "echo"}, unbearable)
    ends = Ends(lane)
    ends.ask("b")
    assert isinstance(ends.of("b"), Result) and "the disk is full" in capsys.readouterr().err


def test_a_closed_lane_ends_what_is_open_and_takes_no_more(make_batch: MakeBatch, tmp_path: Path) -> None:
    ends = Ends(make_batch())
    ends.ask_begun("a", tmp_path / "a", "hang")
    ends.ask("b")
    ends.lane.close()
    assert {key: answer.kind for key, answer in ends.all if isinstance(answer, Failure)} == {
        "a": "cancelled", "b": "cancelled",
    }  # fmt: skip
    assert not ends.ask("c")


def test_many_threads_may_ask_and_cancel_at_once(make_batch: MakeBatch) -> None:
    ends = Ends(make_batch(workers=2, queue_limit=1000))

    def visitor(number: int) -> None:
        for n in range(10):
            ends.ask(f"{number} {n}")
            if n % 3 == 0:
                ends.lane.cancel(f"{number} {n}")

    visitors = [threading.Thread(target=visitor, args=(number,)) for number in range(8)]
    for one in visitors:
        one.start()
    for one in visitors:
        one.join()
    eventually(lambda: len(ends.all) == 80)
    assert len({key for key, _ in ends.all}) == 80
    assert all(isinstance(answer, Result) or answer.kind == "cancelled" for _, answer in ends.all)


def test_the_servers_batch_lane_has_a_worker_for_each_core() -> None:
    assert batch() is batch() and batch().workers == os.cpu_count()


def test_a_job_may_be_asked_for_again_from_its_own_end(make_batch: MakeBatch) -> None:
    lane, ends = make_batch(), list[Answer]()

    def again(answer: Answer) -> None:
        ends.append(answer)
        if len(ends) < 3:
            assert lane.submit("a", {"do": "echo"}, again)

    lane.submit("a", {"do": "echo"}, again)
    eventually(lambda: len(ends) == 3)


def test_its_workers_give_way_to_those_that_somebody_waits_for(make_batch: MakeBatch) -> None:
    """Nice values add up, so those of this process count too; 19 is the most there is."""
    ends, lane = Ends(make_batch()), Lane(WORKER, workers=1, spare=False)
    try:
        assert ends.ask("long")
        (trained,) = [answer.meta["pid"] for answer in [ends.of("long")] if isinstance(answer, Result)]
        interactive = lane.submit("short", {"do": "echo"}, "somebody").result(60)
        assert isinstance(interactive, Result)
        own = os.getpriority(os.PRIO_PROCESS, 0)
        assert psutil.Process(trained).nice() == 19
        assert psutil.Process(interactive.meta["pid"]).nice() == min(own + 5, 19)
        assert os.sched_getscheduler(trained) == os.SCHED_BATCH
        assert os.sched_getscheduler(interactive.meta["pid"]) == os.SCHED_OTHER
    finally:
        lane.close()
