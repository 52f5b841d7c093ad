"""SwissMap is Go's runtime map since 1.24: its tables and bytes, what stays when entries go, how it is made.

The figures are Go's: of the runtime's source (internal/runtime/maps) and of real Go 1.27 programs. Those of tables by
the thousand are in c/test_swiss.c.
"""

from __future__ import annotations

from typing import Any

import pytest

from gomap import GoMap, Map, Stats, SwissMap, make

MB = 1024 * 1024
NAN = float("nan")


def go_bytes(stats: Stats) -> int:
    """What Go's HeapAlloc shows of such a map."""
    return 48 + 32 * stats.tables + stats.directory_bytes + stats.array_bytes


# ---- made as in Go -----------------------------------------------------------------------------------


@pytest.mark.parametrize("go", ["1.24", "1.25.1", "go1.27"])
def test_the_version_of_go_says_which_map_it_is(go: str) -> None:
    assert type(make("map[int]int", go=go)) is SwissMap
    assert type(make("map[int]int")) is type(make("map[int]int", go="1.23")) is GoMap


@pytest.mark.parametrize("go", ["", "2.0", "1.x", "1.24.1.1", "1.-24", "1.24rc1", "one", "1.²"])
def test_what_is_no_version_of_go(go: str) -> None:
    with pytest.raises(ValueError, match=r"^go: expected a version of Go such as '1\.24', got "):
        make("map[int]int", go=go)


def test_a_version_is_text() -> None:
    with pytest.raises(TypeError, match=r"^go: expected a version of Go such as '1\.24', got float"):
        make("map[int]int", go=1.24)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("key", "value", "bytes_"),
    [
        *(("int", "int", 136), ("int", "*[128]byte", 136), ("int", "[128]byte", 1096), ("string", "int", 200)),
        *(("uint32", "uint32", 72), ("int", "struct{}", 136), ("int32", "struct{}", 72), ("bool", "bool", 24)),
        *(("int8", "int", 136), ("int", "[3]byte", 136), ("[5]byte", "[3]byte", 72), ("[8]byte", "[3]byte", 96)),
        *(("uint16", "[3]byte", 56), ("[129]byte", "int", 136), ("int", "[129]byte", 136), ("any", "int", 200)),
        *(("int", "struct{a int32; b [3]byte}", 136), ("int32", "struct{a int32; b [3]byte}", 104)),
        *(("uint8", "struct{a [3]byte; b [4]byte}", 72), ("uint8", "string", 200), ("uuid", "date", 168)),
    ],
)
def test_a_group_has_its_slots_as_go_lays_structs_out(key: str, value: str, bytes_: int) -> None:
    assert SwissMap(key, value).stats().bucket_bytes == bytes_


@pytest.mark.parametrize(
    ("hint", "tables", "groups"),
    [(0, 0, 0), (8, 0, 0), (9, 1, 2), (15, 1, 4), (449, 1, 128), (896, 1, 128), (897, 2, 128), (100_000, 128, 16_384)],
)
def test_tables_by_hint(hint: int, tables: int, groups: int) -> None:
    stats = make("map[int]int", hint, go="1.24").stats()
    assert (stats.tables, stats.buckets, stats.growths) == (tables, groups, 0)


def test_a_hint_of_a_million() -> None:
    m = make("map[int]int", 1_000_000, go="1.24")
    m.update(zip(range(1_000_000), range(1_000_000), strict=True))
    stats = m.stats()
    assert (stats.tables, stats.directory, stats.growths) == (2048, 2048, 0)
    assert go_bytes(stats) / MB == pytest.approx(36.08, abs=0.005)
    assert m.nbytes == pytest.approx(go_bytes(stats), rel=0.005)


@pytest.mark.parametrize("hint", [2**62, 2**63 - 1])
def test_bogus_hints_are_ignored(hint: int) -> None:
    m = make("map[int]int", hint, go="1.24")
    assert m.nbytes < 1024
    m[1] = 2
    assert m == {1: 2}


# ---- growth ------------------------------------------------------------------------------------------


def test_growth_begins_where_go_s_does() -> None:
    m = SwissMap(int, int)
    grew = []
    for i in range(1, 898):
        before = m.stats().growths
        m[i] = i
        if m.stats().growths > before:
            grew.append(i)
    assert grew == [9, 15, 29, 57, 113, 225, 449, 897]
    assert (m.stats().splits, m.stats().tables) == (1, 2)
    assert m._check() is None


@pytest.mark.parametrize(
    ("entries", "least", "most"), [(500_000, 1016, 1024), (800_000, 1024, 1025), (1_000_000, 2036, 2048)]
)
def test_tables_of_many_entries(entries: int, least: int, most: int) -> None:
    m = SwissMap(int, int)
    m.update(zip(range(entries), range(entries), strict=True))
    stats = m.stats()
    assert least <= stats.tables <= most
    assert stats.array_bytes == 18_432 * stats.tables
    assert stats.directory_bytes == {1024: 9472, 2048: 18_432}[stats.directory]
    assert m.memory().directory < 0.005 * m.nbytes
    assert m._check() is None


# ---- what stays --------------------------------------------------------------------------------------


def emptied(entries: int, value: str = "[128]byte") -> tuple[SwissMap[int, Any], Stats]:
    m = SwissMap(int, value)
    m.update((i, b"x" * 128) for i in range(entries))
    full = m.stats()
    for i in range(entries):
        del m[i]
    return m, full


def test_an_emptied_map_still_holds_its_peak() -> None:
    m, full = emptied(50_000)
    assert (m.stats().array_bytes, m.stats().tables) == (full.array_bytes, full.tables)
    assert m.stats().tombstones > 0
    assert m.copy().nbytes == pytest.approx(m.nbytes, rel=0.005)
    assert m.copy().stats().tombstones == m.stats().tombstones
    fresh = SwissMap(int, "[128]byte", m)
    assert fresh.nbytes < 1024
    m[1] = b"y" * 128
    m.clear()
    assert (m.stats().array_bytes, m.stats().tombstones) == (full.array_bytes, 0)
    assert m._check() is None


def test_values_behind_a_pointer_go() -> None:
    m, full = emptied(50_000, "*[128]byte")
    assert m.stats().array_bytes == full.array_bytes
    assert m.memory().records == 0


def test_it_cannot_compact() -> None:
    assert not hasattr(SwissMap(int, int), "compact")


# ---- rules -------------------------------------------------------------------------------------------


def test_every_nan_is_an_entry_that_nothing_finds() -> None:
    m = SwissMap(float, int)
    for i in range(2000):
        m[NAN] = i
    assert len(m) == 2000
    assert NAN not in m
    assert sorted(m.values()) == list(range(2000))
    assert m._check() is None
    m.clear()
    assert m == {}


def test_of_two_zeros_the_last_one_written_is_kept() -> None:
    m = SwissMap(float, int, {0.0: 1})
    m[-0.0] = 2
    assert [str(key) for key in m] == ["-0.0"]
    assert m[0.0] == 2


def test_order_varies() -> None:
    m = SwissMap(int, int, {i: i for i in range(1000)})
    assert len({tuple(m) for _ in range(20)}) > 10


class SameHash:
    def __hash__(self) -> int:
        return 7


def test_objects_of_one_hash() -> None:
    """Go splits a table for ever where all keys have one hash."""
    objects = [SameHash() for _ in range(1500)]
    m = SwissMap(object, int)
    for i, each in enumerate(objects):
        m[each] = i
    assert [m[each] for each in objects] == list(range(1500))
    assert m.stats().tables == 1
    assert m._check() is None
    for each in objects[::2]:
        del m[each]
    assert sorted(m.values()) == list(range(1, 1500, 2))
    assert m._check() is None


# ---- as other maps -----------------------------------------------------------------------------------


def test_it_is_saved_and_loaded_and_not_opened(tmp_path: Any) -> None:
    from gomap import files

    m = SwissMap(int, str, {i: str(i) * 9 for i in range(3000)})
    path = tmp_path / "map.gomap"
    m.save(path)
    assert files.info(path).saved_by == "SwissMap"
    assert SwissMap.load(path) == GoMap.load(path) == Map.open(path) == m
    assert type(SwissMap.load(path)) is SwissMap
    for attempt in (lambda: SwissMap.open(path), lambda: SwissMap.from_buffer(path.read_bytes())):
        with pytest.raises(TypeError, match=r"^a SwissMap is not read where it is saved, .*: SwissMap\.load\(path\)"):
            attempt()


def test_stats_show_what_it_has() -> None:
    shown = str(SwissMap(int, int, {i: i for i in range(1000)}).stats())
    for name in ("tables", "directory", "tombstones", "splits"):
        assert f"\n{name} " in shown
    assert "evacuated" not in shown
    assert "tables" not in str(GoMap(int, int).stats()) + str(Map(int, int).stats())
