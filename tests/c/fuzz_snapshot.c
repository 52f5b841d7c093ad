/* fuzz_snapshot.c - a fuzzer of saved maps: whatever their bytes are, reading stays within them and comes to an end,
 * and what can be loaded can be written to.
 *
 *     fuzz_snapshot [SEED [FILES [FIRST]]]
 *
 * Each file is a good one, changed: bits, numbers, images, tags, sections, sizes. Its checksums are then made right
 * again, or not. It is placed in a block of just its size, so that the address sanitizer sees what is read beyond it.
 * It is changed again while it is open. With -DFUZZ_THREAD (and -pthread) another thread changes it all the time.
 */
#include "snapshots.h"

#include "checksum.h"
#include "codes.h"
#include "columns.h"
#include "combine.h"
#include "entries.h"
#include "forced.h"
#include "largest.h"

#if defined(FUZZ_THREAD)
#include <pthread.h>
#include <stdatomic.h>
#endif

static uint64_t seed = 1, current, dice;
static size_t opened_files, loaded_files, good_files;

static uint64_t roll(uint64_t below) { return below ? test_random(&dice) % below : 0; }

/* ---- good files ------------------------------------------------------------------------------------------------- */

enum { SIZES = 6, KEYS = 70, COLLIDING = 25 };
static saved made[COUNT_OF(test_types)][SIZES];

/* Of 0 to 60 entries; the largest with some that found no bucket, where that can be. */
static const saved *good_file(size_t t, size_t size)
{
    static const size_t counts[SIZES] = {0, 1, 8, 20, 60, 30};
    const test_type *type = &test_types[t];
    saved *file = &made[t][size];
    if (file->at) return file;
    model *m = model_new(&test_engines[GOMAP_ELASTIC], type, 1 << 13, 0, t * SIZES + size);
    for (size_t i = 0; i < counts[size] && i < m->domain; i++) CHECK_EQ(model_assign(m, i), 1);
    if (size == SIZES - 1 && m->domain == 1 << 13 &&
        (m->type->key_kind == GOMAP_BITS64 || m->type->key_kind == GOMAP_STRING)) {
        size_t numbers[COLLIDING], n = forced_numbers(m->map, 4, m->domain, numbers, COLLIDING);
        for (size_t i = 0; i < n; i++) (void)model_assign(m, numbers[i]);
        for (size_t i = 0; i < 30; i++)
            if (forced_hash_of(m->map, i) & 15) model_erase(m, i);
    }
    *file = snapshot_of(m->map, type->name, GOMAP_SAVE_LEAST);
    model_free(m);
    return file;
}

/* ---- changes ---------------------------------------------------------------------------------------------------- */

enum { HEAD = 104, ITEM = 40, ROOM = 1 << 17 };
/* Numbers of the head and of an item of its table: their offsets. */
static const unsigned char words4[] = {8, 12, 64, 68, 72, 76, 80, 84, 88, 92, 96, 100}, words8[] = {16, 32, 40, 48, 56};
enum { AT_SECTIONS = 92, AT_BYTES = 16, AT_HEAD_BYTES = 12, AT_CHECKSUM = 24 };

typedef struct file {
    unsigned char at[ROOM];
    size_t bytes;
} file;

static uint64_t odd_number(uint64_t was)
{
    static const uint64_t odd[] = {0,
                                   1,
                                   2,
                                   7,
                                   8,
                                   15,
                                   16,
                                   255,
                                   4096,
                                   65535,
                                   0x7fffffff,
                                   0x80000000,
                                   0xfffffffe,
                                   0xffffffff,
                                   0x100000000,
                                   (uint64_t)1 << 40,
                                   UINT64_MAX / 2,
                                   UINT64_MAX - 4095,
                                   UINT64_MAX};
    switch (roll(6)) {
    case 0: return was + 1;
    case 1: return was - 1;
    case 2: return was ^ (uint64_t)1 << roll(64);
    case 3: return was * 2;
    case 4: return roll(64);
    default: return odd[roll(COUNT_OF(odd))];
    }
}

static uint32_t sections_of(const file *f)
{
    uint32_t sections = f->bytes >= HEAD ? gm_load32(f->at + AT_SECTIONS) : 0;
    return sections <= 128 && HEAD + (size_t)sections * ITEM <= f->bytes ? sections : 0;
}

/* Where some section's bytes are; 0: there is none. */
static int some_section(const file *f, gomap_section *section)
{
    uint32_t sections = sections_of(f);
    if (sections == 0) return 0;
    memcpy(section, f->at + HEAD + roll(sections) * ITEM, sizeof *section);
    return section->at < f->bytes && section->bytes <= f->bytes - section->at && section->bytes;
}

/* Bytes of a section: numbers of records and strings, tags, images. */
static void change_bytes(unsigned char *at, size_t bytes)
{
    size_t place = (size_t)roll(bytes);
    switch (roll(7)) {
    case 0: at[place] ^= (unsigned char)(1u << roll(8)); break;
    case 1: at[place] = (unsigned char)roll(256); break;
    case 2:
        place &= ~(size_t)3;
        if (place + 4 <= bytes) gm_store32(at + place, (uint32_t)odd_number(gm_load32(at + place)));
        break;
    case 3:
        place &= ~(size_t)7;
        if (place + 8 <= bytes) gm_store64(at + place, odd_number(gm_load64(at + place)));
        break;
    case 4: /* an image's last byte */
        place = (place & ~(size_t)7) + 7;
        if (place < bytes) at[place] = (unsigned char)(0xbf + roll(0x14));
        break;
    case 5: memset(at + place, roll(2) ? 0 : (int)roll(256), (size_t)roll(bytes - place + 1)); break;
    default: { /* one stretch where another is */
        size_t length = (size_t)roll(bytes < 40 ? bytes : 40) + 1, from = (size_t)roll(bytes - length + 1);
        if (length <= bytes) memmove(at + (size_t)roll(bytes - length + 1), at + from, length);
    }
    }
}

static void change_table(file *f)
{
    uint32_t sections = sections_of(f);
    if (sections == 0) return;
    unsigned char *one = f->at + HEAD + roll(sections) * ITEM, *other = f->at + HEAD + roll(sections) * ITEM,
                  kept[ITEM];
    switch (roll(7)) {
    case 0: /* what, of */ gm_store32(one, (uint32_t)(roll(2) ? roll(10) : odd_number(gm_load32(one)))); break;
    case 1: gm_store32(one + 4, (uint32_t)(roll(2) ? roll(56) : odd_number(gm_load32(one + 4)))); break;
    case 2: {
        size_t field = 8 + 8 * (size_t)roll(3);
        gm_store64(one + field, odd_number(gm_load64(one + field)));
        break;
    }
    case 3: /* swapped */
        memcpy(kept, one, ITEM);
        memcpy(one, other, ITEM);
        memcpy(other, kept, ITEM);
        break;
    case 4: memcpy(one, other, ITEM); break;       /* twice */
    case 5: memcpy(one + 8, other + 8, 16); break; /* in one place */
    default:                                       /* the last one is no more */
        gm_store32(f->at + AT_SECTIONS, sections - 1);
        memcpy(kept, f->at + HEAD + (sections - 1) * ITEM, ITEM);
        if (roll(2)) gm_store64(f->at + AT_BYTES, gm_load64(kept + 8));
    }
}

static void change(file *f)
{
    gomap_section section;
    switch (roll(10)) {
    case 0:
        if (f->bytes) f->at[roll(f->bytes)] ^= (unsigned char)(1u << roll(8));
        break;
    case 1:
        if (f->bytes >= HEAD && roll(2)) {
            unsigned char *at = f->at + words4[roll(COUNT_OF(words4))];
            gm_store32(at, (uint32_t)odd_number(gm_load32(at)));
        } else if (f->bytes >= HEAD) {
            unsigned char *at = f->at + words8[roll(COUNT_OF(words8))];
            gm_store64(at, odd_number(gm_load64(at)));
        }
        break;
    case 2: change_table(f); break;
    case 3: { /* cut, or longer */
        size_t bytes = roll(4) ? f->bytes - (size_t)roll(roll(2) ? 70 : f->bytes + 1) : f->bytes + (size_t)roll(200);
        if (bytes > ROOM) break;
        if (bytes > f->bytes) memset(f->at + f->bytes, (int)roll(256), bytes - f->bytes);
        f->bytes = bytes;
        if (roll(2) && bytes >= HEAD) gm_store64(f->at + AT_BYTES, bytes);
        break;
    }
    default:
        if (some_section(f, &section)) change_bytes(f->at + section.at, (size_t)section.bytes);
    }
}

static void mend_sections(file *f)
{
    uint32_t sections = sections_of(f);
    for (uint32_t i = 0; i < sections; i++) {
        gomap_section section;
        unsigned char *item = f->at + HEAD + (size_t)i * ITEM;
        memcpy(&section, item, sizeof section);
        if (section.at > f->bytes || section.bytes > f->bytes - section.at) continue;
        section.checksum = gm_checksum_of(f->at + section.at, (size_t)section.bytes);
        memcpy(item, &section, sizeof section);
    }
}

static void mend_head(file *f)
{
    if (f->bytes < HEAD) return;
    uint32_t head = gm_load32(f->at + AT_HEAD_BYTES);
    gm_store64(f->at + AT_CHECKSUM, 0);
    if (head <= f->bytes) gm_store64(f->at + AT_CHECKSUM, gm_checksum_of(f->at, head));
}

/* ---- reading ---------------------------------------------------------------------------------------------------- */

static volatile unsigned char seen; /* so that what is read is read */

static void read_bytes(const void *at, size_t bytes)
{
    unsigned char sum = 0;
    for (size_t i = 0; i < bytes; i++) sum ^= ((const unsigned char *)at)[i];
    seen ^= sum;
}

static void read_part(const gomap *map, int part, const void *at)
{
    const gomap_places *strings = &map->type->strings[part];
    read_bytes(at, part == GOMAP_KEY ? map->type->key_size : map->type->value_size);
    for (uint32_t i = 0; i < strings->count; i++) {
        gomap_string string = gomap_string_at(map, part, (const unsigned char *)at + strings->at[i]);
        read_bytes(string.at, string.length);
    }
}

static void look_up(const gomap *map)
{
    enum { AT_ONCE = 4 };
    _Alignas(gomap_key) static unsigned char keys[AT_ONCE * TEST_KEY_MAX];
    size_t keys_in_all = test_domain(map->type, KEYS);
    for (size_t begin = 0; begin < keys_in_all; begin += AT_ONCE) {
        void *found[AT_ONCE];
        size_t some = keys_in_all - begin < AT_ONCE ? keys_in_all - begin : AT_ONCE;
        for (size_t i = 0; i < some; i++) test_key(map->type, begin + i, keys + i * map->type->key_size);
        for (size_t i = 0; i < some; i++) {
            const unsigned char *key = keys + i * map->type->key_size;
            const void *value = begin % 8 ? gomap_find(map, key) : gomap_at(map, key);
            if (value) read_part(map, GOMAP_VALUE, value);
        }
        CHECK(gomap_find_many(map, keys, some, found) <= some);
        for (size_t i = 0; i < some; i++)
            if (found[i]) read_part(map, GOMAP_VALUE, found[i]);
    }
}

static void iterate(gomap *map)
{
    gomap_iter iter, again;
    const void *key, *value;
    size_t steps = 0;
    gomap_iter_begin(&iter, map);
    gomap_iter_again(&again, &iter);
    while (gomap_iter_next(&iter, &key, &value) == 1) {
        gomap_key room;
        CHECK(++steps <= map->count);
        read_part(map, GOMAP_KEY, key);
        read_part(map, GOMAP_VALUE, value);
        const void *sought = gomap_key_again(map, key, &room);
        if ((value = gomap_find(map, sought)) != NULL) read_part(map, GOMAP_VALUE, value);
    }
    gomap_iter_end(&iter);
    gomap_iter_end(&again);
    if (gomap_any(map, &key, &value)) {
        read_part(map, GOMAP_KEY, key);
        read_part(map, GOMAP_VALUE, value);
    }
}

/* The operations over whole maps that read one. */
static void read_whole(gomap *map)
{
    size_t count = map->count, more = count < 64 ? count + 3 : 64, done;
    const gomap_type *type = map->type;
    gomap_iter iter;
    char *keys = test_alloc(more, type->key_size), *values = test_alloc(more, type->value_size);
    gomap_iter_begin(&iter, map);
    CHECK(gomap_entries_copy(&iter, more, keys, values) <= count);
    gomap_iter_end(&iter);
    if (type->value_size == 8 || type->value_size == 4) {
        gomap_ranked heap[8];
        gomap_largest largest = {0};
        largest.heap = heap;
        largest.room = COUNT_OF(heap);
        largest.kind = type->value_size == 8 ? GOMAP_N_FLOAT64 : GOMAP_N_INT32;
        gomap_iter_begin(&iter, map);
        CHECK(gomap_largest_take(&largest, &iter, count + 3) <= count);
        gomap_iter_end(&iter);
        gomap_largest_sort(&largest);
        for (size_t i = 0; i < largest.count; i++) read_part(map, GOMAP_KEY, largest.heap[i].key);
        gomap_decoding decoding = {NULL, NULL, 0};
        decoding.keys = test_alloc(count + 1, sizeof(void *));
        gomap_iter_begin(&iter, map);
        (void)gomap_codes_find(&iter, &decoding, count + 1);
        gomap_iter_end(&iter);
        done = gomap_codes_keys(decoding.keys, count, type->key_size, NULL, more < count ? more : count, keys);
        CHECK(done <= count);
        free(decoding.keys);
    }
    free(keys);
    free(values);
}

/* Into other maps, which are then as good as any. The bytes stay as they are meanwhile. */
static void put_into_others(gomap *map)
{
    for (int engine = 0; engine < GOMAP_ENGINES; engine++) {
        gomap *other = gomap_new(engine, map->type, roll(2) ? map->count : 0, current);
        CHECK(gomap_merge(other, map) == 0);
        CHECK(other->count <= map->count);
        CHECK_MAP(other);
        gomap_iter iter;
        gomap_merging merging;
        memset(&merging, 0, sizeof merging);
        merging.kind = GOMAP_N_INT64;
        merging.how = roll(2) ? GOMAP_FIRST : GOMAP_LAST;
        if (map->type->value_size == 8) {
            merging.how = GOMAP_MIN;
            gomap_iter_begin(&iter, map);
            CHECK(gomap_merge_fits(other, &iter, &merging, map->count) <= map->count);
            gomap_iter_end(&iter);
        }
        if (roll(2)) gomap_clear(other);
        gomap_iter_begin(&iter, map);
        CHECK(gomap_merge_some(other, &iter, &merging, map->count) <= map->count);
        gomap_iter_end(&iter);
        CHECK_MAP(other);
        gomap_free(other);
    }
}

static void check(const gomap *map)
{
    char why[256];
    gomap_memory memory;
    gomap_stats stats;
    size_t live[GOMAP_PURPOSES];
    int broken = gomap_check(map, why, sizeof why);
    good_files += broken == 0;
    CHECK(broken == 0 || strncmp(why, "M1", 2) != 0);
    gomap_memory_of(map, &memory);
    gomap_stats_of(map, &stats);
    gomap_walk(map, live);
    (void)gomap_string_bytes(map);
}

/* ---- loading ---------------------------------------------------------------------------------------------------- */

/* What misleads nobody but who reads it: two entries of one key, a float that is another form of its number, an image
 * with a hash that is not its string's. */
static void check_loaded(const gomap *map)
{
    char why[256];
    if (gomap_check(map, why, sizeof why) == 0) return;
    if (strncmp(why, "E2", 2) == 0 || strncmp(why, "E3", 2) == 0 || strncmp(why, "T1", 2) == 0) return;
    fprintf(stderr, "loaded, but %s\n", why);
    exit(1);
}

static void write_to(gomap *map)
{
    TEST_KEY(key);
    gomap_iter iter;
    const void *at, *value;
    int added;
    size_t domain = test_domain(map->type, KEYS), limit = 1 + (size_t)roll(domain);
    check_loaded(map);
    for (size_t i = 0; i < limit; i++) {
        test_key(map->type, (size_t)roll(domain), key);
        if (roll(3)) CHECK(test_put(map, key, 1 + (uint32_t)roll(99), &added) != NULL);
        else (void)gomap_erase(map, key);
    }
    check_loaded(map);
    gomap_iter_begin(&iter, map);
    while (gomap_iter_next(&iter, &at, &value) == 1) {
        gomap_key room;
        read_part(map, GOMAP_KEY, at);
        read_part(map, GOMAP_VALUE, value);
        if (roll(4) == 0) (void)gomap_erase(map, gomap_key_again(map, at, &room));
    }
    gomap_iter_end(&iter);
    if (roll(3) == 0) CHECK_EQ(gomap_compact(map), 1);
    if (roll(5) == 0) CHECK_EQ(gomap_reserve(map, 200), 0);
    check_loaded(map);
    for (size_t left = map->count; left; left--) {
        CHECK_EQ(gomap_any(map, &at, &value), 1);
        gomap_erase_any(map);
        CHECK_EQ(map->count, left - 1);
    }
    CHECK_EQ(gomap_any(map, &at, &value), 0);
    CHECK_MAP(map); /* whatever there was is gone */
    test_key(map->type, 0, key);
    CHECK(test_put(map, key, 5, &added) != NULL && added);
    CHECK_MAP(map);
}

static void load(const gomap *map)
{
    gomap *loaded;
    char why[256] = "";
    size_t live = test_live_bytes;
    int code = gomap_load(&loaded, map, why, sizeof why);
    CHECK((code == GOMAP_SNAPSHOT_GOOD) == (loaded != NULL));
    CHECK(code == GOMAP_SNAPSHOT_GOOD || (code == GOMAP_SNAPSHOT_DAMAGED && why[0]));
    if (loaded) {
        loaded_files++;
        write_to(loaded);
        gomap_free(loaded);
    }
    CHECK_EQ(test_live_bytes, live);
}

/* ---- a file ----------------------------------------------------------------------------------------------------- */

static void change_open(unsigned char *at, size_t bytes, const gomap_snapshot *snapshot)
{
    if (bytes == 0) return;
    for (uint64_t times = 1 + roll(4); times; times--) {
        gomap_section section;
        size_t begin = 0, length = bytes;
        if (snapshot->sections && roll(8)) {
            section = gomap_snapshot_section(snapshot, (uint32_t)roll(snapshot->sections));
            if (section.at < bytes && section.bytes && section.bytes <= bytes - section.at)
                begin = (size_t)section.at, length = (size_t)section.bytes;
        }
        change_bytes(at + begin, length);
    }
}

#if defined(FUZZ_THREAD)
static struct {
    unsigned char *at;
    size_t begin, bytes;
} target;
static atomic_int going;

/* Changes a few bytes and changes them back, for as long as the file is open. */
static void *disturb(void *none)
{
    uint64_t random = current;
    while (atomic_load(&going)) {
        size_t place = target.begin + (size_t)(test_random(&random) % (target.bytes - target.begin));
        volatile unsigned char *at = target.at + place;
        unsigned char was = *at;
        *at = (unsigned char)(random >> 32 & 1 ? random >> 40 : 0xd0);
        for (int i = 0; i < 200; i++) seen = seen;
        *at = was;
    }
    return none;
}

static void read_disturbed(gomap *map, unsigned char *at, size_t bytes, size_t begin)
{
    pthread_t thread;
    if (bytes <= begin) return;
    target.at = at, target.bytes = bytes, target.begin = begin;
    atomic_store(&going, 1);
    CHECK_EQ(pthread_create(&thread, NULL, disturb, NULL), 0);
    for (int times = 0; times < 20; times++) {
        look_up(map);
        iterate(map);
        check(map);
        load(map);
        read_whole(map);
        gomap *other = gomap_new(GOMAP_ELASTIC, map->type, 0, current);
        CHECK(gomap_merge(other, map) == 0);
        gomap_iter iter;
        gomap_merging merging;
        memset(&merging, 0, sizeof merging);
        gomap_iter_begin(&iter, map);
        CHECK(gomap_merge_some(other, &iter, &merging, map->count) <= map->count);
        gomap_iter_end(&iter);
        write_to(other);
        gomap_free(other);
    }
    atomic_store(&going, 0);
    (void)pthread_join(thread, NULL);
}
#else
static void read_disturbed(gomap *map, unsigned char *at, size_t bytes, size_t begin)
{
    (void)map, (void)at, (void)bytes, (void)begin;
}
#endif

static void use(gomap *map, unsigned char *at, size_t bytes, const gomap_snapshot *snapshot)
{
    gomap_iter iter;
    const void *key, *value;
    size_t steps = 0;
    look_up(map);
    iterate(map);
    check(map);
    read_whole(map);
    put_into_others(map);
    load(map);
    saved again = snapshot_of(map, "k", GOMAP_SAVE_LEAST);
    CHECK(again.bytes <= 2 * bytes + 2 * GOMAP_SNAPSHOT_PAGE);
    free(again.at);
    read_disturbed(map, at, bytes, snapshot->head_bytes);
    gomap_iter_begin(&iter, map);
    while (gomap_iter_next(&iter, &key, &value) == 1) {
        CHECK(++steps <= map->count);
        if (roll(4) == 0) change_open(at, bytes, snapshot);
        read_part(map, GOMAP_KEY, key);
        read_part(map, GOMAP_VALUE, value);
    }
    gomap_iter_end(&iter);
    change_open(at, bytes, snapshot);
    look_up(map);
    check(map);
    read_whole(map);
    load(map);
    put_into_others(map);
    iterate(map);
    again = snapshot_of(map, "k", GOMAP_SAVE_LEAST);
    free(again.at);
}

static void try_file(void)
{
    static file f;
    size_t t, off = roll(2) ? (size_t)roll(16) : 0;
    char why[256] = "";
    gomap_snapshot snapshot;
    gomap *map;
    do t = (size_t)roll(COUNT_OF(test_types));
    while (!snapshot_can_be(&test_types[t]) || test_types[t].key_size + test_types[t].value_size > 1000);
    const saved *good = good_file(t, (size_t)roll(SIZES));
    const gomap_type *type = test_type_made(&test_types[t]);
    CHECK(good->bytes <= ROOM);
    memcpy(f.at, good->at, f.bytes = good->bytes);
    for (uint64_t times = roll(16) ? 1 + roll(roll(2) ? 2 : 6) : 0; times; times--) change(&f);
    if (roll(2)) mend_sections(&f);
    if (roll(8)) mend_head(&f);
    unsigned char *block = malloc(f.bytes + off + !(f.bytes + off)), *at = block + off;
    CHECK(block != NULL);
    memcpy(at, f.at, f.bytes);
    int code = snapshot_open(&map, &snapshot, at, f.bytes, type, why, sizeof why);
    CHECK((code == GOMAP_SNAPSHOT_GOOD) == (map != NULL));
    CHECK((code == GOMAP_SNAPSHOT_GOOD) == (why[0] == 0));
    CHECK(code != GOMAP_SNAPSHOT_NO_MEMORY);
    if (map) {
        opened_files++;
        (void)gomap_snapshot_verify(&snapshot, why, sizeof why);
        use(map, at, f.bytes, &snapshot);
        gomap_free(map);
    }
    free(block);
    CHECK_EQ(test_live_bytes, 0);
}

static void say_where(void)
{
    fprintf(stderr, "fuzz_snapshot: file %llu of seed %llu; %zu opened, of which %zu loaded\n",
            (unsigned long long)current, (unsigned long long)seed, opened_files, loaded_files);
}

int main(int argc, char **argv)
{
    uint64_t files = 1000;
    if (GM_BIG_ENDIAN) return 0; /* which saves nothing */
    if (argc > 1) seed = strtoull(argv[1], NULL, 10);
    if (argc > 2) files = strtoull(argv[2], NULL, 10);
    if (argc > 3) current = strtoull(argv[3], NULL, 10);
    if (atexit(say_where) != 0) return 1;
    test_count_bytes();
    for (; files > 0; files--, current++) {
        dice = test_scramble(seed) + current * 0x9e3779b97f4a7c15u * 3;
        try_file();
        if (current % 50000 == 49999) say_where(); /* a sanitizer's end says nothing of it */
    }
    CHECK(opened_files > 0 && loaded_files > 0 && good_files > 0);
    for (size_t t = 0; t < COUNT_OF(test_types); t++)
        for (size_t size = 0; size < SIZES; size++) free(made[t][size].at);
    return 0;
}
