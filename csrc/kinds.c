/* kinds.c - every engine once for every kind of key, and the table that finds them.
 *
 * The engines are written once, as force-inlined functions of a constant gm_kind; here each is
 * given its constants. Only wrappers are made by macro, no algorithm is.
 */
#include "elastic/bulk.h"
#include "elastic/check.h"
#include "elastic/clone.h"
#include "elastic/erase.h"
#include "go/bulk.h"
#include "go/check.h"
#include "go/erase.h"
#include "go/insert.h"
#include "go/iterate.h"
#include "go/reserve.h"

/* ---- Go's engine ---------------------------------------------------------------------------- */

static void go_destroy(gomap *map)
{
    go_map *m = go_of(map);
    go_strings_release(m);
    go_array_drop(m, &m->now, GOMAP_BUCKETS, m->mask + 1);
    go_array_drop(m, &m->old, GOMAP_OLD_BUCKETS, m->old_mask + 1);
    gm_store_clear(&m->keys, &m->map.memory);
    gm_store_clear(&m->values, &m->map.memory);
    gm_map_destroy(&m->map, sizeof *m);
}

#define GO_ENGINE(name, code, bytes, ref)                                                               \
    static const gm_kind name = {code, bytes, ref};                                                     \
    static int name##_evacuate(go_map *m, size_t index) { return go_evacuate(m, index, name); }          \
    static void *name##_find(const gomap *map, const void *key) { return go_find(map, key, name); }     \
    static void *name##_assign(gomap *map, const void *key, int *added)                                 \
    { return go_assign(map, key, added, name##_evacuate, name); }                                       \
    static int name##_erase(gomap *map, const void *key)                                                \
    { return go_erase(map, key, name##_evacuate, name); }                                               \
    static int name##_next(gomap_iter *iter, const void **key, const void **value)                      \
    { return go_next(iter, key, value, name); }                                                         \
    static int name##_any(gomap *map, const void **key, const void **value)                             \
    { return go_any(map, key, value, name##_evacuate, name); }                                          \
    static int name##_reserve(gomap *map, size_t count) { return go_reserve(map, count, name); }        \
    static int name##_check(const gomap *map, char *why, size_t size)                                   \
    { return go_check(map, why, size, name); }                                                          \
    static size_t name##_find_many(const gomap *map, const void *keys, size_t count, void **found)      \
    { return go_find_many(map, keys, count, found, name); }                                             \
    static size_t name##_put_many(gomap *map, const void *keys, size_t count, void *values,             \
                                  size_t stride, gomap_writer *writer)                                  \
    { return go_put_many(map, keys, count, values, stride, writer, name); }                             \
    static size_t name##_erase_many(gomap *map, const void *keys, size_t count)                         \
    { return go_erase_many(map, keys, count, name); }                                                   \
    static const gomap_engine name##_engine = {                                                         \
        GOMAP_GO, ref, name##_find, name##_find, name##_assign, name##_erase, name##_next, name##_any,  \
        name##_reserve, go_iterate, go_erase_any, go_clear, go_destroy, go_stats, go_walk,              \
        name##_check, go_string, go_write, go_forget, go_string_bytes, go_swap, name##_find_many,       \
        name##_put_many, name##_erase_many, NULL, NULL, NULL, NULL, NULL,                               \
    };

/* ---- the elastic engine --------------------------------------------------------------------- */

static void el_destroy(gomap *map)
{
    el_clear(map);
    gm_map_destroy(gm_map_of(map), el_struct_bytes(map));
}

#define ELASTIC_ENGINE(name, code, bytes, ref)                                                          \
    static const gm_kind name = {code, bytes, ref};                                                     \
    static uint64_t name##_displace(el_map *m, uint32_t first, uint32_t second)                     \
    { return el_displace(m, first, second, name); }                                                     \
    static int name##_split(el_map *m, uint32_t buckets) { return el_split(m, buckets, name); }     \
    static int name##_merge(el_map *m) { return el_merge(m, name); }                                \
    static void name##_drain(el_map *m) { el_overflow_drain(m, name); }                             \
    static int name##_write(gomap *map, const void *key, void *room, const gomap_string *string)        \
    { return el_write(map, key, room, string, name); }                                                  \
    static const el_resizer name##_resizer = {                                                          \
        name##_displace, name##_split, name##_merge, name##_drain                                       \
    };                                                                                                  \
    static void *name##_find(const gomap *map, const void *key) { return el_find(map, key, 0, name); }  \
    static void *name##_at(const gomap *map, const void *key) { return el_find(map, key, 1, name); }    \
    static void *name##_assign(gomap *map, const void *key, int *added)                                 \
    { return el_assign(map, key, added, name); }                                                        \
    static int name##_erase(gomap *map, const void *key) { return el_erase(map, key, name); }           \
    static int name##_next(gomap_iter *iter, const void **key, const void **value)                      \
    { return el_next(iter, key, value, name); }                                                         \
    static int name##_any(gomap *map, const void **key, const void **value)                             \
    { el_place place; return el_any(map, key, value, &place, name); }                                   \
    static void name##_erase_any(gomap *map) { el_erase_any(map, name); }                               \
    static int name##_reserve(gomap *map, size_t count) { return el_reserve(map, count, name); }        \
    static int name##_check(const gomap *map, char *why, size_t size)                                   \
    { return el_check(map, why, size, name); }                                                          \
    static size_t name##_find_many(const gomap *map, const void *keys, size_t count, void **found)      \
    { return el_find_many(map, keys, count, found, name); }                                             \
    static size_t name##_put_many(gomap *map, const void *keys, size_t count, void *values,             \
                                  size_t stride, gomap_writer *writer)                                  \
    { return el_put_many(map, keys, count, values, stride, writer, name); }                             \
    static size_t name##_erase_many(gomap *map, const void *keys, size_t count)                         \
    { return el_erase_many(map, keys, count, name); }                                                   \
    static int name##_fill(gomap *map, size_t count) { return el_fill(map, count, name); }        \
    static gomap *name##_clone(const gomap *map) { return el_clone(map, name); }                        \
    static void name##_compact(gomap *map) { el_compact(map, name); }                                   \
    static void name##_iterated(gomap *map) { el_iterated(map, name); }                                 \
    static const gomap_engine name##_engine = {                                                         \
        GOMAP_ELASTIC, ref, name##_find, name##_at, name##_assign, name##_erase, name##_next,           \
        name##_any, name##_reserve, el_iterate, name##_erase_any, el_clear, el_destroy, el_stats,       \
        el_walk, name##_check, el_string, name##_write, NULL, el_string_bytes, el_swap,                 \
        name##_find_many, name##_put_many, name##_erase_many, name##_fill, name##_clone,                \
        name##_compact, name##_iterated, &name##_resizer,                                               \
    };

/* ---- both, for every kind ------------------------------------------------------------------- */

#define ENGINES(kind, code, bytes, ref)                                                                 \
    GO_ENGINE(go_##kind, code, bytes, ref)                                                              \
    ELASTIC_ENGINE(el_##kind, code, bytes, ref)

ENGINES(bits8, GM_BITS, 1, 0)
ENGINES(bits16, GM_BITS, 2, 0)
ENGINES(bits32, GM_BITS, 4, 0)
ENGINES(bits64, GM_BITS, 8, 0)
ENGINES(float32, GM_FLOAT32, 4, 0)
ENGINES(float64, GM_FLOAT64, 8, 0)
ENGINES(bytes, GM_BYTES, 0, 0)
ENGINES(bytes16, GM_BYTES, 16, 0) /* hashes and digests deserve their own */
ENGINES(bytes32, GM_BYTES, 32, 0)
ENGINES(bytes_ref, GM_BYTES, 0, 1)
GO_ENGINE(go_strings, GM_STRINGS, 16, 0)
ELASTIC_ENGINE(el_images, GM_IMAGES, 16, 0)
ENGINES(objects, GM_OBJECTS, 16, 0)
ELASTIC_ENGINE(el_images_ref, GM_IMAGES, 16, 1)
ELASTIC_ENGINE(el_objects_ref, GM_OBJECTS, 16, 1)
ELASTIC_ENGINE(el_bits32_ref, GM_BITS, 4, 1)
ELASTIC_ENGINE(el_bits64_ref, GM_BITS, 8, 1)
ELASTIC_ENGINE(el_float32_ref, GM_FLOAT32, 4, 1)
ELASTIC_ENGINE(el_float64_ref, GM_FLOAT64, 8, 1)

enum { BYTES16 = GOMAP_KEY_KINDS, BYTES32, KINDS };

/* By engine, whether slots hold numbers, and kind. */
static const gomap_engine *const engines[GOMAP_ENGINES][2][KINDS] = {
    [GOMAP_GO] = {
        {&go_bits8_engine, &go_bits16_engine, &go_bits32_engine, &go_bits64_engine, &go_float32_engine,
         &go_float64_engine, &go_bytes_engine, &go_strings_engine, &go_objects_engine, &go_bytes16_engine, &go_bytes32_engine},
        {[GOMAP_BYTES] = &go_bytes_ref_engine},
    },
    [GOMAP_ELASTIC] = {
        {&el_bits8_engine, &el_bits16_engine, &el_bits32_engine, &el_bits64_engine, &el_float32_engine,
         &el_float64_engine, &el_bytes_engine, &el_images_engine, &el_objects_engine, &el_bytes16_engine, &el_bytes32_engine},
        {&el_bytes_ref_engine, &el_bytes_ref_engine, &el_bits32_ref_engine, &el_bits64_ref_engine,
         &el_float32_ref_engine, &el_float64_ref_engine, &el_bytes_ref_engine, &el_images_ref_engine,
         &el_objects_ref_engine, &el_bytes_ref_engine, &el_bytes_ref_engine},
    },
};

static int el_is_ref(const gomap_type *type)
{
    return type->key_ref || type->value_ref || type->key_size + type->value_size > EL_INLINE_MAX;
}

const gomap_engine *gm_engine_find(int engine, const gomap_type *type)
{
    int ref = engine == GOMAP_GO ? type->key_ref : el_is_ref(type), kind = type->key_kind;
    if (kind == GOMAP_BYTES && !ref) kind = type->key_size == 16 ? BYTES16 : type->key_size == 32 ? BYTES32 : kind;
    return engines[engine][ref][kind];
}

gomap *gm_go_new(const gomap_engine *engine, const gomap_type *type, size_t hint, uint64_t seed)
{
    uint64_t random = seed;
    go_map *m = (go_map *)gm_map_create(engine, type, sizeof *m, &random);
    if (m == NULL) return NULL;
    m->random = random;
    m->purposes.live[GOMAP_HEADER] = m->purposes.peak[GOMAP_HEADER] = m->map.memory.total;
    m->map.memory.purposes = &m->purposes;
    /* Go allocates a record from the size class its type fits. */
    m->keys.stride = (uint32_t)go_size_class(type->key_size);
    m->values.stride = (uint32_t)go_size_class(type->value_size);
    m->keys.purpose = m->values.purpose = GOMAP_RECORDS;
    m->key_string = type->key_kind == GOMAP_STRING;
    m->value_string = type->value_string;
    m->key_ref = type->key_ref;
    m->value_ref = type->value_ref;
    m->key_slot = type->key_ref ? GO_REFERENCE : type->key_size;
    m->value_slot = type->value_ref ? GO_REFERENCE : type->value_size;
    m->values_at = GO_KEYS + GO_SLOTS * m->key_slot;
    m->overflow_at = m->values_at + GO_SLOTS * m->value_slot;
    m->bucket_bytes = m->overflow_at + 8;
    go_set_B(m, 0);
    /* With B = 0 the bucket waits for the first assignment, as in Go. */
    unsigned B = go_B_for(hint);
    if (B > 0 && B < 64 && go_array_make(m, &m->now, B)) go_set_B(m, B);
    return &m->map.public_part;
}

gomap *gm_elastic_new(const gomap_engine *engine, const gomap_type *type, size_t hint, uint64_t seed)
{
    uint64_t random = seed;
    const gomap plan = {engine, type, 0};
    el_map *m = (el_map *)gm_map_create(engine, type, el_struct_bytes(&plan), &random);
    if (m == NULL) return NULL;
    uint32_t entry = type->key_size + type->value_size;
    m->value_at = type->key_size;
    m->slot_bytes = engine->ref ? 4 : (uint16_t)entry;
    if (type->value_string) m->string_values = 1;
    m->most = engine->ref || (entry > 8 && entry <= 32) ? EL_GROW_EIGHTHS : EL_GROW_EIGHTHS_DENSE;
    if (engine->ref) {
        m->records.purpose = GOMAP_RECORDS;
        m->records.stride = entry < 4 ? 4 : entry;
    }
    if (hint) (void)engine->reserve(&m->map.public_part, hint); /* only a hint */
    return &m->map.public_part;
}
