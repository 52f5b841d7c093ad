"""The article's scenario, measured: a map is filled, emptied, and cured by copying what is left.

The article is "Go maps only grow": a map that once held many entries keeps the memory for them after
they are gone. Here the same is done for real to several subjects, each a kind of map, and each run in
a process of its own, so that what the process holds can be put down to the map:

- fill: an empty map; n entries added one by one; all removed one by one.
- cure: n entries added; all but a few removed; those copied to a new map; the old one dropped.

The keys are the numbers 0 to n - 1, each once, in random order (as bytes, their little-endian form); they
are removed in ascending order, which to the map is random again. Values are made afresh for every entry.

Measured at each step:

- counted bytes: a gomap's ``nbytes``; :func:`gomap.sizeof` of a dict, which has its keys and values in it.
- the highest count: a gomap's own ``memory().peak``. A dict keeps no such count; as it grows, its old
  and new tables are both alive for a moment, with all the keys and values, and nothing else of it ever
  is. So the table is watched after every insertion, and when it is another, the old table's bytes are
  added to what is counted then.
- resident memory: what the system says the process holds, less what it said before the map was made.

:func:`measure` runs every subject and returns dataclasses. ``python -m gomap.article JOB`` is the process
of one run: JOB and what it prints are JSON; its lines on standard error are ``progress PERCENT WHAT``.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
from array import array
from collections.abc import Callable, Iterable
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Protocol, Self

from . import GoMap, sizeof
from .memory import allocated
from .types import Kind, Type, parse

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


class ScenarioError(ValueError):
    """What was asked for cannot be run."""


class RunError(RuntimeError):
    """A run failed."""


# ---- what is measured -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """A map at one moment."""

    entries: int
    counted: int
    resident: int | None  #: None where the system does not say
    B: int | None  #: None for a dict
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
    """A map of which few entries are left, copied to a new one."""

    kept: int
    before: int  #: counted, with only the kept entries left
    both: int  #: the highest count while copying: old and new alive
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
        return "dict" if self.engine == "dict" else f"map[{self.key}]{self.value}"


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

_Items = Iterable[tuple[object, object]]


class _Engine(Protocol):
    """How one kind of map is made, filled, counted and copied; ``m`` is always one that it made."""

    def make(self, subject: Subject) -> Any: ...

    def add(self, m: Any, items: _Items) -> None: ...

    def counted(self, m: Any) -> int: ...

    def peak(self, m: Any) -> int:
        """The highest count while the map was added to."""

    def shape(self, m: Any) -> tuple[int | None, int | None]:
        """B, and overflow buckets in use."""

    def copied(self, m: Any) -> tuple[Any, int]:
        """A copy, and the highest count while it was made, the original's included."""


class _GoMapEngine:
    def make(self, subject: Subject) -> Any:
        return GoMap(subject.key, subject.value)

    def add(self, m: Any, items: _Items) -> None:
        for key, value in items:
            m[key] = value

    def counted(self, m: Any) -> int:
        return int(m.nbytes)

    def peak(self, m: Any) -> int:
        return int(m.memory().peak)

    def shape(self, m: Any) -> tuple[int | None, int | None]:
        stats = m.stats()
        return stats.B, stats.overflow_buckets

    def copied(self, m: Any) -> tuple[Any, int]:
        new = m.copy()
        return new, self.counted(m) + self.peak(new)


_EMPTY_DICT = sys.getsizeof({})  # the object alone: its table comes with the first key


class _DictEngine:
    def __init__(self) -> None:
        self._size = _EMPTY_DICT  # the object and its table
        self._peak = 0

    def make(self, subject: Subject) -> Any:
        return {}

    def add(self, m: Any, items: _Items) -> None:
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

    def copied(self, m: Any) -> tuple[Any, int]:
        new = dict(m)  # its table is made at once as large as it will be
        return new, sizeof((m, new)) - sizeof((None, None))  # keys and values are in both, and count once


_ENGINES: dict[str, Callable[[], _Engine]] = {"GoMap": _GoMapEngine, "dict": _DictEngine}


def subjects(key: object = int, value: object = "[128]byte") -> list[Subject]:
    """The kinds of map that are put side by side: values in the buckets, behind a pointer, and a dict.

    :raises ValueError, TypeError: a type is unknown, malformed or none that the scenario has entries for
    """
    key_type, value_type = parse(key, "key"), parse(value)
    found = [Subject("GoMap", key_type.name, value_type.name)]
    if not value_type.pointer:
        found.append(Subject("GoMap", key_type.name, "*" + value_type.name))
    found.append(Subject("dict", _python_name(key_type), _python_name(value_type)))
    return found


# ---- entries ----------------------------------------------------------------------------------------

_FLOATS = (Kind.FLOAT32, Kind.FLOAT64)


def _python_name(type: Type) -> str:
    """What a dict has in the type's place."""
    if type.kind == Kind.BYTES:
        return "bytes"
    if type.kind == Kind.BOOL:
        return "bool"
    return "float" if type.kind in _FLOATS else "int"


def _distinct(type: Type) -> int | None:
    """How many of the numbers from 0 the type holds apart; None: more than there is memory for."""
    if type.kind == Kind.BOOL:
        return 2
    if type.kind in _FLOATS:
        return 2 ** (24 if type.kind == Kind.FLOAT32 else 53)
    signed = Kind.INT8 <= type.kind <= Kind.INT64
    return 2 ** (8 * type.size - signed) if type.size <= 8 else None


def _maker(type: Type) -> Callable[[int], object]:
    """A number as the type's Python object: a new one, where Python has not got them made already."""
    size, limit = type.size, _distinct(type)
    if type.kind == Kind.BYTES:
        if limit is None:
            return lambda i: i.to_bytes(size, "little")
        return lambda i: (i % limit).to_bytes(size, "little")
    if type.kind == Kind.BOOL:
        return lambda i: i % 2 == 1
    if limit is None or limit > 2**50:
        return float if type.kind in _FLOATS else int
    return (lambda i: float(i % limit)) if type.kind in _FLOATS else (lambda i: i % limit)


# ---- resident memory --------------------------------------------------------------------------------


def _resident() -> int | None:
    """Bytes of memory that the process holds at this moment; None where the system does not say."""
    for path in ("/proc/self/smaps_rollup", "/proc/self/status"):  # the first is exact
        bytes_held = _kilobytes(path, ("Rss:", "VmRSS:"))
        if bytes_held is not None:
            return bytes_held
    return None


def _resident_peak() -> int | None:
    """The most the process has held."""
    held = _kilobytes("/proc/self/status", ("VmHWM:",))
    if held is not None:
        return held
    try:
        import resource
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def _kilobytes(path: str, names: tuple[str, ...]) -> int | None:
    try:
        with open(path, encoding="ascii") as lines:
            for line in lines:
                if line.startswith(names):
                    return int(line.split()[1]) * 1024
    except OSError:
        pass
    return None


def _available() -> int | None:
    """Bytes of memory that can be had without swapping."""
    return _kilobytes("/proc/meminfo", ("MemAvailable:",))


# ---- one run, in its own process --------------------------------------------------------------------


class _Run:
    """One subject, filled and then emptied or cured."""

    def __init__(self, subject: Subject, key: str, value: str, entries: int) -> None:
        self.subject = subject
        self.engine = _ENGINES[subject.engine]()
        self.key, self.value = _maker(parse(key, "key")), _maker(parse(value))
        self.entries = entries
        # In small pieces: a large one that is freed again would change what the process holds later.
        self.order = array("q", [0]) * entries
        for start in range(0, entries, 4096):
            self.order[start : start + 4096] = array("q", range(start, min(start + 4096, entries)))
        random.Random(entries).shuffle(self.order)
        held = _resident()
        self.start = _resident_peak() if held is None else held
        self.map = self.engine.make(subject)

    def fill(self) -> Fill:
        empty = self.step()
        self.add()
        resident_peak = self.beyond_start(_resident_peak())
        full, peak = self.step(), self.engine.peak(self.map)
        self.remove(0)
        return Fill(empty, full, self.step(), peak, resident_peak)

    def cure(self, kept: int) -> Cure:
        self.add()
        self.remove(kept)
        before = self.step()
        _progress(99, "copying")
        new, both = self.engine.copied(self.map)
        resident_both = self.beyond_start(_resident())
        self.map = new
        after = self.step()
        counted = (before.counted, both, after.counted)
        return Cure(kept, *counted, before.resident, resident_both, after.resident)

    def step(self) -> Step:
        resident = self.beyond_start(_resident())  # before counting, which uses some
        return Step(len(self.map), self.engine.counted(self.map), resident, *self.engine.shape(self.map))

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
            _progress(percent + 50 * start // len(numbers), what)
            yield numbers[start : start + size]


def _progress(percent: int, what: str) -> None:
    print("progress", percent, what, file=sys.stderr, flush=True)


def _main(job: str) -> int:
    fields = json.loads(job)
    kept = fields.pop("kept")
    try:
        run = _Run(Subject(**fields.pop("subject")), **fields)
        result: Fill | Cure = run.fill() if kept is None else run.cure(kept)
    except KeyboardInterrupt:
        return 130
    except MemoryError:
        print("out of memory", file=sys.stderr)
        return 1
    except RunError as error:
        print(error, file=sys.stderr)
        return 1
    print(json.dumps(asdict(result)))
    return 0


# ---- all runs ---------------------------------------------------------------------------------------

#: Called from time to time with the percentage of the whole and what is running.
Report = Callable[[int, str], None]


@dataclass
class _Process:
    """A run going on in a process, as the others see it."""

    what: str
    percent: int = -1  # before its start
    doing: str = "starting"
    process: subprocess.Popen[str] | None = None


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
    :raises ValueError, TypeError: what is wrong with a type
    :raises ScenarioError: so many entries cannot be
    :raises RunError: a run failed
    """
    if entries < 1:
        raise ScenarioError(f"expected at least 1 entry, got {entries}")
    key_type, value_type = parse(key, "key"), parse(value)
    distinct = _distinct(key_type)
    if distinct is not None and entries > distinct:
        raise ScenarioError(
            f"expected at most {distinct:,} entries for keys of type {key_type} "
            f"(the numbers from 0 that it holds), got {entries:,}"
        )
    jobs = _jobs(entries, key_type, value_type, jobs)
    wanted = subjects(key_type, value_type)
    kept = sorted({max(1, entries // 1000), max(1, entries // 2)})
    with _Runs(jobs, report) as runs:
        for subject in wanted:
            job = {"subject": asdict(subject), "key": key_type.name, "value": value_type.name}
            for few in [None, *kept]:
                runs.start(subject.name, json.dumps({**job, "entries": entries, "kept": few}))
        results = iter(runs.results())
    measured = []
    for subject in wanted:
        fill = next(results)
        fill.update((name, Step(**fill[name])) for name in ("empty", "full", "removed"))
        cures = tuple(Cure(**next(results)) for _ in kept)
        measured.append(Measured(subject, Fill(**fill), cures))
    return Article(entries, tuple(measured))


def _jobs(entries: int, key: Type, value: Type, jobs: int | None) -> int:
    """How many runs the machine has room for; refuses what would drive it out of memory."""
    # A growing map of buckets just over half full: three times the data; objects have their own cost.
    need = entries * max(4 * (key.size + value.size), 200)
    available = _available()
    if available is not None and need > available:
        raise ScenarioError(
            f"{entries:,} entries of {key} and {value} need about {need / 2**30:,.1f} GB of memory; "
            f"{available / 2**30:,.1f} GB are available"
        )
    if jobs is not None:
        return jobs
    return 1 if os.cpu_count() == 1 or (available is not None and 2 * need > available) else 2


class _Runs:
    """Processes, so many at a time. Leaving it kills those that are still going."""

    def __init__(self, jobs: int, report: Report | None) -> None:
        self._pool = ThreadPoolExecutor(jobs)
        self._report = report
        self._processes: list[_Process] = []
        self._futures: list[Any] = []
        self._lock = threading.Lock()
        self._stopping = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        with self._lock:
            self._stopping = True
            for run in self._processes:
                if run.process is not None and run.process.poll() is None:
                    run.process.kill()
        self._pool.shutdown(cancel_futures=True)

    def start(self, what: str, job: str) -> None:
        run = _Process(what)
        self._processes.append(run)
        self._futures.append(self._pool.submit(self._go, run, job))

    def results(self) -> list[dict[str, Any]]:
        waiting = set(self._futures)
        while waiting:
            # Short waits, so that Ctrl-C comes through on every system and progress is shown.
            done, waiting = wait(waiting, timeout=0.1, return_when=FIRST_EXCEPTION)
            for future in done:
                future.result()
            if self._report is not None:
                going = [f"{run.what}: {run.doing}" for run in self._processes if 0 <= run.percent < 100]
                percent = sum(max(run.percent, 0) for run in self._processes) // len(self._processes)
                self._report(percent, ", ".join(dict.fromkeys(going)))
        return [future.result() for future in self._futures]

    def _go(self, run: _Process, job: str) -> dict[str, Any]:
        """In a thread of its own: one process from its start to its end."""
        package = str(Path(__file__).resolve().parent.parent)
        path = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
        with self._lock:
            if self._stopping:
                raise RunError("stopped")
            # -P: what is in the current directory is none of this package's business.
            run.process = process = subprocess.Popen(
                [sys.executable, "-P", "-m", "gomap.article", job],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                env={**os.environ, "PYTHONPATH": path},
            )
        run.percent = 0
        with process:
            assert process.stdout is not None
            assert process.stderr is not None
            last = ""
            for line in process.stderr:
                if line.startswith("progress "):
                    _, percent, run.doing = line.split(maxsplit=2)
                    run.percent, run.doing = int(percent), run.doing.strip()
                elif line.strip():
                    last = line.strip()
            output = process.stdout.read()
        run.percent = 100
        if process.returncode < 0:
            raise RunError(
                f"{run.what}: the process was ended by signal {-process.returncode}"
                + (", perhaps for want of memory" if process.returncode == -9 else "")
            )
        if process.returncode:
            raise RunError(f"{run.what}: {last or f'the process ended with code {process.returncode}'}")
        result: dict[str, Any] = json.loads(output)
        return result


if __name__ == "__main__":
    sys.exit(_main(sys.argv[1]))
