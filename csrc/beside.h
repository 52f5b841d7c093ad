/* beside.h - one thread changes single entries while others look keys up. There are no threads and no locks here: the
 * caller has them.
 *
 *     gomap_versions *versions = calloc(1, gomap_versions_bytes(map));  // for one map, which may grow and shrink on
 *     gomap_versions_begin(versions, map);
 *     gomap_beside_put(map, versions, &key, &value)                     // the one that writes
 *     gomap_beside_find(map, versions, &key, value)                     // any others, at the same time
 *
 * While these functions are at work, nobody may change the map in any other way, and only one thread at a time may put or
 * erase. What they cannot do by themselves they refuse, and have changed nothing: then the caller sends the readers away
 * and calls gomap_put or gomap_erase.
 *
 * Buckets have versions: sequence locks (Lameter 2005; with C11's memory model Boehm 2012), many buckets to a version.
 * elastic/beside.h says how.
 */
#ifndef GM_BESIDE_H
#define GM_BESIDE_H

#include "gomap.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct gomap_versions {
    uint64_t displaced; /* entries, since the map's own count of them was last brought up to date */
    uint32_t mask;      /* how many versions there are, less one */
    char apart[64];
    uint64_t of[]; /* odd: a bucket of this version is being changed */
} gomap_versions;

/* Whether a map of this type can: entries stand in the slots of an elastic map, keys are numbers, bytes or strings, and
 * values have no strings. */
int gomap_beside_can(int engine, const gomap_type *type);

/* What the versions of a map take, about a hundredth of a large one; and their number, for zeroed memory of that size. */
size_t gomap_versions_bytes(const gomap *map);
void gomap_versions_begin(gomap_versions *versions, const gomap *map);

/* The most bytes of a value of such a map. */
#define GOMAP_BESIDE_VALUE 64u

/* 1: the key is there, and its value was copied; 0: it is not; -1: a writer came between again and again. */
int gomap_beside_find(const gomap *map, const gomap_versions *versions, const void *key, void *value);

/* 1: the key has this value; 0: refused. What has to be done first: a bucket is split, iterators end, a long string is
 * kept, or an entry finds no room in any bucket. */
int gomap_beside_put(gomap *map, gomap_versions *versions, const void *key, const void *value);

/* 1: the key was there and is gone; 0: it was not there; -1: refused. */
int gomap_beside_erase(gomap *map, gomap_versions *versions, const void *key);

#ifdef __cplusplus
}
#endif
#endif
