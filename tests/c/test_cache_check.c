/* test_cache_check.c - that gomap_cache_check finds what is broken: every invariant of a cache is broken by hand, once
 * in each way, and must be the one that is reported. */
#include "caches.h"
#include "elastic/cache.h"

#include <math.h>

static void broken_by(cache_model *m, void *object, const void *wrong, size_t size, const char *invariant, int line)
{
    unsigned char right[64];
    char why[256] = "";
    CHECK(size <= sizeof right);
    cache_check(m);
    memcpy(right, object, size);
    CHECK(memcmp(right, wrong, size) != 0);
    memcpy(object, wrong, size);
    int result = gomap_cache_check(m->cache, why, sizeof why);
    memcpy(object, right, size);
    cache_check(m);
    if (result != -1 || strncmp(why, invariant, strlen(invariant)) != 0 || why[strlen(invariant)] != ':') {
        fprintf(stderr, "line %d: expected -1 and %s, got %d and \"%s\"\n", line, invariant, result, why);
        exit(1);
    }
}

#define BROKEN_BY(invariant, model, object, ...)                                                                       \
    do {                                                                                                               \
        __typeof__(object) wrong_ = (__VA_ARGS__);                                                                     \
        broken_by(model, &(object), &wrong_, sizeof wrong_, invariant, __LINE__);                                      \
    } while (0)

/* So many entries, some of which were used, and then as many evicted as make one of those old. */
static cache_model *filled(const char *type, const gomap_cache_settings *settings, size_t entries)
{
    cache_model *m = cache_new(type, settings, entries, 1);
    CHECK(m->cache != NULL);
    for (size_t number = 0; number < m->domain; number++) (void)cache_put(m, number, 0);
    for (size_t number = 0; number < m->domain; number += 3) cache_get(m, number);
    const el_cache *c = (const el_cache *)m->cache;
    while (c->young == m->count) CHECK_EQ(cache_evict(m), 1);
    cache_verify(m);
    return m;
}

static void limits(void)
{
    gomap_cache_settings settings = {.max_bytes = 20000, .max_entries = 700};
    cache_model *m = filled("map[int]int", &settings, 1000);
    el_cache *c = (el_cache *)m->cache;
    gomap_cache_settings *now = &c->public_part.settings;
    size_t bytes = gomap_cache_bytes(m->cache);
    CHECK(c->ghosts.bytes != 0);
    BROKEN_BY("C1", m, now->max_bytes, bytes - 1);
    BROKEN_BY("C1", m, now->max_bytes, bytes + 1); /* the map may have another part of it */
    BROKEN_BY("C1", m, now->max_bytes, 0);
    BROKEN_BY("C1", m, now->max_entries, m->count - 1);
    BROKEN_BY("C1", m, c->least, settings.max_bytes + 1);
    BROKEN_BY("C1", m, c->full_at, 0);
    BROKEN_BY("C1", m, c->full_at, settings.max_entries + 1);
    BROKEN_BY("M1", m, c->memory.total, c->memory.total - 1);
    BROKEN_BY("M1", m, c->memory.total, c->memory.total + 1);
    gm_region nothing = {NULL, 0, 0};
    BROKEN_BY("M1", m, c->ghosts, nothing);
    gm_purposes purposes = el_of(m->cache->map)->purposes;
    purposes.live[GOMAP_TAGS]++;
    char why[200];
    gm_purposes *counted = el_of(m->cache->map)->map.memory.purposes;
    CHECK(counted == &el_of(m->cache->map)->purposes);
    BROKEN_BY("M1", m, counted->live[GOMAP_TAGS], purposes.live[GOMAP_TAGS]);
    uint64_t limit = counted->limit;
    counted->limit = (limit + 1) & (SIZE_MAX >> 1);
    CHECK_EQ(gomap_cache_check(m->cache, why, sizeof why), -1);
    CHECK(strncmp(why, "C1:", 3) == 0);
    counted->limit = limit & (SIZE_MAX >> 1);
    cache_free(m);
}

/* An entry's place, which is young or not; in the overflow list or not. There may be none. */
static size_t place_with(const cache_model *m, int young, int overflow)
{
    const el_map *map = el_of(m->cache->map);
    size_t place = overflow ? (size_t)map->buckets * EL_SLOTS : 0;
    while (place < el_places(map) &&
           (*el_place_tag(map, place) == EL_EMPTY || (*el_aside_at(map, place) & EL_YOUNG) != (young ? EL_YOUNG : 0)))
        place++;
    return place < el_places(map) ? place : GOMAP_NOWHERE;
}

static void marks(const char *type, int overflow, const gomap_cache_settings *settings)
{
    test_alike = overflow ? SIZE_MAX : 3;
    cache_model *m = filled(type, settings, 100);
    el_cache *c = (el_cache *)m->cache;
    el_map *map = el_of(m->cache->map);
    CHECK_EQ(map->overflow_used != 0, overflow);
    CHECK(c->young != 0 && c->young != m->count);
    BROKEN_BY("C2", m, c->young, c->young + 1);
    BROKEN_BY("C2", m, c->young, c->young - 1);
    int found = 0;
    for (int young = 0; young < 2; young++) {
        size_t place = place_with(m, young, overflow);
        if (place == GOMAP_NOWHERE) continue;
        found++;
        unsigned char *mark = el_aside_at(map, place);
        BROKEN_BY("C2", m, *mark, (unsigned char)(*mark ^ EL_YOUNG));
        for (unsigned char bit = EL_ROUNDS + 1; bit < EL_YOUNG; bit = (unsigned char)(2 * bit))
            BROKEN_BY("C2", m, *mark, (unsigned char)(*mark | bit));
        if (!settings->idle) continue;
        static const unsigned char none[4];
        broken_by(m, mark + map->aside_bytes - sizeof none, none, sizeof none, "C3", __LINE__);
    }
    CHECK(found == 2 || overflow == found);
    BROKEN_BY("C4", m, c->share, 0.0);
    BROKEN_BY("C4", m, c->share, 1.0);
    BROKEN_BY("C4", m, c->share, -1.0);
    BROKEN_BY("C4", m, c->share, (double)NAN);
    gm_region aside = map->aside;
    aside.bytes = map->buckets * (unsigned)EL_SLOTS * map->aside_bytes - 1;
    BROKEN_BY("E1", m, map->aside, aside);
    cache_free(m);
    test_alike = 3;
}

static void empty(void)
{
    gomap_cache_settings settings = {.max_entries = 10};
    cache_model *m = cache_new("map[int]int", &settings, 10, 1);
    gm_region region = {test_alloc(1, 16), 16, 0};
    BROKEN_BY("E7", m, el_of(m->cache->map)->aside, region);
    BROKEN_BY("C2", m, ((el_cache *)m->cache)->young, 1);
    free(region.at);
    cache_free(m);
}

int main(void)
{
    static const gomap_cache_settings some[] = {
        {.max_entries = 90}, {.deadlines = 1}, {.idle = 100}, {.deadlines = 1, .idle = 100}};
    test_count_bytes();
    limits();
    for (size_t i = 0; i < COUNT_OF(some); i++) {
        marks("map[int]int", 0, &some[i]);
        marks("map[int][129]byte", 0, &some[i]);
        marks("map[string]string", 0, &some[i]);
        marks("map[any]int", 1, &some[i]);
    }
    empty();
    return 0;
}
