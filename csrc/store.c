/* store.c - the record store. See store.h. */
#include "store.h"

static int resize(gm_store *store, gomap_memory *memory, size_t capacity)
{
    if (capacity > UINT32_MAX - 1) return 0;
    if (store->stride && capacity > SIZE_MAX / 2 / store->stride) return 0;
    void *region = gm_resize(memory, GOMAP_RECORDS, store->region, gm_store_bytes(store),
                             capacity * store->stride);
    if (region == NULL) return 0;
    store->region = region;
    store->capacity = (uint32_t)capacity;
    return 1;
}

/* Room grows by a 64th: the region is resized in place, or its page tables are moved, so a small
 * step costs little, and the spare room stays under 2 % of the records. Blocks on the heap may have
 * to be copied, and are small: they grow by half. */
static int grow(gm_store *store, gomap_memory *memory)
{
    size_t capacity = store->capacity;
    size_t step = gm_store_bytes(store) < GM_MAP_BYTES ? capacity / 2 : capacity / 64;
    size_t least = store->stride < 1024 ? 4 : 1;
    if (capacity > 0 && gm_store_bytes(store) >= GM_MAP_BYTES) { /* whole pages, all of them used */
        size_t bytes = (capacity + (step > least ? step : least)) * store->stride;
        bytes = (bytes + 4095) / 4096 * 4096;
        if (bytes / store->stride > capacity && resize(store, memory, bytes / store->stride)) return 1;
    }
    return resize(store, memory, capacity + (step > least ? step : least));
}

uint32_t gm_store_add(gm_store *store, gomap_memory *memory)
{
    uint32_t number = store->free;
    if (number) {
        store->free = gm_load32(gm_store_at(store, number));
    } else {
        if (store->used == store->capacity && !grow(store, memory)) return 0;
        number = ++store->used;
    }
    store->live++;
    memset(gm_store_at(store, number), 0, store->stride);
    return number;
}

void gm_store_remove(gm_store *store, gomap_memory *memory, uint32_t number)
{
    if (--store->live == 0) {
        gm_store_clear(store, memory);
        return;
    }
    gm_store32(gm_store_at(store, number), store->free);
    store->free = number;
}

void gm_store_settle(gm_store *store, gomap_memory *memory, uint32_t live)
{
    store->used = store->live = live;
    store->free = 0;
    if (live == 0) gm_store_clear(store, memory);
    else (void)resize(store, memory, live); /* a block that cannot shrink stays as it is */
}

void gm_store_clear(gm_store *store, gomap_memory *memory)
{
    gm_release(memory, GOMAP_RECORDS, store->region, gm_store_bytes(store));
    store->region = NULL;
    store->capacity = store->used = store->live = store->free = 0;
}

int gm_store_reserve(gm_store *store, gomap_memory *memory, size_t count)
{
    if (count <= store->capacity) return 1;
    return resize(store, memory, count);
}

void gm_store_unreserve(gm_store *store, gomap_memory *memory, size_t capacity)
{
    if (capacity == store->capacity) return;
    if (capacity == 0) gm_store_clear(store, memory); /* it was empty */
    else (void)resize(store, memory, capacity);
}

const char *gm_store_check(const gm_store *store)
{
    if (store->live == 0 && store->region && store->used) return "S3: an empty store holds records";
    if (store->used > store->capacity) return "S2: more records handed out than there is room for";
    uint32_t free = 0;
    for (uint32_t number = store->free; number; free++) {
        if (number > store->used) return "S2: a free record's number is beyond those handed out";
        if (free > store->used) return "S2: the free list goes round";
        number = gm_load32(gm_store_at(store, number));
    }
    if (free + store->live != store->used) return "S2: live and free records are not all there are";
    return NULL;
}
