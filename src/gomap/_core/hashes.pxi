# Hashes of keys that are the same in every process, on every machine and in every version: gomap.dask parts keys by
# them. A map's own hash has a secret seed; this one has none, so whoever picks the keys can choose their part.
#
# The hash is XXH64 with the seed 0 of a key's bytes:
#
#     numbers, times    as the type stores them, little-endian; a float's -0.0 is 0.0, and every NaN is the quiet one
#                       without a sign, 0x7ff8000000000000
#     [N]byte, uuid     the bytes
#     string, bytes     UTF-8, a lone surrogate as three bytes; the bytes
#     struct            its fields' bytes one behind another, without padding; before a string its length, in 8 bytes

cdef extern from "checksum.h" nogil:
    ctypedef struct gm_checksum:
        pass
    void gm_checksum_begin(gm_checksum *sum)
    void gm_checksum_add(gm_checksum *sum, const void *piece, size_t bytes)
    uint64_t gm_checksum_end(const gm_checksum *sum)
    uint64_t gm_checksum_of(const void *piece, size_t bytes)

cdef bint BIG_ENDIAN = sys.byteorder == "big"

cdef struct Leaf:  # a part of a key that is no struct
    size_t offset
    size_t size
    uint8_t kind


def stable_hashes(items, type, values=False, nulls=None):
    """The hash of each item of a column: an array of uint64. That of a null, and of what the type cannot hold, is 0.

    :param values: they are values, whose floats are not made canonical
    :param nulls: "refuse" or "skip", as for set_many, whose errors are raised; None: as for get_many
    """
    cdef Base m = Map(bool, type) if values else Map(type, None)
    cdef Role role = VALUE if values else KEY
    cdef int purpose = LOOKING if nulls is None else purpose_of(nulls)
    cdef object spelled = type_of(m, role)
    if m.objects:
        raise TypeError(f"{plural(role)}: {spelled} has no hash that is the same in every process; take a type that "
                        "gomap.advise finds")
    cdef Column column = column_of(m, role, items, purpose)
    leaves = leaves_of(spelled, 0)
    cdef bytes room = PyBytes_FromStringAndSize(NULL, len(leaves) * sizeof(Leaf))
    cdef Leaf *leaf = <Leaf *>PyBytes_AS_STRING(room)
    cdef Pieces p = pieces_of(column.c.count)
    cdef size_t count = len(leaves), some, i
    for i in range(count):
        leaf[i].offset, leaf[i].size, leaf[i].kind = leaves[i]
    cdef bint whole = spelled.kind != STRUCT, canonical_floats = not values
    cdef const char *piece
    cdef const unsigned char *absent = column.c.absent
    hashes = np_empty(UINT64_TYPE, column.c.count)
    view = memoryview(hashes)
    cdef uint64_t *to = <uint64_t *>PyMemoryView_GET_BUFFER(view).buf
    while next_piece(&p):
        with nogil:
            some = gomap_column_read(&column.c, p.done, p.some, &piece)
            for i in range(some):
                to[p.done + i] = 0 if absent != NULL and absent[p.done + i] else \
                    hash_of(leaf, count, whole, canonical_floats, piece + i * column.c.size)
        if some == 0:
            go_on(m, role, column)
        did(&p, some)
    return hashes


cdef list leaves_of(object type, size_t start):
    """Of a type: the offset, the size and the kind of each part that is no struct."""
    if type.kind == STRUCT:
        return [leaf for field in type.fields for leaf in leaves_of(field.type, start + field.offset)]
    return [(start, type.size, type.kind)]


cdef uint64_t hash_of(const Leaf *leaf, size_t count, bint whole, bint canonical_floats, const char *key) noexcept nogil:
    cdef gm_checksum sum
    cdef Cell cell
    cdef const void *at
    cdef size_t i, length
    if whole:
        at = leaf_at(leaf, canonical_floats, key, &cell, &length)
        return gm_checksum_of(at, length)
    gm_checksum_begin(&sum)
    for i in range(count):
        at = leaf_at(&leaf[i], canonical_floats, key + leaf[i].offset, &cell, &length)
        if leaf[i].kind == STRING or leaf[i].kind == VARBYTES:
            cell.u64 = length
            if BIG_ENDIAN:
                turn(cell.bytes, 8)
            gm_checksum_add(&sum, cell.bytes, 8)
        gm_checksum_add(&sum, at, length)
    return gm_checksum_end(&sum)


cdef inline const void *leaf_at(const Leaf *leaf, bint canonical_floats, const char *at, Cell *cell,
                                size_t *length) noexcept nogil:
    """The bytes that are hashed, which may stand in the cell."""
    cdef const gomap_string *string
    cdef gomap_tidy step
    if leaf.kind == STRING or leaf.kind == VARBYTES:
        string = <const gomap_string *>at
        length[0] = string.length
        return string.at
    length[0] = leaf.size
    if leaf.kind == BYTES or leaf.kind == UUID:
        return at
    memcpy(cell.bytes, at, leaf.size)
    if canonical_floats and (leaf.kind == FLOAT32 or leaf.kind == FLOAT64):
        step.offset, step.size, step.what = 0, leaf.size, GOMAP_T_FLOAT
        gomap_tidied(&step, 1, <char *>cell.bytes, 1)
    if BIG_ENDIAN:
        turn(cell.bytes, leaf.size)
    return cell.bytes


cdef inline void turn(unsigned char *bytes, size_t size) noexcept nogil:
    cdef size_t i
    for i in range(size // 2):
        bytes[i], bytes[size - 1 - i] = bytes[size - 1 - i], bytes[i]
