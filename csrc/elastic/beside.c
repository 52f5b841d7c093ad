/* elastic/beside.c - which kinds of keys may be looked up beside a writer. */
#include "beside.h"

#if GOMAP_THREADS
static const el_beside *const kinds[GM_KINDS] = {
    [GOMAP_BITS8] = &el_bits8_beside,     [GOMAP_BITS16] = &el_bits16_beside,   [GOMAP_BITS32] = &el_bits32_beside,
    [GOMAP_BITS64] = &el_bits64_beside,   [GOMAP_FLOAT32] = &el_float32_beside, [GOMAP_FLOAT64] = &el_float64_beside,
    [GOMAP_BYTES] = &el_bytes_beside,     [GM_BYTES16] = &el_bytes16_beside,    [GM_BYTES32] = &el_bytes32_beside,
    [GOMAP_STRING] = &el_strings_beside,
};
#else
static const el_beside *const kinds[GM_KINDS] = {NULL};
#endif

_Static_assert(GOMAP_BESIDE_VALUE == EL_INLINE_MAX, "a value that is copied has room");

int gomap_beside_can(int engine, const gomap_type *type)
{
    return engine == GOMAP_ELASTIC && !gm_engine_for(engine, type)->ref && type->strings[GOMAP_VALUE].count == 0 &&
           type->aside == 0 && kinds[gm_kind_of(type)] != NULL;
}

static uint32_t versions_for(const gomap *map)
{
    uint32_t count = EL_VERSIONS_LEAST;
    while (count < EL_VERSIONS_MOST && count < el_of(map)->buckets / EL_A_VERSION) count *= 2;
    return count;
}

size_t gomap_versions_bytes(const gomap *map)
{
    return sizeof(gomap_versions) + versions_for(map) * sizeof(uint64_t);
}

void gomap_versions_begin(gomap_versions *versions, const gomap *map) { versions->mask = versions_for(map) - 1; }

int gomap_beside_find(const gomap *map, const gomap_versions *versions, const void *key, void *value)
{
    return kinds[gm_kind_of(map->type)]->find(map, versions, key, value);
}

int gomap_beside_put(gomap *map, gomap_versions *versions, const void *key, const void *value)
{
    return kinds[gm_kind_of(map->type)]->put(map, versions, key, value);
}

int gomap_beside_erase(gomap *map, gomap_versions *versions, const void *key)
{
    return kinds[gm_kind_of(map->type)]->erase(map, versions, key);
}
