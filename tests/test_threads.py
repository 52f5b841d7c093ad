# ruff: noqa: PT017  (either is right: an error, of these words, or none)
"""Threads that share a map: each single operation is whole, counts are exact, and nothing is lost or invented.

What is shared is hammered for SECONDS; THREADS_SECONDS sets them for a long run by hand.
"""

from __future__ import annotations

import array
import copy
import itertools
import os
import pickle
import random
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest

from gomap import Cache, GoMap, Map, Set, cached

Class = Any

SECONDS = float(os.environ.get("THREADS_SECONDS", "0.5"))
WORKERS = int(os.environ.get("THREADS_WORKERS", "4"))


def together(*works: Callable[[], Any]) -> None:
    """All of them at once, each in a thread; raises the first error."""
    errors: list[BaseException] = []
    gate = threading.Barrier(len(works))

    def run(work: Callable[[], Any]) -> None:
        gate.wait()
        try:
            work()
        except BaseException as error:
            errors.append(error)

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    threads = [threading.Thread(target=run, args=(work,)) for work in works]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    sys.setswitchinterval(interval)
    if errors:
        raise errors[0]


class Clock:
    """Says for how long."""

    def __init__(self) -> None:
        self.until = time.monotonic() + SECONDS

    def __call__(self) -> bool:
        return time.monotonic() < self.until


# ---- one operation is whole --------------------------------------------------------------------------------


@pytest.mark.parametrize("types", [(int, int), (str, int), (object, int)])
def test_add_counts_exactly(map_class: Class, types: Any) -> None:
    m = map_class(*types)
    keys: list[Any] = list(range(10)) if types[0] is int else [f"key {i}" for i in range(10)]
    rounds = 3000

    def count() -> None:
        for i in range(rounds):
            m.add(keys[i % 10])

    together(*[count] * WORKERS)
    assert dict(m) == dict.fromkeys(keys, WORKERS * rounds // 10)
    assert m._check() is None


def test_add_many_counts_exactly(map_class: Class) -> None:
    m = map_class(int, int)
    keys = array.array("q", list(range(2000)) * 3)
    together(*[lambda: [m.add_many(keys) for _ in range(20)]] * WORKERS)
    assert dict(m) == dict.fromkeys(range(2000), 60 * WORKERS)
    assert m._check() is None


def test_setdefault_gives_all_the_same_object(map_class: Class) -> None:
    m = map_class(object, object)
    seen: list[list[int]] = [[] for _ in range(WORKERS)]

    def ask(mine: list[int]) -> None:
        mine.extend(id(m.setdefault(f"key {i}", [i])) for i in range(2000))

    together(*[lambda mine=mine: ask(mine) for mine in seen])
    assert all(each == seen[0] for each in seen)
    assert m._check() is None


def test_each_key_is_popped_once(map_class: Class) -> None:
    m = map_class(int, int, {i: -i for i in range(20_000)})
    taken: list[list[int]] = [[] for _ in range(WORKERS)]

    def take(mine: list[int]) -> None:
        for i in range(20_000):
            found = m.pop(i, None)
            if found is not None:
                mine.append(-found)

    together(*[lambda mine=mine: take(mine) for mine in taken])
    assert sorted([*itertools.chain(*taken)]) == list(range(20_000))
    assert len(m) == 0


def test_each_entry_is_taken_once(map_class: Class) -> None:
    m = map_class(int, str, {i: str(i) for i in range(20_000)})
    taken: list[list[Any]] = [[] for _ in range(WORKERS)]

    def take(mine: list[Any]) -> None:
        while True:
            try:
                mine.append(m.popitem())
            except KeyError:
                return

    together(*[lambda mine=mine: take(mine) for mine in taken])
    assert sorted([*itertools.chain(*taken)]) == [(i, str(i)) for i in range(20_000)]


# ---- each thread knows its own keys ------------------------------------------------------------------------


class Hostile:
    """A key whose comparison takes its time, and sometimes changes the map or lets others run."""

    def __init__(self, number: int, m: Any) -> None:
        self.number = number
        self.m = m

    def __hash__(self) -> int:
        return self.number % 7

    def __eq__(self, other: object) -> bool:
        if self.number % 5 == 0:
            self.m.pop(-1, None)
            self.m[-1] = 0
        elif self.number % 3 == 0:
            time.sleep(0)
        return isinstance(other, Hostile) and self.number == other.number


KINDS: dict[str, tuple[Any, Any, Callable[[int, Any], Any], Callable[[int], Any]]] = {
    "int to int": (int, int, lambda i, m: i, lambda j: j),
    "int to 128 bytes": (int, "[128]byte", lambda i, m: i, lambda j: j.to_bytes(128, "little")),
    "str to str": (str, str, lambda i, m: f"{i}" * (1 + i % 20), lambda j: f"{j}" * (j % 30)),
    "int to any": (int, object, lambda i, m: i, lambda j: [j]),
    "any to any": (object, object, lambda i, m: (i, str(i)) if i % 2 else str(i), lambda j: [j]),
    "hostile to any": (object, object, Hostile, lambda j: [j]),
}


def own_keys(m: Any, kind: str, who: int, clock: Clock) -> None:
    """Single operations on keys that nobody else touches: each gives what this thread has put there."""
    _, _, key_of, value_of = KINDS[kind]
    dice = random.Random(who)
    few = 30 if kind.startswith("hostile") else 300
    keys = [key_of(1000 * (who + 1) + i, m) for i in range(few)]
    model: dict[int, Any] = {}
    while clock():
        for _ in range(50):
            i, j = dice.randrange(few), dice.randrange(1000)
            key, value = keys[i], value_of(j)
            what = dice.randrange(8)
            if what < 3:
                m[key] = model[i] = value
            elif what == 3:
                assert m.pop(key, None) == model.pop(i, None)
            elif what == 4:
                assert m.setdefault(key, value) == model.setdefault(i, value)
            elif what == 5 and i in model:
                del m[key]
                del model[i]
            else:
                assert m.get(key) == model.get(i)
                assert (key in m) == (i in model)
    for i, key in enumerate(keys):
        assert m.get(key) == model.get(i)
        m.pop(key, None)


def others(m: Any, clock: Clock) -> None:
    """What looks at all entries, or moves them."""
    while clock():
        for work in (
            lambda: list(m.items()),
            lambda: list(m),
            lambda: len(m.copy()) + len(copy.copy(m)),
            lambda: m._check(),
            lambda: (m.stats(), m.memory(), m.nbytes, repr(m), len(m)),
            lambda: m.reserve(1000),
            lambda: m.compact() if hasattr(m, "compact") else None,
            lambda: m.to_arrays(),
            lambda: m == {1: 2},
            lambda: m.keys() & {1, 2},
        ):
            try:
                found = work()
            except RuntimeError as error:
                assert "during iteration" in str(error) or "changed while" in str(error), error
            except KeyError:  # == looks up what it has met
                pass
            else:
                assert not isinstance(found, str), found  # _check's


@pytest.mark.parametrize("kind", KINDS)
def test_everyone_finds_what_is_theirs(map_class: Class, kind: str) -> None:
    m = map_class(*KINDS[kind][:2])
    clock = Clock()
    works = [lambda who=who: own_keys(m, kind, who, clock) for who in range(WORKERS)]
    together(*works, lambda: others(m, clock))
    assert m._check() is None
    m.pop(-1, None) if kind.startswith("hostile") else None
    assert dict(m.items()) == {}


def test_whole_arrays_beside_single_operations(map_class: Class) -> None:
    m = map_class(int, int)
    clock = Clock()

    def arrays(who: int) -> None:
        keys = array.array("q", range(100_000 * (who + 1), 100_000 * (who + 1) + 3000))
        while clock():
            m.set_many(keys, who)
            assert set(m.get_many(keys).tolist()) == {who}
            m.add_many(keys, 1)
            assert sum(m.contains_many(keys)) == 3000
            assert m.delete_many(keys) == 3000

    together(
        *[lambda who=who: arrays(who) for who in range(2)],
        *[lambda who=who: own_keys(m, "int to int", who, clock) for who in range(2)],
        lambda: others(m, clock),
    )
    assert m._check() is None
    assert len(m) == 0


# ---- two maps ----------------------------------------------------------------------------------------------


def test_two_maps_in_either_order(map_class: Class) -> None:
    one, other = map_class(int, int, {1: 1}), map_class(int, int, {2: 2})
    rounds = 300

    def of(a: Any, b: Any) -> None:
        for _ in range(rounds):
            a.update(b)
            a.merge(b, "max")
            try:
                assert isinstance(a == b, bool)
            except RuntimeError as error:  # it goes over the entries one by one
                assert "during iteration" in str(error)
            assert len(a | b) == 2
            a.reserve(10)

    together(*[lambda: of(one, other), lambda: of(other, one)] * 2)
    assert dict(one) == dict(other) == {1: 1, 2: 2}


def test_two_sets_in_either_order() -> None:
    one, other = Set(int, range(100)), Set(int, range(50, 150))
    rounds = 100

    def of(a: Any, b: Any) -> None:
        for _ in range(rounds):
            assert a - b <= set(range(150))
            assert a & b <= a | b
            assert isinstance(a <= b, bool)
            assert isinstance(a.isdisjoint(b), bool)
            a |= b
            a ^= Set(int, [7])
            a ^= Set(int, [7])

    together(*[lambda: of(one, other), lambda: of(other, one)] * 2)
    assert one._check() is other._check() is None
    assert one | {7} == other | {7} == set(range(150))


# ---- iterators ---------------------------------------------------------------------------------------------


def test_threads_share_an_iterator(map_class: Class) -> None:
    m = map_class(int, int, {i: i for i in range(20_000)})
    shared = iter(m.items())
    seen: list[list[Any]] = [[] for _ in range(WORKERS)]

    def step(mine: list[Any]) -> None:
        mine.extend(shared)

    together(*[lambda mine=mine: step(mine) for mine in seen])
    assert sorted([*itertools.chain(*seen)]) == [(i, i) for i in range(20_000)]
    m[-1] = 1
    assert m._check() is None


def test_entries_go_while_others_iterate(map_class: Class) -> None:
    m = map_class(int, "[100]byte", {i: bytes(100) for i in range(20_000)})

    def look() -> None:
        while len(m):
            for key, value in m.items():
                assert 0 <= key < 20_000
                assert value == bytes(100)

    def remove() -> None:
        for i in range(20_000):
            del m[i]

    together(look, look, remove)
    assert m._check() is None


def test_pickling_and_clearing_beside_writers(map_class: Class) -> None:
    m = map_class(str, object)
    clock = Clock()

    def write() -> None:
        while clock():
            for i in range(200):
                m[f"{i}"] = [i]

    def clear() -> None:
        while clock():
            m.clear()

    def dump() -> None:
        while clock():
            try:
                found = pickle.loads(pickle.dumps(m))
            except RuntimeError as error:
                assert "during iteration" in str(error)
            else:
                assert all(value == [int(key)] for key, value in found.items())

    together(write, write, clear, dump)
    assert m._check() is None


# ---- waiting -----------------------------------------------------------------------------------------------


def test_a_thread_that_holds_a_map_does_not_wait_for_another() -> None:
    """Two functions that delete_where calls, each writing to the other's map, would wait for ever."""
    one, other = Map(int, int, {1: 1}), Map(int, int, {2: 2})
    both = threading.Barrier(2)
    refused: list[str] = []

    def writes_to(m: Any) -> Callable[[Any, Any], list[bool]]:
        def predicate(keys: Any, values: Any) -> list[bool]:
            both.wait()
            try:
                m[5] = 5
            except RuntimeError as error:
                refused.append(str(error))
            both.wait()
            return [False] * len(keys)

        return predicate

    together(lambda: one.delete_where(writes_to(other)), lambda: other.delete_where(writes_to(one)))
    assert refused == ["concurrent map read and map write"] * 2
    one[5] = other[5] = 5


def test_two_threads_delete_where_at_once(map_class: Class) -> None:
    """Both have read before either deletes: one of them is told so."""
    m = map_class(int, int, {i: i for i in range(10)})
    both = threading.Barrier(2)
    refused: list[str] = []

    def delete(which: int) -> None:
        def predicate(keys: Any, values: Any) -> list[bool]:
            both.wait()
            return [key == which for key in keys]

        try:
            assert m.delete_where(predicate) == 1
        except RuntimeError as error:
            refused.append(str(error))

    together(lambda: delete(1), lambda: delete(2))
    assert refused == ["concurrent map read and map write"]
    assert len(m) == 9
    assert m._check() is None


def test_maps_of_both_kinds_at_once() -> None:
    maps = [Map(int, int), GoMap(int, int)] * 2
    together(*[lambda m=m: [m.add(i % 100) for i in range(5000)] for m in maps])
    assert all(dict(m) == dict.fromkeys(range(100), 100) for m in maps)


def test_a_writer_comes_in_between_readers(map_class: Class) -> None:
    """Threads that look up arrays without a pause leave it no moment of its own."""
    m = map_class(int, int, {i: i for i in range(50_000)})
    keys = array.array("q", range(50_000))
    written = threading.Event()

    def read() -> None:
        while not written.is_set():
            m.get_many(keys)

    def write() -> None:
        try:
            for i in range(100):
                m[i] = -i
                m.set_many([i], -i)
        finally:
            written.set()

    together(read, read, read, write)
    assert [m[i] for i in range(100)] == [-i for i in range(100)]


# ---- caches ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("types", [(int, int), (str, str), (object, object)])
def test_threads_share_a_cache(types: Any) -> None:
    """What is found is what was put in; uses and entries that leave are counted exactly."""
    gone: list[Any] = []
    c = Cache(*types, max_entries=500, on_evict=lambda key, value, reason: gone.append((key, value)))
    make: Callable[[int], Any] = {int: lambda i: i, str: lambda i: f"{i}" * 9, object: lambda i: (i, str(i))}[types[0]]
    looks = 4000

    def work(who: int) -> None:
        dice = random.Random(who)
        for step in range(looks):
            i = dice.randrange(2000)
            found = c.get(make(i))
            assert found in (None, make(i))
            if found is None:
                c[make(i)] = make(i)
            if step % 200 == 0:
                assert list(c.get_many([make(i)], make(0))) in ([make(i)], [make(0)])
                assert len(c) <= 500
                assert c._check() is None
                for key, value in list(zip(list(c), range(3), strict=False)):
                    assert value < 3, key

    def guarded(who: int) -> None:
        try:
            work(who)
        except RuntimeError as error:
            assert "during iteration" in str(error)
            work(who)

    together(*[lambda who=who: guarded(who) for who in range(WORKERS)])
    assert c._check() is None
    assert all(key == value for key, value in gone)
    assert c.stats.evictions == len(gone)


def test_a_call_is_computed_once() -> None:
    calls: list[int] = []

    @cached(key=int, value=int, max_entries=100, lock="key")
    def slowly(number: int) -> int:
        calls.append(number)
        time.sleep(0.001)
        return -number

    together(*[lambda: [slowly(i) for i in range(50)]] * WORKERS)
    assert sorted(calls) == list(range(50))
