/* elastic/insert.h - a new entry, in the emptier of its two buckets; and a value with strings. */
#ifndef GM_ELASTIC_INSERT_H
#define GM_ELASTIC_INSERT_H

#include "find.h"
#include "iterate.h"
#include "place.h"

/* The first bucket, empty; 0 when there is no memory. */
GM_INLINE int el_begin(el_map *m, gm_kind kind)
{
    if (el_room(m, 1, 1, kind)) {
        el_lay_out(m, 1);
        return 1;
    }
    el_clear(&m->map.public_part); /* some of its regions may have been had */
    return 0;
}

/* The emptier of two buckets, which evens the load, and its free slots. The choice is random, so it is made without a
 * branch. */
GM_INLINE uint32_t el_emptier(const el_map *m, uint32_t first, uint32_t second, gm_match *free)
{
    gm_match other;
    uint32_t take_second = 0u - (uint32_t)(gm_zeros16(el_tags(m, first), el_tags(m, second), free, &other) > 0);
    *free ^= (*free ^ other) & (0 - (gm_match)(take_second & 1));
    return first ^ ((first ^ second) & take_second);
}

/* A free slot for a new entry of this hash; 0 when there is no memory. The tag is not set yet. */
GM_INLINE int el_place_new(el_map *m, uint64_t hash, gm_kind kind, el_place *place)
{
    uint32_t first = el_address(el_first(hash), m->buckets, m->mask);
    uint32_t second = el_address(el_second(hash), m->buckets, m->mask);
    gm_match free;
    uint32_t bucket = el_emptier(m, first, second, &free);
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

/* The strings of a new key into the region; 0 when there is no memory. `number` is that of a key that is a string. */
GM_INLINE int el_key_keep(el_map *m, const void *key, uint64_t hash, const el_key *room, uint32_t *number,
                          el_images *images, gm_kind kind)
{
    if (kind.code == GM_IMAGES) return el_string_keep(m, GOMAP_KEY, &room->string, hash, number);
    if (kind.code == GM_IMAGE_STRUCTS) return el_strings_keep(m, GOMAP_KEY, key, NULL, hash, images);
    return 1;
}

GM_INLINE void el_key_drop(el_map *m, const el_key *room, uint32_t number, const el_images *images, gm_kind kind)
{
    if (kind.code == GM_IMAGES) {
        unsigned char image[GM_IMAGE];
        gm_image_place(image, room->string.image, number);
        el_string_drop(m, GOMAP_KEY, image);
    }
    if (kind.code == GM_IMAGE_STRUCTS) el_strings_drop(m, GOMAP_KEY, images);
}

/* A new entry, with a value of zeros, of a key that el_key_make has made in `room` and that is not there. Its hash is
 * known, and the map has at least one bucket. Returns the value's address; NULL: there is no memory. */
GM_INLINE void *el_insert_hashed(el_map *m, const void *key, uint64_t hash, const el_key *room, gm_kind kind)
{
    gomap *map = &m->map.public_part;
    el_place place;
    el_images images; /* of a struct's strings */
    uint32_t record = 0, number = 0;
    el_end_iterators(m);
    if (GM_UNLIKELY(map->count >= m->grow_at) && !el_grow(m)) return NULL;
    if (kind.ref && (record = gm_store_add(&m->records, &m->map.memory)) == 0) return NULL;
    int kept = el_key_keep(m, key, hash, room, &number, &images, kind);
    if (!kept || !el_place_new(m, hash, kind, &place)) {
        if (kept) el_key_drop(m, room, number, &images, kind);
        if (kind.ref) gm_store_take_back(&m->records, &m->map.memory, record);
        return NULL;
    }
    /* Nothing fails from here. */
    *place.tag = el_tag(hash);
    if (kind.ref) gm_store32(place.slot, record);
    unsigned char *entry = el_entry(m, place.slot, kind);
    size_t key_bytes = gm_key_bytes(&m->map, kind);
    if (kind.code == GM_IMAGE_STRUCTS) el_strings_place(m, GOMAP_KEY, entry, key, &images);
    else if (kind.code == GM_IMAGES) gm_image_place(entry, key, number);
    else memcpy(entry, key, key_bytes);
    if (!kind.ref) {
        size_t value_bytes = m->slot_bytes - key_bytes;
        if (GM_LIKELY(value_bytes == 8)) gm_store64(entry + key_bytes, 0);
        else memset(entry + key_bytes, 0, value_bytes);
    }
    if (GM_UNLIKELY(m->value_strings)) el_strings_empty(m, entry + key_bytes);
    if (GM_UNLIKELY(m->aside_bytes)) el_place_aside(m, place);
    map->count++;
    return entry + m->value_at;
}

/* Assigns a key that el_key_make has made in `room`. Its hash is known, and the map has at least one bucket. */
GM_INLINE void *el_assign_hashed(el_map *m, const void *key, uint64_t hash, const el_key *room, int *added,
                                 gm_kind kind)
{
    el_place place;
    if (el_locate(m, hash, key, kind, &place)) {
        *added = 0;
        return place.entry + m->value_at;
    }
    void *value = el_insert_hashed(m, key, hash, room, kind);
    if (GM_LIKELY(value != NULL)) *added = 1;
    return value;
}

GM_INLINE void *el_assign(gomap *map, const void *key, int *added, gm_kind kind)
{
    el_map *m = el_of(map);
    el_key room;
    if (GM_UNLIKELY(m->buckets == 0) && !el_begin(m, kind)) return NULL;
    if ((key = el_key_make(m, key, &room, kind)) == NULL) return NULL;
    uint64_t hash = el_key_hash(m, key, kind);
    el_prefetch(m, hash, kind); /* a new key is written there, or first displaces an entry */
    return el_assign_hashed(m, key, hash, &room, added, kind);
}

/* A new entry of a key that a look-up did not find. */
GM_INLINE void *el_insert_sought(el_map *m, const el_sought *sought, gm_kind kind)
{
    if (sought->key == NULL || (GM_UNLIKELY(m->buckets == 0) && !el_begin(m, kind))) return NULL;
    return el_insert_hashed(m, sought->key, sought->hash, &sought->room, kind);
}

/* A value with strings into the room of the entry with this key. */
GM_INLINE int el_write(gomap *map, const void *key, void *room, const void *value, const gomap *from, gm_kind kind)
{
    el_map *m = el_of(map);
    el_key made;
    uint64_t hash = el_key_hash(m, el_key_make(m, key, &made, kind), kind);
    return el_value_write(m, hash, room, value, from);
}

#endif
