# Converts every kind of key and value from Python objects to bytes and back, and says what is wrong with an object of
# another type. (times.pxi and structs.pxi do so for theirs, columns.pxi for arrays.) A conversion that fails has
# changed nothing. A conversion that may run Python code is done before the core is entered.


# ---- Python objects to bytes ----------------------------------------------------------------------

cdef str shown(object value, bint quiet=True):
    """A value for an error message, short whatever it is; quiet about what goes wrong."""
    if PyLong_Check(value) and not PyBool_Check(value) and value.bit_length() > 256:
        return f"an int of {value.bit_length()} bits"
    if isinstance(value, (str, bytes, bytearray)) and len(value) > 60:
        value = value[:60]
    try:
        text = repr(value)
    except Exception:  # whatever it is, the error to report is another
        if not quiet:
            raise
        return "(its repr fails)"
    return text if len(text) <= 60 else text[:57] + "..."


cdef object type_of(Base m, Role role):
    if role > VALUE:
        return place_of(m, role)[1]
    return m.layout.key_type if role == KEY else m.layout.value_type


cdef tuple place_of(Base m, Role role):
    cdef Struct struct = m.layout.value_struct if role & VALUE else m.layout.key_struct
    return struct.places[role >> 1]


cdef str role_name(Base m, Role role):
    name = "value" if role & VALUE else "key"
    return f"{name}: field {place_of(m, role)[0]!r}" if role > VALUE else name


cdef int wrong_type(Base m, Role role, str expected, object got) except -1:
    raise TypeError(f"{role_name(m, role)}: expected {expected} for type {type_of(m, role)}, "
                    f"got {type(got).__name__} {shown(got)}")


cdef int out_of_range(Base m, Role role, object value, bint raises) except -1:
    """0 for a look-up: such a key is absent."""
    if not raises:
        return 0
    kind = type_of(m, role)
    bits = 8 * kind.size
    if kind.kind == FLOAT32 or kind.kind == FLOAT64:
        limits = "it cannot hold this int exactly; to round it, pass a float" if PyLong_Check(value) else \
            "largest is 3.4028235e+38"
    elif is_time(kind.kind):
        limits = times.RANGES[kind.kind]
    elif kind.kind >= UINT8:
        limits = f"0 to {2**bits - 1}"
    else:
        limits = f"{-2**(bits - 1)} to {2**(bits - 1) - 1}"
    raise OverflowError(f"{role_name(m, role)}: {shown(value)} is out of range for {kind} ({limits})")


cdef int int_in(Base m, Role role, uint8_t kind, object value, Cell *cell, bint raises) except -1:
    cdef int64_t signed
    cdef uint64_t unsigned
    cdef int overflow
    if kind == UINT64:
        if py_uint64_read(value, &cell.u64):
            return 1
    elif py_int64_read(value, &signed):
        return int_fits(m, role, kind, signed, value, cell, raises)
    # Not exactly an int, or a long one.
    if arrays.is_scalar(value):
        return int_in(m, role, kind, value[()], cell, raises)
    if PyBool_Check(value) or not PyIndex_Check(value):
        return wrong_type(m, role, "int", value)
    if not PyLong_Check(value):
        value = PyNumber_Index(value)
    if kind == UINT64:
        if value < 0 or value > 0xffffffffffffffff:
            return out_of_range(m, role, value, raises)
        cell.u64 = PyLong_AsUnsignedLongLong(value)
        return 1
    signed = PyLong_AsLongLongAndOverflow(value, &overflow)
    if overflow:
        return out_of_range(m, role, value, raises)
    return int_fits(m, role, kind, signed, value, cell, raises)


cdef inline int int_fits(Base m, Role role, uint8_t kind, int64_t signed, object value, Cell *cell,
                         bint raises) except -1:
    if kind == INT64:
        cell.i64 = signed
    elif kind == INT32 and -0x80000000 <= signed <= 0x7fffffff:
        cell.i32 = <int32_t>signed
    elif kind == UINT32 and 0 <= signed <= 0xffffffff:
        cell.u32 = <uint32_t>signed
    elif kind == INT16 and -0x8000 <= signed <= 0x7fff:
        cell.i16 = <int16_t>signed
    elif kind == UINT16 and 0 <= signed <= 0xffff:
        cell.u16 = <uint16_t>signed
    elif kind == INT8 and -0x80 <= signed <= 0x7f:
        cell.i8 = <int8_t>signed
    elif kind == UINT8 and 0 <= signed <= 0xff:
        cell.u8 = <uint8_t>signed
    else:
        return out_of_range(m, role, value, raises)
    return 1


cdef int float_in(Base m, Role role, uint8_t kind, object value, Cell *cell, bint raises) except -1:
    cdef double number
    if PyFloat_Check(value):
        number = PyFloat_AS_DOUBLE(value)
    elif PyBool_Check(value):
        return wrong_type(m, role, "float", value)
    elif arrays.is_scalar(value):
        return float_in(m, role, kind, value[()], cell, raises)
    elif PyLong_Check(value) or PyIndex_Check(value):
        value = PyNumber_Index(value)
        try:
            exact = float(value)
        except OverflowError:
            return out_of_range(m, role, value, raises)
        if exact != value:
            return out_of_range(m, role, value, raises)
        number = exact
        if kind == FLOAT32 and <double><float>number != number:
            return out_of_range(m, role, value, raises)
    else:
        # Other floats, such as NumPy's; no Decimal, no Fraction.
        if not isinstance(value, Real) or isinstance(value, Rational):
            return wrong_type(m, role, "float", value)
        number = PyNumber_Float(value)
    if kind == FLOAT64:
        cell.f64 = number
        return 1
    cell.f32 = <float>number
    if isfinite(number) and not isfinite(cell.f32):
        return out_of_range(m, role, value, raises)
    return 1


cdef int bool_in(Base m, Role role, object value, Cell *cell) except -1:
    if not PyBool_Check(value):
        if arrays.is_scalar(value):
            return bool_in(m, role, value[()], cell)
        if type(value).__name__ not in ("bool", "bool_"):  # NumPy's
            return wrong_type(m, role, "bool", value)
        value = bool(value)
    cell.u8 = value is True
    return 1


cdef int number_in(Base m, Role role, uint8_t kind, object value, Cell *cell, bint raises) except -1:
    if kind >= DATETIME_S:
        return time_in(m, role, kind, value, cell, raises)
    if kind == FLOAT32 or kind == FLOAT64:
        return float_in(m, role, kind, value, cell, raises)
    if kind == BOOL:
        return bool_in(m, role, value, cell)
    if kind == NOTHING:
        return 1 if value is None else wrong_type(m, role, "None", value)
    return int_in(m, role, kind, value, cell, raises)


cdef object pack_bytes(Base m, Role role, object value):
    """A bytes-like object as bytes."""
    cdef Py_buffer view
    if PyBytes_Check(value):
        return value
    if not isinstance(value, (bytearray, memoryview)):
        if arrays.is_scalar(value):
            return pack_bytes(m, role, value[()])
        wrong_type(m, role, "bytes", value)
    PyObject_GetBuffer(value, &view, PyBUF_SIMPLE)
    try:
        if view.itemsize != 1:
            raise TypeError(f"{role_name(m, role)}: expected bytes for type {type_of(m, role)}, got a memoryview "
                            f"with items of {view.itemsize} bytes; write view.tobytes()")
        return PyBytes_FromStringAndSize(<char *>view.buf, view.len)
    finally:
        PyBuffer_Release(&view)


cdef object pack_text(Base m, Role role, object value):
    """The object that holds a str's bytes: bytes, or a str that is its own UTF-8. Lone surrogates are allowed."""
    if py_is_ascii(value):
        return value
    if not PyUnicode_Check(value):
        if arrays.is_scalar(value):
            return pack_text(m, role, value[()])
        wrong_type(m, role, "str", value)
    return PyUnicode_AsEncodedString(value, "utf-8", "surrogatepass")


cdef inline object key_in(Base m, object key, Cell *cell, const void **at, bint raises):
    """Sets `at` to the address that the core takes for a key of any type but objects. A key of a wrong type is an error;
    for one that the type cannot hold `at` is NULL, or with `raises` it is an error too.

    Returns the object that the address may lead into; the caller keeps it until the core was called. Any code may have
    run meanwhile, in this thread and in others: after it, look whether the map is ready().
    """
    at[0] = cell
    if m.key.kind == INT64 and py_int64_read(key, &cell.i64):
        return key
    return item_in(m, KEY, key, cell, at, raises)


cdef inline object value_in(Base m, object value, Cell *cell, const void **at):
    """key_in for a value, which the type has to hold."""
    at[0] = cell
    if m.value.kind == INT64 and py_int64_read(value, &cell.i64):
        return value
    return item_in(m, VALUE, value, cell, at, True)


cdef inline void string_of(uint8_t kind, object packed, gomap_string *string) noexcept:
    """What the core takes for a packed str or bytes."""
    if kind == STRING and PyUnicode_Check(packed):
        string.at = PyUnicode_DATA(packed)
        string.length = PyUnicode_GET_LENGTH(packed)
    else:
        string.at = PyBytes_AS_STRING(packed)
        string.length = PyBytes_GET_SIZE(packed)


cdef object item_in(Base m, Role role, object item, Cell *cell, const void **at, bint raises):
    """The same by role, out of line: gcc inlines the two above only while they are small, and a look-up then takes 20
    instructions less."""
    cdef const Codec *codec = &m.key if role == KEY else &m.value
    at[0] = cell
    if codec.kind == STRING:
        packed = item if py_is_ascii(item) else pack_text(m, role, item)
        string_of(STRING, packed, &cell.string)
        return packed
    if codec.kind == VARBYTES:
        packed = item if PyBytes_Check(item) else pack_bytes(m, role, item)
        string_of(VARBYTES, packed, &cell.string)
        return packed
    if codec.form != NULL:
        packed = pack_struct(m, role, <Struct>codec.form, item, raises)
        at[0] = NULL if packed is None else PyBytes_AS_STRING(packed)
        return packed
    if codec.kind == BYTES:
        packed = item if PyBytes_Check(item) else pack_bytes(m, role, item)
        if PyBytes_GET_SIZE(packed) != codec.size:
            wrong_length(m, role, packed)
        at[0] = PyBytes_AS_STRING(packed)
        return packed
    if codec.kind == FLOAT64 and PyFloat_Check(item):
        cell.f64 = PyFloat_AS_DOUBLE(item)
    elif codec.kind == OBJECT:  # a value: keys are found otherwise
        cell.object = <PyObject *>item
    elif not number_in(m, role, codec.kind, item, cell, raises):
        at[0] = NULL
    return item


cdef int wrong_length(Base m, Role role, bytes value) except -1:
    raise ValueError(f"{role_name(m, role)}: expected {type_of(m, role).size} bytes for type {type_of(m, role)}, "
                     f"got {len(value)}")


# ---- bytes to Python objects ----------------------------------------------------------------------

cdef object number_out(uint8_t kind, const void *at):
    cdef Cell cell
    if kind == INT64:
        memcpy(&cell.i64, at, 8)
        return py_int64_make(cell.i64)
    if kind == UINT64:
        memcpy(&cell.u64, at, 8)
        return PyLong_FromUnsignedLongLong(cell.u64)
    if kind == FLOAT64:
        memcpy(&cell.f64, at, 8)
        return PyFloat_FromDouble(cell.f64)
    if kind == FLOAT32:
        memcpy(&cell.f32, at, 4)
        return PyFloat_FromDouble(cell.f32)
    if kind == INT32:
        memcpy(&cell.i32, at, 4)
        return py_int64_make(cell.i32)
    if kind == UINT32:
        memcpy(&cell.u32, at, 4)
        return py_int64_make(cell.u32)
    if kind == INT16:
        memcpy(&cell.i16, at, 2)
        return py_int64_make(cell.i16)
    if kind == UINT16:
        memcpy(&cell.u16, at, 2)
        return py_int64_make(cell.u16)
    if kind == NOTHING:
        return None
    if kind >= DATETIME_S:
        return time_out(kind, at)
    memcpy(&cell.u8, at, 1)
    if kind == BOOL:
        return True if cell.u8 else False
    if kind == INT8:
        return py_int64_make(cell.i8)
    return py_int64_make(cell.u8)


cdef inline object out(Base m, Role role, const void *at):
    cdef Codec codec = m.key if role == KEY else m.value
    cdef int64_t word
    if codec.kind == INT64:
        memcpy(&word, at, 8)
        return py_int64_make(word)
    if codec.kind == BYTES:
        if codec.form != NULL:
            return unpack_struct(m, role, <Struct>codec.form, <const char *>at)
        return PyBytes_FromStringAndSize(<const char *>at, codec.size)
    return other_out(m, role, codec, at)


cdef object string_out(Base m, Role role, uint8_t kind, const void *at):
    """A string of an entry."""
    cdef gomap_string string = gomap_string_at(m.map, role, at)
    if kind == STRING:
        return py_text_make(string.at, string.length)
    return PyBytes_FromStringAndSize(<const char *>string.at, string.length)


cdef object other_out(Base m, Role role, Codec codec, const void *at):
    cdef PyObject *held
    if codec.string:
        return string_out(m, role, codec.kind, at)
    if codec.kind == OBJECT:
        held = py_key_object_at(at) if role == KEY else py_object_at(at)
        return None if held == NULL else <object>held
    return number_out(codec.kind, at)


cdef inline void store(void *room, const void *at, uint32_t size) noexcept:
    if size == 8:
        memcpy(room, at, 8)
    else:
        memcpy(room, at, size)
