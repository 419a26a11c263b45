// Convolution with vectors along the output channels: for each output position, the sum over all terms of one value of
// the source times a line of weights. Positions may lie anywhere, so a stride costs nothing, and images too narrow to
// fill vectors waste nothing; but the number of output channels should be a multiple of the vector length, and the
// results must be transposed.
#pragma once

#include "shift.h"

namespace i2dl {

bool positions_serve(const ShiftProblem& problem);

// In the unit of Plan::cost.
double positions_cost(const ShiftProblem& problem, int vector_length);

template <typename T>
void run_positions(const ShiftProblem& problem, const T* source, const T* weight, const T* bias, T* destination);

}  // namespace i2dl
