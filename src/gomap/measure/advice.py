"""What a dict or a set would be as a gomap map: its types, its bytes, and the line of code to write.

:func:`advise` goes in three steps, which are the parts of this file:

- reading: all keys and values, or a random sample, as two columns of objects;
- types: for each column the narrowest type that gives back what is in it, or ``object`` and the reason;
- bytes: what is held now, and what a map of the types holds, after one was built from the entries.
"""

from __future__ import annotations

from array import array
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from contextlib import contextmanager
from dataclasses import dataclass, fields
from datetime import UTC, date, datetime, timedelta
from itertools import chain, compress, islice, repeat
from operator import index, is_, itemgetter
from sys import getrefcount, getsizeof, maxsize
from typing import Any
from uuid import UUID

from .._core import Base, Map, Set
from .._display import aligned, html_table, human
from .._words import entries_of, name_of, number, shown, told
from ..sizes import CONTAINERS, allocated, sizeof
from ..types import MAX_BYTES, MAX_DEPTH, Kind, Type, parse, string_offsets
from .estimates import reserved_bytes

__all__ = ["Advice", "advise"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Advice:
    """What a dict or a set would be as a :class:`Map` or a :class:`Set`, as :func:`advise` found it."""

    #: the key type's spelling
    key: str
    #: the value type's; None where a Set holds all there is
    value: str | None
    entries: int
    #: of these, how many were read
    looked_at: int
    #: bytes of the dict or set with its keys and values; extrapolated where not all was read
    holds: int
    #: bytes of the Map or Set, and of the objects that it refers to
    would_hold: int
    #: why a type is what it is, ``object`` above all
    reasons: tuple[str, ...]
    #: what else is to know before taking the advice
    remarks: tuple[str, ...]
    #: the statement that makes the map of ``d``, with ``import gomap`` before it
    code: str

    @property
    def saves(self) -> int:
        """Bytes held less as a map; negative where a map would hold more."""
        return self.holds - self.would_hold

    def _head(self) -> str:
        types = f'Map("{self.key}", "{self.value}")' if self.value is not None else f'Set("{self.key}")'
        entries = entries_of(self.entries)
        read = "all" if self.looked_at == self.entries else f"{self.looked_at:,} of them"
        return f"{types} for {entries}, {read} read"

    def _rows(self) -> list[tuple[str, str, str]]:
        """What, bytes in a fitting unit, and the share of what is held now."""
        more = self.saves < 0
        percent = 100 * abs(self.saves) / self.holds
        return [
            ("now", human(self.holds), ""),
            ("as Set" if self.value is None else "as Map", human(self.would_hold), ""),
            ("more" if more else "saved", human(abs(self.saves)), f"{percent:.0f} %"),
        ]

    def __str__(self) -> str:
        parts = [[self._head(), *aligned(self._rows())], [*self.reasons, *self.remarks], [self.code]]
        return "\n\n".join("\n".join(part) for part in parts if part)

    def __rich_repr__(self) -> Iterator[tuple[str, Any]]:
        yield from ((field.name, getattr(self, field.name)) for field in fields(self))
        yield "saves", self.saves

    def _repr_html_(self) -> str:
        import html

        notes = "".join(f"<li>{html.escape(note)}</li>\n" for note in (*self.reasons, *self.remarks))
        table = html_table((), self._rows(), self._head())
        return f"{table}\n<ul>\n{notes}</ul>\n<pre>{html.escape(self.code)}</pre>"


def advise(d: Mapping[Any, Any] | AbstractSet[Any], *, sample: int | None = None) -> Advice:
    """What a dict or a set would be as a map of gomap's: types, bytes now and then, the code to write.

    :param d: a dict, a set, or any other mapping or set. The entries of a dict are read without calling a subclass's
        own methods; the entries of another mapping are read by ``d[key]``
    :param sample: entries to read, picked at random and the same ones every time; None for all. All of a
        million take about a second
    :raises TypeError: it is neither a mapping nor a set, or the sample is no int
    :raises ValueError: a sample of less than 1; a mapping or set whose len() is no number of entries
    :raises RuntimeError: it changed while it was read, or is not what its len() and keys say

    The types are such that what comes back from the map is equal to what went in:

    - int: the narrowest type of 8 to 64 bits that holds all values. From a sample it is ``int32`` if that holds sixteen
      times the largest value seen, else ``int64``, or ``uint64`` from 2**63 on. A later value that does not fit raises
      OverflowError.
    - float: ``float64``. bool: ``bool``. str: ``string``.
    - bytes: ``[N]byte`` where all have one length, else ``bytes``.
    - tuples, named tuples and dicts, where each field is of one type in all of them: a ``struct``.
    - datetime: ``datetime64[us]``, or ``datetime64[us, UTC]`` where all have a time zone. date: ``date``. timedelta:
      ``timedelta64[us]``. UUID: ``uuid``.
    - None as every value: a :class:`Set` of the keys.
    - anything else: ``object``, with the reason. This is so for more than one type, even related ones, for a subclass,
      for integers of more than 64 bits, and for NaN in a key.

    Where objects stay objects, ``would_hold`` counts them too. The bytes are those of a map that was built from the
    entries. For larger dicts and sets it is built from at most 50,000 entries, and the bytes are extrapolated.
    """
    kind = type(d)
    if not issubclass(kind, (Mapping, AbstractSet)):
        raise TypeError(f"expected a dict or a set, got {name_of(kind)}")
    if sample is not None and index(sample) < 1:
        raise ValueError(f"expected a sample of at least 1 entry, got {number(index(sample))}")
    with _changes_told(name_of(kind)):
        source = _read(d, sample)
    if not source.keys:
        return _nothing(source)

    sides = [_Side("keys", source.keys, source)]
    if source.values is not None:
        sides.append(_Side("values", source.values, source))
    shapes = [side.shape() for side in sides]
    if shapes[-1] is _NOTHING:
        del shapes[-1]
    built = _build(shapes, [side.objects for side in sides])
    stay = [side.objects for side, shape in zip(sides, shapes, strict=False) if shape is _OBJECT]
    would_hold = _whole(built, source.entries) + _objects_bytes(stay, source.entries)
    return Advice(
        key=shapes[0].spelling,
        value=shapes[1].spelling if len(shapes) == 2 else None,
        entries=source.entries,
        looked_at=len(source.keys),
        holds=source.holds,
        would_hold=would_hold,
        reasons=tuple(reason for side in sides for reason in side.reasons),
        remarks=(
            *_verdict(source, shapes, would_hold),
            *(remark for side in sides for remark in side.remarks),
            *_differences(source, len(shapes)),
        ),
        code=_code(source, shapes),
    )


# ---- reading ----------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Source:
    """What was read."""

    kind: type
    #: how the code calls it
    name: str
    entries: int
    keys: tuple[object, ...]
    values: tuple[object, ...] | None
    #: bytes, for the whole
    holds: int
    remarks: tuple[str, ...] = ()

    @property
    def sampled(self) -> bool:
        return len(self.keys) < self.entries


#: What Map and Set read a mapping by. A dict's subclass that has its own may change something at every look,
#: as an LRU cache does: its entries are read behind its back.
_READ_BY = ("keys", "items", "__getitem__", "__iter__")


def _read(d: Any, sample: int | None) -> _Source:
    kind = type(d)
    is_dict = issubclass(kind, dict)
    entries = dict.__len__(d) if is_dict else _length(d)
    sampled = sample if sample is not None and sample < entries else None
    # While only d refers to its entries, this takes a third of the time.
    held = sizeof(d) if sampled is None and issubclass(kind, (dict, set, frozenset)) else 0

    name, values = "d", None
    if is_dict:
        chosen = None if sampled is None else _chosen(entries, sampled)
        keys, values = _picked_of(dict.keys(d), chosen), _picked_of(dict.values(d), chosen)
        if not len(keys) == len(values) == (entries if sampled is None else sampled):
            raise RuntimeError("changed size during iteration")
        own = (dict, OrderedDict)
        if any(getattr(kind, by) not in [getattr(cls, by) for cls in own] for by in _READ_BY):
            name = "dict.items(d)"
    else:
        is_mapping = issubclass(kind, Mapping)
        keys = _drawn(name_of(kind), d.keys if is_mapping else lambda: d, entries, sampled)
        values = _looked_up(d, keys) if is_mapping else None
    remarks: tuple[str, ...] = ()
    if not held:
        held, remarks = _held(d, keys, values, entries)
    return _Source(kind, name, entries, keys, values, held, remarks)


def _picked_of(objects: Iterable[object], chosen: bytearray | None) -> tuple[object, ...]:
    return tuple(objects) if chosen is None else tuple(compress(objects, chosen))


def _length(d: Any) -> int:
    """
    :raises ValueError: it has none
    """
    try:
        return len(d)
    except (ValueError, OverflowError, TypeError) as error:
        raise ValueError(f"expected a {name_of(type(d))} that says how many entries it has: {told(error)}") from error


def _drawn(name: str, keys: Callable[[], Iterable[object]], entries: int, sample: int | None) -> tuple[object, ...]:
    """All keys, or a sample of them, of a mapping or set whose len() may be wrong.

    :param entries: how many it says that there are
    :raises RuntimeError: there are not
    """
    most = min(entries + 1, maxsize)  # to see that there are more, were it without end
    found = tuple(islice(keys(), most)) if sample is None else ()
    there = len(found) if sample is None else sum(1 for _ in islice(keys(), most))
    if sample is not None and there == entries:  # and not before: there is a mark for each
        found = _picked_of(keys(), _chosen(entries, sample))
        there = entries if len(found) == sample else len(found)
    if there != entries:
        many = "more" if there > entries else f"{there:,}"
        raise RuntimeError(
            f"the {name} changed while it was read, or is not what it says: it has {entries:,} entries by "
            f"its len(), and {many} by its keys; let nothing write to it meanwhile, or give a dict"
        )
    return found


def _looked_up(d: Any, keys: tuple[object, ...]) -> tuple[object, ...]:
    """
    :raises RuntimeError: a key is not there
    """
    try:
        return tuple([d[key] for key in keys])
    except KeyError as error:
        raise RuntimeError(
            f"the {name_of(type(d))} changed while it was read, or is not what it says: it has no value for "
            f"one of its keys ({told(error)}); let nothing write to it meanwhile, or give a dict"
        ) from error


def _chosen(entries: int, sample: int) -> bytearray:
    """A mark for each entry: 1 for those to read."""
    chosen = bytearray(entries)
    for place in _picked(sample, entries):
        chosen[place] = 1
    return chosen


def _picked(count: int, entries: int) -> list[int]:
    """Numbers below that of the entries, at random and in random order, the same every time."""
    from random import Random

    return Random(entries).sample(range(entries), count)


def _held(
    d: Any, keys: tuple[object, ...], values: tuple[object, ...] | None, entries: int
) -> tuple[int, tuple[str, ...]]:
    """The bytes of what sizeof does not say, and a remark where they are not all."""
    columns = [keys] if values is None else [keys, values]
    if issubclass(type(d), Base):
        types = [d.key_type] if values is None else [d.key_type, d.value_type]
        columns = [column for column, each in zip(columns, types, strict=True) if each.kind is Kind.OBJECT]
        return d.nbytes + _objects_bytes(columns, entries), ()
    own = allocated(getsizeof(d))
    total = own + _objects_bytes(columns, entries)
    if issubclass(type(d), CONTAINERS):
        return total, ()
    return total, (
        f"bytes now: those of the keys and values, and the {own:,} of the {name_of(type(d))}; "
        "what it keeps them in is not known",
    )


@contextmanager
def _changes_told(name: str) -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        if "during iteration" not in str(error):
            raise
        raise RuntimeError(
            f"the {name} changed while it was read: let nothing write to it meanwhile, or give a copy"
        ) from error


# ---- types ------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Shape:
    """A type, and of a struct how its fields are reached in the objects that were read."""

    spelling: str
    parts: tuple[tuple[int | str, _Shape], ...] = ()
    #: the objects go in as they are
    direct: bool = True

    def plain(self, thing: Any) -> Any:
        """An object of any class that goes in as a struct, as nested tuples; anything else unchanged."""
        return tuple([part.plain(thing[at]) for at, part in self.parts]) if self.parts else thing

    def expression(self, thing: str) -> str:
        """The code for that."""
        if not self.parts:
            return thing
        return f"({', '.join(part.expression(f'{thing}[{at!r}]') for at, part in self.parts)},)"


_OBJECT, _NOTHING = _Shape("object"), _Shape("struct{}")

#: Narrowest first; of two that hold the same numbers, the first is taken.
_INTS = {
    "uint8": range(2**8),
    "int8": range(-(2**7), 2**7),
    "uint16": range(2**16),
    "int16": range(-(2**15), 2**15),
    "uint32": range(2**32),
    "int32": range(-(2**31), 2**31),
    "int64": range(-(2**63), 2**63),
    "uint64": range(2**64),
}
#: How many times the largest number of a sample a type narrower than 64 bits holds.
_HEAD_ROOM = 16
#: Fields of a struct, those of inner ones included: what has more is hardly a record.
_MOST_FIELDS = 256
#: The methods that a named tuple must inherit from tuple, as its items are read and compared without its class.
_OF_TUPLE = ("__eq__", "__ne__", "__hash__", "__len__", "__getitem__", "__iter__")


class _Unfit(Exception):
    """Why there is no type but object."""


class _Side:
    """The keys or the values, and what is found out about their type."""

    def __init__(self, role: str, objects: tuple[object, ...], source: _Source) -> None:
        self.objects = objects
        self.reasons: list[str] = []
        self.remarks: list[str] = []
        self._role = role
        self._keys = source.keys
        self._sampled = source.sampled
        self._in_sample = " in the sample" if source.sampled else ""
        self._fields = 0

    def shape(self) -> _Shape:
        try:
            found = self._typed(self.objects, ())
            kind = parse(found.spelling, "key" if self._role == "keys" else "value").kind
        except _Unfit as reason:
            self.reasons, self.remarks = [str(reason)], []
            return _OBJECT
        except ValueError as error:  # a struct that is too large, or has too many strings
            self.reasons, self.remarks = [f"{self._role}: {str(error).splitlines()[0]}"], []
            return _OBJECT
        if self._role == "values" and kind in (Kind.STRING, Kind.VARBYTES, Kind.BYTES, Kind.STRUCT, Kind.UUID):
            self._say_shared(found)
        return found

    def _typed(self, column: tuple[Any, ...], path: tuple[str, ...]) -> _Shape:
        """The type of a column, that of the whole or of a field that the path leads to."""
        place = f"{self._role}: field {'.'.join(path)!r}" if path else self._role
        kind = self._one_kind(column, place)
        if kind is bool:
            return _Shape("bool")
        if kind is int:
            return self._int(column, place)
        if kind is float:
            return self._float(column, place, path)
        if kind is bytes:
            return self._bytes(column, place)
        if kind is tuple or kind is dict or _is_named_tuple(kind):
            return self._struct(column, kind, place, path)
        if kind is datetime:
            return self._datetime(column, place)
        if kind is timedelta:
            return self._timedelta(column, place)
        if kind is date or kind is UUID:
            return _Shape("date" if kind is date else "uuid")
        if path and kind is type(None):
            raise _Unfit(f"{place} is None in all: a struct has no field that holds nothing")
        if kind is str:
            return _Shape("string")
        if kind is type(None) and self._role == "values":
            return self._none()
        raise self._no_type(kind, place)

    def _count_fields(self, more: int) -> None:
        self._fields += more
        if self._fields > _MOST_FIELDS:
            raise _Unfit(f"{self._role}: a struct of more than {_MOST_FIELDS} fields")

    def _one_kind(self, column: tuple[object, ...], place: str) -> type:
        """Compares types by identity only, as a metaclass may define equality in any way."""
        kind = type(column[0])
        if all(map(is_, map(type, column), repeat(kind))):
            return kind
        kinds = list(map(id, map(type, column)))
        (common, _), *others = Counter(kinds).most_common()
        named = {each: name_of(type(column[kinds.index(each)])) for each in (common, *dict(others))}
        first = next(i for i, each in enumerate(kinds) if each != common)
        many = [f"{count:,} {named[each]}" for each, count in others[:3]]
        many[0] = f"{others[0][1]:,} of {len(column):,} are {named[others[0][0]]}"
        if len(others) > 3:
            many.append(f"{sum(dict(others[3:]).values()):,} of {len(others) - 3} more types")
        raise _Unfit(f"{place}: {', '.join(many)}, the others {named[common]} ({self._where(first)})")

    def _no_type(self, kind: type, place: str) -> _Unfit:
        bases = (int, float, str, bytes, tuple, dict, datetime, date, timedelta, UUID)
        base = next((base for base in bases if issubclass(kind, base)), None)
        if base is None:
            return _Unfit(f"{place}: there is no type for {name_of(kind)} but object ({self._where(0)})")
        return _Unfit(
            f"{place}: {name_of(kind)} is a subclass of {base.__name__}, which would come back in its place "
            f"({self._where(0)})"
        )

    def _where(self, row: int) -> str:
        return f"first: {'key ' if self._role == 'values' else ''}{shown(self._keys[row])}"

    # ---- one kind each ----

    def _int(self, column: tuple[int, ...], place: str) -> _Shape:
        low, high = min(column), max(column)
        name = _narrowest(low, high, sampled=self._sampled)
        if name is None:
            every = _INTS["int64" if low < 0 else "uint64"]
            row = next(i for i, number in enumerate(column) if number not in every)
            raise _Unfit(f"{place}: {shown(low)} to {shown(high)} fits neither int64 nor uint64 ({self._where(row)})")
        limits = _INTS[name]
        self.reasons.append(
            f"{place}: {low:,} to {high:,}{self._in_sample}, hence {name} "
            f"({limits[0]:,} to {limits[-1]:,}; OverflowError beyond)"
        )
        return _Shape(name)

    def _none(self) -> _Shape:
        if self._sampled:  # a Set would drop what is something else
            self.reasons.append("values: all are None in the sample; if all others are, a Set of the keys will do")
            return _Shape("struct{}")
        self.reasons.append("values: all are None, hence a Set of the keys")
        return _NOTHING

    def _float(self, column: tuple[float, ...], place: str, path: tuple[str, ...]) -> _Shape:
        if self._role == "keys":
            row = next((i for i, number in enumerate(column) if number != number), None)
            if row is not None:
                raise _Unfit(f"{place}: NaN, which a dict finds only by identity ({self._where(row)})")
            if self._sampled:
                self.remarks.append(f"{place}: NaN, if there is any that was not read, would be one key")
        elif not self._sampled and not path and array("f", column).tolist() == list(column):
            self.remarks.append(f"{place}: float32 holds all of them exactly, but would round others")
        return _Shape("float64")

    def _datetime(self, column: tuple[datetime, ...], place: str) -> _Shape:
        aware = [each.utcoffset() is not None for each in column]
        if aware.count(aware[0]) != len(aware):
            where = self._where(aware.index(not aware[0]))
            raise _Unfit(f"{place}: some datetimes have a time zone, others have none ({where})")
        if not aware[0]:
            self.reasons.append(f"{place}: datetimes without a time zone, hence datetime64[us] (TypeError for others)")
            return _Shape("datetime64[us]")
        row = next((i for i, each in enumerate(column) if not _is_in_utc(each)), None)
        if row is not None:
            raise _Unfit(f"{place}: {shown(column[row])} is equal to no datetime in UTC ({self._where(row)})")
        self.reasons.append(f"{place}: datetimes with a time zone, hence datetime64[us, UTC] (TypeError for others)")
        if any(each.tzinfo is not UTC for each in column):
            self.remarks.append(f"{place}: comes back in UTC, equal to it")
        return _Shape("datetime64[us, UTC]")

    def _timedelta(self, column: tuple[timedelta, ...], place: str) -> _Shape:
        most = timedelta(microseconds=2**63 - 1)
        row = next((i for i, each in enumerate(column) if not -most <= each <= most), None)
        if row is not None:
            raise _Unfit(f"{place}: {shown(column[row])} does not fit timedelta64[us] ({self._where(row)})")
        return _Shape("timedelta64[us]")

    def _bytes(self, column: tuple[bytes, ...], place: str) -> _Shape:
        shortest, longest = min(map(len, column)), max(map(len, column))
        if shortest == longest <= MAX_BYTES:
            self.reasons.append(
                f"{place}: {longest:,} bytes each{self._in_sample}, hence [{longest}]byte "
                "(ValueError for another length)"
            )
            return _Shape(f"[{longest}]byte")
        return _Shape("bytes")

    def _struct(self, column: tuple[Any, ...], kind: type, place: str, path: tuple[str, ...]) -> _Shape:
        if len(path) >= MAX_DEPTH:
            raise _Unfit(f"{self._role}: structs in each other more than {MAX_DEPTH} deep")
        names = self._names(column, kind, place)
        self._count_fields(len(names))
        spelled = self._spelled(names, place)
        places: Sequence[int | str] = names if kind is dict else range(len(names))
        self._say_class(kind, place)
        parts = tuple(
            (at, self._typed(tuple(map(itemgetter(at), column)), (*path, name)))
            for at, name in zip(places, spelled, strict=True)
        )
        members = (f"{name} {part.spelling}" for name, (_, part) in zip(spelled, parts, strict=True))
        direct = spelled is names and all(part.direct for _, part in parts)
        return _Shape(f"struct{{{'; '.join(members)}}}", parts, direct)

    def _spelled(self, names: list[str], place: str) -> list[str]:
        """The names themselves where a struct can have them."""
        if _are_fields(names):
            return names
        bad = next((name for name in names if not _are_fields([name])), names[0])
        if self._sampled:  # what has other fields as well would lose them
            raise _Unfit(f"{place}: a struct has no field {shown(bad)}; only if all are read can it be renamed")
        made_up = _made_up(len(names))
        self.remarks.append(
            f"{place}: a struct has no field {shown(bad)}; as tuples go in, they are {', '.join(made_up)}"
        )
        return made_up

    def _names(self, column: tuple[Any, ...], kind: Any, place: str) -> list[str]:
        """What names the fields in the objects, the same in all."""
        size = len(column[0])
        row = next((i for i, count in enumerate(map(len, column)) if count != size), None)
        if row is not None:
            raise _Unfit(f"{place}: {name_of(kind)} of {size} and of {len(column[row])} items ({self._where(row)})")
        if not size:
            raise _Unfit(f"{place}: {name_of(kind)} without items ({self._where(0)})")
        if kind is dict:
            return self._common_keys(column, place)
        if kind is tuple:
            return _made_up(size)
        names: list[str] = list(kind._fields)
        if len(names) != size:
            raise _Unfit(f"{place}: {name_of(kind)} of {size} items, not {len(names)} ({self._where(0)})")
        return names

    def _common_keys(self, column: tuple[dict[Any, Any], ...], place: str) -> list[str]:
        if not all(map(is_, map(type, chain.from_iterable(column)), repeat(str))):
            row = next(i for i, each in enumerate(column) if any(type(name) is not str for name in each))
            raise _Unfit(f"{place}: a dict with keys other than str ({self._where(row)})")
        names = column[0].keys()
        differs = next((i for i, each in enumerate(column) if each.keys() != names), None)
        if differs is not None:
            raise _Unfit(f"{place}: dicts of different keys ({self._where(differs)})")
        return list(names)

    def _say_class(self, kind: type, place: str) -> None:
        remark = f"{place}: {name_of(kind)} comes back as a named tuple"
        if kind is dict:
            remark += " of its values, which cannot be changed in place"
        else:
            remark += ", equal to it" + (", without other attributes" if kind.__dictoffset__ else "")
        self.remarks.append(remark)

    def _say_shared(self, shape: _Shape) -> None:
        if parse(shape.spelling).size <= 8:
            return
        # Most often none is: each is referred to by its entry, by the column here, and by getrefcount.
        if sum(map(getrefcount, self.objects)) < 4 * len(self.objects):
            return
        different = len(set(map(id, self.objects)))
        if different * 2 <= len(self.objects):
            self.remarks.append(
                f"values: {len(self.objects):,} entries share {different:,} "
                f"{'object' if different == 1 else 'objects'}; in the Map each has a copy, where value "
                '"object" would keep references of 8 bytes'
            )


def _narrowest(low: int, high: int, *, sampled: bool) -> str | None:
    """The narrowest type of integers that holds two, and from a sample what may lie beyond them."""
    for name in ("int32", "int64", "uint64") if sampled else _INTS:
        room = _HEAD_ROOM if sampled and name == "int32" else 1
        if low * room in _INTS[name] and high * room in _INTS[name]:
            return name
    return None


def _made_up(count: int) -> list[str]:
    return [f"f{i}" for i in range(count)]


def _is_in_utc(time: datetime) -> bool:
    """Whether there is an equal one in UTC. There is none out of range, nor of an hour that a zone has twice or not at
    all."""
    try:
        return time == time.astimezone(UTC)
    except OverflowError:
        return False


def _is_named_tuple(kind: type) -> bool:
    """Whether objects of a class are tuples in all that matters, and their fields have names."""
    if not issubclass(kind, tuple):
        return False
    names = getattr(kind, "_fields", None)
    return (
        type(names) is tuple
        and all(type(name) is str for name in names)
        and all(getattr(kind, name) is getattr(tuple, name) for name in _OF_TUPLE)
    )


def _are_fields(names: Sequence[str]) -> bool:
    """Whether a struct can have fields of these names."""
    try:
        made = parse(f"struct{{{'; '.join(f'{name} bool' for name in names)}}}")
    except ValueError:
        return False
    return [field.name for field in made.fields] == list(names)


# ---- bytes ------------------------------------------------------------------------------------------

#: The map that is built to be measured: at most so many entries, and bytes.
_BUILT_ENTRIES = 50_000
_BUILT_BYTES = 64 << 20


def _build(shapes: list[_Shape], columns: list[tuple[object, ...]]) -> Map[Any, Any] | Set[Any]:
    """A map of the entries, or of some of them picked at random.

    Each entry is read back and compared. For keys that stay objects, numbers are put in, which take the same bytes;
    this way no code of the keys' own hashes or compares them.

    :raises RuntimeError: an entry came back as another
    """
    keys, values = columns[0], columns[-1]
    count = len(keys)
    size = sum(parse(shape.spelling).size for shape in shapes)
    most = min(_BUILT_ENTRIES, _BUILT_BYTES // max(size, 1) + 1)
    rows = range(count) if count <= most else _picked(most, count)
    built: Map[Any, Any] | Set[Any]
    if len(shapes) == 2:
        built = Map(shapes[0].spelling, shapes[1].spelling, capacity=len(rows))
    else:
        built = Set(shapes[0].spelling, capacity=len(rows))
    done = []
    reserved = built.nbytes
    for row in rows:
        key = row if shapes[0] is _OBJECT else _going_in(shapes[0], keys[row])
        if isinstance(built, Map):
            built[key] = _going_in(shapes[1], values[row])
        else:
            built.add(key)
        done.append(key)
        if built.nbytes - reserved > _BUILT_BYTES:  # by strings
            break
    for row, key in zip(rows, done, strict=False):
        if key not in built:
            raise RuntimeError(f"key {shown(key)} is not found in a map of {shapes[0].spelling}")
        if isinstance(built, Map) and not _equal(shapes[1].plain(values[row]), built[key]):
            raise RuntimeError(
                f"value {shown(values[row])} comes back from a map of {shapes[1].spelling} as {shown(built[key])}"
            )
    return built


def _going_in(shape: _Shape, thing: object) -> object:
    return thing if shape.direct else shape.plain(thing)


def _equal(one: Any, other: Any) -> bool:
    """Whether they are the same object, or equal numbers, text or tuples of these; a NaN is to a NaN."""
    if one is other:
        return True
    if type(one) is tuple:
        return len(one) == len(other) and all(map(_equal, one, other))
    return type(one) is type(other) and bool(one == other or (one != one and other != other))


def _whole(built: Map[Any, Any] | Set[Any], entries: int) -> int:
    """The bytes of a map of `entries` entries, when a map of some of them is built.

    This is the estimate for `entries`, times the ratio of the built map's bytes to the estimate for the built map.
    """
    if len(built) == entries:
        return built.nbytes
    keys, values = built.key_type, parse(None)
    key_bytes, value_bytes = _lengths(keys, built), None
    if isinstance(built, Map):
        values = built.value_type
        value_bytes = _lengths(values, built.values())

    def foreseen(count: int) -> int:
        return reserved_bytes(keys, values, count, key_bytes, value_bytes)

    return round(foreseen(entries) * built.nbytes / foreseen(len(built)))


def _lengths(type: Type, objects: Iterable[Any]) -> list[int] | None:
    """Of strings, in bytes, those in structs among them; None for a type without strings."""
    if not string_offsets(type):
        return None
    return [length for each in objects for length in _lengths_in(type, each)]


def _lengths_in(type: Type, thing: Any) -> Iterator[int]:
    if type.kind is Kind.STRING:
        yield len(thing.encode("utf-8", "surrogatepass"))
    elif type.kind is Kind.VARBYTES:
        yield len(thing)
    elif type.kind is Kind.STRUCT:
        for field, each in zip(type.fields, thing, strict=True):
            yield from _lengths_in(field.type, each)


def _objects_bytes(columns: Sequence[tuple[object, ...]], entries: int) -> int:
    """The bytes of the objects in columns, each once; extrapolated where the columns are a sample."""
    if not columns:
        return 0
    if len(columns[0]) == entries:
        return _contents(columns)
    total, before = 0.0, 0
    for i, column in enumerate(columns, 1):
        counted = _contents(columns[:i])
        total += (counted - before) * _different(column, entries)
        before = counted
    return round(total)


def _contents(columns: Sequence[tuple[object, ...]]) -> int:
    every = tuple(columns)
    return sizeof(every) - sum(allocated(getsizeof(each)) for each in (every, *columns))


def _different(column: tuple[object, ...], entries: int) -> float:
    """The number of different objects in the whole, divided by the number in the sample.

    Chao's estimator computes the number of unseen objects from the numbers of objects seen once and seen twice. It is
    limited to what the sample's share of the entries allows. Objects seen more often are shared, and all of them are
    known.
    """
    times = Counter(Counter(map(id, column)).values())
    seen, once, twice = times.total(), times[1], times[2]
    most = once * entries / len(column)
    unseen = min(once**2 / (2 * twice), most - once) if twice else most - once
    return (seen + unseen) / seen


# ---- the advice -------------------------------------------------------------------------------------


def _nothing(source: _Source) -> Advice:
    """The advice for what has no entries."""
    shapes = [_OBJECT] if source.values is None else [_OBJECT, _OBJECT]
    name = name_of(source.kind)
    return Advice(
        key="object",
        value=None if source.values is None else "object",
        entries=0,
        looked_at=0,
        holds=source.holds,
        would_hold=(Set("object") if source.values is None else Map("object", "object")).nbytes,
        reasons=(f"the {name} is empty, which says nothing of types",),
        remarks=(f"keep the {name}, and ask again when there is something in it",),
        code=_code(source, shapes),
    )


def _verdict(source: _Source, shapes: list[_Shape], would_hold: int) -> Iterator[str]:
    """Whether to leave it as it is."""
    name, other = name_of(source.kind), "Set" if len(shapes) == 1 else "Map"
    saves = source.holds - would_hold
    if saves <= 0:
        more = f"{human(-saves)} more" if saves else "as much"
        yield f"keep the {name}: a {other} of its entries would hold {more}"
    elif all(shape is _OBJECT for shape in shapes):
        yield f"keep the {name}: what is in it stays objects; a {other} saves {human(saves)}, of its table"


def _differences(source: _Source, sides: int) -> Iterator[str]:
    """What the map does otherwise."""
    if source.sampled:
        yield (
            f"read: a sample, {len(source.keys):,} of {source.entries:,}; of the others the map takes only "
            "what it gives back as an equal, and refuses the rest (TypeError, ValueError, OverflowError)"
        )
    yield from source.remarks
    if issubclass(source.kind, dict):
        yield f"a {'Map' if sides == 2 else 'Set'} keeps no order"
        if sides == 2 and hasattr(source.kind, "__missing__"):
            yield (
                f"what {name_of(source.kind)} does for a missing key is left to m.get(key, default), "
                "m.setdefault(key, default) and, to count, m.add(key)"
            )
    elif issubclass(source.kind, frozenset):
        yield "a Set can be changed, and has no hash"


def _code(source: _Source, shapes: list[_Shape]) -> str:
    """The line to write. It gives the capacity where the map does not take it from what it is made of."""
    cls, variable = ("Map", "m") if len(shapes) == 2 else ("Set", "s")
    types = ", ".join(f'"{shape.spelling}"' for shape in shapes)
    entries = source.name if len(shapes) == 2 else source.name.replace("items", "keys")
    if not all(shape.direct for shape in shapes):
        made = [
            name if shape.direct else shape.expression(name)
            for shape, name in zip(shapes, ("key", "value"), strict=False)
        ]
        if len(made) == 2:
            pairs = "d.items()" if entries == "d" else entries
            entries = f"(({made[0]}, {made[1]}) for key, value in {pairs})"
        else:
            entries = f"({made[0]} for key in {entries})"
    sized = entries == "d" and issubclass(source.kind, (dict, set, frozenset, Base))
    return f"{variable} = gomap.{cls}({types}, {entries}{'' if sized else ', capacity=len(d)'})"
