// Max and average pooling.
#include "binding.h"
#include "pooling.h"

namespace i2dl {
namespace {

template <typename T>
py::tuple forward_max(const Input<T>& input, const Sizes& kernel, const Sizes& stride, const Sizes& padding,
                      const Sizes& dilation, bool ceil_mode) {
    const Sizes from_shape = sizes_of(input);
    const PoolingShape shape = pooling_shape(from_shape, kernel, stride, padding, dilation, ceil_mode);
    const Sizes to_shape = shape_of(from_shape[0], from_shape[1], shape.output, from_shape.size() - 2);
    auto result = empty<T>(to_shape);
    auto indices = empty<int64_t>(to_shape);
    const T* from = input.data();
    T* to = result.mutable_data();
    int64_t* where = indices.mutable_data();
    {
        const Unlocked unlocked;
        max_pool(shape, from, to, where);
    }
    return py::make_tuple(result, indices);
}

template <typename T>
py::array_t<T> backward_max(const Input<T>& gradient, const Input<int64_t>& indices, const Sizes& input_shape) {
    const Sizes to_shape = sizes_of(gradient);
    if (sizes_of(indices) != to_shape)
        throw std::invalid_argument("max_pool_backward: gradient and indices need one shape");
    if (to_shape.size() < 3 || input_shape.size() != to_shape.size() || to_shape[0] != input_shape[0] ||
        to_shape[1] != input_shape[1]) {
        throw std::invalid_argument("max_pool_backward: gradient and input_shape need the same batch and channels");
    }
    auto result = empty<T>(input_shape);
    const int64_t planes = input_shape[0] * input_shape[1];
    const int64_t input_volume = planes ? result.size() / planes : 0,
                  output_volume = planes ? gradient.size() / planes : 0;
    const T* from = gradient.data();
    const int64_t* where = indices.data();
    T* to = result.mutable_data();
    const Unlocked unlocked;
    max_pool_backward(planes, input_volume, output_volume, from, where, to);
    return result;
}

int64_t divisor_of(const py::object& divisor) {
    if (divisor.is_none()) return 0;
    const auto value = divisor.cast<int64_t>();
    if (value == 0) throw std::invalid_argument("pooling: divisor_override must not be zero");
    return value;
}

template <typename T>
py::array_t<T> forward_average(const Input<T>& input, const Sizes& kernel, const Sizes& stride, const Sizes& padding,
                               bool ceil_mode, bool count_include_pad, const py::object& divisor_override) {
    const Sizes from_shape = sizes_of(input);
    const PoolingShape shape = pooling_shape(from_shape, kernel, stride, padding, Sizes(kernel.size(), 1), ceil_mode);
    const int64_t divisor = divisor_of(divisor_override);
    auto result = empty<T>(shape_of(from_shape[0], from_shape[1], shape.output, from_shape.size() - 2));
    const T* from = input.data();
    T* to = result.mutable_data();
    const Unlocked unlocked;
    average_pool(shape, count_include_pad, divisor, from, to);
    return result;
}

template <typename T>
py::array_t<T> backward_average(const Input<T>& gradient, const Sizes& input_shape, const Sizes& kernel,
                                const Sizes& stride, const Sizes& padding, bool ceil_mode, bool count_include_pad,
                                const py::object& divisor_override) {
    const PoolingShape shape = pooling_shape(input_shape, kernel, stride, padding, Sizes(kernel.size(), 1), ceil_mode);
    const int64_t divisor = divisor_of(divisor_override);
    if (sizes_of(gradient) != shape_of(input_shape[0], input_shape[1], shape.output, input_shape.size() - 2)) {
        throw std::invalid_argument("avg_pool_backward: the gradient does not have the shape of the pooled input");
    }
    auto result = empty<T>(input_shape);
    const T* from = gradient.data();
    T* to = result.mutable_data();
    const Unlocked unlocked;
    average_pool_backward(shape, count_include_pad, divisor, from, to);
    return result;
}

template <typename T>
void bind_typed(py::module_& module) {
    using namespace py::literals;
    module.def("max_pool", &forward_max<T>, "input"_a, "kernel_size"_a, "stride"_a, "padding"_a, "dilation"_a,
               "ceil_mode"_a);
    module.def("max_pool_backward", &backward_max<T>, "gradient"_a, "indices"_a, "input_shape"_a);
    module.def("avg_pool", &forward_average<T>, "input"_a, "kernel_size"_a, "stride"_a, "padding"_a, "ceil_mode"_a,
               "count_include_pad"_a, "divisor_override"_a);
    module.def("avg_pool_backward", &backward_average<T>, "gradient"_a, "input_shape"_a, "kernel_size"_a, "stride"_a,
               "padding"_a, "ceil_mode"_a, "count_include_pad"_a, "divisor_override"_a);
}

}  // namespace

void bind_pooling(py::module_& module) {
    bind_typed<float>(module);
    bind_typed<double>(module);
}

}  // namespace i2dl
