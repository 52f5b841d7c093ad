"""Threads that share a map: how look-ups scale, and what a writer costs a reader.

    python benchmarks/python/threads.py [--entries 100000] [--seconds 1] [--rounds 5] [--write]

    one      a thread looks up keys that are there, one after another, `get(key)`, or many at a time, `get_many`
    two      two threads do so on the same map: together they reach so many times what one reaches
    apart    two threads, each on a map of its own: what the machine allows
    beside   one looks up while another puts in and removes keys of its own: what is left of the reader's speed
    shared   one call with `threads=2`, of `get_many`, `set_many` (of keys that are there) and `from_arrays`: it is so
             many times as fast as with one thread

Operations a second by the clock; medians of the rounds, in each of which all are measured in turn. dict does the same
beside it. On a build with the interpreter's lock single look-ups cannot scale; the table says which build it was. The
two threads need two processors with nothing else to do. `--write` writes benchmarks/results/threads.md, on a
free-threaded build threads_free.md.
"""

from __future__ import annotations

import argparse
import array
import random
import shlex
import statistics
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import gomap
from gomap.measure.machine import described

RESULTS = Path(__file__).resolve().parent.parent / "results"
Work = Callable[[Callable[[], bool]], int]


def rate(seconds: float, *works: Work) -> list[float]:
    """Operations a second of each, all at once."""
    done: list[float] = [0.0] * len(works)
    gate = threading.Barrier(len(works))

    def run(i: int) -> None:
        gate.wait()
        begun = time.perf_counter()
        until = begun + seconds
        count = works[i](lambda: time.perf_counter() < until)
        done[i] = count / (time.perf_counter() - begun)

    threads = [threading.Thread(target=run, args=(i,)) for i in range(len(works))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return done


def getting(m: Any, keys: list[int]) -> Work:
    def work(going: Callable[[], bool]) -> int:
        count, get = 0, m.get
        while going():
            for key in keys:
                get(key)
            count += len(keys)
        return count

    return work


def getting_many(m: Any, keys: Any) -> Work:
    def work(going: Callable[[], bool]) -> int:
        count = 0
        while going():
            m.get_many(keys)
            count += len(keys)
        return count

    return work


def writing(m: Any, keys: list[int]) -> Work:
    def work(going: Callable[[], bool]) -> int:
        count = 0
        while going():
            for key in keys:
                m[key] = 1
            for key in keys:
                del m[key]
            count += 2 * len(keys)
        return count

    return work


def shared(make: Callable[[], Any], entries: int) -> dict[str, float]:
    """How many times as fast a call is with two threads: by the clock, the best of five by turns."""
    keys = array.array("q", random.Random(1).sample(range(2**40), entries))
    m = make()
    m.set_many(keys, keys)
    calls: dict[str, Callable[[int], Any]] = {
        "get_many": lambda threads: m.get_many(keys, threads=threads),
        "set_many": lambda threads: m.set_many(keys, keys, threads=threads),
        "from_arrays": lambda threads: type(m).from_arrays(keys, keys, key=int, value=int, threads=threads),
    }
    ratios = {}
    for name, call in calls.items():
        best = {1: float("inf"), 2: float("inf")}
        for _ in range(5):
            for threads in best:
                begun = time.perf_counter()
                call(threads)
                best[threads] = min(best[threads], time.perf_counter() - begun)
        ratios[name] = best[1] / best[2]
    return ratios


def measured(make: Callable[[], Any], entries: int, seconds: float) -> dict[str, float]:
    maps = [make(), make()]
    for m in maps:
        m.update({i: i for i in range(entries)})
    keys = [random.Random(1).sample(range(entries), 2000), random.Random(2).sample(range(entries), 2000)]
    own = list(range(-1, -1001, -1))
    results = {}
    (one,) = rate(seconds, getting(maps[0], keys[0]))
    two = rate(seconds, getting(maps[0], keys[0]), getting(maps[0], keys[1]))
    apart = rate(seconds, getting(maps[0], keys[0]), getting(maps[1], keys[1]))
    reader, _ = rate(seconds, getting(maps[0], keys[0]), writing(maps[0], own))
    results.update(one=one, two=sum(two) / one, apart=sum(apart) / one, beside=reader / one)
    if hasattr(maps[0], "get_many"):
        many = [array.array("q", random.Random(i).choices(range(entries), k=100_000)) for i in range(2)]
        (one,) = rate(seconds, getting_many(maps[0], many[0]))
        two = rate(seconds, getting_many(maps[0], many[0]), getting_many(maps[0], many[1]))
        results.update({"one, many": one, "two, many": sum(two) / one})
        results.update(shared(make, 10 * entries))
    return results


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--entries", type=int, default=100_000)
    parser.add_argument("--seconds", type=float, default=1.0, help="of each measurement")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--write", action="store_true", help="write the results")
    options = parser.parse_args()
    subjects: dict[str, Callable[[], Any]] = {
        "dict": dict,
        "Map": lambda: gomap.Map(int, int),
        "GoMap": lambda: gomap.GoMap(int, int),
    }
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in subjects}
    for _ in range(options.rounds):
        for name, make in subjects.items():
            rounds[name].append(measured(make, options.entries, options.seconds))
    lock = getattr(sys, "_is_gil_enabled", lambda: True)()
    lines = [
        "# Threads",
        "",
        f"`python {shlex.join(['benchmarks/python/threads.py', *sys.argv[1:]])}`, {described()}; "
        f"{'with' if lock else 'without'} the interpreter's lock. int to int, {options.entries:,} entries.",
        "",
        "| | one: `get`s a second | two | apart | beside | one: `get_many`, keys a second | two | "
        f"shared, {10 * options.entries:,} entries: `get_many` | `set_many` | `from_arrays` |",
        "|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for name, all_rounds in rounds.items():
        middle = {key: statistics.median(each[key] for each in all_rounds) for key in all_rounds[0]}
        cells = [f"{middle['one']:,.0f}", *(f"{middle[key]:.2f}" for key in ("two", "apart", "beside"))]
        if "one, many" in middle:
            cells += [f"{middle['one, many']:,.0f}", f"{middle['two, many']:.2f}"]
            cells += [f"{middle[name]:.2f}" for name in ("get_many", "set_many", "from_arrays")]
        else:
            cells += [""] * 5
        lines.append(f"| {name} | {' | '.join(cells)} |")
    text = "\n".join(lines) + "\n"
    print(text)
    if options.write:
        (RESULTS / ("threads.md" if lock else "threads_free.md")).write_text(text)


if __name__ == "__main__":
    main()
