/* test_cache.c - caches: operations of every kind beside a reference (caches.h); limits, times, memory that comes back. */
#include "caches.h"
#include "elastic/cache.h"

#ifndef TEST_SEEDS
#define TEST_SEEDS 20
#endif

/* ---- any operations ------------------------------------------------------------------------------------- */

enum { TO_LIVE = 1000, IDLE = 300 };

static uint64_t any_deadline(const cache_model *m, uint64_t dice)
{
    switch (dice % 8) {
    case 0: return 0;
    case 1: return m->now; /* it has passed */
    case 2: return m->now + 1;
    case 3: return m->now + GOMAP_TICKS_MOST;
    default: return m->now + 1 + (dice >> 8) % TO_LIVE;
    }
}

static void advance(cache_model *m, uint64_t dice)
{
    static const uint64_t far[] = {TO_LIVE / 2,       5 * TO_LIVE,
                                   (uint64_t)1 << 30, ((uint64_t)1 << 31) + 1,
                                   (uint64_t)1 << 32, ((uint64_t)3 << 40) + 7};
    if (dice % 4) return; /* time stands still */
    if (dice % 512) m->now += dice >> 16 & 15;
    else m->now += far[(dice >> 16) % COUNT_OF(far)];
}

static void any_limit(cache_model *m, const gomap_cache_settings *settings, uint64_t dice)
{
    size_t bytes = settings->max_bytes, entries = settings->max_entries;
    if (dice % 3 == 0) {
        if (bytes) bytes = bytes / 2 + dice % bytes;
        if (entries) entries = 1 + dice % (2 * entries);
    }
    if (dice % 17 == 0) bytes = 1 + dice % 1000; /* too small, most likely */
    (void)cache_limit(m, bytes, entries);
    if (m->settings.max_bytes < settings->max_bytes / 2) CHECK(cache_limit(m, settings->max_bytes, entries));
}

static void operate_on_many(cache_model *m, uint64_t dice)
{
    size_t numbers[CACHE_MANY], count = 1 + (dice >> 8) % (CACHE_MANY / 2), first = (dice >> 32) % m->domain;
    if (m->type.key_kind == GOMAP_OBJECT) return;
    if (count > m->domain) count = m->domain;
    for (size_t i = 0; i < count; i++) numbers[i] = (first + i) % m->domain;
    if (dice & 1 && m->type.value_size >= 4) { /* a value of fewer bytes does not tell its version */
        (void)cache_put_many(m, numbers, count, any_deadline(m, dice >> 16));
        return;
    }
    for (size_t i = 0; i < count; i++) numbers[count + i] = numbers[i / 2];
    cache_get_many(m, numbers, 2 * count);
}

static void operate(cache_model *m, const gomap_cache_settings *settings, uint64_t *random)
{
    uint64_t dice = test_random(random), more = test_random(random);
    size_t number = (size_t)(dice >> 32) % m->domain;
    if (dice >> 20 & 1) number /= 8; /* some keys more often */
    advance(m, more);
    switch (dice % 32) {
    default: (void)cache_put(m, number, any_deadline(m, more >> 8)); break;
    case 0:
    case 1:
    case 2:
    case 3:
    case 4:
    case 5:
    case 6:
    case 7: cache_get(m, number); break;
    case 8:
    case 9:
    case 10: cache_get_by_place(m, number); break;
    case 11: cache_remove(m, number, more & 1 ? GOMAP_REMOVED : GOMAP_REPLACED); break;
    case 12: cache_set_deadline(m, number, any_deadline(m, more >> 8)); break;
    case 13:
        if (more % 4 == 0) (void)cache_evict(m);
        break;
    case 14: (void)cache_expire(m, more % 3 ? (size_t)(more >> 8) % 8 : SIZE_MAX); break;
    case 15: gomap_cache_pass(m->cache, m->now); break;
    case 16:
        if (more % 8 == 0) any_limit(m, settings, more >> 8);
        break;
    case 17:
        if (more % 64 == 0) cache_clear(m);
        break;
    case 18: operate_on_many(m, more); break;
    }
    cache_check(m);
    cache_look(m, number);
}

static void any_operations(const char *name, const gomap_cache_settings *settings, size_t domain, size_t steps,
                           uint64_t seed)
{
    uint64_t random = seed;
    cache_model *m = cache_new(name, settings, domain, seed);
    CHECK(m->cache != NULL);
    for (size_t step = 0; step < steps; step++) {
        operate(m, settings, &random);
        if (step % 16 == 0) cache_verify(m);
    }
    cache_verify(m);
    CHECK(m->counts.hits && m->counts.misses);
    if (settings->max_bytes || settings->max_entries) CHECK(m->counts.evictions);
    if (settings->deadlines || settings->idle) CHECK(m->counts.expirations);
    cache_free(m);
    CHECK_EQ(test_live_bytes, 0);
}

/* Types with the bytes that hold a part of their keys, and those that hold a few. */
static const struct {
    const char *name;
    size_t bytes, few;
} caches[] = {
    {"map[int]int", 6000, 1400},
    {"map[int]*[128]byte", 20000, 2200},
    {"map[int][129]byte", 20000, 2200},
    {"map[int][3]byte", 4000, 1400},
    {"map[string]int", 60000, 12000},
    {"map[int]string", 60000, 12000},
    {"map[string]string", 90000, 20000},
    {"map[any]int", 8000, 1400},
    {"map[any]string", 60000, 12000},
    {"map[float64]int", 6000, 1400},
    {"map[uint16][3]byte", 3000, 1400},
    {"map[[33]byte][1]byte", 9000, 1500},
    {"map[int32]struct{}", 3000, 1400},
    {"map[[129]byte]string", 90000, 12000},
    {"map[struct{int; string; string; int; string}]struct{string; string}", 200000, 40000},
};

static void all_operations(void)
{
    enum { DOMAIN = 400, STEPS = 200 * TEST_SEEDS };
    for (size_t i = 0; i < COUNT_OF(caches); i++) {
        for (unsigned how = 0; how < 16; how++) {
            gomap_cache_settings settings;
            memset(&settings, 0, sizeof settings);
            if (how & 1) settings.max_bytes = how == 1 ? caches[i].few : caches[i].bytes;
            if (how & 2) settings.max_entries = how == 2 ? 1 : 100;
            settings.deadlines = how >> 2 & 1;
            if (how & 8) settings.idle = IDLE;
            if (how == 7) settings.pace = TO_LIVE;
            if (!(how & 3) && how != 12) continue; /* no limit: once */
            any_operations(caches[i].name, &settings, DOMAIN, STEPS, 16 * i + how);
        }
    }
}

/* Objects of one hash: two buckets have sixteen, the overflow list all others. */
static void one_hash(void)
{
    gomap_cache_settings settings;
    memset(&settings, 0, sizeof settings);
    test_alike = SIZE_MAX;
    for (unsigned how = 0; how < 4; how++) {
        settings.max_entries = 60;
        settings.max_bytes = how & 1 ? 2600 : 0;
        settings.deadlines = how >> 1;
        settings.idle = how >> 1 ? IDLE : 0;
        any_operations("map[any]int", &settings, 100, 200 * TEST_SEEDS, how);
        any_operations("map[any][129]byte", &settings, 100, 200 * TEST_SEEDS, how);
        settings.max_bytes = 0;
        cache_model *m = cache_new("map[any]string", &settings, 100, how);
        for (size_t i = 0; i < 20; i++) CHECK_EQ(cache_put(m, i, 0), 1);
        CHECK(el_of(m->cache->map)->overflow_used >= 20 - 2 * EL_SLOTS);
        cache_verify(m);
        cache_free(m);
    }
    test_alike = 3;
}

/* ---- limits ------------------------------------------------------------------------------------------------ */

/* The least limit, by whether a cache comes to be. */
static size_t least_limit(const char *name, int deadlines)
{
    size_t low = 0, high = 100000;
    while (low + 1 < high) {
        gomap_cache_settings settings = {.max_bytes = (low + high) / 2, .deadlines = deadlines};
        cache_model *m = cache_new(name, &settings, 100, 1);
        if (m->cache) high = settings.max_bytes;
        else low = settings.max_bytes;
        cache_free(m);
    }
    return high;
}

/* One entry has room wherever a cache comes to be, always the same, and not much less would do. */
static void least_limits(void)
{
    for (size_t i = 0; i < COUNT_OF(caches); i++) {
        for (int deadlines = 0; deadlines < 2; deadlines++) {
            size_t least = least_limit(caches[i].name, deadlines), most = 0;
            gomap_cache_settings settings = {.max_bytes = least, .deadlines = deadlines};
            cache_model *m = cache_new(caches[i].name, &settings, 100, 2);
            CHECK(m->cache != NULL);
            for (size_t number = 0; number < 40; number++) {
                TEST_KEY(key);
                test_key(&m->type, number, key);
                int put = cache_put(m, number, 0);
                CHECK(put == 1 || test_has_strings(test_type_named(caches[i].name)));
                cache_verify(m);
                if (gomap_cache_bytes(m->cache) > most) most = gomap_cache_bytes(m->cache);
            }
            if (m->counts.evictions) CHECK(test_heap_most(most) + 250 > least);
            CHECK_EQ(cache_limit(m, least - 1, 0), 0);
            CHECK_EQ(cache_limit(m, least, 0), 1);
            CHECK_EQ(cache_limit(m, 10 * least, 0), 1);
            cache_verify(m);
            CHECK_EQ(cache_limit(m, least, 0), 1);
            cache_verify(m);
            cache_free(m);
        }
    }
    CHECK_EQ(test_live_bytes, 0);
}

static const void *long_value(size_t length, gomap_string *string)
{
    static unsigned char bytes[1 << 20];
    CHECK(length <= sizeof bytes);
    memset(bytes, 'x', length);
    *string = (gomap_string){bytes, length};
    return string;
}

/* From int to string; the type is kept by the caller. */
static gomap_cache *cache_to_strings(gomap_type *type, size_t max_bytes)
{
    gomap_cache_settings settings = {.max_bytes = max_bytes};
    gomap_type_init(type, GOMAP_BITS64, 8, 0, GOMAP_STRING_VALUE);
    gomap_cache_type(type, 0, 0);
    gomap_cache *c = gomap_cache_new(type, &settings, 1);
    CHECK(c != NULL);
    return c;
}

/* Whether a string has room depends on the limit alone, not on what was in the cache before. One that has none leaves
 * everything as it was. */
static void long_strings(void)
{
    static const size_t limits[] = {4000, 10000, 30000, 100000, 700000};
    for (size_t i = 0; i < COUNT_OF(limits); i++) {
        size_t longest[2] = {0, 0};
        for (int full = 0; full < 2; full++) {
            gomap_type type;
            gomap_cache *c = cache_to_strings(&type, limits[i]);
            size_t low = 0, high = 1 << 20;
            gomap_string string;
            char why[200] = "";
            while (low + 1 < high) {
                size_t length = (low + high) / 2;
                uint64_t key = 0;
                int added;
                for (uint64_t other = 1; full && other < 5000; other++)
                    CHECK(gomap_cache_put(c, &other, long_value(other % 97, &string), 1, 0, &added) != NULL);
                size_t count = c->map->count, bytes = gomap_cache_bytes(c);
                uint64_t evictions = c->counts.evictions;
                const void *put = gomap_cache_put(c, &key, long_value(length, &string), 1, 0, &added);
                CHECK_EQ(gomap_cache_check(c, why, sizeof why), 0);
                CHECK_EQ(put != NULL, gomap_cache_fits(c, &key, &string));
                if (put) {
                    gomap_string found = gomap_string_at(c->map, GOMAP_VALUE, put);
                    CHECK(added == 1 && found.length == length);
                    CHECK_EQ(gomap_cache_erase(c, &key, GOMAP_REMOVED), 1);
                    low = length;
                } else {
                    CHECK(c->counts.evictions == evictions && c->map->count == count && gomap_cache_bytes(c) == bytes);
                    high = length;
                }
            }
            longest[full] = low;
            gomap_cache_free(c);
        }
        CHECK_EQ(longest[0], longest[1]);
        CHECK(longest[0] < limits[i] && longest[0] * 9 / 8 + 4000 > limits[i]);
    }
    CHECK_EQ(test_live_bytes, 0);
}

/* At least this part of the limit, and not more than it, as far as the heap's sizes of blocks allow. */
static void cache_uses(size_t bytes, double part, size_t limit)
{
    CHECK(bytes <= limit);
    CHECK((double)test_heap_most(bytes) >= part * (double)limit);
}

static void limits_are_used(void)
{
    static const struct {
        const char *name;
        size_t bytes;
        double least; /* of the limit */
    } full[] = {{"map[int]int", 3000, 0.8},       {"map[int]int", 100000, 0.93},
                {"map[int]int", 500000, 0.97},    {"map[int][129]byte", 5000, 0.9},
                {"map[int]string", 100000, 0.75}, {"map[string]string", 500000, 0.85}};
    for (size_t i = 0; i < COUNT_OF(full); i++) {
        gomap_cache_settings settings = {.max_bytes = full[i].bytes};
        cache_model *m = cache_new(full[i].name, &settings, 50000, 1);
        double used = 0;
        size_t times = 0;
        for (size_t number = 0; number < 40000; number++) {
            (void)cache_put(m, number, 0);
            if (number < 30000) continue;
            used += (double)gomap_cache_bytes(m->cache);
            times++;
        }
        cache_check(m);
        CHECK(m->counts.evictions > 10000);
        cache_uses((size_t)(used / (double)times), full[i].least, full[i].bytes);
        cache_free(m);
    }
}

/* After a string that nothing else had room beside, there is room for many short ones. */
static void short_after_long(void)
{
    static const size_t limits[] = {10000, 20000, 60000, 1000000};
    for (size_t i = 0; i < COUNT_OF(limits); i++) {
        gomap_type type;
        gomap_cache *c = cache_to_strings(&type, limits[i]);
        for (size_t round = 0; round < 3; round++) {
            gomap_string string;
            int added;
            uint64_t key = 0;
            size_t length = limits[i];
            while (gomap_cache_put(c, &key, long_value(length, &string), 1, 0, &added) == NULL) length -= 100;
            CHECK(c->map->count <= 100);
            for (key = 1; key < limits[i] / 10; key++)
                CHECK(gomap_cache_put(c, &key, long_value(20 + key % 2, &string), 1, 0, &added) != NULL);
            cache_uses(gomap_cache_bytes(c), 0.75, limits[i]);
            CHECK(c->map->count > (limits[i] - 4000) / test_heap_most(90));
        }
        gomap_cache_free(c);
    }
}

/* From a large limit to a small one: what was there for many entries goes with them. Compacting ends at the first
 * bucket that cannot be merged, so where entries happen to lie, one limit in twenty is used less. */
static void less_is_allowed(uint64_t seed)
{
    gomap_cache_settings settings = {.max_bytes = 1000000};
    cache_model *m = cache_new("map[int]int", &settings, 60000, seed);
    for (size_t number = 0; number < 60000; number++) CHECK_EQ(cache_put(m, number, 0), 1);
    size_t count = m->count, limits = 0;
    double used = 0;
    CHECK_EQ(cache_limit(m, gomap_cache_bytes(m->cache) * 19 / 20, 0), 1);
    CHECK_EQ(m->count, count); /* room without entries goes first */
    for (size_t bytes = 500000; bytes > 8000; bytes = bytes * 2 / 3) {
        CHECK_EQ(cache_limit(m, bytes, 0), 1);
        cache_check(m);
        cache_uses(gomap_cache_bytes(m->cache), 0.8, bytes);
        CHECK_BETWEEN(m->count, (double)bytes / (double)test_heap_most(25) - 100, bytes);
        used += (double)test_heap_most(gomap_cache_bytes(m->cache)) / (double)bytes;
        limits++;
    }
    CHECK(used / (double)limits > 0.95);
    CHECK_EQ(cache_limit(m, 0, 10), 1);
    CHECK_EQ(m->count, 10);
    cache_verify(m);
    cache_free(m);
}

/* ---- time -------------------------------------------------------------------------------------------------- */

/* A peak of entries that expire: their memory comes back within one time to live, by a few operations a tick. */
static void memory_comes_back(const char *name, int deadlines, uint64_t idle)
{
    enum { PEAK = 20000, FEW = 100 };
    gomap_cache_settings settings = {.deadlines = deadlines, .idle = idle};
    cache_model *m = cache_new(name, &settings, PEAK, 1);
    for (size_t number = FEW; number < m->domain; number++)
        (void)cache_put(m, number, deadlines ? m->now + TO_LIVE : 0);
    size_t peak = gomap_cache_bytes(m->cache), first = m->count, half = 0;
    m->now += TO_LIVE - 1;
    CHECK_EQ(m->count, first - m->gone[GOMAP_EXPIRED]);
    for (size_t tick = 0; tick < TO_LIVE; tick++) {
        m->now++;
        for (size_t i = 0; i < 3; i++) (void)cache_put(m, tick % FEW, deadlines ? m->now + TO_LIVE : 0);
        cache_get(m, tick % FEW);
        if (tick == TO_LIVE / 2 + 1) half = m->count;
    }
    cache_verify(m);
    CHECK(half <= 2 * FEW);
    CHECK(m->count <= FEW);
    CHECK(gomap_cache_bytes(m->cache) < peak / 50 + 3 * FEW * (m->type.key_size + m->type.value_size + 10));
    m->now += 2 * TO_LIVE;
    (void)cache_expire(m, SIZE_MAX);
    CHECK_EQ(m->count, 0);
    CHECK(gomap_cache_bytes(m->cache) < 4000 + 8 * (m->type.key_size + m->type.value_size));
    cache_verify(m);
    cache_free(m);
}

/* One short time to live makes sweeps fast, for a while. */
static void pace(void)
{
    gomap_cache_settings settings = {.deadlines = 1, .pace = 100 * TO_LIVE};
    cache_model *m = cache_new("map[int]int", &settings, 1000, 1);
    const el_cache *c = (const el_cache *)m->cache;
    for (size_t number = 0; number < 1000; number++) CHECK_EQ(cache_put(m, number, m->now + 100 * TO_LIVE), 1);
    CHECK_EQ(c->pace, 100 * TO_LIVE);
    CHECK_EQ(cache_put(m, 0, m->now + 10), 0);
    CHECK_EQ(c->pace, 10);
    for (size_t tick = 0; tick < 60; tick++) {
        m->now++;
        gomap_cache_pass(m->cache, m->now);
        if (tick == 20) CHECK_EQ(m->count, 999); /* found in time */
    }
    CHECK_EQ(c->pace, 100 * TO_LIVE);
    cache_free(m);
}

/* Entries that never expire stay whatever time it is; others go when it is their time, by whichever look. */
static void far_ahead(void)
{
    static const uint64_t ticks[] = {(uint64_t)1 << 31, ((uint64_t)1 << 32) - 2, ((uint64_t)1 << 32) - 1,
                                     (uint64_t)1 << 32, ((uint64_t)1 << 32) + 5, (uint64_t)1 << 45};
    for (size_t i = 0; i < COUNT_OF(ticks); i++) {
        for (int idle = 0; idle < 2; idle++) {
            gomap_cache_settings settings = {.deadlines = 1, .idle = idle ? GOMAP_TICKS_MOST : 0};
            cache_model *m = cache_new("map[int]int", &settings, 30, 1);
            for (size_t number = 0; number < 10; number++) CHECK_EQ(cache_put(m, number, 0), 1);
            m->now += ticks[i];
            cache_verify(m);
            cache_get_by_place(m, 1);
            cache_set_deadline(m, 2, m->now + 100);
            cache_verify(m);
            for (size_t number = 10; number < 20; number++)
                CHECK_EQ(cache_put(m, number, m->now + GOMAP_TICKS_MOST - number), 1);
            CHECK_EQ(m->count, idle ? 10 : 20);
            m->now += GOMAP_TICKS_MOST - 20;
            cache_verify(m);
            m->now += GOMAP_TICKS_MOST;
            cache_verify(m);
            cache_get_by_place(m, 15);
            cache_get(m, 16);
            (void)cache_expire(m, SIZE_MAX);
            CHECK_EQ(m->count, idle ? 0 : 9);
            cache_verify(m);
            cache_free(m);
        }
    }
}

/* Uses by place alone put deadlines off for as long as they come. */
static void idle_for_long(void)
{
    gomap_cache_settings settings = {.idle = GOMAP_TICKS_MOST};
    cache_model *m = cache_new("map[int]int", &settings, 10, 1);
    for (size_t number = 0; number < 10; number++) CHECK_EQ(cache_put(m, number, 0), 1);
    for (size_t times = 0; times < 40; times++) {
        m->now += GOMAP_TICKS_MOST / 2;
        for (size_t number = 0; number < 10 - times / 8; number++) cache_get_by_place(m, number);
        cache_verify(m);
    }
    (void)cache_expire(m, SIZE_MAX);
    CHECK_EQ(m->count, 6);
    cache_free(m);
}

/* A clock that goes back: no time passes, and nothing is found that should not be. */
static void time_goes_back(void)
{
    gomap_cache_settings settings = {.deadlines = 1};
    cache_model *m = cache_new("map[int]int", &settings, 100, 1);
    m->now = (uint64_t)1 << 40;
    for (size_t number = 0; number < 50; number++) CHECK_EQ(cache_put(m, number, m->now + 10), 1);
    m->now -= 5;
    for (size_t number = 50; number < 100; number++) CHECK_EQ(cache_put(m, number, m->now + 10), 1);
    for (size_t number = 0; number < 100; number++) cache_get(m, number);
    cache_verify(m);
    m->now -= (uint64_t)1 << 35;
    for (size_t number = 0; number < 100; number++) cache_get(m, number);
    cache_verify(m);
    m->now += ((uint64_t)1 << 35) + 15;
    (void)cache_expire(m, SIZE_MAX);
    CHECK_EQ(m->count, 0);
    cache_free(m);
}

/* While something iterates entries stay where they are; what was put off is done afterwards, or by an insertion. */
static void under_an_iterator(void)
{
    for (int puts = 0; puts < 2; puts++) {
        gomap_cache_settings settings = {.deadlines = 1, .max_bytes = puts ? 90000 : 0};
        cache_model *m = cache_new("map[int]string", &settings, 3000, 1);
        gomap_iter held;
        for (size_t number = 0; number < 2000; number++) (void)cache_put(m, number, m->now + 10 + number % 2 * TO_LIVE);
        size_t count = m->count, bytes = gomap_cache_bytes(m->cache), at = 0, place;
        gomap_iter_begin(&held, m->cache->map);
        m->now += 10;
        for (size_t number = 0; number < 20; number++) cache_get(m, number);
        for (size_t i = 0; i < 20; i++) CHECK_EQ(cache_evict(m), 1);
        while ((place = gomap_cache_next(m->cache, &at, m->now)) != GOMAP_NOWHERE) {
            size_t number = test_key_number(m->cache->map, gomap_cache_key(m->cache, place));
            if (number % 3 == 0) gomap_cache_remove(m->cache, place, GOMAP_REMOVED);
        }
        (void)cache_expire(m, SIZE_MAX);
        cache_verify(m);
        for (size_t number = 0; puts && number < 3000; number++) (void)cache_put(m, number, 0);
        gomap_iter_end(&held);
        cache_verify(m);
        CHECK(puts || (m->count < count / 2 && gomap_cache_bytes(m->cache) < bytes * 2 / 3));
        cache_free(m);
    }
}

/* While something iterates an entry's memory does not come back. So what pushes others out ends it. */
static void overwritten_under_an_iterator(void)
{
    enum { ENTRIES = 1300 };
    gomap_cache_settings settings = {.max_bytes = 40000};
    gomap_type type;
    gomap_type_init(&type, GOMAP_BITS64, 8, 0, GOMAP_STRING_VALUE);
    gomap_cache_type(&type, 0, 0);
    gomap_cache *c = gomap_cache_new(&type, &settings, 1);
    gomap_string string;
    gomap_iter held;
    int added;
    char why[200] = "";
    CHECK(c != NULL);
    for (uint64_t key = 0; key < ENTRIES; key++)
        CHECK(gomap_cache_put(c, &key, long_value(10, &string), 1, 0, &added) != NULL);
    gomap_iter_begin(&held, c->map);
    CHECK(gomap_cache_put(c, &(uint64_t){ENTRIES - 1}, long_value(9000, &string), 1, 0, &added) != NULL);
    CHECK_EQ(added, 0);
    CHECK_BETWEEN(c->counts.evictions, ENTRIES / 4, ENTRIES * 3 / 4);
    gomap_iter_end(&held);
    CHECK_EQ(gomap_cache_check(c, why, sizeof why), 0);
    gomap_cache_free(c);
}

/* Of the last allocation it is known whether the limit refused it. A larger block may be granted fewer bytes. */
static void refused(void)
{
    gm_purposes purposes = {.limit = 1000000};
    gm_memory memory = {0, 0, &purposes};
    gm_region region = {NULL, 0, 0};
    CHECK(gm_alloc(&memory, GOMAP_HEADER, 1000001) == NULL && gm_was_refused(&memory));
    gomap_fail_after(0, 1);
    CHECK(gm_alloc(&memory, GOMAP_HEADER, 1000) == NULL && !gm_was_refused(&memory));
    for (size_t bytes = GM_MAP_BYTES - 40; bytes < GM_MAP_BYTES; bytes++) {
        size_t mapped = gm_region_granted_for(GOMAP_BUCKETS, gm_region_bytes(GOMAP_BUCKETS, GM_MAP_BYTES));
        purposes.limit = SIZE_MAX >> 2;
        CHECK(gm_region_resize(&memory, GOMAP_BUCKETS, &region, bytes));
        purposes.limit = (memory.total > mapped ? memory.total : mapped) + GM_LIMIT_MARGIN;
        CHECK(gm_region_resize(&memory, GOMAP_BUCKETS, &region, GM_MAP_BYTES));
        CHECK(memory.total <= purposes.limit);
        CHECK(gm_region_resize(&memory, GOMAP_BUCKETS, &region, 0));
    }
    CHECK_EQ(memory.total, 0);
}

/* ---- an allocation that fails, each in turn ---------------------------------------------------------------- */

enum { FAIL_STEPS = 400 };

/* The same operations with the nth allocation failing. Entries go for the limit, not for the failure: as many as when
 * nothing failed, evicted[step]. */
static int run(const char *name, const gomap_cache_settings *settings, int64_t nth, int64_t failures, size_t *evicted)
{
    uint64_t random = 5;
    int64_t pending = failures;
    size_t others = test_live_bytes;
    if (nth >= 0) gomap_fail_after(nth, failures);
    cache_model *m = cache_new(name, settings, 120, 9);
    while (m->cache == NULL) {
        CHECK_EQ(test_live_bytes, others);
        CHECK(gomap_fail_pending() < pending);
        pending = gomap_fail_pending();
        m->cache = gomap_cache_new(&m->type, &m->settings, 9);
    }
    for (size_t step = 0; step < FAIL_STEPS; step++) {
        uint64_t dice = test_random(&random);
        size_t number = (size_t)(dice >> 32) % m->domain, before = m->gone[GOMAP_EVICTED];
        if (step == 200) {
            CHECK_EQ(cache_limit(m, settings->max_bytes * 3 / 4, settings->max_entries / 2), 1);
        } else if (step == 250) {
            CHECK_EQ(cache_limit(m, settings->max_bytes, settings->max_entries), 1);
        } else if (dice % 8 == 0) {
            cache_get(m, number);
        } else if (dice % 16 == 1) {
            cache_remove(m, number, GOMAP_REMOVED);
        } else {
            uint64_t deadline = dice >> 20 & 1 ? 0 : m->now + 40;
            while (cache_put(m, number, deadline) == -2) {
                /* Until then both went alike. (A block that could not be made smaller may take one more with it.) */
                size_t more = settings->max_bytes ? (size_t)failures : 0;
                if (pending == failures) CHECK(m->gone[GOMAP_EVICTED] - before <= evicted[step] + more);
                cache_verify(m);
            }
        }
        m->now += dice >> 21 & 1;
        if (nth < 0) evicted[step] = m->gone[GOMAP_EVICTED] - before;
        if (nth < 0 || gomap_fail_pending() == pending) continue;
        pending = gomap_fail_pending();
        cache_verify(m);
        if (pending == 0) break;
    }
    int met = gomap_fail_pending() < failures;
    gomap_fail_after(-1, 0);
    cache_verify(m);
    for (size_t number = 0; number < m->domain; number++) CHECK(cache_put(m, number, 0) >= -1);
    cache_verify(m);
    cache_free(m);
    CHECK_EQ(test_live_bytes, 0);
    return met;
}

static void failures(void)
{
    static const char *const names[] = {"map[int]int",       "map[int][129]byte", "map[string]int", "map[int]string",
                                        "map[string]string", "map[any]int",       "map[int][3]byte"};
    for (size_t t = 0; t < COUNT_OF(names); t++) {
        for (unsigned how = 0; how < 4; how++) {
            size_t evicted[FAIL_STEPS], bytes = 0;
            gomap_cache_settings settings = {.deadlines = 1, .idle = how == 3 ? IDLE : 0};
            for (size_t i = 0; i < COUNT_OF(caches); i++)
                if (strcmp(caches[i].name, names[t]) == 0) bytes = caches[i].bytes / 2;
            if (how & 1) settings.max_bytes = bytes;
            if (how & 2) settings.max_entries = 50;
            (void)run(names[t], &settings, -1, 0, evicted);
            for (int64_t failing = 1; failing <= 4; failing += 3) {
                int64_t nth = 0;
                while (run(names[t], &settings, nth, failing, evicted)) nth += 1 + nth / 32;
                CHECK(nth > 5);
            }
        }
    }
}

/* More keys than are found at a time, in a large cache; each piece counts once, and what is put in stays within the
 * limit all the time. */
static void many_at_a_time(void)
{
    enum { COUNT = 50000 };
    static uint64_t keys[COUNT], values[COUNT];
    gomap_type type;
    gomap_cache_settings settings = {.max_bytes = 400000};
    gomap_type_init(&type, GOMAP_BITS64, 8, 8, 0);
    gomap_cache_type(&type, 0, 0);
    gomap_cache *c = gomap_cache_new(&type, &settings, 1);
    char why[200] = "";
    for (size_t i = 0; i < COUNT; i++) keys[i] = i, values[i] = 3 * i;
    gomap_column key_column = gomap_column_own(keys, 8, COUNT), value_column = gomap_column_own(values, 8, COUNT);
    CHECK_EQ(gomap_cache_column_put(c, &key_column, &value_column, 1, 0, 0, COUNT), COUNT);
    CHECK_EQ(gomap_cache_check(c, why, sizeof why), 0);
    CHECK_EQ(c->counts.evictions, COUNT - c->map->count);
    CHECK_BETWEEN(gomap_cache_bytes(c), 0.95 * 400000, 400000);
    CHECK(el_of(c->map)->map.memory.peak + ((el_cache *)c)->memory.total <= 400000);
    gomap_cache_uses uses;
    gomap_getting getting;
    memset(&getting, 0, sizeof getting);
    getting.finder = &uses.finder;
    getting.to = (char *)values;
    getting.size = 8;
    memset(values, 0, sizeof values);
    gomap_cache_uses_begin(&uses, c, 1);
    CHECK_EQ(gomap_column_get(c->map, &key_column, &getting, 0, COUNT), COUNT);
    CHECK_EQ(c->counts.hits, c->map->count);
    CHECK_EQ(c->counts.misses, getting.lost);
    for (size_t i = 0; i < COUNT; i++) CHECK(values[i] == 0 || values[i] == 3 * i);
    gomap_cache_free(c);
    CHECK_EQ(test_live_bytes, 0);
}

/* The owner has no memory to keep what goes: it stays, and what needs its room fails. */
static void nobody_can_go(void)
{
    for (int by_bytes = 0; by_bytes < 2; by_bytes++) {
        gomap_cache_settings settings = {
            .max_entries = by_bytes ? 0 : 50, .max_bytes = by_bytes ? 3000 : 0, .deadlines = 1};
        cache_model *m = cache_new("map[any]int", &settings, 400, 1);
        size_t number = 0, count;
        while (m->counts.evictions == 0) CHECK_EQ(cache_put(m, number++, m->now + 100), 1);
        TEST_KEY(key);
        int added;
        count = m->count;
        m->nobody_goes = 1;
        for (size_t absent = 300; absent < 310; absent++) {
            cache_key(m, absent, 1, key);
            CHECK(gomap_cache_assign(m->cache, key, m->now, 0, &added) == NULL && !gomap_cache_refused(m->cache));
        }
        CHECK_EQ(gomap_cache_evict(m->cache), 0);
        CHECK(gomap_cache_limit(m->cache, by_bytes ? gomap_cache_least(&m->type) : 0, by_bytes ? 0 : 10) == -1);
        CHECK(m->cache->settings.max_bytes == settings.max_bytes);
        cache_key(m, number - 1, 0, key);
        CHECK_EQ(gomap_cache_erase(m->cache, key, GOMAP_REMOVED), 0);
        m->now += 200; /* all have expired */
        CHECK(gomap_cache_get(m->cache, key, m->now) == NULL);
        CHECK_EQ(gomap_cache_expire(m->cache, m->now, SIZE_MAX), 0);
        CHECK(gomap_cache_assign(m->cache, key, m->now, 0, &added) == NULL);
        CHECK_EQ(m->cache->map->count, count);
        m->counts.misses++;
        cache_check(m);
        m->nobody_goes = 0;
        cache_verify(m);
        CHECK_EQ(cache_put(m, 300, 0), 1);
        (void)cache_expire(m, SIZE_MAX);
        CHECK_EQ(m->count, 1);
        cache_verify(m);
        cache_free(m);
    }
    CHECK_EQ(test_live_bytes, 0);
}

/* What eviction takes is told of as expired if it was; the model checks the reason. */
static void expired_before_evicted(void)
{
    gomap_cache_settings settings = {.max_entries = 1000, .deadlines = 1};
    cache_model *m = cache_new("map[int]int", &settings, 3000, 1);
    for (size_t number = 0; number < 1000; number++) CHECK_EQ(cache_put(m, number, m->now + GOMAP_TICKS_MOST / 2), 1);
    m->now += GOMAP_TICKS_MOST / 2; /* one sweep does not pass them all */
    for (size_t number = 1000; number < 1010; number++) CHECK_EQ(cache_put(m, number, 0), 1);
    CHECK(m->gone[GOMAP_EXPIRED] >= 10);
    CHECK_EQ(m->gone[GOMAP_EVICTED], 0);
    cache_verify(m);
    cache_free(m);
}

int main(void)
{
    test_count_bytes();
    all_operations();
    one_hash();
    least_limits();
    long_strings();
    limits_are_used();
    short_after_long();
    for (uint64_t seed = 1; seed <= 8; seed++) less_is_allowed(seed);
    memory_comes_back("map[int]int", 1, 0);
    memory_comes_back("map[int][129]byte", 0, TO_LIVE);
    memory_comes_back("map[string]string", 1, TO_LIVE);
    pace();
    far_ahead();
    idle_for_long();
    time_goes_back();
    under_an_iterator();
    overwritten_under_an_iterator();
    refused();
    many_at_a_time();
    nobody_can_go();
    expired_before_evicted();
    failures();
    return 0;
}
