// Linear layers. Everything that is not served returns NotImplemented, wrong shapes included: the reference kernel
// explains those.
#include <algorithm>
#include <cstdint>

#include "binding.h"
#include "linear.h"
#include "product.h"

namespace i2dl {
namespace {

constexpr int64_t kLargest = int64_t{1} << 34;  // multiplications, beyond which a BLAS with three levels of blocks wins
constexpr int64_t kFewWeights = 1 << 14;        // up to here dot products serve two to four samples
constexpr int64_t kWorthUnlocking = int64_t{1} << 16;  // multiplications

py::object refused() { return py::reinterpret_borrow<py::object>(Py_NotImplemented); }

// An array of this dtype in one piece, aligned; its last size, and the product of the others.
template <typename T>
struct Matrix {
    const T* data = nullptr;
    int64_t rows = 1, columns = 0;
    int dimensions = 0;
    const py::ssize_t* sizes = nullptr;

    bool read(py::handle object, int least) {
        if (!py::isinstance<py::array_t<T, py::array::c_style>>(object)) return false;
        const auto* array = py::detail::array_proxy(object.ptr());
        if (array->nd < least || reinterpret_cast<uintptr_t>(array->data) % alignof(T) != 0) return false;
        data = reinterpret_cast<const T*>(array->data);
        dimensions = array->nd;
        sizes = array->dimensions;
        for (int i = 0; i + 1 < dimensions; ++i) rows *= sizes[i];
        columns = dimensions ? sizes[dimensions - 1] : 0;
        return true;
    }
};

template <typename T>
py::array_t<T> new_array(const py::ssize_t* sizes, int dimensions, int64_t last) {
    std::vector<py::ssize_t> shape(sizes, sizes + dimensions);
    shape.back() = last;
    return py::array_t<T>(shape);
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
        const py::gil_scoped_release release;
        body();
    }
}

template <typename T>
py::object forward(py::handle input, py::handle weight, py::handle bias) {
    Matrix<T> x, w, b;
    if (!x.read(input, 2) || !w.read(weight, 2) || w.dimensions != 2 || x.columns != w.columns) return refused();
    if (!bias.is_none() && (!b.read(bias, 1) || b.dimensions != 1 || b.columns != w.rows)) return refused();
    const LinearShape shape{x.rows, x.columns, w.rows};
    if (!fits(shape)) return refused();
    auto result = new_array<T>(x.sizes, x.dimensions, w.rows);
    T* y = result.mutable_data();
    unlocked(shape, [&] { linear(shape, x.data, w.data, b.data, y); });
    return std::move(result);
}

template <typename T>
py::object backward(py::handle gradient, py::handle input, py::handle weight, const py::tuple& needs) {
    Matrix<T> g, x, w;
    if (!g.read(gradient, 2) || !x.read(input, 2) || !w.read(weight, 2) || w.dimensions != 2 || needs.size() != 3 ||
        x.columns != w.columns || g.columns != w.rows || g.rows != x.rows) {
        return refused();
    }
    const LinearShape shape{x.rows, x.columns, w.rows};
    if (!fits(shape)) return refused();
    py::object of_input = py::none(), of_weight = py::none(), of_bias = py::none();
    T *dx = nullptr, *dw = nullptr, *db = nullptr;
    const auto asked = [&](size_t i) { return is_true(needs, i); };
    if (asked(0)) {
        auto result = new_array<T>(x.sizes, x.dimensions, x.columns);
        dx = result.mutable_data();
        of_input = std::move(result);
    }
    if (asked(1)) {
        auto result = new_array<T>(w.sizes, 2, w.columns);
        dw = result.mutable_data();
        of_weight = std::move(result);
    }
    if (asked(2)) {
        auto result = empty<T>({w.rows});
        db = result.mutable_data();
        of_bias = std::move(result);
    }
    unlocked(shape, [&] {
        if (dx) linear_input_gradient(shape, g.data, w.data, dx);
        if (dw) linear_weight_gradient(shape, g.data, x.data, dw);
        if (db) sum_of_rows(shape.samples, shape.outside, g.data, db);
    });
    return py::make_tuple(of_input, of_weight, of_bias);
}

}  // namespace

void bind_linear(py::module_& module) {
    module.def("linear", [](py::handle input, py::handle weight, py::handle bias) {
        const bool single = py::isinstance<py::array_t<float>>(input);
        return single ? forward<float>(input, weight, bias) : forward<double>(input, weight, bias);
    });
    module.def("linear_backward", [](py::handle gradient, py::handle input, py::handle weight, const py::tuple& needs) {
        const bool single = py::isinstance<py::array_t<float>>(input);
        return single ? backward<float>(gradient, input, weight, needs)
                      : backward<double>(gradient, input, weight, needs);
    });
}

}  // namespace i2dl
