/* elastic/kinds_floats.c - keys that are floats. */
#include "beside.h"
#include "kinds.h"
#include "shared.h"

EL_KIND(float32, GM_FLOAT32, 4, 0)
EL_KIND(float64, GM_FLOAT64, 8, 0)
EL_KIND(float32_ref, GM_FLOAT32, 4, 1)
EL_KIND(float64_ref, GM_FLOAT64, 8, 1)

EL_SHARER(float32)
EL_SHARER(float64)

EL_BESIDE(float32)
EL_BESIDE(float64)
