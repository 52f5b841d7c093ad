"""Caches of other libraries, to be measured by cache.py beside gomap's, and what is done to each of them.

A peer makes a cache of so many entries. All are used alike: ``get(key)``, ``c[key]``, ``c[key] = value`` or, where a
library has no such, ``set(key, value)``. Two differ: theine's ``get`` gives a pair of the value and whether there is
one, and ``functools.lru_cache`` has calls alone, which look up and, where there is nothing, ask for the value and put
it in.

theine is used without its locks (``nolock=True``), as it allows where there is one thread; it takes about a quarter
less time so. Of cachebox's and cachetools's classes with a time to live there are those with one time for all entries
and those with a time for each. A peer whose entries each have one is not read through.
"""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import math
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

#: Seconds: no entry is gone before the measuring ends.
LONG = 100_000.0

#: Has a key's value.
Load = Callable[[Any], Any]
#: Of a cache, keys or pairs of a key and a value, and a Load.
Loop = Callable[[Any, Iterable[Any], Load], Any]


@dataclass(frozen=True)
class Types:
    """As gomap spells them."""

    key: Any
    value: Any


@dataclass(frozen=True)
class Peer:
    """A library's cache."""

    package: str  #: distribution on PyPI; "" for what Python has
    make: Callable[[int, Types, Load], Any]  #: a cache of so many entries, whose values come from a function of the key
    module: str = ""  #: where it is not named as the package
    bounded: bool = True  #: it drops entries
    make_of_bytes: Callable[[int, Types, Load], Any] | None = None  #: a cache of so many bytes
    gets: str = "value"  #: what get gives: a value or None, or a "pair"; "call" for a function
    report: Callable[[Any], int] | None = None  #: bytes by its own account
    expires: bool = False  #: the cache or its entries have a time to live
    method: str = ""  #: which puts an entry with a ttl= of its own, where the cache has none for all
    ttl: Callable[[float], Any] = float  #: of seconds
    settle: Callable[[Any], object] | None = None  #: does what the library left for later

    def __post_init__(self) -> None:
        object.__setattr__(self, "module", self.module or self.package)

    def missing(self) -> str:
        """Why it cannot be measured; "" if it can."""
        if not self.module:
            return ""
        try:
            module = importlib.import_module(self.module)
        except ImportError as error:
            return str(error)
        return "" if self.module != "gomap" or hasattr(module, "Cache") else "it has no Cache"

    def version(self) -> str:
        return f"{self.package} {importlib.metadata.version(self.package)}" if self.package else ""


def gomap_cache(entries: int, types: Types, load: Load, **options: Any) -> Any:
    return importlib.import_module("gomap").Cache(types.key, types.value, max_entries=entries, **options)


def gomap_cache_of_bytes(size: int, types: Types, load: Load) -> Any:
    return importlib.import_module("gomap").Cache(types.key, types.value, max_bytes=size)


def cachebox(name: str, **options: Any) -> Callable[[int, Types, Load], Any]:
    return lambda entries, types, load: getattr(importlib.import_module("cachebox"), name)(entries, **options)


def cachetools(name: str, **options: Any) -> Callable[[int, Types, Load], Any]:
    return lambda entries, types, load: getattr(importlib.import_module("cachetools"), name)(entries, **options)


def theine(entries: int, types: Types, load: Load) -> Any:
    return importlib.import_module("theine").Cache(entries, nolock=True)


def moka(**options: Any) -> Callable[[int, Types, Load], Any]:
    return lambda entries, types, load: importlib.import_module("moka_py").Moka(entries, **options)


def lru_dict(entries: int, types: Types, load: Load) -> Any:
    return importlib.import_module("lru").LRU(entries)


def nbytes(cache: Any) -> int:
    return int(cache.nbytes)


def expire(cache: Any) -> None:
    cache.expire()


def run_pending_tasks(cache: Any) -> None:
    cache.run_pending_tasks()


def seconds_of_theine(seconds: float) -> timedelta:
    return timedelta(seconds=seconds)


PEERS: dict[str, Peer] = {
    "gomap.Cache": Peer("gomap", gomap_cache, report=nbytes, make_of_bytes=gomap_cache_of_bytes),
    "cachebox.FIFOCache": Peer("cachebox", cachebox("FIFOCache"), report=sys.getsizeof),
    "cachebox.LRUCache": Peer("cachebox", cachebox("LRUCache"), report=sys.getsizeof),
    "cachebox.LFUCache": Peer("cachebox", cachebox("LFUCache"), report=sys.getsizeof),
    "cachebox.RRCache": Peer("cachebox", cachebox("RRCache"), report=sys.getsizeof),
    "theine": Peer("theine", theine, gets="pair"),
    "moka, TinyLFU": Peer("moka-py", moka(), "moka_py", settle=run_pending_tasks),
    "moka, LRU": Peer("moka-py", moka(policy="lru"), "moka_py", settle=run_pending_tasks),
    "cachetools.LRUCache": Peer("cachetools", cachetools("LRUCache")),
    "cachetools.LFUCache": Peer("cachetools", cachetools("LFUCache")),
    "lru-dict": Peer("lru-dict", lru_dict, "lru"),
    "functools.lru_cache": Peer("", lambda entries, types, load: functools.lru_cache(entries)(load), gets="call"),
    "dict": Peer("", lambda entries, types, load: {}, bounded=False),
    # with a time to live
    "gomap.Cache, ttl": Peer("gomap", functools.partial(gomap_cache, ttl=LONG), report=nbytes, expires=True),
    "cachebox.TTLCache": Peer(
        "cachebox", cachebox("TTLCache", global_ttl=LONG), report=sys.getsizeof, expires=True, settle=expire
    ),
    "cachebox.VTTLCache": Peer(
        "cachebox", cachebox("VTTLCache"), report=sys.getsizeof, expires=True, method="insert", settle=expire
    ),
    "theine, ttl": Peer("theine", theine, gets="pair", expires=True, method="set", ttl=seconds_of_theine),
    "moka, ttl": Peer("moka-py", moka(ttl=LONG), "moka_py", expires=True, settle=run_pending_tasks),
    "cachetools.TTLCache": Peer("cachetools", cachetools("TTLCache", ttl=LONG), expires=True, settle=expire),
    "cachetools.TLRUCache": Peer(
        "cachetools", cachetools("TLRUCache", ttu=lambda key, value, now: now + LONG), expires=True, settle=expire
    ),
}


def held(cache: Any) -> int:
    """How many entries there are."""
    if hasattr(cache, "cache_info"):
        return int(cache.cache_info().currsize)
    return int(cache.count()) if hasattr(cache, "count") else len(cache)


# ---- loops: the same for every peer ---------------------------------------------------------------------------------


def get_each(cache: Any, keys: Iterable[Any], load: Load) -> None:
    get = cache.get
    for key in keys:
        get(key)


def item_each(cache: Any, keys: Iterable[Any], load: Load) -> None:
    for key in keys:
        cache[key]


def call_each(function: Any, keys: Iterable[Any], load: Load) -> None:
    for key in keys:
        function(key)


def set_items(cache: Any, entries: Iterable[Any], load: Load) -> None:
    for key, value in entries:
        cache[key] = value


def set_each(cache: Any, entries: Iterable[Any], load: Load) -> None:
    set_ = cache.set
    for key, value in entries:
        set_(key, value)


def set_living(method: str, ttl: Any) -> Loop:
    """Puts entries that have a time to live of their own."""

    def set_each(cache: Any, entries: Iterable[Any], load: Load) -> None:
        set_ = getattr(cache, method)
        for key, value in entries:
            set_(key, value, ttl=ttl)

    return set_each


def read_items(cache: Any, keys: Iterable[Any], load: Load) -> int:
    """Reads through the cache; returns the number of misses."""
    get, misses = cache.get, 0
    for key in keys:
        if get(key) is None:
            cache[key] = load(key)
            misses += 1
    return misses


def read_each(cache: Any, keys: Iterable[Any], load: Load) -> int:
    get, set_, misses = cache.get, cache.set, 0
    for key in keys:
        if get(key) is None:
            set_(key, load(key))
            misses += 1
    return misses


def read_pairs(cache: Any, keys: Iterable[Any], load: Load) -> int:
    get, set_, misses = cache.get, cache.set, 0
    for key in keys:
        if not get(key)[1]:
            set_(key, load(key))
            misses += 1
    return misses


def read_calls(function: Any, keys: Iterable[Any], load: Load) -> int:
    before = function.cache_info().misses
    call_each(function, keys, load)
    return int(function.cache_info().misses - before)


def nothing(cache: Any, keys: Iterable[Any], load: Load) -> None:
    for _key in keys:
        pass


def unpack_each(cache: Any, entries: Iterable[Any], load: Load) -> None:
    for _key, _value in entries:
        pass


def load_each(cache: Any, keys: Iterable[Any], load: Load) -> None:
    for key in keys:
        load(key)


#: What loops take of their own, in the place of each operation.
EMPTY: dict[str, Loop] = {"get": nothing, "item": nothing, "miss": nothing, "set": unpack_each, "read": load_each}


def loops_of(peer: Peer, cache: Any) -> dict[str, Loop]:
    """By operation; those that the library has."""
    if peer.gets == "call":
        return {"get": call_each, "read": read_calls}
    found: dict[str, Loop] = {"get": get_each, "miss": get_each}
    by_item = hasattr(cache, "__setitem__")
    if by_item:
        found["item"] = item_each
    if peer.method:
        found["set"] = set_living(peer.method, peer.ttl(LONG))
    elif peer.bounded:
        found["set"] = set_items if by_item else set_each
        found["read"] = read_pairs if peer.gets == "pair" else read_items if by_item else read_each
    return found


def fill(peer: Peer, cache: Any, keys: Iterable[Any], load: Load) -> None:
    """Puts keys in, each with its value."""
    if peer.gets == "call":
        call_each(cache, keys, load)
    elif peer.bounded:
        loops_of(peer, cache)["set"](cache, ((key, load(key)) for key in keys), load)
    else:
        set_items(cache, ((key, load(key)) for key in keys), load)


# ---- the day --------------------------------------------------------------------------------------------------------


class FakeClock:
    """Seconds, as one sets them."""

    rate = 1.0  #: of its seconds in one that the cache counts

    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now

    def go_to(self, seconds: float) -> None:
        self.now = seconds


class FastClock:
    """A day in fewer real seconds: one waits until it is so late."""

    def __init__(self, real_seconds: float) -> None:
        self.rate = 86_400 / real_seconds
        self.start = time.monotonic()

    def __call__(self) -> float:
        return (time.monotonic() - self.start) * self.rate

    def go_to(self, seconds: float) -> None:
        wait = (seconds - self()) / self.rate
        if wait > 0:
            time.sleep(wait)


@dataclass(frozen=True)
class DayPeer:
    """A cache whose entries have times to live of their own."""

    peer: str
    make: Callable[[int, Types, Any, Callable[[Any], float]], Any]  #: of a clock and of when a key leaves, too
    fake: bool = False  #: its clock can be set
    method: str = "set"  #: which puts an entry with a ttl=; "" where the cache asks when a key leaves
    ttl: Callable[[float], Any] = float

    def putter(self, cache: Any) -> Callable[[Any, Any, float], object]:
        """What puts a key and its value, for so many seconds."""
        if not self.method:
            return lambda key, value, seconds: cache.__setitem__(key, value)
        put, ttl = getattr(cache, self.method), self.ttl
        return lambda key, value, seconds: put(key, value, ttl=ttl(seconds))


def by_name(name: str, **options: Any) -> DayPeer:
    make = PEERS[name].make
    return DayPeer(name, lambda entries, types, clock, leaves: make(entries, types, leaves), **options)


DAY: dict[str, DayPeer] = {
    "gomap.Cache": DayPeer(
        "gomap.Cache",
        lambda entries, types, clock, leaves: gomap_cache(entries, types, leaves, ttl=math.inf, clock=clock),
        fake=True,
    ),
    "cachetools.TLRUCache": DayPeer(
        "cachetools.TLRUCache",
        lambda entries, types, clock, leaves: cachetools(
            "TLRUCache", ttu=lambda key, value, now: leaves(key), timer=clock
        )(entries, types, leaves),
        fake=True,
        method="",
    ),
    "cachebox.VTTLCache": by_name("cachebox.VTTLCache", method="insert"),
    "theine": by_name("theine, ttl", ttl=seconds_of_theine),
    "moka": by_name("moka, ttl"),
}
