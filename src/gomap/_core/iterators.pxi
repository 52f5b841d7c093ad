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
        gomap_iter_end(&self.iter)
        Py_XDECREF(self.pair)

    cdef inline object item(self, object key, object value):
        Py_INCREF(key)
        Py_INCREF(value)
        return py_pair(&self.pair, key, value)

    def __iter__(self):
        return self

    def __length_hint__(self):
        if self.iter.map == NULL or self.owner.map == NULL:
            return 0
        return min(self.left, self.iter.map.count)

    def __next__(self):
        cdef const void *key
        cdef const void *value
        cdef Base m = self.owner
        if m is not None:
            m.ready()
        cdef int more = gomap_iter_next(&self.iter, &key, &value)
        if more == 1:
            if self.left:
                self.left -= 1
            if self.want == KEYS:
                return out(m, KEY, key)
            if self.want == VALUES:
                return out(m, VALUE, value)
            return self.item(out(m, KEY, key), out(m, VALUE, value))
        self.left = 0
        if more < 0:
            raise RuntimeError(f"a key was inserted into the {'set' if isinstance(m, Set) else 'map'} "
                               "during iteration, or all its entries were moved or overwritten; "
                               "iterate over a copy instead, such as list(...)")
        raise StopIteration


cdef MapIterator iterator(Base m, Want want):
    cdef MapIterator made = MapIterator.__new__(MapIterator)
    m.ready()  # not before: making an object may run the collector, and let other threads run
    made.owner = m
    made.want = want
    made.left = m.map.count
    gomap_iter_begin(&made.iter, m.map)
    return made
