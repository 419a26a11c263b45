// Memory of arrays that is kept when they are freed and handed out again: fresh pages from the system cost more than
// most elementwise operations on them.
#pragma once

#include <cstddef>
#include <cstdint>

namespace i2dl {

// Where arrays below kSmallestKept bytes come from: NumPy's own allocator, or the C library's.
struct SmallMemory {
    void* context;
    void* (*allocate)(void* context, size_t size);
    void* (*allocate_zeros)(void* context, size_t count, size_t size);
    void* (*reallocate)(void* context, void* memory, size_t size);
    void (*free)(void* context, void* memory, size_t size);
};

struct AllocatorStatistics {
    uint64_t hits;          // requests of kept sizes that were served from what was kept
    uint64_t misses;        // and those for which the system was asked
    uint64_t live_bytes;    // handed out and not yet freed, in blocks of kept sizes
    uint64_t peak_bytes;    // the most that live_bytes ever was
    uint64_t cached_bytes;  // freed and kept
    uint64_t limit_bytes;   // the most that is kept
};

// Arrays from this size on are kept; smaller ones are what the small allocator is good at.
constexpr size_t kSmallestKept = 4096;

// Before the first allocation, once.
void set_small_memory(const SmallMemory& memory);

// At least `size` bytes, aligned to 64 from kSmallestKept on and to 16 below; null where there is no memory.
// All functions may be called by any thread, and by a child after fork.
void* cached_allocate(size_t size, bool zeros);
void* cached_reallocate(void* memory, size_t size);
void cached_free(void* memory);

// Keep at most this many bytes; what is above is returned to the system at once.
void set_cache_limit(uint64_t bytes);

// Return all that is kept to the system; how many bytes that were.
uint64_t empty_cache();

AllocatorStatistics allocator_statistics();

}  // namespace i2dl
