"""Structs whose fields run code while they are read, and iterators over structs."""

from __future__ import annotations

import gc
import operator
import threading
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pytest
from struct_cases import CHUNK, LOOKUPS, Operation, refused
from support import ActingInt, Class

from gomap import Map, Set

# ---- fields whose reading runs code ------------------------------------------------------------------


KEYS = "struct{a int; b int}"
ACTIONS: dict[str, Callable[[Any], Any]] = {
    "clear": lambda m: m.clear(),
    "delete": lambda m: m.pop((5, 5), None),
    "insert": lambda m: m.__setitem__((5, 5), (50, 50)),
    "grow": lambda m: m.update({(i, i): (-i, -i) for i in range(1000, 2000)}),
    "empty": lambda m: [m.popitem() for _ in range(len(m))],
    "look": lambda m: [m.get((i, i)) for i in range(20)],
}


@pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS)
@pytest.mark.parametrize("as_dict", [False, True], ids=["tuple", "mapping"])
def test_fields_that_change_the_map(map_class: Class, action: Callable[[Any], Any], as_dict: bool) -> None:
    """A dict where the change comes first says what is expected."""

    def given(first: Any, second: Any) -> Any:
        return {"b": second, "a": first} if as_dict else (first, second)

    operations: dict[str, Operation] = {
        "[]": lambda m, key: m[key],
        "get": lambda m, key: m.get(key),
        "in": lambda m, key: key in m,
        "pop": lambda m, key: m.pop(key, None),
        "del": operator.delitem,
        "set": lambda m, key: m.__setitem__(key, (7, 8)),
        "setdefault": lambda m, key: m.setdefault(key, (7, 8)),
    }
    for absent in (5, 6):
        for operation in operations.values():
            model = {(i, i): (i, i) for i in range(100) if i != absent}
            m = map_class(KEYS, KEYS, model)
            action(model)
            key = given(5, ActingInt(5, lambda: action(m)))  # noqa: B023
            try:
                expected = operation(model, (5, 5))
            except KeyError:
                with pytest.raises(KeyError):
                    operation(m, key)
            else:
                assert operation(m, key) == expected
            assert dict(m.items()) == model
            assert m._check() is None


@pytest.mark.parametrize("action", ACTIONS.values(), ids=ACTIONS)
def test_fields_of_key_and_value_that_change_the_map(map_class: Class, action: Callable[[Any], Any]) -> None:
    for store in (lambda m, k, v: m.__setitem__(k, v), lambda m, k, v: m.update([(k, v)])):
        model = {(i, i): (i, i) for i in range(100)}
        m = map_class(KEYS, KEYS, model)
        store(m, (3, ActingInt(4, lambda: action(m))), (ActingInt(1, lambda: action(m)), 2))  # noqa: B023
        action(model)
        action(model)
        model[3, 4] = (1, 2)
        assert dict(m.items()) == model
        assert m._check() is None


def test_fields_that_store_in_the_same_map(map_class: Class) -> None:
    """Every struct is packed into memory of its own, however many are under way."""
    for kind in (KEYS, "struct{a, b int; c [5000]byte}"):
        filler = (b"\0" * 5000,) if "c [" in kind else ()

        def deep(level: int, m: Any, filler: tuple[Any, ...] = filler) -> Any:
            if level == 0:
                return (0, 0, *filler)

            def store() -> None:
                m[deep(level - 1, m)] = deep(level - 1, m)

            return (level, ActingInt(10 * level, store), *filler)

        m = map_class(kind, kind)
        m[deep(4, m)] = deep(4, m)
        assert dict(m.items()) == {(i, 10 * i, *filler): (i, 10 * i, *filler) for i in range(5)}
        assert m._check() is None


@pytest.mark.parametrize("threads", [4])
def test_fields_that_let_other_threads_run(map_class: Class, threads: int) -> None:
    m = map_class(KEYS, KEYS)
    barriers = [threading.Barrier(threads) for _ in range(20)]

    def work(number: int) -> None:
        for round_, barrier in enumerate(barriers):
            m[number, ActingInt(round_, barrier.wait)] = (round_, ActingInt(number, barrier.wait))

    workers = [threading.Thread(target=work, args=(number,)) for number in range(threads)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    assert dict(m.items()) == {(n, r): (r, n) for n in range(threads) for r in range(len(barriers))}


def test_fields_that_raise(map_class: Class) -> None:
    def fail() -> None:
        raise ZeroDivisionError("no number today")

    m = map_class(KEYS, KEYS, {(1, 2): (3, 4)})
    for operation in (
        *LOOKUPS.values(),
        lambda m, key: m.__setitem__(key, (1, 2)),
        lambda m, key: m.setdefault(key),
    ):
        with refused(m, ZeroDivisionError, "no number today"):
            operation(m, (1, ActingInt(1, fail)))
    with refused(m, ZeroDivisionError, "no number today"):
        m[1, 2] = (1, ActingInt(1, fail))

    class Failing(dict[str, int]):
        def __getitem__(self, name: str) -> int:
            raise ZeroDivisionError("no item today")

    with refused(m, ZeroDivisionError, "no item today"):
        m[1, 2] = Failing(a=1, b=2)


def test_key_of_a_look_up_is_read_once(map_class: Class) -> None:
    asked: list[int] = []
    m = map_class(KEYS, int, {(1, 2): 3})
    for operation in LOOKUPS.values():
        asked.clear()
        with suppress(KeyError):
            operation(m, (2**70, ActingInt(2, lambda: asked.append(1))))
        assert asked == [1]


def test_reading_is_not_disturbed_by_the_collector(map_class: Class) -> None:
    """Making tuples can run the collector and so any code: here, some that changes the map."""
    model = {(i, i): (-i, (i,)) for i in range(50)}
    kind = "struct{a int; b struct{c int}}"
    m = map_class(KEYS, kind, model)
    s = Set(KEYS, model)
    changing = False

    def disturb(phase: str, info: dict[str, int]) -> None:
        nonlocal changing
        if not changing:
            changing = True
            m.clear()
            s.clear()
            m.update(dict.fromkeys(((j, j) for j in range(1000, 1040)), (1, (1,))))
            s.update((j, j) for j in range(1000, 1040))
            changing = False

    def restore() -> None:
        nonlocal changing
        changing = True
        m.clear()
        m.update(model)
        s.clear()
        s.update(model)
        changing = False

    threshold = gc.get_threshold()
    gc.callbacks.append(disturb)
    try:
        for _ in range(20):
            for operation in (lambda: m.popitem(), lambda: next(iter(m.items()))):
                restore()
                gc.set_threshold(1)
                # From 3.12 on the collector runs between two steps, and may do so after iter().
                with suppress(RuntimeError):
                    key, value = operation()
                    assert value == model.get(key, (1, (1,)))
                gc.set_threshold(*threshold)
                assert m._check() is None
            restore()
            gc.set_threshold(1)
            taken = s.pop()
            gc.set_threshold(*threshold)
            if len(s) != 40:  # from 3.12 on the collector may run after pop()
                assert taken not in s
                assert len(s) in (39, 49)
            restore()
            gc.set_threshold(1)
            found = m.get((3, 3))
            gc.set_threshold(*threshold)
            assert found in ((-3, (3,)), None)
    finally:
        gc.set_threshold(*threshold)
        gc.callbacks.remove(disturb)
    assert gc.isenabled()


def test_collector_stays_off_when_it_is() -> None:
    m = Map(int, CHUNK, {1: (1, 2, 3)})
    assert gc.isenabled()
    gc.disable()
    try:
        assert m[1] == (1, 2, 3)
        assert not gc.isenabled()
    finally:
        gc.enable()
    assert m[1] == (1, 2, 3)
    assert gc.isenabled()


# ---- iteration ---------------------------------------------------------------------------------------


def test_iteration(map_class: Class) -> None:
    model = {(i, i): (i, 2 * i) for i in range(300)}
    m = map_class(KEYS, KEYS, model)
    assert sorted(m) == sorted(model)
    assert sorted(m.values()) == sorted(model.values())
    kept = list(m.items())
    assert dict(kept) == model
    for key, value in m.items():
        m[key] = (0, value.a - key.a)
    assert set(m.values()) == {(0, 0)}
    for key in m:
        del m[key]
    assert len(m) == 0
    assert dict(kept) == model  # what was read stays as it was
    m[1, 1] = (1, 1)
    keys = iter(m)
    m[next(keys).a + 1, 1] = (1, 1)
    with pytest.raises(RuntimeError, match="inserted"):
        next(keys)
