/* go/kinds_integers.c - keys that are integers or bool. */
#include "kinds.h"

GO_KIND(bits8, GM_BITS, 1, 0)
GO_KIND(bits16, GM_BITS, 2, 0)
GO_KIND(bits32, GM_BITS, 4, 0)
GO_KIND(bits64, GM_BITS, 8, 0)
