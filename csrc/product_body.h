// The loops of small matrix products, included by one file per instruction set, which defines I2DL_VECTOR_BYTES,
// I2DL_REGISTERS and I2DL_PRODUCT.
//
// A register tile of up to 12 rows by 2 vectors, or 8 by 3, reads elements of A where they are and broadcasts them:
// only B has to lie in rows of vectors. For all three products of a linear layer that holds without transposing the
// weight (see linear.cpp).

#include <cstring>

#include "product.h"

namespace i2dl {
namespace {
namespace products {

template <typename T>
struct Simd {
    typedef T Vector __attribute__((vector_size(I2DL_VECTOR_BYTES)));
    static constexpr int length = I2DL_VECTOR_BYTES / sizeof(T);
};

template <typename V, typename T>
inline __attribute__((always_inline)) V load(const T* from) {
    V value;
    __builtin_memcpy(&value, from, sizeof value);
    return value;
}

template <typename V, typename T>
inline __attribute__((always_inline)) void store(T* to, V value) {
    __builtin_memcpy(to, &value, sizeof value);
}

constexpr int kAccumulators = I2DL_REGISTERS >= 32 ? 24 : 12;
constexpr int kMostRows = kAccumulators / 2;  // of a tile of one or two vectors
constexpr int most_rows(int vectors) { return vectors == 3 ? kAccumulators / 3 : kMostRows; }

template <typename T>
struct Tile {
    int64_t depth;
    const T* a;
    int64_t a_row, a_depth;
    const T* b;
    int64_t b_depth;
    T* c;
    int64_t c_row;
    const T* row_bias;
    bool add;
};

template <typename T, int R, int N>
void tile(const Tile<T>& t) {
    using V = typename Simd<T>::Vector;
    constexpr int L = Simd<T>::length;
    V sum[R][N];
#pragma GCC unroll 12
    for (int i = 0; i < R; ++i) {
#pragma GCC unroll 3
        for (int j = 0; j < N; ++j) sum[i][j] = V{};
    }
    const T* a[R];
#pragma GCC unroll 12
    for (int i = 0; i < R; ++i) a[i] = t.a + i * t.a_row;
    const T* b = t.b;
    const int64_t a_depth = t.a_depth, b_depth = t.b_depth;
    int64_t at = 0;
    for (int64_t k = 0; k < t.depth; ++k) {
        V value[N];
#pragma GCC unroll 3
        for (int j = 0; j < N; ++j) value[j] = load<V>(b + j * L);
#pragma GCC unroll 12
        for (int i = 0; i < R; ++i) {
#pragma GCC unroll 3
            for (int j = 0; j < N; ++j) sum[i][j] += a[i][at] * value[j];
        }
        b += b_depth;
        at += a_depth;
    }
#pragma GCC unroll 12
    for (int i = 0; i < R; ++i) {
#pragma GCC unroll 3
        for (int j = 0; j < N; ++j) {
            T* to = t.c + i * t.c_row + j * L;
            if (t.add) sum[i][j] += load<V>(to);
            if (t.row_bias) sum[i][j] += t.row_bias[i];
            store(to, sum[i][j]);
        }
    }
}

template <typename T>
using TileFunction = void (*)(const Tile<T>&);

template <typename T, int N, int R>
TileFunction<T> pick(int64_t rows) {
    if constexpr (R > 1) {
        if (rows < R) return pick<T, N, R - 1>(rows);
    }
    return tile<T, R, N>;
}

template <typename T>
TileFunction<T> pick_tile(int64_t rows, int vectors) {
    if (vectors == 3) return pick<T, 3, most_rows(3)>(rows);
    if (vectors == 2) return pick<T, 2, most_rows(2)>(rows);
    return pick<T, 1, most_rows(1)>(rows);
}

// All rows of one panel of columns and one piece of the depth. `kept` columns of the last tile are written.
template <typename T>
void panel_rows(const ProductRun<T>& run, Tile<T> t, int64_t column, int vectors, int64_t kept, int64_t first_row,
                int64_t last_row) {
    constexpr int L = Simd<T>::length;
    const int64_t most = most_rows(vectors);
    const T* a = t.a;
    T edge[12 * 3 * L] __attribute__((aligned(64)));
    for (int64_t i = first_row; i < last_row;) {
        const int64_t left = last_row - i;
        // the rows that are left are shared out evenly, so that no tile is of one row alone
        const int64_t rows = left <= most ? left : left < 2 * most ? (left + 1) / 2 : most;
        t.a = a + i * run.a_row;
        t.row_bias = run.row_bias && !t.add ? run.row_bias + i : nullptr;
        T* to = run.c + i * run.c_row + column;
        if (kept == vectors * L) {
            t.c = to;
            t.c_row = run.c_row;
            pick_tile<T>(rows, vectors)(t);
        } else {
            t.c = edge;
            t.c_row = vectors * L;
            if (t.add) {
                for (int64_t r = 0; r < rows; ++r) {
                    for (int64_t j = 0; j < kept; ++j) edge[r * t.c_row + j] = to[r * run.c_row + j];
                    for (int64_t j = kept; j < t.c_row; ++j) edge[r * t.c_row + j] = T(0);
                }
            }
            pick_tile<T>(rows, vectors)(t);
            for (int64_t r = 0; r < rows; ++r) {
                for (int64_t j = 0; j < kept; ++j) to[r * run.c_row + j] = edge[r * t.c_row + j];
            }
        }
        i += rows;
    }
}

template <typename T>
void product(const ProductRun<T>& run) {
    using V = typename Simd<T>::Vector;
    constexpr int L = Simd<T>::length;
    if (run.depth == 0) {
        for (int64_t i = 0; i < run.rows && !run.add; ++i) {
            for (int64_t j = 0; j < run.columns; ++j) run.c[i * run.c_row + j] = run.row_bias ? run.row_bias[i] : T(0);
        }
        return;
    }
    for (int64_t start = 0; start < run.depth; start += kProductDepth) {
        const int64_t depth = run.depth - start < kProductDepth ? run.depth - start : kProductDepth;
        Tile<T> t{};
        t.depth = depth;
        t.a = run.a + start * run.a_depth;
        t.a_row = run.a_row;
        t.a_depth = run.a_depth;
        t.add = run.add || start > 0;
        const T* b = run.b + start * run.b_depth;
        // Without packing, tiles of few rows go over all columns while those rows of A are in the nearest cache.
        const int64_t row_step = run.panel ? run.rows : kMostRows;
        for (int64_t row = 0; row < run.rows; row += row_step) {
            const int64_t last = row + row_step < run.rows ? row + row_step : run.rows;
            for (int64_t column = 0; column < run.columns;) {
                const int64_t left = run.columns - column;
                const int64_t whole = left / L;
                int vectors;
                if (whole == 0) {
                    vectors = 1;
                } else if (run.panel && whole != 4 && whole >= 3) {
                    vectors = 3;
                } else {
                    vectors = whole >= 2 ? 2 : 1;
                }
                const int64_t width = vectors * L;
                const int64_t kept = left < width ? left : width;
                if (run.panel) {
                    T* to = run.panel;
                    const T* from = b + column;
                    if (kept == width) {
                        for (int64_t k = 0; k < depth; ++k, from += run.b_depth, to += width) {
                            for (int j = 0; j < vectors; ++j) store(to + j * L, load<V>(from + j * L));
                        }
                    } else {
                        for (int64_t k = 0; k < depth; ++k, from += run.b_depth, to += width) {
                            for (int64_t j = 0; j < kept; ++j) to[j] = from[j];
                            for (int64_t j = kept; j < width; ++j) to[j] = T(0);
                        }
                    }
                    t.b = run.panel;
                    t.b_depth = width;
                } else {
                    t.b = b + column;
                    t.b_depth = run.b_depth;
                }
                panel_rows(run, t, column, vectors, kept, row, last);
                column += width;
            }
        }
    }
}

// The sum of L elements: halves are added until one is left.
template <typename T, int L, typename V>
inline T total(V v) {
    if constexpr (L == 2) {
        return v[0] + v[1];
    } else {
        typedef T Half __attribute__((vector_size(sizeof(T) * (L / 2))));
        Half low, high;
        std::memcpy(&low, &v, sizeof low);  // in registers: compilers see through it
        std::memcpy(&high, reinterpret_cast<const char*>(&v) + sizeof low, sizeof high);
        return total<T, L / 2>(low + high);
    }
}

template <typename T, int M, int R>
void dot_tile(const DotProducts<T>& run, int64_t n) {
    using V = typename Simd<T>::Vector;
    constexpr int L = Simd<T>::length;
    const T* weight = run.weight + n * run.depth;
    V sum[M][R];
    for (int m = 0; m < M; ++m) {
        for (int r = 0; r < R; ++r) sum[m][r] = V{};
    }
    int64_t k = 0;
    for (; k + L <= run.depth; k += L) {
        V x[M];
#pragma GCC unroll 4
        for (int m = 0; m < M; ++m) x[m] = load<V>(run.x + m * run.depth + k);
#pragma GCC unroll 4
        for (int r = 0; r < R; ++r) {
            const V w = load<V>(weight + r * run.depth + k);
#pragma GCC unroll 4
            for (int m = 0; m < M; ++m) sum[m][r] += x[m] * w;
        }
    }
    for (int m = 0; m < M; ++m) {
        for (int r = 0; r < R; ++r) {
            T result = total<T, L>(sum[m][r]);
            for (int64_t rest = k; rest < run.depth; ++rest) {
                result += run.x[m * run.depth + rest] * weight[r * run.depth + rest];
            }
            run.y[m * run.y_row + n + r] = run.bias ? result + run.bias[n + r] : result;
        }
    }
}

template <typename T, int M>
void dots_of(const DotProducts<T>& run) {
    int64_t n = 0;
    for (; n + 4 <= run.rows; n += 4) dot_tile<T, M, 4>(run, n);
    for (; n < run.rows; ++n) dot_tile<T, M, 1>(run, n);
}

template <typename T>
void dots(const DotProducts<T>& run) {
    switch (run.samples) {
        case 1:
            return dots_of<T, 1>(run);
        case 2:
            return dots_of<T, 2>(run);
        case 3:
            return dots_of<T, 3>(run);
        default:
            return dots_of<T, 4>(run);
    }
}

template <typename T>
void column_sums(const ColumnSums<T>& run) {
    using V = typename Simd<T>::Vector;
    constexpr int L = Simd<T>::length;
    int64_t j = 0;
    for (; j + 4 * L <= run.columns; j += 4 * L) {
        V sum[4] = {};
        for (int64_t i = 0; i < run.rows; ++i) {
            const T* from = run.values + i * run.row + j;
            for (int v = 0; v < 4; ++v) sum[v] += load<V>(from + v * L);
        }
        for (int v = 0; v < 4; ++v) store(run.sums + j + v * L, sum[v]);
    }
    for (; j + L <= run.columns; j += L) {
        V sum = {};
        for (int64_t i = 0; i < run.rows; ++i) sum += load<V>(run.values + i * run.row + j);
        store(run.sums + j, sum);
    }
    for (; j < run.columns; ++j) {
        T sum = 0;
        for (int64_t i = 0; i < run.rows; ++i) sum += run.values[i * run.row + j];
        run.sums[j] = sum;
    }
}

}  // namespace products

#define I2DL_PRODUCT_TABLE(T) \
    {products::Simd<T>::length, products::product<T>, products::dots<T>, products::column_sums<T>}

}  // namespace

extern const ProductKernels I2DL_PRODUCT;
const ProductKernels I2DL_PRODUCT = {I2DL_PRODUCT_TABLE(float), I2DL_PRODUCT_TABLE(double)};

}  // namespace i2dl
