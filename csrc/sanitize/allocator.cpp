// Allocates, resizes and frees at random from several threads, blocks passing from one to the other, with a pattern in
// every block that must still be there when it is freed; then again in a child of fork. Built by sanitize.sh.
#include "../allocator.h"

#include <sys/wait.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <random>
#include <thread>
#include <vector>

using namespace i2dl;

namespace {

struct Held {
    unsigned char* memory;
    size_t size;
    unsigned char mark;
};

std::mutex mutex;
std::vector<Held> shared;

void require(bool condition, const char* what) {
    if (condition) return;
    std::fprintf(stderr, "allocator: %s\n", what);
    std::abort();
}

// The ends and some bytes between: a block may be large.
void mark(const Held& held) {
    for (size_t i = 0; i < held.size; i += held.size / 61 + 1) held.memory[i] = held.mark;
    if (held.size) held.memory[held.size - 1] = held.mark;
}

void check(const Held& held, size_t size) {
    for (size_t i = 0; i < size; i += held.size / 61 + 1) require(held.memory[i] == held.mark, "a byte has changed");
}

void work(unsigned seed, int rounds) {
    std::mt19937 generator(seed);
    std::vector<Held> own;
    for (int round = 0; round < rounds; ++round) {
        const size_t exponent = generator() % 23;
        const size_t size = generator() % (size_t{2} << exponent) + (round % 5 ? 0 : (size_t{1} << exponent) - 1);
        const bool zeros = generator() % 2;
        Held held = {static_cast<unsigned char*>(cached_allocate(size, zeros)), size,
                     static_cast<unsigned char>(generator())};
        require(held.memory != nullptr, "no memory");
        const size_t alignment = size >= kSmallestKept ? 64 : 16;
        require(reinterpret_cast<size_t>(held.memory) % alignment == 0, "misaligned");
        if (zeros) {
            for (size_t i = 0; i < size; ++i) require(held.memory[i] == 0, "not zero");
        }
        mark(held);
        if (generator() % 4 == 0) {
            const size_t other = generator() % (size * 3 + 1);
            held.memory = static_cast<unsigned char*>(cached_reallocate(held.memory, other));
            require(held.memory != nullptr, "no memory when resized");
            check(held, other < size ? other : size);
            held.size = other;
            mark(held);
        }
        own.push_back(held);
        if (own.size() > 20 || generator() % 2) {
            std::swap(own[generator() % own.size()], own.back());
            Held out = own.back();
            own.pop_back();
            {
                const std::lock_guard<std::mutex> lock(mutex);
                if (generator() % 3 == 0) {
                    shared.push_back(out);
                    std::swap(shared[generator() % shared.size()], shared.back());
                    out = shared.back();
                    shared.pop_back();
                }
                if (generator() % 50 == 0 && shared.size() < 30) {
                    shared.push_back(out);
                    continue;
                }
            }
            check(out, out.size);
            cached_free(out.memory);
        }
        if (generator() % 200 == 0) empty_cache();
        if (generator() % 200 == 0) set_cache_limit(generator() % (64u << 20));
        const AllocatorStatistics found = allocator_statistics();
        require(found.live_bytes <= found.peak_bytes, "more in use than ever was");
    }
    for (const Held& held : own) {
        check(held, held.size);
        cached_free(held.memory);
    }
}

void several(int rounds) {
    std::vector<std::thread> threads;
    for (unsigned seed = 0; seed < 4; ++seed) threads.emplace_back(work, seed, rounds);
    for (std::thread& thread : threads) thread.join();
    for (const Held& held : shared) cached_free(held.memory);
    shared.clear();
    empty_cache();
    const AllocatorStatistics found = allocator_statistics();
    require(found.live_bytes == 0 && found.cached_bytes == 0, "bytes are missing from the books");
}

}  // namespace

int main(int argc, char** argv) {
    const int rounds = argc > 1 ? std::atoi(argv[1]) : 1000;
    several(rounds);
    require(cached_allocate(size_t{1} << 62, false) == nullptr, "memory of a size that no machine has");
    // Fork while other threads are inside the allocator.
    std::thread busy(work, 99u, rounds);
    for (int child = 0; child < 5; ++child) {
        const pid_t pid = fork();
        if (pid == 0) {
            alarm(60);
            void* memory = cached_allocate(1 << 20, true);
            cached_free(memory);
            _exit(memory ? 0 : 1);
        }
        int status = 0;
        waitpid(pid, &status, 0);
        require(WIFEXITED(status) && WEXITSTATUS(status) == 0, "a child did not end well");
    }
    busy.join();
    for (const Held& held : shared) cached_free(held.memory);
    shared.clear();
    set_cache_limit(0);
    std::printf("allocator: %d rounds on 4 threads\n", rounds);
    return 0;
}
