/* memory.c - allocation, counting, hooks and injected failure. See memory.h. */
#include "memory.h"
#include "pages.h"
#include "platform.h"

#include <stdlib.h>

#if defined(_WIN32) || defined(__GLIBC__)
#include <malloc.h>
#elif defined(__APPLE__)
#include <malloc/malloc.h>
#elif defined(__linux__) && !defined(__ANDROID__)
#define GM_MUSL 1 /* which has no macro of its own */
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

int gm_must_fail(void)
{
    if (GM_LIKELY(fail_after < 0)) return 0;
    if (fail_after > 0) {
        fail_after--;
        return 0;
    }
    if (--fail_count <= 0) fail_after = -1;
    return 1;
}

/* Blocks up to here, a map's header and its first buckets among them, are taken by malloc and cleared: glibc's calloc
 * passes its cache of freed blocks by, and takes 20 ns for 200 bytes instead of 8. */
#define SMALL_BYTES ((size_t)1024)

static int is_mapped(size_t size) { return size >= GM_MAP_BYTES; }

/* ---- blocks, uncounted ---------------------------------------------------------------------- */

size_t gm_granted(const void *block, size_t size)
{
    if (block == NULL) return 0;
    if (is_mapped(size)) return gm_whole_pages(size);
#if defined(__GLIBC__)
    return malloc_usable_size((void *)(uintptr_t)block) + sizeof(size_t); /* and its header */
#elif defined(__APPLE__)
    return malloc_size(block);
#elif defined(_WIN32)
    return _msize((void *)(uintptr_t)block);
#else
    return gm_granted_for(size);
#endif
}

size_t gm_granted_for(size_t size)
{
    if (size == 0) return 0;
    if (is_mapped(size)) return gm_whole_pages(size);
#if defined(__APPLE__)
    return malloc_good_size(size);
#elif defined(_WIN32)
    return size;
#else
    return gomap_heap_bytes(size);
#endif
}

size_t gomap_heap_bytes(size_t size)
{
#if GM_MUSL
    /* A block's share of the group it stands in, among many of its size. musl has no call for it: its
     * malloc_usable_size returns the size asked for. Its malloc (mallocng, since musl 1.2.1) has slots of these
     * classes, in units of 16 bytes, and four bytes of a slot are a header. Groups of slots take powers of two, and
     * 40 bytes of struct meta. From the tenth class on a share is a seventh, a sixth, a fifth or a quarter of a power
     * of two, and 1 to 2 bytes. tests/c/test_memory.c measures it: within 3 % with musl 1.2.3 on x86-64. It is less
     * exact where a size has few blocks, which may get the next larger class, or from 16 KiB on pages of their own;
     * and where a block was made smaller by one class: it stays where it is. */
    static const uint16_t classes[] = {1,    2,    3,    4,    5,    6,    7,    8,    9,    10,   12,   15,
                                       18,   20,   25,   31,   36,   42,   50,   63,   72,   84,   102,  127,
                                       146,  170,  204,  255,  292,  340,  409,  511,  584,  682,  818,  1023,
                                       1169, 1364, 1637, 2047, 2340, 2730, 3276, 4095, 4680, 5460, 6552, 8191};
    static const uint8_t shares[] = {18, 34, 53, 67, 84, 100, 116, 133, 148};
    size_t units = (size + 4 + 15) / 16;
    if (size >= 131052) return gm_whole_pages(size + 20) + 40; /* its MMAP_THRESHOLD: mapped on its own */
    if (units <= 9) return shares[units - 1];
    unsigned size_class = 4 * gm_top_bit(units) - 4; /* four classes a doubling */
    while (classes[size_class] < units) size_class++;
    return ((size_t)1024 << (size_class - 8) / 4) / (7 - size_class % 4) + 2;
#else
    /* glibc's chunk: a header of 8 bytes, in steps of 16, 32 at least; one of 128 KiB is mapped, with 8 more before
     * it. */
    size_t chunk = (size + 8 + 15) / 16 * 16;
    if (chunk >= (size_t)128 << 10) return gm_whole_pages(chunk + 8);
    return chunk < 32 ? 32 : chunk;
#endif
}

static void *raw_alloc(size_t size)
{
    if (gm_must_fail()) return NULL;
    if (size <= SMALL_BYTES) {
        void *block = malloc(size);
        return block ? memset(block, 0, size) : NULL;
    }
    if (!is_mapped(size)) return calloc(1, size);
    if (size > SIZE_MAX - gm_page_bytes()) return NULL;
    return gm_pages_map(gm_whole_pages(size));
}

static void raw_release(void *block, size_t size)
{
    if (is_mapped(size)) gm_pages_unmap(block, gm_whole_pages(size));
    else free(block);
}

/* In place, or by moving page tables, or by realloc; NULL where only a copy will do. */
static void *raw_resize(void *block, size_t old, size_t size)
{
    if (!is_mapped(old) && !is_mapped(size)) return realloc(block, size);
    if (is_mapped(old) && is_mapped(size) && size <= SIZE_MAX - gm_page_bytes())
        return gm_pages_resize(block, gm_whole_pages(old), gm_whole_pages(size));
    return NULL;
}

/* ---- counting ------------------------------------------------------------------------------- */

void gm_count_in(gm_memory *memory, int purpose, void *block, size_t granted)
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

void gm_count_out(gm_memory *memory, int purpose, void *block, size_t granted)
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
    return gm_within_limit(memory, 0, gm_granted_for(size)) ? gm_alloc_instead(memory, purpose, size) : NULL;
}

void *gm_alloc_instead(gm_memory *memory, int purpose, size_t size)
{
    void *block = raw_alloc(size);
    if (block) gm_count_in(memory, purpose, block, gm_granted(block, size));
    return block;
}

void gm_release(gm_memory *memory, int purpose, void *block, size_t size)
{
    if (block == NULL) return;
    gm_count_out(memory, purpose, block, gm_granted(block, size));
    raw_release(block, size);
}

void *gm_resize(gm_memory *memory, int purpose, void *block, size_t old, size_t size)
{
    if (block == NULL) return gm_alloc(memory, purpose, size);
    if (size > old && !gm_within_limit(memory, gm_granted_for(old), gm_granted_for(size))) return NULL;
    int in_place = !is_mapped(old) && !is_mapped(size);
#if defined(__linux__)
    in_place = is_mapped(old) == is_mapped(size);
#endif
    if (in_place) {
        if (gm_must_fail()) return NULL;
        size_t before = gm_granted(block, old);
        if (hooks.released) hooks.released(block, before);
        void *moved = raw_resize(block, old, size);
        if (moved == NULL) {
            if (hooks.allocated) hooks.allocated(block, before);
            return NULL;
        }
        memory->total -= before;
        if (memory->purposes) memory->purposes->live[purpose] -= before;
        gm_count_in(memory, purpose, moved, gm_granted(moved, size));
        return moved;
    }
    void *copy = gm_alloc_instead(memory, purpose, size);
    if (copy == NULL) return NULL;
    memcpy(copy, block, old < size ? old : size);
    gm_release(memory, purpose, block, old);
    return copy;
}
