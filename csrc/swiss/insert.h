/* swiss/insert.h - a new entry, or the value of one that is there (Go's runtime_mapassign). */
#ifndef GM_SWISS_INSERT_H
#define GM_SWISS_INSERT_H

#include "find.h"
#include "grow.h"

/* The value of a new key in the place found for it. */
GM_INLINE void *sw_insert(sw_map *m, sw_table *table, sw_place free, uint64_t hash, const void *key, gm_kind kind)
{
    gm_made made;
    if (!gm_made_begin(&m->map, &m->parts, &made, key, kind)) return NULL;
    /* Nothing fails from here. */
    unsigned char *slot = sw_slot(m, free.group, free.slot);
    gm_made_place(&m->map, &m->parts, &made, slot, slot + m->value_at, key, kind);
    if (free.group[free.slot] == SW_EMPTY) table->growth_left--; /* a tombstone costs none */
    free.group[free.slot] = (unsigned char)sw_h2(hash);
    table->used++;
    m->map.public_part.count++;
    return sw_value(m, free.group, free.slot);
}

/* Looks for a key, and for the place it may have: the first tombstone on the way, else the empty slot at its end, else
 * none. */
GM_INLINE int sw_locate_or_free(const sw_map *m, const sw_table *table, uint64_t hash, const void *key, gm_kind kind,
                                sw_place *place)
{
    sw_probe probe = sw_probe_begin(table, hash);
    sw_place free = {NULL, 0};
    sw_prefetch(m, sw_group(m, table, probe.at));
    do {
        unsigned char *group = sw_group(m, table, probe.at);
        if (sw_search(m, group, hash, key, kind, place)) return 1;
        gm_match open = sw_open(group);
        if (!open) continue;
        if (GM_LIKELY(free.group == NULL)) {
            free.group = group;
            free.slot = gm_match_index(open);
        }
        if (GM_LIKELY(sw_empty(group))) break;
    } while (sw_probe_next(&probe, table));
    *place = free;
    return 0;
}

GM_INLINE void *sw_assign(gomap *map, const void *key, int *added, gm_kind kind)
{
    sw_map *m = sw_of(map);
    uint64_t hash = GM_UNLIKELY(gm_key_is_nan(key, kind)) ? gm_random(&m->random) : gm_key_hash(&m->map, key, kind);
    for (;;) {
        sw_table *table = sw_table_for(m, hash);
        sw_place place;
        if (GM_UNLIKELY(table->groups == NULL) && !sw_tables_make(m, 0, 1)) return NULL;
        if (sw_locate_or_free(m, table, hash, key, kind, &place)) {
            /* Go's needkeyupdate: of 0.0 and -0.0 the last one written stays. */
            if (gm_is_float(kind)) memcpy(sw_slot(m, place.group, place.slot), key, kind.bytes);
            *added = 0;
            return sw_value(m, place.group, place.slot);
        }
        gm_end_iterators(&m->map);
        if (GM_LIKELY(place.group && (table->growth_left || place.group[place.slot] == SW_DELETED))) {
            *added = 1;
            return sw_insert(m, table, place, hash, key, kind);
        }
        if (!sw_make_room_for(m, table)) return NULL;
    }
}

#endif
