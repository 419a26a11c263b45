// Runs CUDA kernels on the CPU: blocks one after the other, the threads of a block one after the other too, or, where the
// kernel has barriers, as fibers that take turns at each barrier. Slow and exact: for tests.
#define SHIM
#include <cmath>
#include <cstring>
#include <setjmp.h>
#include <ucontext.h>
#include <utility>

struct dim3 {
    unsigned x, y, z;
};
static dim3 gridDim, blockDim, blockIdx, threadIdx;

#define __global__
#define __device__
#define __shared__ static  // one block at a time

typedef _Float16 half_t;

using std::exp;
using std::log;
using std::sqrt;

template <class V>
V atomicAdd(V* address, V value) {
    V before = *address;
    *address += value;
    return before;
}

// Fibers start by setcontext and go on by longjmp, which, unlike swapcontext, asks nothing of the operating system.
static jmp_buf scheduler;
static ucontext_t starts[1024];
static jmp_buf fibers[1024];
static bool started[1024], done[1024];
static unsigned running;
static const void* body_of_block;

static void __syncthreads() {
    if (!_setjmp(fibers[running])) _longjmp(scheduler, 1);
}

template <class F>
void run_fiber() {
    (*static_cast<const F*>(body_of_block))();
    done[running] = true;
    _longjmp(scheduler, 1);
}

template <class F>
void run_block(const F& body, bool barriers) {
    if (!barriers) {
        for (threadIdx.x = 0; threadIdx.x < blockDim.x; threadIdx.x++) body();
        return;
    }
    static char stacks[1024][1 << 14];
    body_of_block = &body;
    for (unsigned i = 0; i < blockDim.x; i++) {
        getcontext(&starts[i]);
        starts[i].uc_stack.ss_sp = stacks[i];
        starts[i].uc_stack.ss_size = sizeof(stacks[i]);
        starts[i].uc_link = nullptr;
        makecontext(&starts[i], run_fiber<F>, 0);
        started[i] = done[i] = false;
    }
    static unsigned left;  // static: a local would be lost by longjmp
    for (left = blockDim.x; left;) {
        left = 0;
        for (running = 0; running < blockDim.x; running++) {
            if (done[running]) continue;
            threadIdx.x = running;
            if (!_setjmp(scheduler)) {
                if (started[running]) _longjmp(fibers[running], 1);
                started[running] = true;
                setcontext(&starts[running]);
            }
            left += !done[running];
        }
    }
}

template <class... P, size_t... I>
void launch(void (*kernel)(P...), void** arguments, const unsigned* grid, unsigned threads, bool barriers,
            std::index_sequence<I...>) {
    gridDim = {grid[0], grid[1], grid[2]};
    blockDim = {threads, 1, 1};
    threadIdx = {0, 0, 0};
    auto body = [&] { kernel(*static_cast<P*>(arguments[I])...); };
    for (unsigned z = 0; z < grid[2]; z++)
        for (unsigned y = 0; y < grid[1]; y++)
            for (unsigned x = 0; x < grid[0]; x++) {
                blockIdx = {x, y, z};
                run_block(body, barriers);
            }
}

template <class... P>
size_t parameters(void (*)(P...), size_t* sizes) {
    size_t found[] = {sizeof(P)..., 0};
    memcpy(sizes, found, sizeof...(P) * sizeof(size_t));
    return sizeof...(P);
}

#define LAUNCHER(name)                                                                                          \
    extern "C" void launch_##name(void** arguments, const unsigned* grid, unsigned threads, int barriers) {     \
        launch_all(name, arguments, grid, threads, barriers);                                                   \
    }                                                                                                           \
    extern "C" size_t parameters_##name(size_t* sizes) { return parameters(name, sizes); }
template <class... P>
void launch_all(void (*kernel)(P...), void** arguments, const unsigned* grid, unsigned threads, int barriers) {
    launch(kernel, arguments, grid, threads, barriers, std::index_sequence_for<P...>());
}
