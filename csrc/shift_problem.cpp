// How a convolution becomes shifted sums, and how these are cut into pieces that fit the cache.
#include <algorithm>
#include <stdexcept>

#include "arithmetic.h"
#include "shift.h"

namespace i2dl {
namespace {

void derive(ShiftProblem& problem) {
    problem.viewable = true;
    for (int d = 0; d < 3; ++d) {
        const int64_t stride = problem.stride[d];
        bool any = false;
        problem.low[d] = problem.high[d] = problem.most[d] = 0;
        for (const Phase& phase : problem.phases) {
            problem.most[d] = std::max(problem.most[d], phase.count[d]);
            for (const Tap& tap : phase.taps[d]) {
                const int64_t a = floor_divide(tap.shift, stride);
                problem.low[d] = any ? std::min(problem.low[d], a) : a;
                problem.high[d] = any ? std::max(problem.high[d], a) : a;
                any = true;
                problem.residues[d].push_back(tap.shift - a * stride);
                if (stride != 1 || tap.shift < 0 || tap.shift + phase.count[d] > problem.source[d]) {
                    problem.viewable = false;
                }
            }
        }
        auto& residues = problem.residues[d];
        std::sort(residues.begin(), residues.end());
        residues.erase(std::unique(residues.begin(), residues.end()), residues.end());
    }
}

}  // namespace

ShiftProblem forward_problem(const ConvolutionShape& shape) {
    ShiftProblem problem{};
    problem.batch = shape.batch;
    problem.groups = shape.groups;
    problem.source_channels = shape.in_channels / shape.groups;
    problem.destination_channels = shape.out_channels / shape.groups;
    problem.weight_channel = shape.kernel_volume;
    problem.weight_row = problem.source_channels * shape.kernel_volume;
    problem.weight_group = problem.destination_channels * problem.weight_row;
    problem.covered = true;
    Phase phase{};
    phase.depth = problem.source_channels * shape.kernel_volume;
    for (int d = 0; d < 3; ++d) {
        problem.source[d] = shape.input[d];
        problem.destination[d] = shape.output[d];
        problem.stride[d] = shape.stride[d];
        problem.kernel[d] = shape.kernel[d];
        phase.count[d] = shape.output[d];
        phase.start[d] = 0;
        phase.step[d] = 1;
        for (int64_t k = 0; k < shape.kernel[d]; ++k) {
            phase.taps[d].push_back({k * shape.dilation[d] - shape.padding[d], k});
        }
    }
    problem.phases.push_back(phase);
    derive(problem);
    return problem;
}

ShiftProblem input_gradient_problem(const ConvolutionShape& shape) {
    ShiftProblem problem{};
    problem.batch = shape.batch;
    problem.groups = shape.groups;
    problem.source_channels = shape.out_channels / shape.groups;
    problem.destination_channels = shape.in_channels / shape.groups;
    problem.weight_row = shape.kernel_volume;
    problem.weight_channel = problem.destination_channels * shape.kernel_volume;
    problem.weight_group = problem.source_channels * problem.weight_channel;
    problem.covered = true;

    // Per dimension: input position i with i + padding = (base + q) * stride + residue receives tap k from gradient
    // position base + q + (residue - k * dilation) / stride, for the taps where that division is exact.
    struct Line {
        int64_t count, start;
        std::vector<Tap> taps;
    };
    std::vector<Line> lines[3];
    for (int d = 0; d < 3; ++d) {
        problem.source[d] = shape.output[d];
        problem.destination[d] = shape.input[d];
        problem.stride[d] = 1;
        problem.kernel[d] = shape.kernel[d];
        const int64_t stride = shape.stride[d], size = shape.input[d];
        int64_t positions = 0;
        // Only residues that some tap reaches: a huge stride must not mean a huge loop.
        std::vector<int64_t> residues;
        for (int64_t k = 0; k < shape.kernel[d]; ++k) residues.push_back(k * shape.dilation[d] % stride);
        std::sort(residues.begin(), residues.end());
        residues.erase(std::unique(residues.begin(), residues.end()), residues.end());
        for (const int64_t residue : residues) {
            const int64_t over = (shape.padding[d] - residue) % stride;
            const int64_t start = over == 0 ? 0 : over > 0 ? stride - over : -over;
            if (start >= size) continue;
            Line line;
            line.start = start;
            line.count = (size - 1 - start) / stride + 1;
            const int64_t base = (start + shape.padding[d] - residue) / stride;
            for (int64_t k = 0; k < shape.kernel[d]; ++k) {
                if (k * shape.dilation[d] % stride == residue) {
                    line.taps.push_back({base + (residue - k * shape.dilation[d]) / stride, k});
                }
            }
            positions += line.count;
            lines[d].push_back(line);
        }
        if (positions != size) problem.covered = false;
    }
    for (const Line& z : lines[0]) {
        for (const Line& y : lines[1]) {
            for (const Line& x : lines[2]) {
                Phase phase{};
                const Line* of[3] = {&z, &y, &x};
                phase.depth = problem.source_channels;
                for (int d = 0; d < 3; ++d) {
                    phase.count[d] = of[d]->count;
                    phase.start[d] = of[d]->start;
                    phase.step[d] = shape.stride[d];
                    phase.taps[d] = of[d]->taps;
                    phase.depth *= static_cast<int64_t>(of[d]->taps.size());
                }
                problem.phases.push_back(phase);
            }
        }
    }
    derive(problem);
    return problem;
}

Layout layout_of(const ShiftProblem& problem, const Plan& plan) {
    Layout layout{};
    layout.view = problem.viewable;
    if (layout.view) {
        for (int d = 0; d < 3; ++d) layout.extent[d] = problem.source[d];
    } else {
        layout.extent[0] = plan.slices + problem.high[0] - problem.low[0];
        layout.extent[1] = plan.rows + problem.high[1] - problem.low[1];
        layout.extent[2] = plan.columns + problem.high[2] - problem.low[2];
    }
    return layout;
}

int64_t slab_size(const ShiftProblem& problem, const Layout& layout) {
    int64_t planes = problem.source_channels;
    if (!layout.view) {
        for (int d = 0; d < 3; ++d) planes = checked_multiply(planes, static_cast<int64_t>(problem.residues[d].size()));
    }
    return checked_multiply(planes,
                            checked_multiply(layout.extent[0], checked_multiply(layout.extent[1], layout.extent[2])));
}

std::vector<int64_t> offsets_of(const ShiftProblem& problem, const Phase& phase, const Layout& layout) {
    std::vector<int64_t> along[3];
    int64_t planes = 1;
    for (int d = 0; d < 3; ++d) {
        if (!layout.view) planes *= static_cast<int64_t>(problem.residues[d].size());
    }
    // Step of a residue's plane, and of a position, per dimension.
    const int64_t plane = layout.plane();
    const int64_t step[3] = {layout.extent[1] * layout.extent[2], layout.extent[2], 1};
    int64_t residue_step[3] = {1, 1, 1};
    if (!layout.view) {
        residue_step[1] = static_cast<int64_t>(problem.residues[2].size());
        residue_step[0] = residue_step[1] * static_cast<int64_t>(problem.residues[1].size());
    }
    for (int d = 0; d < 3; ++d) {
        for (const Tap& tap : phase.taps[d]) {
            if (layout.view) {
                along[d].push_back(tap.shift * step[d]);
                continue;
            }
            const int64_t a = floor_divide(tap.shift, problem.stride[d]);
            const auto& residues = problem.residues[d];
            const int64_t residue =
                std::lower_bound(residues.begin(), residues.end(), tap.shift - a * problem.stride[d]) -
                residues.begin();
            along[d].push_back(residue * residue_step[d] * plane + (a - problem.low[d]) * step[d]);
        }
    }
    std::vector<int64_t> offsets;
    offsets.reserve(static_cast<size_t>(phase.depth));
    for (int64_t channel = 0; channel < problem.source_channels; ++channel) {
        for (const int64_t z : along[0]) {
            for (const int64_t y : along[1]) {
                for (const int64_t x : along[2]) offsets.push_back(channel * planes * plane + z + y + x);
            }
        }
    }
    return offsets;
}

// ------------------------------------------------------------------------------------------------------------- plans

namespace {

constexpr double kSlabBytes = 384 << 10;  // half of a second-level cache
constexpr double kColumnBytes = 384 << 10;
constexpr double kLargestSlab = 1 << 28;  // beyond it only im2col, which needs no bordered copy, is considered
constexpr double kNever = 1e300;

struct Sizing {
    const ShiftProblem& problem;
    double slab(int64_t slices, int64_t rows, int64_t columns) const {
        double size = static_cast<double>(problem.source_channels);
        for (int d = 0; d < 3; ++d) size *= static_cast<double>(problem.residues[d].size());
        size *= static_cast<double>(slices + problem.high[0] - problem.low[0]);
        size *= static_cast<double>(rows + problem.high[1] - problem.low[1]);
        return size * static_cast<double>(columns + problem.high[2] - problem.low[2]);
    }
    double depth() const {
        double depth = 0;
        for (const Phase& phase : problem.phases) depth = std::max(depth, static_cast<double>(phase.depth));
        return depth;
    }
};

}  // namespace

Plan plan_problem(const ShiftProblem& problem, Algorithm algorithm, Purpose purpose, int vector_length,
                  int element_bytes) {
    const Sizing sizing{problem};
    const int64_t most[3] = {std::max<int64_t>(problem.most[0], 1), std::max<int64_t>(problem.most[1], 1),
                             std::max<int64_t>(problem.most[2], 1)};
    Plan plan{algorithm, 1, most[0], most[1], most[2], 0};
    const bool outer = algorithm == Algorithm::kOuter;
    const bool columns = algorithm == Algorithm::kPacked || algorithm == Algorithm::kIm2col;
    const bool slab = algorithm != Algorithm::kIm2col;
    const double depth = sizing.depth();
    // Positions that one sum runs over: few enough for its operands to stay in the cache, and for float32 to hold it.
    const int64_t channels = round_up(std::max<int64_t>(problem.destination_channels, 1), vector_length);
    const double most_positions = outer ? std::clamp(kColumnBytes / 2 / element_bytes / channels, 256.0, 1024.0) : 4096;
    const auto too_large = [&] {
        const double positions = static_cast<double>(plan.slices) * plan.rows * plan.columns;
        return (slab && sizing.slab(plan.slices, plan.rows, plan.columns) * element_bytes > kSlabBytes) ||
               (columns && positions * depth * element_bytes > kColumnBytes) ||
               (purpose == Purpose::kDots && positions > most_positions);
    };
    constexpr int64_t kLeastColumns = 256;  // rows are not cut shorter: each piece copies its neighbours' borders again
    while (too_large() && (plan.slices > 1 || plan.rows > 1 || plan.columns > kLeastColumns)) {
        int64_t& longer = plan.slices > 1 ? plan.slices : plan.rows > 1 ? plan.rows : plan.columns;
        longer = (longer + 1) / 2;
    }
    // Halving may leave a short last piece; equal ones are better.
    plan.slices = ceil_divide(most[0], ceil_divide(most[0], plan.slices));
    plan.rows = ceil_divide(most[1], ceil_divide(most[1], plan.rows));
    plan.columns = ceil_divide(most[2], ceil_divide(most[2], plan.columns));
    const double slab_elements = sizing.slab(plan.slices, plan.rows, plan.columns);
    if (slab && slab_elements > kLargestSlab) {
        plan.cost = kNever;
        return plan;
    }
    // Small images are taken several at a time: columns so that a tile is full, dot products so that one sum lasts.
    if (plan.slices == most[0] && plan.rows == most[1] && plan.columns == most[2]) {
        const double positions = static_cast<double>(plan.slices) * plan.rows * plan.columns;
        double images = 1;
        if (columns) images = kColumnBytes / (positions * std::max(depth, 1.0) * element_bytes);
        if (purpose == Purpose::kDots) {
            images = std::min(columns ? images : 1e9, most_positions / positions);
            if (slab && !columns) images = std::min(images, kSlabBytes / (slab_elements * element_bytes));
        }
        if (columns || purpose == Purpose::kDots) {
            plan.images = std::clamp<int64_t>(static_cast<int64_t>(images), 1, std::max<int64_t>(problem.batch, 1));
        }
    }

    // The estimate, in cycles of one fused multiply-add per vector.
    const double lanes = vector_length, rows_of_tile = static_cast<double>(problem.destination_channels);
    double cost = 0;
    for (const Phase& phase : problem.phases) {
        const double count = static_cast<double>(phase.count[0]) * phase.count[1] * phase.count[2];
        const double phase_depth = static_cast<double>(phase.depth);
        const double lines = static_cast<double>(phase.count[0]) * phase.count[1];
        if (outer) {
            const double channels = static_cast<double>(round_up(problem.destination_channels, vector_length)) / lanes;
            // Products, and the start of each line for each 8 terms and 2 vectors of channels; then the transpose.
            cost += phase_depth * channels * (count + lines * 0.7) + count * channels * lanes * 0.4;
            continue;
        }
        double vectors;
        if (columns) {
            vectors = static_cast<double>(
                          ceil_divide(phase.count[0] * phase.count[1] * phase.count[2] * plan.images, vector_length)) /
                      plan.images;
            const double pieces = static_cast<double>(ceil_divide(phase.count[2], vector_length));
            const double per_line = algorithm == Algorithm::kPacked ? 3 + 2.5 * pieces : 12 + 4 * pieces;
            cost += phase_depth * lines * per_line;
        } else {
            const int64_t extent =
                problem.viewable ? problem.source[2] : plan.columns + problem.high[2] - problem.low[2];
            const double pieces = static_cast<double>(phase.count[1]) / plan.rows * phase.count[2] / plan.columns;
            vectors = static_cast<double>(phase.count[0]) * pieces *
                      static_cast<double>(ceil_divide((plan.rows - 1) * extent + plan.columns, vector_length));
            cost += lines * rows_of_tile * 4;  // taken apart or put together
        }
        cost += vectors * phase_depth * std::max(rows_of_tile, 2.0) + vectors * rows_of_tile * 2 + count / lanes;
        if (purpose == Purpose::kDots) {
            const double positions = static_cast<double>(plan.images * plan.slices) * plan.rows * plan.columns;
            cost += count / positions * phase_depth * rows_of_tile * 12;  // the sums across lanes
        }
    }
    if (slab && !problem.viewable) {
        const double pieces = static_cast<double>(ceil_divide(most[0], plan.slices)) *
                              static_cast<double>(ceil_divide(most[1], plan.rows)) *
                              static_cast<double>(ceil_divide(most[2], plan.columns));
        cost += pieces * slab_elements * 2 / lanes;
    }
    plan.cost = cost;
    return plan;
}

double multiplications(const ShiftProblem& problem) {
    double sum = 0;
    for (const Phase& phase : problem.phases) {
        sum += static_cast<double>(phase.count[0] * phase.count[1] * phase.count[2]) * static_cast<double>(phase.depth);
    }
    return sum * static_cast<double>(problem.batch * problem.groups * problem.destination_channels);
}

int64_t cut_count(const ShiftProblem& problem, const Plan& plan) {
    return ceil_divide(problem.batch, plan.images) * problem.groups * ceil_divide(problem.most[0], plan.slices) *
           ceil_divide(problem.most[1], plan.rows) * ceil_divide(problem.most[2], plan.columns);
}

Cut cut_at(const ShiftProblem& problem, const Plan& plan, int64_t index) {
    const int64_t pieces_x = ceil_divide(problem.most[2], plan.columns);
    const int64_t pieces_y = ceil_divide(problem.most[1], plan.rows),
                  pieces_z = ceil_divide(problem.most[0], plan.slices);
    Cut cut{};
    cut.x = index % pieces_x * plan.columns;
    index /= pieces_x;
    cut.y = index % pieces_y * plan.rows;
    index /= pieces_y;
    cut.z = index % pieces_z * plan.slices;
    index /= pieces_z;
    cut.group = index % problem.groups;
    cut.image = index / problem.groups * plan.images;
    cut.images = std::min(plan.images, problem.batch - cut.image);
    cut.columns = std::min(plan.columns, problem.most[2] - cut.x);
    cut.rows = std::min(plan.rows, problem.most[1] - cut.y);
    cut.slices = std::min(plan.slices, problem.most[0] - cut.z);
    return cut;
}

Cut clip(const Cut& cut, const Phase& phase) {
    Cut clipped = cut;
    clipped.columns = std::max<int64_t>(0, std::min(cut.columns, phase.count[2] - cut.x));
    clipped.rows = std::max<int64_t>(0, std::min(cut.rows, phase.count[1] - cut.y));
    clipped.slices = std::max<int64_t>(0, std::min(cut.slices, phase.count[0] - cut.z));
    return clipped;
}

}  // namespace i2dl
