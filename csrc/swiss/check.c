/* swiss/check.c - statistics, the structural walk, and what is checked whatever the kind of key. See check.h. */
#include "check.h"

#include <stdio.h>

void sw_stats(const gomap *map, gomap_stats *stats)
{
    const sw_map *m = sw_of(map);
    stats->B = m->depth;
    stats->bucket_bytes = m->group_bytes;
    stats->array_bytes = m->array_bytes;
    stats->tables = m->directory ? m->tables.used : 0;
    stats->directory = m->directory ? sw_places(m) : 0;
    stats->directory_bytes = m->directory ? sw_directory_bytes(m->depth) : 0;
    stats->growths = m->growths + m->splits;
    stats->splits = m->splits;
    for (uint32_t i = 0, tables = sw_tables(m); i < tables; i++) {
        const sw_table *table = sw_table_at(m, i);
        stats->buckets += table->mask + 1;
        stats->grow_at += table->used + table->growth_left;
        stats->tombstones += sw_tombstones(table);
    }
    stats->array_buckets = stats->buckets;
}

void sw_walk(const gomap *map, size_t live[GOMAP_PURPOSES])
{
    const sw_map *m = sw_of(map);
    live[GOMAP_HEADER] = gm_granted(m, sizeof *m);
    live[GOMAP_DIRECTORY] = gm_region_granted(&m->tables.region);
    if (m->directory) live[GOMAP_DIRECTORY] += gm_granted(m->directory, sw_directory_bytes(m->depth));
    for (uint32_t i = 0, tables = sw_tables(m); i < tables; i++) {
        const sw_table *table = sw_table_at(m, i);
        live[GOMAP_BUCKETS] += gm_granted(table->groups, sw_array_bytes(m, table->mask + 1));
    }
    live[GOMAP_STRINGS] = gm_parts_walk_strings(&m->map, &m->parts, sw_each);
    live[GOMAP_RECORDS] = gm_region_granted(&m->parts.keys.region) + gm_region_granted(&m->parts.values.region);
}

/* The directory: every place names a table, whose run it is in. */
static int check_directory(const sw_map *m, char *why, size_t size)
{
    for (size_t place = 0, run; place < sw_places(m); place += run) {
        uint64_t number = m->directory[place];
        if (number == 0 || number > m->tables.used)
            return gm_broken(why, size, "W2: place %zu of the directory names table %zu", place, (size_t)number);
        const sw_table *table = sw_table_numbered(m, number);
        if (table->index != place || table->depth > m->depth)
            return gm_broken(why, size, "W2: place %zu of the directory names table %zu, of depth %u from place %u on",
                             place, (size_t)number, table->depth, table->index);
        run = (size_t)1 << (m->depth - table->depth);
        for (size_t i = 1; i < run; i++)
            if (m->directory[place + i] != number)
                return gm_broken(why, size, "W2: table %zu does not have place %zu of its run", (size_t)number,
                                 place + i);
    }
    return 0;
}

int sw_check_shape(const sw_map *m, char *why, size_t size)
{
    if (gm_parts_check_stores(&m->parts, why, size)) return -1;
    const char *broken = gm_store_check(&m->tables);
    if (broken) return gm_broken(why, size, "%s", broken);
    if (m->tables.live != m->tables.used) return gm_broken(why, size, "W2: a table is free");
    if (m->directory == NULL) {
        if (m->tables.used || m->depth) return gm_broken(why, size, "W2: %u tables and no directory", m->tables.used);
        return 0;
    }
    if (m->bare.groups) return gm_broken(why, size, "W2: a bare group beside a directory");
    if (m->depth > SW_DEPTH_MOST) return gm_broken(why, size, "W2: a directory of depth %u", m->depth);
    return check_directory(m, why, size);
}

int sw_check_table(sw_inspection *inspection, uint32_t i)
{
    const sw_map *m = inspection->m;
    const sw_table *table = inspection->table = sw_table_at(m, i);
    uint32_t groups = table->mask + 1;
    snprintf(inspection->where, sizeof inspection->where, "table %u group", m->directory ? i + 1 : 0);
    inspection->used = inspection->deleted = 0;
    if (groups == 0 || (groups & table->mask) || (groups > 1) != (m->directory != NULL) || table->groups == NULL)
        return gm_broken(inspection->why, inspection->size, "W1: table %u has %u groups", i, groups);
    if (table->used > sw_fill_most(groups) || table->growth_left > sw_fill_most(groups) - table->used)
        return gm_broken(inspection->why, inspection->size,
                         "W1: table %u of %u groups: %u entries, and %u empty slots may be filled", i, groups,
                         table->used, table->growth_left);
    inspection->room += sw_fill_most(groups);
    inspection->array_bytes += sw_array_bytes(m, groups);
    return 0;
}

int sw_check_group(sw_inspection *inspection, uint32_t at)
{
    const sw_map *m = inspection->m;
    unsigned char *group = sw_group(m, inspection->table, at);
    unsigned empty = 0, deleted = 0;
    for (unsigned slot = 0; slot < SW_SLOTS; slot++) {
        if (group[slot] < SW_EMPTY) continue;
        if (group[slot] != SW_EMPTY && group[slot] != SW_DELETED)
            return gm_broken(inspection->why, inspection->size, "W4: %s %u slot %u: control byte %u", inspection->where,
                             at, slot, group[slot]);
        empty += group[slot] == SW_EMPTY;
        deleted += group[slot] == SW_DELETED;
        const unsigned char *value = sw_value_slot(m, group, slot);
        for (uint32_t i = 0; i < m->parts.value_slot; i++)
            if (value[i])
                return gm_broken(inspection->why, inspection->size,
                                 "W5: %s %u slot %u: an empty slot's value is not zero", inspection->where, at, slot);
    }
    if (deleted && (empty || sw_is_bare(m, inspection->table)))
        return gm_broken(inspection->why, inspection->size, "W4: %s %u has %u empty slots and %u tombstones",
                         inspection->where, at, empty, deleted);
    inspection->deleted += deleted;
    return 0;
}

int sw_check_table_counts(sw_inspection *inspection)
{
    const sw_table *table = inspection->table;
    if (inspection->used != table->used)
        return gm_broken(inspection->why, inspection->size, "W6: %ss: %u entries found, counted are %u",
                         inspection->where, inspection->used, table->used);
    if (inspection->deleted != sw_tombstones(table))
        return gm_broken(inspection->why, inspection->size, "W1: %ss: %u tombstones found, counted are %u",
                         inspection->where, inspection->deleted, sw_tombstones(table));
    inspection->entries += table->used;
    inspection->tombstones += inspection->deleted;
    return 0;
}

int sw_check_counts(const sw_inspection *inspection)
{
    const sw_map *m = inspection->m;
    if (inspection->entries != m->map.public_part.count)
        return gm_broken(inspection->why, inspection->size, "W6: %zu entries found, counted are %zu",
                         inspection->entries, m->map.public_part.count);
    if (inspection->tombstones && !m->may_have_tombstones)
        return gm_broken(inspection->why, inspection->size, "W6: %zu tombstones found, and none can be",
                         inspection->tombstones);
    if (inspection->array_bytes != m->array_bytes || inspection->room != m->room)
        return gm_broken(inspection->why, inspection->size,
                         "W7: arrays of %zu bytes for %zu entries found, counted are %zu for %zu",
                         inspection->array_bytes, inspection->room, m->array_bytes, m->room);
    return gm_parts_check_sums(&m->parts, &inspection->sums, inspection->why, inspection->size);
}
