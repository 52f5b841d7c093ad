# Operations over whole maps: merging, keeping the larger or smaller, the largest values, deleting what a function
# chooses, and codes.
#
# They read and write as bulk.pxi says: by pieces, without the interpreter's lock, signals looked at in between. Without
# the lock an iteration is never taken beyond its last entry: it would end there, and the map's count of iterators is
# the lock's.

cdef Column column_named(Base m, Role role, object source, str name):
    """A column that errors call by another name than keys or values."""
    cdef str text, usual = plural(role)
    try:
        return column_of(m, role, source, STORING)
    except (TypeError, ValueError, OverflowError) as error:
        text = str(error)
        if type(error) not in (TypeError, ValueError, OverflowError) or not text.startswith(usual):
            raise
        raise type(error)(name + text[len(usual):]) from None


# ---- the larger, the smaller ----------------------------------------------------------------------

cdef int combine_column(BaseMap m, Column keys, Column values, int how) except -1:
    cdef Pieces p = pieces_of(keys.c.count)
    cdef int kind = number_kind(m.value.kind)
    cdef bint filling = False, whole
    cdef gomap *map = fill_begin(m, keys, &filling)
    try:
        while next_piece(&p):
            with nogil:
                whole = did(&p, gomap_column_combine(map, &keys.c, &values.c, kind, how, p.done, p.some))
            if not whole and not go_on(m, VALUE, values) and not go_on(m, KEY, keys):
                raise MemoryError("out of memory")
    except BaseException as error:
        say_done(error, p.done, p.count, "done")
        raise
    finally:
        fill_end(m, map, filling)
    return 0


# ---- merging --------------------------------------------------------------------------------------

cdef dict HOWS = {"last": GOMAP_LAST, "first": GOMAP_FIRST, "add": GOMAP_ADD, "max": GOMAP_MAX, "min": GOMAP_MIN}


cdef int merge_map(BaseMap m, object other, object how) except -1:
    cdef BaseMap source
    cdef int combining
    m.ready_to_write()
    if not isinstance(how, str) or how not in HOWS:
        raise ValueError(f"merge: how: expected 'last', 'first', 'add', 'max' or 'min', got {shown(how)}")
    if not isinstance(other, BaseMap):
        raise TypeError(f"merge: expected a map of the same types, got {type(other).__name__} {shown(other)}; "
                        "update() takes any mapping")
    source = other
    source.ready()
    if not same_types(source.layout, m.layout):
        raise TypeError(f"merge: expected a {m.spelling()}, got a {source.spelling()}; update() converts")
    combining = HOWS[how]
    if combining == GOMAP_ADD:
        check_countable(m, "merge")
    elif combining != GOMAP_LAST and combining != GOMAP_FIRST:
        check_ordered(m, "merge")
    if source is m:
        if combining != GOMAP_ADD:
            return 0
        source = m.cloned()
    if m.objects:
        keys, values = [], []
        for key, value in iterator(source, ITEMS):
            keys.append(key)
            values.append(value)
        return put_objects(m, keys, values, combining)
    return merge_core(m, source, combining)


cdef int merge_core(BaseMap m, BaseMap source, int how) except -1:
    """Sums of integers are looked at before anything changes. While values are added signals wait, as a sum that was
    added cannot be told from one that was not; the other ways may be begun again."""
    cdef gomap_iter reader
    cdef gomap_merging merging
    cdef gomap *map
    cdef Pieces p = pieces_of(0)
    cdef bint filling = False, whole
    memset(&merging, 0, sizeof(merging))
    merging.how = how
    merging.kind = number_kind(m.value.kind)
    map = read_and_write_begin(source, &reader, m)
    try:
        p = pieces_of(reader.map.count)
        p.deaf = how == GOMAP_ADD
        if how == GOMAP_ADD and merging.kind != FLOAT32 and merging.kind != FLOAT64:
            check_sums(m, map, source, &reader, &merging)
        filling = gomap_fills(map)
        if filling:
            with nogil:
                gomap_fill_begin(map, p.count)
        while next_piece(&p):
            with nogil:
                whole = did(&p, gomap_merge_some(map, &reader, &merging, p.some))
            if not whole:
                if reader.map == NULL:  # it came to its end
                    entries_missing(source)
                raise MemoryError("out of memory")
    except BaseException as error:
        say_done(error, p.done, p.count, "merged")
        raise
    finally:
        read_end(source, &reader)
        fill_end(m, map, filling)
    return 0


cdef int check_sums(BaseMap m, gomap *map, BaseMap source, const gomap_iter *begun, gomap_merging *merging) except -1:
    """Refuses sums that the value type cannot hold. It goes over the source, which is held to read already, once more."""
    cdef gomap_iter reader
    cdef Pieces p = pieces_of(begun.map.count)
    begin_again(source, &reader, begun)
    try:
        while merging.key == NULL and next_piece(&p):
            with nogil:
                gomap_merge_fits(map, &reader, merging, p.some)
            did(&p, p.some)
    finally:
        end_iterator(source, &reader)
    if merging.key != NULL:
        was, more = number_out(merging.kind, merging.was), number_out(merging.kind, merging.more)
        raise OverflowError(f"add: {was} + {more} for key {shown(out(source, KEY, merging.key))} is out of range for "
                            f"{m.layout.value_type}")
    return 0


cdef int put_all_of(Base source, Base m) except -1:
    """Every entry of another map of the same types, which are no objects."""
    cdef gomap_iter reader
    cdef gomap_merging merging
    cdef size_t count, done
    cdef bint ended
    memset(&merging, 0, sizeof(merging))
    merging.how = GOMAP_LAST
    merging.kind = m.value.kind
    read_and_write_lock(source, &reader, m)
    count = reader.map.count
    done = gomap_merge_some(m.map, &reader, &merging, count)
    ended = reader.map == NULL
    m.write_unlock()
    read_end(source, &reader)
    if done < count:
        if ended:
            entries_missing(source)
        raise MemoryError()
    return 0


# ---- the largest values ---------------------------------------------------------------------------

cdef list largest_of(BaseMap m, object n):
    """most_common."""
    cdef gomap_iter reader
    cdef gomap *map
    cdef gomap_largest largest
    cdef Pieces p
    cdef size_t i
    cdef list result = []
    m.ready()
    check_countable(m, "most_common")
    if n is not None:
        if PyBool_Check(n) or not PyIndex_Check(n):
            raise TypeError(f"most_common: expected int or None, got {type(n).__name__} {shown(n)}")
        n = PyNumber_Index(n)
    memset(&largest, 0, sizeof(largest))
    largest.kind = m.value.kind
    map = read_begin(m, &reader)
    try:
        largest.room = map.count if n is None or n > map.count else n if n > 0 else 0
        if largest.room == 0:
            return result
        largest.heap = <gomap_ranked *>PyMem_Calloc(largest.room, sizeof(gomap_ranked))
        if largest.heap == NULL:
            raise MemoryError()
        try:
            p = pieces_of(map.count)
            while next_piece(&p):
                with nogil:
                    gomap_largest_take(&largest, &reader, p.some)
                did(&p, p.some)
            with nogil:
                gomap_largest_sort(&largest)
            for i in range(largest.count):
                result.append((out(m, KEY, largest.heap[i].key), out(m, VALUE, largest.heap[i].value)))
        finally:
            PyMem_Free(largest.heap)
    finally:
        read_end(m, &reader)
    return result


# ---- deleting what a function chooses -------------------------------------------------------------

cdef BaseMap bools_read = None  # whose values are bools, as masks are; classes.pxi makes it


cdef size_t delete_chosen(BaseMap m, object predicate) except? 0:
    """Two iterations in one order: the first asks for every entry, the second removes."""
    cdef gomap_iter first, second
    cdef bytearray bits
    cdef size_t chosen, count
    cdef gomap *map = NULL
    cdef PyObject **held = NULL
    if m.image_now() is None:
        m.ready()
    else:
        m.ready_to_write()
    if not callable(predicate):
        raise TypeError(f"delete_where: expected a function of keys and values, got {type(predicate).__name__} "
                        f"{shown(predicate)}")
    memset(&second, 0, sizeof(second))
    count = read_begin(m, &first).count
    try:
        bits = bytearray(count // 8 + 1)
        begin_again(m, &second, &first)
        chosen = choose(m, &first, count, predicate, bits)
        if chosen == 0:
            return 0
        if m.objects:
            held = <PyObject **>PyMem_Calloc(2 * chosen, sizeof(PyObject *))
            if held == NULL:
                raise MemoryError()
        map = read_becomes_write(m, &first, &second)
    finally:
        if map == NULL:
            end_iterator(m, &second)
            read_end(m, &first)
            PyMem_Free(held)
    return erase_chosen(m, map, &second, count, <const unsigned char *>PyByteArray_AS_STRING(bits), held)


cdef size_t choose(BaseMap m, gomap_iter *iter, size_t count, object predicate, bytearray bits) except? 0:
    """Marks the entries that the function chooses; returns how many."""
    cdef Pieces p = pieces_of(count)
    cdef size_t read, part, chosen = 0
    cdef const char *marks
    cdef Column mask
    while next_piece(&p):
        keys, values = piece_out(m, iter, p.some)
        mask = column_named(bools_read, VALUE, predicate(keys, values), "mask")
        if mask.c.count != p.some:
            raise ValueError(f"mask: expected {p.some}, one for each entry, got {mask.c.count}")
        read = 0
        while read < p.some:
            part = gomap_column_read(&mask.c, read, p.some - read, &marks)
            if part == 0:
                go_on(bools_read, VALUE, mask)
            chosen += gomap_entries_mark(<unsigned char *>PyByteArray_AS_STRING(bits), p.done + read, marks, part)
            read += part
        did(&p, p.some)
    return chosen


cdef tuple piece_out(BaseMap m, gomap_iter *iter, size_t count):
    """The keys and the values of the next entries, which there are: arrays, or lists where no array holds such."""
    cdef const void *key
    cdef const void *value
    cdef char *keys_at
    cdef char *values_at
    cdef size_t i
    if is_plain(m.key) and is_plain(m.value):
        keys, values = np_empty(m.layout.key_type, count), np_empty(m.layout.value_type, count)
        keys_view, values_view = memoryview(keys), memoryview(values)
        keys_at = <char *>PyMemoryView_GET_BUFFER(keys_view).buf
        values_at = <char *>PyMemoryView_GET_BUFFER(values_view).buf
        with nogil:
            i = gomap_entries_copy(iter, count, keys_at, values_at)
        if i < count:
            entries_missing(m)
        return finished(m.key, keys, m.layout.key_type), finished(m.value, values, m.layout.value_type)
    keys, values = [], []
    for i in range(count):
        if gomap_iter_next(iter, &key, &value) == 1:
            keys.append(out(m, KEY, key))
            values.append(out(m, VALUE, value))
    return array_of(m, KEY, keys), array_of(m, VALUE, values)


cdef void begin_again(Base m, gomap_iter *again, const gomap_iter *begun) noexcept:
    """A second iteration, in the same order, of a map that is held to read."""
    py_mutex_lock(&m.lock)
    gomap_iter_again(again, begun)
    py_mutex_unlock(&m.lock)


cdef void end_iterator(Base m, gomap_iter *iter) noexcept:
    py_write_lock(&m.lock)  # work that was put off may move entries
    if m.map == NULL:  # it is held to write, which has ended the iterator
        iter.map = NULL
    gomap_iter_end(iter)
    py_write_unlock(&m.lock)


cdef size_t erase_chosen(BaseMap m, gomap *map, gomap_iter *iter, size_t count, const unsigned char *marks,
                         PyObject **held) noexcept:
    """Removes the marked entries, and ends the hold to write. `held` has room for the references of all of them."""
    cdef size_t erased
    if m.objects:
        return erase_chosen_objects(m, map, iter, count, marks, held)
    with nogil:
        erased = gomap_entries_erase(iter, marks, count)
        gomap_iter_end(iter)
    write_end(m, map)
    return erased


cdef size_t erase_chosen_objects(BaseMap m, gomap *map, gomap_iter *iter, size_t count, const unsigned char *marks,
                                 PyObject **held) noexcept:
    """References are dropped last: that may run any code."""
    cdef const void *key
    cdef const void *value
    cdef PyObject *held_key
    cdef PyObject *held_value
    cdef gomap_key again
    cdef size_t i, erased = 0
    for i in range(count):
        if gomap_iter_next(iter, &key, &value) != 1:
            break
        if not gomap_entry_is_marked(marks, i):
            continue
        held_key = py_key_object_at(key) if m.key.kind == OBJECT else NULL
        held_value = py_object_at(value) if m.value.kind == OBJECT else NULL
        if gomap_erase(map, gomap_key_again(map, key, &again)):
            held[2 * erased] = held_value
            held[2 * erased + 1] = held_key
            erased += 1
    gomap_iter_end(iter)
    m.changes += 1
    write_end(m, map)
    for i in range(2 * erased):
        Py_XDECREF(held[i])
    PyMem_Free(held)
    return erased


# ---- codes ----------------------------------------------------------------------------------------

cdef int check_codes(BaseMap m, str operation) except -1:
    m.ready()
    if m.value.kind != INT64:
        raise TypeError(f"{operation}: expected a map with values of type int64, got {m.spelling()}")
    return 0


cdef int no_code(object key, object value) except -1:
    raise ValueError(f"key {shown(key)} has the value {value}, expected a code: the values 0 to len - 1, each once")


cdef object encoded(BaseMap m, object keys, str operation, int purpose):
    """A number for every key: equal keys have the same number, and new keys get the next ones.

    All values are looked at once. While the map has as many entries as encoding left, only those that are met are: a
    value that is larger than a code may be.
    """
    cdef size_t coded, known
    m.ready_to_write()
    check_codes(m, operation)
    items = items_of(m, KEY, keys, purpose) if m.objects else column_of(m, KEY, keys, purpose)
    m.write_lock()
    coded, m.coded = m.coded, 0
    known = m.map.count
    m.write_unlock()
    if coded != known:
        decoded(m, None, True)
    return encode_objects(m, items, purpose) if m.objects else encode_column(m, items)


cdef object encode_column(BaseMap m, Column keys):
    cdef Pieces p = pieces_of(keys.c.count)
    cdef int64_t next
    cdef bint filling = False, whole
    cdef gomap *map
    result = np_empty(m.layout.value_type, keys.c.count)
    view = memoryview(result)
    cdef int64_t *to = <int64_t *>PyMemoryView_GET_BUFFER(view).buf
    map = fill_begin(m, keys, &filling)
    next = map.count
    try:
        while next_piece(&p):
            with nogil:
                whole = did(&p, gomap_column_code(map, &keys.c, to, p.done, p.some))
            if not whole and not go_on(m, KEY, keys):
                code_refused(m, map, keys, p.done)
        m.coded = map.count
    except BaseException:  # NaN keys of a GoMap stay: no look-up finds them
        undo_codes(m, map, keys, to, next, p.done)
        raise
    finally:
        fill_end(m, map, filling)
    return result


cdef int undo_codes(BaseMap m, gomap *map, Column keys, const int64_t *codes, int64_t next, size_t count) except -1:
    cdef size_t done = 0
    while done < count:
        with nogil:
            done = gomap_codes_take_back(map, &keys.c, codes, &next, done, count)
        if done < count:
            go_on(m, KEY, keys)
    return 0


cdef int code_refused(BaseMap m, gomap *map, Column keys, size_t i) except -1:
    """Why key i has no code."""
    cdef const char *key
    cdef const void *value = NULL
    if gomap_column_read(&keys.c, i, 1, &key):
        value = gomap_find(map, key)
    if value == NULL:
        raise MemoryError()
    return no_code(item_of(m, KEY, keys, i, key), number_out(INT64, value))


cdef object encode_objects(BaseMap m, list keys, int purpose):
    cdef size_t i, next, known, logged = 0, count = len(keys)
    cdef int64_t *to
    cdef Changes log = log_of(m, count)
    result = np_empty(m.layout.value_type, count)
    view = memoryview(result)
    to = <int64_t *>PyMemoryView_GET_BUFFER(view).buf
    m.ready_to_write()
    try:
        for i in range(count):
            if purpose == SKIPPING and frames.is_null(keys[i], BYTES):
                to[i] = -1
                continue
            next = m.count()
            put_logged(m, log, keys[i], next, GOMAP_FIRST)
            before = log.before[logged]
            logged += 1
            code = next if before is MISSING else before
            known = m.count()
            if before is MISSING and known != next + 1:
                raise RuntimeError("a key's comparison changed the map while it was numbered")
            if not 0 <= code < known:
                no_code(keys[i], code)
            to[i] = code
            look_at_signals(i)
        m.write_lock()
        m.coded = m.map.count
        m.write_unlock()
    except BaseException:
        take_back(log)
        raise
    return result


cdef object decoded(BaseMap m, Column codes, bint checking=False):
    """The keys of codes; without codes all keys, in the order of their codes. Checking only looks whether all values
    are codes."""
    cdef gomap_iter reader
    cdef gomap_decoding decoding
    cdef Pieces p
    cdef size_t known
    cdef bint whole
    memset(&decoding, 0, sizeof(decoding))
    known = read_begin(m, &reader).count
    try:
        decoding.keys = <const void **>PyMem_Calloc(known + 1, sizeof(void *))
        if decoding.keys == NULL:
            raise MemoryError()
        try:
            p = pieces_of(known)
            while decoding.bad == NULL and next_piece(&p):
                with nogil:
                    whole = did(&p, gomap_codes_find(&reader, &decoding, p.some))
                if not whole and decoding.bad == NULL:
                    entries_missing(m)
            if decoding.bad != NULL:
                no_code(out(m, KEY, decoding.bad), decoding.code)
            if checking:
                return None
            if is_plain(m.key):
                return keys_array(m, decoding.keys, known, codes)
            return keys_list(m, decoding.keys, known, codes)
        finally:
            PyMem_Free(<void *>decoding.keys)
    finally:
        read_end(m, &reader)


cdef int unknown_code(size_t i, int64_t code, size_t known) except -1:
    which = f"codes are 0 to {known - 1}" if known else "the map has none"
    raise IndexError(f"codes[{i}]: {code} is no code of the map: {which}")


cdef object keys_array(BaseMap m, const void **keys, size_t known, Column codes):
    cdef Pieces p = pieces_of(known if codes is None else codes.c.count)
    cdef size_t some, here, size = m.key.size
    cdef const char *piece
    cdef char *to
    result = np_empty(m.layout.key_type, p.count)
    view = memoryview(result)
    to = <char *>PyMemoryView_GET_BUFFER(view).buf
    if codes is None:
        with nogil:
            here = gomap_codes_keys(keys, known, size, NULL, known, to)
        if here < known:
            entries_missing(m)
        return finished(m.key, result, m.layout.key_type)
    while next_piece(&p):
        some = gomap_column_read(&codes.c, p.done, p.some, &piece)
        if some == 0:
            go_on(m, VALUE, codes)
        with nogil:
            here = gomap_codes_keys(keys, known, size, <const int64_t *>piece, some, to + p.done * size)
        did(&p, here)
        if here < some:
            unknown_code(p.done, (<const int64_t *>piece)[here], known)
    return finished(m.key, result, m.layout.key_type)


cdef list keys_list(BaseMap m, const void **keys, size_t known, Column codes):
    """A key that comes often is one object."""
    cdef Pieces p
    cdef size_t some, i
    cdef const char *piece
    cdef int64_t code
    cdef list made, result
    if codes is None:
        return [out(m, KEY, keys[i]) for i in range(known)]
    made = [MISSING] * known
    result = []
    p = pieces_of(codes.c.count)
    while next_piece(&p):
        some = gomap_column_read(&codes.c, p.done, p.some, &piece)
        if some == 0:
            go_on(m, VALUE, codes)
        for i in range(some):
            code = (<const int64_t *>piece)[i]
            if code < 0 or <size_t>code >= known:
                unknown_code(p.done + i, code, known)
            if made[code] is MISSING:
                made[code] = out(m, KEY, keys[code])
            result.append(made[code])
        did(&p, some)
    return result
