/* store.c - the record store. See store.h. */
#include "store.h"

static int resize(gm_store *store, gm_memory *memory, size_t capacity)
{
    if (capacity > GM_STORE_MOST || capacity > SIZE_MAX / 4 / store->stride) return 0;
    if (!gm_region_resize(memory, (int)store->purpose, &store->region, capacity * store->stride)) return 0;
    capacity = (size_t)store->region.bytes / store->stride; /* whole pages: perhaps more */
    store->capacity = capacity < GM_STORE_MOST ? (uint32_t)capacity : GM_STORE_MOST;
    return 1;
}

/* The capacity to have for so many records. A large region grows in place, so it gets a 128th more, and GM_MOST_STEP
 * bytes at most, since one insertion waits for the pages. A heap block may have to be copied and is small, so it gets
 * half more. */
static size_t with_room(uint32_t stride, size_t count)
{
    size_t least = stride < 1024 ? 4 : 1;
    size_t step = count * stride < GM_MAP_BYTES ? count / 2 : count / 128;
    if (step * stride > GM_MOST_STEP) step = GM_MOST_STEP / stride;
    return count + (step > least ? step : least);
}

/* Near a limit the room gets smaller, down to one record's. */
static int grow(gm_store *store, gm_memory *memory)
{
    size_t more = gm_is_scarce(memory) ? 1 : with_room(store->stride, store->used) - store->used;
    while (!resize(store, memory, store->used + more)) {
        if (more == 1 || !gm_was_refused(memory)) return 0;
        more /= 2;
    }
    return 1;
}

uint32_t gm_store_add(gm_store *store, gm_memory *memory)
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

void gm_store_remove(gm_store *store, gm_memory *memory, uint32_t number)
{
    if (--store->live == 0) {
        gm_store_clear(store, memory);
        return;
    }
    unsigned char *record = gm_store_at(store, number);
    gm_store32(record, store->free);
    if (store->stride >= 8) gm_store32(record + 4, GM_STORE_FREE);
    store->free = number;
}

/* The last records have gone. */
static void shrink(gm_store *store, gm_memory *memory)
{
    if (store->live == 0) {
        gm_store_clear(store, memory);
        return;
    }
    /* Twice the room an addition makes, so that adding and dropping by turns resizes nothing. */
    size_t room = with_room(store->stride, store->used);
    if (store->capacity > room + (room - store->used)) (void)resize(store, memory, room);
}

void gm_store_settle(gm_store *store, gm_memory *memory)
{
    store->used = store->live;
    store->free = 0;
    shrink(store, memory);
}

void gm_store_drop_last(gm_store *store, gm_memory *memory)
{
    store->used--;
    store->live--;
    shrink(store, memory);
}

void gm_store_take_back(gm_store *store, gm_memory *memory, uint32_t number)
{
    if (number == store->used) gm_store_drop_last(store, memory);
    else gm_store_remove(store, memory, number);
}

void gm_store_trim(gm_store *store, gm_memory *memory)
{
    if (store->used == 0) gm_store_clear(store, memory);
    else if (store->used < store->capacity) (void)resize(store, memory, store->used);
}

void gm_store_clear(gm_store *store, gm_memory *memory)
{
    (void)gm_region_resize(memory, (int)store->purpose, &store->region, 0);
    store->capacity = store->used = store->live = store->free = 0;
}

int gm_store_reserve(gm_store *store, gm_memory *memory, size_t count)
{
    return count <= store->capacity || resize(store, memory, count);
}

void gm_store_unreserve(gm_store *store, gm_memory *memory, size_t capacity)
{
    if (capacity == store->capacity) return;
    if (capacity == 0) gm_store_clear(store, memory); /* it was empty */
    else (void)resize(store, memory, capacity);
}

size_t gm_store_grown(uint32_t stride, int purpose, size_t capacity)
{
    return gm_region_bytes(purpose, with_room(stride, capacity) * stride);
}

size_t gm_store_moved(uint32_t stride, int purpose, size_t *bytes)
{
    size_t full = 0;
    while ((*bytes = gm_store_grown(stride, purpose, full)) < GM_MAP_BYTES) full = *bytes / stride;
    return full;
}

size_t gm_store_planned(uint32_t stride, int purpose, size_t count, int exactly)
{
    size_t bytes = 0;
    if (exactly) bytes = gm_region_bytes(purpose, count * stride);
    while (bytes / stride < count) bytes = gm_store_grown(stride, purpose, bytes / stride);
    return gm_region_granted_for(purpose, bytes);
}

int gm_store_adds_up(const gm_store *store, uint64_t numbers)
{
    for (uint32_t number = store->free; number; number = gm_load32(gm_store_at(store, number))) numbers += number;
    return numbers == (uint64_t)store->used * ((uint64_t)store->used + 1) / 2;
}

const char *gm_store_check(const gm_store *store)
{
    if (store->stride && store->capacity > store->region.bytes / store->stride)
        return "S2: room for more records than the region holds";
    if (store->live == 0 && store->used) return "S3: an empty store holds records";
    if (store->used > store->capacity) return "S2: more records handed out than there is room for";
    uint32_t free = 0;
    for (uint32_t number = store->free; number; free++) {
        if (number > store->used) return "S2: a free record's number is beyond those handed out";
        if (free > store->used) return "S2: the free list goes round";
        const unsigned char *record = gm_store_at(store, number);
        if (store->stride >= 8 && gm_load32(record + 4) != GM_STORE_FREE) return "S2: a free record without its mark";
        number = gm_load32(record);
    }
    if (free + store->live != store->used) return "S2: live and free records are not all there are";
    return NULL;
}
