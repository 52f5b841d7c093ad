"""Arrays of keys and values: what the items of a buffer are, and what results are made of.

Results are NumPy arrays where NumPy can be imported, else memoryviews of the same item format. For `[N]byte`, UUIDs
and structs memoryview has no format: their memoryviews are of bytes, with a row for each item. Strings and
objects come as lists, and times too where there is no NumPy.

NumPy's times have no buffer. So the core reads and writes arrays of their counts, which `counts` makes of what comes in
and `finished` turns into what goes out.
"""

from __future__ import annotations

import sys

from .types import Kind, Type, parse, string_offsets

TYPE_CHECKING = False  # typing takes long to import
if TYPE_CHECKING:
    from typing import Any

#: The struct module's letter for every kind of number, of native size.
FORMATS = {
    Kind.BOOL: "?",
    Kind.INT8: "b",
    Kind.INT16: "h",
    Kind.INT32: "i",
    Kind.INT64: "q",
    Kind.UINT8: "B",
    Kind.UINT16: "H",
    Kind.UINT32: "I",
    Kind.UINT64: "Q",
    Kind.FLOAT32: "f",
    Kind.FLOAT64: "d",
}
_NUMBERS = {**dict.fromkeys("bhilqn", "INT"), **dict.fromkeys("BHILQN", "UINT"), "f": "FLOAT", "d": "FLOAT"}


def item_kind(format: str, size: int) -> tuple[int, bool] | None:
    """What a buffer's items are: their kind, and whether their bytes are in the other order; None: neither
    numbers nor text.

    :param format: as the struct module spells it, or NumPy for its text: ``"<i"``, ``"16s"``, ``"4w"``
    :param size: bytes an item
    :returns: for text Kind.VARBYTES (NumPy's S) or Kind.STRING (its U)
    """
    try:
        return _known[format, size]
    except KeyError:
        if len(_known) > 200:  # formats made by a program without end
            _known.clear()
        return _known.setdefault((format, size), _item_kind(format, size))


_known: dict[tuple[str, int], tuple[int, bool] | None] = {}


def _item_kind(format: str, size: int) -> tuple[int, bool] | None:
    order, letter = "@", format or "B"
    if letter[0] in "@=<>!":
        order, letter = letter[0], letter[1:]
    native = "<" if sys.byteorder == "little" else ">"
    swapped = order in "<>!" and {"!": ">"}.get(order, order) != native
    kind: Kind | None = None
    if letter in _NUMBERS:
        kind = Kind.__members__.get(f"{_NUMBERS[letter]}{8 * size}")
    elif letter == "?" and size == 1:
        kind = Kind.BOOL
    elif (letter.endswith("s") and letter[:-1].isdigit()) or letter == "s":
        kind = Kind.VARBYTES
    elif letter.endswith("w") and (letter[:-1].isdigit() or letter == "w"):
        kind = Kind.STRING
    return None if kind is None else (int(kind), swapped and size > 1)


_numpy_is_missing = False


def numpy() -> Any:
    """The module, or None where it cannot be imported.

    A search that found nothing takes 40 microseconds, so it is made once. A NumPy that the program itself imports
    later is seen all the same.
    """
    global _numpy_is_missing
    if _numpy_is_missing and sys.modules.get("numpy") is None:
        return None
    try:
        import numpy
    except ImportError:
        _numpy_is_missing = True
        return None
    return numpy


def view_of(source: Any) -> memoryview | None:
    """Its memory; None for objects, and for what NumPy exports in no buffer: dates, strings of any length."""
    try:
        view = memoryview(source)
    except (TypeError, ValueError, BufferError):
        return None
    return None if view.format == "O" else view


def is_objects(array: Any) -> bool:
    """Whether it is a NumPy array of objects, or of strings of any length."""
    return getattr(getattr(array, "dtype", None), "kind", "") in ("O", "T")


def is_scalar(thing: Any) -> bool:
    """Whether it is a NumPy array of no dimensions, which is its item."""
    # Not by `loaded`, which takes a third of the time that a look-up of a NumPy number takes.
    ndarray: Any = getattr(sys.modules.get("numpy"), "ndarray", None)
    return ndarray is not None and isinstance(thing, ndarray) and thing.ndim == 0


def exported(items: Any, dtype: Any, copy: bool | None) -> Any:
    """What ``__array__`` returns of items that were just copied: an array of NumPy's.

    :raises ValueError: a copy is not allowed
    """
    if copy is False:
        raise ValueError("gomap: an array of a map's keys or values is always a copy; copy=False cannot be")
    np = numpy()
    if isinstance(items, list):
        made = np.empty(len(items), object)
        made[:] = items
        items = np.array(items) if items and all(isinstance(each, (str, bytes)) for each in items) else made
    return items if dtype is None else items.astype(dtype, copy=False)


def is_masked(array: Any) -> bool:
    """Whether it is a NumPy array some of whose items are missing; its memory does not say so."""
    mask = getattr(array, "mask", None) if type(array).__name__ == "MaskedArray" else None
    return mask is not None and any(mask.tobytes())


def item(array: Any, index: int) -> Any:
    """An array's item as Python has it; None for a null, and where the array has other labels or no items."""
    try:
        found = array[index]
    except (LookupError, TypeError):
        return None
    if type(found).__name__ in ("NAType", "NaTType"):
        return None
    if getattr(getattr(found, "dtype", None), "kind", "") in ("m", "M"):
        return found
    for name in ("item", "as_py"):  # NumPy's, Arrow's
        if hasattr(found, name):
            return getattr(found, name)()
    return found


def listed(source: Any) -> list[Any]:
    """The items of an array or an iterable as Python has them."""
    dates = getattr(getattr(source, "dtype", None), "kind", "") in ("m", "M")  # as int where they are fine
    for name in () if dates else ("tolist", "to_pylist", "to_list"):
        if hasattr(source, name):
            source = getattr(source, name)()
            break
    return list(source)


def dtype_of(type: Type) -> Any:
    """The NumPy dtype of arrays of a type; None where there is none. Dates take 8 bytes in it, where a map has 4.

    :raises ImportError: there is no NumPy
    """
    return _dtype(type, as_counts=False)


def _dtype(type: Type, *, as_counts: bool) -> Any:
    """
    :param as_counts: byte for byte what the type stores, with integers in the place of times
    """
    np = numpy()
    if np is None:
        raise ImportError("gomap: NumPy is not installed")
    if type.kind in FORMATS:
        return np.dtype(type.kind.name.lower())  # as NumPy spells it: of two alike the usual one
    if type.kind is Kind.BYTES or type.kind is Kind.UUID:
        return np.dtype(f"V{type.size}")
    if type.kind is Kind.STRUCT and not string_offsets(type):
        made: dict[str, Any] = {
            "names": [each.name for each in type.fields],
            "formats": [_dtype(each.type, as_counts=as_counts) for each in type.fields],
        }
        if not as_counts and _has_dates(type):
            return np.dtype(made, align=True)
        return np.dtype({**made, "offsets": [each.offset for each in type.fields], "itemsize": type.size})
    if type.kind < Kind.DATETIME_S:
        return None
    from ._times import dtype_name

    return np.dtype(f"i{type.size}" if as_counts else dtype_name(type.kind))


def _has_dates(type: Type) -> bool:
    """Whether the dtype of arrays is another than that of what is stored, byte for byte."""
    return type.kind is Kind.DATE or any(_has_dates(each.type) for each in type.fields)


def empty(type: Type, count: int) -> Any:
    """An array for so many of a type, to be written to byte for byte; `finished` is called when that is done."""
    np = numpy()
    if np is not None:
        return np.empty(count, _dtype(type, as_counts=True))
    room: Any = memoryview(bytearray(count * type.size))
    if type.kind in FORMATS:
        return room.cast(FORMATS[type.kind])
    if count == 0 or type.size == 0:
        return room
    return room.cast("B", (count, type.size))


# ---- NumPy's times ------------------------------------------------------------------------------------


def counts(array: Any, type: Type) -> Any:
    """An array of NumPy's times as the counts that a type of time stores; what has no such count is out of the type's
    range. None: they are no such times."""
    from . import _times

    wanted = "m" if type.kind in _times.TIMEDELTAS else "M"
    if getattr(getattr(array, "dtype", None), "kind", "") != wanted or array.ndim != 1 or is_masked(array):
        return None
    return _times.counts(array, type.kind)


def finished(array: Any, type: Type) -> Any:
    """An array from `empty`, now full, with NumPy's times in the place of their counts."""
    np = numpy()
    if np is None:
        return array
    wanted = dtype_of(type)
    if type.kind is Kind.DATE:
        made = array.astype(wanted)
        made[array == -(2**31)] = "NaT"  # the default for a key that is not there
        return made
    if not _has_dates(type):
        return array.view(wanted)
    made = np.zeros(array.shape, wanted)
    for field in type.fields:
        made[field.name] = finished(array[field.name], field.type)
    return made


def is_nat(thing: Any) -> bool:
    """Whether it is NumPy's or pandas' NaT."""
    return type(thing).__name__ in ("datetime64", "timedelta64", "NaTType") and bool(thing != thing)


def check_times_out(array: Any, type: Type, count: int) -> None:
    """
    :raises TypeError: it is no array to which so many of a type with times can be written
    """
    np = numpy()
    wanted = dtype_of(type)
    if (
        not isinstance(array, np.ndarray)
        or not array.flags.writeable
        or array.dtype != wanted
        or array.shape != (count,)
    ):
        got = f"one of {array.shape} {array.dtype}" if isinstance(array, np.ndarray) else array.__class__.__name__
        raise TypeError(f"out: expected a writable array of {count} {wanted} for type {type}, got {got}")


# ---- formats ------------------------------------------------------------------------------------------


def is_bytes(format: str, size: int, wanted: int) -> bool:
    """Whether items are bytes, `wanted` each."""
    letter = format.lstrip("@=<>!")
    return size == wanted and (letter == f"{size}s" or letter == f"{size}x" or (size == 1 and letter in "sxcBb"))


def holds(array: Any, view: memoryview, type: Type) -> bool:
    """Whether an array's items are what a type stores, byte for byte."""
    if type.kind in FORMATS:
        return view.ndim == 1 and item_kind(view.format, view.itemsize) == (int(type.kind), False)
    if view.ndim == 2:
        return view.shape is not None and view.shape[1] == type.size and is_bytes(view.format, view.itemsize, 1)
    if view.ndim == 1 and type.kind is Kind.STRUCT:
        return numpy() is not None and getattr(array, "dtype", None) == dtype_of(type)
    return view.ndim == 1 and is_bytes(view.format, view.itemsize, type.size)


def structured(array: Any, type: Type, what: str) -> Any:
    """A structured NumPy array with a type's very layout, converted when it has another; for a type with strings a list
    of its records. None: it is none.

    :param what: ``"keys"`` or ``"values"``, for the message
    :raises TypeError: it has other fields, or such as do not convert exactly whatever is in them
    """
    if getattr(getattr(array, "dtype", None), "names", None) is None:
        return None
    np = numpy()
    wanted = dtype_of(type)
    records = wanted is None
    if array.ndim != 1 or is_masked(array) or not (records or _converts(np, array.dtype, wanted)):
        kind = f"a masked one of {array.dtype}" if is_masked(array) else f"one of {array.dtype}"
        raise TypeError(
            f"{what}: expected an array of {'records' if records else wanted} for type {type}, got {kind}"
            f"{'' if array.ndim == 1 else f' with {array.ndim} dimensions'}"
        )
    if records:
        return list(array)
    stored = _dtype(type, as_counts=True)
    if array.dtype == wanted == stored:
        return np.ascontiguousarray(array)
    made = np.zeros(array.shape, stored)  # padding is zero
    _copy_fields(np, made, array, type)
    return made


def _converts(np: Any, dtype: Any, wanted: Any) -> bool:
    """Whether every value of one dtype has an equal one in another, and means the same."""
    if wanted.names is not None:
        return (
            dtype.names is not None
            and set(dtype.names) == set(wanted.names)
            and all(_converts(np, dtype[name], wanted[name]) for name in wanted.names)
        )
    if wanted.kind == "V":
        element, shape = dtype.subdtype or (dtype, ())
        rows = element.kind == "u" and element.itemsize == 1 and len(shape) == 1
        return dtype.itemsize == wanted.itemsize and (rows or (element.kind in "SV" and not shape and not dtype.names))
    if wanted.kind in "mM":
        without_length = ("generic", "Y", "M") if wanted.kind == "m" else ("generic",)
        return dtype.kind == wanted.kind and dtype.subdtype is None and np.datetime_data(dtype)[0] not in without_length
    if dtype.subdtype is not None or dtype.kind not in "biuf" or (dtype.kind == "b") != (wanted.kind == "b"):
        return False
    exact = dtype.kind not in "iu" or wanted.kind != "f" or dtype.itemsize < wanted.itemsize
    return exact and bool(np.can_cast(dtype, wanted, "safe"))


def _copy_fields(np: Any, to: Any, array: Any, type: Type) -> None:
    """By their names: NumPy itself assigns by their order."""
    for each in type.fields:
        field, source = to.dtype[each.name], array[each.name]
        if field.names is not None:
            _copy_fields(np, to[each.name], source, each.type)
        elif field.kind == "V":
            to[each.name] = np.ascontiguousarray(source).view(field).reshape(to.shape)
        elif source.dtype.kind in "mM":
            to[each.name] = counts(source, each.type)
        else:
            to[each.name] = source


def column_type(array: Any, what: str) -> str:
    """The spelling of the type that an array's items are, for a map made from arrays.

    :param what: ``"keys"`` or ``"values"``, for the message
    :raises TypeError: they say nothing of a type, as lists do
    """
    dtype = getattr(array, "dtype", None)
    if dtype is not None and type(dtype).__module__.startswith("numpy") and dtype.kind != "O":
        if dtype.kind in "UT":
            return "string"
        if dtype.kind == "S":
            return "bytes"
        if array.ndim == 2 and dtype == "u1":  # a row of bytes for each
            return f"[{array.shape[1]}]byte"
        return parse(dtype if dtype.names is not None else dtype.newbyteorder("=")).name
    if type(dtype).__name__ == "DatetimeTZDtype":  # pandas', with any time zone
        return f"datetime64[{getattr(dtype, 'unit', 'ns')}, UTC]"
    try:
        view = memoryview(array)
    except (TypeError, ValueError):
        raise TypeError(
            f"{what}: expected an array whose type says what its items are, got {type(array).__name__}; "
            "for anything else give the types: Map[int, float].from_arrays(keys, values)"
        ) from None
    if view.ndim == 2 and view.shape is not None and is_bytes(view.format, view.itemsize, 1):
        return f"[{view.shape[1]}]byte"
    known = item_kind(view.format, view.itemsize)
    if known is None:
        raise TypeError(f"{what}: expected items of a type that a map has, got items of format {view.format!r}")
    return "bytes" if known[0] == Kind.VARBYTES else Kind(known[0]).name.lower()
