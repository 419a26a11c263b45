// Linear layers. Everything that is not served returns NotImplemented, wrong shapes included: the reference kernel
// explains those.
#include <algorithm>
#include <cstdint>

#include "binding.h"
#include "direct_call.h"
#include "linear.h"
#include "product.h"

namespace i2dl {
namespace {

constexpr int kMostDimensions = 64;             // NumPy's own limit
constexpr int64_t kLargest = int64_t{1} << 34;  // multiplications, beyond which a BLAS with three levels of blocks wins
constexpr int64_t kFewWeights = 1 << 14;        // up to here dot products serve two to four samples
constexpr int64_t kWorthUnlocking = int64_t{1} << 16;  // multiplications

template <typename T>
constexpr Kind kind_of() {
    return sizeof(T) == 4 ? Kind::kFloat : Kind::kDouble;
}

// An array of this dtype in one piece, aligned; its last size, and the product of the others.
template <typename T>
struct Matrix {
    const T* data = nullptr;
    int64_t rows = 1, columns = 0;
    int dimensions = 0;
    const Py_ssize_t* sizes = nullptr;

    bool read(PyObject* object, int least) {
        const Plain array(object);
        if (array.kind != kind_of<T>() || array.dimensions < least) return false;
        data = array.as<T>();
        dimensions = array.dimensions;
        sizes = array.sizes;
        for (int i = 0; i + 1 < dimensions; ++i) rows *= sizes[i];
        columns = dimensions ? sizes[dimensions - 1] : 0;
        return true;
    }
};

// A new array with the sizes of `like` but for the last; null with a Python error set.
template <typename T>
PyObject* new_matrix(const Matrix<T>& like, int64_t last) {
    Py_ssize_t sizes[kMostDimensions];
    std::copy_n(like.sizes, like.dimensions, sizes);
    sizes[like.dimensions - 1] = last;
    return new_array(kind_of<T>(), like.dimensions, sizes);
}

// Whether the work is not nothing, and not what a BLAS does better.
bool fits(const LinearShape& s) {
    int64_t work;
    if (s.outside == 0) return false;
    if (s.samples > 1 && s.samples <= kDotSamples && s.inside > kFewWeights / s.outside) return false;
    return !__builtin_mul_overflow(s.samples, s.inside, &work) && !__builtin_mul_overflow(work, s.outside, &work) &&
           work > 0 && work <= kLargest;
}

template <typename Body>
void unlocked(const LinearShape& s, const Body& body) {
    if (s.samples * s.inside * s.outside < kWorthUnlocking) {
        body();
    } else {
        const Unlocked released;
        body();
    }
}

template <typename T>
PyObject* forward(Arguments arguments) {
    Matrix<T> x, w, b;
    if (!x.read(arguments[0], 2) || !w.read(arguments[1], 2) || w.dimensions != 2 || x.columns != w.columns)
        return refused();
    if (!is_none(arguments[2]) && (!b.read(arguments[2], 1) || b.dimensions != 1 || b.columns != w.rows))
        return refused();
    const LinearShape shape{x.rows, x.columns, w.rows};
    if (!fits(shape)) return refused();
    auto result = py::reinterpret_steal<py::object>(new_matrix(x, w.rows));
    if (!result) return nullptr;
    T* y = data_of<T>(result.ptr());
    unlocked(shape, [&] { linear(shape, x.data, w.data, b.data, y); });
    return result.release().ptr();
}

// Room for the gradient of the input, the weight or the bias.
template <typename T>
PyObject* new_gradient(int number, const Matrix<T>& x, const Matrix<T>& w) {
    if (number < 2) return new_matrix(number ? w : x, x.columns);
    const Py_ssize_t size = w.rows;
    return new_array(kind_of<T>(), 1, &size);
}

template <typename T>
PyObject* backward(Arguments arguments) {
    Matrix<T> g, x, w;
    if (!g.read(arguments[0], 2) || !x.read(arguments[1], 2) || !w.read(arguments[2], 2) || w.dimensions != 2 ||
        x.columns != w.columns || g.columns != w.rows || g.rows != x.rows) {
        return refused();
    }
    PyObject* needs = arguments[3];
    if (!PyTuple_Check(needs) || PyTuple_GET_SIZE(needs) != 3) return refused();
    const LinearShape shape{x.rows, x.columns, w.rows};
    if (!fits(shape)) return refused();
    auto results = py::reinterpret_steal<py::object>(PyTuple_New(3));
    if (!results) return nullptr;
    T* data[3] = {};
    for (int i = 0; i < 3; ++i) {
        const int asked = PyObject_IsTrue(PyTuple_GET_ITEM(needs, i));
        if (asked < 0) return nullptr;
        PyObject* made = !asked ? Py_NewRef(Py_None) : new_gradient(i, x, w);
        if (made == nullptr) return nullptr;
        PyTuple_SET_ITEM(results.ptr(), i, made);
        if (asked) data[i] = data_of<T>(made);
    }
    unlocked(shape, [&] {
        if (data[0]) linear_input_gradient(shape, g.data, w.data, data[0]);
        if (data[1]) linear_weight_gradient(shape, g.data, x.data, data[1]);
        if (data[2]) sum_of_rows(shape.samples, shape.outside, g.data, data[2]);
    });
    return results.release().ptr();
}

template <typename T>
PyObject* product(Arguments arguments) {
    Matrix<T> a, b;
    if (!a.read(arguments[0], 2) || !b.read(arguments[1], 2) || a.dimensions != 2 || b.dimensions != 2 ||
        a.columns != b.rows) {
        return refused();
    }
    const LinearShape shape{a.rows, b.columns, a.columns};  // as the input gradient of a linear layer
    if (!fits(shape)) return refused();
    auto result = py::reinterpret_steal<py::object>(new_matrix(a, b.columns));
    if (!result) return nullptr;
    T* c = data_of<T>(result.ptr());
    unlocked(shape, [&] { linear_input_gradient(shape, a.data, b.data, c); });
    return result.release().ptr();
}

bool is_single(PyObject* array) { return Plain(array).kind == Kind::kFloat; }

PyObject* call_forward(PyObject*, Arguments arguments, Py_ssize_t count) {
    if (count != 3) return refused();
    return guarded([&] { return is_single(arguments[0]) ? forward<float>(arguments) : forward<double>(arguments); });
}

PyObject* call_backward(PyObject*, Arguments arguments, Py_ssize_t count) {
    if (count != 4) return refused();
    return guarded([&] { return is_single(arguments[0]) ? backward<float>(arguments) : backward<double>(arguments); });
}

PyObject* call_product(PyObject*, Arguments arguments, Py_ssize_t count) {
    if (count != 2) return refused();
    return guarded([&] { return is_single(arguments[0]) ? product<float>(arguments) : product<double>(arguments); });
}

}  // namespace

void bind_linear(py::module_& module) {
    add_direct(module, "linear", call_forward,
               "linear(input, weight, bias): input @ weight.T + bias for input (..., in_features); bias may be None.");
    add_direct(module, "product", call_product, "product(a, b): a @ b for matrices.");
    add_direct(module, "linear_backward", call_backward,
               "linear_backward(g, input, weight, needs): gradients of linear; None for those not needed.");
}

}  // namespace i2dl
