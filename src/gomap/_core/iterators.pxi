# Iteration over keys, values or entries.


@cython.final
@cython.no_gc_clear  # the map must be there when the core's iterator is ended
cdef class MapIterator:
    """Goes over the keys, values or entries. Deleting and overwriting meanwhile is allowed; after
    an insertion the next step raises RuntimeError."""
    cdef Base owner
    cdef gomap_iter iter
    cdef Want want
    cdef size_t left
    cdef PyObject *pair  # the last one returned, owned

    def __dealloc__(self):
        if self.iter.map != NULL:
            end_iterator(self.owner, &self.iter)
        Py_XDECREF(self.pair)

    cdef object item_unlocked(self, Base m, const void *key, const void *value):
        """What __next__ returns, and the end of its lock. Another thread may have this iterator, too."""
        made_key = made_value = None
        try:
            if self.want != VALUES:
                made_key = out(m, KEY, key)
            if self.want != KEYS:
                made_value = out(m, VALUE, value)
        finally:
            m.iterator_unlock()
        return made_key if self.want == KEYS else made_value if self.want == VALUES else (made_key, made_value)

    cdef inline object item(self, object key, object value):
        Py_INCREF(key)
        Py_INCREF(value)
        return py_pair(&self.pair, key, value)

    def __iter__(self):
        return self

    def __length_hint__(self):
        cdef Base m = self.owner
        cdef size_t left = 0
        if m is not None:
            py_mutex_lock(&m.lock)
            if m.map != NULL:
                left = min(self.left, m.map.count)
            py_mutex_unlock(&m.lock)
        return left

    def __next__(self):
        cdef const void *key
        cdef const void *value
        cdef Base m = self.owner
        cdef int more = 0
        if m is not None:
            m.iterator_lock()
            more = gomap_iter_next(&self.iter, &key, &value)
            if more == 1:
                if self.left:
                    self.left -= 1
                if PY_FREE_THREADED:
                    return self.item_unlocked(m, key, value)
                if self.want == KEYS:
                    return out(m, KEY, key)
                if self.want == VALUES:
                    return out(m, VALUE, value)
                return self.item(out(m, KEY, key), out(m, VALUE, value))
            self.left = 0
            m.iterator_unlock()
        if more < 0:
            raise RuntimeError(f"a key was inserted into the {'set' if isinstance(m, Set) else 'map'} "
                               "during iteration, or all its entries were moved or overwritten; "
                               "iterate over a copy instead, such as list(...)")
        raise StopIteration


cdef MapIterator iterator(Base m, Want want):
    cdef MapIterator made = MapIterator.__new__(MapIterator)
    made.owner = m
    made.want = want
    m.iterator_lock()  # not before: making an object may run the collector, and let other threads run
    made.left = m.map.count
    gomap_iter_begin(&made.iter, m.map)
    m.iterator_unlock()
    return made
