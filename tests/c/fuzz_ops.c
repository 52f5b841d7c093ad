/* fuzz_ops.c - an operation fuzzer: a string of bytes is read as a type and a sequence of operations,
 * done to a map and its model at once (model.h), with gomap_check after every step.
 *
 * LLVMFuzzerTestOneInput is libFuzzer's entry; build with -fsanitize=fuzzer -DFUZZ_WITHOUT_MAIN for it.
 * Without it,  fuzz_ops [seed [inputs [first]]]  makes its own pseudo-random inputs.
 *
 *     input      engine, type, hint, seed, then operations
 *     operation  its code in the low four bits, a small argument in the high four; then what it needs
 */
#include "model.h"

enum {
    KEYS = 1024,       /* key numbers, for types that have as many */
    LARGE_KEYS = 40,   /* for types of thousands of bytes */
    CHECK_EVERY = 200, /* steps that are each followed by gomap_check; then every eighth is */
    VERIFY_EVERY = 61, /* steps between comparisons of everything */
};

enum operation {
    ASSIGN,
    ASSIGN_RUN,
    ASSIGN_LONG_RUN,
    ERASE,
    ERASE_RUN,
    FIND,
    ITER_BEGIN,
    ITER_STEP,
    ITER_END,
    POP,
    CLEAR,
    RESERVE,
    CLONE,
    MERGE,
    FAIL,
    ODD_FLOAT,
};

typedef struct input {
    const uint8_t *at, *end;
} input;

static unsigned next_byte(input *in) { return in->at < in->end ? *in->at++ : 0; }

static size_t next_number(input *in, const model *m, unsigned page)
{
    return (next_byte(in) | (size_t)(page & 3) << 8) % m->domain;
}

static void run_of(model *m, input *in, unsigned page, int erase, size_t times)
{
    size_t number = next_number(in, m, page), length = times * next_byte(in);
    for (; length > 0; length--, number = (number + 1) % m->domain) {
        if (erase) model_erase(m, number);
        else (void)model_assign(m, number);
    }
}

/* A clone, compared, and perhaps taken in the map's place. */
static model *clone(model *m, unsigned argument)
{
    model *copy = model_clone(m, argument);
    if (copy == NULL) return m;
    model_verify(copy);
    if (argument & 1) {
        model_free(copy);
        return m;
    }
    for (int which = 0; which < MODEL_ITERATORS; which++)
        if (m->iterators[which].alive) model_iter_end(m, which);
    model_free(m);
    return copy;
}

static void merge(model *m, const test_type *type, input *in, unsigned page)
{
    if (m->nans) return; /* which of them are in cannot be told after a failure */
    model *source = model_new(m->engine, type, m->domain, 0, page);
    run_of(source, in, page, 0, 1);
    (void)model_merge(m, source);
    model_verify(source);
    model_free(source);
}

/* All entries into a map of their own, which takes the map's place, or not. */
static model *detach(model *m, unsigned argument)
{
    model *detached = model_detach(m, argument);
    if (detached == NULL) return m;
    CHECK_MAP(m->map);
    CHECK_MAP(detached->map);
    model *gone = argument & 1 ? detached : m;
    for (int which = 0; which < MODEL_ITERATORS; which++)
        if (gone->iterators[which].alive) model_iter_end(gone, which);
    model_free(gone);
    return argument & 1 ? m : detached;
}

/* NaN, or the other zero. */
static void odd_float(model *m, unsigned argument)
{
    unsigned char key[8];
    if (!test_is_float(m->type)) return;
    if (argument & 1) {
        if (m->engine->distinct_nans && m->nans < MODEL_NANS) (void)model_assign_nan(m);
        return;
    }
    test_key_of_float(m->type, -0.0, key);
    if (argument & 2) {
        CHECK_EQ(gomap_find(m->map, key) != NULL, m->version[TEST_FLOAT_ZERO] != 0);
    } else if (m->version[TEST_FLOAT_ZERO]) {
        int added;
        CHECK(gomap_assign(m->map, key, &added) != NULL && added == 0);
    }
}

static model *step(model *m, const test_type *type, input *in)
{
    unsigned code = next_byte(in), argument = code >> 4;
    int which = (int)argument % MODEL_ITERATORS;
    size_t number;
    switch ((enum operation)(code & 15)) {
    case ASSIGN: (void)model_assign(m, next_number(in, m, argument)); break;
    case ASSIGN_RUN: run_of(m, in, argument, 0, 1); break;
    case ASSIGN_LONG_RUN: run_of(m, in, argument, 0, 1 + argument / 4); break;
    case ERASE: model_erase(m, next_number(in, m, argument)); break;
    case ERASE_RUN: run_of(m, in, argument, 1, 1 + argument / 4); break;
    case FIND: model_find(m, next_number(in, m, argument)); break;
    case ITER_BEGIN:
        if (!m->iterators[which].alive) model_iter_begin(m, which);
        break;
    case ITER_STEP:
        for (unsigned steps = 1 + next_byte(in) % 64; steps > 0 && m->iterators[which].alive; steps--)
            if (model_iter_step(m, which, &number) == 1 && number != SIZE_MAX && argument & 8) model_erase(m, number);
        break;
    case ITER_END:
        if (m->iterators[which].alive) model_iter_end(m, which);
        break;
    case POP:
        for (unsigned times = 1 + argument * argument; times > 0 && model_pop(m); times--) {}
        break;
    case CLEAR:
        if (argument < 4) model_clear(m);
        else if (argument < 8) return detach(m, argument);
        else if (argument < 12) model_compact(m);
        break;
    case RESERVE: (void)model_reserve(m, (size_t)next_byte(in) << argument / 4); break;
    case CLONE: return clone(m, argument);
    case MERGE: merge(m, type, in, argument); break;
    case FAIL: gomap_fail_after(next_byte(in) % 32, 1 + (int64_t)argument % 4); break;
    case ODD_FLOAT: odd_float(m, argument); break;
    }
    return m;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    input in = {data, data + size};
    test_count_bytes();
    const test_engine *engine = &test_engines[next_byte(&in) % COUNT_OF(test_engines)];
    const test_type *type = &test_types[next_byte(&in) % COUNT_OF(test_types)];
    size_t hint = next_byte(&in);
    size_t domain = type->key_size + type->value_size >= 1000 ? LARGE_KEYS : KEYS;
    model *m = model_new(engine, type, domain, hint < 128 ? 0 : hint, next_byte(&in));
    for (size_t steps = 1; in.at < in.end; steps++) {
        m = step(m, type, &in);
        if (steps < CHECK_EVERY || steps % 8 == 0) CHECK_MAP(m->map);
        if (steps % VERIFY_EVERY == 0) model_verify(m);
    }
    gomap_fail_after(-1, 0);
    model_verify(m);
    model_free(m);
    CHECK_EQ(test_live_bytes, 0);
    return 0;
}

#if !defined(FUZZ_WITHOUT_MAIN)

static uint64_t seed = 1, current;

static void say_where(void)
{
    fprintf(stderr, "fuzz_ops: ended at input %llu of seed %llu\n", (unsigned long long)current,
            (unsigned long long)seed);
}

/* Input number `current` of the seed. Half of them favour growing or shrinking, for all-random ones stay
 * about half full. */
static size_t make_input(uint8_t *data, size_t most)
{
    uint64_t random = test_scramble(seed) + current;
    size_t size = (size_t)(test_random(&random) % (current % 8 ? most / 10 : most));
    for (size_t at = 0; at < size; at++) data[at] = (uint8_t)test_random(&random);
    if (current % 4 >= 2) {
        unsigned favoured = current % 4 == 2 ? ASSIGN_RUN : ERASE_RUN;
        for (size_t at = 4; at < size; at += 1 + (size_t)(test_random(&random) % 12))
            data[at] = (uint8_t)((data[at] & 0xf0) | favoured);
    }
    return size;
}

/* fuzz_ops [seed [inputs [first]]] */
int main(int argc, char **argv)
{
    static uint8_t data[2000];
    uint64_t inputs = 1000;
    if (argc > 1) seed = strtoull(argv[1], NULL, 10);
    if (argc > 2) inputs = strtoull(argv[2], NULL, 10);
    if (argc > 3) current = strtoull(argv[3], NULL, 10);
    if (atexit(say_where) != 0) return 1;
    for (; inputs > 0; inputs--, current++) (void)LLVMFuzzerTestOneInput(data, make_input(data, sizeof data));
    return 0;
}

#endif
