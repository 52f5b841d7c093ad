/* elastic/kinds_strings.c - keys that are strings. */
#include "kinds.h"

EL_KIND(strings, GM_IMAGES, GM_IMAGE, 0)
EL_KIND(strings_ref, GM_IMAGES, GM_IMAGE, 1)
