"""How types are spelled, what they are then, and where the fields of structs lie."""

from __future__ import annotations

import builtins
import copy
import ctypes
import enum
import gc
import pickle
import random
import re
import typing
import weakref
from typing import Any

import pytest

from gomap import Map, Type
from gomap.types import MAX_BYTES, MAX_DEPTH, Field, Kind, parse, parse_map

CHUNK = "struct{refcount uint32; size uint32; csize uint32}"
FIELDS = "expected a field type: a number, bool, [N]byte, string, bytes, a time, uuid, or a struct of these"


def test_kinds_keep_their_numbers() -> None:
    """They are the core's as well."""
    assert [kind.name for kind in Kind] == [
        *("BOOL", "INT8", "INT16", "INT32", "INT64", "UINT8", "UINT16", "UINT32", "UINT64"),
        *("FLOAT32", "FLOAT64", "BYTES", "NOTHING", "STRING", "VARBYTES", "STRUCT", "OBJECT"),
        *("DATETIME_S", "DATETIME_MS", "DATETIME_US", "DATETIME_NS", "UTC_S", "UTC_MS", "UTC_US", "UTC_NS"),
        *("TIMEDELTA_S", "TIMEDELTA_MS", "TIMEDELTA_US", "TIMEDELTA_NS", "DATE", "UUID"),
    ]
    assert [int(kind) for kind in Kind] == list(range(31))


# ---- types without a fixed size ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spellings", "name", "kind", "size"),
    [
        ((str, "str", "string", " string "), "string", Kind.STRING, 16),
        ((bytes, "bytes"), "bytes", Kind.VARBYTES, 16),
        (
            (object, "object", "any", "interface{}", "interface { }", typing.Any),
            "any",
            Kind.OBJECT,
            8,
        ),
    ],
    ids=["string", "bytes", "any"],
)
def test_types_of_any_size(spellings: tuple[Any, ...], name: str, kind: Kind, size: int) -> None:
    for spelling in spellings:
        for role in ("key", "value"):
            found = parse(spelling, role)
            assert (found.name, found.kind, found.size, found.pointer, found.fields) == (
                *(name, kind, size),
                *(False, ()),
            )
        if isinstance(spelling, str):
            pointer = parse("*" + spelling)
            assert (pointer.name, pointer.kind, pointer.pointer) == ("*" + name, kind, True)
            assert pointer != parse(spelling)
            with pytest.raises(ValueError, match=r"^a key cannot be a pointer"):
                parse("*" + spelling, "key")
    with pytest.raises(ValueError, match=f"{kind.name} has no size of 4 bytes"):
        Type(name, kind, 4)


def test_bytes_of_a_fixed_number_are_another_type() -> None:
    assert parse("bytes") != parse("[16]byte") != parse("string") != parse("bytes")
    assert parse("byte").kind is Kind.UINT8


def test_map_spelling_with_any_of_them() -> None:
    key, value = parse_map("map[string]struct{a, b int}")
    assert (key.name, value.name) == ("string", "struct{a int; b int}")
    key, value = parse_map("map[struct{a int; b [2]byte}]*any")
    assert (key.name, value.name) == ("struct{a int; b [2]byte}", "*any")
    assert parse_map("map[interface{}]interface{}")[0].kind is Kind.OBJECT


@pytest.mark.parametrize(
    ("spelling", "reason", "column"),
    [
        ("interface", "expected '{' after 'interface'", 9),
        ("interface{x}", "only the interface without methods is supported: expected '}' here", 10),
    ],
)
def test_interfaces_that_are_spelled_wrong(spelling: str, reason: str, column: int) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(reason)}\n    {re.escape(spelling)}\n {{{column + 4}}}\\^$"):
        parse(spelling)


def test_bytearray_is_no_type() -> None:
    with pytest.raises(TypeError, match=r"got bytearray; did you mean 'bytes' or '\[16\]byte'\?$"):
        parse(bytearray)


# ---- structs -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "spelling",
    [
        CHUNK,
        CHUNK + " ",
        "struct {refcount uint32;size uint32;csize uint32}",
        "struct{refcount uint32; size uint32; csize uint32;}",
        "struct{refcount,size,csize uint32}",
        "struct{ refcount, size uint32 ; csize uint32 }",
        "struct{\n\trefcount uint32\n\tsize uint32\n\tcsize uint32\n}",
        "struct{\r\nrefcount,\r\nsize uint32;\r\n\r\ncsize uint32;\r\n\r\n}",
    ],
)
def test_struct_spellings(spelling: str) -> None:
    for role in ("key", "value"):
        found = parse(spelling, role)
        assert found.name == str(found) == CHUNK
        assert found == parse(CHUNK)
        assert hash(found) == hash(parse(CHUNK))
        assert (found.kind, found.size, found.pointer) == (Kind.STRUCT, 12, False)
        uint32 = parse("uint32")
        assert found.fields == (
            Field("refcount", uint32, 0),
            Field("size", uint32, 4),
            Field("csize", uint32, 8),
        )
    assert parse("*" + spelling).name == "*" + CHUNK
    assert parse("*" + spelling).fields == parse(CHUNK).fields
    assert parse(parse(spelling)) == parse(CHUNK)


def test_struct_names_are_canonical() -> None:
    spelled = "struct { a , b float ; c struct { d rune\n e [ 1_6 ]uint8 } }"
    name = "struct{a float64; b float64; c struct{d rune; e [16]byte}}"
    assert parse(spelled).name == name == parse(name).name
    assert parse("struct{größe int}").fields[0].name == "größe"
    assert parse("struct{}").kind is Kind.NOTHING
    assert parse("struct{\n}").name == "struct{}"


def test_structs_are_equal_when_they_store_the_same() -> None:
    base = parse("struct{a int; b [2]byte}")
    assert base == parse("struct{a int64; b [2]uint8}")
    assert hash(base) == hash(parse("struct{a int64; b [2]uint8}"))
    for other in [
        *("struct{a int; c [2]byte}", "struct{b [2]byte; a int}", "struct{a uint; b [2]byte}"),
        *("struct{a int; b [3]byte}", "struct{a int}", "*struct{a int; b [2]byte}", "[16]byte"),
    ]:
        assert base != parse(other)


@pytest.mark.parametrize(
    ("spelling", "reason", "column"),
    [
        ("struct", "expected '{' after 'struct'", 6),
        ("struct[", "expected '{' after 'struct'", 6),
        ("struct{", "expected a field's name here", 7),
        ("struct{a", FIELDS, 8),
        ("struct{a}", FIELDS, 8),
        ("struct{a int", "expected ';', a new line or '}' after field 'a'", 12),
        ("struct{a int b int}", "expected ';', a new line or '}' after field 'a'", 13),
        ("struct{a int, b int}", "expected ';', a new line or '}' after field 'a'", 12),
        ("struct{a int;; b int}", "expected a field's name here", 13),
        ("struct{;}", "expected a field's name here", 7),
        ("struct{a, int}", FIELDS, 13),
        ("struct{a,, b int}", "expected a field's name here", 9),
        ("struct{5 int}", "expected a field's name here", 7),
        ("struct{a int} int", "expected the end of the type here", 14),
        ("struct{a spam}", f"unknown type 'spam': {FIELDS}", 9),
        ("struct{a [4}", "expected ']' after the number of bytes", 11),
        ("struct{a int\nb any}", FIELDS, 15),
        ("struct{a object}", FIELDS, 9),
        ("struct{a interface{}}", FIELDS, 9),
        ("struct{a *int}", FIELDS, 9),
        ("struct{a struct{}}", FIELDS, 9),
        ("struct{a struct{b struct{}}}", FIELDS, 18),
        ("struct{a struct{b int; c any}}", FIELDS, 25),
        ("struct{a int; a bool}", "there is a field 'a' already", 14),
        ("struct{a, b, a bool}", "there is a field 'a' already", 13),
        ("struct{a struct{b, b int}}", "there is a field 'b' already", 19),
        ("struct{class int}", "a field cannot be named 'class', a keyword of Python", 7),
        ("struct{a, None int}", "a field cannot be named 'None', a keyword of Python", 10),
        ("struct{_a int}", "a field's name cannot begin with an underscore, '_a' does", 7),
        ("struct{_ int}", "a field's name cannot begin with an underscore, '_' does", 7),
        (
            "struct{\ufb01n int}",
            "a field's name is spelled as Python normalises it, as 'fin', got '\ufb01n'",
            7,
        ),
        (f"struct{{a [{MAX_BYTES}]byte; b bool}}", f"a struct takes at most {MAX_BYTES} bytes", 0),
    ],
)
def test_structs_that_are_spelled_wrong(spelling: str, reason: str, column: int) -> None:
    shown = spelling.replace("\n", " ")
    for role in ("key", "value"):
        with pytest.raises(ValueError) as caught:  # noqa: PT011 - all of it is looked at
            parse(spelling, role)
        assert str(caught.value) == f"{reason}\n    {shown}\n    {' ' * column}^"


def test_structs_lie_in_each_other_so_deep() -> None:
    deepest = "struct{a " * MAX_DEPTH + "int" + "}" * MAX_DEPTH
    assert parse(deepest).size == 8
    value: Any = 5
    for _ in range(MAX_DEPTH):
        value = (value,)
    assert Map(int, deepest, {1: value})[1] == value
    with pytest.raises(ValueError, match=f"^structs can be nested at most {MAX_DEPTH} deep\n"):
        parse(f"struct{{a {deepest}}}")
    with pytest.raises(ValueError, match="deep"):
        parse("struct{a " * 100_000)
    side_by_side = "; ".join(f"a{i} struct{{b int8}}" for i in range(100))
    assert parse(f"struct{{{side_by_side}}}").size == 100


def test_structs_of_many_fields() -> None:
    names = [f"f{i}" for i in range(3000)]
    found = parse(f"struct{{{', '.join(names)} uint16}}")
    assert found.size == 6000
    assert [each.offset for each in found.fields] == list(range(0, 6000, 2))
    value = tuple(range(3000))
    assert Map(int, found, {1: value})[1] == value


C_TYPES: dict[str, Any] = {
    **{f"{sign}int{bits}": getattr(ctypes, f"c_{sign}int{bits}") for sign in ("", "u") for bits in (8, 16, 32, 64)},
    "bool": ctypes.c_bool,
    "float32": ctypes.c_float,
    "float64": ctypes.c_double,
    **{f"[{size}]byte": ctypes.c_uint8 * size for size in (0, 1, 3, 16)},
}


def random_struct(rng: random.Random, depth: int = 0) -> tuple[str, Any, list[Any]]:
    """A struct as gomap spells it, as ctypes and as NumPy do."""
    spelled, c_fields, np_fields = [], [], []
    for i in range(rng.randint(1, 6)):
        name = f"f{i}"
        if depth < 3 and rng.random() < 0.2:
            inner, c_type, np_type = random_struct(rng, depth + 1)
        else:
            inner = rng.choice(list(C_TYPES))
            c_type, np_type = C_TYPES[inner], inner
            if inner[0] == "[":
                np_type = ("u1", (int(inner[1 : inner.index("]")]),))
        spelled.append(f"{name} {inner}")
        c_fields.append((name, c_type))
        np_fields.append((name, np_type))
    return (
        f"struct{{{'; '.join(spelled)}}}",
        type("S", (ctypes.Structure,), {"_fields_": c_fields}),
        np_fields,
    )


def test_fields_lie_where_c_would_put_them() -> None:
    rng = random.Random(1)
    padded = 0
    for _ in range(300):
        spelling, c_struct, _ = random_struct(rng)
        found = parse(spelling)
        assert found.size == ctypes.sizeof(c_struct)
        for each in found.fields:
            assert each.offset == getattr(c_struct, each.name).offset
            assert each.type.size == getattr(c_struct, each.name).size
        padded += found.size > sum(each.type.size for each in found.fields)
    assert padded > 100


def test_type_is_pickled_and_copied() -> None:
    for spelling in (CHUNK, "*" + CHUNK, "struct{a struct{b [3]byte}}", "string", "bytes", "any", "int"):
        found = parse(spelling)
        for again in (pickle.loads(pickle.dumps(found)), copy.copy(found), copy.deepcopy(found)):
            assert again == found
            assert again.name == found.name
            assert hash(again) == hash(found)
            assert {found: 1}[again] == 1
            assert parse(again) == found


def test_types_cannot_be_changed() -> None:
    found = parse(CHUNK)
    with pytest.raises(AttributeError):
        found.size = 5  # type: ignore[misc]
    with pytest.raises(AttributeError):
        found.fields[0].offset = 5  # type: ignore[misc]


UINT32, INT8 = parse("uint32"), parse("int8")


@pytest.mark.parametrize(
    ("size", "fields", "words"),
    [
        (0, (), "a struct without fields is Kind.NOTHING"),
        (4, (Field("a", UINT32, 4),), "the fields' offsets or the size are not those of a C struct"),
        (5, (Field("a", UINT32, 0),), "the fields' offsets or the size are not those of a C struct"),
        (
            5,
            (Field("a", INT8, 0), Field("b", UINT32, 1)),
            "the fields' offsets or the size are not those of a C struct",
        ),
        (2, (Field("a", INT8, 0), Field("a", INT8, 1)), "there is a field 'a' already"),
        (1, (Field("if", INT8, 0),), "a field cannot be named 'if', a keyword of Python"),
        (1, (Field("_a", INT8, 0),), "a field's name cannot begin with an underscore, '_a' does"),
        (1, (Field("a b", INT8, 0),), "a field's name must be a Python identifier, got 'a b'"),
        (1, (Field("", INT8, 0),), "a field's name must be a Python identifier, got ''"),
        (8, (Field("a", parse(object), 0),), f"field 'a' is any: {FIELDS}"),
        (16, (Field("a", parse("*string"), 0),), f"field 'a' is *string: {FIELDS}"),
        (1, (Field("a", parse("*int8"), 0),), f"field 'a' is *int8: {FIELDS}"),
        (0, (Field("a", parse(None), 0),), f"field 'a' is struct{{}}: {FIELDS}"),
        (
            2**31 + 8,
            (Field("a", parse(f"[{MAX_BYTES}]byte"), 0), Field("b", parse("int"), 2**31)),
            f"a struct takes at most {MAX_BYTES} bytes",
        ),
    ],
)
def test_struct_made_by_hand_has_to_hold_together(size: int, fields: tuple[Field, ...], words: str) -> None:
    with pytest.raises(ValueError, match=f"^type spam: {re.escape(words)}$"):
        Type("spam", Kind.STRUCT, size, fields=fields)


def test_struct_made_by_hand() -> None:
    made = Type("struct{a uint32; b int8}", Kind.STRUCT, 8, fields=(Field("a", UINT32, 0), Field("b", INT8, 4)))
    assert parse(made) == made == parse("struct{a uint32; b int8}")
    assert Map(int, made, {1: (2, 3)})[1] == (2, 3)
    misnamed = made.__replace__(name="struct{a uint32; c int8}")
    with pytest.raises(ValueError, match="is not what its name says"):
        Map(int, misnamed)
    with pytest.raises(ValueError, match=r"^type int: INT64 has no fields$"):
        Type("int", Kind.INT64, 8, fields=made.fields)


# ---- the classes of structs' values ------------------------------------------------------------------


def test_namedtuple() -> None:
    cls = parse(CHUNK).namedtuple
    value = cls(1, 2, 3)
    assert repr(value) == "struct(refcount=1, size=2, csize=3)"
    assert (value.refcount, value.size, value.csize) == value == (1, 2, 3)  # type: ignore[attr-defined]
    assert isinstance(value, tuple)
    assert cls._fields == ("refcount", "size", "csize")  # type: ignore[attr-defined]
    assert cls.__doc__ == f"A value of {CHUNK}."
    assert not hasattr(value, "__dict__")


def test_namedtuple_is_one_class_per_fields() -> None:
    cls = parse(CHUNK).namedtuple
    for same in (
        parse("struct{refcount, size, csize uint32}"),
        parse("*" + CHUNK),
        pickle.loads(pickle.dumps(parse(CHUNK))),
    ):
        assert same.namedtuple is cls
    assert parse("struct{a int}").namedtuple is parse("struct{a int64}").namedtuple
    for other in ("struct{a, b, c uint32}", "struct{refcount, size, csize uint16}"):
        assert parse(other).namedtuple is not cls


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_namedtuple_is_pickled_and_copied(protocol: int) -> None:
    for spelling, value in [
        ("*" + CHUNK, (1, 2, 3)),
        ("struct{a struct{b [2]byte}; c float64}", (parse("struct{b [2]byte}").namedtuple(b"xy"), 0.5)),
    ]:
        made = parse(spelling).namedtuple(*value)
        for again in (pickle.loads(pickle.dumps(made, protocol)), copy.copy(made), copy.deepcopy(made)):
            assert again == made
            assert type(again) is type(made)
            assert [type(each) for each in again] == [type(each) for each in made]


def test_namedtuple_classes_go_when_nobody_needs_them() -> None:
    reference = weakref.ref(parse("struct{only_here int}").namedtuple)
    gc.collect()
    assert reference() is None
    value = parse("struct{only_here int}").namedtuple(5)
    gc.collect()
    assert type(value) is parse("struct{only_here int}").namedtuple


@pytest.mark.parametrize("spelling", ["int", "struct{}", "string", "[4]byte"])
def test_only_structs_have_a_namedtuple(spelling: str) -> None:
    with pytest.raises(TypeError, match=f"^namedtuple: expected a struct type, got {re.escape(spelling)}$"):
        parse(spelling).namedtuple  # noqa: B018


# ---- NumPy -------------------------------------------------------------------------------------------


def test_structured_dtypes(np: Any) -> None:
    dtype = np.dtype(
        [
            *(("a", "u1"), ("b", "f4"), ("c", "V16"), ("d", "u1", (3,)), ("e", "?")),
            ("f", [("x", "i8"), ("y", "u1")]),
        ]
    )
    name = "struct{a uint8; b float32; c [16]byte; d [3]byte; e bool; f struct{x int64; y uint8}}"
    for role in ("key", "value"):
        assert parse(dtype, role).name == name
        assert parse(dtype, role) == parse(name)
    assert parse(np.dtype([(("title", "a"), "i4")])).name == "struct{a int32}"
    assert parse(np.dtype(("u1", (16,)))).name == parse(np.dtype("V16")).name == "[16]byte"


def test_structured_dtypes_are_laid_out_as_c_would(np: Any) -> None:
    rng = random.Random(2)
    for _ in range(300):
        spelling, _, fields = random_struct(rng)
        found = parse(spelling)
        aligned = np.dtype(fields, align=True)
        for dtype in (aligned, np.dtype(fields)):
            if "[0]" not in spelling:  # NumPy has no dtype of no bytes within
                assert parse(dtype) == found
        assert found.size == aligned.itemsize
        assert [each.offset for each in found.fields] == [aligned.fields[each.name][1] for each in found.fields]
    reordered = np.dtype({"names": ["a", "b"], "formats": ["u1", "u4"], "offsets": [4, 0]})
    assert parse(reordered).name == "struct{a uint8; b uint32}"


def test_numpy_objects_and_text(np: Any) -> None:
    for spelling in (np.dtype("O"), np.object_):
        assert parse(spelling) == parse("any")
    for spelling in (np.str_, np.dtype("U"), np.dtype("U7")):
        with pytest.raises(TypeError, match=r"^gomap has no type for NumPy's .*: .*; did you mean 'string'\?$"):
            parse(spelling)
    for spelling, size in ((np.bytes_, 16), (np.dtype("S"), 16), (np.dtype("S7"), 7)):
        with pytest.raises(
            TypeError, match=rf"^gomap has no type for NumPy's .*: .*; did you mean 'bytes' or '\[{size}\]byte'\?$"
        ):
            parse(spelling)


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ([("a", "i4"), ("b", ">i4")], "its field 'b' has the bytes in the other order"),
        ([("a", [("b", ">f8")])], "its field 'a.b' has the bytes in the other order"),
        ([("a", "O")], f"its field 'a' is dtype('O'): {FIELDS}"),
        ([("a", "c8")], f"its field 'a' is dtype('complex64'): {FIELDS}"),
        ([("a", "i4", (2,))], f"its field 'a' is dtype(('<i4', (2,))): {FIELDS}"),
        ([("a", "u1", (2, 2))], f"its field 'a' is dtype(('u1', (2, 2))): {FIELDS}"),
        ([("a", [("b", "U3")])], f"its field 'a.b' is dtype('<U3'): {FIELDS}; did you mean 'string'?"),
        ([("a", "S3")], f"its field 'a' is dtype('S3'): {FIELDS}; did you mean 'bytes' or '[3]byte'?"),
    ],
    ids=str,
)
def test_structured_dtypes_that_name_no_struct(np: Any, fields: Any, words: str) -> None:
    if np.little_endian is False:
        pytest.skip("the dtypes are spelled for little-endian machines")
    dtype = np.dtype(fields)
    with pytest.raises(TypeError) as caught:
        parse(dtype)
    assert str(caught.value) == f"gomap has no type for NumPy's {dtype!r}: {words}"


@pytest.mark.parametrize("name", ["a b", "class", "_a", "1", "a; b int"])
def test_structured_dtypes_with_names_that_are_refused(np: Any, name: str) -> None:
    dtype = np.dtype([(name, "i4")])
    with pytest.raises(ValueError, match=rf"^NumPy dtype {re.escape(repr(dtype))}: a field.*{re.escape(repr(name))}"):
        parse(dtype)


def test_structured_dtypes_that_are_too_deep(np: Any) -> None:
    dtype: Any = "i4"
    for _ in range(MAX_DEPTH):
        dtype = np.dtype([("a", dtype)])
    assert parse(dtype).size == 4
    assert parse(parse(dtype)) == parse(dtype)
    with pytest.raises(ValueError, match=f"at most {MAX_DEPTH} deep$"):
        parse(np.dtype([("a", dtype)]))


def test_maps_of_structured_dtypes(np: Any, map_class: Any) -> None:
    dtype = np.dtype([("a", "u1"), ("b", "f8")])
    m = map_class(dtype, dtype, {(1, 0.5): (2, 0.25)})
    assert dict(m.items()) == {(1, 0.5): (2, 0.25)}
    assert m.key_type.name == m.value_type.name == "struct{a uint8; b float64}"


def test_what_a_spelling_names_is_remembered_only_as_long_as_it_names_it() -> None:
    numpy = pytest.importorskip("numpy")
    renamed = numpy.dtype([("a", "i4"), ("b", "i4")])
    for names in (("a", "b"), ("c", "d")):
        renamed.names = names
        for _ in range(2):
            made = Map(int, renamed, {1: dict.fromkeys(names, 7)})
            assert made[1]._fields == names
    spellings = (int, "int64", parse("int64"), parse("int"), int)  # equal types with names of their own
    for _ in range(2):
        names = tuple(Map(each, "byte").key_type.name for each in spellings)
        assert names == ("int", "int64", "int64", "int", "int")


def test_parsing_many_fields_takes_time_in_proportion() -> None:
    """By what is looked at: the names that are taken are kept in one set for a struct."""
    copied = 0

    class Counting(set):  # type: ignore[type-arg]
        def __init__(self, *arguments: Any) -> None:
            nonlocal copied
            super().__init__(*arguments)
            copied += len(self)

    builtins.set, old = Counting, builtins.set  # type: ignore[assignment, misc]
    try:
        struct = parse(f"struct{{{'; '.join(f'f{i} int8' for i in range(500))}}}")
    finally:
        builtins.set = old  # type: ignore[misc]
    assert len(struct.fields) == 500
    assert copied < 1000


@pytest.mark.parametrize("number", [-1, 31, "INT8", 3.5, None])
def test_a_kind_that_there_is_not(number: Any) -> None:
    with pytest.raises(ValueError, match=re.escape(f"{number!r} is not a valid Kind")):
        Kind(number)
    with pytest.raises(ValueError, match="is not a valid Kind"):
        Type("int", number, 8)
    assert number not in Kind


def test_kind_is_as_an_int_enum() -> None:
    model: Any = enum.IntEnum("Kind", [kind.name for kind in Kind], start=0)
    for cls in (model, Kind):
        first = cls["INT8"]
        assert first is cls.INT8 is cls(1) is cls.__members__["INT8"]
        assert (first.name, first.value, str(first), f"{first}", repr(first)) == ("INT8", 1, "1", "1", "<Kind.INT8: 1>")
        assert list(cls.__members__) == [each.name for each in cls] == [each.name for each in reversed(cls)][::-1]
        assert len(cls) == 31
        assert first in cls
        with pytest.raises(KeyError, match="^'INT128'$"):
            cls["INT128"]
        with pytest.raises(AttributeError, match="^cannot reassign member 'INT8'$"):
            cls.INT8 = 5
        assert cls.INT8 is first
