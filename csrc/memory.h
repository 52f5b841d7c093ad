/* memory.h - the one owner of allocation.
 *
 * Every block of every map comes from gm_alloc or gm_resize and goes through gm_release; nothing
 * else in csrc/ calls malloc or free. So there is one place that counts (by purpose, live
 * and peak), one that tells the hooks, and one where tests make an allocation fail. A region (region.h) maps
 * its pages itself, and is counted here.
 *
 *   - The caller remembers a block's size and hands it back on release: no size is stored twice.
 *   - Bytes counted are the bytes granted, not those asked for: a heap block's usable size plus
 *     its header, with musl an estimate (gomap_heap_bytes); whole pages for a mapped one. A function
 *     of block and size alone, so that a structural walk finds the same number (gm_granted).
 *   - A block of GM_MAP_BYTES or more is mapped on its own, as malloc would do; done here, its
 *     size is exact, its pages are zero without being touched, and go back at once on release.
 */
#ifndef GM_MEMORY_H
#define GM_MEMORY_H

#include "gomap.h"
#include "platform.h"

/* glibc's own threshold for mapping (M_MMAP_THRESHOLD's default). */
#define GM_MAP_BYTES ((size_t)128 << 10)

/* The running counters of one map. By purpose they are kept where a walk cannot find the figure in
 * constant time (Go's overflow buckets); a header of 200 bytes has no room for them. */
typedef struct gm_purposes {
    size_t live[GOMAP_PURPOSES], peak[GOMAP_PURPOSES];
    uint64_t limit : 62, /* of the total; 0: none */
        refused : 1,     /* whether it refused what was last asked for */
        exactly : 1;     /* nothing is asked for beyond what is needed, as the limit has hardly room for that */
} gm_purposes;

/* A limit is kept as if the memory ended there: what would pass it fails and has changed nothing, as all that can fail
 * does. While a block is exchanged for a larger one, the smaller one counts no longer. */
typedef struct gm_memory {
    size_t total, peak;
    gm_purposes *purposes; /* or NULL */
} gm_memory;

/* A block of zeros, NULL when there is none. size is not 0. */
void *gm_alloc(gm_memory *memory, int purpose, size_t size);
/* The same whatever the limit, for a block to which another one makes way. */
void *gm_alloc_instead(gm_memory *memory, int purpose, size_t size);

/* The block with its first min(old, size) bytes, at the same address or another; NULL leaves it as
 * it was. New bytes are not zeroed. A NULL block of size 0 is an allocation. */
void *gm_resize(gm_memory *memory, int purpose, void *block, size_t old, size_t size);

/* block may be NULL, when size is 0. */
void gm_release(gm_memory *memory, int purpose, void *block, size_t size);

/* malloc may give a block sixteen bytes more than its size says (a chunk's remainder that is too small for a chunk). */
enum { GM_LIMIT_MARGIN = 16 };

/* Whether the limit allows a block of so many bytes instead of one of `old` bytes. */
GM_INLINE int gm_within_limit(const gm_memory *memory, size_t old, size_t bytes)
{
    gm_purposes *purposes = memory->purposes;
    if (purposes == NULL || purposes->limit == 0) return 1;
    purposes->refused = bytes > purposes->limit || memory->total - old + bytes + GM_LIMIT_MARGIN > purposes->limit;
    return !purposes->refused;
}

/* Whether the last allocation failed by the limit, so that a smaller one may not. */
GM_INLINE int gm_was_refused(const gm_memory *memory) { return memory->purposes && memory->purposes->refused; }

/* Whether room beyond what is needed is not to be asked for. */
GM_INLINE int gm_is_scarce(const gm_memory *memory) { return memory->purposes && memory->purposes->exactly; }

/* The bytes counted for a block; 0 for NULL. */
size_t gm_granted(const void *block, size_t size);
/* The same for a block that is not allocated yet, as far as its size determines it; 0 for size 0. */
size_t gm_granted_for(size_t size);

/* The block keeps its bytes and changes its purpose: a bucket array grows old. */
void gm_repurpose(gm_memory *memory, int from, int to, size_t granted);

/* ---- for region.c ---- */

/* Whether a test wants this allocation to fail. */
int gm_must_fail(void);
void gm_count_in(gm_memory *memory, int purpose, void *block, size_t granted);
void gm_count_out(gm_memory *memory, int purpose, void *block, size_t granted);

#endif
