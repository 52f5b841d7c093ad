"""Saved maps: bytes of the file, opening, look-ups from it, saving and loading, and processes that share one.

    python -m pip install . numpy lmdb diskcache ultradict marisa-trie pure-cdb      # and torch, for its loader
    python benchmarks/python/image.py [--only bytes,open,lookups,disk,workers,loaders] [--rounds 5] [--scale 1]
                                      [--directory DIR] [--write]

    bytes    bytes of file for each entry
    open     opening a file and the first look-up in it, at 10,000, 1,000,000 and 10,000,000 entries
    lookups  an opened map beside the same one in memory: m[k], m.get(k) of keys that are not there, get_many
    disk     saving and loading 10,000,000 entries, int to int, and 1,000,000, str to str, beside dd and pickle
    workers  8 processes that look up every key of the same 1,000,000 and 10,000,000 entries
    loaders  4 processes that get a dataset with a map in it, as PyTorch's DataLoader has them, and torch's own

Each peer runs in processes of its own, and rounds go over all of them by turns; what is compared to a few percent
alternates in one process. Figures are medians of the rounds. Files are in the system's cache: nothing is read from
the disk. Processor time is that of all threads, the kernel's part included; it is given beside the wall's, as others
use the machine too. A process allocates and frees memory before it measures: in a virtual machine, memory that no
program had for a while comes from the host, and takes longer than what is measured.

Private bytes are Private_Clean and Private_Dirty of /proc/PID/smaps_rollup, while all workers are there, beyond what
the same process had after it had imported gomap, NumPy and the peer. `--scale 0.01` measures with fewer entries. With
`--only`, `--write` leaves the other parts' results as they were. Linux only.
"""

from __future__ import annotations

import argparse
import datetime
import gc
import hashlib
import importlib.metadata
import importlib.util
import json
import multiprocessing
import os
import pickle
import platform
import random
import re
import resource
import shlex
import shutil
import sqlite3
import statistics
import subprocess
import sys
import sysconfig
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from gomap import Map
from gomap.measure import machine

RESULTS = Path(__file__).resolve().parent.parent / "results"
SHM = Path("/dev/shm")
WORKERS = 8
LOADERS = 4
PACKAGES = {
    "LMDB": "lmdb",
    "diskcache": "diskcache",
    "UltraDict": "UltraDict",
    "marisa": "marisa_trie",
    "cdb": "cdblib",
}


def has(peer: str) -> bool:
    """Whether a peer is installed."""
    return peer not in PACKAGES or importlib.util.find_spec(PACKAGES[peer]) is not None


# ---- keys and values --------------------------------------------------------------------------------------------

#: What is saved: key and value as gomap spells them.
CASES = {
    "int to int": ("int", "int"),
    "int32 to int32": ("int32", "int32"),
    "str to int": ("str", "int"),
    "str to str": ("str", "str"),
    "[32]byte to int": ("[32]byte", "int"),
    "int to [128]byte": ("int", "[128]byte"),
}


def int_keys(first: int, count: int) -> Any:
    """Keys by number, the same in every process: an odd factor permutes the 62-bit numbers."""
    numbers = np.arange(first, first + count, dtype=np.uint64)
    mixed = numbers * np.uint64(0x9E3779B97F4A7C15) ^ (numbers * np.uint64(0xBF58476D1CE4E5B9) >> np.uint64(31))
    return (mixed & np.uint64(2**62 - 1)).astype(np.int64)


def names(count: int) -> list[str]:
    """Identifiers as programs have them: the words of the standard library's sources, then two of them joined."""
    words: dict[str, None] = {}
    for file in sorted(Path(sysconfig.get_paths()["stdlib"]).glob("*.py")):
        words.update(dict.fromkeys(re.findall(r"[a-z]\w+", file.read_text(encoding="utf-8", errors="replace"))))
    base, rng = list(words), random.Random(1)
    while len(words) < count:
        words[f"{rng.choice(base)}_{rng.choice(base)}"] = None
    return list(words)[:count]


def entries(case: str, count: int) -> tuple[Any, Any]:
    if case == "int32 to int32":
        return np.random.default_rng(1).permutation(count).astype(np.int32), np.arange(count, dtype=np.int32)
    keys = int_keys(0, count)
    if case == "int to int":
        return keys, np.arange(count)
    if case == "int to [128]byte":
        return keys, [number.to_bytes(128, "little") for number in range(count)]
    if case == "[32]byte to int":
        return [hashlib.sha256(b"%d" % number).digest() for number in range(count)], np.arange(count)
    words = names(count)
    return words, np.arange(count) if case == "str to int" else words[::-1]


def as_list(column: Any) -> list[Any]:
    made: list[Any] = column.tolist() if isinstance(column, np.ndarray) else column
    return made


def as_bytes(item: Any) -> bytes:
    return item if isinstance(item, bytes) else item.encode() if isinstance(item, str) else item.to_bytes(8, "little")


def saved(case: str, count: int, path: Path | str) -> None:
    """A compacted map of so many entries as a file."""
    made = Map[CASES[case]].from_arrays(*entries(case, count))
    made.compact()
    made.save(path)


# ---- time, memory, processes ------------------------------------------------------------------------------------


def warm(size: int) -> None:
    """Lets the process's memory come from the host before anything is measured."""
    for _ in range(2):
        room = np.empty(size, dtype=np.uint8)
        room[::4096] = 1
        del room


def timed(act: Callable[[], Any]) -> dict[str, float]:
    """Seconds of the wall and of processors, those of child processes included."""
    gc.collect()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    processor, wall = time.process_time(), time.perf_counter()
    kept = act()
    wall, processor = time.perf_counter() - wall, time.process_time() - processor
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    del kept
    children = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    return {"wall": wall, "processor": processor + children}


def private() -> int:
    """The process's private bytes."""
    gc.collect()
    rollup = Path("/proc/self/smaps_rollup").read_text(encoding="ascii")
    return sum(int(kilobytes) * 1024 for kilobytes in re.findall(r"Private_(?:Clean|Dirty):\s+(\d+)", rollup))


def in_a_process(part: str, *arguments: Any) -> Any:
    """What a function of CHILDREN returns in a new process; None, with the reason told, when it fails."""
    command = [sys.executable, __file__, "--child", part, json.dumps(arguments)]
    try:
        done = subprocess.run(command, check=True, capture_output=True, text=True, timeout=900)
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        told = str(error.stderr or error).strip().splitlines()
        print(f"{part} {arguments}: {told[-1] if told else error}", file=sys.stderr)
        return None
    return json.loads(done.stdout.splitlines()[-1])


def median(samples: list[dict[str, float]]) -> dict[str, float]:
    return {name: statistics.median(each[name] for each in samples) for name in samples[0]}


def table(header: list[str], rows: list[list[str]]) -> list[str]:
    rule = ["---", *["---:"] * (len(header) - 1)]
    return ["", *("| " + " | ".join(row) + " |" for row in [header, rule, *rows])]


# ---- peers that have files --------------------------------------------------------------------------------------


def write_peer(peer: str, keys: list[Any], values: list[Any], path: str) -> None:
    if peer == "dict, pickle":
        with open(path, "wb") as file:
            pickle.dump(dict(zip(keys, values, strict=True)), file, protocol=5)
    elif peer == "SQLite":
        with sqlite3.connect(path) as database:
            database.execute("CREATE TABLE m (k PRIMARY KEY, v) WITHOUT ROWID")
            database.executemany("INSERT INTO m VALUES (?, ?)", zip(keys, values, strict=True))
    elif peer == "LMDB":
        import lmdb

        pairs = sorted((as_bytes(k), as_bytes(v)) for k, v in zip(keys, values, strict=True))
        with (
            lmdb.open(path, map_size=2**36, subdir=False, lock=False) as environment,
            environment.begin(write=True) as transaction,
        ):
            for key, value in pairs:
                transaction.put(key, value, append=True)
    elif peer == "marisa":
        import marisa_trie

        texts = (key if isinstance(key, str) else as_bytes(key).hex() for key in keys)
        marisa_trie.BytesTrie(zip(texts, map(as_bytes, values), strict=True)).save(path)
    elif peer == "cdb":
        import cdblib

        with open(path, "wb") as file, cdblib.Writer(file) as writer:
            for key, value in zip(keys, values, strict=True):
                writer.put(as_bytes(key), as_bytes(value))


def open_peer(peer: str, path: str) -> Callable[[Any], Any]:
    """A function that looks up a key in a file, int to int."""
    if peer == "gomap":
        return Map.open(path).__getitem__
    if peer == "dict, pickle":
        with open(path, "rb") as file:
            loaded: dict[int, int] = pickle.load(file)
        return loaded.__getitem__
    if peer == "SQLite":
        execute = sqlite3.connect(f"file:{path}?mode=ro", uri=True).execute
        return lambda key: execute("SELECT v FROM m WHERE k = ?", (key,)).fetchone()[0]
    if peer == "LMDB":
        import lmdb

        get = lmdb.open(path, subdir=False, lock=False, readonly=True).begin(buffers=True).get
        return lambda key: int.from_bytes(get(key.to_bytes(8, "little")), "little")
    if peer == "diskcache":
        import diskcache

        return diskcache.Cache(path).__getitem__  # type: ignore[no-any-return]
    if peer == "UltraDict":
        from UltraDict import UltraDict

        return UltraDict(name=path, create=False, auto_unlink=False).__getitem__  # type: ignore[no-any-return]
    raise AssertionError(peer)


# ---- bytes ------------------------------------------------------------------------------------------------------

FILES = ["gomap", "dict, pickle", "SQLite", "LMDB", "marisa", "cdb"]


def file_bytes(peer: str, case: str, count: int, directory: str) -> float:
    path = os.path.join(directory, "bytes")
    with suppress(FileNotFoundError):
        os.unlink(path)
    if peer == "gomap":
        saved(case, count, path)
    else:
        write_peer(peer, *map(as_list, entries(case, count)), path)
    size = os.stat(path).st_size
    os.unlink(path)
    return size / count


def part_bytes(options: argparse.Namespace, found: dict[str, Any]) -> list[str]:
    most, fewer = scaled(options, 1_000_000), scaled(options, 200_000)
    counts = {peer: most if peer in ("gomap", "dict, pickle") else fewer for peer in FILES if has(peer)}
    for case in CASES:
        found[case] = {p: in_a_process("file_bytes", p, case, n, options.directory) for p, n in counts.items()}
    rows = [[case, *(f"{each:.1f}" if each else "-" for each in found[case].values())] for case in CASES]
    return [
        f"Bytes of file for each of {most:,} entries, of {fewer:,} from SQLite on. marisa has no binary keys: they are "
        "hexadecimal. In str to str the values are the keys in another order, and pickle writes an object once; values "
        "of 128 bytes are a number and zeros, and marisa keeps equal ends once.",
        *table(["", *counts], rows),
    ]


# ---- opening ----------------------------------------------------------------------------------------------------


def opening(peer: str, count: int, path: str, times: int) -> dict[str, float]:
    """Microseconds: of the first time in a process, of what is imported then too, and of later ones."""
    numbers = range(0, count, max(1, count // times))[:times]
    keys = [int_keys(number, 1).tolist()[0] for number in numbers]  # no array that takes the processor's caches
    taken = []
    for key in keys:
        begin = time.perf_counter()
        look_up = open_peer(peer, path)
        look_up(key)
        taken.append((time.perf_counter() - begin) * 1e6)
        del look_up
    return {"first": taken[0], "later": statistics.median(taken[1:])}


def part_open(options: argparse.Namespace, found: dict[str, Any]) -> list[str]:
    rows = []
    for count in (scaled(options, 10_000), scaled(options, 1_000_000), scaled(options, 10_000_000)):
        path = os.path.join(options.directory, f"open.{count}")
        in_a_process("saved", "int to int", count, path)
        paths = {"gomap": path}
        for peer in ("SQLite", "LMDB", "dict, pickle"):
            if has(peer) and count <= 1_000_000:
                paths[peer] = f"{path}.{peer}"
                in_a_process("write_ints", peer, count, paths[peer])
        samples: dict[str, list[Any]] = {peer: [] for peer in paths}
        for _ in range(options.rounds):
            for peer, runs in samples.items():
                runs.append(in_a_process("opening", peer, count, paths[peer], 6 if peer.startswith("dict") else 200))
        found[str(count)] = samples
        for peer, runs in samples.items():
            both = median(runs)
            rows.append([f"{count:,}", peer, f"{both['first']:,.0f}", f"{both['later']:,.0f}"])
    text = "Microseconds to open a file, int to int, and look up one key: the first time in a process, with what is "
    return [text + "imported for it, and later times.", *table(["entries", "", "first", "later"], rows)]


def write_ints(peer: str, count: int, path: str) -> None:
    write_peer(peer, *map(as_list, entries("int to int", count)), path)


# ---- look-ups ---------------------------------------------------------------------------------------------------


def single(m: Any, keys: list[Any]) -> None:
    for key in keys:
        m[key]


def missing(m: Any, keys: list[Any]) -> None:
    get = m.get
    for key in keys:
        get(key)


def many(m: Any, keys: Any) -> None:
    m.get_many(keys)


def lookups(case: str, count: int, directory: str, rounds: int) -> dict[str, Any]:
    """Nanoseconds of the processor for each key: in memory, from a file, from one in /dev/shm."""
    keys, values = entries(case, count)
    m = Map[CASES[case]].from_arrays(keys, values)
    m.compact()
    maps = {"memory": m}
    for name, folder in (("file", Path(directory)), ("/dev/shm", SHM)):
        path = folder / f"gomap-lookups-{os.getpid()}"
        m.save(path)
        maps[name] = Map.open(path)
        path.unlink()
    found: dict[str, Any] = {}
    for each in range(rounds + 1):
        if isinstance(keys, np.ndarray):
            wanted = np.random.default_rng(each).choice(keys, min(count, 1_000_000), replace=False)
            few, absent = wanted[:300_000].tolist(), int_keys(2**40, 300_000).tolist()
        else:
            wanted = random.Random(each).sample(keys, min(count, 500_000))
            few, absent = [word[:1] + word[1:] for word in wanted[:300_000]], [word + "?" for word in wanted[:300_000]]
        for act, given in ((single, few), (missing, absent), (many, wanted)):
            order = list(maps.items())
            for name, other in order if each % 2 else order[::-1]:
                begin = time.process_time()
                act(other, given)
                taken = (time.process_time() - begin) / len(given) * 1e9
                if each:  # the first round touches what is mapped
                    found.setdefault(act.__name__, {}).setdefault(name, []).append(taken)
    return found


def part_lookups(options: argparse.Namespace, found: dict[str, Any]) -> list[str]:
    rows = []
    told = {"single": "`m[k]`", "missing": "`m.get(k)`, absent", "many": "`get_many`"}
    for case, count in (("int to int", 1_000_000), ("int to int", 10_000_000), ("str to int", 1_000_000)):
        count = scaled(options, count)
        got = in_a_process("lookups", case, count, options.directory, options.rounds)
        found[f"{case}, {count}"] = got
        for act, samples in got.items():
            base = samples["memory"]
            row = [f"{case}, {count:,}", told[act], f"{statistics.median(base):.0f}"]
            for name in ("file", "/dev/shm"):
                ratio = statistics.median(a / b for a, b in zip(samples[name], base, strict=True))
                row += [f"{statistics.median(samples[name]):.0f}", f"{ratio:.2f}"]
            rows.append(row)
    header = ["", "", "memory", "file", "ratio", "/dev/shm", "ratio"]
    return [
        "Nanoseconds of the processor for each key; ratios to memory, medians of the rounds'.",
        *table(header, rows),
    ]


# ---- saving and loading -----------------------------------------------------------------------------------------


@contextmanager
def fsync_timed(taken: list[float]) -> Iterator[None]:
    """Adds up the wall's seconds that os.fsync takes."""
    real = os.fsync

    def fsync(file: int) -> None:
        begin = time.perf_counter()
        real(file)
        taken[0] += time.perf_counter() - begin

    os.fsync = fsync
    try:
        yield
    finally:
        os.fsync = real


def dd(source: str, target: str, size: int, *more: str) -> Callable[[], Any]:
    command = ["dd", f"if={source}", f"of={target}", "bs=2M", f"count={-(-size // 2**21)}", *more]
    return lambda: subprocess.run(command, check=True, capture_output=True)


def saving(case: str, count: int, directory: str, rounds: int) -> dict[str, Any]:
    """gomap and dd, by turns, to a directory."""
    m = Map[CASES[case]].from_arrays(*entries(case, count))
    m.compact()
    path, other = os.path.join(directory, "gomap-disk"), os.path.join(directory, "gomap-dd")
    size = m.saved_nbytes
    sync = [] if directory == str(SHM) else ["conv=fsync"]
    found: dict[str, list[dict[str, float]]] = {}
    warm(3 * size)
    for each in range(rounds + 1):
        syncing = [0.0]
        with fsync_timed(syncing):
            runs = {"save": timed(lambda: m.save(path)) | {"fsync": 0.0}}
        runs["save"]["fsync"] = syncing[0]
        runs["dd, write"] = timed(dd("/dev/zero", other, size, *sync))
        runs["load"] = timed(lambda: Map.load(path))
        runs["dd, read"] = timed(dd(path, "/dev/null", size))
        os.unlink(other)
        for name, run in runs.items():
            if each:
                found.setdefault(name, []).append(run | {"bytes": float(size)})
    os.unlink(path)
    return found


def pickling(case: str, count: int, directory: str, rounds: int) -> dict[str, Any]:
    """dict by pickle, to the same directory, with fsync as save has it."""
    d = dict(zip(*map(as_list, entries(case, count)), strict=True))
    path = os.path.join(directory, "gomap-pickle")

    def dump() -> None:
        with open(path, "wb") as file:
            pickle.dump(d, file, protocol=5)
            file.flush()
            os.fsync(file.fileno())

    def load() -> Any:
        with open(path, "rb") as file:
            return pickle.load(file)

    found: dict[str, list[dict[str, float]]] = {"save": [], "load": []}
    for _ in range(rounds):
        found["save"].append(timed(dump) | {"bytes": float(os.stat(path).st_size)})
        found["load"].append(timed(load) | {"bytes": float(os.stat(path).st_size)})
    os.unlink(path)
    return found


def part_disk(options: argparse.Namespace, found: dict[str, Any]) -> list[str]:
    rows = []
    for case, count in (("int to int", 10_000_000), ("str to str", 1_000_000)):
        count = scaled(options, count)
        for directory in (options.directory, str(SHM)):
            place = directory if directory == str(SHM) else "disk"
            got = in_a_process("saving", case, count, directory, options.rounds)
            if place == "disk":
                told = in_a_process("pickling", case, count, directory, 1)
                got |= {f"pickle, {name}": runs for name, runs in told.items()}
            found[f"{case}, {count}, {place}"] = got
            for name, runs in got.items():
                each = median(runs)
                rate = [f"{each['bytes'] / each[clock] / 1e9:.2f}" for clock in ("wall", "processor")]
                base = median(got[name.split(", ")[-1]]) if name.startswith("pickle") else None
                slower = [f"{each[clock] / base[clock]:.1f}" if base else "" for clock in ("wall", "processor")]
                sync = f"{each['fsync']:.3f}" if "fsync" in each else ""
                seconds = [f"{each['wall']:.3f}", f"{each['processor']:.3f}"]
                megabytes = f"{each['bytes'] / 1e6:,.0f}"
                rows.append([f"{case}, {count:,}", place, name, megabytes, *seconds, *rate, sync, *slower])
    header = ["", "to", "", "MB", "s", "processor's s", "GB/s", "GB a processor's s", "fsync, s"]
    header += ["of gomap's s", "of its processor's s"]
    return [
        "`save` syncs the file, as `dd` does on a disk (`conv=fsync`) and the dump by pickle here; `load` compares all "
        "checksums and checks every entry. By pickle once.",
        *table(header, rows),
    ]


# ---- workers ----------------------------------------------------------------------------------------------------

STEP = 4096  # keys at a time, so that a worker has none of its own to speak of


def work(peer: str, given: Any, count: int, stride: int, barrier: Any, results: Any) -> None:
    """In a worker: looks up every key, or every `stride`th."""
    if peer in PACKAGES:
        importlib.import_module(PACKAGES[peer])
    int_keys(0, STEP).tolist()
    barrier.wait()
    before = private()
    look_up = pickle.loads(given).__getitem__ if isinstance(given, bytes) else open_peer(peer, given)
    m = getattr(look_up, "__self__", None)
    barrier.wait()
    processor, seen = time.process_time(), 0
    for first in range(0, count, STEP * stride):
        keys = int_keys(first, min(STEP, count - first))
        if count > 2_000_000 and isinstance(m, Map):
            seen += len(m.get_many(keys))
        else:
            for key in keys.tolist():
                look_up(key)
            seen += len(keys)
    processor = time.process_time() - processor
    barrier.wait()
    results.put((private() - before, processor / seen * 1e9))
    barrier.wait()


def workers(peer: str, method: str, count: int, stride: int, path: str) -> dict[str, float]:
    """Starts them, and adds up what they have."""
    context = multiprocessing.get_context(method)
    if method == "forkserver":
        context.set_forkserver_preload(["numpy", "gomap", "__main__"])
    given: Any = path
    kept: Any = None
    if peer == "gomap":
        given = pickle.dumps(Map.open(path), protocol=5)
    elif peer == "dict, pickle":
        given = pickle.dumps(dict(zip(*map(as_list, entries("int to int", count)), strict=True)), protocol=5)
    elif peer == "diskcache":
        import diskcache

        with diskcache.Cache(path, size_limit=2**40) as cache, cache.transact():
            for key, value in zip(*map(as_list, entries("int to int", count)), strict=True):
                cache[key] = value
    elif peer == "UltraDict":
        from UltraDict import UltraDict

        pairs = zip(*map(as_list, entries("int to int", count)), strict=True)
        kept = UltraDict(dict(pairs), buffer_size=2**28, auto_unlink=True)
        given = kept.name
    barrier, results = context.Barrier(WORKERS), context.Queue()
    arguments = (peer, given, count, stride, barrier, results)
    processes = [context.Process(target=work, args=arguments) for _ in range(WORKERS)]
    for process in processes:
        process.start()
    got = [results.get(timeout=800) for _ in processes]
    for process in processes:
        process.join()
    if kept is not None:
        kept.close()
    return {"private": sum(each for each, _ in got), "ns": statistics.median(each for _, each in got)}


def part_workers(options: argparse.Namespace, found: dict[str, Any]) -> list[str]:
    million, ten = scaled(options, 1_000_000), scaled(options, 10_000_000)
    fewer = scaled(options, 100_000)
    plans = [("gomap", million, 1), ("gomap", ten, 1), ("dict, pickle", million, 1), ("LMDB", million, 4)]
    plans += [("SQLite", million, 8), ("UltraDict", fewer, 1), ("diskcache", fewer, 4)]
    rows = []
    for peer, count, stride in plans:
        if not has(peer):
            continue
        path = os.path.join(options.directory, f"workers-{peer}-{count}")
        if peer == "gomap":
            in_a_process("saved", "int to int", count, path)
        elif peer in ("LMDB", "SQLite"):
            in_a_process("write_ints", peer, count, path)
        for method in ("spawn", "forkserver"):
            rounds = min(options.rounds, 2) if peer == "gomap" else 1
            runs = [in_a_process("workers", peer, method, count, stride, path) for _ in range(rounds)]
            runs = [each for each in runs if each]
            found[f"{peer}, {count}, {method}"] = runs
            if runs:
                each = median(runs)
                mega = f"{each['private'] / 1e6:,.2f}", f"{each['private'] / 1e6 / WORKERS:,.2f}"
                rows.append([peer, f"{count:,}", method, *mega, f"{each['ns']:,.0f}"])
        remove(path)
    return [
        f"{WORKERS} processes; private MB beyond an interpreter with gomap and NumPy. Each looks up every key of "
        "gomap, dict and UltraDict, 4,096 keys in every 16,384 of LMDB and diskcache, in every 32,768 of SQLite, one "
        "at a time; of 10,000,000 with `get_many`. ns are of the processor for each key.",
        *table(["", "entries", "start", "MB", "MB a worker", "ns"], rows),
    ]


# ---- loaders ----------------------------------------------------------------------------------------------------


class Dataset:
    """As PyTorch's: items by number. It has a map, or a dict, from keys to places."""

    def __init__(self, place_of: Any, count: int) -> None:
        self.place_of = place_of
        self.count = count

    def __len__(self) -> int:
        return self.count // STEP

    def __getitem__(self, batch: int) -> tuple[int, int, int]:
        """Looks up a batch of keys; with a worker's number, private bytes now."""
        total = 0
        if self.place_of is not None:
            for key in int_keys(batch * STEP, STEP).tolist():
                total += self.place_of[key]
        return os.getpid(), private(), total


def load_batches(dataset: Dataset, tasks: Any, results: Any, barrier: Any) -> None:
    """In a persistent worker."""
    while (batch := tasks.get()) is not None:
        results.put((batch, dataset[batch]))
    barrier.wait()
    results.put((None, dataset[0]))
    barrier.wait()


def loader(kind: str, holds: str, count: int, path: str) -> dict[str, float]:
    """Private bytes of 4 workers together after all batches, and seconds."""
    place_of: Any = None
    if holds == "Map":
        place_of = Map.open(path)
    elif holds == "dict":
        place_of = dict(zip(*map(as_list, entries("int to int", count)), strict=True))
    dataset = Dataset(place_of, count)
    last: dict[int, int] = {}
    if kind == "torch":
        from torch.utils.data import DataLoader

        loading = DataLoader(
            dataset,  # type: ignore[arg-type]
            batch_size=None,
            num_workers=LOADERS,
            multiprocessing_context="spawn",
            persistent_workers=True,
        )
        begin = time.perf_counter()
        for _ in range(2):
            last |= {process: held for process, held, _total in loading}
        seconds = time.perf_counter() - begin
    else:
        context = multiprocessing.get_context("spawn")
        tasks, results, barrier = context.Queue(), context.Queue(), context.Barrier(LOADERS)
        arguments = (dataset, tasks, results, barrier)
        processes = [context.Process(target=load_batches, args=arguments) for _ in range(LOADERS)]
        begin = time.perf_counter()
        for process in processes:
            process.start()
        batches = len(dataset)
        for batch in [*range(batches), *range(batches), *[None] * LOADERS]:
            tasks.put(batch)
        got = [results.get(timeout=800) for _ in range(2 * batches + LOADERS)]
        seconds = time.perf_counter() - begin
        last = {number: held for batch, (number, held, _total) in got if batch is None}
        for process in processes:
            process.join()
    return {"private": float(sum(last.values())), "seconds": seconds}


def part_loaders(options: argparse.Namespace, found: dict[str, Any]) -> list[str]:
    count = scaled(options, 1_000_000)
    path = os.path.join(options.directory, "loaders")
    in_a_process("saved", "int to int", count, path)
    rows = []
    for kind in ("multiprocessing", "torch"):
        if kind == "torch" and importlib.util.find_spec("torch") is None:
            continue
        got = {holds: in_a_process("loader", kind, holds, count, path) for holds in ("nothing", "Map", "dict")}
        found[kind] = got
        for holds in ("Map", "dict"):
            if got[holds] and got["nothing"]:
                extra = (got[holds]["private"] - got["nothing"]["private"]) / 1e6
                rows.append([kind, holds, f"{extra:,.2f}", f"{extra / LOADERS:,.2f}", f"{got[holds]['seconds']:.1f}"])
    return [
        f"{LOADERS} persistent workers, started by spawn, each with the dataset that was pickled to it. It holds a map "
        f"of {count:,} entries that was opened from a file, or a dict. Private MB beyond the same workers with a "
        "dataset without one, after two epochs.",
        *table(["loader", "holds", "MB", "MB a worker", "s"], rows),
    ]


# ---- all of it --------------------------------------------------------------------------------------------------

PARTS: dict[str, tuple[str, Callable[[argparse.Namespace, dict[str, Any]], list[str]]]] = {
    "bytes": ("Bytes", part_bytes),
    "open": ("Opening", part_open),
    "lookups": ("Look-ups", part_lookups),
    "disk": ("Saving and loading", part_disk),
    "workers": ("Processes that share a map", part_workers),
    "loaders": ("Loaders", part_loaders),
}
CHILDREN: dict[str, Callable[..., Any]] = {
    each.__name__: each for each in (file_bytes, saved, write_ints, opening, lookups, saving, pickling, workers, loader)
}


def scaled(options: argparse.Namespace, count: int) -> int:
    return int(count * options.scale)


def remove(path: str) -> None:
    for each in (path, path + "-lock"):
        if os.path.isdir(each):
            shutil.rmtree(each)
        else:
            with suppress(FileNotFoundError):
                os.unlink(each)


def about(command: str, rounds: int) -> list[str]:
    packages = ("numpy", "lmdb", "diskcache", "ultradict", "marisa-trie", "pure-cdb", "torch")
    versions = []
    for name in packages:
        with suppress(importlib.metadata.PackageNotFoundError):
            versions.append(f"{name} {importlib.metadata.version(name)}")
    return [
        f"- command: `{command}`",
        f"- date: {datetime.date.today().isoformat()}",
        f"- machine: {machine.described()}; Linux {platform.release()}",
        f"- SQLite {sqlite3.sqlite_version}, {', '.join(versions)}",
        f"- medians of {rounds} rounds",
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", default=",".join(PARTS))
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--scale", type=float, default=1)
    parser.add_argument("--directory", help="on the disk to measure; default: a temporary one")
    parser.add_argument("--write", action="store_true", help="write results/image.json and results/image.md")
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(CHILDREN[options.child[0]](*json.loads(options.child[1]))))
        return
    command = shlex.join(["python", "benchmarks/python/image.py", *sys.argv[1:]])
    measured: dict[str, Any] = {}
    with tempfile.TemporaryDirectory(dir=options.directory) as directory:
        options.directory = directory
        for name in options.only.split(","):
            samples: dict[str, Any] = {}
            text = PARTS[name][1](options, samples)
            measured[name] = {"about": about(command, options.rounds), "text": text, "samples": samples}
    results, whole = RESULTS / "image.json", measured
    if options.write and results.exists():  # parts that were not measured now stay
        whole = json.loads(results.read_text(encoding="utf-8")) | measured
    lines = ["# Saved maps"]
    for name, (title, _) in PARTS.items():
        if name in whole:
            lines += ["", f"## {title}", "", *whole[name]["about"], "", *whole[name]["text"]]
    report = "\n".join(lines) + "\n"
    print(report)
    if options.write:
        (RESULTS / "image.md").write_text(report, encoding="utf-8")
        results.write_text(json.dumps(whole, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
