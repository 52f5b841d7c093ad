"""What cache.py measures, each in a process of its own: a peer's speed, bytes, hits on a trace, and day."""

from __future__ import annotations

import gc
import heapq
import math
import random
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import traces
from bulk_peers import trim
from cache_peers import DAY, EMPTY, LONG, PEERS, FakeClock, FastClock, Types, fill, held, loops_of
from numpy.typing import NDArray

from gomap.measure.black_friday import MINUTES, customers_at
from gomap.measure.machine import resident
from gomap.measure.numbers import scattered, shuffled

_mixed = scattered(40)


def number(i: int) -> int:
    """Distinct for distinct i, spread like chance, and above 2**40."""
    return _mixed(i) + 2**40


#: Keys by number, values by key, and what gomap is told.
CASES: dict[str, tuple[Callable[[int], Any], Callable[[Any], Any], Types]] = {
    "int to int": (number, lambda key: key + 2**41, Types("int", "int")),
    "int to 128 bytes": (number, lambda key: key.to_bytes(128, "little"), Types("int", "[128]byte")),
    "str to 128 bytes": (lambda i: f"{number(i):016x}", lambda key: key.encode() * 8, Types("string", "[128]byte")),
}


# ---- speed ----------------------------------------------------------------------------------------------------------


def fresh(keys: list[Any]) -> list[Any]:
    """Equal keys that are other objects, without a hash in them; ints have none."""
    return keys if isinstance(keys[0], int) else [key[:1] + key[1:] for key in keys]


def speed(name: str, case: str, entries: int) -> dict[str, float]:
    """Nanoseconds an operation; of the loops alone where the name is that of no peer."""
    key, load, types = CASES[case]
    count = max(200_000, min(entries, 1_000_000))
    there = [key(i) for i in range(entries)]
    absent = [key(i) for i in range(entries, entries + 3 * count)]
    ready = load(there[0])
    wanted = random.Random(1).choices(there, k=count)
    data: dict[str, Any] = {"get": fresh(wanted), "item": fresh(wanted), "miss": fresh(absent[:count])}
    data["set"] = [(each, load(each)) for each in absent[count : 2 * count]]
    data["read"] = fresh(absent[2 * count :])
    cache, loops = None, EMPTY
    if name in PEERS:
        peer = PEERS[name]
        cache = peer.make(entries, types, lambda key: ready)
        loops = loops_of(peer, cache)
        fill(peer, cache, there, load)
        if peer.settle:
            peer.settle(cache)
    found = {}
    gc.collect()
    gc.disable()
    for operation, loop in loops.items():
        used = data[operation]
        begin = time.process_time_ns()
        loop(cache, used, lambda key: ready)
        found[operation] = (time.process_time_ns() - begin) / count
    return found


# ---- bytes ----------------------------------------------------------------------------------------------------------


def holding() -> int:
    """Bytes of this process, after it has given back what it can."""
    gc.collect()
    trim()
    found = resident()
    assert found is not None
    return found


def entry_bytes(name: str, case: str, entries: int) -> dict[str, float]:
    """Bytes of each entry held, and which share of the entries that fit is held."""
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


# ---- hits -----------------------------------------------------------------------------------------------------------


def pieces(trace: NDArray[np.uint32]) -> Iterator[list[int]]:
    for start in range(0, len(trace), 65536):
        yield trace[start : start + 65536].tolist()


def replay(
    name: str, directory: str, trace: str, most: int, sizes: list[int], by_bytes: bool
) -> dict[str, list[float]]:
    """Shares of hits, of a trace's first accesses, with caches of so many entries, of a peer that counts bytes so many
    bytes if `by_bytes`; and the most entries held, as seen now and then."""
    peer, sought = PEERS[name], traces.load(directory, trace, most)
    make = peer.make_of_bytes if by_bytes and peer.make_of_bytes else peer.make
    _, load, types = CASES["int to 128 bytes" if make is peer.make_of_bytes else "int to int"]
    found: dict[str, list[float]] = {"hits": [], "held": []}
    for size in sizes:
        cache = make(size, types, load)
        read, misses, fullest = loops_of(peer, cache)["read"], 0, 0
        for keys in pieces(sought):
            misses += read(cache, keys, load)
            fullest = max(fullest, held(cache))
        found["hits"].append(1 - misses / len(sought))
        found["held"].append(fullest)
    return found


def optimum(directory: str, name: str, most: int, sizes: list[int]) -> dict[str, list[float]]:
    """Shares of hits for one who knows the future: of what is there and what comes, that goes whose next use is
    last."""
    trace = traces.load(directory, name, most)
    count = len(trace)
    order = np.argsort(trace, kind="stable")
    following = np.full(count, count)  # the place where an access's key comes next; count: never
    again = trace[order[:-1]] == trace[order[1:]]
    following[order[:-1][again]] = order[1:][again]
    places = following.tolist()
    return {"hits": [_hits_of_optimum(places, size) / count for size in sizes]}


def _hits_of_optimum(following: list[int], size: int) -> int:
    """An entry is known by the place of its next use. A place in the heap that is past was a hit, and its entry has
    another place since."""
    never = len(following)
    kept = bytearray(never)
    heap: list[int] = []  # of negative places, so that the last is first
    hits = there = 0
    for place, then in enumerate(following):
        if kept[place]:
            hits += 1
            there -= 1
        if then == never:
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


# ---- the day --------------------------------------------------------------------------------------------------------


def left_at_midnight(customers: int) -> int:
    return max(1, customers // 1000)


def leaving(j: int, customers: int) -> float:
    """The minute at which customer j leaves, so that as many are there as `customers_at` says."""
    remaining = left_at_midnight(customers)
    if j >= customers - remaining:
        return 48 * 60
    return 60 + 23 * 60 * math.log((customers - j) / customers) / math.log(remaining / customers)


def day(name: str, customers: int, real_seconds: float) -> dict[str, list[float]]:
    """At :data:`MINUTES`: resident bytes, bytes by the peer's own account, and entries."""
    one = DAY[name]
    peer = PEERS[one.peer]
    types, load = Types("int", "[128]byte"), CASES["int to 128 bytes"][1]

    def clock_of() -> FakeClock | FastClock:
        return FakeClock() if one.fake else FastClock(real_seconds)

    warm = one.make(100, types, clock_of(), lambda j: LONG)
    put = one.putter(warm)
    for i in range(200):
        put(i, load(i), LONG)
    order, dice = shuffled(customers), random.Random(1)
    before = holding()
    clock = clock_of()
    cache = one.make(2 * customers, types, clock, lambda j: 60 * leaving(j, customers))
    found: dict[str, list[float]] = {"minute": [], "resident": [], "own": [], "entries": []}
    arrived, get, put = 0, cache.get, one.putter(cache)
    for minute in range(24 * 60 + 1):
        clock.go_to(60 * minute)
        come = customers_at(min(minute, 60), customers, left_at_midnight(customers))
        for j in order[arrived:come]:
            seconds = (60 * leaving(j, customers) - clock()) / clock.rate
            put(j, load(j), max(0.001, seconds))  # less where the day runs late
        arrived = come
        if arrived:
            for _ in range(1000):
                get(order[dice.randrange(arrived)])
        if minute in MINUTES:
            if peer.settle:
                peer.settle(cache)
            found["minute"].append(minute)
            found["resident"].append(holding() - before)
            found["own"].append(peer.report(cache) if peer.report else 0)
            found["entries"].append(held(cache))
    return found


RUNS: dict[str, Callable[..., Any]] = {
    "speed": speed,
    "entry_bytes": entry_bytes,
    "replay": replay,
    "optimum": optimum,
    "day": day,
}
