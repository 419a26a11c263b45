// Checks of the fused loops, on arrays of exactly the right size, against plain loops in double precision: a part of
// driver.cpp, which includes it in its namespace.
#pragma once

template <typename T>
void check_fused() {
    const int64_t rows = pick(1, 40), length = pick(1, pick(0, 3) ? 70 : 2100), size = rows * length;
    Array<T> input(size), gradient(size), out(size), result(size);
    input.randomize();
    gradient.randomize();
    const T parameters[kMaxParameters] = {T(1), T(2), T(1)};
    for (int f = 0; f < static_cast<int>(Unary::kCount); ++f) {
        apply(static_cast<Unary>(f), size, input.data.get(), parameters, out.data.get());
        apply_backward(static_cast<Backward>(f), size, gradient.data.get(), input.data.get(), parameters,
                       result.data.get());
    }
    std::vector<double> wanted(static_cast<size_t>(size)), slopes(wanted.size());
    apply(Unary::kSigmoid, size, input.data.get(), parameters, out.data.get());
    for (int64_t i = 0; i < size; ++i) wanted[static_cast<size_t>(i)] = 1 / (1 + std::exp(-double(input.data[i])));
    require_close(out, wanted, 1, "sigmoid");

    Array<T> total(1);
    total.data[0] = static_cast<T>(sum_of_all(size, input.data.get()));
    double added = 0;
    for (int64_t i = 0; i < size; ++i) added += input.data[i];
    require_close(total, {added}, static_cast<double>(size), "sum");

    over_rows<T>(RowFunction::kSoftmax, {rows, length, input.data.get(), nullptr, out.data.get()});
    over_rows<T>(RowFunction::kSoftmaxBackward, {rows, length, gradient.data.get(), out.data.get(), result.data.get()});
    for (int64_t r = 0; r < rows; ++r) {
        double sum = 0, dot = 0;
        const int64_t at = r * length;
        for (int64_t i = 0; i < length; ++i) sum += std::exp(double(input.data[at + i]));
        for (int64_t i = 0; i < length; ++i) {
            const size_t place = static_cast<size_t>(at + i);
            wanted[place] = std::exp(double(input.data[at + i])) / sum;
            dot += wanted[place] * gradient.data[at + i];
        }
        for (int64_t i = 0; i < length; ++i) {
            const size_t place = static_cast<size_t>(at + i);
            slopes[place] = wanted[place] * (gradient.data[at + i] - dot);
        }
    }
    require_close(out, wanted, 1, "softmax");
    require_close(result, slopes, 1, "softmax backward");
    over_rows<T>(RowFunction::kLogSoftmax, {rows, length, input.data.get(), nullptr, out.data.get()});
    over_rows<T>(RowFunction::kLogSoftmaxBackward,
                 {rows, length, gradient.data.get(), out.data.get(), result.data.get()});
    for (double& each : wanted) each = std::log(each);
    require_close(out, wanted, 10, "log_softmax");

    Array<int64_t> classes(rows);
    Array<T> loss(rows), sums(rows);
    for (int64_t r = 0; r < rows; ++r) classes.data[r] = pick(0, length - 1);
    cross_entropy<T>(
        {rows, length, input.data.get(), classes.data.get(), out.data.get(), sums.data.get(), loss.data.get()});
    std::vector<double> losses(static_cast<size_t>(rows));
    for (int64_t r = 0; r < rows; ++r) {
        losses[static_cast<size_t>(r)] = -wanted[static_cast<size_t>(r * length + classes.data[r])];
    }
    require_close(loss, losses, 10, "cross-entropy");
    cross_entropy_backward<T>(
        {rows, length, out.data.get(), sums.data.get(), classes.data.get(), loss.data.get(), 1, result.data.get()});

    // rows of whole channels, and rows with a weight along them
    for (const bool along : {true, false}) {
        const int64_t positions = along ? 1 : length, channels = along ? length : pick(1, rows);
        if (rows % channels && !along) continue;
        Array<T> weight(channels), bias(channels), mean(rows), scale(rows), of_weight(channels), of_bias(channels);
        weight.randomize();
        bias.randomize();
        normalize_rows<T>({0, rows, length, positions, channels, input.data.get(), weight.data.get(), bias.data.get(),
                           T(0.5), true, mean.data.get(), scale.data.get(), out.data.get()});
        for (int64_t r = 0; r < rows; ++r) {
            double total = 0, squares = 0;
            for (int64_t i = 0; i < length; ++i) total += input.data[r * length + i];
            for (int64_t i = 0; i < length; ++i) {
                const double d = input.data[r * length + i] - total / double(length);
                squares += d * d;
            }
            for (int64_t i = 0; i < length; ++i) {
                const int64_t c = along ? i : r % channels;
                wanted[static_cast<size_t>(r * length + i)] = (input.data[r * length + i] - total / double(length)) /
                                                                  std::sqrt(squares / double(length) + 0.5) *
                                                                  weight.data[c] +
                                                              bias.data[c];
            }
        }
        require_close(out, wanted, 10, "normalized rows");
        normalize_rows_backward<T>({0, rows, length, positions, channels, gradient.data.get(), input.data.get(),
                                    weight.data.get(), mean.data.get(), scale.data.get(), result.data.get(),
                                    of_weight.data.get(), of_bias.data.get()});
    }

    const int64_t samples = pick(1, 4), channels = pick(1, 5), positions = pick(1, 1100);
    Array<T> images(samples * channels * positions), slope(images.size), normal(images.size), back(images.size);
    Array<T> weight(channels), bias(channels), mean(channels), variance(channels), scale(channels), ofw(channels),
        ofb(channels);
    for (auto* array : {&images, &slope, &weight, &bias}) array->randomize();
    NormalizeChannels<T> run = {
        samples,          channels,          positions,      images.data.get(), weight.data.get(),
        bias.data.get(),  slope.data.get(),  T(0.5),         mean.data.get(),   variance.data.get(),
        scale.data.get(), normal.data.get(), ofw.data.get(), ofb.data.get()};
    normalize_channels(run);
    std::vector<double> image(static_cast<size_t>(images.size));
    for (int64_t c = 0; c < channels; ++c) {
        double total = 0, squares = 0;
        const double count = double(samples * positions);
        const auto over = [&](const auto& body) {
            for (int64_t n = 0; n < samples; ++n) {
                for (int64_t i = 0; i < positions; ++i) body((n * channels + c) * positions + i);
            }
        };
        over([&](int64_t at) { total += images.data[at]; });
        over([&](int64_t at) { squares += std::pow(images.data[at] - total / count, 2); });
        over([&](int64_t at) {
            image[static_cast<size_t>(at)] =
                (images.data[at] - total / count) / std::sqrt(squares / count + 0.5) * weight.data[c] + bias.data[c];
        });
    }
    require_close(normal, image, 10, "normalized channels");
    run.out = back.data.get();
    normalize_channels_backward(run);
    scale_channels(samples, channels, positions, images.data.get(), weight.data.get(), bias.data.get(),
                   back.data.get());
}
