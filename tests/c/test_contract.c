/* test_contract.c - what every engine promises, whatever its algorithm: one function a promise,
 * each run on every engine of maps.h. */
#include "model.h"

/* Enough for several growths; less where keys or values are large. */
static size_t entries_for(const test_type *type)
{
    return (size_t)type->key_size + type->value_size >= 1000 ? 60 : 700;
}

/* ---- finding, assigning, erasing ------------------------------------------------------------ */

static void entries_of_every_type(const test_engine *engine)
{
    for (size_t t = 0; t < COUNT_OF(test_types); t++) {
        model *m = model_new(engine, &test_types[t], entries_for(&test_types[t]), 0, t);
        size_t n = m->domain - m->domain / 8; /* some keys stay absent */
        for (size_t i = 0; i < n; i++) {
            CHECK_EQ(model_assign(m, i), 1);
            if (i % 16 == 0) CHECK_MAP(m->map);
        }
        model_verify(m);
        for (size_t i = 0; i < n; i += 3) CHECK_EQ(model_assign(m, i), 0);
        model_verify(m);
        for (size_t i = 0; i < m->domain; i += 2) model_erase(m, i);
        model_verify(m);
        /* model_assign checks that an added key's value is zeros, also in a slot used before. */
        for (size_t i = 0; i < n; i++) (void)model_assign(m, i);
        model_verify(m);
        for (size_t i = 0; i < m->domain; i++) model_erase(m, i);
        model_verify(m);
        for (size_t i = 0; i < n; i++) CHECK_EQ(model_assign(m, i), 1);
        model_verify(m);
        model_free(m);
    }
}

/* Go's test of it: m[key]++ after delete(m, key) counts from zero. */
static void increment_after_delete(const test_engine *engine)
{
    const gomap_type *type = test_type_made(test_type_named("map[int]int"));
    gomap *m = gomap_new(engine->id, type, 0, 3);
    uint64_t key = 9;
    int added;
    int64_t *value = gomap_assign(m, &key, &added);
    *value = 41;
    CHECK_EQ(gomap_erase(m, &key), 1);
    value = gomap_assign(m, &key, &added);
    CHECK_EQ(added, 1);
    ++*value;
    CHECK_EQ(*(const int64_t *)gomap_find(m, &key), 1);
    gomap_free(m);
}

static void negative_zero_is_zero(const test_engine *engine)
{
    static const char *const names[] = {"map[float32]float32", "map[float64]int"};
    for (size_t t = 0; t < COUNT_OF(names); t++) {
        model *m = model_new(engine, test_type_named(names[t]), 200, 0, t);
        unsigned char minus[8];
        int added;
        test_key_of_float(m->type, -0.0, minus);
        CHECK(gomap_find(m->map, minus) == NULL);
        CHECK_EQ(model_assign(m, TEST_FLOAT_ZERO), 1);
        const void *value = gomap_find(m->map, minus);
        CHECK(value != NULL && test_value_is(m->map, m->version[TEST_FLOAT_ZERO], value));
        value = gomap_assign(m->map, minus, &added);
        CHECK(value != NULL && added == 0);
        model_verify(m);
        for (size_t i = 0; i < m->domain; i++) (void)model_assign(m, i); /* through growths */
        CHECK(gomap_find(m->map, minus) != NULL);
        CHECK_EQ(gomap_erase(m->map, minus), 1);
        model_forget(m, TEST_FLOAT_ZERO);
        model_verify(m);
        model_free(m);
    }
}

/* Whatever its bits, NaN is one key, where an engine does not take every one for another entry. */
static void nan_keys(const test_engine *engine)
{
    static const char *const names[] = {"map[float32]float32", "map[float64]int", "map[float64]*[200]byte",
                                        "map[float64]string"};
    static const double nans[] = {(double)NAN, -(double)NAN};
    for (size_t t = 0; t < COUNT_OF(names); t++) {
        model *m = model_new(engine, test_type_named(names[t]), 200, 0, t);
        unsigned char nan[8];
        int added;
        for (size_t i = 0; i < m->domain; i++) CHECK_EQ(model_assign(m, i), 1);
        for (int i = 0; i < 4; i++) {
            test_key_of_float(m->type, nans[i % 2], nan);
            CHECK_EQ(gomap_find(m->map, nan) != NULL, i > 0 && !engine->distinct_nans);
            CHECK(gomap_assign(m->map, nan, &added) != NULL);
            CHECK_EQ(added, i == 0 || engine->distinct_nans);
        }
        CHECK_EQ(m->map->count, m->domain + (engine->distinct_nans ? 4 : 1));
        CHECK_MAP(m->map);
        CHECK_EQ(gomap_erase(m->map, nan), !engine->distinct_nans);
        CHECK_EQ(gomap_erase(m->map, nan), 0);
        if (!engine->distinct_nans) model_verify(m);
        gomap_clear(m->map);
        model_free(m);
    }
}

/* ---- iterating ------------------------------------------------------------------------------ */

/* At every count, so in every phase of growth: whole iterations, plain and with half of the
 * entries erased and others overwritten on the way; model_iter_step checks the promise. */
static void iteration_at_every_count(const test_engine *engine)
{
    static const char *const names[] = {"map[int]int",       "map[[129]byte][129]byte", "map[[5]byte][3]byte",
                                        "map[string]string", "map[string][128]byte",    "map[any]int"};
    for (size_t t = 0; t < COUNT_OF(names); t++) {
        model *m = model_new(engine, test_type_named(names[t]), t < 3 ? 450 : 300, 0, 11);
        uint64_t random = t;
        for (size_t n = 0; n < m->domain; n++) {
            size_t number;
            model_iter_begin(m, 0);
            while (model_iter_step(m, 0, &number) == 1) {}
            model_iter_begin(m, 0);
            while (model_iter_step(m, 0, &number) == 1) {
                uint64_t dice = test_random(&random);
                size_t other = (size_t)(dice >> 8) % (n + 1);
                if (dice & 1) model_erase(m, dice & 2 ? number : other);
                else if (m->version[other]) CHECK_EQ(model_assign(m, other), 0);
            }
            CHECK_MAP(m->map);
            for (size_t i = 0; i <= n; i++) (void)model_assign(m, i);
        }
        model_verify(m);
        model_free(m);
    }
}

/* At every count, an iterator stops at some entry, every entry is written to, which would evacuate every
 * bucket if nothing held it, and a third are erased; then it goes on. */
static void overwriting_all_while_iterating(const test_engine *engine)
{
    model *m = model_new(engine, test_type_named("map[int][3]byte"), 450, 0, 15);
    for (size_t n = 0; n < m->domain; n++) {
        size_t number;
        for (size_t i = 0; i <= n; i++) (void)model_assign(m, i);
        model_iter_begin(m, 0);
        for (size_t steps = n < 7 ? 0 : n % 7; steps > 0; steps--) CHECK_EQ(model_iter_step(m, 0, &number), 1);
        for (size_t i = 0; i <= n; i++) CHECK_EQ(model_assign(m, i), 0);
        for (size_t i = n % 3; i <= n; i += 3) model_erase(m, i);
        CHECK_MAP(m->map);
        while (model_iter_step(m, 0, &number) == 1) {}
    }
    model_verify(m);
    model_free(m);
}

/* Erasing every entry as it comes, and all at once in the middle of an iteration. */
static void erasing_all_of(const test_engine *engine, const char *type)
{
    model *m = model_new(engine, test_type_named(type), 1000, 0, 12);
    size_t number, yielded = 0;
    for (size_t i = 0; i < m->domain; i++) CHECK_EQ(model_assign(m, i), 1);
    model_iter_begin(m, 0);
    while (model_iter_step(m, 0, &number) == 1) {
        model_erase(m, number);
        yielded++;
    }
    CHECK_EQ(yielded, m->domain);
    CHECK_EQ(m->count, 0);

    for (size_t i = 0; i < m->domain; i++) CHECK_EQ(model_assign(m, i), 1);
    model_iter_begin(m, 0);
    CHECK_EQ(model_iter_step(m, 0, &number), 1);
    for (size_t i = 0; i < m->domain; i++) model_erase(m, i);
    CHECK_EQ(model_iter_step(m, 0, &number), 0);

    for (size_t i = 0; i < m->domain; i++) CHECK_EQ(model_assign(m, i), 1);
    model_iter_begin(m, 0);
    CHECK_EQ(model_iter_step(m, 0, &number), 1);
    model_clear(m);
    CHECK_EQ(model_iter_step(m, 0, &number), 0);
    model_verify(m);
    model_free(m);
}

static void erasing_all_while_iterating(const test_engine *engine)
{
    static const char *const names[] = {"map[int][128]byte", "map[string]string", "map[string][128]byte",
                                        "map[any]int"};
    for (size_t t = 0; t < COUNT_OF(names); t++) erasing_all_of(engine, names[t]);
}

/* All the iterators there are, at every phase of growth; putting back what was just erased is an
 * insertion too. */
static void insertion_ends_iterators(const test_engine *engine)
{
    model *m = model_new(engine, test_type_named("map[int]int"), 2000, 0, 13);
    size_t number;
    for (size_t n = 1; n < m->domain; n++) {
        CHECK_EQ(model_assign(m, n), 1);
        for (int which = 0; which < MODEL_ITERATORS; which++) model_iter_begin(m, which);
        for (int which = 1; which < MODEL_ITERATORS; which++) {
            CHECK_EQ(model_iter_step(m, which, &number), 1);
            CHECK_EQ(model_assign(m, number), 0);
        }
        model_erase(m, n);
        CHECK_EQ(model_assign(m, n), 1);
        for (int which = 0; which < MODEL_ITERATORS; which++) CHECK_EQ(model_iter_step(m, which, &number) == -1, 1);
    }
    model_verify(m);
    model_free(m);
}

/* An iterator that was begun and never ended does not stop a map from working. */
static void forgotten_iterator(const test_engine *engine)
{
    model *m = model_new(engine, test_type_named("map[int]int"), 3000, 0, 14);
    size_t number;
    for (size_t i = 0; i < m->domain; i++) {
        if (i % 100 == 0) {
            model_iter_begin(m, 0);
            if (i) CHECK_EQ(model_iter_step(m, 0, &number), 1);
            m->iterators[0].alive = 0;
        }
        CHECK_EQ(model_assign(m, i), 1);
    }
    model_verify(m);
    model_free(m);
}

static size_t iteration_order(gomap *map, uint64_t *order)
{
    gomap_iter iter;
    const void *key, *value;
    size_t n = 0;
    gomap_iter_begin(&iter, map);
    while (gomap_iter_next(&iter, &key, &value) == 1) memcpy(&order[n++], key, 8);
    gomap_iter_end(&iter);
    return n;
}

static void order_differs_between_maps(const test_engine *engine)
{
    enum { N = 200, MAPS = 8 };
    static uint64_t order[MAPS][N];
    for (uint64_t seed = 0; seed < MAPS; seed++) {
        model *m = model_new(engine, test_type_named("map[int]int"), N, 0, seed);
        for (size_t i = 0; i < N; i++) CHECK_EQ(model_assign(m, i), 1);
        CHECK_EQ(iteration_order(m->map, order[seed]), N);
        for (uint64_t other = 0; other < seed; other++)
            CHECK(memcmp(order[seed], order[other], sizeof order[seed]) != 0);
        model_free(m);
    }
}

/* ---- taking out, making room, copying, clearing ---------------------------------------------- */

static void popping_everything(const test_engine *engine)
{
    for (size_t t = 0; t < COUNT_OF(test_types); t++) {
        /* From every eighth count, so in every phase of growth. */
        for (size_t n = 0; n <= entries_for(&test_types[t]); n += 7 + n / 4) {
            model *m = model_new(engine, &test_types[t], entries_for(&test_types[t]), 0, n);
            for (size_t i = 0; i < n && i < m->domain; i++) CHECK_EQ(model_assign(m, i), 1);
            size_t popped = 0;
            while (model_pop(m)) {
                if (++popped % 64 == 0) CHECK_MAP(m->map);
            }
            CHECK_EQ(popped, n < m->domain ? n : m->domain);
            model_verify(m);
            model_free(m);
        }
    }
}

static void absurd_hints_are_ignored(const test_engine *engine)
{
    static const size_t hints[] = {SIZE_MAX, SIZE_MAX - 1, SIZE_MAX / 2, (size_t)1 << 62, ((size_t)1 << 62) + 1};
    for (size_t t = 0; t < COUNT_OF(test_types); t++) {
        for (size_t h = 0; h < COUNT_OF(hints); h++) {
            model *m = model_new(engine, &test_types[t], 20, hints[h], 1);
            CHECK(gomap_total(m->map) < 4096);
            for (size_t i = 0; i < m->domain; i++) CHECK_EQ(model_assign(m, i), 1);
            model_verify(m);
            CHECK_EQ(gomap_reserve(m->map, hints[h]) == -1, 1);
            model_verify(m);
            model_free(m);
        }
    }
}

/* Room for `count` when empty, when full, and while growing. */
static void reserving(const test_engine *engine)
{
    for (size_t t = 0; t < COUNT_OF(test_types); t++) {
        for (size_t n = 0; n <= 60; n += 3) {
            model *m = model_new(engine, &test_types[t], 200, 0, n);
            for (size_t i = 0; i < n && i < m->domain; i++) CHECK_EQ(model_assign(m, i), 1);
            CHECK_EQ(model_reserve(m, n / 2), 0);
            CHECK_EQ(model_reserve(m, m->domain), 0);
            model_verify(m);
            for (size_t i = 0; i < m->domain; i++) (void)model_assign(m, i);
            model_verify(m);
            CHECK_EQ(model_reserve(m, 0), 0);
            model_verify(m);
            model_free(m);
        }
    }
}

static void cloning(const test_engine *engine)
{
    for (size_t t = 0; t < COUNT_OF(test_types); t++) {
        for (size_t n = 0; n <= entries_for(&test_types[t]); n += 5 + n / 2) {
            model *m = model_new(engine, &test_types[t], entries_for(&test_types[t]), 0, n);
            for (size_t i = 0; i < n && i < m->domain; i++) CHECK_EQ(model_assign(m, i), 1);
            model *copy = model_clone(m, n + 1);
            model_verify(copy);
            for (size_t i = 0; i < m->domain; i++) { /* each goes its own way */
                if (i % 2) model_erase(m, i);
                else (void)model_assign(copy, i);
            }
            model_verify(m);
            model_verify(copy);
            model_free(m);
            model_verify(copy);
            model_free(copy);
        }
    }
}

static void merging(const test_engine *engine)
{
    for (size_t t = 0; t < COUNT_OF(test_types); t++) {
        model *m = model_new(engine, &test_types[t], entries_for(&test_types[t]), 0, 1);
        model *source = model_new(engine, &test_types[t], entries_for(&test_types[t]), 0, 2);
        for (size_t i = 0; i < m->domain; i++) {
            if (i % 3 != 0) CHECK_EQ(model_assign(m, i), 1);
            if (i % 3 != 1) CHECK_EQ(model_assign(source, i), 1);
        }
        CHECK_EQ(model_merge(m, source), 0);
        CHECK_EQ(m->count, m->domain);
        model_verify(m);
        model_verify(source);
        model_free(m);
        model_free(source);
    }
}

/* Detached with all its entries, from every phase of growth, a map is as good as any, and the one that is left
 * too; iterators that were alive find nothing more, and what deletions under them had put off is done. */
static void detaching(const test_engine *engine)
{
    for (size_t t = 0; t < COUNT_OF(test_types); t++) {
        for (size_t n = 0; n <= entries_for(&test_types[t]); n += 7 + n / 2) {
            model *m = model_new(engine, &test_types[t], entries_for(&test_types[t]), 0, n);
            size_t number;
            for (size_t i = 0; i < n && i < m->domain; i++) CHECK_EQ(model_assign(m, i), 1);
            model_iter_begin(m, 0);
            if (m->count) CHECK_EQ(model_iter_step(m, 0, &number), 1);
            for (size_t i = 0; i < m->domain; i += 3) model_erase(m, i);
            gomap_memory before, after;
            gomap_memory_of(m->map, &before);
            model *detached = model_detach(m, n + 1);
            gomap_memory_of(m->map, &after);
            CHECK_BETWEEN(after.total_peak, before.total_peak,
                          before.total_peak + 64); /* as the heap rounds the struct */
            CHECK(after.total < 1024);
            CHECK_MAP(m->map);
            CHECK_MAP(detached->map);
            CHECK_EQ(model_iter_step(m, 0, &number), 0);
            model_verify(m);
            model_verify(detached);
            for (size_t i = 0; i < m->domain; i++) {
                (void)model_assign(m, i);
                if (i % 2) model_erase(detached, i);
                else (void)model_assign(detached, i);
            }
            model_verify(m);
            model_verify(detached);
            while (model_pop(detached)) {}
            model_verify(detached);
            model_free(detached);
            model_free(m);
        }
    }
}

static void compacting(const test_engine *engine)
{
    for (size_t t = 0; t < COUNT_OF(test_types); t++) {
        for (size_t n = 0; n <= entries_for(&test_types[t]); n += 7 + n / 2) {
            model *m = model_new(engine, &test_types[t], entries_for(&test_types[t]), 0, n);
            for (size_t i = 0; i < n && i < m->domain; i++) CHECK_EQ(model_assign(m, i), 1);
            for (size_t i = 0; i < m->domain; i++)
                if (i % 4) model_erase(m, i);
            size_t before = gomap_total(m->map);
            model_compact(m);
            CHECK(gomap_total(m->map) <= before);
            model_verify(m);
            for (size_t i = 0; i < m->domain; i++) (void)model_assign(m, i);
            model_verify(m);
            model_free(m);
        }
    }
}

/* Of objects the one that came first is the key, however its equals are looked for; unequal ones of one hash are
 * different keys, whatever the callback says of others; without a callback only the same is equal. */
static void objects_are_equal_to_others(const test_engine *engine)
{
    static const char *const names[] = {"map[any]int", "map[any][129]byte"};
    for (size_t t = 0; t < COUNT_OF(names); t++) {
        gomap *m = gomap_new(engine->id, test_type_made(test_type_named(names[t])), 0, 5);
        int added;
        for (uint64_t alias = 0; alias < 3; alias++) {
            for (size_t i = 0; i < 300; i++) {
                TEST_KEY(key);
                test_object_write(i, alias, key);
                CHECK(test_put(m, key, (uint32_t)(i + 1000 * alias), &added) != NULL);
                CHECK_EQ(added, alias == 0);
            }
            CHECK_EQ(m->count, 300);
            CHECK_MAP(m);
        }
        gomap_iter iter;
        const void *key, *value;
        gomap_iter_begin(&iter, m);
        while (gomap_iter_next(&iter, &key, &value) == 1) {
            size_t number = test_key_number(m, key); /* which checks that it is the first */
            gomap_key room;
            CHECK(test_value_is(m, (uint32_t)(number + 2000), value));
            CHECK(gomap_find(m, gomap_key_again(m, key, &room)) == value);
            room.object.object |= (uint64_t)1 << TEST_ALIAS_BITS;
            CHECK(room.object.same == NULL && gomap_find(m, &room) == NULL);
            room.object.same = test_same;
            CHECK(gomap_find(m, &room) == value);
            room.object.hash++;
            CHECK(gomap_find(m, &room) == NULL);
        }
        gomap_iter_end(&iter);
        gomap_free(m);
    }
}

static void clearing(const test_engine *engine)
{
    for (size_t t = 0; t < COUNT_OF(test_types); t++) {
        model *m = model_new(engine, &test_types[t], entries_for(&test_types[t]), 0, 1);
        model_clear(m);
        for (size_t n = 1; n <= m->domain; n += 1 + n / 2) {
            for (size_t i = 0; i < n; i++) CHECK_EQ(model_assign(m, i), 1);
            model_clear(m);
            model_verify(m);
        }
        model_free(m);
    }
}

/* ---- the report ----------------------------------------------------------------------------- */

/* Every block by its address: what is released is what was allocated, size and all. */
static struct {
    void *block;
    size_t bytes;
} blocks[4096];
static size_t block_count, block_bytes;

static void block_allocated(void *block, size_t bytes)
{
    CHECK(block_count < COUNT_OF(blocks));
    blocks[block_count].block = block;
    blocks[block_count++].bytes = bytes;
    block_bytes += bytes;
}

static void block_released(void *block, size_t bytes)
{
    size_t i = block_count;
    while (i > 0 && blocks[i - 1].block != block) i--;
    CHECK(i > 0);
    CHECK_EQ(bytes, blocks[i - 1].bytes);
    blocks[i - 1] = blocks[--block_count];
    block_bytes -= bytes;
}

static void check_counts(const gomap *map, size_t others)
{
    size_t live[GOMAP_PURPOSES], walked = 0;
    gomap_memory memory;
    gomap_walk(map, live);
    gomap_memory_of(map, &memory);
    for (int purpose = 0; purpose < GOMAP_PURPOSES; purpose++) {
        CHECK_EQ(live[purpose], memory.live[purpose]);
        walked += live[purpose];
    }
    CHECK_EQ(walked, memory.total);
    CHECK_EQ(walked, block_bytes - others);
}

/* The running counter, the walk and the hooks agree after every single operation, and nothing is
 * left in the end. */
static void three_counts_agree(const test_engine *engine)
{
    static const gomap_hooks tracking = {block_allocated, block_released};
    gomap_set_hooks(&tracking);
    for (size_t t = 0; t < COUNT_OF(test_types); t++) {
        const gomap_type *type = test_type_made(&test_types[t]);
        size_t n = test_domain(type, entries_for(&test_types[t]));
        TEST_KEY(key);
        gomap_memory memory;
        int added;
        gomap *m = gomap_new(engine->id, type, 0, t);
        check_counts(m, 0);
        for (int round = 0; round < 2; round++) {
            for (size_t i = 0; i < n; i++) {
                test_key(type, i, key);
                CHECK(test_put(m, key, (uint32_t)(i + n * (size_t)round), &added) != NULL);
                check_counts(m, 0);
            }
            for (size_t i = 0; i < n; i += 2) {
                test_key(type, i, key);
                CHECK_EQ(gomap_erase(m, key), 1);
                check_counts(m, 0);
            }
        }
        size_t before = block_bytes;
        gomap *copy = gomap_clone(m, 7);
        check_counts(copy, before);
        gomap_free(copy);
        check_counts(m, 0);
        CHECK_EQ(gomap_reserve(m, 3 * n), 0);
        check_counts(m, 0);

        gomap_memory_of(m, &memory);
        CHECK(memory.total_peak >= before);
        gomap_peak_reset(m);
        gomap_memory_of(m, &memory);
        CHECK_EQ(memory.total_peak, memory.total);
        for (int purpose = 0; purpose < GOMAP_PURPOSES; purpose++) CHECK_EQ(memory.peak[purpose], memory.live[purpose]);
        before = memory.total;
        gomap_clear(m);
        check_counts(m, 0);
        gomap_memory_of(m, &memory);
        CHECK(memory.total <= before);
        CHECK_EQ(memory.total_peak, before); /* a peak stays when the bytes go */
        gomap_free(m);
        CHECK_EQ(block_bytes, 0);
        CHECK_EQ(block_count, 0);
    }
    test_count_bytes();
}

/* Reading and iterating take no memory. */
static void reading_allocates_nothing(const test_engine *engine)
{
    static const char *const names[] = {"map[int]*[128]byte", "map[string]string"};
    for (size_t n = 0; n < 500; n += 1 + n / 8) {
        model *m = model_new(engine, test_type_named(names[n % 2]), 600, 0, n);
        for (size_t i = 0; i < n; i++) CHECK_EQ(model_assign(m, i), 1);
        gomap_fail_after(0, 1);
        model_verify(m);
        CHECK_EQ(gomap_fail_pending(), 1);
        gomap_fail_after(-1, 0);
        model_free(m);
    }
}

int main(void)
{
    static const struct {
        const char *name;
        void (*run)(const test_engine *);
    } promises[] = {
        {"entries_of_every_type", entries_of_every_type},
        {"increment_after_delete", increment_after_delete},
        {"negative_zero_is_zero", negative_zero_is_zero},
        {"nan_keys", nan_keys},
        {"iteration_at_every_count", iteration_at_every_count},
        {"overwriting_all_while_iterating", overwriting_all_while_iterating},
        {"erasing_all_while_iterating", erasing_all_while_iterating},
        {"insertion_ends_iterators", insertion_ends_iterators},
        {"forgotten_iterator", forgotten_iterator},
        {"order_differs_between_maps", order_differs_between_maps},
        {"popping_everything", popping_everything},
        {"absurd_hints_are_ignored", absurd_hints_are_ignored},
        {"reserving", reserving},
        {"cloning", cloning},
        {"merging", merging},
        {"clearing", clearing},
        {"detaching", detaching},
        {"compacting", compacting},
        {"objects_are_equal_to_others", objects_are_equal_to_others},
        {"three_counts_agree", three_counts_agree},
        {"reading_allocates_nothing", reading_allocates_nothing},
    };
    test_count_bytes();
    for (size_t e = 0; e < COUNT_OF(test_engines); e++) {
        for (size_t p = 0; p < COUNT_OF(promises); p++) {
            printf("%s: %s\n", test_engines[e].name, promises[p].name);
            fflush(stdout);
            promises[p].run(&test_engines[e]);
            CHECK_EQ(test_live_bytes, 0);
        }
    }
    return 0;
}
