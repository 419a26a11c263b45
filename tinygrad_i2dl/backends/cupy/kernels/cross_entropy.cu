// Cross-entropy of class indices on scores (N, classes, inner): one block a sample and position.
#include "reduction.cuh"

// Losses not yet weighted, with each row's largest score and sum of exponentials, which the gradient needs.
KERNEL cross_entropy(const T* scores, const Int* target, A* loss, A* tops, A* sums, Int size, Int inner) {
    Int row = blockIdx.x;
    Int start = (row / inner) * size * inner + row % inner;
    A top = lowest(), sum = 0;
    for (Int i = threadIdx.x; i < size; i += THREADS) top = larger(top, (A)scores[start + i * inner]);
    top = block_max(top);
    for (Int i = threadIdx.x; i < size; i += THREADS) sum += exp((A)scores[start + i * inner] - top);
    sum = block_sum(sum);
    if (threadIdx.x == 0) {
        tops[row] = top;
        sums[row] = sum;
        loss[row] = log(sum) - ((A)scores[start + target[row] * inner] - top);
    }
}

// (softmax - one) at the target, softmax elsewhere, times each row's factor.
KERNEL cross_entropy_backward(
    const T* scores, const Int* target, const A* factor, const A* tops, const A* sums, T* result, Int count, Int size,
    Int inner
) {
    EACH(i, count) {
        Int row = i / (size * inner) * inner + i % inner;
        Int place = i / inner % size;
        A share = exp((A)scores[i] - tops[row]) / sums[row];
        result[i] = (T)((share - (place == target[row] ? (A)1 : (A)0)) * factor[row]);
    }
}
