/* elastic/check.h - statistics, the walk, and the invariants E1 to E7, and T1 to T3 of strings, of csrc/README.md. */
#ifndef GM_ELASTIC_CHECK_H
#define GM_ELASTIC_CHECK_H

#include "find.h"
#include "records.h"

void el_stats(const gomap *map, gomap_stats *stats);

void el_walk(const gomap *map, size_t live[GOMAP_PURPOSES]);

/* A slot's record: its number is one that was handed out, and is added to the sum. Before any entry is read. */
GM_INLINE int el_check_number(const el_map *m, const unsigned char *slot, const char *where, size_t index,
                              uint64_t *numbers, char *why, size_t size)
{
    uint32_t number = gm_load32(slot);
    *numbers += number;
    if (number && number <= m->records.used) return 0;
    return gm_broken(why, size, "E4: %s %zu: record %u of %u", where, index, number, m->records.used);
}

/* Checks the records' numbers: each number handed out is an entry's or free, exactly once (a number that two entries
 * hold breaks E2). While nothing iterates, only a few records are free. */
GM_INLINE int el_check_records(const el_map *m, char *why, size_t size, gm_kind kind)
{
    const gm_store *records = &m->records;
    uint64_t numbers = 0;
    const char *broken = gm_store_check(records);
    if (broken) return gm_broken(why, size, "%s", broken);
    for (uint32_t bucket = 0; bucket < m->buckets; bucket++)
        for (gm_match full = el_full(m, bucket); full; full = gm_match_next(full))
            if (el_check_number(m, el_slot(m, bucket, gm_match_index(full), kind), "bucket", bucket, &numbers, why,
                                size))
                return -1;
    for (uint32_t i = 0; i < m->overflow_used; i++) {
        unsigned char *at = el_overflow(m, i, kind);
        if (at[4] != EL_EMPTY && el_check_number(m, at, "overflow place", i, &numbers, why, size)) return -1;
    }
    if (records->live != m->map.public_part.count)
        return gm_broken(why, size, "E4: %zu entries, but %u records", m->map.public_part.count, records->live);
    if (m->map.iterators == 0 && records->free && el_too_many_gaps(m))
        return gm_broken(why, size, "E4: %u free records of %u where nothing iterates", el_gaps(m), records->used);
    if (!gm_store_adds_up(records, numbers))
        return gm_broken(why, size, "E4: a record is two entries', or an entry's and free");
    return 0;
}

/* What the images of a map have named. */
typedef struct el_found_strings {
    uint64_t numbers[GOMAP_PARTS][GM_STRING_CLASSES];
    uint64_t bytes;
} el_found_strings;

/* The images of a key or value, which stands here: well formed; a long one's record is there and leads back to this
 * image in its entry, which has this hash, and its string has this image. */
int el_check_images(const el_map *m, int part, unsigned char *at, uint64_t hash, el_found_strings *strings, char *why,
                    size_t size);

int el_check_strings(const el_map *m, const el_found_strings *found, char *why, size_t size);

/* One entry: its key is canonical, its tag its key's, and a look-up of its key finds it here. */
GM_INLINE int el_check_entry(const el_map *m, unsigned char *tag, unsigned char *slot, const char *where, size_t index,
                             el_found_strings *strings, char *why, size_t size, gm_kind kind)
{
    unsigned char *entry = el_entry(m, slot, kind);
    const void *key = entry;
    uint64_t word, hash = gm_key_hash(&m->map, key, kind);
    gomap_key again;
    el_key room;
    el_place place;
    if (gm_key_canonical(key, &word, kind) != key && memcmp(&word, key, kind.bytes) != 0)
        return gm_broken(why, size, "E3: %s %zu: a float key that is not canonical", where, index);
    if (el_check_images(m, GOMAP_KEY, entry, hash, strings, why, size) ||
        el_check_images(m, GOMAP_VALUE, entry + m->value_at, hash, strings, why, size))
        return -1;
    if (kind.code == GM_IMAGES || kind.code == GM_OBJECTS || kind.code == GM_IMAGE_STRUCTS)
        key = gomap_key_again(&m->map.public_part, key, &again);
    if (kind.code == GM_IMAGES) key = el_key_make(m, key, &room, kind);
    if (kind.code == GM_IMAGE_STRUCTS && el_key_hash(m, key, kind) != hash)
        return gm_broken(why, size, "E3: %s %zu: a key's hash is not that of its strings' images", where, index);
    if (*tag != el_tag(hash))
        return gm_broken(why, size, "E3: %s %zu: tag %u, its key's is %u", where, index, *tag, el_tag(hash));
    if (!el_locate(m, hash, key, kind, &place) || place.slot != slot)
        return gm_broken(why, size, "E2: %s %zu: a look-up of its key does not lead here", where, index);
    return 0;
}

/* What can be said without looking at an entry. */
GM_INLINE int el_check_shape(const el_map *m, char *why, size_t size, gm_kind kind)
{
    size_t count = m->map.public_part.count, slot_bytes = el_slot_bytes(m, kind);
    if (m->buckets == 0) {
        if (count || m->mask) return gm_broken(why, size, "E1: no buckets, but %zu entries, mask %u", count, m->mask);
        if (m->tags.bytes || m->slots.bytes || (m->aside_bytes && m->aside.bytes) || m->overflow_used ||
            m->overflow.bytes || (kind.ref && (m->records.used || m->records.region.bytes)))
            return gm_broken(why, size, "E7: no buckets, but memory for entries");
        return 0;
    }
    if (m->mask != el_mask_for(m->buckets))
        return gm_broken(why, size, "E1: mask %u for %u buckets", m->mask, m->buckets);
    if (m->grow_at != el_capacity(m, m->buckets) || m->shrink_at > m->grow_at / 4 * 3)
        return gm_broken(why, size, "E1: %u buckets grow at %zu, shrink at %zu", m->buckets, m->grow_at, m->shrink_at);
    if (m->tags.bytes < (size_t)m->buckets * EL_SLOTS || m->slots.bytes < (size_t)m->buckets * EL_SLOTS * slot_bytes)
        return gm_broken(why, size, "E1: the regions are too small for %u buckets", m->buckets);
    if (m->aside_bytes && m->aside.bytes < (size_t)m->buckets * EL_SLOTS * m->aside_bytes)
        return gm_broken(why, size, "E1: the region aside is too small for %u buckets", m->buckets);
    if (count > (m->buckets == 1 ? EL_SLOTS : (size_t)EL_COMPACT_HALVES * m->buckets / 2))
        return gm_broken(why, size, "E1: %zu entries in %u buckets", count, m->buckets);
    if (m->overflow.bytes < m->overflow_used * el_overflow_stride(m, slot_bytes) ||
        (m->overflow_used == 0) != (m->overflow.bytes == 0))
        return gm_broken(why, size, "E6: an overflow list of %u places in %zu bytes", m->overflow_used,
                         (size_t)m->overflow.bytes);
    return 0;
}

GM_INLINE int el_check(const gomap *map, char *why, size_t size, gm_kind kind)
{
    const el_map *m = el_of(map);
    size_t entries = 0, slot_bytes = el_slot_bytes(m, kind);
    el_found_strings strings;
    memset(&strings, 0, sizeof strings);
    if (el_check_shape(m, why, size, kind)) return -1;
    if (kind.ref && el_check_records(m, why, size, kind)) return -1;
    for (uint32_t bucket = 0; bucket < m->buckets; bucket++) {
        for (gm_match full = el_full(m, bucket); full; full = gm_match_next(full), entries++) {
            unsigned slot = gm_match_index(full);
            if (el_check_entry(m, el_tags(m, bucket) + slot, el_slot(m, bucket, slot, kind), "bucket", bucket, &strings,
                               why, size, kind))
                return -1;
        }
    }
    for (uint32_t i = 0; i < m->overflow_used; i++) {
        unsigned char *at = el_overflow(m, i, kind);
        if (at[slot_bytes] == EL_EMPTY) {
            if (m->map.iterators == 0)
                return gm_broken(why, size, "E6: overflow place %u is empty where nothing iterates", i);
            continue;
        }
        entries++;
        if (el_check_entry(m, at + slot_bytes, at, "overflow place", i, &strings, why, size, kind)) return -1;
    }
    if (entries != map->count)
        return gm_broken(why, size, "E5: %zu entries found, counted are %zu", entries, map->count);
    return el_has_strings(m) ? el_check_strings(m, &strings, why, size) : 0;
}

#endif
