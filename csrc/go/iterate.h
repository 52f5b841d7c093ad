/* go/iterate.h - iteration (Go's mapiterinit, mapiternext).
 *
 * It visits the buckets of the new array in turn from a random bucket, and the slots of each from a random slot, so
 * that no program comes to depend on an order. A new bucket is still empty if its old bucket has not been evacuated.
 * Then the old bucket is visited instead, for the entries that would go to the new one.
 * Nothing is evacuated while an iterator is alive, so that no entry moves under it.
 */
#ifndef GM_GO_ITERATE_H
#define GM_GO_ITERATE_H

#include "layout.h"

/* The place of an iteration. */
typedef struct GM_MAY_ALIAS go_cursor {
    unsigned char *bucket;   /* NULL before the first chain, and at the end of one */
    gm_match left;           /* slots of the bucket to come, counted from offset */
    size_t next, start, now; /* the index to go to next, the one begun with, the one gone to */
    uint8_t offset, wrapped;
    uint8_t filter; /* in an old bucket: only what would go to `now` */
} go_cursor;
_Static_assert(sizeof(go_cursor) <= sizeof((gomap_iter *)0)->place, "a cursor has room in an iterator");

/* Would an entry of this untouched old bucket go to the new bucket `index`? */
GM_INLINE int go_goes_to(const go_map *m, const unsigned char *key, unsigned char top, size_t index, gm_kind kind)
{
    if (GM_UNLIKELY(gm_key_is_nan(key, kind))) return (top & 1) == (index > m->old_mask);
    return (gm_key_hash(&m->map, gm_key_in(&m->parts, key, kind), kind) & m->mask) == index;
}

/* The bucket to go through now: NULL at the end of a chain. */
GM_INLINE unsigned char *go_enter(go_cursor *cursor, unsigned char *bucket)
{
    cursor->bucket = bucket;
    if (bucket) cursor->left = gm_match_rotate(go_full(bucket), cursor->offset);
    return bucket;
}

/* Large buckets lie too far apart for the processor to guess the lines that the next entries are in:
 * ask for the next bucket's values, and for the tophashes and keys of the one after it. */
GM_INLINE void go_look_ahead(const go_map *m, size_t index)
{
    if (m->bucket_bytes <= 192) return;
    unsigned char *next = go_bucket(m, &m->now, index);
    const unsigned char *after = go_bucket(m, &m->now, (index + 1) & m->mask);
    GM_PREFETCH(after);
    GM_PREFETCH(after + 64);
    for (gm_match full = go_full(next); full; full = gm_match_next(full))
        GM_PREFETCH(go_value_slot(m, next, gm_match_index(full)));
}

GM_INLINE int go_next(gomap_iter *iter, const void **key, const void **value, gm_kind kind)
{
    const go_map *m = go_of(iter->map);
    go_cursor *cursor = (go_cursor *)(void *)iter->place;
    unsigned char *bucket = cursor->bucket;
    for (;;) {
        while (bucket) {
            while (cursor->left) {
                unsigned slot = (gm_match_index(cursor->left) + cursor->offset) & (GO_SLOTS - 1u);
                cursor->left = gm_match_next(cursor->left);
                unsigned char top = bucket[slot];
                if (GM_UNLIKELY(go_is_empty(top))) continue; /* erased since */
                const unsigned char *at = go_key(m, bucket, slot, kind);
                if (cursor->filter && !go_goes_to(m, at, top, cursor->now, kind)) continue;
                *key = gm_key_in(&m->parts, at, kind);
                *value = go_value(m, bucket, slot);
                return 1;
            }
            bucket = go_enter(cursor, bucket[GO_SLOTS - 1] == GO_EMPTY_REST ? NULL : go_overflow(m, bucket));
        }
        if (cursor->wrapped && cursor->next == cursor->start) {
            cursor->bucket = NULL;
            return 0;
        }
        cursor->now = cursor->next++;
        if (cursor->next > m->mask) {
            cursor->next = 0;
            cursor->wrapped = 1;
        }
        bucket = go_head(m, cursor->now);
        cursor->filter = m->old.at && !m->same_size && bucket != go_bucket(m, &m->now, cursor->now);
        go_enter(cursor, bucket);
        if (m->old.at == NULL) go_look_ahead(m, cursor->next);
    }
}

#endif
