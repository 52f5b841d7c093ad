/* go/kinds.h - the engine for one kind of key: GO_KIND makes its table. The kinds*.c do so, a group of kinds each. */
#ifndef GM_GO_KINDS_H
#define GM_GO_KINDS_H

#include "bulk.h"
#include "check.h"
#include "erase.h"
#include "insert.h"
#include "iterate.h"
#include "plan.h"
#include "reserve.h"

/* clang-format off */
#define GO_KIND(kind, code, bytes, ref_)                                                                           \
    static const gm_kind go_##kind = {code, bytes, ref_};                                                          \
    GM_KIND_FUNCTIONS(go, kind)                                                                                    \
    GM_KIND_FUNCTION(int, go, kind, evacuate, (go_map *m, size_t index), m, index)                                 \
    static const go_evacuator go_##kind##_evacuator = {.evacuate = go_##kind##_evacuate};                          \
    const gm_engine go_##kind##_engine = {                                                                         \
        GM_KIND_TABLE(go, kind, go_##kind##_find),                                                                 \
        .id = GOMAP_GO,                                                                                            \
        .ref = ref_,                                                                                               \
        .iterate = go_iterate,                                                                                     \
        .erase_any = go_erase_any,                                                                                 \
        .write = go_write,                                                                                         \
        .forget = go_forget,                                                                                       \
        .own = &go_##kind##_evacuator,                                                                             \
    };
/* clang-format on */

extern const gm_engine go_bits8_engine, go_bits16_engine, go_bits32_engine, go_bits64_engine;
extern const gm_engine go_float32_engine, go_float64_engine;
extern const gm_engine go_bytes_engine, go_bytes16_engine, go_bytes32_engine, go_bytes_ref_engine;
extern const gm_engine go_strings_engine, go_structs_engine, go_objects_engine;

#endif
