/* test_swiss_check.c - that gomap_check finds what is broken: every invariant of the Swiss engine is broken by hand,
 * once in each way, and must be the one that is reported. */
#include "broken.h"
#include "model.h"

#include "swiss/layout.h"

static const test_engine swiss = {GOMAP_SWISS, "swiss", 1};

static model *filled(const char *type, size_t entries)
{
    model *m = model_new(&swiss, test_type_named(type), entries, 0, 1);
    for (size_t i = 0; i < m->domain; i++) CHECK_EQ(model_assign(m, i), 1);
    return m;
}

/* A group of the table with this many full slots or more; with tombstones, or with an empty slot. */
static unsigned char *group_with(const sw_map *m, const sw_table *table, unsigned least, unsigned char other)
{
    for (uint32_t at = 0; at <= table->mask; at++) {
        unsigned char *group = sw_group(m, table, at);
        if (gm_match_count(sw_full(group)) >= least && gm_match8(group, other)) return group;
    }
    CHECK(!m); /* there is no such group */
    return NULL;
}

static void tables(void)
{
    model *model = filled("map[int]int", 3000);
    gomap *map = model->map;
    sw_map *m = sw_of(map);
    CHECK_EQ(m->depth, 2);
    for (size_t i = 0; i < model->domain; i += 2) model_erase(model, i);
    sw_table *table = sw_table_at(m, 1);

    BROKEN_BY("W1", map, table->mask, table->mask - 1);
    BROKEN_BY("W1", map, table->growth_left, table->growth_left + 1);
    BROKEN_BY("W1", map, table->growth_left, sw_capacity(table));
    BROKEN_BY("W1", map, table->used, sw_capacity(table));
    BROKEN_BY("W2", map, m->directory[1], 0);
    BROKEN_BY("W2", map, m->directory[1], m->tables.used + 1u);
    BROKEN_BY("W2", map, m->directory[1], m->directory[0]);
    BROKEN_BY("W2", map, table->index, table->index + 1);
    BROKEN_BY("W2", map, table->depth, 0);
    BROKEN_BY("W2", map, table->depth, 3);
    BROKEN_BY("W2", map, m->bare.groups, table->groups);
    BROKEN_BY("W2", map, m->directory, NULL);
    BROKEN_BY("W6", map, map->count, map->count - 1);
    BROKEN_BY("W6", map, m->may_have_tombstones, 0);
    BROKEN_BY("W7", map, m->array_bytes, m->array_bytes + 1);
    BROKEN_BY("W7", map, m->room, m->room - 1);

    unsigned char *group = group_with(m, table, 2, SW_EMPTY);
    unsigned full = gm_match_index(sw_full(group)), empty = gm_match_index(sw_empty(group));
    BROKEN_BY("W3", map, group[full], (unsigned char)(group[full] ^ 1));
    unsigned char *key = sw_slot(m, group, full), *value = sw_value_slot(m, group, empty);
    BROKEN_BY("W3", map, key[0], (unsigned char)~key[0]);
    BROKEN_BY("W4", map, group[empty], SW_DELETED);
    BROKEN_BY("W4", map, group[empty], 0x81);
    BROKEN_BY("W5", map, value[7], 1);
    BROKEN_BY("W5", map, group[full], SW_EMPTY); /* of an entry, whose value is there */
    group = group_with(m, table, 1, SW_DELETED);
    unsigned deleted = gm_match_index(gm_match8(group, SW_DELETED));
    BROKEN_BY("W5", map, sw_value_slot(m, group, deleted)[0], 1);
    /* With an empty slot where a look-up has to go on. */
    unsigned char right[SW_SLOTS];
    memcpy(right, group, sizeof right);
    for (unsigned slot = 0; slot < SW_SLOTS; slot++)
        if (group[slot] == SW_DELETED) group[slot] = SW_EMPTY;
    char why[256];
    CHECK_EQ(gomap_check(map, why, sizeof why) == -1, 1);
    memcpy(group, right, sizeof right);
    CHECK_MAP(map);
    model_free(model);
}

static void bare_group(void)
{
    model *model = filled("map[int]int", 6);
    gomap *map = model->map;
    sw_map *m = sw_of(map);
    unsigned empty = gm_match_index(sw_empty(m->bare.groups));
    BROKEN_BY("W4", map, m->bare.groups[empty], SW_DELETED);
    BROKEN_BY("W1", map, m->bare.growth_left, 1);
    BROKEN_BY("W2", map, m->depth, 1);
    BROKEN_BY("W6", map, m->bare.used, 5);
    model_free(model);
}

static void records_and_strings(void)
{
    model *model = filled("map[[129]byte][129]byte", 100);
    gomap *map = model->map;
    sw_map *m = sw_of(map);
    unsigned char *group = group_with(m, sw_table_at(m, 0), 2, SW_EMPTY);
    unsigned full = gm_match_index(sw_full(group));
    uint32_t *key = (uint32_t *)(void *)sw_slot(m, group, full);
    uint32_t *value = (uint32_t *)(void *)sw_value_slot(m, group, full);
    BROKEN_BY("P1", map, *key, 0);
    BROKEN_BY("P1", map, *key, m->parts.keys.used + 1);
    BROKEN_BY("P1", map, *value, *value == 1 ? 2 : *value - 1);
    BROKEN_BY("S2", map, m->parts.values.live, m->parts.values.live + 1);
    BROKEN_BY("S2", map, m->tables.live, m->tables.live + 1);
    BROKEN_BY("M1", map, m->map.memory.total, m->map.memory.total + 1);
    model_free(model);

    model = filled("map[string]string", 100);
    map = model->map;
    m = sw_of(map);
    BROKEN_BY("P2", map, m->parts.string_bytes, m->parts.string_bytes + 1);
    model_free(model);
}

int main(void)
{
    test_count_bytes();
    tables();
    bare_group();
    records_and_strings();
    CHECK_EQ(test_live_bytes, 0);
    return 0;
}
