/* combine.h - values that meet: the one that a key has, and the one that comes, from an array or from another map. */
#ifndef GOMAP_COMBINE_H
#define GOMAP_COMBINE_H

#include "columns.h"

#ifdef __cplusplus
extern "C" {
#endif

/* What becomes of the two values. A key that is not there takes the value that comes. The larger and the smaller of
 * numbers: a NaN gives way to any number, and 0.0 is larger than -0.0. */
enum { GOMAP_LAST, GOMAP_FIRST, GOMAP_ADD, GOMAP_MAX, GOMAP_MIN };

/* The value at `room`, which a key has, becomes what the two make; of a kind GOMAP_N_..., for numbers.
 * 0: their sum does not fit, and nothing has changed. */
int gomap_combine(void *room, const void *value, int kind, int how);

/* Combines the values of columns, GOMAP_MAX or GOMAP_MIN, into a map. Returns as the functions of columns.h do. */
size_t gomap_column_combine(gomap *map, gomap_column *keys, gomap_column *values, int kind, int how, size_t begin,
                            size_t most);

/* A map's entries into another map of the same types, whose keys are no objects. The iteration goes over the source,
 * another map, and may be of either engine. */
typedef struct gomap_merging {
    int how, kind;
    const void *key; /* the source's, whose sum does not fit; NULL: all did so far */
    const void *was, *more;
} gomap_merging;

/* Before adding: whether the sums of the next entries, `most` of them, fit; changes nothing. Returns how many do. If
 * these are fewer, merging->key says which does not; NULL: the iteration is at its end. */
size_t gomap_merge_fits(const gomap *map, gomap_iter *source, gomap_merging *merging, size_t most);

/* Merges the next entries, `most` of them. Returns how many are merged: fewer than there are when memory has run out.
 * Sums have to fit. */
size_t gomap_merge_some(gomap *map, gomap_iter *source, const gomap_merging *merging, size_t most);

#ifdef __cplusplus
}
#endif
#endif
