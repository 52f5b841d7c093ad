"""What is measured: one kind of map, for one pair of types.

A subject says how its maps are made, filled, looked up in, emptied, copied and counted. ``m`` is always a map that
it made.

    Subject        whatever takes m[key] = value
      GomapSubject   Map, GoMap, SwissMap, Set: they count their own bytes, and their peak
        CacheSubject   Cache, with the clock of a scenario: it counts its bytes, and is asked at every insertion
      DictSubject    dict, set: counted by gomap.sizeof, after the loop
      WatchedDict    a dict that is counted at every insertion, which takes time
      PeerSubject    another library's map: nobody can count it
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from .._core import Cache, GoMap, Map, Set, SwissMap
from .._words import shown, told
from ..sizes import allocated, plain_bytes, sizeof
from ..types import Kind, Type
from . import RunError, ScenarioError, loops, peers
from .entries import Entries, Entry
from .numbers import python_name


@dataclass
class Subject:
    """Whatever takes ``m[key] = value``."""

    engine: str
    key: str  #: the types as it has them
    value: str | None  #: None: it is a set

    @property
    def name(self) -> str:
        return f"map[{self.key}]{self.value}" if self.engine == "GoMap" else self.engine

    def make(self) -> Any:
        raise NotImplementedError

    # ---- what is done to it ----

    def add(self, m: Any, entries: Iterable[Entry]) -> None:
        if self.value is None:
            loops.add(m, [key for key, _ in entries])
        else:
            loops.put_each(m, entries)

    def find(self, m: Any, keys: Iterable[Any]) -> None:
        (loops.contains if self.value is None else loops.hit)(m, keys)

    def miss(self, m: Any, keys: Iterable[Any]) -> None:
        loops.contains(m, keys)

    def remove(self, m: Any, keys: Iterable[Any]) -> None:
        (loops.remove if self.value is None else loops.delete)(m, keys)

    def copied(self, m: Any) -> tuple[Any, int | None]:
        """A copy, and the most that both held while it was made. The map itself, and None, where copying
        gains nothing."""
        return m, None

    # ---- what is asked of it ----

    def counted(self, m: Any) -> int | None:
        """Bytes held; None where nobody can tell."""
        return None

    def peak(self, m: Any, entries: Entries | None = None) -> int | None:
        """The most that was counted while the map was filled.

        :param entries: to fill another one with, where the map has not kept its peak
        """
        return None

    def shape(self, m: Any) -> tuple[int | None, int | None]:
        """A GoMap's B, and its overflow buckets."""
        return None, None

    def wrong(self, m: Any, entries: Sequence[Entry]) -> str | None:
        """An entry that is not there as it was added, in words."""
        for key, value in entries:
            if key not in m:
                return self.absent(key)
            if self.value is None:
                continue
            expected = tuple(value.values()) if type(value) is dict else value  # as a struct comes back
            got = m[key]
            if _differs(got, expected) and got != value:
                return f"expected {shown(expected)} for key {shown(key)}, got {shown(got)}"
        return None

    def absent(self, key: object) -> str:
        """Says that a key is not found. These maps find all keys that are equal to themselves."""
        return f"key {shown(key)} was added and is not found: its copies in other processes are not equal"

    def failure(self, error: Exception) -> Exception:
        """What it means that an operation has raised an error."""
        if isinstance(error, KeyError) and len(error.args) == 1:
            return RunError(self.absent(error.args[0]))
        return RunError("out of memory" if isinstance(error, MemoryError) else told(error))


def _differs(got: Any, expected: Any) -> bool:
    """Whether a value came back as another. What is equal to nothing, as NaN is, cannot, and nor can such a field."""
    if isinstance(got, tuple) and isinstance(expected, tuple) and len(got) == len(expected):
        return any(map(_differs, got, expected))
    return bool(got != expected and expected == expected)


class GomapSubject(Subject):
    """A Map, GoMap, SwissMap or Set. Objects that it refers to are counted as a dict's are."""

    _objects = 0  # bytes, at the most

    def make(self) -> Any:
        if self.value is None:
            return Set(self.key)
        return {"Map": Map, "GoMap": GoMap, "SwissMap": SwissMap}[self.engine](self.key, self.value)

    def counted(self, m: Any) -> int:
        columns: list[Iterable[object]] = [m] if m.key_type.kind is Kind.OBJECT else []
        if self.value is not None and m.value_type.kind is Kind.OBJECT:
            columns.append(m.values())
        if not columns:
            return int(m.nbytes)
        objects = tuple(each for column in columns for each in column)
        held = sizeof(objects) - sizeof((None,) * len(objects))  # each once
        self._objects = max(self._objects, held)
        return int(m.nbytes) + held

    def peak(self, m: Any, entries: Entries | None = None) -> int:
        return int(m.memory().peak) + self._objects

    def shape(self, m: Any) -> tuple[int | None, int | None]:
        if self.engine != "GoMap":
            return None, None
        stats = m.stats()
        return stats.B, stats.overflow_buckets

    def copied(self, m: Any) -> tuple[Any, int | None]:
        if self.engine not in ("GoMap", "SwissMap"):
            return m, None
        new = type(m)(m.key_type, m.value_type, m)  # a SwissMap's copy() is as large as it is
        return new, self.counted(m) + self.peak(new)

    def failure(self, error: Exception) -> Exception:
        if isinstance(error, (TypeError, ValueError, OverflowError)):
            return ScenarioError(f"an entry is not of the types given: {error}")
        return super().failure(error)


@dataclass
class CacheSubject(GomapSubject):
    """A Cache whose entries expire some time after their last use. Each operation takes some time of its clock."""

    tti: float  #: seconds
    now: float = 0.0  #: seconds, of the clock
    step: float = 0.0  #: seconds that the clock goes on before an operation

    def make(self) -> Any:
        self._peak = 0
        return Cache(self.key, self.value, tti=self.tti, clock=lambda: self.now)

    def add(self, m: Any, entries: Iterable[Entry]) -> None:
        for key, value in entries:
            self.now += self.step
            m[key] = value
            self._peak = max(self._peak, m.nbytes)

    def find(self, m: Any, keys: Iterable[Any]) -> None:
        for key in keys:
            self.now += self.step
            m[key]

    def peak(self, m: Any, entries: Entries | None = None) -> int:
        return max(self._peak, int(m.nbytes)) + self._objects


class DictSubject(Subject):
    """A dict or a set. As it grows, its old and its new table are both alive for a moment, with all keys and
    values."""

    def make(self) -> Any:
        return set() if self.value is None else {}

    def counted(self, m: Any) -> int:
        return sizeof(m)

    def peak(self, m: Any, entries: Entries | None = None) -> int:
        """It is filled again, and its table is watched."""
        assert entries is not None
        again = self.make()
        empty = size = sys.getsizeof(again)
        highest = 0
        for piece in entries.pieces():
            for entry in piece:
                self.add(again, (entry,))
                if sys.getsizeof(again) != size:
                    old_table = allocated(size - empty)
                    size = sys.getsizeof(again)
                    highest = max(highest, sizeof(again) + old_table)
        return max(highest, sizeof(again))


_EMPTY = sys.getsizeof({})  # without a table, which comes with the first key
_EMPTY_COUNTED = sizeof({})


class WatchedDict(Subject):
    """A dict of objects that are made for it, counted in constant time.

    What is counted is what :func:`gomap.sizeof` would count: the dict, its table, and all keys and values. An object
    is counted when it comes and when it goes. None is in the dict twice: each is made for its entry, or is one that
    the interpreter shares and that counts nothing. When the table changes, the old one is still alive for a moment.
    """

    _size, _peak, _objects = _EMPTY, 0, 0

    def make(self) -> Any:
        return {}

    def add(self, m: Any, entries: Iterable[Entry]) -> None:
        for key, value in entries:
            m[key] = value
            self._objects += _own_bytes(key) + _own_bytes(value)
            if sys.getsizeof(m) != self._size:
                old_table = allocated(self._size - _EMPTY)
                self._size = sys.getsizeof(m)
                self._peak = max(self._peak, self.counted(m) + old_table)

    def remove(self, m: Any, keys: Iterable[Any]) -> None:
        self._peak = self.peak(m)
        for key in keys:
            self._objects -= _own_bytes(key) + _own_bytes(m.pop(key))

    def counted(self, m: Any) -> int:
        return _EMPTY_COUNTED + allocated(sys.getsizeof(m) - _EMPTY) + self._objects

    def peak(self, m: Any, entries: Entries | None = None) -> int:
        return max(self._peak, self.counted(m))

    def copied(self, m: Any) -> tuple[Any, int | None]:
        new = dict(m)  # its table is made at once as large as it will be; keys and values are in both
        return new, self.counted(m) + self.counted(new) - self._objects


def _own_bytes(made: object) -> int:
    return sizeof(made) if type(made) is tuple else plain_bytes(made)


class PeerSubject(Subject):
    """Another library's map."""

    types: tuple[Type, Type]

    def make(self) -> Any:
        return peers.make(self.engine, *self.types)

    def absent(self, key: object) -> str:
        return f"key {shown(key)} was added and is not found"

    def failure(self, error: Exception) -> Exception:
        return RunError("out of memory" if isinstance(error, MemoryError) else told(error))


def subject_of(name: str, key: Type, value: Type | None, *, watched: bool = False) -> Subject:
    """The kind of map of this name, for these types.

    :param name: ``dict``, ``Map``, ``GoMap``, ``SwissMap``; without values ``set``, ``Set``; any other is a peer's
    :param watched: a dict is to be counted at every insertion
    """
    if name in ("dict", "set"):
        its = name, python_name(key), None if value is None else python_name(value)
        return WatchedDict(*its) if watched else DictSubject(*its)
    if name in ("Map", "GoMap", "SwissMap", "Set"):
        return GomapSubject(name, key.name, None if value is None else value.name)
    assert value is not None
    subject = PeerSubject(name, "", "")
    subject.types = key, value
    return subject
