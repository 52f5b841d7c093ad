/* test_go_check.c - that gomap_check finds what is broken: every invariant of Go's engine is broken by
 * hand, once in each way, and must be the one that is reported. */
#include "broken.h"
#include "model.h"

#include "go/layout.h"

/* A bucket alone in its chain, with this many entries or more and two slots or more behind them. */
static unsigned char *bucket_with(const go_map *m, int least)
{
    for (size_t i = 0; i <= m->mask; i++) {
        unsigned char *bucket = go_bucket(m, &m->now, i);
        int entries = 0;
        for (int slot = 0; slot < GO_SLOTS; slot++) entries += bucket[slot] >= GO_MIN_TOPHASH;
        if (entries >= least && entries < GO_SLOTS - 1 && go_overflow(m, bucket) == NULL) return bucket;
    }
    CHECK(!m); /* there is no such bucket */
    return NULL;
}

/* The head of a chain of two, the second from the array's tail. */
static unsigned char *chained_bucket(const go_map *m)
{
    for (size_t i = 0; i <= m->mask; i++) {
        unsigned char *head = go_bucket(m, &m->now, i), *next = go_overflow(m, head);
        if (next && !go_is_heap(&m->now, next) && go_overflow(m, next) == NULL) return head;
    }
    CHECK(!m); /* there is no such chain */
    return NULL;
}

static uint64_t key_hash(const go_map *m, uint64_t key) { return gm_hash_word(key, m->map.seed); }

static void settled_map(void)
{
    model *model = model_new(&test_engines[0], test_type_named("map[int]int"), 1600, 0, 1);
    for (size_t i = 0; i < model->domain; i++) CHECK_EQ(model_assign(model, i), 1);
    gomap *map = model->map;
    go_map *m = go_of(map);
    CHECK(m->old.at == NULL && m->B == 8);

    BROKEN_BY("G1", map, m->B, (unsigned char)(m->B + 1));
    BROKEN_BY("G1", map, m->grow_at, m->grow_at + 1);
    BROKEN_BY("G1", map, m->now.buckets, m->now.buckets - 1);
    BROKEN_BY("G1", map, m->now.next_overflow, m->mask);
    BROKEN_BY("G1", map, map->count, m->grow_at + 1);
    BROKEN_BY("G7", map, map->count, map->count - 1);
    BROKEN_BY("G5", map, m->now.overflow, m->now.overflow + 1);
    BROKEN_BY("G5", map, m->now.overflow, m->now.overflow - 1);
    BROKEN_BY("G5", map, m->now.overflow_heap, m->now.overflow_heap + 1);

    unsigned char *bucket = bucket_with(m, 3);
    unsigned empty = gm_match_index(gm_match8(bucket, GO_EMPTY_REST));
    BROKEN_BY("G2", map, bucket[0], (unsigned char)(bucket[0] ^ 0x80));
    BROKEN_BY("G2", map, bucket[GO_KEYS], (unsigned char)~bucket[GO_KEYS]);
    BROKEN_BY("G6", map, bucket[0], GO_EMPTY_REST);
    memset(go_value_slot(m, bucket, 0), 0, 8); /* a value as good as any */
    BROKEN_BY("G3", map, bucket[0], GO_EMPTY_REST);
    BROKEN_BY("G3", map, bucket[empty], GO_EMPTY_ONE);
    BROKEN_BY("G3", map, bucket[GO_SLOTS - 1], GO_EMPTY_ONE);
    /* A key with that tophash that belongs to another bucket. */
    uint64_t stray = 0, hash;
    do hash = key_hash(m, ++stray);
    while (go_tophash(hash) != bucket[0] || go_bucket(m, &m->now, hash & m->mask) == bucket);
    broken_by(map, bucket + GO_KEYS, &stray, sizeof stray, "G2", __LINE__);
    for (unsigned char mark = GO_EVACUATED_X; mark <= GO_EVACUATED_EMPTY; mark++) BROKEN_BY("G3", map, bucket[1], mark);
    unsigned char *empty_value = go_value_slot(m, bucket, GO_SLOTS - 1);
    BROKEN_BY("G6", map, empty_value[7], 1);
    /* An entry twice: the second is one that no look-up leads to. */
    unsigned char twice[2 * GO_SLOTS + 8];
    memcpy(twice, bucket, sizeof twice);
    twice[1] = twice[0];
    memcpy(twice + GO_KEYS + 8, twice + GO_KEYS, 8);
    broken_by(map, bucket, twice, sizeof twice, "G2", __LINE__);

    unsigned char *head = chained_bucket(m), **link = (unsigned char **)(void *)(head + m->overflow_at);
    BROKEN_BY("G5", map, *link, head);
    BROKEN_BY("G5", map, *link, *link + 8);
    BROKEN_BY("G5", map, *link, go_bucket(m, &m->now, m->now.next_overflow));
    /* The chain cut: its entries are missing, and so is the bucket. */
    BROKEN_BY("G5", map, *link, NULL);

    BROKEN_BY("M1", map, m->purposes.live[GOMAP_BUCKETS], m->purposes.live[GOMAP_BUCKETS] + 1);
    BROKEN_BY("M1", map, m->map.memory.total, m->map.memory.total - 1);
    BROKEN_BY("M1", map, m->map.memory.peak, m->map.memory.total - 1);
    model_free(model);
}

static void growing_map(void)
{
    model *model = model_new(&test_engines[0], test_type_named("map[int]int"), 1700, 0, 1);
    for (size_t i = 0; i < 1700; i++) CHECK_EQ(model_assign(model, i), 1);
    gomap *map = model->map;
    go_map *m = go_of(map);
    CHECK(m->old.at != NULL && m->evacuated < m->old_mask);

    BROKEN_BY("G4", map, m->old_mask, m->mask);
    BROKEN_BY("G4", map, m->same_size, 1);
    BROKEN_BY("G4", map, m->evacuated, m->old_mask + 1);
    size_t waiting = m->evacuated;
    while (go_is_evacuated(go_bucket(m, &m->old, waiting))) waiting++;
    unsigned char *frozen = go_bucket(m, &m->now, waiting);
    BROKEN_BY("G4", map, frozen[0], 200);
    unsigned char *old = go_bucket(m, &m->old, waiting);
    BROKEN_BY("G2", map, old[0], (unsigned char)(old[0] ^ 0x80));
    BROKEN_BY("G5", map, m->old.overflow, m->old.overflow + 1);
    BROKEN_BY("G5", map, m->now.next_overflow, m->now.next_overflow + 1);
    model_free(model);
}

static void map_with_records(void)
{
    model *model = model_new(&test_engines[0], test_type_named("map[[129]byte][129]byte"), 100, 0, 1);
    for (size_t i = 0; i < 50; i++) CHECK_EQ(model_assign(model, i), 1);
    for (size_t i = 0; i < 50; i += 5) model_erase(model, i);
    gomap *map = model->map;
    go_map *m = go_of(map);
    gm_store *stores[] = {&m->parts.keys, &m->parts.values};
    for (int s = 0; s < 2; s++) {
        gm_store *store = stores[s];
        BROKEN_BY("S2", map, store->used, store->capacity + 1);
        BROKEN_BY("S2", map, store->used, store->used - 1);
        BROKEN_BY("S2", map, store->free, store->used + 1);
        BROKEN_BY("S2", map, store->free, 0);
        BROKEN_BY("S2", map, store->live, store->live + 1);
        uint32_t *next = (uint32_t *)(void *)gm_store_at(store, store->free);
        BROKEN_BY("S2", map, *next, store->free);
    }
    BROKEN_BY("G7", map, map->count, map->count + 1);
    BROKEN_BY("M1", map, m->purposes.live[GOMAP_RECORDS], 0);

    unsigned char *bucket = bucket_with(m, 1);
    unsigned slot = 0;
    while (bucket[slot] < GO_MIN_TOPHASH) slot++;
    uint32_t *key = (uint32_t *)(void *)(bucket + GO_KEYS + slot * m->parts.key_slot);
    uint32_t *value = (uint32_t *)(void *)go_value_slot(m, bucket, slot);
    BROKEN_BY("P1", map, *key, 0);
    BROKEN_BY("P1", map, *key, m->parts.keys.used + 1);
    BROKEN_BY("P1", map, *value, 0);
    BROKEN_BY("P1", map, *value, m->parts.values.free);
    BROKEN_BY("P1", map, *value, *value == 2 ? 3 : 2); /* another entry's */
    BROKEN_BY("P1", map, *value, m->parts.values.used + 1);
    BROKEN_BY("G2", map, *key, *key == 2 ? 3 : 2); /* another entry's */
    model_free(model);
}

static void map_with_strings(void)
{
    static const char *const names[] = {"map[string]string",      "map[int]*string",
                                        "map[string][128]byte",   "map[float64]string",
                                        "map[int]struct{string}", "map[struct{string; int}]struct{}"};
    for (size_t t = 0; t < COUNT_OF(names); t++) {
        for (size_t n = 240; n <= 1700; n += 1460) { /* the second while growing */
            model *model = model_new(&test_engines[0], test_type_named(names[t]), n, 0, 1);
            for (size_t i = 0; i < model->domain; i++) CHECK_EQ(model_assign(model, i), 1);
            gomap *map = model->map;
            go_map *m = go_of(map);
            CHECK_EQ(m->old.at != NULL, n == 1700);
            gomap_iter iter;
            const void *at[2];
            int broken[2] = {0, 0};
            gomap_iter_begin(&iter, map);
            while (gomap_iter_next(&iter, &at[0], &at[1]) == 1 && broken[0] + broken[1] < 40) {
                for (int is_value = 0; is_value < 2; is_value++) {
                    if (!(is_value ? m->parts.value_strings : m->parts.key_strings)) continue;
                    gomap_string *string = (gomap_string *)(uintptr_t)at[is_value];
                    BROKEN_BY("P2", map, string->at, string->length ? NULL : (const void *)map);
                    if (string->length) BROKEN_BY("P2", map, string->length, 0);
                    if (is_value) BROKEN_BY("P2", map, string->length, string->length + 1);
                    if (!is_value && string->length) {
                        unsigned char *bytes = (unsigned char *)(uintptr_t)string->at;
                        BROKEN_BY("G2", map, *bytes, (unsigned char)~*bytes);
                    }
                    broken[is_value]++;
                }
            }
            gomap_iter_end(&iter);
            CHECK(!m->parts.key_strings || broken[0]);
            CHECK(!m->parts.value_strings || broken[1]);
            BROKEN_BY("P2", map, m->parts.string_bytes, m->parts.string_bytes + 1);
            BROKEN_BY("P2", map, m->parts.string_bytes, m->parts.string_bytes - 1);
            BROKEN_BY("M1", map, m->purposes.live[GOMAP_STRINGS], m->purposes.live[GOMAP_STRINGS] - 1);
            BROKEN_BY("M1", map, m->purposes.live[GOMAP_STRINGS], m->purposes.live[GOMAP_STRINGS] + 1);
            model_free(model);
        }
    }
    model *none = model_new(&test_engines[0], test_type_named("map[string]string"), 10, 0, 1);
    BROKEN_BY("P2", none->map, go_of(none->map)->parts.string_bytes, 1);
    model_free(none);
}

int main(void)
{
    test_count_bytes();
    settled_map();
    growing_map();
    map_with_records();
    map_with_strings();
    return 0;
}
