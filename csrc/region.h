/* region.h - memory that grows and shrinks at its end, a little at a time.
 *
 * A small region is a heap block. One of GM_MAP_BYTES or more is mapped, with address space reserved ahead of it, so
 * that it grows in place:
 *
 *     at                        at + bytes                              at + 2^reserved
 *     | readable and writable    | reserved: address space, no memory     |
 *
 * When the reservation is used up, a larger one is made and the pages are moved there (mremap, where
 * there is one; else copied). Shrinking gives pages back at once.
 *
 * A region that is lent lies in memory of somebody else (snapshot.h): it is read, and let go, and never resized.
 */
#ifndef GM_REGION_H
#define GM_REGION_H

#include "memory.h"
#include "platform.h"

/* A mapped region grows by a 128th of its size. It grows by GM_LEAST_STEP at least, since a system call takes as
 * long as 20 insertions. It grows by GM_MOST_STEP at most, since one insertion waits for the new pages: 32 pages
 * take 30 to 60 microseconds. */
#define GM_LEAST_STEP ((size_t)16 << 10)
#define GM_MOST_STEP ((size_t)128 << 10)
/* From this size on (for tags from an eighth of it), a region grows to whole huge pages. Rounding adds half a huge
 * page on average: 1.6 % at this size, and less above it. 10,000,000 entries are then found, added and deleted in
 * 0.81 to 0.86 of the time, as fewer addresses have to be translated. One insertion waits for the system to clear a
 * huge page: 0.23 ms (32 small pages: 0.03). Records' regions, which ask for a 128th more, are not rounded up. */
#if !defined(GM_HUGE_REGION) /* tests lower it */
#define GM_HUGE_REGION ((size_t)64 << 20)
#endif
/* The least address space reserved for a region, and the factor by which it exceeds what the region needs, as powers
 * of two. Reserving costs no memory, and only one insertion waits for a move to a larger reservation. 2^15 regions
 * of 4 GB fit the 2^47 bytes a process has, as many as Linux lets it map by default. Where the system refuses so
 * much, less is reserved. */
#if !defined(GM_RESERVE_LEAST) /* tests lower it */
#define GM_RESERVE_LEAST 32
#endif
#define GM_RESERVE_AHEAD 3

typedef struct gm_region {
    unsigned char *at;                 /* NULL while bytes is 0 */
    uint64_t bytes : 56, reserved : 8; /* reserved: log2, 0 for a heap block; or GM_LENT */
} gm_region;

/* No reservation's log2. */
#define GM_LENT 255

GM_INLINE void gm_region_lend(gm_region *region, const unsigned char *at, uint64_t bytes)
{
    region->at = (unsigned char *)(uintptr_t)at;
    region->bytes = bytes & (((uint64_t)1 << 56) - 1);
    region->reserved = GM_LENT;
}

/* Makes the region hold at least `bytes`; a mapped one is rounded up to whole pages. What it held
 * stays, what is new is not zeroed. 0 when there is no memory, and nothing has changed; making it
 * smaller never fails. */
int gm_region_resize(gm_memory *memory, int purpose, gm_region *region, size_t bytes);

/* The same for a region that holds nothing, without its pages: several threads then let the system clear them, each
 * part `part` of `parts`. */
int gm_region_begin(gm_memory *memory, int purpose, gm_region *region, size_t bytes);
void gm_region_populate(const gm_region *region, size_t part, size_t parts);

size_t gm_region_granted(const gm_region *region);

/* The bytes that a region has after it was made to hold `bytes`: whole pages if it is mapped. */
size_t gm_region_bytes(int purpose, size_t bytes);

/* What gm_region_granted will be for a region of so many bytes. */
size_t gm_region_granted_for(int purpose, size_t bytes);

/* The bytes that a region of `bytes` has after it has grown until it holds `needed`. Each step adds one unit and the
 * room for more. A unit is at most a page. */
size_t gm_region_grown(int purpose, size_t bytes, size_t unit, size_t needed);

/* The bytes to make a region of `bytes` hold, so that growing on costs little. A heap block may have to be
 * copied, and grows by a quarter; a mapped one grows in place, by a 128th or a huge page. */
size_t gm_region_room(int purpose, size_t bytes);

/* The most bytes that a region keeps when it needs `bytes`. It is more than gm_region_room, so that alternating
 * growth and shrinking resizes nothing. */
size_t gm_region_spare(int purpose, size_t bytes);

#endif
