"""Caches of other libraries, to be measured by cache.py beside gomap's, and what is done to each of them.

A peer makes a cache of so many entries. All are used alike: ``get(key)``, ``c[key]``, ``c[key] = value`` or, where a
library has no such, ``set(key, value)``. Two differ: theine's ``get`` gives a pair of the value and whether there is
one, and ``functools.lru_cache`` has calls alone, which look up and, where there is nothing, ask for the value and put
it in.

theine is used without its locks (``nolock=True``), as it allows where there is one thread; it takes about a quarter
less time so. Of cachebox's and cachetools's classes with a time to live there are those with one time for all entries
and those with a time for each.
"""

from __future__ import annotations

import functools
import importlib
import importlib.metadata
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

#: Seconds: no entry is gone before the measuring ends.
LONG = 100_000.0

Load = Callable[[Any], Any]


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
    put: Callable[[Any, Any, Any, float], object] | None = None  #: an entry with seconds of its own to live
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


def put_setting(cache: Any, key: Any, value: Any, seconds: float) -> None:
    cache.set(key, value, ttl=seconds)


def put_inserting(cache: Any, key: Any, value: Any, seconds: float) -> None:
    cache.insert(key, value, ttl=seconds)


def put_in_theine(cache: Any, key: Any, value: Any, seconds: float) -> None:
    cache.set(key, value, timedelta(seconds=seconds))


def nbytes(cache: Any) -> int:
    return int(cache.nbytes)


def expire(cache: Any) -> None:
    cache.expire()


PEERS: dict[str, Peer] = {
    "gomap.Cache": Peer("gomap", gomap_cache, report=nbytes, make_of_bytes=gomap_cache_of_bytes),
    "cachebox.FIFOCache": Peer("cachebox", cachebox("FIFOCache"), report=sys.getsizeof),
    "cachebox.LRUCache": Peer("cachebox", cachebox("LRUCache"), report=sys.getsizeof),
    "cachebox.LFUCache": Peer("cachebox", cachebox("LFUCache"), report=sys.getsizeof),
    "cachebox.RRCache": Peer("cachebox", cachebox("RRCache"), report=sys.getsizeof),
    "theine": Peer("theine", theine, gets="pair"),
    "moka, TinyLFU": Peer("moka-py", moka(), "moka_py", settle=lambda cache: cache.run_pending_tasks()),
    "moka, LRU": Peer("moka-py", moka(policy="lru"), "moka_py", settle=lambda cache: cache.run_pending_tasks()),
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
        "cachebox", cachebox("VTTLCache"), report=sys.getsizeof, expires=True, put=put_inserting, settle=expire
    ),
    "theine, ttl": Peer("theine", theine, gets="pair", expires=True, put=put_in_theine),
    "moka, ttl": Peer(
        "moka-py",
        moka(),
        "moka_py",
        expires=True,
        put=put_setting,
        settle=lambda cache: cache.run_pending_tasks(),
    ),
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


#: A cache, keys or pairs of a key and a value, and a function that has a key's value.
Loop = Callable[[Any, Iterable[Any], Load], Any]

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
    if peer.bounded:
        found["set"] = set_items if by_item else set_each
        found["read"] = read_pairs if peer.gets == "pair" else read_items if by_item else read_each
    return found


def fill(peer: Peer, cache: Any, keys: Iterable[Any], load: Load) -> None:
    """Puts keys in, with a time to live where an entry has one of its own."""
    if peer.gets == "call":
        call_each(cache, keys, load)
    elif peer.put is not None:
        for key in keys:
            peer.put(cache, key, load(key), LONG)
    else:
        entries = ((key, load(key)) for key in keys)
        (set_items if hasattr(cache, "__setitem__") else set_each)(cache, entries, load)


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
    """A cache whose entries have times to live of their own, by one of the two clocks."""

    peer: str
    fake: bool
    make: Callable[[int, Types, Any, Callable[[Any], float]], Any]  #: of a clock, and of a key's time to leave
    put: Callable[[Any, Any, Any, float], object]


def by_its_ttl(name: str, put: Callable[[Any, Any, Any, float], object]) -> DayPeer:
    peer = PEERS[name]
    return DayPeer(name, False, lambda entries, types, clock, leaves: peer.make(entries, types, lambda key: key), put)


def put_item(cache: Any, key: Any, value: Any, seconds: float) -> None:
    cache[key] = value


DAY: dict[str, DayPeer] = {
    "gomap.Cache": DayPeer(
        "gomap.Cache",
        True,
        lambda entries, types, clock, leaves: gomap_cache(entries, types, lambda key: key, clock=clock),
        put_setting,
    ),
    "cachetools.TLRUCache": DayPeer(
        "cachetools.TLRUCache",
        True,
        lambda entries, types, clock, leaves: cachetools(
            "TLRUCache", ttu=lambda key, value, now: leaves(key), timer=clock
        )(entries, types, lambda key: key),
        put_item,
    ),
    "cachebox.VTTLCache": by_its_ttl("cachebox.VTTLCache", put_inserting),
    "theine": by_its_ttl("theine, ttl", put_in_theine),
    "moka": by_its_ttl("moka, ttl", put_setting),
}
