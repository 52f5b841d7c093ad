"""Samples of entries from files: CSV by the standard library, Parquet by pyarrow, .npy by NumPy.

Columns are keys and values: one of values is the value itself, several are a tuple, none make a set.
"""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable, Sequence
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any

Columns = dict[str, list[Any]]
Choice = str | int | None


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
    columns = reader(path, n)
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
    found: dict[Any, Any] | set[Any]
    if not value_names:
        found = set(keys)
    elif len(value_names) == 1:
        found = dict(zip(keys, columns[value_names[0]], strict=True))
    else:
        rows = zip(*(columns[name] for name in value_names), strict=True)
        row: Any = namedtuple("row", value_names, rename=True) if named else None
        found = dict(zip(keys, map(row._make, rows) if named else rows, strict=True))
    if value_names and len(found) < len(keys):
        seen: set[Any] = set()
        twice = next(each for each in keys if each in seen or seen.add(each))  # type: ignore[func-returns-value]
        raise ValueError(
            f"{path}: expected every key once, found {twice!r} twice in column {key_name!r} "
            f"({len(keys):,} rows, {len(found):,} keys)"
        )
    return found


def _chosen(path: Path, names: list[str], choice: str | int) -> str:
    if isinstance(choice, str) and choice in names:
        return choice
    number = int(choice) if str(choice).isdecimal() else -1
    if not 0 <= number < len(names):
        raise ValueError(f"{path}: expected a column among {', '.join(map(repr, names))}, got {choice!r}")
    return names[number]


# ---- formats ----------------------------------------------------------------------------------------


def _csv(path: Path, n: int | None) -> Columns:
    """With a line of names where its first row is one: none of it is a number, while a later row has some."""
    import csv

    try:
        with open(path, newline="", encoding="utf-8-sig") as file:
            try:
                dialect: Any = csv.Sniffer().sniff(file.read(65536), delimiters=",;\t|")
            except csv.Error:
                dialect = csv.excel
            file.seek(0)
            full = (row for row in csv.reader(file, dialect) if row)
            rows = list(islice(full, None if n is None else n + 1))
    except UnicodeDecodeError as error:
        raise ValueError(
            f"{path}: expected text in UTF-8, found byte {error.object[error.start]:#x}"
        ) from None
    except csv.Error as error:
        raise ValueError(f"{path}: {error}") from None
    if not rows:
        return {}
    width = len(rows[0])
    for number, row in enumerate(rows, 1):
        if len(row) != width:
            raise ValueError(
                f"{path}: expected {width} columns as in row 1, found {len(row)} in row {number}"
            )
    has_names = (
        len(rows) > 1
        and not any(_is_number(cell) for cell in rows[0])
        and (any(_is_number(cell) for cell in rows[1]) or len(set(rows[0])) == width > 1)
    )
    names = rows.pop(0) if has_names else [f"column{i}" for i in range(width)]
    if len(set(names)) < width:
        names = [f"column{i}" for i in range(width)]
    return {name: _typed([row[i] for row in rows[:n]]) for i, name in enumerate(names)}


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
        if read is float or all(str(number) == cell for number, cell in zip(numbers, cells, strict=True)):
            return numbers
        break  # 007 is no number
    return cells


def _parquet(path: Path, n: int | None) -> Columns:
    try:
        pyarrow, parquet = import_module("pyarrow"), import_module("pyarrow.parquet")
    except ImportError:
        raise ImportError(
            f"{path}: reading .parquet takes pyarrow, which is not installed: pip install pyarrow"
        ) from None
    try:
        table = parquet.read_table(path)
    except pyarrow.ArrowInvalid as error:
        raise ValueError(f"{path}: {error}") from None
    if n is not None:
        table = table.slice(0, n)
    return {name: table.column(name).to_pylist() for name in table.column_names}


def _npy(path: Path, n: int | None) -> Columns:
    try:
        numpy = import_module("numpy")
    except ImportError:
        raise ImportError(
            f"{path}: reading .npy takes NumPy, which is not installed: pip install numpy"
        ) from None
    try:
        array: Any = numpy.load(path, allow_pickle=False)
    except (ValueError, EOFError) as error:
        raise ValueError(f"{path}: {error}") from None
    array = array[:n] if array.ndim else array
    if array.dtype.names:
        return {name: array[name].tolist() for name in array.dtype.names}
    if array.ndim == 1:
        return {"column0": array.tolist()}
    if array.ndim == 2:
        return {f"column{i}": array[:, i].tolist() for i in range(array.shape[1])}
    raise ValueError(f"{path}: expected an array of 1 or 2 dimensions, found one of {array.ndim}")


_READERS: dict[str, Callable[[Path, int | None], Columns]] = {
    ".csv": _csv,
    ".tsv": _csv,
    ".parquet": _parquet,
    ".npy": _npy,
}
