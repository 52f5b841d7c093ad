/* string_region.c - the string region. See string_region.h. */
#include "string_region.h"

/* A large string's record: its owner's hash, its block, and how large that is. */
typedef struct large_text {
    uint64_t owner;
    unsigned char *at;
    size_t bytes;
} large_text;

static large_text large_at(const gm_texts *texts, uint32_t number)
{
    large_text large;
    memcpy(&large, gm_text_record(texts, GM_TEXT_LARGE, number), sizeof large);
    return large;
}

static uint32_t class_stride(unsigned class)
{
    if (class == GM_TEXT_LARGE) return sizeof(large_text);
    if (class < 14) return 8 * (class + 3);
    unsigned log2 = 7 + (class - 14) / 8;
    return ((class - 14) % 8 + 9) << (log2 - 3);
}

static gm_texts *make(gm_memory *memory)
{
    gm_texts *texts = gm_alloc(memory, GOMAP_STRINGS, sizeof *texts);
    for (unsigned class = 0; texts && class < GM_TEXT_CLASSES; class++) {
        texts->store[class].stride = class_stride(class);
        texts->store[class].purpose = GOMAP_STRINGS;
    }
    return texts;
}

uint32_t gm_text_add(gm_texts **texts, gm_memory *memory, const gomap_string *string, uint64_t owner)
{
    unsigned class = gm_text_class(string->length);
    large_text large = {owner, NULL, string->length};
    if (*texts == NULL && (*texts = make(memory)) == NULL) return 0;
    uint32_t number = gm_store_add(&(*texts)->store[class], memory);
    if (number) (*texts)->live++;
    if (number && class == GM_TEXT_LARGE) {
        large.at = gm_alloc(memory, GOMAP_STRINGS, large.bytes);
        if (large.at == NULL) {
            large.bytes = 0;
            memcpy(gm_text_record(*texts, class, number), &large, sizeof large);
            gm_text_remove(texts, memory, string->length, number);
            return 0;
        }
    }
    if (number == 0) {
        if ((*texts)->live == 0) gm_text_clear(texts, memory);
        return 0;
    }
    unsigned char *record = gm_text_record(*texts, class, number);
    if (class == GM_TEXT_LARGE) {
        memcpy(record, &large, sizeof large);
        memcpy(large.at, string->at, string->length);
    } else {
        gm_store64(record, owner);
        memcpy(record + GM_TEXT_HEAD, string->at, string->length);
    }
    return number;
}

void gm_text_remove(gm_texts **texts, gm_memory *memory, size_t length, uint32_t number)
{
    unsigned class = gm_text_class(length);
    gm_store *store = &(*texts)->store[class];
    if (class == GM_TEXT_LARGE) {
        large_text large = large_at(*texts, number);
        gm_release(memory, GOMAP_STRINGS, large.at, large.bytes);
    }
    if (number != store->used)
        memcpy(gm_store_at(store, number), gm_store_at(store, store->used), store->stride);
    gm_store_drop_last(store, memory);
    if (--(*texts)->live == 0) gm_text_clear(texts, memory);
}

void gm_text_clear(gm_texts **texts, gm_memory *memory)
{
    if (*texts == NULL) return;
    for (uint32_t number = 1; number <= (*texts)->store[GM_TEXT_LARGE].used; number++) {
        large_text large = large_at(*texts, number);
        gm_release(memory, GOMAP_STRINGS, large.at, large.bytes);
    }
    for (unsigned class = 0; class < GM_TEXT_CLASSES; class++) gm_store_clear(&(*texts)->store[class], memory);
    gm_release(memory, GOMAP_STRINGS, *texts, sizeof **texts);
    *texts = NULL;
}

static int clone_large(gm_texts *to, gm_memory *memory)
{
    gm_store *store = &to->store[GM_TEXT_LARGE];
    uint32_t used = store->used;
    for (uint32_t number = 1; number <= used; number++) {
        large_text large = large_at(to, number);
        const unsigned char *from = large.at;
        large.at = gm_alloc(memory, GOMAP_STRINGS, large.bytes);
        if (large.at == NULL) {
            store->used = number - 1; /* the others' blocks are the source's */
            return 0;
        }
        memcpy(large.at, from, large.bytes);
        memcpy(gm_text_record(to, GM_TEXT_LARGE, number), &large, sizeof large);
    }
    return 1;
}

int gm_text_clone(gm_texts **to, gm_memory *memory, const gm_texts *from)
{
    *to = NULL;
    if (from == NULL) return 1;
    gm_texts *copy = make(memory);
    if (copy == NULL) return 0;
    copy->live = from->live;
    for (unsigned class = 0; class < GM_TEXT_CLASSES; class++) {
        gm_store *store = &copy->store[class];
        const gm_store *source = &from->store[class];
        if (source->used == 0) continue;
        if (gm_store_reserve(store, memory, source->used)) {
            memcpy(store->region.at, source->region.at, (size_t)source->used * source->stride);
            store->used = source->used;
            store->live = source->live;
            if (class != GM_TEXT_LARGE || clone_large(copy, memory)) continue;
        }
        gm_text_clear(&copy, memory);
        return 0;
    }
    *to = copy;
    return 1;
}

void gm_text_trim(gm_texts *texts, gm_memory *memory)
{
    for (unsigned class = 0; texts && class < GM_TEXT_CLASSES; class++) gm_store_trim(&texts->store[class], memory);
}

size_t gm_text_granted(const gm_texts *texts)
{
    size_t bytes = gm_granted(texts, sizeof *texts);
    if (texts == NULL) return 0;
    for (unsigned class = 0; class < GM_TEXT_CLASSES; class++) bytes += gm_region_granted(&texts->store[class].region);
    for (uint32_t number = 1; number <= texts->store[GM_TEXT_LARGE].used; number++) {
        large_text large = large_at(texts, number);
        bytes += gm_granted(large.at, large.bytes);
    }
    return bytes;
}

size_t gm_text_block_bytes(const gm_texts *texts, uint32_t number) { return large_at(texts, number).bytes; }

const char *gm_text_check(const gm_texts *texts)
{
    uint64_t live = 0;
    if (texts == NULL) return NULL;
    for (unsigned class = 0; class < GM_TEXT_CLASSES; class++) {
        const gm_store *store = &texts->store[class];
        const char *broken = gm_store_check(store);
        if (broken) return broken;
        if (store->free || store->live != store->used) return "T2: the string region has gaps";
        if (store->stride != class_stride(class)) return "T2: a class's records are of another size";
        live += store->live;
    }
    if (live != texts->live) return "T2: not as many strings as counted";
    return live ? NULL : "T3: a string region without strings";
}
