/* elastic/displace.h - makes room in a bucket by displacement: one of its entries moves to its other bucket. If that
 * bucket is full, one of its entries moves first in the same way. A breadth-first search finds the shortest such path.
 */
#ifndef GM_ELASTIC_DISPLACE_H
#define GM_ELASTIC_DISPLACE_H

#include "versions.h"

/* Seen as one step by those that read under these versions; NULL: nobody reads. */
GM_INLINE void el_move(el_map *m, uint32_t from, unsigned from_slot, uint32_t to, gomap_versions *versions,
                       gm_kind kind)
{
    unsigned to_slot = gm_match_index(el_free(m, to));
    unsigned char *tags = el_tags(m, from);
    if (versions) {
        int apart = el_version(versions, from) != el_version(versions, to);
        el_bucket_begin(versions, from);
        if (apart) el_bucket_begin(versions, to);
        el_slot_release(m, el_slot(m, to, to_slot, kind), el_slot(m, from, from_slot, kind));
        el_tag_release(m, to, to_slot, tags[from_slot]);
        el_tag_release(m, from, from_slot, EL_EMPTY);
        el_bucket_end(versions, from);
        if (apart) el_bucket_end(versions, to);
        return;
    }
    el_tags(m, to)[to_slot] = tags[from_slot];
    el_copy_slot(m, el_slot(m, to, to_slot, kind), el_slot(m, from, from_slot, kind), kind);
    el_move_aside(m, from, from_slot, to, to_slot);
    tags[from_slot] = EL_EMPTY;
}

GM_INLINE uint64_t el_hash_at(const el_map *m, uint32_t bucket, unsigned slot, gm_kind kind)
{
    return gm_key_hash(&m->map, el_entry(m, el_slot(m, bucket, slot, kind), kind), kind);
}

/* The entry's other bucket; its own where both are one. */
GM_INLINE uint32_t el_other(const el_map *m, uint32_t bucket, unsigned slot, gm_kind kind)
{
    uint64_t hash = el_hash_at(m, bucket, slot, kind);
    return el_address(el_first(hash), m->buckets, m->mask) ^ el_address(el_second(hash), m->buckets, m->mask) ^ bucket;
}

/* Buckets looked at in one search. At load 7 the first few have room; at 7.5 a dozen are looked at; the
 * limit bounds the time of one insertion to microseconds. */
enum { EL_SEARCH = 96 };

typedef struct el_node {
    uint32_t bucket;
    int16_t parent;     /* index of the node an entry of which may come here; -1 for a root */
    unsigned char slot; /* of that entry */
} el_node;

/* A slot as one number. It is passed on so that the tags need not be read again: tags just written cannot be loaded
 * as one word until earlier stores to distant lines have completed. */
GM_INLINE uint64_t el_freed(uint32_t bucket, unsigned slot) { return (uint64_t)bucket * EL_SLOTS + slot; }

#define EL_NONE (~(uint64_t)0)

/* The buckets that a thread may touch while others touch others (shared.h): those of some classes. */
typedef struct el_owned {
    uint32_t classes; /* bit c: those of class c */
    uint32_t mask;    /* how many classes there are, less 1; 0: all buckets are of class 0 */
} el_owned;

/* In what one thread does. */
static const el_owned el_owns_all = {1, 0};

/* A bucket's class. Eight buckets, whose tags are a cache line, are of the same. */
GM_INLINE uint32_t el_class(uint32_t bucket, uint32_t mask) { return bucket / 8 & mask; }

GM_INLINE uint32_t el_owns(el_owned owned, uint32_t bucket)
{
    return owned.classes >> el_class(bucket, owned.mask) & 1;
}

/* How many entries are looked at together. Where threads share the work, half of the buckets or more are not owned. */
GM_INLINE unsigned el_looks(el_owned owned) { return owned.mask ? 8 : 4; }

/* Looks at four entries together, or eight, half of them of each bucket, so that the reads of their other buckets' tags overlap and one
 * branch serves all. It moves an entry whose other bucket has room, most likely the one with the most room. Returns
 * the freed slot, or EL_NONE when no other bucket has room, as one time in twenty. The two buckets are full, so
 * neither is a destination; one of them is looked at instead of a bucket that is not owned. (With eight at a time a
 * growing insertion takes a twentieth longer, at 1,000,000 and at 10,000,000 entries.) */
GM_INLINE uint64_t el_displace_four(el_map *m, uint32_t first, uint32_t second, unsigned from, el_owned owned,
                                    uint64_t *displaced, gomap_versions *versions, gm_kind kind)
{
    uint32_t best_to = 0, best_bucket = 0;
    unsigned best_slot = 0;
    gm_match best = 0;
    for (unsigned i = 0; i < el_looks(owned); i++) {
        uint32_t bucket = i & 1 ? second : first;
        unsigned slot = from + i / 2;
        uint32_t to = el_other(m, bucket, slot, kind);
        if (owned.mask) to = bucket ^ ((to ^ bucket) & (0 - el_owns(owned, to)));
        gm_match free = el_free(m, to);
        if (free > best) { /* numerically: larger mostly means more free, as slots fill from the lowest */
            best = free;
            best_to = to;
            best_bucket = bucket;
            best_slot = slot;
        }
    }
    if (!best) return EL_NONE;
    el_move(m, best_bucket, best_slot, best_to, versions, kind);
    ++*displaced;
    return el_freed(best_bucket, best_slot);
}

/* Prefetches the tags that displacing from two full buckets will read first. The buckets' first slots have already
 * been fetched. */
GM_INLINE void el_displace_ask(const el_map *m, uint32_t first, uint32_t second, el_owned owned, gm_kind kind)
{
    for (unsigned i = 0; i < el_looks(owned); i++) {
        uint32_t to = el_other(m, i & 1 ? second : first, i / 2, kind);
        if (!owned.mask || el_owns(owned, to)) GM_PREFETCH(el_tags(m, to));
    }
}

GM_INLINE void el_ask_slots(const el_map *m, uint32_t bucket, gm_kind kind)
{
    const unsigned char *slots = el_slot(m, bucket, 0, kind);
    for (size_t line = 0; line < EL_SLOTS * el_slot_bytes(m, kind); line += 64) GM_PREFETCH(slots + line);
}

/* Makes a slot free in one of two buckets, full ones but in a merge, by moving entries along a path that ends outside
 * them, through buckets that are owned. Returns the slot, or EL_NONE when no path was found, and then nothing has
 * moved. Adds the entries moved to *displaced. */
GM_INLINE uint64_t el_displace_owned(el_map *m, uint32_t first, uint32_t second, el_owned owned, uint64_t *displaced,
                                     gomap_versions *versions, gm_kind kind)
{
    el_node node[EL_SEARCH];
    int count = 0;
    el_ask_slots(m, first, kind);
    el_ask_slots(m, second, kind);
    if (!(el_free(m, first) | el_free(m, second))) {
        /* All of them; where half are not owned, one look, as the search that follows looks at eight others at once. */
        for (unsigned from = 0; from < (owned.mask ? 4u : EL_SLOTS); from += el_looks(owned) / 2) {
            uint64_t freed = el_displace_four(m, first, second, from, owned, displaced, versions, kind);
            if (freed != EL_NONE) return freed;
        }
    }
    node[count++] = (el_node){first, -1, 0};
    if (second != first) node[count++] = (el_node){second, -1, 0};
    for (int at = 0; at < count; at++) {
        /* The reads of all tags overlap. (10,000,000 keys that fill a map up to 7.5 take 44.3 ns each instead of 45.8, and
         * by two threads 31.9 instead of 35.9.) */
        uint32_t bucket = node[at].bucket, other[EL_SLOTS];
        for (gm_match full = el_full(m, bucket); full; full = gm_match_next(full)) {
            unsigned slot = gm_match_index(full);
            other[slot] = el_other(m, bucket, slot, kind);
            GM_PREFETCH(el_tags(m, other[slot]));
        }
        for (gm_match full = el_full(m, bucket); full; full = gm_match_next(full)) {
            unsigned slot = gm_match_index(full);
            uint32_t to = other[slot];
            if (to == bucket || to == first || to == second || !el_owns(owned, to)) continue;
            if (el_free(m, to)) {
                /* Move from the end of the path on, so that every entry stays findable at each step. */
                for (int step = at;;) {
                    el_move(m, node[step].bucket, slot, to, versions, kind);
                    ++*displaced;
                    if (node[step].parent < 0) return el_freed(node[step].bucket, slot);
                    to = node[step].bucket;
                    slot = node[step].slot;
                    step = node[step].parent;
                }
            }
            if (count == EL_SEARCH) continue;
            int seen = 0; /* a bucket twice on one path would have its entry moved twice */
            for (int up = at; up >= 0 && !seen; up = node[up].parent) seen = node[up].bucket == to;
            if (seen) continue;
            node[count++] = (el_node){to, (int16_t)at, (unsigned char)slot};
            el_ask_slots(m, to, kind);
        }
    }
    return EL_NONE;
}

GM_INLINE uint64_t el_displace(el_map *m, uint32_t first, uint32_t second, gm_kind kind)
{
    return el_displace_owned(m, first, second, el_owns_all, &m->displaced, NULL, kind);
}

#endif
