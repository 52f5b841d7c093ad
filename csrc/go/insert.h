/* go/insert.h - a new entry, or the value of one that is there (Go's mapassign). */
#ifndef GM_GO_INSERT_H
#define GM_GO_INSERT_H

#include "find.h"
#include "grow.h"

/* The value of a new key in the place found for it, or in a new overflow bucket behind `last`. */
GM_INLINE void *go_insert(go_map *m, go_place free, unsigned char *last, unsigned char top, const void *key,
                          gm_kind kind)
{
    gm_made made;
    if (!gm_made_begin(&m->map, &m->parts, &made, key, kind)) return NULL;
    if (free.bucket == NULL) {
        free.bucket = go_overflow_add(m, last);
        free.slot = 0;
        if (free.bucket == NULL) {
            gm_made_undo(&m->map, &m->parts, &made, kind);
            return NULL;
        }
    }
    /* Nothing fails from here. */
    unsigned char *value = go_value_slot(m, free.bucket, free.slot);
    if (m->stale) {
        if (GM_LIKELY(m->parts.value_slot == 8)) gm_store64(value, 0);
        else memset(value, 0, m->parts.value_slot);
    }
    gm_made_place(&m->map, &m->parts, &made, go_key(m, free.bucket, free.slot, kind), value, key, kind);
    free.bucket[free.slot] = top;
    m->map.public_part.count++;
    return go_value(m, free.bucket, free.slot);
}

GM_INLINE void *go_assign(gomap *map, const void *key, int *added, gm_kind kind)
{
    go_map *m = go_of(map);
    uint64_t hash = GM_UNLIKELY(gm_key_is_nan(key, kind)) ? gm_random(&m->random) : gm_key_hash(&m->map, key, kind);
    unsigned char top = go_tophash(hash);
    if (GM_UNLIKELY(m->now.at == NULL) && !go_array_make(m, &m->now, m->B)) return NULL;

    for (;;) {
        int evacuated = 1;
        if (GM_UNLIKELY(m->old.at != NULL) && !m->map.iterators) evacuated = go_grow_work(m, hash & m->mask);

        go_place free = {NULL, 0};
        unsigned char *bucket = go_head(m, hash), *last;
        go_prefetch(m, bucket);
        do {
            unsigned slot;
            last = bucket;
            if (go_search(m, bucket, top, key, kind, &slot)) {
                /* Go's needkeyupdate: of 0.0 and -0.0 the last one written stays. */
                if (gm_is_float(kind)) memcpy(go_key(m, bucket, slot, kind), key, kind.bytes);
                *added = 0;
                return go_value(m, bucket, slot);
            }
            if (free.bucket == NULL) {
                gm_match empty = gm_match8_up_to(bucket, GO_EMPTY_ONE);
                if (empty) {
                    free.bucket = bucket;
                    free.slot = gm_match_index(empty);
                }
            }
        } while ((bucket = go_next_in_chain(m, bucket)) != NULL);

        if (!evacuated) return NULL; /* no room was to be had where a new key must go */
        if (GM_UNLIKELY(m->map.iterators)) {
            gm_end_iterators(&m->map);
            if (m->old.at) continue; /* now that nothing iterates, evacuate first */
        }
        if (m->old.at == NULL && GM_UNLIKELY(map->count >= m->grow_at || m->noverflow >= m->noverflow_at)) {
            if (!go_grow_start(m)) return NULL;
            continue; /* the bucket to use is another now */
        }
        *added = 1;
        return go_insert(m, free, last, top, key, kind);
    }
}

#endif
