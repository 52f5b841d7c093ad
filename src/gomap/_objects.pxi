# Python objects in maps: owning them, finding keys that only Python can compare, the garbage collector.
#
# Comparing two keys, and dropping a reference, may run any code, and that code may change this very map. So
# neither happens while the core is at work, nor while an address of its is in use: an operation first comes to
# know which object of the map its key is, then does everything in the core at once, and drops last.


cdef object settle(Base m, gomap_object_key *key, object wanted):
    """Finds out which object of the map is equal to a key, after the core met some that only Python can compare.

    The key then stands for that object, or for itself where there is none, and for no other. Returns what must
    be kept until it has been used. The comparisons are dict's: the map's own object to the left, and from the
    beginning when one has changed the map.
    """
    cdef uint64_t changes
    while True:
        candidates = []
        key.candidates = <PyObject *>candidates
        key.core.same = gomap_same_object
        key.core.object = <uint64_t><uintptr_t><PyObject *>wanted
        key.stored = NULL
        key.undecided = False
        changes = m.changes
        found = gomap_find(m.map, &key.core) != NULL
        key.candidates = NULL
        if key.failed:
            raise MemoryError()
        equal = <object>key.stored if key.stored != NULL else wanted
        if not found:
            for candidate in candidates:
                if candidate == wanted:
                    equal = candidate
                    break
                if m.changes != changes:
                    break
        candidate = None
        candidates = None  # which may drop some for good
        if m.changes == changes:
            key.core.same = NULL
            key.core.object = <uint64_t><uintptr_t><PyObject *>equal
            return equal


cdef int seek_object(Base m, object wanted, gomap_object_key *key, void **value) except -1:
    """Looks a key up; where it is found, the key afterwards stands for the map's own object."""
    gomap_object_key_init(key, wanted, hash(wanted))
    value[0] = gomap_find(m.map, &key.core)
    if key.undecided:
        held = settle(m, key, wanted)
        value[0] = gomap_find(m.map, &key.core)
    elif key.stored != NULL:
        key.core.object = <uint64_t><uintptr_t>key.stored
        key.core.same = NULL
    return 0


cdef int find_object(Base m, object wanted, void **value) except -1:
    cdef gomap_object_key key
    return seek_object(m, wanted, &key, value)


cdef void *enter(Base m, const void *key, const void *string, int *added) noexcept:
    return gomap_assign(m.map, key, added) if string == NULL else gomap_put(m.map, key, string, added)


cdef void *room_for(Base m, object wanted, const void *string, int *added) except NULL:
    """The room of the value for a key, which is put in if it is not there; a string is written there."""
    cdef gomap_object_key key
    cdef Cell cell
    cdef const void *at
    cdef void *room
    if m.key.kind == OBJECT:
        gomap_object_key_init(&key, wanted, hash(wanted))
        # Where the core may be stopped at another key, nothing must be written.
        room = gomap_find(m.map, &key.core) if string != NULL else gomap_assign(m.map, &key.core, added)
        if key.undecided:
            held = settle(m, &key, wanted)
            room = enter(m, &key.core, string, added)
        elif string != NULL:
            room = enter(m, &key.core, string, added)
        if room != NULL and added[0]:
            Py_INCREF(wanted)
            m.changes += 1
    else:
        if m.key.packs:
            wanted = packed_of(m, KEY, m.key, wanted, True)
        convert(m, KEY, m.key, wanted, &cell, &at, True)
        m.ready_to_write()  # converting may have let other threads run
        room = enter(m, at, string, added)
    if room == NULL:
        raise MemoryError()
    return room


cdef int assign_object(Base m, object key, object value) except -1:
    """m[key] = value where the key or the value is an object."""
    cdef Cell cell
    cdef const void *at
    cdef void *room
    cdef PyObject *old
    cdef int added
    if m.value.packs:
        value = packed_of(m, VALUE, m.value, value, True)
    convert(m, VALUE, m.value, value, &cell, &at, True)
    room = room_for(m, key, at if m.value.string else NULL, &added)
    if m.value.kind == OBJECT:
        old = gomap_object_at(room)
        Py_INCREF(value)
        memcpy(room, &cell.object, sizeof(cell.object))
        Py_XDECREF(old)
    elif not m.value.string:
        store(room, at, m.value.size)
    return 0


cdef object default_object(Base m, object key, object default):
    """m.setdefault(key, default) where the key or the value is an object."""
    cdef Cell cell
    cdef const void *at = NULL
    cdef void *room
    cdef int added
    if default is not MISSING:
        if m.value.packs:
            default = packed_of(m, VALUE, m.value, default, True)
        convert(m, VALUE, m.value, default, &cell, &at, True)
    if m.value.string and at != NULL:
        m.find(key, True, &room)
        if room == NULL:
            room = room_for(m, key, at, &added)
        return out(m, VALUE, room)
    room = room_for(m, key, NULL, &added)
    if added and at != NULL:
        if m.value.kind == OBJECT:
            Py_INCREF(default)
            memcpy(room, &cell.object, sizeof(cell.object))
        else:
            store(room, at, m.value.size)
    return out(m, VALUE, room)


cdef int take_object(Base m, object wanted, PyObject **value) except -1:
    """Removes a key: 1 when it was there. The value goes to the caller, if one is wanted."""
    cdef gomap_object_key key
    cdef Cell cell
    cdef const void *at
    cdef void *found = NULL
    cdef PyObject *held_key = NULL
    cdef PyObject *held_value = NULL
    if m.key.kind == OBJECT:
        seek_object(m, wanted, &key, &found)
        at = &key.core
        held_key = <PyObject *><uintptr_t>key.core.object
    else:
        if m.key.packs:
            wanted = packed_of(m, KEY, m.key, wanted, False)
        if convert(m, KEY, m.key, wanted, &cell, &at, False):
            m.ready_to_write()
            found = gomap_at(m.map, at)
    if found == NULL:
        return 0
    if m.value.kind == OBJECT:
        held_value = gomap_object_at(found)
    if value != NULL:
        taken = out(m, VALUE, found)
        Py_INCREF(taken)
        value[0] = <PyObject *>taken
    gomap_erase(m.map, at)
    m.changes += 1
    Py_XDECREF(held_value)
    Py_XDECREF(held_key)
    return 1


# ---- all of them ----------------------------------------------------------------------------------

cdef void own_objects(Base m) noexcept:
    """A reference to everything in a map that has just been copied."""
    cdef const void *key
    cdef const void *value
    cdef gomap_iter iter
    gomap_iter_begin(&iter, m.map)
    while gomap_iter_next(&iter, &key, &value) == 1:
        if m.key.kind == OBJECT:
            Py_INCREF(<object>gomap_key_object_at(key))
        if m.value.kind == OBJECT and gomap_object_at(value) != NULL:
            Py_INCREF(<object>gomap_object_at(value))
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
        held_key = gomap_key_object_at(key) if keys else NULL
        held_value = gomap_object_at(value) if values else NULL
        Py_XDECREF(held_value)
        Py_XDECREF(held_key)
    gomap_iter_end(&iter)


cdef int clear_objects(Base m) except -1:
    """Empties the map at once, and drops what was in it then."""
    cdef gomap_stats stats
    cdef bint stays = m.engine() == GOMAP_GO  # the array
    if stays:
        gomap_stats_of(m.map, &stats)
    cdef gomap *gone = gomap_detach(m.map, gomap_random(&seeds))
    if gone == NULL:
        raise MemoryError()
    m.changes += 1
    release_objects(m, gone)
    gomap_free(gone)
    if stays and stats.buckets:
        gomap_reserve(m.map, stats.grow_at)  # without memory it comes back later
    return 0


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
            stop = visit(gomap_key_object_at(key), arg)
        held = gomap_object_at(value) if values else NULL
        if held != NULL and not stop:
            stop = visit(held, arg)
    gomap_iter_end(&iter)
    return stop


cdef int map_clear(PyObject *self) noexcept:
    cdef Base m = <Base>self
    if m.map != NULL and m.objects:
        try:
            clear_objects(m)
        except MemoryError:  # another time
            pass
    return 0


cdef void collect_entries() noexcept:
    """Makes the collector see what is in the maps: Cython's own functions for it know of attributes only."""
    for cls in (Base, BaseMap, Map, GoMap, Set):
        if (<PyTypeObject *>cls).tp_traverse == types_traverse or cls is Base:
            (<PyTypeObject *>cls).tp_traverse = map_traverse
        (<PyTypeObject *>cls).tp_clear = map_clear
