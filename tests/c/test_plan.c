/* test_plan.c - what gomap_plan says of a map, held against a map that is made: to the byte where nothing is chance. */
#include "maps.h"

#include <math.h>

#if defined(__SANITIZE_ADDRESS__) || !defined(__linux__) /* another allocator than those that are foreseen */
enum { SPARE_LEAST = -64, SPARE_MOST = 64 };
static const double PART = 0.1;
#else
/* glibc's malloc gives a block so many bytes more where it finds one of that size: it splits off none smaller. */
enum { SPARE_LEAST = 0, SPARE_MOST = 16 };
static const double PART = 0.02; /* what the mean of many maps may differ by */
#endif

enum { LENGTH_MOST = 20000 };

/* Sizes about which something changes: from one bucket to two, from steps of three eighths to steps of one. */
static const size_t sizes[] = {0,   1,    2,    7,    8,    9,    10,   11,   26,   27,   100,   208,  209,
                               520, 1000, 1865, 1866, 2550, 2551, 2752, 2753, 3085, 3086, 10000, 30000};

/* A type under test, and how long its strings are: the number of one decides which of the lengths it has. */
typedef struct subject {
    const test_engine *engine;
    const gomap_type *type;
    size_t lengths[GOMAP_PARTS][2];
} subject;

/* String number i of a length: digits, then dots. */
static gomap_string string_of(size_t i, size_t length)
{
    static char rooms[8][LENGTH_MOST + 32];
    static unsigned next;
    char *room = rooms[next++ % 8];
    memset(room, '.', length);
    for (size_t at = 0; at < length && i; at++, i /= 10) room[at] = (char)('0' + i % 10);
    return (gomap_string){room, length};
}

/* Strings into a key or value, all of the length that number i has. */
static void put_strings(const subject *subject, int part, size_t i, unsigned char *bytes)
{
    const gomap_places *strings = &subject->type->strings[part];
    for (uint32_t s = 0; s < strings->count; s++) {
        gomap_string string = string_of(i + 1, subject->lengths[part][i % 2]);
        memcpy(bytes + strings->at[s], &string, sizeof string);
    }
}

static void put(gomap *map, const subject *subject, size_t i)
{
    TEST_KEY(key);
    unsigned char value[TEST_KEY_MAX] = {1};
    int added;
    if (map->type->key_kind == GOMAP_OBJECT) {
        gomap_object object = {test_scramble(i), i, NULL}; /* of hashes that are all different */
        memcpy(key, &object, sizeof object);
    } else {
        test_key(map->type, i, key);
    }
    put_strings(subject, GOMAP_KEY, i, key);
    put_strings(subject, GOMAP_VALUE, i, value);
    CHECK(gomap_put(map, key, value, &added) != NULL);
    CHECK(added);
}

static gomap_planned plan(const subject *subject, size_t count, int how)
{
    gomap_length lengths[GOMAP_PARTS][2];
    gomap_lengths strings[GOMAP_PARTS];
    gomap_planned planned;
    for (int part = GOMAP_KEY; part < GOMAP_PARTS; part++) {
        for (size_t i = 0; i < 2; i++)
            lengths[part][i] =
                (gomap_length){subject->lengths[part][i], (count + 1 - i) / 2 * subject->type->strings[part].count};
        strings[part] = (gomap_lengths){lengths[part], subject->type->strings[part].count ? 2 : 0};
    }
    CHECK_EQ(gomap_plan(subject->engine->id, subject->type, count, how, strings, &planned), 0);
    CHECK(count <= planned.most);
    double total = 0;
    for (int purpose = 0; purpose < GOMAP_PURPOSES; purpose++) total += planned.live[purpose];
    CHECK(fabs(total - planned.total) < 1e-6 * total && planned.peak >= planned.total);
    return planned;
}

/* The heap's blocks in a purpose, at most. */
static size_t blocks_of(const subject *subject, int purpose, size_t count)
{
    if (purpose == GOMAP_BUCKETS && subject->engine->id == GOMAP_SWISS) return 1 + count / 400;
    if (purpose != GOMAP_STRINGS) return purpose == GOMAP_RECORDS || purpose == GOMAP_DIRECTORY ? 2 : 1;
    size_t strings = count * (subject->type->strings[GOMAP_KEY].count + subject->type->strings[GOMAP_VALUE].count);
    return subject->engine->id != GOMAP_ELASTIC
               ? strings
               : 6 + strings * (subject->lengths[0][0] > 4000 || subject->lengths[1][0] > 4000);
}

/* Overflow buckets and their old ones; more tables than one. */
static int is_chance(const test_engine *engine, int purpose, size_t count)
{
    enum { TABLE_MOST = 896 };
    if (engine->id == GOMAP_SWISS)
        return count > TABLE_MOST && (purpose == GOMAP_BUCKETS || purpose == GOMAP_DIRECTORY);
    return purpose == GOMAP_OVERFLOW || purpose == GOMAP_OLD_BUCKETS;
}

static void check_held(const subject *subject, const gomap *map, int how, double unmerged)
{
    size_t live[GOMAP_PURPOSES];
    gomap_planned planned = plan(subject, map->count, how);
    gomap_stats stats;
    gomap_walk(map, live);
    gomap_stats_of(map, &stats);
    if (!is_chance(subject->engine, GOMAP_BUCKETS, map->count)) {
        CHECK_BETWEEN(stats.buckets, planned.buckets, (double)planned.buckets + unmerged);
        CHECK_EQ(stats.B, planned.B);
    }
    for (int purpose = 0; purpose < GOMAP_PURPOSES; purpose++) {
        if (is_chance(subject->engine, purpose, map->count)) continue;
        double blocks = (double)blocks_of(subject, purpose, map->count), spare = SPARE_MOST * blocks;
        if (purpose == GOMAP_TAGS || purpose == GOMAP_BUCKETS) spare += unmerged * (double)stats.bucket_bytes;
        CHECK_BETWEEN((double)live[purpose] - planned.live[purpose], SPARE_LEAST * blocks, spare);
    }
}

/* Every size, as the map grows through it; and of copies that were compacted, and of maps given room. */
static void check_type(const subject *subject, size_t domain)
{
    gomap *map = gomap_new(subject->engine->id, subject->type, 0, 11);
    for (size_t i = 0; i < COUNT_OF(sizes) && sizes[i] <= domain; i++) {
        size_t size = sizes[i];
        while (map->count < size) put(map, subject, map->count);
        check_held(subject, map, GOMAP_GROWN, 0);
        if (subject->engine->id == GOMAP_ELASTIC) {
            gomap *copy = gomap_clone(map, 1);
            CHECK_EQ(gomap_compact(copy), 1);
            /* It ends early where a bucket's entries find no room in the others, which are nearly full. */
            check_held(subject, copy, GOMAP_COMPACTED, size <= 10 ? 0 : 4 + (double)size / 300);
            gomap_free(copy);
        }
        gomap *room = gomap_new(subject->engine->id, subject->type, 0, 12);
        CHECK_EQ(gomap_reserve(room, size), 0);
        for (size_t n = 0; n < size; n++) put(room, subject, n);
        check_held(subject, room, GOMAP_RESERVED, 0);
        gomap_free(room);
    }
    gomap_free(map);
}

static void every_type(const test_engine *engine)
{
    static const size_t lengths[][2] = {{9, 15}, {16, 17}, {36, 200}, {121, 4089}, {9000, 12}};
    for (size_t t = 0; t < COUNT_OF(test_types); t++) {
        const gomap_type *type = test_type_made(&test_types[t]);
        int has_strings = test_has_strings(&test_types[t]);
        size_t most = type->key_size + type->value_size > 1000 ? 1000 : 30000;
        for (size_t i = 0; i < (has_strings ? COUNT_OF(lengths) : 1); i++) {
            subject subject = {engine, type, {{lengths[i][0], lengths[i][1]}, {lengths[i][1], lengths[i][0]}}};
            check_type(&subject, test_domain(type, lengths[i][0] > 4000 || lengths[i][1] > 4000 ? 1000
                                                   : has_strings                                ? 3086
                                                                                                : most));
        }
    }
}

/* An insertion after the other, through all of the growth of small regions. */
static void every_size(const test_engine *engine)
{
    static const char *const names[] = {"map[int]int", "map[int][3]byte", "map[int][128]byte", "map[int32]struct{}"};
    for (size_t t = 0; t < COUNT_OF(names); t++) {
        subject subject = {engine, test_type_made(test_type_named(names[t])), {{0, 0}, {0, 0}}};
        gomap *map = gomap_new(engine->id, subject.type, 0, 3);
        for (size_t size = 0; size < 4000; size++) {
            check_held(&subject, map, GOMAP_GROWN, 0);
            put(map, &subject, size);
        }
        gomap_free(map);
    }
}

/* Some millions, through regions that are mapped and grow by their largest step, and by huge pages. */
static void millions(const test_engine *engine)
{
    static const struct {
        const char *name;
        size_t count;
    } maps[] = {{"map[int]int", 5000000},
                {"map[int][3]byte", 1500000},
                {"map[int][128]byte", 250000},
                {"map[int]*[128]byte", 250000}};
    /* Where a Swiss map's tables begin to split, chance says how many have. */
    double part = engine->id == GOMAP_SWISS ? 0.02 : 0.01;
    for (size_t t = 0; t < COUNT_OF(maps); t++) {
        subject subject = {engine, test_type_made(test_type_named(maps[t].name)), {{0, 0}, {0, 0}}};
        gomap *map = gomap_new(engine->id, subject.type, 0, 3);
        for (size_t size = 0; size < maps[t].count; size++) {
            if (size % (maps[t].count / 7) == 0) {
                check_held(&subject, map, GOMAP_GROWN, 0);
                /* With overflow buckets, and old ones, too. */
                if (size)
                    CHECK_BETWEEN((double)gomap_total(map) / plan(&subject, size, GOMAP_GROWN).total, 1 - part,
                                  1 + part);
            }
            put(map, &subject, size);
        }
        gomap_memory memory;
        gomap_memory_of(map, &memory);
        CHECK_BETWEEN((double)memory.total_peak / plan(&subject, map->count, GOMAP_GROWN).peak, 1 - part, 1 + part);
        if (gomap_compact(map)) check_held(&subject, map, GOMAP_COMPACTED, (double)maps[t].count / 1500);
        gomap_free(map);
    }
}

/* What chance decides is the mean of many maps, whatever it is of one: within PART of their bytes. */
static void means(const test_engine *engine)
{
    static const char *const names[] = {"map[int]int", "map[int][128]byte", "map[int]*[128]byte"};
    static const size_t counts[] = {9, 27, 50, 105, 209, 300, 417, 600, 833, 1200, 1665, 2500, 3329, 5000, 6657};
    for (size_t t = 0; t < COUNT_OF(names); t++) {
        subject subject = {engine, test_type_made(test_type_named(names[t])), {{0, 0}, {0, 0}}};
        for (size_t i = 0; i < COUNT_OF(counts); i++) {
            size_t maps = 20000 / counts[i] < 400 ? 20000 / counts[i] : 400;
            double total = 0, overflow = 0, peak = 0;
            for (size_t seed = 0; seed < maps; seed++) {
                gomap *map = gomap_new(engine->id, subject.type, 0, seed);
                gomap_stats stats;
                gomap_memory memory;
                for (size_t n = 0; n < counts[i]; n++) put(map, &subject, n);
                gomap_stats_of(map, &stats);
                gomap_memory_of(map, &memory);
                total += (double)memory.total / (double)maps;
                peak += (double)memory.total_peak / (double)maps;
                overflow += (double)stats.overflow_buckets / (double)maps;
                gomap_free(map);
            }
            gomap_planned planned = plan(&subject, counts[i], GOMAP_GROWN);
            double spare = 0; /* where the heap has holes that are a little larger than what is asked for */
            for (int purpose = 0; purpose < GOMAP_PURPOSES && counts[i] < 1000; purpose++)
                if (planned.live[purpose] > 0) spare += SPARE_MOST * (double)blocks_of(&subject, purpose, counts[i]);
            CHECK_BETWEEN(total / planned.total, 1 - PART, 1 + PART + spare / planned.total);
            double error = 5 * sqrt(planned.overflow_buckets / (double)maps); /* about as chance varies the mean */
            if (engine->id == GOMAP_GO)
                CHECK_BETWEEN(overflow, planned.overflow_buckets - error - 0.1, planned.overflow_buckets + error + 0.1);
            if (engine->id != GOMAP_ELASTIC)
                CHECK_BETWEEN(peak / planned.peak, 1 - PART, 1 + PART + spare / planned.peak);
        }
    }
}

/* What cannot be. */
static void refused(const test_engine *engine)
{
    const gomap_type *type = test_type_made(test_type_named("map[int]int"));
    const gomap_lengths none[GOMAP_PARTS] = {{NULL, 0}, {NULL, 0}};
    gomap_planned planned;
    CHECK_EQ(gomap_plan(engine->id, type, SIZE_MAX / 2, GOMAP_GROWN, none, &planned) == -1, 1);
    size_t most = planned.most;
    CHECK(most > 1000000000);
    CHECK_EQ(gomap_plan(engine->id, type, most, GOMAP_GROWN, none, &planned), 0);
    CHECK(planned.total > 16.0 * (double)most);
    CHECK_EQ(gomap_plan(engine->id, type, most + 1, GOMAP_GROWN, none, &planned) == -1, 1);
    CHECK_EQ(gomap_plan(engine->id, type, 10, GOMAP_COMPACTED, none, &planned) == -1, engine->id != GOMAP_ELASTIC);
    type = test_type_made(test_type_named("map[int]*[128]byte"));
    CHECK_EQ(gomap_plan(engine->id, type, UINT32_MAX, GOMAP_RESERVED, none, &planned) == -1,
             1); /* records have 32 bits */
    CHECK_EQ(planned.most, UINT32_MAX - 1);
}

int main(void)
{
    for (size_t i = 0; i < COUNT_OF(test_engines); i++) {
        const test_engine *engine = &test_engines[i];
        every_type(engine);
        every_size(engine);
        millions(engine);
        means(engine);
        refused(engine);
    }
    return 0;
}
