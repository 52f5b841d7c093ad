/* swiss/engine.c - which table a type has; and what is the same for every kind of key: a map's life, where an iteration
 * begins. */
#include "kinds.h"

static const gm_engine *const engines[GM_KINDS] = {
    [GOMAP_BITS8] = &sw_bits8_engine,    [GOMAP_BITS16] = &sw_bits16_engine,   [GOMAP_BITS32] = &sw_bits32_engine,
    [GOMAP_BITS64] = &sw_bits64_engine,  [GOMAP_FLOAT32] = &sw_float32_engine, [GOMAP_FLOAT64] = &sw_float64_engine,
    [GOMAP_BYTES] = &sw_bytes_engine,    [GM_BYTES16] = &sw_bytes16_engine,    [GM_BYTES32] = &sw_bytes32_engine,
    [GOMAP_STRING] = &sw_strings_engine, [GOMAP_OBJECT] = &sw_objects_engine,  [GOMAP_STRUCT] = &sw_structs_engine,
};

const gm_engine *sw_engine_for(const gomap_type *type)
{
    return type->key_ref ? &sw_bytes_ref_engine : engines[gm_kind_of(type)];
}

static uint32_t rounded_up(uint32_t bytes, uint32_t alignment)
{
    return (bytes + alignment - 1) / alignment * alignment;
}

/* As a C struct {key, value} is laid out; Go makes a value of no bytes last as if it had one, so that its address is
 * within the slot. */
static void describe_slot(sw_map *m, const gomap_type *type)
{
    uint32_t key = type->key_ref ? GM_REFERENCE : type->align[GOMAP_KEY];
    uint32_t value = type->value_ref ? GM_REFERENCE : type->align[GOMAP_VALUE];
    m->value_at = rounded_up(m->parts.key_slot, value);
    m->slot_bytes =
        rounded_up(m->value_at + (m->parts.value_slot ? m->parts.value_slot : 1), key > value ? key : value);
    m->group_bytes = SW_SLOTS_AT + SW_SLOTS * m->slot_bytes;
}

/* Go's fast assignments, which prune: for strings and plain keys of four or eight bytes, with values that stand in
 * their slots. */
static int prunes(const gomap_type *type)
{
    int fast = type->key_kind == GOMAP_BITS32 || type->key_kind == GOMAP_BITS64 || type->key_kind == GOMAP_STRING;
    return fast && (type->value_pointer || !type->value_ref);
}

void sw_describe(sw_map *m, const gomap_type *type)
{
    gm_parts_describe(&m->parts, type);
    m->tables.stride = sizeof(sw_table);
    m->tables.purpose = GOMAP_DIRECTORY;
    m->key_pointers = m->parts.key_ref || m->parts.key_strings || type->key_kind == GOMAP_OBJECT;
    m->has_pointers = m->key_pointers || m->parts.value_ref || m->parts.value_strings;
    m->prunes = (uint8_t)prunes(type);
    describe_slot(m, type);
}

gomap *sw_create(const gm_engine *engine, const gomap_type *type, size_t hint, uint64_t seed)
{
    uint64_t random = seed;
    unsigned depth;
    uint32_t groups;
    sw_map *m = (sw_map *)gm_map_create(engine, type, sizeof *m, &random);
    if (m == NULL) return NULL;
    m->random = random;
    m->purposes.live[GOMAP_HEADER] = m->purposes.peak[GOMAP_HEADER] = m->map.memory.total;
    m->map.memory.purposes = &m->purposes;
    sw_describe(m, type);
    /* Up to eight entries the group waits for the first assignment, as in Go. */
    if (sw_hint(m, hint, &depth, &groups) && groups > 1) (void)sw_tables_make(m, depth, groups);
    return &m->map.public_part;
}

void sw_destroy(gomap *map)
{
    sw_map *m = sw_of(map);
    gm_parts_clear(&m->map, &m->parts, sw_each);
    sw_tables_drop(m);
    gm_map_destroy(&m->map, sizeof *m);
}

/* As in Go, all memory stays but what the entries had beside it. */
void sw_clear(gomap *map)
{
    sw_map *m = sw_of(map);
    if (map->count == 0 && !m->may_have_tombstones) return;
    gm_parts_clear(&m->map, &m->parts, sw_each);
    for (uint32_t i = 0, tables = sw_tables(m); i < tables; i++) {
        sw_table *table = sw_table_at(m, i);
        if (table->growth_left == sw_fill_most(table->mask + 1)) continue;
        memset(table->groups, 0, (size_t)(table->mask + 1) * m->group_bytes);
        sw_groups_empty(m, table);
    }
    m->may_have_tombstones = 0;
    map->count = 0;
    m->map.seed = gm_seed_draw(&m->random);
}

/* Two maps of one type change places, their structs staying where they are. */
size_t sw_swap(gomap *one, gomap *other)
{
    sw_map kept = *sw_of(one);
    *sw_of(one) = *sw_of(other);
    *sw_of(other) = kept;
    sw_of(one)->map.memory.purposes = &sw_of(one)->purposes;
    sw_of(other)->map.memory.purposes = &sw_of(other)->purposes;
    return sizeof kept;
}

/* What sw_each passes on. */
typedef struct sw_slots {
    const sw_map *m;
    gm_slot_visitor *visit;
    void *context;
} sw_slots;

static int visit_slots(void *context, sw_table *table, unsigned char *group, unsigned slot)
{
    const sw_slots *own = context;
    (void)table;
    own->visit(own->context, sw_slot(own->m, group, slot), sw_value_slot(own->m, group, slot));
    return 1;
}

void sw_each(const gm_map *map, gm_slot_visitor *visit, void *context)
{
    sw_slots own = {sw_of(&map->public_part), visit, context};
    sw_each_entry(own.m, visit_slots, &own);
}

void sw_string(const gomap *map, int part, const void *at, gomap_string *string)
{
    (void)map;
    (void)part;
    *string = gm_string_load(at);
}

uint64_t sw_string_bytes(const gomap *map) { return sw_of(map)->parts.string_bytes; }

int sw_write(gomap *map, const void *key, void *room, const void *value, const gomap *from)
{
    (void)key;
    return gm_parts_write(&sw_of(map)->map, &sw_of(map)->parts, room, value, from);
}

void sw_iterate(gomap_iter *iter)
{
    sw_map *m = sw_of(iter->map);
    sw_cursor *cursor = (sw_cursor *)(void *)iter->place;
    uint64_t random = gm_random(&m->random);
    cursor->first = (uint32_t)(random >> 32) & (uint32_t)(sw_places(m) - 1);
    cursor->offset = (uint32_t)random & (SW_GROUPS_MOST * SW_SLOTS - 1);
}
