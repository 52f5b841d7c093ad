/* swiss/kinds_floats.c - keys that are floats. */
#include "kinds.h"

SW_KIND(float32, GM_FLOAT32, 4, 0)
SW_KIND(float64, GM_FLOAT64, 8, 0)
