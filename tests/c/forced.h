/* forced.h - maps made to use what good hashing keeps from them: keys chosen by their hash. */
#ifndef FORCED_H
#define FORCED_H

#include "model.h"

#include "elastic/layout.h"

/* Of eight-byte keys, whatever stands beside them. */
static inline uint64_t forced_hash(const gomap *map, uint64_t key) { return gm_hash_word(key, gm_map_of(map)->seed); }

/* Of the key of this number, an integer, a string or a struct with strings. */
static inline uint64_t forced_hash_of(const gomap *map, size_t number)
{
    gm_string made;
    int as_given = gm_engine_of(map)->id != GOMAP_ELASTIC;
    gm_seed seed = gm_map_of(map)->seed;
    if (map->type->key_kind == GOMAP_STRUCT) {
        TEST_KEY(key);
        test_key(map->type, number, key);
        return gm_struct_hash(map->type, key, seed, as_given ? GM_AS_STRINGS : GM_TO_IMAGES);
    }
    if (map->type->key_kind != GOMAP_STRING) return forced_hash(map, number);
    gomap_string string = test_string(number);
    if (as_given) return gm_hash_string(&string, seed);
    CHECK(gm_string_make(&made, &string, seed));
    return gm_image_hash(made.image, seed);
}

/* Numbers of keys both of whose hash halves end in `bits` zero bits: up to 2^bits buckets, all of them belong
 * into bucket 0 and nowhere else. Returns how many of the first `domain` numbers were taken. */
static inline size_t forced_numbers(const gomap *map, unsigned bits, size_t domain, size_t *numbers, size_t most)
{
    uint64_t low = ((uint64_t)1 << bits) - 1, both = low | low << 32;
    size_t n = 0;
    for (size_t number = 0; number < domain && n < most; number++)
        if ((forced_hash_of(map, number) & both) == 0) numbers[n++] = number;
    return n;
}

/* Places of the overflow list, those in use and those not. */
static inline size_t forced_places(const gomap *map) { return el_of(map)->overflow_used; }

#endif
