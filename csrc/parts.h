/* parts.h - an entry's key and value as Go's maps have them: each in a slot of its own, in place or behind a reference.
 *
 *     slot of a key or value of up to 128 bytes   | its bytes, with a gomap_string at each place of a string |
 *     slot of a longer one, or of a *T            | number of its record | 0 |
 *
 * A reference is a pointer in Go; here it is a record's number, in the first four of eight bytes. A string is 16 bytes,
 * address and length, and a block for its bytes. The blocks are the map's own, as if nobody else had the strings that
 * are in it. An empty string has none.
 *
 * What a new entry needs beside its slots is made first (gm_made), since that can fail. Where the slots are is the
 * engine's: it passes their addresses, and a function that goes through all of them (gm_each). Invariants: P1, P2
 * (csrc/README.md).
 */
#ifndef GM_PARTS_H
#define GM_PARTS_H

#include "kind.h"
#include "store.h"

enum {
    GM_REFERENCE = 8,
    GM_KEY_STRINGS = GOMAP_INLINE_MAX / GOMAP_STRING_SIZE, /* the most of a key */
};

typedef struct gm_parts {
    gm_store keys, values; /* records, for types that stand behind a reference */
    uint64_t string_bytes; /* of all strings */
    uint32_t key_slot;     /* bytes */
    uint32_t value_slot;
    uint8_t key_ref, value_ref;         /* the type's, at hand */
    uint8_t key_strings, value_strings; /* keys, values have strings */
} gm_parts;

/* What follows from the type. */
void gm_parts_describe(gm_parts *parts, const gomap_type *type);

GM_INLINE int gm_parts_have_strings(const gm_parts *parts) { return parts->key_strings | parts->value_strings; }
GM_INLINE int gm_parts_have_records(const gm_parts *parts) { return parts->key_ref | parts->value_ref; }

/* Bytes of a key's slot; a constant for most kinds. */
GM_INLINE size_t gm_key_slot(const gm_parts *parts, gm_kind kind)
{
    return kind.ref ? GM_REFERENCE : kind.bytes ? kind.bytes : parts->key_slot;
}

/* The key's bytes from its slot: the slot itself, or the record it refers to. */
GM_INLINE const unsigned char *gm_key_in(const gm_parts *parts, const unsigned char *slot, gm_kind kind)
{
    return kind.ref ? gm_store_at(&parts->keys, gm_load32(slot)) : slot;
}

GM_INLINE unsigned char *gm_value_in(const gm_parts *parts, unsigned char *slot)
{
    return parts->value_ref ? gm_store_at(&parts->values, gm_load32(slot)) : slot;
}

/* The hash of a key in the map; of a NaN any, as in Go, since none can be had again for it. */
GM_INLINE uint64_t gm_hash_in(const gm_map *map, const gm_parts *parts, const unsigned char *slot, uint64_t *random,
                              gm_kind kind)
{
    if (GM_UNLIKELY(gm_key_is_nan(slot, kind))) return gm_random(random);
    return gm_key_hash(map, gm_key_in(parts, slot, kind), kind);
}

/* ---- a new entry ------------------------------------------------------------------------------------------- */

typedef struct gm_made {
    uint32_t key, value; /* records; 0: none */
    gomap_string strings[GM_KEY_STRINGS];
} gm_made;

/* Records for a new entry; 0 when there is no memory, and then neither is taken. */
int gm_records_add(gm_map *map, gm_parts *parts, gm_made *made);
void gm_records_remove(gm_map *map, gm_parts *parts, uint32_t key, uint32_t value);

/* Copies of the strings of a key or value, which stands at `bytes` as it is passed, or in an entry of `from`. 0: there
 * is no memory, and no copy. */
int gm_copies_make(gm_map *map, gm_parts *parts, int part, gomap_string *copies, const unsigned char *bytes,
                   const gomap *from);
/* Releases copies that are in no entry. */
void gm_copies_drop(gm_map *map, gm_parts *parts, int part, const gomap_string *copies);
/* The bytes of a key or value into an entry, with these strings at their places. */
void gm_copies_place(const gm_map *map, int part, unsigned char *to, const unsigned char *bytes,
                     const gomap_string *copies);

GM_INLINE int gm_has_strings(gm_kind kind) { return kind.code == GM_STRINGS || kind.code == GM_STRING_STRUCTS; }

/* Makes what a new entry of this key needs beside its slots. 0: there is no memory, and nothing is made. */
GM_INLINE int gm_made_begin(gm_map *map, gm_parts *parts, gm_made *made, const void *key, gm_kind kind)
{
    made->key = made->value = 0;
    if (GM_UNLIKELY(gm_parts_have_records(parts)) && !gm_records_add(map, parts, made)) return 0;
    if (gm_has_strings(kind) && !gm_copies_make(map, parts, GOMAP_KEY, made->strings, key, NULL)) {
        gm_records_remove(map, parts, made->key, made->value);
        return 0;
    }
    return 1;
}

GM_INLINE void gm_made_undo(gm_map *map, gm_parts *parts, const gm_made *made, gm_kind kind)
{
    if (gm_has_strings(kind)) gm_copies_drop(map, parts, GOMAP_KEY, made->strings);
    gm_records_remove(map, parts, made->key, made->value);
}

/* The key into its slot, and the reference to a value into its one, which is zeros. */
GM_INLINE void gm_made_place(gm_map *map, gm_parts *parts, const gm_made *made, unsigned char *key_slot,
                             unsigned char *value_slot, const void *key, gm_kind kind)
{
    if (kind.ref) {
        memcpy(gm_store_at(&parts->keys, made->key), key, gm_key_bytes(map, kind));
        gm_store32(key_slot, made->key);
    } else if (gm_has_strings(kind)) {
        gm_copies_place(map, GOMAP_KEY, key_slot, key, made->strings);
    } else {
        memcpy(key_slot, key, gm_key_bytes(map, kind));
    }
    if (parts->value_ref) gm_store32(value_slot, made->value);
}

/* An engine's write (engine.h), once the map's parts are found. */
int gm_parts_write(gm_map *map, gm_parts *parts, void *room, const void *value, const gomap *from);

/* Room in the stores for so many entries; `before` is for gm_parts_unreserve, which takes it back. 0: there is no
 * memory, and nothing has changed. */
int gm_parts_reserve(gm_map *map, gm_parts *parts, size_t count, size_t before[GOMAP_PARTS]);
void gm_parts_unreserve(gm_map *map, gm_parts *parts, const size_t before[GOMAP_PARTS]);

/* ---- a copy of a map --------------------------------------------------------------------------------------- */

/* The records of another map; 0: there is no memory. */
int gm_parts_copy(gm_map *map, gm_parts *parts, const gm_parts *from);
/* An entry whose bytes were copied gets strings of its own; 0: there is no memory, and it has none. */
int gm_parts_own(gm_map *map, gm_parts *parts, unsigned char *key_slot, unsigned char *value_slot);

/* ---- an entry goes ----------------------------------------------------------------------------------------- */

/* Its strings and records. */
void gm_parts_release(gm_map *map, gm_parts *parts, unsigned char *key_slot, unsigned char *value_slot);

/* ---- all entries ------------------------------------------------------------------------------------------- */

typedef void gm_slot_visitor(void *context, unsigned char *key_slot, unsigned char *value_slot);
/* An engine's: calls the visitor for every entry of the map. */
typedef void gm_each(const gm_map *map, gm_slot_visitor *visit, void *context);

/* Go's collector gives the bytes of a deleted value back some time later. Here it is done when more records are free
 * than live, and enough of them to be worth a walk over the arrays, which have `bytes`: records beyond the live ones'
 * count then take the free numbers below it. */
void gm_parts_settle(gm_map *map, gm_parts *parts, size_t bytes, gm_each *each);

/* Releases the strings and records of all entries, which are about to be dropped. */
void gm_parts_clear(gm_map *map, gm_parts *parts, gm_each *each);

/* Bytes of the blocks of all strings. */
size_t gm_parts_walk_strings(const gm_map *map, const gm_parts *parts, gm_each *each);

/* ---- checks and plans -------------------------------------------------------------------------------------- */

/* Of the entries found so far: the sums of their records' numbers, and their strings' bytes. */
typedef struct gm_sums {
    uint64_t key_numbers, value_numbers, string_bytes;
} gm_sums;

/* One entry's records and strings; `where`, `index` and `slot` say which it is. */
int gm_parts_check_entry(const gm_map *map, const gm_parts *parts, unsigned char *key_slot, unsigned char *value_slot,
                         gm_sums *sums, const char *where, size_t index, unsigned slot, char *why, size_t size);
/* The stores as such. */
int gm_parts_check_stores(const gm_parts *parts, char *why, size_t size);
/* What was found against what is counted. */
int gm_parts_check_sums(const gm_parts *parts, const gm_sums *sums, char *why, size_t size);

/* Bytes granted for the records of so many entries. */
double gm_parts_planned(const gm_parts *parts, size_t count, int reserved);
/* For blocks of strings, each of its length. */
double gm_blocks_planned(const gomap_lengths strings[GOMAP_PARTS]);

#endif
