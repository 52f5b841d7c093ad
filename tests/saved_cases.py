"""Maps and sets of every type, as they are saved in tests/saved/: these files are opened by every version from now on.

python tests/saved_cases.py     writes the files that are missing
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from gomap import GoMap, Map, Set

SAVED = Path(__file__).resolve().parent / "saved"

LONG = ["", "a", "sixteen bytes ab", "seventeen bytes ab", "é€𝄞" * 9, "x" * 129, "y" * 4088, "z" * 4089, "w" * 9000]
MOMENT = datetime(2026, 11, 28, 12, 30, 15, 123456)


def _numbers(low: int, high: int) -> list[int]:
    return [low, high, *range(1, 20)]


#: Name to class, types and entries; all entries of a type's limits among them.
CASES: dict[str, tuple[Any, tuple[str, ...], Any]] = {
    **{
        f"int{bits}": (Map, (f"int{bits}", f"uint{bits}"), {i: abs(i + 1) for i in _numbers(-(2 ** (bits - 1)), 0)})
        for bits in (8, 16, 32, 64)
    },
    "empty": (Map, ("int", "int"), {}),
    "many": (Map, ("uint32", "int"), {i * 7919: i for i in range(3000)}),
    "bool": (Map, ("bool", "bool"), {True: False, False: True}),
    "float32": (Map, ("float32", "float64"), {i / 4: i / 3 for i in range(-9, 20)}),
    "float64": (Map, ("float64", "float32"), {i / 3: i / 4 for i in range(-9, 20)} | {float("inf"): 0.5}),
    "bytes16": (Map, ("[16]byte", "[3]byte"), {bytes([i] * 16): bytes([i] * 3) for i in range(50)}),
    "digests": (Set, ("[32]byte",), {bytes([i] * 32) for i in range(50)}),
    "records": (Map, ("int", "[128]byte"), {i: bytes([i] * 128) for i in range(50)}),
    "references": (Map, ("[129]byte", "*[5]byte"), {bytes([i] * 129): bytes([i] * 5) for i in range(50)}),
    "nothing": (Map, ("[0]byte", "struct{}"), {b"": None}),
    "text": (Map, ("string", "string"), dict(zip(LONG, reversed(LONG), strict=True))),
    "words": (Set, ("string",), set(LONG) | {f"word {i}" for i in range(100)}),
    "varbytes": (Map, ("bytes", "int"), {text.encode(): i for i, text in enumerate(LONG)} | {bytes(range(256)): -1}),
    "struct": (
        Map,
        ("struct{a int16; b float64; c struct{d bool; e [3]byte}}", "struct{x uint8; y uint64}"),
        {(i, i / 2, (i % 2 == 0, b"abc")): (i, i * i) for i in range(50)},
    ),
    "struct-text": (
        Map,
        ("struct{name string; n uint32}", "*struct{one string; other bytes}"),
        {(text, i): (text * 2, text.encode()) for i, text in enumerate(LONG)},
    ),
    "times": (
        Map,
        ("datetime64[us]", "struct{day date; took timedelta64[ms]; at datetime64[s, UTC]}"),
        {
            MOMENT + timedelta(days=i): (
                date(2026, 1, 1) + timedelta(i),
                timedelta(seconds=i),
                datetime(2000, 1, 1, i, tzinfo=UTC),
            )
            for i in range(20)
        },
    ),
    "uuid": (Map, ("uuid", "date"), {UUID(int=i << 64): date(1, 1, 1) + timedelta(i) for i in range(20)}),
    "gomap": (GoMap, ("int", "string"), dict(enumerate(LONG))),
}


def make(name: str) -> Any:
    """The map or set of a case."""
    cls, types, entries = CASES[name]
    return cls(*types, entries)


if __name__ == "__main__":
    SAVED.mkdir(exist_ok=True)
    for case in CASES:
        if not (SAVED / f"{case}.gomap").exists():
            make(case).save(SAVED / f"{case}.gomap")
