/* elastic/cache.c - see cache.h, both of them. */
#include "cache.h"

#include "../pages.h"
#include "iterate.h"

static el_cache *cache_of(const gomap_cache *cache) { return (el_cache *)(uintptr_t)cache; }
static el_map *map_of(const el_cache *c) { return el_of(c->public_part.map); }
static size_t count_of(const el_cache *c) { return c->public_part.map->count; }

/* ---- marks ------------------------------------------------------------------------------------------- */

static unsigned char *mark_at(const el_cache *c, size_t place) { return el_aside_at(map_of(c), place); }

/* Of an entry that was read. */
static unsigned char mark_read(unsigned char mark)
{
    if (mark & EL_YOUNG) return EL_YOUNG | EL_READ | EL_ROUND;
    return mark < EL_ROUNDS ? (unsigned char)(mark + 1) : mark;
}

/* ---- deadlines ---------------------------------------------------------------------------------------- */

/* In an entry's bytes aside: ticks from the base, 0 for none. */
static unsigned char *deadline_at(const el_cache *c, size_t place) { return mark_at(c, place) + GOMAP_ASIDE_MARK; }
static unsigned char *idle_at(const el_cache *c, size_t place)
{
    return deadline_at(c, place) + (c->public_part.settings.deadlines ? GOMAP_ASIDE_DEADLINE : 0);
}

static int is_timed(const el_cache *c) { return c->public_part.settings.deadlines || c->public_part.settings.idle; }

static uint32_t from_base(const el_cache *c, uint64_t tick) { return (uint32_t)(tick > c->base ? tick - c->base : 1); }

/* The earlier of an entry's two deadlines, from the base; UINT32_MAX: it has none. */
static uint32_t earliest(const el_cache *c, size_t place)
{
    uint32_t deadline = c->public_part.settings.deadlines ? gm_load32(deadline_at(c, place)) : 0;
    uint32_t idle = c->public_part.settings.idle ? gm_load32(idle_at(c, place)) : 0;
    deadline -= 1; /* none becomes the latest */
    idle -= 1;
    deadline = deadline < idle ? deadline : idle;
    return deadline == UINT32_MAX ? deadline : deadline + 1;
}

static int is_expired(const el_cache *c, size_t place, uint64_t now)
{
    if (!is_timed(c)) return 0;
    uint32_t deadline = earliest(c, place);
    return deadline != UINT32_MAX && c->base + deadline <= now;
}

/* All deadlines again from a later base, when ticks from the old one become too many for four bytes. At 1,024 ticks a
 * second that is after 24 days. Before any deadline is written. */
static void rebase(el_cache *c, uint64_t now)
{
    el_map *m = map_of(c);
    if (GM_LIKELY(now < c->base || now - c->base <= (uint64_t)1 << 31)) return;
    uint64_t later = now - c->base;
    for (size_t place = 0; place < el_places(m); place++) {
        unsigned char *at = deadline_at(c, place);
        for (size_t i = 0; i + 4 < m->aside_bytes; i += 4) {
            uint32_t deadline = gm_load32(at + i);
            if (deadline) gm_store32(at + i, deadline > later ? (uint32_t)(deadline - later + 1) : 1);
        }
    }
    c->base = now - 1; /* what has expired is at 1, which is now */
}

/* ---- limits ------------------------------------------------------------------------------------------- */

size_t gomap_cache_bytes(const gomap_cache *cache) { return gomap_total(cache->map) + cache_of(cache)->memory.total; }

/* The map has what the cache's own memory leaves. */
static uint64_t map_limit(const el_cache *c)
{
    size_t most = c->public_part.settings.max_bytes;
    size_t left = most == 0 ? 0 : most > c->memory.total ? most - c->memory.total : 1;
    return left & (SIZE_MAX >> 2);
}

static void share_limit(el_cache *c) { map_of(c)->purposes.limit = map_limit(c) & (SIZE_MAX >> 2); }

/* Each block may be granted GM_LIMIT_MARGIN more than planned: the cache's struct, the map's, the tags, the slots, the
 * bytes aside and the record; and once more it is asked for. */
size_t gomap_cache_least(const gomap_type *type)
{
    static const gomap_lengths none[GOMAP_PARTS];
    gomap_planned planned;
    if (gomap_plan(GOMAP_ELASTIC, type, 1, GOMAP_COMPACTED, none, &planned)) return SIZE_MAX;
    return (size_t)planned.total + gm_granted_for(sizeof(el_cache)) + (size_t)7 * GM_LIMIT_MARGIN;
}

/* What the strings of a new key or value take, in a map that has no other entry. */
static size_t strings_bytes(const gomap_places *strings, const unsigned char *at)
{
    size_t bytes = 0;
    for (uint32_t i = 0; at && i < strings->count; i++) {
        gomap_string string;
        memcpy(&string, at + strings->at[i], sizeof string);
        if (string.length > SIZE_MAX / 2 / GOMAP_STRINGS_MOST) return SIZE_MAX / 2;
        if (string.length >= GM_IMAGE) bytes += gm_string_alone(string.length);
    }
    return bytes ? bytes + gm_strings_alone() : 0;
}

int gomap_cache_fits(const gomap_cache *cache, const void *key, const void *value)
{
    const gomap_places *strings = cache->map->type->strings;
    if (cache->settings.max_bytes == 0) return 1;
    size_t bytes = strings_bytes(&strings[GOMAP_KEY], key), others = strings_bytes(&strings[GOMAP_VALUE], value);
    size_t left = cache->settings.max_bytes - cache_of(cache)->least;
    return bytes <= left && others <= left - bytes;
}

/* ---- ghosts ------------------------------------------------------------------------------------------- */

enum { GHOST_YOUNG = 0x80 };

static unsigned char *ghost_at(const el_cache *c, uint64_t hash, unsigned char *digest)
{
    uint64_t mixed = hash * 0x9e3779b97f4a7c15u;
    *digest = (unsigned char)((mixed & 0x7f) ? (mixed & 0x7f) : 1);
    return c->ghosts.at + (size_t)(((mixed >> 32) * (uint64_t)c->ghosts.bytes) >> 32);
}

/* As many ghosts as entries, and a quarter. Those there were are forgotten, as they would be looked for elsewhere; so
 * their number follows the entries' by large steps. Without memory there are fewer. */
static void exchange_ghosts(el_cache *c, size_t bytes)
{
    size_t most = c->public_part.settings.max_bytes, old = (size_t)c->ghosts.bytes;
    if (bytes > UINT32_MAX ||
        (most && bytes > old && gomap_cache_bytes(&c->public_part) + (bytes - old) + gm_page_bytes() > most))
        return;
    if (!gm_region_resize(&c->memory, GOMAP_TAGS, &c->ghosts, bytes)) return;
    memset(c->ghosts.at, 0, (size_t)c->ghosts.bytes);
    share_limit(c);
}

GM_INLINE void fit_ghosts(el_cache *c)
{
    size_t count = count_of(c), bytes = count + count / 4 + EL_SLOTS, old = (size_t)c->ghosts.bytes;
    if (GM_UNLIKELY(count > old || old > 2 * bytes)) exchange_ghosts(c, bytes);
}

/* Before entries go for a lower limit: only the ghosts that there will be room for. Else the last entries would go for
 * the bytes of ghosts that go a moment later. */
static void fit_ghosts_to(el_cache *c, size_t max_bytes)
{
    double part = (double)max_bytes / (double)gomap_cache_bytes(&c->public_part);
    size_t stay = (size_t)((double)count_of(c) * part), bytes = stay + stay / 4 + EL_SLOTS;
    if (bytes < c->ghosts.bytes) exchange_ghosts(c, bytes);
}

static void leave_ghost(el_cache *c, uint64_t hash, int young)
{
    unsigned char digest, *ghost;
    if (young) c->gone_young++;
    else c->gone_old++;
    if (c->gone_young + c->gone_old > 2 * (double)count_of(c)) {
        c->gone_young /= 2;
        c->gone_old /= 2;
    }
    if (c->ghosts.bytes == 0) return;
    ghost = ghost_at(c, hash, &digest);
    *ghost = (unsigned char)(digest | (young ? GHOST_YOUNG : 0));
}

/* Each ghost that comes back moves the share by STEP of an entry, weighed by how many entries of its kind were evicted,
 * MOST_WEIGHT at most. */
#define STEP 0.5
#define MOST_WEIGHT 20.0
#define FIRST_SHARE 0.3
/* A key that has a ghost is old at once. The larger the young's share, the more is what was used lately used again, and
 * the more rounds it gets. With none, 10 % of shifting-fast hits 68.0 and of day 73.4; so 70.5 and 74.1. With one round
 * whatever the share, zipf-1.0 would lose 0.6. */
#define SHARE_OF_ONE_ROUND 0.05
#define SHARE_OF_TWO_ROUNDS 0.2

static void move_share(el_cache *c, int young)
{
    double all = c->gone_young + c->gone_old, own = young ? c->gone_young : c->gone_old;
    double weight = all < own * MOST_WEIGHT ? all / own : MOST_WEIGHT, step = STEP * weight / (double)(count_of(c) + 1);
    c->share += young ? step : -step;
    if (c->share < EL_LEAST_SHARE) c->share = EL_LEAST_SHARE;
    if (c->share > 1 - EL_LEAST_SHARE) c->share = 1 - EL_LEAST_SHARE;
}

/* Whether a new key was evicted before. */
static int take_ghost(el_cache *c, uint64_t hash)
{
    unsigned char digest, *ghost;
    if (c->ghosts.bytes == 0) return 0;
    ghost = ghost_at(c, hash, &digest);
    if ((*ghost & ~GHOST_YOUNG) != digest) return 0;
    move_share(c, (*ghost & GHOST_YOUNG) != 0);
    *ghost = 0;
    return 1;
}

/* ---- entries go --------------------------------------------------------------------------------------- */

/* Tells that an entry goes. 0: it cannot be told, so it stays. */
static int tell(el_cache *c, size_t place, int reason)
{
    const gomap_cache_settings *settings = &c->public_part.settings;
    if (GM_UNLIKELY(settings->leaving != NULL)) {
        const unsigned char *entry = el_place_entry(map_of(c), place);
        if (!settings->leaving(settings->owner, entry, entry + map_of(c)->value_at, reason)) return 0;
    }
    if (reason == GOMAP_EVICTED) c->public_part.counts.evictions++;
    if (reason == GOMAP_EXPIRED) c->public_part.counts.expirations++;
    if (*mark_at(c, place) & EL_YOUNG) c->young--;
    return 1;
}

/* 0: the entry stays. */
static int leave(el_cache *c, size_t place, int reason)
{
    if (!tell(c, place, reason)) return 0;
    el_resizer_of(map_of(c))->remove(map_of(c), place);
    return 1;
}

/* The hands take the marks of eight places at a time: those of a bucket, or of eight places of the overflow list, as
 * one word. Where a mark is not beside its neighbours, the word is gathered and scattered. */
#define LOW_BITS 0x0101010101010101u
#define TOP_BITS 0x8080808080808080u

static int is_beside(const el_map *m, size_t first)
{
    return m->aside_bytes == GOMAP_ASIDE_MARK && el_place_in_bucket(m, first);
}

static uint64_t marks_at(const el_map *m, size_t first)
{
    uint64_t marks = 0;
    if (is_beside(m, first)) return gm_tags_load(m->aside.at + first);
    for (size_t i = 0; i < EL_SLOTS && first + i < el_places(m); i++)
        marks |= (uint64_t)*el_aside_at(m, first + i) << (8 * i);
    return marks;
}

static void set_marks(const el_map *m, size_t first, uint64_t marks)
{
    if (is_beside(m, first)) {
        gm_tags_store(m->aside.at + first, marks);
        return;
    }
    for (size_t i = 0; i < EL_SLOTS && first + i < el_places(m); i++)
        *el_aside_at(m, first + i) = (unsigned char)(marks >> (8 * i));
}

/* The top bits of those of the eight places that have an entry. */
static uint64_t full_at(const el_map *m, size_t first)
{
    uint64_t tags = 0, low = ~TOP_BITS;
    if (GM_LIKELY(el_place_in_bucket(m, first))) tags = gm_tags_load(m->tags.at + first);
    else
        for (size_t i = 0; i < EL_SLOTS && first + i < el_places(m); i++)
            tags |= (uint64_t)*el_place_tag(m, first + i) << (8 * i);
    return (((tags & low) + low) | tags) & TOP_BITS;
}

/* A hand moves on to the next entry, young or old, that has nothing left to its credit; from the others that it passes
 * it takes one: a young one's round, one of an old one's rounds. There is such an entry. */
GM_INLINE size_t move_hand(el_cache *c, size_t *hand, int young)
{
    const el_map *m = map_of(c);
    size_t place = *hand + 1;
    for (;;) {
        if (place >= el_places(m)) place = 0;
        size_t first = place - place % EL_SLOTS;
        uint64_t marks = marks_at(m, first), before = marks;
        uint64_t ours = full_at(m, first) & (young ? marks : ~marks) & (~(uint64_t)0 << (8 * (place % EL_SLOTS)));
        uint64_t credit = young ? marks & LOW_BITS * EL_ROUND : (marks | marks >> 1) & LOW_BITS;
        uint64_t spent = ours & ~(credit << 7);
        unsigned at = spent ? gm_ctz(spent) / 8 : EL_SLOTS;
        if (spent) ours &= ((uint64_t)1 << (8 * at)) - 1;
        marks -= ours >> 7; /* a young one's bit, or of a number that is not 0 */
        if (marks != before) set_marks(m, first, marks);
        if (spent) return *hand = first + at;
        place = first + EL_SLOTS;
    }
}

/* The entry to be evicted. There is an entry. */
static size_t victim(el_cache *c)
{
    for (;;) {
        size_t count = count_of(c);
        if (c->young != count && (double)c->young <= c->share * (double)count) return move_hand(c, &c->hand_old, 0);
        size_t place = move_hand(c, &c->hand_young, 1);
        unsigned char *mark = mark_at(c, place);
        if (!(*mark & EL_READ)) return place;
        *mark = 0;
        c->young--;
    }
}

int gomap_cache_evict(gomap_cache *cache)
{
    el_cache *c = cache_of(cache);
    el_map *m = map_of(c);
    if (cache->map->count == 0) return 0;
    size_t place = victim(c);
    if (is_timed(c) && is_expired(c, place, c->swept)) return leave(c, place, GOMAP_EXPIRED);
    int young = *mark_at(c, place) & EL_YOUNG;
    if (!tell(c, place, GOMAP_EVICTED)) return 0;
    leave_ghost(c, el_resizer_of(m)->take(m, place), young);
    return 1;
}

/* One entry goes, or from an empty cache all memory but the structs'; 0: that has gone before, or no entry can go. */
static int make_room(el_cache *c)
{
    size_t before = gomap_cache_bytes(&c->public_part);
    if (gomap_cache_evict(&c->public_part)) {
        fit_ghosts(c);
        return 1;
    }
    if (count_of(c)) return 0;
    gomap_clear(c->public_part.map);
    (void)gm_region_resize(&c->memory, GOMAP_TAGS, &c->ghosts, 0);
    share_limit(c);
    return gomap_cache_bytes(&c->public_part) < before;
}

int gomap_cache_remove(gomap_cache *cache, size_t place, int reason)
{
    if (!leave(cache_of(cache), place, reason)) return 0;
    fit_ghosts(cache_of(cache));
    return 1;
}

int gomap_cache_erase(gomap_cache *cache, const void *key, int reason)
{
    size_t place = gomap_cache_find(cache, key);
    return place != GOMAP_NOWHERE && gomap_cache_remove(cache, place, reason);
}

/* ---- a cache's life ----------------------------------------------------------------------------------- */

void gomap_cache_type(gomap_type *type, int deadlines, int idle)
{
    type->aside = (uint8_t)(GOMAP_ASIDE_MARK + (deadlines ? GOMAP_ASIDE_DEADLINE : 0) + (idle ? GOMAP_ASIDE_IDLE : 0));
}

/* The usual time to live, or that of idleness if it is shorter; 0: what deadlines show. */
static uint64_t usual_pace(const el_cache *c)
{
    const gomap_cache_settings *settings = &c->public_part.settings;
    if (settings->pace == 0 || settings->idle == 0) return settings->pace + settings->idle;
    return settings->pace < settings->idle ? settings->pace : settings->idle;
}

/* As of an empty cache. */
static void forget_all(el_cache *c)
{
    size_t most = c->public_part.settings.max_entries;
    c->full_at = most ? most : SIZE_MAX;
    c->young = 0;
    c->share = FIRST_SHARE;
    c->gone_young = c->gone_old = 1;
    c->hand_young = c->hand_old = c->hand_expired = 0;
    c->credit = c->round = 0;
    c->shortest = UINT64_MAX;
    (void)gm_region_resize(&c->memory, GOMAP_TAGS, &c->ghosts, 0);
    share_limit(c);
}

gomap_cache *gomap_cache_new(const gomap_type *type, const gomap_cache_settings *settings, uint64_t seed)
{
    gm_memory memory = {0, 0, NULL};
    el_cache *c = gm_alloc(&memory, GOMAP_HEADER, sizeof *c);
    if (c == NULL) return NULL;
    c->memory = memory;
    c->public_part.settings = *settings;
    c->pace = usual_pace(c);
    c->least = gomap_cache_least(type);
    int is_allowed = settings->max_bytes == 0 || settings->max_bytes >= c->least;
    gomap *map = c->public_part.map = is_allowed ? gomap_new(GOMAP_ELASTIC, type, 0, seed) : NULL;
    if (map == NULL) {
        gomap_cache_free(&c->public_part);
        return NULL;
    }
    el_map *m = map_of(c);
    m->purposes.live[GOMAP_HEADER] = m->purposes.peak[GOMAP_HEADER] = m->map.memory.total;
    m->map.memory.purposes = &m->purposes;
    forget_all(c);
    return &c->public_part;
}

void gomap_cache_free(gomap_cache *cache)
{
    el_cache *c = cache_of(cache);
    if (cache->map) gomap_free(cache->map);
    (void)gm_region_resize(&c->memory, GOMAP_TAGS, &c->ghosts, 0);
    gm_memory memory = c->memory; /* it counts the block it stands in */
    gm_release(&memory, GOMAP_HEADER, c, sizeof *c);
}

void gomap_cache_clear(gomap_cache *cache)
{
    gomap_clear(cache->map);
    forget_all(cache_of(cache));
}

/* Half of what is too much, and the room that they leave. By deletions alone the map gives memory back in large steps,
 * so that more entries would go. 0: there is nothing left to go. */
static int make_much_room(el_cache *c)
{
    double bytes = (double)gomap_cache_bytes(&c->public_part), most = (double)c->public_part.settings.max_bytes;
    for (size_t goes = (size_t)((double)count_of(c) * (bytes - most) / bytes / 2); goes > 0; goes--)
        if (!gomap_cache_evict(&c->public_part)) return 0;
    if (!make_room(c)) return 0;
    (void)gomap_compact(c->public_part.map);
    return 1;
}

int gomap_cache_limit(gomap_cache *cache, size_t max_bytes, size_t max_entries)
{
    el_cache *c = cache_of(cache);
    gomap_cache_settings *settings = &cache->settings, old = *settings;
    if (max_bytes && max_bytes < c->least) return 0;
    settings->max_bytes = max_bytes;
    settings->max_entries = max_entries;
    while (max_entries && count_of(c) > max_entries && gomap_cache_evict(cache)) {}
    fit_ghosts(c);
    if (max_bytes && gomap_cache_bytes(cache) > max_bytes) (void)gomap_compact(cache->map);
    if (max_bytes && gomap_cache_bytes(cache) > max_bytes) fit_ghosts_to(c, max_bytes);
    while (max_bytes && gomap_cache_bytes(cache) > max_bytes && make_much_room(c)) {}
    int is_kept = !(max_entries && count_of(c) > max_entries) && !(max_bytes && gomap_cache_bytes(cache) > max_bytes);
    if (!is_kept) *settings = old;
    c->full_at = settings->max_entries ? settings->max_entries : SIZE_MAX;
    share_limit(c);
    return is_kept ? 1 : -1;
}

void gomap_cache_count_again(gomap_cache *cache) { memset(&cache->counts, 0, sizeof cache->counts); }

/* ---- places ------------------------------------------------------------------------------------------- */

size_t gomap_cache_find(const gomap_cache *cache, const void *key)
{
    const el_map *m = el_of(cache->map);
    el_sought sought;
    return el_resizer_of(m)->locate(m, key, &sought);
}

const void *gomap_cache_key(const gomap_cache *cache, size_t place) { return el_place_entry(el_of(cache->map), place); }

void *gomap_cache_value(const gomap_cache *cache, size_t place)
{
    const el_map *m = el_of(cache->map);
    return el_place_entry(m, place) + m->value_at;
}

int gomap_cache_expired(const gomap_cache *cache, size_t place, uint64_t now)
{
    return is_expired(cache_of(cache), place, now);
}

uint64_t gomap_cache_deadline(const gomap_cache *cache, size_t place)
{
    const el_cache *c = cache_of(cache);
    uint32_t deadline = is_timed(c) ? earliest(c, place) : UINT32_MAX;
    return deadline == UINT32_MAX ? UINT64_MAX : c->base + deadline;
}

uint64_t gomap_cache_last_deadline(const gomap_cache *cache, size_t place)
{
    const el_cache *c = cache_of(cache);
    uint32_t deadline = cache->settings.deadlines ? gm_load32(deadline_at(c, place)) : 0;
    return deadline ? c->base + deadline : UINT64_MAX;
}

static void put_off(el_cache *c, size_t place, uint64_t now)
{
    uint64_t idle = c->public_part.settings.idle;
    if (idle == 0) return;
    rebase(c, now);
    gm_store32(idle_at(c, place), from_base(c, now + idle));
}

void gomap_cache_set_deadline(gomap_cache *cache, size_t place, uint64_t now, uint64_t deadline)
{
    el_cache *c = cache_of(cache);
    put_off(c, place, now);
    if (!cache->settings.deadlines) return;
    rebase(c, now);
    gm_store32(deadline_at(c, place), deadline ? from_base(c, deadline) : 0);
    if (deadline <= now) return;
    if (deadline - now < c->shortest) c->shortest = deadline - now;
    if (c->pace == 0 || c->shortest < c->pace) c->pace = c->shortest;
}

void gomap_cache_touch(gomap_cache *cache, size_t place, uint64_t now)
{
    el_cache *c = cache_of(cache);
    unsigned char *at = mark_at(c, place), mark = mark_read(*at);
    if (mark != *at) *at = mark; /* a line that is not written to need not be written back */
    put_off(c, place, now);
}

size_t gomap_cache_next(const gomap_cache *cache, size_t *place, uint64_t now)
{
    const el_cache *c = cache_of(cache);
    const el_map *m = map_of(c);
    for (size_t places = el_places(m); *place < places;) {
        size_t at = (*place)++;
        if (*el_place_tag(m, at) != EL_EMPTY && !is_expired(c, at, now)) return at;
    }
    return GOMAP_NOWHERE;
}

/* ---- expiry -------------------------------------------------------------------------------------------
 *
 * Rounds go from the last place down to the first: a map that shrinks moves entries of the last bucket, which have been
 * passed, to lower ones. A round is as fast as it began, so that it is done in time while the map shrinks.
 */

/* How often all slots are passed within a time to live: a displacement or a split may move an entry to a place that has
 * been passed, so that it is met the next time. */
enum { PASSES = 4 };
/* The most slots that one operation passes: 20 microseconds' worth. */
enum { PASS_MOST = 4096 };

/* A short time to live that is set no more is forgotten after a while: entries that had it have been met. */
static void begin_round(el_cache *c, uint64_t now)
{
    uint64_t pace = usual_pace(c);
    c->hand_expired = c->round = el_places(map_of(c));
    if (now < c->paced_until) return;
    if (pace == 0 || c->shortest < pace) pace = c->shortest;
    if (pace != UINT64_MAX) c->pace = pace;
    c->paced_until = now + 2 * c->pace;
    c->shortest = UINT64_MAX;
}

/* Passes so many slots; stops when `most` entries have expired. Returns how many have. */
static size_t pass(el_cache *c, uint64_t now, size_t slots, size_t most)
{
    const el_map *m = map_of(c);
    size_t expired = 0;
    while (slots-- && count_of(c) && expired < most) {
        if (c->hand_expired == 0) begin_round(c, now);
        if (c->hand_expired > el_places(m)) c->hand_expired = el_places(m);
        size_t place = --c->hand_expired;
        if (*el_place_tag(m, place) == EL_EMPTY || !is_expired(c, place, now)) continue;
        expired += (size_t)leave(c, place, GOMAP_EXPIRED);
    }
    return expired;
}

void gomap_cache_pass(gomap_cache *cache, uint64_t now)
{
    el_cache *c = cache_of(cache);
    uint64_t passed = now > c->swept ? now - c->swept : 0, pace = c->pace / PASSES + 1;
    if (GM_LIKELY(passed == 0 && c->credit < pace)) return; /* else there is work that an earlier operation left */
    rebase(c, now);
    c->swept += passed;
    if (c->pace == 0 || count_of(c) == 0) return;
    if (c->hand_expired == 0) {
        begin_round(c, now);
        pace = c->pace / PASSES + 1;
    }
    c->credit += (passed < pace ? passed : pace) * c->round;
    uint64_t slots = c->credit / pace;
    if (slots > c->round) c->credit = (slots = c->round) * pace; /* once round is enough */
    if (slots > PASS_MOST) slots = PASS_MOST;
    c->credit -= slots * pace;
    if (pass(c, now, (size_t)slots, SIZE_MAX)) fit_ghosts(c);
}

size_t gomap_cache_expire(gomap_cache *cache, uint64_t now, size_t most)
{
    el_cache *c = cache_of(cache);
    gomap_iter held; /* so that no entry moves, and memory is given back once */
    gomap_cache_pass(cache, now);
    if (!is_timed(c)) return 0;
    gomap_erase_begin(&held, cache->map);
    size_t expired = pass(c, now, el_places(map_of(c)), most);
    gomap_erase_end(&held);
    fit_ghosts(c);
    return expired;
}

/* ---- look-ups and insertions -------------------------------------------------------------------------- */

void *gomap_cache_use(gomap_cache *cache, size_t place, uint64_t now)
{
    el_cache *c = cache_of(cache);
    if (place != EL_NOWHERE && GM_UNLIKELY(is_expired(c, place, now))) {
        (void)leave(c, place, GOMAP_EXPIRED);
        place = EL_NOWHERE;
    }
    if (place == EL_NOWHERE) {
        cache->counts.misses++;
        return NULL;
    }
    cache->counts.hits++;
    gomap_cache_touch(cache, place, now);
    return gomap_cache_value(cache, place);
}

void *gomap_cache_get(gomap_cache *cache, const void *key, uint64_t now)
{
    if (is_timed(cache_of(cache))) gomap_cache_pass(cache, now);
    return gomap_cache_use(cache, gomap_cache_find(cache, key), now);
}

/* The limit was the reason that an entry found no room: from now on one goes before another comes. */
static void tighten(el_cache *c, size_t count)
{
    size_t left = c->public_part.settings.max_bytes - gomap_cache_bytes(&c->public_part);
    if (count && count < c->full_at) c->full_at = count;
    c->left = left;
}

/* When a 128th of the limit is free beyond what was left then, entries are smaller now, and growth is tried again. */
static void relax(el_cache *c)
{
    const gomap_cache_settings *settings = &c->public_part.settings;
    size_t most = settings->max_entries ? settings->max_entries : SIZE_MAX;
    if (c->full_at == most || settings->max_bytes == 0) return;
    size_t left = settings->max_bytes - gomap_cache_bytes(&c->public_part);
    if (left < c->left) c->left = left;
    else if (left - c->left > settings->max_bytes / 128) c->full_at = most;
}

/* Room for the entry of a key, whose place a look-up gave, and its value, as gomap_put does. NULL: there is no memory,
 * or no room within the limit; the entry is as it was. */
static void *write_entry(el_cache *c, const el_sought *sought, size_t *place, const void *value)
{
    el_map *m = map_of(c);
    unsigned char *room;
    int added = *place == EL_NOWHERE;
    m->purposes.refused = 0;
    if (added) {
        room = el_resizer_of(m)->insert(m, sought);
        if (room == NULL) return NULL;
        *place = m->placed;
    } else {
        room = el_place_entry(m, *place) + m->value_at;
    }
    if (value == NULL) return room;
    if (!m->value_strings) {
        gm_copy(room, value, m->map.public_part.type->value_size);
        return room;
    }
    if (el_value_write(m, sought->hash, room, value, NULL)) return room;
    if (added) {
        unsigned refused = m->purposes.refused;
        el_resizer_of(m)->remove(m, *place);
        *place = EL_NOWHERE;
        m->purposes.refused = refused & 1u;
    }
    return NULL;
}

/* What follows an insertion, or an overwriting. */
GM_INLINE void settle(el_cache *c, const el_sought *sought, size_t place, uint64_t now, uint64_t deadline, int added)
{
    gomap_cache *cache = &c->public_part;
    if (added) {
        int known = take_ghost(c, sought->hash);
        int rounds = (c->share > SHARE_OF_ONE_ROUND) + (c->share > SHARE_OF_TWO_ROUNDS);
        *mark_at(c, place) = (unsigned char)(known ? rounds : EL_YOUNG | EL_ROUND);
        c->young += !known;
    } else {
        gomap_cache_touch(cache, place, now);
    }
    if (is_timed(c)) gomap_cache_set_deadline(cache, place, now, deadline);
}

void *gomap_cache_put(gomap_cache *cache, const void *key, const void *value, uint64_t now, uint64_t deadline,
                      int *added)
{
    el_cache *c = cache_of(cache);
    el_map *m = map_of(c);
    el_sought sought;
    unsigned is_empty = 0;
    m->purposes.refused = el_has_strings(m) && !gomap_cache_fits(cache, key, value);
    if (m->purposes.refused) return NULL;
    if (is_timed(c)) gomap_cache_pass(cache, now);
    size_t place = el_resizer_of(m)->locate(m, key, &sought);
    if (place != EL_NOWHERE && is_expired(c, place, now)) {
        if (!leave(c, place, GOMAP_EXPIRED)) return NULL;
        place = EL_NOWHERE;
    }
    if (place == EL_NOWHERE) {
        fit_ghosts(c);
        relax(c);
        while (count_of(c) >= c->full_at)
            if (!gomap_cache_evict(cache)) return NULL;
    }
    for (;;) {
        int is_new = place == EL_NOWHERE;
        m->purposes.exactly = is_empty & 1u; /* what was reckoned of an entry alone has no room to spare */
        void *room = write_entry(c, &sought, &place, value);
        m->purposes.exactly = 0;
        if (GM_LIKELY(room != NULL)) {
            *added = is_new;
            settle(c, &sought, place, now, deadline, is_new);
            return room;
        }
        if (!m->purposes.refused || is_empty) return NULL;
        is_empty = count_of(c) == 0; /* then all memory goes, and it is tried once more */
        el_end_iterators(m);         /* as an insertion does: nothing is given back while one is alive */
        tighten(c, count_of(c));
        if (!make_room(c) && count_of(c)) {
            m->purposes.refused = 0;
            return NULL;
        }
        if (place != EL_NOWHERE) place = el_resizer_of(m)->locate(m, key, &sought); /* it may have moved, or gone */
    }
}

void *gomap_cache_assign(gomap_cache *cache, const void *key, uint64_t now, uint64_t deadline, int *added)
{
    return gomap_cache_put(cache, key, NULL, now, deadline, added);
}

int gomap_cache_refused(const gomap_cache *cache) { return map_of(cache_of(cache))->purposes.refused; }

/* ---- invariants --------------------------------------------------------------------------------------- */

static int check_limits(const el_cache *c, char *why, size_t size)
{
    const gomap_cache_settings *settings = &c->public_part.settings;
    size_t bytes = gomap_cache_bytes(&c->public_part), own = gm_granted(c, sizeof *c) + gm_region_granted(&c->ghosts);
    if (own != c->memory.total)
        return gm_broken(why, size, "M1: the cache's own %zu bytes, counted are %zu", own, c->memory.total);
    if (settings->max_bytes && bytes > settings->max_bytes)
        return gm_broken(why, size, "C1: %zu bytes, at most %zu are allowed", bytes, settings->max_bytes);
    if (settings->max_bytes && c->least > settings->max_bytes)
        return gm_broken(why, size, "C1: one entry takes %zu bytes, at most %zu are allowed", c->least,
                         settings->max_bytes);
    if (map_of(c)->purposes.limit != map_limit(c))
        return gm_broken(why, size, "C1: the map may have %zu bytes, the cache leaves it %zu",
                         (size_t)map_of(c)->purposes.limit, (size_t)map_limit(c));
    if (settings->max_entries && count_of(c) > settings->max_entries)
        return gm_broken(why, size, "C1: %zu entries, at most %zu are allowed", count_of(c), settings->max_entries);
    if (c->full_at == 0 || (settings->max_entries && c->full_at > settings->max_entries))
        return gm_broken(why, size, "C1: full at %zu entries, at most %zu are allowed", c->full_at,
                         settings->max_entries);
    return 0;
}

int gomap_cache_check(const gomap_cache *cache, char *why, size_t size)
{
    const el_cache *c = cache_of(cache);
    const el_map *m = map_of(c);
    size_t young = 0;
    if (gomap_check(cache->map, why, size) || check_limits(c, why, size)) return -1;
    for (size_t place = 0; place < el_places(m); place++) {
        unsigned char mark = *mark_at(c, place);
        if (*el_place_tag(m, place) == EL_EMPTY) continue;
        if (mark & ~(EL_YOUNG | EL_ROUNDS)) return gm_broken(why, size, "C2: the mark of place %zu is %u", place, mark);
        young += (mark & EL_YOUNG) != 0;
        if (cache->settings.idle && gm_load32(idle_at(c, place)) == 0)
            return gm_broken(why, size, "C3: place %zu has no deadline of idleness", place);
    }
    if (young != c->young) return gm_broken(why, size, "C2: %zu young entries, counted are %zu", young, c->young);
    if (!(c->share >= EL_LEAST_SHARE && c->share <= 1 - EL_LEAST_SHARE))
        return gm_broken(why, size, "C4: the young's share is %g", c->share);
    return 0;
}
