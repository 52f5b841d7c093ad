/* elastic/split.h - one bucket more, one bucket less.
 *
 *     split: bucket s = n - 2^L gives to the new bucket n the entries whose address is n now
 *     merge: the last bucket gives its entries back to s
 *
 * Either touches two neighbouring pairs of cache lines of tags and slots, both at places that move on by
 * one each time, and then is done: memory follows the entries without a second copy or a pause.
 *
 * A split that finds no memory changes nothing and fails the insertion. A merge that finds no room for its
 * entries changes nothing that shows and is tried again later.
 */
#ifndef GM_ELASTIC_SPLIT_H
#define GM_ELASTIC_SPLIT_H

#include "displace.h"
#include "overflow.h"
#include "room.h"

/* The mask of one bucket more. */
GM_INLINE uint32_t el_split_mask(const el_map *m) { return m->buckets > m->mask ? 2 * m->mask + 1 : m->mask; }

/* The bucket `last`, for which there is room, takes its entries from the one that is split. `mask` is el_split_mask. */
GM_INLINE void el_split_into(el_map *m, uint32_t last, uint32_t mask, gm_kind kind)
{
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
        /* An entry moves unless one of its addresses is still this bucket. The outcome is random, so there is no
         * branch: an entry that stays is also written to the new bucket, and overwritten there. */
        uint64_t goes =
            (uint64_t)0 - ((uint64_t)((el_first(hash) & mask) != from) & (uint64_t)((el_second(hash) & mask) != from));
        uint64_t byte = (uint64_t)0xff << (8 * slot) & goes;
        el_copy_slot(m, new_slot, at, kind);
        el_move_aside(m, from, slot, last, slot_of_last);
        moved |= (tags & byte) >> (8 * slot) << (8 * slot_of_last);
        tags &= ~byte;
        new_slot += slot_bytes & goes;
        slot_of_last += (unsigned)goes & 1;
    }
    gm_tags_store(new_tags, moved);
    gm_tags_store(old_tags, tags);
}

/* One bucket more, for which there is room. Nothing iterates. */
GM_INLINE void el_split_one(el_map *m, gm_kind kind)
{
    uint32_t last = m->buckets, mask = el_split_mask(m);
    el_split_into(m, last, mask, kind);
    m->buckets = last + 1;
    m->mask = mask;
    m->splits++;
}

/* So many buckets in all; 0 when there is no memory. Nothing iterates. */
GM_INLINE int el_split(el_map *m, uint32_t buckets, gm_kind kind)
{
    if (buckets >= EL_MAX_BUCKETS || !el_room(m, buckets, 0, kind)) return 0;
    while (m->buckets < buckets) el_split_one(m, kind);
    el_set_buckets(m, m->buckets, m->mask);
    if (GM_UNLIKELY(m->overflow_used)) el_resizer_of(m)->drain(m);
    return 1;
}

/* Asks for the keys in records of a bucket's entries. */
GM_INLINE void el_ask_keys(const el_map *m, uint32_t bucket, gm_kind kind)
{
    for (gm_match full = el_full(m, bucket); full; full = gm_match_next(full))
        GM_PREFETCH(el_entry(m, el_slot(m, bucket, gm_match_index(full), kind), kind));
}

/* One bucket less; 0 when its entries found no room. Nothing iterates. */
GM_INLINE int el_merge(el_map *m, gm_kind kind)
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
    uint64_t from = gm_tags_load(el_tags(m, last)),
             tags = gm_tags_load(el_tags(m, into)); /* in registers, as in a split */
    gm_match free = el_free(m, into);
    for (gm_match full = el_full(m, last); full; full = gm_match_next(full), free = gm_match_next(free)) {
        unsigned slot = gm_match_index(full), to = gm_match_index(free);
        el_copy_slot(m, el_slot(m, into, to, kind), el_slot(m, last, slot, kind), kind);
        el_move_aside(m, last, slot, into, to);
        tags |= ((from >> (8 * slot)) & 0xff) << (8 * to);
    }
    gm_tags_store(el_tags(m, into), tags);
    el_set_buckets(m, last, mask);
    m->merges++;
    if (kind.ref && last > 1) { /* of those next in turn, which may have to be displaced */
        el_ask_keys(m, last - 1, kind);
        el_ask_keys(m, (last - 1) & (mask >> 1), kind);
    }
    return 1;
}

/* ---- when there is one more, or one less ---------------------------------------------------------- */

/* Before an insertion: the step, and one more while a map that was compacted grows back to its usual load. 0 when
 * there is no memory. */
GM_INLINE int el_grow(el_map *m)
{
    uint32_t step = el_step(m->buckets);
    if (el_capacity(m, m->buckets + step) <= m->map.public_part.count) step++;
    return el_resizer_of(m)->split(m, m->buckets + step);
}

/* After a deletion: merges while the load is low, at most so many; in a small map a quarter of the buckets. */
GM_INLINE void el_shrink(el_map *m, uint32_t steps, gm_kind kind)
{
    size_t count = m->map.public_part.count;
    uint32_t before = m->buckets;
    if (GM_LIKELY(count >= m->shrink_at)) return;
    do { /* a small map has room for its entries in three quarters of its buckets */
        uint32_t least = m->buckets - (el_is_small(m->buckets) ? m->buckets / 4 + (m->buckets < 4) : 1);
        while (m->buckets > least && el_resizer_of(m)->merge(m)) {}
        if (m->buckets > least) break;
    } while (before - m->buckets < steps && count < m->shrink_at);
    if (m->buckets != before) el_trim(m, 0, kind);
}

#endif
