// The steps of an LSTM layer, included by one file per instruction set after product_body.h. The hidden weights are
// packed into panels once for all steps; a BLAS would pack them at every step.

#include "mathematics.h"
#include "recurrent.h"

namespace i2dl {
namespace {
namespace recurrent {

template <typename T>
constexpr int64_t panel_width(int64_t hidden) {
    constexpr int64_t L = i2dl::Simd<T>::length;
    return hidden % (2 * L) == 0 ? 2 * L : L;
}

// c (rows, columns) = a (rows, depth) times the matrix (depth, columns) that was packed; added to c if `add`.
template <typename T>
void packed_product(int64_t rows, int64_t columns, int64_t depth, int64_t width, const T* a, const T* packed, T* c,
                    bool add) {
    for (int64_t column = 0; column < columns; column += width) {
        ProductRun<T> run{};
        run.rows = rows;
        run.columns = width;
        run.depth = depth;
        run.a = a;
        run.a_row = depth;
        run.a_depth = 1;
        run.b = packed + column * depth;
        run.b_depth = width;
        run.c = c + column;
        run.c_row = columns;
        run.add = add;
        products::product(run);
    }
}

template <typename T>
void lstm_forward(const LstmForward<T>& run) {
    using V = VectorOf<T>;
    constexpr int64_t L = i2dl::Simd<T>::length;
    const int64_t hidden = run.hidden, gates = 4 * hidden, width = panel_width<T>(hidden);
    for (int64_t column = 0; column < gates; ++column) {
        T* to = run.packed + column / width * width * hidden + column % width;
        const T* from = run.weight + column * hidden;
        for (int64_t k = 0; k < hidden; ++k) to[k * width] = from[k];
    }
    const int64_t block = run.steps * run.samples * hidden;
    const T *h = run.h0, *c = run.c0;
    for (int64_t number = 0; number < run.steps; ++number) {
        const int64_t start = (run.reverse ? run.steps - 1 - number : number) * run.samples;
        T* sums = run.sums + start * gates;
        packed_product(run.samples, gates, hidden, width, h, run.packed, sums, true);
        for (int64_t n = 0; n < run.samples; ++n) {
            const T* from = sums + n * gates;
            const int64_t row = (start + n) * hidden;
            for (int64_t j = 0; j < hidden; j += L) {
                const V enter = logistic<T>(i2dl::load<V>(from + j));
                const V forget = logistic<T>(i2dl::load<V>(from + hidden + j));
                const V candidate = hyperbolic_tangent<T>(i2dl::load<V>(from + 2 * hidden + j));
                const V leave = logistic<T>(i2dl::load<V>(from + 3 * hidden + j));
                const V cell = forget * i2dl::load<V>(c + n * hidden + j) + enter * candidate;
                const V squashed = hyperbolic_tangent<T>(cell);
                T* to = run.gates + row + j;
                i2dl::store(to, enter);
                i2dl::store(to + block, forget);
                i2dl::store(to + 2 * block, leave);
                i2dl::store(to + 3 * block, candidate);
                i2dl::store(run.cells + row + j, cell);
                i2dl::store(run.squashed + row + j, squashed);
                i2dl::store(run.output + row + j, leave * squashed);
            }
        }
        h = run.output + start * hidden;
        c = run.cells + start * hidden;
    }
}

template <typename T>
void lstm_backward(const LstmBackward<T>& run) {
    using V = VectorOf<T>;
    constexpr int64_t L = i2dl::Simd<T>::length;
    const int64_t hidden = run.hidden, gates = 4 * hidden, width = panel_width<T>(hidden);
    for (int64_t k = 0; k < gates; ++k) {
        for (int64_t j = 0; j < hidden; ++j) {
            run.packed[j / width * width * gates + k * width + j % width] = run.weight[k * hidden + j];
        }
    }
    const int64_t block = run.steps * run.samples * hidden;
    for (int64_t number = run.steps - 1; number >= 0; --number) {
        const int64_t start = (run.reverse ? run.steps - 1 - number : number) * run.samples;
        const int64_t former = run.reverse ? start + run.samples : start - run.samples;
        const T* before = number ? run.cells + former * hidden : run.c0;
        T* pre = run.pre + start * gates;
        for (int64_t n = 0; n < run.samples; ++n) {
            T* to = pre + n * gates;
            const int64_t row = (start + n) * hidden, state = n * hidden;
            for (int64_t j = 0; j < hidden; j += L) {
                const T* from = run.gates + row + j;
                const V enter = i2dl::load<V>(from), forget = i2dl::load<V>(from + block),
                        leave = i2dl::load<V>(from + 2 * block), candidate = i2dl::load<V>(from + 3 * block);
                const V squashed = i2dl::load<V>(run.squashed + row + j);
                const V dh = i2dl::load<V>(run.of_h + state + j) + i2dl::load<V>(run.g_output + row + j);
                const V dc = i2dl::load<V>(run.of_c + state + j) + dh * leave * (T(1) - squashed * squashed);
                i2dl::store(to + j, dc * candidate * (enter * (T(1) - enter)));
                i2dl::store(to + hidden + j, dc * i2dl::load<V>(before + state + j) * (forget * (T(1) - forget)));
                i2dl::store(to + 2 * hidden + j, dc * enter * (T(1) - candidate * candidate));
                i2dl::store(to + 3 * hidden + j, dh * squashed * (leave * (T(1) - leave)));
                i2dl::store(run.of_c + state + j, dc * forget);
            }
        }
        packed_product(run.samples, hidden, gates, width, pre, run.packed, run.of_h, false);
    }
}

}  // namespace recurrent

#define I2DL_RECURRENT_TABLE(T) {recurrent::lstm_forward<T>, recurrent::lstm_backward<T>}

}  // namespace

extern const RecurrentKernels I2DL_RECURRENT;
const RecurrentKernels I2DL_RECURRENT = {I2DL_RECURRENT_TABLE(float), I2DL_RECURRENT_TABLE(double)};

}  // namespace i2dl
