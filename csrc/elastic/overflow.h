/* elastic/overflow.h - the list of entries that found room in neither of their buckets. */
#ifndef GM_ELASTIC_OVERFLOW_H
#define GM_ELASTIC_OVERFLOW_H

#include "layout.h"

/* A new place at the list's end; 0 when there is no memory. */
GM_INLINE unsigned char *el_overflow_add(el_map *m, gm_kind kind)
{
    size_t stride = el_overflow_stride(m, el_slot_bytes(m, kind)), needed = (m->overflow_used + 1) * stride;
    if (m->overflow.bytes < needed &&
        !gm_region_resize(&m->map.memory, GOMAP_OVERFLOW, &m->overflow, needed + needed / 2) &&
        !(gm_was_refused(&m->map.memory) && gm_region_resize(&m->map.memory, GOMAP_OVERFLOW, &m->overflow, needed)))
        return NULL;
    return el_overflow(m, m->overflow_used++, kind);
}

/* Lets entries of the overflow list into their buckets, where there is room now, and closes the gaps, so that
 * the list is as long as it has entries. Nothing iterates. */
GM_INLINE void el_drain(el_map *m, gm_kind kind)
{
    size_t slot_bytes = el_slot_bytes(m, kind);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < m->overflow_used; i++) {
        unsigned char *at = el_overflow(m, i, kind);
        if (at[slot_bytes] == EL_EMPTY) continue;
        uint64_t hash = gm_key_hash(&m->map, el_entry(m, at, kind), kind);
        uint32_t to = el_address(el_first(hash), m->buckets, m->mask);
        if (!el_free(m, to)) to = el_address(el_second(hash), m->buckets, m->mask);
        gm_match free = el_free(m, to);
        if (free) {
            unsigned slot = gm_match_index(free);
            el_tags(m, to)[slot] = at[slot_bytes];
            el_copy_slot(m, el_slot(m, to, slot, kind), at, kind);
            if (m->aside_bytes) memcpy(el_aside(m, to, slot), at + slot_bytes + 1, m->aside_bytes);
        } else {
            if (kept < i) memcpy(el_overflow(m, kept, kind), at, el_overflow_stride(m, slot_bytes));
            kept++;
        }
    }
    m->overflow_used = kept;
    if (kept == 0) (void)gm_region_resize(&m->map.memory, GOMAP_OVERFLOW, &m->overflow, 0);
}

#endif
