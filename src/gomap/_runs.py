"""What the scenarios share: entries made from numbers, resident memory, and runs in processes of their own.

Every subject of a scenario is run in a process of its own, so that what the process holds can be put
down to the map. A process is started as ``python -m MODULE JOB``; JOB and what it prints are JSON, and its
lines on standard error are ``progress PERCENT WHAT``.
"""

from __future__ import annotations

import json
import os
import random
import subprocess
import sys
import threading
import time
from array import array
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

from .types import Kind, Type


class ScenarioError(ValueError):
    """What was asked for cannot be run."""


class RunError(RuntimeError):
    """A run failed."""


# ---- entries ----------------------------------------------------------------------------------------

_FLOATS = (Kind.FLOAT32, Kind.FLOAT64)
_PYTHON_NAMES = {
    Kind.BYTES: "bytes",
    Kind.NOTHING: "None",
    Kind.BOOL: "bool",
    Kind.STRING: "str",
    Kind.VARBYTES: "bytes",
    Kind.STRUCT: "tuple",
}


def python_name(type: Type) -> str:
    """What a dict has in the type's place."""
    return _PYTHON_NAMES.get(type.kind, "float" if type.kind in _FLOATS else "int")


def distinct(type: Type) -> int | None:
    """How many of the numbers from 0 the type holds apart; None: more than there is memory for."""
    if type.kind == Kind.BOOL:
        return 2
    if type.kind in (Kind.STRING, Kind.VARBYTES, Kind.OBJECT):
        return None
    if type.kind == Kind.STRUCT:  # every field holds the number
        limits = [distinct(field.type) for field in type.fields]
        return None if None in limits else max(limit for limit in limits if limit is not None)
    if type.kind in _FLOATS:
        return 2 ** (24 if type.kind == Kind.FLOAT32 else 53)
    signed = Kind.INT8 <= type.kind <= Kind.INT64
    return 2 ** (8 * type.size - signed) if type.size <= 8 else None


def maker(type: Type) -> Callable[[int], object]:
    """A number as the type's Python object: a new one, where Python has not got them made already."""
    size, limit = type.size, distinct(type)
    if type.kind == Kind.BYTES:
        if limit is None:
            return lambda i: i.to_bytes(size, "little")
        return lambda i: (i % limit).to_bytes(size, "little")
    if type.kind == Kind.NOTHING:
        return lambda i: None
    if type.kind == Kind.BOOL:
        return lambda i: i % 2 == 1
    if type.kind == Kind.STRING:  # sixteen characters, as many identifiers have
        return lambda i: f"{i:016d}"
    if type.kind == Kind.VARBYTES:
        return lambda i: b"%016d" % i
    if type.kind == Kind.STRUCT:
        makers = [maker(field.type) for field in type.fields]
        return lambda i: tuple([make(i) for make in makers])
    if limit is None or limit > 2**50:
        return float if type.kind in _FLOATS else int
    return (lambda i: float(i % limit)) if type.kind in _FLOATS else (lambda i: i % limit)


def scattered(bits: int) -> Callable[[int], int]:
    """A mixer of numbers: every number below ``2**bits`` to another one, none to the same, like chance."""
    mask, half = 2**bits - 1, (bits + 1) // 2

    def mixed(i: int) -> int:
        i = i * 0x9E3779B97F4A7C15 & mask
        i ^= i >> half
        i = i * 0xD6E8FEB86659FD93 & mask
        return i ^ i >> half

    return mixed


# ---- the machine ------------------------------------------------------------------------------------


def machine() -> str:
    """Processor, system and interpreter, in words."""
    import platform

    processor = platform.processor()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            processor = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    system = f"{platform.system()} {platform.machine()}"
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{processor or 'a processor'}, {os.cpu_count()} cores, {system}, {python}"


# ---- resident memory --------------------------------------------------------------------------------


def resident() -> int | None:
    """Bytes of memory that the process holds at this moment; None where the system does not say."""
    for path in ("/proc/self/smaps_rollup", "/proc/self/status"):  # the first is exact
        bytes_held = _kilobytes(path, ("Rss:", "VmRSS:"))
        if bytes_held is not None:
            return bytes_held
    return None


def resident_peak() -> int | None:
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


def available() -> int | None:
    """Bytes of memory that can be had without swapping."""
    return _kilobytes("/proc/meminfo", ("MemAvailable:",))


def shuffled(count: int, other: int = 0) -> array[int]:
    """The numbers 0 to count - 1 in random order, the same every time for the same `other`."""
    # In small pieces: a large one that is freed again would change what the process holds later.
    order = array("q", [0]) * count
    for start in range(0, count, 4096):
        order[start : start + 4096] = array("q", range(start, min(start + 4096, count)))
    random.Random(count + other).shuffle(order)
    return order


def check_count(what: str, count: int, key: Type) -> None:
    """
    :param what: "entries" or "customers"
    :raises ScenarioError: there cannot be so many
    """
    if count < 1:
        one = {"entries": "entry", "customers": "customer"}[what]
        raise ScenarioError(f"expected at least 1 {one}, got {count}")
    most = distinct(key)
    if most is not None and count > most:
        raise ScenarioError(
            f"expected at most {most:,} {what} for keys of type {key} "
            f"(the numbers from 0 that it holds), got {count:,}"
        )


# ---- one run, in its own process --------------------------------------------------------------------


def progress(percent: int, what: str) -> None:
    print("progress", percent, what, file=sys.stderr, flush=True)


def serve(run: Callable[[dict[str, Any]], Any], job: str) -> int:
    """The whole of a run's process.

    :param run: from the job to a dataclass
    :returns: the exit code
    """
    try:
        result = run(json.loads(job))
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
    result: dict[str, Any] | None = None
    error: BaseException | None = None


def how_many_at_once(what: str, count: int, key: Type, value: Type, jobs: int | None) -> int:
    """How many runs the machine has room for; refuses what would drive it out of memory."""
    # A growing map of buckets just over half full: three times the data; objects have their own cost.
    need = count * max(4 * (key.size + value.size), 200)
    free = available()
    if free is not None and need > free:
        raise ScenarioError(
            f"{count:,} {what} of {key} and {value} need about {need / 2**30:,.1f} GB of memory; "
            f"{free / 2**30:,.1f} GB are available"
        )
    if jobs is not None:
        return jobs
    return 1 if os.cpu_count() == 1 or (free is not None and 2 * need > free) else 2


class Runs:
    """Processes, so many at a time. Leaving it kills those that are still going."""

    def __init__(self, module: str, jobs: int, report: Report | None) -> None:
        self._module = module
        self._pool = ThreadPoolExecutor(jobs)
        self._report = report
        self._processes: list[_Process] = []
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

    def start(self, what: str, job: dict[str, Any]) -> None:
        run = _Process(what)
        self._processes.append(run)
        self._pool.submit(self._go, run, json.dumps(job))

    def results(self) -> list[dict[str, Any]]:
        # Looked at, not waited for on the futures' locks: an interrupt that comes while this thread takes one
        # would leave it taken, and the threads wait for it for ever.
        while any(run.result is None for run in self._processes):
            time.sleep(0.05)
            for run in self._processes:
                if run.error is not None:
                    raise run.error
            if self._report is not None:
                going = [f"{run.what}: {run.doing}" for run in self._processes if 0 <= run.percent < 100]
                percent = sum(max(run.percent, 0) for run in self._processes) // len(self._processes)
                self._report(percent, ", ".join(dict.fromkeys(going)))
        return [run.result for run in self._processes if run.result is not None]

    def _go(self, run: _Process, job: str) -> None:
        """In a thread of its own."""
        try:
            run.result = self._run(run, job)
        except BaseException as error:  # raised where the results are asked for
            run.error = error

    def _run(self, run: _Process, job: str) -> dict[str, Any]:
        """One process from its start to its end."""
        package = str(Path(__file__).resolve().parent.parent)
        path = os.pathsep.join(filter(None, [package, os.environ.get("PYTHONPATH")]))
        with self._lock:
            if self._stopping:
                raise RunError("stopped")
            # -P: what is in the current directory is none of this package's business.
            run.process = process = subprocess.Popen(
                [sys.executable, "-P", "-m", self._module, job],
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
