// The inner loops, included by one file per instruction set. The includer defines I2DL_KERNELS (the table's name),
// I2DL_NAME and I2DL_VECTOR_BYTES, and I2DL_REGISTERS, the number of vector registers. All is in an unnamed namespace:
// no symbol but the table leaves the file, so no code for a newer processor can be linked into the baseline.
//
// Vectors are GNU vector types, not intrinsics: one text serves SSE2, AVX2, AVX-512 and NEON.

#include "kernels.h"
#include "vectors.h"

namespace i2dl {
namespace {

// Two vectors taken apart by even and odd lanes, and lanes of two vectors taken alternately.
#if defined(__has_builtin)
#if __has_builtin(__builtin_shufflevector)
#define I2DL_SHUFFLE_LANES(M, a, b, ...) __builtin_shufflevector(a, b, __VA_ARGS__)
#endif
#endif
#if !defined(I2DL_SHUFFLE_LANES)
#define I2DL_SHUFFLE_LANES(M, a, b, ...) __builtin_shuffle(a, b, M{__VA_ARGS__})
#endif
#define I2DL_SHUFFLE(NAME, L, ...)                                                   \
    template <typename V>                                                            \
    static inline __attribute__((always_inline)) V NAME(V a, V b) {                  \
        typedef decltype(a < b) M;                                                   \
        static_assert(sizeof(M) == sizeof(V), "a mask has the lanes of its vector"); \
        return I2DL_SHUFFLE_LANES(M, a, b, __VA_ARGS__);                             \
    }

template <int L>
struct Weave;
template <>
struct Weave<2> {
    I2DL_SHUFFLE(even, 2, 0, 2)
    I2DL_SHUFFLE(odd, 2, 1, 3)
    I2DL_SHUFFLE(low, 2, 0, 2)
    I2DL_SHUFFLE(high, 2, 1, 3)
};
template <>
struct Weave<4> {
    I2DL_SHUFFLE(even, 4, 0, 2, 4, 6)
    I2DL_SHUFFLE(odd, 4, 1, 3, 5, 7)
    I2DL_SHUFFLE(low, 4, 0, 4, 1, 5)
    I2DL_SHUFFLE(high, 4, 2, 6, 3, 7)
};
template <>
struct Weave<8> {
    I2DL_SHUFFLE(even, 8, 0, 2, 4, 6, 8, 10, 12, 14)
    I2DL_SHUFFLE(odd, 8, 1, 3, 5, 7, 9, 11, 13, 15)
    I2DL_SHUFFLE(low, 8, 0, 8, 1, 9, 2, 10, 3, 11)
    I2DL_SHUFFLE(high, 8, 4, 12, 5, 13, 6, 14, 7, 15)
};
template <>
struct Weave<16> {
    I2DL_SHUFFLE(even, 16, 0, 2, 4, 6, 8, 10, 12, 14, 16, 18, 20, 22, 24, 26, 28, 30)
    I2DL_SHUFFLE(odd, 16, 1, 3, 5, 7, 9, 11, 13, 15, 17, 19, 21, 23, 25, 27, 29, 31)
    I2DL_SHUFFLE(low, 16, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
    I2DL_SHUFFLE(high, 16, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
};

// ------------------------------------------------------------------------------------------------- register tiles

// As many vectors as leave room for the accumulators, one line of the source and one broadcast weight.
constexpr int tile_vectors(int rows) {
    const int accumulators = I2DL_REGISTERS >= 32 ? 24 : 12;
    const int most = accumulators / rows;
    return most > kMaxTileVectors ? kMaxTileVectors : most;
}

constexpr int kTileRows = I2DL_REGISTERS >= 32 ? 8 : 6;
constexpr int kDotRows = I2DL_REGISTERS >= 32 ? 4 : 3;
constexpr int kDotColumns = I2DL_REGISTERS >= 32 ? 6 : 4;

template <typename T, int R, int N>
void tile(int64_t depth, const T* weights, const T* source, const int64_t* offsets, const T* bias, T* out,
          int64_t out_step) {
    using V = typename Simd<T>::Vector;
    constexpr int L = Simd<T>::length;
    V sum[R][N];
#pragma GCC unroll 8
    for (int i = 0; i < R; ++i) {
        const V start = (bias ? bias[i] : T(0)) - V{};
#pragma GCC unroll 8
        for (int j = 0; j < N; ++j) sum[i][j] = start;
    }
    for (int64_t k = 0; k < depth; ++k) {
        const T* line = source + offsets[k];
        V value[N];
#pragma GCC unroll 8
        for (int j = 0; j < N; ++j) value[j] = load<V>(line + j * L);
#pragma GCC unroll 8
        for (int i = 0; i < R; ++i) {
#pragma GCC unroll 8
            for (int j = 0; j < N; ++j) sum[i][j] += weights[i] * value[j];
        }
        weights += R;
    }
#pragma GCC unroll 8
    for (int i = 0; i < R; ++i) {
#pragma GCC unroll 8
        for (int j = 0; j < N; ++j) store(out + i * out_step + j * L, sum[i][j]);
    }
}

template <typename T>
using Tile = void (*)(int64_t, const T*, const T*, const int64_t*, const T*, T*, int64_t);

template <typename T, int R>
Tile<T> pick_tile(int vectors) {
    constexpr int most = tile_vectors(R);
    if constexpr (most >= 8) {
        if (vectors == 8) return tile<T, R, 8>;
        if (vectors == 7) return tile<T, R, 7>;
    }
    if constexpr (most >= 6) {
        if (vectors == 6) return tile<T, R, 6>;
        if (vectors == 5) return tile<T, R, 5>;
    }
    if constexpr (most >= 4) {
        if (vectors == 4) return tile<T, R, 4>;
    }
    if constexpr (most >= 3) {
        if (vectors == 3) return tile<T, R, 3>;
    }
    if constexpr (most >= 2) {
        if (vectors == 2) return tile<T, R, 2>;
    }
    return tile<T, R, 1>;
}

template <typename T>
Tile<T> pick_tile(int rows, int vectors) {
    switch (rows) {
        case 1:
            return pick_tile<T, 1>(vectors);
        case 2:
            return pick_tile<T, 2>(vectors);
        case 3:
            return pick_tile<T, 3>(vectors);
        case 4:
            return pick_tile<T, 4>(vectors);
        case 5:
            return pick_tile<T, 5>(vectors);
        case 6:
            return pick_tile<T, 6>(vectors);
#if I2DL_REGISTERS >= 32
        case 7:
            return pick_tile<T, 7>(vectors);
        default:
            return pick_tile<T, 8>(vectors);
#else
        default:
            return pick_tile<T, 6>(vectors);
#endif
    }
}

// Copies a short line without writing past its end: two overlapping vectors instead of a loop over the remainder.
template <typename T>
inline __attribute__((always_inline)) void copy_line(T* to, const T* from, int64_t count) {
    using V = typename Simd<T>::Vector;
    constexpr int L = Simd<T>::length;
    if (count >= L) {
        int64_t i = 0;
        for (; i + L <= count; i += L) store(to + i, load<V>(from + i));
        if (i < count) store(to + count - L, load<V>(from + count - L));
        return;
    }
    if constexpr (L >= 16) {
        if (count >= 8) {
            typedef T Half __attribute__((vector_size(8 * sizeof(T))));
            const Half first = load<Half>(from), last = load<Half>(from + count - 8);
            store(to, first);
            store(to + count - 8, last);
            return;
        }
    }
    if constexpr (L >= 8) {
        if (count >= 4) {
            typedef T Half __attribute__((vector_size(4 * sizeof(T))));
            const Half first = load<Half>(from), last = load<Half>(from + count - 4);
            store(to, first);
            store(to + count - 4, last);
            return;
        }
    }
    for (int64_t i = 0; i < count; ++i) to[i] = from[i];
}

template <typename T>
void run_tiles(const TileRun<T>& run) {
    constexpr int L = Simd<T>::length;
    constexpr int kMaxWidth = kMaxTileVectors * L;
    struct Piece {
        int64_t from, to, count;
    };
    Piece pieces[kMaxWidth];
    alignas(64) T buffer[kTileRows * kMaxWidth];

    const int64_t panels = (run.rows + kTileRows - 1) / kTileRows;
    const int64_t low = run.rows / panels, larger = run.rows % panels;  // the first `larger` panels have one row more
    const int most = tile_vectors(static_cast<int>(low + (larger ? 1 : 0)));

    int64_t row = 0, column = 0;  // of the next position
    for (int64_t start = 0; start < run.length;) {
        const int64_t left = (run.length - start + L - 1) / L;
        // Two tiles of nearly equal width rather than a full one and a sliver.
        const int vectors = static_cast<int>(left >= 2 * most ? most : left > most ? (left + 1) / 2 : left);
        const int64_t width = vectors * L;
        const int64_t filled = run.length - start < width ? run.length - start : width;

        int count = 0;
        for (int64_t at = 0; at < filled;) {
            int64_t step = run.row_width - column;
            if (step > filled - at) step = filled - at;
            const int64_t kept = column + step <= run.row_valid ? step : run.row_valid - column;
            if (kept > 0) {
                const int64_t to = run.row_destination[row] + column * run.column_step;
                if (count && run.column_step == 1 && pieces[count - 1].from + pieces[count - 1].count == at &&
                    pieces[count - 1].to + pieces[count - 1].count == to) {
                    pieces[count - 1].count += kept;
                } else {
                    pieces[count].from = at;
                    pieces[count].to = to;
                    pieces[count].count = kept;
                    ++count;
                }
            }
            at += step;
            column += step;
            if (column == run.row_width) {
                column = 0;
                ++row;
            }
        }

        const bool whole = count == 1 && pieces[0].count == width && run.column_step == 1;
        const T* weights = run.weights;
        int64_t channel = 0;
        for (int64_t panel = 0; panel < panels; ++panel) {
            const int rows = static_cast<int>(low + (panel < larger ? 1 : 0));
            const T* bias = run.bias ? run.bias + channel : nullptr;
            T* to = run.destination + channel * run.channel_step;
            const Tile<T> kernel = pick_tile<T>(rows, vectors);
            if (whole) {
                kernel(run.depth, weights, run.source + start, run.offsets, bias, to + pieces[0].to, run.channel_step);
            } else {
                kernel(run.depth, weights, run.source + start, run.offsets, bias, buffer, width);
                for (int i = 0; i < rows; ++i) {
                    for (int piece = 0; piece < count; ++piece) {
                        const T* from = buffer + i * width + pieces[piece].from;
                        T* target = to + i * run.channel_step + pieces[piece].to;
                        const int64_t many = pieces[piece].count;
                        if (run.column_step == 1) {
                            copy_line(target, from, many);
                        } else {
                            for (int64_t x = 0; x < many; ++x) target[x * run.column_step] = from[x];
                        }
                    }
                }
            }
            weights += rows * run.depth;
            channel += rows;
        }
        start += width;
    }
}

// --------------------------------------------------------------------------------------------------- dot products

template <typename T, int R, int C>
void dots(const DotRun<T>& run, const T* gradient, const int64_t* offsets, T* out) {
    using V = typename Simd<T>::Vector;
    constexpr int L = Simd<T>::length;
    V sum[R][C];
#pragma GCC unroll 8
    for (int i = 0; i < R; ++i) {
#pragma GCC unroll 8
        for (int j = 0; j < C; ++j) sum[i][j] = V{};
    }
    for (int64_t s = 0; s < run.segments; ++s) {
        const T* line = gradient + run.gradient_start[s];
        const T* source = run.source + run.source_start[s];
        const int64_t length = run.lengths[s];
        const T* from[C];
#pragma GCC unroll 8
        for (int j = 0; j < C; ++j) from[j] = source + offsets[j];
        for (int64_t p = 0; p < length; p += L) {
            V value[R];
#pragma GCC unroll 8
            for (int i = 0; i < R; ++i) value[i] = load<V>(line + i * run.gradient_step + p);
#pragma GCC unroll 8
            for (int j = 0; j < C; ++j) {
                const V other = load<V>(from[j] + p);
#pragma GCC unroll 8
                for (int i = 0; i < R; ++i) sum[i][j] += value[i] * other;
            }
        }
    }
    for (int i = 0; i < R; ++i) {
        for (int j = 0; j < C; ++j) {
            T lanes[L];
            store(lanes, sum[i][j]);
            for (int half = L / 2; half > 0; half /= 2) {
                for (int x = 0; x < half; ++x) lanes[x] += lanes[x + half];
            }
            out[i * run.out_step + j] += lanes[0];
        }
    }
}

template <typename T, int R>
void dots_of_row(int columns, const DotRun<T>& run, const T* gradient, const int64_t* offsets, T* out) {
    switch (columns) {
        case 1:
            return dots<T, R, 1>(run, gradient, offsets, out);
        case 2:
            return dots<T, R, 2>(run, gradient, offsets, out);
        case 3:
            return dots<T, R, 3>(run, gradient, offsets, out);
        case 4:
            return dots<T, R, 4>(run, gradient, offsets, out);
#if I2DL_REGISTERS >= 32
        case 5:
            return dots<T, R, 5>(run, gradient, offsets, out);
        case 6:
            return dots<T, R, 6>(run, gradient, offsets, out);
#endif
    }
}

template <typename T>
void run_dots(const DotRun<T>& run) {
    const int64_t bands = (run.rows + kDotRows - 1) / kDotRows;
    const int64_t groups = (run.columns + kDotColumns - 1) / kDotColumns;
    for (int64_t band = 0; band < bands; ++band) {
        const int64_t first = run.rows * band / bands, rows = run.rows * (band + 1) / bands - first;
        const T* gradient = run.gradient + first * run.gradient_step;
        for (int64_t group = 0; group < groups; ++group) {
            const int64_t column = run.columns * group / groups;
            const int columns = static_cast<int>(run.columns * (group + 1) / groups - column);
            T* out = run.out + first * run.out_step + column;
            switch (rows) {
                case 1:
                    dots_of_row<T, 1>(columns, run, gradient, run.offsets + column, out);
                    break;
                case 2:
                    dots_of_row<T, 2>(columns, run, gradient, run.offsets + column, out);
                    break;
                case 3:
                    dots_of_row<T, 3>(columns, run, gradient, run.offsets + column, out);
                    break;
#if I2DL_REGISTERS >= 32
                default:
                    dots_of_row<T, 4>(columns, run, gradient, run.offsets + column, out);
                    break;
#endif
            }
        }
    }
}

// ------------------------------------------------------------------------------------------------- outer products

template <typename T>
void transpose(const Transpose<T>& run) {
    using V = typename Simd<T>::Vector;
    constexpr int L = Simd<T>::length;
    using W = Weave<L>;
    for (int64_t row = 0; row < run.rows; row += L) {
        const int64_t rows = run.rows - row < L ? run.rows - row : L;
        for (int64_t p = 0; p < run.count; p += L) {
            const int64_t count = run.count - p < L ? run.count - p : L;
            V block[L];
            for (int i = 0; i < L; ++i) {
                block[i] = V{};
                if (i >= rows) continue;
                const T* from = run.from + (row + i) * run.from_step + p;
                if (count == L) {
                    block[i] = load<V>(from);
                } else {
                    T lanes[L] = {};
                    for (int64_t x = 0; x < count; ++x) lanes[x] = from[x];
                    block[i] = load<V>(lanes);
                }
            }
            for (int half = 1; half < L; half *= 2) {
                V woven[L];
#pragma GCC unroll 16
                for (int i = 0; i < L / 2; ++i) {
                    woven[2 * i] = W::low(block[i], block[i + L / 2]);
                    woven[2 * i + 1] = W::high(block[i], block[i + L / 2]);
                }
#pragma GCC unroll 16
                for (int i = 0; i < L; ++i) block[i] = woven[i];
            }
            for (int64_t x = 0; x < count; ++x) {
                T* to = run.to + (p + x) * run.to_step + row;
                if (rows == L || run.padded) {
                    store(to, block[x]);
                } else {
                    T lanes[L];
                    store(lanes, block[x]);
                    for (int64_t i = 0; i < rows; ++i) to[i] = lanes[i];
                }
            }
        }
    }
}

template <typename T, int R, int N>
void outer(const OuterRun<T>& run, const int64_t* offsets, const T* gradient, T* sums) {
    using V = typename Simd<T>::Vector;
    constexpr int L = Simd<T>::length;
    V sum[R][N];
#pragma GCC unroll 8
    for (int i = 0; i < R; ++i) {
#pragma GCC unroll 8
        for (int j = 0; j < N; ++j) sum[i][j] = V{};
    }
    for (int64_t line = 0; line < run.lines; ++line) {
        const T* source = run.source + run.line_source[line];
        const T* from[R];
#pragma GCC unroll 8
        for (int i = 0; i < R; ++i) from[i] = source + offsets[i];
        for (int64_t x = 0; x < run.width; ++x) {
            V value[N];
#pragma GCC unroll 8
            for (int j = 0; j < N; ++j) value[j] = load<V>(gradient + j * L);
#pragma GCC unroll 8
            for (int i = 0; i < R; ++i) {
                const T factor = from[i][x];
#pragma GCC unroll 8
                for (int j = 0; j < N; ++j) sum[i][j] += factor * value[j];
            }
            gradient += run.step;
        }
    }
#pragma GCC unroll 8
    for (int i = 0; i < R; ++i) {
#pragma GCC unroll 8
        for (int j = 0; j < N; ++j) {
            // Sums of a piece are added up here: one running sum over all positions would lose digits.
            T* to = sums + i * run.step + j * L;
            store(to, load<V>(to) + sum[i][j]);
        }
    }
}

constexpr int kOuterRows = I2DL_REGISTERS >= 32 ? 8 : 6;

// How many vectors of output channels a pass takes, of those that are left.
inline int lanes_at_once(int64_t left) {
    constexpr int most = I2DL_REGISTERS >= 32 ? 3 : 2;
    if (most == 3 && left % 4 == 0) return 4;
    return left >= most && left != most + 1 ? most : left >= 2 ? 2 : 1;
}

template <typename T, int N>
void outer_columns(const OuterRun<T>& run, int64_t lane) {
    constexpr int most = N == 4 ? 6 : kOuterRows;
    const int64_t groups = (run.columns + most - 1) / most;
    for (int64_t group = 0; group < groups; ++group) {
        const int64_t first = run.columns * group / groups;
        const int64_t* offsets = run.offsets + first;
        const T* gradient = run.gradient + lane;
        T* sums = run.sums + first * run.step + lane;
        switch (run.columns * (group + 1) / groups - first) {
            case 1:
                outer<T, 1, N>(run, offsets, gradient, sums);
                break;
            case 2:
                outer<T, 2, N>(run, offsets, gradient, sums);
                break;
            case 3:
                outer<T, 3, N>(run, offsets, gradient, sums);
                break;
            case 4:
                outer<T, 4, N>(run, offsets, gradient, sums);
                break;
            case 5:
                outer<T, 5, N>(run, offsets, gradient, sums);
                break;
            case 6:
                outer<T, 6, N>(run, offsets, gradient, sums);
                break;
            default:
                if constexpr (most == 8) {
                    if (run.columns * (group + 1) / groups - first == 7) {
                        outer<T, 7, N>(run, offsets, gradient, sums);
                    } else {
                        outer<T, 8, N>(run, offsets, gradient, sums);
                    }
                }
        }
    }
}

template <typename T>
void run_outer(const OuterRun<T>& whole) {
    constexpr int L = Simd<T>::length;
    // Few enough positions for their gradients to stay in the first-level cache while all terms pass: 24 KB.
    const int64_t vectors_of_pass = whole.step / L < 4 ? whole.step / L : 4;
    const int64_t positions = 24576 / (I2DL_VECTOR_BYTES * vectors_of_pass);
    const int64_t block = whole.width < positions ? positions / whole.width : 1;
    for (int64_t line = 0; line < whole.lines; line += block) {
        OuterRun<T> run = whole;
        run.lines = whole.lines - line < block ? whole.lines - line : block;
        run.line_source = whole.line_source + line;
        run.gradient = whole.gradient + line * whole.width * whole.step;
        int64_t left = run.step / L;
        for (int64_t lane = 0; left > 0;) {
            const int vectors = lanes_at_once(left);
            switch (vectors) {
                case 1:
                    outer_columns<T, 1>(run, lane);
                    break;
                case 2:
                    outer_columns<T, 2>(run, lane);
                    break;
#if I2DL_REGISTERS >= 32
                case 3:
                    outer_columns<T, 3>(run, lane);
                    break;
                default:
                    outer_columns<T, 4>(run, lane);
                    break;
#endif
            }
            lane += vectors * L;
            left -= vectors;
        }
    }
}

template <typename T, int R, int N>
void positions(const PositionRun<T>& run, int64_t first, int64_t lane) {
    using V = typename Simd<T>::Vector;
    constexpr int L = Simd<T>::length;
    V sum[R][N];
    const T* from[R];
#pragma GCC unroll 8
    for (int i = 0; i < R; ++i) {
        from[i] = run.source + run.positions[first + i];
#pragma GCC unroll 8
        for (int j = 0; j < N; ++j) sum[i][j] = run.bias ? load<V>(run.bias + lane + j * L) : V{};
    }
    const T* weights = run.weights + lane;
    for (int64_t k = 0; k < run.depth; ++k, weights += run.step) {
        const int64_t offset = run.offsets[k];
        V value[N];
#pragma GCC unroll 8
        for (int j = 0; j < N; ++j) value[j] = load<V>(weights + j * L);
#pragma GCC unroll 8
        for (int i = 0; i < R; ++i) {
            const T factor = from[i][offset];
#pragma GCC unroll 8
            for (int j = 0; j < N; ++j) sum[i][j] += factor * value[j];
        }
    }
#pragma GCC unroll 8
    for (int i = 0; i < R; ++i) {
#pragma GCC unroll 8
        for (int j = 0; j < N; ++j) store(run.out + (first + i) * run.step + lane + j * L, sum[i][j]);
    }
}

template <typename T, int N>
void positions_of_lanes(const PositionRun<T>& run, int64_t lane) {
    constexpr int most = N == 4 ? 6 : kOuterRows;
    int64_t first = 0;
    for (; first + most <= run.count; first += most) positions<T, most, N>(run, first, lane);
    if (first + 4 <= run.count) {
        positions<T, 4, N>(run, first, lane);
        first += 4;
    }
    for (; first < run.count; ++first) positions<T, 1, N>(run, first, lane);
}

template <typename T>
void run_positions(const PositionRun<T>& run) {
    constexpr int L = Simd<T>::length;
    int64_t left = run.step / L;
    for (int64_t lane = 0; left > 0;) {
        const int vectors = lanes_at_once(left);
        switch (vectors) {
            case 1:
                positions_of_lanes<T, 1>(run, lane);
                break;
            case 2:
                positions_of_lanes<T, 2>(run, lane);
                break;
#if I2DL_REGISTERS >= 32
            case 3:
                positions_of_lanes<T, 3>(run, lane);
                break;
            default:
                positions_of_lanes<T, 4>(run, lane);
                break;
#endif
        }
        lane += vectors * L;
        left -= vectors;
    }
}

// --------------------------------------------------------------------------------------------- slabs and columns

template <typename T>
inline void zero_line(T* to, int64_t count) {
    for (int64_t i = 0; i < count; ++i) to[i] = T(0);
}

// Lines of a slab from lines that may be read past both ends: to[y * to_step + x] = from[y * from_step + x * S] where
// low <= x < high, else zero. Writes whole vectors, past the end of a line too: the next line comes later.
template <typename T, int S>
void fill_lines(const T* from, int64_t from_step, int64_t lines, int64_t low, int64_t high, int64_t used, T* to,
                int64_t to_step) {
    using V = typename Simd<T>::Vector;
    typedef decltype(V{} < V{}) Mask;
    typedef typename Lane<sizeof(T)>::Integer Integer;
    constexpr int L = Simd<T>::length;
    constexpr int kMasks = 4;
    Mask lane, kept[kMasks];
    for (int i = 0; i < L; ++i) lane[i] = i;
    const auto mask_of = [&](int64_t x) {
        const Integer first = static_cast<Integer>(low - x < 0 ? 0 : low - x > L ? L : low - x);
        const Integer last = static_cast<Integer>(high - x < 0 ? 0 : high - x > L ? L : high - x);
        return (lane >= first) & (lane < last);
    };
    const auto part = [&](const T* line, int64_t x) {
        if constexpr (S == 1) {
            return load<V>(line + x);
        } else {
            return Weave<L>::even(load<V>(line + 2 * x), load<V>(line + 2 * x + L));
        }
    };
    for (int i = 0; i < kMasks; ++i) kept[i] = mask_of(i * L);
    if (used <= L) {
        for (int64_t y = 0; y < lines; ++y) store(to + y * to_step, (V)((Mask)part(from + y * from_step, 0) & kept[0]));
    } else if (used <= 2 * L) {
        for (int64_t y = 0; y < lines; ++y) {
            store(to + y * to_step, (V)((Mask)part(from + y * from_step, 0) & kept[0]));
            store(to + y * to_step + L, (V)((Mask)part(from + y * from_step, L) & kept[1]));
        }
    } else {
        for (int64_t y = 0; y < lines; ++y) {
            for (int64_t x = 0; x < used; x += L) {
                const V value = part(from + y * from_step, x);
                if (x >= low && x + L <= high) {
                    store(to + y * to_step + x, value);
                } else {
                    store(to + y * to_step + x, (V)((Mask)value & (x < kMasks * L ? kept[x / L] : mask_of(x))));
                }
            }
        }
    }
}

// Positions x in [0, used) with 0 <= (first + x) * stride + residue < size.
inline void inside(int64_t first, int64_t stride, int64_t residue, int64_t size, int64_t used, int64_t* low,
                   int64_t* high) {
    const int64_t end = size > residue ? (size - residue + stride - 1) / stride : 0;
    *low = first >= 0 ? 0 : -first > used ? used : -first;
    *high = end - first < *low ? *low : end - first > used ? used : end - first;
}

template <typename T>
void fill_slab(const SlabFill<T>& fill) {
    using V = typename Simd<T>::Vector;
    constexpr int L = Simd<T>::length;
    const int64_t stride = fill.stride[2], used = fill.used[2], width = fill.size[2], step = fill.extent[2];
    const int64_t most = fill.residue_count[0] * fill.residue_count[1];
    const auto zero_lines = [&](T* to, int64_t lines) {
        for (int64_t y = 0; y < lines; ++y) {
            for (int64_t x = 0; x < used; x += L) store(to + y * step + x, V{});
        }
    };
    T* plane = fill.slab;
    for (int64_t index = 0; index < fill.channels * most; ++index) {
        const int64_t residue_y = fill.residue[1][index % fill.residue_count[1]];
        const int64_t residue_z = fill.residue[0][index / fill.residue_count[1] % fill.residue_count[0]];
        const T* image = fill.source + index / most * fill.channel_step;
        int64_t first_line, last_line;
        inside(fill.first[1], fill.stride[1], residue_y, fill.size[1], fill.used[1], &first_line, &last_line);
        for (int64_t rx = 0; rx < fill.residue_count[2]; ++rx, plane += fill.extent[0] * fill.extent[1] * step) {
            const int64_t at = fill.first[2] * stride + fill.residue[2][rx];
            int64_t low, high;
            inside(fill.first[2], stride, fill.residue[2][rx], width, used, &low, &high);
            for (int64_t z = 0; z < fill.used[0]; ++z) {
                T* to = plane + z * fill.extent[1] * step;
                const int64_t depth = (fill.first[0] + z) * fill.stride[0] + residue_z;
                if (depth < 0 || depth >= fill.size[0] || first_line == last_line) {
                    zero_lines(to, fill.used[1]);
                    continue;
                }
                zero_lines(to, first_line);
                const int64_t height = (fill.first[1] + first_line) * fill.stride[1] + residue_y;
                const T* line = image + (depth * fill.size[1] + height) * width;
                const int64_t from_step = fill.stride[1] * width, lines = last_line - first_line;
                T* lines_to = to + first_line * step;
                const bool readable = fill.begin - line <= at &&
                                      at + (lines - 1) * from_step + stride * (used + 2 * L) <= fill.end - line;
                if (readable && stride == 1) {
                    fill_lines<T, 1>(line + at, from_step, lines, low, high, used, lines_to, step);
                } else if (readable && stride == 2) {
                    fill_lines<T, 2>(line + at, from_step, lines, low, high, used, lines_to, step);
                } else {
                    for (int64_t y = 0; y < lines; ++y, line += from_step) {
                        for (int64_t x = 0; x < low; ++x) lines_to[y * step + x] = T(0);
                        for (int64_t x = low; x < high; ++x) lines_to[y * step + x] = line[at + x * stride];
                        for (int64_t x = high; x < used; ++x) lines_to[y * step + x] = T(0);
                    }
                }
                zero_lines(to + last_line * step, fill.used[1] - last_line);
            }
        }
    }
}

template <typename T>
void pack_columns(const ColumnPack<T>& pack) {
    using V = typename Simd<T>::Vector;
    constexpr int L = Simd<T>::length;
    for (int64_t k = 0; k < pack.depth; ++k) {
        const T* from = pack.source + pack.offsets[k];
        T* to = pack.columns + k * pack.column_step;
        for (int64_t row = 0; row < pack.rows; ++row) {
            const T* line = from + pack.row_source[row];
            for (int64_t x = 0; x < pack.row_valid; x += L) store(to + x, load<V>(line + x));
            to += pack.row_valid;
        }
    }
}

// ------------------------------------------------------------------------------------------------------- Winograd

// The interpolation points are 0, +-a, +-b and infinity. These two keep the error at about twice that of a plain sum;
// the textbook's 1 and 2 make it four times as large.
template <typename T>
struct Points {
    static constexpr T a = T(0.75), b = T(1.5);
    static constexpr T aa = a * a, bb = b * b;
};

// One dimension of the input transform: the polynomials that vanish at all points but one, applied to six inputs.
template <typename T, typename V>
inline __attribute__((always_inline)) void transform_input(const V* in, V* out, int step) {
    using P = Points<T>;
    const V even_a = in[4] - P::bb * in[2], odd_a = in[3] - P::bb * in[1];
    const V even_b = in[4] - P::aa * in[2], odd_b = in[3] - P::aa * in[1];
    out[0 * step] = P::aa * P::bb * in[0] - (P::aa + P::bb) * in[2] + in[4];
    out[1 * step] = even_a + P::a * odd_a;
    out[2 * step] = even_a - P::a * odd_a;
    out[3 * step] = even_b + P::b * odd_b;
    out[4 * step] = even_b - P::b * odd_b;
    out[5 * step] = P::aa * P::bb * in[1] - (P::aa + P::bb) * in[3] + in[5];
}

// One dimension of the output transform: the powers of the points.
template <typename T, typename V>
inline __attribute__((always_inline)) void transform_output(const V* in, V* out, int step) {
    using P = Points<T>;
    const V sum_a = in[1] + in[2], difference_a = in[1] - in[2];
    const V sum_b = in[3] + in[4], difference_b = in[3] - in[4];
    out[0 * step] = in[0] + sum_a + sum_b;
    out[1 * step] = P::a * difference_a + P::b * difference_b;
    out[2 * step] = P::aa * sum_a + P::bb * sum_b;
    out[3 * step] = P::aa * P::a * difference_a + P::bb * P::b * difference_b + in[5];
}

// G w G^T in float64, for up to kTileRows rows at a time; row p of G is (1, x, x^2) divided by the product of the
// differences between point p and all others.
template <typename T>
void winograd_weights(const WinogradWeights<T>& run) {
    using P = Points<double>;
    constexpr double at_a = 1 / (2 * P::aa * (P::aa - P::bb)), at_b = 1 / (2 * P::bb * (P::bb - P::aa));
    constexpr double g[6][3] = {{1 / (P::aa * P::bb), 0, 0},        {at_a, P::a * at_a, P::aa * at_a},
                                {at_a, -P::a * at_a, P::aa * at_a}, {at_b, P::b * at_b, P::bb * at_b},
                                {at_b, -P::b * at_b, P::bb * at_b}, {0, 0, 1}};
    for (int64_t channel = 0; channel < run.channels; ++channel) {
        double w[9][kTileRows] = {}, half[6][3][kTileRows];
        for (int64_t row = 0; row < run.height; ++row) {
            const T* from = run.weight + row * run.row_step + channel * run.channel_step;
            for (int i = 0; i < 9; ++i) w[i][row] = from[run.index[i]];
        }
#pragma GCC unroll 6
        for (int i = 0; i < 6; ++i) {
#pragma GCC unroll 3
            for (int j = 0; j < 3; ++j) {
                for (int row = 0; row < kTileRows; ++row) {
                    half[i][j][row] = g[i][0] * w[j][row] + g[i][1] * w[3 + j][row] + g[i][2] * w[6 + j][row];
                }
            }
        }
#pragma GCC unroll 6
        for (int i = 0; i < 6; ++i) {
#pragma GCC unroll 6
            for (int j = 0; j < 6; ++j) {
                T result[kTileRows];
                for (int row = 0; row < kTileRows; ++row) {
                    result[row] = static_cast<T>(g[j][0] * half[i][0][row] + g[j][1] * half[i][1][row] +
                                                 g[j][2] * half[i][2][row]);
                }
                T* to = run.to + (i * 6 + j) * run.point_step + channel * run.height;
                for (int64_t row = 0; row < run.height; ++row) to[row] = result[row];
            }
        }
    }
}

// out[j] holds the elements j, j + 4, j + 8, ... of 4 L elements.
template <int L, typename V>
inline __attribute__((always_inline)) void take_apart(V a, V b, V c, V d, V* out) {
    using W = Weave<L>;
    const V even_ab = W::even(a, b), odd_ab = W::odd(a, b), even_cd = W::even(c, d), odd_cd = W::odd(c, d);
    out[0] = W::even(even_ab, even_cd);
    out[1] = W::even(odd_ab, odd_cd);
    out[2] = W::odd(even_ab, even_cd);
    out[3] = W::odd(odd_ab, odd_cd);
}

// The inverse.
template <int L, typename V>
inline __attribute__((always_inline)) void put_together(const V* in, V* out) {
    using W = Weave<L>;
    const V low_even = W::low(in[0], in[2]), low_odd = W::low(in[1], in[3]);
    const V high_even = W::high(in[0], in[2]), high_odd = W::high(in[1], in[3]);
    out[0] = W::low(low_even, low_odd);
    out[1] = W::high(low_even, low_odd);
    out[2] = W::low(high_even, high_odd);
    out[3] = W::high(high_even, high_odd);
}

// How far one step goes: `lines` lines if these are short, else L tiles of one.
template <int L>
int64_t lines_per_step(int64_t tiles) {
    return tiles >= L || 4 * tiles % L ? 1 : L / tiles;
}

// Four vectors of inputs make one of each tile's inputs. They are a piece of one line, or, where lines are short, whole
// lines one after the other; either way tiles keep their order.
struct Quarter {
    int64_t line, column;  // of its first element
};

template <int L>
inline Quarter quarter_of(int64_t line, int64_t column, int64_t tiles, int64_t lines, int part) {
    if (lines_per_step<L>(tiles) == 1) return {line, column + part * L};
    const int64_t per_line = 4 * tiles / L;
    line += part / per_line;
    return {line < lines ? line : lines - 1, part % per_line * L};
}

template <typename T, int Bytes>
void winograd_input_lanes(const WinogradInput<T>& run) {
    typedef T V __attribute__((vector_size(Bytes)));
    constexpr int L = Bytes / sizeof(T);
    const int64_t step = lines_per_step<L>(run.tiles);
    for (int64_t channel = 0; channel < run.channels; ++channel) {
        const T* source = run.source + channel * run.channel_step;
        T* line_out = run.out + channel * run.line_step;
        for (int64_t line = 0; line < run.lines; line += step) {
            for (int64_t x = 0; x < run.tiles; x += L) {
                const T* from[4];
                for (int part = 0; part < 4; ++part) {
                    const Quarter at = quarter_of<L>(line, 4 * x, run.tiles, run.lines, part);
                    from[part] = source + run.line_source[at.line] + at.column;
                }
                V half[36];  // transformed along x, one row of six after the other
#pragma GCC unroll 6
                for (int i = 0; i < 6; ++i) {
                    const int64_t row = i * run.row_step;
                    V in[8];
                    take_apart<L>(load<V>(from[0] + row), load<V>(from[1] + row), load<V>(from[2] + row),
                                  load<V>(from[3] + row), in);
                    // Inputs 4 and 5 are the next tile's 0 and 1.
                    take_apart<L>(load<V>(from[0] + row + 4), load<V>(from[1] + row + 4), load<V>(from[2] + row + 4),
                                  load<V>(from[3] + row + 4), in + 4);
                    transform_input<T>(in, half + i * 6, 1);
                }
                T* out = line_out + line * run.tiles + x;
#pragma GCC unroll 6
                for (int j = 0; j < 6; ++j) {
                    V in[6], result[6];
#pragma GCC unroll 6
                    for (int i = 0; i < 6; ++i) in[i] = half[i * 6 + j];
                    transform_input<T>(in, result, 1);
#pragma GCC unroll 6
                    for (int i = 0; i < 6; ++i) store(out + (i * 6 + j) * run.point_step, result[i]);
                }
            }
        }
    }
}

template <typename T, int Bytes>
bool winograd_output_lanes(const WinogradOutput<T>& run) {
    typedef T V __attribute__((vector_size(Bytes)));
    constexpr int L = Bytes / sizeof(T);
    const int64_t step = lines_per_step<L>(run.tiles);
    V trace = {};  // zero, unless a result was not finite
    for (int64_t channel = 0; channel < run.channels; ++channel) {
        const V bias = (run.bias ? run.bias[channel] : T(0)) - V{};
        T* destination = run.destination + channel * run.channel_step;
        for (int64_t line = 0; line < run.lines; line += step) {
            for (int64_t x = 0; x < run.tiles; x += L) {
                T* to[4];
                int64_t rows[4], left[4];
                for (int part = 0; part < 4; ++part) {
                    const Quarter at = quarter_of<L>(line, 4 * x, run.tiles, run.lines, part);
                    to[part] = destination + run.line_destination[at.line] + at.column;
                    left[part] = run.width - at.column < L ? run.width - at.column : L;
                    const bool past = step > 1 && line + part / (4 / step) >= run.lines;
                    rows[part] = past || left[part] <= 0 ? 0 : run.line_rows[at.line];
                }
                const T* at = run.products + channel * run.line_step + line * run.tiles + x;
                V half[24];
#pragma GCC unroll 6
                for (int j = 0; j < 6; ++j) {
                    V in[6];
#pragma GCC unroll 6
                    for (int i = 0; i < 6; ++i) in[i] = load<V>(at + (i * 6 + j) * run.point_step);
                    for (int64_t block = 1; block < run.blocks; ++block) {
#pragma GCC unroll 6
                        for (int i = 0; i < 6; ++i) {
                            in[i] += load<V>(at + block * run.block_step + (i * 6 + j) * run.point_step);
                        }
                    }
                    transform_output<T>(in, half + j, 6);
                }
#pragma GCC unroll 4
                for (int i = 0; i < 4; ++i) {
                    V result[4], woven[4];
                    transform_output<T>(half + i * 6, result, 1);
#pragma GCC unroll 4
                    for (int j = 0; j < 4; ++j) result[j] += bias;
                    put_together<L>(result, woven);
#pragma GCC unroll 4
                    for (int part = 0; part < 4; ++part) {
                        if (i >= rows[part]) continue;
                        T* target = to[part] + i * run.row_step;
                        if (left[part] == L) {
                            trace += woven[part] * T(0);
                            store(target, woven[part]);
                            continue;
                        }
                        // Lanes beyond the line hold anything: they may be neither written nor looked at.
                        T lanes[2 * L];
                        store(lanes, woven[part]);
                        for (int64_t lane = left[part]; lane < L; ++lane) lanes[lane] = T(0);
                        trace += load<V>(lanes) * T(0);
                        for (int64_t lane = 0; lane < left[part]; ++lane) target[lane] = lanes[lane];
                    }
                }
            }
        }
    }
    T sum = 0;
    for (int lane = 0; lane < L; ++lane) sum += trace[lane];
    return sum == 0;
}

// The longest vectors that short lines fill; the shortest have 4 lanes, or what the processor has.
template <typename T>
int winograd_bytes(int64_t tiles) {
    constexpr int kWhole = I2DL_VECTOR_BYTES;
    int bytes = kWhole;
    while (bytes > 16 && 4 * tiles * static_cast<int>(sizeof(T)) < bytes) bytes /= 2;
    // Lines that are no power of two: one vector, of which not more than half is empty.
    if (tiles & (tiles - 1)) {
        bytes = kWhole;
        if (bytes > 16 && tiles * static_cast<int>(sizeof(T)) <= bytes / 2) bytes /= 2;
    }
    return bytes;
}

template <typename T>
void winograd_input(const WinogradInput<T>& run) {
    switch (winograd_bytes<T>(run.tiles)) {
#if I2DL_VECTOR_BYTES >= 64
        case 64:
            return winograd_input_lanes<T, 64>(run);
#endif
#if I2DL_VECTOR_BYTES >= 32
        case 32:
            return winograd_input_lanes<T, 32>(run);
#endif
        default:
            return winograd_input_lanes<T, 16>(run);
    }
}

template <typename T>
bool winograd_output(const WinogradOutput<T>& run) {
    switch (winograd_bytes<T>(run.tiles)) {
#if I2DL_VECTOR_BYTES >= 64
        case 64:
            return winograd_output_lanes<T, 64>(run);
#endif
#if I2DL_VECTOR_BYTES >= 32
        case 32:
            return winograd_output_lanes<T, 32>(run);
#endif
        default:
            return winograd_output_lanes<T, 16>(run);
    }
}

// ------------------------------------------------------------------------------------------------------ depthwise

#include "depthwise_body.h"

// -------------------------------------------------------------------------------------------------------- pooling

template <typename T, int S>
void max_row_strided(const MaxRow<T>& row) {
    using V = typename Simd<T>::Vector;
    constexpr int L = Simd<T>::length;
    typedef decltype(V{} < V{}) Mask;
    typedef typename Lane<sizeof(T)>::Integer Integer;
    Mask lane;
    for (int i = 0; i < L; ++i) lane[i] = i;
    const V nothing = -T(__builtin_inf()) - V{};
    for (int64_t x = 0; x < row.width; x += L) {
        V best = nothing;
        Mask index = Mask{} - 1;
        for (int64_t line = 0; line < row.lines; ++line) {
            for (int64_t tap = 0; tap < row.taps; ++tap) {
                const int64_t start = row.line_start[line] + row.shift[tap] + x * S;
                const int64_t low = row.low[tap] - x, high = row.high[tap] - x;
                const T* from = row.plane + start;
                const Mask position = lane * S + static_cast<Integer>(start);
                V value;
                if (from - row.begin >= 0 && row.end - from >= S * L) {
                    if constexpr (S == 1) {
                        value = load<V>(from);
                    } else {
                        value = Weave<L>::even(load<V>(from), load<V>(from + L));
                    }
                } else {
                    T lanes[L] = {};
                    for (int64_t i = low > 0 ? low : 0; i < L && i < high; ++i) lanes[i] = from[i * S];
                    value = load<V>(lanes);
                }
                Mask larger = (value > best) | (value != value) | (index < 0);
                if (low > 0 || high < L) {
                    const Integer first = static_cast<Integer>(low < 0 ? 0 : low > L ? L : low);
                    const Integer last = static_cast<Integer>(high < 0 ? 0 : high > L ? L : high);
                    larger &= (lane >= first) & (lane < last);
                }
                best = larger ? value : best;
                index = larger ? position : index;
            }
        }
        Integer indices[L];
        store(indices, index);
        const int64_t count = row.width - x < L ? row.width - x : L;
        for (int64_t i = 0; i < count; ++i) row.index[x + i] = indices[i];
        if (count == L) {
            store(row.value + x, best);
        } else {
            T values[L];
            store(values, best);
            for (int64_t i = 0; i < count; ++i) row.value[x + i] = values[i];
        }
    }
}

template <typename T>
void max_row(const MaxRow<T>& row) {
    if (row.stride == 1) {
        max_row_strided<T, 1>(row);
    } else {
        max_row_strided<T, 2>(row);
    }
}

template <typename T>
void add_row(const SumRow<T>& row) {
    const T* __restrict source = row.source;
    T* __restrict sum = row.sum;
    if (row.stride == 1) {
        for (int64_t x = row.low; x < row.high; ++x) sum[x] += source[x];
    } else if (row.stride == 2) {
        for (int64_t x = row.low; x < row.high; ++x) sum[x] += source[2 * x];
    } else {
        for (int64_t x = row.low; x < row.high; ++x) sum[x] += source[row.stride * x];
    }
}

template <typename T>
void spread_row(const SumRow<T>& row) {
    T* __restrict target = const_cast<T*>(row.source);
    const T* __restrict share = row.sum;
    if (row.stride == 1) {
        for (int64_t x = row.low; x < row.high; ++x) target[x] += share[x];
    } else {
        for (int64_t x = row.low; x < row.high; ++x) target[row.stride * x] += share[x];
    }
}

// ---------------------------------------------------------------------------------------------------------- table

// clang-format off
#define I2DL_TABLE(T)                                                                                     \
    {Simd<T>::length, kTileRows, kDotRows, kDotColumns,                                                   \
     {0, tile_vectors(1), tile_vectors(2), tile_vectors(3), tile_vectors(4), tile_vectors(5),             \
      tile_vectors(6), tile_vectors(7), tile_vectors(8)},                                                 \
     run_tiles<T>, run_dots<T>, transpose<T>, run_outer<T>, run_positions<T>, fill_slab<T>, pack_columns<T>,                \
     winograd_weights<T>, winograd_input<T>, winograd_output<T>, fill_planes<T>, run_planes<T>, plane_dots<T>,            \
     max_row<T>, add_row<T>, spread_row<T>}
// clang-format on

}  // namespace

extern const Kernels I2DL_KERNELS;
const Kernels I2DL_KERNELS = {I2DL_NAME, I2DL_VECTOR_BYTES / 32, I2DL_TABLE(float), I2DL_TABLE(double)};

}  // namespace i2dl
