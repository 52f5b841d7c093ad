"""Whole arrays at a time: gomap beside dict, and beside the libraries that do the like.

    python -m pip install '.[peers]'
    python benchmarks/python/bulk.py [--sizes 1000000,10000000] [--rounds 5] [--only maps,isin,...] [--write]
                                     [--without dict "pandas Series" ...]

Random int64 keys with int64 values; what is looked up comes in another order than it was put in. Every peer
runs in a process of its own, a new one for every round, and the rounds go over all of them by turns. One that
is not installed is left out. bulk_peers.py has what each does.

    maps       build: a map from two arrays. hit: the values for n keys, which for a library that gives
               positions is taking from an array too. miss, in and miss, get: which are there, and a default
               for those that are not. delete: all, in a third order. bytes: as gomap counts them; resident:
               what the process grew by, an entry. pyarrow and polars build a table in every call: theirs are
               whole calls, beside the others' sums
    isin       n keys of which half are among n others: with building the set, and without
    count      how often each comes of as many ids as the largest size, a tenth of which are distinct
    factorize  codes for the same ids
    threads    get_many by two threads at a time, each its own keys, beside one; by the wall clock. Two
               processes that do the same show how much of two cores the machine had to give
    str        16 hexadecimal digits, from Arrow's array, NumPy's U and a list of fresh strings
    core       in C (core/bulk.c): gomap_find_many beside a loop, and random lines of memory, 32 under way

Time is the processor's, of all threads of a process, and per key; every library is held to one thread, but
for those marked 2 threads, whose time is the wall's. What can be done again (all but deleting, and strings)
is done once before it is measured, in memory that is used again. Figures are medians of the rounds, ratios
the medians of the rounds' ratios to the first line, above 1 where the first is faster.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.metadata
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "core"))
import run as core

PARTS = ["maps", "isin", "count", "factorize", "threads", "str", "core"]
WORDS = 1_000_000  # strings at most
TWO = "2 threads"
PACKAGES = ["numpy", "phashmap", "pandas", "cykhash", "hirola", "numba", "pyarrow", "polars"]
THREADS = [
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "POLARS_MAX_THREADS",
    "NUMBA_NUM_THREADS",
]

#: What two operations make together, for peers that do both at once.
SUMS = {"build and hit": ("build", "hit"), "build and miss": ("build", "miss, get")}

Samples = dict[str, dict[str, dict[str, list[float]]]]  # by peer, "cpu" or "wall", and operation: one a round


# ---- measuring


def child(part: str, peer: str, n: int, seed: int) -> None:
    import bulk_peers

    try:
        answer = bulk_peers.measure(part, peer, n, seed)
    except ImportError as missing:
        answer = {"missing": str(missing)}
    print(json.dumps(answer))


def one(command: list[str], what: str, threads: int) -> dict[str, Any]:
    environment = {**os.environ, **dict.fromkeys(THREADS, str(threads))}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    if done.returncode:
        sys.exit(f"{what} failed:\n{done.stderr}")
    answer: dict[str, Any] = json.loads(done.stdout)
    return answer


def round_of_core(program: Path, n: int, seed: int, into: Samples) -> None:
    answer = one([str(program), str(n), str(seed)], f"core, {n:,}", 1)
    for peer, operations in answer.items():
        for operation, ns in operations.items():
            into.setdefault(peer, {}).setdefault("cpu", {}).setdefault(operation, []).append(ns)


def round_of_peer(part: str, peer: str, n: int, seed: int, into: Samples) -> str | None:
    """Says why, where the peer cannot run."""
    command = [sys.executable, __file__, "--child", part, peer, str(n), str(seed)]
    answer = one(command, f"{part}, {peer}, {n:,}", 2 if peer.endswith(TWO) else 1)
    if "missing" in answer:
        return str(answer["missing"])
    samples = into.setdefault(peer, {})
    for clock in ("cpu", "wall"):
        for operation, times in answer[clock].items():
            samples.setdefault(clock, {}).setdefault(operation, []).append(statistics.median(times))
        by_name = samples[clock]
        for both, (first, second) in SUMS.items():
            if first in answer[clock] and second in answer[clock]:
                by_name.setdefault(both, []).append(by_name[first][-1] + by_name[second][-1])
    for fact in ("bytes", "resident"):
        if fact in answer:
            samples.setdefault("facts", {}).setdefault(fact, []).append(answer[fact])
    return None


def sizes_of(part: str, sizes: list[int]) -> list[int]:
    if part in ("count", "factorize"):
        return [max(sizes)]
    return sorted({min(n, WORDS) for n in sizes}) if part == "str" else sizes


def measure(parts: list[str], without: list[str], sizes: list[int], rounds: int, directory: Path) -> dict[str, Any]:
    import bulk_peers

    found: dict[str, dict[int, Samples]] = {part: {n: {} for n in sizes_of(part, sizes)} for part in parts}
    missing = dict.fromkeys(without, "not asked for")
    loads = [os.getloadavg()[0]]
    program = directory / "bulk"
    if "core" in parts:
        sources = [str(core.HERE / "bulk.c"), *map(str, sorted(core.CSRC.rglob("*.c")))]
        flags = ["-std=c11", *core.OPTIMISE, *core.WARNINGS, f"-I{core.CSRC}"]
        core.build([*core.tool("CC", "cc"), *flags, *sources, "-lm", "-o", str(program)])
    for seed in range(1, rounds + 1):
        for part, by_size in found.items():
            for n, samples in by_size.items():
                if part == "core":
                    core.progress(f"round {seed} of {rounds}: core, {n:,}")
                    round_of_core(program, n, seed, samples)
                    continue
                for peer in bulk_peers.PARTS[part][1]:
                    if peer in missing:
                        continue
                    core.progress(f"round {seed} of {rounds}: {part}, {n:,}, {peer}")
                    why = round_of_peer(part, peer, n, seed, samples)
                    if why:
                        missing[peer] = why
                        print(f"{peer} is left out: {why}", file=sys.stderr)
        loads.append(os.getloadavg()[0])
    core.progress("")
    return {"parts": found, "missing": missing, "load": loads}


# ---- reporting


def median(samples: Samples, peer: str, operation: str) -> float:
    return statistics.median(samples[peer]["wall" if peer.endswith(TWO) else "cpu"][operation])


def ratio(samples: Samples, peer: str, first: str, operation: str, other: str | None = None) -> float:
    """Of a peer to the first, or of its operation to another: the median of the rounds'."""
    clock = "wall" if peer.endswith(TWO) else "cpu"
    theirs, ours = samples[peer][clock][operation], samples[first][clock][other or operation]
    return statistics.median(a / b for a, b in zip(theirs, ours, strict=True))


def table(samples: Samples) -> list[list[str]]:
    """A line for each peer, beside the first."""
    first = next(iter(samples))
    operations = list(samples[first]["cpu"])
    has_bytes = "facts" in samples[first]
    rows = [["ns a key", *operations, *(["bytes", "resident"] if has_bytes else [])]]
    for peer, measured in samples.items():
        row = [peer]
        for operation in operations:
            if operation not in measured["cpu"]:
                row.append("")
            elif peer == first:
                row.append(f"{median(samples, peer, operation):.1f}")
            else:
                times = ratio(samples, peer, first, operation)
                row.append(f"{median(samples, peer, operation):.1f} ({times:.2f})")
        if has_bytes:
            facts = measured.get("facts", {})
            row += [f"{statistics.median(facts[f]):.1f}" if f in facts else "" for f in ("bytes", "resident")]
        rows.append(row)
    return rows


def table_of_threads(samples: Samples) -> list[list[str]]:
    rows = [["ns a key, by the wall", "one thread", "two threads", "throughput", "best", "two processes", "best"]]
    for peer, measured in samples.items():
        one_thread, two = measured["wall"]["one thread"], measured["wall"]["two threads"]
        row = [peer, f"{statistics.median(one_thread):.1f}", f"{statistics.median(two):.1f}"]
        for other in ("two threads", "two processes"):
            if other in measured["wall"]:
                gains = [a / b for a, b in zip(one_thread, measured["wall"][other], strict=True)]
                row += [f"{statistics.median(gains):.2f}", f"{max(gains):.2f}"]
            else:
                row += ["", ""]
        rows.append(row)
    return rows


def table_of_core(samples: Samples) -> list[list[str]]:
    rows = [["ns a key", "find", "at", "many", "find / many", "at / many", "many / line", "many / huge line"]]
    for peer in list(samples)[1:]:
        for what in ("hit", "miss"):
            ways = [f"{what} {way}" for way in ("find", "at", "many")]
            row = [f"{peer}, {what}", *(f"{median(samples, peer, way):.1f}" for way in ways)]
            row += [f"{ratio(samples, peer, peer, way, ways[2]):.2f}" for way in ways[:2]]
            row += [f"{ratio(samples, peer, 'machine', ways[2], line):.2f}" for line in ("lines", "lines_huge")]
            rows.append(row)
    return rows


def lines(samples: Samples) -> str:
    plain, huge = (median(samples, "machine", which) for which in ("lines", "lines_huge"))
    return f"A random line of memory, 32 under way: {plain:.2f} ns; on huge pages {huge:.2f} ns."


def beside_lines(maps: Samples, machine: Samples) -> list[list[str]]:
    """get_many in the same rounds' lines."""
    rows = [["lines of memory a key", "line", "huge line"]]
    for peer in [each for each in ("Map", "GoMap") if each in maps]:
        for operation in ("hit", "hit, out=", "miss, in", "miss, get"):
            row = [f"{peer}, {operation}"]
            for line in ("lines", "lines_huge"):
                costs = zip(maps[peer]["cpu"][operation], machine["machine"]["cpu"][line], strict=True)
                row.append(f"{statistics.median(a / b for a, b in costs):.2f}")
            rows.append(row)
    return rows


def sections(found: dict[str, Any]) -> list[tuple[str, list[str | list[list[str]]]]]:
    made: list[tuple[str, list[str | list[list[str]]]]] = []
    for part, by_size in found["parts"].items():
        for n, samples in by_size.items():
            shown: list[str | list[list[str]]] = []
            if part == "core":
                shown += [lines(samples), table_of_core(samples)]
                maps = found["parts"].get("maps", {}).get(n)
                if maps:
                    shown.append(beside_lines(maps, samples))
            else:
                shown.append(table_of_threads(samples) if part == "threads" else table(samples))
            made.append((f"{part}, {n:,}", shown))
    return made


def facts(found: dict[str, Any], command: str, rounds: int) -> dict[str, str]:
    versions = {}
    for package in ["gomap", *PACKAGES]:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "none"
    machine = core.machine([])
    load = found["load"]
    return {
        "command": f"`{command}`",
        "date": datetime.date.today().isoformat(),
        "rounds": str(rounds),
        "cpu": machine["cpu"],
        "system": machine["system"],
        **({"transparent huge pages": machine[t]} if (t := "transparent huge pages") in machine else {}),
        "load average": f"{min(load):.1f} to {max(load):.1f} ({load[0]:.1f} at the start)",
        "C compiler": machine["C compiler"],
        "Python": platform.python_version(),
        "packages": ", ".join(f"{name} {version}" for name, version in versions.items()),
    }


def report(found: dict[str, Any], about: dict[str, str]) -> str:
    parts = [
        "# Whole arrays at a time, beside dict and other libraries",
        "Processor time in ns a key, medians of the rounds, and in brackets the ratio to the first line, "
        "above 1 where the first is faster; of a line that says 2 threads it is the wall's. What each is: "
        "the first lines of [bulk.py](../python/bulk.py).",
        "\n".join(f"- {name}: {fact}" for name, fact in about.items()),
    ]
    for title, shown in sections(found):
        parts.append(f"## {title}")
        parts += [each if isinstance(each, str) else core.as_markdown(each) for each in shown]
    if found["missing"]:
        parts.append("Left out: " + "; ".join(f"{peer} ({why})" for peer, why in found["missing"].items()) + ".")
    return "\n\n".join(parts) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", default="1000000,10000000")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--only", default=",".join(PARTS), help="of " + ",".join(PARTS))
    parser.add_argument("--without", nargs="+", default=[], metavar="PEER", help="peers to leave out")
    parser.add_argument("--write", action="store_true", help="write benchmarks/results/bulk.json and .md")
    parser.add_argument("--json", type=Path, help="write every sample to this file")
    parser.add_argument("--child", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        part, peer, n, seed = options.child
        return child(part, peer, int(n), int(seed))
    sizes = [int(size) for size in options.sizes.split(",")]
    parts = options.only.split(",")
    if not set(parts) <= set(PARTS):
        parser.error(f"--only: expected some of {', '.join(PARTS)}, got {options.only}")

    with tempfile.TemporaryDirectory(prefix="gomap-bulk-") as directory:
        found = measure(parts, options.without, sizes, options.rounds, Path(directory))
    about = facts(found, shlex.join(["python", "benchmarks/python/bulk.py", *sys.argv[1:]]), options.rounds)
    document = json.dumps({"about": about, **found}) + "\n"
    if options.json:
        options.json.write_text(document)
    for title, shown in sections(found):
        print(f"{title}\n")
        for each in shown:
            print((each if isinstance(each, str) else core.as_text(each)) + "\n")
    if options.write:
        core.RESULTS.mkdir(exist_ok=True)
        (core.RESULTS / "bulk.json").write_text(document)
        (core.RESULTS / "bulk.md").write_text(report(found, about))
        print("wrote benchmarks/results/bulk.json and bulk.md")
    return None


if __name__ == "__main__":
    main()
