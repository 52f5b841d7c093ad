/* swiss/clone.c - a copy of a map. See clone.h. */
#include "clone.h"

/* The groups of one table into another one's, which are all empty. Control bytes are copied behind their entries'
 * strings, so that a copy that fails has no entry but those with strings of their own. */
static int copy_groups(sw_map *m, sw_table *to, const gomap *source, const sw_table *from)
{
    const sw_map *other = sw_of(source);
    for (uint32_t at = 0; at <= from->mask; at++) {
        unsigned char *group = sw_group(m, to, at), *there = sw_group(other, from, at);
        memcpy(group + SW_SLOTS_AT, there + SW_SLOTS_AT, m->group_bytes - SW_SLOTS_AT);
        for (unsigned slot = 0; slot < SW_SLOTS; slot++) {
            unsigned char *key = sw_slot(m, group, slot);
            if (there[slot] < SW_EMPTY && gm_parts_have_strings(&m->parts) &&
                !gm_parts_own(&m->map, &m->parts, key, key + m->value_at))
                return 0;
            group[slot] = there[slot];
        }
    }
    to->used = from->used;
    to->growth_left = from->growth_left;
    return 1;
}

static int copy_tables(sw_map *m, const gomap *source)
{
    const sw_map *from = sw_of(source);
    gm_memory *memory = &m->map.memory;
    if (from->directory) {
        if (!gm_store_reserve(&m->tables, memory, from->tables.used)) return 0;
        m->directory = gm_alloc(memory, GOMAP_DIRECTORY, sw_directory_bytes(from->depth));
        if (m->directory == NULL) return 0;
        memcpy(m->directory, from->directory, sizeof(uint64_t) << from->depth);
        m->depth = from->depth;
    }
    for (uint32_t i = 0, tables = sw_tables(from); i < tables; i++) {
        const sw_table *there = sw_table_at(from, i);
        sw_table *table = &m->bare;
        if (from->directory) table = sw_table_numbered(m, gm_store_add(&m->tables, memory)); /* room is reserved */
        table->index = there->index;
        table->depth = there->depth;
        if (!sw_groups_make(m, table, there->mask + 1) || !copy_groups(m, table, source, there)) return 0;
    }
    return 1;
}

gomap *sw_copy(const gomap *source)
{
    const sw_map *from = sw_of(source);
    gomap *map = sw_create(gm_engine_of(source), source->type, 0, from->random);
    if (map == NULL) return NULL;
    sw_map *m = sw_of(map);
    m->map.seed = from->map.seed;
    m->may_have_tombstones = from->may_have_tombstones;
    if (!gm_parts_copy(&m->map, &m->parts, &from->parts) || !copy_tables(m, source)) {
        sw_destroy(map);
        return NULL;
    }
    map->count = source->count;
    return map;
}
