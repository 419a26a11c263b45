// The formats as IEEE 754 binary16 and the upper half of binary32. Without branches, so that the loops become vectors.
#include "half.h"

#include <algorithm>
#include <cstring>

#include "arithmetic.h"
#include "thread_pool.h"

namespace i2dl {
namespace {

uint32_t bits_of(float value) {
    uint32_t bits;
    std::memcpy(&bits, &value, sizeof bits);
    return bits;
}

float float_of(uint32_t bits) {
    float value;
    std::memcpy(&value, &bits, sizeof value);
    return value;
}

// The bits moved into place make a number 2^112 times too small, also where they stand for a subnormal one.
float from_float16(uint16_t half) {
    const uint32_t body = static_cast<uint32_t>(half & 0x7fff) << 13;
    const uint32_t scaled = bits_of(float_of(body) * float_of(239u << 23));
    const uint32_t special = body >= (0x7c00u << 13) ? 255u << 23 : 0;  // infinite, or not a number
    return float_of(scaled | special | static_cast<uint32_t>(half & 0x8000) << 16);
}

uint16_t to_float16(float value) {
    const uint32_t bits = bits_of(value), sign = bits & 0x80000000u, body = bits ^ sign;
    const uint32_t large = body > (255u << 23) ? 0x7e00u : 0x7c00u;
    // The addition rounds a subnormal result to its last digit.
    constexpr uint32_t kHalf = 126u << 23;
    const uint32_t small = bits_of(float_of(body) + float_of(kHalf)) - kHalf;
    const uint32_t usual = (body - (112u << 23) + 0xfffu + (body >> 13 & 1)) >> 13;
    const uint32_t half = body >= (143u << 23) ? large : body < (113u << 23) ? small : usual;
    return static_cast<uint16_t>(half | sign >> 16);
}

float from_bfloat16(uint16_t half) { return float_of(static_cast<uint32_t>(half) << 16); }

uint16_t to_bfloat16(float value) {
    const uint32_t bits = bits_of(value);
    const uint32_t rounded = (bits + 0x7fffu + (bits >> 16 & 1)) >> 16;
    return static_cast<uint16_t>((bits & 0x7fffffffu) > (255u << 23) ? bits >> 16 | 0x40u : rounded);
}

constexpr int64_t kShare = 1 << 15;  // elements that are worth handing to another thread

template <typename Body>
void for_shares(int64_t count, Body body) {
    parallel_for(ceil_divide(count, kShare), 0.2 * static_cast<double>(count), [&](int64_t index) {
        const int64_t end = std::min(count, (index + 1) * kShare);
        for (int64_t i = index * kShare; i < end; ++i) body(i);
    });
}

}  // namespace

void widen(Half kind, int64_t count, const uint16_t* from, float* to) {
    if (kind == Half::kFloat16) {
        for_shares(count, [=](int64_t i) { to[i] = from_float16(from[i]); });
    } else {
        for_shares(count, [=](int64_t i) { to[i] = from_bfloat16(from[i]); });
    }
}

void narrow(Half kind, int64_t count, const float* from, uint16_t* to) {
    if (kind == Half::kFloat16) {
        for_shares(count, [=](int64_t i) { to[i] = to_float16(from[i]); });
    } else {
        for_shares(count, [=](int64_t i) { to[i] = to_bfloat16(from[i]); });
    }
}

}  // namespace i2dl
