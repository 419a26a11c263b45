#include "columns.h"

#include <algorithm>
#include <cstring>

#include "arithmetic.h"
#include "thread_pool.h"

namespace i2dl {
namespace {

// Positions x in [0, count) with 0 <= x * stride + shift < size.
struct Inside {
    int64_t low, high;
    Inside(int64_t count, int64_t stride, int64_t shift, int64_t size) {
        low = shift >= 0 ? 0 : std::min(count, ceil_divide(-shift, stride));
        high = shift >= size ? low : std::clamp(floor_divide(size - 1 - shift, stride) + 1, low, count);
    }
};

}  // namespace

template <typename T>
void gather_columns(const ShiftProblem& problem, const Phase& phase, const Cut& part, int64_t image, const T* source,
                    T* columns, int64_t column_step) {
    const int64_t volume = problem.source_volume(), width = problem.source[2], stride = problem.stride[2];
    const T* plane = source + (image * problem.groups + part.group) * problem.source_channels * volume;
    for (int64_t channel = 0; channel < problem.source_channels; ++channel, plane += volume) {
        for (const Tap& tap_z : phase.taps[0]) {
            for (const Tap& tap_y : phase.taps[1]) {
                for (const Tap& tap_x : phase.taps[2]) {
                    T* to = columns;
                    columns += column_step;
                    const int64_t shift = part.x * stride + tap_x.shift;
                    const Inside inside(part.columns, stride, shift, width);
                    for (int64_t z = 0; z < part.slices; ++z) {
                        const int64_t depth = (part.z + z) * problem.stride[0] + tap_z.shift;
                        for (int64_t y = 0; y < part.rows; ++y, to += part.columns) {
                            const int64_t height = (part.y + y) * problem.stride[1] + tap_y.shift;
                            if (depth < 0 || depth >= problem.source[0] || height < 0 || height >= problem.source[1]) {
                                std::fill_n(to, part.columns, T(0));
                                continue;
                            }
                            const T* line = plane + (depth * problem.source[1] + height) * width;
                            for (int64_t x = 0; x < inside.low; ++x) to[x] = T(0);
                            for (int64_t x = inside.low; x < inside.high; ++x) to[x] = line[x * stride + shift];
                            for (int64_t x = inside.high; x < part.columns; ++x) to[x] = T(0);
                        }
                    }
                }
            }
        }
    }
}

// Nanoseconds, about.
double copying(const ConvolutionShape& shape) {
    return 0.3 * static_cast<double>(shape.batch * shape.in_channels * shape.kernel_volume * shape.output_volume);
}

template <typename T>
void im2col(const ConvolutionShape& shape, const T* input, T* columns) {
    const int64_t volume = shape.output_volume;
    parallel_for(shape.batch * shape.in_channels, copying(shape), [&](int64_t index) {
        const T* plane = input + index * shape.input_volume;
        T* to = columns + index * shape.kernel_volume * volume;
        for (int64_t kz = 0; kz < shape.kernel[0]; ++kz) {
            for (int64_t ky = 0; ky < shape.kernel[1]; ++ky) {
                for (int64_t kx = 0; kx < shape.kernel[2]; ++kx) {
                    const int64_t shift = kx * shape.dilation[2] - shape.padding[2];
                    const Inside inside(shape.output[2], shape.stride[2], shift, shape.input[2]);
                    for (int64_t z = 0; z < shape.output[0]; ++z) {
                        const int64_t depth = z * shape.stride[0] + kz * shape.dilation[0] - shape.padding[0];
                        for (int64_t y = 0; y < shape.output[1]; ++y, to += shape.output[2]) {
                            const int64_t height = y * shape.stride[1] + ky * shape.dilation[1] - shape.padding[1];
                            if (depth < 0 || depth >= shape.input[0] || height < 0 || height >= shape.input[1]) {
                                std::fill_n(to, shape.output[2], T(0));
                                continue;
                            }
                            const T* line = plane + (depth * shape.input[1] + height) * shape.input[2];
                            std::fill_n(to, inside.low, T(0));
                            for (int64_t x = inside.low; x < inside.high; ++x)
                                to[x] = line[x * shape.stride[2] + shift];
                            std::fill_n(to + inside.high, shape.output[2] - inside.high, T(0));
                        }
                    }
                }
            }
        }
    });
}

template <typename T>
void col2im(const ConvolutionShape& shape, const T* columns, T* input) {
    const int64_t volume = shape.output_volume;
    parallel_for(shape.batch * shape.in_channels, copying(shape), [&](int64_t index) {
        T* plane = input + index * shape.input_volume;
        std::fill_n(plane, shape.input_volume, T(0));
        const T* from = columns + index * shape.kernel_volume * volume;
        for (int64_t kz = 0; kz < shape.kernel[0]; ++kz) {
            for (int64_t ky = 0; ky < shape.kernel[1]; ++ky) {
                for (int64_t kx = 0; kx < shape.kernel[2]; ++kx) {
                    const int64_t shift = kx * shape.dilation[2] - shape.padding[2];
                    const Inside inside(shape.output[2], shape.stride[2], shift, shape.input[2]);
                    for (int64_t z = 0; z < shape.output[0]; ++z) {
                        const int64_t depth = z * shape.stride[0] + kz * shape.dilation[0] - shape.padding[0];
                        for (int64_t y = 0; y < shape.output[1]; ++y, from += shape.output[2]) {
                            const int64_t height = y * shape.stride[1] + ky * shape.dilation[1] - shape.padding[1];
                            if (depth < 0 || depth >= shape.input[0] || height < 0 || height >= shape.input[1])
                                continue;
                            T* line = plane + (depth * shape.input[1] + height) * shape.input[2];
                            for (int64_t x = inside.low; x < inside.high; ++x)
                                line[x * shape.stride[2] + shift] += from[x];
                        }
                    }
                }
            }
        }
    });
}

#define I2DL_INSTANTIATE(T)                                                                                         \
    template void gather_columns<T>(const ShiftProblem&, const Phase&, const Cut&, int64_t, const T*, T*, int64_t); \
    template void im2col<T>(const ConvolutionShape&, const T*, T*);                                                 \
    template void col2im<T>(const ConvolutionShape&, const T*, T*);
I2DL_INSTANTIATE(float)
I2DL_INSTANTIATE(double)

}  // namespace i2dl
