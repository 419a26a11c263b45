// Columns (im2col) and their adjoint (col2im): the base that needs no bordered copy and so serves every shape.
#pragma once

#include <cstdint>

#include "convolution.h"
#include "shift.h"

namespace i2dl {

// columns[k * column_step + line * part.columns + x] for every term k of the phase, line (z, y) and column of `part`;
// zero where the tap lies outside the source.
template <typename T>
void gather_columns(const ShiftProblem& problem, const Phase& phase, const Cut& part, int64_t image, const T* source,
                    T* columns, int64_t column_step);

// The whole matrix, (batch, channels * kernel volume, output volume), as torch.nn.functional.unfold lays it out.
template <typename T>
void im2col(const ConvolutionShape& shape, const T* input, T* columns);

// Its adjoint: sums each column's entries into the input positions that they came from.
template <typename T>
void col2im(const ConvolutionShape& shape, const T* columns, T* input);

}  // namespace i2dl
