/* snapshot.c - the head of a snapshot and its checksums; which sections there are is the engine's. See snapshot.h. */
#include "checksum.h"
#include "map.h"
#include "saving.h"

/* The head, and an item of its table, as they stand in a snapshot: little-endian, and without gaps. */
typedef struct head {
    unsigned char magic[8];
    uint32_t version, head_bytes;
    uint64_t bytes, checksum; /* of the snapshot; of the head, where this is 0 */
    uint64_t count, string_bytes, seed[2];
    uint32_t buckets, overflow;
    uint32_t made_by, key_kind, key_size, value_size, in_records;
    uint32_t sections, key_type_bytes, value_type_bytes;
} head;
_Static_assert(sizeof(head) == 104, "the head has no gaps");
_Static_assert(sizeof(gomap_section) == 40, "the table has no gaps");

/* As PNG's does, it shows a transfer that changed line ends, or cut the highest bit. */
static const unsigned char magic[8] = {0x89, 'G', 'M', 'A', 'P', '\r', '\n', 0x1a};

/* Sections of a page or more begin at one, so that each can be mapped for itself. */
enum { SMALL_ALIGN = 64 };
/* So much is copied, and then goes into the checksum from the processor's cache. 4,000,000 entries of 16 bytes into
 * memory: 28 ms; 30 at 64 KB, 37 at 512 KB, 60 with the checksum after pieces of 16 MB. */
enum { IN_CACHE = 128 << 10 };
/* More than there are kinds of sections. */
enum { SECTIONS_MOST = 256 };

static uint64_t aligned(uint64_t at, uint64_t to) { return (at + to - 1) / to * to; }
static uint64_t align_of(uint64_t bytes) { return bytes < GOMAP_SNAPSHOT_PAGE ? SMALL_ALIGN : GOMAP_SNAPSHOT_PAGE; }

/* ---- saving ---------------------------------------------------------------------------------------------------- */

struct gomap_saver {
    gm_saving saving;
    gomap *copy; /* of a map whose engine has no sections */
    head head;
    gm_checksum sum;   /* of the section that is being written */
    size_t section;    /* its index */
    uint64_t at, done; /* in the snapshot; of the section's bytes */
    char *types;
};

static size_t spellings_bytes(const gomap_saver *saver)
{
    return saver->head.key_type_bytes + (size_t)saver->head.value_type_bytes;
}

void gomap_save_end(gomap_saver *saver)
{
    gm_saving *saving = &saver->saving;
    gomap_free(saver->copy);
    gm_release(&saving->memory, GOMAP_HEADER, saving->own, saving->own_bytes);
    gm_release(&saving->memory, GOMAP_HEADER, saving->sections, saving->room * sizeof *saving->sections);
    if (saver->types) gm_release(&saving->memory, GOMAP_HEADER, saver->types, spellings_bytes(saver) + 1);
    gm_memory own = saving->memory;
    gm_release(&own, GOMAP_HEADER, saver, sizeof *saver);
}

/* A map of the elastic engine with the same entries. */
static gomap *with_sections(const gomap *map)
{
    /* The seed is the same each time, and does not tell the map's own. */
    gomap *copy = gomap_new(GOMAP_ELASTIC, map->type, map->count, gm_hash_word(0, gm_map_of(map)->seed));
    gomap_iter iter;
    if (copy == NULL) return NULL;
    gomap_iter_begin(&iter, (gomap *)(uintptr_t)map);
    memset(iter.place, 0, sizeof iter.place); /* from the first bucket, so that the bytes are the same each time */
    if (gm_merge(copy, &iter) == 0) return copy;
    gomap_free(copy);
    return NULL;
}

static void lay_out(gomap_saver *saver)
{
    gm_saving *saving = &saver->saving;
    uint64_t head_bytes = sizeof(head) + saving->count * sizeof(gomap_section) + spellings_bytes(saver), at;
    head_bytes = aligned(head_bytes, GOMAP_SNAPSHOT_PAGE);
    at = head_bytes;
    for (size_t i = 0; i < saving->count; i++) {
        gomap_section *section = &saving->sections[i];
        section->at = aligned(at, align_of(section->bytes));
        at = section->at + section->bytes;
    }
    saver->head.head_bytes = (uint32_t)head_bytes;
    saver->head.bytes = at;
    saver->head.sections = (uint32_t)saving->count;
    saver->at = head_bytes;
}

gomap_saver *gomap_save_begin(const gomap *map, const char *key_type, uint32_t key_type_bytes, const char *value_type,
                              uint32_t value_type_bytes, uint32_t made_by)
{
    gm_memory memory = {0, 0, NULL};
    const gomap_type *type = map->type;
    if (GM_BIG_ENDIAN || (uint64_t)key_type_bytes + value_type_bytes > GOMAP_SPELLINGS_MOST) return NULL;
    gomap_saver *saver = gm_alloc(&memory, GOMAP_HEADER, sizeof *saver);
    if (saver == NULL) return NULL;
    gm_saving *saving = &saver->saving;
    saving->memory = memory;
    saver->head.made_by = made_by;
    if (gm_engine_of(map)->save == NULL) map = saver->copy = with_sections(map);
    saving->map = map;
    if (map && gm_engine_of(map)->save(map, saving))
        saver->types = gm_alloc(&saving->memory, GOMAP_HEADER, key_type_bytes + (size_t)value_type_bytes + 1);
    if (saver->types == NULL) {
        gomap_save_end(saver);
        return NULL;
    }
    memcpy(saver->types, key_type, key_type_bytes);
    memcpy(saver->types + key_type_bytes, value_type, value_type_bytes);
    head *h = &saver->head;
    memcpy(h->magic, magic, sizeof magic);
    h->version = GOMAP_SNAPSHOT_VERSION;
    h->count = map->count;
    h->string_bytes = gomap_string_bytes(map);
    h->seed[0] = gm_map_of(map)->seed.a;
    h->seed[1] = gm_map_of(map)->seed.b;
    h->key_kind = type->key_kind;
    h->key_size = type->key_size;
    h->value_size = type->value_size;
    h->in_records = (uint32_t)gm_engine_of(map)->ref;
    for (size_t i = 0; i < saving->count; i++) {
        const gomap_section *section = &saving->sections[i];
        if (section->what == GOMAP_SECTION_TAGS) h->buckets = (uint32_t)section->items;
        if (section->what == GOMAP_SECTION_OVERFLOW) h->overflow = (uint32_t)section->items;
    }
    h->key_type_bytes = key_type_bytes;
    h->value_type_bytes = value_type_bytes;
    lay_out(saver);
    gm_checksum_begin(&saver->sum);
    return saver;
}

uint64_t gomap_save_bytes(const gomap_saver *saver) { return saver->head.bytes; }
uint32_t gomap_save_head_bytes(const gomap_saver *saver) { return saver->head.head_bytes; }

size_t gomap_save_next(gomap_saver *saver, void *room, size_t bytes)
{
    gm_saving *saving = &saver->saving;
    unsigned char *to = room, *end = to + bytes;
    while (saver->section < saving->count && (size_t)(end - to) >= GOMAP_SAVE_LEAST / 2) {
        gomap_section *section = &saving->sections[saver->section];
        size_t padding = saver->at < section->at ? (size_t)(section->at - saver->at) : 0;
        if (padding) {
            memset(to, 0, padding); /* less than a page */
            to += padding;
            saver->at += padding;
            continue;
        }
        uint64_t left = section->bytes - saver->done;
        size_t most = (size_t)(end - to) < left ? (size_t)(end - to) : (size_t)left;
        if (most > IN_CACHE) most = IN_CACHE;
        size_t some = gm_engine_of(saving->map)->saved(saving, section, saver->done, to, most);
        gm_checksum_add(&saver->sum, to, some);
        to += some;
        saver->at += some;
        saver->done += some;
        if (saver->done < section->bytes) continue;
        section->checksum = gm_checksum_end(&saver->sum);
        gm_checksum_begin(&saver->sum);
        saver->done = 0;
        saver->section++;
    }
    return (size_t)(to - (unsigned char *)room);
}

void gomap_save_head(const gomap_saver *saver, void *room)
{
    const gm_saving *saving = &saver->saving;
    head h = saver->head;
    size_t table = saving->count * sizeof(gomap_section);
    unsigned char *at = room;
    memset(at, 0, h.head_bytes);
    if (table) memcpy(at + sizeof h, saving->sections, table);
    memcpy(at + sizeof h + table, saver->types, spellings_bytes(saver));
    h.checksum = 0;
    memcpy(at, &h, sizeof h);
    h.checksum = gm_checksum_of(at, h.head_bytes);
    memcpy(at, &h, sizeof h);
}

/* ---- opening ------------------------------------------------------------------------------------------------- */

int gm_refused(int code, char *why, size_t size, const char *reason)
{
    (void)gm_broken(why, size, "%s", reason);
    return code;
}

gomap_section gomap_snapshot_section(const gomap_snapshot *snapshot, uint32_t i)
{
    gomap_section section;
    memcpy(&section, snapshot->at + sizeof(head) + (size_t)i * sizeof section, sizeof section);
    return section;
}

int gm_section_within(const gomap_snapshot *snapshot, uint32_t i, gomap_section *section)
{
    *section = gomap_snapshot_section(snapshot, i);
    return section->at <= snapshot->bytes && section->bytes <= snapshot->bytes - section->at;
}

/* The checksum of the head, in which the checksum itself counts as zeros. */
static uint64_t head_checksum(const unsigned char *at, uint32_t head_bytes)
{
    gm_checksum sum;
    head h;
    gm_checksum_begin(&sum);
    memcpy(&h, at, sizeof h);
    h.checksum = 0;
    gm_checksum_add(&sum, &h, sizeof h);
    gm_checksum_add(&sum, at + sizeof h, head_bytes - sizeof h);
    return gm_checksum_end(&sum);
}

int gomap_snapshot_read(gomap_snapshot *snapshot, const void *at, uint64_t bytes, char *why, size_t size)
{
    head h;
    memset(snapshot, 0, sizeof *snapshot);
    if (GM_BIG_ENDIAN) return gm_refused(GOMAP_SNAPSHOT_ENDIAN, why, size, "this machine is big-endian");
    if (bytes < sizeof magic || memcmp(at, magic, sizeof magic) != 0)
        return gm_refused(GOMAP_SNAPSHOT_FOREIGN, why, size, "it does not begin as a saved map does");
    if (bytes < sizeof h) return gm_refused(GOMAP_SNAPSHOT_SHORT, why, size, "it ends within its head");
    memcpy(&h, at, sizeof h);
    if (h.version > GOMAP_SNAPSHOT_VERSION) {
        (void)gm_broken(why, size, "it is of version %u", h.version);
        return GOMAP_SNAPSHOT_LATER;
    }
    if (h.version == 0) return gm_refused(GOMAP_SNAPSHOT_DAMAGED, why, size, "its version is 0");
    uint64_t head_needs = sizeof h + (uint64_t)h.sections * sizeof(gomap_section) + h.key_type_bytes;
    head_needs += h.value_type_bytes;
    if (h.head_bytes % GOMAP_SNAPSHOT_PAGE || h.head_bytes < head_needs || h.bytes < h.head_bytes ||
        (uint64_t)h.key_type_bytes + h.value_type_bytes > GOMAP_SPELLINGS_MOST || h.sections > SECTIONS_MOST)
        return gm_refused(GOMAP_SNAPSHOT_DAMAGED, why, size, "the sizes in its head contradict each other");
    if (bytes < h.bytes) {
        (void)gm_broken(why, size, "it has %llu bytes of %llu", (unsigned long long)bytes, (unsigned long long)h.bytes);
        return GOMAP_SNAPSHOT_SHORT;
    }
    if (head_checksum(at, h.head_bytes) != h.checksum)
        return gm_refused(GOMAP_SNAPSHOT_DAMAGED, why, size, "its head has another checksum");
    *snapshot = (gomap_snapshot){at,
                                 h.bytes,
                                 h.version,
                                 h.head_bytes,
                                 h.sections,
                                 .made_by = h.made_by,
                                 .key_kind = h.key_kind,
                                 .key_size = h.key_size,
                                 .value_size = h.value_size,
                                 .in_records = h.in_records,
                                 .buckets = h.buckets,
                                 .overflow = h.overflow,
                                 .count = h.count,
                                 .string_bytes = h.string_bytes,
                                 .seed = {h.seed[0], h.seed[1]},
                                 .checksum = h.checksum,
                                 .key_type_bytes = h.key_type_bytes,
                                 .value_type_bytes = h.value_type_bytes};
    snapshot->key_type = (const char *)at + sizeof h + (size_t)h.sections * sizeof(gomap_section);
    snapshot->value_type = snapshot->key_type + h.key_type_bytes;
    return GOMAP_SNAPSHOT_GOOD;
}

int gomap_snapshot_open(gomap **map, const gomap_snapshot *snapshot, const gomap_type *type, char *why, size_t size)
{
    uint64_t end = snapshot->head_bytes;
    *map = NULL;
    if (snapshot->key_kind != type->key_kind || snapshot->key_size != type->key_size ||
        snapshot->value_size != type->value_size || !(snapshot->seed[1] & 1))
        return gm_refused(GOMAP_SNAPSHOT_DAMAGED, why, size, "its head contradicts its types");
    if (type->key_kind == GOMAP_OBJECT) /* an address, which means nothing here */
        return gm_refused(GOMAP_SNAPSHOT_DAMAGED, why, size, "its keys are objects");
    for (uint32_t i = 0; i < snapshot->sections; i++) {
        gomap_section section;
        if (!gm_section_within(snapshot, i, &section) || section.at < end || section.bytes == 0 ||
            section.at % align_of(section.bytes))
            return gm_refused(GOMAP_SNAPSHOT_DAMAGED, why, size, "a section is not where one can be");
        end = section.at + section.bytes;
    }
    if (end != snapshot->bytes)
        return gm_refused(GOMAP_SNAPSHOT_DAMAGED, why, size, "its sections do not end where it does");
    gomap *made = gomap_new(GOMAP_ELASTIC, type, 0, 0);
    if (made == NULL) return gm_refused(GOMAP_SNAPSHOT_NO_MEMORY, why, size, gm_no_memory);
    gm_map_of(made)->seed = (gm_seed){snapshot->seed[0], snapshot->seed[1]};
    int code = gm_engine_of(made)->open(made, snapshot, why, size);
    if (code == GOMAP_SNAPSHOT_GOOD) *map = made;
    else gomap_free(made);
    return code;
}

int gomap_snapshot_verify(const gomap_snapshot *snapshot, char *why, size_t size)
{
    uint64_t end = snapshot->head_bytes;
    for (uint32_t i = 0; i < snapshot->sections; i++) {
        gomap_section section;
        if (!gm_section_within(snapshot, i, &section))
            return gm_refused(GOMAP_SNAPSHOT_DAMAGED, why, size, "a section is not where one can be");
        for (; end < section.at; end++)
            if (snapshot->at[end])
                return gm_refused(GOMAP_SNAPSHOT_DAMAGED, why, size, "there is something between its sections");
        if (gm_checksum_of(snapshot->at + section.at, section.bytes) != section.checksum) {
            (void)gm_broken(why, size, "section %u has another checksum", i);
            return GOMAP_SNAPSHOT_DAMAGED;
        }
        end = section.at + section.bytes;
    }
    return GOMAP_SNAPSHOT_GOOD;
}

int gomap_load(gomap **loaded, const gomap *map, char *why, size_t size)
{
    const gm_engine *engine = gm_engine_of(map);
    gomap *copy = engine->copy ? engine->copy(map) : gomap_clone(map, gm_hash_word(0, gm_map_of(map)->seed));
    int code = GOMAP_SNAPSHOT_GOOD;
    *loaded = NULL;
    if (copy == NULL) return gm_refused(GOMAP_SNAPSHOT_NO_MEMORY, why, size, gm_no_memory);
    if (gm_is_lent(map)) code = engine->sound(copy, why, size);
    if (code == GOMAP_SNAPSHOT_GOOD) {
        if (engine->settle) engine->settle(copy);
        *loaded = copy;
    } else {
        gomap_free(copy);
    }
    return code;
}
