// Convolution with 3x3 kernels of stride 1 by Winograd's minimal filtering F(4x4, 3x3): 36 products for 16 outputs of
// one channel, where the definition takes 144 (Lavin and Gray, "Fast algorithms for convolutional neural networks",
// 2016).
//
// The six interpolation points are 0, +-3/4, +-3/2 and infinity. Such a small spread of their powers keeps the rounding
// error at about twice that of a plain sum, a half of what the usual points 0, +-1, +-2 give (Barabasz et al., "Error
// analysis and improving the accuracy of Winograd convolution", 2020, is about choosing them). Sums over more than
// kWinogradBlock channels are taken in blocks, which keeps it from growing.
#pragma once

#include "shift.h"

namespace i2dl {

constexpr int64_t kWinogradBlock = 64;

bool winograd_serves(const ShiftProblem& problem);

// In the unit of Plan::cost.
double winograd_cost(const ShiftProblem& problem, int vector_length);

// Returns false if some result is infinite or not a number: in a tile with such an input all outputs are spoilt, not
// only those that see it, and the caller must compute them another way.
template <typename T>
bool run_winograd(const ShiftProblem& problem, const T* source, const T* weight, const T* bias, T* destination);

}  // namespace i2dl
