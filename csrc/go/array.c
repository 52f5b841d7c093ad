/* go/array.c - making and dropping bucket arrays and overflow buckets. See array.h. */
#include "array.h"

size_t go_size_class(size_t size)
{
    static const uint16_t classes[] = {
        8,     16,    24,    32,    48,    64,    80,    96,    112,   128,   144,   160,   176,   192,
        208,   224,   240,   256,   288,   320,   352,   384,   416,   448,   480,   512,   576,   640,
        704,   768,   896,   1024,  1152,  1280,  1408,  1536,  1792,  2048,  2304,  2688,  3072,  3200,
        3456,  4096,  4864,  5376,  6144,  6528,  6784,  6912,  8192,  9472,  9728,  10240, 10880, 12288,
        13568, 14336, 16384, 18432, 19072, 20480, 21760, 24576, 27264, 28672, 32768,
    };
    size_t low = 0, high = sizeof classes / sizeof classes[0] - 1;
    if (size > classes[high]) return (size + 8191) / 8192 * 8192;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (classes[middle] < size) low = middle + 1;
        else high = middle;
    }
    return classes[low];
}

size_t go_array_buckets(const go_map *m, unsigned B, size_t *bytes)
{
    size_t buckets = (size_t)1 << (B & 63);
    if (B >= 4) buckets += (size_t)1 << (B - 4);
    if (B >= 48 || (uint64_t)buckets > GO_MAX_BYTES / m->bucket_bytes) return 0;
    *bytes = buckets * m->bucket_bytes;
    if (B < 4) return buckets;
    *bytes = go_size_class(*bytes);
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
