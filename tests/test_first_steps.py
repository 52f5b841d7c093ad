"""What a user meets first: calls without types, types with other libraries' names, and how a map shows."""

from __future__ import annotations

import re
from typing import Any

import pytest

import gomap
from gomap import GoMap, Map, Set


class Cached(Map[int, str]):
    """A class that names its types where they are no default."""


class Numbers(Set[int]):
    """Likewise."""


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda: Map(),
            "Map: expected a key type and a value type, got none; write Map(int, float), with the",
        ),
        (lambda: GoMap(), "GoMap: expected a key type and a value type, got none; write GoMap(int, float)"),
        (lambda: Set(), "Set: expected a key type, got none; write Set(int)"),
        (lambda: Map({1: 2}), "got dict {1: 2}; write Map(int, int, {1: 2}); gomap.advise() finds the types"),
        (lambda: Map({"a": b"b"}), "write Map(str, bytes, {'a': b'b'})"),
        (lambda: Map({}), "write Map(int, float, {})"),
        (lambda: Map({1: None}), "write Map(int, object, {1: None})"),
        (lambda: Map({i: i for i in range(99)}), "write Map(int, int, ...)"),
        (lambda: Map([(1, 2.5)]), "write Map(int, float, [(1, 2.5)])"),
        (lambda: Map([1]), "write Map(int, float, [1])"),
        (lambda: Map(iter("ab")), "write Map(int, float, "),
        (lambda: Set([1, 2]), "Set: expected a key type first, got list [1, 2]; write Set(int, [1, 2])"),
        (lambda: Set({"a"}), "write Set(str, {'a'})"),
        (lambda: Map(int), "got one type; write Map(int, float), or other types, or Set(int) for keys alone"),
        (
            lambda: GoMap("uint8"),
            "write GoMap('uint8', float), or other types, or Set('uint8') for keys alone",
        ),
        (lambda: Map(5), "Map: expected a key type and a value type, got int 5; write Map(int, float)"),
        (lambda: Cached(), "Cached: expected a key type and a value type, got none; write Cached(int, str)"),
        (lambda: Numbers(), "Numbers: expected a key type, got none; write Numbers(int)"),
    ],
)
def test_calls_without_types_say_what_to_write(call: Any, message: str) -> None:
    with pytest.raises(TypeError, match=re.escape(message)):
        call()


def test_what_the_messages_say_works() -> None:
    assert Map(int, int, {1: 2})[1] == 2
    assert Set(int, [1, 2]) == {1, 2}
    assert Cached(int, str, {1: "a"})[1] == "a"
    assert Numbers(int, [1]) == {1}


def test_a_key_that_is_no_type_is_told_as_such() -> None:
    with pytest.raises(TypeError, match="expected a key type .* got int 5"):
        Set(5)


@pytest.mark.parametrize("entries", [0, 1, 5, 5000])
@pytest.mark.parametrize("cls", [Map, GoMap])
def test_maps_in_a_notebook(cls: Any, entries: int) -> None:
    m = cls(int, str, {i: f"<{i}>" for i in range(entries)})
    shown = m._repr_html_()
    assert f"{cls.__name__}(&#x27;int&#x27;, &#x27;string&#x27;): {entries:,} entr" in shown
    assert shown.count("<tr>") == 1 + min(entries, 10) + (entries > 10)
    assert ("&lt;0&gt;" in shown) == (0 < entries <= 10) or entries > 10
    assert ("a dict would hold about" in shown) == (entries > 0)
    if entries == 5000:
        assert "... 4,990 more" in shown
        said = re.search(r"a dict would hold about ([0-9.,]+) KB", shown)
        assert said is not None
        real = gomap.sizeof(dict(m)) / 1024
        assert float(said[1].replace(",", "")) == pytest.approx(real, rel=0.05)
    assert m._check() is None
    m[-1] = "no iterator is left over"


def test_sets_in_a_notebook() -> None:
    shown = Set("uint8", range(200))._repr_html_()
    assert "Set(&#x27;uint8&#x27;): 200 elements" in shown
    assert "a set would hold about" in shown
    m: Any = Map(object, object)
    m[1] = m
    assert "Map(" in m._repr_html_()
    with pytest.raises(ValueError, match=r"__init__\(\) has not been called"):
        Map.__new__(Map)._repr_html_()


def test_statistics_are_those_of_the_engine() -> None:
    m, g = Map(int, int, {1: 1}).stats(), GoMap(int, int, {1: 1}).stats()
    for shown in (repr(m), str(m), str(dict(m.__rich_repr__()))):
        assert "splits" in shown
        assert not re.search(r"\bB\b|evacuated|chain|noverflow", shown)
    for shown in (repr(g), str(g), str(dict(g.__rich_repr__()))):
        assert "splits" not in shown
        assert re.search(r"\bB\b", shown)
        assert "evacuated" in shown
    assert m.B == m.growths == 0  # they are there, and nothing
