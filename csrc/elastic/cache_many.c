/* elastic/cache_many.c - many keys of a cache at a time. See ../cache.h and bulk.h.
 *
 * Keys are looked up as a map's are, so that the waits for memory overlap, and then each counts as a use. Keys that are
 * put in go one by one, since each may let others go; what they will touch is asked for before, a window at a time.
 */
#include "../rows.h"
#include "bulk.h"
#include "cache.h"

/* Lets the entries at these places go that have expired. Returns whether there are any; then others may have moved. */
static int expire(gomap_cache *cache, const size_t *places, size_t count, uint64_t now)
{
    gomap_iter held; /* so that no entry moves meanwhile */
    int any = 0;
    gomap_erase_begin(&held, cache->map);
    for (size_t i = 0; i < count; i++) {
        if (places[i] == EL_NOWHERE || !gomap_cache_expired(cache, places[i], now)) continue;
        if (*el_place_tag(el_of(cache->map), places[i]) == EL_EMPTY) continue; /* the same key came before */
        any |= gomap_cache_remove(cache, places[i], GOMAP_EXPIRED);
    }
    gomap_erase_end(&held);
    return any;
}

static gomap_cache_uses *uses_of(gomap_finder *finder) { return (gomap_cache_uses *)(void *)finder; }

static int is_timed(const gomap_cache *cache) { return cache->settings.deadlines || cache->settings.idle; }

static void find(gomap_finder *finder, const gm_keys *keys, void **found)
{
    gomap_cache_uses *uses = uses_of(finder);
    const el_map *m = el_of(uses->cache->map);
    size_t *places = uses->places;
    uses->count = keys->count;
    el_resizer_of(m)->locate_many(m, keys, found, places);
    if (!is_timed(uses->cache)) return;
    if (expire(uses->cache, places, keys->count, uses->now)) el_resizer_of(m)->locate_many(m, keys, found, places);
    for (size_t i = 0; i < keys->count; i++) {
        if (places[i] == EL_NOWHERE || !gomap_cache_expired(uses->cache, places[i], uses->now)) continue;
        places[i] = EL_NOWHERE; /* it could not go */
        found[i] = NULL;
    }
}

static void used(gomap_finder *finder)
{
    gomap_cache_uses *uses = uses_of(finder);
    gomap_cache_counts *counts = &uses->cache->counts;
    size_t hits = 0;
    for (size_t i = 0; i < uses->count; i++) {
        if (uses->places[i] == EL_NOWHERE) continue;
        gomap_cache_touch(uses->cache, uses->places[i], uses->now);
        hits++;
    }
    counts->hits += hits;
    counts->misses += uses->count - hits;
}

void gomap_cache_uses_begin(gomap_cache_uses *uses, gomap_cache *cache, uint64_t now)
{
    uses->finder = (gomap_finder){find, used};
    uses->cache = cache;
    uses->now = now;
    uses->count = 0;
    gomap_cache_pass(cache, now);
}

/* The keys of a piece from one on, a window at most. */
static gm_keys window_of(const gm_keys *keys, size_t stride, size_t first)
{
    gm_keys some = *keys;
    some.at += first * stride;
    some.count = keys->count - first < EL_WINDOW ? keys->count - first : EL_WINDOW;
    if (some.absent) some.absent += first;
    return some;
}

static size_t put_rows(gomap_cache *cache, const gm_rows *rows, uint64_t now, uint64_t deadline)
{
    const gm_keys *keys = &rows->keys;
    const el_map *m = el_of(cache->map);
    size_t stride = gm_key_stride(cache->map->type, cache->map->type->key_size);
    int added;
    for (size_t i = 0; i < keys->count; i++) {
        if (i % EL_WINDOW == 0) {
            const gm_keys window = window_of(keys, stride, i);
            el_resizer_of(m)->ask_many(m, &window);
        }
        if (gm_keys_absent(keys, i)) continue;
        if (!gomap_cache_put(cache, keys->at + i * stride, rows->values + i * rows->stride, now, deadline, &added))
            return i;
    }
    return keys->count;
}

size_t gomap_cache_column_put(gomap_cache *cache, gomap_column *keys, gomap_column *values, uint64_t now,
                              uint64_t deadline, size_t begin, size_t most)
{
    size_t done = 0;
    for (gm_rows rows; done < most;) {
        size_t some = gm_rows_read(keys, values, begin + done, most - done, &rows);
        if (some == 0) break;
        size_t in = put_rows(cache, &rows, now, deadline);
        done += in;
        if (in < some) break;
    }
    return done;
}

size_t gomap_cache_column_fits(const gomap_cache *cache, gomap_column *keys, gomap_column *values, size_t begin,
                               size_t most)
{
    size_t stride = gm_key_stride(cache->map->type, cache->map->type->key_size), done = 0;
    if (cache->settings.max_bytes == 0 || !el_has_strings(el_of(cache->map))) return most;
    for (gm_rows rows; done < most;) {
        size_t some = gm_rows_read(keys, values, begin + done, most - done, &rows);
        if (some == 0) break;
        for (size_t i = 0; i < some; i++)
            if (!gm_keys_absent(&rows.keys, i) &&
                !gomap_cache_fits(cache, rows.keys.at + i * stride, rows.values + i * rows.stride))
                return done + i;
        done += some;
    }
    return done;
}
