// Runs a problem of shifted sums: packs the weights, lays out the slab or the columns, sweeps the register tiles.
#include "shift.h"

#include <algorithm>
#include <cstring>

#include "arithmetic.h"
#include "columns.h"
#include "instruction_set.h"
#include "scratch.h"
#include "thread_pool.h"

namespace i2dl {
namespace {

// Panels of nearly equal numbers of rows; within one, the weights of all its rows for term 0, then for term 1, and so
// on. The split into panels is the one that run_tiles in kernels_body.h makes.
template <typename T>
void pack_weights(const ShiftProblem& problem, const Phase& phase, const T* weight, int most_rows, T* packed) {
    const int64_t rows = problem.destination_channels, panels = ceil_divide(rows, most_rows);
    const int64_t least = panels ? rows / panels : 0, larger = panels ? rows % panels : 0;
    std::vector<int64_t> taps;
    for (const Tap& z : phase.taps[0]) {
        for (const Tap& y : phase.taps[1]) {
            for (const Tap& x : phase.taps[2]) {
                taps.push_back((z.kernel * problem.kernel[1] + y.kernel) * problem.kernel[2] + x.kernel);
            }
        }
    }
    int64_t first = 0;
    for (int64_t panel = 0; panel < panels; ++panel) {
        const int64_t height = least + (panel < larger ? 1 : 0);
        for (int64_t row = 0; row < height; ++row) {
            const T* line = weight + (first + row) * problem.weight_row;
            T* to = packed + first * phase.depth + row;
            for (int64_t channel = 0; channel < problem.source_channels; ++channel) {
                for (const int64_t tap : taps) {
                    *to = line[channel * problem.weight_channel + tap];
                    to += height;
                }
            }
        }
        first += height;
    }
}

}  // namespace

template <typename T>
const T* lines_of(const ShiftProblem& problem, const Layout& layout, const Cut& cut, int64_t image, const T* source,
                  int64_t reach, T* slab) {
    const int64_t volume = problem.source_volume();
    const int64_t whole = problem.source_channels * volume;
    const int64_t start = (image * problem.groups + cut.group) * whole;
    if (layout.view) {
        const int64_t inner = (cut.z * problem.source[1] + cut.y) * problem.source[2] + cut.x;
        if (start + inner + reach <= problem.batch * problem.groups * whole) return source + start + inner;
        std::memcpy(slab, source + start, static_cast<size_t>(whole) * sizeof(T));
        return slab + inner;
    }
    SlabFill<T> fill{};
    fill.source = source + start;
    fill.begin = source;
    fill.end = source + problem.batch * problem.groups * whole;
    fill.channels = problem.source_channels;
    fill.channel_step = volume;
    fill.slab = slab;
    const int64_t first[3] = {cut.z, cut.y, cut.x}, count[3] = {cut.slices, cut.rows, cut.columns};
    for (int d = 0; d < 3; ++d) {
        fill.size[d] = problem.source[d];
        fill.stride[d] = problem.stride[d];
        fill.residue_count[d] = static_cast<int64_t>(problem.residues[d].size());
        fill.residue[d] = problem.residues[d].data();
        fill.first[d] = problem.low[d] + first[d];
        fill.extent[d] = layout.extent[d];
        fill.used[d] = count[d] + problem.high[d] - problem.low[d];
    }
    kernel_table<T>().fill_slab(fill);
    return slab;
}

template <typename T>
void run_problem(const ShiftProblem& problem, const Plan& plan, const T* source, const T* weight, const T* bias,
                 T* destination) {
    const KernelTable<T>& table = kernel_table<T>();
    const int lanes = table.vector_length;
    const int64_t rows = problem.destination_channels, volume = problem.destination_volume();
    if (problem.batch == 0 || rows == 0 || volume == 0) return;
    if (!problem.covered) {
        std::memset(destination, 0, static_cast<size_t>(problem.batch * problem.groups * rows * volume) * sizeof(T));
    }
    if (problem.phases.empty()) return;

    const bool by_columns = plan.algorithm != Algorithm::kDirect, by_slab = plan.algorithm != Algorithm::kIm2col;
    const Layout layout = layout_of(problem, plan);
    const int64_t slab_elements = by_slab ? slab_size(problem, layout) + kMaxVectorLength : 0;

    // Per phase: offsets into the slab, and the packed weights of all groups.
    struct Prepared {
        std::vector<int64_t> offsets;
        int64_t reach;    // largest offset
        int64_t weights;  // where the phase's weights begin
    };
    std::vector<Prepared> prepared(problem.phases.size());
    int64_t weight_elements = 0, most_depth = 0;
    for (size_t i = 0; i < problem.phases.size(); ++i) {
        const Phase& phase = problem.phases[i];
        if (by_slab) {
            prepared[i].offsets = offsets_of(problem, phase, layout);
            prepared[i].reach =
                phase.depth ? *std::max_element(prepared[i].offsets.begin(), prepared[i].offsets.end()) : 0;
        }
        prepared[i].weights = weight_elements;
        weight_elements += problem.groups * rows * phase.depth;
        most_depth = std::max(most_depth, phase.depth);
    }
    T* packed = scratch<T>(Scratch::kWeights, weight_elements + 1);
    const int64_t phases = static_cast<int64_t>(problem.phases.size());
    parallel_for(phases * problem.groups, static_cast<double>(weight_elements), [&](int64_t index) {
        const int64_t i = index / problem.groups, group = index % problem.groups;
        const Phase& phase = problem.phases[static_cast<size_t>(i)];
        pack_weights(problem, phase, weight + group * problem.weight_group, table.max_tile_rows,
                     packed + prepared[static_cast<size_t>(i)].weights + group * rows * phase.depth);
    });

    const int64_t most_positions = plan.images * plan.slices * plan.rows * plan.columns;
    const int64_t column_step = round_up(most_positions, lanes) + kMaxVectorLength;
    std::vector<int64_t> column_offsets;
    if (by_columns) {
        for (int64_t k = 0; k < most_depth; ++k) column_offsets.push_back(k * column_step);
    }

    parallel_for(cut_count(problem, plan), 0.025 * multiplications(problem), [&](int64_t index) {
        const Cut cut = cut_at(problem, plan, index);
        T* slab = by_slab ? scratch<T>(Scratch::kSlab, slab_elements) : nullptr;
        if (by_slab) std::fill_n(slab + slab_elements - kMaxVectorLength, kMaxVectorLength, T(0));
        T* columns = by_columns ? scratch<T>(Scratch::kColumns, most_depth * column_step + kMaxVectorLength) : nullptr;
        int64_t* lines = scratch<int64_t>(Scratch::kRows, 2 * plan.images * plan.slices * plan.rows + 1);
        const int64_t plane_row = layout.extent[2], plane_slice = layout.extent[1] * layout.extent[2];

        TileRun<T> run{};
        run.rows = rows;
        run.bias = bias ? bias + cut.group * rows : nullptr;
        run.channel_step = volume;

        const T* from = nullptr;
        if (!by_columns) {
            // The furthest element that any phase's tiles read, rounded up to whole vectors.
            int64_t reach = 0;
            for (const Prepared& one : prepared) reach = std::max(reach, one.reach);
            const int64_t last =
                (cut.slices - 1) * plane_slice + round_up((cut.rows - 1) * plane_row + cut.columns, lanes);
            from = lines_of(problem, layout, cut, cut.image, source, reach + last, slab);
        }
        for (size_t i = 0; i < problem.phases.size(); ++i) {
            const Phase& phase = problem.phases[i];
            const Cut part = clip(cut, phase);
            const int64_t width = part.columns;
            if (part.rows == 0 || part.slices == 0 || width == 0) continue;
            run.depth = phase.depth;
            run.weights = packed + prepared[i].weights + cut.group * rows * phase.depth;
            run.column_step = phase.step[2];
            const auto line_of = [&](int64_t z, int64_t y) {
                return ((phase.start[0] + (cut.z + z) * phase.step[0]) * problem.destination[1] + phase.start[1] +
                        (cut.y + y) * phase.step[1]) *
                           problem.destination[2] +
                       phase.start[2] + cut.x * phase.step[2];
            };
            if (!by_columns) {
                run.destination = destination + (cut.image * problem.groups + cut.group) * rows * volume;
                run.offsets = prepared[i].offsets.data();
                run.row_width = layout.extent[2];
                run.row_valid = width;
                run.row_destination = lines;
                run.length = (part.rows - 1) * plane_row + width;
                for (int64_t z = 0; z < part.slices; ++z) {
                    for (int64_t y = 0; y < part.rows; ++y) lines[y] = line_of(z, y);
                    run.source = from + z * plane_slice;
                    table.run_tiles(run);
                }
                continue;
            }
            const int64_t per_image = part.slices * part.rows;
            int64_t* line_sources = lines + plan.images * plan.slices * plan.rows;
            for (int64_t z = 0; z < part.slices; ++z) {
                for (int64_t y = 0; y < part.rows; ++y) {
                    const int64_t line = z * part.rows + y;
                    line_sources[line] = z * plane_slice + y * plane_row;
                    for (int64_t image = 0; image < part.images; ++image) {
                        lines[image * per_image + line] = image * problem.groups * rows * volume + line_of(z, y);
                    }
                }
            }
            for (int64_t image = 0; image < part.images; ++image) {
                T* to = columns + image * per_image * width;
                if (plan.algorithm == Algorithm::kIm2col) {
                    gather_columns(problem, phase, part, cut.image + image, source, to, column_step);
                    continue;
                }
                const int64_t reach = prepared[i].reach + line_sources[per_image - 1] + round_up(width, lanes);
                ColumnPack<T> pack{};
                pack.source = lines_of(problem, layout, cut, cut.image + image, source, reach, slab);
                pack.offsets = prepared[i].offsets.data();
                pack.depth = phase.depth;
                pack.row_source = line_sources;
                pack.rows = per_image;
                pack.row_valid = width;
                pack.columns = to;
                pack.column_step = column_step;
                table.pack_columns(pack);
            }
            run.destination = destination + (cut.image * problem.groups + cut.group) * rows * volume;
            run.source = columns;
            run.offsets = column_offsets.data();
            run.length = part.images * per_image * width;
            run.row_width = run.row_valid = width;
            run.row_destination = lines;
            table.run_tiles(run);
        }
        trim_scratch(false);
    });
    trim_scratch(true);
}

#define I2DL_INSTANTIATE(T)                                                                                        \
    template const T* lines_of<T>(const ShiftProblem&, const Layout&, const Cut&, int64_t, const T*, int64_t, T*); \
    template void run_problem<T>(const ShiftProblem&, const Plan&, const T*, const T*, const T*, T*);
I2DL_INSTANTIATE(float)
I2DL_INSTANTIATE(double)

}  // namespace i2dl
