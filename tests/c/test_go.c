/* test_go.c - that GoMap's engine is Go's classic map: when it grows, how large its arrays are, what
 * evacuates and what does not. Figures are those of real Go 1.19 programs and of its source. */
#include "model.h"

static const double MB = 1024 * 1024;
static const test_engine go = {GOMAP_GO, "go", 1};

static gomap *new_map(const char *type, size_t hint, uint64_t seed)
{
    gomap *m = gomap_new(GOMAP_GO, test_type_made(test_type_named(type)), hint, seed);
    CHECK(m != NULL);
    return m;
}

static void add(gomap *m, uint64_t key)
{
    int added;
    CHECK(gomap_assign(m, &key, &added) != NULL);
    CHECK_EQ(added, 1);
}

/* The largest count that 2^B buckets take before they grow. */
static size_t capacity(unsigned B) { return B == 0 ? 8 : 13 * (((size_t)1 << B) / 2); }

static uint64_t sequential(uint64_t i) { return i; }
static uint64_t scattered(uint64_t i) { return test_scramble(i); }

/* ---- growing -------------------------------------------------------------------------------- */

static void growth_starts(void)
{
    static const size_t at[] = {9,    14,   27,    53,    105,   209,    417,    833,    1665,
                                3329, 6657, 13313, 26625, 53249, 106497, 212993, 425985, 851969};
    uint64_t (*const keys[])(uint64_t) = {sequential, scattered};
    for (size_t k = 0; k < COUNT_OF(keys); k++) {
        gomap *m = new_map("map[int]int", 0, k);
        size_t count = 0;
        for (size_t g = 0; g < COUNT_OF(at); g++) {
            while (count < at[g] - 1) add(m, keys[k](count++));
            gomap_stats stats = test_stats(m);
            CHECK_EQ(stats.growths, g);
            CHECK_EQ(stats.B, g);
            CHECK_EQ(stats.grow_at, count);
            CHECK_EQ(stats.growing, 0);
            add(m, keys[k](count++));
            stats = test_stats(m);
            CHECK_EQ(stats.growths, g + 1);
            CHECK_EQ(stats.same_size_growths, 0);
            CHECK_EQ(stats.B, g + 1);
            CHECK_EQ(stats.growing, g > 1); /* the write evacuates two old buckets at once */
            if (stats.growing) CHECK_EQ(stats.old_buckets, stats.buckets / 2);
            if (g < 12) CHECK_MAP(m);
        }
        gomap_free(m);
    }
}

/* "17 to 18 begins at insert 851,969 and ends 90,912 inserts later", give or take the hash. */
static void evacuation_takes_as_many_writes(void)
{
    gomap *m = new_map("map[int]int", 0, 1);
    uint64_t count = 0, ended;
    while (count < 851969) add(m, scattered(count++));
    CHECK_EQ(test_stats(m).growing, 1);
    while (count < 851969 + 80000) add(m, scattered(count++));
    CHECK_EQ(test_stats(m).growing, 1);
    for (ended = count; test_stats(m).growing; ended = count)
        for (int i = 0; i < 1000; i++) add(m, scattered(count++));
    CHECK_BETWEEN(ended - 851969, 88000, 94000);
    gomap_free(m);
}

/* Look-ups and iterations leave old buckets alone; assignments, also of keys that are there, and
 * erasures, also of keys that are not, evacuate one or two. */
static void only_writes_evacuate(void)
{
    gomap *m = new_map("map[int]int", 0, 1);
    uint64_t key;
    size_t evacuated;
    int added;
    for (key = 0; key < 6657; key++) add(m, key);
    evacuated = test_stats(m).evacuated;
    CHECK_BETWEEN(evacuated, 1, 2);
    for (key = 0; key < 8000; key++) CHECK_EQ(gomap_find(m, &key) != NULL, key < 6657);
    gomap_iter iter;
    const void *at, *value;
    gomap_iter_begin(&iter, m);
    while (gomap_iter_next(&iter, &at, &value) == 1) {}
    gomap_iter_end(&iter);
    CHECK_EQ(test_stats(m).evacuated, evacuated);

    for (key = 0; test_stats(m).evacuated < 500; key++) {
        CHECK(gomap_assign(m, &key, &added) != NULL && !added);
        CHECK_BETWEEN(test_stats(m).evacuated, evacuated + 1, evacuated + 2);
        evacuated = test_stats(m).evacuated;
    }
    CHECK_MAP(m);
    for (key = 10000; test_stats(m).growing; key++) {
        CHECK_EQ(gomap_erase(m, &key), 0);
        if (!test_stats(m).growing) break;
        CHECK_BETWEEN(test_stats(m).evacuated, evacuated + 1, evacuated + 2);
        evacuated = test_stats(m).evacuated;
    }
    CHECK_BETWEEN(evacuated, 1022, 1023);
    CHECK_EQ(test_stats(m).old_buckets, 0);
    CHECK_MAP(m);
    gomap_free(m);
}

/* ---- arrays --------------------------------------------------------------------------------- */

/* The array of every B, by its hint: buckets and bytes as Go's allocator gives them. */
static void arrays_are_gos_to_the_byte(void)
{
    static const struct {
        size_t buckets_144, bytes_144, buckets_1104, bytes_1104;
    } arrays[] = {
        {1, 144, 1, 1104},
        {2, 288, 2, 2208},
        {4, 576, 4, 4416},
        {8, 1152, 8, 8832},
        {18, 2688, 17, 19072},
        {37, 5376, 37, 40960},
        {71, 10240, 74, 81920},
        {142, 20480, 140, 155648},
        {284, 40960, 274, 303104},
        {568, 81920, 549, 606208},
        {1137, 163840, 1090, 1204224},
        {2218, 319488, 2181, 2408448},
        {4380, 630784, 4355, 4808704},
        {8704, 1253376, 8704, 9609216},
        {17408, 2506752, 17408, 19218432},
        {34816, 5013504, 34816, 38436864},
        {69632, 10027008, 69632, 76873728},
        {139264, 20054016, 139264, 153747456},
        {278528, 40108032, 278528, 307494912},
    };
    static const char *const types[] = {"map[int]int", "map[int]*[128]byte", "map[int][129]byte", "map[int][128]byte"};
    for (size_t t = 0; t < COUNT_OF(types); t++) {
        int wide = t == 3;
        for (unsigned B = 0; B < COUNT_OF(arrays); B++) {
            gomap *m = new_map(types[t], capacity(B), B);
            gomap_memory memory;
            if (B == 0) add(m, 0);
            gomap_stats stats = test_stats(m);
            CHECK_EQ(stats.B, B);
            CHECK_EQ(stats.buckets, (size_t)1 << B);
            CHECK_EQ(stats.bucket_bytes, wide ? 1104 : 144);
            CHECK_EQ(stats.array_buckets, wide ? arrays[B].buckets_1104 : arrays[B].buckets_144);
            CHECK_EQ(stats.array_bytes, wide ? arrays[B].bytes_1104 : arrays[B].bytes_144);
            CHECK_EQ(stats.overflow_buckets, 0);
            gomap_memory_of(m, &memory);
            CHECK_BETWEEN(memory.live[GOMAP_BUCKETS], stats.array_bytes, test_granted(stats.array_bytes) + 16);
            if (B >= 17) CHECK_EQ(memory.live[GOMAP_BUCKETS], stats.array_bytes); /* whole pages */
            CHECK(memory.live[GOMAP_HEADER] < 1024);
            gomap_free(m);
        }
    }
}

/* Keys and values side by side in a bucket of 8 + 8K + 8V + 8 bytes, references of 8 for long ones. */
static void buckets_are_gos_to_the_byte(void)
{
    for (size_t t = 0; t < COUNT_OF(test_types); t++) {
        const test_type *type = &test_types[t];
        size_t key = type->key_size > 128 ? 8 : type->key_size;
        size_t value = type->value_size > 128 || type->value_flags & GOMAP_POINTER ? 8 : type->value_size;
        gomap *m = new_map(type->name, 0, 1);
        CHECK_EQ(test_stats(m).bucket_bytes, 8 + 8 * key + 8 * value + 8);
        gomap_free(m);
    }
}

/* Up to 8 entries one bucket, made at the first assignment; 9 to 13 two, 14 to 26 four ... */
static void buckets_by_hint_and_by_growth(void)
{
    static const size_t limits[] = {8, 13, 26, 52, 104, 208, 416};
    gomap *grown = new_map("map[int]int", 0, 2);
    for (size_t n = 0; n <= 416; n++) {
        size_t B = 0;
        while (n > limits[B]) B++;
        gomap *hinted = new_map("map[int]int", n, n);
        gomap_stats stats = test_stats(hinted);
        CHECK_EQ(stats.B, B);
        CHECK_EQ(stats.buckets, B ? (size_t)1 << B : 0);
        if (n) {
            for (uint64_t key = 0; key < n; key++) add(hinted, key);
            stats = test_stats(hinted);
            CHECK_EQ(stats.buckets, (size_t)1 << B);
            CHECK_EQ(stats.growths, 0);
            add(grown, n);
            CHECK_EQ(test_stats(grown).buckets, (size_t)1 << B);
        }
        gomap_free(hinted);
    }
    gomap_free(grown);
    for (unsigned B = 1; B < 20; B++) { /* load 6.5 throughout */
        size_t full = 13 * ((size_t)1 << (B - 1));
        gomap *exact = new_map("map[int]int", full, 1), *more = new_map("map[int]int", full + 1, 1);
        CHECK_EQ(test_stats(exact).B, B);
        CHECK_EQ(test_stats(more).B, B + 1);
        gomap_free(exact);
        gomap_free(more);
    }
}

static void absurd_hint_makes_one_bucket(void)
{
    static const size_t hints[] = {SIZE_MAX, (size_t)1 << 62, (size_t)1 << 60};
    for (size_t h = 0; h < COUNT_OF(hints); h++) {
        gomap *m = new_map("map[int]int", hints[h], 1);
        CHECK_EQ(test_stats(m).B, 0);
        add(m, 1);
        CHECK_EQ(test_stats(m).buckets, 1);
        gomap_free(m);
    }
}

/* ---- the article's million ------------------------------------------------------------------- */

/* "4,200 to 4,360 overflow buckets at 1M, longest chain 2"; after emptying and refilling, 4,287, then
 * 8,518, then 12,641: an emptied map keeps every bucket it ever had. */
static void a_million_entries_and_refills(void)
{
    enum { N = 1000000 };
    uint64_t (*const keys[])(uint64_t) = {sequential, scattered};
    for (size_t k = 0; k < COUNT_OF(keys); k++) {
        gomap *m = new_map("map[int]int", 0, k);
        uint64_t first = 0;
        for (uint64_t round = 1; round <= (k ? 3 : 1); round++, first += N) {
            for (uint64_t i = 0; i < N; i++) add(m, keys[k](first + i));
            gomap_stats full = test_stats(m);
            CHECK_EQ(full.B, 18);
            CHECK_EQ(full.growing, 0);
            CHECK_EQ(full.array_bytes, 40108032);
            CHECK_BETWEEN(full.overflow_buckets, 4200 * round - 200, 4360 * round + 240);
            CHECK_EQ(full.overflow_heap, 0);
            CHECK_EQ(full.chain_lengths[3], 0);
            if (round == 1) CHECK_EQ(full.chain_lengths[2], 0);
            CHECK_EQ(full.chain_lengths[0] + full.chain_lengths[1] + full.chain_lengths[2], 262144);
            size_t bytes = gomap_total(m);
            for (uint64_t i = 0; i < N; i++) {
                uint64_t key = keys[k](first + i);
                CHECK_EQ(gomap_erase(m, &key), 1);
            }
            CHECK_EQ(m->count, 0);
            CHECK_EQ(gomap_total(m), bytes);
            CHECK_EQ(test_stats(m).overflow_buckets, full.overflow_buckets);
        }
        gomap_free(m);
    }
}

/* "Full B = 17 (851,968 entries): about 27,500 overflow buckets, 8,192 of them from the tail." */
static void overflow_of_a_full_array(void)
{
    uint64_t (*const keys[])(uint64_t) = {sequential, scattered};
    for (size_t k = 0; k < COUNT_OF(keys); k++) {
        gomap *m = new_map("map[int]int", 0, k);
        for (uint64_t i = 0; i < 851968; i++) add(m, keys[k](i));
        gomap_stats stats = test_stats(m);
        CHECK_BETWEEN(stats.overflow_buckets, 27000, 28000);
        CHECK_EQ(stats.overflow_buckets - stats.overflow_heap, 8192);
        size_t longer = 0, chains = 0;
        for (size_t i = 0; i < GOMAP_CHAIN_LENGTHS; i++) {
            chains += stats.chain_lengths[i];
            longer += stats.chain_lengths[i] * i;
        }
        CHECK_EQ(chains, stats.buckets);
        CHECK_EQ(longer, stats.overflow_buckets);
        gomap_free(m);
    }
}

/* The peak of 1M [128]byte values is the new array and the full old map: 461 MB. */
static void peak_while_growing(void)
{
    gomap *m = new_map("map[int][128]byte", 0, 1);
    gomap_memory memory;
    for (uint64_t i = 0; i < 1000000; i++) add(m, scattered(i));
    gomap_memory_of(m, &memory);
    CHECK_EQ(memory.live[GOMAP_BUCKETS], 307494912);
    CHECK_EQ(memory.live[GOMAP_OLD_BUCKETS], 0);
    CHECK_EQ(memory.peak[GOMAP_OLD_BUCKETS], 153747456);
    CHECK_EQ(memory.live[GOMAP_OVERFLOW], 0);
    CHECK_BETWEEN(memory.total, 307494912, 307494912 + 4096);
    CHECK_BETWEEN((double)memory.total_peak / MB, 461.22 * 0.97, 461.22 * 1.03);
    for (uint64_t i = 0; i < 1000000; i++) {
        uint64_t key = scattered(i);
        CHECK_EQ(gomap_erase(m, &key), 1);
    }
    CHECK_BETWEEN(gomap_total(m), 307494912, 307494912 + 4096);
    gomap_free(m);
}

/* At any size: both arrays alive, and of the old one's overflow buckets no more than there were. */
static void peak_of_one_growth(void)
{
    gomap *m = new_map("map[int][128]byte", 0, 1);
    gomap_memory before, after;
    for (uint64_t i = 0; i < capacity(12); i++) add(m, scattered(i));
    gomap_peak_reset(m);
    gomap_memory_of(m, &before);
    add(m, scattered(capacity(12)));
    CHECK_EQ(test_stats(m).growing, 1);
    for (uint64_t i = capacity(12) + 1; test_stats(m).growing; i++) add(m, scattered(i));
    gomap_memory_of(m, &after);
    CHECK(before.live[GOMAP_OVERFLOW] > 500 * 1104);
    CHECK_EQ(after.total_peak, before.total + after.live[GOMAP_BUCKETS]);
    CHECK_EQ(after.peak[GOMAP_OLD_BUCKETS], before.live[GOMAP_BUCKETS]);
    CHECK_EQ(after.live[GOMAP_OLD_BUCKETS], 0);
    CHECK_EQ(after.live[GOMAP_OVERFLOW], 0); /* at load 3.25 the tail is enough */
    gomap_free(m);
}

/* ---- staying at one size --------------------------------------------------------------------- */

/* Go's issue 16070: 100,000 deletions and insertions at constant size grow to the same size when
 * there are as many overflow buckets as buckets, and so bound them. */
static void same_size_growth_bounds_overflow(void)
{
    static const size_t counts[] = {24, 96, 384};
    static const size_t least[] = {100, 20, 5};
    uint64_t (*const keys[])(uint64_t) = {sequential, scattered};
    for (size_t k = 0; k < COUNT_OF(keys); k++) {
        for (size_t c = 0; c < COUNT_OF(counts); c++) {
            gomap *m = new_map("map[int][128]byte", 0, 5);
            uint64_t random = 6, live[384], next = counts[c];
            for (uint64_t i = 0; i < counts[c]; i++) add(m, keys[k](live[i] = i));
            size_t buckets = test_stats(m).buckets;
            for (int pair = 0; pair < 100000; pair++) {
                size_t victim = (size_t)(test_random(&random) % counts[c]);
                uint64_t key = keys[k](live[victim]);
                CHECK_EQ(gomap_erase(m, &key), 1);
                add(m, keys[k](live[victim] = next++));
                if (pair % 64) continue;
                gomap_stats stats = test_stats(m);
                CHECK_EQ(stats.buckets, buckets);
                CHECK(stats.overflow_buckets <= (stats.growing ? 2 : 1) * buckets);
                if (stats.growing) CHECK_EQ(stats.same_size, 1);
                else CHECK_EQ(stats.noverflow, stats.overflow_buckets); /* exact below B = 16 */
                CHECK_MAP(m);
            }
            CHECK(test_stats(m).same_size_growths >= least[c]);
            gomap_free(m);
        }
    }
}

static void clear_keeps_the_array(void)
{
    for (size_t n = 1; n < 7000; n += n / 2 + 1) {
        gomap *m = new_map("map[int][129]byte", 0, n);
        for (uint64_t i = 0; i < n; i++) add(m, i);
        gomap_stats before = test_stats(m);
        gomap_memory memory;
        gomap_clear(m);
        CHECK_MAP(m);
        gomap_stats after = test_stats(m);
        CHECK_EQ(after.B, before.B);
        CHECK_EQ(after.array_bytes, before.array_bytes);
        CHECK_EQ(after.overflow_buckets, 0);
        CHECK_EQ(after.noverflow, 0);
        CHECK_EQ(after.growing, 0);
        gomap_memory_of(m, &memory);
        CHECK_EQ(memory.live[GOMAP_OVERFLOW], 0);
        CHECK_EQ(memory.live[GOMAP_RECORDS], 0);
        CHECK(memory.live[GOMAP_BUCKETS] >= before.array_bytes);
        for (uint64_t i = 0; i < n; i++) add(m, i);
        CHECK_EQ(test_stats(m).growths, before.growths); /* the room is there */
        gomap_free(m);
    }
}

/* No bucket is freed by erasing; what stands behind references is. */
static void erasing_keeps_buckets_and_frees_records(void)
{
    model *m = model_new(&go, test_type_named("map[[129]byte][129]byte"), 5000, 0, 4);
    gomap_memory full, empty;
    for (size_t i = 0; i < m->domain; i++) CHECK_EQ(model_assign(m, i), 1);
    CHECK_EQ(test_stats(m->map).growing, 0);
    gomap_memory_of(m->map, &full);
    /* A record of 129 bytes is of Go's size class 144. */
    CHECK_BETWEEN(full.live[GOMAP_RECORDS], 2 * 5000 * 144, 2 * 5000 * 144 * 1.05 + 2 * 4096);
    for (size_t i = 0; i < m->domain; i++) model_erase(m, i);
    gomap_memory_of(m->map, &empty);
    CHECK_EQ(empty.live[GOMAP_RECORDS], 0);
    CHECK_EQ(empty.live[GOMAP_BUCKETS], full.live[GOMAP_BUCKETS]);
    CHECK_EQ(empty.live[GOMAP_OVERFLOW], full.live[GOMAP_OVERFLOW]);
    model_verify(m);
    model_free(m);
}

/* When more records are free than live the live ones move together; also while the map grows, which an
 * iterator that is alive holds still, and then iterates over what has moved. */
static void records_move_together(void)
{
    model *m = model_new(&go, test_type_named("map[[129]byte][129]byte"), 4000, 0, 4);
    gomap_memory memory;
    size_t number, erased = 0;
    for (size_t i = 0; i < 3400; i++) CHECK_EQ(model_assign(m, i), 1);
    for (int growing = 1; growing >= 0; growing--) {
        CHECK_EQ(test_stats(m->map).growing, growing);
        if (growing) CHECK_BETWEEN(test_stats(m->map).evacuated, 50, 450);
        model_iter_begin(m, 0);
        CHECK_EQ(model_iter_step(m, 0, &number), 1);
        gomap_memory_of(m->map, &memory);
        CHECK(memory.live[GOMAP_RECORDS] >= 2 * 144 * m->count);
        for (size_t i = 0; i < m->domain; i++) {
            if (i % 16 == 0) continue;
            model_erase(m, i);
            if (++erased % 100 == 0) CHECK_MAP(m->map);
        }
        CHECK_EQ(test_stats(m->map).growing, growing);
        gomap_memory_of(m->map, &memory);
        /* What is free is not worth a walk; 2 % and a page may be spare. */
        size_t most = 144 * m->count + (128 << 10) + test_stats(m->map).array_bytes / 16;
        CHECK(memory.live[GOMAP_RECORDS] <= 2 * (most + most / 50 + 4096));
        while (model_iter_step(m, 0, &number) == 1) {}
        model_verify(m);
        for (size_t i = 0; i < 3400; i++) (void)model_assign(m, i);
    }
    model_verify(m);
    model_free(m);
}

static void clone_is_sized_by_its_count(void)
{
    model *m = model_new(&go, test_type_named("map[int][128]byte"), 20000, 0, 4);
    for (size_t i = 0; i < m->domain; i++) CHECK_EQ(model_assign(m, i), 1);
    for (size_t i = 100; i < m->domain; i++) model_erase(m, i);
    CHECK_EQ(test_stats(m->map).B, 12);
    model *copy = model_clone(m, 1);
    CHECK_EQ(test_stats(copy->map).B, 4);
    CHECK_EQ(test_stats(copy->map).growths, 0);
    model_verify(copy);
    model_free(copy);
    model_free(m);
}

static void reserve_never_shrinks(void)
{
    gomap *m = new_map("map[int]int", 0, 1);
    for (uint64_t i = 0; i < 100; i++) add(m, i);
    CHECK_EQ(gomap_reserve(m, 1000), 0);
    CHECK_EQ(test_stats(m).B, 8);
    CHECK_EQ(gomap_reserve(m, 10), 0);
    CHECK_EQ(test_stats(m).B, 8);
    size_t growths = test_stats(m).growths;
    for (uint64_t i = 100; i < 1664; i++) add(m, i);
    CHECK_EQ(test_stats(m).growths, growths);
    gomap_free(m);
}

/* ---- floats --------------------------------------------------------------------------------- */

/* Of 0.0 and -0.0 the last written form is the key. */
static void last_written_zero_is_kept(void)
{
    static const double forms[] = {0.0, -0.0, 0.0, 0.0, -0.0};
    gomap *m = new_map("map[float64]int", 0, 1);
    const void *key, *value;
    int added;
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        CHECK(gomap_assign(m, &forms[i], &added) != NULL);
        CHECK_EQ(added, i == 0);
        CHECK_EQ(gomap_any(m, &key, &value), 1);
        CHECK(memcmp(key, &forms[i], 8) == 0);
    }
    gomap_free(m);
}

/* Every NaN stored is an entry that no look-up finds; they survive growth and iteration, spread over
 * the buckets, and clear reaches them. */
static void nans_are_entries(void)
{
    static const char *const types[] = {"map[float32]float32", "map[float64]int", "map[float64]*[200]byte",
                                        "map[float64]string"};
    for (size_t t = 0; t < COUNT_OF(types); t++) {
        model *m = model_new(&go, test_type_named(types[t]), 1000, 0, t);
        unsigned char nan[8];
        size_t number;
        test_key_of_float(m->type, (double)NAN, nan);
        for (size_t i = 0; i < MODEL_NANS; i++) {
            CHECK_EQ(model_assign_nan(m), 1);
            CHECK(gomap_find(m->map, nan) == NULL);
            CHECK_EQ(gomap_erase(m->map, nan), 0);
        }
        model_verify(m);
        for (size_t i = 0; i < m->domain; i++) { /* model_iter_step knows each of them by its value */
            CHECK_EQ(model_assign(m, i), 1);
            model_iter_begin(m, 0);
            while (model_iter_step(m, 0, &number) == 1) {}
        }
        model_verify(m);
        model *copy = model_clone(m, 9);
        model_verify(copy);
        CHECK_EQ(copy->nans, MODEL_NANS);
        while (model_pop(copy)) {}
        model_verify(copy);
        model_free(copy);
        CHECK_EQ(model_reserve(m, 5000), 0);
        model_verify(m);
        model_clear(m);
        model_verify(m);
        model_free(m);
    }
}

/* One whose string there is no memory for is gone again, though no look-up finds it. */
static void nans_without_memory(void)
{
    model *m = model_new(&go, test_type_named("map[float64]string"), 300, 0, 1);
    size_t refused = 0;
    for (size_t i = 0; i < m->domain; i++) {
        CHECK_EQ(model_assign(m, i), 1);
        if (m->nans == MODEL_NANS) continue;
        for (int64_t nth = 0;; nth++, refused++) {
            gomap_fail_after(nth, 1);
            int added = model_assign_nan(m);
            gomap_fail_after(-1, 0);
            CHECK_MAP(m->map);
            if (added == 1) break;
        }
    }
    CHECK(refused >= MODEL_NANS);
    model_verify(m);
    model_free(m);
}

/* Churn at constant size, and a whole iteration in the middle of every growth to the same size. */
static void nans_survive_same_size_growth(void)
{
    enum { FILLED = 340 };
    model *m = model_new(&go, test_type_named("map[float64]int"), 4000, 0, 2);
    size_t numbers[FILLED], growths = 0, iterated = 0, number;
    uint64_t random = 3;
    for (size_t i = 0; i < MODEL_NANS; i++) CHECK_EQ(model_assign_nan(m), 1);
    for (size_t i = 0; i < FILLED; i++) CHECK_EQ(model_assign(m, numbers[i] = i), 1);
    for (size_t pair = 0; pair < 40000; pair++) {
        size_t victim = (size_t)(test_random(&random) % FILLED);
        model_erase(m, numbers[victim]);
        do numbers[victim] = (size_t)(test_random(&random) % m->domain);
        while (m->version[numbers[victim]]);
        CHECK_EQ(model_assign(m, numbers[victim]), 1);
        gomap_stats stats = test_stats(m->map);
        if (!stats.same_size || stats.same_size_growths == growths || stats.evacuated < 16) continue;
        growths = stats.same_size_growths;
        model_iter_begin(m, 0);
        while (model_iter_step(m, 0, &number) == 1) {}
        iterated++;
    }
    CHECK(iterated >= 5);
    model_verify(m);
    model_free(m);
}

static void many_nans_do_not_chain(void)
{
    gomap *m = new_map("map[float64]int", 0, 1);
    double nan = (double)NAN;
    int added;
    for (size_t i = 0; i < 10000; i++) CHECK(gomap_assign(m, &nan, &added) != NULL && added);
    CHECK_EQ(m->count, 10000);
    CHECK_MAP(m);
    gomap_stats stats = test_stats(m);
    CHECK_EQ(stats.B, 11);
    CHECK_EQ(stats.chain_lengths[3], 0);
    CHECK_BETWEEN(stats.chain_lengths[0], 0.8 * 2048, 2048);
    gomap_clear(m);
    CHECK_EQ(m->count, 0);
    CHECK_MAP(m);
    gomap_free(m);
}

/* ---- iteration order ------------------------------------------------------------------------ */

static uint64_t first_key(gomap *m)
{
    gomap_iter iter;
    const void *key, *value;
    uint64_t first;
    gomap_iter_begin(&iter, m);
    CHECK_EQ(gomap_iter_next(&iter, &key, &value), 1);
    memcpy(&first, key, 8);
    gomap_iter_end(&iter);
    return first;
}

/* In one map, iterations begin at different entries: with a few entries, with many, and with a few
 * left of many. */
static void order_differs_between_iterations(void)
{
    static const struct {
        uint64_t fill, keep;
    } cases[] = {
        {3, 3}, {8, 8}, {9, 9}, {60, 60}, {1000, 1000}, {1000, 3},
    };
    for (size_t c = 0; c < COUNT_OF(cases); c++) {
        gomap *m = new_map("map[int]int", 0, c);
        for (uint64_t key = 0; key < cases[c].fill; key++) add(m, key);
        for (uint64_t key = cases[c].keep; key < cases[c].fill; key++) CHECK_EQ(gomap_erase(m, &key), 1);
        uint64_t first = first_key(m);
        size_t different = 0;
        for (int again = 0; again < 200; again++) different += first_key(m) != first;
        CHECK(different >= 10);
        gomap_free(m);
    }
}

/* Where the keys 0 to n stand: the order in which a fresh map of this seed, used by `before`, gives them. */
static void standing_order(void (*before)(gomap *), uint64_t *order, uint64_t n)
{
    gomap *m = new_map("map[int]int", n, 1);
    const void *key, *value;
    before(m);
    for (uint64_t i = 0; i < n; i++) add(m, i);
    for (uint64_t i = 0; i < n; i++) {
        CHECK_EQ(gomap_any(m, &key, &value), 1);
        memcpy(&order[i], key, 8);
        gomap_erase_any(m);
    }
    gomap_free(m);
}

static void nothing(gomap *m) { (void)m; }
static void clear(gomap *m) { gomap_clear(m); }
static void empty(gomap *m)
{
    uint64_t key = 7;
    add(m, key);
    CHECK_EQ(gomap_erase(m, &key), 1);
}

/* Emptied or cleared, a map draws another seed: the same keys come to stand elsewhere. */
static void an_emptied_map_has_another_seed(void)
{
    enum { N = 100 };
    uint64_t order[4][N];
    standing_order(nothing, order[0], N);
    standing_order(nothing, order[1], N);
    standing_order(empty, order[2], N);
    standing_order(clear, order[3], N);
    CHECK(memcmp(order[0], order[1], sizeof order[0]) == 0);
    CHECK(memcmp(order[0], order[2], sizeof order[0]) != 0);
    CHECK(memcmp(order[0], order[3], sizeof order[0]) != 0);
}

int main(void)
{
    static void (*const tests[])(void) = {
        growth_starts,
        evacuation_takes_as_many_writes,
        only_writes_evacuate,
        arrays_are_gos_to_the_byte,
        buckets_are_gos_to_the_byte,
        buckets_by_hint_and_by_growth,
        absurd_hint_makes_one_bucket,
        a_million_entries_and_refills,
        overflow_of_a_full_array,
        peak_while_growing,
        peak_of_one_growth,
        same_size_growth_bounds_overflow,
        clear_keeps_the_array,
        erasing_keeps_buckets_and_frees_records,
        records_move_together,
        clone_is_sized_by_its_count,
        reserve_never_shrinks,
        last_written_zero_is_kept,
        nans_are_entries,
        nans_without_memory,
        nans_survive_same_size_growth,
        many_nans_do_not_chain,
        order_differs_between_iterations,
        an_emptied_map_has_another_seed,
    };
    test_count_bytes();
    for (size_t t = 0; t < COUNT_OF(tests); t++) {
        tests[t]();
        CHECK_EQ(test_live_bytes, 0);
    }
    return 0;
}
