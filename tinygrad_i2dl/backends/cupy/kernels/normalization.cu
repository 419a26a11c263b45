// Normalization over rows (layers, groups, instances) and over channels (batches), forward and backward: one block a row
// or channel. Variances are sums of squared deviations, in a second pass: no digits are lost far from zero.
#include "reduction.cuh"

// Which weight belongs to an element: `channels` of them, each for `positions` elements in turn.
#define CHANNEL(i) ((i) / positions % channels)

KERNEL normalize_rows(
    const T* input, const T* weight, const T* bias, T* result, A* means, A* scales, Int length, Int channels,
    Int positions, double eps, Int centred
) {
    Int start = blockIdx.x * length;
    A mean = 0, square = 0;
    if (centred) {
        for (Int i = threadIdx.x; i < length; i += THREADS) mean += (A)input[start + i];
        mean = block_sum(mean) / (A)length;
    }
    for (Int i = threadIdx.x; i < length; i += THREADS) {
        A deviation = (A)input[start + i] - mean;
        square += deviation * deviation;
    }
    A scale = (A)1 / sqrt(block_sum(square) / (A)length + (A)eps);
    for (Int i = threadIdx.x; i < length; i += THREADS) {
        A value = ((A)input[start + i] - mean) * scale;
        if (weight) value *= (A)weight[CHANNEL(start + i)];
        if (bias) value += (A)bias[CHANNEL(start + i)];
        result[start + i] = (T)value;
    }
    if (threadIdx.x == 0) {
        means[blockIdx.x] = mean;
        scales[blockIdx.x] = scale;
    }
}

KERNEL normalize_rows_backward(
    const T* gradient, const T* input, const T* weight, const A* means, const A* scales, T* result, Int length,
    Int channels, Int positions, Int centred
) {
    Int start = blockIdx.x * length;
    A mean = means[blockIdx.x], scale = scales[blockIdx.x], sum = 0, dot = 0;
    for (Int i = threadIdx.x; i < length; i += THREADS) {
        A u = (A)gradient[start + i] * (weight ? (A)weight[CHANNEL(start + i)] : (A)1);
        sum += u;
        dot += u * ((A)input[start + i] - mean) * scale;
    }
    sum = centred ? block_sum(sum) / (A)length : (A)0;
    dot = block_sum(dot) / (A)length;
    for (Int i = threadIdx.x; i < length; i += THREADS) {
        A u = (A)gradient[start + i] * (weight ? (A)weight[CHANNEL(start + i)] : (A)1);
        result[start + i] = (T)((u - sum - ((A)input[start + i] - mean) * scale * dot) * scale);
    }
}

// Gradients of weight and bias: one block a channel, over all rows of (samples, channels, positions).
KERNEL normalize_rows_parameters(
    const T* gradient, const T* input, const A* means, const A* scales, T* of_weight, T* of_bias, Int samples,
    Int channels, Int positions, Int length
) {
    A dot = 0, sum = 0;
    for (Int i = threadIdx.x; i < samples * positions; i += THREADS) {
        Int at = (i / positions * channels + blockIdx.x) * positions + i % positions;
        Int row = at / length;
        dot += (A)gradient[at] * ((A)input[at] - means[row]) * scales[row];
        sum += (A)gradient[at];
    }
    dot = block_sum(dot);
    sum = block_sum(sum);
    if (threadIdx.x == 0) {
        of_weight[blockIdx.x] = (T)dot;
        of_bias[blockIdx.x] = (T)sum;
    }
}

#define IN_CHANNEL(i) (((i) / positions * channels + blockIdx.x) * positions + (i) % positions)

KERNEL normalize_channels(
    const T* input, const T* weight, const T* bias, T* result, A* means, A* variances, A* scales, Int samples,
    Int channels, Int positions, double eps
) {
    Int count = samples * positions;
    A mean = 0, square = 0;
    for (Int i = threadIdx.x; i < count; i += THREADS) mean += (A)input[IN_CHANNEL(i)];
    mean = block_sum(mean) / (A)count;
    for (Int i = threadIdx.x; i < count; i += THREADS) {
        A deviation = (A)input[IN_CHANNEL(i)] - mean;
        square += deviation * deviation;
    }
    A variance = block_sum(square) / (A)count;
    A scale = (A)1 / sqrt(variance + (A)eps);
    A slope = weight ? scale * (A)weight[blockIdx.x] : scale, offset = bias ? (A)bias[blockIdx.x] : (A)0;
    for (Int i = threadIdx.x; i < count; i += THREADS) {
        Int at = IN_CHANNEL(i);
        result[at] = (T)(((A)input[at] - mean) * slope + offset);
    }
    if (threadIdx.x == 0) {
        means[blockIdx.x] = mean;
        variances[blockIdx.x] = variance;
        scales[blockIdx.x] = scale;
    }
}

KERNEL normalize_channels_backward(
    const T* gradient, const T* input, const T* weight, const A* means, const A* scales, T* result, T* of_weight,
    T* of_bias, Int samples, Int channels, Int positions
) {
    Int count = samples * positions;
    A mean = means[blockIdx.x], scale = scales[blockIdx.x], sum = 0, dot = 0;
    for (Int i = threadIdx.x; i < count; i += THREADS) {
        Int at = IN_CHANNEL(i);
        sum += (A)gradient[at];
        dot += (A)gradient[at] * ((A)input[at] - mean) * scale;
    }
    sum = block_sum(sum);
    dot = block_sum(dot);
    if (threadIdx.x == 0) {
        of_weight[blockIdx.x] = (T)dot;
        of_bias[blockIdx.x] = (T)sum;
    }
    A slope = weight ? scale * (A)weight[blockIdx.x] : scale;
    for (Int i = threadIdx.x; i < count; i += THREADS) {
        Int at = IN_CHANNEL(i);
        A deviation = ((A)input[at] - mean) * scale;
        result[at] = (T)(((A)gradient[at] - (sum + deviation * dot) / (A)count) * slope);
    }
}
