"""Caches: what an operation takes, an entry's bytes, hits on traces, and the memory of a day, beside other libraries'.

    python -m pip install . numpy cachebox theine moka-py cachetools lru-dict       # and matplotlib, for the picture
    python benchmarks/python/cache.py [--only speed,bytes,ratio,day] [--peers NAME,...] [--rounds 3] [--write]
                                      [--entries 1000,100000,1000000] [--sizes 1000000,1400000,1800000]
                                      [--traces DIRECTORY] [--names zipf-0.9,...] [--shares 0.01,0.1]
                                      [--customers 1000000] [--seconds 120]

    speed  ns an operation, int to int and str to 128 bytes, at so many `--entries`, of a cache that is full
    bytes  bytes of an entry, int to int and int to 128 bytes, in full caches of so many `--sizes`
    ratio  the share of a trace's accesses that hit, with caches of so many `--shares` of its distinct keys
    day    bytes over 24 hours: customers come in the first hour, each with a time of its own to leave

Each peer has a process of its own, and rounds go over all of them by turns. A library that is not installed is left
out and named. Each is used in its own way: see cache_peers.py.

speed  Processor time of all threads of the process. Every peer runs the same plain loops over a prepared list:
       get     get(key) of a key that is there; item: c[key]; miss: get(key) of one that is not
       set     c[key] = value (or c.set(key, value)) of a new key: one entry goes for each that comes
       read    get(key), and as it is not there, load(key) and set; load is a Python function that has the value ready
       The loop's own time is in the figures, and the first line of a table has it: of the same loop without the cache.
       Keys are looked up by equal but fresh objects, without a hash in them, in random order. The lists that keys
       and values come from keep them alive: no peer frees an object. Ratios are to the fastest of the other
       libraries that bound their size, the median of the rounds'.
bytes  What the process grew by, for each entry that is held: keys and values are distinct objects, which gomap
       does not keep. Full: after so many have been put in. Turned over: after twice as many more, so that what
       entries come and go leave behind counts. Mean of the sizes, as tables grow in steps. Own: what gomap.Cache's
       nbytes and sys.getsizeof of cachebox's caches say, the latter without keys and values. Linux only.
ratio  Replays NAME.u32, little-endian numbers of 32 bits: an access that get does not find is put in. At equal
       entries, and at equal bytes: each has as many entries, int to 128 bytes, as fit by the figures of `bytes` into
       256 bytes for each entry of the share. optimum knows the future (Belady's, and it need not put in what is used
       last). LRU is the same in all of cachebox, cachetools, lru-dict and functools: `--all-lru` replays each.
day    `customers_at` of gomap's own scenario: entry number j lives until it leaves, int to 128 bytes. gomap's and
       cachetools's clocks are made to go: they live 24 hours at once. The others have the system's clock: their day
       is compressed into `--seconds`, and theine's times to live are whole seconds at least. Each minute of the day
       some customers are looked up. Bytes are what the process grew by; before they are read, a library that
       removes what has expired only when it is told to, is told to.

With `--only`, `--write` leaves the other parts' results as they were; it writes benchmarks/results/cache.{md,json} and
cache.svg.
"""

from __future__ import annotations

import argparse
import datetime
import gc
import heapq
import json
import math
import os
import random
import shlex
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from bulk_peers import trim
from cache_peers import DAY, EMPTY, LONG, PEERS, FakeClock, FastClock, Types, fill, gomap_cache, held, loops_of

from gomap.measure.black_friday import MINUTES, customers_at
from gomap.measure.machine import described, resident
from gomap.measure.numbers import scattered, shuffled

RESULTS = Path(__file__).resolve().parent.parent / "results"
OPERATIONS = ["get", "item", "miss", "set", "read"]
#: Bytes for each entry of a share, where caches are compared at equal bytes.
BUDGET = 256

mixed = scattered(40)


def number(i: int) -> int:
    """Distinct, above 2**30 and spread like chance; of those below 2**40 none is another's."""
    return mixed(i) + 2**40


#: Keys by number, values by key, and what gomap is told.
CASES = {
    "int to int": (number, lambda key: key + 2**41, Types("int", "int")),
    "int to 128 bytes": (number, lambda key: key.to_bytes(128, "little"), Types("int", "[128]byte")),
    "str to 128 bytes": (lambda i: f"{number(i):016x}", lambda key: key.encode() * 8, Types("string", "[128]byte")),
}


def in_a_process(part: str, *arguments: Any) -> Any:
    """What a function of CHILDREN returns in a new process; None, with the reason told, when it fails."""
    command = [sys.executable, __file__, "--child", part, json.dumps(arguments)]
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=1800)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        told = str(error.stderr or error).strip().splitlines()
        print(f"{part} {arguments}: {told[-1] if told else error}", file=sys.stderr)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def table(header: list[str], rows: list[list[str]]) -> list[str]:
    rule = ["---", *["---:"] * (len(header) - 1)]
    return ["", *("| " + " | ".join(row) + " |" for row in [header, rule, *rows])]


# ---- speed ----------------------------------------------------------------------------------------------------------


def fresh(keys: list[Any]) -> list[Any]:
    """Equal keys that are other objects, without a hash in them; ints have none."""
    return keys if isinstance(keys[0], int) else [key[:1] + key[1:] for key in keys]


def speed(name: str, case: str, entries: int) -> dict[str, float]:
    """Nanoseconds an operation; of the empty loops where the name is that of no peer."""
    key, load, types = CASES[case]
    count = max(200_000, min(entries, 1_000_000))
    there = [key(i) for i in range(entries)]
    absent = [key(i) for i in range(entries, entries + 3 * count)]
    wanted = random.Random(1).choices(there, k=count)
    ready = load(there[0])
    data: dict[str, Any] = {"get": fresh(wanted), "item": fresh(wanted), "miss": fresh(absent[:count])}
    data["set"] = [(each, load(each)) for each in absent[count : 2 * count]]
    data["read"] = fresh(absent[2 * count :])
    if name in PEERS:
        peer = PEERS[name]
        cache = peer.make(entries, types, lambda key: ready)
        loops = loops_of(peer, cache)
        fill(peer, cache, there, load)
        if peer.settle:
            peer.settle(cache)
    else:
        cache, loops = None, EMPTY
    found = {}
    gc.collect()
    gc.disable()
    for operation, loop in loops.items():
        entries_or_keys = data[operation]
        begin = time.process_time_ns()
        loop(cache, entries_or_keys, lambda key: ready)
        found[operation] = (time.process_time_ns() - begin) / count
    return found


def part_speed(options: argparse.Namespace, found: dict[str, Any]) -> list[str]:
    lines = []
    for case in ("int to int", "str to 128 bytes"):
        for entries in options.entries:
            samples: dict[str, list[Any]] = {name: [] for name in ["empty loop", *options.peers]}
            for _ in range(options.rounds):
                for name, runs in samples.items():
                    runs.append(in_a_process("speed", name, case, entries))
            samples = {name: runs for name, runs in samples.items() if None not in runs}
            found[f"{case}, {entries}"] = samples
            lines += ["", f"{case}, {entries:,} entries", *table(["ns", *OPERATIONS], speed_rows(samples))]
    return lines


def speed_rows(samples: dict[str, list[Any]]) -> list[list[str]]:
    rows: dict[str, list[str]] = {name: [] for name in samples}
    for operation in OPERATIONS:
        middle = {
            name: statistics.median(run[operation] for run in runs)
            for name, runs in samples.items()
            if operation in runs[0]
        }
        others = [name for name in middle if name in PEERS and PEERS[name].bounded and PEERS[name].package != "gomap"]
        best = min(others, key=middle.__getitem__, default=None)
        for name, runs in samples.items():
            cell = ""
            if name in middle:
                cell = f"{middle[name]:.0f}"
                if best is not None and name in PEERS:
                    pairs = zip(runs, samples[best], strict=True)
                    ratio = statistics.median(own[operation] / other[operation] for own, other in pairs)
                    cell += f" ({ratio:.2f})"
            rows[name].append(cell)
    return [[name, *cells] for name, cells in rows.items()]


# ---- bytes ----------------------------------------------------------------------------------------------------------


def holding() -> int:
    gc.collect()
    trim()
    found = resident()
    assert found is not None
    return found


def entry_bytes(name: str, case: str, entries: int) -> dict[str, float]:
    peer = PEERS[name]
    key, load, types = CASES[case]
    warm = peer.make(100, types, load)  # imports, and starts what threads there are
    fill(peer, warm, map(key, range(200)), load)
    before = holding()
    cache = peer.make(entries, types, load)
    found = {}
    for stage, first, last in (("full", 0, entries), ("turned over", entries, 3 * entries)):
        if stage == "turned over" and not peer.bounded:
            break
        fill(peer, cache, map(key, range(first, last)), load)
        if peer.settle:
            peer.settle(cache)
        there = held(cache)
        found[stage] = (holding() - before) / there
        found[f"held, {stage}"] = there / entries
        if peer.report:
            found[f"own, {stage}"] = peer.report(cache) / there
    return found


def part_bytes(options: argparse.Namespace, found: dict[str, Any]) -> list[str]:
    lines = []
    for case in ("int to int", "int to 128 bytes"):
        samples = {}
        for name in options.peers_with_ttl:
            runs = [in_a_process("entry_bytes", name, case, entries) for entries in options.sizes]
            if None not in runs:
                samples[name] = runs
        found[case] = samples
        rows = []
        for name, runs in samples.items():
            row = [name]
            for what in ("full", "turned over", "own, full", "own, turned over"):
                row.append(f"{statistics.mean(run[what] for run in runs):.1f}" if what in runs[0] else "")
            few = min(run[held] for run in runs for held in run if held.startswith("held"))
            rows.append([*row, f"{100 * few:.1f} %"])
        head = ["bytes an entry", "full", "turned over", "own, full", "own, turned over", "entries held, least"]
        lines += ["", f"{case}, caches of {', '.join(f'{n:,}' for n in options.sizes)}", *table(head, rows)]
    return lines


# ---- hit ratios -----------------------------------------------------------------------------------------------------

#: The peers whose rule is the same as that of a faster one.
TWINS = ("cachetools.LRUCache", "lru-dict", "functools.lru_cache")


def pieces(path: str) -> Iterator[list[int]]:
    trace = np.fromfile(path, dtype="<u4")
    for start in range(0, len(trace), 65536):
        yield trace[start : start + 65536].tolist()


def replay(name: str, path: str, sizes: list[int], by_bytes: bool) -> dict[str, list[float]]:
    """Shares of hits, with caches of so many entries (gomap's of so many bytes if `by_bytes`), and entries held."""
    peer = PEERS[name]
    found: dict[str, list[float]] = {"hits": [], "held": []}
    load, types = (CASES["int to 128 bytes"] if by_bytes and name == "gomap.Cache" else CASES["int to int"])[1:]
    for size in sizes:
        options = {"max_bytes": size} if by_bytes and name == "gomap.Cache" else {}
        cache = gomap_cache(None, types, load, **options) if options else peer.make(size, types, load)
        read, accesses, misses = loops_of(peer, cache)["read"], 0, 0
        most = 0
        for keys in pieces(path):
            misses += read(cache, keys, load)
            accesses += len(keys)
            most = max(most, held(cache))
        found["hits"].append(1 - misses / accesses)
        found["held"].append(most)
    return found


def optimum(path: str, sizes: list[int]) -> dict[str, list[float]]:
    """The share of hits of one who knows the future: what is used last goes first, and may not come in at all."""
    trace = np.fromfile(path, dtype="<u4")
    count = len(trace)
    order = np.argsort(trace, kind="stable")
    again = np.full(count, count)  # the place where an access's key comes next
    same = trace[order[:-1]] == trace[order[1:]]
    again[order[:-1][same]] = order[1:][same]
    return {"hits": [_optimum(again.tolist(), count, size) / count for size in sizes]}


def _optimum(again: list[int], count: int, size: int) -> int:
    """An entry is the place of its next use. Those in the heap that are past were hits, and are out again."""
    kept, heap = bytearray(count), []
    hits = there = 0
    for place, then in enumerate(again):
        if kept[place]:
            hits += 1
            there -= 1
        if then == count:
            continue
        kept[then] = 1
        if there < size:
            there += 1
            heapq.heappush(heap, -then)
        else:
            kept[-heapq.heappushpop(heap, -then)] = 0
        if len(heap) > 2 * size + 1000:
            heap = [each for each in heap if -each > place]
            heapq.heapify(heap)
    return hits


def known_bytes(found: dict[str, Any]) -> dict[str, float]:
    """An entry's bytes by peer, int to 128 bytes: measured now, or before."""
    samples = found
    if not samples and (RESULTS / "cache.json").exists():
        samples = json.loads((RESULTS / "cache.json").read_text(encoding="utf-8")).get("bytes", {}).get("samples", {})
    runs_by_peer = samples.get("int to 128 bytes", {})
    return {name: statistics.mean(run["turned over"] for run in runs) for name, runs in runs_by_peer.items()
            if "turned over" in runs[0]}


def part_ratio(options: argparse.Namespace, found: dict[str, Any]) -> list[str]:
    if not options.traces:
        return ["No traces were given."]
    paths = sorted(Path(options.traces).glob("*.u32"))
    paths = [path for path in paths if not options.names or path.stem in options.names]
    names = [name for name in options.peers if PEERS[name].bounded and (options.all_lru or name not in TWINS)]
    each_bytes = known_bytes(options.measured.get("bytes", {}).get("samples", {}))
    for path in paths:
        trace = np.fromfile(path, dtype="<u4")
        distinct = len(np.unique(trace))
        shares = sorted({*options.shares, *((0.5, 0.9) if path.stem.startswith("loop") else ())})
        sizes = [max(1, round(share * distinct)) for share in shares]
        about = {"accesses": len(trace), "distinct": distinct, "shares": shares, "sizes": sizes}
        by_entries = {"optimum": in_a_process("optimum", str(path), sizes)}
        by_bytes = {}
        for name in names:
            by_entries[name] = in_a_process("replay", name, str(path), sizes, False)
            if name == "gomap.Cache":
                by_bytes[name] = in_a_process("replay", name, str(path), [BUDGET * size for size in sizes], True)
            elif name in each_bytes and not options.no_equal_bytes:
                fitting = [max(1, int(BUDGET * size / each_bytes[name])) for size in sizes]
                by_bytes[name] = in_a_process("replay", name, str(path), fitting, True)
        found[path.stem] = {**about, "by entries": by_entries, "by bytes": by_bytes}
        print(f"{path.stem}: {found[path.stem]}", file=sys.stderr)
    lines = []
    for what, title in (("by entries", "at equal entries"), ("by bytes", f"at equal bytes, {BUDGET} for each entry")):
        rows = []
        columns = [name for name in ("optimum", *names) if any(each[what].get(name) for each in found.values())]
        for trace_name, each in found.items():
            for at, share in enumerate(each["shares"]):
                replays = [each[what].get(name) for name in columns]
                cells = [f"{100 * done['hits'][at]:.2f}" if done else "" for done in replays]
                rows.append([trace_name, f"{share:.1%}", f"{each['sizes'][at]:,}", *cells])
        if columns:
            lines += ["", f"Hits in percent {title}", *table(["trace", "share", "entries", *columns], rows)]
    bounds = [[name, f"{each['accesses']:,}", f"{each['distinct']:,}",
               f"{100 * (1 - each['distinct'] / each['accesses']):.2f}"] for name, each in found.items()]
    return [*lines, *table(["trace", "accesses", "distinct", "hits of a cache without bounds"], bounds)]


# ---- the day --------------------------------------------------------------------------------------------------------


def leaving(j: int, customers: int, remaining: int) -> float:
    """Minutes until customer j leaves, so that as many are there as `customers_at` says."""
    if j >= customers - remaining:
        return 48 * 60
    return 60 + 1380 * math.log((customers - j) / customers) / math.log(remaining / customers)


def day(name: str, customers: int, real_seconds: float) -> list[list[float]]:
    """Minutes, resident bytes, bytes by the peer's own account (or 0), and entries."""
    one, peer = DAY[name], PEERS[DAY[name].peer]
    remaining = max(1, customers // 1000)
    order, dice = shuffled(customers), random.Random(1)
    types, load = Types("int", "[128]byte"), CASES["int to 128 bytes"][1]
    warm = one.make(100, types, FakeClock() if one.fake else FastClock(real_seconds), lambda key: LONG)
    for i in range(200):
        one.put(warm, i, load(i), LONG)
    before = holding()
    clock = FakeClock() if one.fake else FastClock(real_seconds)
    rate = 1.0 if isinstance(clock, FakeClock) else clock.rate
    cache = one.make(2 * customers, types, clock, lambda key: 60 * leaving(key, customers, remaining))
    samples, arrived, get = [], 0, cache.get
    for minute in range(24 * 60 + 1):
        clock.go_to(60 * minute)
        come = min(customers, customers_at(min(minute, 60), customers, remaining))
        for j in order[arrived:come]:
            one.put(cache, j, load(j), (60 * leaving(j, customers, remaining) - clock()) / rate)
        arrived = come
        for _ in range(1000 if minute else 0):
            get(order[dice.randrange(arrived)])
        if minute in MINUTES:
            if peer.settle:
                peer.settle(cache)
            own = peer.report(cache) if peer.report else 0
            samples.append([minute, holding() - before, own, held(cache)])
    return samples


def part_day(options: argparse.Namespace, found: dict[str, Any]) -> list[str]:
    for name in DAY:
        if not PEERS[DAY[name].peer].missing() and (name in options.peers or DAY[name].peer in options.peers_with_ttl):
            run = in_a_process("day", name, options.customers, options.seconds)
            if run:
                found[name] = run
    if not found:
        return ["No peer was there."]
    rows = []
    for name, run in found.items():
        at = {int(minute): bytes_held for minute, bytes_held, _, _ in run}
        clock = "24 hours" if DAY[name].fake else f"{options.seconds:g} seconds"
        cells = [f"{at[60 * hour] / 1e6:.0f}" for hour in (1, 2, 4, 8, 12, 16, 24)]
        rows.append([name, clock, f"{max(at.values()) / 1e6:.0f}", *cells, f"{run[-1][3]:,.0f}"])
    head = ["MB", "its day", "most", "1:00", "2:00", "4:00", "8:00", "12:00", "16:00", "24:00", "entries at the end"]
    expected = customers_at(24 * 60, options.customers, max(1, options.customers // 1000))
    lines = [f"{options.customers:,} customers in the first hour; {expected:,} are left at the end.", *table(head, rows)]
    if options.write:
        try:
            draw(found, RESULTS / "cache.svg")
            lines += ["", "![bytes over the day](cache.svg)"]
        except ImportError:
            print("cache.svg is not drawn: matplotlib is not installed", file=sys.stderr)
    return lines


def draw(found: dict[str, Any], path: Path) -> None:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    colours = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00"]
    with mpl.rc_context({"svg.hashsalt": "gomap", "font.size": 10}):
        figure = Figure(figsize=(8, 4.5), layout="constrained")
        axes = figure.add_subplot()
        for name, run in found.items():
            colour = colours[list(DAY).index(name)]
            width = 2.5 if name == "gomap.Cache" else 1.4
            hours, megabytes = [each[0] / 60 for each in run], [each[1] / 1e6 for each in run]
            axes.plot(hours, megabytes, label=name, color=colour, linewidth=width)
        axes.set_title("Bytes that the process grew by, MB", loc="left", fontsize=11)
        axes.set_xlabel("hours")
        axes.set_xlim(0, 24)
        axes.set_ylim(0, None)
        axes.set_xticks(range(0, 25, 4))
        axes.grid(axis="y", color="#dddddd", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
        figure.savefig(path, format="svg", facecolor="white", metadata={"Date": None})


# ---- all of it ------------------------------------------------------------------------------------------------------

PARTS = {
    "speed": ("Speed", part_speed),
    "bytes": ("Bytes of an entry", part_bytes),
    "ratio": ("Hits", part_ratio),
    "day": ("A day", part_day),
}
CHILDREN = {"speed": speed, "entry_bytes": entry_bytes, "replay": replay, "optimum": optimum, "day": day}


def about(command: str, rounds: int, missing: dict[str, str]) -> list[str]:
    import gomap

    versions = sorted({peer.version() for name, peer in PEERS.items() if peer.package and name not in missing})
    lines = [
        f"- command: `{command}`",
        f"- date: {datetime.date.today().isoformat()}",
        f"- machine: {described()}, load average {os.getloadavg()[0]:.1f}",
        f"- gomap {gomap.__version__}, NumPy {np.__version__}, {', '.join(versions)}",
        f"- medians of {rounds} rounds",
    ]
    if missing:
        lines.append("- left out: " + "; ".join(f"{name} ({why})" for name, why in missing.items()))
    return lines


def numbers(text: str) -> list[int]:
    return [int(each) for each in text.split(",")]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--peers", help="of " + ", ".join(PEERS), default="; ".join(PEERS))
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--entries", type=numbers, default=[1_000, 100_000, 1_000_000])
    parser.add_argument("--sizes", type=numbers, default=[1_000_000, 1_400_000, 1_800_000])
    parser.add_argument("--traces")
    parser.add_argument("--names", type=lambda text: text.split(","))
    parser.add_argument("--shares", type=lambda text: [float(each) for each in text.split(",")], default=[0.01, 0.1])
    parser.add_argument("--all-lru", action="store_true")
    parser.add_argument("--no-equal-bytes", action="store_true")
    parser.add_argument("--customers", type=int, default=1_000_000)
    parser.add_argument("--seconds", type=float, default=120)
    parser.add_argument("--write", action="store_true")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(CHILDREN[options.child[0]](*json.loads(options.child[1]))))
        return
    wanted = [name.strip() for name in options.peers.split(";")]
    missing = {name: why for name in wanted if (why := PEERS[name].missing())}
    options.peers_with_ttl = [name for name in wanted if name not in missing]
    options.peers = [name for name in options.peers_with_ttl if not PEERS[name].expires]
    command = shlex.join(["python", "benchmarks/python/cache.py", *sys.argv[1:]])
    options.measured = {}
    for name in options.only.split(","):
        samples: dict[str, Any] = {}
        text = PARTS[name][1](options, samples)
        options.measured[name] = {"about": about(command, options.rounds, missing), "text": text, "samples": samples}
    results, whole = RESULTS / "cache.json", options.measured
    if options.write and results.exists():  # parts that were not measured now stay
        whole = json.loads(results.read_text(encoding="utf-8")) | whole
    lines = ["# Caches", "", "What each figure is: the first lines of [cache.py](../python/cache.py)."]
    for name, (title, _) in PARTS.items():
        if name in whole:
            lines += ["", f"## {title}", "", *whole[name]["about"], "", *whole[name]["text"]]
    report = "\n".join(lines) + "\n"
    print(report)
    if options.write:
        (RESULTS / "cache.md").write_text(report, encoding="utf-8")
        results.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
