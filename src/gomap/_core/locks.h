/* locks.h - a map's reader-writer lock, where the interpreter has none of its own.
 *
 * On builds of CPython with the interpreter's lock that lock is enough: everything here is empty there. On free-threaded
 * builds every map has a lock of its own. It is held for the core's work of one operation, in which no Python code runs
 * and no reference is dropped.
 *
 *     readers   a thread publishes in its own slot which map it reads, and looks whether anybody writes to it. It writes
 *               to no memory of the map's, so readers do not disturb each other.
 *     a writer  takes the mutex, says that it writes, and waits until no slot names the map. If that takes long, it lets
 *               go of both, and begins anew.
 *
 *     slots     | thread 0: reads A | thread 1: - | thread 2: reads A | ...      cache lines of their own
 *     map A     writing, readers = 101b: the slots whose threads have ever read it | mutex
 *
 * Both sides write first and look afterwards, in one order for all threads (sequentially consistent), so at least one of
 * them sees the other. It is Dekker's idea for two, here with a mutex among writers; the slots for readers are those of
 * Dice and Kogan (BRAVO, 2019). `readers` spares a writer the slots of threads that never read the map; with one thread
 * it looks at none.
 *
 * Where writers meet readers often, each meeting moves cache lines from one processor to the other, which takes longer
 * than the work. Then the map gets versions (csrc/beside.h):
 *
 *     look-ups of one key     as above, and they look at the versions of what they read
 *     changes of one entry    take the mutex alone, and write versions. Where that is not enough, as above
 *     all else that reads     takes the mutex
 *
 * A map that is read in other ways, and no longer written to, loses its versions again.
 *
 * A thread reads one map at a time in this way, and has at most one slot. A thread without a slot, and one that finds a
 * writer there for long, reads under the mutex instead.
 */
#ifndef PY_LOCKS_H
#define PY_LOCKS_H

#include "beside.h"

#include <Python.h>
#include <stdint.h>
#include <string.h>

#if defined(_WIN32)
#include <windows.h>
#define PY_THREAD_LOCAL __declspec(thread)
#else
#include <pthread.h>
#include <sched.h>
#if defined(__GLIBC__)
/* glibc keeps room for the few bytes of a library that is loaded later, so that no call has to ask for them. */
#define PY_THREAD_LOCAL _Thread_local __attribute__((tls_model("initial-exec")))
#else
#define PY_THREAD_LOCAL _Thread_local
#endif
#endif

static inline void py_yield(void)
{
#if defined(_WIN32)
    SwitchToThread();
#else
    sched_yield();
#endif
}

/* How many maps this thread has taken for an operation on arrays (locks.pxi). */
static PY_THREAD_LOCAL int py_holds;

/* How often this process and those before it were forked. A child has its parent's maps, but none of the threads that
 * held them. */
static int64_t py_forks;

#if defined(Py_GIL_DISABLED)

#define PY_FREE_THREADED 1

enum {
    PY_SLOTS = 64,      /* one bit each */
    PY_SPINS = 200,     /* looks before a thread sleeps: some microseconds, longer than the core's work on one entry */
    PY_NO_SLOT = -1,    /* all are taken */
    PY_MEETINGS = 64,   /* a map has versions after so many of a writer with a reader, each of some 600 ns */
    PY_WHOLE_READS = 64 /* and none after so many reads under the mutex without a change in between */
};

typedef struct py_lock {
    int writing;
    uint64_t readers;
    int64_t forks;            /* py_forks, when the mutex was first locked since; -1: a thread is about to say so */
    gomap_versions *versions; /* or NULL */
    char apart[64];           /* what writers write stands on another cache line */
    PyMutex mutex;
    unsigned meetings;    /* with the mutex */
    unsigned whole_reads; /* likewise */
} py_lock;

typedef struct py_slot {
    void *reads; /* a lock */
    char line[64 - sizeof(void *)];
    uint64_t room[GOMAP_BESIDE_VALUE / sizeof(uint64_t)]; /* a value, copied under versions */
} py_slot;

static py_slot py_slots[PY_SLOTS];
static uint64_t py_slots_taken;
static PY_THREAD_LOCAL int py_own_slot; /* its number, from 1 on; 0: none yet */

static inline void py_pause(void)
{
#if defined(__x86_64__) && (defined(__GNUC__) || defined(__clang__))
    __builtin_ia32_pause();
#elif defined(__aarch64__) && (defined(__GNUC__) || defined(__clang__))
    __asm__ __volatile__("yield");
#endif
}

/* In the slot's own thread. What still runs in it, as it ends, has no slot then. */
static void py_slot_leave(void *number)
{
    py_own_slot = PY_NO_SLOT;
    _Py_atomic_and_uint64(&py_slots_taken, ~((uint64_t)1 << ((intptr_t)number - 1)));
}

#if defined(_WIN32)
static DWORD py_slot_key = FLS_OUT_OF_INDEXES;
static void NTAPI py_slot_left(void *number)
{
    if (number) py_slot_leave(number);
}
static int py_slot_keys(void) { return (py_slot_key = FlsAlloc(py_slot_left)) != FLS_OUT_OF_INDEXES; }
static int py_slot_keep(int number) { return FlsSetValue(py_slot_key, (void *)(intptr_t)number) != 0; }
#else
static pthread_key_t py_slot_key;
static int py_slot_keys(void) { return pthread_key_create(&py_slot_key, py_slot_leave) == 0; }
static int py_slot_keep(int number) { return pthread_setspecific(py_slot_key, (void *)(intptr_t)number) == 0; }
#endif

/* In a child: the parent's other threads are not there. */
static void py_slots_forked(void)
{
    for (int i = 0; i < PY_SLOTS; i++)
        if (i != py_own_slot - 1) py_slots[i].reads = NULL;
    py_slots_taken = py_own_slot > 0 ? (uint64_t)1 << (py_own_slot - 1) : 0;
}

static void py_slot_take(void)
{
    uint64_t taken = _Py_atomic_load_uint64(&py_slots_taken);
    for (int i = 0; i < PY_SLOTS; i++) {
        if (taken >> i & 1) continue;
        if (!_Py_atomic_compare_exchange_uint64(&py_slots_taken, &taken, taken | (uint64_t)1 << i)) {
            i = -1; /* `taken` is what it is now */
            continue;
        }
        if (py_slot_keep(i + 1)) {
            py_own_slot = i + 1;
        } else {
            py_slot_leave((void *)(intptr_t)(i + 1));
        }
        return;
    }
    py_own_slot = PY_NO_SLOT;
}

/* In a child of a fork the mutex may be another thread's, which is not there. CPython forks when all threads have come to
 * a place where they may wait. There a thread may just have got the mutex. It has changed nothing yet, unless it writes.
 */
static void py_mutex_forked(py_lock *lock)
{
    int64_t forks = _Py_atomic_load_int64(&lock->forks);
    if (forks != -1 && forks != py_forks && _Py_atomic_compare_exchange_int64(&lock->forks, &forks, -1)) {
        if (!_Py_atomic_load_int(&lock->writing)) memset(&lock->mutex, 0, sizeof lock->mutex);
        _Py_atomic_store_int64(&lock->forks, py_forks);
    }
    while (_Py_atomic_load_int64(&lock->forks) != py_forks) py_pause(); /* another thread does so */
}

/* For what reads the entries, and writes what readers do not look at. */
static inline void py_mutex_lock(py_lock *lock)
{
    if (_Py_atomic_load_int64(&lock->forks) != py_forks) py_mutex_forked(lock);
    PyMutex_Lock(&lock->mutex);
}
static inline void py_mutex_unlock(py_lock *lock) { PyMutex_Unlock(&lock->mutex); }

static inline void py_leave(py_slot *slot) { _Py_atomic_store_ptr_release(&slot->reads, NULL); }

/* Returns 0 when somebody writes. */
static inline int py_try_read(py_lock *lock, py_slot *slot)
{
    _Py_atomic_store_ptr(&slot->reads, lock);
    if (!_Py_atomic_load_int(&lock->writing)) return 1;
    py_leave(slot);
    return 0;
}

/* This thread's slot, known to the map; NULL: there is none, or it is in use. */
static py_slot *py_make_slot(py_lock *lock)
{
    if (py_own_slot == 0) py_slot_take();
    if (py_own_slot < 0 || py_slots[py_own_slot - 1].reads != NULL) return NULL;
    uint64_t bit = (uint64_t)1 << (py_own_slot - 1);
    if (!(_Py_atomic_load_uint64_relaxed(&lock->readers) & bit)) (void)_Py_atomic_or_uint64(&lock->readers, bit);
    return &py_slots[py_own_slot - 1];
}

static inline py_slot *py_slot_for(py_lock *lock)
{
    int own = py_own_slot - 1;
    if (own >= 0 && _Py_atomic_load_uint64_relaxed(&lock->readers) >> own & 1 && py_slots[own].reads == NULL)
        return &py_slots[own];
    return py_make_slot(lock);
}

/* Waits some microseconds for a writer. */
static int py_read_patiently(py_lock *lock, py_slot *slot)
{
    for (int i = 0; i < PY_SPINS; i++) {
        if (py_try_read(lock, slot)) return 1;
        while (_Py_atomic_load_int_relaxed(&lock->writing) && i++ < PY_SPINS) py_pause();
    }
    return 0;
}

/* In the slot: it stays as it is until the slot is left. */
static inline gomap_versions *py_versions(py_lock *lock) { return _Py_atomic_load_ptr_relaxed(&lock->versions); }

static void py_read_whole(py_lock *lock);

static inline void py_read_lock(py_lock *lock)
{
    py_slot *slot = py_slot_for(lock);
    if (slot && (py_try_read(lock, slot) || py_read_patiently(lock, slot))) {
        if (!py_versions(lock)) return;
        py_leave(slot);
    }
    py_read_whole(lock);
}

/* To look up one key under versions: the slot; NULL: nothing is held, and read_lock is asked. */
static inline py_slot *py_look_lock(py_lock *lock)
{
    if (!py_versions(lock)) return NULL;
    py_slot *slot = py_slot_for(lock);
    if (!slot || !(py_try_read(lock, slot) || py_read_patiently(lock, slot))) return NULL;
    if (py_versions(lock)) return slot;
    py_leave(slot);
    return NULL;
}

static inline void py_read_unlock(py_lock *lock)
{
    int own = py_own_slot - 1;
    if (own >= 0 && py_slots[own].reads == lock) py_leave(&py_slots[own]);
    else py_mutex_unlock(lock);
}

/* With the mutex, and `writing` said: whether the readers leave within some microseconds. */
static int py_readers_leave(py_lock *lock, uint64_t readers)
{
    for (int i = 0; readers && i < PY_SPINS; i++) {
        uint64_t still = 0;
        for (uint64_t left = readers; left; left &= left - 1) {
            int slot = 0;
            while (!(left >> slot & 1)) slot++;
            if (_Py_atomic_load_ptr(&py_slots[slot].reads) == lock) still |= (uint64_t)1 << slot;
        }
        if (still && i == 0) lock->meetings++;
        readers = still;
        if (readers) py_pause();
    }
    return readers == 0;
}

/* A reader's thread may not be running at the moment, or wait for the collector, which waits for this thread. So this one
 * lets go of the interpreter, and of the lock first: a fork comes when threads have let go, and a child has only one of
 * them. */
static void py_let_readers_leave(py_lock *lock)
{
    _Py_atomic_store_int_release(&lock->writing, 0);
    py_mutex_unlock(lock);
    PyThreadState *state = PyEval_SaveThread();
    py_yield();
    PyEval_RestoreThread(state);
}

static inline void py_write_lock(py_lock *lock)
{
    for (;;) {
        py_mutex_lock(lock);
        _Py_atomic_store_int(&lock->writing, 1);
        uint64_t readers = _Py_atomic_load_uint64(&lock->readers);
        if (py_own_slot > 0) readers &= ~((uint64_t)1 << (py_own_slot - 1)); /* who writes does not read */
        if (!readers || py_readers_leave(lock, readers)) return;
        py_let_readers_leave(lock);
    }
}

static inline void py_write_unlock(py_lock *lock)
{
    _Py_atomic_store_int_release(&lock->writing, 0);
    py_mutex_unlock(lock);
}

/* With the lock to write: whether versions would help. */
static inline int py_meets_readers(const py_lock *lock)
{
    return lock->meetings >= PY_MEETINGS && lock->versions == NULL;
}

/* The same. NULL: the map can have none. If there are none, it is asked again after as many meetings. */
static void py_versions_begin(py_lock *lock, const gomap *map)
{
    gomap_versions *versions = map ? PyMem_RawCalloc(1, gomap_versions_bytes(map)) : NULL;
    lock->meetings = lock->whole_reads = 0;
    if (versions) gomap_versions_begin(versions, map);
    _Py_atomic_store_ptr_relaxed(&lock->versions, versions);
}

/* With the lock to write, or when nobody knows the map any more. */
static void py_versions_end(py_lock *lock)
{
    gomap_versions *versions = lock->versions;
    _Py_atomic_store_ptr_relaxed(&lock->versions, NULL);
    PyMem_RawFree(versions);
}

/* Under the mutex: for all but a look-up of one key, or where there is no slot. */
static void py_read_whole(py_lock *lock)
{
    py_mutex_lock(lock);
    if (!lock->versions || ++lock->whole_reads < PY_WHOLE_READS) return;
    py_mutex_unlock(lock);
    py_write_lock(lock);
    if (lock->versions) py_versions_end(lock);
    _Py_atomic_store_int_release(&lock->writing, 0); /* the mutex stays */
}

/* To change one entry under versions: they; NULL: nothing is held, and write_lock is asked. */
static inline gomap_versions *py_change_lock(py_lock *lock)
{
    if (!py_versions(lock)) return NULL;
    py_mutex_lock(lock);
    if (lock->versions) {
        if (lock->whole_reads) lock->whole_reads = 0;
        return lock->versions;
    }
    py_mutex_unlock(lock);
    return NULL;
}

static inline void py_change_unlock(py_lock *lock) { py_mutex_unlock(lock); }

static inline size_t py_versions_bytes(const py_lock *lock)
{
    return lock->versions ? sizeof *lock->versions + (lock->versions->mask + (size_t)1) * sizeof(uint64_t) : 0;
}

/* A pointer that other threads may write at the same time. Who reads it sees what they wrote before it. */
static inline void *py_glance(void *const *at) { return _Py_atomic_load_ptr_acquire(at); }
static inline void py_publish(void **at, void *pointer) { _Py_atomic_store_ptr_release(at, pointer); }

/* Adds, and returns what was there. */
static inline uint64_t py_fetch_add(uint64_t *at, uint64_t more) { return _Py_atomic_add_uint64(at, more); }

#else

#define PY_FREE_THREADED 0

typedef struct py_lock {
    char none;
} py_lock;

typedef struct py_slot {
    uint64_t room[1];
} py_slot;

static inline int py_slot_keys(void) { return 1; }
static inline void py_slots_forked(void) {}
static inline void py_read_lock(py_lock *lock) { (void)lock; }
static inline void py_read_unlock(py_lock *lock) { (void)lock; }
static inline void py_write_lock(py_lock *lock) { (void)lock; }
static inline void py_write_unlock(py_lock *lock) { (void)lock; }
static inline void py_mutex_lock(py_lock *lock) { (void)lock; }
static inline void py_mutex_unlock(py_lock *lock) { (void)lock; }
static inline int py_meets_readers(const py_lock *lock) { return (void)lock, 0; }
static inline void py_versions_begin(py_lock *lock, const gomap *map) { (void)lock, (void)map; }
static inline void py_versions_end(py_lock *lock) { (void)lock; }
static inline size_t py_versions_bytes(const py_lock *lock) { return (void)lock, (size_t)0; }
static inline gomap_versions *py_change_lock(py_lock *lock) { return (void)lock, NULL; }
static inline void py_change_unlock(py_lock *lock) { (void)lock; }
static inline py_slot *py_look_lock(py_lock *lock) { return (void)lock, NULL; }
static inline gomap_versions *py_versions(py_lock *lock) { return (void)lock, NULL; }
static inline void *py_glance(void *const *at) { return *at; }
static inline void py_publish(void **at, void *pointer) { *at = pointer; }
static inline uint64_t py_fetch_add(uint64_t *at, uint64_t more)
{
    *at += more;
    return *at - more;
}

#endif

static inline void py_forked(void)
{
    py_forks++;
    py_slots_forked();
}

/* At import, once. 0 on failure. */
static inline int py_locks_begin(void)
{
#if !defined(_WIN32)
    if (pthread_atfork(NULL, NULL, py_forked) != 0) return 0;
#endif
    return py_slot_keys();
}

#endif
