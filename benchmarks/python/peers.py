"""Memory and speed of dict, Map, GoMap and other libraries' maps, one key at a time.

    python -m pip install '.[peers]'
    python benchmarks/python/peers.py [--only cykhash,judy,...] [--cases int,bytes,str,digest]
                                      [--parts memory,speed] [--sizes 1000000,...] [--entries 1000000]
                                      [--rounds 3] [--write]

    int     int to int, random 63-bit keys
    bytes   int to 128 bytes
    str     16 hexadecimal digits to int
    digest  32 random bytes to three 32-bit numbers, a named tuple

Each library runs in processes of its own; one that is not installed is left out and named. Where one takes
no such keys or values but holds objects, or other forms of the same, that is what it gets, and the table says
so: the conversion is in its time, as its user pays for it.

memory  One map grows key by key through all sizes. Bytes are what the process grew by, after collection and
        malloc_trim, so that all that a map makes the process hold counts, keys and values as objects too;
        peak is the most that the process held on the way. Then every key is deleted, and left is what stays
        of what was held full. Linux only.
speed   `--entries` entries: ns an operation, of the processor's time, in a `for` loop. A round measures dict
        and then the library, in one process, and the ratio is the median of the rounds'. Keys looked up and
        deleted are equal but fresh objects in another order than they were put in, without a hash in them.
        All have one value, so that dict's hits and deletions touch no other memory for it.

    set     m[k] = v into an empty map that grows
    hit     m[k]; miss: m.get(k), keys that are not there
    in      k in m; not in: keys that are not there
    delete  del m[k], down to the empty map
    items   for k, v in m.items()

It takes about a quarter of an hour. `--write` leaves benchmarks/results/peers.json and .md, the table of
docs/peers.md, and, where matplotlib is installed, docs/peers.svg; `--report` writes all but the JSON again,
from it. With one of the parts, `--write` leaves the other as it was.
"""

from __future__ import annotations

import argparse
import datetime
import gc
import hashlib
import importlib.metadata
import json
import os
import platform
import shlex
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gomap
from gomap.measure import loops
from gomap.measure import peers as adapters
from gomap.measure.machine import resident, resident_peak
from gomap.measure.numbers import scattered, shuffled
from gomap.measure.peers import Peer, Unsuited
from gomap.types import parse

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "core"))
import run as core
from bulk_peers import trim

ROOT = Path(__file__).resolve().parent.parent.parent
RESULTS, DOCUMENT, PICTURE = core.RESULTS, ROOT / "docs" / "peers.md", ROOT / "docs" / "peers.svg"
SIZES = [1_000_000 + i * 1_000_000 // 7 for i in range(8)]
PARTS = ["memory", "speed"]
OPERATIONS = ["set", "hit", "miss", "in", "not in", "delete", "items"]
PACKAGES = ["borghash", "cykhash", "preshed", "pypocketmap", "numba", "pandas", "BTrees", "judy"]
#: Looked at, and why it is not measured.
UNAVAILABLE = {
    "microdict": "0.1.1, its last, has wheels for CPython 3.5 to 3.9 and no source",
    "borghash for str": "its hash is a key's first four bytes, of which hexadecimal digits make 65,536: an "
    "insertion takes ever longer",
}
#: Seconds for one process; the slowest takes about 40.
LIMIT = 400

STRUCT = "struct{refcount uint32; size uint32; csize uint32}"
Entry = parse(STRUCT).namedtuple


# ---- keys and values --------------------------------------------------------------------------------

_mixed = scattered(63)


@dataclass(frozen=True)
class Case:
    """Keys and values by number; what goes in, how gomap spells it, and its bytes without any map."""

    title: str
    key: Callable[[int], Any]
    value: Callable[[int], Any]
    types: tuple[str, str]
    raw: int


CASES = {
    "int": Case("int to int", _mixed, lambda i: i + 2**40, ("int", "int"), 16),
    "bytes": Case("int to 128 bytes", _mixed, lambda i: i.to_bytes(128, "little"), ("int", "[128]byte"), 136),
    "str": Case("str of 16 to int", lambda i: f"{_mixed(i):016x}", lambda i: i + 2**40, ("string", "int"), 24),
    "digest": Case(
        "32 bytes to three 32-bit numbers",
        lambda i: hashlib.sha256(i.to_bytes(8, "little")).digest(),
        lambda i: Entry(1, i + 1000, i + 2000),
        ("[32]byte", STRUCT),
        44,
    ),
}


# ---- peers ------------------------------------------------------------------------------------------

PEERS = (
    "dict",
    "Map",
    "GoMap",
    "borghash",
    "cykhash",
    "preshed",
    "pypocketmap",
    "numba",
    "pandas",
    "BTrees",
    "judy",
)


def peer_of(name: str, case: str) -> Peer:
    """
    :raises ImportError: it is not installed
    :raises Unsuited: it cannot hold such entries, nor anything like them
    """
    key, value = CASES[case].types
    if name in ("dict", "Map", "GoMap"):
        return Peer(dict if name == "dict" else lambda: getattr(gomap, name)(key, value))
    return adapters.PEERS[name](parse(key, "key"), parse(value))


# ---- loops ------------------------------------------------------------------------------------------


def do_set(m: Any, keys: list[Any], value: Any, peer: Peer) -> None:
    key_of, value_of = peer.key, peer.value
    if key_of is not None and value_of is not None:
        for k in keys:
            m[key_of(k)] = value_of(value)
    elif key_of is not None:
        for k in keys:
            m[key_of(k)] = value
    elif value_of is not None:
        for k in keys:
            m[k] = value_of(value)
    else:
        loops.put(m, keys, value)


def do_hit(m: Any, keys: list[Any], value: Any, peer: Peer) -> None:
    key_of = peer.key
    if key_of is None:
        return loops.hit(m, keys)
    for k in keys:
        m[key_of(k)]
    return None


def do_miss(m: Any, keys: list[Any], value: Any, peer: Peer) -> None:
    if peer.get == "item":
        return do_hit(m, keys, value, peer)
    get, key_of = m.get, peer.key
    if key_of is None:
        return loops.get(m, keys)
    for k in keys:
        get(key_of(k))
    return None


def do_in(m: Any, keys: list[Any], value: Any, peer: Peer) -> None:
    key_of = peer.key
    if key_of is None:
        return loops.contains(m, keys)
    for k in keys:
        key_of(k) in m  # noqa: B015
    return None


def do_delete(m: Any, keys: list[Any], value: Any, peer: Peer) -> None:
    key_of = peer.key
    if key_of is None:
        return loops.delete(m, keys)
    for k in keys:
        del m[key_of(k)]
    return None


def do_items(m: Any, keys: list[Any], value: Any, peer: Peer) -> None:
    loops.items(m)


#: By name: what is done, and with which of the keys.
LOOPS: dict[str, tuple[Callable[[Any, list[Any], Any, Peer], None], str]] = {
    "set": (do_set, "put"),
    "hit": (do_hit, "look"),
    "miss": (do_miss, "absent"),
    "in": (do_in, "look"),
    "not in": (do_in, "absent"),
    "items": (do_items, "put"),
    "delete": (do_delete, "look"),
}


# ---- one process ------------------------------------------------------------------------------------


def check(m: Any, peer: Peer, case: Case, numbers: Iterable[int]) -> None:
    """Some of what was put in is there, and the like of it is not."""
    for i in numbers:
        key = case.key(i) if peer.key is None else peer.key(case.key(i))
        value = case.value(i) if peer.value is None else peer.value(case.value(i))
        other = case.key(i + 2**40) if peer.key is None else peer.key(case.key(i + 2**40))
        if key not in m or m[key] != value or other in m:
            raise AssertionError(f"entry {i} is not what was put in")


def growth(peer: Peer, case: Case, sizes: list[int]) -> dict[str, Any]:
    """Bytes an entry as a map grows, the most on the way, and the share left after deleting everything."""
    key, value = case.key, case.value
    if peer.key is not None:
        key = lambda i, f=case.key, g=peer.key: g(f(i))  # noqa: E731
    if peer.value is not None:
        value = lambda i, f=case.value, g=peer.value: g(f(i))  # noqa: E731
    warm = peer.make()
    warm[key(0)] = value(0)  # imports and compiles
    if "delete" not in peer.lacks:
        del warm[key(0)]
    del warm

    def held() -> int:
        gc.collect()
        trim()
        found = resident()
        assert found is not None
        return found

    before = held()
    Path("/proc/self/clear_refs").write_text("5")  # the peak begins anew
    m, n, found, peaks = peer.make(), 0, [], []
    for size in sizes:
        for i in range(n, size):
            m[key(i)] = value(i)
        n = size
        peak = resident_peak()
        assert peak is not None
        peaks.append((peak - before) / n)
        found.append((held() - before) / n)
    check(m, peer, case, range(0, n, n // 100))
    answer = {"bytes": found, "peak": peaks}
    if "delete" not in peer.lacks:
        full = held() - before
        for i in range(n):
            del m[key(i)]
        answer["left"] = (held() - before) / full
    return answer


def anew(keys: list[Any]) -> list[Any]:
    """Equal keys that are other objects, without a hash in them; ints have none."""
    return keys if isinstance(keys[0], int) else [k[:1] + k[1:] for k in keys]


def one_round(peer: Peer, keys: dict[str, list[Any]], value: Any) -> dict[str, float]:
    """Nanoseconds an operation."""
    m, spent = peer.make(), {}
    for name, (loop, which) in LOOPS.items():
        if name in peer.lacks:
            continue
        used = anew(keys[which])
        start = time.process_time_ns()
        loop(m, used, value, peer)
        spent[name] = (time.process_time_ns() - start) / len(used)
    if "delete" not in peer.lacks and any(True for _ in m.items()):
        raise AssertionError("it is not empty after every key was deleted")
    return spent


def speed(peer: Peer, case: Case, entries: int, rounds: int) -> dict[str, Any]:
    numbers = shuffled(entries)
    keys = {
        "put": list(map(case.key, range(entries))),
        "look": list(map(case.key, numbers)),
        "absent": list(map(case.key, range(entries, 2 * entries))),
    }
    few = {which: some[:10] for which, some in keys.items()} | {"look": keys["put"][:10]}
    value, beside = case.value(0), Peer(dict)
    one_round(peer, few, value)  # imports and compiles
    gc.collect()
    gc.disable()
    samples: dict[str, Any] = {"dict": {}, "peer": {}}
    for _ in range(rounds):
        for who, which in (("dict", beside), ("peer", peer)):
            for operation, ns in one_round(which, keys, value).items():
                samples[who].setdefault(operation, []).append(ns)
    return samples


def child(part: str, name: str, case: str, sizes: list[int], entries: int, rounds: int) -> dict[str, Any]:
    try:
        peer = peer_of(name, case)
    except ImportError as missing:
        return {"missing": str(missing)}
    except Unsuited:
        return {}
    if part == "memory":
        return {"given": peer.given, **growth(peer, CASES[case], sizes)}
    return {"given": peer.given, **speed(peer, CASES[case], entries, rounds)}


# ---- all of them ------------------------------------------------------------------------------------

Found = dict[str, Any]


def in_a_process(*job: Any) -> dict[str, Any]:
    command = [sys.executable, __file__, "--child", json.dumps(job)]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=LIMIT)
    except subprocess.TimeoutExpired:
        return {"failed": f"not done in {LIMIT} seconds"}
    if done.returncode:
        lines = done.stderr.strip().splitlines() or [f"ended with {done.returncode}"]
        return {"failed": lines[-1]}
    answer: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return answer


def measure(part: str, names: list[str], cases: list[str], sizes: list[int], entries: int, rounds: int) -> Found:
    """A part's figures by case and library, who is not installed, and what failed."""
    figures: Found = {case: {} for case in cases}
    missing: dict[str, str] = {}
    failed: dict[str, str] = {}
    loads = [os.getloadavg()[0]]
    for case, by_peer in figures.items():
        for name in names:
            if name in missing or (part == "speed" and name == "dict"):
                continue
            core.progress(f"{part}, {CASES[case].title}, {name}")
            answer = in_a_process(part, name, case, sizes, entries, rounds)
            if "missing" in answer:
                missing[name] = answer["missing"]
            elif "failed" in answer:
                failed[f"{name}, {CASES[case].title}"] = answer["failed"]
            elif answer:
                by_peer[name] = answer
        loads.append(os.getloadavg()[0])
    core.progress("")
    return {
        "sizes": sizes if part == "memory" else [entries],
        "load": loads,
        "missing": missing,
        "failed": failed,
        "cases": {case: by_peer for case, by_peer in figures.items() if by_peer},
    }


def about(found: Found, command: str) -> dict[str, str]:
    versions = {"gomap": gomap.__version__}
    for package in PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            versions[package] = "none"
    machine, load = core.machine([]), found["load"]
    pages = "transparent huge pages"
    return {
        "command": f"`{command}`",
        "date": datetime.date.today().isoformat(),
        "cpu": machine["cpu"],
        "system": machine["system"],
        **({pages: machine[pages]} if pages in machine else {}),
        "load average": f"{min(load):.1f} to {max(load):.1f} ({load[0]:.1f} at the start)",
        "Python": platform.python_version(),
        "packages": ", ".join(f"{name} {version}" for name, version in versions.items()),
    }


# ---- reporting --------------------------------------------------------------------------------------

Cell = tuple[float, str] | None  # a figure, of which the lowest of a column is the best, and how it is shown


def best_in_bold(rows: list[tuple[str, list[Cell]]]) -> list[list[str]]:
    """Every column's lowest figure in bold, and what is shown as that."""
    shown = []
    columns = list(zip(*(cells for _, cells in rows), strict=True))
    least = [min((cell for cell in column if cell), default=None) for column in columns]
    for label, cells in rows:
        line = [label]
        for cell, best in zip(cells, least, strict=True):
            line.append("" if cell is None else f"**{cell[1]}**" if best and cell[1] == best[1] else cell[1])
        shown.append(line)
    return shown


def label_of(name: str, measured: dict[str, Any]) -> str:
    return f"{name} ({measured['given']})" if measured.get("given") else name


def mean_bytes(measured: dict[str, Any]) -> Cell:
    mean = statistics.mean(measured["bytes"])
    return mean, f"{mean:.1f}"


def left(measured: dict[str, Any]) -> Cell:
    return (measured["left"], f"{100 * measured['left']:.0f} %") if "left" in measured else None


def ratio(measured: dict[str, Any], operation: str) -> Cell:
    """To dict's time in the same process: the median of the rounds'."""
    if operation not in measured["peer"]:
        return None
    pairs = zip(measured["peer"][operation], measured["dict"][operation], strict=True)
    found = statistics.median(own / other for own, other in pairs)
    return found, f"{found:.2f}" if found < 9.95 else f"{found:.0f}"


def table_of_memory(by_peer: dict[str, Any]) -> str:
    rows: list[tuple[str, list[Cell]]] = []
    for name, measured in by_peer.items():
        most, peak = max(measured["bytes"]), max(measured["peak"])
        cells = [mean_bytes(measured), (most, f"{most:.1f}"), (peak, f"{peak:.1f}"), left(measured)]
        rows.append((label_of(name, measured), cells))
    head = ["bytes an entry", "mean", "max", "peak", "left"]
    return core.as_markdown([head, *best_in_bold(rows)])


def of_dict(by_peer: dict[str, Any], operation: str) -> float:
    """Nanoseconds: the median over all processes' rounds."""
    return statistics.median(ns for measured in by_peer.values() for ns in measured["dict"][operation])


def table_of_speed(by_peer: dict[str, Any]) -> str:
    rows: list[tuple[str, list[Cell]]] = [("dict", [(1.0, "1.00")] * len(OPERATIONS))]
    for name, measured in by_peer.items():
        rows.append((label_of(name, measured), [ratio(measured, operation) for operation in OPERATIONS]))
    ns = ["dict, ns", *(f"{of_dict(by_peer, operation):.0f}" for operation in OPERATIONS)]
    return core.as_markdown([["ratio to dict", *OPERATIONS], *best_in_bold(rows), ns])


TITLES = {"memory": "Memory", "speed": "Speed"}


def report(document: Found) -> str:
    parts = [
        "# One key at a time, beside dict and other libraries",
        "What each figure is: the first lines of [peers.py](../python/peers.py); what each library's limits "
        "are: [docs/peers.md](../../docs/peers.md). The best of every column is in bold.",
    ]
    for part, found in document.items():
        sizes = found["sizes"]
        parts += [f"## {TITLES[part]}", "\n".join(f"- {name}: {it}" for name, it in found["about"].items())]
        if part == "memory":
            parts.append(
                f"Bytes an entry: mean and highest of {len(sizes)} sizes from {sizes[0]:,} to {sizes[-1]:,}, "
                "and the highest of what the process held on the way; left after deleting every key."
            )
        else:
            parts.append(f"{sizes[0]:,} entries; processor time as a share of dict's in the same process.")
        for case, by_peer in found["cases"].items():
            title = CASES[case].title
            if part == "memory":
                parts += [f"### {title}: {CASES[case].raw} bytes of data", table_of_memory(by_peer)]
            else:
                parts += [f"### {title}", table_of_speed(by_peer)]
        for what, why in (("Left out", {**found["missing"], **UNAVAILABLE}), ("Failed", found["failed"])):
            if why:
                parts.append(f"{what}: " + "; ".join(f"{name} ({it})" for name, it in why.items()) + ".")
    return "\n\n".join(parts) + "\n"


BEGIN, END = "<!-- python benchmarks/python/peers.py --report -->\n\n", "\n\n<!-- end -->"


def summary(document: Found) -> str:
    """int to int in one table."""
    memory, fast = (document[part]["cases"]["int"] for part in PARTS)
    operations = ["set", "hit", "miss", "not in", "delete", "items"]
    rows: list[tuple[str, list[Cell]]] = []
    for name, measured in memory.items():
        most = max(measured["bytes"])
        cells: list[Cell] = [mean_bytes(measured), (most, f"{most:.1f}"), left(measured)]
        if name == "dict":
            cells += [(1.0, "1.00")] * len(operations)
        else:
            cells += [ratio(fast[name], each) if name in fast else None for each in operations]
        rows.append((label_of(name, measured), cells))
    return core.as_markdown([["", "bytes", "max", "left", *operations], *best_in_bold(rows)])


#: Told apart by the colour-blind too, and by how they are drawn: the others are thin and named.
STYLES: dict[str, dict[str, Any]] = {
    "Map": {"color": "#0072b2", "linewidth": 2.5},
    "GoMap": {"color": "#d55e00", "linewidth": 1.8},
    "dict": {"color": "#777777", "linewidth": 1.8, "linestyle": (0, (1.5, 1))},
}
MARKS = "osD^vXP*h"


def draw(memory: Found, path: Path) -> None:
    """Bytes an entry over the sweep, int to int."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    sizes = [size / 1e6 for size in memory["sizes"]]
    by_peer = memory["cases"]["int"]
    order = sorted(by_peer, key=lambda name: -by_peer[name]["bytes"][-1])
    others = [name for name in by_peer if name not in STYLES]
    with mpl.rc_context({"svg.hashsalt": "gomap", "font.size": 10}):
        figure = Figure(figsize=(8, 5), layout="constrained")
        axes = figure.add_subplot()
        for name in order:
            style = STYLES.get(name)
            if style is None:
                at = others.index(name)
                colours = ("#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#000000")
                style = {"color": colours[at % 5], "linewidth": 1, "marker": MARKS[at % 9], "markersize": 4}
            axes.plot(sizes, by_peer[name]["bytes"], label=name, **style)
        axes.axhline(16, color="#999999", linewidth=0.6, linestyle=(0, (4, 3)))
        axes.annotate("the data alone: 16", (sizes[0], 16), (0, -10), textcoords="offset points", fontsize=8)
        axes.set_title("Bytes an entry, int to int: what the process grew by", loc="left", fontsize=11)
        axes.set_xlabel("entries, millions")
        axes.set_yscale("log", base=2)
        ticks = [16, 24, 32, 48, 64, 96, 128, 192]
        axes.set_yticks(ticks, [str(tick) for tick in ticks])
        axes.minorticks_off()
        axes.set_ylim(13, None)
        axes.set_xlim(sizes[0], sizes[-1])
        axes.grid(axis="y", color="#dddddd", linewidth=0.6)
        axes.spines[["top", "right"]].set_visible(False)
        figure.legend(frameon=False, loc="outside right upper")
        figure.savefig(path, format="svg", facecolor="white", metadata={"Date": None})


def write(document: Found) -> None:
    """All that is made from the figures."""
    (RESULTS / "peers.md").write_text(report(document))
    written = ["benchmarks/results/peers.md"]
    has = [part for part in PARTS if "int" in document.get(part, {}).get("cases", {})]
    if has == PARTS and DOCUMENT.exists():
        text = DOCUMENT.read_text()
        head, _, rest = text.partition(BEGIN)
        _, end, tail = rest.partition(END)
        if not end:
            sys.exit(f"expected {BEGIN.strip()} and {END.strip()} in {DOCUMENT.name}")
        DOCUMENT.write_text(head + BEGIN + summary(document) + END + tail)
        written.append("docs/peers.md")
    if "memory" in has:
        try:
            draw(document["memory"], PICTURE)
            written.append("docs/peers.svg")
        except ImportError:
            print("docs/peers.svg is not drawn: matplotlib is not installed", file=sys.stderr)
    print("wrote " + ", ".join(written))


def listed(parser: argparse.ArgumentParser, option: str, given: str, known: Iterable[str]) -> list[str]:
    wanted = given.split(",")
    for each in wanted:
        if each not in known:
            parser.error(f"{option}: expected some of {', '.join(known)}, got {each!r}")
    return [each for each in known if each in wanted]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(PEERS), help="of " + ",".join(PEERS))
    parser.add_argument("--cases", default=",".join(CASES), help="of " + ",".join(CASES))
    parser.add_argument("--parts", default=",".join(PARTS), help="of " + ",".join(PARTS))
    parser.add_argument("--sizes", default=",".join(map(str, SIZES)), help="entries, ascending")
    parser.add_argument("--entries", type=int, default=1_000_000, help="of speed (default 1,000,000)")
    parser.add_argument("--rounds", type=int, default=3, help="of speed (default 3)")
    parser.add_argument("--write", action="store_true", help="write what the first lines say")
    parser.add_argument("--report", action="store_true", help="measure nothing, write it from the JSON")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(child(*json.loads(options.child))))
        return
    kept = RESULTS / "peers.json"
    if options.report:
        write(json.loads(kept.read_text()))
        return
    parts = listed(parser, "--parts", options.parts, PARTS)
    names = listed(parser, "--only", options.only, PEERS)
    cases = listed(parser, "--cases", options.cases, CASES)
    sizes = [int(size) for size in options.sizes.split(",")]
    if sizes != sorted(sizes) or sizes[0] < 100:
        parser.error(f"--sizes: expected ascending numbers from 100 on, got {options.sizes}")
    command = shlex.join(["python", "benchmarks/python/peers.py", *sys.argv[1:]])
    document = {}
    for part in parts:
        found = measure(part, names, cases, sizes, options.entries, options.rounds)
        document[part] = {"about": about(found, command), **found}
    print(report(document))
    if options.write:
        if kept.exists():  # the part that was not measured
            document = json.loads(kept.read_text()) | document
            document = {part: document[part] for part in PARTS if part in document}
        kept.write_text(json.dumps(document) + "\n")
        write(document)


if __name__ == "__main__":
    main()
