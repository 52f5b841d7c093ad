/* elastic/shared.c - what is done in which order when threads share the work. See shared.h. */
#include "shared.h"
#include "kinds.h"

static const el_sharer *const sharers[GM_KINDS] = {
    [GOMAP_BITS8] = &el_bits8_sharer,     [GOMAP_BITS16] = &el_bits16_sharer,   [GOMAP_BITS32] = &el_bits32_sharer,
    [GOMAP_BITS64] = &el_bits64_sharer,   [GOMAP_FLOAT32] = &el_float32_sharer, [GOMAP_FLOAT64] = &el_float64_sharer,
    [GOMAP_BYTES] = &el_bytes_sharer,     [GM_BYTES16] = &el_bytes16_sharer,    [GM_BYTES32] = &el_bytes32_sharer,
};

enum { CLEARING, DEALING, SPLITTING, PUTTING };

/* A round takes the threads longer than to come together before and after it. */
enum { LEAST_BUCKETS = 4096 };
/* More shortage, or more that is left, than this part of a piece makes the map grow at once. Less than this is put in
 * by one thread, which grows the map a bucket at a time. */
enum { FEW = 16 };
/* Keys that one thread puts in where threads cannot share. */
enum { ALONE = 65536 };
/* A map that threads fill is laid out for a twentieth more entries, at a load of 7 1/7. The last entries up to 7.5
 * displace others, and in what a thread owns room is farther. 10,000,000 are put in by two threads in 32 ns each up to
 * 7.5, 27 with a fiftieth, 25 with a thirtieth, 22.6 with a twentieth and 22.3 with a fourteenth more; one thread takes
 * 46. */
enum { ROOMIER = 20 };

int gomap_shared_can(int engine, const gomap_type *type)
{
    return engine == GOMAP_ELASTIC && !gm_engine_for(engine, type)->ref && !el_type_has_strings(type) &&
           type->aside == 0 && sharers[gm_kind_of(type)] != NULL;
}

static size_t whole_lines(size_t bytes) { return (bytes + 63) / 64 * 64; }

static size_t item_bytes(const gomap_type *type)
{
    return 8 + ((size_t)type->key_size + type->value_size + 7) / 8 * 8;
}

static size_t chunks_of(unsigned threads, size_t most)
{
    size_t pairs = (size_t)threads * (2 * threads - 1);
    return (most / threads + 1) / EL_CHUNK + pairs + 1;
}

size_t gomap_shared_room(const gomap_type *type, unsigned threads, size_t most)
{
    size_t chunks = chunks_of(threads, most);
    size_t part = whole_lines(chunks * EL_CHUNK * item_bytes(type)) + whole_lines(chunks * sizeof(uint32_t)) +
                  whole_lines(chunks * sizeof(uint16_t));
    return whole_lines(sizeof(gomap_shared)) + threads * part + 63;
}

/* The classes of each round, and the pair of any two: the circle method, in which one class stays and the others go
 * round. */
static void pair_up(gomap_shared *s)
{
    unsigned last = s->classes - 1;
    for (unsigned round = 0; round < last; round++) {
        for (unsigned thread = 0; thread < s->threads; thread++) {
            unsigned one = thread ? (round + thread) % last : last, other = (round + last - thread) % last;
            uint16_t pair = (uint16_t)(round * s->threads + thread);
            s->owned[pair] = (uint32_t)1 << one | (uint32_t)1 << other;
            s->pair[one * s->classes + other] = s->pair[other * s->classes + one] = pair;
            if (round == 0) s->pair[one * s->classes + one] = s->pair[other * s->classes + other] = pair;
        }
    }
}

static size_t filled(size_t count) { return count + count / ROOMIER; }

void gomap_shared_fill(gomap *map, size_t count)
{
    el_map *m = el_of(map);
    count = filled(count);
    size_t buckets = el_fill_buckets(count);
    int begun = gomap_fills(map) && m->buckets == 0 && buckets >= LEAST_BUCKETS && buckets < EL_MAX_BUCKETS;
    if (begun)
        (void)gm_region_begin(&m->map.memory, GOMAP_BUCKETS, &m->slots, el_slots_needed(buckets, m->slot_bytes));
    gomap_fill_begin(map, count);
    if (begun && m->buckets == 0) el_clear(map); /* no memory for the tags */
}

void gomap_shared_filled(gomap *map)
{
    el_map *m = el_of(map);
    size_t wanted = el_fill_buckets(filled(map->count));
    if (map->count == 0) {
        gomap_fill_end(map);
        return;
    }
    if (m->overflow_used) el_resizer_of(m)->drain(m);
    while (m->buckets > wanted && el_resizer_of(m)->merge(m)) {} /* fewer keys came than were expected */
    el_set_buckets(m, m->buckets, m->mask); /* filling raised the threshold */
    el_trim(m, 1, (gm_kind){GM_BITS, 0, 0});
}

gomap_shared *gomap_shared_begin(gomap *map, unsigned threads, void *room, size_t most)
{
    unsigned char *at = (unsigned char *)room + (64 - (uintptr_t)room % 64) % 64;
    gomap_shared *s = (gomap_shared *)(void *)at;
    size_t chunks = chunks_of(threads, most);
    memset(s, 0, sizeof *s);
    at += whole_lines(sizeof *s);
    s->m = el_of(map);
    s->sharer = sharers[gm_kind_of(map->type)];
    s->threads = threads;
    s->classes = 2 * threads;
    s->pairs = threads * (s->classes - 1);
    s->first_buckets = s->m->buckets;
    s->item = item_bytes(map->type);
    s->most = most;
    s->fresh = map->count == 0;
    pair_up(s);
    for (unsigned thread = 0; thread < threads; thread++) {
        el_dealt *part = &s->part[thread];
        part->chunks = at;
        at += whole_lines(chunks * EL_CHUNK * s->item);
        part->next = (uint32_t *)(void *)at;
        at += whole_lines(chunks * sizeof *part->next);
        part->counts = (uint16_t *)(void *)at;
        at += whole_lines(chunks * sizeof *part->counts);
    }
    return s;
}

size_t gomap_shared_piece(gomap_shared *s, gomap_column *const *keys, gomap_column *const *values, size_t begin,
                          size_t most)
{
    /* Where the map may have fewer buckets, its classes are not the hash's. */
    int can = s->m->buckets >= LEAST_BUCKETS;
    s->keys = keys;
    s->values = values;
    s->begin = begin;
    s->count = can ? s->most : ALONE;
    if (s->count > most) s->count = most;
    s->phase = -1;
    s->tries = 0;
    return s->count;
}

/* How many keys a round has. */
static size_t keys_in(const gomap_shared *s, unsigned round)
{
    size_t keys = 0;
    for (unsigned pair = round * s->threads; pair < (round + 1) * s->threads; pair++)
        for (unsigned from = 0; from < s->threads; from++) keys += s->part[from].keys[pair];
    return keys;
}

static size_t keys_left(const gomap_shared *s)
{
    size_t keys = 0;
    for (unsigned round = 0; round + 1 < s->classes; round++) keys += keys_in(s, round);
    return keys;
}

/* How many new entries there is room for. */
static size_t room_left(const gomap_shared *s)
{
    size_t count = s->m->map.public_part.count;
    return s->m->grow_at > count ? s->m->grow_at - count : 0;
}

/* Makes room for so many new entries, unless few of them lack it; for half as many entries as there are, at most: what
 * is expected may be copies of a few keys. 0: there is no memory. */
static int plan_growth(gomap_shared *s, size_t expected)
{
    el_map *m = s->m;
    size_t count = m->map.public_part.count;
    size_t most = (count > m->grow_at ? count : m->grow_at) / 2 * 3;
    s->wanted = m->buckets;
    if (expected <= room_left(s) + s->count / FEW) return 1;
    size_t buckets = el_buckets_for(m, count + expected < most ? count + expected : most);
    if (buckets <= m->buckets) return 1;
    if (buckets >= EL_MAX_BUCKETS || !el_room(m, buckets, 0, (gm_kind){GM_BITS, 0, 0})) return 0;
    s->wanted = (uint32_t)buckets;
    return 1;
}

/* The next buckets to split into, up to a power of two. 0: the map has grown. */
static int split_on(gomap_shared *s)
{
    el_map *m = s->m;
    if (m->buckets >= s->wanted) return 0;
    s->mask = el_split_mask(m);
    s->from = m->buckets;
    s->until = s->wanted - 1 > s->mask ? s->mask + 1 : s->wanted;
    s->phase = SPLITTING;
    return 1;
}

/* Shares out the new entries that a round may add, in proportion to its keys. */
static int begin_round(gomap_shared *s)
{
    size_t left = 0, room = room_left(s);
    for (unsigned round = s->round; round + 1 < s->classes; round++) left += keys_in(s, round);
    for (unsigned thread = 0; thread < s->threads; thread++) {
        size_t keys = 0;
        for (unsigned from = 0; from < s->threads; from++)
            keys += s->part[from].keys[s->round * s->threads + thread];
        memset(&s->did[thread], 0, sizeof s->did[thread]);
        s->did[thread].may_add = room >= left ? keys : (size_t)((double)room * (double)keys / (double)left);
    }
    s->phase = PUTTING;
    return GOMAP_SHARED_WORK;
}

static int end_of_rounds(gomap_shared *s);

static int begin_rounds(gomap_shared *s)
{
    s->round = 0;
    return begin_round(s);
}

static int grow(gomap_shared *s)
{
    if (split_on(s)) return GOMAP_SHARED_WORK;
    return begin_rounds(s);
}

static int after_dealing(gomap_shared *s)
{
    for (unsigned thread = 0; thread < s->threads; thread++)
        if (s->part[thread].failed) return GOMAP_SHARED_ALONE;
    s->dealt = keys_left(s);
    s->before = s->m->map.public_part.count;
    return plan_growth(s, (size_t)((double)s->dealt * s->new_share)) ? grow(s) : GOMAP_SHARED_ALONE;
}

static int after_splitting(gomap_shared *s)
{
    el_map *m = s->m;
    m->splits += s->until - s->from;
    m->mask = s->mask;
    el_set_buckets(m, s->until, s->mask);
    if (GM_UNLIKELY(m->overflow_used)) el_resizer_of(m)->drain(m);
    return grow(s);
}

static int after_round(gomap_shared *s)
{
    el_map *m = s->m;
    for (unsigned thread = 0; thread < s->threads; thread++) {
        m->map.public_part.count += s->did[thread].added;
        m->displaced += s->did[thread].displaced;
    }
    if (++s->round + 1 < s->classes) return begin_round(s);
    return end_of_rounds(s);
}

/* What is left gets more rounds, or is put in by this thread. */
static int end_of_rounds(gomap_shared *s)
{
    enum { TRIES = 8 };
    size_t left = keys_left(s);
    if (left > s->count / FEW && ++s->tries < TRIES) {
        if (!plan_growth(s, left)) return GOMAP_SHARED_ALONE;
        if (s->wanted > s->m->buckets) return grow(s);
    }
    if (!s->sharer->put_left(s)) return GOMAP_SHARED_ALONE;
    if (s->dealt) s->new_share = (double)(s->m->map.public_part.count - s->before) / (double)s->dealt;
    return GOMAP_SHARED_DONE;
}

int gomap_shared_next(gomap_shared *s)
{
    switch (s->phase) {
    case CLEARING: s->phase = DEALING; return GOMAP_SHARED_WORK;
    case DEALING: return after_dealing(s);
    case SPLITTING: return after_splitting(s);
    case PUTTING: return after_round(s);
    default:
        if (s->m->buckets < LEAST_BUCKETS) return GOMAP_SHARED_ALONE;
        s->phase = s->fresh ? CLEARING : DEALING;
        s->fresh = 0;
        return GOMAP_SHARED_WORK;
    }
}

void gomap_shared_work(gomap_shared *s, unsigned thread)
{
    switch (s->phase) {
    case CLEARING: gm_region_populate(&s->m->slots, thread, s->threads); break;
    case DEALING: s->sharer->deal(s, thread); break;
    case SPLITTING: s->sharer->split(s, thread); break;
    default: s->sharer->put(s, thread);
    }
}

void gomap_shared_end(gomap_shared *s)
{
    el_map *m = s->m;
    uint32_t before = m->buckets;
    while (m->buckets > s->first_buckets && el_capacity(m, m->buckets - 1) >= m->map.public_part.count &&
           el_resizer_of(m)->merge(m)) {}
    if (m->buckets == before) return;
    size_t tags = (size_t)m->buckets * EL_SLOTS, slots = el_slots_needed(m->buckets, m->slot_bytes);
    tags = el_region_room(GOMAP_TAGS, tags, m->buckets, 0);
    slots = el_region_room(GOMAP_BUCKETS, slots, m->buckets, 0);
    if (m->tags.bytes > tags) (void)gm_region_resize(&m->map.memory, GOMAP_TAGS, &m->tags, tags);
    if (m->slots.bytes > slots) (void)gm_region_resize(&m->map.memory, GOMAP_BUCKETS, &m->slots, slots);
}
