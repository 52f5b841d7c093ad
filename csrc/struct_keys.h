/* struct_keys.h - keys that are structs with strings among their bytes: how they hash and compare.
 *
 *     bytes | string | bytes | string | string | bytes       the type says where the strings stand (gomap_places)
 *
 * Such a key is passed with a gomap_string at each place. In an entry of Go's map it is the same, in one of the elastic
 * map an image is at each place. Keys are equal when their bytes are, and their strings: contents are compared, since
 * neither an address nor a long string's image is the same for equal strings. The bytes between strings are compared
 * as bytes, so the caller makes equal floats equal bytes, and padding zeros.
 */
#ifndef GM_STRUCT_KEYS_H
#define GM_STRUCT_KEYS_H

#include "string_region.h"

/* What stands at a string's place, and what its hash is of. */
enum {
    GM_AS_IMAGES,  /* an image, and of it */
    GM_AS_STRINGS, /* a gomap_string, and of its bytes */
    GM_TO_IMAGES   /* a gomap_string, and of the image that it will have */
};

GM_INLINE gomap_string gm_string_load(const unsigned char *at)
{
    gomap_string string;
    memcpy(&string, at, sizeof string);
    return string;
}

GM_INLINE int gm_string_equal(const gomap_string *key, const gomap_string *other)
{
    return key->length == other->length && (key->length == 0 || memcmp(key->at, other->at, key->length) == 0);
}

GM_INLINE uint64_t gm_place_hash(const unsigned char *at, gm_seed seed, int form)
{
    gm_string made;
    if (form == GM_AS_IMAGES) return gm_image_hash(at, seed);
    gomap_string string = gm_string_load(at);
    if (form == GM_AS_STRINGS) return gm_hash_string(&string, seed);
    return gm_string_make(&made, &string, seed) ? gm_image_hash(made.image, seed) : 0; /* 0: gm_struct_fits says no */
}

/* Every run of bytes and every string in turn, so that what moves from one field to the next changes the hash. */
GM_INLINE uint64_t gm_struct_hash(const gomap_type *type, const unsigned char *key, gm_seed seed, int form)
{
    const gomap_places *strings = &type->strings[GOMAP_KEY];
    uint64_t hash = seed.a;
    uint32_t at = 0;
    for (uint32_t i = 0; i < strings->count; i++) {
        uint32_t place = strings->at[i];
        if (place > at) hash = gm_fold(hash ^ gm_hash_bytes(key + at, place - at, seed), seed.b);
        hash = gm_fold(hash ^ gm_place_hash(key + place, seed, form), seed.b);
        at = place + GOMAP_STRING_SIZE;
    }
    if (type->key_size > at) hash = gm_fold(hash ^ gm_hash_bytes(key + at, type->key_size - at, seed), seed.b);
    return gm_fold(hash, GM_MIX);
}

/* Of a key that is looked for, as it is passed, and one in the map. */
GM_INLINE int gm_struct_equal(const gomap_type *type, const unsigned char *key, const unsigned char *other,
                              const gm_strings *region, int form)
{
    const gomap_places *strings = &type->strings[GOMAP_KEY];
    uint32_t at = 0;
    for (uint32_t i = 0; i < strings->count; i++) {
        uint32_t place = strings->at[i];
        gomap_string sought = gm_string_load(key + place);
        gomap_string found =
            form == GM_AS_IMAGES ? gm_string_read(region, other + place) : gm_string_load(other + place);
        if (memcmp(key + at, other + at, place - at) != 0 || !gm_string_equal(&sought, &found)) return 0;
        at = place + GOMAP_STRING_SIZE;
    }
    return memcmp(key + at, other + at, type->key_size - at) == 0;
}

/* Whether all strings of a key are short enough for an image. */
GM_INLINE int gm_struct_fits(const gomap_type *type, const unsigned char *key)
{
    const gomap_places *strings = &type->strings[GOMAP_KEY];
    for (uint32_t i = 0; i < strings->count; i++)
        if ((uint64_t)gm_string_load(key + strings->at[i]).length >> GM_IMAGE_LENGTH_BITS) return 0;
    return 1;
}

/* A string of a value that is put: where the caller passes it, or in an entry of the map that it comes from. */
GM_INLINE gomap_string gm_string_from(const gomap *from, int part, const unsigned char *at)
{
    return from ? gomap_string_at(from, part, at) : gm_string_load(at);
}

#endif
