/* rows.c - rows read and put. See rows.h. */
#include "rows.h"

/* Whether of each string of the last piece sixteen bytes may be read: in pieces that are copied there is room behind. */
static int is_padded(const gomap_column *column)
{
    int form = gm_last_read(column)->form;
    return form == GOMAP_C_OFFSETS || form == GOMAP_C_VIEWS || form == GOMAP_C_PADDED;
}

static size_t read_keys(gomap_column *keys, size_t begin, size_t most, gm_keys *piece)
{
    const char *at;
    piece->count = gomap_column_read(keys, begin, most, &at);
    piece->at = (const unsigned char *)at;
    piece->absent = keys->absent ? keys->absent + begin : NULL;
    piece->padded = is_padded(keys);
    return piece->count;
}

size_t gm_rows_read(gomap_column *keys, gomap_column *values, size_t begin, size_t most, gm_rows *rows)
{
    keys->failure = 0;
    if (values == NULL) return read_keys(keys, begin, most, &rows->keys);
    rows->stride = values->stride ? values->size : 0;
    most = gomap_column_read(values, begin, most, &rows->values);
    return most ? read_keys(keys, begin, most, &rows->keys) : 0;
}

size_t gm_rows_read_once(gomap_column *keys, gomap_column *values, size_t begin, size_t most, gm_rows *rows)
{
    if (values->form != GOMAP_C_ITEMS || values->tidy_count) return gm_rows_read(keys, values, begin, most, rows);
    rows->values = values->at + (ptrdiff_t)begin * values->stride;
    rows->stride = values->size;
    values->failure = 0;
    return gm_rows_read(keys, NULL, begin, most, rows);
}

static size_t put(gomap *map, const gm_rows *rows, gomap_writer *writer)
{
    size_t stride = gm_key_stride(map->type, map->type->key_size);
    int added;
    if (map->type->strings[GOMAP_VALUE].count == 0)
        return gm_engine_of(map)->put_many(map, &rows->keys, (void *)(uintptr_t)rows->values, rows->stride, writer);
    for (size_t i = 0; i < rows->keys.count; i++)
        if (!gm_keys_absent(&rows->keys, i) &&
            gomap_put(map, rows->keys.at + i * stride, rows->values + i * rows->stride, &added) == NULL)
            return i;
    return rows->keys.count;
}

size_t gm_rows_write(gomap *map, gomap_column *keys, gomap_column *values, gomap_writer *writer, size_t begin,
                     size_t most)
{
    size_t done = 0, some = 1;
    for (gm_rows rows; done < most && some; done += some) {
        some = writer ? gm_rows_read(keys, values, begin + done, most - done, &rows)
                      : gm_rows_read_once(keys, values, begin + done, most - done, &rows);
        if (some == 0) break;
        size_t in = put(map, &rows, writer);
        if (in < some) return done + in;
    }
    return done;
}
