#include "rows.h"

#include <algorithm>
#include <cmath>
#include <vector>

#include "arithmetic.h"
#include "instruction_set.h"
#include "thread_pool.h"

namespace i2dl {
namespace {

constexpr int64_t kGrain = 1 << 15;  // elements of one piece of work

// Calls body(first, count) for pieces of `rows` rows of `length` elements.
template <typename Body>
void in_pieces(int64_t rows, int64_t length, const Body& body) {
    const int64_t step = std::max<int64_t>(1, kGrain / std::max<int64_t>(length, 1));
    if (rows < 2 * step) {
        if (rows) body(0, rows);
        return;
    }
    parallel_for(ceil_divide(rows, step), 0.5 * static_cast<double>(rows * length), [&](int64_t piece) {
        const int64_t first = piece * step;
        body(first, std::min(step, rows - first));
    });
}

template <typename T>
T* moved(T* pointer, int64_t by) {
    return pointer ? pointer + by : nullptr;
}

}  // namespace

template <typename T>
void over_rows(RowFunction function, const Rows<T>& run) {
    const FusedTable<T>& table = fused_table<T>();
    const auto loop = function == RowFunction::kSoftmax           ? table.softmax
                      : function == RowFunction::kLogSoftmax      ? table.log_softmax
                      : function == RowFunction::kSoftmaxBackward ? table.softmax_backward
                                                                  : table.log_softmax_backward;
    in_pieces(run.rows, run.length, [&](int64_t first, int64_t count) {
        const int64_t at = first * run.length;
        loop({count, run.length, run.first + at, moved(run.second, at), run.out + at});
    });
}

template <typename T>
double sum_of_all(int64_t count, const T* input) {
    const auto sum = fused_table<T>().sum;
    if (count <= kGrain) return sum(count, input);
    std::vector<double> parts(static_cast<size_t>(ceil_divide(count, kGrain)));
    in_pieces(count, 1, [&](int64_t first, int64_t some) {
        for (int64_t i = first; i < first + some; i += kGrain) {
            parts[static_cast<size_t>(i / kGrain)] = sum(std::min(kGrain, first + some - i), input + i);
        }
    });
    return fused_table<double>().sum(static_cast<int64_t>(parts.size()), parts.data());
}

template <typename T>
void cross_entropy(const CrossEntropy<T>& run) {
    const auto loop = fused_table<T>().cross_entropy;
    in_pieces(run.rows, run.length, [&](int64_t first, int64_t count) {
        const int64_t at = first * run.length;
        loop({count, run.length, run.scores + at, run.classes + first, run.exponentials + at, run.sums + first,
              run.loss + first});
    });
}

template <typename T>
void cross_entropy_backward(const CrossEntropyBackward<T>& run) {
    const auto loop = fused_table<T>().cross_entropy_backward;
    in_pieces(run.rows, run.length, [&](int64_t first, int64_t count) {
        const int64_t at = first * run.length;
        loop({count, run.length, run.exponentials + at, run.sums + first, run.classes + first,
              run.gradient + first * run.gradient_step, run.gradient_step, run.out + at});
    });
}

template <typename T>
void normalize_rows(const NormalizeRows<T>& run) {
    const auto loop = fused_table<T>().normalize_rows;
    in_pieces(run.rows, run.length, [&](int64_t first, int64_t count) {
        const int64_t at = first * run.length;
        NormalizeRows<T> piece = run;
        piece.first_row = first;
        piece.rows = count;
        piece.input += at;
        piece.out += at;
        piece.mean = moved(run.mean, first);
        piece.scale += first;
        loop(piece);
    });
}

template <typename T>
void normalize_rows_backward(const NormalizeRowsBackward<T>& run) {
    const auto loop = fused_table<T>().normalize_rows_backward;
    // Sums over rows are taken piece by piece and then added up: few terms in a row, whatever the number of threads.
    const int64_t step = std::max<int64_t>({8, kGrain / std::max<int64_t>(run.length, 1), ceil_divide(run.rows, 64)});
    const int64_t pieces = std::max<int64_t>(1, ceil_divide(run.rows, step));
    const int64_t channels = run.channels;
    std::vector<T> sums(static_cast<size_t>(2 * pieces * channels));
    parallel_for(pieces, static_cast<double>(run.rows * run.length), [&](int64_t index) {
        const int64_t first = index * step, at = first * run.length;
        NormalizeRowsBackward<T> piece = run;
        piece.first_row = first;
        piece.rows = std::min(step, run.rows - first);
        piece.gradient += at;
        piece.input += at;
        piece.mean = moved(run.mean, first);
        piece.scale += first;
        piece.of_input = moved(run.of_input, at);
        piece.of_weight = run.of_weight ? &sums[static_cast<size_t>(2 * index * channels)] : nullptr;
        piece.of_bias = run.of_bias ? &sums[static_cast<size_t>((2 * index + 1) * channels)] : nullptr;
        loop(piece);
    });
    for (int which = 0; which < 2; ++which) {
        T* total = which ? run.of_bias : run.of_weight;
        if (!total) continue;
        std::fill_n(total, channels, T(0));
        for (int64_t index = 0; index < pieces; ++index) {
            const T* part = &sums[static_cast<size_t>((2 * index + which) * channels)];
            for (int64_t c = 0; c < channels; ++c) total[c] += part[c];
        }
    }
}

namespace {

// Calls body(c) for each channel.
template <typename Body>
void over_channels(int64_t channels, int64_t elements, const Body& body) {
    if (elements < 2 * kGrain || channels == 1) {
        for (int64_t c = 0; c < channels; ++c) body(c);
        return;
    }
    parallel_for(channels, 0.5 * static_cast<double>(elements), body);
}

}  // namespace

template <typename T>
void normalize_channels(const NormalizeChannels<T>& run) {
    const FusedTable<T>& table = fused_table<T>();
    const int64_t step = run.channels * run.positions;
    over_channels(run.channels, run.samples * step, [&](int64_t c) {
        ChannelSums<T> sums = {run.samples, step, run.positions, run.input + c * run.positions, nullptr, 0, 0, 0};
        table.channel_moments(sums);
        const T mean = static_cast<T>(sums.sum), variance = static_cast<T>(sums.other);
        const T scale = T(1) / std::sqrt(variance + run.eps);
        run.mean[c] = mean;
        run.variance[c] = variance;
        run.scale[c] = scale;
        const T factor = run.weight ? scale * run.weight[c] : scale;
        const T shift = run.bias ? run.bias[c] : T(0);
        table.channel_scale({run.samples, step, run.positions, run.input + c * run.positions, nullptr, factor, 0, shift,
                             mean, run.out + c * run.positions});
    });
}

template <typename T>
void normalize_channels_backward(const NormalizeChannels<T>& run) {
    const FusedTable<T>& table = fused_table<T>();
    const int64_t step = run.channels * run.positions;
    const double count = static_cast<double>(run.samples) * static_cast<double>(run.positions);
    over_channels(run.channels, run.samples * step, [&](int64_t c) {
        const int64_t at = c * run.positions;
        const double scale = run.scale[c];
        ChannelSums<T> sums = {
            run.samples, step, run.positions, run.gradient + at, run.input + at, static_cast<double>(run.mean[c]),
            0,           0};
        table.channel_sums(sums);
        const double dot = sums.other * scale;
        if (run.of_weight) run.of_weight[c] = static_cast<T>(dot);
        if (run.of_bias) run.of_bias[c] = static_cast<T>(sums.sum);
        if (!run.out) return;
        const double a = run.weight ? scale * run.weight[c] : scale;
        // scale * weight * (g - mean of g - h * mean of g h)
        table.channel_scale({run.samples, step, run.positions, run.gradient + at, run.input + at, static_cast<T>(a),
                             static_cast<T>(-a * scale * dot / count), static_cast<T>(-a * sums.sum / count),
                             run.mean[c], run.out + at});
    });
}

template <typename T>
void scale_channels(int64_t samples, int64_t channels, int64_t positions, const T* input, const T* scale,
                    const T* shift, T* out) {
    const auto loop = fused_table<T>().channel_scale;
    in_pieces(samples, channels * positions, [&](int64_t first, int64_t count) {
        for (int64_t n = first; n < first + count; ++n) {
            for (int64_t c = 0; c < channels; ++c) {
                const int64_t at = (n * channels + c) * positions;
                loop({1, 0, positions, input + at, nullptr, scale[c], 0, shift[c], 0, out + at});
            }
        }
    });
}

#define I2DL_INSTANTIATE(T)                                                 \
    template void over_rows(RowFunction, const Rows<T>&);                   \
    template double sum_of_all(int64_t, const T*);                          \
    template void cross_entropy(const CrossEntropy<T>&);                    \
    template void cross_entropy_backward(const CrossEntropyBackward<T>&);   \
    template void normalize_rows(const NormalizeRows<T>&);                  \
    template void normalize_rows_backward(const NormalizeRowsBackward<T>&); \
    template void normalize_channels(const NormalizeChannels<T>&);          \
    template void normalize_channels_backward(const NormalizeChannels<T>&); \
    template void scale_channels(int64_t, int64_t, int64_t, const T*, const T*, const T*, T*);
I2DL_INSTANTIATE(float)
I2DL_INSTANTIATE(double)

}  // namespace i2dl
