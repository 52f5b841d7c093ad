/* parts.c - an entry's key and value as Go's maps have them. See parts.h. */
#include "parts.h"
#include "size_class.h"

void gm_parts_describe(gm_parts *parts, const gomap_type *type)
{
    /* Go allocates a record from the size class its type fits. */
    parts->keys.stride = (uint32_t)gm_size_class(type->key_size);
    parts->values.stride = (uint32_t)gm_size_class(type->value_size);
    parts->keys.purpose = parts->values.purpose = GOMAP_RECORDS;
    parts->key_strings = type->strings[GOMAP_KEY].count != 0;
    parts->value_strings = type->strings[GOMAP_VALUE].count != 0;
    parts->key_ref = type->key_ref;
    parts->value_ref = type->value_ref;
    parts->key_slot = type->key_ref ? GM_REFERENCE : type->key_size;
    parts->value_slot = type->value_ref ? GM_REFERENCE : type->value_size;
}

/* ---- a new entry ------------------------------------------------------------------------------------------- */

int gm_records_add(gm_map *map, gm_parts *parts, gm_made *made)
{
    if (parts->key_ref && (made->key = gm_store_add(&parts->keys, &map->memory)) == 0) return 0;
    if (parts->value_ref && (made->value = gm_store_add(&parts->values, &map->memory)) == 0) {
        if (made->key) gm_store_remove(&parts->keys, &map->memory, made->key);
        return 0;
    }
    return 1;
}

void gm_records_remove(gm_map *map, gm_parts *parts, uint32_t key, uint32_t value)
{
    if (key) gm_store_remove(&parts->keys, &map->memory, key);
    if (value) gm_store_remove(&parts->values, &map->memory, value);
}

static const gomap_places *places(const gm_map *map, int part) { return &map->public_part.type->strings[part]; }

static int string_make(gm_map *map, gm_parts *parts, gomap_string *made, gomap_string from)
{
    made->at = NULL;
    made->length = from.length;
    if (from.length == 0) return 1;
    void *at = from.length < GM_GO_MAX_BYTES ? gm_alloc(&map->memory, GOMAP_STRINGS, from.length) : NULL;
    if (at == NULL) return 0;
    memcpy(at, from.at, from.length);
    made->at = at;
    parts->string_bytes += from.length;
    return 1;
}

static void string_release(gm_map *map, gm_parts *parts, gomap_string string)
{
    if (string.length == 0) return;
    parts->string_bytes -= string.length;
    gm_release(&map->memory, GOMAP_STRINGS, (void *)(uintptr_t)string.at, string.length);
}

int gm_copies_make(gm_map *map, gm_parts *parts, int part, gomap_string *copies, const unsigned char *bytes,
                   const gomap *from)
{
    const gomap_places *strings = places(map, part);
    for (uint32_t i = 0; i < strings->count; i++) {
        if (string_make(map, parts, &copies[i], gm_string_from(from, part, bytes + strings->at[i]))) continue;
        while (i > 0) string_release(map, parts, copies[--i]);
        return 0;
    }
    return 1;
}

void gm_copies_drop(gm_map *map, gm_parts *parts, int part, const gomap_string *copies)
{
    for (uint32_t i = 0; i < places(map, part)->count; i++) string_release(map, parts, copies[i]);
}

void gm_copies_place(const gm_map *map, int part, unsigned char *to, const unsigned char *bytes,
                     const gomap_string *copies)
{
    const gomap_type *type = map->public_part.type;
    const gomap_places *strings = places(map, part);
    memcpy(to, bytes, part == GOMAP_VALUE ? type->value_size : type->key_size);
    for (uint32_t i = 0; i < strings->count; i++) memcpy(to + strings->at[i], &copies[i], sizeof copies[i]);
}

/* The strings of a key or value in an entry. */
static void strings_release(gm_map *map, gm_parts *parts, int part, const unsigned char *at)
{
    const gomap_places *strings = places(map, part);
    for (uint32_t i = 0; i < strings->count; i++) string_release(map, parts, gm_string_load(at + strings->at[i]));
}

int gm_parts_write(gm_map *map, gm_parts *parts, void *room, const void *value, const gomap *from)
{
    gomap_string copies[GOMAP_STRINGS_MOST];
    if (!gm_copies_make(map, parts, GOMAP_VALUE, copies, value, from)) return 0;
    strings_release(map, parts, GOMAP_VALUE, room);
    gm_copies_place(map, GOMAP_VALUE, room, value, copies);
    return 1;
}

int gm_parts_reserve(gm_map *map, gm_parts *parts, size_t count, size_t before[GOMAP_PARTS])
{
    before[GOMAP_KEY] = parts->keys.capacity;
    before[GOMAP_VALUE] = parts->values.capacity;
    if ((!parts->key_ref || gm_store_reserve(&parts->keys, &map->memory, count)) &&
        (!parts->value_ref || gm_store_reserve(&parts->values, &map->memory, count)))
        return 1;
    gm_parts_unreserve(map, parts, before);
    return 0;
}

void gm_parts_unreserve(gm_map *map, gm_parts *parts, const size_t before[GOMAP_PARTS])
{
    gm_store_unreserve(&parts->keys, &map->memory, before[GOMAP_KEY]);
    gm_store_unreserve(&parts->values, &map->memory, before[GOMAP_VALUE]);
}

/* ---- a copy of a map --------------------------------------------------------------------------------------- */

static int store_copy(gm_map *map, gm_store *store, const gm_store *from)
{
    if (from->used == 0) return 1;
    if (!gm_store_reserve(store, &map->memory, from->used)) return 0;
    memcpy(store->region.at, from->region.at, (size_t)from->used * from->stride);
    store->used = from->used;
    store->live = from->live;
    store->free = from->free;
    return 1;
}

int gm_parts_copy(gm_map *map, gm_parts *parts, const gm_parts *from)
{
    return store_copy(map, &parts->keys, &from->keys) && store_copy(map, &parts->values, &from->values);
}

int gm_parts_own(gm_map *map, gm_parts *parts, unsigned char *key_slot, unsigned char *value_slot)
{
    gomap_string keys[GM_KEY_STRINGS], values[GOMAP_STRINGS_MOST];
    if (!gm_copies_make(map, parts, GOMAP_KEY, keys, key_slot, NULL)) return 0;
    unsigned char *value = parts->value_strings ? gm_value_in(parts, value_slot) : value_slot;
    if (!gm_copies_make(map, parts, GOMAP_VALUE, values, value, NULL)) {
        gm_copies_drop(map, parts, GOMAP_KEY, keys);
        return 0;
    }
    for (uint32_t i = 0; i < places(map, GOMAP_KEY)->count; i++)
        memcpy(key_slot + places(map, GOMAP_KEY)->at[i], &keys[i], sizeof keys[i]);
    for (uint32_t i = 0; i < places(map, GOMAP_VALUE)->count; i++)
        memcpy(value + places(map, GOMAP_VALUE)->at[i], &values[i], sizeof values[i]);
    return 1;
}

/* ---- an entry goes, or all --------------------------------------------------------------------------------- */

static void entry_strings_release(gm_map *map, gm_parts *parts, unsigned char *key_slot, unsigned char *value_slot)
{
    if (parts->key_strings) strings_release(map, parts, GOMAP_KEY, key_slot);
    if (parts->value_strings) strings_release(map, parts, GOMAP_VALUE, gm_value_in(parts, value_slot));
}

void gm_parts_release(gm_map *map, gm_parts *parts, unsigned char *key_slot, unsigned char *value_slot)
{
    entry_strings_release(map, parts, key_slot, value_slot);
    gm_records_remove(map, parts, parts->key_ref ? gm_load32(key_slot) : 0,
                      parts->value_ref ? gm_load32(value_slot) : 0);
}

/* A store being made dense: the first free number that an entry may take. */
typedef struct settling {
    gm_store *store;
    int part;
    uint32_t free;
} settling;

static void visit_settle(void *context, unsigned char *key_slot, unsigned char *value_slot)
{
    settling *own = context;
    gm_store *store = own->store;
    unsigned char *at = own->part == GOMAP_KEY ? key_slot : value_slot;
    uint32_t number = gm_load32(at), free = own->free;
    if (number <= store->live) return;
    gm_store32(at, free);
    own->free = gm_load32(gm_store_at(store, free));
    memcpy(gm_store_at(store, free), gm_store_at(store, number), store->stride);
}

static void settle(gm_map *map, gm_store *store, int part, size_t bytes, gm_each *each)
{
    settling own = {store, part, 0};
    uint32_t next, free = store->used - store->live;
    if (free <= store->live || (size_t)free * store->stride <= bytes / 16 + GM_MAP_BYTES) return;
    for (uint32_t number = store->free; number; number = next) {
        next = gm_load32(gm_store_at(store, number));
        if (number > store->live) continue;
        gm_store32(gm_store_at(store, number), own.free);
        own.free = number;
    }
    each(map, visit_settle, &own);
    gm_store_settle(store, &map->memory);
}

void gm_parts_settle(gm_map *map, gm_parts *parts, size_t bytes, gm_each *each)
{
    if (parts->key_ref) settle(map, &parts->keys, GOMAP_KEY, bytes, each);
    if (parts->value_ref) settle(map, &parts->values, GOMAP_VALUE, bytes, each);
}

typedef struct releasing {
    gm_map *map;
    gm_parts *parts;
} releasing;

static void visit_release(void *context, unsigned char *key_slot, unsigned char *value_slot)
{
    const releasing *own = context;
    entry_strings_release(own->map, own->parts, key_slot, value_slot);
}

void gm_parts_clear(gm_map *map, gm_parts *parts, gm_each *each)
{
    releasing own = {map, parts};
    if (gm_parts_have_strings(parts)) each(map, visit_release, &own);
    gm_store_clear(&parts->keys, &map->memory);
    gm_store_clear(&parts->values, &map->memory);
}

typedef struct counting {
    const gm_map *map;
    const gm_parts *parts;
    size_t bytes;
} counting;

/* Bytes of the blocks of a key's or value's strings. */
static size_t strings_granted(const gm_map *map, int part, const unsigned char *at)
{
    const gomap_places *strings = places(map, part);
    size_t bytes = 0;
    for (uint32_t i = 0; i < strings->count; i++) {
        gomap_string string = gm_string_load(at + strings->at[i]);
        bytes += string.length ? gm_granted(string.at, string.length) : 0;
    }
    return bytes;
}

static void visit_strings(void *context, unsigned char *key_slot, unsigned char *value_slot)
{
    counting *own = context;
    const gm_parts *parts = own->parts;
    if (parts->key_strings) own->bytes += strings_granted(own->map, GOMAP_KEY, key_slot);
    if (parts->value_strings) own->bytes += strings_granted(own->map, GOMAP_VALUE, gm_value_in(parts, value_slot));
}

size_t gm_parts_walk_strings(const gm_map *map, const gm_parts *parts, gm_each *each)
{
    counting own = {map, parts, 0};
    if (gm_parts_have_strings(parts)) each(map, visit_strings, &own);
    return own.bytes;
}

/* ---- checks and plans -------------------------------------------------------------------------------------- */

/* A key's or value's strings: each has a block unless it is empty. Adds their bytes. */
static int are_sound(const gm_map *map, int part, const unsigned char *at, gm_sums *sums)
{
    const gomap_places *strings = places(map, part);
    for (uint32_t i = 0; i < strings->count; i++) {
        gomap_string string = gm_string_load(at + strings->at[i]);
        sums->string_bytes += string.length;
        if ((string.at == NULL) != (string.length == 0)) return 0;
    }
    return 1;
}

int gm_parts_check_entry(const gm_map *map, const gm_parts *parts, unsigned char *key_slot, unsigned char *value_slot,
                         gm_sums *sums, const char *where, size_t index, unsigned slot, char *why, size_t size)
{
    uint32_t key = parts->key_ref ? gm_load32(key_slot) : 0, value = parts->value_ref ? gm_load32(value_slot) : 0;
    if (parts->key_ref && (key == 0 || key > parts->keys.used))
        return gm_broken(why, size, "P1: %s %zu slot %u: key record %u", where, index, slot, key);
    if (parts->value_ref && (value == 0 || value > parts->values.used))
        return gm_broken(why, size, "P1: %s %zu slot %u: value record %u", where, index, slot, value);
    sums->key_numbers += key;
    sums->value_numbers += value;
    if ((parts->key_strings && !are_sound(map, GOMAP_KEY, key_slot, sums)) ||
        (parts->value_strings && !are_sound(map, GOMAP_VALUE, gm_value_in(parts, value_slot), sums)))
        return gm_broken(why, size, "P2: %s %zu slot %u: an empty string has a block, or another has none", where,
                         index, slot);
    return 0;
}

int gm_parts_check_stores(const gm_parts *parts, char *why, size_t size)
{
    const char *broken = gm_store_check(&parts->keys);
    if (broken == NULL) broken = gm_store_check(&parts->values);
    return broken ? gm_broken(why, size, "%s", broken) : 0;
}

int gm_parts_check_sums(const gm_parts *parts, const gm_sums *sums, char *why, size_t size)
{
    if (!gm_store_adds_up(&parts->keys, sums->key_numbers) || !gm_store_adds_up(&parts->values, sums->value_numbers))
        return gm_broken(why, size, "P1: a record is two entries', or an entry's and free");
    if (sums->string_bytes != parts->string_bytes)
        return gm_broken(why, size, "P2: strings of %zu bytes found, counted are %zu", (size_t)sums->string_bytes,
                         (size_t)parts->string_bytes);
    return 0;
}

double gm_parts_planned(const gm_parts *parts, size_t count, int reserved)
{
    double bytes = 0;
    if (parts->key_ref) bytes += (double)gm_store_planned(parts->keys.stride, GOMAP_RECORDS, count, reserved);
    if (parts->value_ref) bytes += (double)gm_store_planned(parts->values.stride, GOMAP_RECORDS, count, reserved);
    return bytes;
}

double gm_blocks_planned(const gomap_lengths strings[GOMAP_PARTS])
{
    double bytes = 0;
    for (int part = GOMAP_KEY; part < GOMAP_PARTS; part++)
        for (size_t i = 0; i < strings[part].count; i++)
            bytes += (double)strings[part].at[i].strings * (double)gm_granted_for(strings[part].at[i].length);
    return bytes;
}
