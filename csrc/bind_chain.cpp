// The kernel of an operation that several backends serve: each is asked in turn until one does not pass. Called for
// every operation, so that a Python function here would cost 0.3 us of each.
#include <Python.h>
#include <structmember.h>

#include "binding.h"

namespace i2dl {
namespace {

struct FirstOf {
    PyObject_HEAD vectorcallfunc call;
    PyObject* first;
    PyObject* second;
};

FirstOf* of(PyObject* object) { return reinterpret_cast<FirstOf*>(object); }

PyObject* call_in_turn(PyObject* object, PyObject* const* arguments, size_t count, PyObject* names) {
    if (names == nullptr) {  // a keyword is `out=`, which only ufuncs take
        PyObject* result = PyObject_Vectorcall(of(object)->first, arguments, count, nullptr);
        if (result != Py_NotImplemented) return result;
        Py_DECREF(result);
    }
    return PyObject_Vectorcall(of(object)->second, arguments, count, names);
}

PyObject* make(PyTypeObject* type, PyObject* arguments, PyObject* names) {
    static const char* const known[] = {"first", "second", nullptr};
    PyObject *first, *second;
    if (!PyArg_ParseTupleAndKeywords(arguments, names, "OO:FirstOf", const_cast<char**>(known), &first, &second))
        return nullptr;
    for (PyObject* each : {first, second}) {
        if (!PyCallable_Check(each)) return PyErr_Format(PyExc_TypeError, "expected two kernels, got %R", each);
    }
    PyObject* object = type->tp_alloc(type, 0);
    if (object == nullptr) return nullptr;
    of(object)->call = call_in_turn;
    of(object)->first = Py_NewRef(first);
    of(object)->second = Py_NewRef(second);
    return object;
}

int traverse(PyObject* object, visitproc visit, void* arg) {
    Py_VISIT(Py_TYPE(object));
    Py_VISIT(of(object)->first);
    Py_VISIT(of(object)->second);
    return 0;
}

// There is no tp_clear: as with tuples, whatever closes a cycle through one of these breaks it.
void deallocate(PyObject* object) {
    PyObject_GC_UnTrack(object);
    Py_XDECREF(of(object)->first);
    Py_XDECREF(of(object)->second);
    PyTypeObject* type = Py_TYPE(object);
    type->tp_free(object);
    Py_DECREF(type);
}

PyMemberDef members[] = {
    {"__vectorcalloffset__", T_PYSSIZET, offsetof(FirstOf, call), READONLY, nullptr},
    {"first", T_OBJECT_EX, offsetof(FirstOf, first), READONLY, "The kernel that is asked first."},
    {"second", T_OBJECT_EX, offsetof(FirstOf, second), READONLY, "The kernel that serves what the first passes on."},
    {nullptr, 0, 0, 0, nullptr},
};

PyType_Slot slots[] = {
    {Py_tp_doc, const_cast<char*>("FirstOf(first, second): a kernel that calls `first`, and `second` where that "
                                  "returned NotImplemented or keywords are given.")},
    {Py_tp_new, reinterpret_cast<void*>(make)},
    {Py_tp_call, reinterpret_cast<void*>(PyVectorcall_Call)},
    {Py_tp_traverse, reinterpret_cast<void*>(traverse)},
    {Py_tp_dealloc, reinterpret_cast<void*>(deallocate)},
    {Py_tp_members, members},
    {0, nullptr},
};

PyType_Spec spec = {"tinygrad_i2dl._native.FirstOf", sizeof(FirstOf), 0,
                    Py_TPFLAGS_DEFAULT | Py_TPFLAGS_HAVE_GC | Py_TPFLAGS_HAVE_VECTORCALL, slots};

}  // namespace

void bind_chain(py::module_& module) {
    PyObject* type = PyType_FromSpec(&spec);
    if (type == nullptr || PyModule_AddObject(module.ptr(), "FirstOf", type) < 0) throw py::error_already_set();
}

}  // namespace i2dl
