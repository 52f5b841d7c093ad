"""The types of keys and values: how they are spelled, how wide they are, what Python sees.

A type is spelled as Go spells it (``"int"``, ``"uint8"``, ``"[128]byte"``, ``"*[128]byte"``,
``"struct{}"``), as a Python type (``int``, ``float``, ``bool``) or None, or as a NumPy dtype or scalar type
that names one of these.
"""

from __future__ import annotations

import enum
import re
import sys
from dataclasses import dataclass, field
from typing import Any, NoReturn

__all__ = ["Kind", "Type", "parse", "parse_map"]

#: The longest fixed number of bytes: a size fits 32 bits with room for rounding.
MAX_BYTES = 2**31 - 1


class Kind(enum.IntEnum):
    """What the bytes of a value are. ``_core.pyx`` has the same members in the same order."""

    BOOL = 0
    INT8 = 1
    INT16 = 2
    INT32 = 3
    INT64 = 4
    UINT8 = 5
    UINT16 = 6
    UINT32 = 7
    UINT64 = 8
    FLOAT32 = 9
    FLOAT64 = 10
    BYTES = 11
    NOTHING = 12


@dataclass(frozen=True)
class Type:
    """A key or value type.

    :ivar name: its spelling, as in Go
    :ivar kind: what its bytes are
    :ivar size: bytes of one, without the reference of a pointer
    :ivar pointer: spelled ``*T``: stored in a record, the bucket holding a reference

    Types are equal when they store the same: ``int`` and ``int64`` are.
    """

    name: str = field(compare=False)
    kind: Kind
    size: int
    pointer: bool = False

    def __post_init__(self) -> None:
        kind = Kind(self.kind)
        fits = 0 <= self.size <= MAX_BYTES if kind is Kind.BYTES else self.size == _SIZES[kind]
        if not fits:
            raise ValueError(f"type {self.name}: {kind.name} has no size of {self.size} bytes")

    def __str__(self) -> str:
        return self.name


_SIZES = {
    Kind.BOOL: 1,
    Kind.INT8: 1,
    Kind.INT16: 2,
    Kind.INT32: 4,
    Kind.INT64: 8,
    Kind.UINT8: 1,
    Kind.UINT16: 2,
    Kind.UINT32: 4,
    Kind.UINT64: 8,
    Kind.FLOAT32: 4,
    Kind.FLOAT64: 8,
    Kind.NOTHING: 0,
}
_NAMED = {
    "bool": Kind.BOOL,
    "int": Kind.INT64,
    "int8": Kind.INT8,
    "int16": Kind.INT16,
    "int32": Kind.INT32,
    "int64": Kind.INT64,
    "rune": Kind.INT32,
    "uint": Kind.UINT64,
    "uint8": Kind.UINT8,
    "uint16": Kind.UINT16,
    "uint32": Kind.UINT32,
    "uint64": Kind.UINT64,
    "byte": Kind.UINT8,
    "float32": Kind.FLOAT32,
    "float64": Kind.FLOAT64,
}
_ALIASES = {"float": "float64"}
_PYTHON = {bool: "bool", int: "int", float: "float64", type(None): "struct{}"}
_SUPPORTED = (
    "int, int8 to int64, uint, uint8 to uint64, byte, rune, float32, float64, bool, [N]byte, *T, struct{}"
)

_WORD = re.compile(r"[A-Za-z_][A-Za-z_0-9]*")
_NUMBER = re.compile(r"[0-9][0-9_]*")


class _Parser:
    """Reads one spelling from left to right; an error shows it and where reading stopped."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    def fail(self, reason: str, at: int | None = None) -> NoReturn:
        at = self.at if at is None else at
        if len(self.text) > 80:  # keep the place in sight
            start = max(0, at - 40)
            shown, at = "..." + self.text[start : start + 80], at - start + 3
        else:
            shown = self.text
        raise ValueError(f"{reason}\n    {shown}\n    {' ' * at}^")

    def blank(self) -> None:
        while self.text[self.at : self.at + 1].isspace():
            self.at += 1

    def take(self, symbol: str) -> bool:
        self.blank()
        if not self.text.startswith(symbol, self.at):
            return False
        self.at += len(symbol)
        return True

    def expect(self, symbol: str, after: str) -> None:
        if not self.take(symbol):
            self.fail(f"expected {symbol!r} after {after}")

    def end(self) -> None:
        self.blank()
        if self.at < len(self.text):
            self.fail("expected the end of the type here")

    def type(self, role: str) -> Type:
        self.blank()
        start = self.at
        if self.take("*"):
            if role == "key":
                self.fail("a key cannot be a pointer", start)
            if self.take("*"):
                self.fail("a pointer to a pointer is not supported", start)
            pointed = self.type("pointed-to")
            return Type("*" + pointed.name, pointed.kind, pointed.size, pointer=True)
        if self.take("["):
            return self.array()
        word = _WORD.match(self.text, self.at)
        if word is None:
            self.fail(f"expected a {role} type: {_SUPPORTED}")
        if word[0] == "struct":
            return self.nothing(role, word.end())
        name = _ALIASES.get(word[0], word[0])
        if name not in _NAMED:
            self.fail(f"unknown type {word[0]!r}: expected {_SUPPORTED}", start)
        self.at = word.end()
        return Type(name, _NAMED[name], _SIZES[_NAMED[name]])

    def nothing(self, role: str, end: int) -> Type:
        if role == "key":
            self.fail("a key cannot be struct{}, which holds nothing")
        self.at = end
        self.expect("{", "'struct'")
        if not self.take("}"):
            self.fail("only the struct without fields is supported: expected '}' here")
        return Type("struct{}", Kind.NOTHING, _SIZES[Kind.NOTHING])

    def array(self) -> Type:
        self.blank()
        number = _NUMBER.match(self.text, self.at)
        if number is None:
            self.fail("expected the number of bytes after '['")
        digits = number[0].replace("_", "")
        if len(digits) > 10 or int(digits) > MAX_BYTES:
            self.fail(f"[N]byte takes N from 0 to {MAX_BYTES}")
        size = int(digits)
        self.at = number.end()
        self.expect("]", "the number of bytes")
        self.blank()
        word = _WORD.match(self.text, self.at)
        if word is None or word[0] not in ("byte", "uint8"):
            self.fail("only arrays of byte are supported: expected 'byte' here")
        self.at = word.end()
        return Type(f"[{size}]byte", Kind.BYTES, size)


def _numpy_name(spec: Any) -> str | None:
    """The spelling for a NumPy dtype or scalar type; None for anything else."""
    numpy = sys.modules.get("numpy")
    if numpy is None:
        return None
    if isinstance(spec, type) and issubclass(spec, numpy.generic):
        spec = numpy.dtype(spec)
    if not isinstance(spec, numpy.dtype):
        return None
    if spec.kind in "iufb" and spec.isnative and str(spec) in _NAMED:
        return str(spec)
    if spec.kind == "V" and spec.names is None and spec.subdtype is None and spec.itemsize:
        return f"[{spec.itemsize}]byte"
    raise TypeError(f"NumPy dtype {spec!r} names no type of gomap: expected one of {_SUPPORTED}")


def parse(spec: Any, role: str = "value") -> Type:
    """The type that a spelling names.

    :param spec: a spelling as in Go, a Python type, a NumPy dtype, or a :class:`Type`
    :param role: ``"key"`` or ``"value"``; a key can be neither a pointer nor ``struct{}``
    :raises ValueError: the spelling is unknown or malformed; the message shows where
    :raises TypeError: it is no spelling at all
    """
    if isinstance(spec, Type):
        if role == "key" and spec.pointer:
            raise ValueError(f"a key cannot be a pointer: {spec}")
        if parse(spec.name, role) != spec:
            raise ValueError(f"type {spec.name!r} is not what its name says: {spec!r}")
        return spec
    if spec is None:
        spec = type(None)
    if isinstance(spec, type) and spec in _PYTHON:
        spec = _PYTHON[spec]
    elif not isinstance(spec, str):
        name = _numpy_name(spec)
        if name is None:
            shown = spec.__name__ if isinstance(spec, type) else f"{type(spec).__name__} {spec!r:.60}"
            hint = "; for bytes say how many: '[16]byte'" if spec in (bytes, bytearray) else ""
            raise TypeError(f"expected a {role} type ({_SUPPORTED}), got {shown}{hint}")
        spec = name
    parser = _Parser(spec)
    result = parser.type(role)
    parser.end()
    return result


def parse_map(spec: str) -> tuple[Type, Type]:
    """The key and value types of a whole map's spelling, ``"map[int][128]byte"``.

    :raises ValueError: the spelling is unknown or malformed; the message shows where
    :raises TypeError: it is not a string
    """
    if not isinstance(spec, str):
        raise TypeError(f"expected a map type such as 'map[int][128]byte', got {type(spec).__name__}")
    parser = _Parser(spec)
    parser.blank()
    word = _WORD.match(spec, parser.at)
    if word is None or word[0] != "map":
        parser.fail("expected a map type such as 'map[int][128]byte'")
    parser.at = word.end()
    parser.expect("[", "'map'")
    key = parser.type("key")
    parser.expect("]", "the key type")
    value = parser.type("value")
    parser.end()
    return key, value
