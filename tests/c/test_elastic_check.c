/* test_elastic_check.c - that gomap_check finds what is broken: every invariant of the elastic engine is
 * broken by hand, once in each way, and must be the one that is reported. */
#include "broken.h"
#include "forced.h"

static const test_engine elastic = {GOMAP_ELASTIC, "elastic", 0};

/* A bucket with this many entries or more, and a slot free behind them. */
static uint32_t bucket_with(const el_map *m, unsigned least)
{
    for (uint32_t bucket = 0; bucket < m->buckets; bucket++) {
        const unsigned char *tags = el_tags(m, bucket);
        unsigned entries = 0;
        while (entries < EL_SLOTS && tags[entries]) entries++;
        if (entries >= least && entries < EL_SLOTS) return bucket;
    }
    CHECK(!m); /* there is no such bucket */
    return 0;
}

static model *filled(const char *type, size_t entries)
{
    model *made = model_new(&elastic, test_type_named(type), entries, 0, 1);
    for (size_t i = 0; i < made->domain; i++) CHECK_EQ(model_assign(made, i), 1);
    return made;
}

static void settled_map(void)
{
    model *model = filled("map[int]int", 1600);
    gomap *map = model->map;
    el_map *m = el_of(map);
    CHECK(m->overflow_used == 0 && m->buckets > 100);

    BROKEN_BY("E1", map, m->mask, 2 * m->mask + 1);
    BROKEN_BY("E1", map, m->mask, m->mask >> 1);
    BROKEN_BY("E1", map, m->buckets, 0);
    BROKEN_BY("E1", map, m->buckets, 2 * m->mask);
    BROKEN_BY("E1", map, map->count, (size_t)m->buckets * 15 / 2 + 1);
    BROKEN_BY("E1", map, m->grow_at, m->grow_at + 1);
    BROKEN_BY("E1", map, m->shrink_at, m->grow_at);
    /* By one byte. */
    gm_region tags = m->tags, slots = m->slots;
    tags.bytes = m->buckets * EL_SLOTS - 1;
    slots.bytes = m->buckets * EL_SLOTS * 16 - 1;
    BROKEN_BY("E1", map, m->tags, tags);
    BROKEN_BY("E1", map, m->slots, slots);
    BROKEN_BY("E5", map, map->count, map->count - 1);
    BROKEN_BY("E5", map, map->count, map->count + 1);

    uint32_t bucket = bucket_with(m, 3);
    unsigned char *tag = el_tags(m, bucket), *slot = el_slot(m, bucket, 0, (gm_kind){GM_BITS, 8, 0});
    BROKEN_BY("E3", map, tag[0], (unsigned char)(tag[0] ^ 0x40));
    BROKEN_BY("E3", map, slot[0], (unsigned char)~slot[0]);
    BROKEN_BY("E5", map, tag[0], EL_EMPTY);
    BROKEN_BY("E3", map, tag[EL_SLOTS - 1], 1);
    /* A key with that tag that belongs elsewhere. */
    uint64_t stray = 0, hash;
    do hash = forced_hash(map, ++stray);
    while (el_tag(hash) != tag[0] || el_address(el_first(hash), m->buckets, m->mask) == bucket ||
           el_address(el_second(hash), m->buckets, m->mask) == bucket);
    broken_by(map, slot, &stray, sizeof stray, "E2", __LINE__);
    /* An entry twice: the second is one that no look-up leads to. */
    unsigned char before = tag[1], key[8];
    memcpy(key, slot + 16, 8);
    tag[1] = tag[0];
    memcpy(slot + 16, slot, 8);
    char why[256];
    CHECK_EQ(gomap_check(map, why, sizeof why), -1);
    CHECK(strncmp(why, "E2:", 3) == 0);
    tag[1] = before;
    memcpy(slot + 16, key, 8);
    CHECK_MAP(map);

    gm_region overflow = {test_alloc(1, 17), 17, 0};
    BROKEN_BY("E6", map, m->overflow_used, 1);
    BROKEN_BY("E6", map, m->overflow, overflow);
    free(overflow.at);

    BROKEN_BY("M1", map, m->map.memory.total, m->map.memory.total - 1);
    BROKEN_BY("M1", map, m->map.memory.total, m->map.memory.total + 1);
    BROKEN_BY("M1", map, m->map.memory.peak, m->map.memory.total - 1);
    model_free(model);
}

/* One bucket is full at eight. */
static void one_bucket(void)
{
    model *model = filled("map[int]int", 8);
    el_map *m = el_of(model->map);
    CHECK_EQ(m->buckets, 1);
    BROKEN_BY("E1", model->map, model->map->count, 9);
    model_free(model);
}

static void float_keys(void)
{
    static const char *const names[] = {"map[float32]float32", "map[float64]int", "map[float64]*[200]byte"};
    for (size_t t = 0; t < COUNT_OF(names); t++) {
        model *model = filled(names[t], 100);
        static const double noted[] = {0.0, (double)NAN};
        for (size_t i = 0; i < COUNT_OF(noted); i++) {
            unsigned char key[8], wrong[8];
            int added;
            test_key_of_float(model->type, noted[i], key);
            test_key_of_float(model->type, -noted[i], wrong);
            unsigned char *value = gomap_assign(model->map, key, &added);
            CHECK(value != NULL);
            /* The key stands before its value. */
            broken_by(model->map, value - model->type->key_size, wrong, model->type->key_size, "E3", __LINE__);
        }
        gomap_clear(model->map);
        model_free(model);
    }
}

static void map_with_records(void)
{
    model *model = filled("map[[129]byte][129]byte", 100);
    gomap *map = model->map;
    el_map *m = el_of(map);
    gm_store *store = &m->records;
    const gm_kind kind = {GM_BYTES, 0, 1};
    uint32_t bucket = bucket_with(m, 2);
    uint32_t *number = (uint32_t *)(void *)el_slot(m, bucket, 0, kind);
    uint32_t other = *number == 2 ? 3 : 2;

    BROKEN_BY("S2", map, store->used, store->capacity + 1);
    BROKEN_BY("S2", map, store->used, store->used - 1);
    BROKEN_BY("S2", map, store->free, store->used + 1);
    BROKEN_BY("S2", map, store->live, store->live + 1);
    BROKEN_BY("S2", map, store->capacity, store->capacity + 100);
    BROKEN_BY("E4", map, *number, 0);
    BROKEN_BY("E4", map, *number, store->used + 1);
    BROKEN_BY("E4", map, *number, UINT32_MAX);
    BROKEN_BY("E4", map, *number, other); /* another entry's */
    BROKEN_BY("E4", map, map->count, map->count - 1);
    /* Two entries that have changed records: the sum is right. */
    uint32_t swapped[2] = {number[1], number[0]};
    broken_by(map, number, swapped, sizeof swapped, el_tags(m, bucket)[0] == el_tags(m, bucket)[1] ? "E2" : "E3",
              __LINE__);

    /* Under an iterator records may be free; no entry's number is. */
    size_t any;
    model_iter_begin(model, 0);
    CHECK_EQ(model_iter_step(model, 0, &any), 1);
    for (size_t i = 0; i < 100; i += 5) model_erase(model, i);
    CHECK(store->free != 0);
    CHECK_MAP(map);
    bucket = bucket_with(m, 1);
    number = (uint32_t *)(void *)el_slot(m, bucket, 0, kind);
    BROKEN_BY("E4", map, *number, store->free);
    BROKEN_BY("E4", map, m->map.iterators, 0);
    BROKEN_BY("S2", map, store->free, 0);
    uint32_t *next = (uint32_t *)(void *)gm_store_at(store, store->free);
    BROKEN_BY("S2", map, *next, store->free);
    unsigned char *mark = gm_store_at(store, store->free) + 4;
    BROKEN_BY("S2", map, *mark, (unsigned char)~*mark);
    model_iter_end(model, 0);
    CHECK_EQ(store->free, 0);
    model_free(model);
}

/* Keys that all belong into one bucket: what is beyond it stands in the overflow list. */
static void overflow_list(const char *type, int ref)
{
    enum { FORCED = 40 };
    const gm_kind kind = {GM_BITS, 8, (unsigned char)ref};
    size_t numbers[FORCED], any;
    model *model = model_new(&elastic, test_type_named(type), 60000, 0, 1);
    gomap *map = model->map;
    el_map *m = el_of(map);
    CHECK_EQ(forced_numbers(map, 4, model->domain, numbers, FORCED), FORCED);
    for (size_t i = 0; i < FORCED; i++) CHECK_EQ(model_assign(model, numbers[i]), 1);
    CHECK_EQ(m->overflow_used, FORCED - EL_SLOTS);
    unsigned char *place = el_overflow(m, 3, kind), *tag = place + el_slot_bytes(m, kind);
    BROKEN_BY("E3", map, *tag, (unsigned char)(*tag ^ 0x40));
    BROKEN_BY(ref ? "E4" : "E6", map, *tag, EL_EMPTY);
    BROKEN_BY(ref ? "E4" : "E5", map, m->overflow_used, m->overflow_used - 1);
    BROKEN_BY("E6", map, m->overflow_used, m->overflow_used + 100);
    gm_region nothing = {NULL, 0, 0};
    BROKEN_BY("E6", map, m->overflow, nothing);
    if (ref) {
        uint32_t none = 0, other = gm_load32(place) == 1 ? 2 : 1; /* places are not aligned */
        broken_by(map, place, &none, 4, "E4", __LINE__);
        broken_by(map, place, &other, 4, "E4", __LINE__);
    } else {
        BROKEN_BY("E3", map, place[0], (unsigned char)~place[0]);
    }
    model_iter_begin(model, 0);
    CHECK_EQ(model_iter_step(model, 0, &any), 1);
    for (size_t i = 0; i < FORCED; i += 2) model_erase(model, numbers[i]);
    CHECK_EQ(m->overflow_used, FORCED - EL_SLOTS); /* places stay while something iterates */
    BROKEN_BY(ref ? "E4" : "E6", map, m->map.iterators, 0);
    while (model_iter_step(model, 0, &any) == 1) {}
    CHECK_EQ(m->overflow_used, FORCED / 2 - EL_SLOTS);
    model_verify(model);
    model_free(model);
}

static void no_buckets(void)
{
    static const char *const names[] = {"map[int]int", "map[int]*[128]byte"};
    for (size_t t = 0; t < COUNT_OF(names); t++) {
        model *model = model_new(&elastic, test_type_named(names[t]), 10, 0, 1);
        gomap *map = model->map;
        el_map *m = el_of(map);
        gm_region region = {test_alloc(1, EL_SLOTS), EL_SLOTS, 0};
        BROKEN_BY("E1", map, map->count, 1);
        BROKEN_BY("E1", map, m->mask, 1);
        BROKEN_BY("E7", map, m->tags, region);
        BROKEN_BY("E7", map, m->slots, region);
        BROKEN_BY("E7", map, m->overflow, region);
        BROKEN_BY("E7", map, m->overflow_used, 1);
        if (t == 1) BROKEN_BY("E7", map, m->records.region, region);
        free(region.at);
        model_free(model);
    }
}

/* ---- strings --------------------------------------------------------------------------------- */

/* The image of the key or the value of an entry, which begins with its key. */
static unsigned char *image_of(const model *model, size_t number, int is_value)
{
    TEST_KEY(key);
    test_key(model->type, number, key);
    unsigned char *value = gomap_find(model->map, key);
    CHECK(value != NULL);
    return is_value ? value : value - model->type->key_size;
}

/* The image of the nth string of this length. */
static unsigned char *image_with(const model *model, int is_value, size_t length, int is_long, size_t nth)
{
    for (size_t number = 0; number < model->domain; number++) {
        unsigned char *image = image_of(model, number, is_value);
        if (gm_image_length(image) == length && gm_image_is_long(image) == is_long && nth-- == 0) return image;
    }
    CHECK(!model); /* there is no such string */
    return NULL;
}

#define BROKEN_BYTE(invariant, map, at, byte)                                                                          \
    do {                                                                                                               \
        unsigned char wrong_ = (unsigned char)(byte);                                                                  \
        broken_by(map, at, &wrong_, 1, invariant, __LINE__);                                                           \
    } while (0)

/* Byte i, from its little end, of a number of `size` bytes. */
static unsigned char *byte_of(unsigned char *number, unsigned size, unsigned i)
{
    return number + (GM_BIG_ENDIAN ? size - 1 - i : i);
}

static void broken_number(gomap *map, unsigned char *image, uint32_t number)
{
    broken_by(map, image + 8, &number, sizeof number, "T2", __LINE__);
}

static void inline_images(model *model, int is_value)
{
    gomap *map = model->map;
    static const size_t lengths[] = {1, 4, 7, 8, 9, 15};
    for (size_t l = 0; l < COUNT_OF(lengths); l++) {
        size_t length = lengths[l];
        unsigned char *image = image_with(model, is_value, length, 0, 1);
        for (size_t i = length; i < 15; i++) BROKEN_BYTE("T1", map, image + i, 1);
        for (unsigned end = GM_IMAGE_LONG + 1; end < 256; end += 46) BROKEN_BYTE("T1", map, image + 15, end);
        if (image[length - 1]) BROKEN_BYTE("T1", map, image + 15, GM_IMAGE_INLINE + length - 1);
        if (length == 15) continue;
        /* One more zero at its end: another string, with an image as good as any. */
        if (is_value) BROKEN_BYTE("T2", map, image + 15, image[15] + 1);
        else BROKEN_BYTE("E3", map, image + 15, image[15] + 1);
    }
    unsigned char *full = image_with(model, is_value, 16, 0, 0);
    BROKEN_BYTE("T1", map, full + 15, 0xff);
}

static void long_images(model *model, int is_value, size_t length)
{
    gomap *map = model->map;
    gm_strings *strings = el_of(map)->strings[is_value];
    unsigned char *image = image_with(model, is_value, length, 1, 0),
                  *other = image_with(model, is_value, length, 1, 1);
    unsigned size_class = gm_string_class(length);
    gm_store *store = &strings->store[size_class];
    CHECK(store->used >= 2);
    uint32_t number = gm_image_number(image);
    unsigned char *record = gm_string_record(strings, size_class, number);
    unsigned char *hash_end = byte_of(image, 8, 0), *length_end = byte_of(image, 8, 5),
                  *length_top = byte_of(image, 8, 7);
    BROKEN_BYTE("T1", map, image + 14, 1);
    BROKEN_BYTE("T1", map, image + 15, GM_IMAGE_LONG + 1);
    broken_number(map, image, 0);
    broken_number(map, image, store->used + 1);
    broken_number(map, image, UINT32_MAX);
    broken_number(map, image, gm_image_number(other)); /* two that name one string */
    /* Lengths: none, too short for a long one, of another class, more than the region's. */
    unsigned char shorter[GM_IMAGE];
    memcpy(shorter, image, GM_IMAGE);
    for (unsigned i = 5; i < 8; i++) *byte_of(shorter, 8, i) = 0;
    memset(shorter + 12, 0, 2);
    broken_by(map, image, shorter, GM_IMAGE, "T1", __LINE__);
    *byte_of(shorter, 8, 5) = 15;
    broken_by(map, image, shorter, GM_IMAGE, "T1", __LINE__);
    BROKEN_BYTE("T2", map, length_top, *length_top ^ 0x80);
    BROKEN_BYTE("T2", map, byte_of(image + 12, 2, 1), 1);
    /* The hash: of a key it leads elsewhere. */
    if (is_value) BROKEN_BYTE("T1", map, hash_end, *hash_end ^ 1);
    else BROKEN_BYTE("T2", map, hash_end, *hash_end ^ 1);
    BROKEN_BYTE("T2", map, record, record[0] ^ 1);
    BROKEN_BYTE("T2", map, record + 7, record[7] ^ 0x80);
    unsigned char *bytes = (unsigned char *)(uintptr_t)gm_string_read(strings, image).at;
    BROKEN_BYTE("T1", map, bytes, ~bytes[0]);
    BROKEN_BYTE("T1", map, bytes + length - 1, bytes[length - 1] + 1);
    unsigned char *block_end = byte_of(record + 16, 8, 0);
    if (size_class == GM_STRING_LARGE) BROKEN_BYTE("T2", map, block_end, *block_end + 1);
    else BROKEN_BYTE("T1", map, length_end, (length & 7) ? length + 1 : length - 1); /* of the same class */
    /* The store. */
    BROKEN_BY("T2", map, store->used, store->used - 1);
    BROKEN_BY("S2", map, store->live, store->live - 1);
    BROKEN_BY("S2", map, store->free, 1);
    BROKEN_BY("T2", map, strings->live, strings->live + 1);
    BROKEN_BY("T2", map, strings->live, strings->live - 1);
}

static void strings(void)
{
    static const char *const names[] = {
        "map[string]string", "map[string][128]byte", "map[int]string",         "map[int]*string",
        "map[any]string",    "map[[129]byte]string", "map[int]struct{string}", "map[struct{string; int}]struct{}"};
    for (size_t t = 0; t < COUNT_OF(names); t++) {
        model *model = filled(names[t], 600);
        gomap *map = model->map;
        el_map *m = el_of(map);
        BROKEN_BY("T2", map, m->string_bytes, m->string_bytes + 1);
        BROKEN_BY("T2", map, m->string_bytes, m->string_bytes - 1);
        for (int is_value = 0; is_value < 2; is_value++) {
            gm_strings *strings = m->strings[is_value];
            CHECK_EQ(strings != NULL, model->type->strings[is_value].count != 0);
            if (strings == NULL) continue;
            inline_images(model, is_value);
            long_images(model, is_value, 17);
            long_images(model, is_value, 120);
            long_images(model, is_value, 4089);
            BROKEN_BY("T2", map, m->strings[is_value], NULL);
            unsigned empty = 0;
            while (strings->store[empty].used) empty++;
            BROKEN_BY("T2", map, strings->store[empty].stride, strings->store[empty].stride + 8);
        }
        model_free(model);
    }
}

/* Strings in the overflow list are held to the same. */
static void strings_in_the_overflow_list(void)
{
    enum { FORCED = 40 };
    size_t numbers[FORCED];
    model *model = model_new(&elastic, test_type_named("map[string]string"), 60000, 0, 1);
    gomap *map = model->map;
    el_map *m = el_of(map);
    CHECK_EQ(forced_numbers(map, 4, model->domain, numbers, FORCED), FORCED);
    for (size_t i = 0; i < FORCED; i++) CHECK_EQ(model_assign(model, numbers[i]), 1);
    CHECK_EQ(m->overflow_used, FORCED - EL_SLOTS);
    int broken[2] = {0, 0};
    for (uint32_t i = 0; i < m->overflow_used; i++) {
        for (int is_value = 0; is_value < 2; is_value++) {
            unsigned char *image = el_overflow(m, i, (gm_kind){GM_IMAGES, 16, 0}) + is_value * GM_IMAGE;
            if (!gm_image_is_long(image)) continue;
            broken_number(map, image, 0);
            broken_number(map, image, gm_image_number(image) + 1);
            broken[is_value]++;
        }
    }
    CHECK(broken[0] && broken[1]);
    model_free(model);
}

/* A region that holds nothing. */
static void region_without_strings(void)
{
    model *full = filled("map[string]string", 100), *small = filled("map[string]string", 10);
    model *none = model_new(&elastic, test_type_named("map[string]string"), 10, 0, 1);
    gm_strings nothing = *el_of(full->map)->strings[0], *at = &nothing;
    nothing.live = 0;
    for (unsigned size_class = 0; size_class < GM_STRING_CLASSES; size_class++) {
        gm_store *store = &nothing.store[size_class];
        memset(&store->region, 0, sizeof store->region);
        store->capacity = store->used = store->live = store->free = 0;
    }
    for (int is_value = 0; is_value < 2; is_value++) {
        CHECK(el_of(small->map)->strings[is_value] == NULL);
        BROKEN_BY("T3", small->map, el_of(small->map)->strings[is_value], at);
        BROKEN_BY("T3", none->map, el_of(none->map)->strings[is_value], at);
        BROKEN_BY("T2", small->map, el_of(small->map)->strings[is_value], el_of(full->map)->strings[is_value]);
    }
    BROKEN_BY("T2", none->map, el_of(none->map)->string_bytes, 1);
    model_free(full);
    model_free(small);
    model_free(none);
}

int main(void)
{
    test_count_bytes();
    settled_map();
    one_bucket();
    float_keys();
    map_with_records();
    overflow_list("map[int]int", 0);
    overflow_list("map[int]*[128]byte", 1);
    no_buckets();
    strings();
    strings_in_the_overflow_list();
    region_without_strings();
    return 0;
}
