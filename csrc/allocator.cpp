#include "allocator.h"

#include <pthread.h>
#include <sys/mman.h>

#include <algorithm>
#include <atomic>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <mutex>
#include <new>

namespace i2dl {
namespace {

// What stands before the bytes of an array. A small one has the last 16 bytes of it alone.
struct alignas(64) Block {
    Block *newer, *older;  // among all that are kept
    Block *above, *below;  // among those of one class, the last that was freed on top
    uint64_t capacity;     // bytes that follow; a size of a class
    uint64_t unused;
    uint64_t size;  // that was asked for
    uint32_t size_class;
    uint32_t padding;
};
static_assert(sizeof(Block) == 64, "the bytes that follow must be aligned to 64");

struct SmallHeader {
    uint64_t size;
    uint32_t size_class;
    uint32_t padding;
};
static_assert(sizeof(SmallHeader) == 16 && offsetof(Block, size) == 48, "both must end alike");

constexpr uint32_t kSmall = std::numeric_limits<uint32_t>::max();
constexpr uint32_t kStepsPerDoubling = 8;  // at most an eighth of a block is not asked for
constexpr uint32_t kSmallestBits = 12;     // of kSmallestKept
constexpr uint32_t kLargestBits = 40;
constexpr uint32_t kClasses = (kLargestBits - kSmallestBits) * kStepsPerDoubling + 1;
constexpr size_t kMapped = size_t{256} << 10;   // from here on blocks are mapped, and leave no holes when returned
constexpr size_t kHugePages = size_t{4} << 20;  // as NumPy has it
constexpr size_t kPage = 4096;                  // or a part of one
constexpr uint64_t kLeastSlack = uint64_t{4} << 20, kMostSlack = uint64_t{16} << 20;
constexpr uint64_t kDefaultLimit = uint64_t{256} << 20;

uint32_t bits_of(uint64_t value) {
    uint32_t bits = 0;
    while (value >>= 1) ++bits;
    return bits;
}

// The least class whose capacity is at least `size`.
uint32_t class_of(size_t size) {
    if (size <= kSmallestKept) return 0;
    const uint64_t last = static_cast<uint64_t>(size) - 1;
    const uint32_t bits = bits_of(last);
    const uint64_t base = uint64_t{1} << bits, step = base / kStepsPerDoubling;
    return (bits - kSmallestBits) * kStepsPerDoubling + static_cast<uint32_t>((last - base) / step) + 1;
}

uint64_t capacity_of(uint32_t size_class) {
    const uint64_t base = uint64_t{1} << (kSmallestBits + size_class / kStepsPerDoubling);
    return base + base / kStepsPerDoubling * (size_class % kStepsPerDoubling);
}

void* c_allocate(void*, size_t size) { return std::malloc(size); }
void* c_allocate_zeros(void*, size_t count, size_t size) { return std::calloc(count, size); }
void* c_reallocate(void*, void* memory, size_t size) { return std::realloc(memory, size); }
void c_free(void*, void* memory, size_t) { std::free(memory); }

SmallMemory small = {nullptr, c_allocate, c_allocate_zeros, c_reallocate, c_free};

SmallHeader* header_of(void* memory) { return static_cast<SmallHeader*>(memory) - 1; }
Block* block_of(void* memory) { return static_cast<Block*>(memory) - 1; }
bool is_mapped(uint64_t capacity) { return capacity >= kMapped; }

// One page more than the bytes, in which the block begins.
size_t mapped_bytes(uint64_t capacity) { return static_cast<size_t>(capacity) + kPage; }

Block* block_from_system(uint32_t size_class) {
    const uint64_t capacity = capacity_of(size_class);
    void* memory;
    if (is_mapped(capacity)) {
        const size_t total = mapped_bytes(capacity);
        memory = mmap(nullptr, total, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        if (memory == MAP_FAILED) return nullptr;
#if defined(MADV_HUGEPAGE)
        if (capacity >= kHugePages) madvise(memory, total, MADV_HUGEPAGE);
#endif
        // Arrays that all began at the same place of a page would share few sets of the caches, and a load from one
        // would wait for a store to the other.
        static std::atomic<uint32_t> count{0};
        const size_t place = count.fetch_add(1, std::memory_order_relaxed) * 21 % (kPage / sizeof(Block));
        memory = static_cast<char*>(memory) + place * sizeof(Block);
    } else {
        const size_t total = static_cast<size_t>(capacity) + sizeof(Block);
        memory = std::aligned_alloc(alignof(Block), total);  // both are multiples of 64
        if (!memory) return nullptr;
    }
    Block* block = new (memory) Block{};
    block->capacity = capacity;
    block->size_class = size_class;
    return block;
}

void block_to_system(Block* block) {
    if (is_mapped(block->capacity)) {
        const uintptr_t address = reinterpret_cast<uintptr_t>(block);
        munmap(reinterpret_cast<void*>(address / kPage * kPage), mapped_bytes(block->capacity));
    } else {
        std::free(block);
    }
}

// Blocks that were taken out of the cache are chained by `below`, and returned after the lock was given back.
void all_to_system(Block* first) {
    while (first) {
        Block* next = first->below;
        block_to_system(first);
        first = next;
    }
}

class Cache {
  public:
    // A kept block of this class, or null. Where a new one would bring what is in use and what is kept above what the
    // process may have, a kept block of up to twice the size does; `evicted` is what must be returned to the system.
    Block* take(uint32_t size_class, Block** evicted) {
        std::lock_guard<std::mutex> lock(mutex);
        const uint64_t capacity = capacity_of(size_class);
        Block* block = top_[size_class];
        if (!block && statistics_.live_bytes + capacity + statistics_.cached_bytes > footprint(capacity)) {
            for (uint32_t larger = size_class + 1; !block && larger <= size_class + kStepsPerDoubling; ++larger) {
                if (larger < kClasses) block = top_[larger];
            }
        }
        if (block) {
            remove(block);
            ++statistics_.hits;
        } else {
            ++statistics_.misses;
        }
        statistics_.live_bytes += block ? block->capacity : capacity;
        if (statistics_.live_bytes > statistics_.peak_bytes) statistics_.peak_bytes = statistics_.live_bytes;
        if (!block) *evicted = evict(footprint(0) - statistics_.live_bytes);
        return block;
    }

    // What must be returned to the system because there is too much.
    Block* put(Block* block) {
        std::lock_guard<std::mutex> lock(mutex);
        statistics_.live_bytes -= block->capacity;
        if (block->capacity > statistics_.limit_bytes) {
            block->below = nullptr;
            return block;
        }
        add(block);
        return evict(statistics_.limit_bytes);
    }

    void not_taken(uint32_t size_class) {
        std::lock_guard<std::mutex> lock(mutex);
        statistics_.live_bytes -= capacity_of(size_class);
    }

    Block* set_limit(uint64_t bytes) {
        std::lock_guard<std::mutex> lock(mutex);
        statistics_.limit_bytes = bytes;
        return evict(bytes);
    }

    Block* empty(uint64_t* bytes) {
        std::lock_guard<std::mutex> lock(mutex);
        *bytes = statistics_.cached_bytes;
        return evict(0);
    }

    AllocatorStatistics statistics() {
        std::lock_guard<std::mutex> lock(mutex);
        return statistics_;
    }

    std::mutex mutex;

  private:
    // What may be in use and kept together when `more` is asked for: a quarter and some more than was in use at any
    // time, so that sizes that take turns each have a block.
    uint64_t footprint(uint64_t more) const {
        const uint64_t in_use = statistics_.live_bytes + more;
        const uint64_t peak = in_use > statistics_.peak_bytes ? in_use : statistics_.peak_bytes;
        return peak + std::min(peak / 4, kMostSlack) + kLeastSlack;
    }

    void add(Block* block) {
        statistics_.cached_bytes += block->capacity;
        block->newer = nullptr;
        block->older = newest_;
        (newest_ ? newest_->newer : oldest_) = block;
        newest_ = block;
        Block*& top = top_[block->size_class];
        block->above = nullptr;
        block->below = top;
        if (top) top->above = block;
        top = block;
    }

    void remove(Block* block) {
        statistics_.cached_bytes -= block->capacity;
        (block->newer ? block->newer->older : newest_) = block->older;
        (block->older ? block->older->newer : oldest_) = block->newer;
        (block->above ? block->above->below : top_[block->size_class]) = block->below;
        if (block->below) block->below->above = block->above;
    }

    // Take out the oldest until at most `bytes` are kept.
    Block* evict(uint64_t bytes) {
        Block* chain = nullptr;
        while (statistics_.cached_bytes > bytes) {
            Block* block = oldest_;
            remove(block);
            block->below = chain;
            chain = block;
        }
        return chain;
    }

    Block* top_[kClasses] = {};
    Block *newest_ = nullptr, *oldest_ = nullptr;
    AllocatorStatistics statistics_ = {0, 0, 0, 0, 0, kDefaultLimit};
};

// Never destroyed: arrays are freed until the very end of the process. A child of fork gets the lock unlocked, and what
// is kept with it.
Cache& cache() {
    static Cache* const only = [] {
        pthread_atfork([] { cache().mutex.lock(); }, [] { cache().mutex.unlock(); }, [] { cache().mutex.unlock(); });
        return new Cache;
    }();
    return *only;
}

}  // namespace

void set_small_memory(const SmallMemory& memory) { small = memory; }

void* cached_allocate(size_t size, bool zeros) {
    if (size < kSmallestKept) {
        const size_t total = size + sizeof(SmallHeader);
        void* memory = zeros ? small.allocate_zeros(small.context, 1, total) : small.allocate(small.context, total);
        if (!memory) return nullptr;
        SmallHeader* header = static_cast<SmallHeader*>(memory);
        header->size = size;
        header->size_class = kSmall;
        return header + 1;
    }
    if (size > (size_t{1} << (kLargestBits - 1))) return nullptr;
    const uint32_t size_class = class_of(size);
    Block* evicted = nullptr;
    Block* block = cache().take(size_class, &evicted);
    all_to_system(evicted);
    const bool fresh = !block;
    if (fresh) {
        block = block_from_system(size_class);
        if (!block) {  // what is kept may be what is missing
            empty_cache();
            block = block_from_system(size_class);
        }
        if (!block) {
            cache().not_taken(size_class);
            return nullptr;
        }
    }
    block->size = size;
    if (zeros && !(fresh && is_mapped(block->capacity))) std::memset(block + 1, 0, size);
    return block + 1;
}

void* cached_reallocate(void* memory, size_t size) {
    if (!memory) return cached_allocate(size, false);
    SmallHeader* header = header_of(memory);
    if (header->size_class == kSmall && size < kSmallestKept) {
        void* moved = small.reallocate(small.context, header, size + sizeof(SmallHeader));
        if (!moved) return nullptr;
        header = static_cast<SmallHeader*>(moved);
        header->size = size;
        return header + 1;
    }
    if (header->size_class != kSmall && size >= kSmallestKept && class_of(size) == header->size_class) {
        header->size = size;
        return memory;
    }
    void* other = cached_allocate(size, false);
    if (!other) return nullptr;
    std::memcpy(other, memory, header->size < size ? static_cast<size_t>(header->size) : size);
    cached_free(memory);
    return other;
}

void cached_free(void* memory) {
    if (!memory) return;
    SmallHeader* header = header_of(memory);
    if (header->size_class == kSmall) {
        small.free(small.context, header, static_cast<size_t>(header->size) + sizeof(SmallHeader));
    } else {
        all_to_system(cache().put(block_of(memory)));
    }
}

void set_cache_limit(uint64_t bytes) { all_to_system(cache().set_limit(bytes)); }

uint64_t empty_cache() {
    uint64_t bytes = 0;
    all_to_system(cache().empty(&bytes));
    return bytes;
}

AllocatorStatistics allocator_statistics() { return cache().statistics(); }

}  // namespace i2dl
