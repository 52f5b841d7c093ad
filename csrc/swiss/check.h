/* swiss/check.h - statistics, the structural walk, and the invariants P1, P2 and W1 to W7 of csrc/README.md. */
#ifndef GM_SWISS_CHECK_H
#define GM_SWISS_CHECK_H

#include "find.h"
#include "prune.h"
#include "tables.h"

void sw_stats(const gomap *map, gomap_stats *stats);

void sw_walk(const gomap *map, size_t live[GOMAP_PURPOSES]);

/* The map being checked: what has been found in it, and where the first broken invariant is told. */
typedef struct sw_inspection {
    const sw_map *m;
    const sw_table *table;
    char where[32];         /* the table, in words */
    uint32_t used, deleted; /* in the table: entries, tombstones */
    size_t entries, room, array_bytes, tombstones;
    gm_sums sums;
    char *why;
    size_t size;
} sw_inspection;

/* What can be said without looking at a group. */
int sw_check_shape(const sw_map *m, char *why, size_t size);
/* A table's numbers, before its groups are looked at; and after, against what was found. */
int sw_check_table(sw_inspection *inspection, uint32_t i);
int sw_check_table_counts(sw_inspection *inspection);
/* A group's control bytes; and the values of its slots without an entry. */
int sw_check_group(sw_inspection *inspection, uint32_t at);
/* What was found, against what is counted. */
int sw_check_counts(const sw_inspection *inspection);

/* An entry's place: its control byte, the table it is in, and a look-up of its key. */
GM_INLINE int sw_check_place(const sw_inspection *inspection, uint32_t at, unsigned char *group, unsigned slot,
                             gm_kind kind)
{
    const sw_map *m = inspection->m;
    const unsigned char *bytes = sw_slot(m, group, slot);
    if (gm_key_is_nan(bytes, kind)) return 0; /* has no hash to be held against */
    const void *key = gm_key_in(&m->parts, bytes, kind);
    gomap_key again;
    if (kind.code == GM_OBJECTS) key = gomap_key_again(&m->map.public_part, key, &again);
    uint64_t hash = gm_key_hash(&m->map, key, kind);
    sw_place place;
    if (group[slot] != sw_h2(hash))
        return gm_broken(inspection->why, inspection->size, "W3: %s %u slot %u: control byte %u, its key's is %u",
                         inspection->where, at, slot, group[slot], sw_h2(hash));
    if (sw_table_for(m, hash) != inspection->table)
        return gm_broken(inspection->why, inspection->size, "W3: %s %u slot %u: its key belongs to another table",
                         inspection->where, at, slot);
    if (!sw_locate(m, inspection->table, hash, key, kind, &place) || place.group != group || place.slot != slot)
        return gm_broken(inspection->why, inspection->size, "W3: %s %u slot %u: a look-up of its key leads elsewhere",
                         inspection->where, at, slot);
    return 0;
}

GM_INLINE int sw_check_entries(sw_inspection *inspection, uint32_t at, gm_kind kind)
{
    const sw_map *m = inspection->m;
    unsigned char *group = sw_group(m, inspection->table, at);
    for (gm_match full = sw_full(group); full; full = gm_match_next(full)) {
        unsigned slot = gm_match_index(full);
        inspection->used++;
        if (gm_parts_check_entry(&m->map, &m->parts, sw_slot(m, group, slot), sw_value_slot(m, group, slot),
                                 &inspection->sums, inspection->where, at, slot, inspection->why, inspection->size) ||
            sw_check_place(inspection, at, group, slot, kind))
            return -1;
    }
    return 0;
}

GM_INLINE int sw_check(const gomap *map, char *why, size_t size, gm_kind kind)
{
    const sw_map *m = sw_of(map);
    sw_inspection inspection = {.m = m, .why = why, .size = size};
    if (sw_check_shape(m, why, size)) return -1;
    for (uint32_t i = 0, tables = sw_tables(m); i < tables; i++) {
        if (sw_check_table(&inspection, i)) return -1;
        for (uint32_t at = 0; at <= inspection.table->mask; at++)
            if (sw_check_group(&inspection, at) || sw_check_entries(&inspection, at, kind)) return -1;
        if (sw_check_table_counts(&inspection)) return -1;
    }
    return sw_check_counts(&inspection);
}

#endif
