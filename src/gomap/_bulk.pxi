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
    elif codec.form != NULL and arrays.structured(source, type_of(m, role)) is not None:
        column_of_bytes(m, role, codec, arrays.structured(source, type_of(m, role)), column)
        if role == KEY:
            canonical_keys(m, column)
    elif PyObject_CheckBuffer(source) and not (codec.string and isinstance(source, (bytes, bytearray))):
        column_of_buffer(m, role, codec, source, storing, column)
    elif hasattr(source, "tolist"):  # NumPy's objects and StringDType
        column_of_objects(m, role, codec, source.tolist(), storing, column)
    elif isinstance(source, str) or not hasattr(source, "__iter__"):
        raise TypeError(f"{plural(role)}: expected an array, a list or another iterable, got {type(source).__name__} "
                        f"{shown(source)}")
    else:
        column_of_objects(m, role, codec, list(source), storing, column)
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
    column.count = len(items)
    to = <char *>room_in(column, column.count * column.stride + 1)
    column.at = to
    column.views.append(items)
    column.views.append(packs)
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
    return 0


cdef int column_of_bytes(Base m, Role role, Codec codec, object source, Column column) except -1:
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


cdef int canonical_keys(Base m, Column column) except -1:
    """Structs from outside: their padding zero, their floats as keys have them."""
    cdef Struct struct = m.layout.key_struct
    cdef size_t i
    cdef char *to
    for i in range(column.count):
        if not intact(struct, column.at + i * column.stride, True):
            break
    else:
        return 0
    to = <char *>room_in(column, column.count * column.stride)
    for i in range(column.count):
        fields = unpacked(struct, column.at + i * column.stride)
        made = packed(m, KEY, struct, fields, True)
        memcpy(to + i * column.stride, PyBytes_AS_STRING(made), column.stride)
        made = None
    column.at = to
    return 0


cdef int wrong_items(Base m, Role role, str got) except -1:
    raise TypeError(f"{plural(role)}: expected items for {type_of(m, role)}, got {got}")


cdef int column_of_buffer(Base m, Role role, Codec codec, object source, bint storing, Column column) except -1:
    view = memoryview(source)
    cdef Py_buffer *buffer = PyMemoryView_GET_BUFFER(view)
    format, size = view.format, view.itemsize
    if format == "O":
        return column_of_objects(m, role, codec, source.tolist(), storing, column)
    column.views.append(view)
    if codec.kind == BYTES:
        if view.ndim == 2 and view.shape[1] == codec.size and view.format in ("B", "b", "c"):
            if not view.c_contiguous:
                view = memoryview(view.tobytes()).cast("B", view.shape)
                column.views.append(view)
        elif not (codec.form == NULL and view.ndim == 1 and size == codec.size and format.endswith(("s", "x"))
                  or (view.ndim == 1 and size == codec.size == 1 and format in ("B", "b", "c"))):
            return wrong_items(m, role, f"items of format {format!r}, {view.ndim} dimensions")
        column_of_bytes(m, role, codec, view, column)
        return 0
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
    if kind > FLOAT64 or (kind == BOOL) != (codec.kind == BOOL) \
            or ((kind == FLOAT32 or kind == FLOAT64) and codec.kind != FLOAT32 and codec.kind != FLOAT64):
        return wrong_items(m, role, kind_name(kind))
    if kind == codec.kind and not swapped and (stride == <Py_ssize_t>size or count < 2):
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
            return wrong_items(m, role, f"{type(source).__name__}, which comes in pieces")
        whole = source.combine_chunks()
        if not hasattr(whole, "__arrow_c_array__"):
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
    if schema.dictionary != NULL or array.null_count > 0 or (array.null_count < 0 and array.buffers[0] != NULL):
        what = "an encoded Arrow array" if schema.dictionary != NULL else "an Arrow array with nulls"
        return wrong_items(m, role, what)
    kind = ARROW_KINDS.get(format)
    if kind is not None:
        size = ARROW_SIZES[kind]
        data = <const char *>array.buffers[1]
        return column_of_items(m, role, codec, data + offset * <size_t>size, size, count, kind, False, size, storing,
                               column)
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
    return hasattr(source, "__arrow_c_array__") or (PyObject_CheckBuffer(source) and memoryview(source).format != "O")


# ---- one value for all, or a column of as many as there are keys -----------------------------------

cdef bint is_many(Base m, object values) except -1:
    """Whether values come one for each key. What one value is goes for one: bytes, a str, a struct's tuple."""
    if isinstance(values, list):
        return True
    if isinstance(values, (str, bytes, bytearray, dict)) or m.value.kind == OBJECT:
        return False
    if isinstance(values, tuple):
        return m.value.form == NULL
    if hasattr(values, "__arrow_c_array__") or hasattr(values, "__arrow_c_stream__"):
        return True
    if PyObject_CheckBuffer(values):
        return memoryview(values).ndim > 0 and not (m.value.kind == BYTES and isinstance(values, memoryview)
                                                    and values.ndim == 1 and values.nbytes == m.value.size)
    return hasattr(values, "__iter__") and not hasattr(values, "__array__") or getattr(values, "ndim", 0) > 0


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
    key = key_at(m, column, first)
    if missing == 1:
        return KeyError(key)
    return KeyError(f"{key!r} and {missing - 1} more of {column.count} keys")


cdef object key_at(Base m, Column column, size_t i):
    """The key as Python has it."""
    cdef const char *at = column.at + i * column.stride
    cdef gomap_string *string
    if isinstance(column.kept, (list, tuple)):
        return column.kept[i]
    if column.absent != NULL and column.absent[i]:
        return column.kept[i]
    if m.key.string:
        string = <gomap_string *>at
        if m.key.kind == STRING:
            return gomap_text_make(string.at, string.length)
        return PyBytes_FromStringAndSize(<const char *>string.at, string.length)
    return out(m, KEY, at)


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
        return bools([holds_object(m, key) for key in keys])
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
    if m.objects or m.value.string or m.value.kind == NOTHING:
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
    view = result_view(m, result, column.count)
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


cdef object result_view(BaseMap m, object into, size_t count):
    """The memory of an array to write values to."""
    try:
        view = memoryview(into)
    except TypeError:
        raise TypeError(f"out: expected a writable array for {m.layout.value_type}, got {type(into).__name__}") from None
    known = arrays.item_kind(view.format, view.itemsize) if m.value.kind != BYTES else None
    if view.readonly or not view.c_contiguous or view.nbytes != <Py_ssize_t>(count * m.value.size) or \
            (m.value.kind != BYTES and (known is None or known[0] != m.value.kind or known[1])):
        raise TypeError(f"out: expected a writable, contiguous array of {count} for {m.layout.value_type}, got "
                        f"{'a read-only' if view.readonly else 'an'} array of {view.nbytes} bytes, format {view.format!r}")
    return view


cdef list listed_for(BaseMap m, object keys, object default):
    """The values as a list, where no array holds such."""
    cdef Column column
    cdef void *found[FOUND]
    cdef size_t done = 0, some, i, first = 0, lost = 0
    cdef list result = []
    cdef void *value
    if m.objects:
        keys = list(keys)
        for i, key in enumerate(keys):
            wanted = packed_of(m, KEY, m.key, key, False) if m.key.packs else key
            m.find(wanted, True, &value)
            if value == NULL:
                first = first if lost else i
                lost += 1
                result.append(default)
            else:
                result.append(out(m, VALUE, value))
        if lost and default is MISSING:
            raise KeyError(keys[first]) if lost == 1 else KeyError(f"{keys[first]!r} and {lost - 1} more of "
                                                                   f"{len(keys)} keys")
        return result
    column = column_of(m, KEY, keys, False)
    m.ready()
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
                result.append(out(m, VALUE, found[i]))  # makes no container: the collector stays away
        done += some
    if lost and default is MISSING:
        raise missing_keys(m, column, first, lost)
    return result


# ---- writing --------------------------------------------------------------------------------------

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
    if m.objects:
        for key in list(keys):
            erased += m.erase(key)
        return erased
    return erase_column(m, column_of(m, KEY, keys, False))


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
        raise OverflowError(f"add: {number_out(m.value.kind, room)} + {number_out(m.value.kind, at)} for key "
                            f"{shown(key)} is out of range for {m.layout.value_type}")
    return number_out(m.value.kind, room)


cdef size_t add_piece(gomap *map, const char *keys, size_t key_stride, size_t count, const char *by, size_t stride, int kind,
                      unsigned char *new, bint *memory) noexcept nogil:
    """Adds in order, up to the first sum that does not fit; returns how many were added. Marks keys that were new."""
    cdef void *found[32]
    cdef void *room
    cdef size_t done = 0, some, i
    cdef int added
    cdef bint moved
    memory[0] = False
    while done < count:
        some = min(count - done, <size_t>32)
        gomap_find_many(map, keys + done * key_stride, some, found)
        moved = False
        for i in range(some):
            room = found[i]
            if moved or room == NULL:  # an insertion moves entries: those found before may be elsewhere
                room = gomap_assign(map, keys + (done + i) * key_stride, &added)
                if room == NULL:
                    memory[0] = True
                    return done + i
                if added:
                    moved = True
                    new[done + i] = 1
            if not gomap_add(room, by + (done + i) * stride, kind):
                return done + i
        done += some
    return count


cdef void add_undo(gomap *map, const char *keys, size_t key_stride, size_t count, const char *by, size_t stride,
                   const unsigned char *new) noexcept nogil:
    """Takes everything back, from the last on. Sums of integers are then what they were."""
    cdef void *room
    while count:
        count -= 1
        if new[count]:
            gomap_erase(map, keys + count * key_stride)
        else:
            room = gomap_find(map, keys + count * key_stride)
            gomap_take_back(room, by + count * stride, map.type.value_size)


cdef int add_column(BaseMap m, Column keys, Column by) except -1:
    cdef size_t done = 0, some, added = 0, at
    cdef int kind = m.value.kind
    cdef bint memory = False, whole = kind != FLOAT32 and kind != FLOAT64
    cdef bytearray news = bytearray(keys.count + 1)
    cdef unsigned char *new = news
    cdef void *room
    cdef gomap *map = write_begin(m)
    try:
        while done < keys.count:
            some = min(keys.count - done, <size_t>PIECE)
            with nogil:
                added = add_piece(map, keys.at + done * keys.stride, keys.stride, some, by.at + done * by.stride, by.stride,
                                  kind, new + done, &memory)
            done += added
            if added < some:
                if memory and not whole:
                    raise MemoryError(f"out of memory; {done} of {keys.count} were added")
                room = gomap_find(map, keys.at + done * keys.stride)
                was = None if room == NULL else number_out(kind, room)
                if new[done]:  # put there for a sum that does not fit
                    gomap_erase(map, keys.at + done * keys.stride)
                with nogil:
                    add_undo(map, keys.at, keys.stride, done, by.at, by.stride, new)
                if memory:
                    raise MemoryError()
                more = number_out(kind, by.at + done * by.stride)
                raise OverflowError(f"add: {was} + {more} for key {shown(key_at(m, keys, done))} is out of range for "
                                    f"{m.layout.value_type}")
            PyErr_CheckSignals()
    finally:
        write_end(m, map)
    return 0


# ---- everything, and codes --------------------------------------------------------------------------

cdef bint is_plain(Codec codec) noexcept:
    """Whether an array holds such: neither strings, objects nor nothing."""
    return not codec.string and codec.kind != OBJECT and codec.kind != NOTHING


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
