#include "winograd.h"

#include <algorithm>
#include <atomic>

#include "arithmetic.h"
#include "instruction_set.h"
#include "scratch.h"
#include "thread_pool.h"

namespace i2dl {
namespace {

// Taps in the order of their shift: the weights along each dimension, from left to right.
std::vector<Tap> ordered(const Phase& phase, int d) {
    std::vector<Tap> taps = phase.taps[d];
    std::sort(taps.begin(), taps.end(), [](const Tap& a, const Tap& b) { return a.shift < b.shift; });
    return taps;
}

// Short lines are filled up so that a whole number of them makes a vector.
int64_t tiles_of_line(int64_t width) {
    const int64_t tiles = ceil_divide(width, 4);
    return tiles == 3 ? 4 : tiles == 7 ? 8 : tiles;
}

// The problem whose positions are tiles of 4x4 outputs: only its counts are used, to cut it.
ShiftProblem tile_problem(const ShiftProblem& problem) {
    ShiftProblem tiles = problem;
    for (int d = 1; d < 3; ++d) tiles.most[d] = ceil_divide(problem.most[d], 4);
    tiles.most[2] = tiles_of_line(problem.most[2]);
    return tiles;
}

// The problem whose slab the tiles read: outputs up to a multiple of 4.
ShiftProblem padded_problem(const ShiftProblem& problem) {
    ShiftProblem padded = problem;
    padded.viewable = false;
    padded.most[1] = 4 * ceil_divide(problem.most[1], 4);
    padded.most[2] = 4 * tiles_of_line(problem.most[2]);
    return padded;
}

// The transformed weights of all 36 points, in the panels that run_tiles reads: per point and block of channels, panels
// of rows.
template <typename T>
void transform_weights(const ShiftProblem& problem, const T* weight, T* packed) {
    const KernelTable<T>& table = kernel_table<T>();
    const int64_t rows = problem.destination_channels, channels = problem.source_channels;
    const int64_t panels = ceil_divide(rows, table.max_tile_rows), least = rows / panels, larger = rows % panels;
    std::vector<int64_t> index;
    for (const Tap& y : ordered(problem.phases[0], 1)) {
        for (const Tap& x : ordered(problem.phases[0], 2)) index.push_back(y.kernel * problem.kernel[2] + x.kernel);
    }
    int64_t first = 0;
    for (int64_t panel = 0; panel < panels; ++panel) {
        WinogradWeights<T> run{};
        run.row_step = problem.weight_row;
        run.channel_step = problem.weight_channel;
        run.height = least + (panel < larger ? 1 : 0);
        run.index = index.data();
        run.point_step = rows * channels;
        for (int64_t start = 0; start < channels; start += kWinogradBlock) {
            run.channels = std::min(kWinogradBlock, channels - start);
            run.weight = weight + first * run.row_step + start * run.channel_step;
            run.to = packed + rows * start + first * run.channels;
            table.winograd_weights(run);
        }
        first += run.height;
    }
}

// Tiles in one block, so that their 36 transformed inputs and products stay in the second-level cache.
int64_t tiles_in_block(const ShiftProblem& problem, int vector_length, int element_bytes) {
    const int64_t channels = problem.source_channels + problem.destination_channels;
    return std::clamp<int64_t>((800 << 10) / (kWinogradPoints * element_bytes * channels), 3 * vector_length,
                               24 * vector_length);
}

Plan plan_tiles(const ShiftProblem& tiles, int vector_length, int element_bytes) {
    const int64_t most = tiles_in_block(tiles, vector_length, element_bytes);
    Plan plan{Algorithm::kWinograd, 1, 1, 1, tiles.most[2], 0};
    plan.columns = std::min(tiles.most[2], most);
    plan.rows = std::clamp<int64_t>(most / plan.columns, 1, tiles.most[1]);
    plan.rows = ceil_divide(tiles.most[1], ceil_divide(tiles.most[1], plan.rows));
    if (plan.rows == tiles.most[1] && plan.columns == tiles.most[2]) {
        plan.images = std::clamp<int64_t>(most / (plan.rows * plan.columns), 1, std::max<int64_t>(tiles.batch, 1));
    }
    const int64_t wanted = get_num_threads() > 1 ? 2 * get_num_threads() : 1;
    while (cut_count(tiles, plan) < wanted && (plan.images > 1 || plan.rows > 1)) {
        int64_t& longer = plan.images > 1 ? plan.images : plan.rows;
        longer = ceil_divide(longer, 2);
    }
    return plan;
}

}  // namespace

bool winograd_serves(const ShiftProblem& problem) {
    if (problem.phases.size() != 1 || !problem.covered) return false;
    const Phase& phase = problem.phases[0];
    if (phase.taps[0].size() != 1 || phase.count[0] != 1 || phase.start[0] != 0) return false;
    for (int d = 1; d < 3; ++d) {
        if (problem.stride[d] != 1 || phase.step[d] != 1 || phase.taps[d].size() != 3) return false;
        const std::vector<Tap> taps = ordered(phase, d);
        if (taps[1].shift != taps[0].shift + 1 || taps[2].shift != taps[1].shift + 1) return false;
    }
    return problem.source_channels > 0 && problem.destination_channels > 0;
}

double winograd_cost(const ShiftProblem& problem, int vector_length) {
    const Phase& phase = problem.phases[0];
    const int64_t across = tiles_of_line(phase.count[2]);
    // Lanes that the transforms spend on a line: all are used where lines are short powers of two, or long.
    const int64_t half = std::max(vector_length / 2, 4);
    const int64_t used = across & (across - 1) ? (across <= half ? half : round_up(across, vector_length))
                                               : std::max<int64_t>(across, 1);
    const double in = static_cast<double>(problem.source_channels),
                 out = static_cast<double>(problem.destination_channels);
    const double down = static_cast<double>(ceil_divide(phase.count[1], 4)), lanes = vector_length;
    const double batch = static_cast<double>(std::max<int64_t>(problem.batch, 1));
    double cost = kWinogradPoints * in * out * down * static_cast<double>(across) / lanes;  // products
    cost += down * static_cast<double>(used) / lanes * (in * 320 + out * 320);              // transforms
    cost += in * down * static_cast<double>(across) * 16 * 2 / lanes;                       // the slab
    cost += in * out * 40 / batch;                                                          // transform of the weights
    return cost;
}

template <typename T>
bool run_winograd(const ShiftProblem& problem, const T* source, const T* weight, const T* bias, T* destination) {
    const KernelTable<T>& table = kernel_table<T>();
    const int lanes = table.vector_length;
    const ShiftProblem tiles = tile_problem(problem);
    const int64_t in = problem.source_channels, out = problem.destination_channels;
    const int64_t volume = problem.destination_volume();
    if (problem.batch == 0 || volume == 0) return true;

    T* packed = scratch<T>(Scratch::kWeights, problem.groups * kWinogradPoints * in * out);
    parallel_for(problem.groups, 5.0 * static_cast<double>(problem.groups * kWinogradPoints * in * out),
                 [&](int64_t group) {
                     transform_weights(problem, weight + group * problem.weight_group,
                                       packed + group * kWinogradPoints * in * out);
                 });

    const Plan plan = plan_tiles(tiles, lanes, static_cast<int>(sizeof(T)));
    const ShiftProblem padded = padded_problem(problem);
    const Layout layout = layout_of(padded, Plan{Algorithm::kWinograd, 1, 1, 4 * plan.rows, 4 * plan.columns, 0});
    const int64_t slab_elements = slab_size(padded, layout);
    constexpr int64_t kBorder = 6 * kMaxVectorLength;
    // Images whose slabs lie side by side, so that four short lines can be read at once.
    const int64_t together = std::min(plan.images, ceil_divide(4, plan.rows));
    const int64_t blocks = ceil_divide(in, kWinogradBlock);
    const int64_t line_step = round_up(plan.images * plan.rows * plan.columns, lanes) + kMaxVectorLength;
    std::vector<int64_t> line_offsets, start = {0};
    for (int64_t channel = 0; channel < in; ++channel) line_offsets.push_back(channel * line_step);

    std::atomic<bool> finite{true};
    parallel_for(cut_count(tiles, plan), 0.01 * multiplications(problem), [&](int64_t index) {
        const Cut cut = cut_at(tiles, plan, index);
        Cut outputs = cut;
        outputs.y *= 4;
        outputs.x *= 4;
        outputs.rows *= 4;
        outputs.columns *= 4;
        T* slab = scratch<T>(Scratch::kSlab, together * slab_elements + kBorder);
        std::fill_n(slab + together * slab_elements, kBorder, T(0));
        T* transformed = scratch<T>(Scratch::kTransformed, kWinogradPoints * in * line_step);
        T* products = scratch<T>(Scratch::kProducts, kWinogradPoints * blocks * out * line_step);
        const int64_t per_image = cut.rows, lines = cut.images * per_image;
        int64_t* line_destination = scratch<int64_t>(Scratch::kRows, 3 * lines);
        int64_t *line_rows = line_destination + lines, *line_source = line_rows + lines;

        for (int64_t first = 0; first < cut.images; first += together) {
            const int64_t images = std::min(together, cut.images - first);
            for (int64_t image = 0; image < images; ++image) {
                lines_of(padded, layout, outputs, cut.image + first + image, source, 0, slab + image * slab_elements);
                for (int64_t y = 0; y < cut.rows; ++y) {
                    const int64_t line = (first + image) * per_image + y, row = 4 * (cut.y + y);
                    line_source[image * per_image + y] = image * slab_elements + 4 * y * layout.extent[2];
                    line_destination[line] =
                        (first + image) * problem.groups * out * volume + row * problem.destination[2] + 4 * cut.x;
                    line_rows[line] = std::min<int64_t>(4, problem.destination[1] - row);
                }
            }
            WinogradInput<T> input{};
            input.source = slab;
            input.channels = in;
            input.channel_step = slab_elements / in;
            input.row_step = layout.extent[2];
            input.lines = images * per_image;
            input.line_source = line_source;
            input.tiles = cut.columns;
            input.out = transformed + first * per_image * cut.columns;
            input.point_step = in * line_step;
            input.line_step = line_step;
            table.winograd_input(input);
        }

        TileRun<T> run{};
        run.rows = out;
        run.offsets = line_offsets.data();
        run.length = run.row_width = run.row_valid = round_up(lines * cut.columns, lanes);
        run.row_destination = start.data();
        run.channel_step = line_step;
        run.column_step = 1;
        for (int64_t point = 0; point < kWinogradPoints; ++point) {
            for (int64_t block = 0; block < blocks; ++block) {
                const int64_t first = block * kWinogradBlock;
                run.depth = std::min(kWinogradBlock, in - first);
                run.weights = packed + (cut.group * kWinogradPoints + point) * in * out + out * first;
                run.source = transformed + (point * in + first) * line_step;
                run.destination = products + (block * kWinogradPoints + point) * out * line_step;
                table.run_tiles(run);
            }
        }

        WinogradOutput<T> output{};
        output.products = products;
        output.blocks = blocks;
        output.block_step = kWinogradPoints * out * line_step;
        output.point_step = out * line_step;
        output.line_step = line_step;
        output.channels = out;
        output.bias = bias ? bias + cut.group * out : nullptr;
        output.lines = lines;
        output.line_destination = line_destination;
        output.line_rows = line_rows;
        output.tiles = cut.columns;
        output.width = std::min(4 * cut.columns, problem.destination[2] - 4 * cut.x);
        output.destination = destination + (cut.image * problem.groups + cut.group) * out * volume;
        output.channel_step = volume;
        output.row_step = problem.destination[2];
        if (!table.winograd_output(output)) finite.store(false);
        trim_scratch(false);
    });
    trim_scratch(true);
    return finite.load();
}

template bool run_winograd<float>(const ShiftProblem&, const float*, const float*, const float*, float*);
template bool run_winograd<double>(const ShiftProblem&, const double*, const double*, const double*, double*);

}  // namespace i2dl
