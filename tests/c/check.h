/* check.h - what every C test shares: checks that name their place, and random numbers. */
#ifndef CHECK_H
#define CHECK_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#define CHECK(condition)                                                                                               \
    do {                                                                                                               \
        if (!(condition)) {                                                                                            \
            fprintf(stderr, "%s:%d: expected %s\n", __FILE__, __LINE__, #condition);                                   \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

/* For non-negative integers: shows both. */
#define CHECK_EQ(got, expected)                                                                                        \
    do {                                                                                                               \
        unsigned long long got_ = (unsigned long long)(got);                                                           \
        unsigned long long expected_ = (unsigned long long)(expected);                                                 \
        if (got_ != expected_) {                                                                                       \
            fprintf(stderr, "%s:%d: expected %s to be %llu, got %llu\n", __FILE__, __LINE__, #got, expected_, got_);   \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

/* low <= got <= high */
#define CHECK_BETWEEN(got, low, high)                                                                                  \
    do {                                                                                                               \
        double got_ = (double)(got), low_ = (double)(low), high_ = (double)(high);                                     \
        if (!(low_ <= got_ && got_ <= high_)) {                                                                        \
            fprintf(stderr, "%s:%d: expected %s from %g to %g, got %g\n", __FILE__, __LINE__, #got, low_, high_,       \
                    got_);                                                                                             \
            exit(1);                                                                                                   \
        }                                                                                                              \
    } while (0)

#define COUNT_OF(array) (sizeof(array) / sizeof *(array))

/* splitmix64, here again so that the tests' choices do not hang on the core's generator. */
static inline uint64_t test_random(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

/* Scrambles a number: different numbers, different results. */
static inline uint64_t test_scramble(uint64_t number) { return test_random(&number); }

/* calloc that succeeds. */
static inline void *test_alloc(size_t count, size_t size)
{
    void *block = calloc(count ? count : 1, size);
    CHECK(block != NULL);
    return block;
}

#endif
