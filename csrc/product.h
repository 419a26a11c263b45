// Products of matrices with few rows on one side, for which the packing of a general BLAS costs too much. The
// structures are also seen by the files that are compiled once per instruction set.
#pragma once

#include <cstdint>

namespace i2dl {

constexpr int64_t kProductDepth = 256;  // terms summed before results are written back
constexpr int64_t kPanelColumns = 48;   // columns that are packed side by side, at most

// C[i, j] = start + sum_k A[i, k] B[k, j], with element (i, k) of A at a[i * a_row + k * a_depth], rows of B and C
// contiguous, and start: C itself if `add`, else row_bias[i], else 0.
template <typename T>
struct ProductRun {
    int64_t rows, columns, depth;
    const T* a;
    int64_t a_row, a_depth;
    const T* b;
    int64_t b_depth;
    T* c;
    int64_t c_row;
    const T* row_bias;  // or null
    bool add;
    T* panel;  // memory for kProductDepth * kPanelColumns elements, 64-byte aligned; null: B is read where it is
};

// y[m, n] = bias[n] + sum_k x[m, k] weight[n, k] for up to kDotSamples samples m and rows n of `weight`.
constexpr int kDotSamples = 4;
template <typename T>
struct DotProducts {
    int64_t samples, rows, depth;
    const T* x;
    const T* weight;
    const T* bias;  // or null
    T* y;
    int64_t y_row;
};

// sums[j] = sum_i values[i * row + j]
template <typename T>
struct ColumnSums {
    int64_t rows, columns, row;
    const T* values;
    T* sums;
};

template <typename T>
struct ProductTable {
    int64_t lanes;
    void (*product)(const ProductRun<T>&);
    void (*dots)(const DotProducts<T>&);
    void (*column_sums)(const ColumnSums<T>&);
};

struct ProductKernels {
    ProductTable<float> single;
    ProductTable<double> twice;
};

extern const ProductKernels kProductBaseline;
#if defined(I2DL_HAVE_X86_VARIANTS)
extern const ProductKernels kProductAvx2;
extern const ProductKernels kProductAvx512;
#endif

}  // namespace i2dl
