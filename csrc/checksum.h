/* checksum.h - XXH64 (Collet 2012), whose specification is public: what a snapshot's parts, in a saved file, are
 * checked by. snapshot.c computes them.
 *
 * Four lanes of eight bytes each are multiplied at a time, so a processor checks some 10 GB in a second without
 * instructions of its own for it. It finds damage. It does not find what somebody changed on purpose: he can
 * compute it.
 */
#ifndef GM_CHECKSUM_H
#define GM_CHECKSUM_H

#include "platform.h"

#define GM_XXH1 0x9e3779b185ebca87u
#define GM_XXH2 0xc2b2ae3d27d4eb4fu
#define GM_XXH3 0x165667b19e3779f9u
#define GM_XXH4 0x85ebca77c2b2ae63u
#define GM_XXH5 0x27d4eb2f165667c5u

enum { GM_CHECKSUM_BLOCK = 32 };

/* Bytes come in pieces of any size. */
typedef struct gm_checksum {
    uint64_t lane[4], bytes;
    unsigned char rest[GM_CHECKSUM_BLOCK]; /* bytes % GM_CHECKSUM_BLOCK of them */
} gm_checksum;

GM_INLINE uint64_t gm_rotate(uint64_t x, unsigned by) { return x << by | x >> (64 - by); }

/* A word as its bytes stand in a snapshot, which are little-endian. */
GM_INLINE uint64_t gm_little64(const void *at)
{
#if GM_BIG_ENDIAN
    const unsigned char *byte = at;
    uint64_t word = 0;
    for (int i = 7; i >= 0; i--) word = word << 8 | byte[i];
    return word;
#else
    return gm_load64(at);
#endif
}

GM_INLINE uint64_t gm_checksum_round(uint64_t lane, uint64_t word)
{
    return gm_rotate(lane + word * GM_XXH2, 31) * GM_XXH1;
}

static inline void gm_checksum_begin(gm_checksum *sum)
{
    sum->lane[0] = GM_XXH1 + GM_XXH2;
    sum->lane[1] = GM_XXH2;
    sum->lane[2] = 0;
    sum->lane[3] = 0 - GM_XXH1;
    sum->bytes = 0;
}

static inline const unsigned char *gm_checksum_blocks(gm_checksum *sum, const unsigned char *at, size_t blocks)
{
    uint64_t a = sum->lane[0], b = sum->lane[1], c = sum->lane[2], d = sum->lane[3];
    for (; blocks; blocks--, at += GM_CHECKSUM_BLOCK) {
        a = gm_checksum_round(a, gm_little64(at));
        b = gm_checksum_round(b, gm_little64(at + 8));
        c = gm_checksum_round(c, gm_little64(at + 16));
        d = gm_checksum_round(d, gm_little64(at + 24));
    }
    sum->lane[0] = a, sum->lane[1] = b, sum->lane[2] = c, sum->lane[3] = d;
    return at;
}

static inline void gm_checksum_add(gm_checksum *sum, const void *from, size_t bytes)
{
    const unsigned char *at = from;
    size_t rest = (size_t)(sum->bytes % GM_CHECKSUM_BLOCK), some;
    if (bytes == 0) return;
    sum->bytes += bytes;
    if (rest) {
        some = GM_CHECKSUM_BLOCK - rest < bytes ? GM_CHECKSUM_BLOCK - rest : bytes;
        memcpy(sum->rest + rest, at, some);
        if (rest + some < GM_CHECKSUM_BLOCK) return;
        gm_checksum_blocks(sum, sum->rest, 1);
        at += some;
        bytes -= some;
    }
    at = gm_checksum_blocks(sum, at, bytes / GM_CHECKSUM_BLOCK);
    if (bytes % GM_CHECKSUM_BLOCK) memcpy(sum->rest, at, bytes % GM_CHECKSUM_BLOCK);
}

static inline uint64_t gm_checksum_end(const gm_checksum *sum)
{
    uint64_t hash = sum->lane[2] + GM_XXH5;
    const unsigned char *at = sum->rest, *end = at + sum->bytes % GM_CHECKSUM_BLOCK;
    if (sum->bytes >= GM_CHECKSUM_BLOCK) {
        hash = gm_rotate(sum->lane[0], 1) + gm_rotate(sum->lane[1], 7) + gm_rotate(sum->lane[2], 12) +
               gm_rotate(sum->lane[3], 18);
        for (int i = 0; i < 4; i++) hash = (hash ^ gm_checksum_round(0, sum->lane[i])) * GM_XXH1 + GM_XXH4;
    }
    hash += sum->bytes;
    for (; end - at >= 8; at += 8)
        hash = gm_rotate(hash ^ gm_checksum_round(0, gm_little64(at)), 27) * GM_XXH1 + GM_XXH4;
    if (end - at >= 4) {
        uint64_t word = at[0] | (uint64_t)at[1] << 8 | (uint64_t)at[2] << 16 | (uint64_t)at[3] << 24;
        hash = gm_rotate(hash ^ word * GM_XXH1, 23) * GM_XXH2 + GM_XXH3;
        at += 4;
    }
    for (; at != end; at++) hash = gm_rotate(hash ^ *at * GM_XXH5, 11) * GM_XXH1;
    hash = (hash ^ hash >> 33) * GM_XXH2;
    hash = (hash ^ hash >> 29) * GM_XXH3;
    return hash ^ hash >> 32;
}

static inline uint64_t gm_checksum_of(const void *at, size_t bytes)
{
    gm_checksum sum;
    gm_checksum_begin(&sum);
    gm_checksum_add(&sum, at, bytes);
    return gm_checksum_end(&sum);
}

#endif
