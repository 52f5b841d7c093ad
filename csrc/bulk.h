/* bulk.h - many keys at a time: what engines have in common. */
#ifndef GM_BULK_H
#define GM_BULK_H

#include "map.h"

/* Bytes from one key to the next (gomap.h): a string is passed as a gomap_string. key_bytes is the size of the
 * type's keys in a map; an engine passes it as a constant where it knows it. */
GM_INLINE size_t gm_key_stride(const gomap_type *type, size_t key_bytes)
{
    /* Compares sizes first, so that a constant of any other size stays a constant. */
    return key_bytes == GOMAP_STRING_SIZE && type->key_kind == GOMAP_STRING ? sizeof(gomap_string) : key_bytes;
}

/* The values that are put: `stride` apart, `bytes` of each copied, or what the writer makes of them. */
typedef struct gm_values {
    unsigned char *at;
    size_t stride, bytes;
    gomap_writer *writer; /* or NULL */
} gm_values;

/* Value i into the room of its key; 0 when there is no room, or the writer ends it. */
GM_INLINE int gm_values_write(const gm_values *values, size_t i, void *room, int added)
{
    unsigned char *value = values->at + i * values->stride;
    if (room == NULL) return 0;
    if (values->writer) return values->writer->write(values->writer, room, value, added);
    gm_copy(room, value, values->bytes);
    return 1;
}

#endif
