// Working memory that a thread keeps from one call to the next: fresh pages from the system cost more than most
// kernels.
#pragma once

#include <cstdint>

namespace i2dl {

enum class Scratch { kSlab, kColumns, kGradient, kRows, kTransformed, kProducts, kWeights, kPartial, kCount };
constexpr Scratch kFirstShared = Scratch::kWeights;

// At least `bytes` bytes, aligned to 64, with any content; valid until this thread asks for the same slot again.
// Throws std::bad_alloc.
void* scratch_bytes(Scratch slot, int64_t bytes);

// Frees what is unusually large: at the end of a piece of work, and with `shared` at the end of a call also what other
// threads were given to read.
void trim_scratch(bool shared);

template <typename T>
T* scratch(Scratch slot, int64_t count) {
    return static_cast<T*>(scratch_bytes(slot, count * static_cast<int64_t>(sizeof(T))));
}

}  // namespace i2dl
