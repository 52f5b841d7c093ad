/* objects.h - Python objects as keys: comparing them where no Python code may run.
 *
 * The core compares a key with those of its hash by calling py_same_object, and must not be called
 * meanwhile. So only what runs no Python code is settled there: the same object, and two of str, int, bytes or
 * float. Meeting any other, it stops the core by taking it for equal and says so; the candidates are then
 * collected in one more search, and compared outside (objects.pxi: settle).
 */
#ifndef PY_OBJECTS_H
#define PY_OBJECTS_H

#include <Python.h>
#include <string.h>

#include "cpython.h"
#include "gomap.h"

typedef struct py_object_key {
    gomap_object core;    /* first: the core gives its address back */
    PyObject *key;        /* borrowed */
    PyObject *stored;     /* the map's object that was found equal, but not the same; borrowed */
    PyObject *candidates; /* a list to collect them in, or NULL */
    Py_ssize_t again;     /* of those, how many were met again: a key's two buckets may be one */
    int undecided;        /* the core was stopped: what it answered means nothing */
    int failed;           /* a candidate could not be collected */
} py_object_key;

/* 1, 0, or -1 when only Python code can tell. */
static inline int py_plainly_equal(PyObject *one, PyObject *other)
{
    if (Py_TYPE(one) != Py_TYPE(other)) return -1;
    if (PyUnicode_CheckExact(one)) return py_text_equal(one, other);
    if (PyLong_CheckExact(one) || PyBytes_CheckExact(one) || PyFloat_CheckExact(one)) {
        int equal = PyObject_RichCompareBool(one, other, Py_EQ);
        if (equal < 0) PyErr_Clear();
        return equal;
    }
    return -1;
}

static int py_same_object(const gomap_object *core, uint64_t other)
{
    py_object_key *key = (py_object_key *)(uintptr_t)core;
    PyObject *candidate = (PyObject *)(uintptr_t)other;
    int equal = py_plainly_equal(key->key, candidate);
    if (equal > 0) key->stored = candidate;
    if (equal >= 0) return equal;
    if (key->candidates == NULL) {
        key->undecided = 1;
        return 1;
    }
    if (key->again < PyList_GET_SIZE(key->candidates) &&
        PyList_GET_ITEM(key->candidates, key->again) == candidate) {
        key->again++;
        return 0;
    }
    if (PyList_Append(key->candidates, candidate) < 0) {
        PyErr_Clear();
        key->failed = 1;
    }
    return 0;
}

/* A key that any equal object is; its hash has been taken. */
static inline void py_object_key_init(py_object_key *made, PyObject *key, Py_hash_t hash)
{
    made->core.hash = (uint64_t)hash;
    made->core.object = (uint64_t)(uintptr_t)key;
    made->core.same = py_same_object;
    made->key = key;
    made->stored = NULL;
    made->candidates = NULL;
    made->again = 0;
    made->undecided = made->failed = 0;
}

static inline PyObject *py_object_at(const void *at)
{
    PyObject *object;
    memcpy(&object, at, sizeof object);
    return object;
}

/* The object in a stored key, whose hash stands before it. */
static inline PyObject *py_key_object_at(const void *at)
{
    uint64_t object;
    memcpy(&object, (const char *)at + 8, 8);
    return (PyObject *)(uintptr_t)object;
}

#endif
