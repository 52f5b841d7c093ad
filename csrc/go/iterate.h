/* go/iterate.h - iteration (Go's mapiterinit, mapiternext).
 *
 * Buckets of the new array in turn, from a random one, and the slots of each from a random one on:
 * a program cannot come to depend on an order. A new bucket whose old one has not been evacuated is
 * empty yet; the old one is gone through instead, for the entries that would go to this one.
 * Nothing is evacuated while an iterator is alive, so that no entry moves under it.
 */
#ifndef GM_GO_ITERATE_H
#define GM_GO_ITERATE_H

#include "layout.h"

static void go_iterate(gomap_iter *iter)
{
    go_map *m = go_of(iter->map);
    uint64_t random = gm_random(&m->random);
    iter->start = iter->at = (size_t)(random >> 3) & m->mask;
    iter->offset = (uint8_t)(random & (GO_SLOTS - 1));
}

/* Would an entry of this untouched old bucket go to the new bucket `index`? */
GM_INLINE int go_goes_to(const go_map *m, const unsigned char *key, unsigned char top, size_t index,
                         gm_kind kind)
{
    if (GM_UNLIKELY(gm_key_is_nan(key, kind))) return (top & 1) == (index > m->old_mask);
    return (gm_key_hash(&m->map, go_key_at(m, key, kind), kind) & m->mask) == index;
}

/* The bucket to go through now: NULL at the end of a chain. */
GM_INLINE unsigned char *go_enter(gomap_iter *iter, unsigned char *bucket)
{
    iter->bucket = bucket;
    if (bucket) iter->left = gm_match_rotate(go_full(bucket), iter->offset);
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
    unsigned char *bucket = (unsigned char *)(uintptr_t)iter->bucket;
    for (;;) {
        while (bucket) {
            while (iter->left) {
                unsigned slot = (gm_match_index(iter->left) + iter->offset) & (GO_SLOTS - 1u);
                iter->left = gm_match_next(iter->left);
                unsigned char top = bucket[slot];
                if (GM_UNLIKELY(go_is_empty(top))) continue; /* erased since */
                const unsigned char *at = go_key(m, bucket, slot, kind);
                if (iter->filter && !go_goes_to(m, at, top, iter->index, kind)) continue;
                *key = go_key_at(m, at, kind);
                *value = go_value(m, bucket, slot);
                return 1;
            }
            bucket = go_enter(iter, bucket[GO_SLOTS - 1] == GO_EMPTY_REST ? NULL : go_overflow(m, bucket));
        }
        if (iter->wrapped && iter->at == iter->start) {
            iter->bucket = NULL;
            return 0;
        }
        iter->index = iter->at++;
        if (iter->at > m->mask) {
            iter->at = 0;
            iter->wrapped = 1;
        }
        bucket = go_head(m, iter->index);
        iter->filter = m->old.at && !m->same_size && bucket != go_bucket(m, &m->now, iter->index);
        go_enter(iter, bucket);
        if (m->old.at == NULL) go_look_ahead(m, iter->at);
    }
}

#endif
