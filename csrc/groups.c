/* groups.c - values placed by key. See groups.h. */
#include "groups.h"
#include "rows.h"

/* ---- numbers ------------------------------------------------------------------------------------------- */

typedef struct numberer {
    gomap_writer writer;
    const gomap *map;
} numberer;

static int write_number(gomap_writer *writer, void *room, void *number, int added)
{
    if (added) gm_store32(room, (uint32_t)(((const numberer *)(const void *)writer)->map->count - 1));
    memcpy(number, room, sizeof(uint32_t));
    return 1;
}

size_t gomap_column_number(gomap *map, gomap_column *keys, uint32_t *numbers, size_t begin, size_t most)
{
    numberer own = {{write_number}, map};
    gomap_column to = gomap_column_own(numbers, sizeof *numbers, begin + most);
    return gm_rows_write(map, keys, &to, &own.writer, begin, most);
}

/* ---- offsets ------------------------------------------------------------------------------------------- */

GM_INLINE uint64_t offset_at(const void *offsets, int width, size_t i)
{
    return width == 4 ? ((const uint32_t *)offsets)[i] : ((const uint64_t *)offsets)[i];
}

GM_INLINE void offset_set(void *offsets, int width, size_t i, uint64_t offset)
{
    if (width == 4) ((uint32_t *)offsets)[i] = (uint32_t)offset;
    else ((uint64_t *)offsets)[i] = offset;
}

void gomap_groups_count(void *offsets, int width, const uint32_t *numbers, size_t count)
{
    for (size_t i = 0; i < count; i++)
        offset_set(offsets, width, numbers[i], offset_at(offsets, width, numbers[i]) + 1);
}

void gomap_groups_lay_out(void *offsets, int width, size_t groups)
{
    uint64_t begin = 0;
    for (size_t i = 0; i <= groups; i++) {
        uint64_t count = offset_at(offsets, width, i);
        offset_set(offsets, width, i, begin);
        begin += count;
    }
}

void gomap_groups_finish(void *offsets, int width, size_t groups)
{
    for (size_t i = groups; i > 0; i--) offset_set(offsets, width, i, offset_at(offsets, width, i - 1));
    offset_set(offsets, width, 0, 0);
}

/* ---- values -------------------------------------------------------------------------------------------- */

/* Asks for the line that a value to come will be written to: groups are far apart. */
enum { AHEAD = 24 };

GM_INLINE void place(void *offsets, int width, const uint32_t *numbers, size_t count, size_t left, const char *values,
                     size_t stride, uint64_t row, size_t size, char *to)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t at = offset_at(offsets, width, numbers[i]);
        if (i + AHEAD < left) GM_PREFETCH(to + offset_at(offsets, width, numbers[i + AHEAD]) * size);
        offset_set(offsets, width, numbers[i], at + 1);
        if (values) memcpy(to + at * size, values + i * stride, size);
        else if (size == 4) gm_store32(to + at * 4, (uint32_t)(row + i));
        else gm_store64(to + at * 8, row + i);
    }
}

/* The sizes that most values have are constants. */
static void place_piece(void *offsets, int width, const uint32_t *numbers, size_t count, size_t left,
                        const char *values, size_t stride, uint64_t row, size_t size, char *to)
{
    if (width == 4 && size == 4) place(offsets, 4, numbers, count, left, values, stride, row, 4, to);
    else if (width == 4 && size == 8) place(offsets, 4, numbers, count, left, values, stride, row, 8, to);
    else place(offsets, width, numbers, count, left, values, stride, row, size, to);
}

size_t gomap_groups_place(void *offsets, int width, const uint32_t *numbers, gomap_column *values, size_t size,
                          char *to, size_t begin, size_t most)
{
    size_t done = 0;
    if (values == NULL) {
        place_piece(offsets, width, numbers + begin, most, most, NULL, 0, begin, size, to);
        return most;
    }
    values->failure = 0;
    while (done < most) {
        const char *value;
        size_t some = gomap_column_read(values, begin + done, most - done, &value);
        if (some == 0) break;
        place_piece(offsets, width, numbers + begin + done, some, most - done, value, values->stride ? size : 0, 0,
                    size, to);
        done += some;
    }
    return done;
}

/* ---- several groups ------------------------------------------------------------------------------------ */

void gomap_groups_measure(const void *offsets, int width, size_t groups, const uint32_t *numbers, size_t count,
                          uint64_t *begins)
{
    uint64_t begin = 0;
    for (size_t i = 0; i < count; i++) {
        begins[i] = begin;
        if (numbers[i] < groups)
            begin += offset_at(offsets, width, numbers[i] + (size_t)1) - offset_at(offsets, width, numbers[i]);
    }
    begins[count] = begin;
}

void gomap_groups_gather(const void *offsets, int width, size_t groups, const char *values, size_t size,
                         const uint32_t *numbers, size_t count, char *to)
{
    for (size_t i = 0; i < count; i++) {
        if (numbers[i] >= groups) continue;
        size_t begin = (size_t)offset_at(offsets, width, numbers[i]);
        size_t bytes = ((size_t)offset_at(offsets, width, numbers[i] + (size_t)1) - begin) * size;
        if (bytes) memcpy(to, values + begin * size, bytes);
        to += bytes;
    }
}
