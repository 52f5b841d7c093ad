# Structs: tuples, mappings and records to the bytes that a C compiler would lay out, and back to named tuples.


# ---- how a struct is laid out ----------------------------------------------------------------------

cdef struct FieldCodec:
    uint8_t kind
    uint32_t size
    uint32_t offset
    uint32_t place  # among those of its struct
    PyObject *form  # a Struct, which the one around it keeps
    int64_t low, high  # an int in this range needs no check; empty for other kinds


@cython.final
@cython.no_gc
cdef class Struct:
    """How a struct goes in and out."""
    cdef FieldCodec *fields
    cdef Py_ssize_t count, size
    cdef tuple names, inner
    cdef uint32_t *strings  # where they stand in its bytes
    cdef uint32_t string_count
    cdef tuple places  # the path and type of the struct itself and of every field, those of inner structs included
    cdef gomap_tidy *tidies  # what holds in the bytes of a value; those of a key have canonical floats besides
    cdef Py_ssize_t tidy_count, key_tidy_count
    cdef bint timed  # a field is a time: not all bytes are such
    cdef type cls  # of the named tuples
    cdef object other_cls  # the last of other named tuples' classes that was found to have the same fields
    cdef PyObject *spare  # the bytes of the last one packed, owned

    def __dealloc__(self):
        PyMem_Free(self.fields)
        PyMem_Free(self.strings)
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
        begin_times(field.type)
        made.timed |= is_time(each.kind) or (inner is not None and inner.timed)
        if inner is None:
            places.append((field.name, field.type))
        else:
            each.form = <PyObject *>inner
            places += [(f"{field.name}.{path}".rstrip("."), type_) for path, type_ in inner.places]
    made.places = tuple(places)
    offsets = string_offsets(struct)
    made.string_count = len(offsets)
    made.strings = <uint32_t *>PyMem_Calloc(made.string_count + 1, sizeof(uint32_t))
    if made.strings == NULL:
        raise MemoryError()
    for i, offset in enumerate(offsets):
        made.strings[i] = offset
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


# ---- structs: tuples to bytes ---------------------------------------------------------------------

cdef bytes pack_struct(Base m, Role role, Struct struct, object value, bint raises):
    """A struct's bytes; None when a number in it is out of range, where that is no error.

    The bytes are written to a bytes object, as reading the fields may run any code, and that code may use this map. A
    bytes object that nobody else holds is reused.
    """
    cdef bytes made
    if struct.string_count:
        return pack_with_strings(m, role, struct, value, raises)
    if struct.spare != NULL and py_only_reference(struct.spare):
        made = <bytes>struct.spare
    else:
        made = PyBytes_FromStringAndSize(NULL, struct.size)
        memset(PyBytes_AS_STRING(made), 0, struct.size)  # the padding stays so
        if struct.size <= 4096 and not PY_FREE_THREADED:
            Py_INCREF(made)
            Py_XDECREF(struct.spare)
            struct.spare = <PyObject *>made
    return made if pack_fields(m, role, struct, value, PyBytes_AS_STRING(made), None, raises) else None


cdef bytes pack_with_strings(Base m, Role role, Struct struct, object value, bint raises):
    """pack_struct for a struct with strings. The bytes of the strings stand behind the struct's, in one object, so that
    this is all that has to be kept."""
    cdef list kept = []  # what the strings' addresses lead into
    cdef bytes fields = PyBytes_FromStringAndSize(NULL, struct.size)
    cdef bytes made
    cdef Py_ssize_t size = struct.size
    cdef gomap_string string
    cdef char *at = PyBytes_AS_STRING(fields)
    cdef char *to
    cdef uint32_t i
    memset(at, 0, struct.size)
    if not pack_fields(m, role, struct, value, at, kept, raises):
        return None
    for i in range(struct.string_count):
        memcpy(&string, at + struct.strings[i], sizeof(string))
        size += string.length
    made = PyBytes_FromStringAndSize(NULL, size)
    to = PyBytes_AS_STRING(made)
    memcpy(to, at, struct.size)
    at = to + struct.size
    for i in range(struct.string_count):
        memcpy(&string, to + struct.strings[i], sizeof(string))
        memcpy(at, string.at, string.length)
        string.at = at
        memcpy(to + struct.strings[i], &string, sizeof(string))
        at += string.length
    return made


cdef int pack_fields(Base m, Role role, Struct struct, object value, char *to, list kept, bint raises) except -1:
    """1, or 0 for a number that is out of range, where that is no error.

    :param kept: gets what strings point into; None where there are none
    """
    cdef Py_ssize_t i
    cdef FieldCodec *field
    cdef Role place
    cdef Cell cell
    cdef int64_t signed
    cdef gomap_string string
    cdef int fits = 1
    if type(value) is not struct.cls and type(value) is not tuple and type(value) is not struct.other_cls:
        value = fields_in(m, role, struct, value)
    if PyTuple_GET_SIZE(value) != struct.count:
        raise ValueError(f"{role_name(m, role)}: expected {struct.count} fields for type {type_of(m, role)}, "
                         f"got {PyTuple_GET_SIZE(value)}")
    if kept is not None:
        kept.append(value)
    for i in range(struct.count):
        field = &struct.fields[i]
        item = <object>PyTuple_GET_ITEM(value, i)
        if py_int64_read(item, &signed) and field.low <= signed <= field.high:
            store_int(to + field.offset, signed, field.size)
            continue
        place = <Role>(role + 2 * field.place)
        if field.kind == STRUCT:
            fits &= pack_fields(m, place, <Struct>field.form, item, to + field.offset, kept, raises)
        elif field.kind == STRING or field.kind == VARBYTES:
            packed = pack_text(m, place, item) if field.kind == STRING else pack_bytes(m, place, item)
            if packed is not item:
                kept.append(packed)
            string_of(field.kind, packed, &string)
            memcpy(to + field.offset, &string, sizeof(string))
        elif field.kind == BYTES:
            item = pack_bytes(m, place, item)
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
    """A struct's fields as a tuple; a value that has field names is read by name."""
    numpy = loaded_library("numpy")
    if PyTuple_Check(value):
        names = getattr(value, "_fields", None)
        if not isinstance(names, tuple) or len(names) != len(value):
            return value
        if names == struct.names:
            if not PY_FREE_THREADED:  # two threads could change it at once
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

cdef tuple unpack_struct(Base m, Role role, Struct struct, const char *at):
    """Stops the collector, which may run any code when a tuple is made. As with any other type, nothing may change
    the map between finding a value and reading it."""
    cdef bint stopped = py_collector_stop()
    try:
        return unpack_fields(m, role, struct, at)
    finally:
        py_collector_resume(stopped)


cdef tuple unpack_fields(Base m, Role role, Struct struct, const char *at):
    cdef tuple made = py_tuple_begin(struct.cls, struct.count)
    cdef FieldCodec *field
    cdef int64_t word
    cdef Py_ssize_t i
    for i in range(struct.count):
        field = &struct.fields[i]
        if field.kind == STRUCT:
            item = unpack_fields(m, role, <Struct>field.form, at + field.offset)
        elif field.kind == BYTES:
            item = PyBytes_FromStringAndSize(at + field.offset, field.size)
        elif field.kind == STRING or field.kind == VARBYTES:
            item = string_out(m, role, field.kind, at + field.offset)
        elif field.kind == INT64:
            memcpy(&word, at + field.offset, 8)
            item = py_int64_make(word)
        else:
            item = number_out(field.kind, at + field.offset)
        Py_INCREF(item)
        PyTuple_SET_ITEM(made, i, item)
    return py_tuple_end(struct.cls, made)


cdef bint intact(Struct struct, const char *at, bint is_key) noexcept:
    """Whether bytes are such as pack_fields makes."""
    return gomap_tidied(struct.tidies, struct.key_tidy_count if is_key else struct.tidy_count, <char *>at, False)
