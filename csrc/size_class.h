/* size_class.h - the bytes that Go's allocator gives for a request, so that the arrays of Go's maps are Go's to the
 * byte. */
#ifndef GM_SIZE_CLASS_H
#define GM_SIZE_CLASS_H

#include <stddef.h>
#include <stdint.h>

/* More bytes than any machine maps: a hint that asks for it is absurd and is ignored. Go's limit (maxAlloc) on 64-bit
 * machines. */
#define GM_GO_MAX_BYTES ((uint64_t)1 << 48)

/* A block without pointers: a size class, above them whole 8 KiB pages. */
size_t gm_size_class(size_t size);

/* A block with pointers: Go keeps a header of eight bytes in it where it is larger than 512 bytes and no page of its
 * own. */
size_t gm_size_class_of_pointers(size_t size);

#endif
