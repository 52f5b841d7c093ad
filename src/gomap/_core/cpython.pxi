# What is used of CPython beyond Cython's own declarations: by cpython.h and objects.h, and by the public API.

cdef extern from "cpython.h":
    bint PY_KNOWN_CPYTHON
    ctypedef int (*visitproc)(PyObject *, void *) noexcept
    ctypedef int (*traverseproc)(PyObject *, visitproc, void *) noexcept
    ctypedef int (*inquiry)(PyObject *) noexcept
    ctypedef struct PyTypeObject:
        traverseproc tp_traverse
    bint py_int64_read(object, int64_t *value)
    bint py_uint64_read(object, uint64_t *value)
    object py_int64_make(int64_t value)
    bint py_uint128_read(object, unsigned char *to)
    bint py_is_ascii(object)
    object py_text_make(const void *at, size_t length)
    bint py_only_reference(PyObject *)
    object py_pair(PyObject **kept, object first, object second)  # takes their references
    tuple py_tuple_begin(type cls, Py_ssize_t count)
    tuple py_tuple_end(type cls, tuple begun)
    bint py_collector_stop()
    void py_collector_resume(bint stopped)
    bint py_set_attribute(PyTypeObject *, const char *name, object value)
    void py_set_name(PyTypeObject *, const char *name)
    void py_set_collector(PyTypeObject *, traverseproc before, traverseproc traverse, inquiry clear)
    bint py_has_pointers_before(object)
    bint py_monotonic(double *seconds)

cdef extern from "objects.h":
    ctypedef struct py_object_key:
        gomap_object core
        PyObject *stored
        PyObject *candidates
        Py_ssize_t again
        bint undecided
        bint failed
    void py_object_key_init(py_object_key *made, object key, Py_hash_t hash)
    int (*py_same_object)(const gomap_object *core, uint64_t other) noexcept nogil
    PyObject *py_object_at(const void *at)
    PyObject *py_key_object_at(const void *at)

cdef extern from "Python.h":
    void PyObject_GC_UnTrack(PyObject *)
    bint PyUnicode_Check(object)
    Py_ssize_t PyUnicode_GET_LENGTH(object)
    void *PyUnicode_DATA(object)
    object PyUnicode_AsEncodedString(object, const char *encoding, const char *errors)
    bint PyObject_CheckBuffer(object)
    Py_buffer *PyMemoryView_GET_BUFFER(object)
    void *PyCapsule_GetPointer(object, const char *name) except NULL
    object PyCapsule_New(void *, const char *name, void (*destructor)(object) noexcept)
    int PyByteArray_Resize(object, Py_ssize_t) except -1
    void *PyMem_RawCalloc(size_t, size_t)
    void PyMem_RawFree(void *)
    int PyErr_CheckSignals() except -1
    int Py_ReprEnter(object) except -1
    void Py_ReprLeave(object)
    char *PyByteArray_AS_STRING(object)
    bint PyBytes_Check(object)
    bint PyBool_Check(object)
    bint PyLong_Check(object)
    bint PyFloat_Check(object)
    bint PyIndex_Check(object)
    bint PyTuple_Check(object)
    Py_ssize_t PyTuple_GET_SIZE(object)
    PyObject *PyTuple_GET_ITEM(object, Py_ssize_t)  # borrowed
    void *PyMem_Realloc(void *block, size_t size)
    void *PyMem_Calloc(size_t, size_t)
    void PyMem_Free(void *)
    object PyNumber_Index(object)
    object PyNumber_Float(object)
    object PyLong_FromUnsignedLongLong(unsigned long long)
    int PyTraceMalloc_Track(unsigned int domain, uintptr_t block, size_t size) nogil
    int PyTraceMalloc_Untrack(unsigned int domain, uintptr_t block) nogil
