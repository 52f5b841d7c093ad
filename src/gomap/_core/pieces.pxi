# Many keys or entries, a piece at a time: between two pieces signals are looked at, so that Ctrl-C ends the work.
#
#     while next_piece(&p):
#         with nogil:
#             whole = did(&p, the core's work on p.some of them, from p.done on)
#         if not whole: why it stopped; what raises nothing is tried again


cdef enum:
    PIECE = 65536  # keys between two looks at signals: some milliseconds
    LOOK_PIECES = 8  # of these, each thread's that looks keys up: a round takes long beside starting the threads
    SHARED_PIECES = 2  # the same where keys are put in; their copies take 3 MB a thread, where keys and values have 8 bytes
    FOUND = 256    # addresses that are found before their values are fetched: they stay in the first cache

cdef struct Pieces:  # of some keys or entries
    size_t count
    size_t done  # of them
    size_t some  # that are asked for now: a piece, or what is left of one
    size_t most  # in a piece
    bint deaf    # signals wait


cdef inline Pieces pieces_of(size_t count) noexcept:
    cdef Pieces p
    p.count, p.done, p.some, p.most, p.deaf = count, 0, 0, PIECE, False
    return p


cdef inline bint next_piece(Pieces *p) except -1:
    """Whether there is more to do, and how much now. Between two pieces it looks at signals."""
    if p.some and not p.deaf:
        PyErr_CheckSignals()
    p.some = min(p.count - p.done, p.most)
    return p.some != 0


cdef inline bint did(Pieces *p, size_t here) noexcept nogil:
    """Takes what the core did of a piece, from its first on; False when it stopped before the end."""
    p.done += here
    return here == p.some


cdef inline int look_at_signals(size_t i) except -1:
    """For what goes through items one by one: once in a piece."""
    return PyErr_CheckSignals() if i % PIECE == PIECE - 1 else 0
