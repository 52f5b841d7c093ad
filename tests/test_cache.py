"""gomap.Cache: limits kept to the byte, eviction, expiry, the interface; against a model with a clock of the test's."""

from __future__ import annotations

import copy
import gc
import math
import pickle
import random
import weakref
from datetime import timedelta
from typing import Any

import pytest
from array_cases import holds

import gomap
from gomap import Cache


class Clock:
    """Seconds as the test says."""

    def __init__(self, now: float = 0.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now


def sound(cache: Any) -> None:
    assert cache._check() is None
    if cache.max_bytes:
        assert cache.nbytes <= cache.max_bytes


# ---- the interface ----------------------------------------------------------------------------------


def test_a_mapping() -> None:
    from collections.abc import MutableMapping

    c = Cache(str, int, {"a": 1}, max_entries=10)
    assert isinstance(c, MutableMapping)
    c["b"] = 2
    assert (c["a"], c.get("b"), c.get("x"), c.get("x", 7)) == (1, 2, None, 7)
    assert "a" in c
    assert "x" not in c
    assert len(c) == 2
    assert sorted(c) == ["a", "b"]
    assert sorted(c.values()) == [1, 2]
    assert dict(c.items()) == {"a": 1, "b": 2}
    with pytest.raises(KeyError, match="x"):
        c["x"]
    assert c.pop("a") == 1
    assert c.pop("a", None) is None
    with pytest.raises(KeyError):
        c.pop("a")
    with pytest.raises(KeyError):
        del c["a"]
    assert c.setdefault("n", 5) == 5
    assert c.setdefault("n", 6) == 5
    c.update({"p": 1}, q=2)
    assert c.popitem()[0] in "bnpq"
    c.clear()
    assert len(c) == 0
    assert not c
    assert c.stats.entries == 0
    with pytest.raises(KeyError):
        c.popitem()
    sound(c)


def test_wrong_types_are_refused_as_a_map_refuses_them() -> None:
    c = Cache(int, "uint8", max_entries=3)
    for bad in ("a", None, 1.5):
        with pytest.raises(TypeError, match="key"):
            c[bad] = 1
        with pytest.raises(TypeError, match="key"):
            c.get(bad)
    with pytest.raises(OverflowError, match="256"):
        c[1] = 256
    assert c.get(2**80) is None
    assert len(c) == 0
    sound(c)


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({}, ValueError, "needs a limit"),
        ({"max_bytes": 0}, ValueError, "max_bytes: expected from 1"),
        ({"max_bytes": "5 apples"}, ValueError, "max_bytes: expected bytes such as"),
        ({"max_bytes": 1.5}, TypeError, "max_bytes: expected int"),
        ({"max_bytes": 100}, ValueError, r"max_bytes: expected .* at least, which one entry takes, got 100"),
        ({"max_entries": -1}, ValueError, "max_entries: expected from 1"),
        ({"max_entries": True}, TypeError, "max_entries: expected int"),
        ({"ttl": 0}, ValueError, "ttl: expected a positive"),
        ({"ttl": "1h"}, TypeError, "ttl: expected seconds"),
        ({"tti": math.inf}, ValueError, "tti: expected a positive"),
        ({"ttl": math.nan}, ValueError, "ttl: expected a positive"),
        ({"max_entries": 1, "on_evict": 1}, TypeError, "on_evict: expected a function"),
        ({"max_entries": 1, "clock": 1}, TypeError, "clock: expected a function"),
    ],
)
def test_what_cannot_be_is_refused(options: dict[str, Any], error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=words):
        Cache(int, int, **options)


@pytest.mark.parametrize(
    ("text", "number"),
    [("1 GiB", 2**30), ("64KiB", 2**16), ("1.5 MB", 1_500_000), ("200000", 200_000), ("2g", 2 * 10**9)],
)
def test_bytes_in_words(text: str, number: int) -> None:
    assert Cache(int, int, max_bytes=text).max_bytes == number


def test_bad_clocks() -> None:
    for bad, error in (("x", TypeError), (math.nan, ValueError), (math.inf, ValueError)):
        c = Cache(int, int, ttl=1, clock=lambda bad=bad: bad)
        with pytest.raises(error, match="clock"):
            c[1] = 1
        assert len(c) == 0
        sound(c)


# ---- limits -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("entries", [1, 2, 7, 8, 9, 100, 5000])
def test_entries(entries: int) -> None:
    c = Cache(int, int, max_entries=entries)
    for i in range(3 * entries):
        c[i] = i
        assert len(c) == min(i + 1, entries)
        assert c[i] == i
    assert c.stats.evictions == 2 * entries
    sound(c)


TYPES: list[tuple[Any, Any, Any, Any]] = [
    (int, int, lambda i: i, lambda i: -i),
    (int, "[128]byte", lambda i: i, lambda i: i.to_bytes(128, "big")),
    (str, int, lambda i: f"key {i}" * (1 + i % 9), lambda i: i),
    (int, str, lambda i: i, lambda i: "v" * (i * 37 % 700)),
    (bytes, bytes, lambda i: b"%d" % i * (i % 5 + 1), lambda i: bytes(i * 61 % 6000)),
    (object, object, lambda i: ("key", i), lambda i: [i]),
    ("struct{a int; b string}", "struct{c float64; d [3]byte}", lambda i: (i, str(i) * 9), lambda i: (i / 2, b"abc")),
]


@pytest.mark.parametrize("ttl", [None, math.inf])
@pytest.mark.parametrize("limit", [20_000, 300_000])
@pytest.mark.parametrize(("key", "value", "k", "v"), TYPES)
def test_bytes_are_never_more_than_the_limit(key: Any, value: Any, k: Any, v: Any, limit: int, ttl: Any) -> None:
    c = Cache(key, value, max_bytes=limit, ttl=ttl)
    chosen = random.Random(1)
    largest = 0
    for step in range(limit // 10):
        i = chosen.randrange(limit // 10)
        if chosen.random() < 0.7:
            c[k(i)] = v(i)
        elif chosen.random() < 0.5:
            found = c.get(k(i))
            assert found is None or found == v(i)
        else:
            c.pop(k(i), None)
        assert c.nbytes <= limit
        largest = max(largest, c.nbytes)
        if step % 500 == 0:
            sound(c)
    sound(c)
    assert largest > limit * 0.8
    assert c.stats.evictions > 0


def test_one_entry_larger_than_the_limit_pushes_nothing_out() -> None:
    c = Cache(int, bytes, max_bytes=50_000)
    for i in range(100):
        c[i] = bytes(50)
    before = dict(c.items())
    with pytest.raises(ValueError, match=r"key 7 has no room within max_bytes, which is 50,000"):
        c[7] = bytes(60_000)
    assert dict(c.items()) == before
    c[7] = bytes(40_000)
    assert len(c[7]) == 40_000
    assert len(c) < 100
    sound(c)


def test_resize() -> None:
    c = Cache(int, int, ((i, i) for i in range(10_000)), max_entries=20_000)
    c.resize(max_entries=500)
    assert len(c) == 500
    assert c.maxsize == 500 == c.currsize
    c.resize(max_bytes=100_000)
    for i in range(10_000):
        c[i] = i
    assert 50_000 < c.nbytes <= 100_000 == c.maxsize
    assert c.currsize == c.nbytes
    sound(c)
    with pytest.raises(ValueError, match=r"max_bytes: expected .* at least, which one entry takes, got 200"):
        c.resize(max_bytes=200)
    sound(c)


def test_what_is_used_stays_when_a_scan_passes() -> None:
    c = Cache(int, int, max_entries=1000)
    for _ in range(5):
        for i in range(500):
            if c.get(i) is None:
                c[i] = i
    for i in range(10_000, 15_000):
        c[i] = i
    assert sum(i in c for i in range(500)) > 450


# ---- time -------------------------------------------------------------------------------------------


def test_ttl() -> None:
    clock = Clock()
    c = Cache(str, int, ttl=10, clock=clock)
    c["a"] = 1
    clock.now = 5
    c["b"] = 2
    c.set("c", 3, ttl=1)
    c.set("d", 4, ttl=timedelta(hours=1))
    c.set("e", 5, ttl=math.inf)
    assert [c.ttl_of(key) for key in "abcde"] == [5, 10, 1, 3600, math.inf]
    clock.now = 6
    assert c.get("c") is None
    assert "c" not in c
    clock.now = 9.99
    assert c.peek("a") == 1
    clock.now = 10
    assert "a" not in c
    assert c.peek("a") is None
    assert list(c)
    assert "a" not in list(c)
    with pytest.raises(KeyError):
        c.ttl_of("a")
    with pytest.raises(KeyError):
        del c["a"]
    clock.now = 1e6
    assert dict(c.items()) == {"e": 5}
    assert c.stats.evictions == 0
    sound(c)


def test_an_overwritten_entry_lives_anew() -> None:
    clock = Clock()
    c = Cache(int, int, ttl=10, clock=clock)
    c[1] = 1
    clock.now = 9
    c[1] = 2
    clock.now = 18
    assert c[1] == 2
    clock.now = 19
    assert 1 not in c


def test_tti_is_put_off_by_use() -> None:
    clock = Clock()
    c = Cache(int, int, {1: 1, 2: 2, 3: 3}, tti=10, clock=clock)
    for now in (5, 10, 15, 20):
        clock.now = now
        assert c[1] == 1
        assert c.touch(2) is True
        assert c.peek(3) == (3 if now < 10 else None)
    assert c.touch(3) is False
    clock.now = 30
    assert len(list(c)) == 0
    sound(c)


def test_ttl_of_an_entry_needs_a_cache_with_times() -> None:
    c = Cache(int, int, max_entries=5)
    with pytest.raises(ValueError, match="ttl=math.inf"):
        c.set(1, 1, ttl=5)
    assert len(c) == 0
    c = Cache(int, int, ttl=1)
    with pytest.raises(ValueError, match="ttl: expected at most"):
        c.set(1, 1, ttl=1e9)
    c = Cache(int, int, ttl=1e9, clock=Clock())
    c[1] = 1
    assert c.ttl_of(1) == pytest.approx(1e9, rel=1e-6)


def test_a_clock_that_goes_back_makes_no_time_pass() -> None:
    clock = Clock(1000.0)
    c = Cache(int, int, {1: 1}, ttl=10, clock=clock)
    clock.now = 1005
    assert c.ttl_of(1) == 5
    clock.now = 0
    assert c.ttl_of(1) == 5
    clock.now = 5
    assert 1 not in c
    clock.now = -1e9
    assert 1 not in c


def test_far_jumps() -> None:
    clock = Clock()
    c = Cache(int, int, ttl=100, clock=clock)
    for jump in range(1, 40):
        clock.now += 1e6 * jump
        c[jump] = jump
        clock.now += 99
        assert c[jump] == jump
        sound(c)
    clock.now += 1e9
    c.expire()
    assert list(c) == []
    assert len(c) == 0
    sound(c)


def test_memory_comes_back_within_a_time_to_live() -> None:
    clock = Clock()
    c = Cache(int, int, ttl=60, clock=clock)
    for i in range(100_000):
        c[i] = i
    full = c.nbytes
    for _ in range(120):
        clock.now += 1
        c[0] = 0
    assert len(c) == 1
    assert c.nbytes < full / 100
    sound(c)


def test_memory_comes_back_by_a_clock_of_minutes() -> None:
    """What one operation leaves undone, the others of the same tick do."""
    clock = Clock()
    c = Cache(int, int, ttl=3600, clock=clock)
    for i in range(200_000):
        c[i] = i
    for _ in range(90):
        clock.now += 60
        for i in range(100):
            c.get(i)
    assert len(c) < 2000
    sound(c)


def test_expire_in_slices() -> None:
    clock = Clock()
    c = Cache(int, int, ((i, i) for i in range(1000)), ttl=10, clock=clock)
    clock.now = 10
    gone = 0
    while some := c.expire(64):
        assert some <= 64
        gone += some
    assert gone + c.stats.expirations - gone == 1000
    assert len(c) == 0
    assert c.expire(0) == 0
    with pytest.raises(TypeError, match="limit: expected int or None"):
        c.expire("x")


# ---- on_evict ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(("key", "value", "k", "v"), TYPES)
def test_on_evict_is_told_of_each(key: Any, value: Any, k: Any, v: Any) -> None:
    gone: list[Any] = []
    clock = Clock()
    c = Cache(key, value, max_entries=50, ttl=1000, clock=clock, on_evict=lambda *entry: gone.append(entry))
    for i in range(120):
        c[k(i)] = v(i)
    assert len(gone) == 70
    assert {reason for *_, reason in gone} == {"evicted"}
    del c[k(119)]
    assert len(gone) == 70
    clock.now = 1000
    c.expire()
    assert len(gone) == 119
    assert gone[-1][2] == "expired"

    def order(entry: Any) -> str:
        return repr([tuple(part) if isinstance(part, tuple) else part for part in entry])

    told = [(key, value) for key, value, _ in gone]
    assert sorted(told, key=order) == sorted(((k(i), v(i)) for i in range(119)), key=order)
    sound(c)


def test_on_evict_that_raises() -> None:
    def refuse(key: int, value: int, reason: str) -> None:
        raise RuntimeError(f"no {key}")

    c = Cache(int, int, max_entries=2, on_evict=refuse)
    c[1] = 1
    c[2] = 2
    with pytest.raises(RuntimeError, match="no "):
        c[3] = 3
    assert len(c) == 2
    assert 3 in c
    sound(c)


@pytest.mark.parametrize("act", ["set", "clear", "get", "expire", "resize", "del"])
def test_on_evict_that_uses_the_cache(act: str) -> None:
    depth = 0

    def again(key: int, value: int, reason: str) -> None:
        nonlocal depth
        depth += 1
        if depth < 20:
            if act == "set":
                c[key + 1000] = value
            elif act == "clear":
                c.clear()
            elif act == "get":
                c.get(key)
            elif act == "expire":
                c.expire()
            elif act == "resize":
                c.resize(max_entries=5)
            else:
                c.pop(next(iter(c), None), None)
        sound(c)
        depth -= 1

    c = Cache(int, object, max_entries=10, on_evict=again)
    for i in range(200):
        c[i] = [i]
        sound(c)


# ---- objects ----------------------------------------------------------------------------------------


class Thing:
    pass


def test_objects_are_let_go() -> None:
    c = Cache(int, object, max_entries=10)
    things = [Thing() for _ in range(100)]
    seen = [weakref.ref(thing) for thing in things]
    for i, thing in enumerate(things):
        c[i] = thing
    del things, thing
    gc.collect()
    assert sum(ref() is not None for ref in seen) == 10
    c[99] = c[99]
    c.clear()
    gc.collect()
    assert sum(ref() is not None for ref in seen) == 0


@pytest.mark.parametrize("value", [int, str, object])
@pytest.mark.parametrize("act", ["put", "remove"])
def test_comparing_keys_may_change_the_cache(value: Any, act: str) -> None:
    """As a dict does, it then looks for its key again."""

    class Acting:
        def __init__(self, name: str) -> None:
            self.name = name

        def __hash__(self) -> int:
            return 7

        def __eq__(self, other: object) -> bool:
            if acts:
                acts.pop()()
            return isinstance(other, Acting) and self.name == other.name

    acts: list[Any] = []
    old, new = {int: (1, 2), str: ("old", "new"), object: ([1], [2])}[value]
    c = Cache(object, value, max_entries=100)
    c[Acting("other")] = old
    c[Acting("key")] = old
    if act == "put":
        acts.append(lambda: c.__setitem__(Acting("third"), old))
        c[Acting("third")] = new
        assert sorted((key.name, held) for key, held in c.items()) == [("key", old), ("other", old), ("third", new)]
    else:
        acts.append(lambda: [c.pop(Acting("key")), c.pop(Acting("other"))])
        c[Acting("key")] = new
        assert [(key.name, held) for key, held in c.items()] == [("key", new)]
    assert not acts
    sound(c)


def test_a_cycle_through_a_cache_is_collected() -> None:
    c = Cache(object, object, max_entries=10)
    thing = Thing()
    thing.cache = c  # type: ignore[attr-defined]
    c["self"] = thing
    seen = weakref.ref(thing)
    del c, thing
    gc.collect()
    assert seen() is None


def test_a_value_whose_end_uses_the_cache() -> None:
    class Ends:
        def __del__(self) -> None:
            c[random.randrange(5)] = None
            sound(c)

    c = Cache(int, object, max_entries=3)
    for i in range(50):
        c[i] = Ends()
        sound(c)
    c.clear()


# ---- many, copies, pickles --------------------------------------------------------------------------


# ---- many keys ---------------------------------------------------------------------------------------


def test_get_many() -> None:
    clock = Clock()
    gone: list[Any] = []
    c = Cache(int, int, max_entries=100, ttl=10, clock=clock, on_evict=lambda *entry: gone.append(entry))
    c.set_many(range(5), [i * i for i in range(5)])
    assert list(c.get_many([0, 1, 9, 1], -1)) == [0, 1, -1, 1]
    assert (c.stats.hits, c.stats.misses) == (3, 1)
    with pytest.raises(KeyError, match="77"):
        c.get_many([0, 77, 1])
    assert (c.stats.hits, c.stats.misses) == (5, 2)  # all three count
    clock.now = 6
    c.set(1, 7)
    clock.now = 10
    assert list(c.get_many([0, 1, 0], -1)) == [-1, 7, -1]
    assert (c.stats.hits, c.stats.misses) == (6, 4)
    assert (0, 0, "expired") in gone
    assert len(gone) == c.stats.expirations
    sound(c)


@pytest.mark.parametrize(
    ("key", "value", "k", "v"),
    [
        (int, int, int, lambda i: 3 * i),
        (int, "[128]byte", int, lambda i: b"%128d" % i),
        (str, str, lambda i: f"key é {i}" * (i % 5), lambda i: "v" * (i % 100)),
        (int, "struct{a int; b string}", int, lambda i: (i, "b" * i)),
        (object, int, lambda i: (i,), int),
        (int, object, int, lambda i: [i]),
        ("float64", "uint8", float, lambda i: i % 256),
    ],
    ids=str,
)
def test_many_are_as_one_by_one(key: Any, value: Any, k: Any, v: Any) -> None:
    """Of two caches that hold all, one is used by many keys at a time."""
    one, many = (Cache(key, value, max_entries=1000, tti=50, clock=Clock()) for _ in range(2))
    keys = [k(i) for i in range(400)]
    for key_, i in zip(keys, range(400), strict=True):
        one[key_] = v(i)
    many.set_many(keys, [v(i) for i in range(400)])
    assert one == many
    sought = keys[:300:2] + [k(i) for i in range(1000, 1010)] + keys[:10]
    expected = [one.get(key_, v(0)) for key_ in sought]
    found = many.get_many(sought, v(0))
    assert holds(found, value, expected)
    assert (many.stats.hits, many.stats.misses) == (one.stats.hits, one.stats.misses)
    sound(many)


def test_get_many_is_a_use() -> None:
    clock = Clock()
    c = Cache(int, int, tti=10, clock=clock)
    c.set_many(range(1000), 1)
    clock.now = 9
    c.get_many(range(0, 1000, 2))
    clock.now = 18
    c.expire()
    assert c.stats.expirations == 500
    assert sorted(c) == list(range(0, 1000, 2))
    sound(c)


def test_set_many_keeps_to_the_limits_and_tells_in_order() -> None:
    gone: list[Any] = []
    c = Cache(int, int, max_bytes=30_000, on_evict=lambda *entry: gone.append((*entry, c.nbytes)))
    c.set_many(range(70_000), range(0, 140_000, 2))
    sound(c)
    assert len(gone) == c.stats.evictions == 70_000 - len(c)
    assert all(value == 2 * key and reason == "evicted" and held <= 30_000 for key, value, reason, held in gone)
    assert {key for key, *_ in gone} | {*c} == {*range(70_000)}
    first = [key for key, *_ in gone[:500]]
    assert max(first) < 10_000  # those that left first are among the first that came


def test_set_many_that_is_refused_changes_nothing() -> None:
    c = Cache(int, str, {1: "a"}, max_bytes=20_000)
    small = Cache("uint8", int, {1: 1}, max_entries=10)
    thing = Cache(object, int, {1: 1}, max_entries=10)
    for cache, keys, values, error, match in [
        (c, [1, 2], ["b"], ValueError, "values: expected 2, one for each key, got 1"),
        (c, [2, "x"], ["b", "c"], TypeError, "key"),
        (c, [2, 3], ["b", 4], TypeError, "value"),
        (c, [2, 3, 4], ["b", "x" * 30_000, "d"], gomap.NoRoomError, "key 3 has no room"),
        (small, [2, 256], [1, 1], OverflowError, "256"),
        (small, [2, None], [1, 1], TypeError, "NoneType"),
        (thing, [2, []], [1, 1], TypeError, "unhashable"),
        (thing, [2, 3], [1], ValueError, "values: expected 2"),
    ]:
        before = dict(cache)
        with pytest.raises(error, match=match):
            cache.set_many(keys, values)
        assert dict(cache) == before
        sound(cache)
    small.set_many([2, None, 3], [5, 6, 7], nulls="skip")
    assert dict(small) == {1: 1, 2: 5, 3: 7}
    with pytest.raises(ValueError, match="ttl=math.inf"):
        small.set_many([1], 1, ttl=3)


def test_on_evict_that_raises_ends_set_many_between_pieces() -> None:
    def refuse(*entry: Any) -> None:
        raise RuntimeError("no")

    c = Cache(int, int, max_entries=10, on_evict=refuse)
    with pytest.raises(RuntimeError, match="no") as caught:
        c.set_many(range(200_000), 1)
    assert caught.value.done == 65_536  # type: ignore[attr-defined]
    assert c.stats.evictions == 65_536 - 10
    sound(c)


def test_many_from_arrays() -> None:
    np = pytest.importorskip("numpy")
    c = Cache(int, int, max_entries=50_000, ttl=math.inf, clock=Clock())
    keys = np.arange(100_000)
    c.set_many(keys, keys * 3, ttl=5)
    assert len(c) == 50_000
    held = np.array(sorted(c))
    out = np.zeros(len(held), np.int64)
    assert c.get_many(held, out=out) is out
    assert (out == held * 3).all()
    assert (c.get_many(keys, -1) >= -1).all()
    assert (c.stats.hits, c.stats.misses) == (100_000, 50_000)
    marked = c.get_many(keys, missing="null")
    assert len(marked) == 100_000
    assert c.stats.hits == 150_000
    texts = Cache(int, str, {1: "a" * 5000, 2: "é"}, max_entries=5)
    column = texts.get_many([1, 2, 3, 1], "none", arrow=True)
    assert len(column) == 4
    assert (texts.stats.hits, texts.stats.misses) == (3, 1)


@pytest.mark.skipif(not hasattr(gc, "get_referrers"), reason="counts references")
def test_an_entry_that_cannot_be_kept_for_later_stays() -> None:
    """Without memory for what is to be done for an entry that leaves, it does not: no reference is lost."""
    testcapi = pytest.importorskip("_testcapi")

    class Thing:
        pass

    things = [Thing() for _ in range(5)]
    c = Cache(int, object, max_entries=4)
    for i in range(4):
        c[i] = things[i]
    failed = False
    for allocations in range(30):
        testcapi.set_nomemory(allocations, 0)
        try:
            c[100 + allocations] = things[4]
        except MemoryError:
            failed = True
        finally:
            testcapi.remove_mem_hooks()
        sound(c)
        if len(c) < 4:
            break
    assert failed
    refs = [weakref.ref(thing) for thing in things]
    c.clear()
    del things
    gc.collect()
    assert [ref() for ref in refs] == [None] * 5


def test_copy_and_pickle() -> None:
    c = Cache(int, str, {1: "a", 2: "b"}, max_entries=10, max_bytes="1 MiB", ttl=100)
    for other in (c.copy(), copy.copy(c), pickle.loads(pickle.dumps(c))):
        assert other == c
        assert other is not c
        assert (other.max_entries, other.max_bytes) == (10, 2**20)
        assert 90 < other.ttl_of(1) <= 100
        other[3] = "x"
        assert 3 not in c
        sound(other)
    with pytest.raises(TypeError, match="cannot be pickled"):
        pickle.dumps(Cache(int, int, max_entries=1, on_evict=print))


def test_iteration_notices_insertions() -> None:
    c = Cache(int, int, ((i, i) for i in range(20)), max_entries=100)
    it = iter(c)
    next(it)
    c[1000] = 1
    with pytest.raises(RuntimeError, match="during iteration"):
        next(it)
    for key in c:
        del c[key]
    assert len(c) == 0
    sound(c)


def test_stats() -> None:
    c = Cache(int, int, max_entries=2)
    c[1] = 1
    assert c.get(1) == 1
    assert c.get(2) is None
    assert c.peek(1) == 1
    assert 1 in c
    stats = c.stats
    assert (stats.hits, stats.misses, stats.rate, stats.entries, stats.bytes) == (1, 1, 0.5, 1, c.nbytes)
    c.reset_stats()
    assert (c.stats.hits, c.stats.rate) == (0, 0.0)


def test_as_cachetools_uses_a_cache() -> None:
    cachetools = pytest.importorskip("cachetools")
    calls = []

    @cachetools.cached(cache=Cache(object, object, max_entries=2))
    def double(n: int) -> int:
        calls.append(n)
        return 2 * n

    assert [double(1), double(1), double(2), double(3)] == [2, 2, 4, 6]
    assert calls == [1, 2, 3]


def test_against_a_model() -> None:
    """Everything that has neither left nor expired is there, and nothing else."""
    for seed in range(20):
        chosen = random.Random(seed)
        clock = Clock()
        model: dict[int, tuple[int, float]] = {}
        c = Cache(
            int,
            int,
            max_entries=chosen.choice([None, 50]),
            max_bytes=chosen.choice([None, 6000]),
            ttl=30,
            clock=clock,
            on_evict=lambda key, value, reason, model=model: model.pop(key),  # type: ignore[misc]
        )
        for step in range(1500):
            key = chosen.randrange(200)
            act = chosen.random()
            if act < 0.5:
                life = chosen.choice([5, 30, 60])
                c.set(key, step, ttl=life)
                model[key] = (step, clock.now + life)
            elif act < 0.8:
                value, until = model.get(key, (None, 0.0))
                assert c.get(key) == (value if clock.now < until else None)
            elif act < 0.9:
                if c.pop(key, None) is not None:
                    del model[key]
            else:
                clock.now += chosen.choice([0.5, 1, 7])
            assert len(c) <= len(model)
            if step % 50 == 0:
                sound(c)
                assert dict(c.items()) == {k: v for k, (v, until) in model.items() if clock.now < until}
        sound(c)


def test_a_cache_is_no_map() -> None:
    assert not isinstance(Cache(int, int, max_entries=1), gomap.BaseMap)
    assert gomap.Map(int, int, Cache(int, int, {1: 2}, max_entries=5)) == {1: 2}


def test_a_copy_while_entries_expire() -> None:
    """Each look at the clock is a second later than the one before."""
    c = Cache(int, int, ((i, i) for i in range(100)), ttl=100, clock=iter(range(10**6)).__next__)
    assert 0 < len(c._entries()) < 100
    sound(c.copy())


def test_a_copy_of_entries_that_are_used() -> None:
    """Another use puts an idle entry's end off, in the copy as well."""
    clock = Clock()
    c = Cache(int, int, {1: 1}, ttl=100, tti=10, clock=clock)
    clock.now = 5
    copied = c.copy()
    for clock.now in range(5, 100, 5):
        assert copied[1] == 1
    clock.now = 100
    assert 1 not in copied
