"""Maps of other libraries, to be measured beside gomap's: those known by name, and any other by where it is.

A map takes ``m[key] = value``, ``m[key]``, ``key in m``, ``del m[key]`` and ``len(m)``. A :class:`Peer` says how one is
made for a pair of types. Where the library has none of these types, it may still hold the same entries in another
form, as objects or as bytes: a stand-in, which benchmarks measure, and :func:`gomap.compare` does not. A library that
is not there, or cannot hold the types at all, is :class:`Unsuited`.

A library is found where Python finds modules, never in the current directory. A module that the user names
may be in the current directory if Python finds none elsewhere; what it imports itself is found as a library.
"""

from __future__ import annotations

import os
import struct
import sys
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec, module_from_spec
from typing import Any

from .._arrays import FORMATS
from .._words import told
from ..types import Kind, Type, string_offsets
from . import RunError


class Unsuited(RunError):
    """A peer cannot be had, or does not hold entries of these types."""


@dataclass(frozen=True)
class Peer:
    """How a library's map is made, and what it is given."""

    make: Callable[[], Any]  #: an empty map
    key: Callable[[Any], Any] | None = None  #: what turns a key into what the map takes, where it is something else
    value: Callable[[Any], Any] | None = None  #: likewise
    given: str = ""  #: the form in which it gets the entries, where that is not their own
    holds: str = ""  #: the types that the library has; only of a stand-in
    get: str = "get"  #: how a key is asked for that may be absent: by "get", or by "item" where that says None
    lacks: tuple[str, ...] = ()  #: operations that it has not got


_SIGNED = (Kind.INT8, Kind.INT16, Kind.INT32, Kind.INT64)
_UNSIGNED = (Kind.UINT8, Kind.UINT16, Kind.UINT32)
_INT64 = (*_SIGNED, *_UNSIGNED)


def _unsuited(holds: str, *types: Type) -> Unsuited:
    return Unsuited(f"it holds {holds}, not {' to '.join(map(str, types))}")


def _wants(types: Any, kinds: tuple[Kind, ...], what: str) -> None:
    for type in types:
        if type.kind not in kinds:
            raise _unsuited(what, type)


def _as_bytes(number: int) -> bytes:
    return number.to_bytes(8, "little")


def _borghash(key: Type, value: Type) -> Peer:
    borghash = import_module("borghash")
    holds = "keys of [N]byte and values of struct{...}"
    if key.kind is Kind.BYTES and key.size >= 4 and value.kind is Kind.STRUCT and not string_offsets(value):
        letters = [FORMATS.get(field.type.kind, f"{field.type.size}s") for field in value.fields]
        cls = value.namedtuple
        return Peer(lambda: borghash.HashTableNT(key_size=key.size, value_type=cls, value_format=cls(*letters)))
    if key.kind is not Kind.INT64 or value.kind not in (Kind.INT64, Kind.BYTES):
        # Its hash is a key's first four bytes: of digits they make 65,536, and an insertion takes ever longer.
        raise _unsuited(holds, key, value)
    to_bytes = _as_bytes if value.kind is Kind.INT64 else None
    given = "as bytes" if to_bytes else "keys as bytes"
    return Peer(lambda: borghash.HashTable(key_size=8, value_size=value.size), _as_bytes, to_bytes, given, holds)


def _btrees(key: Type, value: Type) -> Peer:
    key_letter, value_letter = ("L" if type.kind in _INT64 else "O" for type in (key, value))
    name = f"{key_letter}{value_letter}BTree"
    given = {"LL": "", "LO": "values as objects", "OL": "keys as objects", "OO": "as objects"}
    return Peer(getattr(import_module(f"BTrees.{name}"), name), given=given[key_letter + value_letter])


def _cykhash(key: Type, value: Type) -> Peer:
    cykhash = import_module("cykhash")
    if key.kind not in _INT64 or value.kind not in (*_INT64, Kind.FLOAT64):
        holds = "keys of int64, and values of int64 or float64"
        return Peer(cykhash.PyObjectMap, given="as objects", holds=holds)
    return Peer(cykhash.Int64toFloat64Map if value.kind is Kind.FLOAT64 else cykhash.Int64toInt64Map)


def _judy(key: Type, value: Type) -> Peer:
    judy = import_module("judy")
    _wants((key,), _INT64, "keys of uint64")
    return Peer(judy.JudyIntIntMap) if value.kind in _INT64 else Peer(judy.JudyIntObjectMap, given="values as objects")


def _microdict(key: Type, value: Type) -> Peer:
    mdict = import_module("microdict").mdict
    _wants((key, value), _INT64, "int64")
    return Peer(lambda: mdict.create("i64:i64"))


def _numba(key: Type, value: Type) -> Peer:
    types, typed = import_module("numba").types, import_module("numba.typed")
    known = {Kind.FLOAT64: types.float64, Kind.STRING: types.unicode_type}
    known.update(dict.fromkeys(_INT64, types.int64))
    forms: list[Any] = []
    for type in (key, value):
        if type.kind in known:
            forms.append((known[type.kind], None))
        elif type.kind is Kind.BYTES and type.size and type.size % 8 == 0:  # a third less memory than its bytes
            words = type.size // 8
            forms.append((types.UniTuple(types.int64, words), struct.Struct(f"{words}q").unpack))
        elif type.kind is Kind.STRUCT and {field.type.kind for field in type.fields} <= {Kind.UINT32}:
            forms.append((types.UniTuple(types.uint32, len(type.fields)), tuple))
        else:
            raise _unsuited("numbers and str", type)
    (key_form, key_of), (value_form, value_of) = forms
    given = "as tuples of ints" if key_of and value_of else "values as tuples of ints" if value_of else ""
    given = given or ("keys as tuples of ints" if key_of else "")
    return Peer(
        lambda: typed.Dict.empty(key_form, value_form),
        key_of,
        value_of,
        given,
        "numbers and str" if given else "",
    )


def _pandas(key: Type, value: Type) -> Peer:
    """Its hash table, which is under its indexes, from objects or numbers to positions."""
    _wants((value,), (Kind.INT64,), "values of int64")
    _wants((key,), (Kind.INT64, Kind.STRING), "keys of int64 and objects")
    is_int = key.kind is Kind.INT64
    base = getattr(import_module("pandas._libs.hashtable"), "Int64HashTable" if is_int else "PyObjectHashTable")
    # Its two methods under the names that the others have for them.
    table = type("Table", (base,), {"__getitem__": base.get_item, "__setitem__": base.set_item})
    return Peer(table, given="" if is_int else "keys as objects", lacks=("miss", "delete", "items"))


def _preshed(key: Type, value: Type) -> Peer:
    maps = import_module("preshed.maps")
    _wants((key, value), _INT64, "uint64")
    return Peer(maps.PreshMap, get="item")


def _pypocketmap(key: Type, value: Type) -> Peer:
    pypocketmap = import_module("pypocketmap")
    known = {Kind.FLOAT64: "float64_", Kind.STRING: "string_", **dict.fromkeys(_INT64, "int64_")}
    _wants((key,), (*_INT64, Kind.STRING), "keys of int64 or str")
    _wants((value,), tuple(known), "values of numbers or str")
    names = [getattr(pypocketmap, known[type.kind]) for type in (key, value)]
    return Peer(lambda: pypocketmap.create(*names))


def _sortedcontainers(key: Type, value: Type) -> Peer:
    return Peer(import_module("sortedcontainers").SortedDict)


#: By the name of the distribution on PyPI: from the types of keys and values.
PEERS: dict[str, Callable[[Type, Type], Peer]] = {
    "borghash": _borghash,
    "BTrees": _btrees,
    "cykhash": _cykhash,
    "judy": _judy,
    "microdict": _microdict,
    "numba": _numba,
    "pandas": _pandas,
    "preshed": _preshed,
    "pypocketmap": _pypocketmap,
    "sortedcontainers": _sortedcontainers,
}


def place(name: str) -> tuple[str, str] | None:
    """Module and attribute of ``module:callable``; None where the name is no such."""
    module, colon, attribute = name.partition(":")
    if colon and all(part.isidentifier() for path in (module, attribute) for part in path.split(".")):
        return module, attribute
    return None


def make(name: str, key: Type, value: Type) -> Any:
    """A map of this peer, for keys and values of these types.

    :raises Unsuited: there is none
    """
    if name in PEERS:
        try:
            peer = PEERS[name](key, value)
        except ImportError as error:
            raise _not_imported(error, name) from None
        if peer.holds:
            raise _unsuited(peer.holds, key, value)
        if peer.lacks:
            raise Unsuited(f"it cannot {', '.join(peer.lacks)}")
        return peer.make()
    found = place(name)
    if found is None:
        raise Unsuited(f"expected 'module:callable', got {name!r}")
    module, attribute = found
    try:
        made: Any = _named_module(module)
    except ImportError as error:
        raise _not_imported(error, module) from None
    for part in attribute.split("."):
        made = getattr(made, part, None)
    if not callable(made):
        raise Unsuited(f"expected a callable {attribute!r} in module {module!r}, found none")
    return made()


def _named_module(name: str) -> Any:
    """A module that the user has named, or the outermost package of it, may be in the current directory."""
    top = name.partition(".")[0]
    if find_spec(top) is None and (here := _here(top)) is not None:
        sys.modules[top] = package = module_from_spec(here)
        if here.loader is not None:  # a directory without __init__.py has none
            here.loader.exec_module(package)
    return import_module(name)


def _here(name: str) -> ModuleSpec | None:
    try:
        return PathFinder.find_spec(name, [os.getcwd()])
    except OSError:  # the directory is gone
        return None


def _not_imported(error: ImportError, module: str) -> Unsuited:
    """
    :param module: that was asked for
    """
    top, missing = module.partition(".")[0], (error.name or "").partition(".")[0]
    if not isinstance(error, ModuleNotFoundError):
        return Unsuited(f"it cannot be imported: {told(error)}")
    if missing != top and _here(missing) is not None:
        return Unsuited(
            f"it imports {missing!r}, which is not installed; for what is in the current directory set PYTHONPATH=."
        )
    return Unsuited(f"not installed ({told(error)}): pip install {missing or top}")
