/* swiss/erase.c - entries that go, whatever the kind of their key. See erase.h. */
#include "erase.h"

void sw_erase_at(sw_map *m, sw_table *table, unsigned char *group, unsigned slot)
{
    unsigned char *at = sw_slot(m, group, slot);
    if (GM_UNLIKELY(gm_parts_have_strings(&m->parts) | gm_parts_have_records(&m->parts)))
        gm_parts_release(&m->map, &m->parts, at, at + m->value_at);
    if (m->key_pointers) memset(at, 0, m->parts.key_slot);
    if (GM_LIKELY(m->parts.value_slot == 8)) gm_store64(at + m->value_at, 0);
    else memset(at + m->value_at, 0, m->parts.value_slot);
    if (GM_LIKELY(sw_empty(group) != 0) || sw_is_bare(m, table)) {
        group[slot] = SW_EMPTY;
        table->growth_left++;
    } else {
        group[slot] = SW_DELETED;
        m->may_have_tombstones = 1;
    }
    table->used--;
    /* As in Go: who has learnt collisions from a map cannot use them once it has been empty. */
    if (GM_UNLIKELY(--m->map.public_part.count == 0)) m->map.seed = gm_seed_draw(&m->random);
    if (GM_UNLIKELY(gm_parts_have_records(&m->parts))) gm_parts_settle(&m->map, &m->parts, m->array_bytes, sw_each);
}

/* An entry that is looked for by its value's address. */
typedef struct sw_room {
    const sw_map *m;
    const void *room;
    sw_table *table;
    sw_place place;
} sw_room;

static int visit_seek(void *context, sw_table *table, unsigned char *group, unsigned slot)
{
    sw_room *sought = context;
    if (sw_value(sought->m, group, slot) != sought->room) return 1;
    sought->table = table;
    sought->place.group = group;
    sought->place.slot = slot;
    return 0;
}

void sw_forget(gomap *map, const void *room)
{
    sw_room sought = {sw_of(map), room, NULL, {NULL, 0}};
    sw_each_entry(sought.m, visit_seek, &sought);
    if (sought.table) sw_erase_at(sw_of(map), sought.table, sought.place.group, sought.place.slot);
}

int sw_any_seek(sw_map *m)
{
    uint32_t tables = sw_tables(m);
    /* Once round, and the part of the first table that was before the cursor. */
    for (uint32_t looked = 0; looked <= tables; looked++, m->any_index++, m->any_at = 0) {
        if (m->any_index >= tables) m->any_index = 0;
        sw_table *table = sw_table_at(m, m->any_index);
        if (table->used == 0) continue;
        for (; m->any_at <= table->mask; m->any_at++) {
            unsigned char *group = sw_group(m, table, m->any_at);
            gm_match full = sw_full(group);
            if (!full) continue;
            m->any_table = table;
            m->any_group = group;
            m->any_slot = gm_match_index(full);
            return 1;
        }
    }
    return 0;
}

void sw_erase_any(gomap *map)
{
    sw_map *m = sw_of(map);
    sw_erase_at(m, m->any_table, m->any_group, m->any_slot);
}
