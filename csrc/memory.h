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

/* A block of zeros, NULL when there is none. size is not 0. */
void *gm_alloc(gomap_memory *memory, int purpose, size_t size);

/* The block with its first min(old, size) bytes, at the same address or another; NULL leaves it as
 * it was. New bytes are not zeroed. A NULL block of size 0 is an allocation. */
void *gm_resize(gomap_memory *memory, int purpose, void *block, size_t old, size_t size);

/* block may be NULL, when size is 0. */
void gm_release(gomap_memory *memory, int purpose, void *block, size_t size);

/* The bytes counted for a block; 0 for NULL. */
size_t gm_granted(const void *block, size_t size);

/* The block keeps its bytes and changes its purpose: a bucket array grows old. */
void gm_repurpose(gomap_memory *memory, int from, int to, size_t granted);

#endif
