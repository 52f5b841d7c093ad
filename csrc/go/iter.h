/* go/iter.h - iteration (Go's mapiterinit, mapiternext).
 *
 * Buckets of the new array in turn, from a random one, and the slots of each from a random one on:
 * a program cannot come to depend on an order. A new bucket whose old one has not been evacuated is
 * empty yet; the old one is gone through instead, for the entries that would go to this one.
 * Nothing is evacuated while an iterator is alive, so that no entry moves under it.
 */
#ifndef GM_GO_ITER_H
#define GM_GO_ITER_H

#include "bucket.h"

static void go_iterate(gomap_iter *iter)
{
    gm_go *m = go_of(iter->map);
    uint64_t random = gm_random(&m->map.random);
    iter->start = iter->at = (size_t)(random >> 3) & m->mask;
    iter->offset = (uint8_t)(random & (GO_SLOTS - 1));
}

/* Would an entry of this untouched old bucket go to the new bucket `index`? */
GM_INLINE int go_goes_to(const gm_go *m, const unsigned char *key, unsigned char top, size_t index,
                         gm_kind kind)
{
    if (GM_UNLIKELY(gm_key_is_nan(key, kind))) return (top & 1) == (index > m->old_mask);
    return (gm_key_hash(&m->map, gm_key_at(&m->map, key, kind), kind) & m->mask) == index;
}

GM_INLINE int go_next(gomap_iter *iter, const void **key, const void **value, gm_kind kind)
{
    const gm_go *m = go_of(iter->map);
    unsigned char *bucket = (unsigned char *)(uintptr_t)iter->bucket;
    for (;;) {
        while (bucket) {
            while (iter->slot < GO_SLOTS) {
                unsigned slot = (iter->slot++ + iter->offset) & (GO_SLOTS - 1u);
                unsigned char top = bucket[slot];
                if (go_is_empty(top)) continue;
                const unsigned char *at = go_key(m, bucket, slot, kind);
                if (iter->filter && !go_goes_to(m, at, top, iter->index, kind)) continue;
                *key = gm_key_at(&m->map, at, kind);
                *value = go_value(m, bucket, slot);
                iter->bucket = bucket;
                return 1;
            }
            iter->slot = 0;
            bucket = bucket[GO_SLOTS - 1] == GO_EMPTY_REST ? NULL : go_overflow(m, bucket);
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
    }
}

#endif
