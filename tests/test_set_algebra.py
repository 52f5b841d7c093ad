"""Sets with sets: operators, methods and comparisons of a Set with any other set or iterable, beside those of set."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from set_cases import COMPARISONS, FUNCTIONS, IN_PLACE, METHODS, QUESTIONS, UPDATES, assert_same
from support import each

from gomap import Map, Set

SETS: dict[str, set[int]] = {
    "same": {1, 2, 3},
    "fewer": {2},
    "none": set(),
    "others": {7, 8},
    "some": {2, 3, 9},
    "more": {1, 2, 3, 4},
    "many": set(range(2, 300)),
}
KINDS: dict[str, Callable[[set[int]], Any]] = {
    "set": set,
    "frozenset": frozenset,
    "dict keys": lambda model: dict.fromkeys(model).keys(),
    "map keys": lambda model: Map(int, int, dict.fromkeys(model, 0)).keys(),
    "Set": lambda model: Set(int, model),
    "Set of another type": lambda model: Set("uint16", model),
}
NO_SETS: dict[str, Callable[[set[int]], Any]] = {
    "list": lambda model: [*model, *model],
    "iterator": iter,
    "dict": dict.fromkeys,
    "map": lambda model: Map(int, int, dict.fromkeys(model, 0)),
}


@each(KINDS, "kind")
@each(SETS, "right")
@each(SETS, "left")
def test_operators(left: set[int], right: set[int], kind: Callable[[set[int]], Any]) -> None:
    for function in FUNCTIONS:
        s, other = Set(int, left), kind(right)
        result = function(s, other)
        assert type(result) is Set
        assert result.key_type.name == "int"
        assert_same(result, function(left, right))
        assert_same(s, left)
        result = function(other, s)
        assert_same(result if isinstance(result, Set) else Set(int, result), function(right, left))
        if type(other) in (set, frozenset, Set):  # which leave it to the Set, or are the left one
            assert type(result) is Set
            assert result.key_type == (other if isinstance(other, Set) else s).key_type
        assert_same(s, left)
        assert other == right
    for function in COMPARISONS:
        assert function(Set(int, left), kind(right)) is function(left, right)
        assert function(kind(right), Set(int, left)) is function(right, left)
    for function in IN_PLACE:
        kept = s = Set(int, left)
        expected = set(left)
        s = function(s, kind(right))
        assert s is kept
        assert_same(s, function(expected, right))


@each(KINDS | NO_SETS, "kind")
@each(SETS, "right")
@each(SETS, "left")
def test_methods(left: set[int], right: set[int], kind: Callable[[Any], Any]) -> None:
    for name in METHODS:
        s = Set(int, left)
        result = getattr(s, name)(kind(right))
        assert type(result) is Set
        assert_same(result, getattr(left, name)(right))
        assert_same(s, left)
    for name in UPDATES:
        s, model = Set(int, left), set(left)
        assert getattr(s, name)(kind(right)) is None
        getattr(model, name)(right)
        assert_same(s, model)
    for name in QUESTIONS:
        assert getattr(Set(int, left), name)(kind(right)) is getattr(left, name)(right)


def test_methods_with_several_and_with_none() -> None:
    for name in ("union", "intersection", "difference"):
        for others in ([], [{2, 3}, [3, 4], Set(int, [3, 5])]):
            s, model = Set(int, range(6)), set(range(6))
            assert_same(getattr(s, name)(*others), getattr(model, name)(*others))
            assert getattr(s, name)(*others) is not s
            update = name.replace("union", "") + "_update" if name != "union" else "update"
            getattr(s, update)(*others)
            getattr(model, update)(*others)
            assert_same(s, model)
    for name in ("symmetric_difference", "symmetric_difference_update", *QUESTIONS):
        for others in ((), ([], [])):
            with pytest.raises(TypeError):
                getattr(Set(int), name)(*others)


def test_with_itself() -> None:
    for function, expected in zip(FUNCTIONS, ({1, 2}, {1, 2}, set(), set()), strict=True):
        s = Set(int, [1, 2])
        assert_same(function(s, s), expected)
        assert_same(s, {1, 2})
    for function, expected in zip(IN_PLACE, ({1, 2}, {1, 2}, set(), set()), strict=True):
        s = Set(int, [1, 2])
        assert_same(function(s, s), expected)
    for name, expected in zip(UPDATES, ({1, 2}, {1, 2}, set(), set()), strict=True):
        s = Set(int, [1, 2])
        getattr(s, name)(iter(s))
        assert_same(s, expected)
    s = Set(int, [1, 2])
    assert s <= s >= s == s
    assert not s < s
    assert not s > s
    assert not s.isdisjoint(s)


def test_operators_are_for_sets_alone() -> None:
    s = Set(int, [1, 2])
    for wrong in (5, None, [1], (1,), "text", iter([1]), {1: 2}, Map(int, int, {1: 2})):
        for function in (*FUNCTIONS, *IN_PLACE, operator.lt, operator.le, operator.gt, operator.ge):
            if isinstance(wrong, (Map, dict)) and function in (operator.or_, operator.ior):
                continue
            with pytest.raises(TypeError, match="supported"):
                function(s, wrong)
            if function not in IN_PLACE:
                with pytest.raises(TypeError, match="supported"):
                    function(wrong, s)
        assert s != wrong
        assert wrong != s
    for wrong in (5, None):
        for name in METHODS + UPDATES + QUESTIONS:
            with pytest.raises(TypeError, match="not iterable"):
                getattr(s, name)(wrong)
    assert_same(s, {1, 2})


FOREIGN = {"a", None, 1.5, (1,), 2**70, b"1", 2}


def test_elements_of_other_types_are_not_there() -> None:
    s, model = Set(int, [1, 2, 3]), {1, 2, 3}
    for other in (FOREIGN, frozenset(FOREIGN), dict.fromkeys(FOREIGN).keys()):
        assert_same(s & other, {2})
        assert_same(s - other, {1, 3})
        for function in COMPARISONS:
            assert function(s, other) is function(model, other)
            assert function(other, s) is function(other, model)
        for name in ("intersection", "difference"):
            assert_same(getattr(s, name)(other), getattr(model, name)(other))
        for name in QUESTIONS:
            assert getattr(s, name)(other) is getattr(model, name)(other)
    assert_same(FOREIGN & s, {2})
    assert s.isdisjoint(["a", [], 2**70])
    assert not s.issuperset([[]])
    assert_same(s.difference([[], 1, 1.5]), {2, 3})
    assert_same(s.intersection([[], 1, 1.5]), {1})
    s.intersection_update(FOREIGN)
    assert_same(s, {2})
    s -= FOREIGN
    assert_same(s, set())


def test_equal_numbers_of_other_types_are_equal() -> None:
    assert Set(int, [1, 2]) == {1.0, 2.0} == Set("uint8", [1, 2])
    assert Set(int, [1, 2]) == Set(float, [1, 2]) == Set(int, [1, 2])
    assert Set("float32", [0.1]) == {0.1}
    assert Set(int, [0]) != Set(bool, [False])
    assert Set("[1]byte", [b"a"]) != Set(int, [1])
    assert Set(int) == Set("[4]byte") == set()
    nan = float("nan")
    s = Set(float, [nan, -nan, 0.0, -0.0])
    assert len(s) == 2
    assert nan in s
    assert s == Set(float, [nan, 0.0])


@pytest.mark.parametrize("wrong", ["a", None, 1.5, 2**70], ids=repr)
def test_elements_that_are_refused(wrong: Any) -> None:
    error = OverflowError if wrong == 2**70 else TypeError
    for operation in (
        lambda s: s.update([4, wrong, 5]),
        lambda s: s.update([4], (wrong,), [5]),
        lambda s: s.__init__(int, [1, 2, 4, wrong, 5]),
    ):
        s = Set(int, [1, 2])
        with pytest.raises(error, match=r"^key: "):
            operation(s)
        assert_same(s, {1, 2, 4})  # as with set, what comes before the refused element is in
    s = Set(int, [1, 2])
    for function in (operator.or_, operator.xor):
        for operation in (lambda f: f(s, {wrong, 4}), lambda f: f({wrong, 4}, s)):
            with pytest.raises(error, match=r"^key: "):
                operation(function)
    for operation in (
        lambda: {wrong, 4} - s,
        lambda: s.union([wrong]),
        lambda: s.symmetric_difference([4, wrong]),
        lambda: s.symmetric_difference_update([4, wrong]),
        lambda: operator.ior(s, {wrong}),
        lambda: operator.ixor(s, {4, 1, wrong}),
        lambda: Set(int, [wrong]),
        lambda: s.add(wrong),
    ):
        with pytest.raises(error, match=r"^key: "):
            operation()
        assert_same(s, {1, 2})


def test_iterables_that_fail() -> None:
    def failing() -> Iterator[int]:
        yield 4
        raise ZeroDivisionError

    for name in METHODS + UPDATES:
        s = Set(int, [1, 2])
        with pytest.raises(ZeroDivisionError):
            getattr(s, name)(failing())
        assert_same(s, {1, 2, 4} if name == "update" else {1, 2})
