// The inner loops of a training step for x86-64-v3; built with the flags that setup.py gives this file alone.
#define I2DL_VECTOR_BYTES 32
#define I2DL_REGISTERS 16
#define I2DL_PRODUCT kProductAvx2
#define I2DL_RECURRENT kRecurrentAvx2
#define I2DL_OPTIMIZATION kOptimizationAvx2
#include "optimization_body.h"
#include "product_body.h"
#include "recurrent_body.h"
