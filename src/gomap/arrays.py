"""Arrays of keys and values: what the items of a buffer are, and what results are made of.

Results are NumPy arrays where NumPy can be imported, else memoryviews of the same item format (of bytes, with a
row for each, where the items are `[N]byte` or structs, for which memoryview has no format). Strings and objects
come as lists.
"""

from __future__ import annotations

import functools
import sys
from typing import Any

from .types import Kind, Type

__all__ = ["column_type", "dtype_of", "empty", "item_kind", "structured"]

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
_SIGNED = {1: Kind.INT8, 2: Kind.INT16, 4: Kind.INT32, 8: Kind.INT64}
_UNSIGNED = {1: Kind.UINT8, 2: Kind.UINT16, 4: Kind.UINT32, 8: Kind.UINT64}
_FLOATS = {4: Kind.FLOAT32, 8: Kind.FLOAT64}


@functools.lru_cache(maxsize=200)
def item_kind(format: str, size: int) -> tuple[int, bool] | None:
    """What a buffer's items are: their kind, and whether their bytes are in the other order; None: no numbers.

    :param format: as the struct module spells it, or NumPy for its text: ``"<i"``, ``"16s"``, ``"4w"``
    :param size: bytes an item
    :returns: for text Kind.VARBYTES (NumPy's S) or Kind.STRING (its U)
    """
    order, letter = "@", format or "B"
    if letter[0] in "@=<>!":
        order, letter = letter[0], letter[1:]
    native = "<" if sys.byteorder == "little" else ">"
    swapped = order in "<>!" and {"!": ">"}.get(order, order) != native
    kind: Kind | None = None
    if letter in ("b", "h", "i", "l", "q", "n"):
        kind = _SIGNED.get(size)
    elif letter in ("B", "H", "I", "L", "Q", "N"):
        kind = _UNSIGNED.get(size)
    elif letter in ("f", "d"):
        kind = _FLOATS.get(size)
    elif letter == "?" and size == 1:
        kind = Kind.BOOL
    elif letter.endswith("s") and letter[:-1].isdigit() or letter == "s":
        kind = Kind.VARBYTES
    elif letter.endswith("w") and (letter[:-1].isdigit() or letter == "w"):
        kind = Kind.STRING
    return None if kind is None else (int(kind), swapped and size > 1)


def numpy() -> Any:
    """The module, or None where it cannot be imported."""
    if "numpy" not in sys.modules:
        try:
            import numpy  # noqa: F401
        except ImportError:
            return None
    return sys.modules["numpy"]


def dtype_of(type: Type) -> Any:
    """The NumPy dtype that holds what a type stores, byte for byte; None where there is none.

    :raises ImportError: there is no NumPy
    """
    np = numpy()
    if np is None:
        raise ImportError("gomap: NumPy is not installed")
    if type.kind in FORMATS:
        return np.dtype(FORMATS[type.kind])
    if type.kind is Kind.BYTES:
        return np.dtype(f"V{type.size}")
    if type.kind is Kind.STRUCT:
        return np.dtype(
            {
                "names": [each.name for each in type.fields],
                "formats": [dtype_of(each.type) for each in type.fields],
                "offsets": [each.offset for each in type.fields],
                "itemsize": type.size,
            }
        )
    return None


def empty(type: Type, count: int) -> Any:
    """An array for so many of a type, to be written to."""
    np = numpy()
    if np is not None:
        return np.empty(count, dtype_of(type))
    room = memoryview(bytearray(count * type.size))
    if type.kind in FORMATS:
        return room.cast(FORMATS[type.kind])
    if count == 0 or type.size == 0:
        return room
    return room.cast("B", (count, type.size))


def structured(array: Any, type: Type) -> Any:
    """A structured NumPy array with a type's very layout, converted when it has another; None: it is none.

    :raises TypeError: it has other fields, or such as do not convert safely
    """
    np = numpy()
    if np is None or getattr(getattr(array, "dtype", None), "names", None) is None:
        return None
    wanted = dtype_of(type)
    if array.dtype == wanted and array.flags.c_contiguous and array.dtype.itemsize == wanted.itemsize:
        return array
    if set(array.dtype.names) != set(wanted.names) or not np.can_cast(array.dtype[list(wanted.names)], wanted, "safe"):
        raise TypeError(f"expected an array of {wanted} for {type}, got one of {array.dtype}")
    made = np.zeros(array.shape, wanted)  # padding is zero
    for name in wanted.names:
        made[name] = array[name]
    return made


def column_type(array: Any, what: str) -> str:
    """The spelling of the type that an array's items are, for a map made from arrays.

    :param what: ``"keys"`` or ``"values"``, for the message
    :raises TypeError: they say nothing of a type, as lists do
    """
    dtype = getattr(array, "dtype", None)
    if dtype is not None and type(dtype).__module__.startswith("numpy"):
        if dtype.kind in "UT":
            return "string"
        if dtype.kind == "S":
            return "bytes"
        if dtype.names is None and dtype.kind != "O":
            dtype = dtype.newbyteorder("=")
            return f"[{dtype.itemsize}]byte" if dtype.kind == "V" else str(dtype)
        if dtype.names is not None:
            from .types import parse

            return parse(dtype).name
    try:
        view = memoryview(array)
    except TypeError:
        return _arrow_type(array, what)
    known = item_kind(view.format, view.itemsize)
    if known is None:
        raise TypeError(f"{what}: items of format {view.format!r} are of no type that a map has")
    return Kind(known[0]).name.lower()


_ARROW = {"int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64"}
_ARROW_NAMES = {"float": "float32", "double": "float64", "string": "string", "large_string": "string"}
_ARROW_NAMES |= {"binary": "bytes", "large_binary": "bytes", "bool": "bool"}


def _arrow_type(array: Any, what: str) -> str:
    name = str(getattr(array, "type", ""))
    if name in _ARROW:
        return name
    if name in _ARROW_NAMES:
        return _ARROW_NAMES[name]
    raise TypeError(
        f"{what}: expected an array whose type says what its items are, got {type(array).__name__}; "
        "for anything else give the types: Map[int, float].from_arrays(keys, values)"
    )
