// What C++ knows of Tensors and of the graph: where the fields of the Python classes are, and how to make their
// objects.
#pragma once

#define NPY_NO_DEPRECATED_API NPY_2_0_API_VERSION
#define PY_ARRAY_UNIQUE_SYMBOL i2dl_array_api
#define PY_UFUNC_UNIQUE_SYMBOL i2dl_ufunc_api
#ifndef I2DL_IMPORTS_NUMPY  // one file, bind_graph.cpp, does
#define NO_IMPORT_ARRAY
#define NO_IMPORT_UFUNC
#endif

#include "binding.h"

// Below pybind11, which comes with Python.h.
#include <numpy/arrayobject.h>
#include <numpy/ufuncobject.h>
#include <structmember.h>

namespace i2dl {

// The classes have __slots__, so each field is a pointer at a fixed distance.
struct Fields {
    PyTypeObject* tensor = nullptr;
    Py_ssize_t array, node, grad, version, view;
    PyTypeObject* graph_node = nullptr;
    Py_ssize_t number, parents, shape, dtype, hooks, trace, op, saved, guards;
    PyTypeObject* view_class = nullptr;
    Py_ssize_t base, steps, rewrites, special;
    Py_ssize_t small, numpy;  // of a KernelTable: see there
    PyObject* state = nullptr;
    PyObject* counter = nullptr;
    PyObject* nothing_saved = nullptr;  // what a node holds whose formulas need nothing
    PyObject* unrecorded = nullptr;     // what marks a view that was made unrecorded
    PyObject* errors = nullptr;         // NumPy's context variable of error handling, and the value that silences
    PyObject* silent = nullptr;
    PyObject* missing = nullptr;    // stands for no default
    PyObject* recording = nullptr;  // words
    PyObject* picks = nullptr;
    PyObject* recipe = nullptr;
    bool watched = false;  // by anomaly detection: nothing goes the short way
};
extern Fields fields;

inline PyObject*& field(PyObject* object, Py_ssize_t offset) {
    return *reinterpret_cast<PyObject**>(reinterpret_cast<char*>(object) + offset);
}

inline bool is_tensor(PyObject* value) {
    return Py_TYPE(value) == fields.tensor || PyType_IsSubtype(Py_TYPE(value), fields.tensor);
}

// Takes over `array`; `node` may be null.
PyObject* new_tensor(PyObject* array, PyObject* node);

// The change counter of a tensor, made where there is none: a new reference.
PyObject* version_of(PyObject* tensor);

// A guard that notices changes of `tensor`, as a new reference: (its counter, the changes so far).
PyObject* guard_of(PyObject* tensor);

// Appends to a list, taking over `guard`; returns the list, or null (and releases it) where that fails.
PyObject* append(PyObject* guards, PyObject* guard);

PyObject* shape_of(PyArrayObject* array);

// Takes over `saved`, `guards` and `parents`, and releases them where it fails.
PyObject* new_node(PyObject* op, PyArrayObject* result, PyObject* parents, PyObject* saved, PyObject* guards);

// -1 with an exception, else whether operations are recorded in this thread.
int is_recording();

// What a callable of the short way has in common with a function: a name, a dictionary, binding to an object.
struct Callable {
    PyObject_HEAD PyObject* dict;
    PyObject* references;  // weak ones to it
    vectorcallfunc call;
    PyObject* definition;  // the Python function, which serves all other cases
    PyObject* op;
    PyObject* table;
    PyObject* tail;              // the default of each parameter, where the callable fills them in
    void (*discard)(Callable*);  // frees what else it owns; may be null
};

inline PyObject* define(const Callable* self, PyObject* const* args, size_t count, PyObject* names) {
    return PyObject_Vectorcall(self->definition, args, count, names);
}

// A class of such callables; their size and the rest of their fields are the caller's.
PyTypeObject* callable_class(const char* name, int size);

// A new one with the fields above set and the others zero.
Callable* new_callable(PyTypeObject* type, vectorcallfunc call, py::object definition, py::object op, py::object table);

inline py::object finished(Callable* made) {
    PyObject_GC_Track(made);
    return py::reinterpret_steal<py::object>(reinterpret_cast<PyObject*>(made));
}

}  // namespace i2dl
