"""Frames between a lane and its workers: a JSON header, then raw arrays. Nothing received is ever executed.

    prefix   magic, header length, payload length            16 bytes, little endian
    header   {"kind", "body", "arrays": [{name, dtype, shape, offset}, …]}
    payload  the arrays, little endian, C order, each at a multiple of 16 bytes

To a worker: job, cancel.   From a worker: ready, progress, done, failed.
NaN and Infinity may stand in a header (Python's JSON reads and writes them): exploding is what this program shows.
"""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

MAGIC = b"rnv1"
PREFIX = struct.Struct("<4sIQ")
ALIGNMENT = 16
HEADER_LIMIT = 4 << 20
PAYLOAD_LIMIT = 256 << 20
DTYPES = {"|b1", "|i1", "|u1", "<i2", "<u2", "<i4", "<u4", "<i8", "<u8", "<f2", "<f4", "<f8", "<c8", "<c16"}


class WireError(Exception):
    """These bytes are not a frame, or this frame must not be sent: says what and which limit."""


@dataclass(frozen=True, eq=False)
class Frame:
    """One message: what it is, its JSON body, its arrays by name."""

    kind: str
    body: dict[str, Any] = field(default_factory=dict)
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)


class Stream(Protocol):
    """The part of an unbuffered binary file that frames need."""

    def readinto(self, buffer: memoryview, /) -> int | None: ...
    def write(self, data: memoryview, /) -> int | None: ...


def pack(frame: Frame) -> bytes:
    """The frame as bytes.

    Raises: WireError if an array's dtype is not a plain number or a limit is exceeded; TypeError if the body is not JSON.
    """
    table, pieces, offset = [], [], 0
    for name, array in frame.arrays.items():
        array = _little_endian(name, array)
        table.append({"name": name, "dtype": array.dtype.str, "shape": array.shape, "offset": offset})
        pieces += [array.tobytes(), bytes(-array.nbytes % ALIGNMENT)]
        offset += len(pieces[-2]) + len(pieces[-1])
    fields = {"kind": frame.kind, "body": frame.body, "arrays": table}
    header = json.dumps(fields, default=_plain_number).encode()
    _check_sizes(len(header), offset)
    return b"".join([PREFIX.pack(MAGIC, len(header), offset), header, *pieces])


def write(stream: Stream, data: bytes) -> None:
    """All of data, however little the pipe takes at a time. Raises: OSError if the reader is gone."""
    rest = memoryview(data)
    while rest:
        rest = rest[stream.write(rest) or 0 :]


def read(stream: Stream) -> Frame:
    """The next frame; its arrays are read-only views of one buffer.

    Raises: EOFError if the stream ends; WireError if the bytes are not a frame or promise too much.
    """
    magic, header_size, payload_size = PREFIX.unpack(_exactly(stream, PREFIX.size))
    if magic != MAGIC:
        raise WireError(f"a frame starts with {MAGIC!r}, these bytes with {magic!r}")
    _check_sizes(header_size, payload_size)
    header, payload = _exactly(stream, header_size), _exactly(stream, payload_size)
    try:
        fields = json.loads(bytes(header))
        arrays = {entry["name"]: _array(entry, payload) for entry in fields["arrays"]}
        return Frame(str(fields["kind"]), dict(fields["body"]), arrays)
    except (KeyError, TypeError, ValueError, RecursionError) as error:
        raise WireError(f"malformed frame: {error!r}") from error


def _plain_number(value: object) -> object:
    """For JSON: numpy's scalars, which slip so easily into a body, as Python's."""
    if isinstance(value, np.generic):
        return value.item()
    raise TypeError(f"{value!r} is not JSON")


def _little_endian(name: str, array: np.ndarray) -> np.ndarray:
    array = np.asarray(array)
    array = np.asarray(array, dtype=array.dtype.newbyteorder("<"), order="C")
    if array.dtype.str not in DTYPES:
        raise WireError(f"array {name!r} has dtype {array.dtype}; only plain numbers cross: {sorted(DTYPES)}")
    return array


def _check_sizes(header_size: int, payload_size: int) -> None:
    for part, size, limit in (("header", header_size, HEADER_LIMIT), ("payload", payload_size, PAYLOAD_LIMIT)):
        if size > limit:
            raise WireError(f"{part} of {size} bytes, at most {limit}")


def _exactly(stream: Stream, size: int) -> memoryview:
    buffer = memoryview(bytearray(size))
    filled = 0
    while filled < size:
        count = stream.readinto(buffer[filled:])
        if not count:
            raise EOFError
        filled += count
    # A read-only view of the buffer, so that numpy will not let anyone make its arrays writeable again.
    return buffer.toreadonly()


def _array(entry: dict[str, Any], payload: memoryview) -> np.ndarray:
    dtype, shape, offset = str(entry["dtype"]), [int(n) for n in entry["shape"]], int(entry["offset"])
    count = math.prod(shape)
    if dtype not in DTYPES or min(shape, default=0) < 0 or offset + count * np.dtype(dtype).itemsize > len(payload):
        raise ValueError(entry)
    if count == 0:
        return np.frombuffer(b"", dtype).reshape(shape)
    return np.frombuffer(payload, dtype, count, offset).reshape(shape)
