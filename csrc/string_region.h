/* string_region.h - where the elastic map's long strings stand.
 *
 * A store of dense records (store.h) for every size class, eight classes a doubling; a record holds the owner's hash
 * and the string's bytes. When a string is removed, the last record of its class takes its number, and the hash leads
 * to the entry whose image must be updated. So no garbage is left: memory follows the strings as it follows the
 * entries.
 *
 *     class 24   | hash, 16 bytes | hash, 16 bytes | ...
 *     class 32   | hash, 24 bytes | ...
 *     ...                                                   large   | hash, address, size | ... -> blocks
 *
 * Invariants: T2 and T3 (csrc/README.md).
 */
#ifndef GM_STRING_REGION_H
#define GM_STRING_REGION_H

#include "image.h"
#include "store.h"

enum {
    /* Records of 24 to 128 bytes by eights, then eight classes a doubling up to 4096, and the large ones:
     * a sixteenth is lost to rounding on average, and a class has few enough strings to be a page or more. */
    GM_STRING_SMALL_LOG2 = 7,
    GM_STRING_SMALL = 1 << GM_STRING_SMALL_LOG2,
    GM_STRING_MOST_LOG2 = 12,
    GM_STRING_MOST = 1 << GM_STRING_MOST_LOG2,
    GM_STRING_LEAST = 24,
    GM_STRING_BY_EIGHTS = (GM_STRING_SMALL - GM_STRING_LEAST) / 8 + 1, /* classes */
    GM_STRING_A_DOUBLING = 8,
    /* The class of those that have a block of their own. */
    GM_STRING_LARGE = GM_STRING_BY_EIGHTS + (GM_STRING_MOST_LOG2 - GM_STRING_SMALL_LOG2) * GM_STRING_A_DOUBLING,
    GM_STRING_CLASSES = GM_STRING_LARGE + 1,
    GM_STRING_HEAD = 8 /* the owner's hash */
};

typedef struct gm_strings {
    gm_store store[GM_STRING_CLASSES];
    uint64_t live; /* strings in all */
} gm_strings;

/* The class of records for strings of this length. */
GM_INLINE unsigned gm_string_class(size_t length)
{
    size_t bytes = length + GM_STRING_HEAD;
    if (bytes <= GM_STRING_SMALL) return (unsigned)((bytes + 7) / 8) - GM_STRING_LEAST / 8;
    if (bytes > GM_STRING_MOST) return GM_STRING_LARGE;
    unsigned log2 = gm_top_bit(bytes - 1), eighth = (unsigned)((bytes - 1) >> (log2 - 3)) & (GM_STRING_A_DOUBLING - 1);
    return GM_STRING_BY_EIGHTS + (log2 - GM_STRING_SMALL_LOG2) * GM_STRING_A_DOUBLING + eighth;
}

GM_INLINE unsigned char *gm_string_record(const gm_strings *strings, unsigned size_class, uint32_t number)
{
    return gm_store_at(&strings->store[size_class], number);
}

/* The bytes of a long string. */
GM_INLINE const unsigned char *gm_string_at(const gm_strings *strings, const unsigned char *image)
{
    unsigned size_class = gm_string_class(gm_image_length(image));
    const unsigned char *bytes = gm_string_record(strings, size_class, gm_image_number(image)) + GM_STRING_HEAD, *block;
    if (size_class != GM_STRING_LARGE) return bytes;
    memcpy(&block, bytes, sizeof block);
    return block;
}

GM_INLINE gomap_string gm_string_read(const gm_strings *strings, const unsigned char *image)
{
    gomap_string string = {image, gm_image_length(image)};
    if (gm_image_is_long(image)) string.at = gm_string_at(strings, image);
    return string;
}

/* Is the string in the map the one that is looked for? */
GM_INLINE int gm_image_equal(const gm_strings *strings, const gm_string *sought, const unsigned char *image)
{
    if (gm_load64(sought->image) != gm_load64(image)) return 0;
    if (GM_LIKELY(!gm_image_is_long(sought->image))) return gm_load64(sought->image + 8) == gm_load64(image + 8);
    return gm_load32(sought->image + 12) == gm_load32(image + 12) &&
           memcmp(sought->string.at, gm_string_at(strings, image), sought->string.length) == 0;
}

/* Adds a long string's bytes to the region, which is created if there is none. Returns the string's number; 0 when
 * there is no memory. */
uint32_t gm_strings_add(gm_strings **strings, gm_memory *memory, const gomap_string *string, uint64_t owner);
/* Removes a string. The last record of the class takes its number; the caller has already updated that record's
 * owner. */
void gm_strings_remove(gm_strings **strings, gm_memory *memory, size_t length, uint32_t number);
void gm_strings_clear(gm_strings **strings, gm_memory *memory);
/* A copy of every string, in just the room they take. 0: no memory, and there is none. */
int gm_strings_clone(gm_strings **to, gm_memory *memory, const gm_strings *from);
/* Gives back the room that is not used. */
void gm_strings_trim(gm_strings *strings, gm_memory *memory);
size_t gm_strings_granted(const gm_strings *strings);
/* How large the block of a large string is. */
size_t gm_strings_block_bytes(const gm_strings *strings, uint32_t number);
/* The bytes granted to a region of strings of these lengths, added one by one; exactly: trimmed to them. */
size_t gm_strings_planned(const gomap_lengths *lengths, int exactly);
/* The first broken invariant in words, or NULL. */
const char *gm_strings_check(const gm_strings *strings);

#endif
