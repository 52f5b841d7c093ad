/* model.h - a map and a reference beside it: an array with the version of every key's value.
 *
 * Every operation is done to both and what the map answers is checked. When a test has armed a
 * failing allocation, an operation may fail, and the reference stays as it was.
 *
 * An iterator *owes* the entries that were there when it began and that it has not yielded: what
 * it yields must be owed, an erased entry is owed no more, and at its end nothing may be owed.
 */
#ifndef MODEL_H
#define MODEL_H

#include "maps.h"

#include <math.h>

enum { MODEL_ITERATORS = 4, MODEL_NANS = 64 };

typedef struct model_iterator {
    gomap_iter iter;
    int alive;
    int ended;   /* an insertion has been made: the next step must be -1 */
    int may_end; /* one was tried, or room was reserved: the next step may be -1 */
    unsigned char *owed, owed_nan[MODEL_NANS];
} model_iterator;

typedef struct model {
    const test_engine *engine;
    const gomap_type *type;
    gomap *map;
    size_t domain;
    size_t count;      /* numbered keys that are in, NaNs aside */
    uint32_t *version; /* by key number; 0: absent */
    uint32_t last_version;
    uint32_t nan[MODEL_NANS]; /* versions of the NaN entries; 0: none */
    size_t nans;
    model_iterator iterators[MODEL_ITERATORS];
} model;

/* Succeeds even when an armed allocation fails: it tries again. */
static inline model *model_new(const test_engine *engine, const test_type *type, size_t domain, size_t hint,
                               uint64_t seed)
{
    model *m = test_alloc(1, sizeof *m);
    m->engine = engine;
    m->type = test_type_made(type);
    m->domain = test_domain(m->type, domain);
    m->version = test_alloc(m->domain, sizeof *m->version);
    for (int i = 0; i < MODEL_ITERATORS; i++) m->iterators[i].owed = test_alloc(m->domain, 1);
    int64_t pending = gomap_fail_pending();
    while ((m->map = gomap_new(engine->id, m->type, hint, seed)) == NULL) {
        CHECK(gomap_fail_pending() < pending);
        pending = gomap_fail_pending();
    }
    CHECK_EQ(m->map->count, 0);
    return m;
}

static inline void model_free(model *m)
{
    size_t others = test_live_bytes - gomap_total(m->map);
    gomap_free(m->map);
    CHECK_EQ(test_live_bytes, others);
    for (int i = 0; i < MODEL_ITERATORS; i++) free(m->iterators[i].owed);
    free(m->version);
    free(m);
}

/* ---- entries -------------------------------------------------------------------------------- */

static inline void model_end_iterators(model *m, int surely)
{
    for (int i = 0; i < MODEL_ITERATORS; i++) {
        m->iterators[i].ended |= surely;
        m->iterators[i].may_end = 1;
    }
}

/* Puts the next version where this one is. Strings are written by gomap_put alone; all else by turns with
 * gomap_assign, which shows the value there was. 1: added; 0: overwritten; -1: the armed allocation failed. */
static inline int model_write(model *m, const void *key, uint32_t *version)
{
    int added = -1, puts = test_has_value_strings(m->type) || m->last_version % 4 == 0;
    int64_t pending = gomap_fail_pending();
    uint32_t next = m->last_version + 1;
    void *value = puts ? test_put(m->map, key, next, &added) : gomap_assign(m->map, key, &added);
    if (value == NULL) {
        CHECK(gomap_fail_pending() < pending);
        CHECK(*version == 0 || test_has_value_strings(m->type)); /* other values take no memory */
        CHECK_EQ(m->map->count, m->count + m->nans);
        if (*version == 0) model_end_iterators(m, 0);
        return -1;
    }
    CHECK_EQ(added, *version == 0);
    if (!puts) {
        CHECK(test_value_is(m->map, *version, value));
        test_value_write(m->type, next, value);
    }
    if (added) model_end_iterators(m, 1);
    m->last_version = *version = next;
    CHECK(test_value_is(m->map, next, value));
    CHECK_EQ(m->map->count, m->count + m->nans + (size_t)added);
    return added;
}

static inline void model_find(const model *m, size_t number);

static inline int model_assign(model *m, size_t number)
{
    TEST_KEY(key);
    if (m->version[number]) test_key_equal(m->type, number, key);
    else test_key(m->type, number, key);
    int result = model_write(m, key, &m->version[number]);
    if (result == 1) m->count++;
    if (result < 0) model_find(m, number);
    return result;
}

/* Only for engines with distinct NaNs and while there is room in the model. */
static inline int model_assign_nan(model *m)
{
    unsigned char key[8];
    size_t place = 0;
    CHECK(m->nans < MODEL_NANS);
    while (m->nan[place]) place++;
    test_key_of_float(m->type, (double)NAN, key);
    int result = model_write(m, key, &m->nan[place]);
    if (result == 1) m->nans++;
    return result;
}

static inline void model_find(const model *m, size_t number)
{
    TEST_KEY(key);
    test_key_equal(m->type, number, key);
    const void *value = number % 2 ? gomap_find(m->map, key) : gomap_at(m->map, key);
    if (m->version[number] == 0) CHECK(value == NULL);
    else CHECK(value != NULL && test_value_is(m->map, m->version[number], value));
}

/* The entry is gone, from the map too: no iterator owes it. */
static inline void model_forget(model *m, size_t number)
{
    m->version[number] = 0;
    m->count--;
    for (int i = 0; i < MODEL_ITERATORS; i++) m->iterators[i].owed[number] = 0;
    CHECK_EQ(m->map->count, m->count + m->nans);
}

static inline void model_forget_nan(model *m, size_t place)
{
    m->nan[place] = 0;
    m->nans--;
    for (int i = 0; i < MODEL_ITERATORS; i++) m->iterators[i].owed_nan[place] = 0;
    CHECK_EQ(m->map->count, m->count + m->nans);
}

static inline void model_erase(model *m, size_t number)
{
    TEST_KEY(key);
    test_key_equal(m->type, number, key);
    CHECK_EQ(gomap_erase(m->map, key), m->version[number] != 0);
    if (m->version[number]) model_forget(m, number);
}

/* The place in the model of the NaN entry with this value. */
static inline size_t model_nan_place(const model *m, const void *value)
{
    size_t place = 0;
    while (place < MODEL_NANS && !(m->nan[place] && test_value_is(m->map, m->nan[place], value))) place++;
    CHECK(place < MODEL_NANS);
    return place;
}

/* Takes some entry out; 0 when there is none. */
static inline int model_pop(model *m)
{
    const void *key, *value;
    int some = gomap_any(m->map, &key, &value);
    CHECK_EQ(some, m->count + m->nans > 0);
    if (!some) return 0;
    if (test_key_is_nan(m->type, key)) {
        size_t place = model_nan_place(m, value);
        gomap_erase_any(m->map);
        model_forget_nan(m, place);
    } else {
        size_t number = test_key_number(m->map, key);
        CHECK(number < m->domain && m->version[number]);
        CHECK(test_value_is(m->map, m->version[number], value));
        gomap_erase_any(m->map);
        model_forget(m, number);
    }
    return 1;
}

/* Forgets the entries, as the map has. */
static inline void model_forget_all(model *m)
{
    memset(m->version, 0, m->domain * sizeof *m->version);
    memset(m->nan, 0, sizeof m->nan);
    m->count = m->nans = 0;
    for (int i = 0; i < MODEL_ITERATORS; i++) {
        memset(m->iterators[i].owed, 0, m->domain);
        memset(m->iterators[i].owed_nan, 0, MODEL_NANS);
    }
    CHECK_EQ(m->map->count, 0);
}

static inline void model_clear(model *m)
{
    gomap_clear(m->map);
    model_forget_all(m);
}

static inline void model_compact(model *m)
{
    if (gomap_compact(m->map)) model_end_iterators(m, 1);
}

/* 0, or -1 when the armed allocation failed. */
static inline int model_reserve(model *m, size_t count)
{
    int64_t pending = gomap_fail_pending();
    int result = gomap_reserve(m->map, count);
    if (result != 0) CHECK(result == -1 && gomap_fail_pending() < pending);
    model_end_iterators(m, 0);
    CHECK_EQ(m->map->count, m->count + m->nans);
    return result;
}

/* A model of another map with the same entries. */
static inline model *model_of(const model *m, gomap *map)
{
    model *copy = test_alloc(1, sizeof *copy);
    *copy = *m;
    copy->map = map;
    copy->version = test_alloc(m->domain, sizeof *copy->version);
    memcpy(copy->version, m->version, m->domain * sizeof *copy->version);
    memset(copy->iterators, 0, sizeof copy->iterators);
    for (int i = 0; i < MODEL_ITERATORS; i++) copy->iterators[i].owed = test_alloc(m->domain, 1);
    CHECK_EQ(map->count, m->count + m->nans);
    return copy;
}

/* A model of a clone, without iterators; NULL when the armed allocation failed, and then every byte
 * has been given back. */
static inline model *model_clone(const model *m, uint64_t seed)
{
    int64_t pending = gomap_fail_pending();
    size_t live = test_live_bytes;
    gomap *map = gomap_clone(m->map, seed);
    if (map == NULL) {
        CHECK(gomap_fail_pending() < pending);
        CHECK_EQ(test_live_bytes, live);
        return NULL;
    }
    return model_of(m, map);
}

/* A model of the map that the entries are in now; NULL when the armed allocation failed. */
static inline model *model_detach(model *m, uint64_t seed)
{
    int64_t pending = gomap_fail_pending();
    size_t live = test_live_bytes;
    gomap *map = gomap_detach(m->map, seed);
    if (map == NULL) {
        CHECK(gomap_fail_pending() < pending);
        CHECK_EQ(test_live_bytes, live);
        return NULL;
    }
    model *detached = model_of(m, map);
    model_forget_all(m);
    return detached;
}

/* 0, or -1 when the armed allocation failed: then some of the source's entries are in. */
static inline int model_merge(model *m, const model *source)
{
    int64_t pending = gomap_fail_pending();
    int result = gomap_merge(m->map, source->map);
    if (result != 0) CHECK(result == -1 && gomap_fail_pending() < pending);
    CHECK(m->nans + source->nans == 0); /* the model could not tell which NaNs are in */
    for (size_t number = 0; number < m->domain; number++) {
        TEST_KEY(key);
        if (source->version[number] == 0) continue;
        test_key(m->type, number, key);
        const void *value = gomap_find(m->map, key);
        int is_in = value != NULL && test_value_is(m->map, source->version[number], value);
        if (result != 0 && !is_in) continue;
        CHECK(is_in);
        if (m->version[number] == 0) {
            m->count++;
            model_end_iterators(m, 1);
        }
        m->version[number] = source->version[number];
    }
    model_end_iterators(m, 0);
    CHECK_EQ(m->map->count, m->count);
    return result;
}

/* ---- iterators ------------------------------------------------------------------------------ */

static inline void model_iter_begin(model *m, int which)
{
    model_iterator *it = &m->iterators[which];
    CHECK(!it->alive);
    gomap_iter_begin(&it->iter, m->map);
    it->alive = 1;
    it->ended = it->may_end = 0;
    for (size_t i = 0; i < m->domain; i++) it->owed[i] = m->version[i] != 0;
    for (size_t i = 0; i < MODEL_NANS; i++) it->owed_nan[i] = m->nan[i] != 0;
}

static inline void model_iter_end(model *m, int which)
{
    gomap_iter_end(&m->iterators[which].iter);
    m->iterators[which].alive = 0;
}

/* What gomap_iter_next answered; *number is the yielded key's, or SIZE_MAX for a NaN. */
static inline int model_iter_step(model *m, int which, size_t *number)
{
    model_iterator *it = &m->iterators[which];
    const void *key, *value;
    CHECK(it->alive);
    int more = gomap_iter_next(&it->iter, &key, &value);
    if (it->ended) CHECK_EQ(more == -1, 1);
    if (more == -1) {
        CHECK(it->may_end);
        CHECK(gomap_iter_next(&it->iter, &key, &value) == -1);
        model_iter_end(m, which);
        return -1;
    }
    if (more == 0) {
        for (size_t i = 0; i < m->domain; i++) CHECK(!it->owed[i]);
        for (size_t i = 0; i < MODEL_NANS; i++) CHECK(!it->owed_nan[i]);
        CHECK(gomap_iter_next(&it->iter, &key, &value) == 0);
        model_iter_end(m, which);
        return 0;
    }
    CHECK_EQ(more, 1);
    if (test_key_is_nan(m->type, key)) {
        size_t place = model_nan_place(m, value);
        CHECK(it->owed_nan[place]);
        it->owed_nan[place] = 0;
        *number = SIZE_MAX;
    } else {
        *number = test_key_number(m->map, key);
        CHECK(*number < m->domain && it->owed[*number]);
        CHECK(test_value_is(m->map, m->version[*number], value));
        it->owed[*number] = 0;
    }
    return 1;
}

/* ---- the whole ------------------------------------------------------------------------------ */

/* Every key, present or absent, every invariant, and one whole iteration. */
static inline void model_verify(model *m)
{
    const void *key, *value;
    gomap_iter iter;
    size_t yielded = 0;
    CHECK_MAP(m->map);
    CHECK_EQ(m->map->count, m->count + m->nans);
    for (size_t number = 0; number < m->domain; number++) model_find(m, number);
    gomap_iter_begin(&iter, m->map);
    while (gomap_iter_next(&iter, &key, &value) == 1) {
        if (test_key_is_nan(m->type, key)) (void)model_nan_place(m, value);
        else CHECK(m->version[test_key_number(m->map, key)] != 0);
        yielded++;
    }
    CHECK_EQ(yielded, m->count + m->nans);
    gomap_iter_end(&iter);
}

#endif
