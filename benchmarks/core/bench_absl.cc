// bench_absl.cc - absl::flat_hash_map with its own hash under the workload.
#include "absl/container/flat_hash_map.h"

#include <cstddef>
#include <cstdint>

struct map_t;
#include "workload.h"

struct map_t {
    absl::flat_hash_map<uint64_t, value_t> table;
};

static map_t *map_new(size_t hint)
{
    map_t *map = new map_t;
    if (hint) map->table.reserve(hint);
    return map;
}

static void map_free(map_t *map) { delete map; }

static size_t map_count(const map_t *map) { return map->table.size(); }

static inline void map_set(map_t *map, uint64_t key, const value_t *value) { map->table[key] = *value; }

static inline const value_t *map_get(const map_t *map, uint64_t key)
{
    auto found = map->table.find(key);
    return found == map->table.end() ? nullptr : &found->second;
}

static inline void map_delete(map_t *map, uint64_t key) { map->table.erase(key); }

static uint64_t map_sum(map_t *map)
{
    uint64_t sum = 0;
    for (const auto &entry : map->table) sum += entry.first + value_read(&entry.second);
    return sum;
}

int main(int argc, char **argv) { return workload_main("absl", argc, argv); }
