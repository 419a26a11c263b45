// The fused loops for what every processor of the architecture has: SSE2 on x86-64, NEON on aarch64.
#define I2DL_FUSED kBaselineFused
#define I2DL_VECTOR_BYTES 16
#include "fused_body.h"
