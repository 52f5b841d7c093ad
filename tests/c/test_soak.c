/* test_soak.c - a million mixed operations on every engine, the map growing to tens of thousands of
 * entries and emptying again, and not a byte left over. */
#include "model.h"

enum { KEYS = 40000, OPERATIONS = 1000000, PHASES = 20 };

/* In hundredths: what of a phase's operations add; it swings from filling to emptying. */
static unsigned share_of_additions(size_t phase)
{
    static const unsigned shares[] = {75, 50, 20, 50, 5};
    return shares[phase % COUNT_OF(shares)];
}

static void soak(const test_engine *engine, const char *name, size_t operations, uint64_t seed)
{
    model *m = model_new(engine, test_type_named(name), KEYS, 0, seed);
    uint64_t random = seed;
    size_t most = 0, least = KEYS;
    for (size_t phase = 0; phase < PHASES; phase++) {
        unsigned additions = share_of_additions(phase);
        for (size_t i = 0; i < operations / PHASES; i++) {
            uint64_t dice = test_random(&random);
            size_t number = (size_t)(dice >> 32) % m->domain;
            unsigned hundredth = (unsigned)(dice % 100);
            if (dice >> 8 & 1) {
                model_find(m, number);
            } else if (hundredth < additions) {
                CHECK(model_assign(m, number) >= 0);
            } else if (dice >> 9 & 3) {
                model_erase(m, number);
            } else {
                size_t yielded;
                (void)model_pop(m);
                if (!m->iterators[0].alive && i % 64 == 0) model_iter_begin(m, 0);
                if (m->iterators[0].alive) (void)model_iter_step(m, 0, &yielded);
            }
            if (m->count > most) most = m->count;
        }
        if (m->count < least) least = m->count;
        if (m->iterators[0].alive) model_iter_end(m, 0);
        model_verify(m);
        if (phase == PHASES / 2) {
            model *copy = model_clone(m, phase);
            model_free(m);
            m = copy;
        }
        if (phase == PHASES / 2 + 3) model_clear(m);
    }
    CHECK(most > m->domain / 8 && least < most / 8);
    while (model_pop(m)) {}
    model_verify(m);
    model_free(m);
    CHECK_EQ(test_live_bytes, 0);
}

int main(void)
{
    test_count_bytes();
    for (size_t e = 0; e < COUNT_OF(test_engines); e++) {
        soak(&test_engines[e], "map[int]int", OPERATIONS / 2, 1);
        soak(&test_engines[e], "map[[129]byte][129]byte", OPERATIONS / 4, 2);
        soak(&test_engines[e], "map[float32]float32", OPERATIONS / 8, 3);
        soak(&test_engines[e], "map[uint16][3]byte", OPERATIONS / 8, 4);
        soak(&test_engines[e], "map[string]string", OPERATIONS / 10, 5);
        soak(&test_engines[e], "map[string][128]byte", OPERATIONS / 10, 6);
        soak(&test_engines[e], "map[any]int", OPERATIONS / 10, 7);
    }
    return 0;
}
