/* string_region.c - the string region. See string_region.h. */
#include "string_region.h"

static uint32_t class_stride(unsigned size_class)
{
    if (size_class == GM_STRING_LARGE) return sizeof(gm_large_string);
    if (size_class < GM_STRING_BY_EIGHTS) return GM_STRING_LEAST + 8 * size_class;
    unsigned doublings = (size_class - GM_STRING_BY_EIGHTS) / GM_STRING_A_DOUBLING;
    unsigned eighths =
        (size_class - GM_STRING_BY_EIGHTS) % GM_STRING_A_DOUBLING + 1; /* of the last power of two, beyond it */
    return (GM_STRING_A_DOUBLING + eighths) * (GM_STRING_SMALL / GM_STRING_A_DOUBLING) << doublings;
}

gm_strings *gm_strings_new(gm_memory *memory)
{
    gm_strings *strings = gm_alloc(memory, GOMAP_STRINGS, sizeof *strings);
    for (unsigned size_class = 0; strings && size_class < GM_STRING_CLASSES; size_class++) {
        strings->store[size_class].stride = class_stride(size_class);
        strings->store[size_class].purpose = GOMAP_STRINGS;
    }
    if (strings) strings->text_bytes = UINT64_MAX;
    return strings;
}

/* Whether the strings lie in a snapshot. */
static int is_lent(const gm_strings *strings) { return strings->text_bytes != UINT64_MAX; }

static void release_large(const gm_strings *strings, gm_memory *memory, uint32_t number)
{
    gm_large_string large = gm_string_large(strings, number);
    gm_release(memory, GOMAP_STRINGS, (void *)(uintptr_t)large.at, (size_t)large.bytes);
}

uint32_t gm_strings_add(gm_strings **strings, gm_memory *memory, const gomap_string *string, uint64_t owner)
{
    unsigned size_class = gm_string_class(string->length);
    gm_large_string large = {owner, 0, string->length};
    if (*strings == NULL && (*strings = gm_strings_new(memory)) == NULL) return 0;
    uint32_t number = gm_store_add(&(*strings)->store[size_class], memory);
    if (number == 0) {
        if ((*strings)->live == 0) gm_strings_clear(strings, memory);
        return 0;
    }
    (*strings)->live++;
    unsigned char *record = gm_string_record(*strings, size_class, number);
    if (size_class != GM_STRING_LARGE) {
        size_t end = GM_STRING_HEAD + string->length, stride = (*strings)->store[size_class].stride;
        gm_store64(record, owner);
        memcpy(record + GM_STRING_HEAD, string->at, string->length);
        memset(record + end, 0, stride - end); /* so that a snapshot has nothing in it but the strings */
        return number;
    }
    unsigned char *block = gm_alloc(memory, GOMAP_STRINGS, string->length);
    if (block == NULL) large.bytes = 0;
    large.at = (uintptr_t)block;
    memcpy(record, &large, sizeof large);
    if (block == NULL) {
        gm_strings_remove(strings, memory, string->length, number);
        return 0;
    }
    memcpy(block, string->at, string->length);
    return number;
}

void gm_strings_remove(gm_strings **strings, gm_memory *memory, size_t length, uint32_t number)
{
    unsigned size_class = gm_string_class(length);
    gm_store *store = &(*strings)->store[size_class];
    if (size_class == GM_STRING_LARGE) release_large(*strings, memory, number);
    if (number != store->used) memcpy(gm_store_at(store, number), gm_store_at(store, store->used), store->stride);
    gm_store_drop_last(store, memory);
    if (--(*strings)->live == 0) gm_strings_clear(strings, memory);
}

void gm_strings_clear(gm_strings **strings, gm_memory *memory)
{
    if (*strings == NULL) return;
    for (uint32_t number = 1; !is_lent(*strings) && number <= (*strings)->store[GM_STRING_LARGE].used; number++)
        release_large(*strings, memory, number);
    for (unsigned size_class = 0; size_class < GM_STRING_CLASSES; size_class++)
        gm_store_clear(&(*strings)->store[size_class], memory);
    gm_release(memory, GOMAP_STRINGS, *strings, sizeof **strings);
    *strings = NULL;
}

/* In a snapshot the texts stand one behind another, so that all together take no more memory than it has. */
static int clone_large(gm_strings *to, const gm_strings *source, gm_memory *memory)
{
    gm_store *store = &to->store[GM_STRING_LARGE];
    uint32_t used = store->used;
    uint64_t offset = 0;
    for (uint32_t number = 1; number <= used; number++) {
        gm_large_string large = gm_string_large(to, number);
        const unsigned char *from = gm_large_text(source, &large);
        if (from == NULL || (is_lent(source) && large.at != offset)) large.bytes = 0;
        offset += large.bytes;
        unsigned char *block = large.bytes ? gm_alloc(memory, GOMAP_STRINGS, (size_t)large.bytes) : NULL;
        if (large.bytes && block == NULL) {
            store->used = number - 1; /* the others' blocks are the source's */
            return 0;
        }
        if (block) memcpy(block, from, (size_t)large.bytes);
        large.at = (uintptr_t)block;
        memcpy(gm_string_record(to, GM_STRING_LARGE, number), &large, sizeof large);
    }
    return 1;
}

int gm_strings_clone(gm_strings **to, gm_memory *memory, const gm_strings *from)
{
    *to = NULL;
    if (from == NULL) return 1;
    gm_strings *copy = gm_strings_new(memory);
    if (copy == NULL) return 0;
    copy->live = from->live;
    for (unsigned size_class = 0; size_class < GM_STRING_CLASSES; size_class++) {
        gm_store *store = &copy->store[size_class];
        const gm_store *source = &from->store[size_class];
        if (source->used == 0) continue;
        if (gm_store_reserve(store, memory, source->used)) {
            memcpy(store->region.at, source->region.at, (size_t)source->used * source->stride);
            store->used = source->used;
            store->live = source->live;
            if (size_class != GM_STRING_LARGE || clone_large(copy, from, memory)) continue;
        }
        gm_strings_clear(&copy, memory);
        return 0;
    }
    *to = copy;
    return 1;
}

void gm_strings_trim(gm_strings *strings, gm_memory *memory)
{
    for (unsigned size_class = 0; strings && size_class < GM_STRING_CLASSES; size_class++)
        gm_store_trim(&strings->store[size_class], memory);
}

size_t gm_strings_granted(const gm_strings *strings)
{
    size_t bytes = gm_granted(strings, sizeof *strings);
    if (strings == NULL) return 0;
    for (unsigned size_class = 0; size_class < GM_STRING_CLASSES; size_class++)
        bytes += gm_region_granted(&strings->store[size_class].region);
    for (uint32_t number = 1; !is_lent(strings) && number <= strings->store[GM_STRING_LARGE].used; number++) {
        gm_large_string large = gm_string_large(strings, number);
        bytes += gm_granted((const void *)(uintptr_t)large.at, (size_t)large.bytes);
    }
    return bytes;
}

size_t gm_strings_planned(const gomap_lengths *lengths, int exactly)
{
    size_t records[GM_STRING_CLASSES] = {0}, bytes = 0, live = 0;
    for (size_t i = 0; i < lengths->count; i++) {
        const gomap_length *each = &lengths->at[i];
        if (each->length <= GM_IMAGE) continue; /* inline, as text is */
        unsigned size_class = gm_string_class(each->length);
        records[size_class] += each->strings;
        live += each->strings;
        if (size_class == GM_STRING_LARGE) bytes += each->strings * gm_granted_for(each->length);
    }
    for (unsigned size_class = 0; size_class < GM_STRING_CLASSES; size_class++)
        bytes += gm_store_planned(class_stride(size_class), GOMAP_STRINGS, records[size_class], exactly);
    return live ? bytes + gm_granted_for(sizeof(gm_strings)) : 0;
}

size_t gm_strings_alone(void) { return gm_granted_for(sizeof(gm_strings)) + GM_LIMIT_MARGIN; }

size_t gm_string_alone(size_t length)
{
    unsigned size_class = gm_string_class(length);
    size_t record = gm_granted_for(class_stride(size_class)) + GM_LIMIT_MARGIN;
    return size_class == GM_STRING_LARGE ? record + gm_granted_for(length) + GM_LIMIT_MARGIN : record;
}

size_t gm_strings_block_bytes(const gm_strings *strings, uint32_t number)
{
    return (size_t)gm_string_large(strings, number).bytes;
}

const char *gm_strings_check(const gm_strings *strings)
{
    uint64_t live = 0;
    if (strings == NULL) return NULL;
    for (unsigned size_class = 0; size_class < GM_STRING_CLASSES; size_class++) {
        const gm_store *store = &strings->store[size_class];
        const char *broken = gm_store_check(store);
        if (broken) return broken;
        if (store->free || store->live != store->used) return "T2: the string region has gaps";
        if (store->stride != class_stride(size_class)) return "T2: a class's records are of another size";
        live += store->live;
    }
    if (live != strings->live) return "T2: not as many strings as counted";
    return live ? NULL : "T3: a string region without strings";
}
