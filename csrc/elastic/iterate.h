/* elastic/iterate.h - iteration: bucket after bucket, then the overflow list.
 *
 * While an iterator is alive nothing is merged, displaced or moved to fill a gap, and an insertion ends
 * it: an entry that stays is passed once. The remaining full slots of a bucket are kept as a bit set;
 * a slot emptied meanwhile is skipped by its tag.
 */
#ifndef GM_ELASTIC_ITERATE_H
#define GM_ELASTIC_ITERATE_H

#include "records.h"
#include "split.h"

/* iter->at: the next bucket; iter->index: slots of the one before to come; iter->start: the next place
 * of the overflow list. */
static void el_iterate(gomap_iter *iter) { (void)iter; }

/* Objects lie anywhere: asks for those of the next bucket, whose turn comes when they are there. */
GM_INLINE void el_look_ahead(const el_map *m, uint32_t bucket, gm_kind kind)
{
    if (bucket == m->buckets) return;
    for (gm_match full = el_full(m, bucket); full; full = gm_match_next(full)) {
        const unsigned char *key = el_entry(m, el_slot(m, bucket, gm_match_index(full), kind), kind);
        GM_PREFETCH((const void *)(uintptr_t)gm_load64(key + 8));
    }
}

GM_INLINE int el_next(gomap_iter *iter, const void **key, const void **value, gm_kind kind)
{
    const el_map *m = el_of(iter->map);
    unsigned char *slot;
    for (;;) {
        while (iter->index) {
            unsigned i = gm_match_index(iter->index);
            uint32_t bucket = (uint32_t)iter->at - 1;
            iter->index = (size_t)gm_match_next(iter->index);
            if (GM_UNLIKELY(el_tags(m, bucket)[i] == EL_EMPTY)) continue;
            slot = el_slot(m, bucket, i, kind);
            goto found;
        }
        if (iter->at == m->buckets) break;
        iter->index = (size_t)el_full(m, (uint32_t)iter->at++);
        if (kind.code == GM_OBJECTS) el_look_ahead(m, (uint32_t)iter->at, kind);
    }
    do {
        if (iter->start == m->overflow_used) return 0;
        slot = el_overflow(m, (uint32_t)iter->start++, kind);
    } while (slot[el_slot_bytes(m, kind)] == EL_EMPTY);
found:;
    unsigned char *entry = el_entry(m, slot, kind);
    *key = entry;
    *value = entry + m->value_at;
    return 1;
}

/* ---- when nothing iterates any more ---------------------------------------------------------------- */

/* What deletions under iterators put off. */
GM_INLINE void el_settle(el_map *m, gm_kind kind)
{
    m->put_off = 0;
    if (m->buckets == 0) return;
    if (kind.ref) el_records_settle(m, kind);
    if (m->overflow_used) el_resizer_of(m)->drain(m);
    el_shrink(m, m->buckets, kind);
}

/* When no iterator is alive any more. An iteration alone changes nothing: room that was reserved stays. */
GM_INLINE void el_iterated(gomap *map, gm_kind kind)
{
    if (el_of(map)->put_off) el_settle(el_of(map), kind);
}

/* Before an insertion. */
GM_INLINE void el_end_iterators(el_map *m)
{
    if (GM_LIKELY(m->map.iterators == 0)) return;
    gm_end_iterators(&m->map);
    m->map.public_part.engine->iterated(&m->map.public_part);
}

#endif
