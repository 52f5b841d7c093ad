"""Groups: values by key in one array."""

from __future__ import annotations

import array
import gc
import math
import struct
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from array_cases import NUMBERS, as_list, hashable, numbers, rows
from support import Examples

import gomap
from gomap import Groups


def grouped(keys: Any, values: Any) -> dict[Any, list[Any]]:
    model: dict[Any, list[Any]] = defaultdict(list)
    for key, value in zip(keys, values, strict=True):
        model[key].append(value)
    return dict(model)


def same(groups: Groups[Any], model: dict[Any, list[Any]]) -> None:
    assert len(groups) == len(model)
    assert list(groups) == list(model)
    assert as_list(groups.lengths) == [len(values) for values in model.values()]
    assert [(key, as_list(values)) for key, values in groups.items()] == list(model.items())
    offsets = as_list(groups.offsets)
    assert len(offsets) == len(model) + 1
    assert offsets[-1] == len(groups.array)
    for key, values in model.items():
        assert key in groups
        assert as_list(groups[key]) == as_list(groups.get(key)) == values
    assert groups._numbers._check() is None


def test_every_key_type(key_type: str, examples: Examples, results: str) -> None:
    known = [key for key in examples(key_type, 200) if hashable(key)]
    keys = [known[i * i % len(known)] for i in range(1000)]
    groups = gomap.group(keys, key=key_type)
    model = grouped(keys, range(1000))
    same(groups, model)
    if "]byte" in key_type and "struct" not in key_type and "[0]" not in key_type:
        assert rows(groups.keys()) == list(model)
    elif key_type == "uuid":
        assert rows(groups.keys()) == [key.bytes for key in model]
    elif "UTC" in key_type:  # arrays have no zone
        assert [at.replace(tzinfo=UTC) for at in as_list(groups.keys())] == list(model)
    elif "struct" not in key_type:
        assert as_list(groups.keys()) == list(model)
    assert groups.value_type.name == "uint32"
    assert groups.key_type == gomap.types.parse(key_type)


def test_values_that_are_times() -> None:
    start = datetime(2024, 7, 1)
    for value_type, values in (
        ("datetime", [start + timedelta(seconds=i) for i in range(20)]),
        ("date", [start.date() + timedelta(days=i) for i in range(20)]),
        ("timedelta", [timedelta(milliseconds=i) for i in range(20)]),
    ):
        if gomap._arrays.numpy() is None:
            with pytest.raises(TypeError, match="expected a type of fixed size, as arrays hold"):
                gomap.group([i % 3 for i in range(20)], values, key=int, value=value_type)
            continue
        groups = gomap.group([i % 3 for i in range(20)], values, key=int, value=value_type)
        same(groups, grouped([i % 3 for i in range(20)], values))
        gathered, offsets = groups.get_many([2, 7, 0])
        assert gathered.tolist() == values[2::3] + values[::3]
        assert offsets.tolist() == [0, 6, 6, 13]


@pytest.mark.parametrize(
    "value_type", [*NUMBERS, "bool", "[3]byte", "[16]byte", "[129]byte", "struct{a int8; b float64}"]
)
def test_every_value_type(value_type: str, examples: Examples, results: str) -> None:
    known = examples(value_type, 300)
    values = [known[i % len(known)] for i in range(1000)]
    keys = [i * i % 37 for i in range(1000)]
    groups = gomap.group(keys, values, key=int, value=value_type)
    assert groups.value_type == gomap.types.parse(value_type)
    model = grouped(keys, values)
    if value_type.startswith("["):
        assert {key: rows(groups[key]) for key in groups} == model
    elif value_type.startswith("struct"):
        packed = {key: [struct.pack("b7xd", *each) for each in values] for key, values in model.items()}
        assert {key: rows(groups[key]) for key in groups} == packed
    else:
        same(groups, model)


def test_arrays(results: str) -> None:
    keys = array.array("q", [i * i % 1009 for i in range(200_000)])
    values = array.array("d", [i / 2 for i in range(200_000)])
    same(gomap.group(keys), grouped(keys, range(200_000)))
    same(gomap.group(keys, values), grouped(keys, values))
    distinct = numbers(100_000)
    groups = gomap.group(distinct)
    assert as_list(groups.array) == list(range(100_000))
    assert as_list(groups.keys()) == distinct.tolist()
    assert as_list(groups.lengths) == [1] * 100_000


def test_lists_of_text() -> None:
    words = [f"{'aé€𝄞'[i % 4] if i % 300 == 7 else 'w'}{i * i % 501}" for i in range(5000)]
    same(gomap.group(words, key=str), grouped(words, range(5000)))
    same(gomap.group(tuple(words), key=str), grouped(words, range(5000)))
    same(gomap.group(iter(words), key=str), grouped(words, range(5000)))
    for wrong in (b"bytes", 5, None):
        words[4000] = wrong  # type: ignore[call-overload]
        with pytest.raises(TypeError) as caught:
            gomap.group(words, key=str)
        assert str(caught.value) == f"keys[4000]: expected str for type string, got {type(wrong).__name__} {wrong!r}"


def test_none_at_all(results: str) -> None:
    for keys in ([], array.array("q")):
        groups = gomap.group(keys, key=int)
        same(groups, {})
        assert groups.get(1) is None
        assert [len(each) for each in groups.get_many([1, 2])] == [0, 3]


def test_get_and_get_many(results: str) -> None:
    for key_type, keys in ((str, ["b", "a", "b", "c", "a"]), (object, [(1,), "a", (1,), None, "a"])):
        first, second, absent = keys[0], keys[1], "absent"
        groups = gomap.group(keys, [10, 11, 12, 13, 14], key=key_type, value="int16")
        assert absent not in groups
        assert groups.get(absent) is None
        assert groups.get(absent, 5) == 5
        with pytest.raises(KeyError, match="absent"):
            groups[absent]
        values, offsets = groups.get_many([second, absent, first, first])
        assert as_list(values) == [11, 14, 10, 12, 10, 12]
        assert as_list(offsets) == [0, 2, 2, 4, 6]
        assert [as_list(each) for each in groups.get_many([])] == [[], [0]]
    many = array.array("q", [i % 700 for i in range(100_000)])
    groups = gomap.group(many)
    values, offsets = groups.get_many(range(900))
    assert as_list(offsets)[700:] == [100_000] * 201
    for key in (0, 5, 699):
        begin, end = as_list(offsets)[key : key + 2]
        assert as_list(values)[begin:end] == list(range(key, 100_000, 700))
    with pytest.raises(TypeError):
        groups.get_many(["a"])
    with pytest.raises(TypeError):
        groups["a"]


def test_nothing_can_be_changed(results: str) -> None:
    groups = gomap.group([1, 2, 1], [1.5, 2.5, 3.5], key=int, value=float)
    for each in (groups.array, groups.offsets, groups[1], groups.get(2)):
        with pytest.raises((ValueError, TypeError)):
            each[0] = 5
    for name in ("array", "offsets", "lengths", "nbytes", "other"):
        with pytest.raises(AttributeError):
            setattr(groups, name, 5)
    with pytest.raises(TypeError):
        groups[1] = 5  # type: ignore[index]
    same(groups, {1: [1.5, 3.5], 2: [2.5]})


def test_what_was_given_may_change_or_go() -> None:
    keys, values = array.array("q", [5, 6, 5]), array.array("d", [1, 2, 3])
    groups = gomap.group(keys, values)
    slice_of_it = groups[5]
    keys[0], values[0] = 9, 9.0
    same(groups, {5: [1.0, 3.0], 6: [2.0]})
    del groups, keys, values
    gc.collect()
    assert as_list(slice_of_it) == [1.0, 3.0]


def test_nan_is_one_key() -> None:
    groups = gomap.group([math.nan, 1.0, math.nan], key=float)
    assert as_list(groups[math.nan]) == [0, 2]
    assert len(groups) == 2


def test_bytes_are_counted() -> None:
    keys = [f"word {i * i % 5003}" for i in range(50_000)]
    groups = gomap.group(keys, key=str)
    assert groups.nbytes == groups._numbers.nbytes + 4 * (len(groups) + 1) + 4 * len(keys)
    assert groups.__sizeof__() > groups.nbytes
    assert groups.nbytes * 8 < gomap.sizeof(grouped(keys, range(1000, 51_000)))


def test_repr() -> None:
    groups = gomap.group([i % 1200 for i in range(5000)], key=int)
    assert repr(groups) == "<Groups of uint32 by int: 1,200 keys, 5,000 values>"


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        (([1, 2],), TypeError, "keys: expected an array whose type says what its items are, got list"),
        ((array.array("q", [1]), [1]), TypeError, "values: expected an array whose type says what its items are"),
        ((5,), TypeError, "keys: expected an array whose type says"),
        ((array.array("q", [1, 2]), array.array("q", [1])), ValueError, "values: expected 2, one for each key, got 1$"),
    ],
)
def test_refuses(given: Any, error: type[Exception], words: str) -> None:
    with pytest.raises(error, match=f"^{words}"):
        gomap.group(*given)


def test_refuses_types() -> None:
    for value in (str, object, None, "[0]byte", "bytes"):
        with pytest.raises(TypeError, match=r"^values: expected a type of fixed size, as arrays hold, got "):
            gomap.group([1], ["a"], key=int, value=value)
    with pytest.raises(TypeError, match=r"^group: values: expected an array or an iterable for type int, got None$"):
        gomap.group([1], key=int, value=int)
    with pytest.raises(OverflowError, match=r"^values\[1\]: 300 is out of range for uint8"):
        gomap.group([1, 2], [1, 300], key=int, value="uint8")
    with pytest.raises(ValueError, match="unknown type"):
        gomap.group([1], key="unit")
