/* memory.c - allocation, counting, hooks and injected failure. See memory.h. */
#include "memory.h"
#include "pages.h"
#include "platform.h"

#include <stdlib.h>

#if defined(_WIN32) || defined(__GLIBC__)
#include <malloc.h>
#elif defined(__APPLE__)
#include <malloc/malloc.h>
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
    /* glibc's chunk, of whole units of two words, and of two units at least; one word is its header. */
    size_t unit = 2 * sizeof(size_t), chunk = (size + sizeof(size_t) + unit - 1) / unit * unit;
    return chunk < 2 * unit ? 2 * unit : chunk;
#endif
}

static void *raw_alloc(size_t size)
{
    if (gm_must_fail()) return NULL;
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
    void *copy = gm_alloc(memory, purpose, size);
    if (copy == NULL) return NULL;
    memcpy(copy, block, old < size ? old : size);
    gm_release(memory, purpose, block, old);
    return copy;
}
