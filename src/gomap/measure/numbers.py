"""Entries that are made of numbers: a number as an object of a type, and numbers in an order like chance's."""

from __future__ import annotations

import random
from array import array
from collections.abc import Callable, Iterator
from datetime import UTC
from typing import Any

from .._arrays import numpy
from .._times import DATETIMES, LIMITS, TIMEDELTAS, unit_of
from ..types import Kind, Type, parse
from .entries import PIECE, Entry

_FLOATS = (Kind.FLOAT32, Kind.FLOAT64)
_PYTHON_NAMES = {
    Kind.BYTES: "bytes",
    Kind.NOTHING: "None",
    Kind.BOOL: "bool",
    Kind.STRING: "str",
    Kind.VARBYTES: "bytes",
    Kind.STRUCT: "tuple",
    Kind.DATE: "date",
    Kind.UUID: "UUID",
    **dict.fromkeys(DATETIMES, "datetime"),
    **dict.fromkeys(TIMEDELTAS, "timedelta"),
    **dict.fromkeys((Kind.DATETIME_NS, Kind.UTC_NS), "datetime64"),
    Kind.TIMEDELTA_NS: "timedelta64",
}


def python_name(type: Type) -> str:
    """What a dict has in the type's place."""
    return _PYTHON_NAMES.get(type.kind, "float" if type.kind in _FLOATS else "int")


def distinct(type: Type) -> int | None:
    """How many of the numbers from 0 the type holds apart; None: more than there is memory for."""
    if type.kind == Kind.BOOL:
        return 2
    if type.kind in (Kind.STRING, Kind.VARBYTES, Kind.OBJECT):
        return None
    if type.kind == Kind.STRUCT:  # every field holds the number
        limits = [distinct(field.type) for field in type.fields]
        return None if None in limits else max(limit for limit in limits if limit is not None)
    if type.kind in _FLOATS:
        return 2 ** (24 if type.kind == Kind.FLOAT32 else 53)
    if type.kind in LIMITS:
        low, high = LIMITS[type.kind]
        return high - low + 1 if type.kind is Kind.DATE else high + 1
    signed = Kind.INT8 <= type.kind <= Kind.INT64
    return 2 ** (8 * type.size - signed) if type.size <= 8 else None


def maker(type: Type) -> Callable[[int], object]:
    """A number as the type's Python object: a new one, where Python has not got them made already."""
    size, limit = type.size, distinct(type)
    if type.kind == Kind.BYTES:
        if limit is None:
            return lambda i: i.to_bytes(size, "little")
        return lambda i: (i % limit).to_bytes(size, "little")
    if type.kind == Kind.NOTHING:
        return lambda i: None
    if type.kind == Kind.BOOL:
        return lambda i: i % 2 == 1
    if type.kind == Kind.STRING:  # sixteen characters, as many identifiers have
        return lambda i: f"{i:016d}"
    if type.kind == Kind.VARBYTES:
        return lambda i: b"%016d" % i
    if type.kind == Kind.STRUCT:
        makers = [maker(field.type) for field in type.fields]
        return lambda i: tuple([make(i) for make in makers])
    if type.kind >= Kind.DATETIME_S:
        return _time_maker(type.kind, limit or 0)
    if limit is None or limit > 2**50:
        return float if type.kind in _FLOATS else int
    return (lambda i: float(i % limit)) if type.kind in _FLOATS else (lambda i: i % limit)


def _time_maker(kind: Kind, limit: int) -> Callable[[int], object]:
    """A number as a time so many units after the first that there is, or after 1970-01-01; as a UUID."""
    from datetime import date, datetime, timedelta
    from uuid import UUID

    if kind is Kind.UUID:
        return lambda i: UUID(int=i * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128)  # of all 128 bits, as most are
    if kind is Kind.DATE:
        return lambda i: date.fromordinal(i % limit + 1)
    if unit_of(kind) == "ns":
        np: Any = numpy()
        scalar = np.timedelta64 if kind in TIMEDELTAS else np.datetime64
        return lambda i: scalar(i % limit, "ns")
    unit = timedelta(microseconds={"s": 1_000_000, "ms": 1_000, "us": 1}[unit_of(kind)])
    if kind in TIMEDELTAS:
        return lambda i: i % limit * unit
    epoch = datetime(1970, 1, 1, tzinfo=UTC if kind >= Kind.UTC_S else None)
    return lambda i: epoch + i % limit * unit


def scattered(bits: int) -> Callable[[int], int]:
    """A mixer of numbers: maps the numbers below ``2**bits`` one to one to each other, in an order that looks
    random."""
    mask, half = 2**bits - 1, (bits + 1) // 2

    def mixed(i: int) -> int:
        i = i * 0x9E3779B97F4A7C15 & mask
        i ^= i >> half
        i = i * 0xD6E8FEB86659FD93 & mask
        return i ^ i >> half

    return mixed


def shuffled(count: int, other: int = 0) -> array[int]:
    """The numbers 0 to count - 1 in random order, the same every time for the same `other`."""
    # In small pieces: a large one that is freed again would change what the process holds later.
    order = array("q", [0]) * count
    for start in range(0, count, 4096):
        order[start : start + 4096] = array("q", range(start, min(start + 4096, count)))
    random.Random(count + other).shuffle(order)
    return order


_WIDTH = 48  # bits of a number: as Python's int as large as a small one


class Numbers:
    """Keys are distinct numbers that look random, so that no dict's hash is the order they come in; values
    are those from 0."""

    def __init__(self, key: str, value: str | None, count: int) -> None:
        self.count = count
        key_type = parse(key, "key")
        most = distinct(key_type)
        self._make = maker(key_type)
        bits = _WIDTH if most is None else min(_WIDTH, most.bit_length() - 1)
        self._mixed = scattered(bits) if bits >= 16 else int
        self._value: Callable[[int], Any] = maker(parse(value)) if value is not None else lambda i: None
        self._order, self._other = shuffled(count), shuffled(count, 1)
        self._has_absent = most is None or most >= 2 * count

    def pieces(self) -> Iterator[list[Entry]]:
        for start in range(0, self.count, PIECE):
            some = self._order[start : start + PIECE]
            yield list(zip(map(self._key, some), map(self._value, some), strict=True))

    def shuffled_keys(self) -> Iterator[list[Any]]:
        for start in range(0, self.count, PIECE):
            yield list(map(self._key, self._other[start : start + PIECE]))

    def absent(self) -> Iterator[list[Any]] | None:
        return self._absent() if self._has_absent else None

    def _key(self, number: int) -> Any:
        return self._make(self._mixed(number))

    def _absent(self) -> Iterator[list[Any]]:
        for start in range(0, self.count, PIECE):
            yield [self._key(i + self.count) for i in self._other[start : start + PIECE]]
