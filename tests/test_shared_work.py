"""threads=: several threads share the work of one operation on arrays. The results are those of one thread."""

from __future__ import annotations

import array
import random
from typing import Any

import pytest
from support import each, in_turn

from gomap import GoMap, Map, Set, SwissMap

SHARE = 16384  # keys of a thread at least (threads.pxi)

COUNTS = {"none": 0, "one": 1, "below two shares": 2 * SHARE - 1, "two shares": 2 * SHARE, "more": 5 * SHARE + 7}
THREADS = (2, 3, 8, 1000)


def numbers(count: int, seed: int = 1) -> Any:
    draw = random.Random(seed)
    return array.array("q", [draw.getrandbits(62) for _ in range(count)])


# ---- the argument -------------------------------------------------------------------------------------

REFUSED = [
    (0, ValueError, "threads: expected at least 1, got 0"),
    (-(10**30), ValueError, "threads: expected at least 1, got -1000000000000000000000000000000"),
    ("2", TypeError, "threads: expected int, got str '2'"),
    (True, TypeError, "threads: expected int, got bool True"),
    (2.0, TypeError, "threads: expected int, got float 2.0"),
    (None, TypeError, "threads: expected int, got NoneType None"),
]

READS = {
    "get_many": lambda m, threads: m.get_many([1], threads=threads),
    "contains_many": lambda m, threads: m.contains_many([1], threads=threads),
    "isin": lambda m, threads: Set(int, [1]).isin([1], threads=threads),
}
WRITES = {
    "set_many": lambda m, threads: m.set_many([1], 2, threads=threads),
    "from_arrays": lambda m, threads: Map.from_arrays([1], [2], key=int, value=int, threads=threads),
    "from_array": lambda m, threads: Set.from_array([1], key=int, threads=threads),
    "add_many": lambda m, threads: Set(int).add_many([1], threads=threads),
    "of objects": lambda m, threads: Map(object, object).set_many([1], 2, threads=threads),
}


@each(READS | WRITES)
@pytest.mark.parametrize(("threads", "error", "message"), REFUSED, ids=[repr(case[0])[:10] for case in REFUSED])
def test_wrong_numbers_of_threads_are_refused(operation: Any, threads: Any, error: type, message: str) -> None:
    m = Map(int, int, {1: 2})
    with pytest.raises(error) as caught:
        operation(m, threads)
    assert str(caught.value) == message


@each(READS)
def test_more_threads_than_are_of_use(operation: Any) -> None:
    m = Map(int, int, {1: 2})
    assert list(operation(m, 10**30)) == list(operation(m, 1))


# ---- looking up ---------------------------------------------------------------------------------------


@each(COUNTS, "count")
@pytest.mark.parametrize("cls", [Map, GoMap, SwissMap])
def test_looking_up(cls: Any, count: int) -> None:
    there, others = numbers(count), numbers(count // 3, 2)
    m = cls.from_arrays(there, array.array("q", range(count)), key=int, value=int)
    model = dict(zip(there, range(count), strict=True))
    asked = there + others
    asked = array.array("q", random.Random(3).sample(asked, len(asked)))
    for threads in THREADS:
        assert list(m.get_many(asked, default=-1, threads=threads)) == [model.get(key, -1) for key in asked]
        assert list(m.contains_many(asked, threads=threads)) == [key in model for key in asked]
    assert m._check() is None


def test_sets_and_opened_maps(tmp_path: Any) -> None:
    keys = numbers(3 * SHARE)
    asked = keys[::2] + numbers(SHARE, 2)
    s = Set(int)
    s.add_many(keys)
    assert list(s.isin(asked, threads=2)) == list(s.contains_many(asked, threads=2)) == [key in s for key in asked]
    m = Map.from_arrays(keys, keys)
    m.save(tmp_path / "m")
    opened = Map.open(tmp_path / "m")
    assert list(opened.get_many(asked, default=0, threads=2)) == list(m.get_many(asked, default=0))


@pytest.mark.parametrize("at", [0, SHARE, 2 * SHARE - 1, 2 * SHARE, 4 * SHARE - 1])
def test_the_first_missing_key_is_named(at: int) -> None:
    keys = numbers(4 * SHARE)
    m = Map.from_arrays(keys, keys)
    asked = keys[:]
    asked[at] = asked[-1] = -7
    with pytest.raises(KeyError) as alone:
        m.get_many(asked)
    for threads in THREADS:
        with pytest.raises(KeyError) as caught:
            m.get_many(asked, threads=threads)
        assert caught.value.args == alone.value.args
    asked[at] = -8
    for threads in THREADS:
        with pytest.raises(KeyError) as caught:
            m.get_many(asked, threads=threads)
        expected = "-8 and 1 more of 65536 keys are not in the map" if at != len(asked) - 1 else -8
        assert caught.value.args == (expected,)


def test_results_of_every_form() -> None:
    keys = numbers(3 * SHARE)
    m = Map.from_arrays(keys, array.array("d", range(len(keys))))
    asked = array.array("q", [*keys[:SHARE], *numbers(2 * SHARE, 2)])
    expected = list(m.get_many(asked, default=0.5))
    out = array.array("d", bytes(8 * len(asked)))
    assert m.get_many(asked, 0.5, out=out, threads=3) is out
    assert list(out) == expected
    again = array.array("q", keys)
    same = Map.from_arrays(keys, array.array("q", range(len(keys))))
    assert list(same.get_many(again, out=again, threads=2)) == list(range(len(keys)))  # over the keys themselves
    assert len(m.get_many(asked, missing="null", threads=2)) == len(asked)
    assert list(m.get_many(list(asked), 0.5, threads=2)) == expected


def test_where_one_thread_works_alone() -> None:
    words = [f"word {i}" for i in range(3 * SHARE)]
    m = Map(str, str, {word: word[::-1] for word in words})
    n = Map(object, int, {word: i for i, word in enumerate(words)})
    k = Map(str, int, {word: i for i, word in enumerate(words)})
    asked = [*words, "none"]
    assert m.get_many(asked, "", threads=2) == [*(word[::-1] for word in words), ""]
    assert (
        list(m.contains_many(asked, threads=2))
        == list(n.contains_many(asked, threads=2))
        == [*[True] * len(words), False]
    )
    assert list(n.get_many(asked, -1, threads=2)) == list(k.get_many(asked, -1, threads=2)) == [*range(len(words)), -1]


def test_columns_of_text() -> None:
    """Their pieces may take more room than a thread's has: then the operation's own thread gets more."""
    pa = pytest.importorskip("pyarrow")
    words = [f"{i}" * (1 if i % 9999 else 9000) for i in range(3 * SHARE)]
    m = Map(str, int, {word: i for i, word in enumerate(words)})
    column = pa.array(words)
    for chunked in (column, pa.chunked_array([column[:1000], column[1000:]]), column.dictionary_encode()):
        for threads in THREADS:
            assert list(m.get_many(chunked, threads=threads)) == list(range(len(words)))
            assert all(m.contains_many(chunked, threads=threads))


def test_the_map_can_be_read_meanwhile_but_not_written_to() -> None:
    """The threads read under one hold, which ends whatever happens."""
    keys = numbers(4 * SHARE)
    m = Map.from_arrays(keys, keys)
    with pytest.raises(KeyError):
        m.get_many(array.array("q", [*keys, -1]), threads=2)
    m[1] = 2
    del m[keys[0]]
    assert m._check() is None


# ---- putting in ---------------------------------------------------------------------------------------

PIECE = 2**18  # keys that two threads put in at a time (SHARED_PIECES)
SHARED_FROM = 28_000  # entries in 4,096 buckets: fewer are put in by one thread


def filled(cls: Any, keys: Any, values: Any, first: int, threads: int, types: tuple[str, str] = ("int", "int")) -> Any:
    """A map that has the first of the entries when the others are put in."""
    m = cls(*types)
    if first:
        m.set_many(keys[:first], values[:first])
    m.set_many(keys[first:], values[first:], threads=threads)
    return m


def assert_as_one_thread(
    keys: Any, values: Any, first: int = 0, threads: int = 2, types: tuple[str, str] = ("int", "int")
) -> None:
    alone, shared = (filled(Map, keys, values, first, count, types) for count in (1, threads))
    assert shared._check() is None
    assert len(shared) == len(alone)
    assert dict(shared.items()) == dict(alone.items())
    # A map that threads fill has a twentieth more room; pages of two regions, and the room to grow on.
    assert shared.nbytes <= alone.nbytes * (1.02 if first else 1.07) + 4096 * 8
    del shared[keys[0]]
    shared[keys[0]] = values[0]
    assert shared._check() is None


KEYS = {
    "random": lambda count: numbers(count),
    "in order": lambda count: array.array("q", range(count)),
    "few distinct": lambda count: array.array("q", (i * i % 1009 for i in range(count))),
    "all the same": lambda count: array.array("q", [7]) * count,
    "many copies": lambda count: array.array("q", (random.Random(4).choices(range(60_000), k=count))),
    "copies in runs": lambda count: array.array("q", (i // 3 for i in range(count))),
    "one among copies of another": lambda count: array.array("q", (i if i % 9 == 0 else -1 for i in range(count))),
}
FIRST = {"an empty map": 0, "one entry": 1, "a full map": 150_000}


@each(FIRST, "first")
@each(KEYS, "keys")
@pytest.mark.parametrize("threads", [2, 8])
def test_putting_in(keys: Any, first: int, threads: int) -> None:
    count = PIECE + 70_001
    asked = keys(count)
    model = dict(zip(asked, range(count), strict=True))  # the last one stays
    m = filled(Map, asked, array.array("q", range(count)), first, threads)
    assert len(m) == len(model)
    assert dict(m.items()) == model
    assert m._check() is None
    assert_as_one_thread(asked, array.array("q", range(count)), first, threads)


@pytest.mark.long
@pytest.mark.parametrize("count", [0, 1, 2, SHARE, 2 * SHARE - 1, 2 * SHARE, SHARED_FROM, PIECE, PIECE + 1])
def test_putting_in_so_many(count: int) -> None:
    keys, values = numbers(count), array.array("q", range(count))
    for threads in THREADS:
        m = Map.from_arrays(keys, values, threads=threads)
        assert dict(m.items()) == dict(zip(keys, values, strict=True))
        assert m._check() is None


@pytest.mark.long
def test_overwriting_and_growing_beside() -> None:
    """Entries that are there get the new values, and no others do."""
    keys = numbers(200_000)
    m = Map.from_arrays(keys, keys)
    model = dict(zip(keys, keys, strict=True))
    for round_ in range(4):
        more = array.array("q", [*keys[::3], *numbers(150_000, 10 + round_)])
        random.Random(round_).shuffle(more)
        values = array.array("q", range(round_, round_ + len(more)))
        m.set_many(more, values, threads=2)
        model.update(zip(more, values, strict=True))
        assert m._check() is None
    assert dict(m.items()) == model


def test_one_value_for_all_and_rows_without_nulls() -> None:
    keys = numbers(3 * SHARE)
    m = Map(int, int)
    m.set_many(keys, 5, threads=2)
    assert dict(m.items()) == dict.fromkeys(keys, 5)
    m = Map(int, int)
    m.set_many([None if i % 7 == 0 else key for i, key in enumerate(keys)], keys, nulls="skip", threads=2)
    assert dict(m.items()) == {key: key for i, key in enumerate(keys) if i % 7}
    assert m._check() is None


def test_sets_put_in() -> None:
    keys = numbers(100_000) + numbers(50_000, 2)
    s = Set.from_array(keys, threads=2)
    assert set(s) == set(keys)
    s.add_many(numbers(60_000, 3), threads=4)
    assert set(s) == set(keys) | set(numbers(60_000, 3))
    assert s._check() is None


def test_keys_of_every_kind_that_stands_in_slots() -> None:
    np = pytest.importorskip("numpy")
    rng = np.random.default_rng(1)
    count = 200_000
    values = {
        "int": np.arange(count),
        "uint8": (np.arange(count) % 251).astype("u1"),
        "float32": np.arange(count, dtype="f4"),
    }
    keys = {name: rng.integers(0, 2**16, count).astype(name) for name in ("int8", "uint16", "int32", "uint64", "int64")}
    for kind in ("float32", "float64"):
        floats = rng.integers(-30_000, 30_000, count).astype(kind)
        floats[::1000], floats[1::1000], floats[2::1000] = np.nan, -0.0, -np.float64("nan")
        keys[kind] = floats
    for name, column in keys.items():
        for value, given in values.items():
            maps = [Map(name, value) for _ in range(2)]
            for m, threads in zip(maps, (1, 2), strict=True):
                m.set_many(column, given, threads=threads)
                assert m._check() is None
            assert_equal_maps(*maps)
    for size in (1, 3, 8, 12, 16, 20, 32, 56):
        column = rng.integers(0, 256 if size < 3 else 30, (count, size)).astype("u1")
        maps = [Map(f"[{size}]byte", "int64") for _ in range(2)]
        for m, threads in zip(maps, (1, 2), strict=True):
            m.set_many(column, np.arange(count), threads=threads)
            assert m._check() is None
        assert_equal_maps(*maps)
    rows = np.zeros(count, dtype=np.dtype([("a", "u1"), ("b", "f8")], align=True))
    rows["a"], rows["b"] = rng.integers(0, 200, count), rng.integers(-300, 300, count)
    rows["b"][::5000] = -0.0
    maps = [Map("struct{a uint8; b float64}", "struct{a uint8; b float64}") for _ in range(2)]
    for m, threads in zip(maps, (1, 2), strict=True):
        m.set_many(rows, rows[::-1].copy(), threads=threads)
        assert m._check() is None
    assert_equal_maps(*maps)


def assert_equal_maps(one: Any, other: Any) -> None:
    assert len(one) == len(other)
    keys, values = one.to_arrays()
    assert list(other.get_many(keys)) == list(values)


def test_types_that_one_thread_puts_in() -> None:
    keys = numbers(3 * SHARE)
    words = [str(key) for key in keys]
    for cls in (GoMap, SwissMap):
        assert dict(filled(cls, keys, keys, 0, 2).items()) == dict(zip(keys, keys, strict=True))
    for types, column, values in (
        (("str", "int"), words, keys),
        (("int", "str"), keys, words),
        (("object", "int"), words, keys),
        (("int", "[128]byte"), keys, [bytes(128)] * len(keys)),
    ):
        m = Map(*types)
        m.set_many(column, values, threads=2)
        assert dict(m.items()) == dict(zip(column, values, strict=True))
        assert m._check() is None


def bucket_mates(m: Any, count: int) -> list[int]:
    """Keys that a map gives few buckets: those that stand next to each other in its order."""
    return list(m)[:count]


def test_keys_of_the_same_buckets() -> None:
    """A map's order is that of its buckets, so its first keys share buckets, and do so in a smaller map of the same
    seed."""
    source = Map.from_arrays(numbers(1_200_000), array.array("q", range(1_200_000)))
    m = source.copy()
    keys = bucket_mates(source, 60_000)
    m.clear()
    m.reserve(300_000)
    m.set_many(array.array("q", keys), array.array("q", range(60_000)), threads=2)
    assert dict(m.items()) == {key: i for i, key in enumerate(keys)}
    assert m._check() is None


@pytest.mark.long
@pytest.mark.parametrize("first", [0, 100_000])
def test_without_memory(first: int) -> None:
    """Whatever allocation fails: the keys that `done` counts are in, none has a value of another, and the second try
    succeeds."""
    keys, values = numbers(2 * PIECE), array.array("q", range(2 * PIECE))
    expected = dict(zip(keys, values, strict=True))
    begun = Map.from_arrays(keys[:first], values[:first], key=int, value=int)
    m = begun.copy()
    raised = 0
    for error in in_turn(lambda: m.set_many(keys, values, threads=2), failures=1_000_000):  # noqa: B023
        assert m._check() is None
        held = dict(m.items())
        assert held.items() <= expected.items()
        if error is None:
            assert held == expected
        else:
            raised += 1
            assert all(key in held for key in keys[: error.done])  # type: ignore[attr-defined]
            if raised % 8 == 1:
                m.set_many(keys, values, threads=2)
                assert dict(m.items()) == expected
        m = begun.copy()
    assert raised > 2


def test_iterators_end() -> None:
    keys = numbers(3 * SHARE)
    m = Map(int, int, {1: 1, 2: 2})
    going = iter(m)
    next(going)
    m.set_many(keys, keys, threads=2)
    with pytest.raises(RuntimeError):
        list(going)
    going = iter(m)
    for key in keys[: 2 * SHARE]:
        del m[key]
    m.set_many(keys, keys, threads=2)
    assert m._check() is None
    assert len(m) == len(set(keys) | {1, 2})


def test_what_is_refused_changes_nothing() -> None:
    keys = [*numbers(3 * SHARE), 2**70]
    m = Map(int, int, {1: 1})
    for threads in (1, 2):
        with pytest.raises(OverflowError) as caught:
            m.set_many(keys, 1, threads=threads)
        assert str(caught.value).startswith("keys[49152]: ")
        assert dict(m) == {1: 1}
        with pytest.raises(ValueError, match="one for each key"):
            m.set_many(keys[:-1], [1], threads=threads)
    assert m._check() is None


def test_a_few_keys_of_many_copies_do_not_make_the_map_grow() -> None:
    """Of a million keys a hundred thousand are distinct, and half of these are there."""
    distinct = numbers(100_000)
    keys = array.array("q", random.Random(5).choices(distinct, k=1_000_000))
    peaks = []
    for threads in (1, 2, 8):
        m = Map.from_arrays(distinct[:50_000], distinct[:50_000])
        m.set_many(keys, 1, threads=threads)
        assert set(m) <= set(distinct)
        assert m._check() is None
        peaks.append(m.memory().peak)
    assert max(peaks) < 1.6 * peaks[0]
