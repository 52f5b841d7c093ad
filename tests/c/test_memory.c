/* test_memory.c - the bytes counted for a block are those that it takes from the system.
 *
 * Many blocks of a size, each size in a process of its own, and the growth of that process's mapped memory. Where that
 * cannot be measured the count is only held to be plausible. */
#if !defined(_GNU_SOURCE)
#define _GNU_SOURCE
#endif
#include "check.h"

#include "memory.h"
#include "platform.h"

#if defined(__has_feature)
#if __has_feature(address_sanitizer)
#define SANITIZED 1
#endif
#elif defined(__SANITIZE_ADDRESS__)
#define SANITIZED 1
#endif

#if defined(__linux__) && !SANITIZED /* whose blocks have red zones */
#include <sys/wait.h>
#include <unistd.h>
#define MEASURED 1
#else
#define MEASURED 0
#endif

enum { MEASURED_BYTES = 24 << 20, LEAST_BLOCKS = 2000 };

/* Eight to a doubling, and those about the bounds of the C libraries' classes and of mapping. */
static size_t sizes[400], sizes_used;

static void choose_sizes(void)
{
    for (size_t size = 1; size < 160; size += 7) sizes[sizes_used++] = size;
    for (size_t doubling = 160; doubling < 2 * GM_MAP_BYTES; doubling *= 2)
        for (size_t eighth = 0; eighth < 8; eighth++) sizes[sizes_used++] = doubling + doubling / 8 * eighth + eighth;
    static const size_t bounds[] = {12,  13,  24,   25,   28,     29,     124,    125,    140,   141,
                                    492, 493, 2028, 2029, 131051, 131052, 131071, 131072, 131073};
    for (size_t b = 0; b < COUNT_OF(bounds); b++) sizes[sizes_used++] = bounds[b];
}

/* As many bytes as asked for, and not many more. */
static void counted_bytes_are_plausible(void)
{
    for (size_t s = 0; s < sizes_used; s++) {
        gm_memory memory = {0, 0, NULL};
        unsigned char *block = gm_alloc(&memory, GOMAP_HEADER, sizes[s]);
        CHECK(block != NULL);
        CHECK_EQ(memory.total, gm_granted(block, sizes[s]));
        CHECK_BETWEEN(memory.total, sizes[s],
                      sizes[s] + sizes[s] / 3 + 64 + (sizes[s] >= GM_MAP_BYTES / 2 ? 65536 : 0));
        gm_release(&memory, GOMAP_HEADER, block, sizes[s]);
        CHECK_EQ(memory.total, 0);
    }
}

#if MEASURED

static size_t mapped_bytes(void)
{
    char text[256];
    FILE *statm = fopen("/proc/self/statm", "r");
    CHECK(statm != NULL && fgets(text, sizeof text, statm) != NULL);
    fclose(statm);
    return (size_t)strtoull(text, NULL, 10) * (size_t)sysconf(_SC_PAGESIZE);
}

/* One size; ends its process. */
static void measure(size_t size)
{
    size_t count = MEASURED_BYTES / size;
    if (count < LEAST_BLOCKS) count = LEAST_BLOCKS;
    if (count > 500000) count = 500000;
    gm_memory memory = {0, 0, NULL};
    size_t before = mapped_bytes();
    for (size_t i = 0; i < count; i++) CHECK(gm_alloc(&memory, GOMAP_HEADER, size) != NULL);
    double grown = (double)(mapped_bytes() - before), counted = (double)memory.total;
    CHECK_BETWEEN(counted / grown, 0.97, 1.03);
    _exit(0);
}

static void counted_bytes_are_what_is_taken(void)
{
    for (size_t s = 0; s < sizes_used; s++) {
        int status = 0;
        fflush(stdout);
        pid_t child = fork();
        CHECK(child >= 0);
        if (child == 0) measure(sizes[s]);
        CHECK_EQ(waitpid(child, &status, 0), child);
        if (status != 0) fprintf(stderr, "blocks of %zu bytes\n", sizes[s]);
        CHECK_EQ(status, 0);
    }
}

#endif

int main(void)
{
    choose_sizes();
    counted_bytes_are_plausible();
#if MEASURED
    counted_bytes_are_what_is_taken();
#endif
    return 0;
}
