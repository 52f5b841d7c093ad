# Map, GoMap and SwissMap, and what they have in common.


@cython.no_gc_clear
@cython.collection_type("mapping")
cdef class BaseMap(Base):
    """What the maps have in common. Use :class:`Map`, :class:`GoMap` or :class:`SwissMap`."""
    __hash__ = None
    def __init__(self, *arguments, **options):
        raise TypeError("BaseMap is what the maps have in common: make a Map, a GoMap or a SwissMap")

    cdef str spelling(self):
        return f"map[{self.layout.key_type}]{self.layout.value_type}"

    # ---- one entry ----

    @cython.final
    cdef inline int assign(self, object key, object value) except -1:
        cdef Cell key_cell, value_cell
        cdef const void *key_at
        cdef const void *value_at
        cdef void *room
        cdef int added
        if self.objects:
            return assign_object(self, key, value)
        kept_key = key_in(self, key, &key_cell, &key_at, True)
        kept = value_in(self, value, &value_cell, &value_at)
        if PY_FREE_THREADED and put_beside(self, key_at, value_at):
            return 0
        self.write_lock()
        if self.value.strings:
            room = gomap_put(self.map, key_at, value_at, &added)
        else:
            room = gomap_assign(self.map, key_at, &added)
            if room != NULL:
                store(room, value_at, self.value.size)
        self.write_unlock()
        if room == NULL:
            raise MemoryError()
        return 0

    def __getitem__(self, key):
        self.ready()
        cdef void *found
        self.find(key, True, &found)
        if found == NULL:
            self.read_unlock()
            return self.missing(key)
        return read_out(self, VALUE, found)

    @cython.final
    cdef object missing(self, object key):
        """What m[key] is for a key that is absent: KeyError, or a subclass's __missing__."""
        handler = getattr(type(self), "__missing__", None)
        if handler is not None:
            return handler(self, key)
        raise KeyError(key)

    def __setitem__(self, key, value):
        self.ready()
        self.assign(key, value)

    def __delitem__(self, key):
        self.ready()
        if not self.erase(key):
            raise KeyError(key)

    def get(self, key, default=None, /):
        """The value for key, or default when it is absent.

        :raises TypeError: the key is of a wrong type
        """
        self.ready()
        cdef void *found
        self.find(key, True, &found)
        if found == NULL:
            self.read_unlock()
            return default
        return read_out(self, VALUE, found)

    def setdefault(self, key, default=MISSING, /):
        """The value for key; when it is absent, default is put there first.

        Without a default it is the value type's zero, as in Go.
        """
        self.ready()
        cdef Cell key_cell, value_cell
        cdef const void *key_at
        cdef const void *value_at = NULL
        cdef void *room
        cdef int added = 0
        if self.objects:
            return default_object(self, key, default)
        kept_key = key_in(self, key, &key_cell, &key_at, True)
        kept = value_in(self, default, &value_cell, &value_at) if default is not MISSING else None
        self.write_lock()
        if self.value.strings and value_at != NULL:
            room = gomap_find(self.map, key_at)
            if room == NULL:
                room = gomap_put(self.map, key_at, value_at, &added)
        else:
            room = gomap_assign(self.map, key_at, &added)
        if room == NULL:
            self.write_unlock()
            raise MemoryError()
        if added and value_at != NULL and not self.value.strings:
            store(room, value_at, self.value.size)
        return written_out(self, VALUE, room)

    def pop(self, key, default=MISSING, /):
        """Remove key and return its value; when it is absent, default, or KeyError without one."""
        self.ready()
        cdef Cell cell
        cdef const void *at
        cdef void *found = NULL
        cdef PyObject *taken = NULL
        if self.objects:
            if take_object(self, key, &taken):
                value = <object>taken
                Py_DECREF(value)
                return value
            if default is MISSING:
                raise KeyError(key)
            return default
        kept = key_in(self, key, &cell, &at, False)
        self.write_lock()
        if at != NULL:
            found = gomap_at(self.map, at)
        if found == NULL:
            self.write_unlock()
            if default is MISSING:
                raise KeyError(key)
            return default
        if not PY_FREE_THREADED:
            value = out(self, VALUE, found)
            gomap_erase(self.map, at)
            return value
        try:
            value = out(self, VALUE, found)
            gomap_erase(self.map, at)
        finally:
            self.write_unlock()
        return value

    def popitem(self):
        """Remove some entry and return it as a (key, value) tuple; KeyError when there is none."""
        self.ready()
        cdef const void *key
        cdef const void *value
        cdef PyObject *held_key = NULL
        cdef PyObject *held_value = NULL
        # The tuple first: making a container may run the collector, and that any code.
        cdef tuple item = PyTuple_New(2)
        self.write_lock()
        try:
            if not gomap_any(self.map, &key, &value):
                raise KeyError("popitem(): map is empty")
            taken_key = out(self, KEY, key)
            taken_value = out(self, VALUE, value)
            if self.key.kind == OBJECT:
                held_key = py_key_object_at(key)
            if self.value.kind == OBJECT:
                held_value = py_object_at(value)
            gomap_erase_any(self.map)
            self.changes += 1
        finally:
            self.write_unlock()
        Py_INCREF(taken_key)
        PyTuple_SET_ITEM(item, 0, taken_key)
        Py_INCREF(taken_value)
        PyTuple_SET_ITEM(item, 1, taken_value)
        Py_XDECREF(held_key)
        Py_XDECREF(held_value)
        return item

    # ---- many ----

    # How keys are looked up for their values: a cache has its own ways, as there a look-up is a use.

    cdef object value_of(self, object key):
        """The value of a key, or MISSING."""
        cdef void *found
        self.find(key, True, &found)
        if found == NULL:
            self.read_unlock()
            return MISSING
        return read_out(self, VALUE, found)

    cdef object value_at(self, const char *key):
        """The same for a key as the core takes it. Asked only where there is a finder."""
        raise NotImplementedError

    cdef gomap_finder *finder(self) noexcept:
        """NULL: the map itself."""
        return NULL

    cdef void find_begin(self) noexcept:
        """Before the core asks the finder."""
        pass

    cdef void find_end(self) noexcept:
        pass

    def get_many(self, keys, /, default=MISSING, *, out=None, missing=None, arrow=None, threads=1):
        """The values for many keys, in their order: an array, a list for strings, also in structs, and for objects.

        :param keys: an array, a column of a data frame (NumPy, Arrow, pandas, polars, array.array, memoryview), or any
            iterable. A null is a key that is not there
        :param default: the value for keys that are not there
        :param out: an array of the value type to write to and return; its content is lost when a key is missing
        :param missing: ``"null"`` gives an :class:`ArrowColumn` with a null for every key that is not there
        :param arrow: True gives an :class:`ArrowColumn`, False never; by default strings come so when the keys are Arrow
            data
        :param threads: how many threads share the work, at most; one where keys or values are objects, the keys a list
            of strings, or the values strings
        :raises KeyError: a key is not there, and there is no default: names the first, and how many
        :raises TypeError: the array's items are of another type, which is never reinterpreted
        """
        return values_for(self, keys, default, out, missing, arrow, threads)

    def set_many(self, keys, values, /, *, nulls="refuse", threads=1):
        """Put in many keys, each with its value, or all with one. Iterators end.

        Everything is converted and checked first: input that is refused leaves the map as it was. A key whose own
        comparison raises leaves it as it was too. Where keys or values are objects, so does anything else that ends it
        half-way.

        :param keys: an array, a column or a data frame, or any iterable
        :param values: an array, a column or a list of as many values; anything else is one value for all
        :param nulls: ``"skip"`` leaves out the rows that have a null in them, ``"refuse"`` raises
        :param threads: how many threads share the work, at most: 1, 2, 4 or 8. Only a :class:`Map` shares it, of keys and
            values of up to 64 bytes together, without strings and objects
        :raises ValueError: a key or value is null: says which
        :raises MemoryError: there is no more room; its ``done`` says how many keys are in, from the first on. With
            threads some of those behind them may be in, too
        """
        cdef int count = threads_of(threads)
        self.ready_to_write()
        put_all(self, keys, values, nulls, GOMAP_LAST, count)

    @classmethod
    def from_arrays(cls, keys, values, /, *, key=..., value=..., threads=1):
        """A map of these keys and values, of the types that are given, or else of the arrays' own types.

        :param threads: as in :meth:`set_many`
        :raises TypeError: the keys or values come in a list or the like, which has no type, and no type is given
        """
        cdef BaseMap made = cls(frames.column_type(keys, "keys") if key is ... else key,
                                frames.column_type(values, "values") if value is ... else value)
        if type(threads) is int and threads == 1:
            made.set_many(keys, values)
        else:
            made.set_many(keys, values, threads=threads)
        return made

    def to_arrays(self, *, arrow=False):
        """All keys and all values, in the same order: a pair of arrays; lists for strings, also
        in structs, and for objects.

        :param arrow: a pair of :class:`ArrowColumn` instead
        :raises TypeError: Arrow data of structs or objects is asked for
        """
        return columns_out(self, True, arrow)

    def add(self, key, by=1, /):
        """Add to the value of a key, which counts from zero if it is not there; returns the sum. Go's m[key] += by.

        :raises OverflowError: the sum does not fit the value type; nothing has changed
        """
        return add_one(self, key, by)

    def add_many(self, keys, by=1, /, *, nulls="refuse"):
        """Add to the values of many keys: one number for all, or one for each; a key may come often. Iterators end.

        An error that ends it half-way, also one from a signal's handler, leaves the map as it was. Sums of floats are
        an exception, as they cannot be undone exactly: there the error's ``done`` says how many keys were added, from
        the first on.

        :param nulls: ``"skip"`` leaves out the rows that have a null in them, ``"refuse"`` raises
        :raises OverflowError: a sum does not fit: names the key; nothing has changed
        :raises ValueError: a key or number is null: says which
        """
        self.ready_to_write()
        check_countable(self)
        put_all(self, keys, by, nulls, GOMAP_ADD)

    def max_many(self, keys, values, /, *, nulls="refuse"):
        """Give each key the larger of its value and the one that comes, of times the later; a key that is not there
        takes what comes. A NaN gives way to any number. Iterators end.

        An error that ends it half-way says by ``done`` how many keys are done; doing it again does no harm.

        :param values: one number or time for all keys, or one for each; a key may come often
        :param nulls: ``"skip"`` leaves out the rows that have a null in them, ``"refuse"`` raises
        """
        self.ready_to_write()
        check_ordered(self, "max_many")
        put_all(self, keys, values, nulls, GOMAP_MAX)

    def min_many(self, keys, values, /, *, nulls="refuse"):
        """Give each key the smaller of its value and the one that comes; else as :meth:`max_many`."""
        self.ready_to_write()
        check_ordered(self, "min_many")
        put_all(self, keys, values, nulls, GOMAP_MIN)

    def merge(self, other, /, how="last"):
        """Put in the entries of another map of the same types. Iterators end.

        :param how: what a key that both have gets: the other's value (``"last"``), its own (``"first"``), their sum
            (``"add"``), the larger (``"max"``) or the smaller (``"min"``)
        :raises OverflowError: a sum does not fit: names the key; nothing has changed
        """
        merge_map(self, other, how)

    def most_common(self, n=None, /):
        """The n entries of the largest values as (key, value) tuples, the largest first; without n all entries.

        Entries with equal values come in any order; NaN counts as the smallest.
        """
        return largest_of(self, n)

    def delete_where(self, predicate, /):
        """Remove the entries that a function chooses; returns how many went. Iterators end.

        The function is called with the keys and the values of up to 65,536 entries, as :meth:`to_arrays` gives them,
        and returns as many bools. While it runs, the map can be read but not written to. Entries are removed after
        its last call, so if it raises, every entry is still there.

        :param predicate: a function of keys and values, such as ``lambda keys, values: values < 3``
        """
        return delete_chosen(self, predicate)

    def encode(self, keys, /, *, nulls="refuse"):
        """The codes of the keys; keys that are not there are put in with the next codes. Iterators end.

        A map's codes are its values, 0 to len - 1, as :meth:`Map.factorize` makes them.

        :param keys: an array, or any iterable
        :param nulls: ``"skip"`` gives a null the code -1, ``"refuse"`` raises
        :returns: an array of int64, one for each key
        :raises TypeError: the map's values are not of type int64
        :raises ValueError: a key's value is no code, or a key is null; nothing has changed
        """
        return encoded(self, keys, "encode", purpose_of(nulls))

    def decode(self, codes, /):
        """The keys of these codes: an array, a list for strings and objects. Takes time for every entry.

        :param codes: an array of integers, or any iterable
        :raises IndexError: an item is no code of the map: names its index
        :raises ValueError: the map's values are not the codes 0 to len - 1
        """
        check_codes(self, "decode")
        return decoded(self, column_named(self, VALUE, codes, "codes"))

    def uniques(self):
        """The keys in the order of their codes: an array, a list for strings and objects.

        :raises ValueError: the map's values are not the codes 0 to len - 1
        """
        check_codes(self, "uniques")
        return decoded(self, None)

    def update(self, other=(), values=..., /, **entries):
        """Put in every entry of a mapping or of an iterable of (key, value) pairs; or keys and values that
        stand in two arrays, as set_many does.

        As with dict, the entries before one that is refused are in.
        """
        self.ready_to_write()
        if values is not ...:
            self.set_many(other, values)
        else:
            self.update_from(other)
        for name in entries:
            self.assign(name, entries[name])

    cdef int update_from(self, object other) except -1:
        cdef BaseMap source
        if isinstance(other, BaseMap) and (<BaseMap>other).begun() \
                and not self.objects and same_types((<BaseMap>other).layout, self.layout):
            source = other
            source.ready()
            if source is not self:
                put_all_of(source, self)
        elif type(other) is dict:
            for key, value in (<dict>other).items():
                self.assign(key, value)
        else:
            frames.refuse_as_entries(other)
            if hasattr(other, "keys"):
                for key in other.keys():
                    self.assign(key, other[key])
            else:
                self.update_pairs(other)
        return 0

    @cython.final
    cdef int update_pairs(self, object pairs) except -1:
        cdef Py_ssize_t position = 0
        for pair in pairs:
            if type(pair) is not tuple or len(pair) != 2:
                try:
                    pair = tuple(pair)
                except TypeError:
                    raise TypeError(f"update element #{position}: expected a (key, value) pair, "
                                    f"got {type(pair).__name__} {shown(pair)}") from None
                if len(pair) != 2:
                    raise ValueError(f"update element #{position}: expected a (key, value) pair, "
                                     f"got {len(pair)} elements")
            self.assign((<tuple>pair)[0], (<tuple>pair)[1])
            position += 1
        return 0

    @classmethod
    def fromkeys(cls, keys, fill=MISSING, /, *, key=MISSING, value=MISSING):
        """A map with these keys, each with the value fill (zero without one).

        Its types are those given, or those that the class itself gives its maps: a subclass's, or those of
        ``Map[int, str].fromkeys(keys)``.

        :raises TypeError: no types are given and the class needs them
        """
        cdef BaseMap made
        if key is MISSING and value is MISSING and cls.__init__ not in TYPELESS:
            own = cls()
            if not isinstance(own, BaseMap) or type(own).__setitem__ is not BaseMap.__setitem__:
                if fill is MISSING:
                    fill = Map(int, own.value_type).setdefault(0) if isinstance(own, BaseMap) else None
                for each in keys:  # as it says, and as dict does
                    own[each] = fill
                return own
            made = own
        elif key is MISSING or value is MISSING:
            raise TypeError(f"fromkeys: expected a key type and a value type, got {'none' if key is value else 'one'}; "
                            f"write {cls.__name__}[int, float].fromkeys(keys), with the types that you need, or pass "
                            "key= and value=")
        else:
            made = cls(key, value)
        made.ready()
        for each in keys:
            if fill is MISSING:
                made.setdefault(each)
            else:
                made.assign(each, fill)
        return made

    def __or__(self, other):
        if not isinstance(self, BaseMap) or not isinstance(other, Mapping):
            return NotImplemented
        united = self.copy()
        united.update(other)
        return united

    def __ror__(self, other):
        if not isinstance(other, Mapping):
            return NotImplemented
        cdef BaseMap united = self.empty(len(self))
        united.update(other)
        united.update(self)
        return united

    def __ior__(self, other):
        self.update(other)
        return self

    def __eq__(self, other):
        if self is other:
            return True
        if not isinstance(other, Mapping):
            return NotImplemented
        if len(self) != len(other):
            return False
        cdef bint typed = isinstance(other, BaseMap) and (<BaseMap>other).key.kind != OBJECT
        for key, value in self.items():
            try:
                if key not in other:
                    return False
            except (TypeError, ValueError):
                if typed:  # it has no such keys
                    return False
                raise
            found = other[key]
            if found is not value and not found == value:
                return False
        return True

    # ---- iteration ----

    def _iter_keys(self):
        return iterator(self, KEYS)

    def _iter_values(self):
        return iterator(self, VALUES)

    def _iter_items(self):
        return iterator(self, ITEMS)

    def keys(self):
        """A live view of the keys."""
        self.ready()
        return MapKeysView(self)

    def values(self):
        """A live view of the values."""
        self.ready()
        return MapValuesView(self)

    def items(self):
        """A live view of the entries as (key, value) tuples."""
        self.ready()
        return MapItemsView(self)

    @property
    def value_type(self):
        """The type of the values."""
        self.ready()
        return self.layout.value_type


cdef class Map(BaseMap):
    """The map to use: memory follows the entries, up and down, a bucket at a time.

    :param key: the key type, ``int`` or spelled as Go does: ``"uint32"``, ``"[16]byte"``
    :param value: the value type; ``"*T"`` is stored as T is
    :param items: a mapping or an iterable of (key, value) pairs to begin with
    :param capacity: the number of entries to have room for; deletions give unused room back

    A key of a wrong type raises TypeError on every operation. An int or float that the type cannot
    hold raises OverflowError when stored, and is absent when looked up. Bytes of another length than
    the type's raise ValueError. All NaN keys are one key.

    A struct is taken from a tuple of its fields, or by name from another named tuple or a mapping. It is returned as a
    named tuple. The rules for ints, floats and bytes hold for its fields too.

    Every operation takes constant time on average, and no single operation takes long. The map uses linear hashing
    (Litwin, 1980) with two candidate buckets a key, see docs/design.md.

    >>> m = Map(int, "[4]byte", {1: b"spam"})
    >>> m[1], 2 in m, len(m)
    (b'spam', False, 1)
    """

    cdef int engine(self):
        return GOMAP_ELASTIC

    def __init__(self, key=MISSING, value=MISSING, items=None, /, *, capacity=0):
        if value is MISSING:
            raise call_without_types(type(self), () if key is MISSING else (key,))
        self.begin(layout_of(key, value), items, capacity)

    @classmethod
    def factorize(cls, keys, /, *, key=..., nulls="refuse"):
        """Number the keys from 0 up in order of first appearance; returns the array of these codes, one for every key,
        and the Map from key to code.

        :param keys: an array or a column, or with a type any iterable
        :param key: the type of the keys; without it, the one that the array says
        :param nulls: ``"skip"`` gives a null the code -1, ``"refuse"`` raises ValueError
        """
        cdef BaseMap made = cls(frames.column_type(keys, "keys") if key is ... else key, "int64")
        return encoded(made, keys, "factorize", purpose_of(nulls)), made

    def compact(self):
        """Give back the room beyond the entries: to some 94 % of the slots full.

        Takes 5 to 50 ns an entry, and no memory. Later insertions gradually make the usual room again. Iterators end,
        as after an insertion.
        """
        compact_core(self)


cdef int compact_core(Base m) except -1:
    """It may take long, so other threads run meanwhile."""
    cdef gomap *map
    if m.objects:  # whose collector must see them
        m.write_lock()
        gomap_compact(m.map)
        m.write_unlock()
        return 0
    map = write_begin(m)
    with nogil:
        gomap_compact(map)
    write_end(m, map)
    return 0


cdef class GoMap(BaseMap):
    """Go's classic runtime map (Go 1.0 to 1.23): grows by doubling, never shrinks.

    :param key: the key type, ``int`` or as Go spells it: ``"uint32"``, ``"[16]byte"``
    :param value: the value type; ``"*T"`` is stored behind a reference
    :param items: a mapping or an iterable of (key, value) pairs to begin with
    :param capacity: the number of entries to have room for; a hint, as in Go's ``make``

    A key of a wrong type raises TypeError on every operation. An int or float that the type cannot
    hold raises OverflowError when stored, and is absent when looked up. Bytes of another length than
    the type's raise ValueError.

    >>> m = GoMap(int, "[4]byte", {1: b"spam"})
    >>> m[1], 2 in m, m.stats().B
    (b'spam', False, 0)
    """

    cdef int engine(self):
        return GOMAP_GO

    def __init__(self, key=MISSING, value=MISSING, items=None, /, *, capacity=0):
        if value is MISSING:
            raise call_without_types(type(self), () if key is MISSING else (key,))
        self.begin(layout_of(key, value), items, capacity)


cdef class SwissMap(BaseMap):
    """Go's current runtime map (since Go 1.24), a Swiss table: grows by small tables that split, never shrinks.

    :param key: the key type, ``int`` or as Go spells it: ``"uint32"``, ``"[16]byte"``
    :param value: the value type; ``"*T"`` is stored behind a reference
    :param items: a mapping or an iterable of (key, value) pairs to begin with
    :param capacity: the number of entries to have room for; a hint, as in Go's ``make``

    Keys, values and errors are those of :class:`GoMap`. Insertions remove tombstones, as in Go since 1.25.

    >>> m = SwissMap(int, "[4]byte", {1: b"spam"})
    >>> m[1], 2 in m, m.stats().tables
    (b'spam', False, 0)
    """

    cdef int engine(self):
        return GOMAP_SWISS

    def __init__(self, key=MISSING, value=MISSING, items=None, /, *, capacity=0):
        if value is MISSING:
            raise call_without_types(type(self), () if key is MISSING else (key,))
        self.begin(layout_of(key, value), items, capacity)


#: Go's maps.
cdef tuple GO_CLASSES = (GoMap, SwissMap)

#: The constructors that have to be told the types.
cdef tuple TYPELESS = (BaseMap.__init__, Map.__init__, GoMap.__init__, SwissMap.__init__)


def make(spec, hint=0, /, *, go="1.23"):
    """A map from Go's spelling: ``make("map[int][128]byte", 1000)``.

    :param hint: the number of entries to have room for
    :param go: the version of Go whose map it is: a :class:`GoMap` below ``"1.24"``, from there a :class:`SwissMap`
    :raises ValueError: a spelling is unknown or malformed; the message shows where
    """
    key, value = parse_map(spec)
    return (SwissMap if parse_go(go) >= 24 else GoMap)(key, value, capacity=hint)
