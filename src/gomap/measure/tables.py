"""What the reader of a file's format gives: the columns wanted of a table."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

#: Up to which every int is a float.
EXACT = 2**53

#: Which columns are wanted, by number, of those of these names.
Choose = Callable[[list[str]], Sequence[int]]


class Malformed(Exception):
    """What a file holds is not what its name says."""


@dataclass(frozen=True, slots=True)
class Table:
    """Columns of a file. None stands for a cell that is missing."""

    #: of all columns
    names: list[str]
    #: those wanted, in the order in which they were asked for
    columns: list[list[Any]]
    #: the number that people give the first row of the columns
    first_row: int = 1
    #: what may surprise about how they were read
    remarks: tuple[str, ...] = ()


def named(names: Sequence[str]) -> list[str]:
    """The columns' names: a number stands for a name that is blank, and for all if two are equal."""
    filled = [name or f"column{i}" for i, name in enumerate(names)]
    return filled if len(set(filled)) == len(filled) else [f"column{i}" for i in range(len(filled))]
