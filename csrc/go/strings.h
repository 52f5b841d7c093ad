/* go/strings.h - strings as Go has them: 16 bytes in the bucket, address and length, and a block for the bytes.
 *
 * They stand at their places in a key or value (gomap_places). The blocks are the map's own, as if nobody else had the
 * strings that are in it. An empty string has none.
 */
#ifndef GM_GO_STRINGS_H
#define GM_GO_STRINGS_H

#include "array.h"

/* The most strings of a key. */
enum { GO_KEY_STRINGS = GOMAP_INLINE_MAX / GOMAP_STRING_SIZE };

/* Copies of the strings of a key or value, which stands at `bytes` as it is passed, or in an entry of `from`. 0: there
 * is no memory, and no copy. */
int go_strings_make(go_map *m, int part, gomap_string *made, const unsigned char *bytes, const gomap *from);

/* Releases copies that are in no entry. */
void go_strings_drop(go_map *m, int part, const gomap_string *made);

/* The bytes of a key or value into an entry, with these strings at their places. */
void go_strings_place(go_map *m, int part, unsigned char *to, const unsigned char *bytes, const gomap_string *made);

/* The strings of one entry, before it goes. */
void go_entry_release(go_map *m, unsigned char *bucket, unsigned slot);

/* Releases the strings of all entries, which are about to be dropped. */
void go_strings_release(go_map *m);

void go_string(const gomap *map, int part, const void *at, gomap_string *string);

uint64_t go_string_bytes(const gomap *map);

int go_write(gomap *map, const void *key, void *room, const void *value, const gomap *from);

#endif
