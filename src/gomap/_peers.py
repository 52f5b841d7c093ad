"""Maps of other libraries, to be measured beside gomap's: those known by name, and any other by where it is.

A peer is made by a function of the key and value types; it takes ``m[key] = value``, ``m[key]``,
``key in m``, ``del m[key]`` and ``len(m)``. One that is not there, or cannot hold the types, is
:class:`Unsuited`.

A library is found where Python finds modules, never in the current directory. A module that the user names
may be in the current directory if Python finds none elsewhere; what it imports itself is found as a library.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from importlib import import_module
from importlib.machinery import ModuleSpec, PathFinder
from importlib.util import find_spec, module_from_spec
from typing import Any

from ._runs import RunError
from ._words import told
from .arrays import FORMATS
from .types import Kind, Type

#: Makes a map for keys and values of these types.
Make = Callable[[Type, Type], Any]


class Unsuited(RunError):
    """A peer cannot be had, or does not hold entries of these types."""


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
            return PEERS[name](key, value)
        except ImportError as error:
            raise _not_imported(error, name) from None
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
            f"it imports {missing!r}, which is not installed; "
            "for what is in the current directory set PYTHONPATH=."
        )
    return Unsuited(f"not installed ({told(error)}): pip install {missing or top}")
