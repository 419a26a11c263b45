// Forward and input gradient: each builds its problem of shifted sums, chooses how to run it, and runs it. The gradient
// of the weight is in weight_gradient.cpp.
#include "convolution.h"

#include <stdexcept>

#include "choice.h"
#include "depthwise.h"
#include "instruction_set.h"
#include "positions.h"
#include "shift.h"
#include "winograd.h"

namespace i2dl {
namespace {

template <typename T>
Algorithm run(const ShiftProblem& problem, const T* source, const T* weight, const T* bias, T* destination,
              Algorithm algorithm) {
    if (algorithm == Algorithm::kWinograd && !winograd_serves(problem)) {
        throw std::invalid_argument(
            "convolution: the algorithm \"winograd\" serves 2d kernels of 3x3 with stride 1 and dilation 1 only");
    }
    if (algorithm == Algorithm::kOuter && !positions_serve(problem)) {
        throw std::invalid_argument(
            "convolution: the algorithm \"outer\" serves neither the input gradient of a stride above 1 nor padding "
            "far beyond the input");
    }
    require_depthwise(problem, algorithm);
    Plan plan = choose_plan<T>(problem, algorithm, Purpose::kTiles);
    if (plan.algorithm == Algorithm::kDepthwise) {
        run_depthwise(problem, source, weight, bias, destination);
        return Algorithm::kDepthwise;
    }
    if (plan.algorithm == Algorithm::kWinograd) {
        if (run_winograd(problem, source, weight, bias, destination)) return Algorithm::kWinograd;
        plan = plan_problem(problem, Algorithm::kIm2col, Purpose::kTiles, kernel_table<T>().vector_length,
                            static_cast<int>(sizeof(T)));
    }
    if (plan.algorithm == Algorithm::kOuter) {
        run_positions(problem, source, weight, bias, destination);
        return Algorithm::kOuter;
    }
    spread_plan(problem, plan);
    run_problem(problem, plan, source, weight, bias, destination);
    return plan.algorithm;
}

}  // namespace

template <typename T>
Algorithm convolution(const ConvolutionShape& shape, const T* input, const T* weight, const T* bias, T* output,
                      Algorithm algorithm) {
    return run(forward_problem(shape), input, weight, bias, output, algorithm);
}

template <typename T>
Algorithm convolution_input_gradient(const ConvolutionShape& shape, const T* gradient, const T* weight, T* result,
                                     Algorithm algorithm) {
    return run(input_gradient_problem(shape), gradient, weight, static_cast<const T*>(nullptr), result, algorithm);
}

template <typename T>
Algorithm chosen_algorithm(const ConvolutionShape& shape, Direction direction) {
    if (direction == Direction::kInputGradient) {
        return choose_plan<T>(input_gradient_problem(shape), Algorithm::kAuto, Purpose::kTiles).algorithm;
    }
    return choose_plan<T>(forward_problem(shape), Algorithm::kAuto,
                          direction == Direction::kForward ? Purpose::kTiles : Purpose::kDots)
        .algorithm;
}

#define I2DL_INSTANTIATE(T)                                                                                       \
    template Algorithm convolution<T>(const ConvolutionShape&, const T*, const T*, const T*, T*, Algorithm);      \
    template Algorithm convolution_input_gradient<T>(const ConvolutionShape&, const T*, const T*, T*, Algorithm); \
    template Algorithm chosen_algorithm<T>(const ConvolutionShape&, Direction);
I2DL_INSTANTIATE(float)
I2DL_INSTANTIATE(double)

}  // namespace i2dl
