/* go/reserve.h - reserves room for a number of entries at once. */
#ifndef GM_GO_RESERVE_H
#define GM_GO_RESERVE_H

#include "grow.h"

/* A map being rebuilt: its arrays and counters as they will be. The stores stay with the map itself. */
typedef struct go_rebuilding {
    const go_map *m;
    go_map *wider;
    gm_kind kind;
    int failed;
} go_rebuilding;

/* The bucket of the new chain that has a free slot; NULL when there is no memory. */
GM_INLINE unsigned char *go_rebuild_bucket(go_map *wider, uint64_t hash)
{
    unsigned char *to = go_bucket(wider, &wider->now, hash & wider->mask);
    while (to && to[GO_SLOTS - 1] != GO_EMPTY_REST) {
        unsigned char *next = go_overflow(wider, to);
        to = next ? next : go_overflow_add(wider, to);
    }
    return to;
}

GM_INLINE int go_visit_rebuild(void *context, unsigned char *head, unsigned char *bucket, unsigned slot)
{
    go_rebuilding *rebuilding = context;
    const go_map *m = rebuilding->m;
    go_map *wider = rebuilding->wider;
    const gm_kind kind = rebuilding->kind;
    unsigned char *key = go_key(m, bucket, slot, kind);
    uint64_t hash = gm_hash_in(&m->map, &m->parts, key, &wider->random, kind);
    unsigned char *to = go_rebuild_bucket(wider, hash);
    (void)head;
    rebuilding->failed = to == NULL;
    if (to == NULL) return 0;
    unsigned place = gm_match_index(gm_match8(to, GO_EMPTY_REST));
    to[place] = go_tophash(hash);
    memcpy(go_key(wider, to, place, kind), key, gm_key_slot(&m->parts, kind));
    gm_copy(go_value_slot(wider, to, place), go_value_slot(m, bucket, slot), m->parts.value_slot);
    return 1;
}

/* Room for count entries at once: every chain into a new array, in one step. 0: no memory, and
 * nothing has changed. Not in Go, whose maps take a hint only when they are made. */
GM_INLINE int go_rebuild(go_map *m, unsigned B, gm_kind kind)
{
    go_map wider = *m;
    go_rebuilding rebuilding = {m, &wider, kind, 0};
    memset(&wider.old, 0, sizeof wider.old);
    if (!go_array_make(&wider, &wider.now, B)) return 0;
    go_set_B(&wider, B);
    wider.noverflow = 0;
    go_each_entry(m, go_visit_rebuild, &rebuilding);
    if (rebuilding.failed) {
        go_array_drop(&wider, &wider.now, GOMAP_BUCKETS, wider.mask + 1);
        m->map.memory = wider.map.memory; /* as before, but for the peak */
        return 0;
    }
    go_array_drop(&wider, &m->now, GOMAP_BUCKETS, m->mask + 1);
    go_array_drop(&wider, &m->old, GOMAP_OLD_BUCKETS, m->old_mask + 1);
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
    size_t before[GOMAP_PARTS];
    unsigned B = go_B_for(count);
    if (B >= 64) return -1;
    if (!gm_parts_reserve(&m->map, &m->parts, count, before)) return -1;
    if ((count <= m->grow_at && m->now.at) || go_rebuild(m, B < m->B ? m->B : B, kind)) return 0;
    gm_parts_unreserve(&m->map, &m->parts, before);
    return -1;
}

#endif
