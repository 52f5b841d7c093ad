/* elastic/room.h - room in the regions of tags and slots, for so many buckets. */
#ifndef GM_ELASTIC_ROOM_H
#define GM_ELASTIC_ROOM_H

#include "layout.h"

/* The bytes of the slots; at least one, even where keys and values have no bytes. */
GM_INLINE size_t el_slots_needed(size_t buckets, size_t slot_bytes)
{
    return slot_bytes && buckets ? buckets * EL_SLOTS * slot_bytes : 1;
}

/* The size to give a region that needs `needed` bytes for so many buckets. It is just `needed` where the last step
 * (el_step) added many buckets. */
GM_INLINE size_t el_region_room(int purpose, size_t needed, size_t buckets, int exactly)
{
    return exactly || el_is_small(buckets - 1) ? needed : gm_region_room(purpose, needed);
}

/* Near a limit there is no room beyond what is needed. */
GM_INLINE int el_region_fit(el_map *m, int purpose, gm_region *region, size_t needed, size_t buckets, int exactly)
{
    gm_memory *memory = &m->map.memory;
    return region->bytes >= needed ||
           gm_region_resize(memory, purpose, region, el_region_room(purpose, needed, buckets, exactly)) ||
           (GM_UNLIKELY(m->aside_bytes) && gm_was_refused(memory) && gm_region_resize(memory, purpose, region, needed));
}

GM_INLINE int el_room(el_map *m, size_t buckets, int exactly, gm_kind kind)
{
    return el_region_fit(m, GOMAP_TAGS, &m->tags, buckets * EL_SLOTS, buckets, exactly) &&
           (GM_LIKELY(!m->aside_bytes) ||
            el_region_fit(m, GOMAP_TAGS, &m->aside, buckets * EL_SLOTS * m->aside_bytes, buckets, exactly)) &&
           el_region_fit(m, GOMAP_BUCKETS, &m->slots, el_slots_needed(buckets, el_slot_bytes(m, kind)), buckets,
                         exactly);
}

/* Gives back the room beyond the buckets: all of it with `exactly`, else only if it is more than a region keeps
 * (gm_region_spare). */
GM_INLINE void el_trim(el_map *m, int exactly, gm_kind kind)
{
    exactly |= el_is_small(m->buckets); /* which takes and gives many at once */
    gm_memory *memory = &m->map.memory;
    size_t tags = (size_t)m->buckets * EL_SLOTS, slots = el_slots_needed(m->buckets, el_slot_bytes(m, kind));
    if (m->tags.bytes > (exactly ? tags : gm_region_spare(GOMAP_TAGS, tags)))
        (void)gm_region_resize(memory, GOMAP_TAGS, &m->tags, exactly ? tags : gm_region_room(GOMAP_TAGS, tags));
    if (m->slots.bytes > (exactly ? slots : gm_region_spare(GOMAP_BUCKETS, slots)))
        (void)gm_region_resize(memory, GOMAP_BUCKETS, &m->slots,
                               exactly ? slots : gm_region_room(GOMAP_BUCKETS, slots));
    if (GM_LIKELY(!m->aside_bytes)) return;
    size_t aside = (size_t)m->buckets * EL_SLOTS * m->aside_bytes;
    if (m->aside.bytes > (exactly ? aside : gm_region_spare(GOMAP_TAGS, aside)))
        (void)gm_region_resize(memory, GOMAP_TAGS, &m->aside, exactly ? aside : gm_region_room(GOMAP_TAGS, aside));
}

#endif
