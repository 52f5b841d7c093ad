/* elastic/beside.h - a single entry is looked up or changed while other threads look up theirs.
 *
 *     reader                                       the writer
 *       v = the bucket's version (acquire)           the bucket's version: odd
 *       it is odd: again                             slot, tags (release)
 *       copy tags, and the slot of an equal tag      version: even, two more than before (release)
 *       the version is v still: the copy is good
 *       else: again
 *
 * A reader may copy what is being changed, and then does not use it. All that both sides touch at the same time, tags,
 * slots and versions, is read and written by atomic words. The reads acquire and the writes release, so that they stay
 * between the two looks at the versions: no fences, and plain moves on x86.
 *
 * The rest of the map stands still: its regions, how many buckets there are, the overflow list, long strings, records.
 * What changes any of that is refused. So a reader follows addresses that hold. The count of entries is not read by
 * readers; where threads run in parallel (GOMAP_THREADS), it stands on a cache line of its own.
 */
#ifndef GM_ELASTIC_BESIDE_H
#define GM_ELASTIC_BESIDE_H

#include "../beside.h"
#include "insert.h"
#include "versions.h"

/* How often a look-up begins again. A change takes some 20 ns, so a second look mostly finds it done. */
enum { EL_LOOKS = 100 };

typedef struct el_beside {
    int (*find)(const gomap *, const gomap_versions *, const void *key, void *value);
    int (*put)(gomap *, gomap_versions *, const void *key, const void *value);
    int (*erase)(gomap *, gomap_versions *, const void *key);
} el_beside;

/* ---- the reader ------------------------------------------------------------------------------------ */

/* A bucket that is looked at, and its version then. */
typedef struct el_look {
    uint32_t bucket;
    const uint64_t *version;
    uint64_t was;
} el_look;

/* 0: it is being changed. */
GM_INLINE int el_look_begin(el_look *look, const gomap_versions *versions, uint32_t bucket)
{
    look->bucket = bucket;
    look->version = &versions->of[el_version(versions, bucket)];
    look->was = gm_acquire64(look->version);
    return !(look->was & 1);
}

GM_INLINE int el_look_holds(const el_look *look) { return gm_acquire64(look->version) == look->was; }

/* An entry of this key in the bucket, copied; it is there only if the look holds. */
GM_INLINE int el_look_for(const el_map *m, const el_look *look, unsigned char tag, const void *key,
                          unsigned char *entry, gm_kind kind)
{
    unsigned char tags[EL_SLOTS];
    gm_store64(tags, gm_acquire64(el_tags(m, look->bucket)));
    for (gm_match found = gm_match8(tags, tag); found; found = gm_match_next(found)) {
        el_slot_acquire(m, entry, el_slot(m, look->bucket, gm_match_index(found), kind));
        /* An image that is half another's may lead anywhere. */
        if (kind.code == GM_IMAGES && !el_look_holds(look)) return 0;
        if (GM_LIKELY(el_matches(m, entry, key, kind))) return 1;
    }
    return 0;
}

/* A key that is in neither bucket was so at the moment when the second was looked at first. */
GM_INLINE int el_beside_find(const gomap *map, const gomap_versions *versions, const void *key, void *value,
                             gm_kind kind)
{
    const el_map *m = el_of(map);
    unsigned char entry[EL_INLINE_MAX];
    const unsigned char *found = entry;
    el_key room;
    el_place place;
    el_look first, second;
    if (m->buckets == 0 || (key = el_key_make(m, key, &room, kind)) == NULL) return 0;
    uint64_t hash = el_key_hash(m, key, kind);
    unsigned char tag = el_tag(hash);
    el_prefetch(m, hash, kind);
    for (int i = 0; i < EL_LOOKS; i++) {
        if (!el_look_begin(&first, versions, el_address(el_first(hash), m->buckets, m->mask))) continue;
        if (el_look_for(m, &first, tag, key, entry, kind)) {
            if (!el_look_holds(&first)) continue;
        } else {
            if (!el_look_begin(&second, versions, el_address(el_second(hash), m->buckets, m->mask))) continue;
            int is_there = el_look_for(m, &second, tag, key, entry, kind);
            if (!el_look_holds(&second)) continue;
            if (!is_there) {
                if (!el_look_holds(&first)) continue;
                if (GM_LIKELY(m->overflow_used == 0) || !el_search_overflow(m, tag, key, kind, &place)) return 0;
                found = place.entry;
            }
        }
        size_t key_bytes = gm_key_bytes(&m->map, kind);
        gm_copy(value, found + key_bytes, m->slot_bytes - key_bytes);
        return 1;
    }
    return -1;
}

/* ---- the writer, who alone writes, so that it may read without care ------------------------------------ */

/* The bucket of a place; EL_IN_NONE: it is in the overflow list. */
#define EL_IN_NONE UINT32_MAX
GM_INLINE uint32_t el_bucket_of(const el_map *m, const el_place *place)
{
    size_t at = (uintptr_t)place->tag - (uintptr_t)m->tags.at;
    return at < (size_t)m->buckets * EL_SLOTS ? (uint32_t)(at / EL_SLOTS) : EL_IN_NONE;
}

GM_INLINE int el_is_long(const void *key, gm_kind kind) { return kind.code == GM_IMAGES && gm_image_is_long(key); }

/* A free slot in one of the two buckets, where there is one or displacement makes one. */
GM_INLINE int el_room_beside(el_map *m, gomap_versions *versions, uint32_t first, uint32_t second, uint32_t *bucket,
                             unsigned *slot, gm_kind kind)
{
    gm_match free;
    *bucket = el_emptier(m, first, second, &free);
    if (GM_LIKELY(free != 0)) {
        *slot = gm_match_index(free);
        return 1;
    }
    uint64_t freed = el_displace_owned(m, first, second, el_owns_all, &versions->displaced, versions, kind);
    *bucket = (uint32_t)(freed / EL_SLOTS);
    *slot = (unsigned)freed & (EL_SLOTS - 1);
    return freed != EL_NONE;
}

GM_INLINE int el_beside_put(gomap *map, gomap_versions *versions, const void *key, const void *value, gm_kind kind)
{
    el_map *m = el_of(map);
    unsigned char entry[EL_INLINE_MAX];
    el_key room;
    el_place place;
    unsigned slot;
    if (m->buckets == 0 || el_is_lent(m) || (key = el_key_make(m, key, &room, kind)) == NULL) return 0;
    uint64_t hash = el_key_hash(m, key, kind);
    uint32_t first = el_address(el_first(hash), m->buckets, m->mask), bucket;
    uint32_t second = el_address(el_second(hash), m->buckets, m->mask);
    size_t key_bytes = gm_key_bytes(&m->map, kind);
    el_prefetch(m, hash, kind);
    int is_there = el_search(m, first, second, el_tag(hash), key, kind, &place);
    if (is_there) {
        if ((bucket = el_bucket_of(m, &place)) == EL_IN_NONE) return 0;
        slot = (unsigned)(place.tag - el_tags(m, bucket));
        memcpy(entry, place.slot, key_bytes); /* a long string is named by it */
    } else {
        int fits = !m->map.iterators && map->count < m->grow_at && !el_is_long(key, kind);
        if (!fits || !el_room_beside(m, versions, first, second, &bucket, &slot, kind)) {
            m->displaced += versions->displaced;
            versions->displaced = 0;
            return 0;
        }
        if (kind.code == GM_IMAGES) {
            gm_image_place(entry, key, 0);
            m->string_bytes += gm_image_length(entry);
        } else {
            memcpy(entry, key, key_bytes);
        }
        map->count++;
    }
    gm_copy(entry + key_bytes, value, m->slot_bytes - key_bytes);
    el_bucket_begin(versions, bucket);
    el_slot_release(m, el_slot(m, bucket, slot, kind), entry);
    if (!is_there) el_tag_release(m, bucket, slot, el_tag(hash));
    el_bucket_end(versions, bucket);
    return 1;
}

GM_INLINE int el_beside_erase(gomap *map, gomap_versions *versions, const void *key, gm_kind kind)
{
    el_map *m = el_of(map);
    el_key room;
    el_place place;
    if (map->count == 0 || (key = el_key_make(m, key, &room, kind)) == NULL) return 0;
    if (el_is_lent(m)) return -1;
    uint64_t hash = el_key_hash(m, key, kind);
    el_prefetch(m, hash, kind);
    if (!el_locate(m, hash, key, kind, &place)) return 0;
    uint32_t bucket = el_bucket_of(m, &place);
    /* What an erasure does beside taking the entry away. */
    if (m->map.iterators || m->overflow_used || map->count - 1 < m->shrink_at || bucket == EL_IN_NONE ||
        el_is_long(key, kind))
        return -1;
    map->count--;
    if (kind.code == GM_IMAGES) m->string_bytes -= gm_image_length(place.entry);
    el_bucket_begin(versions, bucket);
    el_tag_release(m, bucket, (unsigned)(place.tag - el_tags(m, bucket)), EL_EMPTY);
    el_bucket_end(versions, bucket);
    return 1;
}

/* clang-format off */
#if GOMAP_THREADS
#define EL_BESIDE(kind)                                                                                            \
    GM_KIND_FUNCTION(int, el, kind, beside_find,                                                                   \
                     (const gomap *map, const gomap_versions *versions, const void *key, void *value),             \
                     map, versions, key, value)                                                                    \
    GM_KIND_FUNCTION(int, el, kind, beside_put,                                                                    \
                     (gomap *map, gomap_versions *versions, const void *key, const void *value),                   \
                     map, versions, key, value)                                                                    \
    GM_KIND_FUNCTION(int, el, kind, beside_erase, (gomap *map, gomap_versions *versions, const void *key),         \
                     map, versions, key)                                                                           \
    const el_beside el_##kind##_beside = {el_##kind##_beside_find, el_##kind##_beside_put, el_##kind##_beside_erase};
#else
#define EL_BESIDE(kind)
#endif
/* clang-format on */

extern const el_beside el_bits8_beside, el_bits16_beside, el_bits32_beside, el_bits64_beside;
extern const el_beside el_float32_beside, el_float64_beside;
extern const el_beside el_bytes_beside, el_bytes16_beside, el_bytes32_beside, el_strings_beside;

#endif
