# Columns: arrays of keys and values from anywhere, for the core to read in pieces (csrc/columns.h), and what keeps them.
#
# What is refused is refused here, before anything is changed.


@cython.final
cdef class Column:
    """Keys or values for the core to read."""
    cdef gomap_column c
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


cdef int begin_pieces(Column column) except -1:
    """Room for the first piece of a column that another thread may write to."""
    cdef size_t size = gomap_column_room(&column.c)
    column.c.room = <char *>room_in(column, size)
    column.c.room_bytes = size
    return 0


cdef int go_on(Base m, Role role, Column column) except -1:
    """Called after a piece was not read. Returns 1 when the next try will read it, 0 when the column was not the
    cause."""
    cdef int failure = column.c.failure
    if failure == 0:
        return 0
    if failure == GOMAP_C_TEXT:
        raise ValueError(f"{plural(role)}[{column.c.failed_at}]: no text")
    column.c.room = <char *>room_in(column, column.c.room_wanted)
    column.c.room_bytes = column.c.room_wanted
    return 1


cdef int own(Column column, const void *at, size_t count) noexcept:
    """The core's own form of items, in memory that nobody else writes to."""
    cdef const unsigned char *absent = column.c.absent
    column.c = gomap_column_own(at, column.c.size, count)
    column.c.absent = absent
    return 0


cdef str plural(Role role):
    return "values" if role & VALUE else "keys"


cdef Column column_of(Base m, Role role, object source, bint storing):
    """An array, or anything that goes through one by one. Keys that are looked up may be out of range."""
    cdef Codec codec = m.key if role == KEY else m.value
    cdef Column column = Column.__new__(Column)
    column.kept = source
    column.c.size = item_size(codec)
    column.c.stride = column.c.size
    if codec.kind == NOTHING:
        raise TypeError(f"{plural(role)}: {type_of(m, role)} holds nothing")
    if isinstance(source, (list, tuple)):
        column_of_objects(m, role, codec, source, storing, column)
    elif hasattr(source, "__arrow_c_array__") or hasattr(source, "__arrow_c_stream__"):
        column_of_arrow(m, role, codec, source, storing, column)
    elif codec.form != NULL and (made := arrays.structured(source, type_of(m, role), plural(role))) is not None:
        column_of_bytes(role, codec, made, column)
    elif PyObject_CheckBuffer(source) and not (codec.string and isinstance(source, (bytes, bytearray))):
        column_of_buffer(m, role, codec, source, storing, column)
    elif isinstance(source, (str, bytes, bytearray)) or not hasattr(source, "__iter__"):
        raise TypeError(f"{plural(role)}: expected an array, a list or another iterable, got {type(source).__name__} "
                        f"{shown(source)}")
    else:
        column_of_objects(m, role, codec, list(source), storing, column)
    if codec.timed and column.c.form == GOMAP_C_ITEMS:
        check_times(m, role, codec, source, storing, column)
    if column.c.form != GOMAP_C_OWN:
        begin_pieces(column)
    return column


cdef unsigned char *absent_of(Column column, size_t count) except NULL:
    if column.c.absent == NULL:
        column.c.absent = <unsigned char *>room_in(column, count + 1)
        memset(<void *>column.c.absent, 0, count + 1)
    return <unsigned char *>column.c.absent


cdef int column_of_objects(Base m, Role role, Codec codec, object source, bint storing, Column column) except -1:
    cdef tuple items = tuple(source)  # what its items point to must stay
    cdef Cell cell
    cdef const void *at
    cdef char *to
    cdef size_t i, size = column.c.size
    cdef list kept = []
    column.kept = items
    to = <char *>room_in(column, len(items) * size + 1)
    own(column, to, len(items))
    column.views.append(kept)
    try:
        for i in range(column.c.count):
            item = items[i]
            if codec.packs:
                item = pack(m, role, codec, item, storing)
                if codec.string:
                    kept.append(item)
            if convert(m, role, codec, item, &cell, &at, storing):
                memcpy(to, at, size)
            else:
                memset(to, 0, size)
                absent_of(column, column.c.count)[i] = 1
            to += size
            if i % PIECE == PIECE - 1:
                PyErr_CheckSignals()
    except (TypeError, ValueError, OverflowError) as error:  # whatever else a key's own code raises is its own
        name, text = role_name(m, role), str(error)
        if type(error) not in (TypeError, ValueError, OverflowError) or not text.startswith(f"{name}: "):
            raise
        raise type(error)(f"{plural(role)}[{i}]{text[len(name):]}") from None
    return 0


cdef int column_of_bytes(Role role, Codec codec, object source, Column column) except -1:
    """Items that are what the type stores, byte for byte."""
    view = memoryview(source)
    cdef Py_buffer *buffer = PyMemoryView_GET_BUFFER(view)
    if not view.c_contiguous:
        view = memoryview(view.tobytes())
        buffer = PyMemoryView_GET_BUFFER(view)
    column.views.append(view)
    return column_of_memory(role, codec, <const char *>buffer.buf, len(source), column)


cdef int column_of_memory(Role role, Codec codec, const char *at, size_t count, Column column) except -1:
    """Items without gaps between them. Structs from outside are brought to the form that pack makes: padding zero,
    bools 0 or 1, and floats in keys canonical."""
    cdef Struct struct
    column.c.form = GOMAP_C_ITEMS
    column.c.at = at
    column.c.count = count
    if codec.form != NULL:
        struct = <Struct>codec.form
        column.c.tidies = struct.tidies
        column.c.tidy_count = struct.key_tidy_count if role == KEY else struct.tidy_count
    return 0


cdef str viewed(Base m, Role role, str got):
    """What to write instead where times come as integers, or integers are wanted of times."""
    kind = type_of(m, role).kind
    if is_time(kind) and got == "int64":
        return f"; write array.view({times.dtype_name(kind)!r})"
    if kind == INT64 and got.startswith(("items of datetime64[", "items of timedelta64[")):
        return f"; write the type {got.removeprefix('items of ')!r}, or array.view('int64')"
    return ""


cdef int wrong_items(Base m, Role role, str got) except -1:
    raise TypeError(f"{plural(role)}: expected items for {type_of(m, role)}, got {got}{viewed(m, role, got)}")


cdef int column_of_buffer(Base m, Role role, Codec codec, object source, bint storing, Column column) except -1:
    view = arrays.view_of(source)
    if view is None:  # NumPy's objects, its StringDType, and what no buffer has, such as its dates
        if is_time(codec.kind) and (counted := arrays.counts(source, type_of(m, role))) is not None:
            return column_of_bytes(role, codec, counted, column)
        if not arrays.is_objects(source) or source.ndim != 1:
            masked = "masked " if arrays.is_masked(source) else ""
            return wrong_items(m, role, f"{masked}items of {getattr(source, 'dtype', type(source).__name__)}")
        return column_of_objects(m, role, codec, source.tolist(), storing, column)
    cdef Py_buffer *buffer = PyMemoryView_GET_BUFFER(view)
    format, size = view.format, view.itemsize
    if arrays.is_masked(source):
        return wrong_items(m, role, "a masked array")
    column.views.append(view)
    if codec.kind == BYTES or codec.kind == UUID:
        if not (view.ndim == 2 and view.shape[1] == codec.size and arrays.is_bytes(format, size, 1)
                or view.ndim == 1 and codec.form == NULL and arrays.is_bytes(format, size, codec.size)):
            return wrong_items(m, role, f"items of format {format!r}, {view.ndim} dimensions")
        return column_of_bytes(role, codec, view, column)
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
    cdef gomap_numbers numbers
    cdef gomap_string *strings
    cdef size_t done
    cdef char *to
    if codec.string:
        if kind == STRING and codec.kind == STRING:
            strings = <gomap_string *>room_in(column, count * sizeof(gomap_string) + 1)
            to = <char *>room_in(column, count * size + 1)
            done = gomap_ucs4_read(strings, to, at, stride, size // 4, swapped, count)
            if done < count:
                raise ValueError(f"{plural(role)}[{done}]: no characters")
            return own(column, strings, count)
        if kind != VARBYTES or codec.kind != VARBYTES:
            return wrong_items(m, role, kind_name(kind))
        column.c.form = GOMAP_C_PADDED
        column.c.at = at
        column.c.stride = stride
        column.c.width = size
        column.c.count = count
        return 0
    if kind > FLOAT64 or codec.kind > FLOAT64 or (kind == BOOL) != (codec.kind == BOOL) \
            or ((kind == FLOAT32 or kind == FLOAT64) and codec.kind != FLOAT32 and codec.kind != FLOAT64):
        return wrong_items(m, role, kind_name(kind))
    if kind == codec.kind and kind != BOOL and not swapped and (stride == <Py_ssize_t>size or count < 2):
        return column_of_memory(role, codec, at, count, column)
    numbers.at = at
    numbers.stride = stride
    numbers.count = count
    numbers.kind = kind
    numbers.swapped = swapped
    to = <char *>room_in(column, count * codec.size + 1)
    done = gomap_numbers_convert(&numbers, to, codec.kind, codec.size, NULL)
    if done < count and not storing:
        done = gomap_numbers_convert(&numbers, to, codec.kind, codec.size, absent_of(column, count))
    if done < count:
        value = number_at(at + <Py_ssize_t>done * stride, kind, swapped, size)
        try:
            out_of_range(m, role, value, True)
        except OverflowError as error:
            raise OverflowError(f"{plural(role)}[{done}]: {str(error).partition(': ')[2]}") from None
    return own(column, to, count)


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
    cdef const char *data
    cdef char *to
    cdef int32_t narrow
    if schema.dictionary != NULL or array.null_count > 0 or (array.null_count < 0 and array.buffers[0] != NULL and
                                                            gomap_bits_missing(array.buffers[0], offset, count)):
        what = "an encoded Arrow array" if schema.dictionary != NULL else "an Arrow array with nulls"
        return wrong_items(m, role, what)
    if is_time(codec.kind):
        return column_of_arrow_times(m, role, codec, array, format.decode(), column)
    kind = ARROW_KINDS.get(format)
    if kind is not None:
        size = ARROW_SIZES[kind]
        data = <const char *>array.buffers[1]
        return column_of_items(m, role, codec, data + offset * <size_t>size, size, count, kind, False, size, storing,
                               column)
    if format == b"b" and codec.kind == BOOL:
        to = <char *>room_in(column, count + 1)
        gomap_bits_read(to, array.buffers[1], offset, count)
        return own(column, to, count)
    if format[:2] == b"w:" and (codec.kind == BYTES or codec.kind == UUID) and codec.form == NULL \
            and int(format[2:]) == codec.size:
        return column_of_memory(role, codec, <const char *>array.buffers[1] + offset * codec.size, count, column)
    if format not in ((b"u", b"U") if codec.kind == STRING else (b"z", b"Z") if codec.kind == VARBYTES else ()):
        return wrong_items(m, role, f"Arrow items of format {format.decode()!r}")
    if count == 0:  # there may be no offsets
        return own(column, &column.cell, 0)
    column.c.form = GOMAP_C_OFFSETS
    column.c.width = 8 if format in (b"U", b"Z") else 4
    column.c.count = count
    column.c.at = data = <const char *>array.buffers[1] + offset * column.c.width
    column.c.text = <const char *>array.buffers[2]
    if column.c.width == 8:
        memcpy(&column.c.least, data, 8)
        memcpy(&column.c.most, data + 8 * count, 8)
    else:
        memcpy(&narrow, data, 4)
        column.c.least = narrow
        memcpy(&narrow, data + 4 * count, 4)
        column.c.most = narrow
    if column.c.least < 0:  # they lead nowhere
        column.c.least, column.c.most = 0, -1
    elif column.c.text == NULL:  # all strings are empty
        column.c.most = column.c.least
    column.c.utf8 = storing and codec.kind == STRING
    done = gomap_column_check(&column.c) if storing else count
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
    """Whether there is one value for each key. A source that can be a single value counts as one: bytes, a str, a
    tuple for a struct."""
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
        column.c.at = <const char *>&column.cell
        return column
    if is_many(m, values):
        column = column_of(m, VALUE, values, True)
        if column.c.count != count:
            raise ValueError(f"values: expected {count}, one for each key, got {column.c.count}")
        return column
    column = Column.__new__(Column)
    if m.value.packs:
        values = pack(m, VALUE, m.value, values, True)
        column.kept = PyBytes_FromStringAndSize(PyBytes_AS_STRING(values), PyBytes_GET_SIZE(values)) \
            if m.value.kind == BYTES and PyBytes_Check(values) and m.value.form != NULL else values
        values = column.kept
    convert(m, VALUE, m.value, values, &column.cell, &at, True)
    column.c.size = item_size(m.value)
    own(column, at, count)
    column.c.stride = 0
    return column


cdef list values_list(BaseMap m, object values, size_t count):
    """values_of, as Python has them, where keys or values are objects."""
    if is_many(m, values):
        return items_of(m, VALUE, values)
    if m.value.kind != OBJECT:
        values_of(m, values, 0)  # refuses it
    return [values] * count
