"""A scenario: Black Friday. Customers come, and go, and maps with an entry for each hold memory meanwhile.

In the first hour of a simulated day customers arrive, evenly, until so many are there at once. From then on each is as
likely as any other to leave at any moment, until few remain at midnight:

    customers  |    .
               |   . .
               |  .   .
               | .     ' .
               |.          '  . . .  .  .  .  .
               +----+------------------------------
               0    1 h                        24 h

Four maps live through it, each in a process of its own: a Map; a GoMap; a GoMap that is re-created every
:data:`RECREATED_EVERY` minutes, as its users are told to do, with the old and the new map both alive meanwhile; and a
dict.

Customers are the numbers 0 to n - 1, arriving in random order. They leave in ascending order, which by arrival and to
the map is random again. They are the same in every run, and for every map.

Measured at each of :data:`MINUTES`: counted bytes, and resident memory beyond what the process held before the map was
made; and, over the whole day, the highest count, moments between included.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from .._words import number
from ..types import Type, parse
from . import ScenarioError
from .limits import check_count, how_many_at_once, whole
from .numbers import maker, shuffled
from .processes import Report, Runs
from .runs import Run
from .subjects import subject_of
from .worker import progress

__all__ = [
    "MINUTES",
    "NAMES",
    "RECREATED_EVERY",
    "BlackFriday",
    "Course",
    "Recreation",
    "Sample",
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
class BlackFriday:
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


# ---- one run, in its own process --------------------------------------------------------------------


class _Run(Run):
    def __init__(self, name: str, key: Type, value: Type, customers: int, remaining: int) -> None:
        self.name = name
        self.key, self.value = maker(key), maker(value)
        self.customers, self.remaining = customers, remaining
        self.order = shuffled(customers)
        self.peak = 0
        super().__init__(subject_of(name.partition(" ")[0], key, value, watched=True))

    def course(self) -> Course:
        samples = []
        for index, minute in enumerate(MINUTES):
            progress(100 * index // len(MINUTES), f"{minute // 60}:{minute % 60:02}")
            self.go_to(minute)
            recreated = None
            if self.name == "GoMap re-created" and minute and minute % RECREATED_EVERY == 0:
                recreated = self.recreate()
            held = self.held()
            assert held.counted is not None
            samples.append(Sample(minute, len(self.map), held.counted, held.resident, recreated))
        assert self.subject.value is not None
        self.note_peak()
        return Course(self.name, self.subject.key, self.subject.value, self.peak, tuple(samples))

    def go_to(self, minute: int) -> None:
        """Lets customers come, or go, until there are as many as at the minute."""
        now, then = len(self.map), customers_at(minute, self.customers, self.remaining)
        if minute <= _RUSH:
            numbers = self.order[now:then]
            self.subject.add(self.map, zip(map(self.key, numbers), map(self.value, numbers), strict=True))
        else:
            self.subject.remove(self.map, map(self.key, range(self.customers - now, self.customers - then)))

    def recreate(self) -> Recreation:
        before = self.subject.counted(self.map)
        self.note_peak()
        new, both = self.subject.copied(self.map)
        assert before is not None
        assert both is not None
        held = self.resident()
        self.map = new
        self.peak = max(self.peak, both)
        return Recreation(before, both, held)

    def note_peak(self) -> None:
        self.peak = max(self.peak, self.subject.peak(self.map) or 0)


def course(name: str, key: Type, value: Type, customers: int, remaining: int) -> Course:
    """The day of one map."""
    return _Run(name, key, value, customers, remaining).course()


# ---- all runs ---------------------------------------------------------------------------------------


def measure(
    customers: int = 1_000_000,
    remaining: int | None = None,
    key: object = int,
    value: object = "[128]byte",
    *,
    jobs: int | None = None,
    report: Report | None = None,
) -> BlackFriday:
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
    with Runs(jobs, report) as runs:
        for name in NAMES:
            runs.start(name, course, name, key_type, value_type, customers, remaining)
        courses = tuple(runs.outcomes())
    return BlackFriday(customers, remaining, key_type.name, value_type.name, RECREATED_EVERY, courses)
