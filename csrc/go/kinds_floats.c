/* go/kinds_floats.c - keys that are floats. */
#include "kinds.h"

GO_KIND(float32, GM_FLOAT32, 4, 0)
GO_KIND(float64, GM_FLOAT64, 8, 0)
