// Which algorithm "auto" stands for: the one whose estimated cost is least. The estimates are in shift_problem.cpp and
// winograd.cpp; their constants were fitted to measurements, see README.md.
#pragma once

#include "shift.h"

namespace i2dl {

template <typename T>
Plan choose_plan(const ShiftProblem& problem, Algorithm algorithm, Purpose purpose);

// Cuts smaller, so that every thread has some work.
void spread_plan(const ShiftProblem& problem, Plan& plan);

}  // namespace i2dl
