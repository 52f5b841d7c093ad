/* go/reserve.h - room for so many entries at once, and no entries. */
#ifndef GM_GO_RESERVE_H
#define GM_GO_RESERVE_H

#include "grow.h"
#include "records.h"
#include "strings.h"

/* Room for count entries at once: every chain into a new array, in one step. 0: no memory, and
 * nothing has changed. Not in Go, whose maps take a hint only when they are made. */
GM_INLINE int go_rebuild(go_map *m, unsigned B, gm_kind kind)
{
    go_map wider = *m; /* its arrays and counters; the stores stay with m */
    go_array *from[2] = {&m->now, &m->old};
    size_t heads[2] = {m->now.at ? m->mask + 1 : 0, m->old.at ? m->old_mask + 1 : 0};
    memset(&wider.old, 0, sizeof wider.old);
    if (!go_array_make(&wider, &wider.now, B)) return 0;
    go_set_B(&wider, B);
    wider.noverflow = 0;
    for (int array = 0; array < 2; array++) {
        for (size_t i = 0; i < heads[array]; i++) {
            unsigned char *bucket = go_bucket(m, from[array], i);
            if (go_is_evacuated(bucket)) continue;
            for (; bucket; bucket = go_overflow(m, bucket)) {
                for (gm_match full = go_full(bucket); full; full = gm_match_next(full)) {
                    unsigned slot = gm_match_index(full);
                    unsigned char *key = go_key(m, bucket, slot, kind);
                    uint64_t hash = GM_UNLIKELY(gm_key_is_nan(key, kind))
                                        ? gm_random(&wider.random)
                                        : gm_key_hash(&m->map, go_key_at(m, key, kind), kind);
                    unsigned char *to = go_bucket(&wider, &wider.now, hash & wider.mask);
                    while (to && to[GO_SLOTS - 1] != GO_EMPTY_REST) {
                        unsigned char *next = go_overflow(&wider, to);
                        if (next == NULL) next = go_overflow_add(&wider, to);
                        to = next;
                    }
                    if (to == NULL) {
                        go_array_drop(&wider, &wider.now, GOMAP_BUCKETS, wider.mask + 1);
                        m->map.memory = wider.map.memory; /* as before, but for the peak */
                        return 0;
                    }
                    unsigned place = gm_match_index(gm_match8(to, GO_EMPTY_REST));
                    to[place] = go_tophash(hash);
                    memcpy(go_key(&wider, to, place, kind), key, go_key_slot(m, kind));
                    gm_copy(go_value_slot(&wider, to, place), go_value_slot(m, bucket, slot), m->value_slot);
                }
            }
        }
    }
    go_array_drop(&wider, &m->now, GOMAP_BUCKETS, heads[0]);
    go_array_drop(&wider, &m->old, GOMAP_OLD_BUCKETS, heads[1]);
    wider.same_size = 0;
    wider.stale = 0;
    wider.evacuated = 0;
    wider.any_at = 0;
    wider.purposes = m->purposes; /* which map.memory has gone on counting in */
    *m = wider;
    gm_end_iterators(&m->map);
    return 1;
}

GM_INLINE int go_reserve(gomap *map, size_t count, gm_kind kind)
{
    go_map *m = go_of(map);
    gm_memory *memory = &m->map.memory;
    size_t keys = m->keys.capacity, values = m->values.capacity;
    unsigned B = go_B_for(count);
    if (B >= 64) return -1;
    if ((m->key_ref && !gm_store_reserve(&m->keys, memory, count)) ||
        (m->value_ref && !gm_store_reserve(&m->values, memory, count)) ||
        ((count > m->grow_at || !m->now.at) && !go_rebuild(m, B < m->B ? m->B : B, kind))) {
        gm_store_unreserve(&m->keys, memory, keys);
        gm_store_unreserve(&m->values, memory, values);
        return -1;
    }
    return 0;
}

#endif
