"""What maps would hold that are not built: Map, GoMap and dict, by formula.

The formulas are those of docs/memory.md. They go the way the core goes (``csrc/``), through the same steps of
growth and the same rounding: nothing is fitted, and constants and functions are named as they are there. What
chance decides, the overflow buckets of a GoMap, is what it is on average.

Blocks are counted as a map counts them with glibc on 64-bit Linux, objects as :func:`gomap.sizeof` does.
"""

from __future__ import annotations

import math
import operator
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from mmap import PAGESIZE
from numbers import Real
from sys import getsizeof
from typing import Any, SupportsIndex

from .memory import allocated
from .types import Kind, Type, parse

__all__ = ["Estimate", "estimate"]

#: What is said of strings and of objects when nothing else is known.
STRING_BYTES = 16
OBJECT_BYTES = 64  # a tuple of two; an instance with two or three slots

_STRINGS = (Kind.STRING, Kind.VARBYTES)


def _up(count: int, unit: int) -> int:
    """Rounded up to a multiple."""
    return -(-count // unit) * unit


# ---- blocks, regions, stores (csrc/memory.c, csrc/store.c) -------------------------------------------

GM_MAP_BYTES = 128 << 10
GM_LEAST_STEP = 16 << 10
GM_MOST_STEP = 128 << 10
GM_STORE_MOST = 2**32 - 2  # records have numbers of 32 bits


def gm_granted(size: int) -> int:
    """What is counted for a block: malloc's chunk, its header included, or whole pages."""
    return max(32, _up(size + 8, 16)) if size < GM_MAP_BYTES else _up(size, PAGESIZE)


def gm_region_room(size: int) -> int:
    """What a region is made to hold that grows to a size."""
    if size < GM_MAP_BYTES:
        return size + size // 4
    return size + min(max(size // 128, GM_LEAST_STEP), GM_MOST_STEP)


def _in_pages(size: int, mapped_from: int = GM_MAP_BYTES) -> int:
    """A region's size: whole pages once it is large enough to be mapped."""
    return _up(size, PAGESIZE) if size >= mapped_from else size


def _region_granted(size: int, mapped_from: int = GM_MAP_BYTES) -> int:
    return size if size >= mapped_from or size == 0 else gm_granted(size)


def _store_growth(stride: int) -> Iterator[tuple[int, int]]:
    """How a store grows, records being added one by one: when so many have filled it, to so many bytes."""
    least = 4 if stride < 1024 else 1
    capacity = 0
    while True:
        step = capacity // 2 if capacity * stride < GM_MAP_BYTES else capacity // 128
        size = _in_pages((capacity + max(step, least)) * stride)
        yield capacity, size
        capacity = size // stride


def gm_store_bytes(stride: int, count: int, *, compacted: bool = False) -> int:
    """A store of so many records, added one by one; compacted, in just their room."""
    if compacted:
        return _region_granted(_in_pages(count * stride))
    held = 0
    for full, size in _store_growth(stride):
        if full >= count:
            break
        held = size
    return _region_granted(held)


def gm_store_mapping(stride: int) -> tuple[int, int]:
    """When a store moves from the heap to a mapping: with so many records, to so many bytes."""
    return next((full, size) for full, size in _store_growth(stride) if size >= GM_MAP_BYTES)


# ---- keys and values as the core keeps them (csrc/gomap.h) --------------------------------------------

#: Lengths in bytes, and the share of the strings, or objects, that has each.
Lengths = tuple[tuple[int, float], ...]

GOMAP_INLINE_MAX = 128
GOMAP_OBJECT_SIZE = 16  # of a key: its hash, and the object


@dataclass(frozen=True, slots=True)
class Stored:
    """Keys or values of one type."""

    #: bytes in an entry
    size: int
    #: a GoMap's bucket holds a reference
    reference: bool
    #: strings: how long they are
    lengths: Lengths | None

    @classmethod
    def of(cls, type: Type, lengths: Lengths, *, key: bool) -> Stored:
        size = GOMAP_OBJECT_SIZE if key and type.kind is Kind.OBJECT else type.size
        reference = type.pointer or size > GOMAP_INLINE_MAX
        return cls(size, reference, lengths if type.kind in _STRINGS else None)

    def strings(self, count: int) -> Iterator[tuple[int, int]]:
        """Lengths of so many strings, and how many of them are that long."""
        so_far, upto = 0, 0.0
        for length, share in self.lengths or ():
            upto += share
            some = round(upto * count) - so_far
            so_far += some
            if some:
                yield length, some


# ---- Map (csrc/elastic/bucket.h, resize.h; strings: csrc/text.h) --------------------------------------

EL_SLOTS = 8
EL_GROW_EIGHTHS = 55
EL_GROW_EIGHTHS_DENSE = 56
EL_GROW_EIGHTHS_SMALL = 40
EL_SMALL_LOG2 = 9
EL_COMPACT_HALVES = 15
EL_INLINE_MAX = 64
EL_MAX_BUCKETS = 2**32 - 1
#: sizeof(gm_elastic), up to `records`, to `texts`, and all of it
EL_HEADER, EL_HEADER_RECORDS, EL_HEADER_STRINGS = 184, 224, 248
#: Tags are mapped from here on.
TAGS_MAPPED = GM_MAP_BYTES // 8

GM_IMAGE = 16  # a string in an entry: itself, up to this length
GM_TEXT_HEAD = 8
GM_TEXT_SMALL = 128
GM_TEXT_MOST = 4096
GM_TEXT_LARGE_BYTES = 24  # sizeof(large_text)
GM_TEXTS = 2208  # sizeof(gm_texts)


def el_eighths(buckets: int, most: int) -> int:
    """The most entries a bucket, in eighths: 40 up to 512 buckets, from where each doubling adds 3."""
    return min(EL_GROW_EIGHTHS_SMALL + 3 * max(0, buckets.bit_length() - EL_SMALL_LOG2), most)


def el_capacity(buckets: int, most: int) -> int:
    """The most entries for so many buckets before one is added. A single bucket is filled."""
    return buckets * EL_SLOTS if buckets <= 1 else buckets * el_eighths(buckets, most) // 8


def _small_counts() -> Iterator[int]:
    """The numbers of buckets that a small map grows through, an eighth at a time."""
    buckets = 1
    while not buckets >> EL_SMALL_LOG2:
        yield buckets
        buckets += buckets // 8 + 1
    yield buckets


_SMALL_COUNTS = tuple(_small_counts())


def el_buckets(count: int, most: int) -> int:
    """The buckets of a map to which so many entries were added one by one."""
    if count == 0:
        return 0
    for buckets in _SMALL_COUNTS:
        if el_capacity(buckets, most) >= count:
            return buckets
    # From there one at a time: the fewest that have room, the limit rising at powers of two.
    buckets = _SMALL_COUNTS[-1]
    while el_capacity(buckets, most) < count:
        buckets = min(1 << buckets.bit_length(), -(-8 * count // el_eighths(buckets, most)))
    return buckets


def el_buckets_for(count: int, most: int) -> int:
    """The buckets of a map that was made with room for so many entries: the fewest that have it."""
    buckets = 1 if count <= EL_SLOTS else -(-8 * count // most)
    while el_capacity(buckets, most) < count:
        buckets += buckets // 64 + 1
    return buckets


def _grown_region(buckets: int, bucket_bytes: int, mapped_from: int) -> int:
    """The tags or slots of a map that has grown to so many buckets."""
    size = 0
    for small in _SMALL_COUNTS:
        needed = small * bucket_bytes
        if small <= buckets and size < needed:
            size = _in_pages(needed if small < 4 else gm_region_room(needed), mapped_from)
    needed = buckets * bucket_bytes
    while size < needed:
        if size // 128 >= GM_MOST_STEP:  # equal steps: one more bucket takes one more page, and the room
            return size + _up(needed - size, GM_MOST_STEP + PAGESIZE)
        size = _in_pages(gm_region_room((size // bucket_bytes + 1) * bucket_bytes), mapped_from)
    return size


def gm_text_stride(length: int) -> int:
    """The record of a string that is not inline."""
    size = length + GM_TEXT_HEAD
    if size <= GM_TEXT_SMALL:
        return _up(size, 8)
    if size > GM_TEXT_MOST:
        return GM_TEXT_LARGE_BYTES
    return _up(size, 1 << ((size - 1).bit_length() - 4))  # eight classes a doubling


def gm_text_bytes(strings: Stored, count: int, compacted: bool) -> int:
    """The string region of so many keys or values; 0 for what is no string."""
    records: dict[int, int] = {}
    blocks = 0
    for length, some in strings.strings(count):
        if length <= GM_IMAGE:
            continue
        stride = gm_text_stride(length)
        records[stride] = records.get(stride, 0) + some
        if length + GM_TEXT_HEAD > GM_TEXT_MOST:
            blocks += some * gm_granted(length)
    if not records:
        return 0
    regions = sum(gm_store_bytes(stride, some, compacted=compacted) for stride, some in records.items())
    return gm_granted(GM_TEXTS) + regions + blocks


def map_bytes(
    key: Stored, value: Stored, count: int, *, compacted: bool = False, reserved: bool = False
) -> dict[str, int]:
    """A Map by purpose, as :class:`gomap.MemoryReport` names them: filled one by one, or compacted, or made
    with room for so many.
    """
    entry = key.size + value.size
    in_records = key.reference or value.reference or entry > EL_INLINE_MAX
    has_strings = key.lengths is not None or value.lengths is not None
    header = EL_HEADER_STRINGS if has_strings else EL_HEADER_RECORDS if in_records else EL_HEADER
    slot = 4 if in_records else entry
    most = EL_GROW_EIGHTHS if in_records or 8 < entry <= 32 else EL_GROW_EIGHTHS_DENSE
    exactly = compacted or reserved
    if exactly:
        buckets = (
            el_buckets_for(count, most)
            if reserved
            else 1
            if 0 < count <= EL_SLOTS
            else -(-2 * count // EL_COMPACT_HALVES)
        )
        tags = _in_pages(buckets * EL_SLOTS, TAGS_MAPPED)
        slots = _in_pages(buckets * EL_SLOTS * slot)
    else:
        buckets = el_buckets(count, most)
        tags = _grown_region(buckets, EL_SLOTS, TAGS_MAPPED)
        slots = _grown_region(buckets, EL_SLOTS * slot, GM_MAP_BYTES)
    if buckets and not slot:
        slots = 1  # keys and values of no bytes
    return {
        "header": gm_granted(header),
        "tags": _region_granted(tags, TAGS_MAPPED),
        "buckets": _region_granted(slots),
        "records": gm_store_bytes(max(entry, 4), count, compacted=exactly) if in_records else 0,
        "strings": gm_text_bytes(key, count, compacted) + gm_text_bytes(value, count, compacted),
    }


def map_most(key: Stored, value: Stored) -> int:
    """The most entries a Map can have; a GoMap can have as many."""
    lengths = [length for each in (key, value) for length, _ in each.lengths or ()]
    in_records = key.reference or value.reference or key.size + value.size > EL_INLINE_MAX
    if in_records or max(lengths, default=0) > GM_IMAGE:
        return GM_STORE_MOST
    return el_capacity(EL_MAX_BUCKETS - 1, EL_GROW_EIGHTHS)


# ---- GoMap (csrc/go/bucket.h, array.h, grow.h) --------------------------------------------------------

GO_SLOTS = 8
GO_KEYS = 8
GO_REFERENCE = 8
GO_HEADER = 488  # sizeof(gm_go)
# fmt: off
GO_SIZE_CLASSES = (
    8, 16, 24, 32, 48, 64, 80, 96, 112, 128, 144, 160, 176, 192, 208, 224, 240, 256, 288, 320, 352, 384, 416,
    448, 480, 512, 576, 640, 704, 768, 896, 1024, 1152, 1280, 1408, 1536, 1792, 2048, 2304, 2688, 3072, 3200,
    3456, 4096, 4864, 5376, 6144, 6528, 6784, 6912, 8192, 9472, 9728, 10240, 10880, 12288, 13568, 14336,
    16384, 18432, 19072, 20480, 21760, 24576, 27264, 28672, 32768,
)
# fmt: on


def go_size_class(size: int) -> int:
    """What Go's allocator gives for a request."""
    return next((each for each in GO_SIZE_CLASSES if each >= size), _up(size, 8192))


def go_capacity(B: int) -> int:
    """The most entries of 2^B buckets before they grow."""
    return GO_SLOTS if B == 0 else 13 * ((1 << B) // 2)


def go_B_for(count: int) -> int:
    B = 0
    while go_capacity(B) < count:
        B += 1
    return B


def go_bucket_bytes(key: Stored, value: Stored) -> int:
    slots = (GO_REFERENCE if each.reference else each.size for each in (key, value))
    return GO_KEYS + GO_SLOTS * sum(slots) + 8


def go_array_bytes(B: int, bucket: int) -> int:
    """The array of 2^B buckets and, from B = 4, its tail of overflow buckets."""
    return (1 << B) * bucket if B < 4 else go_size_class(((1 << B) + (1 << B - 4)) * bucket)


def go_overflow_heap(B: int, bucket: int, count: int) -> float:
    """How many overflow buckets come from the heap, on average: those beyond the array's tail.

    The entries of a bucket are so many throws of a die of 2^B sides. Beyond eight they need a second bucket,
    beyond sixteen a third; and the sum over all buckets is nearly normal.
    """
    if B == 0:
        return 0.0
    buckets = 1 << B
    mean = square = product = 0.0  # of the overflow buckets of one, and of these times the entries
    share = math.exp(count * math.log1p(-1 / buckets))  # of buckets with no entry, with one ...
    for entries in range(count + 1):
        overflow = max(0, -(-entries // GO_SLOTS) - 1)
        mean += share * overflow
        square += share * overflow**2
        product += share * overflow * entries
        share *= (count - entries) / ((entries + 1) * (buckets - 1))
        if entries > count / buckets and share < 1e-12:
            break
    tail = go_array_bytes(B, bucket) // bucket - buckets
    load = count / buckets
    expected = mean * buckets
    # All entries are count together, so that one bucket's more are another's less.
    variance = buckets * (square - mean**2 - (product - mean * load) ** 2 / load)
    if tail == 0 or variance <= 0:
        return max(0.0, expected - tail)
    spread = math.sqrt(variance)
    above = (expected - tail) / spread
    density = math.exp(-(above**2) / 2) / math.sqrt(2 * math.pi)
    return spread * density + (expected - tail) * (1 + math.erf(above / math.sqrt(2))) / 2


def go_unevacuated(B: int, since: int) -> float:
    """How many of 2^B old buckets are left to evacuate after so many insertions.

    Each evacuates the one it hits, which may have been before, and the first that has not. About 0.69 * 2^B
    insertions end it.
    """
    old = 1 << B
    return max(0.0, 2 * old * float(1 - 1 / old) ** since - old)


def gomap_bytes(key: Stored, value: Stored, count: int) -> dict[str, float]:
    """A GoMap filled one by one, by purpose; what chance decides is the average."""
    B = go_B_for(count)
    bucket = go_bucket_bytes(key, value)
    old_buckets, overflow = 0.0, go_overflow_heap(B, bucket, count)
    if B:
        full = go_capacity(B - 1)
        left = go_unevacuated(B - 1, count - full)
        # When less than one is left on average: so likely is it that the array is still there.
        old_buckets = min(left, 1.0) * gm_granted(go_array_bytes(B - 1, bucket))
        overflow += left / (1 << B - 1) * go_overflow_heap(B - 1, bucket, full)
    return {
        "header": gm_granted(GO_HEADER),
        "buckets": gm_granted(go_array_bytes(B, bucket)) if count else 0,
        "overflow": overflow * gm_granted(bucket),
        "old_buckets": old_buckets,
        "records": sum(
            gm_store_bytes(go_size_class(each.size), count) for each in (key, value) if each.reference
        ),
        "strings": sum(
            some * gm_granted(length)
            for each in (key, value)
            for length, some in each.strings(count)
            if length
        ),
    }


def go_last_evacuation(B: int) -> int:
    """The insertions after which 2^B old buckets are not all evacuated yet, but will be after the next."""
    old = 1 << B
    return 0 if B == 0 else math.floor(math.log((old + 1) / (2 * old)) / math.log1p(-1 / old))


def gomap_peak(key: Stored, value: Stored, count: int) -> float:
    """The most that a GoMap held at one moment while it was filled one by one.

    That is now; or while it last grew, the old array and the new one alive: when that began, with all the old
    overflow buckets, or before it ended, with more entries; or when records were moved to a mapping.
    """

    def total(entries: int) -> float:
        return sum(gomap_bytes(key, value, entries).values())

    moments = [total(count)]
    B = go_B_for(count)
    if B:
        full, bucket = go_capacity(B - 1), go_bucket_bytes(key, value)
        moments.append(total(full) + gm_granted(go_array_bytes(B, bucket)))
        moments.append(total(min(count, full + go_last_evacuation(B - 1))))
    for each in (key, value):
        if each.reference:
            moved, mapping = gm_store_mapping(go_size_class(each.size))
            if moved < count:
                moments.append(total(moved) + mapping)
    return max(moments)


# ---- dict and set (CPython's Objects/dictobject.c and setobject.c, 3.11 to 3.15) ----------------------

DICT_KEYS = 32  # sizeof(PyDictKeysObject)
DICT_ENTRY = 24  # hash, key, value
DICT_TEXT_ENTRY = 16  # without the hash, while every key is a str


def dict_room(slots: int) -> int:
    """The most entries for so many slots (USABLE_FRACTION)."""
    return 2 * slots // 3


def dict_slots(count: int) -> int:
    """The slots of a dict filled one by one: a power of two."""
    slots = 8
    while dict_room(slots) < count:
        slots *= 2
    return slots


def dict_table_bytes(slots: int, entry: int) -> int:
    index = 1 if slots < 2**8 else 2 if slots < 2**16 else 4 if slots < 2**32 else 8
    return allocated(DICT_KEYS + slots * index + dict_room(slots) * entry)


def set_table_bytes(count: int) -> int:
    """The table of a set filled one by one; the first eight slots are in the set itself."""
    slots = 8
    while 5 * count >= 3 * (slots - 1):
        used = -(-3 * (slots - 1) // 5)  # when it grows: to more than four times that, when large twice
        slots = 1 << (used * (2 if used > 50_000 else 4)).bit_length()
    return 0 if slots == 8 else allocated(16 * slots)


def object_bytes(type: Type, lengths: Lengths) -> float:
    """A key or value as Python has it, on average: an object of its own, unless CPython shares it.

    :param lengths: of strings, in characters, which are ASCII; of objects, their bytes
    """
    kind = type.kind
    if kind is Kind.OBJECT:
        return sum(share * length for length, share in lengths)
    if kind in (Kind.FLOAT32, Kind.FLOAT64):
        return allocated(getsizeof(1.5))
    if kind is Kind.STRUCT:  # a tuple
        tuple_bytes = allocated(getsizeof((None,) * len(type.fields)))
        return tuple_bytes + sum(object_bytes(each.type, ()) for each in type.fields)
    if kind is Kind.BYTES:
        return _string_bytes(b"", type.size)
    if kind in _STRINGS:
        empty = "" if kind is Kind.STRING else b""
        return sum(share * _string_bytes(empty, length) for length, share in lengths)
    # bool, None and whatever fits a byte are shared; of other ints, those below 2**60 are alike.
    return 0 if type.size <= 1 else allocated(getsizeof(10**9))


def _string_bytes(empty: str | bytes, length: int) -> int:
    return 0 if length <= 1 else allocated(getsizeof(empty) + length)


def set_bytes(count: int, objects: float) -> float:
    """A set with its keys."""
    return allocated(getsizeof(set())) + set_table_bytes(count) + count * objects


def dict_bytes(count: int, entry: int, objects: float) -> float:
    """A dict with its keys and values.

    :param entry: :data:`DICT_ENTRY` or :data:`DICT_TEXT_ENTRY`
    :param objects: bytes of a key and its value
    """
    table = dict_table_bytes(dict_slots(count), entry) if count else 0
    return allocated(getsizeof({})) + table + count * objects


def dict_peak(count: int, entry: int, objects: float) -> float:
    """The most that it held while it was filled: now, or when it last grew, both tables alive."""
    slots = dict_slots(count)
    if slots == dict_slots(0):
        return dict_bytes(count, entry, objects)
    full = dict_room(slots // 2)
    growing = dict_bytes(full + 1, entry, objects) + dict_table_bytes(slots // 2, entry)
    return max(growing, dict_bytes(count, entry, objects))


# ---- the estimate -------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Estimate:
    """The bytes of maps that are not built, each filled one by one with the same entries."""

    #: the types' spellings
    key: str
    value: str
    entries: int
    #: a Map, or, without values, a Set of the keys. From 128 KiB of slots on its peak is no more
    map: int
    #: the same after ``compact()``, or from ``from_arrays``, which puts in objects one by one
    map_compacted: int
    gomap: int
    #: the most while it was filled: the old array and the new one, while it grew
    gomap_peak: int
    #: a dict with its keys and values, as :func:`gomap.sizeof` counts it
    dict: int
    #: the most while it was filled: the old table and the new one, while it grew
    dict_peak: int
    #: without values: a set of the keys; else None
    set: int | None
    #: keys and values of type ``any`` themselves, which are counted in ``dict``, and in a set; maps refer to
    #: them too, but do not count them
    objects: int

    @property
    def map_per_entry(self) -> float:
        """Bytes of a Map for each entry; 0.0 without entries."""
        return self._each(self.map)

    @property
    def map_compacted_per_entry(self) -> float:
        """Bytes of a compacted Map for each entry; 0.0 without entries."""
        return self._each(self.map_compacted)

    @property
    def gomap_per_entry(self) -> float:
        """Bytes of a GoMap for each entry; 0.0 without entries."""
        return self._each(self.gomap)

    @property
    def dict_per_entry(self) -> float:
        """Bytes of a dict for each entry; 0.0 without entries."""
        return self._each(self.dict)

    def _each(self, count: int) -> float:
        return count / self.entries if self.entries else 0.0

    def _rows(self) -> Iterator[tuple[str, str, str, str]]:
        """What it is, bytes, bytes in a fitting unit, and bytes an entry."""
        from ._display import human

        figures = [
            ("Map" if self.set is None else "Map or Set", self.map),
            ("  compacted", self.map_compacted),
            ("GoMap", self.gomap),
            ("  at its peak", self.gomap_peak),
            ("dict", self.dict),
            ("  at its peak", self.dict_peak),
        ]
        if self.objects:
            figures.insert(-1, ("  of it objects", self.objects))
        if self.set is not None:
            figures.append(("set", self.set))
        for name, count in figures:
            yield name, f"{count:,}", human(count), f"{self._each(count):,.1f}"

    def _summary(self) -> str:
        entries = f"{self.entries:,} {'entry' if self.entries == 1 else 'entries'}"
        objects = "; the maps refer to the objects, and do not count them" if self.objects else ""
        return f"{entries} of map[{self.key}]{self.value}, estimated{objects}"

    def __str__(self) -> str:
        from ._display import aligned

        return "\n".join([*aligned([("", "bytes", "", "each"), *self._rows()]), self._summary()])

    def __rich_repr__(self) -> Iterator[tuple[str, Any]]:
        yield from ((f.name, getattr(self, f.name)) for f in fields(self))
        for name in ("map", "map_compacted", "gomap", "dict"):
            yield f"{name}_per_entry", round(getattr(self, f"{name}_per_entry"), 1)

    def _repr_html_(self) -> str:
        from ._display import html_table

        return html_table(("", "bytes", "", "each"), list(self._rows()), self._summary())


def estimate(
    key: object,
    value: object,
    n: SupportsIndex,
    *,
    key_bytes: float | Iterable[int] | None = None,
    value_bytes: float | Iterable[int] | None = None,
) -> Estimate:
    """What n entries would take in a Map, a GoMap and a dict: by formula, without building one.

    :param key: the key type, in any spelling that a map takes
    :param value: the value type; None for a Set, which holds what a Map without values holds
    :param n: how many entries
    :param key_bytes: of ``string`` and ``bytes`` keys the mean length, encoded, or the lengths of a sample;
        16 unless given. Of ``any`` the mean bytes of one object, as :func:`gomap.sizeof` counts it, or the
        bytes of a sample; 64 unless given
    :param value_bytes: the same of values
    :raises ValueError: a type is unknown or malformed; there are not so many keys of the type, or a Map
        cannot hold so many; a number of entries or bytes is negative
    :raises TypeError: a type is no spelling at all; a number of entries or bytes is no number; a number of
        bytes is given for a type that tells it

    Within 2 % of real maps where they are as follows:

    - They are filled one by one from empty, nothing being deleted. A GoMap's overflow buckets are a matter of
      chance, and are counted as on average; one GoMap of less than 10,000 entries may be a few percent off.
    - Strings are about as long as their mean, or as those of the sample. It matters: a Map keeps strings of
      up to 16 bytes in the entry, and each over that takes 32 or more beside it; all lengths are rounded up.
    - Text is ASCII; other takes more in a dict. ``bytes`` of length 16 end in a byte below C0; others, a
      quarter of random ones, take 24 bytes more in a Map (``[16]byte`` never does).
    - In the dict every key and value is an object of its own, unless CPython has it made already: bools,
      None, ints of types of one byte, strings and bytes of length 0 or 1. So ints are not from -5 to 256
      (1,024 from 3.15 on), which CPython shares, and are less than 2**60 from zero (others take 16 bytes
      more).
    """
    key_type, value_type = parse(key, "key"), parse(value)
    key_lengths = _lengths("key_bytes", key_type, key_bytes)
    value_lengths = _lengths("value_bytes", value_type, value_bytes)
    stored = Stored.of(key_type, key_lengths, key=True), Stored.of(value_type, value_lengths, key=False)
    count = _checked_count(n, key_type, map_most(*stored))

    key_object, value_object = object_bytes(key_type, key_lengths), object_bytes(value_type, value_lengths)
    entry = DICT_TEXT_ENTRY if key_type.kind is Kind.STRING else DICT_ENTRY
    of_dict = count, entry, key_object + value_object
    objects = sum(
        each
        for type, each in ((key_type, key_object), (value_type, value_object))
        if type.kind is Kind.OBJECT
    )
    is_set = value_type.kind is Kind.NOTHING
    return Estimate(
        key=key_type.name,
        value=value_type.name,
        entries=count,
        map=sum(map_bytes(*stored, count).values()),
        map_compacted=sum(map_bytes(*stored, count, compacted=True).values()),
        gomap=round(sum(gomap_bytes(*stored, count).values())),
        gomap_peak=round(gomap_peak(*stored, count)),
        dict=round(dict_bytes(*of_dict)),
        dict_peak=round(dict_peak(*of_dict)),
        set=round(set_bytes(count, key_object)) if is_set else None,
        objects=round(count * objects),
    )


def reserved_bytes(
    key: Type, value: Type, count: int, key_bytes: Iterable[int] | None, value_bytes: Iterable[int] | None
) -> int:
    """What a Map holds that is made with room for its entries, as one made of a dict is.

    :param key_bytes: of strings, the lengths of a sample; else None
    """
    lengths = _lengths("key_bytes", key, key_bytes), _lengths("value_bytes", value, value_bytes)
    stored = Stored.of(key, lengths[0], key=True), Stored.of(value, lengths[1], key=False)
    return sum(map_bytes(*stored, count, reserved=True).values())


def _lengths(what: str, type_: Type, given: object) -> Lengths:
    """What was said of strings or objects, checked; nothing for other types."""
    if type_.kind not in (*_STRINGS, Kind.OBJECT):
        if given is not None:
            raise TypeError(f"{what}: expected None for {type_}, which tells its size, got {given!r:.60}")
        return ()
    if given is None:
        given = OBJECT_BYTES if type_.kind is Kind.OBJECT else STRING_BYTES
    expected = "int or float, or an iterable of int"
    if isinstance(given, (bool, str, bytes)):
        raise _wrong_type(what, expected, given)
    if isinstance(given, Real):
        mean = float(given)
        _check_number(what, "bytes", mean)
        shorter = math.floor(mean)
        longer = mean - shorter  # the share of those
        return ((shorter, 1 - longer), (shorter + 1, longer)) if longer else ((shorter, 1.0),)
    if not isinstance(given, Iterable):
        raise _wrong_type(what, expected, given)
    counts = Counter(_index(what, each) for each in given)
    if not counts:
        raise ValueError(f"{what}: expected at least one number of bytes, got none")
    _check_number(what, "bytes", min(counts))
    return tuple((length, some / counts.total()) for length, some in sorted(counts.items()))


def _checked_count(n: object, key: Type, most: int) -> int:
    count = _index("n", n)
    _check_number("n", "entries", count)
    if count > most:
        raise ValueError(f"n: expected at most {most:,} entries, as a Map can have, got {count:,}")
    distinct = distinct_keys(key)
    if distinct is not None and count > distinct:
        raise ValueError(f"n: expected at most {distinct:,}, as there are keys of type {key}, got {count:,}")
    return count


def distinct_keys(key: Type) -> int | None:
    """How many keys there are of a type; None: more than any map can have."""
    if key.kind is Kind.BOOL:
        return 2
    if key.kind in (*_STRINGS, Kind.OBJECT) or (key.kind is not Kind.STRUCT and key.size > 4):
        return None
    if key.kind is Kind.STRUCT:
        product = 1
        for field in key.fields:
            each = distinct_keys(field.type)
            if each is None:
                return None
            product *= each
        return product
    return 1 << 8 * key.size


def _index(what: str, given: object) -> int:
    if isinstance(given, bool) or not isinstance(given, SupportsIndex):
        raise _wrong_type(what, "int", given)
    return operator.index(given)


def _check_number(what: str, of: str, count: float) -> None:
    if not 0 <= count < math.inf:
        raise ValueError(f"{what}: expected a number of {of}, got {count}")


def _wrong_type(what: str, expected: str, given: object) -> TypeError:
    return TypeError(f"{what}: expected {expected}, got {type(given).__name__} {given!r:.60}")
