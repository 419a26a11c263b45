// Softmax and log-softmax along the middle of (outer, size, inner), forward and backward: one block a row.
#include "reduction.cuh"

#define ROW                                             \
    Int row = blockIdx.x;                               \
    Int start = (row / inner) * size * inner + row % inner

KERNEL softmax_along(const T* input, T* result, Int size, Int inner) {
    ROW;
    A top = lowest(), sum = 0;
    for (Int i = threadIdx.x; i < size; i += THREADS) top = larger(top, (A)input[start + i * inner]);
    top = block_max(top);
    for (Int i = threadIdx.x; i < size; i += THREADS) sum += exp((A)input[start + i * inner] - top);
    sum = block_sum(sum);
    for (Int i = threadIdx.x; i < size; i += THREADS)
        result[start + i * inner] = (T)(exp((A)input[start + i * inner] - top) / sum);
}

KERNEL log_softmax_along(const T* input, T* result, Int size, Int inner) {
    ROW;
    A top = lowest(), sum = 0;
    for (Int i = threadIdx.x; i < size; i += THREADS) top = larger(top, (A)input[start + i * inner]);
    top = block_max(top);
    for (Int i = threadIdx.x; i < size; i += THREADS) sum += exp((A)input[start + i * inner] - top);
    A shift = log(block_sum(sum));
    for (Int i = threadIdx.x; i < size; i += THREADS)
        result[start + i * inner] = (T)((A)input[start + i * inner] - top - shift);
}

KERNEL softmax_backward(const T* gradient, const T* out, T* result, Int size, Int inner) {
    ROW;
    A dot = 0;
    for (Int i = threadIdx.x; i < size; i += THREADS)
        dot += (A)gradient[start + i * inner] * (A)out[start + i * inner];
    dot = block_sum(dot);
    for (Int i = threadIdx.x; i < size; i += THREADS)
        result[start + i * inner] = (T)((A)out[start + i * inner] * ((A)gradient[start + i * inner] - dot));
}

KERNEL log_softmax_backward(const T* gradient, const T* out, T* result, Int size, Int inner) {
    ROW;
    A sum = 0;
    for (Int i = threadIdx.x; i < size; i += THREADS) sum += (A)gradient[start + i * inner];
    sum = block_sum(sum);
    for (Int i = threadIdx.x; i < size; i += THREADS)
        result[start + i * inner] = (T)((A)gradient[start + i * inner] - exp((A)out[start + i * inner]) * sum);
}
