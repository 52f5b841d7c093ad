# cython: language_level=3, binding=False, embedsignature=True, embedsignature.format=clinic
# cython: boundscheck=False, wraparound=False, cdivision=True, initializedcheck=False
"""Maps and sets: Python objects in, the C core's bytes in between, Python objects out.

Nothing here knows how a map works; that is csrc/. A method converts its arguments (everything that
may fail or run Python code comes first), calls the core once, and converts the result.
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

cdef extern from "_convert.h" nogil:
    bint gomap_int64_read(object, int64_t *value)
    bint gomap_uint64_read(object, uint64_t *value)
    object gomap_int64_make(int64_t value)
    Py_ssize_t gomap_header_bytes(object)
    bint gomap_is_ascii(object)
    object gomap_text_make(const void *at, size_t length)
    object gomap_pair(PyObject **kept, object first, object second)  # takes their references
    tuple gomap_tuple(type cls, Py_ssize_t count)
    bint gomap_collector_stop()
    void gomap_collector_resume(bint stopped)

cdef extern from "_arrays.h" nogil:
    ctypedef struct gomap_column:
        const char *at
        ptrdiff_t stride
        size_t count
        int kind
        int swapped
    size_t gomap_column_convert(const gomap_column *column, char *to, int kind, size_t size, unsigned char *absent)
    void gomap_padded_read(gomap_string *to, const char *at, ptrdiff_t stride, size_t size, size_t count)
    size_t gomap_ucs4_read(gomap_string *to, char *room, const char *at, ptrdiff_t stride, size_t characters, int swapped,
                           size_t count)
    size_t gomap_offsets_read(gomap_string *to, const char *offsets, int width, const char *bytes, size_t count)
    bint gomap_is_utf8(const unsigned char *at, size_t length)
    bint gomap_bits_missing(const void *bits, size_t offset, size_t count)
    void gomap_bits_read(char *to, const void *bits, size_t offset, size_t count)
    bint gomap_add(void *room, const void *by, int kind)
    ctypedef struct gomap_adder:
        gomap_writer writer
        int kind
        int stopped
        unsigned char *new
    int gomap_adder_write(gomap_writer *writer, void *room, void *by, int added)
    void gomap_take_back(void *room, const void *by, size_t size)
    ctypedef struct gomap_arrow_schema:
        const char *format
        gomap_arrow_schema *dictionary
    ctypedef struct gomap_arrow_array:
        int64_t length
        int64_t null_count
        int64_t offset
        const void **buffers

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
    ctypedef int (*visitproc)(PyObject *, void *) noexcept
    ctypedef int (*traverseproc)(PyObject *, visitproc, void *) noexcept
    ctypedef int (*inquiry)(PyObject *) noexcept
    ctypedef struct PyTypeObject:
        traverseproc tp_traverse
        inquiry tp_clear
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
    Py_ssize_t Py_REFCNT(PyObject *)
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
    cdef type cls  # of the named tuples
    cdef object other_cls  # the last of other named tuples' classes that was found to have the same fields
    cdef PyObject *spare  # the bytes of the last one packed, owned

    def __dealloc__(self):
        PyMem_Free(self.fields)
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
    return made


cdef dict layouts = {}

cdef Layout layout_of(object key, object value):
    """From two spellings. Remembered by spelling, so that a small map is made quickly."""
    cdef Layout layout
    # Types that are equal may differ in name.
    spelling = (key, getattr(key, "name", None), value, getattr(value, "name", None))
    try:
        layout = layouts.get(spelling)
        if layout is not None:
            return layout
    except TypeError:  # an unhashable spelling: parse says what is wrong with it
        pass
    layout = Layout.__new__(Layout)
    layout.key_type = parse(key, "key")
    layout.value_type = parse(value, "value")
    layout.key_struct = struct_of(layout.key_type)
    layout.value_struct = struct_of(layout.value_type)
    gomap_type_init(&layout.type, core_kind(layout.key_type.kind), layout.key_type.size,
                    layout.value_type.size, value_flags(layout.value_type))
    if len(layouts) > 500:  # spellings made by a program without end
        layouts.clear()
    layouts[spelling] = layout
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


# ---- Python objects to bytes ----------------------------------------------------------------------

cdef str shown(object value, bint quiet=True):
    """A value for an error message, short whatever it is; quiet about what goes wrong."""
    if PyLong_Check(value) and not PyBool_Check(value) and value.bit_length() > 256:
        return f"an int of {value.bit_length()} bits"
    if isinstance(value, (str, bytes, bytearray)) and len(value) > 60:
        value = value[:60]
    try:
        text = repr(value)
    except Exception:  # whatever it is, the error to report is another
        if not quiet:
            raise
        return "(its repr fails)"
    return text if len(text) <= 60 else text[:57] + "..."


cdef object type_of(Base m, Role role):
    if role > VALUE:
        return place_of(m, role)[1]
    return m.layout.key_type if role == KEY else m.layout.value_type


cdef tuple place_of(Base m, Role role):
    cdef Struct struct = m.layout.value_struct if role & VALUE else m.layout.key_struct
    return struct.places[role >> 1]


cdef str role_name(Base m, Role role):
    name = "value" if role & VALUE else "key"
    return f"{name}: field {place_of(m, role)[0]!r}" if role > VALUE else name


cdef int wrong_type(Base m, Role role, str expected, object got) except -1:
    raise TypeError(f"{role_name(m, role)}: expected {expected} for {type_of(m, role)}, "
                    f"got {type(got).__name__} {shown(got)}")


cdef int out_of_range(Base m, Role role, object value, bint raises) except -1:
    """0 for a look-up: such a key is absent."""
    if not raises:
        return 0
    kind = type_of(m, role)
    bits = 8 * kind.size
    if kind.kind == FLOAT32 or kind.kind == FLOAT64:
        limits = "an int must be exact in it" if PyLong_Check(value) else "largest is 3.4028235e+38"
    elif kind.kind >= UINT8:
        limits = f"0 to {2**bits - 1}"
    else:
        limits = f"{-2**(bits - 1)} to {2**(bits - 1) - 1}"
    raise OverflowError(f"{role_name(m, role)}: {shown(value)} is out of range for {kind} ({limits})")


cdef int int_in(Base m, Role role, uint8_t kind, object value, Cell *cell, bint raises) except -1:
    cdef int64_t signed
    cdef uint64_t unsigned
    cdef int overflow
    if kind == UINT64:
        if gomap_uint64_read(value, &cell.u64):
            return 1
    elif gomap_int64_read(value, &signed):
        return int_fits(m, role, kind, signed, value, cell, raises)
    # Not exactly an int, or a long one.
    if PyBool_Check(value) or not PyIndex_Check(value):
        return wrong_type(m, role, "int", value)
    if not PyLong_Check(value):
        value = PyNumber_Index(value)
    if kind == UINT64:
        if value < 0 or value > 0xffffffffffffffff:
            return out_of_range(m, role, value, raises)
        cell.u64 = PyLong_AsUnsignedLongLong(value)
        return 1
    signed = PyLong_AsLongLongAndOverflow(value, &overflow)
    if overflow:
        return out_of_range(m, role, value, raises)
    return int_fits(m, role, kind, signed, value, cell, raises)


cdef inline int int_fits(Base m, Role role, uint8_t kind, int64_t signed, object value, Cell *cell,
                         bint raises) except -1:
    if kind == INT64:
        cell.i64 = signed
    elif kind == INT32 and -0x80000000 <= signed <= 0x7fffffff:
        cell.i32 = <int32_t>signed
    elif kind == UINT32 and 0 <= signed <= 0xffffffff:
        cell.u32 = <uint32_t>signed
    elif kind == INT16 and -0x8000 <= signed <= 0x7fff:
        cell.i16 = <int16_t>signed
    elif kind == UINT16 and 0 <= signed <= 0xffff:
        cell.u16 = <uint16_t>signed
    elif kind == INT8 and -0x80 <= signed <= 0x7f:
        cell.i8 = <int8_t>signed
    elif kind == UINT8 and 0 <= signed <= 0xff:
        cell.u8 = <uint8_t>signed
    else:
        return out_of_range(m, role, value, raises)
    return 1


cdef int float_in(Base m, Role role, uint8_t kind, object value, Cell *cell, bint raises) except -1:
    cdef double number
    if PyFloat_Check(value):
        number = PyFloat_AS_DOUBLE(value)
    elif PyBool_Check(value):
        return wrong_type(m, role, "float", value)
    elif PyLong_Check(value) or PyIndex_Check(value):
        value = PyNumber_Index(value)
        try:
            exact = float(value)
        except OverflowError:
            return out_of_range(m, role, value, raises)
        if exact != value:
            return out_of_range(m, role, value, raises)
        number = exact
        if kind == FLOAT32 and <double><float>number != number:
            return out_of_range(m, role, value, raises)
    else:
        # Other floats, such as NumPy's; no Decimal, no Fraction.
        if not isinstance(value, Real) or isinstance(value, Rational):
            return wrong_type(m, role, "float", value)
        number = PyNumber_Float(value)
    if kind == FLOAT64:
        cell.f64 = number
        return 1
    cell.f32 = <float>number
    if isfinite(number) and not isfinite(cell.f32):
        return out_of_range(m, role, value, raises)
    return 1


cdef int bool_in(Base m, Role role, object value, Cell *cell) except -1:
    if not PyBool_Check(value):
        if type(value).__name__ not in ("bool", "bool_"):  # NumPy's
            return wrong_type(m, role, "bool", value)
        value = bool(value)
    cell.u8 = value is True
    return 1


cdef int number_in(Base m, Role role, uint8_t kind, object value, Cell *cell, bint raises) except -1:
    if kind == FLOAT32 or kind == FLOAT64:
        return float_in(m, role, kind, value, cell, raises)
    if kind == BOOL:
        return bool_in(m, role, value, cell)
    if kind == NOTHING:
        return 1 if value is None else wrong_type(m, role, "None", value)
    return int_in(m, role, kind, value, cell, raises)


cdef object bytes_of(Base m, Role role, object value, bint raises):
    """What is bytes-like, as bytes; a struct, packed: None when a number in it is out of range, where that is no
    error."""
    cdef Py_buffer view
    if role <= VALUE:
        if role == KEY and m.key.form != NULL:
            return packed(m, role, <Struct>m.key.form, value, raises)
        if role == VALUE and m.value.form != NULL:
            return packed(m, role, <Struct>m.value.form, value, raises)
    if PyBytes_Check(value):
        return value
    if not isinstance(value, (bytearray, memoryview)):
        wrong_type(m, role, "bytes", value)
    PyObject_GetBuffer(value, &view, PyBUF_SIMPLE)
    try:
        if view.itemsize != 1:
            wrong_type(m, role, "bytes", value)
        return PyBytes_FromStringAndSize(<char *>view.buf, view.len)
    finally:
        PyBuffer_Release(&view)


cdef object packed_of(Base m, Role role, Codec codec, object value, bint raises):
    """What holds a value's bytes: bytes, or a str that is its own UTF-8; lone surrogates are let through. None for
    a struct with a number that is out of range, where that is no error."""
    if codec.kind != STRING:
        return bytes_of(m, role, value, raises)
    if gomap_is_ascii(value):
        return value
    if not PyUnicode_Check(value):
        wrong_type(m, role, "str", value)
    return PyUnicode_AsEncodedString(value, "utf-8", "surrogatepass")


cdef inline int convert(Base m, Role role, Codec codec, object value, Cell *cell, const void **at,
                        bint raises) except -1:
    """The address of what the core takes: in the cell, or in the packed object, which the caller keeps.

    0 for an int that is out of range, where that is no error.
    """
    at[0] = cell
    if codec.kind == INT64 and gomap_int64_read(value, &cell.i64):
        return 1
    return convert_other(m, role, codec, value, cell, at, raises)


cdef int convert_other(Base m, Role role, Codec codec, object value, Cell *cell, const void **at,
                       bint raises) except -1:
    if codec.string:
        if codec.kind == STRING and PyUnicode_Check(value):
            cell.string.at = PyUnicode_DATA(value)
            cell.string.length = PyUnicode_GET_LENGTH(value)
        else:
            cell.string.at = PyBytes_AS_STRING(value)
            cell.string.length = PyBytes_GET_SIZE(value)
        return 1
    if codec.kind == OBJECT:  # a value: keys are found otherwise
        cell.object = <PyObject *>value
        return 1
    if codec.kind != BYTES:
        return number_in(m, role, codec.kind, value, cell, raises)
    if value is None:  # a struct
        return 0
    if PyBytes_GET_SIZE(value) != codec.size:
        return wrong_length(m, role, value)
    at[0] = PyBytes_AS_STRING(value)
    return 1


cdef int wrong_length(Base m, Role role, bytes value) except -1:
    raise ValueError(f"{role_name(m, role)}: expected {type_of(m, role).size} bytes for {type_of(m, role)}, "
                     f"got {len(value)}")


# ---- structs: tuples to bytes ---------------------------------------------------------------------

cdef bytes packed(Base m, Role role, Struct struct, object value, bint raises):
    """A struct's bytes; None when a number in it is out of range, where that is no error.

    They lie in a bytes object, as reading the fields may run any code, and that use this very map. One that nobody
    else holds is used again.
    """
    cdef bytes made
    if struct.spare != NULL and Py_REFCNT(struct.spare) == 1:
        made = <bytes>struct.spare
    else:
        made = PyBytes_FromStringAndSize(NULL, struct.size)
        memset(PyBytes_AS_STRING(made), 0, struct.size)  # the padding stays so
        if struct.size <= 4096:
            Py_INCREF(made)
            Py_XDECREF(struct.spare)
            struct.spare = <PyObject *>made
    return made if pack(m, role, struct, value, PyBytes_AS_STRING(made), raises) else None


cdef int pack(Base m, Role role, Struct struct, object value, char *to, bint raises) except -1:
    """1, or 0 as convert."""
    cdef Py_ssize_t i
    cdef FieldCodec *field
    cdef Role place
    cdef Cell cell
    cdef int64_t signed
    cdef int fits = 1
    if type(value) is not struct.cls and type(value) is not tuple and type(value) is not struct.other_cls:
        value = fields_in(m, role, struct, value)
    if PyTuple_GET_SIZE(value) != struct.count:
        raise ValueError(f"{role_name(m, role)}: expected {struct.count} fields for {type_of(m, role)}, "
                         f"got {PyTuple_GET_SIZE(value)}")
    for i in range(struct.count):
        field = &struct.fields[i]
        item = <object>PyTuple_GET_ITEM(value, i)
        if gomap_int64_read(item, &signed) and field.low <= signed <= field.high:
            store_int(to + field.offset, signed, field.size)
            continue
        place = <Role>(role + 2 * field.place)
        if field.kind == STRUCT:
            fits &= pack(m, place, <Struct>field.form, item, to + field.offset, raises)
        elif field.kind == BYTES:
            item = bytes_of(m, place, item, raises)
            if PyBytes_GET_SIZE(item) != field.size:
                wrong_length(m, place, item)
            memcpy(to + field.offset, PyBytes_AS_STRING(item), field.size)
        elif number_in(m, place, field.kind, item, &cell, raises):
            if not role & VALUE:
                canonical(field.kind, &cell)
            memcpy(to + field.offset, &cell, field.size)
        else:
            fits = 0  # the others may still be of a wrong type
    return fits


cdef inline void canonical(uint8_t kind, Cell *cell) noexcept:
    """Floats that are one key get the same bytes: -0.0 those of 0.0, and every NaN those of one."""
    if kind == FLOAT64:
        if cell.f64 == 0:
            cell.u64 = 0
        elif cell.f64 != cell.f64:
            cell.u64 = 0x7ff8000000000000
    elif kind == FLOAT32:
        if cell.f32 == 0:
            cell.u32 = 0
        elif cell.f32 != cell.f32:
            cell.u32 = 0x7fc00000


cdef inline void store_int(char *to, int64_t number, uint32_t size) noexcept:
    cdef int32_t word = <int32_t>number
    cdef int16_t half = <int16_t>number
    if size == 4:
        memcpy(to, &word, 4)
    elif size == 8:
        memcpy(to, &number, 8)
    elif size == 1:
        to[0] = <char>number
    else:
        memcpy(to, &half, 2)


cdef object fields_in(Base m, Role role, Struct struct, object value):
    """A tuple of what are a struct's fields: what has names is read by them."""
    numpy = sys.modules.get("numpy")
    if PyTuple_Check(value):
        names = getattr(value, "_fields", None)
        if not isinstance(names, tuple) or len(names) != len(value):
            return value
        if names == struct.names:
            struct.other_cls = type(value)
            return value
        named = dict(zip(names, value))
    elif isinstance(value, Mapping):
        named = value
    elif numpy is not None and isinstance(value, numpy.void) and value.dtype.names:
        named = {name: value[name] for name in value.dtype.names}
        for name, item in named.items():
            if isinstance(item, numpy.ndarray) and item.dtype == numpy.uint8 and item.ndim == 1 \
                    or isinstance(item, numpy.void) and item.dtype.names is None:
                named[name] = item.tobytes()
    else:
        wrong_type(m, role, "a tuple or mapping", value)
    missing = [repr(name) for name in struct.names if name not in named]
    unexpected = [shown(name) for name in named if name not in struct.names]
    if missing or unexpected:
        raise ValueError(f"{role_name(m, role)}: expected the fields of {type_of(m, role)}"
                         + (f"; missing: {', '.join(missing)}" if missing else "")
                         + (f"; unexpected: {', '.join(unexpected)}" if unexpected else ""))
    return tuple([named[name] for name in struct.names])


# ---- structs: bytes to tuples ---------------------------------------------------------------------

cdef tuple unpacked(Struct struct, const char *at):
    """Without the collector, which may run any code when a tuple is made: as with any other type, nothing may
    change the map between finding a value and having read it."""
    cdef bint stopped = gomap_collector_stop()
    try:
        return unpack(struct, at)
    finally:
        gomap_collector_resume(stopped)


cdef tuple unpack(Struct struct, const char *at):
    cdef tuple made = gomap_tuple(struct.cls, struct.count)
    cdef FieldCodec *field
    cdef int64_t word
    cdef Py_ssize_t i
    for i in range(struct.count):
        field = &struct.fields[i]
        if field.kind == STRUCT:
            item = unpack(<Struct>field.form, at + field.offset)
        elif field.kind == BYTES:
            item = PyBytes_FromStringAndSize(at + field.offset, field.size)
        elif field.kind == INT64:
            memcpy(&word, at + field.offset, 8)
            item = gomap_int64_make(word)
        else:
            item = number_out(field.kind, at + field.offset)
        Py_INCREF(item)
        PyTuple_SET_ITEM(made, i, item)
    return made


cdef bint intact(Struct struct, const char *at, bint is_key) noexcept:
    """Whether bytes are such as pack makes."""
    cdef Py_ssize_t i, end = 0
    cdef FieldCodec *field
    cdef Cell cell
    for i in range(struct.count):
        field = &struct.fields[i]
        while end < field.offset:
            if at[end]:
                return False
            end += 1
        end = field.offset + field.size
        if field.kind == STRUCT:
            if not intact(<Struct>field.form, at + field.offset, is_key):
                return False
        elif field.kind == BOOL:
            if at[field.offset] & 0xfe:
                return False
        elif is_key and (field.kind == FLOAT32 or field.kind == FLOAT64):
            memcpy(&cell, at + field.offset, field.size)
            canonical(field.kind, &cell)
            if memcmp(&cell, at + field.offset, field.size):
                return False
    while end < struct.size:
        if at[end]:
            return False
        end += 1
    return True


# ---- bytes to Python objects ----------------------------------------------------------------------

cdef object number_out(uint8_t kind, const void *at):
    cdef Cell cell
    if kind == INT64:
        memcpy(&cell.i64, at, 8)
        return gomap_int64_make(cell.i64)
    if kind == UINT64:
        memcpy(&cell.u64, at, 8)
        return PyLong_FromUnsignedLongLong(cell.u64)
    if kind == FLOAT64:
        memcpy(&cell.f64, at, 8)
        return PyFloat_FromDouble(cell.f64)
    if kind == FLOAT32:
        memcpy(&cell.f32, at, 4)
        return PyFloat_FromDouble(cell.f32)
    if kind == INT32:
        memcpy(&cell.i32, at, 4)
        return gomap_int64_make(cell.i32)
    if kind == UINT32:
        memcpy(&cell.u32, at, 4)
        return gomap_int64_make(cell.u32)
    if kind == INT16:
        memcpy(&cell.i16, at, 2)
        return gomap_int64_make(cell.i16)
    if kind == UINT16:
        memcpy(&cell.u16, at, 2)
        return gomap_int64_make(cell.u16)
    if kind == NOTHING:
        return None
    memcpy(&cell.u8, at, 1)
    if kind == BOOL:
        return True if cell.u8 else False
    if kind == INT8:
        return gomap_int64_make(cell.i8)
    return gomap_int64_make(cell.u8)


cdef inline object out(Base m, Role role, const void *at):
    cdef Codec codec = m.key if role == KEY else m.value
    cdef int64_t word
    if codec.kind == INT64:
        memcpy(&word, at, 8)
        return gomap_int64_make(word)
    if codec.kind == BYTES:
        if codec.form != NULL:
            return unpacked(<Struct>codec.form, <const char *>at)
        return PyBytes_FromStringAndSize(<const char *>at, codec.size)
    return other_out(m, role, codec, at)


cdef object other_out(Base m, Role role, Codec codec, const void *at):
    cdef gomap_string string
    cdef PyObject *held
    if codec.string:
        string = gomap_string_at(m.map, role == VALUE, at)
        if codec.kind == STRING:
            return gomap_text_make(string.at, string.length)
        return PyBytes_FromStringAndSize(<const char *>string.at, string.length)
    if codec.kind == OBJECT:
        held = gomap_key_object_at(at) if role == KEY else gomap_object_at(at)
        return None if held == NULL else <object>held
    return number_out(codec.kind, at)


cdef inline void store(void *room, const void *at, uint32_t size) noexcept:
    if size == 8:
        memcpy(room, at, 8)
    else:
        memcpy(room, at, size)


# ---- what maps and sets have in common ------------------------------------------------------------

cdef uint64_t seeds = int.from_bytes(os.urandom(8), "little")

cdef object MISSING = object()

cdef size_t hint_of(object capacity) except? 0:
    """As in Go, a hint that is negative or absurd is no hint."""
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
        self.key = codec_of(layout.key_type, layout.key_struct, layout.type.key_size)
        self.value = codec_of(layout.value_type, layout.value_struct, layout.type.value_size)
        self.objects = self.key.kind == OBJECT or self.value.kind == OBJECT
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
            if hint == 0 and isinstance(items, (dict, set, frozenset, Base)):
                hint = len(items)
            self.open(layout, hint)
        if items is not None:
            self.update_from(items)
        return 0

    @cython.final
    cdef Base empty(self):
        """Another one of this class and types, not made yet."""
        cdef type cls = type(self)
        cdef Base other = cls.__new__(cls)
        return other

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
        cdef Base copied = self.empty()
        self.ready()  # a subclass's __new__ may have let other threads run
        copied.map = gomap_clone(self.map, gomap_random(&seeds))
        if copied.map == NULL:
            raise MemoryError()
        copied.use(self.layout)
        if copied.objects:
            own_objects(copied)
        return copied

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
            copied = self.empty()
            copied.open(self.layout, self.map.count)
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
        return <Py_ssize_t>gomap_total(self.map) - gomap_header_bytes(self)

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


cdef size_t raw_size(Codec codec) noexcept:
    """Bytes that one takes outside of any map; strings are counted by the core, of an object its address."""
    if codec.string:
        return 0
    return sizeof(void *) if codec.kind == OBJECT else codec.size


cdef list entries_of(Base m):
    return list(iterator(m, KEYS if isinstance(m, Set) else ITEMS))


include "_objects.pxi"
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


# ---- maps -----------------------------------------------------------------------------------------

@cython.no_gc_clear
@cython.collection_type("mapping")
cdef class BaseMap(Base):
    """What the maps have in common. Use :class:`Map` or :class:`GoMap`."""
    __hash__ = None
    def __init__(self, *arguments, **options):
        raise TypeError("BaseMap is what the maps have in common: make a Map or a GoMap")

    cdef str spelling(self):
        return f"map[{self.layout.key_type}]{self.layout.value_type}"

    # ---- one entry ----

    @cython.final
    cdef inline int assign(self, object key, object value) except -1:
        cdef Cell key_cell, value_cell
        cdef const void *key_at
        cdef const void *value_at
        cdef void *room
        cdef int added
        if self.objects:
            return assign_object(self, key, value)
        if self.key.packs:
            key = packed_of(self, KEY, self.key, key, True)
        if self.value.packs:
            value = packed_of(self, VALUE, self.value, value, True)
        convert(self, KEY, self.key, key, &key_cell, &key_at, True)
        convert(self, VALUE, self.value, value, &value_cell, &value_at, True)
        self.ready_to_write()
        if self.value.string:
            room = gomap_put(self.map, key_at, value_at, &added)
        else:
            room = gomap_assign(self.map, key_at, &added)
        if room == NULL:
            raise MemoryError()
        if not self.value.string:
            store(room, value_at, self.value.size)
        return 0

    def __getitem__(self, key):
        self.ready()
        wanted = packed_of(self, KEY, self.key, key, False) if self.key.packs else key
        cdef void *found
        self.find(wanted, True, &found)
        if found == NULL:
            return self.missing(key)
        return out(self, VALUE, found)

    @cython.final
    cdef object missing(self, object key):
        """What m[key] is for a key that is absent: KeyError, or a subclass's __missing__."""
        handler = getattr(type(self), "__missing__", None)
        if handler is not None:
            return handler(self, key)
        raise KeyError(key)

    def __setitem__(self, key, value):
        self.ready_to_write()
        self.assign(key, value)

    def __delitem__(self, key):
        self.ready_to_write()
        if not self.erase(key):
            raise KeyError(key)

    def get(self, key, default=None, /):
        """The value for key, or default when it is absent.

        :raises TypeError: the key is of a wrong type
        """
        self.ready()
        if self.key.packs:
            key = packed_of(self, KEY, self.key, key, False)
        cdef void *found
        self.find(key, True, &found)
        return default if found == NULL else out(self, VALUE, found)

    def setdefault(self, key, default=MISSING, /):
        """The value for key; when it is absent, default is put there first.

        Without a default it is the value type's zero, as in Go.
        """
        self.ready_to_write()
        cdef Cell key_cell, value_cell
        cdef const void *key_at
        cdef const void *value_at = NULL
        cdef void *room
        cdef int added = 0
        if self.objects:
            return default_object(self, key, default)
        if self.key.packs:
            key = packed_of(self, KEY, self.key, key, True)
        if default is not MISSING:
            if self.value.packs:
                default = packed_of(self, VALUE, self.value, default, True)
            convert(self, VALUE, self.value, default, &value_cell, &value_at, True)
        convert(self, KEY, self.key, key, &key_cell, &key_at, True)
        self.ready_to_write()
        if self.value.string and value_at != NULL:
            room = gomap_find(self.map, key_at)
            if room == NULL:
                room = gomap_put(self.map, key_at, value_at, &added)
        else:
            room = gomap_assign(self.map, key_at, &added)
        if room == NULL:
            raise MemoryError()
        if added and value_at != NULL and not self.value.string:
            store(room, value_at, self.value.size)
        return out(self, VALUE, room)

    def pop(self, key, default=MISSING, /):
        """Remove key and return its value; when it is absent, default, or KeyError without one."""
        self.ready_to_write()
        cdef Cell cell
        cdef const void *at
        cdef void *found = NULL
        cdef PyObject *taken = NULL
        if self.objects:
            if take_object(self, key, &taken):
                value = <object>taken
                Py_DECREF(value)
                return value
            if default is MISSING:
                raise KeyError(key)
            return default
        wanted = packed_of(self, KEY, self.key, key, False) if self.key.packs else key
        if convert(self, KEY, self.key, wanted, &cell, &at, False):
            self.ready_to_write()
            found = gomap_at(self.map, at)
        if found == NULL:
            if default is MISSING:
                raise KeyError(key)
            return default
        value = out(self, VALUE, found)
        gomap_erase(self.map, at)
        return value

    def popitem(self):
        """Remove some entry and return it as a (key, value) tuple; KeyError when there is none."""
        self.ready_to_write()
        cdef const void *key
        cdef const void *value
        # The tuple first: making a container may run the collector, and that any code.
        cdef tuple item = PyTuple_New(2)
        self.ready_to_write()
        if not gomap_any(self.map, &key, &value):
            raise KeyError("popitem(): map is empty")
        cdef PyObject *held_key = gomap_key_object_at(key) if self.key.kind == OBJECT else NULL
        cdef PyObject *held_value = gomap_object_at(value) if self.value.kind == OBJECT else NULL
        taken = out(self, KEY, key)
        Py_INCREF(taken)
        PyTuple_SET_ITEM(item, 0, taken)
        taken = out(self, VALUE, value)
        Py_INCREF(taken)
        PyTuple_SET_ITEM(item, 1, taken)
        gomap_erase_any(self.map)
        self.changes += 1
        Py_XDECREF(held_key)
        Py_XDECREF(held_value)
        return item

    # ---- many ----

    def get_many(self, keys, /, default=MISSING, *, out=None):
        """The values for many keys, in their order: an array, a list for strings and objects.

        :param keys: an array (NumPy, Arrow, array.array, memoryview), or any iterable
        :param default: the value for keys that are not there
        :param out: an array of the value type to write to and return; its content is lost when a key is missing
        :raises KeyError: a key is not there, and there is no default: names the first, and how many
        :raises TypeError: the array's items are of another type, which is never reinterpreted
        """
        return values_for(self, keys, default, out)

    def set_many(self, keys, values, /):
        """Put in many keys, each with its value, or all with one. Iterators end.

        Everything is converted and checked first: what is refused leaves the map as it was.

        :param keys: an array, or any iterable
        :param values: an array or a list of as many values; anything else is one value for all
        :raises MemoryError: there is no more room; the keys before are in
        """
        self.ready_to_write()
        cdef Column column
        if self.objects:
            put_objects(self, keys, values)
        else:
            column = column_of(self, KEY, keys, True)
            put_column(self, column, values_of(self, values, column.count))

    @classmethod
    def from_arrays(cls, keys, values, /, *, key=..., value=...):
        """A map of these keys and values, of the types that the arrays say, or of those that are given.

        :raises TypeError: lists and the like, which say nothing of a type, without types
        """
        cdef BaseMap made = cls(arrays.column_type(keys, "keys") if key is ... else key,
                                arrays.column_type(values, "values") if value is ... else value)
        made.set_many(keys, values)
        return made

    def to_arrays(self):
        """All keys and all values, in the same order: a pair of arrays; lists for strings and objects."""
        return columns_out(self, True)

    def add(self, key, by=1, /):
        """Add to the value of a key, which counts from zero if it is not there; returns the sum. Go's m[key] += by.

        :raises OverflowError: the sum does not fit the value type; nothing has changed
        """
        return add_one(self, key, by)

    def add_many(self, keys, by=1, /):
        """Add to the values of many keys: one number for all, or one for each; a key may come often. Iterators end.

        :raises OverflowError: a sum does not fit: names the key; nothing has changed
        """
        self.ready_to_write()
        check_countable(self)
        cdef Column column
        if self.objects:
            add_objects(self, keys, by)
        else:
            column = column_of(self, KEY, keys, True)
            add_column(self, column, values_of(self, by, column.count))

    def update(self, other=(), values=..., /, **entries):
        """Put in every entry of a mapping or of an iterable of (key, value) pairs; or keys and values that
        stand in two arrays, as set_many does.

        As with dict, the entries before one that is refused are in.
        """
        self.ready_to_write()
        if values is not ...:
            self.set_many(other, values)
        else:
            self.update_from(other)
        for name in entries:
            self.assign(name, entries[name])

    cdef int update_from(self, object other) except -1:
        cdef BaseMap source
        if isinstance(other, BaseMap) and (<BaseMap>other).map != NULL \
                and not self.objects and same_types((<BaseMap>other).layout, self.layout):
            source = other
            source.ready()
            self.ready_to_write()
            if source is not self and gomap_merge(self.map, source.map) < 0:
                raise MemoryError()
        elif type(other) is dict:
            for key, value in (<dict>other).items():
                self.assign(key, value)
        elif hasattr(other, "keys"):
            for key in other.keys():
                self.assign(key, other[key])
        else:
            self.update_pairs(other)
        return 0

    @cython.final
    cdef int update_pairs(self, object pairs) except -1:
        cdef Py_ssize_t position = 0
        for pair in pairs:
            if type(pair) is not tuple or len(pair) != 2:
                try:
                    pair = tuple(pair)
                except TypeError:
                    raise TypeError(f"update element #{position}: expected a (key, value) pair, "
                                    f"got {type(pair).__name__} {shown(pair)}") from None
                if len(pair) != 2:
                    raise ValueError(f"update element #{position}: expected a (key, value) pair, "
                                     f"got {len(pair)} elements")
            self.assign((<tuple>pair)[0], (<tuple>pair)[1])
            position += 1
        return 0

    @classmethod
    def fromkeys(cls, keys, fill=MISSING, /, *, key=MISSING, value=MISSING):
        """A map with these keys, each with the value fill (zero without one).

        Its types are those given, or those that the class itself gives its maps: a subclass's, or those of
        ``Map[int, str].fromkeys(keys)``.

        :raises TypeError: no types are given and the class needs them
        """
        cdef BaseMap made
        if key is MISSING and value is MISSING and cls.__init__ not in TYPELESS:
            own = cls()
            if not isinstance(own, BaseMap) or type(own).__setitem__ is not BaseMap.__setitem__:
                if fill is MISSING:
                    fill = Map(int, own.value_type).setdefault(0) if isinstance(own, BaseMap) else None
                for each in keys:  # as it says, and as dict does
                    own[each] = fill
                return own
            made = own
        elif key is MISSING or value is MISSING:
            raise TypeError(f"fromkeys: expected the types, as {cls.__name__}[key, value].fromkeys(keys) or by key= "
                            f"and value=; {'both are' if key is value else 'one is'} missing")
        else:
            made = cls(key, value)
        made.ready()
        for each in keys:
            if fill is MISSING:
                made.setdefault(each)
            else:
                made.assign(each, fill)
        return made

    def __or__(self, other):
        if not isinstance(self, BaseMap) or not isinstance(other, Mapping):
            return NotImplemented
        united = self.copy()
        united.update(other)
        return united

    def __ror__(self, other):
        if not isinstance(other, Mapping):
            return NotImplemented
        self.ready()
        cdef BaseMap united = self.empty()
        united.open(self.layout, len(self))
        united.update(other)
        united.update(self)
        return united

    def __ior__(self, other):
        self.update(other)
        return self

    def __eq__(self, other):
        if self is other:
            return True
        if not isinstance(other, Mapping):
            return NotImplemented
        if len(self) != len(other):
            return False
        cdef bint typed = isinstance(other, BaseMap) and (<BaseMap>other).key.kind != OBJECT
        for key, value in self.items():
            try:
                if key not in other:
                    return False
            except (TypeError, ValueError):
                if typed:  # it has no such keys
                    return False
                raise
            found = other[key]
            if found is not value and not found == value:
                return False
        return True

    # ---- iteration ----

    def _iter_keys(self):
        return iterator(self, KEYS)

    def _iter_values(self):
        return iterator(self, VALUES)

    def _iter_items(self):
        return iterator(self, ITEMS)

    def keys(self):
        """A live view of the keys."""
        self.ready()
        return MapKeysView(self)

    def values(self):
        """A live view of the values."""
        self.ready()
        return MapValuesView(self)

    def items(self):
        """A live view of the entries as (key, value) tuples."""
        self.ready()
        return MapItemsView(self)

    @property
    def value_type(self):
        """The type of the values."""
        self.ready()
        return self.layout.value_type


cdef class Map(BaseMap):
    """The map to use: memory follows the entries, up and down, a bucket at a time.

    :param key: the key type, ``int`` or spelled as Go does: ``"uint32"``, ``"[16]byte"``
    :param value: the value type; ``"*T"`` is stored as T is
    :param items: a mapping or an iterable of (key, value) pairs to begin with
    :param capacity: the number of entries to have room for; deletions give unused room back

    A key of a wrong type raises TypeError on every operation. An int or float that the type cannot
    hold raises OverflowError when stored, and is absent when looked up. Bytes of another length than
    the type's raise ValueError. All NaN keys are one key.

    A struct is taken from a tuple of its fields, or by name from another named tuple or a mapping; it
    comes out as a named tuple. What is said of ints, floats and bytes holds for its fields.

    Every operation takes constant time on average, and no single one long: linear hashing (Litwin,
    1980) with two candidate buckets a key, see docs/design.md.

    >>> m = Map(int, "[4]byte", {1: b"spam"})
    >>> m[1], 2 in m, len(m)
    (b'spam', False, 1)
    """

    cdef int engine(self):
        return GOMAP_ELASTIC

    def __init__(self, key, value, items=None, /, *, capacity=0):
        self.begin(layout_of(key, value), items, capacity)

    @classmethod
    def factorize(cls, keys, /, *, key=...):
        """A number for every key, from 0 up in the order of their first coming: the array of these codes, and
        the Map from key to code.

        :param keys: an array, or with a type any iterable
        :param key: the type of the keys; without it, the one that the array says
        """
        cdef BaseMap made = cls(arrays.column_type(keys, "keys") if key is ... else key, "int64")
        if made.objects:
            codes = [made.setdefault(each, len(made)) for each in arrays.listed(keys)]
            result = np_empty(made.layout.value_type, len(codes))
            view = memoryview(result)
            for i, code in enumerate(codes):
                view[i] = code
            return result, made
        return codes_of(made, column_of(made, KEY, keys, True)), made

    def compact(self):
        """Give back the room beyond the entries: to some 94 % of the slots full.

        Takes 5 to 50 ns an entry, and no memory. Insertions afterwards make the usual room again, by
        and by. Iterators end, as by an insertion.
        """
        self.ready_to_write()
        gomap_compact(self.map)


cdef class GoMap(BaseMap):
    """Go's classic runtime map (Go 1.0 to 1.23): grows by doubling, never shrinks.

    :param key: the key type, ``int`` or as Go spells it: ``"uint32"``, ``"[16]byte"``
    :param value: the value type; ``"*T"`` is stored behind a reference
    :param items: a mapping or an iterable of (key, value) pairs to begin with
    :param capacity: the number of entries to have room for; a hint, as in Go's ``make``

    A key of a wrong type raises TypeError on every operation. An int or float that the type cannot
    hold raises OverflowError when stored, and is absent when looked up. Bytes of another length than
    the type's raise ValueError.

    >>> m = GoMap(int, "[4]byte", {1: b"spam"})
    >>> m[1], 2 in m, m.stats().B
    (b'spam', False, 0)
    """

    cdef int engine(self):
        return GOMAP_GO

    def __init__(self, key, value, items=None, /, *, capacity=0):
        self.begin(layout_of(key, value), items, capacity)


#: The constructors that have to be told the types.
cdef tuple TYPELESS = (BaseMap.__init__, Map.__init__, GoMap.__init__)


def make(spec, hint=0, /):
    """A :class:`GoMap` from Go's spelling: ``make("map[int][128]byte", 1000)``.

    :raises ValueError: the spelling is unknown or malformed; the message shows where
    """
    key, value = parse_map(spec)
    return GoMap(key, value, capacity=hint)


# ---- sets -----------------------------------------------------------------------------------------

cdef object NOTHING_TYPE = parse(None)
cdef object BOOL_TYPE = parse(bool)
cdef tuple UNPACKED = (STRING, VARBYTES, OBJECT)


cdef bint alike(Set s, object other) except -1:
    """Whether other is a Set of the same key type: its keys are then compared as bytes."""
    s.ready()
    if not isinstance(other, Set) or s.key.kind == OBJECT:
        return False
    (<Set>other).ready()
    return same_types(s.layout, (<Set>other).layout)


cdef bint within(Set one, Set other, bint wanted) noexcept:
    """Whether every key of one is in another that is alike; or none, when that is wanted."""
    cdef gomap_key room
    cdef const void *key
    cdef const void *value
    cdef gomap_iter iter
    cdef bint so = True
    gomap_iter_begin(&iter, one.map)
    while so and gomap_iter_next(&iter, &key, &value) == 1:
        so = (gomap_find(other.map, gomap_key_again(one.map, key, &room)) != NULL) == wanted
    gomap_iter_end(&iter)
    return so


cdef int keep(Set s, Set other, bint kept) except -1:
    """Removes what is not in another of the same type; or what is, when that is not to be kept."""
    cdef gomap_key room
    cdef const void *key
    cdef const void *value
    cdef gomap_iter iter
    s.ready_to_write()
    other.ready()
    if s.objects:
        for element in entries_of(s):
            if holds(other, element) != kept:
                s.erase(element)
        return 0
    gomap_iter_begin(&iter, s.map)
    while gomap_iter_next(&iter, &key, &value) == 1:
        key = gomap_key_again(s.map, key, &room)
        if (gomap_find(other.map, key) != NULL) != kept:
            gomap_erase(s.map, key)
    gomap_iter_end(&iter)
    return 0


cdef bint holds(Set s, object element) except -1:
    """Whether it is there; what the key type cannot hold is not."""
    cdef void *found
    try:
        if s.key.packs:
            element = packed_of(s, KEY, s.key, element, False)
        s.find(element, False, &found)
    except (TypeError, ValueError):
        if s.objects:  # it is the key's own
            raise
        return False
    return found != NULL


cdef bint among(object others, object key) except -1:
    """Whether a key is in any kind of set."""
    if isinstance(others, Set):
        return holds(others, key)
    try:
        return key in others
    except (TypeError, ValueError):
        if is_typed(others):  # a view of a map that has no such keys
            return False
        raise


cdef bint is_subset(Set s, object other) except -1:
    if alike(s, other):
        return within(s, other, True)
    for key in iterator(s, KEYS):
        if not among(other, key):
            return False
    return True


cdef bint is_superset(Set s, object other) except -1:
    if alike(s, other):
        return within(other, s, True)
    for element in other:
        if not holds(s, element):
            return False
    return True


cdef bint is_foreign(object other) except -1:
    """Whether an operator with other on the left is for the Set on the right: not so where both are Sets, even
    if Python asks the right one first, as a subclass."""
    return isinstance(other, AbstractSet) and not isinstance(other, Set)


cdef class Set(Base):
    """A set of typed keys: memory follows the keys, up and down, as a :class:`Map`'s does.

    :param key: the key type, ``int`` or spelled as Go does: ``"uint32"``, ``"[16]byte"``
    :param items: an iterable of keys to begin with
    :param capacity: the number of keys to have room for; removals give unused room back

    It has every method and operator of ``set``. Those that make a set make one of the same class and key
    type, the left one's where there are two.

    ``in``, ``discard`` and ``remove`` of a key of a wrong type raise TypeError; an int or float that the
    type cannot hold is absent. The elements of another collection that are only looked up may be of any
    type: what the key type cannot hold is not in the set. Putting in such an element raises TypeError,
    OverflowError or ValueError, as ``add`` does; of several, those before it are in, as with ``set``.

    >>> s = Set(int, [1, 2, 3])
    >>> 2 in s, len(s), s & {2, 3, 4} == {2, 3}
    (True, 3, True)
    """

    __hash__ = None

    cdef int engine(self):
        return GOMAP_ELASTIC

    cdef str spelling(self):
        return f"Set of {self.layout.key_type}"

    def __init__(self, key, items=None, /, *, capacity=0):
        cdef Layout layout = layout_of(key, None)
        if self.map != NULL and same_types(self.layout, layout):
            self.ready_to_write()
            self.clear_all()  # as set's does
        self.begin(layout, items, capacity)

    # ---- one key ----

    @cython.final
    cdef inline int put(self, object key) except -1:
        cdef Cell cell
        cdef const void *at
        cdef int added
        if self.objects:
            room_for(self, key, NULL, True, &added)
            return 0
        if self.key.packs:
            key = packed_of(self, KEY, self.key, key, True)
        convert(self, KEY, self.key, key, &cell, &at, True)
        self.ready_to_write()
        if gomap_assign(self.map, at, &added) == NULL:
            raise MemoryError()
        return 0

    def add(self, key, /):
        """Put in a key."""
        self.ready_to_write()
        self.put(key)

    def discard(self, key, /):
        """Remove a key if it is there."""
        self.ready_to_write()
        self.erase(key)

    def remove(self, key, /):
        """Remove a key; KeyError when it is not there."""
        self.ready_to_write()
        if not self.erase(key):
            raise KeyError(key)

    def pop(self):
        """Remove some key and return it; KeyError when there is none."""
        self.ready_to_write()
        cdef const void *key
        cdef const void *value
        if not gomap_any(self.map, &key, &value):
            raise KeyError("pop(): set is empty")
        cdef PyObject *held = gomap_key_object_at(key) if self.objects else NULL
        taken = out(self, KEY, key)
        gomap_erase_any(self.map)
        self.changes += 1
        Py_XDECREF(held)
        return taken

    # ---- many keys ----

    def isin(self, keys, /):
        """contains_many: which of the keys are there, an array of bools."""
        return held_of(self, keys)

    def add_many(self, keys, /):
        """Put in many keys: an array, or any iterable. What is refused leaves the set as it was. Iterators end."""
        self.ready_to_write()
        cdef Column column
        if self.objects:
            self.update_from(items_of(self, KEY, keys))
        else:
            column = column_of(self, KEY, keys, True)
            put_column(self, column, values_of(self, None, column.count))

    def discard_many(self, keys, /):
        """Remove the keys that are there; returns how many were. Iterators end."""
        return erase_all_of(self, keys)

    @classmethod
    def from_array(cls, keys, /, *, key=...):
        """A set of the items of an array, of the type that it says, or the one that is given."""
        cdef Set made = cls(arrays.column_type(keys, "keys") if key is ... else key)
        made.add_many(keys)
        return made

    def to_array(self):
        """All keys: an array; a list for strings and objects."""
        return columns_out(self, False)[0]

    # ---- changing it by others ----

    cdef int update_from(self, object other) except -1:
        cdef Column column
        if alike(self, other):
            self.ready_to_write()
            if other is not self and gomap_merge(self.map, (<Set>other).map) < 0:
                raise MemoryError()
        elif not self.objects and is_array(other):
            self.add_many(other)
        else:
            for key in other:
                self.put(key)
        return 0

    def update(self, *others):
        """Put in every element of the others.

        As with set, the elements before one that is refused are in.
        """
        self.ready_to_write()
        for other in others:
            self.update_from(other)

    @cython.final
    cdef int keep_from(self, object other) except -1:
        keep(self, other if alike(self, other) else self.common(other), True)
        return 0

    def intersection_update(self, *others):
        """Remove every key that is not in all of the others."""
        self.ready_to_write()
        for other in others:
            self.keep_from(other)

    @cython.final
    cdef int remove_from(self, object other) except -1:
        if alike(self, other) and self.map.count <= (<Set>other).map.count:
            keep(self, other, False)
        else:
            for element in other:
                try:
                    self.erase(element)
                except (TypeError, ValueError):  # no key of this set
                    if self.objects:
                        raise
        return 0

    def difference_update(self, *others):
        """Remove every key that is in one of the others."""
        self.ready_to_write()
        for other in others:
            self.remove_from(other)

    @cython.final
    cdef int toggle_from(self, object other) except -1:
        cdef const void *key
        cdef const void *value
        cdef gomap_iter iter
        cdef Set toggled
        cdef gomap_key room
        cdef int added, more
        if other is self:
            return self.clear_all()
        toggled = other if alike(self, other) else self.like(other)
        toggled.ready()
        self.ready_to_write()
        if self.objects:
            for element in entries_of(toggled):
                if not self.erase(element):
                    self.put(element)
            return 0
        gomap_iter_begin(&iter, toggled.map)
        while True:
            more = gomap_iter_next(&iter, &key, &value)
            if more != 1:
                break
            key = gomap_key_again(toggled.map, key, &room)
            if not gomap_erase(self.map, key) and gomap_assign(self.map, key, &added) == NULL:
                break
        gomap_iter_end(&iter)
        if more == 1:
            raise MemoryError()
        return 0

    def symmetric_difference_update(self, other, /):
        """Remove what is in both, put in what is in the other alone.

        Changes nothing when the other has an element that is refused.
        """
        self.ready_to_write()
        self.toggle_from(other)

    def __ior__(self, other):
        if not isinstance(other, AbstractSet):
            return NotImplemented
        self.ready_to_write()
        self.update_from(other)
        return self

    def __iand__(self, other):
        if not isinstance(other, AbstractSet):
            return NotImplemented
        self.ready_to_write()
        self.keep_from(other)
        return self

    def __isub__(self, other):
        if not isinstance(other, AbstractSet):
            return NotImplemented
        self.ready_to_write()
        self.remove_from(other)
        return self

    def __ixor__(self, other):
        if not isinstance(other, AbstractSet):
            return NotImplemented
        self.ready_to_write()
        self.toggle_from(other)
        return self

    # ---- making others of it ----

    @cython.final
    cdef Set like(self, object elements):
        """Another one of this class and key type, with these elements."""
        self.ready()
        cdef Set made = self.empty()
        made.open(self.layout, len(elements) if isinstance(elements, Set) else 0)
        made.update_from(elements)
        return made

    @cython.final
    cdef Set common(self, object other):
        """What is in both."""
        cdef Set made, smaller, larger
        if alike(self, other):
            smaller, larger = self, other
            if smaller.map.count > larger.map.count:
                smaller, larger = larger, smaller
            made = self.like(smaller)
            keep(made, larger, True)
            return made
        made = self.like(())
        for element in other:
            if holds(self, element):
                made.put(element)
        return made

    def union(self, *others):
        """A Set of every key that is here or in one of the others."""
        cdef Set made = self.cloned()
        for other in others:
            made.update_from(other)
        return made

    def intersection(self, *others):
        """A Set of the keys that are here and in all of the others."""
        cdef Set made = self
        for other in others:
            made = made.common(other)
        return self.cloned() if made is self else made

    def difference(self, *others):
        """A Set of the keys that are in none of the others."""
        cdef Set made = self.cloned()
        for other in others:
            made.remove_from(other)
        return made

    def symmetric_difference(self, other, /):
        """A Set of what is either here or in the other, but not in both."""
        return self.toggled(other)

    @cython.final
    cdef Set toggled(self, object other):
        cdef Set made = self.cloned()
        made.toggle_from(other)
        return made

    def __or__(self, other):
        if not isinstance(self, Set) or not isinstance(other, AbstractSet):
            return NotImplemented
        cdef Set made = self.cloned()
        made.update_from(other)
        return made

    def __ror__(self, other):
        if not is_foreign(other):
            return NotImplemented
        cdef Set made = self.cloned()
        made.update_from(other)
        return made

    def __and__(self, other):
        if not isinstance(self, Set) or not isinstance(other, AbstractSet):
            return NotImplemented
        return self.common(other)

    def __rand__(self, other):
        if not is_foreign(other):
            return NotImplemented
        return self.common(other)

    def __sub__(self, other):
        if not isinstance(self, Set) or not isinstance(other, AbstractSet):
            return NotImplemented
        cdef Set made = self.cloned()
        made.remove_from(other)
        return made

    def __rsub__(self, other):
        if not is_foreign(other):
            return NotImplemented
        cdef Set made = self.like(())
        for element in other:
            if not holds(self, element):
                made.put(element)
        return made

    def __xor__(self, other):
        if not isinstance(self, Set) or not isinstance(other, AbstractSet):
            return NotImplemented
        return self.toggled(other)

    def __rxor__(self, other):
        if not is_foreign(other):
            return NotImplemented
        return self.toggled(other)

    # ---- comparing ----

    def isdisjoint(self, other, /):
        """Whether no key is in the other."""
        if alike(self, other):
            if self.map.count <= (<Set>other).map.count:
                return within(self, other, False)
            return within(other, self, False)
        for element in other:
            if holds(self, element):
                return False
        return True

    def issubset(self, other, /):
        """Whether every key is in the other."""
        self.ready()
        return is_subset(self, other if isinstance(other, AbstractSet) else set(other))

    def issuperset(self, other, /):
        """Whether every element of the other is here."""
        self.ready()
        return is_superset(self, other)

    def __eq__(self, other):
        if self is other:
            return True
        if not isinstance(other, AbstractSet):
            return NotImplemented
        # Either may know the other's elements better: Set(int, [1]), {1.0} and Set(float, [1]) are equal.
        return len(self) == len(other) and (is_superset(self, other) or is_subset(self, other))

    def __le__(self, other):
        if not isinstance(other, AbstractSet):
            return NotImplemented
        return len(self) <= len(other) and is_subset(self, other)

    def __lt__(self, other):
        if not isinstance(other, AbstractSet):
            return NotImplemented
        return len(self) < len(other) and is_subset(self, other)

    def __ge__(self, other):
        if not isinstance(other, AbstractSet):
            return NotImplemented
        return len(self) >= len(other) and is_superset(self, other)

    def __gt__(self, other):
        if not isinstance(other, AbstractSet):
            return NotImplemented
        return len(self) > len(other) and is_superset(self, other)

    # ---- memory ----

    def compact(self):
        """Give back the room beyond the keys, as :meth:`Map.compact` does. Iterators end."""
        self.ready_to_write()
        gomap_compact(self.map)


# ---- pickles --------------------------------------------------------------------------------------

def _restore(cls, key, value, count, packed, byteorder):
    """A pickled map or set: its entries' bytes, key and value in turn, in the pickling machine's byte order."""
    cdef Base made = cls.__new__(cls)
    cdef Layout layout = layout_of(key, value)
    cdef size_t key_size = layout.type.key_size, value_size = layout.type.value_size, i
    cdef const char *at
    cdef int added
    if layout.key_type.kind in UNPACKED or layout.value_type.kind in UNPACKED:
        raise ValueError(f"pickled {cls.__name__}: {layout.key_type} and {layout.value_type} are not packed so")
    if type(count) is not int or not PyBytes_Check(packed) or byteorder not in ("little", "big") \
            or not 0 <= count <= (2**48 if key_size else 1) or len(packed) != count * (key_size + value_size):
        raise ValueError(f"pickled {cls.__name__}: {shown(count)} entries do not fit the bytes that hold them")
    if isinstance(made, Set) and layout.value_type != NOTHING_TYPE:
        raise ValueError(f"pickled {cls.__name__}: a set has no values, got {layout.value_type}")
    if byteorder != sys.byteorder:
        packed = swapped(packed, layout)
    made.open(layout, count)
    at = PyBytes_AS_STRING(packed)
    for i in range(<size_t>count):
        if (made.key.kind == BOOL and at[0] & 0xfe) or (made.value.kind == BOOL and at[key_size] & 0xfe):
            raise ValueError(f"pickled {cls.__name__}: a bool that is neither 0 nor 1")
        if (layout.key_struct is not None and not intact(layout.key_struct, at, True)) \
                or (layout.value_struct is not None and not intact(layout.value_struct, at + key_size, False)):
            raise ValueError(f"pickled {cls.__name__}: a struct with a bool that is neither 0 nor 1, with padding "
                             "that is not zero, or with a float that is no key's")
        room = gomap_assign(made.map, at, &added)
        if room == NULL:
            raise MemoryError()
        if not added:
            raise ValueError(f"pickled {cls.__name__}: one key twice")
        memcpy(room, at + key_size, value_size)
        at += key_size + value_size
    return made


def _restore_empty(cls, key, value):
    """A pickled map of strings or objects, to which pickle adds the entries."""
    cdef Base made = cls.__new__(cls)
    made.open(layout_of(key, value), 0)
    return made


def _restore_elements(cls, key, value, elements):
    """A pickled set of strings or objects."""
    cdef Base made = _restore_empty(cls, key, value)
    made.update_from(elements)
    return made


cdef bytes swapped(bytes packed, Layout layout):
    """The entries with their numbers' bytes in the other order."""
    cdef bytearray turned = bytearray(packed)
    cdef Py_ssize_t entry = layout.key_type.size + layout.value_type.size, start
    for offset, size in numbers(layout.key_type, 0) + numbers(layout.value_type, layout.key_type.size):
        for start in range(offset, len(turned), entry):
            turned[start:start + size] = turned[start:start + size][::-1]
    return bytes(turned)


cdef list numbers(object type, offset):
    """Where numbers of more than one byte lie in what begins at an offset, and how wide they are."""
    if type.kind == STRUCT:
        return [number for field in type.fields for number in numbers(field.type, offset + field.offset)]
    return [(offset, type.size)] if type.kind != BYTES and type.size > 1 else []


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
        return gomap_pair(&self.pair, key, value)

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
                               "during iteration")
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

collect_entries()

MutableMapping.register(BaseMap)
MutableSet.register(Set)


# ---- for tests ------------------------------------------------------------------------------------

def _fail_after(allocations, count=1):
    """Let so many of the core's allocations succeed and fail the next; a negative number: none fails."""
    gomap_fail_after(allocations, count)


def _fail_pending():
    """How many injected failures are still to come."""
    return gomap_fail_pending()
