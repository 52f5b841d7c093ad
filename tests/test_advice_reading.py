"""What advise reads: mappings and sets of any class, samples of them, and the bytes that it finds."""

from __future__ import annotations

import dataclasses
from collections import Counter, OrderedDict, UserDict, UserList, defaultdict
from types import MappingProxyType
from typing import Any

import pytest
from advice_cases import about, built, checked
from support import INT

from gomap import Advice, Map, Set, advise, sizeof
from gomap.measure import advice as module

# ---- bytes -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "d",
    [
        {i: i * 7 for i in range(5000)},
        {f"{i:030d}": (i, i / 7) for i in range(1000)},
        {(f"{i:030d}", i): (i, f"{i:025d}", b"x" * (i % 40)) for i in range(1000)},
        {i: bytes(i % 300) for i in range(1000)},
        dict.fromkeys(range(1000)),
        {f"{i}" for i in range(1000)},
        frozenset(range(1000)),
        defaultdict(int, {i: i for i in range(300)}),
    ],
)
def test_bytes_of_what_was_all_built(d: Any) -> None:
    held = sizeof(d)
    advice = checked(d)
    assert advice.holds == held
    assert advice.would_hold == about(built(d, advice).nbytes)
    assert advice.saves == advice.holds - advice.would_hold
    assert advice.looked_at == len(d)


def test_bytes_count_the_objects_that_stay() -> None:
    d = {i: [i] for i in range(1000, 2000)}
    advice = checked(d)
    lists = sum(sizeof([i]) for i in range(1000, 2000))
    assert advice.value == "object"
    assert advice.would_hold == about(built(d, advice).nbytes + lists)
    both = {(str(i), None): [i] for i in range(1000, 2000)}
    advice = checked(both)
    keys = sum(sizeof((str(i), None)) for i in range(1000, 2000))
    assert advice.would_hold == about(built(both, advice).nbytes + lists + keys)


def test_bytes_of_a_table() -> None:
    """Of cities: what stayed objects now stands in the map, text and all."""
    names = ["Aachen", "Mönchengladbach", "Saint-Louis", "Llanfairpwllgwyngyllgogerychwyrndrobwll", "Rio", "Graz"]
    d = {
        1_000_000 + i: (f"{names[i % 6]} {i:05d}", ("DE", "FR", "BR")[i % 3], i * 997, i / 777, i / 333)
        for i in range(30_000)
    }
    advice = checked(d)
    assert advice.value == "struct{f0 string; f1 string; f2 uint32; f3 float64; f4 float64}"
    assert advice.saves > 0.6 * advice.holds


def test_bytes_of_more_than_is_built(monkeypatch: pytest.MonkeyPatch) -> None:
    d = {i: f"{i:0{i % 50}d}" for i in range(100_000)}
    advice = advise(d)
    assert advice.looked_at == 100_000
    assert advice.would_hold == pytest.approx(built(d, advice).nbytes, rel=0.05)
    monkeypatch.setattr(module, "_BUILT_ENTRIES", 5000)
    fewer = advise(d)
    assert fewer.would_hold == pytest.approx(advice.would_hold, rel=0.03)
    assert fewer.would_hold != advice.would_hold


def test_build_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    maps: list[Any] = []
    monkeypatch.setattr(module, "_whole", lambda made, entries: maps.append(made) or 0)
    monkeypatch.setattr(module, "_BUILT_ENTRIES", 400)
    monkeypatch.setattr(module, "_BUILT_BYTES", 100_000)
    for values in (b"x" * 5000, "x" * 5000, [5000], 5000):
        advise(dict.fromkeys(range(1000), values))
    assert [len(made) for made in maps] == [20, len(maps[1]), 400, 400]
    assert 15 < len(maps[1]) < 22


def test_build_is_a_check() -> None:
    float32 = module._Shape("float32")
    with pytest.raises(RuntimeError, match="value 0.1 comes back from a map of float32 as 0.10000000149"):
        module._build([module._Shape("uint8"), float32], [(1, 2), (0.5, 0.1)])


# ---- samples -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "spelling"),
    [
        ((0, 1), "int32"),
        ((0, 2**27 - 1), "int32"),
        ((0, 2**27), "int64"),
        ((-(2**27), 0), "int32"),
        ((-(2**27) - 1, 0), "int64"),
        ((0, 2**31), "int64"),
        ((-(2**63), 2**63 - 1), "int64"),
        ((0, 2**63), "uint64"),
        ((0, 2**64), "object"),
        ((-1, 2**63), "object"),
    ],
)
def test_sample_leaves_head_room(values: tuple[int, int], spelling: str) -> None:
    d = {f"{i}": values[i % 2] for i in range(100)}
    advice = checked(d, sample=50)
    assert advice.value == spelling
    assert (advice.entries, advice.looked_at) == (100, 50)
    assert any(remark.startswith("read: a sample, 50 of 100;") for remark in advice.remarks)
    if spelling != "object":
        assert "in the sample, hence" in advice.reasons[0]


@pytest.mark.parametrize("odd", [2**40, -(2**40), 1.5, "text", None, True, b"", (1,)])
def test_what_a_sample_missed_is_refused(odd: Any) -> None:
    d: dict[Any, Any] = dict.fromkeys(range(1000), 1)
    d[1000] = odd
    advice = advise(d, sample=3)
    assert advice.value == "int32"
    with pytest.raises((OverflowError, TypeError)):
        built(d, advice)


def test_sample_of_none_keeps_the_values() -> None:
    d: dict[int, Any] = dict.fromkeys(range(1000))
    advice = checked(d, sample=3)
    assert advice.value == "struct{}"
    d[1000] = "missed"
    with pytest.raises(TypeError, match="expected None"):
        built(d, advise(d, sample=3))


def test_sample_renames_no_fields() -> None:
    d: dict[int, Any] = {i: {"a b": i} for i in range(1000)}
    assert checked(d).value == "struct{f0 uint16}"
    advice = checked(d, sample=10)
    assert advice.value == "object"
    assert "no field 'a b'; only if all are read" in advice.reasons[1]
    assert checked({i: {"ab": i} for i in range(1000)}, sample=10).value == "struct{ab int32}"


def test_sample_of_floats_as_keys_speaks_of_nan() -> None:
    d = {i / 7: 1 for i in range(1000)}
    assert any("NaN" in remark for remark in advise(d, sample=10).remarks)
    assert not any("NaN" in remark for remark in advise(d).remarks)


def but_bytes(advice: Advice) -> Advice:
    """Without those that differ from map to map."""
    return dataclasses.replace(advice, would_hold=0)


def test_sample_is_spread_and_the_same_every_time() -> None:
    d = {i: "x" * (i % 7 + 20) for i in range(10_000)}
    advice = advise(d, sample=200)
    assert but_bytes(advice) == but_bytes(advise(dict(d), sample=200))
    low, high = advice.reasons[0].split()[1], advice.reasons[0].split()[3]
    assert int(low.replace(",", "")) < 1000 < 9000 < int(high.replace(",", ""))


def test_sample_of_all_is_all() -> None:
    d = {i: i for i in range(100)}
    assert but_bytes(advise(d, sample=100)) == but_bytes(advise(d, sample=1000)) == but_bytes(advise(d))
    assert advise(d, sample=99) != advise(d)


FEW = [f"{i} of a few {'x' * i}" for i in range(50)]
MORE = [f"{i} of more" for i in range(5000)]
CONTENTS: dict[str, Any] = {
    "numbers": {i: i * 1000 + 300 for i in range(50_000)},
    "texts": {f"{i:020d}": "x" * (i % 90) + str(i) for i in range(50_000)},
    "small and large numbers": {i: i * i if i % 2 else 0 for i in range(50_000)},
    "lists": {i: [i] for i in range(50_000)},
    "set": {f"{i}" for i in range(50_000)},
    "few, shared": {i: FEW[i % 50] for i in range(50_000)},
    "more, shared": {i: MORE[i % 5000] for i in range(50_000)},
}


@pytest.mark.parametrize("what", CONTENTS)
def test_sample_tells_the_bytes(what: str) -> None:
    d = CONTENTS[what]
    whole, sampled = advise(d), advise(d, sample=2000)
    assert sampled.holds == pytest.approx(whole.holds, rel=0.1)
    assert sampled.would_hold == pytest.approx(built(d, sampled).nbytes + object_bytes(d, sampled), rel=0.03)


def object_bytes(d: Any, advice: Advice) -> int:
    """Those of values that stay objects, here each of its own."""
    return sum(map(sizeof, d.values())) if advice.value == "object" else 0


# ---- what is read ------------------------------------------------------------------------------------


class Cache(OrderedDict[Any, Any]):
    """Every look counts, and moves an entry to the end."""

    looks = 0

    def __getitem__(self, key: Any) -> Any:
        type(self).looks += 1
        self.move_to_end(key)
        return super().__getitem__(key)


def test_reading_changes_nothing() -> None:
    cache = Cache({i: i for i in range(1000)})
    Cache.looks = 0
    for sample in (None, 10):
        advice = advise(cache, sample=sample)
        assert "dict.items(d)" in advice.code
        assert built(cache, advice) == dict(dict.items(cache))
    assert Cache.looks == 0
    assert list(cache) == list(range(1000))
    nothing = Cache(dict.fromkeys(range(1000)))
    assert advise(nothing).code == 's = gomap.Set("uint16", dict.keys(d), capacity=len(d))'
    assert len(built(nothing, advise(nothing))) == 1000
    renamed = Cache({1: {"a b": 1}})
    assert built(renamed, advise(renamed))[1] == (1,)


def test_default_of_a_defaultdict_is_not_asked_for() -> None:
    d: defaultdict[int, list[int]] = defaultdict(list, {1: [2]})
    checked(d)
    assert d == {1: [2]}


@pytest.mark.parametrize(
    "make", [dict, OrderedDict, UserDict, MappingProxyType, lambda d: defaultdict(None, d), Counter]
)
@pytest.mark.parametrize("sample", [None, 100])
def test_mappings(make: Any, sample: int | None) -> None:
    d = make({i: 2 * i for i in range(1000)})
    advice = checked(d, sample=sample)
    assert (advice.key, advice.value) == (("uint16", "uint16") if sample is None else ("int32", "int32"))
    told = [remark for remark in advice.remarks if remark.startswith("bytes now: those of the keys and values")]
    assert len(told) == (0 if isinstance(d, dict) else 1)
    objects = sum(sizeof(number) for key in d for number in (key, d[key]))
    assert advice.holds == pytest.approx(sizeof(d) + (0 if isinstance(d, dict) else objects), rel=0.1)


@pytest.mark.parametrize("make", [set, frozenset, dict.fromkeys, lambda keys: dict.fromkeys(keys).keys()])
def test_sets(make: Any) -> None:
    advice = checked(make(range(1000)))
    assert (advice.key, advice.value) == ("uint16", None)


def test_maps_of_gomap() -> None:
    m = Map(int, int, {i: i for i in range(1000)})
    advice = checked(m)
    assert (advice.key, advice.value, advice.holds) == ("uint16", "uint16", m.nbytes)
    s = Set(object, range(2000, 3000))
    assert checked(s).holds == s.nbytes + INT * 1000
    narrow = Map("uint16", "uint16", m)
    assert checked(narrow).would_hold == about(narrow.nbytes)


@pytest.mark.parametrize("d", [[], (), "text", b"bytes", 5, None, dict, iter({}), UserList()])
def test_neither_a_mapping_nor_a_set(d: Any) -> None:
    with pytest.raises(TypeError, match=f"^expected a dict or a set, got {type(d).__name__}$"):
        advise(d)


def test_sample_is_a_number_of_entries() -> None:
    for wrong in (0, -1):
        with pytest.raises(ValueError, match=f"^expected a sample of at least 1 entry, got {wrong}$"):
            advise({1: 2}, sample=wrong)
    for other in (1.5, "5"):
        with pytest.raises(TypeError):
            advise({1: 2}, sample=other)  # type: ignore[arg-type]


def test_change_while_reading() -> None:
    class Growing:
        """A value that puts another in when its bytes are asked for."""

        def __sizeof__(self) -> int:
            d[len(d)] = self
            return 16

    d: dict[int, Any] = {}
    d.update({i: Growing() for i in range(10)})
    with pytest.raises(RuntimeError, match="^the dict changed while it was read: let nothing write to it"):
        advise(d)

    class Between(UserDict[int, int]):
        """Another thread takes an entry out after it was counted."""

        def __len__(self) -> int:
            return len(self.data) + 1

    with pytest.raises(RuntimeError, match="^the Between changed while it was read"):
        advise(Between({1: 2}))


def test_other_errors_of_the_objects_pass() -> None:
    class Failing:
        def __sizeof__(self) -> int:
            raise RuntimeError("out of order")

    with pytest.raises(RuntimeError, match="^out of order$"):
        advise({1: Failing()})


class Strange(type):
    """A class that is equal to every other."""

    def __eq__(cls, other: object) -> bool:
        return True

    __hash__ = type.__hash__


class Hostile(metaclass=Strange):
    """Says that it is an int; its hash is asked for by dict alone, and nothing else of it works."""

    hashes = 0

    @property  # type: ignore[misc]
    def __class__(self) -> type:
        return int

    def __hash__(self) -> int:
        Hostile.hashes += 1
        return 1

    def __eq__(self, other: object) -> bool:
        raise ZeroDivisionError

    def __repr__(self) -> str:
        raise ZeroDivisionError


def test_objects_are_not_asked() -> None:
    hostile = Hostile()
    for d in ({hostile: 1}, {1: hostile}, {1: 5, 2: hostile}, {hostile: hostile}, {1: (hostile,)}, {hostile}):
        Hostile.hashes = 0
        advice = advise(d)
        assert Hostile.hashes == 0
        assert "object" in (advice.key, advice.value)
        assert str(advice)
    (reason,) = advise({"a": 5, "b": 5, hostile: 5}).reasons[:1]
    assert reason.startswith("keys: 1 of 3 are Hostile, the others str (first: a Hostile)")
