"""What a map's memory is for, how it is built, and the real bytes of a dict to compare with.

:class:`MemoryReport` and :class:`Stats` are what ``m.memory()`` and ``m.stats()`` return: figures taken
at one moment. :func:`sizeof` counts a dict with its keys and values as the allocator gives the bytes.
"""

from __future__ import annotations

import builtins
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, fields
from itertools import chain
from sys import getrefcount, getsizeof
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    MethodDescriptorType,
    ModuleType,
    WrapperDescriptorType,
)
from typing import Any

__all__ = ["MemoryReport", "Stats", "sizeof"]

# ---- reports ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class MemoryReport:
    """The bytes a map holds, by purpose, as the allocator gave them.

    ``total`` is the sum of ``header`` to ``old_buckets``.
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
    entries: int

    @property
    def bytes_per_entry(self) -> float:
        """Bytes held for each entry; 0.0 for a map without entries."""
        return self.total / self.entries if self.entries else 0.0

    def _rows(self) -> Iterator[tuple[str, str, str]]:
        """Purpose, bytes, and bytes in a fitting unit: purposes that hold something, then the sums."""
        from ._display import human

        sums = ("total", "peak", "raw")
        purposes = [f.name for f in fields(self) if f.name not in (*sums, "entries")]
        for name in [name for name in purposes if getattr(self, name)] + list(sums):
            count = getattr(self, name)
            yield name.replace("_", " "), f"{count:,}", human(count)

    def _summary(self) -> str:
        text = f"{self.entries:,} {'entry' if self.entries == 1 else 'entries'}"
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Stats:
    """How a map is built at one moment."""

    #: the algorithm: "go" or "elastic"
    engine: str
    entries: int
    #: that hashes lead to
    buckets: int
    #: log2 of ``buckets``; what follows until ``noverflow`` is a GoMap's if not said otherwise
    B: int
    #: buckets in the array, with the preallocated overflow buckets at its tail
    array_buckets: int
    #: asked for, for that array
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
    #: a Map's: buckets made and given up, one at a time, since the map was made
    splits: int
    merges: int
    #: entries that were moved to their other bucket to make room
    displaced: int
    #: ``[i]`` is the number of chains of i + 1 buckets; the last, of that many or more
    chain_lengths: tuple[int, ...]

    @property
    def load_factor(self) -> float:
        """Entries a bucket, overflow buckets not counted."""
        return self.entries / self.buckets if self.buckets else 0.0

    def _rows(self) -> Iterator[tuple[str, str]]:
        """What the figure is, and the figure."""
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, bool):
                shown = "yes" if value else "no"
            elif isinstance(value, int):
                shown = f"{value:,}"
            elif isinstance(value, tuple):
                chains = [f"{count:,} of {length}" for length, count in enumerate(value, 1) if count]
                shown = ", ".join(chains) or "none"
            else:
                shown = value
            yield field.name.replace("_", " "), shown
            if field.name == "buckets":
                yield "load factor", f"{self.load_factor:.3f}"

    def __str__(self) -> str:
        from ._display import aligned

        return "\n".join(aligned(list(self._rows())))

    def __rich_repr__(self) -> Iterator[tuple[str, Any]]:
        yield from ((f.name, getattr(self, f.name)) for f in fields(self))
        yield "load_factor", round(self.load_factor, 3)

    def _repr_html_(self) -> str:
        from ._display import html_table

        return html_table((), list(self._rows()))


# ---- the real bytes of Python objects ---------------------------------------------------------------

_SMALL_REQUEST = 512  # pymalloc takes requests up to here, in classes 16 bytes apart; malloc those above

#: What the interpreter holds whether or not a container refers to it: what has more references than
#: could be real (CPython marks so small integers, one-character strings and the like, and from 3.12
#: all that is immortal), and a few by id.
_NEVER_FREED = 1 << 29
_CONSTANTS = frozenset(map(id, (None, True, False, Ellipsis, NotImplemented)))
_SHARED_TYPES = (
    type,
    ModuleType,
    FunctionType,
    BuiltinFunctionType,
    MethodDescriptorType,
    WrapperDescriptorType,
    CodeType,
)

#: Containers that are followed, and how to go through one whatever its subclass overrides.
_CONTENTS: dict[type, Callable[[Any], Iterable[object]]] = {
    dict: lambda d: chain(dict.keys(d), dict.values(d)),
    list: list.__iter__,
    tuple: tuple.__iter__,
    set: set.__iter__,
    frozenset: frozenset.__iter__,
}
#: Types whose object and table are two blocks.
_TWO_BLOCKS: tuple[type, ...] = (dict, list, set, frozenset, bytearray)

if hasattr(builtins, "frozendict"):  # from 3.15 on: a dict that is no subclass of dict
    _frozendict: Any = builtins.frozendict
    _CONTENTS[_frozendict] = lambda d: chain(_frozendict.keys(d), _frozendict.values(d))
    _TWO_BLOCKS += (_frozendict,)

#: What sizeof counts with what is in it.
CONTAINERS = tuple(_CONTENTS)


def allocated(request: int) -> int:
    """The bytes CPython's allocator takes for a request."""
    if request <= _SMALL_REQUEST:
        return (request + 15) & ~15
    from ._core import _heap_bytes

    return _heap_bytes(request)


def plain_bytes(obj: object) -> int:
    """What :func:`sizeof` says of an int, float, bool or bytes, in a small part of its time."""
    if getrefcount(obj) > _NEVER_FREED or id(obj) in _CONSTANTS:
        return 0
    return allocated(getsizeof(obj))


def _references_of_one() -> int:
    """What getrefcount says, in a loop, of an object that only one container refers to."""
    for item in [object()]:
        count = getrefcount(item)
    return count


class _Handling:
    """How objects of one type are counted."""

    __slots__ = ("contents", "is_map", "is_shared", "two_blocks")

    def __init__(self, kind: type) -> None:
        from ._core import Base

        self.is_map = issubclass(kind, Base)
        self.is_shared = issubclass(kind, _SHARED_TYPES)
        self.two_blocks = issubclass(kind, _TWO_BLOCKS)
        self.contents = next((walk for base, walk in _CONTENTS.items() if issubclass(kind, base)), None)

    @property
    def is_plain(self) -> bool:
        return not (self.is_map or self.is_shared or self.two_blocks or self.contents)


def sizeof(obj: object) -> int:
    """The real bytes of an object: of a dict, the dict and all its keys and values.

    :param obj: a dict, frozendict, list, tuple, set or frozenset (or a subclass of one) is counted with
        what it contains, to any depth; a gomap map or Set is its ``nbytes``; anything else is what
        :func:`sys.getsizeof` says of it, without the objects it refers to, such as an instance's
        attributes
    :returns: bytes

    What it says precisely:

    - Each object counts once, however often and from wherever it is referred to.
    - Each block of memory counts as CPython's allocators on 64-bit Linux round it: up to 512 bytes in
      steps of 16 (pymalloc); above, 8 bytes more and in steps of 16 (glibc's malloc; musl's in its own
      classes); from 128 KiB in whole pages (what malloc maps). Table and object of a dict, frozendict,
      list, set, frozenset and bytearray are blocks of their own. The 16 bytes that the garbage collector
      puts before an object it follows are part of its block.
    - Not counted, as they are there anyway: None, True, False, Ellipsis, NotImplemented; the integers
      -5 to 256 (1,024 from 3.15 on), the empty tuple, str and bytes, one-character Latin-1 strings and
      one-byte bytes that CPython shares; from 3.12 on whatever else is immortal, such as the strings
      written in a program; types, modules, functions and code.
    - Not counted, as it belongs to no object: the allocators' own bookkeeping and what they keep
      unused (pymalloc's pools lose 1 to 3 % at their ends).

    It takes about 0.3 seconds for a million objects, and next to no memory where containers alone
    refer to theirs.
    """
    seen: set[int] = set()
    handling: dict[type, _Handling] = {}
    plain: dict[type, None] = {}  # types of one block that contain nothing: nearly every object
    sizes: dict[int, int] = {}  # of such: by size, how many
    only_here = _references_of_one()
    total = 0
    level: list[Iterable[object]] = [(obj,)]
    while level:
        within: list[Iterable[object]] = []
        for item in chain.from_iterable(level):
            references = getrefcount(item)
            if references != only_here:  # others refer to it, perhaps from here too
                identity = id(item)
                if references > _NEVER_FREED or identity in seen or identity in _CONSTANTS:
                    continue
                seen.add(identity)
            kind = type(item)
            if kind in plain:
                size = getsizeof(item)
                sizes[size] = sizes.get(size, 0) + 1
                continue
            how = handling.get(kind)
            if how is None:
                how = handling[kind] = _Handling(kind)
                if how.is_plain:
                    plain[kind] = None
            if how.is_shared:
                continue
            if how.is_map:
                total += item.nbytes  # type: ignore[attr-defined]
                continue
            size = getsizeof(item)
            if how.two_blocks:
                head = kind.__basicsize__ + size - item.__sizeof__()
                total += allocated(head)
                size -= head
            total += allocated(size)
            if how.contents is not None:
                within.append(how.contents(item))
        level = within
    return total + sum(allocated(size) * count for size, count in sizes.items())
