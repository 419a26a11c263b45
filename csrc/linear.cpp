// How each product of a linear layer is laid out for the register tiles of product_body.h, which need rows of vectors
// in their second operand only.
//
// Forward, few samples: y^T = weight x^T, so that the weight, the largest of the three, is read where it is, and once;
// x and y are transposed, which are small. Forward, many samples: y = x weight^T with the weight transposed. Input
// gradient: gradient times weight, both as they are. Weight gradient: gradient^T x; the tile reads the gradient along
// its columns. Up to four samples the forward pass is a few dot products per row of the weight.
#include "linear.h"

#include <algorithm>
#include <memory>

#include "arithmetic.h"
#include "instruction_set.h"
#include "product.h"
#include "scratch.h"
#include "thread_pool.h"

namespace i2dl {
namespace {

constexpr int64_t kFewSamples = 192;   // up to here the forward pass transposes samples, not the weight
constexpr int64_t kSampleBlock = 64;   // transposed at a time
constexpr int64_t kUnpackedRows = 32;  // up to here a packed panel would not be read often enough
constexpr int64_t kSumBlock = 256;     // rows summed up before they are added to the rest
constexpr int64_t kPieceColumns = 96;  // per thread at a time, at least

template <typename T>
const ProductTable<T>& table() {
    const ProductKernels& kernels = I2DL_CHOOSE(kProduct);
    if constexpr (sizeof(T) == 4) {
        return kernels.single;
    } else {
        return kernels.twice;
    }
}

template <typename T>
void transpose(const T* from, int64_t from_step, int64_t rows, int64_t count, T* to, int64_t to_step, bool padded) {
    kernel_table<T>().transpose({from, from_step, rows, count, to, to_step, padded});
}

// body(first, count) for shares of `count` in multiples of `unit`.
template <typename Body>
void shared_out(int64_t count, int64_t unit, int64_t work, const Body& body) {
    const double nanoseconds = 0.02 * static_cast<double>(work);
    const int64_t threads = nanoseconds < least_work() ? 1 : get_num_threads();
    if (threads == 1) {
        body(int64_t{0}, count);
        return;
    }
    const int64_t piece = std::max(round_up(ceil_divide(count, 2 * threads), unit), unit);
    parallel_for(ceil_divide(count, piece), nanoseconds,
                 [&](int64_t index) { body(index * piece, std::min(piece, count - index * piece)); });
}

template <typename T>
T* panel_memory() {
    return scratch<T>(Scratch::kColumns, kProductDepth * kPanelColumns);
}

// C (rows, columns) = [C +] A B by all threads, which share the columns.
template <typename T>
void product(ProductRun<T> run, bool packed) {
    const int64_t work = checked_multiply(checked_multiply(run.rows, run.columns), run.depth);
    shared_out(run.columns, kPieceColumns, work, [&](int64_t first, int64_t count) {
        ProductRun<T> part = run;
        part.columns = count;
        part.b = run.b + first;
        part.c = run.c + first;
        part.panel = packed || count % table<T>().lanes ? panel_memory<T>() : nullptr;
        table<T>().product(part);
    });
}

template <typename T>
void linear_of_few(const LinearShape& shape, const T* x, const T* weight, const T* bias, T* y) {
    const int64_t lanes = table<T>().lanes;
    const int64_t block = round_up(std::min(shape.samples, kSampleBlock), lanes);
    T* turned = scratch<T>(Scratch::kWeights, checked_multiply(shape.inside, block));
    for (int64_t start = 0; start < shape.samples; start += block) {
        const int64_t samples = std::min(block, shape.samples - start);
        const int64_t width = round_up(samples, lanes);
        transpose(x + start * shape.inside, shape.inside, samples, shape.inside, turned, width, true);
        const int64_t work = checked_multiply(checked_multiply(samples, shape.inside), shape.outside);
        shared_out(shape.outside, 48, work, [&](int64_t first, int64_t count) {
            T* result = scratch<T>(Scratch::kProducts, checked_multiply(count, width));
            ProductRun<T> run{};
            run.rows = count;
            run.columns = width;
            run.depth = shape.inside;
            run.a = weight + first * shape.inside;
            run.a_row = shape.inside;
            run.a_depth = 1;
            run.b = turned;
            run.b_depth = width;
            run.c = result;
            run.c_row = width;
            run.row_bias = bias ? bias + first : nullptr;
            table<T>().product(run);
            transpose(result, width, count, samples, y + start * shape.outside + first, shape.outside, false);
        });
    }
}

template <typename T>
void linear_of_many(const LinearShape& shape, const T* x, const T* weight, const T* bias, T* y) {
    T* turned = scratch<T>(Scratch::kWeights, checked_multiply(shape.inside, shape.outside));
    transpose(weight, shape.inside, shape.outside, shape.inside, turned, shape.outside, false);
    if (bias) {
        for (int64_t m = 0; m < shape.samples; ++m) std::copy_n(bias, shape.outside, y + m * shape.outside);
    }
    ProductRun<T> run{};
    run.rows = shape.samples;
    run.columns = shape.outside;
    run.depth = shape.inside;
    run.a = x;
    run.a_row = shape.inside;
    run.a_depth = 1;
    run.b = turned;
    run.b_depth = shape.outside;
    run.c = y;
    run.c_row = shape.outside;
    run.add = bias != nullptr;
    product(run, true);
}

}  // namespace

template <typename T>
void linear(const LinearShape& shape, const T* x, const T* weight, const T* bias, T* y) {
    if (shape.samples <= kDotSamples) {
        const int64_t work = checked_multiply(checked_multiply(shape.samples, shape.inside), shape.outside);
        shared_out(shape.outside, 16, work, [&](int64_t first, int64_t count) {
            table<T>().dots({shape.samples, count, shape.inside, x, weight + first * shape.inside,
                             bias ? bias + first : nullptr, y + first, shape.outside});
        });
    } else if (shape.samples <= kFewSamples) {
        linear_of_few(shape, x, weight, bias, y);
    } else {
        linear_of_many(shape, x, weight, bias, y);
    }
    trim_scratch(true);
}

template <typename T>
void linear_input_gradient(const LinearShape& shape, const T* gradient, const T* weight, T* result) {
    ProductRun<T> run{};
    run.rows = shape.samples;
    run.columns = shape.inside;
    run.depth = shape.outside;
    run.a = gradient;
    run.a_row = shape.outside;
    run.a_depth = 1;
    run.b = weight;
    run.b_depth = shape.inside;
    run.c = result;
    run.c_row = shape.inside;
    product(run, shape.samples > kUnpackedRows);
    trim_scratch(true);
}

template <typename T>
void linear_weight_gradient(const LinearShape& shape, const T* gradient, const T* x, T* result) {
    ProductRun<T> run{};
    run.rows = shape.outside;
    run.columns = shape.inside;
    run.depth = shape.samples;
    run.a = gradient;
    run.a_row = 1;
    run.a_depth = shape.outside;
    run.b = x;
    run.b_depth = shape.inside;
    run.c = result;
    run.c_row = shape.inside;
    product(run, true);
    trim_scratch(true);
}

template <typename T>
void sum_of_rows(int64_t rows, int64_t columns, const T* values, T* sums) {
    if (rows <= kSumBlock) {
        table<T>().column_sums({rows, columns, columns, values, sums});
        return;
    }
    // the upper half and the lower half: rounding errors grow with the logarithm of the number of blocks
    const int64_t upper = round_up(rows / 2, kSumBlock);
    sum_of_rows(upper, columns, values, sums);
    std::unique_ptr<T[]> rest(new T[static_cast<size_t>(columns)]);
    sum_of_rows(rows - upper, columns, values + upper * columns, rest.get());
    for (int64_t j = 0; j < columns; ++j) sums[j] += rest[static_cast<size_t>(j)];
}

template void linear(const LinearShape&, const float*, const float*, const float*, float*);
template void linear(const LinearShape&, const double*, const double*, const double*, double*);
template void linear_input_gradient(const LinearShape&, const float*, const float*, float*);
template void linear_input_gradient(const LinearShape&, const double*, const double*, double*);
template void linear_weight_gradient(const LinearShape&, const float*, const float*, float*);
template void linear_weight_gradient(const LinearShape&, const double*, const double*, double*);
template void sum_of_rows(int64_t, int64_t, const float*, float*);
template void sum_of_rows(int64_t, int64_t, const double*, double*);

}  // namespace i2dl
