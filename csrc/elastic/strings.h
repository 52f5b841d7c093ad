/* elastic/strings.h - strings in entries: looking for them, keeping the string region dense, writing values.
 *
 * Every long string of the region is named by one image, in a key or a value. When a string is removed, the last string
 * of its class moves into the gap (string_region.h). The entry that owns the moved string is found by its hash, which
 * is stored before the string, and its image gets the new number. Entries do not move, so this may happen while an
 * iterator is alive.
 */
#ifndef GM_ELASTIC_STRINGS_H
#define GM_ELASTIC_STRINGS_H

#include "layout.h"

/* A key as it is looked for: as it was given, or in here. */
typedef union el_key {
    uint64_t word;
    gm_string string;
} el_key;

/* NULL for a string longer than any. */
GM_INLINE const void *el_key_make(const el_map *m, const void *key, el_key *room, gm_kind kind)
{
    if (kind.code != GM_IMAGES) return gm_key_canonical(key, &room->word, kind);
    return gm_string_make(&room->string, key, m->map.seed) ? room : NULL;
}

/* The image that names this string, of an entry of this hash; NULL when none does. */
unsigned char *el_string_owner(const el_map *m, int part, unsigned size_class, uint32_t number, uint64_t hash);

/* A new key's string into the region, when it is long; 0 when there is no memory. */
int el_string_keep(el_map *m, gm_string *key, uint64_t hash);

/* Takes the string out of the region again. It must be the last one kept, or not kept at all. */
void el_string_drop(el_map *m, gm_string *key);

/* An entry's images, before it goes; an empty one for what is no string. */
void el_string_take(const el_map *m, unsigned char *slot, unsigned char images[GOMAP_PARTS][GM_IMAGE]);

/* Frees the strings of these images, after the entry was erased. */
void el_string_give_back(el_map *m, unsigned char images[GOMAP_PARTS][GM_IMAGE]);

void el_string(const gomap *map, int part, const void *at, gomap_string *string);

uint64_t el_string_bytes(const gomap *map);

/* Writes a string value into the room of an entry of this hash; 0 when there is no memory, and it is as it was. */
int el_string_write(el_map *m, uint64_t hash, unsigned char *room, const gomap_string *string);

#endif
