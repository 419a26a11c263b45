#include "positions.h"

#include <algorithm>

#include "arithmetic.h"
#include "instruction_set.h"
#include "scratch.h"
#include "thread_pool.h"

namespace i2dl {
namespace {

// The problem whose slab is read: every position of the source between the first and the last that is used.
ShiftProblem plain_problem(const ShiftProblem& problem) {
    ShiftProblem plain = problem;
    const Phase& phase = problem.phases[0];
    plain.viewable = true;
    for (int d = 0; d < 3; ++d) {
        plain.stride[d] = 1;
        plain.residues[d] = {0};
        plain.most[d] = (problem.most[d] - 1) * problem.stride[d] + 1;
        plain.low[d] = plain.high[d] = phase.taps[d][0].shift;
        for (const Tap& tap : phase.taps[d]) {
            plain.low[d] = std::min(plain.low[d], tap.shift);
            plain.high[d] = std::max(plain.high[d], tap.shift);
        }
        if (plain.low[d] < 0 || plain.high[d] + plain.most[d] > problem.source[d]) plain.viewable = false;
    }
    return plain;
}

double plain_slab(const ShiftProblem& plain, const ShiftProblem& problem, int64_t rows) {
    double size = static_cast<double>(problem.source_channels);
    size *= static_cast<double>(plain.most[0] + plain.high[0] - plain.low[0]);
    size *= static_cast<double>((rows - 1) * problem.stride[1] + 1 + plain.high[1] - plain.low[1]);
    return size * static_cast<double>(plain.most[2] + plain.high[2] - plain.low[2]);
}

constexpr double kSlabElements = 96 << 10;
constexpr double kLargestSlab = 1 << 24;

// Whole slices and columns; rows so that the slab stays in the cache.
Plan plan_rows(const ShiftProblem& problem, const ShiftProblem& plain) {
    Plan plan{Algorithm::kOuter, 1, problem.most[0], problem.most[1], problem.most[2], 0};
    const int64_t wanted = get_num_threads() > 1 ? 2 * get_num_threads() : 1;
    while (plan.rows > 1 &&
           (plain_slab(plain, problem, plan.rows) > kSlabElements || cut_count(problem, plan) < wanted)) {
        plan.rows = ceil_divide(plan.rows, 2);
    }
    plan.rows = ceil_divide(problem.most[1], ceil_divide(problem.most[1], plan.rows));
    return plan;
}

}  // namespace

bool positions_serve(const ShiftProblem& problem) {
    if (problem.batch == 0 || problem.destination_volume() == 0) return true;  // nothing to do
    if (problem.phases.size() != 1 || !problem.covered) return false;
    for (int d = 0; d < 3; ++d) {
        if (problem.phases[0].step[d] != 1 || problem.most[d] < 1) return false;
    }
    const ShiftProblem plain = plain_problem(problem);
    return plain_slab(plain, problem, 1) <= kLargestSlab;
}

double positions_cost(const ShiftProblem& problem, int vector_length) {
    const Phase& phase = problem.phases[0];
    const ShiftProblem plain = plain_problem(problem);
    const double count = static_cast<double>(phase.count[0]) * phase.count[1] * phase.count[2];
    const double channels = static_cast<double>(round_up(problem.destination_channels, vector_length));
    const double vectors = channels / vector_length;
    double cost = count * static_cast<double>(phase.depth) * vectors * 1.05 + count * vectors * 6;
    cost += count * channels * 0.5;  // the transpose
    if (!plain.viewable) cost += plain_slab(plain, problem, problem.most[1]) * 2 / vector_length;
    return cost;
}

template <typename T>
void run_positions(const ShiftProblem& problem, const T* source, const T* weight, const T* bias, T* destination) {
    const KernelTable<T>& table = kernel_table<T>();
    const int lanes = table.vector_length;
    const int64_t rows = problem.destination_channels, volume = problem.destination_volume();
    if (problem.batch == 0 || rows == 0 || volume == 0) return;
    const ShiftProblem plain = plain_problem(problem);
    const Phase& phase = problem.phases[0];
    const int64_t step = round_up(rows, lanes);

    // Per group: for each term, the weights of all output channels; then their bias.
    const int64_t packed_step = (phase.depth + 1) * step;
    T* packed = scratch<T>(Scratch::kWeights, problem.groups * packed_step);
    std::fill_n(packed, problem.groups * packed_step, T(0));
    parallel_for(problem.groups, static_cast<double>(packed_step * problem.groups), [&](int64_t group) {
        T* to = packed + group * packed_step;
        for (int64_t channel = 0; channel < problem.source_channels; ++channel) {
            for (const Tap& z : phase.taps[0]) {
                for (const Tap& y : phase.taps[1]) {
                    for (const Tap& x : phase.taps[2]) {
                        const T* from = weight + group * problem.weight_group + channel * problem.weight_channel +
                                        (z.kernel * problem.kernel[1] + y.kernel) * problem.kernel[2] + x.kernel;
                        for (int64_t row = 0; row < rows; ++row) to[row] = from[row * problem.weight_row];
                        to += step;
                    }
                }
            }
        }
        if (bias) std::copy_n(bias + group * rows, rows, to);
    });

    const Plan plan = plan_rows(problem, plain);
    const auto inputs = [&](int64_t outputs) { return (outputs - 1) * problem.stride[1] + 1; };
    Plan plain_plan = plan;
    plain_plan.slices = plain.most[0];
    plain_plan.rows = inputs(plan.rows);
    plain_plan.columns = plain.most[2];
    const Layout layout = layout_of(plain, plain_plan);
    const std::vector<int64_t> offsets = offsets_of(plain, phase, layout);
    const int64_t reach = offsets.empty() ? 0 : *std::max_element(offsets.begin(), offsets.end());
    const int64_t slab_elements = slab_size(plain, layout);
    const int64_t most = plan.slices * plan.rows * plan.columns;

    parallel_for(cut_count(problem, plan), 0.025 * multiplications(problem), [&](int64_t index) {
        const Cut cut = cut_at(problem, plan, index);
        Cut read = cut;
        read.y = cut.y * problem.stride[1];
        read.rows = inputs(cut.rows);
        read.slices = plain.most[0];
        read.columns = plain.most[2];
        T* slab = scratch<T>(Scratch::kSlab, slab_elements + kMaxVectorLength);
        T* sums = scratch<T>(Scratch::kProducts, most * step);
        int64_t* positions = scratch<int64_t>(Scratch::kRows, most);
        int64_t count = 0;
        for (int64_t z = 0; z < cut.slices; ++z) {
            for (int64_t y = 0; y < cut.rows; ++y) {
                const int64_t line =
                    (z * problem.stride[0] * layout.extent[1] + y * problem.stride[1]) * layout.extent[2];
                for (int64_t x = 0; x < cut.columns; ++x) positions[count++] = line + x * problem.stride[2];
            }
        }
        PositionRun<T> run{};
        run.count = count;
        run.positions = positions;
        run.source = lines_of(plain, layout, read, cut.image, source, reach + positions[count - 1] + 1, slab);
        run.depth = phase.depth;
        run.offsets = offsets.data();
        run.weights = packed + cut.group * packed_step;
        run.bias = bias ? run.weights + phase.depth * step : nullptr;
        run.step = step;
        run.out = sums;
        table.run_positions(run);

        Transpose<T> transpose{};
        transpose.from_step = step;
        transpose.count = rows;
        transpose.to_step = volume;
        transpose.padded = false;
        for (int64_t z = 0; z < cut.slices; ++z) {
            transpose.from = sums + z * cut.rows * cut.columns * step;
            transpose.rows = cut.rows * cut.columns;
            transpose.to = destination + (cut.image * problem.groups + cut.group) * rows * volume +
                           (z * problem.destination[1] + cut.y) * problem.destination[2];
            table.transpose(transpose);
        }
        trim_scratch(false);
    });
    trim_scratch(true);
}

template void run_positions<float>(const ShiftProblem&, const float*, const float*, const float*, float*);
template void run_positions<double>(const ShiftProblem&, const double*, const double*, const double*, double*);

}  // namespace i2dl
