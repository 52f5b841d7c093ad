"""Operations over whole maps: merging, the larger and the smaller, the most common, deleting by a predicate, codes."""

from __future__ import annotations

import array
import math
import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from array_cases import INTEGERS, NUMBERS, as_list, hashable, limits, numbers, rows, sound
from conftest import Thing
from support import Class, Examples, FewHashes, failing, in_turn, refused

from gomap import GoMap, Map

NUMERIC_KEYS = [*NUMBERS, "string", "bytes", "[3]byte", "[16]byte", "[129]byte", "any", "struct{a int16; b float64}"]


# ---- the larger and the smaller ----------------------------------------------------------------------------


@pytest.mark.parametrize("key_type", NUMERIC_KEYS)
@pytest.mark.parametrize("name", NUMBERS)
def test_max_and_min(map_class: Class, key_type: str, name: str, examples: Examples) -> None:
    keys = examples(key_type, 40)
    values = examples(name, 23)
    for method, pick in (("max_many", max), ("min_many", min)):
        m = map_class(key_type, name)
        model: dict[Any, Any] = {}
        for turn in range(3):
            many = [keys[(i * i + turn) % len(keys)] for i in range(500)]
            come = [values[(i * 7 + turn) % len(values)] for i in range(500)]
            getattr(m, method)(many, come)
            for key, value in zip(many, come, strict=True):
                model[key] = pick(model[key], value) if key in model else value
            sound(m, model)
        getattr(m, method)(many, values[3])
        for key in many:
            model[key] = pick(model[key], values[3])
        sound(m, model)


@pytest.mark.parametrize("name", ["float32", "float64"])
@pytest.mark.parametrize("key_type", ["int", "any"])
def test_nan_gives_way_to_numbers(map_class: Class, name: str, key_type: str) -> None:
    for method in ("max_many", "min_many"):
        m = map_class(key_type, name, {1: 5.0, 2: math.nan})
        getattr(m, method)([1, 2, 3, 3, 4, 4, 5], [math.nan, -math.inf, math.nan, 7.0, 8.0, math.nan, math.nan])
        assert math.isnan(m.pop(5))
        sound(m, {1: 5.0, 2: -math.inf, 3: 7.0, 4: 8.0})
    m = map_class(key_type, name, {1: -0.0})
    m.max_many([1], 0.0)
    assert math.copysign(1, m[1]) == 1
    m.min_many([1], -0.0)
    assert math.copysign(1, m[1]) == -1


def test_max_of_arrays(map_class: Class) -> None:
    keys, values = numbers(200_000), array.array("q", range(200_000))
    keys[100_000:] = keys[:100_000]
    m = map_class(int, int)
    m.max_many(keys, values)
    sound(m, dict(zip(keys, values, strict=True)))
    m.min_many(keys, values)
    sound(m, dict(zip(keys, values[:100_000], strict=False)))


@pytest.mark.parametrize("method", ["max_many", "min_many"])
def test_max_refuses(map_class: Class, method: str) -> None:
    for value in (bool, str, bytes, object, None, "[8]byte", "struct{a int}"):
        m = map_class(int, value)
        with refused(
            m,
            TypeError,
            f"{method}: expected a map whose values are numbers or times, got values of type {m.value_type}",
        ):
            getattr(m, method)([1], 1)
    m = map_class(int, "int8", {1: 1})
    with refused(m, OverflowError, "values[1]: 128 is out of range for int8 (-128 to 127)"):
        getattr(m, method)([1, 2], [100, 128])
    with refused(m, ValueError, "values: expected 2, one for each key, got 1"):
        getattr(m, method)([1, 2], [100])
    o = map_class(object, int, {"a": 1})
    with refused(o, TypeError, "unhashable type: 'list'"):
        getattr(o, method)(["a", []], 5)


def test_max_without_memory(map_class: Class) -> None:
    keys = [f"{i:030}" for i in range(1500)]
    for key_type in (str, object):
        for allocations in range(40):
            m = map_class(key_type, int, {keys[1]: 5})
            try:
                with failing(allocations):
                    m.max_many(keys, 3)
                done = len(keys)
            except MemoryError as raised:
                done = vars(raised)["done"]
            sound(m, {keys[1]: 5} | {key: 3 for key in keys[:done] if key != keys[1]})


# ---- merging -----------------------------------------------------------------------------------------------


def combined(how: str, mine: Any, other: Any) -> Any:
    return (
        {"last": other, "first": mine}[how] if how in ("last", "first") else {"max": max, "min": min}[how](mine, other)
    )


@pytest.mark.parametrize("how", ["last", "first"])
@pytest.mark.parametrize("source_class", [Map, GoMap])
def test_merge_every_key_type(
    map_class: Class, source_class: Class, how: str, key_type: str, examples: Examples
) -> None:
    keys = [key for key in examples(key_type, 300) if hashable(key)]
    for value_type in ("int", "string", "[3]byte", "*any"):
        values = examples(value_type, 50)
        mine = {key: values[i % len(values)] for i, key in enumerate(keys[: 2 * len(keys) // 3 + 1])}
        other = {key: values[i * 3 % len(values)] for i, key in enumerate(keys[len(keys) // 3 :])}
        m, source = map_class(key_type, value_type, mine), source_class(key_type, value_type, other)
        m.merge(source, how)
        sound(m, mine | other if how == "last" else other | mine)
        sound(source, other)
        empty = map_class(key_type, value_type)
        empty.merge(source, how=how)
        sound(empty, other)
        m.merge(map_class(key_type, value_type), how)
        m.merge(m, how)
        sound(m, mine | other if how == "last" else other | mine)


@pytest.mark.parametrize("how", ["last", "first"])
def test_merge_every_value_type(map_class: Class, how: str, value_type: str, examples: Examples) -> None:
    values = examples(value_type, 60)
    mine = {i: values[i % len(values)] for i in range(200)}
    other = {i: values[i * 7 % len(values)] for i in range(100, 300)}
    m = map_class(int, value_type, mine)
    m.merge(map_class(int, value_type, other), how)
    sound(m, mine | other if how == "last" else other | mine)


@pytest.mark.parametrize("how", ["add", "max", "min"])
@pytest.mark.parametrize("name", NUMBERS)
def test_merge_numbers(map_class: Class, how: str, name: str) -> None:
    for key_type in ("int", "string", "any", "float64"):
        keys = [str(i) if key_type == "string" else i for i in range(3000)]
        mine = {key: i % 20 for i, key in enumerate(keys[:2000])}
        other = {key: i * 3 % 20 for i, key in enumerate(keys[1000:])}
        m = map_class(key_type, name, mine)
        m.merge(map_class(key_type, name, other), how)
        expected = dict(mine)
        for key, value in other.items():
            expected[key] = value + mine.get(key, 0) if how == "add" else combined(how, mine.get(key, value), value)
        sound(m, expected)
        m.merge(m, how)
        sound(m, {key: 2 * value for key, value in expected.items()} if how == "add" else expected)


@pytest.mark.parametrize("name", INTEGERS)
def test_merge_whose_sum_does_not_fit_changes_nothing(map_class: Class, name: str) -> None:
    low, high = limits(name)
    for key_type, keys in (("int", range(5000)), ("string", map(str, range(5000))), ("any", range(500))):
        listed = list(keys)
        m = map_class(key_type, name, dict.fromkeys(listed[:100], 1) | {listed[50]: high})
        source = map_class(key_type, name, dict.fromkeys(listed, 1))
        before = dict(m.items())
        with pytest.raises(OverflowError) as caught:
            m.merge(source, "add")
        assert str(caught.value) == f"add: {high} + 1 for key {listed[50]!r} is out of range for {name}"
        sound(m, before)
        m[listed[50]] = high - 1
        m.merge(source, "add")
        sound(m, dict.fromkeys(listed, 1) | dict.fromkeys(listed[:100], 2) | {listed[50]: high})
        if low:
            m[listed[50]] = low
            source[listed[50]] = -1
            with pytest.raises(OverflowError, match=f"^add: {low} \\+ -1 for key"):
                m.merge(source, "add")
            assert m[listed[50]] == low


def test_merge_nan_keys(map_class: Class) -> None:
    for how in ("last", "first", "add", "max", "min"):
        m, source = map_class(float, int, {math.nan: 1, 1.0: 1}), map_class(float, int, {math.nan: 2, 1.0: 2})
        m.merge(source, how)
        assert m[1.0] == {"last": 2, "first": 1, "add": 3, "max": 2, "min": 1}[how]
        assert len(m) == (2 if map_class is Map else 3)
        assert m._check() is None


def test_merge_refuses(map_class: Class) -> None:
    m = map_class(int, str, {1: "a"})
    with refused(m, ValueError, "merge: how: expected 'last', 'first', 'add', 'max' or 'min', got 'sum'"):
        m.merge(m, "sum")
    with refused(m, ValueError, "merge: how: expected 'last', 'first', 'add', 'max' or 'min', got ['last']"):
        m.merge(m, ["last"])
    with refused(
        m, TypeError, "merge: expected a map of the same types, got dict {1: 'b'}; update() takes any mapping"
    ):
        m.merge({1: "b"})
    with refused(m, TypeError, "merge: expected a map[int]string, got a map[int]int; update() converts"):
        m.merge(map_class(int, int))
    for how, those in (("add", "numbers"), ("max", "numbers or times"), ("min", "numbers or times")):
        with refused(m, TypeError, f"merge: expected a map whose values are {those}, got values of type string"):
            m.merge(map_class(int, str), how)


def test_merge_ends_iterators_of_the_target_alone(map_class: Class) -> None:
    m, source = map_class(int, int, {1: 1, 2: 2}), map_class(int, int, {1: 1, 2: 2})
    mine, other = iter(m), iter(source)
    next(mine)
    next(other)
    m.merge(source)
    next(other)
    with pytest.raises(RuntimeError, match="inserted"):
        next(mine)


@pytest.mark.parametrize("how", ["last", "first", "add", "max", "min"])
def test_merge_without_memory(map_class: Class, how: str) -> None:
    for key_type in ("int", "string"):
        make = str if key_type == "int" else (lambda i: f"{i:040}")
        keys = [int(make(i)) if key_type == "int" else make(i) for i in range(2000)]
        source = map_class(key_type, int, {key: i for i, key in enumerate(keys)})
        for allocations in range(30):
            m = map_class(key_type, int, {keys[5]: 1000})
            try:
                with failing(allocations):
                    m.merge(source, how)
            except MemoryError as raised:
                done = vars(raised)["done"]
            else:
                done = len(source)
            assert len(m) in (done, done + 1)
            assert m._check() is None
            assert source._check() is None
            assert all(m[key] in (source[key], 1000, 1005, 5) for key in m)


# ---- the most common ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NUMBERS)
@pytest.mark.parametrize("key_type", ["int", "string", "any", "[129]byte", "struct{a int16; b float64}"])
def test_most_common(map_class: Class, name: str, key_type: str, examples: Examples) -> None:
    keys = examples(key_type, 500)
    values = examples(name, 100)
    model = {key: values[i * i % len(values)] for i, key in enumerate(keys)}
    m = map_class(key_type, name, model)
    model = dict(m.items())  # as float32 has them
    for n in (None, 0, -1, 1, 2, 10, 499, 500, 501, 10**30):
        got = m.most_common(n)
        expected = Counter(model).most_common(None if n is None else max(-1, min(n, 1000)))
        assert [value for _, value in got] == [value for _, value in expected]
        assert len({id(key) if key_type == "any" else key for key, _ in got}) == len(got)
        assert all(model[key] == value and type(value) is type(model[key]) for key, value in got)
    assert m._check() is None


def test_most_common_of_many(map_class: Class) -> None:
    counts = map_class(int, "uint32")
    ids = array.array("q", [i * i % 100_003 for i in range(300_000)])
    counts.add_many(ids)
    for n in (1, 10, 70_000, None):
        got = counts.most_common(n)
        assert [value for _, value in got] == [value for _, value in Counter(ids).most_common(n)]
    assert map_class(int, int).most_common(5) == []


def test_most_common_puts_nan_last(map_class: Class) -> None:
    m = map_class(int, float, {1: math.nan, 2: -math.inf, 3: 1.0, 4: math.inf, 5: -0.0})
    assert [key for key, _ in m.most_common()] == [4, 3, 5, 2, 1]
    assert [key for key, _ in m.most_common(2)] == [4, 3]


def test_most_common_refuses(map_class: Class) -> None:
    m = map_class(int, int, {1: 1})
    for wrong in ("2", 1.0, True):
        with refused(m, TypeError, f"most_common: expected int or None, got {type(wrong).__name__} {wrong!r}"):
            m.most_common(wrong)
    for value in (bool, str, object, None):
        m = map_class(int, value)
        with refused(
            m, TypeError, f"most_common: expected a map whose values are numbers, got values of type {m.value_type}"
        ):
            m.most_common(1)


# ---- deleting by a predicate -------------------------------------------------------------------------------


def test_delete_where_every_key_type(map_class: Class, key_type: str, examples: Examples) -> None:
    keys = [key for key in examples(key_type, 400) if hashable(key)]
    for value_type in ("int", "string", "any", "[9000]byte"):
        values = examples(value_type, 50)
        if value_type == "[9000]byte":
            keys = keys[:40]
        model = {key: values[i % len(values)] for i, key in enumerate(keys)}
        m = map_class(key_type, value_type, model)
        gone = set(range(0, len(keys), 3))
        by_id = {i: repr(key) for i, key in enumerate(keys)}
        chosen = {by_id[i] for i in gone}
        seen = 0

        def predicate(some_keys: Any, some_values: Any) -> list[bool]:
            nonlocal seen
            assert len(some_keys) == len(some_values)
            seen += len(some_keys)
            return [flags.pop(0) for _ in range(len(some_keys))]  # noqa: B023

        order = list(m)
        flags = [repr(key) in chosen for key in order]
        expected = {key: value for key, value in model.items() if repr(key) not in chosen}
        assert m.delete_where(predicate) == len(model) - len(expected)
        assert seen == len(model)
        # An iteration of a GoMap begins anywhere, so there only how many went is known.
        if map_class is Map:
            sound(m, expected)
        assert len(m) == len(expected)
        assert m._check() is None


@pytest.mark.parametrize("pair_of_types", [("int", "int"), ("string", "int"), ("[129]byte", "float64"), ("any", "any")])
def test_delete_where_by_content(map_class: Class, pair_of_types: tuple[str, str], results: str) -> None:
    key_type, value_type = pair_of_types
    make: dict[str, Callable[[int], Any]] = {
        "int": int,
        "string": lambda i: f"{i}," * (i % 9 + 1),
        "[129]byte": lambda i: i.to_bytes(129, "little"),
        "any": FewHashes,
    }
    count = 400 if key_type == "any" else 150_000 if key_type == "int" else 70_000
    model = {make[key_type](i): i % 100 for i in range(count)}
    m = map_class(key_type, value_type, model)
    pieces = []

    def small(keys: Any, values: Any) -> Any:
        pieces.append(len(keys))
        return [value < 30 for value in as_list(values)]

    assert m.delete_where(small) == len([v for v in model.values() if v < 30])
    assert sum(pieces) == count
    assert max(pieces) <= 65_536
    sound(m, {key: value for key, value in model.items() if value >= 30})
    assert m.delete_where(lambda keys, values: [False] * len(keys)) == 0
    assert m.delete_where(lambda keys, values: [True] * len(keys)) == len([v for v in model.values() if v >= 30])
    sound(m, {})
    assert m.delete_where(lambda keys, values: 1 / 0) == 0  # is not called


def test_delete_where_shrinks() -> None:
    m = Map(int, int, {i: i for i in range(100_000)})
    held = m.nbytes
    m.delete_where(lambda keys, values: [key >= 1000 for key in as_list(keys)])
    assert m.nbytes < held / 30
    sound(m, {i: i for i in range(1000)})


def test_delete_where_frees_objects(map_class: Class) -> None:
    import gc
    import weakref

    class Freed:
        pass

    kept, values = [], [Freed() for _ in range(10)]
    kept = [weakref.ref(value) for value in values]
    m = map_class(object, object, {(i, "key"): value for i, value in enumerate(values)})
    del values
    assert m.delete_where(lambda keys, values: [key[0] % 2 == 0 for key in keys]) == 5
    gc.collect()
    assert [ref() is None for ref in kept] == [True, False] * 5
    assert m._check() is None


def test_delete_where_that_raises_changes_nothing(map_class: Class) -> None:
    m = map_class(int, int, {i: i for i in range(100_000)})
    calls = 0

    def raising(keys: Any, values: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == 2:
            raise KeyboardInterrupt
        return [True] * len(keys)

    before = dict(m.items())
    with pytest.raises(KeyboardInterrupt):
        m.delete_where(raising)
    sound(m, before)
    m[1] = 5  # nobody reads from it any more
    for wrong, error, words in (
        (lambda keys, values: [True], ValueError, "mask: expected 65536, one for each entry, got 1"),
        (
            lambda keys, values: None,
            TypeError,
            "mask: expected an array, a list or another iterable, got NoneType None",
        ),
        (lambda keys, values: [1] * len(keys), TypeError, "mask[0]: expected bool for type bool, got int 1"),
        (
            lambda keys, values: array.array("q", [1]) * len(keys),
            TypeError,
            "mask: expected an array whose items fit type bool, got int64",
        ),
        (5, TypeError, "delete_where: expected a function of keys and values, got int 5"),
        (lambda keys: keys, TypeError, None),
    ):
        if words is None:
            with pytest.raises(error):
                m.delete_where(wrong)
        else:
            with refused(m, error, words):
                m.delete_where(wrong)


def test_the_predicate_must_not_write(map_class: Class) -> None:
    for types in ((int, int), (object, object)):
        m = map_class(*types, {i: i for i in range(10)})
        refusals = []

        def predicate(keys: Any, values: Any) -> list[bool]:
            assert 5 in m  # noqa: B023
            assert len(dict(m)) == 10  # noqa: B023
            for write in (
                lambda: m.update({1: 2}),  # noqa: B023
                lambda: m.pop(1),  # noqa: B023
                lambda: m.clear(),  # noqa: B023
                lambda: m.set_many([1], 2),  # noqa: B023
                lambda: m.delete_where(lambda keys, values: [True] * len(keys)),  # noqa: B023
            ):
                with pytest.raises(RuntimeError, match="^concurrent map read and map write$") as caught:
                    write()
                refusals.append(caught.value)  # noqa: B023
            return [key == 5 for key in keys]

        assert m.delete_where(predicate) == 1
        assert len(refusals) == 5
        sound(m, {i: i for i in range(10) if i != 5})


def test_the_arrays_are_the_predicates_own(map_class: Class) -> None:
    m = map_class(int, int, {i: i for i in range(10)})

    def predicate(keys: Any, values: Any) -> list[bool]:
        chosen = [key == 5 for key in as_list(keys)]
        for i in range(len(keys)):
            keys[i] = values[i] = 7
        return chosen

    assert m.delete_where(predicate) == 1
    sound(m, {i: i for i in range(10) if i != 5})


def test_delete_where_ends_iterators(map_class: Class) -> None:
    for types in ((int, int), (object, int)):
        m = map_class(*types, {i: i for i in range(1000)})
        older, newer = iter(m), []
        next(older)

        def predicate(keys: Any, values: Any) -> list[bool]:
            newer.append(iter(m))  # noqa: B023
            next(newer[-1])  # noqa: B023
            return [value % 2 == 1 for value in as_list(values)]

        assert m.delete_where(predicate) == 500
        for each in (older, *newer):
            with pytest.raises(
                RuntimeError, match="all its entries were moved or overwritten; iterate over a copy instead"
            ):
                next(each)
        sound(m, {i: i for i in range(0, 1000, 2)})
        again = iter(m)
        del m[0], older, newer[:]
        assert len({*again}) >= 499
        sound(m, {i: i for i in range(2, 1000, 2)})


def test_nan_keys_are_chosen(map_class: Class) -> None:
    m = map_class(float, int, {math.nan: 1, 2.0: 2})
    went = m.delete_where(lambda keys, values: [True] * len(keys))
    assert went == (2 if map_class is Map else 1)  # Go's cannot be looked up, and stay
    assert len(m) == (0 if map_class is Map else 1)
    assert m._check() is None


# ---- codes -------------------------------------------------------------------------------------------------


def test_encode_and_decode_every_key_type(map_class: Class, key_type: str, examples: Examples, results: str) -> None:
    keys = [key for key in examples(key_type, 300) if hashable(key)]
    m = map_class(key_type, int)
    model: dict[Any, int] = {}
    for turn in range(3):
        many = [keys[(i * i + 31 * turn) % len(keys)] for i in range(400)]
        expected = [model.setdefault(key, len(model)) for key in many]
        assert as_list(m.encode(many)) == expected
        sound(m, model)
    uniques = as_list(m.uniques())
    decoded = as_list(m.decode([3 % len(model), 0, len(model) - 1, 0]))
    if "struct" in key_type or "UTC" in key_type or key_type == "uuid":  # arrays have no zone, and rows of bytes
        assert len(uniques) == len(model)
        if not isinstance(m.uniques(), memoryview):  # of which the rows are bytes
            assert as_list(m.encode(m.uniques())) == list(range(len(model)))
    elif "]byte" in key_type and "[0]" not in key_type:
        assert rows(m.uniques()) == list(model)
        assert rows(m.decode([len(model) - 1, 0]))[0] == list(model)[-1]
    else:
        ordered = list(model)
        assert uniques == ordered
        assert decoded == [ordered[3 % len(model)], ordered[0], ordered[-1], ordered[0]]
    assert len(m.decode([])) == 0
    assert m._check() is None


def test_codes_of_arrays(map_class: Class) -> None:
    keys = numbers(150_000)
    keys[100_000:] = keys[:50_000]
    m = map_class(int, int)
    m.encode(keys[:60_000])
    assert as_list(m.encode(keys)) == [*range(100_000), *range(50_000)]
    assert as_list(m.uniques()) == keys[:100_000].tolist()
    codes = array.array("i", [99_999, 0, 5] * 30_000)
    assert as_list(m.decode(codes)) == [keys[99_999], keys[0], keys[5]] * 30_000
    assert m._check() is None
    again, made = Map.factorize(keys)
    assert as_list(again) == as_list(m.encode(keys))
    assert as_list(made.uniques()) == as_list(m.uniques())


def test_codes_of_an_empty_map(map_class: Class) -> None:
    for key_type in (int, str, object):
        m = map_class(key_type, int)
        assert len(m.uniques()) == 0
        assert len(m.decode([])) == 0
        assert len(m.encode([])) == 0
        with refused(m, IndexError, "codes[0]: 0 is no code of the map: the map has none"):
            m.decode([0])


def test_codes_out_of_range(map_class: Class) -> None:
    for key_type, keys in ((int, [7, 8]), (str, ["a", "b"]), (object, [(1,), "b"])):
        m = map_class(key_type, int)
        m.encode(keys)
        for wrong in (2, -1, 2**62):
            with refused(m, IndexError, f"codes[3]: {wrong} is no code of the map: codes are 0 to 1"):
                m.decode([0, 1, 0, wrong, 0])
        with refused(m, TypeError, "codes[0]: expected int for type int, got str 'a'"):
            m.decode(["a"])
        with refused(m, TypeError, "codes: expected an array whose items fit type int, got float64"):
            m.decode(array.array("d", [1]))
        long = array.array("q", [0, 1]) * 70_000
        long[100_001] = 5
        with refused(m, IndexError, "codes[100001]: 5 is no code of the map: codes are 0 to 1"):
            m.decode(long)


WRONG = "expected a code: the values 0 to len - 1, each once"


def test_values_that_are_no_codes(map_class: Class) -> None:
    for key_type, keys in (
        (int, [7, 8, 9]),
        (float, [7.0, 8.0, 9.0]),
        (str, ["a", "b", "c" * 50]),
        (object, [(1,), "b", 3]),
    ):
        for values, bad in (([0, 1, 5], 2), ([0, -1, 2], 1), ([0, 1, 2**40], 2)):
            m = map_class(key_type, int, dict(zip(keys, values, strict=True)))
            words = f"key {keys[bad]!r} has the value {values[bad]}, {WRONG}"
            for operation in (
                m.uniques,
                lambda: m.decode([0]),  # noqa: B023
                lambda: m.encode([keys[0] * 100, keys[0] * 101, keys[bad]]),  # noqa: B023
                lambda: m.encode([keys[0] * (i + 2) for i in range(500)] * 2 + [keys[bad]]),  # noqa: B023
            ):
                before = dict(m.items())
                with pytest.raises(ValueError) as caught:  # noqa: PT011
                    operation()
                assert str(caught.value) == words
                sound(m, before)
            m = map_class(key_type, int)
            m.encode(keys)
            m[keys[bad]] = 2**40  # as many entries, so only what is met is looked at
            with pytest.raises(ValueError, match="has the value 1099511627776, expected a code"):
                m.encode([keys[0] * 100, keys[bad]])
            sound(m, dict(zip(keys, range(3), strict=True)) | {keys[bad]: 2**40})
        twice = map_class(key_type, int, dict(zip(keys, [0, 1, 1], strict=True)))
        with pytest.raises(ValueError, match="has the value 1, expected a code"):
            twice.uniques()
    for value in ("int32", "uint64", float, str, None):
        m = map_class(int, value)
        for name, argument in (("encode", ([1],)), ("decode", ([0],)), ("uniques", ())):
            with refused(m, TypeError, f"{name}: expected a map with values of type int64, got map[int]{m.value_type}"):
                getattr(m, name)(*argument)


def test_encode_with_nan_keys(map_class: Class) -> None:
    m = map_class(float, int)
    nan = math.nan
    expected = [0, 1, 0, 2, 0] if map_class is Map else [0, 1, 2, 3, 4]
    assert as_list(m.encode([nan, 1.0, nan, 2.0, nan])) == expected
    assert len(m.uniques()) == len(m) == max(expected) + 1
    assert m._check() is None


def test_encode_without_memory_changes_nothing(map_class: Class) -> None:
    keys = [f"{i:030}" for i in range(500)]
    for key_type in (str, object):
        before = {"first": 0, "second": 1}
        after = before | {key: i + 2 for i, key in enumerate(keys)}
        m, failed = map_class(key_type, int, before), 0
        for error in in_turn(lambda: m.encode(["second", *keys])):  # noqa: B023
            failed += error is not None
            sound(m, after if error is None else before)  # what fails alone may be done without
            m = map_class(key_type, int, before)  # anew, as the room that it got is kept
        assert failed > 2


def test_encode_of_keys_that_refuse_to_compare(map_class: Class) -> None:
    class Refusing(Thing):
        def __eq__(self, other: object) -> bool:
            raise ZeroDivisionError

        def __hash__(self) -> int:
            return 1

    m = map_class(object, int)
    m.encode(["a", 1])
    with pytest.raises(ZeroDivisionError):
        m.encode(["b", "c", Refusing(5), Refusing(6)])
    sound(m, {"a": 0, 1: 1})


# ---- other threads -----------------------------------------------------------------------------------------


def test_threads_wait_while_a_map_is_written(map_class: Class) -> None:
    """Whatever another thread does meanwhile, it does it before or after."""
    m = map_class(int, int, {i: i for i in range(50_000)})
    other = map_class(int, int, dict.fromkeys(range(25000, 75000), 1))
    stop = threading.Event()
    wrong: list[BaseException] = []

    def reading() -> None:
        try:
            while not stop.is_set():
                m.get(5)
                m.most_common(3)
                m.contains_many([1, 2, 3])
        except BaseException as error:
            wrong.append(error)

    reader = threading.Thread(target=reading)
    reader.start()
    try:
        for _ in range(10):
            m.merge(other, "max")
            m.max_many(numbers(1000), 5)
            m.delete_where(lambda keys, values: [value == 5 for value in as_list(values)])
    finally:
        stop.set()
        reader.join()
    assert not wrong
    assert m._check() is None
