/* test_snapshot.c - saved maps: what is opened and what is loaded is what was saved, of every type, however the map
 * came to be; the bytes are the same each time, and have nothing in them but the entries; damage is found. */
#include "forced.h"
#include "snapshots.h"

#include "checksum.h"

/* ---- the checksum ------------------------------------------------------------------------------------------ */

/* Against published values, in one piece and in every two and three. */
static void checksums_are_xxh64(void)
{
    unsigned char bytes[222];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (unsigned char)i;
    CHECK_EQ(gm_checksum_of("", 0), 0xef46db3751d8e999u);
    CHECK_EQ(gm_checksum_of("abc", 3), 0x44bc2cf5ad770999u);
    CHECK_EQ(gm_checksum_of(bytes, sizeof bytes), 0x88ff0dada4bfa877u);
    for (size_t first = 0; first <= sizeof bytes; first++) {
        for (size_t second = first; second <= sizeof bytes; second += 1 + second % 7) {
            gm_checksum sum;
            gm_checksum_begin(&sum);
            gm_checksum_add(&sum, bytes, first);
            gm_checksum_add(&sum, bytes + first, second - first);
            gm_checksum_add(&sum, bytes + second, sizeof bytes - second);
            CHECK_EQ(gm_checksum_end(&sum), 0x88ff0dada4bfa877u);
        }
    }
    for (size_t length = 0; length <= 100; length++) { /* ends of every length, wherever they were cut */
        uint64_t whole = gm_checksum_of(bytes, length);
        for (size_t first = 0; first <= length; first++) {
            gm_checksum sum;
            gm_checksum_begin(&sum);
            gm_checksum_add(&sum, bytes, first);
            gm_checksum_add(&sum, bytes + first, length - first);
            CHECK_EQ(gm_checksum_end(&sum), whole);
        }
    }
}

/* ---- saved, opened, loaded ----------------------------------------------------------------------------------- */

static void find_many(const model *m)
{
    enum { MOST = 100 };
    _Alignas(gomap_key) static unsigned char keys[MOST * TEST_KEY_MAX];
    void *found[MOST];
    /* Strings stand where the next dozen leaves them alone. */
    size_t at_once = m->type->strings[GOMAP_KEY].count ? 4 : MOST, stride = m->type->key_size;
    for (size_t begin = 0; begin < m->domain; begin += at_once) {
        size_t some = m->domain - begin < at_once ? m->domain - begin : at_once, there = 0;
        for (size_t i = 0; i < some; i++) test_key(m->type, begin + i, keys + i * stride);
        size_t hits = gomap_find_many(m->map, keys, some, found);
        for (size_t i = 0; i < some; i++) {
            uint32_t version = m->version[begin + i];
            there += version != 0;
            CHECK_EQ(found[i] != NULL, version != 0);
            if (version) CHECK(test_value_is(m->map, version, found[i]));
        }
        CHECK_EQ(hits, there);
    }
}

/* The same entries in another map. */
static void verify_in(model *m, gomap *map)
{
    gomap *kept = m->map;
    m->map = map;
    model_verify(m);
    find_many(m);
    m->map = kept;
}

/* An ordinary map: it takes insertions and deletions. */
static void goes_on(const model *m, gomap *map)
{
    model *own = model_of(m, map);
    uint64_t random = m->domain;
    for (size_t step = 0; step < 300 + m->domain / 8; step++) {
        size_t number = (size_t)(test_random(&random) % m->domain);
        if (random % 2) (void)model_assign(own, number);
        else model_erase(own, number);
        if (step % 64 == 0) CHECK_MAP(map);
    }
    model_verify(own);
    for (size_t number = 0; number < own->domain; number++)
        if (own->version[number]) model_erase(own, number);
    CHECK_EQ(map->count, 0);
    CHECK_MAP(map);
    CHECK_EQ(model_assign(own, 0), 1);
    model_verify(own);
    model_free(own);
}

static int same_bytes(const saved *one, const saved *other)
{
    return one->bytes == other->bytes && memcmp(one->at, other->at, one->bytes) == 0;
}

static void saves(model *m, const test_type *type)
{
    static const size_t pieces[] = {GOMAP_SAVE_LEAST, GOMAP_SAVE_LEAST + 1, 100003, 1 << 20};
    size_t live = test_live_bytes, total = gomap_total(m->map);
    saved made = snapshot_of(m->map, type->name, pieces[m->count % COUNT_OF(pieces)]);
    saved again = snapshot_of(m->map, type->name, pieces[(m->count + 1) % COUNT_OF(pieces)]);
    CHECK(made.at != NULL && again.at != NULL);
    CHECK(same_bytes(&again, &made));
    CHECK_EQ(test_live_bytes, live);
    CHECK_EQ(gomap_total(m->map), total);
    free(again.at);
    for (size_t off = 0; off < 2; off++) { /* at an address of no alignment, too */
        gomap_snapshot snapshot;
        gomap *opened, *loaded;
        char why[256] = "";
        unsigned char *block = test_alloc(1, made.bytes + off), *at = block + off;
        memcpy(at, made.at, made.bytes);
        int code = snapshot_open(&opened, &snapshot, at, made.bytes, m->type, why, sizeof why);
        if (code != GOMAP_SNAPSHOT_GOOD) fprintf(stderr, "%s, %zu entries: %s\n", type->name, m->count, why);
        CHECK_EQ(code, GOMAP_SNAPSHOT_GOOD);
        CHECK_EQ(snapshot.made_by, 7);
        CHECK_EQ(snapshot.count, m->count);
        CHECK_EQ(snapshot.bytes, made.bytes);
        CHECK_EQ(snapshot.string_bytes, gomap_string_bytes(m->map));
        CHECK(snapshot.key_type_bytes == strlen(type->name));
        CHECK(memcmp(snapshot.key_type, type->name, snapshot.key_type_bytes) == 0);
        CHECK(snapshot.value_type_bytes == 5 && memcmp(snapshot.value_type, "value", 5) == 0);
        CHECK_EQ(gomap_snapshot_verify(&snapshot, why, sizeof why), GOMAP_SNAPSHOT_GOOD);
        CHECK_EQ(test_live_bytes, live + gomap_total(opened));
        CHECK(gomap_total(opened) < 8192); /* its own: the regions are lent */
        verify_in(m, opened);
        again = snapshot_of(opened, type->name, pieces[(m->count + 2) % COUNT_OF(pieces)]);
        CHECK(same_bytes(&again, &made));
        free(again.at);
        CHECK_EQ(gomap_load(&loaded, opened, why, sizeof why), GOMAP_SNAPSHOT_GOOD);
        CHECK(memcmp(at, made.at, made.bytes) == 0); /* not written to */
        gomap_free(opened);
        free(block);
        verify_in(m, loaded);
        goes_on(m, loaded);
        CHECK_EQ(test_live_bytes, live);
    }
    free(made.at);
}

enum { FILLED, SHRUNK, ITERATED, COMPACTED, HISTORIES };

static void with_history(const test_engine *engine, const test_type *type, size_t count, int history)
{
    const gomap_type *made = test_type_made(type);
    size_t domain = test_domain(made, 2 * count + 8), number;
    model *m = model_new(engine, type, domain, 0, count + 1);
    size_t more = history == FILLED || history == COMPACTED ? count : count + count / 2 + 3;
    for (number = 0; number < more && number < m->domain; number++) CHECK_EQ(model_assign(m, number), 1);
    if (history == ITERATED && m->count) {
        model_iter_begin(m, 0);
        CHECK_EQ(model_iter_step(m, 0, &number), 1);
    }
    for (number = 0; m->count > count && number < m->domain; number += 2) model_erase(m, number);
    for (number = 1; m->count > count && number < m->domain; number += 2) model_erase(m, number);
    for (number = 0; number < m->domain; number += 3)
        if (m->version[number]) CHECK_EQ(model_assign(m, number), 0); /* another value */
    if (history == COMPACTED) model_compact(m);
    saves(m, type);
    if (m->iterators[0].alive) model_iter_end(m, 0);
    model_verify(m);
    model_free(m);
}

static void every_type_comes_back(void)
{
    static const size_t counts[] = {0, 1, 7, 9, 100};
    for (size_t e = 0; e < COUNT_OF(test_engines); e++) {
        for (size_t t = 0; t < COUNT_OF(test_types); t++) {
            const test_type *type = &test_types[t];
            size_t many = type->key_size + type->value_size >= 1000 ? 300 : 5000;
            if (!snapshot_can_be(type)) continue;
            for (int history = 0; history < HISTORIES; history++)
                for (size_t c = 0; c < COUNT_OF(counts); c++) with_history(&test_engines[e], type, counts[c], history);
            with_history(&test_engines[e], type, many, (int)((t + e) % HISTORIES));
        }
    }
}

/* ---- entries that found no bucket ---------------------------------------------------------------------------- */

enum { COLLIDING = 41, COLLIDING_BITS = 4 };

static void overflow_comes_back(void)
{
    static const char *const names[] = {"map[int]int",       "map[int]*[128]byte",   "map[int][3]byte",
                                        "map[string]string", "map[string][128]byte", "map[int]*string"};
    for (size_t t = 0; t < COUNT_OF(names); t++) {
        const test_type *type = test_type_named(names[t]);
        size_t numbers[COLLIDING], number;
        model *m = model_new(&test_engines[GOMAP_ELASTIC], type, test_has_strings(type) ? 1 << 14 : 1 << 16, 0, 1);
        CHECK_EQ(forced_numbers(m->map, COLLIDING_BITS, m->domain, numbers, COLLIDING), COLLIDING);
        for (size_t i = 0; i < COLLIDING; i++) CHECK_EQ(model_assign(m, numbers[i]), 1);
        CHECK_EQ(forced_places(m->map), COLLIDING - EL_SLOTS);
        saves(m, type);
        model_iter_begin(m, 0);
        CHECK_EQ(model_iter_step(m, 0, &number), 1);
        for (size_t i = 0; i < COLLIDING; i += 3) model_erase(m, numbers[i]);
        CHECK_EQ(forced_places(m->map), COLLIDING - EL_SLOTS); /* some of them empty now */
        saves(m, type);
        for (size_t i = 0; i < COLLIDING; i++)
            if (m->version[numbers[i]] && m->count > 5) model_erase(m, numbers[i]);
        saves(m, type);
        model_iter_end(m, 0);
        model_free(m);
    }
}

/* ---- what is in the bytes ------------------------------------------------------------------------------------- */

static int has(const saved *made, const void *bytes, size_t length)
{
    const unsigned char *at = made->at, *end = made->at + made->bytes - length;
    for (; at <= end; at++)
        if (*at == *(const unsigned char *)bytes && memcmp(at, bytes, length) == 0) return 1;
    return 0;
}

/* Keys and values that are gone: erased, or overwritten. They are strings, or 8 of their bytes are. */
static void nothing_of_the_erased(void)
{
    static const struct {
        const char *name;
        size_t length; /* of strings */
    } cases[] = {
        {"map[string]string", 14},   {"map[string]string", 40},      {"map[string]string", 300},
        {"map[string]string", 5000}, {"map[[8]byte][16]byte", 0},    {"map[[16]byte]int16", 0},
        {"map[int]*[128]byte", 0},   {"map[[128]byte][128]byte", 0}, {"map[string][129]byte", 33},
        {"map[int]*string", 60},     {"map[[129]byte][129]byte", 0},
    };
    for (size_t c = 0; c < COUNT_OF(cases); c++) {
        for (int history = 0; history < 12; history++) {
            enum { ENTRIES = 200, KEPT = 50 };
            const test_type *type = test_type_named(cases[c].name);
            const gomap_type *made = test_type_made(type);
            const test_engine *engine = &test_engines[history / 6];
            gomap *map = gomap_new(engine->id, made, history % 2 ? ENTRIES : 0, 5);
            gomap_iter iter;
            const void *some_key, *some_value;
            int added;
            CHECK(map != NULL);
            for (int turn = 0; turn < 3; turn++) {
                for (size_t i = 0; i < ENTRIES; i++) {
                    /* Turn 0: entries, of which only the first will stay, with other values. Turn 1: all others go.
                     * Turn 2: the values of those that stay are overwritten. */
                    _Alignas(gomap_key) unsigned char key[256], value[256], key_text[5000], value_text[5000];
                    int stays = i < KEPT, secret_value = turn == 0 || !stays;
                    memset(key_text, stays ? 'k' : 'S', sizeof key_text);
                    memset(value_text, secret_value ? 'S' : 'v', sizeof value_text);
                    memcpy(key_text, &i, 2);
                    memcpy(value_text, &i, 2);
                    if (!stays) memcpy(key_text + 2, "SECRETS!", 8);
                    if (secret_value) memcpy(value_text + 2, "SECRETS!", 8);
                    gomap_string key_string = {key_text, cases[c].length}, value_string = {value_text, cases[c].length};
                    if (made->key_kind == GOMAP_STRING) memcpy(key, &key_string, sizeof key_string);
                    else memcpy(key, key_text, made->key_size);
                    if (made->key_kind == GOMAP_BITS64 && !stays)
                        memcpy(key, "\x01SECRETS", 8), key[0] = (unsigned char)i;
                    if (made->strings[GOMAP_VALUE].count) memcpy(value, &value_string, sizeof value_string);
                    else memcpy(value, value_text, made->value_size);
                    if (turn == 1 && !stays) CHECK_EQ(gomap_erase(map, key), 1);
                    else if (turn != 1 && (turn == 0 || stays)) CHECK(gomap_put(map, key, value, &added) != NULL);
                }
                if (turn == 0 && history % 6 >= 2) { /* an iterator: deletions leave all where it is */
                    gomap_iter_begin(&iter, map);
                    CHECK_EQ(gomap_iter_next(&iter, &some_key, &some_value), 1);
                }
            }
            CHECK_EQ(map->count, KEPT);
            if (history % 6 >= 4) gomap_iter_end(&iter);
            saved bytes = snapshot_of(map, "k", GOMAP_SAVE_LEAST);
            CHECK(!has(&bytes, "SECRETS", 7));
            CHECK(!has(&bytes, "SSSSSS", 6));
            if (history % 6 >= 2 && history % 6 < 4) gomap_iter_end(&iter);
            free(bytes.at);
            gomap_free(map);
            CHECK_EQ(test_live_bytes, 0);
        }
    }
}

/* Empty slots, the ends of strings' records, and what lies between sections: zeros. */
static void what_is_unused_is_zeros(void)
{
    model *m = model_new(&test_engines[GOMAP_ELASTIC], test_type_named("map[string]string"), 3000, 0, 4);
    for (size_t i = 0; i < 3000; i++) CHECK_EQ(model_assign(m, i), 1);
    model_iter_begin(m, 0);
    for (size_t i = 0; i < 3000; i++)
        if (i % 4) model_erase(m, i);
    saved made = snapshot_of(m->map, "k", GOMAP_SAVE_LEAST);
    gomap_snapshot snapshot;
    char why[256];
    const unsigned char *tags = NULL;
    size_t empty = 0, tails = 0;
    unsigned longest = 0;
    CHECK_EQ(gomap_snapshot_read(&snapshot, made.at, made.bytes, why, sizeof why), GOMAP_SNAPSHOT_GOOD);
    for (uint32_t i = 0; i < snapshot.sections; i++) {
        gomap_section section = gomap_snapshot_section(&snapshot, i);
        const unsigned char *at = made.at + section.at;
        if (section.what == GOMAP_SECTION_TAGS) tags = at;
        if (section.what == GOMAP_SECTION_SLOTS) {
            CHECK(tags != NULL);
            for (size_t slot = 0; slot < section.items * EL_SLOTS; slot++) {
                if (tags[slot]) continue;
                empty++;
                for (size_t j = 0; j < 32; j++) CHECK_EQ(at[slot * 32 + j], 0);
            }
        }
        if (section.what == GOMAP_SECTION_KEY_STRINGS && section.of < GM_STRING_LARGE) {
            longest = section.of > longest ? section.of : longest;
            for (size_t item = 0; item < section.items; item++) {
                const unsigned char *record = at + item * (size_t)(section.bytes / section.items);
                const unsigned char *end = record + section.bytes / section.items;
                while (end[-1] == 0) end--, tails++;
                CHECK(end > record + 8);
            }
        }
    }
    CHECK(empty > 2000 && tails > 0 && longest > 30);
    CHECK_EQ(gomap_snapshot_verify(&snapshot, why, sizeof why), GOMAP_SNAPSHOT_GOOD);
    free(made.at);
    model_iter_end(m, 0);
    model_free(m);
}

/* Two maps of the same entries that came to be in other ways, with memory that had other bytes: each is saved with the
 * very entries it has, so what differs is where they stand. */
static void a_compact_file(void)
{
    for (int gaps = 0; gaps < 2; gaps++) {
        model *m = model_new(&test_engines[GOMAP_ELASTIC], test_type_named("map[int][128]byte"), 4000, 0, 4);
        for (size_t i = 0; i < 4000; i++) CHECK_EQ(model_assign(m, i), 1);
        if (gaps) model_iter_begin(m, 0);
        for (size_t i = 0; i < 4000; i++)
            if (i % 5) model_erase(m, i);
        saved made = snapshot_of(m->map, "k", GOMAP_SAVE_LEAST);
        gomap_snapshot snapshot;
        char why[256];
        CHECK_EQ(gomap_snapshot_read(&snapshot, made.at, made.bytes, why, sizeof why), GOMAP_SNAPSHOT_GOOD);
        gomap_section last = gomap_snapshot_section(&snapshot, snapshot.sections - 1);
        CHECK_EQ(last.what, GOMAP_SECTION_RECORDS);
        CHECK_EQ(last.items, 800); /* no gaps */
        CHECK_EQ(last.bytes, 800 * 136);
        free(made.at);
        if (gaps) model_iter_end(m, 0);
        model_free(m);
    }
}

/* ---- damage ---------------------------------------------------------------------------------------------------- */

static int is_good(const saved *made, const unsigned char *at, size_t bytes, const gomap_type *type)
{
    gomap_snapshot snapshot;
    gomap *opened;
    char why[256] = "";
    (void)made;
    int code = snapshot_open(&opened, &snapshot, at, bytes, type, why, sizeof why);
    if (code == GOMAP_SNAPSHOT_GOOD) code = gomap_snapshot_verify(&snapshot, why, sizeof why);
    CHECK((code == GOMAP_SNAPSHOT_GOOD) == (why[0] == 0)); /* a reason for every refusal */
    gomap_free(opened);
    return code == GOMAP_SNAPSHOT_GOOD;
}

/* Every bit counts, and every byte is needed. */
static void damage_is_found(void)
{
    static const char *const names[] = {"map[string]string", "map[int][129]byte", "map[float64]int"};
    for (size_t t = 0; t < COUNT_OF(names); t++) {
        model *m = model_new(&test_engines[GOMAP_ELASTIC], test_type_named(names[t]), 50, 0, 4);
        for (size_t i = 0; i < 26; i++) CHECK_EQ(model_assign(m, i), 1);
        saved made = snapshot_of(m->map, names[t], GOMAP_SAVE_LEAST);
        CHECK(is_good(&made, made.at, made.bytes, m->type));
        for (size_t at = 0; at < made.bytes; at += at < 400 ? 1 : 1 + at % 7) {
            made.at[at] ^= (unsigned char)(1u << at % 8);
            CHECK(!is_good(&made, made.at, made.bytes, m->type));
            made.at[at] ^= (unsigned char)(1u << at % 8);
        }
        for (size_t bytes = 0; bytes < made.bytes; bytes += 1 + bytes % 5) {
            unsigned char *cut = test_alloc(1, bytes);
            memcpy(cut, made.at, bytes);
            CHECK(!is_good(&made, cut, bytes, m->type));
            free(cut);
        }
        CHECK(is_good(&made, made.at, made.bytes, m->type));
        free(made.at);
        model_free(m);
    }
}

/* What each refusal is. */
static void refusals(void)
{
    const gomap_type *type = test_type_made(test_type_named("map[int]int"));
    const gomap_type *other = test_type_made(test_type_named("map[int][3]byte"));
    gomap *map = gomap_new(GOMAP_ELASTIC, type, 0, 1), *opened;
    gomap_snapshot snapshot;
    char why[256];
    int added;
    uint64_t key = 1;
    CHECK(gomap_assign(map, &key, &added) != NULL);
    saved made = snapshot_of(map, "k", GOMAP_SAVE_LEAST);
    CHECK_EQ(gomap_snapshot_read(&snapshot, "PK\3\4....", 8, why, sizeof why), GOMAP_SNAPSHOT_FOREIGN);
    CHECK_EQ(gomap_snapshot_read(&snapshot, "", 0, why, sizeof why), GOMAP_SNAPSHOT_FOREIGN);
    CHECK_EQ(gomap_snapshot_read(&snapshot, made.at, 50, why, sizeof why), GOMAP_SNAPSHOT_SHORT);
    CHECK_EQ(gomap_snapshot_read(&snapshot, made.at, made.bytes - 1, why, sizeof why), GOMAP_SNAPSHOT_SHORT);
    CHECK_EQ(snapshot_open(&opened, &snapshot, made.at, made.bytes, other, why, sizeof why), GOMAP_SNAPSHOT_DAMAGED);
    CHECK(opened == NULL);
    made.at[8] = 2; /* its version */
    CHECK_EQ(gomap_snapshot_read(&snapshot, made.at, made.bytes, why, sizeof why), GOMAP_SNAPSHOT_LATER);
    made.at[8] = 0;
    CHECK_EQ(gomap_snapshot_read(&snapshot, made.at, made.bytes, why, sizeof why), GOMAP_SNAPSHOT_DAMAGED);
    made.at[8] = 1;
    gm_store64(made.at + 32, (uint64_t)1 << 63 | 1); /* so many entries, the double of which is 2 */
    gm_store64(made.at + 24, 0);
    gm_store64(made.at + 24, gm_checksum_of(made.at, GOMAP_SNAPSHOT_PAGE));
    CHECK_EQ(snapshot_open(&opened, &snapshot, made.at, made.bytes, type, why, sizeof why), GOMAP_SNAPSHOT_DAMAGED);
    made.at[100]++; /* a spelling's length */
    CHECK_EQ(gomap_snapshot_read(&snapshot, made.at, made.bytes, why, sizeof why), GOMAP_SNAPSHOT_DAMAGED);
    free(made.at);
    gomap_free(map);

    type = test_type_made(test_type_named("map[any]int")); /* an object's address means nothing in a file */
    map = gomap_new(GOMAP_ELASTIC, type, 0, 1);
    made = snapshot_of(map, "k", GOMAP_SAVE_LEAST);
    CHECK_EQ(snapshot_open(&opened, &snapshot, made.at, made.bytes, type, why, sizeof why), GOMAP_SNAPSHOT_DAMAGED);
    free(made.at);
    gomap_free(map);
}

/* ---- without memory -------------------------------------------------------------------------------------------- */

/* Every allocation of saving, opening and loading fails in turn, and then all go on. */
static void without_memory(void)
{
    static const char *const names[] = {"map[int]int", "map[int][129]byte", "map[string]string", "map[int]*string",
                                        "map[struct{string; string}]int"};
    for (size_t e = 0; e < COUNT_OF(test_engines); e++) {
        for (size_t t = 0; t < COUNT_OF(names); t++) {
            const test_type *type = test_type_named(names[t]);
            model *m = model_new(&test_engines[e], type, 400, 0, 4);
            for (size_t i = 0; i < 400; i++) CHECK_EQ(model_assign(m, i), 1);
            model_iter_begin(m, 0);
            for (size_t i = 0; i < 400; i += 3) model_erase(m, i);
            size_t live = test_live_bytes, saving = 0, opening = 0, loading = 0;
            gomap_snapshot snapshot;
            gomap *opened = NULL, *loaded = NULL;
            char why[256];
            saved made = {NULL, 0};
            for (; made.at == NULL; saving++) {
                gomap_fail_after((int64_t)saving, 1);
                made = snapshot_of(m->map, type->name, GOMAP_SAVE_LEAST);
                CHECK_EQ(test_live_bytes, live);
            }
            gomap_fail_after(-1, 0);
            for (int code = GOMAP_SNAPSHOT_NO_MEMORY; code == GOMAP_SNAPSHOT_NO_MEMORY; opening++) {
                gomap_fail_after((int64_t)opening, 1);
                why[0] = 0;
                code = snapshot_open(&opened, &snapshot, made.at, made.bytes, m->type, why, sizeof why);
                if (code == GOMAP_SNAPSHOT_GOOD) break;
                CHECK_EQ(code, GOMAP_SNAPSHOT_NO_MEMORY);
                CHECK(opened == NULL && why[0]);
                CHECK_EQ(test_live_bytes, live);
            }
            gomap_fail_after(-1, 0);
            live = test_live_bytes;
            for (int code = GOMAP_SNAPSHOT_NO_MEMORY; code == GOMAP_SNAPSHOT_NO_MEMORY; loading++) {
                gomap_fail_after((int64_t)loading, 1);
                code = gomap_load(&loaded, opened, why, sizeof why);
                if (code == GOMAP_SNAPSHOT_GOOD) break;
                CHECK_EQ(code, GOMAP_SNAPSHOT_NO_MEMORY);
                CHECK(loaded == NULL);
                CHECK_EQ(test_live_bytes, live);
            }
            gomap_fail_after(-1, 0);
            CHECK(saving > 2 && opening >= 1 && loading > 2);
            verify_in(m, opened);
            verify_in(m, loaded);
            gomap_free(loaded);
            gomap_free(opened);
            free(made.at);
            model_iter_end(m, 0);
            model_free(m);
        }
    }
}

/* ---- copies ---------------------------------------------------------------------------------------------------- */

/* Of an opened map, and of one in memory, whatever its engine. */
static void copies(void)
{
    for (size_t e = 0; e < COUNT_OF(test_engines); e++) {
        const test_type *type = test_type_named("map[string]string");
        model *m = model_new(&test_engines[e], type, 500, 0, 4);
        for (size_t i = 0; i < 250; i++) CHECK_EQ(model_assign(m, i), 1);
        saved made = snapshot_of(m->map, type->name, GOMAP_SAVE_LEAST);
        gomap_snapshot snapshot;
        gomap *opened, *loaded;
        char why[256];
        CHECK_EQ(gomap_load(&loaded, m->map, why, sizeof why), GOMAP_SNAPSHOT_GOOD);
        verify_in(m, loaded);
        goes_on(m, loaded);
        CHECK_EQ(snapshot_open(&opened, &snapshot, made.at, made.bytes, m->type, why, sizeof why), GOMAP_SNAPSHOT_GOOD);
        gomap *clone = gomap_clone(opened, 3), *merged = gomap_new(m->engine->id, m->type, 0, 9);
        verify_in(m, clone);
        goes_on(m, clone);
        CHECK_EQ(gomap_merge(merged, opened), 0);
        verify_in(m, merged);
        goes_on(m, merged);
        gomap_free(opened);
        free(made.at);
        model_free(m);
    }
    CHECK_EQ(test_live_bytes, 0);
}

/* A big-endian machine neither saves nor opens. */
static void is_refused(void)
{
    const gomap_type *type = test_type_made(test_type_named("map[int]int"));
    gomap *map = gomap_new(GOMAP_ELASTIC, type, 0, 1);
    gomap_snapshot snapshot;
    char why[100];
    CHECK(map != NULL);
    CHECK(gomap_save_begin(map, "int", 3, "int", 3, 0) == NULL);
    CHECK_EQ(gomap_snapshot_read(&snapshot, "", 0, why, sizeof why), GOMAP_SNAPSHOT_ENDIAN);
    gomap_free(map);
}

int main(int argc, char **argv)
{
    if (GM_BIG_ENDIAN) {
        is_refused();
        return 0;
    }
    static const struct {
        const char *name;
        void (*run)(void);
    } tests[] = {
        {"checksums_are_xxh64", checksums_are_xxh64},
        {"every_type_comes_back", every_type_comes_back},
        {"overflow_comes_back", overflow_comes_back},
        {"nothing_of_the_erased", nothing_of_the_erased},
        {"what_is_unused_is_zeros", what_is_unused_is_zeros},
        {"a_compact_file", a_compact_file},
        {"damage_is_found", damage_is_found},
        {"refusals", refusals},
        {"without_memory", without_memory},
        {"copies", copies},
    };
    test_count_bytes();
    for (size_t i = 0; i < COUNT_OF(tests); i++) {
        if (argc > 1 && strcmp(argv[1], tests[i].name) != 0) continue;
        tests[i].run();
        CHECK_EQ(test_live_bytes, 0);
    }
    return 0;
}
