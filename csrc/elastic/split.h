/* elastic/split.h - one bucket more, one bucket less; and room made by displacement.
 *
 *     split: bucket s = n - 2^L gives to the new bucket n the entries whose address is n now
 *     merge: the last bucket gives its entries back to s
 *
 * Either touches two neighbouring pairs of cache lines of tags and slots, both at places that move on by
 * one each time, and then is done: memory follows the entries without a second copy or a pause.
 *
 * A bucket is given room by displacement: an entry of it moves to its other bucket, if need be after an
 * entry of that one has moved likewise; the shortest such path is searched breadth first.
 *
 * A split that finds no memory changes nothing and fails the insertion. A merge that finds no room for its
 * entries changes nothing that shows and is tried again later.
 */
#ifndef GM_ELASTIC_SPLIT_H
#define GM_ELASTIC_SPLIT_H

#include "layout.h"

/* ---- room in the regions ----------------------------------------------------------------------- */

GM_INLINE int el_room(gm_elastic *m, size_t buckets, int exactly, gm_kind kind)
{
    size_t tags = buckets * EL_SLOTS, slots = buckets * EL_SLOTS * el_slot_bytes(m, kind);
    gm_memory *memory = &m->map.memory;
    if (slots == 0) slots = 1; /* keys and values of no bytes */
    if (m->tags.bytes < tags &&
        !gm_region_resize(memory, GOMAP_TAGS, &m->tags, exactly || buckets < 4 ? tags : gm_region_room(tags)))
        return 0;
    return m->slots.bytes >= slots ||
           gm_region_resize(memory, GOMAP_BUCKETS, &m->slots, exactly || buckets < 4 ? slots : gm_region_room(slots));
}

/* Gives back what is beyond the buckets: all of it, or what is more than a region keeps. */
GM_INLINE void el_trim(gm_elastic *m, int exactly, gm_kind kind)
{
    gm_memory *memory = &m->map.memory;
    size_t tags = (size_t)m->buckets * EL_SLOTS, slots = tags * el_slot_bytes(m, kind);
    if (slots == 0) slots = 1;
    if (m->tags.bytes > (exactly ? tags : gm_region_spare(tags)))
        (void)gm_region_resize(memory, GOMAP_TAGS, &m->tags, exactly ? tags : gm_region_room(tags));
    if (m->slots.bytes > (exactly ? slots : gm_region_spare(slots)))
        (void)gm_region_resize(memory, GOMAP_BUCKETS, &m->slots, exactly ? slots : gm_region_room(slots));
}

/* ---- moving entries ---------------------------------------------------------------------------- */

GM_INLINE void el_move(gm_elastic *m, uint32_t from, unsigned from_slot, uint32_t to, gm_kind kind)
{
    unsigned to_slot = gm_match_index(el_free(m, to));
    unsigned char *tags = el_tags(m, from);
    el_tags(m, to)[to_slot] = tags[from_slot];
    el_copy_slot(m, el_slot(m, to, to_slot, kind), el_slot(m, from, from_slot, kind), kind);
    tags[from_slot] = EL_EMPTY;
}

GM_INLINE uint64_t el_hash_at(const gm_elastic *m, uint32_t bucket, unsigned slot, gm_kind kind)
{
    return gm_key_hash(&m->map, el_entry(m, el_slot(m, bucket, slot, kind), kind), kind);
}

/* The entry's other bucket; its own where both are one. */
GM_INLINE uint32_t el_other(const gm_elastic *m, uint32_t bucket, unsigned slot, gm_kind kind)
{
    uint64_t hash = el_hash_at(m, bucket, slot, kind);
    return el_address(el_first(hash), m->buckets, m->mask) ^ el_address(el_second(hash), m->buckets, m->mask) ^ bucket;
}

/* ---- displacement ------------------------------------------------------------------------------ */

/* Buckets looked at in one search. At load 7 the first few have room; at 7.5 a dozen are looked at; the
 * limit bounds the time of one insertion to microseconds. */
enum { EL_SEARCH = 96 };

typedef struct el_node {
    uint32_t bucket;
    int16_t parent;      /* index of the node an entry of which may come here; -1 for a root */
    unsigned char slot;  /* of that entry */
} el_node;

/* A slot as one number: it is handed on, since the tags just written cannot be read again as one word
 * before the stores ahead of them, to lines that are far away, are through. */
GM_INLINE uint64_t el_freed(uint32_t bucket, unsigned slot) { return (uint64_t)bucket * EL_SLOTS + slot; }
#define EL_NONE (~(uint64_t)0)

/* Eight entries, four of either bucket, looked at together, so that the reads of their other buckets' tags
 * are under way at once and one branch serves all: the one whose other bucket has most room moves there.
 * Its slot, or EL_NONE when none has. The buckets are full, so neither is moved to. */
GM_INLINE uint64_t el_displace_eight(gm_elastic *m, uint32_t first, uint32_t second, unsigned from, gm_kind kind)
{
    uint32_t best_to = 0, best_bucket = 0;
    unsigned best_slot = 0;
    gm_match best = 0;
    for (unsigned i = 0; i < 8; i++) {
        uint32_t bucket = i & 1 ? second : first;
        unsigned slot = from + i / 2;
        uint32_t to = el_other(m, bucket, slot, kind);
        gm_match free = el_free(m, to);
        if (free > best) { /* slots are taken from the lowest on: more free ones are a larger number */
            best = free;
            best_to = to;
            best_bucket = bucket;
            best_slot = slot;
        }
    }
    if (!best) return EL_NONE;
    el_move(m, best_bucket, best_slot, best_to, kind);
    m->displaced++;
    return el_freed(best_bucket, best_slot);
}

/* Makes a slot free in one of two buckets, full ones but in a merge, by moving entries along a path that ends outside them.
 * Returns the slot, or EL_NONE when no path was found, and then nothing has moved. */
GM_INLINE uint64_t el_displace(gm_elastic *m, uint32_t first, uint32_t second, gm_kind kind)
{
    el_node node[EL_SEARCH];
    int count = 0;
    for (size_t line = 0; line < EL_SLOTS * el_slot_bytes(m, kind); line += 64) {
        GM_PREFETCH(el_slot(m, first, 0, kind) + line);
        GM_PREFETCH(el_slot(m, second, 0, kind) + line);
    }
    if (!(el_free(m, first) | el_free(m, second))) {
        for (unsigned from = 0; from < EL_SLOTS; from += 4) {
            uint64_t freed = el_displace_eight(m, first, second, from, kind);
            if (freed != EL_NONE) return freed;
        }
    }
    node[count++] = (el_node){first, -1, 0};
    if (second != first) node[count++] = (el_node){second, -1, 0};
    for (int at = 0; at < count; at++) {
        uint32_t bucket = node[at].bucket;
        for (gm_match full = el_full(m, bucket); full; full = gm_match_next(full)) {
            unsigned slot = gm_match_index(full);
            uint32_t to = el_other(m, bucket, slot, kind);
            if (to == bucket || to == first || to == second) continue;
            if (el_free(m, to)) {
                /* Move from the end of the path on, so that every entry stays findable at each step. */
                for (int step = at;;) {
                    el_move(m, node[step].bucket, slot, to, kind);
                    m->displaced++;
                    if (node[step].parent < 0) return el_freed(node[step].bucket, slot);
                    to = node[step].bucket;
                    slot = node[step].slot;
                    step = node[step].parent;
                }
            }
            if (count == EL_SEARCH) continue;
            int seen = 0; /* a bucket twice on one path would have its entry moved twice */
            for (int up = at; up >= 0 && !seen; up = node[up].parent) seen = node[up].bucket == to;
            if (!seen) node[count++] = (el_node){to, (int16_t)at, (unsigned char)slot};
        }
    }
    return EL_NONE;
}

/* ---- the overflow list ------------------------------------------------------------------------- */

/* A new place at the list's end; 0 when there is no memory. */
GM_INLINE unsigned char *el_overflow_add(gm_elastic *m, gm_kind kind)
{
    size_t stride = el_slot_bytes(m, kind) + 1, needed = (m->overflow_used + 1) * stride;
    if (m->overflow.bytes < needed &&
        !gm_region_resize(&m->map.memory, GOMAP_OVERFLOW, &m->overflow, needed + needed / 2))
        return NULL;
    return el_overflow(m, m->overflow_used++, kind);
}

/* Lets entries of the overflow list into their buckets, where there is room now, and closes the gaps, so that
 * the list is as long as it has entries. Nothing iterates. */
GM_INLINE void el_overflow_drain(gm_elastic *m, gm_kind kind)
{
    size_t slot_bytes = el_slot_bytes(m, kind);
    uint32_t kept = 0;
    for (uint32_t i = 0; i < m->overflow_used; i++) {
        unsigned char *at = el_overflow(m, i, kind);
        if (at[slot_bytes] == EL_EMPTY) continue;
        uint64_t hash = gm_key_hash(&m->map, el_entry(m, at, kind), kind);
        uint32_t to = el_address(el_first(hash), m->buckets, m->mask);
        if (!el_free(m, to)) to = el_address(el_second(hash), m->buckets, m->mask);
        gm_match free = el_free(m, to);
        if (free) {
            unsigned slot = gm_match_index(free);
            el_tags(m, to)[slot] = at[slot_bytes];
            el_copy_slot(m, el_slot(m, to, slot, kind), at, kind);
        } else {
            if (kept < i) memcpy(el_overflow(m, kept, kind), at, slot_bytes + 1);
            kept++;
        }
    }
    m->overflow_used = kept;
    if (kept == 0) (void)gm_region_resize(&m->map.memory, GOMAP_OVERFLOW, &m->overflow, 0);
}

/* ---- split and merge --------------------------------------------------------------------------- */

/* The first bucket, empty; 0 when there is no memory. */
GM_INLINE int el_begin(gm_elastic *m, gm_kind kind)
{
    if (!el_room(m, 1, 1, kind)) return 0;
    el_lay_out(m, 1);
    return 1;
}

/* One bucket more, for which there is room. Nothing iterates. */
GM_INLINE void el_split_one(gm_elastic *m, gm_kind kind)
{
    uint32_t last = m->buckets, mask = last > m->mask ? 2 * m->mask + 1 : m->mask;
    uint32_t from = last & (mask >> 1);
    unsigned slot_of_last = 0;
    unsigned char *new_tags = el_tags(m, last), *old_tags = el_tags(m, from);
    unsigned char *slots = el_slot(m, from, 0, kind), *new_slot = el_slot(m, last, 0, kind);
    size_t slot_bytes = el_slot_bytes(m, kind);
    uint64_t tags = gm_tags_load(old_tags), moved = 0;
    const gm_map map = m->map; /* the hash's secrets in registers: a store of bytes might change those in memory */
    for (gm_match full = el_full(m, from); full; full = gm_match_next(full)) {
        unsigned slot = gm_match_index(full);
        unsigned char *at = slots + slot * slot_bytes;
        uint64_t hash = gm_key_hash(&map, el_entry(m, at, kind), kind);
        /* It goes unless either of its addresses is still this one. Chance, so no branch: what stays is
         * written to the new bucket too, and there over. */
        uint64_t goes = (uint64_t)0 - ((uint64_t)((el_first(hash) & mask) != from) & (uint64_t)((el_second(hash) & mask) != from));
        uint64_t byte = (uint64_t)0xff << (8 * slot) & goes;
        el_copy_slot(m, new_slot, at, kind);
        moved |= (tags & byte) >> (8 * slot) << (8 * slot_of_last);
        tags &= ~byte;
        new_slot += slot_bytes & goes;
        slot_of_last += (unsigned)goes & 1;
    }
    gm_tags_store(new_tags, moved);
    gm_tags_store(old_tags, tags);
    m->buckets = last + 1;
    m->mask = mask;
    m->splits++;
}

/* So many buckets in all; 0 when there is no memory. Nothing iterates. */
GM_INLINE int el_split(gm_elastic *m, uint32_t buckets, gm_kind kind)
{
    if (buckets >= EL_MAX_BUCKETS || !el_room(m, buckets, 0, kind)) return 0;
    while (m->buckets < buckets) el_split_one(m, kind);
    el_set_buckets(m, m->buckets, m->mask);
    if (GM_UNLIKELY(m->overflow_used)) el_resizer_of(m)->drain(m);
    return 1;
}

/* One bucket less; 0 when its entries found no room. Nothing iterates. */
GM_INLINE int el_merge(gm_elastic *m, gm_kind kind)
{
    uint32_t last = m->buckets - 1;
    uint32_t mask = last == (m->mask >> 1) + 1 ? m->mask >> 1 : m->mask; /* of one bucket less */
    uint32_t into = last & (m->mask >> 1);
    unsigned moving = gm_match_count(el_full(m, last)), staying = gm_match_count(el_full(m, into));
    while (moving + staying > EL_SLOTS) {
        uint64_t freed = el_resizer_of(m)->displace(m, last, into);
        if (freed == EL_NONE) return 0;
        if (freed / EL_SLOTS == last) moving--;
        else staying--;
    }
    uint64_t from = gm_tags_load(el_tags(m, last)), tags = gm_tags_load(el_tags(m, into)); /* in registers, as in a split */
    gm_match free = el_free(m, into);
    for (gm_match full = el_full(m, last); full; full = gm_match_next(full), free = gm_match_next(free)) {
        unsigned slot = gm_match_index(full), to = gm_match_index(free);
        el_copy_slot(m, el_slot(m, into, to, kind), el_slot(m, last, slot, kind), kind);
        tags |= ((from >> (8 * slot)) & 0xff) << (8 * to);
    }
    gm_tags_store(el_tags(m, into), tags);
    el_set_buckets(m, last, mask);
    m->merges++;
    return 1;
}

/* ---- policy ------------------------------------------------------------------------------------ */

/* Before an insertion: one bucket more; in a small map, where a call takes longer than a split, an eighth more;
 * two, while a map that was compacted grows back to its usual load. 0 when there is no memory. */
GM_INLINE int el_grow(gm_elastic *m)
{
    uint32_t step = m->buckets >> EL_SMALL_LOG2 ? 1 : m->buckets / 8 + 1;
    if (el_capacity(m, m->buckets + step) <= m->map.public_part.count) step++;
    return el_resizer_of(m)->split(m, m->buckets + step);
}

/* After a deletion: merges while the load is low, two at a time, so that what an iteration put off is
 * made up for soon and no deletion takes long. */
GM_INLINE void el_shrink(gm_elastic *m, uint32_t steps, gm_kind kind)
{
    size_t count = m->map.public_part.count;
    uint32_t merged = 0;
    while (merged < steps && count < m->shrink_at && el_resizer_of(m)->merge(m))
        merged++;
    if (merged) el_trim(m, 0, kind);
}

#endif
