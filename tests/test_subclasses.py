"""Classes derived from gomap's; instances made without __init__, by copies, operators and pickles."""

from __future__ import annotations

import contextlib
import copy
import gc
import pickle
import tracemalloc
from typing import Any

import pytest

from gomap import TRACEMALLOC_DOMAIN, Cache, GoMap, Map, Set, SwissMap, _core


def traced() -> int:
    """The bytes of all maps, as tracemalloc sees them."""
    gc.collect()
    only = [tracemalloc.DomainFilter(True, TRACEMALLOC_DOMAIN)]
    return sum(trace.size for trace in tracemalloc.take_snapshot().filter_traces(only).traces)


@pytest.mark.parametrize("bases", [(Map, Set), (Set, GoMap), (Map, GoMap), (GoMap, SwissMap)], ids=str)
def test_a_class_is_one_of_them(bases: tuple[Any, ...]) -> None:
    message = "^class Both: expected one of Map, Set, GoMap and SwissMap among its bases, got more$"
    with pytest.raises(TypeError, match=message):
        type("Both", bases, {})
    between = type("Between", bases[:1], {"__init_subclass__": classmethod(lambda cls, **options: None)})
    assert issubclass(between, bases[0])


def test_options_of_a_class_go_on() -> None:
    class Mixin:
        def __init_subclass__(cls, *, name: str = "", **options: Any) -> None:
            cls.name = name  # type: ignore[attr-defined]
            super().__init_subclass__(**options)

    class Named(Map, Mixin, name="mine"):  # type: ignore[call-arg, type-arg]
        pass

    assert Named.name == "mine"  # type: ignore[attr-defined]
    with pytest.raises(TypeError, match="takes no keyword arguments"):
        type("Other", (Map,), {}, nothing=1)


@pytest.mark.parametrize("types", [(int, int), (str, object), (object, str)], ids=str)
@pytest.mark.parametrize("base", [Map, GoMap])
def test_a_new_that_makes_the_map(base: Any, types: tuple[Any, Any]) -> None:
    """Copies use the map that it has made: nothing is left behind, and its iterators end."""
    key, value = types
    seen: list[Any] = []

    class Eager(base):  # type: ignore[misc, valid-type]
        def __new__(cls, *arguments: Any) -> Any:
            self = super().__new__(cls)
            base.__init__(self, key, value, {key() if key is not object else 1: 5 if value is int else "x"})
            seen.append(iter(self))
            return self

        def __init__(self, *arguments: Any) -> None:
            pass

    m = Eager()
    for i in range(100):
        m[key(i) if key is not object else i] = str(i) if value is not int else i
    items = dict(m)
    tracemalloc.start()
    try:
        before = traced()
        for made in (m.copy(), copy.copy(m), copy.deepcopy(m), m | {}, {} | m):
            assert type(made) is Eager
            assert made._check() is None
            assert dict(made) == items
            assert sum(made._walk().values()) == made.nbytes
            if items:
                with pytest.raises(RuntimeError, match="during iteration"):
                    next(seen[-1])
        del made
        seen.clear()
        assert traced() == before
    finally:
        tracemalloc.stop()


def test_a_new_that_makes_a_map_of_other_types() -> None:
    class Odd(Map):  # type: ignore[type-arg]
        def __new__(cls, *arguments: Any) -> Any:
            self = super().__new__(cls)
            Map.__init__(self, str, int)
            return self

    m = Odd(str, int, {"a": 1})
    assert m.copy() == m
    with pytest.raises(TypeError, match=r"^Odd.__new__\(\) made a map\[string\]int, expected int to int or none$"):
        _core._restore_empty(Odd, "int", "int")


def test_pickles_of_what_cannot_be() -> None:
    for restore in (_core._restore_empty, lambda *types: _core._restore_elements(*types, ["a"])):
        with pytest.raises(ValueError, match="^pickled Set: a set has no values, got int$"):
            restore(Set, "string", "int")
        for cls in (int, dict, "Map", None):
            with pytest.raises(TypeError, match="^pickled map: expected a class of gomap's, got"):
                restore(cls, "string", "int")


def test_pickles_name_what_is_public() -> None:
    for m in (Map(int, int), GoMap(str, int), Set(object)):
        assert b"_core" not in pickle.dumps(m)
        assert type(m).__module__ == "gomap"
        # As they were pickled before.
        old = pickle.dumps(m, 0).replace(b"cgomap\n", b"cgomap._core\n")
        assert pickle.loads(old) == m


@pytest.mark.parametrize("cls", [Map, GoMap, SwissMap, Set, Cache])
def test_no_method_needs_init_to_be_safe(cls: Any) -> None:
    """Every method of an object whose __init__ was not called raises, or does what needs no map."""
    for name in dir(cls):
        if name in ("__class__", "__init__", "__init_subclass__", "__new__", "__subclasshook__"):
            continue
        for arguments in ((), (1,), (1, 1), ([1],), ([1], [1]), ({1: 1},), ({1},), (cls.__new__(cls),)):
            made = cls.__new__(cls)
            with contextlib.suppress(Exception):
                found = getattr(made, name)
                if callable(found):
                    found(*arguments)
            assert "not initialised" in repr(made) or name in ("__setstate__", "open", "load")
