# Whole arrays at a time: columns in, one call of the core without the interpreter's lock, arrays out.
#
#     keys, values  ->  Column: where they stand, and what keeps them; the core reads each item once
#     write_begin   ->  the interpreter's lock is released around pieces of 2^16 keys; between them signals are looked at
#     write_end         so that Ctrl-C ends it with the map valid; read_begin and read_end likewise
#
# While an array is written into a map, it is held to write; while one is read from it, it is held to read (locks.pxi).

cdef object np_empty = arrays.empty


# ---- beginning and ending -------------------------------------------------------------------------

cdef gomap *fill_begin(Base m, Column keys, bint *filling, bint by_threads=False) except NULL:
    """write_begin for keys that are put in: an empty map is laid out for them."""
    cdef gomap *map
    cdef gomap_sampled sampled
    if keys.c.form == GOMAP_C_WINDOW:  # the core could not look at any key
        sampled.drawn = 0
        if keys.c.count > PIECE:
            sampled.drawn, sampled.distinct, sampled.once, sampled.twice = frames.sample(keys.items)
        map = write_begin(m)
        filling[0] = gomap_fills(map)
        if filling[0]:
            gomap_fill_begin(map, gomap_expected(keys.c.count, &sampled) if sampled.drawn else keys.c.count)
        return map
    map = write_begin(m)
    with nogil:
        if by_threads:
            filling[0] = gomap_fills(map)
            if filling[0]:
                gomap_shared_fill(map, gomap_column_expected(map, &keys.c))
        else:
            filling[0] = gomap_column_fill(map, &keys.c)
    return map


cdef void fill_end(Base m, gomap *map, bint filling, bint by_threads=False) noexcept:
    if filling:
        with nogil:
            if by_threads:
                gomap_shared_filled(map)
            else:
                gomap_fill_end(map)
    write_end(m, map)


cdef int say_done(object error, size_t done, size_t count, str what) except -1:
    """Adds to the error that ended an operation half-way how far the operation came: error.done, and a note."""
    try:
        error.done = done
        if done:
            error.add_note(f"{done:,} of {count:,} keys were {what} before")
    except Exception:  # a signal's handler may raise what takes no attribute
        pass
    return 0


cdef object missing_keys(object first, size_t missing, size_t count):
    """The error for keys that are not there."""
    if missing == 1:
        return KeyError(first)
    return KeyError(f"{first!r} and {missing - 1} more of {count} keys are not in the map")


cdef object item_of(Base m, Role role, Column column, size_t i, const char *at):
    """Item i of a column, which stands in a piece, as Python has it."""
    cdef Codec codec = m.key if role == KEY else m.value
    cdef gomap_string *string
    if column.c.absent != NULL and column.c.absent[i]:
        return arrays.item(column.kept, i)  # None for a null
    if isinstance(column.kept, tuple):
        return column.kept[i]
    if codec.string:
        string = <gomap_string *>at
        if codec.kind == STRING:
            return py_text_make(string.at, string.length)
        return PyBytes_FromStringAndSize(<const char *>string.at, string.length)
    return out(m, role, at)


cdef list items_in(Base m, Role role, Column column, bint nulls):
    """Every item of a column as Python has it. What is null, or no key of the type, is None, or left out."""
    cdef const char *piece
    cdef size_t done = 0, some, i
    cdef list items = []
    while done < column.c.count:
        some = gomap_column_read(&column.c, done, min(column.c.count - done, <size_t>FOUND), &piece)
        if some == 0:
            go_on(m, role, column)
        for i in range(some):
            if column.c.absent == NULL or not column.c.absent[done + i]:
                items.append(item_of(m, role, column, done + i, piece + i * column.c.size))
            elif nulls:
                items.append(None)
        done += some
    return items


cdef list items_of(Base m, Role role, object source, int purpose):
    """The items of a column as a list; an item that cannot be stored raises. Skipping, None stands for a null."""
    cdef list items
    if (m.key if role == KEY else m.value).kind == OBJECT:
        items = frames.listed(source, plural(role))
        if role == KEY:
            for item in items:
                hash(item)
        return items
    if role == VALUE and m.value.kind == NOTHING:
        items = frames.listed(source, plural(role))
        for item in items:
            if item is not None:
                wrong_type(m, role, "None", item)
        return items
    return items_in(m, role, column_of(m, role, source, purpose), True)


# ---- reading --------------------------------------------------------------------------------------

cdef struct Look:  # what a thread looks up: items `begin` to `end` of the keys
    const gomap *map
    gomap_column *keys
    unsigned char *to        # contains_many's
    gomap_getting getting    # get_many's
    void *owner              # the map in Python, which a cache's look-ups use
    size_t begin, end


cdef void look_contains(void *at) noexcept nogil:
    cdef Look *look = <Look *>at
    look.begin += gomap_column_contains(look.map, look.keys, look.to, look.begin, look.end - look.begin)


cdef void look_get(void *at) noexcept nogil:
    """A cache's look-ups are uses, which write to it and may let entries go. They hold the interpreter's lock, or the
    cache's, so that a cache need not refuse other threads meanwhile."""
    cdef Look *look = <Look *>at
    cdef size_t most = look.end - look.begin
    if look.getting.finder == NULL:
        look.begin += gomap_column_get(look.map, look.keys, &look.getting, look.begin, most)
        return
    with gil:
        (<BaseMap>look.owner).find_begin()
        look.begin += gomap_column_get(look.map, look.keys, &look.getting, look.begin, most)
        (<BaseMap>look.owner).find_end()


cdef Column column_again(Column column):
    """The same items, for another thread to read, in pieces of its own."""
    cdef Column again = Column.__new__(Column)
    cdef size_t bytes = column.c.part_count * sizeof(gomap_column)
    again.views.append(column)
    again.kept = column.kept
    again.c = column.c
    if bytes:
        again.c.parts = <gomap_column *>room_in(again, bytes)
        memcpy(again.c.parts, column.c.parts, bytes)
    if column.c.form != GOMAP_C_OWN:
        begin_pieces(again)
    return again


cdef object look_up(Base m, Column column, Look *first, Work work, int threads):
    """Looks up all keys of a column. With getting.stop it returns the first that is missing, as Python has it; how many
    are is in first.getting.lost.

    Threads share each piece, which is so many times larger. Where one of them stopped, this thread says why, and then
    they go on.
    """
    cdef gomap_iter reader
    cdef Team team
    cdef Look *looks = first
    cdef Column own = column
    cdef list columns = None
    cdef Pieces p = pieces_of(column.c.count)
    cdef bint whole
    cdef int i
    threads = 1 if column.c.form == GOMAP_C_WINDOW else threads_for(threads, p.count)
    first.keys = &column.c
    if threads > 1:
        columns = [column] + [column_again(column) for i in range(threads - 1)]
        looks = <Look *>room_in(column, threads * sizeof(Look))
        for i in range(threads):
            own = columns[i]
            looks[i] = first[0]
            looks[i].keys = &own.c
        p.most *= LOOK_PIECES * threads
    missing = None
    first.map = read_begin(m, &reader)
    team_begin(&team, threads)
    try:
        while next_piece(&p):
            for i in range(threads):
                looks[i].map = first.map
                looks[i].begin = p.done + p.some * i // threads
                looks[i].end = p.done + p.some * (i + 1) // threads
            whole = False
            while not whole:
                with nogil:
                    team_work(&team, work, looks, sizeof(Look))
                whole = True
                for i in range(threads):
                    if columns is not None:
                        own = columns[i]
                    if looks[i].getting.lost and looks[i].getting.stop:  # its piece is still there
                        if missing is None:
                            missing = (item_of(m, KEY, own, looks[i].getting.first_at, looks[i].getting.first),)
                    elif looks[i].begin < looks[i].end:
                        go_on(m, KEY, own)
                    whole = whole and looks[i].begin == looks[i].end
                for i in range(threads):
                    looks[i].getting.stop = looks[i].getting.stop and missing is None
            p.done += p.some
    finally:
        team_end(&team)
        read_end(m, &reader)
    for i in range(1, threads):
        looks[0].getting.lost += looks[i].getting.lost
    first.getting.lost = looks[0].getting.lost
    return missing


cdef object held_of(Base m, object keys, object threads_=1):
    """Which of the keys are there: an array of bools."""
    cdef Column column
    cdef Look look
    cdef int threads = threads_of(threads_)
    m.ready()
    if m.key.kind == OBJECT:
        return bools([m.has(key) for key in frames.listed(keys, "keys")])
    column = column_of(m, KEY, keys, LOOKING)
    result = np_empty(BOOL_TYPE, column.c.count)
    view = memoryview(result)
    memset(&look, 0, sizeof(look))
    look.to = <unsigned char *>PyMemoryView_GET_BUFFER(view).buf
    look_up(m, column, &look, look_contains, threads)
    return result


cdef object bools(list found):
    result = np_empty(BOOL_TYPE, len(found))
    memoryview(result).cast("B")[:] = bytes(found)
    return result


cdef object values_for(BaseMap m, object keys, object default, object into, object missing_, object arrow,
                       object threads_=1):
    """get_many."""
    cdef Column column
    cdef Cell cell
    cdef const void *missing = NULL
    cdef Look look
    cdef gomap_getting *getting = &look.getting
    cdef bint nulls = missing_ is not None
    cdef bytearray marks = None
    cdef int threads = threads_of(threads_)
    m.ready()
    if nulls and (missing_ != "null" or default is not MISSING or into is not None):
        raise ValueError(f"missing: expected \"null\", got {shown(missing_)}" if missing_ != "null" else
                         "missing: expected neither default= nor out= beside it; leave out one or the other")
    if wants_arrow(m, m.value, True if nulls else arrow, keys):
        if into is not None:
            raise TypeError("out: a result as Arrow data goes into no array")
        if m.value.string:
            return texts_for(m, keys, default, nulls)
    if m.objects or not is_plain(m.value):
        if into is not None:
            raise TypeError(f"out: a {m.spelling()} cannot write its values to an array; call without out=")
        return listed_for(m, keys, default)
    column = column_of(m, KEY, keys, LOOKING)
    if default is not MISSING:
        if is_time(m.value.kind) and arrays.is_nat(default):
            missing = not_a_time(m.value.kind, &cell)
        else:
            kept = value_in(m, default, &cell, &missing)
    given = None
    if into is not None and m.value.timed and arrays.numpy() is not None:  # NumPy's times have no buffer
        arrays.check_times_out(into, m.layout.value_type, column.c.count)
        given, into = into, None
    result = np_empty(m.layout.value_type, column.c.count) if into is None else into
    view = memoryview(result) if into is None else result_view(m, into, column)
    memset(&look, 0, sizeof(look))
    look.owner = <void *>m
    getting.finder = m.finder()
    getting.to = <char *>PyMemoryView_GET_BUFFER(view).buf
    getting.size = m.value.size
    getting.missing = <const char *>missing
    getting.stop = missing == NULL and not nulls
    if nulls:
        memset(getting.to, 0, column.c.count * m.value.size)
        marks = bytearray(column.c.count)
        getting.marks = <unsigned char *>PyByteArray_AS_STRING(marks)
    first = look_up(m, column, &look, look_get, threads)
    if getting.lost and missing == NULL and not nulls:
        raise missing_keys(first[0], getting.lost, column.c.count)
    if nulls or arrow:
        return arrow_column(m.value, column.c.count, None, result, marks)
    result = finished(m.value, result, m.layout.value_type)
    if given is not None:
        given[...] = result
        return given
    return result


cdef object result_view(BaseMap m, object into, Column keys):
    """The memory of an array to write values to."""
    cdef Py_buffer *buffer
    cdef size_t size = m.value.size, count = keys.c.count
    try:
        view = memoryview(into)
    except (TypeError, ValueError):
        raise TypeError(f"out: expected a writable array of type {m.layout.value_type}, got {type(into).__name__}") from None
    if view.readonly or not view.c_contiguous or view.nbytes != <Py_ssize_t>(count * size) or \
            not arrays.holds(into, view, m.layout.value_type):
        raise TypeError(f"out: expected a writable, contiguous array of type {m.layout.value_type} and length {count} "
                        f"({count * size} bytes), got "
                        f"{'a read-only' if view.readonly else 'an'} array of {view.nbytes} bytes, format {view.format!r}")
    buffer = PyMemoryView_GET_BUFFER(view)
    if gomap_column_overlaps(&keys.c, buffer.buf, buffer.len) and not (
            keys.c.form == GOMAP_C_ITEMS and keys.c.at == buffer.buf and keys.c.size == size):  # read first, piece by piece
        raise ValueError("out: expected an array that shares no memory with the keys; "
                         "give another array, or copy the keys first")
    return view


cdef object listed_for(BaseMap m, object keys, object default):
    """Looks up the values one by one. Returns a list, or an array where only the keys are of a type that no array
    holds."""
    cdef Column column
    cdef gomap_iter reader
    cdef void *found[FOUND]
    cdef size_t done = 0, some, i, first = 0, lost = 0
    cdef const char *piece
    cdef list result = []
    cdef bint one_by_one = m.finder() != NULL  # as making an object may run code that uses the cache
    if m.key.kind == OBJECT:
        keys = frames.listed(keys, "keys")
        for i, key in enumerate(keys):
            value = m.value_of(key)
            if value is MISSING:
                first = first if lost else i
                lost += 1
                value = default
            result.append(value)
        if lost and default is MISSING:
            raise missing_keys(keys[first], lost, len(keys))
        return array_of(m, VALUE, result)
    column = column_of(m, KEY, keys, LOOKING)
    first_key = None
    read_begin(m, &reader)
    try:
        while done < column.c.count:
            some = gomap_column_read(&column.c, done,
                                     1 if one_by_one else min(column.c.count - done, <size_t>FOUND), &piece)
            if some == 0:
                go_on(m, KEY, column)
            if not one_by_one:
                gomap_find_many(m.map, piece, some, found)
            for i in range(some):
                value = m.value_at(piece) if one_by_one else MISSING if found[i] == NULL else out(m, VALUE, found[i])
                if value is MISSING or (column.c.absent != NULL and column.c.absent[done + i]):
                    if lost == 0:
                        first_key = item_of(m, KEY, column, done + i, piece + i * column.c.size)
                    lost += 1
                    value = default
                result.append(value)
            done += some
            PyErr_CheckSignals()
    finally:
        read_end(m, &reader)
    if lost and default is MISSING:
        raise missing_keys(first_key, lost, column.c.count)
    return result


# ---- writing --------------------------------------------------------------------------------------

cdef struct Part:  # what a thread does of each pass over a piece that is put in
    gomap_shared *shared
    unsigned thread


cdef void do_part(void *at) noexcept nogil:
    cdef Part *part = <Part *>at
    gomap_shared_work(part.shared, part.thread)


@cython.final
cdef class Sharing:
    """Threads that share a put, and what they need. A piece of the keys is put in at a time (csrc/shared.h)."""
    cdef Team team
    cdef Part parts[GOMAP_SHARED_MOST]
    cdef gomap_column *keys[GOMAP_SHARED_MOST]
    cdef gomap_column *values[GOMAP_SHARED_MOST]
    cdef list kept  # the columns
    cdef bytes room
    cdef gomap_shared *shared
    cdef size_t most  # keys in a piece

    cdef int begin(self, gomap *map) except -1:
        cdef int i
        self.shared = gomap_shared_begin(map, self.team.count, PyBytes_AS_STRING(self.room), self.most)
        for i in range(self.team.count):
            self.parts[i].shared = self.shared
            self.parts[i].thread = i
        team_begin(&self.team, self.team.count)
        return 0

    cdef bint put(self, Pieces *p) noexcept nogil:
        """Puts a piece in; False: one thread has to."""
        cdef int next
        p.some = gomap_shared_piece(self.shared, self.keys, self.values, p.done, p.some)
        while True:
            next = gomap_shared_next(self.shared)
            if next != GOMAP_SHARED_WORK:
                return next == GOMAP_SHARED_DONE
            team_work(&self.team, do_part, self.parts, sizeof(Part))

    cdef int end(self) except -1:
        team_end(&self.team)
        with nogil:
            gomap_shared_end(self.shared)
        return 0


cdef Sharing sharing_of(Base m, Column keys, Column values, int threads):
    """None: one thread puts all in."""
    cdef Sharing sharing
    cdef Column column
    cdef int count = 1, i
    threads = min(threads_for(threads, keys.c.count), <int>GOMAP_SHARED_MOST)
    while 2 * count <= threads:
        count *= 2
    if count == 1 or keys.c.form == GOMAP_C_WINDOW or values.c.form == GOMAP_C_WINDOW or \
            not gomap_shared_can(m.engine(), &m.layout.type):
        return None
    sharing = Sharing.__new__(Sharing)
    sharing.kept = []
    sharing.team.count = count
    sharing.most = min(<size_t>SHARED_PIECES * PIECE * count, keys.c.count)
    sharing.room = PyBytes_FromStringAndSize(NULL, gomap_shared_room(&m.layout.type, count, sharing.most))
    for i in range(count):
        column = column_again(keys)
        sharing.kept.append(column)
        sharing.keys[i] = &column.c
        column = column_again(values)
        sharing.kept.append(column)
        sharing.values[i] = &column.c
    return sharing


cdef int put_column(Base m, Column keys, Column values, int threads=1) except -1:
    """Every key with its value."""
    cdef Pieces p = pieces_of(keys.c.count)
    cdef bint filling = False, whole
    cdef Sharing sharing = sharing_of(m, keys, values, threads) if threads > 1 else None
    cdef gomap *map = fill_begin(m, keys, &filling, sharing is not None)
    try:
        if sharing is not None:
            sharing.begin(map)
            p.most = sharing.most
        while next_piece(&p):
            if sharing is not None:
                with nogil:
                    whole = sharing.put(&p)
                if whole:
                    did(&p, p.some)
                    continue
            with nogil:
                whole = did(&p, gomap_column_put(map, &keys.c, &values.c, p.done, p.some))
            if not whole and not go_on(m, VALUE, values) and not go_on(m, KEY, keys):
                raise MemoryError(f"out of memory; {p.done} of {p.count} keys were put in")
    except BaseException as error:
        say_done(error, p.done, p.count, "put in")
        raise
    finally:
        if sharing is not None:
            sharing.end()
        fill_end(m, map, filling, sharing is not None)
    return 0


cdef size_t erase_column(Base m, Column keys) except? 0:
    """Returns how many of the keys were there."""
    cdef Pieces p = pieces_of(keys.c.count)
    cdef size_t erased = 0
    cdef bint whole
    cdef gomap_iter held
    cdef gomap *map = write_begin(m)
    gomap_erase_begin(&held, map)
    try:
        while next_piece(&p):
            with nogil:
                whole = did(&p, gomap_column_erase(map, &keys.c, &erased, p.done, p.some))
            if not whole:
                go_on(m, KEY, keys)
    except BaseException as error:
        say_done(error, p.done, p.count, "looked for and removed")
        raise
    finally:
        with nogil:
            gomap_erase_end(&held)
        write_end(m, map)
    return erased


cdef size_t erase_all_of(Base m, object keys) except? 0:
    m.ready_to_write()
    cdef Column column
    if m.key.kind == OBJECT:
        return erase_objects(m, frames.listed(keys, "keys"))
    column = column_of(m, KEY, keys, LOOKING)
    return erase_objects(m, items_in(m, KEY, column, False)) if m.objects else erase_column(m, column)


cdef int leave_out(Column keys, Column values) except -1:
    """Rows whose value is null are left out, as those are whose key is."""
    cdef size_t i
    cdef unsigned char *absent
    if values.c.absent != NULL:
        absent = absent_of(keys, keys.c.count)
        for i in range(keys.c.count):
            absent[i] |= values.c.absent[i]
    return 0


cdef tuple rows_left(list keys, list values):
    """Rows without those that have a null."""
    rows = [(key, value) for key, value in zip(keys, values)
            if not (frames.is_null(key, BYTES) or frames.is_null(value, BYTES))]
    return [key for key, _ in rows], [value for _, value in rows]


cdef int put_all(BaseMap m, object keys, object values, object nulls, int how, int threads=1) except -1:
    """set_many, add_many, max_many and min_many."""
    cdef int purpose = purpose_of(nulls)
    cdef Column column, others
    if m.objects:
        listed = items_of(m, KEY, keys, purpose)
        values = values_list(m, values, len(listed), purpose)
        if purpose == SKIPPING:
            listed, values = rows_left(listed, values)
        put_objects(m, listed, values, how)
        return 0
    column = column_of(m, KEY, keys, purpose)
    others = values_of(m, values, column.c.count, purpose)
    leave_out(column, others)
    return add_column(m, column, others) if how == GOMAP_ADD else combine_column(m, column, others, how) \
        if how != GOMAP_LAST else put_column(m, column, others, threads)


# ---- counting -------------------------------------------------------------------------------------

cdef int check_countable(BaseMap m, str operation="add") except -1:
    if m.value.kind == BOOL or m.value.kind > FLOAT64:
        raise TypeError(f"{operation}: expected a map whose values are numbers, got values of type {m.layout.value_type}")
    return 0


cdef int check_ordered(BaseMap m, str operation) except -1:
    """For the larger and the smaller: times have them too."""
    if not is_time(m.value.kind) and (m.value.kind == BOOL or m.value.kind > FLOAT64):
        raise TypeError(f"{operation}: expected a map whose values are numbers or times, got values of type "
                        f"{m.layout.value_type}")
    return 0


cdef object add_one(BaseMap m, object key, object by):
    """m.add(key, by): the new value."""
    cdef Cell cell
    cdef const void *at
    cdef void *room
    cdef int added = 0
    m.ready()
    check_countable(m)
    kept = value_in(m, by, &cell, &at)
    room = room_for(m, key, NULL, True, &added)
    if gomap_add(room, at, m.value.kind):  # always for a new key: 0 + by fits
        return written_out(m, VALUE, room)
    was = written_out(m, VALUE, room)
    more = number_out(m.value.kind, at)
    raise OverflowError(f"add: {was} + {more} for key {shown(key)} is out of range for {m.layout.value_type}")


cdef int add_column(BaseMap m, Column keys, Column by) except -1:
    """Adds to the value of every key. If it ends half-way, additions to integers are undone."""
    cdef gomap *map
    cdef bint filling = False
    cdef gomap_adding adding
    cdef size_t pieces = gomap_adding_pieces(&keys.c, &by.c, PIECE)
    memset(&adding, 0, sizeof(adding))
    adding.keys = &keys.c
    adding.by = &by.c
    adding.kind = m.value.kind
    adding.new = <unsigned char *>room_in(keys, keys.c.count + 1)
    adding.pieces = <gomap_piece *>room_in(keys, pieces * sizeof(gomap_piece))
    adding.piece_room = pieces
    if gomap_about_engine(m.engine()).distinct_nans and (m.key.kind == FLOAT32 or m.key.kind == FLOAT64):
        adding.nans = GOMAP_A_WITHOUT_NANS
    map = fill_begin(m, keys, &filling)
    try:
        add_all(m, map, keys, by, &adding)
        if adding.nans == GOMAP_A_WITHOUT_NANS:
            adding.nans = GOMAP_A_NANS
            adding.piece_count = 0
            add_all(m, map, keys, by, &adding)
    finally:
        fill_end(m, map, filling)
    return 0


cdef size_t undo_added(BaseMap m, gomap *map, gomap_adding *adding, Column keys, Column by, size_t done) except? 0:
    """Returns how many additions could not be taken back."""
    while True:
        with nogil:
            done = gomap_column_take_back(map, adding, done)
        if done == 0 or (keys.c.failure != GOMAP_C_MORE and by.c.failure != GOMAP_C_MORE):
            return done
        go_on(m, VALUE, by)
        go_on(m, KEY, keys)


cdef int add_all(BaseMap m, gomap *map, Column keys, Column by, gomap_adding *adding) except -1:
    cdef Pieces p = pieces_of(keys.c.count)
    cdef int kind = adding.kind
    cdef const char *key
    cdef bint whole
    cdef size_t i, done
    p.deaf = adding.nans == GOMAP_A_NANS  # with these it could not be taken back
    try:
        while next_piece(&p):
            with nogil:
                whole = did(&p, gomap_column_add(map, adding, p.done, p.some))
            if adding.overflow:
                key = keys.c.room + (p.done - adding.pieces[adding.piece_count - 1].begin) * keys.c.size \
                    if keys.c.form != GOMAP_C_OWN else keys.c.at + p.done * keys.c.stride
                was, more = number_out(kind, adding.was), number_out(kind, adding.more)
                raise OverflowError(f"add: {was} + {more} for key {shown(item_of(m, KEY, keys, p.done, key))} is out of "
                                    f"range for {m.layout.value_type}")
            if not whole and not go_on(m, VALUE, by) and not go_on(m, KEY, keys):
                raise MemoryError("out of memory")
    except BaseException as error:
        done = p.done
        if kind != FLOAT32 and kind != FLOAT64 and adding.nans != GOMAP_A_NANS:
            done = undo_added(m, map, adding, keys, by, done)
        elif adding.nans == GOMAP_A_NANS:
            done = keys.c.count - sum([adding.new[i] == GOMAP_A_LATER for i in range(done, keys.c.count)])
        say_done(error, done, keys.c.count, "added")
        raise
    return 0


# ---- everything, and codes --------------------------------------------------------------------------

cdef bint is_plain(Codec codec) except -1:
    """Whether an array holds items of this type: no strings, also in structs, no objects, no type without bytes, such as
    [0]byte, and times only where there is NumPy."""
    return not codec.strings and codec.kind != OBJECT and codec.size != 0 and \
        not (is_time(codec.kind) and arrays.numpy() is None)


cdef object finished(Codec codec, object array, object type):
    return arrays.finished(array, type) if codec.timed else array


cdef tuple columns_out(Base m, bint with_values, bint arrow=False):
    """All keys and all values, in one order: arrays, or lists where no array holds such; or both as Arrow data."""
    cdef gomap_iter iter
    cdef char *keys
    cdef char *values
    cdef Pieces p
    cdef bint whole
    m.ready()
    if arrow:
        return arrow_out(m, with_values)
    if not is_plain(m.key) or (with_values and not is_plain(m.value)):
        return listed_out(m, with_values)
    p = pieces_of(read_begin(m, &iter).count)
    try:
        key_array = np_empty(m.layout.key_type, p.count)
        value_array = np_empty(m.layout.value_type, p.count) if with_values else None
        keys = <char *>PyMemoryView_GET_BUFFER(memoryview(key_array)).buf
        values = <char *>PyMemoryView_GET_BUFFER(memoryview(value_array)).buf if with_values else NULL
        while next_piece(&p):
            with nogil:
                whole = did(&p, gomap_entries_copy(&iter, p.some, keys + p.done * m.key.size,
                                                   values + p.done * m.value.size if with_values else NULL))
            if not whole:
                entries_missing(m)
    finally:
        read_end(m, &iter)
    return (finished(m.key, key_array, m.layout.key_type),
            finished(m.value, value_array, m.layout.value_type) if with_values else None)


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
    column = column_of(m, role, items, STORING)
    result = np_empty(type_of(m, role), column.c.count)
    memcpy(PyMemoryView_GET_BUFFER(memoryview(result)).buf, column.c.at, column.c.count * column.c.size)
    return finished(m.key if role == KEY else m.value, result, type_of(m, role))
