/* snapshot.h - a map as bytes that any process can use where they stand: in a file, or in any other buffer.
 *
 *     | head, whole pages           | section | section | ...       all in one order: docs/format.md
 *       magic, version, count, ...
 *       types, sections' table
 *
 * The sections are a map's regions as they are in memory, without what is not in use. So saving copies, and opening
 * makes a map whose regions lie in the snapshot, in constant time: it is read like any other and cannot be written to.
 *
 *     save      gomap_save_begin, then gomap_save_next until it gives 0, then gomap_save_head for the file's beginning
 *     open      gomap_snapshot_read, then gomap_snapshot_open; the caller keeps the bytes as long as the map
 *     load      gomap_load copies an opened map into memory of its own, which can be written to
 *
 * A snapshot is not trusted. Reading an opened map stays within the snapshot and comes to an end, whatever the bytes
 * are, also if they change meanwhile: every number that leads somewhere is read once and compared with how many there
 * are (el_record, gm_string_at), and an iteration ends after as many entries as are counted, or fewer. Writing relies
 * on more, so gomap_load checks that first, in its copy. Merging an opened map into another one copies each key first
 * (gm_own_key_of): what is put must not change while it is.
 */
#ifndef GM_SNAPSHOT_H
#define GM_SNAPSHOT_H

#include "gomap.h"

#ifdef __cplusplus
extern "C" {
#endif

/* The version that is written, and the latest that is read. */
#define GOMAP_SNAPSHOT_VERSION 1u
/* A head is at least so long, and all of it is whole pages of this size. */
#define GOMAP_SNAPSHOT_PAGE 4096u
/* The most bytes of the two types' spellings together. */
#define GOMAP_SPELLINGS_MOST (1u << 20)

/* Why a snapshot cannot be read. */
enum {
    GOMAP_SNAPSHOT_GOOD,
    GOMAP_SNAPSHOT_FOREIGN,   /* it is no snapshot */
    GOMAP_SNAPSHOT_SHORT,     /* it ends early */
    GOMAP_SNAPSHOT_LATER,     /* of a later version */
    GOMAP_SNAPSHOT_DAMAGED,   /* something in it is wrong */
    GOMAP_SNAPSHOT_NO_MEMORY, /* there is no memory for the map */
    GOMAP_SNAPSHOT_ENDIAN,    /* the machine is big-endian, snapshots are little-endian */
};

/* What a section holds. Items of GOMAP_SECTION_KEY_STRINGS and later ones are told apart by `of`. */
enum {
    GOMAP_SECTION_TAGS = 1,    /* an item is a bucket */
    GOMAP_SECTION_SLOTS,       /* likewise */
    GOMAP_SECTION_OVERFLOW,    /* entries that found no bucket */
    GOMAP_SECTION_RECORDS,     /* entries to which slots lead by number */
    GOMAP_SECTION_KEY_STRINGS, /* strings of the size class `of` */
    GOMAP_SECTION_VALUE_STRINGS,
    GOMAP_SECTION_KEY_TEXT, /* the bytes of strings that are too long for a class */
    GOMAP_SECTION_VALUE_TEXT,
};

typedef struct gomap_section {
    uint32_t what, of;
    uint64_t at, bytes; /* in the snapshot */
    uint64_t items;
    uint64_t checksum; /* of its bytes: XXH64, seed 0 */
} gomap_section;

/* What a snapshot's head says. */
typedef struct gomap_snapshot {
    const unsigned char *at; /* of the snapshot */
    uint64_t bytes;          /* of all of it */
    uint32_t version, head_bytes, sections;
    uint32_t made_by; /* the caller's, as it was saved */
    uint32_t key_kind, key_size, value_size, in_records;
    uint32_t buckets, overflow;
    uint64_t count, string_bytes;
    uint64_t seed[2];
    uint64_t checksum;                 /* of the head */
    const char *key_type, *value_type; /* spellings, not ended by a zero */
    uint32_t key_type_bytes, value_type_bytes;
} gomap_snapshot;

/* ---- saving ------------------------------------------------------------------------------------------------- */

typedef struct gomap_saver gomap_saver;

/* Nobody writes to the map until gomap_save_end. The spellings are copied. `made_by` says what kind of map it was, and
 * means nothing to the core. Go's map is saved as an elastic one with the same entries; of several NaN keys one is
 * left. The same map gives the same bytes. NULL: out of memory, or the machine is big-endian. */
gomap_saver *gomap_save_begin(const gomap *map, const char *key_type, uint32_t key_type_bytes, const char *value_type,
                              uint32_t value_type_bytes, uint32_t made_by);
uint64_t gomap_save_bytes(const gomap_saver *saver);      /* of the whole snapshot */
uint32_t gomap_save_head_bytes(const gomap_saver *saver); /* of those, its head */

/* The next bytes of what follows the head; 0 at the end. There is room for GOMAP_SAVE_LEAST bytes or more. */
#define GOMAP_SAVE_LEAST ((size_t)64 << 10)
size_t gomap_save_next(gomap_saver *saver, void *room, size_t bytes);

/* The head, when gomap_save_next has given 0. */
void gomap_save_head(const gomap_saver *saver, void *room);
void gomap_save_end(gomap_saver *saver);

/* ---- opening ------------------------------------------------------------------------------------------------ */

/* Reads the head, in time that does not depend on the entries. Returns one of GOMAP_SNAPSHOT_GOOD ..., and then why
 * in words. */
int gomap_snapshot_read(gomap_snapshot *snapshot, const void *at, uint64_t bytes, char *why, size_t size);
/* i < snapshot->sections. */
gomap_section gomap_snapshot_section(const gomap_snapshot *snapshot, uint32_t i);

/* A map over a snapshot that gomap_snapshot_read has read, of the type that its spellings mean. It may be read,
 * iterated, copied by gomap_load and freed. It is not written to. Its own memory is what gomap_total says: the
 * snapshot is not counted. */
int gomap_snapshot_open(gomap **map, const gomap_snapshot *snapshot, const gomap_type *type, char *why, size_t size);

/* Compares all checksums with the bytes. gomap_check on the opened map does the rest. */
int gomap_snapshot_verify(const gomap_snapshot *snapshot, char *why, size_t size);

/* An ordinary map with the entries of an opened one, or of any other. Returns as gomap_snapshot_read does. */
int gomap_load(gomap **loaded, const gomap *map, char *why, size_t size);

#ifdef __cplusplus
}
#endif
#endif
