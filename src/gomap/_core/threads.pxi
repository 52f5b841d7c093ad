# Threads that share the work of one operation on arrays (threads=). Each works in the core, on a share of its own,
# without the interpreter: it runs no Python code and has no state of a thread of Python's. The operation's own thread
# does the first share, and waits for the others.

cdef extern from "Python.h":
    const unsigned long PYTHREAD_INVALID_THREAD_ID
    unsigned long PyThread_start_new_thread(void (*)(void *) noexcept nogil, void *)


cdef enum:
    THREADS_MOST = 64
    # Keys of a thread. It takes some 30 microseconds to start one, in which so many keys of a small map are looked up.
    SHARE_LEAST = 16384
    # How often a thread looks whether it can go on before it sleeps: about 100 microseconds. Shares of a pass are alike,
    # and waking a thread takes as long. Two threads put 1,000,000 keys into an empty map in 20 ns each, and in 23 without
    # looking.
    LOOKS = 200

ctypedef void (*Work)(void *share) noexcept nogil

cdef struct Worker:
    Work work
    void *share  # NULL: there is nothing more to do
    PyThread_type_lock go, done  # taken but when there is work, and when it is done; NULL: there is no such thread

cdef struct Team:
    int count  # the operation's own thread included
    Worker workers[THREADS_MOST]


cdef int threads_of(object threads) except -1:
    """How many threads an operation may use."""
    if PyBool_Check(threads) or not PyIndex_Check(threads):
        raise TypeError(f"threads: expected int, got {type(threads).__name__} {shown(threads)}")
    threads = PyNumber_Index(threads)
    if threads < 1:
        raise ValueError(f"threads: expected at least 1, got {shown(threads)}")
    return min(threads, THREADS_MOST)


cdef inline int threads_for(int threads, size_t count) noexcept:
    """How many of them are of use for so many keys."""
    return <int>max(min(<size_t>threads, count // SHARE_LEAST), <size_t>1)


cdef void wait_for(PyThread_type_lock lock) noexcept nogil:
    cdef int i
    for i in range(LOOKS):
        if PyThread_acquire_lock(lock, 0):
            return
        py_yield()
    PyThread_acquire_lock(lock, 1)


cdef void run(void *at) noexcept nogil:
    cdef Worker *worker = <Worker *>at
    while True:
        wait_for(worker.go)
        if worker.share == NULL:
            break
        worker.work(worker.share)
        PyThread_release_lock(worker.done)
    PyThread_release_lock(worker.done)


cdef PyThread_type_lock taken_lock() noexcept:
    cdef PyThread_type_lock lock = PyThread_allocate_lock()
    if lock != NULL:
        PyThread_acquire_lock(lock, 1)
    return lock


cdef void free_lock(PyThread_type_lock lock) noexcept:
    if lock != NULL:
        PyThread_release_lock(lock)
        PyThread_free_lock(lock)


cdef void team_begin(Team *team, int count) noexcept:
    """Starts threads, which wait. The system may not give them all: this thread does their shares."""
    cdef Worker *worker
    cdef int i
    team.count = count
    for i in range(1, count):
        worker = &team.workers[i]
        worker.go = taken_lock()
        worker.done = taken_lock()
        if worker.go == NULL or worker.done == NULL or \
                PyThread_start_new_thread(run, worker) == PYTHREAD_INVALID_THREAD_ID:
            free_lock(worker.go)
            free_lock(worker.done)
            worker.go = NULL


cdef void team_work(Team *team, Work work, void *shares, size_t size) noexcept nogil:
    """Each does its share, which has `size` bytes. Returns when all are done."""
    cdef Worker *worker
    cdef int i
    for i in range(1, team.count):
        worker = &team.workers[i]
        worker.work = work
        worker.share = <char *>shares + i * size
        if worker.go != NULL:
            PyThread_release_lock(worker.go)
    work(shares)
    for i in range(1, team.count):
        worker = &team.workers[i]
        if worker.go != NULL:
            wait_for(worker.done)
        else:
            work(worker.share)


cdef void team_end(Team *team) noexcept:
    cdef Worker *worker
    cdef int i
    for i in range(1, team.count):
        worker = &team.workers[i]
        if worker.go != NULL:
            worker.share = NULL
            PyThread_release_lock(worker.go)
    for i in range(1, team.count):
        worker = &team.workers[i]
        if worker.go != NULL:
            with nogil:
                PyThread_acquire_lock(worker.done, 1)
            PyThread_acquire_lock(worker.go, 0)
            free_lock(worker.go)
            free_lock(worker.done)
    team.count = 0
