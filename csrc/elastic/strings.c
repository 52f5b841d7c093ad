/* elastic/strings.c - what is done with strings whatever the kind of key. See strings.h. */
#include "strings.h"

/* Where an entry's image is. */
static unsigned char *el_image(const el_map *m, unsigned char *slot, int part)
{
    unsigned char *entry = el_has_records(m) ? gm_store_at(&m->records, gm_load32(slot)) : slot;
    return part == GOMAP_VALUE ? entry + m->value_at : entry;
}

/* A string of the region. */
typedef struct el_region_string {
    int part;
    unsigned size_class;
    uint32_t number;
} el_region_string;

static unsigned char *el_image_in(const el_map *m, unsigned char *slot, const void *sought)
{
    const el_region_string *string = sought;
    unsigned char *image = el_image(m, slot, string->part);
    int names_it = gm_image_is_long(image) && gm_image_number(image) == string->number &&
                   gm_string_class(gm_image_length(image)) == string->size_class;
    return names_it ? image : NULL;
}

unsigned char *el_string_owner(const el_map *m, int part, unsigned size_class, uint32_t number, uint64_t hash)
{
    const el_region_string string = {part, size_class, number};
    return el_seek(m, hash, m->slot_bytes, el_image_in, &string);
}

/* Gives a string's bytes back. The image is a copy of one that stands in no entry any more. */
static void el_string_free(el_map *m, int part, const unsigned char *image)
{
    size_t length = gm_image_length(image);
    m->string_bytes -= length;
    if (!gm_image_is_long(image)) return;
    unsigned size_class = gm_string_class(length);
    uint32_t number = gm_image_number(image), last = m->strings[part]->store[size_class].used;
    if (number != last) {
        uint64_t hash = gm_load64(gm_string_record(m->strings[part], size_class, last));
        gm_image_set_number(el_string_owner(m, part, size_class, last, hash), number);
    }
    gm_strings_remove(&m->strings[part], &m->map.memory, length, number);
}

int el_string_keep(el_map *m, gm_string *key, uint64_t hash)
{
    if (gm_image_is_long(key->image)) {
        uint32_t number = gm_strings_add(&m->strings[GOMAP_KEY], &m->map.memory, &key->string, hash);
        if (number == 0) return 0;
        gm_image_set_number(key->image, number);
    }
    m->string_bytes += key->string.length;
    return 1;
}

void el_string_drop(el_map *m, gm_string *key)
{
    int is_long = gm_image_is_long(key->image);
    if (is_long && gm_image_number(key->image) == 0) return;
    el_string_free(m, GOMAP_KEY, key->image);
}

void el_string_take(const el_map *m, unsigned char *slot, unsigned char images[GOMAP_PARTS][GM_IMAGE])
{
    for (int part = GOMAP_KEY; part < GOMAP_PARTS; part++) {
        const gomap_type *type = m->map.public_part.type;
        if (part == GOMAP_VALUE ? type->value_string : type->key_kind == GOMAP_STRING)
            memcpy(images[part], el_image(m, slot, part), GM_IMAGE);
        else gm_image_clear(images[part]);
    }
}

void el_string_give_back(el_map *m, unsigned char images[GOMAP_PARTS][GM_IMAGE])
{
    for (int part = GOMAP_KEY; part < GOMAP_PARTS; part++) el_string_free(m, part, images[part]);
}

void el_string(const gomap *map, int part, const void *at, gomap_string *string)
{
    *string = gm_string_read(el_of(map)->strings[part], at);
}

uint64_t el_string_bytes(const gomap *map) { return el_has_strings(el_of(map)) ? el_of(map)->string_bytes : 0; }

int el_string_write(el_map *m, uint64_t hash, unsigned char *room, const gomap_string *string)
{
    unsigned char old[GM_IMAGE];
    gm_string made;
    uint32_t number = 0;
    if (!gm_string_make(&made, string, m->map.seed)) return 0;
    if (gm_image_is_long(made.image) &&
        (number = gm_strings_add(&m->strings[GOMAP_VALUE], &m->map.memory, string, hash)) == 0)
        return 0;
    memcpy(old, room, GM_IMAGE);
    memcpy(room, made.image, GM_IMAGE);
    if (number) gm_image_set_number(room, number);
    m->string_bytes += string->length;
    el_string_free(m, GOMAP_VALUE, old);
    return 1;
}
