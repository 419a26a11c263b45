// The one pool of threads of the extension. Threads that wait are blocked by the system, they never spin; work is
// handed out piece by piece, so a thread that a busy machine keeps from running delays nobody. After a fork the child
// starts with an empty pool. When a second caller finds the pool busy, its work runs on its own thread.
#pragma once

#include <cstdint>
#include <functional>

namespace i2dl {

int get_num_threads();
void set_num_threads(int count);  // at least 1; throws std::invalid_argument

// Calls body(0) ... body(count - 1), each once, on up to get_num_threads() threads. The first exception is rethrown
// here.
void parallel_for(int64_t count, const std::function<void(int64_t)>& body);

}  // namespace i2dl
