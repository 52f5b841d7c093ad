"""What bulk.py measures: for every part its peers, each a function that does the part's work in its own way.

A peer gets a clock and data, does one operation after the other under the clock, and has what came out
checked. Arrays that a library wants as its own (lists of fresh objects for dict, Arrow's arrays, polars's
series) are made before the clock starts. A library is imported where it is used: a process has one peer's
alone.
"""

from __future__ import annotations

import ctypes
import gc
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np

PAGE = 4096
ABSENT = -1  # no value


class Clock:
    """Nanoseconds by operation: the processor's, of all threads of the process, and the wall's.

    What can be done again is done once before it is measured: memory that no program had for a while has to
    come from a virtual machine's host, which takes longer than many of the operations.
    """

    def __init__(self, again: bool = True) -> None:
        self.again = again
        self.cpu: dict[str, list[float]] = {}
        self.wall: dict[str, list[float]] = {}
        self.facts: dict[str, float] = {}

    def __call__(self, operation: str, count: int, function: Callable[..., Any], *arguments: Any) -> Any:
        if self.again:
            function(*arguments)
        return self.once(operation, count, function, *arguments)

    def once(self, operation: str, count: int, function: Callable[..., Any], *arguments: Any) -> Any:
        gc.collect()
        wall, cpu = time.perf_counter_ns(), time.process_time_ns()
        result = function(*arguments)
        cpu, wall = time.process_time_ns() - cpu, time.perf_counter_ns() - wall
        self.cpu.setdefault(operation, []).append(cpu / count)
        self.wall.setdefault(operation, []).append(wall / count)
        return result

    def build(self, operation: str, count: int, function: Callable[..., Any], *arguments: Any) -> Any:
        """The same for what is kept, with the memory that the process grew by for it."""
        if self.again:
            function(*arguments)
        gc.collect()
        trim()
        before = resident()
        result = self.once(operation, count, function, *arguments)
        gc.collect()
        trim()
        self.facts.setdefault("resident", (resident() - before) / count)
        return result


def trim() -> None:
    """Gives the system what malloc holds free, so that every build begins alike."""
    if sys.platform == "linux" and hasattr(libc := ctypes.CDLL(None), "malloc_trim"):
        libc.malloc_trim(0)


def resident() -> int:
    try:
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[1]) * PAGE
    except OSError:
        return 0


def check(what: str, expected: Any, got: Any) -> None:
    if not np.array_equal(expected, np.asarray(got)):
        raise AssertionError(f"{what}: another result than expected")


def keys_of(rng: np.random.Generator, count: int) -> np.ndarray:
    """Distinct, or so likely so that nobody will see another."""
    return rng.integers(0, 2**63 - 1, count)


class Maps:
    """n keys and values; the same keys in two other orders; as many keys that are absent."""

    def __init__(self, n: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        drawn = keys_of(rng, 2 * n)
        self.n = n
        self.keys, self.absent = drawn[:n].copy(), drawn[n:].copy()
        self.values = rng.integers(0, 2**62, n)
        order = rng.permutation(n)
        self.look, self.expected = self.keys[order], self.values[order]
        self.gone = rng.permutation(self.keys)
        self.repeats = max(1, 3_000_000 // max(n, 200_000))  # of look-ups, which change nothing

    def hit(self, clock: Clock, look: Callable[[Any], Any], keys: Any, name: str = "hit") -> None:
        for i in range(self.repeats):
            found = None  # whose memory is free again
            found = (clock.once if i else clock)(name, self.n, look, keys)
        check(name, self.expected, found)

    def miss(self, clock: Clock, name: str, look: Callable[[Any], Any], keys: Any, answer: Any) -> None:
        for i in range(self.repeats):
            found = None  # whose memory is free again
            found = (clock.once if i else clock)(name, self.n, look, keys)
        check(name, np.full(self.n, answer), found)


# ---- maps ------------------------------------------------------------------------------------------


def gomap_map(clock: Clock, data: Maps, cls: str) -> None:
    import gomap

    m = clock.build("build", data.n, getattr(gomap, cls).from_arrays, data.keys, data.values)
    clock.facts["bytes"] = m.nbytes / data.n
    out = np.zeros(data.n, np.int64)
    data.hit(clock, m.get_many, data.look)
    data.hit(clock, lambda keys: m.get_many(keys, out=out), data.look, "hit, out=")
    data.miss(clock, "miss, in", m.contains_many, data.absent, False)
    data.miss(clock, "miss, get", lambda keys: m.get_many(keys, default=ABSENT), data.absent, ABSENT)
    clock.once("delete", data.n, m.delete_many, data.gone)
    check("delete", 0, len(m))


def delete_each(d: Any, keys: list[int]) -> None:
    for key in keys:
        del d[key]


def dict_loop(clock: Clock, data: Maps) -> None:
    look, absent, gone = data.look.tolist(), data.absent.tolist(), data.gone.tolist()
    d = clock.build("build", data.n, lambda k, v: dict(zip(k.tolist(), v.tolist())), data.keys, data.values)  # noqa: B905
    get = d.get
    data.hit(clock, lambda keys: [d[k] for k in keys], look)
    data.miss(clock, "miss, in", lambda keys: [k in d for k in keys], absent, False)
    data.miss(clock, "miss, get", lambda keys: [get(k, ABSENT) for k in keys], absent, ABSENT)
    clock.once("delete", data.n, delete_each, d, gone)
    check("delete", 0, len(d))


def phashmap_module() -> Any:
    try:
        import phashmap
    except ImportError:  # its wheel names no libgomp, which it needs
        ctypes.CDLL("libgomp.so.1", mode=ctypes.RTLD_GLOBAL)
        import phashmap
    return phashmap


def phashmap_dict(clock: Clock, data: Maps, threads: int = 1) -> None:
    phashmap, int64 = phashmap_module(), np.dtype("i8")

    def build() -> Any:
        made = phashmap.Dict(int64, int64, default_value=ABSENT, threads=threads)
        made[data.keys] = data.values
        return made

    d = clock.build("build", data.n, build)
    data.hit(clock, d.__getitem__, data.look)
    data.miss(clock, "miss, in", d.contains, data.absent, False)
    data.miss(clock, "miss, get", d.__getitem__, data.absent, ABSENT)
    clock.once("delete", data.n, d.__delitem__, data.gone)
    check("delete", 0, len(d))


def pandas_index(clock: Clock, data: Maps) -> None:
    import pandas as pd

    def build() -> Any:
        made = pd.Index(data.keys)
        assert made.is_unique  # makes the table, which it would else put off
        return made

    def get(keys: Any) -> Any:
        at = index.get_indexer(keys)
        return np.where(at < 0, ABSENT, data.values[at])

    index = clock.build("build", data.n, build)
    data.hit(clock, lambda keys: data.values[index.get_indexer(keys)], data.look)
    data.miss(clock, "miss, in", lambda keys: index.get_indexer(keys) >= 0, data.absent, False)
    data.miss(clock, "miss, get", get, data.absent, ABSENT)


def pandas_series(clock: Clock, data: Maps) -> None:
    import pandas as pd

    def build() -> Any:
        made = pd.Series(data.values, index=data.keys)
        assert made.index.is_unique
        return made

    series = clock.build("build", data.n, build)
    data.hit(clock, series.reindex, data.look)
    data.miss(clock, "miss, get", lambda keys: series.reindex(keys, fill_value=ABSENT), data.absent, ABSENT)


def pandas_table(clock: Clock, data: Maps) -> None:
    from pandas._libs.hashtable import Int64HashTable

    def build() -> Any:
        made = Int64HashTable(data.n)
        made.map_keys_to_values(data.keys, data.values)
        return made

    table = clock.build("build", data.n, build)
    data.hit(clock, table.lookup, data.look)
    data.miss(clock, "miss, get", table.lookup, data.absent, ABSENT)


def cykhash_map(clock: Clock, data: Maps) -> None:
    from cykhash.khashmaps import Int64toInt64Map_from_buffers, Int64toInt64Map_to

    def look(keys: Any) -> Any:
        found = np.empty(len(keys), np.int64)
        Int64toInt64Map_to(m, keys, found, False, ABSENT)
        return found

    m = clock.build("build", data.n, Int64toInt64Map_from_buffers, data.keys, data.values, 1.0)
    data.hit(clock, look, data.look)
    data.miss(clock, "miss, get", look, data.absent, ABSENT)


def hirola_table(clock: Clock, data: Maps) -> None:
    from hirola import HashTable

    def build() -> Any:
        made = HashTable(data.n * 1.25, np.int64)
        made.add(data.keys)
        return made

    table = clock.build("build", data.n, build)
    data.hit(clock, lambda keys: data.values[table.get(keys)], data.look)
    data.miss(clock, "miss, in", table.contains, data.absent, False)
    data.miss(clock, "miss, get", table.get, data.absent, ABSENT)


def numba_dict(clock: Clock, data: Maps) -> None:
    import numba
    from numba import njit, typed

    @njit
    def build(keys, values):  # type: ignore[no-untyped-def]
        made = typed.Dict.empty(numba.int64, numba.int64, len(keys))
        for i in range(len(keys)):
            made[keys[i]] = values[i]
        return made

    @njit
    def hit(d, keys):  # type: ignore[no-untyped-def]
        found = np.empty(len(keys), np.int64)
        for i in range(len(keys)):
            found[i] = d[keys[i]]
        return found

    @njit
    def contains(d, keys):  # type: ignore[no-untyped-def]
        found = np.empty(len(keys), np.bool_)
        for i in range(len(keys)):
            found[i] = keys[i] in d
        return found

    @njit
    def get(d, keys):  # type: ignore[no-untyped-def]
        found = np.empty(len(keys), np.int64)
        for i in range(len(keys)):
            found[i] = d.get(keys[i], ABSENT)
        return found

    @njit
    def delete(d, keys):  # type: ignore[no-untyped-def]
        for i in range(len(keys)):
            del d[keys[i]]

    few, fewer = data.keys[:10], build(data.keys[:10], data.values[:10])  # compiles all
    hit(fewer, few), contains(fewer, few), get(fewer, few), delete(fewer, few)
    d = clock.build("build", data.n, build, data.keys, data.values)
    data.hit(clock, lambda keys: hit(d, keys), data.look)
    data.miss(clock, "miss, in", lambda keys: contains(d, keys), data.absent, False)
    data.miss(clock, "miss, get", lambda keys: get(d, keys), data.absent, ABSENT)
    clock.once("delete", data.n, delete, d, data.gone)
    check("delete", 0, len(d))


def pyarrow_index_in(clock: Clock, data: Maps) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    pa.set_cpu_count(1)
    keys, values = pa.array(data.keys), pa.array(data.values)
    look, absent = pa.array(data.look), pa.array(data.absent)

    def get(wanted: Any) -> Any:
        return values.take(pc.index_in(wanted, value_set=keys))

    data.hit(clock, get, look, "build and hit")
    data.miss(clock, "build and miss", lambda k: get(k).fill_null(ABSENT), absent, ABSENT)
    one = look[:1]
    clock("build", data.n, lambda: pc.index_in(one, value_set=keys))  # and next to nothing else


def polars_join(clock: Clock, data: Maps) -> None:
    import polars as pl

    table = pl.DataFrame({"key": data.keys, "value": data.values})
    look, absent = pl.DataFrame({"key": data.look}), pl.DataFrame({"key": data.absent})

    def join(frame: Any) -> Any:
        return frame.join(table, on="key", how="left", maintain_order="left")["value"]

    data.hit(clock, join, look, "build and hit")
    data.miss(clock, "build and miss", lambda frame: join(frame).fill_null(ABSENT), absent, ABSENT)


# ---- isin ------------------------------------------------------------------------------------------


class Members:
    """n known keys, and n to ask for, of which half are known."""

    def __init__(self, n: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        drawn = keys_of(rng, n + n // 2)
        self.n, self.known = n, drawn[:n].copy()
        some = n - n // 2
        asked = np.concatenate([rng.permutation(self.known)[:some], drawn[n:]])
        order = rng.permutation(n)
        self.asked, self.expected = asked[order], (np.arange(n) < some)[order]

    def both(self, clock: Clock, isin: Callable[[Any, Any], Any], asked: Any, known: Any) -> None:
        check("isin", self.expected, clock("build and query", self.n, isin, asked, known))

    def query(self, clock: Clock, isin: Callable[[Any], Any], asked: Any) -> None:
        check("isin", self.expected, clock("query", self.n, isin, asked))


def gomap_set(clock: Clock, data: Members) -> None:
    import gomap

    data.both(clock, lambda asked, known: gomap.Set.from_array(known).isin(asked), data.asked, data.known)
    data.query(clock, gomap.Set.from_array(data.known).isin, data.asked)


def set_loop(clock: Clock, data: Members) -> None:
    asked = data.asked.tolist()
    data.both(clock, lambda a, known: [k in s for s in (set(known.tolist()),) for k in a], asked, data.known)
    s = set(data.known.tolist())
    data.query(clock, lambda a: [k in s for k in a], asked)


def cykhash_isin(clock: Clock, data: Members) -> None:
    from cykhash.khashsets import Int64Set_from_buffer, isin_int64

    def isin(asked: Any, s: Any) -> Any:
        found = np.empty(len(asked), np.bool_)
        isin_int64(asked, s, found)
        return found

    data.both(clock, lambda a, known: isin(a, Int64Set_from_buffer(known, 1.0)), data.asked, data.known)
    s = Int64Set_from_buffer(data.known, 1.0)
    data.query(clock, lambda a: isin(a, s), data.asked)


def pandas_isin(clock: Clock, data: Members) -> None:
    import pandas as pd

    data.both(clock, lambda asked, known: asked.isin(known), pd.Series(data.asked), data.known)
    index = pd.Index(data.known)
    assert index.is_unique
    data.query(clock, lambda asked: index.get_indexer(asked) >= 0, data.asked)


def numpy_isin(clock: Clock, data: Members) -> None:
    data.both(clock, np.isin, data.asked, data.known)


def pyarrow_isin(clock: Clock, data: Members) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    pa.set_cpu_count(1)
    data.both(clock, lambda a, known: pc.is_in(a, value_set=known), pa.array(data.asked), pa.array(data.known))


def polars_isin(clock: Clock, data: Members) -> None:
    import polars as pl

    known = pl.Series(data.known).implode()
    data.both(clock, lambda a, known: a.is_in(known), pl.Series(data.asked), known)


def hirola_isin(clock: Clock, data: Members) -> None:
    from hirola import HashTable

    def build(known: Any) -> Any:
        made = HashTable(len(known) * 1.25, np.int64)
        made.add(known)
        return made

    data.both(clock, lambda asked, known: build(known).contains(asked), data.asked, data.known)
    data.query(clock, build(data.known).contains, data.asked)


def phashmap_isin(clock: Clock, data: Members) -> None:
    phashmap, int64 = phashmap_module(), np.dtype("i8")

    def build(known: Any) -> Any:
        made = phashmap.Set(int64)
        made.add(known)
        return made

    data.both(clock, lambda asked, known: build(known).contains(asked), data.asked, data.known)
    data.query(clock, build(data.known).contains, data.asked)


# ---- counting --------------------------------------------------------------------------------------


class Ids:
    """n ids of n / 10 that are distinct."""

    def __init__(self, n: int, seed: int) -> None:
        rng = np.random.default_rng(seed)
        chosen = rng.integers(0, n // 10, n)
        self.n, self.ids = n, keys_of(rng, n // 10)[chosen]
        self.distinct = len(np.unique(chosen))
        self.most = int(np.bincount(chosen).max())

    def check(self, distinct: int, most: int) -> None:
        check("distinct ids", self.distinct, distinct)
        check("the highest count", self.most, most)

    def check_codes(self, codes: Any, uniques: Any) -> None:
        check("codes", self.ids, np.asarray(uniques)[np.asarray(codes)])


def gomap_count(clock: Clock, data: Ids, cls: str) -> None:
    import gomap

    def count() -> Any:
        made = getattr(gomap, cls)(int, int)
        made.add_many(data.ids)
        return made

    counts = clock("count", data.n, count)
    data.check(len(counts), max(counts.values()))


def gomap_count_filled(clock: Clock, data: Ids) -> None:
    import gomap

    m = gomap.Map(int, int)
    m.add_many(data.ids)
    clock.once("count", data.n, m.add_many, data.ids)
    data.check(len(m), max(m.values()) // 2)


def counter(clock: Clock, data: Ids) -> None:
    counts = clock("count", data.n, lambda: Counter(data.ids.tolist()))
    data.check(len(counts), max(counts.values()))


def counter_of_list(clock: Clock, data: Ids) -> None:
    ids = data.ids.tolist()
    counts = clock("count", data.n, Counter, ids)
    data.check(len(counts), max(counts.values()))


def pandas_count(clock: Clock, data: Ids) -> None:
    import pandas as pd

    counts = clock("count", data.n, lambda ids: ids.value_counts(sort=False), pd.Series(data.ids))
    data.check(len(counts), counts.max())


def numpy_count(clock: Clock, data: Ids) -> None:
    ids, counts = clock("count", data.n, lambda ids: np.unique(ids, return_counts=True), data.ids)
    data.check(len(ids), counts.max())


def polars_count(clock: Clock, data: Ids) -> None:
    import polars as pl

    counts = clock("count", data.n, lambda ids: ids.value_counts(), pl.Series("id", data.ids))
    data.check(len(counts), counts["count"].max())


def pyarrow_count(clock: Clock, data: Ids) -> None:
    import pyarrow as pa

    pa.set_cpu_count(1)
    counts = clock("count", data.n, lambda ids: ids.value_counts(), pa.array(data.ids))
    data.check(len(counts), np.asarray(counts.field("counts")).max())


def gomap_factorize(clock: Clock, data: Ids) -> None:
    import gomap

    codes, m = clock("factorize", data.n, gomap.Map.factorize, data.ids)
    uniques = np.empty(len(m), np.int64)
    keys, numbers = m.to_arrays()
    uniques[numbers] = keys
    data.check_codes(codes, uniques)


def pandas_factorize(clock: Clock, data: Ids) -> None:
    import pandas as pd

    data.check_codes(*clock("factorize", data.n, pd.factorize, data.ids))


def numpy_factorize(clock: Clock, data: Ids) -> None:
    ids, codes = clock("factorize", data.n, lambda ids: np.unique(ids, return_inverse=True), data.ids)
    data.check_codes(codes, ids)


def pyarrow_factorize(clock: Clock, data: Ids) -> None:
    import pyarrow as pa

    pa.set_cpu_count(1)
    coded = clock("factorize", data.n, lambda ids: ids.dictionary_encode(), pa.array(data.ids))
    data.check_codes(coded.indices, coded.dictionary)


def hirola_factorize(clock: Clock, data: Ids) -> None:
    from hirola import HashTable

    def code(ids: Any) -> Any:
        table = HashTable(data.distinct * 1.25, np.int64)  # it has to be told how many are distinct
        return table.add(ids), table.keys

    data.check_codes(*clock("factorize", data.n, code, data.ids))


# ---- threads ---------------------------------------------------------------------------------------


PASSES = 5  # over the keys, so that starting takes no time beside them


def gomap_threads(clock: Clock, data: Maps, cls: str) -> None:
    """By one thread, by two at a time, and by two processes, which shows how much of two cores there was."""
    import gomap

    m = getattr(gomap, cls).from_arrays(data.keys, data.values)
    look = [data.look, np.random.default_rng(1).permutation(data.look)]
    out = [np.zeros(data.n, np.int64) for _ in look]

    def work(i: int) -> None:
        for _ in range(PASSES):
            m.get_many(look[i], out=out[i])

    def threads() -> None:
        both = [threading.Thread(target=work, args=(i,)) for i in range(2)]
        for thread in both:
            thread.start()
        for thread in both:
            thread.join()

    def processes() -> None:
        both = []
        for i in range(2):
            child = os.fork()
            if child == 0:
                try:
                    work(i)
                finally:
                    os._exit(0)
            both.append(child)
        for child in both:
            os.waitpid(child, 0)

    clock("one thread", PASSES * data.n, work, 0)
    clock("two threads", 2 * PASSES * data.n, threads)
    if hasattr(os, "fork"):
        clock("two processes", 2 * PASSES * data.n, processes)
    check("hit", data.expected, out[0])


# ---- str -------------------------------------------------------------------------------------------


class Words(Maps):
    """The same of 16-character strings: lists of them, whose hashes were never asked for.

    Nothing is done twice, as dict would find the hashes in the strings.
    """

    def __init__(self, n: int, seed: int) -> None:
        super().__init__(n, seed)
        self.repeats = 1
        self.words = self.fresh(self.keys)

    @staticmethod
    def fresh(keys: np.ndarray) -> list[str]:
        return [f"{k:016x}" for k in keys.tolist()]


def gomap_words(clock: Clock, data: Words, source: str) -> None:
    import gomap

    if source == "pyarrow":
        import pyarrow as pa

        convert: Callable[[list[str]], Any] = pa.array
    else:
        convert = np.array if source == "NumPy" else list
    keys, look = convert(data.words), convert(data.fresh(data.look))
    absent = convert(data.fresh(data.absent))
    m = clock.build("build", data.n, lambda: gomap.Map.from_arrays(keys, data.values, key=str))
    clock.facts["bytes"] = m.nbytes / data.n
    data.hit(clock, m.get_many, look)
    data.miss(clock, "miss, in", m.contains_many, absent, False)
    absent = convert(data.fresh(data.absent))
    data.miss(clock, "miss, get", lambda keys: m.get_many(keys, default=ABSENT), absent, ABSENT)


def dict_words(clock: Clock, data: Words) -> None:
    look, absent = data.fresh(data.look), data.fresh(data.absent)
    d = clock.build("build", data.n, lambda: dict(zip(data.words, data.values.tolist())))  # noqa: B905
    data.hit(clock, lambda keys: [d[k] for k in keys], look)
    data.miss(clock, "miss, in", lambda keys: [k in d for k in keys], absent, False)
    get, absent = d.get, data.fresh(data.absent)
    data.miss(clock, "miss, get", lambda keys: [get(k, ABSENT) for k in keys], absent, ABSENT)


def pandas_words(clock: Clock, data: Words) -> None:
    import pandas as pd

    look, absent = pd.Index(data.fresh(data.look)), pd.Index(data.fresh(data.absent))

    def build() -> Any:
        made = pd.Index(data.words)
        assert made.is_unique
        return made

    index = clock.build("build", data.n, build)
    data.hit(clock, lambda keys: data.values[index.get_indexer(keys)], look)
    data.miss(clock, "miss, in", lambda keys: index.get_indexer(keys) >= 0, absent, False)


def pyarrow_words(clock: Clock, data: Words) -> None:
    import pyarrow as pa
    import pyarrow.compute as pc

    pa.set_cpu_count(1)
    keys, look = pa.array(data.words), pa.array(data.fresh(data.look))
    values, absent = pa.array(data.values), pa.array(data.fresh(data.absent))

    def get(wanted: Any) -> Any:
        return values.take(pc.index_in(wanted, value_set=keys))

    data.hit(clock, get, look, "build and hit")
    data.miss(clock, "build and miss", lambda k: get(k).fill_null(ABSENT), absent, ABSENT)
    one = look[:1]
    clock("build", data.n, lambda: pc.index_in(one, value_set=keys))


# ---- all of it -------------------------------------------------------------------------------------

Measured = Callable[[Clock, Any], None]


def of(cls: str, function: Callable[[Clock, Any, str], None]) -> Measured:
    return lambda clock, data: function(clock, data, cls)


#: By part: what is drawn for it, and its peers, of which the first is what the others are compared with.
PARTS: dict[str, tuple[Callable[[int, int], Any], dict[str, Measured]]] = {
    "maps": (
        Maps,
        {
            "Map": of("Map", gomap_map),
            "GoMap": of("GoMap", gomap_map),
            "dict": dict_loop,
            "phashmap": phashmap_dict,
            "pandas Index": pandas_index,
            "pandas Series": pandas_series,
            "pandas hashtable": pandas_table,
            "cykhash": cykhash_map,
            "hirola": hirola_table,
            "numba": numba_dict,
            "pyarrow": pyarrow_index_in,
            "polars": polars_join,
            "phashmap, 2 threads": lambda clock, data: phashmap_dict(clock, data, 2),
            "polars, 2 threads": polars_join,
        },
    ),
    "isin": (
        Members,
        {
            "Set": gomap_set,
            "set": set_loop,
            "cykhash": cykhash_isin,
            "pandas": pandas_isin,
            "numpy": numpy_isin,
            "pyarrow": pyarrow_isin,
            "polars": polars_isin,
            "hirola": hirola_isin,
            "phashmap": phashmap_isin,
            "polars, 2 threads": polars_isin,
        },
    ),
    "count": (
        Ids,
        {
            "Map": of("Map", gomap_count),
            "Map, keys known": gomap_count_filled,
            "GoMap": of("GoMap", gomap_count),
            "Counter": counter,
            "Counter of a list": counter_of_list,
            "pandas": pandas_count,
            "numpy": numpy_count,
            "polars": polars_count,
            "pyarrow": pyarrow_count,
            "polars, 2 threads": polars_count,
        },
    ),
    "factorize": (
        Ids,
        {
            "Map": gomap_factorize,
            "pandas": pandas_factorize,
            "numpy": numpy_factorize,
            "pyarrow": pyarrow_factorize,
            "hirola": hirola_factorize,
        },
    ),
    "threads": (Maps, {"Map": of("Map", gomap_threads), "GoMap": of("GoMap", gomap_threads)}),
    "str": (
        Words,
        {
            "Map, pyarrow": of("pyarrow", gomap_words),
            "Map, NumPy": of("NumPy", gomap_words),
            "Map, list": of("list", gomap_words),
            "dict": dict_words,
            "pandas Index": pandas_words,
            "pyarrow": pyarrow_words,
        },
    ),
}


def measure(part: str, peer: str, n: int, seed: int) -> dict[str, Any]:
    """One round of one peer, in a process that does nothing else."""
    draw, peers = PARTS[part]
    peers[peer](Clock(), draw(1000, 0))  # imports what is imported late
    gc.disable()
    clock = Clock(again=part != "str")
    peers[peer](clock, draw(n, seed))
    return {"cpu": clock.cpu, "wall": clock.wall, **clock.facts}
