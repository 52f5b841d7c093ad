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
    gm_parts_describe(&m->parts, type);
    m->values_at = GO_KEYS + GO_SLOTS * m->parts.key_slot;
    m->overflow_at = m->values_at + GO_SLOTS * m->parts.value_slot;
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
    gm_parts_clear(&m->map, &m->parts, go_each);
    go_array_drop(m, &m->now, GOMAP_BUCKETS, m->mask + 1);
    go_array_drop(m, &m->old, GOMAP_OLD_BUCKETS, m->old_mask + 1);
    gm_map_destroy(&m->map, sizeof *m);
}

/* As in Go, the array stays; what the map had beside it goes. */
void go_clear(gomap *map)
{
    go_map *m = go_of(map);
    if (m->now.at == NULL) return;
    gm_parts_clear(&m->map, &m->parts, go_each);
    go_array_drop(m, &m->old, GOMAP_OLD_BUCKETS, m->old_mask + 1);
    go_array_release_overflow(m, &m->now, m->mask + 1);
    memset(m->now.at, 0, m->now.bytes);
    m->now.next_overflow = m->mask + 1;
    m->now.overflow = 0;
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

/* What go_each passes on. */
typedef struct go_slots {
    const go_map *m;
    gm_slot_visitor *visit;
    void *context;
} go_slots;

static int visit_slots(void *context, unsigned char *head, unsigned char *bucket, unsigned slot)
{
    const go_slots *own = context;
    (void)head;
    own->visit(own->context, go_key_slot(own->m, bucket, slot), go_value_slot(own->m, bucket, slot));
    return 1;
}

void go_each(const gm_map *map, gm_slot_visitor *visit, void *context)
{
    go_slots own = {go_of(&map->public_part), visit, context};
    go_each_entry(own.m, visit_slots, &own);
}

void go_string(const gomap *map, int part, const void *at, gomap_string *string)
{
    (void)map;
    (void)part;
    *string = gm_string_load(at);
}

uint64_t go_string_bytes(const gomap *map) { return go_of(map)->parts.string_bytes; }

int go_write(gomap *map, const void *key, void *room, const void *value, const gomap *from)
{
    (void)key;
    return gm_parts_write(&go_of(map)->map, &go_of(map)->parts, room, value, from);
}

void go_iterate(gomap_iter *iter)
{
    go_map *m = go_of(iter->map);
    go_cursor *cursor = (go_cursor *)(void *)iter->place;
    uint64_t random = gm_random(&m->random);
    cursor->start = cursor->next = (size_t)(random >> 3) & m->mask;
    cursor->offset = (uint8_t)(random & (GO_SLOTS - 1));
}
