"""Black Friday, measured: customers come, and go, and what maps with an entry for each hold meanwhile.

In the first hour of a simulated day customers arrive, evenly, until so many are there at once; from then
on each is as likely as any other to leave at any moment, until few remain at midnight:

    customers  |    .
               |   . .
               |  .   .
               | .     ' .
               |.          '  . . .  .  .  .  .
               +----+------------------------------
               0    1 h                        24 h

Four maps live through it, each in a process of its own (:mod:`gomap._processes`): a Map; a GoMap; a GoMap
that is re-created, as its users are told to, every :data:`RECREATED_EVERY` minutes, which takes the old
one and the new one at once; and a dict.

Customers are the numbers 0 to n - 1, arriving in random order; they leave in ascending order, which by
arrival and to the map is random again. The same in every run, and for every map.

Measured at each of :data:`MINUTES`: counted bytes, and resident memory beyond what the process held before
the map was made; and, over the whole day, the highest count, moments between included.

:func:`measure` runs all four and returns dataclasses; :func:`run` is the day of one, in its own process.
"""

from __future__ import annotations

import math
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from . import sizeof
from ._processes import Report, Runs
from ._runs import (
    ScenarioError,
    check_count,
    how_many_at_once,
    maker,
    python_name,
    resident,
    resident_peak,
    shuffled,
    whole,
)
from ._words import number
from ._worker import progress
from .article import DictEngine, Engine, GoMapEngine, Items, MapEngine, Subject
from .memory import allocated, plain_bytes
from .types import parse

__all__ = [
    "MINUTES",
    "NAMES",
    "RECREATED_EVERY",
    "Course",
    "Recreation",
    "Sample",
    "Timeline",
    "customers_at",
    "measure",
]

_RUSH, _DAY = 60, 24 * 60
#: of the day, at which is measured
MINUTES = (*range(0, _RUSH, 5), *range(_RUSH, _DAY + 1, 20))
#: minutes; divides the day
RECREATED_EVERY = 120
#: of the maps, in their order
NAMES = ("Map", "GoMap", "GoMap re-created", "dict")


@dataclass(frozen=True)
class Recreation:
    """A map copied to a new one."""

    before: int  #: counted, of the old one
    both: int  #: the highest count: old and new alive
    resident_both: int | None  #: None where the system does not say


@dataclass(frozen=True)
class Sample:
    """A map at one moment; if it was just re-created, the new one."""

    minute: int
    customers: int
    counted: int
    resident: int | None
    recreated: Recreation | None


@dataclass(frozen=True)
class Course:
    """One map's day."""

    name: str
    key: str
    value: str
    peak: int  #: the highest count of the day, the moments between samples included
    samples: tuple[Sample, ...]

    def points(self) -> list[tuple[int, int]]:
        """Minutes and bytes, as a line is drawn through them."""
        found = []
        for sample in self.samples:
            if sample.recreated is not None:
                found += [(sample.minute, sample.recreated.before), (sample.minute, sample.recreated.both)]
            found.append((sample.minute, sample.counted))
        return found


@dataclass(frozen=True)
class Timeline:
    """Everyone's day."""

    customers: int
    remaining: int
    key: str
    value: str
    recreated_every: int
    courses: tuple[Course, ...]


def customers_at(minute: int, customers: int, remaining: int) -> int:
    """How many are there."""
    if minute <= _RUSH:
        return customers * minute // _RUSH
    return round(customers * math.pow(remaining / customers, (minute - _RUSH) / (_DAY - _RUSH)))


# ---- kinds of map -----------------------------------------------------------------------------------


_EMPTY: int = sys.getsizeof({})  # without a table, which comes with the first key
_EMPTY_COUNTED: int = sizeof({})


class _DictEngine(DictEngine):
    """Counts in constant time what :func:`gomap.sizeof` would go through the whole dict for.

    That is the dict, its table and all keys and values. The table's size :func:`sys.getsizeof` knows; an
    object is counted when it comes and when it goes. No object is in the dict twice, as each is made
    afresh for its entry, or is one that the interpreter shares and that counts nothing.
    """

    def __init__(self) -> None:
        super().__init__()
        self._objects = 0

    def add(self, m: Any, items: Items) -> None:
        for key, value in items:
            m[key] = value
            self._objects += plain_bytes(key) + plain_bytes(value)
            if sys.getsizeof(m) != self._size:
                old_table = allocated(self._size - _EMPTY)
                self._size = sys.getsizeof(m)
                self._peak = max(self._peak, self.counted(m) + old_table)

    def remove(self, m: Any, keys: Iterable[object]) -> None:
        self._peak = max(self._peak, self.counted(m))
        for key in keys:
            self._objects -= plain_bytes(key) + plain_bytes(m.pop(key))

    def counted(self, m: Any) -> int:
        return _EMPTY_COUNTED + allocated(sys.getsizeof(m) - _EMPTY) + self._objects

    def peak(self, m: Any) -> int:
        return max(self._peak, self.counted(m))


_ENGINES: dict[str, Callable[[], Engine]] = {
    "Map": MapEngine,
    "GoMap": GoMapEngine,
    "GoMap re-created": GoMapEngine,
    "dict": _DictEngine,
}


# ---- one run, in its own process --------------------------------------------------------------------


class _Run:
    def __init__(self, name: str, key: str, value: str, customers: int, remaining: int) -> None:
        self.name = name
        self.engine = _ENGINES[name]()
        key_type, value_type = parse(key, "key"), parse(value)
        self.key, self.value = maker(key_type), maker(value_type)
        self.subject = Subject(name, key, value)
        if name == "dict":
            self.subject = Subject(name, python_name(key_type), python_name(value_type))
        self.customers, self.remaining = customers, remaining
        self.order = shuffled(customers)
        held = resident()
        self.start = resident_peak() if held is None else held
        self.map = self.engine.make(self.subject)
        self.peak = 0

    def course(self) -> Course:
        samples = []
        for index, minute in enumerate(MINUTES):
            progress(100 * index // len(MINUTES), f"{minute // 60}:{minute % 60:02}")
            self.go_to(minute)
            recreated = None
            if self.name == "GoMap re-created" and minute and minute % RECREATED_EVERY == 0:
                recreated = self.recreate()
            held = self.beyond_start()
            samples.append(Sample(minute, len(self.map), self.engine.counted(self.map), held, recreated))
        peak = max(self.peak, self.engine.peak(self.map))
        return Course(self.name, self.subject.key, self.subject.value, peak, tuple(samples))

    def go_to(self, minute: int) -> None:
        """Lets customers come, or go, until there are as many as at the minute."""
        m, now = self.map, len(self.map)
        then = customers_at(minute, self.customers, self.remaining)
        if minute <= _RUSH:
            numbers = self.order[now:then]
            self.engine.add(m, zip(map(self.key, numbers), map(self.value, numbers), strict=True))
        else:
            keys = map(self.key, range(self.customers - now, self.customers - then))
            if isinstance(self.engine, _DictEngine):
                self.engine.remove(m, keys)
            else:
                for key in keys:
                    del m[key]

    def recreate(self) -> Recreation:
        before = self.engine.counted(self.map)
        self.peak = max(self.peak, self.engine.peak(self.map))
        new, both = self.engine.copied(self.map)
        assert both is not None
        held = self.beyond_start()
        self.map = new
        self.peak = max(self.peak, both)
        return Recreation(before, both, held)

    def beyond_start(self) -> int | None:
        held = resident()
        return None if held is None or self.start is None else max(held - self.start, 0)


def run(job: dict[str, Any]) -> Course:
    """One run of a job of :func:`measure`."""
    return _Run(**job).course()


# ---- all runs ---------------------------------------------------------------------------------------


def measure(
    customers: int = 1_000_000,
    remaining: int | None = None,
    key: object = int,
    value: object = "[128]byte",
    *,
    jobs: int | None = None,
    report: Report | None = None,
) -> Timeline:
    """Lets every map live through the day.

    :param customers: there at once when most are
    :param remaining: there at its end; by default 1,000, or all where there are no more
    :param key: the key type, in any spelling
    :param value: the value type
    :param jobs: runs at the same time; by default two, or one where there is memory or a processor
        for one only
    :param report: called some times a second while it goes on
    :raises ValueError, TypeError: what is wrong with a type, or with a number
    :raises ScenarioError: so many customers cannot be
    :raises RunError: a run failed
    """
    key_type, value_type = parse(key, "key"), parse(value)
    customers = check_count("customers", customers, key_type)
    remaining = min(1000, customers) if remaining is None else whole("remaining", remaining)
    if not 1 <= remaining <= customers:
        raise ScenarioError(f"expected 1 to {customers:,} customers to remain, got {number(remaining)}")
    jobs = how_many_at_once("customers", customers, key_type, value_type, jobs)
    common: dict[str, Any] = {"key": key_type.name, "value": value_type.name}
    with Runs("gomap.timeline", jobs, report) as runs:
        for name in NAMES:
            runs.start(name, {"name": name, **common, "customers": customers, "remaining": remaining})
        courses = tuple(map(_course, runs.results()))
    return Timeline(customers, remaining, **common, recreated_every=RECREATED_EVERY, courses=courses)


def _course(fields: dict[str, Any]) -> Course:
    """From its JSON."""
    samples = []
    for sample in fields.pop("samples"):
        recreated = sample.pop("recreated")
        samples.append(Sample(**sample, recreated=None if recreated is None else Recreation(**recreated)))
    return Course(**fields, samples=tuple(samples))
