/* window.h - many keys at a time, by windows: the memory that a window's keys lead to is asked for at once, so that
 * the keys wait for it together. For engines in which a hash leads to its memory in one step.
 *
 * An engine passes two functions, which are inlined: what asks for a hash's memory, and what looks a hashed key up.
 */
#ifndef GM_WINDOW_H
#define GM_WINDOW_H

#include "bulk.h"
#include "kind.h"

enum { GM_WINDOW = 16 }; /* three lines each */

typedef void gm_ask(const gomap *map, uint64_t hash);
typedef void *gm_find_hashed(const gomap *map, uint64_t hash, const void *key, gm_kind kind);

/* The next keys: where they begin, and how many. */
typedef struct gm_window {
    const unsigned char *at;
    size_t count;
    uint64_t hash[GM_WINDOW];
} gm_window;

/* Asks for what the keys from number `done` on lead to, and keeps the hashes. */
GM_INLINE void gm_window_open(gm_window *window, const gomap *map, const gm_keys *keys, size_t done, size_t stride,
                              gm_ask *ask, gm_kind kind)
{
    window->at = keys->at + done * stride;
    window->count = keys->count - done < GM_WINDOW ? keys->count - done : GM_WINDOW;
    for (size_t i = 0; ask && i < window->count; i++) {
        if (gm_keys_absent(keys, done + i)) continue;
        window->hash[i] = gm_key_hash(gm_map_of(map), window->at + i * stride, kind);
        ask(map, window->hash[i]);
    }
}

GM_INLINE size_t gm_windows_find(const gomap *map, const gm_keys *keys, void **found, gm_ask *ask, gm_find_hashed *find,
                                 gm_kind kind)
{
    size_t stride = gm_key_stride(map->type, gm_key_bytes(gm_map_of(map), kind)), hits = 0;
    gm_window window;
    if (map->count == 0) {
        memset(found, 0, keys->count * sizeof *found);
        return 0;
    }
    for (size_t done = 0; done < keys->count; done += window.count) {
        gm_window_open(&window, map, keys, done, stride, ask, kind);
        for (size_t i = 0; i < window.count; i++) {
            void *room = NULL;
            if (!gm_keys_absent(keys, done + i)) room = find(map, window.hash[i], window.at + i * stride, kind);
            found[done + i] = room;
            hits += room != NULL;
        }
    }
    return hits;
}

GM_INLINE size_t gm_windows_put(gomap *map, const gm_keys *keys, void *values, size_t value_stride,
                                gomap_writer *writer, gm_ask *ask, gm_kind kind)
{
    size_t stride = gm_key_stride(map->type, gm_key_bytes(gm_map_of(map), kind));
    const gm_values put = {values, value_stride, map->type->value_size, writer};
    gm_window window;
    for (size_t done = 0; done < keys->count; done += window.count) {
        gm_window_open(&window, map, keys, done, stride, map->count ? ask : NULL,
                       kind); /* without entries there may be no array */
        for (size_t i = 0; i < window.count; i++) {
            int added;
            if (gm_keys_absent(keys, done + i)) continue;
            void *room = map->engine->assign(map, window.at + i * stride, &added);
            if (!gm_values_write(&put, done + i, room, added)) return done + i;
        }
    }
    return keys->count;
}

GM_INLINE size_t gm_windows_erase(gomap *map, const gm_keys *keys, gm_ask *ask, gm_kind kind)
{
    size_t stride = gm_key_stride(map->type, gm_key_bytes(gm_map_of(map), kind)), erased = 0;
    gm_window window;
    for (size_t done = 0; done < keys->count && map->count; done += window.count) {
        gm_window_open(&window, map, keys, done, stride, ask, kind);
        for (size_t i = 0; i < window.count; i++)
            if (!gm_keys_absent(keys, done + i)) erased += (size_t)map->engine->erase(map, window.at + i * stride);
    }
    return erased;
}

#endif
