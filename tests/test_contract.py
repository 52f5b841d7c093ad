"""What every map class promises: a dict's behaviour, for typed keys and values.

A dict that goes through the same operations says what is expected. How a map is built is not looked at
here, but after every life its invariants are checked.
"""

from __future__ import annotations

import copy
import gc
import inspect
import operator
import pickle
import sys
import time
import tracemalloc
import weakref
from collections import OrderedDict, UserDict
from collections.abc import (
    Callable,
    Collection,
    Hashable,
    Iterator,
    Mapping,
    MutableMapping,
    Sequence,
    Set,
)
from enum import IntEnum
from types import GenericAlias, MappingProxyType
from typing import Any

import pytest
from support import FREE_THREADED, Class, Counting, Examples, Plain, assert_same

from gomap import GoMap, Type, make

# ---- one life, for all types -------------------------------------------------------------------------


def test_life(map_class: Class, key_type: str, value_type: str, examples: Examples) -> None:
    keys, values = examples(key_type, 60), examples(value_type, 60)
    m, model = map_class(key_type, value_type), {}
    assert isinstance(m.key_type, Type)
    assert (m.key_type.name, m.value_type.name) == (key_type, value_type)
    assert map_class(m.key_type, m.value_type).key_type == m.key_type
    assert_same(m, model)

    for i, key in enumerate(keys):
        assert key not in m
        assert m.get(key) is None
        assert m.get(key, "default") == "default"
        with pytest.raises(KeyError):
            m[key]
        m[key] = model[key] = values[i % len(values)]
        assert len(m) == i + 1
    assert_same(m, model)

    for i, key in enumerate(keys):
        m[key] = model[key] = values[(i + 1) % len(values)]
    assert_same(m, model)
    assert m == model
    assert m == m.copy()
    assert m == pickle.loads(pickle.dumps(m))

    for i, key in enumerate(keys):
        if i % 3 == 0:
            del m[key], model[key]
        elif i % 3 == 1:
            assert m.pop(key) == model.pop(key)
    assert_same(m, model)
    for i, key in enumerate(keys):
        m[key] = model[key] = values[i % len(values)]
    assert_same(m, model)

    for _ in range(len(model)):
        key, value = m.popitem()
        assert model.pop(key) == value
        assert key not in m
    assert_same(m, {})
    m[keys[0]] = values[0]
    m.clear()
    assert_same(m, {})


def test_types_keep_their_names(map_class: Class) -> None:
    types = [map_class(name, int).key_type for name in ("rune", "int32", "int", "int64", "byte", "uint8")]
    assert [map_class(type_, type_).key_type.name for type_ in types] == [type_.name for type_ in types]


@pytest.mark.parametrize(
    ("spelling", "name", "example"),
    [
        *((int, "int", 1), (float, "float64", 1.5), (bool, "bool", True), ("float", "float64", 1.5)),
        *(("uint", "uint", 1), ("byte", "byte", 1), ("rune", "rune", 1), (" [2] uint8 ", "[2]byte", b"ab")),
    ],
)
def test_other_spellings(map_class: Class, spelling: Any, name: str, example: Any) -> None:
    m = map_class(spelling, spelling, {example: example})
    assert (m.key_type.name, m.value_type.name) == (name, name)
    assert list(m.items()) == [(example, example)]


def test_make_takes_go_s_spelling() -> None:
    assert make("map[uint8]*[4]byte").value_type.name == "*[4]byte"
    assert make(" map [ int ] float64 ", 1000).stats().B == GoMap(int, float, capacity=1000).stats().B


@pytest.mark.parametrize("spelling", [None, type(None), "struct{}", " struct { } "])
def test_values_of_nothing(map_class: Class, spelling: Any) -> None:
    m = map_class(int, spelling, {1: None})
    assert m.value_type.name == "struct{}"
    m[2] = None
    assert m.setdefault(3) is m.setdefault(2, None) is m[3] is m.get(1) is None
    assert m.pop(3) is None
    assert_same(m, {1: None, 2: None})
    assert m == {1: None, 2: None} == m
    assert m != {1: None, 2: 0}
    assert (1, None) in m.items()
    assert (1, 0) not in m.items()
    assert (9, None) not in m.items()
    assert None in m.values()
    assert m.popitem() in [(1, None), (2, None)]
    assert m.memory().raw == 8
    for fill in ((), (None,)):
        assert_same(map_class.fromkeys([1, 2], *fill, key=int, value=spelling), {1: None, 2: None})
    assert map_class(int, spelling) == map_class(int, spelling) | {}
    assert repr(map_class(int, spelling)) == f"{map_class.__name__}('int', 'struct{{}}')"
    assert make("map[int]struct{}").value_type == m.value_type


# ---- making a map ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source",
    [
        {1: 2, 3: 4},
        OrderedDict({1: 2, 3: 4}),
        UserDict({1: 2, 3: 4}),
        MappingProxyType({1: 2, 3: 4}),
        [(1, 2), (3, 4)],
        [[1, 2], [3, 4]],
        ((1, 5), (3, 4), (1, 2)),
        {1: 2, 3: 4}.items(),
        GoMap(int, int, {1: 2, 3: 4}),
        GoMap("uint8", "int32", {1: 2, 3: 4}),
        GoMap("uint8", "int32", {1: 2, 3: 4}).items(),
        Counting(1, 1, 3, 3, 3, 3),
    ],
    ids=lambda source: f"{type(source).__name__} {str(source)[:30]}",
)
def test_constructor_and_update_take(map_class: Class, source: Any) -> None:
    assert_same(map_class(int, int, source), {1: 2, 3: 4})
    m = map_class(int, int, {1: 0, 5: 6})
    assert m.update(source) is None
    assert_same(m, {1: 2, 3: 4, 5: 6})


def test_constructor_takes_a_generator(map_class: Class) -> None:
    assert_same(map_class(int, int, ((i, i * i) for i in range(100))), {i: i * i for i in range(100)})
    assert_same(map_class(int, int, iter([])), {})
    assert_same(map_class(int, int, None), {})
    assert_same(map_class(int, int, {}, capacity=1000), {})


def test_constructor_takes_its_arguments_by_position(map_class: Class) -> None:
    with pytest.raises(TypeError):
        map_class()
    with pytest.raises(TypeError):
        map_class(int)
    with pytest.raises(TypeError):
        map_class(key=int, value=int)
    with pytest.raises(TypeError):
        map_class(int, int, {}, 5)


def test_fromkeys(map_class: Class) -> None:
    assert_same(map_class.fromkeys([1, 2, 1], 7, key=int, value=int), {1: 7, 2: 7})
    assert_same(map_class.fromkeys(range(100), key=int, value="[2]byte"), dict.fromkeys(range(100), b"\0\0"))
    assert_same(map_class.fromkeys({5: 6}, key=int, value=float), {5: 0.0})
    assert_same(map_class(int, int).fromkeys([1], 2, key=int, value=int), {1: 2})
    with pytest.raises(TypeError):
        map_class.fromkeys([1, 2])


def test_fromkeys_of_a_subclass(map_class: Class) -> None:
    class Noting(map_class):
        def __init__(self) -> None:
            super().__init__(int, "[2]byte")

        def __setitem__(self, key: int, value: bytes) -> None:
            noted.append((key, value))
            super().__setitem__(key, value)

    noted: list[tuple[int, bytes]] = []
    made = Noting.fromkeys([1, 2])
    assert type(made) is Noting
    assert_same(made, {1: b"\0\0", 2: b"\0\0"})
    assert_same(Noting.fromkeys([3], b"ab"), {3: b"ab"})
    assert noted == [(1, b"\0\0"), (2, b"\0\0"), (3, b"ab")]  # as dict's does


def test_update_with_keywords_asks_for_keys_of_the_type(map_class: Class) -> None:
    m = map_class(int, int)
    with pytest.raises(TypeError, match=r"^key: expected int for type int, got str 'a'$"):
        m.update(a=1)
    with pytest.raises(TypeError, match=r"^key: expected int for type int, got str 'a'$"):
        m.update({1: 2}, a=1)
    assert_same(m, {1: 2})  # as with dict, what comes before the refused entry is in
    m.update()
    assert_same(m, {1: 2})


def test_update_with_itself(map_class: Class) -> None:
    m = map_class(int, int, {i: i for i in range(100)})
    m.update(m)
    m.update(m.items())
    m |= m
    assert_same(m, {i: i for i in range(100)})


def test_update_uses_what_a_subclass_says(map_class: Class) -> None:
    class Doubling(UserDict[int, int]):
        def __getitem__(self, key: int) -> int:
            return 2 * super().__getitem__(key)

    assert_same(map_class(int, int, Doubling({1: 2})), {1: 4})


def test_update_from_a_dict_that_changes_meanwhile(map_class: Class) -> None:
    class Adding:
        def __index__(self) -> int:
            source[len(source)] = 0
            return 5

    source: dict[Any, Any] = {Adding(): 1, 7: 8}
    m = map_class(int, int)
    with pytest.raises(RuntimeError, match="changed size during iteration"):
        m.update(source)
    assert m._check() is None


# ---- single entries ----------------------------------------------------------------------------------


def test_setdefault(map_class: Class, pair: tuple[str, str], examples: Examples, zero: Callable[[str], Any]) -> None:
    key, other = (examples(pair[0], 2) * 2)[:2]
    value = examples(pair[1], 2)[-1]
    m = map_class(*pair)
    assert m.setdefault(key, value) == value
    assert m.setdefault(key) == value
    model = {key: value}
    if other != key:
        model[other] = m.setdefault(other)
        assert model[other] == zero(pair[1])  # as in Go
        assert type(model[other]) is type(zero(pair[1]))
        assert m.setdefault(other, value) == model[other]
    assert_same(m, model)


def test_pop(map_class: Class) -> None:
    m = map_class(int, int, {1: 2, 3: 4})
    assert m.pop(1) == 2
    assert m.pop(1, None) is None
    assert m.pop(1, "default") == "default"
    assert m.pop(3, "default") == 4
    with pytest.raises(KeyError) as caught:
        m.pop(3)
    assert caught.value.args == (3,)
    assert_same(m, {})


def test_popitem_takes_everything_once(map_class: Class, pair: tuple[str, str], examples: Examples) -> None:
    values = examples(pair[1], 300)
    model = {key: values[i % len(values)] for i, key in enumerate(examples(pair[0], 300))}
    m = map_class(*pair, model)
    taken = [m.popitem() for _ in range(len(model))]
    assert len(taken) == len(model)
    assert dict(taken) == model
    with pytest.raises(KeyError, match="empty"):
        m.popitem()
    assert_same(m, {})


def test_popitem_is_quick_on_a_map_that_was_large(map_class: Class) -> None:
    m = map_class(int, int, {i: i for i in range(100_000)})
    begun = time.process_time()
    while m:
        m.popitem()
    assert time.process_time() - begun < 2  # looking from the start each time takes a minute


def test_popitem_while_the_collector_changes_the_map(map_class: Class) -> None:
    class Garbage:
        def __init__(self) -> None:
            self.cycle = self

        def __del__(self) -> None:
            if len(m) > 1:
                lost.append(next(iter(m)))
                del m[lost[-1]]

    m = map_class(int, int, {i: i for i in range(300)})
    lost: list[int] = []
    taken: list[tuple[int, int]] = []
    held = [(i, i) for i in range(5000)]  # so that no tuple waits for its next use
    threshold = gc.get_threshold()
    gc.collect()
    if FREE_THREADED:
        gc.set_threshold(1, 0)  # collects after every 512 new objects, however many there are
    else:
        gc.set_threshold(1)
    try:
        while m:
            gc.disable()
            Garbage()
            gc.enable()  # the next allocation of a container collects
            if FREE_THREADED:
                held += [(i, i) for i in range(100)]  # so that it comes with every fifth round
            taken.append(m.popitem())
    finally:
        gc.enable()
        gc.set_threshold(*threshold)
    assert m._check() is None
    assert lost
    assert len(taken) + len(lost) == 300
    assert {key for key, _ in taken} | set(lost) == set(range(300))
    del held


def test_get_takes_its_arguments_by_position(map_class: Class) -> None:
    m = map_class(int, int)
    for call in (m.get, m.setdefault, m.pop):
        with pytest.raises(TypeError):
            call()
        with pytest.raises(TypeError):
            call(key=1)
        with pytest.raises(TypeError):
            call(1, 2, 3)


def test_subclasses_of_the_types_are_taken(map_class: Class) -> None:
    class Text(bytes):
        pass

    class Real(float):
        pass

    class Number(IntEnum):
        FIVE = 5

    m = map_class(int, float, {Number.FIVE: Real(1.5)})
    assert_same(m, {5: 1.5})
    assert m[Number.FIVE] == 1.5
    m = map_class("float64", "int")
    m[3] = Number.FIVE
    assert_same(m, {3.0: 5})


def test_subclasses_of_bytes_are_taken(map_class: Class) -> None:
    class Text(bytes):
        pass

    m = map_class("[4]byte", "*[4]byte", {Text(b"spam"): Text(b"eggs")})
    assert_same(m, {b"spam": b"eggs"})
    assert m.pop(Text(b"spam")) == b"eggs"


def test_bytes_like_objects_are_taken(map_class: Class) -> None:
    m = map_class("[4]byte", "*[4]byte", {b"spam": bytearray(b"eggs")})
    m[memoryview(b"ham!")] = memoryview(b"....bread")[4:8]
    assert_same(m, {b"spam": b"eggs", b"ham!": b"brea"})
    for like in (bytearray, memoryview):
        assert like(b"spam") in m
        assert m[like(b"spam")] == m.get(like(b"spam")) == m.setdefault(like(b"spam"), bytes(4)) == b"eggs"
    del m[bytearray(b"spam")]
    assert m.pop(memoryview(b"ham!")) == b"brea"
    assert not m


def test_both_zeros_are_one_key(map_class: Class) -> None:
    for name in ("float32", "float64"):
        m = map_class(name, int, {0.0: 1})
        m[-0.0] = 2
        assert_same(m, {0.0: 2})
        assert m.pop(-0.0) == 2
        assert 0.0 not in m


# ---- many entries ------------------------------------------------------------------------------------


def test_copy(map_class: Class, pair: tuple[str, str], examples: Examples) -> None:
    keys, values = examples(pair[0], 200), examples(pair[1], 200)
    model = {key: values[i % len(values)] for i, key in enumerate(keys)}
    m = map_class(*pair, model)
    for copied in (m.copy(), copy.copy(m), copy.deepcopy(m)):
        assert type(copied) is map_class
        assert (copied.key_type, copied.value_type) == (m.key_type, m.value_type)
        assert_same(copied, model)
        del copied[keys[0]]
        copied[keys[-1]] = values[0]
        assert_same(m, model)
    assert_same(map_class(*pair).copy(), {})


def test_clear(map_class: Class, pair: tuple[str, str], examples: Examples) -> None:
    keys, values = examples(pair[0], 200), examples(pair[1], 1)
    m = map_class(*pair, dict.fromkeys(keys, values[0]))
    assert m.clear() is None
    assert_same(m, {})
    assert keys[0] not in m
    m.clear()
    m.update(dict.fromkeys(keys, values[0]))
    assert_same(m, dict.fromkeys(keys, values[0]))


def test_reserve(map_class: Class, pair: tuple[str, str], examples: Examples) -> None:
    keys, values = examples(pair[0], 200), examples(pair[1], 200)
    model = {key: values[i % len(values)] for i, key in enumerate(keys)}
    m = map_class(*pair, dict(list(model.items())[:20]))
    assert m.reserve(200) is None
    assert_same(m, dict(list(model.items())[:20]))
    before = m.stats().growths
    m.update(model)
    assert m.stats().growths == before
    assert_same(m, model)
    m.reserve(0)
    assert_same(m, model)


def test_union(map_class: Class) -> None:
    m, other, d = map_class(int, int, {1: 1, 2: 2}), map_class("int8", "int8", {2: 3, 4: 4}), {2: 5, 6: 6}
    for result, expected in [
        (m | other, {1: 1, 2: 3, 4: 4}),
        (other | m, {1: 1, 2: 2, 4: 4}),
        (m | d, {1: 1, 2: 5, 6: 6}),
        (d | m, {1: 1, 2: 2, 6: 6}),
        (m | MappingProxyType(d), {1: 1, 2: 5, 6: 6}),
        (UserDict(d) | m, {1: 1, 2: 2, 6: 6}),
    ]:
        assert dict(result) == expected
    assert type(m | d) is type(d | m) is map_class
    assert (other | m).key_type.name == "int8"
    assert_same(m, {1: 1, 2: 2})
    assert_same(other, {2: 3, 4: 4})
    assert d == {2: 5, 6: 6}

    kept = m
    m |= d
    m |= [(7, 7)]
    assert m is kept
    assert_same(m, {1: 1, 2: 5, 6: 6, 7: 7})
    d |= m
    assert type(d) is dict
    assert d == m
    for wrong in (5, None, [(1, 2)], "text", {1, 2}):
        with pytest.raises(TypeError, match="unsupported operand"):
            m | wrong
        with pytest.raises(TypeError, match="unsupported operand"):
            wrong | m
    with pytest.raises(TypeError, match="not iterable"):
        m |= 5


def test_equality(map_class: Class) -> None:
    m = map_class(int, int, {1: 2, 3: 4})
    equal = [m, m.copy(), {3: 4, 1: 2}, {1.0: 2.0, 3: 4}, OrderedDict({1: 2, 3: 4}), UserDict({1: 2, 3: 4})]
    equal += [map_class("uint8", float, {1: 2, 3: 4}), MappingProxyType({1: 2, 3: 4})]
    for other in equal:
        assert m == other
        assert other == m
        assert (m != other) is (other != m) is False
    unequal = [{}, {1: 2}, {1: 2, 3: 5}, {1: 2, 4: 4}, {1: 2, 3: 4, 5: 6}, {"a": 2, "b": 4}, {1: None, 3: 4}]
    unequal += [map_class(int, int), map_class(float, float, {1.5: 2, 3: 4})]
    unequal += [map_class("[1]byte", int, {b"a": 2, b"b": 4}), map_class(bool, int, {True: 2, False: 4})]
    unequal += [None, 5, "text", [(1, 2), (3, 4)], {1, 3}, m.items(), object()]
    for other in unequal:
        assert m != other
        assert other != m
        assert (m == other) is (other == m) is False
    assert map_class(int, int) == {} == map_class("[4]byte", float)
    for operation in (operator.lt, operator.le, operator.gt, operator.ge):
        with pytest.raises(TypeError, match="not supported"):
            operation(m, m)


def test_equality_with_what_fails(map_class: Class) -> None:
    class Failing:
        def __eq__(self, other: object) -> bool:
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        map_class(int, int, {1: 2}) == {1: Failing()}  # noqa: B015


def test_unhashable(map_class: Class) -> None:
    m = map_class(int, int)
    with pytest.raises(TypeError, match="unhashable"):
        hash(m)
    assert not isinstance(m, Hashable)


# ---- display -----------------------------------------------------------------------------------------


def test_repr(map_class: Class) -> None:
    name = map_class.__name__
    assert repr(map_class(int, "*[4]byte")) == f"{name}('int', '*[4]byte')"
    assert repr(map_class(int, float, {1: 2})) == f"{name}('int', 'float64', {{1: 2.0}})"
    m = map_class("int8", "[2]byte", dict.fromkeys(range(6), b"ab"))
    assert eval(repr(m), {name: map_class}) == m
    assert type("Sub", (map_class,), {})(int, int).__repr__() == "Sub('int', 'int')"


def test_repr_is_short(map_class: Class) -> None:
    m = map_class(int, int, {i: i for i in range(1_006)})
    assert repr(m).endswith(", ... 1,000 more})")
    assert repr(m).count(":") == 6
    m = map_class("[4000]byte", "[4000]byte", {bytes([i]) * 4000: bytes(4000) for i in range(20)})
    assert len(repr(m)) < 1000
    assert "..." in repr(m)
    assert len(repr(m.items())) < 1020


def test_repr_of_huge_values_is_cheap(map_class: Class) -> None:
    m = map_class(int, "[10_000_000]byte", {i: bytes(10_000_000) for i in range(3)})
    tracemalloc.start()
    try:
        assert len(repr(m)) < 1000
        assert tracemalloc.get_traced_memory()[1] < 25_000_000  # two values at a time, and no more
    finally:
        tracemalloc.stop()


# ---- protocols ---------------------------------------------------------------------------------------


def test_match(map_class: Class) -> None:
    for m in (map_class(int, int, {1: 2, 3: 4}), Plain(int, int, {1: 2, 3: 4})):
        match m:
            case {1: 5}:
                pytest.fail("no such entry")
            case {1: value, 3: 4, **rest}:
                assert (value, rest) == (2, {})
            case _:
                pytest.fail("not a mapping")
        match m:
            case {1: two, **rest}:
                assert (two, rest) == (2, {3: 4})
        match m:
            case [*_]:
                pytest.fail("not a sequence")


def test_abstract_classes(map_class: Class) -> None:
    m = map_class(int, int)
    for abstract in (MutableMapping, Mapping, Collection):
        assert isinstance(m, abstract)
        assert issubclass(map_class, abstract)
    assert not isinstance(m, Sequence)
    assert not isinstance(m, Set)
    assert not isinstance(m, Iterator)
    for name in dir(dict):
        if name[0] != "_":
            assert callable(getattr(map_class, name))


def test_passing_on_as_keywords(map_class: Class) -> None:
    with pytest.raises(TypeError, match="keywords must be strings"):
        dict(**map_class(int, int, {1: 2}))
    assert {**map_class(int, int, {1: 2})} == {1: 2}
    assert dict(map_class(int, int, {1: 2})) == {1: 2}


def test_generic_alias(map_class: Class) -> None:
    alias = map_class[int, bytes]  # test_alias.py has the rest
    assert isinstance(alias, GenericAlias)
    assert alias.__origin__ is map_class
    assert alias.__args__ == (int, bytes)
    assert type(map_class[int, "[4]byte"]()) is map_class


@pytest.mark.parametrize(
    ("name", "signature"),
    [
        ("get", "(self, key, default=None, /)"),
        ("update", "(self, other=(), values=Ellipsis, /, **entries)"),
        ("reserve", "(self, count, /)"),
        ("popitem", "(self, /)"),
        ("memory", "(self, /)"),
    ],
)
def test_signatures_can_be_asked_for(map_class: Class, name: str, signature: str) -> None:
    assert str(inspect.signature(getattr(map_class, name))) == signature


def test_weak_references(map_class: Class) -> None:
    for cls in (map_class, type("Sub", (map_class,), {}), type("Slots", (map_class,), {"__slots__": ()})):
        m = cls(int, int)
        told: list[Any] = []
        reference = weakref.ref(m, told.append)
        assert reference() is m
        del m
        assert reference() is None
        assert told == [reference]
    views = weakref.WeakValueDictionary({1: map_class(int, int)})
    assert 1 not in views


def test_no_attributes(map_class: Class) -> None:
    m = map_class(int, int)
    for name in ("x", "nbytes", "key_type", "keys"):
        with pytest.raises(AttributeError):
            setattr(m, name, 1)


def test_getsizeof(map_class: Class, pair: tuple[str, str], examples: Examples) -> None:
    m = map_class(*pair, dict.fromkeys(examples(pair[0], 100), examples(pair[1], 1)[0]))
    assert sys.getsizeof(m) == m.nbytes > 0


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"__slots__": ()},
        {"__slots__": ("one", "two")},
        {"__slots__": ("one", "__dict__")},
    ],
    ids=lambda body: str(body.get("__slots__", "dict")),
)
def test_getsizeof_of_a_subclass(map_class: Class, body: dict[str, Any]) -> None:
    m = type("Sub", (map_class,), body)(int, int, {i: i for i in range(100)})
    assert sys.getsizeof(m) == m.nbytes
