/* go/find.h - looking for a key (Go's mapaccess).
 *
 * The chain that the hash leads to is walked, comparing eight tophashes at once. A bucket whose
 * last slot is emptyRest ends the walk without its overflow pointer being read, which would be one
 * more cache line.
 */
#ifndef GM_GO_FIND_H
#define GM_GO_FIND_H

#include "layout.h"

/* Where a key is, or may go. */
typedef struct go_place {
    unsigned char *bucket;
    unsigned slot;
} go_place;

GM_INLINE unsigned char *go_next_in_chain(const go_map *m, const unsigned char *bucket)
{
    return bucket[GO_SLOTS - 1] == GO_EMPTY_REST ? NULL : go_overflow(m, bucket);
}

GM_INLINE int go_search(const go_map *m, unsigned char *bucket, unsigned char top, const void *key, gm_kind kind,
                        unsigned *slot)
{
    for (gm_match found = gm_match8(bucket, top); found; found = gm_match_next(found)) {
        unsigned i = gm_match_index(found);
        if (GM_LIKELY(gm_key_equal(&m->map, key, gm_key_in(&m->parts, go_key(m, bucket, i, kind), kind), kind))) {
            *slot = i;
            return 1;
        }
    }
    return 0;
}

GM_INLINE int go_locate(const go_map *m, unsigned char *head, uint64_t hash, const void *key, gm_kind kind,
                        go_place *place)
{
    unsigned char top = go_tophash(hash);
    for (unsigned char *bucket = head; bucket; bucket = go_next_in_chain(m, bucket)) {
        if (go_search(m, bucket, top, key, kind, &place->slot)) {
            place->bucket = bucket;
            return 1;
        }
    }
    return 0;
}

GM_INLINE void *go_find(const gomap *map, const void *key, gm_kind kind)
{
    const go_map *m = go_of(map);
    go_place place;
    if (map->count == 0) return NULL;
    uint64_t hash = gm_key_hash(&m->map, key, kind);
    unsigned char *head = go_head(m, hash);
    go_prefetch(m, head);
    if (!go_locate(m, head, hash, key, kind, &place)) return NULL;
    return go_value(m, place.bucket, place.slot);
}

#endif
