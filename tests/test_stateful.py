"""Any sequence of operations leaves a map with what a dict has, and with its invariants whole."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from support import FewHashes

from gomap._core import _fail_after, _fail_pending

pytestmark = pytest.mark.long

Class = Any  # one of the map classes

INTS = [-(2**63), 2**63 - 1, -1, 2**62]
FLOATS = [0.0, -0.0, float("inf"), float("-inf"), 5e-324, -1.5, 1e308]


def number(i: int) -> int:
    return INTS[i] if i < len(INTS) else i


def real(i: int) -> float:
    return FLOATS[i] if i < len(FLOATS) else i / 4


def text(i: int) -> str:
    """Of every width of character, and of lengths on both sides of every limit."""
    return f"{i}" + ("a", "é", "€", "😀", "\0", "\ud800")[i % 6] * (0, 1, 5, 13, 14, 15, 40, 130)[i // 2 % 8]


def data(i: int) -> bytes:
    return text(i).encode(errors="surrogatepass") if i else b""


def record(i: int) -> tuple[int, bytes]:
    return i - 200, i.to_bytes(3, "big")


def thing(i: int) -> Any:
    """Objects of many kinds, a few of one hash among them."""
    return (i, str(i), i + 0.5, (i, "tuple"), FewHashes(i), -(2**62) * i, frozenset({i}))[i % 7] if i else None


RECORD = "struct{a int16; b [3]byte}"

#: Key and value types, and how to make their values from small numbers.
TYPES: dict[str, tuple[str, str, Callable[[int], Any], Callable[[int], Any]]] = {
    "int to int": ("int", "int", number, number),
    "uint8 to float": ("uint8", "float64", lambda i: i % 256, real),
    "16 bytes to pointers": (
        *("[16]byte", "*[129]byte"),
        lambda i: i.to_bytes(16, "little"),
        lambda j: bytes([j % 256]) * 129,
    ),
    "float to bool": ("float64", "bool", real, lambda j: j % 2 == 1),
    "references to inline": (
        *("[200]byte", "[128]byte"),
        lambda i: i.to_bytes(200, "big"),
        lambda j: j.to_bytes(128, "little"),
    ),
    "float32 to pointers": ("float32", "*int", lambda i: float(i) if i else -0.0, number),
    "int32 to nothing": ("int32", "struct{}", lambda i: i - 200, lambda j: None),
    "strings to strings": ("string", "string", text, text),
    "bytes to int": ("bytes", "int", data, number),
    "int to bytes": ("int", "bytes", number, data),
    "strings to pointers": ("string", "*string", text, text),
    "any to any": ("any", "any", thing, thing),
    "any to strings": ("any", "string", thing, text),
    "any to structs": ("any", RECORD, thing, record),
    "any to nothing": ("any", "struct{}", thing, lambda j: None),
    "bytes to any": ("bytes", "any", data, thing),
    "structs to structs": (RECORD, RECORD, record, record),
    "structs to any": (RECORD, "any", record, thing),
    "structs to bytes": (RECORD, "bytes", record, data),
}

KEYS = st.integers(0, 400)
VALUES = st.integers(0, 300)


@dataclass
class Live:
    """An iterator under way, and what is known of what it may still give."""

    iterator: Iterator[Any]
    kind: str
    due: set[Any]  # the keys that it has to give yet
    given: set[Any] = field(default_factory=set)
    must_end: bool = False  # a key was inserted
    may_end: bool = False  # room was made, or asked for in vain


class Machine(RuleBasedStateMachine):
    def __init__(self, map_class: Class, name: str) -> None:
        super().__init__()
        key_type, value_type, self.key, self.value = TYPES[name]
        self.make = lambda items=None: map_class(key_type, value_type, items)
        self.m = self.make()
        self.model: dict[Any, Any] = {}
        self.live: list[Live] = []

    # ---- keeping the model ----

    def put(self, key: Any, value: Any) -> None:
        if key not in self.model:
            for each in self.live:
                each.must_end = True
        self.model[key] = value

    def drop(self, key: Any) -> None:
        del self.model[key]
        for each in self.live:
            each.due.discard(key)

    # ---- one entry ----

    @rule(i=KEYS, j=VALUES)
    def set(self, i: int, j: int) -> None:
        self.m[self.key(i)] = self.value(j)
        self.put(self.key(i), self.value(j))

    @rule(i=KEYS)
    def get(self, i: int) -> None:
        key = self.key(i)
        assert (key in self.m) is (key in self.model)
        assert self.m.get(key) == self.model.get(key)
        assert self.m.get(key, "default") == self.model.get(key, "default")

    @rule(i=KEYS)
    def delete(self, i: int) -> None:
        key = self.key(i)
        if key in self.model:
            del self.m[key]
            self.drop(key)
        else:
            with pytest.raises(KeyError):
                del self.m[key]

    @rule(i=KEYS)
    def pop(self, i: int) -> None:
        key = self.key(i)
        assert self.m.pop(key, "default") == self.model.get(key, "default")
        if key in self.model:
            self.drop(key)

    @rule(i=KEYS, j=VALUES)
    def setdefault(self, i: int, j: int) -> None:
        key = self.key(i)
        expected = self.model.get(key, self.value(j))
        assert self.m.setdefault(key, self.value(j)) == expected
        self.put(key, expected)

    @rule(times=st.integers(1, 30))
    def popitem(self, times: int) -> None:
        for _ in range(times):
            if not self.model:
                with pytest.raises(KeyError):
                    self.m.popitem()
                break
            key, value = self.m.popitem()
            assert self.model[key] == value
            self.drop(key)

    # ---- many ----

    @rule(start=KEYS, count=st.integers(1, 150), step=st.integers(1, 3), j=VALUES)
    def fill(self, start: int, count: int, step: int, j: int) -> None:
        for i in range(start, start + count * step, step):
            self.m[self.key(i)] = self.value(j)
            self.put(self.key(i), self.value(j))

    @rule(start=KEYS, count=st.integers(1, 150), step=st.integers(1, 3))
    def drain(self, start: int, count: int, step: int) -> None:
        for i in range(start, start + count * step, step):
            key = self.key(i)
            if key in self.model:
                assert self.m.pop(key) == self.model[key]
                self.drop(key)

    @rule(entries=st.sampled_from([0, 8, 13, 26, 52, 104, 208]), rounds=st.sampled_from([0, 100, 300]))
    def start_on_the_brink_of_growth(self, entries: int, rounds: int) -> None:
        self.m, self.model = self.make(), {}
        self.live.clear()
        self.fill(0, entries, 1, 0)
        self.wear(entries, rounds)

    @rule(extra=st.integers(1, 20))
    def grow(self, extra: int) -> None:
        """Up to the next growth and into it, or as far as there are keys."""
        fresh = (key for key in map(self.key, range(1000)) if key not in self.model)
        for key in fresh:
            self.m[key] = self.value(1)
            self.put(key, self.value(1))
            if self.m.stats().growing:
                extra -= 1
            if extra == 0 or len(self.model) > 300:
                break

    @rule(start=KEYS, rounds=st.integers(1, 150))
    def wear(self, start: int, rounds: int) -> None:
        """As many in as out, which adds overflow buckets."""
        for i in range(start, start + rounds):
            new = self.key(i)
            if self.model and new not in self.model:
                oldest = next(iter(self.model))
                del self.m[oldest]
                self.drop(oldest)
                self.m[new] = self.value(0)
                self.put(new, self.value(0))

    @rule(
        numbers=st.dictionaries(KEYS, VALUES, max_size=20),
        source=st.sampled_from(["dict", "pairs", "map", "|="]),
    )
    def update(self, numbers: dict[int, int], source: str) -> None:
        entries = {self.key(i): self.value(j) for i, j in numbers.items()}
        if source == "pairs":
            self.m.update((self.key(i), self.value(j)) for i, j in numbers.items())
        elif source == "|=":
            self.m |= entries
        else:
            self.m.update(entries if source == "dict" else self.make(entries))
        for key, value in entries.items():
            self.put(key, value)

    @rule()
    def clear(self) -> None:
        self.m.clear()
        for key in list(self.model):
            self.drop(key)

    @rule(count=st.integers(0, 1000))
    def reserve(self, count: int) -> None:
        self.m.reserve(count)
        assert self.m.stats().grow_at >= count
        for each in self.live:
            each.may_end = True

    @rule(how=st.sampled_from(["copy", "pickle", "|", "constructor"]), go_on=st.booleans())
    def copy(self, how: str, go_on: bool) -> None:
        copied = {
            "copy": lambda: self.m.copy(),
            "pickle": lambda: pickle.loads(pickle.dumps(self.m)),
            "|": lambda: self.m | {},
            "constructor": lambda: self.make(self.m),
        }[how]()
        assert copied == self.m
        assert dict(copied.items()) == self.model
        assert copied._check() is None
        if go_on:
            self.m = copied
            self.live.clear()

    # ---- iterators ----

    # How many iterators are alive depends on the map's seed, another one in every run; what hypothesis may
    # draw must not. Hence no preconditions.

    @rule(kind=st.sampled_from(["keys", "values", "items"]))
    def begin(self, kind: str) -> None:
        if len(self.live) == 4:
            return
        self.live.append(Live(iter(getattr(self.m, kind)()), kind, set(self.model)))

    @rule(which=st.integers(0, 3), steps=st.integers(1, 60))
    def step(self, which: int, steps: int) -> None:
        if not self.live:
            return
        at = which % len(self.live)
        each = self.live[at]
        for _ in range(steps):
            try:
                given = next(each.iterator)
            except StopIteration:
                assert not each.must_end
                if each.kind != "values":
                    assert not each.due or each.may_end
                del self.live[at]
                return
            except RuntimeError:
                assert each.must_end or each.may_end
                del self.live[at]
                return
            assert not each.must_end
            if each.kind == "values":
                assert given in self.model.values()
                continue
            key = given if each.kind == "keys" else given[0]
            assert key in each.due
            assert key not in each.given
            if each.kind == "items":
                assert given[1] == self.model[key]
            each.due.discard(key)
            each.given.add(key)

    @rule(which=st.integers(0, 3), overwrite=st.booleans())
    def change_what_is_next(self, which: int, overwrite: bool) -> None:
        """Delete or overwrite something that an iterator has not given yet."""
        live = self.live[which % len(self.live)] if self.live else None
        due = [key for key in self.model if live and key in live.due][:5]
        for key in due:
            if overwrite:
                self.m[key] = self.value(7)
                self.put(key, self.value(7))
            else:
                del self.m[key]
                self.drop(key)

    @rule(which=st.integers(0, 3))
    def forget(self, which: int) -> None:
        if self.live:
            del self.live[which % len(self.live)]

    # ---- without memory ----

    @rule(
        start=KEYS,
        count=st.integers(1, 30),
        j=VALUES,
        allocations=st.integers(0, 3),
        failures=st.integers(1, 50),
    )
    def run_out_of_memory(self, start: int, count: int, j: int, allocations: int, failures: int) -> None:
        """Insertions that need memory fail, and change nothing, as new strings do; all else goes on."""
        _fail_after(allocations, failures)
        try:
            for i in range(start, start + count):
                key = self.key(i)
                try:
                    self.m[key] = self.value(j)
                except MemoryError:
                    assert key not in self.model or self.m.value_type.name.lstrip("*") in ("string", "bytes")
                    assert self.m.get(key, "absent") == self.model.get(key, "absent")
                    for each in self.live:
                        each.may_end = True
                else:
                    self.put(key, self.value(j))
                if i % 5 == 0 and self.key(i + 7) in self.model:
                    del self.m[self.key(i + 7)]
                    self.drop(self.key(i + 7))
        finally:
            _fail_after(-1)
        assert _fail_pending() == 0

    # ---- what holds after every step ----

    @invariant()
    def holds_what_the_dict_holds(self) -> None:
        assert len(self.m) == len(self.model)
        assert dict(self.m.items()) == self.model
        assert self.m == self.model

    @invariant()
    def is_whole(self) -> None:
        assert self.m._check() is None
        assert sum(self.m._walk().values()) == self.m.nbytes


@pytest.mark.parametrize("name", TYPES)
def test_any_operations(map_class: Class, name: str) -> None:
    run_state_machine_as_test(lambda: Machine(map_class, name))
