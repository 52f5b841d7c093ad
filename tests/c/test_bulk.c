/* test_bulk.c - many keys at a time: every call answers as single operations do, on every engine and type.
 *
 * A model stands beside the map (model.h). The keys of a call come in an array of their own; kinds that a call is
 * not for, objects and string values, are skipped. */
#include "forced.h"

#include "columns.h"

#include <math.h>

enum { DOMAIN = 500, LARGE_DOMAIN = 60, MOST = 300 };

/* ---- arrays of keys ------------------------------------------------------------------------------- */

/* Keys one behind another, as the calls take them. */
typedef struct batch {
    size_t count, stride;
    size_t numbers[MOST];
    unsigned char *keys, *values, *strings; /* of keys that have strings */
    void *found[MOST];
    int64_t codes[MOST];
} batch;

static int plain_keys(const gomap_type *type) { return type->key_kind != GOMAP_OBJECT; }

static int plain_values(const gomap_type *type) { return !test_has_value_strings(type); }

static batch *batch_new(const gomap_type *type)
{
    batch *b = test_alloc(1, sizeof *b);
    b->stride = type->key_size;
    b->keys = test_alloc(MOST, b->stride + 1);
    b->values = test_alloc(MOST, type->value_size + 1);
    b->strings = test_alloc(MOST, (size_t)type->strings[GOMAP_KEY].count * TEST_STRING_MOST);
    return b;
}

static void batch_free(batch *b)
{
    free(b->keys);
    free(b->values);
    free(b->strings);
    free(b);
}

static void batch_key(batch *b, const gomap_type *type, size_t i, size_t number)
{
    b->numbers[i] = number;
    test_key(type, number, b->keys + i * b->stride);
    const gomap_places *strings = &type->strings[GOMAP_KEY];
    for (uint32_t s = 0; s < strings->count; s++) { /* which stand in a room that is used again */
        unsigned char *room = b->strings + (i * strings->count + s) * TEST_STRING_MOST;
        unsigned char *at = b->keys + i * b->stride + strings->at[s];
        gomap_string string;
        memcpy(&string, at, sizeof string);
        if (string.length) memcpy(room, string.at, string.length);
        string.at = room;
        memcpy(at, &string, sizeof string);
    }
}

/* Some keys of the first `domain`; few different ones make many come twice, within a window too. */
static void batch_draw(batch *b, const model *m, size_t count, size_t domain, uint64_t *random)
{
    b->count = count;
    for (size_t i = 0; i < count; i++) batch_key(b, m->type, i, test_random(random) % domain);
}

static size_t domain_of(const test_type *type)
{
    return test_has_strings(type) || type->key_size + type->value_size >= 1000 ? LARGE_DOMAIN : DOMAIN;
}

/* ---- every call, and the model after it ------------------------------------------------------------ */

static void bulk_find(batch *b, const model *m)
{
    size_t hits = 0;
    CHECK_EQ(b->count <= MOST, 1);
    memset(b->found, 0xff, sizeof b->found);
    size_t answer = gomap_find_many(m->map, b->keys, b->count, b->found);
    for (size_t i = 0; i < b->count; i++) {
        CHECK(b->found[i] == gomap_find(m->map, b->keys + i * b->stride));
        uint32_t version = m->version[b->numbers[i]];
        CHECK_EQ(b->found[i] != NULL, version != 0);
        if (b->found[i]) CHECK(test_value_is(m->map, version, b->found[i]));
        hits += version != 0;
    }
    CHECK_EQ(answer, hits);
    if (b->count < MOST) CHECK(b->found[b->count] == (void *)~(uintptr_t)0);
}

/* The first `done` of a batch were put in with these versions. */
static void model_put(batch *b, model *m, size_t done, uint32_t version, int one)
{
    for (size_t i = 0; i < done; i++) {
        uint32_t *now = &m->version[b->numbers[i]];
        if (*now == 0) {
            m->count++;
            model_end_iterators(m, 1);
        }
        *now = one ? version : version + (uint32_t)i;
    }
    model_end_iterators(m, 0); /* room may have been made */
    CHECK_EQ(m->map->count, m->count);
}

/* Returns whether all are in. */
static int bulk_put(batch *b, model *m, int one)
{
    uint32_t version = m->last_version + 1;
    size_t size = m->type->value_size;
    int64_t pending = gomap_fail_pending();
    m->last_version += (uint32_t)b->count + 1;
    for (size_t i = 0; i < b->count; i++)
        test_value_write(m->type, one ? version : version + (uint32_t)i, b->values + i * size);
    size_t done = gomap_put_many(m->map, b->keys, b->count, b->values, one ? 0 : size);
    CHECK(done <= b->count);
    if (done < b->count) {
        CHECK(gomap_fail_pending() < pending);
        CHECK_EQ(m->version[b->numbers[done]], 0); /* what is there takes no memory */
        for (size_t i = 0; i < done; i++) CHECK(b->numbers[i] != b->numbers[done]);
    }
    model_put(b, m, done, version, one);
    return done == b->count;
}

static void bulk_erase(batch *b, model *m)
{
    size_t expected = 0;
    size_t answer = gomap_erase_many(m->map, b->keys, b->count);
    for (size_t i = 0; i < b->count; i++) {
        if (m->version[b->numbers[i]] == 0) continue;
        m->version[b->numbers[i]] = 0;
        m->count--;
        expected++;
        for (int it = 0; it < MODEL_ITERATORS; it++) m->iterators[it].owed[b->numbers[i]] = 0;
    }
    CHECK_EQ(answer, expected);
    CHECK_EQ(m->map->count, m->count);
}

/* ---- on every type --------------------------------------------------------------------------------- */

static const size_t counts[] = {0, 1, 2, 15, 16, 17, 31, 32, 33, 63, 64, 65, 100, 257, MOST};

static void random_calls(const test_engine *engine, const test_type *made, uint64_t seed)
{
    model *m = model_new(engine, made, domain_of(made), 0, seed);
    batch *b = batch_new(m->type);
    uint64_t random = seed;
    for (int step = 0; step < 120; step++) {
        size_t count = counts[test_random(&random) % COUNT_OF(counts)];
        size_t domain = 1 + test_random(&random) % m->domain, yielded;
        int which = (int)(test_random(&random) % MODEL_ITERATORS);
        batch_draw(b, m, count, test_random(&random) % 3 ? m->domain : domain, &random);
        switch (test_random(&random) % 10) {
        case 0:
        case 1:
        case 2:
        case 3: CHECK(bulk_put(b, m, step % 2)); break;
        case 4:
        case 5: bulk_erase(b, m); break;
        case 6: model_erase(m, test_random(&random) % m->domain); break;
        case 7:
            if (step % 4 == 0) model_clear(m);
            break;
        case 8:
            if (!m->iterators[which].alive) model_iter_begin(m, which);
            while (m->iterators[which].alive && test_random(&random) % 8) (void)model_iter_step(m, which, &yielded);
            break;
        default: model_end_iterators(m, 0); (void)gomap_compact(m->map);
        }
        bulk_find(b, m);
        if (step % 10 == 0) model_verify(m);
    }
    for (int i = 0; i < MODEL_ITERATORS; i++)
        if (m->iterators[i].alive) model_iter_end(m, i);
    model_verify(m);
    batch_draw(b, m, MOST, m->domain, &random);
    bulk_erase(b, m);
    for (size_t number = 0; number < m->domain; number += MOST) {
        b->count = 0;
        for (size_t i = number; i < m->domain && b->count < MOST; i++) batch_key(b, m->type, b->count++, i);
        bulk_erase(b, m);
    }
    CHECK_EQ(m->map->count, 0);
    bulk_find(b, m);
    model_verify(m);
    batch_free(b);
    model_free(m);
    CHECK_EQ(test_live_bytes, 0);
}

/* Codes are given in the order of first coming, and stay. */
static void codes(const test_engine *engine, const test_type *made)
{
    const gomap_type *type = test_type_made(made);
    if (type->value_size != 8) return;
    gomap *map = gomap_new(engine->id, type, 0, 7);
    size_t domain = test_domain(type, DOMAIN), next = 0;
    int64_t *expected = test_alloc(domain, sizeof *expected);
    batch *b = batch_new(type);
    uint64_t random = 5;
    for (size_t i = 0; i < domain; i++) expected[i] = -1;
    for (size_t c = 0; c < COUNT_OF(counts); c++) {
        b->count = counts[c];
        for (size_t i = 0; i < b->count; i++) batch_key(b, type, i, test_random(&random) % domain);
        CHECK_EQ(gomap_code_many(map, b->keys, b->count, b->codes), b->count);
        for (size_t i = 0; i < b->count; i++) {
            int64_t *code = &expected[b->numbers[i]];
            if (*code < 0) *code = (int64_t)next++;
            CHECK(b->codes[i] == *code);
        }
        CHECK_EQ(map->count, next);
        CHECK_MAP(map);
    }
    batch_free(b);
    free(expected);
    gomap_free(map);
    CHECK_EQ(test_live_bytes, 0);
}

/* NaN: one key, or a new one every time. */
static void nans(const test_engine *engine, const test_type *made)
{
    const gomap_type *type = test_type_made(made);
    if (!test_is_float(type)) return;
    gomap *map = gomap_new(engine->id, type, 0, 7);
    batch *b = batch_new(type);
    b->count = 40;
    for (size_t i = 0; i < b->count; i++)
        test_key_of_float(type,
                          i % 4 == 0   ? (double)NAN
                          : i % 4 == 1 ? -0.0
                          : i % 4 == 2 ? 0.0
                                       : 1.0,
                          b->keys + i * b->stride);
    CHECK_EQ(gomap_put_many(map, b->keys, b->count, b->values, type->value_size), b->count);
    CHECK_EQ(map->count, engine->distinct_nans ? 12 : 3);
    CHECK_EQ(gomap_find_many(map, b->keys, b->count, b->found), engine->distinct_nans ? 30 : 40);
    for (size_t i = 0; i < b->count; i++) CHECK_EQ(b->found[i] != NULL, i % 4 != 0 || !engine->distinct_nans);
    CHECK_MAP(map);
    CHECK_EQ(gomap_erase_many(map, b->keys, b->count), engine->distinct_nans ? 2 : 3);
    CHECK_EQ(map->count, engine->distinct_nans ? 10 : 0);
    CHECK_MAP(map);
    batch_free(b);
    gomap_free(map);
    CHECK_EQ(test_live_bytes, 0);
}

/* ---- without memory -------------------------------------------------------------------------------- */

/* Puts and erases with the nth allocation failing: what is in is in, and the second try succeeds. */
static int failing(const test_engine *engine, const test_type *made, int64_t nth, int64_t failures, int with_iterator)
{
    model *m = model_new(engine, made, domain_of(made), 0, 3);
    batch *b = batch_new(m->type);
    uint64_t random = 11;
    gomap_fail_after(nth, failures);
    for (int round = 0; round < 4; round++) {
        size_t yielded;
        batch_draw(b, m, m->domain < MOST ? m->domain : MOST, m->domain, &random);
        if (with_iterator && m->map->count) {
            model_iter_begin(m, 0);
            (void)model_iter_step(m, 0, &yielded);
        }
        while (!bulk_put(b, m, round % 2)) {
            bulk_find(b, m);
            model_verify(m);
        }
        if (m->iterators[0].alive) model_iter_end(m, 0);
        bulk_find(b, m);
        batch_draw(b, m, 70, m->domain, &random);
        bulk_erase(b, m);
        model_verify(m);
    }
    int met = gomap_fail_pending() < failures;
    gomap_fail_after(-1, 0);
    batch_free(b);
    model_free(m);
    CHECK_EQ(test_live_bytes, 0);
    return met;
}

/* With nothing to be had, keys that are there are overwritten all the same. */
static void overwriting_without_memory(const test_engine *engine, const test_type *made)
{
    model *m = model_new(engine, made, domain_of(made), 0, 3);
    batch *b = batch_new(m->type);
    for (size_t n = 0; n < m->domain && n < MOST; n++) {
        CHECK(model_assign(m, n) >= 0);
        b->count = n + 1;
        batch_key(b, m->type, n, n);
        gomap_fail_after(0, INT64_MAX);
        CHECK(bulk_put(b, m, 0));
        gomap_fail_after(-1, 0);
        if (n % 16 == 0) bulk_find(b, m);
    }
    model_verify(m);
    batch_free(b);
    model_free(m);
}

/* ---- filling --------------------------------------------------------------------------------------- */

static size_t bytes_of(const gomap *map) { return gomap_total(map); }

/* Laid out for its final size, and no larger than compact() leaves it, whatever keys come twice and how. */
static int fill(const test_type *made, size_t count, size_t distinct, int layout, int64_t nth, int64_t failures)
{
    const gomap_type *type = test_type_made(made);
    unsigned char *keys = test_alloc(count, type->key_size + 1), *value = test_alloc(1, type->value_size + 1);
    uint64_t random = count;
    size_t in = 0;
    for (size_t i = 0; i < count; i++) {
        size_t number = layout == 0   ? i % distinct
                        : layout == 1 ? i / (count / distinct) % distinct
                                      : test_random(&random) % distinct;
        test_key(type, (size_t)(test_scramble(number) >> 8), keys + i * type->key_size);
    }
    gomap *map = gomap_new(GOMAP_ELASTIC, type, 0, 9);
    gomap_column column = gomap_column_own(keys, type->key_size, count);
    gomap_fail_after(nth, failures);
    int began = gomap_column_fill(map, &column);
    CHECK_EQ(began, 1);
    CHECK_EQ(map->count, 0);
    in = gomap_put_many(map, keys, count, value, 0);
    gomap_fill_end(map);
    int met = gomap_fail_pending() < failures;
    gomap_fail_after(-1, 0);
    CHECK_MAP(map);
    CHECK(in == count || met);
    for (size_t i = 0; i < in; i++) CHECK(gomap_find(map, keys + i * type->key_size) != NULL);
    if (!met) {
        CHECK_EQ(map->count <= distinct, 1);
        size_t filled = bytes_of(map), peak;
        gomap_memory memory;
        gomap_memory_of(map, &memory);
        peak = memory.total_peak;
        CHECK_EQ(gomap_compact(map), 1);
        CHECK(filled <= bytes_of(map));
        /* Room for what the sample says, and not for all that come twice. */
        size_t sample = 8192 * 2 * (size_t)(type->key_size + type->value_size + 2);
        if (count > 8 * 8192) CHECK_BETWEEN(peak, filled, 2.5 * (double)filled + (double)sample);
    }
    CHECK_EQ(gomap_put_many(map, keys, count, value, 0), count); /* and goes on as any map */
    CHECK_MAP(map);
    CHECK_EQ(gomap_column_fill(map, &column), 0); /* not empty */
    CHECK_MAP(map);
    gomap_free(map);
    free(keys);
    free(value);
    CHECK_EQ(test_live_bytes, 0);
    return met;
}

/* What a sample of a tenth says. */
static void expected(void)
{
    const gomap_sampled unlike = {1000, 1000, 1000, 0}, twice = {1000, 950, 900, 50}, few = {1000, 10, 0, 0};
    const gomap_sampled skewed = {1000, 901, 900, 0}; /* one key is a tenth of all */
    CHECK_EQ(gomap_expected(10000, &unlike), 10000);
    CHECK_BETWEEN(gomap_expected(10000, &twice), 4900, 5500);
    CHECK_EQ(gomap_expected(10000, &few), 10);
    CHECK_BETWEEN(gomap_expected(10000, &skewed), 8900, 9100);
}

static void filling(void)
{
    static const char *const names[] = {"map[int]int", "map[[16]byte]int16", "map[int][129]byte", "map[float64]int"};
    static const size_t sizes[] = {1, 7, 8, 9, 200, 9000, 65536, 66000};
    for (size_t t = 0; t < COUNT_OF(names); t++)
        for (size_t s = 0; s < COUNT_OF(sizes); s++)
            for (int layout = 0; layout < 3; layout++)
                for (size_t times = 1; times <= 100; times *= 10) {
                    size_t distinct = sizes[s] / times ? sizes[s] / times : 1;
                    (void)fill(test_type_named(names[t]), sizes[s], distinct, layout, -1, 0);
                }
    for (int64_t failures = 1; failures <= 4; failures += 3)
        for (size_t times = 1; times <= 10; times += 9)
            for (int64_t nth = 0; fill(test_type_named("map[int][129]byte"), 9000, 9000 / times, 0, nth, failures);
                 nth++) {}
    for (int64_t nth = 0; fill(test_type_named("map[int][129]byte"), 66000, 1000, 0, nth, 1); nth++) {} /* sampled */
    /* Under an iterator, and for an engine that has no such layout. */
    uint64_t keys[20] = {0};
    gomap_column column = gomap_column_own(keys, sizeof *keys, COUNT_OF(keys));
    gomap *go = gomap_new(GOMAP_GO, test_type_made(test_type_named("map[int]int")), 0, 1);
    CHECK_EQ(gomap_column_fill(go, &column), 0);
    gomap_free(go);
    gomap *map = gomap_new(GOMAP_ELASTIC, test_type_made(test_type_named("map[int]int")), 0, 1);
    gomap_iter iter;
    gomap_iter_begin(&iter, map);
    CHECK_EQ(gomap_column_fill(map, &column), 0);
    gomap_iter_end(&iter);
    CHECK_EQ(gomap_column_fill(map, &column), 1);
    gomap_fill_end(map); /* without a key */
    CHECK_MAP(map);
    gomap_free(map);
    CHECK_EQ(test_live_bytes, 0);
}

/* ---- several calls that erase ---------------------------------------------------------------------- */

/* Erases the numbers up to `end` by pieces. */
static void erase_numbers(batch *b, model *m, size_t end)
{
    for (size_t number = 0; number < end; number += b->count) {
        b->count = 0;
        for (; b->count < 100 && number + b->count < end; b->count++)
            batch_key(b, m->type, b->count, number + b->count);
        bulk_erase(b, m);
        CHECK_MAP(m->map);
    }
}

/* The memory comes back at the end of the last call. An engine that gives none back works on meanwhile. */
static void erasing_by_pieces(const test_engine *engine, const test_type *made)
{
    model *m = model_new(engine, made, domain_of(made), 0, 3);
    batch *b = batch_new(m->type);
    for (size_t number = 0; number < m->domain; number++) {
        b->count = 1;
        batch_key(b, m->type, 0, number);
        CHECK(bulk_put(b, m, 1));
    }
    for (size_t part = 3; part; part--) { /* a third of them goes, a half of the rest, all */
        size_t before = gomap_total(m->map);
        gomap_stats stats;
        gomap_iter held;
        gomap_stats_of(m->map, &stats);
        size_t buckets = stats.buckets;
        gomap_erase_begin(&held, m->map);
        erase_numbers(b, m, m->domain / part);
        gomap_stats_of(m->map, &stats);
        CHECK_EQ(stats.buckets, buckets);
        CHECK(gomap_total(m->map) <= before);
        gomap_erase_end(&held);
        CHECK_MAP(m->map);
        if (engine->id == GOMAP_ELASTIC && part == 1 && buckets > 1) CHECK(gomap_total(m->map) < before);
        model_verify(m);
    }
    batch_free(b);
    model_free(m);
    CHECK_EQ(test_live_bytes, 0);
}

/* ---- an overflow list in force --------------------------------------------------------------------- */

/* Keys all of which belong into one bucket: most of them are in the overflow list. */
static void colliding(void)
{
    static size_t numbers[120];
    const test_type *made = test_type_named("map[int]int");
    model *m = model_new(&test_engines[GOMAP_ELASTIC], made, 64 * 4096, 0, 3);
    batch *b = batch_new(m->type);
    size_t n = forced_numbers(m->map, 5, m->domain, numbers, COUNT_OF(numbers));
    uint64_t random = 3;
    CHECK(n >= 60);
    for (int round = 0; round < 40; round++) {
        b->count = 1 + test_random(&random) % 100;
        for (size_t i = 0; i < b->count; i++) {
            size_t number = test_random(&random) % 3 ? numbers[test_random(&random) % n] : test_random(&random) % 20;
            batch_key(b, m->type, i, number);
        }
        CHECK(bulk_put(b, m, round % 2));
        CHECK_MAP(m->map);
        bulk_find(b, m);
        for (size_t i = 0; i < b->count; i++) batch_key(b, m->type, i, numbers[i % n]);
        bulk_find(b, m);
        if (round == 5) CHECK(forced_places(m->map) > 20);
        for (size_t i = 0; i < b->count; i++) batch_key(b, m->type, i, numbers[test_random(&random) % n]);
        b->count = b->count / 3 + 1;
        if (round % 3 == 2) bulk_erase(b, m);
        CHECK_MAP(m->map);
    }
    b->count = 0;
    for (size_t i = 0; i < n; i++) batch_key(b, m->type, b->count++, numbers[i]);
    bulk_erase(b, m);
    CHECK_EQ(forced_places(m->map), 0);
    model_verify(m);
    batch_free(b);
    model_free(m);
    CHECK_EQ(test_live_bytes, 0);
}

int main(void)
{
    test_count_bytes();
    for (size_t e = 0; e < COUNT_OF(test_engines); e++) {
        for (size_t t = 0; t < COUNT_OF(test_types); t++) {
            const test_type *made = &test_types[t];
            const gomap_type *type = test_type_made(made);
            if (!plain_keys(type) || !plain_values(type)) continue;
            for (uint64_t seed = 1; seed <= 2; seed++) random_calls(&test_engines[e], made, seed);
            codes(&test_engines[e], made);
            nans(&test_engines[e], made);
            erasing_by_pieces(&test_engines[e], made);
            overwriting_without_memory(&test_engines[e], made);
            if (type->key_size + type->value_size >= 1000 && type->key_size + type->value_size < 8000) continue;
            for (int64_t failures = 1; failures <= 4; failures += 3)
                for (int with_iterator = 0; with_iterator < 2; with_iterator++) {
                    int64_t nth = 0;
                    while (failing(&test_engines[e], made, nth, failures, with_iterator)) nth++;
                }
        }
    }
    expected();
    filling();
    colliding();
    return 0;
}
