/* map.h - what every engine's map has in common, behind the public part of it. */
#ifndef GM_MAP_H
#define GM_MAP_H

#include "engine.h"
#include "hash.h"
#include "memory.h"
#include "store.h"

typedef struct gm_map {
    gomap public_part;
    gm_memory memory;
    gm_seed seed;
    uint32_t epoch;     /* iterators of another epoch have ended */
    uint32_t iterators; /* alive, of this epoch */
} gm_map;

/* From the part the interface shows to the whole. */
GM_INLINE gm_map *gm_map_of(const gomap *map) { return (gm_map *)(uintptr_t)map; }

/* Before an insertion: the iterators alive find at their next step that they have ended. */
GM_INLINE void gm_end_iterators(gm_map *map)
{
    if (GM_UNLIKELY(map->iterators)) {
        map->iterators = 0;
        map->epoch++;
    }
}

/* Makes an engine's map: its struct, zeroed, with the common part filled in. The seed is drawn from
 * *random. */
gm_map *gm_map_create(const gm_engine *engine, const gomap_type *type, size_t struct_bytes, uint64_t *random);
void gm_map_destroy(gm_map *map, size_t struct_bytes);

/* Puts a value as the caller passes it, or, with `from`, as it stands in an entry of that map. As gomap_put. */
void *gm_put(gomap *map, const void *key, const void *value, const gomap *from, int *added);

/* Whether a map lies in a snapshot, whose bytes may change at any time. */
int gm_is_lent(const gomap *map);

/* An entry's key in memory of its own, in the form in which it is passed. What is put is hashed first and copied later,
 * and both must be of the same bytes. */
typedef struct gm_own_key {
    gm_memory memory;
    unsigned char *at; /* of a key's text, or a long key */
    size_t room;
    gomap_key key;
} gm_own_key;
/* From all zeros on; one key after the other. NULL: out of memory. */
const void *gm_own_key_of(gm_own_key *own, const gomap *map, const void *at);
void gm_own_key_end(gm_own_key *own);

/* Puts the entries of an iteration into another map of the same types, and ends it. -1: out of memory; some have been
 * put. */
int gm_merge(gomap *map, gomap_iter *source);

/* As gomap_code_many; a key that is left out gets no code. Returns how many keys it came by. */
size_t gm_code_many(gomap *map, const gm_keys *keys, int64_t *codes);

#endif
