"""What ``m.memory()``, ``m.stats()`` and ``cache.stats`` return: the bytes of a map by purpose, how it is built, and
how often a cache had what it was asked for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields
from typing import Any

__all__ = ["CacheStats", "MemoryReport", "Stats"]


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryReport:
    """The bytes a map holds, by purpose, as the allocator gave them.

    ``total`` is the sum of ``header`` to ``directory``.
    """

    #: all bytes held now
    total: int
    #: the most held at one moment, since the map was made or :meth:`reset_peak` was called
    peak: int
    #: the data itself: entries times the bytes of a key and a value
    raw: int
    #: the map's own struct
    header: int
    #: the bucket array
    buckets: int
    #: the tags kept apart from the buckets
    tags: int
    #: overflow buckets allocated one by one; in a Map, entries that found no bucket
    overflow: int
    #: keys and values that stand behind a reference
    records: int
    #: keys and values of variable length
    strings: int
    #: the bucket array being evacuated
    old_buckets: int
    #: a SwissMap's: its tables, and the directory that leads to them
    directory: int
    entries: int
    #: of the saved map that it is over: these bytes are not its own, and not in ``total``
    mapped: int = 0

    @property
    def bytes_per_entry(self) -> float:
        """Bytes held for each entry; 0.0 for a map without entries."""
        return self.total / self.entries if self.entries else 0.0

    def _rows(self) -> Iterator[tuple[str, str, str]]:
        """Purpose, bytes, and bytes in a fitting unit: purposes that hold something, then the sums."""
        from ._display import human

        sums = ("total", "peak", "raw")
        purposes = [f.name for f in fields(self) if f.name not in (*sums, "entries", "mapped")]
        for name in [name for name in purposes if getattr(self, name)] + list(sums) + ["mapped"] * bool(self.mapped):
            count = getattr(self, name)
            yield name.replace("_", " "), f"{count:,}", human(count)

    def _summary(self) -> str:
        from ._words import entries_of

        text = entries_of(self.entries)
        return f"{text}, {self.bytes_per_entry:,.1f} bytes each" if self.entries else text

    def __str__(self) -> str:
        from ._display import aligned

        return "\n".join([*aligned([("", "bytes", ""), *self._rows()]), self._summary()])

    def __rich_repr__(self) -> Iterator[tuple[str, Any]]:
        yield from ((f.name, getattr(self, f.name)) for f in fields(self))
        yield "bytes_per_entry", round(self.bytes_per_entry, 1)

    def _repr_html_(self) -> str:
        from ._display import html_table

        return html_table(("", "bytes", ""), list(self._rows()), self._summary())


#: Figures that not all of the engines have.
_ONLY = {
    "swiss": (
        "B", "array_buckets", "array_bytes", "growths", "splits", "tables", "directory", "directory_bytes",
        "tombstones",
    ),
    "go": (
        "B", "array_buckets", "array_bytes", "overflow_heap", "old_buckets", "evacuated", "growing", "same_size",
        "growths", "same_size_growths", "noverflow", "chain_lengths",
    ),
    "elastic": ("splits", "merges", "displaced"),
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True, repr=False)
class Stats:
    """How a map is built at one moment. What is shown of it are the figures that its engine has."""

    #: the algorithm: "elastic", "go" or "swiss"
    engine: str
    entries: int
    #: that hashes lead to; a SwissMap's groups of eight slots
    buckets: int
    #: log2 of ``buckets``, a SwissMap's of ``directory``; what follows until ``noverflow`` is a GoMap's if not said
    #: otherwise
    B: int
    #: buckets in the array, with the preallocated overflow buckets at its tail; a SwissMap's in all arrays
    array_buckets: int
    #: asked for, for these arrays
    array_bytes: int
    #: one bucket
    bucket_bytes: int
    #: linked into chains, those of the old array included
    overflow_buckets: int
    #: of those, allocated one by one
    overflow_heap: int
    #: in the old array while growing, else 0
    old_buckets: int
    #: of those, moved out already
    evacuated: int
    growing: bool
    #: this growth keeps the number of buckets
    same_size: bool
    #: the number of entries beyond which an insertion starts to grow
    grow_at: int
    #: since the map was made, same-size growths included
    growths: int
    same_size_growths: int
    #: the count of overflow buckets that same-size growth looks at, approximate in large maps
    noverflow: int
    #: a Map's: buckets made and given up, one at a time, since the map was made; a SwissMap's tables that have split
    splits: int
    merges: int
    #: entries that were moved to their other bucket to make room
    displaced: int
    #: a SwissMap's; 0 while one group has all entries
    tables: int
    #: places in the directory of tables, and the bytes asked for it
    directory: int
    directory_bytes: int
    #: slots of deleted entries that are not free yet
    tombstones: int
    #: ``[i]`` is the number of chains of i + 1 buckets; the last, of that many or more
    chain_lengths: tuple[int, ...]

    @property
    def load_factor(self) -> float:
        """Entries a bucket, overflow buckets not counted."""
        return self.entries / self.buckets if self.buckets else 0.0

    def _names(self) -> list[str]:
        """Of the figures that there are."""
        others = {name for names in _ONLY.values() for name in names} - {*_ONLY[self.engine]}
        return [field.name for field in fields(self) if field.name not in others]

    def __repr__(self) -> str:
        return f"Stats({', '.join(f'{name}={getattr(self, name)!r}' for name in self._names())})"

    def _rows(self) -> Iterator[tuple[str, str]]:
        """What the figure is, and the figure."""
        for name in self._names():
            value = getattr(self, name)
            if isinstance(value, bool):
                shown = "yes" if value else "no"
            elif isinstance(value, int):
                shown = f"{value:,}"
            elif isinstance(value, tuple):
                chains = [f"{count:,} of {length}" for length, count in enumerate(value, 1) if count]
                shown = ", ".join(chains) or "none"
            else:
                shown = value
            yield name.replace("_", " "), shown
            if name == "buckets":
                yield "load factor", f"{self.load_factor:.3f}"

    def __str__(self) -> str:
        from ._display import aligned

        return "\n".join(aligned(list(self._rows())))

    def __rich_repr__(self) -> Iterator[tuple[str, Any]]:
        yield from ((name, getattr(self, name)) for name in self._names())
        yield "load_factor", round(self.load_factor, 3)

    def _repr_html_(self) -> str:
        from ._display import html_table

        return html_table((), list(self._rows()))


@dataclass(frozen=True, slots=True, kw_only=True)
class CacheStats:
    """How often a :class:`~gomap.Cache` had what it was asked for, and what it holds.

    Counted since the cache was made or :meth:`~gomap.Cache.reset_stats` was called; entries and bytes are those of now.
    """

    #: look-ups that found their key
    hits: int
    #: look-ups that did not, those of expired entries included
    misses: int
    #: entries that made way for others before they had expired
    evictions: int
    #: entries whose time was over
    expirations: int
    entries: int
    bytes: int

    @property
    def rate(self) -> float:
        """Hits of all look-ups, from 0 to 1; 0.0 before the first one."""
        lookups = self.hits + self.misses
        return self.hits / lookups if lookups else 0.0
