"""What a :class:`~gomap.Cache` is told, checked: limits and times."""

from __future__ import annotations

import math
import re
from datetime import timedelta
from numbers import Real
from typing import Any

from ._words import shown, whole

_SIZE = re.compile(r"\s*([0-9]+(?:\.[0-9]+)?)\s*([KMGT]?)(i?)B?\s*", re.IGNORECASE)
# Deadlines are at most 2**30 ticks ahead (csrc/cache.h); half of that leaves room for the clock.
_MOST_TICKS = 2**29


def bytes_of(size: object) -> int:
    """A number of bytes: an int, or a str such as ``"512 MiB"`` or ``"1.5 GB"``; KB is 1,000 bytes, KiB 1,024."""
    if isinstance(size, str):
        found = _SIZE.fullmatch(size)
        if found is None:
            raise ValueError(f"max_bytes: expected bytes such as 1_000_000 or '1 GiB', got {shown(size)}")
        number, unit, binary = found.groups()
        power = " KMGT".index(unit.upper()) if unit else 0
        return int(float(number) * (1024 if binary else 1000) ** power)
    return whole("max_bytes", size)


def limits(max_bytes: object, max_entries: object, ttl: object, tti: object) -> tuple[int, int]:
    """Both limits as the core takes them: 0 for none."""
    if max_bytes is None and max_entries is None and ttl is None and tti is None:
        raise ValueError("a cache needs a limit: max_bytes, max_entries, ttl or tti; without one it is a Map")
    found = []
    for name, limit in (("max_bytes", max_bytes), ("max_entries", max_entries)):
        number = 0 if limit is None else bytes_of(limit) if name == "max_bytes" else whole(name, limit)
        if limit is not None and not 0 < number < 2**62:
            raise ValueError(f"{name}: expected from 1 to 2**62 - 1, got {number}")
        found.append(number)
    return found[0], found[1]


def seconds(name: str, time: object) -> float | None:
    """A positive number of seconds."""
    if time is None:
        return None
    if isinstance(time, timedelta):
        time = time.total_seconds()
    if isinstance(time, bool) or not isinstance(time, Real):
        raise TypeError(f"{name}: expected seconds or a timedelta, got {type(time).__name__} {shown(time)}")
    found = float(time)
    if not found > 0 or (name == "tti" and math.isinf(found)):
        raise ValueError(f"{name}: expected a positive number of seconds, got {shown(time)}")
    return found


def ticks_a_second(ttl: float | None, tti: float | None) -> float:
    """How finely time is counted: in 1,024ths of a second, or coarser where that would pass four bytes."""
    longest = max(time for time in (ttl, tti, 1.0) if time is not None)
    if math.isinf(longest):  # each entry says its own: up to 97 days
        return 64.0
    ticks = 1024.0
    while longest * ticks > _MOST_TICKS:
        ticks /= 2
    return ticks


def fits(ttl: float | None, ticks: float) -> None:
    if ttl is not None and not math.isinf(ttl) and ttl * ticks > 2 * _MOST_TICKS:
        raise ValueError(
            f"ttl: expected at most {2 * _MOST_TICKS / ticks:,.0f} seconds in this cache, got {shown(ttl)}; "
            "its own ttl, or ttl=math.inf, says how finely time is counted"
        )


def restored(cls: Any, types: tuple[Any, Any], made_with: dict[str, Any], entries: list[Any]) -> Any:
    """A pickled cache."""
    cache = cls(*types, **made_with)
    cache._fill(entries)
    return cache
