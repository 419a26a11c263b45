// Convolution plane by plane, for groups of one input or one output channel: the algorithm "depthwise".
//
// A few planes at a time are copied with their borders (strides become planes of residues, see shift.h) into the
// first-level cache. Register tiles then hold several rows of one plane instead of several output channels, and the
// last vector of a row overlaps its neighbour, so that no row is taken apart. Planes of all images and groups are one
// list.
#pragma once

#include "convolution.h"
#include "shift.h"

namespace i2dl {

bool depthwise_serves(const ShiftProblem& problem);

// Throws std::invalid_argument if `algorithm` is "depthwise" and does not serve the problem.
void require_depthwise(const ShiftProblem& problem, Algorithm algorithm);

// Estimated cycles per image and group, comparable to Plan::cost.
double depthwise_cost(const ShiftProblem& problem, Purpose purpose, int vector_length);

template <typename T>
void run_depthwise(const ShiftProblem& problem, const T* source, const T* weight, const T* bias, T* destination);

template <typename T>
void depthwise_weight_gradient(const ShiftProblem& problem, const T* gradient, const T* source, T* result);

}  // namespace i2dl
