"""Arrays that are refused, in words, and change nothing."""

from __future__ import annotations

import array
import collections
import ctypes
import gc
import struct
from typing import Any

import pytest
from array_cases import as_list, rows, sound
from support import Class

from gomap import Set


@pytest.mark.parametrize("types", [("int", "int"), ("string", "string"), ("any", "int"), ("int", "any")])
def test_lengths_must_be_equal(map_class: Class, types: tuple[str, str]) -> None:
    m = map_class(*types)
    key, value = ("k", "v") if types[0] == "string" else (1, 2)
    m[key] = value
    many = [key, key, key]
    for values in ([], [value], [value] * 2, [value] * 4):
        with pytest.raises(ValueError, match=f"^values: expected 3, one for each key, got {len(values)}$"):
            m.set_many(many, values)
        with pytest.raises(ValueError, match=f"^values: expected 3, one for each key, got {len(values)}$"):
            m.update(many, values)
        if types[1] == "int":
            with pytest.raises(ValueError, match=f"^values: expected 3, one for each key, got {len(values)}$"):
                m.add_many(many, values)
            with pytest.raises(ValueError, match=f"got {len(values)}$"):
                m.add_many(many, iter(values))
    sound(m, {key: value})


@pytest.mark.parametrize("types", [("int", "int16"), ("string", "int16"), ("any", "int16"), ("[2]byte", "int16")])
@pytest.mark.parametrize("wrong", ["x", None, 1.5, 70000, -70000])
def test_what_is_refused_changes_nothing(map_class: Class, types: tuple[str, str], wrong: Any) -> None:
    m = map_class(*types)
    keys = {
        "int": range(50),
        "string": map(str, range(50)),
        "any": range(50),
        "[2]byte": [b"%02d" % i for i in range(50)],
    }
    names = list(keys[types[0]])
    m.set_many(names[:10], range(10))
    model = dict(m.items())
    values = [*range(30), wrong, *range(19)]
    kind = OverflowError if isinstance(wrong, int) else TypeError
    for refused in (m.set_many, m.add_many, m.update):
        with pytest.raises(kind, match=r"^values\[30\]: "):
            refused(names, values)
        sound(m, model)
    bad = [*names[:30], [], *names[31:]]
    for refused in (m.set_many, m.add_many):
        with pytest.raises(TypeError, match=r"^(keys\[30\]: |unhashable)"):
            refused(bad, 5)
        sound(m, model)
    s = Set(types[0])
    with pytest.raises(TypeError, match=r"^(keys\[30\]: |unhashable)"):
        s.add_many(bad)
    sound(s, set())


class Shrinks:
    """An int that empties the list that it is in."""

    def __init__(self, within: list[Any], number: int) -> None:
        self.within, self.number = within, number

    def __index__(self) -> int:
        self.within.clear()
        gc.collect()
        return self.number


class Raises:
    def __index__(self) -> int:
        raise LookupError("its own")


def test_lists_that_change_while_they_are_read(map_class: Class) -> None:
    m = map_class(int, int)
    keys: list[Any] = [1000 + i for i in range(100)]
    keys[40] = Shrinks(keys, 7)
    expected = [7 if i == 40 else 1000 + i for i in range(100)]
    m.set_many(keys, list(range(100)))
    assert keys == []
    sound(m, {key: i for i, key in enumerate(expected)})
    keys[:] = [*range(5), Shrinks(keys, 2**70), 9]
    with pytest.raises(KeyError) as error:  # whose keys can still be named
        m.get_many(keys)
    assert error.value.args[0].startswith("0 and 6 more of 7")
    with pytest.raises(LookupError, match="its own"):
        m.set_many([1, Raises()], 0)

    class Changes:
        def __index__(self) -> int:
            m.clear()
            m[5] = 6
            return 5

    assert as_list(m.get_many([Changes()])) == [6]
    assert as_list(m.contains_many([5, Changes()])) == [True, True]
    assert m.add(Changes(), Changes()) == 11
    m.set_many([1, 2, Changes()], [1, 2, Changes()])
    sound(m, {5: 5, 1: 1, 2: 2})
    assert m.delete_many([Changes()]) == 1


def test_missing_keys_are_named(map_class: Class) -> None:
    def message(keys: Any, m: Any) -> Any:
        with pytest.raises(KeyError) as error:
            m.get_many(keys)
        return error.value.args[0]

    m = map_class(int, int, {i: i for i in range(1000)})
    assert message([5, -3, 6], m) == -3
    assert message(iter([5, 2**99, 6]), m) == 2**99
    assert (
        message(array.array("q", [*range(700), -9, *range(10), -8]), m)
        == "-9 and 1 more of 712 keys are not in the map"
    )
    assert message(array.array("q", [*range(70_000)]), m) == "1000 and 68999 more of 70000 keys are not in the map"
    assert message(array.array("Q", [1, 2**64 - 1]), m) == 2**64 - 1
    s = map_class(str, str, {"a": "b"})
    assert message(["a", "c"], s) == "c"
    assert message(iter(["c", "a", "d"]), s) == "'c' and 1 more of 3 keys are not in the map"
    b = map_class("[2]byte", int)
    assert message([b"ab"], b) == b"ab"
    assert message(memoryview(b"abcd").cast("B", (2, 2)), b) == "b'ab' and 1 more of 2 keys are not in the map"
    o = map_class(object, int)
    assert message([(1,)], o) == (1,)
    assert message(((2,), (1,)), o) == "(2,) and 1 more of 2 keys are not in the map"
    n = map_class("int8", int)
    assert message([300], n) == 300


def test_defaults(map_class: Class, results: str) -> None:
    m = map_class(int, "int8", {1: 1})
    assert as_list(m.get_many([1, 2], -5)) == [1, -5]
    assert as_list(m.get_many([1, 2], default=3)) == [1, 3]
    for wrong, kind in (("x", TypeError), (None, TypeError), (200, OverflowError), ([1, 2], TypeError)):
        with pytest.raises(kind, match="^value: "):
            m.get_many([1, 2], wrong)
        with pytest.raises(kind, match="^value: "):
            m.get_many([1], wrong)
    b = map_class(int, "[2]byte", {1: b"ab"})
    assert rows(b.get_many([1, 2], b"zz")) == [b"ab", b"zz"]
    with pytest.raises(ValueError, match="expected 2 bytes"):
        b.get_many([1, 2], b"zzz")
    t = map_class(int, "struct{a int8; b float32}", {1: (1, 2.5)})
    assert rows(t.get_many([1, 2], {"a": 3, "b": 0.5})) == [
        struct.pack("b3xf", 1, 2.5),
        struct.pack("b3xf", 3, 0.5),
    ]
    o = map_class(int, object, {1: "spam"})
    assert o.get_many([1, 2], default=m) == ["spam", m]


def test_out(map_class: Class) -> None:
    m = map_class(int, "int16", {i: -i for i in range(10)})
    for out in (array.array("h", [7] * 3), memoryview(bytearray(6)).cast("h"), (ctypes.c_int16 * 3)()):
        assert m.get_many([3, 1, 2], out=out) is out
        assert list(out) == [-3, -1, -2]
        assert m.get_many([3, 77, 2], 5, out=out) is out
        assert list(out) == [-3, 5, -2]
    for wrong in (
        array.array("h", [0] * 2),
        array.array("h", [0] * 4),
        array.array("H", [0] * 3),
        array.array("b", [0] * 6),
        array.array("i", [0] * 3),
        memoryview(bytes(6)).cast("h"),
        memoryview(bytearray(12)).cast("h")[::2],
        memoryview(bytearray(6)).cast("h", (3, 1)),
        bytearray(6),
        (ctypes.c_int16.__ctype_be__ * 3)(),
        [0, 0, 0],
        5,
    ):
        with pytest.raises(TypeError, match="^out: expected a writable"):
            m.get_many([3, 1, 2], out=wrong)
    b = map_class(int, "[4]byte", {1: b"spam"})
    grid = memoryview(bytearray(8)).cast("B", (2, 4))
    b.get_many([1, 1], out=grid)
    assert grid.tobytes() == b"spamspam"
    for wrong in (array.array("i", [0, 0]), array.array("f", [0, 0]), bytearray(8)):
        with pytest.raises(TypeError, match="^out: expected a writable"):
            b.get_many([1, 1], out=wrong)
    for types in ((int, str), (int, object), (int, None), (object, int)):
        with pytest.raises(TypeError, match="^out: a map.* cannot write its values to an array; call without out=$"):
            map_class(*types).get_many([], out=array.array("q"))


def test_out_among_the_keys(map_class: Class) -> None:
    m = map_class(int, int, {i: i + 1 for i in range(100_000)})
    keys = array.array("q", range(100_000))
    assert m.get_many(keys, out=keys) is keys
    assert keys.tolist() == list(range(1, 100_001))
    with pytest.raises(KeyError) as error:
        m.get_many(keys, out=keys)  # the last is missing, and still known
    assert error.value.args == (100_000,)
    keys = array.array("q", range(100))
    with pytest.raises(ValueError, match="^out: expected an array that shares no memory with the keys; "):
        m.get_many(memoryview(keys)[:50], out=memoryview(keys)[25:75])
    assert keys.tolist() == list(range(100))
    narrow = map_class("int32", "int64", {i: i for i in range(10)})
    room = bytearray(80)
    with pytest.raises(ValueError, match="^out: expected an array that shares no memory with the keys; "):
        narrow.get_many(memoryview(room)[:40].cast("i"), out=memoryview(room).cast("q"))


def test_one_value_for_all(map_class: Class) -> None:
    Point = collections.namedtuple("Point", "a b")
    for value_type, value, seen in (
        ("int", 5, 5),
        ("float", 5, 5.0),
        ("bool", True, True),
        ("string", "text", "text"),
        ("string", "ä" * 50, "ä" * 50),
        ("bytes", b"text", b"text"),
        ("bytes", bytearray(b"text"), b"text"),
        ("[2]byte", b"ab", b"ab"),
        ("[2]byte", bytearray(b"ab"), b"ab"),
        ("[2]byte", memoryview(b"ab"), b"ab"),
        ("struct{a int; b bool}", (1, True), (1, True)),
        ("struct{a int; b bool}", Point(1, True), (1, True)),
        ("struct{a int; b bool}", {"b": True, "a": 1}, (1, True)),
        ("struct{a int; b bool}", collections.UserDict(b=True, a=1), (1, True)),
        ("struct{}", None, None),
        ("any", (1, 2), (1, 2)),
        ("any", "text", "text"),
        ("any", {1: 2}, {1: 2}),
        ("*int", 5, 5),
    ):
        m = map_class(int, value_type)
        m.set_many(range(100), value)
        sound(m, dict.fromkeys(range(100), seen))
    numbers = map_class(int, "uint8")
    numbers.set_many(range(3), b"abc")  # no number is bytes: they come one for each key
    sound(numbers, {0: 97, 1: 98, 2: 99})
    numbers.set_many(range(3), bytearray(b"xyz"))
    sound(numbers, {0: 120, 1: 121, 2: 122})
    with pytest.raises(TypeError, match="^value: expected None"):
        map_class(int, None).set_many([1], [None])
    with pytest.raises(TypeError, match="^value: expected int for type int, got dict"):
        map_class(int, int).set_many([1], {1: 1})


def test_update_takes_arrays_and_names(map_class: Class) -> None:
    m = map_class(str, int)
    m.update(["a", "b"], array.array("q", [1, 2]), c=3)
    sound(m, {"a": 1, "b": 2, "c": 3})
    m.update({"a": 9})
    m.update([("d", 4)], e=5)
    sound(m, {"a": 9, "b": 2, "c": 3, "d": 4, "e": 5})
