/* swiss/kinds_integers.c - keys that are integers or bool. */
#include "kinds.h"

SW_KIND(bits8, GM_BITS, 1, 0)
SW_KIND(bits16, GM_BITS, 2, 0)
SW_KIND(bits32, GM_BITS, 4, 0)
SW_KIND(bits64, GM_BITS, 8, 0)
