// Sums and maxima over the THREADS threads of a block, given to all of them. Every thread of the block must call them.
__device__ inline A block_sum(A value) {
    __shared__ A partial[THREADS];
    __syncthreads();
    partial[threadIdx.x] = value;
    for (int half = THREADS / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half) partial[threadIdx.x] += partial[threadIdx.x + half];
    }
    __syncthreads();
    return partial[0];
}

// The larger one; not-a-number wins.
__device__ inline A larger(A a, A b) { return a > b || is_nan(a) ? a : b; }

__device__ inline A block_max(A value) {
    __shared__ A partial[THREADS];
    __syncthreads();
    partial[threadIdx.x] = value;
    for (int half = THREADS / 2; half > 0; half /= 2) {
        __syncthreads();
        if (threadIdx.x < half) partial[threadIdx.x] = larger(partial[threadIdx.x], partial[threadIdx.x + half]);
    }
    __syncthreads();
    return partial[0];
}
