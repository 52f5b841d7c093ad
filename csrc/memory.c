/* memory.c - allocation, counting, hooks and injected failure. See memory.h. */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE /* mremap */
#endif
#include "memory.h"
#include "platform.h"

#include <stdlib.h>


#if defined(_WIN32)
#define WIN32_LEAN_AND_MEAN
#include <malloc.h>
#include <windows.h>
#elif defined(__APPLE__)
#include <malloc/malloc.h>
#include <sys/mman.h>
#include <unistd.h>
#else
#include <sys/mman.h>
#include <unistd.h>
#if defined(__GLIBC__)
#include <malloc.h>
#endif
#endif

static gomap_hooks hooks;
static int64_t fail_after = -1, fail_count = 0;

void gomap_set_hooks(const gomap_hooks *wanted)
{
    if (wanted) hooks = *wanted;
    else memset(&hooks, 0, sizeof hooks);
}

void gomap_fail_after(int64_t n, int64_t count)
{
    fail_after = n;
    fail_count = count;
}

int64_t gomap_fail_pending(void) { return fail_after < 0 ? 0 : fail_count; }

static int must_fail(void)
{
    if (GM_LIKELY(fail_after < 0)) return 0;
    if (fail_after > 0) {
        fail_after--;
        return 0;
    }
    if (--fail_count <= 0) fail_after = -1;
    return 1;
}

static size_t page_bytes(void)
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

static size_t round_up(size_t size, size_t unit) { return (size + unit - 1) / unit * unit; }

static int is_mapped(size_t size) { return size >= GM_MAP_BYTES; }

/* ---- mapped blocks -------------------------------------------------------------------------- */

#if defined(_WIN32)

static void *map_pages(size_t size)
{
    return VirtualAlloc(NULL, size, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE);
}
static void unmap_pages(void *block, size_t size)
{
    (void)size;
    VirtualFree(block, 0, MEM_RELEASE);
}

#else

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

static void *map_pages(size_t size)
{
    /* Ask for one huge page more than needed and return both ends, to begin on a boundary. */
    size_t slack = size >= GM_HUGE_BYTES ? GM_HUGE_BYTES : 0;
    if (size > SIZE_MAX - slack) return NULL;
    char *block = mmap(NULL, size + slack, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (block == (char *)MAP_FAILED) return NULL;
    if (slack) {
        size_t head = (GM_HUGE_BYTES - (uintptr_t)block % GM_HUGE_BYTES) % GM_HUGE_BYTES;
        if (head) munmap(block, head);
        block += head;
        if (slack > head) munmap(block + size, slack - head);
    }
    advise_huge(block, size);
    return block;
}
static void unmap_pages(void *block, size_t size) { munmap(block, size); }

#endif

/* ---- reserved address space ------------------------------------------------------------------ */

#if defined(_WIN32)

static void *reserve(size_t size) { return VirtualAlloc(NULL, size, MEM_RESERVE, PAGE_NOACCESS); }
static void unreserve(void *at, size_t size)
{
    (void)size;
    VirtualFree(at, 0, MEM_RELEASE);
}
static int commit(char *at, size_t size) { return VirtualAlloc(at, size, MEM_COMMIT, PAGE_READWRITE) != NULL; }
static void decommit(char *at, size_t size) { VirtualFree(at, size, MEM_DECOMMIT); }

#else

#if !defined(MAP_NORESERVE)
#define MAP_NORESERVE 0
#endif

static void *reserve(size_t size)
{
    /* Both ends of a mapping one huge page too large are returned, to begin on a boundary: page
     * tables can then be moved by the huge page. */
    char *at = mmap(NULL, size + GM_HUGE_BYTES, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (at == (char *)MAP_FAILED) return NULL;
    size_t head = (GM_HUGE_BYTES - (uintptr_t)at % GM_HUGE_BYTES) % GM_HUGE_BYTES;
    if (head) munmap(at, head);
    if (GM_HUGE_BYTES > head) munmap(at + head + size, GM_HUGE_BYTES - head);
    advise(at + head, size);
    return at + head;
}
static void unreserve(void *at, size_t size) { munmap(at, size); }
static int commit(char *at, size_t size)
{
    if (mprotect(at, size, PROT_READ | PROT_WRITE) != 0) return 0;
#if defined(MADV_POPULATE_WRITE)
    /* All pages at once instead of a fault each: a tenth of a growing insertion at 1,000,000 entries. Where
     * the system does not know it, pages come when they are touched. */
    (void)madvise(at, size, MADV_POPULATE_WRITE);
#endif
    return 1;
}
static void decommit(char *at, size_t size)
{
    /* A fresh mapping in place of the old one: its pages go, and its claim to memory with them. Advised
     * like its neighbours, so that the system makes one of them again. */
    if (mmap(at, size, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_FIXED, -1, 0) != MAP_FAILED)
        advise(at, size);
}

#endif

/* A reservation's first `old` bytes to a new one of 2^log2, of which `bytes` can then be used; the old one
 * goes. NULL: there is no memory, and it is as it was. */
static char *reservation_move(char *from, size_t old, size_t old_reserved, size_t bytes, unsigned log2)
{
    size_t reserved = (size_t)1 << log2;
    char *to = reserve(reserved);
    if (to == NULL) return NULL;
#if defined(__linux__)
    if (!commit(to + old, bytes - old)) {
        unreserve(to, reserved);
        return NULL;
    }
    if (mremap(from, old, old, MREMAP_MAYMOVE | MREMAP_FIXED, to) != MAP_FAILED) {
        if (old_reserved > old) unreserve(from + old, old_reserved - old);
        return to;
    }
    /* Before Linux 6.17 it fails where the pages are of several mappings, as an earlier move leaves them,
     * and yet unmaps the place for them, which another thread may have taken since: the copy goes elsewhere. */
    unreserve(to + old, reserved - old);
    to = reserve(reserved);
    if (to == NULL) return NULL;
#endif
    if (!commit(to, bytes)) {
        unreserve(to, reserved);
        return NULL;
    }
    for (size_t at = 0, step; at < old; at += step) { /* a piece in memory twice, not all of it */
        step = old - at < GM_HUGE_BYTES ? old - at : GM_HUGE_BYTES;
        memcpy(to + at, from + at, step);
        decommit(from + at, step);
    }
    unreserve(from, old_reserved);
    return to;
}

/* ---- blocks, uncounted ---------------------------------------------------------------------- */

size_t gm_granted(const void *block, size_t size)
{
    if (block == NULL) return 0;
    if (is_mapped(size)) return round_up(size, page_bytes());
#if defined(__GLIBC__)
    return malloc_usable_size((void *)(uintptr_t)block) + sizeof(size_t); /* and its header */
#elif defined(__APPLE__)
    return malloc_size(block);
#elif defined(_WIN32)
    return _msize((void *)(uintptr_t)block);
#else
    return round_up(size + sizeof(size_t), 2 * sizeof(size_t));
#endif
}

static void *raw_alloc(size_t size)
{
    if (must_fail()) return NULL;
    if (!is_mapped(size)) return calloc(1, size);
    if (size > SIZE_MAX - page_bytes()) return NULL;
    return map_pages(round_up(size, page_bytes()));
}

static void raw_release(void *block, size_t size)
{
    if (is_mapped(size)) unmap_pages(block, round_up(size, page_bytes()));
    else free(block);
}

/* In place, or by moving page tables, or by realloc; NULL where only a copy will do. */
static void *raw_resize(void *block, size_t old, size_t size)
{
    if (!is_mapped(old) && !is_mapped(size)) return realloc(block, size);
#if defined(__linux__)
    if (is_mapped(old) && is_mapped(size) && size <= SIZE_MAX - page_bytes()) {
        void *moved = mremap(block, round_up(old, page_bytes()), round_up(size, page_bytes()),
                             MREMAP_MAYMOVE);
        if (moved == MAP_FAILED) return NULL;
        advise_huge(moved, size);
        return moved;
    }
#endif
    return NULL;
}

/* ---- counting ------------------------------------------------------------------------------- */

static void count_in(gm_memory *memory, int purpose, void *block, size_t granted)
{
    memory->total += granted;
    if (memory->total > memory->peak) memory->peak = memory->total;
    if (memory->purposes) {
        size_t *live = &memory->purposes->live[purpose], *peak = &memory->purposes->peak[purpose];
        *live += granted;
        if (*live > *peak) *peak = *live;
    }
    if (hooks.allocated) hooks.allocated(block, granted);
}

static void count_out(gm_memory *memory, int purpose, void *block, size_t granted)
{
    memory->total -= granted;
    if (memory->purposes) memory->purposes->live[purpose] -= granted;
    if (hooks.released) hooks.released(block, granted);
}

void gm_repurpose(gm_memory *memory, int from, int to, size_t granted)
{
    gm_purposes *purposes = memory->purposes;
    if (purposes == NULL) return;
    purposes->live[from] -= granted;
    purposes->live[to] += granted;
    if (purposes->live[to] > purposes->peak[to]) purposes->peak[to] = purposes->live[to];
}

void *gm_alloc(gm_memory *memory, int purpose, size_t size)
{
    void *block = raw_alloc(size);
    if (block) count_in(memory, purpose, block, gm_granted(block, size));
    return block;
}

void gm_release(gm_memory *memory, int purpose, void *block, size_t size)
{
    if (block == NULL) return;
    count_out(memory, purpose, block, gm_granted(block, size));
    raw_release(block, size);
}

void *gm_resize(gm_memory *memory, int purpose, void *block, size_t old, size_t size)
{
    if (block == NULL) return gm_alloc(memory, purpose, size);
    int in_place = !is_mapped(old) && !is_mapped(size);
#if defined(__linux__)
    in_place = is_mapped(old) == is_mapped(size);
#endif
    if (in_place) {
        if (must_fail()) return NULL;
        size_t before = gm_granted(block, old);
        if (hooks.released) hooks.released(block, before);
        void *moved = raw_resize(block, old, size);
        if (moved == NULL) {
            if (hooks.allocated) hooks.allocated(block, before);
            return NULL;
        }
        memory->total -= before;
        if (memory->purposes) memory->purposes->live[purpose] -= before;
        count_in(memory, purpose, moved, gm_granted(moved, size));
        return moved;
    }
    void *copy = gm_alloc(memory, purpose, size);
    if (copy == NULL) return NULL;
    memcpy(copy, block, old < size ? old : size);
    gm_release(memory, purpose, block, old);
    return copy;
}

/* ---- regions -------------------------------------------------------------------------------- */

size_t gm_region_granted(const gm_region *region)
{
    return region->reserved ? (size_t)region->bytes : gm_granted(region->at, (size_t)region->bytes);
}

static void set_bytes(gm_region *region, size_t bytes) { region->bytes = bytes & (((uint64_t)1 << 56) - 1); }

static void count_region(gm_memory *memory, int purpose, gm_region *region, unsigned char *at, size_t bytes)
{
    if (region->bytes) count_out(memory, purpose, region->at, (size_t)region->bytes);
    region->at = at;
    set_bytes(region, bytes);
    if (bytes) count_in(memory, purpose, at, bytes);
}

static unsigned reserve_for(size_t bytes)
{
    unsigned log2 = GM_RESERVE_LEAST;
    while (log2 < 8 * sizeof(size_t) - 2 && ((size_t)1 << log2) >> GM_RESERVE_AHEAD < bytes) log2++;
    return log2;
}

size_t gm_region_room(size_t bytes)
{
    if (bytes < GM_MAP_BYTES) return bytes + bytes / 4;
    size_t step = bytes / 128;
    return bytes + (step < GM_LEAST_STEP ? GM_LEAST_STEP : step < GM_MOST_STEP ? step : GM_MOST_STEP);
}

size_t gm_region_spare(size_t bytes) { return bytes + 2 * (gm_region_room(bytes) - bytes); }

/* A mapped region to more bytes: in its reservation, or in a larger one. */
static int region_grow(gm_memory *memory, int purpose, gm_region *region, size_t bytes)
{
    char *at = (char *)region->at;
    size_t old = (size_t)region->bytes, reserved = (size_t)1 << region->reserved;
    if (must_fail()) return 0;
    if (bytes > reserved) {
        unsigned log2 = reserve_for(bytes);
        char *wider = NULL;
        while (wider == NULL && (size_t)1 << log2 >= bytes) wider = reservation_move(at, old, reserved, bytes, log2--);
        if (wider == NULL) return 0;
        region->reserved = (log2 + 1) & 0xff;
        at = wider;
    } else if (!commit(at + old, bytes - old)) {
        return 0;
    }
    count_region(memory, purpose, region, (unsigned char *)at, bytes);
    return 1;
}

static void region_release(gm_memory *memory, int purpose, gm_region *region)
{
    if (region->reserved) {
        unsigned char *at = region->at;
        size_t reserved = (size_t)1 << region->reserved;
        count_region(memory, purpose, region, NULL, 0);
        unreserve(at, reserved);
    } else {
        gm_release(memory, purpose, region->at, (size_t)region->bytes);
    }
    memset(region, 0, sizeof *region);
}

/* Tags are an eighth of their slots and less: they are mapped early, when those are, so that no large map has
 * them twice while they move. */
static int maps_region(int purpose, size_t bytes)
{
    return bytes >= (purpose == GOMAP_TAGS ? GM_MAP_BYTES / 8 : GM_MAP_BYTES);
}

/* From the heap to a mapping, or back: the one step that copies. */
static int region_convert(gm_memory *memory, int purpose, gm_region *region, size_t bytes)
{
    gm_region other;
    size_t keep = (size_t)region->bytes < bytes ? (size_t)region->bytes : bytes;
    memset(&other, 0, sizeof other);
    if (maps_region(purpose, bytes)) {
        unsigned log2 = reserve_for(bytes);
        if (must_fail()) return 0;
        char *at = NULL;
        while (at == NULL && (size_t)1 << log2 >= bytes) at = reserve((size_t)1 << log2--);
        if (at == NULL) return 0;
        log2++;
        if (!commit(at, bytes)) {
            unreserve(at, (size_t)1 << log2);
            return 0;
        }
        other.reserved = log2 & 0xff;
        count_region(memory, purpose, &other, (unsigned char *)at, bytes);
    } else {
        other.at = gm_alloc(memory, purpose, bytes);
        if (other.at == NULL) return 0;
        set_bytes(&other, bytes);
    }
    if (keep) memcpy(other.at, region->at, keep);
    if (region->bytes) region_release(memory, purpose, region);
    *region = other;
    return 1;
}

int gm_region_resize(gm_memory *memory, int purpose, gm_region *region, size_t bytes)
{
    size_t old = (size_t)region->bytes;
    if (bytes == 0) {
        if (old) region_release(memory, purpose, region);
        return 1;
    }
    if (bytes > (size_t)1 << 55) return 0;
    if (maps_region(purpose, bytes)) bytes = round_up(bytes, page_bytes());
    if (bytes == old) return 1;
    if ((region->reserved != 0) != maps_region(purpose, bytes))
        return region_convert(memory, purpose, region, bytes) || bytes < old;
    if (!maps_region(purpose, bytes)) {
        unsigned char *moved = gm_resize(memory, purpose, region->at, old, bytes);
        if (moved == NULL) return bytes < old;
        region->at = moved;
        set_bytes(region, bytes);
        return 1;
    }
    if (bytes > old) return region_grow(memory, purpose, region, bytes);
    decommit((char *)region->at + bytes, old - bytes);
    count_region(memory, purpose, region, region->at, bytes);
    return 1;
}
