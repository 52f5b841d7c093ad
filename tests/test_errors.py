"""What is refused, with which words, and that a map is as it was afterwards."""

from __future__ import annotations

import operator
import re
import sys
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from numbers import Real
from typing import Any

import pytest
from support import HUGE, Acting, ActingInt, Nameless, each, label, refused

from gomap import BaseMap

Class = Any  # one of the map classes
Operation = Callable[[Any, Any], Any]

INEXACT = "it cannot hold this int exactly; to round it, pass a float"


LOOKUPS: dict[str, Operation] = {
    "[]": lambda m, key: m[key],
    "in": lambda m, key: key in m,
    "get": lambda m, key: m.get(key),
    "get default": lambda m, key: m.get(key, 7),
    "pop": lambda m, key: m.pop(key),
    "pop default": lambda m, key: m.pop(key, 7),
    "del": operator.delitem,
    "in keys()": lambda m, key: key in m.keys(),  # noqa: SIM118
    "in items()": lambda m, key: (key, 1) in m.items(),
}
KEY_STORES: dict[str, Operation] = {
    "set": lambda m, key: operator.setitem(m, key, 1),
    "setdefault": lambda m, key: m.setdefault(key),
    "setdefault value": lambda m, key: m.setdefault(key, 1),
    "update": lambda m, key: m.update([(key, 1)]),
    "update generator": lambda m, key: m.update((key, 1) for _ in range(1)),
    "|=": lambda m, key: operator.ior(m, [(key, 1)]),
    "init": lambda m, key: m.__init__(m.key_type, m.value_type, [(key, 1)]),
}
VALUE_STORES: dict[str, Operation] = {
    "set": lambda m, value: operator.setitem(m, 1, value),
    "set new": lambda m, value: operator.setitem(m, 2, value),
    "setdefault": lambda m, value: m.setdefault(1, value),
    "setdefault new": lambda m, value: m.setdefault(2, value),
    "update": lambda m, value: m.update({1: value}),
    "update pairs": lambda m, value: m.update([(2, value)]),
    "|=": lambda m, value: operator.ior(m, {2: value}),
}


#: An example of a value, to put into a map before something else is refused.
EXAMPLE: dict[str, Any] = {
    **dict.fromkeys(("int", "int8", "int16", "int32", "uint8", "uint16", "uint32", "uint64"), 1),
    "float32": 1.0,
    "float64": 1.0,
    "bool": True,
    **{f"[{size}]byte": bytes(size) for size in (0, 4, 129)},
}


# ---- wrong types -------------------------------------------------------------------------------------

WRONG_TYPE: list[tuple[str, Any, str]] = [
    ("int", "1", "expected int for type int, got str '1'"),
    ("int", b"1", "expected int for type int, got bytes b'1'"),
    ("int", 1.5, "expected int for type int, got float 1.5"),
    ("int", 1.0, "expected int for type int, got float 1.0"),
    ("int", None, "expected int for type int, got NoneType None"),
    ("int", True, "expected int for type int, got bool True"),
    ("int", (1,), "expected int for type int, got tuple (1,)"),
    ("int", [1], "expected int for type int, got list [1]"),
    ("int", Nameless(), "expected int for type int, got Nameless <nameless>"),
    ("int", int, "expected int for type int, got type <class 'int'>"),
    ("uint64", -1.0, "expected int for type uint64, got float -1.0"),
    ("uint64", False, "expected int for type uint64, got bool False"),
    ("uint8", "a", "expected int for type uint8, got str 'a'"),
    ("int16", Decimal(1), "expected int for type int16, got Decimal Decimal('1')"),
    ("float64", "1", "expected float for type float64, got str '1'"),
    ("float64", b"1", "expected float for type float64, got bytes b'1'"),
    ("float64", None, "expected float for type float64, got NoneType None"),
    ("float64", True, "expected float for type float64, got bool True"),
    ("float64", 1j, "expected float for type float64, got complex 1j"),
    ("float32", [], "expected float for type float32, got list []"),
    ("float32", Fraction(1, 3), "expected float for type float32, got Fraction Fraction(1, 3)"),
    ("bool", 1, "expected bool for type bool, got int 1"),
    ("bool", 0.0, "expected bool for type bool, got float 0.0"),
    ("bool", None, "expected bool for type bool, got NoneType None"),
    ("bool", "", "expected bool for type bool, got str ''"),
    ("[4]byte", "spam", "expected bytes for type [4]byte, got str 'spam'"),
    ("[4]byte", 4, "expected bytes for type [4]byte, got int 4"),
    ("[4]byte", None, "expected bytes for type [4]byte, got NoneType None"),
    ("[4]byte", [1, 2, 3, 4], "expected bytes for type [4]byte, got list [1, 2, 3, 4]"),
    ("[0]byte", "", "expected bytes for type [0]byte, got str ''"),
    ("[129]byte", "x" * 129, "expected bytes for type [129]byte, got str '" + "x" * 56 + "..."),
]
wrong_type = pytest.mark.parametrize(("spelling", "wrong", "words"), WRONG_TYPE, ids=label)


@wrong_type
def test_key_of_a_wrong_type(map_class: Class, spelling: str, wrong: Any, words: str) -> None:
    for held in ({}, {EXAMPLE[spelling]: 5}):
        m = map_class(spelling, int, held)
        for operation in (LOOKUPS | KEY_STORES).values():
            with refused(m, TypeError, "key: " + words):
                operation(m, wrong)


@wrong_type
def test_value_of_a_wrong_type(map_class: Class, spelling: str, wrong: Any, words: str) -> None:
    for name in (spelling, "*" + spelling):
        m = map_class(int, name, {1: EXAMPLE[spelling]})
        for operation in VALUE_STORES.values():
            with refused(m, TypeError, "value: " + words.replace(f"for type {spelling}", f"for type {name}")):
                operation(m, wrong)


@pytest.mark.parametrize("wrong", [Decimal("0.5"), Fraction(1, 2)], ids=repr)
def test_numbers_of_another_kind_are_no_floats(map_class: Class, wrong: Any) -> None:
    m = map_class(float, float, {1.0: 1.0})
    with refused(m, TypeError, f"key: expected float for type float64, got {type(wrong).__name__} {wrong!r}"):
        m[wrong] = 1.0


@pytest.mark.parametrize("content", [HUGE, None], ids=label)
def test_objects_that_cannot_be_shown(map_class: Class, content: Any) -> None:
    class Unshowable(list[Any]):
        def __repr__(self) -> str:
            if content is None:
                raise ZeroDivisionError
            return super().__repr__()

    m = map_class(int, int, {1: 2})
    for operation in (LOOKUPS | KEY_STORES).values():
        with pytest.raises(TypeError, match=r"^key: expected int for type int, got Unshowable"):
            operation(m, Unshowable([content]))


@pytest.mark.parametrize("wrong", [0, False, (), "", b"", {}, Nameless()], ids=label)
def test_value_that_is_not_nothing(map_class: Class, wrong: Any) -> None:
    m = map_class(int, None, {1: None})
    words = f"value: expected None for type struct{{}}, got {type(wrong).__name__} {wrong!r}"
    for operation in VALUE_STORES.values():
        with refused(m, TypeError, words):
            operation(m, wrong)


# ---- out of range ------------------------------------------------------------------------------------

LIMITS = {
    **{f"int{bits}": (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1) for bits in (8, 16, 32)},
    **{f"uint{bits}": (0, 2**bits - 1) for bits in (8, 16, 32, 64)},
    "int": (-(2**63), 2**63 - 1),
}
OUT_OF_RANGE: list[tuple[str, Any, str]] = [
    *(
        (name, wrong, f"{shown} is out of range for {name} ({low} to {high})")
        for name, (low, high) in LIMITS.items()
        for wrong, shown in [
            (low - 1, str(low - 1)),
            (high + 1, str(high + 1)),
            (2**64, str(2**64)),
            (-(2**64), str(-(2**64))),
            (2**200, str(2**200)[:57] + "..." if len(str(2**200)) > 60 else str(2**200)),
            (HUGE, f"an int of {HUGE.bit_length()} bits"),
            (-HUGE, f"an int of {HUGE.bit_length()} bits"),
        ]
    ),
]
OUT_OF_RANGE_FLOATS: list[tuple[str, Any, str]] = [
    ("float32", 1e39, "1e+39 is out of range for float32 (largest is 3.4028235e+38)"),
    ("float32", -1e300, "-1e+300 is out of range for float32 (largest is 3.4028235e+38)"),
    ("float32", 10**40, f"{10**40} is out of range for float32 ({INEXACT})"),
    ("float32", HUGE, f"an int of {HUGE.bit_length()} bits is out of range for float32 ({INEXACT})"),
    ("float64", 2**53 + 1, f"{2**53 + 1} is out of range for float64 ({INEXACT})"),
    ("float64", -(2**63) - 1, f"{-(2**63) - 1} is out of range for float64 ({INEXACT})"),
    ("float64", HUGE, f"an int of {HUGE.bit_length()} bits is out of range for float64 ({INEXACT})"),
]
ROUNDED = ("float32", 2**24 + 1, f"{2**24 + 1} is out of range for float32 ({INEXACT})")
out_of_range = pytest.mark.parametrize(
    ("spelling", "wrong", "words"),
    [
        *OUT_OF_RANGE,
        *OUT_OF_RANGE_FLOATS,
        ROUNDED,
    ],
    ids=label,
)


@out_of_range
def test_key_out_of_range_when_stored(map_class: Class, spelling: str, wrong: Any, words: str) -> None:
    for operation in KEY_STORES.values():
        m = map_class(spelling, int, {EXAMPLE[spelling]: 5})
        with refused(m, OverflowError, "key: " + words):
            operation(m, wrong)


@out_of_range
def test_value_out_of_range(map_class: Class, spelling: str, wrong: Any, words: str) -> None:
    for operation in VALUE_STORES.values():
        for name in (spelling, "*" + spelling):
            m = map_class(int, name, {1: EXAMPLE[spelling]})
            with refused(m, OverflowError, "value: " + words.replace(f"for {spelling}", f"for {name}")):
                operation(m, wrong)


@pytest.mark.parametrize(("spelling", "wrong"), [row[:2] for row in OUT_OF_RANGE + OUT_OF_RANGE_FLOATS], ids=label)
def test_key_out_of_range_is_absent(map_class: Class, spelling: str, wrong: Any) -> None:
    m = map_class(spelling, int, {EXAMPLE[spelling]: 5})
    assert wrong not in m
    assert wrong not in m.keys()  # noqa: SIM118
    assert (wrong, 5) not in m.items()
    assert m.get(wrong) is None
    assert m.get(wrong, 7) == m.pop(wrong, 7) == 7
    for operation in (LOOKUPS["[]"], LOOKUPS["del"], LOOKUPS["pop"]):
        with pytest.raises(KeyError) as caught:
            operation(m, wrong)
        assert caught.value.args == (wrong,)
    assert m == {EXAMPLE[spelling]: 5}


@pytest.mark.parametrize(("name", "limits"), LIMITS.items())
def test_limits_are_in_range(map_class: Class, name: str, limits: tuple[int, int]) -> None:
    low, high = limits
    m = map_class(name, "*" + name, {low: high, high: low})
    assert dict(m.items()) == {low: high, high: low}


# ---- wrong lengths -----------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 4, 129])
def test_key_of_a_wrong_length(map_class: Class, size: int) -> None:
    for length in {0, size - 1, size + 1, 1000} - {size, -1}:
        for kind in (bytes, bytearray, memoryview):
            for held in ({}, {bytes(size): 5}):
                m = map_class(f"[{size}]byte", int, held)
                for operation in (LOOKUPS | KEY_STORES).values():
                    with refused(m, ValueError, f"key: expected {size} bytes for type [{size}]byte, got {length}"):
                        operation(m, kind(bytes(length)))


@pytest.mark.parametrize("spelling", ["[0]byte", "[4]byte", "*[4]byte", "[129]byte"])
def test_value_of_a_wrong_length(map_class: Class, spelling: str) -> None:
    size = int(re.findall("[0-9]+", spelling)[0])
    m = map_class(int, spelling, {1: bytes(size)})
    for length in {0, size - 1, size + 1, 1000} - {size, -1}:
        for operation in VALUE_STORES.values():
            with refused(m, ValueError, f"value: expected {size} bytes for type {spelling}, got {length}"):
                operation(m, bytes(length))


def test_views_of_memory_that_are_no_bytes(map_class: Class) -> None:
    m = map_class("[4]byte", "[4]byte", {b"spam": b"eggs"})
    view = memoryview(b"spam").cast("I")
    words = "expected bytes for type [4]byte, got a memoryview with items of 4 bytes; write view.tobytes()"
    for operation in LOOKUPS.values():
        with refused(m, TypeError, "key: " + words):
            operation(m, view)
    with refused(m, TypeError, "value: " + words):
        m[b"spam"] = view
    released = memoryview(b"spam")
    released.release()
    for wrong, error in [(released, ValueError), (memoryview(b"s.p.a.m.")[::2], BufferError)]:
        with pytest.raises(error):
            m[wrong] = b"eggs"
        with pytest.raises(error):
            m[b"spam"] = wrong
    assert m == {b"spam": b"eggs"}
    assert m._check() is None


# ---- conversions that run code -----------------------------------------------------------------------


@Real.register
class ActingFloat(Acting):
    def __float__(self) -> float:
        self.action()
        return float(self.number)

    def __eq__(self, other: object) -> bool:
        return self.number == other

    __hash__ = None


def no_number() -> None:
    raise ZeroDivisionError("no number today")


@pytest.mark.parametrize("kind", [ActingInt, ActingFloat])
def test_numbers_that_raise(map_class: Class, kind: type[Acting]) -> None:
    number = int if kind is ActingInt else float
    m = map_class(number, int, {1: 5, 2: 6})
    for operation in (LOOKUPS | KEY_STORES).values():
        with refused(m, ZeroDivisionError, "no number today"):
            operation(m, kind(1, no_number))
    m = map_class(int, number, {1: 5})
    for operation in VALUE_STORES.values():
        with refused(m, ZeroDivisionError, "no number today"):
            operation(m, kind(1, no_number))


def test_index_that_returns_no_int(map_class: Class) -> None:
    class Wrong:
        def __index__(self) -> Any:
            return "1"

    with pytest.raises(TypeError) as caught:  # the interpreter words it, from version to version otherwise
        operator.index(Wrong())
    message = str(caught.value)
    assert "__index__" in message
    assert "str" in message
    m = map_class(int, int, {1: 5})
    for operation in (LOOKUPS | KEY_STORES).values():
        with refused(m, TypeError, message):
            operation(m, Wrong())
    with pytest.raises(TypeError) as caught:
        map_class(int, int, capacity=Wrong())
    assert str(caught.value) == message
    with refused(m, TypeError, message):
        m.reserve(Wrong())


ACTIONS: dict[str, Callable[[Any], Any]] = {
    "clear": lambda m: m.clear(),
    "delete": lambda m: m.pop(5, None),
    "insert": lambda m: m.__setitem__(5, 50),
    "grow": lambda m: m.update({i: -i for i in range(1000, 3000)}),
    "empty": lambda m: [m.popitem() for _ in range(len(m))],
    "reserve": lambda m: m.reserve(100_000) if isinstance(m, BaseMap) else None,
}


@each(LOOKUPS | KEY_STORES)
@pytest.mark.parametrize("kind", [ActingInt, ActingFloat])
def test_key_that_changes_the_map(map_class: Class, kind: type[Acting], operation: Operation) -> None:
    """A dict where the change comes first says what is expected."""
    as_dict_does = operation
    if operation is KEY_STORES["setdefault"]:
        as_dict_does = lambda d, key: d.setdefault(key, 0)  # noqa: E731
    elif operation is KEY_STORES["init"]:
        as_dict_does = lambda d, key: d.update({key: 1})  # noqa: E731
    for action in ACTIONS.values():
        for absent in (5, 6):
            model = {i: i for i in range(100) if i != absent}
            m = map_class(int if kind is ActingInt else float, int, model)
            action(model)
            key = kind(5, lambda: action(m))  # noqa: B023
            try:
                expected = as_dict_does(model, 5)
            except KeyError:
                with pytest.raises(KeyError) as caught:
                    operation(m, key)
                assert caught.value.args == (key,)
            else:
                result = operation(m, key)
                assert result is m if expected is model else result == expected
            assert dict(m.items()) == model
            assert m._check() is None


@each(VALUE_STORES)
def test_value_that_changes_the_map(map_class: Class, operation: Operation) -> None:
    for action in ACTIONS.values():
        model = {i: i for i in range(100) if i != 2}
        m = map_class(int, int, model)
        operation(m, ActingInt(7, lambda: action(m)))  # noqa: B023
        action(model)
        operation(model, 7)
        assert dict(m.items()) == model
        assert m._check() is None


@pytest.mark.skipif(sys.version_info < (3, 12), reason="classes have no __buffer__ yet")
def test_objects_with_a_buffer(map_class: Class) -> None:
    class Buffer:
        def __buffer__(self, flags: int) -> memoryview:
            m.clear()
            return memoryview(b"spam")

        def __repr__(self) -> str:
            return "<buffer>"

    m = map_class("[4]byte", int, {b"spam": 1, b"eggs": 2})
    for operation in (LOOKUPS | KEY_STORES).values():
        with refused(m, TypeError, "key: expected bytes for type [4]byte, got Buffer <buffer>"):
            operation(m, Buffer())
    m[memoryview(Buffer())] = 3
    assert m == {b"spam": 3}
    assert m._check() is None


# ---- NumPy -------------------------------------------------------------------------------------------


def test_numpy_scalars_are_taken(map_class: Class, np: Any) -> None:
    m = map_class(int, float, {np.int8(-3): np.float32(0.5), np.uint64(7): np.float64(1e300)})
    assert dict(m.items()) == {-3: 0.5, 7: 1e300}
    assert np.int16(-3) in m
    assert m.pop(np.uint8(7)) == 1e300
    assert m[np.array(-3)] == 0.5
    m = map_class("float32", bool, {np.float16(0.5): np.True_, np.int8(2): np.False_})
    assert dict(m.items()) == {0.5: True, 2.0: False}
    assert all(type(value) is bool for value in m.values())
    m = map_class(bool, "uint64", {np.False_: np.uint64(2**64 - 1)})
    assert dict(m.items()) == {False: 2**64 - 1}


def test_numpy_scalars_are_refused(map_class: Class, np: Any) -> None:
    m = map_class("int8", int, {1: 2})
    with refused(m, TypeError, f"key: expected int for type int8, got float64 {np.float64(1.0)!r}"):
        m[np.float64(1.0)] = 1
    with refused(m, TypeError, f"key: expected int for type int8, got {np.bool_.__name__} {np.True_!r}"):
        m[np.True_] = 1
    with pytest.raises(OverflowError, match=r"^key: 200 is out of range for int8 \(-128"):
        m[np.int64(200)] = 1
    assert np.int64(200) not in m
    m = map_class(float, "[4]byte", {1.0: b"spam"})
    with refused(m, TypeError, f"value: expected bytes for type [4]byte, got int64 {np.int64(5)!r}"):
        m[1.0] = np.int64(5)
    m = map_class("float32", bool, {1.0: True})
    with refused(
        m, OverflowError, f"key: {np.float64(1e300)!r} is out of range for float32 (largest is 3.4028235e+38)"
    ):
        m[np.float64(1e300)] = True
    with refused(m, TypeError, f"value: expected bool for type bool, got int8 {np.int8(1)!r}"):
        m[1.0] = np.int8(1)
    for wrong in (np.array([1, 2]), np.array([1.5, 2.5])):
        with pytest.raises(TypeError):
            m[wrong] = True
        with pytest.raises(TypeError):
            m[1.0] = wrong
    assert m == {1.0: True}
    assert m._check() is None


@pytest.mark.parametrize("name", ["bool_", "bytes_", "str_"])
def test_numpy_scalars_that_are_no_floats(map_class: Class, np: Any, name: str) -> None:
    wrong = getattr(np, name)({"bool_": True, "bytes_": b"spam", "str_": "spam"}[name])
    m = map_class(float, int, {1.0: 2})
    with refused(m, TypeError, f"key: expected float for type float64, got {type(wrong).__name__} {wrong!r}"):
        m[wrong] = 1


def test_numpy_bytes_are_taken(map_class: Class, np: Any) -> None:
    m = map_class("[4]byte", "[4]byte", {np.bytes_(b"spam"): np.bytes_(b"eggs")})
    assert dict(m.items()) == {b"spam": b"eggs"}
    assert m[np.bytes_(b"spam")] == b"eggs"
