# Who may use a map: locks for single operations, and holds for operations on whole arrays.
#
#     lock   for the core's work of one operation. With the interpreter's lock it is that one; else locks.h's. Between
#            read_lock and read_unlock, write_lock and write_unlock, no Python code runs and no reference is dropped.
#     hold   from begin to end of an operation on arrays, which lets other threads run. A hold to write takes
#            the core's map out of the Python object, which has none then. A hold to read counts itself in `readers`.
#
# Who needs a map that another thread holds waits for the end of the hold. A thread that has a hold itself does not: it
# gets Go's RuntimeError "concurrent map read and map write". So no circle of waiting threads can come about. Such a
# thread is one whose function was called by delete_where, or whose signal handler by an operation on arrays. An operation
# that holds two maps waits for the second one without the first.
#
# Threads that read arrays in turn would keep a writer waiting for ever. So who begins to read many lets a writer go
# first that waits already, for GIVING_WAY at most: the writer may wait for a thread that waits for this one.

cdef extern from "locks.h":
    bint PY_FREE_THREADED
    ctypedef struct py_lock:
        pass
    int py_holds
    int64_t py_forks
    bint py_locks_begin()
    void py_yield() nogil
    void py_read_lock(py_lock *)
    void py_read_unlock(py_lock *)
    void py_write_lock(py_lock *)
    void py_write_unlock(py_lock *)
    void py_mutex_lock(py_lock *)
    void py_mutex_unlock(py_lock *)
    ctypedef struct py_slot:
        uint64_t room[8]
    py_slot *py_look_lock(py_lock *)
    gomap_versions *py_versions(py_lock *)
    bint py_meets_readers(const py_lock *)
    void py_versions_begin(py_lock *, const gomap *)
    void py_versions_end(py_lock *)
    size_t py_versions_bytes(const py_lock *)
    gomap_versions *py_change_lock(py_lock *)
    void py_change_unlock(py_lock *)
    void *py_glance(void **)
    void py_publish(void **, void *)
    uint64_t py_fetch_add(uint64_t *, uint64_t)

cdef extern from "Python.h":
    ctypedef void *PyThread_type_lock
    enum PyLockStatus:
        PY_LOCK_ACQUIRED
        PY_LOCK_INTR
    PyThread_type_lock PyThread_allocate_lock()
    void PyThread_free_lock(PyThread_type_lock)
    int PyThread_acquire_lock(PyThread_type_lock, int) nogil
    void PyThread_release_lock(PyThread_type_lock) nogil
    PyLockStatus PyThread_acquire_lock_timed(PyThread_type_lock, long long, int) nogil

if not py_locks_begin():
    raise SystemError("gomap: the system has no room for what each thread keeps")


cdef enum Use:
    TO_READ        # one entry
    TO_WRITE
    TO_HOLD        # to read many
    TO_FOLLOW      # to read many, after a writer that waits already
    TO_TAKE        # a hold to read becomes one to write

cdef enum:
    GIVING_WAY = 10_000  # microseconds: twice what a thread keeps the interpreter's lock (sys.getswitchinterval)

cdef struct Waiter:  # a thread that waits for the end of a hold; it stands on that thread's stack
    PyThread_type_lock lock  # taken; who wakes the thread releases it
    Waiter *next


cdef bint is_held(Base m, Use use) noexcept:
    """Whether another thread's hold excludes this use. With a lock."""
    if m.map == NULL:
        return True
    if use == TO_HOLD or use == TO_FOLLOW:
        return m.taking or (use == TO_FOLLOW and m.wanted != 0)
    return (use == TO_WRITE and m.readers > (m.image is not None)) or (use == TO_TAKE and m.readers > 1)


cdef int wait(Base m, Use use) except -1:
    """Waits until no hold excludes this use; another thread may come first then.

    :raises ValueError: there has never been a map
    :raises RuntimeError: this thread has a hold itself, or the map was held when the process was forked
    """
    cdef Waiter waiter
    cdef PyLockStatus status
    cdef bint never, refused = False, listed = False
    py_mutex_lock(&m.lock)
    never = m.map == NULL and not m.writing
    if not never and is_held(m, use):
        refused = py_holds > (use == TO_TAKE) or m.held_in != py_forks
        if not refused:
            waiter.lock = PyThread_allocate_lock()
            listed = waiter.lock != NULL
        if listed:
            PyThread_acquire_lock(waiter.lock, 1)
            waiter.next = m.waiters
            m.waiters = &waiter
        elif not refused:
            py_mutex_unlock(&m.lock)
            raise MemoryError()
    py_mutex_unlock(&m.lock)
    if never:
        raise ValueError(f"{type(m).__name__}.__init__() has not been called")
    if refused:
        raise RuntimeError("concurrent map read and map write")  # Go's words
    if not listed:
        return 0
    failure = None
    status = PY_LOCK_INTR
    while status == PY_LOCK_INTR and failure is None:
        with nogil:
            status = PyThread_acquire_lock_timed(waiter.lock, GIVING_WAY if use == TO_FOLLOW else -1, 1)
        try:
            PyErr_CheckSignals()
        except BaseException as error:
            failure = error
    if status != PY_LOCK_ACQUIRED and not unlisted(m, &waiter):  # it is being woken, and must not go before
        with nogil:
            PyThread_acquire_lock(waiter.lock, 1)
    PyThread_release_lock(waiter.lock)
    PyThread_free_lock(waiter.lock)
    if failure is not None:
        raise failure
    return 0


cdef bint unlisted(Base m, Waiter *waiter) noexcept:
    """Takes a thread off the list of those that wait; False: it is no longer there."""
    cdef Waiter **at = &m.waiters
    cdef bint listed
    py_mutex_lock(&m.lock)
    while at[0] != NULL and at[0] != waiter:
        at = &at[0].next
    listed = at[0] != NULL
    if listed:
        at[0] = waiter.next
    py_mutex_unlock(&m.lock)
    return listed


cdef Waiter *waiters_of(Base m) noexcept:
    """Those to be woken when a hold has ended. With a lock."""
    cdef Waiter *waiters = m.waiters
    m.waiters = NULL
    return waiters


cdef void wake(Waiter *waiters) noexcept:
    cdef Waiter *next
    while waiters != NULL:
        next = waiters.next  # the thread's stack is its own again as soon as it is woken
        PyThread_release_lock(waiters.lock)
        waiters = next


# ---- locks, where a map is held -------------------------------------------------------------------

cdef int wait_until_ready(Base m) except -1:
    while py_glance(<void **>&m.map) == NULL:
        wait(m, TO_READ)
    return 0


cdef int wait_to_read(Base m) except -1:
    """With the lock to read. Waits, and has it again; after an error not."""
    while m.map == NULL:
        py_read_unlock(&m.lock)
        wait(m, TO_READ)
        py_read_lock(&m.lock)
    return 0


cdef int wait_to_write(Base m) except -1:
    """The same with the lock to write."""
    cdef Image image
    m.wanted += 1
    while m.map == NULL or m.readers:
        image = m.image if m.map != NULL and m.readers == 1 else None
        py_write_unlock(&m.lock)
        try:
            if image is not None:
                leave_image(m, image)
            else:
                wait(m, TO_WRITE)
        except BaseException:
            py_write_lock(&m.lock)
            wanted_no_more(m)
            py_write_unlock(&m.lock)
            raise
        py_write_lock(&m.lock)
    wanted_no_more(m)
    return 0


cdef void wanted_no_more(Base m) noexcept:
    """With a lock: readers that let this writer go first go on when they get one."""
    m.wanted -= 1
    if m.wanted == 0:
        wake(waiters_of(m))


cdef int wait_to_iterate(Base m) except -1:
    """The same for iterators."""
    while m.map == NULL:
        py_write_unlock(&m.lock)
        wait(m, TO_READ)
        py_write_lock(&m.lock)
    return 0


# ---- one entry beside others that look theirs up: without the interpreter's lock ---------------------

cdef void meets_readers(Base m) noexcept:
    """With the lock to write, which readers have been in the way of often."""
    py_versions_begin(&m.lock, m.map if m.map != NULL and gomap_beside_can(m.engine(), &m.layout.type) else NULL)


cdef inline bint found_beside(Base m, const void *key, void **value) noexcept:
    """Whether a key was looked up under versions. Then it is as find leaves it."""
    cdef py_slot *slot
    cdef int found = -1
    slot = py_look_lock(&m.lock)
    if slot == NULL:
        return False
    if m.map != NULL:
        found = gomap_beside_find(m.map, py_versions(&m.lock), key, slot.room) if key != NULL else 0
    if found < 0:
        py_read_unlock(&m.lock)
        return False
    value[0] = slot.room if found else NULL
    return True


cdef inline bint put_beside(Base m, const void *key, const void *value) noexcept:
    """Whether an entry was put in under versions."""
    cdef bint done
    cdef gomap_versions *versions = py_change_lock(&m.lock)
    if versions == NULL:
        return False
    done = m.map != NULL and not m.readers and gomap_beside_put(m.map, versions, key, value)
    py_change_unlock(&m.lock)
    return done


cdef inline int erased_beside(Base m, const void *key) noexcept:
    """1: the key was there and is gone; 0: it was not there; -1: it has to be erased otherwise."""
    cdef int done = -1
    cdef gomap_versions *versions = py_change_lock(&m.lock)
    if versions == NULL:
        return -1
    if m.map != NULL and not m.readers:
        done = gomap_beside_erase(m.map, versions, key) if key != NULL else 0
    py_change_unlock(&m.lock)
    return done


# ---- holds ----------------------------------------------------------------------------------------

cdef inline void count_hold(int more) noexcept:
    global py_holds
    py_holds += more


cdef gomap *take_out(Base m) noexcept:
    """The core's map, which nobody else gets at until write_end. With the lock to write."""
    cdef gomap *map = m.map
    py_publish(<void **>&m.map, NULL)
    m.writing = True
    m.held_in = py_forks
    count_hold(1)
    return map


cdef gomap *write_begin(Base m) except NULL:
    """A hold to write: the core's map. Iterators end."""
    cdef gomap *map
    m.write_lock()
    map = take_out(m)
    gomap_end_iterators(map)
    m.write_unlock()
    return map


cdef void write_end(Base m, gomap *map) noexcept:
    cdef Waiter *waiters
    py_write_lock(&m.lock)
    m.writing = False
    py_publish(<void **>&m.map, map)
    waiters = waiters_of(m)
    py_write_unlock(&m.lock)
    count_hold(-1)
    wake(waiters)


cdef gomap *read_try(Base m, gomap_iter *reader, Use use) noexcept:
    """A hold to read: the core's map; NULL: it has to be waited for. As a reader counts as an iterator, no entry moves
    when another iterator ends."""
    cdef gomap *map = NULL
    py_mutex_lock(&m.lock)
    if not is_held(m, use):
        map = m.map
        gomap_iter_begin(reader, map)
        m.readers += 1
        m.held_in = py_forks
        count_hold(1)
    py_mutex_unlock(&m.lock)
    return map


cdef gomap *read_begin(Base m, gomap_iter *reader) except NULL:
    cdef Use use = TO_HOLD if py_holds else TO_FOLLOW
    cdef gomap *map = read_try(m, reader, use)
    while map == NULL:
        wait(m, use)
        use = TO_HOLD
        map = read_try(m, reader, use)
    return map


cdef void read_end(Base m, gomap_iter *reader) noexcept:
    cdef Waiter *waiters
    py_write_lock(&m.lock)  # with the last iterator deferred work ends, which moves entries
    m.readers -= 1
    gomap_iter_end(reader)
    waiters = waiters_of(m)
    py_write_unlock(&m.lock)
    count_hold(-1)
    wake(waiters)


cdef int read_and_write_lock(Base source, gomap_iter *reader, Base m) except -1:
    """A hold to read of one map and the lock to write of another: for what is done at once, and lets iterators live
    unless a key is put in."""
    while True:
        m.write_lock()  # waits, and copies what is over an image, while nothing is held
        m.write_unlock()
        read_begin(source, reader)
        py_write_lock(&m.lock)
        if m.map != NULL and not m.readers:
            return 0
        py_write_unlock(&m.lock)
        read_end(source, reader)


cdef gomap *read_and_write_begin(Base source, gomap_iter *reader, Base m) except NULL:
    """A hold to read of one map and one to write of another: its core's map."""
    cdef gomap *map
    read_and_write_lock(source, reader, m)
    map = take_out(m)
    gomap_end_iterators(map)
    m.write_unlock()
    return map


cdef int read_both_begin(Base one, gomap_iter *reader, Base other, gomap_iter *other_reader) except -1:
    """Holds to read of two maps, which may be the same."""
    while True:
        read_begin(one, reader)
        if read_try(other, other_reader, TO_HOLD) != NULL:
            return 0
        read_end(one, reader)
        wait(other, TO_HOLD)


cdef gomap *read_becomes_write(Base m, gomap_iter *reader, gomap_iter *kept) except NULL:
    """This thread's hold to read becomes one to write, which only one iterator outlives. Other holds end first, and no
    new one begins. After an error it is still one to read.

    :raises RuntimeError: another thread is about to do the same
    """
    cdef gomap *map = NULL
    cdef bint refused
    py_mutex_lock(&m.lock)
    refused = m.taking
    m.taking = True
    py_mutex_unlock(&m.lock)
    if refused:
        raise RuntimeError("concurrent map read and map write")
    try:
        while map == NULL:
            py_write_lock(&m.lock)
            if m.readers == 1:
                gomap_iter_end(reader)
                gomap_iter_alone(kept)
                m.readers = 0
                count_hold(-1)
                map = take_out(m)
            py_write_unlock(&m.lock)
            if map == NULL:
                wait(m, TO_TAKE)
    finally:
        py_mutex_lock(&m.lock)
        m.taking = False
        py_mutex_unlock(&m.lock)
    return map


cdef inline uint64_t new_seed() noexcept:
    """For a map; each thread gets others."""
    cdef uint64_t state = py_fetch_add(&seeds, 0x9e3779b97f4a7c15)
    return gomap_random(&state)


# ---- results, and the end of a lock ---------------------------------------------------------------

cdef inline object read_out(Base m, Role role, const void *at):
    """A key or value, and the end of the lock to read."""
    if not PY_FREE_THREADED:
        return out(m, role, at)
    try:
        return out(m, role, at)
    finally:
        m.read_unlock()


cdef inline object written_out(Base m, Role role, const void *at):
    """The same, and the end of the lock to write."""
    if not PY_FREE_THREADED:
        return out(m, role, at)
    try:
        return out(m, role, at)
    finally:
        m.write_unlock()
