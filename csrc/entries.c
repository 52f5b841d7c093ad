/* entries.c - entries copied and erased in the order of an iteration. See entries.h. */
#include "entries.h"
#include "batch.h"

size_t gomap_entries_copy(gomap_iter *iter, size_t most, char *keys, char *values)
{
    const gomap_type *type = iter->map ? iter->map->type : NULL;
    const void *key, *value;
    size_t done = 0;
    for (; done < most && gomap_iter_next(iter, &key, &value) == 1; done++) {
        gm_copy(keys + done * type->key_size, key, type->key_size);
        if (values) gm_copy(values + done * type->value_size, value, type->value_size);
    }
    return done;
}

size_t gomap_entries_mark(unsigned char *bits, size_t begin, const char *marks, size_t count)
{
    size_t marked = 0;
    for (size_t i = 0; i < count; i++) {
        unsigned mark = marks[i] != 0;
        bits[(begin + i) / 8] |= (unsigned char)(mark << ((begin + i) % 8));
        marked += mark;
    }
    return marked;
}

size_t gomap_entries_erase(gomap_iter *iter, const unsigned char *bits, size_t count)
{
    gomap *map = iter->map;
    gm_batch batch;
    gomap_key room;
    const void *key, *value;
    size_t erased = 0;
    if (map == NULL) return 0;
    gm_batch_begin(&batch, map);
    for (size_t i = 0; i < count && gomap_iter_next(iter, &key, &value) == 1; i++) {
        if (!gomap_entry_is_marked(bits, i)) continue;
        if (map->type->strings[GOMAP_KEY].count) {
            erased += (size_t)gomap_erase(map, gomap_key_again(map, key, &room));
        } else if (gm_batch_add(&batch, key, value)) {
            erased += gomap_erase_many(map, batch.keys, batch.count);
            batch.count = 0;
        }
    }
    return erased + gomap_erase_many(map, batch.keys, batch.count);
}
