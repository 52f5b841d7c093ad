/* limits.c - what no average shows: the longest single operation, and keys chosen against the structure.
 *
 *     limits worst ENTRIES       map[uint64]uint64: grow one by one, then delete one by one; the longest
 *                                operations, by the thread's processor time, clock overhead included
 *     limits worst-go ENTRIES    the same for GoMap; nothing: for no map, the machine's own interruptions
 *     limits keys ENTRIES SEED   grow, hit, delete and bytes for families of keys beside random ones
 *
 * One line of JSON. Keys are not known to the map's seed, which is drawn for each run.
 */
#define _POSIX_C_SOURCE 200809L
#include "gomap.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e9 + (double)t.tv_nsec;
}

static uint64_t mix(uint64_t z)
{
    z += 0x9e3779b97f4a7c15u;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static uint64_t reversed(uint64_t x)
{
    uint64_t r = 0;
    for (int bit = 0; bit < 64; bit++) r |= (x >> bit & 1) << (63 - bit);
    return r;
}

static uint64_t key_random(uint64_t i) { return mix(i); }
static uint64_t key_sequence(uint64_t i) { return i; }
static uint64_t key_times_2_20(uint64_t i) { return i << 20; }
static uint64_t key_times_2_32(uint64_t i) { return i << 32; } /* equal low halves */
static uint64_t key_times_2_40(uint64_t i) { return i << 40; }
static uint64_t key_equal_high(uint64_t i) { return 0xdeadbeef00000000u | i; }
static uint64_t key_reversed(uint64_t i) { return reversed(i); }
static uint64_t key_both_halves(uint64_t i) { return i << 32 | i; }
static uint64_t key_descending(uint64_t i) { return ~i; }

static const struct {
    const char *name;
    uint64_t (*key)(uint64_t);
} families[] = {
    {"random", key_random},
    {"sequence", key_sequence},
    {"descending", key_descending},
    {"multiples of 2^20", key_times_2_20},
    {"multiples of 2^32", key_times_2_32},
    {"multiples of 2^40", key_times_2_40},
    {"equal high halves", key_equal_high},
    {"bit-reversed sequence", key_reversed},
    {"both halves equal", key_both_halves},
};

static gomap_type type;

static void put(gomap *m, uint64_t key)
{
    int added;
    void *value = gomap_assign(m, &key, &added);
    if (value == NULL) {
        fprintf(stderr, "out of memory for entry %zu\n", m->count);
        exit(1);
    }
    memcpy(value, &key, 8);
}

/* The longest few, longest first. */
enum { KEPT = 5 };
static void keep(double *longest, double ns)
{
    for (int i = 0; i < KEPT; i++) {
        if (ns <= longest[i]) continue;
        for (int j = KEPT - 1; j > i; j--) longest[j] = longest[j - 1];
        longest[i] = ns;
        return;
    }
}

static void show(const char *name, const double *longest)
{
    printf("\"%s\": [", name);
    for (int i = 0; i < KEPT; i++) printf("%s%.0f", i ? ", " : "", longest[i]);
    printf("]");
}

static void worst(int engine, size_t n)
{
    double in[KEPT] = {0}, out[KEPT] = {0}, before = now();
    /* One that is not measured: in a virtual machine, memory that no program had for a while comes from the
     * host, 2 MB at a time, which is no map's doing. */
    gomap *m = gomap_new(engine, &type, 0, 1);
    for (size_t i = 0; i < n; i++) put(m, mix(i));
    gomap_free(m);
    m = gomap_new(engine, &type, 0, mix((uint64_t)time(NULL)));
    for (size_t i = 0; i < n; i++) {
        before = now();
        put(m, mix(i));
        keep(in, now() - before);
    }
    for (size_t i = 0; i < n; i++) {
        uint64_t key = mix(i);
        before = now();
        gomap_erase(m, &key);
        keep(out, now() - before);
    }
    printf("{\"entries\": %zu, ", n);
    show("insert_ns", in);
    printf(", ");
    show("delete_ns", out);
    printf("}\n");
    gomap_free(m);
}

/* The same loop around a hash: what the machine itself does to a thread's time. */
static void nothing(size_t n)
{
    double longest[KEPT] = {0};
    uint64_t sum = 0;
    for (size_t i = 0; i < 2 * n; i++) {
        double before = now();
        sum += mix(i);
        keep(longest, now() - before);
    }
    printf("{\"entries\": %zu, \"sum\": %d, ", n, (int)(sum & 1));
    show("insert_ns", longest);
    printf(", ");
    show("delete_ns", longest);
    printf("}\n");
}

static void keys(size_t n, uint64_t seed)
{
    printf("{");
    for (size_t family = 0; family < sizeof families / sizeof *families; family++) {
        uint64_t *key = malloc(n * sizeof *key), *order = malloc(n * sizeof *order), random = seed, sum = 0;
        if (key == NULL || order == NULL) exit(1);
        for (size_t i = 0; i < n; i++) order[i] = key[i] = families[family].key(i);
        for (size_t i = n - 1; i > 0; i--) {
            size_t j = (size_t)((random = mix(random)) % (i + 1));
            uint64_t swap = order[i];
            order[i] = order[j];
            order[j] = swap;
        }
        gomap *m = gomap_new(GOMAP_ELASTIC, &type, 0, mix(seed));
        double start = now();
        for (size_t i = 0; i < n; i++) put(m, key[i]);
        double grown = now();
        size_t bytes = gomap_total(m);
        for (size_t i = 0; i < n; i++) sum += *(uint64_t *)gomap_find(m, &order[i]) == order[i];
        double hit = now();
        gomap_stats stats;
        gomap_stats_of(m, &stats);
        double erasing = now();
        for (size_t i = 0; i < n; i++) gomap_erase(m, &order[i]);
        double erased = now();
        if (sum != n || m->count) exit(1);
        double each = 1.0 / (double)n;
        printf("%s\"%s\": {\"grow\": %.2f, \"hit\": %.2f, \"delete\": %.2f, \"bytes\": %.3f, \"displaced\": %.4f}",
               family ? ", " : "", families[family].name, (grown - start) * each, (hit - grown) * each,
               (erased - erasing) * each, (double)bytes * each, (double)stats.displaced * each);
        gomap_free(m);
        free(key);
        free(order);
    }
    printf("}\n");
}

int main(int argc, char **argv)
{
    gomap_type_init(&type, GOMAP_BITS64, 8, 8, 0);
    if (argc == 3 && strcmp(argv[1], "worst") == 0) worst(GOMAP_ELASTIC, (size_t)strtoull(argv[2], NULL, 10));
    else if (argc == 3 && strcmp(argv[1], "worst-go") == 0) worst(GOMAP_GO, (size_t)strtoull(argv[2], NULL, 10));
    else if (argc == 3 && strcmp(argv[1], "nothing") == 0) nothing((size_t)strtoull(argv[2], NULL, 10));
    else if (argc == 4 && strcmp(argv[1], "keys") == 0) keys((size_t)strtoull(argv[2], NULL, 10), strtoull(argv[3], NULL, 10));
    else {
        fprintf(stderr, "usage: limits worst|worst-go|nothing ENTRIES, or limits keys ENTRIES SEED\n");
        return 2;
    }
    return 0;
}
