# What is asked of the core without a map: plans, what malloc takes; hooks for tracemalloc; and what tests need.


# ---- what the allocator's hooks tell tracemalloc --------------------------------------------------

#: The tracemalloc domain that the maps' blocks are in: "gomp" in ASCII.
TRACEMALLOC_DOMAIN = 0x676f6d70

cdef void track(void *block, size_t size) noexcept nogil:
    PyTraceMalloc_Track(0x676f6d70, <uintptr_t>block, size)

cdef void untrack(void *block, size_t size) noexcept nogil:
    PyTraceMalloc_Untrack(0x676f6d70, <uintptr_t>block)

cdef gomap_hooks hooks
hooks.allocated = track
hooks.released = untrack
gomap_set_hooks(&hooks)


# ---- maps that are not built ------------------------------------------------------------------------

def plan(engine, key, value, count, how, key_lengths, value_lengths):
    """What a map of so many entries would hold: bytes by purpose, their sum, the most while it grew, its buckets, and
    the most entries that a map of the types can have.

    :param engine: of the maps, as Stats names it: "elastic", "go", "swiss"
    :param how: how the entries come into it: "grown" one by one, "reserved" for all, "compacted" afterwards
    :param key_lengths: of strings, pairs of a length in bytes and how many are that long; else nothing
    :raises ValueError: there can be no such map
    """
    cdef Layout layout = layout_of(key, value)
    cdef int number = [gomap_about_engine(each).name for each in range(GOMAP_ENGINES)].index(engine.encode())
    cdef gomap_planned planned
    cdef gomap_lengths lengths[2]
    cdef size_t i, so_many = count
    cdef list pairs = [*key_lengths, *value_lengths]
    cdef gomap_length *room = <gomap_length *>PyMem_Calloc(len(pairs) + 1, sizeof(gomap_length))
    if room == NULL:
        raise MemoryError()
    try:
        for i in range(len(pairs)):
            room[i].length, room[i].strings = pairs[i]
        lengths[0].at, lengths[0].count = room, len(key_lengths)
        lengths[1].at, lengths[1].count = room + len(key_lengths), len(value_lengths)
        if gomap_plan(number, &layout.type, so_many,
                      ("grown", "reserved", "compacted").index(how), lengths, &planned) < 0:
            raise ValueError(f"expected a map of at most {planned.most:,} entries, got {so_many:,}, {how}")
    finally:
        PyMem_Free(room)
    purposes = {"header": planned.live[GOMAP_HEADER], "buckets": planned.live[GOMAP_BUCKETS],
                "old_buckets": planned.live[GOMAP_OLD_BUCKETS], "tags": planned.live[GOMAP_TAGS],
                "overflow": planned.live[GOMAP_OVERFLOW], "records": planned.live[GOMAP_RECORDS],
                "strings": planned.live[GOMAP_STRINGS], "directory": planned.live[GOMAP_DIRECTORY]}
    return purposes, planned.total, planned.peak, planned.buckets, planned.most


# ---- what malloc takes ----------------------------------------------------------------------------

def heap_bytes(size_t size):
    """The bytes that a block of `size` bytes takes of the C library's heap."""
    return gomap_heap_bytes(size)


# ---- for tests ------------------------------------------------------------------------------------

def _fail_after(allocations, count=1):
    """Let so many of the core's allocations succeed and fail the next; a negative number: none fails."""
    gomap_fail_after(allocations, count)


def _fail_pending():
    """How many injected failures are still to come."""
    return gomap_fail_pending()


def _knows_cpython():
    """Whether objects are read and filled as cpython.h describes them, or by the public API alone."""
    return bool(PY_KNOWN_CPYTHON)
