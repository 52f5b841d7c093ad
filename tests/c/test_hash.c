/* test_hash.c - the seeded hash by kind of key, and the primitives under it: the 128-bit product and
 * the match of eight tags.
 *
 * Keys of many families are hashed under many seeds, and must fill buckets (the hash's low bits) and
 * tophashes (its top byte) as chance does, together too: chi-square within eight standard deviations.
 * Less even than chance makes long chains; but more even is no fault. What the whole of a million
 * keys makes of Go's figures, where neither will do, is in test_go.c.
 */
#include "check.h"

#include "kind.h"
#include "tags.h"

#include <math.h>

enum {
    BUCKET_BITS = 10,
    KEYS = 13 << (BUCKET_BITS - 1), /* load 6.5 */
    KEY_MAX = 256,
#if defined(TEST_SEEDS) /* fewer, for slow builds */
    SEEDS = TEST_SEEDS,
#else
    SEEDS = 48,
#endif
};

/* ---- kinds and families of keys -------------------------------------------------------------- */

typedef struct key_kind {
    const char *name;
    gm_kind kind;
    uint32_t size;
} key_kind;

static const key_kind kinds[] = {
    {"8-bit", {GM_BITS, 1, 0}, 1},
    {"16-bit", {GM_BITS, 2, 0}, 2},
    {"32-bit", {GM_BITS, 4, 0}, 4},
    {"64-bit", {GM_BITS, 8, 0}, 8},
    {"float32", {GM_FLOAT32, 4, 0}, 4},
    {"float64", {GM_FLOAT64, 8, 0}, 8},
    {"3-byte", {GM_BYTES, 0, 0}, 3},
    {"5-byte", {GM_BYTES, 0, 0}, 5},
    {"7-byte", {GM_BYTES, 0, 0}, 7},
    {"15-byte", {GM_BYTES, 0, 0}, 15},
    {"16-byte", {GM_BYTES, 16, 0}, 16},
    {"17-byte", {GM_BYTES, 0, 0}, 17},
    {"31-byte", {GM_BYTES, 0, 0}, 31},
    {"32-byte", {GM_BYTES, 32, 0}, 32},
    {"33-byte", {GM_BYTES, 0, 0}, 33},
    {"48-byte", {GM_BYTES, 0, 0}, 48},
    {"128-byte", {GM_BYTES, 0, 0}, 128},
    {"129-byte", {GM_BYTES, 0, 1}, 129},
    {"200-byte", {GM_BYTES, 0, 1}, 200},
    /* Strings, as Go's engine hashes them; and images, which the elastic one hashes: inline and long. */
    {"33-byte string", {GM_STRINGS, 16, 0}, 33},
    {"7-byte image", {GM_IMAGES, 16, 0}, 7},
    {"15-byte image", {GM_IMAGES, 16, 0}, 15},
    {"16-byte image", {GM_IMAGES, 16, 0}, 16},
    {"33-byte image", {GM_IMAGES, 16, 0}, 33},
    {"200-byte image", {GM_IMAGES, 16, 0}, 200},
};

static uint64_t reversed(uint64_t x)
{
    uint64_t y = 0;
    for (int bit = 0; bit < 64; bit++) y |= (x >> bit & 1) << (63 - bit);
    return y;
}

/* Words, for the kinds that are one; `step` is the family's parameter. */
static uint64_t random_word(uint64_t i, unsigned step) { return test_scramble(i + 1000 * step); }
static uint64_t multiple(uint64_t i, unsigned step) { return i << step; }
static uint64_t negative(uint64_t i, unsigned step) { return (uint64_t)0 - (i << step); }
static uint64_t decimal(uint64_t i, unsigned step)
{
    while (step--) i *= 10;
    return i;
}
static uint64_t equal_low_half(uint64_t i, unsigned step) { return i << 32 | test_scramble(step) >> 32; }
static uint64_t equal_high_half(uint64_t i, unsigned step) { return test_scramble(step) << 32 | i; }
static uint64_t equal_halves(uint64_t i, unsigned step) { return (i << step) << 32 | i << step; }
static uint64_t opposite_halves(uint64_t i, unsigned step) { return (i << step) << 32 | (uint32_t) ~(i << step); }
static uint64_t bit_reversed(uint64_t i, unsigned step) { return reversed(i) >> step; }
static uint64_t gray(uint64_t i, unsigned step) { return (i ^ i >> 1) << step; }
static uint64_t address(uint64_t i, unsigned step) { return 0x7f3a5c000010u + i * (16 + 8 * step); }
static uint64_t grid(uint64_t i, unsigned step) { return (i & 63) << (8 + step) | i >> 6 << (32 + step); }

static const struct word_family {
    const char *name;
    uint64_t (*word)(uint64_t i, unsigned step);
    unsigned least, most, stride; /* steps */
} families[] = {
    {"random", random_word, 0, 2, 1},
    {"sequential and multiples of 2^k", multiple, 0, 51, 1},
    {"negative", negative, 0, 40, 8},
    {"multiples of 10^k", decimal, 1, 12, 1},
    {"equal low halves", equal_low_half, 0, 2, 1},
    {"equal high halves", equal_high_half, 0, 2, 1},
    {"both halves equal", equal_halves, 0, 19, 3},
    {"halves opposite", opposite_halves, 0, 19, 3},
    {"bit-reversed", bit_reversed, 0, 32, 4},
    {"Gray code", gray, 0, 48, 8},
    {"addresses", address, 0, 5, 1},
    {"grid", grid, 0, 16, 4},
};

/* ---- hashing -------------------------------------------------------------------------------- */

static gm_map map;
static gomap_type type;

static void use(const key_kind *kind, uint64_t seed)
{
    memset(&map, 0, sizeof map);
    type.key_size = kind->size;
    map.public_part.type = &type;
    map.seed = gm_seed_draw(&seed);
}

static uint64_t hash_of(const void *key, const key_kind *kind)
{
    gomap_string string = {key, kind->size};
    gm_string made;
    if (kind->kind.code == GM_STRINGS) return gm_key_hash(&map, &string, kind->kind);
    if (kind->kind.code != GM_IMAGES) return gm_key_hash(&map, key, kind->kind);
    CHECK(gm_string_make(&made, &string, map.seed));
    return gm_key_hash(&map, made.image, kind->kind);
}

/* ---- spread --------------------------------------------------------------------------------- */

static const char *what; /* is being hashed, for messages */
static unsigned what_step;

static void check_chi_square(const char *of, const uint32_t *counts, size_t cells, double keys, const key_kind *kind,
                             uint64_t seed)
{
    double expected = keys / (double)cells, chi = 0, freedom = (double)cells - 1;
    double bound = freedom + 8 * sqrt(2 * freedom) + 16;
    for (size_t i = 0; i < cells; i++) {
        double off = (double)counts[i] - expected;
        chi += off * off / expected;
    }
    if (chi <= bound) return;
    fprintf(stderr, "%s keys, %s (%u), seed %llu: ", kind->name, what, what_step, (unsigned long long)seed);
    fprintf(stderr, "expected a chi-square over %zu %s up to %.0f, got %.0f\n", cells, of, bound, chi);
    exit(1);
}

/* Buckets, tophashes, and the two together: equal ones of both make a look-up compare keys. */
static void check_spread(const uint64_t *hashes, size_t n, unsigned bits, const key_kind *kind, uint64_t seed)
{
    static uint32_t buckets[1 << BUCKET_BITS], tops[256], both[1 << (BUCKET_BITS + 8)];
    size_t cells = (size_t)1 << bits;
    memset(buckets, 0, sizeof buckets[0] * cells);
    memset(tops, 0, sizeof tops);
    memset(both, 0, sizeof both[0] * cells * 256);
    double pairs = 0, expected = (double)n * (double)n / 2 / ((double)cells * 256);
    for (size_t i = 0; i < n; i++) {
        size_t bucket = hashes[i] & (cells - 1), top = hashes[i] >> 56;
        buckets[bucket]++;
        tops[top]++;
        pairs += both[bucket << 8 | top]++;
    }
    check_chi_square("buckets", buckets, cells, (double)n, kind, seed);
    check_chi_square("tophashes", tops, 256, (double)n, kind, seed);
    if (pairs > expected + 8 * sqrt(expected) + 8) {
        fprintf(stderr, "%s keys, %s (%u), seed %llu: ", kind->name, what, what_step, (unsigned long long)seed);
        fprintf(stderr, "expected %.0f pairs of one bucket and tophash, got %.0f\n", expected, pairs);
        exit(1);
    }
}

/* A word as a key: an integer, or a float of that value or of those bits. */
static void key_of_word(uint64_t word, const key_kind *kind, int as_bits, void *key)
{
    uint8_t byte = (uint8_t)word;
    uint16_t half = (uint16_t)word;
    uint32_t single = (uint32_t)word;
    float narrow = (float)(int64_t)word;
    double wide = (double)(int64_t)word;
    int by_value = gm_is_float(kind->kind) && !as_bits;
    switch (kind->size) {
    case 1: memcpy(key, &byte, 1); break;
    case 2: memcpy(key, &half, 2); break;
    case 4: memcpy(key, by_value ? (void *)&narrow : (void *)&single, 4); break;
    default: memcpy(key, by_value ? (void *)&wide : (void *)&word, 8);
    }
}

static int by_word(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* The family's keys without those that fall together in this kind; how many are left. */
static size_t family_keys(const struct word_family *family, unsigned step, const key_kind *kind, int as_bits,
                          uint64_t *keys)
{
    size_t n = 0, different = 0;
    for (uint64_t i = 0; i < KEYS; i++) {
        uint64_t key = 0;
        key_of_word(family->word(i, step), kind, as_bits, &key);
        if (!gm_key_is_nan(&key, kind->kind)) keys[n++] = key;
    }
    qsort(keys, n, sizeof *keys, by_word);
    for (size_t i = 0; i < n; i++)
        if (i == 0 || keys[i] != keys[i - 1]) keys[different++] = keys[i];
    return different;
}

static void words_spread(void)
{
    static uint64_t keys[KEYS], hashes[KEYS];
    for (size_t k = 0; k < COUNT_OF(kinds) && kinds[k].kind.code != GM_BYTES; k++) {
        const key_kind *kind = &kinds[k];
        size_t tested = 0;
        for (size_t f = 0; f < COUNT_OF(families); f++) {
            for (unsigned step = families[f].least; step <= families[f].most; step += families[f].stride) {
                for (int as_bits = 0; as_bits <= gm_is_float(kind->kind); as_bits++) {
                    size_t n = family_keys(&families[f], step, kind, as_bits, keys);
                    unsigned bits = 0;
                    while (bits < BUCKET_BITS && (13u << bits) <= n) bits++; /* load 6.5 or more */
                    if (bits < 4) continue;                                  /* too few keys are left to tell */
                    tested++;
                    what = families[f].name;
                    what_step = step;
                    for (uint64_t seed = 0; seed < SEEDS; seed++) {
                        use(kind, seed);
                        for (size_t i = 0; i < n; i++) hashes[i] = hash_of(&keys[i], kind);
                        check_spread(hashes, n, bits, kind, seed);
                    }
                }
            }
        }
        CHECK(tested >= 10);
    }
}

static int is_bytes(const key_kind *kind)
{
    return kind->kind.code == GM_BYTES || kind->kind.code == GM_STRINGS || kind->kind.code == GM_IMAGES;
}

/* Byte keys: a counter at either end or in the middle of equal bytes, and a decimal number in text. */
static void bytes_spread(void)
{
    static uint64_t hashes[KEYS];
    for (size_t k = 0; k < COUNT_OF(kinds); k++) {
        const key_kind *kind = &kinds[k];
        unsigned char key[KEY_MAX];
        size_t size = kind->size;
        for (uint64_t seed = 0; is_bytes(kind) && seed < SEEDS; seed++) {
            use(kind, seed);
            size_t places[] = {0, size / 2, size - 2, size > 18 ? 15 : 0, size > 18 ? 16 : 0};
            for (size_t p = 0; p < COUNT_OF(places); p++) {
                size_t at = places[p] + 2 > size ? size - 2 : places[p];
                what = "a two-byte counter at byte";
                what_step = (unsigned)at;
                memset(key, seed % 2 ? 0xff : 0, size);
                for (size_t i = 0; i < KEYS; i++) {
                    key[at] = (unsigned char)i;
                    key[at + 1] = (unsigned char)(i >> 8);
                    hashes[i] = hash_of(key, kind);
                }
                check_spread(hashes, KEYS, BUCKET_BITS, kind, seed);
            }
            if (size >= 5) {
                what = "decimal text of width";
                what_step = (unsigned)size;
                memset(key, '0', size);
                for (size_t i = 0; i < KEYS; i++) {
                    size_t rest = i;
                    for (size_t digit = 1; digit <= 5; digit++, rest /= 10)
                        key[size - digit] = (unsigned char)('0' + rest % 10);
                    hashes[i] = hash_of(key, kind);
                }
                check_spread(hashes, KEYS, BUCKET_BITS, kind, seed);
            }
        }
    }
}

/* Byte keys that differ in one byte. */
static void every_byte_counts(void)
{
    static uint64_t hashes[256];
    what = "all values of one byte, number";
    for (size_t k = 0; k < COUNT_OF(kinds); k++) {
        const key_kind *kind = &kinds[k];
        unsigned char key[KEY_MAX];
        for (uint64_t seed = 0; is_bytes(kind) && seed < SEEDS / 4; seed++) {
            use(kind, seed);
            for (size_t at = 0; at < kind->size; at++) {
                what_step = (unsigned)at;
                for (size_t i = 0; i < kind->size; i++) key[i] = (unsigned char)test_scramble(i + seed);
                for (size_t i = 0; i < 256; i++) {
                    key[at] = (unsigned char)i;
                    hashes[i] = hash_of(key, kind);
                }
                check_spread(hashes, 256, 4, kind, seed);
                qsort(hashes, 256, sizeof *hashes, by_word);
                for (size_t i = 1; i < 256; i++) CHECK(hashes[i] != hashes[i - 1]);
            }
        }
    }
}

/* Every bit of a key turns every bit of the hash about half the time. */
static void avalanche(void)
{
    enum { TRIALS = 1024 };
    for (size_t k = 0; k < COUNT_OF(kinds); k++) {
        const key_kind *kind = &kinds[k];
        for (size_t bit = 0; bit<8 * (size_t)kind->size; bit += kind->size> 33 ? 13 : 1) {
            uint32_t turned[64] = {0};
            for (uint64_t trial = 0; trial < TRIALS; trial++) {
                unsigned char key[KEY_MAX];
                use(kind, trial);
                for (size_t i = 0; i < kind->size; i++) key[i] = (unsigned char)test_scramble(trial * 1024 + i);
                uint64_t before = hash_of(key, kind);
                key[bit / 8] ^= (unsigned char)(1 << bit % 8);
                uint64_t difference = before ^ hash_of(key, kind);
                for (int out = 0; out < 64; out++) turned[out] += (uint32_t)(difference >> out & 1);
            }
            for (int out = 0; out < 64; out++) CHECK_BETWEEN(turned[out], 0.40 * TRIALS, 0.60 * TRIALS);
        }
    }
}

/* ---- collisions ----------------------------------------------------------------------------- */

/* The low bytes of a number, as the machine has them. */
static void put_number(unsigned char *key, uint32_t number, size_t bytes)
{
    memcpy(key, (const unsigned char *)&number + (GM_BIG_ENDIAN ? sizeof number - bytes : 0), bytes);
}

/* Pairs that meet in bucket and tophash (24 bits) under one seed part under others. */
static void collisions_hang_on_the_seed(void)
{
    enum { N = 1 << 15 };
    static uint64_t shown[N]; /* the 24 bits, and the number of the key that shows them */
    for (size_t k = 0; k < COUNT_OF(kinds); k++) {
        const key_kind *kind = &kinds[k];
        if (kind->size < 3) continue;
        unsigned char key[KEY_MAX] = {0}, other[KEY_MAX] = {0};
        size_t pairs = 0, again = 0, number_bytes = kind->size < 4 ? 3 : 4;
        use(kind, 1);
        for (uint32_t i = 0; i < N; i++) { /* a number in the first bytes; for a float a denormal */
            put_number(key, i, number_bytes);
            uint64_t hash = hash_of(key, kind);
            shown[i] = (hash & 0xffff) << 40 | hash >> 56 << 32 | i;
        }
        qsort(shown, N, sizeof *shown, by_word);
        for (size_t i = 1; i < N; i++) {
            if (shown[i] >> 32 != shown[i - 1] >> 32) continue;
            pairs++;
            put_number(key, (uint32_t)shown[i], number_bytes);
            put_number(other, (uint32_t)shown[i - 1], number_bytes);
            for (uint64_t seed = 2; seed < 18; seed++) {
                use(kind, seed);
                uint64_t difference = hash_of(key, kind) ^ hash_of(other, kind);
                again += (difference & 0xffff) == 0 && difference >> 56 == 0;
            }
        }
        /* Chance: 32 pairs, and of 512 chances to meet again one in 16 million. */
        CHECK_BETWEEN(pairs, 4, 100);
        CHECK_EQ(again, 0);
    }
}

/* The classic attack: a word equal to a constant that the hash xors it with makes a factor of zero,
 * and the rest of the key no longer counts. Tried with the constants that hashes of this family are
 * known to use, with simple words, at every word of the key, the word beside it running. */
static void no_word_cancels_the_rest(void)
{
    static const uint64_t constants[] = {
        0,
        UINT64_MAX,
        1,
        0x9e3779b97f4a7c15u,
        0xbf58476d1ce4e5b9u,
        0x94d049bb133111ebu, /* splitmix64 */
        0xa0761d6478bd642fu,
        0xe7037ed1a0b428dbu,
        0x8ebc6af09c88c6e3u, /* wyhash */
        0x589965cc75374cc3u,
        0x1d8e4e27c47d124fu,
        0xeb44accab455d165u,
        0x2d358dccaa6c78a5u,
        0x8bb84b93962eacc9u,
        0x4b33a62ed433d4a3u,
        0x4d5a2da51de1aa47u,
        0x243f6a8885a308d3u,
        0x13198a2e03707344u,
        0xa4093822299f31d0u, /* absl's: pi */
        0x082efa98ec4e6c89u,
        0x452821e638d01377u,
        0x5851f42d4c957f2du,
        0xdcb22ca68cb134edu,
    };
    enum { RUNNING = 64 };
    for (size_t k = 0; k < COUNT_OF(kinds); k++) {
        const key_kind *kind = &kinds[k];
        if (kind->size < 16) continue;
        for (size_t c = 0; c < COUNT_OF(constants); c++) {
            for (size_t at = 0; at + 8 <= kind->size; at += 8) {
                for (uint64_t seed = 0; seed < 3; seed++) {
                    uint64_t hashes[RUNNING];
                    unsigned char key[KEY_MAX] = {0};
                    use(kind, seed);
                    memcpy(key + at, &constants[c], 8);
                    size_t beside = at >= 8 ? at - 8 : at + 8;
                    for (uint64_t i = 0; i < RUNNING; i++) {
                        uint64_t running = test_scramble(i);
                        memcpy(key + beside, &running, kind->size - beside < 8 ? kind->size - beside : 8);
                        hashes[i] = hash_of(key, kind);
                    }
                    qsort(hashes, RUNNING, sizeof *hashes, by_word);
                    for (size_t i = 1; i < RUNNING; i++) CHECK(hashes[i] != hashes[i - 1]);
                }
            }
        }
    }
}

/* Words changed places, and words that are each other's complement, are different keys. */
static void words_have_their_places(void)
{
    for (size_t k = 0; k < COUNT_OF(kinds); k++) {
        const key_kind *kind = &kinds[k];
        if (kind->size < 16) continue;
        for (uint64_t seed = 0; seed < 200; seed++) {
            unsigned char key[KEY_MAX], swapped[KEY_MAX];
            use(kind, seed);
            for (size_t i = 0; i < kind->size; i++) key[i] = (unsigned char)test_scramble(seed * 1000 + i);
            for (size_t a = 0; a + 8 <= kind->size; a += 8) {
                for (size_t b = a + 8; b + 8 <= kind->size; b += 8) {
                    memcpy(swapped, key, kind->size);
                    memcpy(swapped + a, key + b, 8);
                    memcpy(swapped + b, key + a, 8);
                    CHECK(hash_of(key, kind) != hash_of(swapped, kind));
                    for (size_t i = 0; i < 8; i++) {
                        swapped[a + i] = (unsigned char)~key[a + i];
                        swapped[b + i] = (unsigned char)~key[b + i];
                    }
                    CHECK(hash_of(key, kind) != hash_of(swapped, kind));
                }
            }
        }
    }
}

/* Equal keys hash alike: the two zeros, and byte keys from any address. */
static void equal_keys_hash_alike(void)
{
    double zeros[] = {0.0, -0.0};
    float narrow_zeros[] = {0.0f, -0.0f};
    for (size_t k = 0; k < COUNT_OF(kinds); k++) {
        unsigned char room[KEY_MAX + 8], key[KEY_MAX];
        use(&kinds[k], 5);
        for (size_t i = 0; i < KEY_MAX; i++) key[i] = (unsigned char)test_scramble(i);
        for (size_t shift = 0; shift < 8; shift++) {
            memset(room, (int)shift, sizeof room); /* what stands around it does not count */
            memcpy(room + shift, key, kinds[k].size);
            CHECK(hash_of(room + shift, &kinds[k]) == hash_of(key, &kinds[k]));
        }
        if (kinds[k].kind.code == GM_FLOAT64) CHECK(hash_of(&zeros[0], &kinds[k]) == hash_of(&zeros[1], &kinds[k]));
        if (kinds[k].kind.code == GM_FLOAT32)
            CHECK(hash_of(&narrow_zeros[0], &kinds[k]) == hash_of(&narrow_zeros[1], &kinds[k]));
    }
}

/* ---- primitives ----------------------------------------------------------------------------- */

/* Takes i from the set's front, if it must be there. */
static void next_element_is(gm_match *set, unsigned i, int present)
{
    if (!present) return;
    CHECK(*set != 0);
    CHECK_EQ(gm_match_index(*set), i);
    *set = gm_match_next(*set);
}

/* The eight-tag match that this build has (SSE2, NEON or portable) against a plain loop. */
static void match_finds_every_tag(void)
{
    uint64_t random = 1;
    for (int round = 0; round < 20000; round++) {
        unsigned char tags[8 + 8];
        size_t shift = (size_t)round % 8;
        uint64_t dice = test_random(&random);
        for (size_t i = 0; i < sizeof tags; i++) {
            uint64_t byte = test_random(&random);
            /* few different values, neighbours of each other and of the sign bit, so that carries show */
            tags[i] = (unsigned char)(round % 2 ? byte : (dice & 0xff) + (byte & 3) - 1);
        }
        for (unsigned tag = 0; tag < 256; tag++) {
            gm_match found = gm_match8(tags + shift, (unsigned char)tag);
            gm_match others = gm_match_not(found);
            gm_match lower = tag < 128 ? gm_match8_up_to(tags + shift, (unsigned char)tag) : 0;
            for (unsigned i = 0; i < 8; i++) {
                unsigned char at = tags[shift + i];
                next_element_is(&found, i, at == tag);
                next_element_is(&others, i, at != tag);
                next_element_is(&lower, i, tag < 128 && at <= tag);
            }
            CHECK_EQ(found | others | lower, 0);
        }
    }
}

static void product_is_the_product(void)
{
#if defined(__SIZEOF_INT128__) || defined(TEST_INT128) /* the latter: hidden from the core */
    __extension__ typedef unsigned __int128 wide;
    static const uint64_t edges[10] = {
        0,
        1,
        2,
        0xffffffffu,
        0x100000000u,
        0x100000001u,
        (uint64_t)1 << 63,
        UINT64_MAX - 1,
        UINT64_MAX,
        0x9e3779b97f4a7c15u,
    };
    uint64_t random = 1;
    for (int round = 0; round < 100000; round++) {
        uint64_t a = test_random(&random), b = test_random(&random), low;
        if (round < 100) {
            a = edges[round / 10];
            b = edges[round % 10];
        }
        wide product = (wide)a * b;
        CHECK_EQ(gm_mul128(a, b, &low), (uint64_t)(product >> 64));
        CHECK_EQ(low, (uint64_t)product);
    }
#endif
}

int main(void)
{
    product_is_the_product();
    match_finds_every_tag();
    equal_keys_hash_alike();
    words_spread();
    bytes_spread();
    every_byte_counts();
    avalanche();
    collisions_hang_on_the_seed();
    no_word_cancels_the_rest();
    words_have_their_places();
    return 0;
}
