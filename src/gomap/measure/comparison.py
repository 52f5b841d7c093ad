"""What the same entries cost in a dict, in gomap's maps and in other libraries' maps, side by side.

:func:`compare` takes types and a number of entries, a live dict or set, or a file, runs every kind of map in a process
of its own, and returns a :class:`Comparison`. Each process

    adds      all entries one by one, to an empty map that grows
    looks up  every key, in another order and as a new object; then as many absent ones, where there are some
    removes   all one by one

Counted bytes are a gomap map's ``nbytes``, and :func:`gomap.sizeof` of a dict or set, keys and values in it. The bytes
of other libraries' maps cannot be counted. Resident memory is what the system says the process holds, less what it held
before
the map was made. Times are processor times of the loop alone, a for loop in Python; the objects are made before it. For
adding and removing they are the sum of all pieces, for look-ups the median piece.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from time import process_time_ns
from typing import Any

from .._display import human
from .._words import name_of, number, printable, shown, whole
from ..types import Type, parse, parse_map
from . import RunError, ScenarioError
from .advice import advise
from .comparison_report import Comparison, Measured
from .entries import PIECE, Entries, Stored, write
from .limits import check_count, how_many_at_once
from .numbers import Numbers
from .peers import PEERS, place
from .processes import Failed, Report, Runs
from .runs import Held, Run
from .subjects import Subject, subject_of
from .table_files import read
from .worker import progress

__all__ = ["Comparison", "Held", "Measured", "check_peer", "compare", "compare_entries"]


# ---- one run, in its own process --------------------------------------------------------------------


class _Run(Run):
    """A map filled, looked up in and emptied."""

    def __init__(self, subject: Subject, entries: Entries) -> None:
        self.entries = entries
        subject.make()  # what is imported for it is none of its memory,
        next(entries.pieces())  # nor are the objects it is given
        super().__init__(subject)
        self.course: list[tuple[int, int]] = []

    def measured(self) -> Measured:
        subject, m, entries = self.subject, self.map, self.entries
        count = entries.count
        add = self.timed(subject.add, entries.pieces(), "adding", 0, 1)
        held_most = self.resident_peak()
        full = self.held()
        self.check_length(count)
        if wrong := subject.wrong(m, next(entries.pieces())):
            raise RunError(wrong)
        find = self.timed(subject.find, entries.shuffled_keys(), "looking up", 30)
        absent = entries.absent()
        miss = None if absent is None else self.timed(subject.miss, absent, "looking up absent ones", 50)
        gone = ([key for key, _ in piece] for piece in entries.pieces())
        remove = self.timed(subject.remove, gone, "removing", 70, -1)
        removed = self.held()
        progress(90, "counting")
        return Measured(
            name=subject.engine,
            key=subject.key,
            value=subject.value,
            full=full,
            peak=Held(subject.peak(m, entries), held_most),
            removed=removed,
            add_ns=sum(add) / count,
            find_ns=statistics.median(find),
            absent_ns=None if miss is None else statistics.median(miss),
            remove_ns=sum(remove) / count,
            course=tuple(self.course),
        )

    def timed(
        self,
        loop: Callable[[Any, Any], None],
        pieces: Iterable[list[Any]],
        what: str,
        percent: int,
        change: int = 0,
    ) -> list[float]:
        """Nanoseconds of each piece, or, when nothing is added or removed, of an operation in it.

        :param change: how much each entry changes the number of entries; if not 0, the course is recorded
        """
        m, spent = self.map, []
        every = max(1, -(-self.entries.count // PIECE) // 40)
        here = self.entries.count if change < 0 else 0
        if change:
            self.note(here)
        for passed, piece in enumerate(pieces, 1):
            begun = process_time_ns()
            try:
                loop(m, piece)
            except Exception as error:
                raise self.subject.failure(error) from error
            ended = process_time_ns()
            spent.append((ended - begun) / (1 if change else len(piece)))
            here += change * len(piece)
            if passed % every == 0:
                progress(percent + 20 * passed * PIECE // (self.entries.count + PIECE), what)
                if change:
                    del piece  # its objects are not the map's
                    self.note(here)
        return spent

    def note(self, entries: int) -> None:
        held = self.resident()
        if held is not None:
            self.course.append((entries, held))


def run(subject: Subject, key: str, value: str | None, source: str | int) -> Measured:
    """Measures one kind of map.

    :param source: the path of the entries' file, or how many numbers
    """
    entries = Stored(source) if isinstance(source, str) else Numbers(key, value, source)
    return _Run(subject, entries).measured()


# ---- all runs ---------------------------------------------------------------------------------------


def compare(
    source: Mapping[Any, Any] | Set[Any] | str | os.PathLike[str] | None = None,
    *,
    key: object = None,
    value: object = None,
    n: int | None = None,
    peers: Sequence[str] = (),
    key_column: str | int | None = None,
    value_columns: Sequence[str | int] | None = None,
    on_duplicate: str = "error",
    on_blank: str = "missing",
    report: Report | None = None,
) -> Comparison:
    """Measures what entries cost in a dict, a Map, a GoMap, a SwissMap and other libraries' maps.

    :param source: whose entries: a live dict or any other mapping, or a set; the path of a ``.csv``,
        ``.tsv``, ``.parquet``, ``.npy`` or ``.json`` file; or a spelling such as ``"map[int][128]byte"``, for `n`
        entries made of numbers, as `key` and `value` are without a source
    :param key: the key type of gomap's maps; by default ``int``, or what :func:`gomap.advise` finds
    :param value: the value type, likewise; by default ``[128]byte`` without a source
    :param n: how many entries, 1,000,000 by default; with a file, how many are read at most
    :param peers: other libraries by name (``"borghash"``, ``"cykhash"``, ...), or ``"module:callable"`` for
        whatever that makes without arguments and that takes ``m[key] = value``
    :param key_column: of a file, by name or number; by default the first
    :param value_columns: of a file; by default all others. None of them: a set of the keys
    :param on_duplicate: of a file's rows with the same key: ``"error"``, or keep the ``"first"`` or the ``"last"``
    :param on_blank: a blank cell in a file's column of numbers or bools is ``"missing"``, NaN or None; or its row is
        left out, ``"skip"``; or it is an ``"error"``
    :param report: called some times a second with the percentage done and what is running
    :returns: the figures; it shows as a table, and in a notebook with plots
    :raises ValueError, TypeError: what is wrong with a type, a number, a peer's name or the source
    :raises OSError: a file cannot be read
    :raises ImportError: what a file's format takes is not installed; says how to install it
    :raises ScenarioError: there cannot be so many entries; one is not of the types given, or has a key that
        cannot be looked up, NaN
    :raises RunError: a run failed, or entries cannot be pickled

    Entries other than numbers are pickled, to be taken to the processes. It runs one process at a time, as
    they are timed. A peer that is not there, fails, ends its process or hangs is left out, and the reason is
    with the figures.
    """
    peers = _checked_peers(peers)
    if n is not None and (n := whole("n", n)) < 1:
        raise ValueError(f"n: expected at least 1 entry, got {number(n)}")
    if isinstance(source, str) and source.lstrip().startswith("map["):
        if key is not None or value is not None:
            raise TypeError(f"expected either {source!r} or key= and value=, got both")
        key, value = parse_map(source)
        source = None
    if source is None:
        key_type = parse(int if key is None else key, "key")
        value_type = parse("[128]byte" if value is None else value)
        count = 1_000_000 if n is None else n
        check_count("entries", count, key_type)
        return _compared("random numbers", count, count, key_type, value_type, peers, (), report)
    if not isinstance(source, (str, os.PathLike)):
        return compare_entries(name_of(type(source)), source, key=key, value=value, peers=peers, report=report)
    path = Path(source)
    sample = read(path, key_column, value_columns, n, on_duplicate=on_duplicate, on_blank=on_blank)
    found = compare_entries(path.name, sample.entries, key=key, value=value, peers=peers, report=report)
    return replace(found, remarks=(*sample.remarks, *found.remarks))


def compare_entries(
    where: str,
    live: Mapping[Any, Any] | Set[Any],
    *,
    key: object = None,
    value: object = None,
    peers: Sequence[str] = (),
    report: Report | None = None,
) -> Comparison:
    """:func:`compare`, of a live mapping or set.

    :param where: where the entries are from
    """
    peers = _checked_peers(peers)
    advice = advise(live)
    if not advice.entries:
        raise ValueError(f"expected a {name_of(type(live))} with entries, got an empty one")
    if any(type(each) is float and each != each for each in live):
        raise ScenarioError("expected keys that are equal to themselves, got nan; leave nan out")
    key_type = parse(advice.key if key is None else key, "key")
    value_or_none = None if isinstance(live, Set) else parse(advice.value if value is None else value)
    remarks = advice.reasons if key is None and value is None else ()
    with TemporaryDirectory(prefix="gomap-") as directory:  # that nobody else may read
        entries = Path(directory) / "entries"
        count = write(entries, live)
        found = _compared(printable(where), str(entries), count, key_type, value_or_none, peers, remarks, report)
    return _told_apart(found, advice.holds) if isinstance(live, (dict, set, frozenset)) else found


def _told_apart(found: Comparison, held: int) -> Comparison:
    """With a remark when the live one holds something else than the one that was filled with its entries."""
    counted = found.subjects[0].full.counted
    if counted is None or abs(held - counted) <= counted / 50:
        return found
    why = "it shares objects that are there several times here" if held < counted else "it has held more entries"
    remark = f"the {found.source} itself holds {human(held)}: {why}"
    return replace(found, remarks=(*found.remarks, remark))


def check_peer(name: object) -> None:
    """
    :raises ValueError: no peer can have this name
    :raises TypeError: it is no name
    """
    if not isinstance(name, str):
        raise TypeError(f"peers: expected names of type str, got {name_of(type(name))} {shown(name)}")
    if name not in PEERS and place(name) is None:
        raise ValueError(
            f"peers: expected names from {', '.join(PEERS)}, or 'module:callable' for any other, got {shown(name)}"
        )


def _checked_peers(names: Iterable[str]) -> list[str]:
    if isinstance(names, str) or not isinstance(names, Iterable):
        raise TypeError(f"peers: expected a sequence of names, got {name_of(type(names))} {shown(names)}")
    checked = list(names)
    for name in checked:
        check_peer(name)
    return checked


def _patience(count: int) -> float:
    """Seconds without a sign of life after which another library's map is taken to hang.

    A run reports progress forty times while entries are added, and forty times while they are looked up. A map that
    takes 10 microseconds an entry reports every 0.25 seconds for a million entries, and may be silent for 70 seconds.
    """
    return 60 + count / 100_000


def _compared(
    where: str,
    source: str | int,
    count: int,
    key: Type,
    value: Type | None,
    peers: Sequence[str],
    remarks: tuple[str, ...],
    report: Report | None,
) -> Comparison:
    """Runs every kind of map, one after the other.

    :param source: the path of the entries' file, or how many numbers
    """
    how_many_at_once("entries", count, key, value or key, 1)  # refuses what there is no memory for
    typed = key.name, None if value is None else value.name
    wanted, left_out = ["dict", "Map", "GoMap", "SwissMap", *dict.fromkeys(peers)], []
    if value is None:
        wanted, left_out = ["set", "Set"], [(name, "it is no set") for name in peers]
    with Runs(1, report) as runs:
        for name in wanted:
            patience = _patience(count) if name in peers else None
            runs.start(name, run, subject_of(name, key, value), *typed, source, patience=patience)
        outcomes = runs.outcomes()
    left_out += [(name, each.reason) for name, each in zip(wanted, outcomes, strict=True) if isinstance(each, Failed)]
    subjects = tuple(each for each in outcomes if isinstance(each, Measured))
    return Comparison(where, count, key.name, typed[1], subjects, tuple(left_out), remarks)
