"""Per-operation speed beside dict and set, as ratios measured in one run.

    python benchmarks/python/ratios.py [--sizes 1000,1000000] [--rounds 9] [--only int,str] [--json FILE]

A plain `for` loop around one operation. For every operation dict and the maps, or set and Set, run in turn,
round by round, and the ratio is the median of the rounds' ratios, so that a machine whose speed drifts slows
both.

    int     int to int, random 63-bit keys
    Set     int alone
    str     16 hexadecimal digits to int; Map(object, object) too
    digest  32 random bytes to a named tuple of three 32-bit numbers: [32]byte to struct; borghash too,
            where it is installed

    set     m[k] = v into an empty map that grows
    hit     m[k]; keys that are equal but fresh objects, in another order than they were put in, as keys are
            that come from outside
    same    m[k]; the very objects, whose hash dict finds in them, in another order
    miss    k in m, for keys that are not there
    delete  del m[k], down to the empty map; fresh objects, in another order
    items   for k, v in m.items()

    add, in, not in, discard: the like of a set
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
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gomap
from gomap.measure import loops
from gomap.measure.loops import Loop
from gomap.measure.peers import PEERS
from gomap.types import parse

STRUCT = "struct{refcount uint32; size uint32; csize uint32}"
ENTRY = parse(STRUCT).namedtuple(1, 2_000_000, 3_000_000)


#: By name: what is done, and with which of the keys.
OPERATIONS: dict[str, tuple[Loop, str]] = {
    "set": (loops.put, "put"),
    "hit": (loops.hit, "fresh"),
    "same": (loops.hit, "same"),
    "miss": (loops.contains, "absent"),
    "items": (loops.items, "same"),
    "delete": (loops.delete, "gone"),
    "add": (loops.add, "put"),
    "in": (loops.contains, "fresh"),
    "not in": (loops.contains, "absent"),
    "discard": (loops.discard, "gone"),
}


# ---- keys -------------------------------------------------------------------------------------------


def ints(n: int) -> list[int]:
    return random.sample(range(2**63 - 1), n)


def digits(n: int) -> list[str]:
    return [f"{k:016x}" for k in ints(n)]


def digests(n: int) -> list[bytes]:
    return [random.randbytes(32) for _ in range(n)]


def fresh_int(key: int) -> int:
    return key + 1 - 1


def fresh_slice(key: Any) -> Any:
    return key[:7] + key[7:]


class Group:
    """What is measured of which classes: the first one is what the others are compared with."""

    def __init__(
        self,
        operations: str,
        makers: dict[str, Callable[[], Any]],
        keys: Callable[[int], list[Any]],
        fresh: Callable[[Any], Any],
        value: Any = None,
    ) -> None:
        self.operations = operations.split(", ")
        self.makers = makers
        self.keys = keys
        self.fresh = fresh
        self.keeps_hash = fresh is fresh_slice  # an object that was looked up once has its hash in it
        self.value = value
        self.rows: list[dict[str, Any]] = []

    def draw(self, n: int) -> dict[str, list[Any]]:
        """Made once: what is allocated and freed between rounds decides what memory the next map gets."""
        drawn = self.keys(2 * n)
        put = drawn[:n]
        order = random.sample(range(n), n)
        return {
            "put": put,
            "absent": drawn[n:],
            "same": [put[i] for i in order],
            "fresh": [self.fresh(k) for k in random.sample(put, n)],  # in memory in the order of use
            "gone": [self.fresh(k) for k in random.sample(put, n)],
            "order": order,
        }

    def anew(self, keys: dict[str, list[Any]]) -> dict[str, list[Any]]:
        """The same keys for another map: new objects, where these keep what the last one asked of them."""
        if not self.keeps_hash:
            return keys
        new = {name: [self.fresh(k) for k in keys[name]] for name in ("put", "absent", "fresh", "gone")}
        return {**new, "same": [new["put"][i] for i in keys["order"]]}


def borghash() -> dict[str, Callable[[], Any]]:
    try:
        return {"borghash": PEERS["borghash"](parse("[32]byte", "key"), parse(STRUCT)).make}
    except ImportError:
        return {}


GROUPS = {
    "int": Group(
        "set, hit, miss, items, delete",
        {"dict": dict, "Map": lambda: gomap.Map(int, int), "GoMap": lambda: gomap.GoMap(int, int)},
        ints,
        fresh_int,
        1_000_000,
    ),
    "Set": Group("add, in, not in, discard", {"set": set, "Set": lambda: gomap.Set(int)}, ints, fresh_int),
    "str": Group(
        "set, hit, same, miss, items, delete",
        {
            "dict": dict,
            "Map": lambda: gomap.Map(str, int),
            "GoMap": lambda: gomap.GoMap(str, int),
            "any": lambda: gomap.Map(object, object),
        },
        digits,
        fresh_slice,
        1_000_000,
    ),
    "digest": Group(
        "set, hit, miss, items, delete",
        {"dict": dict, "Map": lambda: gomap.Map("[32]byte", STRUCT), **borghash()},
        digests,
        fresh_slice,
        ENTRY,
    ),
}


def one_round(group: Group, make: Callable[[], Any], drawn: dict[str, list[Any]], repeats: int) -> dict[str, float]:
    """Nanoseconds an operation, over `repeats` maps or sets filled and emptied in turn."""
    spent = dict.fromkeys(group.operations, 0.0)
    for _ in range(repeats):
        keys = group.anew(drawn)
        m = make()
        for name in group.operations:
            operation, which = OPERATIONS[name]
            start = time.perf_counter_ns()
            operation(m, keys[which], group.value)
            spent[name] += time.perf_counter_ns() - start
        if len(m):
            raise AssertionError("it is not empty after every key was deleted")
    return {name: total / repeats / len(drawn["put"]) for name, total in spent.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1000,1000000")
    parser.add_argument("--rounds", type=int, default=9)
    parser.add_argument("--only", default=",".join(GROUPS))
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    groups = {name: GROUPS[name] for name in options.only.split(",")}

    gc.disable()
    for name, group in groups.items():
        for n in (int(size) for size in options.sizes.split(",")):
            random.seed(n)
            keys = group.draw(n)
            repeats = max(1, 200_000 // n)
            rounds: dict[str, list[dict[str, float]]] = {maker: [] for maker in group.makers}
            for _ in range(options.rounds):
                for maker, make in group.makers.items():
                    rounds[maker].append(one_round(group, make, keys, repeats))
            first, *others = group.makers
            for operation in group.operations:
                base = [r[operation] for r in rounds[first]]
                row = {"keys": name, "n": n, "operation": operation, f"{first}_ns": statistics.median(base)}
                for other in others:
                    own = [r[operation] for r in rounds[other]]
                    row[f"{other}_ns"] = statistics.median(own)
                    row[f"{other}_ratio"] = statistics.median(a / b for a, b in zip(own, base, strict=True))
                group.rows.append(row)
        first, *others = group.makers
        print(
            f"{name:6} {'n':>9}  {'operation':9} {first + ' ns':>8} "
            + " ".join(f"{other + ' ns':>11} {'ratio':>6}" for other in others)
        )
        for row in group.rows:
            print(
                f"{'':6} {row['n']:>9,}  {row['operation']:9} {row[first + '_ns']:8.1f} "
                + " ".join(f"{row[other + '_ns']:11.1f} {row[other + '_ratio']:6.2f}" for other in others),
                flush=True,
            )
    if options.json:
        report = {
            "command": "python benchmarks/python/ratios.py " + " ".join(sys.argv[1:]),
            "python": platform.python_version(),
            "machine": platform.machine(),
            "system": platform.system(),
            "rows": [row for group in groups.values() for row in group.rows],
        }
        options.json.write_text(json.dumps(report, indent=1) + "\n")


if __name__ == "__main__":
    main()
