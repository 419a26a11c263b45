#include "pooling.h"

#include <algorithm>
#include <atomic>
#include <limits>
#include <stdexcept>
#include <vector>

#include "arithmetic.h"
#include "instruction_set.h"
#include "thread_pool.h"

namespace i2dl {
namespace {

[[noreturn]] void refuse(const std::string& text) { throw std::invalid_argument("pooling: " + text); }

// The part of the input that a window covers in one dimension, and how many positions it spans with padding.
struct Window {
    int64_t low, high, span;
};

std::vector<Window> windows_of(const PoolingShape& shape, int d) {
    std::vector<Window> windows;
    for (int64_t q = 0; q < shape.output[d]; ++q) {
        const int64_t start = q * shape.stride[d] - shape.padding[d];
        const int64_t end = std::min(start + shape.kernel[d], shape.input[d] + shape.padding[d]);
        windows.push_back({std::max<int64_t>(start, 0), std::min(end, shape.input[d]), end - start});
    }
    return windows;
}

// Groups of planes that are worth handing to another thread.
void for_planes(int64_t planes, int64_t work, const std::function<void(int64_t)>& body) {
    const int64_t share = std::max<int64_t>(1, 32768 / std::max<int64_t>(work, 1));
    parallel_for(ceil_divide(planes, share), [&](int64_t index) {
        const int64_t end = std::min(planes, (index + 1) * share);
        for (int64_t plane = index * share; plane < end; ++plane) body(plane);
    });
}

// Output columns [low, high) whose tap at `shift` lies in [0, size).
void valid_columns(int64_t shift, int64_t stride, int64_t size, int64_t width, int64_t* low, int64_t* high) {
    *low = shift >= 0 ? 0 : std::min(width, ceil_divide(-shift, stride));
    *high = shift >= size ? *low : std::clamp(floor_divide(size - 1 - shift, stride) + 1, *low, width);
}

template <typename T, typename I>
void max_pool_typed(const PoolingShape& shape, const T* input, T* output, int64_t* indices,
                    void (*max_row)(const MaxRow<T, I>&)) {
    const int64_t width = shape.output[2];
    for_planes(shape.planes, shape.input_volume, [&](int64_t plane) {
        std::vector<int64_t> start, low, high;
        std::vector<I> index(static_cast<size_t>(width));
        for (int64_t z = 0; z < shape.output[0]; ++z) {
            for (int64_t y = 0; y < shape.output[1]; ++y) {
                start.clear();
                low.clear();
                high.clear();
                std::fill(index.begin(), index.end(), I(-1));
                for (int64_t kz = 0; kz < shape.kernel[0]; ++kz) {
                    const int64_t depth = z * shape.stride[0] + kz * shape.dilation[0] - shape.padding[0];
                    if (depth < 0 || depth >= shape.input[0]) continue;
                    for (int64_t ky = 0; ky < shape.kernel[1]; ++ky) {
                        const int64_t height = y * shape.stride[1] + ky * shape.dilation[1] - shape.padding[1];
                        if (height < 0 || height >= shape.input[1]) continue;
                        const int64_t line = (depth * shape.input[1] + height) * shape.input[2];
                        for (int64_t kx = 0; kx < shape.kernel[2]; ++kx) {
                            const int64_t shift = kx * shape.dilation[2] - shape.padding[2];
                            int64_t from, to;
                            valid_columns(shift, shape.stride[2], shape.input[2], width, &from, &to);
                            if (from == to) continue;
                            start.push_back(line + shift);
                            low.push_back(from);
                            high.push_back(to);
                            // A window of nothing but minus infinity reports its first position.
                            for (int64_t x = from; x < to && index[static_cast<size_t>(x)] < 0; ++x) {
                                index[static_cast<size_t>(x)] = static_cast<I>(line + shift + x * shape.stride[2]);
                            }
                        }
                    }
                }
                const int64_t at = (plane * shape.output[0] + z) * shape.output[1] + y;
                MaxRow<T, I> row{};
                row.width = width;
                row.stride = shape.stride[2];
                row.taps = static_cast<int64_t>(start.size());
                row.tap_start = start.data();
                row.tap_low = low.data();
                row.tap_high = high.data();
                row.plane = input + plane * shape.input_volume;
                row.best = output + at * width;
                row.index = index.data();
                std::fill_n(row.best, width, -std::numeric_limits<T>::infinity());
                max_row(row);
                for (int64_t x = 0; x < width; ++x) indices[at * width + x] = index[static_cast<size_t>(x)];
            }
        }
    });
}

}  // namespace

PoolingShape pooling_shape(const Sizes& input, const Sizes& kernel, const Sizes& stride, const Sizes& padding,
                           const Sizes& dilation, bool ceil_mode) {
    if (input.size() < 3 || input.size() > 5) {
        refuse("the input needs 1 to 3 spatial dimensions after batch and channels, got " +
               std::to_string(input.size()) + " dimensions");
    }
    const size_t spatial = input.size() - 2;
    for (const Sizes* sizes : {&kernel, &stride, &padding, &dilation}) {
        if (sizes->size() != spatial) {
            refuse("kernel_size, stride, padding and dilation need one number per spatial dimension, " +
                   std::to_string(spatial));
        }
    }
    PoolingShape shape{};
    if (input[0] < 0 || input[1] < 0) refuse("sizes cannot be negative");
    shape.planes = checked_multiply(input[0], input[1]);
    shape.input_volume = shape.output_volume = 1;
    for (int d = 0; d < 3; ++d) {
        const int from = d - 3 + static_cast<int>(spatial);
        shape.input[d] = from < 0 ? 1 : input[2 + from];
        shape.kernel[d] = from < 0 ? 1 : kernel[from];
        shape.stride[d] = from < 0 ? 1 : stride[from];
        shape.padding[d] = from < 0 ? 0 : padding[from];
        shape.dilation[d] = from < 0 ? 1 : dilation[from];
        const std::string where = " in spatial dimension " + std::to_string(from);
        if (shape.input[d] < 0) refuse("sizes cannot be negative");
        if (shape.kernel[d] < 1) refuse("kernel_size must be positive, got " + std::to_string(shape.kernel[d]) + where);
        if (shape.stride[d] < 1) refuse("stride must be positive, got " + std::to_string(shape.stride[d]) + where);
        if (shape.dilation[d] < 1)
            refuse("dilation must be positive, got " + std::to_string(shape.dilation[d]) + where);
        if (shape.padding[d] < 0 || shape.padding[d] > shape.kernel[d] / 2) {
            refuse("padding must be between 0 and half of kernel_size " + std::to_string(shape.kernel[d]) + ", got " +
                   std::to_string(shape.padding[d]) + where);
        }
        const int64_t padded = checked_add(shape.input[d], 2 * shape.padding[d]);
        const int64_t reach = checked_add(checked_multiply(shape.dilation[d], shape.kernel[d] - 1), 1);
        const int64_t over = padded - reach;
        const int64_t steps = ceil_mode ? -floor_divide(-over, shape.stride[d]) : floor_divide(over, shape.stride[d]);
        shape.output[d] = steps + 1;
        if (ceil_mode && checked_multiply(shape.output[d] - 1, shape.stride[d]) >= shape.input[d] + shape.padding[d]) {
            --shape.output[d];
        }
        if (shape.output[d] < 1) {
            refuse("kernel_size " + std::to_string(shape.kernel[d]) + " with dilation " +
                   std::to_string(shape.dilation[d]) + " leaves no output of the padded input " +
                   std::to_string(padded) + where);
        }
        shape.input_volume = checked_multiply(shape.input_volume, shape.input[d]);
        shape.output_volume = checked_multiply(shape.output_volume, shape.output[d]);
    }
    checked_multiply(8, checked_multiply(shape.output_volume, shape.planes ? shape.planes : 1));
    return shape;
}

template <typename T>
void max_pool(const PoolingShape& shape, const T* input, T* output, int64_t* indices) {
    const KernelTable<T>& table = kernel_table<T>();
    // Positions as wide as the values let both be compared in the same lanes.
    if (sizeof(T) == 4 && shape.input_volume < (int64_t{1} << 30)) {
        max_pool_typed<T, int32_t>(shape, input, output, indices, table.max_row);
    } else {
        max_pool_typed<T, int64_t>(shape, input, output, indices, table.max_row_wide);
    }
}

template <typename T>
void max_pool_backward(int64_t planes, int64_t input_volume, int64_t output_volume, const T* gradient,
                       const int64_t* indices, T* result) {
    for_planes(planes, input_volume, [&](int64_t plane) {
        T* to = result + plane * input_volume;
        const T* from = gradient + plane * output_volume;
        const int64_t* index = indices + plane * output_volume;
        std::fill_n(to, input_volume, T(0));
        for (int64_t q = 0; q < output_volume; ++q) {
            if (index[q] == -1) continue;  // a window over padding alone took nothing
            if (static_cast<uint64_t>(index[q]) >= static_cast<uint64_t>(input_volume)) {
                throw std::out_of_range("max_pool_backward: the index " + std::to_string(index[q]) +
                                        " is not a position of a plane of " + std::to_string(input_volume));
            }
            to[index[q]] += from[q];
        }
    });
}

template <typename T>
void average_pool(const PoolingShape& shape, bool count_include_pad, int64_t divisor, const T* input, T* output) {
    const KernelTable<T>& table = kernel_table<T>();
    const std::vector<Window> along[3] = {windows_of(shape, 0), windows_of(shape, 1), windows_of(shape, 2)};
    const int64_t width = shape.output[2];
    for_planes(shape.planes, shape.input_volume, [&](int64_t plane) {
        SumRow<T> row{};
        row.width = width;
        row.stride = shape.stride[2];
        for (int64_t z = 0; z < shape.output[0]; ++z) {
            for (int64_t y = 0; y < shape.output[1]; ++y) {
                const Window& in_z = along[0][static_cast<size_t>(z)];
                const Window& in_y = along[1][static_cast<size_t>(y)];
                T* to = output + ((plane * shape.output[0] + z) * shape.output[1] + y) * width;
                std::fill_n(to, width, T(0));
                row.sum = to;
                for (int64_t depth = in_z.low; depth < in_z.high; ++depth) {
                    for (int64_t height = in_y.low; height < in_y.high; ++height) {
                        const T* line =
                            input + ((plane * shape.input[0] + depth) * shape.input[1] + height) * shape.input[2];
                        for (int64_t k = 0; k < shape.kernel[2]; ++k) {
                            const int64_t shift = k - shape.padding[2];
                            valid_columns(shift, shape.stride[2], shape.input[2], width, &row.low, &row.high);
                            row.source = line + shift;
                            table.add_row(row);
                        }
                    }
                }
                const int64_t span = in_z.span * in_y.span;
                const int64_t inside =
                    std::max<int64_t>(0, in_z.high - in_z.low) * std::max<int64_t>(0, in_y.high - in_y.low);
                for (int64_t x = 0; x < width; ++x) {
                    const Window& in_x = along[2][static_cast<size_t>(x)];
                    const int64_t count = divisor             ? divisor
                                          : count_include_pad ? span * in_x.span
                                                              : inside * std::max<int64_t>(0, in_x.high - in_x.low);
                    to[x] = to[x] / static_cast<T>(count);
                }
            }
        }
    });
}

template <typename T>
void average_pool_backward(const PoolingShape& shape, bool count_include_pad, int64_t divisor, const T* gradient,
                           T* result) {
    const KernelTable<T>& table = kernel_table<T>();
    const std::vector<Window> along[3] = {windows_of(shape, 0), windows_of(shape, 1), windows_of(shape, 2)};
    const int64_t width = shape.output[2];
    for_planes(shape.planes, shape.input_volume, [&](int64_t plane) {
        std::vector<T> share(static_cast<size_t>(width));
        std::fill_n(result + plane * shape.input_volume, shape.input_volume, T(0));
        SumRow<T> row{};
        row.width = width;
        row.stride = shape.stride[2];
        row.sum = share.data();
        for (int64_t z = 0; z < shape.output[0]; ++z) {
            for (int64_t y = 0; y < shape.output[1]; ++y) {
                const Window& in_z = along[0][static_cast<size_t>(z)];
                const Window& in_y = along[1][static_cast<size_t>(y)];
                const int64_t span = in_z.span * in_y.span;
                const int64_t inside =
                    std::max<int64_t>(0, in_z.high - in_z.low) * std::max<int64_t>(0, in_y.high - in_y.low);
                const T* from = gradient + ((plane * shape.output[0] + z) * shape.output[1] + y) * width;
                for (int64_t x = 0; x < width; ++x) {
                    const Window& in_x = along[2][static_cast<size_t>(x)];
                    const int64_t count = divisor             ? divisor
                                          : count_include_pad ? span * in_x.span
                                                              : inside * std::max<int64_t>(0, in_x.high - in_x.low);
                    share[static_cast<size_t>(x)] = from[x] / static_cast<T>(count);
                }
                for (int64_t depth = in_z.low; depth < in_z.high; ++depth) {
                    for (int64_t height = in_y.low; height < in_y.high; ++height) {
                        T* line =
                            result + ((plane * shape.input[0] + depth) * shape.input[1] + height) * shape.input[2];
                        for (int64_t k = 0; k < shape.kernel[2]; ++k) {
                            const int64_t shift = k - shape.padding[2];
                            valid_columns(shift, shape.stride[2], shape.input[2], width, &row.low, &row.high);
                            row.source = line + shift;
                            table.spread_row(row);
                        }
                    }
                }
            }
        }
    });
}

#define I2DL_INSTANTIATE(T)                                                                      \
    template void max_pool<T>(const PoolingShape&, const T*, T*, int64_t*);                      \
    template void max_pool_backward<T>(int64_t, int64_t, int64_t, const T*, const int64_t*, T*); \
    template void average_pool<T>(const PoolingShape&, bool, int64_t, const T*, T*);             \
    template void average_pool_backward<T>(const PoolingShape&, bool, int64_t, const T*, T*);
I2DL_INSTANTIATE(float)
I2DL_INSTANTIATE(double)

}  // namespace i2dl
