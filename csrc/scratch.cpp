#include "scratch.h"

#include <cstdlib>
#include <new>

namespace i2dl {
namespace {

constexpr int64_t kKeptBytes = int64_t{32} << 20;

struct Block {
    void* memory = nullptr;
    int64_t bytes = 0;
    ~Block() { release(); }
    void release() {
        std::free(memory);
        memory = nullptr;
        bytes = 0;
    }
};

thread_local Block blocks[static_cast<int>(Scratch::kCount)];

}  // namespace

void* scratch_bytes(Scratch slot, int64_t bytes) {
    Block& block = blocks[static_cast<int>(slot)];
    if (bytes < 64) bytes = 64;
    if (block.bytes < bytes) {
        block.release();
        const int64_t rounded = (bytes + 4095) / 4096 * 4096;
        block.memory = std::aligned_alloc(64, static_cast<size_t>(rounded));
        if (!block.memory) throw std::bad_alloc();
        block.bytes = rounded;
    }
    return block.memory;
}

void trim_scratch(bool shared) {
    const int end = static_cast<int>(shared ? Scratch::kCount : kFirstShared);
    for (int slot = 0; slot < end; ++slot) {
        if (blocks[slot].bytes > kKeptBytes) blocks[slot].release();
    }
}

}  // namespace i2dl
