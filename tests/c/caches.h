/* caches.h - a cache and a reference beside it: by key number the version of the value, and when it expires.
 *
 * Every operation is done to both, and what the cache answers is checked. The reference does not know which entry goes:
 * it is told by the cache's callback, and then checks that an entry may go for this reason. So whatever the reference
 * has is in the cache, and nothing else is.
 */
#ifndef CACHES_H
#define CACHES_H

#include "maps.h"

#include "cache.h"

typedef struct cache_model {
    gomap_type type;
    gomap_cache *cache; /* NULL: there was no memory, or no room within the limit */
    gomap_cache_settings settings;
    size_t domain, count;
    uint32_t *version;          /* by key number; 0: absent */
    uint64_t *deadline, *until; /* ticks; UINT64_MAX: never. `until` is put off by each access */
    uint32_t last_version;
    uint64_t now;
    gomap_cache_counts counts;
    size_t gone[4]; /* entries, by reason */
    uint32_t
        *coming; /* by key number: the version that the put of many keys under way gives it; 0: none, or it has gone */
    uint64_t coming_deadline;
    int nobody_goes; /* the callback refuses */
} cache_model;

static inline int cache_is_expired(const cache_model *m, size_t number)
{
    return m->deadline[number] <= m->now || m->until[number] <= m->now;
}

/* The reference has it, and the cache must find it. */
static inline int cache_is_in(const cache_model *m, size_t number)
{
    return m->version[number] && !cache_is_expired(m, number);
}

/* Strings that stay while the callback makes others. */
static inline void cache_keep(const gomap_type *type, int part, unsigned char *bytes)
{
    static unsigned char room[GOMAP_PARTS][4][TEST_STRING_MOST];
    const gomap_places *strings = &type->strings[part];
    CHECK(strings->count <= COUNT_OF(room[part]));
    for (uint32_t i = 0; i < strings->count; i++) {
        gomap_string string;
        memcpy(&string, bytes + strings->at[i], sizeof string);
        if (string.length) string.at = memcpy(room[part][i], string.at, string.length);
        memcpy(bytes + strings->at[i], &string, sizeof string);
    }
}

/* A key to look for; or the one to put in, which is known among equal ones. */
static inline void cache_key(const cache_model *m, size_t number, int puts, unsigned char *key)
{
    if (puts) test_key(&m->type, number, key);
    else test_key_equal(&m->type, number, key);
    cache_keep(&m->type, GOMAP_KEY, key);
}

static inline int cache_told(void *owner, const void *key, const void *value, int reason)
{
    cache_model *m = owner;
    if (m->nobody_goes) return 0;
    size_t number = test_key_number(m->cache->map, key);
    CHECK(number < m->domain && reason >= GOMAP_EVICTED && reason <= GOMAP_REMOVED);
    if (m->coming[number] && test_value_is(m->cache->map, m->coming[number], value)) {
        CHECK(reason <= GOMAP_EXPIRED);
        CHECK_EQ(reason == GOMAP_EXPIRED, m->coming_deadline && m->coming_deadline <= m->now);
        m->coming[number] = 0;
        if (m->version[number] == 0) m->count++; /* nothing was counted yet */
    } else {
        CHECK(m->version[number] && test_value_is(m->cache->map, m->version[number], value));
        if (reason <= GOMAP_EXPIRED) CHECK_EQ(reason == GOMAP_EXPIRED, cache_is_expired(m, number));
    }
    m->counts.evictions += reason == GOMAP_EVICTED;
    m->counts.expirations += reason == GOMAP_EXPIRED;
    m->gone[reason]++;
    m->version[number] = 0;
    m->count--;
    return 1;
}

static inline void cache_check(const cache_model *m)
{
    char why[256] = "";
    const gomap_cache *c = m->cache;
    if (gomap_cache_check(c, why, sizeof why) != 0) {
        fprintf(stderr, "invariant broken: %s\n", why);
        exit(1);
    }
    CHECK_EQ(c->map->count, m->count);
    CHECK(memcmp(&c->counts, &m->counts, sizeof c->counts) == 0);
    if (m->settings.max_bytes) CHECK(gomap_cache_bytes(c) <= m->settings.max_bytes);
    if (m->settings.max_entries) CHECK(m->count <= m->settings.max_entries);
    CHECK(gomap_cache_bytes(c) <= test_live_bytes);
}

/* One key: it is where the reference says, with its value and its deadline. */
static inline void cache_look(const cache_model *m, size_t number)
{
    TEST_KEY(key);
    const gomap_cache *c = m->cache;
    cache_key(m, number, 0, key);
    size_t place = gomap_cache_find(c, key);
    CHECK_EQ(place != GOMAP_NOWHERE, m->version[number] != 0);
    if (place == GOMAP_NOWHERE) return;
    CHECK_EQ(test_key_number(c->map, gomap_cache_key(c, place)), number);
    CHECK(test_value_is(c->map, m->version[number], gomap_cache_value(c, place)));
    CHECK_EQ(gomap_cache_expired(c, place, m->now), cache_is_expired(m, number));
    if (cache_is_expired(m, number)) return;
    uint64_t earlier = m->deadline[number] < m->until[number] ? m->deadline[number] : m->until[number];
    CHECK_EQ(gomap_cache_deadline(c, place), earlier);
}

/* Every key, and every entry that `next` leads to. */
static inline void cache_verify(const cache_model *m)
{
    unsigned char *seen = test_alloc(m->domain, 1);
    size_t at = 0, place, in = 0;
    cache_check(m);
    for (size_t number = 0; number < m->domain; number++) {
        cache_look(m, number);
        in += cache_is_in(m, number) != 0;
    }
    while ((place = gomap_cache_next(m->cache, &at, m->now)) != GOMAP_NOWHERE) {
        size_t number = test_key_number(m->cache->map, gomap_cache_key(m->cache, place));
        CHECK(cache_is_in(m, number) && !seen[number]);
        seen[number] = 1;
        in--;
    }
    CHECK_EQ(in, 0);
    free(seen);
}

static inline cache_model *cache_new(const char *name, const gomap_cache_settings *settings, size_t domain,
                                     uint64_t seed)
{
    cache_model *m = test_alloc(1, sizeof *m);
    m->type = *test_type_made(test_type_named(name));
    gomap_cache_type(&m->type, settings->deadlines, settings->idle != 0);
    m->domain = test_domain(&m->type, domain);
    m->version = test_alloc(m->domain, sizeof *m->version);
    m->deadline = test_alloc(m->domain, sizeof *m->deadline);
    m->until = test_alloc(m->domain, sizeof *m->until);
    m->coming = test_alloc(m->domain, sizeof *m->coming);
    m->now = 1;
    m->settings = *settings;
    m->settings.leaving = cache_told;
    m->settings.owner = m;
    m->cache = gomap_cache_new(&m->type, &m->settings, seed);
    return m;
}

static inline void cache_free(cache_model *m)
{
    if (m->cache) {
        size_t others = test_live_bytes - gomap_cache_bytes(m->cache);
        gomap_cache_free(m->cache);
        CHECK_EQ(test_live_bytes, others);
    }
    free(m->version);
    free(m->deadline);
    free(m->until);
    free(m->coming);
    free(m);
}

/* ---- operations -------------------------------------------------------------------------------------- */

static inline void cache_used(cache_model *m, size_t number)
{
    if (m->settings.idle) m->until[number] = m->now + m->settings.idle;
}

/* The bytes of a value, with a gomap_string for each string, as gomap_put takes it. */
static inline void cache_value(const gomap_type *type, uint32_t version, unsigned char *bytes)
{
    const gomap_places *strings = &type->strings[GOMAP_VALUE];
    test_value_write(type, version, bytes);
    for (uint32_t i = 0; i < strings->count; i++) {
        gomap_string string = test_string(version + 5 * i);
        memcpy(bytes + strings->at[i], &string, sizeof string);
    }
}

/* Puts the next version, by turns with gomap_cache_assign where there are no strings. deadline: a tick, or 0 for none.
 * 1: added; 0: overwritten; -1: no room within the limit; -2: the armed allocation failed. */
static inline int cache_put(cache_model *m, size_t number, uint64_t deadline)
{
    TEST_KEY(key);
    unsigned char bytes[TEST_KEY_MAX];
    const size_t *gone = m->gone;
    size_t evicted = gone[GOMAP_EVICTED], before = m->count;
    uint32_t next = m->last_version + 1;
    int added = -1, was_in = cache_is_in(m, number), puts = test_has_value_strings(&m->type) || next % 3 == 0;
    int64_t pending = gomap_fail_pending();
    cache_key(m, number, !was_in || m->settings.max_bytes, key); /* only if the entry surely stays, an equal one */
    cache_value(&m->type, next, bytes);
    cache_keep(&m->type, GOMAP_VALUE, bytes);
    int fits = gomap_cache_fits(m->cache, key, bytes);
    unsigned char *value = puts ? gomap_cache_put(m->cache, key, bytes, m->now, deadline, &added)
                                : gomap_cache_assign(m->cache, key, m->now, deadline, &added);
    if (value == NULL && fits) {
        CHECK(gomap_fail_pending() < pending);
        return -2;
    }
    CHECK_EQ(value != NULL, fits);
    if (value == NULL) {
        CHECK_EQ(gone[GOMAP_EVICTED], evicted);
        return -1;
    }
    CHECK_EQ(added, m->version[number] == 0);
    CHECK(was_in || added);                                    /* one that has expired is as none */
    CHECK(!was_in || !added || gone[GOMAP_EVICTED] > evicted); /* pushed out while it was overwritten */
    if (!puts) {
        CHECK(test_value_is(m->cache->map, m->version[number], value));
        test_value_write(&m->type, next, value);
    }
    CHECK(test_value_is(m->cache->map, next, value));
    m->count += added;
    m->last_version = m->version[number] = next;
    m->deadline[number] = deadline && m->settings.deadlines ? deadline : UINT64_MAX;
    m->until[number] = UINT64_MAX;
    cache_used(m, number);
    /* Without a limit of bytes one goes for one that comes, and only then. */
    if (m->settings.max_bytes == 0) {
        size_t evictions = gone[GOMAP_EVICTED] - evicted;
        CHECK(evictions <= (size_t)(added && before >= m->settings.max_entries && m->settings.max_entries));
        if (m->settings.max_entries && added && before == m->settings.max_entries)
            CHECK(evictions + gone[GOMAP_EXPIRED] > 0);
    }
    return added;
}

static inline void cache_get(cache_model *m, size_t number)
{
    TEST_KEY(key);
    cache_key(m, number, 0, key);
    const void *value = gomap_cache_get(m->cache, key, m->now);
    if (cache_is_in(m, number)) {
        CHECK(value != NULL && test_value_is(m->cache->map, m->version[number], value));
        cache_used(m, number);
        m->counts.hits++;
    } else {
        CHECK(value == NULL && m->version[number] == 0);
        m->counts.misses++;
    }
}

/* As a caller does who looks by place. */
static inline void cache_get_by_place(cache_model *m, size_t number)
{
    TEST_KEY(key);
    gomap_cache *c = m->cache;
    cache_key(m, number, 0, key);
    size_t place = gomap_cache_find(c, key);
    CHECK_EQ(place != GOMAP_NOWHERE, m->version[number] != 0);
    int found = place != GOMAP_NOWHERE && !gomap_cache_expired(c, place, m->now);
    CHECK_EQ(found, cache_is_in(m, number));
    const void *value = gomap_cache_use(c, place, m->now);
    CHECK_EQ(value != NULL, found);
    m->counts.hits += (uint64_t)found;
    m->counts.misses += (uint64_t)!found;
    if (!found) return;
    cache_used(m, number);
    CHECK(value == gomap_cache_value(c, place) && test_value_is(c->map, m->version[number], value));
}

static inline void cache_remove(cache_model *m, size_t number, int reason)
{
    TEST_KEY(key);
    cache_key(m, number, 0, key);
    int held = m->version[number] != 0;
    size_t gone = m->gone[reason];
    if (number % 2) {
        CHECK_EQ(gomap_cache_erase(m->cache, key, reason), held);
    } else {
        size_t place = gomap_cache_find(m->cache, key);
        CHECK_EQ(place != GOMAP_NOWHERE, held);
        if (held) gomap_cache_remove(m->cache, place, reason);
    }
    CHECK_EQ(m->gone[reason], gone + (size_t)held);
    CHECK(m->version[number] == 0);
}

static inline void cache_set_deadline(cache_model *m, size_t number, uint64_t deadline)
{
    TEST_KEY(key);
    cache_key(m, number, 0, key);
    size_t place = gomap_cache_find(m->cache, key);
    if (!cache_is_in(m, number)) return;
    gomap_cache_set_deadline(m->cache, place, m->now, deadline);
    m->deadline[number] = deadline && m->settings.deadlines ? deadline : UINT64_MAX;
    cache_used(m, number);
}

/* ---- many keys ---- */

enum { CACHE_MANY = 40 };

/* Keys or values one behind another, as columns have them; their strings stay until cache_items_free. */
typedef struct cache_items {
    unsigned char *bytes;
    size_t stride, string_count;
    void *strings[4 * CACHE_MANY];
} cache_items;

static inline void cache_items_begin(const gomap_type *type, int part, cache_items *items)
{
    items->string_count = 0;
    items->stride = part == GOMAP_VALUE              ? type->value_size
                    : type->key_kind == GOMAP_STRING ? sizeof(gomap_string)
                                                     : type->key_size;
    items->bytes = test_alloc(CACHE_MANY, items->stride + 1);
}

static inline void cache_items_add(const gomap_type *type, int part, cache_items *items, size_t i,
                                   const unsigned char *bytes)
{
    unsigned char *to = memcpy(items->bytes + i * items->stride, bytes, items->stride);
    const gomap_places *strings = &type->strings[part];
    for (uint32_t k = 0; k < strings->count; k++) {
        gomap_string string;
        memcpy(&string, to + strings->at[k], sizeof string);
        if (string.length == 0) continue;
        string.at = items->strings[items->string_count++] =
            memcpy(test_alloc(string.length, 1), string.at, string.length);
        memcpy(to + strings->at[k], &string, sizeof string);
    }
}

static inline void cache_items_free(cache_items *items)
{
    while (items->string_count) free(items->strings[--items->string_count]);
    free(items->bytes);
}

static inline gomap_column cache_keys(const cache_model *m, cache_items *items, const size_t *numbers, size_t count)
{
    TEST_KEY(key);
    cache_items_begin(&m->type, GOMAP_KEY, items);
    for (size_t i = 0; i < count; i++) {
        cache_key(m, numbers[i], 0, key);
        cache_items_add(&m->type, GOMAP_KEY, items, i, key);
    }
    return gomap_column_own(items->bytes, items->stride, count);
}

/* Looks up many keys, some of which may come twice. */
static inline void cache_get_many(cache_model *m, const size_t *numbers, size_t count)
{
    cache_items items;
    gomap_cache_uses uses;
    gomap_getting getting;
    gomap_column keys = cache_keys(m, &items, numbers, count);
    unsigned char marks[CACHE_MANY] = {0};
    size_t size = m->type.value_size, hits = m->counts.hits;
    memset(&getting, 0, sizeof getting);
    getting.finder = &uses.finder;
    getting.size = size;
    getting.to = test_alloc(CACHE_MANY, size + 1);
    getting.marks = marks;
    gomap_cache_uses_begin(&uses, m->cache, m->now);
    CHECK_EQ(gomap_column_get(m->cache->map, &keys, &getting, 0, count), count);
    for (size_t i = 0; i < count; i++) {
        CHECK_EQ(marks[i] == 0, cache_is_in(m, numbers[i]));
        m->counts.hits += marks[i] == 0;
        m->counts.misses += marks[i];
        if (marks[i]) CHECK(m->version[numbers[i]] == 0); /* it had expired, and has gone */
        else CHECK(test_value_is(m->cache->map, m->version[numbers[i]], (unsigned char *)getting.to + i * size));
        if (marks[i] == 0) cache_used(m, numbers[i]);
    }
    CHECK_EQ(getting.lost, count - (m->counts.hits - hits));
    free(getting.to);
    cache_items_free(&items);
}

/* Puts next versions of keys, all different. Returns how many were put in: fewer where an entry does not fit. */
static inline size_t cache_put_many(cache_model *m, const size_t *numbers, size_t count, uint64_t deadline)
{
    unsigned char bytes[TEST_KEY_MAX];
    cache_items key_items, value_items;
    uint32_t first = m->last_version + 1;
    gomap_column keys = cache_keys(m, &key_items, numbers, count);
    cache_items_begin(&m->type, GOMAP_VALUE, &value_items);
    for (size_t i = 0; i < count; i++) {
        cache_value(&m->type, first + (uint32_t)i, bytes);
        cache_items_add(&m->type, GOMAP_VALUE, &value_items, i, bytes);
        m->coming[numbers[i]] = first + (uint32_t)i;
    }
    gomap_column values = gomap_column_own(value_items.bytes, value_items.stride, count);
    m->coming_deadline = m->settings.deadlines ? deadline : 0;
    size_t fit = gomap_cache_column_fits(m->cache, &keys, &values, 0, count);
    size_t done = gomap_cache_column_put(m->cache, &keys, &values, m->now, deadline, 0, count);
    CHECK_EQ(done, fit);
    CHECK_EQ(done < count, gomap_cache_refused(m->cache));
    m->last_version += (uint32_t)count;
    for (size_t i = 0; i < count; i++) {
        uint32_t version = m->coming[numbers[i]];
        m->coming[numbers[i]] = 0;
        if (version == 0 || i >= done) continue;
        m->count += m->version[numbers[i]] == 0;
        m->version[numbers[i]] = version;
        m->deadline[numbers[i]] = deadline && m->settings.deadlines ? deadline : UINT64_MAX;
        m->until[numbers[i]] = UINT64_MAX;
        cache_used(m, numbers[i]);
    }
    cache_items_free(&key_items);
    cache_items_free(&value_items);
    return done;
}

static inline int cache_evict(cache_model *m)
{
    gomap_cache_pass(m->cache, m->now);
    size_t count = m->count;
    int evicted = gomap_cache_evict(m->cache);
    CHECK_EQ(evicted, count != 0);
    CHECK_EQ(m->count, count - (size_t)evicted);
    return evicted;
}

static inline void cache_clear(cache_model *m)
{
    gomap_cache_clear(m->cache);
    memset(m->version, 0, m->domain * sizeof *m->version);
    m->count = 0;
}

static inline int cache_limit(cache_model *m, size_t max_bytes, size_t max_entries)
{
    gomap_cache_pass(m->cache, m->now);
    size_t count = m->count;
    if (!gomap_cache_limit(m->cache, max_bytes, max_entries)) {
        CHECK(max_bytes != 0 && m->count == count);
        return 0;
    }
    m->settings.max_bytes = max_bytes;
    m->settings.max_entries = max_entries;
    return 1;
}

/* At most so many. */
static inline size_t cache_expire(cache_model *m, size_t most)
{
    size_t passed = m->gone[GOMAP_EXPIRED], expired = 0;
    gomap_cache_pass(m->cache, m->now);
    passed = m->gone[GOMAP_EXPIRED];
    for (size_t number = 0; number < m->domain; number++)
        expired += m->version[number] != 0 && cache_is_expired(m, number);
    size_t done = gomap_cache_expire(m->cache, m->now, most);
    CHECK_EQ(done, expired < most ? expired : most);
    CHECK_EQ(m->gone[GOMAP_EXPIRED], passed + done);
    return done;
}

#endif
