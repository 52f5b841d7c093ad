/* test_swiss.c - that the Swiss engine is Go's map since 1.24: when its tables grow and split, how large its arrays
 * are, what tombstones do. Figures are those of real Go 1.27 programs and of its source. */
#include "model.h"

static const double MB = 1024 * 1024;
#if defined(__SANITIZE_ADDRESS__) /* which takes ten times as long */
enum { SEEDS = 1, CHURNS = 0 };
#else
enum { SEEDS = 2, CHURNS = 1 };
#endif
static const test_engine swiss = {GOMAP_SWISS, "swiss", 1};

static gomap *new_map(const char *type, size_t hint, uint64_t seed)
{
    gomap *m = gomap_new(GOMAP_SWISS, test_type_made(test_type_named(type)), hint, seed);
    CHECK(m != NULL);
    return m;
}

static void add(gomap *m, size_t number)
{
    TEST_KEY(key);
    int added;
    test_key(m->type, number, key);
    CHECK(gomap_assign(m, key, &added) != NULL);
    CHECK_EQ(added, 1);
}

static void take(gomap *m, size_t number)
{
    TEST_KEY(key);
    test_key(m->type, number, key);
    CHECK_EQ(gomap_erase(m, key), 1);
}

/* What Go's HeapAlloc shows of such a map. */
static double go_bytes(const gomap *m)
{
    gomap_stats stats = test_stats(m);
    return 48.0 + (double)(stats.directory_bytes + 32 * stats.tables + stats.array_bytes);
}

/* ---- sizes ------------------------------------------------------------------------------------ */

/* Of one table, filled to its limit. */
static void arrays_are_go_s(void)
{
    static const struct {
        const char *type;
        size_t group, bytes[8]; /* of 8 slots, a bare group, to 1,024 */
    } sizes[] = {
        {"map[int]int", 136, {144, 288, 576, 1152, 2304, 4864, 9472, 18432}},
        {"map[int]*[128]byte", 136, {144, 288, 576, 1152, 2304, 4864, 9472, 18432}},
        {"map[int][128]byte", 1096, {1152, 2304, 4864, 9472, 18432, 40960, 73728, 147456}},
        {"map[string]int", 200, {208, 416, 896, 1792, 3456, 6528, 13568, 27264}},
    };
    for (size_t t = 0; t < COUNT_OF(sizes); t++) {
        gomap *m = new_map(sizes[t].type, 0, t);
        CHECK_EQ(test_stats(m).array_bytes, 0);
        CHECK_EQ(test_stats(m).bucket_bytes, sizes[t].group);
        for (size_t slots = 8, size = 0; slots <= 1024; slots *= 2, size++) {
            while (m->count < (slots == 8 ? 8 : slots / 8 * 7)) {
                add(m, m->count);
                CHECK_EQ(test_stats(m).array_bytes, sizes[t].bytes[size]);
                CHECK_EQ(test_stats(m).tables, slots > 8);
                CHECK_EQ(test_stats(m).directory_bytes, slots > 8 ? 8 : 0);
                CHECK_EQ(test_stats(m).buckets, slots / 8);
            }
            CHECK_MAP(m);
        }
        add(m, m->count); /* the 897th */
        CHECK_EQ(test_stats(m).splits, 1);
        CHECK_EQ(test_stats(m).tables, 2);
        CHECK_EQ(test_stats(m).array_bytes, 2 * sizes[t].bytes[7]);
        CHECK_EQ(test_stats(m).directory_bytes, 16);
        CHECK_MAP(m);
        gomap_free(m);
    }
}

static void slots_are_structs(void)
{
    static const struct {
        const char *type;
        size_t group;
    } sizes[] = {{"map[int8]int64", 136},      {"map[uint16][3]byte", 56}, {"map[int32]struct{}", 72},
                 {"map[int][3]byte", 136},     {"map[int]*int8", 136},     {"map[float32]float32", 72},
                 {"map[[5]byte][3]byte", 72},  {"map[[0]byte]int", 72},    {"map[[129]byte]int", 136},
                 {"map[string]struct{}", 200}, {"map[any]int", 200}};
    for (size_t t = 0; t < COUNT_OF(sizes); t++) {
        gomap *m = new_map(sizes[t].type, 0, 1);
        CHECK_EQ(test_stats(m).bucket_bytes, sizes[t].group);
        gomap_free(m);
    }
    gomap_type type; /* map[[8]byte][8]byte, and a value that is a struct of bytes and a number */
    gomap_type_init(&type, GOMAP_BYTES, 1, 12, 0);
    CHECK_EQ(type.align[GOMAP_VALUE], 4);
    gomap_type_align(&type, GOMAP_VALUE, 1);
    gomap *m = gomap_new(GOMAP_SWISS, &type, 0, 1);
    CHECK_EQ(test_stats(m).bucket_bytes, 8 + 8 * 13);
    gomap_free(m);
}

static void hints(void)
{
    static const struct {
        size_t hint, tables, slots;
    } made[] = {{0, 0, 0},
                {8, 0, 0},
                {9, 1, 16},
                {14, 1, 16},
                {15, 1, 32},
                {448, 1, 512},
                {449, 1, 1024},
                {896, 1, 1024},
                {897, 2, 1024},
                {1792, 2, 2048},
                {917504, 1024, 1 << 20},
                {1000000, 2048, 1 << 21}};
    for (size_t i = 0; i < COUNT_OF(made); i++) {
        gomap *m = new_map("map[int]int", made[i].hint, i);
        CHECK_EQ(test_stats(m).tables, made[i].tables);
        CHECK_EQ(test_stats(m).buckets * 8, made[i].slots);
        CHECK_MAP(m);
        while (m->count < made[i].hint) add(m, m->count);
        CHECK_MAP(m);
        if (made[i].hint == 897) CHECK_EQ(test_stats(m).array_bytes > 2 * 9472, 1); /* 896 places: one has grown */
        if (made[i].hint == 917504) CHECK_BETWEEN(test_stats(m).tables, 1500, 1560);
        if (made[i].hint == 1000000) {
            CHECK_EQ(test_stats(m).growths, 0);
            CHECK_BETWEEN(go_bytes(m) / MB, 36.075, 36.085);
        }
        gomap_free(m);
    }
    gomap *large = new_map("map[int][128]byte", 1000000, 1);
    CHECK_BETWEEN(go_bytes(large) / MB, 288.075, 288.085);
    gomap_free(large);
}

/* Tables and bytes of random keys, to within what five seeds of Go differ by, and as much again. */
static void tables_split_as_go_s(void)
{
    static const struct {
        size_t entries, least, most;
        double megabytes[2];
    } expected[] = {
        {500000, 1016, 1024, {17.90, 18.05}},  {800000, 1024, 1025, {18.03, 18.06}},
        {900000, 1280, 1324, {22.54, 23.34}},  {1000000, 2036, 2048, {35.88, 36.10}},
        {1250000, 2048, 2048, {36.07, 36.09}}, {1600000, 2048, 2049, {36.07, 36.13}},
        {1750000, 2178, 2226, {38.38, 39.22}}, {2000000, 4078, 4096, {71.83, 72.20}},
    };
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        gomap *m = new_map("map[int]int", 0, seed);
        for (size_t i = 0; i < COUNT_OF(expected); i++) {
            while (m->count < expected[i].entries) add(m, test_scramble(m->count + seed * 1000000000));
            CHECK_BETWEEN(test_stats(m).tables, expected[i].least, expected[i].most);
            CHECK_BETWEEN(go_bytes(m) / MB, expected[i].megabytes[0], expected[i].megabytes[1]);
            CHECK((double)gomap_total(m) >= go_bytes(m));
            CHECK((double)gomap_total(m) <= (double)test_heap_most((size_t)(1.005 * go_bytes(m))));
        }
        CHECK_EQ(test_stats(m).directory, 4096);
        CHECK_MAP(m);
        gomap_free(m);
    }
}

/* ---- deleting --------------------------------------------------------------------------------- */

/* The article's map: full, emptied, refilled. */
static void nothing_shrinks(void)
{
    gomap *m = new_map("map[int][128]byte", 0, 1);
    while (m->count < 1000000) add(m, m->count);
    double full = go_bytes(m);
    gomap_memory memory;
    gomap_memory_of(m, &memory);
    CHECK_BETWEEN(full / MB, 286.4, 288.1);
    CHECK_BETWEEN((double)memory.total / full, 1, 1.005);
    CHECK_BETWEEN((double)(memory.total_peak - memory.total), 147456, 2 * 147456); /* one array more, in a split */
    while (m->count > 1000) take(m, m->count - 1);
    gomap *kept = new_map("map[int][128]byte", m->count, 2);
    CHECK_EQ(gomap_merge(kept, m), 0);
    CHECK_BETWEEN(go_bytes(kept) / MB, 0.28, 0.29); /* beside what Go's program has, 0.06 MB */
    gomap_free(kept);
    while (m->count) take(m, m->count - 1);
    CHECK(go_bytes(m) == full);
    CHECK_BETWEEN(test_stats(m).tombstones, 85000, 100000);
    CHECK_MAP(m);
    gomap *copy = gomap_clone(m, 3);
    CHECK(go_bytes(copy) == full);
    CHECK_EQ(test_stats(copy).tombstones, test_stats(m).tombstones);
    gomap_free(copy);
    gomap_clear(m);
    CHECK(go_bytes(m) == full);
    CHECK_EQ(test_stats(m).tombstones, 0);
    CHECK_EQ(test_stats(m).grow_at, test_stats(m).buckets * 7);
    CHECK_MAP(m);
    gomap_free(m);
}

/* The oldest entry is deleted and a new one put in, `times` times. */
static void churn(gomap *m, size_t entries, size_t from, size_t times)
{
    for (size_t i = from; i < from + times; i++) {
        take(m, i);
        add(m, i + entries);
    }
}

static void churn_leaves_tombstones(void)
{
    gomap *m = new_map("map[int]int", 0, 1);
    while (m->count < 1000000) add(m, m->count);
    churn(m, 1000000, 0, 1000000);
    CHECK_BETWEEN(test_stats(m).tombstones, 115000, 145000);
    CHECK_EQ(test_stats(m).tables, 2048);
    CHECK_MAP(m);
    gomap_free(m);

    m = new_map("map[int]int", 0, 2);
    while (m->count < 1400000) add(m, m->count);
    CHECK_EQ(test_stats(m).tables, 2048);
    churn(m, 1400000, 0, 1400000);
    CHECK_BETWEEN(go_bytes(m) / MB, 37.9, 38.7); /* Go: 38.31 */
    churn(m, 1400000, 1400000, 1400000);
    CHECK_BETWEEN(go_bytes(m) / MB, 52.5, 54.5); /* 53.51 */
    CHECK_MAP(m);
    gomap_free(m);
}

/* Plain keys of eight bytes prune, and others do not. */
static void pruning(void)
{
    static const struct {
        const char *type;
        size_t times, least, most; /* Go: 17 and 44 in one run of 100 times */
    } after[] = {{"map[int]int", 100, 16, 21},
                 {"map[[16]byte]int16", 100, 36, 50},
                 {"map[int][129]byte", 10, 31, 34},
                 {"map[int]*[128]byte", 10, 16, 17}};
    for (size_t t = 0; t < COUNT_OF(after); t++) {
        gomap *m = new_map(after[t].type, 0, t);
        while (m->count < 10000) add(m, m->count);
        CHECK_EQ(test_stats(m).tables, 16);
        churn(m, 10000, 0, 10000 * after[t].times);
        CHECK_BETWEEN(test_stats(m).tables, after[t].least, after[t].most);
        CHECK_MAP(m);
        gomap_free(m);
    }
}

/* A tombstone is taken again, and costs no growth. */
static void one_table_never_grows_by_churn_alone(void)
{
    gomap *m = new_map("map[int]int", 0, 1);
    while (m->count < 112) add(m, m->count);
    for (size_t i = 0; i < 20000; i++) {
        size_t tombstones = test_stats(m).tombstones;
        take(m, i);
        CHECK_BETWEEN(test_stats(m).tombstones, tombstones, tombstones + 1);
        CHECK_EQ(test_stats(m).buckets, 16);
        add(m, i); /* its own slot is free, or a tombstone before it */
        CHECK(test_stats(m).tombstones <= tombstones + 1);
        CHECK_EQ(test_stats(m).buckets, 16);
        take(m, i);
        add(m, i + 112);
        if (test_stats(m).buckets > 16) break; /* now and then all tombstones are needed */
        if (i % 16 == 0) CHECK_MAP(m);
    }
    gomap_free(m);
}

/* ---- what Go would not survive ------------------------------------------------------------------- */

/* More objects of one hash than a table has slots: a split would not part them. */
static void equal_hashes(void)
{
    test_alike = SIZE_MAX;
    model *m = model_new(&swiss, test_type_named("map[any]int"), 3000, 0, 1);
    for (size_t i = 0; i < m->domain; i++) CHECK_EQ(model_assign(m, i), 1);
    CHECK_EQ(test_stats(m->map).tables, 1);
    CHECK_EQ(test_stats(m->map).buckets, 512);
    model_verify(m);
    for (size_t i = 0; i < m->domain; i += 2) model_erase(m, i);
    for (size_t i = 0; i < m->domain; i += 4) CHECK_EQ(model_assign(m, i), 1);
    model_verify(m);
    model_free(m);
    test_alike = 3;

    test_alike = 2000; /* and others */
    m = model_new(&swiss, test_type_named("map[any]int"), 12000, 0, 2);
    for (size_t i = 0; i < m->domain; i++) CHECK_EQ(model_assign(m, i), 1);
    CHECK_BETWEEN(test_stats(m->map).directory, 2, 64);
    model_verify(m);
    model_free(m);
    test_alike = 3;
}

/* ---- NaN, copies, iteration --------------------------------------------------------------------------- */

static void nans_survive_growth(void)
{
    gomap *m = new_map("map[float64]int", 0, 1);
    double nan = (double)NAN;
    int added;
    for (size_t i = 0; i < 5000; i++) {
        CHECK(gomap_assign(m, &nan, &added) != NULL && added);
        if (i % 100 == 0) CHECK_MAP(m);
    }
    CHECK_EQ(m->count, 5000);
    CHECK_BETWEEN(test_stats(m).tables, 6, 10);
    gomap_iter iter;
    const void *key, *value;
    size_t yielded = 0;
    gomap_iter_begin(&iter, m);
    while (gomap_iter_next(&iter, &key, &value) == 1) yielded++;
    CHECK_EQ(yielded, 5000);
    gomap_clear(m);
    CHECK_EQ(m->count, 0);
    CHECK_MAP(m);
    gomap_free(m);
}

/* Slot by slot: tables, tombstones and control bytes. */
static void a_clone_is_the_same(void)
{
    static const char *const names[] = {"map[int]int", "map[string]string", "map[[129]byte][129]byte"};
    for (size_t t = 0; t < COUNT_OF(names); t++) {
        model *m = model_new(&swiss, test_type_named(names[t]), 4000, 0, t);
        for (size_t i = 0; i < m->domain; i++) CHECK_EQ(model_assign(m, i), 1);
        for (size_t i = 0; i < m->domain; i += 3) model_erase(m, i);
        model *copy = model_clone(m, 5);
        gomap_stats one = test_stats(m->map), other = test_stats(copy->map);
        CHECK(one.tombstones > 0);
        CHECK_EQ(other.tombstones, one.tombstones);
        CHECK_EQ(other.tables, one.tables);
        CHECK_EQ(other.array_bytes, one.array_bytes);
        model_verify(copy);
        for (size_t i = 0; i < m->domain; i++) (void)model_assign(copy, i);
        model_verify(m);
        model_verify(copy);
        model_free(copy);
        model_free(m);
    }
}

static void order_varies(void)
{
    gomap *m = new_map("map[int]int", 0, 1);
    uint64_t firsts[64], distinct = 0;
    while (m->count < 5) add(m, m->count);
    for (int few = 1; few >= 0; few--) {
        for (size_t i = 0; i < COUNT_OF(firsts); i++) {
            gomap_iter iter;
            const void *key, *value;
            gomap_iter_begin(&iter, m);
            CHECK_EQ(gomap_iter_next(&iter, &key, &value), 1);
            memcpy(&firsts[i], key, 8);
            gomap_iter_end(&iter);
            distinct += i && firsts[i] != firsts[i - 1];
        }
        CHECK(distinct > 16);
        distinct = 0;
        while (few && m->count < 5000) add(m, m->count);
    }
    gomap_free(m);
}

int main(void)
{
    test_count_bytes();
    arrays_are_go_s();
    slots_are_structs();
    hints();
    tables_split_as_go_s();
    nothing_shrinks();
    if (CHURNS) churn_leaves_tombstones();
    if (CHURNS) pruning();
    one_table_never_grows_by_churn_alone();
    equal_hashes();
    nans_survive_growth();
    a_clone_is_the_same();
    order_varies();
    CHECK_EQ(test_live_bytes, 0);
    return 0;
}
