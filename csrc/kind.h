/* kind.h - how keys hash, compare and move, by kind.
 *
 * A gm_kind is a constant. The engines' functions take it as an argument and are force-inlined into
 * one small function for every kind (kinds.h), so that each `switch` here is settled when the core
 * is compiled: one body in the source, one specialised body in the binary.
 */
#ifndef GM_KIND_H
#define GM_KIND_H

#include "map.h"
#include "struct_keys.h"

/* The elastic engine looks a string up by its image. Go's engine stores a string as it is given: an address and a
 * length, like Go's string header. Structs have strings among their bytes, as images or as given. An object is 16
 * bytes: its hash and the `object` word. */
enum {
    GM_BITS,
    GM_FLOAT32,
    GM_FLOAT64,
    GM_BYTES,
    GM_IMAGES,
    GM_STRINGS,
    GM_OBJECTS,
    GM_IMAGE_STRUCTS,
    GM_STRING_STRUCTS
};

/* The index of a kind of key in an engine's lists of tables: GOMAP_BITS8 and so on. Keys of 16 and 32 bytes (hashes
 * and digests) have indexes of their own. */
enum { GM_BYTES16 = GOMAP_KEY_KINDS, GM_BYTES32, GM_KINDS };

GM_INLINE unsigned gm_kind_of(const gomap_type *type)
{
    if (type->key_kind != GOMAP_BYTES) return type->key_kind;
    return type->key_size == 16 ? GM_BYTES16 : type->key_size == 32 ? GM_BYTES32 : GOMAP_BYTES;
}

typedef struct gm_kind {
    unsigned char code;
    unsigned char bytes; /* of a key; 0 when only the map's type tells */
    unsigned char ref;   /* a slot holds a record's number instead (of the key, or of the entry) */
} gm_kind;

GM_INLINE size_t gm_key_bytes(const gm_map *map, gm_kind kind)
{
    return kind.bytes ? kind.bytes : map->public_part.type->key_size;
}

GM_INLINE uint64_t gm_key_word(const void *key, gm_kind kind)
{
    switch (kind.bytes) {
    case 1: return *(const unsigned char *)key;
    /* clang-format off */
    case 2: { uint16_t word; memcpy(&word, key, 2); return word; }
    /* clang-format on */
    case 4: return gm_load32(key);
    default: return gm_load64(key);
    }
}

GM_INLINE double gm_key_float(const void *key, gm_kind kind)
{
    if (kind.code == GM_FLOAT32) {
        float value;
        memcpy(&value, key, 4);
        return value;
    }
    double value;
    memcpy(&value, key, 8);
    return value;
}

GM_INLINE int gm_is_float(gm_kind kind) { return kind.code == GM_FLOAT32 || kind.code == GM_FLOAT64; }

/* NaN: a key that is not even equal to itself. */
GM_INLINE int gm_key_is_nan(const void *key, gm_kind kind)
{
    if (!gm_is_float(kind)) return 0;
    double value = gm_key_float(key, kind);
    return value != value;
}

GM_INLINE uint64_t gm_key_hash(const gm_map *map, const void *key, gm_kind kind)
{
    switch (kind.code) {
    case GM_BITS: return gm_hash_word(gm_key_word(key, kind), map->seed);
    case GM_FLOAT32:
    case GM_FLOAT64: {
        if (gm_key_float(key, kind) == 0.0) return gm_hash_word(0, map->seed); /* -0.0 is 0.0 */
        return gm_hash_word(gm_key_word(key, kind), map->seed);
    }
    case GM_IMAGES: return gm_image_hash(key, map->seed);
    case GM_STRINGS: return gm_hash_string(key, map->seed);
    case GM_OBJECTS: return gm_hash_word(gm_load64(key), map->seed);
    case GM_IMAGE_STRUCTS: return gm_struct_hash(map->public_part.type, key, map->seed, GM_AS_IMAGES);
    case GM_STRING_STRUCTS: return gm_struct_hash(map->public_part.type, key, map->seed, GM_AS_STRINGS);
    default: return gm_hash_bytes(key, gm_key_bytes(map, kind), map->seed);
    }
}

GM_INLINE int gm_object_equal(const gomap_object *key, const void *other)
{
    uint64_t object = gm_load64((const unsigned char *)other + 8);
    if (key->hash != gm_load64(other)) return 0;
    return GM_LIKELY(key->object == object) || (key->same && key->same(key, object));
}

/* Of a key that is looked for, and one in the map. Images are compared where their strings are (elastic/find.h). */
GM_INLINE int gm_key_equal(const gm_map *map, const void *key, const void *other, gm_kind kind)
{
    switch (kind.code) {
    case GM_STRINGS: return gm_string_equal(key, other);
    case GM_OBJECTS: return gm_object_equal(key, other);
    case GM_STRING_STRUCTS: return gm_struct_equal(map->public_part.type, key, other, NULL, GM_AS_STRINGS);
    case GM_BITS: return gm_key_word(key, kind) == gm_key_word(other, kind);
    case GM_FLOAT32:
    case GM_FLOAT64: return gm_key_float(key, kind) == gm_key_float(other, kind);
    default: return memcmp(key, other, gm_key_bytes(map, kind)) == 0;
    }
}

/* For a map in which all NaNs are one key. Replaces any NaN by one fixed NaN, and -0.0 by 0.0, so that floats
 * compare as bits. Returns the key, or `word` if it was replaced. */
GM_INLINE const void *gm_key_canonical(const void *key, uint64_t *word, gm_kind kind)
{
    if (!gm_is_float(kind)) return key;
    double value = gm_key_float(key, kind);
    if (value == value && value != 0.0) return key;
    if (kind.code == GM_FLOAT32) {
        float canonical = value == value ? 0.0f : (float)GM_NAN;
        memcpy(word, &canonical, 4);
    } else {
        double canonical = value == value ? 0.0 : GM_NAN;
        memcpy(word, &canonical, 8);
    }
    return word;
}

#endif
