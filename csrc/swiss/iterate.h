/* swiss/iterate.h - iteration (Go's Iter).
 *
 * It visits the tables in turn from a random place of the directory, and the slots of each from the same random one, so
 * that no program comes to depend on an order. An insertion ends it, so no table changes under it.
 */
#ifndef GM_SWISS_ITERATE_H
#define GM_SWISS_ITERATE_H

#include "layout.h"

/* The place of an iteration. */
typedef struct GM_MAY_ALIAS sw_cursor {
    const sw_table *table; /* NULL before the first */
    unsigned char *group;
    gm_match left;        /* slots of the group to come */
    uint32_t first, done; /* the directory's place that it begins with, and how many it has been through */
    uint32_t step;        /* groups of the table it has begun */
    uint32_t offset;      /* the slot to begin with */
} sw_cursor;
_Static_assert(sizeof(sw_cursor) <= sizeof((gomap_iter *)0)->place, "a cursor has room in an iterator");

/* The table's next group; 0 at the end of it. The first one is entered at a slot; what is before that comes last. */
GM_INLINE int sw_enter_group(const sw_map *m, sw_cursor *cursor)
{
    const sw_table *table = cursor->table;
    uint32_t first = cursor->offset / SW_SLOTS, step = cursor->step++;
    unsigned slot = cursor->offset % SW_SLOTS;
    if (table == NULL || step > table->mask + (slot != 0)) return 0;
    cursor->group = sw_group(m, table, (first + step) & table->mask);
    cursor->left = sw_full(cursor->group);
    if (step == 0) cursor->left = gm_match_from(cursor->left, slot);
    if (step > table->mask) cursor->left ^= gm_match_from(cursor->left, slot);
    return 1;
}

/* The next table; 0 at the end. */
GM_INLINE int sw_enter_table(const sw_map *m, sw_cursor *cursor)
{
    size_t places = sw_places(m), place = (cursor->first + (size_t)cursor->done) & (places - 1);
    if (cursor->done >= places) return 0;
    cursor->table = sw_table_in(m, place);
    if (cursor->done == 0) cursor->first = cursor->table->index; /* the beginning of its run */
    cursor->done += (uint32_t)1 << (m->depth - cursor->table->depth);
    cursor->step = 0;
    return 1;
}

GM_INLINE int sw_next(gomap_iter *iter, const void **key, const void **value, gm_kind kind)
{
    const sw_map *m = sw_of(iter->map);
    sw_cursor *cursor = (sw_cursor *)(void *)iter->place;
    for (;;) {
        while (cursor->left) {
            unsigned slot = gm_match_index(cursor->left);
            unsigned char *group = cursor->group;
            cursor->left = gm_match_next(cursor->left);
            if (GM_UNLIKELY(group[slot] >= SW_EMPTY)) continue; /* erased since */
            *key = gm_key_in(&m->parts, sw_slot(m, group, slot), kind);
            *value = sw_value(m, group, slot);
            return 1;
        }
        if (!sw_enter_group(m, cursor) && !sw_enter_table(m, cursor)) return 0;
    }
}

#endif
