/* go/bulk.h - many keys at a time: the buckets of a window of keys are waited for at once. */
#ifndef GM_GO_BULK_H
#define GM_GO_BULK_H

#include "../bulk.h"
#include "find.h"

enum { GO_WINDOW = 16 }; /* three lines each */

/* Asks for the buckets that a window's keys lead to, from key `done` on, and keeps the hashes. */
GM_INLINE void go_window_ask(const go_map *m, uint64_t *hash, const gm_keys *keys, size_t done, size_t stride,
                             size_t count, gm_kind kind)
{
    for (size_t i = 0; i < count; i++) {
        if (gm_keys_absent(keys, done + i)) continue;
        hash[i] = gm_key_hash(&m->map, keys->at + (done + i) * stride, kind);
        const unsigned char *head = go_bucket(m, &m->now, hash[i] & m->mask);
        GM_PREFETCH(head);
        go_prefetch(m, head);
    }
}

GM_INLINE size_t go_find_many(const gomap *map, const gm_keys *keys, void **found, gm_kind kind)
{
    const go_map *m = go_of(map);
    size_t stride = gm_key_stride(map->type, gm_key_bytes(&m->map, kind)), hits = 0;
    uint64_t hash[GO_WINDOW];
    if (map->count == 0) {
        memset(found, 0, keys->count * sizeof *found);
        return 0;
    }
    for (size_t done = 0, some; done < keys->count; done += some) {
        const unsigned char *at = keys->at + done * stride;
        some = keys->count - done < GO_WINDOW ? keys->count - done : GO_WINDOW;
        go_window_ask(m, hash, keys, done, stride, some, kind);
        for (size_t i = 0; i < some; i++) {
            go_place place;
            int is_in = !gm_keys_absent(keys, done + i) &&
                        go_locate(m, go_head(m, hash[i]), hash[i], at + i * stride, kind, &place);
            found[done + i] = is_in ? go_value(m, place.bucket, place.slot) : NULL;
            hits += (size_t)is_in;
        }
    }
    return hits;
}

GM_INLINE size_t go_put_many(gomap *map, const gm_keys *keys, void *values, size_t value_stride, gomap_writer *writer,
                             gm_kind kind)
{
    go_map *m = go_of(map);
    size_t stride = gm_key_stride(map->type, gm_key_bytes(&m->map, kind));
    const gm_values put = {values, value_stride, map->type->value_size, writer};
    uint64_t hash[GO_WINDOW];
    for (size_t done = 0, some; done < keys->count; done += some) {
        const unsigned char *at = keys->at + done * stride;
        some = keys->count - done < GO_WINDOW ? keys->count - done : GO_WINDOW;
        if (m->now.at) go_window_ask(m, hash, keys, done, stride, some, kind);
        for (size_t i = 0; i < some; i++) {
            int added;
            if (gm_keys_absent(keys, done + i)) continue;
            void *room = map->engine->assign(map, at + i * stride, &added);
            if (!gm_values_write(&put, done + i, room, added)) return done + i;
        }
    }
    return keys->count;
}

GM_INLINE size_t go_erase_many(gomap *map, const gm_keys *keys, gm_kind kind)
{
    go_map *m = go_of(map);
    size_t stride = gm_key_stride(map->type, gm_key_bytes(&m->map, kind)), erased = 0;
    uint64_t hash[GO_WINDOW];
    for (size_t done = 0, some; done < keys->count && map->count; done += some) {
        const unsigned char *at = keys->at + done * stride;
        some = keys->count - done < GO_WINDOW ? keys->count - done : GO_WINDOW;
        go_window_ask(m, hash, keys, done, stride, some, kind);
        for (size_t i = 0; i < some; i++)
            if (!gm_keys_absent(keys, done + i)) erased += (size_t)map->engine->erase(map, at + i * stride);
    }
    return erased;
}

#endif
