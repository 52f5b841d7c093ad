# What maps and sets have in common.


# What sys.getsizeof adds to __sizeof__ for the collector, and for pointers that stand before the object itself.
cdef Py_ssize_t collector_bytes = sys.getsizeof([]) - list.__sizeof__([])
cdef object with_pointers = type("", (), {})()
cdef Py_ssize_t pointer_bytes = sys.getsizeof(with_pointers) - with_pointers.__sizeof__() - collector_bytes
with_pointers = None

cdef uint64_t seeds = int.from_bytes(os.urandom(8), "little")

cdef object MISSING = object()

cdef size_t hint_of(object capacity) except? 0:
    """As in Go, a hint that is negative or absurd is no hint."""
    cdef int64_t count
    if py_int64_read(capacity, &count):
        return count if 0 < count < 1 << 62 else 0
    if PyBool_Check(capacity) or not PyIndex_Check(capacity):
        raise TypeError(f"capacity: expected int, got {type(capacity).__name__} {shown(capacity)}")
    capacity = PyNumber_Index(capacity)
    return capacity if 0 < capacity < 2**62 else 0


@cython.no_gc_clear  # the map needs its types to the end; its entries are cleared below, by map_clear
@cython.trashcan(True)
cdef class Base:
    """What maps and sets have in common: the core's map, the types, and all that needs no value."""
    # What a look-up reads comes last. A thread that holds another reference writes the object's count of them, and that
    # is on another cache line so.
    cdef object __weakref__
    cdef bint writing  # it is held to write: the map is out
    cdef bint taking   # a hold to read becomes one to write
    cdef size_t readers  # holds to read; one more while it is over an image
    cdef int64_t held_in  # py_forks, of the last hold
    cdef Waiter *waiters  # threads that wait for the end of a hold
    cdef size_t wanted  # of these, those that wait to write
    cdef Image image  # the bytes of a saved map that it is over, or None
    cdef size_t coded  # a map's entries when encode was done last: their values are codes, unless overwritten since
    cdef uint64_t changes  # of the keys, where they are objects: shows if a comparison changed the map
    cdef Layout layout
    cdef gomap *map
    cdef Codec key, value
    cdef bint objects  # the key, the value or both are Python's: references are owned
    cdef py_lock lock  # for the core's work of one operation

    __reversed__ = None  # there is no order

    @classmethod
    def __class_getitem__(cls, types, /):
        """The class with its types: for annotations, and to be called."""
        return alias(cls, types, ("key", "value") if issubclass(cls, BaseMap) else ("key",))

    def __init__(self, *arguments, **options):
        raise TypeError("Base is what maps and sets have in common: make a Map, a Set, a GoMap or a SwissMap")

    def __dealloc__(self):
        cdef gomap *gone = self.map
        self.map = NULL
        if gone != NULL:
            if self.objects:
                release_objects(self, gone)
            gomap_free(gone)
        py_versions_end(&self.lock)

    cdef int engine(self):
        raise NotImplementedError

    cdef str spelling(self):
        raise NotImplementedError

    cdef int update_from(self, object other) except -1:
        raise NotImplementedError

    @cython.final
    cdef void use(self, Layout layout) noexcept:
        self.layout = layout
        self.key = layout.key
        self.value = layout.value
        self.objects = layout.objects
        if not self.objects and is_plain_class(type(self)):
            PyObject_GC_UnTrack(<PyObject *>self)  # it refers to nothing that could lead back

    @cython.final
    cdef int make(self, Layout layout, size_t hint) except -1:
        cdef gomap *map = gomap_new(self.engine(), &layout.type, hint, new_seed())
        if map == NULL:
            raise MemoryError()
        return self.install(layout, map)

    @cython.final
    cdef int install(self, Layout layout, gomap *map) except -1:
        """The map and its types, for an object that has none. Another thread may do it, too."""
        cdef bint late
        py_write_lock(&self.lock)
        late = self.map != NULL or self.writing
        if not late:
            self.use(layout)
            py_publish(<void **>&self.map, map)
        py_write_unlock(&self.lock)
        if late:
            gomap_free(map)
            raise RuntimeError(f"{type(self).__name__}.__init__() is called by two threads")
        return 0

    # ---- who may use it: locks.pxi ----

    @cython.final
    cdef inline int ready(self) except -1:
        """There is a map, which nobody holds to write."""
        return wait_until_ready(self) if py_glance(<void **>&self.map) == NULL else 0

    @cython.final
    cdef inline int ready_to_write(self) except -1:
        """And it can be written to."""
        self.write_lock()
        self.write_unlock()
        return 0

    @cython.final
    cdef inline int read_lock(self) except -1:
        py_read_lock(&self.lock)
        return wait_to_read(self) if self.map == NULL else 0

    @cython.final
    cdef inline void read_unlock(self) noexcept:
        py_read_unlock(&self.lock)

    @cython.final
    cdef inline int write_lock(self) except -1:
        py_write_lock(&self.lock)
        if py_meets_readers(&self.lock):
            meets_readers(self)
        return wait_to_write(self) if self.map == NULL or self.readers else 0

    @cython.final
    cdef inline void write_unlock(self) noexcept:
        py_write_unlock(&self.lock)

    @cython.final
    cdef inline int iterator_lock(self) except -1:
        """The lock to write, of a map that may be held to read: for what changes no entry, but may move some."""
        py_write_lock(&self.lock)
        return wait_to_iterate(self) if self.map == NULL else 0

    @cython.final
    cdef inline void iterator_unlock(self) noexcept:
        py_write_unlock(&self.lock)

    @cython.final
    cdef size_t count(self) except? <size_t>-1:
        cdef size_t entries
        self.read_lock()
        entries = self.map.count
        self.read_unlock()
        return entries

    @cython.final
    cdef Image image_now(self):
        """The bytes that it is over, or None."""
        cdef Image image
        py_mutex_lock(&self.lock)
        image = self.image
        py_mutex_unlock(&self.lock)
        return image

    @cython.final
    cdef bint begun(self) noexcept:
        """Whether it has its map and types, though another thread may hold it."""
        cdef bint begun
        py_mutex_lock(&self.lock)
        begun = self.map != NULL or self.writing
        py_mutex_unlock(&self.lock)
        return begun

    @cython.final
    cdef int begin(self, Layout layout, object items, object capacity) except -1:
        """Does the work of __init__. A second call of __init__ updates the map, as a dict's does."""
        cdef size_t hint = hint_of(capacity)
        if self.begun():
            self.ready_to_write()
            if not same_types(self.layout, layout):
                raise TypeError(f"this is a {self.spelling()}, and its types cannot change; "
                                "make a new one for other types")
        else:
            if hint == 0 and items is not None and isinstance(items, (dict, set, frozenset, Base)):
                hint = len(items)
            self.make(layout, hint)
        if items is not None:
            self.update_from(items)
        return 0

    @cython.final
    cdef Base empty(self, size_t hint):
        """Another one of this class and types."""
        return made_empty(type(self), self.layout, hint)

    # ---- keys ----

    def __len__(self):
        return <Py_ssize_t>self.count()

    def __bool__(self):
        return self.count() != 0

    @cython.final
    cdef inline int find(self, object key, bint expected, void **value) except -1:
        """Sets the value's address, or NULL when the key is absent; and has the lock to read one key. With `expected`, a key
        that is there is found faster; for an absent key the look-up takes a little longer."""
        cdef Cell cell
        cdef const void *at
        value[0] = NULL
        if self.key.kind == OBJECT:
            return find_object(self, key, value)
        kept = key_in(self, key, &cell, &at, False)
        if PY_FREE_THREADED and found_beside(self, at, value):
            return 0
        self.read_lock()
        if at != NULL:
            value[0] = gomap_at(self.map, at) if expected else gomap_find(self.map, at)
        return 0

    @cython.final
    cdef inline bint has(self, object key) except -1:
        cdef void *found
        self.find(key, False, &found)
        self.read_unlock()
        return found != NULL

    @cython.final
    cdef inline int erase(self, object key) except -1:
        """1 when the key was there."""
        cdef Cell cell
        cdef const void *at
        cdef int was
        if self.objects:
            return take_object(self, key, NULL)
        kept = key_in(self, key, &cell, &at, False)
        if PY_FREE_THREADED:
            was = erased_beside(self, at)
            if was >= 0:
                return was
        self.write_lock()
        was = at != NULL and gomap_erase(self.map, at)
        self.write_unlock()
        return was

    def __contains__(self, key):
        self.ready()
        return self.has(key)

    def __iter__(self):
        return iterator(self, KEYS)

    # ---- many keys ----

    def contains_many(self, keys, /, *, threads=1):
        """Which of the keys are there: an array of bools, in their order.

        :param keys: an array of numbers or of text (NumPy, Arrow, array.array, memoryview), or any iterable
        :param threads: how many threads share the work, at most; one where the keys are objects, or a list of strings
        :raises TypeError: the array's items are of another type, which is never reinterpreted
        """
        return held_of(self, keys, threads)

    def delete_many(self, keys, /):
        """Remove the keys that are there; returns how many were. Iterators end."""
        return erase_all_of(self, keys)

    # ---- all ----

    def clear(self):
        """Remove every entry."""
        self.ready_to_write()
        self.clear_all()

    cdef void clear_core(self) noexcept:
        gomap_clear(self.map)

    @cython.final
    cdef int clear_all(self) except -1:
        if self.objects:
            return clear_objects(self)
        self.write_lock()
        self.clear_core()
        self.write_unlock()
        return 0

    def reserve(self, count, /):
        """Make room for count entries in all, so that none of their insertions has to grow.

        :raises MemoryError: there is no such room; nothing has changed
        """
        self.ready_to_write()
        if PyBool_Check(count) or not PyIndex_Check(count):
            raise TypeError(f"reserve: expected int, got {type(count).__name__} {shown(count)}")
        count = PyNumber_Index(count)
        if count < 0:
            raise ValueError(f"reserve: expected at least 0 entries, got {shown(count)}")
        cdef size_t entries = count if count < 2**62 else 0
        cdef int failed
        self.write_lock()
        failed = gomap_reserve(self.map, entries) if entries else 0
        self.write_unlock()
        if failed or count >= 2**62:
            raise MemoryError(f"no room for {shown(count)} entries of {self.spelling()}")

    @cython.final
    cdef Base cloned(self):
        self.ready()
        cdef type cls = type(self)
        cdef Base copied = cls.__new__(cls)
        cdef Image image = self.image_now()
        cdef gomap *made
        cdef bint failed
        if copied.map != NULL:  # a subclass's __new__ has made one
            copied.become_empty(self.layout)
            self.iterator_lock()
            failed = gomap_merge(copied.map, self.map) < 0
            if failed:
                gomap_clear(copied.map)  # which owns none of the objects yet
        elif image is not None:
            made = loaded_core(self, image)
            copied.install(self.layout, made)
            return copied  # which has no objects
        else:
            self.iterator_lock()
            made = gomap_clone(self.map, new_seed())
            failed = made == NULL
            if not failed:
                copied.map = made  # whom nobody else knows
                copied.use(self.layout)
        if copied.objects and not failed:
            own_objects(copied)
        self.iterator_unlock()
        if failed:
            raise MemoryError()
        return copied

    @cython.final
    cdef int become_empty(self, Layout layout) except -1:
        """Empties an object whose class's __new__ has made its map already."""
        self.ready_to_write()
        if not same_types(self.layout, layout):
            raise TypeError(f"{type(self).__name__}.__new__() made a {self.spelling()}, expected {layout.key_type} to "
                            f"{layout.value_type} or none")
        self.clear_all()
        return 0

    def copy(self):
        """A copy of the same class, sized for the entries there are."""
        return self.cloned()

    def __copy__(self):
        copied = self.copy()
        set_state(copied, self.__getstate__())
        return copied

    def __deepcopy__(self, memo):
        import copy
        cdef Base copied
        if self.objects:
            copied = self.empty(self.count())
            memo[id(self)] = copied
            copied.update_from(copy.deepcopy(entries_of(self), memo))
        else:
            copied = self.copy()
            memo[id(self)] = copied
        set_state(copied, copy.deepcopy(self.__getstate__(), memo))
        return copied

    def __repr__(self):
        name = type(self).__name__
        if py_glance(<void **>&self.map) == NULL:
            return f"<{name}, {'being written to' if self.begun() else 'not initialised'}>"
        is_set = isinstance(self, Set)
        start = f"{name}({self.layout.key_type.name!r}"
        if not is_set:
            start += f", {self.layout.value_type.name!r}"
        if self.count() == 0:
            return start + ")"
        if Py_ReprEnter(self):  # it is in itself
            return start + ", {...})"
        entries = []
        try:
            found = iterator(self, ITEMS)
            while True:
                try:
                    key, value = next(found)
                except StopIteration:
                    break
                except RuntimeError:  # another thread has put in keys
                    entries.append("...")
                    break
                if len(entries) == 6:
                    entries.append(f"... {max(<Py_ssize_t>self.count() - 6, 0):,} more")
                    break
                entries.append(shown(key, False) if is_set else f"{shown(key, False)}: {shown(value, False)}")
        finally:
            Py_ReprLeave(self)
        return f"{start}, {{{', '.join(entries)}}})"

    def _repr_html_(self):
        """For notebooks."""
        from ._notebook import notebook
        self.ready()
        return notebook(self)

    # ---- saving ----

    def save(self, path, /):
        """Write it to a file, which any number of processes then open at once, without a copy.

        The file is written beside the old one, synced, and takes its place: whatever happens, the old file or the new
        one is there. Who has the old one open goes on reading it. See docs/format.md.

        :param path: the file's name
        :raises TypeError: the keys or values are objects
        :raises OSError: it cannot be written; the old file is as it was
        """
        self.ready()
        save_file(self, path)

    @classmethod
    def open(cls, path, /, *, mode="r", copy=False, verify=False, key=MISSING, value=MISSING):
        """A map over a saved file, which is mapped: it takes constant time, and no memory of the process's own.

        Everything that reads works at once. All processes that open a file share the same memory.

        :param mode: ``"r"``: it is only read, and writing raises TypeError. ``"c"``: the first write copies it into the
            process's memory, and the file stays as it is
        :param copy: read the file into memory instead of mapping it. A mapped file must not be cut off: reading beyond
            its end ends the process (SIGBUS). To replace a file by another is safe
        :param verify: check everything first, as :func:`gomap.files.verify` does, which takes time for every entry
        :param key, value: the types to expect
        :raises FileFormatError: it is no saved map that this version reads
        :raises TypeError: it has other types, or it is a map's and this a set
        :raises OSError: it cannot be opened
        """
        from ._disk import mapped
        path = os.fspath(path)
        return opened(cls, mapped(path, copy), None if copy else os.path.abspath(path), mode, verify, key, value, path)

    @classmethod
    def load(cls, path, /, *, reseed=False, key=MISSING, value=MISSING):
        """An ordinary map with the entries of a saved file, whose checksums are compared.

        :param reseed: put the entries in one by one, under a new hash seed. Who has the file knows its seed, and could
            choose keys that make look-ups slow
        :param key, value: the types to expect
        :raises FileFormatError: it is no saved map that this version reads, or it is damaged
        :raises TypeError: it has other types, or it is a map's and this a set
        :raises OSError: it cannot be opened
        """
        from ._disk import mapped
        path = os.fspath(path)
        return loaded(cls, mapped(path), path, reseed, key, value)

    def to_buffer(self, out=None):
        """What :meth:`save` writes, as bytes.

        :param out: a buffer to write it to, such as that of a ``multiprocessing.shared_memory.SharedMemory`` of
            :attr:`saved_nbytes` bytes; the part of it that was used is returned
        :raises TypeError: the keys or values are objects
        :raises ValueError: the buffer is too small
        """
        return saved_bytes(self) if out is None else saved_into(self, out)

    @classmethod
    def from_buffer(cls, buffer, /, *, mode="r", verify=False, key=MISSING, value=MISSING):
        """A map over what :meth:`to_buffer` or :meth:`save` has written, in any buffer: shared memory, a mapping, Arrow's,
        bytes from a socket. The buffer is held as long as the map.

        :param mode, verify, key, value: as :meth:`open` takes them
        :raises FileFormatError: it is no saved map that this version reads
        """
        return opened(cls, buffer, None, mode, verify, key, value)

    @classmethod
    def _opened(cls, buffer, path, mode, verify):
        return opened(cls, buffer, os.fspath(path), mode, verify)

    @property
    def _file_checksum(self):
        """That of the file that it is over, or None: files with the same one hold the same."""
        self.ready()
        cdef Image image = self.image_now()
        return None if image is None or image.path is None else image.hex()

    @property
    def saved_nbytes(self):
        """The bytes that :meth:`save` writes now."""
        return saved_size(self)

    # ---- pickling ----

    def __reduce_ex__(self, protocol):
        self.ready()
        if type(self).__reduce__ is not Base.__reduce__:  # a subclass's own
            return self.__reduce__()
        whole = reduced_whole(self, protocol)
        return self.__reduce__() if whole is None else (*whole, self.__getstate__())

    def __reduce__(self):
        self.ready()
        cdef const void *key
        cdef const void *value
        cdef gomap_iter iter
        cdef gomap *map
        names = (type(self), self.layout.key_type.name, self.layout.value_type.name)
        if self.objects or self.key.strings or self.value.strings:
            if isinstance(self, Set):
                return _restore_elements, (*names, entries_of(self)), self.__getstate__()
            return _restore_empty, names, self.__getstate__(), None, iterator(self, ITEMS)
        cdef bytes packed
        cdef char *to
        cdef size_t entry = self.key.size + self.value.size, count, left
        map = read_begin(self, &iter)
        try:
            count = left = map.count
            packed = PyBytes_FromStringAndSize(NULL, count * entry)
            to = PyBytes_AS_STRING(packed)
            while left and gomap_iter_next(&iter, &key, &value) == 1:
                memcpy(to, key, self.key.size)
                memcpy(to + self.key.size, value, self.value.size)
                to += entry
                left -= 1
        finally:
            read_end(self, &iter)
        if left:
            entries_missing(self)
        return _restore, (*names, count, packed, sys.byteorder), self.__getstate__()

    # ---- reports ----

    @property
    def key_type(self):
        """The type of the keys."""
        self.ready()
        return self.layout.key_type

    @property
    def nbytes(self):
        """Every byte held outside the Python object, as the allocator gave it."""
        cdef size_t held
        self.read_lock()
        held = gomap_total(self.map)
        self.read_unlock()
        return held

    def __sizeof__(self):
        # Without what sys.getsizeof adds by itself: nbytes is what the map holds, and nothing else.
        cdef Py_ssize_t held, added = collector_bytes + (pointer_bytes if py_has_pointers_before(self) else 0)
        self.read_lock()
        held = <Py_ssize_t>(gomap_total(self.map) + py_versions_bytes(&self.lock))
        self.read_unlock()
        return held - added

    def memory(self):
        """Where the bytes are: a :class:`~gomap.memory.MemoryReport`."""
        from .memory import MemoryReport
        cdef gomap_memory memory
        cdef size_t entries, raw
        cdef Image image = self.image_now()
        self.read_lock()
        entries = self.map.count
        raw = entries * (raw_size(self.key) + raw_size(self.value)) + gomap_string_bytes(self.map)
        gomap_memory_of(self.map, &memory)
        self.read_unlock()
        return MemoryReport(
            total=memory.total, peak=memory.total_peak,
            raw=raw,
            header=memory.live[GOMAP_HEADER], buckets=memory.live[GOMAP_BUCKETS], tags=memory.live[GOMAP_TAGS],
            overflow=memory.live[GOMAP_OVERFLOW], records=memory.live[GOMAP_RECORDS],
            strings=memory.live[GOMAP_STRINGS], directory=memory.live[GOMAP_DIRECTORY],
            old_buckets=memory.live[GOMAP_OLD_BUCKETS], entries=entries,
            mapped=0 if image is None else image.view.nbytes)

    def reset_peak(self):
        """Let memory().peak begin again from what is held now."""
        self.write_lock()
        gomap_peak_reset(self.map)
        self.write_unlock()

    def stats(self):
        """How it is built at this moment: a :class:`~gomap.memory.Stats`."""
        from .memory import Stats
        cdef gomap_stats stats
        cdef int last = GOMAP_CHAIN_LENGTHS
        cdef size_t entries
        self.iterator_lock()
        entries = self.map.count
        gomap_stats_of(self.map, &stats)
        self.iterator_unlock()
        while last > 1 and stats.chain_lengths[last - 1] == 0:
            last -= 1
        return Stats(
            engine=gomap_about_engine(self.engine()).name.decode(), entries=entries,
            buckets=stats.buckets, B=stats.B,
            array_buckets=stats.array_buckets, array_bytes=stats.array_bytes,
            bucket_bytes=stats.bucket_bytes, overflow_buckets=stats.overflow_buckets,
            overflow_heap=stats.overflow_heap, old_buckets=stats.old_buckets,
            evacuated=stats.evacuated, growing=bool(stats.growing), same_size=bool(stats.same_size),
            grow_at=stats.grow_at, growths=stats.growths, same_size_growths=stats.same_size_growths,
            noverflow=stats.noverflow, splits=stats.splits, merges=stats.merges, displaced=stats.displaced,
            tables=stats.tables, directory=stats.directory, directory_bytes=stats.directory_bytes,
            tombstones=stats.tombstones,
            chain_lengths=tuple([stats.chain_lengths[i] for i in range(last)]) if stats.buckets else ())

    def _check(self):
        """The first broken invariant in words, or None. Takes time in proportion to the entries."""
        cdef char why[400]
        cdef bint good
        self.iterator_lock()
        good = gomap_check(self.map, why, sizeof(why)) == 0
        self.iterator_unlock()
        return None if good else why.decode()

    def _walk(self):
        """The bytes held by purpose, found by walking the structure instead of by counting."""
        cdef size_t live[8]
        self.iterator_lock()
        gomap_walk(self.map, live)
        self.iterator_unlock()
        return {"header": live[GOMAP_HEADER], "buckets": live[GOMAP_BUCKETS],
                "old_buckets": live[GOMAP_OLD_BUCKETS], "tags": live[GOMAP_TAGS], "overflow": live[GOMAP_OVERFLOW],
                "records": live[GOMAP_RECORDS], "strings": live[GOMAP_STRINGS], "directory": live[GOMAP_DIRECTORY]}


cdef bint is_plain_class(type cls) noexcept:
    """By identity alone: a metaclass may compare in Python."""
    return cls is Map or cls is GoMap or cls is Set or cls is SwissMap


cdef Base made_empty(type cls, Layout layout, size_t hint):
    """One of a class and types, without a call of its __init__."""
    cdef Base made = cls.__new__(cls)
    if made.map == NULL:
        made.make(layout, hint)
    else:
        made.become_empty(layout)
    return made


cdef size_t raw_size(Codec codec) noexcept:
    """Bytes that one key or value takes outside of any map: none for a string, which the core counts; an address for
    an object."""
    return sizeof(void *) if codec.kind == OBJECT else codec.size - codec.strings * sizeof(gomap_string)


cdef list entries_of(Base m):
    return list(iterator(m, KEYS if isinstance(m, Set) else ITEMS))


cdef bint same_types(Layout one, Layout other):
    return one is other or (one.key_type == other.key_type and one.value_type == other.value_type)


cdef int set_state(Base m, object state) except -1:
    """Gives a copy the attributes that __getstate__ returned, as copy and pickle do."""
    if state is None:
        return 0
    if hasattr(m, "__setstate__"):
        m.__setstate__(state)
        return 0
    in_dict, in_slots = state if isinstance(state, tuple) and len(state) == 2 else (state, None)
    if in_dict:
        m.__dict__.update(in_dict)
    for name, value in (in_slots or {}).items():
        setattr(m, name, value)
    return 0
