/* image.h - a string in an entry of the elastic map: an image of sixteen bytes. Its last byte says which of three:
 *
 *     0                             8                          15
 *     | the bytes, then zeros                                  | C0+n |   inline, n = 0 to 15 bytes
 *     | sixteen bytes, the last of which is below C0                  |   inline, as UTF-8 always ends
 *     | hash, 40 bits | length, 24  | number, 32  | length, 16 | 0 |D0|   long: in the string region
 *
 * So a string has exactly one image, and inline strings are equal when their images are. UTF-8 never ends in a byte of
 * C0 or more, so all text of up to sixteen bytes is inline. Of other strings of sixteen bytes three in four are inline.
 * A long string's hash is in its image because a split or a displacement needs it: neither ever reads the region
 * (string_region.h).
 */
#ifndef GM_IMAGE_H
#define GM_IMAGE_H

#include "gomap.h"
#include "hash.h"

enum {
    GM_IMAGE = 16,
    GM_IMAGE_INLINE = 0xc0, /* the last byte, plus the length */
    GM_IMAGE_LONG = 0xd0,
    GM_IMAGE_LENGTH_BITS = 40, /* of a long one's length */
};

/* A string to look for: its image, and its bytes for comparing with a long one's. */
typedef struct gm_string {
    unsigned char image[GM_IMAGE]; /* without a number, where it is long */
    gomap_string string;
} gm_string;

GM_INLINE int gm_image_is_long(const unsigned char *image) { return image[15] == GM_IMAGE_LONG; }

GM_INLINE size_t gm_image_length(const unsigned char *image)
{
    if (gm_image_is_long(image)) {
        uint16_t high;
        memcpy(&high, image + 12, 2);
        return (size_t)((uint64_t)high << 24 | gm_load64(image) >> 40);
    }
    return image[15] < GM_IMAGE_INLINE ? 16 : image[15] & 15u; /* less than 16, whatever a file has there */
}

GM_INLINE uint32_t gm_image_number(const unsigned char *image) { return gm_load32(image + 8); }
GM_INLINE void gm_image_set_number(unsigned char *image, uint32_t number) { gm_store32(image + 8, number); }

/* A long one's second word, without a number. */
GM_INLINE uint64_t gm_image_long_word(size_t length)
{
    uint64_t high = (uint64_t)length >> 24;
#if GM_BIG_ENDIAN
    return high << 16 | GM_IMAGE_LONG;
#else
    return high << 32 | (uint64_t)GM_IMAGE_LONG << 56;
#endif
}

/* An image into an entry; a long one's, that has no number yet, gets it. In words: a load of what was just written in
 * other pieces waits until all earlier stores have reached the cache, and a string's bytes were just stored to memory
 * that is far. (220,000 distinct lines are put in 3 % sooner.) */
GM_INLINE void gm_image_place(unsigned char *to, const unsigned char *image, uint32_t number)
{
    gm_store64(to, gm_load64(image));
    gm_store64(to + 8, gm_load64(image + 8) | (uint64_t)number << (GM_BIG_ENDIAN ? 32 : 0));
}

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
    if (length < 16) image[15] = (unsigned char)(GM_IMAGE_INLINE + length);
#else
    uint64_t low = 0, high = 0;
    if (length >= 8) {
        low = gm_load64(from);
        if (length > 8) high = gm_load64(from + length - 8) >> (8 * (16 - length));
    } else if (length >= 4) {
        low = gm_load32(from) | (uint64_t)gm_load32(from + length - 4) << (8 * (length - 4));
    } else if (length) {
        low = from[0] | (uint64_t)from[length >> 1] << (8 * (length >> 1)) |
              (uint64_t)from[length - 1] << (8 * (length - 1));
    }
    /* The last byte goes into the word: a word that a byte was just written into is loaded late. */
    if (length < 16) high |= (uint64_t)(GM_IMAGE_INLINE + length) << 56;
    gm_store64(image, low);
    gm_store64(image + 8, high);
#endif
}

/* The same for fewer than sixteen bytes, of which sixteen may be read: no branch on the length, which no processor can
 * predict for words. (1,500,000 of them are put into a map in 23.1 ms instead of 29.5.) */
GM_INLINE void gm_image_padded(unsigned char *image, const unsigned char *from, size_t length)
{
#if GM_BIG_ENDIAN
    gm_image_inline(image, from, length);
#else
    static const unsigned char kept[2 * GM_IMAGE] = {255, 255, 255, 255, 255, 255, 255, 255,
                                                     255, 255, 255, 255, 255, 255, 255, 255};
    const unsigned char *mask = kept + GM_IMAGE - length;
    uint64_t high = gm_load64(from + 8) & gm_load64(mask + 8);
    gm_store64(image, gm_load64(from) & gm_load64(mask));
    gm_store64(image + 8, high | (uint64_t)(GM_IMAGE_INLINE + length) << 56);
#endif
}

/* Strings up to 2^40 - 1 bytes; 0 for a longer one. */
GM_INLINE int gm_string_make(gm_string *made, const gomap_string *string, gm_seed seed)
{
    size_t length = string->length;
    const unsigned char *from = string->at;
    made->string = *string;
    if (GM_LIKELY(length <= 16)) {
        /* The image says which form it has, not the bytes that it was made of, which may change meanwhile. */
        gm_image_inline(made->image, from, length);
        if (GM_LIKELY(length < 16 || made->image[15] < GM_IMAGE_INLINE)) return 1;
    }
    if (GM_UNLIKELY((uint64_t)length >> GM_IMAGE_LENGTH_BITS != 0)) return 0;
    gm_store64(made->image, gm_hash_string(string, seed) >> 24 | (uint64_t)length << 40);
    gm_store64(made->image + 8, gm_image_long_word(length));
    return 1;
}

/* The same; of a shorter one sixteen bytes may be read. */
GM_INLINE int gm_string_make_padded(gm_string *made, const gomap_string *string, gm_seed seed)
{
    if (GM_UNLIKELY(string->length >= GM_IMAGE)) return gm_string_make(made, string, seed);
    made->string = *string;
    gm_image_padded(made->image, string->at, string->length);
    return 1;
}

#endif
