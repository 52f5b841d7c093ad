# Python objects in maps: owning them, finding keys that only Python can compare, the garbage collector.
#
# Comparing two keys, or dropping a reference, may run any code, and that code may change this map. So neither happens
# while the core runs, or while an address from the core is in use. An operation first finds which of the map's objects
# equals its key, then does all its work in the core at once, with a lock, and drops references last. (A reference that
# is not an object's last one may go earlier: nothing runs then.)


cdef object settle(Base m, py_object_key *key, object wanted, uint64_t *changes):
    """Finds out which object of the map is equal to a key, after the core met some that only Python can compare.

    The key then matches only that object, or only itself if there is none. Returns the object that the caller must keep
    until the key has been used, and sets `changes`: what was found holds as long as the map's are the same. The
    comparisons are those of a dict, with the map's own object on the left. After a comparison that has changed the map,
    the candidates are collected again, but none is compared twice, so the loop ends.
    """
    cdef bint same, found
    answers = None  # by address; from when the map has changed
    while True:
        candidates = []
        equal = None
        key.candidates = <PyObject *>candidates
        key.again = 0
        key.core.same = py_same_object
        key.core.object = <uint64_t><uintptr_t><PyObject *>wanted
        key.stored = NULL
        key.undecided = False
        m.read_lock()
        changes[0] = m.changes
        found = gomap_find(m.map, &key.core) != NULL
        equal = <object>key.stored if key.stored != NULL else wanted
        m.read_unlock()
        key.candidates = NULL
        if key.failed:
            raise MemoryError()
        candidate = earlier = None
        if not found:
            for candidate in candidates:
                if answers is not None and <uintptr_t><PyObject *>candidate in answers:
                    same = (<tuple>(<dict>answers)[<uintptr_t><PyObject *>candidate])[1]
                else:
                    same = candidate == wanted
                    if answers is None and changed(m, changes[0]):
                        answers = {}
                        for earlier in candidates:
                            if earlier is candidate:
                                break
                            answers[<uintptr_t><PyObject *>earlier] = earlier, False
                    if answers is not None:
                        answers[<uintptr_t><PyObject *>candidate] = candidate, same
                if same:
                    equal = candidate
                    break
        candidate = earlier = candidates = None  # which may drop some for good
        if not changed(m, changes[0]):
            answers = None
            if not changed(m, changes[0]):
                key.core.same = NULL
                key.core.object = <uint64_t><uintptr_t><PyObject *>equal
                return equal


cdef bint changed(Base m, uint64_t changes) noexcept:
    """Whether keys have come or gone since."""
    cdef uint64_t now
    py_mutex_lock(&m.lock)
    now = m.changes
    py_mutex_unlock(&m.lock)
    return now != changes


cdef inline int lock_for(Base m, bint writing) except -1:
    if not writing:
        return m.read_lock()
    return m.iterator_lock() if type(m) is CacheEntries else m.write_lock()  # a cache waits for no readers


cdef inline void unlock_from(Base m, bint writing) noexcept:
    if writing:
        m.write_unlock()
    else:
        m.read_unlock()


cdef object settle_and_lock(Base m, py_object_key *key, object wanted, bint writing):
    """settle, and a lock with which its answer holds. Begins without one."""
    cdef uint64_t changes
    while True:
        held = settle(m, key, wanted, &changes)
        lock_for(m, writing)
        if m.changes == changes:
            return held
        unlock_from(m, writing)


cdef object seek_object(Base m, object wanted, py_object_key *key, void **value, bint writing):
    """Looks a key up, and has the lock to read or to write; where it is found, the key afterwards stands for the map's own
    object. Returns what has to be kept as long as the lock."""
    py_object_key_init(key, wanted, hash(wanted))
    lock_for(m, writing)
    value[0] = gomap_find(m.map, &key.core)
    if key.undecided:
        unlock_from(m, writing)
        held = settle_and_lock(m, key, wanted, writing)
        value[0] = gomap_find(m.map, &key.core)
        return held
    if key.stored != NULL:
        key.core.object = <uint64_t><uintptr_t>key.stored
    key.core.same = NULL  # what has just been compared need not be again
    return None


cdef int find_object(Base m, object wanted, void **value) except -1:
    """And has the lock to read. What is found stays as long as that."""
    cdef py_object_key key
    held = seek_object(m, wanted, &key, value, False)
    return 0


cdef void *room_for(Base m, object wanted, const void *value, bint overwrite, int *added) except NULL:
    """The room for a key's value, and the lock to write; a key that is absent is put in. A `value`, which has strings, is
    written to the room, over an existing value only with `overwrite`."""
    cdef py_object_key key
    cdef Cell cell
    cdef const void *at
    cdef void *room
    held = None
    if m.key.kind == OBJECT:
        added[0] = 0
        if value == NULL:
            py_object_key_init(&key, wanted, hash(wanted))
            m.write_lock()
            room = gomap_assign(m.map, &key.core, added)
            if key.undecided:
                m.write_unlock()
                held = settle_and_lock(m, &key, wanted, True)
                room = gomap_assign(m.map, &key.core, added)
        else:  # where the core may be stopped at another key, nothing must be written
            held = seek_object(m, wanted, &key, &room, True)
            if room == NULL or overwrite:
                room = gomap_put(m.map, &key.core, value, added)
        if room != NULL and added[0]:
            Py_INCREF(wanted)
            m.changes += 1
    else:
        held = key_in(m, wanted, &cell, &at, True)
        m.write_lock()
        room = gomap_assign(m.map, at, added) if value == NULL else gomap_put(m.map, at, value, added)
    if room == NULL:
        m.write_unlock()
        raise MemoryError()
    return room


cdef int assign_object(Base m, object key, object value) except -1:
    """m[key] = value where the key or the value is an object."""
    cdef Cell cell
    cdef const void *at
    cdef void *room
    cdef PyObject *old = NULL
    cdef int added
    kept = value_in(m, value, &cell, &at)
    room = room_for(m, key, at if m.value.strings else NULL, True, &added)
    if m.value.kind == OBJECT:
        old = py_object_at(room)
        Py_INCREF(value)
        memcpy(room, &cell.object, sizeof(cell.object))
    elif not m.value.strings:
        store(room, at, m.value.size)
    m.write_unlock()
    Py_XDECREF(old)
    return 0


cdef object default_object(Base m, object key, object default):
    """m.setdefault(key, default) where the key or the value is an object."""
    cdef Cell cell
    cdef const void *at = NULL
    cdef void *room
    cdef int added
    kept = value_in(m, default, &cell, &at) if default is not MISSING else None
    room = room_for(m, key, at if m.value.strings else NULL, False, &added)
    if added and at != NULL and not m.value.strings:
        if m.value.kind == OBJECT:
            Py_INCREF(default)
            memcpy(room, &cell.object, sizeof(cell.object))
        else:
            store(room, at, m.value.size)
    return written_out(m, VALUE, room)


cdef int take_object(Base m, object wanted, PyObject **value) except -1:
    """Removes a key: 1 when it was there. The value goes to the caller, if one is wanted."""
    cdef py_object_key key
    cdef Cell cell
    cdef const void *at
    cdef void *found = NULL
    cdef PyObject *held_key = NULL
    cdef PyObject *held_value = NULL
    cdef PyObject *taken = NULL
    if m.key.kind == OBJECT:
        held = seek_object(m, wanted, &key, &found, True)
        at = &key.core
        held_key = <PyObject *><uintptr_t>key.core.object
    else:
        held = key_in(m, wanted, &cell, &at, False)
        m.write_lock()
        if at != NULL:
            found = gomap_at(m.map, at)
    if found == NULL:
        m.write_unlock()
        return 0
    if value != NULL:
        try:
            given = out(m, VALUE, found)
        except BaseException:
            m.write_unlock()
            raise
        Py_INCREF(given)
        taken = <PyObject *>given
        value[0] = taken
    if m.value.kind == OBJECT:
        held_value = py_object_at(found)
    gomap_erase(m.map, at)
    m.changes += 1
    m.write_unlock()
    Py_XDECREF(held_value)
    Py_XDECREF(held_key)
    return 1


# ---- many at a time -------------------------------------------------------------------------------
#
# Comparing keys may raise at any key. So a removal first finds all its keys, and then removes them by identity, which
# cannot fail. An insertion keeps a log, from which it is undone.

@cython.final
cdef class Changes:
    """A log of what one operation has done to keys, to undo it. Room for the whole log is allocated at the
    beginning: an allocation between a look at the map and a change of it might run the collector, and with it any
    code."""
    cdef Base m
    cdef size_t count
    cdef list keys       # the map's own objects, where keys are objects
    cdef list before     # values; MISSING where the key was new
    cdef Py_hash_t *hashes

    def __dealloc__(self):
        PyMem_Free(self.hashes)


cdef Changes log_of(Base m, size_t room):
    cdef Changes log = Changes.__new__(Changes)
    log.m = m
    log.keys = [None] * room
    log.before = [MISSING] * room
    log.hashes = <Py_hash_t *>PyMem_Calloc(room + 1, sizeof(Py_hash_t))
    if log.hashes == NULL:
        raise MemoryError()
    return log


cdef void same_key(py_object_key *key, object wanted, Py_hash_t hashed) noexcept:
    """A key to which only the very object is equal."""
    py_object_key_init(key, wanted, hashed)
    key.core.same = NULL


cdef int put_logged(Base m, Changes log, object key, object value, int how) except -1:
    """m[key] = value, or what how says (csrc/combine.h); logs what is needed to undo it. A set has no values."""
    cdef py_object_key sought
    cdef Cell key_cell, cell
    cdef const void *key_at
    cdef const void *at
    cdef void *room
    cdef int added = 0
    cdef bint fits = True
    held = key
    kept_value = value_in(m, value, &cell, &at)
    if m.key.kind == OBJECT:
        log.hashes[log.count] = hash(key)
        py_object_key_init(&sought, key, log.hashes[log.count])
        m.write_lock()
        room = gomap_assign(m.map, &sought.core, &added)
        if sought.undecided:
            m.write_unlock()
            kept = settle_and_lock(m, &sought, key, True)
            added = 0
            room = gomap_assign(m.map, &sought.core, &added)
        if room != NULL and added:
            Py_INCREF(key)
            m.changes += 1
        elif room != NULL:
            held = <object>sought.stored if sought.stored != NULL else <object><PyObject *><uintptr_t>sought.core.object
        key_at = &sought.core
        same_key(&sought, held, log.hashes[log.count])
    else:
        kept_key = key_in(m, key, &key_cell, &key_at, True)
        m.write_lock()
        room = gomap_assign(m.map, key_at, &added)
    try:
        if room == NULL:
            raise MemoryError("out of memory")
        log.keys[log.count] = held
        if not added:
            log.before[log.count] = out(m, VALUE, room) if m.value.kind != NOTHING else None
        log.count += 1
        if how == GOMAP_FIRST and not added:
            return 0
        if how == GOMAP_ADD or ((how == GOMAP_MAX or how == GOMAP_MIN) and not added):
            fits = gomap_combine(room, at, number_kind(m.value.kind), how)
        elif m.value.kind == OBJECT:
            replaced = py_object_at(room)  # the log has it
            Py_INCREF(value)
            memcpy(room, &cell.object, sizeof(cell.object))
            Py_XDECREF(replaced)
        elif m.value.strings:
            if gomap_put(m.map, key_at, at, &added) == NULL:
                raise MemoryError("out of memory")
        elif m.value.kind != NOTHING:
            store(room, at, m.value.size)
        if not fits:
            was, more = number_out(m.value.kind, room), number_out(m.value.kind, at)
    finally:
        m.write_unlock()
    if not fits:
        raise OverflowError(f"add: {was} + {more} for key {shown(key)} is out of range for {m.layout.value_type}")
    return 0


cdef size_t take_back(Changes log) except? 0:
    """Undoes what was logged. Returns how many values could not be put back, as there was no memory for a string."""
    cdef Base m = log.m
    cdef py_object_key sought
    cdef Cell key_cell, cell
    cdef const void *key_at
    cdef const void *at
    cdef void *room
    cdef PyObject *value
    cdef size_t lost = 0
    cdef int added
    while log.count:
        log.count -= 1
        key, before = log.keys[log.count], log.before[log.count]
        if m.key.kind == OBJECT:
            same_key(&sought, key, log.hashes[log.count])
            key_at = &sought.core
        else:
            kept_key = key_in(m, key, &key_cell, &key_at, True)
        if before is not MISSING:
            kept = value_in(m, before, &cell, &at)
        m.write_lock()
        room = gomap_find(m.map, key_at)
        if room == NULL:  # it has gone since
            m.write_unlock()
            continue
        value = py_object_at(room) if m.value.kind == OBJECT else NULL
        if value != NULL:
            log.before[log.count] = <object>value  # dropped last
        if before is MISSING:
            gomap_erase(m.map, key_at)
            m.changes += 1
            Py_XDECREF(value)
            if m.key.kind == OBJECT:
                Py_DECREF(key)
        elif m.value.kind == OBJECT:
            Py_INCREF(before)
            memcpy(room, &cell.object, sizeof(cell.object))
            Py_XDECREF(value)
        elif m.value.strings:
            lost += gomap_put(m.map, key_at, at, &added) == NULL
        elif m.value.kind != NOTHING:
            store(room, at, m.value.size)
        m.write_unlock()
    return lost


cdef int put_objects(Base m, list keys, list values, int how) except -1:
    """set_many, add_many and the like where keys or values are objects; Set's add_many. Ended half-way it takes all
    back."""
    cdef size_t i, count = len(keys), lost
    cdef Changes log
    if len(values) != <Py_ssize_t>count:
        raise ValueError(f"values: expected {count}, one for each key, got {len(values)}")
    m.ready_to_write()
    log = log_of(m, count)
    try:
        for i in range(count):
            put_logged(m, log, keys[i], values[i], how)
            look_at_signals(i)
    except BaseException as error:
        lost = take_back(log)
        say_done(error, 0, count, "put in")
        if lost:
            error.add_note(f"{lost:,} strings could not be put back as they were: out of memory")
        raise
    return 0


cdef bint log_found(Base m, Changes log, object key) except -1:
    """Whether a key that is an object is there; it is then logged, as the map's own object."""
    cdef py_object_key sought
    cdef void *room
    kept = seek_object(m, key, &sought, &room, False)
    if room != NULL:
        log.keys[log.count] = <object><PyObject *><uintptr_t>sought.core.object
        log.hashes[log.count] = <Py_hash_t>sought.core.hash
        log.count += 1
    m.read_unlock()
    return room != NULL


cdef size_t erase_logged(Base m, Changes log) except? 0:
    """Removes what has been logged; returns how many were still there."""
    cdef py_object_key sought
    cdef Cell cell
    cdef const void *at
    cdef void *room
    cdef PyObject *value
    cdef size_t erased = 0, i
    m.ready_to_write()
    for i in range(log.count):
        key = log.keys[i]
        if m.key.kind == OBJECT:
            same_key(&sought, key, log.hashes[i])
            at = &sought.core
        else:
            kept = key_in(m, key, &cell, &at, False)
        m.write_lock()
        room = gomap_find(m.map, at) if at != NULL else NULL
        if room != NULL:
            value = py_object_at(room) if m.value.kind == OBJECT else NULL
            if value != NULL:
                log.before[i] = <object>value  # dropped last
            erased += gomap_erase(m.map, at)
            m.changes += 1
            Py_XDECREF(value)
            if m.key.kind == OBJECT:
                Py_DECREF(key)
        m.write_unlock()
    return erased


cdef size_t erase_objects(Base m, list wanted) except? 0:
    """Removes the keys that are there, all or none of them; returns how many were. Nobody else may have the list: it
    must not grow while keys are compared."""
    cdef Changes log = log_of(m, len(wanted))
    if m.key.kind != OBJECT:
        log.keys = wanted
        log.count = len(wanted)
        return erase_logged(m, log)
    try:
        for key in wanted:
            log_found(m, log, key)
    except BaseException as error:
        say_done(error, 0, len(wanted), "removed")
        raise
    return erase_logged(m, log)


cdef int toggle_objects(Set s, Set toggled) except -1:
    """Removes from a set of objects the elements that `toggled` has too, and puts in those that only `toggled` has:
    all or nothing."""
    cdef list theirs = entries_of(toggled)
    cdef Changes gone = log_of(s, len(theirs))
    new = [element for element in theirs if not log_found(s, gone, element)]
    put_objects(s, new, [None] * len(new), GOMAP_LAST)
    erase_logged(s, gone)
    return 0


# ---- all of them ----------------------------------------------------------------------------------

cdef void own_objects(Base m) noexcept:
    """A reference to everything in a map that has just been copied."""
    cdef const void *key
    cdef const void *value
    cdef gomap_iter iter
    gomap_iter_begin(&iter, m.map)
    while gomap_iter_next(&iter, &key, &value) == 1:
        if m.key.kind == OBJECT:
            Py_INCREF(<object>py_key_object_at(key))
        if m.value.kind == OBJECT and py_object_at(value) != NULL:
            Py_INCREF(<object>py_object_at(value))
    gomap_iter_end(&iter)


cdef void release_objects(Base m, gomap *gone) noexcept:
    """Drops the references of a core map that is nobody's any more."""
    cdef const void *key
    cdef const void *value
    cdef gomap_iter iter
    cdef PyObject *held_key
    cdef PyObject *held_value
    cdef bint keys = m.key.kind == OBJECT, values = m.value.kind == OBJECT
    gomap_iter_begin(&iter, gone)
    while gomap_iter_next(&iter, &key, &value) == 1:
        held_key = py_key_object_at(key) if keys else NULL
        held_value = py_object_at(value) if values else NULL
        Py_XDECREF(held_value)
        Py_XDECREF(held_key)
    gomap_iter_end(&iter)


cdef int clear_objects(Base m) except -1:
    """Empties the map at once, and drops what was in it then."""
    cdef gomap *gone
    cdef PyObject **held
    cdef size_t count, i
    m.write_lock()
    if gomap_about_engine(m.engine()).keeps_room or isinstance(m, CacheEntries):  # which keeps its map
        held = held_objects(m, &count)
        if held != NULL:
            m.clear_core()
            m.changes += 1
        m.write_unlock()
        if held == NULL:
            raise MemoryError()
        for i in range(count):
            Py_XDECREF(held[i])
        PyMem_Free(held)
        return 0
    gone = gomap_detach(m.map, new_seed())
    if gone != NULL:
        m.changes += 1
    m.write_unlock()
    if gone == NULL:
        raise MemoryError()
    release_objects(m, gone)
    gomap_free(gone)
    return 0


cdef PyObject **held_objects(Base m, size_t *count) noexcept:
    """Every reference that a map owns, some of them NULL. NULL: out of memory."""
    cdef const void *key
    cdef const void *value
    cdef gomap_iter iter
    cdef PyObject **held = <PyObject **>PyMem_Calloc(2 * m.map.count + 1, sizeof(PyObject *))
    count[0] = 0
    if held == NULL:
        return NULL
    gomap_iter_begin(&iter, m.map)
    while gomap_iter_next(&iter, &key, &value) == 1:
        if m.value.kind == OBJECT:
            held[count[0]] = py_object_at(value)
            count[0] += 1
        if m.key.kind == OBJECT:
            held[count[0]] = py_key_object_at(key)
            count[0] += 1
    gomap_iter_end(&iter)
    return held


# ---- the garbage collector ------------------------------------------------------------------------

cdef traverseproc types_traverse = (<PyTypeObject *>Base).tp_traverse

cdef int map_traverse(PyObject *self, visitproc visit, void *arg) noexcept:
    cdef const void *key
    cdef const void *value
    cdef gomap_iter iter
    cdef PyObject *held
    cdef gomap *map = (<Base>self).map
    cdef bint keys = (<Base>self).key.kind == OBJECT, values = (<Base>self).value.kind == OBJECT
    cdef int stop = types_traverse(self, visit, arg)
    if stop or map == NULL or not (keys or values):
        return stop
    gomap_iter_begin(&iter, map)
    while not stop and gomap_iter_next(&iter, &key, &value) == 1:
        if keys:
            stop = visit(py_key_object_at(key), arg)
        held = py_object_at(value) if values else NULL
        if held != NULL and not stop:
            stop = visit(held, arg)
    gomap_iter_end(&iter)
    return stop


cdef int map_clear(PyObject *self) noexcept:
    cdef Base m = <Base>self
    if py_glance(<void **>&m.map) != NULL and m.objects:
        try:
            clear_objects(m)
        except MemoryError:  # another time
            pass
    return 0


cdef traverseproc iterator_traverse = (<PyTypeObject *>MapIterator).tp_traverse

cdef int pair_traverse(PyObject *self, visitproc visit, void *arg) noexcept:
    cdef PyObject *pair = (<MapIterator>self).pair
    cdef int stop = visit(pair, arg) if pair != NULL else 0
    return stop if stop else iterator_traverse(self, visit, arg)


cdef int pair_clear(PyObject *self) noexcept:
    cdef PyObject *pair = (<MapIterator>self).pair
    (<MapIterator>self).pair = NULL
    Py_XDECREF(pair)
    return 0


cdef void collect_entries() noexcept:
    """Makes the collector see what is in the maps: Cython's own functions for it know of attributes only."""
    for cls in (Base, BaseMap, *PLAIN_CLASSES, CacheEntries):
        py_set_collector(<PyTypeObject *>cls, types_traverse, map_traverse, map_clear)
    py_set_collector(<PyTypeObject *>MapIterator, iterator_traverse, pair_traverse, pair_clear)
