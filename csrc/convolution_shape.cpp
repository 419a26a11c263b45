#include <stdexcept>

#include "arithmetic.h"
#include "convolution.h"

namespace i2dl {
namespace {

std::string text_of(const Sizes& sizes) {
    std::string text = "(";
    for (size_t i = 0; i < sizes.size(); ++i) text += (i ? ", " : "") + std::to_string(sizes[i]);
    return text + (sizes.size() == 1 ? ",)" : ")");
}

[[noreturn]] void refuse(const std::string& text) { throw std::invalid_argument("convolution: " + text); }

}  // namespace

Algorithm algorithm_of(const std::string& name) {
    for (const Algorithm algorithm : {Algorithm::kAuto, Algorithm::kDirect, Algorithm::kPacked, Algorithm::kIm2col,
                                      Algorithm::kWinograd, Algorithm::kOuter, Algorithm::kDepthwise}) {
        if (name == name_of(algorithm)) return algorithm;
    }
    refuse("the algorithms are auto, direct, packed, im2col, winograd, outer and depthwise, got \"" + name + "\"");
}

const char* name_of(Algorithm algorithm) {
    switch (algorithm) {
        case Algorithm::kDirect:
            return "direct";
        case Algorithm::kPacked:
            return "packed";
        case Algorithm::kIm2col:
            return "im2col";
        case Algorithm::kWinograd:
            return "winograd";
        case Algorithm::kOuter:
            return "outer";
        case Algorithm::kDepthwise:
            return "depthwise";
        case Algorithm::kAuto:
            break;
    }
    return "auto";
}

ConvolutionShape convolution_shape(const Sizes& input, const Sizes& weight, const Sizes& stride, const Sizes& padding,
                                   const Sizes& dilation, int64_t groups) {
    const size_t spatial = input.size() - 2;
    if (input.size() < 3 || input.size() > 5) {
        refuse("the input needs 1 to 3 spatial dimensions after batch and channels, got the shape " + text_of(input));
    }
    if (weight.size() != input.size()) {
        refuse("input and weight need the same number of dimensions, got the shapes " + text_of(input) + " and " +
               text_of(weight));
    }
    if (stride.size() != spatial || padding.size() != spatial || dilation.size() != spatial) {
        refuse("stride, padding and dilation need one number per spatial dimension, " + std::to_string(spatial) +
               ", got " + text_of(stride) + ", " + text_of(padding) + " and " + text_of(dilation));
    }
    for (const Sizes* sizes : {&input, &weight}) {
        int64_t total = 8;  // bytes of one float64
        for (const int64_t size : *sizes) {
            if (size < 0) refuse("sizes cannot be negative, got " + text_of(*sizes));
            total = checked_multiply(total, size == 0 ? 1 : size);
        }
    }
    if (groups < 1) refuse("groups must be at least 1, got " + std::to_string(groups));
    if (input[1] % groups || weight[0] % groups || weight[1] != input[1] / groups) {
        refuse(
            "with groups=" + std::to_string(groups) + " the weight " + text_of(weight) + " does not fit the input " +
            text_of(input) +
            ": both channel counts must be multiples of groups, and weight.shape[1] must be input channels / groups");
    }

    ConvolutionShape shape{};
    shape.batch = input[0];
    shape.in_channels = input[1];
    shape.out_channels = weight[0];
    shape.groups = groups;
    shape.kernel_volume = shape.input_volume = shape.output_volume = 1;
    for (int d = 0; d < 3; ++d) {
        const int from = d - 3 + static_cast<int>(spatial);
        shape.input[d] = from < 0 ? 1 : input[2 + from];
        shape.kernel[d] = from < 0 ? 1 : weight[2 + from];
        shape.stride[d] = from < 0 ? 1 : stride[from];
        shape.padding[d] = from < 0 ? 0 : padding[from];
        shape.dilation[d] = from < 0 ? 1 : dilation[from];
        if (shape.kernel[d] < 1) refuse("the kernel must not be empty, got the weight shape " + text_of(weight));
        if (shape.stride[d] < 1) refuse("stride must be positive, got " + text_of(stride));
        if (shape.dilation[d] < 1) refuse("dilation must be positive, got " + text_of(dilation));
        if (shape.padding[d] < 0) refuse("padding cannot be negative, got " + text_of(padding));
        const int64_t padded = checked_add(shape.input[d], checked_multiply(2, shape.padding[d]));
        const int64_t reach = checked_add(checked_multiply(shape.dilation[d], shape.kernel[d] - 1), 1);
        if (reach > padded) {
            refuse("the kernel, " + std::to_string(reach) +
                   " wide with its dilation, is larger than the padded input, " + std::to_string(padded) +
                   ", in spatial dimension " + std::to_string(from) + "; input " + text_of(input) + ", weight " +
                   text_of(weight));
        }
        shape.output[d] = (padded - reach) / shape.stride[d] + 1;
        shape.kernel_volume *= shape.kernel[d];
        shape.input_volume *= shape.input[d];
        shape.output_volume = checked_multiply(shape.output_volume, shape.output[d]);
    }
    checked_multiply(
        8, checked_multiply(shape.output_volume, checked_multiply(shape.batch ? shape.batch : 1,
                                                                  shape.out_channels ? shape.out_channels : 1)));
    return shape;
}

}  // namespace i2dl
