// The inner loops of a training step for what every processor of the architecture has.
#define I2DL_VECTOR_BYTES 16
#if defined(__aarch64__)
#define I2DL_REGISTERS 32
#else
#define I2DL_REGISTERS 16
#endif
#define I2DL_PRODUCT kProductBaseline
#define I2DL_RECURRENT kRecurrentBaseline
#define I2DL_OPTIMIZATION kOptimizationBaseline
#include "optimization_body.h"
#include "product_body.h"
#include "recurrent_body.h"
