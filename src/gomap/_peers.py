"""Maps of other libraries, to be measured beside gomap's: those known by name, and any other by where it is.

A peer is made by a function of the key and value types; it takes ``m[key] = value``, ``m[key]``,
``key in m``, ``del m[key]`` and ``len(m)``. One that cannot hold the types says so by :class:`Unsuited`; one
that is not installed raises ImportError.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from .arrays import FORMATS
from .types import Kind, Type

#: Makes a map for keys and values of these types.
Make = Callable[[Type, Type], Any]


class Unsuited(Exception):
    """A peer does not hold entries of these types."""


_SIGNED = (Kind.INT8, Kind.INT16, Kind.INT32, Kind.INT64)
_UNSIGNED = (Kind.UINT8, Kind.UINT16, Kind.UINT32)
_INT64 = (*_SIGNED, *_UNSIGNED)


def _wants(types: Any, kinds: tuple[Kind, ...], what: str) -> None:
    for type in types:
        if type.kind not in kinds:
            raise Unsuited(f"it holds {what}, not {type}")


def _borghash(key: Type, value: Type) -> Any:
    if key.kind is not Kind.BYTES or key.size < 4 or value.kind is not Kind.STRUCT:
        raise Unsuited("it holds keys of [N]byte and values of struct{...}")
    letters = [FORMATS.get(field.type.kind, f"{field.type.size}s") for field in value.fields]
    return import_module("borghash").HashTableNT(
        key_size=key.size, value_type=value.namedtuple, value_format=value.namedtuple(*letters)
    )


def _btrees(key: Type, value: Type) -> Any:
    name = "OOBTree" if key.kind not in _INT64 else "LOBTree" if value.kind not in _INT64 else "LLBTree"
    return getattr(import_module(f"BTrees.{name}"), name)()


def _cykhash(key: Type, value: Type) -> Any:
    cykhash = import_module("cykhash")
    _wants((key,), _INT64, "keys of int64")
    _wants((value,), (*_INT64, Kind.FLOAT64), "values of int64 or float64")
    return cykhash.Int64toFloat64Map() if value.kind is Kind.FLOAT64 else cykhash.Int64toInt64Map()


def _judy(key: Type, value: Type) -> Any:
    _wants((key,), _INT64, "keys of uint64")
    name = "JudyIntIntMap" if value.kind in _INT64 else "JudyIntObjectMap"
    return getattr(import_module("judy"), name)()


def _microdict(key: Type, value: Type) -> Any:
    mdict = import_module("microdict").mdict
    _wants((key, value), _INT64, "int64")
    return mdict.create("i64:i64")


def _numba(key: Type, value: Type) -> Any:
    types = import_module("numba").types
    known = {Kind.FLOAT64: types.float64, Kind.STRING: types.unicode_type}
    known.update(dict.fromkeys(_INT64, types.int64))
    _wants((key, value), tuple(known), "numbers and str")
    return import_module("numba.typed").Dict.empty(known[key.kind], known[value.kind])


def _preshed(key: Type, value: Type) -> Any:
    _wants((key, value), _INT64, "uint64")
    return import_module("preshed.maps").PreshMap()


def _pypocketmap(key: Type, value: Type) -> Any:
    pypocketmap = import_module("pypocketmap")
    known = {Kind.FLOAT64: "float64_", Kind.STRING: "string_", **dict.fromkeys(_INT64, "int64_")}
    _wants((key,), (*_INT64, Kind.STRING), "keys of int64 or str")
    _wants((value,), tuple(known), "values of numbers or str")
    return pypocketmap.create(*(getattr(pypocketmap, known[type.kind]) for type in (key, value)))


def _sortedcontainers(key: Type, value: Type) -> Any:
    return import_module("sortedcontainers").SortedDict()


#: By the name of the distribution on PyPI.
PEERS: dict[str, Make] = {
    "borghash": _borghash,
    "BTrees": _btrees,
    "cykhash": _cykhash,
    "judy": _judy,
    "microdict": _microdict,
    "numba": _numba,
    "preshed": _preshed,
    "pypocketmap": _pypocketmap,
    "sortedcontainers": _sortedcontainers,
}


def find(name: str) -> Make:
    """The peer of this name; ``module:callable`` is whatever that makes without arguments.

    :raises ValueError: there is none
    :raises ImportError: the module is not there
    """
    if name in PEERS:
        return PEERS[name]
    module, colon, attribute = name.partition(":")
    if not colon:
        raise ValueError(
            f"expected a peer among {', '.join(PEERS)}, or 'module:callable' for any other, got {name!r}"
        )
    make: Any = import_module(module)
    for part in attribute.split("."):
        make = getattr(make, part, None)
    if not callable(make):
        raise ValueError(f"peer {name!r}: expected a callable {attribute!r} in module {module!r}, found none")
    made: Callable[[], Any] = make
    return lambda key, value: made()
