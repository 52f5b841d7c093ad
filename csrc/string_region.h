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
    /* What a large string's address is within: all memory, or a snapshot's section, where it is an offset. */
    uintptr_t text;
    uint64_t text_bytes;
} gm_strings;

/* A large string's record: its owner's hash, where its bytes are, and how many. */
typedef struct gm_large_string {
    uint64_t owner, at, bytes;
} gm_large_string;

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

GM_INLINE gm_large_string gm_string_large(const gm_strings *strings, uint32_t number)
{
    gm_large_string large;
    memcpy(&large, gm_string_record(strings, GM_STRING_LARGE, number), sizeof large);
    GM_READ_ONCE(large.at);
    GM_READ_ONCE(large.bytes);
    return large;
}

/* The bytes of a large string; NULL when they are not within the text. */
GM_INLINE const unsigned char *gm_large_text(const gm_strings *strings, const gm_large_string *large)
{
    if (GM_UNLIKELY(large->bytes > strings->text_bytes || large->at > strings->text_bytes - large->bytes)) return NULL;
    return (const unsigned char *)(strings->text + (uintptr_t)large->at);
}

/* The bytes of the long string of this number and length. NULL only in a map that is over a damaged snapshot: there is
 * no such string. */
GM_INLINE const unsigned char *gm_string_at(const gm_strings *strings, uint32_t number, size_t length)
{
    GM_READ_ONCE(number);
    if (GM_UNLIKELY(length < GM_IMAGE || strings == NULL)) return NULL;
    unsigned size_class = gm_string_class(length);
    if (GM_UNLIKELY(number - 1 >= strings->store[size_class].used)) return NULL; /* 0, too */
    if (GM_LIKELY(size_class != GM_STRING_LARGE)) return gm_string_record(strings, size_class, number) + GM_STRING_HEAD;
    gm_large_string large = gm_string_large(strings, number);
    return large.bytes == length ? gm_large_text(strings, &large) : NULL;
}

GM_INLINE gomap_string gm_string_read(const gm_strings *strings, const unsigned char *image)
{
    uint64_t low = gm_load64(image), high = gm_load64(image + 8);
    unsigned char own[GM_IMAGE]; /* what is decided and what is returned are of one reading */
    GM_READ_ONCE(low);
    GM_READ_ONCE(high);
    gm_store64(own, low);
    gm_store64(own + 8, high);
    gomap_string string = {image, gm_image_length(own)};
    if (!gm_image_is_long(own)) return string;
    string.at = gm_string_at(strings, gm_image_number(own), string.length);
    if (GM_UNLIKELY(string.at == NULL)) string.length = 0;
    return string;
}

/* Is the string in the map the one that is looked for? */
GM_INLINE int gm_image_equal(const gm_strings *strings, const gm_string *sought, const unsigned char *image)
{
    if (gm_load64(sought->image) != gm_load64(image)) return 0;
    if (GM_LIKELY(!gm_image_is_long(sought->image))) return gm_load64(sought->image + 8) == gm_load64(image + 8);
    if (gm_load32(sought->image + 12) != gm_load32(image + 12)) return 0;
    const unsigned char *at = gm_string_at(strings, gm_image_number(image), sought->string.length);
    return GM_LIKELY(at != NULL) && memcmp(sought->string.at, at, sought->string.length) == 0;
}

/* Adds a long string's bytes to the region, which is created if there is none. Returns the string's number; 0 when
 * there is no memory. */
uint32_t gm_strings_add(gm_strings **strings, gm_memory *memory, const gomap_string *string, uint64_t owner);
/* Removes a string. The last record of the class takes its number; the caller has already updated that record's
 * owner. */
void gm_strings_remove(gm_strings **strings, gm_memory *memory, size_t length, uint32_t number);
void gm_strings_clear(gm_strings **strings, gm_memory *memory);
/* A region without strings, for a snapshot's; NULL when there is no memory. */
gm_strings *gm_strings_new(gm_memory *memory);
/* A copy of every string, in just the room they take. 0: no memory, and there is none. A large string that is not
 * within the text, behind the one before it, is copied as none. */
int gm_strings_clone(gm_strings **to, gm_memory *memory, const gm_strings *from);
/* Gives back the room that is not used. */
void gm_strings_trim(gm_strings *strings, gm_memory *memory);
size_t gm_strings_granted(const gm_strings *strings);
/* How large the block of a large string is. */
size_t gm_strings_block_bytes(const gm_strings *strings, uint32_t number);
/* The bytes granted to a region of strings of these lengths, added one by one; exactly: trimmed to them. */
size_t gm_strings_planned(const gomap_lengths *lengths, int exactly);
/* The most bytes granted to a region without strings, and more for one string of this length, in records just for it.
 * Each block may be granted GM_LIMIT_MARGIN more than its size says. */
size_t gm_strings_alone(void);
size_t gm_string_alone(size_t length);
/* The first broken invariant in words, or NULL. */
const char *gm_strings_check(const gm_strings *strings);

#endif
