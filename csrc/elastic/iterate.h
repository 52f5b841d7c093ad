/* elastic/iterate.h - iteration: from the bucket of the map's cursor (cursor.h) down to the first, then the overflow
 * list, then from the last bucket down to where it began; where entries stand in records, record after record, as they
 * lie in memory.
 *
 * While an iterator is alive nothing is merged, displaced or moved to fill a gap, and an insertion ends
 * it: an entry that stays is passed once. The remaining full slots of a bucket are kept as a bit set;
 * a slot emptied meanwhile is skipped by its tag, and a record that is free by its mark.
 */
#ifndef GM_ELASTIC_ITERATE_H
#define GM_ELASTIC_ITERATE_H

#include "records.h"
#include "split.h"

/* The place of an iteration. */
typedef struct GM_MAY_ALIAS el_course {
    gm_match slots;       /* full ones of the bucket that are to come */
    uint32_t bucket, end; /* the next bucket is the one before this, unless this is the end */
    uint32_t from;        /* end of the part after the overflow list; == buckets: no such part */
    uint32_t place;       /* the next place of the overflow list, or how many records have passed */
} el_course;
_Static_assert(sizeof(el_course) <= sizeof((gomap_iter *)0)->place, "an iterator has room for its place");

/* Objects lie anywhere in memory: prefetches a key early enough to arrive before its turn. */
GM_INLINE void el_ask_object(const unsigned char *key) { GM_PREFETCH((const void *)(uintptr_t)gm_load64(key + 8)); }

/* Prefetches the object keys of the bucket before this one. */
GM_INLINE void el_look_ahead(const el_map *m, uint32_t bucket, gm_kind kind)
{
    if (bucket-- == 0) return;
    for (gm_match full = el_full(m, bucket); full; full = gm_match_next(full))
        el_ask_object(el_slot(m, bucket, gm_match_index(full), kind));
}

/* The next entry in a slot; NULL at the end. */
GM_INLINE unsigned char *el_next_slot(const el_map *m, el_course *course, gm_kind kind)
{
    for (;;) {
        while (course->slots) {
            unsigned i = gm_match_index(course->slots);
            course->slots = gm_match_next(course->slots);
            if (GM_LIKELY(el_tags(m, course->bucket)[i] != EL_EMPTY)) return el_slot(m, course->bucket, i, kind);
        }
        if (GM_LIKELY(course->bucket != course->end)) {
            course->slots = el_full(m, --course->bucket);
            if (kind.code == GM_OBJECTS) el_look_ahead(m, course->bucket, kind);
            continue;
        }
        while (course->place != m->overflow_used) {
            unsigned char *slot = el_overflow(m, course->place++, kind);
            if (slot[el_slot_bytes(m, kind)] != EL_EMPTY) return slot;
        }
        if (course->from == m->buckets) return NULL;
        course->bucket = m->buckets;
        course->end = course->from;
        course->from = m->buckets;
    }
}

/* Records ahead whose key, an object, is asked for: as many as a bucket has. */
enum { EL_AHEAD = EL_SLOTS };

/* The next entry in a record; NULL at the end. */
GM_INLINE unsigned char *el_next_record(const el_map *m, el_course *course, gm_kind kind)
{
    while (course->place < m->records.used) {
        uint32_t number = ++course->place;
        if (kind.code == GM_OBJECTS && m->records.used - number >= EL_AHEAD)
            el_ask_object(gm_store_at(&m->records, number + EL_AHEAD));
        if (GM_LIKELY(!el_record_is_free(m, number, kind))) return gm_store_at(&m->records, number);
    }
    return NULL;
}

GM_INLINE int el_next(gomap_iter *iter, const void **key, const void **value, gm_kind kind)
{
    const el_map *m = el_of(iter->map);
    el_course *course = (el_course *)(void *)iter->place;
    unsigned char *entry = kind.ref ? el_next_record(m, course, kind) : el_next_slot(m, course, kind);
    if (entry == NULL) return 0;
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
    if (kind.ref) el_resizer_of(m)->fill_gaps(m);
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
    gm_engine_of(&m->map.public_part)->iterated(&m->map.public_part);
}

#endif
