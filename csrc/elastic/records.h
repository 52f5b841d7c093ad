/* elastic/records.h - records kept dense: the last one takes the place of one that goes. Its slot is found by the key
 * that it holds. */
#ifndef GM_ELASTIC_RECORDS_H
#define GM_ELASTIC_RECORDS_H

#include "layout.h"

GM_INLINE unsigned char *el_number_in(const el_map *m, unsigned char *slot, const void *number)
{
    (void)m;
    return gm_load32(slot) == gm_load32(number) ? slot : NULL;
}

/* The slot that holds this number; NULL when none does, and the record is no entry's. */
GM_INLINE unsigned char *el_owner(const el_map *m, uint32_t number, gm_kind kind)
{
    uint64_t hash = gm_key_hash(&m->map, gm_store_at(&m->records, number), kind);
    return el_seek(m, hash, el_slot_bytes(m, kind), el_number_in, &number);
}

/* The entry in this slot, and its record, take another number: the one number's record is free, the other's
 * becomes so. */
GM_INLINE void el_renumber(el_map *m, unsigned char *slot, uint32_t number)
{
    memcpy(gm_store_at(&m->records, number), gm_store_at(&m->records, gm_load32(slot)), m->records.stride);
    gm_store32(slot, number);
}

/* The last record takes a free number. */
GM_INLINE void el_close_gap(el_map *m, uint32_t number, gm_kind kind)
{
    uint32_t last = m->records.used;
    if (last != number) el_renumber(m, el_owner(m, last, kind), number);
    gm_store_drop_last(&m->records, &m->map.memory);
}

/* Fills the records freed under iterators from the end, so that all are dense again. */
GM_INLINE void el_records_settle(el_map *m, gm_kind kind)
{
    uint32_t number = m->records.free, used = m->records.used;
    while (number) {
        uint32_t next = gm_load32(gm_store_at(&m->records, number));
        unsigned char *owner = NULL;
        while (used >= number && (owner = el_owner(m, used, kind)) == NULL) used--; /* free itself */
        if (number < used) {
            el_renumber(m, owner, number);
            used--;
        }
        number = next;
    }
    if (m->records.free) gm_store_settle(&m->records, &m->map.memory, used);
}

#endif
