/* platform.h - what differs between compilers and processors, and nothing else.
 *
 *   GM_INLINE      a function that is inlined whatever the compiler thinks: the engines are
 *                  specialised by inlining them with a constant gm_kind (kind.h)
 *   GM_LIKELY      branch weight, used only where a profile showed the difference
 *   gm_mul128      64 x 64 -> 128 bit product, the heart of the hash
 *   gm_ctz         index of the lowest set bit
 *   gm_match8      which of eight bytes equal one byte; gm_match8_up_to: are at most one
 *   GM_PREFETCH    asks for a cache line that will be needed
 *   gm_load/store  unaligned access through memcpy, which compiles to one move
 *   gm_copy        memcpy that does not call out for the size that is most common
 */
#ifndef GM_PLATFORM_H
#define GM_PLATFORM_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(_MSC_VER) && !defined(__clang__)
#include <intrin.h>
#define GM_INLINE static __forceinline
#define GM_LIKELY(x) (x)
#define GM_UNLIKELY(x) (x)
#else
#define GM_INLINE static inline __attribute__((always_inline))
#define GM_LIKELY(x) __builtin_expect(!!(x), 1)
#define GM_UNLIKELY(x) __builtin_expect(!!(x), 0)
#endif

#if defined(__GNUC__) || defined(__clang__)
#define GM_PREFETCH(at) __builtin_prefetch(at)
#elif defined(_M_X64)
#define GM_PREFETCH(at) _mm_prefetch((const char *)(at), _MM_HINT_T0)
#else
#define GM_PREFETCH(at) ((void)(at))
#endif

#if !defined(GM_PORTABLE) && (defined(__SSE2__) || defined(_M_X64))
#include <emmintrin.h>
#define GM_SSE2 1
#elif !defined(GM_PORTABLE) && (defined(__ARM_NEON) || defined(_M_ARM64))
#include <arm_neon.h>
#define GM_NEON 1
#endif

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define GM_BIG_ENDIAN 1
#else
#define GM_BIG_ENDIAN 0
#endif

/* A quiet NaN, without math.h's macros, which differ in being constant. */
GM_INLINE double gm_nan(void) { uint64_t bits = 0x7ff8000000000000u; double nan; memcpy(&nan, &bits, 8); return nan; }
#define GM_NAN gm_nan()

GM_INLINE uint32_t gm_load32(const void *p) { uint32_t v; memcpy(&v, p, 4); return v; }
GM_INLINE uint64_t gm_load64(const void *p) { uint64_t v; memcpy(&v, p, 8); return v; }
GM_INLINE void gm_store32(void *p, uint32_t v) { memcpy(p, &v, 4); }
GM_INLINE void gm_store64(void *p, uint64_t v) { memcpy(p, &v, 8); }

/* memcpy of a size known only at run time, most often 8. */
GM_INLINE void gm_copy(void *to, const void *from, size_t n)
{
    if (GM_LIKELY(n == 8)) memcpy(to, from, 8);
    else memcpy(to, from, n);
}

/* The product's high half; *low receives the low half. */
GM_INLINE uint64_t gm_mul128(uint64_t a, uint64_t b, uint64_t *low)
{
#if defined(__SIZEOF_INT128__)
    __extension__ typedef unsigned __int128 wide;
    wide product = (wide)a * b;
    *low = (uint64_t)product;
    return (uint64_t)(product >> 64);
#elif defined(_MSC_VER) && defined(_M_X64)
    uint64_t high;
    *low = _umul128(a, b, &high);
    return high;
#elif defined(_MSC_VER) && defined(_M_ARM64)
    *low = a * b;
    return __umulh(a, b);
#else
    uint64_t al = (uint32_t)a, ah = a >> 32, bl = (uint32_t)b, bh = b >> 32;
    uint64_t ll = al * bl, lh = al * bh, hl = ah * bl;
    uint64_t middle = (ll >> 32) + (uint32_t)lh + (uint32_t)hl;
    *low = (middle << 32) | (uint32_t)ll;
    return ah * bh + (lh >> 32) + (hl >> 32) + (middle >> 32);
#endif
}

/* x is never 0. */
GM_INLINE unsigned gm_ctz(uint64_t x)
{
#if defined(_MSC_VER) && !defined(__clang__)
    unsigned long index;
    _BitScanForward64(&index, x);
    return (unsigned)index;
#else
    return (unsigned)__builtin_ctzll(x);
#endif
}

/* Index of the highest set bit; x is never 0. */
GM_INLINE unsigned gm_top_bit(uint64_t x)
{
#if defined(_MSC_VER) && !defined(__clang__)
    unsigned long index;
    _BitScanReverse64(&index, x);
    return (unsigned)index;
#else
    return 63u ^ (unsigned)__builtin_clzll(x);
#endif
}

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

/* The word with the tags behind the last one over 1 made 0. */
GM_INLINE uint64_t gm_tags_trim(uint64_t word)
{
    uint64_t over = word & 0xfefefefefefefefeu;
    if (GM_UNLIKELY(over == 0)) return 0;
    return word & (~(uint64_t)0 >> (56 - (gm_top_bit(over) & 56)));
}

/* ---- gm_match8: the eight tags of a bucket against one ------------------------------------
 * The answer is a gm_match: a set with one element for every equal byte, walked by
 *     for (gm_match found = gm_match8(tags, tag); found; found = gm_match_next(found))
 *         use(gm_match_index(found));
 * gm_match_not is its complement. SSE2 has a bit a byte; NEON and the portable form have the byte's top bit, so that an index
 * is a count of bits divided by eight.
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
GM_INLINE int gm_zeros16(const unsigned char *first, const unsigned char *second, gm_match *in_first, gm_match *in_second)
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
GM_INLINE gm_match gm_match_not(gm_match found) { return found ^ 0xff; }
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

GM_INLINE gm_match gm_match_not(gm_match found) { return found ^ 0x8080808080808080u; }
GM_INLINE gm_match gm_match_rotate(gm_match found, unsigned by)
{
    return found >> (8 * by) | found << ((64 - 8 * by) & 63);
}
GM_INLINE unsigned gm_match_count(gm_match found)
{
    return (unsigned)((found >> 7) * 0x0101010101010101u >> 56);
}
GM_INLINE unsigned gm_match_index(gm_match found) { return gm_ctz(found) >> 3; }
GM_INLINE int gm_zeros16(const unsigned char *first, const unsigned char *second, gm_match *in_first, gm_match *in_second)
{
    *in_first = gm_match8(first, 0);
    *in_second = gm_match8(second, 0);
    return (int)gm_match_count(*in_second) - (int)gm_match_count(*in_first);
}
#endif

#endif
