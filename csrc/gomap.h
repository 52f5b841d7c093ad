/* gomap.h - the public C interface: maps with typed keys and values in raw memory.
 *
 * One set of operations over more than one engine. An engine is an algorithm: GOMAP_ELASTIC, whose memory follows its
 * entries up and down; GOMAP_GO, the classic map of Go's runtime; or GOMAP_SWISS, the map that Go has had since 1.24. A
 * gomap_type says what the bytes of a key and a value are. Keys and values go in and out as addresses of their bytes,
 * in the machine's byte order.
 *
 *     gomap_type type;
 *     gomap_type_init(&type, GOMAP_BITS64, 8, 128, 0);             // map[int][128]byte
 *     gomap *m = gomap_new(GOMAP_ELASTIC, &type, 0, random_seed);  // NULL: out of memory
 *     void *value = gomap_assign(m, &key, &added);                 // NULL: nothing has changed
 *     if (value) memcpy(value, bytes, 128);
 *     const void *found = gomap_find(m, &key);                     // NULL: absent
 *     gomap_free(m);
 *
 * Addresses returned by find, assign, next and any hold until the map is written to.
 * A map may be read from several threads, or written by one; it does not lock.
 */
#ifndef GOMAP_H
#define GOMAP_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if SIZE_MAX < UINT64_MAX
#error "gomap needs a 64-bit target: size_t has fewer than 64 bits here (docs/design.md says why)"
#endif

#ifdef __cplusplus
extern "C" {
#endif

/* ---- types --------------------------------------------------------------------------------- */

/* How a key's bytes hash and compare. Values are never compared: for them the size is enough, and where strings
 * stand in them. */
enum {
    GOMAP_BITS8, /* integers, bool: one, two, four or eight bytes that are equal or not */
    GOMAP_BITS16,
    GOMAP_BITS32,
    GOMAP_BITS64,
    GOMAP_FLOAT32, /* -0.0 equals 0.0, NaN equals nothing */
    GOMAP_FLOAT64,
    GOMAP_BYTES,  /* a fixed number of bytes */
    GOMAP_STRING, /* bytes of variable length, which the map keeps: a gomap_string goes in */
    GOMAP_OBJECT, /* something of the caller's: a gomap_object goes in, its first 16 bytes are kept */
    GOMAP_STRUCT, /* a fixed number of bytes, strings among them; gomap_type_strings makes it */
    GOMAP_KEY_KINDS
};

/* A longer key or value stands behind a reference. Go's maxKeySize and maxElemSize. */
#define GOMAP_INLINE_MAX 128u

/* An entry's parts. */
enum { GOMAP_KEY, GOMAP_VALUE, GOMAP_PARTS };

/* Where strings stand in the bytes of a key or a value: their offsets, in ascending order. Each takes
 * GOMAP_STRING_SIZE bytes, goes in as a gomap_string, and is read by gomap_string_at. */
typedef struct gomap_places {
    const uint32_t *at;
    uint32_t count;
} gomap_places;

typedef struct gomap_type {
    uint32_t key_size, value_size; /* bytes, as the caller sees them */
    uint8_t key_kind;
    uint8_t key_ref, value_ref; /* stored in a record, the bucket holding its number */
    uint8_t aside;              /* bytes beside each entry, for a cache (cache.h); else 0 */
    uint8_t value_pointer;      /* the value is spelled *T */
    uint8_t align[2];           /* of keys and of values as fields of a struct: what pads Go's slots */
    gomap_places strings[GOMAP_PARTS];
} gomap_type;

enum {
    GOMAP_POINTER = 1,      /* the value is spelled *T, and stands behind a reference whatever its size */
    GOMAP_STRING_VALUE = 2, /* the value is a string, of GOMAP_STRING_SIZE */
};

/* What a string or an object takes in an entry. */
#define GOMAP_STRING_SIZE 16u
#define GOMAP_OBJECT_SIZE 16u

/* The most strings of one value. A key with strings takes at most GOMAP_INLINE_MAX bytes. So what is needed for the
 * strings of one key or value has room on the stack. */
#define GOMAP_STRINGS_MOST 255u

/* GOMAP_BYTES of 1, 2, 4 or 8 bytes becomes GOMAP_BITS: it compares the same bytes, and is faster. */
void gomap_type_init(gomap_type *type, int key_kind, uint32_t key_size, uint32_t value_size, int value_flags);

/* Says how a key or a value is aligned: 1, 2, 4 or 8. Else bytes are aligned to 1, other keys to their size or 8, and
 * values to the largest power of two up to 8 that divides their size. */
void gomap_type_align(gomap_type *type, int part, unsigned alignment);

/* Says where strings stand in a key of GOMAP_BYTES or in a value, which is a struct. The offsets are the caller's, who
 * keeps them as long as the type. */
void gomap_type_strings(gomap_type *type, int part, const uint32_t *at, uint32_t count);

/* A string as it goes in and out. It may hold any bytes; at is not read where length is 0. */
typedef struct gomap_string {
    const void *at;
    size_t length;
} gomap_string;

/* A key that only the caller can compare. `same` says whether another key, of an equal hash, is equal; it
 * must not touch the map. NULL: only the same object is. */
typedef struct gomap_object {
    uint64_t hash;
    uint64_t object; /* stored with the hash. The core never reads this address, but prefetches it */
    int (*same)(const struct gomap_object *key, uint64_t object);
} gomap_object;

/* ---- reports ------------------------------------------------------------------------------- */

/* What a map's memory is for. */
enum {
    GOMAP_HEADER,      /* the map's own struct */
    GOMAP_BUCKETS,     /* the bucket array */
    GOMAP_OLD_BUCKETS, /* the bucket array being evacuated */
    GOMAP_TAGS,        /* tags in a region of their own; in a cache also its marks */
    GOMAP_OVERFLOW,    /* overflow buckets allocated one by one; entries that found no bucket */
    GOMAP_RECORDS,     /* keys and values behind a reference */
    GOMAP_STRINGS,     /* strings that are not inline */
    GOMAP_DIRECTORY,   /* what leads to bucket arrays, where a map has many */
    GOMAP_PURPOSES
};

/* Bytes as the allocator gave them (its rounding and its own header included). An engine that keeps no
 * peaks by purpose says what is live instead. */
typedef struct gomap_memory {
    size_t live[GOMAP_PURPOSES], peak[GOMAP_PURPOSES];
    size_t total, total_peak;
} gomap_memory;

#define GOMAP_CHAIN_LENGTHS 16

typedef struct gomap_stats {
    size_t buckets;          /* that hashes lead to */
    size_t array_buckets;    /* in the array: in Go's with the preallocated overflow buckets at its tail */
    size_t array_bytes;      /* asked for, for that array */
    size_t bucket_bytes;     /* one bucket */
    size_t overflow_buckets; /* linked into chains, those of Go's old array included; entries of the overflow list */
    size_t grow_at;          /* the count beyond which an insertion starts to grow */
    /* Go's engine's */
    size_t overflow_heap; /* of the overflow buckets, allocated one by one */
    size_t old_buckets;   /* in the old array, while growing; else 0 */
    size_t evacuated;     /* of those, moved out already */
    size_t growths;       /* since the map was made, same-size growths included */
    size_t same_size_growths;
    size_t chain_lengths[GOMAP_CHAIN_LENGTHS]; /* [i]: chains of i + 1 buckets; last: that or more */
    uint32_t noverflow;                        /* Go's approximate count: what same-size growth looks at */
    uint8_t B;                                 /* log2 of buckets */
    uint8_t growing, same_size;
    /* the elastic engine's */
    size_t splits, merges, displaced; /* the Swiss engine's tables split, too */
    /* the Swiss engine's */
    size_t tables, directory; /* tables; places of the directory. Both 0: a map of one group, or of none */
    size_t directory_bytes;   /* asked for */
    size_t tombstones;
} gomap_stats;

/* ---- maps ---------------------------------------------------------------------------------- */

typedef struct gomap gomap;

/* The most frequent operations: an engine's functions for one kind of key. The functions of the same names below
 * call them. */
typedef struct gomap_engine {
    void *(*find)(const gomap *, const void *key);
    void *(*at)(const gomap *, const void *key);
    void *(*assign)(gomap *, const void *key, int *added);
    int (*erase)(gomap *, const void *key);
    void (*string)(const gomap *, int part, const void *at, gomap_string *);
} gomap_engine;

/* Whether threads run in parallel, and one may write beside others that read (beside.h). */
#if !defined(GOMAP_THREADS)
#define GOMAP_THREADS 0
#endif

/* What every engine's map begins with; to be read, never written, from outside. */
struct gomap {
    const gomap_engine *engine;
    const gomap_type *type; /* the caller's, which keeps it alive as long as the map */
#if GOMAP_THREADS
    char before[64]; /* the count is written most often, and shares no cache line with what is read */
#endif
    size_t count;
#if GOMAP_THREADS
    char after[64];
#endif
};

/* Move it freely; do not copy it. */
typedef struct gomap_iter {
    gomap *map; /* NULL once it has ended */
    uint32_t epoch;
    size_t left;       /* at most so many entries are to come */
    uint64_t place[6]; /* the engine's own */
} gomap_iter;

enum { GOMAP_GO, GOMAP_ELASTIC, GOMAP_SWISS, GOMAP_ENGINES };

/* What tells the maps of an engine apart for a caller, beside their memory. */
typedef struct gomap_about {
    const char *name;
    int distinct_nans; /* every NaN stored is an entry of its own, which no look-up finds */
    int keeps_room;    /* erasing and clearing give no buckets back */
} gomap_about;
const gomap_about *gomap_about_engine(int engine);

/* hint: the number of entries to have room for; one that cannot be had is ignored, as in Go.
 * NULL when there is no memory for the header. */
gomap *gomap_new(int engine, const gomap_type *type, size_t hint, uint64_t seed);
void gomap_free(gomap *map);

/* A copy with room for the entries there are. NULL: out of memory, or it is of a damaged snapshot (snapshot.h), for
 * which gomap_load gives the reason. */
gomap *gomap_clone(const gomap *map, uint64_t seed);

/* Puts every entry of source into map, which is another map of the same types. -1: out of memory; some entries have
 * been put. */
int gomap_merge(gomap *map, const gomap *source);

/* The value's address, or NULL when the key is absent. Never writes. */
static inline void *gomap_find(const gomap *map, const void *key) { return map->engine->find(map, key); }

/* The same for a key that is most likely there: reads ahead what find reads when a key is found. */
static inline void *gomap_at(const gomap *map, const void *key) { return map->engine->at(map, key); }

/* The address of the key's value, for the caller to write to. A key that was absent gets a value of
 * zeros and *added = 1. NULL: out of memory, and every entry is as it was. */
static inline void *gomap_assign(gomap *map, const void *key, int *added)
{
    return map->engine->assign(map, key, added);
}

/* The same, and writes the value: its bytes, with a gomap_string where a string stands. NULL: out of memory, and every
 * entry is as it was. This is the only way to write a value with strings; the strings of a new value that is not
 * written are empty. */
void *gomap_put(gomap *map, const void *key, const void *value, int *added);

/* The string at an address that find, next or any gave, or at a string's place behind it. */
static inline gomap_string gomap_string_at(const gomap *map, int part, const void *at)
{
    gomap_string string;
    map->engine->string(map, part, at, &string);
    return string;
}

/* Room for a key whose stored form differs from the form in which it is passed. */
typedef union gomap_key {
    gomap_string string;
    gomap_object object;
    unsigned char bytes[GOMAP_INLINE_MAX]; /* of a struct with strings */
} gomap_key;

/* The total length of all strings in bytes, inline strings included: what they take without a map. */
uint64_t gomap_string_bytes(const gomap *map);

/* Converts a key that next or any returned to the form in which it is passed again. An object key then equals only
 * the same object. */
static inline const void *gomap_key_again(const gomap *map, const void *at, gomap_key *room)
{
    if (map->type->key_kind == GOMAP_STRING) {
        room->string = gomap_string_at(map, GOMAP_KEY, at);
        return room;
    }
    if (map->type->key_kind == GOMAP_OBJECT) {
        memcpy(&room->object, at, GOMAP_OBJECT_SIZE);
        room->object.same = NULL;
        return room;
    }
    if (map->type->key_kind == GOMAP_STRUCT) {
        const gomap_places *strings = &map->type->strings[GOMAP_KEY];
        memcpy(room->bytes, at, map->type->key_size);
        for (uint32_t i = 0; i < strings->count; i++) {
            gomap_string string = gomap_string_at(map, GOMAP_KEY, (const unsigned char *)at + strings->at[i]);
            memcpy(room->bytes + strings->at[i], &string, sizeof string);
        }
        return room;
    }
    return at;
}

/* 1 when the key was there. Never fails. */
static inline int gomap_erase(gomap *map, const void *key) { return map->engine->erase(map, key); }

/* Some entry: 0 when there is none. gomap_erase_any erases the one just returned. */
int gomap_any(gomap *map, const void **key, const void **value);
void gomap_erase_any(gomap *map);

/* Room for count entries in all. -1: out of memory, nothing has changed. Ends iterations. */
int gomap_reserve(gomap *map, size_t count);
void gomap_clear(gomap *map);

/* Moves all entries to a new map, which the caller iterates and frees; this map is left empty. For a caller that has
 * work to do for every entry and must not be seen half done. NULL: out of memory, nothing has changed. */
gomap *gomap_detach(gomap *map, uint64_t seed);

/* The map takes the entries of another one of the same types and engine, which is freed with those that the map had.
 * Iterations end. */
void gomap_become(gomap *map, gomap *other);

/* Gives back what room there is beyond the entries. 0 for an engine that cannot. Ends iterations. */
int gomap_compact(gomap *map);

/* ---- many keys at a time ----
 * Keys stand one behind another: numbers and bytes as they are, strings as gomap_strings. Many cache misses are under
 * way at a time instead of one or two. Object keys are not supported, and the functions that put do not support
 * values with strings. Nobody may write to the keys during a call; for arrays that are not the caller's own, use
 * columns.h. */

/* A callback that writes a value into the room of its key, where a plain copy is not enough. Returning 0 ends the
 * call. */
typedef struct gomap_writer {
    int (*write)(struct gomap_writer *, void *room, void *value, int added);
} gomap_writer;

/* found[i] becomes the address of key i's value, or NULL. Returns how many keys were found. */
size_t gomap_find_many(const gomap *map, const void *keys, size_t count, void **found);

/* Every key with its value, which stand value_stride bytes apart; 0: one for all. Returns how many keys are in: fewer
 * than count when memory has run out. */
size_t gomap_put_many(gomap *map, const void *keys, size_t count, const void *values, size_t value_stride);

/* The same, but a writer writes each value. It may also write to the caller's values. */
size_t gomap_write_many(gomap *map, const void *keys, size_t count, void *values, size_t value_stride,
                        gomap_writer *writer);

/* For eight-byte values: a key that is new gets the number of entries before it, and codes[i] becomes key i's
 * value. Returns as put_many does, or how many there were before a key whose value is no code: it is not below the
 * number of entries. */
size_t gomap_code_many(gomap *map, const void *keys, size_t count, int64_t *codes);

/* Returns how many keys were there; one that comes twice counts once. */
size_t gomap_erase_many(gomap *map, const void *keys, size_t count);

/* Call these around several calls that erase: the map gives memory back once, at the end. In between it behaves as
 * while an iterator is alive. */
void gomap_erase_begin(gomap_iter *held, gomap *map);
void gomap_erase_end(gomap_iter *held);

/* gomap_fill_begin lays out an empty map without iterators for count distinct keys, at full load. The keys are put
 * next. A wrong count costs only time. Call gomap_fill_end afterwards, whatever was put. */
int gomap_fills(const gomap *map);
void gomap_fill_begin(gomap *map, size_t count);
void gomap_fill_end(gomap *map);

/* Iteration yields every entry that stays from begin to end once, in no order. Erasing and
 * overwriting are allowed meanwhile; after an insertion next returns -1.
 * begin and end count the iterators alive, so every begin needs its end. */
void gomap_iter_begin(gomap_iter *iter, gomap *map);
int gomap_iter_next(gomap_iter *iter, const void **key, const void **value); /* 1, 0 at the end, -1 */
void gomap_iter_end(gomap_iter *iter);
/* Whether an insertion has ended it: next would return -1. */
int gomap_iter_is_over(const gomap_iter *iter);

/* Begins another iteration in the order of one that has begun and whose next has not been called yet. */
void gomap_iter_again(gomap_iter *again, const gomap_iter *begun);

/* All other iterators alive end; nothing that deletions put off is done yet. */
void gomap_iter_alone(gomap_iter *iter);

/* All iterators alive end, as an insertion ends them. */
void gomap_end_iterators(gomap *map);

/* The next of a sequence of random words, for seeds: a map each. */
uint64_t gomap_random(uint64_t *state);

/* ---- knowing what a map is ----------------------------------------------------------------- */

void gomap_memory_of(const gomap *map, gomap_memory *memory); /* the running counters */
void gomap_peak_reset(gomap *map);                            /* peak = what is live now */
size_t gomap_total(const gomap *map);
void gomap_walk(const gomap *map, size_t live[GOMAP_PURPOSES]); /* the same, found by walking */
/* What a heap block of so many bytes takes, by the rule of the C library: musl's where it is that, else glibc's. */
size_t gomap_heap_bytes(size_t size);
void gomap_stats_of(const gomap *map, gomap_stats *stats);

/* 0 when every invariant holds (csrc/README.md lists them), else -1 and the first broken one in
 * words. Takes time in proportion to the map. */
int gomap_check(const gomap *map, char *why, size_t size);

/* ---- what a map would hold, without making it --------------------------------------------- */

/* How its entries come to be there. */
enum {
    GOMAP_GROWN,     /* they are put in one by one, and none is erased */
    GOMAP_RESERVED,  /* the same, after gomap_reserve for as many */
    GOMAP_COMPACTED, /* gomap_compact follows */
};

/* For keys or values with strings: how many strings have this length. */
typedef struct gomap_length {
    size_t length, strings;
} gomap_length;
typedef struct gomap_lengths {
    const gomap_length *at;
    size_t count; /* of gomap_lengths there; 0: all strings are short enough to take no memory beside their entries */
} gomap_lengths;

typedef struct gomap_planned {
    double live[GOMAP_PURPOSES]; /* bytes by purpose; means where chance decides */
    double total;
    double peak; /* the most at one time while it grew. Elastic: the total, as regions grow in place; the moment when
                              * one is first mapped, at 128 KiB, is left out */
    size_t buckets;
    uint8_t B;               /* Go's: log2 of buckets; Swiss: of the directory's places */
    double overflow_buckets; /* Go's: linked into chains */
    size_t most;             /* the most entries that a map of the type can have */
} gomap_planned;

/* Plans a map of count entries. The allocator may grant a block a few bytes more than planned. -1: the engine cannot
 * hold so many entries, or not in this way; planned->most is set in any case. */
int gomap_plan(int engine, const gomap_type *type, size_t count, int how, const gomap_lengths strings[GOMAP_PARTS],
               gomap_planned *planned);

/* ---- the allocator's hooks ----------------------------------------------------------------- */

/* Called after a block has come and before it goes. NULL for none. Process-wide. */
typedef struct gomap_hooks {
    void (*allocated)(void *block, size_t bytes);
    void (*released)(void *block, size_t bytes);
} gomap_hooks;
void gomap_set_hooks(const gomap_hooks *hooks);

/* For tests: let n allocations succeed and fail the next one (count = 1) or more. n < 0: off.
 * gomap_fail_pending says whether a failure is still to come. */
void gomap_fail_after(int64_t n, int64_t count);
int64_t gomap_fail_pending(void);

#ifdef __cplusplus
}
#endif
#endif
