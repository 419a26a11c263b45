// Sums, softmax, cross-entropy and normalization. `saved` is a list that a forward call fills and a backward call
// reads.
#include <vector>

#include "binding.h"
#include "direct_call.h"
#include "rows.h"

namespace i2dl {
namespace {

Owned vector_like(const Plain& array, int64_t size) {
    const Py_ssize_t sizes[] = {static_cast<Py_ssize_t>(size)};
    return Owned(new_array(array.kind, 1, sizes));
}

// saved[:] = items; false with a Python error set.
bool keep(PyObject* saved, std::initializer_list<PyObject*> items) {
    const Owned list(PyList_New(static_cast<Py_ssize_t>(items.size())));
    Py_ssize_t place = 0;
    for (PyObject* item : items) PyList_SET_ITEM(list.get(), place++, Py_NewRef(item));
    return PyList_SetSlice(saved, 0, PyList_GET_SIZE(saved), list.get()) == 0;
}

template <RowFunction F>
PyObject* row_call(PyObject*, Arguments arguments, Py_ssize_t count) {
    constexpr bool backward = F == RowFunction::kSoftmaxBackward || F == RowFunction::kLogSoftmaxBackward;
    if (count != (backward ? 3 : 2)) return refused();
    const Plain first(arguments[0]);
    Plain second = first;
    if constexpr (backward) second = Plain(arguments[1]);
    int64_t dim;
    if (!first.floating() || first.dimensions == 0 || first.size == 0 || second.kind != first.kind ||
        !first.same_shape(second) || !read_integer(arguments[count - 1], dim) ||
        (dim != -1 && dim != first.dimensions - 1)) {
        return refused();
    }
    return guarded([&] {
        Owned result(new_like(first));
        with_type(first.kind, [&](auto zero) {
            using T = decltype(zero);
            const int64_t length = first.axis(first.dimensions - 1);
            Unlocked unlocked(first.size);
            over_rows<T>(F, {first.size / length, length, first.as<T>(), second.as<T>(), data_of<T>(result.get())});
        });
        return result.give();
    });
}

// Whether `dims` names all of so many dimensions: None, or a tuple in their order.
bool names_all(PyObject* dims, int count) {
    if (is_none(dims)) return true;
    if (!PyTuple_CheckExact(dims) || PyTuple_GET_SIZE(dims) != count) return false;
    for (int i = 0; i < count; ++i) {
        int64_t dim;
        if (!read_integer(PyTuple_GET_ITEM(dims, i), dim) || dim != i) return false;
    }
    return true;
}

// (input, dims, keepdim), over all dimensions.
template <bool Mean>
PyObject* total_call(PyObject*, Arguments arguments, Py_ssize_t count) {
    if (count != 3) return refused();
    const Plain input(arguments[0]);
    bool keepdim;
    if (!input.floating() || input.size == 0 || !names_all(arguments[1], input.dimensions) ||
        !read_flag(arguments[2], keepdim)) {
        return refused();
    }
    return guarded([&] {
        const std::vector<Py_ssize_t> ones(static_cast<size_t>(input.dimensions), 1);
        Owned result(new_array(input.kind, keepdim ? input.dimensions : 0, ones.data()));
        with_type(input.kind, [&](auto zero) {
            using T = decltype(zero);
            Unlocked unlocked(input.size);
            const double sum = sum_of_all(input.size, input.as<T>());
            *data_of<T>(result.get()) = static_cast<T>(Mean ? sum / static_cast<double>(input.size) : sum);
        });
        return result.give();
    });
}

bool classes_in_range(const Plain& classes, int64_t count) {
    const int64_t* values = classes.as<int64_t>();
    for (int64_t i = 0; i < classes.size; ++i) {
        if (values[i] < 0 || values[i] >= count) return false;
    }
    return true;
}

bool is_matrix_with_classes(const Plain& matrix, const Plain& classes) {
    return matrix.floating() && matrix.dimensions == 2 && matrix.size > 0 && classes.kind == Kind::kInt64 &&
           classes.dimensions == 1 && classes.axis(0) == matrix.axis(0) && classes_in_range(classes, matrix.axis(1));
}

// (scores (N, C), classes (N,)) makes the losses (N,), the exponentials (N, C) and their sums (N,).
PyObject* cross_entropy_call(PyObject*, Arguments arguments, Py_ssize_t count) {
    if (count != 2) return refused();
    const Plain scores(arguments[0]), classes(arguments[1]);
    if (!is_matrix_with_classes(scores, classes)) return refused();
    return guarded([&]() -> PyObject* {
        const Owned loss = vector_like(scores, scores.axis(0)), sums = vector_like(scores, scores.axis(0));
        const Owned exponentials(new_like(scores));
        with_type(scores.kind, [&](auto zero) {
            using T = decltype(zero);
            Unlocked unlocked(scores.size);
            cross_entropy<T>({scores.axis(0), scores.axis(1), scores.as<T>(), classes.as<int64_t>(),
                              data_of<T>(exponentials.get()), data_of<T>(sums.get()), data_of<T>(loss.get())});
        });
        return PyTuple_Pack(3, loss.get(), exponentials.get(), sums.get());
    });
}

// (gradient of each loss (N,) or a number as an array without dimensions, exponentials, sums, classes)
PyObject* cross_entropy_backward_call(PyObject*, Arguments arguments, Py_ssize_t count) {
    if (count != 4) return refused();
    const Plain gradient(arguments[0]), exponentials(arguments[1]), sums(arguments[2]), classes(arguments[3]);
    if (!is_matrix_with_classes(exponentials, classes) || gradient.kind != exponentials.kind ||
        sums.kind != exponentials.kind || sums.size != classes.size ||
        !(gradient.dimensions == 0 || (gradient.dimensions == 1 && gradient.size == classes.size))) {
        return refused();
    }
    return guarded([&] {
        Owned result(new_like(exponentials));
        with_type(exponentials.kind, [&](auto zero) {
            using T = decltype(zero);
            Unlocked unlocked(exponentials.size);
            cross_entropy_backward<T>({exponentials.axis(0), exponentials.axis(1), exponentials.as<T>(), sums.as<T>(),
                                       classes.as<int64_t>(), gradient.as<T>(), gradient.dimensions,
                                       data_of<T>(result.get())});
        });
        return result.give();
    });
}

// The list's items, referred to: others may change the list while the interpreter's lock is released.
Owned items_of(PyObject* saved) { return Owned(PyList_AsTuple(saved)); }

// An array of `size` elements of the kind, or None, whose `data` then is null.
bool read_vector(PyObject* object, Kind kind, int64_t size, Plain& vector) {
    if (is_none(object)) return true;
    vector = Plain(object);
    return vector.kind == kind && vector.size == size;
}

struct RowShape {
    int64_t rows, length, positions, channels;
};

// From `length` and `affine`, which is (rows, length) or (samples, channels, positions).
bool read_row_shape(const Plain& input, PyObject* length, PyObject* affine, RowShape& shape) {
    if (!input.floating() || !read_integer(length, shape.length) || shape.length <= 0 || !PyTuple_CheckExact(affine)) {
        return false;
    }
    const Py_ssize_t count = PyTuple_GET_SIZE(affine);
    int64_t sizes[3] = {1, 1, 1};
    if (count != 2 && count != 3) return false;
    for (Py_ssize_t i = 0; i < count; ++i) {
        if (!read_integer(PyTuple_GET_ITEM(affine, i), sizes[i]) || sizes[i] <= 0) return false;
    }
    int64_t product;
    if (__builtin_mul_overflow(sizes[0], sizes[1], &product) || __builtin_mul_overflow(product, sizes[2], &product) ||
        product != input.size || input.size % shape.length) {
        return false;
    }
    shape.rows = input.size / shape.length;
    shape.channels = sizes[1];
    shape.positions = sizes[2];
    return shape.length % shape.positions == 0 && (count == 3 || shape.length == sizes[1]);
}

// (input, weight, bias, length, affine, eps, centred, saved)
PyObject* normalize_rows_call(PyObject*, Arguments arguments, Py_ssize_t count) {
    if (count != 8) return refused();
    const Plain input(arguments[0]);
    RowShape shape;
    Plain weight, bias;
    double eps;
    bool centred;
    PyObject* saved = arguments[7];
    if (!read_row_shape(input, arguments[3], arguments[4], shape) ||
        !read_vector(arguments[1], input.kind, shape.channels, weight) ||
        !read_vector(arguments[2], input.kind, shape.channels, bias) || !read_number(arguments[5], eps) ||
        !read_flag(arguments[6], centred) || !PyList_CheckExact(saved)) {
        return refused();
    }
    return guarded([&]() -> PyObject* {
        Owned result(new_like(input));
        const Owned scale = vector_like(input, shape.rows);
        const Owned mean = centred ? vector_like(input, shape.rows) : Owned(Py_NewRef(Py_None));
        with_type(input.kind, [&](auto zero) {
            using T = decltype(zero);
            Unlocked unlocked(input.size);
            normalize_rows<T>({0, shape.rows, shape.length, shape.positions, shape.channels, input.as<T>(),
                               weight.as<T>(), bias.as<T>(), static_cast<T>(eps), centred,
                               centred ? data_of<T>(mean.get()) : nullptr, data_of<T>(scale.get()),
                               data_of<T>(result.get())});
        });
        return keep(saved, {mean.get(), scale.get()}) ? result.give() : nullptr;
    });
}

bool read_needs(PyObject* object, bool needs[3]) {
    if (!PyTuple_CheckExact(object) || PyTuple_GET_SIZE(object) != 3) return false;
    for (int i = 0; i < 3; ++i) {
        if (!read_flag(PyTuple_GET_ITEM(object, i), needs[i])) return false;
    }
    return true;
}

// (g, input, weight, length, affine, eps, centred, saved, needs)
PyObject* normalize_rows_backward_call(PyObject*, Arguments arguments, Py_ssize_t count) {
    if (count != 9 || !PyList_CheckExact(arguments[7])) return refused();
    return guarded([&]() -> PyObject* {
        const Owned saved = items_of(arguments[7]);
        const Plain gradient(arguments[0]), input(arguments[1]);
        RowShape shape;
        Plain weight, mean, scale;
        bool centred, needs[3];
        if (!read_row_shape(input, arguments[3], arguments[4], shape) || gradient.kind != input.kind ||
            gradient.size != input.size || !read_vector(arguments[2], input.kind, shape.channels, weight) ||
            !read_flag(arguments[6], centred) || PyTuple_GET_SIZE(saved.get()) != 2 ||
            !read_vector(PyTuple_GET_ITEM(saved.get(), 0), input.kind, shape.rows, mean) ||
            (mean.data != nullptr) != centred ||
            !read_vector(PyTuple_GET_ITEM(saved.get(), 1), input.kind, shape.rows, scale) || !scale.data ||
            !read_needs(arguments[8], needs)) {
            return refused();
        }
        const Owned of_input(needs[0] ? new_like(input) : Py_NewRef(Py_None));
        const Owned of_weight = needs[1] ? vector_like(input, shape.channels) : Owned(Py_NewRef(Py_None));
        const Owned of_bias = needs[2] ? vector_like(input, shape.channels) : Owned(Py_NewRef(Py_None));
        with_type(input.kind, [&](auto zero) {
            using T = decltype(zero);
            Unlocked unlocked(input.size);
            normalize_rows_backward<T>(
                {0, shape.rows, shape.length, shape.positions, shape.channels, gradient.as<T>(), input.as<T>(),
                 weight.as<T>(), mean.as<T>(), scale.as<T>(), needs[0] ? data_of<T>(of_input.get()) : nullptr,
                 needs[1] ? data_of<T>(of_weight.get()) : nullptr, needs[2] ? data_of<T>(of_bias.get()) : nullptr});
        });
        return PyTuple_Pack(3, of_input.get(), of_weight.get(), of_bias.get());
    });
}

// Fewer positions are served by products of matrices.
constexpr int64_t kFewestPositions = 8;

bool is_image(const Plain& input) {
    return input.floating() && input.dimensions == 3 && input.size > 0 && input.axis(2) >= kFewestPositions;
}

// (input, weight, bias, eps, saved)
PyObject* normalize_channels_call(PyObject*, Arguments arguments, Py_ssize_t count) {
    if (count != 5) return refused();
    const Plain input(arguments[0]);
    Plain weight, bias;
    double eps;
    PyObject* saved = arguments[4];
    if (!is_image(input) || !read_vector(arguments[1], input.kind, input.axis(1), weight) ||
        !read_vector(arguments[2], input.kind, input.axis(1), bias) || !read_number(arguments[3], eps) ||
        !PyList_CheckExact(saved)) {
        return refused();
    }
    return guarded([&]() -> PyObject* {
        Owned result(new_like(input));
        const int64_t channels = input.axis(1);
        const Owned mean = vector_like(input, channels), variance = vector_like(input, channels);
        const Owned scale = vector_like(input, channels);
        with_type(input.kind, [&](auto zero) {
            using T = decltype(zero);
            NormalizeChannels<T> run = {};
            run.samples = input.axis(0);
            run.channels = channels;
            run.positions = input.axis(2);
            run.input = input.as<T>();
            run.weight = weight.as<T>();
            run.bias = bias.as<T>();
            run.eps = static_cast<T>(eps);
            run.mean = data_of<T>(mean.get());
            run.variance = data_of<T>(variance.get());
            run.scale = data_of<T>(scale.get());
            run.out = data_of<T>(result.get());
            Unlocked unlocked(input.size);
            normalize_channels(run);
        });
        return keep(saved, {mean.get(), variance.get(), scale.get()}) ? result.give() : nullptr;
    });
}

// (g, input, weight, eps, saved, needs)
PyObject* normalize_channels_backward_call(PyObject*, Arguments arguments, Py_ssize_t count) {
    if (count != 6 || !PyList_CheckExact(arguments[4])) return refused();
    return guarded([&]() -> PyObject* {
        const Owned saved = items_of(arguments[4]);
        const Plain gradient(arguments[0]), input(arguments[1]);
        Plain weight, mean, scale;
        bool needs[3];
        if (!is_image(input) || gradient.kind != input.kind || !gradient.same_shape(input) ||
            !read_vector(arguments[2], input.kind, input.axis(1), weight) || PyTuple_GET_SIZE(saved.get()) != 3 ||
            !read_vector(PyTuple_GET_ITEM(saved.get(), 0), input.kind, input.axis(1), mean) || !mean.data ||
            !read_vector(PyTuple_GET_ITEM(saved.get(), 2), input.kind, input.axis(1), scale) || !scale.data ||
            !read_needs(arguments[5], needs)) {
            return refused();
        }
        const int64_t channels = input.axis(1);
        const Owned of_input(needs[0] ? new_like(input) : Py_NewRef(Py_None));
        const Owned of_weight = needs[1] ? vector_like(input, channels) : Owned(Py_NewRef(Py_None));
        const Owned of_bias = needs[2] ? vector_like(input, channels) : Owned(Py_NewRef(Py_None));
        with_type(input.kind, [&](auto zero) {
            using T = decltype(zero);
            NormalizeChannels<T> run = {};
            run.samples = input.axis(0);
            run.channels = channels;
            run.positions = input.axis(2);
            run.input = input.as<T>();
            run.gradient = gradient.as<T>();
            run.weight = weight.as<T>();
            run.mean = const_cast<T*>(mean.as<T>());  // only read
            run.scale = const_cast<T*>(scale.as<T>());
            run.out = needs[0] ? data_of<T>(of_input.get()) : nullptr;
            run.of_weight = needs[1] ? data_of<T>(of_weight.get()) : nullptr;
            run.of_bias = needs[2] ? data_of<T>(of_bias.get()) : nullptr;
            Unlocked unlocked(input.size);
            normalize_channels_backward(run);
        });
        return PyTuple_Pack(3, of_input.get(), of_weight.get(), of_bias.get());
    });
}

// (input, scale, shift)
PyObject* scale_channels_call(PyObject*, Arguments arguments, Py_ssize_t count) {
    if (count != 3) return refused();
    const Plain input(arguments[0]);
    Plain scale, shift;
    if (!is_image(input) || !read_vector(arguments[1], input.kind, input.axis(1), scale) || !scale.data ||
        !read_vector(arguments[2], input.kind, input.axis(1), shift) || !shift.data) {
        return refused();
    }
    return guarded([&] {
        Owned result(new_like(input));
        with_type(input.kind, [&](auto zero) {
            using T = decltype(zero);
            Unlocked unlocked(input.size);
            scale_channels(input.axis(0), input.axis(1), input.axis(2), input.as<T>(), scale.as<T>(), shift.as<T>(),
                           data_of<T>(result.get()));
        });
        return result.give();
    });
}

}  // namespace

void bind_rows(py::module_& module) {
    const auto add = [&](const char* name, DirectFunction function, const char* text) {
        add_direct(module, name, function, text);
    };
    add("softmax_along", row_call<RowFunction::kSoftmax>, "Softmax of the last dimension.");
    add("log_softmax_along", row_call<RowFunction::kLogSoftmax>, "Its logarithm.");
    add("softmax_backward", row_call<RowFunction::kSoftmaxBackward>, "out * (g - sum(g * out))");
    add("log_softmax_backward", row_call<RowFunction::kLogSoftmaxBackward>, "g - exp(out) * sum(g)");
    add("sum_over", total_call<false>, "Sum over all dimensions.");
    add("mean_over", total_call<true>, "Mean over all dimensions.");
    add("cross_entropy", cross_entropy_call, "Losses, exponentials and their sums of rows of scores.");
    add("cross_entropy_backward", cross_entropy_backward_call, "Gradient of the scores.");
    add("normalize_rows", normalize_rows_call, "Layer and group normalization.");
    add("normalize_rows_backward", normalize_rows_backward_call, "Gradients by input, weight and bias.");
    add("normalize_channels", normalize_channels_call, "Batch normalization of (N, C, S).");
    add("normalize_channels_backward", normalize_channels_backward_call, "Gradients by input, weight and bias.");
    add("scale_channels", scale_channels_call, "input * scale + shift, vectors along axis 1.");
}

}  // namespace i2dl
