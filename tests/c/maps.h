/* maps.h - the maps under test: engines, types, and keys and values by number.
 *
 * Key number i of a type is always the same bytes, and different from number j's; so a test keeps
 * numbers and needs no second map. A value is known by its version: the bytes of version v are
 * always the same, and version 0 is all zeros, which is what a new entry has.
 */
#ifndef MAPS_H
#define MAPS_H

#include "check.h"

#include "gomap.h"

#include <string.h>

/* ---- engines -------------------------------------------------------------------------------- */

typedef struct test_engine {
    int id;
    const char *name;
    int distinct_nans; /* every NaN stored is an entry of its own */
} test_engine;

/* The contract's tests, the failure tests, the fuzzer and the soak run on all of these. */
static const test_engine test_engines[] = {
    {GOMAP_GO, "go", 1},
    {GOMAP_ELASTIC, "elastic", 0},
};
_Static_assert(COUNT_OF(test_engines) == GOMAP_ENGINES, "every engine keeps the contract");

/* ---- types ---------------------------------------------------------------------------------- */

typedef struct test_type {
    const char *name;
    int key_kind;
    uint32_t key_size, value_size;
    int value_pointer;
} test_type;

static const test_type test_types[] = {
    {"map[int8]int64", GOMAP_BITS8, 1, 8, 0},
    {"map[uint16][3]byte", GOMAP_BITS16, 2, 3, 0},
    {"map[int32]struct{}", GOMAP_BITS32, 4, 0, 0},
    {"map[int]int", GOMAP_BITS64, 8, 8, 0},
    {"map[int][3]byte", GOMAP_BITS64, 8, 3, 0},
    {"map[int][128]byte", GOMAP_BITS64, 8, 128, 0},
    {"map[int]*[128]byte", GOMAP_BITS64, 8, 128, 1},
    {"map[int][129]byte", GOMAP_BITS64, 8, 129, 0},
    {"map[int]*int8", GOMAP_BITS64, 8, 1, 1},
    {"map[int]*struct{}", GOMAP_BITS64, 8, 0, 1},
    {"map[float32]float32", GOMAP_FLOAT32, 4, 4, 0},
    {"map[float64]int", GOMAP_FLOAT64, 8, 8, 0},
    {"map[float64]*[200]byte", GOMAP_FLOAT64, 8, 200, 1},
    {"map[[0]byte]int", GOMAP_BYTES, 0, 8, 0},
    {"map[[1]byte][1]byte", GOMAP_BYTES, 1, 1, 0},
    {"map[[2]byte]int16", GOMAP_BYTES, 2, 2, 0},
    {"map[[3]byte][0]byte", GOMAP_BYTES, 3, 0, 0},
    {"map[[4]byte]int", GOMAP_BYTES, 4, 8, 0},
    {"map[[5]byte][3]byte", GOMAP_BYTES, 5, 3, 0},
    {"map[[8]byte][16]byte", GOMAP_BYTES, 8, 16, 0},
    {"map[[16]byte]int16", GOMAP_BYTES, 16, 2, 0},
    {"map[[32]byte]int", GOMAP_BYTES, 32, 8, 0},
    {"map[[33]byte][1]byte", GOMAP_BYTES, 33, 1, 0},
    {"map[[128]byte][128]byte", GOMAP_BYTES, 128, 128, 0},
    {"map[[129]byte]int", GOMAP_BYTES, 129, 8, 0},
    {"map[[129]byte][129]byte", GOMAP_BYTES, 129, 129, 0},
    {"map[[4000]byte]struct{}", GOMAP_BYTES, 4000, 0, 0},
    {"map[int][4000]byte", GOMAP_BITS64, 8, 4000, 0},
    {"map[[4000]byte][4000]byte", GOMAP_BYTES, 4000, 4000, 0},
};

enum { TEST_KEY_MAX = 4000, TEST_FLOAT_ZERO = 32 /* the number of the key 0.0 */ };

static inline const test_type *test_type_named(const char *name)
{
    for (size_t i = 0; i < COUNT_OF(test_types); i++)
        if (strcmp(test_types[i].name, name) == 0) return &test_types[i];
    fprintf(stderr, "expected the name of a test type, got %s\n", name);
    exit(1);
}

/* The descriptor; it lives as long as any map of the type. */
static inline const gomap_type *test_type_made(const test_type *from)
{
    static gomap_type made[COUNT_OF(test_types)];
    gomap_type *type = &made[from - test_types];
    gomap_type_init(type, from->key_kind, from->key_size, from->value_size, from->value_pointer);
    return type;
}

static inline int test_is_float(const gomap_type *type)
{
    return type->key_kind == GOMAP_FLOAT32 || type->key_kind == GOMAP_FLOAT64;
}

/* How many key numbers there are, and no more than `most`. */
static inline size_t test_domain(const gomap_type *type, size_t most)
{
    size_t domain = type->key_size >= 3 ? most : (size_t)1 << (8 * type->key_size);
    return domain < most ? domain : most;
}

/* ---- keys ----------------------------------------------------------------------------------- */

/* Where byte i of the number is in a key: integers have it first, little end first; byte keys last,
 * so that a key must be compared to its end. */
static inline uint32_t test_key_byte(const gomap_type *type, uint32_t i)
{
    return type->key_kind == GOMAP_BYTES ? type->key_size - 1 - i : i;
}

static inline void test_key(const gomap_type *type, size_t number, void *key)
{
    uint64_t word = number;
    double quarter = ((double)number - TEST_FLOAT_ZERO) / 4;
    float narrow = (float)quarter;
    unsigned char *bytes = key;
    switch (type->key_kind) {
    case GOMAP_FLOAT32: memcpy(key, &narrow, 4); return;
    case GOMAP_FLOAT64: memcpy(key, &quarter, 8); return;
    default:
        memset(key, 0x5a, type->key_size);
        for (uint32_t i = 0; i < 8 && i < type->key_size; i++)
            bytes[test_key_byte(type, i)] = (unsigned char)(word >> (8 * i));
    }
}

static inline double test_key_float(const gomap_type *type, const void *key)
{
    double wide = 0;
    float narrow;
    if (type->key_kind == GOMAP_FLOAT64) {
        memcpy(&wide, key, 8);
        return wide;
    }
    memcpy(&narrow, key, 4);
    return (double)narrow;
}

/* The number of a key, and a check that every byte of it is right. */
static inline size_t test_key_number(const gomap_type *type, const void *key)
{
    unsigned char same[TEST_KEY_MAX];
    const unsigned char *bytes = key;
    uint64_t word = 0;
    if (test_is_float(type)) return (size_t)(test_key_float(type, key) * 4 + TEST_FLOAT_ZERO);
    for (uint32_t i = 0; i < 8 && i < type->key_size; i++)
        word |= (uint64_t)bytes[test_key_byte(type, i)] << (8 * i);
    test_key(type, (size_t)word, same);
    CHECK(memcmp(key, same, type->key_size) == 0);
    return (size_t)word;
}

static inline int test_key_is_nan(const gomap_type *type, const void *key)
{
    if (!test_is_float(type)) return 0;
    double value = test_key_float(type, key);
    return value != value;
}

static inline void test_key_of_float(const gomap_type *type, double value, void *key)
{
    float narrow = (float)value;
    if (type->key_kind == GOMAP_FLOAT32) memcpy(key, &narrow, 4);
    else memcpy(key, &value, 8);
}

/* ---- values --------------------------------------------------------------------------------- */

/* Byte i of a value of this version: the version itself, little end first, then noise. */
static inline unsigned char test_value_byte(uint32_t version, uint32_t i)
{
    if (version == 0) return 0;
    if (i < 4) return (unsigned char)(version >> (8 * i));
    return (unsigned char)((version + i) * 2654435761u >> 24);
}

static inline void test_value_write(const gomap_type *type, uint32_t version, void *value)
{
    unsigned char *bytes = value;
    for (uint32_t i = 0; i < type->value_size; i++) bytes[i] = test_value_byte(version, i);
}

static inline int test_value_is(const gomap_type *type, uint32_t version, const void *value)
{
    const unsigned char *bytes = value;
    for (uint32_t i = 0; i < type->value_size; i++)
        if (bytes[i] != test_value_byte(version, i)) return 0;
    return 1;
}

/* ---- maps ----------------------------------------------------------------------------------- */

/* Bytes alive in all maps, by the allocator's hooks. */
static size_t test_live_bytes;

static inline void test_hook_allocated(void *block, size_t bytes)
{
    CHECK(block != NULL && bytes > 0);
    test_live_bytes += bytes;
}

static inline void test_hook_released(void *block, size_t bytes)
{
    CHECK(block != NULL && bytes > 0 && bytes <= test_live_bytes);
    test_live_bytes -= bytes;
}

static inline void test_count_bytes(void)
{
    static const gomap_hooks hooks = {test_hook_allocated, test_hook_released};
    gomap_set_hooks(&hooks);
}

/* Every invariant, and the two counts of the map's bytes. */
#define CHECK_MAP(map) test_check_map(__FILE__, __LINE__, map)

static inline void test_check_map(const char *file, int line, const gomap *map)
{
    char why[256] = "";
    gomap_memory memory;
    size_t walked[GOMAP_PURPOSES], total = 0;
    if (gomap_check(map, why, sizeof why) != 0) {
        fprintf(stderr, "%s:%d: invariant broken: %s\n", file, line, why);
        exit(1);
    }
    gomap_memory_of(map, &memory);
    gomap_walk(map, walked);
    for (int purpose = 0; purpose < GOMAP_PURPOSES; purpose++) {
        CHECK_EQ(walked[purpose], memory.live[purpose]);
        CHECK(memory.peak[purpose] >= memory.live[purpose]);
        total += walked[purpose];
    }
    CHECK_EQ(memory.total, total);
    CHECK_EQ(gomap_total(map), total);
    CHECK(memory.total_peak >= total && total <= test_live_bytes);
}

static inline gomap_stats test_stats(const gomap *map)
{
    gomap_stats stats;
    gomap_stats_of(map, &stats);
    return stats;
}

#endif
