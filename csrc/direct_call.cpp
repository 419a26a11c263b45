#include "direct_call.h"

namespace i2dl {
namespace {

using Api = py::detail::npy_api;

// Set while the module is imported. Looking it up lets other threads run: a local static, looked up by the first call,
// would wait with the interpreter's lock for the thread that initializes it, and that thread for the lock.
const Api* found = nullptr;

const Api& api() { return *found; }

Kind kind_of(int type_number) {
    switch (type_number) {
        case Api::NPY_FLOAT_:
            return Kind::kFloat;
        case Api::NPY_DOUBLE_:
            return Kind::kDouble;
        case Api::NPY_BOOL_:
            return Kind::kBool;
        default:
            return type_number == Api::NPY_INT64_ ? Kind::kInt64 : Kind::kOther;
    }
}

int type_number_of(Kind kind) {
    switch (kind) {
        case Kind::kFloat:
            return Api::NPY_FLOAT_;
        case Kind::kDouble:
            return Api::NPY_DOUBLE_;
        case Kind::kBool:
            return Api::NPY_BOOL_;
        default:
            return Api::NPY_INT64_;
    }
}

}  // namespace

Plain::Plain(PyObject* object) {
    if (Py_TYPE(object) != api().PyArray_Type_) return;
    const auto* array = py::detail::array_proxy(object);
    constexpr int wanted = Api::NPY_ARRAY_C_CONTIGUOUS_ | Api::NPY_ARRAY_ALIGNED_;
    if ((array->flags & wanted) != wanted) return;
    const auto* descriptor = py::detail::array_descriptor_proxy(array->descr);
    if (descriptor->byteorder != '=' && descriptor->byteorder != '|') return;
    kind = kind_of(descriptor->type_num);
    data = array->data;
    dimensions = array->nd;
    sizes = array->dimensions;
    size = 1;
    for (int i = 0; i < dimensions; ++i) size *= sizes[i];
}

bool Plain::same_shape(const Plain& other) const {
    if (dimensions != other.dimensions) return false;
    for (int i = 0; i < dimensions; ++i) {
        if (sizes[i] != other.sizes[i]) return false;
    }
    return true;
}

PyObject* new_array(Kind kind, int dimensions, const Py_ssize_t* sizes) {
    PyObject* descriptor = api().PyArray_DescrFromType_(type_number_of(kind));
    if (!descriptor) return nullptr;
    return api().PyArray_NewFromDescr_(api().PyArray_Type_, descriptor, dimensions, sizes, nullptr, nullptr, 0,
                                       nullptr);
}

bool is_none(PyObject* object) { return object == Py_None; }

bool read_number(PyObject* object, double& value) {
    if (PyFloat_CheckExact(object)) {
        value = PyFloat_AS_DOUBLE(object);
        return true;
    }
    if (!PyLong_CheckExact(object)) return false;
    value = PyLong_AsDouble(object);
    if (value == -1 && PyErr_Occurred()) {
        PyErr_Clear();
        return false;
    }
    return true;
}

bool read_integer(PyObject* object, int64_t& value) {
    if (!PyLong_CheckExact(object)) return false;
    int overflow = 0;
    value = PyLong_AsLongLongAndOverflow(object, &overflow);
    return !overflow;
}

bool read_flag(PyObject* object, bool& value) {
    if (!PyBool_Check(object)) return false;
    value = object == Py_True;
    return true;
}

void add_direct(py::module_& module, const char* name, DirectFunction function, const char* text) {
    if (!found) found = &Api::get();
    // The interpreter keeps a pointer to the definition.
    auto* definition = new PyMethodDef{name, reinterpret_cast<PyCFunction>(reinterpret_cast<void (*)()>(function)),
                                       METH_FASTCALL, text};
    PyObject* made = PyCFunction_NewEx(definition, nullptr, nullptr);
    if (!made || PyModule_AddObject(module.ptr(), name, made) < 0) throw py::error_already_set();
}

}  // namespace i2dl
