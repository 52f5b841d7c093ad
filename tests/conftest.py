"""What the tests share: the map classes under test, pairs of types, examples of every type."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from fractions import Fraction
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support import FREE_THREADED

from gomap import GoMap, Map, SwissMap
from gomap import _arrays as arrays
from gomap._times import LIMITS, TIMEDELTAS
from gomap.types import Kind, parse

#: The mapping contract holds for each of these, and for a SwissMap. That has its own engine, and all else in common
#: with a GoMap: so it is tested in SWISS alone, where the core's algorithms matter, and without the types of ALIKE.
MAP_CLASSES = [GoMap, Map]
SWISS = {
    *("test_contract", "test_bulk", "test_counting", "test_views", "test_failure", "test_strings", "test_objects"),
    *("test_object_references", "test_operations", "test_pickling"),
}

KEY_TYPES = [
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"),
    *(f"[{size}]byte" for size in (0, 1, 3, 8, 16, 32, 128, 129, 4000)),
    "struct{a int8; b float64; c struct{d uint64; e [3]byte}; f bool}",
    "struct{a uint16; b [4096]byte}",
    "struct{a uint8; b string; c struct{d bytes; e string}; f bool}",
    *("string", "bytes", "any"),
    *("datetime64[us]", "datetime64[s, UTC]", "timedelta64[ms]", "date", "uuid"),
    "struct{day date; id uuid; at datetime64[us]}",
]
VALUE_TYPES = [*KEY_TYPES, *("*" + name for name in KEY_TYPES if "[" in name), "*int", "*bool", "*float32"]
VALUE_TYPES += ["struct{}", "*struct{}", "*struct{a uint32; b int16}", "*string", "*any"]

#: Types that differ from another of the list to Python alone: the core has no path of their own for them.
ALIKE = {
    *("int16", "int32", "uint8", "uint64", "[8]byte", "struct{a uint16; b [4096]byte}", "bytes"),
    *("datetime64[s, UTC]", "timedelta64[ms]", "date", "struct{day date; id uuid; at datetime64[us]}"),
    *("*[1]byte", "*[8]byte", "*[16]byte", "*[32]byte", "*[128]byte", "*struct{a uint16; b [4096]byte}", "*bool"),
    *("*float32", "*struct{day date; id uuid; at datetime64[us]}", "*struct{a uint32; b int16}"),
}

#: A pair for every way that the core stores keys and values.
PAIRS = [
    ("int", "int"),
    ("uint8", "float64"),
    ("float32", "[3]byte"),
    ("[16]byte", "*[129]byte"),
    ("[129]byte", "int16"),
    ("[4000]byte", "*int"),
    ("uint16", "[128]byte"),
    ("bool", "[129]byte"),
    ("[0]byte", "[0]byte"),
    ("int32", "struct{}"),
    ("struct{a int16; b struct{c float32; d [2]byte}}", "struct{a uint32; b bool}"),
    ("string", "int"),
    ("int", "string"),
    ("string", "bytes"),
    ("bytes", "*string"),
    ("any", "any"),
    ("any", "string"),
    ("string", "*any"),
    ("uint16", "any"),
    ("struct{a int16; b [3]byte}", "any"),
    ("uint32", "struct{a string; b uint32; c string}"),
    ("struct{a string; b bytes}", "*struct{a bytes; b [120]byte}"),
    ("struct{a string}", "struct{a string}"),
    ("any", "struct{a string; b int}"),
    ("datetime64[us]", "uuid"),
    ("uuid", "struct{at datetime64[ms, UTC]; day date}"),
]

#: For tests of how many bytes CPython's own allocator takes.
own_allocator = pytest.mark.skipif("PYTHONMALLOC" in os.environ, reason="counts are for CPython's own allocator")

#: CPython has one object for every int from -5 up to this.
LARGEST_SHARED_INT = 1024 if sys.version_info >= (3, 15) else 256

#: Lengths about which something changes: what stands in an entry and what in a region, how lengths are kept.
LENGTHS = (0, 1, 2, 14, 15, 16, 17, 31, 32, 33, 63, 64, 65, 127, 128, 129, 255, 256, 257, 4095, 4096, 5000)
#: Texts with characters of every width in memory and in UTF-8, with what needs no character, and with NULs.
TEXTS = (
    *("\0", "\0\0", "a\0", "\0a", "é", "ÿ" * 8, "é" * 7 + "a", "€", "漢字" * 3, "\uffff", "𝄞", "😀" * 4),
    *("a" * 11 + "😀", "é€𝄞", "\ud800", "\udfff\ud800", "a\udc80", "\U0010ffff", "e\u0301", "ﬁ"),
)


@dataclass(frozen=True)
class Thing:
    """An object whose equality is written in Python."""

    number: int


class Word(str):
    """A str that is one, but not exactly."""


class Pair(NamedTuple):
    one: Any
    other: Any


#: Python objects of many kinds, no two of them equal.
OBJECTS: tuple[Any, ...] = (
    *(None, True, 0, -1, 2**70, -(2**63), 1.5, float("inf"), 1j, "", "text", "é€𝄞", "\ud800", b"", b"text"),
    *((), (1, "one"), ((), ((),)), frozenset(), frozenset({1, "one"}), Pair(1, (2, 3)), Word("word")),
    *(int, len, Ellipsis, NotImplemented, range(5), Fraction(1, 3), Decimal("2.5"), Thing(5), Thing(6)),
)

# The same examples in every run; HYPOTHESIS_PROFILE=explore looks for new ones.
settings.register_profile("fixed", derandomize=True, deadline=None, database=None, stateful_step_count=40)
settings.register_profile("explore", deadline=None, database=None, max_examples=2000, stateful_step_count=60)
settings.register_profile("brief", settings.get_profile("fixed"), max_examples=8)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--all", action="store_true", help="run what takes long too (marked long)")
    parser.addoption("--thin", action="store_true", help="leave out types that the C core treats as it treats others")


def _is_like_another(item: pytest.Item) -> bool:
    """Whether it runs for a type of ALIKE, given by one of the fixtures below."""
    parameters = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    return any(parameters.get(name) in ALIKE for name in ("key_type", "value_type"))


def _tells_nothing(item: pytest.Item) -> bool:
    """Whether it tests a SwissMap where that is as a GoMap is."""
    parameters = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
    return parameters.get("map_class") is SwissMap and (item.path.stem not in SWISS or _is_like_another(item))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what takes long, unless all is asked for, or files are named. What is like another is as what takes
    long; with --thin it is always left out."""
    items[:] = [item for item in items if not _tells_nothing(item)]
    alike = [item for item in items if _is_like_another(item)]
    for item in alike:
        item.add_marker(pytest.mark.long)
    if config.getoption("--thin"):
        config.hook.pytest_deselected(items=alike)
        items[:] = [item for item in items if not _is_like_another(item)]
    named = any(Path(arg.partition("::")[0]).is_file() for arg in map(str, config.invocation_params.args))
    if config.getoption("--all") or named:
        return
    config.hook.pytest_deselected(items=[item for item in items if item.get_closest_marker("long")])
    items[:] = [item for item in items if not item.get_closest_marker("long")]


def make_examples(spelling: str, count: int) -> list[Any]:
    """Distinct values of a type, its limits first; fewer than count where there are fewer."""
    type_ = parse(spelling)
    if type_.kind is Kind.NOTHING:
        return [None][:count]
    if type_.kind is Kind.BOOL:
        return [False, True][:count]
    if type_.kind in (Kind.FLOAT32, Kind.FLOAT64):
        largest = 3.4028234663852886e38 if type_.kind is Kind.FLOAT32 else 1.7976931348623157e308
        smallest = 2.0**-149 if type_.kind is Kind.FLOAT32 else 5e-324
        limits = [largest, -largest, smallest, -smallest, float("inf"), float("-inf"), 0.0]
        return (limits + [i * 0.25 for i in range(1, count + 1)])[:count]
    if type_.kind is Kind.STRING:
        return list(islice(dict.fromkeys((*TEXTS, *("x" * length for length in LENGTHS), *_texts(count))), count))
    if type_.kind is Kind.VARBYTES:
        made = (bytes([length % 256]) * length for length in LENGTHS)
        return list(islice(dict.fromkeys((*made, *(text.encode() for text in _texts(count)))), count))
    if type_.kind is Kind.OBJECT:
        return list(islice(dict.fromkeys((*OBJECTS, *_objects(count))), count))
    if type_.kind is Kind.STRUCT:
        columns = [make_examples(each.type.name, count) for each in type_.fields]
        made = (type_.namedtuple(*(column[i % len(column)] for column in columns)) for i in range(count))
        return list(dict.fromkeys(made))
    if type_.kind >= Kind.DATETIME_S:
        return _times(type_.kind, count)
    if type_.kind is Kind.BYTES:
        return list(islice(dict.fromkeys(_fixed(type_.size, i) for i in range(2 * count)), count))
    bits = 8 * type_.size
    low = -(2 ** (bits - 1)) if type_.kind <= Kind.INT64 else 0
    high = low + 2**bits - 1
    spread = range(low, high, max(1, (high - low) // count))
    return list(islice(dict.fromkeys((low, high, *spread)), count))


def make_zero(spelling: str) -> Any:
    """What a value is that nothing was put in."""
    type_ = parse(spelling)
    if type_.kind in (Kind.NOTHING, Kind.OBJECT):
        return None
    if type_.kind is Kind.STRUCT:
        return type_.namedtuple(*(make_zero(each.type.name) for each in type_.fields))
    if type_.kind is Kind.BYTES:
        return bytes(type_.size)
    if type_.kind >= Kind.DATETIME_S:
        return _time(type_.kind, 0)
    return {Kind.STRING: "", Kind.VARBYTES: b"", Kind.BOOL: False}.get(
        type_.kind, 0.0 if "FLOAT" in type_.kind.name else 0
    )


def _time(kind: Kind, number: int) -> Any:
    """A count as the object of a kind of time, but nanoseconds; a number as a UUID."""
    if kind is Kind.UUID:
        return UUID(int=number)
    unit = timedelta(days=1) if kind is Kind.DATE else timedelta(seconds=1) / 1000 ** ((kind - Kind.DATETIME_S) % 4)
    if kind in TIMEDELTAS:
        return number * unit
    if kind is Kind.DATE:
        return date(1970, 1, 1) + number * unit
    return datetime(1970, 1, 1, tzinfo=UTC if kind >= Kind.UTC_S else None) + number * unit


def _times(kind: Kind, count: int) -> list[Any]:
    low, high = LIMITS.get(kind, (0, 2**128 - 1))
    spread = range(low, high, (high - low) // count)
    return [_time(kind, number) for number in islice(dict.fromkeys((low, high, -1 if low else 1, *spread)), count)]


def _texts(count: int) -> Iterator[str]:
    """Texts of lengths that follow no order, some of characters beyond ASCII."""
    for i in range(count):
        yield f"{i}{'aé€𝄞'[i % 4] * (i * i % 40)}"


def _objects(count: int) -> Iterator[Any]:
    makers = (str, float, Thing, lambda i: (i, str(i)), lambda i: i + 2**64, lambda i: frozenset({i, -i}))
    for i in range(2, count + 2):
        yield makers[i % len(makers)](i)


def _fixed(size: int, index: int) -> bytes:
    """Zeros but for the index: at the beginning, or, when it is odd, at the end."""
    zeros = bytes(max(0, size - 2))
    if index % 2 and size > 1:
        return zeros + index.to_bytes(2, "big")
    return (index.to_bytes(2, "little") + zeros)[:size]


@given(st.none())
def _first(_: None) -> None:
    """Makes hypothesis register what it does once, and then looks for in what the collector sees."""


def pytest_collection_finish() -> None:
    """What pytest has made by now stays: without it, a collection takes a hundredth of the time."""
    _first()
    gc.collect()
    gc.freeze()
    if hasattr(sys, "gettotalrefcount"):  # a debug build puts bytes about each block; not in what tests start
        os.environ.setdefault("PYTHONMALLOC", "mimalloc" if FREE_THREADED else "pymalloc")


@pytest.fixture(params=[*MAP_CLASSES, SwissMap], ids=lambda cls: cls.__name__)
def map_class(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(params=KEY_TYPES)
def key_type(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=VALUE_TYPES)
def value_type(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(params=PAIRS, ids=lambda pair: "-".join(pair))
def pair(request: pytest.FixtureRequest) -> tuple[str, str]:
    key, value = request.param
    return key, value


@pytest.fixture
def zero() -> Callable[[str], Any]:
    return make_zero


@pytest.fixture
def examples() -> Callable[[str, int], list[Any]]:
    return make_examples


@pytest.fixture(params=["as it is", "without NumPy"])
def results(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> str:
    """Both kinds of results, wherever the tests run."""
    if request.param == "without NumPy":
        monkeypatch.setattr(arrays, "numpy", lambda: None)
    return str(request.param)


@pytest.fixture(scope="module", autouse=True)
def frozen() -> None:
    """What the files before have left stays too: each collection in a test would look at all of it, for a second."""
    gc.collect()
    gc.freeze()


@pytest.fixture
def np() -> Any:
    return pytest.importorskip("numpy")


@pytest.fixture
def pd() -> Any:
    return pytest.importorskip("pandas")
