# csrc/gomap.h and csrc/columns.h for Cython: declarations only.

from libc.stddef cimport ptrdiff_t
from libc.stdint cimport int64_t, uint8_t, uint32_t, uint64_t

cdef extern from "gomap.h" nogil:
    enum:
        GOMAP_BITS8
        GOMAP_BITS16
        GOMAP_BITS32
        GOMAP_BITS64
        GOMAP_FLOAT32
        GOMAP_FLOAT64
        GOMAP_BYTES
        GOMAP_STRING
        GOMAP_OBJECT

    ctypedef struct gomap_type:
        uint32_t key_size
        uint32_t value_size
        uint8_t key_kind
        uint8_t key_ref
        uint8_t value_ref

    enum:
        GOMAP_POINTER
        GOMAP_STRING_VALUE

    ctypedef struct gomap_string:
        const void *at
        size_t length

    ctypedef struct gomap_object:
        uint64_t hash
        uint64_t object
        int (*same)(const gomap_object *key, uint64_t object) noexcept

    void gomap_type_init(gomap_type *type, int key_kind, uint32_t key_size, uint32_t value_size,
                         int value_flags)
    void gomap_type_align(gomap_type *type, int part, unsigned alignment)
    void gomap_type_strings(gomap_type *type, int part, const uint32_t *at, uint32_t count)

    enum:
        GOMAP_HEADER
        GOMAP_BUCKETS
        GOMAP_OLD_BUCKETS
        GOMAP_TAGS
        GOMAP_OVERFLOW
        GOMAP_RECORDS
        GOMAP_STRINGS
        GOMAP_DIRECTORY
        GOMAP_PURPOSES

    ctypedef struct gomap_memory:
        size_t *live
        size_t *peak
        size_t total
        size_t total_peak

    enum:
        GOMAP_CHAIN_LENGTHS

    ctypedef struct gomap_stats:
        size_t buckets
        size_t array_buckets
        size_t array_bytes
        size_t bucket_bytes
        size_t overflow_buckets
        size_t overflow_heap
        size_t old_buckets
        size_t evacuated
        size_t grow_at
        size_t growths
        size_t same_size_growths
        uint32_t noverflow
        uint8_t B
        uint8_t growing
        uint8_t same_size
        size_t splits
        size_t merges
        size_t displaced
        size_t tables
        size_t directory
        size_t directory_bytes
        size_t tombstones
        size_t *chain_lengths

    ctypedef struct gomap:
        const gomap_type *type
        size_t count

    ctypedef struct gomap_iter:
        gomap *map
        size_t left

    enum:
        GOMAP_GO
        GOMAP_ELASTIC
        GOMAP_SWISS
        GOMAP_ENGINES

    ctypedef struct gomap_about:
        const char *name
        bint distinct_nans
        bint keeps_room
    const gomap_about *gomap_about_engine(int engine)

    gomap *gomap_new(int engine, const gomap_type *type, size_t hint, uint64_t seed)
    void gomap_free(gomap *map)
    gomap *gomap_clone(const gomap *map, uint64_t seed)
    int gomap_merge(gomap *map, const gomap *source)

    void *gomap_find(const gomap *map, const void *key)
    void *gomap_at(const gomap *map, const void *key)
    void *gomap_assign(gomap *map, const void *key, int *added)
    void *gomap_put(gomap *map, const void *key, const void *value, int *added)
    gomap_string gomap_string_at(const gomap *map, int part, const void *at)
    uint64_t gomap_string_bytes(const gomap *map)

    ctypedef union gomap_key:
        gomap_string string
        gomap_object object
    const void *gomap_key_again(const gomap *map, const void *at, gomap_key *room)

    int gomap_erase(gomap *map, const void *key)
    int gomap_any(gomap *map, const void **key, const void **value)
    void gomap_erase_any(gomap *map)
    int gomap_reserve(gomap *map, size_t count)
    void gomap_clear(gomap *map)
    gomap *gomap_detach(gomap *map, uint64_t seed)
    void gomap_become(gomap *map, gomap *other)
    int gomap_compact(gomap *map)

    size_t gomap_find_many(const gomap *map, const void *keys, size_t count, void **found)
    size_t gomap_put_many(gomap *map, const void *keys, size_t count, const void *values, size_t value_stride)
    ctypedef struct gomap_writer:
        int (*write)(gomap_writer *, void *room, void *value, int added) noexcept
    size_t gomap_write_many(gomap *map, const void *keys, size_t count, void *values, size_t value_stride,
                            gomap_writer *writer)
    size_t gomap_code_many(gomap *map, const void *keys, size_t count, int64_t *codes)
    size_t gomap_erase_many(gomap *map, const void *keys, size_t count)
    void gomap_erase_begin(gomap_iter *held, gomap *map)
    void gomap_erase_end(gomap_iter *held)
    int gomap_fills(const gomap *map)
    void gomap_fill_begin(gomap *map, size_t count)
    void gomap_fill_end(gomap *map)
    void gomap_end_iterators(gomap *map)

    void gomap_iter_begin(gomap_iter *iter, gomap *map)
    int gomap_iter_next(gomap_iter *iter, const void **key, const void **value)
    void gomap_iter_end(gomap_iter *iter)
    int gomap_iter_is_over(const gomap_iter *iter)
    void gomap_iter_again(gomap_iter *again, const gomap_iter *begun)
    void gomap_iter_alone(gomap_iter *iter)

    void gomap_memory_of(const gomap *map, gomap_memory *memory)
    void gomap_peak_reset(gomap *map)
    size_t gomap_total(const gomap *map)
    void gomap_walk(const gomap *map, size_t *live)
    size_t gomap_heap_bytes(size_t size)
    void gomap_stats_of(const gomap *map, gomap_stats *stats)
    int gomap_check(const gomap *map, char *why, size_t size)

    enum:
        GOMAP_GROWN
        GOMAP_RESERVED
        GOMAP_COMPACTED

    ctypedef struct gomap_length:
        size_t length
        size_t strings
    ctypedef struct gomap_lengths:
        const gomap_length *at
        size_t count

    ctypedef struct gomap_planned:
        double *live
        double total
        double peak
        size_t buckets
        size_t most

    int gomap_plan(int engine, const gomap_type *type, size_t count, int how, const gomap_lengths *strings,
                   gomap_planned *planned)

    ctypedef struct gomap_hooks:
        void (*allocated)(void *block, size_t bytes) noexcept
        void (*released)(void *block, size_t bytes) noexcept
    void gomap_set_hooks(const gomap_hooks *hooks)
    void gomap_fail_after(int64_t n, int64_t count)
    int64_t gomap_fail_pending()

    uint64_t gomap_random(uint64_t *state)

cdef extern from "columns.h" nogil:
    ctypedef struct gomap_numbers:
        const char *at
        ptrdiff_t stride
        size_t count
        int kind
        int swapped
    size_t gomap_numbers_convert(const gomap_numbers *numbers, char *to, int kind, size_t size, unsigned char *absent)
    int gomap_add(void *room, const void *by, int kind)
    size_t gomap_ucs4_read(gomap_string *to, char *room, const char *at, ptrdiff_t stride, size_t characters, int swapped,
                           size_t count)
    int gomap_has_surrogate(const char *text, size_t length)
    size_t gomap_bits_absent(unsigned char *absent, const void *bits, size_t offset, size_t count)
    void gomap_bits_write(unsigned char *bits, const unsigned char *bytes, unsigned char is_, size_t count)
    void gomap_bits_read(char *to, const void *bits, size_t offset, size_t count)

    ctypedef struct gomap_tidy:
        uint32_t offset
        uint32_t size
        int what
    enum:
        GOMAP_T_ZERO
        GOMAP_T_BOOL
        GOMAP_T_FLOAT
    int gomap_tidied(const gomap_tidy *steps, size_t count, char *at, int change)
    int gomap_is_utf8(const void *text, size_t length)

    ctypedef struct gomap_column:
        int form
        int width
        const char *at
        ptrdiff_t stride
        size_t count
        size_t size
        const unsigned char *absent
        const gomap_tidy *tidies
        size_t tidy_count
        const char *text
        int64_t least
        int64_t most
        int utf8
        const void **buffers
        const int64_t *lengths
        size_t buffer_count
        gomap_column *items
        gomap_column *parts
        size_t part_count
        size_t begin
        size_t have
        char *room
        size_t room_bytes
        size_t room_wanted
        size_t failed_at
        int failure
    enum:
        GOMAP_C_OWN
        GOMAP_C_ITEMS
        GOMAP_C_PADDED
        GOMAP_C_OFFSETS
        GOMAP_C_VIEWS
        GOMAP_C_CODES
        GOMAP_C_PARTS
        GOMAP_C_WINDOW
    enum:
        GOMAP_C_ROOM
        GOMAP_C_TEXT
        GOMAP_C_CODE
        GOMAP_C_MORE
    gomap_column gomap_column_own(const void *at, size_t size, size_t count)
    size_t gomap_column_room(const gomap_column *column)
    size_t gomap_column_read(gomap_column *column, size_t begin, size_t most, const char **piece)
    size_t gomap_column_check(const gomap_column *column)
    size_t gomap_codes_check(const gomap_column *column, unsigned char *absent)
    int64_t gomap_views_text(const gomap_column *column, const unsigned char *absent)
    int gomap_column_overlaps(const gomap_column *column, const void *at, size_t size)

    ctypedef struct gomap_sampled:
        size_t drawn, distinct, once, twice
    size_t gomap_expected(size_t count, const gomap_sampled *sampled)
    size_t gomap_column_expected(const gomap *map, gomap_column *keys)
    int gomap_column_fill(gomap *map, gomap_column *keys)
    size_t gomap_column_put(gomap *map, gomap_column *keys, gomap_column *values, size_t begin, size_t most)
    ctypedef struct gomap_finder:
        pass
    ctypedef struct gomap_getting:
        gomap_finder *finder
        char *to
        size_t size
        const char *missing
        unsigned char *marks
        int stop
        size_t lost
        const char *first
        size_t first_at
    ctypedef struct gomap_texts:
        gomap_finder *finder
        int64_t *offsets
        char *text
        size_t room
        size_t wanted
        gomap_string missing
        unsigned char *marks
        int stop
        size_t lost
        const char *first
        size_t first_at
    size_t gomap_column_texts(const gomap *map, gomap_column *keys, gomap_texts *texts, size_t begin, size_t most)
    size_t gomap_column_get(const gomap *map, gomap_column *keys, gomap_getting *getting, size_t begin, size_t most)
    size_t gomap_column_contains(const gomap *map, gomap_column *keys, unsigned char *to, size_t begin, size_t most)
    size_t gomap_column_erase(gomap *map, gomap_column *keys, size_t *erased, size_t begin, size_t most)
    size_t gomap_column_code(gomap *map, gomap_column *keys, int64_t *codes, size_t begin, size_t most)
    ctypedef struct gomap_piece:
        size_t begin
        size_t count
    ctypedef struct gomap_adding:
        gomap_column *keys
        gomap_column *by
        int kind
        int nans
        unsigned char *new
        gomap_piece *pieces
        size_t piece_count
        size_t piece_room
        int overflow
        char *was
        char *more
    enum:
        GOMAP_A_ALL
        GOMAP_A_WITHOUT_NANS
        GOMAP_A_NANS
        GOMAP_A_LATER
    size_t gomap_adding_pieces(const gomap_column *keys, const gomap_column *by, size_t most)
    size_t gomap_column_add(gomap *map, gomap_adding *adding, size_t begin, size_t most)
    size_t gomap_column_take_back(gomap *map, gomap_adding *adding, size_t done)

    ctypedef struct gomap_arrow_schema:
        const char *format
        const char *name
        const char *metadata
        int64_t flags
        int64_t n_children
        gomap_arrow_schema **children
        gomap_arrow_schema *dictionary
        void (*release)(gomap_arrow_schema *) noexcept
        void *private_data
    ctypedef struct gomap_arrow_array:
        int64_t length
        int64_t null_count
        int64_t offset
        int64_t n_buffers
        int64_t n_children
        const void **buffers
        gomap_arrow_array **children
        gomap_arrow_array *dictionary
        void (*release)(gomap_arrow_array *) noexcept
        void *private_data
    ctypedef struct gomap_arrow_stream:
        int (*get_schema)(gomap_arrow_stream *, gomap_arrow_schema *) noexcept
        int (*get_next)(gomap_arrow_stream *, gomap_arrow_array *) noexcept
        const char *(*get_last_error)(gomap_arrow_stream *) noexcept

cdef extern from "shared.h" nogil:
    ctypedef struct gomap_shared:
        pass
    enum:
        GOMAP_SHARED_MOST
        GOMAP_SHARED_DONE
        GOMAP_SHARED_WORK
        GOMAP_SHARED_ALONE
    bint gomap_shared_can(int engine, const gomap_type *type)
    size_t gomap_shared_room(const gomap_type *type, unsigned threads, size_t most)
    void gomap_shared_fill(gomap *map, size_t count)
    void gomap_shared_filled(gomap *map)
    gomap_shared *gomap_shared_begin(gomap *map, unsigned threads, void *room, size_t most)
    size_t gomap_shared_piece(gomap_shared *shared, gomap_column **keys, gomap_column **values, size_t begin, size_t most)
    int gomap_shared_next(gomap_shared *shared)
    void gomap_shared_work(gomap_shared *shared, unsigned thread)
    void gomap_shared_end(gomap_shared *shared)


cdef extern from "beside.h" nogil:
    ctypedef struct gomap_versions:
        pass
    bint gomap_beside_can(int engine, const gomap_type *type)
    int gomap_beside_find(const gomap *map, const gomap_versions *versions, const void *key, void *value)
    bint gomap_beside_put(gomap *map, gomap_versions *versions, const void *key, const void *value)
    int gomap_beside_erase(gomap *map, gomap_versions *versions, const void *key)


cdef extern from "combine.h" nogil:
    enum:
        GOMAP_LAST
        GOMAP_FIRST
        GOMAP_ADD
        GOMAP_MAX
        GOMAP_MIN
    int gomap_combine(void *room, const void *value, int kind, int how)
    size_t gomap_column_combine(gomap *map, gomap_column *keys, gomap_column *values, int kind, int how, size_t begin,
                                size_t most)
    ctypedef struct gomap_merging:
        int how
        int kind
        const void *key
        const void *was
        const void *more
    size_t gomap_merge_fits(const gomap *map, gomap_iter *source, gomap_merging *merging, size_t most)
    size_t gomap_merge_some(gomap *map, gomap_iter *source, const gomap_merging *merging, size_t most)

cdef extern from "codes.h" nogil:
    size_t gomap_codes_take_back(gomap *map, gomap_column *keys, const int64_t *codes, int64_t *next, size_t done,
                                 size_t count)
    ctypedef struct gomap_decoding:
        const void **keys
        const void *bad
        int64_t code
    size_t gomap_codes_find(gomap_iter *iter, gomap_decoding *decoding, size_t most)
    size_t gomap_codes_keys(const void **keys, size_t known, size_t size, const int64_t *codes, size_t count, char *to)

cdef extern from "largest.h" nogil:
    ctypedef struct gomap_ranked:
        const void *key
        const void *value
    ctypedef struct gomap_largest:
        gomap_ranked *heap
        size_t room
        size_t count
        int kind
    size_t gomap_largest_take(gomap_largest *largest, gomap_iter *iter, size_t most)
    void gomap_largest_sort(gomap_largest *largest)

cdef extern from "entries.h" nogil:
    size_t gomap_entries_copy(gomap_iter *iter, size_t most, char *keys, char *values)
    size_t gomap_entries_mark(unsigned char *bits, size_t begin, const char *marks, size_t count)
    size_t gomap_entries_erase(gomap_iter *iter, const unsigned char *bits, size_t count)
    int gomap_entry_is_marked(const unsigned char *bits, size_t i)

cdef extern from "groups.h" nogil:
    size_t gomap_column_number(gomap *map, gomap_column *keys, uint32_t *numbers, size_t begin, size_t most)
    void gomap_groups_count(void *offsets, int width, const uint32_t *numbers, size_t count)
    void gomap_groups_lay_out(void *offsets, int width, size_t groups)
    size_t gomap_groups_place(void *offsets, int width, const uint32_t *numbers, gomap_column *values, size_t size,
                              char *to, size_t begin, size_t most)
    void gomap_groups_finish(void *offsets, int width, size_t groups)
    void gomap_groups_measure(const void *offsets, int width, size_t groups, const uint32_t *numbers, size_t count,
                              uint64_t *begins)
    void gomap_groups_gather(const void *offsets, int width, size_t groups, const char *values, size_t size,
                             const uint32_t *numbers, size_t count, char *to)

cdef extern from "snapshot.h" nogil:
    enum:
        GOMAP_SNAPSHOT_VERSION
        GOMAP_SNAPSHOT_GOOD
        GOMAP_SNAPSHOT_FOREIGN
        GOMAP_SNAPSHOT_SHORT
        GOMAP_SNAPSHOT_LATER
        GOMAP_SNAPSHOT_DAMAGED
        GOMAP_SNAPSHOT_NO_MEMORY
        GOMAP_SNAPSHOT_ENDIAN

    enum:
        GOMAP_SECTION_TAGS
        GOMAP_SECTION_SLOTS
        GOMAP_SECTION_OVERFLOW
        GOMAP_SECTION_RECORDS
        GOMAP_SECTION_KEY_STRINGS
        GOMAP_SECTION_VALUE_STRINGS
        GOMAP_SECTION_KEY_TEXT
        GOMAP_SECTION_VALUE_TEXT

    ctypedef struct gomap_section:
        uint32_t what
        uint32_t of
        uint64_t at
        uint64_t bytes
        uint64_t items
        uint64_t checksum

    ctypedef struct gomap_snapshot:
        uint64_t bytes
        uint32_t version
        uint32_t sections
        uint32_t made_by
        uint64_t count
        uint64_t checksum
        const char *key_type
        const char *value_type
        uint32_t key_type_bytes
        uint32_t value_type_bytes

    ctypedef struct gomap_saver:
        pass

    gomap_saver *gomap_save_begin(const gomap *map, const char *key_type, uint32_t key_type_bytes,
                                  const char *value_type, uint32_t value_type_bytes, uint32_t made_by)
    size_t GOMAP_SAVE_LEAST
    uint64_t gomap_save_bytes(const gomap_saver *saver)
    uint32_t gomap_save_head_bytes(const gomap_saver *saver)
    size_t gomap_save_next(gomap_saver *saver, void *room, size_t bytes)
    void gomap_save_head(const gomap_saver *saver, void *room)
    void gomap_save_end(gomap_saver *saver)
    int gomap_snapshot_read(gomap_snapshot *snapshot, const void *at, uint64_t bytes, char *why, size_t size)
    gomap_section gomap_snapshot_section(const gomap_snapshot *snapshot, uint32_t i)
    int gomap_snapshot_open(gomap **map, const gomap_snapshot *snapshot, const gomap_type *type, char *why, size_t size)
    int gomap_snapshot_verify(const gomap_snapshot *snapshot, char *why, size_t size)
    int gomap_load(gomap **loaded, const gomap *map, char *why, size_t size)


cdef extern from "cache.h":
    enum:
        GOMAP_EVICTED
        GOMAP_EXPIRED
        GOMAP_REMOVED
    size_t GOMAP_NOWHERE

    ctypedef int (*gomap_leaving)(void *owner, const void *key, const void *value, int reason) noexcept

    ctypedef struct gomap_cache_settings:
        size_t max_bytes
        size_t max_entries
        uint64_t pace
        uint64_t idle
        int deadlines
        gomap_leaving leaving
        void *owner

    ctypedef struct gomap_cache_counts:
        uint64_t hits
        uint64_t misses
        uint64_t evictions
        uint64_t expirations

    ctypedef struct gomap_cache:
        gomap *map
        gomap_cache_settings settings
        gomap_cache_counts counts

    void gomap_cache_type(gomap_type *type, int deadlines, int idle)
    size_t gomap_cache_least(const gomap_type *type)
    gomap_cache *gomap_cache_new(const gomap_type *type, const gomap_cache_settings *settings, uint64_t seed)
    void gomap_cache_free(gomap_cache *cache)
    size_t gomap_cache_bytes(const gomap_cache *cache)
    int gomap_cache_limit(gomap_cache *cache, size_t max_bytes, size_t max_entries)
    size_t gomap_cache_find(const gomap_cache *cache, const void *key)
    const void *gomap_cache_key(const gomap_cache *cache, size_t place)
    void *gomap_cache_value(const gomap_cache *cache, size_t place)
    int gomap_cache_expired(const gomap_cache *cache, size_t place, uint64_t now)
    uint64_t gomap_cache_deadline(const gomap_cache *cache, size_t place)
    uint64_t gomap_cache_last_deadline(const gomap_cache *cache, size_t place)
    void gomap_cache_touch(gomap_cache *cache, size_t place, uint64_t now)
    int gomap_cache_remove(gomap_cache *cache, size_t place, int reason)
    void *gomap_cache_use(gomap_cache *cache, size_t place, uint64_t now)
    void gomap_cache_count_again(gomap_cache *cache)
    void *gomap_cache_get(gomap_cache *cache, const void *key, uint64_t now)
    void *gomap_cache_put(gomap_cache *cache, const void *key, const void *value, uint64_t now, uint64_t deadline,
                          int *added)
    int gomap_cache_refused(const gomap_cache *cache)
    ctypedef struct gomap_cache_uses:
        gomap_finder finder
        uint64_t now
    void gomap_cache_uses_begin(gomap_cache_uses *uses, gomap_cache *cache, uint64_t now)
    size_t gomap_cache_column_put(gomap_cache *cache, gomap_column *keys, gomap_column *values, uint64_t now,
                                  uint64_t deadline, size_t begin, size_t most)
    size_t gomap_cache_column_fits(const gomap_cache *cache, gomap_column *keys, gomap_column *values, size_t begin,
                                   size_t most)
    void gomap_cache_clear(gomap_cache *cache)
    void gomap_cache_pass(gomap_cache *cache, uint64_t now)
    size_t gomap_cache_expire(gomap_cache *cache, uint64_t now, size_t most)
    size_t gomap_cache_next(const gomap_cache *cache, size_t *place, uint64_t now)
    int gomap_cache_check(const gomap_cache *cache, char *why, size_t size)
