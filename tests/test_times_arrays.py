"""Arrays of dates, times and UUIDs: NumPy's, with nanoseconds, pandas' and Arrow's."""

from __future__ import annotations

import pickle
from datetime import UTC, date, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from support import Class, assert_same, refused
from time_cases import AMSTERDAM, EPOCH, ID, TIMES, scattered, zero

from gomap import Map, Set
from gomap import _arrays as arrays
from gomap.types import parse

# ---- whole arrays ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("spelling", TIMES)
def test_arrays(map_class: Class, examples: Any, spelling: str, results: str) -> None:
    items = scattered(examples, spelling)
    model = dict(zip(items, reversed(items), strict=True))
    m = map_class(spelling, spelling)
    m.set_many(items, list(model.values()))
    assert_same(m, model)
    keys, values = m.to_arrays()
    assert isinstance(keys, list) == (arrays.numpy() is None and spelling != "uuid")
    again = map_class.from_arrays(keys, values, key=spelling, value=spelling)
    assert again == m
    assert list(again.contains_many(keys)) == [True] * 300
    got = again.get_many(keys)
    assert (list(got) == list(values)) if isinstance(got, list) else got.tolist() == values.tolist()
    assert again.delete_many(keys) == 300
    assert again == {}
    assert again._check() is None
    default = items[0]
    found = m.get_many([items[5]], default=default)
    assert len(found) == 1
    codes, index = Map.factorize(items + items, key=spelling)
    assert list(codes) == [*range(300), *range(300)]
    assert list(map(index.get, items)) == list(range(300))
    assert list(Map.factorize(keys, key=spelling)[0]) == list(range(300))


@pytest.mark.parametrize("spelling", [each for each in TIMES if each != "uuid"])
def test_numpy_arrays_of_every_unit(examples: Any, np: Any, spelling: str) -> None:
    type_ = parse(spelling)
    keys = Set(spelling, examples(spelling, 200)).to_array()
    own = keys.dtype
    name = "timedelta64" if "timedelta" in spelling else "datetime64"
    assert own == np.dtype("M8[D]" if spelling == "date" else f"{name}[{unit_in(spelling)}]")
    assert Map(own, own).key_type.size == type_.size
    small = np.arange(-500, 500).astype(f"{name}[D]")
    s = Set(spelling)
    for unit in ("D", "h", "m", "s", "ms", "us", "ns", "12h", "ps"):
        if unit == "ps":  # which reach some months, and do not convert to days
            array = (np.arange(-10, 10) * 86_400 * 10**12).astype(f"{name}[ps]")
        else:
            array = small.astype(f"{name}[{unit}]")
        for each in (array, array[::-1], array.astype(array.dtype.newbyteorder()), array[::2]):
            s.add_many(each)
        assert s.isin(array).all()
        assert len(s) == 1000
    assert (np.sort(s.to_array()) == small).all()
    assert s._check() is None


def unit_in(spelling: str) -> str:
    return spelling[spelling.index("[") + 1 :].rstrip("]").partition(",")[0]


def test_units_that_are_no_multiples_of_each_other(np: Any) -> None:
    s = Set("datetime64[s]")
    s.add_many(np.array([2, -4, 0], "M8[1500ms]"))
    assert s == {EPOCH + timedelta(seconds=each) for each in (3, -6, 0)}
    assert s.isin(np.array([2, 1, -4, "NaT", 3], "M8[1500ms]")).tolist() == [True, False, True, False, False]
    assert s.isin(np.array(["NaT", 6, 7], "M8[500ms]")).tolist() == [False, True, False]
    for spelling, unit in (("date", "as"), ("datetime64[us]", "2000000000D")):  # factors of more than 64 bits
        far = np.array([0, 1, -1, 2**63 - 1, -(2**63)]).view(f"M8[{unit}]")
        first = Set(spelling, [zero(spelling)])
        assert first.isin(far).tolist() == [each in first for each in far] == [True, False, False, False, False]


def test_years_and_months(np: Any) -> None:
    s = Set("datetime64[s]")
    s.add_many(np.array(["2020", "1969"], "M8[Y]"))
    s.add_many(np.array(["2020-05"], "M8[M]"))
    s.add(np.datetime64("1700", "Y"))
    assert s == {datetime(2020, 1, 1), datetime(1969, 1, 1), datetime(2020, 5, 1), datetime(1700, 1, 1)}
    far = np.array([2**40], "M8[Y]")
    assert not s.isin(far).any()
    assert far[0] not in s
    with pytest.raises(OverflowError):
        s.add_many(far)
    with pytest.raises(OverflowError):
        s.add(far[0])
    t = Set("timedelta64[s]")
    with pytest.raises(
        TypeError, match="expected an array whose items fit type timedelta64\\[s\\], got items of timedelta64\\[M\\]"
    ):
        t.add_many(np.array([1], "m8[M]"))
    with pytest.raises(ValueError, match="a timedelta64 of years or months has no length"):
        t.add(np.timedelta64(1, "M"))
    none = np.zeros(1, "i8").view("m8")[0]
    with pytest.raises(ValueError, match="a timedelta64 of no unit has no length"):
        t.add(none)


@pytest.mark.parametrize(
    ("spelling", "dtype", "bad", "error", "words"),
    [
        ("datetime64[s]", "M8[s]", "NaT", ValueError, "NaT is no time"),
        ("datetime64[s]", "M8[ms]", 1500, ValueError, "it is not whole in 's'"),
        ("datetime64[s, UTC]", "M8[us]", 1, ValueError, "it is not whole in 's'"),
        (
            "datetime64[us]",
            "M8[s]",
            2**62,
            OverflowError,
            "is out of range for datetime64[us] (0001-01-01 to 9999-12-31)",
        ),
        ("datetime64[us]", "M8[us]", 2**62, OverflowError, "is out of range for datetime64[us]"),
        (
            "datetime64[ns]",
            "M8[s]",
            2**40,
            OverflowError,
            "is out of range for datetime64[ns] (1677-09-21 to 2262-04-11)",
        ),
        ("date", "M8[D]", 3_000_000, OverflowError, "is out of range for date"),
        ("date", "M8[h]", 5, ValueError, "it is not whole in 'D'"),
        ("date", "M8[D]", "NaT", ValueError, "NaT is no time"),
        ("timedelta64[ms]", "m8[ms]", 2**62, OverflowError, "is out of range for timedelta64[ms]"),
        ("timedelta64[ns]", "m8[ns]", "NaT", ValueError, "NaT is no time"),
    ],
)
def test_arrays_with_an_item_that_the_type_cannot_hold(
    map_class: Class, np: Any, spelling: str, dtype: str, bad: Any, error: type[Exception], words: str
) -> None:
    array = np.zeros(70_000, dtype)
    good = map_class(spelling, int)
    good.set_many(array, 1)
    array[65_600] = np.array(bad, dtype)
    m = good.copy()
    with pytest.raises(error) as caught:
        m.set_many(array, 2)
    assert str(caught.value).startswith("keys[65600]: ")
    assert words in str(caught.value)
    with pytest.raises(error, match="values"):
        map_class(int, spelling).set_many(np.arange(70_000), array)
    with pytest.raises(error, match="^key: "):
        m[array[65_600]] = 1
    assert m == good
    assert m.contains_many(array).sum() == 69_999
    assert array[65_600] not in m
    assert m.get_many(array, default=5)[65_600] == 5
    with pytest.raises(KeyError):
        m.get_many(array)
    m.delete_many(array)
    assert len(m) == 0
    assert m._check() is None


def test_arrays_of_other_kinds(map_class: Class, np: Any) -> None:
    m = map_class("datetime64[us]", int)
    for array, words in (
        (np.arange(3), "got int64; write array.view('datetime64[us]')"),
        (np.arange(3, dtype="i4"), "got int32"),
        (np.zeros(3), "got float64"),
        (np.zeros(3, "m8[us]"), "got items of timedelta64[us]"),
        (np.zeros((3, 3), "M8[us]"), "got items of datetime64[us]"),
        (np.zeros(3, "S4"), "got varbytes"),
    ):
        for attempt in (m.contains_many, m.delete_many, lambda array: m.set_many(array, 1)):
            with refused(m, TypeError, f"keys: expected an array whose items fit type datetime64[us], {words}"):
                attempt(array)
    ints = map_class(int, int)
    words = "got items of datetime64[us]; write the type 'datetime64[us]', or array.view('int64')"
    with refused(ints, TypeError, f"keys: expected an array whose items fit type int, {words}"):
        ints.set_many(np.zeros(3, "M8[us]"), 1)
    ids = map_class("uuid", int)
    with pytest.raises(TypeError, match="keys: expected an array whose items fit type uuid"):
        ids.set_many(np.zeros(3, "V15"), 1)
    with pytest.raises(TypeError, match="keys: expected an array whose items fit type uuid"):
        ids.set_many(np.zeros((3, 2)), 1)


def test_columns_without_a_type(np: Any, map_class: Class) -> None:
    m = map_class.from_arrays(np.array(["2020-01-01"], "M8[D]"), np.array([5], "m8[ms]"))
    assert (m.key_type.name, m.value_type.name) == ("date", "timedelta64[ms]")
    assert m == {date(2020, 1, 1): timedelta(milliseconds=5)}
    assert Set.from_array(np.array(["2020"], ">M8[s]")) == {datetime(2020, 1, 1)}


def test_uuids_in_arrays(np: Any, map_class: Class) -> None:
    ids = [UUID(int=i * 2**100 + i) for i in range(1, 100)]
    joined = b"".join(each.bytes for each in ids)
    for array in (np.frombuffer(joined, "V16"), np.frombuffer(joined, "u1").reshape(-1, 16)):
        m = map_class("uuid", int)
        m.set_many(array, np.arange(99))
        assert m == dict(zip(ids, range(99), strict=True))
        assert m.get_many(array).tolist() == list(range(99))
    keys = m.to_arrays()[0]
    assert {UUID(bytes=bytes(each)) for each in keys} == set(ids)


def test_results_for_keys_that_are_not_there(np: Any, map_class: Class) -> None:
    for spelling in ("datetime64[us]", "datetime64[s, UTC]", "date", "timedelta64[ms]"):
        value = zero(spelling)
        m = map_class(int, spelling, {1: value})
        got = m.get_many([1, 2], default=np.datetime64("NaT", "s"))
        assert np.isnat(got).tolist() == [False, True]
        assert m.get_many([1, 2], default=value).tolist()[0] == m.get_many([2], default=value).tolist()[0]
        with pytest.raises(KeyError):
            m.get_many([1, 2])
        out = np.ones(2, got.dtype)
        assert m.get_many([1, 2], default=value, out=out) is out
        assert out.tolist() == m.get_many([1, 1]).tolist()
        for wrong in (
            np.zeros(3, got.dtype),
            np.zeros(2, "i8"),
            np.zeros(2, "M8[h]"),
            [1, 2],
            np.broadcast_to(out[0], 2),
        ):
            with pytest.raises(TypeError, match="out: expected a writable array of 2 "):
                m.get_many([1, 2], default=value, out=wrong)
    strided = np.zeros((2, 2), "M8[us]")
    Map(int, datetime, {1: datetime(2020, 1, 1)}).get_many([1, 1], out=strided[:, 1])
    assert strided[:, 0].astype("i8").tolist() == [0, 0]
    assert strided[:, 1].tolist() == [datetime(2020, 1, 1)] * 2


def test_with_objects_and_strings(np: Any, map_class: Class) -> None:
    m = map_class(str, datetime, {"a": EPOCH, "b": datetime(2020, 1, 1)})
    assert m.get_many(["a", "b"]).tolist() == [EPOCH, datetime(2020, 1, 1)]
    o = map_class(object, "date", {EPOCH: date(2020, 1, 1)})
    assert o.get_many([EPOCH]).tolist() == [date(2020, 1, 1)]
    o.set_many([1, 2], np.array(["2020-01-02", "2020-01-03"], "M8[D]"))
    assert o == {EPOCH: date(2020, 1, 1), 1: date(2020, 1, 2), 2: date(2020, 1, 3)}
    assert o._check() is None


# ---- nanoseconds -----------------------------------------------------------------------------------------


def test_nanoseconds_are_numpys(np: Any, map_class: Class) -> None:
    m = map_class("datetime64[ns]", "timedelta64[ns]")
    m[np.datetime64("2020-01-01T00:00:00.000000001")] = np.timedelta64(-1, "ns")
    m[datetime(2020, 1, 1)] = timedelta(days=1)
    m[np.datetime64("2021", "Y")] = np.timedelta64(1, "D")
    assert {str(key): int(value.astype("i8")) for key, value in m.items()} == {
        "2020-01-01T00:00:00.000000001": -1,
        "2020-01-01T00:00:00.000000000": 86_400 * 10**9,
        "2021-01-01T00:00:00.000000000": 86_400 * 10**9,
    }
    assert all(type(key) is np.datetime64 and key in m for key in m)
    assert pickle.loads(pickle.dumps(m)) == m == dict(m)
    keys, values = m.to_arrays()
    assert (keys.dtype, values.dtype) == ("M8[ns]", "m8[ns]")
    for wrong in (datetime(1677, 1, 1), datetime(2263, 1, 1), np.datetime64(2**62, "us")):
        assert wrong not in m
        with pytest.raises(OverflowError, match="1677-09-21 to 2262-04-11"):
            m[wrong] = timedelta(0)
    utc = map_class("datetime64[ns, UTC]", int, {EPOCH.replace(tzinfo=AMSTERDAM): 1})
    assert list(utc) == [np.datetime64(-(19 * 60 + 32) * 10**9, "ns")]
    assert next(iter(utc)) in utc


def test_nanoseconds_need_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    from gomap import _arrays

    monkeypatch.setattr(_arrays, "numpy", lambda: None)
    for name, other in (("datetime64[ns]", "datetime64[us]"), ("timedelta64[ns]", "timedelta64[us]")):
        with pytest.raises(ImportError) as caught:
            Map(parse(name), "float32")
        words = f"type {name} needs NumPy, as Python's objects have no nanoseconds; write '{other}'"
        assert str(caught.value) == words
        with pytest.raises(ImportError):
            Map(int, f"struct{{a {name}; b int8}}")


def test_numpy_scalars(np: Any, map_class: Class) -> None:
    m = map_class(datetime, timedelta, {np.datetime64("2020-01-01T12", "h"): np.timedelta64(90, "m")})
    assert m == {datetime(2020, 1, 1, 12): timedelta(minutes=90)}
    assert np.datetime64("2020-01-01T12:00:00.000000001") not in m
    with pytest.raises(TypeError, match="expected timedelta"):
        m[EPOCH] = np.datetime64("2020")
    with pytest.raises(TypeError, match="expected date"):
        map_class("date", int)[np.timedelta64(1, "D")] = 1
    assert map_class(date, int, {np.datetime64("2020-01-01"): 1}) == {date(2020, 1, 1): 1}
    utc = map_class("datetime[UTC]", int, {np.datetime64("2020"): 1})  # it has no zone
    assert utc == {datetime(2020, 1, 1, tzinfo=UTC): 1}


# ---- pandas ----------------------------------------------------------------------------------------------


def test_pandas_times(pd: Any, np: Any, map_class: Class) -> None:
    """They are subclasses that hold more than their base shows: nanoseconds, and years beyond 9999."""
    m = map_class(datetime, timedelta)
    m[pd.Timestamp("2020-01-01T00:00:01")] = pd.Timedelta("5s")
    assert m == {datetime(2020, 1, 1, 0, 0, 1): timedelta(seconds=5)}
    assert all(type(key) is datetime for key in m)
    fine = pd.Timestamp("2020-01-01T00:00:01.000000001")
    assert fine not in m
    with pytest.raises(ValueError, match="it is not whole in 'us'"):
        m[fine] = timedelta(0)
    with pytest.raises(ValueError, match="it is not whole in 'us'"):
        m[EPOCH] = pd.Timedelta(1, "ns")
    with pytest.raises(ValueError, match="NaT is no time"):
        m[pd.NaT] = timedelta(0)
    assert pd.NaT not in m
    far = pd.Timestamp(np.datetime64("20000-01-01", "s"))
    assert far not in m
    with pytest.raises(OverflowError):
        m[far] = timedelta(0)
    with pytest.raises(TypeError, match="expected a naive datetime"):
        m[pd.Timestamp("2020-01-01", tz="UTC")] = timedelta(0)
    ns = map_class("datetime64[ns, UTC]", int, {pd.Timestamp("2020-01-01T00:00:00.000000001+02:00"): 1})
    assert list(ns) == [np.datetime64("2019-12-31T22:00:00.000000001")]
    with pytest.raises(TypeError, match="expected an aware datetime"):
        ns[fine] = 1


def test_pandas_columns(pd: Any, map_class: Class) -> None:
    index = pd.date_range("2020-01-01", periods=50, freq="h")
    for keys in (index, pd.Series(index)):
        m = map_class.from_arrays(keys.to_numpy(), range(50), value=int)
        assert len(m) == 50
        assert m.get_many(keys).tolist() == list(range(50))
    for zone in ("UTC", timezone(timedelta(hours=2))):
        aware = pd.date_range("2020-01-01", periods=50, freq="h", tz=zone)
        m = map_class.from_arrays(aware, list(range(50)), value=int)
        assert m.key_type.name.endswith(", UTC]")
        assert m.get_many(aware).tolist() == list(range(50))


# ---- Arrow -----------------------------------------------------------------------------------------------


def test_masked_times_and_nat(map_class: Class, np: Any) -> None:
    times = np.array(["2024-01-01", "NaT", "2024-01-03"], "M8[us]")
    masked = np.ma.array(times, mask=[True, True, False])
    m = map_class("datetime", int)
    with pytest.raises(ValueError, match=r"^keys\[0\]: expected .*, got null; write nulls="):
        m.set_many(masked, 1)
    m.set_many(masked, 1, nulls="skip")
    assert list(m) == [datetime(2024, 1, 3)]
    with pytest.raises(ValueError, match="NaT is no time"):
        m.add_many(times)
    m.add_many(times, nulls="skip")
    assert m == {datetime(2024, 1, 1): 1, datetime(2024, 1, 3): 2}
    assert m.get_many(times, 0).tolist() == [1, 0, 2]


def test_arrow(map_class: Class) -> None:
    pa = pytest.importorskip("pyarrow")
    days = [date(1900, 1, 1), date(2020, 2, 29), date(1970, 1, 1)]
    naive = [datetime(day.year, day.month, day.day) for day in days]
    aware = [each.replace(tzinfo=UTC) for each in naive]
    for type_, name, objects in (
        *((pa.timestamp(unit), f"datetime64[{unit}]", naive) for unit in ("s", "ms", "us")),
        *((pa.timestamp(unit, "Asia/Tokyo"), f"datetime64[{unit}, UTC]", aware) for unit in ("s", "ms", "us")),
        *((pa.duration(unit), f"timedelta64[{unit}]", [timedelta(days=i) for i in (5, -5, 0)]) for unit in ("s", "us")),
        (pa.date32(), "date", days),
        (pa.date64(), "date", days),
    ):
        array = pa.array([objects[0], *objects], type_)[1:]
        m = map_class.from_arrays(array, [1, 2, 3], value=int)
        assert m.key_type.name == name
        assert m == dict(zip(objects, (1, 2, 3), strict=True))
        assert m.get_many(array).tolist() == [1, 2, 3]
        other = name.replace("[s", "[ms") if "[s" in name else name.replace("[us", "[ms")
        assert map_class.from_arrays(array, [1, 2, 3], key=other, value=int) == m
        nulls = pa.chunked_array([pa.array([objects[0], None], type_), pa.array([objects[1]], type_)])
        with pytest.raises(ValueError, match=r"^keys\[1\]: expected .*, got null; write nulls="):
            m.set_many(nulls, 1)
        m.set_many(nulls, 1, nulls="skip")
        assert m.get_many(nulls, -1).tolist() == [1, -1, 1]
        m.set_many(array, [1, 2, 3])
        assert set(pa.array(m.to_arrays(arrow=True)[0]).to_pylist()) == set(m)
        assert map_class.from_arrays(array[:0], [], value=int) == {}
    assert Set("datetime64[ns]").isin(pa.array(naive, pa.timestamp("ns"))).tolist() == [False] * 3
    whole = map_class.from_arrays(pa.array(days, pa.date32()), [1, 2, 3], key="datetime64[us]", value=int)
    assert whole == dict(zip(naive, (1, 2, 3), strict=True))
    for wrong in (pa.array(aware), pa.array([timedelta(1)]), pa.array([1]), pa.array(["x"])):
        with pytest.raises(TypeError, match="keys: expected an array whose items fit type datetime64"):
            whole.set_many(wrong, 1)
    parts = pa.array([EPOCH.replace(microsecond=5)], pa.timestamp("us"))
    with pytest.raises(ValueError, match=r"keys\[0\]: datetime64\[s\] cannot hold .* not whole in 's'"):
        map_class("datetime64[s]", int).set_many(parts, 1)
    ids = pa.array([ID.bytes], pa.binary(16))
    assert map_class.from_arrays(ids, [1], key="uuid", value=int) == {ID: 1}
