// The loops of fused.h, included by one file per instruction set, which defines I2DL_FUSED (the table's name) and
// I2DL_VECTOR_BYTES. All is in an unnamed namespace, see vectors.h.
#include "fused.h"
#include "mathematics.h"

namespace i2dl {
namespace {

// ----------------------------------------------------------------------------------------- sums and maxima of lanes

template <typename T, int N>
struct Halves {
    typedef T Vector __attribute__((vector_size(N * sizeof(T))));
};

template <typename T, int N, typename Combine>
I2DL_INLINE T across(typename Halves<T, N>::Vector v, Combine combine) {
    if constexpr (N == 2) {
        return combine(v[0], v[1]);
    } else {
        using H = typename Halves<T, N / 2>::Vector;
        H parts[2];
        __builtin_memcpy(parts, &v, sizeof v);
        return across<T, N / 2>(combine(parts[0], parts[1]), combine);
    }
}

template <typename T>
I2DL_INLINE T sum_of(VectorOf<T> v) {
    return across<T, Simd<T>::length>(v, [](auto a, auto b) { return a + b; });
}
template <typename T>
I2DL_INLINE T largest_of(VectorOf<T> v) {
    return across<T, Simd<T>::length>(v, [](auto a, auto b) { return b > a ? b : a; });
}

// Calls whole(i) for the start of each whole vector, and rest(i, lanes) for what is left.
template <typename T, typename Whole, typename Rest>
I2DL_INLINE void by_vectors(int64_t count, Whole whole, Rest rest) {
    constexpr int L = Simd<T>::length;
    int64_t i = 0;
    for (; i + L <= count; i += L) whole(i);
    if (i < count) rest(i, count - i);
}

// The lanes from `count` on replaced by `value`.
template <typename T>
I2DL_INLINE VectorOf<T> padded(VectorOf<T> v, int64_t count, T value) {
    constexpr int L = Simd<T>::length;
    T lanes[L];
    store(lanes, v);
    for (int64_t i = count; i < L; ++i) lanes[i] = value;
    return load<VectorOf<T>>(lanes);
}

// Sums of what `term(vector of indices i)` gives for i < count, in pieces: a long running sum would lose digits.
constexpr int64_t kPiece = 1024;

template <typename T, typename Term>
I2DL_INLINE T short_sum(int64_t start, int64_t end, Term term) {
    using V = VectorOf<T>;
    constexpr int L = Simd<T>::length;
    V sums[4] = {};
    int64_t i = start;
    for (; i + 4 * L <= end; i += 4 * L) {
#pragma GCC unroll 4
        for (int k = 0; k < 4; ++k) sums[k] += term(i + k * L, L);
    }
    for (; i < end; i += L) sums[0] += term(i, end - i < L ? end - i : L);
    return sum_of<T>((sums[0] + sums[1]) + (sums[2] + sums[3]));
}

// `term(i, lanes)` must give zero in lanes from `lanes` on.
template <typename T, typename Term>
I2DL_INLINE double long_sum(int64_t count, Term term) {
    double total = 0;
    for (int64_t i = 0; i < count; i += kPiece) {
        total += short_sum<T>(i, i + kPiece < count ? i + kPiece : count, term);
    }
    return total;
}

template <typename T>
I2DL_INLINE VectorOf<T> some(const T* from, int64_t lanes) {
    return lanes == Simd<T>::length ? load<VectorOf<T>>(from) : load_part<VectorOf<T>>(from, lanes);
}
template <typename T>
I2DL_INLINE void put(T* to, VectorOf<T> v, int64_t lanes) {
    if (lanes == Simd<T>::length) {
        store(to, v);
    } else {
        store_part(to, v, lanes);
    }
}

// ------------------------------------------------------------------------------------------------------ elementwise

template <typename T, Unary F>
I2DL_INLINE VectorOf<T> value(VectorOf<T> x, const T* p) {
    using V = VectorOf<T>;
    if constexpr (F == Unary::kSigmoid) return logistic<T>(x);
    if constexpr (F == Unary::kTanh) return hyperbolic_tangent<T>(x);
    if constexpr (F == Unary::kSilu) return x / (T(1) + exponential<T>(-x));
    if constexpr (F == Unary::kGeluErf) return x * normal<T>(x).distribution;
    if constexpr (F == Unary::kGeluTanh) {  // (1 + tanh u) / 2 is the logistic function of 2 u
        constexpr T root = T(2 * 0.79788456080286535588), cubic = T(2 * 0.79788456080286535588 * 0.044715);
        return x * logistic<T>(x * (root + cubic * (x * x)));
    }
    if constexpr (F == Unary::kMish) {  // x n / (n + 2) with n = e^x (e^x + 2); beyond 20 the ratio is 1
        const V e = exponential_below<T>(x, T(20));
        const V n = e * (e + T(2));
        return x * (n / (n + T(2)));
    }
    if constexpr (F == Unary::kLogsigmoid) return T(0) - softened_rectifier<T>(-x);  // the negative of 0 would be -0
    if constexpr (F == Unary::kSoftplus) {
        const V scaled = x * p[0];
        return scaled > p[1] ? x : softened_rectifier<T>(scaled) / p[0];
    }
    if constexpr (F == Unary::kExponentialUnit) {
        const V below = exponential_minus_one_of_negative<T>(at_most<T>(x, T(0)) * p[2]) * p[0];
        return x < T(0) ? below : x * p[1];  // so that -0 stays
    }
    if constexpr (F == Unary::kLeakyRelu) return x > T(0) ? x : x * p[0];
    if constexpr (F == Unary::kHardsigmoid) return at_most<T>(at_least<T>(x + T(3), T(0)), T(6)) / T(6);
    if constexpr (F == Unary::kHardswish) return x * (at_most<T>(at_least<T>(x + T(3), T(0)), T(6)) / T(6));
    if constexpr (F == Unary::kRelu) return x < T(0) ? V{} : x;
    if constexpr (F == Unary::kLimit) return at_most<T>(at_least<T>(x, p[0]), p[1]);
}

template <typename T, Backward F>
I2DL_INLINE VectorOf<T> slope(VectorOf<T> g, VectorOf<T> x, const T* p) {
    using V = VectorOf<T>;
    if constexpr (F == Backward::kSigmoid) return (T(1) - x) * x * g;
    if constexpr (F == Backward::kTanh) return g * (T(1) - x * x);
    if constexpr (F == Backward::kSilu) {
        const V s = logistic<T>(x);
        return ((T(1) - s) * x + T(1)) * s * g;
    }
    if constexpr (F == Backward::kGeluErf) {
        const Normal<T> n = normal<T>(x);
        return g * (n.distribution + x * n.bell * T(0.39894228040143267794));
    }
    if constexpr (F == Backward::kGeluTanh) {
        constexpr T root = T(2 * 0.79788456080286535588), cubic = T(2 * 0.79788456080286535588 * 0.044715);
        const V square = x * x;
        const V s = logistic<T>(x * (root + cubic * square));
        // s is 0 or 1 where the square is bounded: zero times the infinite square would not be a number
        return g * (s + x * (s * (T(1) - s)) * (root + 3 * cubic * at_most<T>(square, T(1e6))));
    }
    if constexpr (F == Backward::kMish) {
        const V e = exponential_below<T>(x, T(20));
        const V n = e * (e + T(2));
        const V t = n / (n + T(2));
        return g * (t + x * (e / (e + T(1))) * (T(1) - t * t));
    }
    if constexpr (F == Backward::kLogsigmoid) return g * logistic<T>(-x);
    if constexpr (F == Backward::kSoftplus) {
        const V scaled = x * p[0];
        return scaled > p[1] ? g : g * logistic<T>(scaled);
    }
    if constexpr (F == Backward::kExponentialUnit) {
        return g * (x > T(0) ? every<V>(p[1]) : exponential_of_negative<T>(at_most<T>(x, T(0)) * p[2]) * p[0]);
    }
    if constexpr (F == Backward::kLeakyRelu) return x > T(0) ? g : g * p[0];
    if constexpr (F == Backward::kHardsigmoid) return (x > T(-3)) & (x < T(3)) ? g / T(6) : V{};
    if constexpr (F == Backward::kHardswish) {
        const V ramp = at_most<T>(at_least<T>(x + T(3), T(0)), T(6)) / T(6);
        return g * ((x > T(-3)) & (x < T(3)) ? ramp + x / T(6) : ramp);
    }
    if constexpr (F == Backward::kRelu) return x > T(0) ? g : V{};
    if constexpr (F == Backward::kLimit) return (x > p[0]) & (x < p[1]) ? g : V{};
}

template <typename T, Unary F>
void unary(int64_t count, const T* input, const T* given, T* out) {
    T p[kMaxParameters];
    for (int i = 0; i < kMaxParameters; ++i) p[i] = given[i];  // the loop below writes to memory that might be theirs
    by_vectors<T>(
        count, [&](int64_t i) { store(out + i, value<T, F>(load<VectorOf<T>>(input + i), p)); },
        [&](int64_t i, int64_t lanes) {
            store_part(out + i, value<T, F>(load_part<VectorOf<T>>(input + i, lanes), p), lanes);
        });
}

template <typename T, Backward F>
void backward(int64_t count, const T* gradient, const T* saved, const T* given, T* out) {
    using V = VectorOf<T>;
    T p[kMaxParameters];
    for (int i = 0; i < kMaxParameters; ++i) p[i] = given[i];
    by_vectors<T>(
        count, [&](int64_t i) { store(out + i, slope<T, F>(load<V>(gradient + i), load<V>(saved + i), p)); },
        [&](int64_t i, int64_t lanes) {
            store_part(out + i, slope<T, F>(load_part<V>(gradient + i, lanes), load_part<V>(saved + i, lanes), p),
                       lanes);
        });
}

// -------------------------------------------------------------------------------------------------------------- sum

template <typename T>
double sum(int64_t count, const T* input) {
    return long_sum<T>(count, [&](int64_t i, int64_t lanes) { return some(input + i, lanes); });
}

// ---------------------------------------------------------------------------------------------------------- softmax

I2DL_INLINE float logarithm(float x) { return __builtin_logf(x); }
I2DL_INLINE double logarithm(double x) { return __builtin_log(x); }
I2DL_INLINE float root(float x) { return __builtin_sqrtf(x); }
I2DL_INLINE double root(double x) { return __builtin_sqrt(x); }
template <typename T>
constexpr T kInfinity = T(__builtin_inf());

// The largest element, without regard to those that are not a number.
template <typename T>
I2DL_INLINE T largest(const T* row, int64_t length) {
    using V = VectorOf<T>;
    constexpr int L = Simd<T>::length;
    V most[4];
    for (V& each : most) each = every<V>(-kInfinity<T>);
    const auto take = [](V& best, V v) { best = v > best ? v : best; };
    int64_t i = 0;
    for (; i + 4 * L <= length; i += 4 * L) {
#pragma GCC unroll 4
        for (int k = 0; k < 4; ++k) take(most[k], load<V>(row + i + k * L));
    }
    for (; i + L <= length; i += L) take(most[0], load<V>(row + i));
    if (i < length) take(most[1], padded<T>(load_part<V>(row + i, length - i), length - i, -kInfinity<T>));
    take(most[0], most[1]);
    take(most[2], most[3]);
    take(most[0], most[2]);
    return largest_of<T>(most[0]);
}

// out = e^(row - shift), if `out` is not null; returns the sum. Rows of which an element is not a number, or all are
// minus infinity, become not a number as a whole.
template <typename T, bool Keep>
I2DL_INLINE T exponentials(const T* row, T shift, int64_t length, T* out) {
    using V = VectorOf<T>;
    constexpr int L = Simd<T>::length;
    const auto piece = [&](int64_t start, int64_t end) {
        V sums[2] = {};
        int64_t i = start;
        const auto at = [&](int64_t j) {
            const V e = exponential_of_negative<T>(load<V>(row + j) - shift);
            if constexpr (Keep) store(out + j, e);
            return e;
        };
        for (; i + 2 * L <= end; i += 2 * L) {
            sums[0] += at(i);
            sums[1] += at(i + L);
        }
        for (; i + L <= end; i += L) sums[0] += at(i);
        if (i < end) {
            const V e = exponential_of_negative<T>(load_part<V>(row + i, end - i) - shift);
            if constexpr (Keep) store_part(out + i, e, end - i);
            sums[1] += padded<T>(e, end - i, T(0));
        }
        return sum_of<T>(sums[0] + sums[1]);
    };
    if (length <= kPiece) return piece(0, length);
    double total = 0;
    for (int64_t i = 0; i < length; i += kPiece) total += piece(i, i + kPiece < length ? i + kPiece : length);
    return static_cast<T>(total);
}

// out = f(vector of `first`, vector of `second`) over a row
template <typename T, typename F>
I2DL_INLINE void each(int64_t length, const T* first, const T* second, T* out, F f) {
    using V = VectorOf<T>;
    by_vectors<T>(
        length, [&](int64_t i) { store(out + i, f(load<V>(first + i), load<V>(second + i))); },
        [&](int64_t i, int64_t lanes) {
            store_part(out + i, f(load_part<V>(first + i, lanes), load_part<V>(second + i, lanes)), lanes);
        });
}

template <typename T>
void softmax(const Rows<T>& run) {
    using V = VectorOf<T>;
    for (int64_t r = 0; r < run.rows; ++r) {
        const T* row = run.first + r * run.length;
        T* out = run.out + r * run.length;
        const T sum = exponentials<T, true>(row, largest(row, run.length), run.length, out);
        const T factor = 1 / sum;
        each(run.length, out, out, out, [&](V e, V) { return e * factor; });
    }
}

template <typename T>
void log_softmax(const Rows<T>& run) {
    using V = VectorOf<T>;
    for (int64_t r = 0; r < run.rows; ++r) {
        const T* row = run.first + r * run.length;
        const T most = largest(row, run.length);
        const T rest = logarithm(exponentials<T, false>(row, most, run.length, nullptr));
        each(run.length, row, row, run.out + r * run.length, [&](V x, V) { return x - most - rest; });
    }
}

template <typename T>
void softmax_backward(const Rows<T>& run) {
    using V = VectorOf<T>;
    for (int64_t r = 0; r < run.rows; ++r) {
        const T *g = run.first + r * run.length, *y = run.second + r * run.length;
        const T dot = static_cast<T>(
            long_sum<T>(run.length, [&](int64_t i, int64_t lanes) { return some(g + i, lanes) * some(y + i, lanes); }));
        each(run.length, g, y, run.out + r * run.length, [&](V a, V b) { return (a - dot) * b; });
    }
}

template <typename T>
void log_softmax_backward(const Rows<T>& run) {
    using V = VectorOf<T>;
    for (int64_t r = 0; r < run.rows; ++r) {
        const T *g = run.first + r * run.length, *y = run.second + r * run.length;
        const T sum =
            static_cast<T>(long_sum<T>(run.length, [&](int64_t i, int64_t lanes) { return some(g + i, lanes); }));
        each(run.length, g, y, run.out + r * run.length,
             [&](V a, V b) { return a - exponential_of_negative<T>(b) * sum; });
    }
}

template <typename T>
void cross_entropy(const CrossEntropy<T>& run) {
    for (int64_t r = 0; r < run.rows; ++r) {
        const T* row = run.scores + r * run.length;
        const T most = largest(row, run.length);
        const T sum = exponentials<T, true>(row, most, run.length, run.exponentials + r * run.length);
        run.sums[r] = sum;
        run.loss[r] = logarithm(sum) - (row[run.classes[r]] - most);
    }
}

template <typename T>
void cross_entropy_backward(const CrossEntropyBackward<T>& run) {
    using V = VectorOf<T>;
    for (int64_t r = 0; r < run.rows; ++r) {
        const T* e = run.exponentials + r * run.length;
        T* out = run.out + r * run.length;
        const T g = run.gradient[r * run.gradient_step];
        const T factor = g / run.sums[r];
        each(run.length, e, e, out, [&](V v, V) { return v * factor; });
        out[run.classes[r]] -= g;
    }
}

// --------------------------------------------------------------------------------------------------------- rows' norm

template <typename T>
void normalize_rows(const NormalizeRows<T>& run) {
    using V = VectorOf<T>;
    const int64_t length = run.length;
    for (int64_t r = 0; r < run.rows; ++r) {
        const T* row = run.input + r * length;
        T* out = run.out + r * length;
        T mean = 0;
        if (run.centred) {
            mean = static_cast<T>(long_sum<T>(length, [&](int64_t i, int64_t lanes) { return some(row + i, lanes); }) /
                                  length);
            run.mean[r] = mean;
        }
        const T square = static_cast<T>(long_sum<T>(length,
                                                    [&](int64_t i, int64_t lanes) {
                                                        V d = some(row + i, lanes) - mean;
                                                        if (lanes < Simd<T>::length) d = padded<T>(d, lanes, T(0));
                                                        return d * d;
                                                    }) /
                                        length);
        const T scale = 1 / root(square + run.eps);
        run.scale[r] = scale;
        if (run.positions == 1 && run.channels == length) {
            if (run.weight && run.bias) {
                by_vectors<T>(
                    length,
                    [&](int64_t i) {
                        store(out + i,
                              (load<V>(row + i) - mean) * scale * load<V>(run.weight + i) + load<V>(run.bias + i));
                    },
                    [&](int64_t i, int64_t lanes) {
                        store_part(out + i,
                                   (load_part<V>(row + i, lanes) - mean) * scale * load_part<V>(run.weight + i, lanes) +
                                       load_part<V>(run.bias + i, lanes),
                                   lanes);
                    });
            } else {
                for (int64_t i = 0; i < length; i += Simd<T>::length) {
                    const int64_t lanes = length - i < Simd<T>::length ? length - i : Simd<T>::length;
                    V y = (some(row + i, lanes) - mean) * scale;
                    if (run.weight) y *= some(run.weight + i, lanes);
                    if (run.bias) y += some(run.bias + i, lanes);
                    put(out + i, y, lanes);
                }
            }
            continue;
        }
        const int64_t count = length / run.positions;
        for (int64_t k = 0; k < count; ++k) {
            const int64_t c = ((run.first_row + r) * count + k) % run.channels;
            const T factor = run.weight ? scale * run.weight[c] : scale, shift = run.bias ? run.bias[c] : T(0);
            const T* x = row + k * run.positions;
            each(run.positions, x, x, out + k * run.positions, [&](V v, V) { return (v - mean) * factor + shift; });
        }
    }
}

// With h = (x - mean) * scale and u = weight * g: scale * (u - mean of u - h * mean of u h).
template <typename T>
void normalize_rows_backward(const NormalizeRowsBackward<T>& run) {
    using V = VectorOf<T>;
    constexpr int L = Simd<T>::length;
    const int64_t length = run.length;
    const bool along = run.positions == 1 && run.channels == length;
    const int64_t count = length / run.positions;
    for (int64_t r = 0; r < run.rows; ++r) {
        const T *g = run.gradient + r * length, *x = run.input + r * length;
        const T mean = run.mean ? run.mean[r] : T(0), scale = run.scale[r];
        double sum = 0, dot = 0;  // of u, and of u h
        if (along) {
            for (int64_t start = 0; start < length; start += kPiece) {
                const int64_t end = start + kPiece < length ? start + kPiece : length;
                V sums[2] = {}, dots[2] = {};
                for (int64_t i = start; i < end; i += L) {
                    const int64_t lanes = end - i < L ? end - i : L;
                    const V gradient = some(g + i, lanes);  // zero beyond the row, so are the products
                    V h = (some(x + i, lanes) - mean) * scale;
                    if (lanes < L) h = padded<T>(h, lanes, T(0));
                    if (run.of_weight) put(run.of_weight + i, some(run.of_weight + i, lanes) + gradient * h, lanes);
                    if (run.of_bias) put(run.of_bias + i, some(run.of_bias + i, lanes) + gradient, lanes);
                    const V u = run.weight ? gradient * some(run.weight + i, lanes) : gradient;
                    sums[i / L & 1] += u;
                    dots[i / L & 1] += u * h;
                }
                sum += sum_of<T>(sums[0] + sums[1]);
                dot += sum_of<T>(dots[0] + dots[1]);
            }
        } else {
            for (int64_t k = 0; k < count; ++k) {
                const int64_t c = ((run.first_row + r) * count + k) % run.channels;
                const T *gs = g + k * run.positions, *xs = x + k * run.positions;
                const double total =
                    long_sum<T>(run.positions, [&](int64_t i, int64_t lanes) { return some(gs + i, lanes); });
                const double product = scale * long_sum<T>(run.positions, [&](int64_t i, int64_t lanes) {
                                           V d = some(xs + i, lanes) - mean;
                                           if (lanes < L) d = padded<T>(d, lanes, T(0));
                                           return some(gs + i, lanes) * d;
                                       });
                if (run.of_weight) run.of_weight[c] += static_cast<T>(product);
                if (run.of_bias) run.of_bias[c] += static_cast<T>(total);
                const double weight = run.weight ? run.weight[c] : 1;
                sum += weight * total;
                dot += weight * product;
            }
        }
        if (!run.of_input) continue;
        T* out = run.of_input + r * length;
        // the mean of u counts only where the mean was subtracted
        const T mean_sum = run.mean ? static_cast<T>(sum / length) : T(0), mean_dot = static_cast<T>(dot / length);
        const T steep = scale * mean_dot;
        if (along) {
            if (run.weight) {
                by_vectors<T>(
                    length,
                    [&](int64_t i) {
                        const V u = load<V>(g + i) * load<V>(run.weight + i);
                        store(out + i, (u - mean_sum - (load<V>(x + i) - mean) * steep) * scale);
                    },
                    [&](int64_t i, int64_t lanes) {
                        const V u = load_part<V>(g + i, lanes) * load_part<V>(run.weight + i, lanes);
                        store_part(out + i, (u - mean_sum - (load_part<V>(x + i, lanes) - mean) * steep) * scale,
                                   lanes);
                    });
            } else {
                each(length, g, x, out, [&](V u, V v) { return (u - mean_sum - (v - mean) * steep) * scale; });
            }
            continue;
        }
        for (int64_t k = 0; k < count; ++k) {
            const int64_t c = ((run.first_row + r) * count + k) % run.channels;
            const T weight = run.weight ? run.weight[c] : T(1);
            each(run.positions, g + k * run.positions, x + k * run.positions, out + k * run.positions,
                 [&](V u, V v) { return (u * weight - mean_sum - (v - mean) * steep) * scale; });
        }
    }
}

// ----------------------------------------------------------------------------------------------------- channels' norm

// Chan, Golub and LeVeque, "Updating formulae and a pairwise algorithm for computing sample variances", 1979: means and
// squares of pieces that stay in the cache, put together in double precision.
template <typename T>
void channel_moments(ChannelSums<T>& run) {
    using V = VectorOf<T>;
    constexpr int L = Simd<T>::length;
    double count = 0, mean = 0, squares = 0;
    for (int64_t n = 0; n < run.samples; ++n) {
        const T* sample = run.first + n * run.step;
        for (int64_t start = 0; start < run.positions; start += kPiece) {
            const int64_t size = run.positions - start < kPiece ? run.positions - start : kPiece;
            const T* x = sample + start;
            const double own =
                double(short_sum<T>(0, size, [&](int64_t i, int64_t lanes) { return some(x + i, lanes); })) / size;
            const T centre = static_cast<T>(own);
            const double around = short_sum<T>(0, size, [&](int64_t i, int64_t lanes) {
                V d = some(x + i, lanes) - centre;
                if (lanes < L) d = padded<T>(d, lanes, T(0));
                return d * d;
            });
            const double together = count + size, distance = own - mean;
            mean += distance * size / together;
            // in an order in which a large first mean, with a count of zero, cannot become infinite
            squares +=
                around - (own - centre) * (own - centre) * size + distance * (distance * (count / together) * size);
            count = together;
        }
    }
    run.sum = mean;
    run.other = squares / count;
}

template <typename T>
void channel_sums(ChannelSums<T>& run) {
    using V = VectorOf<T>;
    constexpr int L = Simd<T>::length;
    const T mean = static_cast<T>(run.mean);
    double sum = 0, dot = 0;
    for (int64_t n = 0; n < run.samples; ++n) {
        for (int64_t start = 0; start < run.positions; start += kPiece) {
            const T *g = run.first + n * run.step, *x = run.second + n * run.step;
            const int64_t end = run.positions - start < kPiece ? run.positions : start + kPiece;
            V sums[2] = {}, dots[2] = {};
            int64_t i = start;
            for (; i + 2 * L <= end; i += 2 * L) {
#pragma GCC unroll 2
                for (int k = 0; k < 2; ++k) {
                    const V gradient = load<V>(g + i + k * L);
                    sums[k] += gradient;
                    dots[k] += gradient * (load<V>(x + i + k * L) - mean);
                }
            }
            for (; i < end; i += L) {
                const int64_t lanes = end - i < L ? end - i : L;
                const V gradient = some(g + i, lanes);
                V d = some(x + i, lanes) - mean;
                if (lanes < L) d = padded<T>(d, lanes, T(0));
                sums[0] += gradient;
                dots[0] += gradient * d;
            }
            sum += sum_of<T>(sums[0] + sums[1]);
            dot += sum_of<T>(dots[0] + dots[1]);
        }
    }
    run.sum = sum;
    run.other = dot;
}

template <typename T>
void channel_scale(const ChannelScale<T>& run) {
    using V = VectorOf<T>;
    const T a = run.a, b = run.b, c = run.c, centre = run.centre;
    for (int64_t n = 0; n < run.samples; ++n) {
        const T* x = run.first + n * run.step;
        T* out = run.out + n * run.step;
        if (run.second) {
            each(run.positions, x, run.second + n * run.step, out,
                 [&](V v, V w) { return v * a + ((w - centre) * b + c); });
        } else {
            each(run.positions, x, x, out, [&](V v, V) { return (v - centre) * a + c; });
        }
    }
}

// ------------------------------------------------------------------------------------------------------------ table

#define I2DL_UNARY(T, NAME) unary<T, Unary::NAME>
#define I2DL_BACKWARD(T, NAME) backward<T, Backward::NAME>
#define I2DL_FUNCTIONS(EACH, T)                                              \
    {EACH(T, kSigmoid),    EACH(T, kTanh),        EACH(T, kSilu),            \
     EACH(T, kGeluErf),    EACH(T, kGeluTanh),    EACH(T, kMish),            \
     EACH(T, kLogsigmoid), EACH(T, kSoftplus),    EACH(T, kExponentialUnit), \
     EACH(T, kLeakyRelu),  EACH(T, kHardsigmoid), EACH(T, kHardswish),       \
     EACH(T, kRelu),       EACH(T, kLimit)}
#define I2DL_FUSED_TABLE(T)            \
    {I2DL_FUNCTIONS(I2DL_UNARY, T),    \
     I2DL_FUNCTIONS(I2DL_BACKWARD, T), \
     sum<T>,                           \
     softmax<T>,                       \
     log_softmax<T>,                   \
     softmax_backward<T>,              \
     log_softmax_backward<T>,          \
     cross_entropy<T>,                 \
     cross_entropy_backward<T>,        \
     normalize_rows<T>,                \
     normalize_rows_backward<T>,       \
     channel_moments<T>,               \
     channel_sums<T>,                  \
     channel_scale<T>}

}  // namespace

extern const FusedKernels I2DL_FUSED;
const FusedKernels I2DL_FUSED = {I2DL_FUSED_TABLE(float), I2DL_FUSED_TABLE(double)};

}  // namespace i2dl
