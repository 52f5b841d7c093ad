/* elastic/bulk.h - many keys at a time. Most of the time goes into waiting for memory, so the waits of a whole window
 * of keys overlap.
 *
 *     hash them all, ask for their tags | look at the tags, ask for the slots | compare keys, read or write
 *
 * A processor can fetch about a dozen cache lines at a time. Handling one key after the other uses only two of them.
 */
#ifndef GM_ELASTIC_BULK_H
#define GM_ELASTIC_BULK_H

#include "../bulk.h"
#include "erase.h"
#include "insert.h"
#include "reserve.h"

/* The keys in a window; two windows are in progress. So many keys fill a core's line buffers and its execution
 * window, and their state stays in the first-level cache. 16 to 32 differ by a twentieth, 64 is a tenth slower. */
enum { EL_WINDOW = 16 };

/* A key of the window, and where it leads. */
typedef struct el_probe {
    const void *key; /* NULL: it is left out, or a string longer than any */
    uint64_t hash;
    uint32_t first, second;
    unsigned char *slot;  /* el_window_look: the slot that most likely holds the key; NULL: it is in neither bucket */
    unsigned char *entry; /* likewise, where entries stand in records: the record of that slot */
} el_probe;

typedef struct el_window {
    el_probe probe[EL_WINDOW];
    el_key room[EL_WINDOW];
} el_window;

/* From key `done` on. */
GM_INLINE void el_window_hash(const el_map *m, el_window *window, const gm_keys *keys, size_t done, size_t stride,
                              size_t count, gm_kind kind)
{
    uint32_t buckets = m->buckets, mask = m->mask;
    for (size_t i = 0; i < count; i++) {
        el_probe *probe = &window->probe[i];
        probe->key = NULL;
        if (gm_keys_absent(keys, done + i)) continue;
        const unsigned char *key = keys->at + (done + i) * stride;
        if (kind.code == GM_IMAGES && keys->padded)
            probe->key = gm_string_make_padded(&window->room[i].string, (const void *)key, m->map.seed)
                             ? &window->room[i]
                             : NULL;
        else probe->key = el_key_make(m, key, &window->room[i], kind);
        if (probe->key == NULL) continue;
        probe->hash = el_key_hash(m, probe->key, kind);
        probe->first = el_address(el_first(probe->hash), buckets, mask);
        probe->second = el_address(el_second(probe->hash), buckets, mask);
        GM_PREFETCH(el_tags(m, probe->first));
        GM_PREFETCH(el_tags(m, probe->second));
    }
}

/* Asks for a slot's lines: it may lie across two. */
GM_INLINE void el_ask(const el_map *m, const unsigned char *slot, gm_kind kind)
{
    GM_PREFETCH(slot);
    if (!kind.ref && m->slot_bytes != 16 && m->slot_bytes != 8) GM_PREFETCH(slot + m->slot_bytes - 1);
}

/* Looks at the tags, and asks for the entries. */
GM_INLINE void el_window_look(const el_map *m, el_window *window, size_t count, gm_kind kind)
{
    for (size_t i = 0; i < count; i++) {
        el_probe *probe = &window->probe[i];
        probe->slot = NULL;
        if (probe->key) probe->slot = el_candidate(m, probe->first, probe->second, el_tag(probe->hash), kind);
        if (probe->slot) el_ask(m, probe->slot, kind);
    }
    if (!kind.ref) return;
    for (size_t i = 0; i < count; i++) {
        if (window->probe[i].slot == NULL) continue;
        const unsigned char *entry = window->probe[i].entry = el_record(m, window->probe[i].slot);
        GM_PREFETCH(entry);
        GM_PREFETCH(entry + m->value_at);
    }
}

/* The place of an entry in a bucket (place.h). */
GM_INLINE size_t el_slot_number(const el_map *m, const unsigned char *slot, gm_kind kind)
{
    size_t at = (size_t)(slot - m->slots.at), bytes = el_slot_bytes(m, kind);
    return GM_LIKELY(bytes == 16) ? at / 16 : at / bytes;
}

/* Compares keys. Returns how many were found. With `places` these are said too, and what is aside is asked for. */
GM_INLINE size_t el_window_match(const el_map *m, const el_window *window, size_t count, void **found, size_t *places,
                                 gm_kind kind)
{
    size_t hits = 0;
    for (size_t i = 0; i < count; i++) {
        const el_probe *probe = &window->probe[i];
        el_place place;
        found[i] = NULL;
        if (places) places[i] = EL_NOWHERE;
        if (probe->slot == NULL) {
            if (GM_LIKELY(m->overflow_used == 0) || probe->key == NULL) continue;
        } else {
            unsigned char *entry = kind.ref ? probe->entry : probe->slot;
            if (GM_LIKELY(el_matches(m, entry, probe->key, kind))) {
                found[i] = entry + m->value_at;
                if (places) {
                    places[i] = el_slot_number(m, probe->slot, kind);
                    GM_PREFETCH(m->aside.at + places[i] * m->aside_bytes);
                }
                hits++;
                continue;
            }
        }
        if (!el_search(m, probe->first, probe->second, el_tag(probe->hash), probe->key, kind, &place)) continue;
        found[i] = place.entry + m->value_at;
        if (places) places[i] = el_place_number(m, &place);
        hits++;
    }
    return hits;
}

/* found[i]: the address of key i's value, or NULL; and with `places` its place, or EL_NOWHERE. Returns how many were
 * found. A window is hashed before the keys of the previous window are compared. Meanwhile the few slots arrive that
 * absent keys ask for because of an equal tag (a miss at 1,000,000 entries takes a quarter less). */
GM_INLINE size_t el_find_places(const el_map *m, const gm_keys *keys, void **found, size_t *places, gm_kind kind)
{
    const gomap *map = &m->map.public_part;
    size_t count = keys->count, stride = gm_key_stride(map->type, gm_key_bytes(&m->map, kind)), hits = 0, before = 0;
    el_window windows[2];
    unsigned turn = 0;
    if (map->count == 0) {
        memset(found, 0, count * sizeof *found);
        if (places) memset(places, 0xff, count * sizeof *places); /* EL_NOWHERE */
        return 0;
    }
    for (size_t done = 0, some; done < count; done += some) {
        size_t last = done - before; /* the previous window's first key */
        some = count - done < EL_WINDOW ? count - done : EL_WINDOW;
        el_window_hash(m, &windows[turn], keys, done, stride, some, kind);
        hits += el_window_match(m, &windows[turn ^ 1], before, found + last, places ? places + last : NULL, kind);
        el_window_look(m, &windows[turn], some, kind);
        before = some;
        turn ^= 1;
    }
    size_t last = count - before;
    return hits + el_window_match(m, &windows[turn ^ 1], before, found + last, places ? places + last : NULL, kind);
}

GM_INLINE size_t el_find_many(const gomap *map, const gm_keys *keys, void **found, gm_kind kind)
{
    return el_find_places(el_of(map), keys, found, NULL, kind);
}

/* For a cache: values and places. */
GM_INLINE void el_locate_many(const el_map *m, const gm_keys *keys, void **found, size_t *places, gm_kind kind)
{
    (void)el_find_places(m, keys, found, places, kind);
}

/* Prefetches the slots where a window's keys will probably be written. Where both buckets of a key are full, one of
 * their entries must be displaced first. For these it prefetches the entries and, once all of the window's are under
 * way, the tags of the buckets where an entry may go. */
GM_INLINE void el_window_ask(const el_map *m, el_window *window, size_t count, el_owned owned, gm_kind kind)
{
    unsigned char full[EL_WINDOW];
    size_t full_count = 0;
    for (size_t i = 0; i < count; i++) {
        el_probe *probe = &window->probe[i];
        probe->slot = NULL;
        if (probe->key == NULL) continue;
        const unsigned char *slot = probe->slot =
            el_candidate(m, probe->first, probe->second, el_tag(probe->hash), kind);
        if (slot == NULL) {
            gm_match first, second;
            uint32_t bucket = probe->first;
            if (gm_zeros16(el_tags(m, probe->first), el_tags(m, probe->second), &first, &second) > 0) {
                bucket = probe->second;
                first = second;
            }
            if (!first) {
                GM_PREFETCH(el_slot(m, probe->first, 0, kind));
                GM_PREFETCH(el_slot(m, probe->second, 0, kind));
                full[full_count++] = (unsigned char)i;
                continue;
            }
            slot = el_slot(m, bucket, gm_match_index(first), kind);
        }
        el_ask(m, slot, kind);
    }
    if (kind.ref) return; /* keys stand in records, which are as far */
    for (size_t i = 0; i < full_count; i++)
        el_displace_ask(m, window->probe[full[i]].first, window->probe[full[i]].second, owned, kind);
}

/* For a cache, before keys are put in one by one, a window of them at most. */
GM_INLINE void el_ask_many(const el_map *m, const gm_keys *keys, gm_kind kind)
{
    el_window window;
    size_t stride = gm_key_stride(m->map.public_part.type, gm_key_bytes(&m->map, kind));
    if (m->buckets == 0) return;
    el_window_hash(m, &window, keys, 0, stride, keys->count, kind);
    el_window_ask(m, &window, keys->count, el_owns_all, kind);
}

/* Every key with its value, or what the writer makes of it. Returns how many keys it came by: fewer than there are when
 * there is no memory, or the writer ended it.
 *
 * Most keys of a column of text are there already, in the slot that was asked for. So that slot is compared first, as
 * long as no key of the window is new: then entries may have moved. (1,500,000 words, of which 59,000 are distinct,
 * take a tenth less.) */
GM_INLINE size_t el_put_many(gomap *map, const gm_keys *keys, void *values, size_t value_stride, gomap_writer *writer,
                             gm_kind kind)
{
    el_map *m = el_of(map);
    size_t count = keys->count, stride = gm_key_stride(map->type, gm_key_bytes(&m->map, kind));
    const gm_values put = {values, value_stride, map->type->value_size, writer};
    el_window window;
    if (count && GM_UNLIKELY(m->buckets == 0) && !el_begin(m, kind)) return 0;
    for (size_t done = 0, some; done < count; done += some) {
        some = count - done < EL_WINDOW ? count - done : EL_WINDOW;
        if (GM_LIKELY(m->map.iterators == 0))
            while (map->count + some > m->grow_at && m->buckets > 1)
                if (!el_grow(m)) break; /* keys that are there need no room */
        el_window_hash(m, &window, keys, done, stride, some, kind);
        el_window_ask(m, &window, some, el_owns_all, kind);
        size_t before = map->count;
        for (size_t i = 0; i < some; i++) {
            const el_probe *probe = &window.probe[i];
            int added = 0;
            unsigned char *asked = probe->slot && map->count == before ? el_entry(m, probe->slot, kind) : NULL;
            void *room;
            if (asked && GM_LIKELY(el_matches(m, asked, probe->key, kind))) {
                room = asked + m->value_at;
            } else if (probe->key) {
                room = el_assign_hashed(m, probe->key, probe->hash, &window.room[i], &added, kind);
            } else {
                if (gm_keys_absent(keys, done + i)) continue;
                return done + i;
            }
            if (!gm_values_write(&put, done + i, room, added)) return done + i;
        }
    }
    return count;
}

/* Returns how many of the keys were there. Keys are no objects: comparing them runs no code that could change the map
 * meanwhile. */
GM_INLINE size_t el_erase_many(gomap *map, const gm_keys *keys, gm_kind kind)
{
    el_map *m = el_of(map);
    size_t count = keys->count, stride = gm_key_stride(map->type, gm_key_bytes(&m->map, kind)), erased = 0;
    el_window window;
    for (size_t done = 0, some; done < count && map->count; done += some) {
        some = count - done < EL_WINDOW ? count - done : EL_WINDOW;
        el_window_hash(m, &window, keys, done, stride, some, kind);
        for (size_t i = 0; i < some; i++) {
            const el_probe *probe = &window.probe[i];
            if (probe->key == NULL) continue;
            const unsigned char *slot = el_candidate(m, probe->first, probe->second, el_tag(probe->hash), kind);
            if (slot) GM_PREFETCH(slot);
        }
        for (size_t i = 0; i < some; i++) {
            const el_probe *probe = &window.probe[i];
            el_place place;
            if (probe->key == NULL || !el_locate(m, probe->hash, probe->key, kind, &place)) continue;
            el_erase_at(m, place, kind);
            erased++;
        }
    }
    return erased;
}

/* ---- filling an empty map ---------------------------------------------------------------------- */

GM_INLINE size_t el_fill_buckets(size_t count) { return 2 * count / EL_COMPACT_HALVES + 1; }

/* Room for so many entries at the load that compacting makes, which insertions may then go up to, until
 * gomap_fill_end. 0: there is no memory, or the map has entries. */
GM_INLINE int el_fill(gomap *map, size_t count, gm_kind kind)
{
    el_map *m = el_of(map);
    size_t buckets = el_fill_buckets(count);
    if (map->count || m->map.iterators || buckets <= m->buckets || buckets >= EL_MAX_BUCKETS) return 0;
    if (!el_reserve_room(m, buckets, count, kind)) return 0;
    el_lay_out(m, buckets);
    m->grow_at = EL_COMPACT_HALVES * buckets / 2;
    return 1;
}

#endif
