"""The reports of a map, and sizeof held against what the system says a process holds."""

from __future__ import annotations

import builtins
import dataclasses
import itertools
import os
import pickle
import platform
import subprocess
import sys
from collections import OrderedDict, defaultdict
from mmap import PAGESIZE
from typing import Any

import pytest
from conftest import LARGEST_SHARED_INT, own_allocator
from support import FREE_THREADED, INT

from gomap import GoMap, MemoryReport, Stats, advise, sizeof, sizes

MUSL = sys.platform == "linux" and platform.libc_ver()[0] != "glibc"

PURPOSES = ("header", "buckets", "tags", "overflow", "records", "strings", "old_buckets")


def report(**figures: int) -> MemoryReport:
    names = [field.name for field in dataclasses.fields(MemoryReport)]
    return MemoryReport(**{**dict.fromkeys(names, 0), **figures})


# ---- MemoryReport and Stats --------------------------------------------------------------------------


@pytest.mark.parametrize("value", ["[128]byte", "*[128]byte", "[129]byte", "bool"])
@pytest.mark.parametrize("entries", [0, 5, 53, 1000])
def test_report_of_a_map_adds_up(value: str, entries: int) -> None:
    m = GoMap(int, value)
    example = True if value == "bool" else bytes(129 if "129" in value else 128)
    for i in range(entries):
        m[i] = example
    memory = m.memory()
    assert memory.total == m.nbytes == sum(getattr(memory, purpose) for purpose in PURPOSES)
    assert memory.peak >= memory.total
    assert memory.entries == entries
    assert memory.raw == entries * (8 + (1 if value == "bool" else len(example)))
    assert memory.bytes_per_entry == (memory.total / entries if entries else 0.0)


def test_report_is_a_table_of_what_holds_something() -> None:
    held = 307_494_912
    shown = report(total=held + 416, peak=held + 416, raw=136, header=416, buckets=held, entries=2)
    assert str(shown).splitlines() == [
        "               bytes",
        "header           416  416 bytes",
        "buckets  307,494,912  293.25 MB",
        "total    307,495,328  293.25 MB",
        "peak     307,495,328  293.25 MB",
        "raw              136  136 bytes",
        "2 entries, 153,747,664.0 bytes each",
    ]


def test_report_of_an_empty_map() -> None:
    empty = report(total=416, header=416)
    assert empty.bytes_per_entry == 0.0
    assert str(empty).splitlines()[-1] == "0 entries"
    assert str(report(entries=1, total=8)).splitlines()[-1] == "1 entry, 8.0 bytes each"


def test_reports_in_a_notebook_and_in_rich() -> None:
    m = GoMap(int, int, {1: 2})
    memory, stats = m.memory(), m.stats()
    assert f'<td style="text-align: right">{memory.buckets:,}</td>' in memory._repr_html_()
    assert ">growing</td>" in stats._repr_html_()
    assert dict(memory.__rich_repr__()) == {
        **dataclasses.asdict(memory),
        "bytes_per_entry": memory.bytes_per_entry,
    }
    assert dict(stats.__rich_repr__())["load_factor"] == 1.0


def test_reports_are_values() -> None:
    m = GoMap(int, int, {1: 2})
    for taken in (m.memory(), m.stats()):
        assert pickle.loads(pickle.dumps(taken)) == taken
        with pytest.raises(dataclasses.FrozenInstanceError):
            taken.entries = 3
    before = m.memory()
    m.update({i: i for i in range(100)})
    assert before.entries == 1


def test_stats_of_a_map() -> None:
    m = GoMap(int, "[128]byte", {i: bytes(128) for i in range(1000)})
    stats = m.stats()
    assert isinstance(stats, Stats)
    assert (stats.B, stats.buckets, stats.bucket_bytes, stats.entries) == (8, 256, 1104, 1000)
    assert stats.load_factor == 1000 / 256
    assert sum(stats.chain_lengths) == 256
    lines = [" ".join(line.split()) for line in str(stats).splitlines()]
    assert f"engine {stats.engine}" in lines
    assert {"load factor 3.906", "array bytes 303,104", "same size no"} < set(lines)


# ---- sizeof ------------------------------------------------------------------------------------------
#
# Without the interpreter's lock constants are immortal, and not counted: numbers and tuples that are to be are made.


def tuple_of(*objects: Any) -> tuple[Any, ...]:
    return objects


@pytest.mark.skipif(FREE_THREADED, reason="all is mimalloc's there")
def test_sizeof_rounds_as_the_allocators_do() -> None:
    assert sizeof(10**9) == 32  # 28 asked for
    assert sizeof(1.5) == 32  # 24
    assert sizeof(bytes(128)) == 176  # 33 + 128
    assert sizeof(bytes(512 - 33)) == 512  # the largest that pymalloc takes
    assert sizeof(bytes(513 - 33)) == (587 if MUSL else 528)  # malloc's header, and 16 bytes
    assert sizeof(bytes(1024 - 33)) == (1172 if MUSL else 1040)
    assert sizeof(bytes(1 << 20)) == (1 << 20) + 4096 + 40 * MUSL  # whole pages


@pytest.mark.skipif(not FREE_THREADED, reason="pymalloc and malloc are it here")
def test_sizeof_rounds_as_mimalloc_does() -> None:
    assert sizeof(int("1000000000")) == 48  # 44 asked for
    assert sizeof(float("1.5")) == 48  # 40
    steps = [64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, 640, 768]
    for below, step in itertools.pairwise(steps):
        assert sizeof(bytes(below + 1 - 49)) == sizeof(bytes(step - 49)) == step
    assert sizeof(bytes(9000)) == 10240
    if PAGESIZE == 4096:
        assert sizeof(bytes(66_000)) == 69_632  # in a block of 81,920
        assert sizeof(bytes(1 << 20)) == (1 << 20) + 4096
    assert sizeof([None]) == 64 + 16  # a table is its length, which getsizeof leaves out, and a pointer
    assert sizeof([]) == 64


def test_sizeof_knows_the_build() -> None:
    assert sizes.FREE_THREADED is FREE_THREADED


def test_sizeof_of_a_dict_is_that_of_its_parts() -> None:
    key, value = int("2000"), int("3000")
    table = sys.getsizeof({key: value}) - sys.getsizeof({})
    assert sizeof({}) == 64
    assert sizeof({key: value}) == 64 + -(-table // 16) * 16 + 2 * INT


def test_sizeof_counts_each_object_once() -> None:
    value = bytes(1000)
    many = [value] * 1000
    assert sizeof(many) == sizeof([None] * 1000) + sizeof(value)
    key = int("1000000")
    assert sizeof({key: key}) == sizeof({key: None})
    assert sizeof([value, [value, (value,)]]) == sizeof([None, [None, tuple_of(None)]]) + sizeof(value)


def test_sizeof_follows_cycles_and_depth() -> None:
    cycle: list[Any] = [None]
    alone = sizeof(cycle)
    cycle[0] = cycle
    assert sizeof(cycle) == alone
    deep: list[Any] = []
    for _ in range(100_000):
        deep = [deep]
    assert sizeof(deep) == 100_000 * (64 + 16) + 64
    while deep:  # taken apart here: its end would recurse
        deep = deep[0]


def test_sizeof_leaves_out_what_is_there_anyway() -> None:
    shared = (None, True, 0, LARGEST_SHARED_INT, -5, "", "x", b"", b"x", (), int, sys, len, sizeof, Ellipsis)
    assert sizeof(shared) == sizeof((None,) * len(shared))
    assert sizeof([LARGEST_SHARED_INT + 1]) == sizeof([LARGEST_SHARED_INT]) + INT


@pytest.mark.parametrize(
    ("container", "inside"),
    [
        (lambda x: {1: x}, {1: None}),
        (lambda x: {x: 1}, None),
        (lambda x: [x], [None]),
        (lambda x: (x,), tuple_of(None)),
        (lambda x: {x}, {None}),
        (lambda x: frozenset([x]), frozenset([None])),
        (lambda x: defaultdict(int, {1: x}), defaultdict(int, {1: None})),
        (lambda x: OrderedDict({1: x}), OrderedDict({1: None})),
    ],
)
def test_sizeof_goes_into_containers(container: Any, inside: Any) -> None:
    value = int("1000000000")
    if inside is not None:
        assert sizeof(container(value)) == sizeof(inside) + INT
    assert sizeof([container(value)]) == sizeof([None]) + sizeof(container(value))


@pytest.mark.skipif(not hasattr(builtins, "frozendict"), reason="it comes with 3.15")
def test_sizeof_of_a_frozendict_is_that_of_a_dict() -> None:
    frozendict: Any = builtins.frozendict  # type: ignore[attr-defined]
    for count in (0, 1, 5, 6, 100, 10_000):
        d = {i + 2000: i + 0.5 for i in range(count)}
        own = frozendict.__basicsize__ - dict.__basicsize__  # which may end the next block of 16 bytes
        assert 0 <= sizeof(frozendict(d)) - sizeof(d) <= (own + 15) // 16 * 16
        assert not any("not known" in remark for remark in advise(frozendict(d)).remarks)
    value = bytes(1000)
    assert sizeof([value, frozendict({1: value})]) == sizeof([value, frozendict({1: None})])


def test_sizeof_goes_into_subclasses_that_hide_their_contents() -> None:
    class Hiding(dict[int, bytes]):
        def values(self) -> Any:
            raise AssertionError("not for counting")

        __iter__ = keys = values

    assert sizeof(Hiding({1: bytes(1000)})) > 1000


def test_sizeof_of_a_map_is_its_nbytes() -> None:
    class Mine(GoMap):
        pass

    for m in (GoMap(int, int, {1: 2}), Mine(int, int, {1: 2})):
        assert sizeof(m) == m.nbytes
        assert sizeof({1: m}) == sizeof({1: None}) + m.nbytes
        assert sizeof([m, m]) == sizeof([None, None]) + m.nbytes


def test_sizeof_takes_any_object() -> None:
    class Thing:
        def __init__(self) -> None:
            self.inside = bytes(10_000)

    assert 0 < sizeof(Thing()) < 1000  # attributes are not followed
    assert sizeof(bytearray(1000)) >= 1056


RESIDENT = """
import sys
from gomap import sizeof
from gomap.measure.machine import resident as _resident

n = 200_000
makers = {
    "int to bytes": lambda: {i: i.to_bytes(128, "little") for i in range(n)},
    "int to int": lambda: {i: i + n for i in range(n)},
    "str to float": lambda: {f"key {i}": i / 2 for i in range(n)},
    "int to list": lambda: {i: [i, {i}] for i in range(n // 2)},
    "list of large bytes": lambda: [bytes([i % 256]) * 5000 for i in range(n // 10)],
}
make = makers[sys.argv[1]]
before = _resident()
held = make()
resident = _resident() - before
counted = sizeof(held)
print(counted, resident, _resident() - before - resident)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="resident memory is read from /proc")
@own_allocator
@pytest.mark.parametrize("what", ["int to bytes", "int to int", "str to float", "int to list", "list of large bytes"])
def test_sizeof_is_what_the_process_grows_by(what: str) -> None:
    environment = os.environ | {"MIMALLOC_PURGE_DELAY": "0"}  # else it keeps for a while what was freed
    run = subprocess.run(
        [sys.executable, "-c", RESIDENT, what], env=environment, capture_output=True, text=True, check=True
    )
    counted, resident, rest = map(int, run.stdout.split())
    assert counted == pytest.approx(resident, rel=0.03)
    if what in ("int to bytes", "int to int", "str to float"):
        assert rest < 1 << 20  # counting left nothing behind
