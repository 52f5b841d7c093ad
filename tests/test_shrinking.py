"""Map shrinks: its memory follows its entries, up and down, however they are deleted."""

from __future__ import annotations

import random
from typing import Any

import pytest
from support import HEADER_MORE

from gomap import Map, Set

MANY = 200_000
LARGE = 125_000
#: Types, and the bytes that an entry takes at most, from LARGE entries on.
TYPES = [("int", "int", 20.5), ("uint32", "uint16", 9.0), ("int", "[128]byte", 146.0), ("[16]byte", "float64", 31.0)]


def key_of(type_: str, i: int) -> Any:
    return i.to_bytes(16, "little") if type_ == "[16]byte" else i


def value_of(type_: str, i: int) -> Any:
    return bytes(128) if type_ == "[128]byte" else float(i) if type_ == "float64" else i % 65_536


@pytest.mark.parametrize(("key", "value", "most"), TYPES)
def test_memory_follows_the_entries_up_and_down(key: str, value: str, most: float) -> None:
    m = Map(key, value)
    order = list(range(MANY))
    random.Random(1).shuffle(order)
    for count, i in enumerate(order, 1):
        m[key_of(key, i)] = value_of(value, i)
        if count >= LARGE and count % 5000 == 0:
            assert m.nbytes / count <= most
    full = m.nbytes
    assert m.memory().peak <= 1.03 * full
    random.Random(2).shuffle(order)
    for gone, i in enumerate(order, 1):
        del m[key_of(key, i)]
        left = MANY - gone
        if left >= LARGE and gone % 5000 == 0:
            assert m.nbytes <= 1.5 * most * left
    assert m._check() is None
    assert len(m) == 0
    assert m.nbytes < 800


def test_it_grows_again_after_it_has_shrunk() -> None:
    m = Map(int, int)
    sizes = []
    for _ in range(3):
        for i in range(30_000):
            m[i] = i
        sizes.append(m.nbytes)
        for i in range(30_000):
            del m[i]
        assert m.nbytes < 500 + HEADER_MORE
    assert max(sizes) <= 1.02 * min(sizes)
    assert m._check() is None


@pytest.mark.parametrize("how", ["clear", "delete_many", "popitem"])
def test_every_way_of_emptying_gives_the_memory_back(how: str) -> None:
    m = Map(int, int, {i: i for i in range(30_000)})
    if how == "clear":
        m.clear()
    elif how == "delete_many":
        assert m.delete_many(range(30_000)) == 30_000
    else:
        while m:
            m.popitem()
    assert m.nbytes < 500 + HEADER_MORE
    assert m._check() is None


def test_what_an_iteration_puts_off_is_done_at_its_end() -> None:
    m = Map(int, int, {i: i for i in range(30_000)})
    full = m.nbytes
    iterator = iter(m)
    next(iterator)
    for i in range(29_000):
        del m[i]
    assert m.nbytes == full
    del iterator
    assert m.nbytes < full / 10
    assert m._check() is None


def test_half_of_the_keys_deleted_at_once() -> None:
    m = Map(int, "[128]byte", {i: bytes(128) for i in range(30_000)})
    full = m.nbytes
    assert m.delete_many(range(0, 30_000, 2)) == 15_000
    assert m.nbytes < 0.6 * full
    assert set(m) == set(range(1, 30_000, 2))
    assert m._check() is None


def test_a_set_shrinks_likewise() -> None:
    s = Set("uint64", range(50_000))
    full = s.nbytes
    for i in range(49_000):
        s.remove(i)
    assert s.nbytes < full / 20
    assert s._check() is None
