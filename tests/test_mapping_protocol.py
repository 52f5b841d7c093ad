"""CPython's own tests of mappings, on maps of objects and on typed ones.

They are written for dict. A map that differs by intention has a test of its own in place of dict's:
DIFFERENCES says which, and why.
"""

from __future__ import annotations

import unittest
from typing import Any

import pytest

from gomap import GoMap, Map

mapping_tests = pytest.importorskip("test.mapping_tests", reason="this interpreter comes without its own tests")

#: What cannot hold for a map of objects.
DIFFERENCES = {
    "test_popitem": "asks two maps with the same entries for the same order",
    "test_repr": "asks for '{1: 2}', and a map's repr has its types",
}
#: What cannot hold for a typed map.
TYPED_DIFFERENCES = {
    "test_update": "puts letters into every mapping, as keys and as values",
}


class ObjectsDiffer:
    """In place of those in DIFFERENCES."""

    _empty_mapping: Any
    _full_mapping: Any

    def test_popitem(self) -> None:
        mapping_tests.BasicTestMappingProtocol.test_popitem(self)
        for size in (2**power for power in range(12)):
            a = self._empty_mapping()
            for i in range(size):
                a[repr(i)] = i
            b = a.copy()
            taken = [[each.popitem() for _ in range(size)] for each in (a, b)]
            assert sorted(taken[0]) == sorted(taken[1]) == sorted((repr(i), i) for i in range(size))
            assert not a
            assert not b

    def test_repr(self) -> None:
        d = self._empty_mapping()
        assert repr(d) == "Made('any', 'any')"
        d[1] = 2
        assert repr(d) == "Made('any', 'any', {1: 2})"
        d[1] = d
        assert repr(d) == "Made('any', 'any', {1: Made('any', 'any', {...})})"

        class Wrong:
            def __repr__(self) -> str:
                raise ZeroDivisionError

        for entries in ({1: Wrong()}, {Wrong(): 1}):
            with pytest.raises(ZeroDivisionError):
                repr(self._full_mapping(entries))


class TypedDiffer:
    """In place of those in TYPED_DIFFERENCES."""

    _empty_mapping: Any
    reference: Any
    other: Any

    def test_update(self) -> None:
        for source in (self.other, self.other.items(), iter(self.other.items())):
            d = self._empty_mapping()
            d.update(source)
            d.update()
            assert list(d.items()) == list(self.other.items())
        for wrong in (42, [5], [5, 6]):
            with pytest.raises(TypeError):
                d.update(wrong)
        with pytest.raises(ValueError, match="3 elements"):
            d.update([(1, 2, 3)])
        reference = self.reference

        class Failing:
            def keys(self) -> Any:
                yield from reference
                raise ZeroDivisionError

            def __getitem__(self, key: Any) -> Any:
                return reference[key]

        d = self._empty_mapping()
        with pytest.raises(ZeroDivisionError):
            d.update(Failing())
        assert d == reference


def with_dict_s_constructor(cls: Any, *types: Any) -> Any:
    """A map class whose constructor takes what dict's does."""

    class Made(cls):
        def __init__(self, *arguments: Any, **entries: Any) -> None:
            super().__init__(*types, *arguments)
            self.update(**entries)

    return Made


REFERENCES: dict[tuple[Any, Any], dict[Any, Any]] = {
    (str, int): {"1": 2, "key é": -(2**63), "key2" * 10: 3},
    (int, str): {1: "2", -(2**63): "value é", 3: "value2" * 10},
    (int, int): {1: 2, -(2**63): 2**63 - 1, 3: 0},
    (str, str): {"1": "2", "key1": "value1", "key2": "é" * 100},
    (bytes, object): {b"1": "2", b"key1": ["value1"].count, b"key2" * 10: (1, 2, 3)},
    (object, bytes): {"1": b"2", 5: b"value1", (1, 2, 3): b"value2" * 10},
    ("[2]byte", float): {b"ab": 1.5, b"cd": float("inf"), b"\0\0": -0.0},
}


def make_cases() -> dict[str, type]:
    made = {}
    for cls in (Map, GoMap):
        for name in ("BasicTestMappingProtocol", "TestMappingProtocol", "TestHashMappingProtocol"):
            base = getattr(mapping_tests, name)
            differ = () if name.startswith("Basic") else (ObjectsDiffer,)
            body = {"type2test": with_dict_s_constructor(cls, object, object)}
            made[f"{cls.__name__}Objects{name}"] = type(name, (*differ, base), body)
        for types, reference in REFERENCES.items():
            body = {
                "type2test": with_dict_s_constructor(cls, *types),
                "_reference": lambda self, reference=reference: reference,
            }
            name = "".join(str(getattr(each, "__name__", "Array")).title() for each in types)
            base = mapping_tests.BasicTestMappingProtocol
            made[f"{cls.__name__}{name}"] = type(name, (TypedDiffer, base), body)
    return made


globals().update(make_cases())


def test_no_more_differs_than_is_said() -> None:
    for differ, said in ((ObjectsDiffer, DIFFERENCES), (TypedDiffer, TYPED_DIFFERENCES)):
        assert {name for name in vars(differ) if name.startswith("test")} == set(said)
    assert sum(issubclass(each, unittest.TestCase) for each in make_cases().values()) == 2 * (3 + len(REFERENCES))
