"""Any operations, in any order, with a Set and a set: they agree, and the invariants hold."""

from __future__ import annotations

import pickle
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    rule,
    run_state_machine_as_test,
)
from set_cases import COMPARISONS, FUNCTIONS, IN_PLACE, QUESTIONS, UPDATES, assert_same, outcome
from support import FewHashes

from gomap import Set

#: How to make keys from small numbers.
TYPES: dict[str, Callable[[int], Any]] = {
    "int": lambda i: i - 200,
    "uint8": lambda i: i % 256,
    "uint64": lambda i: i << 54,
    "float64": lambda i: i / 4 if i else -0.0,
    "[16]byte": lambda i: i.to_bytes(16, "little"),
    "[200]byte": lambda i: i.to_bytes(200, "big"),
    "string": lambda i: f"{i}" + "aé€😀\ud800"[i % 5] * (i % 40),
    "bytes": lambda i: bytes([i % 256]) * (i % 40) + str(i).encode(),
    "any": lambda i: (i, str(i), i + 0.5, (i, "tuple"), FewHashes(i), frozenset({i}), None if i == 6 else -i)[i % 7],
    "struct{a int16; b [3]byte}": lambda i: (i - 200, i.to_bytes(3, "big")),
}
NUMBERS = st.integers(0, 400)
RANGES = st.builds(range, NUMBERS, st.integers(0, 600), st.integers(1, 3))
SOURCES = st.sampled_from(["set", "frozenset", "Set", "keys", "list", "itself"])


class Machine(RuleBasedStateMachine):
    def __init__(self, key_type: str) -> None:
        super().__init__()
        self.key_type, self.key = key_type, TYPES[key_type]
        self.s: Any = Set(key_type)
        self.model: set[Any] = set()
        self.iterator: Iterator[Any] | None = None
        self.due: set[Any] = set()  # what the iterator has to give yet
        self.inserted = False

    def operand(self, numbers: range, source: str) -> tuple[Any, set[Any]]:
        keys = [self.key(i) for i in numbers]
        if source == "itself":
            return self.s, set(self.model)
        make: dict[str, Callable[[Any], Any]] = {
            "set": set,
            "frozenset": frozenset,
            "Set": lambda keys: Set(self.key_type, keys),
            "keys": lambda keys: dict.fromkeys(keys).keys(),
            "list": list,
        }
        return make[source](keys), set(keys)

    def changed(self, before: set[Any]) -> None:
        self.inserted |= bool(self.model - before)
        self.due &= self.model

    @rule(i=NUMBERS)
    def add(self, i: int) -> None:
        before = set(self.model)
        self.s.add(self.key(i))
        self.model.add(self.key(i))
        self.changed(before)

    @rule(i=NUMBERS, name=st.sampled_from(["discard", "remove"]))
    def take_out(self, i: int, name: str) -> None:
        key = self.key(i)
        assert (key in self.s) is (key in self.model)
        assert outcome(lambda: getattr(self.s, name)(key)) is outcome(lambda: getattr(self.model, name)(key))
        self.due.discard(key)

    @rule(times=st.integers(1, 60))
    def pop(self, times: int) -> None:
        for _ in range(min(times, len(self.model))):
            key = self.s.pop()
            self.model.remove(key)
            self.due.discard(key)

    @rule(numbers=RANGES, source=SOURCES, name=st.sampled_from(UPDATES))
    def update(self, numbers: range, source: str, name: str) -> None:
        other, keys = self.operand(numbers, source)
        before = set(self.model)
        getattr(self.s, name)(other)
        getattr(self.model, name)(keys)
        self.changed(before)

    @rule(numbers=RANGES, source=SOURCES, function=st.sampled_from(IN_PLACE))
    def operate_in_place(self, numbers: range, source: str, function: Callable[[Any, Any], Any]) -> None:
        other, keys = self.operand(numbers, "set" if source == "list" else source)
        before, s = set(self.model), self.s
        self.s = function(self.s, other)
        assert self.s is s
        self.model = function(self.model, keys)
        self.changed(before)

    @rule(numbers=RANGES, source=SOURCES, function=st.sampled_from(FUNCTIONS), go_on=st.booleans())
    def operate(self, numbers: range, source: str, function: Callable[[Any, Any], Any], go_on: bool) -> None:
        other, keys = self.operand(numbers, "set" if source == "list" else source)
        result = function(self.s, other)
        assert_same(result, function(self.model, keys))
        if source != "keys":
            assert_same(function(other, self.s), function(keys, self.model))
        if go_on:
            self.s, self.model = result, function(self.model, keys)
            self.iterator = None

    @rule(numbers=RANGES, source=SOURCES)
    def ask(self, numbers: range, source: str) -> None:
        other, keys = self.operand(numbers, source)
        for name in QUESTIONS:
            assert getattr(self.s, name)(other) is getattr(self.model, name)(keys)
        if source != "list":
            for function in COMPARISONS:
                assert function(self.s, other) is function(self.model, keys)
                assert function(other, self.s) is function(keys, self.model)

    @rule(how=st.sampled_from(["copy", "pickle", "clear", "compact", "reserve"]))
    def as_a_whole(self, how: str) -> None:
        if how == "clear":
            self.s.clear()
            self.model = set()
            self.due = set()
        elif how in ("compact", "reserve"):
            self.s.compact() if how == "compact" else self.s.reserve(500)
            self.iterator = None
        else:
            self.s = self.s.copy() if how == "copy" else pickle.loads(pickle.dumps(self.s))
            self.iterator = None

    # No preconditions: which keys pop() takes differs from run to run, and when an iterator ends by it.
    @rule()
    def begin(self) -> None:
        self.iterator, self.due, self.inserted = iter(self.s), set(self.model), False

    @rule(steps=st.integers(1, 100))
    def step(self, steps: int) -> None:
        for _ in range(steps if self.iterator else 0):
            key = outcome(lambda: next(self.iterator))  # type: ignore[arg-type]
            if key in (StopIteration, RuntimeError):
                assert (key is RuntimeError) is self.inserted
                assert self.inserted or not self.due
                self.iterator = None
                return
            assert not self.inserted
            self.due.remove(key)

    @invariant()
    def holds_what_the_set_holds(self) -> None:
        assert_same(self.s, self.model)


@pytest.mark.long
@pytest.mark.parametrize("key_type", TYPES)
def test_any_operations(key_type: str) -> None:
    run_state_machine_as_test(lambda: Machine(key_type))
