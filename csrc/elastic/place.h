/* elastic/place.h - places: one number for where an entry stands, and the bytes aside it. A cache (cache.c) goes from
 * place to place.
 *
 *     0 ... 8 n - 1             the slots of the n buckets
 *     8 n ... and on            the places of the overflow list
 */
#ifndef GM_ELASTIC_PLACE_H
#define GM_ELASTIC_PLACE_H

#include "erase.h"
#include "find.h"

#define EL_NOWHERE SIZE_MAX

/* How many places there are, empty ones included. */
GM_INLINE size_t el_places(const el_map *m) { return (size_t)m->buckets * EL_SLOTS + m->overflow_used; }

/* Of a place in the overflow list. */
GM_INLINE unsigned char *el_place_overflow(const el_map *m, size_t place)
{
    return m->overflow.at + (place - (size_t)m->buckets * EL_SLOTS) * el_overflow_stride(m, m->slot_bytes);
}

GM_INLINE int el_place_in_bucket(const el_map *m, size_t place) { return place < (size_t)m->buckets * EL_SLOTS; }

GM_INLINE unsigned char *el_place_slot(const el_map *m, size_t place)
{
    return GM_LIKELY(el_place_in_bucket(m, place)) ? m->slots.at + place * m->slot_bytes : el_place_overflow(m, place);
}

GM_INLINE unsigned char *el_place_tag(const el_map *m, size_t place)
{
    return GM_LIKELY(el_place_in_bucket(m, place)) ? m->tags.at + place : el_place_overflow(m, place) + m->slot_bytes;
}

GM_INLINE unsigned char *el_aside_at(const el_map *m, size_t place)
{
    return GM_LIKELY(el_place_in_bucket(m, place)) ? m->aside.at + place * m->aside_bytes
                                                   : el_place_overflow(m, place) + m->slot_bytes + 1;
}

GM_INLINE unsigned char *el_place_entry(const el_map *m, size_t place)
{
    unsigned char *slot = el_place_slot(m, place);
    return el_has_records(m) ? el_record(m, slot) : slot;
}

/* The number of a place that a look-up or an insertion found. */
GM_INLINE size_t el_place_number(const el_map *m, const el_place *place)
{
    size_t slots = (size_t)m->buckets * EL_SLOTS, at = (uintptr_t)place->tag - (uintptr_t)m->tags.at;
    if (GM_LIKELY(at < slots)) return at;
    return slots + (size_t)(place->slot - m->overflow.at) / el_overflow_stride(m, m->slot_bytes);
}

/* A new entry: zeros aside, and its place is kept. */
GM_INLINE void el_place_aside(el_map *m, el_place place)
{
    m->placed = el_place_number(m, &place);
    memset(el_aside_at(m, m->placed), 0, m->aside_bytes);
}

/* A key that is looked for, as a look-up leaves it for an insertion. It stays where it is. */
struct el_sought {
    const void *key; /* as el_key_make makes it, which may be in `room`; NULL: no map can hold it */
    uint64_t hash;
    el_key room;
};

GM_INLINE size_t el_locate_place(const el_map *m, const void *key, el_sought *sought, gm_kind kind)
{
    el_place place;
    sought->key = key = el_key_make(m, key, &sought->room, kind);
    if (key == NULL) return EL_NOWHERE;
    uint64_t hash = sought->hash = el_key_hash(m, key, kind);
    if (m->buckets == 0) return EL_NOWHERE;
    el_prefetch(m, hash, kind);
    return el_locate(m, hash, key, kind, &place) ? el_place_number(m, &place) : EL_NOWHERE;
}

GM_INLINE void el_place_remove(el_map *m, size_t place, gm_kind kind)
{
    el_erase_at(m, (el_place){el_place_tag(m, place), el_place_slot(m, place), NULL}, kind);
}

/* Removes an entry, and returns its hash. */
GM_INLINE uint64_t el_place_take(el_map *m, size_t place, gm_kind kind)
{
    uint64_t hash = gm_key_hash(&m->map, el_entry(m, el_place_slot(m, place), kind), kind);
    el_place_remove(m, place, kind);
    return hash;
}

#endif
