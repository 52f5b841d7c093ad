# Whole arrays at a time: columns in, one call of the core without the interpreter's lock, arrays out.
#
#     keys, values  ->  Column: addresses of what the core takes, one behind another, and what keeps them
#     bulk_begin    ->  the lock is released around pieces of 2^16 keys; between them signals are looked at
#     bulk_end          so that Ctrl-C ends it with the map valid
#
# While an array is written into a map nobody else may touch it: its core map is taken out of it, so that every other
# operation finds it missing and says "concurrent map read and map write", Go's words. While one is read from it,
# reading goes on beside, and writing is refused. A reader counts as an iterator, so that nothing moves.

cdef enum:
    PIECE = 65536  # keys between two looks at signals: some milliseconds
    FOUND = 256    # addresses that are found before their values are fetched: they stay in the first cache

cdef object np_empty = arrays.empty


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


# ---- beginning and ending -------------------------------------------------------------------------

cdef gomap *write_begin(Base m) except NULL:
    """The core's map, which nobody else can get at until write_end. Iterators end."""
    m.ready_to_write()
    cdef gomap *map = m.map
    gomap_end_iterators(map)
    m.map = NULL
    m.writing = True
    return map


cdef void write_end(Base m, gomap *map) noexcept:
    m.map = map
    m.writing = False


cdef gomap *read_begin(Base m, gomap_iter *reader) except NULL:
    m.ready()
    gomap_iter_begin(reader, m.map)
    m.readers += 1
    return m.map


cdef void read_end(Base m, gomap_iter *reader) noexcept:
    m.readers -= 1
    gomap_iter_end(reader)


cdef object missing_keys(Base m, Column column, size_t first, size_t missing):
    key = item_at(m, KEY, column, first)
    if missing == 1:
        return KeyError(key)
    return KeyError(f"{key!r} and {missing - 1} more of {column.count} keys")


cdef object item_at(Base m, Role role, Column column, size_t i):
    """A key or value as Python has it."""
    cdef Codec codec = m.key if role == KEY else m.value
    cdef const char *at = column.at + i * column.stride
    cdef gomap_string *string
    if isinstance(column.kept, tuple):
        return column.kept[i]
    if column.absent != NULL and column.absent[i]:
        return arrays.item(column.kept, i)
    if codec.string:
        string = <gomap_string *>at
        if codec.kind == STRING:
            return gomap_text_make(string.at, string.length)
        return PyBytes_FromStringAndSize(<const char *>string.at, string.length)
    return out(m, role, at)


cdef list items_of(Base m, Role role, object source):
    """What a column would be made of, one by one; whatever cannot be stored has been refused."""
    cdef Column column
    cdef size_t i
    cdef list items
    if (m.key if role == KEY else m.value).kind == OBJECT:
        items = arrays.listed(source)
        if role == KEY:
            for item in items:
                hash(item)
        return items
    if role == VALUE and m.value.kind == NOTHING:
        items = arrays.listed(source)
        for item in items:
            if item is not None:
                wrong_type(m, role, "None", item)
        return items
    column = column_of(m, role, source, True)
    return [item_at(m, role, column, i) for i in range(column.count)]


cdef void mark_absent(Column keys, size_t begin, size_t count, void **found) noexcept nogil:
    cdef size_t i
    if keys.absent != NULL:
        for i in range(count):
            if keys.absent[begin + i]:
                found[i] = NULL


# ---- reading --------------------------------------------------------------------------------------

cdef size_t find_piece(gomap *map, const char *keys, size_t stride, const unsigned char *absent, size_t count, char *to,
                       size_t size, const char *missing, size_t *first) noexcept nogil:
    """Values of some keys to an array. Returns how many were not there, and the first of those."""
    cdef void *found[FOUND]
    cdef size_t done = 0, some, i, lost = 0
    while done < count:
        some = min(count - done, <size_t>FOUND)
        gomap_find_many(map, keys + done * stride, some, found)
        for i in range(some):
            if found[i] != NULL and (absent == NULL or not absent[done + i]):
                if size == 8:
                    memcpy(to, found[i], 8)
                else:
                    memcpy(to, found[i], size)
            else:
                if lost == 0:
                    first[0] = done + i
                lost += 1
                if missing != NULL:
                    memcpy(to, missing, size)
            to += size
        done += some
    return lost


cdef void held_piece(gomap *map, const char *keys, size_t stride, const unsigned char *absent, size_t count,
                     unsigned char *to) noexcept nogil:
    cdef void *found[FOUND]
    cdef size_t done = 0, some, i
    while done < count:
        some = min(count - done, <size_t>FOUND)
        gomap_find_many(map, keys + done * stride, some, found)
        for i in range(some):
            to[done + i] = found[i] != NULL and (absent == NULL or not absent[done + i])
        done += some


cdef object held_of(Base m, object keys):
    """Which of the keys are there: an array of bools."""
    cdef Column column
    cdef gomap_iter reader
    cdef gomap *map
    cdef size_t done = 0, some
    cdef unsigned char *to
    m.ready()
    if m.key.kind == OBJECT:
        return bools([holds_object(m, key) for key in arrays.listed(keys)])
    column = column_of(m, KEY, keys, False)
    result = np_empty(BOOL_TYPE, column.count)
    view = memoryview(result)
    to = <unsigned char *>PyMemoryView_GET_BUFFER(view).buf
    map = read_begin(m, &reader)
    try:
        while done < column.count:
            some = min(column.count - done, <size_t>PIECE)
            with nogil:
                held_piece(map, column.at + done * column.stride, column.stride,
                           NULL if column.absent == NULL else column.absent + done, some, to + done)
            done += some
            PyErr_CheckSignals()
    finally:
        read_end(m, &reader)
    return result


cdef bint holds_object(Base m, object key) except -1:
    cdef void *found
    find_object(m, key, &found)
    return found != NULL


cdef object bools(list found):
    result = np_empty(BOOL_TYPE, len(found))
    memoryview(result).cast("B")[:] = bytes(found)
    return result


cdef object values_for(BaseMap m, object keys, object default, object into):
    """get_many."""
    cdef Column column
    cdef gomap_iter reader
    cdef gomap *map
    cdef Cell cell
    cdef const void *missing = NULL
    cdef size_t done = 0, some, first = 0, lost = 0, here, at, size = m.value.size
    cdef char *to
    m.ready()
    if m.objects or not is_plain(m.value):
        if into is not None:
            raise TypeError(f"out: values of type {m.layout.value_type} come as a list")
        return listed_for(m, keys, default)
    column = column_of(m, KEY, keys, False)
    if default is not MISSING:
        kept = default
        if m.value.packs:
            kept = packed_of(m, VALUE, m.value, default, True)
            kept = PyBytes_FromStringAndSize(PyBytes_AS_STRING(kept), PyBytes_GET_SIZE(kept))
            if PyBytes_GET_SIZE(kept) != m.value.size:
                wrong_length(m, VALUE, kept)
            missing = PyBytes_AS_STRING(kept)
        else:
            convert(m, VALUE, m.value, default, &cell, &missing, True)
    result = np_empty(m.layout.value_type, column.count) if into is None else into
    view = memoryview(result) if into is None else result_view(m, into, column)
    to = <char *>PyMemoryView_GET_BUFFER(view).buf
    map = read_begin(m, &reader)
    try:
        while done < column.count:
            some = min(column.count - done, <size_t>PIECE)
            with nogil:
                here = find_piece(map, column.at + done * column.stride, column.stride,
                                  NULL if column.absent == NULL else column.absent + done, some, to + done * size, size,
                                  <const char *>missing, &at)
            if here and lost == 0:
                first = done + at
            lost += here
            done += some
            PyErr_CheckSignals()
    finally:
        read_end(m, &reader)
    if lost and missing == NULL:
        raise missing_keys(m, column, first, lost)
    return result


cdef object result_view(BaseMap m, object into, Column keys):
    """The memory of an array to write values to."""
    cdef Py_buffer *buffer
    cdef const char *end
    cdef size_t size = m.value.size
    try:
        view = memoryview(into)
    except (TypeError, ValueError):
        raise TypeError(f"out: expected a writable array for {m.layout.value_type}, got {type(into).__name__}") from None
    if view.readonly or not view.c_contiguous or view.nbytes != <Py_ssize_t>(keys.count * size) or \
            not arrays.holds(into, view, m.layout.value_type):
        raise TypeError(f"out: expected a writable, contiguous array of {keys.count} for {m.layout.value_type}, got "
                        f"{'a read-only' if view.readonly else 'an'} array of {view.nbytes} bytes, format {view.format!r}")
    buffer = PyMemoryView_GET_BUFFER(view)
    end = <const char *>buffer.buf + buffer.len
    if keys.at < end and <const char *>buffer.buf < keys.at + keys.count * keys.stride \
            and not (keys.at == buffer.buf and keys.stride == size):  # there each value comes after its key was read
        raise ValueError("out: the keys stand in it")
    return view


cdef object listed_for(BaseMap m, object keys, object default):
    """The values one by one: as a list, or as an array where only the keys are such as no array holds."""
    cdef Column column
    cdef gomap_iter reader
    cdef void *found[FOUND]
    cdef size_t done = 0, some, i, first = 0, lost = 0
    cdef list result = []
    cdef void *value
    if m.key.kind == OBJECT:
        keys = arrays.listed(keys)
        for i, key in enumerate(keys):
            m.find(key, True, &value)
            if value == NULL:
                first = first if lost else i
                lost += 1
                result.append(default)
            else:
                result.append(out(m, VALUE, value))
        if lost and default is MISSING:
            raise KeyError(keys[first]) if lost == 1 else KeyError(f"{keys[first]!r} and {lost - 1} more of "
                                                                   f"{len(keys)} keys")
        return array_of(m, VALUE, result)
    column = column_of(m, KEY, keys, False)
    read_begin(m, &reader)
    try:
        while done < column.count:
            some = min(column.count - done, <size_t>FOUND)
            gomap_find_many(m.map, column.at + done * column.stride, some, found)
            mark_absent(column, done, some, found)
            for i in range(some):
                if found[i] == NULL:
                    first = first if lost else done + i
                    lost += 1
                    result.append(default)
                else:
                    result.append(out(m, VALUE, found[i]))
            done += some
            if done % PIECE == 0:
                PyErr_CheckSignals()
    finally:
        read_end(m, &reader)
    if lost and default is MISSING:
        raise missing_keys(m, column, first, lost)
    return result


# ---- writing --------------------------------------------------------------------------------------

cdef int put_objects(BaseMap m, object keys, object values) except -1:
    """set_many where keys or values are objects: one after the other, when nothing is left to be refused but by
    comparing keys."""
    cdef list key_list = items_of(m, KEY, keys), value_list
    if is_many(m, values):
        value_list = items_of(m, VALUE, values)
        if len(value_list) != len(key_list):
            raise ValueError(f"values: expected {len(key_list)}, one for each key, got {len(value_list)}")
    else:
        if m.value.kind != OBJECT:
            values_of(m, values, 0)
        value_list = [values] * len(key_list)
    m.ready_to_write()
    for key, value in zip(key_list, value_list):
        m.assign(key, value)
    return 0


cdef int put_column(Base m, Column keys, Column values) except -1:
    """Every key with its value."""
    cdef size_t done = 0, some, put = 0, stride = values.stride
    cdef bint filling = False
    cdef const char *value_at = values.at
    cdef gomap *map = write_begin(m)
    try:
        with nogil:
            filling = gomap_fill_begin(map, keys.at, keys.count)
        while done < keys.count:
            some = min(keys.count - done, <size_t>PIECE)
            with nogil:
                put = put_piece(map, keys.at + done * keys.stride, keys.stride, some, value_at + done * stride, stride)
            done += put
            if put < some:
                raise MemoryError(f"out of memory; {done} of {keys.count} keys were put in")
            PyErr_CheckSignals()
    finally:
        with nogil:
            if filling:
                gomap_fill_end(map)
        write_end(m, map)
    return 0


cdef size_t put_piece(gomap *map, const char *keys, size_t key_stride, size_t count, const char *values,
                      size_t stride) noexcept nogil:
    cdef size_t i
    cdef int added
    if not map.type.value_string:
        return gomap_put_many(map, keys, count, values, stride)
    for i in range(count):
        if gomap_put(map, keys + i * key_stride, values + i * stride, &added) == NULL:
            return i
    return count


cdef size_t erase_column(Base m, Column keys) except? 0:
    """Returns how many of the keys were there."""
    cdef size_t done = 0, some, erased = 0, i
    cdef gomap *map = write_begin(m)
    try:
        while done < keys.count:
            some = min(keys.count - done, <size_t>PIECE)
            if keys.absent != NULL:
                for i in range(done, done + some):
                    if not keys.absent[i]:
                        erased += gomap_erase(map, keys.at + i * keys.stride)
            else:
                with nogil:
                    erased += gomap_erase_many(map, keys.at + done * keys.stride, some)
            done += some
            PyErr_CheckSignals()
    finally:
        write_end(m, map)
    return erased


cdef size_t erase_all_of(Base m, object keys) except? 0:
    m.ready_to_write()
    cdef size_t erased = 0
    cdef Column column
    cdef size_t i
    if m.key.kind == OBJECT:
        for key in arrays.listed(keys):
            erased += m.erase(key)
        return erased
    column = column_of(m, KEY, keys, False)
    if not m.objects:
        return erase_column(m, column)
    for i in range(column.count):
        if column.absent == NULL or not column.absent[i]:
            erased += m.erase(item_at(m, KEY, column, i))
    return erased


# ---- counting -------------------------------------------------------------------------------------

cdef int check_countable(BaseMap m) except -1:
    if m.value.kind == BOOL or m.value.kind > FLOAT64:
        raise TypeError(f"add: values of type {m.layout.value_type} are no numbers")
    return 0


cdef object add_one(BaseMap m, object key, object by):
    """m.add(key, by): the new value."""
    cdef Cell cell
    cdef const void *at
    cdef void *room
    cdef int added = 0
    m.ready_to_write()
    check_countable(m)
    convert(m, VALUE, m.value, by, &cell, &at, True)
    room = room_for(m, key, NULL, True, &added)
    if not gomap_add(room, at, m.value.kind):  # never so from zero, where by fits
        was = number_out(m.value.kind, room)
        more = number_out(m.value.kind, at)
        raise OverflowError(f"add: {was} + {more} for key {shown(key)} is out of range for {m.layout.value_type}")
    return number_out(m.value.kind, room)


cdef int add_objects(BaseMap m, object keys, object by) except -1:
    """add_many where keys are objects; when a sum does not fit, every key gets its value of before, or goes."""
    cdef list before = [], key_list = items_of(m, KEY, keys)
    cdef list more_list = items_of(m, VALUE, by) if is_many(m, by) else [by] * len(key_list)
    if len(more_list) != len(key_list):
        raise ValueError(f"values: expected {len(key_list)}, one for each key, got {len(more_list)}")
    try:
        for key, more in zip(key_list, more_list):
            was = m.get(key, MISSING)
            add_one(m, key, more)
            before.append((key, was))
    except (OverflowError, MemoryError):
        for key, was in reversed(before):
            if was is MISSING:
                m.erase(key)
            else:
                m.assign(key, was)
        raise
    return 0


cdef enum Nans:  # in a GoMap each is a key of its own, that cannot be found to take it back: they come last
    WITH_NANS
    WITHOUT_NANS
    ONLY_NANS


cdef inline bint is_nan(const gomap *map, const char *key) noexcept nogil:
    cdef Cell cell
    if map.type.key_kind == GOMAP_FLOAT64:
        memcpy(&cell.f64, key, 8)
        return cell.f64 != cell.f64
    memcpy(&cell.f32, key, 4)
    return cell.f32 != cell.f32


cdef size_t add_piece(gomap *map, const char *keys, size_t key_stride, size_t count, const char *by, size_t stride, int kind,
                      Nans nans, unsigned char *new, bint *memory) noexcept nogil:
    """Adds one by one, to NaN keys or to the others; as gomap_write_many does otherwise, up to the first sum that does
    not fit."""
    cdef void *room
    cdef size_t done
    cdef int added
    memory[0] = False
    for done in range(count):
        if is_nan(map, keys + done * key_stride) != (nans == ONLY_NANS):
            continue
        room = gomap_assign(map, keys + done * key_stride, &added)
        memory[0] = room == NULL
        if room == NULL:
            return done
        new[done] = added
        if not gomap_add(room, by + done * stride, kind):
            return done
    return count


cdef void add_undo(gomap *map, const char *keys, size_t key_stride, size_t count, const char *by, size_t stride, Nans nans,
                   const unsigned char *new) noexcept nogil:
    """Takes everything back, from the last on. Sums of integers are then what they were."""
    cdef void *room
    while count:
        count -= 1
        if nans != WITH_NANS and is_nan(map, keys + count * key_stride):
            continue
        if new[count]:
            gomap_erase(map, keys + count * key_stride)
        else:
            room = gomap_find(map, keys + count * key_stride)
            gomap_take_back(room, by + count * stride, map.type.value_size)


cdef int add_column(BaseMap m, Column keys, Column by) except -1:
    cdef bytearray news = bytearray(keys.count + 1)
    cdef gomap *map
    cdef bint filling = False
    cdef Nans nans = WITH_NANS
    if m.engine() == GOMAP_GO and (m.key.kind == FLOAT32 or m.key.kind == FLOAT64):
        nans = WITHOUT_NANS
    map = write_begin(m)
    try:
        with nogil:
            filling = gomap_fill_begin(map, keys.at, keys.count)
        add_all(m, map, keys, by, nans, news)
        if nans == WITHOUT_NANS:
            add_all(m, map, keys, by, ONLY_NANS, news)
    finally:
        with nogil:
            if filling:
                gomap_fill_end(map)
        write_end(m, map)
    return 0


cdef int add_all(BaseMap m, gomap *map, Column keys, Column by, Nans nans, unsigned char *new) except -1:
    cdef size_t done = 0, some, added = 0
    cdef int kind = m.value.kind
    cdef bint memory = False, whole = kind != FLOAT32 and kind != FLOAT64 and nans != ONLY_NANS
    cdef gomap_adder adder
    cdef void *room
    while done < keys.count:
        some = min(keys.count - done, <size_t>PIECE)
        adder.writer.write = gomap_adder_write
        adder.kind = kind
        adder.stopped = 0
        adder.new = new + done
        with nogil:
            if nans == WITH_NANS:
                added = gomap_write_many(map, keys.at + done * keys.stride, some, <void *>(by.at + done * by.stride),
                                         by.stride, &adder.writer)
                memory = added < some and not adder.stopped
            else:
                added = add_piece(map, keys.at + done * keys.stride, keys.stride, some, by.at + done * by.stride,
                                  by.stride, kind, nans, new + done, &memory)
        done += added
        if added < some:
            if memory and not whole:
                raise MemoryError(f"out of memory; {done} of {keys.count} were added")
            room = gomap_find(map, keys.at + done * keys.stride)
            was = None if room == NULL else number_out(kind, room)
            with nogil:
                add_undo(map, keys.at, keys.stride, done, by.at, by.stride, nans, new)
            if memory:
                raise MemoryError()
            more = number_out(kind, by.at + done * by.stride)
            raise OverflowError(f"add: {was} + {more} for key {shown(item_at(m, KEY, keys, done))} is out of range for "
                                f"{m.layout.value_type}")
        PyErr_CheckSignals()
    return 0


# ---- everything, and codes --------------------------------------------------------------------------

cdef bint is_plain(Codec codec) noexcept:
    """Whether an array holds such: neither strings, objects nor nothing, [0]byte included."""
    return not codec.string and codec.kind != OBJECT and codec.size != 0


cdef tuple columns_out(Base m, bint with_values):
    """All keys and all values, in one order: arrays, or lists where no array holds such."""
    cdef gomap_iter iter
    cdef char *keys
    cdef char *values
    cdef size_t left, piece
    m.ready()
    if not is_plain(m.key) or (with_values and not is_plain(m.value)):
        return listed_out(m, with_values)
    left = m.map.count
    key_array = np_empty(m.layout.key_type, left)
    value_array = np_empty(m.layout.value_type, left) if with_values else None
    keys = <char *>PyMemoryView_GET_BUFFER(memoryview(key_array)).buf
    values = <char *>PyMemoryView_GET_BUFFER(memoryview(value_array)).buf if with_values else NULL
    m.ready()
    if left != m.map.count:
        raise RuntimeError("the map changed while it was copied")
    read_begin(m, &iter)
    try:
        while left:
            piece = min(left, <size_t>PIECE)
            with nogil:
                copy_piece(&iter, piece, keys, m.key.size, values, m.value.size)
            left -= piece
            keys += piece * m.key.size
            if values != NULL:
                values += piece * m.value.size
            PyErr_CheckSignals()
    finally:
        read_end(m, &iter)
    return key_array, value_array


cdef void copy_piece(gomap_iter *iter, size_t count, char *keys, size_t key_size, char *values,
                     size_t value_size) noexcept nogil:
    cdef const void *key
    cdef const void *value
    while count and gomap_iter_next(iter, &key, &value) == 1:
        memcpy(keys, key, key_size)
        keys += key_size
        if values != NULL:
            memcpy(values, value, value_size)
            values += value_size
        count -= 1


cdef tuple listed_out(Base m, bint with_values):
    cdef list keys = [], values = []
    for key, value in iterator(m, ITEMS):
        keys.append(key)
        values.append(value)
    return (array_of(m, KEY, keys), array_of(m, VALUE, values) if with_values else None)


cdef object array_of(Base m, Role role, list items):
    """A list as an array, where one holds such."""
    cdef Column column
    if not is_plain(m.key if role == KEY else m.value):
        return items
    column = column_of(m, role, items, True)
    result = np_empty(type_of(m, role), column.count)
    memcpy(PyMemoryView_GET_BUFFER(memoryview(result)).buf, column.at, column.count * column.stride)
    return result


cdef object codes_of(BaseMap m, Column keys):
    """A number for every key, the same for equal ones, from 0 up in the order of their coming."""
    cdef size_t done = 0, some, coded = 0
    cdef bint filling = False
    if m.value.kind != INT64:  # a subclass makes them
        raise TypeError(f"factorize: expected a map with values of type int64, got {m.spelling()}")
    result = np_empty(m.layout.value_type, keys.count)
    view = memoryview(result)
    cdef int64_t *to = <int64_t *>PyMemoryView_GET_BUFFER(view).buf
    cdef gomap *map = write_begin(m)
    try:
        with nogil:
            filling = gomap_fill_begin(map, keys.at, keys.count)
        while done < keys.count:
            some = min(keys.count - done, <size_t>PIECE)
            with nogil:
                coded = gomap_code_many(map, keys.at + done * keys.stride, some, to + done)
            done += coded
            if coded < some:
                raise MemoryError()
            PyErr_CheckSignals()
    finally:
        with nogil:
            if filling:
                gomap_fill_end(map)
        write_end(m, map)
    return result
