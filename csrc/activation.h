// Activation functions and their derivatives, elementwise.
#pragma once

#include "fused.h"

namespace i2dl {

// `parameters` are kMaxParameters numbers, of which each function reads those that fused.h names. `out` may be `input`.
template <typename T>
void apply(Unary function, int64_t count, const T* input, const T* parameters, T* out);
template <typename T>
void apply_backward(Backward function, int64_t count, const T* gradient, const T* saved, const T* parameters, T* out);

}  // namespace i2dl
