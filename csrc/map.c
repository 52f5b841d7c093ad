/* map.c - the public functions that are the same for every engine. */
#include "bulk.h"
#include "map.h"

#include <stdarg.h>
#include <stdio.h>

/* Where a string stands that is all of a key or value. */
static const uint32_t first_byte = 0;

/* The largest power of two up to 8 that divides a size. */
static uint8_t natural_alignment(uint32_t size)
{
    uint32_t alignment = 1;
    while (alignment < 8 && size && size % (2 * alignment) == 0) alignment *= 2;
    return (uint8_t)alignment;
}

void gomap_type_init(gomap_type *type, int key_kind, uint32_t key_size, uint32_t value_size, int value_flags)
{
    int is_bytes = key_kind == GOMAP_BYTES;
    if (is_bytes) {
        switch (key_size) {
        case 1: key_kind = GOMAP_BITS8; break;
        case 2: key_kind = GOMAP_BITS16; break;
        case 4: key_kind = GOMAP_BITS32; break;
        case 8: key_kind = GOMAP_BITS64; break;
        default: break;
        }
    }
    type->key_kind = (uint8_t)key_kind;
    type->key_size = key_kind == GOMAP_STRING   ? GOMAP_STRING_SIZE
                     : key_kind == GOMAP_OBJECT ? GOMAP_OBJECT_SIZE
                                                : key_size;
    type->value_size = value_flags & GOMAP_STRING_VALUE ? GOMAP_STRING_SIZE : value_size;
    type->aside = 0;
    type->value_pointer = (value_flags & GOMAP_POINTER) != 0;
    type->align[GOMAP_KEY] = is_bytes ? 1 : natural_alignment(type->key_size);
    type->align[GOMAP_VALUE] = natural_alignment(type->value_size);
    type->key_ref = key_size > GOMAP_INLINE_MAX;
    type->value_ref = (value_flags & GOMAP_POINTER) || value_size > GOMAP_INLINE_MAX;
    type->strings[GOMAP_KEY] = (gomap_places){&first_byte, key_kind == GOMAP_STRING};
    type->strings[GOMAP_VALUE] = (gomap_places){&first_byte, (value_flags & GOMAP_STRING_VALUE) != 0};
}

void gomap_type_align(gomap_type *type, int part, unsigned alignment)
{
    type->align[part] = (uint8_t)(alignment ? alignment : 1);
}

void gomap_type_strings(gomap_type *type, int part, const uint32_t *at, uint32_t count)
{
    type->strings[part] = (gomap_places){at, count};
    if (count) type->align[part] = 8;
    if (part == GOMAP_VALUE || count == 0) return;
    /* A string alone is looked up faster. */
    type->key_kind = type->key_size == GOMAP_STRING_SIZE ? GOMAP_STRING : GOMAP_STRUCT;
}

gm_map *gm_map_create(const gm_engine *engine, const gomap_type *type, size_t struct_bytes, uint64_t *random)
{
    gm_memory memory = {0, 0, NULL};
    gm_map *map = gm_alloc(&memory, GOMAP_HEADER, struct_bytes);
    if (map == NULL) return NULL;
    map->memory = memory;
    map->public_part.engine = &engine->public_part;
    map->public_part.type = type;
    map->seed = gm_seed_draw(random);
    return map;
}

void gm_map_destroy(gm_map *map, size_t struct_bytes)
{
    gm_memory memory = map->memory; /* it counts the block it stands in */
    memory.purposes = NULL;
    gm_release(&memory, GOMAP_HEADER, map, struct_bytes);
}

gomap *gomap_new(int engine, const gomap_type *type, size_t hint, uint64_t seed)
{
    const gm_engine *found = gm_engine_for(engine, type);
    return found->create(found, type, hint, seed);
}

int gomap_plan(int engine, const gomap_type *type, size_t count, int how, const gomap_lengths strings[GOMAP_PARTS],
               gomap_planned *planned)
{
    const gm_engine *found = gm_engine_for(engine, type);
    memset(planned, 0, sizeof *planned);
    if (found->plan(found, type, count, how, strings, planned) || count > planned->most) return -1;
    for (int purpose = 0; purpose < GOMAP_PURPOSES; purpose++) planned->total += planned->live[purpose];
    if (planned->peak < planned->total) planned->peak = planned->total;
    return 0;
}

void gomap_free(gomap *map)
{
    if (map) gm_engine_of(map)->destroy(map);
}

void *gm_put(gomap *map, const void *key, const void *value, const gomap *from, int *added)
{
    void *room = gomap_assign(map, key, added);
    if (room == NULL) return NULL;
    if (map->type->strings[GOMAP_VALUE].count == 0) {
        if (map->type->value_size) memcpy(room, value, map->type->value_size);
    } else if (!gm_engine_of(map)->write(map, key, room, value, from)) {
        if (*added && !gomap_erase(map, key)) gm_engine_of(map)->forget(map, room); /* a NaN, which no look-up finds */
        return NULL;
    }
    return room;
}

void *gomap_put(gomap *map, const void *key, const void *value, int *added)
{
    return gm_put(map, key, value, NULL, added);
}

int gm_is_lent(const gomap *map) { return gm_engine_of(map)->is_lent && gm_engine_of(map)->is_lent(map); }

static int has_room(gm_own_key *own, size_t bytes)
{
    if (bytes <= own->room) return 1;
    unsigned char *moved = gm_resize(&own->memory, GOMAP_HEADER, own->at, own->room, bytes + bytes / 2);
    if (moved == NULL) return 0;
    own->at = moved;
    own->room = bytes + bytes / 2;
    return 1;
}

const void *gm_own_key_of(gm_own_key *own, const gomap *map, const void *at)
{
    const gomap_type *type = map->type;
    const gomap_places *strings = &type->strings[GOMAP_KEY];
    gomap_string string[GOMAP_INLINE_MAX / GOMAP_STRING_SIZE];
    size_t bytes = 0, done = 0;
    if (type->key_kind == GOMAP_OBJECT) return gomap_key_again(map, at, &own->key);
    if (strings->count == 0) {
        unsigned char *to = own->key.bytes;
        if (type->key_size > sizeof own->key.bytes) to = has_room(own, type->key_size) ? own->at : NULL;
        return to ? memcpy(to, at, type->key_size) : NULL;
    }
    (void)gomap_key_again(map, at, &own->key);
    for (uint32_t i = 0; i < strings->count; i++) {
        memcpy(&string[i], own->key.bytes + strings->at[i], sizeof string[i]);
        bytes += string[i].length;
    }
    if (!has_room(own, bytes)) return NULL;
    for (uint32_t i = 0; i < strings->count; i++) {
        if (string[i].length == 0) continue;
        string[i].at = memcpy(own->at + done, string[i].at, string[i].length);
        done += string[i].length;
        memcpy(own->key.bytes + strings->at[i], &string[i], sizeof string[i]);
    }
    return &own->key;
}

void gm_own_key_end(gm_own_key *own) { gm_release(&own->memory, GOMAP_HEADER, own->at, own->room); }

int gm_merge(gomap *map, gomap_iter *source)
{
    const gomap *from = source->map;
    int is_lent = gm_is_lent(from);
    gm_own_key own;
    gomap_key room;
    const void *at, *value;
    int more, added;
    memset(&own, 0, sizeof own);
    while ((more = gomap_iter_next(source, &at, &value)) == 1) {
        const void *key = is_lent ? gm_own_key_of(&own, from, at) : gomap_key_again(from, at, &room);
        if (key == NULL || gm_put(map, key, value, from, &added) == NULL) {
            more = -1;
            break;
        }
    }
    gomap_iter_end(source);
    gm_own_key_end(&own);
    return more;
}

int gomap_merge(gomap *map, const gomap *source)
{
    gomap_iter iter;
    gomap_iter_begin(&iter, (gomap *)(uintptr_t)source);
    return gm_merge(map, &iter);
}

/* Two headers may have been granted unequal bytes, and each stays where it is. */
static void recount_header(gm_map *map, size_t from, size_t to)
{
    map->memory.total += to - from;
    if (map->memory.total > map->memory.peak) map->memory.peak = map->memory.total;
    gm_purposes *purposes = map->memory.purposes;
    if (purposes == NULL) return;
    purposes->live[GOMAP_HEADER] = to;
    if (purposes->peak[GOMAP_HEADER] < to) purposes->peak[GOMAP_HEADER] = to;
}

/* Two maps of one type and engine change places with all that they hold. */
static void swap(gomap *map, gomap *other)
{
    size_t bytes = gm_engine_of(map)->swap(map, other);
    recount_header(gm_map_of(map), gm_granted(other, bytes), gm_granted(map, bytes));
    recount_header(gm_map_of(other), gm_granted(map, bytes), gm_granted(other, bytes));
}

gomap *gomap_detach(gomap *map, uint64_t seed)
{
    gm_map *whole = gm_map_of(map);
    gomap *other = gomap_new(gm_engine_of(map)->id, map->type, 0, seed);
    if (other == NULL) return NULL;
    gm_map *gone = gm_map_of(other);
    swap(map, other);
    /* Iterators stay with the map, and find it empty; peaks do too. */
    uint32_t epoch = gone->epoch, iterators = gone->iterators;
    gone->epoch = whole->epoch;
    gone->iterators = 0;
    whole->epoch = epoch;
    whole->iterators = iterators;
    whole->memory.peak = gone->memory.peak;
    if (whole->memory.purposes)
        memcpy(whole->memory.purposes->peak, gone->memory.purposes->peak, sizeof gone->memory.purposes->peak);
    /* What deletions under the iterators have put off. */
    if (iterators && gm_engine_of(other)->iterated) gm_engine_of(other)->iterated(other);
    return other;
}

void gomap_become(gomap *map, gomap *other)
{
    gm_map *whole = gm_map_of(map), *gone = gm_map_of(other);
    uint32_t epoch = whole->epoch;
    swap(map, other);
    whole->epoch = epoch + 1;
    whole->iterators = gone->iterators = 0;
    gomap_free(other);
}

size_t gomap_find_many(const gomap *map, const void *keys, size_t count, void **found)
{
    const gm_keys many = {keys, count, NULL, 0};
    return gm_engine_of(map)->find_many(map, &many, found);
}

size_t gomap_put_many(gomap *map, const void *keys, size_t count, const void *values, size_t value_stride)
{
    return gomap_write_many(map, keys, count, (void *)(uintptr_t)values, value_stride, NULL);
}

size_t gomap_write_many(gomap *map, const void *keys, size_t count, void *values, size_t value_stride,
                        gomap_writer *writer)
{
    const gm_keys many = {keys, count, NULL, 0};
    return gm_engine_of(map)->put_many(map, &many, values, value_stride, writer);
}

void gomap_erase_begin(gomap_iter *held, gomap *map)
{
    held->map = NULL;
    if (gm_engine_of(map)->iterated) gomap_iter_begin(held, map);
}

void gomap_erase_end(gomap_iter *held) { gomap_iter_end(held); }

size_t gomap_erase_many(gomap *map, const void *keys, size_t count)
{
    const gm_keys many = {keys, count, NULL, 0};
    gomap_iter held;
    gomap_erase_begin(&held, map);
    size_t erased = gm_engine_of(map)->erase_many(map, &many);
    gomap_erase_end(&held);
    return erased;
}

uint64_t gomap_string_bytes(const gomap *map) { return gm_engine_of(map)->string_bytes(map); }

/* Numbers keys in the order of their coming. */
typedef struct coder {
    gomap_writer writer;
    const gomap *map;
} coder;

static int write_code(gomap_writer *writer, void *room, void *code, int added)
{
    const gomap *map = ((const coder *)writer)->map;
    if (added) gm_store64(room, map->count - 1);
    else if (GM_UNLIKELY(gm_load64(room) >= map->count)) return 0;
    memcpy(code, room, sizeof(int64_t));
    return 1;
}

size_t gm_code_many(gomap *map, const gm_keys *keys, int64_t *codes)
{
    coder own = {{write_code}, map};
    return gm_engine_of(map)->put_many(map, keys, codes, sizeof *codes, &own.writer);
}

size_t gomap_code_many(gomap *map, const void *keys, size_t count, int64_t *codes)
{
    const gm_keys many = {keys, count, NULL, 0};
    return gm_code_many(map, &many, codes);
}

int gomap_fills(const gomap *map)
{
    return map->count == 0 && gm_engine_of(map)->fill && gm_map_of(map)->iterators == 0;
}

void gomap_fill_begin(gomap *map, size_t count)
{
    if (gomap_fills(map)) (void)gm_engine_of(map)->fill(map, count);
}

void gomap_fill_end(gomap *map) { (void)gomap_compact(map); }

gomap *gomap_clone(const gomap *source, uint64_t seed)
{
    gomap *copy;
    char why[1];
    if (gm_engine_of(source)->copy) {
        (void)gomap_load(&copy, source, why, sizeof why);
        return copy;
    }
    copy = gomap_new(gm_engine_of(source)->id, source->type, source->count, seed);
    if (copy == NULL) return NULL;
    if (gomap_merge(copy, source) == 0) return copy;
    gomap_free(copy);
    return NULL;
}

int gomap_any(gomap *map, const void **key, const void **value) { return gm_engine_of(map)->any(map, key, value); }

void gomap_erase_any(gomap *map) { gm_engine_of(map)->erase_any(map); }

int gomap_reserve(gomap *map, size_t count) { return gm_engine_of(map)->reserve(map, count); }

int gomap_compact(gomap *map) { return gm_engine_of(map)->compact ? gm_engine_of(map)->compact(map), 1 : 0; }

void gomap_clear(gomap *map) { gm_engine_of(map)->clear(map); }

void gomap_iter_begin(gomap_iter *iter, gomap *map)
{
    gm_map *whole = gm_map_of(map);
    memset(iter, 0, sizeof *iter);
    iter->map = map;
    iter->epoch = whole->epoch;
    iter->left = map->count;
    whole->iterators++;
    if (gm_engine_of(map)->iterate) gm_engine_of(map)->iterate(iter);
}

void gomap_iter_again(gomap_iter *again, const gomap_iter *begun)
{
    gomap_iter_begin(again, begun->map);
    memcpy(again->place, begun->place, sizeof again->place);
}

void gomap_iter_alone(gomap_iter *iter)
{
    gm_map *whole = gm_map_of(iter->map);
    iter->epoch = ++whole->epoch;
    whole->iterators = 1;
}

int gomap_iter_next(gomap_iter *iter, const void **key, const void **value)
{
    if (iter->map == NULL) return 0;
    if (GM_UNLIKELY(iter->epoch != gm_map_of(iter->map)->epoch)) return -1;
    /* `left` is for a map over a damaged snapshot, which may have more entries than are counted. */
    if (iter->left && iter->map->count && gm_engine_of(iter->map)->next(iter, key, value)) {
        iter->left--;
        return 1;
    }
    gomap_iter_end(iter);
    return 0;
}

int gomap_iter_is_over(const gomap_iter *iter) { return iter->map && iter->epoch != gm_map_of(iter->map)->epoch; }

void gomap_iter_end(gomap_iter *iter)
{
    gomap *map = iter->map;
    if (map == NULL) return;
    gm_map *whole = gm_map_of(map);
    iter->map = NULL;
    if (iter->epoch == whole->epoch && --whole->iterators == 0 && gm_engine_of(map)->iterated)
        gm_engine_of(map)->iterated(map);
}

void gomap_end_iterators(gomap *map)
{
    gm_end_iterators(gm_map_of(map));
    if (gm_engine_of(map)->iterated) gm_engine_of(map)->iterated(map);
}

uint64_t gomap_random(uint64_t *state) { return gm_random(state); }

void gomap_memory_of(const gomap *map, gomap_memory *memory)
{
    const gm_memory *counted = &gm_map_of(map)->memory;
    memset(memory, 0, sizeof *memory);
    memory->total = counted->total;
    memory->total_peak = counted->peak;
    if (counted->purposes) {
        memcpy(memory->live, counted->purposes->live, sizeof memory->live);
        memcpy(memory->peak, counted->purposes->peak, sizeof memory->peak);
    } else { /* few regions: the walk takes no time. Peaks by purpose are not known. */
        gm_engine_of(map)->walk(map, memory->live);
        memcpy(memory->peak, memory->live, sizeof memory->peak);
    }
}

size_t gomap_total(const gomap *map) { return gm_map_of(map)->memory.total; }

void gomap_peak_reset(gomap *map)
{
    gm_memory *memory = &gm_map_of(map)->memory;
    memory->peak = memory->total;
    if (memory->purposes) memcpy(memory->purposes->peak, memory->purposes->live, sizeof memory->purposes->peak);
}

void gomap_walk(const gomap *map, size_t live[GOMAP_PURPOSES])
{
    memset(live, 0, sizeof live[0] * GOMAP_PURPOSES);
    gm_engine_of(map)->walk(map, live);
}

void gomap_stats_of(const gomap *map, gomap_stats *stats)
{
    memset(stats, 0, sizeof *stats);
    gm_engine_of(map)->stats(map, stats);
}

int gm_broken(char *why, size_t size, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(why, size, format, arguments);
    va_end(arguments);
    return -1;
}

int gomap_check(const gomap *map, char *why, size_t size)
{
    const gm_memory *memory = &gm_map_of(map)->memory;
    if (gm_engine_of(map)->check(map, why, size)) return -1; /* first: a walk does not end in a ring */
    size_t live[GOMAP_PURPOSES], total = 0;
    gomap_walk(map, live);
    for (int purpose = 0; purpose < GOMAP_PURPOSES; purpose++) {
        total += live[purpose];
        if (memory->purposes && live[purpose] != memory->purposes->live[purpose])
            return gm_broken(why, size, "M1: purpose %d counts %zu bytes, the walk finds %zu", purpose,
                             memory->purposes->live[purpose], live[purpose]);
    }
    if (total != memory->total || total > memory->peak)
        return gm_broken(why, size, "M1: total %zu, peak %zu, the walk finds %zu", memory->total, memory->peak, total);
    return 0;
}
