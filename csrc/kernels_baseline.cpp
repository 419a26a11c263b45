// The inner loops for what every processor of the architecture has: SSE2 on x86-64, NEON on aarch64.
#define I2DL_KERNELS kBaselineKernels
#define I2DL_NAME "baseline"
#define I2DL_VECTOR_BYTES 16
#if defined(__aarch64__)
#define I2DL_REGISTERS 32
#else
#define I2DL_REGISTERS 16
#endif
#include "kernels_body.h"
