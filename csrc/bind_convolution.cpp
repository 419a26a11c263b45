// Convolution in its three directions, the algorithm that would run, and the columns.
#include "binding.h"
#include "columns.h"

namespace i2dl {
namespace {

void require(const Sizes& expected, const Sizes& got, const char* what) {
    if (expected == got) return;
    const auto text = [](const Sizes& sizes) { return py::repr(py::tuple(py::cast(sizes))).cast<std::string>(); };
    throw std::invalid_argument(std::string("convolution: ") + what + " must have the shape " + text(expected) +
                                ", got " + text(got));
}

template <typename T>
py::array_t<T> forward(const Input<T>& input, const Input<T>& weight, const py::object& bias, const Sizes& stride,
                       const Sizes& padding, const Sizes& dilation, int64_t groups, const std::string& algorithm) {
    const Algorithm asked = algorithm_of(algorithm);
    const ConvolutionShape shape =
        convolution_shape(sizes_of(input), sizes_of(weight), stride, padding, dilation, groups);
    Input<T> terms;
    if (!bias.is_none()) {
        terms = bias.cast<Input<T>>();
        require({shape.out_channels}, sizes_of(terms), "bias");
    }
    auto result = empty<T>(shape_of(shape.batch, shape.out_channels, shape.output, input.ndim() - 2));
    const T *from = input.data(), *by = weight.data(), *plus = bias.is_none() ? nullptr : terms.data();
    T* to = result.mutable_data();
    const Unlocked unlocked;
    convolution(shape, from, by, plus, to, asked);
    return result;
}

template <typename T>
py::array_t<T> input_gradient(const Input<T>& gradient, const Input<T>& weight, const Sizes& input_shape,
                              const Sizes& stride, const Sizes& padding, const Sizes& dilation, int64_t groups,
                              const std::string& algorithm) {
    const Algorithm asked = algorithm_of(algorithm);
    const ConvolutionShape shape = convolution_shape(input_shape, sizes_of(weight), stride, padding, dilation, groups);
    require(shape_of(shape.batch, shape.out_channels, shape.output, input_shape.size() - 2), sizes_of(gradient),
            "gradient");
    auto result = empty<T>(input_shape);
    const T *from = gradient.data(), *by = weight.data();
    T* to = result.mutable_data();
    const Unlocked unlocked;
    convolution_input_gradient(shape, from, by, to, asked);
    return result;
}

template <typename T>
py::array_t<T> weight_gradient(const Input<T>& gradient, const Input<T>& input, const Sizes& weight_shape,
                               const Sizes& stride, const Sizes& padding, const Sizes& dilation, int64_t groups,
                               const std::string& algorithm) {
    const Algorithm asked = algorithm_of(algorithm);
    const ConvolutionShape shape = convolution_shape(sizes_of(input), weight_shape, stride, padding, dilation, groups);
    require(shape_of(shape.batch, shape.out_channels, shape.output, input.ndim() - 2), sizes_of(gradient), "gradient");
    auto result = empty<T>(weight_shape);
    const T *left = gradient.data(), *right = input.data();
    T* to = result.mutable_data();
    const Unlocked unlocked;
    convolution_weight_gradient(shape, left, right, to, asked);
    return result;
}

std::string algorithm(const std::string& direction, const Sizes& input_shape, const Sizes& weight_shape,
                      const Sizes& stride, const Sizes& padding, const Sizes& dilation, int64_t groups,
                      int element_bytes) {
    const ConvolutionShape shape = convolution_shape(input_shape, weight_shape, stride, padding, dilation, groups);
    Direction which = Direction::kForward;
    if (direction == "input_gradient") {
        which = Direction::kInputGradient;
    } else if (direction == "weight_gradient") {
        which = Direction::kWeightGradient;
    } else if (direction != "forward") {
        throw std::invalid_argument("the directions are forward, input_gradient and weight_gradient, got \"" +
                                    direction + "\"");
    }
    return name_of(element_bytes == 4 ? chosen_algorithm<float>(shape, which) : chosen_algorithm<double>(shape, which));
}

// A stand-in weight shape of one output channel lets the columns share the checks of convolution.
ConvolutionShape column_shape(const Sizes& input, const Sizes& kernel, const Sizes& stride, const Sizes& padding,
                              const Sizes& dilation) {
    Sizes weight = {1, input.size() > 1 ? input[1] : 0};
    weight.insert(weight.end(), kernel.begin(), kernel.end());
    return convolution_shape(input, weight, stride, padding, dilation, 1);
}

template <typename T>
py::array_t<T> to_columns(const Input<T>& input, const Sizes& kernel, const Sizes& stride, const Sizes& padding,
                          const Sizes& dilation) {
    const ConvolutionShape shape = column_shape(sizes_of(input), kernel, stride, padding, dilation);
    auto result = empty<T>({shape.batch, shape.in_channels * shape.kernel_volume, shape.output_volume});
    const T* from = input.data();
    T* to = result.mutable_data();
    const Unlocked unlocked;
    im2col(shape, from, to);
    return result;
}

template <typename T>
py::array_t<T> from_columns(const Input<T>& columns, const Sizes& input_shape, const Sizes& kernel, const Sizes& stride,
                            const Sizes& padding, const Sizes& dilation) {
    const ConvolutionShape shape = column_shape(input_shape, kernel, stride, padding, dilation);
    require({shape.batch, shape.in_channels * shape.kernel_volume, shape.output_volume}, sizes_of(columns), "columns");
    auto result = empty<T>(input_shape);
    const T* from = columns.data();
    T* to = result.mutable_data();
    const Unlocked unlocked;
    col2im(shape, from, to);
    return result;
}

template <typename T>
void bind_typed(py::module_& module) {
    using namespace py::literals;
    module.def("conv", &forward<T>, "input"_a, "weight"_a, "bias"_a, "stride"_a, "padding"_a, "dilation"_a, "groups"_a,
               "algorithm"_a = "auto");
    module.def("conv_input_gradient", &input_gradient<T>, "gradient"_a, "weight"_a, "input_shape"_a, "stride"_a,
               "padding"_a, "dilation"_a, "groups"_a, "algorithm"_a = "auto");
    module.def("conv_weight_gradient", &weight_gradient<T>, "gradient"_a, "input"_a, "weight_shape"_a, "stride"_a,
               "padding"_a, "dilation"_a, "groups"_a, "algorithm"_a = "auto");
    module.def("im2col", &to_columns<T>, "input"_a, "kernel"_a, "stride"_a, "padding"_a, "dilation"_a);
    module.def("col2im", &from_columns<T>, "columns"_a, "input_shape"_a, "kernel"_a, "stride"_a, "padding"_a,
               "dilation"_a);
}

}  // namespace

void bind_convolution(py::module_& module) {
    using namespace py::literals;
    bind_typed<float>(module);
    bind_typed<double>(module);
    module.def("conv_algorithm", &algorithm, "direction"_a, "input_shape"_a, "weight_shape"_a, "stride"_a, "padding"_a,
               "dilation"_a, "groups"_a, "element_bytes"_a = 4);
}

}  // namespace i2dl
