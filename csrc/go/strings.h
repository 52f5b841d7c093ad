/* go/strings.h - strings as Go has them: 16 bytes in the bucket, address and length, and a block for the bytes.
 *
 * The blocks are the map's own, as if nobody else had the strings that are in it. An empty string has none.
 */
#ifndef GM_GO_STRINGS_H
#define GM_GO_STRINGS_H

#include "array.h"

/* A copy of a string's bytes; 0 when there is no memory. */
int go_string_make(go_map *m, gomap_string *made, const gomap_string *from);

void go_string_release(go_map *m, const void *slot);

/* The strings of one entry, before it goes. */
void go_entry_release(go_map *m, unsigned char *bucket, unsigned slot);

/* Releases the strings of all entries, which are about to be dropped. */
void go_strings_release(go_map *m);

void go_string(const gomap *map, int part, const void *at, gomap_string *string);

uint64_t go_string_bytes(const gomap *map);

int go_write(gomap *map, const void *key, void *room, const gomap_string *string);

#endif
