/* elastic/check.h - statistics, the walk, and the invariants E1 to E7 of csrc/README.md. */
#ifndef GM_ELASTIC_CHECK_H
#define GM_ELASTIC_CHECK_H

#include "access.h"

static void el_stats(const gomap *map, gomap_stats *stats)
{
    const gm_elastic *m = el_of(map);
    stats->buckets = m->buckets;
    stats->array_buckets = m->buckets;
    stats->array_bytes = (size_t)m->slots.bytes;
    stats->bucket_bytes = EL_SLOTS * (1 + (size_t)m->slot_bytes);
    stats->grow_at = m->grow_at;
    stats->splits = (size_t)m->splits;
    stats->merges = (size_t)m->merges;
    stats->displaced = (size_t)m->displaced;
    for (uint32_t i = 0; i < m->overflow_used; i++)
        stats->overflow_buckets += m->overflow.at[(size_t)(i + 1) * (m->slot_bytes + 1) - 1] != EL_EMPTY;
}

static void el_walk(const gomap *map, size_t live[GOMAP_PURPOSES])
{
    const gm_elastic *m = el_of(map);
    live[GOMAP_HEADER] = gm_granted(m, el_struct_bytes(map->engine->ref));
    live[GOMAP_TAGS] = gm_region_granted(&m->tags);
    live[GOMAP_BUCKETS] = gm_region_granted(&m->slots);
    live[GOMAP_OVERFLOW] = gm_region_granted(&m->overflow);
    if (map->engine->ref) live[GOMAP_RECORDS] = gm_region_granted(&m->records.region);
}

/* One entry: its tag, its record, and that a look-up of its key finds it here. */
GM_INLINE int el_check_entry(const gm_elastic *m, unsigned char *tag, unsigned char *slot, const char *where,
                             size_t index, char *why, size_t size, gm_kind kind)
{
    if (kind.ref && (gm_load32(slot) == 0 || gm_load32(slot) > m->records.used))
        return gm_broken(why, size, "E4: %s %zu: record %u of %u", where, index, gm_load32(slot), m->records.used);
    const unsigned char *key = el_entry(m, slot, kind);
    uint64_t word, hash = gm_key_hash(&m->map, key, kind);
    el_place place;
    if (gm_key_canonical(key, &word, kind) != (const void *)key && memcmp(&word, key, kind.bytes) != 0)
        return gm_broken(why, size, "E3: %s %zu: a float key that is not canonical", where, index);
    if (*tag != el_tag(hash))
        return gm_broken(why, size, "E3: %s %zu: tag %u, its key's is %u", where, index, *tag, el_tag(hash));
    if (!el_locate(m, hash, key, kind, &place) || place.slot != slot)
        return gm_broken(why, size, "E2: %s %zu: a look-up of its key does not lead here", where, index);
    return 0;
}

GM_INLINE int el_check(const gomap *map, char *why, size_t size, gm_kind kind)
{
    const gm_elastic *m = el_of(map);
    size_t entries = 0, slot_bytes = el_slot_bytes(m, kind);
    if (m->buckets == 0)
        return map->count ? gm_broken(why, size, "E1: no buckets, but %zu entries", map->count) : 0;
    uint32_t mask = 0;
    while (mask < m->buckets - 1) mask = 2 * mask + 1;
    if (mask != m->mask) return gm_broken(why, size, "E1: mask %u for %u buckets", m->mask, m->buckets);
    if (m->tags.bytes < (size_t)m->buckets * EL_SLOTS || m->slots.bytes < (size_t)m->buckets * EL_SLOTS * slot_bytes ||
        m->overflow.bytes < m->overflow_used * (slot_bytes + 1))
        return gm_broken(why, size, "E1: the regions are too small for %u buckets", m->buckets);
    for (uint32_t bucket = 0; bucket < m->buckets; bucket++) {
        for (gm_match full = el_full(m, bucket); full; full = gm_match_next(full), entries++) {
            unsigned slot = gm_match_index(full);
            if (el_check_entry(m, el_tags(m, bucket) + slot, el_slot(m, bucket, slot, kind), "bucket", bucket, why, size, kind))
                return -1;
        }
    }
    for (uint32_t i = 0; i < m->overflow_used; i++) {
        unsigned char *at = el_overflow(m, i, kind);
        if (at[slot_bytes] == EL_EMPTY) continue;
        entries++;
        if (el_check_entry(m, at + slot_bytes, at, "overflow place", i, why, size, kind)) return -1;
    }
    if (entries != map->count)
        return gm_broken(why, size, "E5: %zu entries found, counted are %zu", entries, map->count);
    if (kind.ref) {
        const char *broken = gm_store_check(&m->records);
        if (broken) return gm_broken(why, size, "%s", broken);
        if (m->records.live != map->count)
            return gm_broken(why, size, "E4: %zu entries, but %u records", map->count, m->records.live);
        if (m->map.iterators == 0 && m->records.free)
            return gm_broken(why, size, "E4: free records where nothing iterates");
    }
    return 0;
}

#endif
