"""What can be run at all: how many entries of a type there can be, and what memory has room for."""

from __future__ import annotations

import os

from .._words import number, whole
from ..types import Type
from . import ScenarioError
from .machine import available
from .numbers import distinct

_NEVER = 2**63  # entries, which no machine holds, nor an array their numbers
_SINGULAR = {"entries": "entry", "customers": "customer"}


def check_count(what: str, count: object, key: Type) -> int:
    """The number of entries that was given.

    :param what: "entries" or "customers"
    :raises ScenarioError: there cannot be so many
    :raises TypeError: it is no int
    """
    count = whole(what, count)
    if count < 1:
        raise ScenarioError(f"expected at least 1 {_SINGULAR[what]}, got {number(count)}")
    most = distinct(key)
    if most is not None and count > most:
        raise ScenarioError(
            f"expected at most {most:,} {what} for keys of type {key} "
            f"(the numbers from 0 that it holds), got {number(count)}"
        )
    if count >= _NEVER:
        raise ScenarioError(f"expected a number of {what} that memory can hold, got {number(count)}")
    return count


def how_many_at_once(what: str, count: int, key: Type, value: Type, jobs: int | None) -> int:
    """How many runs the machine has room for.

    :param jobs: how many were asked for; None: as many as fit, two at most
    :raises ScenarioError: memory has room for none, or there are to be none
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
