/* store.h - records: keys and values that stand behind a reference.
 *
 * A store is one dense region of equal records. A bucket refers to a record by its number, never by
 * its address, so the region may move as it grows, and a map is free of pointers.
 *
 *     region   | record 1 | record 2 | free --> 0 | record 4 | free --> 3 | ... room ... |
 *                                                            ^            |              |
 *     free ------------------------------------------------- 5            used           capacity
 *
 * Numbers run from 1; 0 is no record. A free record begins with the next free one's number, and a mark by which a walk
 * over the records tells it from nearly all others. Invariants: S1 to S3 (csrc/README.md).
 */
#ifndef GM_STORE_H
#define GM_STORE_H

#include "platform.h"
#include "region.h"

typedef struct gm_store {
    gm_region region;
    uint32_t purpose;  /* what its memory is counted as */
    uint32_t stride;   /* bytes a record, at least 4: a free one holds the next free one's number */
    uint32_t capacity; /* records there is room for: region.bytes / stride */
    uint32_t used;     /* records ever handed out since the store was empty */
    uint32_t live;
    uint32_t free;
} gm_store;

GM_INLINE unsigned char *gm_store_at(const gm_store *store, uint32_t number)
{
    return store->region.at + (size_t)(number - 1) * store->stride;
}

/* The mark of a free record. It follows the next free one's number, where there is room. Zeros, small numbers, text
 * and usual floats do not have these four bytes. A record in use that has them is checked further, which takes time
 * but is no error. */
#define GM_STORE_FREE 0x8be65d9fu

/* Whether this record is perhaps free; 0: it is in use. */
GM_INLINE int gm_store_may_be_free(const gm_store *store, const unsigned char *record)
{
    return GM_UNLIKELY(store->free != 0) && (store->stride < 8 || GM_UNLIKELY(gm_load32(record + 4) == GM_STORE_FREE));
}

/* A record of zeros; 0 when there is no memory. */
uint32_t gm_store_add(gm_store *store, gm_memory *memory);
void gm_store_remove(gm_store *store, gm_memory *memory, uint32_t number);
/* The one just added, which is not needed. */
void gm_store_take_back(gm_store *store, gm_memory *memory, uint32_t number);
void gm_store_clear(gm_store *store, gm_memory *memory);
/* Room for count records in all; 0 when there is no memory. */
int gm_store_reserve(gm_store *store, gm_memory *memory, size_t count);
/* Takes a reservation back, to the capacity there was. */
void gm_store_unreserve(gm_store *store, gm_memory *memory, size_t capacity);

/* For what keeps its records dense: gives up the last one, which is not needed or was moved. */
void gm_store_drop_last(gm_store *store, gm_memory *memory);
/* The same for all that are free, once those in use have the lowest numbers. */
void gm_store_settle(gm_store *store, gm_memory *memory);
/* Gives back the room that is not used. */
void gm_store_trim(gm_store *store, gm_memory *memory);

/* Whether every number handed out is an entry's or free, exactly once. `numbers` is the sum of the entries' numbers.
 * Only errors that cancel in the sum go unnoticed. */
int gm_store_adds_up(const gm_store *store, uint64_t numbers);

/* The bytes granted to a store after so many records were added one by one. With `exactly`: after it was reserved
 * for them, or trimmed to them. */
size_t gm_store_planned(uint32_t stride, int purpose, size_t count, int exactly);
/* The region's bytes after one record was added to a store filled to `capacity`. */
size_t gm_store_grown(uint32_t stride, int purpose, size_t capacity);
/* The records of a store that the next one moves from the heap to a mapping; *bytes: of the mapping. Both are there for
 * a moment. */
size_t gm_store_moved(uint32_t stride, int purpose, size_t *bytes);
/* The most records of a store. */
#define GM_STORE_MOST (UINT32_MAX - 1)

/* The first broken invariant in words, or NULL. */
const char *gm_store_check(const gm_store *store);

#endif
