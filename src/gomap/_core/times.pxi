# Dates, times and UUIDs: Python objects to counts and bytes, and back.
#
# A time is stored as a count of its type's unit since 1970-01-01, a timedelta as a count of its unit, both in 64 bits;
# a date as days since 1970-01-01, in 32 bits; a UUID as its 16 bytes, the most significant first. So to the core they
# are integers and bytes.
#
# Every count in a map is between lowest and highest of its kind, so that there is an object for it. Bytes that come
# from outside, in arrays and pickles, are checked for that. NumPy's NaT is a number below lowest.
#
# datetime, uuid and, for nanoseconds, NumPy are imported when the first type that needs them is used.


cdef extern from "times.h":
    int PY_TIME_FITS, PY_TIME_OUT_OF_RANGE, PY_TIME_NOT_WHOLE
    void *py_times_found() except NULL
    void py_times_use(void *found)
    bint py_is_date(object)
    bint py_is_exact_date(object)
    bint py_is_datetime(object)
    bint py_is_exact_datetime(object)
    bint py_is_timedelta(object)
    bint py_is_exact_timedelta(object)
    int32_t py_date_read(object)
    int64_t py_datetime_read(object, int32_t *micro)
    PyObject *py_zone(object)
    bint py_is_utc(PyObject *zone)
    int64_t py_timedelta_read(object, int32_t *micro)
    int py_time_count(int64_t seconds, int32_t micro, int64_t per_second, int64_t *count)
    object py_date_make(int64_t days)
    object py_datetime_make(int64_t count, int64_t per_second, bint utc)
    object py_timedelta_make(int64_t count, int64_t per_second)

cdef extern from "Python.h":
    int PyObject_GenericSetAttr(object, object name, object value) except -1

cdef py_lock times_lock  # of what follows
cdef object times = None  # gomap._times, when it is needed
cdef object UUID_CLASS = None, UNKNOWN_SAFETY = None
cdef object numpy_datetime64 = None, numpy_timedelta64 = None
cdef tuple numpy_nanoseconds = None  # their dtypes

# By kind.
cdef int64_t lowest[64]
cdef int64_t highest[64]

cdef int64_t per_second[4]
per_second[0], per_second[1], per_second[2], per_second[3] = 1, 1000, 1000000, 1000000000


cdef inline bint is_time(int kind) noexcept:
    return DATETIME_S <= kind <= DATE


cdef inline int number_kind(int kind) noexcept:
    """As what number the core compares values of this kind: a time is the count that it is stored as."""
    return kind if not is_time(kind) else INT32 if kind == DATE else INT64


cdef inline int unit_of(int kind) noexcept:
    """Its place in per_second; not of a date."""
    return (kind - DATETIME_S) & 3


cdef inline bint in_nanoseconds(int kind) noexcept:
    return DATETIME_S <= kind < DATE and unit_of(kind) == 3


cdef int begin_times(object type) except -1:
    """Imports what the conversions of a type need, before the first of them. When several threads do so at once, what
    the first one has found stays: others may use it already."""
    global times, UUID_CLASS, UNKNOWN_SAFETY, numpy_datetime64, numpy_timedelta64, numpy_nanoseconds
    cdef int kind = type.kind
    cdef int64_t low[64]
    cdef int64_t high[64]
    cdef void *found
    cdef bint begun
    if kind < DATETIME_S:
        return 0
    numpy = arrays.numpy() if in_nanoseconds(kind) else None
    if in_nanoseconds(kind) and numpy is None:
        raise ImportError(f"type {type} needs NumPy, as Python's objects have no nanoseconds; "
                          f"write {type.name.replace('ns', 'us')!r}")
    py_mutex_lock(&times_lock)
    begun = times is not None and not (kind == UUID and UUID_CLASS is None) \
        and not (in_nanoseconds(kind) and numpy_nanoseconds is None)
    py_mutex_unlock(&times_lock)
    if begun:
        return 0
    from . import _times
    found = py_times_found()
    memset(low, 0, sizeof(low))
    memset(high, 0, sizeof(high))
    for each, (least, most) in _times.LIMITS.items():
        low[<int>each], high[<int>each] = least, most
    uuid_class = safety = datetime64 = timedelta64 = nanoseconds = None
    if kind == UUID:
        import uuid
        uuid_class, safety = uuid.UUID, uuid.SafeUUID.unknown
    elif numpy is not None:
        datetime64, timedelta64 = numpy.datetime64, numpy.timedelta64
        nanoseconds = numpy.dtype("datetime64[ns]"), numpy.dtype("timedelta64[ns]")
    py_mutex_lock(&times_lock)
    if times is None:
        py_times_use(found)
        memcpy(lowest, low, sizeof(low))
        memcpy(highest, high, sizeof(high))
        times = _times
    if uuid_class is not None and UUID_CLASS is None:
        UUID_CLASS, UNKNOWN_SAFETY = uuid_class, safety
    if nanoseconds is not None and numpy_nanoseconds is None:
        numpy_datetime64, numpy_timedelta64, numpy_nanoseconds = datetime64, timedelta64, nanoseconds
    py_mutex_unlock(&times_lock)
    return 0


# ---- Python objects to counts and bytes -----------------------------------------------------------

cdef int time_in(Base m, Role role, uint8_t kind, object value, Cell *cell, bint raises) except -1:
    """1, or 0 for a time that the type cannot hold, where that is no error."""
    cdef int64_t seconds
    cdef int32_t micro
    if kind < TIMEDELTA_S:
        if py_is_exact_datetime(value):
            return datetime_in(m, role, kind, value, cell, raises)
    elif kind == UUID:
        return uuid_in(m, role, value, cell)
    elif kind == DATE:
        if py_is_exact_date(value) or (py_is_date(value) and not py_is_datetime(value)):
            cell.i32 = py_date_read(value)
            return 1
    elif py_is_exact_timedelta(value):
        seconds = py_timedelta_read(value, &micro)
        return count_in(m, role, kind, seconds, micro, value, cell, raises)
    return other_time_in(m, role, kind, value, cell, raises)


cdef int datetime_in(Base m, Role role, uint8_t kind, object value, Cell *cell, bint raises) except -1:
    cdef int32_t micro, offset_micro = 0
    cdef int64_t seconds
    cdef PyObject *zone = py_zone(value)
    cdef bint utc = kind >= UTC_S
    if not py_is_utc(zone) or not utc:
        offset = None if <object>zone is None else value.utcoffset()
        if (offset is not None) != utc or not (offset is None or py_is_timedelta(offset)):
            return wrong_time(m, role, kind, value)
    seconds = py_datetime_read(value, &micro)
    if utc and not py_is_utc(zone):
        seconds -= py_timedelta_read(offset, &offset_micro)
        micro -= offset_micro
        if micro < 0:
            micro += 1000000
            seconds -= 1
    return count_in(m, role, kind, seconds, micro, value, cell, raises)


cdef inline int count_in(Base m, Role role, uint8_t kind, int64_t seconds, int32_t micro, object value, Cell *cell,
                         bint raises) except -1:
    cdef int fits = py_time_count(seconds, micro, per_second[unit_of(kind)], &cell.i64)
    if fits == PY_TIME_NOT_WHOLE:
        return unfit_time(m, role, value, f"it is not whole in {times.unit_of(kind)!r}", raises)
    if fits == PY_TIME_OUT_OF_RANGE or not lowest[kind] <= cell.i64 <= highest[kind]:
        return out_of_range(m, role, value, raises)
    return 1


cdef int other_time_in(Base m, Role role, uint8_t kind, object value, Cell *cell, bint raises) except -1:
    """NumPy's times and subclasses of datetime's. pandas' are such, and have nanoseconds and years that their base does
    not show: they are asked for NumPy's."""
    cdef int64_t seconds
    cdef int32_t micro
    if kind < TIMEDELTA_S and py_is_datetime(value):
        if not hasattr(value, "to_datetime64"):
            return datetime_in(m, role, kind, value, cell, raises)
        if value == value and (<object>py_zone(value) is not None and value.utcoffset() is not None) != (kind >= UTC_S):
            return wrong_time(m, role, kind, value)
        scalar = value.to_datetime64()
    elif TIMEDELTA_S <= kind <= TIMEDELTA_NS and py_is_timedelta(value):
        if not hasattr(value, "to_timedelta64"):
            seconds = py_timedelta_read(value, &micro)
            return count_in(m, role, kind, seconds, micro, value, cell, raises)
        scalar = value.to_timedelta64()
    else:
        scalar = value
    if in_nanoseconds(kind) and type(scalar) is (numpy_timedelta64 if kind == TIMEDELTA_NS else numpy_datetime64) \
            and scalar.dtype == numpy_nanoseconds[kind == TIMEDELTA_NS] and py_int64_read(scalar.item(), &cell.i64):
        return 1
    numpy = loaded_library("numpy")
    if numpy is None or not isinstance(scalar, numpy.timedelta64 if TIMEDELTA_S <= kind <= TIMEDELTA_NS
                                       else numpy.datetime64):
        return wrong_time(m, role, kind, value)
    found = times.scalar_count(scalar, Kind(kind))
    if isinstance(found, str):
        return unfit_time(m, role, value, found, raises)
    if not lowest[kind] <= found <= highest[kind]:
        return out_of_range(m, role, value, raises)
    if kind == DATE:
        cell.i32 = found
    else:
        cell.i64 = found
    return 1


cdef int uuid_in(Base m, Role role, object value, Cell *cell) except -1:
    if type(value) is not UUID_CLASS and not isinstance(value, UUID_CLASS):
        return wrong_time(m, role, UUID, value)
    number = value.int
    if py_uint128_read(number, cell.bytes):
        return 1
    if not PyLong_Check(number) or not 0 <= number < 2**128:  # a subclass's
        return wrong_time(m, role, UUID, value)
    memcpy(cell.bytes, PyBytes_AS_STRING(int.to_bytes(number, 16, "big")), 16)
    return 1


cdef int wrong_time(Base m, Role role, uint8_t kind, object value) except -1:
    raise TypeError(f"{role_name(m, role)}: expected {times.expected(Kind(kind))} for type {type_of(m, role)}, "
                    f"got {type(value).__name__} {shown(value)}{times.instead(value, Kind(kind))}")


cdef int unfit_time(Base m, Role role, object value, str reason, bint raises) except -1:
    """0 for a look-up: such a key is absent."""
    if raises:
        raise ValueError(f"{role_name(m, role)}: {type_of(m, role)} cannot hold {shown(value)}: {reason}")
    return 0


# ---- counts and bytes to Python objects -----------------------------------------------------------

cdef object time_out(int kind, const void *at):
    cdef Cell cell
    if kind == DATE:
        memcpy(&cell.i32, at, 4)
        return py_date_make(cell.i32)
    if kind == UUID:
        memcpy(cell.bytes, at, 16)
        return uuid_made(cell.bytes)
    memcpy(&cell.i64, at, 8)
    if in_nanoseconds(kind):
        return numpy_made(kind, cell.i64)
    if kind >= TIMEDELTA_S:
        return py_timedelta_make(cell.i64, per_second[unit_of(kind)])
    return py_datetime_make(cell.i64, per_second[unit_of(kind)], kind >= UTC_S)


cdef object numpy_made(int kind, int64_t count):
    """Stops the collector, which may run any code when an object is made: a key's value is read after the key."""
    cdef bint stopped = py_collector_stop()
    try:
        return (numpy_timedelta64 if kind == TIMEDELTA_NS else numpy_datetime64)(count, "ns")
    finally:
        py_collector_resume(stopped)


cdef object uuid_made(const unsigned char *at):
    """Without UUID.__init__, which takes ten times as long. Stops the collector, as numpy_made."""
    cdef uint64_t high = 0, low = 0
    cdef int i
    for i in range(8):
        high = high << 8 | at[i]
        low = low << 8 | at[8 + i]
    cdef bint stopped = py_collector_stop()
    try:
        made = UUID_CLASS.__new__(UUID_CLASS)
        PyObject_GenericSetAttr(made, "int", (<object>high << 64) | low)
        PyObject_GenericSetAttr(made, "is_safe", UNKNOWN_SAFETY)
    finally:
        py_collector_resume(stopped)
    return made


cdef const void *not_a_time(int kind, Cell *cell) noexcept:
    """What stands in an array for NaT, until it is finished."""
    if kind == DATE:
        cell.i32 = INT32_MIN
    else:
        cell.i64 = INT64_MIN
    return cell


# ---- bytes from outside ---------------------------------------------------------------------------

cdef inline bint in_limits(int kind, const char *at) noexcept:
    cdef int64_t count
    cdef int32_t days
    if kind == DATE:
        memcpy(&days, at, 4)
        count = days
    else:
        memcpy(&count, at, 8)
    return lowest[kind] <= count <= highest[kind]


cdef bint times_hold(Codec codec, const char *at) noexcept:
    """Whether every time in the bytes of a key or value is in the range of its kind."""
    if codec.form != NULL:
        return fields_hold(<Struct>codec.form, at)
    return not is_time(codec.kind) or in_limits(codec.kind, at)


cdef bint fields_hold(Struct struct, const char *at) noexcept:
    cdef FieldCodec *field
    cdef Py_ssize_t i
    for i in range(struct.count if struct.timed else 0):
        field = &struct.fields[i]
        if field.kind == STRUCT:
            if not fields_hold(<Struct>field.form, at + field.offset):
                return False
        elif is_time(field.kind) and not in_limits(field.kind, at + field.offset):
            return False
    return True


def scale_counts(counts, to, times, parts, kind):
    """Converts counts to another unit: each is multiplied by `times` and divided by `parts`. They go from a buffer of int64
    to a buffer of what the kind stores. A count that does not convert exactly becomes the number of NaT.

    :param times: 0 stands for a number that 64 bits do not hold, also in `parts`
    """
    counts, to = memoryview(counts), memoryview(to)
    cdef Py_buffer *source = PyMemoryView_GET_BUFFER(counts)
    counts_scaled(<char *>PyMemoryView_GET_BUFFER(to).buf, <const char *>source.buf, source.len // 8, times, parts, kind)


cdef void counts_scaled(char *to, const char *at, size_t count, int64_t times, int64_t parts, int kind) noexcept:
    cdef int64_t number, most
    cdef int32_t day
    cdef bint is_date = kind == DATE
    cdef size_t i
    most = highest[DATE] if is_date else INT64_MAX
    most = most // times if times else 0
    for i in range(count):
        memcpy(&number, at + 8 * i, 8)
        if times == 0 or parts == 0:
            number = INT64_MIN if number else 0
        elif number == INT64_MIN or number % parts:
            number = INT64_MIN
        else:
            number = number // parts
            number = number * times if -most <= number <= most else INT64_MIN
        if is_date:
            day = <int32_t>number if number >= lowest[DATE] else INT32_MIN
            memcpy(to + 4 * i, &day, 4)
        else:
            memcpy(to + 8 * i, &number, 8)


cdef int column_of_arrow_times(Base m, Role role, Codec codec, gomap_arrow_array *array, str format,
                               Column column) except -1:
    """Arrow's timestamps, dates and durations; behind a null any count may stand."""
    cdef size_t count = array.length, size = 4 if format == "tdD" else 8, i
    cdef const char *data = <const char *>array.buffers[1] + array.offset * size
    cdef int64_t *wide
    cdef int32_t day
    scale = times.arrow_ratio(format, Kind(codec.kind))
    if scale is None:
        return wrong_items(m, role, f"Arrow items of format {format!r}")
    if scale == (1, 1) and size == codec.size:
        return column_of_memory(role, codec, data, count, column)
    if count == 0:
        return own(column, &column.cell, 0)
    if size == 4:
        wide = <int64_t *>room_in(column, 8 * count)
        for i in range(count):
            memcpy(&day, data + 4 * i, 4)
            wide[i] = day
        data = <const char *>wide
    cdef char *to = <char *>room_in(column, codec.size * count)
    counts_scaled(to, data, count, scale[0], scale[1], codec.kind)
    return column_of_memory(role, codec, to, count, column)


cdef bint times_copied(char *to, const char *at, size_t count, int kind) noexcept:
    """Copies a column of times; returns whether all of them are in the range of their kind."""
    cdef int64_t low = lowest[kind], high = highest[kind], time
    cdef int32_t day
    cdef bint hold = True
    cdef size_t i
    if kind == DATE:
        for i in range(count):
            memcpy(&day, at + 4 * i, 4)
            hold &= low <= day <= high
            memcpy(to + 4 * i, &day, 4)
    else:
        for i in range(count):
            memcpy(&time, at + 8 * i, 8)
            hold &= low <= time <= high
            memcpy(to + 8 * i, &time, 8)
    return hold


cdef int check_times(Base m, Role role, Codec codec, object source, int purpose, Column column) except -1:
    """Copies a column of times, or of structs with times, and checks the copy, which nobody else writes to. Keys that are
    looked up may be out of range: they are absent. A NaT is a null where nulls are left out."""
    cdef size_t i, count = column.c.count, size = column.c.size
    cdef char *to = <char *>room_in(column, count * size + 1)
    cdef bint hold = True
    if codec.form == NULL:
        hold = times_copied(to, column.c.at, count, codec.kind)
    else:
        memcpy(to, column.c.at, count * size)
    for i in range(count if codec.form != NULL or not hold else 0):
        if not times_hold(codec, to + i * size) and not (column.c.absent != NULL and column.c.absent[i]):
            if purpose == STORING or purpose == SKIPPING and not arrays.is_nat(arrays.item(source, column.c.begin + i)):
                return refused_time(m, role, codec, source, column.c.begin + i)
            absent_of(column, count)[i] = 1
    if codec.form != NULL:
        for i in range(count):
            gomap_tidied(column.c.tidies, column.c.tidy_count, to + i * size, True)
    column.c.tidy_count = 0
    return own(column, to, count)


cdef int refused_time(Base m, Role role, Codec codec, object source, size_t i) except -1:
    """Raises what storing the item alone raises, with its place in the array."""
    cdef Cell cell
    cdef const void *at
    item = source[i]
    try:
        if hasattr(item, "as_py"):  # Arrow's
            item = item.as_py()
        item_in(m, role, item, &cell, &at, True)
    except (ValueError, OverflowError) as error:
        name, text = role_name(m, role), str(error)
        raise type(error)(f"{plural(role)}[{i}]{text[len(name):]}") from None
    except TypeError:  # rows of bytes
        pass
    raise ValueError(f"{plural(role)}[{i}]: a time in it is out of range for {type_of(m, role)}")
