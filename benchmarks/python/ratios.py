"""Per-operation speed beside dict, as ratios measured in one run.

    python benchmarks/python/ratios.py [--sizes 1000,1000000] [--rounds 9] [--json FILE]

int to int, random 63-bit keys, a plain `for` loop around one operation. For every operation dict and
the map run in turn, round by round, and the ratio is the median of the rounds' ratios, so that a
machine whose speed drifts slows both. Look-ups and deletions go in another order than insertion and
use fresh int objects equal to the keys, as keys that come from outside are.

    set     m[k] = 1_000_000 into an empty map that grows
    hit     m[k]
    miss    k in m, for keys that are not there
    delete  del m[k], down to the empty map
    items   for k, v in m.items()
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
from collections.abc import Callable, MutableMapping
from pathlib import Path

import gomap

IntMap = MutableMapping[int, int]


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


OPERATIONS: list[tuple[str, Callable[[IntMap, list[int]], None]]] = [
    ("set", do_set),
    ("hit", do_hit),
    ("miss", do_miss),
    ("items", do_items),
    ("delete", do_delete),
]


def fresh(keys: list[int]) -> list[int]:
    """Equal ints that are other objects, in a random order: made in that order, as keys that arrive are."""
    return [k + 1 - 1 for k in random.sample(keys, len(keys))]


def one_round(make: Callable[[], IntMap], keys: dict[str, list[int]], repeats: int) -> dict[str, float]:
    """Nanoseconds an operation, over `repeats` maps filled and emptied in turn."""
    spent = dict.fromkeys((name for name, _ in OPERATIONS), 0.0)
    for _ in range(repeats):
        m = make()
        for name, operation in OPERATIONS:
            start = time.perf_counter_ns()
            operation(m, keys[name])
            spent[name] += time.perf_counter_ns() - start
        if len(m):
            raise AssertionError("the map is not empty after every key was deleted")
    return {name: total / repeats / len(keys["set"]) for name, total in spent.items()}


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--sizes", default="1000,1000000")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()

    makers: dict[str, Callable[[], IntMap]] = {
        "dict": dict,
        "Map": lambda: gomap.Map(int, int),
        "GoMap": lambda: gomap.GoMap(int, int),
    }
    report: dict[str, object] = {
        "command": "python benchmarks/python/ratios.py " + " ".join(sys.argv[1:]),
        "python": platform.python_version(),
        "machine": platform.machine(),
        "system": platform.system(),
    }
    rows = []
    gc.disable()
    for n in (int(size) for size in options.sizes.split(",")):
        random.seed(n)
        drawn = random.sample(range(2**63 - 1), 2 * n)
        inserted, absent = drawn[:n], drawn[n:]
        # Made once: what is allocated and freed between rounds decides what memory the next map gets.
        keys = {
            "set": inserted,
            "hit": fresh(inserted),
            "miss": absent,
            "items": [],
            "delete": fresh(inserted),
        }
        repeats = max(1, 200_000 // n)
        rounds: dict[str, list[dict[str, float]]] = {name: [] for name in makers}
        for _ in range(options.rounds):
            for name, make in makers.items():
                rounds[name].append(one_round(make, keys, repeats))
        for operation, _ in OPERATIONS:
            base = [r[operation] for r in rounds["dict"]]
            row: dict[str, object] = {"n": n, "operation": operation, "dict_ns": statistics.median(base)}
            for name in makers:
                if name != "dict":
                    own = [r[operation] for r in rounds[name]]
                    row[f"{name}_ns"] = statistics.median(own)
                    row[f"{name}_ratio"] = statistics.median(a / b for a, b in zip(own, base, strict=True))
            rows.append(row)
    report["rows"] = rows
    print(
        f"{'n':>9}  {'operation':9} {'dict ns':>8} "
        + " ".join(f"{m + ' ns':>9} {'ratio':>6}" for m in makers if m != "dict")
    )
    for row in rows:
        print(
            f"{row['n']:>9,}  {row['operation']:9} {row['dict_ns']:8.1f} "
            + " ".join(f"{row[m + '_ns']:9.1f} {row[m + '_ratio']:6.2f}" for m in makers if m != "dict")
        )
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
