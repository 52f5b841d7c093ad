"""The three counts of a map's bytes agree at all times: the running counter, a structural walk, tracemalloc.

And the count is true: the process holds as much, and nothing is left behind.
"""

from __future__ import annotations

import copy
import gc
import os
import pickle
import random
import subprocess
import sys
import textwrap
import tracemalloc
from collections.abc import Callable, Collection, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from gomap import TRACEMALLOC_DOMAIN, GoMap, Map, Type
from gomap._core import _fail_after
from gomap.types import Kind

Class = Any  # one of the map classes
Examples = Callable[[str, int], list[Any]]

#: A pair of structs with several strings.
TEXTS = ("struct{a string; b int8; c bytes}", "struct{a bytes; b struct{c string; d string}}")
PURPOSES = ("header", "buckets", "tags", "overflow", "records", "strings", "old_buckets")

readable = pytest.mark.skipif(
    not Path("/proc/self/statm").exists() or "asan" in os.environ.get("LD_PRELOAD", ""),
    reason="resident memory is read as on Linux, and AddressSanitizer keeps what is freed",
)


@pytest.fixture
def tracing() -> Iterator[None]:
    gc.collect()
    tracemalloc.start()
    try:
        assert traced() == 0
        yield
        gc.collect()
        assert traced() == 0  # what the test made has gone
    finally:
        tracemalloc.stop()


def traced() -> int:
    """The bytes that tracemalloc sees in the maps' domain."""
    traces = tracemalloc.take_snapshot().traces._traces  # type: ignore[attr-defined]  # tuples: a filter takes far longer
    return sum(trace[1] for trace in traces if trace[0] == TRACEMALLOC_DOMAIN)


def raw(type_: Type, held: Collection[Any]) -> int:
    """The bytes of the data themselves; of an object, those of the reference to it."""
    sizes = len(held) * type_.size
    return sizes + sum(beyond(type_, each) for each in held) if has_strings(type_) else sizes


@cache
def has_strings(type_: Type) -> bool:
    return type_.kind in (Kind.STRING, Kind.VARBYTES) or any(has_strings(field.type) for field in type_.fields)


def beyond(type_: Type, thing: Any) -> int:
    """How many bytes more the strings of a key or value have than they take in its struct."""
    if type_.kind is Kind.STRING:
        return len(thing.encode(errors="surrogatepass")) - type_.size
    if type_.kind is Kind.VARBYTES:
        return len(thing) - type_.size
    fields = zip(type_.fields, thing, strict=True)
    return sum(beyond(field.type, each) for field, each in fields if has_strings(field.type))


def assert_counts_agree(*maps: GoMap[Any, Any]) -> None:
    for m in maps:
        memory = m.memory()
        assert m.nbytes == memory.total == sum(getattr(memory, purpose) for purpose in PURPOSES)
        walked = m._walk()
        assert sum(walked.values()) == m.nbytes
        for purpose, bytes_ in walked.items():
            assert getattr(memory, purpose) == bytes_
        assert memory.peak >= memory.total >= memory.header > 0
        assert memory.entries == len(m)
        assert memory.raw == raw(m.key_type, m) + raw(m.value_type, m.values())
        assert m._check() is None
    assert traced() == sum(m.nbytes for m in maps)


@pytest.mark.usefixtures("tracing")
def test_counts_agree_all_through_a_life(map_class: Class, pair: tuple[str, str], examples: Examples) -> None:
    keys, values = examples(pair[0], 250), examples(pair[1], 5)
    m = map_class(*pair)
    assert_counts_agree(m)

    peak, growing = 0, 0
    for i, key in enumerate(keys):
        m[key] = values[i % len(values)]
        stats, memory = m.stats(), m.memory()
        growing += stats.growing
        assert bool(memory.old_buckets) is stats.growing
        assert memory.peak >= peak
        peak = memory.peak
        if i % 10 == 0 or stats.growing:
            assert_counts_agree(m)
    assert growing or len(keys) < 50 or stats.splits
    for key in keys:
        m[key] = values[-1]
    assert_counts_agree(m)

    copied, pickled = m.copy(), pickle.loads(pickle.dumps(m))
    assert_counts_agree(m, copied, pickled)
    del pickled
    assert_counts_agree(m, copied)

    for i, key in enumerate(keys):
        del m[key]
        if i % 10 == 0:
            assert_counts_agree(m, copied)
    assert m.memory().records == 0
    assert_counts_agree(m, copied)
    m |= copied
    assert_counts_agree(m, copied)
    copied.clear()
    assert copied.memory().records == copied.memory().overflow == copied.memory().old_buckets == 0
    assert_counts_agree(m, copied)

    copied.reserve(1000)
    assert_counts_agree(m, copied)
    m.reserve(1000)
    assert_counts_agree(m, copied)
    while m:
        m.popitem()
    assert_counts_agree(m, copied)
    assert_counts_agree(m, copied, map_class(*pair, capacity=5000))


@pytest.mark.usefixtures("tracing")
def test_counts_agree_when_blocks_are_mapped(map_class: Class) -> None:
    """From 128 KiB on; values in records move to other pages as their store grows."""
    for value in ("*[1000]byte", "[1000]byte", "[100]byte", "[100_000]byte", "[200_000]byte"):
        m = map_class(int, value)
        value_bytes = bytes(m.value_type.size)
        for i in range(3000 if len(value_bytes) < 10_000 else 20):
            m[i] = value_bytes
            if i % 199 == 0 or len(value_bytes) > 10_000:
                assert_counts_agree(m)
        for i in range(0, len(m), 2):
            del m[i]
        assert_counts_agree(m)
        m.clear()
        assert_counts_agree(m)
        del m


@pytest.mark.usefixtures("tracing")
@pytest.mark.parametrize("pair", [("string", "bytes"), ("int", "string"), ("bytes", "any"), ("any", "string"), TEXTS])
def test_counts_agree_while_strings_change(map_class: Class, pair: tuple[str, str], examples: Examples) -> None:
    choose = random.Random(5)
    keys, values = examples(pair[0], 150), examples(pair[1], 150)
    m = map_class(*pair)
    for step in range(1500):
        m[choose.choice(keys)] = choose.choice(values)
        m.pop(choose.choice(keys), None)
        if step % 50 == 0:
            assert_counts_agree(m)
    assert_counts_agree(m)
    m.clear()
    assert_counts_agree(m)
    assert m.memory().raw == m.memory().strings == 0


def test_strings_are_paid_for_as_long_as_they_are_there(map_class: Class) -> None:
    entries, length = 2000, 1000
    for pair, make in (
        (("int", "string"), lambda i: (i, f"{i:{length}}")),
        (("string", "int"), lambda i: (f"{i:{length}}", i)),
        (("bytes", "bytes"), lambda i: (b"%0500d" % i, b"%0500d" % i)),
    ):
        m = map_class(*pair)
        empty = m.nbytes
        m.update(make(i) for i in range(entries))
        full = m.memory()
        of_text = entries * length
        assert full.raw == of_text + 8 * entries * ("int" in pair)
        assert of_text <= full.strings < 1.2 * of_text
        assert full.total < 1.2 * of_text + 100 * entries
        for i in range(0, entries, 2):
            del m[make(i)[0]]
        half = m.memory()
        assert half.raw == full.raw // 2
        assert half.strings < 0.6 * full.strings  # about half of it came back
        for i in range(1, entries, 2):
            del m[make(i)[0]]
        assert m.memory().strings == m.memory().raw == 0
        if map_class is Map:
            assert m.nbytes < empty + 1000


def test_short_strings_take_no_room_of_their_own() -> None:
    m = Map(str, str, {f"{i:06}": "é" for i in range(500)})
    assert m.memory().strings == 0
    assert m.memory().raw == 500 * (6 + 2)
    m["000000"] = "a text that is longer than an entry"
    assert m.memory().strings >= len(m["000000"])
    m["000000"] = "short"
    assert m.memory().strings == 0


def test_shorter_values_give_back_what_they_no_longer_need(map_class: Class) -> None:
    m = map_class(int, bytes, {i: bytes(1000) for i in range(1000)})
    full = m.memory().strings
    for i in range(1000):
        m[i] = bytes(100)
    assert m.memory().raw == 1000 * (8 + 100)
    assert m.memory().strings < 0.2 * full
    assert m._check() is None


def test_objects_are_not_counted(map_class: Class) -> None:
    """A map holds references; what they lead to is not its own."""
    large, small = (map_class(int, object, {i: bytes(size) for i in range(500)}) for size in (10_000, 1))
    assert large.memory().raw == small.memory().raw == 500 * 16
    assert large.memory().strings == 0
    assert abs(large.nbytes - small.nbytes) < 0.2 * small.nbytes
    assert sys.getsizeof(large) == large.nbytes


@pytest.mark.usefixtures("tracing")
def test_counts_agree_after_failed_allocations(map_class: Class) -> None:
    m = map_class("[129]byte", "*[129]byte")
    for i in range(400):
        _fail_after(i % 4)
        try:
            m[i.to_bytes(129, "big")] = bytes(129)
        except MemoryError:
            pass
        finally:
            _fail_after(-1)
        if i % 10 == 0:
            assert_counts_agree(m)
    assert 0 < len(m) < 400


@pytest.mark.usefixtures("tracing")
def test_maps_that_are_dropped_leave_nothing(map_class: Class) -> None:
    class Sub(map_class):
        pass

    for cls in (map_class, Sub):
        for pair in ((int, int), ("[129]byte", "*[129]byte")):
            m = cls(*pair, capacity=100)
            assert traced() == m.nbytes
            del m
            assert traced() == 0
    cycle = Sub(int, int, {i: i for i in range(100)})
    cycle.iterator = iter(cycle)
    assert traced() == cycle.nbytes
    del cycle
    gc.collect()
    assert traced() == 0
    iterator = iter(map_class(int, int, {1: 2}))
    assert traced() > 0
    assert list(iterator) == [1]
    del iterator
    assert traced() == 0


@pytest.mark.usefixtures("tracing")
def test_maps_that_fail_to_be_made_leave_nothing(map_class: Class) -> None:
    for items in ({1: "a"}, [(1, 2), (3,)], {2**70: 1}):
        with pytest.raises((TypeError, ValueError, OverflowError)):
            map_class(int, int, items)
        assert traced() == 0
    with pytest.raises(ValueError, match="unknown type"):
        map_class(int, "spam")
    assert traced() == 0
    entries = {i.to_bytes(129, "big"): bytes(129) for i in range(100)}
    for allocations in range(8):
        _fail_after(allocations)
        try:
            with pytest.raises(MemoryError):
                map_class("[129]byte", "*[129]byte", entries.items())
        finally:
            _fail_after(-1)
        assert traced() == 0
    m = map_class("[129]byte", "*[129]byte", entries)
    failed = 0
    for allocations in range(8):
        _fail_after(allocations)
        try:
            m.copy()
        except MemoryError:
            failed += 1
        finally:
            _fail_after(-1)
        assert traced() == m.nbytes
    assert failed > 3


def test_peak(map_class: Class) -> None:
    m = map_class(int, "*[200]byte", {i: bytes(200) for i in range(1000)})
    full = m.memory()
    assert full.peak >= full.total
    m.clear()
    assert m.memory().peak == full.peak
    m.reset_peak()
    assert m.memory().peak == m.memory().total == m.nbytes < full.total
    m[1] = bytes(200)
    assert m.memory().peak == m.nbytes
    before = m.nbytes
    del m[1]
    assert m.memory().peak == before > m.nbytes


def test_peak_of_growing_holds_both_arrays() -> None:
    m = GoMap(int, int, {i: i for i in range(851_968 // 64)})
    grown = m.memory()
    m[-1] = 0
    both = m.memory()
    assert both.old_buckets == grown.buckets
    assert both.peak >= both.total > grown.total
    assert both.total - both.overflow == grown.total - grown.overflow + both.buckets


def test_a_copy_counts_its_own(map_class: Class) -> None:
    m = map_class(int, "*[200]byte", {i: bytes(200) for i in range(1000)})
    for i in range(10, 1000):
        del m[i]
    copied = copy.deepcopy(m)
    assert copied.nbytes < m.memory().peak / 10
    assert copied.memory().peak < m.memory().peak / 10
    assert copied.nbytes <= m.nbytes


# ---- references to Python objects --------------------------------------------------------------------


def test_operations_keep_no_reference(map_class: Class) -> None:
    """Objects that went in and out, well or not, are referred to as often as before."""
    key, value, wrong, default = 10**15, 10**16, ["wrong"], object()
    absent, long = 10**17, 10**40
    pairs = [(key, value)]
    tracked = [key, value, wrong, default, absent, long, pairs[0]]
    before = [sys.getrefcount(each) for each in tracked]
    m = map_class(int, int)
    for _ in range(50):
        m[key] = value
        for operation in (
            lambda: m[absent],
            lambda: m[wrong],
            lambda: m[long],
            lambda: m.__setitem__(long, 1),
            lambda: m.__setitem__(key, wrong),
            lambda: m.__setitem__(key, long),
            lambda: m.pop(absent),
            lambda: m.update([wrong]),
            lambda: m.update({long: 1}),
            lambda: map_class(int, wrong),
        ):
            with pytest.raises((KeyError, TypeError, OverflowError, ValueError)):
                operation()
        assert m.get(absent, default) is default
        assert m.pop(absent, default) is default
        assert m.setdefault(key, value) == value
        assert (key, value) in m.items()
        m.update(pairs)
        m.update(m)
        assert m == m.copy() == {key: value} == pickle.loads(pickle.dumps(m))
        assert list(m.items()) == pairs
        assert m.popitem() == pairs[0]
        assert map_class.fromkeys([key], value, key=int, value=int) == {key: value}
        iterator = iter(map_class("int8", "int8", {1: 2}).items())
        next(iterator)
        del iterator, operation
    assert [sys.getrefcount(each) for each in tracked] == before


# ---- the process -------------------------------------------------------------------------------------

RESIDENT = """
import gc, sys
from mmap import PAGESIZE

def resident():
    gc.collect()
    with open("/proc/self/statm") as statm:
        return int(statm.read().split()[1]) * PAGESIZE
"""


def run(program: str) -> list[str]:
    """The words that a program prints, in a process of its own."""
    done = subprocess.run(
        [sys.executable, "-c", RESIDENT + textwrap.dedent(program)],
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


@readable
def test_resident_memory_is_what_is_counted() -> None:
    held, counted, after = map(
        int,
        run("""
        from gomap import GoMap
        value = b"v" * 128
        before = resident()
        m = GoMap(int, "[128]byte", capacity=1_000_000)
        for i in range(1_000_000):
            m[i] = value
        print(resident() - before, m.nbytes)
        del m
        print(resident() - before)
        """),
    )
    assert held / counted == pytest.approx(1, abs=0.05)
    assert after < 0.02 * counted


@readable
def test_a_million_mixed_operations_leave_nothing() -> None:
    early, late, counted = map(
        int,
        run("""
        import pickle, random, tracemalloc
        from gomap import GoMap, TRACEMALLOC_DOMAIN

        choose = random.Random(5)
        types = [("int", "*[129]byte"), ("[129]byte", "int"), ("float64", "[16]byte"), ("uint16", "float32")]
        maps = {t: GoMap(*t) for t in types}

        def make(spelling, i):
            if "byte" in spelling:
                size = int(spelling.strip("*[]byte"))
                return i.to_bytes(size, "big")
            return i * 0.5 if "float" in spelling else i

        def refused(operation):
            try:
                operation()
            except (KeyError, TypeError, OverflowError, ValueError, RuntimeError):
                return
            raise AssertionError("not refused")

        def insert_while_iterating(m):
            for key, value in m.items():
                m.clear()
                m[key] = value

        def work(operations):
            done = 0
            while done < operations:
                for (key_type, value_type), m in maps.items():
                    for _ in range(100):
                        key, value = make(key_type, choose.randrange(2000)), make(value_type, done % 1000)
                        m[key] = value
                        m.get(key)
                        m.pop(make(key_type, choose.randrange(2000)), None)
                        key in m
                        m.setdefault(key)
                    refused(lambda: m[None])
                    refused(lambda: m.__setitem__(key, "wrong"))
                    refused(lambda: m.update([(key,)]))
                    refused(lambda: insert_while_iterating(m))
                    iterator = iter(m.items())
                    next(iterator, None)
                    copied = m.copy()
                    assert copied == m and pickle.loads(pickle.dumps(m)) == m
                    copied |= m
                    for k in copied:
                        del copied[k]
                    for _ in range(len(m) // 2):
                        m.popitem()
                    repr(m), m.keys() & {key}, m.memory(), m.stats()
                    done += 520
                if choose.random() < 0.05:
                    choose.choice(list(maps.values())).clear()

        work(200_000)
        early = resident()
        work(1_000_000)
        print(early, resident())
        tracemalloc.start()
        maps = {t: GoMap(*t) for t in types}
        work(20_000)
        maps.clear()
        gc.collect()
        ours = tracemalloc.DomainFilter(True, TRACEMALLOC_DOMAIN)
        print(sum(trace.size for trace in tracemalloc.take_snapshot().filter_traces([ours]).traces))
        """),
    )
    assert late - early < 2_000_000
    assert counted == 0
