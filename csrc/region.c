/* region.c - memory that grows and shrinks at its end. See region.h. */
#include "region.h"
#include "pages.h"

size_t gm_region_granted(const gm_region *region)
{
    if (region->reserved == GM_LENT) return 0;
    return region->reserved ? (size_t)region->bytes : gm_granted(region->at, (size_t)region->bytes);
}

/* Tags take an eighth of their slots' bytes or less. They are mapped from an eighth of the size on, when the slots
 * are, so that no large map holds its tags twice while they move. */
static int maps_region(int purpose, size_t bytes)
{
    return bytes >= (purpose == GOMAP_TAGS ? GM_MAP_BYTES / 8 : GM_MAP_BYTES);
}

size_t gm_region_bytes(int purpose, size_t bytes)
{
    return maps_region(purpose, bytes) ? gm_whole_pages(bytes) : bytes;
}

size_t gm_region_granted_for(int purpose, size_t bytes)
{
    return maps_region(purpose, bytes) ? bytes : gm_granted_for(bytes);
}

static void set_bytes(gm_region *region, size_t bytes) { region->bytes = bytes & (((uint64_t)1 << 56) - 1); }

static void count_region(gm_memory *memory, int purpose, gm_region *region, unsigned char *at, size_t bytes)
{
    if (region->bytes) gm_count_out(memory, purpose, region->at, (size_t)region->bytes);
    region->at = at;
    set_bytes(region, bytes);
    if (bytes) gm_count_in(memory, purpose, at, bytes);
}

static unsigned reserve_for(size_t bytes)
{
    unsigned log2 = GM_RESERVE_LEAST;
    while (log2 < 8 * sizeof(size_t) - 2 && ((size_t)1 << log2) >> GM_RESERVE_AHEAD < bytes) log2++;
    return log2;
}

/* From where on a region grows by whole huge pages. */
static size_t huge_from(int purpose) { return purpose == GOMAP_TAGS ? GM_HUGE_REGION / 8 : GM_HUGE_REGION; }

static size_t stepped(int purpose, size_t bytes)
{
    return bytes < huge_from(purpose) ? bytes : (bytes + GM_HUGE_BYTES - 1) / GM_HUGE_BYTES * GM_HUGE_BYTES;
}

/* The room for more, before it is rounded up to huge pages. */
static size_t step_of(size_t bytes)
{
    if (bytes < GM_MAP_BYTES) return bytes / 4;
    size_t step = bytes / 128;
    return step < GM_LEAST_STEP ? GM_LEAST_STEP : step < GM_MOST_STEP ? step : GM_MOST_STEP;
}

size_t gm_region_room(int purpose, size_t bytes) { return stepped(purpose, bytes + step_of(bytes)); }

size_t gm_region_spare(int purpose, size_t bytes) { return gm_region_room(purpose, bytes) + step_of(bytes); }

size_t gm_region_grown(int purpose, size_t bytes, size_t unit, size_t needed)
{
    while (bytes < needed && bytes / 128 < GM_MOST_STEP)
        bytes = gm_region_bytes(purpose, gm_region_room(purpose, (bytes / unit + 1) * unit));
    if (bytes >= needed) return bytes;
    /* From here on the steps are equal: each adds a page for one unit more, and the room. Later steps are huge
     * pages. */
    size_t step = GM_MOST_STEP + gm_page_bytes(), until = needed < huge_from(purpose) ? needed : huge_from(purpose);
    if (bytes < until) bytes = stepped(purpose, bytes + (until - bytes + step - 1) / step * step);
    return bytes < needed ? stepped(purpose, needed) : bytes;
}

/* A mapped region to more bytes: in its reservation, or in a larger one. */
static int region_grow(gm_memory *memory, int purpose, gm_region *region, size_t bytes)
{
    /* (A huge page is allocated when it is touched. If the system has none, small pages are allocated as they are
     * touched, and not all in one insertion.) */
    char *at = (char *)region->at;
    size_t old = (size_t)region->bytes, reserved = (size_t)1 << region->reserved;
    if (gm_must_fail()) return 0;
    if (bytes > reserved) {
        unsigned log2 = reserve_for(bytes);
        char *wider = NULL;
        for (; (size_t)1 << log2 >= bytes; log2--)
            if ((wider = gm_pages_move(at, old, reserved, bytes, (size_t)1 << log2)) != NULL) break;
        if (wider == NULL) return 0;
        region->reserved = log2 & 0xff;
        at = wider;
    } else if (!gm_pages_commit(at + old, bytes - old, bytes < huge_from(purpose) || bytes - old > GM_HUGE_BYTES)) {
        return 0;
    }
    count_region(memory, purpose, region, (unsigned char *)at, bytes);
    return 1;
}

static void region_release(gm_memory *memory, int purpose, gm_region *region)
{
    if (region->reserved == GM_LENT) {
        /* It goes with whoever lent it. */
    } else if (region->reserved) {
        unsigned char *at = region->at;
        size_t reserved = (size_t)1 << region->reserved;
        count_region(memory, purpose, region, NULL, 0);
        gm_pages_unreserve(at, reserved);
    } else {
        gm_release(memory, purpose, region->at, (size_t)region->bytes);
    }
    memset(region, 0, sizeof *region);
}

/* From the heap to a mapping, or back: the one step that copies. */
static int region_convert(gm_memory *memory, int purpose, gm_region *region, size_t bytes, int at_once)
{
    gm_region other;
    size_t keep = (size_t)region->bytes < bytes ? (size_t)region->bytes : bytes;
    memset(&other, 0, sizeof other);
    if (maps_region(purpose, bytes)) {
        unsigned log2 = reserve_for(bytes);
        if (gm_must_fail()) return 0;
        char *at = NULL;
        for (; (size_t)1 << log2 >= bytes; log2--)
            if ((at = gm_pages_reserve((size_t)1 << log2)) != NULL) break;
        if (at == NULL) return 0;
        if (!gm_pages_commit(at, bytes, at_once)) {
            gm_pages_unreserve(at, (size_t)1 << log2);
            return 0;
        }
        other.reserved = log2 & 0xff;
        count_region(memory, purpose, &other, (unsigned char *)at, bytes);
    } else {
        other.at = gm_alloc_instead(memory, purpose, bytes);
        if (other.at == NULL) return 0;
        set_bytes(&other, bytes);
    }
    if (keep) memcpy(other.at, region->at, keep);
    if (region->bytes) region_release(memory, purpose, region);
    *region = other;
    return 1;
}

static int resize(gm_memory *memory, int purpose, gm_region *region, size_t bytes, int at_once)
{
    size_t old = (size_t)region->bytes;
    if (bytes == 0) {
        if (region->at) region_release(memory, purpose, region);
        return 1;
    }
    if (bytes > (size_t)1 << 55) return 0;
    bytes = gm_region_bytes(purpose, bytes);
    if (bytes == old) return 1;
    if (bytes > old &&
        !gm_within_limit(memory, gm_region_granted_for(purpose, old), gm_region_granted_for(purpose, bytes)))
        return 0;
    if ((region->reserved != 0) != maps_region(purpose, bytes))
        return region_convert(memory, purpose, region, bytes, at_once) || bytes < old;
    if (!maps_region(purpose, bytes)) {
        unsigned char *moved = gm_resize(memory, purpose, region->at, old, bytes);
        if (moved == NULL) return bytes < old;
        region->at = moved;
        set_bytes(region, bytes);
        return 1;
    }
    if (bytes > old) return region_grow(memory, purpose, region, bytes);
    gm_pages_decommit((char *)region->at + bytes, old - bytes);
    count_region(memory, purpose, region, region->at, bytes);
    return 1;
}

int gm_region_resize(gm_memory *memory, int purpose, gm_region *region, size_t bytes)
{
    return resize(memory, purpose, region, bytes, 1);
}

int gm_region_begin(gm_memory *memory, int purpose, gm_region *region, size_t bytes)
{
    return resize(memory, purpose, region, bytes, 0);
}

void gm_region_populate(const gm_region *region, size_t part, size_t parts)
{
    size_t pages = (size_t)region->bytes / gm_page_bytes();
    size_t from = pages * part / parts, until = pages * (part + 1) / parts;
    if (region->reserved == 0 || region->reserved == GM_LENT || from == until) return; /* a heap block */
    gm_pages_populate((char *)region->at + from * gm_page_bytes(), (until - from) * gm_page_bytes());
}
