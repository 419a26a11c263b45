// Checks of the loops of a training step (linear and recurrent layers, optimizers) and of halves, on arrays of exactly
// the right size, against plain loops in double precision: a part of driver.cpp, which includes it in its namespace.
#pragma once

template <typename Kernels>
const auto& typed(const Kernels& kernels, float) {
    return kernels.single;
}
template <typename Kernels>
const auto& typed(const Kernels& kernels, double) {
    return kernels.twice;
}

template <typename T>
void check_linear(const LinearShape& s) {
    Array<T> x(s.samples * s.inside), weight(s.outside * s.inside), bias(s.outside), gradient(s.samples * s.outside);
    Array<T> y(gradient.size), of_x(x.size), of_weight(weight.size), of_bias(bias.size);
    for (auto* array : {&x, &weight, &bias, &gradient}) array->randomize();
    std::vector<double> plain(static_cast<size_t>(y.size)), sum(plain.size()), dx(static_cast<size_t>(x.size)),
        dw(static_cast<size_t>(weight.size)), db(static_cast<size_t>(bias.size));
    for (int64_t m = 0; m < s.samples; ++m) {
        for (int64_t n = 0; n < s.outside; ++n) {
            const size_t at = static_cast<size_t>(m * s.outside + n);
            const double g = gradient.data[at];
            for (int64_t k = 0; k < s.inside; ++k) {
                const int64_t a = m * s.inside + k, b = n * s.inside + k;
                plain[at] += static_cast<double>(x.data[a]) * weight.data[b];
                dx[static_cast<size_t>(a)] += g * weight.data[b];
                dw[static_cast<size_t>(b)] += g * x.data[a];
            }
            sum[at] = plain[at] + bias.data[n];
            db[static_cast<size_t>(n)] += g;
        }
    }
    linear<T>(s, x.data.get(), weight.data.get(), nullptr, y.data.get());
    require_close(y, plain, static_cast<double>(s.inside), "linear without bias");
    linear<T>(s, x.data.get(), weight.data.get(), bias.data.get(), y.data.get());
    require_close(y, sum, static_cast<double>(s.inside), "linear");
    linear_input_gradient<T>(s, gradient.data.get(), weight.data.get(), of_x.data.get());
    require_close(of_x, dx, static_cast<double>(s.outside), "linear input gradient");
    linear_weight_gradient<T>(s, gradient.data.get(), x.data.get(), of_weight.data.get());
    require_close(of_weight, dw, static_cast<double>(s.samples), "linear weight gradient");
    sum_of_rows<T>(s.samples, s.outside, gradient.data.get(), of_bias.data.get());
    require_close(of_bias, db, static_cast<double>(s.samples), "sums of rows");
}

template <typename T>
void check_linear() {
    const int64_t few = pick(1, 6), some = pick(1, 80), many = pick(190, 230);
    const int64_t samples[] = {few, some, many};
    check_linear<T>({samples[pick(0, 2)], pick(1, pick(0, 5) ? 70 : 600), pick(1, 100)});
}

// What an LSTM makes of its sums, in plain loops; with `weight` as of recurrent.h. Returns <output, g> + <last h, g_h>
// + <last c, g_c>.
struct PlainLstm {
    int64_t steps, samples, hidden;
    bool reverse;
    std::vector<double> weight, sums, h, c, g, g_h, g_c, output;

    double run() {
        const auto squash = [](double x) { return 1 / (1 + std::exp(-x)); };
        std::vector<double> state = h, cell = c;
        double total = 0;
        output.assign(static_cast<size_t>(steps * samples * hidden), 0);
        for (int64_t number = 0; number < steps; ++number) {
            const int64_t start = (reverse ? steps - 1 - number : number) * samples;
            const std::vector<double> before = state;
            for (int64_t n = 0; n < samples; ++n) {
                for (int64_t j = 0; j < hidden; ++j) {
                    double gates[4];
                    for (int64_t gate = 0; gate < 4; ++gate) {
                        const int64_t row = gate * hidden + j;
                        gates[gate] = sums[static_cast<size_t>((start + n) * 4 * hidden + row)];
                        for (int64_t k = 0; k < hidden; ++k) {
                            gates[gate] += weight[static_cast<size_t>(row * hidden + k)] *
                                           before[static_cast<size_t>(n * hidden + k)];
                        }
                    }
                    const size_t at = static_cast<size_t>(n * hidden + j);
                    const size_t place = static_cast<size_t>((start + n) * hidden + j);
                    cell[at] = squash(gates[1]) * cell[at] + squash(gates[0]) * std::tanh(gates[2]);
                    state[at] = squash(gates[3]) * std::tanh(cell[at]);
                    output[place] = state[at];
                    total += state[at] * g[place];
                }
            }
        }
        for (size_t i = 0; i < state.size(); ++i) total += state[i] * g_h[i] + cell[i] * g_c[i];
        return total;
    }
};

template <typename T>
std::vector<double> doubles(const Array<T>& array) {
    return std::vector<double>(array.data.get(), array.data.get() + array.size);
}

template <typename T>
void check_lstm() {
    const int64_t steps = pick(1, 4), samples = pick(1, 5), hidden = kHiddenMultiple * pick(1, 3);
    const int64_t rows = steps * samples, states = samples * hidden;
    const bool reverse = pick(0, 1) == 1;
    Array<T> weight(4 * hidden * hidden), packed(weight.size), sums(rows * 4 * hidden), pre(sums.size), h(states),
        c(states), of_h(states), of_c(states), g(rows * hidden), output(g.size), cells(g.size), squashed(g.size),
        gates(sums.size);
    for (auto* array : {&weight, &sums, &h, &c, &of_h, &of_c, &g}) array->randomize();
    for (int64_t i = 0; i < weight.size; ++i) weight.data[i] *= T(0.1);
    PlainLstm plain{steps,      samples,    hidden,     reverse,       doubles(weight), doubles(sums),
                    doubles(h), doubles(c), doubles(g), doubles(of_h), doubles(of_c),   {}};
    const auto& table = typed(I2DL_CHOOSE(kRecurrent), T());
    table.lstm_forward({steps, samples, hidden, reverse, weight.data.get(), packed.data.get(), sums.data.get(),
                        h.data.get(), c.data.get(), output.data.get(), gates.data.get(), cells.data.get(),
                        squashed.data.get()});
    plain.run();
    require_close(output, plain.output, 10, "LSTM");
    table.lstm_backward({steps, samples, hidden, reverse, weight.data.get(), packed.data.get(), c.data.get(),
                         gates.data.get(), cells.data.get(), squashed.data.get(), g.data.get(), of_h.data.get(),
                         of_c.data.get(), pre.data.get()});
    // the derivative along a random direction of the sums and the first states, by central differences
    std::normal_distribution<double> normal;
    PlainLstm above = plain, below = plain;
    double actual = 0, size = 1;
    const auto move = [&](std::vector<double>& up, std::vector<double>& down, const Array<T>& gradient) {
        for (size_t i = 0; i < up.size(); ++i) {
            const double way = normal(generator), slope = way * gradient.data[i];
            up[i] += 1e-5 * way;
            down[i] -= 1e-5 * way;
            actual += slope;
            size += std::abs(slope);
        }
    };
    move(above.sums, below.sums, pre);
    move(above.h, below.h, of_h);
    move(above.c, below.c, of_c);
    const double wanted = (above.run() - below.run()) / 2e-5;
    if (!(std::abs(actual - wanted) <= 1e-5 * size)) {
        std::fprintf(stderr, "LSTM backward: %g is not %g\n", actual, wanted);
        std::exit(1);
    }
}

template <typename T>
void check_optimization() {
    const int64_t count = pick(0, 3) ? pick(0, 70) : pick(4000, 9000);
    const auto& table = typed(I2DL_CHOOSE(kOptimization), T());
    Array<T> p(count), g(count), m(count), v(count), most(count);
    const bool decayed = pick(0, 1), first = pick(0, 1), nesterov = pick(0, 1), maximize = pick(0, 1),
               kept = pick(0, 1);
    const double decay = decayed ? 0.125 : 0.0;
    const auto start = [&] {
        for (auto* array : {&p, &g, &m, &v, &most}) array->randomize();
        for (auto* array : {&v, &most}) {
            for (int64_t i = 0; i < count; ++i) array->data[i] = std::abs(array->data[i]);
        }
    };
    start();
    std::vector<double> wanted(static_cast<size_t>(count)), buffer(wanted.size());
    for (int64_t i = 0; i < count; ++i) {
        double slope = (maximize ? -1.0 : 1.0) * g.data[i] + decay * p.data[i];
        const double moved = first ? slope : 0.75 * m.data[i] + 0.5 * slope;
        if (kept) slope = nesterov ? slope + 0.75 * moved : moved;
        buffer[static_cast<size_t>(i)] = kept ? moved : static_cast<double>(m.data[i]);
        wanted[static_cast<size_t>(i)] = p.data[i] - 0.25 * slope;
    }
    table.sgd({count, p.data.get(), g.data.get(), kept ? m.data.get() : nullptr, T(0.25), T(0.75), T(0.5), T(decay),
               nesterov, maximize, first});
    require_close(p, wanted, 1, "SGD");
    require_close(m, buffer, 1, "SGD's buffer");

    start();
    for (int64_t i = 0; i < count; ++i) {
        const double before = p.data[i] * 0.5;
        const double slope = (maximize ? -1.0 : 1.0) * g.data[i] + decay * before;
        const double mean = m.data[i] + 0.25 * (slope - m.data[i]);
        double square = v.data[i] * 0.75 + 0.25 * slope * slope;
        if (kept) square = std::max(square, static_cast<double>(most.data[i]));
        wanted[static_cast<size_t>(i)] = before - 0.125 * mean / (std::sqrt(square) * 1.5 + 0.01);
    }
    table.adam({count, p.data.get(), g.data.get(), m.data.get(), v.data.get(), kept ? most.data.get() : nullptr,
                T(0.125), T(0.25), T(0.75), T(0.25), T(1.5), T(0.01), T(decay), T(0.5), maximize});
    require_close(p, wanted, 1, "Adam");

    double sums[3] = {};
    for (int64_t i = 0; i < count; ++i) {
        const double size = std::abs(static_cast<double>(g.data[i]));
        sums[0] += size;
        sums[1] += size * size;
        sums[2] = std::max(sums[2], size);
        wanted[static_cast<size_t>(i)] = g.data[i] * 0.5;
    }
    const Norm norms[] = {Norm::kOne, Norm::kTwo, Norm::kInfinity};
    for (int i = 0; i < 3; ++i) {
        const double norm = table.norm(norms[i], g.data.get(), count);
        if (!(std::abs(norm - sums[i]) <= 1e-5 * sums[i])) {
            std::fprintf(stderr, "norm %d: %g is not %g\n", i, norm, sums[i]);
            std::exit(1);
        }
    }
    table.scale(g.data.get(), count, T(0.5));
    require_close(g, wanted, 1, "scaled");
}

// Every half but those that are not a number comes back as it was.
void check_halves() {
    for (const Half kind : {Half::kFloat16, Half::kBfloat16}) {
        const int64_t count = pick(0, 1) ? 1 << 16 : pick(0, 100);
        Array<uint16_t> halves(count), back(count);
        Array<float> wide(count);
        for (int64_t i = 0; i < count; ++i) halves.data[i] = static_cast<uint16_t>(i);
        widen(kind, count, halves.data.get(), wide.data.get());
        narrow(kind, count, wide.data.get(), back.data.get());
        for (int64_t i = 0; i < count; ++i) {
            if (back.data[i] == halves.data[i] || (std::isnan(wide.data[i]) && (back.data[i] & 0x7fff) > 0x7c00))
                continue;
            std::fprintf(stderr, "half %lld becomes %d\n", static_cast<long long>(i), back.data[i]);
            std::exit(1);
        }
    }
}
