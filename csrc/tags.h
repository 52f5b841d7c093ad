/* tags.h - the eight tags of a bucket, a byte each, compared at once.
 *
 *   gm_match8        which of eight tags equal one; gm_match8_up_to: are at most one; gm_match8_high: have their top bit
 *   gm_match16       which of the sixteen tags of two buckets, where there are the instructions (GM_MATCH16)
 *   gm_zeros16       which of those are 0, and where there are more of them
 *   gm_tags_load     the eight as one word, gm_tags_store back
 */
#ifndef GM_TAGS_H
#define GM_TAGS_H

#include "platform.h"

/* ---- the eight tags as one word, tag i in bits 8i to 8i + 7 -------------------------------- */

GM_INLINE uint64_t gm_tags_load(const unsigned char *tags)
{
    uint64_t word = gm_load64(tags);
#if GM_BIG_ENDIAN
    word = __builtin_bswap64(word);
#endif
    return word;
}

GM_INLINE void gm_tags_store(unsigned char *tags, uint64_t word)
{
#if GM_BIG_ENDIAN
    word = __builtin_bswap64(word);
#endif
    gm_store64(tags, word);
}

/* ---- gm_match8: the eight tags of a bucket against one ------------------------------------
 * The answer is a gm_match: a set with one element for every equal byte, walked by
 *     for (gm_match found = gm_match8(tags, tag); found; found = gm_match_next(found))
 *         use(gm_match_index(found));
 * gm_match_not is its complement. SSE2 has a bit a byte; NEON and the portable form have the byte's top bit, so that an
 * index is a count of bits divided by eight.
 */
typedef uint64_t gm_match;

GM_INLINE gm_match gm_match_next(gm_match found) { return found & (found - 1); }

#if GM_SSE2

GM_INLINE __m128i gm_group16(const unsigned char *first, const unsigned char *second)
{
    return _mm_unpacklo_epi64(_mm_loadl_epi64((const __m128i *)(const void *)first),
                              _mm_loadl_epi64((const __m128i *)(const void *)second));
}

/* The sixteen tags of two buckets in one compare: indexes 0 to 7 and 8 to 15. */
GM_INLINE gm_match gm_match16(const unsigned char *first, const unsigned char *second, unsigned char tag)
{
    __m128i group = gm_group16(first, second);
    return (gm_match)(unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(group, _mm_set1_epi8((char)tag)));
}
#define GM_MATCH16 1

/* Which of the tags of two buckets are 0, and how many more of them the second has. */
GM_INLINE int gm_zeros16(const unsigned char *first, const unsigned char *second, gm_match *in_first,
                         gm_match *in_second)
{
    __m128i group = gm_group16(first, second);
    __m128i zeros = _mm_cmpeq_epi8(group, _mm_setzero_si128());
    __m128i sums = _mm_sad_epu8(_mm_sub_epi8(_mm_setzero_si128(), zeros), _mm_setzero_si128());
    unsigned bits = (unsigned)_mm_movemask_epi8(zeros);
    *in_first = bits & 0xff;
    *in_second = bits >> 8;
    return _mm_extract_epi16(sums, 4) - _mm_cvtsi128_si32(sums);
}

GM_INLINE gm_match gm_match8(const unsigned char *tags, unsigned char tag)
{
    __m128i group = _mm_loadl_epi64((const __m128i *)(const void *)tags);
    __m128i equal = _mm_cmpeq_epi8(group, _mm_set1_epi8((char)tag));
    return (gm_match)((unsigned)_mm_movemask_epi8(equal) & 0xffu);
}
GM_INLINE gm_match gm_match8_up_to(const unsigned char *tags, unsigned char tag)
{
    __m128i group = _mm_loadl_epi64((const __m128i *)(const void *)tags);
    __m128i lower = _mm_min_epu8(group, _mm_set1_epi8((char)tag));
    return (gm_match)((unsigned)_mm_movemask_epi8(_mm_cmpeq_epi8(group, lower)) & 0xffu);
}
/* Those whose top bit is set. */
GM_INLINE gm_match gm_match8_high(const unsigned char *tags)
{
    __m128i group = _mm_loadl_epi64((const __m128i *)(const void *)tags);
    return (gm_match)((unsigned)_mm_movemask_epi8(group) & 0xffu);
}
GM_INLINE gm_match gm_match_not(gm_match found) { return found ^ 0xff; }
/* Elements `first` and above. */
GM_INLINE gm_match gm_match_from(gm_match found, unsigned first) { return found >> first << first; }
/* Element i becomes i - by, modulo 8. */
GM_INLINE gm_match gm_match_rotate(gm_match found, unsigned by) { return ((found | found << 8) >> by) & 0xff; }
GM_INLINE unsigned gm_match_index(gm_match found) { return gm_ctz(found); }
/* How many; of a set of eight. */
GM_INLINE unsigned gm_match_count(gm_match found)
{
    unsigned bits = (unsigned)found;
    bits -= (bits >> 1) & 0x55;
    bits = (bits & 0x33) + ((bits >> 2) & 0x33);
    return (bits + (bits >> 4)) & 0xf;
}

#elif GM_NEON

GM_INLINE gm_match gm_match8(const unsigned char *tags, unsigned char tag)
{
    uint8x8_t equal = vceq_u8(vld1_u8(tags), vdup_n_u8(tag));
    return vget_lane_u64(vreinterpret_u64_u8(equal), 0) & 0x8080808080808080u;
}
GM_INLINE gm_match gm_match8_up_to(const unsigned char *tags, unsigned char tag)
{
    uint8x8_t lower = vcle_u8(vld1_u8(tags), vdup_n_u8(tag));
    return vget_lane_u64(vreinterpret_u64_u8(lower), 0) & 0x8080808080808080u;
}

#else

#define GM_LOW7 0x7f7f7f7f7f7f7f7fu

GM_INLINE gm_match gm_match8(const unsigned char *tags, unsigned char tag)
{
    uint64_t x = gm_tags_load(tags) ^ 0x0101010101010101u * tag;
    /* A byte's top bit is set where the byte is zero; no carry crosses bytes, so none is wrong. */
    return ~(((x & GM_LOW7) + GM_LOW7) | x | GM_LOW7);
}
/* tag is below 128. */
GM_INLINE gm_match gm_match8_up_to(const unsigned char *tags, unsigned char tag)
{
    uint64_t x = gm_tags_load(tags);
    return ~(((x & GM_LOW7) + 0x0101010101010101u * (127u - tag)) | x | GM_LOW7);
}

#endif

#if !GM_SSE2 /* a byte's top bit for each, in NEON's and the portable form */

GM_INLINE gm_match gm_match8_high(const unsigned char *tags) { return gm_tags_load(tags) & 0x8080808080808080u; }
GM_INLINE gm_match gm_match_not(gm_match found) { return found ^ 0x8080808080808080u; }
GM_INLINE gm_match gm_match_from(gm_match found, unsigned first) { return found >> (8 * first) << (8 * first); }
GM_INLINE gm_match gm_match_rotate(gm_match found, unsigned by)
{
    return found >> (8 * by) | found << ((64 - 8 * by) & 63);
}
GM_INLINE unsigned gm_match_count(gm_match found) { return (unsigned)((found >> 7) * 0x0101010101010101u >> 56); }
GM_INLINE unsigned gm_match_index(gm_match found) { return gm_ctz(found) >> 3; }
GM_INLINE int gm_zeros16(const unsigned char *first, const unsigned char *second, gm_match *in_first,
                         gm_match *in_second)
{
    *in_first = gm_match8(first, 0);
    *in_second = gm_match8(second, 0);
    return (int)gm_match_count(*in_second) - (int)gm_match_count(*in_first);
}
#endif

#endif
