// The interpreter's lock, given back while a kernel computes.
#pragma once

#include <Python.h>
#include <unistd.h>

#include <cstdint>

namespace i2dl {

// Takes the lock again. Where the interpreter has begun to shut down, Python before 3.14 ends a daemon thread here by
// pthread_exit(), which unwinds the stack like an exception: destructors on the way would abort the process, or release
// Python's objects without the lock. Such a thread sleeps until the process ends, as it does from 3.14 on.
inline void take_lock(PyThreadState* state) {
    try {
        PyEval_RestoreThread(state);
    } catch (...) {
        for (;;) pause();
    }
}

// Lets other Python threads run for as long as it lives; for work on few elements it is not worth the time.
class Unlocked {
  public:
    Unlocked() : state_(PyEval_SaveThread()) {}
    explicit Unlocked(int64_t elements) : state_(elements >= 1 << 14 ? PyEval_SaveThread() : nullptr) {}
    ~Unlocked() {
        if (state_) take_lock(state_);
    }
    Unlocked(const Unlocked&) = delete;
    Unlocked& operator=(const Unlocked&) = delete;

  private:
    PyThreadState* state_;
};

}  // namespace i2dl
