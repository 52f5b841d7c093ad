"""What is done to a map or a set, one key at a time: loops as plain as Python has them.

Each takes the map, the keys, and a value, which only adding uses. Those that are named ``_many`` take NumPy arrays;
those named ``of_dict`` and ``of_set`` do the same with a dict, a set and lists.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

#: A map, keys, and a value.
Loop = Callable[[Any, Any, Any], object]


def put(m: Any, keys: Any, value: Any) -> None:
    for k in keys:
        m[k] = value


def put_each(m: Any, entries: Any, value: Any = None) -> None:
    """Entries are pairs of a key and a value."""
    for key, each in entries:
        m[key] = each


def hit(m: Any, keys: Any, value: Any = None) -> None:
    for k in keys:
        m[k]


def get(m: Any, keys: Any, value: Any = None) -> None:
    get = m.get
    for k in keys:
        get(k)


def contains(m: Any, keys: Any, value: Any = None) -> None:
    for k in keys:
        k in m  # noqa: B015


def delete(m: Any, keys: Any, value: Any = None) -> None:
    for k in keys:
        del m[k]


def items(m: Any, keys: Any = None, value: Any = None) -> None:
    for _k, _v in m.items():
        pass


def add(s: Any, keys: Any, value: Any = None) -> None:
    for k in keys:
        s.add(k)


def remove(s: Any, keys: Any, value: Any = None) -> None:
    for k in keys:
        s.remove(k)


def discard(s: Any, keys: Any, value: Any = None) -> None:
    for k in keys:
        s.discard(k)


def iterate(s: Any, keys: Any = None, value: Any = None) -> None:
    for _k in s:
        pass


def set_many(m: Any, keys: Any, value: Any) -> None:
    m.set_many(keys, value)


def set_many_of_dict(d: Any, keys: Any, value: Any) -> None:
    d.update(zip(keys, value, strict=True))


def get_many(m: Any, keys: Any, value: Any = None) -> object:
    return m.get_many(keys)


def get_many_of_dict(d: Any, keys: Any, value: Any = None) -> object:
    return [d[k] for k in keys]


def add_many(s: Any, keys: Any, value: Any = None) -> None:
    s.add_many(keys)


def add_many_of_set(s: Any, keys: Any, value: Any = None) -> None:
    s.update(keys)


def isin(s: Any, keys: Any, value: Any = None) -> object:
    return s.isin(keys)


def isin_of_set(s: Any, keys: Any, value: Any = None) -> object:
    return [k in s for k in keys]
