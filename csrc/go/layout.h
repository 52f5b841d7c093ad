/* go/layout.h - the memory of a Go map: buckets, their array, and the header over it.
 *
 * One bucket, for keys of K bytes and values of V (a reference is 8):
 *
 *     0        8                  8 + 8K                8 + 8K + 8V
 *     | tophash | key 0 ... key 7 | value 0 ... value 7 | overflow |
 *       8 x 1        8 x K               8 x V               8         144 bytes for map[int]int
 *
 * tophash[i] says what slot i holds, or the top byte of its key's hash:
 *     0 emptyRest        nothing here, nor further in this bucket or its overflow chain
 *     1 emptyOne         nothing here
 *     2 evacuatedX       (head of an old bucket only) moved to the same index of the new array
 *     3 evacuatedY       moved to that index + the old array's size
 *     4 evacuatedEmpty   nothing here, and this old bucket has been evacuated
 *     5 ...              the hash's top byte, plus 5 where that is below 5
 *
 * The array, 2^B buckets and from B = 4 a tail of overflow buckets allocated with them:
 *
 *     buckets                                  next_overflow        array_buckets
 *     | 0 | 1 | 2 | ... | 2^B - 1 | linked | linked | not used yet ... |
 *                   \_overflow____/^
 *
 * When the tail is used up, overflow buckets come one by one from the heap.
 * While the map grows, old_buckets is the array before, and each of its buckets is either untouched
 * or evacuated. The first `evacuated` of them are evacuated, and some behind.
 */
#ifndef GM_GO_LAYOUT_H
#define GM_GO_LAYOUT_H

#include "../parts.h"
#include "../tags.h"

enum {
    GO_EMPTY_REST = 0,
    GO_EMPTY_ONE = 1,
    GO_EVACUATED_X = 2,
    GO_EVACUATED_Y = 3,
    GO_EVACUATED_EMPTY = 4,
    GO_MIN_TOPHASH = 5,
    GO_SLOTS = 8, /* bucketCnt: one 64-bit word of tophash */
    GO_KEYS = 8,  /* where keys begin in a bucket */
};

typedef struct go_array {
    unsigned char *at;    /* NULL: none */
    size_t bytes;         /* asked for, Go's size class rounding included */
    size_t buckets;       /* that fit: 2^B and the tail */
    size_t next_overflow; /* index of the tail's next unused bucket; == buckets when used up */
    size_t overflow;      /* overflow buckets linked to this array's chains */
    size_t overflow_heap; /* of those, from the heap */
} go_array;

typedef struct go_map {
    gm_map map;
    gm_purposes purposes; /* map.memory's */
    gm_parts parts;       /* how keys and values stand in their slots */
    uint64_t random;      /* state of gm_random: seeds, iteration order, sampling */
    go_array now, old;    /* old.at != NULL: growing */
    size_t mask;          /* 2^B - 1 */
    size_t old_mask;      /* of the old array */
    size_t grow_at;       /* 6.5 * 2^B, at least 8: the most entries before growth */
    size_t evacuated;     /* Go's nevacuate */
    uint32_t values_at;   /* where values begin */
    uint32_t overflow_at; /* where the overflow pointer is */
    uint32_t bucket_bytes;
    uint16_t noverflow;    /* Go's: exact below B = 16, sampled from there */
    uint16_t noverflow_at; /* too many: 2^min(B, 15), Go's tooManyOverflowBuckets */
    uint8_t B;
    uint8_t same_size; /* this growth keeps B */
    uint8_t stale;     /* free slots may hold erased values: zero them when they are taken again */
    uint8_t any_slot;
    size_t any_at; /* gomap_any's cursor: the bucket it looks at first; in it, any_slot */
    unsigned char *any_head, *any_bucket;
    size_t growths, same_size_growths;
} go_map;

/* What is called now and then, one function for a kind (kinds.h), not inlined where it is called. */
typedef struct go_evacuator {
    int (*evacuate)(go_map *m, size_t index);
} go_evacuator;

/* ---- engine.c ---- */
/* What follows from the type. */
void go_describe(go_map *m, const gomap_type *type);
/* gm_each, see ../parts.h */
void go_each(const gm_map *map, gm_slot_visitor *visit, void *context);
void go_string(const gomap *map, int part, const void *at, gomap_string *string);
uint64_t go_string_bytes(const gomap *map);
int go_write(gomap *map, const void *key, void *room, const void *value, const gomap *from);
gomap *go_create(const gm_engine *engine, const gomap_type *type, size_t hint, uint64_t seed);
void go_destroy(gomap *map);
void go_clear(gomap *map);
size_t go_swap(gomap *one, gomap *other);
void go_iterate(gomap_iter *iter);

GM_INLINE go_map *go_of(const gomap *map) { return (go_map *)(uintptr_t)map; }

GM_INLINE unsigned char *go_bucket(const go_map *m, const go_array *array, size_t index)
{
    return array->at + index * m->bucket_bytes;
}

GM_INLINE unsigned char *go_overflow(const go_map *m, const unsigned char *bucket)
{
    unsigned char *next;
    memcpy(&next, bucket + m->overflow_at, sizeof next);
    return next;
}

GM_INLINE void go_link(const go_map *m, unsigned char *bucket, unsigned char *next)
{
    memcpy(bucket + m->overflow_at, &next, sizeof next);
}

GM_INLINE unsigned char *go_key(const go_map *m, unsigned char *bucket, unsigned slot, gm_kind kind)
{
    return bucket + GO_KEYS + slot * gm_key_slot(&m->parts, kind);
}

GM_INLINE unsigned char *go_value_slot(const go_map *m, unsigned char *bucket, unsigned slot)
{
    return bucket + m->values_at + (size_t)slot * m->parts.value_slot;
}

/* The same, whatever the kind. */
GM_INLINE unsigned char *go_key_slot(const go_map *m, unsigned char *bucket, unsigned slot)
{
    return bucket + GO_KEYS + (size_t)slot * m->parts.key_slot;
}

/* The value's bytes: in the slot, or in the record it refers to. */
GM_INLINE unsigned char *go_value(const go_map *m, unsigned char *bucket, unsigned slot)
{
    return gm_value_in(&m->parts, go_value_slot(m, bucket, slot));
}

GM_INLINE unsigned char go_tophash(uint64_t hash)
{
    unsigned top = (unsigned)(hash >> 56);
    return (unsigned char)(top < GO_MIN_TOPHASH ? top + GO_MIN_TOPHASH : top);
}

GM_INLINE int go_is_empty(unsigned char tophash) { return tophash <= GO_EMPTY_ONE; }

/* The slots that hold something; of a bucket that is not evacuated. */
GM_INLINE gm_match go_full(const unsigned char *bucket) { return gm_match_not(gm_match8_up_to(bucket, GO_EMPTY_ONE)); }

GM_INLINE int go_is_evacuated(const unsigned char *bucket)
{
    return bucket[0] > GO_EMPTY_ONE && bucket[0] < GO_MIN_TOPHASH;
}

/* The chain that the hash leads to: in the old array while that bucket has not been evacuated. */
GM_INLINE unsigned char *go_head(const go_map *m, uint64_t hash)
{
    if (GM_UNLIKELY(m->old.at != NULL)) {
        unsigned char *old = go_bucket(m, &m->old, hash & m->old_mask);
        if (!go_is_evacuated(old)) return old;
    }
    return go_bucket(m, &m->now, hash & m->mask);
}

/* A small bucket spans three cache lines. Asking for the other two while the tophashes are on their
 * way makes one memory latency of three: a caller that does much else between two operations has no
 * other way to overlap them. */
GM_INLINE void go_prefetch(const go_map *m, const unsigned char *head)
{
    GM_PREFETCH(head + 64);
    if (m->bucket_bytes <= 192) GM_PREFETCH(head + 128);
}

/* What is done with an entry: 0 ends the walk. */
typedef int go_visitor(void *context, unsigned char *head, unsigned char *bucket, unsigned slot);

/* Every entry of both arrays. A visitor may write to an entry, but not move or erase it. */
GM_INLINE void go_each_entry(const go_map *m, go_visitor *visit, void *context)
{
    const go_array *array[2] = {&m->now, &m->old};
    size_t heads[2] = {m->now.at ? m->mask + 1 : 0, m->old.at ? m->old_mask + 1 : 0};
    for (int a = 0; a < 2; a++) {
        for (size_t i = 0; i < heads[a]; i++) {
            unsigned char *head = go_bucket(m, array[a], i);
            if (go_is_evacuated(head)) continue;
            for (unsigned char *bucket = head; bucket; bucket = go_overflow(m, bucket))
                for (gm_match full = go_full(bucket); full; full = gm_match_next(full))
                    if (!visit(context, head, bucket, gm_match_index(full))) return;
        }
    }
}

/* A heap overflow bucket is one that stands in no array. */
GM_INLINE int go_is_heap(const go_array *array, const unsigned char *bucket)
{
    return (uintptr_t)bucket - (uintptr_t)array->at >= array->bytes;
}

#endif
