/* test_beside.c - single entries looked up and changed under versions, beside a reference.
 *
 * With -DTEST_THREADS -pthread threads look keys up while one writes, for ThreadSanitizer:
 *
 *     cc -std=gnu11 -O1 -g -fsanitize=thread -DTEST_THREADS -DGOMAP_THREADS=1 -pthread -Icsrc tests/c/test_beside.c \
 *         (and the sources of csrc, as README.md has them)
 */
#include "beside.h"
#include "maps.h"

/* Keys by number, their strings in memory of their own, so that threads may share them. */
static void *keys_of(const gomap_type *type, size_t count)
{
    char *keys = test_alloc(count, type->key_size + 1);
    for (size_t i = 0; i < count; i++) {
        TEST_KEY(key);
        test_key(type, i, key);
        if (type->key_kind == GOMAP_STRING) {
            gomap_string string;
            memcpy(&string, key, sizeof string);
            if (string.length) string.at = memcpy(test_alloc(1, string.length), string.at, string.length);
            else string.at = test_alloc(1, 1);
            memcpy(key, &string, sizeof string);
        }
        memcpy(keys + i * type->key_size, key, type->key_size);
    }
    return keys;
}

static void free_keys(const gomap_type *type, char *keys, size_t count)
{
    for (size_t i = 0; type->key_kind == GOMAP_STRING && i < count; i++) {
        gomap_string string;
        memcpy(&string, keys + i * type->key_size, sizeof string);
        free((void *)(uintptr_t)string.at);
    }
    free(keys);
}

static gomap_versions *versions_of(const gomap *map)
{
    gomap_versions *versions = test_alloc(1, gomap_versions_bytes(map));
    gomap_versions_begin(versions, map);
    return versions;
}

static void check_sound(const gomap *map, const gomap_versions *versions)
{
    char why[256];
    if (gomap_check(map, why, sizeof why)) fprintf(stderr, "%s: %s\n", __FILE__, why), exit(1);
    for (uint32_t i = 0; i <= versions->mask; i++) CHECK(versions->of[i] % 2 == 0);
}

/* ---- one thread: any operations ------------------------------------------------------------------- */

static void check_found(const gomap *map, const gomap_versions *versions, const void *key, uint32_t version)
{
    unsigned char value[GOMAP_BESIDE_VALUE];
    memset(value, 0xee, sizeof value);
    CHECK_EQ(gomap_beside_find(map, versions, key, value), version != 0);
    CHECK((gomap_find(map, key) != NULL) == (version != 0));
    if (version) CHECK(test_value_is(map, version, value) && test_value_is(map, version, gomap_find(map, key)));
    for (size_t i = version ? map->type->value_size : 0; i < sizeof value; i++) CHECK_EQ(value[i], 0xee);
}

static void try_operations(const test_type *from, size_t most, uint64_t seed)
{
    const gomap_type *type = test_type_made(from);
    size_t domain = test_domain(type, most), count = 0, puts = 0, refused = 0;
    gomap *map = gomap_new(GOMAP_ELASTIC, type, 0, seed);
    CHECK(map != NULL);
    char *keys = keys_of(type, domain);
    uint32_t *version = test_alloc(domain, sizeof *version), last = 0;
    gomap_versions *versions = versions_of(map);
    gomap_iter iter = {0};
    for (size_t step = 0; step < 12 * most; step++) {
        uint64_t dice = test_random(&seed);
        size_t number = (size_t)(dice >> 20) % domain, growing = step / (3 * most) % 2 == 0;
        const void *key = keys + number * type->key_size;
        if (iter.map && dice % 13 == 0) gomap_iter_end(&iter);
        if (!iter.map && dice % 401 == 0) gomap_iter_begin(&iter, map);
        size_t had = map->count;
        if (dice % 16 < (growing ? 11u : 4u)) {
            unsigned char value[GOMAP_BESIDE_VALUE];
            int added;
            test_value_write(type, ++last, value);
            puts++;
            if (!gomap_beside_put(map, versions, key, value)) {
                refused++;
                CHECK_EQ(map->count, had);
                check_found(map, versions, key, version[number]);
                CHECK(gomap_put(map, key, value, &added));
                CHECK_EQ(added, !version[number]);
            } else if (iter.map && !gomap_iter_is_over(&iter)) {
                CHECK(version[number]); /* a new key ends iterators, and so is refused */
            }
            count += !version[number];
            version[number] = last;
        } else if (dice % 16 < 14) {
            int gone = gomap_beside_erase(map, versions, key);
            if (gone == -1) {
                CHECK_EQ(map->count, had);
                check_found(map, versions, key, version[number]);
                gone = gomap_erase(map, key);
            }
            CHECK_EQ(gone, version[number] != 0);
            count -= version[number] != 0;
            version[number] = 0;
        }
        check_found(map, versions, key, version[number]);
        CHECK_EQ(map->count, count);
        if (step % (most / 4 + 1) == 0) check_sound(map, versions);
    }
    gomap_iter_end(&iter);
    check_sound(map, versions);
    for (size_t i = 0; i < domain; i++) check_found(map, versions, keys + i * type->key_size, version[i]);
    /* In a map that does not grow most is done under versions; long strings never are. */
    if (domain == most) CHECK(refused * (type->key_kind == GOMAP_STRING ? 1 : 2) < puts);
    free(versions);
    free(version);
    free_keys(type, keys, domain);
    gomap_free(map);
}

/* What displacement moves under versions is counted once, and found. */
static void try_displacing(void)
{
    const gomap_type *type = test_type_made(test_type_named("map[int]int"));
    gomap *map = gomap_new(GOMAP_ELASTIC, type, 0, 3);
    uint64_t done = 0, refused = 0;
    CHECK(map != NULL);
    gomap_stats stats;
    for (uint64_t i = 0; i < 20000; i++) {
        int added;
        CHECK(gomap_put(map, &i, &i, &added));
    }
    gomap_stats_of(map, &stats);
    size_t before = stats.displaced;
    gomap_versions *versions = versions_of(map);
    for (uint64_t i = 0; i < 20000; i++) CHECK_BETWEEN(gomap_beside_erase(map, versions, &i) + 1, 0, 2);
    for (uint64_t round = 0; round < 3; round++) {
        for (uint64_t i = 0; i < 20000; i++) {
            int added;
            if (gomap_beside_put(map, versions, &i, &i)) {
                done++;
                continue;
            }
            refused++;
            CHECK(gomap_put(map, &i, &i, &added));
        }
        check_sound(map, versions);
        for (uint64_t i = 0; i < 20000; i += 2)
            if (gomap_beside_erase(map, versions, &i) == -1) CHECK(gomap_erase(map, &i));
    }
    gomap_stats_of(map, &stats);
    CHECK(stats.displaced + versions->displaced > before && done > 10 * refused);
    free(versions);
    gomap_free(map);
}

/* ---- threads ---------------------------------------------------------------------------------------- */

#if defined(TEST_THREADS)
#include <pthread.h>

enum { FIXED = 300, CHANGING = 600, ABSENT = 100, KEYS = FIXED + CHANGING + ABSENT, READERS = 2 };

typedef struct shared_map {
    gomap *map;
    gomap_versions *versions;
    const gomap_type *type;
    char *keys;
    pthread_mutex_t looking[READERS]; /* a reader's own; the writer takes all where it was refused */
    int readers, over;
} shared_map;

enum { LOOKS = 64 }; /* without letting go */

static void look_at(const shared_map *s, size_t number)
{
    unsigned char value[GOMAP_BESIDE_VALUE];
    uint32_t version = 0;
    int found = gomap_beside_find(s->map, s->versions, s->keys + number * s->type->key_size, value);
    if (found < 0) return;
    if (number < FIXED) CHECK_EQ(found, 1);
    if (number >= FIXED + CHANGING) CHECK_EQ(found, 0);
    if (!found || s->type->value_size < 4) return;
    for (uint32_t i = 0; i < 4; i++) version |= (uint32_t)value[i] << (8 * i);
    CHECK(version % KEYS == number && test_value_is(s->map, version, value));
}

static void *look(void *at)
{
    shared_map *s = at;
    int own = __atomic_fetch_add(&s->readers, 1, __ATOMIC_RELAXED);
    uint64_t seed = (uint64_t)own;
    while (!__atomic_load_n(&s->over, __ATOMIC_ACQUIRE)) {
        CHECK(pthread_mutex_lock(&s->looking[own]) == 0);
        for (int i = 0; i < LOOKS; i++) look_at(s, test_random(&seed) % KEYS);
        CHECK(pthread_mutex_unlock(&s->looking[own]) == 0);
    }
    return NULL;
}

static void try_threads(const gomap_type *type, uint32_t steps)
{
    shared_map s = {.type = type};
    pthread_t threads[READERS];
    uint64_t seed = 11;
    if (test_domain(s.type, KEYS) < KEYS) return;
    s.map = gomap_new(GOMAP_ELASTIC, s.type, 0, 7);
    CHECK(s.map != NULL);
    for (int i = 0; i < READERS; i++) CHECK(pthread_mutex_init(&s.looking[i], NULL) == 0);
    s.keys = keys_of(s.type, KEYS);
    s.versions = versions_of(s.map);
    for (uint32_t step = 0; step < steps; step++) {
        size_t number = step < FIXED ? step : test_random(&seed) % (FIXED + CHANGING);
        const void *key = s.keys + number * s.type->key_size;
        unsigned char value[GOMAP_BESIDE_VALUE];
        int added, erasing = number >= FIXED && test_random(&seed) % 2;
        test_value_write(s.type, step * KEYS + (uint32_t)number, value);
        if (erasing ? gomap_beside_erase(s.map, s.versions, key) == -1
                    : !gomap_beside_put(s.map, s.versions, key, value)) {
            for (int i = 0; i < READERS; i++) CHECK(pthread_mutex_lock(&s.looking[i]) == 0);
            if (erasing) (void)gomap_erase(s.map, key);
            else CHECK(gomap_put(s.map, key, value, &added));
            for (int i = 0; i < READERS; i++) CHECK(pthread_mutex_unlock(&s.looking[i]) == 0);
        }
        for (int i = 0; step == FIXED && i < READERS; i++) CHECK(pthread_create(&threads[i], NULL, look, &s) == 0);
    }
    __atomic_store_n(&s.over, 1, __ATOMIC_RELEASE);
    for (int i = 0; i < READERS; i++) CHECK(pthread_join(threads[i], NULL) == 0);
    check_sound(s.map, s.versions);
    free_keys(s.type, s.keys, KEYS);
    free(s.versions);
    for (int i = 0; i < READERS; i++) pthread_mutex_destroy(&s.looking[i]);
    gomap_free(s.map);
}
#endif

int main(void)
{
    size_t can = 0;
    for (size_t i = 0; i < COUNT_OF(test_types); i++) {
        const gomap_type *type = test_type_made(&test_types[i]);
        for (int engine = 0; engine < GOMAP_ENGINES; engine++)
            if (engine != GOMAP_ELASTIC) CHECK(!gomap_beside_can(engine, type));
        if (!gomap_beside_can(GOMAP_ELASTIC, type)) continue;
        can++;
        for (uint64_t seed = 1; seed <= 3; seed++) try_operations(&test_types[i], seed == 1 ? 3000 : 40, seed);
#if defined(TEST_THREADS)
        try_threads(type, 50000);
#endif
    }
#if defined(TEST_THREADS)
    gomap_type wide; /* whose value is copied in seven words */
    gomap_type_init(&wide, GOMAP_BITS64, 8, 56, 0);
    try_threads(&wide, 1000000);
#endif
    if (GOMAP_THREADS) try_displacing();
    CHECK_EQ(can, GOMAP_THREADS ? 20 : 0);
    return 0;
}
