"""Pickling, classes derived from the maps, and reference cycles, as dict has them."""

from __future__ import annotations

import copy
import gc
import pickle
import sys
import weakref
from collections.abc import (
    Callable,
    Iterator,
)
from typing import Any

import pytest
from support import Class, Counting, Examples, Plain, Slotted, assert_same

from gomap import GoMap
from gomap._core import _restore

# ---- pickling ----------------------------------------------------------------------------------------

PROTOCOLS = range(pickle.HIGHEST_PROTOCOL + 1)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_pickle(map_class: Class, pair: tuple[str, str], examples: Examples, protocol: int) -> None:
    keys, values = examples(pair[0], 100), examples(pair[1], 100)
    model = {key: values[i % len(values)] for i, key in enumerate(keys)}
    for expected in ({}, model):
        m = map_class(*pair, expected)
        restored = pickle.loads(pickle.dumps(m, protocol))
        assert type(restored) is map_class
        assert (restored.key_type, restored.value_type) == (m.key_type, m.value_type)
        assert (restored.key_type.name, restored.value_type.name) == pair
        assert_same(restored, expected)


@pytest.mark.parametrize("protocol", PROTOCOLS)
def test_pickle_of_a_subclass(protocol: int) -> None:
    m = Plain(int, int, {1: 2})
    m.label, m.cycle = "spam", m
    restored = pickle.loads(pickle.dumps(m, protocol))
    assert type(restored) is Plain
    assert_same(restored, {1: 2})
    assert restored.label == "spam"
    assert restored.cycle is restored

    counted = pickle.loads(pickle.dumps(Counting(1, 1, 2), protocol))  # without its __init__
    assert_same(counted, {1: 2, 2: 1})
    assert counted.words == (1, 1, 2)


def test_attributes_in_slots_are_pickled_and_copied() -> None:
    m = Slotted(int, int, {1: 2})
    m.label = "spam"
    for copied in (copy.copy(m), copy.deepcopy(m), pickle.loads(pickle.dumps(m))):
        assert_same(copied, {1: 2})
        assert copied.label == "spam"
        assert not hasattr(copied, "missing")


class WithState(GoMap[Any, Any]):
    def __getstate__(self) -> object:
        return {"label": "from getstate"}


class Reduced(GoMap[Any, Any]):
    def __reduce__(self) -> Any:
        return Reduced, (int, int, [(5, 6)])


def test_pickling_as_a_subclass_says() -> None:
    assert pickle.loads(pickle.dumps(WithState(int, int))).label == "from getstate"
    assert_same(pickle.loads(pickle.dumps(Reduced(int, int))), {5: 6})


def test_pickle_of_the_other_byte_order(map_class: Class) -> None:
    order = "big" if sys.byteorder == "little" else "little"
    packed = b"".join(
        key.to_bytes(4, order, signed=True) + value for key, value in [(1, b"ab"), (-2, b"cd"), (2**31 - 1, b"ef")]
    )
    m = _restore(map_class, "int32", "[2]byte", 3, packed, order)
    assert_same(m, {1: b"ab", -2: b"cd", 2**31 - 1: b"ef"})


ENTRY = (5).to_bytes(8, sys.byteorder) + (6).to_bytes(8, sys.byteorder)


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (("int", "int", 2, ENTRY, sys.byteorder), ValueError),
        (("int", "int", 0, ENTRY, sys.byteorder), ValueError),
        (("int", "int", -1, ENTRY, sys.byteorder), ValueError),
        (("int", "int", 2**70, ENTRY, sys.byteorder), ValueError),
        (("int", "int", 1, ENTRY[:-1], sys.byteorder), ValueError),
        (("int", "int", 1, "text", sys.byteorder), ValueError),
        (("int", "int", 1, None, sys.byteorder), ValueError),
        (("int", "spam", 1, ENTRY, sys.byteorder), ValueError),
        (("*int", "int", 1, ENTRY, sys.byteorder), ValueError),
        (("int", None, 1, ENTRY, sys.byteorder), ValueError),
        ((None, "int", 1, ENTRY, sys.byteorder), ValueError),
        (("int", 5, 1, ENTRY, sys.byteorder), TypeError),
    ],
)
def test_corrupt_pickles(map_class: Class, arguments: tuple[Any, ...], error: type[Exception]) -> None:
    with pytest.raises(error):
        _restore(map_class, *arguments)


@pytest.mark.parametrize(
    "arguments",
    [
        ("int", "int", 2, 2 * ENTRY, sys.byteorder),  # one key twice
        ("[0]byte", "[0]byte", 50_000_000, b"", sys.byteorder),  # and as many times as it says
        ("bool", "int8", 1, b"\x07\0", sys.byteorder),  # no bool
        ("int", "int", 1, ENTRY, "middle"),
        ("int", "int", "1", ENTRY, sys.byteorder),
        ("int", "int", 1.0, ENTRY, sys.byteorder),
    ],
    ids=["key twice", "many of no bytes", "no bool", "byte order", "count", "float count"],
)
def test_corrupt_pickles_that_are_harder_to_tell(map_class: Class, arguments: tuple[Any, ...]) -> None:
    with pytest.raises(ValueError, match=r"^pickled"):
        _restore(map_class, *arguments)


def test_pickle_that_names_another_class() -> None:
    for other in (dict, object, int):
        with pytest.raises(TypeError):
            _restore(other, "int", "int", 0, b"", sys.byteorder)


def test_damaged_pickles_never_break_a_map(map_class: Class) -> None:
    pickled = pickle.dumps(map_class("uint8", "[3]byte", {i: bytes([i]) * 3 for i in range(20)}))
    for position in range(len(pickled)):
        for damage in (0x00, 0x20, 0xFF):
            damaged = pickled[:position] + bytes([pickled[position] ^ damage]) + pickled[position + 1 :]
            try:
                restored = pickle.loads(damaged)
            except Exception:
                continue
            if isinstance(restored, map_class):
                assert restored._check() is None


def test_deepcopy_keeps_what_belongs_together() -> None:
    m = Plain(int, int, {1: 2})
    m.friends = [m]
    copied = copy.deepcopy([m, m])
    assert copied[0] is copied[1] is not m
    assert copied[0].friends == [copied[0]]
    assert copied[0].friends[0] is copied[0]
    assert copy.copy(m).friends is m.friends
    assert_same(copied[0], {1: 2})


# ---- subclasses --------------------------------------------------------------------------------------


def test_subclass_with_its_own_constructor() -> None:
    m = Counting(3, 3, 5)
    assert_same(m, {3: 2, 5: 1})
    assert m[9] == 0
    assert 9 not in m
    assert m.get(9) is None
    assert type(m.copy()) is type(m | {1: 2}) is type({1: 2} | m) is Counting
    with pytest.raises(TypeError):
        m["a"]


def test_missing_gets_the_key_as_it_came(map_class: Class) -> None:
    class Echo(map_class):
        def __missing__(self, key: object) -> object:
            return key

    assert Echo("int8", int)[2**70] == 2**70
    key = bytearray(b"abcd")
    assert Echo("[4]byte", int)[key] is key
    with pytest.raises(KeyError):
        del Echo(int, int)[1]
    with pytest.raises(KeyError):
        Echo(int, int).pop(1)


def test_subclass_with_slots() -> None:
    m = Slotted(int, int)
    m.label = "spam"
    assert m.label == "spam"
    with pytest.raises(AttributeError):
        m.other = 1


def test_subclass_that_overrides(map_class: Class) -> None:
    class Doubling(map_class):
        def __setitem__(self, key: int, value: int) -> None:
            super().__setitem__(key, 2 * value)

        def __getitem__(self, key: int) -> int:
            return int(super().__getitem__(key)) + 1

        def __contains__(self, key: object) -> bool:
            return key == "always" or super().__contains__(key)

    m = Doubling(int, int)
    m[1] = 5
    assert m[1] == 11
    assert m.get(1) == 10  # as with dict, methods do not go through overridden ones
    assert "always" in m


def test_constructor_goes_through_no_overridden_method(map_class: Class) -> None:
    class Sub(map_class):
        def update(self, *arguments: Any, **entries: Any) -> None:
            raise AssertionError("called before __init__ is done")

    assert_same(Sub(int, int, {1: 2}), {1: 2})


def test_init_twice_updates(map_class: Class) -> None:
    m = map_class(int, int, {1: 2, 3: 4})
    m.__init__(int, int)
    m.__init__("int64", int, {3: 5}, capacity=10)
    assert_same(m, {1: 2, 3: 5})
    with pytest.raises(
        TypeError, match=r"^this is a map\[int\]int, and its types cannot change; make a new one for other types$"
    ):
        m.__init__(int, float, {3: 5})
    with pytest.raises(TypeError):
        m.__init__(int, int, {"a": 5})
    assert_same(m, {1: 2, 3: 5})


UNREADY: dict[str, Callable[[Any], Any]] = {
    "len": len,
    "bool": bool,
    "in": lambda m: 1 in m,
    "get item": lambda m: m[1],
    "set item": lambda m: m.__setitem__(1, 2),
    "del item": lambda m: m.__delitem__(1),
    "iter": iter,
    "get": lambda m: m.get(1),
    "setdefault": lambda m: m.setdefault(1),
    "pop": lambda m: m.pop(1, None),
    "popitem": lambda m: m.popitem(),
    "update": lambda m: m.update({1: 2}),
    "update with nothing": lambda m: m.update(),
    "clear": lambda m: m.clear(),
    "copy": lambda m: m.copy(),
    "copy.copy": copy.copy,
    "copy.deepcopy": copy.deepcopy,
    "pickle": pickle.dumps,
    "keys": lambda m: m.keys(),
    "values": lambda m: m.values(),
    "items": lambda m: m.items(),
    "|": lambda m: m | {},
    "| reversed": lambda m: {} | m,
    "|=": lambda m: m.__ior__({}),
    "== of a map": lambda m: m == {},
    "== to a map": lambda m: GoMap(int, int) == m,
    "update a map": lambda m: GoMap(int, int).update(m),
    "make a map": lambda m: GoMap(int, int, m),
    "reserve": lambda m: m.reserve(1),
    "nbytes": lambda m: m.nbytes,
    "getsizeof": sys.getsizeof,
    "memory": lambda m: m.memory(),
    "stats": lambda m: m.stats(),
    "reset_peak": lambda m: m.reset_peak(),
    "key_type": lambda m: m.key_type,
    "value_type": lambda m: m.value_type,
    "check": lambda m: m._check(),
    "walk": lambda m: m._walk(),
}


@pytest.mark.parametrize("operation", UNREADY.values(), ids=UNREADY)
def test_without_init(map_class: Class, operation: Callable[[Any], Any]) -> None:
    m = map_class.__new__(map_class)
    with pytest.raises(ValueError, match=rf"^{map_class.__name__}.__init__\(\) has not been called$"):
        operation(m)
    assert repr(m) == f"<{map_class.__name__}, not initialised>"
    assert m == m
    m.__init__(int, int, {1: 2})
    assert_same(m, {1: 2})


def test_init_that_failed_can_be_done_again(map_class: Class) -> None:
    m = map_class.__new__(map_class)
    with pytest.raises(ValueError, match="unknown type 'spam'"):
        m.__init__(int, "spam")
    with pytest.raises(ValueError, match="has not been called"):
        len(m)
    m.__init__(int, int)
    assert_same(m, {})


# ---- reference cycles --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "attribute",
    [
        lambda m: m,
        iter,
        lambda m: iter(m.items()),
        lambda m: m.keys(),
        lambda m: [m, iter(m), m.values(), iter(m.values())],
        lambda m: m.get,
    ],
    ids=["itself", "iterator", "items iterator", "view", "list", "method"],
)
@pytest.mark.parametrize("slots", [False, True], ids=["dict", "slots"])
def test_cycles_are_collected(map_class: Class, slots: bool, attribute: Callable[[Any], Any]) -> None:
    cls = type("Sub", (map_class,), {"__slots__": ("kept",)} if slots else {})
    m = cls(int, "[129]byte", {i: bytes(129) for i in range(100)})
    m.kept = attribute(m)
    if isinstance(m.kept, Iterator):
        next(m.kept)
    reference = weakref.ref(m)
    gc.collect()
    assert reference() is m
    del m
    assert reference() is not None
    gc.collect()
    assert reference() is None


def test_cycle_whose_finalizer_uses_the_map(map_class: Class) -> None:
    class Final(map_class):
        def __del__(self) -> None:
            self[5] = 6
            result.append((dict(self), sorted(self), self._check(), next(self.kept, "ended")))

    result: list[Any] = []
    m = Final(int, int, {1: 2, 3: 4})
    m.kept = iter(m)
    assert next(m.kept) in (1, 3)
    m.kept = iter(())
    m.cycle = m
    del m
    gc.collect()
    assert result == [({1: 2, 3: 4, 5: 6}, [1, 3, 5], None, "ended")]
