"""What ends an operation on many keys half-way: all or nothing, or an error that says how much was done."""

from __future__ import annotations

import array
import signal
import sys
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest

from gomap import GoMap, Map, Set, _core

Class = Any


class Key:
    """Equal by name. Comparing the one that is told to raises."""

    broken: str | None = None

    def __init__(self, name: str) -> None:
        self.name = name

    def __hash__(self) -> int:
        return hash(self.name) & 3  # many are compared

    def __eq__(self, other: object) -> bool:
        if self.broken is not None and isinstance(other, Key) and self.broken in (self.name, other.name):
            raise ZeroDivisionError(self.broken)
        return isinstance(other, Key) and self.name == other.name

    def __repr__(self) -> str:
        return f"Key({self.name!r})"


@pytest.fixture(autouse=True)
def whole() -> Any:
    yield
    Key.broken = None


def keys(first: int, last: int) -> list[Key]:
    return [Key(str(i)) for i in range(first, last)]


def state(m: Any) -> Any:
    """The very objects, and their values."""
    assert m._check() is None
    return {id(key) for key in m} if isinstance(m, Set) else {id(key): m[key] for key in m}


MAPS: dict[str, Callable[[Class], Any]] = {
    "object": lambda cls: cls(object, object, ((key, [key.name]) for key in keys(0, 20))),
    "int": lambda cls: cls(object, int, ((key, int(key.name)) for key in keys(0, 20))),
    "float32": lambda cls: cls(object, "float32", ((key, int(key.name) / 3) for key in keys(0, 20))),
    "str": lambda cls: cls(object, str, ((key, key.name * 30) for key in keys(0, 20))),
    "struct": lambda cls: cls(object, "struct{a int8; b int64}", ((key, (1, 2)) for key in keys(0, 20))),
}
VALUES: dict[str, Any] = {
    "object": ["new"],
    "int": 7,
    "float32": 1.5,
    "str": "another string, which is long",
    "struct": (3, 4),
}


@pytest.fixture(params=[Map, GoMap], ids=lambda cls: cls.__name__)
def map_class(request: pytest.FixtureRequest) -> Class:
    return request.param


@pytest.mark.parametrize("kind", MAPS)
@pytest.mark.parametrize("broken", ["3", "15", "22", "29"])
def test_comparisons_that_raise_while_keys_are_put_in(map_class: Class, kind: str, broken: str) -> None:
    m = MAPS[kind](map_class)
    before = state(m)
    for given in (keys(0, 30), keys(10, 30) * 2, [*m, *keys(20, 30)] * 2):
        Key.broken = broken
        with pytest.raises(ZeroDivisionError) as raised:
            m.set_many([*given, Key(broken)], VALUES[kind] if kind != "object" else [["new"]] * (len(given) + 1))
        Key.broken = None
        assert raised.value.done == 0
        assert state(m) == before
    m.set_many(keys(10, 30), [VALUES[kind]] * 20)
    assert len(m) == 30


@pytest.mark.parametrize("broken", ["3", "15", "29"])
def test_comparisons_that_raise_while_numbers_are_added(map_class: Class, broken: str) -> None:
    for kind in ("int", "float32"):
        m = MAPS[kind](map_class)
        before = state(m)
        Key.broken = broken
        with pytest.raises(ZeroDivisionError) as raised:
            m.add_many([*keys(0, 30), *keys(0, 30)], 0.1 if kind == "float32" else 5)
        Key.broken = None
        assert raised.value.done == 0
        assert state(m) == before  # floats too: from the log, not by subtraction


def test_a_sum_that_does_not_fit_among_objects(map_class: Class) -> None:
    m = map_class(object, "int8", ((key, int(key.name)) for key in keys(0, 20)))
    before = state(m)
    with pytest.raises(OverflowError, match=r"^add: 119 \+ 100 for key Key\('19'\) is out of range for int8$"):
        m.add_many([*keys(0, 30), Key("19")], 100)
    assert state(m) == before


@pytest.mark.parametrize("broken", ["3", "19", "25"])
def test_comparisons_that_raise_while_keys_are_removed(map_class: Class, broken: str) -> None:
    for kind in MAPS:
        m = MAPS[kind](map_class)
        before = state(m)
        Key.broken = broken
        with pytest.raises(ZeroDivisionError):
            m.delete_many(keys(0, 30))
        Key.broken = None
        assert state(m) == before
        assert m.delete_many([*keys(5, 30), *keys(5, 10)]) == 15
        assert len(m) == 5


SET_OPERATIONS: dict[str, Callable[[Any, list[Key]], Any]] = {
    "add_many": lambda s, given: s.add_many(given),
    "discard_many": lambda s, given: s.discard_many(given),
    "difference_update": lambda s, given: s.difference_update(given),
    "-=": lambda s, given: s.__isub__(Set(object, given)),
    "intersection_update": lambda s, given: s.intersection_update(given),
    "&=": lambda s, given: s.__iand__(Set(object, given)),
    "symmetric_difference_update": lambda s, given: s.symmetric_difference_update(given),
    "^=": lambda s, given: s.__ixor__(Set(object, given)),
}


@pytest.mark.parametrize("name", SET_OPERATIONS)
@pytest.mark.parametrize("broken", ["3", "15", "25"])
def test_comparisons_that_raise_in_a_set(name: str, broken: str) -> None:
    s, model = Set(object, keys(0, 20)), set(keys(0, 20))
    before = state(s)
    Key.broken = broken
    with pytest.raises(ZeroDivisionError):
        SET_OPERATIONS[name](s, keys(10, 30) if broken != "3" else keys(0, 10))
    Key.broken = None
    assert state(s) == before
    SET_OPERATIONS[name](s, keys(10, 30))
    like = {"add_many": "update", "discard_many": "difference_update"}.get(name, name)
    if like in ("-=", "&=", "^="):
        model = {"-=": model - {*keys(10, 30)}, "&=": model & {*keys(10, 30)}, "^=": model ^ {*keys(10, 30)}}[like]
    else:
        getattr(model, like)(keys(10, 30))
    assert s == model
    assert s._check() is None


def test_references_when_all_is_taken_back(map_class: Class) -> None:
    """Nothing of what was given stays, and nothing of what was there goes."""
    m = MAPS["object"](map_class)
    given, value = keys(10, 30), object()
    counts = [sys.getrefcount(key) for key in given], sys.getrefcount(value)
    theirs = {key.name: (sys.getrefcount(key), sys.getrefcount(m[key])) for key in m}
    for _ in range(3):
        Key.broken = "29"
        with pytest.raises(ZeroDivisionError):
            m.set_many([*given, Key("29")], [value] * 21)
        with pytest.raises(ZeroDivisionError):
            m.delete_many([*given, Key("29")])
        Key.broken = None
    assert ([sys.getrefcount(key) for key in given], sys.getrefcount(value)) == counts
    assert {key.name: (sys.getrefcount(key), sys.getrefcount(m[key])) for key in m} == theirs
    m.set_many(given, [value] * 20)
    assert sys.getrefcount(value) == counts[1] + 20
    assert m.delete_many(given) == 20
    assert ([sys.getrefcount(key) for key in given], sys.getrefcount(value)) == counts


@pytest.mark.parametrize("types", [(object, object), (object, str), (int, object), (str, object)])
def test_memory_that_runs_out_among_objects(map_class: Class, types: tuple[Any, Any]) -> None:
    key, value = types

    def made(i: int) -> Any:
        return i if key is int else f"{i}{'x' * 40}"

    for nth in range(2000):
        m = map_class(key, value, ((made(i), f"{i}{'y' * 50}") for i in range(50)))
        before = dict(m)
        _core._fail_after(nth)
        try:
            m.set_many([made(i) for i in range(25, 400)], ["z" * 70] * 375)
        except MemoryError as error:
            assert error.done == 0  # type: ignore[attr-defined]  # noqa: PT017
            _core._fail_after(-1)
            lost = getattr(error, "__notes__", [])
            assert dict(m) == before or lost
            assert m._check() is None
        else:
            _core._fail_after(-1)
            assert len(m) == 400
            break
    else:
        pytest.fail("it never succeeded")
    assert nth >= 3  # the arrays of three growths; overflow buckets are a matter of chance


def test_strings_that_cannot_be_put_back(map_class: Class) -> None:
    """When there is no memory for the strings of before either, it is said how many are not as they were."""

    class Last(Key):
        def __eq__(self, other: object) -> bool:
            _core._fail_after(0, 10**9)
            raise ZeroDivisionError

        __hash__ = Key.__hash__

    m = map_class(object, str, dict.fromkeys(keys(0, 20), "y" * 6000))
    try:
        with pytest.raises(ZeroDivisionError) as raised:
            m.set_many([*keys(0, 20), Last("1")], "w" * 100)
    finally:
        _core._fail_after(-1)
    assert m._check() is None
    lost = sum(value == "w" * 100 for value in m.values())
    assert lost + sum(value == "y" * 6000 for value in m.values()) == len(m) == 20
    assert lost > 0
    assert raised.value.__notes__ == [f"{lost:,} strings could not be put back as they were: out of memory"]


def test_memory_that_runs_out_says_how_far_it_came(map_class: Class) -> None:
    given = array.array("q", range(300_000))
    m = map_class(int, int, {1: 2})
    _core._fail_after(8, 10**9)
    try:
        with pytest.raises(MemoryError) as raised:
            m.set_many(given, 5)
    finally:
        _core._fail_after(-1)
    done = raised.value.done
    assert 0 < done < 300_000
    assert raised.value.__notes__ == [f"{done:,} of 300,000 keys were put in before"]
    assert len(m) == done
    assert m.contains_many(given[:done]).tolist() == [True] * done
    # Sums of integers are taken back; those of floats cannot be.
    for value in ("int64", "float64"):
        m = map_class(int, value, {1: 2})
        _core._fail_after(8, 10**9)
        try:
            with pytest.raises(MemoryError) as raised:
                m.add_many(given, 1)
        finally:
            _core._fail_after(-1)
        done = raised.value.done
        assert m._check() is None
        assert sum(m.values()) == 2 + done
        assert (done == 0) == (value == "int64")


@pytest.mark.parametrize("key", [int, str])
def test_memory_that_runs_out_while_a_set_is_toggled(key: Any) -> None:
    def made(i: int) -> Any:
        return i if key is int else f"{i}{'x' * 40}"

    other = Set(key, map(made, range(300, 1200)))
    for nth in range(200):
        s = Set(key, map(made, range(500)))
        _core._fail_after(nth, 10**9)
        try:
            s ^= other
        except MemoryError:
            _core._fail_after(-1)
            assert s == set(map(made, range(500)))
            assert s._check() is None
        else:
            _core._fail_after(-1)
            assert s == set(map(made, (*range(300), *range(500, 1200))))
            assert s._check() is None
            break
    assert nth > 3


class Interrupt(BaseException):
    pass


def interrupted(operation: Callable[[], Any], after: float) -> Interrupt | None:
    """What the operation raises, interrupted by a signal after some seconds; None: it was through before."""

    def handle(*_: object) -> None:
        raise Interrupt

    old = signal.signal(signal.SIGUSR1, handle)
    thread = threading.Timer(after, signal.pthread_kill, (threading.main_thread().ident, signal.SIGUSR1))
    try:
        thread.start()
        try:
            operation()
            thread.join()
            time.sleep(0.01)
        except Interrupt as error:
            return error
        return None
    finally:
        with suppress(Interrupt):
            thread.join()
        signal.signal(signal.SIGUSR1, old)


@pytest.mark.skipif(sys.platform == "win32", reason="signals are others there")
def test_signals_half_way(map_class: Class) -> None:
    given = array.array("q", [i * 0x9E3779B97F4A7C15 % 2**60 for i in range(1_500_000)])
    seen: set[str] = set()
    for after in (0.02, 0.01, 0.03, 0.005, 0.04, 0.002, 0.06, 0.1):
        m = map_class(int, int)
        error = interrupted(lambda: m.set_many(given, 1), after)  # noqa: B023
        if error is not None and hasattr(error, "done"):
            assert len(m) == error.done
            assert m.contains_many(given[: error.done]).tolist() == [True] * error.done
            seen.add("set_many")
        assert m._check() is None
        sums = map_class(int, int, {given[0]: 5})
        error = interrupted(lambda: sums.add_many(given, given), after)  # noqa: B023
        if error is not None and hasattr(error, "done"):
            assert error.done == 0
            assert dict(sums) == {given[0]: 5}
            seen.add("add_many")
        assert sums._check() is None
        m.set_many(given, 1)
        error = interrupted(lambda: m.delete_many(given), after)  # noqa: B023
        if error is not None and hasattr(error, "done"):
            assert len(m) == len(given) - error.done
            seen.add("delete_many")
        assert m._check() is None
        if len(seen) == 3:
            break
    assert seen == {"set_many", "add_many", "delete_many"}
