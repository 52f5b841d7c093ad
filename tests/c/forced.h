/* forced.h - elastic maps made to use what good hashing keeps from them: keys chosen by their hash. */
#ifndef FORCED_H
#define FORCED_H

#include "model.h"

#include "elastic/bucket.h"

/* Of eight-byte keys, whatever stands beside them. */
static inline uint64_t forced_hash(const gomap *map, uint64_t key)
{
    return gm_hash_word(key, gm_map_of(map)->seed);
}

/* Numbers of keys both of whose hash halves end in `bits` zero bits: up to 2^bits buckets, all of them belong
 * into bucket 0 and nowhere else. Returns how many of the first `domain` numbers were taken. */
static inline size_t forced_numbers(const gomap *map, unsigned bits, size_t domain, size_t *numbers, size_t most)
{
    uint64_t low = ((uint64_t)1 << bits) - 1, both = low | low << 32;
    size_t n = 0;
    for (size_t number = 0; number < domain && n < most; number++)
        if ((forced_hash(map, number) & both) == 0) numbers[n++] = number;
    return n;
}

/* Places of the overflow list, those in use and those not. */
static inline size_t forced_places(const gomap *map) { return el_of(map)->overflow_used; }

#endif
