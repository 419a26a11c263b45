// Convolution of (N, C, D, H, W) as a product of matrices whose columns are read where they lie (implicit GEMM): no
// unfolded copy is made. Fewer dimensions have leading sizes of one. The three products, per group:
//
//   forward          result[o, n p]   = sum over (c k) of weight[o, c k] * input[n, c, p s + k d - pad]
//   input gradient   result[c, n q]   = sum over (o k) of weight[o, c k] * gradient[n, o, (q + pad - k d) / s]
//   weight gradient  result[o, c k]   = sum over (n p) of gradient[n, o, p] * input[n, c, p s + k d - pad]
//
// A block of THREADS threads computes a tile of 64 x 64 results, 16 a thread, from slices of 16 of the sum.
#include "reduction.cuh"

#define GEOMETRY                                                                                                    \
    Int N, Int C, Int O, Int groups, Int D, Int H, Int W, Int od, Int oh, Int ow, Int kd, Int kh, Int kw, Int sd,   \
        Int sh, Int sw, Int pd, Int ph, Int pw, Int dd, Int dh, Int dw
#define SAME N, C, O, groups, D, H, W, od, oh, ow, kd, kh, kw, sd, sh, sw, pd, ph, pw, dd, dh, dw
#define KERNEL_SIZE (kd * kh * kw)
#define COUNTS (od * oh * ow)
#define SPATIAL (D * H * W)

// The input that output place p of a sample meets at offset k; zero in the padding.
__device__ inline A seen(const T* plane, Int p, Int k, GEOMETRY) {
    Int z = p / (oh * ow) * sd - pd + k / (kh * kw) * dd;
    Int h = p / ow % oh * sh - ph + k / kw % kh * dh;
    Int w = p % ow * sw - pw + k % kw * dw;
    return z < 0 || z >= D || h < 0 || h >= H || w < 0 || w >= W ? (A)0 : (A)plane[(z * H + h) * W + w];
}

// The gradient of the output place that meets input place q at offset k; zero where there is none.
__device__ inline A meeting(const T* plane, Int q, Int k, GEOMETRY) {
    Int z = q / (H * W) + pd - k / (kh * kw) * dd, h = q / W % H + ph - k / kw % kh * dh, w = q % W + pw - k % kw * dw;
    if (z < 0 || h < 0 || w < 0 || z % sd || h % sh || w % sw) return 0;
    z /= sd, h /= sh, w /= sw;
    return z >= od || h >= oh || w >= ow ? (A)0 : (A)plane[(z * oh + h) * ow + w];
}

#define TILE 64
#define SLICE 16

// result(m, n) = sum over k < K of LEFT(m, k) * RIGHT(k, n), for m < rows and n < columns, stored by STORE(m, n, value).
#define PRODUCT(rows, columns, K, LEFT, RIGHT, STORE)                                              \
    __shared__ A left[SLICE][TILE], right[SLICE][TILE];                                            \
    Int first_row = blockIdx.y * (Int)TILE, first_column = blockIdx.x * (Int)TILE;                 \
    int x = threadIdx.x % 16, y = threadIdx.x / 16;                                                \
    A sums[4][4] = {{0}};                                                                          \
    for (Int start = 0; start < (K); start += SLICE) {                                             \
        for (int i = threadIdx.x; i < SLICE * TILE; i += THREADS) {                                \
            Int k = start + i % SLICE, m = first_row + i / SLICE;                                  \
            left[i % SLICE][i / SLICE] = k < (K) && m < (rows) ? LEFT(m, k) : (A)0;                \
            k = start + i / TILE;                                                                  \
            Int n = first_column + i % TILE;                                                       \
            right[i / TILE][i % TILE] = k < (K) && n < (columns) ? RIGHT(k, n) : (A)0;             \
        }                                                                                          \
        __syncthreads();                                                                           \
        for (int k = 0; k < SLICE; k++)                                                            \
            for (int i = 0; i < 4; i++)                                                            \
                for (int j = 0; j < 4; j++) sums[i][j] += left[k][y + 16 * i] * right[k][x + 16 * j]; \
        __syncthreads();                                                                           \
    }                                                                                              \
    for (int i = 0; i < 4; i++)                                                                    \
        for (int j = 0; j < 4; j++) {                                                              \
            Int m = first_row + y + 16 * i, n = first_column + x + 16 * j;                         \
            if (m < (rows) && n < (columns)) STORE(m, n, sums[i][j]);                              \
        }

KERNEL conv(const T* input, const T* weight, const T* bias, T* result, GEOMETRY) {
    Int group = blockIdx.z, channels = C / groups, outputs = O / groups;
#define LEFT(m, k) (A)weight[(group * outputs + (m)) * channels * KERNEL_SIZE + (k)]
#define RIGHT(k, n)                                                                                         \
    seen(input + ((n) / COUNTS * C + group * channels + (k) / KERNEL_SIZE) * SPATIAL, (n) % COUNTS, \
         (k) % KERNEL_SIZE, SAME)
#define STORE(m, n, value)                                                                              \
    result[((n) / COUNTS * O + group * outputs + (m)) * COUNTS + (n) % COUNTS] =                        \
        (T)((value) + (bias ? (A)bias[group * outputs + (m)] : (A)0))
    PRODUCT(outputs, N * COUNTS, channels * KERNEL_SIZE, LEFT, RIGHT, STORE)
#undef LEFT
#undef RIGHT
#undef STORE
}

KERNEL conv_input_gradient(const T* gradient, const T* weight, T* result, GEOMETRY) {
    Int group = blockIdx.z, channels = C / groups, outputs = O / groups;
#define LEFT(m, k) \
    (A)weight[((group * outputs + (k) / KERNEL_SIZE) * channels + (m)) * KERNEL_SIZE + (k) % KERNEL_SIZE]
#define RIGHT(k, n)                                                                                               \
    meeting(gradient + ((n) / SPATIAL * O + group * outputs + (k) / KERNEL_SIZE) * COUNTS, (n) % SPATIAL, \
            (k) % KERNEL_SIZE, SAME)
#define STORE(m, n, value) result[((n) / SPATIAL * C + group * channels + (m)) * SPATIAL + (n) % SPATIAL] = (T)(value)
    PRODUCT(channels, N * SPATIAL, outputs * KERNEL_SIZE, LEFT, RIGHT, STORE)
#undef LEFT
#undef RIGHT
#undef STORE
}

KERNEL conv_weight_gradient(const T* gradient, const T* input, T* result, GEOMETRY) {
    Int group = blockIdx.z, channels = C / groups, outputs = O / groups;
#define LEFT(m, k) (A)gradient[((k) / COUNTS * O + group * outputs + (m)) * COUNTS + (k) % COUNTS]
#define RIGHT(k, n)                                                                                         \
    seen(input + ((k) / COUNTS * C + group * channels + (n) / KERNEL_SIZE) * SPATIAL, (k) % COUNTS, \
         (n) % KERNEL_SIZE, SAME)
#define STORE(m, n, value) result[(group * outputs + (m)) * channels * KERNEL_SIZE + (n)] = (T)(value)
    PRODUCT(outputs, channels * KERNEL_SIZE, N * COUNTS, LEFT, RIGHT, STORE)
#undef LEFT
#undef RIGHT
#undef STORE
}

// The same for groups of few outputs or channels, where most of a tile would be empty: a thread a result.
KERNEL conv_direct(const T* input, const T* weight, const T* bias, T* result, GEOMETRY) {
    Int channels = C / groups, outputs = O / groups;
    EACH(i, N * O * COUNTS) {
        Int p = i % COUNTS, o = i / COUNTS % O, n = i / COUNTS / O;
        A sum = bias ? (A)bias[o] : (A)0;
        for (Int c = 0; c < channels; c++) {
            const T* plane = input + (n * C + o / outputs * channels + c) * SPATIAL;
            for (Int k = 0; k < KERNEL_SIZE; k++)
                sum += (A)weight[(o * channels + c) * KERNEL_SIZE + k] * seen(plane, p, k, SAME);
        }
        result[i] = (T)sum;
    }
}

KERNEL conv_input_gradient_direct(const T* gradient, const T* weight, T* result, GEOMETRY) {
    Int channels = C / groups, outputs = O / groups;
    EACH(i, N * C * SPATIAL) {
        Int q = i % SPATIAL, c = i / SPATIAL % C, n = i / SPATIAL / C;
        A sum = 0;
        for (Int o = c / channels * outputs; o < (c / channels + 1) * outputs; o++) {
            const T* plane = gradient + (n * O + o) * COUNTS;
            for (Int k = 0; k < KERNEL_SIZE; k++)
                sum += (A)weight[(o * channels + c % channels) * KERNEL_SIZE + k] * meeting(plane, q, k, SAME);
        }
        result[i] = (T)sum;
    }
}

// A block a weight.
KERNEL conv_weight_gradient_direct(const T* gradient, const T* input, T* result, GEOMETRY) {
    Int channels = C / groups, outputs = O / groups;
    Int k = blockIdx.x % KERNEL_SIZE, c = blockIdx.x / KERNEL_SIZE % channels, o = blockIdx.x / KERNEL_SIZE / channels;
    A sum = 0;
    for (Int i = threadIdx.x; i < N * COUNTS; i += THREADS) {
        Int n = i / COUNTS, p = i % COUNTS;
        sum += (A)gradient[(n * O + o) * COUNTS + p] *
               seen(input + (n * C + o / outputs * channels + c) * SPATIAL, p, k, SAME);
    }
    sum = block_sum(sum);
    if (threadIdx.x == 0) result[blockIdx.x] = (T)sum;
}

// All windows of planes as columns (planes, kernel, counts).
KERNEL im2col(const T* input, T* columns, Int count, GEOMETRY) {
    EACH(i, count) {
        Int p = i % COUNTS, k = i / COUNTS % KERNEL_SIZE;
        columns[i] = (T)seen(input + i / COUNTS / KERNEL_SIZE * SPATIAL, p, k, SAME);
    }
}

// The adjoint: every place of a plane gathers from the columns that it went to.
KERNEL col2im(const T* columns, T* result, Int count, GEOMETRY) {
    EACH(i, count) {
        Int q = i % SPATIAL;
        A sum = 0;
        for (Int k = 0; k < KERNEL_SIZE; k++)
            sum += meeting(columns + (i / SPATIAL * KERNEL_SIZE + k) * COUNTS, q, k, SAME);
        result[i] = (T)sum;
    }
}
