/* go/check.h - statistics, the structural walk, and the invariants G1 to G9 of csrc/README.md. */
#ifndef GM_GO_CHECK_H
#define GM_GO_CHECK_H

#include "array.h"
#include "find.h"

void go_stats(const gomap *map, gomap_stats *stats);

void go_walk(const gomap *map, size_t live[GOMAP_PURPOSES]);

/* What a check has come across. */
typedef struct go_found {
    size_t entries;
    size_t linked, heap;               /* overflow buckets, and those of them from the heap */
    uint64_t key_numbers, value_numbers; /* sums of the records' numbers */
    uint64_t string_bytes;
} go_found;

/* A string: it has a block unless it is empty. Adds its bytes. */
GM_INLINE int go_check_string(const void *slot, go_found *found)
{
    gomap_string string;
    memcpy(&string, slot, sizeof string);
    found->string_bytes += string.length;
    return (string.at == NULL) == (string.length == 0);
}

/* One chain: its marks, its entries' places, its links. Adds what it finds. */
GM_INLINE int go_check_chain(const go_map *m, const go_array *array, size_t index, size_t mask, int frozen,
                             go_found *found, char *why, size_t size, gm_kind kind)
{
    const char *where = array == &m->now ? "bucket" : "old bucket";
    unsigned char *head = go_bucket(m, array, index);
    int rest = 0;
    unsigned char last = GO_EMPTY_REST;
    int first = 1;
    for (unsigned char *bucket = head; bucket; bucket = go_overflow(m, bucket), first = 0) {
        if (!first) {
            found->linked++;
            if (go_is_heap(array, bucket)) {
                found->heap++;
            } else {
                size_t offset = (size_t)(bucket - array->at), at = offset / m->bucket_bytes;
                if (offset % m->bucket_bytes || at <= mask || at >= array->next_overflow)
                    return gm_broken(why, size, "G6: %s %zu links to byte %zu of its array", where, index, offset);
            }
            if (found->linked > array->overflow)
                return gm_broken(why, size, "G6: %s %zu: more overflow buckets linked than were made, or a ring", where, index);
        }
        for (unsigned slot = 0; slot < GO_SLOTS; slot++) {
            unsigned char top = bucket[slot];
            if (top > GO_EMPTY_ONE && top < GO_MIN_TOPHASH)
                return gm_broken(why, size, "G3: %s %zu slot %u: mark %u where nothing was evacuated", where, index, slot, top);
            if (rest && top != GO_EMPTY_REST)
                return gm_broken(why, size, "G3: %s %zu slot %u: mark %u behind emptyRest", where, index, slot, top);
            if (top == GO_EMPTY_REST) {
                if (!rest && last == GO_EMPTY_ONE)
                    return gm_broken(why, size, "G3: %s %zu slot %u: emptyOne stands before emptyRest", where, index, slot);
                rest = 1;
            }
            last = top;
            if (go_is_empty(top)) {
                if (m->stale || array == &m->old) continue; /* zeroed when it is taken */
                const unsigned char *value = go_value_slot(m, bucket, slot);
                for (uint32_t i = 0; i < m->value_slot; i++)
                    if (value[i]) return gm_broken(why, size, "G7: %s %zu slot %u: an empty slot's value is not zero", where, index, slot);
                continue;
            }
            if (frozen) return gm_broken(why, size, "G4: %s %zu holds an entry before its old bucket is evacuated", where, index);
            found->entries++;
            unsigned char *at = go_key(m, bucket, slot, kind);
            if (kind.ref && (gm_load32(at) == 0 || gm_load32(at) > m->keys.used))
                return gm_broken(why, size, "G5: %s %zu slot %u: key record %u", where, index, slot, gm_load32(at));
            if (kind.ref) found->key_numbers += gm_load32(at);
            if (m->value_ref) {
                uint32_t record = gm_load32(go_value_slot(m, bucket, slot));
                if (record == 0 || record > m->values.used)
                    return gm_broken(why, size, "G5: %s %zu slot %u: value record %u", where, index, slot, record);
                found->value_numbers += record;
            }
            if ((m->key_string && !go_check_string(at, found)) ||
                (m->value_string && !go_check_string(go_value(m, bucket, slot), found)))
                return gm_broken(why, size, "G9: %s %zu slot %u: an empty string has a block, or another has none", where, index, slot);
            if (gm_key_is_nan(at, kind)) continue; /* has no hash to be held against */
            const void *key = go_key_at(m, at, kind);
            gomap_key again;
            if (kind.code == GM_OBJECTS) key = gomap_key_again(&m->map.public_part, key, &again);
            uint64_t hash = gm_key_hash(&m->map, key, kind);
            go_place place;
            if (go_tophash(hash) != top)
                return gm_broken(why, size, "G2: %s %zu slot %u: tophash %u, its key's is %u", where, index, slot, top, go_tophash(hash));
            if ((hash & mask) != index)
                return gm_broken(why, size, "G2: %s %zu slot %u: its key belongs to bucket %zu", where, index, slot, (size_t)(hash & mask));
            if (!go_locate(m, go_head(m, hash), hash, key, kind, &place) || place.bucket != bucket || place.slot != slot)
                return gm_broken(why, size, "G2: %s %zu slot %u: a look-up of its key leads elsewhere", where, index, slot);
        }
    }
    if (last == GO_EMPTY_ONE) return gm_broken(why, size, "G3: %s %zu ends in emptyOne", where, index);
    return 0;
}

/* Are all of a store's numbers an entry's or free? Two wrongs would have to add up. */
GM_INLINE int go_numbers_add_up(const gm_store *store, uint64_t numbers)
{
    for (uint32_t number = store->free; number; number = gm_load32(gm_store_at(store, number))) numbers += number;
    return numbers == (uint64_t)store->used * ((uint64_t)store->used + 1) / 2;
}

GM_INLINE int go_check(const gomap *map, char *why, size_t size, gm_kind kind)
{
    const go_map *m = go_of(map);
    go_found found, old;
    memset(&found, 0, sizeof found);
    memset(&old, 0, sizeof old);
    const char *broken = gm_store_check(&m->keys);
    if (broken == NULL) broken = gm_store_check(&m->values);
    if (broken) return gm_broken(why, size, "%s", broken);
    if (m->mask != ((size_t)1 << m->B) - 1 || m->grow_at != go_capacity(m->B))
        return gm_broken(why, size, "G1: B is %u, but the mask is %zu and growth is at %zu", m->B, m->mask, m->grow_at);
    if (m->now.at == NULL) {
        if (map->count || m->old.at) return gm_broken(why, size, "G1: no array, but %zu entries", map->count);
        if (m->string_bytes) return gm_broken(why, size, "G9: no array, but strings of %zu bytes", (size_t)m->string_bytes);
        return 0;
    }
    size_t buckets = m->mask + 1;
    if (m->B >= 4) buckets = go_size_class((buckets + buckets / 16) * m->bucket_bytes) / m->bucket_bytes;
    if (m->now.buckets != buckets || m->now.next_overflow <= m->mask || m->now.next_overflow > buckets)
        return gm_broken(why, size, "G1: an array of %zu buckets for B %u, the tail used up to %zu", m->now.buckets, m->B, m->now.next_overflow);
    if (m->old.at) {
        if (m->old_mask != (m->same_size ? m->mask : m->mask >> 1))
            return gm_broken(why, size, "G4: an old array of %zu buckets under B %u", m->old_mask + 1, m->B);
        for (size_t i = 0; i < m->evacuated; i++)
            if (!go_is_evacuated(go_bucket(m, &m->old, i)))
                return gm_broken(why, size, "G4: old bucket %zu is behind the evacuation mark %zu, and is not evacuated", i, m->evacuated);
    } else if (map->count > m->grow_at && m->same_size_growths == 0) {
        /* Nothing is checked while growing: one of the same size may end with the load over. */
        return gm_broken(why, size, "G1: %zu entries without growing, B is %u", map->count, m->B);
    }
    for (size_t i = 0; i <= m->mask; i++) {
        int frozen = m->old.at && !go_is_evacuated(go_bucket(m, &m->old, i & m->old_mask));
        if (go_check_chain(m, &m->now, i, m->mask, frozen, &found, why, size, kind)) return -1;
    }
    for (size_t i = 0; m->old.at && i <= m->old_mask; i++) {
        if (go_is_evacuated(go_bucket(m, &m->old, i))) continue;
        if (go_check_chain(m, &m->old, i, m->old_mask, 0, &old, why, size, kind)) return -1;
    }
    if (found.linked != m->now.overflow || found.heap != m->now.overflow_heap || old.linked != m->old.overflow ||
        old.heap != m->old.overflow_heap)
        return gm_broken(why, size, "G6: %zu + %zu overflow buckets linked (%zu + %zu of them from the heap), counted are %zu + %zu (%zu + %zu)",
                         found.linked, old.linked, found.heap, old.heap, m->now.overflow, m->old.overflow,
                         m->now.overflow_heap, m->old.overflow_heap);
    if (m->now.next_overflow - (m->mask + 1) != found.linked - found.heap)
        return gm_broken(why, size, "G6: the tail is used up to bucket %zu for %zu links", m->now.next_overflow, found.linked - found.heap);
    if (found.entries + old.entries != map->count)
        return gm_broken(why, size, "G8: %zu entries found, counted are %zu", found.entries + old.entries, map->count);
    if (!go_numbers_add_up(&m->keys, found.key_numbers + old.key_numbers) ||
        !go_numbers_add_up(&m->values, found.value_numbers + old.value_numbers))
        return gm_broken(why, size, "G5: a record is two entries', or an entry's and free");
    if (found.string_bytes + old.string_bytes != m->string_bytes)
        return gm_broken(why, size, "G9: strings of %zu bytes found, counted are %zu",
                         (size_t)(found.string_bytes + old.string_bytes), (size_t)m->string_bytes);
    return 0;
}

#endif
