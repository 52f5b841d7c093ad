/* elastic/find.h - find, assign, erase, any, clear, reserve, clone, compact.
 *
 * A look-up compares the sixteen tags of the key's two buckets and reads a slot only where a tag is
 * equal: an absent key costs two reads of the tags region, one byte an entry, and no more.
 */
#ifndef GM_ELASTIC_FIND_H
#define GM_ELASTIC_FIND_H

#include "split.h"
#include "strings.h"

/* Where an entry is: its tag and its slot. */
typedef struct el_place {
    unsigned char *tag, *slot;
} el_place;

GM_INLINE int el_matches(const gm_elastic *m, unsigned char *slot, const void *key, gm_kind kind)
{
    const unsigned char *other = el_entry(m, slot, kind);
    /* Floats are canonical and compare as bits: NaN is one key. */
    if (gm_is_float(kind)) return gm_key_word(key, kind) == gm_key_word(other, kind);
    if (kind.code == GM_IMAGES) return gm_image_equal(m->strings[0], key, other);
    return gm_key_equal(&m->map, key, other, kind);
}

static int el_search_overflow(const gm_elastic *m, unsigned char tag, const void *key, gm_kind kind,
                              el_place *place)
{
    size_t slot_bytes = el_slot_bytes(m, kind);
    for (uint32_t i = 0; i < m->overflow_used; i++) {
        unsigned char *at = el_overflow(m, i, kind);
        if (at[slot_bytes] != tag || !el_matches(m, at, key, kind)) continue;
        place->tag = at + slot_bytes;
        place->slot = at;
        return 1;
    }
    return 0;
}

GM_INLINE int el_search_bucket(const gm_elastic *m, uint32_t bucket, unsigned char tag, const void *key,
                               gm_kind kind, el_place *place)
{
    unsigned char *tags = el_tags(m, bucket);
    for (gm_match found = gm_match8(tags, tag); found; found = gm_match_next(found)) {
        unsigned i = gm_match_index(found);
        unsigned char *slot = el_slot(m, bucket, i, kind);
        if (GM_LIKELY(el_matches(m, slot, key, kind))) {
            place->tag = tags + i;
            place->slot = slot;
            return 1;
        }
    }
    return 0;
}

GM_INLINE int el_search(const gm_elastic *m, uint32_t first, uint32_t second, unsigned char tag, const void *key,
                        gm_kind kind, el_place *place)
{
#if GM_MATCH16
    for (gm_match found = gm_match16(el_tags(m, first), el_tags(m, second), tag); found; found = gm_match_next(found)) {
        unsigned i = gm_match_index(found), slot = i & (EL_SLOTS - 1);
        uint32_t bucket = i < EL_SLOTS ? first : second;
        unsigned char *at = el_slot(m, bucket, slot, kind);
        if (GM_LIKELY(el_matches(m, at, key, kind))) {
            place->tag = el_tags(m, bucket) + slot;
            place->slot = at;
            return 1;
        }
    }
#else
    if (el_search_bucket(m, first, tag, key, kind, place) || el_search_bucket(m, second, tag, key, kind, place)) return 1;
#endif
    return GM_UNLIKELY(m->overflow_used) && el_search_overflow(m, tag, key, kind, place);
}

GM_INLINE int el_locate(const gm_elastic *m, uint64_t hash, const void *key, gm_kind kind, el_place *place)
{
    return el_search(m, el_address(el_first(hash), m->buckets, m->mask),
                     el_address(el_second(hash), m->buckets, m->mask), el_tag(hash), key, kind, place);
}

/* Asks for the slots of both buckets, or half of them where they are two lines, while the tags are still on
 * their way: two misses of the caches at once instead of one after the other. A look-up that expects its key
 * is a quarter faster for it; one that finds nothing takes twice as long. */
GM_INLINE void el_prefetch(const gm_elastic *m, uint64_t hash, gm_kind kind)
{
    GM_PREFETCH(el_slot(m, el_address(el_first(hash), m->buckets, m->mask), 0, kind));
    GM_PREFETCH(el_slot(m, el_address(el_second(hash), m->buckets, m->mask), 0, kind));
}

GM_INLINE void *el_find(const gomap *map, const void *key, int expected, gm_kind kind)
{
    const gm_elastic *m = el_of(map);
    el_key room;
    el_place place;
    if (map->count == 0) return NULL;
    if ((key = el_key_make(m, key, &room, kind)) == NULL) return NULL;
    uint64_t hash = gm_key_hash(&m->map, key, kind);
    if (expected) el_prefetch(m, hash, kind);
    if (!el_locate(m, hash, key, kind, &place)) return NULL;
    return el_entry(m, place.slot, kind) + m->value_at;
}

/* ---- when nothing iterates any more ----------------------------------------------------------- */

GM_INLINE unsigned char *el_number_in(const gm_elastic *m, unsigned char *slot, const void *number)
{
    (void)m;
    return gm_load32(slot) == gm_load32(number) ? slot : NULL;
}

/* The slot that holds this number; NULL when none does, and the record is no entry's. */
GM_INLINE unsigned char *el_owner(const gm_elastic *m, uint32_t number, gm_kind kind)
{
    uint64_t hash = gm_key_hash(&m->map, gm_store_at(&m->records, number), kind);
    return el_seek(m, hash, el_slot_bytes(m, kind), el_number_in, &number);
}

/* The entry in this slot, and its record, take another number: the one number's record is free, the other's
 * becomes so. */
GM_INLINE void el_renumber(gm_elastic *m, unsigned char *slot, uint32_t number)
{
    memcpy(gm_store_at(&m->records, number), gm_store_at(&m->records, gm_load32(slot)), m->records.stride);
    gm_store32(slot, number);
}

/* Fills the records freed under iterators from the end, so that all are dense again. */
GM_INLINE void el_records_settle(gm_elastic *m, gm_kind kind)
{
    uint32_t number = m->records.free, used = m->records.used;
    while (number) {
        uint32_t next = gm_load32(gm_store_at(&m->records, number));
        unsigned char *owner = NULL;
        while (used >= number && (owner = el_owner(m, used, kind)) == NULL) used--; /* free itself */
        if (number < used) {
            el_renumber(m, owner, number);
            used--;
        }
        number = next;
    }
    if (m->records.free) gm_store_settle(&m->records, &m->map.memory, used);
}

/* What deletions under iterators put off. */
GM_INLINE void el_settle(gm_elastic *m, gm_kind kind)
{
    m->put_off = 0;
    if (m->buckets == 0) return;
    if (kind.ref) el_records_settle(m, kind);
    if (m->overflow_used) el_resizer_of(m)->drain(m);
    el_shrink(m, m->buckets, kind);
}

/* When no iterator is alive any more. An iteration alone changes nothing: room that was reserved stays. */
GM_INLINE void el_iterated(gomap *map, gm_kind kind)
{
    if (el_of(map)->put_off) el_settle(el_of(map), kind);
}

/* Before an insertion. */
GM_INLINE void el_end_iterators(gm_elastic *m)
{
    if (GM_LIKELY(m->map.iterators == 0)) return;
    gm_end_iterators(&m->map);
    m->map.public_part.engine->iterated(&m->map.public_part);
}

/* ---- assign --------------------------------------------------------------------------------- */

/* A free slot for a new entry of this hash; 0 when there is no memory. The tag is not set yet. */
GM_INLINE int el_place_new(gm_elastic *m, uint64_t hash, gm_kind kind, el_place *place)
{
    uint32_t first = el_address(el_first(hash), m->buckets, m->mask);
    uint32_t second = el_address(el_second(hash), m->buckets, m->mask);
    gm_match free, other;
    /* The emptier of the two: that is what evens the load. */
    uint32_t bucket = first;
    if (gm_zeros16(el_tags(m, first), el_tags(m, second), &free, &other) > 0) {
        bucket = second;
        free = other;
    }
    unsigned slot;
    if (GM_LIKELY(free != 0)) {
        slot = gm_match_index(free);
    } else {
        uint64_t freed = el_resizer_of(m)->displace(m, first, second);
        if (freed == EL_NONE) {
            place->slot = el_overflow_add(m, kind);
            if (place->slot == NULL) return 0;
            place->tag = place->slot + el_slot_bytes(m, kind);
            *place->tag = EL_EMPTY;
            return 1;
        }
        bucket = (uint32_t)(freed / EL_SLOTS);
        slot = (unsigned)freed & (EL_SLOTS - 1);
    }
    place->tag = el_tags(m, bucket) + slot;
    place->slot = el_slot(m, bucket, slot, kind);
    return 1;
}

/* A key as it is looked for, in the room where it was made, its hash known, and at least one bucket there. */
GM_INLINE void *el_assign_hashed(gm_elastic *m, const void *key, uint64_t hash, el_key *room, int *added, gm_kind kind)
{
    gomap *map = &m->map.public_part;
    el_place place;
    uint32_t record = 0;
    if (el_locate(m, hash, key, kind, &place)) {
        *added = 0;
        return el_entry(m, place.slot, kind) + m->value_at;
    }
    el_end_iterators(m);
    if (GM_UNLIKELY(map->count >= m->grow_at) && !el_grow(m)) return NULL;
    if (kind.ref && (record = gm_store_add(&m->records, &m->map.memory)) == 0) return NULL;
    if ((kind.code == GM_IMAGES && !el_string_keep(m, &room->string, hash)) || !el_place_new(m, hash, kind, &place)) {
        if (kind.code == GM_IMAGES) el_string_drop(m, &room->string);
        if (kind.ref) gm_store_drop_last(&m->records, &m->map.memory);
        return NULL;
    }
    /* Nothing fails from here. */
    *place.tag = el_tag(hash);
    if (kind.ref) gm_store32(place.slot, record);
    unsigned char *entry = el_entry(m, place.slot, kind);
    size_t key_bytes = gm_key_bytes(&m->map, kind);
    memcpy(entry, key, key_bytes);
    if (!kind.ref) {
        size_t value_bytes = m->slot_bytes - key_bytes;
        if (GM_LIKELY(value_bytes == 8)) gm_store64(entry + key_bytes, 0);
        else memset(entry + key_bytes, 0, value_bytes);
    }
    if (GM_UNLIKELY(m->string_values)) gm_image_clear(entry + key_bytes);
    map->count++;
    *added = 1;
    return entry + m->value_at;
}

GM_INLINE void *el_assign(gomap *map, const void *key, int *added, gm_kind kind)
{
    gm_elastic *m = el_of(map);
    el_key room;
    if (GM_UNLIKELY(m->buckets == 0) && !el_begin(m, kind)) return NULL;
    if ((key = el_key_make(m, key, &room, kind)) == NULL) return NULL;
    uint64_t hash = gm_key_hash(&m->map, key, kind);
    el_prefetch(m, hash, kind); /* a new key is written there, or first displaces an entry */
    return el_assign_hashed(m, key, hash, &room, added, kind);
}

/* A string value into the room of the entry with this key. */
GM_INLINE int el_write(gomap *map, const void *key, void *room, const gomap_string *string, gm_kind kind)
{
    gm_elastic *m = el_of(map);
    el_key made;
    uint64_t hash = gm_key_hash(&m->map, el_key_make(m, key, &made, kind), kind);
    return el_string_write(m, hash, room, string);
}

/* ---- erase ---------------------------------------------------------------------------------- */

/* The last record takes a free number. */
GM_INLINE void el_fill(gm_elastic *m, uint32_t number, gm_kind kind)
{
    uint32_t last = m->records.used;
    if (last != number) el_renumber(m, el_owner(m, last, kind), number);
    gm_store_drop_last(&m->records, &m->map.memory);
}

/* Frees an entry's slot, and its record. While an iterator is alive records stay where they are. */
GM_INLINE void el_erase_at(gm_elastic *m, el_place place, gm_kind kind)
{
    unsigned char images[2][GM_IMAGE];
    int strings = m->string_values || kind.code == GM_IMAGES;
    if (GM_UNLIKELY(strings)) el_string_take(m, place.slot, images);
    *place.tag = EL_EMPTY;
    m->map.public_part.count--;
    if (kind.ref) {
        uint32_t number = gm_load32(place.slot);
        if (m->map.iterators) gm_store_remove(&m->records, &m->map.memory, number);
        else el_fill(m, number, kind);
    }
    if (GM_UNLIKELY(strings)) el_string_give_back(m, images);
    if (m->map.iterators) {
        m->put_off = 1;
        return;
    }
    if (GM_UNLIKELY(m->overflow_used)) el_resizer_of(m)->drain(m);
    el_shrink(m, 2, kind);
}

GM_INLINE int el_erase(gomap *map, const void *key, gm_kind kind)
{
    gm_elastic *m = el_of(map);
    el_key room;
    el_place place;
    if (map->count == 0) return 0;
    if ((key = el_key_make(m, key, &room, kind)) == NULL) return 0;
    uint64_t hash = gm_key_hash(&m->map, key, kind);
    el_prefetch(m, hash, kind);
    if (!el_locate(m, hash, key, kind, &place)) return 0;
    el_erase_at(m, place, kind);
    return 1;
}

/* ---- any ------------------------------------------------------------------------------------ */

/* Some entry: from the cursor downwards, since the last bucket is the next to be merged. */
GM_INLINE int el_any(gomap *map, const void **key, const void **value, el_place *place, gm_kind kind)
{
    gm_elastic *m = el_of(map);
    if (map->count == 0) return 0;
    if (m->any_at >= m->buckets) m->any_at = m->buckets - 1;
    place->slot = NULL;
    for (uint32_t looked = 0; looked < m->buckets; looked++) {
        gm_match full = el_full(m, m->any_at);
        if (full) {
            unsigned slot = gm_match_index(full);
            place->tag = el_tags(m, m->any_at) + slot;
            place->slot = el_slot(m, m->any_at, slot, kind);
            break;
        }
        m->any_at = m->any_at ? m->any_at - 1 : m->buckets - 1;
    }
    for (uint32_t i = 0; place->slot == NULL; i++) { /* all are in the overflow list */
        unsigned char *at = el_overflow(m, i, kind);
        place->tag = at + el_slot_bytes(m, kind);
        if (*place->tag != EL_EMPTY) place->slot = at;
    }
    unsigned char *entry = el_entry(m, place->slot, kind);
    *key = entry;
    *value = entry + m->value_at;
    return 1;
}

GM_INLINE void el_erase_any(gomap *map, gm_kind kind)
{
    const void *key, *value;
    el_place place;
    if (el_any(map, &key, &value, &place, kind)) el_erase_at(el_of(map), place, kind);
}

/* ---- clear, reserve, clone, compact ------------------------------------------------------------ */

static void el_clear(gomap *map)
{
    gm_elastic *m = el_of(map);
    gm_memory *memory = &m->map.memory;
    (void)gm_region_resize(memory, GOMAP_TAGS, &m->tags, 0);
    (void)gm_region_resize(memory, GOMAP_BUCKETS, &m->slots, 0);
    (void)gm_region_resize(memory, GOMAP_OVERFLOW, &m->overflow, 0);
    if (map->engine->ref) gm_store_clear(&m->records, memory);
    if (el_has_strings(m)) {
        for (int is_value = 0; is_value < 2; is_value++) gm_strings_clear(&m->strings[is_value], memory);
        m->string_bytes = 0;
    }
    m->overflow_used = m->any_at = m->put_off = 0;
    el_set_buckets(m, 0, 0);
    map->count = 0;
}

/* Room for so many buckets and entries, exactly. 0: no memory, and all is as it was. */
GM_INLINE int el_reserve_room(gm_elastic *m, size_t buckets, size_t count, gm_kind kind)
{
    gm_memory *memory = &m->map.memory;
    size_t tags = (size_t)m->tags.bytes, slots = (size_t)m->slots.bytes, records = kind.ref ? m->records.capacity : 0;
    if (el_room(m, buckets, 1, kind) && (!kind.ref || gm_store_reserve(&m->records, memory, count))) return 1;
    (void)gm_region_resize(memory, GOMAP_TAGS, &m->tags, tags);
    (void)gm_region_resize(memory, GOMAP_BUCKETS, &m->slots, slots);
    if (kind.ref) gm_store_unreserve(&m->records, memory, records);
    return 0;
}

/* The fewest buckets with room for so many entries. */
static size_t el_buckets_for(const gm_elastic *m, size_t count)
{
    size_t buckets = count <= EL_SLOTS ? 1 : (8 * count + m->most - 1) / m->most;
    while (el_capacity(m, buckets) < count) buckets += buckets / 64 + 1;
    return buckets;
}

GM_INLINE int el_reserve(gomap *map, size_t count, gm_kind kind)
{
    gm_elastic *m = el_of(map);
    if (count <= map->count || (m->buckets && count <= m->grow_at)) return 0;
    if (count > (size_t)EL_MAX_BUCKETS * EL_SLOTS) return -1;
    size_t buckets = el_buckets_for(m, count);
    if (buckets >= EL_MAX_BUCKETS || !el_reserve_room(m, buckets, count, kind)) return -1;
    if (m->map.iterators) {
        el_end_iterators(m); /* which gives room back */
        if (!el_reserve_room(m, buckets, count, kind)) return -1;
    }
    if (map->count == 0) {
        el_lay_out(m, buckets);
        return 0;
    }
    return el_resizer_of(m)->split(m, (uint32_t)buckets) ? 0 : -1; /* it does: the room is there */
}

/* As the source is, bucket by bucket, in regions of just its size. */
GM_INLINE gomap *el_clone(const gomap *source, gm_kind kind)
{
    const gm_elastic *from = el_of(source);
    uint64_t random = 0;
    gm_elastic *m = (gm_elastic *)gm_map_create(source->engine, source->type, el_struct_bytes(source), &random);
    if (m == NULL) return NULL;
    m->map.seed = from->map.seed;
    m->slot_bytes = from->slot_bytes;
    m->value_at = from->value_at;
    m->most = from->most;
    m->string_values = from->string_values;
    if (kind.ref) {
        m->records.purpose = from->records.purpose;
        m->records.stride = from->records.stride;
    }
    if (source->count == 0) return &m->map.public_part;
    size_t stride = el_slot_bytes(m, kind) + 1, overflow = from->overflow_used * stride;
    if (!el_room(m, from->buckets, 1, kind) ||
        (overflow && !gm_region_resize(&m->map.memory, GOMAP_OVERFLOW, &m->overflow, overflow)) ||
        (kind.ref && !gm_store_reserve(&m->records, &m->map.memory, from->records.used)) ||
        (el_has_strings(m) && (!gm_strings_clone(&m->strings[0], &m->map.memory, from->strings[0]) ||
                               !gm_strings_clone(&m->strings[1], &m->map.memory, from->strings[1])))) {
        source->engine->destroy(&m->map.public_part);
        return NULL;
    }
    memcpy(m->tags.at, from->tags.at, (size_t)from->buckets * EL_SLOTS);
    memcpy(m->slots.at, from->slots.at, (size_t)from->buckets * EL_SLOTS * (stride - 1));
    if (overflow) memcpy(m->overflow.at, from->overflow.at, overflow);
    if (kind.ref) {
        memcpy(m->records.region.at, from->records.region.at, (size_t)from->records.used * from->records.stride);
        m->records.used = from->records.used;
        m->records.live = from->records.live;
        m->records.free = from->records.free;
    }
    if (el_has_strings(m)) m->string_bytes = from->string_bytes;
    el_set_buckets(m, from->buckets, from->mask);
    m->overflow_used = from->overflow_used;
    m->map.public_part.count = source->count;
    el_settle(m, kind); /* what the source has put off */
    return &m->map.public_part;
}

/* To a load of 7.5 of 8, and no room beyond. */
GM_INLINE void el_compact(gomap *map, gm_kind kind)
{
    gm_elastic *m = el_of(map);
    gm_end_iterators(&m->map);
    if (m->buckets == 0) return;
    if (map->count == 0) {
        el_clear(map);
        return;
    }
    el_settle(m, kind);
    while (m->buckets > 1 && 2 * map->count <= (size_t)EL_COMPACT_HALVES * (m->buckets - 1) && el_resizer_of(m)->merge(m)) {}
    el_set_buckets(m, m->buckets, m->mask); /* filling raised the threshold */
    el_trim(m, 1, kind);
    if (kind.ref) gm_store_trim(&m->records, &m->map.memory);
    for (int is_value = 0; is_value < 2 && el_has_strings(m); is_value++)
        gm_strings_trim(m->strings[is_value], &m->map.memory);
}

/* Two maps of one type change places, their structs staying where they are. */
static size_t el_swap(gomap *one, gomap *other)
{
    gm_elastic kept;
    size_t bytes = el_struct_bytes(one);
    memcpy(&kept, one, bytes);
    memcpy(one, other, bytes);
    memcpy(other, &kept, bytes);
    return bytes;
}

#endif
