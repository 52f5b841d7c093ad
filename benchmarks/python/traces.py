"""Access traces: the keys that a cache is asked for, one after the other. Made here, or recorded elsewhere.

    python benchmarks/python/traces.py --make OUT [NAME ...]               the synthetic ones, all or the named
    python benchmarks/python/traces.py --convert DIRECTORY OUT [NAME ...]  recorded ones, from their original files

OUT/NAME.u32 holds a trace: little-endian uint32, one for each access. Keys are numbered in the order in which they
first come, so the highest number plus one is the number of distinct keys. `load` reads a trace. OUT/day.seconds holds
the times of the trace `day`: little-endian float64. A line is printed for each trace: accesses, distinct keys, and the
share of accesses whose key came before, which is the hit ratio of a cache that never evicts.

Synthetic, in :data:`SYNTHETIC`. Seeds are fixed: every run makes the same with the same release of NumPy.

    zipf      the key of rank r comes with a chance proportional to 1 / r^a, throughout
    scan      zipf with bursts of keys that come once, in sequence, as when a table is read
    once      zipf, with keys in between that come once
    loop      the same keys in the same order, again and again
    shifting  zipf, but every so often the most popular keys become the least popular
    day       customers of one day: each comes, is asked for a few times within roughly an hour, and is gone

Recorded, in :data:`RECORDED`: where each can be had, and its format. Clone the repositories into DIRECTORY, or put the
files where clones would have them. No recorded trace is part of this repository. Files that end in .zst need zstd.
"""

from __future__ import annotations

import argparse
import gzip
import io
import lzma
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

Keys = NDArray[np.int64]


# ---- synthetic --------------------------------------------------------------------------------------

#: Twenty for each of 100,000 keys: the time in which a cache fills for the first time is a small part.
ACCESSES = 2_000_000


def zipf(a: float, keys: int = 100_000, accesses: int = ACCESSES, seed: int = 1) -> Keys:
    """Keys whose popularity is 1 / rank^a. Ranks are scattered at random over the key numbers 0 to `keys` - 1."""
    random = np.random.default_rng(seed)
    return random.permutation(keys)[_ranks(random, a, keys, accesses)]


def _ranks(random: np.random.Generator, a: float, keys: int, accesses: int) -> Keys:
    """Ranks; 0 is the most popular."""
    below = np.cumsum(np.arange(1, keys + 1, dtype=np.float64) ** -a)
    return np.searchsorted(below, random.random(accesses) * below[-1], side="right").clip(max=keys - 1)


def scan(every: int = 80_000, length: int = 20_000, keys: int = 100_000, seed: int = 1) -> Keys:
    """Zipf 0.9; after every `every` of its accesses `length` keys that come once. By default they are a fifth."""
    found = zipf(0.9, keys, ACCESSES * every // (every + length), seed)
    places = np.repeat(np.arange(every, len(found) + 1, every), length)
    return np.insert(found, places, np.arange(keys, keys + len(places)))


def once(share: float = 0.3, keys: int = 100_000, seed: int = 1) -> Keys:
    """Zipf 0.9, where a share of all accesses, at random places, are to keys that come once."""
    found = zipf(0.9, keys, seed=seed)
    places = np.flatnonzero(np.random.default_rng(seed + 1).random(ACCESSES) < share)
    found[places] = np.arange(keys, keys + len(places))
    return found


def loop(keys: int = 50_000, accesses: int = 1_000_000) -> Keys:
    """Keys 0 to `keys` - 1, again and again. A cache that is slightly smaller and evicts the oldest never hits."""
    return np.arange(accesses) % keys


def shifting(every: int = 100_000, by: int = 1_000, keys: int = 100_000, seed: int = 1) -> Keys:
    """Zipf 1.0; every `every` accesses the `by` most popular keys become the least popular, and all others move up.

    The first thousand of 100,000 keys get three fifths of the accesses, so most of what a cache holds is then useless.
    """
    random = np.random.default_rng(seed)
    ranks = _ranks(random, 1.0, keys, ACCESSES)
    return random.permutation(keys)[(ranks + np.arange(ACCESSES) // every * by) % keys]


#: The trace `day`: customers, and accesses to each on average. Two million accesses, as in the other traces.
CUSTOMERS, TIMES_EACH = 200_000, 10
#: Seconds between two accesses to a customer, on average: the nine gaps of ten accesses make an hour.
GAP = 400.0
#: At the peak so many times more customers arrive than at night: what is worth keeping grows tenfold and shrinks again.
PEAK = 10.0
#: Hours: when the peak is, and its standard deviation. Two thirds of the rush arrive from 08:30 to 11:30; the night
#: before and the evening after are quiet, so that both slopes are in the trace.
PEAK_HOUR, PEAK_WIDTH = 10.0, 1.5
DAY = 24 * 3600


def day(seed: int = 1) -> tuple[Keys, NDArray[np.float64]]:
    """Customers, and the second of each access, in the order of time. What would be after midnight is cut off.

    Arrivals have a steady rate with a bell on it. The number of accesses to a customer is geometric, the gaps between
    them are exponential, and no customer comes back. A customer's number says nothing about the time of arrival.
    About 3,000 customers are between their first and their last access at night, and ten times as many at the peak.
    """
    random = np.random.default_rng(seed)
    minutes = np.arange(0, DAY + 1, 60)
    rate = 1 + (PEAK - 1) * np.exp(-(((minutes / 3600 - PEAK_HOUR) / PEAK_WIDTH) ** 2) / 2)
    arrived = np.cumsum(rate) - rate[0]
    arrivals = np.interp(random.random(CUSTOMERS) * arrived[-1], arrived, minutes)
    times = random.geometric(1 / TIMES_EACH, CUSTOMERS)
    customers = np.repeat(np.arange(CUSTOMERS), times)
    gaps = np.cumsum(random.exponential(GAP, len(customers)))
    first = np.cumsum(times) - times
    seconds = arrivals[customers] + gaps - np.repeat(gaps[first], times)
    order = np.argsort(seconds, kind="stable")
    order = order[seconds[order] < DAY]
    return customers[order], seconds[order]


SYNTHETIC: dict[str, Callable[[], Keys]] = {
    **{f"zipf-{a}": partial(zipf, a) for a in (0.7, 0.8, 0.9, 1.0, 1.1, 1.2)},
    # So many keys that about half of those that come, come once.
    **{f"zipf-{a}-wide": partial(zipf, a, keys=1_000_000, accesses=3_000_000) for a in (0.8, 1.0)},
    **{function.__name__: function for function in (scan, once, loop, shifting)},
    "shifting-fast": partial(shifting, every=20_000),
    "day": lambda: day()[0],
}


# ---- recorded ---------------------------------------------------------------------------------------

#: Accesses; what a trace has beyond them is left away, so that all traces can be measured in minutes.
LONGEST = 5_000_000


def binary(item: str) -> Callable[[bytes], Keys]:
    """One number of this NumPy type after the other."""
    return lambda data: np.frombuffer(data, item).astype(np.int64)


def lines(data: bytes) -> Keys:
    """A line holds a key in decimal digits, or a star, which marks a place."""
    return np.loadtxt(io.BytesIO(data), np.int64, "*")


def blocks(data: bytes) -> Keys:
    """A line holds the first block, the number of blocks, and two numbers of no concern. Each block is an access."""
    first, count = np.loadtxt(io.BytesIO(data), np.int64, usecols=(0, 1), max_rows=LONGEST, unpack=True)
    ends = np.cumsum(count)
    enough = int(np.searchsorted(ends, LONGEST)) + 1
    first, count, ends = first[:enough], count[:enough], ends[:enough]
    return np.repeat(first - (ends - count), count) + np.arange(ends[-1])


class Recorded(NamedTuple):
    repository: str  #: of github.com
    path: str
    parse: Callable[[bytes], Keys]
    what: str


def _arc(name: str, what: str) -> Recorded:
    return Recorded("moka-rs/cache-trace", f"arc/{name}.lis.zst", blocks, what)


def _caffeine(path: str, parse: Callable[[bytes], Keys], what: str) -> Recorded:
    folder = "simulator/src/main/resources/com/github/benmanes/caffeine/cache/simulator/parser"
    return Recorded("ben-manes/caffeine", f"{folder}/{path}", parse, what)


RECORDED: dict[str, Recorded] = {
    # On condition that Megiddo and Modha, "ARC: A Self-Tuning, Low Overhead Replacement Cache", FAST 2003, is cited.
    "oltp": _arc("OLTP", "database: an hour of a CODASYL database"),
    "p3": _arc("P3", "storage: disk reads of a Windows NT workstation"),
    "p6": _arc("P6", "storage: the like, of another"),
    "p12": _arc("P12", "storage: the like, of another, with many keys"),
    "s3": _arc("S3", "search: disk reads of a web search engine"),
    "ds1": _arc("DS1", "database: disk reads of an ERP application's database"),
    # CC BY 4.0, headissue GmbH, Jens Wilke.
    "orm-busy": _caffeine("cache2k/orm-busy.trace.xz", binary(">i4"), "objects: a shop's database objects, by day"),
    "orm-night": _caffeine("cache2k/orm-night.trace.xz", binary(">i4"), "objects: the like, at night"),
    "web07": _caffeine("cache2k/web07.trace.xz", binary(">i4"), "web: a shop's product pages in July"),
    "web12": _caffeine("cache2k/web12.trace.xz", binary(">i4"), "web: the like, in December"),
    # No licence is stated but their repository's.
    "scarab": _caffeine("scarab/scarab-recs.trace.xz", binary(">i8"), "web: product recommendations"),
    "corda": _caffeine("corda/trace_vaultservice.gz", binary(">i8"), "objects: a ledger's vault"),
    "w106": _caffeine("cloud_physics/w106.trace.xz", binary("<u4"), "storage: disk of a virtual machine"),
    "sprite": _caffeine("lirs/sprite.trace.gz", lines, "files: a network file system"),
    "2_pools": _caffeine("lirs/2_pools.trace.gz", lines, "synthetic: index blocks and data blocks in turn"),
    "glimpse": _caffeine("lirs/gli.trace.gz", lines, "files: text retrieval, loops"),
    "multi3": _caffeine("lirs/multi3.trace.gz", lines, "files: a preprocessor, gnuplot, glimpse, a join at once"),
}


def unpacked(file: Path) -> bytes:
    if file.suffix == ".zst":
        return subprocess.run(["zstd", "-dcq", str(file)], check=True, stdout=subprocess.PIPE).stdout
    return (gzip if file.suffix == ".gz" else lzma).decompress(file.read_bytes())


def numbered(keys: Keys) -> NDArray[np.uint32]:
    """The keys' numbers, given in the order in which they first come."""
    _, first, which = np.unique(keys, return_index=True, return_inverse=True)
    numbers = np.empty(len(first), "<u4")
    numbers[np.argsort(first)] = np.arange(len(first))
    return numbers[which]


def load(directory: str | Path, name: str, most: int = -1) -> NDArray[np.uint32]:
    """A trace's first accesses, so many at most; -1: all."""
    return np.fromfile(Path(directory) / f"{name}.u32", "<u4", most)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    act = parser.add_mutually_exclusive_group(required=True)
    act.add_argument("--make", metavar="OUT", type=Path)
    act.add_argument("--convert", metavar=("DIRECTORY", "OUT"), nargs=2, type=Path)
    parser.add_argument("names", metavar="NAME", nargs="*")
    given = parser.parse_args()
    source, out = given.convert or (None, given.make)
    known = RECORDED if source else SYNTHETIC
    if unknown := set(given.names).difference(known):
        parser.error(f"there is no trace {min(unknown)!r}, but there are {', '.join(known)}")
    out.mkdir(parents=True, exist_ok=True)
    for name in given.names or known:
        if source:
            file = source / RECORDED[name].repository.split("/")[1] / RECORDED[name].path
            if not file.exists():
                print(f"{name:14}left out: there is no {file}", file=sys.stderr)
                continue
            keys = RECORDED[name].parse(unpacked(file))[:LONGEST]
        elif name == "day":
            keys, seconds = day()
            seconds.astype("<f8").tofile(out / "day.seconds")
        else:
            keys = SYNTHETIC[name]()
        trace = numbered(keys)
        trace.tofile(out / f"{name}.u32")
        distinct = int(trace.max()) + 1
        print(f"{name:14}{len(trace):10,}{distinct:11,}{1 - distinct / len(trace):8.3f}", flush=True)


if __name__ == "__main__":
    main()
