"""The classes of structs' Python values: named tuples, one class for equal types."""

from __future__ import annotations

import threading
import weakref
from collections import namedtuple
from collections.abc import Callable
from typing import Any

# By fields; weak, as a program may make struct types without end. A class lives as long as a map or value needs it.
_classes: weakref.WeakValueDictionary[Any, type[tuple[Any, ...]]] = weakref.WeakValueDictionary()
_classes_lock = threading.RLock()  # re-entrant: making a class may run the collector, and that any code


def class_of(struct: Any, restore: Callable[[str, tuple[Any, ...]], tuple[Any, ...]]) -> type[tuple[Any, ...]]:
    """
    :param struct: a type
    :param restore: what a pickle calls, with the struct's spelling and a value's fields
    """
    with _classes_lock:
        cls = _classes.get(struct.fields)
        if cls is None:
            cls = _classes[struct.fields] = _make_class(struct, restore)
    return cls


def _make_class(struct: Any, restore: Callable[..., tuple[Any, ...]]) -> type[tuple[Any, ...]]:
    name = struct.name.removeprefix("*")

    def __reduce__(self: tuple[Any, ...]) -> tuple[Any, ...]:
        return restore, (name, tuple(self))

    make: Any = namedtuple
    cls: type[tuple[Any, ...]] = make("struct", [each.name for each in struct.fields], module=restore.__module__)
    cls.__doc__ = f"A value of {name}."
    setattr(cls, "__reduce__", __reduce__)  # noqa: B010 - a pickle cannot find the class by its name
    return cls
