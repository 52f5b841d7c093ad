/* elastic/kinds_integers.c - keys that are integers or bool. */
#include "beside.h"
#include "kinds.h"
#include "shared.h"

EL_KIND(bits8, GM_BITS, 1, 0)
EL_KIND(bits16, GM_BITS, 2, 0)
EL_KIND(bits32, GM_BITS, 4, 0)
EL_KIND(bits64, GM_BITS, 8, 0)
EL_KIND(bits32_ref, GM_BITS, 4, 1)
EL_KIND(bits64_ref, GM_BITS, 8, 1)

EL_SHARER(bits8)
EL_SHARER(bits16)
EL_SHARER(bits32)
EL_SHARER(bits64)

EL_BESIDE(bits8)
EL_BESIDE(bits16)
EL_BESIDE(bits32)
EL_BESIDE(bits64)
