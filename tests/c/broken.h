/* broken.h - breaking a map's invariants by hand. */
#ifndef BROKEN_H
#define BROKEN_H

#include "maps.h"

/* Overwrites an object of the map for a moment: gomap_check must name the invariant. */
static inline void broken_by(gomap *map, void *object, const void *wrong, size_t size, const char *invariant, int line)
{
    unsigned char right[64];
    char why[256] = "";
    CHECK(size <= sizeof right);
    CHECK_MAP(map);
    memcpy(right, object, size);
    CHECK(memcmp(right, wrong, size) != 0);
    memcpy(object, wrong, size);
    int result = gomap_check(map, why, sizeof why);
    memcpy(object, right, size);
    CHECK_MAP(map);
    if (result != -1 || strncmp(why, invariant, strlen(invariant)) != 0 || why[strlen(invariant)] != ':') {
        fprintf(stderr, "line %d: expected -1 and %s, got %d and \"%s\"\n", line, invariant, result, why);
        exit(1);
    }
}

#define BROKEN_BY(invariant, map, object, ...)                                                                         \
    do {                                                                                                               \
        __typeof__(object) wrong_ = (__VA_ARGS__);                                                                     \
        broken_by(map, &(object), &wrong_, sizeof wrong_, invariant, __LINE__);                                        \
    } while (0)

#endif
