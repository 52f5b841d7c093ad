"""CSV and TSV files as columns of objects: how cells are told apart, which row has the names.

All is decided on complete rows, never on a part of one:

- **delimiter**: of a TSV file the tab. Of a CSV file the one of ``,`` ``;`` tab and ``|`` with which all of the first
  rows have the same number of cells, more than one; else the one with which the first row has most cells.
- **quotes** are those of RFC 4180: a cell that begins with a double quote ends with one, may have delimiters and line
  ends inside, and has quotes inside twice. A quote that is not closed is an error.
- **quotes between tabs** may be a part of the text. They are meant as quotes if in the whole file every cell that
  begins with one is quoted properly, by itself; or if only with quotes all rows have the same number of cells. Else
  they are text. So no quote ever swallows a row in silence.
- **blanks behind delimiters** are layout if they are behind every delimiter of the first rows.
- **names**: the first row has them if a cell of it is text and all below it are numbers or bools; if there are several
  columns and its cells are different texts, none of them a number; or if there is one column, the first cell is an
  identifier, and none below is.
- **blank lines** are no rows. All other rows have the same number of cells.
"""

from __future__ import annotations

import codecs
import csv
import warnings
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

from .._words import shown
from .cell_readers import FAST, Dialect, Reader, Scan, TextFile, Uneven, Wanted, by_csv, reading_settings
from .cells import Cells, Column, Kind, typed
from .tables import Choose, Malformed, Table, named

_DELIMITERS = ",;\t|"
#: Rows by which delimiter, blanks and names are told.
_FIRST_ROWS = 1000
_FIRST_CELLS = 100_000
#: Bytes from which on it pays to load a faster reader's library.
_FAST_FROM = 4 << 20
_CHUNK = 1 << 20


def read_delimited(path: Path, n: int | None, choose: Choose, *, tabs: bool) -> Table:
    """
    :param n: rows at most
    :param choose: the numbers of the columns to read, of those of these names
    :param tabs: the delimiter is the tab
    :raises Malformed: it is no such text
    """
    file = TextFile(path)
    with reading_settings():
        scan = _scan(file)
        try:
            dialect, surprise = _dialect(file, scan, tabs=tabs)
            first = _first_rows(file, dialect)
            if not first.whole:
                raise Malformed(_where_quotes_fail(file, dialect))
            if not first.rows:
                return Table([], [], 1)
            header = _has_names(first.rows)
            width = len(first.rows[0])
            names = named(first.rows[0] if header else [""] * width)
            wanted = Wanted(dialect, width, header, choose(names), n)
            columns = _columns(file, scan, wanted)
        except csv.Error:
            raise Malformed(_where_quotes_fail(file, dialect)) from None
        except Uneven as error:
            row, cells = error.args
            raise Malformed(f"expected {width} columns as in row 1, found {cells} in row {row}") from None
    first_row = 2 if header else 1
    remarks = {names[i]: column.remark(first_row) for i, column in zip(wanted.columns, columns, strict=True)}
    return Table(
        names,
        [column.finish() for column in columns],
        first_row,
        (
            *filter(None, [surprise]),
            *(f"column {name!r} {remark}" for name, remark in remarks.items() if remark),
        ),
    )


def _scan(file: TextFile) -> Scan:
    """
    :raises Malformed: it is not in UTF-8
    """
    decoder = codecs.getincrementaldecoder("utf-8")()
    size = quotes = returns = line_ends = blank_lines = nulls = lines = 0
    delimiters = dict.fromkeys(_DELIMITERS, 0)
    before = b"\n"  # what precedes the first line
    with file.bytes() as source:
        while True:
            chunk = source.read(_CHUNK)
            try:
                decoder.decode(chunk, not chunk)
            except UnicodeDecodeError as error:
                line = lines + error.object.count(b"\n", 0, error.start) + 1
                raise Malformed(
                    f"expected text in UTF-8, found byte {error.object[error.start]:#x} in line {line:,}"
                ) from None
            if not chunk:
                break
            if not size:
                chunk = chunk.removeprefix(codecs.BOM_UTF8)
            size += len(chunk)
            lines += chunk.count(b"\n")
            quotes += chunk.count(b'"')
            nulls += chunk.count(b"\0")
            returns += chunk.count(b"\r")
            joint = before + chunk
            line_ends += joint.count(b"\r\n") - before.count(b"\r\n")
            blank_lines += (b"\n\n" in joint) + (b"\n\r\n" in joint)
            for delimiter in _DELIMITERS:
                delimiters[delimiter] += chunk.count(delimiter.encode())
            before = joint[-2:]
    plain = not (quotes or nulls or blank_lines or returns != line_ends)
    return Scan(size, bool(quotes), plain, delimiters)


# ---- dialect ----------------------------------------------------------------------------------------


class _First(NamedTuple):
    """The first rows as a dialect has them."""

    rows: list[list[str]]
    #: all that there are, or as many as wanted, could be read
    whole: bool

    @property
    def even(self) -> bool:
        """They have the same number of cells, more than one."""
        return self.whole and len(set(map(len, self.rows))) == 1 < len(self.rows[0])


def _first_rows(file: TextFile, dialect: Dialect) -> _First:
    rows: list[list[str]] = []
    cells = 0
    try:
        for row in _rows(file, dialect):
            rows.append(row)
            cells += len(row)
            if len(rows) == _FIRST_ROWS or (len(rows) > 1 and cells > _FIRST_CELLS):
                break
    except csv.Error:
        return _First(rows, False)
    return _First(rows, True)


def _dialect(file: TextFile, scan: Scan, *, tabs: bool) -> tuple[Dialect, str | None]:
    """The dialect, and what may surprise about it."""

    def fit(dialect: Dialect) -> tuple[bool, bool, int]:
        rows = (first := _first_rows(file, dialect)).rows
        # A delimiter between a quote and its closing one is none: it leaves an odd number of quotes in both cells.
        whole = not scan.quotes or all(cell.count('"') % 2 == 0 for row in rows for cell in row)
        return first.even, whole, len(rows[0]) if rows else 0

    found = Dialect("\t", False)
    if not tabs:
        ways = [Dialect(delimiter, True) for delimiter in _DELIMITERS if scan.delimiters[delimiter]]
        if scan.quotes and scan.delimiters["\t"]:
            ways.append(found)
        found = max(ways, key=fit, default=Dialect(",", True))
    if found.delimiter == "\t":
        if not scan.quotes:
            return Dialect("\t", False), None
        quotes, remark = _quotes_between_tabs(file)
        return Dialect("\t", quotes), remark
    plain, spaced = found, Dialect(found.delimiter, True, True)
    return spaced if _is_layout(_first_rows(file, plain), _first_rows(file, spaced)) else plain, None


def _quotes_between_tabs(file: TextFile) -> tuple[bool, str | None]:
    """Whether quotes between tabs are meant as such; if not, because of which cell."""
    odd: tuple[int, str] | None = None
    widths = set()
    for number, row in enumerate(_rows(file, Dialect("\t", False)), 1):
        widths.add(len(row))
        if odd is None and not all(map(_is_proper, row)):
            odd = number, next(cell for cell in row if not _is_proper(cell))
        if odd is not None and len(widths) > 1:
            break
    if odd is None:
        return True, None
    if len(widths) > 1:
        with suppress(csv.Error):
            if len(set(map(len, _rows(file, Dialect("\t", True))))) == 1:
                return True, None
    number, cell = odd
    return False, f"quotes are read as a part of the text, because of {shown(cell)} in row {number:,}"


def _is_proper(cell: str) -> bool:
    """Whether a cell is a quoted one if it begins with a quote."""
    if not cell.startswith('"'):
        return True
    return len(cell) > 1 and cell.endswith('"') and '"' not in cell[1:-1].replace('""', "")


def _rows(file: TextFile, dialect: Dialect) -> Iterator[list[str]]:
    with file.text() as text:
        yield from filter(None, dialect.rows(text))


def _is_layout(plain: _First, spaced: _First) -> bool:
    """Whether blanks behind delimiters are layout.

    :param spaced: the first rows if they are; then a quote behind a blank begins a quoted cell
    """
    if plain.even:
        begins = {cell[:1] for row in plain.rows for cell in row[1:]}
        return " " in begins and begins <= {" ", ""}
    return spaced.even


def _has_names(rows: Sequence[Sequence[str]]) -> bool:
    """Whether the first row has the names of the columns."""
    first, *others = rows
    if not others:
        return False
    width = len(first)
    below = [[row[i] for row in others if len(row) == width] for i in range(width)]
    if any(
        _is_name(name) and typed(cells)[0] not in (Kind.TEXT, Kind.BLANK)
        for name, cells in zip(first, below, strict=True)
    ):
        return True
    if width > 1:
        return len(set(first)) == width and all(_is_name(name) or not name for name in first)
    return _is_name(first[0]) and first[0].isidentifier() and not any(map(str.isidentifier, below[0]))


def _is_name(cell: str) -> bool:
    """Whether a cell can be a column's name: a text that is no number, such as 007 is, though it is read as a text."""
    try:
        float(cell)
    except ValueError:
        return typed([cell])[0] is Kind.TEXT
    return False


def _where_quotes_fail(file: TextFile, dialect: Dialect) -> str:
    """What is wrong with the quotes of a file, and in which line."""
    begun = 1
    with file.text() as text:
        reader = dialect.rows(text)
        try:
            for _ in reader:
                begun = reader.line_num + 1
        except csv.Error as error:
            if "end of data" in str(error):
                return (
                    f"expected a quote that closes the cell begun in line {begun:,} or below, found the end of the "
                    'file; a quote that is a part of the text is written twice, in a cell in quotes: "5"" pipe"'
                )
            return (
                f"expected {dialect.delimiter!r} or the end of the line behind a closing quote in line "
                f'{reader.line_num:,}; a quote that is a part of the text is written twice: "say ""hi"""'
            )
    raise AssertionError("the quotes are right")


# ---- columns ----------------------------------------------------------------------------------------


def _columns(file: TextFile, scan: Scan, wanted: Wanted) -> list[Column]:
    """The columns wanted, by the fastest reader that can be trusted with the file."""
    if scan.plain and scan.size >= _FAST_FROM and wanted.n is None and not wanted.dialect.spaced:
        cells_apart = scan.delimiters[wanted.dialect.delimiter]
        for reader in FAST:
            try:
                with warnings.catch_warnings():
                    warnings.simplefilter("ignore")
                    columns = _filled(reader, file, wanted)
            except MemoryError:
                raise
            except Exception:  # whatever a library raises that refuses the file, or is not there
                continue
            if (columns[0].rows + wanted.named) * (wanted.width - 1) == cells_apart:
                return columns
    return _filled(by_csv, file, wanted)


def _filled(reader: Reader, file: TextFile, wanted: Wanted) -> list[Column]:
    """The columns, filled in one pass, or in two where a column's kind is not that of its first cells."""
    columns = [Column() for _ in wanted.columns]
    _fill(columns, reader(file, wanted))
    stale = [i for i, column in enumerate(columns) if column.stale]
    for i in stale:
        columns[i].restart()
    if stale:
        again = replace(wanted, columns=[wanted.columns[i] for i in stale])
        _fill([columns[i] for i in stale], reader(file, again))
    return columns


def _fill(columns: Sequence[Column], blocks: Iterator[list[Cells]]) -> None:
    for block in blocks:
        for column, cells in zip(columns, block, strict=True):
            column.add(cells)
