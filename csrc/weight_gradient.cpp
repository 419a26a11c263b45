// The gradient of the weight: for each output channel and each term k of the forward sums, the dot product of the
// output's gradient with the source shifted by that term. Three ways:
//
// - "outer": for each position, the outer product of one value per term with the gradients of all output channels,
// which
//   were transposed to lie side by side. Nothing is wasted, but the lanes of a vector are output channels: it needs
//   many.
// - "direct": dot products along the lines of the slab, for few output channels. Row follows row, and the gradient is
// zero
//   on what lies between two rows.
// - "packed" and "im2col": dot products along columns.
#include <algorithm>
#include <cmath>
#include <stdexcept>

#include "arithmetic.h"
#include "choice.h"
#include "columns.h"
#include "convolution.h"
#include "depthwise.h"
#include "instruction_set.h"
#include "scratch.h"
#include "thread_pool.h"

namespace i2dl {
namespace {

template <typename T>
class Accumulation {
  public:
    Accumulation(const ShiftProblem& problem, const Plan& plan, const T* gradient, const T* source)
        : problem_(problem),
          plan_(plan),
          phase_(problem.phases[0]),
          gradient_(gradient),
          source_(source),
          table_(kernel_table<T>()),
          lanes_(table_.vector_length),
          rows_(problem.destination_channels),
          volume_(problem.destination_volume()),
          by_slab_(plan.algorithm != Algorithm::kIm2col),
          by_columns_(plan.algorithm == Algorithm::kIm2col || plan.algorithm == Algorithm::kPacked),
          layout_(layout_of(problem, plan)),
          plane_row_(layout_.extent[2]),
          plane_slice_(layout_.extent[1] * layout_.extent[2]),
          slab_elements_(by_slab_ ? slab_size(problem, layout_) : 0) {
        if (by_slab_) {
            offsets_ = offsets_of(problem, phase_, layout_);
            reach_ = offsets_.empty() ? 0 : *std::max_element(offsets_.begin(), offsets_.end());
        }
    }

    // Adds pieces [first, last) to `out`, which is laid out like the weight.
    void add(int64_t first, int64_t last, T* out) {
        if (by_slab_) {
            const int64_t elements = (by_columns_ ? 1 : plan_.images) * slab_elements_ + kMaxVectorLength;
            slab_ = scratch<T>(Scratch::kSlab, elements);
            // What lies past the lines meets zeros of the gradient, but must be finite itself.
            std::fill_n(slab_, elements, T(0));
        }
        if (plan_.algorithm == Algorithm::kOuter) {
            add_outer_products(first, last, out);
        } else if (by_columns_) {
            add_along_columns(first, last, out);
        } else {
            add_along_lines(first, last, out);
        }
        trim_scratch(false);
    }

  private:
    const T* gradient_of(const Cut& cut, int64_t image) const {
        return gradient_ + ((cut.image + image) * problem_.groups + cut.group) * rows_ * volume_;
    }

    // Where a line of the cut starts in a channel of the gradient.
    int64_t line_of(const Cut& cut, int64_t z, int64_t y) const {
        return ((cut.z + z) * problem_.destination[1] + cut.y + y) * problem_.destination[2] + cut.x;
    }

    // Makes the sources of all images of a cut readable at begin[image] from the pointer returned, each `last` elements
    // past its largest offset: in place if that is possible, else as slabs.
    const T* prepare_images(const Cut& cut, int64_t last) {
        const int64_t group_size = problem_.source_channels * problem_.source_volume();
        const int64_t step = problem_.groups * group_size;
        const int64_t inner =
            cut.group * group_size + (cut.z * problem_.source[1] + cut.y) * problem_.source[2] + cut.x;
        begin_.clear();
        if (layout_.view && (cut.image + cut.images - 1) * step + inner + reach_ + last <= problem_.batch * step) {
            for (int64_t image = 0; image < cut.images; ++image) begin_.push_back(image * step);
            return source_ + cut.image * step + inner;
        }
        for (int64_t image = 0; image < cut.images; ++image) {
            // A reach that no array has makes even a view copy.
            const int64_t reach = layout_.view ? problem_.batch * step + 1 : 0;
            T* to = slab_ + image * slab_elements_;
            begin_.push_back(lines_of(problem_, layout_, cut, cut.image + image, source_, reach, to) - slab_);
        }
        return slab_;
    }

    void add_outer_products(int64_t first, int64_t last, T* out) {
        const int64_t step = round_up(rows_, lanes_), depth = phase_.depth;
        T* sums = scratch<T>(Scratch::kProducts, problem_.groups * depth * step);
        std::fill_n(sums, problem_.groups * depth * step, T(0));
        const int64_t positions = plan_.images * plan_.slices * plan_.rows * plan_.columns;
        T* transposed = scratch<T>(Scratch::kGradient, (positions + lanes_) * step);
        std::vector<int64_t> line_source;
        for (int64_t index = first; index < last; ++index) {
            const Cut cut = cut_at(problem_, plan_, index);
            OuterRun<T> run{};
            run.source =
                prepare_images(cut, (cut.slices - 1) * plane_slice_ + (cut.rows - 1) * plane_row_ + cut.columns);
            line_source.clear();
            Transpose<T> transpose{};
            transpose.from_step = volume_;
            transpose.rows = rows_;
            transpose.to = transposed;
            transpose.to_step = step;
            transpose.padded = true;
            const bool whole_rows = cut.columns == problem_.destination[2];
            for (int64_t image = 0; image < cut.images; ++image) {
                for (int64_t z = 0; z < cut.slices; ++z) {
                    for (int64_t y = 0; y < cut.rows; ++y) {
                        line_source.push_back(begin_[static_cast<size_t>(image)] + z * plane_slice_ + y * plane_row_);
                        if (whole_rows && y) continue;  // the rows of a slice stand side by side
                        transpose.from = gradient_of(cut, image) + line_of(cut, z, y);
                        transpose.count = whole_rows ? cut.rows * cut.columns : cut.columns;
                        table_.transpose(transpose);
                        transpose.to += transpose.count * step;
                    }
                }
            }
            run.columns = depth;
            run.offsets = offsets_.data();
            run.lines = static_cast<int64_t>(line_source.size());
            run.line_source = line_source.data();
            run.width = cut.columns;
            run.gradient = transposed;
            run.step = step;
            run.sums = sums + cut.group * depth * step;
            table_.run_outer(run);
        }
        for (int64_t group = 0; group < problem_.groups; ++group) {
            for (int64_t row = 0; row < rows_; ++row) {
                const T* from = sums + group * depth * step + row;
                T* to = out + (group * rows_ + row) * depth;
                for (int64_t k = 0; k < depth; ++k) to[k] += from[k * step];
            }
        }
    }

    void run_dots(const Cut& cut, const T* source, const int64_t* offsets, const T* gradient, int64_t gradient_step,
                  T* out) {
        DotRun<T> run{};
        run.rows = rows_;
        run.columns = phase_.depth;
        run.gradient = gradient;
        run.gradient_step = gradient_step;
        run.source = source;
        run.offsets = offsets;
        run.segments = static_cast<int64_t>(lengths_.size());
        run.gradient_start = gradient_start_.data();
        run.source_start = source_start_.data();
        run.lengths = lengths_.data();
        run.out = out + cut.group * rows_ * phase_.depth;
        run.out_step = phase_.depth;
        table_.run_dots(run);
    }

    void add_along_lines(int64_t first, int64_t last, T* out) {
        const int64_t most_length = round_up((plan_.rows - 1) * plane_row_ + plan_.columns, lanes_);
        const int64_t step = plan_.images * plan_.slices * most_length;
        T* lines = scratch<T>(Scratch::kGradient, rows_ * step + 1);
        for (int64_t index = first; index < last; ++index) {
            const Cut cut = cut_at(problem_, plan_, index);
            const int64_t length = round_up((cut.rows - 1) * plane_row_ + cut.columns, lanes_);
            const T* source = prepare_images(cut, (cut.slices - 1) * plane_slice_ + length);
            gradient_start_.clear();
            source_start_.clear();
            lengths_.clear();
            for (int64_t image = 0; image < cut.images; ++image) {
                for (int64_t z = 0; z < cut.slices; ++z) {
                    gradient_start_.push_back((image * plan_.slices + z) * most_length);
                    source_start_.push_back(begin_[static_cast<size_t>(image)] + z * plane_slice_);
                    lengths_.push_back(length);
                    for (int64_t row = 0; row < rows_; ++row) {
                        T* to = lines + row * step + gradient_start_.back();
                        for (int64_t y = 0; y < cut.rows; ++y) {
                            const T* line = gradient_of(cut, image) + row * volume_ + line_of(cut, z, y);
                            T* end = std::copy_n(line, cut.columns, to + y * plane_row_);
                            std::fill(end, y + 1 < cut.rows ? to + (y + 1) * plane_row_ : to + length, T(0));
                        }
                    }
                }
            }
            run_dots(cut, source, offsets_.data(), lines, step, out);
        }
    }

    void add_along_columns(int64_t first, int64_t last, T* out) {
        const int64_t most = round_up(plan_.images * plan_.slices * plan_.rows * plan_.columns, lanes_);
        const int64_t step = most + kMaxVectorLength;
        T* lines = scratch<T>(Scratch::kGradient, rows_ * most + 1);
        T* columns = scratch<T>(Scratch::kColumns, phase_.depth * step + kMaxVectorLength);
        std::vector<int64_t> column_offsets, line_source;
        for (int64_t k = 0; k < phase_.depth; ++k) column_offsets.push_back(k * step);
        for (int64_t index = first; index < last; ++index) {
            const Cut cut = cut_at(problem_, plan_, index);
            const int64_t per_image = cut.slices * cut.rows * cut.columns;
            const int64_t used = cut.images * per_image, padded = round_up(used, lanes_);
            line_source.clear();
            for (int64_t z = 0; z < cut.slices; ++z) {
                for (int64_t y = 0; y < cut.rows; ++y) line_source.push_back(z * plane_slice_ + y * plane_row_);
            }
            for (int64_t row = 0; row < rows_; ++row) {
                T* to = lines + row * most;
                for (int64_t image = 0; image < cut.images; ++image) {
                    for (int64_t z = 0; z < cut.slices; ++z) {
                        for (int64_t y = 0; y < cut.rows; ++y) {
                            to = std::copy_n(gradient_of(cut, image) + row * volume_ + line_of(cut, z, y), cut.columns,
                                             to);
                        }
                    }
                }
                std::fill_n(to, padded - used, T(0));
            }
            for (int64_t image = 0; image < cut.images; ++image) {
                T* to = columns + image * per_image;
                if (!by_slab_) {
                    gather_columns(problem_, phase_, cut, cut.image + image, source_, to, step);
                    continue;
                }
                ColumnPack<T> pack{};
                pack.source = lines_of(problem_, layout_, cut, cut.image + image, source_,
                                       reach_ + line_source.back() + round_up(cut.columns, lanes_), slab_);
                pack.offsets = offsets_.data();
                pack.depth = phase_.depth;
                pack.row_source = line_source.data();
                pack.rows = static_cast<int64_t>(line_source.size());
                pack.row_valid = cut.columns;
                pack.columns = to;
                pack.column_step = step;
                table_.pack_columns(pack);
            }
            for (int64_t k = 0; k < phase_.depth; ++k) std::fill_n(columns + k * step + used, padded - used, T(0));
            gradient_start_.assign(1, 0);
            source_start_.assign(1, 0);
            lengths_.assign(1, padded);
            run_dots(cut, columns, column_offsets.data(), lines, most, out);
        }
    }

    const ShiftProblem& problem_;
    const Plan& plan_;
    const Phase& phase_;
    const T *gradient_, *source_;
    const KernelTable<T>& table_;
    const int lanes_;
    const int64_t rows_, volume_;
    const bool by_slab_, by_columns_;
    const Layout layout_;
    const int64_t plane_row_, plane_slice_, slab_elements_;
    std::vector<int64_t> offsets_;
    int64_t reach_ = 0;
    T* slab_ = nullptr;
    std::vector<int64_t> begin_, gradient_start_, source_start_, lengths_;
};

template <typename T>
void sum_weight_gradient(const ShiftProblem& problem, const Plan& plan, const T* gradient, const T* source, T* result) {
    const int64_t size = problem.groups * problem.destination_channels * problem.phases[0].depth;
    std::fill_n(result, size, T(0));
    const int64_t cuts = cut_count(problem, plan);
    if (cuts == 0 || size == 0) return;
    // Fixed shares and a fixed order of the final sum: the same bits for the same number of threads.
    const double nanoseconds = 0.025 * multiplications(problem);
    const int64_t shares = nanoseconds < least_work() ? 1 : std::min<int64_t>(get_num_threads(), cuts);
    T* partial = shares > 1 ? scratch<T>(Scratch::kPartial, (shares - 1) * size) : nullptr;
    parallel_for(shares, nanoseconds, [&](int64_t share) {
        T* out = share ? partial + (share - 1) * size : result;
        if (share) std::fill_n(out, size, T(0));
        Accumulation<T>(problem, plan, gradient, source).add(cuts * share / shares, cuts * (share + 1) / shares, out);
    });
    for (int64_t share = 1; share < shares; ++share) {
        const T* other = partial + (share - 1) * size;
        for (int64_t i = 0; i < size; ++i) result[i] += other[i];
    }
    trim_scratch(true);
}

}  // namespace

template <typename T>
Algorithm convolution_weight_gradient(const ConvolutionShape& shape, const T* gradient, const T* input, T* result,
                                      Algorithm algorithm) {
    if (algorithm == Algorithm::kWinograd) {
        throw std::invalid_argument("convolution: the algorithm \"winograd\" does not serve the weight gradient");
    }
    const ShiftProblem problem = forward_problem(shape);
    require_depthwise(problem, algorithm);
    Plan plan = choose_plan<T>(problem, algorithm, Purpose::kDots);
    const bool depthwise = plan.algorithm == Algorithm::kDepthwise;
    if (depthwise) {
        depthwise_weight_gradient(problem, gradient, input, result);
    } else {
        spread_plan(problem, plan);
        sum_weight_gradient(problem, plan, gradient, input, result);
    }
    if ((plan.algorithm == Algorithm::kDirect || depthwise) && algorithm == Algorithm::kAuto) {
        // These multiply what does not belong to the sum (between two rows, or counted already) by zero; where it is
        // infinite or not a number, the product is not zero. Columns hold only what belongs to the sum.
        const int64_t size = problem.groups * problem.destination_channels * problem.phases[0].depth;
        bool finite = true;
        for (int64_t i = 0; i < size; ++i) finite &= std::isfinite(result[i]);
        if (!finite) {
            plan = choose_plan<T>(problem, Algorithm::kIm2col, Purpose::kDots);
            sum_weight_gradient(problem, plan, gradient, input, result);
        }
    }
    return plan.algorithm;
}

template Algorithm convolution_weight_gradient<float>(const ConvolutionShape&, const float*, const float*, float*,
                                                      Algorithm);
template Algorithm convolution_weight_gradient<double>(const ConvolutionShape&, const double*, const double*, double*,
                                                       Algorithm);

}  // namespace i2dl
