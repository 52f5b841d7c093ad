"""The machine: what it is, and what this process holds of its memory."""

from __future__ import annotations

import os
import platform
import sys


def described() -> str:
    """Processor, system and interpreter, in words."""
    processor = platform.processor()
    try:
        with open("/proc/cpuinfo", encoding="utf-8") as lines:
            processor = next(line.split(":")[1].strip() for line in lines if line.startswith("model name"))
    except (OSError, StopIteration):
        pass
    system = f"{platform.system()} {platform.machine()}"
    python = f"{platform.python_implementation()} {platform.python_version()}"
    return f"{processor or 'a processor'}, {os.cpu_count()} cores, {system}, {python}"


def resident() -> int | None:
    """Bytes of memory that the process holds now; None where the system does not say.

    Without the pages of files: code that runs for the first time is read in then, and is no map's.
    """
    exact = _kilobytes("/proc/self/smaps_rollup", "Anonymous:")
    return resident_with_files() if exact is None else exact


def resident_with_files() -> int | None:
    """The same with the pages of files, as :func:`resident_peak` has it."""
    return _kilobytes("/proc/self/status", "VmRSS:")


def resident_peak() -> int | None:
    """The most that the process has held."""
    held = _kilobytes("/proc/self/status", "VmHWM:")
    if held is not None:
        return held
    try:
        import resource
    except ImportError:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit


def available() -> int | None:
    """Bytes of memory that can be had without swapping."""
    return _kilobytes("/proc/meminfo", "MemAvailable:")


def _kilobytes(path: str, name: str) -> int | None:
    try:
        with open(path, encoding="ascii") as lines:
            return next((int(line.split()[1]) * 1024 for line in lines if line.startswith(name)), None)
    except OSError:
        return None
