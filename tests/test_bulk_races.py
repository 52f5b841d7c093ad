# ruff: noqa: PT017  (either is right: an error, of these words, or none)
"""Another thread writes to an array while it is read: every operation ends, the map is valid, and its keys
and values were in it at some moment."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from gomap import GoMap, Map, Set

np = pytest.importorskip("numpy")

Class = Any

#: Keys in an array: enough that it is read for some milliseconds.
COUNT = int(os.environ.get("RACE_KEYS", "200_000"))
ROUNDS = int(os.environ.get("RACE_ROUNDS", "3"))


@contextmanager
def written_to(*writes: Callable[[], Any]) -> Iterator[None]:
    """All of the writes, again and again, by another thread."""
    stop = threading.Event()

    def run() -> None:
        while not stop.is_set():
            for write in writes:
                write()

    thread = threading.Thread(target=run)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def reverse(array: Any) -> Callable[[], None]:
    """Every item but the middle one changes, and no new one comes in. A number is written at once, which
    assigning may not do: then the array itself would hold halves of two for a moment."""
    size = array.itemsize
    words = array.view(f"u{size}") if size in (1, 2, 4, 8) else array
    other = words ^ words[::-1]
    return lambda: np.bitwise_xor(words, other, out=words)


def filled_with(array: Any, items: Any) -> Callable[[], None]:
    return lambda: array.__setitem__(slice(None), items)


def sound(m: Any, allowed: set[Any]) -> None:
    assert m._check() is None
    found = list(m)
    assert len(found) == len(m) == len(set(found))
    assert set(found) <= allowed
    assert m.contains_many(found).tolist() == [True] * len(found)
    for key in found[:100]:
        assert key in m


def ints(count: int = COUNT) -> Any:
    return np.arange(count) * 0x9E3779B9 % (1 << 45)


# ---- numbers ----------------------------------------------------------------------------------------


@pytest.fixture(params=[Map, GoMap], ids=lambda cls: cls.__name__)
def map_class(request: pytest.FixtureRequest) -> Class:
    return request.param


@pytest.mark.parametrize("filled", [False, True], ids=["empty", "filled"])
def test_putting_in(map_class: Class, filled: bool) -> None:
    keys, allowed = ints(), set(ints().tolist())
    for _ in range(ROUNDS):
        m = map_class(int, int, {i: i for i in allowed} if filled else None)
        with written_to(reverse(keys)):
            m.set_many(keys, keys)
        sound(m, allowed)


def test_adding(map_class: Class) -> None:
    keys, allowed = ints(), set(ints().tolist())
    for _ in range(ROUNDS):
        m = map_class(int, int)
        with written_to(reverse(keys)):
            m.add_many(keys)
            m.add_many(keys, keys)
        sound(m, allowed)


@pytest.mark.parametrize("types", [("int8", "int8"), ("float64", "float32"), ("uint16", "uint64"), ("bool", "int64")])
def test_putting_in_other_numbers(map_class: Class, types: tuple[str, str]) -> None:
    key, value = types
    keys, values = ints().astype(key), ints().astype(value)
    swapped = keys.byteswap().view(keys.dtype.newbyteorder()) if key != "bool" else keys
    allowed = set(keys.tolist())
    m = map_class(key, value)
    with written_to(reverse(keys), reverse(values), reverse(swapped)):
        m.set_many(keys, values)
        m.set_many(keys[::2], values[::2])
        m.set_many(swapped, values)
    sound(m, allowed)


def test_floats_that_become_nan() -> None:
    keys = ints().astype("f8")
    keys[::3] = np.nan
    keys[1::3] = -0.0
    allowed = set(keys[2::3].tolist()) | {0.0}
    for cls in (Map, GoMap):
        m = cls(float, int)
        with written_to(reverse(keys)):
            m.set_many(keys, 1)
            if cls is Map:
                m.add_many(keys)
        assert m._check() is None
        found = [key for key in m if key == key]
        assert set(found) <= allowed
        assert cls is GoMap or len(m) - len(found) == 1


def test_adding_to_nans_of_a_gomap() -> None:
    keys = np.arange(3000.0)
    keys[::3] = np.nan
    m = GoMap(float, int)
    with written_to(reverse(keys)):
        for _ in range(20):
            m.add_many(keys)
    assert m._check() is None
    assert sum(m.values()) == 20 * 3000  # each was read once


def test_looking_up_and_deleting(map_class: Class) -> None:
    keys, allowed = ints(), set(ints().tolist())
    m = map_class(int, int, {i: i for i in allowed})
    out = np.empty(COUNT, "i8")
    with written_to(reverse(keys), reverse(out)):
        for _ in range(ROUNDS):
            assert m.contains_many(keys).all()
            assert set(m.get_many(keys).tolist()) <= allowed
            assert m.get_many(keys, default=-1, out=out) is out
            assert m.get_many(keys, out=keys) is keys  # the value of each is itself
        assert m.delete_many(keys[: COUNT // 2]) <= COUNT // 2
    sound(m, allowed)


def test_sets_and_codes() -> None:
    keys, allowed = ints(), set(ints().tolist())
    with written_to(reverse(keys)):
        for _ in range(ROUNDS):
            s = Set.from_array(keys)
            sound(s, allowed)
            s.isin(keys)
            s.discard_many(keys[::2])
            sound(s, allowed)
            codes, m = Map.factorize(keys)
            sound(m, allowed)
            assert sorted(m.values()) == list(range(len(m)))
            assert codes.min() >= 0
            assert codes.max() < len(m)


def test_sums_are_taken_back_or_said_to_be_there() -> None:
    keys = ints(100_000)
    keys[70_000:] = keys[0]
    by = np.full(100_000, 2**62)
    for _ in range(10 * ROUNDS):
        m = Map(int, int)
        with written_to(reverse(keys)), pytest.raises(OverflowError) as raised:
            m.add_many(keys, by)
        assert m._check() is None
        assert sum(m.values()) == raised.value.done * 2**62
        assert (len(m) == 0) == (raised.value.done == 0)


# ---- bytes and structs -------------------------------------------------------------------------------


@pytest.mark.parametrize("size", [3, 16, 32, 200, 9000])
def test_bytes_of_one_size(map_class: Class, size: int) -> None:
    count = min(COUNT, 40_000_000 // size)
    keys = np.zeros((count, size), "u1")
    keys[:, :3] = np.arange(count * 3).reshape(count, 3) * 7 % 251
    keys[:, -1] = keys[:, 0]
    m = map_class(f"[{size}]byte", int)
    with written_to(reverse(keys)):
        m.set_many(keys, 1)
        m.add_many(keys)
        m.contains_many(keys)
    assert m._check() is None
    found = list(m)
    assert len(set(found)) == len(m)
    assert m.contains_many(found).all()


def test_structs(map_class: Class) -> None:
    """Bools of 7, padding that is not zero, floats that are no key's: in the array, never in the map."""
    count = min(COUNT, 50_000)
    dtype = np.dtype({"names": ["a", "b", "c"], "formats": ["?", "f8", "u2"], "offsets": [0, 8, 16], "itemsize": 24})
    raw = np.zeros((count, 24), "u1")
    raw[:, 8:18] = np.arange(count * 10).reshape(count, 10) % 253
    keys = raw.view(dtype).reshape(count)
    dirty = raw.copy()
    dirty[:, 0] = 7
    dirty[:, 1:8] = dirty[:, 18:] = 0xEE
    dirty[::2, 8:16] = np.array([-0.0]).view("u1")
    clean = raw.copy()
    type_ = "struct{a bool; b float64; c uint16}"
    m = map_class(type_, type_)
    with written_to(filled_with(raw, dirty), filled_with(raw, clean)):
        for _ in range(ROUNDS):
            m.set_many(keys, keys)
            m.contains_many(keys)
    assert m._check() is None
    assert m.contains_many(list(m)).all()
    assert all(key in m and type(m[key].a) is bool for key in list(m)[:1000])


# ---- text --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("width", [4, 15, 16, 17, 40])
def test_padded_bytes(map_class: Class, width: int) -> None:
    """Lengths change, and last bytes from those of an inline string to those that say what a string is."""
    count = min(COUNT, 60_000)
    keys = np.array(
        [bytes([i % 251 + 1, i // 251 % 251 + 1]) * (i % width // 2 + 1) for i in range(count)], f"S{width}"
    )
    raw = keys.view("u1").reshape(count, width)
    clean = raw.copy()
    dirty = raw.copy()
    dirty[:, -1] = 0xD0 + np.arange(count) % 48
    m = map_class(bytes, bytes)
    with written_to(filled_with(raw, dirty), filled_with(raw, clean)):
        for _ in range(ROUNDS):
            m.set_many(keys, keys)
            m.contains_many(keys)
            m.delete_many(keys[::5])
    assert m._check() is None
    found = list(m)
    assert m.contains_many(found).all()
    assert all(key in m and m[key] is not None for key in found[:1000])


def test_arrows_text_and_offsets(map_class: Class) -> None:
    pa = pytest.importorskip("pyarrow")
    count = min(COUNT, 60_000)
    texts = [f"{'é' if i % 3 else 'x'}{i:0{i % 29}d}" for i in range(count)]
    made = pa.array(texts)
    offsets = np.frombuffer(made.buffers()[1], "i4").copy()
    text = np.frombuffer(made.buffers()[2], "u1").copy()
    array = pa.Array.from_buffers(pa.string(), count, [None, pa.py_buffer(offsets), pa.py_buffer(text)])
    good = offsets.copy(), text.copy()
    moved = np.sort(np.random.default_rng(1).integers(0, offsets[-1], len(offsets))).astype("i4")
    wild = np.random.default_rng(2).integers(-(2**31), 2**31, len(offsets)).astype("i4")
    junk = np.random.default_rng(3).integers(0, 256, len(text)).astype("u1")

    def attack() -> None:
        for number in (moved, wild, good[0]):
            offsets[:] = number
            for byte in (junk, good[1]):
                text[:] = byte

    for type_ in (str, bytes):
        given = array if type_ is str else array.view(pa.binary())
        for _ in range(5 * ROUNDS):
            m = map_class(type_, int)
            offsets[:], text[:] = good
            with written_to(attack):
                for name, more in (
                    ("set_many", [1]),
                    ("add_many", []),
                    ("contains_many", []),
                    ("get_many", [0]),
                    ("delete_many", []),
                    ("set_many", [2]),
                ):
                    try:
                        getattr(m, name)(given, *more)
                    except ValueError as error:
                        assert "expected text in UTF-8" in str(error)
                        assert 0 <= getattr(error, "done", 0) <= count
            assert m._check() is None
            found = list(m)
            assert m.contains_many(found).all()
            assert all(type(key) is type_ and key in m for key in found[:1000])


def test_characters_that_change(map_class: Class) -> None:
    count = min(COUNT, 60_000)
    keys = np.array([chr(65 + i % 50000 % 0xD000) * (i % 6 + 1) for i in range(count)])
    raw = keys.view("u4")
    clean, dirty = raw.copy(), np.random.default_rng(1).integers(0, 0x110000, len(raw)).astype("u4")
    m = map_class(str, int)
    with written_to(filled_with(raw, dirty), filled_with(raw, clean)):
        for _ in range(ROUNDS):
            m.set_many(keys, 1)
            m.contains_many(keys)
    assert m._check() is None
    assert m.contains_many(list(m)).all()


# ---- objects and lists beside -------------------------------------------------------------------------


def test_values_as_a_list_beside_keys_in_an_array() -> None:
    keys, allowed = ints(20_000), set(ints(20_000).tolist())
    m, texts = Map(int, object), Map(int, str)
    with written_to(reverse(keys)):
        m.set_many(keys, [object()] * 20_000)
        texts.set_many(keys, ["x" * 30] * 20_000)
        m.get_many(keys, default=None)
        texts.get_many(keys, default=None)
        m.delete_many(keys[::2])
    sound(m, allowed)
    sound(texts, allowed)


# ---- times --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spelling", ["datetime64[us]", "datetime64[s]", "date", "struct{at datetime64[us]}"])
def test_times_that_are_none_for_a_moment(map_class: Class, spelling: str) -> None:
    """Each is checked in the copy that goes in."""
    days = np.arange(5_000, 5_000 + COUNT // 10).astype("M8[D]")
    keys = days.astype("M8[us]") if "us" in spelling else days.copy()
    source = keys.view([("at", keys.dtype)]) if "struct" in spelling else keys
    numbers, good = keys.view("i8"), keys.view("i8").copy()
    wrong = good.copy()
    wrong[::7] = 2**62
    wrong[3::7] = -(2**63)
    for _ in range(ROUNDS):
        m = map_class(spelling, int)
        with written_to(filled_with(numbers, wrong), filled_with(numbers, good)):
            for _ in range(5):
                try:
                    m.set_many(source, 1)
                    m.contains_many(source)
                except (ValueError, OverflowError) as error:
                    assert str(error).startswith("keys[")
        assert m._check() is None
        found = [getattr(key, "at", key) for key in m]  # which raises for what is no time
        assert len(set(found)) == len(m) <= len(days)
        assert np.isin(np.array(found, "M8[D]"), days).all()
