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

static void advise_huge(void *block, size_t size)
{
#if defined(MADV_HUGEPAGE)
    if (size >= GM_HUGE_BYTES) (void)madvise(block, size, MADV_HUGEPAGE);
#else
    (void)block;
    (void)size;
#endif
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

static void count_in(gomap_memory *memory, int purpose, void *block, size_t granted)
{
    memory->live[purpose] += granted;
    memory->total += granted;
    if (memory->live[purpose] > memory->peak[purpose]) memory->peak[purpose] = memory->live[purpose];
    if (memory->total > memory->total_peak) memory->total_peak = memory->total;
    if (hooks.allocated) hooks.allocated(block, granted);
}

static void count_out(gomap_memory *memory, int purpose, void *block, size_t granted)
{
    memory->live[purpose] -= granted;
    memory->total -= granted;
    if (hooks.released) hooks.released(block, granted);
}

void gm_repurpose(gomap_memory *memory, int from, int to, size_t granted)
{
    memory->live[from] -= granted;
    memory->live[to] += granted;
    if (memory->live[to] > memory->peak[to]) memory->peak[to] = memory->live[to];
}

void *gm_alloc(gomap_memory *memory, int purpose, size_t size)
{
    void *block = raw_alloc(size);
    if (block) count_in(memory, purpose, block, gm_granted(block, size));
    return block;
}

void gm_release(gomap_memory *memory, int purpose, void *block, size_t size)
{
    if (block == NULL) return;
    count_out(memory, purpose, block, gm_granted(block, size));
    raw_release(block, size);
}

void *gm_resize(gomap_memory *memory, int purpose, void *block, size_t old, size_t size)
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
        memory->live[purpose] -= before;
        memory->total -= before;
        count_in(memory, purpose, moved, gm_granted(moved, size));
        return moved;
    }
    void *copy = gm_alloc(memory, purpose, size);
    if (copy == NULL) return NULL;
    memcpy(copy, block, old < size ? old : size);
    gm_release(memory, purpose, block, old);
    return copy;
}
