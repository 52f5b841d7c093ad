/* elastic/clone.h - a copy of a map. */
#ifndef GM_ELASTIC_CLONE_H
#define GM_ELASTIC_CLONE_H

#include "reserve.h"

/* As the source is, bucket by bucket, in regions of just its size. Nothing is moved yet, as nothing is if the source
 * is over a snapshot that may be damaged. */
GM_INLINE gomap *el_copy(const gomap *source, gm_kind kind)
{
    const el_map *from = el_of(source);
    uint64_t random = 0;
    el_map *m = (el_map *)gm_map_create(gm_engine_of(source), source->type,
                                        el_struct_bytes(gm_engine_of(source), source->type), &random);
    if (m == NULL) return NULL;
    el_describe(m, gm_engine_of(source), source->type);
    m->map.seed = from->map.seed;
    if (source->count == 0) return &m->map.public_part;
    size_t slot_bytes = el_slot_bytes(m, kind), overflow = from->overflow_used * el_overflow_stride(m, slot_bytes);
    if (!el_room(m, from->buckets, 1, kind) ||
        (overflow && !gm_region_resize(&m->map.memory, GOMAP_OVERFLOW, &m->overflow, overflow)) ||
        (kind.ref && !gm_store_reserve(&m->records, &m->map.memory, from->records.used)) ||
        (el_has_strings(m) &&
         (!gm_strings_clone(&m->strings[GOMAP_KEY], &m->map.memory, from->strings[GOMAP_KEY]) ||
          !gm_strings_clone(&m->strings[GOMAP_VALUE], &m->map.memory, from->strings[GOMAP_VALUE])))) {
        el_destroy(&m->map.public_part);
        return NULL;
    }
    memcpy(m->tags.at, from->tags.at, (size_t)from->buckets * EL_SLOTS);
    memcpy(m->slots.at, from->slots.at, (size_t)from->buckets * EL_SLOTS * slot_bytes);
    if (m->aside_bytes) memcpy(m->aside.at, from->aside.at, (size_t)from->buckets * EL_SLOTS * m->aside_bytes);
    if (overflow) memcpy(m->overflow.at, from->overflow.at, overflow);
    if (kind.ref) {
        memcpy(m->records.region.at, from->records.region.at, (size_t)from->records.used * from->records.stride);
        m->records.used = from->records.used;
        m->records.live = from->records.live;
        m->records.free = from->records.free;
    }
    if (el_has_strings(m)) m->string_bytes = from->string_bytes;
    el_set_buckets(m, from->buckets, from->mask);
    m->overflow_used = from->overflow_used;
    m->map.public_part.count = source->count;
    return &m->map.public_part;
}

/* What the source has put off. */
GM_INLINE void el_settle_copy(gomap *map, gm_kind kind)
{
    el_map *m = el_of(map);
    if (m->buckets == 0) return;
    el_settle(m, kind);
    if (kind.ref) gm_store_trim(&m->records, &m->map.memory);
}

#endif
