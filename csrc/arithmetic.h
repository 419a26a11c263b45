// Integer arithmetic on sizes: rounding towards minus infinity, and products that cannot overflow silently.
#pragma once

#include <cstdint>
#include <stdexcept>

namespace i2dl {

inline int64_t ceil_divide(int64_t a, int64_t b) { return (a + b - 1) / b; }

inline int64_t round_up(int64_t a, int64_t b) { return ceil_divide(a, b) * b; }

// For b > 0; C++ division rounds towards zero, which is wrong for positions left of an image.
inline int64_t floor_divide(int64_t a, int64_t b) { return a >= 0 ? a / b : -((-a + b - 1) / b); }

inline int64_t checked_multiply(int64_t a, int64_t b) {
    int64_t product;
    if (__builtin_mul_overflow(a, b, &product)) throw std::overflow_error("the size does not fit into 64 bits");
    return product;
}

inline int64_t checked_add(int64_t a, int64_t b) {
    int64_t sum;
    if (__builtin_add_overflow(a, b, &sum)) throw std::overflow_error("the size does not fit into 64 bits");
    return sum;
}

}  // namespace i2dl
