"""Map, the flagship: splits and merges, room reserved and given back.

That its memory follows its entries is in test_shrinking.py, what every map has to do in test_contract.py. The structure
itself is tested in tests/c/test_elastic.c.
"""

from __future__ import annotations

from gomap import Map

MANY = 200_000


# ---- splits and merges -------------------------------------------------------------------------------


def test_an_insertion_splits_one_bucket_at_most() -> None:
    """From some thousand entries on; before that, three eighths more at a time."""
    m = Map(int, int)
    steps = set()
    for i in range(20_000):
        before = m.stats().buckets
        m[i] = i
        if i > 6000:
            steps.add(m.stats().buckets - before)
    assert steps == {0, 1}
    assert m._check() is None


def test_a_deletion_merges_two_buckets_at_most() -> None:
    m = Map(int, int, {i: i for i in range(20_000)})
    steps = set()
    for i in range(12_000):  # a small map merges a quarter of its buckets at a time
        before = m.stats().buckets
        del m[i]
        steps.add(before - m.stats().buckets)
    assert steps <= {0, 1, 2}
    assert m.stats().merges > 500
    assert m._check() is None


def test_to_and_fro_at_one_size_neither_splits_nor_merges() -> None:
    m = Map(int, int)
    for i in range(5000):
        m[i] = i
    before = m.stats()
    for _ in range(2000):
        del m[0]
        m[0] = 0
    after = m.stats()
    assert after.splits - before.splits <= 1
    assert after.merges == before.merges


# ---- room, more and less -----------------------------------------------------------------------------


def test_compacting_leaves_next_to_no_room() -> None:
    m = Map(int, int)
    for i in range(MANY):
        m[i] = i
    before = m.nbytes
    m.compact()
    assert m.nbytes < before
    assert m.nbytes / MANY < 18.3
    assert dict(m) == {i: i for i in range(MANY)}
    assert m._check() is None
    m[-1] = -1
    assert m.nbytes / MANY < 18.4  # it grows on by single buckets
    assert m._check() is None


def test_reserved_room_is_used_without_a_split() -> None:
    m = Map(int, int)
    m.reserve(MANY)
    held = m.nbytes
    for i in range(MANY):
        m[i] = i
    assert m.stats().splits == 0
    assert m.nbytes == held
