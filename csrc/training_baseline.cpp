// The inner loops of a training step for what every processor of the architecture has.
#define I2DL_VECTOR_BYTES 16
#define I2DL_OPTIMIZATION kOptimizationBaseline
#include "optimization_body.h"
