/* swiss/tables.h - making and dropping the arrays of groups, and the directory. The rounding to size classes is Go's,
 * so that both are Go's to the byte. */
#ifndef GM_SWISS_TABLES_H
#define GM_SWISS_TABLES_H

#include "../size_class.h"
#include "layout.h"

/* Bytes of an array of so many groups, and of a directory. */
size_t sw_array_bytes(const sw_map *m, size_t groups);
size_t sw_directory_bytes(unsigned depth);

/* An array of empty groups for a table; 0 when there is no memory, and the table is as it was. */
int sw_groups_make(sw_map *m, sw_table *table, uint32_t groups);
void sw_groups_drop(sw_map *m, sw_table *table);
/* All slots empty. */
void sw_groups_empty(const sw_map *m, sw_table *table);

/* The tables that a hint asks for: 2^depth of so many groups each. Up to eight entries: none (*groups is 1). 0: they
 * would be more than any machine maps. */
int sw_hint(const sw_map *m, size_t count, unsigned *depth, uint32_t *groups);

/* A map without memory gets 2^depth tables of so many groups; of one group and depth 0, a bare one. 0: there is no
 * memory, and nothing has changed. */
int sw_tables_make(sw_map *m, unsigned depth, uint32_t groups);
/* All of a map's tables and its directory. */
void sw_tables_drop(sw_map *m);

/* The directory to twice its places; 0 when there is no memory. */
int sw_directory_double(sw_map *m);

#endif
