/* elastic/records.h - records kept dense, but for a few gaps: those at the end take the places of those that have gone.
 *
 *     | 1 | 2 | gap | 4 | 5 | gap | 7 | 8 |       becomes       | 1 | 2 | 8 | 4 | 5 | 7 |
 *
 * A deletion leaves a gap, which the next insertion takes. When there are more than a few gaps, all are filled
 * together. The slot that holds a record's number is found by the record's key, which takes three distant cache lines.
 * For many records these lines are fetched at once, instead of one after the other.
 */
#ifndef GM_ELASTIC_RECORDS_H
#define GM_ELASTIC_RECORDS_H

#include "layout.h"

/* The most gaps while nothing iterates: a 64th of the records; EL_GAPS gaps, which is two windows of bulk.h, as
 * fetching more lines at a time gains nothing; and EL_GAPS_BYTES bytes, since one deletion copies them. */
enum { EL_GAPS = 32, EL_GAPS_BYTES = 16 << 10 };

GM_INLINE uint32_t el_gaps(const el_map *m) { return m->records.used - m->records.live; }

GM_INLINE int el_too_many_gaps(const el_map *m)
{
    uint32_t gaps = el_gaps(m);
    return gaps > EL_GAPS || gaps > m->records.used / 64 || (size_t)gaps * m->records.stride > EL_GAPS_BYTES;
}

GM_INLINE unsigned char *el_number_in(const el_map *m, unsigned char *slot, const void *number)
{
    (void)m;
    return gm_load32(slot) == gm_load32(number) ? slot : NULL;
}

/* The slot that holds this number, of an entry of this hash; NULL when none does, and the record is no entry's. */
GM_INLINE unsigned char *el_owner(const el_map *m, uint32_t number, uint64_t hash, gm_kind kind)
{
    return el_seek(m, hash, el_slot_bytes(m, kind), el_number_in, &number);
}

GM_INLINE uint64_t el_record_hash(const el_map *m, uint32_t number, gm_kind kind)
{
    return gm_key_hash(&m->map, gm_store_at(&m->records, number), kind);
}

/* A record with the free mark is free unless a slot holds its number. */
GM_INLINE int el_record_is_free(const el_map *m, uint32_t number, gm_kind kind)
{
    return gm_store_may_be_free(&m->records, gm_store_at(&m->records, number)) &&
           el_owner(m, number, el_record_hash(m, number, kind), kind) == NULL;
}

/* A record that moves into a gap. */
typedef struct el_filling {
    uint64_t hash;
    uint32_t number, gap, first, second;
    unsigned char *slot; /* the one that most likely holds its number */
} el_filling;

/* Takes the last record for a gap, and asks for its tags and for the gap's lines. */
GM_INLINE void el_filling_begin(const el_map *m, el_filling *one, uint32_t last, gm_kind kind)
{
    const unsigned char *gap = gm_store_at(&m->records, one->gap);
    one->number = last;
    one->hash = el_record_hash(m, last, kind);
    one->first = el_address(el_first(one->hash), m->buckets, m->mask);
    one->second = el_address(el_second(one->hash), m->buckets, m->mask);
    GM_PREFETCH(el_tags(m, one->first));
    GM_PREFETCH(el_tags(m, one->second));
    if (m->records.stride > 64) {
        GM_PREFETCH(gap + 64);
        GM_PREFETCH(gap + m->records.stride - 1);
    }
}

/* Looks at the tags, and asks for the slot. */
GM_INLINE void el_filling_look(const el_map *m, el_filling *one, gm_kind kind)
{
    one->slot = el_candidate(m, one->first, one->second, el_tag(one->hash), kind);
    GM_PREFETCH(one->slot);
}

GM_INLINE void el_filling_end(const el_map *m, const el_filling *one, gm_kind kind)
{
    unsigned char *slot = one->slot;
    if (slot == NULL || GM_UNLIKELY(gm_load32(slot) != one->number)) slot = el_owner(m, one->number, one->hash, kind);
    gm_store32(slot, one->gap);
    memcpy(gm_store_at(&m->records, one->gap), gm_store_at(&m->records, one->number), m->records.stride);
}

/* Fills all gaps. Nothing iterates. */
GM_INLINE void el_fill_gaps(el_map *m, gm_kind kind)
{
    gm_store *records = &m->records;
    uint32_t gap = records->free, last = records->used;
    if (!kind.ref || gap == 0) return;
    while (gap) {
        el_filling filling[EL_GAPS];
        unsigned count = 0;
        for (; gap && count < EL_GAPS; gap = gm_load32(gm_store_at(records, gap)))
            if (gap <= records->live) filling[count++].gap = gap;
        for (unsigned i = 0; i < count; i++, last--) {
            while (el_record_is_free(m, last, kind)) last--;
            el_filling_begin(m, &filling[i], last, kind);
        }
        for (unsigned i = 0; i < count; i++) el_filling_look(m, &filling[i], kind);
        for (unsigned i = 0; i < count; i++) el_filling_end(m, &filling[i], kind);
    }
    gm_store_settle(records, &m->map.memory);
}

#endif
