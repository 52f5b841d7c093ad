/* groups.h - values by key, in one array: the values of a key stand together, and groups one behind another.
 *
 *     keys      b  a  b  c  a  b            a map numbers the keys: b 0, a 1, c 2
 *     offsets   0        3     5  6         group g is from offset g to offset g + 1
 *     values    0  2  5 | 1  4 | 3          here the places of the keys
 *
 * The keys are numbered in one pass, counted in a second one, and the values placed in a third. Offsets are of 4 or 8
 * bytes (`width`). */
#ifndef GOMAP_GROUPS_H
#define GOMAP_GROUPS_H

#include "columns.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Numbers keys in the order in which they first come; the map's values are the numbers, of 4 bytes. Returns as the
 * functions of columns.h do. */
size_t gomap_column_number(gomap *map, gomap_column *keys, uint32_t *numbers, size_t begin, size_t most);

/* Counts the numbers of a piece. Before the first piece the offsets, one more than groups, are zeros. */
void gomap_groups_count(void *offsets, int width, const uint32_t *numbers, size_t count);

/* From counts to where each group begins. */
void gomap_groups_lay_out(void *offsets, int width, size_t groups);

/* Places the values of keys begin to begin + most, each behind those of its group that came before; values == NULL: the
 * places of the keys themselves, in `size` bytes, 4 or 8. Returns as the functions of columns.h do. */
size_t gomap_groups_place(void *offsets, int width, const uint32_t *numbers, gomap_column *values, size_t size,
                          char *to, size_t begin, size_t most);

/* After the last piece: where each group begins again, which placing moved on. */
void gomap_groups_finish(void *offsets, int width, size_t groups);

/* The groups of numbers, one behind another: where each is to begin, and after the last the end; then the values. A
 * number that is no group's has no values. */
void gomap_groups_measure(const void *offsets, int width, size_t groups, const uint32_t *numbers, size_t count,
                          uint64_t *begins);
void gomap_groups_gather(const void *offsets, int width, size_t groups, const char *values, size_t size,
                         const uint32_t *numbers, size_t count, char *to);

#ifdef __cplusplus
}
#endif
#endif
