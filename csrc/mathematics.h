// Elementary functions of vectors, for files that are compiled once per instruction set (see vectors.h). `T` is float
// or double and is given explicitly: exponential<float>(x).
//
// Polynomials are Chebyshev interpolants of the functions named beside them. Errors, in units of the last place of the
// result, are bounds for every instruction set that tests/native/test_mathematics.py holds them to; not-a-number gives
// not-a-number.
#pragma once

#include "vectors.h"

namespace i2dl {
namespace {

template <typename T>
struct Constants;
template <>
struct Constants<float> {
    static constexpr float round = 12582912.0f;  // 1.5 * 2^23: adding it leaves an integer in the low bits
    static constexpr int mantissa = 23;
    static constexpr uint32_t one = 0x3f800000u;
    static constexpr uint32_t sign = 0x80000000u;
    static constexpr float largest = 89.0f, least = -87.3f;  // 2^n is infinite, or the smallest one
    static constexpr float log2_e = 1.44269504088896341f;
    static constexpr float ln2_high = 0.693145751953125f, ln2_low = 1.42860682030941723212e-6f;
    static constexpr float far = 13.0f;  // the normal distribution is zero, or one, beyond
    static constexpr float tail_scale = 3.75f, tail_start = 0.2f;
};
template <>
struct Constants<double> {
    static constexpr double round = 6755399441055744.0;
    static constexpr int mantissa = 52;
    static constexpr uint64_t one = 0x3ff0000000000000u;
    static constexpr uint64_t sign = 0x8000000000000000u;
    static constexpr double largest = 710.0, least = -708.3;
    static constexpr double log2_e = 1.44269504088896340736;
    static constexpr double ln2_high = 6.93147180369123816490e-01, ln2_low = 1.90821492927058770002e-10;
    static constexpr double far = 37.5;
    static constexpr double tail_scale = 5.75, tail_start = 0.12568306010928961749;
};

template <typename V, typename T, int N>
I2DL_INLINE V polynomial(const T (&coefficients)[N], V x) {
    V result = every<V>(coefficients[0]);
#pragma GCC unroll 32
    for (int i = 1; i < N; ++i) result = result * x + coefficients[i];
    return result;
}

template <typename T, typename V>
I2DL_INLINE V magnitude(V x) {
    using U = typename Simd<T>::Bits;
    return as<V>(as<U>(x) & ~Constants<T>::sign);
}

template <typename T, typename V>
I2DL_INLINE V with_sign_of(V x, V sign) {
    using U = typename Simd<T>::Bits;
    return as<V>((as<U>(x) & ~Constants<T>::sign) | (as<U>(sign) & Constants<T>::sign));
}

// Not a number stays.
template <typename T, typename V>
I2DL_INLINE V at_most(V x, T bound) {
    return lesser(every<V>(bound), x);
}
template <typename T, typename V>
I2DL_INLINE V at_least(V x, T bound) {
    return greater(every<V>(bound), x);
}

// (e^r - 1 - r) / r^2 for |r| <= ln(2) / 2
I2DL_INLINE VectorOf<float> exponential_rest(VectorOf<float> r) {
    constexpr float c[] = {0.001392621347f, 0.008363202972f, 0.04166655444f, 0.1666657685f, 0.5f};
    return polynomial(c, r);
}
I2DL_INLINE VectorOf<double> exponential_rest(VectorOf<double> r) {
    constexpr double c[] = {2.51004241570050668e-8, 2.76201387197339956e-7, 2.75572683786841929e-6,
                            2.48015211902177277e-5, 1.98412698631059687e-4, 1.38888889172817933e-3,
                            8.33333333333005135e-3, 4.16666666666239915e-2, 1.66666666666666675e-1,
                            5.00000000000000103e-1};
    return polynomial(c, r);
}

// x = n ln(2) + r: 2^n and e^r - 1, for x of which 2^n is a normal number, or infinity.
template <typename T>
struct Reduced {
    VectorOf<T> power, minus_one;
};
template <typename T>
I2DL_INLINE Reduced<T> reduced(VectorOf<T> x) {
    using C = Constants<T>;
    using V = VectorOf<T>;
    using U = typename Simd<T>::Bits;
    const V whole = x * C::log2_e + C::round;
    const V n = whole - C::round;
    V r = x - n * C::ln2_high;
    r = r - n * C::ln2_low;
    return {as<V>((as<U>(whole) << C::mantissa) + C::one), r + r * r * exponential_rest(r)};
}

// e^x; at most 1 unit of error where that is a normal number below half of the largest one. Infinity above, and about
// the smallest normal number (1e-38, 2e-308) below.
template <typename T>
I2DL_INLINE VectorOf<T> exponential(VectorOf<T> x) {
    using C = Constants<T>;
    const Reduced<T> r = reduced<T>(at_least<T>(at_most<T>(x, C::largest), C::least));
    return r.power * (r.minus_one + T(1));  // a sum of two products could be infinity less infinity
}

// e^x for x <= 0, with zero in place of subnormal numbers.
template <typename T>
I2DL_INLINE VectorOf<T> exponential_of_negative(VectorOf<T> x) {
    using C = Constants<T>;
    const Reduced<T> r = reduced<T>(at_least<T>(x, C::least));
    return x < C::least ? VectorOf<T>{} : r.power + r.power * r.minus_one;
}

// e^x, or that of `bound` (at least 0) where x is greater, with zero in place of subnormal numbers.
template <typename T>
I2DL_INLINE VectorOf<T> exponential_below(VectorOf<T> x, T bound) {
    using C = Constants<T>;
    const Reduced<T> r = reduced<T>(at_least<T>(at_most<T>(x, bound), C::least));
    return x < C::least ? VectorOf<T>{} : r.power * (r.minus_one + T(1));
}

// e^x - 1 for x <= 0; at most 2 units of error.
template <typename T>
I2DL_INLINE VectorOf<T> exponential_minus_one_of_negative(VectorOf<T> x) {
    const Reduced<T> r = reduced<T>(at_least<T>(x, T(-50)));  // -1 beyond
    return r.power * r.minus_one + (r.power - T(1));
}

// 1 / (1 + e^-x); at most 3 units of error.
template <typename T>
I2DL_INLINE VectorOf<T> logistic(VectorOf<T> x) {
    return T(1) / (T(1) + exponential<T>(-x));
}

// tanh x; at most 3 units of error.
template <typename T>
I2DL_INLINE VectorOf<T> hyperbolic_tangent(VectorOf<T> x) {
    const VectorOf<T> e = exponential_minus_one_of_negative<T>(magnitude<T>(x) * T(-2));
    return with_sign_of<T>(e / (e + T(2)), x);
}

// (log(1 + u) - 2 s) / s^3 for s = u / (2 + u), by v = s^2 <= 1 / 9
I2DL_INLINE VectorOf<float> logarithm_rest(VectorOf<float> v) {
    constexpr float c[] = {0.2322432922f, 0.217065758f, 0.2859235799f, 0.3999970633f, 0.6666666732f};
    return polynomial(c, v);
}
I2DL_INLINE VectorOf<double> logarithm_rest(VectorOf<double> v) {
    constexpr double c[] = {0.161640456119435322, 0.0880073848614467388, 0.120010728095907125, 0.133141442096549362,
                            0.153855700649586231, 0.181817894361328582,  0.22222222717427863,  0.285714285671087572,
                            0.400000000000145827, 0.666666666666666586};
    return polynomial(c, v);
}

// log(1 + u) for 0 <= u <= 1; at most 2 units of error.
template <typename T>
I2DL_INLINE VectorOf<T> logarithm_of_one_plus(VectorOf<T> u) {
    const VectorOf<T> s = u / (u + T(2));
    const VectorOf<T> v = s * s;
    return s * v * logarithm_rest(v) + (s + s);
}

// log(1 + e^x); at most 3 units of error.
template <typename T>
I2DL_INLINE VectorOf<T> softened_rectifier(VectorOf<T> x) {
    const VectorOf<T> positive = x < T(0) ? VectorOf<T>{} : x;
    return positive + logarithm_of_one_plus<T>(exponential_of_negative<T>(-magnitude<T>(x)));
}

// The normal distribution's tail beyond a >= 0 over its density at a, over the density's factor: 1 - Phi(a) =
// t p(y) e^(-a^2 / 2) with t = k / (k + a); y runs from -1 to 1.
I2DL_INLINE VectorOf<float> tail_ratio(VectorOf<float> y) {
    constexpr float c[] = {2.013480543e-5f, 1.112857349e-5f, -3.071796558e-4f, -5.619805838e-4f, 3.681085971e-3f,
                           2.462336107e-2f, 7.725246863e-2f, 0.159728771f,     0.235552219f};
    return polynomial(c, y);
}
I2DL_INLINE VectorOf<double> tail_ratio(VectorOf<double> y) {
    constexpr double c[] = {
        9.343198156535178657e-12, 1.278546142008454397e-11, -1.374968227667637815e-10, -2.148161502649891641e-10,
        1.362785696419047061e-9,  2.916305355736388261e-9,  -1.172150803895474159e-8,  -4.1419532801751832e-8,
        7.385732287050795392e-8,  5.784547302343159078e-7,  2.837671451468193727e-7,   -6.394624207028080249e-6,
        -2.276234679314784971e-5, 5.304666784695987781e-6,  3.604976414104293939e-4,   1.879417624155876718e-3,
        6.311564876365369124e-3,  1.633134475322233785e-2,  3.469696961086038227e-2,   6.240444251577652349e-2,
        9.658279610386038424e-2,  0.1297326857613359356,    0.1517232465301640921};
    return polynomial(c, y);
}

// The probability that a normal number is below x, and e^(-x^2 / 2): at most 6 units of error, but without instructions
// that multiply and add in one step x^2 more, for the rounding error of the square.
template <typename T>
struct Normal {
    VectorOf<T> distribution, bell;
};
template <typename T>
I2DL_INLINE Normal<T> normal(VectorOf<T> x) {
    using C = Constants<T>;
    using V = VectorOf<T>;
    using U = typename Simd<T>::Bits;
    const V size = magnitude<T>(x);
    const V a = at_most<T>(size, C::far);
    // as in `exponential`, of a product that is not rounded before n ln(2) is subtracted
    const V half = a * T(-0.5);
    const V whole = a * a * (C::log2_e * T(-0.5)) + C::round;
    const V n = whole - C::round;
    V r = half * a - n * C::ln2_high;
    r = r - n * C::ln2_low;
    const V power = as<V>((as<U>(whole) << C::mantissa) + C::one);
    const V near = power + power * (r + r * r * exponential_rest(r));
    const V bell = size > C::far ? V{} : near;
    const V t = C::tail_scale / (C::tail_scale + a);
    constexpr T slope = T(2) / (T(1) - C::tail_start);
    const V tail = t * bell * tail_ratio(t * slope - (T(1) + C::tail_start) / (T(1) - C::tail_start));
    return {x < T(0) ? tail : T(1) - tail, bell};
}

}  // namespace
}  // namespace i2dl
