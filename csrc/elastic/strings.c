/* elastic/strings.c - what is done with strings whatever the kind of key. See strings.h. */
#include "strings.h"

static const gomap_places *places(const el_map *m, int part) { return &m->map.public_part.type->strings[part]; }

/* Where an entry's key or value is. */
static unsigned char *el_part(const el_map *m, unsigned char *slot, int part)
{
    unsigned char *entry = el_has_records(m) ? el_record(m, slot) : slot;
    return part == GOMAP_VALUE ? entry + m->value_at : entry;
}

/* A string of the region. */
typedef struct el_region_string {
    int part;
    unsigned size_class;
    uint32_t number;
} el_region_string;

static int names(const unsigned char *image, const el_region_string *string)
{
    return gm_image_is_long(image) && gm_image_number(image) == string->number &&
           gm_string_class(gm_image_length(image)) == string->size_class;
}

static unsigned char *el_image_in(const el_map *m, unsigned char *slot, const void *sought)
{
    const el_region_string *string = sought;
    const gomap_places *strings = places(m, string->part);
    unsigned char *bytes = el_part(m, slot, string->part);
    for (uint32_t i = 0; i < strings->count; i++)
        if (names(bytes + strings->at[i], string)) return bytes + strings->at[i];
    return NULL;
}

unsigned char *el_string_owner(const el_map *m, int part, unsigned size_class, uint32_t number, uint64_t hash)
{
    const el_region_string string = {part, size_class, number};
    return el_seek(m, hash, m->slot_bytes, el_image_in, &string);
}

/* The image of a string of the region: one of those that are in no entry yet, if there are such, or an entry's. */
static unsigned char *image_of(const el_map *m, const el_region_string *string, el_images *unplaced)
{
    for (uint32_t i = 0; unplaced && i < places(m, string->part)->count; i++)
        if (names(unplaced->at[i], string)) return unplaced->at[i];
    uint64_t hash = gm_load64(gm_string_record(m->strings[string->part], string->size_class, string->number));
    return el_string_owner(m, string->part, string->size_class, string->number, hash);
}

/* Gives a string's bytes back. The image is a copy of one that stands in no entry any more. */
static void el_string_free(el_map *m, int part, const unsigned char *image, el_images *unplaced)
{
    size_t length = gm_image_length(image);
    m->string_bytes -= length;
    if (!gm_image_is_long(image)) return;
    uint32_t number = gm_image_number(image);
    el_region_string last = {part, gm_string_class(length), 0};
    last.number = m->strings[part]->store[last.size_class].used;
    if (number != last.number) gm_image_set_number(image_of(m, &last, unplaced), number);
    gm_strings_remove(&m->strings[part], &m->map.memory, length, number);
}

/* Empties the images of an entry's key or value, one after the other: an image that is still to come may be that of
 * the string that moves. */
static void release(el_map *m, int part, unsigned char *bytes, el_images *unplaced)
{
    const gomap_places *strings = places(m, part);
    for (uint32_t i = 0; i < strings->count; i++) {
        unsigned char image[GM_IMAGE];
        memcpy(image, bytes + strings->at[i], GM_IMAGE);
        gm_image_clear(bytes + strings->at[i]);
        el_string_free(m, part, image, unplaced);
    }
}

int el_string_keep(el_map *m, int part, const gm_string *string, uint64_t hash, uint32_t *number)
{
    *number = 0;
    if (gm_image_is_long(string->image)) {
        *number = gm_strings_add(&m->strings[part], &m->map.memory, &string->string, hash);
        if (*number == 0) return 0;
    }
    m->string_bytes += string->string.length;
    return 1;
}

void el_string_drop(el_map *m, int part, const unsigned char *image) { el_string_free(m, part, image, NULL); }

int el_strings_keep(el_map *m, int part, const unsigned char *bytes, const gomap *from, uint64_t hash,
                    el_images *images)
{
    const gomap_places *strings = places(m, part);
    for (uint32_t i = 0; i < strings->count; i++) {
        gomap_string string = gm_string_from(from, part, bytes + strings->at[i]);
        gm_string made;
        uint32_t number;
        if (gm_string_make(&made, &string, m->map.seed) && el_string_keep(m, part, &made, hash, &number)) {
            gm_image_place(images->at[i], made.image, number);
            continue;
        }
        while (i > 0) el_string_drop(m, part, images->at[--i]); /* each is the last of its class */
        return 0;
    }
    return 1;
}

void el_strings_drop(el_map *m, int part, const el_images *images)
{
    for (uint32_t i = places(m, part)->count; i > 0; i--) el_string_drop(m, part, images->at[i - 1]);
}

void el_strings_place(el_map *m, int part, unsigned char *to, const unsigned char *bytes, const el_images *images)
{
    const gomap_type *type = m->map.public_part.type;
    const gomap_places *strings = places(m, part);
    memcpy(to, bytes, part == GOMAP_VALUE ? type->value_size : type->key_size);
    for (uint32_t i = 0; i < strings->count; i++) memcpy(to + strings->at[i], images->at[i], GM_IMAGE);
}

void el_strings_empty(el_map *m, unsigned char *value)
{
    const gomap_places *strings = places(m, GOMAP_VALUE);
    for (uint32_t i = 0; i < strings->count; i++) gm_image_clear(value + strings->at[i]);
}

void el_strings_release(el_map *m, unsigned char *slot)
{
    for (int part = GOMAP_KEY; part < GOMAP_PARTS; part++) release(m, part, el_part(m, slot, part), NULL);
}

void el_string(const gomap *map, int part, const void *at, gomap_string *string)
{
    *string = gm_string_read(el_of(map)->strings[part], at);
}

uint64_t el_string_bytes(const gomap *map) { return el_has_strings(el_of(map)) ? el_of(map)->string_bytes : 0; }

int el_value_write(el_map *m, uint64_t hash, unsigned char *room, const unsigned char *value, const gomap *from)
{
    el_images images;
    if (!el_strings_keep(m, GOMAP_VALUE, value, from, hash, &images)) return 0;
    release(m, GOMAP_VALUE, room, &images);
    el_strings_place(m, GOMAP_VALUE, room, value, &images);
    return 1;
}
