// The inner loops for x86-64-v4 (AVX-512); built with the flags that setup.py gives this file alone.
#define I2DL_KERNELS kAvx512Kernels
#define I2DL_NAME "avx512"
#define I2DL_VECTOR_BYTES 64
#define I2DL_REGISTERS 32
#include "kernels_body.h"
