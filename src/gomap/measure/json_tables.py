"""JSON files as columns of objects.

    [{"id": 1, "x": 0.5}, ...]     a row for each object; a name that an object does not have is a missing cell
    [[1, 0.5], ...]                a row for each list; all have one length
    [1, 2, ...]                    one column
    {"1": 0.5, ...}                a column "key", and a column "value"
    {"1": {"x": 0.5}, ...}         a column "key", and the columns of the rows, objects or lists, as above

The names of an object are text in every JSON file: as a column of keys they are numbers by the rules of the cells of a
CSV file. A name that an object has twice is an error, except in an object whose names are the keys.
"""

from __future__ import annotations

import json
from pathlib import Path
from types import NoneType
from typing import Any

from .._words import shown
from .cells import Kind, typed
from .tables import EXACT, Choose, Malformed, Table, named


class _Twice(list[tuple[str, Any]]):
    """The pairs of an object that has a name twice."""


def read_json(path: Path, n: int | None, choose: Choose) -> Table:
    """
    :param n: rows at most
    :param choose: the numbers of the columns to read, of those of these names
    :raises Malformed: it is not laid out in one of these ways
    :raises ValueError: it is no JSON
    """
    content = _parsed(path)
    if not isinstance(content, (dict, list)):
        raise Malformed(f"expected a list or an object, found {_kind(content)}")
    of_keys = isinstance(content, (dict, _Twice))
    items = list(content.items() if isinstance(content, dict) else content)[:n]
    if not items:
        return Table([], [])
    names, columns = _columns([row for _, row in items] if of_keys else items)
    if of_keys:
        keys = [key for key, _ in items]
        kind, objects = typed(keys)
        names = ["key", *(["value"] if names == [""] else names)]
        columns = [keys if kind is Kind.BLANK else objects, *columns]
    if not names:
        raise Malformed("expected at least one column, found none")
    names = named(names)
    return Table(names, [_numbers(columns[i]) for i in choose(names)])


def _parsed(path: Path) -> Any:
    """
    :raises Malformed: an object that is none of keys has a name twice
    """
    doubtful: list[_Twice] = []

    def made(pairs: list[tuple[str, Any]]) -> Any:
        if len(found := dict(pairs)) == len(pairs):
            return found
        doubtful.append(_Twice(pairs))
        return doubtful[-1]

    content = json.loads(path.read_bytes(), object_pairs_hook=made)
    for each in doubtful:
        if each is not content:
            names = [name for name, _ in each]
            twice = next(name for i, name in enumerate(names) if name in names[:i])
            raise Malformed(f"expected every name once in an object, found {shown(twice)} twice")
    return content


def _columns(rows: list[Any]) -> tuple[list[str], list[list[Any]]]:
    """The columns of rows, and their names.

    :raises Malformed: the rows are of more than one kind, or lists of more than one length
    """
    kind = next((each for each in (dict, list) if type(rows[0]) is each), None)
    for number, row in enumerate(rows, 1):
        fits = type(row) is kind if kind is not None else not isinstance(row, (dict, list))
        if not fits:
            raise Malformed(f"expected {_kind(rows[0])} in every row as in row 1, found {_kind(row)} in row {number:,}")
        if kind is list and len(row) != len(rows[0]):
            raise Malformed(
                f"expected lists of one length, found {len(rows[0])} items in row 1, and {len(row)} in row {number:,}"
            )
    if kind is dict:
        names = list(dict.fromkeys(name for row in rows for name in row))
        return names, [[row.get(name) for row in rows] for name in names]
    if kind is list:
        return [""] * len(rows[0]), [list(column) for column in zip(*rows, strict=True)]
    return [""], [rows]


def _numbers(column: list[Any]) -> list[Any]:
    """A column with floats for ints where it has both, as JSON has one kind of number, unless that rounds one."""
    kinds = set(map(type, column))
    if not {int, float} <= kinds <= {int, float, NoneType}:
        return column
    if any(type(each) is int and abs(each) > EXACT for each in column):
        return column
    return [float(each) if type(each) is int else each for each in column]


def _kind(thing: object) -> str:
    if thing is None:
        return "null"
    kinds = {dict: "an object", _Twice: "an object", list: "a list", str: "a text", bool: "a bool"}
    return kinds.get(type(thing), "a number")
