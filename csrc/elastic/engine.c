/* elastic/engine.c - which table a type has; and a map's life, from end to end, whatever the kind of key. */
#include "kinds.h"

static const gm_engine *const in_slots[GM_KINDS] = {
    [GOMAP_BITS8] = &el_bits8_engine,    [GOMAP_BITS16] = &el_bits16_engine,   [GOMAP_BITS32] = &el_bits32_engine,
    [GOMAP_BITS64] = &el_bits64_engine,  [GOMAP_FLOAT32] = &el_float32_engine, [GOMAP_FLOAT64] = &el_float64_engine,
    [GOMAP_BYTES] = &el_bytes_engine,    [GM_BYTES16] = &el_bytes16_engine,    [GM_BYTES32] = &el_bytes32_engine,
    [GOMAP_STRING] = &el_strings_engine, [GOMAP_OBJECT] = &el_objects_engine,  [GOMAP_STRUCT] = &el_structs_engine,
};

static const gm_engine *const in_records[GM_KINDS] = {
    [GOMAP_BITS8] = &el_bytes_ref_engine,     [GOMAP_BITS16] = &el_bytes_ref_engine,
    [GOMAP_BITS32] = &el_bits32_ref_engine,   [GOMAP_BITS64] = &el_bits64_ref_engine,
    [GOMAP_FLOAT32] = &el_float32_ref_engine, [GOMAP_FLOAT64] = &el_float64_ref_engine,
    [GOMAP_BYTES] = &el_bytes_ref_engine,     [GM_BYTES16] = &el_bytes_ref_engine,
    [GM_BYTES32] = &el_bytes_ref_engine,      [GOMAP_STRING] = &el_strings_ref_engine,
    [GOMAP_OBJECT] = &el_objects_ref_engine,  [GOMAP_STRUCT] = &el_structs_ref_engine,
};

const gm_engine *el_engine_for(const gomap_type *type)
{
    int ref = type->key_ref || type->value_ref || type->key_size + type->value_size > EL_INLINE_MAX;
    return (ref ? in_records : in_slots)[gm_kind_of(type)];
}

void el_describe(el_map *m, const gm_engine *engine, const gomap_type *type)
{
    uint32_t entry = type->key_size + type->value_size;
    m->value_at = type->key_size;
    m->slot_bytes = engine->ref ? 4 : (uint16_t)entry;
    m->aside_bytes = (unsigned char)(type->aside & 15u) & 15u;
    m->value_strings = type->strings[GOMAP_VALUE].count != 0;
    m->most = engine->ref || (entry > 8 && entry <= 32) ? EL_GROW_EIGHTHS : EL_GROW_EIGHTHS_DENSE;
    if (!engine->ref) return;
    m->records.purpose = GOMAP_RECORDS;
    m->records.stride = entry < 4 ? 4 : entry;
}

gomap *el_create(const gm_engine *engine, const gomap_type *type, size_t hint, uint64_t seed)
{
    uint64_t random = seed;
    el_map *m = (el_map *)gm_map_create(engine, type, el_struct_bytes(engine, type), &random);
    if (m == NULL) return NULL;
    el_describe(m, engine, type);
    if (hint) (void)engine->reserve(&m->map.public_part, hint); /* only a hint */
    return &m->map.public_part;
}

void el_destroy(gomap *map)
{
    el_clear(map);
    gm_map_destroy(gm_map_of(map), el_struct_bytes(gm_engine_of(map), map->type));
}

void el_clear(gomap *map)
{
    el_map *m = el_of(map);
    gm_memory *memory = &m->map.memory;
    (void)gm_region_resize(memory, GOMAP_TAGS, &m->tags, 0);
    (void)gm_region_resize(memory, GOMAP_BUCKETS, &m->slots, 0);
    (void)gm_region_resize(memory, GOMAP_OVERFLOW, &m->overflow, 0);
    if (m->aside_bytes) (void)gm_region_resize(memory, GOMAP_TAGS, &m->aside, 0);
    if (el_has_records(m)) gm_store_clear(&m->records, memory);
    if (el_has_strings(m)) {
        for (int part = GOMAP_KEY; part < GOMAP_PARTS; part++) gm_strings_clear(&m->strings[part], memory);
        m->string_bytes = 0;
    }
    m->overflow_used = m->any_at = m->put_off = 0;
    el_set_buckets(m, 0, 0);
    map->count = 0;
}

/* Two maps of one type change places, their structs staying where they are. */
size_t el_swap(gomap *one, gomap *other)
{
    el_map kept;
    size_t bytes = el_struct_bytes(gm_engine_of(one), one->type);
    memcpy(&kept, one, bytes);
    memcpy(one, other, bytes);
    memcpy(other, &kept, bytes);
    return bytes;
}
