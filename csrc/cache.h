/* cache.h - a cache: an elastic map held to a limit. It says which entry goes, and when entries expire.
 *
 *     gomap_cache *c = gomap_cache_new(&type, &settings, random_seed);       // NULL: out of memory, or of the limit
 *     void *value = gomap_cache_assign(c, &key, now, deadline, &added);      // others go first; NULL: no room for it
 *     const void *found = gomap_cache_get(c, &key, now);                     // NULL: absent, or expired
 *     gomap_cache_free(c);
 *
 * The limit of bytes is the map's memory's (memory.h): what would pass it fails, then entries go until it does not. So
 * the bytes held are never more. The cache's own struct is counted.
 *
 * Which entry goes. Every slot has a mark (layout.h, "aside"), and two hands go round all slots, in the order of the
 * hash. New entries are young. A hand for the young gives an entry another round if it has one left, then makes it old
 * if it was read meanwhile, else evicts it. The hand for the old takes a round off an entry that has some, else evicts
 * it. The young hand moves while the young are more than their share of all entries.
 *
 *     mark of a young entry   | 1 | 0 0 0 0 0 | read | round |       of an old one   | 0 | 0 0 0 0 0 | rounds, 0 to 3 |
 *
 * The share adapts itself, from 1 to 99 hundredths. A ghost remembers that a key was evicted, in a byte that the
 * key's hash leads to: a digest of seven bits, and whether the entry was young. A new key that has a ghost is old at
 * once, with up to two rounds if the share is large. If young entries' ghosts come back more often, for each that was
 * evicted, than old ones', the share rises, else it falls. So one policy is near S3-FIFO (Yang et al., SOSP 2023) where
 * a few keys are popular for long, and near a clock, which is near LRU, where what is new is popular; the feedback is
 * ARC's (Megiddo and Modha, FAST 2003). docs/design.md has the hit ratios.
 *
 * When entries expire. Aside there is a deadline in ticks, and one more that each access puts off. Time is the
 * caller's: ticks, which do not go back (then no time passes). An expired entry is never found. Each operation sweeps
 * some slots on, as many as time has passed, so that all are passed four times within the shortest time to live in use.
 */
#ifndef GM_CACHE_H
#define GM_CACHE_H

#include "columns.h"

#ifdef __cplusplus
extern "C" {
#endif

/* No place. */
#define GOMAP_NOWHERE SIZE_MAX
/* Deadlines are at most so many ticks ahead. */
#define GOMAP_TICKS_MOST ((uint64_t)1 << 30)

/* Why an entry goes. */
enum { GOMAP_EVICTED, GOMAP_EXPIRED, GOMAP_REPLACED, GOMAP_REMOVED };

/* Bytes aside: the mark; deadlines, if there are any; deadlines that an access puts off. */
enum { GOMAP_ASIDE_MARK = 1, GOMAP_ASIDE_DEADLINE = 4, GOMAP_ASIDE_IDLE = 4 };

/* Called before an entry goes. It may not touch the cache. The key and the value are as they stand in an entry. Returns
 * 0 where the entry cannot go now, as there is no memory to tell of it; then it stays. */
typedef int (*gomap_leaving)(void *owner, const void *key, const void *value, int reason);

typedef struct gomap_cache_settings {
    size_t max_bytes;   /* 0: no limit */
    size_t max_entries; /* likewise */
    uint64_t pace;      /* the usual time to live, in ticks; 0: there is none */
    uint64_t idle;      /* ticks from the last access; 0: none */
    int deadlines;      /* entries may have some */
    gomap_leaving leaving;
    void *owner;
} gomap_cache_settings;

typedef struct gomap_cache_counts {
    uint64_t hits, misses, evictions, expirations;
} gomap_cache_counts;

/* To be read, never written, from outside. */
typedef struct gomap_cache {
    gomap *map;
    gomap_cache_settings settings;
    gomap_cache_counts counts;
} gomap_cache;

/* The type is the caller's, who keeps it as long as the cache: gomap_cache_type says what is aside. NULL: out of
 * memory, or the limit is less than the least. */
void gomap_cache_type(gomap_type *type, int deadlines, int idle);
/* The least limit of bytes: what one entry takes, all included but long strings. */
size_t gomap_cache_least(const gomap_type *type);
gomap_cache *gomap_cache_new(const gomap_type *type, const gomap_cache_settings *settings, uint64_t seed);
void gomap_cache_free(gomap_cache *cache);

/* Bytes held, the cache's own struct included. */
size_t gomap_cache_bytes(const gomap_cache *cache);
/* Other limits. Entries go until they are kept. 0: the bytes are less than the least, and nothing has changed; -1: an
 * entry could not go, and the limits are as they were. */
int gomap_cache_limit(gomap_cache *cache, size_t max_bytes, size_t max_entries);

/* The place of a key's entry, or GOMAP_NOWHERE; expired or not. It holds until the cache is written to. */
size_t gomap_cache_find(const gomap_cache *cache, const void *key);
const void *gomap_cache_key(const gomap_cache *cache, size_t place);
void *gomap_cache_value(const gomap_cache *cache, size_t place);
int gomap_cache_expired(const gomap_cache *cache, size_t place, uint64_t now);
/* The tick at which the entry expires, if nobody reads it; UINT64_MAX: never. */
uint64_t gomap_cache_deadline(const gomap_cache *cache, size_t place);
/* The tick at which it expires however often it is read; UINT64_MAX: never. */
uint64_t gomap_cache_last_deadline(const gomap_cache *cache, size_t place);
/* 0: never. Deadlines are settings.deadlines'. */
void gomap_cache_set_deadline(gomap_cache *cache, size_t place, uint64_t now, uint64_t deadline);
/* The entry was read. */
void gomap_cache_touch(gomap_cache *cache, size_t place, uint64_t now);
/* The entry goes; 0: it cannot. */
int gomap_cache_remove(gomap_cache *cache, size_t place, int reason);
/* The value of the entry at a place that find gave, GOMAP_NOWHERE too; NULL: there is none, or it has expired and goes.
 * Counts as an access, a hit or a miss. */
void *gomap_cache_use(gomap_cache *cache, size_t place, uint64_t now);
/* All counts from zero. */
void gomap_cache_count_again(gomap_cache *cache);

/* The same for a key. */
void *gomap_cache_get(gomap_cache *cache, const void *key, uint64_t now);
/* Whether an entry has room within the limit at all, once every other one has gone. Only strings make a difference; the
 * value may be NULL. */
int gomap_cache_fits(const gomap_cache *cache, const void *key, const void *value);
/* The address of the key's value, zeros if *added, for the caller to write to. Others go to make room. An entry that
 * has expired goes first. NULL: out of memory, or the entry does not fit, and gomap_cache_refused says so. Then an
 * entry that the key had is as it was; where it does not fit, so are all others. */
void *gomap_cache_assign(gomap_cache *cache, const void *key, uint64_t now, uint64_t deadline, int *added);
/* The same, and writes the value, as gomap_put does. */
void *gomap_cache_put(gomap_cache *cache, const void *key, const void *value, uint64_t now, uint64_t deadline,
                      int *added);
/* Whether the limit was the reason that the last of these two failed. */
int gomap_cache_refused(const gomap_cache *cache);
/* 1: the key was there, and its entry has gone. */
int gomap_cache_erase(gomap_cache *cache, const void *key, int reason);
/* Evicts one entry, which counts as expired if it had at the last look at the time; 0: there is none that can go. */
int gomap_cache_evict(gomap_cache *cache);
/* Every entry goes. Nobody is told. */
void gomap_cache_clear(gomap_cache *cache);

/* ---- many keys at a time (columns.h), none of which is an object ---- */

/* For gomap_column_get and gomap_column_texts, as their finder: each key that is looked up counts as gomap_cache_get
 * counts it. */
typedef struct gomap_cache_uses {
    gomap_finder finder;
    gomap_cache *cache;
    uint64_t now;
    size_t places[GOMAP_FOUND_MOST], count; /* of the keys that were looked up last */
} gomap_cache_uses;
void gomap_cache_uses_begin(gomap_cache_uses *uses, gomap_cache *cache, uint64_t now);

/* Every key with its value, as gomap_cache_put does one. Returns as the functions of columns.h do; gomap_cache_refused
 * says whether the next entry does not fit. */
size_t gomap_cache_column_put(gomap_cache *cache, gomap_column *keys, gomap_column *values, uint64_t now,
                              uint64_t deadline, size_t begin, size_t most);

/* How many entries fit, as gomap_cache_fits says of one, before the first that does not. Nothing changes. */
size_t gomap_cache_column_fits(const gomap_cache *cache, gomap_column *keys, gomap_column *values, size_t begin,
                               size_t most);

/* ---- time ---- */

/* Some slots are swept, in proportion to the time that has passed. Every operation does this first. */
void gomap_cache_pass(gomap_cache *cache, uint64_t now);
/* Sweeps until so many entries have expired, or all slots were passed. Returns how many have. */
size_t gomap_cache_expire(gomap_cache *cache, uint64_t now, size_t most);

/* The next entry that has not expired, from *place on, which begins at 0. The place behind it is left in *place.
 * Returns its place, or GOMAP_NOWHERE at the end. */
size_t gomap_cache_next(const gomap_cache *cache, size_t *place, uint64_t now);

/* 0 when every invariant holds, those of the map and C1 to C4 (csrc/README.md), else -1 and the first broken one. */
int gomap_cache_check(const gomap_cache *cache, char *why, size_t size);

#ifdef __cplusplus
}
#endif
#endif
