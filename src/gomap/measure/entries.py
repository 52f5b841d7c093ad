"""What a map is filled with in a process of its own: entries that are made there, or taken there in a file.

They come in pieces, so that the process holds few that are not in the map. Every object is new, as when it comes from a
socket or a file: it has no cached hash, and a dict does not find it by identity.

A file holds pickles: first an :class:`Index`, then a piece after the other; the keys follow once more, in
another order, to be looked up. Objects that many entries share are in the index, and shared again.
"""

from __future__ import annotations

import pickle
import random
from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, Protocol

from .._words import name_of, told
from . import RunError

PIECE = 1024  # entries: some hundred kilobytes of objects, and a tenth of a millisecond of look-ups

#: A key and its value; None for what a set has.
Entry = tuple[Any, Any]


class Entries(Protocol):
    """Where a process has its entries from."""

    count: int

    def pieces(self) -> Iterator[list[Entry]]:
        """All, in the order of adding."""

    def shuffled_keys(self) -> Iterator[list[Any]]:
        """The keys in another order."""

    def absent(self) -> Iterator[list[Any]] | None:
        """As many others; None where there are none to be had."""


@dataclass(frozen=True)
class Index:
    """What stands first in the file."""

    count: int
    #: values by number, when the entries have numbers for values
    shared: list[Any] | None


def write(path: Path, source: Mapping[Any, Any] | Set[Any]) -> int:
    """Writes a live mapping, or a set, to a file for :class:`Stored`.

    :returns: how many entries
    :raises RunError: something in it cannot be pickled, or it changed meanwhile
    """
    if isinstance(source, dict):
        count, numbers = dict.__len__(source), _shared(source)
    else:
        count, numbers = len(source), None  # a mapping may make its values anew each time
    index = Index(count, None if numbers is None else [value for _, value in numbers.values()])
    written = 0
    with open(path, "wb") as file:
        _dump(file, index)
        entries = _entries(source)
        while piece := list(islice(entries, PIECE)):
            written += len(piece)
            if numbers is not None:
                piece = [(key, numbers[id(value)][0]) for key, value in piece]
            _dump(file, piece)
        keys = [key for key, _ in _entries(source)]
        random.Random(len(keys)).shuffle(keys)
        for start in range(0, len(keys), PIECE):
            _dump(file, keys[start : start + PIECE])
    if not count == written == len(keys):
        raise RunError(f"the {name_of(type(source))} changed while it was read: give a copy")
    return count


def _entries(source: Mapping[Any, Any] | Set[Any]) -> Iterator[Entry]:
    """The entries of the source. Those of a dict are read without calling a subclass's own methods, which may change
    the dict or give other entries."""
    if isinstance(source, dict):
        return iter(dict.items(source))
    return iter(source.items()) if isinstance(source, Mapping) else ((key, None) for key in source)


def _shared(source: dict[Any, Any]) -> dict[int, tuple[int, Any]] | None:
    """A number and the object for each value, by identity; None unless most values are objects that other entries
    have too."""
    found: dict[int, tuple[int, Any]] = {}
    for value in dict.values(source):
        found.setdefault(id(value), (len(found), value))
        if 2 * len(found) > dict.__len__(source):
            return None
    return found or None


def _dump(file: Any, what: object) -> None:
    try:
        pickle.dump(what, file, pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # whatever an object's own methods raise
        raise RunError(f"the entries cannot be taken to another process to be measured: {told(error)}") from error


def _load(file: Any) -> Any:
    try:
        return pickle.load(file)
    except Exception as error:  # likewise
        raise RunError(
            f"the entries cannot be had in another process, where their classes must be found in modules: {told(error)}"
        ) from error


class Stored:
    """The entries of a file that :func:`write` has written."""

    def __init__(self, path: str) -> None:
        self._path = path
        with open(path, "rb") as file:
            self.count = self._index(file).count

    def pieces(self) -> Iterator[list[Entry]]:
        with open(self._path, "rb") as file:
            shared = self._index(file).shared
            for _ in range(0, self.count, PIECE):
                piece: list[Entry] = _load(file)
                yield piece if shared is None else [(key, shared[number]) for key, number in piece]

    def shuffled_keys(self) -> Iterator[list[Any]]:
        with open(self._path, "rb") as file:
            self._index(file)
            for _ in range(0, self.count, PIECE):
                _load(file)
            for _ in range(0, self.count, PIECE):
                yield _load(file)

    def absent(self) -> Iterator[list[Any]] | None:
        return None

    def _index(self, file: Any) -> Index:
        index: Index = _load(file)
        return index
