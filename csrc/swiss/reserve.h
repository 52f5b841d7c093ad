/* swiss/reserve.h - reserves room for a number of entries at once. */
#ifndef GM_SWISS_RESERVE_H
#define GM_SWISS_RESERVE_H

#include "grow.h"

/* A map being rebuilt: its tables as they will be. The stores of records stay with the map itself. */
typedef struct sw_rebuilding {
    const sw_map *m;
    sw_map *wider;
    gm_kind kind;
    int failed;
} sw_rebuilding;

GM_INLINE int sw_visit_rebuild(void *context, sw_table *from, unsigned char *group, unsigned slot)
{
    sw_rebuilding *rebuilding = context;
    sw_map *wider = rebuilding->wider;
    const unsigned char *at = sw_slot(rebuilding->m, group, slot);
    uint64_t hash = gm_hash_in(&wider->map, &wider->parts, at, &wider->random, rebuilding->kind);
    sw_table *table;
    (void)from;
    while ((table = sw_table_for(wider, hash))->growth_left == 0) {
        rebuilding->failed = !sw_make_room_for(wider, table);
        if (rebuilding->failed) return 0;
    }
    sw_move_in(wider, table, hash, at);
    return 1;
}

/* All entries into the tables that a hint asks for, in one step. 0: there is no memory, and nothing has changed. Not in
 * Go, whose maps take a hint only when they are made. */
GM_INLINE int sw_rebuild(sw_map *m, unsigned depth, uint32_t groups, gm_kind kind)
{
    sw_map wider = *m;
    sw_rebuilding rebuilding = {m, &wider, kind, 0};
    memset(&wider.tables.region, 0, sizeof wider.tables.region);
    memset(&wider.bare, 0, sizeof wider.bare);
    wider.tables.capacity = wider.tables.used = wider.tables.live = wider.tables.free = 0;
    wider.directory = NULL;
    wider.depth = 0;
    wider.array_bytes = wider.room = 0;
    int made = sw_tables_make(&wider, depth, groups);
    if (made) sw_each_entry(m, sw_visit_rebuild, &rebuilding);
    if (!made || rebuilding.failed) {
        sw_tables_drop(&wider);
        m->map.memory = wider.map.memory; /* as before, but for the peak */
        return 0;
    }
    m->map.memory = wider.map.memory;
    sw_tables_drop(m);
    wider.map.memory = m->map.memory;
    wider.any_index = wider.any_at = 0;
    wider.may_have_tombstones = 0;
    wider.purposes = m->purposes; /* which map.memory has gone on counting in */
    *m = wider;
    gm_end_iterators(&m->map);
    return 1;
}

GM_INLINE int sw_reserve(gomap *map, size_t count, gm_kind kind)
{
    sw_map *m = sw_of(map);
    size_t before[GOMAP_PARTS];
    unsigned depth;
    uint32_t groups;
    if (!sw_hint(m, count, &depth, &groups) || !gm_parts_reserve(&m->map, &m->parts, count, before)) return -1;
    if (sw_tables(m) && (size_t)sw_fill_most(groups) << depth <= m->room) return 0;
    if (sw_rebuild(m, depth, groups, kind)) return 0;
    gm_parts_unreserve(&m->map, &m->parts, before);
    return -1;
}

#endif
