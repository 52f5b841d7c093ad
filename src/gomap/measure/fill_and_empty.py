"""A scenario: a map is filled, emptied, and cured by copying what is left.

"Go maps only grow" is the article that it is from: a map that once held many entries keeps the memory for them after
they are gone. Here the same is done for real to several subjects, each run in a process of its own:

- fill: an empty map; n entries added one by one; all removed one by one.
- cure: n entries added; all but a few removed; those copied to a new map; the old one dropped. A Map needs no cure,
  and is only looked at.

The keys are the numbers 0 to n - 1, each once, in random order (as bytes, their little-endian form). They are removed
in ascending order, which to the map is random again. Values are made afresh for every entry.

Measured at each step: counted bytes, keys and values of a dict included; the highest count; and resident memory, which
is what the system says the process holds, less what it said before the map was made.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from ..types import Type, parse
from .limits import check_count, how_many_at_once
from .numbers import maker, shuffled
from .processes import Report, Runs
from .runs import Run
from .subjects import Subject, subject_of
from .worker import progress

__all__ = ["Cure", "Fill", "FillAndEmpty", "Measured", "Step", "measure", "subjects"]


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
class Measured:
    subject: Subject
    fill: Fill
    cures: tuple[Cure, ...]


@dataclass(frozen=True)
class FillAndEmpty:
    """The whole scenario's figures."""

    entries: int
    subjects: tuple[Measured, ...]


# ---- one run, in its own process --------------------------------------------------------------------


class _Run(Run):
    def __init__(self, subject: Subject, key: Type, value: Type, entries: int) -> None:
        self.key, self.value = maker(key), maker(value)
        self.entries = entries
        self.order = shuffled(entries)
        super().__init__(subject)

    def step(self) -> Step:
        held = self.held()
        assert held.counted is not None
        return Step(len(self.map), held.counted, held.resident, *self.subject.shape(self.map))

    def add(self) -> None:
        for numbers in _chunks(self.order, 0, "adding"):
            entries = zip(map(self.key, numbers), map(self.value, numbers), strict=True)
            self.subject.add(self.map, entries)
        self.check_length(self.entries)

    def remove(self, kept: int) -> None:
        for numbers in _chunks(range(kept, self.entries), 50, "removing"):
            self.subject.remove(self.map, map(self.key, numbers))


def _chunks(numbers: Any, percent: int, what: str) -> Iterable[Any]:
    """The numbers in pieces, saying how far it is between them."""
    size = max(1, -(-len(numbers) // 50))
    for start in range(0, len(numbers), size):
        progress(percent + 50 * start // len(numbers), what)
        yield numbers[start : start + size]


def fill(subject: Subject, key: Type, value: Type, entries: int) -> Fill:
    run = _Run(subject, key, value, entries)
    empty = run.step()
    run.add()
    held_most = run.resident_peak()
    full, peak = run.step(), subject.peak(run.map)
    assert peak is not None
    run.remove(0)
    return Fill(empty, full, run.step(), peak, held_most)


def cure(subject: Subject, key: Type, value: Type, entries: int, kept: int) -> Cure:
    run = _Run(subject, key, value, entries)
    run.add()
    run.remove(kept)
    before = run.step()
    progress(99, "copying")
    new, both = subject.copied(run.map)
    held_both = None if both is None else run.resident()
    run.map = new
    after = run.step()
    counted = (before.counted, both, after.counted)
    return Cure(kept, *counted, before.resident, held_both, after.resident)


# ---- all runs ---------------------------------------------------------------------------------------


def subjects(key: object = int, value: object = "[128]byte") -> list[Subject]:
    """The kinds of map that are compared: a Map; a GoMap with values in the buckets, and one with values behind a
    pointer, which a Map stores the same way; a SwissMap with values in its slots; and a dict.

    :raises ValueError, TypeError: a type is unknown, malformed or none that the scenario has entries for
    """
    key_type, value_type = parse(key, "key"), parse(value)
    found = [subject_of(name, key_type, value_type) for name in ("Map", "GoMap")]
    if not value_type.pointer:
        found.append(subject_of("GoMap", key_type, parse("*" + value_type.name)))
    found.append(subject_of("SwissMap", key_type, value_type))
    return [*found, subject_of("dict", key_type, value_type, watched=True)]


def measure(
    entries: int = 1_000_000,
    key: object = int,
    value: object = "[128]byte",
    *,
    jobs: int | None = None,
    report: Report | None = None,
) -> FillAndEmpty:
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
    with Runs(jobs, report) as runs:
        for subject in wanted:
            common = subject, key_type, value_type, entries
            runs.start(subject.name, fill, *common)
            for few in kept:
                runs.start(subject.name, cure, *common, few)
        results = iter(runs.outcomes())
    measured = [Measured(each, next(results), tuple(next(results) for _ in kept)) for each in wanted]
    return FillAndEmpty(entries, tuple(measured))
