// The fused loops for x86-64-v4 (AVX-512); built with the flags that setup.py gives this file alone.
#define I2DL_FUSED kAvx512Fused
#define I2DL_VECTOR_BYTES 64
#include "fused_body.h"
