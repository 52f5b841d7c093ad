"""Entries from files: CSV by the standard library, Parquet by pyarrow, .npy by NumPy. And files to be written.

Columns are keys and values: one of values is the value itself, several are a tuple, none make a set.
"""

from __future__ import annotations

import io
import math
import os
import stat
from collections import namedtuple
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from .._libraries import library
from .._words import shown, told

Columns = dict[str, list[Any]]
Choice = str | int | None

_MOST_NAMED = 20  # columns, in a message
_DELIMITERS = ",;\t|"
_BEGINNING = 65536  # characters, and
_ROWS = 20  # of them, by which a CSV file's delimiter is told


def read(
    path: Path,
    key: Choice = None,
    values: Sequence[str | int] | None = None,
    n: int | None = None,
    *,
    named: bool = False,
) -> dict[Any, Any] | set[Any]:
    """The entries of a file.

    :param key: the column of the keys, by name or number from 0; by default the first
    :param values: those of the values; by default all others
    :param n: rows at most
    :param named: several values are a named tuple, of the columns' names where they can be
    :raises ValueError: the file's format or columns are not what was expected, or a key comes twice
    :raises OSError: it cannot be read
    :raises ImportError: the library that reads it is not installed; says how to install it
    """
    reader = _READERS.get(path.suffix.lower())
    if reader is None:
        raise ValueError(f"{path}: expected a file ending in {', '.join(_READERS)}")
    try:
        columns = reader(path, n)
    except _Malformed as error:
        raise ValueError(f"{path}: {error}") from error.__cause__
    except ImportError as error:
        raise ImportError(f"{path}: {error}") from None
    names = list(columns)
    if not names or not columns[names[0]]:
        raise ValueError(f"{path}: expected at least one row, found none")
    key_name = _chosen(path, names, 0 if key is None else key)
    value_names = (
        [name for name in names if name != key_name]
        if values is None
        else [_chosen(path, names, each) for each in values]
    )
    keys = columns[key_name]
    try:
        distinct = set(keys)
    except TypeError:
        row = next(number for number, each in enumerate(keys, 1) if not _has_hash(each))
        raise ValueError(
            f"{path}: expected keys that have a hash, found {shown(keys[row - 1])} in row {row:,} of column "
            f"{key_name!r}"
        ) from None
    if not value_names:
        return distinct
    if len(distinct) < len(keys):
        seen: set[Any] = set()
        twice = next(each for each in keys if each in seen or seen.add(each))  # type: ignore[func-returns-value]
        raise ValueError(
            f"{path}: expected every key once, found {shown(twice)} twice in column {key_name!r} "
            f"({len(keys):,} rows, {len(distinct):,} keys)"
        )
    if len(value_names) == 1:
        return dict(zip(keys, columns[value_names[0]], strict=True))
    rows = zip(*(columns[name] for name in value_names), strict=True)
    row_type: Any = namedtuple("row", value_names, rename=True) if named else None
    return dict(zip(keys, map(row_type._make, rows) if named else rows, strict=True))


def _has_hash(thing: object) -> bool:
    try:
        hash(thing)
    except TypeError:
        return False
    return True


def _chosen(path: Path, names: list[str], choice: str | int) -> str:
    if isinstance(choice, str) and choice in names:
        return choice
    for number, name in enumerate(names):
        if str(choice) == str(number):
            return name
    some = ", ".join(map(shown, names[:_MOST_NAMED])) + (", ..." if len(names) > _MOST_NAMED else "")
    raise ValueError(f"{path}: expected a column among {some}, got {shown(choice)}")


# ---- formats ----------------------------------------------------------------------------------------


class _Malformed(Exception):
    """What a file holds is not what its name says."""


def _named(names: Sequence[str], columns: Sequence[list[Any]]) -> Columns:
    """By their names where each has one of its own."""
    if len(set(names)) < len(names):
        names = [f"column{i}" for i in range(len(names))]
    return dict(zip(names, columns, strict=True))


@contextmanager
def _reading(what: str, library: str) -> Iterator[None]:
    """Turns whatever a library raises for a broken file into :class:`_Malformed`. System errors pass unchanged."""
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except (_Malformed, MemoryError):
        raise
    except OSError as error:
        if error.errno is not None:
            raise
        raise _Malformed(f"expected {what}, found what {library} cannot read: {told(error)}") from error
    except Exception as error:
        raise _Malformed(f"expected {what}, found what {library} cannot read: {told(error)}") from error


def _check_regular(path: Path) -> None:
    """A directory is told by the system when it is opened."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise _Malformed("expected a regular file, which can be read twice")


def _csv(path: Path, n: int | None) -> Columns:
    """With a line of names where its first row is one: none of it is a number, while a later row has some."""
    import csv

    _check_regular(path)
    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            beginning = file.read(_BEGINNING)
            dialect = _dialect(beginning, whole=len(beginning) < _BEGINNING)
            file.seek(0)
            full = (row for row in csv.reader(file, **dialect) if row)
            rows = list(islice(full, None if n is None else n + 1))
    except UnicodeDecodeError as error:
        raise _Malformed(f"expected text in UTF-8, found byte {error.object[error.start]:#x}") from None
    except csv.Error as error:
        raise _Malformed(str(error)) from None
    if not rows:
        return {}
    width = len(rows[0])
    for number, row in enumerate(rows, 1):
        if len(row) != width:
            raise _Malformed(f"expected {width} columns as in row 1, found {len(row)} in row {number}")
    has_names = (
        len(rows) > 1
        and not any(_is_number(cell) for cell in rows[0])
        and (any(_is_number(cell) for cell in rows[1]) or len(set(rows[0])) == width > 1)
    )
    names = rows.pop(0) if has_names else [f"column{i}" for i in range(width)]
    return _named(names, [_typed([row[i] for row in rows[:n]]) for i in range(width)])


def _dialect(beginning: str, *, whole: bool) -> dict[str, Any]:
    """How a file's cells are told apart, by its first rows.

    Chooses the delimiter with which all rows have the same number of cells, more than one; else the delimiter with
    which the first row has most cells. csv.Sniffer does something similar, but takes minutes for some files, such as a
    file of empty strings.

    :param whole: that is all there is; else the last row may be a part of one
    """
    import csv

    def fit(delimiter: str) -> tuple[bool, int]:
        try:
            reader = csv.reader(io.StringIO(beginning, newline=""), delimiter=delimiter)
            rows = list(islice((row for row in reader if row), _ROWS + 1))
        except csv.Error:
            return False, 0
        if len(rows) > 1 and (len(rows) > _ROWS or not whole):
            rows.pop()
        widths = list(map(len, rows))
        return len(set(widths)) == 1 < max(widths), max(widths[:1], default=0)

    delimiter = max(_DELIMITERS, key=fit)
    first = beginning.partition("\n")[0]
    spaced = 0 < first.count(delimiter) == first.count(delimiter + " ")
    return {"delimiter": delimiter, "skipinitialspace": spaced}


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


def _typed(cells: list[str]) -> list[Any]:
    """Numbers where all cells are numbers as they are written, else the texts themselves."""
    for read in (int, float):
        try:
            numbers = [read(cell) for cell in cells]
        except ValueError:
            continue
        if read is float:
            return numbers if all(map(_is_finite, numbers, cells)) else cells
        if all(str(number) == cell for number, cell in zip(numbers, cells, strict=True)):
            return numbers
        break  # 007 is no number
    return cells


def _is_finite(number: float, cell: str) -> bool:
    """Whether a float is as finite as it is written."""
    return abs(number) != math.inf or "inf" in cell.lower()


def _parquet(path: Path, n: int | None) -> Columns:
    parquet = library("pyarrow.parquet", "reading .parquet takes pyarrow", "pip install pyarrow")
    _check_regular(path)
    with _reading("a Parquet file", "pyarrow"):
        if path.is_dir():  # as it is written by several processes
            table = parquet.read_table(path)
        else:
            with open(path, "rb") as file:  # a path might be taken for a URI
                table = parquet.ParquetFile(file).read()
        if n is not None:
            table = table.slice(0, n)
        return _named(table.column_names, [column.to_pylist() for column in table.columns])


def _npy(path: Path, n: int | None) -> Columns:
    numpy = library("numpy", "reading .npy takes NumPy", "pip install numpy")
    _check_regular(path)
    with open(path, "rb") as file:
        magic = file.read(6)
    if magic[:2] == b"PK":
        raise _Malformed("expected one array as numpy.save writes it, found an archive, as numpy.savez does")
    if magic != b"\x93NUMPY":
        raise _Malformed(f"expected an array as numpy.save writes it, found a file that begins {magic!r}")
    with _reading("an array as numpy.save writes it", "NumPy"):
        # Mapped, not read: a header may claim more than there is, or than there is memory for.
        array: Any = numpy.load(path, mmap_mode="r", allow_pickle=False)
        if not array.nbytes:
            return {}
        array = array[:n] if array.ndim else array
        if array.dtype.names:
            return {name: array[name].tolist() for name in array.dtype.names}
        if array.ndim == 1:
            return {"column0": array.tolist()}
        if array.ndim == 2:
            return {f"column{i}": array[:, i].tolist() for i in range(array.shape[1])}
    raise _Malformed(f"expected an array of 1 or 2 dimensions, found one of {array.ndim}")


_READERS: dict[str, Callable[[Path, int | None], Columns]] = {
    ".csv": _csv,
    ".tsv": _csv,
    ".parquet": _parquet,
    ".npy": _npy,
}


# ---- files to be written ----------------------------------------------------------------------------


def unwritable(path: Path) -> str | None:
    """Why a file cannot be written there, as far as can be said without writing it; None where it can.

    To be asked before a long run.
    """
    directory, name = os.path.split(path)
    if not os.path.isdir(directory or os.curdir):
        return f"there is no directory {directory!r} for {name!r}"
    if os.path.isdir(path):
        return f"{str(path)!r} is a directory"
    if not os.access(path if os.path.exists(path) else directory or os.curdir, os.W_OK):
        return f"there is no permission to write {str(path)!r}"
    return None
