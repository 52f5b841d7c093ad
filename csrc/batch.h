/* batch.h - entries of a map as the operations on many keys take them: keys one behind another.
 *
 * A batch fits a core's first cache. Keys of fixed size are copied into it; strings are passed as addresses of their
 * bytes, which hold until the map is written to. So entries of a map with string keys can be put into another map by
 * the batch, but are erased from their own one by one.
 */
#ifndef GM_BATCH_H
#define GM_BATCH_H

#include "bulk.h"

enum { GM_BATCH = 256, GM_BATCH_BYTES = 8192 };

typedef struct gm_batch {
    const gomap *map;
    size_t room, count, stride; /* of keys; bytes from one to the next */
    const void *keys;
    const void *entries[GM_BATCH], *values[GM_BATCH]; /* keys and values where they stand in the map */
    union {
        gomap_string strings[GM_BATCH];
        unsigned char bytes[GM_BATCH_BYTES];
    } copied;
} gm_batch;

/* Keys are no objects. */
GM_INLINE void gm_batch_begin(gm_batch *batch, const gomap *map)
{
    batch->map = map;
    batch->stride = gm_key_stride(map->type, map->type->key_size);
    batch->room = batch->stride * GM_BATCH <= GM_BATCH_BYTES ? GM_BATCH : GM_BATCH_BYTES / batch->stride;
    batch->count = 0;
    batch->keys = &batch->copied;
}

/* Adds an entry; 1 when the batch is full then. A key that does not fit into it fills a batch by itself. */
GM_INLINE int gm_batch_add(gm_batch *batch, const void *key, const void *value)
{
    batch->entries[batch->count] = key;
    batch->values[batch->count] = value;
    if (batch->map->type->key_kind == GOMAP_STRING)
        batch->copied.strings[batch->count] = gomap_string_at(batch->map, GOMAP_KEY, key);
    else if (batch->map->type->key_kind == GOMAP_STRUCT)
        (void)gomap_key_again(batch->map, key,
                              (gomap_key *)(void *)(batch->copied.bytes + batch->count * batch->stride));
    else if (GM_LIKELY(batch->room)) gm_copy(batch->copied.bytes + batch->count * batch->stride, key, batch->stride);
    else batch->keys = key;
    return ++batch->count >= batch->room;
}

/* Fills an empty batch with the next entries of an iteration, `most` of them. Returns how many: 0 at the end. */
GM_INLINE size_t gm_batch_read(gm_batch *batch, gomap_iter *iter, size_t most)
{
    const void *key, *value;
    batch->count = 0;
    while (batch->count < most && gomap_iter_next(iter, &key, &value) == 1)
        if (gm_batch_add(batch, key, value)) break;
    return batch->count;
}

#endif
