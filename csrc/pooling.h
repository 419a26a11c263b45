// Max and average pooling of one to three spatial dimensions, forward and backward.
#pragma once

#include <cstdint>

#include "convolution.h"

namespace i2dl {

// Always three spatial dimensions; missing ones stand in front and have size 1. `planes` is batch times channels.
struct PoolingShape {
    int64_t planes;
    int64_t input[3], output[3], kernel[3], stride[3], padding[3], dilation[3];
    int64_t input_volume, output_volume;
};

// Throws std::invalid_argument for sizes that do not fit together. The last window starts inside the input or its left
// padding, also with ceil_mode.
PoolingShape pooling_shape(const Sizes& input, const Sizes& kernel, const Sizes& stride, const Sizes& padding,
                           const Sizes& dilation, bool ceil_mode);

// Padding counts as minus infinity; not a number wins; indices are flat positions in the plane, -1 for a window that,
// dilated, sees padding alone.
template <typename T>
void max_pool(const PoolingShape& shape, const T* input, T* output, int64_t* indices);

// Sums each gradient into the position that its window took. An index of -1 takes nothing. Throws std::out_of_range for
// any other index outside the plane.
template <typename T>
void max_pool_backward(int64_t planes, int64_t input_volume, int64_t output_volume, const T* gradient,
                       const int64_t* indices, T* result);

// divisor 0: the size of the window, with its padding if count_include_pad.
template <typename T>
void average_pool(const PoolingShape& shape, bool count_include_pad, int64_t divisor, const T* input, T* output);
template <typename T>
void average_pool_backward(const PoolingShape& shape, bool count_include_pad, int64_t divisor, const T* gradient,
                           T* result);

}  // namespace i2dl
