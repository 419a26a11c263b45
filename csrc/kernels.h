// The table of inner loops. One such table exists per instruction set; the planning code is compiled once, for the
// baseline, and calls through the table. This header is seen by files compiled for AVX-512, so it must contain no
// inline function and no template of the standard library: the linker keeps one copy of each, and might keep theirs.
#pragma once

#include <cstdint>

namespace i2dl {

constexpr int kMaxTileRows = 8;     // output channels of one register tile
constexpr int kMaxTileVectors = 8;  // vectors of positions of one register tile
constexpr int kMaxDotRows = 4;      // output channels of one tile of dot products
constexpr int kMaxDotColumns = 6;   // weights per output channel of one tile of dot products
constexpr int kWinogradPoints = 36;
constexpr int kMaxVectorLength = 16;  // elements: 64 bytes of float32

// out[o, p] = bias[o] + sum_k weights[k, o] * source[offsets[k] + p], for all o < rows and p < length.
// Position p is column p % row_width of row p / row_width; it is kept if that column is < row_valid and goes to
// destination + o * channel_step + row_destination[row] + column * column_step.
// `source` must be readable for max_tile_width elements past every position.
template <typename T>
struct TileRun {
    int64_t rows;      // output channels
    int64_t depth;     // terms of each sum
    const T* weights;  // packed in panels, see pack_weights in shift.cpp
    const T* bias;     // or null
    const T* source;
    const int64_t* offsets;  // depth of them
    int64_t length;
    int64_t row_width;
    int64_t row_valid;
    const int64_t* row_destination;
    T* destination;
    int64_t channel_step;
    int64_t column_step;
};

// out[o * out_step + k] += sum over segments s and p < lengths[s] of
//     gradient[o * gradient_step + gradient_start[s] + p] * source[offsets[k] + source_start[s] + p].
// Each length is a multiple of the vector length.
template <typename T>
struct DotRun {
    int64_t rows;
    int64_t columns;
    const T* gradient;
    int64_t gradient_step;
    const T* source;
    const int64_t* offsets;
    int64_t segments;
    const int64_t* gradient_start;
    const int64_t* source_start;
    const int64_t* lengths;
    T* out;
    int64_t out_step;
};

// to[p * to_step + o] = from[o * from_step + p], for o < rows and p < count. With `padded`, lines of `to` are
// written up to a whole number of vectors.
template <typename T>
struct Transpose {
    const T* from;
    int64_t from_step;
    int64_t rows;
    int64_t count;
    T* to;
    int64_t to_step;
    bool padded;
};

// sums[k * step + o] += sum over lines l and x < width of
//     source[offsets[k] + line_source[l] + x] * gradient[(l * width + x) * step + o], for o < step.
template <typename T>
struct OuterRun {
    int64_t columns;  // number of k
    const T* source;
    const int64_t* offsets;
    int64_t lines;
    const int64_t* line_source;
    int64_t width;
    const T* gradient;
    int64_t step;  // a multiple of the vector length
    T* sums;
};

// out[p * step + o] = bias[o] + sum_k source[positions[p] + offsets[k]] * weights[k * step + o], for o < step and p <
// count: vectors run over output channels, so positions may lie anywhere.
template <typename T>
struct PositionRun {
    int64_t count;
    const int64_t* positions;
    const T* source;
    int64_t depth;
    const int64_t* offsets;
    const T* weights;
    const T* bias;  // step of them, or null
    int64_t step;   // a multiple of the vector length
    T* out;
};

// Transforms the 3x3 weights of one panel: to[point * point_step + channel * height + row], with depth channels from
// one panel's rows; index[i] is where tap i stands in a kernel.
template <typename T>
struct WinogradWeights {
    const T* weight;
    int64_t row_step;
    int64_t channel_step;
    int64_t height;
    int64_t channels;
    const int64_t* index;
    T* to;
    int64_t point_step;
};

// Copies `channels` images into planes with borders of zeros, one plane per residue of the position modulo the stride,
// so that a strided convolution becomes one of stride 1:
// plane (rz, ry, rx) at (z, y, x) is the image at ((low + start + z) * stride + residue) in each dimension.
// May write zeros up to one vector past the end of the last plane.
template <typename T>
struct SlabFill {
    const T* source;
    const T *begin, *end;  // of the array that `source` points into: what may be read
    int64_t channels;
    int64_t channel_step;
    int64_t size[3];  // of the source
    int64_t stride[3];
    int64_t residue_count[3];
    const int64_t* residue[3];
    int64_t first[3];   // low + start
    int64_t extent[3];  // of a plane, as laid out
    int64_t used[3];    // of a plane, as filled; at most `extent`
    T* slab;
};

// columns[k * column_step + row * row_valid + x] = source[offsets[k] + row_source[row] + x] for x < row_valid.
// May write, and later overwrite, up to one vector past the end of each line of columns.
template <typename T>
struct ColumnPack {
    const T* source;
    const int64_t* offsets;
    int64_t depth;
    const int64_t* row_source;
    int64_t rows;
    int64_t row_valid;
    T* columns;
    int64_t column_step;
};

// Winograd's minimal filtering F(4x4, 3x3), see winograd.h. Tiles of one line of an image stand side by side, and
// vectors run over tiles: out[point * point_step + channel * line_step + line * tiles + x] for 36 points. May write up
// to a vector past the end of each (point, channel).
template <typename T>
struct WinogradInput {
    const T* source;  // with its border of zeros; readable for 5 vectors past the end of a row
    int64_t channels;
    int64_t channel_step;
    int64_t row_step;
    int64_t lines;
    const int64_t* line_source;
    int64_t tiles;
    T* out;
    int64_t point_step;
    int64_t line_step;
};

// destination[channel * channel_step + line_destination[line] + i * row_step + 4 * x + j], for i < line_rows[line] and
// 4 * x + j < width, from the products of the 36 points, summed over `blocks`.
// Returns false if a result is infinite or not a number.
template <typename T>
struct WinogradOutput {
    const T* products;
    int64_t blocks;
    int64_t block_step;
    int64_t point_step;
    int64_t line_step;
    int64_t channels;
    const T* bias;  // or null
    int64_t lines;
    const int64_t* line_destination;
    const int64_t* line_rows;
    int64_t tiles;
    int64_t width;
    T* destination;
    int64_t channel_step;
    int64_t row_step;
};

// Copies planes with borders of zeros, along x into one part per residue of the position modulo the stride: element
// (z, y, x) of part r is the source at (first[0] + z, first[1] + y, (first[2] + x) * stride + residue[r]). Whole
// vectors are written.
template <typename T>
struct PlaneFill {
    int64_t planes;
    const T* source;
    int64_t source_step;
    const T *begin, *end;  // what may be read
    int64_t size[3], first[3], used[3], extent[3];
    int64_t stride;
    int64_t residues;
    const int64_t *residue, *low, *high;  // of each part: the columns that lie inside the source
    int64_t residue_step;
    T* slab;
    int64_t slab_step;
};

// Rows of outputs of several planes, each with weights of its own. Row r of plane i at column x is
//     bias[c] + sum_k weights[c * weight_step + k] * source[i * source_step + row_source[r] + offsets[k] + x],
// c = (first + i) % channels, and goes to destination + i * destination_step + row_destination[r] + x * column_step.
template <typename T>
struct PlaneRun {
    int64_t planes;
    int64_t first, channels;
    const T* weights;
    int64_t weight_step;
    const T* bias;  // or null
    int64_t bias_step;
    const T* source;
    int64_t source_step;
    int64_t terms;
    const int64_t* offsets;
    int64_t square;  // K if offsets[y * K + x] = offsets[0] + y * pitch + x and rows follow at `pitch`, else 0
    int64_t pitch;
    int64_t rows;
    const int64_t *row_source, *row_destination;
    int64_t width;
    // Where odd_width > 0, columns alternate: these sums, then those of the terms below, whose weights follow. It is
    // `width` or one less, and column_step is 1.
    int64_t odd_terms;
    const int64_t* odd_offsets;
    int64_t odd_width;
    T* destination;
    int64_t destination_step;
    int64_t column_step;
};

// sums[k] += sum over planes i, rows r and columns x of
//     gradient[i * gradient_step + row_gradient[r] + x] * source[i * source_step + row_source[r] + offsets[k] + x].
// With `square`, as above, up to 3 rows after the last one must be readable, and finite.
template <typename T>
struct PlaneDots {
    int64_t planes;
    const T* source;
    int64_t source_step;
    const T* gradient;
    int64_t gradient_step;
    int64_t terms;
    const int64_t* offsets;
    int64_t square;
    int64_t pitch;
    int64_t rows;
    const int64_t *row_source, *row_gradient;
    int64_t width;
    T* sums;
};

// One output row of max pooling with a stride of 1 or 2: over all lines of the input that its windows see, and all taps
// along them. Position line_start[l] + x * stride + shift[k] of the plane counts for output columns low[k] <= x <
// high[k]. Not a number wins; of equal values the first does; a window without taps gives -inf at -1.
template <typename T>
struct MaxRow {
    const T* plane;        // of fewer than 2^30 elements if T is float
    const T *begin, *end;  // what may be read
    int64_t stride;
    int64_t lines;
    const int64_t* line_start;
    int64_t taps;
    const int64_t *shift, *low, *high;
    int64_t width;  // output columns
    T* value;
    int64_t* index;
};

template <typename T>
struct SumRow {
    int64_t width;
    int64_t stride;
    const T* source;  // what output column 0 reads
    int64_t low, high;
    T* sum;
};

template <typename T>
struct KernelTable {
    int vector_length;
    int max_tile_rows;
    int max_dot_rows;
    int max_dot_columns;
    int tile_vectors[kMaxTileRows + 1];  // vectors per tile for each number of rows
    void (*run_tiles)(const TileRun<T>&);
    void (*run_dots)(const DotRun<T>&);
    void (*transpose)(const Transpose<T>&);
    void (*run_outer)(const OuterRun<T>&);
    void (*run_positions)(const PositionRun<T>&);
    void (*fill_slab)(const SlabFill<T>&);
    void (*pack_columns)(const ColumnPack<T>&);
    void (*winograd_weights)(const WinogradWeights<T>&);
    void (*winograd_input)(const WinogradInput<T>&);
    bool (*winograd_output)(const WinogradOutput<T>&);
    void (*fill_planes)(const PlaneFill<T>&);
    void (*run_planes)(const PlaneRun<T>&);
    void (*plane_dots)(const PlaneDots<T>&);
    void (*max_row)(const MaxRow<T>&);
    void (*add_row)(const SumRow<T>&);     // sum[x] += source[x * stride] for low <= x < high
    void (*spread_row)(const SumRow<T>&);  // the adjoint, with `source` written: source[x * stride] += sum[x]
};

struct Kernels {
    const char* name;
    int level;  // 0: baseline, 1: AVX2, 2: AVX-512
    KernelTable<float> single;
    KernelTable<double> twice;
};

extern const Kernels kBaselineKernels;
#if defined(I2DL_HAVE_X86_VARIANTS)
extern const Kernels kAvx2Kernels;
extern const Kernels kAvx512Kernels;
#endif

}  // namespace i2dl
