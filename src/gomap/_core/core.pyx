# cython: language_level=3, binding=False, embedsignature=True, embedsignature.format=clinic, freethreading_compatible=True
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Maps and sets: Python objects in, the C core's bytes in between, Python objects out.

Nothing here knows how a map works. That is in csrc/. A method converts its arguments first, which may fail or
run Python code. Then it calls the core once, and converts the result. The parts below are one module.
"""

cimport cython
from cpython.buffer cimport PyBUF_SIMPLE, PyBuffer_Release, PyObject_GetBuffer
from cpython.bytes cimport PyBytes_AS_STRING, PyBytes_FromStringAndSize, PyBytes_GET_SIZE
from cpython.float cimport PyFloat_AS_DOUBLE, PyFloat_FromDouble
from cpython.long cimport PyLong_AsLongLongAndOverflow, PyLong_AsUnsignedLongLong
from cpython.object cimport PyObject
from cpython.ref cimport Py_DECREF, Py_INCREF, Py_XDECREF
from cpython.tuple cimport PyTuple_New, PyTuple_SET_ITEM
from libc.math cimport isfinite
from libc.stdint cimport (INT32_MIN, INT64_MAX, INT64_MIN, int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t,
                          uint32_t, uint64_t, uintptr_t)
from libc.string cimport memcmp, memcpy, memset

import os
import sys
from _collections_abc import Mapping, MutableMapping, MutableSet, Set as AbstractSet
from numbers import Rational, Real

from . import _arrays as arrays
from . import _frames as frames
from ._alias import alias
from ._hints import call_without_types, may_be_type
from ._libraries import loaded as loaded_library
from .types import Kind, Type, alignment_of, parse, parse_go, parse_map, string_offsets
from .views import MapItemsView, MapKeysView, MapValuesView, is_typed

include "csrc.pxi"       # the C core's functions
include "cpython.pxi"    # what is used of CPython beyond Cython's own declarations
include "layouts.pxi"    # types as the core knows them, shared by the maps of one pair of types
include "locks.pxi"      # who may use a map at a moment
include "codecs.pxi"     # Python objects to bytes and back
include "times.pxi"      # dates, times and UUIDs to bytes and back
include "structs.pxi"    # structs to bytes and back
include "base.pxi"       # what maps and sets have in common
include "objects.pxi"    # Python objects as keys and values: comparing, owning, the garbage collector
include "pieces.pxi"     # many keys or entries, a piece at a time
include "threads.pxi"    # threads that share an operation's work
include "columns.pxi"    # arrays of keys and values, from anywhere
include "arrow.pxi"      # Arrow's arrays as columns, where they stand
include "results.pxi"    # results as Arrow data
include "bulk.pxi"       # whole arrays at a time, without the interpreter's lock
include "operations.pxi" # merging, codes, the largest values, deleting by a predicate
include "groups.pxi"     # values by key, in one array
include "hashes.pxi"     # hashes of keys that are the same everywhere
include "maps.pxi"       # Map, GoMap and SwissMap
include "sets.pxi"       # Set
include "saved.pxi"      # maps over the bytes of saved ones
include "iterators.pxi"  # iteration over keys, values or entries
include "pickles.pxi"    # what pickles call
include "caches.pxi"     # maps held to a limit
include "classes.pxi"    # what is set up once the classes are there
include "reports.pxi"    # plans of maps, hooks for tracemalloc, what tests need
