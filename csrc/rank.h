/* rank.h - numbers as unsigned words in the same order, so that one comparison serves every kind. */
#ifndef GM_RANK_H
#define GM_RANK_H

#include "columns.h"
#include "platform.h"

enum { GM_RANK_NAN = 0 }; /* of a NaN, and of no other float */

/* The bits of a float, in the order of the floats: -0.0 before 0.0, NaN before all. */
GM_INLINE uint64_t gm_rank_bits(uint64_t bits) { return bits >> 63 ? ~bits : bits | (uint64_t)1 << 63; }

/* The rank of a number of a kind GOMAP_N_... */
GM_INLINE uint64_t gm_rank(const void *at, int kind)
{
    const uint64_t sign = (uint64_t)1 << 63;
    switch (kind) {
    /* clang-format off */
    case GOMAP_N_INT8: { int8_t v; memcpy(&v, at, 1); return (uint64_t)(int64_t)v ^ sign; }
    case GOMAP_N_INT16: { int16_t v; memcpy(&v, at, 2); return (uint64_t)(int64_t)v ^ sign; }
    case GOMAP_N_INT32: { int32_t v; memcpy(&v, at, 4); return (uint64_t)(int64_t)v ^ sign; }
    case GOMAP_N_INT64: return gm_load64(at) ^ sign;
    case GOMAP_N_UINT16: { uint16_t v; memcpy(&v, at, 2); return v; }
    case GOMAP_N_UINT32: return gm_load32(at);
    case GOMAP_N_UINT64: return gm_load64(at);
    /* clang-format on */
    case GOMAP_N_FLOAT32: {
        float narrow;
        memcpy(&narrow, at, 4);
        double v = (double)narrow;
        return v != v ? GM_RANK_NAN : gm_rank_bits(gm_load64(&v));
    }
    case GOMAP_N_FLOAT64: {
        double v;
        memcpy(&v, at, 8);
        return v != v ? GM_RANK_NAN : gm_rank_bits(gm_load64(&v));
    }
    default: return *(const unsigned char *)at;
    }
}

GM_INLINE int gm_rank_is_float(int kind) { return kind == GOMAP_N_FLOAT32 || kind == GOMAP_N_FLOAT64; }

#endif
