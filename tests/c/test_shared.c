/* test_shared.c - many keys put in by several threads leave the map that one thread leaves.
 *
 * The threads' shares are done one after another, in either order; what they do is independent of each other. With
 * -DTEST_THREADS -pthread threads do them at once, for ThreadSanitizer:
 *
 *     cc -std=gnu11 -O1 -g -fsanitize=thread -DTEST_THREADS -pthread -Icsrc tests/c/test_shared.c \
 *         (and the sources of csrc, as README.md has them)
 */
#include "check.h"
#include "shared.h"

#include <string.h>

#if defined(TEST_THREADS)
#include <pthread.h>
#endif

enum { PIECE = 40000, ROOM = 8192 };

typedef struct share {
    gomap_shared *shared;
    unsigned thread;
} share;

static void *work(void *at)
{
    share *own = at;
    gomap_shared_work(own->shared, own->thread);
    return NULL;
}

static void all_work(gomap_shared *shared, unsigned threads, int backwards)
{
    share shares[GOMAP_SHARED_MOST];
    for (unsigned t = 0; t < threads; t++) shares[t] = (share){shared, t};
#if defined(TEST_THREADS)
    pthread_t ids[GOMAP_SHARED_MOST];
    (void)backwards;
    for (unsigned t = 0; t < threads; t++) CHECK(pthread_create(&ids[t], NULL, work, &shares[t]) == 0);
    for (unsigned t = 0; t < threads; t++) CHECK(pthread_join(ids[t], NULL) == 0);
#else
    for (unsigned t = 0; t < threads; t++) work(&shares[backwards ? threads - 1 - t : t]);
#endif
}

static gomap_column column(const void *at, size_t size, size_t count, char *room)
{
    gomap_column made = gomap_column_own(at, size, count);
    made.form = GOMAP_C_ITEMS;
    made.room = room;
    made.room_bytes = ROOM;
    return made;
}

/* Returns how many pieces the threads shared. */
static size_t put_shared(gomap *map, const gomap_type *type, const char *keys, const char *values, size_t count,
                         unsigned threads, int backwards)
{
    gomap_column columns[2][GOMAP_SHARED_MOST], *at[2][GOMAP_SHARED_MOST];
    char *rooms = test_alloc(2 * threads, ROOM), *room = test_alloc(1, gomap_shared_room(type, threads, PIECE));
    size_t shared_pieces = 0;
    for (unsigned t = 0; t < threads; t++) {
        columns[0][t] = column(keys, type->key_size, count, rooms + 2 * t * ROOM);
        columns[1][t] = column(values, type->value_size, count, rooms + (2 * t + 1) * ROOM);
        at[0][t] = &columns[0][t];
        at[1][t] = &columns[1][t];
    }
    int filling = gomap_fills(map);
    if (filling) gomap_shared_fill(map, gomap_column_expected(map, at[0][0]));
    gomap_shared *shared = gomap_shared_begin(map, threads, room, PIECE);
    for (size_t done = 0, some; done < count; done += some) {
        some = gomap_shared_piece(shared, at[0], at[1], done, count - done);
        int next;
        while ((next = gomap_shared_next(shared)) == GOMAP_SHARED_WORK) all_work(shared, threads, backwards);
        if (next == GOMAP_SHARED_DONE) shared_pieces++;
        else CHECK_EQ(gomap_column_put(map, at[0][0], at[1][0], done, some), some);
    }
    gomap_shared_end(shared);
    if (filling) gomap_shared_filled(map);
    free(room);
    free(rooms);
    return shared_pieces;
}

static void check_equal(const gomap *map, const gomap *other, const char *keys, size_t count)
{
    char why[256];
    size_t size = map->type->value_size;
    if (gomap_check(map, why, sizeof why)) fprintf(stderr, "%s\n", why), exit(1);
    CHECK_EQ(map->count, other->count);
    for (size_t i = 0; i < count; i++) {
        const void *one = gomap_find(map, keys + i * map->type->key_size);
        const void *two = gomap_find(other, keys + i * map->type->key_size);
        CHECK(one && two && memcmp(one, two, size) == 0);
    }
}

typedef uint64_t number_of(size_t i);
static uint64_t any(size_t i) { return test_scramble(i); }
static uint64_t few(size_t i) { return test_scramble(i) % 100; }
static uint64_t copies(size_t i) { return test_scramble(test_scramble(i) % 60000); }
static uint64_t runs(size_t i) { return i / 3; }

static void try(const gomap_type *type, number_of *number, size_t first, size_t count, unsigned threads)
{
    char *keys = test_alloc(count, type->key_size), *values = test_alloc(count, type->value_size + 1);
    for (size_t i = 0; i < count; i++) {
        uint64_t words[8];
        for (size_t w = 0; w < 8; w++) words[w] = number(i);
        memcpy(keys + i * type->key_size, words, type->key_size);
        for (size_t w = 0; w < 8; w++) words[w] = i;
        memcpy(values + i * type->value_size, words, type->value_size);
    }
    for (int backwards = 0; backwards < 2; backwards++) {
        gomap *alone = gomap_new(GOMAP_ELASTIC, type, 0, 5), *map = gomap_new(GOMAP_ELASTIC, type, 0, 7);
        CHECK(alone && map);
        CHECK_EQ(gomap_put_many(alone, keys, first, values, type->value_size), first);
        CHECK_EQ(gomap_put_many(map, keys, first, values, type->value_size), first);
        const char *key = keys + first * type->key_size, *value = values + first * type->value_size;
        gomap_column all_keys = gomap_column_own(key, type->key_size, count - first);
        gomap_column all_values = gomap_column_own(value, type->value_size, count - first);
        CHECK_EQ(gomap_column_put(alone, &all_keys, &all_values, 0, count - first), count - first);
        size_t pieces = put_shared(map, type, key, value, count - first, threads, backwards);
        if (number == any && type->key_size >= 4) CHECK(pieces > 0);
        check_equal(map, alone, keys, count);
        gomap_free(alone);
        gomap_free(map);
    }
    free(keys);
    free(values);
}

int main(void)
{
    static const struct {
        int kind;
        uint32_t key, value;
    } types[] = {{GOMAP_BITS64, 8, 8},   {GOMAP_BITS8, 1, 8},    {GOMAP_BITS16, 2, 1},    {GOMAP_BITS32, 4, 4},
                 {GOMAP_BITS64, 8, 0},   {GOMAP_FLOAT32, 4, 12}, {GOMAP_FLOAT64, 8, 8},   {GOMAP_BYTES, 12, 20},
                 {GOMAP_BYTES, 16, 8},   {GOMAP_BYTES, 32, 32}};
    static number_of *const numbers[] = {any, few, copies, runs};
    static const size_t firsts[] = {0, 1, 40000};
    for (size_t i = 0; i < COUNT_OF(types); i++) {
        gomap_type type;
        gomap_type_init(&type, types[i].kind, types[i].key, types[i].value, 0);
        CHECK(gomap_shared_can(GOMAP_ELASTIC, &type) && !gomap_shared_can(GOMAP_GO, &type));
        for (size_t n = 0; n < COUNT_OF(numbers); n++)
            for (size_t f = 0; f < COUNT_OF(firsts); f++)
                try(&type, numbers[n], firsts[f], 150000 + 7, i ? 2 : (unsigned[]){2, 4, 8}[f]);
    }
    gomap_type large;
    gomap_type_init(&large, GOMAP_BITS64, 8, 57, 0);
    CHECK(!gomap_shared_can(GOMAP_ELASTIC, &large));
    gomap_type_init(&large, GOMAP_STRING, 0, 8, 0);
    CHECK(!gomap_shared_can(GOMAP_ELASTIC, &large));
    printf("test_shared: passed\n");
    return 0;
}
