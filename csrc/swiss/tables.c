/* swiss/tables.c - making and dropping arrays and the directory. See tables.h. */
#include "tables.h"

size_t sw_array_bytes(const sw_map *m, size_t groups)
{
    size_t bytes = groups * m->group_bytes;
    return m->has_pointers ? gm_size_class_of_pointers(bytes) : gm_size_class(bytes);
}

size_t sw_directory_bytes(unsigned depth) { return gm_size_class_of_pointers(sizeof(uint64_t) << depth); }

void sw_groups_empty(const sw_map *m, sw_table *table)
{
    for (uint32_t at = 0; at <= table->mask; at++) memset(sw_group(m, table, at), SW_EMPTY, SW_SLOTS);
    table->used = 0;
    table->growth_left = sw_fill_most(table->mask + 1);
}

int sw_groups_make(sw_map *m, sw_table *table, uint32_t groups)
{
    size_t bytes = sw_array_bytes(m, groups);
    unsigned char *at = gm_alloc(&m->map.memory, GOMAP_BUCKETS, bytes);
    if (at == NULL) return 0;
    table->groups = at;
    table->mask = groups - 1;
    sw_groups_empty(m, table);
    m->array_bytes += bytes;
    m->room += sw_fill_most(groups);
    return 1;
}

void sw_groups_drop(sw_map *m, sw_table *table)
{
    size_t bytes = sw_array_bytes(m, table->mask + 1);
    if (table->groups == NULL) return;
    gm_release(&m->map.memory, GOMAP_BUCKETS, table->groups, bytes);
    m->array_bytes -= bytes;
    m->room -= sw_fill_most(table->mask + 1);
    table->groups = NULL;
}

int sw_hint(const sw_map *m, size_t count, unsigned *depth, uint32_t *groups)
{
    const size_t table_most = SW_GROUPS_MOST * SW_SLOTS;
    *depth = 0;
    *groups = 1;
    if (count <= SW_SLOTS) return 1;
    if (count > GM_GO_MAX_BYTES) return 0;
    /* Go's: room for 8/7 of them, in tables of 1,024 slots. What one table gets is rounded down, and then up to a power
     * of two. */
    size_t slots = count * 8 / 7, tables = (slots + table_most - 1) / table_most;
    while ((size_t)1 << *depth < tables) ++*depth;
    if (*depth > SW_DEPTH_MOST || (uint64_t)1 << *depth > GM_GO_MAX_BYTES / table_most / m->group_bytes) return 0;
    while ((size_t)*groups * SW_SLOTS < slots >> *depth) *groups *= 2;
    return 1;
}

int sw_tables_make(sw_map *m, unsigned depth, uint32_t groups)
{
    gm_memory *memory = &m->map.memory;
    if (groups == 1) return sw_groups_make(m, &m->bare, 1);
    uint64_t *directory = gm_alloc(memory, GOMAP_DIRECTORY, sw_directory_bytes(depth));
    if (directory == NULL) return 0;
    if (!gm_store_reserve(&m->tables, memory, (size_t)1 << depth)) {
        gm_release(memory, GOMAP_DIRECTORY, directory, sw_directory_bytes(depth));
        return 0;
    }
    m->directory = directory;
    m->depth = (uint8_t)depth;
    for (uint32_t i = 0; i >> depth == 0; i++) {
        sw_table *table = sw_table_numbered(m, directory[i] = gm_store_add(&m->tables, memory)); /* room is reserved */
        table->depth = (uint8_t)depth;
        table->index = i;
        if (!sw_groups_make(m, table, groups)) {
            sw_tables_drop(m);
            return 0;
        }
    }
    return 1;
}

void sw_tables_drop(sw_map *m)
{
    for (uint32_t i = 0, tables = sw_tables(m); i < tables; i++) sw_groups_drop(m, sw_table_at(m, i));
    if (m->directory) gm_release(&m->map.memory, GOMAP_DIRECTORY, m->directory, sw_directory_bytes(m->depth));
    gm_store_clear(&m->tables, &m->map.memory);
    m->directory = NULL;
    m->depth = 0;
}

int sw_directory_double(sw_map *m)
{
    size_t places = sw_places(m);
    uint64_t *wider = NULL;
    if (m->depth < SW_DEPTH_MOST) wider = gm_alloc(&m->map.memory, GOMAP_DIRECTORY, sw_directory_bytes(m->depth + 1u));
    if (wider == NULL) return 0;
    for (size_t i = 0; i < places; i++) wider[2 * i] = wider[2 * i + 1] = m->directory[i];
    for (uint32_t i = 0; i < m->tables.used; i++) sw_table_at(m, i)->index *= 2;
    gm_release(&m->map.memory, GOMAP_DIRECTORY, m->directory, sw_directory_bytes(m->depth));
    m->directory = wider;
    m->depth++;
    return 1;
}
