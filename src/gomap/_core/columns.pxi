# Columns: arrays of keys and values from anywhere, for the core to read in pieces (csrc/columns.h), and what keeps
# them.
#
# What is refused is refused here, before anything is changed.


@cython.final
cdef class Column:
    """Keys or values for the core to read."""
    cdef gomap_column c
    cdef object kept
    cdef list views
    cdef tuple items  # of a window: all strings
    cdef list text    # and what holds those in it that are not ASCII
    cdef int64_t text_bytes  # of the buffer that Arrow's offsets lead into; -1: that is not known
    cdef Cell cell

    def __cinit__(self):
        self.views = []
        self.text_bytes = -1


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


cdef int no_text(Role role, size_t i) except -1:
    raise ValueError(f"{plural(role)}[{i}]: expected text in UTF-8, got bytes that are none, or an offset that leads "
                     "nowhere")


cdef int no_code_of(Role role, size_t i) except -1:
    raise ValueError(f"{plural(role)}[{i}]: expected the code of an item, got one that no item has")


cdef int go_on(Base m, Role role, Column column) except -1:
    """Called after a piece was not read. Returns 1 when the next try will read it, 0 when the column was not the
    cause."""
    cdef int failure = column.c.failure
    if failure == 0:
        return 0
    if failure == GOMAP_C_TEXT:
        no_text(role, column.c.failed_at)
    if failure == GOMAP_C_CODE:
        no_code_of(role, column.c.failed_at)
    if failure == GOMAP_C_MORE:
        return move_window(column, column.c.failed_at)
    column.c.room = <char *>room_in(column, column.c.room_wanted)
    column.c.room_bytes = column.c.room_wanted
    return 1


cdef int own(Column column, const void *at, size_t count) noexcept:
    """The core's own form of items, in memory that nobody else writes to."""
    cdef const unsigned char *absent = column.c.absent
    cdef size_t begin = column.c.begin
    column.c = gomap_column_own(at, column.c.size, count)
    column.c.absent = absent
    column.c.begin = begin
    return 0


cdef int own_items(Base m, Role role, Column column) except -1:
    """Brings a column to memory of its own."""
    cdef size_t done = 0, some, i, bytes, count = column.c.count, size = column.c.size
    cdef const char *piece
    cdef gomap_string *strings
    cdef char *to
    cdef char *text
    if column.c.form == GOMAP_C_OWN:
        return 0
    if column.c.form != GOMAP_C_WINDOW:
        begin_pieces(column)
    to = <char *>room_in(column, count * size + 1)
    while done < count:
        some = gomap_column_read(&column.c, done, count - done, &piece)
        if some == 0:
            go_on(m, role, column)
            continue
        memcpy(to + done * size, piece, some * size)
        if column.c.form != GOMAP_C_ITEMS and column.c.form != GOMAP_C_CODES:
            strings = <gomap_string *>(to + done * size)
            bytes = 1
            for i in range(some):
                bytes += strings[i].length
            text = <char *>room_in(column, bytes)
            for i in range(some):
                if strings[i].length:
                    memcpy(text, strings[i].at, strings[i].length)
                strings[i].at = text
                text += strings[i].length
        done += some
    return own(column, to, count)


cdef str plural(Role role):
    return "values" if role & VALUE else "keys"


cdef enum Purpose:
    LOOKING   # up: a key that the type cannot hold is not there, nor is a null
    STORING   # what cannot be held is refused, and a null is
    SKIPPING  # storing; rows with a null are left out


cdef int purpose_of(object nulls) except -1:
    if nulls not in ("refuse", "skip"):
        raise ValueError(f"nulls: expected \"refuse\" or \"skip\", got {shown(nulls)}")
    return SKIPPING if nulls == "skip" else STORING


cdef Column column_of(Base m, Role role, object source, int purpose):
    """An array, a column of a data frame, or anything that goes through one by one."""
    cdef Codec codec = m.key if role == KEY else m.value
    cdef Column column = Column.__new__(Column)
    cdef size_t i
    if codec.kind == NOTHING:
        raise TypeError(f"{plural(role)}: expected none for type {type_of(m, role)}, which holds nothing, got "
                        f"{type(source).__name__} {shown(source)}")
    column.c.size = item_size(codec)
    column.c.stride = column.c.size
    fill_column(m, role, codec, source, purpose, column)
    if column.c.form != GOMAP_C_OWN and column.c.form != GOMAP_C_WINDOW:
        begin_pieces(column)
    if purpose == STORING and column.c.absent != NULL:
        for i in range(column.c.count):
            if column.c.absent[i]:
                raise ValueError(f"{plural(role)}[{i}]: expected {type_of(m, role)}, got null; write "
                                 "nulls=\"skip\" to leave such rows out, or fill the nulls first")
    return column


cdef int fill_column(Base m, Role role, Codec codec, object source, int purpose, Column column) except -1:
    """A column of the codec's items from whatever holds them."""
    cdef bint storing = purpose != LOOKING
    if not isinstance(source, (list, tuple)):
        source = frames.column(source, type_of(m, role), plural(role))
    column.kept = source
    if isinstance(source, (list, tuple)):
        column_of_objects(m, role, codec, source, storing, purpose == SKIPPING, column)
    elif type(source) is frames.Nullable:
        column_of_nullable(m, role, codec, source, purpose, column)
    elif type(source) is frames.Coded:
        column_of_coded(m, role, codec, source, purpose, column)
    elif hasattr(source, "__arrow_c_array__") or hasattr(source, "__arrow_c_stream__"):
        column_of_arrow(m, role, codec, source, storing, column)
    elif codec.form != NULL and (made := arrays.structured(source, type_of(m, role), plural(role))) is not None:
        if codec.strings:
            column_of_objects(m, role, codec, made, storing, purpose == SKIPPING, column)
        else:
            column_of_bytes(role, codec, made, column)
    elif PyObject_CheckBuffer(source) and not (codec.string and isinstance(source, (bytes, bytearray))):
        column_of_buffer(m, role, codec, source, storing, column)
    elif isinstance(source, (str, bytes, bytearray)) or not hasattr(source, "__iter__"):
        raise TypeError(f"{plural(role)}: expected an array, a list or another iterable, got {type(source).__name__} "
                        f"{shown(source)}")
    else:
        column_of_objects(m, role, codec, list(source), storing, purpose == SKIPPING, column)
    if codec.timed and column.c.form == GOMAP_C_ITEMS:
        check_times(m, role, codec, source, purpose, column)
    return 0


cdef int column_of_nullable(Base m, Role role, Codec codec, object source, int purpose, Column column) except -1:
    """An array, and a mask of the nulls in it."""
    cdef unsigned char *absent
    mask = memoryview(source.absent)
    absent = <unsigned char *>room_in(column, len(mask) + 1)
    memcpy(absent, PyMemoryView_GET_BUFFER(mask).buf, len(mask))
    column.c.absent = absent
    column.c.count = len(mask)
    no_marks(column)
    fill_column(m, role, codec, source.items, purpose, column)
    column.kept = source
    return 0


cdef int column_of_coded(Base m, Role role, Codec codec, object source, int purpose, Column column) except -1:
    """Codes of an array of signed integers; -1 is a null."""
    cdef Column items = Column.__new__(Column)
    cdef unsigned char *absent
    cdef size_t i
    codes = memoryview(source.codes)
    known = arrays.item_kind(codes.format, codes.itemsize)
    cdef Py_buffer *buffer = PyMemoryView_GET_BUFFER(codes)
    column.views.append(codes)
    items.c.size = items.c.stride = column.c.size
    fill_column(m, role, codec, source.items, LOOKING if purpose == LOOKING else SKIPPING, items)
    absent = absent_of(column, len(codes))
    for i in range(<size_t>len(codes)):
        absent[i] = codes[i] < 0
    return codes_into(m, role, items, <const char *>buffer.buf, codes.itemsize, len(codes), column)


cdef int codes_into(Base m, Role role, Column items, const char *at, int width, size_t count, Column column) except -1:
    """A column of codes, of which some may be marked as null."""
    cdef size_t good, i
    own_items(m, role, items)
    column.views.append(items)
    column.c.form = GOMAP_C_CODES
    column.c.at = at
    column.c.width = width
    column.c.count = count
    column.c.items = &items.c
    if items.c.absent != NULL:
        absent_of(column, count)
    good = gomap_codes_check(&column.c, <unsigned char *>column.c.absent)
    if good < count:
        no_code_of(role, column.c.begin + good)
    return no_marks(column)


cdef int no_marks(Column column) except -1:
    """Forgets marks that mark nothing."""
    cdef size_t i
    if column.c.absent != NULL:
        for i in range(column.c.count):
            if column.c.absent[i]:
                return 0
        column.c.absent = NULL
    return 0


cdef unsigned char *absent_of(Column column, size_t count) except NULL:
    if column.c.absent == NULL:
        column.c.absent = <unsigned char *>room_in(column, count + 1)
        memset(<void *>column.c.absent, 0, count + 1)
    return <unsigned char *>column.c.absent


cdef int column_of_objects(Base m, Role role, Codec codec, object source, bint storing, bint nulls,
                           Column column) except -1:
    """
    :param nulls: None, and what pandas has for it, are nulls
    """
    cdef tuple items = tuple(source)  # what its items point to must stay
    cdef Cell cell
    cdef const void *at
    cdef char *to
    cdef size_t i, size = column.c.size
    cdef list kept = []
    column.kept = items
    if column.c.absent == NULL and is_text(codec, items):
        return column_of_text(items, column)
    to = <char *>room_in(column, len(items) * size + 1)
    own(column, to, len(items))
    column.views.append(kept)
    try:
        for i in range(column.c.count):
            item = items[i]
            if column.c.absent != NULL and column.c.absent[i] or \
                    nulls and not isinstance(item, (str, int)) and frames.is_null(item, codec.kind):
                absent_of(column, column.c.count)[i] = 1
                memset(to, 0, size)
                to += size
                continue
            at = &cell
            if codec.kind != INT64 or not py_int64_read(item, &cell.i64):
                item = item_in(m, role, item, &cell, &at, storing)
                if codec.strings:
                    kept.append(item)
            if at != NULL:
                memcpy(to, at, size)
            else:
                memset(to, 0, size)
                absent_of(column, column.c.count)[i] = 1
            to += size
            look_at_signals(i)
    except (TypeError, ValueError, OverflowError) as error:  # whatever else a key's own code raises is its own
        name, text = role_name(m, role), str(error)
        if type(error) not in (TypeError, ValueError, OverflowError) or not text.startswith(f"{name}: "):
            raise
        raise type(error)(f"{plural(role)}[{i}]{text[len(name):]}") from None
    return 0


cdef bint is_text(Codec codec, tuple items):
    """Whether there are so many strings that they are converted piece by piece, and nothing but strings. (30,000 are
    grouped in half the time that one by one takes.)"""
    if not codec.string or len(items) <= FOUND:
        return False
    wanted = str if codec.kind == STRING else bytes
    for item in items:
        if type(item) is not wanted:
            return False
    return True


cdef int column_of_text(tuple items, Column column) except -1:
    """Strings, of which a window at a time is converted: what is converted would take more memory than the map."""
    column.items = items
    column.c.form = GOMAP_C_WINDOW
    column.c.count = len(items)
    column.c.at = <const char *>room_in(column, min(column.c.count, <size_t>PIECE) * sizeof(gomap_string))
    return move_window(column, 0)


cdef int move_window(Column column, size_t begin) except -1:
    """Converts the strings from a multiple of PIECE on, so that a later look at one of them finds the same window."""
    cdef gomap_string *string = <gomap_string *>column.c.at
    cdef tuple items = column.items
    cdef list kept = []
    cdef size_t i
    begin -= begin % PIECE
    column.c.have = 0
    for i in range(begin, min(begin + PIECE, column.c.count)):
        item = items[i]
        if py_is_ascii(item):
            string.at = PyUnicode_DATA(item)
            string.length = PyUnicode_GET_LENGTH(item)
        else:
            if PyUnicode_Check(item):
                item = PyUnicode_AsEncodedString(item, "utf-8", "surrogatepass")
                kept.append(item)
            string.at = PyBytes_AS_STRING(item)
            string.length = PyBytes_GET_SIZE(item)
        string += 1
    column.text = kept
    column.c.begin = begin
    column.c.have = min(<size_t>PIECE, column.c.count - begin)
    return 1


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
    """Items without gaps between them. Structs from outside are brought to the form that pack_struct makes: padding
    zero, bools 0 or 1, and floats in keys canonical."""
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
    raise TypeError(f"{plural(role)}: expected an array whose items fit type {type_of(m, role)}, got {got}{viewed(m, role, got)}")


cdef int column_of_buffer(Base m, Role role, Codec codec, object source, bint storing, Column column) except -1:
    view = arrays.view_of(source)
    if view is None:  # NumPy's objects, its StringDType, and what no buffer has, such as its dates
        if is_time(codec.kind) and (counted := arrays.counts(source, type_of(m, role))) is not None:
            return column_of_bytes(role, codec, counted, column)
        if not arrays.is_objects(source) or source.ndim != 1:
            return wrong_items(m, role, f"items of {getattr(source, 'dtype', type(source).__name__)}")
        return column_of_objects(m, role, codec, source.tolist(), storing, True, column)
    cdef Py_buffer *buffer = PyMemoryView_GET_BUFFER(view)
    format, size = view.format, view.itemsize
    column.views.append(view)
    if codec.kind == BYTES or codec.kind == UUID:
        if codec.strings or not (
                view.ndim == 2 and view.shape[1] == codec.size and arrays.is_bytes(format, size, 1)
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
    cdef size_t done = 0
    cdef char *to
    cdef unsigned char *marks
    if codec.string:
        if kind == STRING and codec.kind == STRING:
            strings = <gomap_string *>room_in(column, count * sizeof(gomap_string) + 1)
            to = <char *>room_in(column, count * size + 1)
            done = gomap_ucs4_read(strings, to, at, stride, size // 4, swapped, count)
            if done < count:
                raise ValueError(f"{plural(role)}[{column.c.begin + done}]: expected characters of Unicode, got a number "
                                 "that is none")
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
    if column.c.absent == NULL:
        done = gomap_numbers_convert(&numbers, to, codec.kind, codec.size, NULL)
    elif storing:  # behind a null any number may stand
        marks = <unsigned char *>room_in(column, count)
        memcpy(marks, column.c.absent, count)
        gomap_numbers_convert(&numbers, to, codec.kind, codec.size, marks)
        done = 0
        while done < count and marks[done] == column.c.absent[done]:
            done += 1
    if not storing and (column.c.absent != NULL or done < count):
        done = gomap_numbers_convert(&numbers, to, codec.kind, codec.size, absent_of(column, count))
    if done < count:
        value = number_at(at + <Py_ssize_t>done * stride, kind, swapped, size)
        try:
            out_of_range(m, role, value, True)
        except OverflowError as error:
            raise OverflowError(f"{plural(role)}[{column.c.begin + done}]: {str(error).partition(': ')[2]}") from None
    return own(column, to, count)


cdef object number_at(const char *at, int kind, bint swapped, size_t size):
    cdef bytes one = PyBytes_FromStringAndSize(at, size)
    if swapped:
        one = one[::-1]
    return number_out(kind, PyBytes_AS_STRING(one))


cdef str kind_name(int kind):
    return Kind(kind).name.lower()


cdef bint is_array(object source) except -1:
    """Whether it is worth looking at as a whole."""
    if isinstance(source, (str, bytes, bytearray, list, tuple, dict, set, frozenset)):
        return False
    return frames.is_foreign(source) or hasattr(source, "__arrow_c_array__") or hasattr(source, "__arrow_c_stream__") or \
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


cdef Column values_of(Base m, object values, size_t count, int purpose=STORING):
    cdef Column column
    cdef const void *at
    if m.value.kind == NOTHING:
        if values is not None:
            wrong_type(m, VALUE, "None", values)
        column = Column.__new__(Column)
        column.c.at = <const char *>&column.cell
        return column
    if is_many(m, values):
        column = column_of(m, VALUE, values, purpose)
        if column.c.count != count:
            raise ValueError(f"values: expected {count}, one for each key, got {column.c.count}")
        return column
    column = Column.__new__(Column)
    column.kept = value_in(m, values, &column.cell, &at)
    column.c.size = item_size(m.value)
    own(column, at, count)
    column.c.stride = 0
    return column


cdef list values_list(BaseMap m, object values, size_t count, int purpose):
    """values_of, as Python has them, where keys or values are objects."""
    if is_many(m, values):
        return items_of(m, VALUE, values, purpose)
    if m.value.kind != OBJECT:
        values_of(m, values, 0)  # refuses it
    return [values] * count
