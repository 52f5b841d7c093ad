/* go/insert.h - find, assign, erase (Go's mapaccess, mapassign, mapdelete).
 *
 * All three walk the chain the hash leads to, comparing eight tophashes at once. A bucket whose
 * last slot is emptyRest ends the walk without its overflow pointer being read, which would be one
 * more cache line.
 */
#ifndef GM_GO_INSERT_H
#define GM_GO_INSERT_H

#include "grow.h"
#include "strings.h"

/* Where a key is, or may go. */
typedef struct go_place {
    unsigned char *bucket;
    unsigned slot;
} go_place;

GM_INLINE unsigned char *go_next_in_chain(const gm_go *m, const unsigned char *bucket)
{
    return bucket[GO_SLOTS - 1] == GO_EMPTY_REST ? NULL : go_overflow(m, bucket);
}

GM_INLINE int go_search(const gm_go *m, unsigned char *bucket, unsigned char top, const void *key,
                        gm_kind kind, unsigned *slot)
{
    for (gm_match found = gm_match8(bucket, top); found; found = gm_match_next(found)) {
        unsigned i = gm_match_index(found);
        if (GM_LIKELY(gm_key_equal(&m->map, key, go_key_at(m, go_key(m, bucket, i, kind), kind), kind))) {
            *slot = i;
            return 1;
        }
    }
    return 0;
}

GM_INLINE int go_locate(const gm_go *m, unsigned char *head, uint64_t hash, const void *key,
                        gm_kind kind, go_place *place)
{
    unsigned char top = go_tophash(hash);
    for (unsigned char *bucket = head; bucket; bucket = go_next_in_chain(m, bucket)) {
        if (go_search(m, bucket, top, key, kind, &place->slot)) {
            place->bucket = bucket;
            return 1;
        }
    }
    return 0;
}

GM_INLINE void *go_find(const gomap *map, const void *key, gm_kind kind)
{
    const gm_go *m = go_of(map);
    go_place place;
    if (map->count == 0) return NULL;
    uint64_t hash = gm_key_hash(&m->map, key, kind);
    unsigned char *head = go_head(m, hash);
    go_prefetch(m, head);
    if (!go_locate(m, head, hash, key, kind, &place)) return NULL;
    return go_value(m, place.bucket, place.slot);
}

/* ---- assign --------------------------------------------------------------------------------- */

/* Records for a new entry; 0 when there is no memory, and then neither is taken. */
static int go_records_add(gm_go *m, uint32_t *key_record, uint32_t *value_record)
{
    if (m->key_ref && (*key_record = gm_store_add(&m->keys, &m->map.memory)) == 0) return 0;
    if (m->value_ref && (*value_record = gm_store_add(&m->values, &m->map.memory)) == 0) {
        if (*key_record) gm_store_remove(&m->keys, &m->map.memory, *key_record);
        return 0;
    }
    return 1;
}

/* A store being made dense: where entries keep its numbers, and the first free number that one may take. */
typedef struct go_settling {
    gm_store *store;
    size_t slots_at, slot_bytes;
    uint32_t free;
} go_settling;

static int go_visit_settle(void *context, unsigned char *head, unsigned char *bucket, unsigned slot)
{
    go_settling *settling = context;
    gm_store *store = settling->store;
    unsigned char *at = bucket + settling->slots_at + slot * settling->slot_bytes;
    uint32_t number = gm_load32(at), free = settling->free;
    (void)head;
    if (number <= store->live) return 1;
    gm_store32(at, free);
    settling->free = gm_load32(gm_store_at(store, free));
    memcpy(gm_store_at(store, free), gm_store_at(store, number), store->stride);
    return 1;
}

/* Makes a store dense: records with numbers beyond the live ones' count take free numbers below it. */
static void go_store_settle(gm_go *m, gm_store *store, size_t slots_at, size_t slot_bytes)
{
    go_settling settling = {store, slots_at, slot_bytes, 0};
    uint32_t next;
    for (uint32_t number = store->free; number; number = next) {
        next = gm_load32(gm_store_at(store, number));
        if (number > store->live) continue;
        gm_store32(gm_store_at(store, number), settling.free);
        settling.free = number;
    }
    go_each_entry(m, go_visit_settle, &settling);
    gm_store_settle(store, &m->map.memory, store->live);
}

/* Go's collector gives the bytes of a deleted value back some time later. Here it is done when more
 * records are free than live, and enough of them to be worth a walk over the array. */
static int go_is_sparse(const gm_go *m, const gm_store *store)
{
    uint32_t free = store->used - store->live;
    return free > store->live && (size_t)free * store->stride > m->now.bytes / 16 + GM_MAP_BYTES;
}

static void go_records_remove(gm_go *m, uint32_t key_record, uint32_t value_record)
{
    if (key_record) gm_store_remove(&m->keys, &m->map.memory, key_record);
    if (value_record) gm_store_remove(&m->values, &m->map.memory, value_record);
}

/* The value of a new key in the place found for it, or in a new overflow bucket behind `last`. */
GM_INLINE void *go_insert(gm_go *m, go_place free, unsigned char *last, unsigned char top, const void *key,
                          gm_kind kind)
{
    uint32_t key_record = 0, value_record = 0;
    gomap_string string = {NULL, 0};
    if (GM_UNLIKELY(m->key_ref | m->value_ref) && !go_records_add(m, &key_record, &value_record)) return NULL;
    if (kind.code == GM_STRINGS && !go_string_make(m, &string, key)) {
        go_records_remove(m, key_record, value_record);
        return NULL;
    }
    if (free.bucket == NULL) {
        free.bucket = go_overflow_add(m, last);
        free.slot = 0;
        if (free.bucket == NULL) {
            go_string_release(m, &string);
            go_records_remove(m, key_record, value_record);
            return NULL;
        }
    }
    /* Nothing fails from here. */
    unsigned char *slot = go_key(m, free.bucket, free.slot, kind);
    if (kind.ref) {
        memcpy(gm_store_at(&m->keys, key_record), key, gm_key_bytes(&m->map, kind));
        gm_store32(slot, key_record);
    } else if (kind.code == GM_STRINGS) {
        memcpy(slot, &string, sizeof string);
    } else {
        memcpy(slot, key, gm_key_bytes(&m->map, kind));
    }
    unsigned char *value = go_value_slot(m, free.bucket, free.slot);
    if (m->stale) {
        if (GM_LIKELY(m->value_slot == 8)) gm_store64(value, 0);
        else memset(value, 0, m->value_slot);
    }
    if (m->value_ref) gm_store32(value, value_record);
    free.bucket[free.slot] = top;
    m->map.public_part.count++;
    return go_value(m, free.bucket, free.slot);
}

GM_INLINE void *go_assign(gomap *map, const void *key, int *added, go_evacuate_kind *evacuate, gm_kind kind)
{
    gm_go *m = go_of(map);
    uint64_t hash = GM_UNLIKELY(gm_key_is_nan(key, kind)) ? gm_random(&m->random)
                                                           : gm_key_hash(&m->map, key, kind);
    unsigned char top = go_tophash(hash);
    if (GM_UNLIKELY(m->now.at == NULL) && !go_array_make(m, &m->now, m->B)) return NULL;

    for (;;) {
        int evacuated = 1;
        if (GM_UNLIKELY(m->old.at != NULL) && !m->map.iterators)
            evacuated = go_grow_work(m, hash & m->mask, evacuate);

        go_place free = {NULL, 0};
        unsigned char *bucket = go_head(m, hash), *last;
        go_prefetch(m, bucket);
        do {
            unsigned slot;
            last = bucket;
            if (go_search(m, bucket, top, key, kind, &slot)) {
                /* Go's needkeyupdate: of 0.0 and -0.0 the last one written stays. */
                if (gm_is_float(kind)) memcpy(go_key(m, bucket, slot, kind), key, kind.bytes);
                *added = 0;
                return go_value(m, bucket, slot);
            }
            if (free.bucket == NULL) {
                gm_match empty = gm_match8_up_to(bucket, GO_EMPTY_ONE);
                if (empty) {
                    free.bucket = bucket;
                    free.slot = gm_match_index(empty);
                }
            }
        } while ((bucket = go_next_in_chain(m, bucket)) != NULL);

        if (!evacuated) return NULL; /* no room was to be had where a new key must go */
        if (GM_UNLIKELY(m->map.iterators)) {
            gm_end_iterators(&m->map);
            if (m->old.at) continue; /* now that nothing iterates, evacuate first */
        }
        if (m->old.at == NULL && GM_UNLIKELY(map->count >= m->grow_at || m->noverflow >= m->noverflow_at)) {
            if (!go_grow_start(m)) return NULL;
            continue; /* the bucket to use is another now */
        }
        *added = 1;
        return go_insert(m, free, last, top, key, kind);
    }
}

/* ---- erase ---------------------------------------------------------------------------------- */

/* Eight tophashes with emptyRest for the emptyOnes that end them. */
GM_INLINE uint64_t go_trim(uint64_t word)
{
    uint64_t over = word & 0xfefefefefefefefeu;
    if (GM_UNLIKELY(over == 0)) return 0;
    return word & (~(uint64_t)0 >> (56 - (gm_top_bit(over) & 56)));
}

/* Frees a slot, and spreads emptyRest back over the emptyOnes that now end the chain. */
GM_INLINE void go_erase_at(gm_go *m, unsigned char *head, unsigned char *bucket, unsigned slot)
{
    if (GM_UNLIKELY(m->key_string | m->value_string)) go_entry_release(m, bucket, slot);
    if (GM_UNLIKELY(m->key_ref | m->value_ref)) {
        unsigned char *key = bucket + GO_KEYS + (size_t)slot * m->key_slot;
        go_records_remove(m, m->key_ref ? gm_load32(key) : 0, m->value_ref ? gm_load32(go_value_slot(m, bucket, slot)) : 0);
    }
    m->stale = 1;
    /* In a register: a byte stored and then loaded as part of a word would wait for the store. */
    uint64_t tags = gm_tags_load(bucket);
    int last = tags >> 56 == GO_EMPTY_REST; /* of the chain */
    if (slot == GO_SLOTS - 1) {
        unsigned char *next = go_overflow(m, bucket);
        last = next == NULL || next[0] == GO_EMPTY_REST;
    }
    tags = (tags & ~((uint64_t)0xff << (8 * slot))) | ((uint64_t)GO_EMPTY_ONE << (8 * slot));
    if (GM_LIKELY(last)) tags = go_trim(tags);
    gm_tags_store(bucket, tags);
    while (GM_UNLIKELY(tags == 0 && bucket != head)) {
        unsigned char *before = head;
        while (go_overflow(m, before) != bucket) before = go_overflow(m, before);
        bucket = before;
        tags = go_trim(gm_tags_load(bucket));
        gm_tags_store(bucket, tags);
    }
    /* As in Go: who has learnt collisions from a map cannot use them once it has been empty. */
    if (GM_UNLIKELY(--m->map.public_part.count == 0)) m->map.seed = gm_seed_draw(&m->random);
    if (GM_UNLIKELY(m->key_ref) && go_is_sparse(m, &m->keys))
        go_store_settle(m, &m->keys, GO_KEYS, m->key_slot);
    if (GM_UNLIKELY(m->value_ref) && go_is_sparse(m, &m->values))
        go_store_settle(m, &m->values, m->values_at, m->value_slot);
}

GM_INLINE int go_erase(gomap *map, const void *key, go_evacuate_kind *evacuate, gm_kind kind)
{
    gm_go *m = go_of(map);
    go_place place;
    if (map->count == 0) return 0;
    uint64_t hash = gm_key_hash(&m->map, key, kind);
    if (GM_UNLIKELY(m->old.at != NULL) && !m->map.iterators)
        (void)go_grow_work(m, hash & m->mask, evacuate); /* without memory, the old bucket will do */
    unsigned char *head = go_head(m, hash);
    go_prefetch(m, head);
    if (!go_locate(m, head, hash, key, kind, &place)) return 0;
    go_erase_at(m, head, place.bucket, place.slot);
    return 1;
}

/* An entry that is looked for by its value's address. */
typedef struct go_room {
    const gm_go *m;
    const void *room;
    unsigned char *head;
    go_place place;
} go_room;

static int go_visit_seek(void *context, unsigned char *head, unsigned char *bucket, unsigned slot)
{
    go_room *sought = context;
    if (go_value(sought->m, bucket, slot) != sought->room) return 1;
    sought->head = head;
    sought->place.bucket = bucket;
    sought->place.slot = slot;
    return 0;
}

/* Erases the entry whose value is here. */
static void go_forget(gomap *map, const void *room)
{
    go_room sought = {go_of(map), room, NULL, {NULL, 0}};
    go_each_entry(sought.m, go_visit_seek, &sought);
    if (sought.head) go_erase_at(go_of(map), sought.head, sought.place.bucket, sought.place.slot);
}

/* Some entry: the first from the cursor on. The cursor stays, so that taking all entries one by one
 * passes over the array once. */
GM_INLINE int go_any(gomap *map, const void **key, const void **value, go_evacuate_kind *evacuate, gm_kind kind)
{
    gm_go *m = go_of(map);
    if (map->count == 0) return 0;
    for (size_t looked = 0; looked <= m->mask; looked++, m->any_at++) {
        size_t index = m->any_at & m->mask;
        if (m->old.at && !m->map.iterators) (void)go_grow_work(m, index, evacuate);
        /* An untouched old bucket serves both the new ones it will go to. */
        unsigned char *head = go_head(m, index);
        for (unsigned char *bucket = head; bucket; bucket = go_next_in_chain(m, bucket)) {
            gm_match full = go_full(bucket);
            if (!full) continue;
            m->any_head = head;
            m->any_bucket = bucket;
            m->any_slot = gm_match_index(full);
            *key = go_key_at(m, go_key(m, bucket, m->any_slot, kind), kind);
            *value = go_value(m, bucket, m->any_slot);
            return 1;
        }
    }
    return 0;
}

static void go_erase_any(gomap *map)
{
    gm_go *m = go_of(map);
    go_erase_at(m, m->any_head, m->any_bucket, m->any_slot);
}

/* ---- clear, reserve ------------------------------------------------------------------------- */

/* As in Go, the array stays; what the map had beside it goes. */
static void go_clear(gomap *map)
{
    gm_go *m = go_of(map);
    if (m->now.at == NULL) return;
    go_strings_release(m);
    go_array_drop(m, &m->old, GOMAP_OLD_BUCKETS, m->old_mask + 1);
    go_array_release_overflow(m, &m->now, m->mask + 1);
    memset(m->now.at, 0, m->now.bytes);
    m->now.next_overflow = m->mask + 1;
    m->now.overflow = 0;
    gm_store_clear(&m->keys, &m->map.memory);
    gm_store_clear(&m->values, &m->map.memory);
    m->same_size = 0;
    m->stale = 0;
    m->evacuated = 0;
    m->noverflow = 0;
    map->count = 0;
    m->map.seed = gm_seed_draw(&m->random);
}

/* Two maps of one type change places, their structs staying where they are. */
static size_t go_swap(gomap *one, gomap *other)
{
    gm_go kept = *go_of(one);
    *go_of(one) = *go_of(other);
    *go_of(other) = kept;
    go_of(one)->map.memory.purposes = &go_of(one)->purposes;
    go_of(other)->map.memory.purposes = &go_of(other)->purposes;
    return sizeof kept;
}

GM_INLINE int go_reserve(gomap *map, size_t count, gm_kind kind)
{
    gm_go *m = go_of(map);
    gm_memory *memory = &m->map.memory;
    size_t keys = m->keys.capacity, values = m->values.capacity;
    unsigned B = go_B_for(count);
    if (B >= 64) return -1;
    if ((m->key_ref && !gm_store_reserve(&m->keys, memory, count)) ||
        (m->value_ref && !gm_store_reserve(&m->values, memory, count)) ||
        ((count > m->grow_at || !m->now.at) && !go_rebuild(m, B < m->B ? m->B : B, kind))) {
        gm_store_unreserve(&m->keys, memory, keys);
        gm_store_unreserve(&m->values, memory, values);
        return -1;
    }
    return 0;
}

#endif
