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

ctypedef void (*Work)(void *share) noexcept nogil

cdef struct Worker:
    Work work
    void *share
    PyThread_type_lock busy  # taken until the thread has done its share; NULL: there is no such thread


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


cdef void run(void *at) noexcept nogil:
    cdef Worker *worker = <Worker *>at
    worker.work(worker.share)
    PyThread_release_lock(worker.busy)


cdef PyThread_type_lock start(Worker *worker) noexcept:
    worker.busy = PyThread_allocate_lock()
    if worker.busy != NULL:
        PyThread_acquire_lock(worker.busy, 1)
        if PyThread_start_new_thread(run, worker) == PYTHREAD_INVALID_THREAD_ID:
            PyThread_release_lock(worker.busy)
            PyThread_free_lock(worker.busy)
            worker.busy = NULL
    return worker.busy


cdef void work_all(Work work, void *shares, size_t size, int count) noexcept:
    """Does all shares, of `size` bytes each, and waits for the last one. If the system gives no thread for one, this
    thread does it."""
    cdef Worker workers[THREADS_MOST]
    cdef char *share = <char *>shares
    cdef int i
    for i in range(1, count):
        workers[i].work = work
        workers[i].share = share + i * size
        start(&workers[i])
    with nogil:
        work(share)
        for i in range(1, count):
            if workers[i].busy == NULL:
                work(workers[i].share)
            else:
                PyThread_acquire_lock(workers[i].busy, 1)
    for i in range(1, count):
        if workers[i].busy != NULL:
            PyThread_release_lock(workers[i].busy)
            PyThread_free_lock(workers[i].busy)
