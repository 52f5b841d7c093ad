/* bench_gomap.c - gomap's C core under the workload: called as its users call it, through gomap.h,
 * compiled apart from csrc/. */
#define _POSIX_C_SOURCE 200809L
#include "gomap.h"

typedef gomap map_t;
#include "workload.h"

static gomap_type type;
static uint64_t seeds = 1; /* every map has another hash, as in Go */

static map_t *map_new(size_t hint)
{
    gomap *map = gomap_new(ENGINE, &type, hint, splitmix64(&seeds));
    if (map) return map;
    fprintf(stderr, "out of memory for a map of %zu\n", hint);
    exit(1);
}

static void map_free(map_t *map) { gomap_free(map); }

static size_t map_count(const map_t *map) { return map->count; }

static inline void map_set(map_t *map, uint64_t key, const value_t *value)
{
    int added;
    void *room = gomap_assign(map, &key, &added);
    if (room == NULL) {
        fprintf(stderr, "out of memory for entry %zu\n", map->count);
        exit(1);
    }
    memcpy(room, value, sizeof *value);
}

static inline const value_t *map_get(const map_t *map, uint64_t key)
{
    return (const value_t *)gomap_find(map, &key);
}

static inline void map_delete(map_t *map, uint64_t key) { gomap_erase(map, &key); }

static uint64_t map_sum(map_t *map)
{
    gomap_iter iter;
    const void *key, *value;
    uint64_t sum = 0;
    gomap_iter_begin(&iter, map);
    while (gomap_iter_next(&iter, &key, &value) == 1)
        sum += *(const uint64_t *)key + value_read((const value_t *)value);
    gomap_iter_end(&iter);
    return sum;
}

int main(int argc, char **argv)
{
    gomap_type_init(&type, GOMAP_BITS64, 8, VALUE_BYTES, 0);
    return workload_main("gomap", argc, argv);
}
