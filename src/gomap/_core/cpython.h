/* cpython.h - all that relies on how CPython keeps its objects inside.
 *
 * Conversion is a large part of a map operation from Python, and the public API is slow at it: it reads an int of more
 * than one digit in a loop, and makes each pair and each named tuple in more steps than are needed. So some objects are
 * read and filled here as CPython itself does it, in the versions whose sources were read for that: 3.11 to 3.15. In any
 * other version, and with -DGOMAP_PUBLIC_API, the same functions go by the public API alone, more slowly.
 *
 *     3.11    ints have their sign in ob_size; a str may still lack its characters (PyUnicode_IS_READY); the collector
 *             runs while objects are made
 *     3.12    ints have size and sign in lv_tag; every str has its characters; the collector runs between two steps of
 *             the interpreter, and in PyErr_CheckSignals
 *     3.13    nothing of these
 *     3.14    tuples keep their hash, which is -1 until it is asked for; the interpreter's stack may refer to an object
 *             without counting that
 *     3.15    nothing of these; ints up to 1,024 are shared, no longer only up to 256
 *
 * The compiler checks the layouts, tests/test_cpython.py what follows from them: it fails where a version has changed.
 * Names begin with py_ here, in the C core with gomap_.
 */
#ifndef PY_CPYTHON_H
#define PY_CPYTHON_H

#include <Python.h>
#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

#if PY_VERSION_HEX >= 0x030B0000 && PY_VERSION_HEX < 0x03100000 && !defined(Py_LIMITED_API) && \
    !defined(PYPY_VERSION) && !defined(GOMAP_PUBLIC_API)
#define PY_KNOWN_CPYTHON 1
#else
#define PY_KNOWN_CPYTHON 0
#endif

/* ---- ints ------------------------------------------------------------------------------------------- */

/* Digits of 15 bits are a choice of whoever builds CPython for a 32-bit machine. */
#if PY_KNOWN_CPYTHON && PyLong_SHIFT == 30
#define PY_READ_DIGITS 1
_Static_assert(sizeof(digit) == 4, "a digit of an int is of 32 bits");
#if PY_VERSION_HEX >= 0x030C0000
_Static_assert(_PyLong_SIGN_MASK == 3 && _PyLong_NON_SIZE_BITS == 3, "lv_tag is the number of digits and three bits");
_Static_assert(offsetof(PyLongObject, long_value.ob_digit) == sizeof(PyObject) + sizeof(uintptr_t),
               "an int is lv_tag and digits");
#else
_Static_assert(offsetof(PyLongObject, ob_digit) == sizeof(PyVarObject), "an int is ob_size and digits");
#endif
#endif

/* 1 and the magnitude and sign of an exact int below 2^64; else 0: it is read in codecs.pxi then. */
static inline int py_int_read(PyObject *object, uint64_t *magnitude, int *negative)
{
#if PY_READ_DIGITS
    if (!PyLong_CheckExact(object)) return 0;
    Py_ssize_t digits;
    const digit *digit_at;
#if PY_VERSION_HEX >= 0x030C0000
    uintptr_t tag = ((PyLongObject *)object)->long_value.lv_tag;
    digits = (Py_ssize_t)(tag >> 3);
    *negative = (tag & 3) == 2; /* 0 is positive, 1 zero, 2 negative; the third bit, from 3.14 on, is for shared ints */
    digit_at = ((PyLongObject *)object)->long_value.ob_digit;
#else
    digits = Py_SIZE(object);
    *negative = digits < 0;
    if (digits < 0) digits = -digits;
    digit_at = ((PyLongObject *)object)->ob_digit;
#endif
    if (digits == 0) { /* zero has room for one digit, which may be anything */
        *magnitude = 0;
        return 1;
    }
    uint64_t value = digit_at[0];
    if (digits >= 2) {
        value |= (uint64_t)digit_at[1] << 30;
        if (digits >= 3) {
            if (digits > 3 || digit_at[2] > 15) return 0;
            value |= (uint64_t)digit_at[2] << 60;
        }
    }
    *magnitude = value;
    return 1;
#else
    (void)object;
    (void)magnitude;
    (void)negative;
    return 0;
#endif
}

/* 1 and the value of an exact int that fits, else 0. */
static inline int py_int64_read(PyObject *object, int64_t *value)
{
    uint64_t magnitude;
    int negative;
    if (!py_int_read(object, &magnitude, &negative) || magnitude > (uint64_t)INT64_MAX) return 0;
    *value = negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return 1;
}

static inline int py_uint64_read(PyObject *object, uint64_t *value)
{
    int negative;
    return py_int_read(object, value, &negative) && !negative;
}

/* 1 and the 16 bytes, the most significant first, of an exact int from 0 to 2^128 - 1; else 0: it is read otherwise. */
static inline int py_uint128_read(PyObject *object, unsigned char *to)
{
#if PY_READ_DIGITS
    if (!PyLong_CheckExact(object)) return 0;
#if PY_VERSION_HEX >= 0x030C0000
    uintptr_t tag = ((PyLongObject *)object)->long_value.lv_tag;
    Py_ssize_t digits = (Py_ssize_t)(tag >> 3);
    const digit *digit_at = ((PyLongObject *)object)->long_value.ob_digit;
    if ((tag & 3) == 2) return 0;
#else
    Py_ssize_t digits = Py_SIZE(object);
    const digit *digit_at = ((PyLongObject *)object)->ob_digit;
#endif
    if (digits < 0 || digits > 5 || (digits == 5 && digit_at[4] > 255)) return 0;
    uint64_t part[5] = {0, 0, 0, 0, 0};
    for (Py_ssize_t i = 0; i < digits; i++) part[i] = digit_at[i];
    uint64_t low = part[0] | part[1] << 30 | part[2] << 60, high = part[2] >> 4 | part[3] << 26 | part[4] << 56;
    for (int i = 0; i < 8; i++) {
        to[i] = (unsigned char)(high >> (56 - 8 * i));
        to[8 + i] = (unsigned char)(low >> (56 - 8 * i));
    }
    return 1;
#else
    (void)object;
    (void)to;
    return 0;
#endif
}

/* long is 64 bits on most systems, and up to 3.13 PyLong_FromLong has a short way for one digit that
 * PyLong_FromLongLong lacks. Both return the ints that CPython shares. */
static inline PyObject *py_int64_make(int64_t value)
{
#if LONG_MAX >= INT64_MAX
    return PyLong_FromLong((long)value);
#else
    return PyLong_FromLongLong(value);
#endif
}

/* ---- tuples ----------------------------------------------------------------------------------------- */

#if PY_KNOWN_CPYTHON && PY_VERSION_HEX >= 0x030E0000
_Static_assert(offsetof(PyTupleObject, ob_hash) == sizeof(PyVarObject) &&
                   offsetof(PyTupleObject, ob_item) == sizeof(PyVarObject) + sizeof(Py_hash_t),
               "a tuple is ob_size, its hash and its items");
#elif PY_KNOWN_CPYTHON
_Static_assert(offsetof(PyTupleObject, ob_item) == sizeof(PyVarObject), "a tuple is ob_size and its items");
#endif

/* What must follow where a tuple was not made by PyTuple_New, or has got other items. */
static inline void py_tuple_changed(PyObject *tuple)
{
#if PY_KNOWN_CPYTHON && PY_VERSION_HEX >= 0x030E0000
    ((PyTupleObject *)tuple)->ob_hash = -1;
#else
    (void)tuple;
#endif
}

/* A named tuple is begun, gets its items by PyTuple_SET_ITEM, and is ended, all before any other code can see it. cls is
 * derived from tuple and adds no items to it. NULL on failure.
 *
 * It begins as in tuple.__new__, which cannot be given the items otherwise than in another tuple: that is the public way.
 */
static inline PyObject *py_tuple_begin(PyTypeObject *cls, Py_ssize_t count)
{
#if PY_KNOWN_CPYTHON
    PyObject *made = cls->tp_alloc(cls, count);
    if (made != NULL) py_tuple_changed(made);
    return made;
#else
    (void)cls;
    return PyTuple_New(count);
#endif
}

/* A new reference: what was begun is still the caller's. */
static inline PyObject *py_tuple_end(PyTypeObject *cls, PyObject *begun)
{
#if PY_KNOWN_CPYTHON
    (void)cls;
    return Py_NewRef(begun);
#else
    PyObject *arguments = PyTuple_Pack(1, begun), *made = NULL;
    if (arguments != NULL) {
        made = PyTuple_Type.tp_new(cls, arguments, NULL);
        Py_DECREF(arguments);
    }
    return made;
#endif
}

/* Whether a reference that is owned and counted is the only one, so that nobody sees what is done to the object.
 *
 * From 3.14 on the interpreter's stack may refer to an object without counting it, but only as long as a variable of the
 * same function does count it. So an argument may have a count of 1 and still be another's; what is owned here, and has
 * been given to others by references of their own, is not. dict's iterator asks the same of its pair
 * (_PyObject_IsUniquelyReferenced). Without the interpreter's lock another thread may come in between. */
static inline int py_only_reference(PyObject *object)
{
#if PY_KNOWN_CPYTHON && !defined(Py_GIL_DISABLED)
    return Py_REFCNT(object) == 1;
#else
    (void)object;
    return 0;
#endif
}

/* The tuple (first, second), whose references it takes. *kept is the pair returned before: when its only owner is the
 * iterator that keeps it, it is filled anew, as dict's iterator does. NULL on failure. */
static inline PyObject *py_pair(PyObject **kept, PyObject *first, PyObject *second)
{
    PyObject *made = *kept;
    if (made != NULL && py_only_reference(made)) {
        PyObject *old_first = PyTuple_GET_ITEM(made, 0), *old_second = PyTuple_GET_ITEM(made, 1);
        PyTuple_SET_ITEM(made, 0, first);
        PyTuple_SET_ITEM(made, 1, second);
        py_tuple_changed(made);
        /* The collector forgets a tuple of what leads nowhere; this one may lead somewhere now. */
        if (!PyObject_GC_IsTracked(made)) PyObject_GC_Track(made);
        Py_INCREF(made);
        Py_DECREF(old_first);
        Py_DECREF(old_second);
        return made;
    }
    made = PyTuple_New(2);
    if (made == NULL) {
        Py_DECREF(first);
        Py_DECREF(second);
        return NULL;
    }
    PyTuple_SET_ITEM(made, 0, first);
    PyTuple_SET_ITEM(made, 1, second);
    Py_XDECREF(*kept);
    *kept = Py_NewRef(made);
    return made;
}

/* ---- text: UTF-8, as the core keeps it -------------------------------------------------------------- */

/* A str whose characters are its UTF-8: no other bytes have to be made. */
static inline int py_is_ascii(PyObject *object)
{
    if (!PyUnicode_Check(object)) return 0;
#if PY_VERSION_HEX < 0x030C0000
    if (!PyUnicode_IS_READY(object)) return 0;
#endif
    return PyUnicode_MAX_CHAR_VALUE(object) == 127;
}

/* Two that are exactly str, and hashed, hence ready. Each has the narrowest characters that it can, so equal ones have
 * the same bytes. */
static inline int py_text_equal(PyObject *one, PyObject *other)
{
#if PY_KNOWN_CPYTHON
    Py_ssize_t length = PyUnicode_GET_LENGTH(one);
    int kind = (int)PyUnicode_KIND(one);
    return length == PyUnicode_GET_LENGTH(other) && kind == (int)PyUnicode_KIND(other) &&
           memcmp(PyUnicode_DATA(one), PyUnicode_DATA(other), (size_t)length * (size_t)kind) == 0;
#else
    return PyUnicode_Compare(one, other) == 0; /* which cannot fail */
#endif
}

static inline int py_bytes_are_ascii(const unsigned char *at, size_t length)
{
    uint64_t word, all = 0;
    size_t i = 0;
    for (; i + 8 <= length; i += 8) {
        memcpy(&word, at + i, 8);
        all |= word;
    }
    for (; i < length; i++) all |= at[i];
    return (all & 0x8080808080808080u) == 0;
}

/* The str of some UTF-8; lone surrogates come back as they went in. */
static inline PyObject *py_text_make(const void *at, size_t length)
{
    /* Strings of one character and none are the interpreter's own; long ones go through its own loop. */
    if (length > 1 && length <= 64 && py_bytes_are_ascii(at, length)) {
        PyObject *made = PyUnicode_New((Py_ssize_t)length, 127);
        if (made != NULL) memcpy(PyUnicode_1BYTE_DATA(made), at, length);
        return made;
    }
    return PyUnicode_DecodeUTF8(at, (Py_ssize_t)length, "surrogatepass");
}

/* ---- the collector, and what stands before an object ------------------------------------------------ */

/* While it is stopped, making an object runs no code of others. */
static inline int py_collector_stop(void)
{
#if PY_KNOWN_CPYTHON && PY_VERSION_HEX >= 0x030C0000
    return 0;
#else
    return PyGC_Disable();
#endif
}

static inline void py_collector_resume(int stopped)
{
    if (stopped) PyGC_Enable();
}

/* Gives a type other functions for the collector than those it was made with; one that has not the function of `before`
 * keeps its own, which calls that of its base. The collector reads them from the type each time, and those of a class
 * derived in Python call those of its base. */
static inline void py_set_collector(PyTypeObject *type, traverseproc before, traverseproc traverse, inquiry clear)
{
    if (type->tp_traverse == before) type->tp_traverse = traverse;
    type->tp_clear = clear;
}

/* Whether the interpreter keeps pointers before an object, to its __dict__ or, from 3.12 on, its weak references. */
static inline int py_has_pointers_before(PyObject *object)
{
#ifdef Py_TPFLAGS_PREHEADER
    return (Py_TYPE(object)->tp_flags & Py_TPFLAGS_PREHEADER) != 0;
#else
    return (Py_TYPE(object)->tp_flags & Py_TPFLAGS_MANAGED_DICT) != 0;
#endif
}

/* ---- classes ------------------------------------------------------------------------------------------ */

/* An attribute of a class of an extension, which refuses to be given any from Python. 0 on failure. From 3.12 on a class
 * is asked for its dictionary, which may be elsewhere than in tp_dict. */
static inline int py_set_attribute(PyTypeObject *cls, const char *name, PyObject *value)
{
#if PY_VERSION_HEX >= 0x030C0000
    PyObject *attributes = PyType_GetDict(cls);
#else
    PyObject *attributes = Py_XNewRef(cls->tp_dict);
#endif
    int failed = attributes == NULL || PyDict_SetItemString(attributes, name, value) < 0;
    Py_XDECREF(attributes);
    if (failed) return 0;
    PyType_Modified(cls);
    return 1;
}

/* time.monotonic()'s clock, without the call. 0 where it is not known here. */
static inline int py_monotonic(double *seconds)
{
#if defined(__linux__)
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) return 0;
    *seconds = (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
    return 1;
#else
    (void)seconds;
    return 0;
#endif
}

/* The name that a class of an extension is known by, its module before it. */
static inline void py_set_name(PyTypeObject *cls, const char *name) { cls->tp_name = name; }

#endif
