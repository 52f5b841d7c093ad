/* elastic/strings.h - strings in entries: looking for them, keeping the string region dense, writing values.
 *
 * Every long string of the region is named by one image, in a key or a value; a struct has an image at each of its
 * places (gomap_places). When a string is removed, the last string of its class moves into the gap (string_region.h).
 * The entry that owns the moved string is found by its hash, which is stored before the string, and the one of its
 * images that names the string gets the new number. Entries do not move, so this may happen while an iterator is alive.
 *
 *     a new entry or value   keep: long strings into the region, images aside | place: the images into the entry
 *     an old one             release: each image is emptied in the entry, then its string leaves the region
 *
 * Only keep can fail, and then it gives back what it has kept. A value is overwritten in the order keep, release,
 * place; so while a string is released, the images that are kept but not placed are looked through too.
 */
#ifndef GM_ELASTIC_STRINGS_H
#define GM_ELASTIC_STRINGS_H

#include "layout.h"

/* A key as it is looked for: as it was given, or in here. */
typedef union el_key {
    uint64_t word;
    gm_string string;
} el_key;

/* The images of one key's or value's strings, in the order of their places. */
typedef struct el_images {
    unsigned char at[GOMAP_STRINGS_MOST][GM_IMAGE];
} el_images;

/* NULL for a string longer than any. */
GM_INLINE const void *el_key_make(const el_map *m, const void *key, el_key *room, gm_kind kind)
{
    if (kind.code == GM_IMAGE_STRUCTS) return gm_struct_fits(m->map.public_part.type, key) ? key : NULL;
    if (kind.code != GM_IMAGES) return gm_key_canonical(key, &room->word, kind);
    return gm_string_make(&room->string, key, m->map.seed) ? room : NULL;
}

/* The hash of a key that el_key_make has made; gm_key_hash is that of a key in an entry. */
GM_INLINE uint64_t el_key_hash(const el_map *m, const void *key, gm_kind kind)
{
    if (kind.code == GM_IMAGE_STRUCTS) return gm_struct_hash(m->map.public_part.type, key, m->map.seed, GM_TO_IMAGES);
    return gm_key_hash(&m->map, key, kind);
}

/* The image that names this string, of an entry of this hash; NULL when none does. */
unsigned char *el_string_owner(const el_map *m, int part, unsigned size_class, uint32_t number, uint64_t hash);

/* A string of an entry of this hash into the region, when it is long, with the number that its image gets, else 0.
 * Returns 0 when there is no memory. */
int el_string_keep(el_map *m, int part, const gm_string *string, uint64_t hash, uint32_t *number);
/* Takes the string out of the region again, which was the last one kept. */
void el_string_drop(el_map *m, int part, const unsigned char *image);

/* The same for all strings of a key or value, which stands at `bytes` as it is passed, or in an entry of `from`. */
int el_strings_keep(el_map *m, int part, const unsigned char *bytes, const gomap *from, uint64_t hash,
                    el_images *images);
void el_strings_drop(el_map *m, int part, const el_images *images);

/* The bytes of a key or value into an entry, with these images at the strings' places. */
void el_strings_place(el_map *m, int part, unsigned char *to, const unsigned char *bytes, const el_images *images);

/* The value of a new entry, whose other bytes are zeros: empty strings. */
void el_strings_empty(el_map *m, unsigned char *value);

/* The strings of an entry, which goes. */
void el_strings_release(el_map *m, unsigned char *slot);

void el_string(const gomap *map, int part, const void *at, gomap_string *string);

uint64_t el_string_bytes(const gomap *map);

/* Writes a value with strings into the room of an entry of this hash; 0: there is no memory, and it is as it was. */
int el_value_write(el_map *m, uint64_t hash, unsigned char *room, const unsigned char *value, const gomap *from);

#endif
