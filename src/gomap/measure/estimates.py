"""What maps would hold that are not built: Map, GoMap, SwissMap and dict, by formula.

The core plans the maps: it takes the steps of growth that they would take (docs/memory.md), and fits
nothing. The number of overflow buckets in a GoMap depends on chance, and so do the tables of a SwissMap; the plan takes
the mean.

Blocks are counted as a map counts them, objects as :func:`gomap.sizeof` does.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, fields
from numbers import Real
from typing import Any, SupportsIndex

from .._core import plan
from .._display import aligned, html_table, human
from .._times import LIMITS
from .._words import entries_of, name_of, number, shown, whole
from ..sizes import DICT_ENTRY, DICT_TEXT_ENTRY, Lengths, dict_bytes, dict_peak, object_bytes, set_bytes
from ..types import Kind, Type, parse, string_offsets

__all__ = ["Estimate", "estimate"]

#: What is said of strings and of objects when nothing else is known.
STRING_BYTES = 16
OBJECT_BYTES = 64  # a tuple of two; an instance with two or three slots
_NEVER = 2**63  # bytes, of one string or object

_STRINGS = (Kind.STRING, Kind.VARBYTES)


# ---- maps, as the core plans them (csrc/elastic/plan.c, csrc/go/plan.c) --------------------------------


@dataclass(frozen=True, slots=True)
class Plan:
    """A map that is not built. What chance decides is the mean."""

    #: bytes, as :class:`gomap.MemoryReport` names them
    purposes: dict[str, float]
    total: float
    #: the most while it was filled
    peak: float
    buckets: int
    #: the most entries that a map of the types can have
    most: int


@dataclass(frozen=True, slots=True)
class Stored:
    """What a map's keys and values are."""

    key: Type
    value: Type
    key_lengths: Lengths = ()
    value_lengths: Lengths = ()

    def map(self, count: int, how: str = "grown") -> Plan:
        """A Map of so many entries: "grown" one by one, in "reserved" room, or "compacted"."""
        return self._plan("elastic", count, how)

    def gomap(self, count: int, how: str = "grown") -> Plan:
        """A GoMap of so many entries: "grown" one by one, or in "reserved" room."""
        return self._plan("go", count, how)

    def swissmap(self, count: int, how: str = "grown") -> Plan:
        """A SwissMap of so many entries, in the same ways."""
        return self._plan("swiss", count, how)

    def _plan(self, engine: str, count: int, how: str) -> Plan:
        keys = _strings(self.key, self.key_lengths, count)
        values = _strings(self.value, self.value_lengths, count)
        return Plan(*plan(engine, self.key, self.value, count, how, keys, values))


def _strings(type: Type, lengths: Lengths, count: int) -> list[tuple[int, int]]:
    """Lengths of the strings of so many entries, and how many of them are that long."""
    found = []
    so_far, upto = 0, 0.0
    strings = len(string_offsets(type))
    for length, share in lengths if strings else ():
        upto += share
        some = round(upto * count * strings) - so_far
        so_far += some
        found.append((length, some))
    return found


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
    swissmap: int
    #: the most while it was filled: the halves of a table that splits, and the table
    swissmap_peak: int
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
    def swissmap_per_entry(self) -> float:
        """Bytes of a SwissMap for each entry; 0.0 without entries."""
        return self._each(self.swissmap)

    @property
    def dict_per_entry(self) -> float:
        """Bytes of a dict for each entry; 0.0 without entries."""
        return self._each(self.dict)

    def _each(self, count: int) -> float:
        return count / self.entries if self.entries else 0.0

    def _rows(self) -> Iterator[tuple[str, str, str, str]]:
        """What it is, bytes, bytes in a fitting unit, and bytes an entry."""
        figures = [
            ("Map" if self.set is None else "Map or Set", self.map),
            ("  compacted", self.map_compacted),
            ("GoMap", self.gomap),
            ("  at its peak", self.gomap_peak),
            ("SwissMap", self.swissmap),
            ("  at its peak", self.swissmap_peak),
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
        entries = entries_of(self.entries)
        objects = "; the maps refer to the objects, and do not count them" if self.objects else ""
        return f"{entries} of map[{self.key}]{self.value}, estimated{objects}"

    def __str__(self) -> str:
        return "\n".join([*aligned([("", "bytes", "", "each"), *self._rows()]), self._summary()])

    def __rich_repr__(self) -> Iterator[tuple[str, Any]]:
        yield from ((f.name, getattr(self, f.name)) for f in fields(self))
        for name in ("map", "map_compacted", "gomap", "swissmap", "dict"):
            yield f"{name}_per_entry", round(getattr(self, f"{name}_per_entry"), 1)

    def _repr_html_(self) -> str:
        return html_table(("", "bytes", "", "each"), list(self._rows()), self._summary())


def estimate(
    key: object,
    value: object,
    n: SupportsIndex,
    *,
    key_bytes: float | Iterable[int] | None = None,
    value_bytes: float | Iterable[int] | None = None,
) -> Estimate:
    """What n entries would take in a Map, a GoMap, a SwissMap and a dict: by formula, without building one.

    :param key: the key type, in any spelling that a map takes
    :param value: the value type; None for a Set, which holds what a Map without values holds
    :param n: how many entries
    :param key_bytes: of ``string`` and ``bytes`` keys the mean length, encoded, or the lengths of a sample;
        16 unless given. Of a struct with such fields, those of one field. Of ``any`` the mean bytes of one object, as
        :func:`gomap.sizeof` counts it, or the bytes of a sample; 64 unless given
    :param value_bytes: the same of values
    :raises ValueError: a type is unknown or malformed; there are not so many keys of the type, or a Map
        cannot hold so many; a number of entries or bytes is negative
    :raises TypeError: a type is no spelling at all; a number of entries or bytes is no number; a number of
        bytes is given for a type that tells it

    Within 2 % of real maps where they are as follows:

    - They are filled one by one from empty, nothing being deleted. A GoMap's overflow buckets and a
      SwissMap's tables are a matter of chance, and are counted as on average; one map of less than 10,000 entries may
      be a few percent off, and a SwissMap while many of its tables split.
    - Strings are about as long as their mean, or as those of the sample. It matters: a Map keeps strings of
      up to 16 bytes in the entry, and each over that takes 32 or more beside it; all lengths are rounded up.
    - Text is ASCII; other takes more in a dict. ``bytes`` of length 16 end in a byte below C0; others, a
      quarter of random ones, take 24 bytes more in a Map (``[16]byte`` never does).
    - In the dict every key and value is an object of its own, unless CPython shares it: bools, None, ints of one-byte
      types, strings and bytes of length 0 or 1. Other ints are not from -5 to 256 (1,024 from 3.15 on), which CPython
      shares, and are less than 2**60 from zero (larger ones take 16 bytes more).
    """
    key_type, value_type = parse(key, "key"), parse(value)
    key_lengths = _lengths("key_bytes", key_type, key_bytes)
    value_lengths = _lengths("value_bytes", value_type, value_bytes)
    stored = Stored(key_type, value_type, key_lengths, value_lengths)
    count = _checked_count(n, key_type, stored.map(0).most)

    key_object, value_object = object_bytes(key_type, key_lengths), object_bytes(value_type, value_lengths)
    entry = DICT_TEXT_ENTRY if key_type.kind is Kind.STRING else DICT_ENTRY
    of_dict = count, entry, key_object + value_object
    objects = sum(
        each for type, each in ((key_type, key_object), (value_type, value_object)) if type.kind is Kind.OBJECT
    )
    is_set = value_type.kind is Kind.NOTHING
    gomap, swissmap = stored.gomap(count), stored.swissmap(count)
    return Estimate(
        key=key_type.name,
        value=value_type.name,
        entries=count,
        map=round(stored.map(count).total),
        map_compacted=round(stored.map(count, "compacted").total),
        gomap=round(gomap.total),
        gomap_peak=round(gomap.peak),
        swissmap=round(swissmap.total),
        swissmap_peak=round(swissmap.peak),
        dict=round(dict_bytes(*of_dict)),
        dict_peak=round(dict_peak(*of_dict)),
        set=round(set_bytes(count, key_object)) if is_set else None,
        objects=round(count * objects),
    )


def reserved_bytes(
    key: Type, value: Type, count: int, key_bytes: Iterable[int] | None, value_bytes: Iterable[int] | None
) -> int:
    """The bytes of a Map that is made with room for its entries, as a Map made from a dict is.

    :param key_bytes: of strings, the lengths of a sample; else None
    """
    lengths = _lengths("key_bytes", key, key_bytes), _lengths("value_bytes", value, value_bytes)
    return round(Stored(key, value, *lengths).map(count, "reserved").total)


def _lengths(what: str, type_: Type, given: object) -> Lengths:
    """What was said of strings or objects, checked; nothing for other types."""
    if type_.kind is not Kind.OBJECT and not string_offsets(type_):
        if given is not None:
            raise TypeError(
                f"{what}: expected None for type {type_}, whose size is fixed, got {shown(given)}; leave {what} out"
            )
        return ()
    if given is None:
        given = OBJECT_BYTES if type_.kind is Kind.OBJECT else STRING_BYTES
    if isinstance(given, (bool, str, bytes)) or not isinstance(given, (Real, Iterable)):
        got = f"{name_of(type(given))} {shown(given)}"
        raise TypeError(f"{what}: expected int or float, or an iterable of int, got {got}")
    if isinstance(given, Real):
        _check_bytes(what, given)
        mean = float(given)
        shorter = math.floor(mean)
        longer = mean - shorter  # the share of those
        return ((shorter, 1 - longer), (shorter + 1, longer)) if longer else ((shorter, 1.0),)
    counts = Counter(whole(what, each) for each in given)
    if not counts:
        raise ValueError(f"{what}: expected at least one number of bytes, got none")
    for most in (min(counts), max(counts)):
        _check_bytes(what, most)
    return tuple((length, some / counts.total()) for length, some in sorted(counts.items()))


def _checked_count(n: object, key: Type, most: int) -> int:
    count = whole("n", n)
    if count < 0:
        raise ValueError(f"n: expected at least 0 entries, got {number(count)}")
    if count > most:
        raise ValueError(f"n: expected at most {most:,} entries, as a Map can have, got {number(count)}")
    distinct = distinct_keys(key)
    if distinct is not None and count > distinct:
        raise ValueError(f"n: expected at most {distinct:,}, as there are keys of type {key}, got {number(count)}")
    return count


def distinct_keys(key: Type) -> int | None:
    """How many keys there are of a type; None: more than any map can have."""
    if key.kind is Kind.BOOL:
        return 2
    if key.kind in (*_STRINGS, Kind.OBJECT) or (key.kind is not Kind.STRUCT and key.size > 4):
        return None
    if key.kind is Kind.DATE:
        low, high = LIMITS[key.kind]
        return high - low + 1
    if key.kind is Kind.STRUCT:
        product = 1
        for field in key.fields:
            each = distinct_keys(field.type)
            if each is None:
                return None
            product *= each
        return product
    return 1 << 8 * key.size


def _check_bytes(what: str, count: Any) -> None:
    if not 0 <= count < _NEVER:
        raise ValueError(
            f"{what}: expected {'fewer than 2**63' if count >= _NEVER else 'at least 0'} bytes, got {shown(count)}"
        )
