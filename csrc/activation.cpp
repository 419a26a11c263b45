#include "activation.h"

#include <algorithm>

#include "arithmetic.h"
#include "instruction_set.h"
#include "thread_pool.h"

namespace i2dl {
namespace {

constexpr int64_t kGrain = 1 << 15;  // elements: 5 to 20 us of work

template <typename Body>
void in_pieces(int64_t count, const Body& body) {
    if (count < 2 * kGrain) {
        body(0, count);
        return;
    }
    parallel_for(ceil_divide(count, kGrain), 0.25 * static_cast<double>(count), [&](int64_t piece) {
        const int64_t start = piece * kGrain;
        body(start, std::min(kGrain, count - start));
    });
}

}  // namespace

template <typename T>
void apply(Unary function, int64_t count, const T* input, const T* parameters, T* out) {
    const auto loop = fused_table<T>().unary[static_cast<int>(function)];
    in_pieces(count, [&](int64_t start, int64_t size) { loop(size, input + start, parameters, out + start); });
}

template <typename T>
void apply_backward(Backward function, int64_t count, const T* gradient, const T* saved, const T* parameters, T* out) {
    const auto loop = fused_table<T>().backward[static_cast<int>(function)];
    in_pieces(count, [&](int64_t start, int64_t size) {
        loop(size, gradient + start, saved + start, parameters, out + start);
    });
}

template void apply(Unary, int64_t, const float*, const float*, float*);
template void apply(Unary, int64_t, const double*, const double*, double*);
template void apply_backward(Backward, int64_t, const float*, const float*, const float*, float*);
template void apply_backward(Backward, int64_t, const double*, const double*, const double*, double*);

}  // namespace i2dl
