/* elastic/erase.h - an entry goes, that of a key or any. */
#ifndef GM_ELASTIC_ERASE_H
#define GM_ELASTIC_ERASE_H

#include "cursor.h"
#include "find.h"
#include "records.h"
#include "split.h"

/* Frees an entry's slot, and its record. While an iterator is alive all others stay where they are. */
GM_INLINE void el_erase_at(el_map *m, el_place place, gm_kind kind)
{
    int strings = m->value_strings || kind.code == GM_IMAGES || kind.code == GM_IMAGE_STRUCTS;
    if (GM_UNLIKELY(strings)) el_strings_release(m, place.slot);
    *place.tag = EL_EMPTY;
    m->map.public_part.count--;
    if (kind.ref) gm_store_remove(&m->records, &m->map.memory, gm_load32(place.slot));
    if (m->map.iterators) {
        m->put_off = 1;
        return;
    }
    if (kind.ref && el_too_many_gaps(m)) el_resizer_of(m)->fill_gaps(m);
    if (GM_UNLIKELY(m->overflow_used)) el_resizer_of(m)->drain(m);
    el_shrink(m, 2, kind); /* two: what an iteration put off is made up for soon, and no deletion takes long */
}

GM_INLINE int el_erase(gomap *map, const void *key, gm_kind kind)
{
    el_map *m = el_of(map);
    el_key room;
    el_place place;
    if (map->count == 0) return 0;
    if ((key = el_key_make(m, key, &room, kind)) == NULL) return 0;
    uint64_t hash = el_key_hash(m, key, kind);
    el_prefetch(m, hash, kind);
    if (!el_locate(m, hash, key, kind, &place)) return 0;
    el_erase_at(m, place, kind);
    return 1;
}

/* The entry at the cursor. */
GM_INLINE int el_any_place(gomap *map, const void **key, const void **value, el_place *place, gm_kind kind)
{
    el_map *m = el_of(map);
    if (map->count == 0) return 0;
    el_cursor_settle(m);
    place->slot = NULL;
    if (m->any_at != EL_IN_OVERFLOW) {
        gm_match full = el_full(m, m->any_at);
        if (!full) return 0;
        unsigned slot = gm_match_index(full);
        place->tag = el_tags(m, m->any_at) + slot;
        place->slot = el_slot(m, m->any_at, slot, kind);
    }
    for (uint32_t i = 0; place->slot == NULL; i++) {
        if (i == m->overflow_used) return 0;
        unsigned char *at = el_overflow(m, i, kind);
        place->tag = at + el_slot_bytes(m, kind);
        if (*place->tag != EL_EMPTY) place->slot = at;
    }
    unsigned char *entry = el_entry(m, place->slot, kind);
    *key = entry;
    *value = entry + m->value_at;
    return 1;
}

GM_INLINE int el_any(gomap *map, const void **key, const void **value, gm_kind kind)
{
    el_place place;
    return el_any_place(map, key, value, &place, kind);
}

GM_INLINE void el_erase_any(gomap *map, gm_kind kind)
{
    const void *key, *value;
    el_place place;
    if (el_any_place(map, &key, &value, &place, kind)) el_erase_at(el_of(map), place, kind);
}

#endif
