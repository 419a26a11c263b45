// float16 and bfloat16 to float32 and back: kernels compute in float32 what comes in halves.
#pragma once

#include <cstdint>

namespace i2dl {

enum class Half { kFloat16, kBfloat16 };

// Exact.
void widen(Half kind, int64_t count, const uint16_t* from, float* to);

// To the nearest, ties to even; what is too large becomes infinite, and what is not a number stays so.
void narrow(Half kind, int64_t count, const float* from, uint16_t* to);

}  // namespace i2dl
