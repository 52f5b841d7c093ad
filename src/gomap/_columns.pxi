# Columns: arrays of keys and values from anywhere, as addresses of what the core takes, and what keeps them.
#
# What is refused is refused here, before anything is changed.


@cython.final
cdef class Column:
    """Keys or values as the core takes them."""
    cdef const char *at
    cdef size_t count, stride  # the stride of one value for all is 0
    cdef unsigned char *absent  # of keys that the type cannot hold, or NULL
    cdef object kept
    cdef list views
    cdef Cell cell

    def __cinit__(self):
        self.views = []


# ---- columns --------------------------------------------------------------------------------------

cdef size_t item_size(Codec codec) noexcept:
    return sizeof(gomap_string) if codec.string else codec.size


cdef void *room_in(Column column, size_t size) except NULL:
    """Memory that lives as long as the column."""
    cdef bytes room = PyBytes_FromStringAndSize(NULL, size)
    column.views.append(room)
    return PyBytes_AS_STRING(room)


cdef str plural(Role role):
    return "values" if role & VALUE else "keys"


cdef Column column_of(Base m, Role role, object source, bint storing):
    """An array, or anything that goes through one by one. Keys that are looked up may be out of range."""
    cdef Codec codec = m.key if role == KEY else m.value
    cdef Column column = Column.__new__(Column)
    column.kept = source
    column.stride = item_size(codec)
    if codec.kind == NOTHING:
        raise TypeError(f"{plural(role)}: {type_of(m, role)} holds nothing")
    if isinstance(source, (list, tuple)):
        column_of_objects(m, role, codec, source, storing, column)
    elif hasattr(source, "__arrow_c_array__") or hasattr(source, "__arrow_c_stream__"):
        column_of_arrow(m, role, codec, source, storing, column)
    elif codec.form != NULL and (made := arrays.structured(source, type_of(m, role), plural(role))) is not None:
        column_of_bytes(codec, made, column)
    elif PyObject_CheckBuffer(source) and not (codec.string and isinstance(source, (bytes, bytearray))):
        column_of_buffer(m, role, codec, source, storing, column)
    elif isinstance(source, (str, bytes, bytearray)) or not hasattr(source, "__iter__"):
        raise TypeError(f"{plural(role)}: expected an array, a list or another iterable, got {type(source).__name__} "
                        f"{shown(source)}")
    else:
        column_of_objects(m, role, codec, list(source), storing, column)
    if codec.form != NULL:
        tidy_structs(<Struct>codec.form, column, role == KEY)
    return column


cdef unsigned char *absent_of(Column column) except NULL:
    if column.absent == NULL:
        column.absent = <unsigned char *>room_in(column, column.count + 1)
        memset(column.absent, 0, column.count + 1)
    return column.absent


cdef int column_of_objects(Base m, Role role, Codec codec, object source, bint storing, Column column) except -1:
    cdef tuple items = tuple(source)  # what its items point to must stay
    cdef Cell cell
    cdef const void *at
    cdef char *to
    cdef size_t i
    cdef list packs = []
    column.kept = items
    column.count = len(items)
    to = <char *>room_in(column, column.count * column.stride + 1)
    column.at = to
    column.views.append(packs)
    try:
        for i in range(column.count):
            item = items[i]
            if codec.packs:
                item = packed_of(m, role, codec, item, storing)
                if codec.string:
                    packs.append(item)
            if convert(m, role, codec, item, &cell, &at, storing):
                memcpy(to, at, column.stride)
            else:
                memset(to, 0, column.stride)
                absent_of(column)[i] = 1
            to += column.stride
            if i % PIECE == PIECE - 1:
                PyErr_CheckSignals()
    except (TypeError, ValueError, OverflowError) as error:  # whatever else a key's own code raises is its own
        name, text = role_name(m, role), str(error)
        if type(error) not in (TypeError, ValueError, OverflowError) or not text.startswith(f"{name}: "):
            raise
        raise type(error)(f"{plural(role)}[{i}]{text[len(name):]}") from None
    return 0


cdef int column_of_bytes(Codec codec, object source, Column column) except -1:
    """Items that are what the type stores, byte for byte."""
    view = memoryview(source)
    cdef Py_buffer *buffer = PyMemoryView_GET_BUFFER(view)
    if not view.c_contiguous:
        view = memoryview(view.tobytes())
        buffer = PyMemoryView_GET_BUFFER(view)
    column.views.append(view)
    column.at = <const char *>buffer.buf
    column.count = len(source)
    return 0


cdef int tidy_structs(Struct struct, Column column, bint are_keys) except -1:
    """Structs from outside as pack makes them: their padding zero, their bools 0 or 1, their floats as keys have
    them."""
    cdef size_t i
    cdef char *to
    for i in range(column.count):
        if not intact(struct, column.at + i * column.stride, are_keys):
            break
    else:
        return 0
    to = <char *>room_in(column, column.count * column.stride)
    memcpy(to, column.at, column.count * column.stride)
    column.at = to
    for i in range(column.count):
        tidy(struct, to + i * column.stride, are_keys)
    return 0


cdef void tidy(Struct struct, char *at, bint is_key) noexcept:
    cdef Py_ssize_t i, end = 0
    cdef FieldCodec *field
    cdef Cell cell
    for i in range(struct.count):
        field = &struct.fields[i]
        memset(at + end, 0, field.offset - end)
        end = field.offset + field.size
        if field.kind == STRUCT:
            tidy(<Struct>field.form, at + field.offset, is_key)
        elif field.kind == BOOL:
            at[field.offset] = at[field.offset] != 0
        elif is_key and (field.kind == FLOAT32 or field.kind == FLOAT64):
            memcpy(&cell, at + field.offset, field.size)
            canonical(field.kind, &cell)
            memcpy(at + field.offset, &cell, field.size)
    memset(at + end, 0, struct.size - end)


cdef int wrong_items(Base m, Role role, str got) except -1:
    raise TypeError(f"{plural(role)}: expected items for {type_of(m, role)}, got {got}")


cdef int column_of_buffer(Base m, Role role, Codec codec, object source, bint storing, Column column) except -1:
    view = arrays.view_of(source)
    if view is None:  # NumPy's objects, its StringDType, and what no buffer has, such as its dates
        if not arrays.is_objects(source) or source.ndim != 1:
            return wrong_items(m, role, f"items of {getattr(source, 'dtype', type(source).__name__)}")
        return column_of_objects(m, role, codec, source.tolist(), storing, column)
    cdef Py_buffer *buffer = PyMemoryView_GET_BUFFER(view)
    format, size = view.format, view.itemsize
    if arrays.is_masked(source):
        return wrong_items(m, role, "a masked array")
    column.views.append(view)
    if codec.kind == BYTES:
        if not (view.ndim == 2 and view.shape[1] == codec.size and arrays.is_bytes(format, size, 1)
                or view.ndim == 1 and codec.form == NULL and arrays.is_bytes(format, size, codec.size)):
            return wrong_items(m, role, f"items of format {format!r}, {view.ndim} dimensions")
        return column_of_bytes(codec, view, column)
    if view.ndim != 1:
        return wrong_items(m, role, f"an array of {view.ndim} dimensions")
    known = arrays.item_kind(format, size)
    if known is None:
        return wrong_items(m, role, f"items of format {format!r}")
    return column_of_items(m, role, codec, <const char *>buffer.buf, buffer.strides[0], len(view), known[0], known[1],
                           size, storing, column)


cdef int column_of_items(Base m, Role role, Codec codec, const char *at, Py_ssize_t stride, size_t count, int kind,
                         bint swapped, size_t size, bint storing, Column column) except -1:
    """Items of one known kind, wherever they come from."""
    cdef gomap_column column_in
    cdef size_t done
    cdef char *to
    column.count = count
    if codec.string:
        if kind == STRING and codec.kind == STRING:
            column.at = <char *>room_in(column, count * sizeof(gomap_string) + 1)
            to = <char *>room_in(column, count * size + 1)
            done = gomap_ucs4_read(<gomap_string *>column.at, to, at, stride, size // 4, swapped, count)
            if done < count:
                raise ValueError(f"{plural(role)}[{done}]: no characters")
            return 0
        if kind != VARBYTES or codec.kind != VARBYTES:
            return wrong_items(m, role, kind_name(kind))
        column.at = <char *>room_in(column, count * sizeof(gomap_string) + 1)
        gomap_padded_read(<gomap_string *>column.at, at, stride, size, count)
        return 0
    if kind > FLOAT64 or codec.kind > FLOAT64 or (kind == BOOL) != (codec.kind == BOOL) \
            or ((kind == FLOAT32 or kind == FLOAT64) and codec.kind != FLOAT32 and codec.kind != FLOAT64):
        return wrong_items(m, role, kind_name(kind))
    if kind == codec.kind and kind != BOOL and not swapped and (stride == <Py_ssize_t>size or count < 2):
        column.at = at
        return 0
    column_in.at = at
    column_in.stride = stride
    column_in.count = count
    column_in.kind = kind
    column_in.swapped = swapped
    to = <char *>room_in(column, count * codec.size + 1)
    column.at = to
    done = gomap_column_convert(&column_in, to, codec.kind, codec.size, NULL)
    if done < count and not storing:
        done = gomap_column_convert(&column_in, to, codec.kind, codec.size, absent_of(column))
    if done < count:
        value = number_at(at + <Py_ssize_t>done * stride, kind, swapped, size)
        try:
            out_of_range(m, role, value, True)
        except OverflowError as error:
            raise OverflowError(f"{plural(role)}[{done}]: {str(error).partition(': ')[2]}") from None
    return 0


cdef object number_at(const char *at, int kind, bint swapped, size_t size):
    cdef bytes one = PyBytes_FromStringAndSize(at, size)
    if swapped:
        one = one[::-1]
    return number_out(kind, PyBytes_AS_STRING(one))


cdef str kind_name(int kind):
    return Kind(kind).name.lower()


# ---- Arrow ----------------------------------------------------------------------------------------

cdef dict ARROW_KINDS = {
    b"c": INT8, b"s": INT16, b"i": INT32, b"l": INT64, b"C": UINT8, b"S": UINT16, b"I": UINT32, b"L": UINT64,
    b"f": FLOAT32, b"g": FLOAT64}
cdef dict ARROW_SIZES = {INT8: 1, INT16: 2, INT32: 4, INT64: 8, UINT8: 1, UINT16: 2, UINT32: 4, UINT64: 8,
                         FLOAT32: 4, FLOAT64: 8}


cdef int column_of_arrow(Base m, Role role, Codec codec, object source, bint storing, Column column) except -1:
    """By Arrow's C data interface; what the capsules own lives as long as they do."""
    if not hasattr(source, "__arrow_c_array__"):  # a stream of pieces
        if not hasattr(source, "combine_chunks"):
            if not hasattr(source, "__iter__"):
                return wrong_items(m, role, f"{type(source).__name__}, which comes in pieces")
            return column_of_objects(m, role, codec, list(source), storing, column)
        whole = source.combine_chunks()
        if not hasattr(whole, "__arrow_c_array__"):
            if not hasattr(whole, "num_chunks"):
                return wrong_items(m, role, f"a {type(source).__name__}")
            if whole.num_chunks != 1:
                return column_of_objects(m, role, codec, whole.to_pylist(), storing, column)
            whole = whole.chunk(0)
        return column_of_arrow(m, role, codec, whole, storing, column)
    schema_capsule, array_capsule = source.__arrow_c_array__()
    column.views.append((source, schema_capsule, array_capsule))
    cdef gomap_arrow_schema *schema = <gomap_arrow_schema *>PyCapsule_GetPointer(schema_capsule, "arrow_schema")
    cdef gomap_arrow_array *array = <gomap_arrow_array *>PyCapsule_GetPointer(array_capsule, "arrow_array")
    cdef bytes format = schema.format
    cdef size_t count = array.length, offset = array.offset, done
    cdef int width
    cdef const char *data
    if schema.dictionary != NULL or array.null_count > 0 or (array.null_count < 0 and array.buffers[0] != NULL and
                                                            gomap_bits_missing(array.buffers[0], offset, count)):
        what = "an encoded Arrow array" if schema.dictionary != NULL else "an Arrow array with nulls"
        return wrong_items(m, role, what)
    kind = ARROW_KINDS.get(format)
    if kind is not None:
        size = ARROW_SIZES[kind]
        data = <const char *>array.buffers[1]
        return column_of_items(m, role, codec, data + offset * <size_t>size, size, count, kind, False, size, storing,
                               column)
    if format == b"b" and codec.kind == BOOL:
        column.count = count
        column.at = <char *>room_in(column, count + 1)
        gomap_bits_read(<char *>column.at, array.buffers[1], offset, count)
        return 0
    if format[:2] == b"w:" and codec.kind == BYTES and codec.form == NULL and int(format[2:]) == codec.size:
        column.count = count
        column.at = <const char *>array.buffers[1] + offset * codec.size
        return 0
    if format not in ((b"u", b"U") if codec.kind == STRING else (b"z", b"Z") if codec.kind == VARBYTES else ()):
        return wrong_items(m, role, f"Arrow items of format {format.decode()!r}")
    width = 8 if format in (b"U", b"Z") else 4
    column.count = count
    column.at = <char *>room_in(column, count * sizeof(gomap_string) + 1)
    if count:
        data = <const char *>array.buffers[1] + offset * width
        done = gomap_offsets_read(<gomap_string *>column.at, data, width, <const char *>array.buffers[2], count)
        if done == count and codec.kind == STRING:
            for done in range(count):
                if not gomap_is_utf8(<const unsigned char *>(<gomap_string *>column.at)[done].at,
                                     (<gomap_string *>column.at)[done].length):
                    break
            else:
                done = count
        if done < count:
            raise ValueError(f"{plural(role)}[{done}]: no text")
    return 0


cdef bint is_array(object source) except -1:
    """Whether it is worth looking at as a whole."""
    if isinstance(source, (str, bytes, bytearray, list, tuple, dict)):
        return False
    return hasattr(source, "__arrow_c_array__") or hasattr(source, "__arrow_c_stream__") or \
        (PyObject_CheckBuffer(source) and not arrays.is_objects(source))


# ---- one value for all, or a column of as many as there are keys -----------------------------------

cdef bint is_many(Base m, object values) except -1:
    """Whether values come one for each key. What one value is goes for one: bytes, a str, a struct's tuple."""
    if isinstance(values, list):
        return True
    if isinstance(values, str) or m.value.kind == OBJECT:
        return False
    if isinstance(values, Mapping):  # not in one tuple with str: Cython then does not ask whether it failed
        return False
    if isinstance(values, (bytes, bytearray)):
        return m.value.kind <= FLOAT64
    if isinstance(values, tuple):
        return m.value.form == NULL
    if hasattr(values, "__arrow_c_array__") or hasattr(values, "__arrow_c_stream__"):
        return True
    if isinstance(values, memoryview):  # of bytes, it may be one of them
        return values.ndim > 0 and not (values.ndim == values.itemsize == 1 and
                                        (m.value.string or m.value.kind == BYTES and values.nbytes == m.value.size))
    if hasattr(values, "ndim"):  # NumPy's numbers are buffers too
        return values.ndim > 0
    return PyObject_CheckBuffer(values) or hasattr(values, "__iter__")


cdef Column values_of(Base m, object values, size_t count):
    cdef Column column
    cdef const void *at
    if m.value.kind == NOTHING:
        if values is not None:
            wrong_type(m, VALUE, "None", values)
        column = Column.__new__(Column)
        column.at = <const char *>&column.cell
        return column
    if is_many(m, values):
        column = column_of(m, VALUE, values, True)
        if column.count != count:
            raise ValueError(f"values: expected {count}, one for each key, got {column.count}")
        return column
    column = Column.__new__(Column)
    column.count = count
    if m.value.packs:
        values = packed_of(m, VALUE, m.value, values, True)
        column.kept = PyBytes_FromStringAndSize(PyBytes_AS_STRING(values), PyBytes_GET_SIZE(values)) \
            if m.value.kind == BYTES and PyBytes_Check(values) and m.value.form != NULL else values
        values = column.kept
    convert(m, VALUE, m.value, values, &column.cell, &at, True)
    column.at = <const char *>at
    return column
