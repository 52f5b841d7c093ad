# Whole arrays at a time: columns in, one call of the core without the interpreter's lock, arrays out.
#
#     keys, values  ->  Column: addresses of what the core takes, one behind another, and what keeps them
#     write_begin   ->  the lock is released around pieces of 2^16 keys; between them signals are looked at
#     write_end         so that Ctrl-C ends it with the map valid; read_begin and read_end likewise
#
# While an array is written into a map nobody else may touch it: its core map is taken out of it, so that every other
# operation finds it missing and says "concurrent map read and map write", Go's words. While one is read from it,
# reading goes on beside, and writing is refused. A reader counts as an iterator, so that nothing moves.

cdef enum:
    PIECE = 65536  # keys between two looks at signals: some milliseconds
    FOUND = 256    # addresses that are found before their values are fetched: they stay in the first cache

cdef object np_empty = arrays.empty


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


cdef gomap *fill_begin(Base m, Column keys, bint *filling) except NULL:
    """write_begin for keys that are put in: an empty map is laid out for them."""
    cdef gomap *map = write_begin(m)
    with nogil:
        filling[0] = gomap_fill_begin(map, keys.at, keys.count)
    return map


cdef void fill_end(Base m, gomap *map, bint filling) noexcept:
    if filling:
        with nogil:
            gomap_fill_end(map)
    write_end(m, map)


cdef gomap *read_begin(Base m, gomap_iter *reader) except NULL:
    m.ready()
    gomap_iter_begin(reader, m.map)
    m.readers += 1
    return m.map


cdef void read_end(Base m, gomap_iter *reader) noexcept:
    m.readers -= 1
    gomap_iter_end(reader)


cdef object missing_keys(object first, size_t missing, size_t count):
    """The error for keys that are not there."""
    if missing == 1:
        return KeyError(first)
    return KeyError(f"{first!r} and {missing - 1} more of {count} keys")


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
    cdef const char *value
    cdef size_t done = 0, some, i, lost = 0
    while done < count:
        some = min(count - done, <size_t>FOUND)
        gomap_find_many(map, keys + done * stride, some, found)
        for i in range(some):
            value = <const char *>found[i]
            if value == NULL or (absent != NULL and absent[done + i]):
                if lost == 0:
                    first[0] = done + i
                lost += 1
                value = missing
            if value != NULL:
                if size == 8:
                    memcpy(to, value, 8)
                else:
                    memcpy(to, value, size)
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
            to[done + i] = found[i] != NULL
        if absent != NULL:
            for i in range(some):
                to[done + i] &= not absent[done + i]
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
        raise missing_keys(item_at(m, KEY, column, first), lost, column.count)
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
            raise missing_keys(keys[first], lost, len(keys))
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
        raise missing_keys(item_at(m, KEY, column, first), lost, column.count)
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
    cdef gomap *map = fill_begin(m, keys, &filling)
    try:
        while done < keys.count:
            some = min(keys.count - done, <size_t>PIECE)
            with nogil:
                put = put_piece(map, keys.at + done * keys.stride, keys.stride, some, value_at + done * stride, stride)
            done += put
            if put < some:
                raise MemoryError(f"out of memory; {done} of {keys.count} keys were put in")
            PyErr_CheckSignals()
    finally:
        fill_end(m, map, filling)
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
    map = fill_begin(m, keys, &filling)
    try:
        add_all(m, map, keys, by, nans, news)
        if nans == WITHOUT_NANS:
            add_all(m, map, keys, by, ONLY_NANS, news)
    finally:
        fill_end(m, map, filling)
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
    cdef gomap *map = fill_begin(m, keys, &filling)
    try:
        while done < keys.count:
            some = min(keys.count - done, <size_t>PIECE)
            with nogil:
                coded = gomap_code_many(map, keys.at + done * keys.stride, some, to + done)
            done += coded
            if coded < some:
                raise MemoryError()
            PyErr_CheckSignals()
    finally:
        fill_end(m, map, filling)
    return result
