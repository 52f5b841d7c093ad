/* go/plan.c - what a map of so many entries would hold. See plan.h. */
#include "plan.h"
#include "array.h"

#include <math.h>

/* Overflow buckets of 2^B buckets with so many entries: the mean of all, and of those beyond the array's tail, which
 * come from the heap. */
typedef struct overflow {
    double all, heap;
} overflow;

/* The mean of max(x, 0) for a normally distributed x with this mean and standard deviation. */
static double mean_above(double mean, double spread)
{
    double at = mean / spread;
    return spread * exp(-at * at / 2) / sqrt(2 * 3.14159265358979323846) + mean * (1 + erf(at / sqrt(2.0))) / 2;
}

/* The number of entries of a bucket is binomial: `count` trials of probability 1 / 2^B. More than eight entries need
 * a second bucket, more than sixteen a third. The sum over all buckets is nearly normal. */
static overflow overflow_of(const go_map *m, unsigned B, size_t count)
{
    overflow found = {0, 0};
    size_t bytes, array_buckets = go_array_buckets(m, B, &bytes);
    double buckets = ldexp(1, (int)B), load = (double)count / buckets;
    if (B == 0 || count == 0) return found;                  /* one bucket is filled, and no more */
    double mean = 0, square = 0, product = 0;                /* of the overflow buckets of one, and times its entries */
    double share = exp((double)count * log1p(-1 / buckets)); /* of buckets with no entry, with one ... */
    for (size_t entries = 0; entries <= count; entries++) {
        double more = entries > GO_SLOTS ? (double)((entries - 1) / GO_SLOTS) : 0;
        mean += share * more;
        square += share * more * more;
        product += share * more * (double)entries;
        share *= (double)(count - entries) / ((double)(entries + 1) * (buckets - 1));
        if ((double)entries > load && share < 1e-12) break;
    }
    double tail = (double)array_buckets - buckets;
    /* The entries of all buckets add up to count, so more in one bucket means fewer in another. */
    double covariance = product - mean * load,
           variance = buckets * (square - mean * mean - covariance * covariance / load);
    found.all = mean * buckets;
    found.heap = found.all > tail ? found.all - tail : 0;
    if (tail > 0 && variance > 0) found.heap = mean_above(found.all - tail, sqrt(variance));
    return found;
}

/* How many of 2^B old buckets are not evacuated after so many insertions. Each insertion evacuates the bucket it
 * hits, if that is not evacuated yet, and the first one that is not. About 0.69 * 2^B insertions complete the
 * growth. */
static double unevacuated(unsigned B, size_t since)
{
    double old = ldexp(1, (int)B), left = 2 * old * pow(1 - 1 / old, (double)since) - old;
    return left > 0 ? left : 0;
}

/* The insertions after which 2^B old buckets are not all evacuated yet, but will be after the next. */
static size_t last_evacuation(unsigned B)
{
    double old = ldexp(1, (int)B);
    return B ? (size_t)(log((old + 1) / (2 * old)) / log1p(-1 / old)) : 0;
}

/* All but the header and strings, of a map that has grown to so many entries, or been given room for them. */
static void plan_entries(const go_map *m, size_t count, int reserved, gomap_planned *planned)
{
    unsigned B = go_B_for(count);
    size_t bytes, bucket = gm_granted_for(m->bucket_bytes);
    overflow linked = overflow_of(m, B, count);
    planned->B = (uint8_t)B;
    planned->buckets = count || reserved ? (size_t)1 << B : 0;
    (void)go_array_buckets(m, B, &bytes);
    planned->live[GOMAP_BUCKETS] = planned->buckets ? (double)gm_granted_for(bytes) : 0;
    planned->live[GOMAP_OLD_BUCKETS] = 0;
    if (B && !reserved) {
        size_t full = go_capacity(B - 1);
        double left = unevacuated(B - 1, count - full), old = ldexp(1, (int)B - 1);
        overflow before = overflow_of(m, B - 1, full);
        (void)go_array_buckets(m, B - 1, &bytes);
        /* If less than one is left on average, `left` is the probability that the old array still exists. */
        planned->live[GOMAP_OLD_BUCKETS] = (left < 1 ? left : 1) * (double)gm_granted_for(bytes);
        linked.all += left / old * (before.all - linked.all); /* an entry stands in one of the arrays */
        linked.heap += left / old * before.heap;
    }
    planned->overflow_buckets = linked.all;
    planned->live[GOMAP_OVERFLOW] = linked.heap * (double)bucket;
    planned->live[GOMAP_RECORDS] = gm_parts_planned(&m->parts, count, reserved);
}

/* The total bytes of a map on the way to `count` entries, when it had `entries`. */
static double total_at(const go_map *m, const gomap_planned *end, size_t count, size_t entries)
{
    gomap_planned then = *end;
    double total = 0;
    plan_entries(m, entries, 0, &then);
    if (count) then.live[GOMAP_STRINGS] *= (double)entries / (double)count;
    for (int purpose = 0; purpose < GOMAP_PURPOSES; purpose++) total += then.live[purpose];
    return total;
}

static double larger(double one, double other) { return one > other ? one : other; }

/* When a store's records were moved from the heap to a mapping: both were there. */
static double peak_of_store(const go_map *m, const gm_store *store, const gomap_planned *end, size_t count)
{
    size_t bytes, full = gm_store_moved(store->stride, GOMAP_RECORDS, &bytes);
    return full < count ? total_at(m, end, count, full) + (double)bytes : 0;
}

/* The peak of the last growth, when the old and the new array both existed: either at its beginning, with all the
 * old overflow buckets, or before its end, with more entries. */
static double peak_of_growth(const go_map *m, const gomap_planned *end, size_t count)
{
    unsigned B = end->B;
    size_t bytes;
    if (B == 0) return 0;
    size_t full = go_capacity(B - 1), last = full + last_evacuation(B - 1);
    (void)go_array_buckets(m, B, &bytes);
    return larger(total_at(m, end, count, full) + (double)gm_granted_for(bytes),
                  total_at(m, end, count, last < count ? last : count));
}

/* The most entries: the largest array that is made. */
static size_t most_entries(const go_map *m)
{
    unsigned B = 0;
    size_t bytes;
    while (go_array_buckets(m, B + 1, &bytes)) B++;
    return (m->parts.key_ref || m->parts.value_ref) && go_capacity(B) > GM_STORE_MOST ? GM_STORE_MOST : go_capacity(B);
}

int go_plan(const gm_engine *engine, const gomap_type *type, size_t count, int how,
            const gomap_lengths strings[GOMAP_PARTS], gomap_planned *planned)
{
    go_map m;
    (void)engine;
    memset(&m, 0, sizeof m);
    go_describe(&m, type);
    planned->most = most_entries(&m);
    if (how == GOMAP_COMPACTED || count > planned->most) return -1;
    planned->live[GOMAP_HEADER] = (double)gm_granted_for(sizeof m);
    planned->live[GOMAP_STRINGS] = gm_blocks_planned(strings);
    plan_entries(&m, count, how == GOMAP_RESERVED, planned);
    if (how == GOMAP_RESERVED) return 0;
    planned->peak = peak_of_growth(&m, planned, count);
    if (m.parts.key_ref) planned->peak = larger(planned->peak, peak_of_store(&m, &m.parts.keys, planned, count));
    if (m.parts.value_ref) planned->peak = larger(planned->peak, peak_of_store(&m, &m.parts.values, planned, count));
    return 0;
}
