"""What the tests share: comparing a map with its model, failing allocations in turn, errors that change nothing, and
the entries of files."""

from __future__ import annotations

import sysconfig
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from gomap import GoMap
from gomap._core import _fail_after, _fail_pending
from gomap.measure.table_files import read

Class = Any  # one of the map classes
Examples = Callable[[str, int], list[Any]]  # the fixture: distinct values of a type


#: Whether CPython was built without the interpreter's lock.
FREE_THREADED = bool(sysconfig.get_config_var("Py_GIL_DISABLED"))

#: The bytes that a map's header has more there: the count stands on a cache line of its own (csrc/gomap.h).
HEADER_MORE = 128 if FREE_THREADED else 0

#: The bytes of an int object below 2**60, as CPython's allocator gives them.
INT = 48 if FREE_THREADED else 32

#: Bytes that malloc may give a block beyond its size class: when what would be left of a free one is too small to stay.
SLACK = 16


def same_bytes(counted: int, expected: int) -> bool:
    """Whether two maps of three blocks hold the same, where each block may have malloc's slack in it."""
    return abs(counted - expected) <= 3 * SLACK


def each(cases: dict[str, Any], name: str = "operation") -> pytest.MarkDecorator:
    """A test for each of the cases, which have names."""
    return pytest.mark.parametrize(name, cases.values(), ids=cases)


def assert_same(m: Any, model: dict[Any, Any]) -> None:
    """The map holds what the dict holds, in every way that it can be asked."""
    assert len(m) == len(model)
    assert bool(m) is bool(model)
    items = list(m.items())
    assert len(items) == len(model)
    assert dict(items) == model
    assert set(m) == set(m.keys()) == set(model)
    assert sorted(m.values(), key=repr) == sorted(model.values(), key=repr)
    assert m == model
    for key, value in model.items():
        assert key in m
        assert m[key] == m.get(key) == value
        assert type(m[key]) is type(value)
    assert set(map(type, m)) <= set(map(type, model))
    assert m._check() is None


@dataclass(frozen=True)
class FewHashes:
    """An object that is compared in Python, with one of few hashes."""

    number: int

    def __hash__(self) -> int:
        return self.number % 5


# ---- without memory -----------------------------------------------------------------------------------


@contextmanager
def failing(allocations: int, failures: int = 1) -> Iterator[None]:
    """In the body so many of the core's allocations succeed, and the next ones fail."""
    _fail_after(allocations, failures)
    try:
        yield
    finally:
        _fail_after(-1)


def in_turn(attempt: Callable[[], Any], failures: int = 1) -> Iterator[MemoryError | None]:
    """Makes the first allocation fail, then the second, until the attempt needs no more of them.

    Yields what each attempt raised, which must be a MemoryError; at last, None.

    :param failures: how many allocations in succession fail
    """
    for allocations in range(100_000):
        error = None
        with failing(allocations, failures):
            try:
                attempt()
            except MemoryError as raised:
                error = raised.with_traceback(None)  # which refers to what was at work
            pending = _fail_pending()
        if pending == failures:  # it needed fewer
            assert error is None
            yield None
            return
        yield error
    pytest.fail("it never ends")


# ---- what is refused ----------------------------------------------------------------------------------


@contextmanager
def refused(
    m: Any, error: type[Exception], message: str, *, state: Callable[[Any], Any] = lambda m: dict(m.items())
) -> Iterator[None]:
    """The body raises this error in these words, and the map stays as it was.

    :param state: what is compared of the map before and after
    """
    before, held = state(m), m.nbytes
    with pytest.raises(error) as caught:
        yield
    assert type(caught.value) is error
    assert str(caught.value) == message
    assert state(m) == before
    assert m.nbytes == held
    assert m._check() is None


class Acting:
    """A number that does something when it is asked for its value."""

    def __init__(self, number: float, action: Callable[[], Any]) -> None:
        self.number = number
        self.action = action


class ActingInt(Acting):
    def __index__(self) -> int:
        self.action()
        return int(self.number)


# ---- classes that are derived from a map -----------------------------------------------------------------


class Plain(GoMap[Any, Any]):
    """A subclass with attributes."""


class Slotted(GoMap[Any, Any]):
    __slots__ = ("label", "missing")

    label: str


class Counting(GoMap[Any, Any]):
    """A subclass with its own constructor and default."""

    def __init__(self, *words: int) -> None:
        super().__init__(int, int)
        self.words = words
        for word in words:
            self[word] += 1

    def __missing__(self, key: int) -> int:
        return 0


def entries_of(path: Path, *arguments: Any, **options: Any) -> Any:
    """The entries of a file."""
    return read(path, *arguments, **options).entries


# ---- parameters --------------------------------------------------------------------------------------

HUGE = 10**5000  # more digits than the interpreter turns into text


def label(value: object) -> str:
    """A short name for a parameter; str(HUGE) cannot be had."""
    return f"{value:#x}"[:20] if isinstance(value, int) else repr(value)[:30]


class Nameless:
    def __repr__(self) -> str:
        return "<nameless>"
