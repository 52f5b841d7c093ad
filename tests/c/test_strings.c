/* test_strings.c - strings: their images, the string region and its classes, what the elastic map makes of them, and
 * those of extreme lengths in every engine's map. */
#include "forced.h"

static const test_engine elastic = {GOMAP_ELASTIC, "elastic", 0};

static size_t string_bytes(const gomap *map)
{
    gomap_memory memory;
    gomap_memory_of(map, &memory);
    return memory.live[GOMAP_STRINGS];
}

/* ---- images --------------------------------------------------------------------------------- */

/* The image of a string in a block of just its size, byte for byte as it is drawn in string_region.h. */
static void check_image(const unsigned char *bytes, size_t length, gm_seed seed)
{
    unsigned char *block = malloc(length ? length : 1), expected[GM_IMAGE] = {0};
    gm_string made;
    CHECK(block != NULL);
    if (length) memcpy(block, bytes, length);
    gomap_string string = {length ? block : NULL, length};
    CHECK_EQ(gm_string_make(&made, &string, seed), 1);
    CHECK_EQ(gm_image_length(made.image), length);
    CHECK_EQ(gm_image_is_long(made.image), length > 16 || (length == 16 && block[15] >= 0xc0));
    if (gm_image_is_long(made.image)) {
        CHECK_EQ(gm_load64(made.image) & 0xffffffffffu, gm_hash_string(&string, seed) >> 24);
        CHECK_EQ(gm_image_number(made.image), 0);
        CHECK_EQ(made.image[14], 0);
    } else { /* gives the string back: so no two strings have one image */
        if (length) memcpy(expected, block, length);
        if (length < 16) expected[15] = (unsigned char)(0xc0 + length);
        CHECK(memcmp(made.image, expected, GM_IMAGE) == 0);
        gomap_string back = gm_string_read(NULL, made.image);
        CHECK(back.length == length && (length == 0 || memcmp(back.at, block, length) == 0));
    }
    free(block);
}

static void images_give_their_strings_back(void)
{
    uint64_t random = 1;
    gm_seed seed = gm_seed_draw(&random);
    for (size_t length = 0; length <= 17; length++) {
        unsigned char bytes[17];
        for (unsigned fill = 0; fill < 256; fill += 0x55) {
            memset(bytes, (int)fill, sizeof bytes);
            check_image(bytes, length, seed);
            for (size_t at = 0; at < length; at++) {
                for (unsigned byte = 0; byte < 256; byte++) {
                    bytes[at] = (unsigned char)byte;
                    check_image(bytes, length, seed);
                }
                bytes[at] = (unsigned char)fill;
            }
        }
        for (int times = 0; times < 1000; times++) {
            for (size_t i = 0; i < length; i++) bytes[i] = (unsigned char)test_random(&random);
            check_image(bytes, length, seed);
        }
    }
    unsigned char empty[GM_IMAGE];
    gm_string made;
    gm_image_clear(empty);
    CHECK(gm_string_make(&made, &(gomap_string){NULL, 0}, seed));
    CHECK(memcmp(empty, made.image, GM_IMAGE) == 0);
}

/* A long image's length, all 40 bits of it. */
static void images_have_their_length(void)
{
    for (unsigned bit = 4; bit < 40; bit++) {
        for (size_t length = ((size_t)1 << bit) - (bit > 4); length <= ((size_t)1 << bit) + 1; length++) {
            unsigned char image[GM_IMAGE] = {0};
            uint16_t high = (uint16_t)((uint64_t)length >> 24);
            gm_store64(image, 0xffffffffffu | (uint64_t)length << 40);
            memcpy(image + 12, &high, 2);
            gm_image_set_number(image, UINT32_MAX);
            image[15] = GM_IMAGE_LONG;
            CHECK_EQ(gm_image_length(image), length);
            CHECK_EQ(gm_image_number(image), UINT32_MAX);
        }
    }
}

/* A string that no image has room for is in no map, and its bytes are not read. */
static void no_string_is_too_long(void)
{
    gomap *m = gomap_new(GOMAP_ELASTIC, test_type_made(test_type_named("map[string]string")), 0, 1);
    gomap_string small = {"abc", 3};
    int added;
    CHECK(gomap_put(m, &small, &small, &added) != NULL);
    static const size_t lengths[] = {(size_t)1 << 40, ((size_t)1 << 40) + 3, (size_t)1 << 63, SIZE_MAX};
    for (size_t l = 0; l < COUNT_OF(lengths); l++) {
        gomap_string huge = {"abc", lengths[l]};
        CHECK(gomap_find(m, &huge) == NULL);
        CHECK_EQ(gomap_erase(m, &huge), 0);
        CHECK(gomap_assign(m, &huge, &added) == NULL);
        CHECK(gomap_put(m, &huge, &small, &added) == NULL);
        CHECK(gomap_put(m, &small, &huge, &added) == NULL);
        CHECK_MAP(m);
    }
    CHECK_EQ(m->count, 1);
    gomap_string value = gomap_string_at(m, 1, gomap_find(m, &small));
    CHECK(value.length == 3 && memcmp(value.at, "abc", 3) == 0);
    gomap_free(m);
}

/* ---- the region ----------------------------------------------------------------------------- */

static void classes_waste_little(void)
{
    gm_memory memory = {0, 0, NULL};
    gm_strings *strings = NULL;
    double wasted = 0, asked = 0;
    CHECK_EQ(gm_strings_add(&strings, &memory, &(gomap_string){"0123456789abcdef", 16}, 1), 1);
    for (unsigned size_class = 1; size_class < GM_STRING_LARGE; size_class++)
        CHECK(strings->store[size_class].stride > strings->store[size_class - 1].stride);
    for (size_t length = 16; length <= 4088; length++) {
        unsigned size_class = gm_string_class(length);
        CHECK(size_class < GM_STRING_LARGE);
        size_t stride = strings->store[size_class].stride, bytes = length + 8;
        CHECK(stride >= bytes && stride % 8 == 0);                            /* it fits */
        if (size_class) CHECK(strings->store[size_class - 1].stride < bytes); /* and no smaller one does */
        CHECK(stride - bytes < (bytes <= 128 ? 8 : bytes / 8));
        CHECK(length <= test_class_length(size_class) &&
              (size_class == 0 || length > test_class_length(size_class - 1)));
        if (bytes <= 128) continue;
        wasted += (double)(stride - bytes);
        asked += (double)stride;
    }
    CHECK_BETWEEN(wasted / asked, 0, 1.0 / 16);
    CHECK_EQ(gm_string_class(4088), GM_STRING_LARGE - 1);
    CHECK_EQ(gm_string_class(4089), GM_STRING_LARGE);
    CHECK_EQ(gm_string_class(((size_t)1 << 40) - 1), GM_STRING_LARGE);
    gm_strings_remove(&strings, &memory, 16, 1);
    CHECK(strings == NULL && memory.total == 0);
}

/* What stands under the numbers of a class: who owns it, and whose bytes it has. */
enum { REGION_MOST = 400, REGION_LENGTHS = 8 };
static const size_t region_lengths[REGION_LENGTHS] = {16, 17, 24, 120, 121, 4088, 4089, 9000};

typedef struct region_model {
    gm_strings *strings;
    gm_memory memory;
    size_t used[GM_STRING_CLASSES];
    struct {
        size_t length;
        uint64_t owner;
    } at[GM_STRING_CLASSES][REGION_MOST];
} region_model;

static gomap_string region_string(uint64_t owner, size_t length)
{
    static unsigned char bytes[9000];
    memset(bytes, (int)owner, length);
    memcpy(bytes, &owner, 8);
    memcpy(bytes + length - 8, &owner, 8);
    return (gomap_string){bytes, length};
}

static void region_verify(const region_model *r)
{
    size_t live = 0;
    CHECK(gm_strings_check(r->strings) == NULL);
    CHECK_EQ(gm_strings_granted(r->strings), r->memory.total);
    for (unsigned size_class = 0; size_class < GM_STRING_CLASSES; size_class++) {
        CHECK_EQ(r->strings ? r->strings->store[size_class].used : 0, r->used[size_class]);
        live += r->used[size_class];
        for (uint32_t number = 1; number <= r->used[size_class]; number++) {
            unsigned char image[GM_IMAGE] = {0};
            size_t length = r->at[size_class][number].length;
            uint64_t owner = r->at[size_class][number].owner;
            gomap_string expected = region_string(owner, length);
            gm_store64(image, (uint64_t)length << 40);
            gm_image_set_number(image, number);
            image[15] = GM_IMAGE_LONG;
            gomap_string found = gm_string_read(r->strings, image);
            CHECK_EQ(gm_load64(gm_string_record(r->strings, size_class, number)), owner);
            CHECK(found.length == length && memcmp(found.at, expected.at, length) == 0);
        }
    }
    CHECK_EQ(live == 0, r->strings == NULL);
}

static int region_add(region_model *r, size_t length, uint64_t owner)
{
    gomap_string string = region_string(owner, length);
    unsigned size_class = gm_string_class(length);
    uint32_t number = gm_strings_add(&r->strings, &r->memory, &string, owner);
    if (number == 0) return 0;
    CHECK_EQ(number, ++r->used[size_class]);
    r->at[size_class][number].length = length;
    r->at[size_class][number].owner = owner;
    return 1;
}

static void region_remove(region_model *r, unsigned size_class, uint32_t number)
{
    gm_strings_remove(&r->strings, &r->memory, r->at[size_class][number].length, number);
    r->at[size_class][number] = r->at[size_class][r->used[size_class]--];
}

static void region_clone(const region_model *r)
{
    static region_model copy;
    for (int64_t nth = 0;; nth++) {
        copy = *r;
        copy.strings = NULL;
        memset(&copy.memory, 0, sizeof copy.memory);
        gomap_fail_after(nth, 1);
        int cloned = gm_strings_clone(&copy.strings, &copy.memory, r->strings);
        gomap_fail_after(-1, 0);
        region_verify(r);
        if (cloned) break;
        CHECK(copy.strings == NULL && copy.memory.total == 0);
    }
    region_verify(&copy);
    if (r->strings) /* in just the room they take, as the heap and pages round */
        for (unsigned size_class = 0; size_class < GM_STRING_CLASSES; size_class++)
            CHECK(copy.strings->store[size_class].region.bytes <=
                  (copy.used[size_class] * copy.strings->store[size_class].stride + 4095) / 4096 * 4096);
    gm_strings_clear(&copy.strings, &copy.memory);
    CHECK(copy.strings == NULL && copy.memory.total == 0);
    region_verify(r);
}

static void region_stays_dense(void)
{
    static region_model r;
    uint64_t random = 1, owner = 1;
    for (int phase = 0; phase < 8; phase++) {
        for (int step = 0; step < 600; step++) {
            uint64_t dice = test_random(&random);
            size_t length = region_lengths[dice >> 8 & 7];
            unsigned size_class = gm_string_class(length);
            if ((dice & 7) < (phase % 2 ? 2 : 6) && r.used[size_class] + 1 < REGION_MOST) {
                for (int64_t nth = 0;; nth++) { /* every allocation failing first */
                    size_t live = r.strings ? (size_t)r.strings->live : 0;
                    gomap_fail_after(nth, 1);
                    int added = region_add(&r, length, owner);
                    gomap_fail_after(-1, 0);
                    if (added) break;
                    CHECK_EQ(r.strings ? r.strings->live : 0, live);
                    CHECK_EQ(gm_strings_granted(r.strings), r.memory.total);
                    CHECK(gm_strings_check(r.strings) == NULL);
                }
                owner++;
            } else if (r.used[size_class]) {
                region_remove(&r, size_class, 1 + (uint32_t)((dice >> 32) % r.used[size_class]));
            }
            if (step % 16 == 0) region_verify(&r);
        }
        region_clone(&r);
        gm_strings_trim(r.strings, &r.memory);
        region_verify(&r);
    }
    for (unsigned size_class = 0; size_class < GM_STRING_CLASSES; size_class++)
        while (r.used[size_class]) region_remove(&r, size_class, 1);
    region_verify(&r);
    CHECK_EQ(r.memory.total, 0);
    region_clone(&r);
    for (size_t l = 0; l < REGION_LENGTHS; l++)
        for (int times = 0; times < 3; times++) CHECK(region_add(&r, region_lengths[l], owner++));
    gm_strings_clear(&r.strings, &r.memory);
    CHECK(r.strings == NULL && r.memory.total == 0);
}

static void region_check_says(const gm_strings *strings, const char *invariant)
{
    const char *broken = gm_strings_check(strings);
    CHECK(broken != NULL && strncmp(broken, invariant, strlen(invariant)) == 0);
}

/* What gomap_check would find elsewhere first. */
static void region_is_checked(void)
{
    static region_model r;
    for (uint64_t owner = 1; owner <= 5; owner++) CHECK(region_add(&r, 17, owner));
    gm_store *store = &r.strings->store[gm_string_class(17)];
    gm_store_remove(store, &r.memory, 3);
    r.strings->live--;
    region_check_says(r.strings, "T2: the string region has gaps");
    gm_strings_clear(&r.strings, &r.memory);
    CHECK_EQ(r.memory.total, 0);
}

/* ---- strings of one class in a map -------------------------------------------------------------- */

enum { ALIKE = 24 };

/* Number i's key or value, of 20 bytes: all of one class. */
static gomap_string alike(size_t number, int is_value)
{
    static char bytes[4][ALIKE];
    static size_t next;
    char *at = bytes[next++ % 4];
    (void)snprintf(at, ALIKE, "%s number %09u", is_value ? "val" : "key", (unsigned)number);
    return (gomap_string){at, 20};
}

static void check_alike(const gomap *m, size_t number, int present, size_t value)
{
    gomap_string key = alike(number, 0), expected = alike(value, 1);
    const void *at = gomap_find(m, &key);
    CHECK_EQ(at != NULL, present);
    if (!present) return;
    gomap_string found = gomap_string_at(m, 1, at);
    CHECK(found.length == expected.length && memcmp(found.at, expected.at, found.length) == 0);
}

static void put_alike(gomap *m, size_t number, size_t value)
{
    int added;
    gomap_string key = alike(number, 0), string = alike(value, 1);
    CHECK(gomap_put(m, &key, &string, &added) != NULL);
}

/* In the middle, at the end, in any order, with an overflow list and without, in slots and in records: the last
 * string moves and its entry still has it. */
static void deletions_move_the_last(void)
{
    enum { N = 41 /* a prime */ };
    static const gomap_string empty = {NULL, 0};
    for (int forced = 0; forced < 2; forced++) {
        for (size_t stride = 1; stride < N; stride += 3) {
            gomap *m = gomap_new(GOMAP_ELASTIC, test_type_made(test_type_named("map[string]string")), 0, 1);
            size_t numbers[N], n = 0;
            int present[N];
            for (size_t number = 0; n < N; number++) {
                gm_string made;
                gomap_string key = alike(number, 0);
                CHECK(gm_string_make(&made, &key, gm_map_of(m)->seed));
                uint64_t hash = gm_image_hash(made.image, gm_map_of(m)->seed);
                if (!forced || (hash & ((uint64_t)15 << 32 | 15)) == 0) numbers[n++] = number;
            }
            for (size_t i = 0; i < N; i++) {
                put_alike(m, numbers[i], numbers[i]);
                present[i] = 1;
            }
            CHECK_EQ(forced_places(m), forced ? N - EL_SLOTS : 0);
            for (size_t i = 0; i < N; i++) {
                size_t at = i * stride % N, other = (i * stride + 7) % N;
                gomap_string key = alike(numbers[at], 0);
                int added;
                if (stride % 2) { /* the value first, and then another one comes back */
                    CHECK(gomap_put(m, &key, &empty, &added) != NULL && !added);
                    CHECK_MAP(m);
                    if (present[other]) put_alike(m, numbers[other], numbers[other]);
                }
                CHECK_EQ(gomap_erase(m, &key), 1);
                present[at] = 0;
                CHECK_MAP(m);
                for (size_t j = 0; j < N; j++) check_alike(m, numbers[j], present[j], numbers[j]);
                const gm_strings *const *strings = (const gm_strings *const *)el_of(m)->strings;
                CHECK_EQ(strings[0] ? strings[0]->live : 0, m->count);
                CHECK_EQ(strings[1] ? strings[1]->live : 0, m->count);
            }
            CHECK_EQ(string_bytes(m), 0);
            gomap_free(m);
        }
    }
}

/* The most bytes that a region of so many such strings keeps: a heap block twice what they need. */
static size_t most_for(size_t strings)
{
    size_t needed = strings * 32;
    size_t most = needed < GM_MAP_BYTES ? test_granted(2 * needed + 1024) : needed + needed / 32 + 16384;
    return test_granted(sizeof(gm_strings)) + most;
}

/* The region's bytes follow the strings: up, down, to nothing; whether entries go or values are overwritten. */
static void memory_follows_the_strings(void)
{
    enum { N = 20000 };
    for (int overwriting = 0; overwriting < 2; overwriting++) {
        gomap *m = gomap_new(GOMAP_ELASTIC, test_type_made(test_type_named("map[string]string")), 0, 3);
        gomap_string none = {NULL, 0};
        int added;
        for (size_t i = 0; i < N; i++) put_alike(m, i, i);
        CHECK_BETWEEN((double)string_bytes(m) / N, 2 * 28, 2 * 32 * 1.05);
        for (size_t left = N; left > 0; left--) {
            size_t number = left * 7919 % N;
            gomap_string key = alike(number, 0);
            if (overwriting) CHECK(gomap_put(m, &key, &none, &added) != NULL && !added);
            else CHECK_EQ(gomap_erase(m, &key), 1);
            if (left % 1000 == 1) CHECK_MAP(m);
            CHECK(string_bytes(m) <= most_for(overwriting ? N : left - 1) + most_for(left - 1));
        }
        CHECK_EQ(el_of(m)->strings[1] == NULL, 1);
        CHECK_EQ(string_bytes(m) == 0, !overwriting);
        CHECK_EQ(m->count, overwriting ? N : 0);
        gomap_free(m);
    }
}

/* Room beyond the strings goes when a map is compacted. */
static void compacting_trims_the_region(void)
{
    model *m = model_new(&elastic, test_type_named("map[string]string"), 3000, 0, 1);
    for (size_t i = 0; i < m->domain; i++) CHECK_EQ(model_assign(m, i), 1);
    for (size_t i = 0; i < m->domain; i += 3) model_erase(m, i);
    size_t needed = 2 * sizeof(gm_strings) + 2 * GM_STRING_CLASSES * 4096;
    for (int is_value = 0; is_value < 2; is_value++) {
        const gm_strings *strings = el_of(m->map)->strings[is_value];
        for (unsigned size_class = 0; size_class < GM_STRING_CLASSES; size_class++)
            needed += (size_t)strings->store[size_class].used * strings->store[size_class].stride;
    }
    for (size_t i = 0; i < m->domain; i++) {
        if (m->version[i] && test_length(i) > 4088) needed += test_length(i) + 32;
        if (m->version[i] && test_length(m->version[i]) > 4088) needed += test_length(m->version[i]) + 32;
    }
    model_compact(m);
    CHECK(string_bytes(m->map) <= needed);
    for (int is_value = 0; is_value < 2; is_value++) {
        const gm_strings *strings = el_of(m->map)->strings[is_value];
        for (unsigned size_class = 0; size_class < GM_STRING_CLASSES; size_class++) /* pages are whole */
            CHECK(strings->store[size_class].capacity - strings->store[size_class].used <=
                  4096 / strings->store[size_class].stride);
    }
    model_verify(m);
    model_free(m);
}

/* Into maps of other seeds and back: every long string's hash is another one there. */
static void between_seeds(void)
{
    static const char *const names[] = {"map[string]string", "map[string][128]byte", "map[int]*string"};
    for (size_t e = 0; e < COUNT_OF(test_engines); e++) {
        for (size_t t = 0; t < COUNT_OF(names); t++) {
            model *m = model_new(&test_engines[e], test_type_named(names[t]), 2000, 0, 1);
            for (size_t i = 0; i < m->domain; i++) CHECK_EQ(model_assign(m, i), 1);
            for (uint64_t seed = 2; seed < 5; seed++) {
                model *detached = model_detach(m, seed);
                CHECK_EQ(string_bytes(m->map), 0);
                for (size_t i = 0; i < m->domain; i += seed) CHECK_EQ(model_assign(m, i), 1);
                CHECK_EQ(model_merge(m, detached), 0);
                model_verify(m);
                CHECK_EQ(m->count, m->domain);
                model *copy = model_clone(detached, seed + 9);
                model_free(detached);
                model_verify(copy);
                model_compact(copy);
                CHECK_EQ(model_merge(copy, m), 0);
                model_verify(copy);
                model_free(copy);
            }
            model_free(m);
        }
    }
}

/* A deletion under an iterator gives the strings back at once, and those to come are still there. */
static void deleting_while_iterating(void)
{
    static const char *const names[] = {"map[string]string", "map[string][128]byte", "map[int]*string"};
    for (size_t t = 0; t < COUNT_OF(names); t++) {
        model *m = model_new(&elastic, test_type_named(names[t]), 2000, 0, 1);
        size_t number, erased = 0;
        for (size_t i = 0; i < m->domain; i++) CHECK_EQ(model_assign(m, i), 1);
        size_t full = string_bytes(m->map);
        model_iter_begin(m, 0);
        while (model_iter_step(m, 0, &number) == 1) {
            model_erase(m, number);
            size_t other = (number * 13 + 5) % m->domain;
            if (m->version[other] && other % 2) model_erase(m, other);
            else if (m->version[other]) CHECK_EQ(model_assign(m, other), 0); /* another value, of another length */
            if (++erased % 100 == 0) CHECK_MAP(m->map);
            if (m->count < m->domain / 4) CHECK(string_bytes(m->map) < full / 2);
        }
        CHECK_EQ(m->count, 0);
        CHECK_EQ(string_bytes(m->map), 0);
        model_free(m);
    }
}

/* ---- extreme lengths, in every engine -------------------------------------------------------------- */

/* Zeros of every length are different keys, and values. */
static void zeros_of_every_length(void)
{
    enum { MOST = 4200 };
    static const unsigned char zeros[MOST];
    for (size_t e = 0; e < COUNT_OF(test_engines); e++) {
        gomap *m = gomap_new(test_engines[e].id, test_type_made(test_type_named("map[string]string")), 0, 1);
        int added;
        for (size_t length = 0; length < MOST; length++) {
            gomap_string key = {zeros, length}, value = {zeros, MOST - 1 - length};
            CHECK(gomap_put(m, &key, &value, &added) != NULL && added);
        }
        CHECK_MAP(m);
        for (size_t length = 0; length < MOST; length++) {
            gomap_string key = {zeros, length};
            const void *at = gomap_find(m, &key);
            CHECK(at != NULL);
            gomap_string value = gomap_string_at(m, 1, at);
            CHECK_EQ(value.length, MOST - 1 - length);
            CHECK(value.length == 0 || memcmp(value.at, zeros, value.length) == 0);
        }
        gomap_iter iter;
        const void *key, *value;
        size_t sum = 0;
        gomap_iter_begin(&iter, m);
        while (gomap_iter_next(&iter, &key, &value) == 1) {
            gomap_string string = gomap_string_at(m, 0, key);
            CHECK_EQ(gomap_string_at(m, 1, value).length, MOST - 1 - string.length);
            sum += string.length;
        }
        CHECK_EQ(sum, (size_t)MOST * (MOST - 1) / 2);
        for (size_t length = 0; length < MOST; length += 2) CHECK_EQ(gomap_erase(m, &(gomap_string){zeros, length}), 1);
        CHECK_MAP(m);
        for (size_t length = 0; length < MOST; length++)
            CHECK_EQ(gomap_find(m, &(gomap_string){zeros, length}) != NULL, length % 2);
        gomap_free(m);
    }
}

/* 100 MB: longer than 24 bits tell. */
static void hundred_megabytes(void)
{
    enum { LONG = 100000000 };
    unsigned char *bytes = test_alloc(LONG + 1, 1);
    for (size_t i = 0; i < LONG; i += 4099) bytes[i] = (unsigned char)(i >> 12);
    for (size_t e = 0; e < COUNT_OF(test_engines); e++) {
        gomap *m = gomap_new(test_engines[e].id, test_type_made(test_type_named("map[string]string")), 0, 1);
        gomap_string longest = {bytes, LONG}, shorter = {bytes, LONG - 1}, other = {bytes, LONG & 0xffffff},
                     small = {"small", 5};
        int added;
        CHECK(gomap_put(m, &longest, &small, &added) != NULL && added);
        CHECK(gomap_put(m, &other, &small, &added) != NULL && added);
        CHECK_BETWEEN(string_bytes(m), LONG + LONG % (1 << 24), LONG + LONG % (1 << 24) + 65536);
        CHECK(gomap_find(m, &longest) != NULL && gomap_find(m, &shorter) == NULL);
        bytes[LONG - 1] ^= 1;
        CHECK(gomap_find(m, &longest) == NULL);
        bytes[LONG - 1] ^= 1;
        CHECK_EQ(gomap_erase(m, &longest), 1);
        CHECK(gomap_put(m, &small, &shorter, &added) != NULL && added);
        gomap_string found = gomap_string_at(m, 1, gomap_find(m, &small));
        CHECK(found.length == LONG - 1 && memcmp(found.at, bytes, LONG - 1) == 0);
        CHECK_MAP(m);
        gomap_fail_after(0, 1);
        CHECK(gomap_put(m, &small, &longest, &added) == NULL);
        gomap_fail_after(-1, 0);
        CHECK_EQ(gomap_string_at(m, 1, gomap_find(m, &small)).length, LONG - 1);
        CHECK(gomap_put(m, &small, &small, &added) != NULL && !added);
        CHECK(string_bytes(m) < (1 << 24));
        gomap_free(m);
    }
    free(bytes);
}

/* ---- the hash -------------------------------------------------------------------------------- */

static int by_word(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The lengths alone tell strings of zeros apart: in the forty bits that an image keeps, and in all of Go's. */
static void zeros_have_hashes_of_their_own(void)
{
    enum { MOST = 20000, POWERS = 24 };
    static uint64_t images[MOST + POWERS], strings[MOST + POWERS];
    unsigned char *zeros = test_alloc((size_t)1 << POWERS, 1);
    uint64_t random = 7;
    for (int s = 0; s < 2; s++) {
        gm_seed seed = gm_seed_draw(&random);
        size_t n = 0;
        for (size_t i = 0; i < MOST + POWERS; i++) {
            size_t length = i < MOST ? i : (size_t)1 << (i - MOST + 1);
            if (i >= MOST && length < MOST) continue;
            gomap_string string = {zeros, length};
            gm_string made;
            CHECK(gm_string_make(&made, &string, seed));
            images[n] = gm_image_hash(made.image, seed);
            strings[n++] = gm_hash_string(&string, seed);
        }
        qsort(images, n, sizeof *images, by_word);
        qsort(strings, n, sizeof *strings, by_word);
        for (size_t i = 1; i < n; i++) CHECK(images[i] != images[i - 1] && strings[i] != strings[i - 1]);
    }
    free(zeros);
}

/* Of n long strings as many pairs have one hash as forty bits make: n^2 / 2^41, which is none here. */
static void long_hashes_are_of_forty_bits(void)
{
    enum { N = 300000 };
    uint64_t *hashes = test_alloc(N, sizeof *hashes), random = 3;
    gm_seed seed = gm_seed_draw(&random);
    for (size_t i = 0; i < N; i++) {
        gomap_string string = alike(i, 0);
        gm_string made;
        CHECK(gm_string_make(&made, &string, seed));
        hashes[i] = gm_image_hash(made.image, seed);
    }
    qsort(hashes, N, sizeof *hashes, by_word);
    for (size_t i = 1; i < N; i++) CHECK(hashes[i] != hashes[i - 1]);
    free(hashes);
}

/* A string of 20 bytes, fast to make. */
static gomap_string numbered(uint64_t number)
{
    static unsigned char bytes[4][20];
    static size_t next;
    unsigned char *at = bytes[next++ % 4];
    memset(at, 'x', 20);
    memcpy(at + 6, &number, 8);
    return (gomap_string){at, 20};
}

/* Two strings of one length that have all forty bits in common, found by trying three million, are two keys. */
static void equal_hashes_are_compared(void)
{
    enum { N = 3000000, NUMBER_BITS = 24 };
    const uint64_t below = ((uint64_t)1 << NUMBER_BITS) - 1;
    uint64_t *hashes = test_alloc(N, sizeof *hashes);
    size_t pairs = 0;
    gomap *m = gomap_new(GOMAP_ELASTIC, test_type_made(test_type_named("map[string]int")), 0, 1);
    for (uint64_t i = 0; i < N; i++) {
        gomap_string string = numbered(i);
        gm_string made;
        CHECK(gm_string_make(&made, &string, gm_map_of(m)->seed));
        hashes[i] = gm_load64(made.image) << NUMBER_BITS | i;
    }
    qsort(hashes, N, sizeof *hashes, by_word);
    for (size_t i = 1; i < N; i++) {
        if ((hashes[i] ^ hashes[i - 1]) & ~below) continue;
        gomap_string one = numbered(hashes[i - 1] & below), other = numbered(hashes[i] & below);
        int added;
        pairs++;
        *(uint64_t *)gomap_assign(m, &one, &added) = 1;
        CHECK(gomap_find(m, &other) == NULL && gomap_erase(m, &other) == 0);
        *(uint64_t *)gomap_assign(m, &other, &added) = 2;
        CHECK_EQ(added, 1);
        CHECK_EQ(*(const uint64_t *)gomap_find(m, &one), 1);
        CHECK_EQ(*(const uint64_t *)gomap_find(m, &other), 2);
        CHECK_MAP(m);
        CHECK_EQ(gomap_erase(m, &one), 1); /* the other's string takes its number */
        CHECK_EQ(*(const uint64_t *)gomap_find(m, &other), 2);
        CHECK(gomap_find(m, &one) == NULL);
        CHECK_MAP(m);
    }
    CHECK(pairs > 0);
    gomap_free(m);
    free(hashes);
}

/* Every byte of it, and its length. */
static void all_of_a_string_is_compared(void)
{
    gm_memory memory = {0, 0, NULL};
    gm_strings *strings = NULL;
    uint64_t random = 1;
    gm_seed seed = gm_seed_draw(&random);
    for (size_t l = 0; l < REGION_LENGTHS; l++) {
        size_t length = region_lengths[l];
        gomap_string string = region_string(1, length);
        gm_string made;
        unsigned char image[GM_IMAGE] = {0};
        ((unsigned char *)(uintptr_t)string.at)[15] = 0xff; /* so that sixteen bytes are long, too */
        CHECK(gm_string_make(&made, &string, seed) && gm_image_is_long(made.image));
        memcpy(image, made.image, GM_IMAGE);
        gm_image_set_number(image, gm_strings_add(&strings, &memory, &string, 1));
        CHECK(gm_image_equal(strings, &made, image));
        for (size_t at = 0; at < length; at += at < length - 20 && at > 20 ? 9 : 1) {
            ((unsigned char *)(uintptr_t)string.at)[at] ^= 1; /* the image says the same still */
            CHECK(!gm_image_equal(strings, &made, image));
            ((unsigned char *)(uintptr_t)string.at)[at] ^= 1;
        }
        for (size_t byte = 0; byte < GM_IMAGE; byte++) {
            if (byte >= 8 && byte < 12) continue; /* the number, which nobody knows who looks for it */
            made.image[byte] ^= 1;
            CHECK(byte == 15 || !gm_image_equal(strings, &made, image));
            made.image[byte] ^= 1;
        }
    }
    gm_strings_clear(&strings, &memory);
}

/* ---- structs with strings, in every engine ----------------------------------------------------------- */

/* A value of two ints, three strings between them, each of one letter repeated. */
static void put_three(gomap *m, uint64_t key, const char *letters, const size_t lengths[3])
{
    static const uint32_t at[] = {8, 24, 48};
    static char rooms[3][6000];
    unsigned char value[64] = {0};
    int added;
    for (int i = 0; i < 3; i++) {
        memset(rooms[i], letters[i], lengths[i]);
        gomap_string string = {rooms[i], lengths[i]};
        memcpy(value + at[i], &string, sizeof string);
    }
    CHECK(gomap_put(m, &key, value, &added) != NULL);
    CHECK_MAP(m);
    const unsigned char *found = gomap_find(m, &key);
    for (int i = 0; i < 3; i++) {
        gomap_string string = gomap_string_at(m, GOMAP_VALUE, found + at[i]);
        CHECK(string.length == lengths[i] && (lengths[i] == 0 || memcmp(string.at, rooms[i], lengths[i]) == 0));
    }
}

/* The strings of one entry are neighbours in the region: overwriting and erasing move them into each other's places. */
static void strings_of_one_entry(void)
{
    static const size_t lengths[][3] = {{20, 20, 20}, {20, 20, 20}, {20, 21, 22}, {5, 20, 20},      {20, 0, 20},
                                        {20, 20, 30}, {30, 20, 20}, {20, 30, 20}, {5000, 20, 5000}, {5000, 5000, 5000},
                                        {20, 20, 20}, {0, 0, 0},    {4, 4, 4},    {20, 20, 20}};
    const gomap_type *type = test_type_made(test_type_named("map[int]struct{int; string; string; int; string}"));
    for (size_t e = 0; e < COUNT_OF(test_engines); e++) {
        for (uint64_t entries = 1; entries <= 3; entries++) {
            gomap *m = gomap_new(test_engines[e].id, type, 0, entries);
            uint64_t bytes[4] = {0};
            for (size_t round = 0; round < 3 * COUNT_OF(lengths); round++) {
                const size_t *three = lengths[(round * (entries + 1)) % COUNT_OF(lengths)];
                uint64_t key = round % entries;
                char letters[3] = {(char)('a' + round % 26), (char)('b' + round % 25), (char)('A' + round % 26)};
                put_three(m, key, letters, three);
                bytes[key] = three[0] + three[1] + three[2];
                CHECK_EQ(gomap_string_bytes(m), bytes[0] + bytes[1] + bytes[2]);
                if (round % 11 != 10) continue;
                CHECK_EQ(gomap_erase(m, &key), 1);
                bytes[key] = 0;
                CHECK_MAP(m);
                CHECK_EQ(gomap_string_bytes(m), bytes[0] + bytes[1] + bytes[2]);
            }
            for (uint64_t key = 0; key < entries; key++) (void)gomap_erase(m, &key);
            CHECK_EQ(gomap_string_bytes(m), 0);
            CHECK_EQ(string_bytes(m), 0);
            gomap_free(m);
        }
    }
}

/* A value of as many strings as there may be, and the third that finds no memory gives the others back. */
static void most_strings_of_a_value(void)
{
    enum { MOST = GOMAP_STRINGS_MOST };
    static uint32_t at[MOST];
    static gomap_string value[MOST];
    for (size_t e = 0; e < COUNT_OF(test_engines); e++) {
        gomap_type type;
        for (uint32_t i = 0; i < MOST; i++) at[i] = i * GOMAP_STRING_SIZE;
        gomap_type_init(&type, GOMAP_BITS64, 8, MOST * GOMAP_STRING_SIZE, 0);
        gomap_type_strings(&type, GOMAP_VALUE, at, MOST);
        gomap *m = gomap_new(test_engines[e].id, &type, 0, 1);
        for (uint64_t key = 0; key < 20; key++) {
            int added;
            size_t before = gomap_total(m), failures = 0;
            for (size_t i = 0; i < MOST; i++) value[i] = test_string(12 + 29 * (i % 12));
            for (int64_t nth = 0;; nth += 1 + nth / 8) {
                gomap_fail_after(nth, 1);
                int is_in = gomap_put(m, &key, value, &added) != NULL;
                gomap_fail_after(-1, 0);
                CHECK_MAP(m);
                if (is_in) break;
                CHECK_EQ(m->count, key);
                failures++;
            }
            CHECK(gomap_total(m) >= before && (key > 0 || failures > 0));
        }
        gomap *copy = gomap_clone(m, 2);
        CHECK_MAP(copy);
        for (uint64_t key = 0; key < 20; key++) CHECK_EQ(gomap_erase(m, &key), 1);
        CHECK_EQ(string_bytes(m), 0);
        CHECK_EQ(gomap_merge(m, copy), 0);
        CHECK_MAP(m);
        CHECK_EQ(gomap_string_bytes(m), gomap_string_bytes(copy));
        gomap_free(m);
        gomap_free(copy);
    }
}

static const char *const pairs[][2] = {
    {"", ""},
    {"a", ""},
    {"", "a"},
    {"ab", "c"},
    {"a", "bc"},
    {"abc", ""},
    {"", "abc"},
    {"a string of some length, x", "y"},
    {"a string of some length, ", "xy"},
    {"a string of some length, x", ""},
    {"a string of some length, y", "y"},
    {"y", "a string of some length, x"},
    {"sixteen letters!", "sixteen letters"},
    {"sixteen letters", "sixteen letters!"},
};

/* What moves from one string to the next makes another key; equal contents make the same, wherever they stand. */
static void keys_of_two_strings(void)
{
    const gomap_type *type = test_type_made(test_type_named("map[struct{string; string}]int"));
    for (size_t e = 0; e < COUNT_OF(test_engines); e++) {
        gomap *m = gomap_new(test_engines[e].id, type, 0, 3);
        for (int round = 0; round < 2; round++) {
            for (uint64_t i = 0; i < COUNT_OF(pairs); i++) {
                char rooms[2][40];
                gomap_string key[2];
                int added;
                for (int s = 0; s < 2; s++) {
                    memcpy(rooms[s], pairs[i][s], strlen(pairs[i][s]) + 1);
                    key[s] = (gomap_string){rooms[s], strlen(rooms[s])};
                }
                CHECK_EQ(gomap_find(m, key) != NULL, round == 1);
                CHECK(gomap_put(m, key, &i, &added) != NULL);
                CHECK_EQ(added, round == 0);
            }
            CHECK_EQ(m->count, COUNT_OF(pairs));
            CHECK_MAP(m);
        }
        gomap_free(m);
    }
}

/* Looking for what no string of a map can be finds nothing, and putting it in changes nothing. */
static void keys_with_strings_too_long(void)
{
    const gomap_type *type = test_type_made(test_type_named("map[struct{string; string}]int"));
    gomap *m = gomap_new(GOMAP_ELASTIC, type, 0, 3);
    gomap_string key[2] = {{"", 0}, {"", (size_t)1 << 40}};
    void *found[1];
    int added;
    CHECK(gomap_assign(m, key, &added) == NULL);
    key[1].length = 0;
    CHECK(gomap_assign(m, key, &added) != NULL);
    key[1].length = (size_t)1 << 40;
    CHECK(gomap_find(m, key) == NULL && gomap_at(m, key) == NULL && gomap_erase(m, key) == 0);
    CHECK_EQ(gomap_find_many(m, key, 1, found), 0);
    CHECK_EQ(m->count, 1);
    CHECK_MAP(m);
    gomap_free(m);
}

int main(void)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } tests[] = {
        {"images_give_their_strings_back", images_give_their_strings_back},
        {"images_have_their_length", images_have_their_length},
        {"no_string_is_too_long", no_string_is_too_long},
        {"classes_waste_little", classes_waste_little},
        {"region_stays_dense", region_stays_dense},
        {"region_is_checked", region_is_checked},
        {"deletions_move_the_last", deletions_move_the_last},
        {"memory_follows_the_strings", memory_follows_the_strings},
        {"compacting_trims_the_region", compacting_trims_the_region},
        {"between_seeds", between_seeds},
        {"deleting_while_iterating", deleting_while_iterating},
        {"zeros_of_every_length", zeros_of_every_length},
        {"hundred_megabytes", hundred_megabytes},
        {"zeros_have_hashes_of_their_own", zeros_have_hashes_of_their_own},
        {"equal_hashes_are_compared", equal_hashes_are_compared},
        {"all_of_a_string_is_compared", all_of_a_string_is_compared},
        {"long_hashes_are_of_forty_bits", long_hashes_are_of_forty_bits},
        {"strings_of_one_entry", strings_of_one_entry},
        {"most_strings_of_a_value", most_strings_of_a_value},
        {"keys_of_two_strings", keys_of_two_strings},
        {"keys_with_strings_too_long", keys_with_strings_too_long},
    };
    test_count_bytes();
    for (size_t t = 0; t < COUNT_OF(tests); t++) {
        printf("%s\n", tests[t].name);
        fflush(stdout);
        tests[t].run();
        CHECK_EQ(test_live_bytes, 0);
    }
    return 0;
}
