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

Six maps live through it, each in a process of its own: a Map; a Cache; a SwissMap; a GoMap; a GoMap that is re-created
every :data:`RECREATED_EVERY` minutes, as its users are told to do, with the old and the new map both alive meanwhile;
and a dict.

A customer who leaves is deleted from the maps. Nobody deletes from the Cache, which has the day's clock: there each
customer uses their entry about every :data:`USED_EVERY` minutes, and it expires :data:`EXPIRES_AFTER` minutes after the
last use. So the Cache holds the customers, those who left within the last hour, and some that have expired and were not
met yet. What happens within a minute is spread over it evenly, as a cache meets expired entries while time passes.

Customers are the numbers 0 to n - 1, arriving in random order. They leave in ascending order, which by arrival and to
the map is random again. They are the same in every run, and for every map.

Measured at each of :data:`MINUTES`: counted bytes, and resident memory beyond what the process held before the map was
made; and, over the whole day, the highest count, moments between included: by the map itself, or at every insertion
into a Cache or a dict.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from .._words import number, whole
from ..types import Type, parse
from . import ScenarioError
from .limits import check_count, how_many_at_once
from .numbers import maker, shuffled
from .processes import Report, Runs
from .runs import Run
from .subjects import CacheSubject, Subject, subject_of
from .worker import progress

_RUSH, _DAY = 60, 24 * 60
#: of the day, at which is measured
MINUTES = (*range(0, _RUSH, 5), *range(_RUSH, _DAY + 1, 20))
#: minutes; divides the day
RECREATED_EVERY = 120
#: minutes from one use of an entry in the Cache to the next, while its customer is there
USED_EVERY = 20
#: minutes from the last use of an entry in the Cache; twice :data:`USED_EVERY` at least, as the turns change after the
#: rush
EXPIRES_AFTER = 60
#: of the maps, in their order
NAMES = ("Map", "Cache", "SwissMap", "GoMap", "GoMap re-created", "dict")


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
    entries: int  #: a Cache's are more than the customers
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
    used_every: int
    expires_after: int
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
        self.minute = 0
        self.there = 0
        self.peak = 0
        super().__init__(self.subject_for(key, value))

    def subject_for(self, key: Type, value: Type) -> Subject:
        return subject_of(self.name.partition(" ")[0], key, value, watched=True)

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
            samples.append(Sample(minute, self.there, len(self.map), held.counted, held.resident, recreated))
        assert self.subject.value is not None
        self.note_peak()
        return Course(self.name, self.subject.key, self.subject.value, self.peak, tuple(samples))

    def go_to(self, minute: int) -> None:
        """Lets customers come, or go, a minute at a time."""
        while self.minute < minute:
            self.minute += 1
            self.pass_minute(customers_at(self.minute, self.customers, self.remaining))

    def pass_minute(self, then: int) -> None:
        """
        :param then: customers that are there at its end
        """
        if self.minute <= _RUSH:
            numbers = self.order[self.there : then]
            self.subject.add(self.map, zip(map(self.key, numbers), map(self.value, numbers), strict=True))
        else:
            self.leave(range(self.customers - self.there, self.customers - then))
        self.there = then

    def leave(self, numbers: range) -> None:
        self.subject.remove(self.map, map(self.key, numbers))

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


class _CacheRun(_Run):
    subject: CacheSubject

    def subject_for(self, key: Type, value: Type) -> Subject:
        return CacheSubject(self.name, key.name, value.name, tti=60.0 * EXPIRES_AFTER)

    def pass_minute(self, then: int) -> None:
        users = self.users(then)
        operations = len(users) + max(0, then - self.there)
        self.subject.now, self.subject.step = 60.0 * (self.minute - 1), 60 / max(1, operations)
        super().pass_minute(then)
        self.subject.find(self.map, map(self.key, users))  # raises where an entry has expired too early

    def users(self, there: int) -> Sequence[int]:
        """Customers that use their entry in this minute: by arrival in the rush, then by number."""
        first = self.minute % USED_EVERY
        if self.minute <= _RUSH:
            return self.order[first:there:USED_EVERY]
        gone = self.customers - there
        return range(gone + (first - gone) % USED_EVERY, self.customers, USED_EVERY)

    def leave(self, numbers: range) -> None:
        """They say nothing."""


def course(name: str, key: Type, value: Type, customers: int, remaining: int) -> Course:
    """The day of one map."""
    kind = _CacheRun if name == "Cache" else _Run
    return kind(name, key, value, customers, remaining).course()


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
    return BlackFriday(
        customers, remaining, key_type.name, value_type.name, RECREATED_EVERY, USED_EVERY, EXPIRES_AFTER, courses
    )
