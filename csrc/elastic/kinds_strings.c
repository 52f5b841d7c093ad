/* elastic/kinds_strings.c - keys that are strings, or structs with strings. */
#include "beside.h"
#include "kinds.h"

EL_KIND(strings, GM_IMAGES, GM_IMAGE, 0)
EL_KIND(strings_ref, GM_IMAGES, GM_IMAGE, 1)
EL_KIND(structs, GM_IMAGE_STRUCTS, 0, 0)
EL_KIND(structs_ref, GM_IMAGE_STRUCTS, 0, 1)

EL_BESIDE(strings)
