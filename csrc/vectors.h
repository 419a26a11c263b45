// Vectors of floating-point numbers, for files that are compiled once per instruction set: the includer defines
// I2DL_VECTOR_BYTES. They are GNU vector types, not intrinsics: one text serves SSE2, AVX2, AVX-512 and NEON. All is in
// an unnamed namespace, so that no symbol of code for a newer processor leaves the file.
#pragma once

#include <cstddef>
#include <cstdint>
#if defined(__SSE2__)
#include <immintrin.h>
#endif

#define I2DL_INLINE inline __attribute__((always_inline))

namespace i2dl {
namespace {

template <int Bytes>
struct Lane {
    typedef int64_t Integer;
    typedef uint64_t Bits;
};
template <>
struct Lane<4> {
    typedef int32_t Integer;
    typedef uint32_t Bits;
};

template <typename T>
struct Simd {
    typedef T Vector __attribute__((vector_size(I2DL_VECTOR_BYTES)));
    typedef typename Lane<sizeof(T)>::Bits Bits __attribute__((vector_size(I2DL_VECTOR_BYTES)));
    static constexpr int length = I2DL_VECTOR_BYTES / sizeof(T);
};

template <typename T>
using VectorOf = typename Simd<T>::Vector;

template <typename V, typename T>
I2DL_INLINE V load(const T* from) {
    V value;
    __builtin_memcpy(&value, from, sizeof value);
    return value;
}

template <typename V, typename T>
I2DL_INLINE void store(T* to, V value) {
    __builtin_memcpy(to, &value, sizeof value);
}

// The first `count` lanes, fewer than a vector has; the others are zero.
template <typename V, typename T>
I2DL_INLINE V load_part(const T* from, int64_t count) {
    V value = {};
    __builtin_memcpy(&value, from, static_cast<std::size_t>(count) * sizeof(T));
    return value;
}

template <typename V, typename T>
I2DL_INLINE void store_part(T* to, V value, int64_t count) {
    __builtin_memcpy(to, &value, static_cast<std::size_t>(count) * sizeof(T));
}

template <typename V, typename T>
I2DL_INLINE V every(T value) {
    return value - V{};  // not V{} + value, which would turn -0 into 0
}

// The bits of a vector as those of another kind of element.
template <typename To, typename From>
I2DL_INLINE To as(From value) {
    static_assert(sizeof(To) == sizeof(From), "of one size");
    To result;
    __builtin_memcpy(&result, &value, sizeof result);
    return result;
}

// The lesser and the greater of two; the second where one is not a number, as the instructions of x86 have it, which
// compilers do not make of the comparison.
template <typename V>
I2DL_INLINE V lesser(V a, V b) {
    return a < b ? a : b;
}
template <typename V>
I2DL_INLINE V greater(V a, V b) {
    return a > b ? a : b;
}
#define I2DL_EXTREMA(TYPE, LESSER, GREATER, ...)                             \
    template <>                                                              \
    I2DL_INLINE VectorOf<TYPE> lesser(VectorOf<TYPE> a, VectorOf<TYPE> b) {  \
        return LESSER(__VA_ARGS__ a, b);                                     \
    }                                                                        \
    template <>                                                              \
    I2DL_INLINE VectorOf<TYPE> greater(VectorOf<TYPE> a, VectorOf<TYPE> b) { \
        return GREATER(__VA_ARGS__ a, b);                                    \
    }
#if defined(__AVX512F__) && I2DL_VECTOR_BYTES == 64
// The forms without a mask start from an undefined vector, of which GCC warns
I2DL_EXTREMA(float, _mm512_mask_min_ps, _mm512_mask_max_ps, a, 0xffff, )
I2DL_EXTREMA(double, _mm512_mask_min_pd, _mm512_mask_max_pd, a, 0xff, )
#elif defined(__AVX__) && I2DL_VECTOR_BYTES == 32
I2DL_EXTREMA(float, _mm256_min_ps, _mm256_max_ps, )
I2DL_EXTREMA(double, _mm256_min_pd, _mm256_max_pd, )
#elif defined(__SSE2__) && I2DL_VECTOR_BYTES == 16
I2DL_EXTREMA(float, _mm_min_ps, _mm_max_ps, )
I2DL_EXTREMA(double, _mm_min_pd, _mm_max_pd, )
#endif

}  // namespace
}  // namespace i2dl
