"""A worker whose handler does what the request says, all the bad things too. Run as a file by tests/test_jobs.py."""

import contextlib
import os
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np

from rnnviz.jobs import Handler, Refusal, Tick, memory_limited, serve


def handler(request: dict[str, Any], tick: Tick) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    """Do request["do"]: a function below. `note`: a file that gets one byte when the job starts and one when it ends."""
    note(request)
    answer: tuple[dict[str, np.ndarray], dict[str, Any]] = globals()[request["do"]](request, tick)
    note(request)
    return answer


def note(request: dict[str, Any]) -> None:
    if "note" in request:
        with Path(request["note"]).open("ab") as file:
            file.write(b"x")


def echo(request, tick):
    return {"y": np.arange(request.get("n", 3), dtype=request.get("dtype", "float32"))}, {"pid": os.getpid(), **request}


def shapes(request, tick):
    return {
        "big endian": np.arange(3, dtype=">f8"),
        "scalar": np.array(2.5),
        "empty": np.zeros((0, 4), "float32"),
        "fortran": np.asfortranarray(np.arange(6, dtype="int16").reshape(2, 3)),
        "strided": np.arange(10, dtype="complex64")[::2],
        "bool": np.array([True, False, True]),
    }, {"loss": float("inf")}


def text_array(request, tick):
    return {"names": np.array(["h", "c"])}, {}


def steps(request, tick):
    """Work for `seconds`, one tick every 20 ms."""
    started, seconds = time.monotonic(), request["seconds"]
    while (elapsed := time.monotonic() - started) < seconds:
        tick(elapsed / seconds)
        time.sleep(min(0.02, seconds))
    return echo(request, tick)


def sleep(request, tick):
    """Work that looks at nothing until it is done."""
    time.sleep(request["seconds"])
    return echo(request, tick)


def within(request, tick):
    """Allocate under a limit of address space, and say what the limit was then and is now."""
    import resource

    with memory_limited(request["limit"]):
        inside, _ = resource.getrlimit(resource.RLIMIT_AS)
        arrays, _ = allocate(request, tick)
    after, _ = resource.getrlimit(resource.RLIMIT_AS)
    return arrays, {"inside": inside, "after": after}


def hang(request, tick):
    time.sleep(1000)


def crash(request, tick):
    os._exit(3)


def segv(request, tick):
    import ctypes

    ctypes.string_at(0)


def first_time_only(request, tick):
    """Misbehave as `first` says unless the file `pid` exists; write our pid into it."""
    if Path(request["pid"]).exists():
        return echo(request, tick)
    half = Path(request["pid"] + ".half")
    half.write_text(str(os.getpid()))
    half.rename(request["pid"])
    return globals()[request["first"]](request, tick)


def garbage(request, tick):
    """Write to every pipe but stdin, stdout and stderr: one of them leads to the lane."""
    for fd in range(3, 20):
        with contextlib.suppress(OSError):
            os.write(fd, b"Intel MKL WARNING: this is no frame, and it is long enough to be read as a prefix\n")
    time.sleep(1000)


def chatter(request, tick):
    print("a library says hello on stdout")
    os.system("echo and so does its child process")
    assert sys.stdin.read() == ""
    return echo(request, tick)


def allocate(request, tick):
    return {"y": np.ones(request["bytes"], "uint8")}, {}


def refuse(request, tick):
    raise Refusal("over_budget", {"parameter": "sequence_length", "value": 5000, "nearest": np.int64(1200)})


def bug(request, tick):
    raise KeyError("hidden_state")


def swallow(request, tick):
    """Like `steps`, but catches every Exception on the way."""
    for _ in range(500):
        with contextlib.suppress(Exception):
            tick(0.0)
        time.sleep(0.01)
    return echo(request, tick)


def load() -> Handler:
    print("printed while importing")
    if "--broken" in sys.argv:
        raise ImportError("no such engine")
    return handler


if __name__ == "__main__":
    serve(load)
