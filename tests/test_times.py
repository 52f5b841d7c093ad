"""Dates, times and UUIDs as keys, values and fields: spellings, limits, time zones, NumPy's and pandas' times."""

from __future__ import annotations

import copy
import pickle
import random
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any
from uuid import NAMESPACE_DNS, UUID, SafeUUID, uuid5

import pytest
from support import Class, assert_same, refused

from gomap import GoMap, Map, Set, estimate, sizeof
from gomap import _arrays as arrays
from gomap._times import LIMITS
from gomap.types import Kind, Type, parse

TIMES = [
    *(f"datetime64[{unit}]" for unit in ("s", "ms", "us")),
    *(f"datetime64[{unit}, UTC]" for unit in ("s", "ms", "us")),
    *(f"timedelta64[{unit}]" for unit in ("s", "ms", "us")),
    *("date", "uuid"),
]
EPOCH = datetime(1970, 1, 1)
#: Some place with an offset that is not of whole minutes.
AMSTERDAM = timezone(timedelta(minutes=19, seconds=32))
ID = uuid5(NAMESPACE_DNS, "example.org")


@pytest.fixture
def np() -> Any:
    return pytest.importorskip("numpy")


@pytest.fixture
def pd() -> Any:
    return pytest.importorskip("pandas")


def scattered(examples: Any, spelling: str, count: int = 300) -> list[Any]:
    found = examples(spelling, count)
    random.Random(5).shuffle(found)
    return list(found)


# ---- spellings ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spelling", "name", "kind", "size"),
    [
        (datetime, "datetime64[us]", Kind.DATETIME_US, 8),
        ("datetime", "datetime64[us]", Kind.DATETIME_US, 8),
        (" datetime64 [ us ] ", "datetime64[us]", Kind.DATETIME_US, 8),
        ("datetime64[s]", "datetime64[s]", Kind.DATETIME_S, 8),
        ("datetime64[ns]", "datetime64[ns]", Kind.DATETIME_NS, 8),
        ("datetime[UTC]", "datetime64[us, UTC]", Kind.UTC_US, 8),
        ("datetime64[ms,UTC]", "datetime64[ms, UTC]", Kind.UTC_MS, 8),
        (timedelta, "timedelta64[us]", Kind.TIMEDELTA_US, 8),
        ("timedelta", "timedelta64[us]", Kind.TIMEDELTA_US, 8),
        ("timedelta64[ns]", "timedelta64[ns]", Kind.TIMEDELTA_NS, 8),
        (date, "date", Kind.DATE, 4),
        ("datetime64[D]", "date", Kind.DATE, 4),
        (UUID, "uuid", Kind.UUID, 16),
        ("uuid", "uuid", Kind.UUID, 16),
    ],
)
def test_spellings(spelling: Any, name: str, kind: Kind, size: int) -> None:
    if "[ns" in name:
        pytest.importorskip("numpy")
    for role in ("key", "value"):
        found = parse(spelling, role)
        assert (found.name, found.kind, found.size) == (name, kind, size)
        assert parse(found.name) == found == parse(found)
        assert pickle.loads(pickle.dumps(found)) == found
    assert parse(f"struct{{a {name}; b int8}}").fields[0].type == found
    assert Map(spelling, int).key_type == Map[spelling, int]().key_type == found
    assert Map(int, f"*{name}").value_type.pointer


def test_every_unit_and_zone_is_a_type_of_its_own() -> None:
    every = [parse(f"{form}[{unit}{zone}]") for form, zone in FORMS for unit in ("s", "ms", "us", "ns")]
    assert len({parse("int"), parse("date"), parse("uuid"), parse("[16]byte"), parse("int32"), *every}) == 17
    with pytest.raises(TypeError, match="this is a map"):
        Map("datetime64[us]", int).__init__("int", int)  # type: ignore[misc]
    assert Map("datetime64[us]", int) == Map(int, int)  # both are empty
    assert Map("datetime64[us]", int, {EPOCH: 1}) != Map(int, int, {0: 1})


FORMS = [("datetime64", ""), ("datetime64", ", UTC"), ("timedelta64", "")]


def test_numpy_dtypes(np: Any) -> None:
    for name in ("datetime64[s]", "datetime64[ms]", "datetime64[us]", "datetime64[ns]", "timedelta64[us]"):
        assert parse(np.dtype(name)).name == name
    assert parse(np.dtype("M8[D]")).name == "date"
    struct = parse(np.dtype([("day", "M8[D]"), ("at", "M8[ms]")]))
    assert struct.name == "struct{day date; at datetime64[ms]}"
    for wrong in ("M8[h]", "M8[25s]", "M8", "m8[D]", "m8[Y]"):
        with pytest.raises(TypeError, match=r"did you mean '\w+64\[s\]' or '\w+64\[us\]'"):
            parse(np.dtype(wrong))
    with pytest.raises(TypeError, match="its field 'a' is"):
        parse(np.dtype([("a", "M8[h]")]))


def test_a_class_of_the_same_name_is_no_type() -> None:
    class UUID:
        pass

    UUID.__module__ = "uuid"
    with pytest.raises(TypeError, match="expected a value type"):
        parse(UUID)


def test_fields_lie_where_c_would_put_them() -> None:
    struct = parse("struct{a int8; day date; id uuid; at datetime; b int8}")
    assert [field.offset for field in struct.fields] == [0, 4, 8, 24, 32]
    assert struct.size == 40
    assert parse("struct{a int8; id uuid}").size == 17


def test_a_type_made_by_hand_has_the_size_of_its_kind() -> None:
    assert Type("date", Kind.DATE, 4) == parse(date)
    with pytest.raises(ValueError, match="DATE has no size of 8 bytes"):
        Type("date", Kind.DATE, 8)


def test_nothing_is_imported_before_it_is_needed() -> None:
    program = """
import sys, gomap
gomap.Map(int, str, {1: "one"})
before = {"datetime", "uuid", "numpy"} & set(sys.modules)
m = gomap.Map("uuid", "datetime")
print(sorted(before), sorted({"datetime", "uuid", "numpy"} & set(sys.modules)))
"""
    program = f"import sys; sys.path[:] = {sys.path!r}\n{program}"
    done = subprocess.run([sys.executable, "-I", "-S", "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout == "[] ['datetime', 'uuid']\n"


# ---- one at a time, beside a dict ------------------------------------------------------------------------


@pytest.mark.parametrize("spelling", TIMES)
def test_beside_a_dict(map_class: Class, examples: Any, spelling: str) -> None:
    keys = scattered(examples, spelling)
    m, model = map_class(spelling, spelling), {}
    for key, value in zip(keys, reversed(keys), strict=True):
        m[key] = model[key] = value
    assert_same(m, model)
    for key in keys[::2]:
        assert m.pop(key) == model.pop(key)
        assert key not in m
        assert m.get(key) is None
    assert m.setdefault(keys[0]) is not None
    del m[keys[0]]
    assert_same(m, model)
    assert m == map_class(spelling, spelling, model) == model
    assert m | {keys[0]: keys[0]} == model | {keys[0]: keys[0]}
    for copied in (m.copy(), copy.deepcopy(m), pickle.loads(pickle.dumps(m))):
        assert_same(copied, model)
    key, value = m.popitem()
    assert model.pop(key) == value
    assert_same(m, model)


@pytest.mark.parametrize("spelling", TIMES)
def test_sets(examples: Any, spelling: str) -> None:
    keys = scattered(examples, spelling)
    s, model = Set(spelling, keys[:200]), set(keys[:200])
    assert s == model
    assert s & set(keys[100:]) == model & set(keys[100:])
    assert s.isdisjoint(keys[200:])
    assert list(s.isin(keys)) == [True] * 200 + [False] * 100
    s.discard(keys[0])
    assert s == model - {keys[0]}
    assert s._check() is None


@pytest.mark.parametrize(("key", "zero"), [("datetime", EPOCH), ("date", date(1970, 1, 1)), ("uuid", UUID(int=0))])
def test_zero(map_class: Class, key: str, zero: Any) -> None:
    m = map_class(int, key)
    assert m.setdefault(1) == zero
    assert map_class.fromkeys([1], key=int, value=key) == {1: zero}


def test_every_day_and_second_is_itself() -> None:
    """The calendar is datetime's own: every day of four years about each century, and others at random."""
    rng = random.Random(1)
    ordinals = {date(year, 1, 1).toordinal() + i for year in range(1, 9996, 100) for i in range(1461)}
    ordinals |= {rng.randrange(1, date.max.toordinal() + 1) for _ in range(10_000)} | {1, date.max.toordinal()}
    days = Map(date, int, ((date.fromordinal(each), each) for each in ordinals))
    assert len(days) == len(ordinals)
    assert all(day.toordinal() == ordinal for day, ordinal in days.items())
    times = Map(datetime, int)
    for ordinal in ordinals:
        micro = rng.randrange(86_400_000_000)
        times[datetime.fromordinal(ordinal) + timedelta(microseconds=micro)] = ordinal * 86_400_000_000 + micro
    for time, number in times.items():
        assert datetime.min + timedelta(microseconds=number - 86_400_000_000) == time
    try:
        import numpy
    except ImportError:
        return
    counts = days.to_arrays()[0].astype("i8")
    assert set(counts.tolist()) == {each - EPOCH.toordinal() for each in ordinals}
    keys, values = times.to_arrays()
    assert (keys.astype("i8") + EPOCH.toordinal() * 86_400_000_000 == numpy.asarray(values)).all()


def test_limits(map_class: Class) -> None:
    m = map_class("timedelta64[us]", int)
    most = timedelta(microseconds=2**63 - 1)
    for each in (most, -most, timedelta(0), timedelta(microseconds=-1)):
        m[each] = 1
        assert each in m
    for each in (most + timedelta.resolution, -most - timedelta.resolution, timedelta.max, timedelta.min):
        assert each not in m
        with pytest.raises(OverflowError, match="about 292,000 years either way"):
            m[each] = 1
    assert set(m) == {most, -most, timedelta(0), timedelta(microseconds=-1)}
    assert m._check() is None
    whole = map_class("timedelta64[s]", "timedelta64[ms]")
    for each in (timedelta.min, timedelta(days=999_999_999, seconds=86_399)):
        whole[each] = each
    assert set(whole) == set(whole.values()) == {timedelta.min, timedelta(days=999_999_999, seconds=86_399)}


def test_the_limits_are_those_of_the_objects() -> None:
    unit = timedelta.resolution
    assert tuple(LIMITS[Kind.DATETIME_US]) == ((datetime.min - EPOCH) // unit, (datetime.max - EPOCH) // unit)
    days = (date.min.toordinal() - EPOCH.toordinal(), date.max.toordinal() - EPOCH.toordinal())
    assert tuple(LIMITS[Kind.DATE]) == days
    assert LIMITS[Kind.TIMEDELTA_S] == (timedelta.min.days * 86_400, timedelta.max // timedelta(seconds=1))


def test_uuids(map_class: Class) -> None:
    ids = [UUID(int=0), UUID(int=1), UUID(int=2**128 - 1), UUID(int=2**64), UUID(int=2**64 - 1), UUID(int=2**120), ID]
    ids += [UUID(int=1 << bit) for bit in range(2, 128)]
    m = map_class(UUID, UUID, zip(ids, reversed(ids), strict=True))
    assert_same(m, dict(zip(ids, reversed(ids), strict=True)))
    for each in m:
        assert each.is_safe is SafeUUID.unknown
        assert (each.bytes, hash(each), str(each)) == (
            ids[ids.index(each)].bytes,
            hash(ids[ids.index(each)]),
            str(each),
        )
        assert copy.copy(each) == pickle.loads(pickle.dumps(each)) == each


# ---- time zones -----------------------------------------------------------------------------------------


class Place(tzinfo):
    """A time zone whose offset is computed in Python."""

    def __init__(self, offset: timedelta | None) -> None:
        self.offset = offset

    def utcoffset(self, time: datetime | None) -> timedelta | None:
        return self.offset


@pytest.mark.parametrize("offset", [timedelta(0), timedelta(hours=5, minutes=30), -timedelta(microseconds=1)])
def test_aware_datetimes_come_back_in_utc(map_class: Class, offset: timedelta) -> None:
    m = map_class("datetime[UTC]", int)
    for zone in (Place(offset), timezone(offset)):
        there = datetime(2020, 2, 29, 1, 2, 3, 4, tzinfo=zone)
        m[there] = 5
        assert m[there] == m[there.astimezone(UTC)] == m[there.astimezone(AMSTERDAM)] == 5
    (here,) = m
    assert here == there
    assert here.tzinfo is UTC
    assert here == there.astimezone(UTC)
    assert len(m) == 1
    assert m._check() is None


def test_an_offset_may_lead_out_of_range() -> None:
    m = Map("datetime[UTC]", int)
    last = datetime.max.replace(tzinfo=timezone(-timedelta(hours=1)))
    first = datetime.min.replace(tzinfo=timezone(timedelta(hours=1)))
    for each in (first, last):
        assert each not in m
        with pytest.raises(OverflowError, match="0001-01-01 to 9999-12-31"):
            m[each] = 1
    m[first + timedelta(hours=1)] = 1
    assert list(m) == [datetime.min.replace(tzinfo=UTC)]


NAIVE_GIVEN = (
    "key: expected an aware datetime for type datetime64[us, UTC], got datetime datetime.datetime(1970, 1, 1, 0, 0); "
    "if it is UTC, write .replace(tzinfo=timezone.utc) behind it"
)
AWARE_GIVEN = (
    "key: expected a naive datetime for type datetime64[us], got datetime datetime.datetime(1970, 1, 1, 0, 0, "
    "tzinfo=datetime.timez...; write the type 'datetime64[us, UTC]', or .replace(tzinfo=None) behind the datetime to "
    "drop its zone"
)


def test_naive_and_aware_are_not_confused(map_class: Class) -> None:
    for spelling, given, words in (
        ("datetime[UTC]", EPOCH, NAIVE_GIVEN),
        ("datetime", EPOCH.replace(tzinfo=UTC), AWARE_GIVEN),
    ):
        m = map_class(spelling, int)
        for attempt in (lambda: m.update({given: 1}), lambda: given in m, lambda: m.get(given), lambda: m.pop(given)):  # noqa: B023
            with refused(m, TypeError, words):
                attempt()


def test_a_zone_without_an_offset_is_none() -> None:
    """As datetime has it: aware is what has an offset."""
    nowhere = EPOCH.replace(tzinfo=Place(None))
    assert Map(datetime, int, {nowhere: 1}) == {EPOCH: 1}
    with pytest.raises(TypeError, match="expected an aware datetime"):
        Map("datetime[UTC]", int)[nowhere] = 1


def test_fold_makes_no_difference_as_in_a_dict() -> None:
    m = Map(datetime, int, {EPOCH.replace(fold=1): 1})
    assert m[EPOCH] == 1


# ---- what is refused ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spelling", "given", "words"),
    [
        (
            "date",
            EPOCH,
            "expected date for type date, got datetime datetime.datetime(1970, 1, 1, 0, 0); write .date() behind it",
        ),
        ("date", "1970-01-01", "expected date for type date, got str '1970-01-01'; write date.fromisoformat(...)"),
        ("date", 0, "expected date for type date, got int 0"),
        (
            "datetime",
            date(1970, 1, 1),
            "expected a naive datetime for type datetime64[us], got date datetime.date(1970, 1, 1); "
            "write datetime.combine(the date, time())",
        ),
        (
            "datetime64[s, UTC]",
            1.5,
            "expected an aware datetime for type datetime64[s, UTC], got float 1.5; "
            "write datetime.fromtimestamp(..., timezone.utc), or whatever the number says",
        ),
        ("datetime", None, "expected a naive datetime for type datetime64[us], got NoneType None"),
        ("timedelta", 5, "expected timedelta for type timedelta64[us], got int 5; write timedelta(seconds=...)"),
        (
            "timedelta",
            EPOCH,
            "expected timedelta for type timedelta64[us], got datetime datetime.datetime(1970, 1, 1, 0, 0)",
        ),
        ("uuid", "0" * 32, f"expected UUID for type uuid, got str '{'0' * 32}'; write UUID(...)"),
        ("uuid", bytes(2), "expected UUID for type uuid, got bytes b'\\x00\\x00'; write UUID(bytes=...)"),
        ("uuid", 1, "expected UUID for type uuid, got int 1; write UUID(int=...)"),
    ],
)
def test_other_types(map_class: Class, spelling: str, given: Any, words: str) -> None:
    m = map_class(spelling, spelling)
    m.setdefault(zero(spelling))
    with refused(m, TypeError, f"key: {words}"):
        m[given] = zero(spelling)
    with refused(m, TypeError, f"key: {words}"):
        m.get(given)
    with refused(m, TypeError, f"value: {words}"):
        m[zero(spelling)] = given
    with refused(m, TypeError, f"keys[1]: {words}"):
        m.set_many([zero(spelling), given], zero(spelling))


def zero(spelling: str) -> Any:
    """1970-01-01, or what else is 0."""
    return Map(int, spelling).setdefault(0)


@pytest.mark.parametrize(
    ("spelling", "given", "unit"),
    [
        ("datetime64[s]", EPOCH.replace(microsecond=1), "s"),
        ("datetime64[ms]", EPOCH.replace(microsecond=1), "ms"),
        ("datetime64[ms, UTC]", EPOCH.replace(microsecond=1, tzinfo=UTC), "ms"),
        ("timedelta64[s]", -timedelta(microseconds=1), "s"),
    ],
)
def test_what_is_not_whole_in_the_unit(map_class: Class, spelling: str, given: Any, unit: str) -> None:
    m = map_class(spelling, int)
    shown = repr(given) if len(repr(given)) <= 60 else repr(given)[:57] + "..."
    with refused(m, ValueError, f"key: {spelling} cannot hold {shown}: it is not whole in {unit!r}"):
        m[given] = 1
    assert given not in m
    assert m.pop(given, None) is None
    assert list(m.contains_many([given])) == [False]


def test_objects_of_odd_classes() -> None:
    class Odd(datetime):
        def utcoffset(self) -> Any:
            return 5

    class OddId(UUID):
        @property
        def int(self) -> Any:  # type: ignore[override]
            return numbers.pop()

        @int.setter
        def int(self, value: Any) -> None:
            pass

    numbers: list[Any] = []
    for m in (Map("datetime[UTC]", int), Map(datetime, int)):
        with pytest.raises(TypeError, match="expected an? (aware|naive) datetime"):
            m[Odd(2000, 1, 1, tzinfo=AMSTERDAM)] = 1
    ids = Map(UUID, int)
    for number in (-1, 2**128, 2**200, "1", None, 1.5):
        numbers.append(number)
        with pytest.raises(TypeError, match="expected UUID"):
            ids[OddId(int=1)] = 1
    numbers.append(7)
    assert OddId(int=1) not in ids
    numbers.append(True)
    ids[OddId(int=1)] = 2
    assert list(ids) == [UUID(int=1)]
    assert ids._check() is None


def test_code_of_a_time_zone_may_change_the_map() -> None:
    class Changing(Place):
        def utcoffset(self, time: datetime | None) -> timedelta | None:
            m.clear()
            m.update((datetime(2000 + i, 1, 1, tzinfo=UTC), i) for i in range(300))
            return timedelta(0)

    m = Map("datetime[UTC]", int)
    m[datetime(1999, 1, 1, tzinfo=Changing(None))] = 5
    assert len(m) == 301
    assert m[datetime(2299, 1, 1, tzinfo=Changing(None))] == 299
    assert len(m) == 300
    assert m._check() is None


def test_times_are_not_added(map_class: Class) -> None:
    m = map_class(int, timedelta, {1: timedelta(1)})
    with refused(m, TypeError, "add: expected a map whose values are numbers, got values of type timedelta64[us]"):
        m.add(1, timedelta(1))


# ---- structs ---------------------------------------------------------------------------------------------

STRUCT = "struct{at datetime64[us, UTC]; day date; id uuid; took timedelta64[ms]; inner struct{s datetime64[s]}}"


def row(i: int) -> tuple[Any, ...]:
    return (
        datetime(2000, 1, 1, tzinfo=UTC) + timedelta(microseconds=i),
        date(1900, 1, 1) + timedelta(days=i),
        UUID(int=i**9),
        timedelta(milliseconds=-i),
        (datetime(1950, 1, 1) + timedelta(seconds=i),),
    )


def test_structs(map_class: Class) -> None:
    model = {row(i): row(i + 1) for i in range(300)}
    m = map_class(STRUCT, STRUCT, model)
    assert dict(m) == model
    assert m[row(7)].day == row(8)[1]
    assert m[row(7)].inner.s.tzinfo is None
    assert pickle.loads(pickle.dumps(m)) == m
    assert pickle.loads(pickle.dumps(m[row(7)])) == row(8)
    with refused(m, TypeError, "value: field 'day': expected date for type date, got int 5"):
        m[row(1)] = (row(1)[0], 5, *row(1)[2:])
    with refused(
        m, TypeError, "value: field 'inner.s': expected a naive datetime for type datetime64[s], got NoneType None"
    ):
        m[row(1)] = (*row(1)[:4], (None,))
    out_of_range = (*row(1)[:3], timedelta(microseconds=1), row(1)[4])
    assert out_of_range not in m
    with pytest.raises(ValueError, match="key: field 'took': timedelta64\\[ms\\] cannot hold"):
        m[out_of_range] = row(1)
    assert m._check() is None


def test_structs_in_arrays(map_class: Class, results: str) -> None:
    model = {row(i): row(i + 1) for i in range(300)}
    m = map_class(STRUCT, STRUCT, model)
    keys, values = m.to_arrays()
    assert map_class.from_arrays(keys, values, key=STRUCT, value=STRUCT) == m
    assert m.contains_many(keys).tolist() == [True] * 300
    assert len(m.get_many(keys)) == 300
    out = values[:300] if results == "as it is" else memoryview(bytearray(values.nbytes)).cast("B", values.shape)
    assert m.get_many(keys, out=out) is out
    again = map_class(STRUCT, STRUCT)
    again.set_many(keys, m.get_many(keys))
    assert again == m


def test_structured_arrays(map_class: Class, np: Any) -> None:
    fields = [("day", "M8[D]"), ("at", "M8[ns]"), ("n", "u2")]
    array = np.array([("2020-02-29", "2020-01-01T00:00:00.5", 1), ("2020-03-01", "1900-01-01", 2)], fields)
    m = map_class("struct{n uint16; at datetime64[ms]; day date}", int)
    m.set_many(array, [1, 2])
    assert m == {
        (1, datetime(2020, 1, 1, 0, 0, 0, 500_000), date(2020, 2, 29)): 1,
        (2, datetime(1900, 1, 1), date(2020, 3, 1)): 2,
    }
    keys = m.to_arrays()[0]
    assert keys.dtype["day"] == "M8[D]"
    assert keys.dtype["at"] == "M8[ms]"
    assert sorted(keys["day"].tolist()) == [date(2020, 2, 29), date(2020, 3, 1)]
    for name, wrong, words in (
        ("at", "NaT", r"keys\[1\]: field 'at': datetime64\[ms\] cannot hold .*NaT is no time"),
        ("at", 1, r"keys\[1\]: field 'at': datetime64\[ms\] cannot hold .* not whole in 'ms'"),
        ("day", "10000-01-01", r"keys\[1\]: field 'day': .* is out of range for date \(0001"),
    ):
        bad = array.copy()
        bad[name][1] = wrong
        with pytest.raises((ValueError, OverflowError), match=words):
            m.set_many(bad, 5)
        assert m.contains_many(bad).tolist() == [True, False]
    for wrong_day, wrong_time in (("i4", "M8[ns]"), ("M8[D]", "i8"), ("M8[D]", "m8[ns]")):
        with pytest.raises(TypeError, match="keys: expected an array of"):
            m.set_many(np.zeros(2, [("day", wrong_day), ("at", wrong_time), ("n", "u2")]), 5)
    with pytest.raises(TypeError, match="keys: expected an array of"):
        Map("struct{a timedelta64[s]}", int).set_many(np.zeros(2, [("a", "m8[Y]")]), 5)
    years = np.array([("2020",), ("1969",)], [("a", "M8[Y]")])
    assert Map.from_arrays(years, [1, 2], key="struct{a date}", value=int) == {
        (date(2020, 1, 1),): 1,
        (date(1969, 1, 1),): 2,
    }
    assert sorted(m.values()) == [1, 2]
    assert m._check() is None


def test_rows_of_bytes_that_are_no_times(np: Any) -> None:
    m = Map("struct{at datetime64[us]; ok bool}", int, {(EPOCH, True): 1})
    rows = np.zeros((2, 16), "u1")
    rows[1, :8] = 255
    rows[1, 7] = 127
    rows[:, 8] = 1
    with pytest.raises(ValueError, match=r"keys\[1\]: a time in it is out of range for struct"):
        m.set_many(rows, 2)
    assert m.contains_many(rows).tolist() == [True, False]
    assert m == {(EPOCH, True): 1}


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


# ---- pickles, reports, hints -------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["datetime64[us]", "date", "uuid", "struct{day date; id uuid; at datetime64[s]}"])
def test_pickles_of_the_other_byte_order(map_class: Class, examples: Any, key: str) -> None:
    items = examples(key, 20)
    m = map_class(key, "int16", ((each, i) for i, each in enumerate(items)))
    function, arguments = m.__reduce__()[:2]
    entry = m.key_type.size + 2
    packed = bytearray(arguments[4])
    fields = [(f.offset, f.type.size) for f in m.key_type.fields if f.type.kind is not Kind.UUID]
    fields = fields or ([(0, m.key_type.size)] if key != "uuid" else [])
    for start in range(0, len(packed), entry):
        for offset, size in (*fields, (m.key_type.size, 2)):
            at = slice(start + offset, start + offset + size)
            packed[at] = packed[at][::-1]
    other = "big" if sys.byteorder == "little" else "little"
    assert function(*arguments[:4], bytes(packed), other) == m


@pytest.mark.parametrize("key", ["datetime64[us]", "date", "struct{a int64; at timedelta64[s]}"])
def test_pickles_with_a_count_out_of_range(map_class: Class, examples: Any, key: str) -> None:
    m = map_class(key, int, {examples(key, 1)[0]: 1})
    function, arguments = m.__reduce__()[:2]
    size = m.key_type.size
    for bad in (b"\xff" * (size - 1) + b"\x7f", b"\0" * (size - 1) + b"\x80"):
        with pytest.raises(ValueError, match=f"pickled {map_class.__name__}: a time that is out of its type's range"):
            function(*arguments[:4], bad + arguments[4][size:], sys.byteorder)
    values = map_class(int, key, {1: examples(key, 1)[0]})
    function, arguments = values.__reduce__()[:2]
    with pytest.raises(ValueError, match="a time that is out of its type's range"):
        function(*arguments[:4], arguments[4][:8] + bad, sys.byteorder)


def test_repr(map_class: Class) -> None:
    m = map_class("date", "uuid", {date(2020, 1, 1): ID})
    assert repr(m) == f"{map_class.__name__}('date', 'uuid', {{datetime.date(2020, 1, 1): {ID!r}}})"
    assert repr(map_class("datetime[UTC]", None)) == f"{map_class.__name__}('datetime64[us, UTC]', 'struct{{}}')"


def test_sizes() -> None:
    ids = {UUID(int=i * 2**120 + 1) for i in range(1, 200)}
    assert sizeof(ids) - sizeof(set(range(2**40, 2**40 + 199))) == 199 * (sizeof(ID) - sizeof(2**40))
    assert sizeof(ID) > sys.getsizeof(ID)
    for key in TIMES:
        assert estimate(key, None, 1000).map < estimate(key, None, 1000).dict
    assert estimate("date", "date", 10_000).map < 0.6 * estimate("datetime", "datetime", 10_000).map
    with pytest.raises(ValueError, match="expected at most 3,652,059, as there are keys of type date"):
        estimate("date", None, 4_000_000)


def test_hints() -> None:
    with pytest.raises(TypeError, match=r"write Map\('date', 'uuid', "):
        Map({date(2020, 1, 1): ID})  # type: ignore[call-overload]
    with pytest.raises(TypeError, match=r"write Set\('datetime', "):
        Set([EPOCH, EPOCH])
    for word, name in (
        ("M8[us]", "datetime64[us]"),
        ("duration[ms]", "timedelta64[us]"),
        ("UUID", "uuid"),
        ("date32", "date"),
    ):
        with pytest.raises(ValueError, match=f"is '{name.replace('[', '.')[:-1] if '[' in name else name}"):
            Map(word, int)


def test_memory_of_a_date_is_four_bytes() -> None:
    days = Map("date", "date", ((date.fromordinal(i), date.fromordinal(i)) for i in range(1, 20_001)))
    assert days.memory().raw == 20_000 * 8
    assert GoMap("uuid", None, {ID: None}).memory().raw == 16
