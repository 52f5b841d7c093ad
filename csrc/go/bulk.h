/* go/bulk.h - many keys at a time: the buckets of a window of keys are waited for at once. */
#ifndef GM_GO_BULK_H
#define GM_GO_BULK_H

#include "../window.h"
#include "find.h"

GM_INLINE void go_ask(const gomap *map, uint64_t hash)
{
    const go_map *m = go_of(map);
    const unsigned char *head = go_bucket(m, &m->now, hash & m->mask);
    GM_PREFETCH(head);
    go_prefetch(m, head);
}

GM_INLINE void *go_find_hashed(const gomap *map, uint64_t hash, const void *key, gm_kind kind)
{
    const go_map *m = go_of(map);
    go_place place;
    if (!go_locate(m, go_head(m, hash), hash, key, kind, &place)) return NULL;
    return go_value(m, place.bucket, place.slot);
}

GM_INLINE size_t go_find_many(const gomap *map, const gm_keys *keys, void **found, gm_kind kind)
{
    return gm_windows_find(map, keys, found, go_ask, go_find_hashed, kind);
}

GM_INLINE size_t go_put_many(gomap *map, const gm_keys *keys, void *values, size_t value_stride, gomap_writer *writer,
                             gm_kind kind)
{
    return gm_windows_put(map, keys, values, value_stride, writer, go_ask, kind);
}

GM_INLINE size_t go_erase_many(gomap *map, const gm_keys *keys, gm_kind kind)
{
    return gm_windows_erase(map, keys, go_ask, kind);
}

#endif
