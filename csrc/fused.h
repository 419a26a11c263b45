// The table of loops that pass once over memory where an array library passes several times: activations, softmax,
// normalization. One such table exists per instruction set, as in kernels.h, and for the same reason this header
// contains no inline function and no template of the standard library.
#pragma once

#include <cstdint>

namespace i2dl {

// Elementwise functions of one array. Parameters in parentheses.
enum class Unary {
    kSigmoid,
    kTanh,
    kSilu,
    kGeluErf,
    kGeluTanh,
    kMish,
    kLogsigmoid,
    kSoftplus,         // (beta, threshold)
    kExponentialUnit,  // (alpha * scale, scale, input scale)
    kLeakyRelu,        // (slope)
    kHardsigmoid,
    kHardswish,
    kRelu,
    kLimit,  // (least, largest)
    kCount
};

// Elementwise functions of the gradient and of a saved array, the input where none is named.
enum class Backward {
    kSigmoid,  // out
    kTanh,     // out
    kSilu,
    kGeluErf,
    kGeluTanh,
    kMish,
    kLogsigmoid,
    kSoftplus,         // (beta, threshold)
    kExponentialUnit,  // (alpha * scale * input scale, scale, input scale)
    kLeakyRelu,        // (slope)
    kHardsigmoid,
    kHardswish,
    kRelu,   // out
    kLimit,  // out (least, largest)
    kCount
};

constexpr int kMaxParameters = 3;

// Rows of `length` elements, one behind the other.
template <typename T>
struct Rows {
    int64_t rows;
    int64_t length;
    const T* first;   // input, or gradient
    const T* second;  // of a backward loop: the saved result
    T* out;
};

// Cross-entropy of rows of scores. `classes` holds each row's class.
template <typename T>
struct CrossEntropy {
    int64_t rows;
    int64_t length;
    const T* scores;
    const int64_t* classes;
    T* exponentials;  // e^(score - largest)
    T* sums;          // of them
    T* loss;          // log of the sum, less the score of the class, plus the largest
};

// out = exponentials * factor of the row, less `subtract` at the row's class.
template <typename T>
struct CrossEntropyBackward {
    int64_t rows;
    int64_t length;
    const T* exponentials;
    const T* sums;
    const int64_t* classes;
    const T* gradient;      // of each row, or of all of them if `gradient_step` is 0
    int64_t gradient_step;  // 0 or 1
    T* out;
};

// Rows brought to mean 0 and variance 1. Row r is made of `length / positions` channels of `positions` elements, of
// which the first is channel `r * (length / positions) % channels`; where a weight lies along the row, positions is 1
// and channels is the length.
template <typename T>
struct NormalizeRows {
    int64_t first_row, rows;
    int64_t length;
    int64_t positions;
    int64_t channels;
    const T* input;
    const T* weight;  // or null
    const T* bias;    // or null
    T eps;
    bool centred;
    T* mean;   // of the row; null unless centred
    T* scale;  // reciprocal deviation of the row
    T* out;
};

template <typename T>
struct NormalizeRowsBackward {
    int64_t first_row, rows;
    int64_t length;
    int64_t positions;
    int64_t channels;
    const T* gradient;
    const T* input;
    const T* weight;  // or null
    const T* mean;    // or null
    const T* scale;
    T* of_input;   // or null
    T* of_weight;  // channels, added to; or null
    T* of_bias;    // channels, added to; or null
};

// One channel of (samples, channels, positions); `step` is the distance from one sample to the next.
template <typename T>
struct ChannelSums {
    int64_t samples, step, positions;
    const T* first;
    const T* second;
    double mean;        // subtracted from the elements of `second`
    double sum, other;  // results
};

// out = a * (first - centre) + c, or with a second array a * first + b * (second - centre) + c.
template <typename T>
struct ChannelScale {
    int64_t samples, step, positions;
    const T* first;
    const T* second;  // or null
    T a, b, c, centre;
    T* out;
};

template <typename T>
struct FusedTable {
    void (*unary[static_cast<int>(Unary::kCount)])(int64_t count, const T* input, const T* parameters, T* out);
    void (*backward[static_cast<int>(Backward::kCount)])(int64_t count, const T* gradient, const T* saved,
                                                         const T* parameters, T* out);
    double (*sum)(int64_t count, const T* input);
    void (*softmax)(const Rows<T>&);
    void (*log_softmax)(const Rows<T>&);
    void (*softmax_backward)(const Rows<T>&);
    void (*log_softmax_backward)(const Rows<T>&);
    void (*cross_entropy)(const CrossEntropy<T>&);
    void (*cross_entropy_backward)(const CrossEntropyBackward<T>&);
    void (*normalize_rows)(const NormalizeRows<T>&);
    void (*normalize_rows_backward)(const NormalizeRowsBackward<T>&);
    void (*channel_moments)(ChannelSums<T>&);  // mean and mean square deviation of `first`
    void (*channel_sums)(ChannelSums<T>&);     // of `first`, and of first * (second - mean)
    void (*channel_scale)(const ChannelScale<T>&);
};

struct FusedKernels {
    FusedTable<float> single;
    FusedTable<double> twice;
};

extern const FusedKernels kBaselineFused;
#if defined(I2DL_HAVE_X86_VARIANTS)
extern const FusedKernels kAvx2Fused;
extern const FusedKernels kAvx512Fused;
#endif

}  // namespace i2dl
