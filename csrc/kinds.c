/* kinds.c - every engine once for every kind of key, and the table that finds them.
 *
 * The engines are written once, as force-inlined functions of a constant gm_kind; here each is
 * given its constants. Only wrappers are made by macro, no algorithm is.
 */
#include "go/check.h"
#include "go/iter.h"

#include <stdint.h>

/* ---- Go's engine ---------------------------------------------------------------------------- */

static void go_destroy(gomap *map)
{
    gm_go *m = go_of(map);
    go_array_drop(m, &m->now, GOMAP_BUCKETS, m->mask + 1);
    go_array_drop(m, &m->old, GOMAP_OLD_BUCKETS, m->old_mask + 1);
    gm_map_destroy(&m->map, sizeof *m);
}

#define GO_ENGINE(name, ...)                                                                          \
    static const gm_kind name = {__VA_ARGS__};                                                        \
    static int name##_evacuate(gm_go *m, size_t index) { return go_evacuate(m, index, name); }        \
    static void *name##_find(const gomap *map, const void *key) { return go_find(map, key, name); }   \
    static void *name##_assign(gomap *map, const void *key, int *added)                               \
    { return go_assign(map, key, added, name##_evacuate, name); }                                     \
    static int name##_erase(gomap *map, const void *key)                                              \
    { return go_erase(map, key, name##_evacuate, name); }                                             \
    static int name##_next(gomap_iter *iter, const void **key, const void **value)                    \
    { return go_next(iter, key, value, name); }                                                       \
    static int name##_any(gomap *map, const void **key, const void **value)                           \
    { return go_any(map, key, value, name##_evacuate, name); }                                        \
    static int name##_reserve(gomap *map, size_t count) { return go_reserve(map, count, name); }      \
    static int name##_check(const gomap *map, char *why, size_t size)                                 \
    { return go_check(map, why, size, name); }                                                        \
    static const gomap_engine name##_engine = {                                                       \
        GOMAP_GO,     name##_find,  name##_assign, name##_erase, name##_next, name##_any,             \
        name##_reserve, go_iterate, go_erase_any,  go_clear,     go_destroy,  go_stats,   go_walk,    \
        name##_check,                                                                                 \
    };

GO_ENGINE(go_bits8, GM_BITS, 1)
GO_ENGINE(go_bits16, GM_BITS, 2)
GO_ENGINE(go_bits32, GM_BITS, 4)
GO_ENGINE(go_bits64, GM_BITS, 8)
GO_ENGINE(go_float32, GM_FLOAT32, 4)
GO_ENGINE(go_float64, GM_FLOAT64, 8)
GO_ENGINE(go_bytes16, GM_BYTES, 16)
GO_ENGINE(go_bytes32, GM_BYTES, 32)
GO_ENGINE(go_bytes, GM_BYTES, 0)
GO_ENGINE(go_bytes_ref, GM_BYTES_REF, 0)

static const gomap_engine *const engines[GOMAP_ENGINES][GOMAP_KEY_KINDS] = {
    [GOMAP_GO] = {
        [GOMAP_BITS8] = &go_bits8_engine,     [GOMAP_BITS16] = &go_bits16_engine,
        [GOMAP_BITS32] = &go_bits32_engine,   [GOMAP_BITS64] = &go_bits64_engine,
        [GOMAP_FLOAT32] = &go_float32_engine, [GOMAP_FLOAT64] = &go_float64_engine,
        [GOMAP_BYTES] = &go_bytes_engine,
    },
};

const gomap_engine *gm_engine_find(int engine, const gomap_type *type)
{
    if (type->key_kind == GOMAP_BYTES) { /* hashes and digests deserve their own */
        if (type->key_ref) return &go_bytes_ref_engine;
        if (type->key_size == 16) return &go_bytes16_engine;
        if (type->key_size == 32) return &go_bytes32_engine;
    }
    return engines[engine][type->key_kind];
}

gomap *gm_go_new(const gomap_engine *engine, const gomap_type *type, size_t hint, uint64_t seed)
{
    /* Go allocates a record from the size class its type fits. */
    gm_go *m = (gm_go *)gm_map_create(engine, type, sizeof *m, go_size_class(type->key_size),
                                      go_size_class(type->value_size), seed);
    if (m == NULL) return NULL;
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
