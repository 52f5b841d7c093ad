/* _convert.h - ints, pairs and text, read and made by the shortest way.
 *
 * The public API has no way to read an int of more than one digit without a loop and an error
 * check, and conversion is a large part of a map operation from Python. So ints of up to three
 * digits are read from their digits here, in each interpreter's layout; whatever is longer, or is
 * not exactly an int, goes the long way, in _core.pyx.
 */
#ifndef GOMAP_CONVERT_H
#define GOMAP_CONVERT_H

#include <Python.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

#if PyLong_SHIFT == 30 && !defined(Py_LIMITED_API) && !defined(PYPY_VERSION)
#define GOMAP_READ_DIGITS 1
#endif

/* 1 and the magnitude and sign of an exact int below 2^64; else 0. */
static inline int gomap_int_read(PyObject *object, uint64_t *magnitude, int *negative)
{
#if GOMAP_READ_DIGITS
    if (!PyLong_CheckExact(object)) return 0;
    Py_ssize_t digits;
    const digit *digit_at;
#if PY_VERSION_HEX >= 0x030C0000
    uintptr_t tag = ((PyLongObject *)object)->long_value.lv_tag;
    digits = (Py_ssize_t)(tag >> 3);      /* _PyLong_NON_SIZE_BITS */
    *negative = (tag & 3) == 2;           /* _PyLong_SIGN_MASK: 0 positive, 1 zero, 2 negative */
    digit_at = ((PyLongObject *)object)->long_value.ob_digit;
    if (digits == 0) { /* zero has one digit from 3.12 on, but let no layout surprise us */
        *magnitude = 0;
        return 1;
    }
#else
    digits = Py_SIZE(object);
    *negative = digits < 0;
    if (digits < 0) digits = -digits;
    digit_at = ((PyLongObject *)object)->ob_digit;
    if (digits == 0) {
        *magnitude = 0;
        return 1;
    }
#endif
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
static inline int gomap_int64_read(PyObject *object, int64_t *value)
{
    uint64_t magnitude;
    int negative;
    if (!gomap_int_read(object, &magnitude, &negative) || magnitude > (uint64_t)INT64_MAX) return 0;
    *value = negative ? -(int64_t)magnitude : (int64_t)magnitude;
    return 1;
}

static inline int gomap_uint64_read(PyObject *object, uint64_t *value)
{
    int negative;
    return gomap_int_read(object, value, &negative) && !negative;
}

/* long is 64 bits on most systems, and PyLong_FromLong has a short way for one digit that
 * PyLong_FromLongLong lacks. */
static inline PyObject *gomap_int64_make(int64_t value)
{
#if LONG_MAX >= INT64_MAX
    return PyLong_FromLong((long)value);
#else
    return PyLong_FromLongLong(value);
#endif
}

/* What sys.getsizeof adds to __sizeof__: the collector's header, and the pointers that the interpreter keeps
 * before an object with a __dict__ of its own (_PyType_PreHeaderSize). */
static inline Py_ssize_t gomap_header_bytes(PyObject *object)
{
    PyTypeObject *type = Py_TYPE(object);
    Py_ssize_t bytes = 0;
#if PY_VERSION_HEX >= 0x030D0000 && defined(Py_GIL_DISABLED)
    (void)type; /* the collector has no header there */
#else
    if (PyType_IS_GC(type)) bytes += 2 * (Py_ssize_t)sizeof(void *);
#endif
#if PY_VERSION_HEX >= 0x030C0000
    if (type->tp_flags & (Py_TPFLAGS_MANAGED_DICT | Py_TPFLAGS_MANAGED_WEAKREF)) bytes += 2 * (Py_ssize_t)sizeof(void *);
#elif defined(Py_TPFLAGS_MANAGED_DICT)
    if (type->tp_flags & Py_TPFLAGS_MANAGED_DICT) bytes += 2 * (Py_ssize_t)sizeof(void *);
#else
    if (type->tp_flags & (1UL << 4)) bytes += 2 * (Py_ssize_t)sizeof(void *);
#endif
    return bytes;
}

/* The tuple (first, second), whose references it takes. *kept is the pair returned before: when its
 * only owner is the iterator that keeps it, it is filled anew, as dict's iterator does. NULL on failure. */
static inline PyObject *gomap_pair(PyObject **kept, PyObject *first, PyObject *second)
{
    PyObject *made = *kept;
#ifndef Py_GIL_DISABLED
    if (made != NULL && Py_REFCNT(made) == 1) {
        PyObject *old_first = PyTuple_GET_ITEM(made, 0), *old_second = PyTuple_GET_ITEM(made, 1);
        PyTuple_SET_ITEM(made, 0, first);
        PyTuple_SET_ITEM(made, 1, second);
#if PY_VERSION_HEX >= 0x030E0000
        ((PyTupleObject *)made)->ob_hash = -1; /* of the pair before */
#endif
        /* The collector forgets a tuple of what leads nowhere; this one may lead somewhere now. */
        if (!PyObject_GC_IsTracked(made)) PyObject_GC_Track(made);
        Py_INCREF(made);
        Py_DECREF(old_first);
        Py_DECREF(old_second);
        return made;
    }
#endif
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

/* An object of a class derived from tuple, its items still to be set: what tuple.__new__ begins with. */
static inline PyObject *gomap_tuple(PyTypeObject *cls, Py_ssize_t count)
{
    return cls->tp_alloc(cls, count);
}

/* From 3.12 on the collector does not run while an object is made, but later. */
static inline int gomap_collector_stop(void)
{
#if PY_VERSION_HEX < 0x030C0000
    return PyGC_Disable();
#else
    return 0;
#endif
}

static inline void gomap_collector_resume(int stopped)
{
#if PY_VERSION_HEX < 0x030C0000
    if (stopped) PyGC_Enable();
#else
    (void)stopped;
#endif
}

/* ---- text: UTF-8, as the core keeps it ---------------------------------------------------------- */

/* A str whose characters are its UTF-8: no other bytes have to be made. */
static inline int gomap_is_ascii(PyObject *object)
{
    return PyUnicode_Check(object) && PyUnicode_IS_READY(object) && PyUnicode_IS_COMPACT_ASCII(object);
}

static inline int gomap_bytes_are_ascii(const unsigned char *at, size_t length)
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
static inline PyObject *gomap_text_make(const void *at, size_t length)
{
    /* Strings of one character and none are the interpreter's own; long ones go through its own loop. */
    if (length > 1 && length <= 64 && gomap_bytes_are_ascii(at, length)) {
        PyObject *made = PyUnicode_New((Py_ssize_t)length, 127);
        if (made != NULL) memcpy(PyUnicode_1BYTE_DATA(made), at, length);
        return made;
    }
    return PyUnicode_DecodeUTF8(at, (Py_ssize_t)length, "surrogatepass");
}

#endif
