/* swiss/layout.h - the memory of a Swiss map, Go's since 1.24: groups, tables, the directory, and the header over them.
 *
 * One group: eight slots, a key and its value side by side as in a C struct, behind a word of eight control bytes:
 *
 *     0         8                 8 + slot             8 + 7 * slot
 *     | control | key 0 | value 0 | key 1 | value 1 | ... | key 7 | value 7 |    136 bytes for map[int]int
 *
 *     control byte i   80        slot i is empty
 *                      fe        deleted (a tombstone): empty, but a look-up goes on behind it
 *                      00 to 7f  full; the hash's low seven bits, H2
 *
 * A table has 2^n groups in one array, up to 128 (1,024 slots). A look-up begins at the group that the hash's other
 * bits (H1) give, modulo the groups, and goes on by steps of 1, 2, 3 ... groups, until one with an empty slot ends it.
 * A deletion leaves a tombstone where it finds no empty slot in the group, so no group has both.
 *
 * The hash's top bits, `depth` of them, are a place in the directory, which names the table. A table of less depth
 * is named by a run of places, the first of which it knows:
 *
 *     directory   | 1 | 1 | 2 | 3 |            depth 2
 *                   |   |   |   |
 *     tables      | 1: depth 1, index 0 | 2: depth 2, index 2 | 3: depth 2, index 3 |
 *
 * Up to eight entries there is no directory: one bare group has them, in `bare`.
 * Go's directory has pointers to tables; this one has their numbers, in as many bytes.
 */
#ifndef GM_SWISS_LAYOUT_H
#define GM_SWISS_LAYOUT_H

#include "../parts.h"
#include "../tags.h"

enum {
    SW_EMPTY = 0x80,
    SW_DELETED = 0xfe,
    SW_SLOTS = 8,         /* of a group: one 64-bit word of control bytes */
    SW_SLOTS_AT = 8,      /* where they begin in it */
    SW_GROUPS_MOST = 128, /* Go's maxTableCapacity is 1,024 slots: 20 us to split one */
    SW_DEPTH_MOST = 31,   /* numbers of tables have 32 bits */
};

typedef struct sw_table {
    unsigned char *groups; /* their array; NULL: none */
    uint32_t mask;         /* groups - 1 */
    uint32_t index;        /* its first place in the directory */
    uint32_t used;         /* entries */
    uint32_t growth_left;  /* empty slots that may still be filled */
    uint8_t depth;         /* the hash's top bits that its keys share */
} sw_table;
_Static_assert(sizeof(sw_table) == 32, "a table is as large as Go's");

typedef struct sw_map {
    gm_map map;
    gm_purposes purposes; /* map.memory's */
    gm_parts parts;       /* how keys and values stand in their slots */
    gm_store tables;      /* of a map with a directory; none is removed while the map has it */
    uint64_t *directory;  /* 2^depth numbers of tables; NULL: one bare group, or none yet */
    sw_table bare;        /* without a directory */
    uint64_t random;      /* state of gm_random: seeds, iteration order */
    size_t array_bytes;   /* asked for, of all arrays */
    size_t room;          /* entries that all tables take before they grow */
    uint32_t value_at;    /* where the value is in a slot */
    uint32_t slot_bytes;
    uint32_t group_bytes;
    uint32_t any_index, any_at; /* gomap_any's cursor: the table where it looks first, and the group there */
    uint32_t any_slot;          /* what it found last */
    sw_table *any_table;
    unsigned char *any_group;
    uint8_t depth;               /* of the directory */
    uint8_t has_pointers;        /* keys or values, in Go */
    uint8_t key_pointers;        /* keys, so that erasing zeroes them */
    uint8_t prunes;              /* insertions remove tombstones, where Go's fast paths do */
    uint8_t may_have_tombstones; /* since the map was last cleared */
    size_t growths, splits, prunings;
} sw_map;

/* Where a key is, or may go. */
typedef struct sw_place {
    unsigned char *group;
    unsigned slot;
} sw_place;

/* What is called now and then, one function for a kind (kinds.h), not inlined where it is called. */
typedef struct sw_grower {
    int (*make_room)(sw_map *m, sw_table *table);
} sw_grower;

/* ---- engine.c ---- */
/* What follows from the type. */
void sw_describe(sw_map *m, const gomap_type *type);
gomap *sw_create(const gm_engine *engine, const gomap_type *type, size_t hint, uint64_t seed);
void sw_destroy(gomap *map);
void sw_clear(gomap *map);
size_t sw_swap(gomap *one, gomap *other);
void sw_iterate(gomap_iter *iter);
/* gm_each, see ../parts.h */
void sw_each(const gm_map *map, gm_slot_visitor *visit, void *context);
void sw_string(const gomap *map, int part, const void *at, gomap_string *string);
uint64_t sw_string_bytes(const gomap *map);
int sw_write(gomap *map, const void *key, void *room, const void *value, const gomap *from);

GM_INLINE sw_map *sw_of(const gomap *map) { return (sw_map *)(uintptr_t)map; }

GM_INLINE unsigned sw_h2(uint64_t hash) { return (unsigned)hash & 0x7f; }
GM_INLINE uint32_t sw_h1(uint64_t hash) { return (uint32_t)(hash >> 7); }

/* ---- tables ---- */

GM_INLINE sw_table *sw_table_numbered(const sw_map *m, uint64_t number)
{
    return (sw_table *)(void *)gm_store_at(&m->tables, (uint32_t)number);
}

/* How many there are, a bare group included; and table i of them, from 0 on. */
GM_INLINE uint32_t sw_tables(const sw_map *m) { return m->directory ? m->tables.used : m->bare.groups != NULL; }
GM_INLINE sw_table *sw_table_at(const sw_map *m, uint32_t i)
{
    return m->directory ? sw_table_numbered(m, i + 1) : (sw_table *)(uintptr_t)&m->bare;
}

GM_INLINE size_t sw_places(const sw_map *m) { return m->directory ? (size_t)1 << m->depth : 1; }

/* At a place of the directory. */
GM_INLINE sw_table *sw_table_in(const sw_map *m, size_t place)
{
    return m->directory ? sw_table_numbered(m, m->directory[place]) : (sw_table *)(uintptr_t)&m->bare;
}

/* The table that the hash leads to. */
GM_INLINE sw_table *sw_table_for(const sw_map *m, uint64_t hash)
{
    return sw_table_in(m, (size_t)(hash >> 1 >> (63 - m->depth)));
}

GM_INLINE int sw_is_bare(const sw_map *m, const sw_table *table) { return table == &m->bare; }

GM_INLINE uint32_t sw_capacity(const sw_table *table) { return (table->mask + 1) * SW_SLOTS; }

/* The most slots of so many groups that are not empty: 7/8 of a table, all of a bare group. */
GM_INLINE uint32_t sw_fill_most(uint32_t groups) { return groups == 1 ? SW_SLOTS : groups * (SW_SLOTS - 1); }

/* ---- groups ---- */

GM_INLINE unsigned char *sw_group(const sw_map *m, const sw_table *table, uint32_t at)
{
    return table->groups + (size_t)at * m->group_bytes;
}

GM_INLINE unsigned char *sw_slot(const sw_map *m, unsigned char *group, unsigned slot)
{
    return group + SW_SLOTS_AT + (size_t)slot * m->slot_bytes;
}

GM_INLINE unsigned char *sw_value_slot(const sw_map *m, unsigned char *group, unsigned slot)
{
    return sw_slot(m, group, slot) + m->value_at;
}

/* The value's bytes: in the slot, or in the record it refers to. */
GM_INLINE unsigned char *sw_value(const sw_map *m, unsigned char *group, unsigned slot)
{
    return gm_value_in(&m->parts, sw_value_slot(m, group, slot));
}

/* Slots without an entry, and those with one. */
GM_INLINE gm_match sw_open(const unsigned char *group) { return gm_match8_high(group); }
GM_INLINE gm_match sw_full(const unsigned char *group) { return gm_match_not(gm_match8_high(group)); }
GM_INLINE gm_match sw_empty(const unsigned char *group) { return gm_match8(group, SW_EMPTY); }

/* A small group spans three cache lines: as go_prefetch. */
GM_INLINE void sw_prefetch(const sw_map *m, const unsigned char *group)
{
    GM_PREFETCH(group + 64);
    if (m->group_bytes <= 192) GM_PREFETCH(group + 128);
}

/* The groups in the order in which a look-up goes through them. */
typedef struct sw_probe {
    uint32_t at, step;
} sw_probe;

GM_INLINE sw_probe sw_probe_begin(const sw_table *table, uint64_t hash)
{
    sw_probe probe = {sw_h1(hash) & table->mask, 0};
    return probe;
}

/* 0: it has been through all. Only in a full bare group does a look-up come so far. */
GM_INLINE int sw_probe_next(sw_probe *probe, const sw_table *table)
{
    if (probe->step == table->mask) return 0;
    probe->at = (probe->at + ++probe->step) & table->mask;
    return 1;
}

/* What is done with an entry: 0 ends the walk. */
typedef int sw_visitor(void *context, sw_table *table, unsigned char *group, unsigned slot);

/* Every entry. A visitor may write to an entry, but not move it. */
GM_INLINE void sw_each_entry(const sw_map *m, sw_visitor *visit, void *context)
{
    for (uint32_t i = 0, tables = sw_tables(m); i < tables; i++) {
        sw_table *table = sw_table_at(m, i);
        for (uint32_t at = 0; table->groups && at <= table->mask; at++) { /* none in a copy that has failed */
            unsigned char *group = sw_group(m, table, at);
            for (gm_match full = sw_full(group); full; full = gm_match_next(full))
                if (!visit(context, table, group, gm_match_index(full))) return;
        }
    }
}

#endif
