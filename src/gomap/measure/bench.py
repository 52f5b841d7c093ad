"""The micro-benchmarks: one operation in a loop, timed by pyperf, of dict, Map and GoMap, and of set and Set.

For maps, :data:`MAP_OPERATIONS`:

- set: ``m[k] = v`` into an empty map, which grows
- hit: ``m[k]``, and miss: ``m.get(k)``, for keys that are there, and that are not
- in and not-in: ``k in m``, likewise
- delete: ``del m[k]``, down to the empty map
- iterate: over ``m.items()``
- set_many into an empty map, and get_many: NumPy arrays, where NumPy is installed and has the types; for a
  dict what does the same with lists, ``d.update(zip(keys, values))`` and ``[d[k] for k in keys]``

and for sets, :data:`SET_OPERATIONS`: add, in, not-in, remove and iterate; add_many and isin with arrays, for
a set ``s.update(keys)`` and ``[k in s for k in keys]``.

Keys are scattered over their type as if drawn at random, and the same in every run. Keys are looked up and deleted in
another order than they were put in, and as new objects, like keys that come from outside. Keys in which the interpreter
would cache the hash (str, bytes, tuples, times) are made anew each time.
All have one value. Making keys and maps is not timed; reading the clock is, some 50 nanoseconds for all of a
map's operations.

Each benchmark runs in processes of its own, as pyperf's workers, one at a time. A round runs one process for each
benchmark. All subjects of an operation run in succession, so that a machine whose speed drifts slows them alike.

:func:`measure` runs them; :func:`lines` is their table for a terminal.
"""

from __future__ import annotations

import gc
import io
import os
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from .._arrays import dtype_of, numpy
from .._core import Map
from .._display import Line, Table, wrapped
from .._libraries import library
from ..types import Kind, Type, parse
from . import RunError, ScenarioError, loops, machine
from .limits import check_count, how_many_at_once
from .loops import Loop
from .numbers import distinct, maker, scattered, shuffled
from .processes import Report, Runs
from .subjects import subject_of
from .table_files import unwritable
from .worker import progress

__all__ = ["MAP_OPERATIONS", "SET_OPERATIONS", "Bench", "Timing", "lines", "measure"]


# ---- what is measured -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Timing:
    """One operation of one subject; times in nanoseconds for one key."""

    subject: str
    operation: str
    median: float
    mad: float  #: the median deviation from the median
    stdev: float
    ratio: float  #: to dict's or set's time; below 1 is faster
    values: int  #: how many were measured


@dataclass(frozen=True)
class Bench:
    """All benchmarks' figures."""

    entries: int
    key: str
    value: str
    rounds: int
    pyperf: str  #: its version
    machine: str  #: processor, system and interpreter
    timings: tuple[Timing, ...]


# ---- operations -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Operation:
    run: Loop
    keys: str = "look"  #: put: as they are put in; look: those in another order; absent: others
    begins: str = "as it was"  #: empty and full: with a new map each time
    plain: Loop | None = None  #: what dict or set does in its place, with lists where the others have arrays


_MAP_OPERATIONS = {
    "set": _Operation(loops.put, "put", begins="empty"),
    "hit": _Operation(loops.hit),
    "miss": _Operation(loops.get, "absent"),
    "in": _Operation(loops.contains),
    "not-in": _Operation(loops.contains, "absent"),
    "delete": _Operation(loops.delete, begins="full"),
    "iterate": _Operation(loops.items),
    "set_many": _Operation(loops.set_many, "put", "empty", loops.set_many_of_dict),
    "get_many": _Operation(loops.get_many, plain=loops.get_many_of_dict),
}
_SET_OPERATIONS = {
    "add": _Operation(loops.add, "put", begins="empty"),
    "in": _Operation(loops.contains),
    "not-in": _Operation(loops.contains, "absent"),
    "remove": _Operation(loops.remove, begins="full"),
    "iterate": _Operation(loops.iterate),
    "add_many": _Operation(loops.add_many, "put", "empty", loops.add_many_of_set),
    "isin": _Operation(loops.isin, plain=loops.isin_of_set),
}
#: names of what is measured of maps, and of sets
MAP_OPERATIONS = tuple(_MAP_OPERATIONS)
SET_OPERATIONS = tuple(_SET_OPERATIONS)

#: By group, its subjects, the first of which the others are compared with, and its operations.
_GROUPS: tuple[tuple[tuple[str, ...], dict[str, _Operation]], ...] = (
    (("dict", "Map", "GoMap"), _MAP_OPERATIONS),
    (("set", "Set"), _SET_OPERATIONS),
)


# ---- keys -------------------------------------------------------------------------------------------


def _room(key: Type) -> int:
    """How many keys to choose from; a power of two."""
    if key.kind in (Kind.STRING, Kind.VARBYTES):
        return 2**53  # of sixteen digits
    return min(distinct(key) or 2**63, 2**63)


class _Keys:
    """A key type's objects, always new ones: those put in, the same in another order, and absent ones."""

    def __init__(self, key: Type, entries: int) -> None:
        self._make = maker(key)
        self._mixed = scattered(_room(key).bit_length() - 1)
        self._entries = entries

    def __call__(self, which: str) -> list[Any]:
        n = self._entries
        numbers: Iterable[int] = range(n)
        if which == "look":
            numbers = shuffled(n)
        elif which == "absent":
            numbers = range(n, 2 * n)
        make, mixed = self._make, self._mixed
        return [make(mixed(i)) for i in numbers]


def _anew(keys: list[Any]) -> list[Any]:
    """Equal keys without a hash in them."""
    if keys and isinstance(keys[0], (date, timedelta)):
        return [copy(k) for k in keys]
    return [k[:1] + k[1:] for k in keys] if keys and isinstance(keys[0], (str, bytes, tuple)) else keys


def _array(type: Type, objects: list[Any]) -> Any:
    if type.kind >= Kind.DATETIME_S:  # NumPy makes none of UUIDs, nor of times with a zone
        return Map(int, type, enumerate(objects)).get_many(range(len(objects)))
    return numpy().array(objects, dtype_of(type))


def _no_arrays(types: Sequence[Type]) -> str | None:
    """Why they cannot be had of the types; None where they can."""
    if numpy() is None:
        return "NumPy is not installed"
    return next((f"there is none of {type}" for type in types if dtype_of(type) is None), None)


# ---- one process ------------------------------------------------------------------------------------


def _timed(subject: str, operation: str, key: Type, value: Type, entries: int) -> Callable[[int], float]:
    """The benchmark as pyperf calls it: from a number of repetitions to seconds."""
    is_set = subject in ("set", "Set")
    what = (_SET_OPERATIONS if is_set else _MAP_OPERATIONS)[operation]
    make = subject_of(subject, key, None if is_set else value).make
    drawn = _Keys(key, entries)
    one_value: Any = maker(value)(1_000_000)
    run, argument = what.run, one_value
    keys: Any = drawn(what.keys)
    if what.plain is not None:
        values = [one_value] * entries if operation == "set_many" else None
        if subject in ("dict", "set"):
            run, argument = what.plain, values
        else:
            keys = _array(key, keys)
            argument = None if values is None else _array(value, values)
    fill = loops.add if is_set else loops.put
    put = drawn("put") if what.begins != "empty" else []

    def begun() -> Any:
        m = make()
        fill(m, put, one_value)
        return m

    m: Any = begun() if what.begins == "as it was" else None

    def seconds(loops: int) -> float:
        nonlocal m
        spent = 0.0
        for _ in range(loops):
            if what.begins != "as it was":
                m = None  # its memory is free for the next
                m = begun()
            now = _anew(keys) if isinstance(keys, list) else keys
            start = time.perf_counter()
            run(m, now, argument)
            spent += time.perf_counter() - start
        left = 0 if what.begins == "full" else entries
        if len(m) != left:
            raise RunError(f"{subject}, {operation}: expected {left:,} entries then, got {len(m):,}")
        return spent

    return seconds


def run(subject: str, operation: str, key: Type, value: Type, entries: int, values: int) -> str:
    """One process: pyperf's JSON."""
    gc.disable()
    progress(0, "making keys")
    timed = _timed(subject, operation, key, value, entries)
    progress(50, "measuring")
    pyperf = _pyperf()
    of = key.name if subject in ("set", "Set") else f"{key.name} to {value.name}"
    runner = pyperf.Runner(metadata={"gomap_subject": subject, "gomap_operation": operation})
    times = max(1, _LEAST // entries)
    counts = ["--loops", str(times), "--values", str(values), "--warmups", "1"]
    runner.parse_args(["--worker", "--worker-task", "0", *counts])
    measured = runner.bench_time_func(f"{subject} {operation}, {of}, {entries:,} entries", timed, inner_loops=entries)
    suite = io.StringIO()
    pyperf.BenchmarkSuite([measured]).dump(suite)
    return suite.getvalue()


# ---- all of them ------------------------------------------------------------------------------------

#: operations that make a value, where there are fewer entries
_LEAST = 200_000
#: processes of a benchmark, and values measured in each
_THOROUGH, _FAST = (5, 3), (3, 1)


def _pyperf() -> Any:
    """
    :raises ScenarioError: it is not installed
    """
    try:
        return library(
            *("pyperf", "the benchmarks need pyperf", 'python -m pip install "gomap[bench]", or pyperf alone')
        )
    except ImportError as error:
        raise ScenarioError(str(error)) from None


def _wanted(only: Sequence[str] | None, key: Type, value: Type, entries: int) -> Iterator[tuple[str, str]]:
    """Subjects and operations, in the order in which they are measured.

    :raises ScenarioError: an operation is unknown, or cannot be measured
    """
    known = list(dict.fromkeys(MAP_OPERATIONS + SET_OPERATIONS))
    if only is not None and not only:
        raise ScenarioError(f"expected operations of {', '.join(known)}, got none")
    for name in only or ():
        if name not in known:
            raise ScenarioError(f"expected operations of {', '.join(known)}, got {name!r}")
    for subjects, operations in _GROUPS:
        for name, operation in operations.items():
            if only is not None and name not in only:
                continue
            why_not = _no_arrays([key, value] if "dict" in subjects else [key]) if operation.plain else None
            if why_not is not None:
                if only is None:
                    continue
                raise ScenarioError(f"{name} takes NumPy arrays: {why_not}")
            if operation.keys == "absent" and 2 * entries > _room(key):
                if only is None:
                    continue
                raise ScenarioError(
                    f"{name} asks for as many absent keys: expected at most {_room(key) // 2:,} entries "
                    f"for keys of type {key}, got {entries:,}"
                )
            for subject in subjects:
                yield subject, name


def measure(
    entries: int = 1_000_000,
    key: object = int,
    value: object = int,
    *,
    only: Sequence[str] | None = None,
    fast: bool = False,
    output: str | os.PathLike[str] | None = None,
    report: Report | None = None,
) -> Bench:
    """Runs the benchmarks.

    :param entries: how many keys are put in, looked up and deleted
    :param key: the key type, in any spelling; that of sets too
    :param value: the value type
    :param only: names from :data:`MAP_OPERATIONS` and :data:`SET_OPERATIONS`; by default all that can be
        measured of the types and the number of entries
    :param fast: 3 rounds of one value instead of 5 of three: rough figures in a third of the time
    :param output: a file for pyperf's own JSON, which ``python -m pyperf`` compares and inspects; a name that
        ends in .gz is compressed
    :param report: called some times a second while it goes on
    :raises ValueError, TypeError: what is wrong with a type, or with a number
    :raises ScenarioError: what was asked for cannot be measured, or pyperf is not installed
    :raises RunError: a run failed
    :raises OSError: the file cannot be written
    """
    key_type, value_type = parse(key, "key"), parse(value)
    entries = check_count("entries", entries, key_type)
    benchmarks = list(_wanted(only, key_type, value_type, entries))
    pyperf = _pyperf()
    if output is not None and (why_not := unwritable(Path(output))):
        raise ScenarioError(why_not)
    how_many_at_once("entries", entries, key_type, value_type, 1)
    rounds, values = _FAST if fast else _THOROUGH
    with Runs(1, report) as runs:  # one: two at a time would slow each other
        for number in range(1, rounds + 1):
            for subject, operation in benchmarks:
                what = f"round {number} of {rounds}, {subject} {operation}"
                runs.start(what, run, subject, operation, key_type, value_type, entries, values)
        results = runs.outcomes()
    measured: dict[tuple[str, str], list[Any]] = {each: [] for each in benchmarks}
    for each, result in zip(benchmarks * rounds, results, strict=True):
        measured[each].append(pyperf.Benchmark.loads(result))
    if output is not None:
        suite = pyperf.BenchmarkSuite([_joined(of_rounds) for of_rounds in measured.values()])
        suite.dump(os.fspath(output), replace=True)
    timings = tuple(_timings(measured))
    return Bench(entries, key_type.name, value_type.name, rounds, pyperf.__version__, machine.described(), timings)


def _joined(of_rounds: Sequence[Any]) -> Any:
    """A benchmark's rounds as one benchmark."""
    return _pyperf().Benchmark([run for each in of_rounds for run in each.get_runs()])


def _timings(measured: dict[tuple[str, str], list[Any]]) -> Iterator[Timing]:
    firsts = {subject: subjects[0] for subjects, _ in _GROUPS for subject in subjects}
    for (subject, operation), of_rounds in measured.items():
        joined, beside = _joined(of_rounds), _joined(measured[firsts[subject], operation])
        yield Timing(
            subject,
            operation,
            median=1e9 * joined.median(),
            mad=1e9 * joined.median_abs_dev(),
            stdev=1e9 * joined.stdev(),
            ratio=joined.median() / beside.median(),
            values=joined.get_nvalue(),
        )


# ---- as a table -------------------------------------------------------------------------------------


def lines(result: Bench, width: int) -> list[Line]:
    """The figures as a terminal shows them.

    :param width: columns of the terminal
    """
    title = f"{result.entries:,} entries, {result.key} to {result.value}: nanoseconds for one"
    shown = wrapped(title, width, "title")
    for subjects, _ in _GROUPS:
        if any(timing.subject == subjects[0] for timing in result.timings):
            shown += [("text", ""), *_table(result, subjects).lines(width)]
    note = (
        f"{result.machine}, pyperf {result.pyperf}. Medians of {result.rounds} rounds; +-: the median "
        "deviation from them; x: the ratio of the medians, below 1 where it is faster."
    )
    return [*shown, ("text", ""), *wrapped(note, width)]


def _table(result: Bench, subjects: Sequence[str]) -> Table:
    """A row for every operation; of each subject the time, its spread and, but for the first, the ratio."""
    found = {(timing.subject, timing.operation): timing for timing in result.timings}
    first, *others = subjects
    names = [first, "", *(cell for other in others for cell in (other, "", ""))]
    table = Table(("", *names), ("", "ns", "+-", *("ns", "+-", "x") * len(others)))
    for subject, operation in found:
        if subject == first:
            cells = []
            for each in subjects:
                timing = found[each, operation]
                cells += [f"{timing.median:,.1f}", f"{100 * timing.mad / timing.median:.0f} %"]
                cells += [f"{timing.ratio:.2f}"] if each != first else []
            table.row(operation, cells)
    return table
