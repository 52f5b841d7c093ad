"""Kinds of map to be measured: how each is made, filled, looked up in, emptied and counted.

Loops are as plain as they can be written, and one for all that takes the same operations.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from ._runs import RunError, ScenarioError
from ._words import shown, told
from .types import Kind, parse

if TYPE_CHECKING:
    from ._entries import Entries, Entry


class Subject(Protocol):
    """One kind of map; ``m`` is always one that it made."""

    def make(self) -> Any: ...

    def counted(self, m: Any) -> int | None: ...

    def peak(self, m: Any, entries: Entries) -> int | None:
        """The most that was counted while the map, now emptied, was filled."""

    def add(self, m: Any, entries: Sequence[Entry]) -> None: ...

    def find(self, m: Any, keys: Sequence[Any]) -> None: ...

    def miss(self, m: Any, keys: Sequence[Any]) -> None: ...

    def remove(self, m: Any, keys: Sequence[Any]) -> None: ...

    def wrong(self, m: Any, entries: Sequence[Entry]) -> str | None:
        """An entry that is not there as it was added, in words."""

    def failure(self, error: Exception) -> Exception:
        """What it means that an operation has raised an error."""


class _Maps:
    """Whatever takes m[key] = value."""

    def counted(self, m: Any) -> int | None:
        return None

    def peak(self, m: Any, entries: Entries) -> int | None:
        return None

    def add(self, m: Any, entries: Sequence[Entry]) -> None:
        for key, value in entries:
            m[key] = value

    def find(self, m: Any, keys: Sequence[Any]) -> None:
        for key in keys:
            m[key]

    def miss(self, m: Any, keys: Sequence[Any]) -> None:
        for key in keys:
            key in m  # noqa: B015

    def remove(self, m: Any, keys: Sequence[Any]) -> None:
        for key in keys:
            del m[key]

    def wrong(self, m: Any, entries: Sequence[Entry]) -> str | None:
        for key, value in entries:
            if key not in m:
                return self.absent(key)
            expected = tuple(value.values()) if type(value) is dict else value  # as a struct comes back
            got = m[key]
            if got != expected and expected == expected and got != value:
                return f"expected {shown(expected)} for key {shown(key)}, got {shown(got)}"
        return None

    def absent(self, key: object) -> str:
        """Says that a key is not found; these maps find all that are equal to themselves."""
        return f"key {shown(key)} was added and is not found: its copies in other processes are not equal"

    def failure(self, error: Exception) -> Exception:
        if isinstance(error, KeyError) and len(error.args) == 1:
            return RunError(self.absent(error.args[0]))
        return RunError("out of memory" if isinstance(error, MemoryError) else told(error))


class _Sets(_Maps):
    """Whatever takes add(key)."""

    def add(self, m: Any, entries: Sequence[Entry]) -> None:
        add = m.add
        for key, _ in entries:
            add(key)

    def find(self, m: Any, keys: Sequence[Any]) -> None:
        self.miss(m, keys)

    def remove(self, m: Any, keys: Sequence[Any]) -> None:
        remove = m.remove
        for key in keys:
            remove(key)

    def wrong(self, m: Any, entries: Sequence[Entry]) -> str | None:
        return next((self.absent(key) for key, _ in entries if key not in m), None)


class _Gomap(_Maps):
    """A Map, GoMap or Set. Objects that it refers to are counted as a dict's are."""

    def __init__(self, name: str, key: str, value: str | None) -> None:
        self.name, self.key, self.value = name, key, value
        self._objects = 0  # bytes, at the most

    def make(self) -> Any:
        from . import GoMap, Map, Set

        if self.value is None:
            return Set(self.key)
        return {"Map": Map, "GoMap": GoMap}[self.name](self.key, self.value)

    def counted(self, m: Any) -> int | None:
        columns = [m] if m.key_type.kind is Kind.OBJECT else []
        if self.value is not None and m.value_type.kind is Kind.OBJECT:
            columns.append(m.values())
        objects = _bytes_of(columns)
        self._objects = max(self._objects, objects)
        return int(m.nbytes) + objects

    def peak(self, m: Any, entries: Entries) -> int | None:
        return int(m.memory().peak) + self._objects

    def failure(self, error: Exception) -> Exception:
        if isinstance(error, (TypeError, ValueError, OverflowError)):
            return ScenarioError(f"an entry is not of the types given: {error}")
        return super().failure(error)


class _GomapSet(_Sets, _Gomap):
    pass


def _bytes_of(columns: Sequence[Iterable[object]]) -> int:
    """The bytes of objects, each once."""
    from .memory import sizeof

    objects = tuple(each for column in columns for each in column)
    return sizeof(objects) - sizeof((None,) * len(objects))


class _Builtin(_Maps):
    """A dict or set, which keeps no count of its peak: it is filled again, and its table watched. As it
    grows, old and new table are both alive for a moment, with all the keys and values."""

    cls: type

    def make(self) -> Any:
        return self.cls()

    def counted(self, m: Any) -> int | None:
        from . import sizeof

        return sizeof(m)

    def peak(self, m: Any, entries: Entries) -> int | None:
        from . import sizeof
        from .memory import allocated

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


class _Dict(_Builtin):
    cls = dict


class _Set(_Sets, _Builtin):
    cls = set


class PeerMap(_Maps):
    """Another library's."""

    def __init__(self, name: str, key: str, value: str) -> None:
        self.name, self.key, self.value = name, key, value

    def make(self) -> Any:
        from ._peers import make

        return make(self.name, parse(self.key, "key"), parse(self.value))

    def absent(self, key: object) -> str:
        return f"key {shown(key)} was added and is not found"

    def failure(self, error: Exception) -> Exception:
        return RunError("out of memory" if isinstance(error, MemoryError) else told(error))


def subject_of(name: str, key: str, value: str | None) -> Subject:
    """The kind of map of this name, for these types; sets where there are no values."""
    if value is None:
        sets: dict[str, Callable[[], Subject]] = {"set": _Set, "Set": lambda: _GomapSet(name, key, value)}
        return sets[name]()
    if name in ("Map", "GoMap"):
        return _Gomap(name, key, value)
    return _Dict() if name == "dict" else PeerMap(name, key, value)
