"""What the tests share: the map classes under test, pairs of types, examples of every type."""

from __future__ import annotations

import os
from collections.abc import Callable
from itertools import islice
from typing import Any

import pytest
from hypothesis import settings

from gomap import GoMap, Map
from gomap.types import Kind, parse

#: The mapping contract holds for each of these.
MAP_CLASSES = [GoMap, Map]

KEY_TYPES = [
    *("bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32", "float64"),
    *(f"[{size}]byte" for size in (0, 1, 3, 8, 16, 32, 128, 129, 4000)),
    "struct{a int8; b float64; c struct{d uint64; e [3]byte}; f bool}",
    "struct{a uint16; b [4096]byte}",
]
VALUE_TYPES = [*KEY_TYPES, *("*" + name for name in KEY_TYPES if "[" in name), "*int", "*bool", "*float32"]
VALUE_TYPES += ["struct{}", "*struct{}", "*struct{a uint32; b int16}"]

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
]

# The same examples in every run; HYPOTHESIS_PROFILE=explore looks for new ones.
settings.register_profile("fixed", derandomize=True, deadline=None, database=None, stateful_step_count=40)
settings.register_profile("explore", deadline=None, database=None, max_examples=2000, stateful_step_count=60)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "fixed"))


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
    if type_.kind is Kind.STRUCT:
        columns = [make_examples(each.type.name, count) for each in type_.fields]
        made = (type_.namedtuple(*(column[i % len(column)] for column in columns)) for i in range(count))
        return list(dict.fromkeys(made))
    if type_.kind is Kind.BYTES:
        return list(islice(dict.fromkeys(_fixed(type_.size, i) for i in range(2 * count)), count))
    bits = 8 * type_.size
    low = -(2 ** (bits - 1)) if type_.kind <= Kind.INT64 else 0
    high = low + 2**bits - 1
    spread = range(low, high, max(1, (high - low) // count))
    return list(islice(dict.fromkeys((low, high, *spread)), count))


def _fixed(size: int, index: int) -> bytes:
    """Zeros but for the index: at the beginning, or, when it is odd, at the end."""
    zeros = bytes(max(0, size - 2))
    if index % 2 and size > 1:
        return zeros + index.to_bytes(2, "big")
    return (index.to_bytes(2, "little") + zeros)[:size]


@pytest.fixture(params=MAP_CLASSES, ids=lambda cls: cls.__name__)
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
def examples() -> Callable[[str, int], list[Any]]:
    return make_examples
