#include "depthwise.h"

#include <algorithm>
#include <stdexcept>

#include "arithmetic.h"
#include "choice.h"
#include "instruction_set.h"
#include "scratch.h"
#include "thread_pool.h"

namespace i2dl {
namespace {

constexpr int64_t kCacheBytes = 24 << 10;          // of a first-level cache
constexpr int64_t kLargestSlab = 1 << 22;          // elements
constexpr int64_t kMostColumns = 2048;             // of one piece
constexpr int64_t kBorder = 2 * kMaxVectorLength;  // what the kernels read and write past a slab
constexpr int64_t kRowsBelow = 3;                  // what tiles of rows read below the last one

// All planes as one list, to be cut.
ShiftProblem plane_problem(const ShiftProblem& problem) {
    ShiftProblem planes = problem;
    planes.batch = problem.batch * problem.groups;
    planes.groups = 1;
    return planes;
}

// The bordered copy of one plane. Only along x are strides taken apart into residues, the parts of a line side by side;
// along y and z rows may lie any distance apart.
struct Slab {
    int64_t low[3];   // the smallest shift; along x of the quotient by the stride
    int64_t more[3];  // how much further the largest one reaches
    int64_t step[3];  // from one output to the next
    int64_t extent[3];
    int64_t pitch;  // from one row to the next
    int64_t plane() const { return extent[0] * extent[1] * pitch; }
    int64_t used(int d, int64_t count) const { return (count - 1) * step[d] + 1 + more[d]; }
};

// The smallest and the largest shift of all phases.
std::pair<int64_t, int64_t> shifts_of(const ShiftProblem& problem, int d) {
    std::pair<int64_t, int64_t> range{0, 0};
    bool any = false;
    for (const Phase& phase : problem.phases) {
        for (const Tap& tap : phase.taps[d]) {
            range.first = any ? std::min(range.first, tap.shift) : tap.shift;
            range.second = any ? std::max(range.second, tap.shift) : tap.shift;
            any = true;
        }
    }
    return range;
}

Slab slab_of(const ShiftProblem& problem, const Plan& plan, int vector_length) {
    Slab slab{};
    const int64_t count[3] = {plan.slices, plan.rows, plan.columns};
    for (int d = 0; d < 3; ++d) {
        slab.low[d] = problem.low[d];
        slab.more[d] = problem.high[d] - problem.low[d];
        slab.step[d] = 1;
        if (d < 2) {
            const auto [least, most] = shifts_of(problem, d);
            slab.low[d] = least;
            slab.more[d] = most - least;
            slab.step[d] = problem.stride[d];
        }
        slab.extent[d] = slab.used(d, count[d]);
    }
    slab.extent[2] = round_up(slab.extent[2], vector_length);  // whole vectors are written
    slab.pitch = static_cast<int64_t>(problem.residues[2].size()) * slab.extent[2];
    return slab;
}

// Elements for one plane of each source channel, as a number that cannot overflow.
double slab_elements(const ShiftProblem& problem, const Plan& plan) {
    const int64_t count[3] = {plan.slices, plan.rows, plan.columns};
    double size = static_cast<double>(problem.source_channels) * static_cast<double>(problem.residues[2].size());
    for (int d = 0; d < 3; ++d) {
        const auto [least, most] = d == 2 ? std::pair{problem.low[2], problem.high[2]} : shifts_of(problem, d);
        const double step = d == 2 ? 1.0 : static_cast<double>(problem.stride[d]);
        size *= static_cast<double>(count[d] - 1) * step + 1 + static_cast<double>(most - least);
    }
    return size;
}

Plan plan_planes(const ShiftProblem& planes, int element_bytes) {
    Plan plan{Algorithm::kDepthwise,
              1,
              std::max<int64_t>(planes.most[0], 1),
              std::max<int64_t>(planes.most[1], 1),
              std::max<int64_t>(planes.most[2], 1),
              0};
    const double most = static_cast<double>(kCacheBytes / element_bytes);
    plan.columns = std::min(plan.columns, kMostColumns);
    while (slab_elements(planes, plan) > most && (plan.slices > 1 || plan.rows > 4)) {
        int64_t& longer = plan.slices > 1 ? plan.slices : plan.rows;
        longer = ceil_divide(longer, 2);
    }
    plan.slices = ceil_divide(planes.most[0], ceil_divide(planes.most[0], plan.slices));
    plan.rows = ceil_divide(planes.most[1], ceil_divide(planes.most[1], plan.rows));
    if (plan.slices >= planes.most[0] && plan.rows >= planes.most[1] && plan.columns >= planes.most[2]) {
        plan.images = std::clamp<int64_t>(static_cast<int64_t>(most / slab_elements(planes, plan)), 1,
                                          std::max<int64_t>(std::min<int64_t>(planes.batch, 64), 1));
    }
    return plan;
}

// The terms of a phase in the order of their offsets, and where the weight of each stands in its group and row.
struct Terms {
    std::vector<int64_t> offsets, weights;
    int64_t square = 0;
};

Terms terms_of(const ShiftProblem& problem, const Phase& phase, const Slab& slab) {
    struct Term {
        int64_t offset, weight;
    };
    std::vector<Term> list;
    const std::vector<int64_t>& residues = problem.residues[2];
    for (int64_t channel = 0; channel < problem.source_channels; ++channel) {
        for (const Tap& z : phase.taps[0]) {
            for (const Tap& y : phase.taps[1]) {
                for (const Tap& x : phase.taps[2]) {
                    const int64_t a = floor_divide(x.shift, problem.stride[2]);
                    const int64_t residue =
                        std::lower_bound(residues.begin(), residues.end(), x.shift - a * problem.stride[2]) -
                        residues.begin();
                    const int64_t row = (z.shift - slab.low[0]) * slab.extent[1] + y.shift - slab.low[1];
                    list.push_back(
                        {channel * slab.plane() + row * slab.pitch + residue * slab.extent[2] + a - slab.low[2],
                         channel * problem.weight_channel +
                             (z.kernel * problem.kernel[1] + y.kernel) * problem.kernel[2] + x.kernel});
                }
            }
        }
    }
    std::sort(list.begin(), list.end(), [](const Term& a, const Term& b) { return a.offset < b.offset; });
    Terms terms;
    for (const Term& term : list) {
        terms.offsets.push_back(term.offset);
        terms.weights.push_back(term.weight);
    }
    const int64_t side = static_cast<int64_t>(phase.taps[1].size());
    if ((side == 3 || side == 5 || side == 7) && problem.stride[1] == 1 &&
        static_cast<int64_t>(list.size()) == side * side) {
        terms.square = side;
        for (int64_t k = 0; k < side * side; ++k) {
            const int64_t expected = terms.offsets[0] + k / side * slab.pitch + k % side;
            if (terms.offsets[static_cast<size_t>(k)] != expected) terms.square = 0;
        }
    }
    return terms;
}

// Copies `count` planes, from number `first` of all on, each `step` after the one before.
template <typename T>
void fill(const ShiftProblem& problem, const Slab& slab, const Cut& cut, int64_t first, int64_t count, int64_t step,
          const T* source, T* to) {
    PlaneFill<T> run{};
    const int64_t volume = problem.source_volume();
    run.planes = count;
    run.source = source + first * volume;
    run.source_step = step * volume;
    run.begin = source;
    run.end = source + problem.batch * problem.groups * problem.source_channels * volume;
    const int64_t start[3] = {cut.z, cut.y, cut.x}, size[3] = {cut.slices, cut.rows, cut.columns};
    for (int d = 0; d < 3; ++d) {
        run.size[d] = problem.source[d];
        run.extent[d] = d == 2 ? slab.pitch : slab.extent[d];
        run.first[d] = slab.low[d] + start[d] * slab.step[d];
        run.used[d] = slab.used(d, size[d]);
    }
    run.stride = problem.stride[2];
    run.residues = static_cast<int64_t>(problem.residues[2].size());
    run.residue = problem.residues[2].data();
    std::vector<int64_t> low, high;
    for (const int64_t residue : problem.residues[2]) {
        const int64_t end = problem.source[2] > residue ? (problem.source[2] - 1 - residue) / run.stride + 1 : 0;
        low.push_back(std::clamp<int64_t>(-run.first[2], 0, run.used[2]));
        high.push_back(std::clamp(end - run.first[2], low.back(), run.used[2]));
    }
    run.low = low.data();
    run.high = high.data();
    run.residue_step = slab.extent[2];
    run.slab = to;
    run.slab_step = slab.plane();
    kernel_table<T>().fill_planes(run);
}

// Which phases are run together: an even and an odd one, of which the columns alternate, or one alone.
struct Pair {
    size_t even, odd;
    bool woven;
};

std::vector<Pair> pairs_of(const std::vector<Phase>& phases) {
    std::vector<Pair> pairs;
    std::vector<bool> done(phases.size());
    for (size_t i = 0; i < phases.size(); ++i) {
        if (done[i]) continue;
        Pair pair{i, i, false};
        for (size_t j = i + 1; j < phases.size() && phases[i].step[2] == 2; ++j) {
            if (phases[j].start[0] != phases[i].start[0] || phases[j].start[1] != phases[i].start[1]) continue;
            pair = phases[i].start[2] == 0 ? Pair{i, j, true} : Pair{j, i, true};
            done[j] = true;
        }
        pairs.push_back(pair);
    }
    return pairs;
}

}  // namespace

bool depthwise_serves(const ShiftProblem& problem) {
    if (problem.source_channels != 1 && problem.destination_channels != 1) return false;
    if (problem.batch == 0 || problem.destination_volume() == 0 || problem.phases.empty()) return true;
    Plan least{
        Algorithm::kDepthwise, 1, 1, std::min<int64_t>(problem.most[1], 4), std::min(problem.most[2], kMostColumns), 0};
    return slab_elements(problem, least) <= static_cast<double>(kLargestSlab);
}

void require_depthwise(const ShiftProblem& problem, Algorithm algorithm) {
    if (algorithm == Algorithm::kDepthwise && !depthwise_serves(problem)) {
        throw std::invalid_argument(
            "convolution: the algorithm \"depthwise\" serves groups of one input or one output channel only, without "
            "padding far beyond the input");
    }
}

double depthwise_cost(const ShiftProblem& problem, Purpose purpose, int vector_length) {
    double cost = 0;
    for (const Phase& phase : problem.phases) {
        const double rows = static_cast<double>(phase.count[0]) * phase.count[1];
        const bool square = phase.taps[1].size() == phase.taps[2].size() && problem.source_channels == 1;
        // Short rows take short vectors, of which two fit into a cycle.
        const double blocks =
            phase.count[2] >= vector_length ? static_cast<double>(ceil_divide(phase.count[2], vector_length)) : 0.6;
        cost += rows * blocks * problem.destination_channels *
                (static_cast<double>(phase.depth) * (square ? 1.1 : 1.4) + 3);
    }
    const Plan plan = plan_planes(plane_problem(problem), 4);
    const double pieces = static_cast<double>(ceil_divide(problem.most[0], plan.slices)) *
                          static_cast<double>(ceil_divide(problem.most[1], plan.rows)) *
                          static_cast<double>(ceil_divide(problem.most[2], plan.columns));
    cost += pieces * slab_elements(problem, plan) * 2 / vector_length + 20;
    return purpose == Purpose::kDots ? cost + 10 : cost;
}

template <typename T>
void run_depthwise(const ShiftProblem& problem, const T* source, const T* weight, const T* bias, T* destination) {
    const KernelTable<T>& table = kernel_table<T>();
    const int64_t rows = problem.destination_channels, volume = problem.destination_volume();
    if (problem.batch == 0 || problem.groups == 0 || rows == 0 || volume == 0) return;
    if (!problem.covered) std::fill_n(destination, problem.batch * problem.groups * rows * volume, T(0));
    if (problem.phases.empty()) return;

    const ShiftProblem planes = plane_problem(problem);
    Plan plan = plan_planes(planes, static_cast<int>(sizeof(T)));
    spread_plan(planes, plan);
    const Slab slab = slab_of(planes, plan, table.vector_length);
    const int64_t plane_size = planes.source_channels * slab.plane();

    // Per group and row: the weights of all pairs of phases, the even one's first.
    const std::vector<Pair> pairs = pairs_of(problem.phases);
    std::vector<Terms> terms;
    for (const Phase& phase : problem.phases) terms.push_back(terms_of(planes, phase, slab));
    std::vector<int64_t> from, start;
    for (const Pair& pair : pairs) {
        start.push_back(static_cast<int64_t>(from.size()));
        from.insert(from.end(), terms[pair.even].weights.begin(), terms[pair.even].weights.end());
        if (pair.woven) from.insert(from.end(), terms[pair.odd].weights.begin(), terms[pair.odd].weights.end());
    }
    const int64_t depth = static_cast<int64_t>(from.size());
    T* packed = scratch<T>(Scratch::kWeights, problem.groups * rows * depth + 1);
    for (int64_t group = 0; group < problem.groups; ++group) {
        for (int64_t row = 0; row < rows; ++row) {
            const T* line = weight + group * problem.weight_group + row * problem.weight_row;
            T* to = packed + (group * rows + row) * depth;
            for (int64_t k = 0; k < depth; ++k) to[k] = line[from[static_cast<size_t>(k)]];
        }
    }

    parallel_for(cut_count(planes, plan), 0.1 * multiplications(problem), [&](int64_t index) {
        const Cut cut = cut_at(planes, plan, index);
        T* copies = scratch<T>(Scratch::kSlab, plan.images * plane_size + kBorder);
        fill(problem, slab, cut, cut.image * problem.source_channels, cut.images * problem.source_channels, 1, source,
             copies);
        const int64_t most_lines = plan.slices * plan.rows;
        int64_t* row_source = scratch<int64_t>(Scratch::kRows, 2 * most_lines);
        int64_t* row_destination = row_source + most_lines;
        for (size_t i = 0; i < pairs.size(); ++i) {
            const Phase& phase = problem.phases[pairs[i].even];
            const Cut part = clip(cut, phase);
            if (part.slices == 0 || part.rows == 0 || part.columns == 0) continue;
            PlaneRun<T> run{};
            run.planes = cut.images;
            run.first = cut.image % problem.groups;
            run.channels = problem.groups;
            run.weight_step = rows * depth;
            run.bias_step = rows;
            run.source = copies;
            run.source_step = plane_size;
            run.terms = phase.depth;
            run.offsets = terms[pairs[i].even].offsets.data();
            run.square = part.slices == 1 ? terms[pairs[i].even].square : 0;
            run.pitch = slab.pitch;
            run.row_source = row_source;
            run.row_destination = row_destination;
            for (int64_t z = 0; z < part.slices; ++z) {
                for (int64_t y = 0; y < part.rows; ++y) {
                    row_source[run.rows] = (z * slab.step[0] * slab.extent[1] + y * slab.step[1]) * slab.pitch;
                    row_destination[run.rows++] =
                        ((phase.start[0] + (cut.z + z) * phase.step[0]) * problem.destination[1] + phase.start[1] +
                         (cut.y + y) * phase.step[1]) *
                            problem.destination[2] +
                        phase.start[2] + cut.x * phase.step[2];
                }
            }
            run.width = part.columns;
            run.column_step = phase.step[2];
            if (pairs[i].woven) {
                const Phase& odd = problem.phases[pairs[i].odd];
                run.odd_terms = odd.depth;
                run.odd_offsets = terms[pairs[i].odd].offsets.data();
                run.odd_width = clip(cut, odd).columns;
                if (run.odd_width > 0) run.column_step = 1;
            }
            run.destination_step = rows * volume;
            for (int64_t row = 0; row < rows; ++row) {
                run.weights = packed + row * depth + start[i];
                run.bias = bias ? bias + row : nullptr;
                run.destination = destination + (cut.image * rows + row) * volume;
                table.run_planes(run);
            }
        }
        trim_scratch(false);
    });
    trim_scratch(true);
}

template <typename T>
void depthwise_weight_gradient(const ShiftProblem& problem, const T* gradient, const T* source, T* result) {
    const KernelTable<T>& table = kernel_table<T>();
    const int64_t rows = problem.destination_channels, volume = problem.destination_volume();
    const Phase& phase = problem.phases[0];
    std::fill_n(result, problem.groups * rows * phase.depth, T(0));
    if (problem.batch == 0 || rows == 0 || volume == 0) return;

    // One group after the other, over all images: the sums of a group stay in registers.
    ShiftProblem images = plane_problem(problem);
    images.batch = problem.batch;
    const Plan plan = plan_planes(images, static_cast<int>(sizeof(T)));
    const Slab slab = slab_of(images, plan, table.vector_length);
    const int64_t plane_size = images.source_channels * slab.plane(), below = kRowsBelow * slab.pitch + kBorder;
    const Terms terms = terms_of(images, phase, slab);
    const int64_t cuts = cut_count(images, plan), channels = problem.source_channels;

    parallel_for(problem.groups, 0.1 * multiplications(problem), [&](int64_t group) {
        T* copies = scratch<T>(Scratch::kSlab, plan.images * plane_size + below);
        // What lies past the lines meets zeros of the gradient, but must be finite itself.
        std::fill_n(copies, plan.images * plane_size + below, T(0));
        T* sums = scratch<T>(Scratch::kProducts, rows * phase.depth);
        std::fill_n(sums, rows * phase.depth, T(0));
        int64_t* row_source = scratch<int64_t>(Scratch::kRows, 2 * plan.slices * plan.rows);
        int64_t* row_gradient = row_source + plan.slices * plan.rows;
        for (int64_t index = 0; index < cuts; ++index) {
            const Cut cut = cut_at(images, plan, index);
            const int64_t first = cut.image * problem.groups + group;
            if (channels == 1) {
                fill(problem, slab, cut, first, cut.images, problem.groups, source, copies);
            } else {
                for (int64_t image = 0; image < cut.images; ++image) {
                    fill(problem, slab, cut, (first + image * problem.groups) * channels, channels, 1, source,
                         copies + image * plane_size);
                }
            }
            PlaneDots<T> run{};
            run.planes = cut.images;
            run.source = copies;
            run.source_step = plane_size;
            run.gradient_step = problem.groups * rows * volume;
            run.terms = phase.depth;
            run.offsets = terms.offsets.data();
            run.square = cut.slices == 1 ? terms.square : 0;
            run.pitch = slab.pitch;
            run.row_source = row_source;
            run.row_gradient = row_gradient;
            for (int64_t z = 0; z < cut.slices; ++z) {
                for (int64_t y = 0; y < cut.rows; ++y) {
                    row_source[run.rows] = (z * slab.step[0] * slab.extent[1] + y * slab.step[1]) * slab.pitch;
                    row_gradient[run.rows++] =
                        ((cut.z + z) * problem.destination[1] + cut.y + y) * problem.destination[2] + cut.x;
                }
            }
            run.width = cut.columns;
            for (int64_t row = 0; row < rows; ++row) {
                run.gradient = gradient + (first * rows + row) * volume;
                run.sums = sums + row * phase.depth;
                table.plane_dots(run);
            }
        }
        for (int64_t row = 0; row < rows; ++row) {
            T* to = result + (group * rows + row) * phase.depth;
            for (int64_t k = 0; k < phase.depth; ++k) {
                to[terms.weights[static_cast<size_t>(k)]] = sums[row * phase.depth + k];
            }
        }
        trim_scratch(false);
    });
    trim_scratch(true);
}

#define I2DL_INSTANTIATE(T)                                                                \
    template void run_depthwise<T>(const ShiftProblem&, const T*, const T*, const T*, T*); \
    template void depthwise_weight_gradient<T>(const ShiftProblem&, const T*, const T*, T*);
I2DL_INSTANTIATE(float)
I2DL_INSTANTIATE(double)

}  // namespace i2dl
