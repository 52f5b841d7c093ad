/* size_class.c - the bytes that Go's allocator gives for a request. See size_class.h. */
#include "size_class.h"

size_t gm_size_class(size_t size)
{
    static const uint16_t classes[] = {
        8,     16,    24,    32,    48,    64,    80,    96,    112,   128,   144,   160,   176,   192,
        208,   224,   240,   256,   288,   320,   352,   384,   416,   448,   480,   512,   576,   640,
        704,   768,   896,   1024,  1152,  1280,  1408,  1536,  1792,  2048,  2304,  2688,  3072,  3200,
        3456,  4096,  4864,  5376,  6144,  6528,  6784,  6912,  8192,  9472,  9728,  10240, 10880, 12288,
        13568, 14336, 16384, 18432, 19072, 20480, 21760, 24576, 27264, 28672, 32768,
    };
    size_t low = 0, high = sizeof classes / sizeof classes[0] - 1;
    if (size > classes[high]) return (size + 8191) / 8192 * 8192;
    while (low < high) {
        size_t middle = (low + high) / 2;
        if (classes[middle] < size) low = middle + 1;
        else high = middle;
    }
    return classes[low];
}

size_t gm_size_class_of_pointers(size_t size)
{
    enum { HEADER = 8, WITHOUT_MOST = 512, WITH_MOST = 32760 };
    return gm_size_class(size > WITHOUT_MOST && size <= WITH_MOST ? size + HEADER : size);
}
