"""What is refused beside keys and values: types that are spelled wrong, capacities, what is no mapping."""

from __future__ import annotations

import operator
import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest
from support import HUGE, Nameless, label, refused

from gomap import Type, make
from gomap.types import Kind, parse_map

Class = Any  # one of the map classes

SUPPORTED = (
    "int, int8 to int64, uint, uint8 to uint64, byte, rune, float32, float64, bool, [N]byte, string, bytes, "
    "date, datetime64[unit], datetime64[unit, UTC], timedelta64[unit], uuid, any, struct{name T; ...}, *T, struct{}"
)


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
