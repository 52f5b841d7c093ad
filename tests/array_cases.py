"""For tests of whole arrays: numbers of every width, and what results hold."""

from __future__ import annotations

import array
from typing import Any

from gomap import Map, Set

INTEGERS = {
    "int8": "b",
    "int16": "h",
    "int32": "i",
    "int64": "q",
    "uint8": "B",
    "uint16": "H",
    "uint32": "I",
    "uint64": "Q",
}
NUMBERS = {**INTEGERS, "float32": "f", "float64": "d"}


def limits(name: str) -> tuple[int, int]:
    bits = 8 * array.array(INTEGERS[name]).itemsize
    return (0, 2**bits - 1) if name[0] == "u" else (-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


def numbers(count: int, seed: int = 1) -> Any:
    """Distinct ones, in no order."""
    odd = 0x9E3779B97F4A7C15 + 2 * seed
    return array.array("q", [(i * odd + seed) % 2**64 - 2**63 for i in range(count)])


def as_list(result: Any) -> list[Any]:
    """What a result holds, whatever it is made of."""
    return result if isinstance(result, list) else result.tolist()


def holds(result: Any, value_type: Any, values: list[Any]) -> bool:
    """Whether a result of get_many has these values, in a list or in an array, be it NumPy's or none."""
    if isinstance(result, list):
        return bool(result == values)
    same = Map(int, value_type, enumerate(values)).get_many(range(len(values)))
    return memoryview(result).tobytes() == memoryview(same).tobytes()


def hashable(key: Any) -> bool:
    """Whether it can be a key of the model."""
    try:
        hash(key)
    except TypeError:
        return False
    return True


def rows(result: Any) -> list[bytes]:
    """The items of an array of bytes or structs."""
    view = memoryview(result)
    raw = view.tobytes()
    return [raw[at : at + len(raw) // len(view)] for at in range(0, len(raw), len(raw) // len(view))] if raw else []


def sound(m: Any, model: Any) -> None:
    assert m._check() is None
    assert len(m) == len(model)
    assert (set(m) if isinstance(m, Set) else dict(m.items())) == model
