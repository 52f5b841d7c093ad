/* string_region.h - strings: bytes of variable length, as the elastic engine keeps them.
 *
 * In an entry a string is an image of 16 bytes. Its last byte says which of three:
 *
 *     0                             8                          15
 *     | the bytes, then zeros                                  | C0+n |   inline, n = 0 to 15 bytes
 *     | sixteen bytes, the last of which is below C0                  |   inline, as UTF-8 always ends
 *     | hash, 40 bits | length, 24  | number, 32  | length, 16 | 0 |D0|   long: in the string region
 *
 * so that a string has one image only, and inline ones are equal when their images are. Text in UTF-8 never
 * ends in a byte from C0 up: every `str` of up to sixteen bytes is inline, of other bytes three in four. The
 * hash stands in the image since entries are moved by it: a split or a displacement never reads the region.
 *
 * The string region is a store of dense records (store.h) for every size class, eight classes a doubling; a
 * record is the owner's hash and the bytes. Whenever a string goes the last record of its class takes its
 * number, and the hash leads to the entry that must know. Nothing is ever left to be collected: memory
 * follows the strings as it follows the entries.
 *
 *     class 24   | hash, 16 bytes | hash, 16 bytes | ...
 *     class 32   | hash, 24 bytes | ...
 *     ...                                                   large   | hash, address, size | ... -> blocks
 *
 *   T1  an image is one of the three, the one that its string has; behind an inline string's end are zeros
 *   T2  every number handed out in a class is one image's, and the record's hash is that entry's
 *   T3  the region holds no memory when it holds no string
 */
#ifndef GM_TEXT_H
#define GM_TEXT_H

#include "hash.h"
#include "store.h"

enum {
    GM_IMAGE = 16,
    GM_IMAGE_INLINE = 0xc0, /* the last byte, plus the length */
    GM_IMAGE_LONG = 0xd0,
    /* Records of 24 to 128 bytes by eights, then eight classes a doubling up to 4096, and the large ones:
     * a sixteenth is lost to rounding on average, and a class has few enough strings to be a page or more. */
    GM_TEXT_SMALL = 128,
    GM_TEXT_MOST = 4096,
    GM_TEXT_LARGE = 14 + 5 * 8, /* the class of those that have a block of their own */
    GM_TEXT_CLASSES = GM_TEXT_LARGE + 1,
    GM_TEXT_HEAD = 8 /* the owner's hash */
};

typedef struct gm_texts {
    gm_store store[GM_TEXT_CLASSES];
    uint64_t live; /* strings in all */
} gm_texts;

/* A string to look for: its image, and its bytes for comparing with a long one's. */
typedef struct gm_text {
    unsigned char image[GM_IMAGE]; /* without a number, where it is long */
    gomap_string string;
} gm_text;

GM_INLINE int gm_image_is_long(const unsigned char *image) { return image[15] == GM_IMAGE_LONG; }

GM_INLINE size_t gm_image_length(const unsigned char *image)
{
    if (gm_image_is_long(image)) {
        uint16_t high;
        memcpy(&high, image + 12, 2);
        return (size_t)((uint64_t)high << 24 | gm_load64(image) >> 40);
    }
    return image[15] < GM_IMAGE_INLINE ? 16 : image[15] - (size_t)GM_IMAGE_INLINE;
}

GM_INLINE uint32_t gm_image_number(const unsigned char *image) { return gm_load32(image + 8); }
GM_INLINE void gm_image_set_number(unsigned char *image, uint32_t number) { gm_store32(image + 8, number); }

GM_INLINE void gm_image_clear(unsigned char *image)
{
    memset(image, 0, GM_IMAGE - 1);
    image[15] = GM_IMAGE_INLINE;
}

/* Lengths differ within a map, so the length is hashed too. */
GM_INLINE uint64_t gm_hash_string(const gomap_string *string, gm_seed seed)
{
    return gm_fold(gm_hash_bytes(string->at, string->length, seed) ^ string->length, GM_MIX);
}

/* The hash of a key by its image. A long one's 40 bits are as many hashes as a map can use: of ten million
 * strings some 45 pairs share one, which costs each a comparison. */
GM_INLINE uint64_t gm_image_hash(const unsigned char *image, gm_seed seed)
{
    uint64_t word = gm_load64(image);
    if (GM_UNLIKELY(gm_image_is_long(image))) return gm_hash_word(word & 0xffffffffffu, seed);
    return gm_fold(gm_fold(word ^ seed.b, gm_load64(image + 8) ^ seed.a) ^ seed.a, seed.b);
}

/* Up to sixteen bytes as an image, read by words that stay within them. */
GM_INLINE void gm_image_inline(unsigned char *image, const unsigned char *from, size_t length)
{
#if GM_BIG_ENDIAN
    gm_image_clear(image);
    memcpy(image, from, length);
#else
    uint64_t low = 0, high = 0;
    if (length >= 8) {
        low = gm_load64(from);
        if (length > 8) high = gm_load64(from + length - 8) >> (8 * (16 - length));
    } else if (length >= 4) {
        low = gm_load32(from) | (uint64_t)gm_load32(from + length - 4) << (8 * (length - 4));
    } else if (length) {
        low = from[0] | (uint64_t)from[length >> 1] << (8 * (length >> 1)) | (uint64_t)from[length - 1] << (8 * (length - 1));
    }
    gm_store64(image, low);
    gm_store64(image + 8, high);
#endif
    if (length < 16) image[15] = (unsigned char)(GM_IMAGE_INLINE + length);
}

/* Strings up to 2^40 - 1 bytes; 0 for a longer one. */
GM_INLINE int gm_text_make(gm_text *text, const gomap_string *string, gm_seed seed)
{
    size_t length = string->length;
    const unsigned char *from = string->at;
    text->string = *string;
    if (GM_LIKELY(length < 16 || (length == 16 && from[15] < GM_IMAGE_INLINE))) {
        gm_image_inline(text->image, from, length);
        return 1;
    }
    if (GM_UNLIKELY((uint64_t)length >> 40 != 0)) return 0;
    uint16_t high = (uint16_t)((uint64_t)length >> 24);
    gm_store64(text->image, gm_hash_string(string, seed) >> 24 | (uint64_t)length << 40);
    gm_store32(text->image + 8, 0);
    memcpy(text->image + 12, &high, 2);
    text->image[14] = 0;
    text->image[15] = GM_IMAGE_LONG;
    return 1;
}

/* The class of records for strings of this length. */
GM_INLINE unsigned gm_text_class(size_t length)
{
    size_t bytes = length + GM_TEXT_HEAD;
    if (bytes <= GM_TEXT_SMALL) return (unsigned)((bytes + 7) / 8) - 3;
    if (bytes > GM_TEXT_MOST) return GM_TEXT_LARGE;
    unsigned log2 = gm_top_bit(bytes - 1); /* 7 to 11 */
    return 14 + (log2 - 7) * 8 + (unsigned)((bytes - 1) >> (log2 - 3)) - 8;
}

GM_INLINE unsigned char *gm_text_record(const gm_texts *texts, unsigned class, uint32_t number)
{
    return gm_store_at(&texts->store[class], number);
}

/* The bytes of a long string. */
GM_INLINE const unsigned char *gm_text_at(const gm_texts *texts, const unsigned char *image)
{
    unsigned class = gm_text_class(gm_image_length(image));
    const unsigned char *bytes = gm_text_record(texts, class, gm_image_number(image)) + GM_TEXT_HEAD, *block;
    if (class != GM_TEXT_LARGE) return bytes;
    memcpy(&block, bytes, sizeof block);
    return block;
}

GM_INLINE gomap_string gm_text_string(const gm_texts *texts, const unsigned char *image)
{
    gomap_string string = {image, gm_image_length(image)};
    if (gm_image_is_long(image)) string.at = gm_text_at(texts, image);
    return string;
}

/* Is the string in the map the one that is looked for? */
GM_INLINE int gm_text_equal(const gm_texts *texts, const gm_text *text, const unsigned char *image)
{
    if (gm_load64(text->image) != gm_load64(image)) return 0;
    if (GM_LIKELY(!gm_image_is_long(text->image))) return gm_load64(text->image + 8) == gm_load64(image + 8);
    return gm_load32(text->image + 12) == gm_load32(image + 12) &&
           memcmp(text->string.at, gm_text_at(texts, image), text->string.length) == 0;
}

/* A long string's bytes into the region, which is made where there is none; their number, 0 when there is
 * no memory. */
uint32_t gm_text_add(gm_texts **texts, gm_memory *memory, const gomap_string *string, uint64_t owner);
/* Forgets a string. The last record of the class takes its number; its owner has been told. */
void gm_text_remove(gm_texts **texts, gm_memory *memory, size_t length, uint32_t number);
void gm_text_clear(gm_texts **texts, gm_memory *memory);
/* A copy of every string, in just the room they take. 0: no memory, and there is none. */
int gm_text_clone(gm_texts **to, gm_memory *memory, const gm_texts *from);
/* Gives back the room that is not used. */
void gm_text_trim(gm_texts *texts, gm_memory *memory);
size_t gm_text_granted(const gm_texts *texts);
/* How large the block of a large string is. */
size_t gm_text_block_bytes(const gm_texts *texts, uint32_t number);
/* The first broken invariant in words, or NULL. */
const char *gm_text_check(const gm_texts *texts);

#endif
