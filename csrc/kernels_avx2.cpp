// The inner loops for x86-64-v3 (AVX2 and FMA); built with the flags that setup.py gives this file alone.
#define I2DL_KERNELS kAvx2Kernels
#define I2DL_NAME "avx2"
#define I2DL_VECTOR_BYTES 32
#define I2DL_REGISTERS 16
#include "kernels_body.h"
