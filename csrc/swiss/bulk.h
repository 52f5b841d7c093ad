/* swiss/bulk.h - many keys at a time: the groups of a window of keys are waited for at once. */
#ifndef GM_SWISS_BULK_H
#define GM_SWISS_BULK_H

#include "../window.h"
#include "find.h"

GM_INLINE void sw_ask(const gomap *map, uint64_t hash)
{
    const sw_map *m = sw_of(map);
    const sw_table *table = sw_table_for(m, hash);
    const unsigned char *group = sw_group(m, table, sw_h1(hash) & table->mask);
    GM_PREFETCH(group);
    sw_prefetch(m, group);
}

GM_INLINE void *sw_find_hashed(const gomap *map, uint64_t hash, const void *key, gm_kind kind)
{
    const sw_map *m = sw_of(map);
    sw_place place;
    if (!sw_locate(m, sw_table_for(m, hash), hash, key, kind, &place)) return NULL;
    return sw_value(m, place.group, place.slot);
}

GM_INLINE size_t sw_find_many(const gomap *map, const gm_keys *keys, void **found, gm_kind kind)
{
    return gm_windows_find(map, keys, found, sw_ask, sw_find_hashed, kind);
}

GM_INLINE size_t sw_put_many(gomap *map, const gm_keys *keys, void *values, size_t value_stride, gomap_writer *writer,
                             gm_kind kind)
{
    return gm_windows_put(map, keys, values, value_stride, writer, sw_ask, kind);
}

GM_INLINE size_t sw_erase_many(gomap *map, const gm_keys *keys, gm_kind kind)
{
    return gm_windows_erase(map, keys, sw_ask, kind);
}

#endif
