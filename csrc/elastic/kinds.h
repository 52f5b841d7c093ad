/* elastic/kinds.h - the engine for one kind of key: EL_KIND makes its table. The kinds*.c do so, a group of kinds
 * each. */
#ifndef GM_ELASTIC_KINDS_H
#define GM_ELASTIC_KINDS_H

#include "bulk.h"
#include "check.h"
#include "clone.h"
#include "erase.h"
#include "place.h"
#include "plan.h"
#include "snapshot.h"

/* clang-format off */
#define EL_KIND(kind, code, bytes, ref_)                                                                           \
    static const gm_kind el_##kind = {code, bytes, ref_};                                                          \
    GM_KIND_FUNCTIONS(el, kind)                                                                                    \
    GM_KIND_FUNCTION(void *, el, kind, at, (const gomap *map, const void *key), map, key)                          \
    GM_KIND_FUNCTION(int, el, kind, write,                                                                         \
                     (gomap *map, const void *key, void *room, const void *value, const gomap *from),              \
                     map, key, room, value, from)                                                                  \
    GM_KIND_FUNCTION(int, el, kind, fill, (gomap *map, size_t count), map, count)                                  \
    GM_KIND_FUNCTION(gomap *, el, kind, copy, (const gomap *map), map)                                             \
    GM_KIND_FUNCTION(int, el, kind, sound, (const gomap *map, char *why, size_t size), map, why, size)             \
    GM_KIND_ACTION(el, kind, settle_copy, (gomap *map), map)                                                       \
    GM_KIND_ACTION(el, kind, erase_any, (gomap *map), map)                                                         \
    GM_KIND_ACTION(el, kind, compact, (gomap *map), map)                                                           \
    GM_KIND_ACTION(el, kind, iterated, (gomap *map), map)                                                          \
    GM_KIND_FUNCTION(uint64_t, el, kind, displace, (el_map *m, uint32_t first, uint32_t second), m, first, second) \
    GM_KIND_FUNCTION(int, el, kind, split, (el_map *m, uint32_t buckets), m, buckets)                              \
    GM_KIND_FUNCTION(int, el, kind, merge, (el_map *m), m)                                                         \
    GM_KIND_ACTION(el, kind, drain, (el_map *m), m)                                                                \
    GM_KIND_ACTION(el, kind, fill_gaps, (el_map *m), m)                                                            \
    GM_KIND_FUNCTION(size_t, el, kind, locate_place, (const el_map *m, const void *key, el_sought *sought),        \
                     m, key, sought)                                                                               \
    GM_KIND_ACTION(el, kind, locate_many,                                                                          \
                   (const el_map *m, const gm_keys *keys, void **found, size_t *places), m, keys, found, places)   \
    GM_KIND_ACTION(el, kind, ask_many, (const el_map *m, const gm_keys *keys), m, keys)                            \
    GM_KIND_FUNCTION(void *, el, kind, insert_sought, (el_map *m, const el_sought *sought), m, sought)             \
    GM_KIND_ACTION(el, kind, place_remove, (el_map *m, size_t place), m, place)                                    \
    GM_KIND_FUNCTION(uint64_t, el, kind, place_take, (el_map *m, size_t place), m, place)                          \
    static const el_resizer el_##kind##_resizer = {.displace = el_##kind##_displace, .split = el_##kind##_split,   \
                                                   .merge = el_##kind##_merge, .drain = el_##kind##_drain,         \
                                                   .fill_gaps = el_##kind##_fill_gaps,                             \
                                                   .locate = el_##kind##_locate_place,                             \
                                                   .locate_many = el_##kind##_locate_many,                         \
                                                   .ask_many = el_##kind##_ask_many,                               \
                                                   .insert = el_##kind##_insert_sought,                            \
                                                   .remove = el_##kind##_place_remove,                             \
                                                   .take = el_##kind##_place_take};                                \
    const gm_engine el_##kind##_engine = {                                                                         \
        GM_KIND_TABLE(el, kind, el_##kind##_at),                                                                   \
        .id = GOMAP_ELASTIC,                                                                                       \
        .ref = ref_,                                                                                               \
        .erase_any = el_##kind##_erase_any,                                                                        \
        .write = el_##kind##_write,                                                                                \
        .fill = el_##kind##_fill,                                                                                  \
        .compact = el_##kind##_compact,                                                                            \
        .iterate = el_iterate,                                                                                     \
        .iterated = el_##kind##_iterated,                                                                          \
        .save = el_save,                                                                                           \
        .saved = el_saved,                                                                                         \
        .open = el_open,                                                                                           \
        .is_lent = el_map_is_lent,                                                                                 \
        .copy = el_##kind##_copy,                                                                                  \
        .sound = el_##kind##_sound,                                                                                \
        .settle = el_##kind##_settle_copy,                                                                          \
        .own = &el_##kind##_resizer,                                                                               \
    };
/* clang-format on */

extern const gm_engine el_bits8_engine, el_bits16_engine, el_bits32_engine, el_bits64_engine;
extern const gm_engine el_float32_engine, el_float64_engine;
extern const gm_engine el_bytes_engine, el_bytes16_engine, el_bytes32_engine;
extern const gm_engine el_strings_engine, el_structs_engine, el_objects_engine;
extern const gm_engine el_bits32_ref_engine, el_bits64_ref_engine, el_float32_ref_engine, el_float64_ref_engine;
extern const gm_engine el_bytes_ref_engine, el_strings_ref_engine, el_structs_ref_engine, el_objects_ref_engine;

#endif
