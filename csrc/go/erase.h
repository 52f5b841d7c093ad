/* go/erase.h - an entry goes (Go's mapdelete), that of a key or any. */
#ifndef GM_GO_ERASE_H
#define GM_GO_ERASE_H

#include "find.h"
#include "grow.h"

/* Eight tophashes with emptyRest for the emptyOnes that end them. */
GM_INLINE uint64_t go_trim(uint64_t word)
{
    uint64_t over = word & 0xfefefefefefefefeu;
    if (GM_UNLIKELY(over == 0)) return 0;
    return word & (~(uint64_t)0 >> (56 - (gm_top_bit(over) & 56)));
}

/* Frees a slot, and spreads emptyRest back over the emptyOnes that now end the chain. */
GM_INLINE void go_erase_at(go_map *m, unsigned char *head, unsigned char *bucket, unsigned slot)
{
    if (GM_UNLIKELY(gm_parts_have_strings(&m->parts) | gm_parts_have_records(&m->parts)))
        gm_parts_release(&m->map, &m->parts, go_key_slot(m, bucket, slot), go_value_slot(m, bucket, slot));
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
    if (GM_UNLIKELY(gm_parts_have_records(&m->parts))) gm_parts_settle(&m->map, &m->parts, m->now.bytes, go_each);
}

GM_INLINE int go_erase(gomap *map, const void *key, gm_kind kind)
{
    go_map *m = go_of(map);
    go_place place;
    if (map->count == 0) return 0;
    uint64_t hash = gm_key_hash(&m->map, key, kind);
    if (GM_UNLIKELY(m->old.at != NULL) && !m->map.iterators)
        (void)go_grow_work(m, hash & m->mask); /* without memory, the old bucket will do */
    unsigned char *head = go_head(m, hash);
    go_prefetch(m, head);
    if (!go_locate(m, head, hash, key, kind, &place)) return 0;
    go_erase_at(m, head, place.bucket, place.slot);
    return 1;
}

/* Erases the entry whose value is here. */
void go_forget(gomap *map, const void *room);

/* Some entry: the first from the cursor on. The cursor stays, so that taking all entries one by one
 * passes over the array once. */
GM_INLINE int go_any(gomap *map, const void **key, const void **value, gm_kind kind)
{
    go_map *m = go_of(map);
    if (map->count == 0) return 0;
    for (size_t looked = 0; looked <= m->mask; looked++, m->any_at++) {
        size_t index = m->any_at & m->mask;
        if (m->old.at && !m->map.iterators) (void)go_grow_work(m, index);
        /* An untouched old bucket serves both the new ones it will go to. */
        unsigned char *head = go_head(m, index);
        for (unsigned char *bucket = head; bucket; bucket = go_next_in_chain(m, bucket)) {
            gm_match full = go_full(bucket);
            if (!full) continue;
            m->any_head = head;
            m->any_bucket = bucket;
            m->any_slot = (uint8_t)gm_match_index(full);
            *key = gm_key_in(&m->parts, go_key(m, bucket, m->any_slot, kind), kind);
            *value = go_value(m, bucket, m->any_slot);
            return 1;
        }
    }
    return 0;
}

void go_erase_any(gomap *map);

#endif
