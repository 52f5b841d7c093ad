/* go/engine.c - which table a type has; and what is the same for every kind of key: a map's life, where an iteration
 * begins. */
#include "kinds.h"

static const gm_engine *const engines[GM_KINDS] = {
    [GOMAP_BITS8] = &go_bits8_engine,    [GOMAP_BITS16] = &go_bits16_engine,   [GOMAP_BITS32] = &go_bits32_engine,
    [GOMAP_BITS64] = &go_bits64_engine,  [GOMAP_FLOAT32] = &go_float32_engine, [GOMAP_FLOAT64] = &go_float64_engine,
    [GOMAP_BYTES] = &go_bytes_engine,    [GM_BYTES16] = &go_bytes16_engine,    [GM_BYTES32] = &go_bytes32_engine,
    [GOMAP_STRING] = &go_strings_engine, [GOMAP_OBJECT] = &go_objects_engine,  [GOMAP_STRUCT] = &go_structs_engine,
};

const gm_engine *go_engine_for(const gomap_type *type)
{
    return type->key_ref ? &go_bytes_ref_engine : engines[gm_kind_of(type)];
}

void go_describe(go_map *m, const gomap_type *type)
{
    /* Go allocates a record from the size class its type fits. */
    m->keys.stride = (uint32_t)go_size_class(type->key_size);
    m->values.stride = (uint32_t)go_size_class(type->value_size);
    m->keys.purpose = m->values.purpose = GOMAP_RECORDS;
    m->key_strings = type->strings[GOMAP_KEY].count != 0;
    m->value_strings = type->strings[GOMAP_VALUE].count != 0;
    m->key_ref = type->key_ref;
    m->value_ref = type->value_ref;
    m->key_slot = type->key_ref ? GO_REFERENCE : type->key_size;
    m->value_slot = type->value_ref ? GO_REFERENCE : type->value_size;
    m->values_at = GO_KEYS + GO_SLOTS * m->key_slot;
    m->overflow_at = m->values_at + GO_SLOTS * m->value_slot;
    m->bucket_bytes = m->overflow_at + 8;
}

gomap *go_create(const gm_engine *engine, const gomap_type *type, size_t hint, uint64_t seed)
{
    uint64_t random = seed;
    go_map *m = (go_map *)gm_map_create(engine, type, sizeof *m, &random);
    if (m == NULL) return NULL;
    m->random = random;
    m->purposes.live[GOMAP_HEADER] = m->purposes.peak[GOMAP_HEADER] = m->map.memory.total;
    m->map.memory.purposes = &m->purposes;
    go_describe(m, type);
    go_set_B(m, 0);
    /* With B = 0 the bucket waits for the first assignment, as in Go. */
    unsigned B = go_B_for(hint);
    if (B > 0 && B < 64 && go_array_make(m, &m->now, B)) go_set_B(m, B);
    return &m->map.public_part;
}

void go_destroy(gomap *map)
{
    go_map *m = go_of(map);
    go_strings_release(m);
    go_array_drop(m, &m->now, GOMAP_BUCKETS, m->mask + 1);
    go_array_drop(m, &m->old, GOMAP_OLD_BUCKETS, m->old_mask + 1);
    gm_store_clear(&m->keys, &m->map.memory);
    gm_store_clear(&m->values, &m->map.memory);
    gm_map_destroy(&m->map, sizeof *m);
}

/* As in Go, the array stays; what the map had beside it goes. */
void go_clear(gomap *map)
{
    go_map *m = go_of(map);
    if (m->now.at == NULL) return;
    go_strings_release(m);
    go_array_drop(m, &m->old, GOMAP_OLD_BUCKETS, m->old_mask + 1);
    go_array_release_overflow(m, &m->now, m->mask + 1);
    memset(m->now.at, 0, m->now.bytes);
    m->now.next_overflow = m->mask + 1;
    m->now.overflow = 0;
    gm_store_clear(&m->keys, &m->map.memory);
    gm_store_clear(&m->values, &m->map.memory);
    m->same_size = 0;
    m->stale = 0;
    m->evacuated = 0;
    m->noverflow = 0;
    map->count = 0;
    m->map.seed = gm_seed_draw(&m->random);
}

/* Two maps of one type change places, their structs staying where they are. */
size_t go_swap(gomap *one, gomap *other)
{
    go_map kept = *go_of(one);
    *go_of(one) = *go_of(other);
    *go_of(other) = kept;
    go_of(one)->map.memory.purposes = &go_of(one)->purposes;
    go_of(other)->map.memory.purposes = &go_of(other)->purposes;
    return sizeof kept;
}

void go_iterate(gomap_iter *iter)
{
    go_map *m = go_of(iter->map);
    go_cursor *cursor = (go_cursor *)(void *)iter->place;
    uint64_t random = gm_random(&m->random);
    cursor->start = cursor->next = (size_t)(random >> 3) & m->mask;
    cursor->offset = (uint8_t)(random & (GO_SLOTS - 1));
}
