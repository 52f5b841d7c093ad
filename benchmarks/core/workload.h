/* workload.h - keys, values, loops, checks and the clock: everything but the map itself.
 *
 * A program defines its map as the functions declared under "the map" and includes this file, so
 * that C and C++ are measured by the very same loops; go/main.go restates them in Go.
 *
 *     program N SEED OPERATION...        prints one line of JSON: ns per operation
 *
 * Keys are 64-bit numbers from splitmix64: the same seed gives the same keys in the same order in
 * every program. Two streams hold them in the order of use: `present` (in the map) and `absent`.
 * Each stream is `passes` random permutations of n keys one after another, so that a small map is
 * asked often enough to be measured and its order never repeats for a branch predictor to learn.
 * A loop reads its stream in sequence and no step needs the one before: what is measured is the
 * throughput of independent operations.
 *
 * Values are VALUE_BYTES long (8: a number; 128: an array whose first byte is read back).
 */
#ifndef WORKLOAD_H
#define WORKLOAD_H

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#if VALUE_BYTES == 8
typedef uint64_t value_t;
static inline void value_set(value_t *value, uint64_t key) { *value = key + 1; }
static inline uint64_t value_read(const value_t *value) { return *value; }
#else
typedef struct value_t {
    unsigned char bytes[VALUE_BYTES];
} value_t;
static inline void value_set(value_t *value, uint64_t key) { value->bytes[0] = (unsigned char)key; }
static inline uint64_t value_read(const value_t *value) { return value->bytes[0]; }
#endif

/* ---- the map, by each program ---------------------------------------------------------------- */

static map_t *map_new(size_t hint); /* 0: no hint */
static void map_free(map_t *map);
static size_t map_count(const map_t *map);
static inline void map_set(map_t *map, uint64_t key, const value_t *value);
static inline const value_t *map_get(const map_t *map, uint64_t key); /* NULL: absent */
static inline void map_delete(map_t *map, uint64_t key);
static uint64_t map_sum(map_t *map); /* of every key and what value_read gives, by iteration */

/* ---- keys ------------------------------------------------------------------------------------ */

#define LEAST_OPERATIONS 1000000u /* per measurement: passes over a smaller map add up to it */

typedef struct workload {
    size_t n, passes;
    uint64_t *present, *absent; /* n * passes each */
} workload;

static inline uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static void *get_memory(size_t count, size_t size)
{
    void *block = calloc(count, size);
    if (block) return block;
    fprintf(stderr, "out of memory for %zu keys\n", count);
    exit(1);
}

static workload workload_make(size_t n, uint64_t seed)
{
    workload w;
    w.n = n;
    w.passes = n < LEAST_OPERATIONS ? LEAST_OPERATIONS / n : 1;
    w.present = (uint64_t *)get_memory(n * w.passes, sizeof(uint64_t));
    w.absent = (uint64_t *)get_memory(n * w.passes, sizeof(uint64_t));
    /* splitmix64's numbers do not repeat: the two sets of keys are distinct. */
    for (size_t i = 0; i < n; i++) w.present[i] = splitmix64(&seed);
    for (size_t i = 0; i < n; i++) w.absent[i] = splitmix64(&seed);
    for (size_t pass = 0; pass < w.passes; pass++) {
        uint64_t *present = w.present + pass * n, *absent = w.absent + pass * n;
        if (pass) {
            memcpy(present, present - n, n * sizeof *present);
            memcpy(absent, absent - n, n * sizeof *absent);
        }
        for (size_t i = n - 1; i > 0; i--) { /* Fisher and Yates */
            size_t j = (size_t)(splitmix64(&seed) % (i + 1));
            uint64_t key = present[i];
            present[i] = present[j];
            present[j] = key;
            key = absent[i];
            absent[i] = absent[j];
            absent[j] = key;
        }
    }
    return w;
}

/* ---- clock and checks ------------------------------------------------------------------------ */

/* What this thread used of the processor: time stolen by other programs does not count. */
static double cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static void expect(const char *operation, const char *what, uint64_t expected, uint64_t got)
{
    if (expected == got) return;
    fprintf(stderr, "%s: expected %s %" PRIu64 ", got %" PRIu64 "\n", operation, what, expected, got);
    exit(1);
}

/* ---- operations: each returns the ns it took in all ------------------------------------------- */

static void insert_all(map_t *map, const uint64_t *keys, size_t n)
{
    value_t value;
    memset(&value, 0, sizeof value);
    for (size_t i = 0; i < n; i++) {
        value_set(&value, keys[i]);
        map_set(map, keys[i], &value);
    }
}

/* The map that look-ups, deletions and iteration are measured on has grown, as most maps have. */
static map_t *grown_map(const workload *w)
{
    map_t *map = map_new(0);
    insert_all(map, w->present, w->n);
    return map;
}

/* Making the map is measured too: a hint's memory is asked for there. Freeing it is not. */
static double insert_with_hint(const workload *w, size_t hint)
{
    double spent = 0;
    for (size_t pass = 0; pass < w->passes; pass++) {
        double start = cpu_ns();
        map_t *map = map_new(hint);
        insert_all(map, w->present + pass * w->n, w->n);
        spent += cpu_ns() - start;
        expect("insert", "count", w->n, map_count(map));
        map_free(map);
    }
    return spent;
}

static double op_grow(const workload *w) { return insert_with_hint(w, 0); }

static double op_presized(const workload *w) { return insert_with_hint(w, w->n); }

static double op_hit(const workload *w)
{
    map_t *map = grown_map(w);
    size_t total = w->n * w->passes;
    uint64_t sum = 0, expected = 0;
    double start = cpu_ns();
    for (size_t i = 0; i < total; i++) {
        const value_t *value = map_get(map, w->present[i]);
        if (value) sum += value_read(value);
    }
    double spent = cpu_ns() - start;
    for (size_t i = 0; i < total; i++) {
        value_t value;
        value_set(&value, w->present[i]);
        expected += value_read(&value);
    }
    expect("hit", "sum", expected, sum);
    map_free(map);
    return spent;
}

static double op_miss(const workload *w)
{
    map_t *map = grown_map(w);
    size_t total = w->n * w->passes;
    uint64_t found = 0;
    double start = cpu_ns();
    for (size_t i = 0; i < total; i++) found += map_get(map, w->absent[i]) != NULL;
    double spent = cpu_ns() - start;
    expect("miss", "found", 0, found);
    map_free(map);
    return spent;
}

static double op_delete(const workload *w)
{
    double spent = 0;
    for (size_t pass = 0; pass < w->passes; pass++) {
        map_t *map = grown_map(w);
        const uint64_t *keys = w->present + pass * w->n;
        double start = cpu_ns();
        for (size_t i = 0; i < w->n; i++) map_delete(map, keys[i]);
        spent += cpu_ns() - start;
        expect("delete", "count", 0, map_count(map));
        map_free(map);
    }
    return spent;
}

/* One deletion and one insertion of another key: the size stays, the keys are exchanged. */
static double op_churn(const workload *w)
{
    map_t *map = grown_map(w);
    value_t value;
    memset(&value, 0, sizeof value);
    double spent = 0;
    for (size_t pass = 0; pass < w->passes; pass++) {
        const uint64_t *out = (pass & 1 ? w->absent : w->present) + pass * w->n;
        const uint64_t *in = (pass & 1 ? w->present : w->absent) + pass * w->n;
        double start = cpu_ns();
        for (size_t i = 0; i < w->n; i++) {
            map_delete(map, out[i]);
            value_set(&value, in[i]);
            map_set(map, in[i], &value);
        }
        spent += cpu_ns() - start;
        expect("churn", "count", w->n, map_count(map));
    }
    map_free(map);
    return spent;
}

static double op_iterate(const workload *w)
{
    map_t *map = grown_map(w);
    uint64_t sum = 0, expected = 0;
    double start = cpu_ns();
    for (size_t pass = 0; pass < w->passes; pass++) sum += map_sum(map);
    double spent = cpu_ns() - start;
    for (size_t i = 0; i < w->n; i++) {
        value_t value;
        value_set(&value, w->present[i]);
        expected += w->present[i] + value_read(&value);
    }
    expect("iterate", "sum", expected * w->passes, sum);
    map_free(map);
    return spent;
}

static const struct {
    const char *name;
    double (*run)(const workload *);
} operations[] = {
    {"grow", op_grow},     {"presized", op_presized}, {"hit", op_hit},         {"miss", op_miss},
    {"delete", op_delete}, {"churn", op_churn},       {"iterate", op_iterate},
};

static int workload_main(const char *program, int argc, char **argv)
{
    size_t count = sizeof operations / sizeof operations[0];
    size_t n = argc > 1 ? (size_t)strtoull(argv[1], NULL, 10) : 0;
    if (argc < 4 || n == 0) {
        fprintf(stderr, "usage: %s N SEED OPERATION...\n", argv[0]);
        return 2;
    }
    workload w = workload_make(n, strtoull(argv[2], NULL, 10));
    map_free(grown_map(&w)); /* so that a virtual machine's host has the memory at hand */
    printf("{\"program\": \"%s\", \"value_bytes\": %d, \"n\": %zu, \"ns\": {", program, VALUE_BYTES, n);
    for (int i = 3; i < argc; i++) {
        size_t op = 0;
        while (op < count && strcmp(operations[op].name, argv[i]) != 0) op++;
        if (op == count) {
            fprintf(stderr, "%s: unknown operation '%s'\n", argv[0], argv[i]);
            return 2;
        }
        double ns = operations[op].run(&w) / (double)(w.n * w.passes);
        printf("%s\"%s\": %.3f", i > 3 ? ", " : "", argv[i], ns);
    }
    printf("}}\n");
    free(w.present);
    free(w.absent);
    return 0;
}

#endif
