/* elastic/room.h - room in the regions of tags and slots, for so many buckets. */
#ifndef GM_ELASTIC_ROOM_H
#define GM_ELASTIC_ROOM_H

#include "layout.h"

GM_INLINE int el_room(el_map *m, size_t buckets, int exactly, gm_kind kind)
{
    size_t tags = buckets * EL_SLOTS, slots = buckets * EL_SLOTS * el_slot_bytes(m, kind);
    gm_memory *memory = &m->map.memory;
    if (slots == 0) slots = 1; /* keys and values of no bytes */
    if (m->tags.bytes < tags &&
        !gm_region_resize(memory, GOMAP_TAGS, &m->tags, exactly || buckets < 4 ? tags : gm_region_room(tags)))
        return 0;
    return m->slots.bytes >= slots ||
           gm_region_resize(memory, GOMAP_BUCKETS, &m->slots, exactly || buckets < 4 ? slots : gm_region_room(slots));
}

/* Gives back what is beyond the buckets: all of it, or what is more than a region keeps. */
GM_INLINE void el_trim(el_map *m, int exactly, gm_kind kind)
{
    gm_memory *memory = &m->map.memory;
    size_t tags = (size_t)m->buckets * EL_SLOTS, slots = tags * el_slot_bytes(m, kind);
    if (slots == 0) slots = 1;
    if (m->tags.bytes > (exactly ? tags : gm_region_spare(tags)))
        (void)gm_region_resize(memory, GOMAP_TAGS, &m->tags, exactly ? tags : gm_region_room(tags));
    if (m->slots.bytes > (exactly ? slots : gm_region_spare(slots)))
        (void)gm_region_resize(memory, GOMAP_BUCKETS, &m->slots, exactly ? slots : gm_region_room(slots));
}

#endif
