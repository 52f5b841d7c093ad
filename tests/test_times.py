"""Dates, times and UUIDs as keys, values and fields: spellings, limits, time zones, NumPy's and pandas' times."""

from __future__ import annotations

import copy
import pickle
import random
import subprocess
import sys
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from typing import Any
from uuid import UUID, SafeUUID

import pytest
from support import Class, assert_same, refused
from time_cases import AMSTERDAM, EPOCH, ID, TIMES, scattered, zero

from gomap import GoMap, Map, Set, estimate, sizeof
from gomap._times import LIMITS
from gomap.types import Kind, Type, parse

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


@pytest.mark.parametrize("spelling", [each for each in TIMES if each != "uuid"])
def test_the_later_and_the_earlier(map_class: Class, examples: Any, spelling: str) -> None:
    times = scattered(examples, spelling)
    keys = [i % 70 for i in range(len(times))]
    for key_type in (int, object):
        for how, better in (("max", max), ("min", min)):
            m, other = map_class(key_type, spelling), map_class(key_type, spelling)
            model: dict[int, Any] = {}
            for key, time in zip(keys, times, strict=True):
                model[key] = better(model.get(key, time), time)
            half = len(keys) // 2
            getattr(m, f"{how}_many")(keys[:half], times[:half])
            getattr(other, f"{how}_many")(keys[half:], times[half:])
            m.merge(other, how)
            assert_same(m, model)
            getattr(m, f"{how}_many")(keys, better(times))
            assert_same(m, dict.fromkeys(model, better(times)))


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
