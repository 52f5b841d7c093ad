"""Columns of text as columns of numbers: which kind a column is, and its cells as objects of that kind.

Invariants:

- a column's kind is the narrowest that holds all its cells. It depends on neither the order of the cells nor on the
  blocks they come in;
- a cell is a number only if it is written as a number usually is. ``007``, ``+43`` and ``1_000`` are texts, as they
  would come back as others;
- a blank cell is of every kind. In a column of numbers or bools it is None, in a column of texts it stays as it is.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from enum import Enum
from itertools import compress
from math import isinf
from typing import Any

from .._words import shown


class Kind(Enum):
    """What the cells of a column are."""

    BLANK = "blank"
    BOOL = "bool"
    INT = "int"
    FLOAT = "float"
    TEXT = "text"


#: Regular expressions that Python, Arrow and polars understand alike. An int of at most 300 digits is a finite float.
INT_CELL = "0|-?[1-9][0-9]{0,299}"
FLOAT_CELL = r"-?(?:(?:0|[1-9][0-9]*)(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?"
_MOST_DIGITS = 300
_is_int = re.compile(INT_CELL).fullmatch
_is_float = re.compile(rf"{FLOAT_CELL}|(?i:[+-]?(?:inf|infinity|nan))").fullmatch
_BOOLS = {"true": True, "false": False, "True": True, "False": False, "TRUE": True, "FALSE": False}

#: A kind, and the cells as its objects.
Typed = tuple[Kind, list[Any]]


class Cells:
    """The cells of a column in one block of rows."""

    def __init__(self, texts: list[str]) -> None:
        self._texts = texts

    def texts(self) -> list[str]:
        return self._texts

    def typed(self) -> Typed:
        return typed(self.texts())


def typed(cells: list[str]) -> Typed:
    """The narrowest kind that holds all cells, and the cells as objects of this kind, None for blank ones."""
    try:  # most often all are ints
        ints = list(map(int, cells))
        if cells and list(map(str, ints)) == cells and max(map(len, cells)) <= _MOST_DIGITS:
            return Kind.INT, ints
    except ValueError:
        pass
    bare = [cell.strip(" ") for cell in cells]
    there = list(filter(None, bare))
    if not there:
        return Kind.BLANK, [None] * len(cells)
    kind, objects = _objects(there)
    if kind is Kind.TEXT:
        return kind, cells
    if len(there) == len(bare):
        return kind, objects
    each = iter(objects)
    return kind, [next(each) if cell else None for cell in bare]


def _objects(cells: Sequence[str]) -> Typed:
    """Like :func:`typed`, of cells none of which is blank, and without blanks around."""
    if all(map(_is_float, cells)):
        if all(map(_is_int, cells)):
            return Kind.INT, list(map(int, cells))
        floats = list(map(float, cells))
        infinite = compress(cells, map(isinf, floats))
        if all("inf" in cell.lower() for cell in infinite):  # and not 1e999
            return Kind.FLOAT, floats
    elif all(map(_BOOLS.__contains__, cells)):
        return Kind.BOOL, [_BOOLS[cell] for cell in cells]
    return Kind.TEXT, []


def joined(one: Kind, other: Kind) -> Kind:
    """The narrowest kind that holds what both hold."""
    if one is other or other is Kind.BLANK:
        return one
    if one is Kind.BLANK:
        return other
    return Kind.FLOAT if {one, other} == {Kind.INT, Kind.FLOAT} else Kind.TEXT


class Column:
    """A column that is filled block by block.

    Its objects are made at once, so that no block's texts are held longer than needed. If a later block shows that the
    kind is another, :attr:`stale` is true at the end: the objects are incomplete, and all blocks must be added again
    after :meth:`restart`. The second time the kind is known and stays.
    """

    def __init__(self) -> None:
        self.kind = Kind.BLANK
        self.stale = False
        self.values: list[Any] = []
        self.rows = 0
        #: the row, from 0, and the text of the cell that made texts of what had been numbers or bools
        self.odd: tuple[int, str] | None = None

    def add(self, cells: Cells) -> None:
        if self.kind is Kind.TEXT:
            texts = cells.texts()
            self.rows += len(texts)
            if not self.stale:
                self.values += texts
            return
        found, values = cells.typed()
        kind = joined(self.kind, found)
        if kind is Kind.TEXT:
            self._note_odd(cells.texts())
        if kind is not self.kind and self.rows and not (self.kind is Kind.BLANK and kind is not Kind.TEXT):
            self.stale = True
            self.values = []
        self.kind = kind
        self.rows += len(values)
        if not self.stale:
            if kind is Kind.FLOAT and found is Kind.INT:
                values = [None if value is None else float(value) for value in values]
            self.values += values

    def restart(self) -> None:
        self.stale, self.values, self.rows = False, [], 0

    def finish(self) -> list[Any]:
        """The objects; a column of blank cells alone is a column of empty texts."""
        return [""] * self.rows if self.kind is Kind.BLANK else self.values

    def _note_odd(self, texts: list[str]) -> None:
        kind = self.kind
        for row, text in enumerate(texts, self.rows):
            before, kind = kind, joined(kind, typed([text])[0])
            if kind is Kind.TEXT:
                if before is not Kind.BLANK:
                    self.odd = row, text
                return

    def remark(self, first_row: int) -> str | None:
        """Why the column is text, where that may surprise.

        :param first_row: the number of the first row
        """
        if self.odd is None:
            return None
        row, text = self.odd
        return f"is text, because of {shown(text)} in row {row + first_row:,}; what comes before are numbers or bools"
