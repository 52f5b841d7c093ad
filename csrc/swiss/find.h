/* swiss/find.h - looking for a key (Go's runtime_mapaccess).
 *
 * The hash leads to a table and to a group of it. Eight control bytes are compared with H2 at once. A group with an
 * empty slot ends the search.
 */
#ifndef GM_SWISS_FIND_H
#define GM_SWISS_FIND_H

#include "layout.h"

GM_INLINE int sw_search(const sw_map *m, unsigned char *group, uint64_t hash, const void *key, gm_kind kind,
                        sw_place *place)
{
    for (gm_match found = gm_match8(group, (unsigned char)sw_h2(hash)); found; found = gm_match_next(found)) {
        unsigned i = gm_match_index(found);
        if (GM_LIKELY(gm_key_equal(&m->map, key, gm_key_in(&m->parts, sw_slot(m, group, i), kind), kind))) {
            place->group = group;
            place->slot = i;
            return 1;
        }
    }
    return 0;
}

GM_INLINE int sw_locate(const sw_map *m, const sw_table *table, uint64_t hash, const void *key, gm_kind kind,
                        sw_place *place)
{
    sw_probe probe = sw_probe_begin(table, hash);
    sw_prefetch(m, sw_group(m, table, probe.at));
    do {
        unsigned char *group = sw_group(m, table, probe.at);
        if (sw_search(m, group, hash, key, kind, place)) return 1;
        if (GM_LIKELY(sw_empty(group))) return 0;
    } while (sw_probe_next(&probe, table));
    return 0;
}

GM_INLINE void *sw_find(const gomap *map, const void *key, gm_kind kind)
{
    const sw_map *m = sw_of(map);
    sw_place place;
    if (map->count == 0) return NULL;
    uint64_t hash = gm_key_hash(&m->map, key, kind);
    if (!sw_locate(m, sw_table_for(m, hash), hash, key, kind, &place)) return NULL;
    return sw_value(m, place.group, place.slot);
}

#endif
