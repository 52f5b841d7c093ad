/* swiss/erase.h - an entry goes (Go's Delete), that of a key or any. */
#ifndef GM_SWISS_ERASE_H
#define GM_SWISS_ERASE_H

#include "find.h"

/* Frees a slot. Other entries' look-ups may pass a group that has no empty slot, so it gets a tombstone. */
void sw_erase_at(sw_map *m, sw_table *table, unsigned char *group, unsigned slot);

GM_INLINE int sw_erase(gomap *map, const void *key, gm_kind kind)
{
    sw_map *m = sw_of(map);
    sw_place place;
    if (map->count == 0) return 0;
    uint64_t hash = gm_key_hash(&m->map, key, kind);
    sw_table *table = sw_table_for(m, hash);
    if (!sw_locate(m, table, hash, key, kind, &place)) return 0;
    sw_erase_at(m, table, place.group, place.slot);
    return 1;
}

/* Erases the entry whose value is here. */
void sw_forget(gomap *map, const void *room);

/* The first entry from the cursor on; 0: there is none. The cursor stays, so that taking all entries one by one passes
 * over the tables once. */
int sw_any_seek(sw_map *m);

GM_INLINE int sw_any(gomap *map, const void **key, const void **value, gm_kind kind)
{
    sw_map *m = sw_of(map);
    if (map->count == 0 || !sw_any_seek(m)) return 0;
    *key = gm_key_in(&m->parts, sw_slot(m, m->any_group, m->any_slot), kind);
    *value = sw_value(m, m->any_group, m->any_slot);
    return 1;
}

void sw_erase_any(gomap *map);

#endif
