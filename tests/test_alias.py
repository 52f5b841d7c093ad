"""A class with its types, ``Map[int, str]``: to be called, and in annotations."""

from __future__ import annotations

import copy
import pickle
import typing
from collections.abc import Mapping
from types import GenericAlias
from typing import Any, Generic, TypeVar

import pytest

from gomap import BaseMap, GoMap, Map, Set
from gomap._alias import Alias

Class = Any  # one of the map classes
K = TypeVar("K")
V = TypeVar("V")


class Fixed(Map[int, float]):
    """A subclass that gives its maps their types."""

    def __init__(self, items: Any = None) -> None:
        super().__init__(int, float, items)


class Silent(Map[int, int]):
    def __init__(self) -> None:
        pass


class Keyed(Map[int, V], Generic[V]):
    """A generic class with one type of its own."""


# ---- calling -----------------------------------------------------------------------------------------


def test_call_passes_the_types_on(map_class: Class) -> None:
    m = map_class[int, "[4]byte"]({1: b"spam"}, capacity=1000)
    assert type(m) is map_class
    assert (m.key_type.name, m.value_type.name) == ("int", "[4]byte")
    assert dict(m.items()) == {1: b"spam"}
    assert m.stats().buckets == map_class(int, "[4]byte", {1: b"spam"}, capacity=1000).stats().buckets
    assert len(map_class["int", "int8"]()) == 0
    assert map_class[m.key_type, None]([(1, None)]) == {1: None}
    assert dict(map_class[int, "struct{a int8}"]({1: (2,)}).items()) == {1: (2,)}


def test_call_of_a_set() -> None:
    s = Set[int]([1, 2, 1])
    assert type(s) is Set
    assert s == {1, 2}
    assert Set["[2]byte"](capacity=100).key_type.name == "[2]byte"
    assert Set[(float,)]([0.5]) == {0.5}


def test_call_of_a_subclass(map_class: Class) -> None:
    class Sub(map_class):
        pass

    assert type(Sub[int, int]({1: 2})) is Sub
    assert Fixed({1: 2}) == {1: 2.0}
    with pytest.raises(TypeError):
        Fixed[int, float]({1: 2})  # its own constructor takes no types


def test_call_with_what_are_no_types(map_class: Class) -> None:
    with pytest.raises(ValueError, match="unknown type 'spam'"):
        map_class[int, "spam"]()
    with pytest.raises(TypeError, match=r"^expected a key type .*, got TypeVar ~K$"):
        map_class[K, V]()
    with pytest.raises(ValueError, match="a key cannot be a pointer"):
        map_class["*int", int]()
    with pytest.raises(TypeError):
        map_class[int, int]({}, 5)
    with pytest.raises(TypeError, match=r"^BaseMap is what the maps have in common"):
        BaseMap[int, int]()


@pytest.mark.parametrize(
    ("cls", "types", "words"),
    [
        (Map, int, "Map[...]: expected 2 types (key, value), got 1"),
        (GoMap, (int, int, int), "GoMap[...]: expected 2 types (key, value), got 3"),
        (BaseMap, (), "BaseMap[...]: expected 2 types (key, value), got 0"),
        (Fixed, int, "Fixed[...]: expected 2 types (key, value), got 1"),
        (Set, (int, int), "Set[...]: expected 1 type (key), got 2"),
        (Keyed, (int, int), "Keyed[...]: expected 1 type (~V), got 2"),
    ],
)
def test_wrong_number_of_types(cls: Any, types: Any, words: str) -> None:
    with pytest.raises(TypeError) as caught:
        cls[types]
    assert str(caught.value) == words


# ---- fromkeys ----------------------------------------------------------------------------------------


def test_fromkeys_of_an_alias(map_class: Class) -> None:
    m = map_class[int, "[2]byte"].fromkeys([1, 2, 1], b"ab")
    assert type(m) is map_class
    assert m.value_type.name == "[2]byte"
    assert dict(m.items()) == {1: b"ab", 2: b"ab"}
    assert dict(map_class[int, float].fromkeys(range(3)).items()) == {0: 0.0, 1: 0.0, 2: 0.0}
    with pytest.raises(TypeError, match=r"^key: expected int for type int, got str 'a'$"):
        map_class[int, int].fromkeys("a")
    with pytest.raises(AttributeError, match="fromkeys"):
        Set[int].fromkeys  # noqa: B018
    assert not hasattr(Set[int], "fromkeys")


def test_fromkeys_of_a_class_that_knows_its_types() -> None:
    m = Fixed.fromkeys([1, 2], 3)
    assert type(m) is Fixed
    assert dict(m.items()) == {1: 3.0, 2: 3.0}
    assert dict(Fixed.fromkeys([1]).items()) == {1: 0.0}
    with pytest.raises(TypeError):
        Fixed.fromkeys([1], key=int, value=float)  # its constructor takes no types
    with pytest.raises(ValueError, match=r"^Silent.__init__\(\) has not been called$"):
        Silent.fromkeys([1], 2)
    with pytest.raises(ValueError, match=r"^Silent.__init__\(\) has not been called$"):
        Silent.fromkeys([])


def test_fromkeys_without_types(map_class: Class) -> None:
    class Sub(map_class):
        pass

    for cls in (map_class, Sub):
        name = cls.__name__
        start = "fromkeys: expected a key type and a value type, got "
        end = f"; write {name}[int, float].fromkeys(keys), with the types that you need, or pass key= and value="
        for options, got in [({}, "none"), ({"key": int}, "one"), ({"value": int}, "one")]:
            with pytest.raises(TypeError) as caught:
                cls.fromkeys([1], 2, **options)
            assert str(caught.value) == start + got + end
        assert dict(cls.fromkeys([1], 2, key=int, value=int).items()) == {1: 2}
    with pytest.raises(TypeError):
        BaseMap.fromkeys([1])


# ---- as a type ---------------------------------------------------------------------------------------


def test_alias_is_what_typing_expects(map_class: Class) -> None:
    alias = map_class[int, bytes]
    assert isinstance(alias, GenericAlias)
    assert type(alias) is Alias
    assert alias.__origin__ is typing.get_origin(alias) is map_class
    assert alias.__args__ == typing.get_args(alias) == (int, bytes)
    assert alias.__parameters__ == ()
    assert alias == map_class[int, bytes] != map_class[int, str]
    assert hash(alias) == hash(map_class[int, bytes])
    assert alias in {map_class[int, bytes]: 1}
    assert repr(alias) == f"gomap.{map_class.__name__}[int, bytes]"
    assert Set[int].__args__ == (int,)
    assert alias.__name__ == map_class.__name__
    assert alias.get is map_class.get
    assert callable(alias)


def test_annotations(map_class: Class) -> None:
    def annotated(
        one: dict[str, map_class[int, int]],  # type: ignore[valid-type]
        two: map_class[int, int] | None,  # type: ignore[valid-type]
        three: list[Set[int]],
        four: typing.Optional[map_class[int, map_class[int, int]]],  # type: ignore[valid-type]  # noqa: UP045
    ) -> None: ...

    inner = map_class[int, int]
    hints = typing.get_type_hints(annotated, localns={"map_class": map_class})
    assert hints == {
        "one": dict[str, inner],  # type: ignore[valid-type]
        "two": inner | None,
        "three": list[Set[int]],
        "four": map_class[int, inner] | None,
        "return": type(None),
    }
    assert type(typing.get_args(hints["one"])[1]) is Alias


def test_forward_references_are_resolved(map_class: Class) -> None:
    def annotated(one): ...  # type: ignore[no-untyped-def]

    annotated.__annotations__ = {"one": map_class["Fixed", "int"]}
    assert typing.get_type_hints(annotated)["one"] == map_class[Fixed, int]


def test_type_variables(map_class: Class) -> None:
    generic = map_class[K, V]
    assert generic.__parameters__ == (K, V)
    filled = generic[int, "[2]byte"]
    assert filled == map_class[int, "[2]byte"]
    assert type(filled) is Alias
    assert filled({1: b"ab"}) == {1: b"ab"}
    half = map_class[int, V]
    assert half.__parameters__ == (V,)
    assert half[float]({1: 2}) == {1: 2.0}
    assert map_class[K, K][int].__args__ == (int, int)
    assert map_class[K, list[V]][int, str] == map_class[int, list[str]]
    assert type(map_class[K, list[V]][int, str]) is Alias
    with pytest.raises(TypeError):
        map_class[int, int][int]
    with pytest.raises(TypeError):
        map_class[int, int][()]
    with pytest.raises(TypeError):
        generic[int]


def test_pickles_and_copies(map_class: Class) -> None:
    for alias in (map_class[int, "int8"], map_class[K, V], Set[int]):
        for again in (pickle.loads(pickle.dumps(alias)), copy.copy(alias), copy.deepcopy(alias)):
            assert again == alias
            assert type(again) is Alias
            assert again.__parameters__ == alias.__parameters__
    assert copy.deepcopy({"types": [map_class[int, int]]}) == {"types": [map_class[int, int]]}


def test_subclasses() -> None:
    assert Fixed.__bases__ == (Map,)
    assert Fixed.__orig_bases__ == (Map[int, float],)  # type: ignore[attr-defined]
    assert isinstance(Fixed(), (Map, Mapping))
    assert Keyed[str].__args__ == (str,)
    with pytest.raises(TypeError):
        isinstance(Fixed(), Map[int, float])


def test_arrays_of_its_types() -> None:
    assert Map["string", "uint8"].from_arrays(["a", "b"], [1, 2]) == {"a": 1, "b": 2}
    assert Set["int8"].from_array([1, 2, 1]) == {1, 2}
    codes, numbers = Map[str, int].factorize(["x", "y", "x"])
    assert codes.tolist() == [0, 1, 0]
    assert numbers == {"x": 0, "y": 1}
