# cython: language_level=3, binding=False, embedsignature=True, embedsignature.format=clinic
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Maps and sets: Python objects in, the C core's bytes in between, Python objects out.

Nothing here knows how a map works; that is csrc/. A method converts its arguments (everything that
may fail or run Python code comes first), calls the core once, and converts the result.

    _core.pyx      what maps and sets have in common; the types as the core knows them; iterators
    _codecs.pxi    Python objects to bytes and back
    _structs.pxi   structs to bytes and back
    _objects.pxi   Python objects as keys and values: comparing, owning, the garbage collector
    _columns.pxi   arrays of keys and values, from anywhere
    _bulk.pxi      whole arrays at a time, without the interpreter's lock
    _maps.pxi      Map and GoMap
    _sets.pxi      Set
    _pickles.pxi   what pickles call
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
from libc.stdint cimport (int8_t, int16_t, int32_t, int64_t, uint8_t, uint16_t, uint32_t, uint64_t,
                          uintptr_t)
from libc.string cimport memcmp, memcpy, memset
from ._csrc cimport *

import os
import sys
from collections.abc import Mapping, MutableMapping, MutableSet, Set as AbstractSet
from numbers import Rational, Real

from . import arrays
from .alias import alias
from .memory import MemoryReport, Stats
from .types import Kind, Type, parse, parse_map
from .views import MapItemsView, MapKeysView, MapValuesView, is_typed

cdef extern from "_cpython.h":
    bint PY_KNOWN_CPYTHON
    ctypedef int (*visitproc)(PyObject *, void *) noexcept
    ctypedef int (*traverseproc)(PyObject *, visitproc, void *) noexcept
    ctypedef int (*inquiry)(PyObject *) noexcept
    ctypedef struct PyTypeObject:
        traverseproc tp_traverse
    bint py_int64_read(object, int64_t *value)
    bint py_uint64_read(object, uint64_t *value)
    object py_int64_make(int64_t value)
    bint py_is_ascii(object)
    object py_text_make(const void *at, size_t length)
    bint py_only_reference(PyObject *)
    object py_pair(PyObject **kept, object first, object second)  # takes their references
    tuple py_tuple_begin(type cls, Py_ssize_t count)
    tuple py_tuple_end(type cls, tuple begun)
    bint py_collector_stop()
    void py_collector_resume(bint stopped)
    bint py_set_attribute(PyTypeObject *, const char *name, object value)
    void py_set_name(PyTypeObject *, const char *name)
    void py_set_collector(PyTypeObject *, traverseproc before, traverseproc traverse, inquiry clear)
    bint py_has_pointers_before(object)

cdef extern from "_objects.h":
    ctypedef struct gomap_object_key:
        gomap_object core
        PyObject *stored
        PyObject *candidates
        Py_ssize_t again
        bint undecided
        bint failed
    void gomap_object_key_init(gomap_object_key *made, object key, Py_hash_t hash)
    int (*gomap_same_object)(const gomap_object *core, uint64_t other) noexcept nogil
    PyObject *gomap_object_at(const void *at)
    PyObject *gomap_key_object_at(const void *at)

cdef extern from "Python.h":
    void PyObject_GC_UnTrack(PyObject *)
    bint PyUnicode_Check(object)
    Py_ssize_t PyUnicode_GET_LENGTH(object)
    void *PyUnicode_DATA(object)
    object PyUnicode_AsEncodedString(object, const char *encoding, const char *errors)
    bint PyObject_CheckBuffer(object)
    Py_buffer *PyMemoryView_GET_BUFFER(object)
    void *PyCapsule_GetPointer(object, const char *name) except NULL
    int PyErr_CheckSignals() except -1
    int Py_ReprEnter(object) except -1
    void Py_ReprLeave(object)
    bint PyBytes_Check(object)
    bint PyBool_Check(object)
    bint PyLong_Check(object)
    bint PyFloat_Check(object)
    bint PyIndex_Check(object)
    bint PyTuple_Check(object)
    Py_ssize_t PyTuple_GET_SIZE(object)
    PyObject *PyTuple_GET_ITEM(object, Py_ssize_t)  # borrowed
    void *PyMem_Calloc(size_t, size_t)
    void PyMem_Free(void *)
    object PyNumber_Index(object)
    object PyNumber_Float(object)
    object PyLong_FromUnsignedLongLong(unsigned long long)
    int PyTraceMalloc_Track(unsigned int domain, uintptr_t block, size_t size) nogil
    int PyTraceMalloc_Untrack(unsigned int domain, uintptr_t block) nogil


# ---- what the allocator's hooks tell tracemalloc --------------------------------------------------

#: The tracemalloc domain that the maps' blocks are in: "gomp" in ASCII.
TRACEMALLOC_DOMAIN = 0x676f6d70

cdef void track(void *block, size_t size) noexcept nogil:
    PyTraceMalloc_Track(0x676f6d70, <uintptr_t>block, size)

cdef void untrack(void *block, size_t size) noexcept nogil:
    PyTraceMalloc_Untrack(0x676f6d70, <uintptr_t>block)

cdef gomap_hooks hooks
hooks.allocated = track
hooks.released = untrack
gomap_set_hooks(&hooks)


# ---- types ----------------------------------------------------------------------------------------

cdef enum:  # types.Kind, in the same order
    BOOL
    INT8
    INT16
    INT32
    INT64
    UINT8
    UINT16
    UINT32
    UINT64
    FLOAT32
    FLOAT64
    BYTES
    NOTHING
    STRING
    VARBYTES
    STRUCT
    OBJECT

cdef enum Role:  # of a struct's field: twice its place and the struct's role, see Struct.places
    KEY
    VALUE

cdef enum Want:
    KEYS
    VALUES
    ITEMS

cdef struct Codec:  # how one type goes in and out
    uint8_t kind
    uint32_t size
    bint packs   # an argument is first made an object that has its bytes
    bint string  # of variable length, in the map's own keeping
    PyObject *form  # a Struct, which the layout keeps: its kind is then BYTES, as it is for the core

cdef union Cell:  # room for a converted number
    int8_t i8
    int16_t i16
    int32_t i32
    int64_t i64
    uint8_t u8
    uint16_t u16
    uint32_t u32
    uint64_t u64
    float f32
    double f64
    gomap_string string
    PyObject *object


@cython.final
cdef class Layout:
    """A pair of types as the core knows it; shared by the maps and sets of that pair, and outlives them."""
    cdef gomap_type type
    cdef object key_type, value_type
    cdef Struct key_struct, value_struct
    cdef Codec key, value
    cdef bint objects  # the key, the value or both are Python's


cdef struct FieldCodec:
    uint8_t kind
    uint32_t size
    uint32_t offset
    uint32_t place  # among those of its struct
    PyObject *form  # a Struct, which the one around it keeps
    int64_t low, high  # what an int within needs no closer look; nothing is when it is no int


@cython.final
@cython.no_gc
cdef class Struct:
    """How a struct goes in and out."""
    cdef FieldCodec *fields
    cdef Py_ssize_t count, size
    cdef tuple names, inner
    cdef tuple places  # the path and type of the struct itself and of every field, those of inner structs included
    cdef gomap_tidy *tidies  # what holds in the bytes of a value; those of a key have canonical floats besides
    cdef Py_ssize_t tidy_count, key_tidy_count
    cdef type cls  # of the named tuples
    cdef object other_cls  # the last of other named tuples' classes that was found to have the same fields
    cdef PyObject *spare  # the bytes of the last one packed, owned

    def __dealloc__(self):
        PyMem_Free(self.fields)
        PyMem_Free(self.tidies)
        Py_XDECREF(self.spare)


cdef Struct struct_of(object struct):
    """How a type goes in and out when it is a struct, else None."""
    if struct.kind != STRUCT:
        return None
    cdef Struct made = Struct.__new__(Struct)
    cdef Struct inner
    cdef FieldCodec *each
    made.count = len(struct.fields)
    made.size = struct.size
    made.fields = <FieldCodec *>PyMem_Calloc(made.count, sizeof(FieldCodec))
    if made.fields == NULL:
        raise MemoryError()
    made.names = tuple([field.name for field in struct.fields])
    made.inner = tuple([struct_of(field.type) for field in struct.fields])
    made.cls = struct.namedtuple
    places = [("", struct)]
    for i, field in enumerate(struct.fields):
        each = &made.fields[i]
        each.kind = field.type.kind
        each.size = field.type.size
        each.offset = field.offset
        each.place = len(places)
        each.low = 1
        if INT8 <= each.kind <= INT64:
            each.low, each.high = -1 << (8 * field.type.size - 1), (1 << (8 * field.type.size - 1)) - 1
        elif UINT8 <= each.kind <= UINT64:
            each.low, each.high = 0, min(1 << 8 * field.type.size, 1 << 63) - 1
        inner = made.inner[i]
        if inner is None:
            places.append((field.name, field.type))
        else:
            each.form = <PyObject *>inner
            places += [(f"{field.name}.{path}".rstrip("."), type_) for path, type_ in inner.places]
    made.places = tuple(places)
    tidies = tidies_of(struct, 0)
    tidies.sort(key=lambda step: step[0] == GOMAP_T_FLOAT)  # a key's alone come last
    made.key_tidy_count = len(tidies)
    made.tidy_count = sum([step[0] != GOMAP_T_FLOAT for step in tidies])
    made.tidies = <gomap_tidy *>PyMem_Calloc(len(tidies) + 1, sizeof(gomap_tidy))
    if made.tidies == NULL:
        raise MemoryError()
    for i, step in enumerate(tidies):
        made.tidies[i].what, made.tidies[i].offset, made.tidies[i].size = step
    return made


cdef list tidies_of(object struct, size_t start):
    """What has to hold in a struct's bytes, and where: triples of a GOMAP_T number, an offset and a size."""
    cdef list steps = []
    end = 0
    for field in struct.fields:
        if end < field.offset:
            steps.append((GOMAP_T_ZERO, start + end, field.offset - end))
        end = field.offset + field.type.size
        if field.type.kind == STRUCT:
            steps += tidies_of(field.type, start + field.offset)
        elif field.type.kind == BOOL:
            steps.append((GOMAP_T_BOOL, start + field.offset, 1))
        elif field.type.kind == FLOAT32 or field.type.kind == FLOAT64:
            steps.append((GOMAP_T_FLOAT, start + field.offset, field.type.size))
    if end < struct.size:
        steps.append((GOMAP_T_ZERO, start + end, struct.size - end))
    return steps


cdef dict layouts = {}

# The last spellings, of which nothing can change what they name, and their layout: small maps are most often made many
# alike.
cdef object last_key = None, last_value = None
cdef Layout last_layout = None


cdef inline Layout layout_of(object key, object value):
    """From two spellings."""
    if key is last_key and value is last_value and last_layout is not None:
        return last_layout
    return layout_spelt(key, value)


cdef Layout layout_spelt(object key, object value):
    """Remembered by spelling, so that a small map is made quickly."""
    global last_key, last_value, last_layout
    cdef Layout layout = None
    # Types that are equal may differ in name.
    spelling = (key, key.name if isinstance(key, Type) else None, value, value.name if isinstance(value, Type) else None)
    try:
        layout = layouts.get(spelling)
    except TypeError:  # an unhashable spelling: parse says what is wrong with it
        pass
    if layout is None:
        layout = new_layout(key, value)
        if len(layouts) > 500:  # spellings made by a program without end
            layouts.clear()
        layouts[spelling] = layout
    if is_fixed(key) and is_fixed(value):
        last_key, last_value, last_layout = key, value, layout
    return layout


cdef bint is_fixed(object spelling):
    """Whether this very object spells the same type always. (A NumPy dtype's fields can be renamed.)"""
    return spelling is None or type(spelling) is str or type(spelling) is type or type(spelling) is Type


cdef Layout new_layout(object key, object value):
    cdef Layout layout
    layout = Layout.__new__(Layout)
    layout.key_type = parse(key, "key")
    layout.value_type = parse(value, "value")
    layout.key_struct = struct_of(layout.key_type)
    layout.value_struct = struct_of(layout.value_type)
    gomap_type_init(&layout.type, core_kind(layout.key_type.kind), layout.key_type.size,
                    layout.value_type.size, value_flags(layout.value_type))
    layout.key = codec_of(layout.key_type, layout.key_struct, layout.type.key_size)
    layout.value = codec_of(layout.value_type, layout.value_struct, layout.type.value_size)
    layout.objects = layout.key.kind == OBJECT or layout.value.kind == OBJECT
    return layout


cdef int value_flags(object type):
    return (GOMAP_POINTER if type.pointer else 0) | (GOMAP_STRING_VALUE if is_string(type.kind) else 0)


cdef bint is_string(int kind) noexcept:
    return kind == STRING or kind == VARBYTES


cdef Codec codec_of(object type, Struct struct, uint32_t size):
    cdef Codec codec
    codec.size = size
    codec.kind = type.kind
    codec.string = is_string(codec.kind)
    codec.form = NULL
    if struct is not None:
        codec.kind = BYTES
        codec.form = <PyObject *>struct
    codec.packs = codec.string or codec.kind == BYTES
    return codec


cdef int core_kind(int kind):
    if is_string(kind):
        return GOMAP_STRING
    if kind == OBJECT:
        return GOMAP_OBJECT
    if kind == FLOAT32:
        return GOMAP_FLOAT32
    if kind == FLOAT64:
        return GOMAP_FLOAT64
    if kind == BYTES or kind == STRUCT:
        return GOMAP_BYTES
    if kind == BOOL or kind == INT8 or kind == UINT8:
        return GOMAP_BITS8
    if kind == INT16 or kind == UINT16:
        return GOMAP_BITS16
    if kind == INT32 or kind == UINT32:
        return GOMAP_BITS32
    return GOMAP_BITS64


include "_codecs.pxi"
include "_structs.pxi"


# ---- what maps and sets have in common ------------------------------------------------------------

# What sys.getsizeof adds to __sizeof__ for the collector, and for pointers that stand before the object itself.
cdef Py_ssize_t collector_bytes = sys.getsizeof([]) - list.__sizeof__([])
cdef object with_pointers = type("", (), {})()
cdef Py_ssize_t pointer_bytes = sys.getsizeof(with_pointers) - with_pointers.__sizeof__() - collector_bytes
with_pointers = None

cdef uint64_t seeds = int.from_bytes(os.urandom(8), "little")

cdef object MISSING = object()

cdef size_t hint_of(object capacity) except? 0:
    """As in Go, a hint that is negative or absurd is no hint."""
    cdef int64_t count
    if py_int64_read(capacity, &count):
        return count if 0 < count < 1 << 62 else 0
    if PyBool_Check(capacity) or not PyIndex_Check(capacity):
        raise TypeError(f"capacity: expected int, got {type(capacity).__name__} {shown(capacity)}")
    capacity = PyNumber_Index(capacity)
    return capacity if 0 < capacity < 2**62 else 0


@cython.no_gc_clear  # the map needs its types to the end; its entries are cleared below, by map_clear
@cython.trashcan(True)
cdef class Base:
    """What maps and sets have in common: the core's map, the types, and all that needs no value."""
    cdef gomap *map
    cdef Codec key, value
    cdef bint objects  # the key, the value or both are Python's: references are owned
    cdef bint writing  # an array is being put in: the map is out
    cdef size_t readers  # arrays that are being read from it, by other threads
    cdef uint64_t changes  # of the keys that are objects: whether comparing two has changed the map
    cdef Layout layout
    cdef object __weakref__

    __reversed__ = None  # there is no order

    @classmethod
    def __class_getitem__(cls, types, /):
        """The class with its types: for annotations, and to be called."""
        return alias(cls, types, ("key", "value") if issubclass(cls, BaseMap) else ("key",))

    def __init__(self, *arguments, **options):
        raise TypeError("Base is what maps and sets have in common: make a Map, a GoMap or a Set")

    def __dealloc__(self):
        cdef gomap *gone = self.map
        self.map = NULL
        if gone != NULL:
            if self.objects:
                release_objects(self, gone)
            gomap_free(gone)

    cdef int engine(self):
        raise NotImplementedError

    cdef str spelling(self):
        raise NotImplementedError

    cdef int update_from(self, object other) except -1:
        raise NotImplementedError

    @cython.final
    cdef void use(self, Layout layout) noexcept:
        self.layout = layout
        self.key = layout.key
        self.value = layout.value
        self.objects = layout.objects
        if not self.objects and type(self) in PLAIN_CLASSES:
            PyObject_GC_UnTrack(<PyObject *>self)  # it refers to nothing that could lead back

    @cython.final
    cdef int open(self, Layout layout, size_t hint) except -1:
        self.map = gomap_new(self.engine(), &layout.type, hint, gomap_random(&seeds))
        if self.map == NULL:
            raise MemoryError()
        self.use(layout)
        return 0

    @cython.final
    cdef inline int ready(self) except -1:
        return unready(self) if self.map == NULL else 0

    @cython.final
    cdef inline int ready_to_write(self) except -1:
        return unready(self) if self.map == NULL or self.readers else 0

    @cython.final
    cdef int begin(self, Layout layout, object items, object capacity) except -1:
        """What __init__ does. Again on what is made already, it updates, as dict's does."""
        cdef size_t hint = hint_of(capacity)
        if self.map != NULL or self.writing:
            self.ready_to_write()
            if not same_types(self.layout, layout):
                raise TypeError(f"this is a {self.spelling()} already, it cannot become another")
        else:
            if hint == 0 and items is not None and isinstance(items, (dict, set, frozenset, Base)):
                hint = len(items)
            self.open(layout, hint)
        if items is not None:
            self.update_from(items)
        return 0

    @cython.final
    cdef Base empty(self, size_t hint):
        """Another one of this class and types."""
        return made_empty(type(self), self.layout, hint)

    # ---- keys ----

    def __len__(self):
        self.ready()
        return <Py_ssize_t>self.map.count

    def __bool__(self):
        self.ready()
        return self.map.count != 0

    @cython.final
    cdef inline int find(self, object key, bint expected, void **value) except -1:
        """Sets the value's address, to NULL when the key is absent. An expected key is found faster; an
        absent one is then missed a little later."""
        cdef Cell cell
        cdef const void *at
        value[0] = NULL
        if self.key.kind == OBJECT:
            return find_object(self, key, value)
        if convert(self, KEY, self.key, key, &cell, &at, False):
            self.ready()  # converting may have let other threads run
            value[0] = gomap_at(self.map, at) if expected else gomap_find(self.map, at)
        return 0

    @cython.final
    cdef inline int erase(self, object key) except -1:
        """1 when the key was there."""
        cdef Cell cell
        cdef const void *at
        if self.objects:
            return take_object(self, key, NULL)
        if self.key.packs:
            key = packed_of(self, KEY, self.key, key, False)
        if not convert(self, KEY, self.key, key, &cell, &at, False):
            return 0
        self.ready_to_write()  # converting may have let other threads run
        return gomap_erase(self.map, at)

    def __contains__(self, key):
        self.ready()
        if self.key.packs:
            key = packed_of(self, KEY, self.key, key, False)
        cdef void *found
        self.find(key, False, &found)
        return found != NULL

    def __iter__(self):
        return iterator(self, KEYS)

    # ---- many keys ----

    def contains_many(self, keys, /):
        """Which of the keys are there: an array of bools, in their order.

        :param keys: an array of numbers or of text (NumPy, Arrow, array.array, memoryview), or any iterable
        :raises TypeError: the array's items are of another type, which is never reinterpreted
        """
        return held_of(self, keys)

    def delete_many(self, keys, /):
        """Remove the keys that are there; returns how many were. Iterators end."""
        return erase_all_of(self, keys)

    # ---- all ----

    def clear(self):
        """Remove every entry."""
        self.ready_to_write()
        self.clear_all()

    @cython.final
    cdef int clear_all(self) except -1:
        if self.objects:
            return clear_objects(self)
        gomap_clear(self.map)
        return 0

    def reserve(self, count, /):
        """Make room for count entries in all, so that none of their insertions has to grow.

        :raises MemoryError: there is no such room; nothing has changed
        """
        self.ready_to_write()
        if PyBool_Check(count) or not PyIndex_Check(count):
            raise TypeError(f"reserve: expected int, got {type(count).__name__} {shown(count)}")
        count = PyNumber_Index(count)
        if count < 0:
            raise ValueError(f"reserve: expected a number of entries, got {shown(count)}")
        self.ready_to_write()
        if count >= 2**62 or gomap_reserve(self.map, count) < 0:
            raise MemoryError(f"no room for {shown(count)} entries of {self.spelling()}")

    @cython.final
    cdef Base cloned(self):
        self.ready()
        cdef type cls = type(self)
        cdef Base copied = cls.__new__(cls)
        self.ready()  # a subclass's __new__ may have let other threads run
        if copied.map != NULL:  # or have made a map
            copied.become_empty(self.layout)
            self.ready()
            if gomap_merge(copied.map, self.map) < 0:
                gomap_clear(copied.map)  # which owns none of the objects yet
                raise MemoryError()
        else:
            copied.map = gomap_clone(self.map, gomap_random(&seeds))
            if copied.map == NULL:
                raise MemoryError()
            copied.use(self.layout)
        if copied.objects:
            own_objects(copied)
        return copied

    @cython.final
    cdef int become_empty(self, Layout layout) except -1:
        """Of one whose class's __new__ has made its map already."""
        self.ready_to_write()
        if not same_types(self.layout, layout):
            raise TypeError(f"{type(self).__name__}.__new__() made a {self.spelling()}, expected {layout.key_type} to "
                            f"{layout.value_type} or none")
        self.clear_all()
        return 0

    def copy(self):
        """A copy of the same class, sized for the entries there are."""
        return self.cloned()

    def __copy__(self):
        copied = self.copy()
        set_state(copied, self.__getstate__())
        return copied

    def __deepcopy__(self, memo):
        import copy
        cdef Base copied
        if self.objects:
            self.ready()
            copied = self.empty(self.map.count)
            memo[id(self)] = copied
            copied.update_from(copy.deepcopy(entries_of(self), memo))
        else:
            copied = self.copy()
            memo[id(self)] = copied
        set_state(copied, copy.deepcopy(self.__getstate__(), memo))
        return copied

    def __repr__(self):
        name = type(self).__name__
        if self.map == NULL:
            return f"<{name}, {'being written to' if self.writing else 'not initialised'}>"
        is_set = isinstance(self, Set)
        start = f"{name}({self.layout.key_type.name!r}"
        if not is_set:
            start += f", {self.layout.value_type.name!r}"
        if self.map.count == 0:
            return start + ")"
        if Py_ReprEnter(self):  # it is in itself
            return start + ", {...})"
        entries = []
        try:
            for key, value in iterator(self, ITEMS):
                if len(entries) == 6:
                    self.ready()
                    entries.append(f"... {self.map.count - 6:,} more")
                    break
                entries.append(shown(key, False) if is_set else f"{shown(key, False)}: {shown(value, False)}")
        finally:
            Py_ReprLeave(self)
        return f"{start}, {{{', '.join(entries)}}})"

    # ---- pickling ----

    def __reduce__(self):
        self.ready()
        cdef const void *key
        cdef const void *value
        cdef gomap_iter iter
        names = (type(self), self.layout.key_type.name, self.layout.value_type.name)
        self.ready()  # see iterator
        if self.objects or self.key.string or self.value.string:
            if isinstance(self, Set):
                return _restore_elements, (*names, entries_of(self)), self.__getstate__()
            return _restore_empty, names, self.__getstate__(), None, iterator(self, ITEMS)
        cdef bytes packed = PyBytes_FromStringAndSize(NULL, self.map.count * (self.key.size + self.value.size))
        cdef char *to = PyBytes_AS_STRING(packed)
        gomap_iter_begin(&iter, self.map)
        while gomap_iter_next(&iter, &key, &value) == 1:
            memcpy(to, key, self.key.size)
            memcpy(to + self.key.size, value, self.value.size)
            to += self.key.size + self.value.size
        gomap_iter_end(&iter)
        return _restore, (*names, self.map.count, packed, sys.byteorder), self.__getstate__()

    # ---- reports ----

    @property
    def key_type(self):
        """The type of the keys."""
        self.ready()
        return self.layout.key_type

    @property
    def nbytes(self):
        """Every byte held outside the Python object, as the allocator gave it."""
        self.ready()
        return gomap_total(self.map)

    def __sizeof__(self):
        # Without what sys.getsizeof adds by itself: nbytes is what the map holds, and nothing else.
        self.ready()
        cdef Py_ssize_t added = collector_bytes + (pointer_bytes if py_has_pointers_before(self) else 0)
        return <Py_ssize_t>gomap_total(self.map) - added

    def memory(self):
        """Where the bytes are: a :class:`~gomap.memory.MemoryReport`."""
        self.ready()
        cdef gomap_memory memory
        cdef size_t entries = self.map.count  # before anything is made: that may let other threads run
        cdef size_t raw = entries * (raw_size(self.key) + raw_size(self.value)) + gomap_string_bytes(self.map)
        gomap_memory_of(self.map, &memory)
        return MemoryReport(
            total=memory.total, peak=memory.total_peak,
            raw=raw,
            header=memory.live[GOMAP_HEADER], buckets=memory.live[GOMAP_BUCKETS], tags=memory.live[GOMAP_TAGS],
            overflow=memory.live[GOMAP_OVERFLOW], records=memory.live[GOMAP_RECORDS],
            strings=memory.live[GOMAP_STRINGS],
            old_buckets=memory.live[GOMAP_OLD_BUCKETS], entries=entries)

    def reset_peak(self):
        """Let memory().peak begin again from what is held now."""
        self.ready_to_write()
        gomap_peak_reset(self.map)

    def stats(self):
        """How it is built at this moment: a :class:`~gomap.memory.Stats`."""
        self.ready()
        cdef gomap_stats stats
        cdef int last = GOMAP_CHAIN_LENGTHS
        cdef size_t entries = self.map.count
        gomap_stats_of(self.map, &stats)
        while last > 1 and stats.chain_lengths[last - 1] == 0:
            last -= 1
        return Stats(
            engine="go" if self.engine() == GOMAP_GO else "elastic", entries=entries,
            buckets=stats.buckets, B=stats.B,
            array_buckets=stats.array_buckets, array_bytes=stats.array_bytes,
            bucket_bytes=stats.bucket_bytes, overflow_buckets=stats.overflow_buckets,
            overflow_heap=stats.overflow_heap, old_buckets=stats.old_buckets,
            evacuated=stats.evacuated, growing=bool(stats.growing), same_size=bool(stats.same_size),
            grow_at=stats.grow_at, growths=stats.growths, same_size_growths=stats.same_size_growths,
            noverflow=stats.noverflow, splits=stats.splits, merges=stats.merges, displaced=stats.displaced,
            chain_lengths=tuple([stats.chain_lengths[i] for i in range(last)]) if stats.buckets else ())

    def _check(self):
        """The first broken invariant in words, or None. Takes time in proportion to the entries."""
        self.ready()
        cdef char why[400]
        if gomap_check(self.map, why, sizeof(why)) == 0:
            return None
        return why.decode()

    def _walk(self):
        """The bytes held by purpose, found by walking the structure instead of by counting."""
        self.ready()
        cdef size_t live[8]
        gomap_walk(self.map, live)
        return {"header": live[GOMAP_HEADER], "buckets": live[GOMAP_BUCKETS],
                "old_buckets": live[GOMAP_OLD_BUCKETS], "tags": live[GOMAP_TAGS], "overflow": live[GOMAP_OVERFLOW],
                "records": live[GOMAP_RECORDS], "strings": live[GOMAP_STRINGS]}


cdef Base made_empty(type cls, Layout layout, size_t hint):
    """One of a class and types, without a call of its __init__."""
    cdef Base made = cls.__new__(cls)
    if made.map == NULL:
        made.open(layout, hint)
    else:
        made.become_empty(layout)
    return made


cdef size_t raw_size(Codec codec) noexcept:
    """Bytes that one takes outside of any map; strings are counted by the core, of an object its address."""
    if codec.string:
        return 0
    return sizeof(void *) if codec.kind == OBJECT else codec.size


cdef list entries_of(Base m):
    return list(iterator(m, KEYS if isinstance(m, Set) else ITEMS))


include "_objects.pxi"
include "_columns.pxi"
include "_bulk.pxi"


cdef int unready(Base m) except -1:
    if m.writing or m.readers:  # Go's words
        raise RuntimeError("concurrent map read and map write")
    raise ValueError(f"{type(m).__name__}.__init__() has not been called")


cdef bint same_types(Layout one, Layout other):
    return one is other or (one.key_type == other.key_type and one.value_type == other.value_type)


cdef int set_state(Base m, object state) except -1:
    """Gives a copy the attributes that __getstate__ returned, as copy and pickle do."""
    if state is None:
        return 0
    if hasattr(m, "__setstate__"):
        m.__setstate__(state)
        return 0
    in_dict, in_slots = state if isinstance(state, tuple) and len(state) == 2 else (state, None)
    if in_dict:
        m.__dict__.update(in_dict)
    for name, value in (in_slots or {}).items():
        setattr(m, name, value)
    return 0


include "_maps.pxi"
include "_sets.pxi"
include "_pickles.pxi"


# ---- iterators ------------------------------------------------------------------------------------

@cython.final
@cython.no_gc_clear  # the map must be there when the core's iterator is ended
cdef class MapIterator:
    """Goes over the keys, values or entries. Deleting and overwriting meanwhile is allowed; after
    an insertion the next step raises RuntimeError."""
    cdef Base owner
    cdef gomap_iter iter
    cdef Want want
    cdef size_t left
    cdef PyObject *pair  # the last one returned, owned

    def __dealloc__(self):
        gomap_iter_end(&self.iter)
        Py_XDECREF(self.pair)

    cdef inline object item(self, object key, object value):
        Py_INCREF(key)
        Py_INCREF(value)
        return py_pair(&self.pair, key, value)

    def __iter__(self):
        return self

    def __length_hint__(self):
        if self.iter.map == NULL or self.owner.map == NULL:
            return 0
        return min(self.left, self.iter.map.count)

    def __next__(self):
        cdef const void *key
        cdef const void *value
        cdef Base m = self.owner
        if m is not None:
            m.ready()
        cdef int more = gomap_iter_next(&self.iter, &key, &value)
        if more == 1:
            if self.left:
                self.left -= 1
            if self.want == KEYS:
                return out(m, KEY, key)
            if self.want == VALUES:
                return out(m, VALUE, value)
            return self.item(out(m, KEY, key), out(m, VALUE, value))
        self.left = 0
        if more < 0:
            raise RuntimeError(f"a key was inserted into the {'set' if isinstance(m, Set) else 'map'} "
                               "during iteration, or it was rebuilt or written as a whole")
        raise StopIteration


cdef MapIterator iterator(Base m, Want want):
    cdef MapIterator made = MapIterator.__new__(MapIterator)
    m.ready()  # not before: making an object may run the collector, and let other threads run
    made.owner = m
    made.want = want
    made.left = m.map.count
    gomap_iter_begin(&made.iter, m.map)
    return made


cdef tuple PLAIN_CLASSES = (Map, GoMap, Set)

def _one_of_them(cls, **options):
    """Base.__init_subclass__, which Cython has no place for: a class derived from more than one is none of them."""
    if sum([issubclass(cls, each) for each in PLAIN_CLASSES]) > 1:
        raise TypeError(f"class {cls.__name__}: expected one of Map, GoMap and Set among its bases, got more")
    super(Base, cls).__init_subclass__(**options)

if not py_set_attribute(<PyTypeObject *>Base, "__init_subclass__", classmethod(_one_of_them)):
    raise SystemError("gomap: the classes take no attributes in this version of CPython")

# Where users know them from, and pickles look for them.
py_set_name(<PyTypeObject *>Map, "gomap.Map")
py_set_name(<PyTypeObject *>GoMap, "gomap.GoMap")
py_set_name(<PyTypeObject *>Set, "gomap.Set")
for pickled in (_restore, _restore_empty, _restore_elements):
    pickled.__module__ = "gomap"

collect_entries()

MutableMapping.register(BaseMap)
MutableSet.register(Set)


# ---- maps that are not built ------------------------------------------------------------------------

def _plan(go, key, value, count, how, key_lengths, value_lengths):
    """What a map of so many entries would hold: bytes by purpose, their sum, the most while it grew, its buckets, and
    the most entries that a map of the types can have.

    :param go: a GoMap
    :param how: how the entries come into it: "grown" one by one, "reserved" for all, "compacted" afterwards
    :param key_lengths: of strings, pairs of a length in bytes and how many are that long; else nothing
    :raises ValueError: there can be no such map
    """
    cdef Layout layout = layout_of(key, value)
    cdef gomap_planned planned
    cdef gomap_lengths lengths[2]
    cdef size_t i, so_many = count
    cdef list pairs = [*key_lengths, *value_lengths]
    cdef gomap_length *room = <gomap_length *>PyMem_Calloc(len(pairs) + 1, sizeof(gomap_length))
    if room == NULL:
        raise MemoryError()
    try:
        for i in range(len(pairs)):
            room[i].length, room[i].strings = pairs[i]
        lengths[0].at, lengths[0].count = room, len(key_lengths)
        lengths[1].at, lengths[1].count = room + len(key_lengths), len(value_lengths)
        if gomap_plan(GOMAP_GO if go else GOMAP_ELASTIC, &layout.type, so_many,
                      ("grown", "reserved", "compacted").index(how), lengths, &planned) < 0:
            raise ValueError(f"expected a map of at most {planned.most:,} entries, got {so_many:,}, {how}")
    finally:
        PyMem_Free(room)
    purposes = {"header": planned.live[GOMAP_HEADER], "buckets": planned.live[GOMAP_BUCKETS],
                "old_buckets": planned.live[GOMAP_OLD_BUCKETS], "tags": planned.live[GOMAP_TAGS],
                "overflow": planned.live[GOMAP_OVERFLOW], "records": planned.live[GOMAP_RECORDS],
                "strings": planned.live[GOMAP_STRINGS]}
    return purposes, planned.total, planned.peak, planned.buckets, planned.most


# ---- what malloc takes ----------------------------------------------------------------------------

def _heap_bytes(size_t size):
    """The bytes that a block of `size` bytes takes of the C library's heap."""
    return gomap_heap_bytes(size)


# ---- for tests ------------------------------------------------------------------------------------

def _fail_after(allocations, count=1):
    """Let so many of the core's allocations succeed and fail the next; a negative number: none fails."""
    gomap_fail_after(allocations, count)


def _fail_pending():
    """How many injected failures are still to come."""
    return gomap_fail_pending()


def _knows_cpython():
    """Whether objects are read and filled as _cpython.h describes them, or by the public API alone."""
    return bool(PY_KNOWN_CPYTHON)
