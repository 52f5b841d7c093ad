/* hash.h - the seeded hash, one function a kind of key.
 *
 * Folded multiplication (the 128-bit product's halves xored), as in wyhash and absl, with one
 * difference that matters: every word a key contributes is first xored with a *secret* of this
 * map, never with a public constant. With a public constant, whoever picks the keys can make one
 * factor zero and so cancel the rest of the key, whatever the seed. Here that takes guessing 64
 * random bits.
 *
 *   integers   fold(fold(key ^ a, b), constant)
 *   bytes      h = a;  h = fold(word ^ b, word' ^ h)   16 bytes a step; the length is fixed per map
 *
 * One fold of an integer would be faster, but its result is not like a random one. A product's low bits run through a
 * sequence of keys without repeating. So sequential keys fill buckets more evenly than random keys (3,000 to 3,700
 * overflow buckets at 1,000,000 entries; random keys make 4,300), and other sequences fill them less evenly. The second
 * fold makes every family spread like random keys: multiples of 2^40, equal halves, sequences (tests/c/test_hash.c
 * measures it). It costs 1.5 ns.
 */
#ifndef GM_HASH_H
#define GM_HASH_H

#include "platform.h"

/* A map's secret: two words drawn at creation, and in Go's map again when it becomes empty. b is odd, so
 * that multiplying by it loses nothing. */
typedef struct gm_seed {
    uint64_t a, b;
} gm_seed;

GM_INLINE uint64_t gm_fold(uint64_t x, uint64_t y)
{
    uint64_t low, high = gm_mul128(x, y, &low);
    return high ^ low;
}

/* splitmix64 (Steele, Lea, Flood 2014): a full-period generator; also spreads a weak seed. */
GM_INLINE uint64_t gm_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

GM_INLINE gm_seed gm_seed_draw(uint64_t *random)
{
    gm_seed seed;
    seed.a = gm_random(random);
    seed.b = gm_random(random) | 1;
    return seed;
}

/* The second fold's factor: odd, half of its bits set in no pattern (the fraction of the golden ratio). */
#define GM_MIX 0x9e3779b97f4a7c15u

GM_INLINE uint64_t gm_hash_word(uint64_t key, gm_seed seed) { return gm_fold(gm_fold(key ^ seed.a, seed.b), GM_MIX); }

GM_INLINE uint64_t gm_hash_bytes(const unsigned char *p, size_t n, gm_seed seed)
{
    uint64_t h = seed.a, x, y;
    if (n >= 16) {
        const unsigned char *last = p + n - 16;
        for (; p < last; p += 16) h = gm_fold(gm_load64(p) ^ seed.b, gm_load64(p + 8) ^ h);
        x = gm_load64(last); /* the last 16 bytes, overlapping the step before */
        y = gm_load64(last + 8);
    } else if (n >= 8) {
        x = gm_load64(p);
        y = gm_load64(p + n - 8);
    } else if (n >= 4) {
        x = gm_load32(p);
        y = gm_load32(p + n - 4);
    } else if (n > 0) {
        x = p[0];
        y = ((uint64_t)p[n >> 1] << 8) | p[n - 1];
    } else {
        x = y = 0;
    }
    h = gm_fold(x ^ seed.b, y ^ h);
    return gm_fold(h ^ seed.a, seed.b);
}

#endif
