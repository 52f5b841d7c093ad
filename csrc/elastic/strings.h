/* elastic/strings.h - strings in entries: looking for them, keeping the string region dense, writing values.
 *
 * Every long string of the region is named by one image, in a key or a value. When a string goes, the last of
 * its class moves into the gap (string_region.h); the entry that owns it is found as any entry is, by its hash, which
 * stands before the string, and its image takes the new number. Entries stay where they are, so that this
 * may happen while an iterator is alive.
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

GM_INLINE int el_has_strings(const el_map *m)
{
    return m->map.public_part.type->key_kind == GOMAP_STRING || m->map.public_part.type->value_string;
}

/* Where an entry's image is. */
GM_INLINE unsigned char *el_image(const el_map *m, unsigned char *slot, int is_value)
{
    unsigned char *entry = m->map.public_part.engine->ref ? gm_store_at(&m->records, gm_load32(slot)) : slot;
    return is_value ? entry + m->value_at : entry;
}

/* A string of the region. */
typedef struct el_region_string {
    int is_value;
    unsigned class;
    uint32_t number;
} el_region_string;

GM_INLINE unsigned char *el_image_in(const el_map *m, unsigned char *slot, const void *sought)
{
    const el_region_string *string = sought;
    unsigned char *image = el_image(m, slot, string->is_value);
    int names_it = gm_image_is_long(image) && gm_image_number(image) == string->number &&
                   gm_string_class(gm_image_length(image)) == string->class;
    return names_it ? image : NULL;
}

/* The image that names this string, of an entry of this hash; NULL when none does. */
static unsigned char *el_string_owner(const el_map *m, int is_value, unsigned class, uint32_t number, uint64_t hash)
{
    const el_region_string string = {is_value, class, number};
    return el_seek(m, hash, m->slot_bytes, el_image_in, &string);
}

/* Gives a string's bytes back. The image is a copy of one that stands in no entry any more. */
static void el_string_free(el_map *m, int is_value, const unsigned char *image)
{
    size_t length = gm_image_length(image);
    m->string_bytes -= length;
    if (!gm_image_is_long(image)) return;
    unsigned class = gm_string_class(length);
    uint32_t number = gm_image_number(image), last = m->strings[is_value]->store[class].used;
    if (number != last) {
        uint64_t hash = gm_load64(gm_string_record(m->strings[is_value], class, last));
        gm_image_set_number(el_string_owner(m, is_value, class, last, hash), number);
    }
    gm_strings_remove(&m->strings[is_value], &m->map.memory, length, number);
}

/* A new key's string into the region, when it is long; 0 when there is no memory. */
static int el_string_keep(el_map *m, gm_string *key, uint64_t hash)
{
    if (gm_image_is_long(key->image)) {
        uint32_t number = gm_strings_add(&m->strings[0], &m->map.memory, &key->string, hash);
        if (number == 0) return 0;
        gm_image_set_number(key->image, number);
    }
    m->string_bytes += key->string.length;
    return 1;
}

/* And out again, if it is the last that was kept, or was not. */
static void el_string_drop(el_map *m, gm_string *key)
{
    int is_long = gm_image_is_long(key->image);
    if (is_long && gm_image_number(key->image) == 0) return;
    el_string_free(m, 0, key->image);
}

/* An entry's images, before it goes; an empty one for what is no string. */
static void el_string_take(const el_map *m, unsigned char *slot, unsigned char images[2][GM_IMAGE])
{
    for (int is_value = 0; is_value < 2; is_value++) {
        const gomap_type *type = m->map.public_part.type;
        if (is_value ? type->value_string : type->key_kind == GOMAP_STRING)
            memcpy(images[is_value], el_image(m, slot, is_value), GM_IMAGE);
        else
            gm_image_clear(images[is_value]);
    }
}

/* When it has gone. */
static void el_string_give_back(el_map *m, unsigned char images[2][GM_IMAGE])
{
    for (int is_value = 0; is_value < 2; is_value++) el_string_free(m, is_value, images[is_value]);
}

static void el_string(const gomap *map, int is_value, const void *at, gomap_string *string)
{
    *string = gm_string_read(el_of(map)->strings[is_value], at);
}

static uint64_t el_string_bytes(const gomap *map)
{
    return el_has_strings(el_of(map)) ? el_of(map)->string_bytes : 0;
}

/* Writes a string value into the room of an entry of this hash; 0 when there is no memory, and it is as it was. */
static int el_string_write(el_map *m, uint64_t hash, unsigned char *room, const gomap_string *string)
{
    unsigned char old[GM_IMAGE];
    gm_string made;
    uint32_t number = 0;
    if (!gm_string_make(&made, string, m->map.seed)) return 0;
    if (gm_image_is_long(made.image) &&
        (number = gm_strings_add(&m->strings[1], &m->map.memory, string, hash)) == 0)
        return 0;
    memcpy(old, room, GM_IMAGE);
    memcpy(room, made.image, GM_IMAGE);
    if (number) gm_image_set_number(room, number);
    m->string_bytes += string->length;
    el_string_free(m, 1, old);
    return 1;
}

#endif
