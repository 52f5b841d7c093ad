/* codes.c - from codes to keys. See codes.h. */
#include "codes.h"
#include "platform.h"

size_t gomap_codes_take_back(gomap *map, gomap_column *keys, const int64_t *codes, int64_t *next, size_t done,
                             size_t count)
{
    for (; done < count; done++) {
        const char *key;
        if (codes[done] != *next) continue; /* the key was there, or came before; or it is a null */
        if (gomap_column_read(keys, done, 1, &key) == 0) {
            if (keys->failure == GOMAP_C_MORE || keys->failure == GOMAP_C_ROOM) break;
        } else {
            const void *value = gomap_find(map, key);
            if (value && (int64_t)gm_load64(value) == *next) (void)gomap_erase(map, key);
        }
        ++*next;
    }
    return done;
}

size_t gomap_codes_find(gomap_iter *iter, gomap_decoding *decoding, size_t most)
{
    const void *key, *value;
    size_t known = iter->map ? iter->map->count : 0, done = 0;
    int wide = iter->map && iter->map->type->value_size == 8;
    decoding->bad = NULL;
    for (; done < most && gomap_iter_next(iter, &key, &value) == 1; done++) {
        uint64_t code = wide ? gm_load64(value) : gm_load32(value);
        GM_READ_ONCE(code);
        if (GM_UNLIKELY(code >= known || decoding->keys[code])) {
            decoding->bad = key;
            decoding->code = (int64_t)code;
            break;
        }
        decoding->keys[code] = key;
    }
    return done;
}

enum { AHEAD = 16 }; /* keys stand anywhere in the map: so many are on their way from memory at a time */

size_t gomap_codes_keys(const void *const *keys, size_t known, size_t size, const int64_t *codes, size_t count,
                        char *to)
{
    for (size_t i = 0; i < count; i++, to += size) {
        uint64_t code = codes ? (uint64_t)codes[i] : i, later = code + AHEAD;
        if (code >= known || keys[code] == NULL) return i;
        if (codes) later = (uint64_t)codes[i + AHEAD < count ? i + AHEAD : i];
        if (later < known) GM_PREFETCH(keys[later]);
        gm_copy(to, keys[code], size);
    }
    return count;
}
