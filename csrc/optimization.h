// Optimizer steps and gradient clipping over many arrays. The structures are also seen by the files that are compiled
// once per instruction set, so there is nothing here but them and declarations.
#pragma once

#include <cstdint>

namespace i2dl {

// A step on one array, or on a part of it. Null where there is none.
template <typename T>
struct SgdRun {
    int64_t count;
    T* parameter;
    const T* gradient;
    T* momentum_buffer;
    T lr, momentum, undamped, weight_decay;  // undamped: 1 - dampening
    bool nesterov, maximize, first;          // first: the buffer becomes the gradient
};

template <typename T>
struct AdamRun {
    int64_t count;
    T* parameter;
    const T* gradient;
    T *exp_avg, *exp_avg_sq, *max_exp_avg_sq;
    T step_size, rest1, beta2, rest2;  // rest: 1 - beta
    T inverse_root, eps;               // 1 / sqrt(1 - beta2^step)
    T weight_decay, shrink;            // added to the gradient; the factor of the parameter
    bool maximize;
};

enum class Norm { kOne, kTwo, kInfinity };

template <typename T>
struct OptimizationTable {
    void (*sgd)(const SgdRun<T>&);
    void (*adam)(const AdamRun<T>&);
    // The sum of sizes or of squares, or the largest size; not-a-number stays.
    T (*norm)(Norm kind, const T* values, int64_t count);
    void (*scale)(T* values, int64_t count, T factor);
};

struct OptimizationKernels {
    OptimizationTable<float> single;
    OptimizationTable<double> twice;
};

extern const OptimizationKernels kOptimizationBaseline;
#if defined(I2DL_HAVE_X86_VARIANTS)
extern const OptimizationKernels kOptimizationAvx2;
extern const OptimizationKernels kOptimizationAvx512;
#endif

}  // namespace i2dl
