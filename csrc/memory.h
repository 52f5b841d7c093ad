/* memory.h - the one owner of allocation.
 *
 * Every block of every map comes from gm_alloc or gm_resize and goes through gm_release; nothing
 * else in csrc/ calls malloc, mmap or free. So there is one place that counts (by purpose, live
 * and peak), one that tells the hooks, and one where tests make an allocation fail.
 *
 *   - The caller remembers a block's size and hands it back on release: no size is stored twice.
 *   - Bytes counted are the bytes granted, not those asked for: a heap block's usable size plus
 *     its header; whole pages for a mapped one. A function of block and size alone, so that a
 *     structural walk finds the same number (gm_granted).
 *   - A block of GM_MAP_BYTES or more is mapped on its own, as malloc would do; done here, its
 *     size is exact, its pages are zero without being touched, and go back at once on release.
 *   - A block of GM_HUGE_BYTES or more is aligned for huge pages and asks for them where the system
 *     leaves that to programs: random probing of a large array otherwise pays a TLB miss a probe.
 */
#ifndef GM_MEMORY_H
#define GM_MEMORY_H

#include "gomap.h"

/* glibc's own threshold for mapping (M_MMAP_THRESHOLD's default). */
#define GM_MAP_BYTES ((size_t)128 << 10)
/* The huge page of x86-64, and of AArch64 with 4 KiB pages. */
#define GM_HUGE_BYTES ((size_t)2 << 20)
/* A mapped region grows by a 128th; by the former at least, since a call of the system takes as long as 20
 * insertions, and by the latter at most, since one insertion waits for its pages: 32 take 30 to 60
 * microseconds. (Growing by whole huge pages made a hit at 10,000,000 entries a sixth faster; but one insertion
 * in ten million took 5 ms, while the system made room for one. As it is they come later, when the system gets
 * to it, or at once where room is reserved.) */
#define GM_LEAST_STEP ((size_t)16 << 10)
#define GM_MOST_STEP ((size_t)128 << 10)
/* The least address space reserved for a region, and how much more than it needs, as powers of two.
 * Reserving costs no memory, and moving to a larger reservation takes one insertion long. 2^15 regions of 4 GB
 * fit the 2^47 bytes a process has, as many as Linux lets it map by default. Where so much is not to be had,
 * less is taken. */
#if !defined(GM_RESERVE_LEAST) /* tests lower it */
#define GM_RESERVE_LEAST (SIZE_MAX >> 31 > 1 ? 32 : 26)
#endif
#define GM_RESERVE_AHEAD 3

/* The running counters of one map. By purpose they are kept where a walk cannot find the figure in
 * constant time (GoMap's overflow buckets); a header of 200 bytes has no room for them. */
typedef struct gm_purposes {
    size_t live[GOMAP_PURPOSES], peak[GOMAP_PURPOSES];
} gm_purposes;

typedef struct gm_memory {
    size_t total, peak;
    gm_purposes *purposes; /* or NULL */
} gm_memory;

/* A block of zeros, NULL when there is none. size is not 0. */
void *gm_alloc(gm_memory *memory, int purpose, size_t size);

/* The block with its first min(old, size) bytes, at the same address or another; NULL leaves it as
 * it was. New bytes are not zeroed. A NULL block of size 0 is an allocation. */
void *gm_resize(gm_memory *memory, int purpose, void *block, size_t old, size_t size);

/* block may be NULL, when size is 0. */
void gm_release(gm_memory *memory, int purpose, void *block, size_t size);

/* The bytes counted for a block; 0 for NULL. */
size_t gm_granted(const void *block, size_t size);

/* ---- regions ----
 * A block that grows and shrinks at its end, a little at a time. A small one is a heap block. One of
 * GM_MAP_BYTES or more is mapped, with address space reserved ahead of it, so that it grows in place:
 *
 *     at                        at + bytes                              at + 2^reserved
 *     | readable and writable    | reserved: address space, no memory     |
 *
 * When the reservation is used up, a larger one is made and the pages are moved there (mremap, where
 * there is one; else copied). Shrinking gives pages back at once.
 */
typedef struct gm_region {
    unsigned char *at; /* NULL while bytes is 0 */
    uint64_t bytes : 56, reserved : 8; /* reserved: log2, 0 for a heap block */
} gm_region;

/* Makes the region hold at least `bytes`; a mapped one is rounded up to whole pages. What it held
 * stays, what is new is not zeroed. 0 when there is no memory, and nothing has changed; making it
 * smaller never fails. */
int gm_region_resize(gm_memory *memory, int purpose, gm_region *region, size_t bytes);

size_t gm_region_granted(const gm_region *region);

/* The bytes to make a region of `bytes` hold, so that growing on costs little. A heap block may have to be
 * copied, and grows by a quarter; a mapped one grows in place, by a 128th. */
size_t gm_region_room(size_t bytes);

/* The most that a region keeps when so many bytes are needed: twice the room, so that growing and shrinking
 * by turns resizes nothing. */
size_t gm_region_spare(size_t bytes);

/* The block keeps its bytes and changes its purpose: a bucket array grows old. */
void gm_repurpose(gm_memory *memory, int from, int to, size_t granted);

#endif
