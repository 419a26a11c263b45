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
    parallel_for(ceil_divide(planes, share), 0.5 * static_cast<double>(planes * work), [&](int64_t index) {
        const int64_t end = std::min(planes, (index + 1) * share);
        for (int64_t plane = index * share; plane < end; ++plane) body(plane);
    });
}

// Output columns [low, high) whose tap at `shift` lies in [0, size).
void valid_columns(int64_t shift, int64_t stride, int64_t size, int64_t width, int64_t* low, int64_t* high) {
    *low = shift >= 0 ? 0 : std::min(width, ceil_divide(-shift, stride));
    *high = shift >= size ? *low : std::clamp(floor_divide(size - 1 - shift, stride) + 1, *low, width);
}

// The taps along x, and the output columns for which each lies inside.
struct Taps {
    std::vector<int64_t> shift, low, high;
    explicit Taps(const PoolingShape& shape) {
        for (int64_t k = 0; k < shape.kernel[2]; ++k) {
            int64_t from, to;
            const int64_t at = k * shape.dilation[2] - shape.padding[2];
            if (at >= shape.input[2]) break;
            valid_columns(at, shape.stride[2], shape.input[2], shape.output[2], &from, &to);
            if (from == to) continue;
            shift.push_back(at);
            low.push_back(from);
            high.push_back(to);
        }
    }
};

// Flat positions of the input lines that the windows at output (z, y) see.
void lines_of_row(const PoolingShape& shape, int64_t z, int64_t y, std::vector<int64_t>& lines) {
    lines.clear();
    for (int64_t kz = 0; kz < shape.kernel[0]; ++kz) {
        const int64_t depth = z * shape.stride[0] + kz * shape.dilation[0] - shape.padding[0];
        if (depth < 0) continue;
        if (depth >= shape.input[0]) break;
        for (int64_t ky = 0; ky < shape.kernel[1]; ++ky) {
            const int64_t height = y * shape.stride[1] + ky * shape.dilation[1] - shape.padding[1];
            if (height < 0) continue;
            if (height >= shape.input[1]) break;
            lines.push_back((depth * shape.input[1] + height) * shape.input[2]);
        }
    }
}

// Windows one by one: for strides above 2, and for rows too short to fill vectors.
template <typename T>
void max_row_by_window(const PoolingShape& shape, const MaxRow<T>& row) {
    for (int64_t x = 0; x < row.width; ++x) {
        // The taps inside are neighbours: the window is one range of positions.
        int64_t first = 0, last = row.taps;
        while (first < last && (x < row.low[first] || x >= row.high[first])) ++first;
        while (first < last && (x < row.low[last - 1] || x >= row.high[last - 1])) --last;
        T best = -std::numeric_limits<T>::infinity();
        int64_t index = -1;
        if (first < last && row.lines > 0) index = row.line_start[0] + x * shape.stride[2] + row.shift[first];
        for (int64_t line = 0; line < row.lines; ++line) {
            const int64_t start = row.line_start[line] + x * shape.stride[2];
            for (int64_t tap = first; tap < last; ++tap) {
                const T value = row.plane[start + row.shift[tap]];
                if (value > best || value != value) {
                    best = value;
                    index = start + row.shift[tap];
                }
            }
        }
        row.value[x] = best;
        row.index[x] = index;
    }
}

// Few columns for the width of the windows: sums run along the window then, not along the row.
bool narrow(const PoolingShape& shape) { return shape.output[2] < 4; }

int64_t divisor_at(const Window& z, const Window& y, const Window& x, bool count_include_pad, int64_t divisor) {
    if (divisor) return divisor;
    if (count_include_pad) return z.span * y.span * x.span;
    return std::max<int64_t>(0, z.high - z.low) * std::max<int64_t>(0, y.high - y.low) *
           std::max<int64_t>(0, x.high - x.low);
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
    const Taps taps(shape);
    const bool by_vectors =
        shape.stride[2] <= 2 && !narrow(shape) && (sizeof(T) == 8 || shape.input_volume < (int64_t{1} << 30));
    for_planes(shape.planes, shape.input_volume, [&](int64_t plane) {
        std::vector<int64_t> lines;
        MaxRow<T> row{};
        row.plane = input + plane * shape.input_volume;
        row.begin = input;
        row.end = input + shape.planes * shape.input_volume;
        row.stride = shape.stride[2];
        row.taps = static_cast<int64_t>(taps.shift.size());
        row.shift = taps.shift.data();
        row.low = taps.low.data();
        row.high = taps.high.data();
        row.width = shape.output[2];
        for (int64_t z = 0; z < shape.output[0]; ++z) {
            for (int64_t y = 0; y < shape.output[1]; ++y) {
                lines_of_row(shape, z, y, lines);
                const int64_t at = ((plane * shape.output[0] + z) * shape.output[1] + y) * row.width;
                row.lines = static_cast<int64_t>(lines.size());
                row.line_start = lines.data();
                row.value = output + at;
                row.index = indices + at;
                if (by_vectors) {
                    table.max_row(row);
                } else {
                    max_row_by_window(shape, row);
                }
            }
        }
    });
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
                if (narrow(shape)) {
                    for (int64_t x = 0; x < width; ++x) {
                        const Window& in_x = along[2][static_cast<size_t>(x)];
                        T sum = 0;
                        for (int64_t depth = in_z.low; depth < in_z.high; ++depth) {
                            for (int64_t height = in_y.low; height < in_y.high; ++height) {
                                const T* line = input + ((plane * shape.input[0] + depth) * shape.input[1] + height) *
                                                            shape.input[2];
                                for (int64_t at = in_x.low; at < in_x.high; ++at) sum += line[at];
                            }
                        }
                        to[x] = sum / static_cast<T>(divisor_at(in_z, in_y, in_x, count_include_pad, divisor));
                    }
                    continue;
                }
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
                for (int64_t x = 0; x < width; ++x) {
                    const Window& in_x = along[2][static_cast<size_t>(x)];
                    to[x] /= static_cast<T>(divisor_at(in_z, in_y, in_x, count_include_pad, divisor));
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
                const T* from = gradient + ((plane * shape.output[0] + z) * shape.output[1] + y) * width;
                for (int64_t x = 0; x < width; ++x) {
                    const Window& in_x = along[2][static_cast<size_t>(x)];
                    share[static_cast<size_t>(x)] =
                        from[x] / static_cast<T>(divisor_at(in_z, in_y, in_x, count_include_pad, divisor));
                }
                if (narrow(shape)) {
                    for (int64_t x = 0; x < width; ++x) {
                        const Window& in_x = along[2][static_cast<size_t>(x)];
                        for (int64_t depth = in_z.low; depth < in_z.high; ++depth) {
                            for (int64_t height = in_y.low; height < in_y.high; ++height) {
                                T* line = result +
                                          ((plane * shape.input[0] + depth) * shape.input[1] + height) * shape.input[2];
                                for (int64_t at = in_x.low; at < in_x.high; ++at)
                                    line[at] += share[static_cast<size_t>(x)];
                            }
                        }
                    }
                    continue;
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
