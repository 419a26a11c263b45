// Sums, softmax, cross-entropy and normalization: work on rows or channels, handed out to threads. See fused.h for the
// arguments.
#pragma once

#include "fused.h"

namespace i2dl {

enum class RowFunction { kSoftmax, kLogSoftmax, kSoftmaxBackward, kLogSoftmaxBackward };

template <typename T>
void over_rows(RowFunction function, const Rows<T>& run);
template <typename T>
void cross_entropy(const CrossEntropy<T>& run);
template <typename T>
void cross_entropy_backward(const CrossEntropyBackward<T>& run);

// Sum of all elements, the same with any number of threads.
template <typename T>
double sum_of_all(int64_t count, const T* input);

// The runs are for all rows: `first_row` is zero.
template <typename T>
void normalize_rows(const NormalizeRows<T>& run);
template <typename T>
void normalize_rows_backward(const NormalizeRowsBackward<T>& run);  // writes of_weight and of_bias

// (samples, channels, positions), each channel brought to mean 0 and variance 1.
template <typename T>
struct NormalizeChannels {
    int64_t samples, channels, positions;
    const T* input;
    const T* weight;    // or null
    const T* bias;      // or null; not read backward
    const T* gradient;  // backward only
    T eps;              // forward only
    T* mean;            // written forward, read backward, as `scale`
    T* variance;        // forward only
    T* scale;           // reciprocal deviation
    T* out;             // of_input; null if it is not wanted
    T* of_weight;       // backward only, or null
    T* of_bias;         // backward only, or null
};

template <typename T>
void normalize_channels(const NormalizeChannels<T>& run);
template <typename T>
void normalize_channels_backward(const NormalizeChannels<T>& run);
// out = input * scale + shift, vectors along the channels
template <typename T>
void scale_channels(int64_t samples, int64_t channels, int64_t positions, const T* input, const T* scale,
                    const T* shift, T* out);

}  // namespace i2dl
