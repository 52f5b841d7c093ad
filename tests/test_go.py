"""GoMap is Go's classic runtime map: its arrays to the byte, its growth, its rules.

The figures are Go's: of the runtime's source (map.go, Go 1.19 to 1.23) and of real Go programs. MB are of
1024 * 1024 bytes, as in Go's own reports.
"""

from __future__ import annotations

import math
import pickle
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from mmap import PAGESIZE
from typing import Any

import pytest
from support import HEADER_MORE, SLACK

from gomap import GoMap, Stats, make
from gomap._core import heap_bytes

Examples = Callable[[str, int], list[Any]]

MB = 1024 * 1024
MILLION = 1_000_000
NAN = float("nan")

#: int keys, and buckets of 144 and of 1104 bytes.
BUCKET_BYTES = {"int": 144, "*[128]byte": 144, "[129]byte": 144, "[128]byte": 1104}


def capacity(B: int) -> int:
    """The most entries that 2^B buckets take: load 13/2, or all eight slots of one bucket."""
    return 8 if B == 0 else 13 * 2 ** (B - 1)


def array(m: GoMap[Any, Any]) -> tuple[int, int, int]:
    stats = m.stats()
    return stats.B, stats.array_buckets, stats.array_bytes


# ---- growth ------------------------------------------------------------------------------------------


def test_growth_begins_where_go_s_does() -> None:
    m = GoMap(int, int)
    began = []
    for i in range(1, 7000):
        before = m.stats()
        m[i] = i
        after = m.stats()
        if after.growths > before.growths:
            began.append(i)
            assert after.B == before.B + 1
            assert not after.same_size
            assert not before.growing
            if before.buckets > 2:  # one or two are evacuated at once
                assert after.growing
                assert after.old_buckets == before.buckets
            assert before.grow_at == before.entries == i - 1
    assert began == [9, 14, 27, 53, 105, 209, 417, 833, 1665, 3329, 6657]
    assert began == [capacity(B) + 1 for B in range(11)]
    assert m._check() is None


@pytest.mark.parametrize(("entries", "buckets"), [(1, 1), (8, 1), (9, 2), (13, 2), (14, 4), (26, 4), (27, 8)])
def test_buckets_by_hint_and_by_growth(entries: int, buckets: int) -> None:
    grown = GoMap(int, int)
    for i in range(entries):
        grown[i] = i
    hinted = make("map[int]int", entries)
    hinted[0] = 0
    assert grown.stats().buckets == hinted.stats().buckets == buckets
    assert grown.copy().stats().buckets == buckets
    assert GoMap(int, int, {i: i for i in range(entries)}).stats().buckets == buckets


def test_load_is_6_5_at_every_size() -> None:
    for B in range(20):
        full = GoMap("uint8", "[0]byte", capacity=capacity(B))
        assert full.stats().B == B
        assert full.stats().grow_at == capacity(B)
        assert GoMap("uint8", "[0]byte", capacity=capacity(B) + 1).stats().B == B + 1


def test_a_hint_s_room_is_used_without_growing() -> None:
    m = GoMap(int, int, capacity=5000)
    before = array(m)
    for i in range(5000):
        m[i] = i
    assert array(m) == before
    assert m.stats().growths == 0


def test_the_first_bucket_comes_with_the_first_entry() -> None:
    m = GoMap(int, "[128]byte")
    assert array(m) == (0, 0, 0)
    assert m.nbytes == m.memory().header <= heap_bytes(512 + HEADER_MORE) + SLACK
    m[1] = bytes(128)
    assert array(m) == (0, 1, 1104)


@pytest.mark.parametrize("hint", [-1, -(2**63), 2**31 * 1000, 2**62, 2**63 - 1, 2**64, 10**30])
def test_bogus_hints_are_ignored(hint: int) -> None:
    m = make("map[int]int", hint)
    m[1] = 2
    assert m.stats().B == 0
    assert m == {1: 2}


# Of real Go programs: B, buckets with the tail, bytes of the size class.
ARRAYS = {
    "int": [
        *((0, 1, 144), (1, 2, 288), (2, 4, 576), (3, 8, 1152), (4, 18, 2688), (5, 37, 5376), (6, 71, 10240)),
        *((7, 142, 20480), (10, 1137, 163840), (13, 8704, 1253376), (18, 278528, 40108032)),
    ],
    "[128]byte": [
        *((0, 1, 1104), (1, 2, 2208), (2, 4, 4416), (3, 8, 8832), (4, 17, 19072), (5, 37, 40960)),
        *((6, 74, 81920), (8, 274, 303104), (12, 4355, 4808704), (17, 139264, 153747456)),
        (18, 278528, 307494912),
    ],
}


@pytest.mark.parametrize("value", ["int", "*[128]byte", "[129]byte", "[128]byte"])
def test_arrays_are_go_s_to_the_byte(value: str) -> None:
    bucket = BUCKET_BYTES[value]
    arrays = ARRAYS["[128]byte" if value == "[128]byte" else "int"]
    for B, buckets, bytes_ in arrays:
        if B == 5 and bucket == 144:
            continue  # test_the_array_of_32_buckets
        m = GoMap(int, value, capacity=capacity(B))
        if B == 0:
            m.setdefault(0)
        assert array(m) == (B, buckets, bytes_)
        assert m.stats().bucket_bytes == bucket
        # What is counted is what the allocator gave: whole pages, or a block with its header.
        assert bytes_ <= m.memory().buckets <= heap_bytes(bytes_) + PAGESIZE
    for B in range(9, 19):  # larger than any class: whole pages of 8 KiB
        m = GoMap(int, value, capacity=capacity(B))
        rounded = -(-(2**B + 2 ** (B - 4)) * bucket // 8192) * 8192
        assert array(m) == (B, rounded // bucket, rounded)
        assert rounded <= m.memory().buckets <= heap_bytes(rounded) + PAGESIZE


def test_the_array_of_32_buckets() -> None:
    assert array(GoMap(int, int, capacity=capacity(5))) == (5, 37, 5376)


def test_growing_takes_the_same_arrays() -> None:
    m = GoMap(int, "[128]byte")
    expected = {B: (B, buckets, bytes_) for B, buckets, bytes_ in ARRAYS["[128]byte"]}
    for i in range(capacity(6) + 1):
        m[i] = bytes(128)
        B = m.stats().B
        if B in expected:
            assert array(m) == expected[B]
    assert m.stats().B == 7


@pytest.mark.parametrize(
    ("key", "value", "bytes_"),
    [
        ("int", "int", 144),
        ("uint8", "bool", 32),
        ("[0]byte", "[0]byte", 16),
        ("int32", "float32", 80),
        ("[128]byte", "[128]byte", 2064),
        ("[129]byte", "[4000]byte", 144),
        ("int", "*bool", 144),
        ("[16]byte", "*int", 208),
    ],
)
def test_bucket_bytes(key: str, value: str, bytes_: int) -> None:
    """Eight tophashes, eight keys, eight values and a pointer; what is over 128 bytes is a reference."""
    assert GoMap(key, value, capacity=9).stats().bucket_bytes == bytes_


def test_evacuation_is_done_by_writes_alone() -> None:
    m = GoMap(int, int, {i: i for i in range(capacity(8))})
    m[-1] = 0
    last = m.stats()
    assert last.growing
    assert last.old_buckets == 256
    assert 1 <= last.evacuated <= 2

    for i in range(-10, 2000):  # reads move nothing
        m.get(i)
        assert (i in m) is (-1 <= i < capacity(8))
    assert len(list(m.items())) == len(m) == capacity(8) + 1
    assert m == m.copy()
    assert m.stats() == last

    for i in range(capacity(8)):  # a deletion or an assignment moves one or two
        if i % 2:
            del m[i]
        else:
            m[i] = -i
        stats = m.stats()
        if not stats.growing:
            break
        assert last.evacuated <= stats.evacuated <= last.evacuated + 2
        assert m._check() is None
        last = stats
    else:
        pytest.fail("growth never ended")
    assert 128 <= i <= 256
    assert stats.old_buckets == stats.evacuated == 0
    assert m.memory().old_buckets == 0


def test_nothing_is_evacuated_under_an_iterator() -> None:
    m = GoMap(int, int, {i: i for i in range(capacity(8))})
    m[-1] = 0
    evacuated = m.stats().evacuated
    iterator = iter(m)
    for i in range(200):
        m[i] = -i
        del m[i + 200]
    assert m.stats().evacuated == evacuated
    seen = list(iterator)
    assert len(seen) == len(set(seen)) == len(m)
    assert m.stats().evacuated == evacuated
    m[0] = 0
    assert m.stats().evacuated > evacuated


def test_no_bucket_is_ever_freed() -> None:
    m = GoMap(int, int, {i: i for i in range(10_000)})
    held = array(m)
    for i in range(10_000):
        del m[i]
    assert array(m) == held
    m.update({i: i for i in range(10_000)})
    m.clear()
    assert array(m) == held
    while m:
        m.popitem()
    assert array(m) == held
    assert array(m.copy()) == (0, 0, 0)  # the cure


def test_a_copy_is_sized_for_what_there_is() -> None:
    m = GoMap(int, int, {i: i for i in range(10_000)})
    for i in range(100, 10_000):
        del m[i]
    for copied in (m.copy(), GoMap(int, int, m), m | {}, pickle.loads(pickle.dumps(m))):
        assert copied == m
        assert copied.stats().B == 4
        assert copied.stats().growths == 0


def test_churn_at_constant_size_is_bounded_by_growth_of_the_same_size() -> None:
    m = GoMap(int, int, {i: i for i in range(200)})
    B = m.stats().B
    most = 0
    for i in range(100_000):
        del m[i]
        m[i + 200] = i
        if i % 100 == 0:
            stats = m.stats()
            most = max(most, stats.overflow_buckets)
            assert stats.B == B
    assert len(m) == 200
    assert m.stats().same_size_growths >= 5
    assert most <= 3 * 2**B  # of the old and the new array, and those that writes added meanwhile
    assert m._check() is None


def test_growth_of_the_same_size_that_ends_over_load() -> None:
    """Nothing is checked while a map grows, so it may hold more than its load until the next insertion."""
    over_load = 0
    for _ in range(50):
        m = GoMap(int, int, {i: i for i in range(capacity(3))})
        fresh = capacity(3)
        while not m.stats().same_size and fresh < 5000:
            del m[fresh - capacity(3)]
            m[fresh] = fresh
            fresh += 1
        for _ in range(2):
            m[fresh] = fresh
            fresh += 1
        while m.stats().same_size:
            m[fresh - 1] = 0  # an overwrite evacuates, and begins nothing
            m[next(iter(m))] = 0
        stats = m.stats()
        if not stats.growing and stats.entries > stats.grow_at:
            over_load += 1
            assert m._check() is None
            m[fresh] = fresh
            assert m.stats().B == 4
            assert m._check() is None
    assert over_load > 0


# ---- order and hash ----------------------------------------------------------------------------------


def chains_over_8_by_chance(entries: int, B: int) -> tuple[float, float]:
    """How many chains have more than eight entries when these fall at random, and the deviation of that."""
    load = entries / 2**B
    share = 1 - sum(math.exp(-load) * load**k / math.factorial(k) for k in range(9))
    return 2**B * share, (2**B * share * (1 - share)) ** 0.5


def orders(m: GoMap[Any, Any], times: int = 40) -> set[tuple[Any, ...]]:
    return {tuple(m) for _ in range(times)}


def test_order_varies() -> None:
    m = GoMap(int, int, {i: i for i in range(100)})
    assert len(orders(m)) > 20
    assert len({tuple(m.items()) for _ in range(40)}) > 20
    small = GoMap(int, int, {i: i for i in range(8)})
    assert len(orders(small, 200)) == 8  # one bucket has so many slots to begin at
    for i in range(3, 100):  # and of a large map with few entries left
        del m[i]
    assert len(orders(m, 100)) > 2


def test_every_map_has_an_order_of_its_own() -> None:
    def cycle(m: GoMap[int, int]) -> tuple[int, ...]:
        order = tuple(m)
        first = order.index(0)
        return order[first:] + order[:first]

    model = {i: i for i in range(8 * 13)}
    first_entries = {cycle(GoMap(int, int, model))[:4] for _ in range(30)}
    assert len(first_entries) > 10


KEYS: dict[str, tuple[str, Callable[[int], Any]]] = {
    "in sequence": ("int", lambda i: i),
    "scattered": ("int", lambda i: i * 0x9E3779B97F4A7C15 % 2**63),
    "multiples of 2^40": ("uint64", lambda i: i << 40),
    "multiples of 4096": ("int", lambda i: i * 4096),
    "float": ("float64", float),
    "float fractions": ("float64", lambda i: i / 64),
    "16 bytes": ("[16]byte", lambda i: i.to_bytes(16, "big")),
    "24 bytes": ("[24]byte", lambda i: bytes(12) + i.to_bytes(4, "little") + bytes(8)),
    "200 bytes": ("[200]byte", lambda i: i.to_bytes(4, "little") * 50),
}


@pytest.mark.parametrize(("key", "make_key"), KEYS.values(), ids=KEYS)
def test_keys_spread_as_chance_does(key: str, make_key: Callable[[int], Any]) -> None:
    entries, B = 100_000, 14
    longer, deviation = chains_over_8_by_chance(entries, B)
    keys = dict.fromkeys(map(make_key, range(entries)), b"")
    assert len(keys) == entries
    for _ in range(3):
        stats = GoMap(key, "[0]byte", keys).stats()
        assert stats.B == B
        assert abs(sum(stats.chain_lengths[1:]) - longer) < 6 * deviation
        assert len(stats.chain_lengths) <= 4


# ---- NaN and zeros -----------------------------------------------------------------------------------


@pytest.mark.parametrize("key", ["float32", "float64"])
def test_every_nan_is_an_entry_that_nothing_finds(key: str) -> None:
    m = GoMap(key, int)
    for i in range(300):  # grows five times
        m[NAN] = i
        m[float(i)] = i
        assert len(m) == 2 * i + 2
    assert m._check() is None
    assert NAN not in m
    assert m.get(NAN) is None
    assert m.pop(NAN, None) is None
    assert m.setdefault(NAN, -1) == -1
    with pytest.raises(KeyError):
        m[NAN]
    with pytest.raises(KeyError):
        del m[NAN]
    assert len(m) == 601
    values = sorted(value for key, value in m.items() if math.isnan(key))
    assert values == list(range(-1, 300))
    assert m != m.copy()
    for copied in (m.copy(), pickle.loads(pickle.dumps(m)), GoMap(key, int, m)):
        assert len(copied) == 601
        assert Counter(copied.values()) == Counter(m.values())
    assert m.stats().evacuated == 0 or m._check() is None
    taken = sorted(m.popitem()[1] for _ in range(601))
    assert taken == sorted([*range(-1, 300), *range(300)])
    assert not m
    m[NAN] = 1
    m.clear()
    assert list(m) == []
    assert m._check() is None


def test_nans_spread_while_growing() -> None:
    m = GoMap(float, int)
    for i in range(20_000):
        m[NAN] = i
    assert sorted(m.values()) == list(range(20_000))
    stats = m.stats()
    assert (stats.B, stats.growing) == (12, False)
    longer, deviation = chains_over_8_by_chance(20_000, 12)
    assert abs(sum(stats.chain_lengths[1:]) - longer) < 6 * deviation
    m.reserve(100_000)
    assert sorted(m.values()) == list(range(20_000))
    assert m._check() is None


def test_of_two_zeros_the_last_one_written_is_kept() -> None:
    for name in ("float32", "float64"):
        m = GoMap(name, int, {0.0: 1})
        assert [math.copysign(1, zero) for zero in m] == [1]
        m[-0.0] = 2
        assert [math.copysign(1, zero) for zero in m] == [-1]
        assert len(m) == 1
        assert m[0.0] == m[-0.0] == 2
        m[0.0] = 3
        assert [math.copysign(1, zero) for zero in m] == [1]
        del m[-0.0]
        assert not m


# ---- keys and values of every size -------------------------------------------------------------------


@pytest.mark.parametrize("size", [0, 1, 2, 3, 4, 5, 7, 8, 9, 15, 16, 17, 31, 32, 33, 127, 128, 129, 4000])
def test_sizes_stay_intact(size: int, examples: Examples) -> None:
    values = [random.Random(i).randbytes(size) for i in range(600)]
    m = GoMap(int, f"[{size}]byte")
    for i, value in enumerate(values):
        m[i] = value
    for i in range(0, 600, 2):
        del m[i]
    for i in range(0, 600, 3):
        m[i] = values[i]
    assert dict(m.items()) == {i: values[i] for i in range(600) if i % 2 or i % 3 == 0}
    assert m._check() is None

    keys = examples(f"[{size}]byte", 600)
    m = GoMap(f"[{size}]byte", int, {key: i for i, key in enumerate(keys)})
    assert dict(m.items()) == {key: i for i, key in enumerate(keys)}
    for key in keys[::2]:
        del m[key]
    assert set(m) == set(keys[1::2])
    assert m._check() is None


def test_zero_sized_keys_and_values() -> None:
    m = GoMap("[0]byte", "[0]byte")
    assert b"" not in m
    m[b""] = b""
    m[b""] = b""
    assert m == {b"": b""}
    assert m.popitem() == (b"", b"")
    s = GoMap(int, "[0]byte", dict.fromkeys(range(1000), b""))
    assert s.stats().bucket_bytes == 80
    assert len(s) == 1000
    assert s[999] == b""
    p = GoMap(int, "*[0]byte", dict.fromkeys(range(1000), b""))
    assert p == s


@pytest.mark.parametrize("value", ["int", "float32", "bool", "[3]byte", "[128]byte", "[129]byte", "*int"])
def test_a_deleted_value_is_zero_when_it_comes_again(value: str, examples: Examples) -> None:
    example = examples(value, 2)[-1]
    m = GoMap(int, value, dict.fromkeys(range(100), example))
    zero = GoMap(int, value).setdefault(0)
    assert not any(zero) if isinstance(zero, bytes) else not zero
    for i in range(0, 100, 2):
        del m[i]
    for i in range(0, 100, 2):
        assert m.setdefault(i) == zero
    for i in range(1, 100, 2):
        assert m.setdefault(i) == example
    m.clear()
    assert m.setdefault(1) == zero


# ---- iterating ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("entries", [capacity(5), capacity(5) + 1, capacity(5) + 30])
def test_iterating_in_every_phase_of_growth(entries: int) -> None:
    for _ in range(10):
        m = GoMap(int, int, capacity=capacity(5))
        for i in range(entries):
            m[i] = i
        seen = list(m)
        assert len(seen) == entries
        assert set(seen) == set(range(entries))


def test_deleting_in_every_phase_of_growth() -> None:
    for extra in range(0, 60, 5):
        m = GoMap(int, int, capacity=capacity(5))
        for i in range(capacity(5) + extra):
            m[i] = i
        deleted: set[int] = set()
        seen: list[int] = []
        for key in m:
            assert key not in deleted
            seen.append(key)
            for victim in (key, (key * 7) % len(m) if len(m) else 0):
                if m.pop(victim, None) is not None:
                    deleted.add(victim)
            assert m._check() is None
        assert len(seen) == len(set(seen))
        assert not m


def test_replacing_every_key_between_iterations() -> None:
    m = GoMap(int, int, {i: i for i in range(500)})
    for round_ in range(5):
        for key in list(m):
            value = m.pop(key)
            m[key + 500] = value + 1
        assert dict(m.items()) == {i + 500 * (round_ + 1): i + round_ + 1 for i in range(500)}
        assert m._check() is None


# ---- a million entries -------------------------------------------------------------------------------


@dataclass
class Life:
    """What a map of a million entries was at each step of its life."""

    before_growth: list[Stats] = field(default_factory=list)  # at each last entry before growth
    after_growth: list[Stats] = field(default_factory=list)  # and at the next
    growth_ended: int = 0  # entries when the last growth ended
    full: Any = None  # Stats
    memory_full: Any = None  # MemoryReport, and so are the other two
    half: Any = None
    copied_half: int = 0
    copied_1000: int = 0
    empty: Any = None
    stats_empty: Any = None
    broken: list[str | None] = field(default_factory=list)


def live(value_type: str) -> Life:
    life = Life()
    m = GoMap(int, value_type)
    value = b"v" * 128

    def fill(begin: int, end: int) -> None:
        for i in range(begin, end):
            m[i] = value

    added = 0
    for B in range(18):
        fill(added, capacity(B))
        life.before_growth.append(m.stats())
        added = capacity(B) + 1
        fill(added - 1, added)
        life.after_growth.append(m.stats())
    while m.stats().growing:
        fill(added, added + 500)
        added += 500
    life.growth_ended = added
    fill(added, MILLION)
    life.full, life.memory_full = m.stats(), m.memory()
    life.broken.append(m._check())

    for i in range(500_000, MILLION):
        del m[i]
    life.half = m.memory()
    copied = m.copy()
    life.copied_half = copied.nbytes
    life.broken.append(None if copied == m else "the copy differs")
    del copied
    for i in range(1000, 500_000):
        del m[i]
    life.copied_1000 = m.copy().nbytes
    for i in range(1000):
        del m[i]
    life.empty, life.stats_empty = m.memory(), m.stats()
    life.broken.append(m._check())
    return life


@pytest.fixture(scope="module")
def inline() -> Life:
    return live("[128]byte")


@pytest.fixture(scope="module")
def pointers() -> Life:
    return live("*[128]byte")


@pytest.fixture(params=["inline", "pointers"])
def life(request: pytest.FixtureRequest) -> Life:
    found: Life = request.getfixturevalue(request.param)
    return found


def test_a_million_entries_keep_the_invariants(life: Life) -> None:
    assert life.broken == [None, None, None]


def test_growth_points_up_to_a_million(life: Life) -> None:
    points = [stats.entries for stats in life.after_growth]
    assert points[:6] == [9, 14, 27, 53, 105, 209]
    assert points[-1] == 851_969
    for B, (before, after) in enumerate(zip(life.before_growth, life.after_growth, strict=True)):
        assert (before.B, before.growing, before.growths) == (B, False, B)
        assert (after.B, after.growths) == (B + 1, B + 1)
        if B >= 2:
            assert (after.growing, after.old_buckets) == (True, 2**B)
    assert life.full.B == 18
    assert life.full.grow_at == 1_703_936
    assert not life.full.growing


def test_evacuation_takes_0_69_writes_a_bucket(life: Life) -> None:
    assert life.growth_ended - 851_969 == pytest.approx(90_912, rel=0.02)


def test_a_million_entries_fill_go_s_array(inline: Life) -> None:
    assert (inline.full.array_buckets, inline.full.array_bytes) == (278_528, 307_494_912)
    assert inline.memory_full.buckets == 307_494_912
    assert inline.memory_full.total - 307_494_912 < 4096


def test_a_million_pointers_fill_go_s_array(pointers: Life) -> None:
    assert (pointers.full.array_buckets, pointers.full.array_bytes) == (278_528, 40_108_032)
    assert pointers.memory_full.buckets == 40_108_032
    assert pointers.memory_full.total / MB == pytest.approx(160.37, rel=0.01)


def test_peak_of_growing_to_a_million(inline: Life) -> None:
    """The new array with all of the old one."""
    assert inline.memory_full.peak / MB == pytest.approx(461.22, rel=0.03)
    assert inline.memory_full.peak >= 307_494_912 + 153_747_456


def test_peak_of_growing_to_a_million_pointers(pointers: Life) -> None:
    """Both arrays, and the values that there are when growth ends."""
    most = 40_108_032 + 20_054_016 + pointers.growth_ended * 128 * 1.02
    assert 160 * MB < pointers.memory_full.peak <= most


def test_overflow_buckets_at_a_million(life: Life) -> None:
    assert 4_000 <= life.full.overflow_buckets <= 4_600
    assert life.full.overflow_heap == 0
    assert len(life.full.chain_lengths) <= 3
    assert life.full.load_factor == pytest.approx(3.815, abs=0.001)


def test_a_full_array_of_2_17_buckets_overflows_its_tail(life: Life) -> None:
    full = life.before_growth[17]
    assert full.entries == 851_968
    assert full.overflow_buckets == pytest.approx(27_500, rel=0.03)
    assert full.overflow_buckets - full.overflow_heap == 8_192


def test_removing_everything_gives_nothing_back(inline: Life) -> None:
    assert inline.empty.entries == 0
    assert inline.empty.total == inline.half.total == inline.memory_full.total
    assert inline.stats_empty.array_bytes == 307_494_912


def test_removing_everything_gives_the_values_back(pointers: Life) -> None:
    assert pointers.empty.records == 0
    assert pointers.empty.total == pointers.empty.header + 40_108_032
    assert pointers.empty.total / MB == pytest.approx(38.29, rel=0.003)


def test_the_cure_is_a_copy(inline: Life) -> None:
    assert (inline.half.total + inline.copied_half) / MB == pytest.approx(439.98, rel=0.005)
    assert inline.copied_half / MB == pytest.approx(146.69, rel=0.005)
    assert inline.copied_1000 / MB == pytest.approx(0.30, rel=0.1)


def test_strings_stand_as_in_go() -> None:
    m = GoMap(str, int, capacity=1_000_000)
    assert (m.stats().B, m.stats().bucket_bytes) == (18, 8 + 8 * 16 + 8 * 8 + 8)
    assert m.memory().buckets == 57_933_824  # 55.25 MiB
    m["sixteen letters."] = 1
    assert m.memory().strings > 0  # a block besides
    del m["sixteen letters."]
    assert m.memory().strings == 0
