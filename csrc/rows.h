/* rows.h - the keys of a column with the values of another: a piece of both at a time.
 *
 * Rows whose key is marked absent are in the piece, and the engines leave them out. */
#ifndef GM_ROWS_H
#define GM_ROWS_H

#include "bulk.h"
#include "columns.h"

/* The column, or the part of it, that the last piece is from. */
GM_INLINE const gomap_column *gm_last_read(const gomap_column *column)
{
    return column->form == GOMAP_C_PARTS ? &column->parts[column->part] : column;
}

typedef struct gm_rows {
    gm_keys keys;
    const char *values;
    size_t stride; /* of the values; 0: one for all */
} gm_rows;

/* Rows `begin` to begin + most, or those of them that make a piece. `values` is NULL where only keys are read. Returns
 * how many; 0: a column's failure says why. */
size_t gm_rows_read(gomap_column *keys, gomap_column *values, size_t begin, size_t most, gm_rows *rows);

/* The same where each value will be read just once, to be copied: that needs no piece. */
size_t gm_rows_read_once(gomap_column *keys, gomap_column *values, size_t begin, size_t most, gm_rows *rows);

/* Puts rows into a map: their values are copied, or the writer writes them. Values that a writer gets are read once,
 * unless they are the caller's own. Returns as the functions of columns.h do. */
size_t gm_rows_write(gomap *map, gomap_column *keys, gomap_column *values, gomap_writer *writer, size_t begin,
                     size_t most);

#endif
