// Functions that Python calls without the machinery of argument conversion: 0.1 us for a call where a bound function of
// overloads takes 1 to 2. They take arguments by position and return NotImplemented for what they do not serve, so that
// they are kernels as they are.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>

#include <cstdint>
#include <exception>
#include <new>

#include "interpreter_lock.h"

namespace i2dl {

namespace py = pybind11;

using Arguments = PyObject* const*;
using DirectFunction = PyObject* (*)(PyObject* module, Arguments arguments, Py_ssize_t count);

// Adds a function to a module. `name` and `text` must live as long as the process.
void add_direct(py::module_& module, const char* name, DirectFunction function, const char* text);

enum class Kind { kOther, kFloat, kDouble, kInt64, kBool };

// A NumPy array, borrowed, that is contiguous, aligned and in the machine's byte order; else its kind is kOther.
struct Plain {
    explicit Plain(PyObject* object);
    Plain() = default;

    template <typename T>
    const T* as() const {
        return reinterpret_cast<const T*>(data);
    }
    bool floating() const { return kind == Kind::kFloat || kind == Kind::kDouble; }
    bool same_shape(const Plain& other) const;
    int64_t axis(int number) const { return static_cast<int64_t>(sizes[number]); }

    Kind kind = Kind::kOther;
    const char* data = nullptr;
    int dimensions = 0;
    const Py_ssize_t* sizes = nullptr;
    int64_t size = 0;  // elements
};

// A new, contiguous array of undefined content; null with a Python error set.
PyObject* new_array(Kind kind, int dimensions, const Py_ssize_t* sizes);
inline PyObject* new_like(const Plain& array) { return new_array(array.kind, array.dimensions, array.sizes); }
template <typename T>
T* data_of(PyObject* array) {
    return reinterpret_cast<T*>(py::detail::array_proxy(array)->data);
}

// An owned reference, dropped unless it is given away.
class Owned {
  public:
    explicit Owned(PyObject* object) : object_(object) {  // null: throws the Python error that is set
        if (!object) throw py::error_already_set();
    }
    ~Owned() { Py_XDECREF(object_); }
    Owned(const Owned&) = delete;
    Owned& operator=(const Owned&) = delete;
    PyObject* get() const { return object_; }
    PyObject* give() {
        PyObject* object = object_;
        object_ = nullptr;
        return object;
    }

  private:
    PyObject* object_;
};

inline PyObject* refused() { return Py_NewRef(Py_NotImplemented); }
bool is_none(PyObject* object);
bool read_number(PyObject* object, double& value);  // false, without an error, unless it is a float or an int
bool read_integer(PyObject* object, int64_t& value);
bool read_flag(PyObject* object, bool& value);

// What `body` returns; an exception becomes a Python error.
template <typename Body>
PyObject* guarded(const Body& body) {
    try {
        return body();
    } catch (py::error_already_set& error) {
        error.restore();
        return nullptr;
    } catch (const std::bad_alloc&) {
        return PyErr_NoMemory();
    } catch (const std::exception& error) {
        PyErr_SetString(PyExc_RuntimeError, error.what());
        return nullptr;
    }
}

// Calls body(T()) with the type of a floating kind.
template <typename Body>
void with_type(Kind kind, const Body& body) {
    if (kind == Kind::kFloat) {
        body(float());
    } else {
        body(double());
    }
}

}  // namespace i2dl
