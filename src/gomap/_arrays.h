/* _arrays.h - columns of numbers and text, as they come in arrays, made into what the core takes.
 *
 * A column of another integer width, byte order or stride is converted number by number, and says which number
 * does not fit. Text comes as fixed-size items (NumPy's S and U) or as offsets into bytes (Arrow).
 */
#ifndef GOMAP_ARRAYS_H
#define GOMAP_ARRAYS_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "gomap.h"

/* types.Kind, as far as numbers go. */
enum {
    GOMAP_A_BOOL, GOMAP_A_INT8, GOMAP_A_INT16, GOMAP_A_INT32, GOMAP_A_INT64,
    GOMAP_A_UINT8, GOMAP_A_UINT16, GOMAP_A_UINT32, GOMAP_A_UINT64, GOMAP_A_FLOAT32, GOMAP_A_FLOAT64
};

typedef struct gomap_column {
    const char *at;
    ptrdiff_t stride;
    size_t count;
    int kind;    /* of its numbers */
    int swapped; /* they have the other byte order */
} gomap_column;

/* One number, in whichever of the three it fits: 0 signed, 1 unsigned beyond int64, 2 floating. */
static inline int gomap_number_read(const char *at, int kind, int swapped, int64_t *i, uint64_t *u, double *f)
{
    static const unsigned char sizes[] = {1, 1, 2, 4, 8, 1, 2, 4, 8, 4, 8};
    unsigned char turned[8];
    if (swapped) {
        int size = sizes[kind];
        for (int b = 0; b < size; b++) turned[b] = (unsigned char)at[size - 1 - b];
        at = (const char *)turned;
    }
    switch (kind) {
    case GOMAP_A_INT8: { int8_t v; memcpy(&v, at, 1); *i = v; return 0; }
    case GOMAP_A_INT16: { int16_t v; memcpy(&v, at, 2); *i = v; return 0; }
    case GOMAP_A_INT32: { int32_t v; memcpy(&v, at, 4); *i = v; return 0; }
    case GOMAP_A_INT64: memcpy(i, at, 8); return 0;
    case GOMAP_A_UINT16: { uint16_t v; memcpy(&v, at, 2); *i = v; return 0; }
    case GOMAP_A_UINT32: { uint32_t v; memcpy(&v, at, 4); *i = v; return 0; }
    case GOMAP_A_UINT64:
        memcpy(u, at, 8);
        *i = (int64_t)*u;
        return *u > (uint64_t)INT64_MAX;
    case GOMAP_A_FLOAT32: { float v; memcpy(&v, at, 4); *f = (double)v; return 2; }
    case GOMAP_A_FLOAT64: memcpy(f, at, 8); return 2;
    case GOMAP_A_BOOL: *i = *at != 0; return 0;
    default: *i = (unsigned char)*at; return 0;
    }
}

static inline int gomap_int_write(char *to, int kind, int64_t i)
{
    switch (kind) {
    case GOMAP_A_INT8: { int8_t v = (int8_t)i; memcpy(to, &v, 1); return v == i; }
    case GOMAP_A_INT16: { int16_t v = (int16_t)i; memcpy(to, &v, 2); return v == i; }
    case GOMAP_A_INT32: { int32_t v = (int32_t)i; memcpy(to, &v, 4); return v == i; }
    case GOMAP_A_INT64: memcpy(to, &i, 8); return 1;
    case GOMAP_A_UINT16: { uint16_t v = (uint16_t)i; memcpy(to, &v, 2); return v == i; }
    case GOMAP_A_UINT32: { uint32_t v = (uint32_t)i; memcpy(to, &v, 4); return v == i; }
    case GOMAP_A_UINT64: memcpy(to, &i, 8); return i >= 0;
    case GOMAP_A_FLOAT32: { /* an int must be exact */
        float v = (float)i;
        memcpy(to, &v, 4);
        return v < 9223372036854775808.0f && (int64_t)v == i;
    }
    case GOMAP_A_FLOAT64: { double v = (double)i; memcpy(to, &v, 8); return v < 9223372036854775808.0 && (int64_t)v == i; }
    default: { uint8_t v = (uint8_t)i; memcpy(to, &v, 1); return v == i; }
    }
}

static inline int gomap_float_write(char *to, int kind, double f)
{
    if (kind == GOMAP_A_FLOAT64) {
        memcpy(to, &f, 8);
        return 1;
    }
    float v = (float)f;
    memcpy(to, &v, 4);
    return (double)v - (double)v == 0.0 || !(f - f == 0.0); /* finite, unless it was not before */
}

/* Numbers into `size` bytes each of another kind. What does not fit is marked in absent and left zero; without
 * absent, it ends the conversion. Returns how many were converted. */
static inline size_t gomap_column_convert(const gomap_column *from, char *to, int kind, size_t size, unsigned char *absent)
{
    for (size_t n = 0; n < from->count; n++, to += size) {
        int64_t i = 0;
        uint64_t u = 0;
        double f = 0;
        int fits;
        switch (gomap_number_read(from->at + (ptrdiff_t)n * from->stride, from->kind, from->swapped, &i, &u, &f)) {
        case 0: fits = gomap_int_write(to, kind, i); break;
        case 1:
            fits = kind == GOMAP_A_UINT64;
            if (fits) memcpy(to, &u, 8);
            else if (kind >= GOMAP_A_FLOAT32) {
                double v = (double)u;
                fits = v < 18446744073709551616.0 && (uint64_t)v == u && gomap_float_write(to, kind, v) &&
                       (kind == GOMAP_A_FLOAT64 || (double)(float)v == v);
            }
            break;
        default: fits = gomap_float_write(to, kind, f);
        }
        if (fits) continue;
        if (absent == NULL) return n;
        memset(to, 0, size);
        absent[n] = 1;
    }
    return from->count;
}

/* ---- text ------------------------------------------------------------------------------------------- */

/* Fixed-size items of bytes, zeros behind their end (NumPy's S). */
static inline void gomap_padded_read(gomap_string *to, const char *at, ptrdiff_t stride, size_t size, size_t count)
{
    for (size_t n = 0; n < count; n++, at += stride) {
        size_t length = size;
        while (length && at[length - 1] == 0) length--;
        to[n].at = at;
        to[n].length = length;
    }
}

/* Fixed-size items of 32-bit characters (NumPy's U), as UTF-8 in room of four bytes a character. Lone surrogates are
 * let through, as they are in a str. Returns how many were read: fewer than count at something that is no character. */
static inline size_t gomap_ucs4_read(gomap_string *to, char *room, const char *at, ptrdiff_t stride, size_t characters,
                                     int swapped, size_t count)
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

/* Arrow's offsets, of 4 or 8 bytes, into bytes of so many. Returns how many were read: fewer than count at offsets that
 * lead nowhere. */
static inline size_t gomap_offsets_read(gomap_string *to, const char *offsets, int width, const char *bytes, size_t count)
{
    if (bytes == NULL) bytes = ""; /* all strings are empty */
    for (size_t n = 0; n < count; n++) {
        int64_t begin, end;
        if (width == 4) {
            int32_t pair[2];
            memcpy(pair, offsets + 4 * n, 8);
            begin = pair[0];
            end = pair[1];
        } else {
            memcpy(&begin, offsets + 8 * n, 8);
            memcpy(&end, offsets + 8 * n + 8, 8);
        }
        if (begin < 0 || end < begin) return n;
        to[n].at = bytes + begin;
        to[n].length = (size_t)(end - begin);
    }
    return count;
}

/* Whether one of these bits, the lowest of a byte first, is 0: Arrow's mark of what is missing. */
static inline int gomap_bits_missing(const void *bits, size_t offset, size_t count)
{
    const unsigned char *at = bits;
    for (size_t i = offset; i < offset + count; i++)
        if (!(at[i / 8] >> (i % 8) & 1)) return 1;
    return 0;
}

/* Bits as bytes of 0 and 1. */
static inline void gomap_bits_read(char *to, const void *bits, size_t offset, size_t count)
{
    const unsigned char *at = bits;
    for (size_t i = offset; i < offset + count; i++) *to++ = (char)(at[i / 8] >> (i % 8) & 1);
}

/* Whether bytes are UTF-8, surrogates let through: what a string of a map's must be. */
static inline int gomap_is_utf8(const unsigned char *at, size_t length)
{
    size_t i = 0;
    while (i < length) {
        uint64_t word;
        if (i + 8 <= length && (memcpy(&word, at + i, 8), (word & 0x8080808080808080u) == 0)) {
            i += 8;
            continue;
        }
        unsigned char c = at[i];
        size_t more = c < 0x80 ? 0 : c >= 0xc2 && c < 0xe0 ? 1 : (c & 0xf0) == 0xe0 ? 2 : c >= 0xf0 && c < 0xf5 ? 3 : 9;
        if (more == 9 || i + more >= length) return 0;
        for (size_t k = 1; k <= more; k++)
            if ((at[i + k] & 0xc0) != 0x80) return 0;
        if ((c == 0xe0 && at[i + 1] < 0xa0) || (c == 0xf0 && at[i + 1] < 0x90) || (c == 0xf4 && at[i + 1] > 0x8f)) return 0;
        i += more + 1;
    }
    return 1;
}

/* ---- values in place -------------------------------------------------------------------------------- */

/* Adds to a number where it stands; 0, and it is as it was, when the sum does not fit. */
static inline int gomap_add(void *room, const void *by, int kind)
{
    int64_t i = 0, j = 0, sum;
    uint64_t u = 0, v = 0;
    double f = 0, g = 0;
    if (kind == GOMAP_A_UINT64) {
        memcpy(&u, room, 8);
        memcpy(&v, by, 8);
        if (u + v < u) return 0;
        u += v;
        memcpy(room, &u, 8);
        return 1;
    }
    if (gomap_number_read(room, kind, 0, &i, &u, &f) == 2) {
        (void)gomap_number_read(by, kind, 0, &j, &v, &g);
        if (kind == GOMAP_A_FLOAT64) {
            f += g;
            memcpy(room, &f, 8);
        } else {
            float narrow = (float)f + (float)g;
            memcpy(room, &narrow, 4);
        }
        return 1;
    }
    (void)gomap_number_read(by, kind, 0, &j, &v, &g);
    if ((j > 0 && i > INT64_MAX - j) || (j < 0 && i < INT64_MIN - j)) return 0;
    char made[8];
    sum = i + j;
    return gomap_int_write(made, kind, sum) && gomap_int_write(room, kind, sum);
}

/* Adds to every key's value, and marks the keys that were new. */
typedef struct gomap_adder {
    gomap_writer writer;
    int kind;
    int stopped;        /* at a sum that does not fit */
    unsigned char *new; /* of the key to come */
} gomap_adder;

static int gomap_adder_write(gomap_writer *writer, void *room, void *by, int added)
{
    gomap_adder *adder = (gomap_adder *)(void *)writer;
    *adder->new++ = (unsigned char)added;
    if (gomap_add(room, by, adder->kind)) return 1;
    adder->stopped = 1;
    return 0;
}

/* Takes an integer that was added away again. */
static inline void gomap_take_back(void *room, const void *by, size_t size)
{
    uint64_t a = 0, b = 0; /* modulo 2^(8 size), which is right for either sign */
    if (size == 1) { uint8_t x, y; memcpy(&x, room, 1); memcpy(&y, by, 1); x = (uint8_t)(x - y); memcpy(room, &x, 1); }
    else if (size == 2) { uint16_t x, y; memcpy(&x, room, 2); memcpy(&y, by, 2); x = (uint16_t)(x - y); memcpy(room, &x, 2); }
    else if (size == 4) { uint32_t x, y; memcpy(&x, room, 4); memcpy(&y, by, 4); x -= y; memcpy(room, &x, 4); }
    else { memcpy(&a, room, 8); memcpy(&b, by, 8); a -= b; memcpy(room, &a, 8); }
}

/* ---- Arrow's C data interface (arrow.apache.org/docs/format/CDataInterface.html) ---------------------- */

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

#endif
