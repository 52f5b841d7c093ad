# ruff: noqa: B023  (closures that are called at once; tables)
"""Arrays of NumPy's and Arrow's kinds, what their items are taken for, and what is refused."""

from __future__ import annotations

import datetime
import math
import pickle
from collections.abc import Callable
from typing import Any

import pytest

from gomap import Map, Set
from gomap import _arrays as arrays
from gomap.types import parse

Class = Any
Examples = Callable[[str, int], list[Any]]

np: Any = pytest.importorskip("numpy")

INTEGERS = ["int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"]
NUMBERS = [*INTEGERS, "float32", "float64"]


@pytest.fixture
def pa() -> Any:
    return pytest.importorskip("pyarrow")


def sound(m: Any, model: Any) -> None:
    assert m._check() is None
    assert len(m) == len(model)
    assert (set(m) if isinstance(m, Set) else dict(m.items())) == model


# ---- NumPy -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*NUMBERS, "bool"])
def test_numbers_in_and_out(map_class: Class, name: str) -> None:
    given = np.array([0, 1] if name == "bool" else [0, 1, 100, 3, 7, 50], name)
    m = map_class.from_arrays(given, given)
    assert (m.key_type, m.value_type) == (parse(name), parse(name))
    model = dict(zip(given.tolist(), given.tolist(), strict=True))
    sound(m, model)
    got = m.get_many(given)
    assert type(got) is np.ndarray
    assert got.dtype == name
    assert (got == given).all()
    assert m.contains_many(given).dtype == bool
    keys, values = m.to_arrays()
    assert (keys.dtype, values.dtype) == (given.dtype, given.dtype)
    assert dict(zip(keys.tolist(), values.tolist(), strict=True)) == model
    got[:] = 0  # it is nobody else's
    sound(m, model)
    for strange in (
        given[::-1],
        np.repeat(given, 3)[::3],
        given.astype(given.dtype.newbyteorder()),
        given[::2],
    ):
        m.set_many(strange, strange)
        sound(m, model)
        assert (m.get_many(strange) == strange).all()
        assert m.contains_many(strange).all()
    read_only = given.copy()
    read_only.flags.writeable = False
    m.set_many(read_only, read_only)
    sound(m, model)
    swapped = map_class.from_arrays(given.astype(given.dtype.newbyteorder()), given)
    assert swapped == m


@pytest.mark.parametrize("source", NUMBERS)
@pytest.mark.parametrize("target", NUMBERS)
def test_numbers_of_another_kind(map_class: Class, source: str, target: str) -> None:
    rng = np.random.default_rng(1)
    dtype = np.dtype(source)
    if dtype.kind == "f":
        given = np.concatenate([rng.normal(size=500), [0, 1, np.inf, np.nan, 1e38, np.finfo(dtype).max]]).astype(dtype)
    else:
        given = np.frombuffer(rng.bytes(500 * dtype.itemsize), dtype)
        given = np.concatenate([given, np.array([0, 1, 100, np.iinfo(dtype).max, np.iinfo(dtype).min], dtype)])
    m, model = map_class(target, target), map_class(target, target)
    if dtype.kind == "f" and np.dtype(target).kind != "f":
        for refused in (
            lambda: m.set_many(given, 1),
            lambda: m.get_many(given),
            lambda: m.contains_many(given),
        ):
            with pytest.raises(
                TypeError, match=f"^keys: expected an array whose items fit type {target}, got {source}$"
            ):
                refused()
        with pytest.raises(TypeError, match=f"^values: expected an array whose items fit type {target}, got {source}$"):
            m.set_many(range(len(given)) if target == "int64" else [1] * len(given), given)
        return
    fits = []
    for item in given.tolist():
        try:
            model[item] = item
            fits.append(True)
        except OverflowError:
            fits.append(False)
    if not all(fits):
        with pytest.raises(OverflowError, match=rf"^keys\[{fits.index(False)}\]: "):
            m.set_many(given, 1)
    m.set_many(given[fits], given[fits])
    assert {str(item) for item in m.items()} == {str(item) for item in model.items()}
    assert m.contains_many(given).tolist() == [item in model for item in given.tolist()]
    assert m._check() is None


@pytest.mark.parametrize(
    "source",
    [
        np.array(["2020-01-01"], "M8[D]"),
        np.array(["2020-01-01"], "M8[ns]"),
        np.array([5], "m8[s]"),
        np.array([1], "f2"),
        np.array([1], "c8"),
        np.array([1], "g"),
        np.array([True]),
        np.array([b"1"]),
        np.array(["1"]),
        np.array([(1,)], "i4,")[["f0"]],
        np.array([[1]]),
        np.array(1),
        np.zeros(1, "V8"),
        np.ma.masked_array([[1, 2]], [[False, True]]),
    ],
    ids=lambda source: f"{type(source).__name__}-{source.dtype}-{source.ndim}",
)
@pytest.mark.parametrize("types", [(int, int), (float, float), ("uint32", "uint32")])
def test_never_reinterpreted(map_class: Class, source: Any, types: tuple[Any, Any]) -> None:
    m = map_class(*types)
    for refused in (
        lambda: m.set_many(source, 1),
        lambda: m.get_many(source),
        lambda: m.contains_many(source),
        lambda: m.delete_many(source),
        lambda: m.add_many(source),
        lambda: m.set_many(np.arange(1), source if source.ndim else source[None].astype("M8[s]")),
        lambda: Set(types[0]).update(source),
        lambda: Set(types[0], source),
    ):
        with pytest.raises(TypeError):
            refused()
    sound(m, {})


def test_other_dtypes_name_no_type(map_class: Class) -> None:
    for source in (
        np.zeros(1, "M8[h]"),
        np.zeros(1, "m8[D]"),
        np.zeros(1, "f2"),
        np.zeros(1, "c16"),
        np.zeros(1, "V0"),
        np.array([None]),
    ):
        with pytest.raises(TypeError):
            map_class.from_arrays(source, source)
        with pytest.raises(TypeError):
            Set.from_array(source)


def test_masked_arrays_without_a_mask(map_class: Class) -> None:
    m = map_class(int, int)
    m.set_many(np.ma.masked_array([1, 2], [False, False]), np.ma.masked_array([3, 4]))
    sound(m, {1: 3, 2: 4})


def test_text(map_class: Class) -> None:
    texts = ["", "a", "ä", "日本", "\U0001f600", "x" * 40, "\udc80"]
    for dtype in ("U40", ">U40", object, np.dtypes.StringDType()):
        items = texts[:-1] if isinstance(dtype, np.dtypes.StringDType) else texts
        given = np.array(items, dtype)
        m = map_class(str, str)
        m.set_many(given, given[::-1])
        sound(m, dict(zip(items, items[::-1], strict=True)))
        assert m.get_many(given[::2]) == items[::-1][::2]
        assert m.contains_many(given).all()
        assert Set(str, given) == set(items)
        assert m.delete_many(given) == len(items)
        if dtype is not object:
            assert map_class.from_arrays(given, given).key_type == parse("string")
            assert Set.from_array(given) == set(items)
    codes, m = Map.factorize(np.array(["b", "a", "b"]))
    assert codes.tolist() == [0, 1, 0]
    sound(m, {"b": 0, "a": 1})
    broken = np.array([0x110000], "u4").view("U1")
    with pytest.raises(ValueError, match=r"^keys\[0\]: expected characters of Unicode, got a number that is none$"):
        map_class(str, int).set_many(broken, 1)
    with pytest.raises(TypeError, match="^keys: "):
        map_class(bytes, int).set_many(np.array(texts), 1)
    with pytest.raises(ValueError, match=r"^keys\[1\]: expected string, got null; write nulls="):
        map_class(str, int).set_many(np.array(["a", None]), 1)
    with pytest.raises(TypeError, match=r"^keys\[1\]: expected str for type string, got NoneType"):
        map_class(str, int).set_many(["a", None], 1)
    with pytest.raises(TypeError, match="^keys: "):
        map_class(str, int).set_many(np.array([["a"]], object), 1)


def test_bytes(map_class: Class) -> None:
    items = [b"", b"a", b"ab\0cd", b"x" * 20]
    for dtype in ("S20", object):
        given = np.array(items, dtype)
        m = map_class(bytes, bytes)
        m.set_many(given, given)
        sound(m, dict(zip(items, items, strict=True)))
        m.set_many(given[::-1], given)
        sound(m, dict(zip(items[::-1], items, strict=True)))
    assert map_class.from_arrays(np.array(items), np.arange(4)) == {item: i for i, item in enumerate(items)}
    with pytest.raises(TypeError, match="^keys: "):
        map_class(str, int).set_many(np.array(items), 1)


@pytest.mark.parametrize("size", [1, 2, 8, 16, 20, 33, 129])
def test_bytes_of_one_size(map_class: Class, size: int) -> None:
    raw = np.random.default_rng(1).integers(0, 256, (50, size), np.uint8)
    raw[:, -1] = 0  # zeros at the end are bytes like others
    raw[:, 0] = np.arange(50)
    items = [row.tobytes() for row in raw]
    wide = np.zeros((50, size + 3), np.uint8)
    wide[:, :size] = raw
    for given in (
        raw,
        np.asfortranarray(raw),
        wide[:, :size],
        raw.view(f"V{size}")[:, 0],
        raw.view(f"S{size}")[:, 0],
        np.repeat(raw.view(f"V{size}")[:, 0], 2)[::2],
        memoryview(raw),
        raw.view("i1"),
    ):
        m = map_class(f"[{size}]byte", f"[{size}]byte")
        m.set_many(given, given)
        if size > 1:
            sound(m, dict(zip(items, items, strict=True)))
        got = m.get_many(given)
        assert got.dtype == f"V{size}"
        assert got.tobytes() == raw.tobytes() if size > 1 else True
        assert m.contains_many(given).all()
        again = map_class.from_arrays(got, got)
        assert again == m
        assert again.delete_many(got) == len(again.copy()) or len(again) == 0
    for wrong in (np.zeros((3, size + 1), np.uint8), np.zeros(3, f"V{size + 1}"), np.zeros((3, size), "i2")):
        if size > 1:
            with pytest.raises(TypeError, match="^keys: "):
                m.set_many(wrong, 1)
    nothing = np.zeros((10, size), np.uint8)[::2][:0]
    m.set_many(nothing, nothing)


def test_bytes_of_no_size(map_class: Class) -> None:
    m = map_class("[0]byte", "[0]byte")
    m.set_many([b""], [b""])
    sound(m, {b"": b""})
    assert m.get_many([b"", b""]) == [b"", b""]
    assert m.to_arrays() == ([b""], [b""])
    m.set_many(np.zeros((3, 0), np.uint8), b"")
    sound(m, {b"": b""})
    assert m.contains_many(np.zeros((3, 0), np.uint8)).tolist() == [True] * 3


SPEC = "struct{a int8; b float64; c struct{d uint64; e [3]byte; z float32}; f bool}"
NESTED = np.dtype([("d", "u8"), ("e", "V3"), ("z", "f4")], align=True)
ALIGNED = np.dtype([("a", "i1"), ("b", "f8"), ("c", NESTED), ("f", "?")], align=True)


def structs(count: int) -> Any:
    made = np.zeros(count, ALIGNED)
    made["a"] = np.arange(count) % 100
    made["b"] = np.arange(count) / 4
    made["c"]["d"] = np.arange(count)
    made["c"]["e"] = np.arange(3 * count, dtype=np.uint8).reshape(count, 3).view("V3")[:, 0]
    made["c"]["z"] = np.arange(count) * 0.5
    made["f"] = np.arange(count) % 2
    return made


def tuples(made: Any) -> list[Any]:
    return [
        (
            int(each["a"]),
            float(each["b"]),
            (int(each["c"]["d"]), each["c"]["e"].tobytes(), float(each["c"]["z"])),
            bool(each["f"]),
        )
        for each in made
    ]


def test_structs(map_class: Class) -> None:
    made = structs(100)
    expected = tuples(made)
    other_inner = np.dtype([("z", "f4"), ("e", "u1", 3), ("d", ">u4")])
    other = np.zeros(100, [("f", "?"), ("c", other_inner), ("b", ">f4"), ("a", "i1")])
    for name in ("f", "b", "a"):
        other[name] = made[name]
    for name in ("z", "d"):
        other["c"][name] = made["c"][name]
    other["c"]["e"] = made["c"]["e"].copy().view("u1").reshape(100, 3)
    packed = np.zeros(100, np.dtype([(name, ALIGNED[name]) for name in ALIGNED.names]))
    for name in ALIGNED.names:
        packed[name] = made[name]
    dirty = np.frombuffer(b"\xff" * made.nbytes, ALIGNED).copy()
    for name in ("a", "b", "f"):
        dirty[name] = made[name]
    for name in ("d", "e", "z"):
        dirty["c"][name] = made["c"][name]
    assert dirty.tobytes() != made.tobytes()
    for given in (made, other, packed, dirty, made.view(np.recarray), np.repeat(made, 2)[::2], dirty[::-1]):
        m = map_class(SPEC, SPEC)
        m.set_many(given, given)
        sound(m, dict(zip(expected, expected, strict=True)))
        assert m.contains_many(given).all()
        got = m.get_many(made)
        assert got.tobytes() == made.tobytes()
        assert got.dtype == ALIGNED
        out = np.zeros(100, ALIGNED)
        assert m.get_many(given, out=out) is out
        assert tuples(out) == tuples(given)
        assert pickle.loads(pickle.dumps(m)) == m
        assert m.delete_many(given) == 100
    again = map_class.from_arrays(made, np.arange(100))
    assert len(again) == 100
    assert map_class.from_arrays(*again.to_arrays()) == again
    with pytest.raises(TypeError, match="^out: "):
        m.get_many(made, made[0], out=np.zeros(100, packed.dtype))
    m.set_many(made, made[5])
    assert set(m.values()) == {expected[5]}
    assert tuples(m.get_many(made[:2], made[7])) == [expected[5]] * 2


def test_struct_keys_with_floats_that_are_one_key(map_class: Class) -> None:
    spec = "struct{a float32; b float64; c bool}"
    given = np.zeros(6, arrays.dtype_of(parse(spec)))
    given["a"] = [0.0, -0.0, math.nan, math.nan, 1, 1]
    given["b"] = [-0.0, 0.0, 1, 1, math.nan, math.nan]
    given.view("u1").reshape(6, -1)[:, 2:3] |= 0
    given["a"].view("u4")[3] |= 5
    given["b"].view("u8")[5] |= 1 << 63 | 77
    given.view("u1").reshape(6, -1)[5, 16] = 0
    m = map_class(spec, int)
    m.set_many(given, range(6))
    assert len(m) == 3
    assert m._check() is None
    assert m.get_many(given).tolist() == [1, 1, 3, 3, 5, 5]
    assert m[0.0, 0.0, False] == 1
    assert m[math.nan, 1.0, False] == 3
    assert pickle.loads(pickle.dumps(m)).get_many(given).tolist() == [1, 1, 3, 3, 5, 5]
    # As values they stay what they are; but a bool is one.
    odd = given.copy()
    odd.view("u1").reshape(6, -1)[:, 16] = 2
    v = map_class(int, spec)
    v.set_many(range(6), odd)
    assert math.copysign(1, v[1].a) == -1
    assert all(each.c is True for each in v.values())
    assert pickle.loads(pickle.dumps(v)).get_many(range(6)).tobytes() == v.get_many(range(6)).tobytes()


@pytest.mark.parametrize(
    "dtype",
    [
        [("a", "i8")],
        [("a", "i8"), ("b", "f8"), ("c", "i8")],
        [("a", "i8"), ("x", "f8")],
        [("a", "f8"), ("b", "f8")],
        [("a", "u8"), ("b", "f8")],
        [("a", "?"), ("b", "f8")],
        [("a", "M8[s]"), ("b", "f8")],
        [("a", "i8"), ("b", "i8")],
        [("a", "i8"), ("b", "S8")],
        [("a", "i8", 1), ("b", "f8")],
        [("a", "O"), ("b", "f8")],
        [("a", [("a", "i8")]), ("b", "f8")],
    ],
    ids=str,
)
def test_structs_that_are_others(map_class: Class, dtype: Any) -> None:
    m = map_class("struct{a int64; b float64}", int)
    given = np.zeros(3, dtype)
    for refused in (lambda: m.set_many(given, 1), lambda: m.contains_many(given)):
        with pytest.raises(TypeError, match="expected an array of .* for type struct"):
            refused()
    back = map_class(int, "struct{a int64; b float64}")
    with pytest.raises(TypeError, match="expected an array of .* for type struct"):
        back.set_many(range(3), given)
    good = np.zeros((2, 2), [("a", "i8"), ("b", "f8")])
    with pytest.raises(TypeError, match="2 dimensions"):
        m.set_many(good, 1)
    with pytest.raises(TypeError, match="masked"):
        m.set_many(np.ma.masked_array(good[0], mask=[(True, False), (False, False)]), 1)
    with pytest.raises(TypeError, match="0 dimensions"):
        m.set_many(good[:1, 0].reshape(()), 1)
    with pytest.raises(TypeError):
        map_class(int, int).set_many(good[0], 1)
    sound(m, {})


def test_objects_take_what_python_has(map_class: Class, pa: Any) -> None:
    for given in (np.array([1, 2, 3]), pa.array([1, 2, 3]), pa.chunked_array([[1], [2, 3]])):
        m = map_class(object, object)
        m.set_many(given, [given] * 3)
        assert [type(key) for key in m] == [int] * 3
        assert m.get_many(given)[2] is given
        assert m.contains_many(given).tolist() == [True] * 3
        assert m.delete_many(given) == 3
        c = map_class(object, int)
        c.set_many(given, given)
        c.add_many(given, given)
        sound(c, {1: 2, 2: 4, 3: 6})
        s = Set(object)
        s.add_many(given)
        sound(s, {1, 2, 3})
    dates = np.array(["2020-01-01"], "M8[ns]")
    s.add_many(dates)
    assert any(isinstance(each, np.datetime64) for each in s)
    assert Map.factorize(np.array(["a", 1, "a"], object), key=object)[0].tolist() == [0, 1, 0]
    assert map_class(int, object).get_many(np.arange(3), default=m) == [m] * 3


def test_scalars_are_one_value(map_class: Class) -> None:
    for value in (np.int64(5), np.uint8(5), np.array(5), 5):
        m = map_class(int, int)
        m.set_many(np.arange(10), value)
        sound(m, dict.fromkeys(range(10), 5))
    f = map_class(int, float)
    f.set_many(np.arange(10), np.float32(0.5))
    sound(f, dict.fromkeys(range(10), 0.5))
    b = map_class(int, bool)
    b.set_many(np.arange(10), np.True_)
    sound(b, dict.fromkeys(range(10), True))
    t = map_class(int, str)
    t.set_many(np.arange(10), np.str_("text"))
    sound(t, dict.fromkeys(range(10), "text"))
    n = map_class(int, bytes)
    n.set_many(np.arange(10), np.bytes_(b"text"))
    sound(n, dict.fromkeys(range(10), b"text"))
    with pytest.raises(TypeError):
        m.set_many(np.arange(10), np.datetime64(5, "s"))


def test_out_arrays(map_class: Class) -> None:
    m = map_class(int, float, {1: 0.5, 2: 1.5})
    out = np.empty(2)
    assert m.get_many([1, 2], out=out) is out
    assert out.tolist() == [0.5, 1.5]
    two = np.zeros(4)
    m.get_many([2, 1], out=two[1:3])
    assert two.tolist() == [0, 1.5, 0.5, 0]
    frozen = np.zeros(2)
    frozen.flags.writeable = False
    for wrong in (np.empty(2, "f4"), np.empty(2, "i8"), np.empty(2, ">f8"), np.empty(4)[::2], np.empty((1, 2)), frozen,
                  np.empty(3), np.empty(2, "M8[s]"), np.empty(2, object), np.empty(1, "c16")):  # fmt: skip
        with pytest.raises(TypeError, match="^out: "):
            m.get_many([1, 2], out=wrong)
    with pytest.raises(TypeError, match="^out: "):
        m.get_many([1], out=np.array(0.0))
    b = map_class(int, "[8]byte", {1: b"12345678"})
    assert b.get_many([1], out=np.empty(1, "V8")).tobytes() == b"12345678"
    assert b.get_many([1], out=np.empty((1, 8), "u1")).tobytes() == b"12345678"
    for wrong in (np.empty(1), np.empty(1, "i8"), np.empty(8, "u1"), np.empty((2, 4), "u1")):
        with pytest.raises(TypeError, match="^out: "):
            b.get_many([1], out=wrong)


def test_results_stay_when_the_map_goes(map_class: Class) -> None:
    keys = np.arange(10_000)
    m = map_class.from_arrays(keys, keys * 2)
    got, (found, held) = m.get_many(keys), m.to_arrays()
    m.clear()
    del m
    assert (got == keys * 2).all()
    assert (held == found * 2).all()


# ---- Arrow -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [*NUMBERS, "bool"])
def test_arrow_numbers(map_class: Class, pa: Any, name: str) -> None:
    kind = {"float32": pa.float32(), "float64": pa.float64(), "bool": pa.bool_()}.get(name) or getattr(pa, name)()
    items = [True, False] * 20 if name == "bool" else [float(i) if name[0] == "f" else i for i in range(40)]
    whole = pa.array(items, kind)
    chunks = pa.chunked_array([items[:7], [], items[7:]], kind)
    for given, expected in (
        (whole, items),
        (whole[3:], items[3:]),
        (whole[5:29], items[5:29]),
        (whole[40:], []),
        (chunks, items),
        (chunks[3:30], items[3:30]),
        (pa.chunked_array([], kind), []),
        (pa.array([], kind), []),
    ):
        m = map_class(name, name)
        m.set_many(given, given)
        sound(m, dict(zip(expected, expected, strict=True)))
        assert m.contains_many(given).tolist() == [True] * len(expected)
        assert m.get_many(given).tolist() == expected
        assert Set(name, given) == set(expected)
        if given is whole:
            assert map_class.from_arrays(given, given) == m
            assert map_class.from_arrays(chunks, chunks) == m
            assert Set.from_array(given).key_type == parse(name)
            assert len(Map.factorize(given)[1]) == len(m)


def test_arrow_numbers_of_another_kind(map_class: Class, pa: Any) -> None:
    m = map_class(int, float)
    m.set_many(pa.array([1, 2], pa.uint8()), pa.array([3, 4], pa.int32()))
    sound(m, {1: 3.0, 2: 4.0})
    with pytest.raises(OverflowError, match=r"^keys\[1\]: 18446744073709551615 is out of range for int"):
        m.set_many(pa.array([1, 2**64 - 1], pa.uint64()), 1)
    assert m.contains_many(pa.array([1, 2**64 - 1], pa.uint64())).tolist() == [True, False]
    with pytest.raises(KeyError) as error:
        m.get_many(pa.array([1, 2**64 - 1], pa.uint64()))
    assert error.value.args == (2**64 - 1,)
    for wrong in (pa.array([1.0]), pa.array([True]), pa.array(["1"]), pa.array([b"1"]), pa.array([1], pa.date32()),
                  pa.array([1], pa.timestamp("s")), pa.array([[1]]), pa.array([{"a": 1}]),
                  pa.array([1], pa.decimal128(5)), pa.array([1.0], pa.float16()), pa.array([b"12345678"], pa.binary(8)),
                  pa.array(["x"], pa.string_view()), pa.table({"a": [1], "b": [1]}),
                  pa.record_batch({"a": [1], "b": [1]})):  # fmt: skip
        for refused in (
            lambda: m.set_many(wrong, 1.0),
            lambda: m.contains_many(wrong),
            lambda: (
                map_class("[8]byte", int).set_many(wrong, 1)
                if not str(wrong.schema if hasattr(wrong, "schema") else wrong.type).startswith("fixed")
                else m.set_many(wrong, 1.0)
            ),
            lambda: Set(int, wrong),
        ):
            with pytest.raises(TypeError):
                refused()
    with pytest.raises(TypeError):
        map_class("[8]byte", int).set_many(pa.array([1]), 1)
    with pytest.raises(TypeError):
        map_class("struct{a int}", int).set_many(pa.array([1]), 1)
    sound(m, {1: 3.0, 2: 4.0})


def test_arrow_nulls_that_a_slice_leaves_out(map_class: Class, pa: Any) -> None:
    m = map_class(int, int)
    m.set_many(pa.array([1, None, 2])[2:], 5)
    m.set_many(pa.array([None, *range(10, 40), None])[1:31], 5)
    assert len(m) == 31


def test_arrow_text(map_class: Class, pa: Any) -> None:
    texts = ["", "a", "ä" * 30, "日本", "\U0001f600", "x" * 300]
    for kind in (pa.string(), pa.large_string()):
        for given, expected in (
            (pa.array(texts, kind), texts),
            (pa.array(texts, kind)[2:5], texts[2:5]),
            (pa.array(["", ""], kind), ["", ""]),
            (pa.chunked_array([texts[:2], texts[2:]], kind), texts),
            (pa.array([], kind), []),
        ):
            m = map_class(str, str)
            m.set_many(given, given)
            sound(m, dict(zip(expected, expected, strict=True)))
            assert list(m.get_many(given)) == expected
            assert m.contains_many(given).all()
            assert map_class.from_arrays(given, given) == m
            with pytest.raises(TypeError, match="^keys: "):
                map_class(bytes, int).set_many(given, 1)
    items = [text.encode() for text in texts] + [b"\xff\0"]
    for kind in (pa.binary(), pa.large_binary()):
        given = pa.array(items, kind)
        m = map_class(bytes, bytes)
        m.set_many(given, given)
        sound(m, dict(zip(items, items, strict=True)))
        assert map_class.from_arrays(given, given) == m
        with pytest.raises(TypeError, match="^keys: "):
            map_class(str, int).set_many(given, 1)
    with pytest.raises(TypeError, match="^keys: expected an array whose items fit type .*, got Arrow items of format"):
        m.set_many(pa.array(texts, pa.string_view()), b"1")
    # No UTF-8, whatever its type says.
    for wrong in (b"\xff", b"\xc0\x80", b"\xed", b"\xf4\x90\x80\x80", b"a" * 9 + b"\x80"):
        broken = pa.Array.from_buffers(
            pa.string(), 2, [None, pa.py_buffer(np.array([0, 0, len(wrong)], "i4")), pa.py_buffer(wrong)]
        )
        with pytest.raises(ValueError, match=r"^keys\[1\]: expected text in UTF-8, got bytes that are none"):
            map_class(str, int).set_many(broken, 1)
        backwards = pa.Array.from_buffers(
            pa.string(), 2, [None, pa.py_buffer(np.array([1, 0, 1], "i4")), pa.py_buffer(b"abc")]
        )
        with pytest.raises(ValueError, match=r"^keys\[0\]: expected text in UTF-8, got bytes that are none"):
            map_class(str, int).set_many(backwards, 1)
        offsets = np.array([0, 1, 3], "i4")
        beyond = pa.Array.from_buffers(pa.string(), 2, [None, pa.py_buffer(offsets), pa.py_buffer(b"abc")])
        offsets[2] = 2**30  # pyarrow looks at it only when the array is made
        with pytest.raises(ValueError, match=r"^keys\[0\]: expected text in UTF-8, got bytes that are none"):
            map_class(str, int).set_many(beyond, 1)
        with pytest.raises(ValueError, match=r"^keys\[0\]: expected text in UTF-8, got bytes that are none"):
            map_class(str, int, {"a": 1}).contains_many(beyond)


def test_arrow_bytes_of_one_size(map_class: Class, pa: Any) -> None:
    items = [bytes([i] * 16) for i in range(20)]
    given = pa.array(items, pa.binary(16))
    m = map_class("[16]byte", "[16]byte")
    m.set_many(given, given)
    sound(m, dict(zip(items, items, strict=True)))
    assert map_class.from_arrays(given, given) == m
    part = map_class("[16]byte", int)
    part.set_many(given[5:8], range(3))
    sound(part, dict(zip(items[5:8], range(3), strict=True)))
    for types in (("[8]byte", int), ("struct{a int; b int}", int), (bytes, int)):
        with pytest.raises(
            TypeError, match="^keys: expected an array whose items fit type .*, got Arrow items of format 'w:16'"
        ):
            map_class(*types).set_many(given, 1)


def test_arrow_without_pyarrows_ways(map_class: Class, pa: Any) -> None:
    class Array:
        def __init__(self, inner: Any) -> None:
            self.inner = inner

        def __arrow_c_array__(self, requested_schema: Any = None) -> Any:
            return self.inner.__arrow_c_array__(requested_schema)

    class Stream:
        def __init__(self, inner: Any) -> None:
            self.inner = inner

        def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
            return self.inner.__arrow_c_stream__(requested_schema)

    class Series(Stream):  # as Polars has them
        def __iter__(self) -> Any:
            return iter(self.inner.to_pylist())

    m = map_class(int, int)
    m.set_many(Array(pa.array([1, 2])), Array(pa.array([3, 4])))
    sound(m, {1: 3, 2: 4})
    m.set_many(Series(pa.chunked_array([[5], [6]])), Series(pa.chunked_array([[7, 8]])))
    sound(m, {1: 3, 2: 4, 5: 7, 6: 8})
    m.set_many(Stream(pa.chunked_array([[5], [9]])), 1)
    sound(m, {1: 3, 2: 4, 5: 1, 6: 8, 9: 1})
    Broken = type("Broken", (), {"__arrow_c_array__": lambda self: (1, 2)})
    with pytest.raises((TypeError, ValueError)):
        m.contains_many(Broken())


def test_arrow_takes_results(map_class: Class, pa: Any) -> None:
    m = map_class.from_arrays(pa.array([1, 2]), pa.array([0.5, 1.5]))
    assert pa.array(m.get_many([1, 2])).to_pylist() == [0.5, 1.5]
    assert isinstance(m.to_arrays()[0], np.ndarray)
    today = datetime.date.today()
    with pytest.raises(TypeError):
        m.contains_many(pa.array([today]))
