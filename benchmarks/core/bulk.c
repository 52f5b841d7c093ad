/* bulk.c - many keys at a time against one key after the other, and what the machine's memory allows.
 *
 *     bulk N SEED        prints one line of JSON: ns per key, or per line
 *
 * Look-ups are in another order than insertion, on a map that was filled as a whole. find and at are a loop around
 * gomap_find and gomap_at; many is gomap_find_many for 256 keys at a time, whose values are then read.
 *
 * lines: one 64-byte line at random of a block of 20 N bytes, asked for 32 ahead; the offsets stand in an array, as
 * keys do. lines_huge: the same on huge pages, where the system gives some.
 */
#define _DEFAULT_SOURCE
#include "columns.h"

#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#ifdef __linux__
#include <sys/mman.h>
#endif

enum { LINE = 64, AHEAD = 32, PIECE = 256, BYTES_AN_ENTRY = 20 };

static double cpu_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec * 1e9 + (double)now.tv_nsec;
}

static uint64_t splitmix64(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static void fail(const char *what)
{
    fprintf(stderr, "%s\n", what);
    exit(1);
}

static uint64_t *numbers(size_t count)
{
    uint64_t *block = calloc(count, sizeof *block);
    if (block == NULL) fail("out of memory for keys");
    return block;
}

static void shuffle(uint64_t *keys, size_t n, uint64_t *seed)
{
    for (size_t i = n - 1; i > 0; i--) {
        size_t j = (size_t)(splitmix64(seed) % (i + 1));
        uint64_t key = keys[i];
        keys[i] = keys[j];
        keys[j] = key;
    }
}

/* ---- the machine ------------------------------------------------------------------------------ */

static double lines(size_t n, uint64_t seed, int huge)
{
    size_t size = n * BYTES_AN_ENTRY / LINE * LINE, room = (size + (2u << 20)) & ~(size_t)((2u << 20) - 1);
    unsigned char *block = aligned_alloc(2u << 20, room);
    uint64_t *offset = numbers(n + AHEAD), sum = 0;
    if (block == NULL) fail("out of memory for lines");
#ifdef __linux__
    if (madvise(block, room, huge ? MADV_HUGEPAGE : MADV_NOHUGEPAGE) != 0) huge = 0;
#else
    (void)huge;
#endif
    memset(block, 1, room);
    for (size_t i = 0; i < n + AHEAD; i++) offset[i] = splitmix64(&seed) % (size / LINE) * LINE;
    double start = cpu_ns();
    for (size_t i = 0; i < n; i++) {
        __builtin_prefetch(block + offset[i + AHEAD]);
        uint64_t word;
        memcpy(&word, block + offset[i], sizeof word);
        sum += word;
    }
    double spent = cpu_ns() - start;
    if (sum != n * 0x0101010101010101u) fail("lines: a wrong sum");
    free(block);
    free(offset);
    return spent / (double)n;
}

/* ---- maps -------------------------------------------------------------------------------------- */

static gomap_type type;

typedef struct answer {
    uint64_t found, sum;
} answer;

static answer by_find(const gomap *map, const uint64_t *keys, size_t n)
{
    answer a = {0, 0};
    for (size_t i = 0; i < n; i++) {
        const uint64_t *value = gomap_find(map, &keys[i]);
        if (value) a.found++, a.sum += *value;
    }
    return a;
}

static answer by_at(const gomap *map, const uint64_t *keys, size_t n)
{
    answer a = {0, 0};
    for (size_t i = 0; i < n; i++) {
        const uint64_t *value = gomap_at(map, &keys[i]);
        if (value) a.found++, a.sum += *value;
    }
    return a;
}

static answer by_many(const gomap *map, const uint64_t *keys, size_t n)
{
    answer a = {0, 0};
    void *found[PIECE];
    for (size_t done = 0, some; done < n; done += some) {
        some = n - done < PIECE ? n - done : PIECE;
        a.found += gomap_find_many(map, keys + done, some, found);
        for (size_t i = 0; i < some; i++)
            if (found[i]) a.sum += *(const uint64_t *)found[i];
    }
    return a;
}

static const struct {
    const char *name;
    answer (*look)(const gomap *, const uint64_t *, size_t);
} ways[] = {{"find", by_find}, {"at", by_at}, {"many", by_many}};

static gomap *filled(int engine, const uint64_t *keys, size_t n, uint64_t seed)
{
    gomap *m = gomap_new(engine, &type, 0, seed);
    if (m == NULL) fail("out of memory for a map");
    gomap_column column = gomap_column_own(keys, sizeof *keys, n);
    int filling = gomap_column_fill(m, &column);
    size_t put = gomap_put_many(m, keys, n, keys, sizeof *keys);
    if (filling) gomap_fill_end(m);
    if (put != n || m->count != n) fail("out of memory for entries");
    return m;
}

static void map(const char *name, int engine, size_t n, uint64_t seed)
{
    uint64_t *present = numbers(n), *absent = numbers(n), sum = 0;
    for (size_t i = 0; i < n; i++) present[i] = splitmix64(&seed), sum += present[i];
    for (size_t i = 0; i < n; i++) absent[i] = splitmix64(&seed);
    gomap_free(filled(engine, present, n, splitmix64(&seed))); /* so that a virtual machine's host has the memory at hand */
    double start = cpu_ns();
    gomap *m = filled(engine, present, n, splitmix64(&seed));
    printf(", \"%s\": {\"put many\": %.3f", name, (cpu_ns() - start) / (double)n);
    shuffle(present, n, &seed);
    for (size_t way = 0; way < sizeof ways / sizeof ways[0]; way++) {
        start = cpu_ns();
        answer hit = ways[way].look(m, present, n);
        double hits = cpu_ns() - start;
        start = cpu_ns();
        answer miss = ways[way].look(m, absent, n);
        double misses = cpu_ns() - start;
        if (hit.found != n || hit.sum != sum || miss.found != 0) fail("a look-up found something else");
        printf(", \"hit %s\": %.3f, \"miss %s\": %.3f", ways[way].name, hits / (double)n, ways[way].name,
               misses / (double)n);
    }
    printf("}");
    gomap_free(m);
    free(present);
    free(absent);
}

int main(int argc, char **argv)
{
    size_t n = argc == 3 ? (size_t)strtoull(argv[1], NULL, 10) : 0;
    if (n < 64) {
        fprintf(stderr, "usage: %s N SEED\n", argv[0]);
        return 2;
    }
    uint64_t seed = strtoull(argv[2], NULL, 10);
    gomap_type_init(&type, GOMAP_BITS64, 8, 8, 0);
    double plain = lines(n, seed, 0), huge = lines(n, seed, 1);
    printf("{\"machine\": {\"lines\": %.3f, \"lines_huge\": %.3f}", plain, huge);
    map("Map", GOMAP_ELASTIC, n, seed);
    map("GoMap", GOMAP_GO, n, seed);
    printf("}\n");
    return 0;
}
