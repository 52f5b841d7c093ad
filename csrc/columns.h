/* columns.h - keys and values as they stand in arrays, and whole arrays at a time.
 *
 * An array belongs to its owner, who may write to it while it is read, from another thread. So the core never works on
 * an array itself. A column hands it out in pieces:
 *
 *     array    | item | item | item | item | item | ...
 *                 copied once, checked and made tidy in the copy
 *     piece    | item | item | item |   ->  the core hashes, compares and stores these very bytes
 *
 * Even if the array changes meanwhile, the map holds only keys and values that were in the array at some moment. An
 * item of more than eight bytes may be a mixture: its first bytes from before a write, its last bytes from after it.
 *
 * A column may be made of parts, each with a form of its own: Arrow's data come in chunks. A piece never goes beyond
 * the end of a part.
 *
 * A piece is small enough for a core's first cache, so that copying costs a fraction of a nanosecond a key.
 * Nothing here allocates: the room for a piece is the caller's.
 */
#ifndef GOMAP_COLUMNS_H
#define GOMAP_COLUMNS_H

#include "gomap.h"

#ifdef __cplusplus
extern "C" {
#endif

/* ---- numbers that are converted ---------------------------------------------------------------------- */

/* clang-format off */
enum {
    GOMAP_N_BOOL, GOMAP_N_INT8, GOMAP_N_INT16, GOMAP_N_INT32, GOMAP_N_INT64,
    GOMAP_N_UINT8, GOMAP_N_UINT16, GOMAP_N_UINT32, GOMAP_N_UINT64, GOMAP_N_FLOAT32, GOMAP_N_FLOAT64
};
/* clang-format on */

/* An array of numbers. */
typedef struct gomap_numbers {
    const char *at;
    ptrdiff_t stride;
    size_t count;
    int kind;    /* GOMAP_N_ ... */
    int swapped; /* they have the other byte order */
} gomap_numbers;

/* Numbers into `size` bytes each of another kind. A number that does not fit is marked in absent and left zero;
 * without absent it ends the conversion. Returns how many were converted. */
size_t gomap_numbers_convert(const gomap_numbers *from, char *to, int kind, size_t size, unsigned char *absent);

/* Adds to a number where it stands; 0, and it is as it was, when the sum does not fit. */
int gomap_add(void *room, const void *by, int kind);

/* ---- text that is converted --------------------------------------------------------------------------- */

/* Items of 32-bit characters, zeros behind their end, as UTF-8 into room for four bytes a character. Lone surrogates
 * pass. Returns how many were read: fewer than count at a number that is no character. */
size_t gomap_ucs4_read(gomap_string *to, char *room, const char *at, ptrdiff_t stride, size_t characters, int swapped,
                       size_t count);

/* Whether bytes are UTF-8; lone surrogates pass. */
int gomap_is_utf8(const void *text, size_t length);

/* Whether there is a lone surrogate in bytes that are UTF-8 otherwise: strings may have them, Arrow's text may not. */
int gomap_has_surrogate(const char *text, size_t length);

/* Marks in absent the items whose bits are 0, which is how Arrow marks nulls. Bits count from the lowest of each byte.
 * Returns how many are marked. */
size_t gomap_bits_absent(unsigned char *absent, const void *bits, size_t offset, size_t count);
/* Bits for bytes: 1 where the byte is `is`. */
void gomap_bits_write(unsigned char *bits, const unsigned char *bytes, unsigned char is, size_t count);
/* Bits as bytes of 0 and 1. */
void gomap_bits_read(char *to, const void *bits, size_t offset, size_t count);

/* ---- structs ------------------------------------------------------------------------------------------- */

/* One thing that has to hold in the bytes of a struct, so that equal structs are equal bytes. */
typedef struct gomap_tidy {
    uint32_t offset, size;
    int what; /* GOMAP_T_ ... */
} gomap_tidy;

enum {
    GOMAP_T_ZERO,  /* padding is zero */
    GOMAP_T_BOOL,  /* a bool is 0 or 1 */
    GOMAP_T_FLOAT, /* 0.0 for -0.0, and one NaN; of 4 or 8 bytes */
};

/* Whether one struct obeys all these rules. With change the struct is corrected, so that it obeys them afterwards. */
int gomap_tidied(const gomap_tidy *steps, size_t count, char *at, int change);

/* ---- columns ------------------------------------------------------------------------------------------- */

typedef struct gomap_column {
    int form;         /* GOMAP_C_ ... */
    int width;        /* bytes: of an item that is padded, of an offset, of a code */
    const char *at;   /* the first item, offset, view or code */
    ptrdiff_t stride; /* bytes from one item to the next; 0: one for all */
    size_t count;
    size_t size;                 /* bytes of an item as the core takes it */
    const unsigned char *absent; /* marks keys that the type cannot hold, and nulls; NULL: there are none */
    const gomap_tidy *tidies;    /* of structs */
    size_t tidy_count;
    const char *text;           /* where offsets lead into */
    int64_t least, most;        /* the first and the last of the offsets, which bound the text; of views most is
                                       the length of all text */
    int utf8;                   /* the text has to be UTF-8; lone surrogates pass */
    const void *const *buffers; /* that views lead into */
    const int64_t *lengths;     /* of these, in bytes */
    size_t buffer_count;
    const struct gomap_column *items; /* that codes stand for: of form GOMAP_C_OWN */
    struct gomap_column *parts;       /* each with `begin`, and without room of its own */
    size_t part_count, part;          /* part: the one that was read last */
    size_t begin;                     /* of a part or a window: its first item's index in the whole */
    size_t have;                      /* items in the window */
    char *room;                       /* for a piece, unless the memory is own */
    size_t room_bytes, room_wanted;   /* wanted: after GOMAP_C_ROOM */
    size_t failed_at;                 /* of the piece that was not read: the item that it failed at */
    int failure;                      /* why a piece was not read; 0 */
} gomap_column;

enum {
    GOMAP_C_OWN,     /* items as the core takes them, in memory that nobody else writes to: no piece is copied */
    GOMAP_C_ITEMS,   /* items of `size` bytes */
    GOMAP_C_PADDED,  /* strings in `width` bytes, zeros behind their end (NumPy's S) */
    GOMAP_C_OFFSETS, /* strings between offsets of `width` bytes, into text (Arrow) */
    GOMAP_C_VIEWS,   /* strings in views of 16 bytes: up to 12 bytes there, longer ones in one of the buffers (Arrow) */
    GOMAP_C_CODES,   /* integers of `width` bytes, each the index of an item (Arrow's dictionaries) */
    GOMAP_C_PARTS,   /* columns one after another */
    GOMAP_C_WINDOW /* of the items only `have` from `begin` on stand at `at`, in own memory; the caller brings others */
};

enum {
    GOMAP_C_ROOM = 1, /* the piece takes room_wanted bytes of room */
    GOMAP_C_TEXT,     /* item failed_at is no text: its offsets or its view lead nowhere, or it is not UTF-8 */
    GOMAP_C_CODE,     /* item failed_at is a code that no item has, or that of an absent one */
    GOMAP_C_MORE      /* the window has to be moved to failed_at */
};

/* A column of items that stand in memory of the caller's own. */
static inline gomap_column gomap_column_own(const void *at, size_t size, size_t count)
{
    gomap_column column;
    memset(&column, 0, sizeof column);
    column.at = (const char *)at;
    column.stride = (ptrdiff_t)size;
    column.size = size;
    column.count = count;
    return column;
}

/* The room that pieces of a column take to begin with. */
size_t gomap_column_room(const gomap_column *column);

/* A piece: up to `most` items from `begin` on, as the core takes them, where they stay until the next read. Returns
 * how many, at least one; 0: column->failure says why. */
size_t gomap_column_read(gomap_column *column, size_t begin, size_t most, const char **piece);

/* Checks a whole column whose memory is not own, so that it can be refused before anything is changed. Its items are
 * checked again as they are read. Returns how many items are good. */
size_t gomap_column_check(const gomap_column *column);

/* Whether the memory at `at` overlaps the column's. */
int gomap_column_overlaps(const gomap_column *column, const void *at, size_t size);

/* The index of the first code that no item has or that stands for an absent item, or count. With absent, codes of
 * absent items are marked there instead. Rows that are marked already are not looked at. */
size_t gomap_codes_check(const gomap_column *column, unsigned char *absent);

/* The length of the text of all views; rows that are marked in absent are left out. */
int64_t gomap_views_text(const gomap_column *column, const unsigned char *absent);

/* ---- whole columns ------------------------------------------------------------------------------------- *
 * Keys that are marked absent are not found, and are left out where keys are put in.
 * Each processes items begin to begin + most and returns how many it processed. If these are fewer, column->failure
 * says why. If failure is 0, memory has run out, or the function gives its own reason. */

/* A random sample of keys: how many were drawn, how many of them are distinct, and how many keys came once and twice. */
typedef struct gomap_sampled {
    size_t drawn, distinct, once, twice;
} gomap_sampled;

/* How many of `count` keys are distinct, by a sample of them. */
size_t gomap_expected(size_t count, const gomap_sampled *sampled);

/* The same by a sample of a column's keys. */
size_t gomap_column_expected(const gomap *map, gomap_column *keys);

/* Before a column of keys is put into an empty map: estimates from a sample how many are distinct, and lays the map out
 * for those, full. 1: it was empty, and gomap_fill_end is to be called afterwards, whatever happens. */
int gomap_column_fill(gomap *map, gomap_column *keys);

/* Every key with its value. */
size_t gomap_column_put(gomap *map, gomap_column *keys, gomap_column *values, size_t begin, size_t most);

/* Looks keys up where a look-up is also a use, as of a cache's entries (cache.h). Of at most GOMAP_FOUND_MOST keys, as
 * the core has them, `find` makes found[i] the address of key i's value, which holds until its next call, or NULL;
 * `used` says that they have been read. */
enum { GOMAP_FOUND_MOST = 256 };
struct gm_keys;
typedef struct gomap_finder {
    void (*find)(struct gomap_finder *, const struct gm_keys *keys, void **found);
    void (*used)(struct gomap_finder *);
} gomap_finder;

/* Writes the keys' values to an array. A missing key gets the value that `missing` points to. With stop, the call
 * returns after the piece with the first missing key. */
typedef struct gomap_getting {
    gomap_finder *finder; /* NULL: the map finds them */
    char *to;
    size_t size;          /* of a value */
    const char *missing;  /* NULL: nothing is written */
    unsigned char *marks; /* room for a byte for each key: set to 1 where it is missing; or NULL */
    int stop;
    size_t lost;       /* how many were missing so far */
    const char *first; /* the first of them: stays until the next piece */
    size_t first_at;
} gomap_getting;
size_t gomap_column_get(const gomap *map, gomap_column *keys, gomap_getting *getting, size_t begin, size_t most);

/* The keys' values that are strings, one behind the other. A call ends before the text goes beyond `room`, with the
 * room that it takes in `wanted`. */
typedef struct gomap_texts {
    gomap_finder *finder; /* as above */
    int64_t *offsets;     /* room for one more than there are keys; the first is 0 */
    char *text;
    size_t room, wanted;
    gomap_string missing; /* for a missing key */
    unsigned char *marks; /* as above */
    int stop;
    size_t lost;
    const char *first;
    size_t first_at;
} gomap_texts;
size_t gomap_column_texts(const gomap *map, gomap_column *keys, gomap_texts *texts, size_t begin, size_t most);

/* Whether each key is there, as bytes of 0 and 1. */
size_t gomap_column_contains(const gomap *map, gomap_column *keys, unsigned char *to, size_t begin, size_t most);

size_t gomap_column_erase(gomap *map, gomap_column *keys, size_t *erased, size_t begin, size_t most);

/* As gomap_code_many. */
size_t gomap_column_code(gomap *map, gomap_column *keys, int64_t *codes, size_t begin, size_t most);

/* Adds to the values of keys, and can take the additions back. A key may occur several times. Each piece is
 * remembered as a digest, so that an array that another thread has changed since is not mistaken for what was added. */
typedef struct gomap_piece {
    size_t begin, count;
    uint64_t digest;
} gomap_piece;
typedef struct gomap_adding {
    gomap_column *keys, *by;
    int kind; /* of the values: GOMAP_N_ ... */
    int nans; /* GOMAP_A_ ... */
    /* Room for a mark for each key: 1: it was not there before; GOMAP_A_LATER: a NaN, still to come. */
    unsigned char *new;
    gomap_piece *pieces;
    size_t piece_count, piece_room;
    int overflow; /* it ended at a sum that does not fit: was + more */
    char was[8], more[8];
} gomap_adding;
enum {
    GOMAP_A_ALL,
    GOMAP_A_WITHOUT_NANS, /* all but NaNs: Go's engine cannot find a NaN's entry again, to take it back */
    GOMAP_A_NANS,         /* the NaNs, added last */
    GOMAP_A_LATER
};
/* The room that gomap_column_add takes for pieces, in calls of at most `most` keys. */
size_t gomap_adding_pieces(const gomap_column *keys, const gomap_column *by, size_t most);
size_t gomap_column_add(gomap *map, gomap_adding *adding, size_t begin, size_t most);
/* Takes back the additions of the keys before `done`, the last piece first, until it meets a piece whose arrays have
 * changed. Returns how many keys, from the first on, are still added: 0 unless an array has changed or a window has to
 * be moved; then it is called again with that number. For integers, not for NaN keys. */
size_t gomap_column_take_back(gomap *map, gomap_adding *adding, size_t done);

/* ---- Arrow's C data interface (arrow.apache.org/docs/format/CDataInterface.html, CStreamInterface.html) --- */

typedef struct gomap_arrow_schema {
    const char *format, *name, *metadata;
    int64_t flags, n_children;
    struct gomap_arrow_schema **children, *dictionary;
    void (*release)(struct gomap_arrow_schema *);
    void *private_data;
} gomap_arrow_schema;

typedef struct gomap_arrow_array {
    int64_t length, null_count, offset, n_buffers, n_children;
    const void **buffers;
    struct gomap_arrow_array **children, *dictionary;
    void (*release)(struct gomap_arrow_array *);
    void *private_data;
} gomap_arrow_array;

/* Arrays of one schema, one after another; the last is followed by one that is released. 0, or an errno. */
typedef struct gomap_arrow_stream {
    int (*get_schema)(struct gomap_arrow_stream *, gomap_arrow_schema *out);
    int (*get_next)(struct gomap_arrow_stream *, gomap_arrow_array *out);
    const char *(*get_last_error)(struct gomap_arrow_stream *);
    void (*release)(struct gomap_arrow_stream *);
    void *private_data;
} gomap_arrow_stream;

#ifdef __cplusplus
}
#endif
#endif
