// Activation functions and their derivatives.
#include "activation.h"
#include "binding.h"
#include "direct_call.h"

namespace i2dl {
namespace {

// Makes parameters as fused.h has them of an operation's numbers; false for numbers that are not served.
using Prepare = bool (*)(double* numbers);
bool as_given(double*) { return true; }
bool unit(double* numbers) {  // alpha, scale, input scale
    numbers[0] *= numbers[1];
    return numbers[2] > 0;
}
bool unit_backward(double* numbers) {  // the same
    numbers[0] *= numbers[1] * numbers[2];
    return numbers[2] > 0;
}

template <int Count>
bool read_numbers(Arguments arguments, Prepare prepare, double* numbers) {
    for (int i = 0; i < Count; ++i) {
        if (!read_number(arguments[i], numbers[i])) return false;
    }
    return prepare(numbers);
}

template <Unary F, int Count = 0, Prepare P = as_given>
PyObject* unary_call(PyObject*, Arguments arguments, Py_ssize_t count) {
    double numbers[kMaxParameters] = {};
    if (count != 1 + Count) return refused();
    const Plain input(arguments[0]);
    if (!input.floating() || !read_numbers<Count>(arguments + 1, P, numbers)) return refused();
    return guarded([&] {
        Owned result(new_like(input));
        with_type(input.kind, [&](auto zero) {
            using T = decltype(zero);
            const T parameters[] = {static_cast<T>(numbers[0]), static_cast<T>(numbers[1]), static_cast<T>(numbers[2])};
            Unlocked unlocked(input.size);
            apply(F, input.size, input.as<T>(), parameters, data_of<T>(result.get()));
        });
        return result.give();
    });
}

template <Backward F, int Count = 0, Prepare P = as_given>
PyObject* backward_call(PyObject*, Arguments arguments, Py_ssize_t count) {
    double numbers[kMaxParameters] = {};
    if (count != 2 + Count) return refused();
    const Plain gradient(arguments[0]), saved(arguments[1]);
    if (!gradient.floating() || saved.kind != gradient.kind || !gradient.same_shape(saved) ||
        !read_numbers<Count>(arguments + 2, P, numbers)) {
        return refused();
    }
    return guarded([&] {
        Owned result(new_like(saved));
        with_type(saved.kind, [&](auto zero) {
            using T = decltype(zero);
            const T parameters[] = {static_cast<T>(numbers[0]), static_cast<T>(numbers[1]), static_cast<T>(numbers[2])};
            Unlocked unlocked(saved.size);
            apply_backward(F, saved.size, gradient.as<T>(), saved.as<T>(), parameters, data_of<T>(result.get()));
        });
        return result.give();
    });
}

}  // namespace

void bind_activation(py::module_& module) {
    const auto add = [&](const char* name, DirectFunction function, const char* text) {
        add_direct(module, name, function, text);
    };
    add("sigmoid", unary_call<Unary::kSigmoid>, "1 / (1 + exp(-input))");
    add("tanh", unary_call<Unary::kTanh>, "Hyperbolic tangent.");
    add("silu", unary_call<Unary::kSilu>, "input * sigmoid(input)");
    add("gelu_erf", unary_call<Unary::kGeluErf>, "input times the normal distribution at it.");
    add("gelu_tanh", unary_call<Unary::kGeluTanh>, "Its approximation by a hyperbolic tangent.");
    add("mish", unary_call<Unary::kMish>, "input * tanh(softplus(input))");
    add("logsigmoid", unary_call<Unary::kLogsigmoid>, "log(sigmoid(input))");
    add("softplus", unary_call<Unary::kSoftplus, 2>, "log(1 + exp(beta * input)) / beta");
    add("exponential_unit", unary_call<Unary::kExponentialUnit, 3, unit>, "See ops/activation.py.");
    add("leaky_relu", unary_call<Unary::kLeakyRelu, 1>, "input, multiplied by the slope where it is not positive.");
    add("hardsigmoid", unary_call<Unary::kHardsigmoid>, "min(max(input + 3, 0), 6) / 6");
    add("hardswish", unary_call<Unary::kHardswish>, "input * hardsigmoid(input)");
    add("relu", unary_call<Unary::kRelu>, "max(input, 0)");
    add("limit", unary_call<Unary::kLimit, 2>, "min(max(input, min_val), max_val)");
    add("sigmoid_backward", backward_call<Backward::kSigmoid>, "g * out * (1 - out)");
    add("tanh_backward", backward_call<Backward::kTanh>, "g * (1 - out * out)");
    add("silu_backward", backward_call<Backward::kSilu>, "Gradient of silu.");
    add("gelu_erf_backward", backward_call<Backward::kGeluErf>, "Gradient of gelu_erf.");
    add("gelu_tanh_backward", backward_call<Backward::kGeluTanh>, "Gradient of gelu_tanh.");
    add("mish_backward", backward_call<Backward::kMish>, "Gradient of mish.");
    add("logsigmoid_backward", backward_call<Backward::kLogsigmoid>, "g * sigmoid(-input)");
    add("softplus_backward", backward_call<Backward::kSoftplus, 2>, "Gradient of softplus.");
    add("exponential_unit_backward", backward_call<Backward::kExponentialUnit, 3, unit_backward>,
        "Gradient of exponential_unit.");
    add("leaky_relu_backward", backward_call<Backward::kLeakyRelu, 1>, "Gradient of leaky_relu.");
    add("hardsigmoid_backward", backward_call<Backward::kHardsigmoid>, "Gradient of hardsigmoid.");
    add("hardswish_backward", backward_call<Backward::kHardswish>, "Gradient of hardswish.");
    add("relu_backward", backward_call<Backward::kRelu>, "g where out is positive, zero elsewhere.");
    add("limit_backward", backward_call<Backward::kLimit, 2>, "g where out is between the bounds, zero elsewhere.");
}

}  // namespace i2dl
