/* engine.h - what an engine provides: its operations for one kind of key, as a table of functions.
 *
 * An engine is a folder. Its files hold the algorithm as force-inlined functions of a constant gm_kind (kind.h); its
 * kinds*.c give them the constants, one table for every kind; its engine.c says which table a type has. engines.c has
 * the list of engines.
 *
 * From the function el_find and the kind bits64, GM_KIND_FUNCTIONS makes el_bits64_find. Macros make only these
 * wrappers, never an algorithm.
 */
#ifndef GM_ENGINE_H
#define GM_ENGINE_H

#include "gomap.h"
#include "platform.h"
#include "saving.h"

typedef struct gm_engine gm_engine;

/* Many keys, one behind another as gomap.h has them. */
typedef struct gm_keys {
    const unsigned char *at;
    size_t count;
    const unsigned char *absent; /* marks keys that are left out; NULL: none is */
    int padded;                  /* of each string sixteen bytes may be read, where it is shorter */
} gm_keys;

GM_INLINE int gm_keys_absent(const gm_keys *keys, size_t i) { return keys->absent && keys->absent[i]; }

struct gm_engine {
    gomap_engine public_part;
    int id;  /* GOMAP_GO ... */
    int ref; /* keys, or entries, stand in records */
    gomap *(*create)(const gm_engine *, const gomap_type *, size_t hint, uint64_t seed);
    void (*destroy)(gomap *);
    int (*next)(gomap_iter *, const void **key, const void **value);
    int (*any)(gomap *, const void **key, const void **value);
    void (*erase_any)(gomap *);
    int (*reserve)(gomap *, size_t count);
    void (*clear)(gomap *);
    size_t (*swap)(gomap *, gomap *); /* swaps the structs; returns their bytes */
    int (*write)(gomap *, const void *key, void *room, const void *value, const gomap *from); /* a value with strings */
    uint64_t (*string_bytes)(const gomap *);
    size_t (*find_many)(const gomap *, const gm_keys *, void **found);
    size_t (*put_many)(gomap *, const gm_keys *, void *values, size_t value_stride, gomap_writer *);
    size_t (*erase_many)(gomap *, const gm_keys *);
    void (*stats)(const gomap *, gomap_stats *);
    void (*walk)(const gomap *, size_t live[GOMAP_PURPOSES]);
    int (*check)(const gomap *, char *why, size_t size);
    int (*plan)(const gm_engine *, const gomap_type *, size_t count, int how, const gomap_lengths strings[GOMAP_PARTS],
                gomap_planned *);
    /* Where an engine has them; else NULL. */
    void (*iterate)(gomap_iter *);             /* sets the engine's place, of which all is 0 */
    void (*forget)(gomap *, const void *room); /* the new entry that a write failed for, which no look-up finds */
    int (*fill)(gomap *, size_t count);
    void (*compact)(gomap *);
    void (*iterated)(gomap *); /* the last iterator alive has ended */
    /* Snapshots (snapshot.h, saving.h). */
    int (*save)(const gomap *, gm_saving *); /* says which sections there are; 0: out of memory */
    size_t (*saved)(gm_saving *, const gomap_section *, uint64_t done, void *room, size_t most); /* the next bytes */
    int (*open)(gomap *, const gomap_snapshot *, char *why, size_t size); /* its regions lie in the sections */
    int (*is_lent)(const gomap *);                                        /* its regions lie in a snapshot */
    gomap *(*copy)(const gomap *);                       /* as it is; that of a lent one may not be sound */
    int (*sound)(const gomap *, char *why, size_t size); /* GOMAP_SNAPSHOT_GOOD: all that writing relies on holds */
    void (*settle)(gomap *);                             /* does what was put off */
    const void *own;                                     /* the engine's own functions for this kind */
};

GM_INLINE const gm_engine *gm_engine_of(const gomap *map) { return (const gm_engine *)(const void *)map->engine; }

/* The engine for a type's kind of key (engines.c). */
const gm_engine *gm_engine_for(int engine, const gomap_type *type);

/* For checks: formats the reason and returns -1. */
int gm_broken(char *why, size_t size, const char *format, ...);

/* ---- tables ---------------------------------------------------------------------------------------------- */

/* clang-format off */
/* One function of an engine, for a kind; the second for those that return nothing. */
#define GM_KIND_FUNCTION(result, engine, kind, name, parameters, ...)                                              \
    static result engine##_##kind##_##name parameters { return engine##_##name(__VA_ARGS__, engine##_##kind); }
#define GM_KIND_ACTION(engine, kind, name, parameters, ...)                                                        \
    static void engine##_##kind##_##name parameters { engine##_##name(__VA_ARGS__, engine##_##kind); }

/* Those that every engine has. */
#define GM_KIND_FUNCTIONS(engine, kind)                                                                            \
    GM_KIND_FUNCTION(void *, engine, kind, find, (const gomap *map, const void *key), map, key)                    \
    GM_KIND_FUNCTION(void *, engine, kind, assign, (gomap *map, const void *key, int *added), map, key, added)     \
    GM_KIND_FUNCTION(int, engine, kind, erase, (gomap *map, const void *key), map, key)                            \
    GM_KIND_FUNCTION(int, engine, kind, next, (gomap_iter *iter, const void **key, const void **value),            \
                     iter, key, value)                                                                             \
    GM_KIND_FUNCTION(int, engine, kind, any, (gomap *map, const void **key, const void **value), map, key, value)  \
    GM_KIND_FUNCTION(int, engine, kind, reserve, (gomap *map, size_t count), map, count)                           \
    GM_KIND_FUNCTION(size_t, engine, kind, find_many,                                                              \
                     (const gomap *map, const gm_keys *keys, void **found), map, keys, found)                      \
    GM_KIND_FUNCTION(size_t, engine, kind, put_many,                                                               \
                     (gomap *map, const gm_keys *keys, void *values, size_t stride, gomap_writer *w),              \
                     map, keys, values, stride, w)                                                                 \
    GM_KIND_FUNCTION(size_t, engine, kind, erase_many, (gomap *map, const gm_keys *keys), map, keys)               \
    GM_KIND_FUNCTION(int, engine, kind, check, (const gomap *map, char *why, size_t size), map, why, size)

/* The table's entries for these functions, and for those that are the same for every kind. `at_` is the function for
 * gomap_at. */
#define GM_KIND_TABLE(engine, kind, at_)                                                                           \
    .public_part = {.find = engine##_##kind##_find, .at = at_, .assign = engine##_##kind##_assign,                 \
                    .erase = engine##_##kind##_erase, .string = engine##_string},                                  \
    .create = engine##_create, .destroy = engine##_destroy,                                                        \
    .next = engine##_##kind##_next, .any = engine##_##kind##_any,                     \
    .reserve = engine##_##kind##_reserve, .clear = engine##_clear, .swap = engine##_swap,                          \
    .string_bytes = engine##_string_bytes, .find_many = engine##_##kind##_find_many,                               \
    .put_many = engine##_##kind##_put_many, .erase_many = engine##_##kind##_erase_many, .stats = engine##_stats,   \
    .walk = engine##_walk, .check = engine##_##kind##_check, .plan = engine##_plan
/* clang-format on */

#endif
