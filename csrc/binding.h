// What the binding files share: how arrays come in and go out, and how sizes are read from them.
#pragma once

#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <cstdint>
#include <vector>

#include "convolution.h"
#include "interpreter_lock.h"

namespace i2dl {

namespace py = pybind11;

// Contiguous, aligned, in the machine's byte order; NumPy copies what is not. Only casts that lose nothing are made.
template <typename T>
using Input = py::array_t<T, py::array::c_style | py::detail::npy_api::NPY_ARRAY_ALIGNED_>;

template <typename T>
Sizes sizes_of(const Input<T>& array) {
    return Sizes(array.shape(), array.shape() + array.ndim());
}

template <typename T>
py::array_t<T> empty(const Sizes& shape) {
    return py::array_t<T>(std::vector<py::ssize_t>(shape.begin(), shape.end()));
}

// Whether entry i of a tuple is true in Python; throws the error of an object that is neither.
inline bool is_true(const py::tuple& flags, size_t i) {
    const int answer = PyObject_IsTrue(flags[i].ptr());
    if (answer < 0) throw py::error_already_set();
    return answer != 0;
}

// The result's shape: leading sizes, then the last `spatial` of three.
inline Sizes shape_of(int64_t batch, int64_t channels, const int64_t sizes[3], size_t spatial) {
    Sizes shape = {batch, channels};
    shape.insert(shape.end(), sizes + 3 - spatial, sizes + 3);
    return shape;
}

void bind_runtime(py::module_& module);
void bind_allocator(py::module_& module);
void bind_convolution(py::module_& module);
void bind_pooling(py::module_& module);
void bind_chain(py::module_& module);
void bind_graph(py::module_& module);
void bind_half(py::module_& module);
void bind_elementwise(py::module_& module);
void bind_optimization(py::module_& module);
void bind_activation(py::module_& module);
void bind_operation(py::module_& module);
void bind_linear(py::module_& module);
void bind_rows(py::module_& module);
void bind_recurrent(py::module_& module);

}  // namespace i2dl
