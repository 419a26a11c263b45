// What every kernel is compiled with: T, the type of elements, and A, the type sums are made in. Half precision is
// stored only; its conversions are two instructions, so that no header of CUDA is needed.
#ifndef SHIM
struct half_t {
    unsigned short bits;
    __device__ half_t() {}
    __device__ half_t(float value) { asm("cvt.rn.f16.f32 %0, %1;" : "=h"(bits) : "f"(value)); }
    __device__ operator float() const {
        float value;
        asm("cvt.f32.f16 %0, %1;" : "=f"(value) : "h"(bits));
        return value;
    }
};
#endif

#if defined(USE_DOUBLE)
typedef double T;
typedef double A;
#elif defined(USE_HALF)
typedef half_t T;
typedef float A;
#else
typedef float T;
typedef float A;
#endif

typedef long long Int;

#define THREADS 256
#define ELEMENT (blockIdx.x * (Int)blockDim.x + threadIdx.x)
#define EACH(i, n) for (Int i = ELEMENT; i < (n); i += (Int)gridDim.x * blockDim.x)
#define KERNEL extern "C" __global__ void

// Minus infinity and not-a-number without a header.
__device__ inline A lowest() { return (A)(-1.0 / 0.0); }
__device__ inline bool is_nan(A x) { return x != x; }
