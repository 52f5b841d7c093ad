# What pickles call.

def _restore(cls, key, value, count, packed, byteorder):
    """A pickled map or set: its entries' bytes, key and value in turn, in the pickling machine's byte order."""
    cdef Base made
    cdef Layout layout = layout_of(key, value)
    cdef size_t key_size = layout.type.key_size, value_size = layout.type.value_size, i
    cdef const char *at
    cdef int added
    if layout.objects or layout.key.strings or layout.value.strings:
        raise ValueError(f"pickled {cls.__name__}: {layout.key_type} and {layout.value_type} are not packed so")
    if type(count) is not int or not PyBytes_Check(packed) or byteorder not in ("little", "big") \
            or not 0 <= count <= (2**48 if key_size else 1) or len(packed) != count * (key_size + value_size):
        raise ValueError(f"pickled {cls.__name__}: {shown(count)} entries do not fit the bytes that hold them")
    if byteorder != sys.byteorder:
        packed = swapped(packed, layout)
    made = pickled_empty(cls, layout, count)
    at = PyBytes_AS_STRING(packed)
    for i in range(<size_t>count):
        if (made.key.kind == BOOL and at[0] & 0xfe) or (made.value.kind == BOOL and at[key_size] & 0xfe):
            raise ValueError(f"pickled {cls.__name__}: a bool that is neither 0 nor 1")
        if (layout.key_struct is not None and not intact(layout.key_struct, at, True)) \
                or (layout.value_struct is not None and not intact(layout.value_struct, at + key_size, False)):
            raise ValueError(f"pickled {cls.__name__}: a struct with a bool that is neither 0 nor 1, with padding "
                             "that is not zero, or with a float that is no key's")
        if not times_hold(layout.key, at) or not times_hold(layout.value, at + key_size):
            raise ValueError(f"pickled {cls.__name__}: a time that is out of its type's range")
        room = gomap_assign(made.map, at, &added)
        if room == NULL:
            raise MemoryError()
        if not added:
            raise ValueError(f"pickled {cls.__name__}: one key twice")
        memcpy(room, at + key_size, value_size)
        at += key_size + value_size
    return made


def _restore_empty(cls, key, value):
    """A pickled map of strings or objects, to which pickle adds the entries."""
    return pickled_empty(cls, layout_of(key, value), 0)


def _restore_elements(cls, key, value, elements):
    """A pickled set of strings or objects."""
    cdef Base made = pickled_empty(cls, layout_of(key, value), 0)
    made.update_from(elements)
    return made


cdef int check_pickled_class(object cls) except -1:
    if not isinstance(cls, type) or not issubclass(cls, PLAIN_CLASSES):
        raise TypeError(f"pickled map: expected a class of gomap's, got {shown(cls)}")
    return 0


cdef Base pickled_empty(object cls, Layout layout, size_t hint):
    """One of a class that a pickle names, with types that such a class can have."""
    check_pickled_class(cls)
    if issubclass(cls, Set) and layout.value_type != NOTHING_TYPE:
        raise ValueError(f"pickled {cls.__name__}: a set has no values, got {layout.value_type}")
    return made_empty(cls, layout, hint)


cdef bytes swapped(bytes packed, Layout layout):
    """The entries with their numbers' bytes in the other order."""
    cdef bytearray turned = bytearray(packed)
    cdef Py_ssize_t entry = layout.key_type.size + layout.value_type.size, start
    for offset, size in numbers(layout.key_type, 0) + numbers(layout.value_type, layout.key_type.size):
        for start in range(offset, len(turned), entry):
            turned[start:start + size] = turned[start:start + size][::-1]
    return bytes(turned)


cdef list numbers(object type, offset):
    """The offset and size of each number of more than one byte in a key or value that begins at `offset`."""
    if type.kind == STRUCT:
        return [number for field in type.fields for number in numbers(field.type, offset + field.offset)]
    return [(offset, type.size)] if type.kind not in (BYTES, UUID) and type.size > 1 else []
