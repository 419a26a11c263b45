// The fused loops for x86-64-v3 (AVX2 and FMA); built with the flags that setup.py gives this file alone.
#define I2DL_FUSED kAvx2Fused
#define I2DL_VECTOR_BYTES 32
#include "fused_body.h"
