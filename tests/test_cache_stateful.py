"""Any operations, in any order, with a Cache and a model that on_evict keeps: they agree, and the invariants hold."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest
from array_cases import holds
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from support import FewHashes

from gomap import Cache
from gomap._core import _fail_after


def text(i: int) -> str:
    """Of every width of character, and of lengths that stand in an entry and in a region."""
    return f"{i}" + ("a", "é", "😀", "\ud800")[i % 4] * (0, 5, 15, 130)[i // 4 % 4]


def thing(i: int) -> Any:
    return (i, str(i), i + 0.5, (i, "tuple"), FewHashes(i), -(2**62) * i)[i % 6] if i else None


#: Key and value types, and how to make keys and values from small numbers.
TYPES: dict[str, tuple[Any, Any, Callable[[int], Any], Callable[[int], Any]]] = {
    "int to int": (int, int, lambda i: i - 200, lambda j: -j),
    "int to 128 bytes": (int, "[128]byte", lambda i: i, lambda j: j.to_bytes(128, "little")),
    "strings to bytes": (str, bytes, text, lambda j: b"v" * (j * 7)),
    "any to any": (object, object, thing, lambda j: [j]),
    "structs to structs": (
        *("struct{a int16; b string}", "struct{c float64; d [3]byte}"),
        lambda i: (i, text(i)),
        lambda j: (j / 2, j.to_bytes(3, "big")),
    ),
}
LIMITS: dict[str, dict[str, Any]] = {
    "entries": {"max_entries": 20},
    "one entry": {"max_entries": 1, "ttl": 30},
    "bytes": {"max_bytes": 40_000},
    "bytes and times": {"max_bytes": 60_000, "ttl": 30},
    "both limits": {"max_bytes": 40_000, "max_entries": 60},
    "idle": {"max_entries": 50, "tti": 10},
    "all": {"max_bytes": 40_000, "max_entries": 60, "ttl": math.inf, "tti": 12},
    "times": {"ttl": 30, "tti": 10},
}

KEYS = st.integers(0, 150)
VALUES = st.integers(0, 300)
#: Whole ticks: 1,024 a second, or 64 where each entry says its own.
SECONDS = st.integers(1, 64 * 40).map(lambda ticks: ticks / 64)


class Machine(RuleBasedStateMachine):
    """The model is a dict from keys to (value, when it expires, when it expires if it is not used)."""

    def __init__(self, types: str, limits: str) -> None:
        super().__init__()
        key_type, value_type, self.key, self.value = TYPES[types]
        self.options = LIMITS[limits]
        self.now = 0.0
        self.model: dict[Any, tuple[Any, float, float]] = {}
        self.told: dict[str, int] = {"evicted": 0, "expired": 0}
        self.c: Any = Cache(
            key_type, value_type, **self.options, clock=lambda: self.now, on_evict=lambda *entry: self.leaves(*entry)
        )

    # ---- keeping the model ----

    def leaves(self, key: Any, value: Any, reason: str) -> None:
        expected, *ends = self.model.pop(key)
        assert value == expected
        self.told[reason] += 1
        if reason == "expired":
            assert min(ends) <= self.now
        else:
            assert "max_bytes" in self.options or "max_entries" in self.options

    def lives(self, key: Any) -> bool:
        return key in self.model and self.now < min(self.model[key][1:])

    def put(self, key: Any, value: Any, ttl: float | None = None) -> None:
        ttl = self.options.get("ttl", math.inf) if ttl is None else ttl
        self.model[key] = (value, self.now + ttl, self.now + self.options.get("tti", math.inf))

    def used(self, key: Any) -> None:
        self.model[key] = (*self.model[key][:2], self.now + self.options.get("tti", math.inf))

    # ---- one entry ----

    @rule(i=KEYS, j=VALUES)
    def set(self, i: int, j: int) -> None:
        key = self.key(i)
        self.c[key] = self.value(j)
        self.put(key, self.value(j))
        assert self.c.peek(key) == self.value(j)

    @rule(i=KEYS, j=VALUES, seconds=SECONDS | st.just(math.inf))
    def set_with_a_time(self, i: int, j: int, seconds: float) -> None:
        key = self.key(i)
        if "ttl" not in self.options:
            with pytest.raises(ValueError, match="ttl=math.inf"):
                self.c.set(key, self.value(j), ttl=seconds)
            return
        self.c.set(key, self.value(j), ttl=seconds)
        self.put(key, self.value(j), seconds)
        ends = min(self.model[key][1:]) - self.now
        assert self.c.ttl_of(key) == pytest.approx(ends, abs=1 / 64)

    @rule(i=KEYS)
    def get(self, i: int) -> None:
        key = self.key(i)
        alive = self.lives(key)
        expected = self.model[key][0] if alive else "default"
        hits, misses = self.c.stats.hits, self.c.stats.misses
        assert self.c.get(key, "default") == expected
        assert (self.c.stats.hits - hits, self.c.stats.misses - misses) == (alive, not alive)
        if alive:
            self.used(key)
        else:
            assert key not in self.model

    @rule(i=KEYS)
    def look(self, i: int) -> None:
        """Without a use."""
        key = self.key(i)
        before = self.c.stats
        assert (key in self.c) is self.lives(key)
        assert self.c.peek(key, "default") == (self.model[key][0] if self.lives(key) else "default")
        if self.lives(key):
            ends = min(self.model[key][1:]) - self.now
            assert self.c.ttl_of(key) == pytest.approx(ends, abs=1 / 64)
        else:
            with pytest.raises(KeyError):
                self.c.ttl_of(key)
        assert self.c.stats == before

    @rule(i=KEYS)
    def touch(self, i: int) -> None:
        key = self.key(i)
        assert self.c.touch(key) is self.lives(key)
        if self.lives(key):
            self.used(key)

    @rule(i=KEYS)
    def pop(self, i: int) -> None:
        key = self.key(i)
        expected = self.model[key][0] if self.lives(key) else "default"
        assert self.c.pop(key, "default") == expected
        self.model.pop(key, None)
        with pytest.raises(KeyError):
            del self.c[key]

    @rule(i=KEYS, j=VALUES)
    def setdefault(self, i: int, j: int) -> None:
        key = self.key(i)
        if self.lives(key):
            assert self.c.setdefault(key, self.value(j)) == self.model[key][0]
            self.used(key)
        else:
            assert self.c.setdefault(key, self.value(j)) == self.value(j)
            self.put(key, self.value(j))

    @rule(times=st.integers(1, 10))
    def popitem(self, times: int) -> None:
        for _ in range(times):
            if not any(map(self.lives, self.model)):
                with pytest.raises(KeyError):
                    self.c.popitem()
                break
            key, value = self.c.popitem()
            assert self.model.pop(key)[0] == value

    # ---- many ----

    @rule(start=KEYS, count=st.integers(1, 100), j=VALUES)
    def fill(self, start: int, count: int, j: int) -> None:
        for i in range(start, start + count):
            self.set(i, j)

    @rule(start=KEYS, count=st.integers(1, 20))
    def get_many(self, start: int, count: int) -> None:
        keys = [self.key(i) for i in range(start, start + count)]
        default = self.value(5)
        expected = [self.model[key][0] if self.lives(key) else default for key in keys]
        found = self.c.get_many(keys, default)
        assert holds(found, self.c.value_type, expected)
        for key in keys:
            if key in self.model:
                assert self.lives(key)  # the others have gone
                self.used(key)

    @rule(start=KEYS, count=st.integers(1, 20), j=VALUES, times=st.booleans())
    def set_many(self, start: int, count: int, j: int, times: bool) -> None:
        options: dict[str, Any] = {"ttl": 7} if times and "ttl" in self.options else {}
        keys = [self.key(i) for i in range(start, start + count)]
        gone: list[Any] = []
        leaves, self.leaves = self.leaves, lambda *entry: gone.append(entry)  # type: ignore[method-assign]
        self.c.set_many(keys, [self.value(j)] * count, **options)
        self.leaves = leaves  # type: ignore[method-assign]
        for key, value, reason in gone:  # among them what this call put in
            if key in keys:
                self.told[reason] += 1
            else:
                self.leaves(key, value, reason)
        for key in keys:
            self.model.pop(key, None)
            if key in self.c:
                self.put(key, self.value(j), options.get("ttl"))

    @rule()
    def clear(self) -> None:
        self.c.clear()
        self.model.clear()

    # ---- time, limits, copies ----

    @rule(seconds=SECONDS)
    def wait(self, seconds: float) -> None:
        self.now += seconds

    @rule(limit=st.none() | st.integers(0, 30))
    def expire(self, limit: int | None) -> None:
        before = self.told["expired"]
        gone = self.c.expire(limit)
        assert gone <= self.told["expired"] - before
        if limit is None:
            assert all(map(self.lives, self.model))
        else:
            assert gone <= limit

    @rule(part=st.sampled_from([0.5, 1, 3]))
    def resize(self, part: float) -> None:
        names = self.options.keys() & {"max_bytes", "max_entries"}
        limits = {name: int(self.options[name] * part) or 1 for name in names}
        self.c.resize(**limits)
        assert (self.c.max_bytes, self.c.max_entries) == (limits.get("max_bytes"), limits.get("max_entries"))

    @rule()
    def copy(self) -> None:
        """A copy may have no room for some, as it may be laid out otherwise."""
        leaves, self.leaves = self.leaves, lambda *entry: None  # type: ignore[method-assign]
        copied = self.c.copy()
        self.leaves = leaves  # type: ignore[method-assign]
        alive = {key: value for key, (value, *_) in self.model.items() if self.lives(key)}
        for key, value in copied.items():
            assert alive[key] == value
            # Less by the ticks that the seconds left are rounded to.
            assert copied.ttl_of(key) >= self.c.ttl_of(key) - 1 / 32
        if self.c.max_bytes is None:
            assert len(copied) == len(alive)
        assert copied._check() is None
        assert (copied.max_bytes, copied.max_entries) == (self.c.max_bytes, self.c.max_entries)

    # ---- without memory ----

    @rule(start=KEYS, count=st.integers(1, 30), j=VALUES, allocations=st.integers(0, 3), failures=st.integers(1, 50))
    def run_out_of_memory(self, start: int, count: int, j: int, allocations: int, failures: int) -> None:
        """What cannot be put in is not there, and nothing else has gone but what on_evict was told of."""
        _fail_after(allocations, failures)
        try:
            for i in range(start, start + count):
                key = self.key(i)
                try:
                    self.c[key] = self.value(j)
                except MemoryError:
                    assert self.c.peek(key, "absent") == (self.model[key][0] if self.lives(key) else "absent")
                else:
                    self.put(key, self.value(j))
        finally:
            _fail_after(-1)

    # ---- what holds after every step ----

    @invariant()
    def holds_what_has_neither_left_nor_expired(self) -> None:
        assert dict(self.c.items()) == {key: value for key, (value, *_) in self.model.items() if self.lives(key)}
        assert len(self.c) == len(self.model)

    @invariant()
    def is_whole(self) -> None:
        assert self.c._check() is None
        assert self.c.max_bytes is None or self.c.nbytes <= self.c.max_bytes
        assert self.c.max_entries is None or len(self.c) <= self.c.max_entries
        assert (self.c.stats.evictions, self.c.stats.expirations) == (self.told["evicted"], self.told["expired"])


@pytest.mark.long
@pytest.mark.parametrize("limits", LIMITS)
@pytest.mark.parametrize("types", TYPES)
def test_any_operations(types: str, limits: str) -> None:
    # There are forty pairs, and a quarter of the usual examples of each: over a thousand.
    examples = math.ceil(settings().max_examples / 4)
    brief = settings(max_examples=examples, suppress_health_check=list(HealthCheck))
    run_state_machine_as_test(lambda: Machine(types, limits), settings=brief)
