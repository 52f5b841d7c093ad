"""What is refused, with which words, and that a map is as it was afterwards."""

from __future__ import annotations

import operator
import re
import sys
from collections.abc import Callable, Iterator
from decimal import Decimal
from fractions import Fraction
from numbers import Real
from typing import Any

import pytest
from support import Acting, ActingInt, each, refused

from gomap import BaseMap, Type, make
from gomap.types import Kind, parse_map

Class = Any  # one of the map classes
Operation = Callable[[Any, Any], Any]

HUGE = 10**5000  # more digits than the interpreter turns into text
INEXACT = "it cannot hold this int exactly; to round it, pass a float"
SUPPORTED = (
    "int, int8 to int64, uint, uint8 to uint64, byte, rune, float32, float64, bool, [N]byte, string, bytes, "
    "date, datetime64[unit], datetime64[unit, UTC], timedelta64[unit], uuid, any, struct{name T; ...}, *T, struct{}"
)


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


def label(value: object) -> str:
    """A short name for a parameter; str(HUGE) cannot be had."""
    return f"{value:#x}"[:20] if isinstance(value, int) else repr(value)[:30]


class Nameless:
    def __repr__(self) -> str:
        return "<nameless>"


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


# ---- types that are spelled wrong --------------------------------------------------------------------

UNKNOWN: list[tuple[str, str, int]] = [  # with the column where reading stopped
    ("", f"expected a value type: {SUPPORTED}", 0),
    ("  ", f"expected a value type: {SUPPORTED}", 2),
    ("5", f"expected a value type: {SUPPORTED}", 0),
    ("int128", f"unknown type 'int128': expected {SUPPORTED}", 0),
    ("Int", f"unknown type 'Int': did you mean 'int'? expected {SUPPORTED}", 0),
    ("unit32", f"unknown type 'unit32': did you mean 'uint32'? expected {SUPPORTED}", 0),
    ("flaot", f"unknown type 'flaot': did you mean 'float'? expected {SUPPORTED}", 0),
    ("i8", f"unknown type 'i8': NumPy's 'i8' is 'int64' here; expected {SUPPORTED}", 0),
    ("<u4", f"NumPy's '<u4' is 'uint32' here; expected a value type: {SUPPORTED}", 0),
    ("timestamp[us]", f"unknown type 'timestamp': 'timestamp' is 'datetime64[us]' here; expected {SUPPORTED}", 0),
    ("datetime64[h]", "the units of datetime64 are s, ms, us, ns, or D for dates", 11),
    ("datetime64", "expected '[' after 'datetime64'", 10),
    ("datetime64[us, CET]", "the only time zone is UTC, to which values of other zones are converted", 15),
    ("datetime64[us UTC]", "expected ']' after the unit", 14),
    ("datetime[us]", "the only time zone is UTC, to which values of other zones are converted", 9),
    ("timedelta64[D]", "the units of timedelta64 are s, ms, us, ns", 12),
    ("timedelta64[us, UTC]", "expected ']' after the unit", 14),
    ("  spam ", f"unknown type 'spam': expected {SUPPORTED}", 2),
    ("map[int]int", f"unknown type 'map': expected {SUPPORTED}", 0),
    ("int int", "expected the end of the type here", 4),
    ("[4]byte]", "expected the end of the type here", 7),
    ("[", "expected the number of bytes after '['", 1),
    ("[]byte", "expected the number of bytes after '['", 1),
    ("[-1]byte", "expected the number of bytes after '['", 1),
    ("[ x]byte", "expected the number of bytes after '['", 2),
    ("[4", "expected ']' after the number of bytes", 2),
    ("[4 byte", "expected ']' after the number of bytes", 3),
    ("[4.0]byte", "expected ']' after the number of bytes", 2),
    ("[4]", "only arrays of byte are supported: expected 'byte' here", 3),
    ("[4] int", "only arrays of byte are supported: expected 'byte' here", 4),
    ("[2147483648]byte", "[N]byte takes N from 0 to 2147483647", 1),
    ("[99999999999999999999]byte", "[N]byte takes N from 0 to 2147483647", 1),
    ("*", f"expected a pointed-to type: {SUPPORTED}", 1),
    ("**int", "a pointer to a pointer is not supported", 0),
    ("*struct", "expected '{' after 'struct'", 7),
    (
        "*struct{int}",
        "expected a field type: a number, bool, [N]byte, string, bytes, a time, uuid, or a struct of these",
        11,
    ),
    ("*[3]bit", "only arrays of byte are supported: expected 'byte' here", 4),
]


@pytest.mark.parametrize(("spelling", "reason", "column"), UNKNOWN)
def test_type_that_is_spelled_wrong(map_class: Class, spelling: str, reason: str, column: int) -> None:
    expected = f"{reason}\n    {spelling}\n    {' ' * column}^"
    with pytest.raises(ValueError, match=f"^{re.escape(expected)}$"):
        map_class(int, spelling)
    as_key = expected.replace("a value type", "a key type")
    if "*" in spelling:
        as_key = f"a key cannot be a pointer\n    {spelling}\n    ^"
    with pytest.raises(ValueError, match=f"^{re.escape(as_key)}$"):
        map_class(spelling, int)


def test_long_spelling_shows_the_place(map_class: Class) -> None:
    spelling = " " * 500 + "int spam" + " " * 500
    with pytest.raises(ValueError, match=r"^expected the end") as caught:
        map_class(int, spelling)
    _, shown, pointer = str(caught.value).splitlines()
    assert len(shown) < 100
    assert shown[pointer.index("^") :].startswith("spam")


@pytest.mark.parametrize(
    ("spelling", "shown"),
    [
        (5, "int 5"),
        (b"int", "bytes b'int'"),
        ([], "list []"),
        (dict, "dict"),
        (complex, "complex"),
        (bytearray, "bytearray; did you mean 'bytes' or '[16]byte'?"),
        (Nameless(), "Nameless <nameless>"),
        (("int",), "tuple ('int',)"),
    ],
    ids=str,
)
def test_what_is_no_spelling(map_class: Class, spelling: Any, shown: str) -> None:
    for role, types in (("key", (spelling, int)), ("value", (int, spelling))):
        with pytest.raises(TypeError) as caught:
            map_class(*types)
        assert str(caught.value) == f"expected a {role} type ({SUPPORTED}), got {shown}"


@pytest.mark.parametrize("spelling", [None, type(None), "struct{}"])
def test_key_that_holds_nothing(map_class: Class, spelling: Any) -> None:
    words = "a key cannot be struct{}, which holds nothing\n    struct{}\n    ^"
    with pytest.raises(ValueError, match=f"^{re.escape(words)}$"):
        map_class(spelling, int)
    with pytest.raises(ValueError, match=r"^a key cannot be struct{}"):
        map_class(map_class(int, None).value_type, int)
    with pytest.raises(ValueError, match=r"^a key cannot be struct{}"):
        make("map[struct{}]int")


@pytest.mark.parametrize("wrong", [0, False, (), "", b"", {}, Nameless()], ids=label)
def test_value_that_is_not_nothing(map_class: Class, wrong: Any) -> None:
    m = map_class(int, None, {1: None})
    words = f"value: expected None for type struct{{}}, got {type(wrong).__name__} {wrong!r}"
    for operation in VALUE_STORES.values():
        with refused(m, TypeError, words):
            operation(m, wrong)


def test_key_that_is_a_pointer(map_class: Class) -> None:
    with pytest.raises(ValueError, match=r"^a key cannot be a pointer: \*int$"):
        map_class(map_class(int, "*int").value_type, int)


@pytest.mark.parametrize(
    "arguments",
    [
        ("int", Kind.INT64, 1),
        ("int8", Kind.INT8, 8),
        ("float32", Kind.FLOAT32, 8),
        ("[4]byte", Kind.BYTES, -4),
        ("[4]byte", Kind.BYTES, 2**31),
        ("spam", 99, 8),
    ],
    ids=str,
)
def test_type_made_by_hand_has_to_hold_together(map_class: Class, arguments: Any) -> None:
    with pytest.raises((TypeError, ValueError)):
        map_class(Type(*arguments), int)


@pytest.mark.parametrize("name", ["spam", "int8", ""])
def test_type_made_by_hand_has_to_be_named_as_what_it_is(map_class: Class, name: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        map_class(Type(name, Kind.INT64, 8), int)


@pytest.mark.parametrize(
    ("spelling", "reason", "column"),
    [
        ("", "expected a map type such as 'map[int][128]byte'", 0),
        ("int", "expected a map type such as 'map[int][128]byte'", 0),
        ("maps[int]int", "expected a map type such as 'map[int][128]byte'", 0),
        ("map", "expected '[' after 'map'", 3),
        ("map int", "expected '[' after 'map'", 4),
        ("map[int", "expected ']' after the key type", 7),
        ("map[int int]int", "expected ']' after the key type", 8),
        ("map[int]", f"expected a value type: {SUPPORTED}", 8),
        ("map[]int", f"expected a key type: {SUPPORTED}", 4),
        ("map[*int]int", "a key cannot be a pointer", 4),
        ("map[spam]int", f"unknown type 'spam': expected {SUPPORTED}", 4),
        ("map[int][4]bit", "only arrays of byte are supported: expected 'byte' here", 11),
        ("map[int]int]", "expected the end of the type here", 11),
    ],
)
def test_map_that_is_spelled_wrong(spelling: str, reason: str, column: int) -> None:
    words = re.escape(f"{reason}\n    {spelling}\n    {' ' * column}^")
    with pytest.raises(ValueError, match=f"^{words}$"):
        make(spelling)
    with pytest.raises(ValueError, match=f"^{words}$"):
        parse_map(spelling)


def test_map_that_is_not_spelled() -> None:
    for wrong in (None, 5, int, b"map[int]int", ("int", "int")):
        words = f"^expected a map type such as 'map.int..128.byte', got {type(wrong).__name__}$"
        with pytest.raises(TypeError, match=words):
            make(wrong)


# ---- capacity and reserve ----------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", [None, "5", 5.0, True, [], Decimal(5)], ids=repr)
def test_capacity_of_a_wrong_type(map_class: Class, wrong: Any) -> None:
    words = f"capacity: expected int, got {type(wrong).__name__} {wrong!r}"
    for call in (lambda: map_class(int, int, capacity=wrong), lambda: make("map[int]int", wrong)):
        with pytest.raises(TypeError) as caught:
            call()
        assert str(caught.value) == words


@pytest.mark.parametrize("absurd", [-1, -HUGE, 2**40, 2**48, 2**62, 2**63, 2**64, HUGE], ids=label)
def test_absurd_capacity_is_no_hint(map_class: Class, absurd: int, pair: tuple[str, str]) -> None:
    m = map_class(*pair, capacity=absurd)
    assert m.nbytes < 1000
    assert m._check() is None
    m.__init__(*pair, capacity=absurd)
    assert m.nbytes < 1000


@pytest.mark.parametrize(
    ("wrong", "error", "words"),
    [
        (None, TypeError, "reserve: expected int, got NoneType None"),
        ("5", TypeError, "reserve: expected int, got str '5'"),
        (5.0, TypeError, "reserve: expected int, got float 5.0"),
        (False, TypeError, "reserve: expected int, got bool False"),
        (-1, ValueError, "reserve: expected at least 0 entries, got -1"),
        (-HUGE, ValueError, f"reserve: expected at least 0 entries, got an int of {HUGE.bit_length()} bits"),
        (2**45, MemoryError, f"no room for {2**45} entries of map[int]int"),
        (2**62, MemoryError, f"no room for {2**62} entries of map[int]int"),
        (2**64, MemoryError, f"no room for {2**64} entries of map[int]int"),
        (HUGE, MemoryError, f"no room for an int of {HUGE.bit_length()} bits entries of map[int]int"),
    ],
    ids=label,
)
def test_reserve_refuses(map_class: Class, wrong: Any, error: type[Exception], words: str) -> None:
    for entries in (0, 100):
        m = map_class(int, int, {i: i for i in range(entries)})
        with refused(m, error, words):
            m.reserve(wrong)


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


# ---- update ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("pairs", "error", "words"),
    [
        ([5], TypeError, "update element #0: expected a (key, value) pair, got int 5"),
        ([(1, 2), None], TypeError, "update element #1: expected a (key, value) pair, got NoneType None"),
        (
            [(1, 2), (3, 4), (5,)],
            ValueError,
            "update element #2: expected a (key, value) pair, got 1 elements",
        ),
        ([()], ValueError, "update element #0: expected a (key, value) pair, got 0 elements"),
        ([(1, 2, 3)], ValueError, "update element #0: expected a (key, value) pair, got 3 elements"),
        ([[1, 2, 3]], ValueError, "update element #0: expected a (key, value) pair, got 3 elements"),
        (["a"], ValueError, "update element #0: expected a (key, value) pair, got 1 elements"),
        ([(1, 2), (3, "4")], TypeError, "value: expected int for type int, got str '4'"),
    ],
    ids=str,
)
def test_update_with_what_are_no_pairs(map_class: Class, pairs: Any, error: type[Exception], words: str) -> None:
    whole = {pair[0]: pair[1] for pair in pairs if isinstance(pair, tuple) and pair[1:] in ((2,), (4,))}
    for update in (lambda m: m.update(pairs), lambda m: operator.ior(m, list(pairs))):
        m = map_class(int, int)
        with pytest.raises(error) as caught:
            update(m)
        assert str(caught.value) == words
        assert dict(m.items()) == whole  # as with dict, what came before is in
        assert m._check() is None
    with pytest.raises(error):
        map_class(int, int, pairs)


@pytest.mark.parametrize("wrong", [5, 1.5, True, object(), int])
def test_update_with_what_is_no_iterable(map_class: Class, wrong: Any) -> None:
    m = map_class(int, int, {1: 2})
    for call in (lambda: m.update(wrong), lambda: map_class(int, int, wrong), lambda: operator.ior(m, wrong)):
        with pytest.raises(TypeError, match=r"not iterable$"):
            call()
    with pytest.raises(TypeError, match=r"not iterable$"):
        m.update(None)
    assert m == {1: 2}


def test_update_that_fails_half_way(map_class: Class) -> None:
    def failing() -> Iterator[tuple[int, int]]:
        for i in range(100):
            yield i, i
        raise ZeroDivisionError

    class Failing(dict[Any, Any]):
        def __getitem__(self, key: Any) -> Any:
            if key == 50:
                raise ZeroDivisionError
            return super().__getitem__(key)

    m = map_class(int, int)
    with pytest.raises(ZeroDivisionError):
        m.update(failing())
    assert m == {i: i for i in range(100)}
    m.clear()
    with pytest.raises(ZeroDivisionError):
        m.update(Failing({i: i for i in range(100)}))
    assert m == {i: i for i in range(50)}
    with pytest.raises(ZeroDivisionError):
        map_class(int, int, failing())
    assert m._check() is None


def test_update_from_a_map_of_other_types(map_class: Class) -> None:
    m = map_class("int8", int, {1: 2})
    with refused(m, TypeError, "key: expected int for type int8, got bytes b'a'"):
        m.update(map_class("[1]byte", int, {b"a": 1}))
    with refused(m, TypeError, "value: expected int for type int, got float 1.5"):
        m.update(map_class("int8", float, {1: 1.5}))
    with pytest.raises(OverflowError, match=r"^key: 1000 is out of range for int8"):
        m.update(map_class(int, int, {1000: 1}))
    assert m == {1: 2}


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


def test_numpy_types(map_class: Class, np: Any) -> None:
    for name in (
        "int8",
        "int16",
        "int32",
        "int64",
        "uint8",
        "uint16",
        "uint32",
        "uint64",
        "float32",
        "float64",
    ):
        for spelling in (np.dtype(name), getattr(np, name)):
            assert map_class(spelling, spelling).key_type.name == name
    assert map_class(np.bool_, np.dtype(bool)).value_type.name == "bool"
    assert map_class(np.dtype("V16"), np.dtype("V129")).key_type.name == "[16]byte"
    other = np.dtype("int32").newbyteorder()
    for wrong, words in [
        *((wrong, f"expected one of {SUPPORTED}") for wrong in ("f2", "c8", ("i4", (2,)), [])),
        ("M8[h]", f"expected one of {SUPPORTED}; did you mean 'datetime64[s]' or 'datetime64[us]'?"),
        ("m8", f"expected one of {SUPPORTED}; did you mean 'timedelta64[s]' or 'timedelta64[us]'?"),
        (">M8[s]", "it has the bytes in the other order"),
        (other, "it has the bytes in the other order"),
        ("S4", f"expected one of {SUPPORTED}; did you mean 'bytes' or '[4]byte'?"),
        ("U4", f"expected one of {SUPPORTED}; did you mean 'string'?"),
    ]:
        dtype = np.dtype(wrong)
        with pytest.raises(TypeError) as caught:
            map_class(dtype, int)
        assert str(caught.value) == f"gomap has no type for NumPy's {dtype!r}: {words}"
    for wrong in (np.generic, np.integer, np.array([1]), np):
        with pytest.raises(TypeError):
            map_class(int, wrong)
