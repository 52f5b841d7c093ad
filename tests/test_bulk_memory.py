"""What whole arrays take of memory, and what happens without any."""

from __future__ import annotations

import array
import gc
import random
import sys
import tracemalloc
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from array_cases import as_list, sound
from conftest import MAP_CLASSES
from support import Class, in_turn

from gomap import Map, Set


@pytest.mark.parametrize("types", [("int", "int"), ("uint32", "uint32"), ("[16]byte", "[129]byte"), ("string", "int")])
@pytest.mark.parametrize("count", [1, 7, 8, 9, 100, 8192, 8193, 30_000, 100_000])
@pytest.mark.parametrize("times", [1, 2, 10, 1000])
def test_a_bulk_build_is_as_dense_as_a_compact_map(types: tuple[str, str], count: int, times: int) -> None:
    distinct = max(1, count // times)
    key = {
        "int": int,
        "uint32": int,
        "[16]byte": lambda i: i.to_bytes(16, "big"),
        "string": "key number {}".format,
    }[types[0]]
    rng = random.Random(count)
    keys = [key(rng.randrange(distinct) if times > 1 else i) for i in range(count)]
    m: Any = Map(*types)
    m.set_many(keys, 1 if types[1] != "[129]byte" else bytes(129))
    assert len(m) == len(set(keys))
    assert m._check() is None
    made = m.nbytes
    m.compact()
    assert made <= m.nbytes
    one_by_one: Any = Map(*types)
    for each in keys:
        one_by_one[each] = m[each]
    one_by_one.compact()
    # Which keys collide is another matter in every map.
    assert made <= one_by_one.nbytes * 1.01 + 600
    assert Set.from_array(keys, key=types[0])._check() is None


def test_operations_leave_nothing_behind(map_class: Class) -> None:
    keys = array.array("q", range(2000))
    wrong = array.array("d", range(2000))
    texts, spread = [f"ä {i}" for i in range(500)], memoryview(keys)[::-2]

    def everything() -> None:
        m = map_class(int, int)
        m.set_many(keys, keys)
        m.set_many(spread, 1)
        m.get_many(keys)
        m.get_many(spread, 5)
        m.get_many(keys, out=array.array("q", keys))
        m.contains_many(iter(keys))
        m.to_arrays()
        m.add_many(keys, 3)
        for refused in (
            lambda: m.get_many([1, 2, -1]),
            lambda: m.set_many(wrong, 1),
            lambda: m.set_many(keys, [1]),
            lambda: m.set_many([1, "x"], 1),
            lambda: m.add_many(keys, 2**63 - 1),
            lambda: m.get_many([1], "x"),
            lambda: m.get_many([1], out=[1]),
        ):
            with pytest.raises((KeyError, TypeError, ValueError, OverflowError)):
                refused()
        m.delete_many(keys)
        s = map_class(str, str)
        s.set_many(texts, texts)
        s.get_many(texts)
        s.contains_many(texts)
        s.delete_many(texts)
        o = map_class(object, object)
        o.set_many(texts, texts)
        o.get_many(texts)
        o.delete_many(texts)
        t = map_class("struct{a int; b float}", "struct{c bool}")
        t.set_many([(i, 0.5) for i in range(50)], {"c": True})
        t.get_many([(1, 0.5)], default=(False,))
        t.to_arrays()
        Set(int, keys).isin(keys)
        Map.factorize(texts, key=str)
        Map.factorize(keys)

    for _ in range(3):
        everything()
    gc.collect()
    before, references = (
        sys.getallocatedblocks(),
        [sys.getrefcount(each) for each in (keys, texts, texts[0], None)],
    )
    for _ in range(20):
        everything()
    gc.collect()
    assert sys.getallocatedblocks() - before < 60
    after = [sys.getrefcount(each) for each in (keys, texts, texts[0])]
    assert after == references[:3]


def test_buffers_are_let_go(map_class: Class) -> None:
    room = bytearray(80)
    m = map_class(int, int)
    m.set_many(memoryview(room).cast("q"), 1)
    result = m.get_many(memoryview(room).cast("q"))
    room.extend(b"x" * 100)  # nobody holds it any more
    m.clear()
    del m
    gc.collect()
    assert as_list(result) == [1] * 10
    keys, values = map_class(int, int, {1: 2}).to_arrays()
    gc.collect()
    assert (as_list(keys), as_list(values)) == ([1], [2])


@pytest.mark.parametrize(
    "types",
    [("int", "int"), ("[5]byte", "[129]byte"), ("string", "int"), ("int", "string"), ("string", "string")],
)
@pytest.mark.parametrize("start", [0, 30])
@pytest.mark.parametrize("times", [1, 5])
def test_no_memory(map_class: Class, types: tuple[str, str], start: int, times: int) -> None:
    spell: dict[str, Callable[[int], Any]] = {
        "int": int,
        "[5]byte": lambda i: i.to_bytes(5, "big"),
        "[129]byte": lambda i: i.to_bytes(129, "big"),
        "string": lambda i: "text " * (i % 12) + str(i),
    }
    keys, values = ([spell[each](i) for i in range(300)] for each in types)
    model = dict(zip(keys[:start], values[:start], strict=True))
    whole = {**model, **dict(zip(keys, values, strict=True))}
    made: list[Any] = []

    def fresh() -> Any:
        m = map_class(*types)
        for key, value in model.items():
            m[key] = value
        return m

    m = fresh()
    failed = 0
    for error in in_turn(lambda: m.set_many(keys, values), times):  # noqa: B023
        failed += error is not None
        assert m._check() is None
        assert dict(m.items()).items() <= whole.items()
        assert model.items() <= dict(m.items()).items()
        if error is not None:
            m = fresh()
    sound(m, whole)
    assert failed >= 2 or times == 1  # where one fails, a second try may do
    for _ in in_turn(lambda: made.append(map_class.from_arrays(keys, values, key=types[0], value=types[1])), times):
        pass
    for each in made:
        sound(each, dict(zip(keys, values, strict=True)))
    m = fresh()
    for key in keys:
        m[key] = whole[key]
    left = set(keys)
    for error in in_turn(lambda: m.delete_many(keys[:200]), times):
        assert error is None  # deleting takes none
        left -= set(keys[:200])
        sound(m, {key: whole[key] for key in left})
        for key in keys:
            m[key] = whole[key]
        left = set(keys)
    if types[1] == "int":
        m = fresh()
        for error in in_turn(lambda: m.add_many(keys * 2, 3), times):  # noqa: B023
            if error is not None:
                sound(m, model)
                continue
            sound(m, {key: model.get(key, 0) + 6 for key in keys})
            m = fresh()
    if map_class is Map:
        made.clear()
        for _ in in_turn(lambda: made.append(Map.factorize(keys * 2, key=types[0])), times):
            pass
        for codes, codebook in made:
            assert as_list(codes) == [*range(300), *range(300)]
            sound(codebook, {key: i for i, key in enumerate(keys)})


# ---- long lists of strings, which are converted piece by piece --------------------------------------------


@pytest.mark.parametrize("map_class", MAP_CLASSES)
@pytest.mark.parametrize("key", [str, bytes])
def test_long_lists_of_strings(map_class: Class, key: type) -> None:
    vocabulary = [f"w{i}" if i % 5 else f"wé{i}\udc80" for i in range(20_000)]
    words = [vocabulary[i * i % 19_997] for i in range(150_000)]
    given: list[Any] = words if key is str else [word.encode("utf-8", "surrogatepass") for word in words]
    m = map_class(key, int)
    m.add_many(given)
    assert m == Counter(given)
    m.set_many(given, 2**63 - 20)
    m[given[-1]] = 2**63 - 2
    before = dict(m)
    with pytest.raises(OverflowError, match="^add: "):
        m.add_many(given)  # comes to it after many others, which are taken back
    assert m == before
    assert all(m.contains_many(given))
    assert len(m.get_many(given, 0)) == len(given)
    values = map_class(int, key)
    values.set_many(range(len(given)), given)
    assert values.get_many(range(len(given))) == given
    both = map_class(key, key)
    both.set_many(given, given[::-1])
    assert both == dict(zip(given, given[::-1], strict=True))
    with pytest.raises(TypeError, match=rf"^keys\[{len(given)}\]: expected {key.__name__}"):
        both.set_many([*given, 1], b"" if key is bytes else "")
    assert m.delete_many(given) == len(before)
    for each in (m, values, both):
        each._check()


def test_long_lists_of_strings_take_no_memory_for_each() -> None:
    words = [f"word {i % 1000}" for i in range(400_000)]
    m = Map(str, int)
    tracemalloc.start()
    m.add_many(words)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < len(words) * 16  # a reference and a mark for each, and a piece of 65,536
