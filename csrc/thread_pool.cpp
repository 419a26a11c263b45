#include "thread_pool.h"

#include <pthread.h>
#if defined(__linux__)
#include <sched.h>
#endif

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <exception>
#include <mutex>
#include <stdexcept>
#include <system_error>
#include <thread>

namespace i2dl {
namespace {

constexpr int kMaxThreads = 1024;

int default_threads() {
    int count = static_cast<int>(std::thread::hardware_concurrency());
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) count = CPU_COUNT(&set);
#endif
    // The variable that users already set for NumPy's BLAS and for PyTorch.
    if (const char* text = std::getenv("OMP_NUM_THREADS")) {
        const int asked = std::atoi(text);
        if (asked > 0) count = asked;
    }
    return std::clamp(count, 1, kMaxThreads);
}

class Pool {
  public:
    void run(int64_t count, int threads, const std::function<void(int64_t)>& body) {
        {
            std::unique_lock<std::mutex> lock(mutex_);
            try {
                while (workers_ < threads - 1) {
                    std::thread([this] { work(); }).detach();
                    ++workers_;
                }
            } catch (const std::system_error&) {  // the system gives no more threads: those that are there do the work
            }
            body_ = &body;
            count_ = count;
            next_.store(0);
            failure_ = nullptr;
            places_ = std::min(threads - 1, workers_);
        }
        wake_.notify_all();
        claim(body, count);
        std::unique_lock<std::mutex> lock(mutex_);
        places_ = 0;  // who wakes up only now finds nothing to do
        done_.wait(lock, [this] { return active_ == 0; });
        body_ = nullptr;
        if (failure_) std::rethrow_exception(failure_);
    }

    std::mutex busy;

  private:
    void claim(const std::function<void(int64_t)>& body, int64_t count) {
        for (;;) {
            const int64_t index = next_.fetch_add(1);
            if (index >= count) return;
            try {
                body(index);
            } catch (...) {
                std::lock_guard<std::mutex> lock(mutex_);
                if (!failure_) failure_ = std::current_exception();
                next_.store(count);
            }
        }
    }

    void work() {
        std::unique_lock<std::mutex> lock(mutex_);
        for (;;) {
            wake_.wait(lock, [this] { return places_ > 0; });
            --places_;
            ++active_;
            const auto* body = body_;
            const int64_t count = count_;
            lock.unlock();
            claim(*body, count);
            lock.lock();
            if (--active_ == 0) done_.notify_one();
        }
    }

    std::mutex mutex_;
    std::condition_variable wake_, done_;
    const std::function<void(int64_t)>* body_ = nullptr;
    int64_t count_ = 0;
    std::atomic<int64_t> next_{0};
    std::exception_ptr failure_;
    int workers_ = 0, places_ = 0, active_ = 0;
};

std::atomic<int> thread_count{0};
std::atomic<double> work_worth_sharing{250e3};
std::atomic<Pool*> pool{nullptr};
thread_local bool inside = false;

// The pool is never destroyed: its threads may outlive every other static object. After a fork the child's copy is
// dropped, since its threads do not exist there and its locks may be held by them.
Pool& the_pool() {
    Pool* found = pool.load();
    if (!found) {
        static const int registered = pthread_atfork(nullptr, nullptr, [] { pool.store(nullptr); });
        static_cast<void>(registered);
        Pool* fresh = new Pool;
        if (pool.compare_exchange_strong(found, fresh)) {
            found = fresh;
        } else {
            delete fresh;
        }
    }
    return *found;
}

}  // namespace

int get_num_threads() {
    int count = thread_count.load();
    if (count == 0) {
        int none = 0;
        thread_count.compare_exchange_strong(none, default_threads());
        count = thread_count.load();
    }
    return count;
}

void set_num_threads(int count) {
    if (count < 1)
        throw std::invalid_argument("the number of threads must be at least 1, got " + std::to_string(count));
    thread_count.store(std::min(count, kMaxThreads));
}

double least_work() { return work_worth_sharing.load(); }
void set_least_work(double nanoseconds) { work_worth_sharing.store(nanoseconds); }

void parallel_for(int64_t count, double nanoseconds, const std::function<void(int64_t)>& body) {
    const int threads = static_cast<int>(std::min<int64_t>(get_num_threads(), count));
    if (threads > 1 && !inside && nanoseconds >= least_work()) {
        Pool& shared = the_pool();
        std::unique_lock<std::mutex> lock(shared.busy, std::try_to_lock);
        if (lock.owns_lock()) {
            shared.run(count, threads, [&](int64_t index) {
                inside = true;
                struct Leave {
                    ~Leave() { inside = false; }
                } leave;
                body(index);
            });
            return;
        }
    }
    for (int64_t index = 0; index < count; ++index) body(index);
}

}  // namespace i2dl
