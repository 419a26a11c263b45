// The steps of an LSTM layer, of which each needs the one before. What all steps have in common, the products with the
// inputs and for the weights' gradients, is done for all of them at once (bind_recurrent.cpp). The structures are also
// seen by the files that are compiled once per instruction set.
#pragma once

#include <cstdint>

namespace i2dl {

constexpr int64_t kHiddenMultiple = 16;  // of which the number of hidden values has to be a multiple

// All arrays are contiguous; rows are those of all steps one after the other, `samples` each. `gates` and its kin hold
// the input, forget, output and cell gates in four blocks of (rows, hidden).
template <typename T>
struct LstmForward {
    int64_t steps, samples, hidden;
    bool reverse;
    const T* weight;  // (4 hidden, hidden)
    T* packed;        // memory for as many elements
    T* sums;          // (rows, 4 hidden) in PyTorch's order: the inputs' share, to which the states' is added
    const T *h0, *c0;
    T *output, *gates, *cells, *squashed;
};

template <typename T>
struct LstmBackward {
    int64_t steps, samples, hidden;
    bool reverse;
    const T* weight;
    T* packed;
    const T *c0, *gates, *cells, *squashed, *g_output;
    T *of_h, *of_c;  // (samples, hidden): of the last states; becomes those of the first
    T* pre;          // (rows, 4 hidden): gradients by the sums
};

template <typename T>
struct RecurrentTable {
    void (*lstm_forward)(const LstmForward<T>&);
    void (*lstm_backward)(const LstmBackward<T>&);
};

struct RecurrentKernels {
    RecurrentTable<float> single;
    RecurrentTable<double> twice;
};

extern const RecurrentKernels kRecurrentBaseline;
#if defined(I2DL_HAVE_X86_VARIANTS)
extern const RecurrentKernels kRecurrentAvx2;
extern const RecurrentKernels kRecurrentAvx512;
#endif

}  // namespace i2dl
