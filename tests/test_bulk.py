"""Whole arrays at a time, with dict and set beside them: arrays in, arrays out, nothing reinterpreted.

Runs with NumPy and without, and what Arrow is needed for where there is pyarrow.
"""

from __future__ import annotations

import array
import ctypes
import itertools
import math
import pickle
import random
import subprocess
import sys
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from array_cases import INTEGERS, NUMBERS, as_list, limits, numbers, rows, sound
from hypothesis import given
from hypothesis import strategies as st

from gomap import GoMap, Map, Set
from gomap import _arrays as arrays
from gomap.types import Kind, parse

Class = Any
Examples = Callable[[str, int], list[Any]]

#: On either side of every window, piece and sample that keys are taken in.
COUNTS = [0, 1, 2, 15, 16, 17, 31, 32, 33, 64, 255, 256, 257, 8191, 8192, 8193, 65535, 65536, 65537, 200_000]

# ---- the same as one by one --------------------------------------------------------------------------


@pytest.mark.parametrize("count", COUNTS)
def test_every_operation_at_every_count(map_class: Class, count: int, results: str) -> None:
    keys, others = numbers(count), numbers(count + 3, seed=2)
    values = array.array("d", [i / 2 for i in range(count)])
    model = dict(zip(keys, values, strict=True))
    m = map_class(int, float)
    iterator = iter(m)
    m.set_many(keys, values)
    sound(m, model)
    assert as_list(m.get_many(keys)) == list(values)
    assert as_list(m.get_many(others, -1.0)) == [-1.0] * len(others)
    assert as_list(m.contains_many(keys)) == [True] * count
    assert as_list(m.contains_many(others)) == [False] * len(others)
    found, held = m.to_arrays()
    assert dict(zip(as_list(found), as_list(held), strict=True)) == model
    m.add_many(keys, 0.5)
    sound(m, {key: value + 0.5 for key, value in model.items()})
    m.update(keys, values)
    sound(m, model)
    assert m.delete_many(others) == 0
    assert m.delete_many(keys[: count // 2]) == count // 2
    assert m.delete_many(keys) == count - count // 2
    sound(m, {})
    if count:
        with pytest.raises(RuntimeError):
            next(iterator)


@pytest.mark.parametrize("count", COUNTS)
def test_sets_and_codes_at_every_count(count: int, results: str) -> None:
    keys = numbers(count)
    twice = keys + keys[::-1]
    s = Set.from_array(twice)
    assert s.key_type.kind is Kind.INT64
    sound(s, set(keys))
    assert as_list(s.isin(twice)) == [True] * (2 * count)
    assert set(as_list(s.to_array())) == set(keys)
    assert Set(int, twice) == s
    s.add_many(numbers(5, seed=3))
    assert s.discard_many(keys) == count
    sound(s, set(numbers(5, seed=3)))
    codes, m = Map.factorize(twice)
    assert as_list(codes) == [*range(count), *reversed(range(count))]
    sound(m, {key: i for i, key in enumerate(keys)})


@pytest.mark.parametrize("value", ["int", "[3]byte", "string", "struct{}", "any"])
def test_every_key_type(map_class: Class, key_type: str, value: str, examples: Examples, results: str) -> None:
    count = 40 if parse(key_type).size > 1000 else 700
    keys = examples(key_type, count)
    rng = random.Random(3)
    given = {
        "int": lambda i: i * 7,
        "[3]byte": lambda i: i.to_bytes(3, "big"),
        "string": lambda i: "x" * (i % 40),
        "struct{}": lambda i: None,
        "any": lambda i: (i,),
    }[value]
    many = [rng.choice(keys) for _ in range(2 * len(keys))]
    values = [given(i) for i in range(len(many))]
    m, model = map_class(key_type, value), dict(zip(many, values, strict=True))
    m.set_many(many, None if value == "struct{}" else values)
    sound(m, model)
    here = [key for key in keys if key in model]
    assert as_list(m.contains_many(keys)) == [key in model for key in keys]
    found = m.get_many(iter(here))
    assert (rows(found) if value == "[3]byte" else as_list(found)) == [model[key] for key in here]
    if len(here) < len(keys) and value != "struct{}":
        filled = m.get_many(keys, default=given(9))
        listed = rows(filled) if value == "[3]byte" else as_list(filled)
        assert listed == [model.get(key, given(9)) for key in keys]
    gone = keys[::2] * 2
    assert m.delete_many(tuple(gone)) == len({key for key in gone if key in model})
    sound(m, {key: model[key] for key in model if key not in set(gone)})
    again = map_class(key_type, value)
    outs = m.to_arrays()
    if parse(key_type).size:
        again.set_many(outs[0], None if value == "struct{}" else outs[1])
        assert again == m
    sound(again, dict(m.items()) if parse(key_type).size else {})


@pytest.mark.parametrize("key", ["int", "[16]byte", "string", "any"])
def test_every_value_type(map_class: Class, key: str, value_type: str, examples: Examples, results: str) -> None:
    keys = {
        "int": list(range(100)),
        "[16]byte": [i.to_bytes(16, "big") for i in range(100)],
        "string": [f"key {i}" * (i % 5) + str(i) for i in range(100)],
        "any": [(i,) for i in range(100)],
    }[key]
    values = list(itertools.islice(itertools.cycle(examples(value_type, 60)), 100))
    nothing = parse(value_type).kind is Kind.NOTHING
    m = map_class(key, value_type)
    m.set_many(keys, None if nothing else values)
    sound(m, dict(zip(keys, values, strict=True)))
    again = map_class(key, value_type)
    got = m.get_many(keys)
    again.set_many(keys, None if nothing else got)
    assert again == m
    m.set_many(keys, values[3 % len(values)])  # one for all
    sound(m, dict.fromkeys(keys, values[3 % len(values)]))
    m.set_many(keys, values[0])
    got = m.get_many([keys[0]] * 3, default=values[0])
    assert len(got) == 3
    sound(again, dict(zip(keys, values, strict=True)))
    assert pickle.loads(pickle.dumps(again)) == again


keys_of = {
    "int8": st.integers(-128, 127),
    "uint16": st.integers(0, 300),
    "int64": st.one_of(st.integers(0, 20), st.integers(-(2**63), 2**63 - 1)),
    "float64": st.floats(allow_nan=False),
    "string": st.text(max_size=20),
    "bytes": st.binary(max_size=20),
    "[2]byte": st.binary(min_size=2, max_size=2),
    "any": st.one_of(st.integers(0, 5), st.text(max_size=2), st.tuples(st.integers(0, 3))),
}


@pytest.mark.parametrize("cls", [Map, GoMap])
@pytest.mark.parametrize("key", keys_of)
@given(data=st.data())
def test_any_sequence_of_operations(cls: Class, key: str, data: st.DataObject) -> None:
    m: Any = cls(key, "int16")
    model: dict[Any, int] = {}
    many = st.lists(keys_of[key], max_size=40)
    for _ in range(data.draw(st.integers(1, 8))):
        operation = data.draw(st.sampled_from(["set", "add", "delete", "get", "held", "one"]))
        keys = data.draw(many)
        if operation == "set":
            values = [data.draw(st.integers(-1000, 1000)) for _ in keys]
            m.set_many(keys, values)
            model.update(zip(keys, values, strict=True))
        elif operation == "add":
            by = data.draw(st.sampled_from([1, -1, 9000, -9000]))
            wanted = dict(model)
            for each in keys:
                wanted[each] = wanted.get(each, 0) + by
                if not -(2**15) <= wanted[each] < 2**15:
                    with pytest.raises(OverflowError, match="^add: "):
                        m.add_many(keys, by)
                    break
            else:
                m.add_many(keys, by)
                model = wanted
        elif operation == "delete":
            assert m.delete_many(keys) == len(set(keys) & set(model))
            model = {each: value for each, value in model.items() if each not in set(keys)}
        elif operation == "get":
            assert as_list(m.get_many(keys, 7)) == [model.get(each, 7) for each in keys]
        elif operation == "held":
            assert as_list(m.contains_many(keys)) == [each in model for each in keys]
        elif keys:
            m.set_many(keys, 5)
            model.update(dict.fromkeys(keys, 5))
        sound(m, model)


# ---- what goes in ------------------------------------------------------------------------------------


def sources(letter: str, items: list[Any]) -> Iterator[Any]:
    """The same numbers in everything that has them."""
    made = array.array(letter, items)
    yield made
    yield memoryview(made)
    yield memoryview(made.tobytes()).cast(letter)
    kind = {
        "b": ctypes.c_int8,
        "h": ctypes.c_int16,
        "i": ctypes.c_int32,
        "q": ctypes.c_int64,
        "B": ctypes.c_uint8,
        "H": ctypes.c_uint16,
        "I": ctypes.c_uint32,
        "Q": ctypes.c_uint64,
        "f": ctypes.c_float,
        "d": ctypes.c_double,
    }[letter]
    yield (kind * len(items))(*items)
    yield list(items)
    yield tuple(items)
    yield (item for item in items)
    yield dict.fromkeys(items)
    spread = array.array(letter, [each for item in items for each in (item, items[0])])
    yield memoryview(spread)[::2]
    yield memoryview(array.array(letter, items[::-1]))[::-1]


@pytest.mark.parametrize("name", NUMBERS)
def test_every_source_of_numbers(map_class: Class, name: str, results: str) -> None:
    items = [1, 5, 3, 0, 100, 127, 64] if name in INTEGERS else [0.5, -1.5, 2.0, 0.0, math.inf, 1e30]
    letter = NUMBERS[name]
    exact = array.array(letter, items).tolist()
    for source in sources(letter, items):
        again = list(source) if isinstance(source, Iterator) else source
        m = map_class(name, name)
        m.set_many(again, exact)
        sound(m, dict(zip(exact, exact, strict=True)))
        assert as_list(m.get_many(again)) == exact
        assert as_list(m.contains_many(again)) == [True] * len(exact)
        if not isinstance(source, dict):
            other = map_class("int", name)
            other.set_many(range(len(exact)), again)
            assert [other[i] for i in range(len(exact))] == exact
        assert m.delete_many(again) == len(exact)


@pytest.mark.parametrize("source", INTEGERS)
@pytest.mark.parametrize("target", INTEGERS)
def test_integers_of_another_width(map_class: Class, source: str, target: str, results: str) -> None:
    low, high = limits(target)
    candidates = {*limits(source), *limits(target), 0, 1, -1, 5, 127, 128, 255, 256, 2**31, 2**63 - 1, 2**63}
    items = sorted(item for item in candidates if limits(source)[0] <= item <= limits(source)[1])
    fitting = [item for item in items if low <= item <= high]
    m = map_class(target, target)
    given = array.array(INTEGERS[source], fitting)
    m.set_many(given, given)
    sound(m, {item: item for item in fitting})
    everything = array.array(INTEGERS[source], items)
    assert as_list(m.contains_many(everything)) == [item in fitting for item in items]
    assert as_list(m.get_many(everything, 3)) == [item if item in fitting else 3 for item in items]
    if len(fitting) < len(items):
        first = next(i for i, item in enumerate(items) if item not in fitting)
        for refused in (lambda: m.set_many(everything, 0), lambda: m.add_many(everything)):
            with pytest.raises(OverflowError, match=rf"^keys\[{first}\]: {items[first]} is out of range"):
                refused()
        with pytest.raises(OverflowError, match=rf"^values\[{first}\]: {items[first]} is out of range"):
            m.set_many([0] * len(items), everything)
        with pytest.raises(KeyError) as missing:
            m.get_many(everything)
        assert missing.value.args[0] == items[first] or str(items[first]) in missing.value.args[0]
        sound(m, {item: item for item in fitting})
        # Deletes what is there, and zero is no stand-in for what cannot be.
        assert m.delete_many(array.array(INTEGERS[source], set(items) - set(fitting))) == 0
    assert m.delete_many(everything) == len(fitting)


@pytest.mark.parametrize("name", ["float32", "float64"])
def test_integers_as_floats(map_class: Class, name: str) -> None:
    bits = 24 if name == "float32" else 53
    exact = [0, 1, -1, 2**bits, -(2**bits), 2**62, -(2**63), 2**63 - 2 ** (63 - bits)]
    m = map_class(name, name)
    given = array.array("q", exact)
    m.set_many(given, given)
    sound(m, {float(item): float(item) for item in exact})
    for item in (2**bits + 1, -(2**bits) - 1, 2**63 - 1):
        with pytest.raises(OverflowError, match=rf"^keys\[1\]: {item} is out of range.*exact"):
            m.set_many(array.array("q", [0, item]), 0.0)
        assert as_list(m.contains_many(array.array("q", [0, item]))) == [True, False]
    high = [2**64 - 2 ** (64 - bits), 2**63]
    m.set_many(array.array("Q", high), 1.0)
    assert all(m[item] == 1.0 for item in high)
    with pytest.raises(OverflowError, match=r"^keys\[0\]: 18446744073709551615 "):
        m.set_many(array.array("Q", [2**64 - 1]), 0.0)
    sound(m, {**{float(item): float(item) for item in exact}, **dict.fromkeys(map(float, high), 1.0)})


def test_floats_of_the_other_width(map_class: Class) -> None:
    m = map_class("float32", "float32")
    given = array.array("d", [0.1, 1e-60, -math.inf, 2.5])
    narrow = array.array("f", given)
    m.set_many(given, given)
    sound(m, dict(zip(narrow, narrow, strict=True)))
    for value in (0.1, 2.5):
        m[value] += 1  # the same keys as one by one
    assert len(m) == 4
    with pytest.raises(OverflowError, match=r"^values\[1\]: 1e\+39 is out of range for float32"):
        m.set_many([1.0, 2.0], array.array("d", [1.0, 1e39]))
    assert as_list(m.contains_many(array.array("d", [1e39, 2.5, math.nan]))) == [False, True, False]
    wide = map_class("float64", "float64")
    wide.set_many(narrow, narrow)
    sound(wide, dict(zip(narrow, narrow, strict=True)))


def test_zeros_and_nans_are_keys_as_ever(map_class: Class) -> None:
    for name, letter, size in (("float32", "f", 4), ("float64", "d", 8)):
        odd_nan = {4: b"\x01\x00\xc0\xff", 8: b"\x01\0\0\0\0\0\xf8\xff"}[size]
        given = array.array(letter, [-0.0, 0.0, math.nan])
        given.frombytes(odd_nan)
        m = map_class(name, int)
        m.set_many(given, [1, 2, 3, 4])
        assert m[0.0] == m[-0.0] == 2
        assert len(m) == (2 if map_class is Map else 3)
        assert as_list(m.contains_many(given)) == [True, True, *[map_class is Map] * 2]
        assert m._check() is None
    codes, m = Map.factorize(array.array("d", [math.nan, -0.0, math.nan, 0.0, 1.0]))
    assert as_list(codes) == [0, 1, 0, 1, 2]


@pytest.mark.parametrize(
    ("types", "letter", "items"),
    [
        (("int", "int"), "d", [1.0]),
        (("int", "int"), "f", [1.0]),
        (("bool", "bool"), "B", [1]),
        (("bool", "bool"), "b", [0]),
        (("string", "string"), "B", [97]),
        (("bytes", "bytes"), "B", [97]),
        (("[4]byte", "[4]byte"), "i", [97]),
        (("[8]byte", "[8]byte"), "d", [97.0]),
        (("struct{a int32}", "struct{a int32}"), "i", [97]),
    ],
)
def test_what_is_never_reinterpreted(map_class: Class, types: tuple[str, str], letter: str, items: list[Any]) -> None:
    m = map_class(*types)
    source = array.array(letter, items)
    for refused in (
        lambda: m.set_many(source, [m.setdefault]),
        lambda: m.get_many(source),
        lambda: m.contains_many(source),
        lambda: m.delete_many(source),
    ):
        with pytest.raises(TypeError, match="^keys: expected an array whose items fit type "):
            refused()
    other = map_class(int, types[1])
    with pytest.raises(TypeError, match="^values: expected an array whose items fit type "):
        other.set_many([1], source)
    sound(m, {})
    sound(other, {})


def test_bools(map_class: Class, results: str) -> None:
    m = map_class(bool, bool)
    # A byte that is neither 0 nor 1 is true, and not a third key.
    source = memoryview(b"\x00\x01\x02\xff").cast("?")
    m.set_many(source, source)
    sound(m, {False: False, True: True})
    assert as_list(m.get_many(source)) == [False, True, True, True]
    assert pickle.loads(pickle.dumps(m)) == m
    for source in (memoryview(b"\x00\x01").cast("?"), (ctypes.c_bool * 2)(True, False), [True, False]):
        with pytest.raises(TypeError):
            map_class("uint8", int).set_many(source, 1)
        with pytest.raises(TypeError):
            map_class(float, int).set_many(source, 1)


def test_other_byte_orders(map_class: Class) -> None:
    class Turned(ctypes.BigEndianStructure):
        _fields_ = [("x", ctypes.c_int16)]

    turned = (ctypes.c_int32.__ctype_be__ * 3)(1, -2, 2**31 - 1)
    assert memoryview(turned).format == ">i"
    m = map_class(int, "int32")
    m.set_many(turned, turned)
    sound(m, {1: 1, -2: -2, 2**31 - 1: 2**31 - 1})
    small = map_class("int8", int)
    with pytest.raises(OverflowError, match=r"^keys\[2\]: 2147483647 is out of range for int8"):
        small.set_many(turned, 1)
    assert as_list(small.contains_many(turned)) == [False] * 3
    with pytest.raises(TypeError):
        m.set_many((Turned * 2)(), 1)
    floats = map_class("float64", int)
    floats.set_many((ctypes.c_double.__ctype_be__ * 2)(1.5, -0.25), 1)
    sound(floats, {1.5: 1, -0.25: 1})


def test_arrays_of_more_dimensions_are_refused(map_class: Class) -> None:
    m = map_class(int, int)
    flat = memoryview(array.array("q", range(6)))
    for shape in ((2, 3), (6, 1), (1, 6)):
        source = flat.cast("B").cast("q", shape)
        with pytest.raises(TypeError, match="^keys: .*2 dimensions"):
            m.set_many(source, 1)
        with pytest.raises(TypeError, match="^values: .*2 dimensions"):
            m.set_many([1] * 6, source)
    nothing = memoryview(array.array("q", [5])).cast("B").cast("q", ())
    with pytest.raises(TypeError):
        m.contains_many(nothing)
    sound(m, {})


def test_rows_of_bytes(map_class: Class, results: str) -> None:
    raw = bytes(range(64))
    grid = memoryview(raw).cast("B", (16, 4))
    keys = [raw[i : i + 4] for i in range(0, 64, 4)]
    m = map_class("[4]byte", int)
    m.set_many(grid, range(16))
    sound(m, {key: i for i, key in enumerate(keys)})
    assert as_list(m.get_many(grid)) == list(range(16))
    back = map_class(int, "[4]byte")
    back.set_many(range(16), grid)
    assert rows(back.get_many(range(16))) == keys
    with pytest.raises(TypeError, match="2 dimensions"):
        map_class("[8]byte", int).set_many(grid, 1)
    with pytest.raises(TypeError, match="^keys: "):
        map_class("[64]byte", int).set_many(memoryview(raw), 1)
    one = map_class("[1]byte", int)
    one.set_many(raw, 1)
    sound(one, {bytes([i]): 1 for i in raw})
    if map_class is Map:
        assert Map.from_arrays(grid, array.array("q", range(16))) == m


def test_strings(map_class: Class) -> None:
    texts = ["", "a", "text", "\0inside\0", "ä", "日本", "\U0001f600", "\udc80", "x" * 300, "ä" * 300]
    m = map_class(str, str)
    m.set_many(texts, texts[::-1])
    sound(m, dict(zip(texts, texts[::-1], strict=True)))
    assert m.get_many(texts) == texts[::-1]
    assert m.get_many(["none", "a"], default=None) == [None, m["a"]]
    assert as_list(m.contains_many([*texts, "none"])) == [True] * len(texts) + [False]
    b = map_class(bytes, bytes)
    items = [text.encode("utf-8", "surrogatepass") for text in texts]
    b.set_many([bytearray(item) for item in items], [memoryview(item) for item in items])
    sound(b, dict(zip(items, items, strict=True)))
    b.set_many(items, b"one")  # one for all
    sound(b, dict.fromkeys(items, b"one"))
    b.set_many(items, memoryview(b"two"))
    sound(b, dict.fromkeys(items, b"two"))
    with pytest.raises(TypeError, match=r"^keys\[1\]: expected str for type string, got bytes b'b'"):
        m.set_many(["a", b"b"], "x")
    for keys in ("abc", b"abc", bytearray(b"abc")):
        with pytest.raises(TypeError, match="^keys: expected an array, a list"):
            (m if isinstance(keys, str) else b).contains_many(keys)
    with pytest.raises(TypeError, match="^keys: expected an array, a list"):
        m.set_many(5, "x")
    assert m.delete_many(texts[::2]) == 5


# ---- classes of one's own ----------------------------------------------------------------------------


def test_subclasses() -> None:
    class Counts(Map[Any, Any]):
        def __init__(self, key: Any = int, value: Any = int, items: Any = None) -> None:
            super().__init__(key, "int8" if value == "int64" else value, items)

    with pytest.raises(TypeError, match="^factorize: expected a map with values of type int64, got map"):
        Counts.factorize(array.array("q", [1, 2]))
    made = Counts.from_arrays(array.array("q", [1, 2]), array.array("d", [1, 2]))
    assert type(made) is Counts
    sound(made, {1: 1.0, 2: 2.0})
    assert type(Map.from_arrays([1], ["a"], key=int, value=str)) is Map
    sound(Map[int, float].from_arrays([1], [2]), {1: 2.0})
    sound(GoMap["[2]byte", int].from_arrays([b"ab"], 5), {b"ab": 5})
    sound(Set["uint8"].from_array([1, 2]), {1, 2})
    codes, m = Map[str, int].factorize(["b", "a", "b"])
    assert as_list(codes) == [0, 1, 0]
    sound(m, {"b": 0, "a": 1})


def test_types_that_arrays_say(map_class: Class) -> None:
    for name, letter in NUMBERS.items():
        m = map_class.from_arrays(array.array(letter, [1]), array.array(letter, [2]))
        assert (m.key_type, m.value_type) == (parse(name), parse(name))
        assert Set.from_array(array.array(letter, [1])).key_type == parse(name)
        assert Map.factorize(array.array(letter, [1, 1]))[1].key_type == parse(name)
    assert map_class.from_arrays(b"ab", memoryview(b"\0\1").cast("?")) == {97: False, 98: True}
    for nothing in ([1], (1,), iter([1]), {1}, "text"):
        with pytest.raises(TypeError, match="^keys: expected an array whose type says"):
            map_class.from_arrays(nothing, array.array("q", [1]))
        with pytest.raises(TypeError, match="^values: expected an array whose type says"):
            map_class.from_arrays(array.array("q", [1]), nothing)
        with pytest.raises(TypeError, match="^keys: expected an array whose type says"):
            Set.from_array(nothing)


def test_a_map_not_made_yet(map_class: Class) -> None:
    m = map_class.__new__(map_class)
    for call in (
        lambda: m.get_many([1]),
        lambda: m.contains_many([1]),
        lambda: m.set_many([1], 1),
        lambda: m.add(1),
        lambda: m.add_many([1]),
        lambda: m.delete_many([1]),
        lambda: m.to_arrays(),
        lambda: m.update([1], [1]),
    ):
        with pytest.raises(ValueError, match="has not been called"):
            call()


def test_results_without_numpy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrays, "numpy", lambda: None)
    m = Map("uint16", "float32", {1: 0.5, 2: 1.5})
    keys, values = m.to_arrays()
    assert (type(keys), keys.format, values.format) == (memoryview, "H", "f")
    assert m.contains_many([1, 5]).format == "?"
    assert Map.factorize([5, 6], key=int)[0].tolist() == [0, 1]
    b = Map("[2]byte", "struct{a int8; b int16}", {b"ab": (1, 2)})
    keys, values = b.to_arrays()
    assert (keys.shape, values.shape) == ((1, 2), (1, 4))
    assert values.tobytes() == b"\x01\0\x02\0"
    assert Map.from_arrays(keys, values, key="[2]byte", value="struct{a int8; b int16}") == b
    dirty = memoryview(bytes([1, 77, 2, 0])).cast("B", (1, 4))
    b.set_many([b"xy"], dirty)  # the padding is ours
    assert pickle.loads(pickle.dumps(b)) == b
    with pytest.raises(ImportError, match="NumPy is not installed"):
        arrays.dtype_of(parse(int))


def test_numpy_that_cannot_be_imported() -> None:
    code = """
import sys
sys.modules["numpy"] = None
import array
from gomap import Map, Set, GoMap
for cls in (Map, GoMap):
    m = cls.from_arrays(array.array("q", [1, 2]), array.array("d", [0.5, 1.5]))
    assert type(m.get_many([1])) is memoryview and m.get_many([2, 3], 9.0).tolist() == [1.5, 9.0]
    assert sorted(m.to_arrays()[0].tolist()) == [1, 2]
assert Set(int, [3]).isin([1, 3]).tolist() == [False, True]
assert Map("struct{a int}", int, {(1,): 2}).get_many([(1,)]).tolist() == [2]
assert Map("[0]byte", "[0]byte", {b"": b""}).to_arrays() == ([b""], [b""])
"""
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)
