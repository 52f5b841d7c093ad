/* elastic/find.h - looking for a key.
 *
 * A look-up compares the sixteen tags of the key's two buckets and reads a slot only where a tag is
 * equal: an absent key costs two reads of the tags region, one byte an entry, and no more.
 */
#ifndef GM_ELASTIC_FIND_H
#define GM_ELASTIC_FIND_H

#include "strings.h"

/* Where an entry is: its tag, its slot and, where a key was looked for, the entry. */
typedef struct el_place {
    unsigned char *tag, *slot, *entry;
} el_place;

GM_INLINE int el_matches(const el_map *m, const unsigned char *other, const void *key, gm_kind kind)
{
    /* Floats are canonical and compare as bits: NaN is one key. */
    if (gm_is_float(kind)) return gm_key_word(key, kind) == gm_key_word(other, kind);
    if (kind.code == GM_IMAGES) return gm_image_equal(m->strings[GOMAP_KEY], key, other);
    if (kind.code == GM_IMAGE_STRUCTS)
        return gm_struct_equal(m->map.public_part.type, key, other, m->strings[GOMAP_KEY], GM_AS_IMAGES);
    return gm_key_equal(&m->map, key, other, kind);
}

/* Inlined although it is seldom called: a call would put the kind, a constant, into memory first (7 of 95 instructions
 * of a look-up that finds its key in a slot). */
GM_INLINE int el_search_overflow(const el_map *m, unsigned char tag, const void *key, gm_kind kind, el_place *place)
{
    size_t slot_bytes = el_slot_bytes(m, kind);
    for (uint32_t i = 0; i < m->overflow_used; i++) {
        unsigned char *at = el_overflow(m, i, kind);
        if (at[slot_bytes] != tag) continue;
        unsigned char *entry = el_entry(m, at, kind);
        if (!el_matches(m, entry, key, kind)) continue;
        *place = (el_place){at + slot_bytes, at, entry};
        return 1;
    }
    return 0;
}

GM_INLINE int el_search_bucket(const el_map *m, uint32_t bucket, unsigned char tag, const void *key, gm_kind kind,
                               el_place *place)
{
    unsigned char *tags = el_tags(m, bucket);
    for (gm_match found = gm_match8(tags, tag); found; found = gm_match_next(found)) {
        unsigned i = gm_match_index(found);
        unsigned char *slot = el_slot(m, bucket, i, kind), *entry = el_entry(m, slot, kind);
        if (GM_LIKELY(el_matches(m, entry, key, kind))) {
            *place = (el_place){tags + i, slot, entry};
            return 1;
        }
    }
    return 0;
}

GM_INLINE int el_search(const el_map *m, uint32_t first, uint32_t second, unsigned char tag, const void *key,
                        gm_kind kind, el_place *place)
{
#if GM_MATCH16
    for (gm_match found = gm_match16(el_tags(m, first), el_tags(m, second), tag); found; found = gm_match_next(found)) {
        unsigned i = gm_match_index(found), slot = i & (EL_SLOTS - 1);
        uint32_t bucket = i < EL_SLOTS ? first : second;
        unsigned char *at = el_slot(m, bucket, slot, kind), *entry = el_entry(m, at, kind);
        if (GM_LIKELY(el_matches(m, entry, key, kind))) {
            *place = (el_place){el_tags(m, bucket) + slot, at, entry};
            return 1;
        }
    }
#else
    if (el_search_bucket(m, first, tag, key, kind, place) || el_search_bucket(m, second, tag, key, kind, place))
        return 1;
#endif
    return GM_UNLIKELY(m->overflow_used) && el_search_overflow(m, tag, key, kind, place);
}

GM_INLINE int el_locate(const el_map *m, uint64_t hash, const void *key, gm_kind kind, el_place *place)
{
    return el_search(m, el_address(el_first(hash), m->buckets, m->mask),
                     el_address(el_second(hash), m->buckets, m->mask), el_tag(hash), key, kind, place);
}

/* Asks for the slots of both buckets, or half of them where they are two lines, while the tags are still on
 * their way: two misses of the caches at once instead of one after the other. A look-up that expects its key
 * is a quarter faster for it; one that finds nothing takes twice as long. */
GM_INLINE void el_prefetch(const el_map *m, uint64_t hash, gm_kind kind)
{
    GM_PREFETCH(el_slot(m, el_address(el_first(hash), m->buckets, m->mask), 0, kind));
    GM_PREFETCH(el_slot(m, el_address(el_second(hash), m->buckets, m->mask), 0, kind));
}

GM_INLINE void *el_look_up(const gomap *map, const void *key, int expected, gm_kind kind)
{
    const el_map *m = el_of(map);
    el_key room;
    el_place place;
    if (map->count == 0) return NULL;
    if ((key = el_key_make(m, key, &room, kind)) == NULL) return NULL;
    uint64_t hash = el_key_hash(m, key, kind);
    if (expected) el_prefetch(m, hash, kind);
    if (!el_locate(m, hash, key, kind, &place)) return NULL;
    return place.entry + m->value_at;
}

GM_INLINE void *el_find(const gomap *map, const void *key, gm_kind kind) { return el_look_up(map, key, 0, kind); }
GM_INLINE void *el_at(const gomap *map, const void *key, gm_kind kind) { return el_look_up(map, key, 1, kind); }

#endif
