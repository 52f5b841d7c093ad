"""For tests of objects as keys and values: objects that are compared in Python, and every operation on them."""

from __future__ import annotations

import copy
import operator
import sys
from collections.abc import Callable
from typing import Any

from support import Class, assert_same

from gomap import GoMap, Map, Set

Operation = Callable[[Any, Any], Any]


def assert_same_objects(m: Any, model: dict[Any, Any]) -> None:
    """The map holds what the dict holds, and its very values."""
    assert_same(m, model)
    for key, value in model.items():
        assert m[key] is value


class Key:
    """An object that is compared in Python, with a hash of one's choice."""

    def __init__(self, number: int, hash_: int | None = None) -> None:
        self.number = number
        self.hash = number if hash_ is None else hash_

    def __hash__(self) -> int:
        return self.hash

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Key) and self.number == other.number

    def __repr__(self) -> str:
        return f"Key({self.number})"


class Thing:
    """An object that others can be hung on."""


class Counted:
    """Says how many references there are to some objects, all but those of the test."""

    def __init__(self, *objects: Any) -> None:
        self.objects = objects

    def begin(self) -> Counted:
        """From now on, when the caller's arguments are gone."""
        self.before = self.counts()
        return self

    def counts(self) -> list[int]:
        return [sys.getrefcount(each) for each in self.objects]

    @property
    def more(self) -> list[int]:
        return [now - before for now, before in zip(self.counts(), self.before, strict=True)]


# ---- what each operation does with a key -------------------------------------------------------------

MAP_OPERATIONS: dict[str, Operation] = {
    "get item": lambda m, key: m[key],
    "set item": lambda m, key: m.__setitem__(key, key),
    "del item": lambda m, key: m.__delitem__(key),
    "in": lambda m, key: key in m,
    "get": lambda m, key: m.get(key),
    "pop": lambda m, key: m.pop(key),
    "pop with default": lambda m, key: m.pop(key, None),
    "setdefault": lambda m, key: m.setdefault(key),
    "setdefault to": lambda m, key: m.setdefault(key, key),
    "update with pairs": lambda m, key: m.update([(key, key)]),
    "|=": lambda m, key: operator.ior(m, [(key, key)]),
    "fromkeys": lambda m, key: type(m).fromkeys([*m, key], key, key=object, value=object),
    "in keys": lambda m, key: key in m.keys(),  # noqa: SIM118
    "in items": lambda m, key: (key, key) in m.items(),
    "keys &": lambda m, key: m.keys() & [key],
    "keys isdisjoint": lambda m, key: m.keys().isdisjoint([key]),
}
#: With keys that dict and others can hold too.
MAP_WITH_MAPS: dict[str, Operation] = {
    "update with a dict": lambda m, key: m.update({key: key}),
    "update with a map": lambda m, key: m.update(type(m)(object, object, {key: key})),
    "|": lambda m, key: m | {key: key},
    "| of a map": lambda m, key: m | type(m)(object, object, {key: key}),
    "| reversed": lambda m, key: {key: key} | m,
    "==": lambda m, key: m == dict.fromkeys([*list(m)[1:], key], 0),
    "== of maps": lambda m, key: m == type(m)(object, object, dict.fromkeys([*list(m)[1:], key], 0)),
    "== reversed": lambda m, key: dict.fromkeys([*list(m)[1:], key], 0) == m,
    "copy and ==": lambda m, key: m.copy() == m,
    "constructor": lambda m, key: type(m)(object, object, [*m.items(), (key, key)]),
    "deepcopy": lambda m, key: copy.copy(m).pop(key, None),
    "popitem": lambda m, key: m.popitem(),
    "clear": lambda m, key: m.clear(),
    "in values": lambda m, key: key in m.values(),
    "items ==": lambda m, key: m.items() == {(key, key)},
    "keys <=": lambda m, key: m.keys() <= {key, *m},
    "repr": lambda m, key: repr(m),
}
SET_OPERATIONS: dict[str, Operation] = {
    "add": lambda s, key: s.add(key),
    "in": lambda s, key: key in s,
    "discard": lambda s, key: s.discard(key),
    "remove": lambda s, key: s.remove(key),
    "update": lambda s, key: s.update([key]),
    "union": lambda s, key: s.union([key]),
    "intersection": lambda s, key: s.intersection([key]),
    "difference": lambda s, key: s.difference([key]),
    "symmetric_difference": lambda s, key: s.symmetric_difference([key]),
    "intersection_update": lambda s, key: s.intersection_update([key]),
    "difference_update": lambda s, key: s.difference_update([key]),
    "symmetric_difference_update": lambda s, key: s.symmetric_difference_update([key]),
    "isdisjoint": lambda s, key: s.isdisjoint([key]),
    "issuperset": lambda s, key: s.issuperset([key]),
    "constructor": lambda s, key: Set(object, [*s, key]),
}


def with_a_set(function: Operation, kind: Callable[[Any], Any]) -> Operation:
    return lambda s, key: function(s, kind([key, *list(s)[1:]]))


SET_WITH_SETS = {
    f"{function.__name__} {name}": with_a_set(function, kind)
    for function in (
        *(operator.and_, operator.or_, operator.sub, operator.xor, operator.iand, operator.ior),
        *(operator.isub, operator.ixor, operator.eq, operator.le, operator.lt, operator.ge, operator.gt),
    )
    for name, kind in (("set", set), ("Set", lambda keys: Set(object, keys)))
}
SET_WITH_SETS |= {
    "rand": lambda s, key: {key} & s,
    "ror": lambda s, key: {key} | s,
    "rsub": lambda s, key: {key, *s} - s,
    "rxor": lambda s, key: {key} ^ s,
    "issubset": lambda s, key: s.issubset([key, *s]),
    "pop": lambda s, key: s.pop(),
    "clear": lambda s, key: s.clear(),
    "copy and ==": lambda s, key: s.copy() == s,
    "repr": lambda s, key: repr(s),
}


def maker(cls: Class, value: type) -> Callable[[Any], Any]:
    """Makes maps of keys, with values that need be no more than there."""
    return lambda keys: cls(object, value, [(key, 0 if value is object else value()) for key in keys])


#: Those that take a key alone.
WITH_ANY_VALUES = ("get item", "del item", "in", "get", "pop", "setdefault", "copy and ==", "popitem")
#: Every operation on every kind of map and set.
OPERATIONS: dict[str, tuple[Callable[[Any], Any], Operation]] = {
    f"{cls.__name__} to {value.__name__}: {name}": (maker(cls, value), operation)
    for cls in (Map, GoMap)
    for value in (object, str, int)
    for name, operation in (MAP_OPERATIONS | MAP_WITH_MAPS).items()
    if value is object or name in WITH_ANY_VALUES
}
OPERATIONS |= {
    f"Set: {name}": (lambda keys: Set(object, keys), operation)
    for name, operation in (SET_OPERATIONS | SET_WITH_SETS).items()
}
