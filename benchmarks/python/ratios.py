"""Per-operation speed beside dict and set, as ratios measured in one run.

    python benchmarks/python/ratios.py [--sizes 1000,1000000] [--rounds 9] [--json FILE]

int to int, or int alone, random 63-bit keys, a plain `for` loop around one operation. For every operation
dict and the map, or set and Set, run in turn, round by round, and the ratio is the median of the rounds'
ratios, so that a machine whose speed drifts slows both. Look-ups and deletions go in another order than
insertion and use fresh int objects equal to the keys, as keys that come from outside are.

    set     m[k] = 1_000_000 into an empty map that grows
    hit     m[k]
    miss    k in m, for keys that are not there
    delete  del m[k], down to the empty map
    items   for k, v in m.items()

    add     s.add(k) into an empty set that grows
    in      k in s
    not in  k in s, for keys that are not there
    discard s.discard(k), down to the empty set
"""

from __future__ import annotations

import argparse
import gc
import json
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable, MutableMapping, MutableSet
from pathlib import Path
from typing import Any

import gomap

IntMap = MutableMapping[int, int]
IntSet = MutableSet[int]


def do_set(m: IntMap, keys: list[int]) -> None:
    for k in keys:
        m[k] = 1_000_000


def do_hit(m: IntMap, keys: list[int]) -> None:
    for k in keys:
        m[k]


def do_miss(m: IntMap, keys: list[int]) -> None:
    for k in keys:
        k in m  # noqa: B015


def do_delete(m: IntMap, keys: list[int]) -> None:
    for k in keys:
        del m[k]


def do_items(m: IntMap, keys: list[int]) -> None:
    for _k, _v in m.items():
        pass


def do_add(s: IntSet, keys: list[int]) -> None:
    for k in keys:
        s.add(k)


def do_in(s: IntSet, keys: list[int]) -> None:
    for k in keys:
        k in s  # noqa: B015


def do_discard(s: IntSet, keys: list[int]) -> None:
    for k in keys:
        s.discard(k)


Operations = list[tuple[str, Callable[[Any, list[int]], None]]]
Makers = dict[str, Callable[[], Any]]

#: What is measured, of which classes: the first one is what the others are compared with.
GROUPS: list[tuple[Operations, Makers]] = [
    (
        [("set", do_set), ("hit", do_hit), ("miss", do_miss), ("items", do_items), ("delete", do_delete)],
        {"dict": dict, "Map": lambda: gomap.Map(int, int), "GoMap": lambda: gomap.GoMap(int, int)},
    ),
    (
        [("add", do_add), ("in", do_in), ("not in", do_in), ("discard", do_discard)],
        {"set": set, "Set": lambda: gomap.Set(int)},
    ),
]


def fresh(keys: list[int]) -> list[int]:
    """Equal ints that are other objects, in a random order: made in that order, as keys that arrive are."""
    return [k + 1 - 1 for k in random.sample(keys, len(keys))]


def one_round(
    operations: Operations, make: Callable[[], Any], keys: dict[str, list[int]], repeats: int
) -> dict[str, float]:
    """Nanoseconds an operation, over `repeats` maps or sets filled and emptied in turn."""
    spent = dict.fromkeys((name for name, _ in operations), 0.0)
    for _ in range(repeats):
        m = make()
        for name, operation in operations:
            start = time.perf_counter_ns()
            operation(m, keys[name])
            spent[name] += time.perf_counter_ns() - start
        if len(m):
            raise AssertionError("it is not empty after every key was deleted")
    return {name: total / repeats / len(keys["set"]) for name, total in spent.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", default="1000,1000000")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()

    report: dict[str, object] = {
        "command": "python benchmarks/python/ratios.py " + " ".join(sys.argv[1:]),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": platform.system(),
    }
    rows: list[list[dict[str, Any]]] = [[] for _ in GROUPS]
    gc.disable()
    for n in (int(size) for size in options.sizes.split(",")):
        random.seed(n)
        drawn = random.sample(range(2**63 - 1), 2 * n)
        inserted, absent, there, gone = drawn[:n], drawn[n:], fresh(drawn[:n]), fresh(drawn[:n])
        # Made once: what is allocated and freed between rounds decides what memory the next map gets.
        keys = {
            **dict.fromkeys(("set", "add"), inserted),
            **dict.fromkeys(("hit", "in"), there),
            **dict.fromkeys(("miss", "not in"), absent),
            **dict.fromkeys(("delete", "discard"), gone),
            "items": [],
        }
        repeats = max(1, 200_000 // n)
        for (operations, makers), found in zip(GROUPS, rows, strict=True):
            rounds: dict[str, list[dict[str, float]]] = {name: [] for name in makers}
            for _ in range(options.rounds):
                for name, make in makers.items():
                    rounds[name].append(one_round(operations, make, keys, repeats))
            first, *others = makers
            for operation, _ in operations:
                base = [r[operation] for r in rounds[first]]
                row = {"n": n, "operation": operation, f"{first}_ns": statistics.median(base)}
                for name in others:
                    own = [r[operation] for r in rounds[name]]
                    row[f"{name}_ns"] = statistics.median(own)
                    row[f"{name}_ratio"] = statistics.median(a / b for a, b in zip(own, base, strict=True))
                found.append(row)
    report["rows"] = [row for found in rows for row in found]
    for (_, makers), found in zip(GROUPS, rows, strict=True):
        first, *others = makers
        print(
            f"{'n':>9}  {'operation':9} {first + ' ns':>8} "
            + " ".join(f"{name + ' ns':>9} {'ratio':>6}" for name in others)
        )
        for row in found:
            print(
                f"{row['n']:>9,}  {row['operation']:9} {row[first + '_ns']:8.1f} "
                + " ".join(f"{row[name + '_ns']:9.1f} {row[name + '_ratio']:6.2f}" for name in others)
            )
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
