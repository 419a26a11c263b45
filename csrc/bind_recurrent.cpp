// LSTM layers over sequences of one length, without projection. Everything else returns NotImplemented.
#include <algorithm>
#include <cstdint>
#include <memory>

#include "arithmetic.h"
#include "binding.h"
#include "instruction_set.h"
#include "linear.h"
#include "recurrent.h"

namespace i2dl {
namespace {

py::object refused() { return py::reinterpret_borrow<py::object>(Py_NotImplemented); }

template <typename T>
const RecurrentTable<T>& table() {
    const RecurrentKernels& kernels = I2DL_CHOOSE(kRecurrent);
    if constexpr (sizeof(T) == 4) {
        return kernels.single;
    } else {
        return kernels.twice;
    }
}

template <typename T>
std::unique_ptr<T[]> memory(int64_t count) {
    return std::unique_ptr<T[]>(new T[static_cast<size_t>(count)]);
}

// The memory of an array of this dtype and shape, in one piece and aligned; null otherwise.
template <typename T>
const T* read(py::handle object, const Sizes& shape) {
    if (!py::isinstance<py::array_t<T, py::array::c_style>>(object)) return nullptr;
    const auto* array = py::detail::array_proxy(object.ptr());
    if (reinterpret_cast<uintptr_t>(array->data) % alignof(T) != 0) return nullptr;
    if (!std::equal(shape.begin(), shape.end(), array->dimensions, array->dimensions + array->nd)) return nullptr;
    return reinterpret_cast<const T*>(array->data);
}

struct LstmShape {
    int64_t steps, samples, hidden, inside, rows;
};

// Whether these are batches of one size, in at least two steps, of a size that the loops serve.
bool read_shape(const py::array& input, const py::array& h0, const std::vector<int64_t>& batch_sizes, LstmShape& s) {
    if (input.ndim() != 2 || h0.ndim() != 2 || batch_sizes.size() < 2) return false;
    s = {static_cast<int64_t>(batch_sizes.size()), batch_sizes[0], h0.shape(1), input.shape(1), input.shape(0)};
    return batch_sizes.back() == s.samples && s.samples > 0 && h0.shape(0) == s.samples &&
           s.rows == checked_multiply(s.steps, s.samples) && s.inside > 0 && s.hidden > 0 &&
           s.hidden % kHiddenMultiple == 0;
}

template <typename T>
py::object forward(const py::array& input, const py::array& h0, py::handle c0, py::handle w_ih, py::handle w_hh,
                   py::handle b_ih, py::handle b_hh, const std::vector<int64_t>& batch_sizes, bool reverse) {
    LstmShape s;
    if (!read_shape(input, h0, batch_sizes, s)) return refused();
    const int64_t gates = 4 * s.hidden;
    const T* x = read<T>(input, {s.rows, s.inside});
    const T* h = read<T>(h0, {s.samples, s.hidden});
    const T* c = read<T>(c0, {s.samples, s.hidden});
    const T* wi = read<T>(w_ih, {gates, s.inside});
    const T* wh = read<T>(w_hh, {gates, s.hidden});
    const bool biased = !b_ih.is_none();
    const T* bi = biased ? read<T>(b_ih, {gates}) : nullptr;
    const T* bh = biased ? read<T>(b_hh, {gates}) : nullptr;
    if (!x || !h || !c || !wi || !wh || (biased && (!bi || !bh))) return refused();
    auto output = empty<T>({s.rows, s.hidden}), cells = empty<T>({s.rows, s.hidden}),
         squashed = empty<T>({s.rows, s.hidden}), kept = empty<T>({4, s.rows, s.hidden}),
         last_h = empty<T>({s.samples, s.hidden}), last_c = empty<T>({s.samples, s.hidden});
    LstmForward<T> run{};
    run.steps = s.steps;
    run.samples = s.samples;
    run.hidden = s.hidden;
    run.reverse = reverse;
    run.weight = wh;
    run.h0 = h;
    run.c0 = c;
    run.output = output.mutable_data();
    run.gates = kept.mutable_data();
    run.cells = cells.mutable_data();
    run.squashed = squashed.mutable_data();
    T *to_h = last_h.mutable_data(), *to_c = last_c.mutable_data();
    {
        const Unlocked unlocked;
        const auto packed = memory<T>(gates * s.hidden), sums = memory<T>(checked_multiply(s.rows, gates)),
                   bias = memory<T>(gates);
        for (int64_t i = 0; biased && i < gates; ++i) bias[i] = bi[i] + bh[i];
        linear({s.rows, s.inside, gates}, x, wi, biased ? bias.get() : nullptr, sums.get());
        run.packed = packed.get();
        run.sums = sums.get();
        table<T>().lstm_forward(run);
        const int64_t last = (reverse ? 0 : s.rows - s.samples) * s.hidden;
        std::copy_n(run.output + last, s.samples * s.hidden, to_h);
        std::copy_n(run.cells + last, s.samples * s.hidden, to_c);
    }
    return py::make_tuple(output, last_h, last_c, kept, cells, squashed, empty<T>({0}));
}

template <typename T>
py::object backward(py::handle g_output, py::handle g_h, py::handle g_c, const py::tuple& needs, const py::array& input,
                    const py::array& h0, py::handle c0, py::handle w_ih, py::handle w_hh,
                    const std::vector<int64_t>& batch_sizes, bool reverse, py::handle output, py::handle gates,
                    py::handle cells, py::handle squashed) {
    LstmShape s;
    if (needs.size() != 8 || !read_shape(input, h0, batch_sizes, s)) return refused();
    const int64_t width = 4 * s.hidden;
    const Sizes states = {s.samples, s.hidden}, rows = {s.rows, s.hidden};
    const T* x = read<T>(input, {s.rows, s.inside});
    const T* h = read<T>(h0, states);
    const T* wi = read<T>(w_ih, {width, s.inside});
    const T* y = read<T>(output, rows);
    const T *dh = read<T>(g_h, states), *dc = read<T>(g_c, states);
    LstmBackward<T> run{};
    run.steps = s.steps;
    run.samples = s.samples;
    run.hidden = s.hidden;
    run.reverse = reverse;
    run.weight = read<T>(w_hh, {width, s.hidden});
    run.c0 = read<T>(c0, states);
    run.gates = read<T>(gates, {4, s.rows, s.hidden});
    run.cells = read<T>(cells, rows);
    run.squashed = read<T>(squashed, rows);
    run.g_output = read<T>(g_output, rows);
    if (!x || !h || !wi || !y || !dh || !dc || !run.weight || !run.c0 || !run.gates || !run.cells || !run.squashed ||
        !run.g_output) {
        return refused();
    }
    const auto asked = [&](size_t i) { return is_true(needs, i); };
    auto of_h = empty<T>(states), of_c = empty<T>(states);
    run.of_h = of_h.mutable_data();
    run.of_c = of_c.mutable_data();
    py::object of_input = py::none(), of_w_ih = py::none(), of_w_hh = py::none(), of_bias = py::none();
    T *dx = nullptr, *dwi = nullptr, *dwh = nullptr, *db = nullptr;
    const auto made = [](const Sizes& shape, T*& data) {
        auto result = empty<T>(shape);
        data = result.mutable_data();
        return py::object(std::move(result));
    };
    if (asked(0)) of_input = made({s.rows, s.inside}, dx);
    if (asked(3)) of_w_ih = made({width, s.inside}, dwi);
    if (asked(4)) of_w_hh = made({width, s.hidden}, dwh);
    if (asked(5) || asked(6)) of_bias = made({width}, db);
    {
        const Unlocked unlocked;
        const int64_t state = s.samples * s.hidden, others = (s.rows - s.samples) * s.hidden;
        const auto packed = memory<T>(width * s.hidden), pre = memory<T>(checked_multiply(s.rows, width));
        std::copy_n(dh, state, run.of_h);
        std::copy_n(dc, state, run.of_c);
        run.packed = packed.get();
        run.pre = pre.get();
        table<T>().lstm_backward(run);
        const LinearShape of_inputs{s.rows, s.inside, width};
        if (dx) linear_input_gradient(of_inputs, pre.get(), wi, dx);
        if (dwi) linear_weight_gradient(of_inputs, pre.get(), x, dwi);
        if (dwh) {
            const auto before = memory<T>(s.rows * s.hidden);  // the states that the steps started from
            std::copy_n(h, state, before.get() + (reverse ? others : 0));
            std::copy_n(reverse ? y + state : y, others, before.get() + (reverse ? 0 : state));
            linear_weight_gradient({s.rows, s.hidden, width}, pre.get(), before.get(), dwh);
        }
        if (db) sum_of_rows(s.rows, width, pre.get(), db);
    }
    return py::make_tuple(of_input, of_h, of_c, of_w_ih, of_w_hh, asked(5) ? of_bias : py::none(),
                          asked(6) ? of_bias : py::none(), py::none());
}

}  // namespace

void bind_recurrent(py::module_& module) {
    module.def("lstm_scan", [](const py::array& input, const py::array& h0, py::handle c0, py::handle w_ih,
                               py::handle w_hh, py::handle b_ih, py::handle b_hh,
                               const std::vector<int64_t>& batch_sizes, bool reverse) {
        const bool single = py::isinstance<py::array_t<float>>(input);
        return (single ? forward<float> : forward<double>)(input, h0, c0, w_ih, w_hh, b_ih, b_hh, batch_sizes, reverse);
    });
    module.def("lstm_scan_backward", [](py::handle g_output, py::handle g_h, py::handle g_c, const py::tuple& needs,
                                        const py::array& input, const py::array& h0, py::handle c0, py::handle w_ih,
                                        py::handle w_hh, const std::vector<int64_t>& batch_sizes, bool reverse,
                                        py::handle output, py::handle gates, py::handle cells, py::handle squashed) {
        const bool single = py::isinstance<py::array_t<float>>(input);
        return (single ? backward<float> : backward<double>)(g_output, g_h, g_c, needs, input, h0, c0, w_ih, w_hh,
                                                             batch_sizes, reverse, output, gates, cells, squashed);
    });
}

}  // namespace i2dl
