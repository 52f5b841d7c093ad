/* columns.c - columns: numbers and text converted, pieces read, whole columns put, found, erased, added. See
 * columns.h. */
#include "columns.h"
#include "hash.h"
#include "rows.h"

/* ---- numbers ------------------------------------------------------------------------------------------ */

/* Copies a number of a size that is known only at run time by one load. */
GM_INLINE void copy_number(unsigned char *to, const char *from, int size)
{
    switch (size) {
    case 8: memcpy(to, from, 8); break;
    case 4: memcpy(to, from, 4); break;
    case 2: memcpy(to, from, 2); break;
    default: *to = (unsigned char)*from;
    }
}

/* One number, in whichever of the three it fits: 0 signed, 1 unsigned beyond int64, 2 floating. */
GM_INLINE int number_read(const char *at, int kind, int swapped, int64_t *i, uint64_t *u, double *f)
{
    static const unsigned char sizes[] = {1, 1, 2, 4, 8, 1, 2, 4, 8, 4, 8};
    unsigned char turned[8];
    if (swapped) {
        int size = sizes[kind];
        unsigned char read[8];
        copy_number(read, at, size); /* at once: another thread may write to it */
        for (int b = 0; b < size; b++) turned[b] = read[size - 1 - b];
        at = (const char *)turned;
    }
    switch (kind) {
    /* clang-format off */
    case GOMAP_N_INT8: { int8_t v; memcpy(&v, at, 1); *i = v; return 0; }
    case GOMAP_N_INT16: { int16_t v; memcpy(&v, at, 2); *i = v; return 0; }
    case GOMAP_N_INT32: { int32_t v; memcpy(&v, at, 4); *i = v; return 0; }
    case GOMAP_N_INT64: memcpy(i, at, 8); return 0;
    case GOMAP_N_UINT16: { uint16_t v; memcpy(&v, at, 2); *i = v; return 0; }
    case GOMAP_N_UINT32: { uint32_t v; memcpy(&v, at, 4); *i = v; return 0; }
    case GOMAP_N_UINT64:
        memcpy(u, at, 8);
        *i = (int64_t)*u;
        return *u > (uint64_t)INT64_MAX;
    case GOMAP_N_FLOAT32: { float v; memcpy(&v, at, 4); *f = (double)v; return 2; }
    /* clang-format on */
    case GOMAP_N_FLOAT64: memcpy(f, at, 8); return 2;
    case GOMAP_N_BOOL: *i = *at != 0; return 0;
    default: *i = (unsigned char)*at; return 0;
    }
}

GM_INLINE int int_write(char *to, int kind, int64_t i)
{
    switch (kind) {
    /* clang-format off */
    case GOMAP_N_INT8: { int8_t v = (int8_t)i; memcpy(to, &v, 1); return v == i; }
    case GOMAP_N_INT16: { int16_t v = (int16_t)i; memcpy(to, &v, 2); return v == i; }
    case GOMAP_N_INT32: { int32_t v = (int32_t)i; memcpy(to, &v, 4); return v == i; }
    case GOMAP_N_INT64: memcpy(to, &i, 8); return 1;
    case GOMAP_N_UINT16: { uint16_t v = (uint16_t)i; memcpy(to, &v, 2); return v == i; }
    case GOMAP_N_UINT32: { uint32_t v = (uint32_t)i; memcpy(to, &v, 4); return v == i; }
    /* clang-format on */
    case GOMAP_N_UINT64: memcpy(to, &i, 8); return i >= 0;
    case GOMAP_N_FLOAT32: { /* an int must be exact */
        float v = (float)i;
        memcpy(to, &v, 4);
        return v < 9223372036854775808.0f && (int64_t)v == i;
    }
    case GOMAP_N_FLOAT64: {
        double v = (double)i;
        memcpy(to, &v, 8);
        return v < 9223372036854775808.0 && (int64_t)v == i;
    }
    default: {
        uint8_t v = (uint8_t)i;
        memcpy(to, &v, 1);
        return v == i;
    }
    }
}

GM_INLINE int float_write(char *to, int kind, double f)
{
    if (kind == GOMAP_N_FLOAT64) {
        memcpy(to, &f, 8);
        return 1;
    }
    float v = (float)f;
    memcpy(to, &v, 4);
    return (double)v - (double)v == 0.0 || !(f - f == 0.0); /* finite, unless it was not before */
}

size_t gomap_numbers_convert(const gomap_numbers *from, char *to, int kind, size_t size, unsigned char *absent)
{
    for (size_t n = 0; n < from->count; n++, to += size) {
        int64_t i = 0;
        uint64_t u = 0;
        double f = 0;
        int fits;
        switch (number_read(from->at + (ptrdiff_t)n * from->stride, from->kind, from->swapped, &i, &u, &f)) {
        case 0: fits = int_write(to, kind, i); break;
        case 1:
            fits = kind == GOMAP_N_UINT64;
            if (fits) memcpy(to, &u, 8);
            else if (kind >= GOMAP_N_FLOAT32) {
                double v = (double)u;
                fits = v < 18446744073709551616.0 && (uint64_t)v == u && float_write(to, kind, v) &&
                       (kind == GOMAP_N_FLOAT64 || (double)(float)v == v);
            }
            break;
        default: fits = float_write(to, kind, f);
        }
        if (fits) continue;
        if (absent == NULL) return n;
        memset(to, 0, size);
        absent[n] = 1;
    }
    return from->count;
}

/* `kind` is a constant. */
GM_INLINE int add_number(void *room, const void *by, int kind)
{
    int64_t i = 0, j = 0;
    uint64_t u = 0, v = 0;
    double f = 0, g = 0;
    char made[8];
    if (kind == GOMAP_N_UINT64) {
        memcpy(&u, room, 8);
        memcpy(&v, by, 8);
        if (u + v < u) return 0;
        u += v;
        memcpy(room, &u, 8);
        return 1;
    }
    if (kind >= GOMAP_N_FLOAT32) {
        (void)number_read(room, kind, 0, &i, &u, &f);
        (void)number_read(by, kind, 0, &j, &v, &g);
        if (kind == GOMAP_N_FLOAT64) {
            f += g;
            memcpy(room, &f, 8);
        } else {
            float narrow = (float)f + (float)g;
            memcpy(room, &narrow, 4);
        }
        return 1;
    }
    (void)number_read(room, kind, 0, &i, &u, &f);
    (void)number_read(by, kind, 0, &j, &v, &g);
    if (kind == GOMAP_N_INT64 && ((j > 0 && i > INT64_MAX - j) || (j < 0 && i < INT64_MIN - j))) return 0;
    return int_write(made, kind, i + j) && int_write(room, kind, i + j);
}

int gomap_add(void *room, const void *by, int kind)
{
    switch (kind) {
    case GOMAP_N_INT8: return add_number(room, by, GOMAP_N_INT8);
    case GOMAP_N_INT16: return add_number(room, by, GOMAP_N_INT16);
    case GOMAP_N_INT32: return add_number(room, by, GOMAP_N_INT32);
    case GOMAP_N_INT64: return add_number(room, by, GOMAP_N_INT64);
    case GOMAP_N_UINT8: return add_number(room, by, GOMAP_N_UINT8);
    case GOMAP_N_UINT16: return add_number(room, by, GOMAP_N_UINT16);
    case GOMAP_N_UINT32: return add_number(room, by, GOMAP_N_UINT32);
    case GOMAP_N_UINT64: return add_number(room, by, GOMAP_N_UINT64);
    case GOMAP_N_FLOAT32: return add_number(room, by, GOMAP_N_FLOAT32);
    default: return add_number(room, by, GOMAP_N_FLOAT64);
    }
}

/* Takes an integer that was added away again: modulo 2^(8 size), which is right for either sign. */
static void subtract(void *room, const void *by, size_t size)
{
    uint64_t a = 0, b = 0;
    switch (size) {
    /* clang-format off */
    case 1: { uint8_t x, y; memcpy(&x, room, 1); memcpy(&y, by, 1); x = (uint8_t)(x - y); memcpy(room, &x, 1); break; }
    case 2: { uint16_t x, y; memcpy(&x, room, 2); memcpy(&y, by, 2); x = (uint16_t)(x - y); memcpy(room, &x, 2);
              break; }
    case 4: { uint32_t x, y; memcpy(&x, room, 4); memcpy(&y, by, 4); x -= y; memcpy(room, &x, 4); break; }
    /* clang-format on */
    default:
        memcpy(&a, room, 8);
        memcpy(&b, by, 8);
        a -= b;
        memcpy(room, &a, 8);
    }
}

/* ---- text --------------------------------------------------------------------------------------------- */

size_t gomap_ucs4_read(gomap_string *to, char *room, const char *at, ptrdiff_t stride, size_t characters, int swapped,
                       size_t count)
{
    for (size_t n = 0; n < count; n++, at += stride) {
        const char *begin = room;
        size_t length = characters;
        uint32_t c;
        while (length && (memcpy(&c, at + 4 * (length - 1), 4), c == 0)) length--;
        for (size_t i = 0; i < length; i++) {
            memcpy(&c, at + 4 * i, 4);
            if (swapped) c = c << 24 | (c & 0xff00) << 8 | (c >> 8 & 0xff00) | c >> 24;
            if (c < 0x80) {
                *room++ = (char)c;
            } else if (c < 0x800) {
                *room++ = (char)(0xc0 | c >> 6);
                *room++ = (char)(0x80 | (c & 0x3f));
            } else if (c < 0x10000) {
                *room++ = (char)(0xe0 | c >> 12);
                *room++ = (char)(0x80 | (c >> 6 & 0x3f));
                *room++ = (char)(0x80 | (c & 0x3f));
            } else if (c < 0x110000) {
                *room++ = (char)(0xf0 | c >> 18);
                *room++ = (char)(0x80 | (c >> 12 & 0x3f));
                *room++ = (char)(0x80 | (c >> 6 & 0x3f));
                *room++ = (char)(0x80 | (c & 0x3f));
            } else {
                return n;
            }
        }
        to[n].at = begin;
        to[n].length = (size_t)(room - begin);
    }
    return count;
}

int gomap_has_surrogate(const char *text, size_t length)
{
    const char *end = text + length;
    if (length < 2) return 0;
    while ((text = memchr(text, 0xed, (size_t)(end - text - 1))) != NULL) /* it leads U+D000 to U+DFFF */
        if ((unsigned char)*++text >= 0xa0) return 1;
    return 0;
}

size_t gomap_bits_absent(unsigned char *absent, const void *bits, size_t offset, size_t count)
{
    const unsigned char *at = bits;
    size_t marked = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned char missing = !(at[(offset + i) / 8] >> ((offset + i) % 8) & 1);
        absent[i] |= missing;
        marked += missing;
    }
    return marked;
}

void gomap_bits_write(unsigned char *bits, const unsigned char *bytes, unsigned char is, size_t count)
{
    memset(bits, 0, (count + 7) / 8);
    for (size_t i = 0; i < count; i++) bits[i / 8] |= (unsigned char)((bytes[i] == is) << (i % 8));
}

void gomap_bits_read(char *to, const void *bits, size_t offset, size_t count)
{
    const unsigned char *at = bits;
    for (size_t i = offset; i < offset + count; i++) *to++ = (char)(at[i / 8] >> (i % 8) & 1);
}

static int is_ascii(const char *text, size_t length)
{
    const unsigned char *at = (const unsigned char *)text;
    uint64_t all = 0;
    size_t i = 0;
    for (; i + 32 <= length; i += 32)
        all |= (gm_load64(at + i) | gm_load64(at + i + 8)) | (gm_load64(at + i + 16) | gm_load64(at + i + 24));
    for (; i + 8 <= length; i += 8) all |= gm_load64(at + i);
    for (; i < length; i++) all |= at[i];
    return (all & 0x8080808080808080u) == 0;
}

/* Whether bytes are UTF-8, surrogates let through. Each is read once. */
static int is_utf8(const char *text, size_t length)
{
    const unsigned char *at = (const unsigned char *)text;
    size_t i = 0;
    while (i < length) {
        if (i + 8 <= length && (gm_load64(at + i) & 0x8080808080808080u) == 0) {
            i += 8;
            continue;
        }
        unsigned char c = at[i];
        size_t more = c < 0x80 ? 0 : c >= 0xc2 && c < 0xe0 ? 1 : (c & 0xf0) == 0xe0 ? 2 : c >= 0xf0 && c < 0xf5 ? 3 : 9;
        if (more == 9 || i + more >= length) return 0;
        for (size_t k = 1; k <= more; k++) {
            unsigned char next = at[i + k];
            if ((next & 0xc0) != 0x80) return 0;
            if (k == 1 && ((c == 0xe0 && next < 0xa0) || (c == 0xf0 && next < 0x90) || (c == 0xf4 && next > 0x8f)))
                return 0;
        }
        i += more + 1;
    }
    return 1;
}

/* ---- structs ------------------------------------------------------------------------------------------- */

static int tidied(const gomap_tidy *step, char *at, int change)
{
    char good[8];
    int so = 1;
    switch (step->what) {
    case GOMAP_T_ZERO:
        for (uint32_t i = 0; so && i < step->size; i++) so = at[i] == 0;
        if (!so && change) memset(at, 0, step->size);
        return so;
    case GOMAP_T_BOOL:
        so = ((unsigned char)*at & 0xfe) == 0;
        if (!so && change) *at = 1;
        return so;
    default:
        memcpy(good, at, step->size);
        if (step->size == 4) {
            float value;
            memcpy(&value, at, 4);
            if (value != value) value = (float)GM_NAN;
            if (value == 0) value = 0;
            memcpy(good, &value, 4);
        } else {
            double value;
            memcpy(&value, at, 8);
            if (value != value) value = GM_NAN;
            if (value == 0) value = 0;
            memcpy(good, &value, 8);
        }
        so = memcmp(good, at, step->size) == 0;
        if (!so && change) memcpy(at, good, step->size);
        return so;
    }
}

int gomap_tidied(const gomap_tidy *steps, size_t count, char *at, int change)
{
    int so = 1;
    for (size_t i = 0; i < count && (so || change); i++) so &= tidied(&steps[i], at + steps[i].offset, change);
    return so;
}

int gomap_is_utf8(const void *text, size_t length) { return is_ascii(text, length) || is_utf8(text, length); }

/* ---- pieces -------------------------------------------------------------------------------------------- */

/* Room for a piece: a quarter to a half of a core's first cache, which leaves space for what a window of keys reads.
 * A piece holds as many strings as fit in together with their text. */
enum { PIECE_BYTES = 8192, TEXT_BYTES = 16384, TEXT_ITEMS = 256 };
/* Behind the text of a piece, so that sixteen bytes may be read of each string (gm_keys). */
enum { TEXT_SPARE = 16 };

size_t gomap_column_room(const gomap_column *column)
{
    size_t one = column->size;
    size_t most = 0;
    switch (column->form) {
    case GOMAP_C_OWN:
    case GOMAP_C_WINDOW: return 0;
    case GOMAP_C_ITEMS:
    case GOMAP_C_CODES: return one > PIECE_BYTES ? one : PIECE_BYTES;
    case GOMAP_C_PARTS:
        for (size_t i = 0; i < column->part_count; i++) {
            one = gomap_column_room(&column->parts[i]);
            if (one > most) most = one;
        }
        return most;
    case GOMAP_C_PADDED: one += (size_t)column->width + TEXT_SPARE; break;
    default: break;
    }
    return one > TEXT_BYTES ? one : TEXT_BYTES;
}

static size_t least(size_t one, size_t other) { return one < other ? one : other; }

static int64_t offset_at(const gomap_column *column, size_t i)
{
    if (column->width == 4) return (int32_t)gm_load32((const unsigned char *)column->at + 4 * i);
    return (int64_t)gm_load64((const unsigned char *)column->at + 8 * i);
}

/* Words of an array, each read at once: memcpy may read a number in two parts, between which another thread writes. */
GM_INLINE void copy_words(char *to, const char *from, size_t bytes, size_t width)
{
    for (size_t i = 0; i < bytes; i += width) {
        const volatile void *at = from + i;
        uint64_t wide = width == 8 ? *(const volatile uint64_t *)at : 0;
        uint32_t word = width == 4 ? *(const volatile uint32_t *)at : 0;
        uint16_t half = width == 2 ? *(const volatile uint16_t *)at : 0;
        memcpy(to + i, width == 8 ? (void *)&wide : width == 4 ? (void *)&word : (void *)&half, width);
    }
}

static void copy_items(char *to, const char *from, size_t bytes)
{
    uintptr_t aligned = (uintptr_t)from | bytes;
    if (aligned % 8 == 0) copy_words(to, from, bytes, 8);
    else if (aligned % 4 == 0) copy_words(to, from, bytes, 4);
    else if (aligned % 2 == 0) copy_words(to, from, bytes, 2);
    else memcpy(to, from, bytes);
}

static size_t read_items(const gomap_column *column, size_t begin, size_t most)
{
    size_t some = column->size ? least(most, column->room_bytes / column->size) : most;
    const char *from = column->at + (ptrdiff_t)begin * column->stride;
    copy_items(column->room, from, some * column->size);
    for (size_t i = 0; column->tidy_count && i < some; i++)
        (void)gomap_tidied(column->tidies, column->tidy_count, column->room + i * column->size, 1);
    return some;
}

static size_t read_padded(const gomap_column *column, size_t begin, size_t most)
{
    size_t width = (size_t)column->width;
    size_t some = least(most, (column->room_bytes - TEXT_SPARE) / (sizeof(gomap_string) + width));
    gomap_string *strings = (gomap_string *)(void *)column->room;
    char *text = column->room + some * sizeof *strings;
    const char *from = column->at + (ptrdiff_t)begin * column->stride;
    for (size_t i = 0; i < some; i++, from += column->stride, text += width) {
        size_t length = width;
        memcpy(text, from, width);
        while (length && text[length - 1] == 0) length--;
        strings[i] = (gomap_string){text, length};
    }
    return some;
}

/* The marks of items from `begin` on, or NULL. */
static const unsigned char *marks(const gomap_column *column, size_t begin)
{
    return column->absent ? column->absent + begin : NULL;
}

/* Whether a byte is one of a character's later ones: no string of text begins with it. */
static int goes_on(const char *at) { return ((unsigned char)*at & 0xc0) == 0x80; }

/* How many of the strings that were read into a piece are text, where they have to be; their bytes stand together.
 * Behind a null anything may stand. The text is checked as a whole first: words are short, and calls are not. */
static size_t good_text(const gomap_column *column, const gomap_string *strings, size_t count, size_t begin,
                        const char *text, size_t bytes)
{
    const unsigned char *absent = marks(column, begin);
    if (!column->utf8 || is_ascii(text, bytes)) return count;
    if (is_utf8(text, bytes)) {
        size_t begins = 0;
        while (begins < count && (strings[begins].length == 0 || !goes_on(strings[begins].at))) begins++;
        if (begins == count) return count;
    }
    for (size_t i = 0; i < count; i++)
        if (!(absent && absent[i]) && !is_utf8(strings[i].at, strings[i].length)) return i;
    return count;
}

static size_t no_text(gomap_column *column, size_t at)
{
    column->failure = GOMAP_C_TEXT;
    column->failed_at = at;
    return 0;
}

static size_t wants_room(gomap_column *column, size_t text)
{
    column->failure = GOMAP_C_ROOM;
    column->room_wanted = TEXT_ITEMS * sizeof(gomap_string) + text + TEXT_SPARE;
    return 0;
}

static size_t read_offsets(gomap_column *column, size_t begin, size_t most)
{
    size_t items = least(most, TEXT_ITEMS), some = 0;
    gomap_string *strings = (gomap_string *)(void *)column->room;
    char *text = column->room + items * sizeof *strings;
    size_t text_room = column->room_bytes - TEXT_SPARE - items * sizeof *strings;
    int64_t first = offset_at(column, begin), at = first;
    if (first >= column->least && first <= column->most) {
        for (; some < items; some++) {
            int64_t end = offset_at(column, begin + some + 1);
            if (end < at || end > column->most) break;
            if ((uint64_t)(end - first) > text_room) {
                if (some) break;
                return wants_room(column, (size_t)(end - first));
            }
            strings[some] = (gomap_string){text + (at - first), (size_t)(end - at)};
            at = end;
        }
    }
    if (at > first) memcpy(text, column->text + first, (size_t)(at - first));
    some = good_text(column, strings, some, begin, text, (size_t)(at - first));
    return some ? some : no_text(column, begin);
}

/* A string view: its length, then the string itself, or its first four bytes, a buffer's index and an offset in it. */
enum { VIEW_BYTES = 16, VIEW_INLINE = 12 };

/* Where the text of a view stands, `view` being a copy of it; NULL: nowhere. */
static const char *view_text(const gomap_column *column, const unsigned char *view, size_t *length)
{
    int32_t signed_length = (int32_t)gm_load32(view), buffer = (int32_t)gm_load32(view + 8),
            offset = (int32_t)gm_load32(view + 12);
    *length = (size_t)signed_length;
    if (signed_length < 0) return NULL;
    if (signed_length <= VIEW_INLINE) return (const char *)view + 4;
    if (buffer < 0 || (size_t)buffer >= column->buffer_count || offset < 0 ||
        (int64_t)offset + signed_length > column->lengths[buffer])
        return NULL;
    return (const char *)column->buffers[buffer] + offset;
}

static size_t read_views(gomap_column *column, size_t begin, size_t most)
{
    size_t items = least(most, TEXT_ITEMS), some = 0, used = 0, length;
    gomap_string *strings = (gomap_string *)(void *)column->room;
    char *text = column->room + items * sizeof *strings;
    size_t text_room = column->room_bytes - TEXT_SPARE - items * sizeof *strings;
    const unsigned char *absent = marks(column, begin);
    for (; some < items; some++) {
        unsigned char view[VIEW_BYTES] = {0};
        if (!(absent && absent[some])) memcpy(view, column->at + (begin + some) * VIEW_BYTES, VIEW_BYTES);
        const char *from = view_text(column, view, &length);
        if (from == NULL) break;
        if (length > text_room - used) {
            if (some) break;
            return wants_room(column, length);
        }
        if (length) memcpy(text + used, from, length);
        strings[some] = (gomap_string){text + used, length};
        used += length;
    }
    some = good_text(column, strings, some, begin, text, used);
    return some ? some : no_text(column, begin);
}

int64_t gomap_views_text(const gomap_column *column, const unsigned char *absent)
{
    int64_t bytes = 0;
    for (size_t i = 0; i < column->count; i++)
        if (!absent || !absent[i]) bytes += (int32_t)gm_load32((const unsigned char *)column->at + i * VIEW_BYTES);
    return bytes;
}

/* A code; of one that is negative or too large any number beyond the items. */
static size_t code_at(const gomap_column *column, size_t i)
{
    const char *at = column->at + i * (size_t)column->width;
    uint16_t half;
    switch (column->width) {
    case 1: return (unsigned char)*at;
    case 2: memcpy(&half, at, 2); return half;
    case 4: return gm_load32((const unsigned char *)at);
    default: return (size_t)gm_load64((const unsigned char *)at);
    }
}

static size_t read_codes(gomap_column *column, size_t begin, size_t most)
{
    const unsigned char *absent = marks(column, begin);
    const gomap_column *items = column->items;
    size_t size = column->size, some = size ? least(most, column->room_bytes / size) : most;
    char *to = column->room;
    for (size_t i = 0; i < some; i++, to += size) {
        size_t code = code_at(column, begin + i);
        if (absent && absent[i]) {
            memset(to, 0, size);
        } else if (code < items->count && !(items->absent && items->absent[code])) {
            if (size == 8) memcpy(to, items->at + 8 * code, 8);
            else memcpy(to, items->at + size * code, size);
        } else {
            if (i) return i;
            column->failure = GOMAP_C_CODE;
            column->failed_at = begin;
            return 0;
        }
    }
    return some;
}

size_t gomap_codes_check(const gomap_column *column, unsigned char *absent)
{
    const gomap_column *items = column->items;
    for (size_t i = 0; i < column->count; i++) {
        if (absent && absent[i]) continue;
        size_t code = code_at(column, i);
        if (code >= items->count) return i;
        if (!items->absent || !items->absent[code]) continue;
        if (!absent) return i;
        absent[i] = 1;
    }
    return column->count;
}

/* The part that an item is in. Items are mostly read in order. */
static gomap_column *part_of(gomap_column *column, size_t item)
{
    gomap_column *part = &column->parts[column->part];
    if (item < part->begin) part = &column->parts[column->part = 0];
    while (item - part->begin >= part->count) part = &column->parts[++column->part];
    return part;
}

static size_t read_window(gomap_column *column, size_t begin, size_t most, const char **piece)
{
    if (begin < column->begin || begin - column->begin >= column->have) {
        column->failure = GOMAP_C_MORE;
        column->failed_at = begin;
        return 0;
    }
    *piece = column->at + (begin - column->begin) * column->size;
    return least(most, column->begin + column->have - begin);
}

static size_t read_part(gomap_column *column, size_t begin, size_t most, const char **piece)
{
    gomap_column *part = part_of(column, begin);
    part->room = column->room;
    part->room_bytes = column->room_bytes;
    part->absent = marks(column, part->begin);
    size_t from = begin - part->begin, some = gomap_column_read(part, from, least(most, part->count - from), piece);
    column->failure = part->failure;
    column->failed_at = part->begin + part->failed_at;
    column->room_wanted = part->room_wanted;
    return some;
}

size_t gomap_column_read(gomap_column *column, size_t begin, size_t most, const char **piece)
{
    column->failure = 0;
    *piece = column->room;
    switch (column->form) {
    case GOMAP_C_OWN: *piece = column->at + (ptrdiff_t)begin * column->stride; return most;
    case GOMAP_C_ITEMS: return read_items(column, begin, most);
    case GOMAP_C_PADDED: return read_padded(column, begin, most);
    case GOMAP_C_OFFSETS: return read_offsets(column, begin, most);
    case GOMAP_C_VIEWS: return read_views(column, begin, most);
    case GOMAP_C_CODES: return read_codes(column, begin, most);
    case GOMAP_C_WINDOW: return read_window(column, begin, most, piece);
    default: return read_part(column, begin, most, piece);
    }
}

enum { CHECKED = 64 }; /* strings whose text is looked at as one */

static size_t check_views(const gomap_column *column)
{
    for (size_t i = 0; i < column->count; i++) {
        unsigned char view[VIEW_BYTES];
        size_t length;
        if (column->absent && column->absent[i]) continue;
        memcpy(view, column->at + i * VIEW_BYTES, VIEW_BYTES);
        const char *text = view_text(column, view, &length);
        if (text == NULL || (column->utf8 && !is_ascii(text, length) && !is_utf8(text, length))) return i;
    }
    return column->count;
}

/* Whether strings `begin` to begin + count, which lead somewhere, are text. Most are ASCII, and are looked at as one. */
static size_t check_text(const gomap_column *column, size_t begin, size_t count)
{
    int64_t at = offset_at(column, begin), end = offset_at(column, begin + count);
    if (at < column->least || end > column->most) return 0; /* changed meanwhile */
    if (end <= at || is_ascii(column->text + at, (size_t)(end - at))) return count;
    for (size_t i = 0; i < count; i++, at = end) {
        end = offset_at(column, begin + i + 1);
        if (end < at || end > column->most) return i;
        if (!(column->absent && column->absent[begin + i]) && !is_utf8(column->text + at, (size_t)(end - at))) return i;
    }
    return count;
}

/* How many strings lead somewhere. */
GM_INLINE size_t check_offsets(const gomap_column *column, int width)
{
    int64_t at = column->least;
    for (size_t i = 0; i < column->count; i++) {
        int64_t end = width == 4 ? (int32_t)gm_load32((const unsigned char *)column->at + 4 * (i + 1))
                                 : (int64_t)gm_load64((const unsigned char *)column->at + 8 * (i + 1));
        if (GM_UNLIKELY(end < at || end > column->most)) return i;
        at = end;
    }
    return column->count;
}

size_t gomap_column_check(const gomap_column *column)
{
    if (column->form == GOMAP_C_VIEWS) return check_views(column);
    if (column->form != GOMAP_C_OFFSETS) return column->count;
    size_t good = column->width == 4 ? check_offsets(column, 4) : check_offsets(column, 8);
    if (!column->utf8 || column->most <= column->least) return good;
    for (size_t done = 0; done < good;) {
        size_t some = least(good - done, CHECKED), text = check_text(column, done, some);
        done += text;
        if (text < some) return done;
    }
    return good;
}

int gomap_column_overlaps(const gomap_column *column, const void *at, size_t size)
{
    const char *from = column->at, *to, *with = at;
    int so = 0;
    for (size_t i = 0; i < column->part_count; i++) so |= gomap_column_overlaps(&column->parts[i], at, size);
    for (size_t i = 0; i < column->buffer_count; i++) {
        const char *buffer = column->buffers[i];
        so |= with < buffer + column->lengths[i] && buffer < with + size;
    }
    if (so || column->form == GOMAP_C_PARTS || column->form == GOMAP_C_OWN || column->form == GOMAP_C_WINDOW ||
        column->count == 0)
        return so;
    if (column->form == GOMAP_C_OFFSETS) {
        to = from + (column->count + 1) * (size_t)column->width;
        if (column->most > column->least && with < column->text + column->most &&
            column->text + column->least < with + size)
            return 1;
    } else if (column->form == GOMAP_C_VIEWS || column->form == GOMAP_C_CODES) {
        to = from + column->count * (column->form == GOMAP_C_VIEWS ? VIEW_BYTES : (size_t)column->width);
    } else {
        ptrdiff_t last = (ptrdiff_t)(column->count - 1) * column->stride;
        if (last < 0) from += last;
        to = column->at + (last > 0 ? last : 0) +
             (column->form == GOMAP_C_PADDED ? (size_t)column->width : column->size);
    }
    return with < to && from < with + size;
}

/* ---- filling ------------------------------------------------------------------------------------------- */

/* Enough keys to notice, among 1,000,000, that one in a hundred occurs twice. Sampling takes one or two tenths of a
 * millisecond. */
enum { SAMPLE = 8192, SAMPLED_FROM = 8 * SAMPLE }; /* of fewer it would take longer than it saves */

/* A random step of `mean` on average. Its distribution is close to exponential, so that a sample taken in such steps
 * finds duplicates as often as a sample drawn at random, even where keys come in runs or recur. */
static size_t random_step(uint64_t *random, size_t mean)
{
    uint64_t word = gm_random(random) | 1, mantissa;
    double halvings = 0; /* -log2 of a number up to 1, which is straight between powers of two */
    for (mantissa = word; !(mantissa >> 63); mantissa <<= 1) halvings++;
    halvings += 2 - (double)mantissa / 9223372036854775808.0;
    return 1 + (size_t)(halvings / 1.5 * (double)(mean - 1));
}

size_t gomap_expected(size_t count, const gomap_sampled *sampled)
{
    double all = (double)count, drawn = (double)sampled->drawn, once = (double)sampled->once;
    /* Chao and Lin's estimate (2012) for samples without replacement. It is right where all keys are as frequent, and
     * low where they are not: then the map grows. It does not let one frequent key pass for many. */
    double more = 2 * (double)sampled->twice + drawn / (all - drawn) * once;
    return sampled->once ? least(count, sampled->distinct + (size_t)(once * once / more)) : sampled->distinct;
}

/* Draws keys into a map of its own, which counts them. */
static void sample(const gomap *map, gomap_column *keys, gomap_sampled *sampled)
{
    gomap_type counting = *map->type;
    uint64_t random = keys->count;
    size_t mean = keys->count / SAMPLE;
    int added;
    counting.value_size = 1;
    counting.value_ref = 0;
    counting.strings[GOMAP_VALUE].count = 0;
    memset(sampled, 0, sizeof *sampled);
    gomap *counts = gomap_new(gm_engine_of(map)->id, &counting, 0, gm_map_of(map)->seed.a);
    if (counts == NULL) return;
    for (size_t i = random_step(&random, mean) - 1; i < keys->count; i += random_step(&random, mean)) {
        const char *key;
        if (keys->absent && keys->absent[i]) continue;
        if (!gomap_column_read(keys, i, 1, &key)) continue; /* a long string: the others will do */
        unsigned char *times = gomap_assign(counts, key, &added);
        if (times == NULL) break;
        sampled->drawn++;
        switch (*times) {
        case 0: sampled->once++; break;
        case 1: sampled->once--, sampled->twice++; break;
        case 2: sampled->twice--; break;
        default: continue;
        }
        ++*times;
    }
    sampled->distinct = counts->count;
    gomap_free(counts);
}

size_t gomap_column_expected(const gomap *map, gomap_column *keys)
{
    gomap_sampled sampled;
    if (keys->count <= SAMPLED_FROM) return keys->count;
    sample(map, keys, &sampled);
    return sampled.drawn ? gomap_expected(keys->count, &sampled) : keys->count;
}

int gomap_column_fill(gomap *map, gomap_column *keys)
{
    if (!gomap_fills(map)) return 0;
    gomap_fill_begin(map, gomap_column_expected(map, keys));
    return 1;
}

/* ---- whole columns ------------------------------------------------------------------------------------- */

/* Addresses that are found before their values are fetched: they stay in the first cache. */
enum { FOUND = GOMAP_FOUND_MOST };

size_t gomap_column_put(gomap *map, gomap_column *keys, gomap_column *values, size_t begin, size_t most)
{
    return gm_rows_write(map, keys, values, NULL, begin, most);
}

/* Keys of a piece from key `first` on, up to FOUND of them. */
static gm_keys some_of(const gm_keys *keys, size_t stride, size_t first)
{
    gm_keys some = *keys;
    some.at += first * stride;
    some.count = least(keys->count - first, FOUND);
    if (some.absent) some.absent += first;
    return some;
}

static void find(const gomap *map, gomap_finder *finder, const gm_keys *keys, void **found)
{
    if (finder) finder->find(finder, keys, found);
    else (void)gm_engine_of(map)->find_many(map, keys, found);
}

static void tell_used(gomap_finder *finder)
{
    if (finder) finder->used(finder);
}

size_t gomap_column_get(const gomap *map, gomap_column *keys, gomap_getting *getting, size_t begin, size_t most)
{
    void *found[FOUND];
    size_t done = 0, size = getting->size, lost = getting->lost;
    char *to = getting->to + begin * size;
    while (done < most) {
        gm_rows rows;
        size_t piece = gm_rows_read(keys, NULL, begin + done, most - done, &rows);
        if (piece == 0) break;
        for (size_t i = 0, some; i < piece; i += some) {
            const gm_keys sought = some_of(&rows.keys, keys->size, i);
            some = sought.count;
            find(map, getting->finder, &sought, found);
            for (size_t k = 0; k < some; k++, to += size) {
                const void *value = found[k];
                if (GM_UNLIKELY(value == NULL)) {
                    if (getting->lost++ == 0) {
                        getting->first = (const char *)sought.at + k * keys->size;
                        getting->first_at = begin + done + i + k;
                    }
                    if (getting->marks) getting->marks[begin + done + i + k] = 1;
                    value = getting->missing;
                    if (value == NULL) continue;
                }
                if (size == 8) memcpy(to, value, 8);
                else memcpy(to, value, size);
            }
            tell_used(getting->finder);
        }
        done += piece;
        if (getting->stop && getting->lost != lost) break;
    }
    return done;
}

size_t gomap_column_texts(const gomap *map, gomap_column *keys, gomap_texts *texts, size_t begin, size_t most)
{
    void *found[FOUND];
    gomap_string strings[FOUND];
    size_t done = 0, lost = texts->lost;
    texts->wanted = 0;
    while (done < most) {
        gm_rows rows;
        size_t from = begin + done, used = (size_t)texts->offsets[from], bytes = 0;
        size_t some = gm_rows_read(keys, NULL, from, least(most - done, FOUND), &rows);
        if (some == 0) break;
        find(map, texts->finder, &rows.keys, found);
        for (size_t i = 0; i < some; i++) {
            strings[i] = found[i] ? gomap_string_at(map, 1, found[i]) : texts->missing;
            bytes += strings[i].length;
        }
        if (bytes > texts->room - used) {
            texts->wanted = used + bytes;
            break;
        }
        for (size_t i = 0; i < some; i++) {
            if (strings[i].length) memcpy(texts->text + used, strings[i].at, strings[i].length);
            used += strings[i].length;
            texts->offsets[from + i + 1] = (int64_t)used;
            if (found[i]) continue;
            if (texts->lost++ == 0) {
                texts->first = (const char *)rows.keys.at + i * keys->size;
                texts->first_at = from + i;
            }
            if (texts->marks) texts->marks[from + i] = 1;
        }
        tell_used(texts->finder);
        done += some;
        if (texts->stop && texts->lost != lost) break;
    }
    return done;
}

size_t gomap_column_contains(const gomap *map, gomap_column *keys, unsigned char *to, size_t begin, size_t most)
{
    void *found[FOUND];
    size_t done = 0;
    while (done < most) {
        gm_rows rows;
        size_t piece = gm_rows_read(keys, NULL, begin + done, most - done, &rows);
        unsigned char *is_in = to + begin + done;
        if (piece == 0) break;
        for (size_t i = 0, some; i < piece; i += some) {
            const gm_keys sought = some_of(&rows.keys, keys->size, i);
            some = sought.count;
            (void)gm_engine_of(map)->find_many(map, &sought, found);
            for (size_t k = 0; k < some; k++) is_in[i + k] = found[k] != NULL;
        }
        done += piece;
    }
    return done;
}

size_t gomap_column_erase(gomap *map, gomap_column *keys, size_t *erased, size_t begin, size_t most)
{
    gomap_iter held;
    gm_rows rows;
    size_t done = 0, some;
    gomap_erase_begin(&held, map);
    for (; done < most; done += some) {
        some = gm_rows_read(keys, NULL, begin + done, most - done, &rows);
        if (some == 0) break;
        *erased += gm_engine_of(map)->erase_many(map, &rows.keys);
    }
    gomap_erase_end(&held);
    return done;
}

size_t gomap_column_code(gomap *map, gomap_column *keys, int64_t *codes, size_t begin, size_t most)
{
    gm_rows rows;
    for (size_t done = 0, some; done < most; done += some) {
        int64_t *to = codes + begin + done;
        some = gm_rows_read(keys, NULL, begin + done, most - done, &rows);
        if (some == 0) return done;
        for (size_t i = 0; rows.keys.absent && i < some; i++)
            if (rows.keys.absent[i]) to[i] = -1;
        size_t coded = gm_code_many(map, &rows.keys, to);
        if (coded < some) return done + coded;
    }
    return most;
}

/* ---- adding -------------------------------------------------------------------------------------------- */

/* The digest of a piece's bytes. Each step maps words one to one, so a single changed word always changes the
 * digest. Four lanes run at a time, since four multiplications start in the time that one takes. */
static uint64_t digest(uint64_t start, const char *at, size_t bytes)
{
    const unsigned char *from = (const unsigned char *)at;
    uint64_t lane[4] = {start ^ bytes, 1, 2, 3}, last = 0;
    size_t i = 0;
    for (; i + 32 <= bytes; i += 32)
        for (unsigned k = 0; k < 4; k++) lane[k] = (lane[k] ^ gm_load64(from + i + 8 * k)) * GM_MIX;
    for (; i + 8 <= bytes; i += 8) lane[0] = (lane[0] ^ gm_load64(from + i)) * GM_MIX;
    if (i < bytes) memcpy(&last, from + i, bytes - i);
    lane[0] = (lane[0] ^ last) * GM_MIX;
    return gm_fold(gm_fold(lane[0] ^ GM_MIX, lane[1] | 1) ^ lane[2], GM_MIX) ^ gm_fold(lane[3], GM_MIX);
}

/* The digest of `count` items of a column, which are in a piece. Own memory does not change, so it is left out. */
static uint64_t piece_digest(const gomap_column *column, uint64_t start, const char *piece, size_t count)
{
    column = gm_last_read(column);
    if (column->form == GOMAP_C_OWN || column->form == GOMAP_C_WINDOW) return start;
    if (column->form == GOMAP_C_ITEMS || column->form == GOMAP_C_CODES)
        return digest(start, piece, count * column->size);
    /* The strings' text stands together; a digest of each would take longer than a key. */
    const gomap_string *strings = (const gomap_string *)(const void *)piece;
    const char *text = strings[0].at, *end = strings[count - 1].at;
    uint64_t lane[4] = {start, 1, 2, 3};
    for (size_t i = 0; i < count; i++) lane[i & 3] = (lane[i & 3] ^ strings[i].length) * GM_MIX;
    start = gm_fold(lane[0] ^ GM_MIX, lane[1] | 1) ^ gm_fold(lane[2] ^ GM_MIX, lane[3] | 1);
    return digest(start, text, (size_t)(end - text) + strings[count - 1].length);
}

static uint64_t adding_digest(const gomap_adding *adding, const char *key, const char *by, size_t count)
{
    return piece_digest(adding->by, piece_digest(adding->keys, 0, key, count), by, count);
}

static int is_nan(const gomap *map, const char *key)
{
    if (map->type->key_kind == GOMAP_FLOAT64) {
        double value;
        memcpy(&value, key, 8);
        return value != value;
    }
    float value;
    memcpy(&value, key, 4);
    return value != value;
}

/* What the core calls for each key of a piece. */
typedef struct adder {
    gomap_writer writer;
    gomap_adding *adding;
    unsigned char *mark;         /* of the key to come */
    const unsigned char *absent; /* whether that is left out; NULL: none is */
} adder;

static int add(gomap_adding *adding, void *room, const void *by)
{
    size_t size = adding->by->size;
    if (gomap_add(room, by, adding->kind)) return 1;
    adding->overflow = 1;
    memcpy(adding->was, room, size);
    memcpy(adding->more, by, size);
    return 0;
}

static int adder_write(gomap_writer *writer, void *room, void *by, int added)
{
    adder *own = (adder *)(void *)writer;
    for (; own->absent && *own->absent++; own->mark++) {}
    *own->mark++ = (unsigned char)added;
    return add(own->adding, room, by);
}

/* Adds keys one by one. It adds the keys that are not NaN and marks the NaNs. With GOMAP_A_NANS it adds the marked
 * keys, as NaN even if they have changed since. */
static size_t add_some(gomap *map, gomap_adding *adding, size_t begin, const char *key, size_t count, const char *by,
                       size_t stride)
{
    double wide = GM_NAN;
    float narrow = (float)GM_NAN;
    const char *nan = adding->keys->size == 8 ? (const char *)&wide : (const char *)&narrow;
    unsigned char *new = adding->new + begin;
    int added;
    for (size_t i = 0; i < count; i++, key += adding->keys->size) {
        int is = is_nan(map, key);
        if (adding->keys->absent && adding->keys->absent[begin + i]) continue;
        if (adding->nans == GOMAP_A_NANS ? new[i] != GOMAP_A_LATER : is) {
            if (adding->nans != GOMAP_A_NANS) new[i] = GOMAP_A_LATER;
            continue;
        }
        void *room = gomap_assign(map, adding->nans != GOMAP_A_NANS || is ? key : nan, &added);
        if (room == NULL) return i;
        if (adding->nans != GOMAP_A_NANS) new[i] = (unsigned char)added;
        if (!add(adding, room, by + i * stride)) return i;
    }
    return count;
}

/* How many pieces a column is read in, at most. A piece of strings ends after TEXT_ITEMS, or where the next string
 * would go beyond the room: then it and the next string fill the room together. */
static size_t pieces_of(const gomap_column *column)
{
    size_t pieces = 1, item = column->size, bytes = 0;
    switch (column->form) {
    case GOMAP_C_OWN: return 1;
    case GOMAP_C_WINDOW: return column->have ? column->count / column->have + 2 : 1;
    case GOMAP_C_PARTS:
        for (size_t i = 0; i < column->part_count; i++) pieces += pieces_of(&column->parts[i]);
        return pieces;
    case GOMAP_C_PADDED: item += (size_t)column->width; /* fall through */
    case GOMAP_C_ITEMS:
    case GOMAP_C_CODES: return item ? column->count / (gomap_column_room(column) / item) + 1 : 1;
    case GOMAP_C_OFFSETS: bytes = (size_t)(column->most - column->least); break;
    default: bytes = (size_t)column->most;
    }
    return column->count / TEXT_ITEMS + 2 * bytes / (TEXT_BYTES - TEXT_SPARE - TEXT_ITEMS * sizeof(gomap_string)) + 2;
}

size_t gomap_adding_pieces(const gomap_column *keys, const gomap_column *by, size_t most)
{
    size_t pieces = pieces_of(keys) + pieces_of(by) + keys->count / most + 2;
    return pieces < keys->count + 1 ? pieces : keys->count + 1;
}

size_t gomap_column_add(gomap *map, gomap_adding *adding, size_t begin, size_t most)
{
    gomap_column *keys = adding->keys, *by = adding->by;
    size_t done = 0;
    keys->failure = by->failure = adding->overflow = 0;
    while (done < most && adding->piece_count < adding->piece_room) {
        gm_rows rows;
        size_t from = begin + done, added, some = gm_rows_read(keys, by, from, most - done, &rows);
        const char *key = (const char *)rows.keys.at;
        if (some == 0) break;
        adding->pieces[adding->piece_count++] =
            (gomap_piece){from, some, adding_digest(adding, key, rows.values, some)};
        if (adding->nans == GOMAP_A_ALL) {
            adder own = {{adder_write}, adding, adding->new + from, rows.keys.absent};
            added =
                gm_engine_of(map)->put_many(map, &rows.keys, (void *)(uintptr_t)rows.values, rows.stride, &own.writer);
        } else {
            added = add_some(map, adding, from, key, some, rows.values, rows.stride);
        }
        done += added;
        if (added < some) break;
    }
    return done;
}

size_t gomap_column_take_back(gomap *map, gomap_adding *adding, size_t done)
{
    gomap_column *keys = adding->keys, *by = adding->by;
    size_t stride = by->stride ? by->size : 0;
    for (size_t p = adding->piece_count; p-- > 0;) {
        const gomap_piece *piece = &adding->pieces[p];
        const char *key, *more;
        if (piece->begin >= done) continue;
        if (gomap_column_read(by, piece->begin, piece->count, &more) != piece->count ||
            gomap_column_read(keys, piece->begin, piece->count, &key) != piece->count ||
            adding_digest(adding, key, more, piece->count) != piece->digest)
            return least(done, piece->begin + piece->count);
        for (size_t i = 0; i < piece->count && piece->begin + i < done; i++, key += keys->size) {
            if (adding->new[piece->begin + i] == GOMAP_A_LATER) continue;
            if (keys->absent && keys->absent[piece->begin + i]) continue;
            /* A key that was new goes where it first came; later it is not found, and its sum is gone with it. */
            void *room = adding->new[piece->begin + i] ? NULL : gomap_find(map, key);
            if (room) subtract(room, more + i * stride, by->size);
            else if (adding->new[piece->begin + i]) (void)gomap_erase(map, key);
        }
    }
    return 0;
}
