/* test_elastic.c - what the elastic map promises beyond the contract: how many bytes it takes while it grows,
 * shrinks and stays, how little it moves, and that nothing is lost when its rare ways are taken: the overflow
 * list, regions that change from heap to mapping and back, reservations outgrown, and each of these without
 * memory. */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* syscall */
#endif
#include "forced.h"

#include "elastic/cursor.h"

static const test_engine elastic = {GOMAP_ELASTIC, "elastic", 0};

static gomap *new_map(const char *type, size_t hint, uint64_t seed)
{
    gomap *m = gomap_new(GOMAP_ELASTIC, test_type_made(test_type_named(type)), hint, seed);
    CHECK(m != NULL);
    return m;
}

static void add(gomap *m, uint64_t key)
{
    int added;
    CHECK(gomap_assign(m, &key, &added) != NULL);
    CHECK_EQ(added, 1);
}

static void take(gomap *m, uint64_t key) { CHECK_EQ(gomap_erase(m, &key), 1); }

static uint64_t sequential(uint64_t i) { return i; }
static uint64_t scattered(uint64_t i) { return test_scramble(i); }

static size_t peak_of(const gomap *m)
{
    gomap_memory memory;
    gomap_memory_of(m, &memory);
    return memory.total_peak;
}

static size_t changes_of(const gomap *m) { return test_stats(m).splits + test_stats(m).merges; }

static model *filled(const char *type, size_t entries, size_t domain, uint64_t seed)
{
    model *made = model_new(&elastic, test_type_named(type), domain, 0, seed);
    for (size_t i = 0; i < entries; i++) CHECK_EQ(model_assign(made, i), 1);
    return made;
}

/* ---- bytes ---------------------------------------------------------------------------------- */

/* At every thousandth entry on the way up: the bytes, and that growing never took more than they were. */
static void bytes_while_growing(void)
{
    static const struct {
        const char *type;
        size_t from, to;
        double grown, compact, peak; /* bytes an entry; peak over what it is in the end */
    } cases[] = {
        {"map[int]int", 125000, 300000, 20.1, 18.6, 1.03},
        {"map[int]int", 61000, 125000, 20.4, 18.7, 1.03}, /* the steps of regions are coarse here */
        {"map[int][128]byte", 100000, 150000, 145, 142.5, 1.03},
        {"map[int]*[128]byte", 100000, 150000, 145, 142.5, 1.03},
    };
    for (size_t c = 0; c < COUNT_OF(cases); c++) {
        gomap *m = new_map(cases[c].type, 0, c);
        for (uint64_t n = 0; n < cases[c].to;) {
            add(m, scattered(n++));
            if (n < cases[c].from || n % 1000) continue;
            CHECK_BETWEEN((double)gomap_total(m) / (double)n, 0, cases[c].grown);
            CHECK_BETWEEN((double)peak_of(m) / (double)gomap_total(m), 1, cases[c].peak);
        }
        CHECK_EQ(test_stats(m).overflow_buckets, 0);
        CHECK_MAP(m);
        for (size_t n = cases[c].to; n >= cases[c].from; n -= (cases[c].to - cases[c].from) / 2) {
            while (m->count > n) take(m, scattered(m->count - 1));
            gomap_peak_reset(m);
            size_t before = gomap_total(m), changes = changes_of(m);
            CHECK_EQ(gomap_compact(m), 1);
            CHECK_BETWEEN((double)gomap_total(m) / (double)n, 0, cases[c].compact);
            CHECK(peak_of(m) <= before + GM_MAP_BYTES); /* in place, but for tags that go back to the heap */
            CHECK(changes_of(m) > changes);
            changes = changes_of(m);
            CHECK_EQ(gomap_compact(m), 1); /* there is nothing more to give back */
            CHECK_EQ(changes_of(m), changes);
            CHECK_MAP(m);
            while (m->count < n + 5000) add(m, scattered(m->count)); /* back to the usual load */
            CHECK(m->count <= test_stats(m).grow_at);
            CHECK_BETWEEN((double)gomap_total(m) / (double)m->count, 0, cases[c].grown);
            CHECK_MAP(m);
        }
        gomap_free(m);
    }
}

static void small_maps(void)
{
    static const char *const names[] = {"map[int8]int64", "map[int]int", "map[[32]byte]int", "map[float64]int"};
    for (size_t t = 0; t < COUNT_OF(names); t++) {
        gomap *m = new_map(names[t], 0, t);
        CHECK(gomap_total(m) <= test_granted(192 + TEST_HEADER_MORE));
        gomap_free(m);
    }
    gomap *m = new_map("map[int]int", 0, 1);
    for (uint64_t n = 1; n <= 8; n++) {
        add(m, n);
        CHECK(gomap_total(m) <= 400 + TEST_HEADER_MORE);
    }
    for (uint64_t n = 9; n <= 20000; n++) { /* a load of 5, three eighths of the buckets new */
        add(m, n);
        CHECK(gomap_total(m) <= 420 + TEST_HEADER_MORE + test_heap_most(40 * n));
    }
    gomap_free(m);
}

/* Deletions give back: what is left is in proportion at every size, in whatever order they come. */
static void bytes_while_shrinking(void)
{
    static const struct {
        const char *type;
        size_t entries, large, small; /* bytes an entry, from 20,000 entries up and from 1,000 */
    } cases[] = {
        {"map[int]int", 200000, 32, 60},
        {"map[int]*[128]byte", 60000, 152, 220},
    };
    for (size_t c = 0; c < COUNT_OF(cases); c++) {
        for (int order = 0; order < 3; order++) {
            gomap *m = new_map(cases[c].type, 0, c);
            for (uint64_t i = 0; i < cases[c].entries; i++) add(m, scattered(i));
            size_t largest = gomap_total(m);
            for (uint64_t i = 0; m->count; i++) {
                if (order == 0) take(m, scattered(i));
                else if (order == 1) take(m, scattered(cases[c].entries - 1 - i));
                else gomap_erase_any(m);
                size_t n = m->count, total = gomap_total(m);
                CHECK(total <= largest);
                if (n >= 20000) CHECK(total <= n * cases[c].large);
                else if (n >= 1000) CHECK(total <= test_heap_most(n * cases[c].small));
                if (n % 20011 == 0 || n == 1000) CHECK_MAP(m);
            }
            CHECK(gomap_total(m) <= 4096);
            CHECK_EQ(gomap_compact(m), 1);
            CHECK(gomap_total(m) <= 300 + TEST_HEADER_MORE);
            CHECK_EQ(test_stats(m).buckets, 0);
            CHECK_MAP(m);
            for (uint64_t i = 0; i < 1000; i++) add(m, scattered(i));
            CHECK_MAP(m);
            gomap_clear(m);
            CHECK(gomap_total(m) <= 300 + TEST_HEADER_MORE);
            CHECK_MAP(m);
            gomap_free(m);
        }
    }
}

/* Room that was reserved is there, is used, and goes as the entries go. */
static void reserved_room(void)
{
    static const char *const names[] = {"map[int]int", "map[int]*[128]byte"};
    for (size_t t = 0; t < COUNT_OF(names); t++) {
        for (size_t n = 1; n <= 60000; n += 1 + n / 3) {
            gomap *m = new_map(names[t], n, 1);
            size_t total = gomap_total(m);
            CHECK(test_stats(m).grow_at >= n);
            CHECK(test_stats(m).buckets <= 1 + n / 4);
            gomap_fail_after(0, 1);
            for (uint64_t i = 0; i < n; i++) add(m, scattered(i));
            CHECK_EQ(gomap_fail_pending(), 1);
            gomap_fail_after(-1, 0);
            CHECK_EQ(gomap_total(m), total);
            CHECK_EQ(changes_of(m), 0);
            CHECK_MAP(m);
            if (n >= 20000) CHECK_BETWEEN((double)total / (double)n, 0, t ? 145 : 23);
            gomap_free(m);
        }
    }
    gomap *m = new_map("map[int]int", 0, 1);
    for (size_t n = 10; n < 1000; n += 7) { /* where buckets were before */
        for (uint64_t i = 0; i < n; i++) add(m, i);
        for (uint64_t i = 0; i < n; i++) take(m, i);
        CHECK_EQ(gomap_reserve(m, n), 0);
        CHECK_MAP(m);
    }
    gomap_clear(m);
    for (uint64_t i = 0; i < 3000; i++) add(m, i);
    CHECK_EQ(gomap_reserve(m, 40000), 0);
    CHECK_MAP(m);
    size_t room = test_stats(m).buckets, changes = changes_of(m);
    CHECK_EQ(gomap_reserve(m, 10), 0);
    CHECK_EQ(gomap_reserve(m, 30000), 0);
    CHECK_EQ(test_stats(m).buckets, room);
    for (uint64_t i = 3000; i < 40000; i++) add(m, i);
    CHECK_EQ(changes_of(m), changes);
    CHECK_MAP(m);
    gomap_free(m);
}

/* ---- staying at one size --------------------------------------------------------------------- */

/* A window over 100,000 entries that slides on: neither bytes nor work run away. */
static void sliding_window(void)
{
    enum { WINDOW = 100000 };
    uint64_t (*const keys[])(uint64_t) = {sequential, scattered};
    for (size_t k = 0; k < COUNT_OF(keys); k++) {
        gomap *m = new_map("map[int]int", 0, k);
        for (uint64_t i = 0; i < WINDOW; i++) add(m, keys[k](i));
        size_t start = gomap_total(m), changes = changes_of(m), displaced = test_stats(m).displaced;
        for (uint64_t i = WINDOW; i < 11 * WINDOW; i++) {
            if (k) take(m, keys[k](i - WINDOW));
            add(m, keys[k](i));
            if (!k) take(m, keys[k](i - WINDOW));
            CHECK(gomap_total(m) <= start + start * 3 / 100);
        }
        CHECK(changes_of(m) <= changes + 4);
        CHECK(test_stats(m).displaced - displaced <= 10 * (size_t)WINDOW);
        CHECK_EQ(test_stats(m).overflow_buckets, 0);
        CHECK(peak_of(m) <= start + start * 3 / 100);
        CHECK_MAP(m);
        gomap_free(m);
    }
}

/* At every size: what one insertion splits, a deletion does not merge; from the second time on nothing is split,
 * merged or allocated. */
static void no_ping_pong(void)
{
    static const char *const names[] = {"map[int]int", "map[int]*[128]byte"};
    for (size_t t = 0; t < COUNT_OF(names); t++) {
        gomap *m = new_map(names[t], 0, t);
        for (uint64_t n = 1; n <= 2000; n++) {
            add(m, scattered(n));
            size_t changes = changes_of(m);
            add(m, scattered(0));
            take(m, scattered(0));
            CHECK(changes_of(m) - changes <= 2 + test_stats(m).buckets * 3 / 11);
            changes = changes_of(m);
            gomap_fail_after(0, 1);
            for (int times = 0; times < 8; times++) {
                add(m, scattered(0));
                take(m, scattered(0));
                if (n % 8) continue;
                for (uint64_t i = 1; i <= 2; i++) take(m, scattered(i));
                for (uint64_t i = 1; i <= 2; i++) add(m, scattered(i));
            }
            CHECK_EQ(gomap_fail_pending(), 1);
            gomap_fail_after(-1, 0);
            CHECK_EQ(changes_of(m), changes);
        }
        CHECK_MAP(m);
        for (uint64_t n = 2000; n > 1; n--) { /* the same on the way down */
            take(m, scattered(n));
            size_t changes = changes_of(m);
            add(m, scattered(n));
            take(m, scattered(n));
            CHECK(changes_of(m) - changes <= 4);
            changes = changes_of(m);
            for (int times = 0; times < 4; times++) {
                add(m, scattered(n));
                take(m, scattered(n));
            }
            CHECK(changes_of(m) - changes <= 2); /* a merge may have been put off */
        }
        CHECK_MAP(m);
        gomap_free(m);
    }
}

/* ---- keys with patterns ------------------------------------------------------------------------ */

static uint64_t by_2_to_20(uint64_t i) { return i << 20; }
static uint64_t by_2_to_40(uint64_t i) { return i << 40; }
static uint64_t by_2_to_48(uint64_t i) { return i << 48; }
static uint64_t equal_low_halves(uint64_t i) { return i << 32 | 0xabcdef01u; }
static uint64_t equal_high_halves(uint64_t i) { return (uint64_t)0xabcdef01u << 32 | i; }
static uint64_t equal_halves(uint64_t i) { return i << 32 | i; }
static uint64_t bit_reversed(uint64_t i)
{
    uint64_t reversed = 0;
    for (int bit = 0; bit < 64; bit++) reversed |= (i >> bit & 1) << (63 - bit);
    return reversed;
}

static void patterned_keys(void)
{
    enum { N = 60000 };
    uint64_t (*const families[])(uint64_t) = {
        scattered,        sequential,        by_2_to_20,   by_2_to_40,   by_2_to_48,
        equal_low_halves, equal_high_halves, equal_halves, bit_reversed,
    };
    double bytes = 0, displaced = 0;
    for (size_t f = 0; f < COUNT_OF(families); f++) {
        gomap *m = new_map("map[int]int", 0, 7);
        for (uint64_t i = 0; i < N; i++) {
            add(m, families[f](i));
            CHECK_EQ(forced_places(m), 0);
        }
        if (f == 0) {
            bytes = (double)gomap_total(m);
            displaced = (double)test_stats(m).displaced;
            CHECK(displaced > 0);
        }
        CHECK_BETWEEN((double)gomap_total(m), bytes * 0.99, bytes * 1.01);
        CHECK_BETWEEN((double)test_stats(m).displaced, displaced / 1.5, displaced * 1.5);
        for (uint64_t i = 0; i < N; i++) {
            take(m, families[f](i));
            CHECK_EQ(forced_places(m), 0);
        }
        CHECK_MAP(m);
        gomap_free(m);
    }
}

/* The seed and the operations are all that decides. */
static void same_seed_same_structure(void)
{
    static const char *const names[] = {"map[int]int", "map[[129]byte]int"};
    for (size_t t = 0; t < COUNT_OF(names); t++) {
        model *twins[2];
        for (int i = 0; i < 2; i++) {
            model *m = twins[i] = filled(names[t], 6000, 6000, 5);
            for (size_t n = 0; n < 6000; n += 3) model_erase(m, n);
            for (int times = 0; times < 1000; times++) CHECK_EQ(model_pop(m), 1);
            model_verify(m);
        }
        const el_map *a = el_of(twins[0]->map), *b = el_of(twins[1]->map);
        CHECK_EQ(a->buckets, b->buckets);
        CHECK_EQ(a->displaced, b->displaced);
        CHECK_EQ(a->tags.bytes, b->tags.bytes);
        CHECK_EQ(a->slots.bytes, b->slots.bytes);
        CHECK(memcmp(a->tags.at, b->tags.at, (size_t)a->buckets * EL_SLOTS) == 0);
        size_t numbers[2];
        model_iter_begin(twins[0], 0);
        model_iter_begin(twins[1], 0);
        while (model_iter_step(twins[0], 0, &numbers[0]) == 1) {
            CHECK_EQ(model_iter_step(twins[1], 0, &numbers[1]), 1);
            CHECK_EQ(numbers[0], numbers[1]);
        }
        model_free(twins[0]);
        model_free(twins[1]);
    }
}

/* ---- iterators ------------------------------------------------------------------------------- */

/* Deletions under an iterator take effect when it ends, or when an insertion, a reservation or compacting ends
 * it; until then nothing moves and nothing is allocated. */
static void memory_after_iterators(void)
{
    static const char *const names[] = {"map[int]int", "map[int]*[128]byte"};
    enum { N = 20000, LEFT = 100 };
    for (size_t t = 0; t < COUNT_OF(names); t++) {
        for (int how = 0; how < 6; how++) {
            model *m = filled(names[t], N, N + 1, 3);
            size_t full = gomap_total(m->map), buckets = test_stats(m->map).buckets, number;
            model_iter_begin(m, 0);
            CHECK_EQ(model_iter_step(m, 0, &number), 1);
            if (how == 5) model_iter_begin(m, 1);
            for (size_t i = LEFT; i < N; i++) model_erase(m, i);
            CHECK_MAP(m->map);
            CHECK_EQ(test_stats(m->map).buckets, buckets);
            CHECK(gomap_total(m->map) >= full / 2);
            switch (how) {
            case 0:
                while (model_iter_step(m, 0, &number) == 1) {}
                break;
            case 1: model_iter_end(m, 0); break;
            case 2: CHECK_EQ(model_assign(m, N), 1); break;
            case 3:
                CHECK_EQ(model_reserve(m, 2 * N), 0);
                CHECK_EQ(model_iter_step(m, 0, &number) == -1, 1);
                CHECK(test_stats(m->map).grow_at >= 2 * N);
                CHECK_EQ(gomap_compact(m->map), 1);
                break;
            case 4:
                model_end_iterators(m, 1);
                CHECK_EQ(gomap_compact(m->map), 1);
                break;
            default: /* the last one alive it is */
                model_iter_end(m, 0);
                CHECK_EQ(test_stats(m->map).buckets, buckets);
                CHECK(gomap_total(m->map) >= full / 2);
                model_iter_end(m, 1);
            }
            CHECK(gomap_total(m->map) <= test_heap_most(220 * (LEFT + 1) + 1000));
            model_verify(m);
            if (m->iterators[0].alive) CHECK_EQ(model_iter_step(m, 0, &number) == -1, 1);
            for (size_t i = 0; i < N; i++) (void)model_assign(m, i);
            model_verify(m);
            model_free(m);
        }
    }
}

/* Everything erased as it is yielded. */
static void erasing_all_under_an_iterator(void)
{
    static const char *const names[] = {"map[int]int", "map[int]*[128]byte"};
    for (size_t t = 0; t < COUNT_OF(names); t++) {
        model *m = filled(names[t], 20000, 20000, 3);
        size_t number;
        model_iter_begin(m, 0);
        while (model_iter_step(m, 0, &number) == 1) model_erase(m, number);
        CHECK(gomap_total(m->map) <= 4096);
        model_verify(m);
        model_free(m);
    }
}

/* Every entry taken by an iteration of its own, while some are added: the cursor passes an emptied bucket once, and is
 * kept where the iteration began. */
static void draining_by_new_iterators(void)
{
    static const char *const names[] = {"map[int]int", "map[int]*[128]byte", "map[string]string"};
    for (size_t t = 0; t < 3 * COUNT_OF(names); t++) {
        size_t adding = t / COUNT_OF(names), passed = 0, taken = 0, added = 20000;
        model *m = filled(names[t % COUNT_OF(names)], added, 40000, t);
        size_t buckets = test_stats(m->map).buckets;
        if (adding == 2) model_iter_begin(m, 1); /* nothing is merged then */
        while (m->map->count) {
            size_t number, before = el_of(m->map)->any_at, now = test_stats(m->map).buckets;
            if (before >= now) before = now - 1;
            model_iter_begin(m, 0);
            CHECK_EQ(model_iter_step(m, 0, &number), 1);
            size_t at = el_of(m->map)->any_at;
            if (at < now) passed += (before + now - at) % now;
            model_iter_end(m, 0);
            model_erase(m, number);
            taken++;
            if (adding == 1 && taken % 3 == 0 && added < 40000) CHECK_EQ(model_assign(m, added++), 1);
            if (taken % 1000 == 0) model_verify(m);
        }
        CHECK_EQ(taken, added);
        CHECK(passed <= buckets + taken);
        model_free(m);
    }
}

/* One that is never ended: insertions end it, and deletions after them give back as ever. */
static void forgotten_iterator(void)
{
    static const char *const names[] = {"map[int]int", "map[int]*[128]byte"};
    for (size_t t = 0; t < COUNT_OF(names); t++) {
        gomap *m = new_map(names[t], 0, t);
        gomap_iter forgotten;
        for (uint64_t round = 0; round < 5; round++) {
            for (uint64_t i = 0; i < 20000; i++) add(m, i);
            gomap_iter_begin(&forgotten, m);
            for (uint64_t i = 10000; i < 20000; i++) take(m, i);
            CHECK_MAP(m);
            add(m, 10000);
            CHECK_BETWEEN((double)gomap_total(m), 0, t ? 10001 * 152 : 10001 * 40);
            for (uint64_t i = 0; i <= 10000; i++) take(m, i);
            CHECK(gomap_total(m) <= 4096);
            CHECK_MAP(m);
        }
        gomap_free(m);
    }
}

/* Records freed under an iterator in every pattern: those that are left stand densely again. */
static void records_settle(void)
{
    enum { N = 12 };
    for (unsigned pattern = 0; pattern < 1u << N; pattern += 1 + pattern % 3) {
        model *m = filled("map[int]*[128]byte", N, N, 1);
        model_iter_begin(m, 0);
        for (size_t i = 0; i < N; i++) {
            size_t number = i * 5 % N;
            if (pattern >> number & 1) model_erase(m, number);
        }
        model_iter_end(m, 0);
        CHECK_EQ(el_of(m->map)->records.used, m->count);
        CHECK_MAP(m->map);
        for (size_t i = 0; i < N; i++) model_find(m, i);
        model_free(m);
    }
}

/* Deletions leave few gaps among the records, the next insertions take them, and iterating passes them over. */
static void gaps_are_few(void)
{
    enum { N = 6000 };
    static const char *const names[] = {"map[int][128]byte", "map[int][129]byte", "map[int][4000]byte",
                                        "map[int]*int8",     "map[int]*string",   "map[string][129]byte"};
    for (size_t t = 0; t < COUNT_OF(names); t++) {
        size_t most = 0, n = strcmp(names[t], "map[int][4000]byte") == 0 ? N / 6 : N;
        model *m = filled(names[t], n, 2 * n, t);
        const gm_store *records = &el_of(m->map)->records;
        for (size_t i = 0; i < n; i++) {
            size_t gaps;
            model_erase(m, i * 7 % n);
            gaps = records->used - records->live;
            if (gaps > most) most = gaps;
            CHECK_EQ(records->live, m->map->count);
            CHECK(gaps <= 32 && gaps * 64 <= records->used && gaps * records->stride <= 16 << 10);
            if (i % 97) continue;
            CHECK_MAP(m->map);
            model_verify(m); /* iterates */
            if (m->map->count == 0) break;
            CHECK_EQ(model_assign(m, n + i), 1);
            CHECK_EQ(records->used - records->live, gaps ? gaps - 1 : 0);
            model_erase(m, n + i);
        }
        CHECK(most >= (n == N ? 32 : 4)); /* they are filled together */
        model_verify(m);
        model_free(m);
    }
}

static uint64_t marked(uint32_t i)
{
    const uint32_t words[2] = {i, GM_STORE_FREE};
    uint64_t key;
    memcpy(&key, words, sizeof key);
    return key;
}

/* Records that look as free ones do, among free ones; and such as have no room for the mark. */
static void marked_records(void)
{
    enum { N = 300 };
    static const char *const names[] = {"map[int][128]byte", "map[int]*struct{}", "map[int32]*struct{}"};
    for (size_t t = 0; t < COUNT_OF(names); t++) {
        gomap *m = new_map(names[t], 0, t);
        unsigned char seen[N] = {0};
        gomap_iter iter;
        const void *at, *value;
        size_t passed = 0;
        for (uint32_t i = 0; i < N; i++) add(m, marked(i));
        gomap_iter_begin(&iter, m);
        for (uint32_t i = 0; i < N; i += 3) take(m, marked(i));
        CHECK_MAP(m);
        while (gomap_iter_next(&iter, &at, &value) == 1) {
            uint32_t i = gm_load32(at);
            CHECK(i < N && i % 3 && !seen[i]);
            seen[i] = 1;
            passed++;
        }
        CHECK_EQ(passed, m->count);
        CHECK_EQ(el_of(m)->records.used, m->count);
        CHECK_MAP(m);
        for (uint32_t i = 1; i < N; i += 3) take(m, marked(i));
        CHECK_MAP(m);
        gomap_free(m);
    }
}

/* An insertion that fails leaves the gap that it took. */
static void failure_leaves_gaps(void)
{
    enum { N = 3000 };
    model *m = filled("map[string][129]byte", N, 2 * N, 1);
    const gm_store *records = &el_of(m->map)->records;
    size_t failed = 0;
    for (size_t i = 0; i < N / 2; i++) {
        model_erase(m, N - 1 - i); /* the last record among them */
        uint32_t used = records->used, live = records->live;
        gomap_fail_after(0, 1);
        if (model_assign(m, N + i) < 0) {
            failed++;
            CHECK(records->live == live && used - records->used <= 1);
            CHECK_MAP(m->map);
        }
        gomap_fail_after(-1, 0);
    }
    CHECK(failed > 0);
    model_verify(m);
    model_free(m);
}

/* ---- copies ---------------------------------------------------------------------------------- */

static void clone_is_exact(void)
{
    static const char *const names[] = {"map[int]int",     "map[int]*[128]byte", "map[[5]byte][3]byte",
                                        "map[float64]int", "map[string]string",  "map[any]int"};
    for (size_t t = 0; t < COUNT_OF(names); t++) {
        size_t domain = test_has_strings(test_type_named(names[t])) ? 6000 : 30000;
        for (size_t n = 0; n <= domain; n += 1 + n) {
            model *m = filled(names[t], n, domain, t);
            model *copy = model_clone(m, 99);
            const el_map *a = el_of(m->map), *b = el_of(copy->map);
            size_t rounding = 4 * 16;
            if (test_has_strings(test_type_named(names[t])))
                for (int is_value = 0; is_value < 2 && n; is_value++)
                    if (a->strings[is_value])
                        rounding += 16 * (GM_STRING_CLASSES + a->strings[is_value]->store[GM_STRING_LARGE].used);
            CHECK_MAP(copy->map);
            CHECK(gomap_total(copy->map) <= gomap_total(m->map) + rounding); /* as the heap rounds */
            CHECK_EQ(a->buckets, b->buckets);
            if (n) CHECK(memcmp(a->tags.at, b->tags.at, (size_t)a->buckets * EL_SLOTS) == 0);
            model_verify(copy);
            model_free(m);
            model_verify(copy);
            for (size_t i = 0; i < domain; i += 2) (void)model_assign(copy, i);
            for (size_t i = 0; i < domain; i += 3) model_erase(copy, i);
            model_verify(copy);
            model_free(copy);
        }
    }
    /* Of a map that is iterated over: what deletions have put off is done in the copy. */
    for (size_t t = 0; t < COUNT_OF(names); t++) {
        size_t number;
        model *m = filled(names[t], 5000, 5000, t);
        model_iter_begin(m, 0);
        CHECK_EQ(model_iter_step(m, 0, &number), 1);
        for (size_t i = 0; i < 5000; i++)
            if (i % 10) model_erase(m, i);
        model *copy = model_clone(m, 1);
        if (test_has_strings(test_type_named(names[t])))
            CHECK(gomap_total(copy->map) < gomap_total(m->map)); /* strings went at once */
        else CHECK(gomap_total(copy->map) < gomap_total(m->map) / 2);
        model_verify(copy);
        model_free(copy);
        while (model_iter_step(m, 0, &number) == 1) {}
        model_verify(m);
        model_free(m);
    }
}

/* ---- floats ---------------------------------------------------------------------------------- */

/* Whatever form they are written in, one is stored. */
static void floats_are_canonical(void)
{
    static const uint64_t forms[] = {0x7ff8000000000000u, 0x7ff8000000000001u, 0xfff8000000000000u,
                                     0x7ff0000000000001u, 0x0000000000000000u, 0x8000000000000000u};
    for (size_t i = 0; i < COUNT_OF(forms); i++) {
        gomap *m = new_map("map[float64]int", 0, 1);
        const void *key, *value;
        add(m, forms[i]);
        CHECK_EQ(gomap_any(m, &key, &value), 1);
        CHECK_EQ(gm_load64(key), i < 4 ? forms[0] : 0);
        for (size_t j = 0; j < COUNT_OF(forms); j++) CHECK_EQ(gomap_find(m, &forms[j]) != NULL, (i < 4) == (j < 4));
        CHECK_MAP(m);
        take(m, forms[i < 4 ? 3 - i : 9 - i]);
        CHECK_EQ(m->count, 0);
        gomap_free(m);
    }
}

/* ---- the overflow list ------------------------------------------------------------------------- */

enum { FORCED = 41 /* a prime */, FORCED_BITS = 4, FORCED_DOMAIN = 1 << 16, FORCED_STRINGS = 1 << 14 };

/* A string takes longer to write and to compare than an integer. */
static model *forced_model(const char *type)
{
    const test_type *named = test_type_named(type);
    return model_new(&elastic, named, test_has_strings(named) ? FORCED_STRINGS : FORCED_DOMAIN, 0, 1);
}

/* A map of FORCED entries that all belong into bucket 0, as long as there are no more than 2^FORCED_BITS. */
static model *overflowing(const char *type, size_t *numbers)
{
    model *m = forced_model(type);
    CHECK_EQ(forced_numbers(m->map, FORCED_BITS, m->domain, numbers, FORCED), FORCED);
    for (size_t i = 0; i < FORCED; i++) {
        CHECK_EQ(model_assign(m, numbers[i]), 1);
        CHECK_MAP(m->map);
    }
    CHECK_EQ(forced_places(m->map), FORCED - EL_SLOTS);
    CHECK_EQ(test_stats(m->map).overflow_buckets, FORCED - EL_SLOTS);
    return m;
}

static const char *const overflow_types[] = {"map[int]int",       "map[int]*[128]byte",   "map[int][3]byte",
                                             "map[string]string", "map[string][128]byte", "map[int]*string"};

/* Found, overwritten, iterated over, absent keys beside them; drained by splits as other keys come. */
static void overflow_drained_by_splits(void)
{
    for (size_t t = 0; t < COUNT_OF(overflow_types); t++) {
        size_t numbers[FORCED], places;
        model *m = overflowing(overflow_types[t], numbers);
        model_verify(m);
        for (size_t i = 0; i < FORCED; i++) CHECK_EQ(model_assign(m, numbers[i]), 0);
        model_verify(m);
        for (size_t i = 0; forced_places(m->map); i++) {
            CHECK(i < 5000);
            places = forced_places(m->map);
            (void)model_assign(m, i);
            CHECK(forced_places(m->map) <= places);
            CHECK_MAP(m->map);
        }
        gomap_memory memory;
        gomap_memory_of(m->map, &memory);
        CHECK_EQ(memory.live[GOMAP_OVERFLOW], 0);
        model_verify(m);
        model_free(m);
    }
}

/* Drained by deletions: of entries in the bucket, which makes room, and of those in the list, in any order. */
static void overflow_drained_by_deletions(void)
{
    for (size_t t = 0; t < COUNT_OF(overflow_types); t++) {
        for (size_t stride = 1; stride < FORCED; stride += 2) {
            size_t numbers[FORCED];
            model *m = overflowing(overflow_types[t], numbers);
            for (size_t i = 0; i < FORCED; i++) {
                model_erase(m, numbers[i * stride % FORCED]);
                size_t left = FORCED - 1 - i;
                CHECK_EQ(forced_places(m->map), left > EL_SLOTS ? left - EL_SLOTS : 0);
                CHECK_MAP(m->map);
                for (size_t j = 0; j < FORCED; j++) model_find(m, numbers[j]);
            }
            CHECK(gomap_total(m->map) <= 4096);
            model_free(m);
        }
    }
}

/* Keys whose two buckets are 0 and 1: room in either takes an entry out of the list. */
static void overflow_drains_into_either_bucket(void)
{
    for (int odd = 0; odd < 2; odd++) {
        const uint64_t mask = ((uint64_t)1 << FORCED_BITS) - 1;
        size_t numbers[FORCED], n = 0;
        model *m = model_new(&elastic, test_type_named("map[int]*[128]byte"), FORCED_DOMAIN, 0, 1);
        for (size_t i = 0; i < FORCED_DOMAIN && n < FORCED; i++) {
            uint64_t hash = forced_hash(m->map, i);
            if ((hash & mask) == 0 && (hash >> 32 & mask) == 1) numbers[n++] = i;
        }
        CHECK_EQ(n, FORCED);
        for (size_t i = 0; i < FORCED; i++) CHECK_EQ(model_assign(m, numbers[i]), 1);
        CHECK_EQ(forced_places(m->map), FORCED - 2 * EL_SLOTS);
        el_map *e = el_of(m->map);
        for (size_t left = FORCED; left > 2 * EL_SLOTS; left--) {
            /* An entry of that bucket, by its record's key. */
            uint32_t record = gm_load32(el_slot(e, (uint32_t)odd, left % EL_SLOTS, (gm_kind){GM_BITS, 8, 1}));
            model_erase(m, test_key_number(m->map, gm_store_at(&e->records, record)));
            CHECK_EQ(forced_places(m->map), left - 1 - 2 * EL_SLOTS);
        }
        model_verify(m);
        model_free(m);
    }
}

/* Under iterators places of the list stay; then the gaps are closed. Pops and copies know the list too. */
static void overflow_in_every_operation(void)
{
    for (size_t t = 0; t < COUNT_OF(overflow_types); t++) {
        size_t numbers[FORCED], number, yielded = 0;
        model *m = overflowing(overflow_types[t], numbers);
        model *copy = model_clone(m, 1);
        CHECK_EQ(forced_places(copy->map), FORCED - EL_SLOTS);
        CHECK(gomap_total(copy->map) <= gomap_total(m->map));
        model_verify(copy);
        while (model_pop(copy)) CHECK_MAP(copy->map);
        model_free(copy);

        model_iter_begin(m, 0);
        while (model_iter_step(m, 0, &number) == 1) {
            model_erase(m, numbers[FORCED - 1 - yielded]); /* ahead of it, then behind */
            yielded++;
            CHECK_MAP(m->map);
        }
        CHECK(yielded < FORCED);
        model_verify(m);
        for (size_t i = 0; i < FORCED; i++) (void)model_assign(m, numbers[i]);
        CHECK_EQ(forced_places(m->map), FORCED - EL_SLOTS);

        /* Only the list is left, and then pops. */
        model_iter_begin(m, 0);
        for (size_t i = 0; i < FORCED; i++) {
            TEST_KEY(key);
            test_key(m->type, numbers[i], key);
            const unsigned char *value = gomap_find(m->map, key);
            if (!gm_engine_of(m->map)->ref && value >= el_of(m->map)->slots.at &&
                value < el_of(m->map)->slots.at + (size_t)el_of(m->map)->slots.bytes)
                model_erase(m, numbers[i]);
        }
        CHECK_MAP(m->map);
        copy = model_clone(m, 1); /* which drains it */
        model_verify(copy);
        model_free(copy);
        for (int times = 0; times < 5; times++) CHECK_EQ(model_pop(m), 1);
        while (model_iter_step(m, 0, &number) == 1) {}
        model_verify(m);

        for (size_t i = 0; i < FORCED; i++) (void)model_assign(m, numbers[i]);
        CHECK_EQ(gomap_compact(m->map), 1);
        CHECK(forced_places(m->map) > 0);
        model_verify(m);
        CHECK_EQ(model_reserve(m, 1000), 0);
        model_verify(m);
        model_clear(m);
        CHECK_EQ(forced_places(m->map), 0);
        model_verify(m);
        model_free(m);
    }
}

/* Entries of the overflow list alone, the buckets being empty: an iteration begins there. */
static void iterations_begin_in_the_overflow_list(void)
{
    size_t numbers[FORCED], number;
    model *m = overflowing("map[int]int", numbers);
    model_iter_begin(m, 1); /* so the list is not drained */
    for (size_t left = FORCED; left; left--) {
        model_iter_begin(m, 0);
        CHECK_EQ(model_iter_step(m, 0, &number), 1);
        CHECK_EQ(el_of(m->map)->any_at == EL_IN_OVERFLOW, left <= FORCED - EL_SLOTS);
        model_iter_end(m, 0);
        model_erase(m, number);
        model_verify(m);
    }
    model_free(m);
}

/* Coming and going at one size: the list is never longer than its entries are many. */
static void overflow_does_not_run_away(void)
{
    enum { KEPT = 20 };
    size_t numbers[FORCED];
    model *m = overflowing("map[int]int", numbers);
    for (size_t i = KEPT; i < FORCED; i++) model_erase(m, numbers[i]);
    for (size_t round = 0; round < 2000; round++) {
        model_erase(m, numbers[round % FORCED]);
        CHECK_EQ(model_assign(m, numbers[(round + KEPT) % FORCED]), 1);
        CHECK_EQ(forced_places(m->map), KEPT - EL_SLOTS);
    }
    model_verify(m);
    model_free(m);
}

/* All of it by chance, keys that collide among keys that do not. */
static void overflow_soak(void)
{
    for (size_t t = 0; t < COUNT_OF(overflow_types); t++) {
        size_t numbers[FORCED], number, longest = 0;
        model *m = overflowing(overflow_types[t], numbers);
        uint64_t random = t;
        for (int step = 0; step < 6000; step++) {
            uint64_t dice = test_random(&random);
            number = dice >> 8 & 1 ? numbers[(dice >> 32) % FORCED] : (size_t)(dice >> 32) % 60;
            switch (dice % 16) {
            case 0:
                if (!m->iterators[0].alive) model_iter_begin(m, 0);
                break;
            case 1:
            case 2:
                if (m->iterators[0].alive) (void)model_iter_step(m, 0, &number);
                break;
            case 3: (void)model_pop(m); break;
            case 4:
                if (dice >> 16 & 7) break;
                model_end_iterators(m, 1);
                CHECK_EQ(gomap_compact(m->map), 1);
                break;
            case 5:
            case 6:
            case 7:
            case 8: model_erase(m, number); break;
            default: (void)model_assign(m, number);
            }
            if (forced_places(m->map) > longest) longest = forced_places(m->map);
            CHECK_MAP(m->map);
            if (step % 256 == 0) {
                model *copy = model_clone(m, 1);
                CHECK_MAP(copy->map);
                for (size_t i = 0; i < FORCED; i++) model_find(copy, numbers[i]);
                model_free(copy);
            }
        }
        CHECK(longest > 5);
        if (m->iterators[0].alive) model_iter_end(m, 0);
        model_verify(m);
        model_free(m);
    }
}

/* ---- regions --------------------------------------------------------------------------------- */

#if defined(__linux__)

#include <stdarg.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Stands before the C library's: as Linux before 6.17 does where pages are of several mappings. */
static int moves_fail;

void *mremap(void *at, size_t old, size_t size, int flags, ...)
{
    va_list more;
    va_start(more, flags);
    void *to = flags & MREMAP_FIXED ? va_arg(more, void *) : NULL;
    va_end(more);
    if (moves_fail && to) {
        (void)munmap(to, size);
        return MAP_FAILED;
    }
    return (void *)(uintptr_t)syscall(SYS_mremap, at, old, size, flags, to);
}

#else
static int moves_fail;
#endif

/* From the heap to mappings, through reservations and back, a third of a step at a time: what a region holds
 * stays, and the bytes are those that were asked for. */
static void regions_keep_what_they_hold(void)
{
    for (moves_fail = 0; moves_fail < 2; moves_fail++) {
        gm_memory memory = {0, 0, NULL};
        gm_region region;
        memset(&region, 0, sizeof region);
        size_t most = (size_t)1 << (GM_RESERVE_LEAST < 22 ? 25 : 22), held = 0;
        for (size_t bytes = 1000; bytes < most; bytes += bytes / 3) {
            size_t asked[] = {bytes, bytes - bytes / 4, bytes + 1};
            for (size_t a = 0; a < COUNT_OF(asked); a++) {
                CHECK_EQ(gm_region_resize(&memory, GOMAP_TAGS, &region, asked[a]), 1);
                CHECK_BETWEEN(region.bytes, asked[a], asked[a] + 4096 * 16);
                CHECK_EQ(memory.total, gm_region_granted(&region));
                CHECK(!region.reserved || (size_t)1 << region.reserved >= region.bytes);
                for (size_t i = 0; i < held && i < region.bytes; i += 509) CHECK_EQ(region.at[i], i / 509 % 251);
                held = (size_t)region.bytes;
                for (size_t i = 0; i < held; i += 509) region.at[i] = (unsigned char)(i / 509 % 251);
            }
        }
        CHECK(region.reserved >= GM_RESERVE_LEAST);
        for (size_t bytes = held - 1; bytes > 1000; bytes -= bytes / 3) {
            /* Without memory too: what cannot be made smaller stays as it is. */
            gomap_fail_after(0, 1);
            CHECK_EQ(gm_region_resize(&memory, GOMAP_TAGS, &region, bytes), 1);
            gomap_fail_after(-1, 0);
            CHECK(region.bytes >= bytes && region.bytes <= held);
            CHECK_EQ(memory.total, gm_region_granted(&region));
            CHECK_EQ(gm_region_resize(&memory, GOMAP_TAGS, &region, bytes), 1);
            CHECK_BETWEEN(region.bytes, bytes, bytes + 4096 * 16);
            for (size_t i = 0; i < region.bytes && i < held; i += 509) CHECK_EQ(region.at[i], i / 509 % 251);
            held = (size_t)region.bytes;
        }
        CHECK_EQ(region.reserved, 0);
        CHECK_EQ(gm_region_resize(&memory, GOMAP_TAGS, &region, 0), 1);
        CHECK(region.at == NULL && memory.total == 0);
    }
    moves_fail = 0;
}

/* What a region keeps is more than the room it makes: a wave of deletions and insertions resizes little. */
static void regions_keep_room(void)
{
    for (size_t bytes = 64; bytes < (size_t)1 << 32; bytes += bytes / 3) {
        size_t room = gm_region_room(GOMAP_BUCKETS, bytes), spare = gm_region_spare(GOMAP_BUCKETS, bytes);
        CHECK(room > bytes && room <= bytes + bytes / 4 + (3 << 20));
        CHECK(spare >= room + (bytes < GM_HUGE_REGION / 2 ? (room - bytes) / 2 : GM_LEAST_STEP));
        if (bytes >= 200000) CHECK(room <= bytes + bytes / 32 + GM_LEAST_STEP + (room < GM_HUGE_REGION ? 0 : 2 << 20));
    }
}

/* ---- without memory ---------------------------------------------------------------------------- */

/* One insertion with its first allocation failing, then its second, until it needs none that fails. Returns
 * how many failed it. */
static size_t add_failing(model *m, size_t number)
{
    size_t refused = 0;
    for (int64_t nth = 0;; nth++) {
        gomap_fail_after(nth, 1);
        int added = model_assign(m, number);
        int met = gomap_fail_pending() == 0;
        gomap_fail_after(-1, 0);
        if (added < 0) {
            CHECK(met);
            CHECK_MAP(m->map);
            model_find(m, number);
            refused++;
        } else {
            CHECK_EQ(added, 1);
            return refused;
        }
    }
}

/* Up through the sizes where regions are converted and reservations outgrown, every allocation failing once;
 * down and up again with none succeeding on the way down, which loses nothing. */
static void growth_and_shrinking_without_memory(void)
{
    static const struct {
        const char *type;
        size_t entries;
    } cases[] = {
        {"map[int]int", 140000},
        {"map[int]*[128]byte", 20000},
        {"map[[32]byte]int", 30000},
    };
    for (size_t c = 0; c < COUNT_OF(cases); c++) {
        size_t n = cases[c].entries, refused = 0, totals[2];
        model *m = filled(cases[c].type, 0, n, c);
        moves_fail = c == 1;
        for (size_t i = 0; i < n; i++) refused += add_failing(m, i);
        CHECK(refused >= 20);
        model_verify(m);
        CHECK(c == 1 ? el_of(m->map)->records.region.reserved : el_of(m->map)->slots.reserved);
        CHECK(c || el_of(m->map)->tags.reserved);
        for (int failing = 1; failing >= 0; failing--) {
            if (failing) gomap_fail_after(0, INT64_MAX);
            for (size_t i = 0; i < n; i++) {
                if (i % 97) model_erase(m, i);
                if (i % 20000 == 0) CHECK_MAP(m->map);
            }
            gomap_fail_after(-1, 0);
            model_verify(m);
            totals[failing] = gomap_total(m->map);
            for (size_t i = 0; i < n; i++) (void)model_assign(m, i);
        }
        CHECK(totals[1] <= totals[0] + 3 * (GM_MAP_BYTES + (32 << 10))); /* mappings need nothing to shrink */
        for (int failing = 1; failing >= 0; failing--) {
            if (failing) gomap_fail_after(0, INT64_MAX);
            size_t before = gomap_total(m->map);
            CHECK_EQ(gomap_compact(m->map), 1);
            gomap_fail_after(-1, 0);
            CHECK(gomap_total(m->map) <= before);
            model_verify(m);
        }
        moves_fail = 0;
        for (size_t i = 0; i < n; i++)
            if (i >= 1000) model_erase(m, i);
        gomap_fail_after(0, INT64_MAX);
        CHECK_EQ(gomap_compact(m->map), 1);
        gomap_fail_after(-1, 0);
        model_verify(m);
        model_free(m);
    }
}

/* Around 128 KiB of slots and records, and 16 of tags, up and down, each crossing with its allocations failing in
 * turn. */
static void crossing_the_heap_without_memory(void)
{
    static const struct {
        const char *type;
        size_t low, high;
    } cases[] = {
        {"map[int]int", 2000, 9000},
        {"map[int]*[128]byte", 400, 1400},
        {"map[int32]struct{}", 4000, 25000},
    };
    for (size_t c = 0; c < COUNT_OF(cases); c++) {
        model *m = filled(cases[c].type, cases[c].low, cases[c].high, c);
        size_t met_before = 0;
        for (int round = 0; round < 3; round++) {
            for (size_t i = cases[c].low; i < cases[c].high; i++) (void)add_failing(m, i);
            CHECK_MAP(m->map);
            const gm_region *region = c == 0   ? &el_of(m->map)->slots
                                      : c == 1 ? &el_of(m->map)->records.region
                                               : &el_of(m->map)->tags;
            CHECK(region->reserved);
            for (size_t i = cases[c].high; i-- > cases[c].low;) {
                if (round) gomap_fail_after(0, round);
                model_erase(m, i);
                int met = round && gomap_fail_pending() != round;
                gomap_fail_after(-1, 0);
                if (met && met_before++ % 64 == 0) CHECK_MAP(m->map);
            }
            CHECK_MAP(m->map);
            if (round == 0) CHECK(!region->reserved);
            for (size_t i = 0; i < m->domain; i += 7) model_find(m, i);
        }
        model_verify(m);
        model_free(m);
    }
}

/* A new place of the overflow list, or a region for it, that is not to be had. */
static void overflow_without_memory(void)
{
    for (size_t t = 0; t < COUNT_OF(overflow_types); t++) {
        size_t numbers[FORCED], refused = 0;
        model *m = forced_model(overflow_types[t]);
        CHECK_EQ(forced_numbers(m->map, FORCED_BITS, m->domain, numbers, FORCED), FORCED);
        for (size_t i = 0; i < EL_SLOTS; i++) CHECK_EQ(model_assign(m, numbers[i]), 1);
        CHECK_EQ(model_reserve(m, FORCED), 0); /* so that only the list has to grow */
        for (size_t i = EL_SLOTS; i < FORCED; i++) {
            refused += add_failing(m, numbers[i]);
            for (size_t j = 0; j < FORCED; j++) model_find(m, numbers[j]);
        }
        CHECK(refused >= 3);
        CHECK_EQ(forced_places(m->map), FORCED - EL_SLOTS);
        for (int64_t nth = 0;; nth++) {
            gomap_fail_after(nth, 1);
            model *copy = model_clone(m, 1);
            gomap_fail_after(-1, 0);
            if (copy == NULL) continue;
            CHECK(nth >= 4); /* the header, the tags, the slots, the list */
            model_verify(copy);
            model_free(copy);
            break;
        }
        gomap_fail_after(0, INT64_MAX);
        for (size_t i = 0; i < FORCED; i++) {
            model_erase(m, numbers[i]);
            CHECK_MAP(m->map);
        }
        gomap_fail_after(-1, 0);
        model_verify(m);
        model_free(m);
    }
}

/* Room that cannot be had leaves a map as it was, to the byte. */
static void reserving_without_memory(void)
{
    static const char *const names[] = {"map[int]int", "map[int]*[128]byte"};
    static const size_t counts[] = {0, 1, 9, 500, 5000};
    for (size_t t = 0; t < COUNT_OF(names); t++) {
        for (size_t c = 0; c < COUNT_OF(counts); c++) {
            model *m = filled(names[t], counts[c], 5000, 1);
            int64_t nth;
            for (nth = 0;; nth++) {
                size_t before = gomap_total(m->map), buckets = test_stats(m->map).buckets;
                gomap_fail_after(nth, 1);
                int result = model_reserve(m, 60000);
                gomap_fail_after(-1, 0);
                CHECK_MAP(m->map);
                if (result == 0) break;
                CHECK_EQ(gomap_total(m->map), before);
                CHECK_EQ(test_stats(m->map).buckets, buckets);
            }
            CHECK(nth >= 2);
            model_verify(m); /* which iterates: that gives no room back */
            CHECK(test_stats(m->map).grow_at >= 60000);
            model_free(m);
        }
    }
}

/* The first entry: nothing is left of a try that fails but, at most, one bucket. */
static void first_entry_without_memory(void)
{
    static const char *const names[] = {"map[int]int", "map[int]*[128]byte"};
    for (size_t t = 0; t < COUNT_OF(names); t++) {
        model *m = filled(names[t], 0, 10, 1);
        CHECK(add_failing(m, 0) >= 2);
        CHECK(gomap_total(m->map) <= 1024);
        model_verify(m);
        model_free(m);
    }
}

int main(void)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } tests[] = {
        {"bytes_while_growing", bytes_while_growing},
        {"small_maps", small_maps},
        {"bytes_while_shrinking", bytes_while_shrinking},
        {"reserved_room", reserved_room},
        {"sliding_window", sliding_window},
        {"no_ping_pong", no_ping_pong},
        {"patterned_keys", patterned_keys},
        {"same_seed_same_structure", same_seed_same_structure},
        {"memory_after_iterators", memory_after_iterators},
        {"erasing_all_under_an_iterator", erasing_all_under_an_iterator},
        {"draining_by_new_iterators", draining_by_new_iterators},
        {"forgotten_iterator", forgotten_iterator},
        {"records_settle", records_settle},
        {"gaps_are_few", gaps_are_few},
        {"marked_records", marked_records},
        {"failure_leaves_gaps", failure_leaves_gaps},
        {"clone_is_exact", clone_is_exact},
        {"floats_are_canonical", floats_are_canonical},
        {"overflow_drained_by_splits", overflow_drained_by_splits},
        {"overflow_drained_by_deletions", overflow_drained_by_deletions},
        {"overflow_drains_into_either_bucket", overflow_drains_into_either_bucket},
        {"overflow_in_every_operation", overflow_in_every_operation},
        {"iterations_begin_in_the_overflow_list", iterations_begin_in_the_overflow_list},
        {"overflow_does_not_run_away", overflow_does_not_run_away},
        {"overflow_soak", overflow_soak},
        {"regions_keep_what_they_hold", regions_keep_what_they_hold},
        {"regions_keep_room", regions_keep_room},
        {"growth_and_shrinking_without_memory", growth_and_shrinking_without_memory},
        {"crossing_the_heap_without_memory", crossing_the_heap_without_memory},
        {"overflow_without_memory", overflow_without_memory},
        {"reserving_without_memory", reserving_without_memory},
        {"first_entry_without_memory", first_entry_without_memory},
    };
    test_count_bytes();
    for (size_t t = 0; t < COUNT_OF(tests); t++) {
        printf("%s\n", tests[t].name);
        fflush(stdout);
        tests[t].run();
        CHECK_EQ(test_live_bytes, 0);
    }
    return 0;
}
