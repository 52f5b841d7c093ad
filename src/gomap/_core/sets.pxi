# Set: a map of keys alone, with the methods and operators of set.


cdef bint alike(Set s, object other) except -1:
    """Whether other is a Set of the same key type: its keys are then compared as bytes."""
    s.ready()
    if not isinstance(other, Set) or s.key.kind == OBJECT:
        return False
    (<Set>other).ready()
    return same_types(s.layout, (<Set>other).layout)


cdef enum Sizes:  # how those of two Sets compare
    ANY_SIZES
    SAME_SIZE
    FIRST_SMALLER


cdef bint within(Set one, Set other, bint wanted, Sizes sizes=ANY_SIZES) except -1:
    """Whether every key of one Set is in another of the same key type, and their sizes compare so; with `wanted` False,
    whether none is."""
    cdef gomap_key room
    cdef const void *key
    cdef const void *value
    cdef gomap_iter iter, held
    cdef gomap *keys
    cdef gomap *others
    cdef size_t left
    cdef bint so
    read_both_begin(one, &iter, other, &held)
    keys, others = iter.map, held.map
    so = sizes == ANY_SIZES or (keys.count == others.count if sizes == SAME_SIZE else keys.count < others.count)
    with nogil:
        left = keys.count
        while so and left and gomap_iter_next(&iter, &key, &value) == 1:  # never beyond the last: see operations.pxi
            so = (gomap_find(others, gomap_key_again(keys, key, &room)) != NULL) == wanted
            left -= 1
    read_end(other, &held)
    read_end(one, &iter)
    return so


cdef int keep(Set s, Set other, bint kept) except -1:
    """Removes the keys that are not in another Set of the same type; with `kept` False, the keys that are."""
    cdef gomap_key room
    cdef const void *key
    cdef const void *value
    cdef gomap_iter iter, held
    cdef gomap *map
    cdef gomap *others
    if s is other:
        return 0 if kept else s.clear_all()
    if s.objects:
        erase_objects(s, [element for element in entries_of(s) if holds(other, element) != kept])
        return 0
    read_and_write_lock(other, &held, s)
    map, others = s.map, held.map
    gomap_iter_begin(&iter, map)
    while gomap_iter_next(&iter, &key, &value) == 1:
        key = gomap_key_again(map, key, &room)
        if (gomap_find(others, key) != NULL) != kept:
            gomap_erase(map, key)
    gomap_iter_end(&iter)
    s.write_unlock()
    read_end(other, &held)
    return 0


cdef int remove_keys(Set s, Set other) except -1:
    """Removes the keys that another Set of the same type has."""
    cdef gomap_key room
    cdef const void *key
    cdef const void *value
    cdef gomap_iter iter
    cdef gomap *map
    cdef gomap *others
    cdef size_t left
    if s is other:
        return s.clear_all()
    read_and_write_lock(other, &iter, s)
    map, others = s.map, iter.map
    left = others.count
    while left and gomap_iter_next(&iter, &key, &value) == 1:  # never beyond the last, where it would end itself
        gomap_erase(map, gomap_key_again(others, key, &room))
        left -= 1
    s.write_unlock()
    read_end(other, &iter)
    return 0


cdef bint holds(Set s, object element) except -1:
    """Whether it is there; what the key type cannot hold is not."""
    try:
        return s.has(element)
    except (TypeError, ValueError):
        if s.objects:  # it is the key's own
            raise
        return False


cdef bint among(object others, object key) except -1:
    """Whether a key is in any kind of set."""
    if isinstance(others, Set):
        return holds(others, key)
    try:
        return key in others
    except (TypeError, ValueError):
        if is_typed(others):  # a view of a map that has no such keys
            return False
        raise


cdef bint is_subset(Set s, object other) except -1:
    if alike(s, other):
        return within(s, other, True)
    for key in iterator(s, KEYS):
        if not among(other, key):
            return False
    return True


cdef bint is_superset(Set s, object other) except -1:
    if alike(s, other):
        return within(other, s, True)
    for element in frames.elements(other):
        if not holds(s, element):
            return False
    return True


cdef bint is_foreign(object other) except -1:
    """Whether the Set on the right handles an operator with `other` on the left. It does not where both are Sets,
    even if Python asks the right one first because its class is a subclass."""
    return isinstance(other, AbstractSet) and not isinstance(other, Set)


cdef class Set(Base):
    """A set of typed keys: memory follows the keys, up and down, as a :class:`Map`'s does.

    :param key: the key type, ``int`` or spelled as Go does: ``"uint32"``, ``"[16]byte"``
    :param items: an iterable of keys to begin with
    :param capacity: the number of keys to have room for; removals give unused room back

    It has every method and operator of ``set``. Those that return a set return one of the same class and key type; if
    both operands are Sets, of the left one's.

    ``in``, ``discard`` and ``remove`` of a key of a wrong type raise TypeError; an int or float that the
    type cannot hold is absent. The elements of another collection that are only looked up may be of any
    type: what the key type cannot hold is not in the set. Putting in such an element raises TypeError,
    OverflowError or ValueError, as ``add`` does. When several elements are put in, those before it stay in the set, as
    with ``set``.

    >>> s = Set(int, [1, 2, 3])
    >>> 2 in s, len(s), s & {2, 3, 4} == {2, 3}
    (True, 3, True)
    """

    __hash__ = None

    cdef int engine(self):
        return GOMAP_ELASTIC

    cdef str spelling(self):
        return f"Set of {self.layout.key_type}"

    def __init__(self, key=MISSING, items=None, /, *, capacity=0):
        if key is MISSING or (items is None and not may_be_type(key)):
            raise call_without_types(type(self), () if key is MISSING else (key,))
        cdef Layout layout = layout_of(key, None)
        if self.begun() and same_types(self.layout, layout):
            self.clear_all()  # as set's does
        self.begin(layout, items, capacity)

    # ---- one key ----

    @cython.final
    cdef inline int put(self, object key) except -1:
        cdef Cell cell
        cdef const void *at
        cdef int added
        cdef void *room
        if self.objects:
            room_for(self, key, NULL, True, &added)
            self.write_unlock()
            return 0
        kept = key_in(self, key, &cell, &at, True)
        if PY_FREE_THREADED and put_beside(self, at, at):
            return 0
        self.write_lock()
        room = gomap_assign(self.map, at, &added)
        self.write_unlock()
        if room == NULL:
            raise MemoryError()
        return 0

    def add(self, key, /):
        """Put in a key."""
        self.ready()
        self.put(key)

    def discard(self, key, /):
        """Remove a key if it is there."""
        self.ready()
        self.erase(key)

    def remove(self, key, /):
        """Remove a key; KeyError when it is not there."""
        self.ready()
        if not self.erase(key):
            raise KeyError(key)

    def pop(self):
        """Remove some key and return it; KeyError when there is none."""
        self.ready()
        cdef const void *key
        cdef const void *value
        cdef PyObject *held = NULL
        self.write_lock()
        try:
            if not gomap_any(self.map, &key, &value):
                raise KeyError("pop(): set is empty")
            taken = out(self, KEY, key)
            if self.objects:
                held = py_key_object_at(key)
            gomap_erase_any(self.map)
            self.changes += 1
        finally:
            self.write_unlock()
        Py_XDECREF(held)
        return taken

    # ---- many keys ----

    def isin(self, keys, /, *, threads=1):
        """contains_many: which of the keys are there, an array of bools."""
        return held_of(self, keys, threads)

    def add_many(self, keys, /, *, nulls="refuse", threads=1):
        """Put in many keys: an array, a column or any iterable. What is refused leaves the set as it was. Iterators end.

        :param nulls: ``"skip"`` leaves out nulls, ``"refuse"`` raises
        :param threads: as in :meth:`Map.set_many`
        :raises ValueError: a key is null: says which
        :raises MemoryError: there is no more room; its ``done`` says how many keys are in, from the first on
        """
        cdef int count = threads_of(threads)
        self.ready_to_write()
        cdef Column column
        cdef int purpose = purpose_of(nulls)
        if self.objects:
            listed = items_of(self, KEY, keys, purpose)
            if purpose == SKIPPING:
                listed = [key for key in listed if not frames.is_null(key, BYTES)]
            put_objects(self, listed, [None] * len(listed), GOMAP_LAST)
        else:
            column = column_of(self, KEY, keys, purpose)
            put_column(self, column, values_of(self, None, column.c.count), count)

    def discard_many(self, keys, /):
        """Remove the keys that are there; returns how many were. Iterators end."""
        return erase_all_of(self, keys)

    @classmethod
    def from_array(cls, keys, /, *, key=..., threads=1):
        """A set of an array's items, of the type that is given, or else of the array's own type.

        :param threads: as in :meth:`Map.set_many`
        """
        cdef Set made = cls(frames.column_type(keys, "keys") if key is ... else key)
        if type(threads) is int and threads == 1:
            made.add_many(keys)
        else:
            made.add_many(keys, threads=threads)
        return made

    def to_array(self, *, arrow=False):
        """All keys: an array; a list for strings, also in structs, and for objects.

        :param arrow: an :class:`ArrowColumn` instead
        :raises TypeError: Arrow data of structs or objects is asked for
        """
        return columns_out(self, False, arrow)[0]

    def __array__(self, dtype=None, copy=None):
        return arrays.exported(columns_out(self, False)[0], dtype, copy)

    # ---- changing it by others ----

    cdef int update_from(self, object other) except -1:
        cdef Column column
        if alike(self, other):
            if other is not self:
                put_all_of(other, self)
        elif not self.objects and is_array(other):
            self.add_many(other)
        else:
            for key in frames.elements(other):
                self.put(key)
        return 0

    def update(self, *others):
        """Put in every element of the others.

        As with set, the elements before one that is refused are in.
        """
        self.ready_to_write()
        for other in others:
            self.update_from(other)

    @cython.final
    cdef int keep_from(self, object other) except -1:
        keep(self, other if alike(self, other) else self.common(other), True)
        return 0

    def intersection_update(self, *others):
        """Remove every key that is not in all of the others."""
        self.ready_to_write()
        for other in others:
            self.keep_from(other)

    @cython.final
    cdef int remove_from(self, object other) except -1:
        if alike(self, other):
            if self.count() <= (<Set>other).count():
                keep(self, other, False)
            else:
                remove_keys(self, other)
        elif self.objects:
            erase_objects(self, list(frames.elements(other)))
        else:
            for element in frames.elements(other):
                try:
                    self.erase(element)
                except (TypeError, ValueError):  # no key of this set
                    pass
        return 0

    def difference_update(self, *others):
        """Remove every key that is in one of the others, which are taken one after another. Elements that are no keys of
        this set's type are passed over."""
        self.ready_to_write()
        for other in others:
            self.remove_from(other)

    @cython.final
    cdef int toggle_from(self, object other) except -1:
        cdef const void *key
        cdef const void *value
        cdef gomap_iter iter
        cdef Set toggled, new
        cdef gomap_key room
        cdef gomap *map
        cdef gomap *news
        cdef gomap *both
        cdef int added, more
        if other is self:
            return self.clear_all()
        if self.objects:
            toggled = other if alike(self, other) else self.like(other)
            return toggle_objects(self, toggled)
        toggled = self.like(other)  # which nobody else has, nor the others
        new = self.like(toggled)
        self.write_lock()
        map, news, both = self.map, new.map, toggled.map
        gomap_iter_begin(&iter, both)
        while gomap_iter_next(&iter, &key, &value) == 1:
            key = gomap_key_again(both, key, &room)
            if gomap_find(map, key) != NULL:
                gomap_erase(news, key)
        gomap_iter_end(&iter)
        gomap_iter_begin(&iter, news)
        while True:
            more = gomap_iter_next(&iter, &key, &value)
            if more != 1 or gomap_assign(map, gomap_key_again(news, key, &room), &added) == NULL:
                break
        gomap_iter_end(&iter)
        if more == 1:  # as it was
            gomap_iter_begin(&iter, news)
            while gomap_iter_next(&iter, &key, &value) == 1:
                gomap_erase(map, gomap_key_again(news, key, &room))
            gomap_iter_end(&iter)
        else:
            gomap_iter_begin(&iter, both)
            while gomap_iter_next(&iter, &key, &value) == 1:
                key = gomap_key_again(both, key, &room)
                if gomap_find(news, key) == NULL:
                    gomap_erase(map, key)
            gomap_iter_end(&iter)
        self.write_unlock()
        if more == 1:
            raise MemoryError("out of memory")
        return 0

    def symmetric_difference_update(self, other, /):
        """Remove the keys that are in both, and put in those that are only in the other. An error leaves the set as
        it was."""
        self.ready_to_write()
        self.toggle_from(other)

    def __ior__(self, other):
        if not isinstance(other, AbstractSet):
            return NotImplemented
        self.ready_to_write()
        self.update_from(other)
        return self

    def __iand__(self, other):
        if not isinstance(other, AbstractSet):
            return NotImplemented
        self.ready_to_write()
        self.keep_from(other)
        return self

    def __isub__(self, other):
        if not isinstance(other, AbstractSet):
            return NotImplemented
        self.ready_to_write()
        self.remove_from(other)
        return self

    def __ixor__(self, other):
        if not isinstance(other, AbstractSet):
            return NotImplemented
        self.ready_to_write()
        self.toggle_from(other)
        return self

    # ---- making others of it ----

    @cython.final
    cdef Set like(self, object elements):
        """Another one of this class and key type, with these elements."""
        self.ready()
        cdef Set made = self.empty(len(elements) if isinstance(elements, Set) else 0)
        made.update_from(elements)
        return made

    @cython.final
    cdef Set common(self, object other):
        """What is in both."""
        cdef Set made, smaller, larger
        if alike(self, other):
            smaller, larger = self, other
            if smaller.count() > larger.count():
                smaller, larger = larger, smaller
            made = self.like(smaller)
            keep(made, larger, True)
            return made
        made = self.like(())
        for element in frames.elements(other):
            if holds(self, element):
                made.put(element)
        return made

    def union(self, *others):
        """A Set of every key that is here or in one of the others."""
        cdef Set made = self.cloned()
        for other in others:
            made.update_from(other)
        return made

    def intersection(self, *others):
        """A Set of the keys that are here and in all of the others."""
        cdef Set made = self
        for other in others:
            made = made.common(other)
        return self.cloned() if made is self else made

    def difference(self, *others):
        """A Set of the keys that are in none of the others."""
        cdef Set made = self.cloned()
        for other in others:
            made.remove_from(other)
        return made

    def symmetric_difference(self, other, /):
        """A Set of what is either here or in the other, but not in both."""
        return self.toggled(other)

    @cython.final
    cdef Set toggled(self, object other):
        cdef Set made = self.cloned()
        made.toggle_from(other)
        return made

    def __or__(self, other):
        if not isinstance(self, Set) or not isinstance(other, AbstractSet):
            return NotImplemented
        cdef Set made = self.cloned()
        made.update_from(other)
        return made

    def __ror__(self, other):
        if not is_foreign(other):
            return NotImplemented
        cdef Set made = self.cloned()
        made.update_from(other)
        return made

    def __and__(self, other):
        if not isinstance(self, Set) or not isinstance(other, AbstractSet):
            return NotImplemented
        return self.common(other)

    def __rand__(self, other):
        if not is_foreign(other):
            return NotImplemented
        return self.common(other)

    def __sub__(self, other):
        if not isinstance(self, Set) or not isinstance(other, AbstractSet):
            return NotImplemented
        cdef Set made = self.cloned()
        made.remove_from(other)
        return made

    def __rsub__(self, other):
        if not is_foreign(other):
            return NotImplemented
        cdef Set made = self.like(())
        for element in frames.elements(other):
            if not holds(self, element):
                made.put(element)
        return made

    def __xor__(self, other):
        if not isinstance(self, Set) or not isinstance(other, AbstractSet):
            return NotImplemented
        return self.toggled(other)

    def __rxor__(self, other):
        if not is_foreign(other):
            return NotImplemented
        return self.toggled(other)

    # ---- comparing ----

    def isdisjoint(self, other, /):
        """Whether no key is in the other."""
        if alike(self, other):
            if self.count() <= (<Set>other).count():
                return within(self, other, False)
            return within(other, self, False)
        for element in frames.elements(other):
            if holds(self, element):
                return False
        return True

    def issubset(self, other, /):
        """Whether every key is in the other."""
        self.ready()
        return is_subset(self, other if isinstance(other, AbstractSet) else set(frames.elements(other)))

    def issuperset(self, other, /):
        """Whether every element of the other is here."""
        self.ready()
        return is_superset(self, other)

    def __eq__(self, other):
        if self is other:
            return True
        if not isinstance(other, AbstractSet):
            return NotImplemented
        if alike(self, other):
            return within(self, other, True, SAME_SIZE)
        # Either may know the other's elements better: Set(int, [1]), {1.0} and Set(float, [1]) are equal.
        return len(self) == len(other) and (is_superset(self, other) or is_subset(self, other))

    def __le__(self, other):
        if not isinstance(other, AbstractSet):
            return NotImplemented
        if alike(self, other):
            return within(self, other, True)
        return len(self) <= len(other) and is_subset(self, other)

    def __lt__(self, other):
        if not isinstance(other, AbstractSet):
            return NotImplemented
        if alike(self, other):
            return within(self, other, True, FIRST_SMALLER)
        return len(self) < len(other) and is_subset(self, other)

    def __ge__(self, other):
        if not isinstance(other, AbstractSet):
            return NotImplemented
        if alike(self, other):
            return within(other, self, True)
        return len(self) >= len(other) and is_superset(self, other)

    def __gt__(self, other):
        if not isinstance(other, AbstractSet):
            return NotImplemented
        if alike(self, other):
            return within(other, self, True, FIRST_SMALLER)
        return len(self) > len(other) and is_superset(self, other)

    # ---- memory ----

    def compact(self):
        """Give back the room beyond the keys, as :meth:`Map.compact` does. Iterators end."""
        compact_core(self)
