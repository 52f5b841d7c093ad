/* elastic/insert.h - a new entry, in the emptier of its two buckets; and a string as its value. */
#ifndef GM_ELASTIC_INSERT_H
#define GM_ELASTIC_INSERT_H

#include "find.h"
#include "iterate.h"

/* The first bucket, empty; 0 when there is no memory. */
GM_INLINE int el_begin(el_map *m, gm_kind kind)
{
    if (!el_room(m, 1, 1, kind)) return 0;
    el_lay_out(m, 1);
    return 1;
}

/* A free slot for a new entry of this hash; 0 when there is no memory. The tag is not set yet. */
GM_INLINE int el_place_new(el_map *m, uint64_t hash, gm_kind kind, el_place *place)
{
    uint32_t first = el_address(el_first(hash), m->buckets, m->mask);
    uint32_t second = el_address(el_second(hash), m->buckets, m->mask);
    gm_match free, other;
    /* Takes the emptier of the two buckets, which evens the load. The choice is random, so it is made without a
     * branch. */
    uint32_t take_second = 0u - (uint32_t)(gm_zeros16(el_tags(m, first), el_tags(m, second), &free, &other) > 0);
    uint32_t bucket = first ^ ((first ^ second) & take_second);
    free ^= (free ^ other) & (0 - (gm_match)(take_second & 1));
    unsigned slot;
    if (GM_LIKELY(free != 0)) {
        slot = gm_match_index(free);
    } else {
        uint64_t freed = el_resizer_of(m)->displace(m, first, second);
        if (freed == EL_NONE) {
            place->slot = el_overflow_add(m, kind);
            if (place->slot == NULL) return 0;
            place->tag = place->slot + el_slot_bytes(m, kind);
            *place->tag = EL_EMPTY;
            return 1;
        }
        bucket = (uint32_t)(freed / EL_SLOTS);
        slot = (unsigned)freed & (EL_SLOTS - 1);
    }
    place->tag = el_tags(m, bucket) + slot;
    place->slot = el_slot(m, bucket, slot, kind);
    return 1;
}

/* Assigns a key that el_key_make has made in `room`. Its hash is known, and the map has at least one bucket. */
GM_INLINE void *el_assign_hashed(el_map *m, const void *key, uint64_t hash, el_key *room, int *added, gm_kind kind)
{
    gomap *map = &m->map.public_part;
    el_place place;
    uint32_t record = 0;
    if (el_locate(m, hash, key, kind, &place)) {
        *added = 0;
        return el_entry(m, place.slot, kind) + m->value_at;
    }
    el_end_iterators(m);
    if (GM_UNLIKELY(map->count >= m->grow_at) && !el_grow(m)) return NULL;
    if (kind.ref && (record = gm_store_add(&m->records, &m->map.memory)) == 0) return NULL;
    if ((kind.code == GM_IMAGES && !el_string_keep(m, &room->string, hash)) || !el_place_new(m, hash, kind, &place)) {
        if (kind.code == GM_IMAGES) el_string_drop(m, &room->string);
        if (kind.ref) gm_store_take_back(&m->records, &m->map.memory, record);
        return NULL;
    }
    /* Nothing fails from here. */
    *place.tag = el_tag(hash);
    if (kind.ref) gm_store32(place.slot, record);
    unsigned char *entry = el_entry(m, place.slot, kind);
    size_t key_bytes = gm_key_bytes(&m->map, kind);
    memcpy(entry, key, key_bytes);
    if (!kind.ref) {
        size_t value_bytes = m->slot_bytes - key_bytes;
        if (GM_LIKELY(value_bytes == 8)) gm_store64(entry + key_bytes, 0);
        else memset(entry + key_bytes, 0, value_bytes);
    }
    if (GM_UNLIKELY(m->string_values)) gm_image_clear(entry + key_bytes);
    map->count++;
    *added = 1;
    return entry + m->value_at;
}

GM_INLINE void *el_assign(gomap *map, const void *key, int *added, gm_kind kind)
{
    el_map *m = el_of(map);
    el_key room;
    if (GM_UNLIKELY(m->buckets == 0) && !el_begin(m, kind)) return NULL;
    if ((key = el_key_make(m, key, &room, kind)) == NULL) return NULL;
    uint64_t hash = gm_key_hash(&m->map, key, kind);
    el_prefetch(m, hash, kind); /* a new key is written there, or first displaces an entry */
    return el_assign_hashed(m, key, hash, &room, added, kind);
}

/* A string value into the room of the entry with this key. */
GM_INLINE int el_write(gomap *map, const void *key, void *room, const gomap_string *string, gm_kind kind)
{
    el_map *m = el_of(map);
    el_key made;
    uint64_t hash = gm_key_hash(&m->map, el_key_make(m, key, &made, kind), kind);
    return el_string_write(m, hash, room, string);
}

#endif
