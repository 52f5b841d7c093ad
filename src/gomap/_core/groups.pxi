# Values by key, in one array (csrc/groups.h): what gomap.groups makes its groups of.

cdef object UINT32_TYPE = parse("uint32")
cdef object UINT64_TYPE = parse("uint64")


cdef object narrowest(size_t most):
    return UINT32_TYPE if most <= 0xffffffff else UINT64_TYPE


def group_columns(keys, values, key, value):
    """Keys of a type, and values of one, or None for the places of the keys: a map that numbers the keys, where each
    group begins and the last one ends, and the values, group by group."""
    cdef BaseMap numbers = Map(key, UINT32_TYPE), holder = None
    cdef Column column = None, given = None
    cdef list listed = None
    cdef size_t count
    if numbers.objects:
        listed = items_of(numbers, KEY, keys, STORING)
        count = len(listed)
    else:
        column = column_of(numbers, KEY, keys, STORING)
        count = column.c.count
    if values is not None:
        holder = Map(bool, value)
        if not is_plain(holder.value):
            raise TypeError(f"values: expected a type of fixed size, as arrays hold, got {holder.layout.value_type}; "
                            "group the places of the keys instead, which is the default, and take the values by these")
        given = column_of(holder, VALUE, values, STORING)
        if given.c.count != count:
            raise ValueError(f"values: expected {count}, one for each key, got {given.c.count}")
    cdef bytes room = PyBytes_FromStringAndSize(NULL, count * sizeof(uint32_t))
    cdef uint32_t *number = <uint32_t *>PyBytes_AS_STRING(room)
    if numbers.objects:
        number_objects(numbers, listed, number)
    else:
        number_column(numbers, column, number)
        column = None  # what it keeps is not needed any more
    gomap_compact(numbers.map)
    return placed(numbers, number, count, holder, given)


cdef int number_column(BaseMap numbers, Column keys, uint32_t *to) except -1:
    cdef Pieces p = pieces_of(keys.c.count)
    cdef bint filling = False, whole
    cdef gomap *map = fill_begin(numbers, keys, &filling)
    try:
        while next_piece(&p):
            with nogil:
                whole = did(&p, gomap_column_number(map, &keys.c, to, p.done, p.some))
            if not whole and not go_on(numbers, KEY, keys):
                raise MemoryError()
    finally:
        fill_end(numbers, map, filling)
    return 0


cdef int number_objects(BaseMap numbers, list keys, uint32_t *to) except -1:
    cdef size_t i
    for i in range(<size_t>len(keys)):
        to[i] = numbers.setdefault(keys[i], numbers.map.count)
        look_at_signals(i)
    return 0


cdef tuple placed(BaseMap numbers, const uint32_t *number, size_t count, BaseMap holder, Column given):
    cdef size_t groups = numbers.map.count
    cdef Pieces p = pieces_of(count)
    cdef bint whole
    offset_type = narrowest(count)
    value_type = narrowest(count) if given is None else holder.layout.value_type
    offsets, values = np_empty(offset_type, groups + 1), np_empty(value_type, count)
    offsets_view, values_view = memoryview(offsets), memoryview(values)
    cdef void *at = PyMemoryView_GET_BUFFER(offsets_view).buf
    cdef char *to = <char *>PyMemoryView_GET_BUFFER(values_view).buf
    cdef int width = offset_type.size
    cdef size_t size = value_type.size
    memset(at, 0, (groups + 1) * width)
    while next_piece(&p):
        with nogil:
            gomap_groups_count(at, width, number + p.done, p.some)
        did(&p, p.some)
    gomap_groups_lay_out(at, width, groups)
    p = pieces_of(count)
    while next_piece(&p):
        with nogil:
            whole = did(&p, gomap_groups_place(at, width, number, NULL if given is None else &given.c, size, to, p.done,
                                               p.some))
        if not whole:
            go_on(holder, VALUE, given)
    gomap_groups_finish(at, width, groups)
    return numbers, offsets, values


def gather_groups(BaseMap numbers, keys, offsets, values, type):
    """The values of many keys, one group behind another, and where each of these begins and the last one ends."""
    cdef size_t count, size = type.size, groups
    number = numbers.get_many(keys, default=0xffffffff)  # which no group has
    offsets_view, values_view, number_view = memoryview(offsets), memoryview(values), memoryview(number)
    cdef int width = offsets_view.itemsize
    cdef const void *at = PyMemoryView_GET_BUFFER(offsets_view).buf
    cdef const char *source = <const char *>PyMemoryView_GET_BUFFER(values_view).buf
    cdef const uint32_t *number_at = <const uint32_t *>PyMemoryView_GET_BUFFER(number_view).buf
    count, groups = len(number_view), len(offsets_view) - 1
    begins = np_empty(UINT64_TYPE, count + 1)
    begins_view = memoryview(begins)
    cdef uint64_t *begin = <uint64_t *>PyMemoryView_GET_BUFFER(begins_view).buf
    with nogil:
        gomap_groups_measure(at, width, groups, number_at, count, begin)
    gathered = np_empty(type, begin[count])
    gathered_view = memoryview(gathered)
    cdef char *to = <char *>PyMemoryView_GET_BUFFER(gathered_view).buf
    with nogil:
        gomap_groups_gather(at, width, groups, source, size, number_at, count, to)
    return gathered, begins


def keys_in_order(BaseMap numbers):
    """The keys of a map that numbers them, in the order of the numbers: an array, or a list where none holds such."""
    return decoded(numbers, None)
