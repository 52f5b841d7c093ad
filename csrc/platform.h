/* platform.h - what differs between compilers and processors, and nothing else.
 *
 *   GM_INLINE      a function that is inlined whatever the compiler thinks: the engines are
 *                  specialised by inlining them with a constant gm_kind (kind.h)
 *   GM_LIKELY      branch weight, used only where a profile showed the difference
 *   gm_mul128      64 x 64 -> 128 bit product, the heart of the hash
 *   gm_ctz         index of the lowest set bit; gm_top_bit of the highest
 *   GM_SSE2, GM_NEON   vector instructions that may be used
 *   GM_PREFETCH    asks for a cache line that will be needed
 *   gm_load/store  unaligned access through memcpy, which compiles to one move
 *   gm_copy        memcpy that does not call out for the size that is most common
 *   gm_acquire, gm_release   access to words that other threads write or read at the same time
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

/* A struct that stands in an array of another type. */
#if defined(__GNUC__) || defined(__clang__)
#define GM_MAY_ALIAS __attribute__((may_alias))
#else
#define GM_MAY_ALIAS
#endif

#if defined(__GNUC__) || defined(__clang__)
#define GM_PREFETCH(at) __builtin_prefetch(at)
#elif defined(_M_X64)
#define GM_PREFETCH(at) _mm_prefetch((const char *)(at), _MM_HINT_T0)
#else
#define GM_PREFETCH(at) ((void)(at))
#endif

/* A number that was read from memory stays the one that was read: the compiler may not read it again after it was
 * compared with a bound. The bytes of a snapshot may change at any time. */
#if defined(__GNUC__) || defined(__clang__)
#define GM_READ_ONCE(number) __asm__("" : "+r"(number))
#elif defined(_MSC_VER)
#define GM_READ_ONCE(number) _ReadWriteBarrier()
#else
#define GM_READ_ONCE(number) ((void)(number))
#endif

#if !defined(GM_PORTABLE) && (defined(__SSE2__) || defined(_M_X64))
#include <emmintrin.h>
#define GM_SSE2 1
#elif !defined(GM_PORTABLE) && (defined(__ARM_NEON) || defined(_M_ARM64))
#if defined(_MSC_VER) && !defined(__clang__)
#include <arm64_neon.h> /* an older arm_neon.h of MSVC is for 32 bits alone */
#else
#include <arm_neon.h>
#endif
#define GM_NEON 1
#endif

#if defined(__BYTE_ORDER__) && __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
#define GM_BIG_ENDIAN 1
#else
#define GM_BIG_ENDIAN 0
#endif

/* A quiet NaN, without math.h's macros, which differ in being constant. */
GM_INLINE double gm_nan(void)
{
    uint64_t bits = 0x7ff8000000000000u;
    double nan;
    memcpy(&nan, &bits, 8);
    return nan;
}
#define GM_NAN gm_nan()

/* clang-format off */
GM_INLINE uint32_t gm_load32(const void *p) { uint32_t v; memcpy(&v, p, 4); return v; }
GM_INLINE uint64_t gm_load64(const void *p) { uint64_t v; memcpy(&v, p, 8); return v; }
GM_INLINE void gm_store32(void *p, uint32_t v) { memcpy(p, &v, 4); }
GM_INLINE void gm_store64(void *p, uint64_t v) { memcpy(p, &v, 8); }
/* clang-format on */

/* memcpy of a size known only at run time, most often 8. */
GM_INLINE void gm_copy(void *to, const void *from, size_t n)
{
    if (GM_LIKELY(n == 8)) memcpy(to, from, 8);
    else memcpy(to, from, n);
}

/* ---- words that other threads read or write at the same time, aligned to their size ---- */

typedef uint64_t GM_MAY_ALIAS gm_word64;
typedef uint32_t GM_MAY_ALIAS gm_word32;

#if defined(_MSC_VER) && !defined(__clang__)
#if defined(_M_ARM64)
#define GM_ORDERED() __dmb(_ARM64_BARRIER_ISH)
#else
#define GM_ORDERED() _ReadWriteBarrier() /* the processor keeps reads in order, and writes */
#endif
/* clang-format off */
GM_INLINE uint64_t gm_acquire64(const void *p) { uint64_t v = *(const volatile uint64_t *)p; GM_ORDERED(); return v; }
GM_INLINE uint32_t gm_acquire32(const void *p) { uint32_t v = *(const volatile uint32_t *)p; GM_ORDERED(); return v; }
GM_INLINE unsigned char gm_acquire8(const void *p)
{
    unsigned char v = *(const volatile unsigned char *)p;
    GM_ORDERED();
    return v;
}
GM_INLINE void gm_release64(void *p, uint64_t v) { GM_ORDERED(); *(volatile uint64_t *)p = v; }
GM_INLINE void gm_release32(void *p, uint32_t v) { GM_ORDERED(); *(volatile uint32_t *)p = v; }
GM_INLINE void gm_release8(void *p, unsigned char v) { GM_ORDERED(); *(volatile unsigned char *)p = v; }
/* clang-format on */
#else
GM_INLINE uint64_t gm_acquire64(const void *p) { return __atomic_load_n((const gm_word64 *)p, __ATOMIC_ACQUIRE); }
GM_INLINE uint32_t gm_acquire32(const void *p) { return __atomic_load_n((const gm_word32 *)p, __ATOMIC_ACQUIRE); }
GM_INLINE unsigned char gm_acquire8(const void *p)
{
    return __atomic_load_n((const unsigned char *)p, __ATOMIC_ACQUIRE);
}
GM_INLINE void gm_release64(void *p, uint64_t v) { __atomic_store_n((gm_word64 *)p, v, __ATOMIC_RELEASE); }
GM_INLINE void gm_release32(void *p, uint32_t v) { __atomic_store_n((gm_word32 *)p, v, __ATOMIC_RELEASE); }
GM_INLINE void gm_release8(void *p, unsigned char v) { __atomic_store_n((unsigned char *)p, v, __ATOMIC_RELEASE); }
#endif

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

#endif
