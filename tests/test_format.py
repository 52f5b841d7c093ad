"""docs/format.md says all that a reader of saved maps needs: a reader that has only the page to go by reads them."""

from __future__ import annotations

import struct
from typing import Any

import format_reader
import pytest
from format_reader import address, entries, hash_key, read_head
from saved_cases import CASES, SAVED

from gomap import GoMap, Map, Set


def as_dict(made: Any) -> dict[Any, Any]:
    return dict.fromkeys(made) if isinstance(made, Set) else dict(made)


def test_the_checksum() -> None:
    assert format_reader.xxh64(b"") == 0xEF46DB3751D8E999
    assert format_reader.xxh64(b"abc") == 0x44BC2CF5AD770999
    assert format_reader.xxh64(bytes(range(222))) == 0x88FF0DADA4BFA877


@pytest.mark.parametrize("name", CASES)
def test_files_of_every_type(name: str) -> None:
    cls, types, items = CASES[name]
    made = cls(*types, items)
    assert entries((SAVED / f"{name}.gomap").read_bytes()) == as_dict(made)
    assert entries(made.to_buffer()) == as_dict(made)


@pytest.mark.parametrize("cls", [Map, GoMap])
@pytest.mark.parametrize("types", [("int", "[128]byte"), ("string", "bytes"), ("struct{a string; b uint8}", "string")])
def test_after_deletions(cls: Any, types: tuple[str, str]) -> None:
    """Saved while an iterator is alive, which leaves gaps in memory."""
    keys: list[Any] = [{"int": i, "string": f"{i}" * (i % 9)}.get(types[0], ("s" * i, i % 256)) for i in range(1, 700)]
    value = bytes(range(128)) if types[1] != "string" else "value" * 1000
    m = cls(*types, ((key, value) for key in keys))
    alive = iter(m)
    next(alive)
    for key in keys[::3]:
        m.pop(key, None)
    assert entries(m.to_buffer()) == dict(m)
    del alive
    assert entries(m.to_buffer()) == dict(m)


@pytest.mark.parametrize("value", ["int", "[100]byte"])
def test_entries_that_find_no_bucket(value: str) -> None:
    """Keys chosen by the page's own hash, so that all want one bucket."""
    m = Map("uint64", value)
    filler: Any = 7 if value == "int" else bytes(100)
    m[0] = filler
    head = read_head(m.to_buffer())
    colliding = [
        key
        for key in range(12_000)
        if {address(half, 16) for half in divmod(hash_key(key.to_bytes(8, "little"), head), 2**32)} == {0}
    ]
    assert len(colliding) > 20
    m.update((key, filler) for key in colliding)
    saved = m.to_buffer()
    assert read_head(saved).overflow >= len(colliding) - 8
    assert entries(saved) == dict(m)


def test_damage_is_found() -> None:
    """In every part: the head, each section, and between them."""
    saved = bytearray(Map("string", "[70]byte", ((f"number {i}" * 3, bytes([i]) * 70) for i in range(40))).to_buffer())
    for at in range(0, len(saved), 37):
        saved[at] ^= 4
        with pytest.raises((ValueError, struct.error)):
            entries(bytes(saved))
        saved[at] ^= 4
    for size in range(0, len(saved), 977):
        with pytest.raises(ValueError, match="it"):
            entries(bytes(saved[:size]))
    assert len(entries(bytes(saved))) == 40
