/* codes.h - maps that number their keys: the values, of eight or four bytes, are codes from 0 up, each of them once.
 *
 * gomap_column_code (columns.h) gives new keys the next codes, of eight bytes. Here are what undoes it, and the way
 * back from codes to keys. */
#ifndef GOMAP_CODES_H
#define GOMAP_CODES_H

#include "columns.h"

#ifdef __cplusplus
extern "C" {
#endif

/* Takes out the keys that gomap_column_code put in, among keys `done` to count. *next is the code that the first of
 * them got; codes are what it wrote. A key whose array has been changed since stays. Returns how far it came: before
 * count when keys->failure says that there is more to do before the next key is read. */
size_t gomap_codes_take_back(gomap *map, gomap_column *keys, const int64_t *codes, int64_t *next, size_t done,
                             size_t count);

/* Where each code's key stands: keys[code], for the next entries of an iteration, `most` of them. The array, as long as
 * the map, is zeros before. Returns how many: fewer than there are at a value that is no code or comes twice, whose key
 * and value *bad and *code then show. */
typedef struct gomap_decoding {
    const void **keys;
    const void *bad; /* NULL: all were codes so far */
    int64_t code;
} gomap_decoding;
size_t gomap_codes_find(gomap_iter *iter, gomap_decoding *decoding, size_t most);

/* The keys of codes, of fixed size, to an array. Returns how many: fewer than count at a code that is not one of
 * `known`, or is no key's. codes == NULL: all of them from 0 up. */
size_t gomap_codes_keys(const void *const *keys, size_t known, size_t size, const int64_t *codes, size_t count,
                        char *to);

#ifdef __cplusplus
}
#endif
#endif
