/* elastic/snapshot.h - the elastic map's sections of a snapshot (../snapshot.h): saved, opened where they stand, and
 * checked before a copy of them is written to.
 *
 *     tags, slots      whole regions, as many buckets as there are; a slot without an entry is zeros
 *     overflow         places that have an entry
 *     records          those in use, without gaps: the last ones take the numbers of the gaps, as in records.h
 *     strings          a section for each size class of keys and of values. A large string's record has the offset of
 *                      its bytes in the section of text, where a map in memory has their address
 */
#ifndef GM_ELASTIC_SNAPSHOT_H
#define GM_ELASTIC_SNAPSHOT_H

#include "check.h"
#include "clone.h"

int el_save(const gomap *map, gm_saving *saving);
size_t el_saved(gm_saving *saving, const gomap_section *section, uint64_t done, void *room, size_t most);
int el_open(gomap *map, const gomap_snapshot *snapshot, char *why, size_t size);
int el_map_is_lent(const gomap *map);

/* ---- is it sound? ---------------------------------------------------------------------------------------------- */

/* Which records, and which strings of each class, an entry has named: a bit each. */
typedef struct el_named {
    unsigned char *bits;
    size_t bytes;
    size_t first[1 + GOMAP_PARTS * GM_STRING_CLASSES]; /* where each store's bits begin: the records', the classes' */
    uint64_t names, string_bytes;
} el_named;

/* 0: out of memory. */
int el_named_begin(const el_map *m, el_named *named, gm_memory *memory);
void el_named_end(el_named *named, gm_memory *memory);
/* Whether this number of a store is one of `used`, and was not named before. */
int el_name(el_named *named, size_t store, uint32_t number, uint32_t used);
/* The strings of a key or value: each image is one of the three forms, and names a string that this entry owns. */
int el_sound_images(const el_map *m, int part, const unsigned char *at, uint64_t hash, el_named *named);
/* Whether all that there are have been named. */
int el_all_named(const el_map *m, const el_named *named);

/* What writing relies on, so that it stays within the map's memory, holds for an entry: it is in a bucket of its hash,
 * or in the overflow list, under its tag; its record and its strings are its own. Other than check.h, this looks for no
 * key, so it goes through memory in order. It does not see two entries of one key, or a string that is not its hash's:
 * those mislead only whoever reads them. */
GM_INLINE int el_sound_entry(const el_map *m, unsigned char tag, unsigned char *slot, uint32_t bucket, int in_bucket,
                             el_named *named, gm_kind kind)
{
    if (kind.ref && !el_name(named, 0, gm_load32(slot), m->records.used)) return 0;
    const unsigned char *entry = el_entry(m, slot, kind);
    uint64_t hash = gm_key_hash(&m->map, entry, kind);
    if (tag != el_tag(hash)) return 0;
    if (in_bucket && el_address(el_first(hash), m->buckets, m->mask) != bucket &&
        el_address(el_second(hash), m->buckets, m->mask) != bucket)
        return 0;
    int key_strings = kind.code == GM_IMAGES || kind.code == GM_IMAGE_STRUCTS;
    return (!key_strings || el_sound_images(m, GOMAP_KEY, entry, hash, named)) &&
           (!m->value_strings || el_sound_images(m, GOMAP_VALUE, entry + m->value_at, hash, named));
}

GM_INLINE int el_sound(const gomap *map, char *why, size_t size, gm_kind kind)
{
    el_map *m = el_of(map);
    el_named named;
    size_t entries = 0, slot_bytes = el_slot_bytes(m, kind);
    int sound = 1;
    if (el_check_shape(m, why, size, kind)) return GOMAP_SNAPSHOT_DAMAGED;
    if (!el_named_begin(m, &named, &m->map.memory))
        return gm_refused(GOMAP_SNAPSHOT_NO_MEMORY, why, size, gm_no_memory);
    for (uint32_t bucket = 0; sound && bucket < m->buckets; bucket++)
        for (gm_match full = el_full(m, bucket); sound && full; full = gm_match_next(full), entries++) {
            unsigned i = gm_match_index(full);
            sound = el_sound_entry(m, el_tags(m, bucket)[i], el_slot(m, bucket, i, kind), bucket, 1, &named, kind);
        }
    for (uint32_t i = 0; sound && i < m->overflow_used; i++, entries++) {
        unsigned char *at = el_overflow(m, i, kind);
        sound = at[slot_bytes] != EL_EMPTY && el_sound_entry(m, at[slot_bytes], at, 0, 0, &named, kind);
    }
    sound = sound && entries == map->count && el_all_named(m, &named);
    el_named_end(&named, &m->map.memory);
    if (sound) return GOMAP_SNAPSHOT_GOOD;
    return gm_refused(GOMAP_SNAPSHOT_DAMAGED, why, size,
                      "an entry is not where it should be, or has what is not its own");
}

#endif
