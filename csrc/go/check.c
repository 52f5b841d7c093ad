/* go/check.c - statistics and the structural walk. See check.h. */
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
        for (unsigned char *bucket = go_bucket(m, &m->now, i); bucket; bucket = go_overflow(m, bucket))
            length++;
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

static size_t go_string_granted(const void *slot)
{
    gomap_string string;
    memcpy(&string, slot, sizeof string);
    return string.length ? gm_granted(string.at, string.length) : 0;
}

typedef struct go_string_walk {
    const go_map *m;
    size_t bytes;
} go_string_walk;

static int go_visit_strings(void *context, unsigned char *head, unsigned char *bucket, unsigned slot)
{
    go_string_walk *walk = context;
    const go_map *m = walk->m;
    (void)head;
    if (m->key_string) walk->bytes += go_string_granted(bucket + GO_KEYS + (size_t)slot * m->key_slot);
    if (m->value_string) walk->bytes += go_string_granted(go_value(m, bucket, slot));
    return 1;
}

/* Bytes of the blocks of all strings. */
static size_t go_walk_strings(const go_map *m)
{
    go_string_walk walk = {m, 0};
    go_each_entry(m, go_visit_strings, &walk);
    return walk.bytes;
}

void go_walk(const gomap *map, size_t live[GOMAP_PURPOSES])
{
    const go_map *m = go_of(map);
    live[GOMAP_HEADER] = gm_granted(m, sizeof *m);
    live[GOMAP_BUCKETS] = gm_granted(m->now.at, m->now.bytes);
    live[GOMAP_OLD_BUCKETS] = gm_granted(m->old.at, m->old.bytes);
    if (m->key_string | m->value_string) live[GOMAP_STRINGS] = go_walk_strings(m);
    live[GOMAP_RECORDS] = gm_region_granted(&m->keys.region) + gm_region_granted(&m->values.region);
    if (m->now.at) live[GOMAP_OVERFLOW] += go_walk_overflow(m, &m->now, m->mask + 1);
    if (m->old.at) live[GOMAP_OVERFLOW] += go_walk_overflow(m, &m->old, m->old_mask + 1);
}
