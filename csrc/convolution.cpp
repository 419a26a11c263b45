// The three directions: each builds its problem of shifted sums, chooses how to run it, and runs it.
#include "convolution.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <stdexcept>

#include "arithmetic.h"
#include "columns.h"
#include "instruction_set.h"
#include "scratch.h"
#include "shift.h"
#include "thread_pool.h"
#include "winograd.h"

namespace i2dl {
namespace {

template <typename T>
Plan choose(const ShiftProblem& problem, Algorithm algorithm, Purpose purpose) {
    const int lanes = kernel_table<T>().vector_length;
    constexpr int bytes = static_cast<int>(sizeof(T));
    if (algorithm == Algorithm::kWinograd) return Plan{algorithm, 1, 1, 1, 1, 0};
    if (algorithm != Algorithm::kAuto) return plan_problem(problem, algorithm, purpose, lanes, bytes);
    Plan best = plan_problem(problem, Algorithm::kIm2col, purpose, lanes, bytes);
    for (const Algorithm other : {Algorithm::kPacked, Algorithm::kDirect}) {
        const Plan plan = plan_problem(problem, other, purpose, lanes, bytes);
        if (plan.cost < best.cost) best = plan;
    }
    // Winograd's error is that of float32 twice over; who computes in float64 wants the digits.
    if (purpose == Purpose::kTiles && bytes == 4 && winograd_serves(problem)) {
        const double cost = winograd_cost(problem, lanes);
        if (cost < best.cost) best = Plan{Algorithm::kWinograd, 1, 1, 1, 1, cost};
    }
    return best;
}

// Smaller pieces, so that every thread has some.
void spread(const ShiftProblem& problem, Plan& plan) {
    const int64_t wanted = get_num_threads() > 1 ? 2 * get_num_threads() : 1;
    while (cut_count(problem, plan) < wanted) {
        int64_t* longest = plan.images > 1 ? &plan.images : plan.slices > 1 ? &plan.slices : &plan.rows;
        if (*longest < 2) return;
        *longest = ceil_divide(*longest, 2);
    }
}

template <typename T>
Algorithm run(const ShiftProblem& problem, const T* source, const T* weight, const T* bias, T* destination,
              Algorithm algorithm) {
    if (algorithm == Algorithm::kWinograd && !winograd_serves(problem)) {
        throw std::invalid_argument(
            "convolution: the algorithm \"winograd\" serves 2d kernels of 3x3 with stride 1 and dilation 1 only");
    }
    Plan plan = choose<T>(problem, algorithm, Purpose::kTiles);
    if (plan.algorithm == Algorithm::kWinograd) {
        if (run_winograd(problem, source, weight, bias, destination)) return Algorithm::kWinograd;
        plan = plan_problem(problem, Algorithm::kIm2col, Purpose::kTiles, kernel_table<T>().vector_length,
                            static_cast<int>(sizeof(T)));
    }
    spread(problem, plan);
    run_problem(problem, plan, source, weight, bias, destination);
    return plan.algorithm;
}

// Adds the gradient of the weight for pieces [first, last) of the problem to `out`, laid out like the weight.
template <typename T>
void add_weight_gradient(const ShiftProblem& problem, const Plan& plan, const T* gradient, const T* source, T* out,
                         int64_t first, int64_t last) {
    const KernelTable<T>& table = kernel_table<T>();
    const int lanes = table.vector_length;
    const Phase& phase = problem.phases[0];
    const int64_t rows = problem.destination_channels, volume = problem.destination_volume();
    const bool by_columns = plan.algorithm != Algorithm::kDirect, by_slab = plan.algorithm != Algorithm::kIm2col;
    const Layout layout = layout_of(problem, plan);
    const int64_t slab_elements = by_slab ? slab_size(problem, layout) : 0;
    const int64_t plane_row = layout.extent[2], plane_slice = layout.extent[1] * layout.extent[2];
    std::vector<int64_t> offsets;
    int64_t reach = 0;
    if (by_slab) {
        offsets = offsets_of(problem, phase, layout);
        reach = offsets.empty() ? 0 : *std::max_element(offsets.begin(), offsets.end());
    }

    // The flat lines of the gradient: one per image and slice when read against the slab, where row follows row at the
    // slab's width, with zeros between; one for all when read against columns.
    const int64_t line_length = round_up((plan.rows - 1) * plane_row + plan.columns, lanes);
    const int64_t flat = by_columns ? round_up(plan.images * plan.slices * plan.rows * plan.columns, lanes)
                                    : plan.images * plan.slices * line_length;
    const int64_t column_step = flat + kMaxVectorLength;
    std::vector<int64_t> column_offsets;
    T* columns = nullptr;
    if (by_columns) {
        for (int64_t k = 0; k < phase.depth; ++k) column_offsets.push_back(k * column_step);
        columns = scratch<T>(Scratch::kColumns, phase.depth * column_step + kMaxVectorLength);
    }
    const int64_t slabs = by_columns ? 1 : plan.images;
    T* slab = nullptr;
    if (by_slab) {
        slab = scratch<T>(Scratch::kSlab, slabs * slab_elements + kMaxVectorLength);
        std::fill_n(slab, slabs * slab_elements + kMaxVectorLength, T(0));
    }
    T* lines = scratch<T>(Scratch::kGradient, rows * flat + 1);
    std::vector<int64_t> gradient_start, source_start, lengths, line_sources;

    for (int64_t index = first; index < last; ++index) {
        const Cut cut = cut_at(problem, plan, index);
        const T* from = gradient + (cut.image * problem.groups + cut.group) * rows * volume;
        const int64_t image_step = problem.groups * rows * volume;
        DotRun<T> dots{};
        dots.rows = rows;
        dots.columns = phase.depth;
        dots.gradient = lines;
        dots.gradient_step = flat;
        dots.out = out + cut.group * rows * phase.depth;
        dots.out_step = phase.depth;
        const auto line_of = [&](int64_t z, int64_t y) {
            return ((cut.z + z) * problem.destination[1] + cut.y + y) * problem.destination[2] + cut.x;
        };

        if (by_columns) {
            const int64_t per_image = cut.slices * cut.rows * cut.columns;
            const int64_t used = cut.images * per_image, padded = round_up(used, lanes);
            for (int64_t row = 0; row < rows; ++row) {
                T* to = lines + row * flat;
                for (int64_t image = 0; image < cut.images; ++image) {
                    for (int64_t z = 0; z < cut.slices; ++z) {
                        for (int64_t y = 0; y < cut.rows; ++y, to += cut.columns) {
                            std::copy_n(from + image * image_step + row * volume + line_of(z, y), cut.columns, to);
                        }
                    }
                }
                std::fill_n(to, padded - used, T(0));
            }
            line_sources.clear();
            for (int64_t z = 0; z < cut.slices; ++z) {
                for (int64_t y = 0; y < cut.rows; ++y) line_sources.push_back(z * plane_slice + y * plane_row);
            }
            for (int64_t image = 0; image < cut.images; ++image) {
                T* to = columns + image * per_image;
                if (!by_slab) {
                    gather_columns(problem, phase, cut, cut.image + image, source, to, column_step);
                    continue;
                }
                ColumnPack<T> pack{};
                pack.source = lines_of(problem, layout, cut, cut.image + image, source,
                                       reach + line_sources.back() + round_up(cut.columns, lanes), slab);
                pack.offsets = offsets.data();
                pack.depth = phase.depth;
                pack.row_source = line_sources.data();
                pack.rows = static_cast<int64_t>(line_sources.size());
                pack.row_valid = cut.columns;
                pack.columns = to;
                pack.column_step = column_step;
                table.pack_columns(pack);
            }
            for (int64_t k = 0; k < phase.depth; ++k) {
                std::fill_n(columns + k * column_step + used, padded - used, T(0));
            }
            gradient_start.assign(1, 0);
            source_start.assign(1, 0);
            lengths.assign(1, padded);
            dots.source = columns;
            dots.offsets = column_offsets.data();
        } else {
            const int64_t used = (cut.rows - 1) * plane_row + cut.columns, padded = round_up(used, lanes);
            gradient_start.clear();
            source_start.clear();
            lengths.clear();
            const int64_t last_line = (cut.slices - 1) * plane_slice + padded;
            const int64_t inner = cut.group * problem.source_channels * problem.source_volume() +
                                  (cut.z * problem.source[1] + cut.y) * problem.source[2] + cut.x;
            // Several images are read in place only where all of them can be.
            const int64_t step = problem.groups * problem.source_channels * problem.source_volume();
            const bool in_place =
                layout.view && (cut.image + cut.images - 1) * step + inner + reach + last_line <= problem.batch * step;
            for (int64_t image = 0; image < cut.images; ++image) {
                int64_t begin;
                if (in_place) {
                    begin = image * step;
                } else {
                    T* to = slab + image * slab_elements;
                    // A reach that no array has makes a view copy.
                    begin = lines_of(problem, layout, cut, cut.image + image, source,
                                     layout.view ? problem.batch * step + 1 : 0, to) -
                            slab;
                }
                for (int64_t z = 0; z < cut.slices; ++z) {
                    gradient_start.push_back((image * plan.slices + z) * line_length);
                    source_start.push_back(begin + z * plane_slice);
                    lengths.push_back(padded);
                    for (int64_t row = 0; row < rows; ++row) {
                        T* to = lines + row * flat + gradient_start.back();
                        for (int64_t y = 0; y < cut.rows; ++y) {
                            const T* line = from + image * image_step + row * volume + line_of(z, y);
                            T* end = std::copy_n(line, cut.columns, to + y * plane_row);
                            T* next = y + 1 < cut.rows ? to + (y + 1) * plane_row : to + padded;
                            std::fill(end, next, T(0));
                        }
                    }
                }
            }
            dots.source = in_place ? source + cut.image * step + inner : slab;
            dots.offsets = offsets.data();
        }
        dots.segments = static_cast<int64_t>(lengths.size());
        dots.gradient_start = gradient_start.data();
        dots.source_start = source_start.data();
        dots.lengths = lengths.data();
        table.run_dots(dots);
    }
    trim_scratch(false);
}

template <typename T>
void sum_weight_gradient(const ShiftProblem& problem, const Plan& plan, const T* gradient, const T* source, T* result) {
    const Phase& phase = problem.phases[0];
    const int64_t size = problem.groups * problem.destination_channels * phase.depth;
    std::fill_n(result, size, T(0));
    const int64_t cuts = cut_count(problem, plan);
    if (cuts == 0 || size == 0) return;
    // Fixed shares and a fixed order of the final sum: the same bits for the same number of threads.
    const int64_t shares = std::min<int64_t>(get_num_threads(), cuts);
    T* partial = shares > 1 ? scratch<T>(Scratch::kPartial, (shares - 1) * size) : nullptr;
    parallel_for(shares, [&](int64_t share) {
        T* out = share ? partial + (share - 1) * size : result;
        if (share) std::fill_n(out, size, T(0));
        add_weight_gradient(problem, plan, gradient, source, out, cuts * share / shares, cuts * (share + 1) / shares);
    });
    for (int64_t share = 1; share < shares; ++share) {
        const T* other = partial + (share - 1) * size;
        for (int64_t i = 0; i < size; ++i) result[i] += other[i];
    }
    trim_scratch(true);
}

}  // namespace

template <typename T>
Algorithm convolution(const ConvolutionShape& shape, const T* input, const T* weight, const T* bias, T* output,
                      Algorithm algorithm) {
    return run(forward_problem(shape), input, weight, bias, output, algorithm);
}

template <typename T>
Algorithm convolution_input_gradient(const ConvolutionShape& shape, const T* gradient, const T* weight, T* result,
                                     Algorithm algorithm) {
    return run(input_gradient_problem(shape), gradient, weight, static_cast<const T*>(nullptr), result, algorithm);
}

template <typename T>
Algorithm convolution_weight_gradient(const ConvolutionShape& shape, const T* gradient, const T* input, T* result,
                                      Algorithm algorithm) {
    if (algorithm == Algorithm::kWinograd) {
        throw std::invalid_argument("convolution: the algorithm \"winograd\" does not serve the weight gradient");
    }
    const ShiftProblem problem = forward_problem(shape);
    Plan plan = choose<T>(problem, algorithm, Purpose::kDots);
    spread(problem, plan);
    sum_weight_gradient(problem, plan, gradient, input, result);
    if (plan.algorithm == Algorithm::kDirect && algorithm == Algorithm::kAuto) {
        // The direct way multiplies what lies between two rows by zero; where that is infinite or not a number, the
        // product is not zero. Columns hold only what belongs to the sum.
        const int64_t size = problem.groups * problem.destination_channels * problem.phases[0].depth;
        bool finite = true;
        for (int64_t i = 0; i < size; ++i) finite &= std::isfinite(result[i]);
        if (!finite) {
            plan = choose<T>(problem, Algorithm::kIm2col, Purpose::kDots);
            sum_weight_gradient(problem, plan, gradient, input, result);
        }
    }
    return plan.algorithm;
}

template <typename T>
Algorithm chosen_algorithm(const ConvolutionShape& shape, Direction direction) {
    if (direction == Direction::kInputGradient) {
        return choose<T>(input_gradient_problem(shape), Algorithm::kAuto, Purpose::kTiles).algorithm;
    }
    return choose<T>(forward_problem(shape), Algorithm::kAuto,
                     direction == Direction::kForward ? Purpose::kTiles : Purpose::kDots)
        .algorithm;
}

#define I2DL_INSTANTIATE(T)                                                                                        \
    template Algorithm convolution<T>(const ConvolutionShape&, const T*, const T*, const T*, T*, Algorithm);       \
    template Algorithm convolution_input_gradient<T>(const ConvolutionShape&, const T*, const T*, T*, Algorithm);  \
    template Algorithm convolution_weight_gradient<T>(const ConvolutionShape&, const T*, const T*, T*, Algorithm); \
    template Algorithm chosen_algorithm<T>(const ConvolutionShape&, Direction);
I2DL_INSTANTIATE(float)
I2DL_INSTANTIATE(double)

}  // namespace i2dl
