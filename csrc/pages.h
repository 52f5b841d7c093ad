/* pages.h - whole pages of the system's memory, and address space without memory. Nothing here is counted; memory.c and
 * region.c do that.
 *
 * A mapping of GM_HUGE_BYTES or more begins on a boundary of huge pages and asks for them where the system leaves that
 * to programs: random probing of a large array otherwise pays a TLB miss a probe.
 */
#ifndef GM_PAGES_H
#define GM_PAGES_H

#include <stddef.h>
#include <stdint.h>

/* The huge page of x86-64, and of AArch64 with 4 KiB pages. */
#define GM_HUGE_BYTES ((size_t)2 << 20)

size_t gm_page_bytes(void);
/* Rounded up to whole pages; size is at most SIZE_MAX less a page. */
size_t gm_whole_pages(size_t size);

/* Pages of zeros, NULL when there are none. Sizes are those of whole pages. */
void *gm_pages_map(size_t size);
void gm_pages_unmap(void *block, size_t size);
/* To another size, at the same address or another, without a copy. NULL: the system cannot, and it is as it was. */
void *gm_pages_resize(void *block, size_t old, size_t size);

/* ---- address space ----
 * What is reserved can be neither read nor written until pages of it are committed. */
void *gm_pages_reserve(size_t size);
void gm_pages_unreserve(void *at, size_t size);
/* at_once: allocates all pages in one call instead of by a fault for each, which takes a tenth off the time of a
 * growing insertion at 1,000,000 entries. 0: there is no memory. */
int gm_pages_commit(char *at, size_t size, int at_once);
/* Allocates committed pages, those that are there left as they are. */
void gm_pages_populate(char *at, size_t size);
void gm_pages_decommit(char *at, size_t size);
/* Moves the first `old` bytes of a reservation of `reserved` bytes to a new one of `wider` bytes. `bytes` of the new
 * one are then committed, and the old one is unreserved. NULL: there is no memory, and nothing has changed. */
char *gm_pages_move(char *from, size_t old, size_t reserved, size_t bytes, size_t wider);

#endif
