"""A Set does what a set does, for keys of one type, and gives its memory back."""

from __future__ import annotations

import copy
import gc
import inspect
import operator
import pickle
import re
import sys
import time
import weakref
from collections.abc import Callable, Collection, Hashable, Iterator, MutableSet, Sequence
from collections.abc import Set as AbstractSet
from types import GenericAlias
from typing import Any

import pytest
from set_cases import COMPARISONS, FUNCTIONS, IN_PLACE, METHODS, QUESTIONS, UPDATES, assert_same, outcome
from support import each

from gomap import GoMap, Map, Set, Type, sizeof
from gomap._core import Base, _restore

Examples = Callable[[str, int], list[Any]]


class Plain(Set[Any]):
    """A subclass with attributes."""


class Slotted(Set[Any]):
    __slots__ = ("label", "missing")

    label: str


# ---- one life, for all types -------------------------------------------------------------------------


def test_life(key_type: str, examples: Examples) -> None:
    keys = examples(key_type, 200)
    s, model = Set(key_type), set()
    assert_same(s, model)
    assert s.key_type.name == key_type
    for key in keys:
        assert key not in s
        assert s.discard(key) is None
        with pytest.raises(KeyError) as caught:
            s.remove(key)
        assert caught.value.args == (key,)
        assert s.add(key) is None
        s.add(key)
        model.add(key)
    assert_same(s, model)
    assert {type(key) for key in s} == {type(key) for key in keys}
    for i, key in enumerate(keys):
        if i % 3 == 0:
            s.discard(key)
        elif i % 3 == 1:
            s.remove(key)
        if i % 3 < 2:
            model.remove(key)
    assert_same(s, model)
    assert s.update(keys) is None
    assert_same(s, set(keys))
    for copied in (s.copy(), copy.copy(s), copy.deepcopy(s), pickle.loads(pickle.dumps(s)), Set(key_type, s)):
        assert type(copied) is Set
        assert copied.key_type == s.key_type
        assert copied.key_type.name == key_type
        assert_same(copied, set(keys))
        copied.clear()
        assert_same(copied, set())
    assert_same(s, set(keys))
    taken = [s.pop() for _ in keys]
    assert len(taken) == len(set(taken))
    assert set(taken) == set(keys)
    with pytest.raises(KeyError, match="empty"):
        s.pop()
    assert_same(s, set())


@pytest.mark.parametrize(
    "source",
    [
        [1, 3, 3],
        (3, 1),
        {1, 3},
        frozenset({1, 3}),
        {1: 2, 3: 4},
        {1: 2, 3: 4}.keys(),
        range(1, 5, 2),
        b"\1\3",
    ],
    ids=lambda source: type(source).__name__,
)
def test_constructor_and_update_take(source: Any) -> None:
    assert_same(Set(int, source), {1, 3})
    assert_same(Set(int, iter(source)), {1, 3})
    s = Set("uint8", [5])
    s.update(source, (each + 10 for each in source), [])
    assert_same(s, {1, 3, 5, 11, 13})
    s.update()
    assert_same(s, {1, 3, 5, 11, 13})


def test_maps_and_sets_are_taken() -> None:
    for source in (Set("uint8", [1, 3]), Map(int, int, {1: 2, 3: 4}), GoMap(int, None, {1: None, 3: None})):
        assert_same(Set(int, source), {1, 3})
        assert_same(Set(float, source), {1.0, 3.0})
    assert Map(int, None, dict.fromkeys(Set(int, [1, 2]))) == {1: None, 2: None}
    assert Set(int, Map(int, int, {1: 2})) == Map(int, int, {1: 5}).keys()


def test_constructor_takes_its_arguments_by_position() -> None:
    for wrong in ((), (int, [], 5), (int, 5)):
        with pytest.raises(TypeError):
            Set(*wrong)
    with pytest.raises(TypeError):
        Set(key=int)
    assert_same(Set(int, None, capacity=1000), set())
    assert Set(int, capacity=1000).nbytes > Set(int).nbytes
    with pytest.raises(TypeError, match="make a Map, a Set, a GoMap or a SwissMap"):
        Base()


def test_init_twice_begins_anew() -> None:
    s = Set(int, [1, 2])
    s.__init__("int64", [3])
    assert_same(s, {3})
    with pytest.raises(
        TypeError, match="^this is a Set of int, and its types cannot change; make a new one for other types$"
    ):
        s.__init__(float, [4])
    assert_same(s, {3})


@pytest.mark.parametrize(
    ("spelling", "words"),
    [
        ("spam", "unknown type 'spam'"),
        ("*int", "a key cannot be a pointer"),
        ("struct{}", "a key cannot be struct{}, which holds nothing"),
        (None, "a key cannot be struct{}, which holds nothing"),
    ],
)
def test_key_types_that_are_refused(spelling: Any, words: str) -> None:
    with pytest.raises(ValueError, match=re.escape(words)):
        Set(spelling)


# ---- single keys -------------------------------------------------------------------------------------


def test_lookups_ask_for_keys_of_the_type() -> None:
    s = Set(int, [1])
    for operation in (operator.contains, Set.discard, Set.remove, Set.add):
        for wrong in ("a", 1.0, True, None, [1]):
            words = f"key: expected int for type int, got {type(wrong).__name__} {wrong!r}"
            with pytest.raises(TypeError, match=f"^{re.escape(words)}$"):
                operation(s, wrong)
    assert 2**70 not in s
    s.discard(2**70)
    with pytest.raises(KeyError):
        s.remove(2**70)
    with pytest.raises(OverflowError, match=r"^key: 256 is out of range for uint8 \(0 to 255\)$"):
        Set("uint8").add(256)
    s = Set("[4]byte", [b"spam"])
    for operation in (operator.contains, Set.discard, Set.remove, Set.add):
        with pytest.raises(ValueError, match=r"^key: expected 4 bytes for type \[4\]byte, got 2$"):
            operation(s, b"ab")
    assert bytearray(b"spam") in s
    s.add(memoryview(b"eggs"))
    s.remove(bytearray(b"spam"))
    assert_same(s, {b"eggs"})


def test_pop_is_quick_on_a_set_that_was_large() -> None:
    s = Set(int, range(100_000))
    begun = time.process_time()
    while s:
        s.pop()
    assert time.process_time() - begun < 2


def test_key_that_changes_the_set() -> None:
    class Clearing:
        def __index__(self) -> int:
            s.clear()
            return 5

    for operation in (operator.contains, Set.discard, Set.add, lambda s, key: s.update([key])):
        s = Set(int, range(100))
        operation(s, Clearing())
        assert s._check() is None
        assert len(s) <= 1


def test_other_that_changes_the_set() -> None:
    class Adding(set[int]):
        def __contains__(self, element: object) -> bool:
            s.add(1000 + len(s))
            return True

        def __iter__(self) -> Iterator[int]:
            for element in range(100):
                s.discard(element + 1)
                yield element

    s = Set(int, range(100))
    with pytest.raises(
        RuntimeError, match=r"^a key was inserted into the set during iteration, or all its entries were moved or "
    ):
        s.issubset(Adding())
    for name in METHODS + UPDATES + QUESTIONS:
        s = Set(int, range(100))
        outcome(lambda: getattr(s, name)(Adding(range(200))))  # noqa: B023
        assert s._check() is None


# ---- iteration ---------------------------------------------------------------------------------------


def test_iterators() -> None:
    s = Set(int, range(100))
    iterator = iter(s)
    assert iter(iterator) is iterator
    assert operator.length_hint(iterator) == 100
    assert len({next(iterator), *iterator}) == 100
    assert next(iterator, None) is None
    with pytest.raises(TypeError):
        pickle.dumps(iter(s))
    with pytest.raises(TypeError, match="not reversible"):
        reversed(s)


def test_removing_while_iterating() -> None:
    for entries in (1, 8, 100, 1000):
        s, seen, removed = Set(int, range(entries)), [], set()
        for key in s:
            assert key not in removed
            seen.append(key)
            for gone in (key, key ^ 1):
                if gone in s:
                    s.remove(gone)
                    removed.add(gone)
        assert len(seen) == len(set(seen))
        assert set(seen) | removed == set(range(entries))
        assert_same(s, set())


def test_removing_from_the_operand_while_iterating() -> None:
    s = Set(int, range(100))
    s.difference_update(each for each in s if each % 2)
    assert_same(s, set(range(0, 100, 2)))


@pytest.mark.parametrize(
    "insert",
    [
        lambda s: s.add(-1),
        lambda s: s.update([-1]),
        lambda s: s.update(Set(int, [-1])),
        lambda s: operator.ior(s, {-1}),
        lambda s: operator.ixor(s, {-1}),
        lambda s: (s.remove(0), s.add(0)),
        lambda s: s.reserve(10_000),
        lambda s: s.__init__(int, [-1]),
    ],
)
def test_inserting_ends_the_iterators(insert: Callable[[Any], Any]) -> None:
    s = Set(int, range(100))
    iterator = iter(s)
    next(iterator)
    insert(s)
    for _ in range(2):
        with pytest.raises(
            RuntimeError, match=r"^a key was inserted into the set during iteration, or all its entries were moved or "
        ):
            next(iterator)
    assert s._check() is None


def test_an_update_from_what_it_inserts_into() -> None:
    s = Set(int, range(10))
    with pytest.raises(RuntimeError, match="during iteration"):
        s.update(each + 10 for each in s)
    assert s._check() is None


# ---- what it is --------------------------------------------------------------------------------------


def test_abstract_classes() -> None:
    s = Set(int)
    for abstract in (MutableSet, AbstractSet, Collection):
        assert isinstance(s, abstract)
    for abstract in (Hashable, Sequence, Iterator):
        assert not isinstance(s, abstract)
    with pytest.raises(TypeError, match="unhashable"):
        hash(s)
    for name in dir(set):
        if name[0] != "_":
            assert callable(getattr(Set, name))
    match s:
        case [*_] | {}:
            pytest.fail("neither a sequence nor a mapping")
    alias = Set[int]
    assert isinstance(alias, GenericAlias)
    assert type(alias()) is Set
    assert str(inspect.signature(Set.add)) == "(self, key, /)"


def test_repr() -> None:
    assert repr(Set(int)) == "Set('int')"
    assert repr(Set(float, [1])) == "Set('float64', {1.0})"
    s = Set(int, [1, 2])
    assert eval(repr(s), {"Set": Set}) == s
    assert repr(Set(int, [1, 2])) in ("Set('int', {1, 2})", "Set('int', {2, 1})")
    assert repr(Set(int, range(1006))).endswith(", ... 1,000 more})")
    assert repr(Plain(int)) == "Plain('int')"


def test_reports() -> None:
    s = Set("[16]byte", [i.to_bytes(16, "big") for i in range(1000)])
    memory, stats = s.memory(), s.stats()
    assert memory.total == s.nbytes == sys.getsizeof(s) == sizeof(s)
    assert (memory.entries, memory.raw) == (1000, 16_000)
    assert (stats.engine, stats.entries) == ("elastic", 1000)
    assert isinstance(s.key_type, Type)
    assert not hasattr(s, "value_type")
    before = s.nbytes
    s.compact()
    assert s.nbytes <= before
    assert len(s) == 1000
    s.reserve(100_000)
    assert s.stats().grow_at >= 100_000
    assert s.memory().peak >= s.nbytes
    s.clear()
    s.reset_peak()
    assert s.memory().peak == s.nbytes < 4096
    for words, wrong, error in [
        ("reserve: expected int, got str '5'", "5", TypeError),
        (f"no room for {2**62} entries of Set of [16]byte", 2**62, MemoryError),
    ]:
        with pytest.raises(error, match=f"^{re.escape(words)}$"):
            s.reserve(wrong)


def test_no_attributes_but_weak_references() -> None:
    s = Set(int)
    for name in ("x", "nbytes", "key_type", "add"):
        with pytest.raises(AttributeError):
            setattr(s, name, 1)
    reference = weakref.ref(s)
    assert reference() is s
    del s
    assert reference() is None


def test_cycles_are_collected() -> None:
    for attribute in (lambda s: s, iter, lambda s: s.add):
        s = Plain(int, range(100))
        s.kept = attribute(s)
        reference = weakref.ref(s)
        del s
        gc.collect()
        assert reference() is None


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_pickle(protocol: int) -> None:
    s = Plain(int, [1, 2])
    s.label, s.cycle = "spam", s
    restored = pickle.loads(pickle.dumps(s, protocol))
    assert type(restored) is Plain
    assert_same(restored, {1, 2})
    assert (restored.label, restored.cycle) == ("spam", restored)
    slotted = Slotted(int, [1])
    slotted.label = "eggs"
    for copied in (copy.copy(slotted), copy.deepcopy(slotted), pickle.loads(pickle.dumps(slotted, 2))):
        assert_same(copied, {1})
        assert copied.label == "eggs"


def test_corrupt_pickles() -> None:
    two = bytes(8) + b"\1" * 8
    assert_same(_restore(Set, "int", "struct{}", 2, two, sys.byteorder), {0, 0x0101010101010101})
    for arguments in (
        ("int", "struct{}", 1, two, sys.byteorder),
        ("int", "struct{}", 2, bytes(16), sys.byteorder),  # one key twice
        ("int", "int", 1, two, sys.byteorder),
        ("int", "*struct{}", 2, two, sys.byteorder),
        ("int", "[0]byte", 2, two, sys.byteorder),
        ("struct{}", "struct{}", 1, b"", sys.byteorder),
    ):
        with pytest.raises(ValueError, match="."):
            _restore(Set, *arguments)


def test_subclasses_make_their_own() -> None:
    s = Plain(int, [1, 2])
    for result in (
        s.copy(),
        s | {3},
        {3} | s,
        s & {1},
        s - {1},
        {1, 5} - s,
        s ^ {1},
        s.union(),
        s & Set(int),
    ):
        assert type(result) is Plain
        assert result.key_type == s.key_type
    assert type(Set(int, [1]) & s) is type(Set(int, [1]) | s) is Set


UNREADY: dict[str, Callable[[Any], Any]] = {
    "len": len,
    "bool": bool,
    "in": lambda s: 1 in s,
    "iter": iter,
    "add": lambda s: s.add(1),
    "discard": lambda s: s.discard(1),
    "remove": lambda s: s.remove(1),
    "pop": lambda s: s.pop(),
    "clear": lambda s: s.clear(),
    "copy": lambda s: s.copy(),
    "compact": lambda s: s.compact(),
    "pickle": pickle.dumps,
    "nbytes": lambda s: s.nbytes,
    "a Set from it": lambda s: Set(int, s),
    **{name: lambda s, name=name: getattr(s, name)([1]) for name in METHODS + UPDATES + QUESTIONS},
    **{name + " none": lambda s, name=name: getattr(s, name)() for name in (*METHODS[:3], *UPDATES[:3])},
    **{f"{f.__name__} {{}}": lambda s, f=f: f(s, {1}) for f in FUNCTIONS + IN_PLACE + COMPARISONS},
    **{f"{{}} {f.__name__}": lambda s, f=f: f({1}, s) for f in FUNCTIONS + COMPARISONS},
    **{f"Set {f.__name__}": lambda s, f=f: f(Set(int, [1]), s) for f in FUNCTIONS + IN_PLACE + COMPARISONS},
}


@each(UNREADY, "operation")
def test_without_init(operation: Callable[[Any], Any]) -> None:
    s = Set.__new__(Set)
    with pytest.raises(ValueError, match=r"^Set.__init__\(\) has not been called$"):
        operation(s)
    assert repr(s) == "<Set, not initialised>"
    s.__init__(int, [1])
    assert_same(s, {1})


# ---- memory ------------------------------------------------------------------------------------------


def test_memory_of_a_million() -> None:
    s = Set("uint64")
    s.update(range(1_000_000))
    # 6 7/8 of 8 slots taken, each of a key and a tag; a 128th more lies ready for what comes next.
    assert s.nbytes / 1_000_000 <= (8 + 1) * 8 / 6.875 * (1 + 1 / 128)
    assert s.memory().peak == s.nbytes
    s.compact()
    assert s.nbytes / 1_000_000 < 9.7
    for key in range(1_000_000):
        s.remove(key)
    assert s.nbytes < 4096
    s.update(range(1_000_000))
    s &= {5}
    assert_same(s, {5})
    assert s.nbytes < 4096
