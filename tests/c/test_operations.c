/* test_operations.c - operations over whole maps: merging, the larger and the smaller, the largest values, erasing what
 * is marked, codes, groups; on every engine, and where the keys matter on every type. */
#include "maps.h"

#include "codes.h"
#include "combine.h"
#include "entries.h"
#include "groups.h"
#include "largest.h"

enum { ENTRIES = 300 };

static gomap *made(const test_engine *engine, const gomap_type *type)
{
    gomap *map = gomap_new(engine->id, type, 0, 7);
    CHECK(map != NULL);
    return map;
}

/* Keys of the numbers from `first` on, below `end`, each with the value of version `number % 50 + 1 + shift`. */
static void fill(gomap *map, size_t first, size_t end, uint32_t shift)
{
    TEST_KEY(key);
    int added;
    for (size_t i = first; i < end; i++) {
        test_key(map->type, i, key);
        CHECK(test_put(map, key, (uint32_t)(i % 50) + 1 + shift, &added) && added);
    }
}

static int has(const gomap *map, size_t number, uint32_t version)
{
    TEST_KEY(key);
    test_key(map->type, number, key);
    const void *value = gomap_find(map, key);
    return value && test_value_is(map, version, value);
}

/* ---- merging ------------------------------------------------------------------------------------------- */

static void merge(const test_engine *engine, const test_engine *other, const test_type *test, int how)
{
    const gomap_type *type = test_type_made(test);
    size_t domain = test_domain(type, ENTRIES), first = domain / 3, last = 2 * domain / 3;
    gomap *map = made(engine, type), *source = made(other, type);
    gomap_iter iter;
    gomap_merging merging = {how, GOMAP_N_INT64, NULL, NULL, NULL};
    fill(map, 0, last, 0);
    fill(source, first, domain, 3);
    gomap_iter_begin(&iter, source);
    size_t merged = 0, some;
    while ((some = gomap_merge_some(map, &iter, &merging, 7)) > 0) merged += some;
    gomap_iter_end(&iter);
    CHECK_EQ(merged, domain - first);
    CHECK_EQ(map->count, domain);
    for (size_t i = 0; i < domain; i++) {
        int mine = i < first || (how == GOMAP_FIRST && i < last);
        CHECK(has(map, i, (uint32_t)(i % 50) + 1 + (mine ? 0 : 3)));
    }
    CHECK_MAP(map);
    CHECK_MAP(source);
    gomap_free(map);
    gomap_free(source);
}

/* Without memory as many are merged as it says, and a few of the next window. */
static void merge_without_memory(const test_engine *engine, const test_type *test)
{
    const gomap_type *type = test_type_made(test);
    size_t domain = test_domain(type, ENTRIES), merged = 0;
    for (int64_t allocations = 0; merged < domain; allocations++) {
        gomap *map = made(engine, type), *source = made(&test_engines[1], type);
        gomap_iter iter;
        gomap_merging merging = {GOMAP_LAST, GOMAP_N_INT64, NULL, NULL, NULL};
        fill(source, 0, domain, 0);
        gomap_iter_begin(&iter, source);
        gomap_fail_after(allocations, 1000000);
        merged = gomap_merge_some(map, &iter, &merging, domain);
        gomap_fail_after(-1, 0);
        gomap_iter_end(&iter);
        CHECK_EQ(map->count, merged);
        CHECK_MAP(map);
        CHECK_MAP(source);
        gomap_free(map);
        gomap_free(source);
    }
}

static void sums_that_do_not_fit(const test_engine *engine)
{
    gomap_type type;
    gomap_type_init(&type, GOMAP_BITS64, 8, 1, 0);
    gomap *map = made(engine, &type), *source = made(engine, &type);
    gomap_merging merging = {GOMAP_ADD, GOMAP_N_INT8, NULL, NULL, NULL};
    gomap_iter iter;
    int added;
    for (uint64_t key = 0; key < 2000; key++) {
        int8_t one = 1, most = key == 1234 ? 127 : 1;
        CHECK(gomap_put(map, &key, &most, &added));
        CHECK(gomap_put(source, &key, &one, &added));
    }
    gomap_iter_begin(&iter, source);
    CHECK(gomap_merge_fits(map, &iter, &merging, 2000) < 2000);
    gomap_iter_end(&iter);
    CHECK(merging.key && gm_load64(merging.key) == 1234);
    CHECK_EQ(*(const int8_t *)merging.was, 127);
    CHECK_EQ(*(const int8_t *)merging.more, 1);
    uint64_t key = 1234;
    CHECK(gomap_erase(map, &key));
    gomap_iter_begin(&iter, source);
    CHECK_EQ(gomap_merge_fits(map, &iter, &merging, 2000), 2000);
    CHECK(merging.key == NULL);
    gomap_iter_end(&iter);
    gomap_iter_begin(&iter, source);
    CHECK_EQ(gomap_merge_some(map, &iter, &merging, 2000), 2000);
    gomap_iter_end(&iter);
    for (key = 0; key < 2000; key++) CHECK_EQ(*(const int8_t *)gomap_find(map, &key), key == 1234 ? 1 : 2);
    CHECK_MAP(map);
    gomap_free(map);
    gomap_free(source);
}

/* ---- the larger and the smaller ------------------------------------------------------------------------ */

static double combined(double was, double comes, int how)
{
    CHECK(gomap_combine(&was, &comes, GOMAP_N_FLOAT64, how));
    return was;
}

static void numbers_combined(void)
{
    const double nan = GM_NAN;
    CHECK(combined(1, 2, GOMAP_MAX) == 2 && combined(1, 2, GOMAP_MIN) == 1 && combined(1, 2, GOMAP_ADD) == 3);
    CHECK(combined(-1, -2, GOMAP_MAX) == -1 && combined(-1, -2, GOMAP_MIN) == -2);
    CHECK(combined(nan, -5, GOMAP_MAX) == -5 && combined(nan, -5, GOMAP_MIN) == -5);
    CHECK(combined(-5, nan, GOMAP_MAX) == -5 && combined(-5, nan, GOMAP_MIN) == -5);
    CHECK(combined(nan, nan, GOMAP_MAX) != combined(nan, nan, GOMAP_MAX));
    for (int kind = GOMAP_N_INT8; kind <= GOMAP_N_FLOAT64; kind++) {
        unsigned char one[8] = {0}, other[8] = {0}, zero[8] = {0};
        int64_t large = 100;
        gomap_numbers from = {(const char *)&large, 8, 1, GOMAP_N_INT64, 0};
        static const unsigned char sizes[] = {1, 1, 2, 4, 8, 1, 2, 4, 8, 4, 8};
        CHECK_EQ(gomap_numbers_convert(&from, (char *)other, kind, sizes[kind], NULL), 1);
        CHECK(gomap_combine(one, other, kind, GOMAP_MIN) && memcmp(one, zero, 8) == 0);
        CHECK(gomap_combine(one, other, kind, GOMAP_MAX) && memcmp(one, other, 8) == 0);
        CHECK(gomap_combine(one, zero, kind, GOMAP_MAX) && memcmp(one, other, 8) == 0);
        CHECK(gomap_combine(one, zero, kind, GOMAP_MIN) && memcmp(one, zero, 8) == 0);
    }
}

static void columns_combined(const test_engine *engine)
{
    enum { MANY = 5000, DISTINCT = 700 };
    static int64_t keys[MANY], values[MANY];
    int64_t most[DISTINCT];
    gomap_type type;
    uint64_t random = 5;
    gomap_type_init(&type, GOMAP_BITS64, 8, 8, 0);
    for (size_t i = 0; i < DISTINCT; i++) most[i] = INT64_MIN;
    for (size_t i = 0; i < MANY; i++) {
        keys[i] = (int64_t)(i < DISTINCT ? i : test_random(&random) % DISTINCT);
        values[i] = (int64_t)test_random(&random);
        if (values[i] > most[keys[i]]) most[keys[i]] = values[i];
    }
    gomap *map = made(engine, &type);
    gomap_column key = gomap_column_own(keys, 8, MANY), value = gomap_column_own(values, 8, MANY);
    CHECK_EQ(gomap_column_combine(map, &key, &value, GOMAP_N_INT64, GOMAP_MAX, 0, 1000), 1000);
    CHECK_EQ(gomap_column_combine(map, &key, &value, GOMAP_N_INT64, GOMAP_MAX, 1000, MANY - 1000), MANY - 1000);
    CHECK_EQ(map->count, DISTINCT);
    for (int64_t i = 0; i < DISTINCT; i++) CHECK(*(const int64_t *)gomap_find(map, &i) == most[i]);
    CHECK_MAP(map);
    gomap_free(map);
}

/* ---- the largest --------------------------------------------------------------------------------------- */

static void largest(const test_engine *engine)
{
    enum { MANY = 3000 };
    static gomap_ranked heap[MANY];
    static unsigned char seen[MANY];
    gomap_type type;
    gomap_type_init(&type, GOMAP_BITS64, 8, 4, 0);
    gomap *map = made(engine, &type);
    int added;
    for (uint64_t key = 0; key < MANY; key++) {
        uint32_t value = (uint32_t)(test_scramble(key) % (MANY / 2));
        CHECK(gomap_put(map, &key, &value, &added));
    }
    for (size_t room = 1; room <= MANY; room = room * 3 + 1) {
        gomap_largest found = {heap, room, 0, GOMAP_N_UINT32};
        gomap_iter iter;
        size_t passed = 0, some;
        uint32_t before = UINT32_MAX;
        gomap_iter_begin(&iter, map);
        while ((some = gomap_largest_take(&found, &iter, 100)) > 0) passed += some;
        gomap_iter_end(&iter);
        CHECK_EQ(passed, MANY);
        CHECK_EQ(found.count, room);
        gomap_largest_sort(&found);
        memset(seen, 0, sizeof seen);
        for (size_t i = 0; i < room; i++) {
            uint32_t value = gm_load32(heap[i].value);
            CHECK(value <= before && gomap_find(map, heap[i].key) == heap[i].value);
            CHECK_EQ(seen[gm_load64(heap[i].key)]++, 0);
            before = value;
        }
        size_t larger = 0;
        for (uint64_t key = 0; key < MANY; key++) larger += gm_load32(gomap_find(map, &key)) > before;
        CHECK(larger < room);
    }
    gomap_free(map);
}

/* ---- erasing what is marked ---------------------------------------------------------------------------- */

static void marked(const test_engine *engine, const test_type *test, unsigned of)
{
    const gomap_type *type = test_type_made(test);
    size_t domain = test_domain(type, ENTRIES), count = 0, chosen = 0;
    unsigned char bits[ENTRIES / 8 + 1] = {0}, gone[ENTRIES] = {0};
    gomap *map = made(engine, type);
    gomap_iter first, second;
    const void *key, *value;
    fill(map, 0, domain, 0);
    gomap_iter_begin(&first, map);
    gomap_iter_again(&second, &first);
    for (; gomap_iter_next(&first, &key, &value) == 1; count++) {
        char mark = (char)(test_scramble(count) % of == 0);
        CHECK_EQ(gomap_entries_mark(bits, count, &mark, 1), mark);
        CHECK_EQ(gomap_entry_is_marked(bits, count), mark);
        if (mark) gone[test_key_number(map, key)] = 1;
        chosen += (size_t)mark;
    }
    gomap_iter_end(&first);
    CHECK_EQ(count, domain);
    CHECK_EQ(gomap_entries_erase(&second, bits, count), chosen);
    gomap_iter_end(&second);
    CHECK_EQ(map->count, domain - chosen);
    for (size_t i = 0; i < domain; i++) CHECK_EQ(has(map, i, (uint32_t)(i % 50) + 1), !gone[i]);
    CHECK_MAP(map);
    gomap_free(map);
}

/* A key that fills a batch by itself. */
static void marked_large_keys(const test_engine *engine)
{
    enum { SIZE = 9000, MANY = 40 };
    static unsigned char key[SIZE];
    gomap_type type;
    gomap_type_init(&type, GOMAP_BYTES, SIZE, 8, 0);
    gomap *map = made(engine, &type), *other = made(engine, &type);
    unsigned char bits[MANY / 8 + 1];
    gomap_merging merging = {GOMAP_LAST, GOMAP_N_INT64, NULL, NULL, NULL};
    gomap_iter iter;
    int added;
    for (uint64_t i = 0; i < MANY; i++) {
        gm_store64(key + SIZE - 8, i);
        CHECK(gomap_put(map, key, &i, &added));
    }
    gomap_iter_begin(&iter, map);
    CHECK_EQ(gomap_merge_some(other, &iter, &merging, MANY), MANY);
    gomap_iter_end(&iter);
    memset(bits, 0x55, sizeof bits);
    gomap_iter_begin(&iter, map);
    CHECK_EQ(gomap_entries_erase(&iter, bits, MANY), MANY / 2);
    gomap_iter_end(&iter);
    CHECK_EQ(map->count, MANY / 2);
    for (uint64_t i = 0; i < MANY; i++) {
        gm_store64(key + SIZE - 8, i);
        CHECK(gm_load64(gomap_find(other, key)) == i);
    }
    CHECK_MAP(map);
    CHECK_MAP(other);
    gomap_free(map);
    gomap_free(other);
}

/* ---- codes --------------------------------------------------------------------------------------------- */

static void codes(const test_engine *engine)
{
    enum { MANY = 4000, DISTINCT = 900 };
    static int64_t keys[MANY], given[MANY], back[MANY];
    static const void *at[DISTINCT + 1];
    gomap_type type;
    gomap_type_init(&type, GOMAP_BITS64, 8, 8, 0);
    gomap *map = made(engine, &type);
    for (size_t i = 0; i < MANY; i++) keys[i] = (int64_t)(i * i % DISTINCT) * 1000;
    gomap_column column = gomap_column_own(keys, 8, MANY);
    CHECK_EQ(gomap_column_code(map, &column, given, 0, MANY), MANY);
    size_t known = map->count, done = 0, some;
    gomap_decoding decoding = {at, NULL, 0};
    gomap_iter iter;
    memset(at, 0, sizeof at);
    gomap_iter_begin(&iter, map);
    while ((some = gomap_codes_find(&iter, &decoding, 100)) > 0) done += some;
    CHECK(decoding.bad == NULL && done == known);
    CHECK_EQ(gomap_codes_keys(at, known, 8, given, MANY, (char *)back), MANY);
    CHECK(memcmp(keys, back, sizeof keys) == 0);
    CHECK_EQ(gomap_codes_keys(at, known, 8, NULL, known, (char *)back), known);
    for (size_t i = 0; i < known; i++) CHECK(*(const int64_t *)gomap_find(map, &back[i]) == (int64_t)i);
    given[50] = (int64_t)known;
    CHECK_EQ(gomap_codes_keys(at, known, 8, given, MANY, (char *)back), 50);
    given[50] = -1;
    CHECK_EQ(gomap_codes_keys(at, known, 8, given, MANY, (char *)back), 50);
    gomap_iter_end(&iter);

    /* A value that is no code stops it, and what was put in is taken out. */
    for (size_t i = 0; i < MANY; i++) keys[i] = i % 3 ? (int64_t)(i * i % DISTINCT) * 1000 : -(int64_t)i - 1;
    int64_t bad = keys[1001], wrong = INT64_MAX;
    memcpy(gomap_find(map, &bad), &wrong, 8);
    done = gomap_column_code(map, &column, given, 0, MANY);
    CHECK(done < MANY && keys[done] == bad && map->count > known);
    int64_t next = (int64_t)known;
    CHECK_EQ(gomap_codes_take_back(map, &column, given, &next, 0, done), done);
    CHECK_EQ(map->count, known);
    memset(at, 0, sizeof at);
    gomap_iter_begin(&iter, map);
    while (gomap_codes_find(&iter, &decoding, 100) == 100) continue;
    CHECK(decoding.bad && *(const int64_t *)decoding.bad == bad && decoding.code == wrong);
    gomap_iter_end(&iter);
    CHECK_MAP(map);
    gomap_free(map);
}

/* ---- groups -------------------------------------------------------------------------------------------- */

static void groups(const test_engine *engine, int width, size_t value_size)
{
    enum { MANY = 5000, DISTINCT = 333 };
    static int64_t keys[MANY];
    static uint32_t numbers[MANY];
    static unsigned char values[MANY * 3], rows[MANY * 8], gathered[MANY * 8];
    static uint64_t offsets[DISTINCT + 1], begins[4];
    gomap_type type;
    gomap_type_init(&type, GOMAP_BITS64, 8, 4, 0);
    gomap *map = made(engine, &type);
    for (size_t i = 0; i < MANY; i++) {
        keys[i] = (int64_t)(test_scramble(i) % DISTINCT);
        for (size_t k = 0; k < 3; k++) values[3 * i + k] = (unsigned char)(i >> (8 * k));
    }
    gomap_column column = gomap_column_own(keys, 8, MANY), given = gomap_column_own(values, 3, MANY);
    CHECK_EQ(gomap_column_number(map, &column, numbers, 0, 1000), 1000);
    CHECK_EQ(gomap_column_number(map, &column, numbers, 1000, MANY - 1000), MANY - 1000);
    size_t known = map->count, at = 0;
    CHECK_EQ(known, DISTINCT);
    memset(offsets, 0, sizeof offsets);
    gomap_groups_count(offsets, width, numbers, 100);
    gomap_groups_count(offsets, width, numbers + 100, MANY - 100);
    gomap_groups_lay_out(offsets, width, known);
    gomap_column *source = value_size == 3 ? &given : NULL;
    CHECK_EQ(gomap_groups_place(offsets, width, numbers, source, value_size, (char *)rows, 0, 100), 100);
    CHECK_EQ(gomap_groups_place(offsets, width, numbers, source, value_size, (char *)rows, 100, MANY - 100),
             MANY - 100);
    gomap_groups_finish(offsets, width, known);
    for (size_t g = 0; g < known; g++) {
        uint64_t begin = width == 4 ? ((uint32_t *)offsets)[g] : offsets[g];
        CHECK_EQ(begin, at);
        for (size_t i = 0; i < MANY; i++) {
            uint64_t row = 0;
            if (numbers[i] != g) continue;
            for (size_t k = 0; k < 3; k++)
                row |= (uint64_t)rows[at * value_size + (GM_BIG_ENDIAN && value_size != 3 ? value_size - 1 - k : k)]
                       << (8 * k);
            CHECK_EQ(row, i);
            at++;
        }
    }
    CHECK_EQ(at, MANY);
    uint32_t wanted[3] = {5, UINT32_MAX, 0};
    gomap_groups_measure(offsets, width, known, wanted, 3, begins);
    gomap_groups_gather(offsets, width, known, (char *)rows, value_size, wanted, 3, (char *)gathered);
    size_t first = (size_t)begins[1], second = (size_t)(begins[3] - begins[2]);
    size_t from = (size_t)(width == 4 ? ((uint32_t *)offsets)[5] : offsets[5]);
    CHECK(begins[0] == 0 && begins[1] == begins[2]);
    CHECK(memcmp(gathered, rows + from * value_size, first * value_size) == 0);
    CHECK(memcmp(gathered + first * value_size, rows, second * value_size) == 0);
    CHECK_MAP(map);
    gomap_free(map);
}

int main(void)
{
    test_count_bytes();
    numbers_combined();
    for (size_t e = 0; e < COUNT_OF(test_engines); e++) {
        const test_engine *engine = &test_engines[e];
        for (size_t t = 0; t < COUNT_OF(test_types); t++) {
            const test_type *test = &test_types[t];
            if (test->key_kind == GOMAP_OBJECT) continue;
            for (size_t o = 0; o < COUNT_OF(test_engines); o++)
                for (int how = GOMAP_LAST; how <= GOMAP_FIRST; how++) merge(engine, &test_engines[o], test, how);
            for (unsigned of = 1; of <= 5; of += 2) marked(engine, test, of);
            if (test->key_size + test->value_size < 1000) merge_without_memory(engine, test);
        }
        sums_that_do_not_fit(engine);
        columns_combined(engine);
        largest(engine);
        marked_large_keys(engine);
        codes(engine);
        for (int width = 4; width <= 8; width += 4) {
            groups(engine, width, 3);
            groups(engine, width, 4);
            groups(engine, width, 8);
        }
    }
    CHECK_EQ(test_live_bytes, 0);
    return 0;
}
