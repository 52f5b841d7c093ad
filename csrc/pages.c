/* pages.c - whole pages of the system's memory. See pages.h. */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* mremap */
#endif
#include "pages.h"

#include <string.h>

#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <windows.h>
#else
#include <sys/mman.h>
#include <unistd.h>
#endif

size_t gm_page_bytes(void)
{
    static size_t page;
    if (page == 0) {
#if defined(_WIN32)
        SYSTEM_INFO info;
        GetSystemInfo(&info);
        page = info.dwPageSize;
#else
        page = (size_t)sysconf(_SC_PAGESIZE);
#endif
    }
    return page;
}

size_t gm_whole_pages(size_t size)
{
    size_t page = gm_page_bytes();
    return (size + page - 1) / page * page;
}

#if defined(_WIN32)

void *gm_pages_map(size_t size) { return VirtualAlloc(NULL, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE); }
void gm_pages_unmap(void *block, size_t size)
{
    (void)size;
    VirtualFree(block, 0, MEM_RELEASE);
}

void *gm_pages_reserve(size_t size) { return VirtualAlloc(NULL, size, MEM_RESERVE, PAGE_NOACCESS); }
void gm_pages_unreserve(void *at, size_t size) { gm_pages_unmap(at, size); }
int gm_pages_commit(char *at, size_t size, int at_once)
{
    (void)at_once;
    return VirtualAlloc(at, size, MEM_COMMIT, PAGE_READWRITE) != NULL;
}
void gm_pages_populate(char *at, size_t size)
{
    (void)at;
    (void)size;
}
void gm_pages_decommit(char *at, size_t size) { VirtualFree(at, size, MEM_DECOMMIT); }

#else

#if !defined(MAP_NORESERVE)
#define MAP_NORESERVE 0
#endif

static void advise(void *at, size_t size)
{
#if defined(MADV_HUGEPAGE)
    (void)madvise(at, size, MADV_HUGEPAGE);
#else
    (void)at;
    (void)size;
#endif
}

static void advise_huge(void *block, size_t size)
{
    if (size >= GM_HUGE_BYTES) advise(block, size);
}

/* With a `slack` of one huge page the mapping begins on a huge-page boundary. It is made larger by the slack, and
 * the excess at both ends is unmapped. */
static char *map_aligned(size_t size, size_t slack, int protection, int flags)
{
    if (size > SIZE_MAX - slack) return NULL;
    char *at = mmap(NULL, size + slack, protection, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
    if (at == (char *)MAP_FAILED) return NULL;
    if (slack == 0) return at;
    size_t head = (slack - (uintptr_t)at % slack) % slack;
    if (head) munmap(at, head);
    if (slack > head) munmap(at + head + size, slack - head);
    return at + head;
}

void *gm_pages_map(size_t size)
{
    char *block = map_aligned(size, size >= GM_HUGE_BYTES ? GM_HUGE_BYTES : 0, PROT_READ | PROT_WRITE, 0);
    if (block) advise_huge(block, size);
    return block;
}
void gm_pages_unmap(void *block, size_t size) { munmap(block, size); }

void *gm_pages_reserve(size_t size)
{
    /* Aligned to a huge page at any size, so that page tables can be moved a huge page at a time. */
    char *at = map_aligned(size, GM_HUGE_BYTES, PROT_NONE, MAP_NORESERVE);
    if (at) advise(at, size);
    return at;
}
void gm_pages_unreserve(void *at, size_t size) { munmap(at, size); }
int gm_pages_commit(char *at, size_t size, int at_once)
{
    if (mprotect(at, size, PROT_READ | PROT_WRITE) != 0) return 0;
    if (at_once) gm_pages_populate(at, size);
    return 1;
}
void gm_pages_populate(char *at, size_t size)
{
#if defined(MADV_POPULATE_WRITE)
    /* Where the system does not know it, pages come when they are touched. */
    (void)madvise(at, size, MADV_POPULATE_WRITE);
#else
    (void)at;
    (void)size;
#endif
}
void gm_pages_decommit(char *at, size_t size)
{
    /* A fresh mapping replaces the old one, whose pages and claim to memory go. The new one gets the same advice as
     * its neighbours, so that the system merges it with them again. */
    if (mmap(at, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) != MAP_FAILED)
        advise(at, size);
}

#endif

void *gm_pages_resize(void *block, size_t old, size_t size)
{
#if defined(__linux__)
    void *moved = mremap(block, old, size, MREMAP_MAYMOVE);
    if (moved == MAP_FAILED) return NULL;
    advise_huge(moved, size);
    return moved;
#else
    (void)block;
    (void)old;
    (void)size;
    return NULL;
#endif
}

char *gm_pages_move(char *from, size_t old, size_t reserved, size_t bytes, size_t wider)
{
    char *to = gm_pages_reserve(wider);
    if (to == NULL) return NULL;
#if defined(__linux__)
    if (!gm_pages_commit(to + old, bytes - old, 1)) {
        gm_pages_unreserve(to, wider);
        return NULL;
    }
    if (mremap(from, old, old, MREMAP_MAYMOVE | MREMAP_FIXED, to) != MAP_FAILED) {
        if (reserved > old) gm_pages_unreserve(from + old, reserved - old);
        return to;
    }
    /* Before Linux 6.17 mremap fails where the pages belong to several mappings, as after an earlier move. It unmaps
     * the destination nevertheless, and another thread may have mapped memory there since. So the pages are copied
     * to a new reservation. */
    gm_pages_unreserve(to + old, wider - old);
    to = gm_pages_reserve(wider);
    if (to == NULL) return NULL;
#endif
    if (!gm_pages_commit(to, bytes, 1)) {
        gm_pages_unreserve(to, wider);
        return NULL;
    }
    for (size_t at = 0, step; at < old; at += step) { /* a piece in memory twice, not all of it */
        step = old - at < GM_HUGE_BYTES ? old - at : GM_HUGE_BYTES;
        memcpy(to + at, from + at, step);
        gm_pages_decommit(from + at, step);
    }
    gm_pages_unreserve(from, reserved);
    return to;
}
