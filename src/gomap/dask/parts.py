"""Which part a key is in, and columns cut into parts. All of it runs on workers too, and needs no Dask.

    part    =  hash % parts
    hash    =  XXH64, seed 0, of the key's bytes as _core/hashes.pxi lays them out

So 1 as an int64 is in another part than 1 as an int32. Nothing of it depends on the process, the machine or the
version: saved parts stay where they belong.
"""

from __future__ import annotations

import operator
from typing import Any, Literal, TypeAlias

from .. import _arrays as arrays
from .. import _frames as frames
from .._core import Map, stable_hashes
from .._libraries import library
from .._words import shown
from ..types import Kind, Type, parse

__all__ = ["part_of"]

INSTALL = "pip install 'gomap[dask]'"

#: What two entries of one key become, as in Map.merge.
How: TypeAlias = Literal["last", "first", "add", "max", "min"]
Nulls: TypeAlias = Literal["refuse", "skip"]
_HOWS = ("last", "first", "add", "max", "min")


def numpy() -> Any:
    return library("numpy", "gomap.dask takes NumPy", INSTALL)


def part_of(keys: Any, parts: int, key_type: Any) -> Any:
    """The part of each key: an array of int64. It is the same in every process, on every machine and in every version.

    :param keys: an array, or any iterable
    :param parts: how many there are
    :param key_type: the type of the keys, on which the hash depends
    :raises TypeError: a key is of a wrong type; the type is object
    :raises ValueError: parts is less than one; a key is null
    """
    return numbers(keys, checked_parts(parts), parse(key_type, "key"), "refuse")


def checked_parts(parts: Any) -> int:
    try:
        count = operator.index(parts)
    except TypeError:
        raise TypeError(f"parts: expected an int, got {shown(parts)}") from None
    if not 1 <= count <= 1 << 20:
        raise ValueError(f"parts: expected 1 to {1 << 20:,}, got {count}")
    return count


def numbers(keys: Any, parts: int, type: Type, nulls: Nulls | None) -> Any:
    """part_of, and with None as `nulls` for keys that are looked up: what is no key of the type is in some part."""
    np = numpy()
    return (stable_hashes(keys, type, nulls=nulls) % np.uint64(parts)).astype(np.int64)


# ---- columns --------------------------------------------------------------------------------------------------------


def column(source: Any) -> Any:
    """A column that can be gone through more than once."""
    one_by_one = hasattr(source, "__iter__") and not isinstance(source, (str, bytes, bytearray, list, tuple))
    known = frames.is_foreign(source) or hasattr(source, "__arrow_c_array__") or hasattr(source, "__arrow_c_stream__")
    if not one_by_one or known or isinstance(source, numpy().ndarray) or arrays.view_of(source) is not None:
        return source
    return list(source)


def take(source: Any, places: Any) -> Any:
    """The items of a column at these places."""
    np = numpy()
    if isinstance(source, np.ndarray):
        return source[places]
    if hasattr(source, "take"):  # pandas, pyarrow
        return source.take(places)
    if hasattr(source, "gather") or hasattr(source, "get_columns"):  # polars
        return source[places]
    if hasattr(source, "__arrow_c_array__"):
        return library("pyarrow", "taking keys from Arrow's data takes pyarrow", INSTALL).array(source).take(places)
    view = None if isinstance(source, (list, tuple)) else arrays.view_of(source)
    if view is not None:
        return np.asarray(view)[places]
    return [source[place] for place in places.tolist()]


def is_one(values: Any) -> bool:
    """Whether it is one number for all keys, or nothing."""
    return values is None or (isinstance(values, (int, float)) or getattr(values, "ndim", -1) == 0)


def places_of(part: Any, parts: int) -> list[Any]:
    """The places of each part's items, in their order.

    :param part: of each item, from 0 up
    """
    np = numpy()
    # A stable sort of 16 bits is a radix sort.
    order = np.argsort(part.astype(np.uint16) if parts <= 1 << 16 else part, kind="stable")
    ends = np.cumsum(np.bincount(part, minlength=parts)).tolist()
    return [order[begin:end] for begin, end in zip([0, *ends], ends, strict=False)]


# ---- maps -----------------------------------------------------------------------------------------------------------


def checked_how(how: Any, key: Type, value: Type) -> None:
    """
    :raises ValueError: there is no such way to combine values
    :raises TypeError: the values cannot be combined so, or the types are Python's
    """
    for type, role in ((key, "key"), (value, "value")):
        if type.kind is Kind.OBJECT:
            raise TypeError(
                f"{role}: expected a type other than object, got {type}: Python's objects have no hash that is the "
                "same on all workers; gomap.advise(d) finds types"
            )
    if how not in _HOWS:
        raise ValueError(f"how: expected 'last', 'first', 'add', 'max' or 'min', got {shown(how)}")
    Map(key, value).merge(Map(key, value), how)


def filled(keys: Any, values: Any, key: Type, value: Type, how: How, nulls: Nulls) -> Map[Any, Any]:
    """A map of columns."""
    made: Map[Any, Any] = Map(key, value)
    put: Any = {"add": made.add_many, "max": made.max_many, "min": made.min_many}.get(how, made.set_many)
    put(keys, values, nulls=nulls)
    return made


def split(
    keys: Any, values: Any, key: Type, value: Type, parts: int, how: How = "last", nulls: Nulls = "refuse"
) -> list[Map[Any, Any]]:
    """A map of each part's entries.

    :param values: a column of as many, or one number for all keys
    """
    made = []
    for places in places_of(numbers(keys, parts, key, nulls), parts):
        some = places[::-1] if how == "first" else places
        chosen = values if is_one(values) else take(values, some)
        made.append(filled(take(keys, some), chosen, key, value, how, nulls))
    return made


def split_frame(
    frame: Any,
    names: tuple[Any, Any],
    key: Type,
    value: Type,
    parts: int,
    how: How,
    nulls: Nulls,
) -> list[Map[Any, Any]]:
    """A map of each part's entries in a data frame.

    :param names: the columns of the keys and of the values; for no values, each key counts 1
    """
    keys = frame if names[0] is None else frame[names[0]]
    return split(keys, 1 if names[1] is None else frame[names[1]], key, value, parts, how, nulls)


def split_map(m: Map[Any, Any], parts: int) -> list[Map[Any, Any]]:
    """A map's entries in other parts."""
    keys, values = m.to_arrays()
    values = None if m.value_type.kind is Kind.NOTHING else values
    return split(keys, values, m.key_type, m.value_type, parts)


def merged(maps: list[Map[Any, Any]], how: How) -> Map[Any, Any]:
    """One map of several of one part. It is new where it is not the only one: what others hold is never changed."""
    if len(maps) == 1:
        return maps[0]
    made = maps[0].copy()
    for each in maps[1:]:
        made.merge(each, how)
    return made


def merged_with(m: Map[Any, Any], other: Map[Any, Any], how: How) -> Map[Any, Any]:
    """A copy of a part, with another map's entries put in."""
    return merged([m, other], how)


def added(m: Map[Any, Any], keys: Any, by: Any, nulls: Nulls) -> Map[Any, Any]:
    """A copy of a part, with so much added."""
    made = m.copy()
    made.add_many(keys, by, nulls=nulls)
    return made


# ---- looking up -----------------------------------------------------------------------------------------------------


class Missing:
    """Which of the keys that a part was asked for are not there."""

    __slots__ = ("is_missing",)

    def __init__(self, is_missing: Any) -> None:
        self.is_missing = is_missing


def looked_up(m: Map[Any, Any], keys: Any) -> Any:
    """The values of keys, or which keys are missing."""
    try:
        return m.get_many(keys, arrow=False)
    except KeyError:
        return Missing(~m.contains_many(keys))


def looked_up_or(m: Map[Any, Any], keys: Any, default: Any) -> Any:
    return m.get_many(keys, default, arrow=False)


def contained(m: Map[Any, Any], keys: Any) -> Any:
    return m.contains_many(keys)


# ---- going out ------------------------------------------------------------------------------------------------------


def figures(m: Map[Any, Any]) -> tuple[int, int, int]:
    """Entries, bytes that the map holds, and bytes that it is over."""
    return len(m), m.nbytes, m.memory().mapped


def frame_of(m: Map[Any, Any], names: tuple[Any, Any]) -> Any:
    """A data frame of a map's entries."""
    pandas = library("pandas", "to_dask takes pandas", INSTALL)
    keys, values = m.to_arrays()
    columns = _series(pandas, keys, m.key_type, names[0], m.keys())
    if m.value_type.kind is not Kind.NOTHING:
        columns |= _series(pandas, values, m.value_type, names[1], m.values())
    return pandas.DataFrame(columns)


def _series(pandas: Any, items: Any, type: Type, names: Any, view: Any) -> dict[str, Any]:
    """The columns that hold items of a type, by their names.

    :param view: the same items as Python has them
    """
    if isinstance(names, str):
        return {names: _one_series(pandas, items, type, view)}
    if isinstance(items, list):
        rows = [list(column) for column in zip(*items, strict=True)] or [[]] * len(type.fields)
    else:
        rows = [items[field.name] for field in type.fields]
    return {
        name: _one_series(pandas, row, field.type, row)
        for name, row, field in zip(names, rows, type.fields, strict=True)
    }


def _one_series(pandas: Any, items: Any, type: Type, view: Any) -> Any:
    if type.kind is Kind.STRING:
        dtype = pandas.Series(["text"]).dtype  # pandas 3 has one of its own for text
        try:
            return pandas.Series(items, dtype="string[pyarrow]" if dtype.name == "object" else dtype)
        except UnicodeEncodeError as error:
            raise ValueError(
                f"to_dask: expected text without lone surrogates, as pandas has it, got {shown(error.object)}"
            ) from None
    if type.kind in (Kind.BYTES, Kind.VARBYTES, Kind.UUID, Kind.STRUCT):
        return pandas.Series(list(view), dtype=object)
    if Kind.UTC_S <= type.kind <= Kind.UTC_NS:
        return pandas.Series(numpy().asarray(items)).dt.tz_localize("UTC")
    wanted = arrays.dtype_of(type)
    return pandas.Series(numpy().asarray(items, None if wanted.kind == "M" else wanted))
