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
// here. `nanoseconds` is about what all of it takes on one thread; below `least_work` the caller's thread does it.
void parallel_for(int64_t count, double nanoseconds, const std::function<void(int64_t)>& body);

// Waking a thread takes 30 to 60 us, and on a busy machine it may lose its processor amid its piece, for milliseconds:
// less work than this is not shared. A step of a small network is made of such.
double least_work();
void set_least_work(double nanoseconds);  // for tests, whose arrays are small

}  // namespace i2dl
