/* snapshots.h - maps saved into memory and opened from it, for the tests and the fuzzer. */
#ifndef SNAPSHOTS_H
#define SNAPSHOTS_H

#include "maps.h"

#include "snapshot.h"

typedef struct saved {
    unsigned char *at;
    size_t bytes;
} saved;

/* A map as a snapshot, in pieces of so many bytes; NULL when an armed allocation fails. */
static inline saved snapshot_of(const gomap *map, const char *name, size_t piece)
{
    enum { MADE_BY = 7 };
    saved made = {NULL, 0};
    gomap_saver *saver = gomap_save_begin(map, name, (uint32_t)strlen(name), "value", 5, MADE_BY);
    if (saver == NULL) return made;
    size_t head = gomap_save_head_bytes(saver), at = head, some;
    unsigned char *room = test_alloc(1, piece);
    made.bytes = (size_t)gomap_save_bytes(saver);
    made.at = test_alloc(1, made.bytes);
    memset(made.at, 0xa5, made.bytes);
    while ((some = gomap_save_next(saver, room, piece)) > 0) {
        CHECK(some <= piece && some <= made.bytes - at);
        memcpy(made.at + at, room, some);
        at += some;
    }
    CHECK_EQ(at, made.bytes);
    gomap_save_head(saver, made.at);
    gomap_save_end(saver);
    free(room);
    return made;
}

/* Reads a snapshot and opens it; *map is NULL where that is refused. */
static inline int snapshot_open(gomap **map, gomap_snapshot *snapshot, const void *at, size_t bytes,
                                const gomap_type *type, char *why, size_t size)
{
    *map = NULL;
    int code = gomap_snapshot_read(snapshot, at, bytes, why, size);
    return code == GOMAP_SNAPSHOT_GOOD ? gomap_snapshot_open(map, snapshot, type, why, size) : code;
}

/* Which test types a snapshot can be of. */
static inline int snapshot_can_be(const test_type *type) { return type->key_kind != GOMAP_OBJECT; }

#endif
