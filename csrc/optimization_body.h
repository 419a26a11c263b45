// The loops of optimizer steps, included by one file per instruction set. All operations of a step are done on a vector
// of elements before the next is read: memory is passed through once. The order of operations is PyTorch's.

#include "optimization.h"

namespace i2dl {
namespace {

constexpr int64_t kSumBlock = 4096;  // elements summed in the array's own dtype before they are added to the rest

template <typename T, bool Decay, bool Momentum, bool First, bool Nesterov>
void sgd_loop(const SgdRun<T>& run) {
    T* __restrict p = run.parameter;
    const T* __restrict gradient = run.gradient;
    T* __restrict buffer = run.momentum_buffer;
    const T lr = run.lr, momentum = run.momentum, undamped = run.undamped, decay = run.weight_decay;
    const T sign = run.maximize ? T(-1) : T(1);
    for (int64_t i = 0; i < run.count; ++i) {
        T g = gradient[i] * sign;
        if constexpr (Decay) g += decay * p[i];
        if constexpr (Momentum) {
            const T v = First ? g : buffer[i] * momentum + undamped * g;
            buffer[i] = v;
            g = Nesterov ? g + momentum * v : v;
        }
        p[i] -= lr * g;
    }
}

template <typename T, bool Decay>
void sgd_decayed(const SgdRun<T>& run) {
    if (!run.momentum_buffer) {
        sgd_loop<T, Decay, false, false, false>(run);
    } else if (run.first) {
        run.nesterov ? sgd_loop<T, Decay, true, true, true>(run) : sgd_loop<T, Decay, true, true, false>(run);
    } else {
        run.nesterov ? sgd_loop<T, Decay, true, false, true>(run) : sgd_loop<T, Decay, true, false, false>(run);
    }
}

template <typename T>
void sgd(const SgdRun<T>& run) {
    run.weight_decay != 0 ? sgd_decayed<T, true>(run) : sgd_decayed<T, false>(run);
}

inline float root(float x) { return __builtin_sqrtf(x); }
inline double root(double x) { return __builtin_sqrt(x); }

template <typename T, bool Decay, bool Largest>
void adam_loop(const AdamRun<T>& run) {
    T* __restrict p = run.parameter;
    const T* __restrict gradient = run.gradient;
    T* __restrict mean = run.exp_avg;
    T* __restrict square = run.exp_avg_sq;
    T* __restrict largest = run.max_exp_avg_sq;
    const T step_size = run.step_size, rest1 = run.rest1, beta2 = run.beta2, rest2 = run.rest2, eps = run.eps,
            inverse_root = run.inverse_root, decay = run.weight_decay, shrink = run.shrink;
    const T sign = run.maximize ? T(-1) : T(1);
    for (int64_t i = 0; i < run.count; ++i) {
        T g = gradient[i] * sign;
        const T before = p[i] * shrink;
        if constexpr (Decay) g += decay * before;
        const T m = mean[i] + rest1 * (g - mean[i]);
        T v = square[i] * beta2 + rest2 * g * g;
        mean[i] = m;
        square[i] = v;
        if constexpr (Largest) {
            v = v > largest[i] || v != v ? v : largest[i];
            largest[i] = v;
        }
        p[i] = before - step_size * (m / (root(v) * inverse_root + eps));
    }
}

template <typename T>
void adam(const AdamRun<T>& run) {
    if (run.weight_decay != 0) {
        run.max_exp_avg_sq ? adam_loop<T, true, true>(run) : adam_loop<T, true, false>(run);
    } else {
        run.max_exp_avg_sq ? adam_loop<T, false, true>(run) : adam_loop<T, false, false>(run);
    }
}

template <typename T>
T size_of(T x) {
    return x < 0 ? -x : x;
}

template <typename T, Norm Kind>
T norm_loop(const T* values, int64_t count) {
    constexpr int lanes = 4 * I2DL_VECTOR_BYTES / sizeof(T);
    T total = 0;
    for (int64_t start = 0; start < count; start += kSumBlock) {
        const int64_t end = start + kSumBlock < count ? start + kSumBlock : count;
        T partial[lanes] = {};
        int64_t i = start;
        const auto add = [](T sum, T x) {
            if constexpr (Kind == Norm::kTwo) return sum + x * x;
            if constexpr (Kind == Norm::kOne) return sum + size_of(x);
            return size_of(x) > sum || x != x ? size_of(x) : sum;
        };
        const auto merge = [](T sum, T x) {
            if constexpr (Kind != Norm::kInfinity) return sum + x;
            return x > sum || x != x ? x : sum;
        };
        for (; i + lanes <= end; i += lanes) {
            for (int lane = 0; lane < lanes; ++lane) partial[lane] = add(partial[lane], values[i + lane]);
        }
        for (; i < end; ++i) partial[0] = add(partial[0], values[i]);
        T sum = 0;
        for (int lane = 0; lane < lanes; ++lane) sum = merge(sum, partial[lane]);
        total = merge(total, sum);
    }
    return total;
}

template <typename T>
T norm(Norm kind, const T* values, int64_t count) {
    if (kind == Norm::kTwo) return norm_loop<T, Norm::kTwo>(values, count);
    if (kind == Norm::kOne) return norm_loop<T, Norm::kOne>(values, count);
    return norm_loop<T, Norm::kInfinity>(values, count);
}

template <typename T>
void scale(T* values, int64_t count, T factor) {
    for (int64_t i = 0; i < count; ++i) values[i] *= factor;
}

#define I2DL_OPTIMIZATION_TABLE(T) {sgd<T>, adam<T>, norm<T>, scale<T>}

}  // namespace

extern const OptimizationKernels I2DL_OPTIMIZATION;
const OptimizationKernels I2DL_OPTIMIZATION = {I2DL_OPTIMIZATION_TABLE(float), I2DL_OPTIMIZATION_TABLE(double)};

}  // namespace i2dl
