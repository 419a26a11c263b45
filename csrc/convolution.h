// Convolution of one to three spatial dimensions: forward, gradient of the input, gradient of the weight.
//
//     out[n, o, q] = bias[o] + sum over c, k of weight[o, c, k] * input[n, c, q * stride + k * dilation - padding]
//
// with o and c running within one group (Dumoulin and Visin, "A guide to convolution arithmetic", 2016).
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace i2dl {

enum class Algorithm { kAuto, kDirect, kPacked, kIm2col, kWinograd, kOuter, kDepthwise };

Algorithm algorithm_of(const std::string& name);  // throws std::invalid_argument
const char* name_of(Algorithm algorithm);

// Always three spatial dimensions; missing ones stand in front and have size 1.
struct ConvolutionShape {
    int64_t batch, groups, in_channels, out_channels;  // channels in all
    int64_t input[3], output[3], kernel[3], stride[3], padding[3], dilation[3];
    int64_t kernel_volume, input_volume, output_volume;
};

using Sizes = std::vector<int64_t>;

// Throws std::invalid_argument for shapes that do not fit together, std::overflow_error for ones that are too large.
ConvolutionShape convolution_shape(const Sizes& input, const Sizes& weight, const Sizes& stride, const Sizes& padding,
                                   const Sizes& dilation, int64_t groups);

// Each returns the algorithm that ran. A forced one that cannot serve the shape raises std::invalid_argument.
template <typename T>
Algorithm convolution(const ConvolutionShape& shape, const T* input, const T* weight, const T* bias, T* output,
                      Algorithm algorithm);
template <typename T>
Algorithm convolution_input_gradient(const ConvolutionShape& shape, const T* gradient, const T* weight, T* result,
                                     Algorithm algorithm);
template <typename T>
Algorithm convolution_weight_gradient(const ConvolutionShape& shape, const T* gradient, const T* input, T* result,
                                      Algorithm algorithm);

enum class Direction { kForward, kInputGradient, kWeightGradient };

// What "auto" stands for.
template <typename T>
Algorithm chosen_algorithm(const ConvolutionShape& shape, Direction direction);

}  // namespace i2dl
