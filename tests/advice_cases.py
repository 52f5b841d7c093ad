"""What tests of advise share: objects of odd classes, and an advice whose code was tried."""

from __future__ import annotations

import enum
from collections import namedtuple
from collections.abc import Mapping
from datetime import date, datetime, timedelta, timezone
from typing import Any, NamedTuple

import pytest

import gomap
from gomap import Advice, advise


class Point(NamedTuple):
    x: int
    y: float


class Tagged(Point):
    """A named tuple that is equal to others than a tuple is."""

    def __eq__(self, other: object) -> bool:
        return self is other

    __hash__ = Point.__hash__


class Colour(enum.IntEnum):
    RED = 1


class Word(str):
    pass


class Day(date):
    pass


NOON = datetime(2024, 7, 1, 12)
EAST = timezone(timedelta(hours=5, minutes=30))
Odd = namedtuple("Odd", "a def", rename=True)  # the second is named _1


def built(d: Any, advice: Advice) -> Any:
    """What the code of an advice makes."""
    names = {"gomap": gomap, "d": d}
    exec(advice.code, names)
    return names["m"] if advice.value is not None else names["s"]


def about(count: int) -> Any:
    """The bytes of a map equal to another: each of its blocks may be of 16 more or less."""
    return pytest.approx(count, abs=100)


def same(one: Any, other: Any, *, exactly: bool = True) -> bool:
    """Whether a map's object is what was put in: equal, and of the same type unless it became a struct."""
    if one is other:
        return True
    if type(one) is dict:
        fields = other._fields if set(other._fields) == set(one) else list(one)
        one = tuple(one[name] for name in fields)
    if isinstance(one, tuple):
        pairs = zip(one, other, strict=True)
        return isinstance(other, tuple) and all(same(a, b, exactly=exactly) for a, b in pairs)
    return (type(one) is type(other) or not exactly) and (one == other or (one != one and other != other))


def checked(d: Any, **options: Any) -> Advice:
    """The advice, after its code was tried."""
    advice = advise(d, **options)
    made = built(d, advice)
    assert len(made) == len(d) == advice.entries
    assert made._check() is None
    if isinstance(d, Mapping) and advice.value is not None:
        for key, value in d.items():
            assert same(value, made[tuple(key) if type(key) is Odd else key])
    for key in d:
        assert (tuple(key) if type(key) is Odd else key) in made
    for key in made:
        assert key in d
    return advice
