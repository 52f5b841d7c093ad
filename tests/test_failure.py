"""Memory runs out at every single allocation in turn: MemoryError, nothing lost, and it works again later."""

from __future__ import annotations

import copy
import gc
import pickle
import sys
from collections.abc import Callable
from typing import Any

import pytest
from support import failing, in_turn

from gomap import GoMap, Set
from gomap._core import _fail_pending
from gomap.types import string_offsets

Class = Any  # one of the map classes
Examples = Callable[[str, int], list[Any]]
Model = dict[Any, Any]


def assert_holds(m: GoMap[Any, Any], model: Model) -> None:
    assert dict(m.items()) == model
    assert len(m) == len(model)
    assert all(m[key] == value for key, value in model.items())
    assert m._check() is None


def entries(examples: Examples, pair: tuple[str, str], count: int) -> Model:
    values = examples(pair[1], 20)
    return {key: values[i % len(values)] for i, key in enumerate(examples(pair[0], count))}


def test_the_tool_itself() -> None:
    with failing(1):
        assert _fail_pending() == 1
        m = GoMap(int, int)
        with pytest.raises(MemoryError):
            m[1] = 2
        assert _fail_pending() == 0
        m[1] = 2
    with failing(0, 3):
        for _ in range(3):
            with pytest.raises(MemoryError):
                GoMap(int, int)
        assert GoMap(int, int) == {}
    assert _fail_pending() == 0


# ---- making maps -------------------------------------------------------------------------------------


def test_constructor(map_class: Class, pair: tuple[str, str], examples: Examples) -> None:
    model = entries(examples, pair, 120)
    source = map_class(*pair, model)
    held = source.nbytes
    made: list[GoMap[Any, Any]] = []
    for items in (model, source, list(model.items()), source.items()):
        failed = 0
        for error in in_turn(lambda: made.append(map_class(*pair, items))):  # noqa: B023
            failed += error is not None
        assert failed > 0
        assert_holds(made[-1], model)
    for m in made:  # those made although the room for a hint could not be had
        assert_holds(m, model)
    assert source.nbytes == held
    assert_holds(source, model)


def test_a_hint_whose_room_cannot_be_had_is_ignored(map_class: Class) -> None:
    with failing(1):  # the header is allocated, the array is not
        m = map_class(int, int, capacity=1000)
    assert _fail_pending() == 0
    assert m.nbytes < 1000
    m.update({i: i for i in range(1000)})
    assert_holds(m, {i: i for i in range(1000)})


def test_initialising_again_after_it_failed(map_class: Class) -> None:
    m = map_class.__new__(map_class)
    with failing(0), pytest.raises(MemoryError):
        m.__init__(int, int)
    with pytest.raises(ValueError, match="has not been called"):
        len(m)
    m.__init__(int, int, {1: 2})
    assert_holds(m, {1: 2})


@pytest.mark.parametrize(
    "copying",
    [
        lambda m: m.copy(),
        lambda m: m | {},
        lambda m: {} | m,
        lambda m: pickle.loads(pickle.dumps(m)),
        lambda m: type(m).fromkeys(m, key=m.key_type, value=m.value_type),
    ],
    ids=["copy", "|", "| reversed", "pickle", "fromkeys"],
)
@pytest.mark.parametrize("growing", [False, True])
def test_copying(
    map_class: Class, pair: tuple[str, str], examples: Examples, growing: bool, copying: Callable[[Any], Any]
) -> None:
    model = entries(examples, pair, 53 if growing else 60)
    m = map_class(*pair)
    m.update(model)
    state, made = m.stats(), []
    held = m.nbytes
    failed = 0
    for error in in_turn(lambda: made.append(copying(m))):
        failed += error is not None
        assert m.nbytes == held
        assert m.stats() == state
        assert_holds(m, model)
    assert failed > 0
    for copied in made:
        assert set(copied) == set(model)
        assert copied._check() is None
        assert copied == m or copied == map_class.fromkeys(m, key=m.key_type, value=m.value_type)


# ---- inserting and growing ---------------------------------------------------------------------------


INSERTIONS: dict[str, Callable[[Any, Any, Any], Any]] = {
    "set": lambda m, key, value: m.__setitem__(key, value),
    "setdefault": lambda m, key, value: m.setdefault(key, value),
    "update": lambda m, key, value: m.update({key: value}),
}


@pytest.mark.parametrize("insert", INSERTIONS.values(), ids=INSERTIONS)
def test_every_insertion(
    map_class: Class, pair: tuple[str, str], examples: Examples, insert: Callable[[Any, Any, Any], Any]
) -> None:
    """From empty through several growths, each insertion fails at each allocation it needs."""
    m, model = map_class(*pair), {}
    failed = 0
    for key, value in entries(examples, pair, 130).items():
        for error in in_turn(lambda: insert(m, key, value)):  # noqa: B023
            if error is None:
                model[key] = value
            else:
                failed += 1
                # What is there can always be overwritten; but for strings, also in structs, which take other blocks.
                assert key not in model or string_offsets(m.value_type)
            assert_holds(m, model)
    assert failed > 0


def test_insertions_that_go_on_without_memory(map_class: Class) -> None:
    """Every second allocation fails for long: what is refused is not in, all else is."""
    for _ in range(20):  # maps differ by their seeds
        m, model = map_class("[130]byte", "*int"), {}
        refused = 0
        for i in range(400):
            key = i.to_bytes(130, "little")
            with failing(i % 2, 1 + i % 3):
                try:
                    m[key] = i
                    model[key] = i
                except MemoryError:
                    refused += 1
                    assert key not in m
                if i % 3 == 0 and model:
                    gone = next(iter(model))
                    assert m.pop(gone) == model.pop(gone)
        assert refused > 0
        assert_holds(m, model)
        stats = m.stats()
        if stats.overflow_heap and not stats.growing:  # no bucket of the array's tail was lost
            assert stats.overflow_buckets - stats.overflow_heap == stats.array_buckets - stats.buckets
        m.update({i.to_bytes(130, "little"): i for i in range(400)})
        assert_holds(m, {i.to_bytes(130, "little"): i for i in range(400)})


@pytest.mark.parametrize("source_class", ["map", "dict", "pairs", "map of other types"])
def test_update(map_class: Class, pair: tuple[str, str], examples: Examples, source_class: str) -> None:
    new = entries(examples, pair, 150)
    sources: dict[str, Callable[[], Any]] = {
        "map": lambda: map_class(*pair, new),
        "dict": lambda: new,
        "pairs": lambda: list(new.items()),
        "map of other types": lambda: map_class(pair[0], pair[1].lstrip("*") or pair[1], new).items(),
    }
    source = sources[source_class]()
    old = dict.fromkeys(list(new)[:5], examples(pair[1], 20)[-1])
    failed = 0
    for allocations in range(1000):
        m = map_class(*pair, old)
        with failing(allocations):
            try:
                m.update(source)
            except MemoryError:
                failed += 1
            pending = _fail_pending()
        if pending:
            assert_holds(m, new)
            break
        for key, value in m.items():  # some of the new are in, and none of the old is lost
            assert value in (old.get(key, value), new[key])
        assert set(old) <= set(m)
        assert m._check() is None
        m.update(source)
        assert_holds(m, new)
    else:
        pytest.fail("it never ends")
    assert failed > 0 or len(new) < 10


def test_reserve(map_class: Class, pair: tuple[str, str], examples: Examples) -> None:
    model = entries(examples, pair, 60)
    for entries_before in (0, 20, len(model)):
        some = dict(list(model.items())[:entries_before])
        m = map_class(*pair)
        m.update(some)
        before, failed = m.stats(), 0
        for error in in_turn(lambda: m.reserve(300)):  # noqa: B023
            failed += error is not None
            assert_holds(m, some)
            if error is not None:
                assert str(error) == f"no room for 300 entries of map[{m.key_type}]{m.value_type}"
                assert m.stats() == before
        assert failed > 0
        m.update(model)
        assert_holds(m, model)


def test_reserve_that_failed_has_changed_nothing(map_class: Class) -> None:
    m = map_class("[129]byte", "*int", {i.to_bytes(129, "big"): i for i in range(50)})
    held, iterator = m.nbytes, iter(m)
    next(iterator)
    failed = 0
    for allocations in range(3):
        with failing(allocations), pytest.raises(MemoryError):
            m.reserve(1000)
        failed += 1
        assert m.nbytes <= held + 64  # a block that went and came may be rounded otherwise
    assert failed == 3
    assert len(list(iterator)) == 49


# ---- what never fails --------------------------------------------------------------------------------


def grown_half_way(map_class: Class) -> tuple[GoMap[Any, Any], Model]:
    """A map whose entries are in two arrays."""
    model = {i.to_bytes(129, "big"): i for i in range(106)}
    m = map_class("[129]byte", "*int")
    m.update(model)
    return m, model


def test_reading_allocates_nothing(map_class: Class) -> None:
    m, model = grown_half_way(map_class)
    with failing(0):
        assert_holds(m, model)
        assert m.get(bytes(129)) == 0
        assert b"\xff" * 129 not in m
        assert m == model
        assert set(m.values()) == set(model.values())
        assert m.keys() == model.keys()
        assert repr(m)
        assert m.memory().total == m.nbytes == sum(m._walk().values())
        assert m.stats().entries == 106
        assert len(pickle.dumps(m)) > 106 * 129
        assert _fail_pending() == 1


@pytest.mark.parametrize("entries_", [5, 106, 500])
def test_deleting_and_overwriting_never_fail(map_class: Class, entries_: int) -> None:
    for _ in range(10):
        model = {i.to_bytes(129, "big"): i for i in range(entries_)}
        m = map_class("[129]byte", "*int")
        m.update(model)
        with failing(0, 10**9):
            for key in model:
                m[key] = model[key] = model[key] + 1
                assert m.setdefault(key, 0) == model[key]
            m.update(model)
            m.update(m)
            assert_holds(m, model)
            for i, key in enumerate(list(model)):
                if i % 3 == 0:
                    del m[key], model[key]
                elif i % 3 == 1:
                    assert m.pop(key) == model.pop(key)
            assert_holds(m, model)
            while m:
                key, value = m.popitem()
                assert model.pop(key) == value
            m.clear()
            assert_holds(m, {})
            m.reset_peak()
            assert _fail_pending() > 0
        m.update({bytes(129): 5})
        assert_holds(m, {bytes(129): 5})


def test_clearing_a_growing_map_never_fails(map_class: Class) -> None:
    m, _ = grown_half_way(map_class)
    with failing(0, 10**9):
        m.clear()
        assert_holds(m, {})
        assert _fail_pending() == 10**9


# ---- strings and objects -----------------------------------------------------------------------------


class Thing:
    """A key that is compared in Python; all have one hash."""

    def __init__(self, number: int) -> None:
        self.number = number

    def __hash__(self) -> int:
        return 5

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Thing) and self.number == other.number


LENGTHS = (0, 1, 15, 16, 17, 40, 129, 500, 5000)


@pytest.mark.parametrize("key_type", ["int", "string", "any"])
def test_replacing_strings(map_class: Class, key_type: str) -> None:
    """A value that there is no room for leaves the one before."""
    key: Any = 5 if key_type == "int" else "a key of some more bytes"
    for before in LENGTHS:
        for after in LENGTHS:
            m = map_class(key_type, "string", {key: "b" * before})
            m.update({(7 if key_type == "int" else "other"): "é" * 20})
            model = dict(m)
            held = m.nbytes
            for error in in_turn(lambda: m.__setitem__(key, "a" * after)):  # noqa: B023
                if error is None:
                    model[key] = "a" * after
                else:
                    assert m.nbytes <= 1.5 * held + 128
                assert_holds(m, model)
            assert m[key] == "a" * after


def test_strings_that_go_on_without_memory(map_class: Class) -> None:
    """Every now and then an allocation fails, for long: a string is in as a whole or not at all."""
    m, model, refused = map_class("string", "bytes"), {}, 0
    for i in range(3000):
        key = f"{i % 211}" * (i % 5 * 4 + 1)
        value = bytes([i % 256]) * (i * 7 % 300)
        with failing(i % 3, 1 + i % 2):
            try:
                m[key] = value
                model[key] = value
            except MemoryError:
                refused += 1
                assert m.get(key) == model.get(key)
            if i % 3 == 0 and model:
                gone = next(iter(model))
                assert m.pop(gone) == model.pop(gone)
        if i % 100 == 0:
            assert_holds(m, model)
    assert refused > 0
    assert_holds(m, model)
    for key in list(model):
        del m[key]
    assert m.memory().strings == 0
    assert_holds(m, {})


OF_OBJECTS: dict[str, Callable[[Any, Any, Any], Any]] = {
    **INSERTIONS,
    "|=": lambda m, key, value: m.__ior__([(key, value)]),
    "|": lambda m, key, value: m | {key: value},
    "| reversed": lambda m, key, value: {key: value} | m,
    "copy": lambda m, key, value: m.copy(),
    "constructor": lambda m, key, value: type(m)(m.key_type, m.value_type, [*m.items(), (key, value)]),
    "fromkeys": lambda m, key, value: type(m).fromkeys([key, *m], value, key=m.key_type, value=m.value_type),
    "deepcopy": lambda m, key, value: copy.deepcopy(m),
    "reserve": lambda m, key, value: m.reserve(500),
    "get": lambda m, key, value: (m.get(key), key in m, m == m.copy()),
    "pop": lambda m, key, value: m.pop(key, value),
    "popitem": lambda m, key, value: m and m.popitem(),
    "clear": lambda m, key, value: m.clear(),
    "pickle": lambda m, key, value: m.__reduce__(),
    "iterate": lambda m, key, value: [*m.items()],
}


@pytest.mark.parametrize("operation", OF_OBJECTS.values(), ids=OF_OBJECTS)
@pytest.mark.parametrize("value_type", ["any", "string"])
@pytest.mark.parametrize("entries_", [0, 8, 26])
def test_references_without_memory(
    map_class: Class, entries_: int, value_type: str, operation: Callable[[Any, Any, Any], Any]
) -> None:
    """Whatever fails, what a map owned it owns, and what it does not hold it does not own."""
    keys = [Thing(i) for i in range(entries_ + 1)]
    value: Any = object() if value_type == "any" else "v" * (40 + entries_)
    *old, new = keys
    without = [sys.getrefcount(each) for each in keys]
    value_without = sys.getrefcount(value)
    m = map_class(object, value_type, dict.fromkeys(old, value))
    for _ in in_turn(lambda: operation(m, new, value)):
        held = set(map(id, m))
        assert len(held) == len(m)
        assert all(each in m for each in keys if id(each) in held)
        assert [sys.getrefcount(each) - (id(each) in held) for each in keys] == without
        if value_type == "any":
            assert sys.getrefcount(value) == value_without + len(m)
        assert all(each == value for each in m.values())
        assert m._check() is None
        assert sum(m._walk().values()) == m.nbytes
    m = map_class(object, value_type)
    gc.collect()
    assert [sys.getrefcount(each) for each in keys] == without
    assert sys.getrefcount(value) == value_without


def test_references_of_a_set_without_memory() -> None:
    keys = [Thing(i) for i in range(40)]
    without = [sys.getrefcount(each) for each in keys]
    operations: list[Callable[[Any], Any]] = [
        lambda s: s.add(keys[30]),
        lambda s: s.update(keys[25:35]),
        lambda s: s.union(keys),
        lambda s: s.intersection(keys[20:]),
        lambda s: s.difference(keys[20:]),
        lambda s: s.symmetric_difference_update(keys[20:]),
        lambda s: s ^ {*keys[20:]},
        lambda s: Set(object, keys),
        lambda s: s.copy(),
        lambda s: s.clear(),
    ]
    for operation in operations:
        s = Set(object, keys[:30])
        for _ in in_turn(lambda: operation(s)):  # noqa: B023
            held = set(map(id, s))
            assert [sys.getrefcount(each) - (id(each) in held) for each in keys] == without
            assert s._check() is None
        s = Set(object)
        assert [sys.getrefcount(each) for each in keys] == without
