/* swiss/grow.h - a table gets room for one more entry (Go's rehash, grow, split).
 *
 * A bare group becomes a table of two groups, a table one of twice its size, up to 128 groups. A table of 128 splits in
 * two of 128, which share its keys by the next bit of their hashes:
 *
 *     | 1 | 1 | 2 | 3 |  ->  | 1 | 4 | 2 | 3 |            | 1 | 2 |  ->  | 1 | 3 | 2 | 2 |
 *       \_1_/                 a run of places in halves       a run of one place: the directory first doubles
 *
 * Everything is allocated first. Then all keys are hashed again; tombstones vanish. Only one table is copied at a time.
 *
 * Unlike Go, a table all of whose keys have the same next bit does not split, but doubles beyond 128 groups. Chance
 * does not do that; keys with one hash do (objects can have any), and would split without end.
 */
#ifndef GM_SWISS_GROW_H
#define GM_SWISS_GROW_H

#include "prune.h"
#include "tables.h"

/* The bit by which a table's keys part when it splits. */
GM_INLINE unsigned sw_side(const sw_table *table, uint64_t hash) { return (unsigned)(hash >> (63 - table->depth)) & 1; }

/* The first slot without an entry that a look-up of this hash comes by; there is one. */
GM_INLINE sw_place sw_first_open(const sw_map *m, const sw_table *table, uint64_t hash)
{
    sw_probe probe = sw_probe_begin(table, hash);
    gm_match open;
    sw_place place;
    while ((open = sw_open(sw_group(m, table, probe.at))) == 0 && sw_probe_next(&probe, table)) {}
    place.group = sw_group(m, table, probe.at);
    place.slot = gm_match_index(open);
    return place;
}

/* An entry whose key the table does not have, into an empty slot. */
GM_INLINE void sw_move_in(const sw_map *m, sw_table *table, uint64_t hash, const unsigned char *slot)
{
    sw_place place = sw_first_open(m, table, hash);
    if (GM_LIKELY(m->slot_bytes == 16)) memcpy(sw_slot(m, place.group, place.slot), slot, 16);
    else memcpy(sw_slot(m, place.group, place.slot), slot, m->slot_bytes);
    place.group[place.slot] = (unsigned char)sw_h2(hash);
    table->growth_left--;
    table->used++;
}

/* All entries of a table into one or two others. */
GM_INLINE void sw_move_all(sw_map *m, const sw_table *from, sw_table *left, sw_table *right, gm_kind kind)
{
    for (uint32_t at = 0; at <= from->mask; at++) {
        unsigned char *group = sw_group(m, from, at);
        for (gm_match full = sw_full(group); full; full = gm_match_next(full)) {
            const unsigned char *slot = sw_slot(m, group, gm_match_index(full));
            uint64_t hash = gm_hash_in(&m->map, &m->parts, slot, &m->random, kind);
            sw_move_in(m, right && sw_side(from, hash) ? right : left, hash, slot);
        }
    }
}

/* Whether a split would part a table's keys. */
GM_INLINE int sw_is_divided(sw_map *m, const sw_table *table, gm_kind kind)
{
    unsigned sides = 0;
    for (uint32_t at = 0; at <= table->mask && sides != 3; at++) {
        unsigned char *group = sw_group(m, table, at);
        for (gm_match full = sw_full(group); full && sides != 3; full = gm_match_next(full)) {
            const unsigned char *slot = sw_slot(m, group, gm_match_index(full));
            sides |= 1u << sw_side(table, gm_hash_in(&m->map, &m->parts, slot, &m->random, kind));
        }
    }
    return sides == 3;
}

GM_INLINE int sw_double(sw_map *m, sw_table *table, gm_kind kind)
{
    sw_table wider = *table;
    if (!sw_groups_make(m, &wider, 2 * (table->mask + 1))) return 0;
    sw_move_all(m, table, &wider, NULL, kind);
    sw_groups_drop(m, table);
    *table = wider;
    m->growths++;
    return 1;
}

GM_INLINE int sw_leave_bare(sw_map *m, gm_kind kind)
{
    sw_table bare = m->bare;
    memset(&m->bare, 0, sizeof m->bare);
    if (!sw_tables_make(m, 0, 2)) {
        m->bare = bare;
        return 0;
    }
    sw_move_all(m, &bare, sw_table_at(m, 0), NULL, kind);
    sw_groups_drop(m, &bare);
    m->growths++;
    return 1;
}

/* Names the right half of a table's run of places, which has two at least. */
void sw_install_right(sw_map *m, const sw_table *left, sw_table *right, uint32_t number);

GM_INLINE int sw_split(sw_map *m, sw_table *table, gm_kind kind)
{
    gm_memory *memory = &m->map.memory;
    uint32_t groups = table->mask + 1, number = (uint32_t)m->directory[table->index], added;
    sw_table left = *table, right = *table;
    if (!sw_groups_make(m, &left, groups)) return 0;
    if (!sw_groups_make(m, &right, groups)) goto left_made;
    if ((added = gm_store_add(&m->tables, memory)) == 0) goto right_made;
    table = sw_table_numbered(m, number); /* they may have moved */
    if (table->depth == m->depth && !sw_directory_double(m)) goto table_made;
    sw_move_all(m, table, &left, &right, kind);
    sw_groups_drop(m, table);
    left.depth = right.depth = (uint8_t)(table->depth + 1);
    left.index = table->index;
    *table = left;
    sw_install_right(m, table, &right, added);
    m->splits++;
    return 1;
table_made:
    gm_store_take_back(&m->tables, memory, added);
right_made:
    sw_groups_drop(m, &right);
left_made:
    sw_groups_drop(m, &left);
    return 0;
}

/* Room for one more in a table that has none. One function for a kind (kinds.h). 0: there is no memory, and nothing has
 * changed. Otherwise the key may lead to another table now. */
GM_INLINE int sw_make_room(sw_map *m, sw_table *table, gm_kind kind)
{
    if (sw_is_bare(m, table)) return sw_leave_bare(m, kind);
    if (sw_prune(m, table, kind)) {
        m->prunings++;
        return 1;
    }
    if (table->mask + 1 < SW_GROUPS_MOST || !sw_is_divided(m, table, kind)) return sw_double(m, table, kind);
    return sw_split(m, table, kind);
}

GM_INLINE int sw_make_room_for(sw_map *m, sw_table *table)
{
    return ((const sw_grower *)gm_engine_of(&m->map.public_part)->own)->make_room(m, table);
}

#endif
