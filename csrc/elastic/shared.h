/* elastic/shared.h - many keys put in by several threads.
 *
 * Every bucket is of a class, which is some low bits of its number: of 2 N classes with N threads. A bucket's low bits
 * are those of the hash, also after a split. So a key has a class for each of its two buckets, a pair.
 *
 *     deal      each thread reads a part of the keys, hashes them, and appends them to lists, one for each pair
 *     rounds    in each of 2 N - 1 rounds, as in a tournament, each thread has two classes that no other has, and puts
 *               in the keys of that pair
 *
 *     round     thread 0     thread 1            N = 2, classes 0 to 3
 *       0         3 0          1 2
 *       1         3 1          2 0
 *       2         3 2          0 1
 *
 * So a thread owns both buckets of a key, as if it were alone: it looks the key up, chooses the emptier bucket, and
 * displaces entries within its classes. All copies of a key are in one list, in their order. Keys with both buckets in
 * one class are in the list of that class's pair of round 0.
 *
 * What finds no room stays in its list. A key that once found none, finds none later in the same round, or the value of
 * an earlier copy would be put in last: a full bucket stays full, as displacing ends when it has failed once; and when
 * the round's share of new entries is used up, no key is new. What is left is put in by one thread at last, or in
 * further rounds after the map has grown.
 *
 * The map grows between rounds. Threads split buckets together: each has a part of the new ones.
 */
#ifndef GM_ELASTIC_SHARED_H
#define GM_ELASTIC_SHARED_H

#include "../rows.h"
#include "../shared.h"
#include "bulk.h"

enum {
    EL_CLASSES_MOST = 2 * GOMAP_SHARED_MOST,
    EL_PAIRS_MOST = EL_CLASSES_MOST * (EL_CLASSES_MOST - 1) / 2,
    /* Keys in a chunk of a list. At the end of each list half a chunk is unused. */
    EL_CHUNK = 256
};
#define EL_NO_CHUNK 0xffffffffu

/* One thread's part of the keys, in lists of chunks. */
typedef struct el_dealt {
    unsigned char *chunks; /* a key in one: hash, key, value */
    uint32_t *next;        /* chunk in the same list */
    uint16_t *counts;      /* keys in each chunk */
    uint32_t used;         /* chunks */
    uint32_t heads[EL_PAIRS_MOST];
    size_t keys[EL_PAIRS_MOST]; /* in each list */
    int failed;                 /* a column could not be read */
} el_dealt;

/* What a thread did in a round. */
typedef struct el_did {
    size_t may_add; /* so many new entries at most */
    size_t added;
    uint64_t displaced;
    unsigned char apart[64]; /* another thread's stand in another cache line */
} el_did;

typedef struct el_sharer el_sharer;

struct gomap_shared {
    el_map *m;
    const el_sharer *sharer;
    unsigned threads, classes, pairs;
    uint32_t first_buckets;                 /* when it began */
    size_t item;                            /* bytes of a key in a chunk */
    size_t most, begin, count;              /* of the piece */
    size_t dealt;                           /* keys of the piece, without those that are left out */
    size_t before;                          /* entries before the piece */
    double new_share;                       /* of the last piece's keys, those that were new */
    int fresh;                              /* the map's pages have not been cleared yet */
    int phase;                              /* what the threads do, or have done */
    unsigned round, tries;
    uint32_t wanted, from, until, mask;     /* buckets: in all; those that are being split into */
    gomap_column *const *keys, *const *values;
    uint16_t pair[EL_CLASSES_MOST * EL_CLASSES_MOST];
    uint32_t owned[EL_PAIRS_MOST]; /* a pair's classes */
    el_did did[GOMAP_SHARED_MOST];
    el_dealt part[GOMAP_SHARED_MOST];
};

/* The functions for one kind of key. */
struct el_sharer {
    void (*deal)(gomap_shared *s, unsigned thread);
    void (*put)(gomap_shared *s, unsigned thread);
    void (*split)(gomap_shared *s, unsigned thread);
    int (*put_left)(gomap_shared *s);
    uint64_t (*displace)(el_map *m, uint32_t first, uint32_t second, el_owned owned, uint64_t *displaced);
};

/* ---- deal --------------------------------------------------------------------------------------- */

/* Item `done` of `count` in all, of thread's part. */
GM_INLINE size_t el_part(const gomap_shared *s, size_t count, unsigned thread) { return count * thread / s->threads; }

GM_INLINE unsigned el_pair_of(const gomap_shared *s, uint64_t hash)
{
    uint32_t first = el_class(el_first(hash), s->classes - 1), second = el_class(el_second(hash), s->classes - 1);
    return s->pair[first * s->classes + second];
}

typedef struct el_end {
    unsigned char *at, *end; /* in the last chunk: where the next key goes, where none does */
    uint32_t chunk;
} el_end;

/* Another chunk for a list. There is one (gomap_shared_room). */
GM_INLINE void el_chunk(const gomap_shared *s, el_dealt *part, el_end *end, unsigned pair)
{
    uint32_t chunk = part->used++;
    if (end->at) part->next[end->chunk] = chunk;
    else part->heads[pair] = chunk;
    part->next[chunk] = EL_NO_CHUNK;
    part->counts[chunk] = EL_CHUNK;
    end->chunk = chunk;
    end->at = part->chunks + (size_t)chunk * EL_CHUNK * s->item;
    end->end = end->at + EL_CHUNK * s->item;
}

GM_INLINE void el_deal(gomap_shared *s, unsigned thread, gm_kind kind)
{
    const el_map *m = s->m;
    const gomap_type *type = m->map.public_part.type;
    el_dealt *part = &s->part[thread];
    size_t at = s->begin + el_part(s, s->count, thread), until = s->begin + el_part(s, s->count, thread + 1);
    size_t key_bytes = gm_key_bytes(&m->map, kind), stride = gm_key_stride(type, key_bytes), item = s->item;
    el_end ends[EL_PAIRS_MOST];
    memset(ends, 0, s->pairs * sizeof *ends);
    memset(part->heads, 0xff, s->pairs * sizeof *part->heads);
    part->used = 0;
    part->failed = 0;
    for (size_t some; at < until; at += some) {
        gm_rows rows;
        some = gm_rows_read_once(s->keys[thread], s->values[thread], at, until - at, &rows);
        if (some == 0) {
            part->failed = 1;
            return;
        }
        for (size_t i = 0; i < some; i++) {
            el_key room;
            if (gm_keys_absent(&rows.keys, i)) continue;
            const void *key = el_key_make(m, rows.keys.at + i * stride, &room, kind);
            uint64_t hash = el_key_hash(m, key, kind);
            unsigned pair = el_pair_of(s, hash);
            el_end *end = &ends[pair];
            if (GM_UNLIKELY(end->at == end->end)) el_chunk(s, part, end, pair);
            gm_store64(end->at, hash);
            memcpy(end->at + 8, key, key_bytes);
            gm_copy(end->at + 8 + key_bytes, rows.values + i * rows.stride, type->value_size);
            end->at += item;
        }
    }
    for (unsigned pair = 0; pair < s->pairs; pair++) {
        size_t keys = 0;
        if (ends[pair].at)
            part->counts[ends[pair].chunk] = (uint16_t)(EL_CHUNK - (size_t)(ends[pair].end - ends[pair].at) / item);
        for (uint32_t chunk = part->heads[pair]; chunk != EL_NO_CHUNK; chunk = part->next[chunk])
            keys += part->counts[chunk];
        part->keys[pair] = keys;
    }
}

/* ---- put ---------------------------------------------------------------------------------------- */

/* A free slot for a new key; NULL: there is none within what is owned. */
GM_INLINE unsigned char *el_place_owned(gomap_shared *s, const el_probe *probe, el_owned owned, int *stuck,
                                        uint64_t *displaced, gm_kind kind)
{
    el_map *m = s->m;
    gm_match free;
    uint32_t bucket = el_emptier(m, probe->first, probe->second, &free);
    unsigned slot;
    if (GM_LIKELY(free != 0)) {
        slot = gm_match_index(free);
    } else {
        uint64_t freed =
            *stuck ? EL_NONE : s->sharer->displace(m, probe->first, probe->second, owned, displaced);
        if (freed == EL_NONE) {
            *stuck = 1;
            return NULL;
        }
        bucket = (uint32_t)(freed / EL_SLOTS);
        slot = (unsigned)freed & (EL_SLOTS - 1);
    }
    el_tags(m, bucket)[slot] = el_tag(probe->hash);
    return el_slot(m, bucket, slot, kind);
}

/* A walk through the lists of a pair, each of which has the keys of a part. */
typedef struct el_rest {
    gomap_shared *s;
    unsigned pair, from; /* the part */
    uint32_t chunk, done; /* keys of the chunk that have been opened */
} el_rest;

/* Keys that are hashed already, from a chunk. */
typedef struct el_dealt_window {
    el_window window;
    el_dealt *part; /* its chunk's */
    uint32_t chunk;
    unsigned count;
} el_dealt_window;

GM_INLINE el_rest el_rest_begin(gomap_shared *s, unsigned pair)
{
    return (el_rest){s, pair, 0, s->part[0].heads[pair], 0};
}

GM_INLINE unsigned char *el_chunk_at(const gomap_shared *s, const el_dealt *part, uint32_t chunk)
{
    return part->chunks + (size_t)chunk * EL_CHUNK * s->item;
}

GM_INLINE void el_ask_dealt(const unsigned char *at, size_t bytes)
{
    for (size_t line = 0; line < bytes; line += 64) GM_PREFETCH(at + line);
}

/* The next keys, and asks for their tags. 0: there are no more. */
GM_INLINE unsigned el_rest_open(el_rest *walk, el_dealt_window *window)
{
    gomap_shared *s = walk->s;
    const el_map *m = s->m;
    el_dealt *part = &s->part[walk->from];
    uint32_t buckets = m->buckets, mask = m->mask;
    for (;;) {
        if (walk->chunk == EL_NO_CHUNK) {
            window->count = 0;
            if (walk->from + 1 == s->threads) return 0;
            part = &s->part[++walk->from];
            walk->chunk = part->heads[walk->pair];
        } else if (walk->done == part->counts[walk->chunk]) {
            walk->chunk = part->next[walk->chunk];
        } else {
            break;
        }
        walk->done = 0;
    }
    unsigned count = part->counts[walk->chunk] - walk->done;
    if (count > EL_WINDOW) count = EL_WINDOW;
    const unsigned char *at = el_chunk_at(s, part, walk->chunk) + walk->done * s->item;
    if (walk->done == 0 && part->next[walk->chunk] != EL_NO_CHUNK)
        el_ask_dealt(el_chunk_at(s, part, part->next[walk->chunk]), 2 * EL_WINDOW * s->item);
    el_ask_dealt(at + 2 * EL_WINDOW * s->item, EL_WINDOW * s->item);
    for (unsigned i = 0; i < count; i++, at += s->item) {
        el_probe *probe = &window->window.probe[i];
        probe->hash = gm_load64(at);
        probe->key = at + 8;
        probe->first = el_address(el_first(probe->hash), buckets, mask);
        probe->second = el_address(el_second(probe->hash), buckets, mask);
        GM_PREFETCH(el_tags(m, probe->first));
        GM_PREFETCH(el_tags(m, probe->second));
    }
    walk->done += count;
    window->part = part;
    window->chunk = walk->chunk;
    return window->count = count;
}

/* The keys of a window. Those for which there is no room go to the front of their chunk, behind `left` others. */
GM_INLINE void el_put_window(gomap_shared *s, const el_dealt_window *dealt, el_owned owned, el_did *did, int *stuck,
                             unsigned *left, size_t before, gm_kind kind)
{
    el_map *m = s->m;
    size_t item = s->item, key_bytes = gm_key_bytes(&m->map, kind), value_bytes = m->slot_bytes - key_bytes;
    for (unsigned i = 0; i < dealt->count; i++) {
        const el_probe *probe = &dealt->window.probe[i];
        const unsigned char *entry = probe->key;
        unsigned char *slot = did->added == before ? probe->slot : NULL;
        if (slot == NULL || !el_matches(m, slot, entry, kind)) {
            el_place place;
            slot = NULL;
            if (el_search(m, probe->first, probe->second, el_tag(probe->hash), entry, kind, &place)) slot = place.slot;
        }
        if (slot) {
            gm_copy(slot + key_bytes, entry + key_bytes, value_bytes);
        } else if (did->added < did->may_add &&
                   (slot = el_place_owned(s, probe, owned, stuck, &did->displaced, kind)) != NULL) {
            el_copy_slot(m, slot, entry, kind);
            did->added++;
        } else {
            memmove(el_chunk_at(s, dealt->part, dealt->chunk) + (*left)++ * item, entry - 8, item);
        }
    }
}

GM_INLINE void el_put_dealt(gomap_shared *s, unsigned thread, gm_kind kind)
{
    unsigned pair = s->round * s->threads + thread, turn = 0, left = 0;
    el_owned owned = {s->owned[pair], s->classes - 1};
    el_did did = s->did[thread];
    el_dealt_window windows[2];
    el_rest walk = el_rest_begin(s, pair);
    int stuck = 0;
    for (unsigned from = 0; from < s->threads; from++) s->part[from].keys[pair] = 0;
    for (el_rest_open(&walk, &windows[0]); windows[turn].count; turn ^= 1) {
        el_dealt_window *now = &windows[turn], *next = &windows[turn ^ 1];
        size_t before = did.added;
        el_window_ask(s->m, &now->window, now->count, owned, kind);
        el_rest_open(&walk, next);
        el_put_window(s, now, owned, &did, &stuck, &left, before, kind);
        if (next->count && next->part == now->part && next->chunk == now->chunk) continue;
        now->part->counts[now->chunk] = (uint16_t)left;
        now->part->keys[pair] += left;
        left = 0;
    }
    s->did[thread] = did;
}

/* ---- split, and what is left ----------------------------------------------------------------------- */

/* Bounds are multiples of eight, whose tags are a cache line, but for the first and the last. */
GM_INLINE uint32_t el_split_bound(const gomap_shared *s, unsigned thread)
{
    if (thread == 0) return s->from;
    if (thread == s->threads) return s->until;
    uint32_t bound = s->from + (uint32_t)el_part(s, s->until - s->from, thread);
    bound -= bound % 8;
    return bound < s->from ? s->from : bound;
}

GM_INLINE void el_split_part(gomap_shared *s, unsigned thread, gm_kind kind)
{
    uint32_t until = el_split_bound(s, thread + 1);
    for (uint32_t last = el_split_bound(s, thread); last < until; last++) el_split_into(s->m, last, s->mask, kind);
}

/* By one thread; 0: there is no memory. */
GM_INLINE int el_put_left(gomap_shared *s, gm_kind kind)
{
    el_map *m = s->m;
    gomap *map = &m->map.public_part;
    size_t key_bytes = gm_key_bytes(&m->map, kind), value_bytes = m->slot_bytes - key_bytes;
    el_dealt_window dealt;
    for (unsigned pair = 0; pair < s->pairs; pair++) {
        el_rest walk = el_rest_begin(s, pair);
        while (el_rest_open(&walk, &dealt)) {
            while (map->count + dealt.count > m->grow_at)
                if (!el_grow(m)) break; /* keys that are there need no room */
            for (unsigned i = 0; i < dealt.count; i++) {
                const el_probe *probe = &dealt.window.probe[i];
                const unsigned char *entry = probe->key;
                int added;
                void *room = el_assign_hashed(m, entry, probe->hash, &dealt.window.room[i], &added, kind);
                if (room == NULL) return 0;
                gm_copy(room, entry + key_bytes, value_bytes);
            }
        }
    }
    return 1;
}

/* clang-format off */
#define EL_SHARER(kind)                                                                                            \
    GM_KIND_ACTION(el, kind, deal, (gomap_shared *s, unsigned thread), s, thread)                                  \
    GM_KIND_ACTION(el, kind, put_dealt, (gomap_shared *s, unsigned thread), s, thread)                             \
    GM_KIND_ACTION(el, kind, split_part, (gomap_shared *s, unsigned thread), s, thread)                            \
    GM_KIND_FUNCTION(int, el, kind, put_left, (gomap_shared *s), s)                                                \
    GM_KIND_FUNCTION(uint64_t, el, kind, displace_owned,                                                           \
                     (el_map *m, uint32_t first, uint32_t second, el_owned owned, uint64_t *displaced),            \
                     m, first, second, owned, displaced, NULL)                                                           \
    const el_sharer el_##kind##_sharer = {el_##kind##_deal, el_##kind##_put_dealt, el_##kind##_split_part,         \
                                          el_##kind##_put_left, el_##kind##_displace_owned};
/* clang-format on */

extern const el_sharer el_bits8_sharer, el_bits16_sharer, el_bits32_sharer, el_bits64_sharer;
extern const el_sharer el_float32_sharer, el_float64_sharer;
extern const el_sharer el_bytes_sharer, el_bytes16_sharer, el_bytes32_sharer;

#endif
