/* elastic/versions.h - buckets that are changed while others read them: tags, slots and versions by atomic words
 * (beside.h).
 *
 *     versions  | 0 | 1 | 2 | ... | n - 1 |            bucket b has version b mod n
 */
#ifndef GM_ELASTIC_VERSIONS_H
#define GM_ELASTIC_VERSIONS_H

#include "../beside.h"
#include "layout.h"

/* How many buckets there are to a version, and the least and most versions. A write takes a cache line of eight versions
 * away from the readers' processors. In ratios to reading alone, a thread that looks up 2,000 of 1,000,000 keys while
 * another changes 1,000 keeps 0.74 with 512 versions and 0.81 with 65,536. */
enum { EL_A_VERSION = 8, EL_VERSIONS_LEAST = 512, EL_VERSIONS_MOST = 65536 };

GM_INLINE uint32_t el_version(const gomap_versions *versions, uint32_t bucket) { return bucket & versions->mask; }

/* A copy of a slot, by words as large as its size allows. */
GM_INLINE void el_slot_acquire(const el_map *m, unsigned char *to, const unsigned char *slot)
{
    size_t bytes = m->slot_bytes;
    if (GM_LIKELY(bytes % 8 == 0)) {
        for (size_t i = 0; i < bytes; i += 8) gm_store64(to + i, gm_acquire64(slot + i));
    } else if (bytes % 4 == 0) {
        for (size_t i = 0; i < bytes; i += 4) gm_store32(to + i, gm_acquire32(slot + i));
    } else {
        for (size_t i = 0; i < bytes; i++) to[i] = gm_acquire8(slot + i);
    }
}

/* And back. */
GM_INLINE void el_slot_release(const el_map *m, unsigned char *slot, const unsigned char *from)
{
    size_t bytes = m->slot_bytes;
    if (GM_LIKELY(bytes % 8 == 0)) {
        for (size_t i = 0; i < bytes; i += 8) gm_release64(slot + i, gm_load64(from + i));
    } else if (bytes % 4 == 0) {
        for (size_t i = 0; i < bytes; i += 4) gm_release32(slot + i, gm_load32(from + i));
    } else {
        for (size_t i = 0; i < bytes; i++) gm_release8(slot + i, from[i]);
    }
}

GM_INLINE void el_tag_release(el_map *m, uint32_t bucket, unsigned slot, unsigned char tag)
{
    unsigned char tags[EL_SLOTS];
    memcpy(tags, el_tags(m, bucket), EL_SLOTS);
    tags[slot] = tag;
    gm_release64(el_tags(m, bucket), gm_load64(tags));
}

/* Before a bucket is changed, and after. */
GM_INLINE void el_bucket_begin(gomap_versions *versions, uint32_t bucket)
{
    uint64_t *version = &versions->of[el_version(versions, bucket)];
    gm_release64(version, *version + 1);
}
GM_INLINE void el_bucket_end(gomap_versions *versions, uint32_t bucket) { el_bucket_begin(versions, bucket); }

#endif
