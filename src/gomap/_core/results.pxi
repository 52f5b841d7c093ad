# Results as Arrow data: values and keys without a Python object for each, and nulls for keys that are missing.

cdef dict ARROW_FORMATS = {kind: format for format, kind in ARROW_KINDS.items()}
ARROW_FORMATS[UUID], ARROW_FORMATS[DATE] = b"w:16", b"tdD"
for _i, _unit in enumerate(b"smun"):
    ARROW_FORMATS[DATETIME_S + _i] = b"ts%c:" % _unit
    ARROW_FORMATS[UTC_S + _i] = b"ts%c:UTC" % _unit
    ARROW_FORMATS[TIMEDELTA_S + _i] = b"tD%c" % _unit
del _i, _unit


@cython.final
cdef class ArrowColumn:
    """Keys or values as Arrow data, as :meth:`Map.get_many` and :meth:`Map.to_arrays` return them when asked.

    Pass it to ``pyarrow.array``, ``polars.Series`` or whatever reads Arrow's PyCapsule interface; nothing is copied
    then. It is a sequence too: ``len(column)``, ``column[i]`` and iteration give Python objects, None for a null.
    """
    cdef readonly Py_ssize_t null_count
    cdef uint8_t kind
    cdef Py_ssize_t size    # of an item; of strings 0
    cdef Py_ssize_t count
    cdef bytes format
    cdef object valid       # a bit for each item; None: there are no nulls
    cdef object offsets     # of strings, 64 bits each
    cdef object data        # the items, or the strings' text
    cdef const void *buffers[3]
    cdef int64_t buffer_count

    def __len__(self):
        return self.count

    @property
    def nbytes(self):
        """Bytes of the items, their offsets and the marks of nulls."""
        return sum([0 if each is None else memoryview(each).nbytes for each in (self.valid, self.offsets, self.data)])

    def __getitem__(self, index, /):
        cdef Py_ssize_t i = PyNumber_Index(index)
        cdef const char *data = <const char *>self.buffers[self.buffer_count - 1]
        cdef const int64_t *offsets = <const int64_t *>self.buffers[1]
        if i < 0:
            i += self.count
        if i < 0 or i >= self.count:
            raise IndexError(f"expected an index below {self.count}, got {shown(index)}")
        if self.buffers[0] != NULL and not (<const unsigned char *>self.buffers[0])[i >> 3] >> (i & 7) & 1:
            return None
        if self.kind == STRING:
            return py_text_make(data + offsets[i], offsets[i + 1] - offsets[i])
        if self.kind == VARBYTES:
            return PyBytes_FromStringAndSize(data + offsets[i], offsets[i + 1] - offsets[i])
        if self.kind >= DATETIME_S:
            return time_out(self.kind, data + i * self.size)
        if self.kind == BYTES:
            return PyBytes_FromStringAndSize(data + i * self.size, self.size)
        if self.kind == BOOL:
            return bool((<const unsigned char *>data)[i >> 3] >> (i & 7) & 1)
        return number_out(self.kind, data + i * self.size)

    def __iter__(self):
        return iter([self[i] for i in range(self.count)])

    def tolist(self):
        """The items as a list."""
        return list(self)

    def __array__(self, dtype=None, copy=None):
        return arrays.exported(list(self), dtype, copy)

    def __repr__(self):
        nulls = f", {self.null_count:,} null" if self.null_count else ""
        return f"<ArrowColumn of {self.count:,} {Kind(self.kind).name.lower()}{nulls}>"

    def __arrow_c_schema__(self):
        cdef gomap_arrow_schema *schema = <gomap_arrow_schema *>PyMem_RawCalloc(1, sizeof(gomap_arrow_schema))
        if schema == NULL:
            raise MemoryError()
        schema.format = PyBytes_AS_STRING(self.format)
        schema.name = ""
        schema.flags = 2  # nullable
        schema.release = release_schema
        schema.private_data = <void *>self
        Py_INCREF(self)
        return PyCapsule_New(schema, "arrow_schema", free_schema)

    def __arrow_c_array__(self, requested_schema=None):
        cdef gomap_arrow_array *array = <gomap_arrow_array *>PyMem_RawCalloc(1, sizeof(gomap_arrow_array))
        if array == NULL:
            raise MemoryError()
        array.length = self.count
        array.null_count = self.null_count
        array.n_buffers = self.buffer_count
        array.buffers = self.buffers
        array.release = release_array
        array.private_data = <void *>self
        Py_INCREF(self)
        capsule = PyCapsule_New(array, "arrow_array", free_array)
        return self.__arrow_c_schema__(), capsule


cdef void release_schema(gomap_arrow_schema *schema) noexcept with gil:
    schema.release = NULL
    Py_DECREF(<object>schema.private_data)


cdef void release_array(gomap_arrow_array *array) noexcept with gil:
    array.release = NULL
    Py_DECREF(<object>array.private_data)


cdef void free_schema(object capsule) noexcept:
    cdef gomap_arrow_schema *schema = <gomap_arrow_schema *>PyCapsule_GetPointer(capsule, "arrow_schema")
    if schema.release != NULL:
        schema.release(schema)
    PyMem_RawFree(schema)


cdef void free_array(object capsule) noexcept:
    cdef gomap_arrow_array *array = <gomap_arrow_array *>PyCapsule_GetPointer(capsule, "arrow_array")
    if array.release != NULL:
        array.release(array)
    PyMem_RawFree(array)


cdef const void *start_of(object buffer) except? NULL:
    return PyMemoryView_GET_BUFFER(memoryview(buffer)).buf


cdef ArrowColumn arrow_column(Codec codec, size_t count, object offsets, object data, bytearray marks):
    """
    :param data: an array of the items, or the strings' text
    :param marks: a byte for each item: 1 for a null; or None
    :raises ValueError: there is a lone surrogate in the text
    """
    cdef ArrowColumn made = ArrowColumn.__new__(ArrowColumn)
    cdef bytearray bits
    made.kind = codec.kind
    made.count = count
    made.size = 0 if codec.string else codec.size
    if codec.string:
        made.format = b"U" if codec.kind == STRING else b"Z"
        if codec.kind == STRING and gomap_has_surrogate(<const char *>start_of(data), len(data)):
            raise ValueError("arrow: a string has a lone surrogate, which Arrow's text cannot have; take it as a list")
    elif codec.kind == BYTES:
        made.format = b"w:%d" % codec.size
    elif codec.kind == BOOL:
        made.format = b"b"
        bits = bytearray((count + 7) // 8)
        gomap_bits_write(<unsigned char *>PyByteArray_AS_STRING(bits), <const unsigned char *>start_of(data), 1, count)
        data = bits
    else:
        made.format = ARROW_FORMATS[codec.kind]
    if marks is not None:
        made.null_count = marks.count(1)
    if made.null_count:
        bits = bytearray((count + 7) // 8)
        gomap_bits_write(<unsigned char *>PyByteArray_AS_STRING(bits), <unsigned char *>PyByteArray_AS_STRING(marks), 0,
                         count)
        made.valid = bits
        made.buffers[0] = PyByteArray_AS_STRING(bits)
    made.data, made.offsets = data, offsets
    made.buffer_count = 3 if codec.string else 2
    if codec.string:
        made.buffers[1] = start_of(offsets)
    made.buffers[made.buffer_count - 1] = start_of(data)
    return made


cdef size_t texts_in_piece(BaseMap m, const gomap *map, gomap_column *keys, gomap_texts *texts, size_t begin,
                           size_t most) noexcept nogil:
    cdef size_t done
    if texts.finder == NULL:
        return gomap_column_texts(map, keys, texts, begin, most)
    with gil:
        m.find_begin()
        done = gomap_column_texts(map, keys, texts, begin, most)
        m.find_end()
        return done


cdef ArrowColumn texts_for(BaseMap m, object keys, object default, bint nulls):
    """get_many of strings: their text, one behind the other."""
    cdef Column column = column_of(m, KEY, keys, LOOKING)
    cdef gomap_texts texts
    cdef gomap_iter reader
    cdef gomap *map
    cdef Cell cell
    cdef const void *at
    cdef Pieces p = pieces_of(column.c.count)
    cdef size_t count = column.c.count
    cdef bint whole
    cdef bytearray text = bytearray(min(count, <size_t>PIECE) * 16), marks = bytearray(count) if nulls else None
    cdef bytearray offsets = bytearray(8 * count + 8)
    memset(&texts, 0, sizeof(texts))
    texts.finder = m.finder()
    if default is not MISSING:
        kept = value_in(m, default, &cell, &at)
        texts.missing = cell.string
    texts.offsets = <int64_t *>PyByteArray_AS_STRING(offsets)
    texts.marks = <unsigned char *>PyByteArray_AS_STRING(marks) if nulls else NULL
    texts.stop = default is MISSING and not nulls
    texts.text = <char *>PyByteArray_AS_STRING(text)
    texts.room = len(text)
    first = None
    map = read_begin(m, &reader)
    try:
        while next_piece(&p):
            with nogil:
                whole = did(&p, texts_in_piece(m, map, &column.c, &texts, p.done, p.some))
            if texts.lost and texts.stop:
                first = item_of(m, KEY, column, texts.first_at, texts.first)
                texts.stop = False
            elif texts.wanted:
                PyByteArray_Resize(text, max(texts.wanted, texts.room + texts.room // 2))
                texts.text = <char *>PyByteArray_AS_STRING(text)
                texts.room = len(text)
            elif not whole:
                go_on(m, KEY, column)
    finally:
        read_end(m, &reader)
    if texts.lost and default is MISSING and not nulls:
        raise missing_keys(first, texts.lost, count)
    PyByteArray_Resize(text, texts.offsets[count])
    check_text(m, m.value, text)
    return arrow_column(m.value, count, offsets, text, marks)


cdef tuple arrow_out(Base m, bint with_values):
    """All keys and all values, in one order. An iteration notes where they stand, since the next one may take another
    order; while it lasts, no entry moves."""
    cdef gomap_iter iter
    cdef size_t count, left
    cdef bytearray keys, values
    cdef const void **key
    cdef const void **value
    wants_arrow(m, m.key, True, None)
    if with_values:
        wants_arrow(m, m.value, True, None)
    cdef gomap *map = read_begin(m, &iter)
    try:
        count = left = map.count
        keys, values = bytearray(count * sizeof(void *)), bytearray(count * sizeof(void *))
        key = <const void **>PyByteArray_AS_STRING(keys)
        value = <const void **>PyByteArray_AS_STRING(values)
        with nogil:
            while left and gomap_iter_next(&iter, key, value) == 1:
                key += 1
                value += 1
                left -= 1
        if left:
            entries_missing(m)
        return (arrow_of(m, map, KEY, <const void **>PyByteArray_AS_STRING(keys), count),
                arrow_of(m, map, VALUE, <const void **>PyByteArray_AS_STRING(values), count) if with_values else None)
    finally:
        read_end(m, &iter)


cdef ArrowColumn arrow_of(Base m, gomap *map, Role role, const void **at, size_t count):
    """The keys or values that stand at these addresses."""
    cdef Codec codec = m.key if role == KEY else m.value
    cdef gomap_string string
    cdef bytearray offsets, text
    cdef int64_t *offset
    cdef size_t i
    cdef char *to
    if not codec.string:
        found = np_empty(type_of(m, role), count)
        to = <char *>start_of(found)
        with nogil:
            for i in range(count):
                memcpy(to + i * codec.size, at[i], codec.size)
        return arrow_column(codec, count, None, found, None)
    offsets = bytearray(8 * count + 8)
    offset = <int64_t *>PyByteArray_AS_STRING(offsets)
    with nogil:
        for i in range(count):
            offset[i + 1] = offset[i] + <int64_t>gomap_string_at(map, role == VALUE, at[i]).length
    if m.image is not None and offset[count] > m.image.view.nbytes + <int64_t>count * 16:  # it stays while it is held
        refuse_saved(GOMAP_SNAPSHOT_DAMAGED, b"its strings are longer than all of it", m.image.name())
    text = bytearray(offset[count])
    to = <char *>PyByteArray_AS_STRING(text)
    with nogil:
        for i in range(count):
            string = gomap_string_at(map, role == VALUE, at[i])
            if string.length and <int64_t>string.length == offset[i + 1] - offset[i]:  # the bytes of a file may change
                memcpy(to + offset[i], string.at, string.length)
    check_text(m, codec, text)
    return arrow_column(codec, count, offsets, text, None)


cdef bint wants_arrow(Base m, Codec codec, object arrow, object given) except -1:
    """Whether a result comes as Arrow data: when asked, and where text is looked up by Arrow data."""
    if arrow is None:
        return codec.string and not m.objects and given is not None and not frames.is_pandas(given) and \
            (hasattr(given, "__arrow_c_array__") or hasattr(given, "__arrow_c_stream__"))
    if arrow and (m.objects or codec.form != NULL or codec.kind == OBJECT or codec.kind == NOTHING):
        raise TypeError(f"arrow: a {m.spelling()} has no Arrow columns: expected no struct, any or struct{{}}; "
                        "leave out arrow=True and missing=\"null\"")
    return bool(arrow)
