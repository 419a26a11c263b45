// The inner loops of depthwise convolution, included by kernels_body.h in its unnamed namespace: each plane has weights
// of its own, so nothing is gained from a second output channel, and what is read again is read again by other rows.
// Vectors are as long as the rows fill: 4 columns take a quarter of what 16 do.

// Keeps a loaded vector in a register: the compiler would load it again for each product.
template <typename V>
inline __attribute__((always_inline)) V kept(V value) {
#if defined(__x86_64__) || defined(__i386__)
    asm("" : "+v"(value));
#elif defined(__aarch64__)
    asm("" : "+w"(value));
#endif
    return value;
}

// ------------------------------------------------------------------------------------------------ bordered copies

// S is the stride, 0 for one that is copied element by element. N vectors make a line of one part, so that the masks
// that keep the border zero are made once; with N = 0 lines are long.
template <typename T, int S, int N>
void fill_plane_lines(const PlaneFill<T>& fill) {
    using V = typename Simd<T>::Vector;
    typedef decltype(V{} < V{}) Mask;
    typedef typename Lane<sizeof(T)>::Integer Integer;
    constexpr int L = Simd<T>::length;
    constexpr bool kLong = N == 0;
    constexpr int kMasks = kLong ? 1 : N;
    const int64_t used = fill.used[2], width = fill.size[2], stride = fill.stride, at = fill.first[2] * stride;
    const int64_t reads = S == 0 ? 0 : S * (used + L);  // of a line, from its first element on
    const auto clipped = [](int64_t bound) { return static_cast<Integer>(bound < 0 ? 0 : bound > L ? L : bound); };
    Mask lane, kept_lanes[2][kMasks];
    for (int i = 0; i < L; ++i) lane[i] = i;
    const auto mask_of = [&](int64_t part, int64_t x) {
        return (lane >= clipped(fill.low[part] - x)) & (lane < clipped(fill.high[part] - x));
    };
    if constexpr (S > 0 && !kLong) {
        for (int part = 0; part < fill.residues; ++part) {
            for (int n = 0; n < N; ++n) kept_lanes[part][n] = mask_of(part, n * L);
        }
    }
    for (int64_t plane = 0; plane < fill.planes; ++plane) {
        const T* image = fill.source + plane * fill.source_step;
        for (int64_t z = 0; z < fill.used[0]; ++z) {
            const int64_t depth = fill.first[0] + z;
            T* to = fill.slab + plane * fill.slab_step + z * fill.extent[1] * fill.extent[2];
            for (int64_t y = 0; y < fill.used[1]; ++y, to += fill.extent[2]) {
                const int64_t height = fill.first[1] + y;
                if (depth < 0 || depth >= fill.size[0] || height < 0 || height >= fill.size[1]) {
                    for (int64_t part = 0; part < fill.residues; ++part) {
                        for (int64_t x = 0; x < used; x += L) store(to + part * fill.residue_step + x, V{});
                    }
                    continue;
                }
                const T* line = image + (depth * fill.size[1] + height) * width;
                if (S == 0 || fill.begin - line > at || at + reads > fill.end - line) {
                    for (int64_t part = 0; part < fill.residues; ++part) {
                        T* lanes = to + part * fill.residue_step;
                        for (int64_t x = 0; x < fill.low[part]; ++x) lanes[x] = T(0);
                        for (int64_t x = fill.low[part]; x < fill.high[part]; ++x) {
                            lanes[x] = line[at + x * stride + fill.residue[part]];
                        }
                        for (int64_t x = fill.high[part]; x < used; ++x) lanes[x] = T(0);
                    }
                    continue;
                }
                line += at;
                const auto copy = [&](int64_t x, int n) {
                    V value[2];
                    if constexpr (S == 1) {
                        value[0] = load<V>(line + x);
                    } else {
                        const V a = load<V>(line + 2 * x), b = load<V>(line + 2 * x + L);
                        value[0] = fill.residue[0] == 0 ? Weave<L>::even(a, b) : Weave<L>::odd(a, b);
                        value[1] = Weave<L>::odd(a, b);
                    }
                    store(to + x, (V)((Mask)value[0] & (kLong ? mask_of(0, x) : kept_lanes[0][n])));
                    if (S == 2 && fill.residues == 2) {
                        store(to + fill.residue_step + x,
                              (V)((Mask)value[1] & (kLong ? mask_of(1, x) : kept_lanes[1][n])));
                    }
                };
                if constexpr (S > 0 && kLong) {
                    for (int64_t x = 0; x < used; x += L) {
                        bool whole = true;
                        for (int64_t part = 0; part < fill.residues; ++part) {
                            whole = whole && x >= fill.low[part] && x + L <= fill.high[part];
                        }
                        if (S == 1 && whole) {
                            store(to + x, load<V>(line + x));
                        } else {
                            copy(x, 0);
                        }
                    }
                } else if constexpr (S > 0) {
#pragma GCC unroll 4
                    for (int n = 0; n < N; ++n) copy(n * L, n);
                }
            }
        }
    }
}

template <typename T, int S>
void fill_planes_strided(const PlaneFill<T>& fill) {
    constexpr int L = Simd<T>::length;
    if (fill.used[2] <= L) return fill_plane_lines<T, S, 1>(fill);
    if (fill.used[2] <= 2 * L) return fill_plane_lines<T, S, 2>(fill);
    if (fill.used[2] <= 3 * L) return fill_plane_lines<T, S, 3>(fill);
    fill_plane_lines<T, S, 0>(fill);
}

template <typename T>
void fill_planes(const PlaneFill<T>& fill) {
    if (fill.stride == 1) return fill_planes_strided<T, 1>(fill);
    if (fill.stride == 2) return fill_planes_strided<T, 2>(fill);
    fill_plane_lines<T, 0, 0>(fill);
}

// ---------------------------------------------------------------------------------------------- sums of planes

// Where block `index` of a row starts. The last one overlaps its neighbour instead of being cut short.
inline __attribute__((always_inline)) int64_t block_start(int64_t index, int64_t width, int length) {
    const int64_t start = index * length;
    return start + length <= width || width < length ? start : width - length;
}

// R blocks at once: sum[i] = start + sum_k weights[k] * from[i][offsets[k]].
template <typename T, typename V, int R>
inline __attribute__((always_inline)) void sum_terms(int64_t terms, const int64_t* offsets, const T* weights, T start,
                                                     const T* const* from, V* sum) {
#pragma GCC unroll 8
    for (int i = 0; i < R; ++i) sum[i] = start - V{};
    for (int64_t k = 0; k < terms; ++k) {
        const T weight = weights[k];
        const int64_t offset = offsets[k];
#pragma GCC unroll 8
        for (int i = 0; i < R; ++i) sum[i] += weight * load<V>(from[i] + offset);
    }
}

template <typename T, int Bytes, int R>
void plane_blocks(const PlaneRun<T>& run, const T* weights, T bias, const T* source, T* destination,
                  const int64_t* block_source, const int64_t* block_destination) {
    typedef T V __attribute__((vector_size(Bytes)));
    constexpr int L = Bytes / sizeof(T);
    const T* from[R];
    V sum[R];
    for (int i = 0; i < R; ++i) from[i] = source + block_source[i];
    sum_terms<T, V, R>(run.terms, run.offsets, weights, bias, from, sum);
    if (run.column_step != 1) {
        const int64_t count = run.width < L ? run.width : L;
        for (int i = 0; i < R; ++i) {
            T lanes[L];
            store(lanes, sum[i]);
            T* to = destination + block_destination[i];
            for (int64_t x = 0; x < count; ++x) to[x * run.column_step] = lanes[x];
        }
    } else if (run.width >= L) {
#pragma GCC unroll 8
        for (int i = 0; i < R; ++i) store(destination + block_destination[i], sum[i]);
    } else {
        for (int i = 0; i < R; ++i) store_part(destination + block_destination[i], sum[i], run.width);
    }
}

// Blocks of any kernel. Tables of where they start serve all planes.
template <typename T, int Bytes>
void planes_by_terms(const PlaneRun<T>& run) {
    constexpr int L = Bytes / sizeof(T);
    constexpr int64_t kMost = 512;
    int64_t block_source[kMost], block_destination[kMost];
    const int64_t across = (run.width + L - 1) / L, blocks = run.rows * across;
    for (int64_t first = 0; first < blocks; first += kMost) {
        const int64_t count = blocks - first < kMost ? blocks - first : kMost;
        int64_t row = first / across, block = first % across;
        for (int64_t i = 0; i < count; ++i) {
            const int64_t x = block_start(block, run.width, L);
            block_source[i] = run.row_source[row] + x;
            block_destination[i] = run.row_destination[row] + x * run.column_step;
            if (++block == across) {
                block = 0;
                ++row;
            }
        }
        int64_t channel = run.first;
        for (int64_t plane = 0; plane < run.planes; ++plane) {
            const T* weights = run.weights + channel * run.weight_step;
            const T bias = run.bias ? run.bias[channel * run.bias_step] : T(0);
            const T* source = run.source + plane * run.source_step;
            T* to = run.destination + plane * run.destination_step;
            if (count < 4) {
                for (int64_t i = 0; i < count; ++i) {
                    plane_blocks<T, Bytes, 1>(run, weights, bias, source, to, block_source + i, block_destination + i);
                }
            } else if (count < 8) {
                for (int64_t i = 0; i < count; i += 4) {
                    const int64_t at = i + 4 <= count ? i : count - 4;  // the last ones are computed again
                    plane_blocks<T, Bytes, 4>(run, weights, bias, source, to, block_source + at,
                                              block_destination + at);
                }
            } else {
                for (int64_t i = 0; i < count; i += 8) {
                    const int64_t at = i + 8 <= count ? i : count - 8;
                    plane_blocks<T, Bytes, 8>(run, weights, bias, source, to, block_source + at,
                                              block_destination + at);
                }
            }
            if (++channel == run.channels) channel = 0;
        }
    }
}

// Square kernels of K x K on neighbouring rows: what is loaded serves up to K of R rows.
template <typename T, int Bytes, int K, int R>
void planes_by_squares(const PlaneRun<T>& run) {
    typedef T V __attribute__((vector_size(Bytes)));
    constexpr int L = Bytes / sizeof(T);
    const int64_t across = (run.width + L - 1) / L;
    int64_t channel = run.first;
    for (int64_t plane = 0; plane < run.planes; ++plane) {
        const T* weights = run.weights + channel * run.weight_step;
        const V start = (run.bias ? run.bias[channel * run.bias_step] : T(0)) - V{};
        V weight[K * K];
#pragma GCC unroll 32
        for (int k = 0; k < K * K; ++k) weight[k] = weights[k] - V{};
        const T* source = run.source + plane * run.source_step + run.offsets[0];
        T* destination = run.destination + plane * run.destination_step;
        for (int64_t y = 0; y < run.rows; y += R) {
            const int64_t row = y + R <= run.rows ? y : run.rows - R;
            for (int64_t block = 0; block < across; ++block) {
                const int64_t x = block_start(block, run.width, L);
                V sum[R];
#pragma GCC unroll 8
                for (int i = 0; i < R; ++i) sum[i] = start;
                const T* from = source + run.row_source[row] + x;
#pragma GCC unroll 16
                for (int i = 0; i < R + K - 1; ++i) {
#pragma GCC unroll 8
                    for (int kx = 0; kx < K; ++kx) {
                        const V value = kept(load<V>(from + kx));
#pragma GCC unroll 8
                        for (int r = 0; r < R; ++r) {
                            if (i - r >= 0 && i - r < K) sum[r] += weight[(i - r) * K + kx] * value;
                        }
                    }
                    from += run.pitch;
                }
#pragma GCC unroll 8
                for (int r = 0; r < R; ++r) store(destination + run.row_destination[row + r] + x, sum[r]);
            }
        }
        if (++channel == run.channels) channel = 0;
    }
}

template <typename T, int Bytes, int R>
void woven_rows(const PlaneRun<T>& run, const T* weights, T bias, const T* source, T* destination, int64_t row) {
    typedef T V __attribute__((vector_size(Bytes)));
    constexpr int L = Bytes / sizeof(T);
    const int64_t total = run.width + run.odd_width;
    for (int64_t x = 0; x < run.width; x += L) {
        const T* from[R];
        V even[R], odd[R];
        for (int i = 0; i < R; ++i) from[i] = source + run.row_source[row + i] + x;
        sum_terms<T, V, R>(run.terms, run.offsets, weights, bias, from, even);
        sum_terms<T, V, R>(run.odd_terms, run.odd_offsets, weights + run.terms, bias, from, odd);
#pragma GCC unroll 8
        for (int i = 0; i < R; ++i) {
            T* to = destination + run.row_destination[row + i] + 2 * x;
            const V low = Weave<L>::low(even[i], odd[i]), high = Weave<L>::high(even[i], odd[i]);
            if (2 * (x + L) <= total) {
                store(to, low);
                store(to + L, high);
            } else {
                const int64_t left = total - 2 * x;
                store_part(to, low, left < L ? left : L);
                if (left > L) store_part(to + L, high, left - L);
            }
        }
    }
}

// Two sums of which the columns alternate.
template <typename T, int Bytes>
void woven_planes(const PlaneRun<T>& run) {
    int64_t channel = run.first;
    for (int64_t plane = 0; plane < run.planes; ++plane) {
        const T* weights = run.weights + channel * run.weight_step;
        const T bias = run.bias ? run.bias[channel * run.bias_step] : T(0);
        const T* source = run.source + plane * run.source_step;
        T* to = run.destination + plane * run.destination_step;
        int64_t row = 0;
        for (; row + 4 <= run.rows; row += 4) woven_rows<T, Bytes, 4>(run, weights, bias, source, to, row);
        for (; row < run.rows; ++row) woven_rows<T, Bytes, 1>(run, weights, bias, source, to, row);
        if (++channel == run.channels) channel = 0;
    }
}

template <typename T, int Bytes>
void run_planes_of(const PlaneRun<T>& run) {
    constexpr int L = Bytes / sizeof(T);
    if (run.odd_width > 0) return woven_planes<T, Bytes>(run);
    if (run.width >= L && run.column_step == 1) {
        if (run.square == 3 && run.rows >= 8) return planes_by_squares<T, Bytes, 3, 8>(run);
        if (run.square == 3 && run.rows >= 4) return planes_by_squares<T, Bytes, 3, 4>(run);
        if (run.square == 5 && run.rows >= 4) return planes_by_squares<T, Bytes, 5, 4>(run);
        if (run.square == 7 && run.rows >= 4) return planes_by_squares<T, Bytes, 7, 4>(run);
    }
    planes_by_terms<T, Bytes>(run);
}

// The longest vectors that a row fills.
template <typename T>
int plane_bytes(int64_t width) {
    int bytes = I2DL_VECTOR_BYTES;
    while (bytes > 16 && width * static_cast<int64_t>(sizeof(T)) < bytes) bytes /= 2;
    return bytes;
}

template <typename T>
void run_planes(const PlaneRun<T>& run) {
    switch (plane_bytes<T>(run.width)) {
#if I2DL_VECTOR_BYTES >= 64
        case 64:
            return run_planes_of<T, 64>(run);
#endif
#if I2DL_VECTOR_BYTES >= 32
        case 32:
            return run_planes_of<T, 32>(run);
#endif
        default:
            return run_planes_of<T, 16>(run);
    }
}

// ---------------------------------------------------------------------------------------- gradient of the weight

template <typename T, int Bytes>
struct PlaneGradient {
    typedef T V __attribute__((vector_size(Bytes)));
    typedef decltype(V{} < V{}) Mask;
    static constexpr int L = Bytes / sizeof(T);

    explicit PlaneGradient(const PlaneDots<T>& dots) : run(dots), across((dots.width + L - 1) / L) {
        const int64_t first = across * L - dots.width;  // lanes that the block before has counted already
        for (int i = 0; i < L; ++i) last[i] = i >= first ? -1 : 0;
    }

    V at(const T* row, int64_t block) const {
        if (run.width < L) {
            T lanes[L] = {};
            for (int64_t i = 0; i < run.width; ++i) lanes[i] = row[i];
            return load<V>(lanes);
        }
        const V value = load<V>(row + block_start(block, run.width, L));
        return block + 1 < across ? value : (V)((Mask)value & last);
    }

    void add(int64_t k, V total) const {
        T lanes[L];
        store(lanes, total);
        for (int half = L / 2; half > 0; half /= 2) {
            for (int x = 0; x < half; ++x) lanes[x] += lanes[x + half];
        }
        run.sums[k] += lanes[0];
    }

    const PlaneDots<T>& run;
    const int64_t across;
    Mask last;
};

template <typename T, int Bytes, int N>
void dots_of_terms(const PlaneDots<T>& run, int64_t first) {
    typedef T V __attribute__((vector_size(Bytes)));
    constexpr int L = Bytes / sizeof(T);
    const PlaneGradient<T, Bytes> gradient(run);
    V total[N] = {};
    for (int64_t plane = 0; plane < run.planes; ++plane) {
        const T* source = run.source + plane * run.source_step;
        const T* lines = run.gradient + plane * run.gradient_step;
        V sum[N] = {};
        for (int64_t row = 0; row < run.rows; ++row) {
            const T* from = source + run.row_source[row];
            const T* line = lines + run.row_gradient[row];
            for (int64_t block = 0; block < gradient.across; ++block) {
                const V factor = gradient.at(line, block);
                const T* at = from + block_start(block, run.width, L);
#pragma GCC unroll 16
                for (int k = 0; k < N; ++k) sum[k] += factor * load<V>(at + run.offsets[first + k]);
            }
        }
        // Plane by plane: one running sum over all of them would lose digits.
#pragma GCC unroll 16
        for (int k = 0; k < N; ++k) total[k] += sum[k];
    }
    for (int k = 0; k < N; ++k) gradient.add(first + k, total[k]);
}

template <typename T, int Bytes, int K, int R>
void dots_of_squares(const PlaneDots<T>& run) {
    typedef T V __attribute__((vector_size(Bytes)));
    constexpr int L = Bytes / sizeof(T);
    const PlaneGradient<T, Bytes> gradient(run);
    V total[K * K] = {};
    for (int64_t plane = 0; plane < run.planes; ++plane) {
        const T* source = run.source + plane * run.source_step + run.offsets[0];
        const T* lines = run.gradient + plane * run.gradient_step;
        V sum[K * K] = {};
        for (int64_t row = 0; row < run.rows; row += R) {
            for (int64_t block = 0; block < gradient.across; ++block) {
                V factor[R];
#pragma GCC unroll 8
                for (int r = 0; r < R; ++r) {
                    factor[r] = row + r < run.rows ? gradient.at(lines + run.row_gradient[row + r], block) : V{};
                }
                const T* from = source + run.row_source[row] + block_start(block, run.width, L);
                // Rows below the last one are there, since R - 1 rows of zeros follow the planes.
#pragma GCC unroll 16
                for (int i = 0; i < R + K - 1; ++i) {
#pragma GCC unroll 8
                    for (int kx = 0; kx < K; ++kx) {
                        const V value = kept(load<V>(from + kx));
#pragma GCC unroll 8
                        for (int r = 0; r < R; ++r) {
                            if (i - r >= 0 && i - r < K) sum[(i - r) * K + kx] += factor[r] * value;
                        }
                    }
                    from += run.pitch;
                }
            }
        }
#pragma GCC unroll 32
        for (int k = 0; k < K * K; ++k) total[k] += sum[k];
    }
    for (int k = 0; k < K * K; ++k) gradient.add(k, total[k]);
}

template <typename T, int Bytes>
void plane_dots_of(const PlaneDots<T>& run) {
    if (run.square == 3) return dots_of_squares<T, Bytes, 3, 4>(run);
#if I2DL_REGISTERS >= 32
    if (run.square == 5) return dots_of_squares<T, Bytes, 5, 4>(run);
#endif
    constexpr int64_t most = 9;
    const int64_t groups = (run.terms + most - 1) / most;
    for (int64_t group = 0; group < groups; ++group) {
        const int64_t first = run.terms * group / groups;
        switch (run.terms * (group + 1) / groups - first) {
            case 1:
                dots_of_terms<T, Bytes, 1>(run, first);
                break;
            case 2:
                dots_of_terms<T, Bytes, 2>(run, first);
                break;
            case 3:
                dots_of_terms<T, Bytes, 3>(run, first);
                break;
            case 4:
                dots_of_terms<T, Bytes, 4>(run, first);
                break;
            case 5:
                dots_of_terms<T, Bytes, 5>(run, first);
                break;
            case 6:
                dots_of_terms<T, Bytes, 6>(run, first);
                break;
            case 7:
                dots_of_terms<T, Bytes, 7>(run, first);
                break;
            case 8:
                dots_of_terms<T, Bytes, 8>(run, first);
                break;
            default:
                dots_of_terms<T, Bytes, 9>(run, first);
                break;
        }
    }
}

template <typename T>
void plane_dots(const PlaneDots<T>& run) {
    switch (plane_bytes<T>(run.width)) {
#if I2DL_VECTOR_BYTES >= 64
        case 64:
            return plane_dots_of<T, 64>(run);
#endif
#if I2DL_VECTOR_BYTES >= 32
        case 32:
            return plane_dots_of<T, 32>(run);
#endif
        default:
            return plane_dots_of<T, 16>(run);
    }
}
