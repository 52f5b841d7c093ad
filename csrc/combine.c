/* combine.c - values combined, from arrays and from maps. See combine.h. */
#include "combine.h"
#include "batch.h"
#include "rank.h"
#include "rows.h"

GM_INLINE int combine(void *room, const void *value, int kind, int how)
{
    static const unsigned char sizes[] = {1, 1, 2, 4, 8, 1, 2, 4, 8, 4, 8};
    uint64_t was, comes;
    if (how == GOMAP_ADD) return gomap_add(room, value, kind);
    was = gm_rank(room, kind);
    comes = gm_rank(value, kind);
    if (how == GOMAP_MIN) { /* a NaN, which is before all floats, comes behind them */
        uint64_t first = (uint64_t)gm_rank_is_float(kind);
        uint64_t swapped = was - first;
        was = comes - first;
        comes = swapped;
    }
    if (comes > was) memcpy(room, value, sizes[kind]);
    return 1;
}

int gomap_combine(void *room, const void *value, int kind, int how) { return combine(room, value, kind, how); }

/* ---- from arrays --------------------------------------------------------------------------------------- */

typedef struct combiner {
    gomap_writer writer;
    int kind, how;
    size_t size;
} combiner;

static int combine_write(gomap_writer *writer, void *room, void *value, int added)
{
    const combiner *own = (const combiner *)(const void *)writer;
    if (!added) return combine(room, value, own->kind, own->how);
    gm_copy(room, value, own->size);
    return 1;
}

size_t gomap_column_combine(gomap *map, gomap_column *keys, gomap_column *values, int kind, int how, size_t begin,
                            size_t most)
{
    combiner own = {{combine_write}, kind, how, values->size};
    return gm_rows_write(map, keys, values, &own.writer, begin, most);
}

/* ---- from a map ---------------------------------------------------------------------------------------- */

size_t gomap_merge_fits(const gomap *map, gomap_iter *source, gomap_merging *merging, size_t most)
{
    gm_batch batch;
    void *found[GM_BATCH];
    unsigned char sum[8];
    size_t done = 0, some;
    merging->key = NULL;
    if (source->map == NULL) return 0;
    gm_batch_begin(&batch, source->map);
    while ((some = gm_batch_read(&batch, source, most - done)) > 0) {
        (void)gomap_find_many(map, batch.keys, some, found);
        for (size_t i = 0; i < some; i++) {
            if (found[i] == NULL) continue;
            gm_copy(sum, found[i], map->type->value_size);
            if (gomap_add(sum, batch.values[i], merging->kind)) continue;
            merging->key = batch.entries[i];
            merging->was = found[i];
            merging->more = batch.values[i];
            return done + i;
        }
        done += some;
    }
    return done;
}

typedef struct merger {
    gomap_writer writer;
    const gomap_merging *merging;
    size_t size;
} merger;

static int merge_write(gomap_writer *writer, void *room, void *value, int added)
{
    const merger *own = (const merger *)(const void *)writer;
    const void *comes = *(void *const *)value;
    int how = own->merging->how;
    if (added || how == GOMAP_LAST) gm_copy(room, comes, own->size);
    else if (how != GOMAP_FIRST) return combine(room, comes, own->merging->kind, how);
    return 1;
}

static size_t merge_strings(gomap *map, const gm_batch *batch, int how)
{
    int added;
    for (size_t i = 0; i < batch->count; i++) {
        const void *key = (const unsigned char *)batch->keys + i * batch->stride;
        if (how == GOMAP_FIRST && gomap_find(map, key)) continue;
        if (gm_put(map, key, batch->values[i], batch->map, &added) == NULL) return i;
    }
    return batch->count;
}

/* One by one, from keys that are copied first. */
static size_t merge_own(gomap *map, gm_batch *batch, merger *by)
{
    gm_own_key own;
    size_t i = 0;
    memset(&own, 0, sizeof own);
    for (; i < batch->count; i++) {
        int added, how = by->merging->how;
        const void *key = gm_own_key_of(&own, batch->map, batch->entries[i]);
        if (key == NULL) break;
        if (map->type->strings[GOMAP_VALUE].count) {
            if (how == GOMAP_FIRST && gomap_find(map, key)) continue;
            if (gm_put(map, key, batch->values[i], batch->map, &added) == NULL) break;
        } else {
            void *room = gomap_assign(map, key, &added);
            if (room == NULL || !merge_write(&by->writer, room, &batch->values[i], added)) break;
        }
    }
    gm_own_key_end(&own);
    return i;
}

size_t gomap_merge_some(gomap *map, gomap_iter *source, const gomap_merging *merging, size_t most)
{
    merger own = {{merge_write}, merging, map->type->value_size};
    gm_batch batch;
    size_t done = 0, some;
    if (source->map == NULL) return 0;
    int is_lent = gm_is_lent(source->map);
    gm_batch_begin(&batch, source->map);
    while ((some = gm_batch_read(&batch, source, most - done)) > 0) {
        int is_own = batch.keys == (const void *)&batch.copied && map->type->strings[GOMAP_KEY].count == 0;
        size_t put;
        if (is_lent && !is_own) put = merge_own(map, &batch, &own);
        else if (map->type->strings[GOMAP_VALUE].count) put = merge_strings(map, &batch, merging->how);
        else put = gomap_write_many(map, batch.keys, some, batch.values, sizeof batch.values[0], &own.writer);
        done += put;
        if (put < some) break;
    }
    return done;
}
