"""add_many and factorize: counting whole arrays."""

from __future__ import annotations

import array
import math
import struct

import pytest
from array_cases import INTEGERS, limits, sound
from support import Class

from gomap import Map


@pytest.mark.parametrize("name", INTEGERS)
@pytest.mark.parametrize("where", [0, 1, 31, 32, 33, 500, 65_535, 65_536, 70_000])
@pytest.mark.parametrize("upwards", [True, False])
def test_a_sum_that_does_not_fit_changes_nothing(map_class: Class, name: str, where: int, upwards: bool) -> None:
    low, high = limits(name)
    if not upwards and low == 0:
        return  # nothing is added that goes down
    edge, step = (high, 1) if upwards else (low, -1)
    m = map_class(int, name)
    m.update({7: edge - step, -1: 3, -2: 5})
    m.set_many([1_000_000 + i for i in range(50)], 1)
    model = dict(m.items())
    keys = array.array(
        "q",
        [(-1, -2, i % 5000 + 10, i % 3 + 20_000)[i % 4] if i % 1000 else 1_000_000 + i % 50 for i in range(where + 40)],
    )
    by = array.array(INTEGERS[name], bytes(keys.itemsize and array.array(INTEGERS[name]).itemsize * len(keys)))
    for i in range(0, len(by), 3000):
        by[i] = 1
    keys[where], by[where] = 7, step
    m.add_many(keys, by)
    expected = dict(model)
    for key, more in zip(keys, by, strict=True):
        expected[key] = expected.get(key, 0) + more
    sound(m, expected)
    with pytest.raises(OverflowError, match=rf"^add: {edge} \+ {step} for key 7 is out of range for {name}$"):
        m.add_many(keys, by)
    sound(m, expected)
    fresh = map_class(int, name, {7: edge})
    with pytest.raises(OverflowError):
        fresh.add_many(keys, by)
    sound(fresh, {7: edge})


@pytest.mark.parametrize("name", INTEGERS)
def test_a_key_that_overflows_by_itself(map_class: Class, name: str) -> None:
    low, high = limits(name)
    for key, keys in (
        ("int", [1, 2, 1, 3, 1]),
        ("string", ["a", "b", "a", "c", "a"]),
        ("any", ["a", 2, "a", (3,), "a"]),
    ):
        m = map_class(key, name)
        with pytest.raises(OverflowError, match=f"^add: {high // 2 * 2} \\+ {high // 2} "):
            m.add_many(keys, high // 2)
        sound(m, {})
        m.add_many(keys[:3], high // 2)
        sound(m, {keys[0]: high // 2 * 2, keys[1]: high // 2})
        if low:
            m.add_many(keys[:3], low // 2)
            with pytest.raises(OverflowError):
                m.add_many([keys[0]] * 3, [low, low, low])
            sound(m, {keys[0]: high // 2 * 2 + low, keys[1]: high // 2 + low // 2})


def test_nan_keys_are_taken_back_too(map_class: Class) -> None:
    m = map_class(float, "int8", {1.0: 100})
    before = list(m.items())
    for keys in ([math.nan, 2.0, math.nan, 1.0], [1.0, math.nan], [3.0, math.nan, 3.0, 1.0, 1.0]):
        with pytest.raises(OverflowError, match=r"^add: 100 \+ 100 for key 1.0"):
            m.add_many(keys, [100 if key == 1 else 1 for key in keys])
        assert list(m.items()) == before
        assert m._check() is None
    m.add_many([math.nan, 1.0, math.nan], [1, 2, 3])
    assert m[1.0] == 102
    assert sorted(value for key, value in m.items() if key != key) == ([4] if map_class is Map else [1, 3])


def test_add(map_class: Class) -> None:
    for key, name in ((int, 5), (str, "x"), (object, (1,)), ("[2]byte", b"ab")):
        m = map_class(key, "int8")
        assert m.add(name) == 1
        assert m.add(name, 126) == 127
        with pytest.raises(OverflowError, match=r"^add: 127 \+ 1 for key .* is out of range for int8$"):
            m.add(name)
        with pytest.raises(OverflowError, match="^value: 128 is out of range"):
            m.add(name, 128)
        with pytest.raises(TypeError, match="^value: expected int"):
            m.add(name, 1.0)
        assert m.add(name, -127) == 0
        sound(m, {name: 0})
    f = map_class(int, "float32")
    assert f.add(1, 0.1) == struct.unpack("f", struct.pack("f", 0.1))[0]
    assert f.add(1, 1) == f[1]
    f.add_many([1, 1, 2], [1.0, 2.0, math.inf])
    assert f[2] == math.inf
    for value in (bool, str, bytes, object, None, "[8]byte", "struct{a int}"):
        m = map_class(int, value)
        for refused in (lambda: m.add(1), lambda: m.add_many([1])):  # noqa: B023
            with pytest.raises(TypeError, match="^add: expected a map whose values are numbers, got values of type "):
                refused()
