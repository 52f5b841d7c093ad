"""The micro-benchmarks: what is timed and what is not, the keys, the rounds' figures, and the table."""

from __future__ import annotations

import importlib.util
import math
import statistics
import sys
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from conftest import LARGEST_SHARED_INT

from gomap import Map
from gomap._arrays import numpy
from gomap._display import Line
from gomap.measure import RunError, ScenarioError, bench
from gomap.measure.bench import MAP_OPERATIONS, SET_OPERATIONS, Bench, Timing, lines, measure
from gomap.measure.numbers import scattered
from gomap.types import parse

SUBJECTS = {"dict": MAP_OPERATIONS, "Map": MAP_OPERATIONS, "GoMap": MAP_OPERATIONS}
SUBJECTS |= {"set": SET_OPERATIONS, "Set": SET_OPERATIONS}
ARRAYS = ("set_many", "get_many", "add_many", "isin")
PAIRS = [(subject, operation) for subject, operations in SUBJECTS.items() for operation in operations]

needs_pyperf = pytest.mark.skipif(importlib.util.find_spec("pyperf") is None, reason="pyperf is not installed")


# ---- keys --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("bits", range(14))
def test_numbers_are_scattered_and_none_twice(bits: int) -> None:
    found = [scattered(bits)(i) for i in range(2**bits)]
    assert sorted(found) == list(range(2**bits))
    if bits > 8:
        steps = [abs(b - a) for a, b in pairwise(found)]
        assert statistics.mean(steps) == pytest.approx(2**bits / 3, rel=0.2)  # as of two drawn at random


@pytest.mark.parametrize("name", ["int", "uint8", "float32", "string", "bytes", "[16]byte", "struct{a uint16}"])
def test_keys(name: str) -> None:
    n = 100
    drawn = bench._Keys(parse(name, "key"), n)
    put, look, absent = (drawn(which) for which in ("put", "look", "absent"))
    assert len(set(put)) == len(set(absent)) == n
    assert not set(put) & set(absent)
    assert look != put
    assert set(look) == set(put)
    by_key = {key: key for key in put}
    own = [key for key in look if not (isinstance(key, int) and key <= LARGEST_SHARED_INT)]
    shared = [key for key in own if by_key[key] is key]
    assert not shared
    for key in put + absent:
        Map(name, bool)[key] = True
        assert not isinstance(key, str) or len(key) == 16


@pytest.mark.parametrize("keys", [["spam", "eggs"], [b"spam", b"eggs"], [(1, 2), (3, 4)]])
def test_keys_that_keep_their_hash_are_made_anew(keys: list[Any]) -> None:
    new = bench._anew(keys)
    assert new == keys
    assert not any(a is b for a, b in zip(new, keys, strict=True))


def test_numbers_are_not_made_anew() -> None:
    keys = [2**60, 2**61]
    assert bench._anew(keys) is keys


# ---- what is timed -----------------------------------------------------------------------------------


class Ticking:
    """A clock that goes on by one with every operation on a map or set of its own."""

    def __init__(self) -> None:
        self.now = 0

    def tick(self, count: int = 1) -> None:
        self.now += count

    def map(self) -> Any:
        clock = self

        class Map(dict[Any, Any]):
            def __setitem__(self, key: Any, value: Any) -> None:
                clock.tick()
                super().__setitem__(key, value)

            def __getitem__(self, key: Any) -> Any:
                clock.tick()
                return super().__getitem__(key)

            def __contains__(self, key: Any) -> bool:
                clock.tick()
                return super().__contains__(key)

            def __delitem__(self, key: Any) -> None:
                clock.tick()
                super().__delitem__(key)

            def get(self, key: Any, default: Any = None) -> Any:
                clock.tick()
                return super().get(key, default)

            def items(self) -> Any:
                clock.tick(len(self))
                return super().items()

            def set_many(self, keys: Any, values: Any) -> None:
                for key, value in zip(keys.tolist(), values.tolist(), strict=True):
                    self[key] = value

            def get_many(self, keys: Any) -> list[Any]:
                return [self[key] for key in keys.tolist()]

        return Map()

    def set(self) -> Any:
        clock = self

        class Set(set[Any]):
            def add(self, key: Any) -> None:
                clock.tick()
                super().add(key)

            def remove(self, key: Any) -> None:
                clock.tick()
                super().remove(key)

            def __contains__(self, key: Any) -> bool:
                clock.tick()
                return super().__contains__(key)

            def __iter__(self) -> Iterator[Any]:
                clock.tick(len(self))
                return super().__iter__()

            def add_many(self, keys: Any) -> None:
                for key in keys.tolist():
                    self.add(key)

            def isin(self, keys: Any) -> list[bool]:
                return [key in self for key in keys.tolist()]

        return Set()


@pytest.mark.parametrize(
    ("subject", "operation"),
    [pair for pair in PAIRS if pair[0] in ("Map", "Set")],
)
@pytest.mark.parametrize("key", ["int", "string"])
def test_every_operation_is_timed_and_nothing_else(
    subject: str, operation: str, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    if operation in ARRAYS and (numpy() is None or key == "string"):
        pytest.skip("there are no arrays")
    clock = Ticking()
    make = clock.map if subject == "Map" else clock.set
    monkeypatch.setattr(bench, "subject_of", lambda *_: SimpleNamespace(make=make))
    monkeypatch.setattr(bench.time, "perf_counter", lambda: clock.now)
    timed = bench._timed(subject, operation, parse(key, "key"), parse(int), 50)
    assert timed(1) == 50
    assert timed(7) == 350


@pytest.mark.parametrize(("subject", "operation"), PAIRS)
def test_every_subject_does_every_operation(subject: str, operation: str) -> None:
    if operation in ARRAYS and numpy() is None:
        pytest.skip("NumPy is not installed")
    pairs = [("int", "int"), ("uint16", "[3]byte"), ("[4]byte", "float32")]
    if operation not in ARRAYS:
        pairs += [("string", "bytes"), ("struct{a int16; b bool}", "struct{a uint32}"), ("any", "struct{}")]
    for key, value in pairs:
        assert bench._timed(subject, operation, parse(key, "key"), parse(value), 30)(2) > 0


def test_a_map_that_loses_entries_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    class Losing(dict[Any, Any]):
        def __setitem__(self, key: Any, value: Any) -> None:
            if key % 10:
                super().__setitem__(key, value)

    monkeypatch.setattr(bench, "subject_of", lambda *_: SimpleNamespace(make=Losing))
    timed = bench._timed("Map", "set", parse(int), parse(int), 50)
    with pytest.raises(RunError, match=r"Map, set: expected 50 entries then, got 4\d"):
        timed(1)


# ---- what is run -------------------------------------------------------------------------------------


def wanted(only: list[str] | None, key: str = "int", value: str = "int", n: int = 10) -> list[tuple[str, str]]:
    return list(bench._wanted(only, parse(key, "key"), parse(value), n))


def test_subjects_take_turns() -> None:
    assert wanted(["in", "delete"]) == [
        *(("dict", "in"), ("Map", "in"), ("GoMap", "in")),
        *(("dict", "delete"), ("Map", "delete"), ("GoMap", "delete")),
        *(("set", "in"), ("Set", "in")),
    ]
    assert wanted(None, value="string") == [
        *((subject, each) for each in MAP_OPERATIONS[:7] for subject in ("dict", "Map", "GoMap")),
        *((s, each) for each in SET_OPERATIONS if numpy() or each not in ARRAYS for s in ("set", "Set")),
    ]


def test_absent_keys_are_left_out_where_there_are_none() -> None:
    assert {operation for _, operation in wanted(None, "uint8", n=128)} >= {"miss", "not-in"}
    assert not {operation for _, operation in wanted(None, "uint8", n=129)} & {"miss", "not-in"}
    with pytest.raises(ScenarioError, match=r"miss asks .* at most 128 entries for keys of type uint8, got 129"):
        wanted(["miss"], "uint8", n=129)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"entries": 0}, "expected at least 1 entry, got 0"),
        ({"entries": 200, "key": "int8"}, "expected at most 128 entries for keys of type int8"),
        ({"only": ["hits"]}, "expected operations of set, hit, .*, isin, got 'hits'"),
        ({"entries": 2, "output": "no such/place.json"}, "there is no directory 'no such' for 'place.json'"),
    ],
)
@needs_pyperf
def test_what_cannot_be_measured(arguments: dict[str, Any], message: str) -> None:
    with pytest.raises(ScenarioError, match=message):
        measure(**arguments)


def test_arrays_that_there_are_not(monkeypatch: pytest.MonkeyPatch) -> None:
    if numpy() is not None:
        with pytest.raises(ScenarioError, match="get_many takes NumPy arrays: there is none of string"):
            wanted(["get_many"], value="string")
        with pytest.raises(ScenarioError, match="isin takes NumPy arrays: there is none of string"):
            wanted(["isin"], key="string")
        assert wanted(["isin"], value="string") == [("set", "isin"), ("Set", "isin")]
    monkeypatch.setattr(bench, "numpy", lambda: None)
    with pytest.raises(ScenarioError, match="get_many takes NumPy arrays: NumPy is not installed"):
        wanted(["get_many"])
    assert not {operation for _, operation in wanted(None)} & set(ARRAYS)


def test_without_pyperf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyperf", None)
    with pytest.raises(ScenarioError, match=r'pyperf, which is not installed: .* install "gomap\[bench\]"'):
        measure(10)


# ---- figures -----------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def output(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("bench") / "figures.json"


@pytest.fixture(scope="module")
def seen() -> list[tuple[int, str]]:
    return []


@pytest.fixture(scope="module")
def measured(output: Path, seen: list[tuple[int, str]]) -> Bench:
    pytest.importorskip("pyperf", reason="pyperf is not installed")
    output.write_text("what was there before")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(bench, "_FAST", (2, 2))
        return measure(
            3000,
            "uint32",
            "bool",
            only=["delete"],
            fast=True,
            output=output,
            report=lambda *at: seen.append(at),
        )


def test_figures(measured: Bench, seen: list[tuple[int, str]]) -> None:
    import pyperf

    assert (measured.entries, measured.key, measured.value) == (3000, "uint32", "bool")
    assert (measured.rounds, measured.pyperf) == (2, pyperf.__version__)
    assert [timing.subject for timing in measured.timings] == ["dict", "Map", "GoMap"]
    for timing in measured.timings:
        assert timing.operation == "delete"
        assert timing.values == 4
        assert 0 <= timing.mad < timing.median
        assert timing.stdev > 0
        assert math.isfinite(timing.ratio)
        assert timing.ratio > 0
    assert measured.timings[0].ratio == 1
    percents = [percent for percent, _ in seen]
    assert percents == sorted(percents)
    assert any(what.startswith("round 2 of 2, ") for _, what in seen)


def test_pyperf_reads_the_file(measured: Bench, output: Path) -> None:
    import pyperf

    suite = pyperf.BenchmarkSuite.load(str(output))
    assert suite.get_benchmark_names() == [
        f"{timing.subject} delete, uint32 to bool, 3,000 entries" for timing in measured.timings
    ]
    for each, timing in zip(suite, measured.timings, strict=True):
        assert each.get_nrun() == 2
        assert each.median() * 1e9 == pytest.approx(timing.median)
        assert each.median_abs_dev() * 1e9 == pytest.approx(timing.mad)
        assert each.stdev() * 1e9 == pytest.approx(timing.stdev)
        assert each.get_metadata()["inner_loops"] == 3000
        assert each.get_total_loops() == 3000 * (200_000 // 3000)


@needs_pyperf
def test_a_ratio_is_the_median_of_the_rounds() -> None:
    import pyperf

    def of_rounds(*seconds: float) -> list[Any]:
        runs = [pyperf.Run([s], metadata={"name": "it"}, collect_metadata=False) for s in seconds]
        return [pyperf.Benchmark([run]) for run in runs]

    measured = {
        ("dict", "hit"): of_rounds(1e-9, 2e-9, 9e-9),
        ("Map", "hit"): of_rounds(3e-9, 5e-9, 9e-9),
        ("set", "in"): of_rounds(2e-9, 2e-9, 2e-9),
        ("Set", "in"): of_rounds(1e-9, 1e-9, 1e-9),
    }
    found = list(bench._timings(measured))
    assert [timing.ratio for timing in found] == pytest.approx([1, 2.5, 1, 0.5])
    assert [timing.median for timing in found] == pytest.approx([2, 5, 2, 1])
    assert [timing.mad for timing in found] == pytest.approx([1, 2, 0, 0])


# ---- the table ---------------------------------------------------------------------------------------


def figures(subject: str, operation: str, median: float, ratio: float) -> Timing:
    return Timing(subject, operation, median, mad=median / 50, stdev=1.0, ratio=ratio, values=6)


TABLE = Bench(
    *(1_000_000, "int", "int", 3, "2.10", "A processor, 2 cores"),
    timings=(
        *(figures("dict", "hit", 510.04, 1), figures("Map", "hit", 112.3, 0.22)),
        *(figures("GoMap", "hit", 163.2, 0.316), figures("set", "isin", 1234.5, 1)),
        figures("Set", "isin", 61.7, 0.05),
    ),
)


def texts(shown: list[Line]) -> list[str]:
    return [text for _, text in shown]


def test_table() -> None:
    assert texts(lines(TABLE, 80)) == [
        "1,000,000 entries, int to int: nanoseconds for one",
        "",
        "        dict         Map             GoMap",
        "          ns   +-     ns   +-     x     ns   +-     x",
        "  hit  510.0  2 %  112.3  2 %  0.22  163.2  2 %  0.32",
        "",
        "            set        Set",
        "             ns   +-    ns   +-     x",
        "  isin  1,234.5  2 %  61.7  2 %  0.05",
        "",
        "A processor, 2 cores, pyperf 2.10. Medians of 3 rounds; +-: the median deviation",
        "from them; x: the ratio of the medians, below 1 where it is faster.",
    ]


@pytest.mark.parametrize("width", [30, 50])
def test_a_narrow_table(width: int) -> None:
    shown = texts(lines(TABLE, width))
    assert max(map(len, shown)) <= width
    assert sum(text.startswith("  hit ") for text in shown) >= 2
    assert all(any(figure in text for text in shown) for figure in ("510.0", "0.22", "0.32", "1,234.5"))
