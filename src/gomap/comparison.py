"""What the same entries cost in a dict, in gomap's maps and in other libraries' maps, side by side.

:func:`compare` takes types and a number of entries, a live dict or set, or a file of samples, runs every kind
of map in a process of its own, and returns a :class:`Comparison`. ``python -m gomap.comparison JOB`` is the
process of one. In each:

    add      all entries one by one, into an empty map that grows
    look up  every key, in another order and as a new object; then as many absent ones, where there are some
    remove   all one by one

Counted bytes are a gomap map's ``nbytes``, and :func:`gomap.sizeof` of a dict or set, keys and values in it;
of other libraries' maps nobody can tell. Resident memory is what the system says the process holds, less what
it held before the map was made. Times are the processor's for the loop alone, as a for loop in Python takes
it, with the objects made before: the sum of all pieces for adding and removing, the median piece's for
look-ups.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from ._runs import RunError, ScenarioError
from .types import Kind, Type, parse, parse_map

if TYPE_CHECKING:
    from ._display import Line
    from ._entries import Entries, Entry
    from ._runs import Report

__all__ = ["Comparison", "Held", "Measured", "RunError", "ScenarioError", "compare"]


# ---- what is measured -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Held:
    """Bytes at one moment; None where nobody can tell."""

    counted: int | None
    resident: int | None


@dataclass(frozen=True)
class Measured:
    """One kind of map."""

    name: str
    key: str  #: the types as it has them
    value: str | None
    full: Held  #: all entries added
    peak: Held  #: the most while they were added
    removed: Held  #: all removed again
    add_ns: float  #: nanoseconds an entry
    find_ns: float
    absent_ns: float | None
    remove_ns: float
    #: entries and resident bytes, at moments while all are added and removed
    course: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class Comparison:
    """The figures of every kind of map, the one to compare with first."""

    source: str  #: where the entries are from
    entries: int
    key: str  #: the types of gomap's maps
    value: str | None  #: None for sets
    subjects: tuple[Measured, ...]
    left_out: tuple[tuple[str, str], ...]  #: what was to be measured and was not, and why
    remarks: tuple[str, ...]

    def lines(self, width: int) -> list[Line]:
        """A table and what it says, for a terminal so many columns wide."""
        from ._comparison_views import lines

        return lines(self, width)

    def to_html(self) -> str:
        """A page of its own, with plots, that needs no network."""
        from ._comparison_views import page

        return page(self)

    def to_csv(self) -> str:
        """A line for each kind of map; bytes and nanoseconds."""
        from ._comparison_views import csv_text

        return csv_text(self)

    def __str__(self) -> str:
        return "\n".join(text for _, text in self.lines(100))

    def _repr_html_(self) -> str:
        from ._comparison_views import notebook

        return notebook(self)


# ---- kinds of map -----------------------------------------------------------------------------------


class Subject(Protocol):
    """How one kind of map is made and used; loops are as plain as they can be written."""

    def make(self) -> Any: ...

    def counted(self, m: Any) -> int | None: ...

    def peak(self, m: Any, entries: Entries) -> int | None:
        """The most that was counted while the map, now emptied, was filled."""

    def add(self, m: Any, entries: Sequence[Entry]) -> None: ...

    def find(self, m: Any, keys: Sequence[Any]) -> None: ...

    def miss(self, m: Any, keys: Sequence[Any]) -> None: ...

    def remove(self, m: Any, keys: Sequence[Any]) -> None: ...

    def wrong(self, m: Any, entries: Sequence[Entry]) -> str | None:
        """An entry that is not there as it was added, in words."""


class _Maps:
    """Whatever takes m[key] = value."""

    def counted(self, m: Any) -> int | None:
        return None

    def peak(self, m: Any, entries: Entries) -> int | None:
        return None

    def add(self, m: Any, entries: Sequence[Entry]) -> None:
        for key, value in entries:
            m[key] = value

    def find(self, m: Any, keys: Sequence[Any]) -> None:
        for key in keys:
            m[key]

    def miss(self, m: Any, keys: Sequence[Any]) -> None:
        for key in keys:
            key in m  # noqa: B015

    def remove(self, m: Any, keys: Sequence[Any]) -> None:
        for key in keys:
            del m[key]

    def wrong(self, m: Any, entries: Sequence[Entry]) -> str | None:
        for key, value in entries:
            expected = tuple(value.values()) if type(value) is dict else value  # as a struct comes back
            got = m[key]
            if got != expected and expected == expected and got != value:
                return f"expected {expected!r:.60} for key {key!r:.60}, got {got!r:.60}"
        return None


class _Sets(_Maps):
    """Whatever takes add(key)."""

    def add(self, m: Any, entries: Sequence[Entry]) -> None:
        add = m.add
        for key, _ in entries:
            add(key)

    def find(self, m: Any, keys: Sequence[Any]) -> None:
        self.miss(m, keys)

    def remove(self, m: Any, keys: Sequence[Any]) -> None:
        remove = m.remove
        for key in keys:
            remove(key)

    def wrong(self, m: Any, entries: Sequence[Entry]) -> str | None:
        return next((f"key {key!r:.60} is not there" for key, _ in entries if key not in m), None)


class _Gomap(_Maps):
    """A Map or GoMap. Objects that it refers to are counted as a dict's are."""

    def __init__(self, name: str, key: str, value: str | None) -> None:
        self.name, self.key, self.value = name, key, value
        self._objects = 0  # bytes, at the most

    def make(self) -> Any:
        from . import GoMap, Map

        return {"Map": Map, "GoMap": GoMap}[self.name](self.key, self.value)

    def counted(self, m: Any) -> int | None:
        objects = _bytes_of(
            [each for each, of in ((m, m.key_type), (m.values(), m.value_type)) if of.kind is Kind.OBJECT]
        )
        self._objects = max(self._objects, objects)
        return int(m.nbytes) + objects

    def peak(self, m: Any, entries: Entries) -> int | None:
        return int(m.memory().peak) + self._objects


class _GomapSet(_Sets):
    """A Set, likewise."""

    def __init__(self, key: str) -> None:
        self.key = key
        self._objects = 0

    def make(self) -> Any:
        from . import Set

        return Set(self.key)

    def counted(self, m: Any) -> int | None:
        objects = _bytes_of([m] if m.key_type.kind is Kind.OBJECT else [])
        self._objects = max(self._objects, objects)
        return int(m.nbytes) + objects

    def peak(self, m: Any, entries: Entries) -> int | None:
        return int(m.memory().peak) + self._objects


def _bytes_of(columns: Sequence[Iterable[object]]) -> int:
    """The bytes of objects, each once."""
    from .memory import sizeof

    objects = tuple(each for column in columns for each in column)
    return sizeof(objects) - sizeof((None,) * len(objects))


class _Builtin:
    """A dict or set, which keeps no count of its peak: it is filled again, and its table watched. As it
    grows, old and new table are both alive for a moment, with all the keys and values."""

    cls: type

    def make(self) -> Any:
        return self.cls()

    def counted(self, m: Any) -> int | None:
        from . import sizeof

        return sizeof(m)

    def peak(self, m: Any, entries: Entries) -> int | None:
        from . import sizeof
        from .memory import allocated

        again = self.make()
        empty = size = sys.getsizeof(again)
        highest = 0
        for piece in entries.pieces():
            for entry in piece:
                self.add(again, (entry,))
                if sys.getsizeof(again) != size:
                    old_table = allocated(size - empty)
                    size = sys.getsizeof(again)
                    highest = max(highest, sizeof(again) + old_table)
        return max(highest, sizeof(again))

    def add(self, m: Any, entries: Sequence[Entry]) -> None:
        raise NotImplementedError


class _Dict(_Builtin, _Maps):
    cls = dict
    counted, peak = _Builtin.counted, _Builtin.peak
    add = _Maps.add


class _Set(_Builtin, _Sets):
    cls = set
    counted, peak = _Builtin.counted, _Builtin.peak
    add = _Sets.add


class _Peer(_Maps):
    def __init__(self, name: str, key: str, value: str) -> None:
        self.name, self.key, self.value = name, key, value

    def make(self) -> Any:
        from ._peers import find

        return find(self.name)(parse(self.key, "key"), parse(self.value))


def _subject(name: str, key: str, value: str | None) -> Subject:
    if value is None:
        sets: dict[str, Callable[[], Subject]] = {"set": _Set, "Set": lambda: _GomapSet(key)}
        return sets[name]()
    if name in ("Map", "GoMap"):
        return _Gomap(name, key, value)
    return _Dict() if name == "dict" else _Peer(name, key, value)


# ---- one run, in its own process --------------------------------------------------------------------


@dataclass(frozen=True)
class _Unsuited:
    """Why another library's map could not be measured."""

    unsuited: str


def _run(job: dict[str, Any]) -> Measured | _Unsuited:
    """Measures one kind of map."""
    from ._entries import Numbers, Stored
    from ._peers import Unsuited

    source = job["source"]
    entries: Entries = (
        Stored(source) if isinstance(source, str) else Numbers(job["key"], job["value"], source)
    )
    subject = _subject(job["name"], job["key"], job["value"])
    if not isinstance(subject, _Peer):
        return _Run(subject, entries, job).measured()
    try:
        return _Run(subject, entries, job).measured()
    except ImportError as error:
        return _Unsuited(f"not installed ({error}): pip install {job['name'].partition(':')[0]}")
    except Unsuited as error:
        return _Unsuited(str(error))
    except (KeyboardInterrupt, MemoryError):
        raise
    except Exception as error:  # another library's
        return _Unsuited(f"{type(error).__name__}: {error}")


class _Run:
    def __init__(self, subject: Subject, entries: Entries, job: dict[str, Any]) -> None:
        from ._runs import resident, resident_peak

        self.subject, self.entries, self.job = subject, entries, job
        subject.make()  # what is imported for it is none of its memory,
        next(entries.pieces())  # nor are the objects it is given
        held = resident()
        self.start = resident_peak() if held is None else held
        self.map = subject.make()
        self.course: list[tuple[int, int]] = []

    def measured(self) -> Measured:
        from ._runs import progress, resident_peak

        subject, m, entries = self.subject, self.map, self.entries
        count = entries.count
        add = self.timed(subject.add, entries.pieces(), "adding", 0, 1)
        held_most = self.beyond_start(resident_peak())
        full = self.held()
        if len(m) != count:
            raise RunError(f"{count:,} entries were added, but {len(m):,} are there")
        for piece in entries.pieces():
            if wrong := subject.wrong(m, piece):
                raise RunError(wrong)
            break
        find = self.timed(subject.find, entries.shuffled_keys(), "looking up", 30)
        absent = entries.absent()
        miss = None if absent is None else self.timed(subject.miss, absent, "looking up absent ones", 50)
        gone = ([key for key, _ in piece] for piece in entries.pieces())
        remove = self.timed(subject.remove, gone, "removing", 70, -1)
        removed = self.held()
        progress(90, "counting")
        counted_most = subject.peak(m, entries)
        return Measured(
            name=self.job["name"],
            key=self.job["shown"][0],
            value=self.job["shown"][1],
            full=full,
            peak=Held(counted_most, held_most),
            removed=removed,
            add_ns=sum(add) / count,
            find_ns=_median(find),
            absent_ns=None if miss is None else _median(miss),
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

        :param change: of the number of entries by each: the course is taken
        """
        from time import process_time_ns

        from ._entries import PIECE
        from ._runs import progress

        m, spent = self.map, []
        every = max(1, -(-self.entries.count // PIECE) // 40)
        here = self.entries.count if change < 0 else 0
        if change:
            self.note(here)
        for number, piece in enumerate(pieces, 1):
            begun = process_time_ns()
            loop(m, piece)
            ended = process_time_ns()
            spent.append((ended - begun) / (1 if change else len(piece)))
            here += change * len(piece)
            if number % every == 0:
                progress(percent + 20 * number * PIECE // (self.entries.count + PIECE), what)
                if change:
                    del piece  # its objects are not the map's
                    self.note(here)
        return spent

    def note(self, entries: int) -> None:
        from ._runs import resident

        held = self.beyond_start(resident())
        if held is not None:
            self.course.append((entries, held))

    def held(self) -> Held:
        from ._runs import resident

        held = self.beyond_start(resident())  # before counting, which uses some
        return Held(self.subject.counted(self.map), held)

    def beyond_start(self, held: int | None) -> int | None:
        return None if held is None or self.start is None else max(held - self.start, 0)


def _median(figures: Sequence[float]) -> float:
    import statistics

    return statistics.median(figures)


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
    report: Report | None = None,
) -> Comparison:
    """Measures what entries cost in a dict, a Map, a GoMap and other libraries' maps.

    :param source: whose entries: a live dict or any other mapping, or a set; the path of a ``.csv``,
        ``.parquet`` or ``.npy`` file; or a spelling such as ``"map[int][128]byte"``, for `n` entries made of
        numbers, as `key` and `value` are without a source
    :param key: the key type of gomap's maps; by default ``int``, or what :func:`gomap.advise` finds
    :param value: the value type, likewise; by default ``[128]byte`` without a source
    :param n: how many entries, 1,000,000 by default; with a file, how many are read at most
    :param peers: other libraries by name (``"borghash"``, ``"cykhash"``, ...), or ``"module:callable"`` for
        whatever that makes without arguments and that takes ``m[key] = value``
    :param key_column: of a file, by name or number; by default the first
    :param value_columns: of a file; by default all others. None of them: a set of the keys
    :param report: called some times a second with the percentage done and what is running
    :returns: the figures; it shows as a table, and in a notebook with plots
    :raises ValueError, TypeError: what is wrong with a type, a peer's name or the source
    :raises OSError: a file cannot be read
    :raises ImportError: what a file's format or a peer takes is not installed; says how to install it
    :raises ScenarioError: there cannot be so many entries
    :raises RunError: a run failed, or entries cannot be pickled

    Entries other than numbers are pickled, to be taken to the processes. It runs one process at a time, as
    they are timed.
    """
    from ._runs import check_count

    for name in peers:
        check_peer(name)
    if n is not None and n < 1:
        raise ValueError(f"n: expected at least 1 entry, got {n}")
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
    if isinstance(source, (str, os.PathLike)):
        from ._samples import read

        where = Path(source).name
        live: Mapping[Any, Any] | Set[Any] = read(Path(source), key_column, value_columns, n)
    else:
        where, live = type(source).__name__, source
    key_type, value_or_none, remarks = _types_for(live, key, value)
    from tempfile import TemporaryDirectory

    from ._entries import write

    with TemporaryDirectory(prefix="gomap-") as directory:  # that nobody else may read
        path = Path(directory) / "entries"
        write(path, live)
        found = _compared(where, str(path), len(live), key_type, value_or_none, peers, remarks, report)
    return _told_apart(found, live)


def _told_apart(found: Comparison, live: object) -> Comparison:
    """With a remark when the live one holds something else than the one that was filled with its entries."""
    from ._display import human
    from .memory import sizeof

    counted = found.subjects[0].full.counted
    if not isinstance(live, (dict, set, frozenset)) or counted is None:
        return found
    held = sizeof(live)
    if abs(held - counted) <= counted / 50:
        return found
    why = (
        "it shares objects that are there several times here"
        if held < counted
        else "it has held more entries"
    )
    remark = f"the {found.source} itself holds {human(held)}: {why}"
    return replace(found, remarks=(*found.remarks, remark))


def check_peer(name: str) -> None:
    """
    :raises ValueError: no peer has this name
    """
    from ._peers import PEERS

    if name not in PEERS and ":" not in name:
        raise ValueError(
            f"peers: expected among {', '.join(PEERS)}, or 'module:callable' for any other, got {name!r}"
        )


def _types_for(
    live: Mapping[Any, Any] | Set[Any], key: object, value: object
) -> tuple[Type, Type | None, tuple[str, ...]]:
    """The types of gomap's map, None for the value of a set, and what is to be said of them."""
    from .advice import advise

    advice = advise(live)
    if not len(live):
        raise ValueError(f"expected a {type(live).__name__} with entries, got an empty one")
    value_type = None if isinstance(live, Set) else parse(advice.value if value is None else value)
    key_type = parse(advice.key if key is None else key, "key")
    return key_type, value_type, advice.reasons if key is None and value is None else ()


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
    from ._runs import Runs, how_many_at_once, python_name

    how_many_at_once("entries", count, key, value or key, 1)  # refuses what there is no memory for
    plain = python_name(key), None if value is None else python_name(value)
    typed = key.name, None if value is None else value.name
    if value is None:
        wanted = {"set": plain, "Set": typed}
        left_out = [(name, "it is no set") for name in peers]
    else:
        wanted = {"dict": plain, "Map": typed, "GoMap": typed, **dict.fromkeys(peers, ("", None))}
        left_out = []
    with Runs("gomap.comparison", 1, report) as runs:
        for name, shown in wanted.items():
            runs.start(
                name,
                {"name": name, "key": key.name, "value": typed[1], "source": source, "shown": shown},
            )
        results = runs.results()
    subjects = []
    for name, result in zip(wanted, results, strict=True):
        if "unsuited" in result:
            left_out.append((name, result["unsuited"]))
        else:
            result.update((moment, Held(**result[moment])) for moment in ("full", "peak", "removed"))
            result["course"] = tuple(map(tuple, result["course"]))
            subjects.append(Measured(**result))
    return Comparison(where, count, key.name, typed[1], tuple(subjects), tuple(left_out), remarks)


if __name__ == "__main__":
    from ._runs import serve

    sys.exit(serve(_run, sys.argv[1]))
