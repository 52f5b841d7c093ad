/* entries.h - all of a map's entries in the order of an iteration: copied to arrays, and erased where they are marked.
 *
 * A second iteration in the order of a first one (gomap_iter_again) finds the entries that the first has passed, as
 * long as the map is not written to between its beginning and its end. So an entry is known by its place in the order:
 * bit i marks entry i. */
#ifndef GOMAP_ENTRIES_H
#define GOMAP_ENTRIES_H

#include "gomap.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The keys and values of the next entries, `most` of them, to arrays; values may be NULL. Their sizes are
 * fixed. Returns how many. */
size_t gomap_entries_copy(gomap_iter *iter, size_t most, char *keys, char *values);

/* Marks for a piece: bit begin + i where marks[i] is not 0. Returns how many. */
size_t gomap_entries_mark(unsigned char *bits, size_t begin, const char *marks, size_t count);

/* Erases the entries that are marked, of the `count` entries of an iteration. Returns how many: the rest are NaN keys
 * of Go's engine, which no look-up finds. Keys are no objects. */
size_t gomap_entries_erase(gomap_iter *iter, const unsigned char *bits, size_t count);

static inline int gomap_entry_is_marked(const unsigned char *bits, size_t i) { return bits[i / 8] >> (i % 8) & 1; }

#ifdef __cplusplus
}
#endif
#endif
