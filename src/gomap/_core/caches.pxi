# Cache: a map held to a limit (csrc/cache.h).
#
# Entries leave in the middle of the core's work: evicted or expired. The core says so by `entry_leaves`, which keeps
# the key and the value, as objects, in an array of C's. When the core's work is done, `settle_cache` calls on_evict for
# each, and drops references. Both may run any code, which may use this very cache.
#
# A look-up is a use, and writes. So on free-threaded builds a cache's methods are critical sections: as with the
# interpreter's lock, another thread comes in only where Python code runs or waits. CPython itself may wait where an
# object is made, as for the look-up of an attribute of a class. So the core's work, with the objects that it makes, has
# the map's lock besides, from core_begin to core_end.

import time as _time

cdef object NEVER = float("inf")
cdef object monotonic = _time.monotonic
cdef tuple REASONS = ("evicted", "expired")  # GOMAP_EVICTED, GOMAP_EXPIRED

class NoRoomError(ValueError):
    """An entry has no room within a cache's ``max_bytes``, even alone."""

    __module__ = "gomap"


cdef struct Gone:  # an entry that has left
    PyObject *key    # owned; NULL where nobody asks for it
    PyObject *value
    PyObject *held_key    # the references that the map owned, or NULL
    PyObject *held_value
    int reason


@cython.final
@cython.no_gc_clear  # as Base
cdef class CacheEntries(BaseMap):
    """The map of a cache, which nobody else sees."""
    cdef gomap_cache *cache
    cdef Gone *gone
    cdef size_t gone_count, gone_room
    cdef bint told  # on_evict wants to know
    cdef bint lost  # an entry that has left could not be made objects
    cdef gomap_cache_uses uses  # of the get_many that is running

    cdef int engine(self):
        return GOMAP_ELASTIC

    cdef void clear_core(self) noexcept:
        gomap_cache_clear(self.cache)

    cdef str spelling(self):
        return f"Cache of {self.layout.key_type} to {self.layout.value_type}"

    cdef object value_of(self, object key):
        cdef size_t place
        cache_place(self, key, &place)
        return core_out(self, gomap_cache_use(self.cache, place, self.uses.now))

    cdef object value_at(self, const char *key):
        core_begin(self)
        return core_out(self, gomap_cache_get(self.cache, key, self.uses.now))

    cdef gomap_finder *finder(self) noexcept:
        return &self.uses.finder

    cdef void find_begin(self) noexcept:
        core_begin(self)

    cdef void find_end(self) noexcept:
        core_end(self)

    def __dealloc__(self):
        cdef gomap_cache *cache = self.cache
        cdef gomap *map = self.map
        self.cache = NULL
        self.map = NULL
        if cache != NULL:
            if self.objects:
                release_objects(self, map)
            gomap_cache_free(cache)
        PyMem_Free(self.gone)


cdef inline void core_begin(CacheEntries m) noexcept:
    py_write_lock(&m.lock)


cdef inline void core_end(CacheEntries m) noexcept:
    py_write_unlock(&m.lock)


cdef object core_out(CacheEntries m, const void *found):
    """The value that was found, or MISSING; and the core's end."""
    if not PY_FREE_THREADED:
        return MISSING if found == NULL else out(m, VALUE, found)
    try:
        return MISSING if found == NULL else out(m, VALUE, found)
    finally:
        core_end(m)


cdef int cache_place(CacheEntries m, object key, size_t *place) except -1:
    """Sets the place of a key's entry, expired or not, or GOMAP_NOWHERE; and has begun the core's work, during which it
    holds."""
    cdef py_object_key sought
    cdef Cell cell
    cdef const void *at
    cdef void *found
    if m.key.kind == OBJECT:
        kept = seek_object(m, key, &sought, &found, True)
        place[0] = GOMAP_NOWHERE if found == NULL else gomap_cache_find(m.cache, &sought.core)
        return 0
    kept = key_in(m, key, &cell, &at, False)
    core_begin(m)
    place[0] = GOMAP_NOWHERE if at == NULL else gomap_cache_find(m.cache, at)
    return 0


cdef inline bint is_live(CacheEntries m, size_t place, uint64_t now) noexcept:
    return place != GOMAP_NOWHERE and not gomap_cache_expired(m.cache, place, now)


cdef int entry_leaves(void *owner, const void *key, const void *value, int reason) noexcept:
    """0, and the entry stays, when there is no memory to keep what is to be done for it."""
    cdef CacheEntries m = <CacheEntries>owner
    cdef Gone *gone
    cdef bint collecting
    cdef size_t room
    if m.gone_count == m.gone_room:
        room = 2 * m.gone_room + 8
        gone = <Gone *>PyMem_Realloc(m.gone, room * sizeof(Gone))
        if gone == NULL:
            return 0
        m.gone, m.gone_room = gone, room
    gone = &m.gone[m.gone_count]
    memset(gone, 0, sizeof(Gone))
    gone.reason = reason
    if m.key.kind == OBJECT:
        gone.held_key = py_key_object_at(key)
    if m.value.kind == OBJECT:
        gone.held_value = py_object_at(value)
    if m.told and reason <= GOMAP_EXPIRED:
        collecting = py_collector_stop()  # making a struct's tuple might run the collector, and with it any code
        try:
            taken = out(m, KEY, key)
            Py_INCREF(taken)
            gone.key = <PyObject *>taken
            taken = out(m, VALUE, value)
            Py_INCREF(taken)
            gone.value = <PyObject *>taken
        except BaseException:
            m.lost = True
        py_collector_resume(collecting)
    m.gone_count += 1
    m.changes += 1
    return 1


cdef int settle_cache(Cache c) except -1:
    """Tells of the entries that have left, and drops what the map had of them."""
    cdef CacheEntries m = c.entries
    cdef Gone *gone
    cdef size_t count, i
    cdef bint lost
    core_begin(m)
    gone, count, lost = m.gone, m.gone_count, m.lost
    m.gone = NULL
    m.gone_count = m.gone_room = 0
    m.lost = False
    core_end(m)
    failure = None
    for i in range(count):
        if gone[i].key != NULL and gone[i].value != NULL and c.on_evict is not None:
            try:
                c.on_evict(<object>gone[i].key, <object>gone[i].value, REASONS[gone[i].reason])
            except BaseException as error:
                if failure is None:
                    failure = error
                else:
                    failure.add_note(f"on_evict raised once more: {type(error).__name__}: {error}")
        Py_XDECREF(gone[i].held_value)
        Py_XDECREF(gone[i].held_key)
        Py_XDECREF(gone[i].value)
        Py_XDECREF(gone[i].key)
    PyMem_Free(gone)
    if failure is not None:
        raise failure
    if lost:
        raise MemoryError("out of memory while entries left: on_evict was not told of all")
    return 0


cdef int check_max_bytes(const gomap_type *type, size_t max_bytes) except -1:
    cdef size_t least = gomap_cache_least(type)
    if 0 < max_bytes < least:
        raise ValueError(f"max_bytes: expected {least:,} at least, which one entry takes, got {max_bytes:,}")
    return 0


cdef class Cache:
    """A mapping held to exact bytes or to a number of entries: to make room it evicts what is used least.

    ``nbytes`` is never more than ``max_bytes``, strings and all of the cache's own memory included. New entries are on
    probation, so a scan does not push out what is used often; see docs/design.md for the policy and its hit ratios.

    :param key: the key type, as :class:`Map` takes it: ``int``, ``str``, ``"[16]byte"``, ``object``
    :param value: the value type
    :param items: a mapping or an iterable of (key, value) pairs to begin with
    :param max_bytes: the most bytes: an int, or a str such as ``"1 GiB"``
    :param max_entries: the most entries
    :param ttl: seconds until an entry expires; ``math.inf``: never, unless :meth:`set` says otherwise. Takes 4 bytes an
        entry
    :param tti: seconds since an entry's last use until it expires. Takes 4 bytes an entry
    :param on_evict: called with (key, value, reason) of each entry that was ``"evicted"`` or has ``"expired"``, when the
        operation is done. It may use the cache
    :param clock: a function that returns seconds; when it goes back no time passes
    :raises ValueError: there is neither limit nor time, or the limit is too small for one entry

    An expired entry is never returned. Its memory comes back without a thread: each operation looks at a few entries.

    >>> c = Cache(int, "[4]byte", max_entries=2)
    >>> c[1], c[2], c[3] = b"spam", b"eggs", b"tofu"
    >>> len(c), c.stats.evictions
    (2, 1)
    """
    cdef CacheEntries entries
    cdef Layout layout
    cdef object on_evict, clock
    cdef readonly object ttl, tti
    cdef bint timed, deadlines, system_clock, started
    cdef double origin, last, per_second
    cdef double lives  # ttl in seconds; infinite: none
    cdef object __weakref__

    __hash__ = None

    @classmethod
    def __class_getitem__(cls, types, /):
        """The class with its types: for annotations."""
        from types import GenericAlias
        return GenericAlias(cls, types)

    def __init__(self, key=MISSING, value=MISSING, items=None, /, *, max_bytes=None, max_entries=None, ttl=None,
                 tti=None, on_evict=None, clock=None):
        from . import _cache_arguments as checked
        if value is MISSING:
            raise TypeError("Cache: expected a key type and a value type, such as Cache(int, str, max_entries=1000)")
        cdef size_t most_bytes, most_entries
        most_bytes, most_entries = checked.limits(max_bytes, max_entries, ttl, tti)
        ttl, tti = checked.seconds("ttl", ttl), checked.seconds("tti", tti)
        if on_evict is not None and not callable(on_evict):
            raise TypeError(f"on_evict: expected a function of key, value and reason, got {type(on_evict).__name__}")
        if clock is not None and not callable(clock):
            raise TypeError(f"clock: expected a function that returns seconds, got {type(clock).__name__}")
        self.begin(layout_of(key, value), most_bytes, most_entries, ttl, tti, on_evict, clock,
                   checked.ticks_a_second(ttl, tti))
        if items is not None:
            self.update(items)

    @cython.final
    @cython.critical_section
    cdef int begin(self, Layout layout, size_t max_bytes, size_t max_entries, object ttl, object tti, object on_evict,
                   object clock, double per_second) except -1:
        if self.entries is not None:
            raise TypeError("Cache.__init__() was called before: make another Cache")
        self.ttl, self.tti = ttl, tti
        self.on_evict = on_evict
        self.clock = monotonic if clock is None else clock
        self.system_clock = self.clock is monotonic
        self.deadlines = ttl is not None
        self.timed = self.deadlines or tti is not None
        self.lives = NEVER if ttl is None else ttl
        self.per_second = per_second
        return self.make(layout, max_bytes, max_entries)

    @cython.final
    cdef int make(self, Layout layout, size_t max_bytes, size_t max_entries) except -1:
        cdef gomap_cache_settings settings
        cdef CacheEntries m = CacheEntries.__new__(CacheEntries)
        cdef Layout own = Layout.__new__(Layout)
        own.type = layout.type
        own.key_type, own.value_type = layout.key_type, layout.value_type
        own.key_struct, own.value_struct = layout.key_struct, layout.value_struct
        own.key, own.value, own.objects = layout.key, layout.value, layout.objects
        gomap_cache_type(&own.type, self.deadlines, self.tti is not None)
        memset(&settings, 0, sizeof(settings))
        settings.max_bytes = max_bytes
        settings.max_entries = max_entries
        settings.deadlines = self.deadlines
        settings.idle = 0 if self.tti is None else self.ticks_of(self.tti)
        if self.deadlines and self.lives != NEVER:
            settings.pace = self.ticks_of(self.lives)
        m.told = self.on_evict is not None
        if m.told or layout.objects:
            settings.leaving = entry_leaves
            settings.owner = <void *>m
        m.cache = gomap_cache_new(&own.type, &settings, new_seed())
        if m.cache == NULL:
            check_max_bytes(&own.type, max_bytes)
            raise MemoryError()
        m.map = m.cache.map
        m.use(own)
        self.layout = own
        self.entries = m
        return 0

    @cython.final
    cdef inline CacheEntries ready(self):
        if self.entries is None:
            raise ValueError("Cache.__init__() has not been called")
        return self.entries

    # ---- time ----

    @cython.final
    cdef uint64_t ticks_of(self, double seconds) except? 0:
        cdef double ticks = seconds * self.per_second
        return 1 if ticks < 1 else <uint64_t>ticks

    @cython.final
    cdef double elapsed(self) except? -1:
        """Seconds since the first call, of a clock that never goes back."""
        cdef double seconds
        if not (self.system_clock and py_monotonic(&seconds)):
            found = self.clock()
            try:
                seconds = found
            except TypeError:
                raise TypeError(f"clock: expected a function that returns seconds, it returned "
                                f"{type(found).__name__} {shown(found)}") from None
            if not isfinite(seconds):
                raise ValueError(f"clock: expected a finite number of seconds, got {seconds}")
        if not self.started:
            self.started = True
            self.origin = self.last = seconds
        if seconds < self.last:
            self.origin -= self.last - seconds
        self.last = seconds
        return seconds - self.origin

    @cython.final
    cdef inline uint64_t now(self) except 0:
        """The tick; from 1 on."""
        return <uint64_t>(self.elapsed() * self.per_second) + 1 if self.timed else 1

    @cython.final
    cdef uint64_t deadline_in(self, double seconds) noexcept:
        """The tick, so many seconds from the last look at the clock; 0: never."""
        if seconds == NEVER or not self.deadlines:
            return 0
        return <uint64_t>((self.last - self.origin + seconds) * self.per_second) + 1

    # ---- one entry ----

    @cython.final
    cdef inline object settled(self, object result):
        cdef CacheEntries m = self.entries
        cdef bint any_gone
        core_begin(m)
        any_gone = m.gone_count != 0 or m.lost
        core_end(m)
        if any_gone:
            settle_cache(self)
        return result

    @cython.final
    @cython.critical_section
    cdef object looked_up(self, object key):
        """The value, or MISSING: counts as a use."""
        cdef CacheEntries m = self.ready()
        cdef Cell cell
        cdef const void *at
        cdef void *found
        cdef size_t place
        cdef uint64_t now = self.now()
        if m.key.kind == OBJECT:
            self.passed(now)
            cache_place(m, key, &place)
            found = gomap_cache_use(m.cache, place, now)
        else:
            kept = key_in(m, key, &cell, &at, False)
            core_begin(m)
            found = gomap_cache_use(m.cache, GOMAP_NOWHERE, now) if at == NULL else gomap_cache_get(m.cache, at, now)
        return self.settled(core_out(m, found))

    @cython.final
    cdef void passed(self, uint64_t now) noexcept:
        """The core removes some of what has expired until now."""
        core_begin(self.entries)
        gomap_cache_pass(self.entries.cache, now)
        core_end(self.entries)

    @cython.final
    @cython.critical_section
    cdef object peeked(self, object key):
        cdef CacheEntries m = self.ready()
        cdef uint64_t now = self.now()
        cdef size_t place
        cache_place(m, key, &place)
        return core_out(m, gomap_cache_value(m.cache, place) if is_live(m, place, now) else NULL)

    @cython.final
    @cython.critical_section
    cdef object put(self, object key, object value, double lives, bint unless_there=False):
        """Returns the value that is there already, where it is to stay, or MISSING."""
        cdef CacheEntries m = self.ready()
        cdef py_object_key sought
        cdef Cell key_cell, value_cell
        cdef const void *key_at
        cdef const void *value_at
        cdef void *room
        cdef PyObject *old = NULL
        cdef int added = 0
        cdef bint refused
        cdef size_t place
        cdef uint64_t now = 1, deadline = 0
        if self.timed:
            now = self.now()
            deadline = self.deadline_in(lives)
        held = kept_key = key
        if m.key.kind != OBJECT:
            kept_key = key_in(m, key, &key_cell, &key_at, True)
        kept_value = value_in(m, value, &value_cell, &value_at)
        if m.key.kind == OBJECT:
            kept = seek_object(m, key, &sought, &room, True)
            key_at = &sought.core
            if room != NULL:
                held = <object><PyObject *><uintptr_t>sought.core.object
        else:
            core_begin(m)
        if unless_there:
            place = gomap_cache_find(m.cache, key_at)
            if is_live(m, place, now):
                gomap_cache_touch(m.cache, place, now)
                return core_out(m, gomap_cache_value(m.cache, place))
        room = gomap_cache_put(m.cache, key_at, value_at if m.value.strings else NULL, now, deadline, &added)
        refused = room == NULL and gomap_cache_refused(m.cache)
        if room != NULL:
            if added and m.key.kind == OBJECT:
                Py_INCREF(held)
            if m.value.kind == OBJECT:
                old = NULL if added else py_object_at(room)
                Py_INCREF(value)
                memcpy(room, &value_cell.object, sizeof(value_cell.object))
            elif not m.value.strings:
                store(room, value_at, m.value.size)
            m.changes += 1
        core_end(m)
        failed = room == NULL
        Py_XDECREF(old)
        self.settled(None)
        if refused:
            self.too_large(key)
        if failed:
            raise MemoryError()
        return MISSING

    @cython.final
    cdef int too_large(self, object key) except -1:
        raise NoRoomError(f"the entry of key {shown(key)} has no room within max_bytes, "
                          f"which is {self.limits().max_bytes:,}")

    @cython.final
    cdef gomap_cache_settings limits(self):
        cdef CacheEntries m = self.ready()
        cdef gomap_cache_settings settings
        core_begin(m)
        settings = m.cache.settings
        core_end(m)
        return settings

    def __len__(self):
        """Entries, those included that have expired and were not met yet."""
        return <Py_ssize_t>self.ready().count()

    def __contains__(self, key):
        """Whether the key is there and has not expired. Does not count as a use."""
        return self.peeked(key) is not MISSING

    def __getitem__(self, key):
        found = self.looked_up(key)
        if found is MISSING:
            handler = getattr(type(self), "__missing__", None)
            if handler is not None:
                return handler(self, key)
            raise KeyError(key)
        return found

    def __setitem__(self, key, value):
        self.put(key, value, self.lives)

    def __delitem__(self, key):
        if self.take(key) is MISSING:
            raise KeyError(key)

    def get(self, key, default=None, /):
        """The value for key, or default when it is absent or has expired. Counts as a use, a hit or a miss."""
        found = self.looked_up(key)
        return default if found is MISSING else found

    def peek(self, key, default=None, /):
        """As :meth:`get`, but it does not count as a use: nothing changes."""
        found = self.peeked(key)
        return default if found is MISSING else found

    def set(self, key, value, /, *, ttl=MISSING):
        """Put in a key with its value.

        :param ttl: seconds until this entry expires, ``math.inf`` for never; without it, the cache's
        :raises ValueError: the cache has no ttl of its own: make it with ``ttl=math.inf``
        :raises NoRoomError: the entry has no room within ``max_bytes``
        """
        if ttl is MISSING:
            self.put(key, value, self.lives)
            return
        self.put(key, value, self.own_ttl(ttl))

    @cython.final
    cdef double own_ttl(self, object ttl) except? -1:
        from . import _cache_arguments as checked
        ttl = checked.seconds("ttl", ttl)
        if not self.deadlines and ttl is not None:
            raise ValueError("ttl: this cache has no times to live; make it with ttl=math.inf to give each entry its own")
        checked.fits(ttl, self.per_second)
        return NEVER if ttl is None else ttl

    @cython.final
    @cython.critical_section
    cdef object take(self, object key):
        """Removes an entry; its value, or MISSING."""
        cdef CacheEntries m = self.ready()
        cdef uint64_t now = self.now()
        cdef size_t place
        cdef bint live, stays
        value = MISSING
        self.passed(now)
        cache_place(m, key, &place)
        try:
            live = is_live(m, place, now)
            if live:
                value = out(m, VALUE, gomap_cache_value(m.cache, place))
                if not PY_FREE_THREADED and (m.value.form != NULL or m.key.kind == OBJECT):
                    cache_place(m, key, &place)  # making the value may have run code
                    value = MISSING if place == GOMAP_NOWHERE else value
            stays = place != GOMAP_NOWHERE \
                and not gomap_cache_remove(m.cache, place, GOMAP_REMOVED if live else GOMAP_EXPIRED)
        finally:
            core_end(m)
        if stays:
            raise MemoryError()
        return self.settled(value)

    def pop(self, key, default=MISSING, /):
        """Remove key and return its value; when it is absent or has expired, default, or KeyError without one."""
        value = self.take(key)
        if value is MISSING:
            if default is MISSING:
                raise KeyError(key)
            return default
        return value

    def popitem(self):
        """Remove some entry and return it as a (key, value) tuple; KeyError when there is none."""
        last = MISSING
        while True:
            key = next(cache_iterator(self, KEYS), MISSING)
            if key is MISSING:
                raise KeyError("popitem(): cache is empty")
            value = self.take(key)
            if value is not MISSING:
                return key, value
            if key is last:  # an object that is not found, whatever its hash has become
                raise KeyError(key)
            last = key  # another thread was first

    def setdefault(self, key, default, /):
        """The value for key; when it is absent or has expired, default is put there first."""
        found = self.looked_up(key)
        if found is MISSING:
            found = self.put(key, default, self.lives, True)  # another thread may have been first
        return default if found is MISSING else found

    @cython.critical_section
    def touch(self, key, /):
        """Count a use of a key, as :meth:`get` does; returns whether it is there."""
        cdef CacheEntries m = self.ready()
        cdef uint64_t now = self.now()
        cdef size_t place
        cdef bint live
        cache_place(m, key, &place)
        live = is_live(m, place, now)
        if live:
            gomap_cache_touch(m.cache, place, now)
        core_end(m)
        return live

    @cython.critical_section
    def ttl_of(self, key, /):
        """The seconds until a key expires, if it is not used; ``math.inf``: never.

        :raises KeyError: it is absent, or has expired
        """
        cdef CacheEntries m = self.ready()
        cdef uint64_t now = self.now(), deadline = 0
        cdef size_t place
        cdef bint live
        cache_place(m, key, &place)
        live = is_live(m, place, now)
        if live:
            deadline = gomap_cache_deadline(m.cache, place)
        core_end(m)
        if not live:
            raise KeyError(key)
        return self.seconds_until(deadline)

    @cython.final
    cdef double seconds_until(self, uint64_t deadline) noexcept:
        """From the last look at the clock."""
        if deadline == <uint64_t>-1:
            return NEVER
        return max((deadline - 1) / self.per_second - (self.last - self.origin), 0.0)

    @cython.final
    @cython.critical_section
    cdef double left_until(self, uint64_t deadline) noexcept:
        """The same from outside of a critical section."""
        return self.seconds_until(deadline)

    # ---- many ----

    def update(self, other=(), /, **entries):
        """Put in every entry of a mapping or of an iterable of (key, value) pairs."""
        self.ready()
        if isinstance(other, Mapping):
            other = other.items()
        elif hasattr(other, "keys"):
            other = [(key, other[key]) for key in other.keys()]
        for key, value in other:
            self.put(key, value, self.lives)
        for name in entries:
            self.put(name, entries[name], self.lives)

    @cython.critical_section
    def get_many(self, keys, /, default=MISSING, *, out=None, missing=None, arrow=None):
        """The values for many keys, as :meth:`Map.get_many` gives them. Each key counts as a use, a hit or a miss, also
        where one is missing. The clock is read once.

        :raises KeyError: a key is absent or has expired, and there is no default
        """
        cdef CacheEntries m = self.ready()
        if not hasattr(keys, "__len__"):
            keys = list(keys)
        cdef uint64_t now = self.now()
        core_begin(m)
        gomap_cache_uses_begin(&m.uses, m.cache, now)
        core_end(m)
        try:
            values = values_for(m, keys, default, out, missing, arrow)
        finally:
            self.settled(None)
        return values

    @cython.critical_section
    def set_many(self, keys, values, /, *, ttl=MISSING, nulls="refuse"):
        """Put in many keys, each with its value, or all with one, in their order. The clock is read once.

        Everything is converted and checked first, also whether each entry has room within ``max_bytes`` by itself: input
        that is refused leaves the cache as it was. Entries leave as they do when the keys are put in one by one, those
        among them that this call put in. on_evict is called after each 65,536 keys and at the end; if it raises, the
        keys that follow are not put in.

        :param keys: an array, a column or a data frame, or any iterable
        :param values: an array, a column or a list of as many values; anything else is one value for all
        :param ttl: seconds until these entries expire, ``math.inf`` for never; without it, the cache's
        :param nulls: ``"skip"`` leaves out the rows that have a null in them, ``"refuse"`` raises
        :raises ValueError: there are not as many values as keys; a key or value is null: says which
        :raises NoRoomError: an entry has no room within ``max_bytes``
        :raises MemoryError: there is no more room; its ``done`` says how many keys were put in, from the first on
        """
        cdef CacheEntries m = self.ready()
        cdef int purpose = purpose_of(nulls)
        cdef double lives = self.lives if ttl is MISSING else self.own_ttl(ttl)
        cdef Column column, others
        if m.objects:
            listed = items_of(m, KEY, keys, purpose)
            values = values_list(m, values, len(listed), purpose)
            if len(values) != len(listed):
                raise ValueError(f"values: expected {len(listed)}, one for each key, got {len(values)}")
            if purpose == SKIPPING:
                listed, values = rows_left(listed, values)
            put_one_by_one(self, listed, values, lives)
            return
        column = column_of(m, KEY, keys, purpose)
        others = values_of(m, values, column.c.count, purpose)
        leave_out(column, others)
        check_rows_fit(self, column, others)
        put_rows(self, column, others, lives)

    @cython.critical_section
    def clear(self):
        """Remove every entry. on_evict is not called."""
        self.ready().clear_all()

    def expire(self, limit=None, /):
        """Remove expired entries now: at most so many, or all. Returns how many. A next call goes on from there."""
        cdef size_t most = <size_t>-1
        self.ready()
        if limit is not None:
            if PyBool_Check(limit) or not PyIndex_Check(limit):
                raise TypeError(f"limit: expected int or None, got {type(limit).__name__} {shown(limit)}")
            most = min(max(PyNumber_Index(limit), 0), 2**62)
        return self.expired(most)

    @cython.final
    @cython.critical_section
    cdef object expired(self, size_t most):
        cdef CacheEntries m = self.entries
        cdef uint64_t now = self.now()
        cdef size_t count
        core_begin(m)
        count = gomap_cache_expire(m.cache, now, most)
        core_end(m)
        return self.settled(count)

    def resize(self, *, max_bytes=None, max_entries=None):
        """Give the cache other limits; entries go until they are kept.

        :raises ValueError: there is no limit, or it is too small
        :raises MemoryError: entries could not leave; the limits are as they were
        """
        from . import _cache_arguments as checked
        self.ready()
        most_bytes, most_entries = checked.limits(max_bytes, max_entries, self.ttl, self.tti)
        self.limited(most_bytes, most_entries)

    @cython.final
    @cython.critical_section
    cdef int limited(self, size_t most_bytes, size_t most_entries) except -1:
        cdef CacheEntries m = self.entries
        cdef int kept
        self.passed(self.now())
        core_begin(m)
        kept = gomap_cache_limit(m.cache, most_bytes, most_entries)
        core_end(m)
        self.settled(None)
        if kept == 0:
            check_max_bytes(&self.layout.type, most_bytes)
        if kept < 0:
            raise MemoryError("out of memory while entries left: the limits are as they were")
        return 0

    # ---- iteration ----

    def __iter__(self):
        return cache_iterator(self, KEYS)

    def _iter_keys(self):
        return cache_iterator(self, KEYS)

    def _iter_values(self):
        return cache_iterator(self, VALUES)

    def _iter_items(self):
        return cache_iterator(self, ITEMS)

    def keys(self):
        """A live view of the keys. Iterating is not a use."""
        self.ready()
        return MapKeysView(self)

    def values(self):
        """A live view of the values. Iterating is not a use."""
        self.ready()
        return MapValuesView(self)

    def items(self):
        """A live view of the entries as (key, value) tuples. Iterating is not a use."""
        self.ready()
        return MapItemsView(self)

    def __eq__(self, other):
        if self is other:
            return True
        if not isinstance(other, Mapping):
            return NotImplemented
        return dict(self.items()) == dict(other.items())

    def __repr__(self):
        if self.entries is None:
            return "<Cache, not initialised>"
        return (f"<Cache of {self.layout.key_type} to {self.layout.value_type}: {len(self):,} entries, "
                f"{self.nbytes:,} bytes, at most {self.limit_text()}>")

    @cython.final
    cdef str limit_text(self):
        cdef gomap_cache_settings settings = self.limits()
        limits = []
        if settings.max_entries:
            limits.append(f"{settings.max_entries:,} entries")
        if settings.max_bytes:
            limits.append(f"{settings.max_bytes:,} bytes")
        return " and ".join(limits) or "what does not expire"

    def copy(self):
        """A copy with the same limits, times and entries, each as if just used; its statistics begin at zero."""
        return self._copied(self.on_evict, self.clock)

    __copy__ = copy

    def _copied(self, on_evict, clock):
        copied = type(self)(*self._types(), **self._limits(), on_evict=on_evict, clock=clock)
        copied._fill(self._entries())
        return copied

    def _types(self):
        self.ready()
        return self.layout.key_type, self.layout.value_type

    def _limits(self):
        return {"max_bytes": self.max_bytes, "max_entries": self.max_entries, "ttl": self.ttl, "tti": self.tti}

    def _entries(self):
        """Keys, values and the seconds that each lives yet."""
        cdef CacheIterator iterator = cache_iterator(self, ITEMS)
        return [(key, value, self.left_until(iterator.deadline)) for key, value in iterator]

    def _fill(self, entries):
        for key, value, lives in entries:
            self.put(key, value, lives)

    def __reduce__(self):
        from . import _cache_arguments as checked
        if self.on_evict is not None or self.clock is not monotonic:
            raise TypeError("a Cache with on_evict or a clock of its own cannot be pickled: pickle dict(cache) instead")
        return checked.restored, (type(self), self._types(), self._limits(), self._entries())

    # ---- reports ----

    @property
    def key_type(self):
        """The type of the keys."""
        self.ready()
        return self.layout.key_type

    @property
    def value_type(self):
        """The type of the values."""
        self.ready()
        return self.layout.value_type

    @property
    def nbytes(self):
        """Every byte held outside the Python object, as the allocator gave it."""
        cdef CacheEntries m = self.ready()
        cdef size_t held
        core_begin(m)
        held = gomap_cache_bytes(m.cache)
        core_end(m)
        return held

    @property
    def max_bytes(self):
        """The most bytes, or None."""
        return self.limits().max_bytes or None

    @property
    def max_entries(self):
        """The most entries, or None."""
        return self.limits().max_entries or None

    @property
    def maxsize(self):
        """The limit: of entries if there is one, else of bytes, else infinite."""
        return self.max_entries or self.max_bytes or NEVER

    @property
    def currsize(self):
        """What the limit limits: entries or bytes."""
        return self.nbytes if self.max_bytes and not self.max_entries else len(self)

    @property
    def stats(self):
        """Hits, misses, evictions, expirations, entries and bytes: a :class:`~gomap.memory.CacheStats`."""
        from .memory import CacheStats
        cdef CacheEntries m = self.ready()
        cdef gomap_cache_counts counts
        cdef size_t entries, held
        core_begin(m)
        counts, entries, held = m.cache.counts, m.map.count, gomap_cache_bytes(m.cache)
        core_end(m)
        return CacheStats(hits=counts.hits, misses=counts.misses, evictions=counts.evictions,
                          expirations=counts.expirations, entries=entries, bytes=held)

    def reset_stats(self):
        """Let hits, misses, evictions and expirations begin at zero again."""
        cdef CacheEntries m = self.ready()
        core_begin(m)
        gomap_cache_count_again(m.cache)
        core_end(m)

    def __sizeof__(self):
        return object.__sizeof__(self) + self.nbytes

    def _check(self):
        """The first broken invariant in words, or None. Takes time in proportion to the entries."""
        cdef CacheEntries m = self.ready()
        cdef char why[400]
        cdef bint good
        core_begin(m)
        good = gomap_cache_check(m.cache, why, sizeof(why)) == 0
        core_end(m)
        return None if good else why.decode()


cdef int put_one_by_one(Cache c, list keys, list values, double lives) except -1:
    cdef size_t i = 0, count = len(keys)
    try:
        for i in range(count):
            c.put(keys[i], values[i], lives)
            look_at_signals(i)
    except BaseException as error:
        say_done(error, i, count, "put in")
        raise
    return 0


cdef int check_rows_fit(Cache c, Column keys, Column values) except -1:
    cdef CacheEntries m = c.entries
    cdef Pieces p = pieces_of(keys.c.count)
    cdef bint whole
    while next_piece(&p):
        core_begin(m)
        whole = did(&p, gomap_cache_column_fits(m.cache, &keys.c, &values.c, p.done, p.some))
        core_end(m)
        if not whole and not go_on(m, VALUE, values) and not go_on(m, KEY, keys):
            c.too_large(key_at(m, keys, p.done))
    return 0


cdef object key_at(CacheEntries m, Column keys, size_t i):
    cdef const char *at
    while gomap_column_read(&keys.c, i, 1, &at) == 0:
        go_on(m, KEY, keys)
    return item_of(m, KEY, keys, i, at)


cdef int put_rows(Cache c, Column keys, Column values, double lives) except -1:
    """The interpreter's lock is held, as in look_get. Entries that leave are told of after each piece."""
    cdef CacheEntries m = c.entries
    cdef Pieces p = pieces_of(keys.c.count)
    cdef uint64_t now = c.now(), deadline = c.deadline_in(lives)
    cdef bint whole, refused
    try:
        while next_piece(&p):
            core_begin(m)
            whole = did(&p, gomap_cache_column_put(m.cache, &keys.c, &values.c, now, deadline, p.done, p.some))
            refused = not whole and gomap_cache_refused(m.cache)
            core_end(m)
            c.settled(None)
            if not whole and not go_on(m, VALUE, values) and not go_on(m, KEY, keys):
                if refused:  # another thread has written to the values since they were looked at
                    c.too_large(key_at(m, keys, p.done))
                raise MemoryError(f"out of memory; {p.done} of {p.count} keys were put in")
    except BaseException as error:
        say_done(error, p.done, p.count, "put in")
        raise
    return 0


@cython.final
cdef class CacheIterator:
    """Goes over the keys, values or entries that have not expired. After an insertion the next step raises."""
    cdef Cache cache
    cdef gomap_iter guard  # shows whether anything was put in
    cdef size_t place
    cdef uint64_t deadline  # of the last entry given
    cdef Want want

    def __dealloc__(self):
        if self.cache is not None:
            self.end()

    cdef void end(self) noexcept:
        core_begin(self.cache.entries)
        gomap_iter_end(&self.guard)
        core_end(self.cache.entries)

    def __iter__(self):
        return self

    def __next__(self):
        with cython.critical_section(self.cache):
            return self.step()

    cdef object step(self):
        cdef CacheEntries m = self.cache.entries
        cdef size_t place
        cdef uint64_t now = self.cache.now()
        key = value = None
        core_begin(m)
        try:
            if self.guard.map == NULL:
                raise StopIteration
            if gomap_iter_is_over(&self.guard):
                raise RuntimeError("a key was put into the cache during iteration; iterate over a copy instead, such as "
                                   "list(...)")
            place = gomap_cache_next(m.cache, &self.place, now)
            if place == GOMAP_NOWHERE:
                gomap_iter_end(&self.guard)
                raise StopIteration
            self.deadline = gomap_cache_last_deadline(m.cache, place)
            if self.want != VALUES:
                key = out(m, KEY, gomap_cache_key(m.cache, place))
            if self.want != KEYS:
                value = out(m, VALUE, gomap_cache_value(m.cache, place))
        finally:
            core_end(m)
        return key if self.want == KEYS else value if self.want == VALUES else (key, value)


cdef CacheIterator cache_iterator(Cache cache, Want want):
    cdef CacheIterator made = CacheIterator.__new__(CacheIterator)
    made.cache = cache
    made.want = want
    core_begin(cache.ready())
    gomap_iter_begin(&made.guard, cache.entries.map)
    core_end(cache.entries)
    return made
