/* go/check.h - statistics, the structural walk, and the invariants P1, P2 and G1 to G7 of csrc/README.md. */
#ifndef GM_GO_CHECK_H
#define GM_GO_CHECK_H

#include "array.h"
#include "find.h"

void go_stats(const gomap *map, gomap_stats *stats);

void go_walk(const gomap *map, size_t live[GOMAP_PURPOSES]);

/* One of the arrays being checked: what has been found in it, and where the first broken invariant is told. */
typedef struct go_inspection {
    const go_map *m;
    const go_array *array;
    const char *where;
    size_t mask;                  /* its heads, less one */
    size_t entries, linked, heap; /* linked: overflow buckets; heap: those of them from the heap */
    gm_sums sums;
    char *why;
    size_t size;
} go_inspection;

/* The marks of a chain so far. */
typedef struct go_marks {
    unsigned char last;
    int rest; /* emptyRest has been seen */
} go_marks;

/* An overflow bucket that is linked to chain `index`. */
int go_check_link(go_inspection *inspection, size_t index, const unsigned char *bucket);
/* The next mark of the chain. */
GM_INLINE int go_check_mark(go_inspection *inspection, size_t index, unsigned slot, unsigned char top, go_marks *marks)
{
    const char *where = inspection->where;
    if (top > GO_EMPTY_ONE && top < GO_MIN_TOPHASH)
        return gm_broken(inspection->why, inspection->size, "G3: %s %zu slot %u: mark %u where nothing was evacuated",
                         where, index, slot, top);
    if (marks->rest && top != GO_EMPTY_REST)
        return gm_broken(inspection->why, inspection->size, "G3: %s %zu slot %u: mark %u behind emptyRest", where,
                         index, slot, top);
    if (top == GO_EMPTY_REST && !marks->rest && marks->last == GO_EMPTY_ONE)
        return gm_broken(inspection->why, inspection->size, "G3: %s %zu slot %u: emptyOne stands before emptyRest",
                         where, index, slot);
    if (top == GO_EMPTY_REST) marks->rest = 1;
    marks->last = top;
    return 0;
}

/* An empty slot's value. */
GM_INLINE int go_check_empty(go_inspection *inspection, size_t index, unsigned char *bucket, unsigned slot)
{
    const go_map *m = inspection->m;
    if (m->stale || inspection->array == &m->old) return 0; /* zeroed when it is taken */
    const unsigned char *value = go_value_slot(m, bucket, slot);
    for (uint32_t i = 0; i < m->parts.value_slot; i++)
        if (value[i])
            return gm_broken(inspection->why, inspection->size, "G6: %s %zu slot %u: an empty slot's value is not zero",
                             inspection->where, index, slot);
    return 0;
}

/* An entry's place: its tophash, the chain it is in, and a look-up of its key. */
GM_INLINE int go_check_place(go_inspection *inspection, size_t index, unsigned char *bucket, unsigned slot,
                             gm_kind kind)
{
    const go_map *m = inspection->m;
    const char *where = inspection->where;
    const unsigned char *at = go_key(m, bucket, slot, kind);
    if (gm_key_is_nan(at, kind)) return 0; /* has no hash to be held against */
    const void *key = gm_key_in(&m->parts, at, kind);
    gomap_key again;
    if (kind.code == GM_OBJECTS) key = gomap_key_again(&m->map.public_part, key, &again);
    uint64_t hash = gm_key_hash(&m->map, key, kind);
    size_t belongs = (size_t)(hash & inspection->mask);
    go_place place;
    if (go_tophash(hash) != bucket[slot])
        return gm_broken(inspection->why, inspection->size, "G2: %s %zu slot %u: tophash %u, its key's is %u", where,
                         index, slot, bucket[slot], go_tophash(hash));
    if (belongs != index)
        return gm_broken(inspection->why, inspection->size, "G2: %s %zu slot %u: its key belongs to bucket %zu", where,
                         index, slot, belongs);
    if (!go_locate(m, go_head(m, hash), hash, key, kind, &place) || place.bucket != bucket || place.slot != slot)
        return gm_broken(inspection->why, inspection->size, "G2: %s %zu slot %u: a look-up of its key leads elsewhere",
                         where, index, slot);
    return 0;
}

/* One chain: its marks, its entries, its links. `frozen`: its old bucket is still to be evacuated. */
GM_INLINE int go_check_chain(go_inspection *inspection, size_t index, int frozen, gm_kind kind)
{
    const go_map *m = inspection->m;
    go_marks marks = {GO_EMPTY_REST, 0};
    for (unsigned char *bucket = go_bucket(m, inspection->array, index), *next; bucket; bucket = next) {
        for (unsigned slot = 0; slot < GO_SLOTS; slot++) {
            if (go_check_mark(inspection, index, slot, bucket[slot], &marks)) return -1;
            if (go_is_empty(bucket[slot])) {
                if (go_check_empty(inspection, index, bucket, slot)) return -1;
                continue;
            }
            if (frozen)
                return gm_broken(inspection->why, inspection->size,
                                 "G4: %s %zu holds an entry before its old bucket is evacuated", inspection->where,
                                 index);
            inspection->entries++;
            if (gm_parts_check_entry(&m->map, &m->parts, go_key_slot(m, bucket, slot), go_value_slot(m, bucket, slot),
                                     &inspection->sums, inspection->where, index, slot, inspection->why,
                                     inspection->size) ||
                go_check_place(inspection, index, bucket, slot, kind))
                return -1;
        }
        next = go_overflow(m, bucket);
        if (next && go_check_link(inspection, index, next)) return -1; /* before it is followed: it may be a ring */
    }
    if (marks.last == GO_EMPTY_ONE)
        return gm_broken(inspection->why, inspection->size, "G3: %s %zu ends in emptyOne", inspection->where, index);
    return 0;
}

/* What can be said without looking at an entry. */
int go_check_shape(const go_map *m, char *why, size_t size);
/* What was found, against what is counted. */
int go_check_counts(const go_map *m, const go_inspection *now, const go_inspection *old, char *why, size_t size);

GM_INLINE int go_check(const gomap *map, char *why, size_t size, gm_kind kind)
{
    const go_map *m = go_of(map);
    go_inspection now = {.m = m, .array = &m->now, .where = "bucket", .mask = m->mask, .why = why, .size = size};
    go_inspection old = {
        .m = m, .array = &m->old, .where = "old bucket", .mask = m->old_mask, .why = why, .size = size};
    if (go_check_shape(m, why, size)) return -1;
    if (m->now.at == NULL) return 0;
    for (size_t i = 0; i <= m->mask; i++) {
        int frozen = m->old.at && !go_is_evacuated(go_bucket(m, &m->old, i & m->old_mask));
        if (go_check_chain(&now, i, frozen, kind)) return -1;
    }
    for (size_t i = 0; m->old.at && i <= m->old_mask; i++)
        if (!go_is_evacuated(go_bucket(m, &m->old, i)) && go_check_chain(&old, i, 0, kind)) return -1;
    return go_check_counts(m, &now, &old, why, size);
}

#endif
