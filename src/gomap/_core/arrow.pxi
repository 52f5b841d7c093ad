# Arrow's arrays as columns, by the C data interface. They are read where they stand: numbers and text in place,
# dictionaries and runs by codes, and the chunks of a stream one after another.
#
# The interface does not say how large a buffer is: the last offset tells how long the text is. Of pyarrow's arrays the
# buffers' sizes are known, and offsets that lead beyond them are refused.

cdef dict ARROW_KINDS = {
    b"c": INT8, b"s": INT16, b"i": INT32, b"l": INT64, b"C": UINT8, b"S": UINT16, b"I": UINT32, b"L": UINT64,
    b"f": FLOAT32, b"g": FLOAT64}
cdef dict ARROW_SIZES = {INT8: 1, INT16: 2, INT32: 4, INT64: 8, UINT8: 1, UINT16: 2, UINT32: 4, UINT64: 8,
                         FLOAT32: 4, FLOAT64: 8}
cdef tuple ARROW_TEXT = (b"u", b"U", b"vu")
cdef tuple ARROW_BYTES = (b"z", b"Z", b"vz")


@cython.final
cdef class Chunk:
    """An array of a stream, or a schema, which lives as long as this."""
    cdef gomap_arrow_schema schema
    cdef gomap_arrow_array array

    def __dealloc__(self):
        if self.schema.release != NULL:
            self.schema.release(&self.schema)
        if self.array.release != NULL:
            self.array.release(&self.array)


cdef int stream_failed(Role role, gomap_arrow_stream *stream) except -1:
    cdef const char *reason = stream.get_last_error(stream)
    raise ValueError(f"{plural(role)}: an Arrow stream ended with an error: "
                     f"{'no reason given' if reason == NULL else (<bytes>reason).decode('utf-8', 'replace')}")


cdef int column_of_arrow(Base m, Role role, Codec codec, object source, bint storing, Column column) except -1:
    """Of anything that has __arrow_c_array__ or __arrow_c_stream__."""
    cdef gomap_arrow_stream *stream
    cdef Chunk schema, chunk
    cdef Column part
    cdef list parts = []
    cdef size_t count = 0
    if hasattr(source, "__arrow_c_array__"):
        schema_capsule, array_capsule = source.__arrow_c_array__()
        column.views.append((source, schema_capsule, array_capsule))
        if type(source).__module__.startswith("pyarrow"):
            buffers = source.buffers()
            column.text_bytes = buffers[2].size if len(buffers) == 3 and buffers[2] is not None else 0
        return column_of_chunk(m, role, codec,
                               <gomap_arrow_schema *>PyCapsule_GetPointer(schema_capsule, "arrow_schema"),
                               <gomap_arrow_array *>PyCapsule_GetPointer(array_capsule, "arrow_array"), storing, column)
    capsule = source.__arrow_c_stream__()
    stream = <gomap_arrow_stream *>PyCapsule_GetPointer(capsule, "arrow_array_stream")
    schema = Chunk.__new__(Chunk)
    if stream.get_schema(stream, &schema.schema) != 0:
        stream_failed(role, stream)
    while True:
        chunk = Chunk.__new__(Chunk)
        if stream.get_next(stream, &chunk.array) != 0:
            stream_failed(role, stream)
        if chunk.array.release == NULL:
            break
        if chunk.array.length == 0:
            continue
        part = Column.__new__(Column)
        part.kept = column.kept
        part.c.size = part.c.stride = column.c.size
        part.c.begin = count
        part.views.append((source, chunk))
        column_of_chunk(m, role, codec, &schema.schema, &chunk.array, storing, part)
        count += part.c.count
        parts.append(part)
    return join(parts, count, column)


cdef int join(list parts, size_t count, Column column) except -1:
    """One column of several, one after another."""
    cdef Column part
    cdef size_t i
    column.views.append(parts)
    if not parts:
        return own(column, &column.cell, 0)
    for part in parts:
        if part.c.absent != NULL:
            memcpy(absent_of(column, count) + part.c.begin, part.c.absent, part.c.count)
    cdef const unsigned char *absent = column.c.absent
    if len(parts) == 1:
        part = parts[0]
        column.c = part.c
    else:
        column.c.form = GOMAP_C_PARTS
        column.c.count = count
        column.c.parts = <gomap_column *>room_in(column, len(parts) * sizeof(gomap_column))
        column.c.part_count = len(parts)
        for i in range(<size_t>len(parts)):
            part = parts[i]
            column.c.parts[i] = part.c
    column.c.absent = absent
    return 0


cdef int column_of_chunk(Base m, Role role, Codec codec, gomap_arrow_schema *schema, gomap_arrow_array *array,
                         bint storing, Column column) except -1:
    """One array. What owns it is kept by the column's views."""
    cdef bytes format = schema.format
    cdef size_t count = array.length, offset = array.offset, done
    cdef const char *data = <const char *>array.buffers[1] if array.n_buffers > 1 else NULL
    cdef char *to
    cdef int32_t narrow
    if schema.dictionary == NULL and format == b"+r":
        return column_of_runs(m, role, codec, schema, array, storing, column)
    if array.n_buffers and array.buffers[0] != NULL and array.null_count != 0 and count:
        if gomap_bits_absent(absent_of(column, count), array.buffers[0], offset, count) == 0:
            column.c.absent = NULL
    if schema.dictionary != NULL:
        return column_of_dictionary(m, role, codec, schema, array, storing, column)
    if format == b"n":  # nothing but nulls
        memset(absent_of(column, count), 1, count)
        to = <char *>room_in(column, count * column.c.size + 1)
        memset(to, 0, count * column.c.size)
        return own(column, to, count)
    if is_time(codec.kind):
        column_of_arrow_times(m, role, codec, array, format.decode(), column)
        return check_times(m, role, codec, column.kept, STORING if storing else LOOKING, column)
    kind = ARROW_KINDS.get(format)
    if kind is not None:
        size = ARROW_SIZES[kind]
        return column_of_items(m, role, codec, data + offset * <size_t>size, size, count, kind, False, size, storing,
                               column)
    if format == b"b" and codec.kind == BOOL:
        to = <char *>room_in(column, count + 1)
        gomap_bits_read(to, data, offset, count)
        return own(column, to, count)
    if format[:2] == b"w:" and (codec.kind == BYTES or codec.kind == UUID) and codec.form == NULL \
            and int(format[2:]) == codec.size:
        return column_of_memory(role, codec, data + offset * codec.size, count, column)
    if format not in (ARROW_TEXT if codec.kind == STRING else ARROW_BYTES if codec.kind == VARBYTES else ()):
        return wrong_items(m, role, f"Arrow items of format {format.decode()!r}")
    if count == 0:  # there may be no offsets
        return own(column, &column.cell, 0)
    column.c.count = count
    column.c.utf8 = storing and codec.kind == STRING
    if format in (b"vu", b"vz"):
        column.c.form = GOMAP_C_VIEWS
        column.c.at = data + 16 * offset
        column.c.buffers = array.buffers + 2
        column.c.buffer_count = array.n_buffers - 3
        column.c.lengths = <const int64_t *>array.buffers[array.n_buffers - 1]
        column.c.most = max(gomap_views_text(&column.c, column.c.absent), 0)
    else:
        column.c.form = GOMAP_C_OFFSETS
        column.c.width = 8 if format in (b"U", b"Z") else 4
        column.c.at = data = data + offset * column.c.width
        column.c.text = <const char *>array.buffers[2]
        if column.c.width == 8:
            memcpy(&column.c.least, data, 8)
            memcpy(&column.c.most, data + 8 * count, 8)
        else:
            memcpy(&narrow, data, 4)
            column.c.least = narrow
            memcpy(&narrow, data + 4 * count, 4)
            column.c.most = narrow
        if column.c.least < 0 or column.text_bytes >= 0 and column.c.most > column.text_bytes:  # they lead nowhere
            column.c.least, column.c.most = 0, -1
        elif column.c.text == NULL:  # all strings are empty
            column.c.most = column.c.least
    done = gomap_column_check(&column.c) if storing else count
    if done < count:
        no_text(role, column.c.begin + done)
    return 0


cdef int column_of_dictionary(Base m, Role role, Codec codec, gomap_arrow_schema *schema, gomap_arrow_array *array,
                              bint storing, Column column) except -1:
    cdef Column items = Column.__new__(Column)
    cdef bytes format = schema.format
    cdef int width = ARROW_SIZES[ARROW_KINDS[format]]
    items.c.size = items.c.stride = column.c.size
    column_of_chunk(m, role, codec, schema.dictionary, array.dictionary, storing, items)
    return codes_into(m, role, items, <const char *>array.buffers[1] + <size_t>array.offset * width, width, array.length,
                      column)


cdef int column_of_runs(Base m, Role role, Codec codec, gomap_arrow_schema *schema, gomap_arrow_array *array,
                        bint storing, Column column) except -1:
    """Runs of equal items: each item's code is the index of its run."""
    cdef Column items = Column.__new__(Column)
    cdef gomap_arrow_array *ends = array.children[0]
    cdef bytes format = schema.children[0].format
    cdef int kind = ARROW_KINDS[format], width = ARROW_SIZES[kind]
    cdef const char *at = <const char *>ends.buffers[1] + <size_t>ends.offset * width
    cdef size_t count = array.length, offset = array.offset, i = 0, run
    cdef int64_t end
    cdef int16_t short_end
    cdef int32_t int_end
    cdef int32_t *codes = <int32_t *>room_in(column, count * 4 + 4)
    items.c.size = items.c.stride = column.c.size
    column_of_chunk(m, role, codec, schema.children[1], array.children[1], storing, items)
    for run in range(<size_t>ends.length):
        if width == 2:
            memcpy(&short_end, at + 2 * run, 2)
            end = short_end
        elif width == 4:
            memcpy(&int_end, at + 4 * run, 4)
            end = int_end
        else:
            memcpy(&end, at + 8 * run, 8)
        while i < count and <int64_t>(offset + i) < end:
            codes[i] = <int32_t>run
            i += 1
    if i < count:
        raise ValueError(f"{plural(role)}[{column.c.begin + i}]: expected a run of the Arrow array that has it, got runs "
                         f"of {i:,} items")
    return codes_into(m, role, items, <const char *>codes, 4, count, column)


def arrow_spelling(source, /):
    """The type that the items of Arrow data are, as gomap spells it; None where there is none."""
    cdef Chunk owned = Chunk.__new__(Chunk)
    cdef gomap_arrow_stream *stream
    cdef gomap_arrow_schema *schema
    if hasattr(source, "__arrow_c_array__"):
        capsule, kept = source.__arrow_c_array__()
        schema = <gomap_arrow_schema *>PyCapsule_GetPointer(capsule, "arrow_schema")
    else:
        capsule = source.__arrow_c_stream__()
        stream = <gomap_arrow_stream *>PyCapsule_GetPointer(capsule, "arrow_array_stream")
        if stream.get_schema(stream, &owned.schema) != 0:
            stream_failed(KEY, stream)
        schema = &owned.schema
    if schema.dictionary != NULL:
        schema = schema.dictionary
    cdef bytes format = schema.format
    if format == b"+r":
        schema = schema.children[1]
        format = schema.format
    kind = ARROW_KINDS.get(format)
    if kind is not None:
        return kind_name(kind)
    if format[:2] == b"w:":
        return f"[{format[2:].decode()}]byte"
    if format[:2] in (b"td", b"ts", b"tD"):
        unit = {b"s": "s", b"m": "ms", b"u": "us", b"n": "ns"}.get(format[2:3])
        if format in (b"tdD", b"tdm"):
            return "date"
        if format[:2] == b"tD":
            return f"timedelta64[{unit}]"
        return f"datetime64[{unit}{', UTC' if format[4:] else ''}]" if format[:2] == b"ts" else None
    return "bool" if format == b"b" else "string" if format in ARROW_TEXT else "bytes" if format in ARROW_BYTES else None
