/* elastic/reserve.h - reserves room for a number of entries at once, and compacts a map to its entries. */
#ifndef GM_ELASTIC_RESERVE_H
#define GM_ELASTIC_RESERVE_H

#include "insert.h"

/* Room for so many buckets and entries, exactly. 0: no memory, and all is as it was. */
GM_INLINE int el_reserve_room(el_map *m, size_t buckets, size_t count, gm_kind kind)
{
    gm_memory *memory = &m->map.memory;
    size_t tags = (size_t)m->tags.bytes, slots = (size_t)m->slots.bytes, records = kind.ref ? m->records.capacity : 0;
    size_t aside = m->aside_bytes ? (size_t)m->aside.bytes : 0;
    if (el_room(m, buckets, 1, kind) && (!kind.ref || gm_store_reserve(&m->records, memory, count))) return 1;
    (void)gm_region_resize(memory, GOMAP_TAGS, &m->tags, tags);
    (void)gm_region_resize(memory, GOMAP_BUCKETS, &m->slots, slots);
    if (m->aside_bytes) (void)gm_region_resize(memory, GOMAP_TAGS, &m->aside, aside);
    if (kind.ref) gm_store_unreserve(&m->records, memory, records);
    return 0;
}

GM_INLINE int el_reserve(gomap *map, size_t count, gm_kind kind)
{
    el_map *m = el_of(map);
    if (count <= map->count || (m->buckets && count <= m->grow_at)) return 0;
    if (count > (size_t)EL_MAX_BUCKETS * EL_SLOTS) return -1;
    size_t buckets = el_buckets_for(m, count);
    if (buckets >= EL_MAX_BUCKETS || !el_reserve_room(m, buckets, count, kind)) return -1;
    if (m->map.iterators) {
        el_end_iterators(m); /* which gives room back */
        if (!el_reserve_room(m, buckets, count, kind)) return -1;
    }
    if (map->count == 0) {
        el_lay_out(m, buckets);
        return 0;
    }
    return el_resizer_of(m)->split(m, (uint32_t)buckets) ? 0 : -1; /* it does: the room is there */
}

/* To a load of 7.5 of 8, and no room beyond. */
GM_INLINE void el_compact(gomap *map, gm_kind kind)
{
    el_map *m = el_of(map);
    gm_end_iterators(&m->map);
    if (m->buckets == 0) return;
    if (map->count == 0) {
        el_clear(map);
        return;
    }
    el_settle(m, kind);
    while (m->buckets > el_compact_buckets(map->count) && el_resizer_of(m)->merge(m)) {}
    el_set_buckets(m, m->buckets, m->mask); /* filling raised the threshold */
    el_trim(m, 1, kind);
    if (kind.ref) gm_store_trim(&m->records, &m->map.memory);
    for (int part = GOMAP_KEY; part < GOMAP_PARTS && el_has_strings(m); part++)
        gm_strings_trim(m->strings[part], &m->map.memory);
}

#endif
