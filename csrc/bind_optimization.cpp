// Optimizer steps and gradient clipping on lists of arrays. All arrays are looked at before any is written to: what is
// not served (another dtype, not in one piece, read-only) is refused by returning NotImplemented.
#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <vector>

#include "binding.h"
#include "instruction_set.h"
#include "optimization.h"
#include "thread_pool.h"

namespace i2dl {
namespace {

constexpr int64_t kPiece = 1 << 16;  // elements handed to a thread at a time

template <typename T>
const OptimizationTable<T>& table() {
    const OptimizationKernels& kernels = I2DL_CHOOSE(kOptimization);
    if constexpr (sizeof(T) == 4) {
        return kernels.single;
    } else {
        return kernels.twice;
    }
}

// The memory of an array, and what keeps it alive while the interpreter's lock is released: others may change the list.
template <typename T>
struct Span {
    T* data;
    int64_t count;
    py::object array;
};

// The memory of an array of this dtype, aligned and in one piece, in C order; nothing otherwise.
template <typename T>
std::optional<Span<T>> span_of(py::handle object, bool written) {
    using Strict = py::array_t<T, py::array::c_style>;
    if (!py::isinstance<Strict>(object)) return {};
    const auto array = py::reinterpret_borrow<py::array>(object);
    T* data = static_cast<T*>(const_cast<void*>(array.data()));
    if (reinterpret_cast<uintptr_t>(data) % alignof(T) != 0 || (written && !array.writeable())) return {};
    return Span<T>{data, array.size(), array};
}

// False if any is refused.
template <typename T>
bool read(const py::list& arrays, bool written, std::vector<Span<T>>& spans) {
    spans.reserve(arrays.size());
    for (const py::handle object : arrays) {
        auto span = span_of<T>(object, written);
        if (!span) return false;
        spans.push_back(std::move(*span));
    }
    return true;
}

template <typename T>
bool same_counts(const std::vector<Span<T>>& a, const std::vector<Span<T>>& b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                      [](const Span<T>& x, const Span<T>& y) { return x.count == y.count; });
}

// Whether a gradient shares some, but not all, of its memory with its parameter.
template <typename T>
bool any_shifted(const std::vector<Span<T>>& a, const std::vector<Span<T>>& b) {
    for (size_t i = 0; i < a.size(); ++i) {
        if (a[i].data != b[i].data && a[i].data < b[i].data + b[i].count && b[i].data < a[i].data + a[i].count) {
            return true;
        }
    }
    return false;
}

// body(index of the array, first element, number of elements) for pieces of all arrays, on all threads and without
// the interpreter's lock.
template <typename T, typename Body>
void for_pieces(const std::vector<Span<T>>& arrays, const Body& body) {
    const Unlocked unlocked;
    struct Piece {
        size_t array;
        int64_t start, count;
    };
    int64_t total = 0;
    for (const auto& array : arrays) total += array.count;
    if (total <= 2 * kPiece || get_num_threads() == 1) {
        for (size_t i = 0; i < arrays.size(); ++i) {
            if (arrays[i].count) body(i, int64_t{0}, arrays[i].count);
        }
        return;
    }
    std::vector<Piece> pieces;
    for (size_t i = 0; i < arrays.size(); ++i) {
        for (int64_t start = 0; start < arrays[i].count; start += kPiece) {
            pieces.push_back({i, start, std::min(kPiece, arrays[i].count - start)});
        }
    }
    parallel_for(static_cast<int64_t>(pieces.size()), 0.6 * static_cast<double>(total),
                 [&](int64_t index) { body(pieces[index].array, pieces[index].start, pieces[index].count); });
}

const py::object& refused() {
    static const auto* const result = new py::object(py::reinterpret_borrow<py::object>(Py_NotImplemented));
    return *result;
}

template <typename T>
py::object sgd_step(const py::list& parameters, const py::list& gradients, const py::list& buffers, double lr,
                    double momentum, double dampening, double weight_decay, bool nesterov, bool maximize, bool first) {
    std::vector<Span<T>> p, g, v;
    if (!read(parameters, true, p) || !read(gradients, false, g) || !read(buffers, true, v)) return refused();
    const bool kept = momentum != 0;
    if (!same_counts(p, g) || (kept && !same_counts(p, v)) || any_shifted(p, g)) return refused();
    for_pieces(p, [&](size_t i, int64_t start, int64_t count) {
        table<T>().sgd({count, p[i].data + start, g[i].data + start, kept ? v[i].data + start : nullptr, T(lr),
                        T(momentum), T(1 - dampening), T(weight_decay), nesterov, maximize, first});
    });
    return py::none();
}

template <typename T>
py::object adam_step(const py::list& parameters, const py::list& gradients, const py::list& exp_avgs,
                     const py::list& exp_avg_sqs, const py::list& max_exp_avg_sqs, const std::vector<int64_t>& steps,
                     double lr, double beta1, double beta2, double eps, double weight_decay, bool decoupled,
                     bool maximize) {
    std::vector<Span<T>> p, g, m, v, most;
    if (!read(parameters, true, p) || !read(gradients, false, g) || !read(exp_avgs, true, m) ||
        !read(exp_avg_sqs, true, v) || !read(max_exp_avg_sqs, true, most)) {
        return refused();
    }
    if (!same_counts(p, g) || !same_counts(p, m) || !same_counts(p, v) || (!most.empty() && !same_counts(p, most)) ||
        steps.size() != p.size() || any_shifted(p, g)) {
        return refused();
    }
    for_pieces(p, [&](size_t i, int64_t start, int64_t count) {
        const auto step = static_cast<double>(steps[i]);
        AdamRun<T> run{};
        run.count = count;
        run.parameter = p[i].data + start;
        run.gradient = g[i].data + start;
        run.exp_avg = m[i].data + start;
        run.exp_avg_sq = v[i].data + start;
        run.max_exp_avg_sq = most.empty() ? nullptr : most[i].data + start;
        run.step_size = T(lr / (1 - std::pow(beta1, step)));
        run.rest1 = T(1 - beta1);
        run.beta2 = T(beta2);
        run.rest2 = T(1 - beta2);
        run.inverse_root = T(1 / std::sqrt(1 - std::pow(beta2, step)));
        run.eps = T(eps);
        run.weight_decay = decoupled ? T(0) : T(weight_decay);
        run.shrink = decoupled ? T(1 - lr * weight_decay) : T(1);
        run.maximize = maximize;
        table<T>().adam(run);
    });
    return py::none();
}

template <typename T>
py::object gradient_norm(const py::list& arrays, double order) {
    std::vector<Span<T>> spans;
    if (order != 1 && order != 2 && order != std::numeric_limits<double>::infinity()) return refused();
    const Norm kind = order == 1 ? Norm::kOne : order == 2 ? Norm::kTwo : Norm::kInfinity;
    if (!read(arrays, false, spans)) return refused();
    T total = 0;
    {
        const Unlocked unlocked;
        for (const auto& span : spans) {
            const T share = table<T>().norm(kind, span.data, span.count);
            if (kind == Norm::kInfinity) {
                total = share > total || share != share ? share : total;
            } else {
                total += share;
            }
        }
        if (kind == Norm::kTwo) total = std::sqrt(total);
    }
    auto result = empty<T>({});
    *result.mutable_data() = total;
    return std::move(result);
}

template <typename T>
py::object scale_arrays(const py::list& arrays, double factor) {
    std::vector<Span<T>> spans;
    if (!read(arrays, true, spans)) return refused();
    for_pieces(spans, [&](size_t i, int64_t start, int64_t count) {
        table<T>().scale(spans[i].data + start, count, T(factor));
    });
    return py::none();
}

// Which of the two functions serves the first list.
bool is_single(const py::list& arrays) { return !arrays.empty() && py::isinstance<py::array_t<float>>(arrays[0]); }

}  // namespace

void bind_optimization(py::module_& module) {
    module.def("sgd_step", [](const py::list& parameters, const py::list& gradients, const py::list& buffers, double lr,
                              double momentum, double dampening, double weight_decay, bool nesterov, bool maximize,
                              bool first) {
        return (is_single(parameters) ? sgd_step<float> : sgd_step<double>)(parameters, gradients, buffers, lr,
                                                                            momentum, dampening, weight_decay, nesterov,
                                                                            maximize, first);
    });
    module.def("adam_step", [](const py::list& parameters, const py::list& gradients, const py::list& exp_avgs,
                               const py::list& exp_avg_sqs, const py::list& max_exp_avg_sqs,
                               const std::vector<int64_t>& steps, double lr, double beta1, double beta2, double eps,
                               double weight_decay, bool decoupled, bool maximize) {
        return (is_single(parameters) ? adam_step<float> : adam_step<double>)(parameters, gradients, exp_avgs,
                                                                              exp_avg_sqs, max_exp_avg_sqs, steps, lr,
                                                                              beta1, beta2, eps, weight_decay,
                                                                              decoupled, maximize);
    });
    module.def("gradient_norm", [](const py::list& arrays, double order) {
        return (is_single(arrays) ? gradient_norm<float> : gradient_norm<double>)(arrays, order);
    });
    module.def("scale_arrays", [](const py::list& arrays, double factor) {
        return (is_single(arrays) ? scale_arrays<float> : scale_arrays<double>)(arrays, factor);
    });
}

}  // namespace i2dl
