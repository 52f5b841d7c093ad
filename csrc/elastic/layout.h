/* elastic/layout.h - the memory of the elastic map: regions of tags and slots, and the header.
 *
 * Bucket i is eight tags and eight slots, each in a region of its own:
 *
 *     tags    | 8 tags of 0 | 8 tags of 1 | 8 tags of 2 | ...     one byte a slot
 *     slots   | 8 slots of 0               | 8 slots of 1               | ...
 *
 * A tag is 0 for an empty slot, else a byte of the entry's hash. A slot holds an entry, key then value;
 * or, for large entries and references, the 32-bit number of a record that holds the entry:
 *
 *     slots   | 3 | - | 1 | 2 | - ...         records   | 1: key value | 2: key value | 3: key value |
 *
 * so that a full bucket costs five bytes a slot and the entries stand densely, but for a few gaps (records.h): when
 * some have gone the last records take their numbers; the slot of one is found by the key it holds.
 *
 * Addressing is linear hashing's (Litwin 1980). With n buckets, mask = 2^ceil(log2 n) - 1:
 *
 *     0            n - (mask+1)/2        (mask+1)/2          n        mask
 *     | split ones | the split pointer ->| ... | their halves |  none   |      bucket of h: h & mask,
 *                                                                              or h & mask/2 where that is none
 *
 * Every key has two buckets, by the two halves of its hash, and stands in one of them, or, when neither
 * had room nor could be given any, in the overflow list, which is searched when it is not empty.
 */
#ifndef GM_ELASTIC_LAYOUT_H
#define GM_ELASTIC_LAYOUT_H

#include "../kind.h"
#include "../store.h"
#include "../string_region.h"
#include "../tags.h"

enum { EL_SLOTS = 8, EL_EMPTY = 0 };

/* The most entries a bucket on average before an insertion splits one, in eighths: 6 7/8 in a large map,
 * which is 17 / (6.875 / 8) = 19.8 bytes for an entry of 16. The last bytes cost most (a growing insertion of
 * 1,000,000 in ns / displaced by each): 68 / 0.01 at 5, 75 / 0.14 at 6, 82 / 0.41 at 6 7/8, 89 / 0.49 at 7.
 * A small map is for speed, and there is little to be saved: 5 up to 512 buckets, from where it rises. */
#define EL_GROW_EIGHTHS 55
/* 7 for slots of up to 8 bytes, of which one line more holds all, and of more than 32, whose empty ones cost most. */
#define EL_GROW_EIGHTHS_DENSE 56
#define EL_GROW_EIGHTHS_SMALL 40
#define EL_SMALL_LOG2 9
/* A deletion merges below 8/11 of that, 5 in a large map: what an insertion and a deletion by turns split is
 * not merged again, and a merge finds room for nearly all its entries in one bucket (0.13 displaced by a
 * deletion; 0.32 below 6, which takes half as long again). */
#define EL_SHRINK(grow_at) ((grow_at)*8 / 11)
/* In a small map below half of it, and then a quarter of the buckets at once: a deletion of 1,000 entries one by one
 * takes 11.7 ns; 15.1 by EL_SHRINK, 6 without any merge. */
#define EL_SHRINK_SMALL(grow_at) ((grow_at) / 2)
/* Compacting merges down to this load, in halves: 17 / (7.5 / 8) = 18.1 bytes. */
#define EL_COMPACT_HALVES 15
/* Entries larger than this stand in records: five bytes a slot for a full one beat an eighth of the
 * entry in empty slots from 40 bytes up; but a look-up takes one more memory access. */
#define EL_INLINE_MAX 64
/* Address bits: two halves of a 64-bit hash. */
#define EL_MAX_BUCKETS 0xffffffffu

typedef struct el_map {
    gm_map map;
    gm_region tags, slots;
    gm_region overflow; /* of slots, each followed by its tag */
    uint32_t buckets, mask;
    size_t grow_at, shrink_at; /* an insertion into so many entries splits; a deletion that leaves fewer merges */
    uint16_t slot_bytes;
    uint8_t put_off : 1;       /* deletions under an iterator have left work */
    uint8_t string_values : 1; /* the type's, at hand */
    uint8_t most;              /* EL_GROW_EIGHTHS or EL_GROW_EIGHTHS_DENSE */
    uint32_t value_at;         /* in an entry: the key's size */
    uint32_t overflow_used;    /* slots of the overflow list, free ones among them included */
    uint32_t any_at;           /* the cursor of cursor.h: the bucket looked at first */
    uint64_t splits, merges, displaced;
    /* In the block only where slots hold numbers, or there are strings: */
    gm_store records;
    /* Only where there are strings: */
    gm_strings *strings[GOMAP_PARTS]; /* long ones of keys, of values */
    uint64_t string_bytes;            /* of all strings */
} el_map;

/* What is called now and then, one function for a kind (kinds.h), not inlined where it is called. */
typedef struct el_resizer {
    uint64_t (*displace)(el_map *m, uint32_t first, uint32_t second);
    int (*split)(el_map *m, uint32_t buckets);
    int (*merge)(el_map *m);
    void (*drain)(el_map *m);
    void (*fill_gaps)(el_map *m);
} el_resizer;

GM_INLINE const el_resizer *el_resizer_of(const el_map *m) { return gm_engine_of(&m->map.public_part)->own; }

GM_INLINE el_map *el_of(const gomap *map) { return (el_map *)(uintptr_t)map; }

GM_INLINE int el_type_has_strings(const gomap_type *type)
{
    return type->key_kind == GOMAP_STRING || type->value_string;
}

GM_INLINE int el_has_strings(const el_map *m) { return el_type_has_strings(m->map.public_part.type); }

/* Whether slots hold numbers of records. */
GM_INLINE int el_has_records(const el_map *m) { return gm_engine_of(&m->map.public_part)->ref; }

GM_INLINE size_t el_struct_bytes(const gm_engine *engine, const gomap_type *type)
{
    if (el_type_has_strings(type)) return sizeof(el_map);
    return engine->ref ? offsetof(el_map, strings) : offsetof(el_map, records);
}

/* ---- engine.c: a map's life ---- */
/* What follows from the type. */
void el_describe(el_map *m, const gm_engine *engine, const gomap_type *type);
gomap *el_create(const gm_engine *engine, const gomap_type *type, size_t hint, uint64_t seed);
void el_destroy(gomap *map);
void el_clear(gomap *map);
size_t el_swap(gomap *one, gomap *other);

GM_INLINE uint32_t el_address(uint32_t hash, uint32_t buckets, uint32_t mask)
{
    uint32_t index = hash & mask;
    return index < buckets ? index : hash & (mask >> 1);
}

/* The two halves, and a tag from bits that address nothing below 2^24 buckets. */
GM_INLINE uint32_t el_first(uint64_t hash) { return (uint32_t)hash; }
GM_INLINE uint32_t el_second(uint64_t hash) { return (uint32_t)(hash >> 32); }
GM_INLINE unsigned char el_tag(uint64_t hash)
{
    unsigned char tag = (unsigned char)((hash >> 24) ^ (hash >> 56));
    return tag ? tag : 0x80;
}

GM_INLINE unsigned char *el_tags(const el_map *m, uint32_t bucket) { return m->tags.at + (size_t)bucket * EL_SLOTS; }

GM_INLINE size_t el_slot_bytes(const el_map *m, gm_kind kind) { return kind.ref ? 4 : m->slot_bytes; }

GM_INLINE unsigned char *el_slot(const el_map *m, uint32_t bucket, unsigned slot, gm_kind kind)
{
    return m->slots.at + ((size_t)bucket * EL_SLOTS + slot) * el_slot_bytes(m, kind);
}

/* A slot's bytes, of a size known only at run time, most often 16: two eight-byte numbers. */
GM_INLINE void el_copy_slot(const el_map *m, unsigned char *to, const unsigned char *from, gm_kind kind)
{
    size_t bytes = el_slot_bytes(m, kind);
    if (GM_LIKELY(bytes == 16)) memcpy(to, from, 16);
    else memcpy(to, from, bytes);
}

/* The entry, which begins with its key: the slot itself, or the record it names. */
GM_INLINE unsigned char *el_entry(const el_map *m, unsigned char *slot, gm_kind kind)
{
    return kind.ref ? gm_store_at(&m->records, gm_load32(slot)) : slot;
}

GM_INLINE gm_match el_full(const el_map *m, uint32_t bucket)
{
    return gm_match_not(gm_match8(el_tags(m, bucket), EL_EMPTY));
}
GM_INLINE gm_match el_free(const el_map *m, uint32_t bucket) { return gm_match8(el_tags(m, bucket), EL_EMPTY); }

GM_INLINE int el_is_small(size_t buckets) { return buckets >> EL_SMALL_LOG2 == 0; }

/* The most entries for so many buckets before an insertion splits one. A single bucket is filled. */
GM_INLINE size_t el_capacity(const el_map *m, size_t buckets)
{
    unsigned eighths = EL_GROW_EIGHTHS_SMALL;
    if (buckets <= 1) return buckets * EL_SLOTS;
    if (!el_is_small(buckets)) eighths += 3 * (gm_top_bit(buckets) - EL_SMALL_LOG2 + 1);
    return buckets * (eighths < m->most ? eighths : m->most) / 8;
}

/* How many buckets an insertion adds: one; in a small map, where calling and allocating take longer than a split, three
 * eighths more, for which its regions are made, and no more. From Python a map of 100 entries is filled in 45 ns
 * an entry; by an eighth at a time, with a quarter's room in the regions, it took 52 and ended a third larger. */
GM_INLINE uint32_t el_step(size_t buckets)
{
    size_t step = (buckets * 3 + 7) / 8, left = ((size_t)1 << EL_SMALL_LOG2) - buckets;
    return !el_is_small(buckets) ? 1 : (uint32_t)(step < left ? step : left);
}

/* The fewest buckets with room for so many entries. */
GM_INLINE size_t el_buckets_for(const el_map *m, size_t count)
{
    size_t buckets = count <= EL_SLOTS ? 1 : (8 * count + m->most - 1) / m->most;
    while (el_capacity(m, buckets) < count) buckets += buckets / 64 + 1;
    return buckets;
}

/* The fewest buckets that compacting makes of so many entries. */
GM_INLINE size_t el_compact_buckets(size_t count)
{
    return count < EL_SLOTS ? 1 : (2 * count + EL_COMPACT_HALVES - 1) / EL_COMPACT_HALVES;
}

/* 2^ceil(log2 buckets) - 1. */
GM_INLINE uint32_t el_mask_for(size_t buckets)
{
    uint32_t mask = 0;
    while (mask < buckets - 1) mask = 2 * mask + 1;
    return mask;
}

GM_INLINE void el_set_buckets(el_map *m, uint32_t buckets, uint32_t mask)
{
    m->buckets = buckets;
    m->mask = mask;
    m->grow_at = el_capacity(m, buckets);
    m->shrink_at = buckets <= 1           ? 0
                   : el_is_small(buckets) ? EL_SHRINK_SMALL(el_capacity(m, buckets))
                                          : EL_SHRINK(el_capacity(m, buckets - 1));
}

/* So many buckets, empty, for which there is room. */
GM_INLINE void el_lay_out(el_map *m, size_t buckets)
{
    memset(m->tags.at, EL_EMPTY, buckets * EL_SLOTS);
    el_set_buckets(m, (uint32_t)buckets, el_mask_for(buckets));
}

GM_INLINE unsigned char *el_overflow(const el_map *m, uint32_t index, gm_kind kind)
{
    return m->overflow.at + (size_t)index * (el_slot_bytes(m, kind) + 1);
}

/* The slot of two buckets that most likely holds an entry with this tag; NULL: none does. */
GM_INLINE unsigned char *el_candidate(const el_map *m, uint32_t first, uint32_t second, unsigned char tag, gm_kind kind)
{
#if GM_MATCH16
    gm_match found = gm_match16(el_tags(m, first), el_tags(m, second), tag);
    if (!found) return NULL;
    unsigned i = gm_match_index(found);
    return el_slot(m, i < EL_SLOTS ? first : second, i & (EL_SLOTS - 1), kind);
#else
    gm_match found = gm_match8(el_tags(m, first), tag);
    if (found) return el_slot(m, first, gm_match_index(found), kind);
    found = gm_match8(el_tags(m, second), tag);
    return found ? el_slot(m, second, gm_match_index(found), kind) : NULL;
#endif
}

/* What is sought in an entry, by other than its key: its address, or NULL when it is not in this one. */
typedef unsigned char *el_sought_in(const el_map *m, unsigned char *slot, const void *sought);

/* The same in all entries of a hash. */
GM_INLINE unsigned char *el_seek(const el_map *m, uint64_t hash, size_t slot_bytes, el_sought_in *sought_in,
                                 const void *sought)
{
    unsigned char tag = el_tag(hash), *at;
    for (int half = 0; half < 2; half++) {
        uint32_t bucket = el_address(half ? el_second(hash) : el_first(hash), m->buckets, m->mask);
        for (gm_match found = gm_match8(el_tags(m, bucket), tag); found; found = gm_match_next(found)) {
            unsigned char *slot = m->slots.at + ((size_t)bucket * EL_SLOTS + gm_match_index(found)) * slot_bytes;
            if ((at = sought_in(m, slot, sought)) != NULL) return at;
        }
    }
    for (uint32_t i = 0; i < m->overflow_used; i++) {
        unsigned char *slot = m->overflow.at + (size_t)i * (slot_bytes + 1);
        if (slot[slot_bytes] == tag && (at = sought_in(m, slot, sought)) != NULL) return at;
    }
    return NULL;
}

#endif
