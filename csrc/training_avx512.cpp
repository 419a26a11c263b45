// The inner loops of a training step for x86-64-v4; built with the flags that setup.py gives this file alone.
#define I2DL_VECTOR_BYTES 64
#define I2DL_REGISTERS 32
#define I2DL_PRODUCT kProductAvx512
#define I2DL_RECURRENT kRecurrentAvx512
#define I2DL_OPTIMIZATION kOptimizationAvx512
#include "optimization_body.h"
#include "product_body.h"
#include "recurrent_body.h"
