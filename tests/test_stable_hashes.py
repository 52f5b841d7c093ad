"""Hashes of keys that are the same everywhere: what gomap.dask parts keys by. Saved parts rely on them, so they must
never change. The reference is XXH64 in Python, of bytes that are made here by the rules in hashes.pxi."""

from __future__ import annotations

import array
import os
import struct
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from array_cases import as_list
from support import Examples

from gomap._core import stable_hashes
from gomap.types import Kind, Type, parse

MASK = 2**64 - 1
P1, P2, P3, P4, P5 = (
    0x9E3779B185EBCA87,
    0xC2B2AE3D27D4EB4F,
    0x165667B19E3779F9,
    0x85EBCA77C2B2AE63,
    0x27D4EB2F165667C5,
)


def rotated(x: int, by: int) -> int:
    return (x << by | x >> (64 - by)) & MASK


def stirred(lane: int, word: int) -> int:
    return rotated((lane + word * P2) & MASK, 31) * P1 & MASK


def xxh64(data: bytes) -> int:
    words = [int.from_bytes(data[i : i + 8], "little") for i in range(0, len(data) // 8 * 8, 8)]
    done = len(data) // 32 * 4
    if done:
        lanes = [(P1 + P2) & MASK, P2, 0, -P1 & MASK]
        for i in range(done):
            lanes[i % 4] = stirred(lanes[i % 4], words[i])
        total = sum(rotated(lane, by) for lane, by in zip(lanes, (1, 7, 12, 18), strict=True)) & MASK
        for lane in lanes:
            total = ((total ^ stirred(0, lane)) * P1 + P4) & MASK
    else:
        total = P5
    total = (total + len(data)) & MASK
    for word in words[done:]:
        total = (rotated(total ^ stirred(0, word), 27) * P1 + P4) & MASK
    rest = data[len(data) // 8 * 8 :]
    if len(rest) >= 4:
        total = (rotated(total ^ int.from_bytes(rest[:4], "little") * P1 & MASK, 23) * P2 + P3) & MASK
        rest = rest[4:]
    for byte in rest:
        total = rotated(total ^ byte * P5 & MASK, 11) * P1 & MASK
    total = (total ^ total >> 33) * P2 & MASK
    total = (total ^ total >> 29) * P3 & MASK
    return total ^ total >> 32


def hashed_bytes(type: Type, key: Any, within: bool = False) -> bytes:
    if type.kind is Kind.STRUCT:
        return b"".join(hashed_bytes(field.type, item, True) for field, item in zip(type.fields, key, strict=True))
    if type.kind in (Kind.STRING, Kind.VARBYTES):
        data = key.encode("utf-8", "surrogatepass") if isinstance(key, str) else bytes(key)
        return struct.pack("<q", len(data)) + data if within else data
    if type.kind in (Kind.FLOAT32, Kind.FLOAT64):
        made = struct.pack("<f" if type.size == 4 else "<d", key + 0.0)
        if key != key:
            made = {4: b"\0\0\xc0\x7f", 8: b"\0\0\0\0\0\0\xf8\x7f"}[type.size]
        return made
    if type.kind is Kind.BYTES:
        return bytes(key)
    if type.kind is Kind.UUID:
        return bytes(key.bytes)
    if isinstance(key, datetime):
        key -= datetime(1970, 1, 1, tzinfo=UTC if key.tzinfo else None)
    elif isinstance(key, date):
        key = (key - date(1970, 1, 1)).days
    if isinstance(key, timedelta):
        unit = 1 if "us" in type.name else 1000 if "ms" in type.name else 1_000_000
        key = key // timedelta(microseconds=unit)
    return int(key).to_bytes(type.size, "little", signed=key < 0)


def test_reference() -> None:
    """The values that XXH64's own sources give."""
    assert xxh64(b"") == 0xEF46DB3751D8E999
    assert xxh64(b"a") == 0xD24EC4F1A98C6E5B
    assert xxh64(b"abc") == 0x44BC2CF5AD770999


def test_every_key_type(key_type: str, examples: Examples) -> None:
    if "any" in key_type:
        pytest.skip("objects have no such hash")
    type = parse(key_type)
    keys = examples(key_type, 100)
    found = as_list(stable_hashes(keys, key_type, nulls="refuse"))
    assert found == [xxh64(hashed_bytes(type, key)) for key in keys]


def test_the_column_s_form_does_not_count() -> None:
    numbers = [5, 0, 127, 5]
    wanted = as_list(stable_hashes(numbers, "int64"))
    for letter in "bhiqBHIQ":
        assert as_list(stable_hashes(array.array(letter, numbers), "int64")) == wanted
    assert as_list(stable_hashes(numbers, "int32")) != wanted
    words = ["", "a", "é" * 20, "a longer one, of more than 32 bytes in all"] * 20_000  # more than a window
    found = as_list(stable_hashes(words, str))
    assert found[:4] == found[-4:] == [xxh64(word.encode()) for word in words[:4]]
    pa = pytest.importorskip("pyarrow")
    for made in (pa.array(words), pa.array(words).dictionary_encode(), pa.chunked_array([words[:3], words[3:]])):
        assert as_list(stable_hashes(made, str)) == found


def test_floats_that_are_one_key_and_values_that_are_not() -> None:
    zeros, nans = [0.0, -0.0], [float("nan"), -float("nan")]
    assert len(set(as_list(stable_hashes(zeros, float)))) == len(set(as_list(stable_hashes(nans, float)))) == 1
    assert len(set(as_list(stable_hashes(zeros, float, values=True)))) == 2
    pairs = [(0, 0.0), (0, -0.0)]
    assert len(set(as_list(stable_hashes(pairs, "struct{a int; b float64}")))) == 1


def test_nulls_and_what_the_type_cannot_hold() -> None:
    assert as_list(stable_hashes([1, 300, 2**70], "uint8"))[1:] == [0, 0]
    with pytest.raises(OverflowError, match=r"keys\[1\]: 300 is out of range for uint8"):
        stable_hashes([1, 300], "uint8", nulls="refuse")
    assert as_list(stable_hashes([1, None], "uint8", nulls="skip"))[1] == 0
    with pytest.raises(TypeError, match="keys: any has no hash that is the same in every process"):
        stable_hashes([1], object)


def test_another_process_has_the_same() -> None:
    program = "from gomap._core import stable_hashes as h; print(list(memoryview(h(['a', 'b'], str))))"
    seen = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert seen == {f"{[xxh64(b'a'), xxh64(b'b')]}\n"}
