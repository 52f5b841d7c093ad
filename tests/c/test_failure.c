/* test_failure.c - a failing allocation, at every allocation in turn.
 *
 * A script of operations runs with its first allocation failing, then with its second, and so on until
 * a run makes no failing one. After a failure every entry must be as it was and every invariant hold
 * (model_verify), and the operation must succeed when it is tried again. Each script runs also with
 * four allocations failing in a row, so that the second try fails as well. */
#include "forced.h"

/* ---- operations that are tried again until they succeed ---------------------------------------- */

static int64_t pending; /* failures to come, when the model was last verified */

/* After every try: also an operation that succeeded may have met a failure on its way. */
static void tried(model *m)
{
    if (gomap_fail_pending() == pending) return;
    pending = gomap_fail_pending();
    model_verify(m);
}

static void put(model *m, size_t number)
{
    while (model_assign(m, number) < 0) tried(m);
    tried(m);
}

static void take(model *m, size_t number)
{
    model_erase(m, number);
    tried(m);
}

static model *copy_of(model *m, uint64_t seed)
{
    model *copy;
    while ((copy = model_clone(m, seed)) == NULL) tried(m);
    tried(m);
    model_verify(copy);
    return copy;
}

/* ---- scripts -------------------------------------------------------------------------------- */

enum { KEYS = 220, LARGE_KEYS = 40, STRING_KEYS = 72, COLLIDING_KEYS = 80, COLLIDING_STRINGS = 40 };

/* Insertions through every growth, with assignments of keys that are there and erasures in between, so
 * also while growing; with and without an iterator alive. */
static void grow(model *m, const size_t *numbers, size_t n)
{
    uint64_t random = 1;
    for (size_t i = 0; i < n; i++) {
        size_t yielded;
        if (i % 11 == 5) {
            model_iter_begin(m, 0);
            CHECK_EQ(model_iter_step(m, 0, &yielded), 1);
        }
        put(m, numbers[i]);
        if (m->iterators[0].alive) model_iter_end(m, 0);
        if (i % 3 == 0) put(m, numbers[test_random(&random) % (i + 1)]);
        /* Never the only one: that would redraw the seed, and colliding keys would part. */
        if (i % 5 == 4) take(m, numbers[test_random(&random) % (i + 1)]);
    }
}

static void insert_and_erase(model *m, const size_t *numbers, size_t n)
{
    grow(m, numbers, n);
    for (size_t i = 0; i < n; i++) put(m, numbers[i]);
    for (size_t i = 0; i < n; i++) take(m, numbers[i]);
    tried(m);
    grow(m, numbers, n);
}

static void pop_while_growing(model *m, const size_t *numbers, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        put(m, numbers[i]);
        if (i % 4 == 0) {
            CHECK_EQ(model_pop(m), 1);
            tried(m);
        }
    }
    while (model_pop(m)) tried(m);
}

static void copies(model *m, const size_t *numbers, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        put(m, numbers[i]);
        if (i == 8 || i == 13 || i == 53 || i == n - 1) model_free(copy_of(m, i));
    }
}

static void merges(model *m, const size_t *numbers, size_t n)
{
    for (size_t i = 0; i < n / 2; i++) put(m, numbers[i]);
    model *source = copy_of(m, 2);
    for (size_t i = n / 4; i < n; i++) put(source, numbers[i]);
    while (model_merge(m, source) < 0) {
        tried(m);
        model_verify(source);
    }
    tried(m);
    CHECK_EQ(m->count, n);
    model_free(source);
}

static void reserves(model *m, const size_t *numbers, size_t n)
{
    static const size_t rooms[] = {1, 10, 60, 61, 300, 1000};
    for (size_t r = 0; r < COUNT_OF(rooms); r++) {
        while (model_reserve(m, rooms[r]) < 0) tried(m);
        tried(m);
        /* to beyond the room there is, so that the next finds the map growing */
        for (size_t i = 0; i < n && i < rooms[r] + rooms[r] / 2 + 6; i++) put(m, numbers[i]);
    }
}

static void detaches(model *m, const size_t *numbers, size_t n)
{
    grow(m, numbers, n / 2 + 2);
    model *detached;
    while ((detached = model_detach(m, 9)) == NULL) tried(m);
    tried(m);
    model_verify(detached);
    model_free(detached);
    grow(m, numbers, n / 4 + 2);
}

static void clears(model *m, const size_t *numbers, size_t n)
{
    grow(m, numbers, n / 2 + 2);
    model_clear(m);
    tried(m);
    grow(m, numbers, n);
}

static const struct script {
    void (*run)(model *, const size_t *numbers, size_t n);
    size_t hint;
} scripts[] = {
    {insert_and_erase, 0},
    {insert_and_erase, KEYS / 2},
    {pop_while_growing, 0},
    {copies, 0},
    {merges, 0},
    {reserves, 0},
    {clears, 0},
    {detaches, 0},
};

/* ---- every allocation in turn ------------------------------------------------------------------ */

/* Key numbers: plainly one after the other, or such that all fall into one chain of up to 2^`bits` buckets. */
static size_t choose_numbers(const model *m, unsigned bits, size_t *numbers, size_t most)
{
    size_t n = 0;
    for (size_t number = 0; number < m->domain && n < most; number++)
        if (bits == 0 || (forced_hash_of(m->map, number) & (((uint64_t)1 << bits) - 1)) == 0) numbers[n++] = number;
    return n;
}

static size_t domain_for(const test_type *type)
{
    if (test_has_strings(type)) return STRING_KEYS; /* a block each, in Go */
    return type->key_size + type->value_size >= 1000 ? LARGE_KEYS : KEYS;
}

static int run(const test_engine *engine, const test_type *type, const struct script *script, int collide, int64_t nth,
               int64_t failures)
{
    size_t numbers[KEYS], domain = domain_for(type);
    unsigned bits = collide ? test_has_strings(type) ? 4 : 6 : 0;
    if (collide) domain = (size_t)(test_has_strings(type) ? COLLIDING_STRINGS : COLLIDING_KEYS) << bits;
    gomap_fail_after(nth, failures);
    model *m = model_new(engine, type, domain, script->hint, 3);
    pending = failures;
    tried(m);
    size_t n = choose_numbers(m, bits, numbers, KEYS);
    script->run(m, numbers, n);
    int met = gomap_fail_pending() < failures;
    gomap_fail_after(-1, 0);
    model_verify(m);
    gomap_stats stats = test_stats(m->map);
    /* Exact below B = 16: what a failed evacuation counted it must have taken back. */
    if (engine->id == GOMAP_GO && !stats.growing) CHECK_EQ(stats.noverflow, stats.overflow_buckets);
    model_free(m);
    CHECK_EQ(test_live_bytes, 0);
    return met;
}

static void fail_in_turn(const test_engine *engine, const char *name, int collide)
{
    const test_type *type = test_type_named(name);
    for (size_t s = 0; s < COUNT_OF(scripts); s++) {
        for (int64_t failures = 1; failures <= 4; failures += 3) {
            int64_t nth = 0;
            while (run(engine, type, &scripts[s], collide, nth, failures)) nth++;
            CHECK(nth > 2); /* fewer would show nothing */
        }
    }
}

/* ---- no memory at all -------------------------------------------------------------------------- */

/* At every count, nothing can be allocated: what is there can be read, overwritten, iterated and
 * erased, a new key either fits or leaves all as it was, and when there is memory again all goes on. */
static void without_memory(const test_engine *engine, const char *name)
{
    const test_type *type = test_type_named(name);
    model *m = model_new(engine, type, domain_for(type), 0, 5);
    size_t refused = 0, number;
    for (size_t n = 0; n + 1 < m->domain; n++) {
        CHECK(model_assign(m, n) >= 0);
        gomap_fail_after(0, INT64_MAX);
        refused += model_assign(m, n + 1) < 0;
        for (size_t i = 0; i < n; i += 7) { /* only a string takes memory */
            int assigned = model_assign(m, i);
            CHECK(assigned == 0 || (assigned < 0 && test_has_value_strings(m->type)));
        }
        CHECK(model_reserve(m, 10000) == -1);
        CHECK(model_clone(m, n) == NULL);
        CHECK(gomap_new(engine->id, m->type, 0, 1) == NULL);
        model_verify(m);
        model_iter_begin(m, 0);
        while (model_iter_step(m, 0, &number) == 1)
            if (number % 50 == 0) model_erase(m, number);
        if (n % 5 == 0) (void)model_pop(m);
        model_verify(m);
        gomap_fail_after(-1, 0);
        for (size_t i = 0; i <= n; i++)
            if (m->version[i] == 0) CHECK_EQ(model_assign(m, i), 1);
    }
    CHECK(refused >= 2);
    model_verify(m);
    model_free(m);
    CHECK_EQ(test_live_bytes, 0);
}

int main(void)
{
    static const char *const names[] = {
        "map[int]int",
        "map[int]*[128]byte",
        "map[int][129]byte",
        "map[int][128]byte",
        "map[float64]*[200]byte",
        "map[[129]byte][129]byte",
        "map[[129]byte]int",
        "map[[5]byte][3]byte",
        "map[[4000]byte][4000]byte",
        "map[string]string",
        "map[string][129]byte",
        "map[int]*string",
        "map[float64]string",
        "map[any]int",
        "map[int]struct{int; string; string; int; string}",
        "map[float64]struct{string; string; [100]byte}",
        "map[struct{int; string; string; int; string}]struct{string; string}",
        "map[struct{string; [112]byte}]string",
    };
    static const char *const colliding[] = {"map[int]int", "map[int]*int8", "map[int][129]byte", "map[string]string",
                                            "map[struct{string; string}]int"};
    test_count_bytes();
    for (size_t e = 0; e < COUNT_OF(test_engines); e++) {
        for (size_t t = 0; t < COUNT_OF(names); t++) {
            fail_in_turn(&test_engines[e], names[t], 0);
            without_memory(&test_engines[e], names[t]);
        }
        for (size_t t = 0; t < COUNT_OF(colliding); t++) fail_in_turn(&test_engines[e], colliding[t], 1);
    }
    return 0;
}
