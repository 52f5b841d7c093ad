"""The real bytes of Python objects: counted, or, for dicts and sets that are not built, computed by formula.

:func:`sizeof` counts an object with what it contains, as CPython's allocators give the bytes. The rest of the file
computes the same for a dict or a set when only the number of entries and the kind of objects are known.
"""

from __future__ import annotations

import builtins
from _collections_abc import Callable, Iterable
from itertools import chain
from sys import getrefcount, getsizeof, modules, version
from types import (
    BuiltinFunctionType,
    CodeType,
    FunctionType,
    MethodDescriptorType,
    ModuleType,
    WrapperDescriptorType,
)

from ._core import Base, heap_bytes
from .types import Kind, Type

TYPE_CHECKING = False  # typing takes long to import
if TYPE_CHECKING:
    from typing import Any

__all__ = ["allocated", "plain_bytes", "sizeof"]

# ---- counted ----------------------------------------------------------------------------------------

_SMALL_REQUEST = 512  # pymalloc takes requests up to here, in classes 16 bytes apart; malloc those above

#: Whether this is a build without the interpreter's lock. sysconfig would say it too, but takes long to import.
FREE_THREADED = "free-threading build" in version
#: What such a build has before a list's table, and does not say: how long the table is.
_LIST_TABLE_HEAD = 8 if FREE_THREADED else 0

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
    if FREE_THREADED:
        return _mimalloc_bytes(request)
    if request <= _SMALL_REQUEST:
        return (request + 15) & ~15
    return heap_bytes(request)


def _mimalloc_bytes(request: int) -> int:
    """What mimalloc takes for a request: CPython's mi_bin, in Objects/mimalloc/page-queue.c."""
    if request <= 64:
        return (request + 15) & ~15
    step = 1 << ((request - 1).bit_length() - 3)  # four classes a doubling
    block = (request + step - 1) & -step
    if step < 4096:
        return block
    # A larger block has whole pages of the system at its end that nothing is written to: they take no memory. Above
    # 128 KiB the classes are others, but the pages that are written to are these.
    from mmap import PAGESIZE

    return min(block, (request + PAGESIZE - 1) & -PAGESIZE)


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

    __slots__ = ("contents", "is_map", "is_shared", "table_head", "two_blocks")

    def __init__(self, kind: type) -> None:
        self.is_map = issubclass(kind, Base)
        self.is_shared = issubclass(kind, _SHARED_TYPES)
        self.two_blocks = issubclass(kind, _TWO_BLOCKS)
        self.table_head = _LIST_TABLE_HEAD if issubclass(kind, list) else 0
        self.contents = next((walk for base, walk in _CONTENTS.items() if issubclass(kind, base)), None)
        if kind is getattr(modules.get("uuid"), "UUID", None):  # little else than its int
            self.contents = lambda uuid: (uuid.int,)

    @property
    def is_plain(self) -> bool:
        return not (self.is_map or self.is_shared or self.two_blocks or self.contents)


def sizeof(obj: object) -> int:
    """The real bytes of an object: of a dict, the dict and all its keys and values.

    :param obj: a dict, frozendict, list, tuple, set or frozenset (or a subclass of one) is counted with
        what it contains, to any depth; a UUID is counted with its int; a gomap map or Set is its
        ``nbytes``; anything else is what :func:`sys.getsizeof` says of it, without the objects it refers
        to, such as an instance's attributes
    :returns: bytes

    What it says precisely:

    - Each object counts once, however often and from wherever it is referred to.
    - Each block of memory counts as CPython's allocators on 64-bit Linux round it: up to 512 bytes in
      steps of 16 (pymalloc); above, 8 bytes more and in steps of 16 (glibc's malloc; musl's in its own
      classes); from 128 KiB in whole pages (what malloc maps). Table and object of a dict, frozendict,
      list, set, frozenset and bytearray are blocks of their own. The 16 bytes that the garbage collector
      puts before an object it follows are part of its block.
    - A free-threaded build has mimalloc for all of them: up to 64 bytes in steps of 16, above in four
      classes a doubling (80, 96, 112, 128, 160 and so on), from 16 KiB on at most in whole pages.
    - Not counted, as they are there anyway: None, True, False, Ellipsis, NotImplemented; the integers
      -5 to 256 (1,024 from 3.15 on), the empty tuple, str and bytes, one-character Latin-1 strings and
      one-byte bytes that CPython shares; from 3.12 on whatever else is immortal, such as the strings
      written in a program, and on a free-threaded build the numbers and tuples too; types, modules,
      functions and code.
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
                if size:
                    size += how.table_head
            total += allocated(size)
            if how.contents is not None:
                within.append(how.contents(item))
        level = within
    return total + sum(allocated(size) * count for size, count in sizes.items())


# ---- by formula (CPython's Objects/dictobject.c and setobject.c, 3.11 to 3.15) -------------------------

#: Lengths in bytes, and the share of the strings, or objects, that has each.
Lengths = tuple[tuple[int, float], ...]

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

    :param lengths: of strings, in characters, which are ASCII, those in a struct among them; of objects, their bytes
    """
    kind = type.kind
    if kind is Kind.OBJECT:
        return sum(share * length for length, share in lengths)
    if kind in (Kind.FLOAT32, Kind.FLOAT64):
        return allocated(getsizeof(1.5))
    if kind is Kind.STRUCT:  # a tuple
        tuple_bytes = allocated(getsizeof((None,) * len(type.fields)))
        return tuple_bytes + sum(object_bytes(each.type, lengths) for each in type.fields)
    if kind is Kind.BYTES:
        return _string_bytes(b"", type.size)
    if kind in (Kind.STRING, Kind.VARBYTES):
        empty = "" if kind is Kind.STRING else b""
        return sum(share * _string_bytes(empty, length) for length, share in lengths)
    if kind >= Kind.DATETIME_S:
        return _time_bytes(kind)
    # bool, None and whatever fits a byte are shared; of other ints, those below 2**60 are alike.
    return 0 if type.size <= 1 else allocated(getsizeof(10**9))


def _time_bytes(kind: Kind) -> int:
    from datetime import date, datetime, timedelta
    from uuid import UUID

    if kind is Kind.UUID:
        return allocated(getsizeof(UUID(int=0))) + allocated(getsizeof(2**127))
    of_time = date.min if kind is Kind.DATE else timedelta.min if kind >= Kind.TIMEDELTA_S else datetime.min
    return allocated(getsizeof(of_time))


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


def dict_like_bytes(sample: dict[Any, Any] | set[Any], count: int) -> int:
    """A dict, or a set, of so many entries, when a sample of them is at hand."""
    if len(sample) == count:
        return sizeof(sample)
    if isinstance(sample, set):
        objects = sizeof(sample) - set_bytes(len(sample), 0)
        return round(set_bytes(count, objects / len(sample)))
    entry = DICT_TEXT_ENTRY if all(type(key) is str for key in sample) else DICT_ENTRY
    objects = sizeof(sample) - dict_bytes(len(sample), entry, 0)
    return round(dict_bytes(count, entry, objects / len(sample)))
