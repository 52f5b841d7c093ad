/* elastic/snapshot.c - what is done with snapshots whatever the kind of key. See snapshot.h. */
#include "snapshot.h"

#include <stdlib.h>

/* ---- saving ---------------------------------------------------------------------------------------------------- */

/* A snapshot's records have no gaps: record movers[i] takes the number gaps[i]. Both in ascending order. */
typedef struct el_saving {
    uint32_t *gaps, *movers;
    uint32_t count;
    /* Where the section that is being written goes on. */
    uint32_t place;  /* of the overflow list */
    uint32_t large;  /* of large strings: the next one's number, */
    uint64_t offset; /* and where its bytes begin */
} el_saving;

static int in_order(const void *one, const void *other)
{
    uint32_t a = *(const uint32_t *)one, b = *(const uint32_t *)other;
    return (a > b) - (a < b);
}

/* Finds the gaps. Those beyond the live records are not filled, but are no movers either. */
static int plan_records(const el_map *m, el_saving *own)
{
    const gm_store *records = &m->records;
    uint32_t gaps = el_gaps(m), low = 0, high = gaps;
    uint32_t *all = own->gaps, *movers = own->movers;
    for (uint32_t number = records->free; number && low < high; number = gm_load32(gm_store_at(records, number)))
        all[number <= records->live ? low++ : --high] = number;
    if (low != high) return 0;
    qsort(all, low, sizeof *all, in_order);
    qsort(all + low, gaps - low, sizeof *all, in_order);
    for (uint32_t number = records->live + 1; number <= records->used && own->count < low; number++) {
        if (high < gaps && all[high] == number) high++;
        else movers[own->count++] = number;
    }
    return own->count == low;
}

static uint32_t saved_number(const el_saving *own, uint32_t live, uint32_t number)
{
    uint32_t low = 0, high = own->count;
    if (number <= live) return number;
    while (low + 1 < high) {
        uint32_t middle = low + (high - low) / 2;
        if (own->movers[middle] <= number) low = middle;
        else high = middle;
    }
    return own->count ? own->gaps[low] : number;
}

static uint32_t filled_places(const el_map *m)
{
    uint32_t filled = 0;
    if (el_is_lent(m)) return m->overflow_used;
    for (uint32_t i = 0; i < m->overflow_used; i++)
        filled += m->overflow.at[((size_t)i + 1) * (m->slot_bytes + 1u) - 1] != EL_EMPTY;
    return filled;
}

static int add_strings(const el_map *m, int part, gm_saving *saving)
{
    const gm_strings *strings = m->strings[part];
    uint32_t what = part == GOMAP_KEY ? GOMAP_SECTION_KEY_STRINGS : GOMAP_SECTION_VALUE_STRINGS;
    uint64_t text = 0;
    if (strings == NULL) return 1;
    for (uint32_t size_class = 0; size_class < GM_STRING_CLASSES; size_class++) {
        const gm_store *store = &strings->store[size_class];
        if (!gm_saving_add(saving, what, size_class, store->used, (uint64_t)store->used * store->stride)) return 0;
    }
    for (uint32_t number = 1; !el_is_lent(m) && number <= strings->store[GM_STRING_LARGE].used; number++)
        text += gm_string_large(strings, number).bytes;
    if (el_is_lent(m)) text = strings->text_bytes;
    what = part == GOMAP_KEY ? GOMAP_SECTION_KEY_TEXT : GOMAP_SECTION_VALUE_TEXT;
    return gm_saving_add(saving, what, 0, text, text);
}

int el_save(const gomap *map, gm_saving *saving)
{
    const el_map *m = el_of(map);
    uint32_t buckets = map->count ? m->buckets : 0, places = map->count ? filled_places(m) : 0;
    size_t gaps = el_has_records(m) ? el_gaps(m) : 0;
    el_saving *own = gm_alloc(&saving->memory, GOMAP_HEADER, sizeof *own + 2 * gaps * sizeof(uint32_t));
    if (own == NULL) return 0;
    saving->own = own;
    saving->own_bytes = sizeof *own + 2 * gaps * sizeof(uint32_t);
    own->gaps = (uint32_t *)(void *)(own + 1);
    own->movers = own->gaps + gaps;
    if (gaps && !plan_records(m, own)) return 0;
    if (!gm_saving_add(saving, GOMAP_SECTION_TAGS, 0, buckets, (uint64_t)buckets * EL_SLOTS) ||
        !gm_saving_add(saving, GOMAP_SECTION_SLOTS, 0, buckets, (uint64_t)buckets * EL_SLOTS * m->slot_bytes) ||
        !gm_saving_add(saving, GOMAP_SECTION_OVERFLOW, 0, places, (uint64_t)places * (m->slot_bytes + 1u)))
        return 0;
    if (el_has_records(m) && !gm_saving_add(saving, GOMAP_SECTION_RECORDS, 0, m->records.live,
                                            (uint64_t)m->records.live * m->records.stride))
        return 0;
    return !el_has_strings(m) || (add_strings(m, GOMAP_KEY, saving) && add_strings(m, GOMAP_VALUE, saving));
}

static void renumber(const el_map *m, const el_saving *own, unsigned char *slot)
{
    if (el_has_records(m) && own->count) gm_store32(slot, saved_number(own, m->records.live, gm_load32(slot)));
}

static size_t saved_slots(const el_map *m, const el_saving *own, uint64_t done, unsigned char *room, size_t most)
{
    size_t bucket_bytes = (size_t)EL_SLOTS * m->slot_bytes, count = most / bucket_bytes;
    uint32_t first = (uint32_t)(done / bucket_bytes);
    memcpy(room, m->slots.at + (size_t)done, count * bucket_bytes);
    for (uint32_t bucket = first; bucket < first + count; bucket++, room += bucket_bytes) {
        for (gm_match empty = el_free(m, bucket); empty; empty = gm_match_next(empty))
            memset(room + gm_match_index(empty) * m->slot_bytes, 0, m->slot_bytes);
        if (!el_has_records(m) || own->count == 0) continue;
        for (gm_match full = el_full(m, bucket); full; full = gm_match_next(full))
            renumber(m, own, room + gm_match_index(full) * m->slot_bytes);
    }
    return count * bucket_bytes;
}

static size_t saved_overflow(const el_map *m, el_saving *own, uint64_t done, unsigned char *room, size_t most)
{
    size_t stride = m->slot_bytes + 1u, wrote = 0;
    if (done == 0) own->place = 0;
    for (; own->place < m->overflow_used && wrote + stride <= most; own->place++) {
        const unsigned char *at = m->overflow.at + own->place * stride;
        if (at[stride - 1] == EL_EMPTY) continue;
        memcpy(room + wrote, at, stride);
        renumber(m, own, room + wrote);
        wrote += stride;
    }
    return wrote;
}

static size_t saved_records(const el_map *m, const el_saving *own, uint64_t done, unsigned char *room, size_t most)
{
    size_t stride = m->records.stride;
    uint32_t low = 0, high = own->count;
    memcpy(room, m->records.region.at + (size_t)done, most);
    while (low < high) { /* the first gap that ends behind `done` */
        uint32_t middle = low + (high - low) / 2;
        if ((uint64_t)own->gaps[middle] * stride <= done) low = middle + 1;
        else high = middle;
    }
    for (uint32_t i = low; i < own->count; i++) { /* in the gaps, the records that take their numbers */
        uint64_t begin = (uint64_t)(own->gaps[i] - 1) * stride, end = begin + stride;
        if (begin >= done + most) break;
        uint64_t from = begin < done ? done : begin, to = end < done + most ? end : done + most;
        memcpy(room + (size_t)(from - done), gm_store_at(&m->records, own->movers[i]) + (size_t)(from - begin),
               (size_t)(to - from));
    }
    return most;
}

static size_t saved_large(const gm_strings *strings, el_saving *own, uint64_t done, unsigned char *room, size_t most)
{
    size_t count = most / sizeof(gm_large_string);
    if (done == 0) own->offset = 0;
    for (size_t i = 0; i < count; i++) {
        gm_large_string large = gm_string_large(strings, (uint32_t)(done / sizeof large + i) + 1);
        large.at = own->offset;
        own->offset += large.bytes;
        memcpy(room + i * sizeof large, &large, sizeof large);
    }
    return count * sizeof(gm_large_string);
}

static size_t saved_text(const gm_strings *strings, el_saving *own, uint64_t done, unsigned char *room, size_t most)
{
    size_t wrote = 0;
    if (done == 0) own->large = 1, own->offset = 0;
    while (wrote < most && own->large <= strings->store[GM_STRING_LARGE].used) {
        gm_large_string large = gm_string_large(strings, own->large);
        const unsigned char *from = gm_large_text(strings, &large);
        size_t left = (size_t)(large.bytes - own->offset), some = left < most - wrote ? left : most - wrote;
        memcpy(room + wrote, from + (size_t)own->offset, some);
        wrote += some;
        own->offset += some;
        if (some == left) own->large++, own->offset = 0;
    }
    return wrote;
}

/* The region that a section is made of. */
static const unsigned char *region_of(const el_map *m, const gomap_section *section, int part)
{
    switch (section->what) {
    case GOMAP_SECTION_TAGS: return m->tags.at;
    case GOMAP_SECTION_SLOTS: return m->slots.at;
    case GOMAP_SECTION_OVERFLOW: return m->overflow.at;
    case GOMAP_SECTION_RECORDS: return m->records.region.at;
    case GOMAP_SECTION_KEY_STRINGS:
    case GOMAP_SECTION_VALUE_STRINGS: return m->strings[part]->store[section->of].region.at;
    default: return (const unsigned char *)m->strings[part]->text;
    }
}

size_t el_saved(gm_saving *saving, const gomap_section *section, uint64_t done, void *room, size_t most)
{
    const el_map *m = el_of(saving->map);
    el_saving *own = saving->own;
    int part = section->what == GOMAP_SECTION_VALUE_STRINGS || section->what == GOMAP_SECTION_VALUE_TEXT;
    int is_strings = section->what == GOMAP_SECTION_KEY_STRINGS || section->what == GOMAP_SECTION_VALUE_STRINGS;
    int is_large = is_strings && section->of == GM_STRING_LARGE;
    if (!el_is_lent(m)) { /* a lent one is a snapshot already; were it damaged, it would mislead what follows */
        if (section->what == GOMAP_SECTION_SLOTS) return saved_slots(m, own, done, room, most);
        if (section->what == GOMAP_SECTION_OVERFLOW) return saved_overflow(m, own, done, room, most);
        if (section->what == GOMAP_SECTION_RECORDS) return saved_records(m, own, done, room, most);
        if (is_large) return saved_large(m->strings[part], own, done, room, most);
        if (section->what >= GOMAP_SECTION_KEY_TEXT) return saved_text(m->strings[part], own, done, room, most);
    }
    memcpy(room, region_of(m, section, part) + (size_t)done, most);
    return most;
}

/* ---- opening --------------------------------------------------------------------------------------------------- */

static int lend_store(gm_store *store, const gomap_section *section, const unsigned char *at)
{
    if (store->used || section->items == 0 || section->items > GM_STORE_MOST ||
        section->bytes != section->items * store->stride)
        return 0;
    gm_region_lend(&store->region, at, section->bytes);
    store->used = store->live = store->capacity = (uint32_t)section->items;
    return 1;
}

static int lend_region(gm_region *region, const gomap_section *section, const unsigned char *at, uint64_t bytes)
{
    if (region->at || section->bytes != bytes) return 0;
    gm_region_lend(region, at, bytes);
    return 1;
}

static int lend_text(gm_strings *strings, const gomap_section *section, const unsigned char *at)
{
    if (strings == NULL || strings->text) return 0;
    strings->text = (uintptr_t)at;
    strings->text_bytes = section->bytes;
    return 1;
}

static int lend_strings(gm_strings *strings, const gomap_section *section, const unsigned char *at)
{
    if (strings == NULL || section->of >= GM_STRING_CLASSES || !lend_store(&strings->store[section->of], section, at))
        return 0;
    strings->live += section->items;
    return 1;
}

/* One section becomes a region. 0: it is none, or not of the size that the head says. */
static int lend(el_map *m, const gomap_snapshot *snapshot, const gomap_section *section)
{
    const unsigned char *at = snapshot->at + section->at;
    uint64_t slots = (uint64_t)snapshot->buckets * EL_SLOTS;
    switch (section->what) {
    case GOMAP_SECTION_TAGS: return lend_region(&m->tags, section, at, slots);
    case GOMAP_SECTION_SLOTS: return lend_region(&m->slots, section, at, slots * m->slot_bytes);
    case GOMAP_SECTION_OVERFLOW:
        return lend_region(&m->overflow, section, at, (uint64_t)snapshot->overflow * (m->slot_bytes + 1u));
    case GOMAP_SECTION_RECORDS: return el_has_records(m) && lend_store(&m->records, section, at);
    default: break;
    }
    if (!el_has_strings(m)) return 0;
    switch (section->what) {
    case GOMAP_SECTION_KEY_STRINGS: return lend_strings(m->strings[GOMAP_KEY], section, at);
    case GOMAP_SECTION_VALUE_STRINGS: return lend_strings(m->strings[GOMAP_VALUE], section, at);
    case GOMAP_SECTION_KEY_TEXT: return lend_text(m->strings[GOMAP_KEY], section, at);
    case GOMAP_SECTION_VALUE_TEXT: return lend_text(m->strings[GOMAP_VALUE], section, at);
    default: return 0;
    }
}

static int damaged(char *why, size_t size, const char *reason)
{
    return gm_refused(GOMAP_SNAPSHOT_DAMAGED, why, size, reason);
}

int el_map_is_lent(const gomap *map) { return el_is_lent(el_of(map)); }

int el_open(gomap *map, const gomap_snapshot *snapshot, char *why, size_t size)
{
    el_map *m = el_of(map);
    uint64_t count = snapshot->count, buckets = snapshot->buckets;
    if (snapshot->in_records != (uint32_t)el_has_records(m))
        return damaged(why, size, "its head contradicts its types");
    if (count == 0)
        return snapshot->sections || buckets ? damaged(why, size, "it has sections, but no entries")
                                             : GOMAP_SNAPSHOT_GOOD;
    if (buckets == 0 || buckets >= EL_MAX_BUCKETS || snapshot->overflow > count ||
        count > (buckets == 1 ? EL_SLOTS : EL_COMPACT_HALVES * buckets / 2))
        return damaged(why, size, "its buckets have no room for its entries");
    for (int part = GOMAP_KEY; part < GOMAP_PARTS; part++) {
        if (map->type->strings[part].count == 0) continue;
        m->strings[part] = gm_strings_new(&m->map.memory);
        if (m->strings[part] == NULL) return gm_refused(GOMAP_SNAPSHOT_NO_MEMORY, why, size, gm_no_memory);
        m->strings[part]->text_bytes = 0;
    }
    for (uint32_t i = 0; i < snapshot->sections; i++) {
        gomap_section section;
        if (!gm_section_within(snapshot, i, &section) || !lend(m, snapshot, &section)) {
            (void)gm_broken(why, size, "section %u is not what its head says", i);
            return GOMAP_SNAPSHOT_DAMAGED;
        }
    }
    if (m->tags.at == NULL || (m->slots.at == NULL && m->slot_bytes) ||
        (m->overflow.at == NULL && snapshot->overflow) || (el_has_records(m) && m->records.used != count))
        return damaged(why, size, "a section is missing");
    for (int part = GOMAP_KEY; el_has_strings(m) && part < GOMAP_PARTS; part++)
        if (m->strings[part] && m->strings[part]->live == 0) gm_strings_clear(&m->strings[part], &m->map.memory);
    if (m->slots.at == NULL) gm_region_lend(&m->slots, m->tags.at, 0);
    if (el_has_strings(m)) m->string_bytes = snapshot->string_bytes;
    m->overflow_used = snapshot->overflow;
    el_set_buckets(m, (uint32_t)buckets, el_mask_for((size_t)buckets));
    map->count = (size_t)count;
    return GOMAP_SNAPSHOT_GOOD;
}

/* ---- is it sound? ---------------------------------------------------------------------------------------------- */

int el_named_begin(const el_map *m, el_named *named, gm_memory *memory)
{
    size_t bits = el_has_records(m) ? m->records.used : 0, store = 1;
    memset(named, 0, sizeof *named);
    for (int part = GOMAP_KEY; part < GOMAP_PARTS && el_has_strings(m); part++)
        for (unsigned size_class = 0; size_class < GM_STRING_CLASSES; size_class++) {
            named->first[store++] = bits;
            if (m->strings[part]) bits += m->strings[part]->store[size_class].used;
        }
    named->bytes = bits / 8 + 1;
    named->bits = gm_alloc(memory, GOMAP_HEADER, named->bytes);
    return named->bits != NULL;
}

void el_named_end(el_named *named, gm_memory *memory) { gm_release(memory, GOMAP_HEADER, named->bits, named->bytes); }

int el_name(el_named *named, size_t store, uint32_t number, uint32_t used)
{
    if (number - 1 >= used) return 0;
    size_t bit = named->first[store] + number - 1;
    unsigned char mask = (unsigned char)(1u << bit % 8);
    if (named->bits[bit / 8] & mask) return 0;
    named->bits[bit / 8] |= mask;
    named->names++;
    return 1;
}

static int sound_image(const el_map *m, int part, const unsigned char *image, uint64_t hash, el_named *named)
{
    const gm_strings *strings = m->strings[part];
    size_t length = gm_image_length(image);
    named->string_bytes += length;
    if (!gm_image_is_long(image)) {
        if (image[15] > GM_IMAGE_LONG) return 0;
        for (size_t i = length; i < GM_IMAGE - 1; i++)
            if (image[i]) return 0;
        return 1;
    }
    if (strings == NULL || length < GM_IMAGE || image[14]) return 0;
    unsigned size_class = gm_string_class(length);
    uint32_t number = gm_image_number(image);
    if (!el_name(named, 1 + (size_t)part * GM_STRING_CLASSES + size_class, number, strings->store[size_class].used))
        return 0;
    return gm_load64(gm_string_record(strings, size_class, number)) == hash &&
           (size_class != GM_STRING_LARGE || gm_strings_block_bytes(strings, number) == length);
}

int el_sound_images(const el_map *m, int part, const unsigned char *at, uint64_t hash, el_named *named)
{
    const gomap_places *places = &m->map.public_part.type->strings[part];
    for (uint32_t i = 0; i < places->count; i++)
        if (!sound_image(m, part, at + places->at[i], hash, named)) return 0;
    return 1;
}

int el_all_named(const el_map *m, const el_named *named)
{
    uint64_t all = el_has_records(m) ? m->records.used : 0;
    for (int part = GOMAP_KEY; part < GOMAP_PARTS && el_has_strings(m); part++)
        if (m->strings[part]) all += m->strings[part]->live;
    return named->names == all && (!el_has_strings(m) || named->string_bytes == m->string_bytes);
}
