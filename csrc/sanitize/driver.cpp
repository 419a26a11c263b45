// Runs every kernel over many shapes, on arrays of exactly the right size, and compares with plain loops.
// Built by sanitize.sh with the address and undefined-behaviour sanitizers; any finding or difference ends it with an
// error.
#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <limits>
#include <memory>
#include <random>
#include <stdexcept>
#include <vector>

#include "../activation.h"
#include "../columns.h"
#include "../convolution.h"
#include "../half.h"
#include "../instruction_set.h"
#include "../linear.h"
#include "../optimization.h"
#include "../pooling.h"
#include "../recurrent.h"
#include "../rows.h"
#include "../thread_pool.h"

using namespace i2dl;

namespace {

std::mt19937 generator(0);

int64_t pick(int64_t low, int64_t high) { return std::uniform_int_distribution<int64_t>(low, high)(generator); }

// Memory of its own for each array: a vector may own more than it shows.
template <typename T>
struct Array {
    explicit Array(int64_t count) : size(count), data(new T[static_cast<size_t>(count)]) {}
    void randomize() {
        std::normal_distribution<double> normal;
        for (int64_t i = 0; i < size; ++i) data[i] = static_cast<T>(normal(generator));
    }
    int64_t size;
    std::unique_ptr<T[]> data;
};

template <typename T>
void require_close(const Array<T>& actual, const std::vector<double>& wanted, double terms, const char* what) {
    const double tolerance = (sizeof(T) == 4 ? 1e-5 : 1e-12) * std::sqrt(std::max(terms, 1.0));
    for (int64_t i = 0; i < actual.size; ++i) {
        const double difference = std::abs(actual.data[i] - wanted[static_cast<size_t>(i)]);
        if (!(difference <= tolerance + 1e-5 * std::abs(wanted[static_cast<size_t>(i)]))) {
            std::fprintf(stderr, "%s: element %lld is %g, expected %g\n", what, static_cast<long long>(i),
                         static_cast<double>(actual.data[i]), wanted[static_cast<size_t>(i)]);
            std::exit(1);
        }
    }
}

template <typename T>
void check_convolution(const ConvolutionShape& s) {
    const int64_t in = s.in_channels / s.groups, out = s.out_channels / s.groups;
    Array<T> input(s.batch * s.in_channels * s.input_volume), weight(s.out_channels * in * s.kernel_volume);
    Array<T> bias(s.out_channels), gradient(s.batch * s.out_channels * s.output_volume);
    for (auto* array : {&input, &weight, &bias, &gradient}) array->randomize();
    std::vector<double> output(static_cast<size_t>(gradient.size)), to_input(static_cast<size_t>(input.size));
    std::vector<double> to_weight(static_cast<size_t>(weight.size));
    for (int64_t i = 0; i < gradient.size; ++i)
        output[static_cast<size_t>(i)] = bias.data[i / s.output_volume % s.out_channels];
    for (int64_t n = 0; n < s.batch; ++n) {
        for (int64_t o = 0; o < s.out_channels; ++o) {
            for (int64_t c = 0; c < in; ++c) {
                for (int64_t k = 0; k < s.kernel_volume; ++k) {
                    const int64_t ks[3] = {k / (s.kernel[1] * s.kernel[2]), k / s.kernel[2] % s.kernel[1],
                                           k % s.kernel[2]};
                    const int64_t w = (o * in + c) * s.kernel_volume + k;
                    for (int64_t q = 0; q < s.output_volume; ++q) {
                        const int64_t qs[3] = {q / (s.output[1] * s.output[2]), q / s.output[2] % s.output[1],
                                               q % s.output[2]};
                        int64_t position = 0;
                        bool inside = true;
                        for (int d = 0; d < 3; ++d) {
                            const int64_t at = qs[d] * s.stride[d] + ks[d] * s.dilation[d] - s.padding[d];
                            inside = inside && at >= 0 && at < s.input[d];
                            position = position * s.input[d] + at;
                        }
                        if (!inside) continue;
                        const int64_t x = (n * s.in_channels + o / out * in + c) * s.input_volume + position;
                        const int64_t y = (n * s.out_channels + o) * s.output_volume + q;
                        output[static_cast<size_t>(y)] += static_cast<double>(weight.data[w]) * input.data[x];
                        to_input[static_cast<size_t>(x)] += static_cast<double>(weight.data[w]) * gradient.data[y];
                        to_weight[static_cast<size_t>(w)] += static_cast<double>(gradient.data[y]) * input.data[x];
                    }
                }
            }
        }
    }
    const auto serves = [](auto call) {
        try {
            call();
        } catch (const std::invalid_argument&) {
            return false;
        }
        return true;
    };
    for (const Algorithm algorithm : {Algorithm::kAuto, Algorithm::kDirect, Algorithm::kPacked, Algorithm::kIm2col,
                                      Algorithm::kWinograd, Algorithm::kOuter, Algorithm::kDepthwise}) {
        Array<T> y(gradient.size), x(input.size), w(weight.size);
        const T *from = input.data.get(), *by = weight.data.get(), *grad = gradient.data.get();
        if (serves([&] { convolution(s, from, by, bias.data.get(), y.data.get(), algorithm); })) {
            require_close(y, output, static_cast<double>(in * s.kernel_volume), "forward");
        }
        if (serves([&] { convolution_input_gradient(s, grad, by, x.data.get(), algorithm); })) {
            require_close(x, to_input, static_cast<double>(out * s.kernel_volume), "input gradient");
        }
        if (serves([&] { convolution_weight_gradient(s, grad, from, w.data.get(), algorithm); })) {
            require_close(w, to_weight, static_cast<double>(s.batch * s.output_volume), "weight gradient");
        }
    }
    // <columns(x), c> = <x, summed(c)>: the columns and their adjoint.
    Array<T> columns(s.batch * s.in_channels * s.kernel_volume * s.output_volume), other(columns.size),
        summed(input.size);
    other.randomize();
    im2col(s, input.data.get(), columns.data.get());
    col2im(s, other.data.get(), summed.data.get());
    double left = 0, right = 0, size = 1;
    for (int64_t i = 0; i < columns.size; ++i) left += static_cast<double>(columns.data[i]) * other.data[i];
    for (int64_t i = 0; i < input.size; ++i) right += static_cast<double>(input.data[i]) * summed.data[i];
    for (int64_t i = 0; i < columns.size; ++i) size += std::abs(static_cast<double>(columns.data[i]) * other.data[i]);
    if (std::abs(left - right) > 1e-5 * size) {
        std::fprintf(stderr, "columns: %g is not %g\n", left, right);
        std::exit(1);
    }
}

template <typename T>
void check_pooling(const PoolingShape& s) {
    Array<T> input(s.planes * s.input_volume), output(s.planes * s.output_volume), gradient(output.size),
        result(input.size);
    Array<int64_t> indices(output.size);
    input.randomize();
    gradient.randomize();
    max_pool(s, input.data.get(), output.data.get(), indices.data.get());
    std::vector<double> largest(static_cast<size_t>(output.size)), scattered(static_cast<size_t>(input.size));
    for (int64_t i = 0; i < output.size; ++i) {
        const int64_t plane = i / s.output_volume, q = i % s.output_volume;
        const int64_t qs[3] = {q / (s.output[1] * s.output[2]), q / s.output[2] % s.output[1], q % s.output[2]};
        double best = -std::numeric_limits<double>::infinity();
        for (int64_t k = 0; k < s.kernel[0] * s.kernel[1] * s.kernel[2]; ++k) {
            const int64_t ks[3] = {k / (s.kernel[1] * s.kernel[2]), k / s.kernel[2] % s.kernel[1], k % s.kernel[2]};
            int64_t position = 0;
            bool inside = true;
            for (int d = 0; d < 3; ++d) {
                const int64_t at = qs[d] * s.stride[d] + ks[d] * s.dilation[d] - s.padding[d];
                inside = inside && at >= 0 && at < s.input[d];
                position = position * s.input[d] + at;
            }
            if (inside) best = std::max(best, static_cast<double>(input.data[plane * s.input_volume + position]));
        }
        largest[static_cast<size_t>(i)] = best;
        if (std::isinf(best)) {
            largest[static_cast<size_t>(i)] = 0;
            output.data[i] = 0;
        } else {
            scattered[static_cast<size_t>(plane * s.input_volume + indices.data[i])] += gradient.data[i];
        }
    }
    require_close(output, largest, 1, "max pooling");
    max_pool_backward(s.planes, s.input_volume, s.output_volume, gradient.data.get(), indices.data.get(),
                      result.data.get());
    require_close(result, scattered, 1, "max pooling backward");
}

// <pool(x), g> = <x, pool_backward(g)>, and the mean of ones is one where the padding does not count.
template <typename T>
void check_average(const PoolingShape& s) {
    Array<T> input(s.planes * s.input_volume), output(s.planes * s.output_volume), gradient(output.size),
        result(input.size);
    for (const int64_t divisor : {0, 3}) {
        for (const bool count : {true, false}) {
            input.randomize();
            gradient.randomize();
            average_pool(s, count, divisor, input.data.get(), output.data.get());
            average_pool_backward(s, count, divisor, gradient.data.get(), result.data.get());
            double left = 0, right = 0, size = 1;
            for (int64_t i = 0; i < output.size; ++i) left += static_cast<double>(output.data[i]) * gradient.data[i];
            for (int64_t i = 0; i < input.size; ++i) right += static_cast<double>(input.data[i]) * result.data[i];
            for (int64_t i = 0; i < input.size; ++i)
                size += std::abs(static_cast<double>(input.data[i]) * result.data[i]);
            if (!(std::abs(left - right) <= 1e-5 * size)) {
                std::fprintf(stderr, "average pooling: %g is not %g\n", left, right);
                std::exit(1);
            }
        }
    }
    std::fill_n(input.data.get(), input.size, T(1));
    average_pool(s, false, 0, input.data.get(), output.data.get());
    require_close(output, std::vector<double>(static_cast<size_t>(output.size), 1.0), 1, "average of ones");
}

#include "fused.h"
#include "training.h"

template <typename Call>
void must_throw(const char* what, Call call) {
    try {
        call();
    } catch (const std::exception&) {
        return;
    }
    std::fprintf(stderr, "%s: no exception\n", what);
    std::exit(1);
}

}  // namespace

int main(int argc, char** argv) {
    const int rounds = argc > 1 ? std::atoi(argv[1]) : 300;
    const auto sets = instruction_sets();
    int convolutions = 0, poolings = 0;
    for (int round = 0; round < rounds; ++round) {
        set_instruction_set(sets[static_cast<size_t>(round) % sets.size()]);
        set_num_threads(static_cast<int>(pick(1, 3)));
        set_least_work(pick(0, 3) ? 0 : 250e3);
        const int64_t spatial = pick(1, 3), groups = pick(1, 3);
        const bool depthwise = round % 4 == 1;
        // Few large shapes, many small ones; now and then sizes of zero.
        const int64_t most = round % 7 == 0 ? 40 / spatial : 9;
        Sizes input = {pick(round % 11 ? 1 : 0, 4), groups * (depthwise ? 1 : pick(1, 9))},
              weight = {groups * pick(1, depthwise ? 2 : 19), input[1] / groups};
        Sizes kernel, stride, padding, dilation, half, ones;
        for (int64_t d = 0; d < spatial; ++d) {
            input.push_back(pick(1, most));
            kernel.push_back(pick(1, depthwise ? 7 : 4));
            stride.push_back(round % 13 ? pick(1, 4) : int64_t{1} << 40);
            padding.push_back(pick(0, 4));
            dilation.push_back(pick(1, 3));
            half.push_back(pick(0, kernel.back() / 2));
            ones.push_back(1);
        }
        if (round % 3 == 0) {
            kernel.assign(static_cast<size_t>(spatial), 3);
            stride = dilation = ones;
            half = ones;
        }
        weight.insert(weight.end(), kernel.begin(), kernel.end());
        try {
            const ConvolutionShape shape = convolution_shape(input, weight, stride, padding, dilation, groups);
            round % 2 ? check_convolution<float>(shape) : check_convolution<double>(shape);
            ++convolutions;
        } catch (const std::invalid_argument&) {  // a kernel larger than the padded input
        }
        round % 2 ? check_fused<float>() : check_fused<double>();
        round % 2 ? check_linear<float>() : check_linear<double>();
        round % 2 ? check_lstm<float>() : check_lstm<double>();
        round % 2 ? check_optimization<float>() : check_optimization<double>();
        if (round % 10 == 0) check_halves();
        for (const bool ceil_mode : {false, true}) {
            try {
                const PoolingShape shape = pooling_shape(input, kernel, stride, half, dilation, ceil_mode);
                round % 2 ? check_pooling<float>(shape) : check_pooling<double>(shape);
                const PoolingShape even = pooling_shape(input, kernel, stride, half, ones, ceil_mode);
                round % 2 ? check_average<float>(even) : check_average<double>(even);
                ++poolings;
            } catch (const std::invalid_argument&) {
            }
        }
    }
    // Larger ones, cut into several pieces.
    check_convolution<float>(convolution_shape({1, 3, 90, 70}, {5, 3, 3, 3}, {1, 1}, {1, 1}, {1, 1}, 1));
    check_convolution<float>(convolution_shape({2, 2, 9000}, {3, 2, 5}, {1}, {2}, {1}, 1));
    check_convolution<double>(convolution_shape({3, 40, 6, 6}, {40, 40, 3, 3}, {1, 1}, {1, 1}, {1, 1}, 1));
    check_convolution<float>(convolution_shape({1, 2, 3, 4}, {2, 2, 2, 2}, {1, 1}, {400, 500}, {799, 999}, 1));

    const int64_t huge = int64_t{1} << 62;
    must_throw("an overflowing input", [&] { convolution_shape({huge, 8, 4}, {1, 8, 1}, {1}, {0}, {1}, 1); });
    must_throw("an overflowing padding", [&] { convolution_shape({1, 1, 4}, {1, 1, 1}, {1}, {huge}, {1}, 1); });
    must_throw("an overflowing dilation", [&] { convolution_shape({1, 1, 4}, {1, 1, 9}, {1}, {1}, {huge}, 1); });
    must_throw("an overflowing output", [&] { convolution_shape({1, 1, 4}, {4096, 1, 1}, {1}, {huge / 4}, {1}, 1); });
    must_throw("too few dimensions", [&] { convolution_shape({1}, {1}, {}, {}, {}, 1); });
    must_throw("an overflowing pooling", [&] { pooling_shape({1, 1, 4}, {9}, {1}, {1}, {huge}, false); });
    const int64_t wrong[1] = {4};
    const float gradient[1] = {1};
    float result[4];
    must_throw("an index outside", [&] { max_pool_backward<float>(1, 4, 1, gradient, wrong, result); });
    std::printf("%d convolutions and %d poolings on %zu instruction sets: no finding\n", convolutions, poolings,
                sets.size());
    return convolutions > rounds / 2 && poolings > rounds / 2 ? 0 : 1;
}
