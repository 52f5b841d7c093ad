"""What the tests of dates, times and UUIDs share."""

from __future__ import annotations

import random
from datetime import datetime, timedelta, timezone
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

from gomap import Map

TIMES = [
    *(f"datetime64[{unit}]" for unit in ("s", "ms", "us")),
    *(f"datetime64[{unit}, UTC]" for unit in ("s", "ms", "us")),
    *(f"timedelta64[{unit}]" for unit in ("s", "ms", "us")),
    *("date", "uuid"),
]
EPOCH = datetime(1970, 1, 1)
#: Some place with an offset that is not of whole minutes.
AMSTERDAM = timezone(timedelta(minutes=19, seconds=32))
ID = uuid5(NAMESPACE_DNS, "example.org")


def scattered(examples: Any, spelling: str, count: int = 300) -> list[Any]:
    found = examples(spelling, count)
    random.Random(5).shuffle(found)
    return list(found)


def zero(spelling: str) -> Any:
    """1970-01-01, or what else is 0."""
    return Map(int, spelling).setdefault(0)
