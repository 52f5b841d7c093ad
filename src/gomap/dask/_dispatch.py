"""What Dask is told of maps: how it tells equal ones, and how large they are.

A map's token stands for its content. Without it Dask would take the map's pickle, which a secret seed and the order of
insertions change. A token is the types, the number of entries, and the sum of a hash of every entry, so that the order
does not count. It takes time for every entry. A map that is over a file has the file's checksum instead, in constant
time; that is another token than that of an equal map in memory.

A map's size is that of its own bytes and of the received buffer that it is over, but not of a file.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from .._core import BaseMap, Set, stable_hashes
from ..types import Kind

#: Odd numbers, about half of their bits set: the key's hash is multiplied by one before the value's is added.
_FACTORS = (0x9E3779B97F4A7C15, 0xC2B2AE3D27D4EB4F)
_SPREAD = 0x165667B19E3779F9


def register() -> None:
    """Tells Dask, where it is installed."""
    try:
        normalize_token = import_module("dask.tokenize").normalize_token
        sizeof = import_module("dask.sizeof").sizeof
    except ImportError:
        return
    for cls in (BaseMap, Set):
        normalize_token.register(cls, token)
        sizeof.register(cls, size)


def size(m: Any) -> int:
    """Bytes of memory."""
    held: int = m.nbytes
    return held + (m.memory().mapped if m._file_checksum is None else 0)


def token(m: Any) -> Any:
    """What Dask hashes in a map's or a set's place."""
    is_set = isinstance(m, Set)
    key, value = m.key_type, None if is_set else m.value_type
    name = f"{type(m).__module__}.{type(m).__qualname__}", key.name, None if value is None else value.name
    if (checksum := m._file_checksum) is not None:
        return *name, "file", checksum
    if key.kind is Kind.OBJECT or (value is not None and value.kind is Kind.OBJECT):
        return *name, import_module("dask.tokenize").normalize_token(set(m) if is_set else dict(m))
    keys, values = (m.to_array(), None) if is_set else m.to_arrays()
    hashes = stable_hashes(keys, key)
    more = None if value is None or value.kind is Kind.NOTHING else stable_hashes(values, value, values=True)
    return *name, len(m), *(_sum(hashes, more, factor) for factor in _FACTORS)


def _sum(keys: Any, values: Any, factor: int) -> int:
    """64 bits of all entries' hashes, whatever their order."""
    number = keys.dtype.type
    mixed = keys * number(factor)
    if values is not None:
        mixed += values
    mixed ^= mixed >> number(29)
    mixed *= number(_SPREAD)
    mixed ^= mixed >> number(32)
    return int(mixed.sum(dtype=keys.dtype))
