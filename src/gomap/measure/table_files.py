"""Entries from files: CSV and TSV, Parquet by pyarrow, .npy by NumPy, JSON. And files to be written.

Columns are keys and values: one of values is the value itself, several are a named tuple of the columns' names, none
make a set.
"""

from __future__ import annotations

import math
import os
import re
import stat
from collections import namedtuple
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from itertools import compress
from keyword import iskeyword
from pathlib import Path
from typing import Any
from unicodedata import normalize

from .._libraries import library
from .._words import printable, shown, told
from .delimited import read_delimited
from .json_tables import read_json
from .tables import EXACT, Choose, Malformed, Table, named

Choice = str | int | None

#: What is done with rows of a key that was there before, and with rows that have a blank cell among their numbers.
ON_DUPLICATE = ("error", "first", "last")
ON_BLANK = ("missing", "skip", "error")

_MOST_NAMED = 20  # columns, in a message


@dataclass(frozen=True, slots=True)
class Sample:
    """The entries of a file."""

    entries: dict[Any, Any] | set[Any]
    #: what may surprise about how they were read
    remarks: tuple[str, ...]


def read(
    path: Path,
    key: Choice = None,
    values: Sequence[str | int] | None = None,
    n: int | None = None,
    *,
    on_duplicate: str = "error",
    on_blank: str = "missing",
) -> Sample:
    """The entries of a file.

    :param key: the column of the keys, by name or number from 0; by default the first
    :param values: those of the values; by default all others
    :param n: rows at most
    :param on_duplicate: of rows with the same key: ``"error"``, or keep the ``"first"`` or the ``"last"``
    :param on_blank: a blank cell in a column of numbers or bools is ``"missing"``, NaN or None; or its row is left out,
        ``"skip"``; or it is an ``"error"``. A key is never missing
    :raises ValueError: the file's format or columns are not what was expected, a key comes twice or is blank
    :raises OSError: it cannot be read
    :raises ImportError: the library that reads it is not installed; says how to install it
    """
    for name, choice, choices in (("on_duplicate", on_duplicate, ON_DUPLICATE), ("on_blank", on_blank, ON_BLANK)):
        if choice not in choices:
            raise ValueError(f"{name}: expected one of {', '.join(map(repr, choices))}, got {shown(choice)}")
    suffix = next((each for each in _READERS if path.name.lower().endswith(each)), None)
    if suffix is None:
        raise ValueError(f"{path}: expected a file ending in {', '.join(_READERS)}")

    def choose(names: list[str]) -> list[int]:
        key_column = _chosen(names, 0 if key is None else key)
        if values is None:
            return [key_column, *(i for i in range(len(names)) if i != key_column)]
        return [key_column, *(_chosen(names, each) for each in values)]

    try:
        table = _READERS[suffix](path, n, choose)
        if not table.columns or not table.columns[0]:
            raise Malformed("expected at least one row, found none")
        numbers = choose(table.names)
        names = [table.names[i] for i in numbers]
        columns, remarks = _without_blanks(table, names, on_blank)
        row_class = _row_class(names[1:], numbers[1:])
        entries, remark = _entries(names[0], columns, row_class, table.first_row, on_duplicate)
    except Malformed as error:
        raise ValueError(f"{path}: {error}") from error.__cause__
    except ImportError as error:
        raise ImportError(f"{path}: {error}") from None
    return Sample(entries, tuple(f"{printable(path.name)}: {each}" for each in (*table.remarks, *remarks, *remark)))


def _chosen(names: list[str], choice: str | int) -> int:
    if isinstance(choice, str) and choice in names:
        return names.index(choice)
    for number in range(len(names)):
        if str(choice) == str(number):
            return number
    some = ", ".join(map(shown, names[:_MOST_NAMED])) + (", ..." if len(names) > _MOST_NAMED else "")
    raise Malformed(f"expected a column among {some}, got {shown(choice)}")


# ---- entries of columns -----------------------------------------------------------------------------


def _without_blanks(table: Table, names: list[str], on_blank: str) -> tuple[list[list[Any]], list[str]]:
    """The columns with something for each missing cell, or without its row; and what was done.

    :raises Malformed: a key is missing, or no cell may be
    """
    columns, remarks = list(table.columns), []
    blank = {i: count for i, column in enumerate(columns) if (count := column.count(None))}
    rows = len(columns[0])
    if not blank:
        return columns, []
    for i, count in blank.items():
        row = columns[i].index(None) + table.first_row
        are = "is" if count == 1 else "are"
        first = f"column {names[i]!r}: {count:,} of {rows:,} cells {are} blank, the first in row {row:,}"
        others = "on_blank='skip' (--on-blank skip) leaves out such rows"
        if on_blank == "error":
            raise Malformed(f"{first}; {others}")
        if on_blank == "skip":
            remarks.append(f"{first}; such rows are left out")
        elif i == 0:
            raise Malformed(f"{first}; expected a key in every row; {others}")
        else:
            columns[i], what = _filled(columns[i])
            remarks.append(f"{first}; read as {what}; {others}")
    if on_blank == "skip":
        whole = [all(columns[i][row] is not None for i in blank) for row in range(rows)]
        columns = [list(compress(column, whole)) for column in columns]
        if not columns[0]:
            raise Malformed("expected a row without blank cells, found none")
    return columns, remarks


def _filled(column: list[Any]) -> tuple[list[Any], str]:
    """A column with NaN for each None, where all else are numbers that floats hold exactly; and what it is filled
    with."""
    kinds = {type(value) for value in column if value is not None}
    exact = all(type(value) is not int or abs(value) <= EXACT for value in column)
    if kinds and kinds <= {int, float} and exact:
        why = ", hence floats" if int in kinds else ""
        return [math.nan if value is None else float(value) for value in column], f"nan{why}"
    return column, "None, hence objects"


def _entries(
    name: str, columns: list[list[Any]], row_class: Any, first_row: int, on_duplicate: str
) -> tuple[dict[Any, Any] | set[Any], list[str]]:
    """A dict, or a set without columns of values; and a remark if rows were left out.

    :param name: of the column of keys, which is the first
    :raises Malformed: a key has no hash, or comes twice
    """
    keys, *values = columns
    try:
        distinct = set(keys)
    except TypeError:
        row = next(number for number, each in enumerate(keys) if not _has_hash(each))
        raise Malformed(
            f"expected keys that have a hash, found {shown(keys[row])} in row {row + first_row:,} of column {name!r}"
        ) from None
    if not values:
        return distinct, []
    again = len(keys) - len(distinct)
    many = f"{len(keys):,} rows, {len(distinct):,} {'key' if len(distinct) == 1 else 'keys'}"
    if again and on_duplicate == "error":
        seen: set[Any] = set()
        twice = next(each for each in keys if each in seen or seen.add(each))  # type: ignore[func-returns-value]
        raise Malformed(
            f"expected every key once, found {shown(twice)} twice in column {name!r} ({many}); "
            "on_duplicate='last' (--on-duplicate last) keeps the last row of each key, 'first' the first; "
            "key_column (--key-column) takes another column"
        )
    if len(values) > 1:
        values = [list(map(row_class._make, zip(*values, strict=True)))]
    pairs = zip(keys, values[0], strict=True)
    if not again:
        return dict(pairs), []
    entries: dict[Any, Any] = {}
    for key, value in pairs:
        if on_duplicate == "last" or key not in entries:
            entries[key] = value
    return entries, [f"column {name!r}: the {on_duplicate} row of each key is kept ({many})"]


def _has_hash(thing: object) -> bool:
    try:
        hash(thing)
    except TypeError:
        return False
    return True


def _row_class(names: list[str], numbers: list[int]) -> Any:
    """A named tuple of columns with these names and numbers, by names that a struct's fields can have.

    Another process does not know the class. So its objects are pickled as plain tuples.
    """
    fields: list[str] = []
    for name, number in zip(names, numbers, strict=True):
        field = re.sub(r"\W+", "_", normalize("NFKC", name)).strip("_")
        fits = field.isidentifier() and not iskeyword(field) and field not in fields
        fields.append(field if fits else f"column{number}")
    return type("row", (namedtuple("row", fields, rename=True),), {"__slots__": (), "__reduce__": _as_tuple})


def _as_tuple(row: tuple[Any, ...]) -> tuple[type, tuple[tuple[Any, ...]]]:
    return tuple, (tuple(row),)


# ---- formats ----------------------------------------------------------------------------------------


@contextmanager
def _reading(what: str, library: str) -> Iterator[None]:
    """Turns whatever a library raises for a broken file into :class:`Malformed`. System errors pass unchanged."""
    import warnings

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    except Exception as error:
        if isinstance(error, (Malformed, MemoryError)) or (isinstance(error, OSError) and error.errno is not None):
            raise
        raise Malformed(f"expected {what}, found what {library} cannot read: {told(error)}") from error


def _check_regular(path: Path) -> None:
    """A directory is told by the system when it is opened."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
        raise Malformed("expected a regular file, which can be read twice, found a pipe, a device or the like")


def _text(path: Path, n: int | None, choose: Choose, *, tabs: bool) -> Table:
    _check_regular(path)
    if path.suffix.lower() != ".gz":
        return read_delimited(path, n, choose, tabs=tabs)
    with _reading("text that gzip has compressed", "gzip"):
        return read_delimited(path, n, choose, tabs=tabs)


def _parquet(path: Path, n: int | None, choose: Choose) -> Table:
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
        if not table.num_rows:
            return Table([], [])
        names = named(table.column_names)
        return Table(names, [table.column(i).to_pylist() for i in choose(names)])


def _npy(path: Path, n: int | None, choose: Choose) -> Table:
    numpy = library("numpy", "reading .npy takes NumPy", "pip install numpy")
    _check_regular(path)
    with open(path, "rb") as file:
        magic = file.read(6)
    if magic[:2] == b"PK":
        raise Malformed("expected one array as numpy.save writes it, found an archive, as numpy.savez does")
    if magic != b"\x93NUMPY":
        raise Malformed(f"expected an array as numpy.save writes it, found a file that begins {magic!r}")
    with _reading("an array as numpy.save writes it", "NumPy"):
        # Mapped, not read: a header may claim more than there is, or than there is memory for.
        array: Any = numpy.load(path, mmap_mode="r", allow_pickle=False)
        if not array.nbytes:
            return Table([], [])
        array = array[:n] if array.ndim else array
        if array.dtype.names:
            names = list(array.dtype.names)
            return Table(names, [array[names[i]].tolist() for i in choose(names)])
        if array.ndim == 1:
            return Table(["column0"], [array.tolist() for _ in choose(["column0"])])
        if array.ndim == 2:
            names = [f"column{i}" for i in range(array.shape[1])]
            return Table(names, [array[:, i].tolist() for i in choose(names)])
    raise Malformed(f"expected an array of 1 or 2 dimensions, found one of {array.ndim}")


def _json(path: Path, n: int | None, choose: Choose) -> Table:
    _check_regular(path)
    with _reading("JSON", "Python"):
        return read_json(path, n, choose)


_READERS: dict[str, Callable[[Path, int | None, Choose], Table]] = {
    ".csv": partial(_text, tabs=False),
    ".csv.gz": partial(_text, tabs=False),
    ".tsv": partial(_text, tabs=True),
    ".tsv.gz": partial(_text, tabs=True),
    ".parquet": _parquet,
    ".npy": _npy,
    ".json": _json,
}
#: The suffixes of the files that are read, in words.
SUFFIXES = f"{', '.join(list(_READERS)[:-1])} or {list(_READERS)[-1]}"


# ---- files to be written ----------------------------------------------------------------------------


def unwritable(path: Path, *, replaced: bool = False) -> str | None:
    """Why a file cannot be written there, as far as can be said without writing it; None where it can.

    To be asked before a long run.

    :param replaced: a new file is made in the directory, and takes the place of one that is there
    """
    directory, name = os.path.split(path)
    if not os.path.isdir(directory or os.curdir):
        return f"there is no directory {directory!r} for {name!r}"
    if os.path.isdir(path):
        return f"{str(path)!r} is a directory"
    if replaced and os.path.exists(path) and not os.path.isfile(path):
        return f"{str(path)!r} is no regular file, and cannot be replaced by one"
    if not os.access(directory or os.curdir if replaced or not os.path.exists(path) else path, os.W_OK):
        return f"there is no permission to write {str(path)!r}"
    return None
