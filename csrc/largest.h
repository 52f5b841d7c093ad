/* largest.h - the entries of the largest values, as many as asked for: a heap over an iteration, the smallest on top.
 *
 *     the next entry's value is larger than the top's  ->  it takes the top's place, and sinks to its own
 */
#ifndef GOMAP_LARGEST_H
#define GOMAP_LARGEST_H

#include "gomap.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gomap_ranked {
    uint64_t rank;
    const void *key, *value; /* where they stand in the map */
} gomap_ranked;

typedef struct gomap_largest {
    gomap_ranked *heap; /* the caller's, for `room` entries; room is not 0 */
    size_t room, count;
    int kind; /* of the values: GOMAP_N_... NaN counts as smaller than every number */
} gomap_largest;

/* Looks at the next entries of an iteration, `most` of them. Returns how many. */
size_t gomap_largest_take(gomap_largest *largest, gomap_iter *iter, size_t most);

/* Puts the entries in order, the largest first. Afterwards it is a heap no more. */
void gomap_largest_sort(gomap_largest *largest);

#ifdef __cplusplus
}
#endif
#endif
