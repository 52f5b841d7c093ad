"""Three readers of a text table: the csv module's, pyarrow's and polars'. Each gives its cells in blocks of rows.

The csv module's is the one that counts: it reads every file, and is strict about quotes. The others are faster, but
differ from it in quotes, blank lines, line ends and NUL. So they are given only files that have none of these
(:attr:`Scan.plain`), where all three give the same cells. What they refuse is left to the csv module.
"""

from __future__ import annotations

import csv
import gc
import gzip
import io
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from itertools import islice
from pathlib import Path
from typing import Any, BinaryIO, TextIO, cast

from .cells import FLOAT_CELL, INT_CELL, Cells, Kind, Typed

_BLOCK_CELLS = 20_000
_BLOCK_BYTES = 4 << 20
_LONGEST_CELL = 2**31 - 1  # characters: what every platform's long holds


class Uneven(Exception):
    """A row has more or fewer cells than the first. Its number and its width."""


@dataclass(frozen=True, slots=True)
class Dialect:
    """How the cells of a file are told apart."""

    delimiter: str
    #: a cell that begins with a double quote ends with one, and has quotes inside twice (RFC 4180)
    quotes: bool
    #: blanks behind a delimiter are layout
    spaced: bool = False

    def rows(self, file: TextIO) -> Any:
        """The csv module's reader; a blank line gives an empty row."""
        return csv.reader(
            file,
            strict=True,
            delimiter=self.delimiter,
            quoting=csv.QUOTE_MINIMAL if self.quotes else csv.QUOTE_NONE,
            skipinitialspace=self.spaced,
        )


@dataclass(frozen=True, slots=True)
class TextFile:
    """A file of text, perhaps compressed by gzip, that is read from its beginning as often as needed."""

    path: Path

    def bytes(self) -> BinaryIO:
        if self.path.suffix.lower() == ".gz":
            return cast(BinaryIO, gzip.open(self.path))
        return open(self.path, "rb")

    def text(self) -> TextIO:
        return io.TextIOWrapper(self.bytes(), encoding="utf-8-sig", newline="")


@dataclass(frozen=True, slots=True)
class Scan:
    """What the bytes of a file are."""

    size: int
    quotes: bool
    #: it has no quotes, no blank lines, no NUL, and no line ends but LF and CR LF
    plain: bool
    #: how often each delimiter is there
    delimiters: dict[str, int]


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which part of the file to read."""

    dialect: Dialect
    width: int
    #: the first row has the names
    named: bool
    columns: Sequence[int]
    n: int | None = None


Reader = Callable[[TextFile, Wanted], Iterator[list[Cells]]]


@contextmanager
def reading_settings() -> Iterator[None]:
    """Settings of the whole process, for as long as a table is read.

    The csv module may read cells of any length. The garbage collector stops: there are no cycles to be found, and it
    would go through all that is read again and again, for nearly half of the time.
    """
    limit = csv.field_size_limit(_LONGEST_CELL)
    collecting = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        csv.field_size_limit(limit)
        if collecting:
            gc.enable()


def by_csv(file: TextFile, wanted: Wanted) -> Iterator[list[Cells]]:
    """
    :raises Uneven: a row is longer or shorter than the first
    :raises csv.Error: quotes are not as they should be
    """
    with file.text() as text:
        done = 1 if wanted.named else 0
        rows = islice(filter(None, wanted.dialect.rows(text)), done, None if wanted.n is None else wanted.n + done)
        while block := list(islice(rows, max(1, _BLOCK_CELLS // wanted.width))):
            if set(map(len, block)) != {wanted.width}:
                number = next(i for i, row in enumerate(block) if len(row) != wanted.width)
                raise Uneven(done + number + 1, len(block[number]))
            done += len(block)
            columns = list(zip(*block, strict=True))
            yield [Cells(list(columns[i])) for i in wanted.columns]


def by_arrow(file: TextFile, wanted: Wanted) -> Iterator[list[Cells]]:
    pa, arrow_csv = import_module("pyarrow"), import_module("pyarrow.csv")
    names = [f"f{i}" for i in range(wanted.width)]
    with (
        file.bytes() as source,
        arrow_csv.open_csv(
            source,
            read_options=arrow_csv.ReadOptions(
                column_names=names, skip_rows=int(wanted.named), block_size=_BLOCK_BYTES
            ),
            parse_options=arrow_csv.ParseOptions(delimiter=wanted.dialect.delimiter, quote_char=False),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                include_columns=[names[i] for i in sorted(set(wanted.columns))],
                strings_can_be_null=False,
            ),
        ) as batches,
    ):
        for batch in batches:
            yield [_ArrowCells(batch.column(names[i])) for i in wanted.columns]


class _ArrowCells(Cells):
    def __init__(self, array: Any) -> None:
        self._array = array

    def texts(self) -> list[str]:
        return cast("list[str]", self._array.to_pylist())

    def typed(self) -> Typed:
        """Without making texts where all cells are ints of 64 bits, or numbers some of which are no ints."""
        array, pc = self._array, import_module("pyarrow.compute")
        try:
            ints = array.cast("int64")
            if ints.cast("string").equals(array):
                return Kind.INT, ints.to_pylist()
        except ValueError:
            pass

        def all_are(pattern: str) -> bool:
            return bool(pc.all(pc.match_substring_regex(array, f"^(?:{pattern})$")).as_py())

        try:
            if all_are(FLOAT_CELL) and not all_are(INT_CELL):
                floats = array.cast("float64")
                if pc.all(pc.is_finite(floats)).as_py():
                    return Kind.FLOAT, floats.to_pylist()
        except ValueError:
            pass
        return super().typed()


def by_polars(file: TextFile, wanted: Wanted) -> Iterator[list[Cells]]:
    polars = import_module("polars")
    with file.bytes() as source:
        frame = polars.read_csv(
            source,
            has_header=False,
            skip_rows=int(wanted.named),
            columns=sorted(set(wanted.columns)),
            separator=wanted.dialect.delimiter,
            quote_char=None,
            infer_schema_length=0,  # all are texts
        )
    columns = dict(zip(sorted(set(wanted.columns)), frame.get_columns(), strict=True))
    step = max(1, _BLOCK_CELLS // wanted.width)
    for start in range(0, frame.height, step):
        # A cell that is missing is null like a blank one. The number of delimiters says that none is missing.
        yield [_PolarsCells(columns[i].slice(start, step).fill_null("")) for i in wanted.columns]


class _PolarsCells(Cells):
    def __init__(self, series: Any) -> None:
        self._series = series

    def texts(self) -> list[str]:
        return cast("list[str]", self._series.to_list())

    def typed(self) -> Typed:
        """Like :meth:`_ArrowCells.typed`."""
        series, polars = self._series, import_module("polars")
        ints = series.cast(polars.Int64, strict=False)
        if not ints.null_count() and (ints.cast(polars.String) == series).all():
            return Kind.INT, ints.to_list()

        def all_are(pattern: str) -> bool:
            return bool(series.str.contains(f"^(?:{pattern})$").all())

        if all_are(FLOAT_CELL) and not all_are(INT_CELL):
            floats = series.cast(polars.Float64, strict=False)
            if not floats.null_count() and floats.is_finite().all():
                return Kind.FLOAT, floats.to_list()
        return super().typed()


#: The faster ones, the fastest first.
FAST: tuple[Reader, ...] = (by_arrow, by_polars)
