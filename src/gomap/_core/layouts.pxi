# Types as the core knows them: kinds, codecs, and the layout that the maps and sets of one pair of types share.


cdef enum:  # types.Kind, in the same order
    BOOL
    INT8
    INT16
    INT32
    INT64
    UINT8
    UINT16
    UINT32
    UINT64
    FLOAT32
    FLOAT64
    BYTES
    NOTHING
    STRING
    VARBYTES
    STRUCT
    OBJECT
    DATETIME_S
    DATETIME_MS
    DATETIME_US
    DATETIME_NS
    UTC_S
    UTC_MS
    UTC_US
    UTC_NS
    TIMEDELTA_S
    TIMEDELTA_MS
    TIMEDELTA_US
    TIMEDELTA_NS
    DATE
    UUID

cdef enum Role:  # of a struct's field: twice its place and the struct's role, see Struct.places
    KEY
    VALUE

cdef enum Want:
    KEYS
    VALUES
    ITEMS

cdef struct Codec:  # how one type goes in and out
    uint8_t kind
    uint8_t string  # whether it is of variable length: all of it is one string
    uint8_t timed   # whether it is a time, or a struct with one: not all bytes are such
    uint32_t size
    uint32_t strings  # how many strings it has, which are in the map's own keeping
    PyObject *form  # a Struct, which the layout keeps: its kind is then BYTES, as it is for the core

cdef union Cell:  # room for a converted number
    int8_t i8
    int16_t i16
    int32_t i32
    int64_t i64
    uint8_t u8
    uint16_t u16
    uint32_t u32
    uint64_t u64
    float f32
    double f64
    unsigned char bytes[16]
    gomap_string string
    PyObject *object


@cython.final
cdef class Layout:
    """A pair of types as the core knows it; shared by the maps and sets of that pair, and outlives them."""
    cdef gomap_type type
    cdef object key_type, value_type
    cdef Struct key_struct, value_struct
    cdef Codec key, value
    cdef bint objects  # the key, the value or both are Python's


cdef dict layouts = {}

# The last pair of spellings whose meaning cannot change, and its layout. A program that makes small maps mostly makes
# many of the same types.
cdef object last_key = None, last_value = None
cdef Layout last_layout = None


cdef inline Layout layout_of(object key, object value):
    """From two spellings."""
    if key is last_key and value is last_value and last_layout is not None:
        return last_layout
    return layout_spelt(key, value)


cdef Layout layout_spelt(object key, object value):
    """Remembered by spelling, so that a small map is made quickly."""
    global last_key, last_value, last_layout
    cdef Layout layout = None
    # Types that are equal may differ in name.
    spelling = (key, key.name if isinstance(key, Type) else None, value, value.name if isinstance(value, Type) else None)
    try:
        layout = layouts.get(spelling)
    except TypeError:  # an unhashable spelling: parse says what is wrong with it
        pass
    if layout is None:
        layout = new_layout(key, value)
        if len(layouts) > 500:  # spellings made by a program without end
            layouts.clear()
        layouts[spelling] = layout
    if not PY_FREE_THREADED and is_fixed(key) and is_fixed(value):  # the three are not changed at once
        last_key, last_value, last_layout = key, value, layout
    return layout


cdef bint is_fixed(object spelling):
    """Whether this very object spells the same type always. (A NumPy dtype's fields can be renamed.)"""
    return spelling is None or type(spelling) is str or type(spelling) is type or type(spelling) is Type


cdef Layout new_layout(object key, object value):
    cdef Layout layout
    layout = Layout.__new__(Layout)
    layout.key_type = parse(key, "key")
    layout.value_type = parse(value, "value")
    layout.key_struct = struct_of(layout.key_type)
    layout.value_struct = struct_of(layout.value_type)
    gomap_type_init(&layout.type, core_kind(layout.key_type.kind), layout.key_type.size,
                    layout.value_type.size, value_flags(layout.value_type))
    gomap_type_align(&layout.type, KEY, alignment_of(layout.key_type))
    gomap_type_align(&layout.type, VALUE, alignment_of(layout.value_type))
    if layout.key_struct is not None and layout.key_struct.string_count:
        gomap_type_strings(&layout.type, KEY, layout.key_struct.strings, layout.key_struct.string_count)
    if layout.value_struct is not None and layout.value_struct.string_count:
        gomap_type_strings(&layout.type, VALUE, layout.value_struct.strings, layout.value_struct.string_count)
    layout.key = codec_of(layout.key_type, layout.key_struct, layout.type.key_size)
    layout.value = codec_of(layout.value_type, layout.value_struct, layout.type.value_size)
    layout.objects = layout.key.kind == OBJECT or layout.value.kind == OBJECT
    return layout


cdef int value_flags(object type):
    return (GOMAP_POINTER if type.pointer else 0) | (GOMAP_STRING_VALUE if is_string(type.kind) else 0)


cdef bint is_string(int kind) noexcept:
    return kind == STRING or kind == VARBYTES


cdef Codec codec_of(object type, Struct struct, uint32_t size) except *:
    cdef Codec codec
    codec.size = size
    codec.kind = type.kind
    codec.string = is_string(codec.kind)
    codec.strings = codec.string
    codec.form = NULL
    codec.timed = is_time(codec.kind)
    begin_times(type)
    if struct is not None:
        codec.strings = struct.string_count
        codec.kind = BYTES
        codec.form = <PyObject *>struct
        codec.timed = struct.timed
    return codec


cdef int core_kind(int kind):
    if is_string(kind):
        return GOMAP_STRING
    if kind == OBJECT:
        return GOMAP_OBJECT
    if kind == FLOAT32:
        return GOMAP_FLOAT32
    if kind == FLOAT64:
        return GOMAP_FLOAT64
    if kind == BYTES or kind == STRUCT or kind == UUID:
        return GOMAP_BYTES
    if kind == BOOL or kind == INT8 or kind == UINT8:
        return GOMAP_BITS8
    if kind == INT16 or kind == UINT16:
        return GOMAP_BITS16
    if kind == INT32 or kind == UINT32 or kind == DATE:
        return GOMAP_BITS32
    return GOMAP_BITS64


cdef object NOTHING_TYPE = parse(None)
cdef object BOOL_TYPE = parse(bool)
