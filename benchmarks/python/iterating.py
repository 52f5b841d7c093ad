"""How long going over all items takes, beside dict, whose time depends on where its objects lie.

    python benchmarks/python/iterating.py [--entries 1000000] [--rounds 5]

Processor time of `for k, v in m.items()` in ns an entry: of a dict whose keys and values were made in the order in
which they were put in, so that they follow each other in memory; of one whose were made in another order; and of a
`Map`, which makes its objects itself. Medians of rounds in turn.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Callable
from typing import Any

from gomap import Map
from gomap.measure import loops

#: By name: the map's types, and the key and the value of a number.
CASES: dict[str, tuple[Any, Any, Callable[[int], Any], Callable[[int], Any]]] = {
    "int to int": (int, int, lambda i: i + 2**40, lambda i: i + 2**41),
    "int to [128]byte": (int, "[128]byte", lambda i: i + 2**40, lambda i: i.to_bytes(128, "little")),
    "str to int": (str, int, lambda i: f"{i:016x}", lambda i: i + 2**41),
    "str to str": (str, str, lambda i: f"{i:016x}", lambda i: f"{i:024x}"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description="Going over all items, beside dict.")
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    print(f"{options.entries:,} entries, ns an entry: dict in order, dict scattered, Map")
    for name, (key_type, value_type, key, value) in CASES.items():
        entries = [(key(i), value(i)) for i in range(options.entries)]
        ordered = dict(entries)
        random.shuffle(entries)
        scattered = dict(entries)
        maps = (ordered, scattered, Map(key_type, value_type, ordered))
        spent: list[list[float]] = [[], [], []]
        for _ in range(options.rounds):
            for m, times in zip(maps, spent, strict=True):
                start = time.process_time_ns()
                loops.items(m)
                times.append((time.process_time_ns() - start) / options.entries)
        figures = [statistics.median(times) for times in spent]
        print(f"{name:<17}", *(f"{figure:6.1f}" for figure in figures))


if __name__ == "__main__":
    main()
