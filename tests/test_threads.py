# ruff: noqa: PT017  (either is right: an error, of these words, or none)
"""Threads that share a map: each single operation is whole, counts are exact, and nothing is lost or invented.

What is shared is hammered for SECONDS. For a long run by hand THREADS_SECONDS sets them, and pytest's -s shows how many
operations were done: each look-up, each write, each key of an array, and each entry that is gone over counts as one.
"""

from __future__ import annotations

import array
import copy
import itertools
import os
import pickle
import random
import signal
import sys
import threading
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from importlib.machinery import ModuleSpec
from types import ModuleType
from typing import Any
from uuid import UUID

import pytest

from gomap import Cache, GoMap, Map, Set, cached
from gomap import _arrays as arrays
from gomap.types import Kind

Class = Any

SECONDS = float(os.environ.get("THREADS_SECONDS", "0.5"))
WORKERS = int(os.environ.get("THREADS_WORKERS", "4"))
FREE_THREADED = not getattr(sys, "_is_gil_enabled", lambda: True)()


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
    """Says for how long, and how much was done by then."""

    total = 0

    def __init__(self) -> None:
        self.until = time.monotonic() + SECONDS
        self.done: list[tuple[str, int]] = []  # to which any thread may append

    def __call__(self) -> bool:
        return time.monotonic() < self.until

    def say(self) -> None:
        kinds = dict.fromkeys(kind for kind, _ in self.done)
        counts = {each: sum(count for kind, count in self.done if kind == each) for each in kinds}
        Clock.total += sum(counts.values())
        shown = ", ".join(f"{count:,} {kind}" for kind, count in counts.items())
        print(f"\n{shown}; {Clock.total:,} operations in all so far")


@pytest.fixture
def clock() -> Iterator[Clock]:
    made = Clock()
    yield made
    made.say()


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
    done = 0
    while clock():
        done += 50
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
    clock.done.append(("of single keys", done))


def others(m: Any, clock: Clock) -> None:
    """What looks at all entries, or moves them."""
    reports = entries = 0
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
            lambda: pickle.dumps(m) if m.value_type.kind is not Kind.OBJECT else None,
            lambda: m == {1: 2},
            lambda: m.keys() & {1, 2},
        ):
            reports += 1
            try:
                found = work()
                entries += len(found) if isinstance(found, list) else 0
            except RuntimeError as error:
                assert "during iteration" in str(error) or "changed while" in str(error), error
            except KeyError:  # == looks up what it has met
                pass
            else:
                assert not isinstance(found, str), found  # _check's
    clock.done += [("reports and copies", reports), ("entries gone over", entries)]


@pytest.mark.parametrize("kind", KINDS)
def test_everyone_finds_what_is_theirs(map_class: Class, kind: str, clock: Clock) -> None:
    m = map_class(*KINDS[kind][:2])
    works = [lambda who=who: own_keys(m, kind, who, clock) for who in range(WORKERS)]
    together(*works, lambda: others(m, clock))
    assert m._check() is None
    m.pop(-1, None) if kind.startswith("hostile") else None
    assert dict(m.items()) == {}


def test_whole_arrays_beside_single_operations(map_class: Class, clock: Clock) -> None:
    m = map_class(int, int)

    def arrays(who: int) -> None:
        keys = array.array("q", range(100_000 * (who + 1), 100_000 * (who + 1) + 3000))
        done = 0
        while clock():
            done += 5 * len(keys)
            m.set_many(keys, who)
            assert set(m.get_many(keys).tolist()) == {who}
            m.add_many(keys, 1)
            assert sum(m.contains_many(keys)) == 3000
            assert m.delete_many(keys) == 3000
        clock.done.append(("keys of arrays", done))

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
            assert a & b <= a | b | {7}  # which comes and goes between the two
            assert isinstance(a <= b, bool)
            assert isinstance(a.isdisjoint(b), bool)
            a |= b
            a ^= Set(int, [7])
            a ^= Set(int, [7])

    together(*[lambda: of(one, other), lambda: of(other, one)] * 2)
    assert one._check() is other._check() is None
    assert one | {7} == other | {7} == set(range(150))


def test_sets_that_are_never_equal() -> None:
    """Sizes and elements are compared at one moment."""
    changing, other = Set(int, [1, 2]), Set(int, [1, 3])
    rounds = 20_000

    def change() -> None:
        for _ in range(rounds):
            changing.add(3)
            changing.remove(3)

    def compare() -> None:
        for _ in range(rounds):
            assert changing != other
            assert other != changing
            assert not changing <= other
            assert not other > changing

    together(change, compare, compare)


def test_a_repr_beside_writers(map_class: Class) -> None:
    m = map_class(int, str)
    rounds = 3000

    def write() -> None:
        for i in range(rounds):
            m[i] = str(i)

    def look() -> None:
        for _ in range(rounds // 10):
            assert repr(m).startswith(map_class.__name__)

    together(write, look, look)


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


def test_pickling_and_clearing_beside_writers(map_class: Class, clock: Clock) -> None:
    m = map_class(str, object)

    def write() -> None:
        done = 0
        while clock():
            done += 200
            for i in range(200):
                m[f"{i}"] = [i]
        clock.done.append(("of single keys", done))

    def clear() -> None:
        done = 0
        while clock():
            done += 1
            m.clear()
        clock.done.append(("clear", done))

    def dump() -> None:
        done = 0
        while clock():
            done += 1
            try:
                found = pickle.loads(pickle.dumps(m))
            except RuntimeError as error:
                assert "during iteration" in str(error)
            else:
                assert all(value == [int(key)] for key, value in found.items())
        clock.done.append(("pickles", done))

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


# ---- single keys are looked up beside one writer: without the interpreter's lock, under versions ------------


# Keys and values of words of eight, four and one bytes, strings short and long, and nothing.
BESIDE: dict[str, tuple[Any, Any, Callable[[int], Any], Callable[[int], Any]]] = {
    "int to int": (int, int, lambda i: i, lambda j: j),
    "int32 to 28 bytes": ("int32", "[28]byte", lambda i: i, lambda j: j.to_bytes(4, "little") * 7),
    "int to 56 bytes": (int, "[56]byte", lambda i: i, lambda j: j.to_bytes(8, "little") * 7),
    "5 bytes to uint16": ("[5]byte", "uint16", lambda i: i.to_bytes(5, "little"), lambda j: j % 65536),
    "float64 to bool": (float, bool, lambda i: i / 8, lambda j: j % 2 == 1),
    "str to float64": (str, float, lambda i: f"{i}" * (1 + i % 9), float),
}


def versioned(m: Any) -> int:
    """The bytes of its versions: what it has beside its bytes and those of an empty one's object."""
    return int(sys.getsizeof(m) - m.nbytes)


@pytest.mark.parametrize("kind", BESIDE)
def test_keys_are_looked_up_beside_a_writer(kind: str) -> None:
    key_type, value_type, key_of, value_of = BESIDE[kind]
    m = Map(key_type, value_type)
    fixed, changing, absent = ([key_of(k) for k in range(first, first + 400)] for first in (0, 1000, 2000))
    values = [value_of(j) for j in range(400)]
    good = set(values)
    m.update(dict.fromkeys(fixed, values[0]))
    clock = Clock()
    written = threading.Event()

    def read() -> None:
        while not written.is_set():
            for key, changed, missing in zip(fixed, changing, absent, strict=True):
                assert m[key] in good
                assert m.get(changed, values[0]) in good
                assert missing not in m

    def write() -> None:
        dice = random.Random(5)
        model: dict[Any, Any] = {}
        late = time.monotonic() + 20  # on a busy machine threads seldom meet
        try:
            while clock() or (FREE_THREADED and not versioned(m) and time.monotonic() < late):
                for _ in range(1000):
                    m[dice.choice(fixed)] = dice.choice(values)
                    key, value = dice.choice(changing), dice.choice(values)
                    if dice.randrange(2):
                        m[key] = model[key] = value
                    elif dice.randrange(2):
                        assert m.pop(key, None) == model.pop(key, None)
                    elif key in model:
                        del m[key]
                        del model[key]
        finally:
            written.set()
        assert {key: m[key] for key in changing if key in m} == model

    together(read, read, write)
    assert m._check() is None
    has_versions = versioned(m) > 4000
    # All else that a map can do finds it as it is.
    model = dict(m.items())
    assert len(m) == len(m.copy()) == len(model)
    assert m.setdefault(fixed[0], values[1]) == model[fixed[0]]
    assert sorted(m.pop(key) for key in fixed[:9]) == sorted(model.pop(key) for key in fixed[:9])
    m.update(dict.fromkeys(changing, values[3]))
    model |= dict.fromkeys(changing, values[3])
    m.reserve(10_000)
    assert pickle.loads(pickle.dumps(m)) == model
    assert m.delete_many(changing) == len(changing)
    m.compact()
    assert dict(m) == {key: value for key, value in model.items() if key not in set(changing)}
    m[fixed[0]] = values[2]
    m.clear()
    assert m._check() is None
    assert fixed[0] not in m
    # Read in other ways only, it loses its versions.
    for _ in range(100):
        assert len(m) == 0
    assert versioned(m) == 0
    if FREE_THREADED and not has_versions:
        pytest.skip("on a machine as busy as this one, threads meet too seldom for a map to get versions")


def test_elements_of_a_set_beside_a_writer() -> None:
    s = Set("uint32", range(500))
    clock = Clock()

    def read() -> None:
        while clock():
            assert all(element in s for element in range(500))
            assert not any(element in s for element in range(2000, 2500))

    def write() -> None:
        while clock():
            for element in range(1000, 1500):
                s.add(element)
            for element in range(1000, 1500):
                s.discard(element)

    together(read, write, write)
    assert s._check() is None
    assert s == set(range(500))


# ---- caches ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("types", [(int, int), (str, str), (object, object), (UUID, UUID)])
def test_threads_share_a_cache(types: Any) -> None:
    """What is found is what was put in; uses and entries that leave are counted exactly."""
    gone: list[Any] = []
    c = Cache(*types, max_entries=500, on_evict=lambda key, value, reason: gone.append((key, value)))
    makers: dict[Any, Callable[[int], Any]] = {str: lambda i: f"{i}" * 9, object: lambda i: (i, str(i))}
    make = makers.get(types[0], types[0]) if types[0] is not UUID else lambda i: UUID(int=i)
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
                many = c.get_many([make(i)], make(0))
                one = UUID(bytes=bytes(memoryview(many))) if types[0] is UUID else many[0]
                assert one in (make(i), make(0))
                assert len(c) <= 500
                assert c._check() is None
                try:
                    assert all(key == value for key, value in c.items())
                except RuntimeError as error:
                    assert "during iteration" in str(error)

    together(*[lambda who=who: work(who) for who in range(WORKERS)])
    assert c._check() is None
    assert all(key == value for key, value in gone)
    assert c.stats.evictions == len(gone)


def test_setdefault_of_a_cache_gives_all_the_same_object() -> None:
    c = Cache(str, object, max_entries=5000)
    seen: list[list[int]] = [[] for _ in range(WORKERS)]

    def ask(mine: list[int]) -> None:
        mine.extend(id(c.setdefault(f"key {i}", [i])) for i in range(2000))

    together(*[lambda mine=mine: ask(mine) for mine in seen])
    assert all(each == seen[0] for each in seen)
    assert c._check() is None


def test_each_entry_of_a_cache_is_taken_once() -> None:
    c = Cache(int, int, {i: -i for i in range(5000)}, max_entries=5000)
    taken: list[list[Any]] = [[] for _ in range(WORKERS)]

    def take(mine: list[Any]) -> None:
        while True:
            try:
                mine.append(c.popitem())
            except KeyError as error:
                assert "empty" in str(error)
                return

    together(*[lambda mine=mine: take(mine) for mine in taken])
    assert sorted([*itertools.chain(*taken)]) == [(i, -i) for i in range(5000)]


def test_a_call_is_computed_once() -> None:
    calls: list[int] = []

    @cached(key=int, value=int, max_entries=100, lock="key")
    def slowly(number: int) -> int:
        calls.append(number)
        time.sleep(0.001)
        return -number

    together(*[lambda: [slowly(i) for i in range(50)]] * WORKERS)
    assert sorted(calls) == list(range(50))


# ---- what all maps share -----------------------------------------------------------------------------------


def test_types_are_set_up_while_others_use_them(map_class: Class, clock: Clock) -> None:
    """Maps of types that nobody had before, times among them, whose conversions are imported with the first."""
    np = arrays.numpy()
    time_type = "date" if np is None else "datetime64[ns]"
    instants = [date.fromordinal(1 + i) if np is None else np.datetime64(i, "ns") for i in range(50)]
    spare = itertools.count()

    def make() -> None:
        done = 0
        while clock():
            done += 1
            m = map_class(f"struct{{at {time_type}; f{next(spare)} uuid}}", "timedelta64[us]")
            m[instants[1], UUID(int=5)] = timedelta(1)
            assert [tuple(key) for key in m] == [(instants[1], UUID(int=5))]
            assert m._check() is None
        clock.done.append(("new types", done))

    def use() -> None:
        done = 0
        m = map_class(time_type, UUID)
        while clock():
            done += 2 * len(instants)
            for instant in instants:
                m[instant] = UUID(int=7)
                assert m[instant] == UUID(int=7)
            assert set(m) == set(instants)
        clock.done.append(("of single keys", done))

    together(*[make, use] * 2)


def test_a_library_that_another_thread_is_importing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing of it can have come here yet: what is no key is told so as always."""
    for name in ("numpy", "pandas"):
        half = ModuleType(name)
        half.__spec__ = ModuleSpec(name, None)
        half.__spec__._initializing = True  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, name, half)
    monkeypatch.setattr(arrays, "numpy", lambda: None)
    m = Map("struct{a int}", int)
    for wrong in (True, [1], 1.5):
        with pytest.raises(TypeError, match="expected a tuple or mapping"):
            m[wrong] = 1
        with pytest.raises(TypeError, match="expected int"):
            m[(1,)] = wrong
    with pytest.raises(TypeError, match="expected a naive datetime"):
        Map("datetime64[us]", int)[5] = 5
    with pytest.raises(TypeError, match="expected a value type"):
        Map(int, bytearray)
    m.set_many([(1,), (2,)], range(2))
    assert m == {(1,): 0, (2,): 1}
    assert Set(int, range(3)) == {0, 1, 2}


@pytest.mark.long
@pytest.mark.skipif(not hasattr(os, "fork"), reason="this system has no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded, use of fork:DeprecationWarning")
def test_a_child_of_a_fork_may_use_what_threads_of_its_parent_use(map_class: Class) -> None:
    m = map_class(int, int, {i: i for i in range(1000)})
    ended, right = threading.Event(), 0

    def reading() -> None:
        while not ended.is_set():
            for i in range(1000):
                m.get(i)

    def writing() -> None:
        while not ended.is_set():
            for i in range(1000):
                m[i] = i

    threads = [threading.Thread(target=work) for work in (reading, writing, reading, writing)]
    for thread in threads:
        thread.start()
    try:
        for _ in range(50):
            to_read, to_write = os.pipe()
            child = os.fork()
            if child == 0:
                try:
                    signal.alarm(10)  # which ends a child that waits for ever
                    os.write(to_write, b"begun, ")
                    m[1000] = m[999]
                    os.write(to_write, b"right" if m.get(1000) == 999 else b"wrong")
                finally:
                    os._exit(0)
            os.close(to_write)
            os.waitpid(child, 0)
            said = os.read(to_read, 100)
            os.close(to_read)
            right += said == b"begun, right"
            assert said == b"begun, right" or (FREE_THREADED and b"wrong" not in said)
        # Without the interpreter's lock a child may also wait for what is CPython's own, such as files.
        assert right >= 45
    finally:
        ended.set()
        for thread in threads:
            thread.join()
