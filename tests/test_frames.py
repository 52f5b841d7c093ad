"""Columns as pandas, polars and pyarrow have them: data frames, series, chunks, categories, nulls."""

from __future__ import annotations

import array
import contextlib
import random
import re
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from gomap import GoMap, Map, Set

Class = Any
Make = Callable[[list[Any]], Any]

np = pytest.importorskip("numpy")


def libraries() -> dict[str, Any]:
    found = {}
    for name in ("pandas", "polars", "pyarrow"):
        with contextlib.suppress(ImportError):
            found[name] = __import__(name)
    return found


LIBRARIES = libraries()
pd, pl, pa = (LIBRARIES.get(name) for name in ("pandas", "polars", "pyarrow"))


def columns(numbers: bool) -> dict[str, Make]:
    """Every way in which a column of integers, or of text, may come, with None for nulls."""
    made: dict[str, Make] = {"numpy objects": lambda items: np.array([*items, None], object)[:-1]}
    if numbers:
        made["masked"] = lambda items: np.ma.masked_array(
            [0 if item is None else item for item in items], [item is None for item in items]
        )
    if pd is not None:
        made["Series"] = lambda items: pd.Series(items, dtype=None if numbers or pd.__version__ < "3" else "str")
        made["Series, other labels"] = lambda items: pd.Series(items, index=[f"row {i}" for i in range(len(items))])
        made["Series of objects"] = lambda items: pd.Series(items, dtype=object)
        made["Series of categories"] = lambda items: pd.Series(items, dtype="category")
        made["Series, nullable"] = lambda items: pd.Series(items, dtype="Int64" if numbers else "string")
        made["array of pandas"] = lambda items: pd.array(items, dtype="Int64" if numbers else "string")
        made["array of categories"] = lambda items: pd.Categorical(items)
        made["Index"] = lambda items: pd.Index(items)
        made["pandas.DataFrame"] = lambda items: pd.DataFrame({"a": pd.Series(items, dtype=object)})
        if pa is not None:
            made["Series of Arrow"] = lambda items: pd.Series(
                items, dtype=pd.ArrowDtype(pa.int64() if numbers else pa.string())
            )
            made["array of pandas, of Arrow"] = lambda items: pd.array(
                items, dtype=pd.ArrowDtype(pa.int64() if numbers else pa.string())
            )
    if pl is not None:
        kind = pl.Int64 if numbers else pl.String
        made["polars.Series"] = lambda items: pl.Series(items, dtype=kind)
        made["polars.Series, chunks"] = lambda items: pl.concat(
            [pl.Series(items[:3], dtype=kind), pl.Series(items[3:], dtype=kind)], rechunk=False
        )
        made["polars.DataFrame"] = lambda items: pl.DataFrame({"a": pl.Series(items, dtype=kind)})
        if not numbers:
            made["polars categories"] = lambda items: pl.Series(items, dtype=pl.Categorical)
    if pa is not None:
        types = [pa.int64()] if numbers else [pa.string(), pa.large_string(), pa.string_view()]
        for type_ in types:
            made[f"Array {type_}"] = lambda items, type_=type_: pa.array(items, type_)
            made[f"slice of {type_}"] = lambda items, type_=type_: pa.array([None, *items, None], type_)[1:-1]
            made[f"chunks of {type_}"] = lambda items, type_=type_: pa.chunked_array(
                [items[:1], [], items[1:7], items[7:]], type_
            )
        first = types[0]
        made["dictionary"] = lambda items: pa.array(items, first).dictionary_encode()
        made["dictionary with a null"] = lambda items: pa.DictionaryArray.from_arrays(
            pa.array(range(len(items)), pa.uint16()), pa.array(items, first)
        )
        made["dictionaries"] = lambda items: pa.chunked_array(
            [pa.array(items[:4], first).dictionary_encode(), pa.array(items[4:], first).dictionary_encode()]
        )
        made["runs"] = lambda items: pa.compute.run_end_encode(pa.array(items, first))
        made["slice of runs"] = lambda items: pa.compute.run_end_encode(
            pa.array([items[0], *items], first), pa.int16()
        )[1:]
        made["Table"] = lambda items: pa.table({"a": pa.array(items, first)})
        made["RecordBatch"] = lambda items: pa.record_batch({"a": pa.array(items, first)})
        import pyarrow.compute  # noqa: F401
    return made


NUMBERS = [5, 5, 5, None, -7, 2**53 + 1, None, 0, 5, *range(100, 130)]
TEXTS = ["a", "a", "", None, "ä" * 6, "twelve bytes", "thirteen byte", None, "x" * 300, "a", *map(str, range(100))]
CASES = [
    pytest.param(key, items, make, id=f"{name} of {key.__name__}")
    for key, items in ((int, NUMBERS), (str, TEXTS))
    for name, make in columns(key is int).items()
]


@pytest.mark.parametrize("map_class", [GoMap, Map])
@pytest.mark.parametrize(("key", "items", "make"), CASES)
def test_a_column(map_class: Class, key: type, items: list[Any], make: Make) -> None:
    whole = [item for item in items if item is not None]
    rounded = isinstance(make(items), np.ndarray) or "float" in str(getattr(make(items), "dtype", ""))
    if key is int and rounded:  # what was put in as a float is no longer 2**53 + 1
        items = [3 if item == 2**53 + 1 else item for item in items]
        whole = [item for item in items if item is not None]
    given, without = make(items), make(whole)
    null = items.index(None)

    m = map_class(key, int)
    m.set_many(without, range(len(whole)))
    assert m == dict(zip(whole, range(len(whole)), strict=True))
    before = dict(m)
    for refused in (
        lambda: m.set_many(given, 1),
        lambda: m.add_many(given),
        lambda: Set(key, given) if not isinstance(given, np.ndarray) else Set(key).add_many(given),
        lambda: Map.factorize(given, key=key),
    ):
        with pytest.raises(ValueError, match=rf"^(keys|values)\[{null}\]: expected .*, got null; write nulls=\"skip\""):
            refused()
    assert m == before

    found = m.get_many(given, -1)
    assert list(found) == [-1 if item is None else before[item] for item in items]
    assert list(m.contains_many(given)) == [item is not None for item in items]
    with pytest.raises(KeyError) as error:
        m.get_many(given)
    assert error.value.args == (f"None and 1 more of {len(items)} keys are not in the map",)

    counts = map_class(key, int)
    counts.add_many(given, nulls="skip")
    assert counts == Counter(whole)
    counts.add_many(given, range(len(items)), nulls="skip")
    expected = Counter(whole)
    for i, item in enumerate(items):
        if item is not None:
            expected[item] += i
    assert counts == expected
    s = Set(key)
    s.add_many(given, nulls="skip")
    assert s == set(whole)
    codes, coded = Map.factorize(given, key=key, nulls="skip")
    first = list(dict.fromkeys(whole))
    assert list(codes) == [-1 if item is None else first.index(item) for item in items]
    assert m.delete_many(given) == len(set(whole))
    for each in (m, counts, s, coded):
        each._check()

    objects = map_class(object, int)
    objects.add_many(without)
    assert objects == Counter(whole)
    objects.clear()
    objects.add_many(given, nulls="skip")
    assert objects == Counter(whole)


@pytest.mark.parametrize(("key", "items", "make"), CASES)
def test_a_column_of_values(key: type, items: list[Any], make: Make) -> None:
    if key is int:
        items = [3 if item == 2**53 + 1 else item for item in items]
    given = make(items)
    m = Map(int, key)
    with pytest.raises(ValueError, match=r"^values\[3\]: expected .*, got null; write nulls="):
        m.set_many(range(len(items)), given)
    m.set_many(range(len(items)), given, nulls="skip")
    assert m == {i: item for i, item in enumerate(items) if item is not None}
    m._check()


def frames(data: dict[str, list[Any]]) -> list[Any]:
    made = [
        library.DataFrame(data) if name != "pyarrow" else library.table(data) for name, library in LIBRARIES.items()
    ]
    return [*made, pa.record_batch(data)] if pa is not None else made


def test_frames_of_several_columns() -> None:
    data = {"a": [1, 2, 1], "b": [0.5, 1.5, 0.5]}
    rows = list(zip(*data.values(), strict=True))
    for frame in frames(data):
        m = Map("struct{a int; b float64}", int)
        m.add_many(frame)
        assert m == {rows[0]: 2, rows[1]: 1}
        assert list(m.get_many(frame)) == [2, 1, 2]
        assert Set("struct{a int; b float64}", frame) == set(rows)
        codes, coded = Map.factorize(frame)
        assert (list(codes), str(coded.key_type)) == ([0, 1, 0], "struct{a int64; b float64}")
        values = Map(int, "struct{a int; b float64}")
        values.set_many(range(3), frame)
        assert values == dict(enumerate(rows))
        for each in (m, coded, values):
            each._check()
        empty = Map(int, int)
        for refused in (
            lambda: empty.add_many(frame),  # noqa: B023
            lambda: empty.set_many(frame, 1),  # noqa: B023
            lambda: empty.get_many(frame),  # noqa: B023
            lambda: empty.contains_many(frame),  # noqa: B023
            lambda: empty.delete_many(frame),  # noqa: B023
            lambda: Set(int, frame),  # noqa: B023
            lambda: Map(object, int).add_many(frame),  # noqa: B023
            lambda: Set(object).add_many(frame),  # noqa: B023
            lambda: empty.set_many(range(3), frame),  # noqa: B023
        ):
            with pytest.raises(TypeError, match=r"expected one column.* of 2 columns \(a, b\); pass one of them"):
                refused()
        with pytest.raises(TypeError, match="expected the columns b, a for type struct"):
            Map("struct{b float64; a int}", int).add_many(frame)
        assert len(empty) == 0


def test_frames_as_entries() -> None:
    for frame in frames({"a": [1, 2], "b": [3, 4]}):
        with pytest.raises(
            TypeError, match=r"of 2 columns \(a, b\); pass its columns: m.set_many\(df\['a'\], df\['b'\]\)"
        ):
            Map(int, int, frame)


@pytest.mark.skipif(pd is None, reason="takes pandas")
def test_series_of_objects_that_say_no_type() -> None:
    for items in ([1, "a"], [], [None], [(1, 2)]):
        with pytest.raises(TypeError, match="^keys: expected a column whose type says what its items are, got one of"):
            Set.from_array(pd.Series(items, dtype=object))


PANDAS_ARRAYS: dict[str, list[Any]] = {
    **{f"{sign}Int{bits}": [3, 5, None] for sign in ("", "U") for bits in (8, 16, 32, 64)},
    **{name: [0.5, 1.5, None] for name in ("Float32", "Float64")},
    **{name: ["a", "ä", None] for name in ("string", "string[python]", "category")},
    "boolean": [True, False, None],
    "Sparse[int64]": [0, 5, 0],
    **{name: ["2020-01-01", "2020-01-02", None] for name in ("datetime64[ns]", "datetime64[ns, UTC]")},
    "timedelta64[ns]": ["1 days", "2 days", None],
}
if pa is not None:
    PANDAS_ARRAYS |= {
        **{f"{name}[pyarrow]": [3, 5, None] for name in ("int8", "uint64", "double")},
        "bool[pyarrow]": [True, False, None],
        "string[pyarrow]": ["a", "ä", None],
    }


@pytest.mark.skipif(pd is None, reason="takes pandas")
@pytest.mark.parametrize("dtype", PANDAS_ARRAYS)
def test_an_array_of_pandas_is_taken_as_its_series(dtype: str) -> None:
    items = PANDAS_ARRAYS[dtype]
    given = pd.array(items, dtype=dtype)
    made, of_series = (Map.from_arrays(each, each) for each in (given[:2], pd.Series(given[:2])))
    assert made == of_series
    assert (made.key_type, made.value_type, len(made)) == (of_series.key_type, of_series.value_type, 2)
    type_ = made.key_type
    for column in (given, pd.Series(given)):
        if None in items:
            for refused in (
                lambda column=column: Map(type_, int).set_many(column, 1),
                lambda column=column: Map(int, type_).set_many(range(3), column),
            ):
                message = rf"^(keys|values)\[2\]: (expected {re.escape(type_.name)}, got null; |.*NaT is no time)"
                with pytest.raises(ValueError, match=message):
                    refused()
        assert list(made.contains_many(column)) == [True, True, None not in items]
        counts, values = Map(type_, int), Map(int, type_)
        counts.add_many(column, nulls="skip")
        values.set_many(range(3), column, nulls="skip")
        assert counts == Counter(values.values())
        assert len(values) == len(items) - items.count(None)
        assert set(values.values()) == set(made)


@pytest.mark.skipif(pd is None, reason="takes pandas")
def test_series_that_are_floats() -> None:
    assert Map(float, int, {0.5: 1}).get_many(pd.Series([0.5, None]), 0).tolist() == [1, 0]
    m = Map(float, int)
    m.add_many(pd.Series([float("nan"), 1.5]))  # NaN is a float as any other
    assert len(m) == 2
    with pytest.raises(TypeError, match="^keys: expected an array whose items fit type int, got float64"):
        Map(int, int).add_many(pd.Series([1.5, 2]))
    with pytest.raises(OverflowError, match=r"^keys\[1\]: 300 is out of range for uint8"):
        Map("uint8", int).add_many(pd.Series([1, 300, None]), nulls="skip")
    assert Map("uint8", int, {1: 2}).get_many(pd.Series([1, 300, None]), -1).tolist() == [2, -1, -1]


@pytest.mark.skipif(pd is None, reason="takes pandas")
def test_indexes_of_several_levels() -> None:
    with pytest.raises(TypeError, match="a MultiIndex of several levels"):
        Set(int, pd.MultiIndex.from_tuples([(1, 2)]))


def test_types_of_columns() -> None:
    for name, make in columns(True).items():
        if name not in ("numpy objects", "Series of objects", "pandas.DataFrame"):
            assert str(Set.from_array(make([1, 2])).key_type) == "int64", name
    for name, make in columns(False).items():
        if "objects" not in name and not (
            pd is not None and name in ("Series, other labels", "Index", "pandas.DataFrame")
        ):
            assert str(Set.from_array(make(["a"])).key_type) == "string", name


@pytest.mark.skipif(pa is None, reason="takes pyarrow")
@pytest.mark.parametrize("map_class", [GoMap, Map])
def test_long_columns_in_chunks(map_class: Class) -> None:
    random.seed(1)
    texts = [
        random.choice(("a", "bc" * 8, "d" * random.randrange(40))) + str(random.randrange(300)) for _ in range(5000)
    ]
    cuts = sorted(random.sample(range(5000), 12))
    chunks = [texts[begin:end] for begin, end in zip([0, *cuts], [*cuts, 5000], strict=True)]
    for type_ in (pa.string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())):
        given = pa.chunked_array([pa.array(chunk, type_) for chunk in chunks])
        m = map_class(str, int)
        m.add_many(given)
        assert m == Counter(texts)
        m.set_many(texts, 2**63 - 5000)
        before = dict(m)
        with pytest.raises(OverflowError):
            m.add_many(given, [*[1] * 4999, 2**63 - 1])
        assert m == before
        m._check()


@pytest.mark.skipif(pa is None, reason="takes pyarrow")
def test_arrow_that_is_broken() -> None:
    m = Map(str, int)
    codes = pa.DictionaryArray.from_arrays(pa.array([0, 7], pa.int8()), pa.array(["a"]), safe=False)
    with pytest.raises(ValueError, match=r"^keys\[1\]: expected the code of an item, got one that no item has$"):
        m.set_many(codes, 1)
    negative = pa.DictionaryArray.from_arrays(pa.array([0, -1], pa.int64()), pa.array(["a"]), safe=False)
    with pytest.raises(ValueError, match=r"^keys\[1\]: expected the code of an item, got one that no item has$"):
        m.contains_many(negative)
    for view in ((13, 0, 0), (13, 1, 0), (13, -1, 0), (13, 0, -1), (-1, 0, 0), (2**31 - 1, 0, 0), (13, 0, 2**31 - 1)):
        length, buffer, offset = view
        raw = length.to_bytes(4, "little", signed=True) + b"abcd"
        raw += buffer.to_bytes(4, "little", signed=True) + offset.to_bytes(4, "little", signed=True)
        broken = pa.Array.from_buffers(
            pa.string_view(), 2, [None, pa.py_buffer(bytes(16) + raw), pa.py_buffer(b"twelve bytes")]
        )
        with pytest.raises(ValueError, match=r"^keys\[1\]: expected text in UTF-8, got bytes that are none"):
            m.set_many(broken, 1)
        with pytest.raises(ValueError, match=r"^keys\[1\]: expected text in UTF-8, got bytes that are none"):
            m.contains_many(broken)
    no_text = pa.Array.from_buffers(pa.string_view(), 1, [None, pa.py_buffer(b"\1\0\0\0\xff" + bytes(11))])
    with pytest.raises(ValueError, match=r"^keys\[0\]: expected text in UTF-8, got bytes that are none"):
        m.set_many(no_text, 1)
    assert len(m) == 0


@pytest.mark.skipif(pa is None, reason="takes pyarrow")
def test_a_stream_that_fails() -> None:
    def batches() -> Any:
        yield pa.record_batch({"a": [1]})
        raise RuntimeError("no more of it")

    class Column:
        """One column's stream, which ends with an error."""

        def __arrow_c_stream__(self, requested_schema: Any = None) -> Any:
            return pa.RecordBatchReader.from_batches(pa.schema([("a", pa.int64())]), batches()).__arrow_c_stream__()

    with pytest.raises((TypeError, ValueError), match=r"^keys: "):
        Map(int, int).add_many(Column())


def test_what_nulls_means() -> None:
    for refused in (
        lambda: Map(int, int).set_many([1], 1, nulls="drop"),
        lambda: Map(int, int).add_many([1], nulls=True),
        lambda: Set(int).add_many([1], nulls=None),
        lambda: Map.factorize([1], key=int, nulls=""),
    ):
        with pytest.raises(ValueError, match='^nulls: expected "refuse" or "skip", got'):
            refused()
    m = Map(int, int)
    m.set_many([1, None, 3], [4, 5, None], nulls="skip")
    assert m == {1: 4}
    m.add_many(array.array("q", [1, 2]), nulls="skip")
    assert m == {1: 5, 2: 1}


@pytest.mark.parametrize("every", [2, 7, 300])
def test_nulls_inside_pieces(map_class: Any, every: int) -> None:
    """They are left out of the windows, keys before and behind them are not; and a sum that does not fit is undone."""
    pa = pytest.importorskip("pyarrow")
    words = [None if i % every == 1 else "x" * (i % 40) + str(i % 211) for i in range(3000)]
    given = pa.array(words)
    counts = map_class(str, "int16")
    counts.add_many(given, nulls="skip")
    expected = Counter(word for word in words if word is not None)
    assert counts == expected
    counts._check()
    last = next(word for word in reversed(words) if word is not None)
    counts[last] = 32767
    before = dict(counts)
    with pytest.raises(OverflowError):
        counts.add_many(given, nulls="skip")
    assert counts == before
    m = map_class(str, int)
    m.set_many(given, list(range(3000)), nulls="skip")
    assert m == {word: i for i, word in enumerate(words) if word is not None}
    m.max_many(given, [i ^ 1 for i in range(3000)], nulls="skip")
    m._check()
    codes, made = Map.factorize(given, nulls="skip")
    assert [None if code < 0 else list(dict.fromkeys(expected))[code] for code in codes] == words
    assert made.delete_many(given) == len(expected)


# ---- results as Arrow data --------------------------------------------------------------------------


ARROW_TYPES = ["bool", "int8", "uint16", "int", "uint64", "float32", "float64", "[3]byte", "string", "bytes"]


@pytest.mark.skipif(pa is None, reason="takes pyarrow")
@pytest.mark.parametrize("map_class", [GoMap, Map])
@pytest.mark.parametrize("value", ARROW_TYPES)
def test_results_as_arrow(map_class: Class, value: str, examples: Callable[[str, int], list[Any]]) -> None:
    values = examples(value, 60)
    if value == "string":
        values = [each for each in values if not any("\ud800" <= char <= "\udfff" for char in each)]
    expected = dict(enumerate(values))
    m = map_class(int, value, expected)
    given = list(range(-5, len(values) + 5))

    column = m.get_many(given, missing="null")
    array = pa.array(column)
    array.validate(full=True)
    assert array.to_pylist() == column.tolist() == list(column) == [expected.get(key) for key in given]
    assert (len(column), column.null_count, array.null_count) == (len(given), 10, 10)
    assert (column[-1], column[6]) == (None, expected[1])
    assert column.nbytes >= pa.array(list(values), array.type).nbytes - 16
    if pl is not None:
        assert pl.Series(column).to_list() == column.tolist()

    default = values[0]
    assert pa.array(m.get_many(given, default, arrow=True)).to_pylist() == [expected.get(key, default) for key in given]
    with pytest.raises(KeyError) as error:
        m.get_many(given, arrow=True)
    assert error.value.args == (f"-5 and 9 more of {len(given)} keys are not in the map",)
    keys, found = m.to_arrays(arrow=True)
    pa.array(found).validate(full=True)
    assert dict(zip(keys.tolist(), pa.array(found).to_pylist(), strict=True)) == expected
    back = map_class(value, int) if value != "float32" else None
    if back is not None:
        back.set_many(found, keys)
        assert back == {each: key for key, each in zip(keys, found, strict=True)}
        assert Set.from_array(back.to_arrays(arrow=True)[0]) == set(values)
        assert Set(value, values).to_array(arrow=True).null_count == 0
    empty = map_class(int, value)
    assert pa.array(empty.get_many([], missing="null")).to_pylist() == []
    assert pa.array(empty.get_many([1, 2], missing="null")).to_pylist() == [None, None]
    assert pa.array(empty.to_arrays(arrow=True)[1]).to_pylist() == []
    m._check()


@pytest.mark.skipif(pa is None, reason="takes pyarrow")
def test_text_comes_as_it_is_asked() -> None:
    m = Map(str, str, {f"k{i}": "v" * i for i in range(700)})
    keys = [f"k{i}" for i in range(700)]
    found = m.get_many(pa.array(keys))
    assert type(found).__name__ == "ArrowColumn"
    assert found.tolist() == m.get_many(keys) == m.get_many(pa.array(keys), arrow=False)
    assert isinstance(m.get_many(keys), list)
    assert repr(m.get_many(["k3", "x"], missing="null")) == "<ArrowColumn of 2 string, 1 null>"
    objects = Map(str, object, {"a": 1})
    assert objects.get_many(pa.array(["a"])) == [1]
    structs = Map(str, "struct{a int}", {"a": (1,)})
    for refused in (
        lambda: objects.get_many(["a"], missing="null"),
        lambda: structs.get_many(["a"], arrow=True),
        lambda: structs.to_arrays(arrow=True),
        lambda: Set("struct{a int}").to_array(arrow=True),
        lambda: Map(str, None).get_many(["a"], arrow=True),
    ):
        with pytest.raises(TypeError, match="^arrow: a .* has no Arrow columns: expected no struct, any or"):
            refused()
    with pytest.raises(ValueError, match="^missing: expected \"null\", got 'none'$"):
        m.get_many(keys, missing="none")
    for wrong in (
        lambda: m.get_many(keys, "x", missing="null"),
        lambda: Map(int, int).get_many([1], missing="null", out=np.zeros(1, int)),
    ):
        with pytest.raises(ValueError, match="^missing: expected neither default= nor out= beside it; leave out"):
            wrong()
    with pytest.raises(IndexError, match="expected an index below 700, got 700"):
        found[700]


def test_surrogates_are_no_text_of_arrow() -> None:
    m = Map(int, str, {1: "\ud7ff\ue000", 2: "a\udc80"})
    assert m.get_many([1], arrow=True).tolist() == ["\ud7ff\ue000"]
    for refused in (lambda: m.get_many([2], arrow=True), lambda: m.to_arrays(arrow=True)):
        with pytest.raises(ValueError, match="^arrow: a string has a lone surrogate"):
            refused()
    assert m.get_many([2]) == ["a\udc80"]


@pytest.mark.skipif(pa is None, reason="takes pyarrow")
def test_arrow_data_outlive_the_map() -> None:
    m = Map(int, str, {i: str(i) * 3 for i in range(1000)})
    array = pa.array(m.get_many(range(1000), arrow=True))
    del m
    assert array.to_pylist() == [str(i) * 3 for i in range(1000)]
    capsules = Map(int, int, {1: 2}).get_many([1], arrow=True).__arrow_c_array__()
    del capsules  # never taken
