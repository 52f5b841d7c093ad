/* swiss/grow.c - what of growth does not depend on the kind of key. See grow.h. */
#include "grow.h"

void sw_install_right(sw_map *m, const sw_table *left, sw_table *right, uint32_t number)
{
    uint32_t half = (uint32_t)1 << (m->depth - left->depth);
    right->index = left->index + half;
    *sw_table_numbered(m, number) = *right;
    for (uint32_t i = 0; i < half; i++) m->directory[right->index + i] = number;
}
