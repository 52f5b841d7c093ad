/* go/array.c - making and dropping bucket arrays and overflow buckets. See array.h. */
#include "array.h"

size_t go_array_buckets(const go_map *m, unsigned B, size_t *bytes)
{
    size_t buckets = (size_t)1 << (B & 63);
    if (B >= 4) buckets += (size_t)1 << (B - 4);
    if (B >= 48 || (uint64_t)buckets > GM_GO_MAX_BYTES / m->bucket_bytes) return 0;
    *bytes = buckets * m->bucket_bytes;
    if (B < 4) return buckets;
    *bytes = gm_size_class(*bytes);
    return *bytes / m->bucket_bytes;
}

int go_array_make(go_map *m, go_array *array, unsigned B)
{
    size_t bytes, buckets = go_array_buckets(m, B, &bytes);
    if (buckets == 0) return 0;
    array->at = gm_alloc(&m->map.memory, GOMAP_BUCKETS, bytes);
    if (array->at == NULL) return 0;
    array->bytes = bytes;
    array->buckets = buckets;
    array->next_overflow = (size_t)1 << B;
    array->overflow = array->overflow_heap = 0;
    return 1;
}

unsigned char *go_overflow_add(go_map *m, unsigned char *last)
{
    unsigned char *bucket;
    go_array *array = &m->now;
    if (array->next_overflow < array->buckets) {
        bucket = go_bucket(m, array, array->next_overflow++);
    } else {
        bucket = gm_alloc(&m->map.memory, GOMAP_OVERFLOW, m->bucket_bytes);
        if (bucket == NULL) return NULL;
        array->overflow_heap++;
    }
    array->overflow++;
    /* Go's incrnoverflow: exact while it fits 16 bits beside 2^B, then one in 2^(B-15). */
    if (m->B < 16) m->noverflow++;
    else if ((gm_random(&m->random) & (((uint64_t)1 << (m->B - 15)) - 1)) == 0) m->noverflow++;
    go_link(m, last, bucket);
    return bucket;
}

void go_chain_release(go_map *m, go_array *array, unsigned char *head)
{
    unsigned char *bucket = go_overflow(m, head);
    while (bucket) {
        unsigned char *next = go_overflow(m, bucket);
        if (go_is_heap(array, bucket)) {
            gm_release(&m->map.memory, GOMAP_OVERFLOW, bucket, m->bucket_bytes);
            array->overflow_heap--;
        }
        bucket = next;
    }
}

void go_array_release_overflow(go_map *m, go_array *array, size_t heads)
{
    for (size_t i = 0; array->overflow_heap && i < heads; i++) {
        unsigned char *head = go_bucket(m, array, i);
        if (!go_is_evacuated(head)) go_chain_release(m, array, head);
    }
}

void go_array_drop(go_map *m, go_array *array, int purpose, size_t heads)
{
    if (array->at == NULL) return;
    go_array_release_overflow(m, array, heads);
    gm_release(&m->map.memory, purpose, array->at, array->bytes);
    memset(array, 0, sizeof *array);
}
