/* swiss/kinds.h - the engine for one kind of key: SW_KIND makes its table. The kinds*.c do so, a group of kinds each.
 */
#ifndef GM_SWISS_KINDS_H
#define GM_SWISS_KINDS_H

#include "bulk.h"
#include "check.h"
#include "clone.h"
#include "erase.h"
#include "insert.h"
#include "iterate.h"
#include "plan.h"
#include "reserve.h"

/* clang-format off */
#define SW_KIND(kind, code, bytes, ref_)                                                                           \
    static const gm_kind sw_##kind = {code, bytes, ref_};                                                          \
    GM_KIND_FUNCTIONS(sw, kind)                                                                                    \
    GM_KIND_FUNCTION(int, sw, kind, make_room, (sw_map *m, sw_table *table), m, table)                             \
    static const sw_grower sw_##kind##_grower = {.make_room = sw_##kind##_make_room};                              \
    const gm_engine sw_##kind##_engine = {                                                                         \
        GM_KIND_TABLE(sw, kind, sw_##kind##_find),                                                                 \
        .id = GOMAP_SWISS,                                                                                         \
        .ref = ref_,                                                                                               \
        .iterate = sw_iterate,                                                                                     \
        .erase_any = sw_erase_any,                                                                                 \
        .write = sw_write,                                                                                         \
        .forget = sw_forget,                                                                                       \
        .copy = sw_copy,                                                                                           \
        .own = &sw_##kind##_grower,                                                                                \
    };
/* clang-format on */

extern const gm_engine sw_bits8_engine, sw_bits16_engine, sw_bits32_engine, sw_bits64_engine;
extern const gm_engine sw_float32_engine, sw_float64_engine;
extern const gm_engine sw_bytes_engine, sw_bytes16_engine, sw_bytes32_engine, sw_bytes_ref_engine;
extern const gm_engine sw_strings_engine, sw_structs_engine, sw_objects_engine;

#endif
