// The three products of a linear layer: y = x weight^T + bias, and its gradients. All matrices are contiguous, x is
// (samples, inside), weight (outside, inside), y (samples, outside); no size is zero.
#pragma once

#include <cstdint>

namespace i2dl {

struct LinearShape {
    int64_t samples, inside, outside;
};

template <typename T>
void linear(const LinearShape& shape, const T* x, const T* weight, const T* bias, T* y);  // bias may be null
template <typename T>
void linear_input_gradient(const LinearShape& shape, const T* gradient, const T* weight, T* result);
template <typename T>
void linear_weight_gradient(const LinearShape& shape, const T* gradient, const T* x, T* result);
template <typename T>
void sum_of_rows(int64_t rows, int64_t columns, const T* values, T* sums);

}  // namespace i2dl
