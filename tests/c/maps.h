/* maps.h - the maps under test: engines, types, and keys and values by number.
 *
 * Key number i of a type is always the same bytes, and different from number j's; so a test keeps
 * numbers and needs no second map. A value is known by its version: the bytes of version v are
 * always the same, and version 0 is all zeros, or no bytes, which is what a new entry has.
 *
 * A string's bytes stand in memory that the next dozen of strings leave alone.
 */
#ifndef MAPS_H
#define MAPS_H

#include "check.h"

#include "gomap.h"
#include "memory.h"
#include "platform.h"

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
    {GOMAP_SWISS, "swiss", 1},
};
_Static_assert(COUNT_OF(test_engines) == GOMAP_ENGINES, "every engine keeps the contract");

/* ---- types ---------------------------------------------------------------------------------- */

typedef struct test_type {
    const char *name;
    int key_kind;
    uint32_t key_size, value_size;
    int value_flags;
} test_type;

/* Places of strings in structs. A type's value_flags say which its keys have and which its values. */
static const uint32_t test_at_0[] = {0}, test_at_8[] = {8}, test_at_0_16[] = {0, 16}, test_at_8_24_48[] = {8, 24, 48};
static const gomap_places test_places[] = {
    {NULL, 0}, {test_at_0, 1}, {test_at_8, 1}, {test_at_0_16, 2}, {test_at_8_24_48, 3}};
enum { TEST_NONE, TEST_AT_0, TEST_AT_8, TEST_AT_0_16, TEST_AT_8_24_48 };
#define TEST_STRUCTS(key, value) ((key) << 8 | (value) << 12)

static inline const gomap_places *test_strings_of(const test_type *type, int part)
{
    return &test_places[type->value_flags >> (part == GOMAP_KEY ? 8 : 12) & 15];
}

static const test_type test_types[] = {
    {"map[int8]int64", GOMAP_BITS8, 1, 8, 0},
    {"map[uint16][3]byte", GOMAP_BITS16, 2, 3, 0},
    {"map[int32]struct{}", GOMAP_BITS32, 4, 0, 0},
    {"map[int]int", GOMAP_BITS64, 8, 8, 0},
    {"map[int][3]byte", GOMAP_BITS64, 8, 3, 0},
    {"map[int][128]byte", GOMAP_BITS64, 8, 128, 0},
    {"map[int]*[128]byte", GOMAP_BITS64, 8, 128, GOMAP_POINTER},
    {"map[int][129]byte", GOMAP_BITS64, 8, 129, 0},
    {"map[int]*int8", GOMAP_BITS64, 8, 1, GOMAP_POINTER},
    {"map[int]*struct{}", GOMAP_BITS64, 8, 0, GOMAP_POINTER},
    {"map[int32]*struct{}", GOMAP_BITS32, 4, 0, GOMAP_POINTER},
    {"map[float32]float32", GOMAP_FLOAT32, 4, 4, 0},
    {"map[float64]int", GOMAP_FLOAT64, 8, 8, 0},
    {"map[float64]*[200]byte", GOMAP_FLOAT64, 8, 200, GOMAP_POINTER},
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
    {"map[string]int", GOMAP_STRING, GOMAP_STRING_SIZE, 8, 0},
    {"map[string]struct{}", GOMAP_STRING, GOMAP_STRING_SIZE, 0, 0},
    {"map[string][128]byte", GOMAP_STRING, GOMAP_STRING_SIZE, 128, 0},
    {"map[string][129]byte", GOMAP_STRING, GOMAP_STRING_SIZE, 129, 0},
    {"map[string]string", GOMAP_STRING, GOMAP_STRING_SIZE, GOMAP_STRING_SIZE, GOMAP_STRING_VALUE},
    {"map[int]string", GOMAP_BITS64, 8, GOMAP_STRING_SIZE, GOMAP_STRING_VALUE},
    {"map[int]*string", GOMAP_BITS64, 8, GOMAP_STRING_SIZE, GOMAP_STRING_VALUE | GOMAP_POINTER},
    {"map[float64]string", GOMAP_FLOAT64, 8, GOMAP_STRING_SIZE, GOMAP_STRING_VALUE},
    {"map[[129]byte]string", GOMAP_BYTES, 129, GOMAP_STRING_SIZE, GOMAP_STRING_VALUE},
    {"map[any]int", GOMAP_OBJECT, GOMAP_OBJECT_SIZE, 8, 0},
    {"map[any]string", GOMAP_OBJECT, GOMAP_OBJECT_SIZE, GOMAP_STRING_SIZE, GOMAP_STRING_VALUE},
    {"map[any][129]byte", GOMAP_OBJECT, GOMAP_OBJECT_SIZE, 129, 0},
    {"map[int]struct{string}", GOMAP_BITS64, 8, 16, TEST_STRUCTS(TEST_NONE, TEST_AT_0)},
    {"map[int]struct{int; string; string; int; string}", GOMAP_BITS64, 8, 64, TEST_STRUCTS(TEST_NONE, TEST_AT_8_24_48)},
    {"map[int]*struct{int; string}", GOMAP_BITS64, 8, 24, TEST_STRUCTS(TEST_NONE, TEST_AT_8) | GOMAP_POINTER},
    {"map[float64]struct{string; string; [100]byte}", GOMAP_FLOAT64, 8, 132, TEST_STRUCTS(TEST_NONE, TEST_AT_0_16)},
    {"map[any]struct{int; string}", GOMAP_OBJECT, GOMAP_OBJECT_SIZE, 24, TEST_STRUCTS(TEST_NONE, TEST_AT_8)},
    {"map[struct{string}]int", GOMAP_BYTES, 16, 8, TEST_STRUCTS(TEST_AT_0, TEST_NONE)},
    {"map[struct{string; string}]int", GOMAP_BYTES, 32, 8, TEST_STRUCTS(TEST_AT_0_16, TEST_NONE)},
    {"map[struct{string; int}]struct{}", GOMAP_BYTES, 24, 0, TEST_STRUCTS(TEST_AT_0, TEST_NONE)},
    {"map[struct{int; string; string; int; string}]struct{string; string}", GOMAP_BYTES, 64, 32,
     TEST_STRUCTS(TEST_AT_8_24_48, TEST_AT_0_16)},
    {"map[struct{string; [112]byte}]string", GOMAP_BYTES, 128, GOMAP_STRING_SIZE,
     TEST_STRUCTS(TEST_AT_0, TEST_NONE) | GOMAP_STRING_VALUE},
};

enum { TEST_KEY_MAX = 4000, TEST_FLOAT_ZERO = 32 /* the number of the key 0.0 */ };

/* Room for a key of any type. */
#define TEST_KEY(name) _Alignas(gomap_key) unsigned char name[TEST_KEY_MAX]

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
    gomap_type_init(type, from->key_kind, from->key_size, from->value_size, from->value_flags);
    for (int part = GOMAP_KEY; part < GOMAP_PARTS; part++)
        if (test_strings_of(from, part)->count)
            gomap_type_strings(type, part, test_strings_of(from, part)->at, test_strings_of(from, part)->count);
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

static inline int test_has_strings(const test_type *type)
{
    return type->key_kind == GOMAP_STRING || type->value_flags & GOMAP_STRING_VALUE ||
           test_strings_of(type, GOMAP_KEY)->count || test_strings_of(type, GOMAP_VALUE)->count;
}

static inline int test_has_value_strings(const gomap_type *type) { return type->strings[GOMAP_VALUE].count != 0; }

/* ---- strings -------------------------------------------------------------------------------- */

enum { TEST_LENGTHS = 29, TEST_FACTOR = 167, TEST_STRING_MOST = 30000, TEST_STRINGS = 16 };

/* The longest string of a class of records (csrc/string_region.h): 24 to 128 bytes by eights, then eight a doubling to
 * 4096, each with its owner's hash. */
static inline size_t test_class_length(size_t size_class)
{
    size_t doublings = size_class < 14 ? 0 : (size_class - 14) / 8;
    return size_class < 14 ? 8 * size_class + 16
                           : (size_t)(128 + 16 * ((size_class - 14) % 8 + 1)) * ((size_t)1 << doublings) - 8;
}

/* Of every TEST_LENGTHS strings most are as short as in practice; one is about as long as some class's longest;
 * and one is among the first or the middle of those that have a block of their own. */
static inline size_t test_length(size_t number)
{
    static const uint8_t lengths[TEST_LENGTHS - 2] = {0,  1,  2,  3,  4,  5,  7,  8,  9,  12, 14,  15,  16, 16,
                                                      16, 17, 17, 23, 24, 25, 31, 32, 33, 60, 120, 121, 200};
    static const uint16_t large[] = {4088, 4089, 5000, TEST_STRING_MOST};
    size_t slot = number % TEST_LENGTHS, round = number / TEST_LENGTHS;
    if (slot < COUNT_OF(lengths)) {
        size_t length = lengths[slot];
        return length >= 4 || round < (size_t)1 << (8 * length) ? length : 5 + length;
    }
    if (slot == COUNT_OF(lengths)) {
        uint64_t dice = test_scramble(number);
        return test_class_length((size_t)(dice % 54)) + (dice >> 32 & 1);
    }
    return large[round % COUNT_OF(large)];
}

/* String of a number. From four bytes on a multiple of the number is in it, of which the highest byte is 0: at the
 * end, so that the last byte is any, or at the beginning, among bytes that all of them share, or among zeros. */
static inline void test_string_write(size_t number, size_t length, unsigned char *bytes)
{
    uint32_t code = (uint32_t)number * TEST_FACTOR & 0xffffff;
    if (length < 4) code = (uint32_t)(number / TEST_LENGTHS);
    memset(bytes, number % 3 ? 0x5a : 0, length);
    for (size_t i = 0; i < 4 && i < length; i++)
        bytes[length >= 16 && number % 2 ? i : length - 1 - i] = (unsigned char)(code >> (8 * i));
}

static inline gomap_string test_string(size_t number)
{
    static unsigned char room[TEST_STRINGS][TEST_STRING_MOST];
    static size_t next;
    unsigned char *bytes = room[next++ % TEST_STRINGS];
    gomap_string string = {bytes, test_length(number)};
    test_string_write(number, string.length, bytes);
    return string;
}

static inline int test_string_is(size_t number, const gomap_string *string)
{
    static unsigned char bytes[TEST_STRING_MOST];
    if (string->length != test_length(number)) return 0;
    if (string->length == 0) return 1;
    test_string_write(number, string->length, bytes);
    return memcmp(bytes, string->at, string->length) == 0;
}

/* The number of a string; there must be one. */
static inline size_t test_string_number(const gomap_string *string)
{
    const unsigned char *bytes = string->at;
    size_t length = string->length, number = 0;
    for (int at_end = 1; at_end >= 0; at_end--) {
        uint32_t code = 0, inverse = TEST_FACTOR;
        for (size_t i = 0; i < 4 && i < length; i++) code |= (uint32_t)bytes[at_end ? length - 1 - i : i] << (8 * i);
        for (int times = 0; times < 5; times++) inverse *= 2 - TEST_FACTOR * inverse; /* Newton's, modulo 2^32 */
        number = length < 4 ? code * (size_t)TEST_LENGTHS + length : code * inverse & 0xffffff;
        if (test_string_is(number, string)) return number;
    }
    CHECK(!string); /* no number has these bytes */
    return number;
}

/* ---- objects -------------------------------------------------------------------------------- */

/* An object's word is its number and, above, which of several equal ones it is; three numbers share a hash, or as many
 * as a test says. */
enum { TEST_ALIAS_BITS = 40 };
static size_t test_alike = 3;

static inline uint64_t test_object_number(uint64_t object) { return object & (((uint64_t)1 << TEST_ALIAS_BITS) - 1); }

static inline int test_same(const gomap_object *key, uint64_t object)
{
    CHECK_EQ(key->hash, test_scramble(test_object_number(object) / test_alike));
    return test_object_number(key->object) == test_object_number(object);
}

static inline void test_object_write(size_t number, uint64_t alias, void *key)
{
    gomap_object object = {test_scramble(number / test_alike), number | alias << TEST_ALIAS_BITS, test_same};
    memcpy(key, &object, sizeof object);
}

/* ---- keys ----------------------------------------------------------------------------------- */

/* Where byte i of the number, counted from its little end, is in a key: integers have it where the machine has it,
 * so that a key of eight bytes is the number; byte keys at the end, so that a key must be compared to its end. */
static inline uint32_t test_key_byte(const gomap_type *type, uint32_t i)
{
    int is_number = type->key_kind != GOMAP_BYTES && type->key_kind != GOMAP_STRUCT;
    return is_number && !GM_BIG_ENDIAN ? i : type->key_size - 1 - i;
}

/* Whether a struct ends in a string, which then tells its number. Else its last bytes do. */
static inline int test_ends_in_string(const gomap_type *type)
{
    const gomap_places *strings = &type->strings[GOMAP_KEY];
    return strings->at[strings->count - 1] + GOMAP_STRING_SIZE == type->key_size;
}

/* The number of a struct's string i: the last one tells structs apart, or none does; three structs share the others. */
static inline size_t test_field_number(const gomap_type *type, size_t number, uint32_t i)
{
    int is_last = i == type->strings[GOMAP_KEY].count - 1;
    return is_last && test_ends_in_string(type) ? number : number / 3 + i;
}

static inline void test_key(const gomap_type *type, size_t number, void *key)
{
    uint64_t word = number;
    double quarter = ((double)number - TEST_FLOAT_ZERO) / 4;
    float narrow = (float)quarter;
    unsigned char *bytes = key;
    gomap_string string;
    switch (type->key_kind) {
    case GOMAP_STRING:
        string = test_string(number);
        memcpy(key, &string, sizeof string);
        return;
    case GOMAP_OBJECT: test_object_write(number, 0, key); return;
    case GOMAP_FLOAT32: memcpy(key, &narrow, 4); return;
    case GOMAP_FLOAT64: memcpy(key, &quarter, 8); return;
    default:
        memset(key, 0x5a, type->key_size);
        for (uint32_t i = 0; i < 8 && i < type->key_size; i++)
            bytes[test_key_byte(type, i)] = (unsigned char)(word >> (8 * i));
    }
    for (uint32_t i = 0; type->key_kind == GOMAP_STRUCT && i < type->strings[GOMAP_KEY].count; i++) {
        string = test_string(test_field_number(type, number, i));
        memcpy(bytes + type->strings[GOMAP_KEY].at[i], &string, sizeof string);
    }
}

/* The same, or another one that is equal. */
static inline void test_key_equal(const gomap_type *type, size_t number, void *key)
{
    static uint64_t alias;
    if (type->key_kind == GOMAP_OBJECT) test_object_write(number, ++alias % 7, key);
    else test_key(type, number, key);
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

/* The number of a key in a map, and a check that every byte of it is right. */
static inline size_t test_key_number(const gomap *map, const void *key)
{
    TEST_KEY(same);
    const gomap_type *type = map->type;
    const unsigned char *bytes = key;
    uint64_t word = 0;
    if (type->key_kind == GOMAP_STRING) {
        gomap_string string = gomap_string_at(map, 0, key);
        return test_string_number(&string);
    }
    if (type->key_kind == GOMAP_STRUCT) {
        const gomap_places *strings = &type->strings[GOMAP_KEY];
        gomap_key again;
        if (test_ends_in_string(type)) {
            gomap_string last = gomap_string_at(map, GOMAP_KEY, bytes + type->key_size - GOMAP_STRING_SIZE);
            word = test_string_number(&last);
        } else {
            for (uint32_t i = 0; i < 8; i++) word |= (uint64_t)bytes[test_key_byte(type, i)] << (8 * i);
        }
        test_key(type, (size_t)word, same);
        (void)gomap_key_again(map, key, &again);
        for (uint32_t i = 0; i < strings->count; i++) {
            gomap_string string;
            memcpy(&string, again.bytes + strings->at[i], sizeof string);
            CHECK(test_string_is(test_field_number(type, (size_t)word, i), &string));
            memcpy(same + strings->at[i], &string, sizeof string); /* another address */
        }
        CHECK(memcmp(again.bytes, same, type->key_size) == 0);
        return (size_t)word;
    }
    if (type->key_kind == GOMAP_OBJECT) {
        memcpy(&word, bytes + 8, 8); /* the one that came first, which is never another one */
        test_key(type, (size_t)word, same);
        CHECK(memcmp(key, same, GOMAP_OBJECT_SIZE) == 0);
        return (size_t)word;
    }
    if (test_is_float(type)) return (size_t)(test_key_float(type, key) * 4 + TEST_FLOAT_ZERO);
    for (uint32_t i = 0; i < 8 && i < type->key_size; i++) word |= (uint64_t)bytes[test_key_byte(type, i)] << (8 * i);
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

/* Puts an entry with the value of this version. */
static inline void *test_put(gomap *map, const void *key, uint32_t version, int *added)
{
    const gomap_places *strings = &map->type->strings[GOMAP_VALUE];
    unsigned char bytes[TEST_KEY_MAX];
    test_value_write(map->type, version, bytes);
    for (uint32_t i = 0; i < strings->count; i++) {
        gomap_string string = test_string(version + 5 * i);
        memcpy(bytes + strings->at[i], &string, sizeof string);
    }
    return gomap_put(map, key, bytes, added);
}

static inline int test_value_is(const gomap *map, uint32_t version, const void *value)
{
    const gomap_type *type = map->type;
    const gomap_places *strings = &type->strings[GOMAP_VALUE];
    const unsigned char *bytes = value;
    for (uint32_t i = 0, place = 0; i < type->value_size; i++) {
        if (place < strings->count && i == strings->at[place]) {
            gomap_string string = gomap_string_at(map, GOMAP_VALUE, bytes + i);
            if (version ? !test_string_is(version + 5 * place, &string) : string.length != 0) return 0;
            place++;
            i += GOMAP_STRING_SIZE - 1;
        } else if (bytes[i] != test_value_byte(version, i)) {
            return 0;
        }
    }
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

/* The bytes by which a map's header is larger where threads run in parallel. */
enum { TEST_HEADER_MORE = GOMAP_THREADS ? 128 : 0 };

/* What is counted for a heap block of so many bytes: with the C library's rounding. */
static inline size_t test_granted(size_t bytes)
{
    gm_memory memory = {0, 0, NULL};
    void *block = gm_alloc(&memory, GOMAP_HEADER, bytes);
    size_t granted = memory.total;
    CHECK(block != NULL);
    gm_release(&memory, GOMAP_HEADER, block, bytes);
    return granted;
}

/* What the heap may take for so many bytes in blocks: musl's are of few sizes, up to a third larger than asked for. */
static inline size_t test_heap_most(size_t bytes) { return test_granted(700) > 800 ? bytes + bytes / 3 : bytes; }

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
