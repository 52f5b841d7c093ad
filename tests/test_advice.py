"""What advise says of dicts and sets: types, reasons, bytes, and code that builds an equal map."""

from __future__ import annotations

import dataclasses
import math
import pickle
from collections import Counter, OrderedDict, UserDict, defaultdict
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from advice_cases import EAST, NOON, Colour, Day, Odd, Point, Tagged, Word, about, built, checked, same
from hypothesis import given
from hypothesis import strategies as st

from gomap import Advice, Map, Set, advise, sizeof

# ---- types -------------------------------------------------------------------------------------------

VALUES: list[tuple[list[Any], str]] = [
    ([0, 127], "uint8"),
    ([0, 255], "uint8"),
    ([0, 256], "uint16"),
    ([-1, 127], "int8"),
    ([-128, 0], "int8"),
    ([-1, 128], "int16"),
    ([-129, 0], "int16"),
    ([0, 2**16 - 1], "uint16"),
    ([0, 2**16], "uint32"),
    ([-1, 2**15 - 1], "int16"),
    ([-1, 2**15], "int32"),
    ([-(2**15) - 1, 0], "int32"),
    ([0, 2**32 - 1], "uint32"),
    ([0, 2**32], "int64"),
    ([-1, 2**31 - 1], "int32"),
    ([-1, 2**31], "int64"),
    ([-(2**31) - 1, 0], "int64"),
    ([0, 2**63 - 1], "int64"),
    ([-(2**63), 2**63 - 1], "int64"),
    ([0, 2**63], "uint64"),
    ([0, 2**64 - 1], "uint64"),
    ([0, 2**64], "object"),
    ([-1, 2**63], "object"),
    ([-(2**63) - 1, 0], "object"),
    ([10**5000, 1], "object"),
    ([True, False], "bool"),
    ([True, 1], "object"),
    ([0.5, 1e300], "float64"),
    ([0.5, 0.25, -0.0], "float64"),
    ([math.nan, math.inf], "float64"),
    ([1, 1.5], "object"),
    ([b"abcd", b"efgh"], "[4]byte"),
    ([b"", b""], "[0]byte"),
    ([b"abc", b"efgh"], "bytes"),
    (["abcd", "efgh"], "string"),
    (["\ud800", "é\0"], "string"),
    (["a", b"a"], "object"),
    ([1, None], "object"),
    ([(1, 2.5), (300, 1.0)], "struct{f0 uint16; f1 float64}"),
    ([(1, True, b"ab"), (-1, False, b"cd")], "struct{f0 int8; f1 bool; f2 [2]byte}"),
    ([Point(1, 2.5), Point(300, math.nan)], "struct{x uint16; y float64}"),
    ([Odd(1, 2), Odd(3, 4)], "struct{f0 uint8; f1 uint8}"),
    ([{"a": 1, "b": 0.5}, {"b": 1.5, "a": 2}], "struct{a uint8; b float64}"),
    ([{"a b": 1, "'{}": 0.5}, {"a b": 2, "'{}": 1.5}], "struct{f0 uint8; f1 float64}"),
    ([{"class": 1}, {"class": 2}], "struct{f0 uint8}"),
    ([{"a int8; b": 1}, {"a int8; b": 2}], "struct{f0 uint8}"),
    ([{"int": 1, "struct": 2}] * 2, "struct{int uint8; struct uint8}"),
    ([{"℘": 1}] * 2, "struct{f0 uint8}"),
    (
        [{"a": (1, {"b c": 2}), "d": Point(1, 0.5)}] * 2,
        "struct{a struct{f0 uint8; f1 struct{f0 uint8}}; d struct{x uint8; y float64}}",
    ),
    ([((1, 2), b"a"), ((3, -4), b"b")], "struct{f0 struct{f0 uint8; f1 int8}; f1 [1]byte}"),
    ([(1, 2), (1, 2, 3)], "object"),
    ([(), ()], "object"),
    ([{}, {}], "object"),
    ([(1, "a"), (2, "b" * 50)], "struct{f0 uint8; f1 string}"),
    ([(1, b"a"), (2, b"bc")], "struct{f0 uint8; f1 bytes}"),
    ([(1, b"ab", "\ud800"), (2, b"bc", "é\0")], "struct{f0 uint8; f1 [2]byte; f2 string}"),
    ([{"a": ("x", {"b": b"y"})}, {"a": ("", {"b": b""})}], "struct{a struct{f0 string; f1 struct{b bytes}}}"),
    ([tuple("abcdefgh"), tuple("abcdefgi")], f"struct{{{'; '.join(f'f{i} string' for i in range(8))}}}"),
    ([(1, Word("a")), (2, Word("b"))], "object"),
    ([(1, "a"), (2, b"a")], "object"),
    ([(1, None), (2, None)], "object"),
    ([(1, 2), (2, None)], "object"),
    ([(1, [2]), (2, [3])], "object"),
    ([(1, 2**64), (2, 3)], "object"),
    ([(1, 2), Point(1, 2.0)], "object"),
    ([Tagged(1, 2.0), Tagged(2, 2.0)], "object"),
    ([tuple.__new__(Point, (1,))] * 2, "object"),
    ([{"a": 1}, {"b": 1}], "object"),
    ([{"a": 1}, {"a": 1, "b": 1}], "object"),
    ([{1: 1}, {1: 2}], "object"),
    ([OrderedDict(a=1), OrderedDict(a=2)], "object"),
    ([[1], [2]], "object"),
    ([Colour.RED, Colour.RED], "object"),
    ([Colour.RED, 1], "object"),
    ([Word("a"), Word("b")], "object"),
    ([bytearray(b"a"), bytearray(b"b")], "object"),
    ([1j, 2j], "object"),
    ([int, str], "object"),
    ([NOON, NOON.replace(fold=1, microsecond=1)], "datetime64[us]"),
    ([NOON.replace(tzinfo=UTC), NOON.replace(tzinfo=EAST)], "datetime64[us, UTC]"),
    ([NOON, NOON.replace(tzinfo=UTC)], "object"),
    ([NOON, NOON.date()], "object"),
    ([datetime.min.replace(tzinfo=EAST), NOON.replace(tzinfo=UTC)], "object"),
    ([date.min, date.max], "date"),
    ([timedelta(microseconds=2**63 - 1), timedelta(microseconds=1 - 2**63)], "timedelta64[us]"),
    ([timedelta(microseconds=2**63), timedelta(0)], "object"),
    ([UUID(int=0), UUID(int=2**128 - 1)], "uuid"),
    ([Day(1, 1, 1), Day(1, 1, 2)], "object"),
    ([(NOON, date.min, UUID(int=1)), (NOON, date.max, UUID(int=2))], "struct{f0 datetime64[us]; f1 date; f2 uuid}"),
]


def are_keys(values: list[Any]) -> bool:
    """Whether they are different keys that every map finds: NaN has a test of its own."""
    try:
        return len(set(values)) == 2 and not any(math.nan in (v if type(v) is Point else (v,)) for v in values)
    except TypeError:
        return False


KEYS = [entry for entry in VALUES if are_keys(entry[0])]


def case(entry: tuple[list[Any], str]) -> str:
    return entry[1]


@pytest.mark.parametrize("entry", VALUES, ids=case)
def test_type_of_values(entry: tuple[list[Any], str]) -> None:
    values, spelling = entry
    advice = checked(dict(zip("abcd", values, strict=False)))
    assert (advice.key, advice.value) == ("string", spelling)
    assert any(reason.startswith("values: ") for reason in advice.reasons) or spelling != "object"


@pytest.mark.parametrize("entry", KEYS, ids=case)
def test_type_of_keys(entry: tuple[list[Any], str]) -> None:
    keys, spelling = entry
    advice = checked(dict.fromkeys(keys, 0.1))
    assert (advice.key, advice.value) == (spelling, "float64")
    of_set = checked(set(keys))
    assert (of_set.key, of_set.value) == (spelling, None)
    assert of_set.code.startswith("s = gomap.Set(")


def test_code_is_one_plain_line() -> None:
    assert checked({1: 2.0}).code == 'm = gomap.Map("uint8", "float64", d)'
    assert checked({"a": {"b c": 1}}).code == (
        'm = gomap.Map("string", "struct{f0 uint8}", '
        "((key, (value['b c'],)) for key, value in d.items()), capacity=len(d))"
    )
    assert checked({Odd(1, 2): 1}).code == (
        'm = gomap.Map("struct{f0 uint8; f1 uint8}", "uint8", '
        "(((key[0], key[1],), value) for key, value in d.items()), capacity=len(d))"
    )
    assert checked({Odd(1, 2)}).code == (
        's = gomap.Set("struct{f0 uint8; f1 uint8}", ((key[0], key[1],) for key in d), capacity=len(d))'
    )


def test_renamed_fields_keep_to_the_first_order() -> None:
    d = {1: {"a b": 1, "c d": 0.5}, 2: {"c d": 1.5, "a b": 300}}
    made = built(d, advise(d))
    assert dict(made) == {1: (1, 0.5), 2: (300, 1.5)}
    assert made[2]._fields == ("f0", "f1")


def test_none_everywhere_is_a_set_of_the_keys() -> None:
    advice = checked({1: None, 300: None})
    assert (advice.key, advice.value) == ("uint16", None)
    assert advice.code == 's = gomap.Set("uint16", d)'
    assert "values: all are None, hence a Set of the keys" in advice.reasons
    assert checked({None: 1}).key == "object"


def test_nan_in_a_key_leaves_the_keys_objects() -> None:
    nans = {float("nan"): 1, float("nan"): 2, 1.0: 3}
    advice = checked(nans)
    assert advice.key == "object"
    assert advice.reasons[0] == "keys: NaN, which a dict finds only by identity (first: nan)"
    assert checked({(1, float("nan")): 1}).key == "object"


def test_deep_and_wide_objects_stay_objects() -> None:
    deep: Any = (1,)
    for _ in range(31):
        deep = (deep,)
    assert checked({1: deep}).value != "object"
    assert checked({1: (deep,)}).value == "object"
    endless: dict[str, Any] = {}
    endless["a"] = endless
    assert "more than 32 deep" in checked({1: endless}).reasons[1]
    shared: Any = (1, 1)
    for _ in range(20):
        shared = (shared, shared)
    assert "more than 256 fields" in checked({1: shared}).reasons[1]
    assert checked({1: (0.5,) * 256}).value != "object"
    assert checked({1: (0.5,) * 257}).value == "object"


def test_too_large_structs_stay_objects(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gomap.types.MAX_BYTES", 100)
    d = {1: (b"x" * 60, b"y" * 60)}
    assert checked(d).value == "object"
    assert checked(d).reasons[1].startswith("values: a struct takes at most")
    assert checked({1: (b"x" * 60, b"y" * 40)}).value != "object"


# ---- reasons -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("d", "reason"),
    [
        (
            {**{i: i for i in range(997)}, "abc": None, "d": None, "e": None},
            "values: 3 of 1,000 are NoneType, the others int (first: key 'abc')",
        ),
        ({"a": 1, "b": 2, "c": True}, "values: 1 of 3 are bool, the others int (first: key 'c')"),
        (
            {"a": 1, "b": 2, "c": 2.5, "d": 1.5, "e": "", "f": 5},
            "values: 2 of 6 are float, 1 str, the others int (first: key 'c')",
        ),
        (
            {1: 1, 2: 1, 3: "", 4: b"", 5: 1.5, 6: None, 7: True},
            "values: 1 of 7 are str, 1 bytes, 1 float, 2 of 2 more types, the others int (first: key 3)",
        ),
        ({1: 5, "a": 5}, "keys: 1 of 2 are str, the others int (first: 'a')"),
        (
            {"a": 1, "b": 2**64},
            "values: 1 to 18446744073709551616 fits neither int64 nor uint64 (first: key 'b')",
        ),
        (
            {"a": -1, "b": 2**63},
            "values: -1 to 9223372036854775808 fits neither int64 nor uint64 (first: key 'b')",
        ),
        (
            {"a": 0, "b": 10**5000},
            "values: 0 to an int of 16610 bits fits neither int64 nor uint64 (first: key 'b')",
        ),
        ({"a": [1]}, "values: there is no type for list but object (first: key 'a')"),
        (
            {"a": Colour.RED},
            "values: Colour is a subclass of int, which would come back in its place (first: key 'a')",
        ),
        ({"a": (1, 2), "b": (1, "x")}, "values: field 'f1': 1 of 2 are str, the others int (first: key 'b')"),
        ({"a": (None,)}, "values: field 'f0' is None in all: a struct has no field that holds nothing"),
        (
            {tuple("abcdefghi"): 1},
            "keys: a key that is a struct with string or bytes fields takes at most 128 bytes, 16 for each such field; "
            "this one takes 144",
        ),
        ({"a": ([],)}, "values: field 'f0': there is no type for list but object (first: key 'a')"),
        ({"a": (1,), "b": (1, 2)}, "values: tuple of 1 and of 2 items (first: key 'b')"),
        ({"a": {"x": 1}, "b": {"y": 1}}, "values: dicts of different keys (first: key 'b')"),
        ({"a": {"x": 1}, "b": {"x": 1, 2: 1}}, "values: dict of 1 and of 2 items (first: key 'b')"),
        ({"a": {"x": 1}, "b": {Word("x"): 1}}, "values: a dict with keys other than str (first: key 'b')"),
        (
            {"a": NOON, "b": NOON.replace(tzinfo=UTC)},
            "values: some datetimes have a time zone, others have none (first: key 'b')",
        ),
        ({"a": NOON}, "values: datetimes without a time zone, hence datetime64[us] (TypeError for others)"),
        (
            {"a": NOON.replace(tzinfo=EAST)},
            "values: datetimes with a time zone, hence datetime64[us, UTC] (TypeError for others)",
        ),
        (
            {"a": timedelta.max},
            "values: datetime.timedelta(days=999999999, seconds=86399, microse... does not fit timedelta64[us] "
            "(first: key 'a')",
        ),
        ({"a": Day(1, 1, 1)}, "values: Day is a subclass of date, which would come back in its place (first: key 'a')"),
    ],
)
def test_reason_names_the_first_offender(d: dict[Any, Any], reason: str) -> None:
    assert reason in checked(d).reasons


def test_reason_of_a_width() -> None:
    advice = checked({1: -5, 300: 7})
    assert advice.reasons == (
        "keys: 1 to 300, hence uint16 (0 to 65,535; OverflowError beyond)",
        "values: -5 to 7, hence int8 (-128 to 127; OverflowError beyond)",
    )
    assert checked({"a": b"abcd"}).reasons == ("values: 4 bytes each, hence [4]byte (ValueError for another length)",)


def test_long_keys_are_shown_short() -> None:
    (reason,) = checked({"x" * 5000: 1, "y": None, "z": None}).reasons
    assert len(reason) < 150


# ---- remarks -----------------------------------------------------------------------------------------


def test_remarks_on_what_comes_back() -> None:
    assert "values: dict comes back as a named tuple of its values, which cannot be changed in place" in (
        checked({1: {"a": 1}}).remarks
    )
    assert "keys: Point comes back as a named tuple, equal to it" in checked({Point(1, 2.0): 1}).remarks
    assert any("no field '_1'; as tuples go in, they are f0, f1" in r for r in checked({1: Odd(1, 2)}).remarks)


def test_remark_on_time_zones() -> None:
    assert "values: comes back in UTC, equal to it" in checked({1: NOON.replace(tzinfo=EAST)}).remarks
    assert not any("UTC" in remark for remark in checked({1: NOON.replace(tzinfo=UTC)}).remarks)


def test_remark_on_attributes_that_do_not_come_back() -> None:
    class Labelled(Point):
        pass

    labelled = Labelled(1, 2.0)
    labelled.label = "a"  # type: ignore[attr-defined]
    told = checked({1: labelled}).remarks
    assert "values: Labelled comes back as a named tuple, equal to it, without other attributes" in told


def test_float32_is_a_remark_where_it_would_be_exact() -> None:
    remark = "values: float32 holds all of them exactly, but would round others"
    assert remark in checked({1: 0.5, 2: 2.0**-149}).remarks
    assert remark not in checked({1: 0.5, 2: 0.1}).remarks
    assert remark not in checked({1: 0.5, 2: 1e300}).remarks
    assert remark not in checked(dict.fromkeys(range(10), 0.5), sample=5).remarks


def test_remark_on_shared_values() -> None:
    text = "x" * 40
    shared = dict.fromkeys(range(1000), text)
    advice = checked(shared)
    assert any("1,000 entries share 1 object" in remark for remark in advice.remarks)
    assert advice.saves < 0 < sizeof(shared)
    texts = [f"{i:040}" for i in range(1000)]
    pairs = dict(enumerate(texts[:500] * 2))
    assert any("1,000 entries share 500 objects" in remark for remark in checked(pairs).remarks)
    fours = dict(enumerate(texts[:250] * 4))
    assert any("900 entries share 250 objects" in remark for remark in checked(fours, sample=900).remarks)
    assert not any("share" in remark for remark in checked(dict(enumerate(texts))).remarks)


def test_remarks_on_kinds_of_dict() -> None:
    assert "a Map keeps no order" in checked(OrderedDict(a=1)).remarks
    assert "a Set keeps no order" in checked({1: None}).remarks
    assert any("m.add(key)" in remark for remark in checked(Counter("hello")).remarks)
    assert any("what defaultdict does" in remark for remark in checked(defaultdict(int, a=1)).remarks)
    assert not any("missing" in remark for remark in checked({"a": 1}).remarks)
    assert "a Set can be changed, and has no hash" in checked(frozenset({1})).remarks


@pytest.mark.parametrize("d", [{1: 2}, {1}, Counter("a"), {i: [i] for i in range(5)}])
def test_keep_what_is_small(d: Any) -> None:
    advice = checked(d)
    assert advice.saves <= 0
    assert advice.remarks[0].startswith(f"keep the {type(d).__name__}: a ")


def test_keep_what_stays_objects() -> None:
    d = {(str(i), None): [i] for i in range(3000)}
    advice = checked(d)
    assert (advice.key, advice.value) == ("object", "object")
    assert advice.remarks[0].startswith("keep the dict: what is in it stays objects")
    assert not any(remark.startswith("keep") for remark in checked({i: i for i in range(1000)}).remarks)


@pytest.mark.parametrize("d", [{}, set(), frozenset(), Counter(), Map(int, int), Set(int), UserDict()])
@pytest.mark.parametrize("sample", [None, 5])
def test_empty(d: Any, sample: int | None) -> None:
    advice = checked(d, sample=sample)
    assert advice.reasons == (f"the {type(d).__name__} is empty, which says nothing of types",)
    assert (advice.entries, advice.looked_at) == (0, 0)
    assert advice.would_hold == about(built(d, advice).nbytes)
    assert "for 0 entries, all read" in str(advice)


# ---- random dicts ------------------------------------------------------------------------------------

WIDE = st.integers(0, 66).flatmap(lambda bits: st.integers(-(2**bits), 2**bits))
AWARE = st.datetimes(timezones=st.sampled_from([UTC, EAST]))
FIXED = [WIDE, st.booleans(), st.floats(), st.binary(min_size=3, max_size=3)]
FIXED += [st.datetimes(), AWARE, st.dates(), st.timedeltas(), st.uuids()]
KEY_KINDS = [*FIXED, st.text(max_size=20), st.binary(max_size=20), st.none(), st.just(Colour.RED)]
FIELDS = st.lists(st.sampled_from(FIXED), min_size=1, max_size=3)


def records(fields: list[Any]) -> st.SearchStrategy[Any]:
    names = ["a", "b", "c"][: len(fields)]
    return st.one_of(
        st.tuples(*fields),
        st.permutations(names).flatmap(
            lambda order: st.fixed_dictionaries({name: fields[names.index(name)] for name in order})
        ),
        st.tuples(st.tuples(*fields), st.booleans()),
        st.builds(Point, st.integers(-5, 300), st.floats()),
    )


#: Mostly of one kind, now and then of several.
COLUMN = st.one_of(
    *(st.just(kind) for kind in (*KEY_KINDS, st.lists(st.integers(), max_size=2))),
    FIELDS.map(lambda fields: st.tuples(*fields)),
    FIELDS.map(records),
    st.lists(st.sampled_from(KEY_KINDS), min_size=2, max_size=3).map(st.one_of),
)
KEY_COLUMN = st.one_of(
    *(st.just(kind) for kind in KEY_KINDS),
    FIELDS.map(lambda fields: st.tuples(*fields)),
    st.lists(st.sampled_from(KEY_KINDS), min_size=2, max_size=3).map(st.one_of),
)


@given(st.tuples(KEY_COLUMN, COLUMN).flatmap(lambda of: st.dictionaries(*of, max_size=12)), st.integers(1, 12))
def test_the_code_builds_an_equal_map(d: dict[Any, Any], sample: int) -> None:
    checked(d)
    advice = advise(d, sample=sample)
    assert advice.looked_at == min(sample, len(d))
    try:
        made = built(d, advice)
    except (TypeError, ValueError, OverflowError):  # said aloud
        assert sample < len(d)
    else:
        if not any("NaN" in remark for remark in advice.remarks):
            assert len(made) == len(d)
            assert all(key in made for key in d)
            if advice.value is not None:
                assert all(same(value, made[key], exactly=False) for key, value in d.items())


@given(KEY_COLUMN.flatmap(lambda kind: st.sets(kind, max_size=12)))
def test_the_code_builds_an_equal_set(s: set[Any]) -> None:
    assert checked(s).value is None
    assert checked(dict.fromkeys(s)).value is None or not s


@given(st.lists(WIDE, min_size=1, max_size=5))
def test_no_narrower_type_holds_the_integers(numbers: list[int]) -> None:
    spelling = checked(dict(enumerate(numbers))).value
    for bits in (8, 16, 32, 64):
        unsigned = all(0 <= number < 2**bits for number in numbers)
        signed = all(-(2 ** (bits - 1)) <= number < 2 ** (bits - 1) for number in numbers)
        if unsigned or signed:
            assert spelling in ([f"uint{bits}"] * unsigned + [f"int{bits}"] * signed)
            return
    assert spelling == "object"


# ---- the report --------------------------------------------------------------------------------------


def given_advice(**figures: Any) -> Advice:
    found: dict[str, Any] = {
        "key": "uint32",
        "value": "struct{x float64}",
        "entries": 1_000_000,
        "looked_at": 1_000_000,
        "holds": 200 << 20,
        "would_hold": 15 << 20,
        "reasons": ("why & how",),
        "remarks": ("besides",),
        "code": 'm = gomap.Map("uint32", "struct{x float64}", d)',
    }
    return Advice(**{**found, **figures})


def test_report() -> None:
    assert str(given_advice()).splitlines() == [
        'Map("uint32", "struct{x float64}") for 1,000,000 entries, all read',
        "now     200.00 MB",
        "as Map   15.00 MB",
        "saved   185.00 MB  92 %",
        "",
        "why & how",
        "besides",
        "",
        'm = gomap.Map("uint32", "struct{x float64}", d)',
    ]
    worse = given_advice(value=None, entries=1, looked_at=1, holds=100, would_hold=300, reasons=(), remarks=())
    assert str(worse).splitlines() == [
        'Set("uint32") for 1 entry, all read',
        "now     100 bytes",
        "as Set  300 bytes",
        "more    200 bytes  200 %",
        "",
        worse.code,
    ]
    assert "for 1,000,000 entries, 5,000 of them read" in str(given_advice(looked_at=5000))


def test_report_in_a_notebook_and_in_rich() -> None:
    advice = given_advice()
    text = advice._repr_html_()
    assert '<td style="text-align: right">185.00 MB</td>' in text
    assert "<li>why &amp; how</li>" in text
    assert "<pre>m = gomap.Map(&quot;uint32&quot;, " in text
    assert dict(advice.__rich_repr__()) == {**dataclasses.asdict(advice), "saves": 185 << 20}


def test_advice_is_a_value() -> None:
    advice = advise({1: 2})
    assert pickle.loads(pickle.dumps(advice)) == advice
    with pytest.raises(dataclasses.FrozenInstanceError):
        advice.key = "int"  # type: ignore[misc]
