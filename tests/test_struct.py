"""Structs as keys and values of maps and as elements of sets."""

from __future__ import annotations

import copy
import gc
import math
import operator
import pickle
import random
import struct
import sys
from collections import ChainMap, Counter, OrderedDict, namedtuple
from collections.abc import Iterator
from types import MappingProxyType
from typing import Any, NamedTuple

import pytest
from struct_cases import CHUNK, LOOKUPS, Operation, packed, refused
from support import ActingInt, Class

from gomap import GoMap, Map, Set
from gomap._core import _restore
from gomap.types import Kind, Type, parse

POINT = "struct{x float64; y float32}"
NESTED = "struct{a int8; b struct{c uint16; d [3]byte}; e bool}"

HUGE = 10**5000  # more digits than the interpreter turns into text
NAN = float("nan")
OTHER_NAN = struct.unpack("<d", bytes([1, 2, 3, 4, 5, 6, 0xF8, 0xFF]))[0]  # other bits, and the sign


# ---- what goes in comes out --------------------------------------------------------------------------

#: The struct module's, of bool, the ints and the floats.
CODES = dict(zip(Kind, "?bhiqBHIQfd", strict=False))


def leaves(type_: Type, value: Any, start: int = 0) -> Iterator[tuple[int, Type, Any]]:
    """Where every number and bytes of a struct lies, of which type it is, and what it is."""
    for each, item in zip(type_.fields, value, strict=True):
        if each.type.kind is Kind.STRUCT:
            yield from leaves(each.type, item, start + each.offset)
        else:
            yield start + each.offset, each.type, item


def bytes_of(type_: Type, value: Any) -> bytes:
    """What the struct module makes of a value, each field by itself, with zeros between them."""
    made = bytearray(type_.size)
    for at, each, item in leaves(type_, value):
        code = f"{each.size}s" if each.kind is Kind.BYTES else CODES[each.kind]
        struct.pack_into("=" + code, made, at, item)
    return bytes(made)


FIELDS = [
    "bool",
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
]
FIELDS += ["[0]byte", "[1]byte", "[5]byte", "[16]byte"]


def random_spelling(rng: random.Random, depth: int = 0) -> str:
    fields = []
    for i in range(rng.randint(1, 5)):
        inner = random_spelling(rng, depth + 1) if depth < 3 and rng.random() < 0.25 else rng.choice(FIELDS)
        fields.append(f"f{i} {inner}")
    return f"struct{{{'; '.join(fields)}}}"


def random_value(rng: random.Random, type_: Type) -> Any:
    if type_.kind is Kind.STRUCT:
        return tuple(random_value(rng, each.type) for each in type_.fields)
    if type_.kind is Kind.BYTES:
        return rng.randbytes(type_.size)
    if type_.kind is Kind.BOOL:
        return rng.random() < 0.5
    if type_.kind is Kind.FLOAT32:
        return rng.randint(-1000, 1000) / 8
    if type_.kind is Kind.FLOAT64:
        return rng.choice([rng.random(), 1e300, -math.inf, 5e-324])
    bits = 8 * type_.size
    low = -(2 ** (bits - 1)) if type_.kind <= Kind.INT64 else 0
    return rng.choice([low, low + 2**bits - 1, rng.randrange(low, low + 2**bits), min(5, low + 2**bits - 1)])


def classes_of(value: Any) -> Any:
    """The named tuples' classes, of the structs within too."""
    return type(value), [classes_of(item) for item in value if isinstance(item, tuple)]


def namedtuple_of(type_: Type, value: Any) -> Any:
    items = (
        namedtuple_of(each.type, item) if each.type.kind is Kind.STRUCT else item
        for each, item in zip(type_.fields, value, strict=True)
    )
    return type_.namedtuple(*items)


def test_any_struct_goes_in_and_comes_out(map_class: Class) -> None:
    rng = random.Random(1)
    for _ in range(150):
        key_type, value_type = parse(random_spelling(rng)), parse(random_spelling(rng))
        model = {random_value(rng, key_type): random_value(rng, value_type) for _ in range(rng.choice([1, 9, 60]))}
        m = map_class(key_type, value_type, model)
        assert dict(m.items()) == model == m
        assert set(m) == set(model)
        assert Counter(m.values()) == Counter(model.values())
        for key, value in model.items():
            assert key in m
            expected = namedtuple_of(value_type, value)
            for found in (m[key], m.get(namedtuple_of(key_type, key)), m.setdefault(key)):
                assert found == expected
                assert classes_of(found) == classes_of(expected)
        for key in m:
            assert classes_of(key) == classes_of(namedtuple_of(key_type, key))
        # The bytes are those that the struct module would make.
        size = key_type.size + value_type.size
        content = packed(m)
        assert len(content) == size * len(model)
        assert {content[at : at + size] for at in range(0, len(content), size)} == {
            bytes_of(key_type, key) + bytes_of(value_type, value) for key, value in model.items()
        }
        assert m._check() is None
        for key, value in list(model.items()):
            if rng.random() < 0.5:
                assert m.pop(key) == model.pop(key)
            else:
                m[key] = value
        assert m == model
        taken = dict(m.popitem() for _ in range(len(m)))
        assert taken == model
        assert len(m) == 0


def test_any_struct_in_a_set() -> None:
    rng = random.Random(2)
    for _ in range(150):
        type_ = parse(random_spelling(rng))
        model = {random_value(rng, type_) for _ in range(rng.choice([1, 9, 60]))}
        s = Set(type_, model)
        assert s == model == set(s)
        assert all(classes_of(key) == classes_of(namedtuple_of(type_, key)) for key in s)
        half = set(list(model)[::2])
        assert s & half == half
        assert s - half == model - half
        assert Set(type_, half) < s or half == model
        s -= half
        assert s == model - half
        assert {s.pop() for _ in range(len(s))} == model - half
        assert s._check() is None


@pytest.mark.parametrize("spelling", [CHUNK, "*" + CHUNK])
def test_what_a_struct_is_taken_from(map_class: Class, spelling: str) -> None:
    class Typed(NamedTuple):
        refcount: int
        size: int
        csize: int

    class Swapped(NamedTuple):
        csize: int
        size: int
        refcount: int

    class Fielded(tuple):  # type: ignore[type-arg]
        _fields = 5

    cls = parse(CHUNK).namedtuple
    named = {"csize": 3, "refcount": 1, "size": 2}
    sources: list[Any] = [
        *((1, 2, 3), cls(1, 2, 3), Typed(1, 2, 3), Swapped(3, 2, 1), type("Sub", (tuple,), {})((1, 2, 3))),
        *(Fielded((1, 2, 3)), parse("struct{refcount, size, csize int8}").namedtuple(1, 2, 3), named),
        *(OrderedDict(named), MappingProxyType(named), ChainMap(named, {"size": 7})),
    ]
    for source in sources * 2:
        m = map_class(int, spelling, {1: (7, 8, 9)})
        m[1] = source
        assert m.setdefault(2, source) == (1, 2, 3)
        m.update([(3, source)])
        m.update({4: source})
        assert dict(m.items()) == dict.fromkeys((1, 2, 3, 4), (1, 2, 3))
        assert {type(value) for value in m.values()} == {cls}
        if isinstance(source, tuple) or source is named:
            keyed = map_class(CHUNK, int, {(1, 2, 3): 5})
            assert keyed[source] == keyed.get(source) == keyed.setdefault(source, 7) == 5
            assert source in keyed
            assert source in Set(CHUNK, [source])
            del keyed[source]
            assert len(keyed) == 0


def test_numbers_of_other_kinds_are_taken(map_class: Class) -> None:
    class Index:
        def __index__(self) -> int:
            return 7

    m = map_class(int, "struct{a int8; b uint64; c float32; d float64}")
    m[1] = (Index(), Index(), 2, Index())
    assert m[1] == (7, 7, 2.0, 7.0)
    assert [type(item) for item in m[1]] == [int, int, float, float]
    m[1] = {"a": -128, "b": 2**64 - 1, "c": 0.1, "d": 2**53}
    assert m[1] == (-128, 2**64 - 1, struct.unpack("f", struct.pack("f", 0.1))[0], 2.0**53)
    m = map_class(int, "struct{a [4]byte}")
    for source in (b"spam", bytearray(b"spam"), memoryview(b"xspamx")[1:5]):
        m[1] = (source,)
        assert m[1] == (b"spam",)
        assert type(m[1].a) is bytes


def test_numpy_structured_scalars(map_class: Class) -> None:
    np = pytest.importorskip("numpy")
    dtype = np.dtype([("c", "?"), ("a", ">i4"), ("b", [("x", "u1", (3,)), ("y", "V4")])])
    scalar = np.array([(True, -5, (list(b"abc"), b"wxyz"))], dtype)[0]
    m = map_class("struct{a int; b struct{y [4]byte; x [3]byte}; c bool}", int, [(scalar, 5)])
    assert dict(m.items()) == {(-5, (b"wxyz", b"abc"), True): 5}
    assert m[scalar] == 5
    m = map_class(int, "struct{a int8; b float64}")
    m[1] = np.array([(5, 0.5)], [("a", "i8"), ("b", "f4")])[0]
    m[2] = (np.int64(5), np.float32(0.5))
    assert m[1] == m[2] == (5, 0.5)
    with pytest.raises(ValueError, match=r"; missing: 'b'; unexpected: 'c'$"):
        m[1] = np.array([(5, 0.5)], [("a", "i8"), ("c", "f4")])[0]
    for wrong in (
        np.void(b"spam"),
        np.array([1, 2]),
        np.int8(5),
        np.array([(5, 0.5)], [("a", "i8"), ("b", "f4")]),
    ):
        with pytest.raises(TypeError, match=r"^value: expected a tuple or mapping for type struct{a int8"):
            m[1] = wrong


def test_zero_value(map_class: Class) -> None:
    m = map_class(int, NESTED)
    assert m.setdefault(1) == (0, (0, b"\0\0\0"), False)
    assert m.setdefault(1).b.d == b"\0\0\0"
    assert m.setdefault(2, (1, (2, b"abc"), True)) == (1, (2, b"abc"), True)
    assert map_class.fromkeys([1], key=int, value=CHUNK) == {1: (0, 0, 0)}
    assert map_class.fromkeys([1], (1, 2, 3), key=int, value=CHUNK) == {1: (1, 2, 3)}


def test_equality_and_repr(map_class: Class) -> None:
    m = map_class("struct{a int8}", POINT, {(1,): (0.5, 1.5)})
    assert m == {(1,): (0.5, 1.5)} == m
    assert m == map_class("struct{a int8}", POINT, m) == m.copy() == m | {}
    assert m != {(1,): (0.5, 2.5)}
    assert m != {(2,): (0.5, 1.5)}
    assert map_class("struct{a int8}", int, {(1,): 1}) != map_class("struct{a [1]byte}", int, {(b"a",): 1})
    assert repr(m) == (f"{map_class.__name__}('struct{{a int8}}', '{POINT}', {{struct(a=1): struct(x=0.5, y=1.5)}})")
    assert repr(Set("struct{a int8}", [(1,)])) == "Set('struct{a int8}', {struct(a=1)})"
    assert m.items() & {((1,), (0.5, 1.5)), 5} == {((1,), (0.5, 1.5))}
    assert m.keys() == {(1,)}
    assert (0.5, 1.5) in m.values()
    assert m.memory().raw == 1 + 16


def test_pointers_to_structs() -> None:
    m = GoMap(int, "*" + CHUNK, {i: (i, i, i) for i in range(100)})
    assert m.value_type.pointer
    assert m.memory().records > 0
    assert all(m[i] == (i, i, i) for i in range(100))
    assert m == pickle.loads(pickle.dumps(m)) == m.copy()


# ---- keys that are equal -----------------------------------------------------------------------------


def test_keys_that_are_equal_are_one(map_class: Class) -> None:
    kind = "struct{a float64; b struct{c float32}}"
    zeros = [(a, (c,)) for a in (0.0, -0.0, 0) for c in (0.0, -0.0, 0)]
    nans = [(a, (c,)) for a in (NAN, -NAN, OTHER_NAN) for c in (NAN, -NAN, OTHER_NAN)]
    for same in (zeros, nans):
        for first in same:
            m = map_class(kind, int, {first: 1})
            s = Set(kind, [first])
            for each in same:
                m[each] = 2
                s.add(each)
                assert len(m) == len(s) == 1
                assert each in m
                assert each in s
                assert m[each] == m.get(each) == m.setdefault(each, 3) == 2
            assert m._check() is None
            for each in same:
                m[first] = 5
                assert m.pop(each) == 5
                s.add(first)
                s.remove(each)
                assert len(m) == len(s) == 0
    key = next(iter(map_class(kind, int, {(-0.0, (-0.0,)): 1})))
    assert math.copysign(1, key.a) == math.copysign(1, key.b.c) == 1
    contents = {packed(map_class(kind, int, {each: 1})) for each in nans}
    assert contents == {struct.pack("=QI4xq", 0x7FF8000000000000, 0x7FC00000, 1)}


def test_values_keep_their_floats(map_class: Class) -> None:
    m = map_class(int, POINT, {1: (-0.0, -0.0), 2: (OTHER_NAN, NAN)})
    assert [math.copysign(1, each) for each in m[1]] == [-1, -1]
    assert struct.pack("d", m[2].x) == struct.pack("d", OTHER_NAN)
    assert math.isnan(m[2].y)


def test_padding_does_not_tell_keys_apart(map_class: Class) -> None:
    """Whatever lay in the memory before: values and keys of other structs are packed in between."""
    kind = "struct{a int8; b int64; c int8}"
    m = map_class(kind, kind)
    full = parse("struct{a, b, c int64}")
    other = map_class(full, full)
    rng = random.Random(3)
    for _ in range(200):
        key = tuple(rng.randint(-128, 127) for _ in range(3))
        other[(-1, -1, -1)] = (-1, -1, -1)
        m[key] = key
        other[key] = (-1, -1, -1)
        assert key in m
        with pytest.raises(TypeError):
            m[key] = (-1, -1, "x")
        assert m[key] == key
    content = packed(m)
    assert all(
        not any(content[at + 1 : at + 8]) and not any(content[at + 17 : at + 24]) for at in range(0, len(content), 24)
    )


# ---- what is refused ---------------------------------------------------------------------------------


KEY_STORES: dict[str, Operation] = {
    "set": lambda m, key: operator.setitem(m, key, 1),
    "setdefault": lambda m, key: m.setdefault(key),
    "setdefault value": lambda m, key: m.setdefault(key, 1),
    "update": lambda m, key: m.update([(key, 1)]),
}
SET_LOOKUPS: dict[str, Operation] = {
    "in": lambda s, key: key in s,
    "discard": lambda s, key: s.discard(key),
    "remove": lambda s, key: s.remove(key),
}
SET_STORES: dict[str, Operation] = {
    "add": lambda s, key: s.add(key),
    "update": lambda s, key: s.update([key]),
    "|=": lambda s, key: operator.ior(s, FrozenList([key])),
}
VALUE_STORES: dict[str, Operation] = {
    "set": lambda m, value: operator.setitem(m, 1, value),
    "set new": lambda m, value: operator.setitem(m, 2, value),
    "setdefault": lambda m, value: m.setdefault(1, value),
    "setdefault new": lambda m, value: m.setdefault(2, value),
    "update": lambda m, value: m.update({1: value}),
}


class FrozenList(list[Any]):
    """Elements that no set could hold, as a set."""


from collections.abc import Set as AbstractSet  # noqa: E402

AbstractSet.register(FrozenList)


class Named(NamedTuple):
    refcount: int
    other: int
    csize: int


EXAMPLE: dict[str, Any] = {CHUNK: (1, 2, 3), POINT: (0.5, 1.5), NESTED: (1, (2, b"abc"), True)}
WRONG: list[tuple[str, Any, type[Exception], str]] = [
    (CHUNK, None, TypeError, f"expected a tuple or mapping for type {CHUNK}, got NoneType None"),
    (CHUNK, 5, TypeError, f"expected a tuple or mapping for type {CHUNK}, got int 5"),
    (CHUNK, [1, 2, 3], TypeError, f"expected a tuple or mapping for type {CHUNK}, got list [1, 2, 3]"),
    (CHUNK, "abc", TypeError, f"expected a tuple or mapping for type {CHUNK}, got str 'abc'"),
    (CHUNK, bytes(12), TypeError, f"expected a tuple or mapping for type {CHUNK}, got bytes {bytes(12)!r}"),
    (CHUNK, {1, 2, 3}, TypeError, f"expected a tuple or mapping for type {CHUNK}, got set {{1, 2, 3}}"),
    (CHUNK, (), ValueError, f"expected 3 fields for type {CHUNK}, got 0"),
    (CHUNK, (1, 2), ValueError, f"expected 3 fields for type {CHUNK}, got 2"),
    (CHUNK, (1, 2, 3, 4), ValueError, f"expected 3 fields for type {CHUNK}, got 4"),
    (CHUNK, {}, ValueError, f"expected the fields of {CHUNK}; missing: 'refcount', 'size', 'csize'"),
    (CHUNK, {"refcount": 1, "csize": 2}, ValueError, f"expected the fields of {CHUNK}; missing: 'size'"),
    (
        CHUNK,
        {"refcount": 1, "size": 2, "csize": 3, "x": 4, 5: 6},
        ValueError,
        f"expected the fields of {CHUNK}; unexpected: 'x', 5",
    ),
    (
        CHUNK,
        Named(1, 2, 3),
        ValueError,
        f"expected the fields of {CHUNK}; missing: 'size'; unexpected: 'other'",
    ),
    (CHUNK, (1, "x", 3), TypeError, "field 'size': expected int for type uint32, got str 'x'"),
    (CHUNK, (1, 2, True), TypeError, "field 'csize': expected int for type uint32, got bool True"),
    (CHUNK, (1.0, 2, 3), TypeError, "field 'refcount': expected int for type uint32, got float 1.0"),
    (
        CHUNK,
        {"refcount": 1, "size": 2, "csize": None},
        TypeError,
        "field 'csize': expected int for type uint32, got NoneType None",
    ),
    (POINT, (0.5, "x"), TypeError, "field 'y': expected float for type float32, got str 'x'"),
    (POINT, (True, 0.5), TypeError, "field 'x': expected float for type float64, got bool True"),
    (NESTED, (1, (2, b"abc"), 1), TypeError, "field 'e': expected bool for type bool, got int 1"),
    (NESTED, (1, (2, "abc"), True), TypeError, "field 'b.d': expected bytes for type [3]byte, got str 'abc'"),
    (NESTED, (1, (2, b"ab"), True), ValueError, "field 'b.d': expected 3 bytes for type [3]byte, got 2"),
    (NESTED, (1, (2, bytearray(4)), True), ValueError, "field 'b.d': expected 3 bytes for type [3]byte, got 4"),
    (
        NESTED,
        (1, (2,), True),
        ValueError,
        "field 'b': expected 2 fields for type struct{c uint16; d [3]byte}, got 1",
    ),
    (
        NESTED,
        (1, b"abc", True),
        TypeError,
        "field 'b': expected a tuple or mapping for type struct{c uint16; d [3]byte}, got bytes b'abc'",
    ),
    (
        NESTED,
        (1, {"c": 1}, True),
        ValueError,
        "field 'b': expected the fields of struct{c uint16; d [3]byte}; missing: 'd'",
    ),
    (NESTED, (1, ("x", b"abc"), True), TypeError, "field 'b.c': expected int for type uint16, got str 'x'"),
]
wrong = pytest.mark.parametrize(
    ("spelling", "value", "error", "words"), WRONG, ids=[repr(row[1])[:40] for row in WRONG]
)


@wrong
def test_keys_that_are_refused(map_class: Class, spelling: str, value: Any, error: type[Exception], words: str) -> None:
    for held in ({}, {EXAMPLE[spelling]: 5}):
        m = map_class(spelling, int, held)
        for operation in (LOOKUPS | KEY_STORES).values():
            if isinstance(value, (dict, list, set)) and operation is LOOKUPS["in items()"]:
                continue
            with refused(m, error, "key: " + words):
                operation(m, value)
        s = Set(spelling, held)
        for operation in (SET_LOOKUPS | SET_STORES).values():
            with refused(s, error, "key: " + words):
                operation(s, value)
        assert s.isdisjoint([value])
        assert s.intersection([value]) == s.difference(s)


@wrong
def test_values_that_are_refused(
    map_class: Class, spelling: str, value: Any, error: type[Exception], words: str
) -> None:
    for name in (spelling, "*" + spelling):
        m = map_class(int, name, {1: EXAMPLE[spelling]})
        for operation in VALUE_STORES.values():
            with refused(m, error, "value: " + words.replace(f"{spelling}", name)):
                operation(m, value)


OUT_OF_RANGE: list[tuple[str, Any, str]] = [
    (CHUNK, (1, 2**40, 3), f"field 'size': {2**40} is out of range for uint32 (0 to {2**32 - 1})"),
    (CHUNK, (-1, 2, 3), f"field 'refcount': -1 is out of range for uint32 (0 to {2**32 - 1})"),
    (CHUNK, (1, 2, 2**32), f"field 'csize': {2**32} is out of range for uint32 (0 to {2**32 - 1})"),
    (
        CHUNK,
        (1, 2, HUGE),
        f"field 'csize': an int of {HUGE.bit_length()} bits is out of range for uint32 (0 to {2**32 - 1})",
    ),
    (NESTED, (128, (1, b"abc"), True), "field 'a': 128 is out of range for int8 (-128 to 127)"),
    (NESTED, (1, (2**16, b"abc"), True), "field 'b.c': 65536 is out of range for uint16 (0 to 65535)"),
    (
        NESTED,
        {"a": 1, "b": {"c": -1, "d": b"abc"}, "e": True},
        "field 'b.c': -1 is out of range for uint16 (0 to 65535)",
    ),
    (POINT, (0.5, 1e39), "field 'y': 1e+39 is out of range for float32 (largest is 3.4028235e+38)"),
    (
        POINT,
        (2**53 + 1, 0.5),
        f"field 'x': {2**53 + 1} is out of range for float64 "
        "(it cannot hold this int exactly; to round it, pass a float)",
    ),
]
out_of_range = pytest.mark.parametrize(
    ("spelling", "value", "words"), OUT_OF_RANGE, ids=[row[2][:40] for row in OUT_OF_RANGE]
)


@out_of_range
def test_numbers_out_of_range(map_class: Class, spelling: str, value: Any, words: str) -> None:
    for operation in KEY_STORES.values():
        m = map_class(spelling, int, {EXAMPLE[spelling]: 5})
        with refused(m, OverflowError, "key: " + words):
            operation(m, value)
    for operation in SET_STORES.values():
        s = Set(spelling, [EXAMPLE[spelling]])
        with refused(s, OverflowError, "key: " + words):
            operation(s, value)
    for operation in VALUE_STORES.values():
        for name in (spelling, "*" + spelling):
            m = map_class(int, name, {1: EXAMPLE[spelling]})
            with refused(m, OverflowError, "value: " + words):
                operation(m, value)


@out_of_range
def test_keys_with_numbers_out_of_range_are_absent(map_class: Class, spelling: str, value: Any, words: str) -> None:
    m = map_class(spelling, int, {EXAMPLE[spelling]: 5})
    assert value not in m
    assert m.get(value) is None
    assert m.pop(value, 7) == 7
    for operation in (LOOKUPS["[]"], LOOKUPS["pop"], LOOKUPS["del"]):
        with pytest.raises(KeyError) as caught:
            operation(m, value)
        assert caught.value.args == (value,)
    s = Set(spelling, m)
    assert value not in s
    s.discard(value)
    with pytest.raises(KeyError):
        s.remove(value)
    assert m == {EXAMPLE[spelling]: 5}
    assert s == {EXAMPLE[spelling]}


def test_wrong_type_after_a_number_out_of_range(map_class: Class) -> None:
    """The look-up raises, as it does for every key of a wrong type."""
    m = map_class(CHUNK, int, {(1, 2, 3): 5})
    for operation in LOOKUPS.values():
        with refused(m, TypeError, "key: field 'csize': expected int for type uint32, got str 'x'"):
            operation(m, (2**40, 2, "x"))


def test_missing_gets_the_key_as_it_came(map_class: Class) -> None:
    class Echo(map_class):
        def __missing__(self, key: object) -> object:
            return key

    key = {"refcount": 2**40, "size": 2, "csize": 3}
    assert Echo(CHUNK, int)[key] is key


# ---- copies and pickles ------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_copies_and_pickles(map_class: Class, protocol: int) -> None:
    model = {(i, (i, bytes([i] * 3)), i % 2 == 0): (i / 4, i / 8) for i in range(100)}
    m = map_class(NESTED, POINT, model)
    for again in (
        pickle.loads(pickle.dumps(m, protocol)),
        *(copy.copy(m), copy.deepcopy(m), m.copy(), map_class(NESTED, POINT, m)),
    ):
        assert type(again) is map_class
        assert dict(again.items()) == model
        assert (again.key_type, again.value_type) == (m.key_type, m.value_type)
        assert classes_of(next(iter(again))) == classes_of(next(iter(m)))
        assert again._check() is None
    s = Set(NESTED, model)
    assert pickle.loads(pickle.dumps(s, protocol)) == copy.copy(s) == s == set(model)


def test_pickle_of_the_other_byte_order(map_class: Class) -> None:
    order = "big" if sys.byteorder == "little" else "little"
    code = ">" if order == "big" else "<"
    keys = "struct{a int16; b struct{c float64; d [2]byte}; e bool}"
    content = b"".join(
        struct.pack(code + "h6xd2s6x?7x", i, i / 4, b"ab", True) + struct.pack(code + "B3xI", i, 2**30 + i)
        for i in range(50)
    )
    m = _restore(map_class, keys, "struct{a uint8; b uint32}", 50, content, order)
    assert dict(m.items()) == {(i, (i / 4, b"ab"), True): (i, 2**30 + i) for i in range(50)}
    again = pickle.loads(pickle.dumps(m))
    assert again == m


@pytest.mark.parametrize(
    ("key", "value", "content"),
    [
        ("struct{a int8; b int16}", "int8", b"\1\1\1\0\5"),
        ("struct{a int16; b int8}", "int8", b"\1\0\1\1\5"),
        ("struct{a int8}", "struct{a bool}", b"\1\2"),
        ("struct{a bool}", "int8", b"\2\1"),
        ("struct{a struct{b bool}}", "int8", b"\2\1"),
        ("int8", "struct{a int8; b struct{c int8; d int16}}", b"\1" + b"\1\0" + b"\1\1\1\0"),
        ("int8", "struct{a int8; b int16}", b"\1\1\1\1\0"),
        ("struct{a float64}", "int8", struct.pack("=db", -0.0, 1)),
        ("struct{a float32}", "int8", struct.pack("=fb", -0.0, 1)),
        ("struct{a float64}", "int8", struct.pack("=Qb", 0x7FF8000000000001, 1)),
        ("struct{a struct{b float32}}", "int8", struct.pack("=Ib", 0xFFC00000, 1)),
    ],
    ids=str,
)
def test_corrupt_pickles(map_class: Class, key: str, value: str, content: bytes) -> None:
    with pytest.raises(ValueError, match=r"^pickled .*: a struct with a bool that is neither 0 nor 1, with padding"):
        _restore(map_class, key, value, 1, content, sys.byteorder)
    with pytest.raises(ValueError, match=r"^pickled"):
        _restore(map_class, key, value, 1, content[:-1], sys.byteorder)


def test_pickled_values_keep_their_floats(map_class: Class) -> None:
    m = map_class(int, POINT, {1: (-0.0, -0.0), 2: (OTHER_NAN, NAN)})
    before, after = packed(m), packed(pickle.loads(pickle.dumps(m)))
    assert after in (before, before[24:] + before[:24])


# ---- memory ------------------------------------------------------------------------------------------


def test_nothing_leaks(map_class: Class) -> None:
    """Objects that went in, and the class of those that come out, are let go again."""
    cls = parse(NESTED).namedtuple
    number, text, inner = 40_000, bytes(bytearray(b"abc")), (40_000, b"abc")
    key: Any = (1, inner, True)
    named = {"a": 1, "b": (number, text), "e": True}

    class Own(NamedTuple):
        a: int
        b: Any
        e: bool

    own = Own(1, (number, text), True)
    bad = (1, (number, "x"), True)
    m = map_class(NESTED, NESTED)
    s = Set(NESTED)

    def work() -> None:
        m[key] = own
        m[named] = named
        m[ActingInt(1, lambda: m.get(key)), inner, True] = (ActingInt(1, lambda: m.update({key: own})), inner, True)
        assert m[key] == own
        assert m.get(own) == m.setdefault(key, own) == own
        for entry in m.items():
            assert entry == (key, own)
        for wrong in (bad, (1, 2), {"a": 1}, [1], (2**40, inner, True)):
            with pytest.raises((TypeError, ValueError, OverflowError)):
                m[key] = wrong
            with pytest.raises((TypeError, ValueError, OverflowError)):
                m[wrong] = key
        assert (2**40, inner, True) not in m
        assert m.pop(key) == own
        m[own] = key
        assert m.popitem() == (key, own)
        s.add(key)
        s.remove(own)
        s.add(own)
        assert s.pop() == key

    watched = [number, text, inner, key, named, own, bad, Own, cls, None, True]
    for _ in range(20):  # caches are filled
        work()
    gc.collect()
    before, blocks = [sys.getrefcount(each) for each in watched], sys.getallocatedblocks()
    for _ in range(500):
        work()
    gc.collect()
    after = [sys.getrefcount(each) for each in watched]
    assert all(abs(b - a) < 50 for a, b in zip(before, after, strict=True))
    assert sys.getallocatedblocks() - blocks < 200


def test_bytes_of_a_value_are_not_shared(map_class: Class) -> None:
    m = map_class(int, "struct{a [40]byte; b int}")
    m[1] = (b"x" * 40, 1)
    first = m[1]
    m[1] = (b"y" * 40, 2)
    assert first == (b"x" * 40, 1)
    assert m[1] == (b"y" * 40, 2)


def test_other_named_tuples_with_the_same_name(map_class: Class) -> None:
    """One class that was taken says nothing of another, though it looks the same."""
    one, other = namedtuple("P", "x y"), namedtuple("P", "y x")
    m = map_class(int, POINT)
    for _ in range(3):
        m[1] = one(1.0, 2.0)
        assert m[1] == (1.0, 2.0)
        m[1] = other(1.0, 2.0)
        assert m[1] == (2.0, 1.0)


def test_core_knows_their_bytes() -> None:
    m = Map("[32]byte", CHUNK, {i.to_bytes(32, "little"): (i, i, i) for i in range(1000)})
    assert m.memory().raw == 1000 * 44
    assert m.stats().bucket_bytes == Map("[32]byte", "[12]byte", {bytes(32): bytes(12)}).stats().bucket_bytes
