"""Columns as pandas, polars and pyarrow have them: data frames, series, masked arrays, categories.

:func:`column` is asked first for whatever is given as keys or values. It returns what the binding reads by itself:

    an array or Arrow data     as it is
    Nullable                   an array, and a mask of its nulls
    Coded                      codes, and the array of items that they stand for

A data frame of one column is that column; one of several is a struct, where the type is one. No library is imported
here that has not been imported already, but NumPy.
"""

from __future__ import annotations

import sys

from . import _arrays as arrays
from ._libraries import loaded
from .types import Kind, Type, parse

TYPE_CHECKING = False  # typing takes long to import
if TYPE_CHECKING:
    from typing import Any

_FLOATS = (Kind.FLOAT32, Kind.FLOAT64)


class Nullable:
    """Items, some of which are null.

    :ivar items: an array; what stands at a null is of no meaning
    :ivar absent: a contiguous buffer of a byte for each item: 1 for a null
    """

    __slots__ = ("absent", "items")

    def __init__(self, items: Any, absent: Any) -> None:
        self.items = items
        self.absent = absent

    def __getitem__(self, index: int) -> Any:
        return None if self.absent[index] else self.items[index]


class Coded:
    """Items by their codes.

    :ivar codes: an array of signed integers; -1 for a null
    :ivar items: an array, or a column of its own
    """

    __slots__ = ("codes", "items")

    def __init__(self, codes: Any, items: Any) -> None:
        self.codes = codes
        self.items = items

    def __getitem__(self, index: int) -> Any:
        return None if self.codes[index] < 0 else self.items[self.codes[index]]


def is_null(item: Any, kind: int) -> bool:
    """Whether it is one of the objects that stand for a missing item: None, pandas' NA and NaT, and NaN where the type
    has none."""
    if item is None:
        return kind not in (Kind.OBJECT, Kind.NOTHING)
    if isinstance(item, float):
        return item != item and kind not in (*_FLOATS, Kind.OBJECT)
    return type(item).__name__ in ("NAType", "NaTType")


# ---- telling them apart -----------------------------------------------------------------------------


def columns_of(source: Any) -> dict[str, Any] | None:
    """The columns of a data frame, a table or a record batch, by their names; None for anything else."""
    if isinstance(source, type):
        return None
    names = getattr(source, "column_names", None)  # pyarrow
    if isinstance(names, list) and hasattr(source, "column"):
        return _distinct(names, [source.column(i) for i in range(len(names))])
    if hasattr(source, "columns") and hasattr(source, "dtypes") and hasattr(source, "shape"):
        names = [str(name) for name in source.columns]
        if hasattr(source, "iloc"):  # pandas; by position, as names may repeat
            return _distinct(names, [source.iloc[:, i] for i in range(len(names))])
        if hasattr(source, "get_columns"):  # polars
            return _distinct(names, source.get_columns())
    return None


def _shown(source: Any, named: dict[str, Any]) -> str:
    """A data frame for a message."""
    some = ", ".join(list(named)[:8]) + (", ..." if len(named) > 8 else "")
    return f"a {source.__class__.__name__} of {len(named)} columns ({some})"


def _distinct(names: list[str], columns: list[Any]) -> dict[str, Any]:
    if len(set(names)) < len(names):
        twice = next(name for name in names if names.count(name) > 1)
        raise TypeError(f"expected columns of different names, got {twice!r} twice")
    return dict(zip(names, columns, strict=True))


def is_pandas(source: Any) -> bool:
    """Whether it is a Series, an Index or an array of pandas'."""
    if _is_array_of_pandas(source):
        return True
    return hasattr(source, "to_numpy") and hasattr(source, "isna") and (_has_levels(source) or hasattr(source, "array"))


def _is_array_of_pandas(source: Any) -> bool:
    """Whether it is what a Series has behind it, by itself."""
    pandas = loaded("pandas")
    return pandas is not None and isinstance(source, pandas.api.extensions.ExtensionArray)


def _has_levels(source: Any) -> bool:
    return hasattr(source, "levels")


def is_foreign(source: Any) -> bool:
    """Whether :func:`column` does anything about it."""
    return is_pandas(source) or columns_of(source) is not None or arrays.is_masked(source) or _is_foreign_array(source)


def _is_foreign_array(source: Any) -> bool:
    """Whether it is an array of another library, which NumPy can read and the binding cannot."""
    return (
        hasattr(source, "__array__")
        and hasattr(source, "ndim")
        and not type(source).__module__.startswith("numpy")
        and "numpy" in sys.modules
        and arrays.view_of(source) is None
    )


# ---- reading them -----------------------------------------------------------------------------------


def column(source: Any, type: Type, what: str) -> Any:
    """What the binding reads a column of a type from.

    :param what: ``"keys"`` or ``"values"``, for the message
    :raises TypeError: it is no column: a data frame of several columns for a type that is no struct, an array of
        several dimensions
    """
    if hasattr(source, "__array_interface__") and hasattr(source, "dtype") and not hasattr(source, "iloc"):
        return _masked(source, type, what) if arrays.is_masked(source) else source
    named = columns_of(source)
    if named is not None:
        if len(named) == 1:
            return column(next(iter(named.values())), type, what)
        return _rows(named, source, type, what)
    if is_pandas(source):
        return _series(source, type, what)
    if _is_foreign_array(source):
        return arrays.numpy().asarray(source)
    return source


def _masked(source: Any, type: Type, what: str) -> Nullable:
    if source.ndim != 1 or source.dtype.names is not None:
        raise TypeError(
            f"{what}: expected an array of {arrays.dtype_of(type) or type} for type {type}, got a masked one of "
            f"{source.dtype} with {source.ndim} dimensions"
        )
    np = arrays.numpy()
    return Nullable(source.data, np.ascontiguousarray(np.ma.getmaskarray(source)).view("u1"))


def _as_series(source: Any) -> Any:
    """An array of pandas' as a Series; one that leaves zeros out, in full."""
    array = source if _is_array_of_pandas(source) else source.array
    if hasattr(array, "to_dense"):
        return sys.modules["pandas"].Series(array.to_dense())
    return sys.modules["pandas"].Series(array, copy=False) if array is source else source


def _series(source: Any, type: Type, what: str) -> Any:
    if _has_levels(source):
        raise TypeError(
            f"{what}: expected one column for type {type}, got a {source.__class__.__name__} of several levels"
        )
    source = _as_series(source)
    array, dtype = source.array, source.dtype
    if hasattr(array, "codes") and hasattr(array, "categories"):
        return Coded(arrays.numpy().ascontiguousarray(array.codes), array.categories)
    if _names_numpy(dtype):
        plain = source.to_numpy()
        return _whole(plain, type) if dtype.kind == "f" and type.kind not in _FLOATS else plain
    if "pyarrow" in sys.modules and hasattr(array, "__arrow_array__") and _is_of_arrow(dtype):
        return array.__arrow_array__()
    if getattr(dtype, "tz", None) is not None and Kind.UTC_S <= type.kind < Kind.TIMEDELTA_S:
        return array.tz_convert(None).to_numpy()  # the times in UTC
    if hasattr(dtype, "numpy_dtype"):  # pandas' own nullable numbers
        absent = arrays.numpy().asarray(source.isna(), bool).view("u1")
        return Nullable(source.to_numpy(dtype=dtype.numpy_dtype, na_value=dtype.numpy_dtype.type(0)), absent)
    return source.to_numpy(dtype=object)


def _names_numpy(dtype: Any) -> bool:
    return type(dtype).__module__.startswith("numpy")


def _is_of_arrow(dtype: Any) -> bool:
    return hasattr(dtype, "pyarrow_dtype") or getattr(dtype, "storage", "") in ("pyarrow", "pyarrow_numpy")


def _whole(plain: Any, type: Type) -> Any:
    """A column of floats that are whole numbers, NaN standing for a null, as pandas makes it of integers of which some
    are missing; the floats themselves where they are not."""
    np = arrays.numpy()
    if type.kind not in arrays.FORMATS or type.kind == Kind.BOOL:
        return plain
    absent = np.isnan(plain)
    filled = np.where(absent, 0, plain)
    if not (np.abs(filled) < 2.0**63).all():
        return plain
    whole = filled.astype("i8")
    return Nullable(whole, absent.view("u1")) if (whole == filled).all() else plain


def _rows(named: dict[str, Any], source: Any, type: Type, what: str) -> Any:
    """Several columns as rows of a struct."""
    if type.kind is not Kind.STRUCT:
        raise TypeError(
            f"{what}: expected one column for type {type}, got {_shown(source, named)}; pass one of them, such as "
            f"df[{next(iter(named), 'name')!r}], or take a struct of them as the type"
        )
    wanted = [each.name for each in type.fields]
    if wanted != list(named):
        raise TypeError(
            f"{what}: expected the columns {', '.join(wanted)} for type {type}, got {_shown(source, named)}"
        )
    np = arrays.numpy()
    apart = (Kind.STRUCT, Kind.STRING, Kind.VARBYTES)  # no field of a structured array, or none that is copied
    if np is None or any(each.type.kind in apart for each in type.fields):
        return list(zip(*[arrays.listed(each) for each in named.values()], strict=True))
    fields = [_plain(each) for each in named.values()]
    made = np.zeros(len(fields[0]), [(name, each.dtype) for name, each in zip(named, fields, strict=True)])
    for name, each in zip(named, fields, strict=True):
        made[name] = each
    return made


def _plain(column: Any) -> Any:
    """A column as a NumPy array."""
    try:
        return column.to_numpy(zero_copy_only=False)  # pyarrow
    except TypeError:
        return column.to_numpy()


def listed(source: Any, what: str) -> list[Any]:
    """The items of a column as Python has them.

    :raises TypeError: it is a data frame of several columns
    """
    named = None if isinstance(source, (list, tuple)) else columns_of(source)
    return arrays.listed(source) if named is None else _only_listed(named, source, what)


def _only_listed(named: dict[str, Any], source: Any, what: str) -> list[Any]:
    """The items of a data frame's one column."""
    if len(named) != 1:
        raise TypeError(
            f"{what}: expected one column, got {_shown(source, named)}; pass one of them, or a list of tuples"
        )
    return arrays.listed(next(iter(named.values())))


def elements(source: Any) -> Any:
    """What to go through one by one: of a data frame its column, not the columns' names."""
    named = columns_of(source)
    return source if named is None else _only_listed(named, source, "elements")


def refuse_as_entries(source: Any) -> None:
    """
    :raises TypeError: it is a data frame, which is no mapping from keys to values
    """
    named = columns_of(source)
    if named is not None:
        keys, values, *_ = *map(repr, named), "'value'", "'key'"
        raise TypeError(
            f"expected a mapping or (key, value) pairs, got {_shown(source, named)}; pass its columns: "
            f"m.set_many(df[{keys}], df[{values}])"
        )


def sample(items: tuple[Any, ...]) -> tuple[int, int, int, int]:
    """Draws some thousand items at random, and the same ones every time: how many, how many of them are distinct, and
    how many came once and twice."""
    from collections import Counter
    from random import Random

    drawn = Counter([items[i] for i in Random(len(items)).sample(range(len(items)), 8192)])
    times = list(drawn.values())
    return 8192, len(times), times.count(1), times.count(2)


# ---- their types ------------------------------------------------------------------------------------


def column_type(source: Any, what: str) -> str:
    """The spelling of the type that a column's items are, for a map made from columns.

    :raises TypeError: they say nothing of a type, as lists do
    """
    named = columns_of(source)
    if named is not None:
        types = {name: column_type(each, what) for name, each in named.items()}
        if len(types) == 1:
            return next(iter(types.values()))
        return f"struct{{{'; '.join(f'{name} {type}' for name, type in types.items())}}}"
    if is_pandas(source):
        return _series_type(source, what)
    if str(getattr(source, "type", "")) == "extension<arrow.uuid>":
        return "uuid"
    if hasattr(source, "__arrow_c_array__") or hasattr(source, "__arrow_c_stream__"):
        from ._core import arrow_spelling

        spelling = arrow_spelling(source)
        if spelling is not None:
            return spelling
    return arrays.column_type(arrays.numpy().asarray(source) if _is_foreign_array(source) else source, what)


def _series_type(source: Any, what: str) -> str:
    source = _as_series(source)
    array, dtype = source.array, source.dtype
    if hasattr(array, "categories"):
        return _series_type(array.categories, what)
    if _names_numpy(dtype):
        if dtype.kind == "O":
            classes = {type(item) for item in source if not is_null(item, Kind.BYTES)}
            if classes in ({str}, {bytes}):  # as pandas had text before its version 3
                return "string" if classes == {str} else "bytes"
            raise TypeError(
                f"{what}: expected a column whose type says what its items are, got one of objects; for these give "
                "the types, as in Map[str, float].from_arrays(keys, values)"
            )
        return arrays.column_type(source.to_numpy(), what)
    if hasattr(dtype, "pyarrow_dtype"):
        return column_type(array.__arrow_array__(), what)
    if hasattr(dtype, "numpy_dtype"):
        return parse(dtype.numpy_dtype).name
    if str(dtype) in ("str", "string"):
        return "string"
    if getattr(dtype, "tz", None) is not None:
        return f"datetime64[{dtype.unit}, UTC]"
    raise TypeError(f"{what}: expected items of a type that a map has, got a column of {dtype}")
