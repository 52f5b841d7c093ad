"""What the scenarios share: entries made from numbers, resident memory, and what can be run at all."""

from __future__ import annotations

import os
import random
import sys
from array import array
from collections.abc import Callable
from operator import index

from ._words import name_of, number, shown
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


# ---- what can be run ----------------------------------------------------------------------------------

_NEVER = 2**63  # entries, which no machine holds, nor an array their numbers


def check_count(what: str, count: object, key: Type) -> int:
    """
    :param what: "entries" or "customers"
    :returns: the count
    :raises ScenarioError: there cannot be so many
    :raises TypeError: it is no int
    """
    count = whole(what, count)
    if count < 1:
        one = {"entries": "entry", "customers": "customer"}[what]
        raise ScenarioError(f"expected at least 1 {one}, got {number(count)}")
    most = distinct(key)
    if most is not None and count > most:
        raise ScenarioError(
            f"expected at most {most:,} {what} for keys of type {key} "
            f"(the numbers from 0 that it holds), got {number(count)}"
        )
    if count >= _NEVER:
        raise ScenarioError(f"expected a number of {what} that memory can hold, got {number(count)}")
    return count


def whole(what: str, given: object) -> int:
    """
    :raises TypeError: it is no int
    """
    try:
        if not isinstance(given, bool):
            return index(given)  # type: ignore[arg-type]
    except TypeError:
        pass
    raise TypeError(f"{what}: expected int, got {name_of(type(given))} {shown(given)}")


def how_many_at_once(what: str, count: int, key: Type, value: Type, jobs: int | None) -> int:
    """How many runs the machine has room for; refuses what would drive it out of memory.

    :raises ScenarioError: it would, or there are to be no runs
    """
    if jobs is not None and jobs < 1:
        raise ScenarioError(f"jobs: expected at least 1, got {jobs}")
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
