"""threads=: several threads share the work of one operation on arrays. The results are those of one thread."""

from __future__ import annotations

import array
import random
from typing import Any

import pytest
from support import each

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


@each(READS)
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
