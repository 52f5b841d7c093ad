"""Iteration and views: those of a dict, for every map class."""

from __future__ import annotations

import operator
import pickle
from collections.abc import (
    Callable,
    ItemsView,
    KeysView,
    Set,
    ValuesView,
)
from typing import Any

import pytest
from support import Class, assert_same

from gomap import GoMap


def outcome(operation: Callable[[], Any]) -> Any:
    """What it returns, or the type of what it raises."""
    try:
        return operation()
    except Exception as error:
        return type(error)


# ---- iteration ---------------------------------------------------------------------------------------


def test_iterators(map_class: Class) -> None:
    model = {i: -i for i in range(100)}
    m = map_class(int, int, model)
    for iterator, expected in [(iter(m), set(model)), (iter(m.values()), set(model.values()))]:
        assert iter(iterator) is iterator
        assert operator.length_hint(iterator) == 100
        first = next(iterator)
        assert operator.length_hint(iterator) == 99
        assert {first, *iterator} == expected
        assert operator.length_hint(iterator) == 0
        assert list(iterator) == []
        assert next(iterator, None) is None
    with pytest.raises(TypeError):
        pickle.dumps(iter(m))
    assert list(type(iter(m))()) == []  # of no map


def test_entries_are_tuples_of_their_own(map_class: Class) -> None:
    m = map_class(int, int, {i: -i for i in range(100)})
    kept = list(m.items())
    hashes = {key: hash(item) for item in m.items() for key in item[:1]}
    for key, value in kept:
        assert value == -key
        assert hashes[key] == hash((key, value))
    assert len({id(item) for item in kept}) == 100
    assert dict(first for first, _ in zip(m.items(), m.items(), strict=True)) == dict(kept)


def test_an_iterator_keeps_its_map(map_class: Class) -> None:
    assert sorted(iter(map_class(int, int, {1: 2, 3: 4}))) == [1, 3]
    assert sorted(map_class(int, int, {1: 2, 3: 4}).items()) == [(1, 2), (3, 4)]


@pytest.mark.parametrize("entries", [1, 8, 100, 1000])
def test_deleting_while_iterating(map_class: Class, entries: int) -> None:
    m = map_class(int, int, {i: i for i in range(entries)})
    seen, deleted = [], set()
    for key, value in m.items():
        assert key == value
        assert key not in deleted
        seen.append(key)
        for each in (key, key ^ 1):  # itself and one that may be still to come
            if m.pop(each, None) is not None:
                deleted.add(each)
    assert len(seen) == len(set(seen))
    assert set(seen) | deleted == set(range(entries))
    assert_same(m, {})


def test_overwriting_while_iterating(map_class: Class) -> None:
    m = map_class(int, int, {i: i for i in range(500)})
    seen = []
    for key, value in m.items():
        assert value == (key if key not in {each ^ 1 for each in seen} else -1)
        seen.append(key)
        m[key ^ 1] = -1
        m.update({key ^ 1: -1})
        m.setdefault(key, 7)
    assert sorted(seen) == list(range(500))
    assert_same(m, dict.fromkeys(range(500), -1))


def test_clearing_ends_an_iteration(map_class: Class) -> None:
    m = map_class(int, int, {i: i for i in range(100)})
    iterator = iter(m)
    next(iterator)
    m.clear()
    assert operator.length_hint(iterator) == 0
    assert list(iterator) == []


@pytest.mark.parametrize(
    "insert",
    [
        lambda m: m.__setitem__(-1, 0),
        lambda m: m.setdefault(-1),
        lambda m: m.update({-1: 0}),
        lambda m: m.update(GoMap(int, int, {-1: 0})),
        lambda m: operator.ior(m, {-1: 0}),
        lambda m: (m.pop(0), m.__setitem__(0, 0)),
        lambda m: (m.clear(), m.__setitem__(0, 0)),
        lambda m: m.reserve(10_000),
    ],
)
def test_inserting_ends_the_iterators(map_class: Class, insert: Callable[[Any], Any]) -> None:
    m = map_class(int, int, {i: i for i in range(100)})
    begun = [iter(m), iter(m.values()), iter(m.items())]
    exhausted = iter(m)
    for iterator in begun:
        next(iterator)
    assert len(list(exhausted)) == 100
    insert(m)
    for iterator in begun:
        with pytest.raises(RuntimeError, match=r"during iteration"):
            next(iterator)
        assert operator.length_hint(iterator) == 0
    assert list(exhausted) == []
    assert len(list(m)) == len(m)
    assert m._check() is None


def test_an_iterator_that_an_insertion_ended_does_not_recover(map_class: Class) -> None:
    m = map_class(int, int, {i: i for i in range(100)})
    iterator = iter(m)
    next(iterator)
    m[-1] = 0
    for _ in range(2):  # as a dict's
        with pytest.raises(RuntimeError):
            next(iterator)


def test_there_is_no_order_to_reverse(map_class: Class) -> None:
    m = map_class(int, int, {0: 5, 1: 6})
    for unordered in (m, m.keys(), m.values(), m.items()):
        with pytest.raises(TypeError, match="not reversible"):
            reversed(unordered)


# ---- views -------------------------------------------------------------------------------------------

OPERANDS = {
    "set": {1, 2, 9},
    "frozenset": frozenset({1, 2, 3}),
    "empty": set(),
    "superset": {1, 2, 3, 4, 5},
    "list": [1, 2, 2, 9],
    "generator": (1, 9),
    "dict": {1: 2, 9: 9},
    "keys": {1: 10, 2: 20, 3: 30}.keys(),
    "items": {1: 10, 9: 90}.items(),
    "pairs": {(1, 10), (2, 21), (9, 90)},
    "number": 5,
    "none": None,
}
#: With elements that the map's types cannot hold.
FOREIGN = {
    "text": {"a", 1},
    "mixed": {None, 1, 1.5, b"a", (1, 10), 2**70},
    "tuples": {(1, 10), (1,), (1, 10, 100), ("a", 10), (1, "b")},
}
OPERATIONS = [operator.and_, operator.or_, operator.sub, operator.xor]
OPERATIONS += [operator.lt, operator.le, operator.gt, operator.ge, operator.eq, operator.ne]


def both_views(map_class: Class, which: str) -> tuple[Any, Any]:
    model = {1: 10, 2: 20, 3: 30}
    return getattr(map_class(int, int, model), which)(), getattr(model, which)()


@pytest.mark.parametrize("function", OPERATIONS, ids=lambda function: function.__name__)
@pytest.mark.parametrize("operand", [*OPERANDS.values(), *FOREIGN.values()], ids=[*OPERANDS, *FOREIGN])
@pytest.mark.parametrize("which", ["keys", "items"])
def test_set_operations(
    request: pytest.FixtureRequest, map_class: Class, which: str, operand: Any, function: Callable[..., Any]
) -> None:
    """As dict's do, on either side; the result is a set where dict's is."""
    view, expected = both_views(map_class, which)

    def fresh() -> Any:
        return iter(operand) if isinstance(operand, tuple) else operand

    for operation in (lambda v: function(v, fresh()), lambda v: function(fresh(), v)):
        result, wanted = outcome(lambda: operation(view)), outcome(lambda: operation(expected))  # noqa: B023
        assert type(result) is type(wanted)
        assert result == wanted


def assert_views_of_maps_do_as_dicts(map_class: Class, types: tuple[Any, Any], model: dict[Any, Any]) -> None:
    for which in ("keys", "items"):
        view, expected = both_views(map_class, which)
        other, wanted = getattr(map_class(*types, model), which)(), getattr(model, which)()
        for function in OPERATIONS:
            assert outcome(lambda: function(view, other)) == function(expected, wanted)  # noqa: B023
            assert outcome(lambda: function(other, view)) == function(wanted, expected)  # noqa: B023
        assert view.isdisjoint(other) is expected.isdisjoint(wanted)


@pytest.mark.parametrize("model", [{1: 10, 9: 90}, {1: 10, 2: 20, 3: 30}, {4: 40}, {i: 10 * i for i in range(9)}])
def test_set_operations_between_maps(map_class: Class, model: dict[Any, Any]) -> None:
    assert_views_of_maps_do_as_dicts(map_class, (int, int), model)
    assert_views_of_maps_do_as_dicts(map_class, ("uint8", float), model)


@pytest.mark.parametrize("entries", [1, 3, 5])
def test_set_operations_between_maps_of_other_keys(map_class: Class, entries: int) -> None:
    model: dict[Any, Any] = {bytes([i]): 10 * i for i in range(entries)}
    assert_views_of_maps_do_as_dicts(map_class, ("[1]byte", int), model)


@pytest.mark.parametrize("operand", [*OPERANDS.values(), *FOREIGN.values()], ids=[*OPERANDS, *FOREIGN])
@pytest.mark.parametrize("which", ["keys", "items"])
def test_isdisjoint(map_class: Class, which: str, operand: Any) -> None:
    view, expected = both_views(map_class, which)
    assert outcome(lambda: view.isdisjoint(operand)) == outcome(lambda: expected.isdisjoint(operand))


def test_views_are_live(map_class: Class) -> None:
    m = map_class(int, int, {1: 10})
    keys, values, items = m.keys(), m.values(), m.items()
    m[2] = 20
    del m[1]
    assert len(keys) == len(values) == len(items) == 1
    assert (list(keys), list(values), list(items)) == ([2], [20], [(2, 20)])
    assert 2 in keys
    assert 1 not in keys
    assert 20 in values
    assert 10 not in values
    assert (2, 20) in items
    assert (1, 10) not in items
    assert (2, 21) not in items
    assert 2 not in items
    assert [2, 20] not in items
    assert keys.mapping == values.mapping == items.mapping == m
    with pytest.raises(TypeError):
        keys.mapping[3] = 4


def test_views_ask_for_keys_of_the_type(map_class: Class) -> None:
    m = map_class(int, int, {1: 10})
    with pytest.raises(TypeError, match=r"^key: expected int"):
        "a" in m.keys()  # noqa: B015, SIM118
    assert "a" not in m.values()
    assert 2**70 not in m.keys()  # noqa: SIM118


def test_views_are_what_they_are_registered_as(map_class: Class) -> None:
    m = map_class(int, int, {1: 10})
    assert isinstance(m.keys(), KeysView)
    assert isinstance(m.keys(), Set)
    assert isinstance(m.values(), ValuesView)
    assert isinstance(m.items(), ItemsView)
    assert isinstance(m.items(), Set)
    for view in (m.keys(), m.items()):
        with pytest.raises(TypeError, match="unhashable"):
            hash(view)
    assert m.values() != m.values()
    assert repr(m.keys()) == f"MapKeysView({m!r})"
    for view in (m.keys(), m.values(), m.items()):
        with pytest.raises(AttributeError):
            view.attribute = 1
