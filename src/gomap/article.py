"""The article's scenario, measured: a map is filled, emptied, and cured by copying what is left.

The article is "Go maps only grow": a map that once held many entries keeps the memory for them after
they are gone. Here the same is done for real to several subjects, each a kind of map, and each run in
a process of its own:

- fill: an empty map; n entries added one by one; all removed one by one.
- cure: n entries added; all but a few removed; those copied to a new map; the old one dropped. A Map
  needs no cure, and is only looked at.

The keys are the numbers 0 to n - 1, each once, in random order (as bytes, their little-endian form); they
are removed in ascending order, which to the map is random again. Values are made afresh for every entry.

Measured at each step:

- counted bytes: a Map's or GoMap's ``nbytes``; :func:`gomap.sizeof` of a dict, which has its keys and
  values in it.
- the highest count: theirs is in ``memory().peak``. A dict keeps no such count; as it grows, its old
  and new tables are both alive for a moment, with all the keys and values, and nothing else of it ever
  is. So the table is watched after every insertion, and when it is another, the old table's bytes are
  added to what is counted then.
- resident memory: what the system says the process holds, less what it said before the map was made.

:func:`measure` runs every subject and returns dataclasses; :func:`run` is one run, in its own process.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from . import GoMap, Map, sizeof
from ._processes import Report, Runs
from ._runs import (
    RunError,
    ScenarioError,
    check_count,
    how_many_at_once,
    maker,
    python_name,
    resident,
    resident_peak,
    shuffled,
)
from ._worker import progress
from .memory import allocated
from .types import parse

__all__ = [
    "Article",
    "Cure",
    "Fill",
    "Measured",
    "RunError",
    "ScenarioError",
    "Step",
    "Subject",
    "measure",
    "subjects",
]


# ---- what is measured -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """A map at one moment."""

    entries: int
    counted: int
    resident: int | None  #: None where the system does not say
    B: int | None  #: a GoMap's
    overflow: int | None


@dataclass(frozen=True)
class Fill:
    """A map filled and emptied."""

    empty: Step
    full: Step
    removed: Step
    peak: int  #: the highest count while adding
    resident_peak: int | None


@dataclass(frozen=True)
class Cure:
    """A map of which few entries are left, copied to a new one; a Map stays what it is."""

    kept: int
    before: int  #: counted, with only the kept entries left
    both: int | None  #: the highest count while copying: old and new alive; None without a copy
    after: int  #: the new map alone
    resident_before: int | None
    resident_both: int | None
    resident_after: int | None


@dataclass(frozen=True)
class Subject:
    """One kind of map."""

    engine: str
    key: str
    value: str

    @property
    def name(self) -> str:
        return f"map[{self.key}]{self.value}" if self.engine == "GoMap" else self.engine


@dataclass(frozen=True)
class Measured:
    subject: Subject
    fill: Fill
    cures: tuple[Cure, ...]


@dataclass(frozen=True)
class Article:
    """The whole scenario's figures."""

    entries: int
    subjects: tuple[Measured, ...]


# ---- kinds of map -----------------------------------------------------------------------------------

Items = Iterable[tuple[object, object]]


class Engine(Protocol):
    """How one kind of map is made, filled, counted and copied; ``m`` is always one that it made."""

    def make(self, subject: Subject) -> Any: ...

    def add(self, m: Any, items: Items) -> None: ...

    def counted(self, m: Any) -> int: ...

    def peak(self, m: Any) -> int:
        """The highest count while the map was added to."""

    def shape(self, m: Any) -> tuple[int | None, int | None]:
        """B, and overflow buckets in use."""

    def copied(self, m: Any) -> tuple[Any, int | None]:
        """A copy, and the highest count while it was made, the original's included.

        The map itself, and None, where there is nothing to be had by copying.
        """


class GoMapEngine:
    def make(self, subject: Subject) -> Any:
        return GoMap(subject.key, subject.value)

    def add(self, m: Any, items: Items) -> None:
        for key, value in items:
            m[key] = value

    def counted(self, m: Any) -> int:
        return int(m.nbytes)

    def peak(self, m: Any) -> int:
        return int(m.memory().peak)

    def shape(self, m: Any) -> tuple[int | None, int | None]:
        stats = m.stats()
        return stats.B, stats.overflow_buckets

    def copied(self, m: Any) -> tuple[Any, int | None]:
        new = m.copy()
        return new, self.counted(m) + self.peak(new)


class MapEngine(GoMapEngine):
    def make(self, subject: Subject) -> Any:
        return Map(subject.key, subject.value)

    def shape(self, m: Any) -> tuple[int | None, int | None]:
        return None, None

    def copied(self, m: Any) -> tuple[Any, int | None]:
        return m, None


_EMPTY_DICT = sys.getsizeof({})  # the object alone: its table comes with the first key


class DictEngine:
    def __init__(self) -> None:
        self._size = _EMPTY_DICT  # the object and its table
        self._peak = 0

    def make(self, subject: Subject) -> Any:
        return {}

    def add(self, m: Any, items: Items) -> None:
        for key, value in items:
            m[key] = value
            if sys.getsizeof(m) != self._size:
                old_table = allocated(self._size - _EMPTY_DICT)
                self._size = sys.getsizeof(m)
                self._peak = max(self._peak, sizeof(m) + old_table)

    def counted(self, m: Any) -> int:
        return sizeof(m)

    def peak(self, m: Any) -> int:
        return max(self._peak, sizeof(m))

    def shape(self, m: Any) -> tuple[int | None, int | None]:
        return None, None

    def copied(self, m: Any) -> tuple[Any, int | None]:
        new = dict(m)  # its table is made at once as large as it will be
        return new, sizeof((m, new)) - sizeof((None, None))  # keys and values are in both, and count once


ENGINES: dict[str, Callable[[], Engine]] = {"Map": MapEngine, "GoMap": GoMapEngine, "dict": DictEngine}


def subjects(key: object = int, value: object = "[128]byte") -> list[Subject]:
    """The kinds of map that are put side by side: a Map; a GoMap, values in the buckets and behind a
    pointer, which to a Map is the same; and a dict.

    :raises ValueError, TypeError: a type is unknown, malformed or none that the scenario has entries for
    """
    key_type, value_type = parse(key, "key"), parse(value)
    found = [Subject(engine, key_type.name, value_type.name) for engine in ("Map", "GoMap")]
    if not value_type.pointer:
        found.append(Subject("GoMap", key_type.name, "*" + value_type.name))
    found.append(Subject("dict", python_name(key_type), python_name(value_type)))
    return found


# ---- one run, in its own process --------------------------------------------------------------------


class _Run:
    """One subject, filled and then emptied or cured."""

    def __init__(self, subject: Subject, key: str, value: str, entries: int) -> None:
        self.subject = subject
        self.engine = ENGINES[subject.engine]()
        self.key, self.value = maker(parse(key, "key")), maker(parse(value))
        self.entries = entries
        self.order = shuffled(entries)
        held = resident()
        self.start = resident_peak() if held is None else held
        self.map = self.engine.make(subject)

    def fill(self) -> Fill:
        empty = self.step()
        self.add()
        held_most = self.beyond_start(resident_peak())
        full, peak = self.step(), self.engine.peak(self.map)
        self.remove(0)
        return Fill(empty, full, self.step(), peak, held_most)

    def cure(self, kept: int) -> Cure:
        self.add()
        self.remove(kept)
        before = self.step()
        progress(99, "copying")
        new, both = self.engine.copied(self.map)
        held_both = None if both is None else self.beyond_start(resident())
        self.map = new
        after = self.step()
        counted = (before.counted, both, after.counted)
        return Cure(kept, *counted, before.resident, held_both, after.resident)

    def step(self) -> Step:
        held = self.beyond_start(resident())  # before counting, which uses some
        return Step(len(self.map), self.engine.counted(self.map), held, *self.engine.shape(self.map))

    def beyond_start(self, held: int | None) -> int | None:
        return None if held is None or self.start is None else max(held - self.start, 0)

    def add(self) -> None:
        for numbers in self.chunks(self.order, 0, "adding"):
            self.engine.add(self.map, zip(map(self.key, numbers), map(self.value, numbers), strict=True))
        if len(self.map) != self.entries:
            raise RunError(f"{self.entries:,} entries were added, but {len(self.map):,} are there")

    def remove(self, kept: int) -> None:
        m = self.map
        for numbers in self.chunks(range(kept, self.entries), 50, "removing"):
            for key in map(self.key, numbers):
                del m[key]

    def chunks(self, numbers: Any, percent: int, what: str) -> Iterable[Any]:
        """The numbers in pieces, saying how far it is between them."""
        size = max(1, -(-len(numbers) // 50))
        for start in range(0, len(numbers), size):
            progress(percent + 50 * start // len(numbers), what)
            yield numbers[start : start + size]


def run(job: dict[str, Any]) -> Fill | Cure:
    """One run of a job of :func:`measure`."""
    kept = job.pop("kept")
    subject = _Run(Subject(**job.pop("subject")), **job)
    return subject.fill() if kept is None else subject.cure(kept)


# ---- all runs ---------------------------------------------------------------------------------------


def measure(
    entries: int = 1_000_000,
    key: object = int,
    value: object = "[128]byte",
    *,
    jobs: int | None = None,
    report: Report | None = None,
) -> Article:
    """Runs the scenario for every subject.

    :param entries: how many are added
    :param key: the key type, in any spelling
    :param value: the value type; it is also run behind a pointer, unless it is one
    :param jobs: runs at the same time; by default two, or one where there is memory or a processor
        for one only
    :param report: called some times a second while it goes on
    :raises ValueError, TypeError: what is wrong with a type, or with a number
    :raises ScenarioError: so many entries cannot be
    :raises RunError: a run failed
    """
    key_type, value_type = parse(key, "key"), parse(value)
    entries = check_count("entries", entries, key_type)
    jobs = how_many_at_once("entries", entries, key_type, value_type, jobs)
    wanted = subjects(key_type, value_type)
    kept = sorted({max(1, entries // 1000), max(1, entries // 2)})
    with Runs("gomap.article", jobs, report) as runs:
        for subject in wanted:
            job = {"subject": asdict(subject), "key": key_type.name, "value": value_type.name}
            for few in [None, *kept]:
                runs.start(subject.name, {**job, "entries": entries, "kept": few})
        results = iter(runs.results())
    measured = []
    for subject in wanted:
        fill = next(results)
        fill.update((name, Step(**fill[name])) for name in ("empty", "full", "removed"))
        cures = tuple(Cure(**next(results)) for _ in kept)
        measured.append(Measured(subject, Fill(**fill), cures))
    return Article(entries, tuple(measured))
