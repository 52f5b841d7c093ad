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
 * So a full bucket costs five bytes a slot, and the entries are dense except for a few gaps (records.h). When some have
 * been erased, the last records take their numbers; a moved record's slot is found by the key in the record.
 *
 * In a cache every slot has a few bytes aside, which move with its entry. Their meaning is the cache's (cache.h):
 *
 *     aside   | of slot 0 | of slot 1 | of slot 2 | ...
 *
 * Addressing is linear hashing's (Litwin 1980). With n buckets, mask = 2^ceil(log2 n) - 1:
 *
 *     0            n - (mask+1)/2        (mask+1)/2          n        mask
 *     | split ones | the split pointer ->| ... | their halves |  none   |      bucket of h: h & mask,
 *                                                                              or h & mask/2 where that is none
 *
 * Every key has two buckets, addressed by the two halves of its hash, and its entry is in one of them. If neither had
 * room and displacement could make none, the entry is in the overflow list, which is searched when it is not empty.
 */
#ifndef GM_ELASTIC_LAYOUT_H
#define GM_ELASTIC_LAYOUT_H

#include "../kind.h"
#include "../store.h"
#include "../string_region.h"
#include "../tags.h"

enum { EL_SLOTS = 8, EL_EMPTY = 0 };

/* The highest average number of entries a bucket before an insertion splits one, in eighths. It is 6 7/8 in a large
 * map, which is 17 / (6.875 / 8) = 19.8 bytes for an entry of 16. The last bytes saved cost most. In ns / entries
 * displaced by one growing insertion of 1,000,000: 68 / 0.01 at 5, 75 / 0.14 at 6, 82 / 0.41 at 6 7/8, 89 / 0.49 at
 * 7. In a small map there is little to save, so speed comes first: the limit is 5 up to 512 buckets, and rises from
 * there. */
#define EL_GROW_EIGHTHS 55
/* 7 for slots of up to 8 bytes, where one more cache line holds all slots of a bucket, and for slots of more than 32
 * bytes, where empty slots cost most. */
#define EL_GROW_EIGHTHS_DENSE 56
#define EL_GROW_EIGHTHS_SMALL 40
#define EL_SMALL_LOG2 9
/* A deletion merges below 8/11 of that limit, which is 5 in a large map. So alternating insertions and deletions do
 * not merge what was just split, and a merge finds room for nearly all its entries in one bucket (0.13 entries
 * displaced by a deletion; 0.32 when merging below 6, which takes half as long again). */
#define EL_SHRINK(grow_at) ((grow_at)*8 / 11)
/* A small map merges below half of the limit, and then a quarter of its buckets at once. When 1,000 entries are
 * deleted one by one, a deletion takes 11.7 ns; 15.1 with EL_SHRINK, 6 without any merge. */
#define EL_SHRINK_SMALL(grow_at) ((grow_at) / 2)
/* Compacting merges down to this load, in halves: 17 / (7.5 / 8) = 18.1 bytes. */
#define EL_COMPACT_HALVES 15
/* Entries larger than this are stored in records. From 40 bytes up, five bytes for a full slot cost less than the
 * eighth of an entry that empty slots cost. But a look-up takes one more memory access. */
#define EL_INLINE_MAX 64
/* Address bits: two halves of a 64-bit hash. */
#define EL_MAX_BUCKETS 0xffffffffu

typedef struct el_map {
    gm_map map;
    gm_region tags, slots;
    gm_region overflow; /* of slots, each followed by its tag and the bytes aside */
    uint32_t buckets, mask;
    size_t grow_at, shrink_at; /* an insertion into so many entries splits; a deletion that leaves fewer merges */
    uint16_t slot_bytes;
    uint8_t put_off : 1;       /* deletions under an iterator have left work */
    uint8_t value_strings : 1; /* values have strings */
    uint8_t aside_bytes : 4;   /* a slot's; 0: this is no cache's map */
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
    /* Only in a cache's map: */
    gm_region aside;
    size_t placed;        /* the place of the last new entry (place.h) */
    gm_purposes purposes; /* map.memory's, for the limit */
} el_map;

typedef struct el_sought el_sought; /* place.h */

/* What is called now and then, one function for a kind (kinds.h), not inlined where it is called. */
typedef struct el_resizer {
    uint64_t (*displace)(el_map *m, uint32_t first, uint32_t second);
    int (*split)(el_map *m, uint32_t buckets);
    int (*merge)(el_map *m);
    void (*drain)(el_map *m);
    void (*fill_gaps)(el_map *m);
    /* a cache's (place.h) */
    size_t (*locate)(const el_map *m, const void *key, el_sought *sought);
    void (*locate_many)(const el_map *m, const gm_keys *keys, void **found, size_t *places);
    void (*ask_many)(const el_map *m, const gm_keys *keys);
    void *(*insert)(el_map *m, const el_sought *sought);
    void (*remove)(el_map *m, size_t place);
    uint64_t (*take)(el_map *m, size_t place);
} el_resizer;

GM_INLINE const el_resizer *el_resizer_of(const el_map *m) { return gm_engine_of(&m->map.public_part)->own; }

/* Whether its regions lie in a snapshot, so that it is only read. */
GM_INLINE int el_is_lent(const el_map *m) { return m->tags.reserved == GM_LENT; }

GM_INLINE el_map *el_of(const gomap *map) { return (el_map *)(uintptr_t)map; }

GM_INLINE int el_type_has_strings(const gomap_type *type)
{
    return type->strings[GOMAP_KEY].count || type->strings[GOMAP_VALUE].count;
}

GM_INLINE int el_has_strings(const el_map *m) { return el_type_has_strings(m->map.public_part.type); }

/* Whether slots hold numbers of records. */
GM_INLINE int el_has_records(const el_map *m) { return gm_engine_of(&m->map.public_part)->ref; }

GM_INLINE size_t el_struct_bytes(const gm_engine *engine, const gomap_type *type)
{
    if (type->aside) return sizeof(el_map);
    if (el_type_has_strings(type)) return offsetof(el_map, aside);
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

/* A record that is there, whatever number a slot has: in a map over a damaged snapshot it may be any. A map with
 * entries has a record 1. */
GM_INLINE unsigned char *el_record(const el_map *m, const unsigned char *slot)
{
    uint32_t number = gm_load32(slot);
    GM_READ_ONCE(number);
    return gm_store_at(&m->records, GM_LIKELY(number - 1 < m->records.used) ? number : 1);
}

/* The entry, which begins with its key: the slot itself, or the record it names. */
GM_INLINE unsigned char *el_entry(const el_map *m, unsigned char *slot, gm_kind kind)
{
    return kind.ref ? el_record(m, slot) : slot;
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

/* How many buckets an insertion adds: one in a large map. In a small map calling and allocating take longer than a
 * split, so it adds three eighths more, and its regions get exactly that room. From Python a map of 100 entries is
 * filled in 45 ns an entry; with steps of an eighth and a quarter's spare room in the regions it took 52 and ended a
 * third larger. */
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

/* The bytes of a place in the overflow list. */
GM_INLINE size_t el_overflow_stride(const el_map *m, size_t slot_bytes) { return slot_bytes + 1 + m->aside_bytes; }

GM_INLINE unsigned char *el_overflow(const el_map *m, uint32_t index, gm_kind kind)
{
    return m->overflow.at + (size_t)index * el_overflow_stride(m, el_slot_bytes(m, kind));
}

/* ---- the bytes aside, in a cache's map ---- */

GM_INLINE unsigned char *el_aside(const el_map *m, uint32_t bucket, unsigned slot)
{
    return m->aside.at + ((size_t)bucket * EL_SLOTS + slot) * m->aside_bytes;
}

/* They go with an entry from one slot to another. */
GM_INLINE void el_move_aside(el_map *m, uint32_t from, unsigned from_slot, uint32_t to, unsigned to_slot)
{
    if (GM_UNLIKELY(m->aside_bytes)) memcpy(el_aside(m, to, to_slot), el_aside(m, from, from_slot), m->aside_bytes);
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

/* A function that looks in an entry for something other than its key. Returns the address of what it found, or NULL. */
typedef unsigned char *el_sought_in(const el_map *m, unsigned char *slot, const void *sought);

/* Applies sought_in to all entries that may have this hash. */
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
        unsigned char *slot = m->overflow.at + (size_t)i * el_overflow_stride(m, slot_bytes);
        if (slot[slot_bytes] == tag && (at = sought_in(m, slot, sought)) != NULL) return at;
    }
    return NULL;
}

#endif
