"""Caches: what an operation takes, an entry's bytes, hits on traces, and the memory of a day, beside other libraries'.

    python -m pip install . numpy cachebox theine moka-py cachetools lru-dict       # and matplotlib, for the picture
    python benchmarks/python/cache.py [--only speed,bytes,ratio,day] [--peers 'NAME; NAME'] [--write]
                                      [--rounds 3] [--entries 1000,100000,1000000]
                                      [--sizes 500000,700000,900000]
                                      [--traces DIRECTORY] [--names zipf-0.9,loop] [--shares 0.01,0.1]
                                      [--accesses 400000]
                                      [--equal entries,bytes] [--all]
                                      [--customers 1000000] [--seconds 60]

    speed  ns an operation, int to int and str to 128 bytes, of full caches of so many `--entries`
    bytes  bytes of an entry, int to int and int to 128 bytes, in full caches of so many `--sizes`
    ratio  the share of a trace's accesses that hit, in caches of so many `--shares` of its distinct keys
    day    bytes over 24 hours: customers come in the first hour, each with a time of its own to leave

Each peer has a process of its own, and rounds go over all of them by turns. A library that is not installed is left
out and named. What each peer is: cache_peers.py; what one process does: cache_runs.py. Linux only.

speed  Processor time of all threads of the process. Every peer runs the same plain loops over a prepared list:
       get   get(key) of a key that is there; item: c[key]; miss: get(key) of one that is not
       set   c[key] = value, or c.set(key, value), of a new key: one entry goes for each that comes
       read  get(key), and as it is not there, load(key) and set; load is a Python function that has the value ready
       The loop's own time is in the figures; a table's first line has it, of the same loops without a cache. Keys are
       looked up in random order by equal but fresh objects, without a hash in them. Keys and values stay alive in
       the lists: no peer has to free one. Ratios are medians of the rounds', to the fastest of the other
       libraries that bound their size and let nothing expire. More than 100,000 entries are measured in one round.
bytes  What the process grew by, for each entry held: keys and values are distinct objects, made when they are put
       in and kept by nobody else. Full: after so many were put in. Turned over: after twice as many more, so that
       what entries leave behind counts. Own: nbytes of gomap.Cache, and sys.getsizeof of cachebox's, which is
       without keys and values. Means of the sizes, as tables grow in steps.
ratio  Replays the first accesses of NAME.u32 of the directory, a flat file of little-endian uint32 (traces.py makes
       such): what get does not find is put in. At
       equal entries; and at equal bytes, 256 for each entry of the share: so many entries, int to 128 bytes, as fit
       by the figures of `bytes`, measured in the same run or written before. optimum knows the future (Belady's
       rule, and what comes need not stay). Loops are also replayed with half and nine tenths of their keys. Peers
       whose rule another has too are left out, unless there is `--all`.
day    As many customers are there as in gomap.measure.black_friday, int to 128 bytes; each is put in with the time
       that it will stay. gomap's and cachetools's clocks can be set: they live 24 hours. The others only have the
       system's clock: their day takes so many `--seconds`, and theine's times to live are a second at least. A
       thousand look-ups are made each minute of the day. Bytes are what the process grew by; a library that
       removes what has expired when it is told to, is told to before.

With `--only`, `--write` leaves other parts' results as they were, and speed's with other numbers of entries. It writes
benchmarks/results/cache.{md,json}, and cache.svg where matplotlib is installed.
"""

from __future__ import annotations

import argparse
import datetime
import importlib.util
import json
import os
import shlex
import statistics
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import traces
from cache_peers import DAY, PEERS, Peer
from cache_runs import RUNS, left_at_midnight

import gomap
from gomap.measure.machine import described

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "core"))
import run as core

RESULTS, PICTURE = core.RESULTS, "cache.svg"
OPERATIONS = ["get", "item", "miss", "set", "read"]
LOOPS_ALONE = "the loop alone"
#: Bytes for each entry of a share, where caches are compared at equal bytes: about what the leanest of the others hold.
BUDGET = 256
#: Their rule is that of a faster peer.
TWINS = ("cachetools.LRUCache", "cachetools.LFUCache", "lru-dict", "functools.lru_cache")
#: Caches of more entries are measured in one round: filling them takes most of the time.
MANY = 100_000
#: Seconds for one process.
LIMIT = 1800

Found = dict[str, Any]


def in_a_process(run: str, *arguments: Any) -> Any:
    """What one of RUNS returns in a new process; None, with the reason told, when it fails."""
    core.progress(f"{run} {' '.join(map(str, arguments))}")
    command = [sys.executable, __file__, "--child", run, json.dumps(arguments)]
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=LIMIT)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        told = str(error.stderr or error).strip().splitlines()
        print(f"{run} {arguments}: {told[-1] if told else error}", file=sys.stderr)
        return None
    return json.loads(done.stdout.splitlines()[-1])


# ---- speed ----------------------------------------------------------------------------------------------------------


def measure_speed(options: argparse.Namespace) -> Found:
    found: Found = {}
    for case in ("int to int", "str to 128 bytes"):
        for entries in options.entries:
            samples: dict[str, list[Any]] = {name: [] for name in [LOOPS_ALONE, *options.there]}
            for _ in range(options.rounds if entries <= MANY else 1):
                for name, runs in samples.items():
                    runs.append(in_a_process("speed", name, case, entries))
            found[f"{case}, {entries:,} entries"] = {name: runs for name, runs in samples.items() if None not in runs}
    return found


def report_speed(found: Found) -> list[str]:
    parts = []
    for title, samples in found.items():
        columns = [speed_cells(samples, operation) for operation in OPERATIONS]
        rows = [[name, *(column.get(name, "") for column in columns)] for name in samples]
        parts += [f"### {title}", core.as_markdown([["ns", *OPERATIONS], *rows])]
    return parts


def is_rival(peer: Peer) -> bool:
    return peer.bounded and not peer.expires and peer.package != "gomap"


def speed_cells(samples: dict[str, list[dict[str, float]]], operation: str) -> dict[str, str]:
    """An operation's nanoseconds by peer, and their ratio to the fastest's."""
    has = {name: [run[operation] for run in runs] for name, runs in samples.items() if operation in runs[0]}
    rivals = [name for name in has if name in PEERS and is_rival(PEERS[name])]
    best = min(rivals, key=lambda name: statistics.median(has[name]), default=None)
    cells = {}
    for name, taken in has.items():
        cells[name] = f"{statistics.median(taken):.0f}"
        if best and name in PEERS:
            cells[name] += f" ({statistics.median(a / b for a, b in zip(taken, has[best], strict=True)):.2f})"
    return cells


# ---- bytes ----------------------------------------------------------------------------------------------------------


def measure_bytes(options: argparse.Namespace) -> Found:
    found: Found = {}
    for case in ("int to int", "int to 128 bytes"):
        for name in options.there:
            runs = [in_a_process("entry_bytes", name, case, entries) for entries in options.sizes]
            if None not in runs:
                found.setdefault(case, {})[name] = runs
    return found


def report_bytes(found: Found) -> list[str]:
    stages = ("full", "turned over", "own, full", "own, turned over")
    parts = []
    for case, samples in found.items():
        rows = [[name, *(mean_of(runs, stage) for stage in stages)] for name, runs in samples.items()]
        parts += [f"### {case}", core.as_markdown([["bytes an entry", *stages], *rows])]
    return parts


def mean_of(runs: list[dict[str, float]], what: str) -> str:
    return f"{statistics.mean(run[what] for run in runs):.1f}" if what in runs[0] else ""


def known_bytes(measured: Found) -> dict[str, float]:
    """An entry's bytes by peer, int to 128 bytes, of this run or as written before."""
    kept = RESULTS / "cache.json"
    if "bytes" not in measured and kept.exists():
        measured = json.loads(kept.read_text(encoding="utf-8"))
    samples = measured.get("bytes", {}).get("found", {}).get("int to 128 bytes", {})
    return {
        name: statistics.mean(run["turned over"] for run in runs)
        for name, runs in samples.items()
        if PEERS[name].bounded
    }


# ---- hits -----------------------------------------------------------------------------------------------------------


def measure_ratio(options: argparse.Namespace) -> Found:
    paths = sorted(Path(options.traces).glob("*.u32"))
    names = [name for name in options.lasting if PEERS[name].bounded and (options.all or name not in TWINS)]
    bytes_of = known_bytes(options.measured) if "bytes" in options.equal else {}
    found = {}
    for path in paths:
        if not options.names or path.stem in options.names:
            found[path.stem] = measure_trace(
                path, options.accesses, names, options.shares, "entries" in options.equal, bytes_of
            )
            print(f"{path.stem}: {json.dumps(found[path.stem])}", file=sys.stderr)
    return found


def measure_trace(
    path: Path, most: int, names: list[str], shares: list[float], equal_entries: bool, bytes_of: dict[str, float]
) -> Found:
    trace = traces.load(path.parent, path.stem, most)
    where = (str(path.parent), path.stem, most)
    distinct = len(np.unique(trace))
    if path.stem.startswith("loop"):
        shares = sorted({*shares, 0.5, 0.9})
    sizes = [max(1, round(share * distinct)) for share in shares]
    found: Found = {"accesses": len(trace), "distinct": distinct, "shares": shares, "sizes": sizes}
    if equal_entries:
        found["entries"] = {"optimum": in_a_process("optimum", *where, sizes)}
        found["entries"] |= {name: in_a_process("replay", name, *where, sizes, False) for name in names}
    if bytes_of:
        found["bytes"] = {}
        for name in names:
            if PEERS[name].make_of_bytes:
                fitting = [BUDGET * size for size in sizes]
            elif name in bytes_of:
                fitting = [max(1, int(BUDGET * size / bytes_of[name])) for size in sizes]
            else:
                continue
            found["bytes"][name] = in_a_process("replay", name, *where, fitting, True)
    return found


def report_ratio(found: Found) -> list[str]:
    parts = []
    for equal, title in (("entries", "At equal entries"), ("bytes", f"At equal bytes, {BUDGET} for each entry")):
        columns = list(dict.fromkeys(name for each in found.values() for name in each.get(equal, {})))
        rows = []
        for trace, each in found.items():
            for at, (share, size) in enumerate(zip(each["shares"], each["sizes"], strict=True)):
                replays = [each.get(equal, {}).get(name) for name in columns]
                cells = [f"{100 * done['hits'][at]:.2f}" if done else "" for done in replays]
                rows.append([trace, f"{100 * share:g} %", f"{size:,}", *cells])
        if columns:
            parts += [f"### {title}", core.as_markdown([["hits, %", "share", "entries", *columns], *rows])]
    rows = []
    for trace, each in found.items():
        most = 100 * (1 - each["distinct"] / each["accesses"])
        rows.append([trace, f"{each['accesses']:,}", f"{each['distinct']:,}", f"{most:.2f}"])
    head = ["", "accesses", "distinct keys", "hits without bounds, %"]
    return [*parts, "### The traces", core.as_markdown([head, *rows])]


# ---- the day --------------------------------------------------------------------------------------------------------


def measure_day(options: argparse.Namespace) -> Found:
    found: Found = {"customers": options.customers, "seconds": options.seconds, "days": {}}
    for name, one in DAY.items():
        if one.peer in options.there:
            lived = in_a_process("day", name, options.customers, options.seconds)
            if lived:
                found["days"][name] = lived
    return found


def report_day(found: Found) -> list[str]:
    hours = (1, 2, 4, 8, 12, 16, 24)
    rows = []
    for name, lived in found["days"].items():
        at = dict(zip(lived["minute"], lived["resident"], strict=True))
        most, *cells = (f"{held / 1e6:.0f}" for held in (max(lived["resident"]), *(at[60 * hour] for hour in hours)))
        clock = "24 hours" if DAY[name].fake else f"{found['seconds']:g} seconds"
        rows.append([name, clock, most, *cells, f"{lived['entries'][-1]:,}"])
    customers = found["customers"]
    head = ["MB", "its day", "most", *(f"{hour}:00" for hour in hours), "entries at the end"]
    text = f"{customers:,} customers in the first hour; {left_at_midnight(customers):,} are there at the end."
    picture = [f"![bytes over the day]({PICTURE})"] if (RESULTS / PICTURE).exists() else []
    return [text, core.as_markdown([head, *rows]), *picture]


def draw(found: Found, path: Path) -> None:
    import matplotlib as mpl
    from matplotlib.figure import Figure

    colours = dict(zip(DAY, ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00"), strict=True))
    with mpl.rc_context({"svg.hashsalt": "gomap", "font.size": 10}):
        figure = Figure(figsize=(8, 4.5), layout="constrained")
        axes = figure.add_subplot()
        for name, lived in found["days"].items():
            hours, megabytes = [minute / 60 for minute in lived["minute"]], [held / 1e6 for held in lived["resident"]]
            width = 2.5 if name == "gomap.Cache" else 1.4
            axes.plot(hours, megabytes, label=name, color=colours[name], linewidth=width)
        axes.set_title("MB that the process grew by", loc="left", fontsize=11)
        axes.set_xlabel("hours")
        axes.set_xticks(range(0, 25, 4))
        axes.set_xlim(0, 24)
        axes.set_ylim(0, None)
        axes.grid(axis="y", color="#dddddd", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        axes.legend(frameon=False)
        figure.savefig(path, format="svg", facecolor="white", metadata={"Date": None})


# ---- all of it ------------------------------------------------------------------------------------------------------

PARTS = {
    "speed": ("Speed", measure_speed, report_speed),
    "bytes": ("Bytes of an entry", measure_bytes, report_bytes),
    "ratio": ("Hits", measure_ratio, report_ratio),
    "day": ("A day", measure_day, report_day),
}


def about(command: str, options: argparse.Namespace, missing: dict[str, str]) -> dict[str, str]:
    versions = sorted({PEERS[name].version() for name in options.there} - {"", f"gomap {gomap.__version__}"})
    found = {
        "command": f"`{command}`",
        "date": datetime.date.today().isoformat(),
        "machine": described(),
        "load average": f"{os.getloadavg()[0]:.1f}",
        "packages": ", ".join([f"gomap {gomap.__version__}", f"numpy {np.__version__}", *versions]),
    }
    if missing:
        found["left out"] = "; ".join(f"{name} ({why})" for name, why in missing.items())
    return found


def report(document: Found) -> str:
    parts = ["# Caches", "What each figure is: the first lines of [cache.py](../python/cache.py)."]
    for name, (title, _, reported) in PARTS.items():
        if name in document:
            facts = "\n".join(f"- {fact}: {it}" for fact, it in document[name]["about"].items())
            parts += [f"## {title}", facts, *reported(document[name]["found"])]
    return "\n\n".join(parts) + "\n"


def merged(kept: Found, measured: Found) -> Found:
    """What was measured now, and of what was before the parts that were not, and the sizes of speed."""
    if "speed" in kept and "speed" in measured:
        now, before = measured["speed"], kept["speed"]
        others = {title: samples for title, samples in before["found"].items() if title not in now["found"]}
        if others:
            now["found"] = others | now["found"]
            now["about"]["command"] = f"{before['about']['command']}, then {now['about']['command']}"
            now["about"]["load average"] = f"{before['about']['load average']}, then {now['about']['load average']}"
    return kept | measured


def listed(text: str) -> list[str]:
    return [each.strip() for each in text.split(",")]


def integers(text: str) -> list[int]:
    return [int(each) for each in text.split(",")]


def numbers(text: str) -> list[float]:
    return [float(each) for each in text.split(",")]


def parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", type=listed, default=list(PARTS), help="of " + ",".join(PARTS))
    parser.add_argument("--peers", default="; ".join(PEERS), help="between semicolons, of " + "; ".join(PEERS))
    parser.add_argument("--rounds", type=int, default=3, help="of speed (default 3)")
    parser.add_argument("--entries", type=integers, default=[1_000, 100_000, 1_000_000], help="of speed")
    parser.add_argument("--sizes", type=integers, default=[500_000, 700_000, 900_000], help="of bytes")
    parser.add_argument("--traces", help="the directory of the traces of ratio; without one it is left out")
    parser.add_argument("--names", type=listed, help="of the traces; all by default")
    parser.add_argument("--accesses", type=int, default=400_000, help="of each trace, from its begin; -1: all")
    parser.add_argument("--shares", type=numbers, default=[0.01, 0.1], help="of a trace's distinct keys")
    parser.add_argument("--equal", type=listed, default=["entries", "bytes"], help="of entries,bytes")
    parser.add_argument("--all", action="store_true", help="replay traces with every peer")
    parser.add_argument("--customers", type=int, default=1_000_000, help="of the day")
    parser.add_argument("--seconds", type=float, default=60, help="of the day, where a clock cannot be set")
    parser.add_argument("--write", action="store_true", help="write the results")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    return parser


def main() -> None:
    options = parser().parse_args()
    if options.child:
        print(json.dumps(RUNS[options.child[0]](*json.loads(options.child[1]))))
        return
    wanted = [name.strip() for name in options.peers.split(";")]
    for unknown in {*wanted} - {*PEERS} | {*options.only} - {*PARTS} | {*options.equal} - {"entries", "bytes"}:
        parser().error(f"expected a name that --help lists, got {unknown!r}")
    missing = {name: why for name in wanted if (why := PEERS[name].missing())}
    options.there = [name for name in wanted if name not in missing]
    options.lasting = [name for name in options.there if not PEERS[name].expires]
    command = shlex.join(["python", "benchmarks/python/cache.py", *sys.argv[1:]])
    document: Found = {}
    options.measured = document
    for name in PARTS:
        if name in options.only and (name != "ratio" or options.traces):
            document[name] = {"found": PARTS[name][1](options), "about": about(command, options, missing)}
    core.progress("")
    if options.write:
        if "day" in document and importlib.util.find_spec("matplotlib"):
            draw(document["day"]["found"], RESULTS / PICTURE)
        kept = RESULTS / "cache.json"
        if kept.exists():
            document = merged(json.loads(kept.read_text(encoding="utf-8")), document)
        kept.write_text(json.dumps(document) + "\n", encoding="utf-8")
        (RESULTS / "cache.md").write_text(report(document), encoding="utf-8")
    print(report(document))


if __name__ == "__main__":
    main()
