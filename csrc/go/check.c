/* go/check.c - statistics, the structural walk, and what is checked whatever the kind of key. See check.h. */
#include "check.h"

void go_stats(const gomap *map, gomap_stats *stats)
{
    const go_map *m = go_of(map);
    stats->B = m->B;
    stats->buckets = m->now.at ? m->mask + 1 : 0;
    stats->array_buckets = m->now.buckets;
    stats->array_bytes = m->now.bytes;
    stats->bucket_bytes = m->bucket_bytes;
    stats->overflow_buckets = m->now.overflow + m->old.overflow;
    stats->overflow_heap = m->now.overflow_heap + m->old.overflow_heap;
    stats->growing = m->old.at != NULL;
    stats->same_size = m->same_size;
    stats->old_buckets = m->old.at ? m->old_mask + 1 : 0;
    stats->evacuated = 0;
    stats->grow_at = m->grow_at;
    stats->growths = m->growths;
    stats->same_size_growths = m->same_size_growths;
    stats->noverflow = m->noverflow;
    for (size_t i = 0; i < stats->old_buckets; i++)
        stats->evacuated += (size_t)go_is_evacuated(go_bucket(m, &m->old, i));
    for (size_t i = 0; i < stats->buckets; i++) {
        size_t length = 0;
        for (unsigned char *bucket = go_bucket(m, &m->now, i); bucket; bucket = go_overflow(m, bucket)) length++;
        stats->chain_lengths[length > GOMAP_CHAIN_LENGTHS ? GOMAP_CHAIN_LENGTHS - 1 : length - 1]++;
    }
}

/* Bytes of an array's heap overflow buckets, found by following every chain. */
static size_t go_walk_overflow(const go_map *m, const go_array *array, size_t heads)
{
    size_t bytes = 0;
    for (size_t i = 0; i < heads; i++) {
        unsigned char *bucket = go_bucket(m, array, i);
        if (go_is_evacuated(bucket)) continue;
        while ((bucket = go_overflow(m, bucket)) != NULL)
            if (go_is_heap(array, bucket)) bytes += gm_granted(bucket, m->bucket_bytes);
    }
    return bytes;
}

void go_walk(const gomap *map, size_t live[GOMAP_PURPOSES])
{
    const go_map *m = go_of(map);
    live[GOMAP_HEADER] = gm_granted(m, sizeof *m);
    live[GOMAP_BUCKETS] = gm_granted(m->now.at, m->now.bytes);
    live[GOMAP_OLD_BUCKETS] = gm_granted(m->old.at, m->old.bytes);
    live[GOMAP_STRINGS] = gm_parts_walk_strings(&m->map, &m->parts, go_each);
    live[GOMAP_RECORDS] = gm_region_granted(&m->parts.keys.region) + gm_region_granted(&m->parts.values.region);
    if (m->now.at) live[GOMAP_OVERFLOW] += go_walk_overflow(m, &m->now, m->mask + 1);
    if (m->old.at) live[GOMAP_OVERFLOW] += go_walk_overflow(m, &m->old, m->old_mask + 1);
}

int go_check_link(go_inspection *inspection, size_t index, const unsigned char *bucket)
{
    const go_map *m = inspection->m;
    const go_array *array = inspection->array;
    inspection->linked++;
    if (go_is_heap(array, bucket)) {
        inspection->heap++;
    } else {
        size_t offset = (size_t)(bucket - array->at), at = offset / m->bucket_bytes;
        if (offset % m->bucket_bytes || at <= inspection->mask || at >= array->next_overflow)
            return gm_broken(inspection->why, inspection->size, "G5: %s %zu links to byte %zu of its array",
                             inspection->where, index, offset);
    }
    if (inspection->linked > array->overflow)
        return gm_broken(inspection->why, inspection->size,
                         "G5: %s %zu: more overflow buckets linked than were made, or a ring", inspection->where,
                         index);
    return 0;
}

int go_check_shape(const go_map *m, char *why, size_t size)
{
    size_t count = m->map.public_part.count, bytes, buckets;
    if (gm_parts_check_stores(&m->parts, why, size)) return -1;
    if (m->mask != ((size_t)1 << m->B) - 1 || m->grow_at != go_capacity(m->B))
        return gm_broken(why, size, "G1: B is %u, but the mask is %zu and growth is at %zu", m->B, m->mask, m->grow_at);
    if (m->now.at == NULL) {
        if (count || m->old.at) return gm_broken(why, size, "G1: no array, but %zu entries", count);
        if (m->parts.string_bytes)
            return gm_broken(why, size, "P2: no array, but strings of %zu bytes", (size_t)m->parts.string_bytes);
        return 0;
    }
    buckets = go_array_buckets(m, m->B, &bytes);
    if (m->now.buckets != buckets || m->now.next_overflow <= m->mask || m->now.next_overflow > buckets)
        return gm_broken(why, size, "G1: an array of %zu buckets for B %u, the tail used up to %zu", m->now.buckets,
                         m->B, m->now.next_overflow);
    if (m->old.at) {
        if (m->old_mask != (m->same_size ? m->mask : m->mask >> 1))
            return gm_broken(why, size, "G4: an old array of %zu buckets under B %u", m->old_mask + 1, m->B);
        for (size_t i = 0; i < m->evacuated; i++)
            if (!go_is_evacuated(go_bucket(m, &m->old, i)))
                return gm_broken(why, size,
                                 "G4: old bucket %zu is behind the evacuation mark %zu, and is not evacuated", i,
                                 m->evacuated);
    } else if (count > m->grow_at && m->same_size_growths == 0) {
        /* Nothing is checked while growing: one of the same size may end with the load over. */
        return gm_broken(why, size, "G1: %zu entries without growing, B is %u", count, m->B);
    }
    return 0;
}

int go_check_counts(const go_map *m, const go_inspection *now, const go_inspection *old, char *why, size_t size)
{
    size_t entries = now->entries + old->entries;
    const gm_sums sums = {now->sums.key_numbers + old->sums.key_numbers,
                          now->sums.value_numbers + old->sums.value_numbers,
                          now->sums.string_bytes + old->sums.string_bytes};
    if (now->linked != m->now.overflow || now->heap != m->now.overflow_heap || old->linked != m->old.overflow ||
        old->heap != m->old.overflow_heap)
        return gm_broken(why, size,
                         "G5: %zu + %zu overflow buckets linked (%zu + %zu of them from the heap), counted are %zu + "
                         "%zu (%zu + %zu)",
                         now->linked, old->linked, now->heap, old->heap, m->now.overflow, m->old.overflow,
                         m->now.overflow_heap, m->old.overflow_heap);
    if (m->now.next_overflow - (m->mask + 1) != now->linked - now->heap)
        return gm_broken(why, size, "G5: the tail is used up to bucket %zu for %zu links", m->now.next_overflow,
                         now->linked - now->heap);
    if (entries != m->map.public_part.count)
        return gm_broken(why, size, "G7: %zu entries found, counted are %zu", entries, m->map.public_part.count);
    return gm_parts_check_sums(&m->parts, &sums, why, size);
}
