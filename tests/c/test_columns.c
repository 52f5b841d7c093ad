/* test_columns.c - columns: pieces hold what the array held, whole columns do what single operations do, and what was
 * added is taken back, unless the array is another one by then. */
#include "maps.h"

#include "columns.h"

enum { ITEMS = 3000, LONG = 40000 };

/* ---- columns over arrays ----------------------------------------------------------------------------- */

/* A column with the room that it asks for. */
static gomap_column begun(gomap_column column)
{
    column.room_bytes = gomap_column_room(&column);
    column.room = test_alloc(1, column.room_bytes + 1);
    return column;
}

static void ended(gomap_column *column)
{
    free(column->room);
    column->room = NULL;
}

static gomap_column items_column(const void *at, size_t size, size_t count)
{
    gomap_column column = gomap_column_own(at, size, count);
    column.form = GOMAP_C_ITEMS;
    return begun(column);
}

/* One read, with more room where a string needs it. */
static size_t read_some(gomap_column *column, size_t begin, size_t most, const char **piece)
{
    size_t some = gomap_column_read(column, begin, most, piece);
    if (some || column->failure != GOMAP_C_ROOM) return some;
    CHECK(column->room_wanted > column->room_bytes);
    free(column->room);
    column->room = test_alloc(1, column->room_wanted);
    column->room_bytes = column->room_wanted;
    some = gomap_column_read(column, begin, most, piece);
    CHECK(some > 0);
    return some;
}

/* ---- pieces ------------------------------------------------------------------------------------------- */

static void pieces_of_items(void)
{
    static const size_t sizes[] = {1, 8, 16, 100, 5000, 9000, 20000};
    for (size_t s = 0; s < COUNT_OF(sizes); s++) {
        size_t size = sizes[s], count = 40;
        unsigned char *array = test_alloc(count, size);
        for (size_t i = 0; i < count * size; i++) array[i] = (unsigned char)test_scramble(i);
        gomap_column column = items_column(array, size, count);
        for (size_t begin = 0; begin < count; begin += 7)
            for (size_t most = 1; begin + most <= count; most += 11) {
                const char *piece;
                size_t some = gomap_column_read(&column, begin, most, &piece);
                CHECK_BETWEEN(some, 1, most);
                CHECK(piece == column.room);
                CHECK(memcmp(piece, array + begin * size, some * size) == 0);
            }
        CHECK_EQ(gomap_column_check(&column), count);
        CHECK(gomap_column_overlaps(&column, array + count * size - 1, 1));
        CHECK(!gomap_column_overlaps(&column, array + count * size, 1));
        ended(&column);
        free(array);
    }
}

static void own_memory_is_not_copied(void)
{
    uint64_t array[5] = {1, 2, 3, 4, 5};
    const char *piece;
    gomap_column column = gomap_column_own(array, 8, 5);
    CHECK_EQ(gomap_column_room(&column), 0);
    CHECK_EQ(gomap_column_read(&column, 2, 3, &piece), 3);
    CHECK(piece == (const char *)&array[2]);
    CHECK(!gomap_column_overlaps(&column, array, sizeof array));
    column.stride = 0; /* one for all */
    CHECK_EQ(gomap_column_read(&column, 2, 3, &piece), 3);
    CHECK(piece == (const char *)array);
}

static void pieces_of_padded(void)
{
    for (int width = 1; width <= 300; width += 23)
        for (int backwards = 0; backwards < 2; backwards++) {
            size_t count = 600, step = (size_t)width + 3;
            char *array = test_alloc(count, step);
            for (size_t i = 0; i < count; i++)
                for (size_t c = 0; c < i % ((size_t)width + 1); c++) array[i * step + c] = (char)('a' + (i + c) % 26);
            gomap_column column = gomap_column_own(array, sizeof(gomap_string), count);
            column.form = GOMAP_C_PADDED;
            column.width = width;
            column.stride = backwards ? -(ptrdiff_t)step : (ptrdiff_t)step;
            if (backwards) column.at = array + (count - 1) * step;
            column = begun(column);
            for (size_t done = 0, some; done < count; done += some) {
                const char *piece;
                some = gomap_column_read(&column, done, count - done, &piece);
                CHECK(some > 0);
                for (size_t k = 0; k < some; k++) {
                    gomap_string string;
                    size_t i = backwards ? count - 1 - done - k : done + k;
                    memcpy(&string, piece + k * sizeof string, sizeof string);
                    CHECK_EQ(string.length, i % ((size_t)width + 1));
                    CHECK(memcmp(string.at, array + i * step, string.length) == 0);
                    CHECK((const char *)string.at >= column.room &&
                          (const char *)string.at < column.room + column.room_bytes);
                }
            }
            CHECK(gomap_column_overlaps(&column, array + count * step - 4, 1)); /* the last item's last byte */
            CHECK(!gomap_column_overlaps(&column, array + count * step, 1));
            ended(&column);
            free(array);
        }
}

/* Strings between offsets: `lengths` of them, from the middle of a text. */
typedef struct texts {
    gomap_column column;
    char *text;
    int32_t *narrow;
    int64_t *wide;
} texts;

static texts texts_of(const size_t *lengths, size_t count, int width, int utf8)
{
    texts made;
    size_t all = 5, at = 5;
    for (size_t i = 0; i < count; i++) all += lengths[i];
    made.text = test_alloc(all + 8, 1);
    made.narrow = test_alloc(count + 1, sizeof(int32_t));
    made.wide = test_alloc(count + 1, sizeof(int64_t));
    for (size_t i = 0; i < all; i++) made.text[i] = (char)('a' + test_scramble(i) % 26);
    for (size_t i = 0; i <= count; i++) {
        made.narrow[i] = (int32_t)at;
        made.wide[i] = (int64_t)at;
        at += i < count ? lengths[i] : 0;
    }
    made.column = gomap_column_own(width == 4 ? (void *)made.narrow : (void *)made.wide, sizeof(gomap_string), count);
    made.column.form = GOMAP_C_OFFSETS;
    made.column.width = width;
    made.column.text = made.text;
    made.column.least = made.wide[0];
    made.column.most = made.wide[count];
    made.column.utf8 = utf8;
    made.column = begun(made.column);
    return made;
}

static void texts_end(texts *made)
{
    ended(&made->column);
    free(made->text);
    free(made->narrow);
    free(made->wide);
}

static void pieces_of_offsets(void)
{
    size_t lengths[700];
    for (int width = 4; width <= 8; width += 4)
        for (int round = 0; round < 4; round++) {
            for (size_t i = 0; i < COUNT_OF(lengths); i++)
                lengths[i] = round == 0    ? 0
                             : round == 1  ? i % 20
                             : round == 2  ? i * 7 % 300
                             : i % 97 == 5 ? LONG
                                           : i % 3;
            texts made = texts_of(lengths, COUNT_OF(lengths), width, 1);
            CHECK_EQ(gomap_column_check(&made.column), COUNT_OF(lengths));
            for (size_t done = 0, some; done < COUNT_OF(lengths); done += some) {
                const char *piece;
                some = read_some(&made.column, done, COUNT_OF(lengths) - done, &piece);
                CHECK(some > 0);
                for (size_t k = 0; k < some; k++) {
                    gomap_string string;
                    memcpy(&string, piece + k * sizeof string, sizeof string);
                    CHECK_EQ(string.length, lengths[done + k]);
                    CHECK(memcmp(string.at, made.text + made.wide[done + k], string.length) == 0);
                    CHECK((const char *)string.at >= made.column.room);
                    CHECK((const char *)string.at + string.length <= made.column.room + made.column.room_bytes);
                }
            }
            texts_end(&made);
        }
}

/* Offsets and text that have been changed since the column was looked at: it is read up to there, and no further. */
static void pieces_of_changed_offsets(void)
{
    size_t lengths[300];
    const char *piece;
    for (size_t i = 0; i < COUNT_OF(lengths); i++) lengths[i] = 5;
    static const int64_t wrong[] = {-1, 0, 4, INT32_MIN, INT32_MAX, 5 + 5 * 300 + 1};
    for (size_t w = 0; w < COUNT_OF(wrong); w++)
        for (size_t place = 0; place <= 300; place += 50) {
            texts made = texts_of(lengths, COUNT_OF(lengths), 4, 1);
            made.narrow[place] = (int32_t)wrong[w];
            size_t done = 0, some;
            while (done < 300 && (some = gomap_column_read(&made.column, done, 300 - done, &piece)) > 0) done += some;
            if (place == 0 && wrong[w] >= 0 && wrong[w] < 5) CHECK_EQ(done, 0); /* before the text that it had */
            CHECK_BETWEEN(done, place ? place - 1 : 0, 300);
            if (done < 300) {
                CHECK_EQ(made.column.failure, GOMAP_C_TEXT);
                CHECK_EQ(made.column.failed_at, done);
            }
            if (place) CHECK(gomap_column_check(&made.column) < 300);
            texts_end(&made);
        }
    for (size_t place = 0; place < 300; place += 37) {
        texts made = texts_of(lengths, COUNT_OF(lengths), 8, 1);
        made.text[5 + 5 * place + 2] = (char)0xff;
        CHECK_EQ(gomap_column_check(&made.column), place);
        size_t done = 0, some;
        while (done < 300 && (some = gomap_column_read(&made.column, done, 300 - done, &piece)) > 0) done += some;
        CHECK_EQ(done, place);
        CHECK_EQ(made.column.failure, GOMAP_C_TEXT);
        CHECK_EQ(made.column.failed_at, place);
        made.column.utf8 = 0; /* a look-up does not mind */
        CHECK(gomap_column_read(&made.column, place, 1, &piece) == 1);
        texts_end(&made);
    }
}

/* Views over two buffers. Long strings, and those of up to twelve bytes in the view itself; every seventh is a null
 * with anything in its view. */
typedef struct views {
    gomap_column column;
    unsigned char *views, *absent;
    char *text;
    const void *buffers[2];
    int64_t lengths[2];
} views;

static size_t view_length(size_t i) { return i % 11 == 3 ? 13 + i % 300 : i % 97 == 5 ? LONG : i % 13; }

static void views_of(views *made, size_t count)
{
    size_t room = 3 * LONG, at = 0;
    made->views = test_alloc(count, 16);
    made->absent = test_alloc(count, 1);
    made->text = test_alloc(2, room);
    for (size_t i = 0; i < 2 * room; i++) made->text[i] = (char)('a' + test_scramble(i) % 26);
    made->buffers[0] = made->text;
    made->buffers[1] = made->text + room;
    made->lengths[0] = made->lengths[1] = (int64_t)room;
    for (size_t i = 0; i < count; i++) {
        unsigned char *view = made->views + 16 * i;
        uint32_t length = (uint32_t)view_length(i), buffer = i & 1, offset = (uint32_t)(at++ * 31 % (room - LONG));
        memset(view, 0, 16);
        memcpy(view, &length, 4);
        if (length <= 12) {
            for (size_t k = 0; k < length; k++) view[4 + k] = (unsigned char)('a' + (i + k) % 26);
        } else {
            memcpy(view + 8, &buffer, 4);
            memcpy(view + 12, &offset, 4);
        }
        made->absent[i] = i % 7 == 6;
        if (made->absent[i]) memset(view, 0xee, 16);
    }
    made->column = gomap_column_own(made->views, sizeof(gomap_string), count);
    made->column.form = GOMAP_C_VIEWS;
    made->column.buffers = made->buffers;
    made->column.lengths = made->lengths;
    made->column.buffer_count = 2;
    made->column.absent = made->absent;
    made->column.utf8 = 1;
    made->column.most = gomap_views_text(&made->column, made->absent);
    made->column = begun(made->column);
}

static void views_end(views *made)
{
    ended(&made->column);
    free(made->views);
    free(made->absent);
    free(made->text);
}

/* Where a view's string stands in the test's own memory. */
static const char *view_string(const views *made, size_t i)
{
    const unsigned char *view = made->views + 16 * i;
    uint32_t buffer, offset;
    if (view_length(i) <= 12 || made->absent[i]) return (const char *)view + 4;
    memcpy(&buffer, view + 8, 4);
    memcpy(&offset, view + 12, 4);
    return (const char *)made->buffers[buffer] + offset;
}

static void pieces_of_views(void)
{
    views made;
    size_t count = 700, text = 0;
    views_of(&made, count);
    CHECK_EQ(gomap_column_check(&made.column), count);
    for (size_t i = 0; i < count; i++) text += made.absent[i] ? 0 : view_length(i);
    CHECK_EQ((size_t)made.column.most, text);
    for (size_t done = 0, some; done < count; done += some) {
        const char *piece;
        some = read_some(&made.column, done, count - done, &piece);
        CHECK(some > 0);
        for (size_t k = 0; k < some; k++) {
            gomap_string string;
            memcpy(&string, piece + k * sizeof string, sizeof string);
            CHECK_EQ(string.length, made.absent[done + k] ? 0 : view_length(done + k));
            CHECK(memcmp(string.at, view_string(&made, done + k), string.length) == 0);
            CHECK((const char *)string.at >= made.column.room);
            CHECK((const char *)string.at + string.length <= made.column.room + made.column.room_bytes);
        }
    }
    /* A view that leads nowhere: the column is read up to it. */
    static const int32_t wrong[][3] = {{-1, 0, 0},
                                       {13, 2, 0},
                                       {13, -1, 0},
                                       {13, 0, -1},
                                       {13, 1, 3 * LONG - 12},
                                       {INT32_MAX, 0, 0},
                                       {INT32_MAX, 1, INT32_MAX}};
    for (size_t w = 0; w < COUNT_OF(wrong); w++) {
        unsigned char *view = made.views + 16 * 50;
        memcpy(view, &wrong[w][0], 4);
        memcpy(view + 8, &wrong[w][1], 4);
        memcpy(view + 12, &wrong[w][2], 4);
        CHECK_EQ(gomap_column_check(&made.column), 50);
        const char *piece;
        size_t done = 0, some;
        while (done < count && (some = read_some(&made.column, done, count - done, &piece)) > 0) done += some;
        CHECK_EQ(done, 50);
        CHECK_EQ(made.column.failure, GOMAP_C_TEXT);
        CHECK_EQ(made.column.failed_at, 50);
    }
    views_end(&made);
}

static void pieces_of_codes(void)
{
    uint64_t values[300];
    unsigned char absent[3000] = {0}, gone[300] = {0};
    const char *piece;
    for (size_t i = 0; i < COUNT_OF(values); i++) values[i] = test_scramble(i);
    gomap_column items = gomap_column_own(values, 8, COUNT_OF(values));
    for (int width = 1; width <= 8; width *= 2) {
        unsigned char codes[3000 * 8];
        size_t most = width == 1 ? 256 : 300;
        for (size_t i = 0; i < 3000; i++) {
            uint64_t code = test_scramble(i) % most;
            uint32_t narrow = (uint32_t)code;
            uint16_t half = (uint16_t)code;
            unsigned char byte = (unsigned char)code;
            memcpy(codes + i * (size_t)width,
                   width == 8   ? (void *)&code
                   : width == 4 ? (void *)&narrow
                   : width == 2 ? (void *)&half
                                : (void *)&byte,
                   (size_t)width);
            absent[i] = i % 10 == 9;
        }
        gomap_column column = gomap_column_own(codes, 8, 3000);
        column.form = GOMAP_C_CODES;
        column.width = width;
        column.items = &items;
        column.absent = absent;
        column = begun(column);
        CHECK_EQ(gomap_codes_check(&column, absent), 3000);
        for (size_t done = 0, some; done < 3000; done += some) {
            some = gomap_column_read(&column, done, 3000 - done, &piece);
            CHECK(some > 0);
            for (size_t k = 0; k < some; k++) {
                uint64_t got;
                memcpy(&got, piece + 8 * k, 8);
                CHECK(got == (absent[done + k] ? 0 : values[test_scramble(done + k) % most]));
            }
        }
        /* A code that no item has, and the code of a null. */
        memset(codes + 1234 * (size_t)width, 0xff, (size_t)width);
        if (width > 1) {
            CHECK_EQ(gomap_codes_check(&column, absent), 1234);
            size_t done = 0, some;
            while ((some = gomap_column_read(&column, done, 3000 - done, &piece)) > 0) done += some;
            CHECK_EQ(done, 1234);
            CHECK_EQ(column.failure, GOMAP_C_CODE);
            CHECK_EQ(column.failed_at, 1234);
        }
        memset(codes + 1234 * (size_t)width, 0, (size_t)width);
        gone[0] = 1;
        items.absent = gone;
        CHECK_EQ(gomap_codes_check(&column, NULL) < 3000, 1);
        CHECK_EQ(gomap_codes_check(&column, absent), 3000);
        CHECK_EQ(absent[1234], 1);
        items.absent = NULL;
        ended(&column);
    }
}

/* Parts of every form, read as one column from any place. */
static void pieces_of_parts(void)
{
    views made;
    size_t lengths[300], count = 0;
    const char *piece;
    unsigned char absent[1300] = {0};
    for (size_t i = 0; i < COUNT_OF(lengths); i++) lengths[i] = i % 40;
    texts offsets = texts_of(lengths, COUNT_OF(lengths), 8, 1);
    views_of(&made, 700);
    gomap_string own[300];
    for (size_t i = 0; i < COUNT_OF(own); i++) own[i] = (gomap_string){"own", i % 4};
    gomap_column parts[3] = {offsets.column, made.column, gomap_column_own(own, sizeof *own, COUNT_OF(own))};
    for (size_t i = 0; i < 3; i++) {
        parts[i].begin = count;
        count += parts[i].count;
    }
    memcpy(absent + 300, made.absent, 700);
    gomap_column column = gomap_column_own(NULL, sizeof(gomap_string), count);
    column.form = GOMAP_C_PARTS;
    column.parts = parts;
    column.part_count = 3;
    column.absent = absent;
    column = begun(column);
    for (size_t begin = 0; begin < count; begin += 61)
        for (size_t turn = 0; turn < 2; turn++) {
            size_t from = turn ? count - 1 - begin : begin, some;
            some = read_some(&column, from, count - from, &piece);
            CHECK(some > 0);
            for (size_t k = 0; k < some; k++) {
                size_t i = from + k;
                gomap_string string;
                memcpy(&string, piece + k * sizeof string, sizeof string);
                const char *expected = i < 300    ? offsets.text + offsets.wide[i]
                                       : i < 1000 ? view_string(&made, i - 300)
                                                  : "own";
                size_t length = i < 300    ? lengths[i]
                                : i < 1000 ? (absent[i] ? 0 : view_length(i - 300))
                                           : (i - 1000) % 4;
                CHECK_EQ(string.length, length);
                CHECK(memcmp(string.at, expected, length) == 0);
            }
        }
    CHECK(gomap_column_overlaps(&column, made.text + 5, 1));
    CHECK(gomap_column_overlaps(&column, offsets.wide + 5, 1));
    CHECK(!gomap_column_overlaps(&column, own, sizeof own)); /* nobody writes there */
    CHECK(!gomap_column_overlaps(&column, absent, sizeof absent));
    ended(&column);
    views_end(&made);
    texts_end(&offsets);
}

/* UTF-8 as a str may hold it: every form's first and last, and what is none. */
static void utf8(void)
{
    static const char *const good[] = {"",
                                       "a",
                                       "\x7f",
                                       "\xc2\x80",
                                       "\xdf\xbf",
                                       "\xe0\xa0\x80",
                                       "\xed\xa0\x80",
                                       "\xef\xbf\xbf",
                                       "\xf0\x90\x80\x80",
                                       "\xf4\x8f\xbf\xbf",
                                       "abcdefgh\xc3\xa9",
                                       "12345678abcdefg"};
    static const char *const bad[] = {"\x80",
                                      "\xbf",
                                      "\xc0\x80",
                                      "\xc1\xbf",
                                      "\xc2",
                                      "\xe0\x9f\x80",
                                      "\xe2\x82",
                                      "\xf0\x8f\x80\x80",
                                      "\xf4\x90\x80\x80",
                                      "\xf5\x80\x80\x80",
                                      "\xff",
                                      "abcdefgh\xc3",
                                      "\xc3("};
    for (int is_bad = 0; is_bad < 2; is_bad++)
        for (size_t i = 0; i < (is_bad ? COUNT_OF(bad) : COUNT_OF(good)); i++) {
            const char *text = is_bad ? bad[i] : good[i], *piece;
            size_t length = strlen(text);
            texts made = texts_of(&length, 1, 4, 1);
            memcpy(made.text + 5, text, length);
            CHECK_EQ(gomap_column_check(&made.column), !is_bad);
            CHECK_EQ(gomap_column_read(&made.column, 0, 1, &piece), !is_bad);
            texts_end(&made);
        }
}

/* struct{a bool; b uint32; c float64; d float32}, with three bytes of padding after a and four at the end. */
static void structs_are_made_tidy(void)
{
    static const gomap_tidy steps[] = {{0, 1, GOMAP_T_BOOL},
                                       {1, 3, GOMAP_T_ZERO},
                                       {20, 4, GOMAP_T_ZERO},
                                       {8, 8, GOMAP_T_FLOAT},
                                       {16, 4, GOMAP_T_FLOAT}};
    unsigned char array[50][24];
    double wide = -0.0, nan;
    float narrow = -0.0f;
    uint64_t other_nan = 0xfff8000000000123u;
    memset(array, 0xee, sizeof array);
    memcpy(&nan, &other_nan, 8);
    for (size_t i = 0; i < 50; i++) {
        memcpy(array[i] + 8, i & 1 ? &wide : &nan, 8);
        memcpy(array[i] + 16, &narrow, 4);
    }
    gomap_column column = items_column(array, 24, 50);
    column.tidies = steps;
    column.tidy_count = COUNT_OF(steps);
    const char *piece;
    size_t some = gomap_column_read(&column, 0, 50, &piece);
    CHECK_EQ(some, 50);
    for (size_t i = 0; i < 50; i++) {
        unsigned char *at = (unsigned char *)column.room + 24 * i;
        uint64_t word = i & 1 ? 0 : 0x7ff8000000000000u;
        CHECK_EQ(at[0], 1);
        CHECK_EQ(at[1] | at[2] | at[3] | at[20] | at[21] | at[22] | at[23], 0);
        CHECK_EQ(at[4], 0xee);
        CHECK(memcmp(at + 8, &word, 8) == 0);
        CHECK(memcmp(at + 16, "\0\0\0\0", 4) == 0);
        CHECK_EQ(gomap_tidied(steps, COUNT_OF(steps), (char *)at, 0), 1);
        CHECK_EQ(gomap_tidied(steps, COUNT_OF(steps), (char *)array[i], 0), 0);
        CHECK_EQ(array[i][0], 0xee); /* only looked at */
    }
    ended(&column);
}

/* ---- whole columns ------------------------------------------------------------------------------------- */

static const gomap_type *int_to_int(void) { return test_type_made(test_type_named("map[int]int")); }

static void check_map(const gomap *map)
{
    char why[400];
    if (gomap_check(map, why, sizeof why) != 0) {
        fprintf(stderr, "%s\n", why);
        exit(1);
    }
}

static void columns_in_and_out(int engine)
{
    uint64_t keys[ITEMS], values[ITEMS], got[ITEMS], none = 7;
    unsigned char is_in[ITEMS], absent[ITEMS] = {0};
    for (size_t i = 0; i < ITEMS; i++) {
        keys[i] = test_scramble(i % 2500);
        values[i] = i;
    }
    gomap_column key_column = items_column(keys, 8, ITEMS), value_column = items_column(values, 8, ITEMS);
    gomap *map = gomap_new(engine, int_to_int(), 0, 3);
    CHECK_EQ(gomap_column_put(map, &key_column, &value_column, 0, 1000), 1000);
    CHECK_EQ(gomap_column_put(map, &key_column, &value_column, 1000, ITEMS - 1000), ITEMS - 1000);
    check_map(map);
    CHECK_EQ(map->count, 2500);
    gomap_getting getting = {.to = (char *)got, .size = 8, .stop = 1};
    CHECK_EQ(gomap_column_get(map, &key_column, &getting, 0, ITEMS), ITEMS);
    CHECK_EQ(getting.lost, 0);
    for (size_t i = 0; i < ITEMS; i++) CHECK_EQ(got[i], i < 500 ? i + 2500 : i);
    /* Two are missing: it stops after the first one's piece, which stays, and goes on. */
    keys[1700] = keys[2900] = test_scramble(1000000);
    size_t done = gomap_column_get(map, &key_column, &getting, 0, ITEMS);
    CHECK_BETWEEN(done, 1701, 2900);
    CHECK_EQ(getting.first_at, 1700);
    CHECK(memcmp(getting.first, &keys[1700], 8) == 0);
    getting.stop = 0;
    CHECK_EQ(gomap_column_get(map, &key_column, &getting, done, ITEMS - done), ITEMS - done);
    CHECK_EQ(getting.lost, 2);
    CHECK_EQ(getting.first_at, 1700);
    getting.missing = (const char *)&none;
    CHECK_EQ(gomap_column_get(map, &key_column, &getting, 0, ITEMS), ITEMS);
    CHECK_EQ(got[1700], 7);
    /* Keys that the type cannot hold. */
    gomap_column own = gomap_column_own(keys, 8, ITEMS);
    absent[3] = 1;
    own.absent = absent;
    CHECK_EQ(gomap_column_contains(map, &own, is_in, 0, ITEMS), ITEMS);
    for (size_t i = 0; i < ITEMS; i++) CHECK_EQ(is_in[i], i != 3 && i != 1700 && i != 2900);
    size_t erased = 0;
    CHECK_EQ(gomap_column_erase(map, &own, &erased, 0, 5), 5);
    CHECK_EQ(erased, 4);
    CHECK_EQ(gomap_column_erase(map, &key_column, &erased, 0, ITEMS), ITEMS);
    /* All but 1700, which is not a key any more; 2900 stands nowhere else, but 400 and 2900 were one key: it went. */
    CHECK_EQ(map->count, 1);
    check_map(map);
    ended(&key_column);
    ended(&value_column);
    gomap_free(map);
    CHECK_EQ(test_live_bytes, 0);
}

static void codes(int engine)
{
    uint64_t keys[ITEMS];
    int64_t made[ITEMS];
    for (size_t i = 0; i < ITEMS; i++) keys[i] = test_scramble(i % 777);
    gomap_column column = items_column(keys, 8, ITEMS);
    gomap *map = gomap_new(engine, int_to_int(), 0, 3);
    CHECK_EQ(gomap_column_fill(map, &column), engine == GOMAP_ELASTIC);
    CHECK_EQ(gomap_column_code(map, &column, made, 0, ITEMS), ITEMS);
    gomap_fill_end(map);
    for (size_t i = 0; i < ITEMS; i++) CHECK_EQ(made[i], i % 777);
    check_map(map);
    ended(&column);
    gomap_free(map);
}

/* ---- adding, and taking back ---------------------------------------------------------------------------- */

typedef struct counting {
    gomap *map;
    gomap_column keys, by;
    gomap_adding adding;
    int64_t values[900]; /* before: of the keys 0 to 599, the others were not there */
} counting;

static void counting_begin(counting *c, int engine, const uint64_t *keys, const int64_t *by)
{
    memset(c, 0, sizeof *c);
    c->map = gomap_new(engine, int_to_int(), 0, 5);
    for (size_t k = 0; k < 600; k++) {
        int added;
        uint64_t key = test_scramble(k);
        c->values[k] = (int64_t)(k % 5 == 0 ? test_scramble(k) >> 2 : k);
        CHECK(gomap_put(c->map, &key, &c->values[k], &added) != NULL);
    }
    c->keys = items_column(keys, 8, ITEMS);
    c->by = items_column(by, 8, ITEMS);
    c->adding.keys = &c->keys;
    c->adding.by = &c->by;
    c->adding.kind = GOMAP_N_INT64;
    c->adding.new = test_alloc(ITEMS + 1, 1);
    c->adding.piece_room = gomap_adding_pieces(&c->keys, &c->by, 1100);
    c->adding.pieces = test_alloc(c->adding.piece_room, sizeof *c->adding.pieces);
}

static void counting_end(counting *c)
{
    free(c->adding.new);
    free(c->adding.pieces);
    ended(&c->keys);
    ended(&c->by);
    gomap_free(c->map);
    CHECK_EQ(test_live_bytes, 0);
}

/* The map has the values it had, and what the first `added` keys add to them. */
static void counted(const counting *c, const uint64_t *keys, const int64_t *by, size_t added)
{
    for (size_t k = 0; k < 900; k++) {
        uint64_t key = test_scramble(k);
        int64_t sum = c->values[k], value;
        int is_in = k < 600;
        for (size_t i = 0; i < added; i++)
            if (keys[i] == key) {
                sum = (int64_t)((uint64_t)sum + (uint64_t)by[i]);
                is_in = 1;
            }
        const void *room = gomap_find(c->map, &key);
        CHECK_EQ(room != NULL, is_in);
        if (!is_in) continue;
        memcpy(&value, room, 8);
        CHECK_EQ(value, sum);
    }
    check_map(c->map);
}

static size_t add_in_calls(counting *c, size_t stop_at)
{
    size_t done = 0;
    while (done < stop_at) {
        size_t some = stop_at - done < 1100 ? stop_at - done : 1100,
               added = gomap_column_add(c->map, &c->adding, done, some);
        done += added;
        if (added < some) break;
    }
    return done;
}

static void adding(int engine)
{
    static uint64_t keys[ITEMS];
    static int64_t by[ITEMS];
    static const size_t stops[] = {1, 2, 700, 1100, 1101, 2600, ITEMS};
    uint64_t random = 9;
    counting c;
    for (size_t i = 0; i < ITEMS; i++) {
        keys[i] = test_scramble(test_random(&random) % 900);
        by[i] = (int64_t)(test_random(&random) % 2000) - 1000;
    }
    for (size_t s = 0; s < COUNT_OF(stops); s++) {
        counting_begin(&c, engine, keys, by);
        CHECK_EQ(add_in_calls(&c, stops[s]), stops[s]);
        counted(&c, keys, by, stops[s]);
        CHECK_EQ(gomap_column_take_back(c.map, &c.adding, stops[s]), 0);
        counted(&c, keys, by, 0);
        counting_end(&c);
    }
    /* A sum that does not fit. */
    counting_begin(&c, engine, keys, by);
    by[2345] = INT64_MAX;
    keys[2345] = test_scramble(5); /* its value is large */
    CHECK_EQ(add_in_calls(&c, ITEMS), 2345);
    CHECK_EQ(c.adding.overflow, 1);
    CHECK(memcmp(c.adding.more, &by[2345], 8) == 0);
    CHECK_EQ(gomap_column_take_back(c.map, &c.adding, 2345), 0);
    counted(&c, keys, by, 0);
    counting_end(&c);
    /* Of an array that has changed since nothing is taken back but what came behind it. */
    for (size_t changed = 0; changed < ITEMS; changed += 499)
        for (int in_keys = 0; in_keys < 2; in_keys++) {
            counting_begin(&c, engine, keys, by);
            by[2345] = 1;
            CHECK_EQ(add_in_calls(&c, ITEMS), ITEMS);
            uint64_t key = keys[changed];
            int64_t more = by[changed];
            if (in_keys) keys[changed] ^= (uint64_t)1 << 63;
            else by[changed] ^= INT64_MIN;
            size_t left = gomap_column_take_back(c.map, &c.adding, ITEMS);
            CHECK_BETWEEN(left, changed + 1, changed + 1100);
            keys[changed] = key;
            by[changed] = more;
            counted(&c, keys, by, left);
            counting_end(&c);
        }
}

/* In Go's engine every NaN is a key of its own, which cannot be found again: NaNs are marked, and come last. */
static void adding_to_nans(void)
{
    double keys[100], nan;
    int64_t by = 2;
    uint64_t bits = 0x7ff8000000000000u;
    unsigned char new[101];
    gomap_piece pieces[10];
    memcpy(&nan, &bits, 8);
    for (size_t i = 0; i < 100; i++) keys[i] = i % 10 == 3 ? nan : (double)(i % 7);
    gomap *map = gomap_new(GOMAP_GO, test_type_made(test_type_named("map[float64]int")), 0, 1);
    gomap_column column = items_column(keys, 8, 100), one = gomap_column_own(&by, 8, 100);
    one.stride = 0;
    gomap_adding adding = {&column, &one, GOMAP_N_INT64, GOMAP_A_WITHOUT_NANS, new, pieces, 0, 10, 0, {0}, {0}};
    CHECK_EQ(gomap_column_add(map, &adding, 0, 100), 100);
    CHECK_EQ(map->count, 7);
    CHECK_EQ(gomap_column_take_back(map, &adding, 100), 0);
    CHECK_EQ(map->count, 0);
    adding.piece_count = 0;
    CHECK_EQ(gomap_column_add(map, &adding, 0, 100), 100);
    adding.nans = GOMAP_A_NANS;
    adding.piece_count = 0;
    keys[13] = 5; /* it was marked, and is a NaN whatever it has become */
    CHECK_EQ(gomap_column_add(map, &adding, 0, 100), 100);
    CHECK_EQ(map->count, 17);
    check_map(map);
    ended(&column);
    gomap_free(map);
}

int main(void)
{
    pieces_of_items();
    own_memory_is_not_copied();
    pieces_of_padded();
    pieces_of_offsets();
    pieces_of_changed_offsets();
    pieces_of_views();
    pieces_of_codes();
    pieces_of_parts();
    utf8();
    structs_are_made_tidy();
    adding_to_nans();
    for (size_t e = 0; e < COUNT_OF(test_engines); e++) {
        columns_in_and_out(test_engines[e].id);
        codes(test_engines[e].id);
        adding(test_engines[e].id);
    }
    return 0;
}
