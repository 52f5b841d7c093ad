/* go/array.h - making and dropping bucket arrays and overflow buckets (Go's makeBucketArray,
 * newoverflow). The rounding to size classes is Go's, so that the arrays are Go's to the byte. */
#ifndef GM_GO_ARRAY_H
#define GM_GO_ARRAY_H

#include "../size_class.h"
#include "layout.h"

/* The most entries 2^B buckets take before they grow: Go's overLoadFactor, load 13/2. One bucket
 * takes all its eight. */
GM_INLINE size_t go_capacity(unsigned B) { return B == 0 ? GO_SLOTS : 13 * (((size_t)1 << B) / 2); }

/* The smallest B with room for count entries; 64 when there is none. */
GM_INLINE unsigned go_B_for(size_t count)
{
    unsigned B = 0;
    while (B < 60 && go_capacity(B) < count) B++;
    return B < 60 ? B : 64;
}

/* The buckets of the array for 2^B, and its bytes; 0 when no machine maps so many. B >= 4 brings 2^(B-4) overflow
 * buckets, and the size class's slack more of them. */
size_t go_array_buckets(const go_map *m, unsigned B, size_t *bytes);

/* The array for 2^B buckets; 0 when there is no memory. */
int go_array_make(go_map *m, go_array *array, unsigned B);

GM_INLINE void go_set_B(go_map *m, unsigned B)
{
    m->B = (uint8_t)B;
    m->mask = ((size_t)1 << B) - 1;
    m->grow_at = go_capacity(B);
    m->noverflow_at = (uint16_t)(1u << (B < 15 ? B : 15));
}

/* A new overflow bucket behind `last`; NULL when there is no memory. */
unsigned char *go_overflow_add(go_map *m, unsigned char *last);

/* Gives a chain's heap buckets back. The chain's head is not read afterwards, or is overwritten. */
void go_chain_release(go_map *m, go_array *array, unsigned char *head);

/* Gives all of an array's heap overflow buckets back. Evacuated chains have given theirs before. */
void go_array_release_overflow(go_map *m, go_array *array, size_t heads);

void go_array_drop(go_map *m, go_array *array, int purpose, size_t heads);

#endif
