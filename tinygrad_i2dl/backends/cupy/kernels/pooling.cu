// Pooling of planes (planes, D, H, W), forward and backward; fewer dimensions have leading sizes of one. The window of
// output (a, b, c) starts at a * sd - pd, and so on.
#define GEOMETRY                                                                                                  \
    Int D, Int H, Int W, Int od, Int oh, Int ow, Int kd, Int kh, Int kw, Int sd, Int sh, Int sw, Int pd, Int ph, \
        Int pw, Int dd, Int dh, Int dw
#define PLACE(i)                                                      \
    Int c = (i) % ow, b = (i) / ow % oh, a = (i) / (ow * oh) % od; \
    Int plane = (i) / (ow * oh * od)

KERNEL max_pool(const T* input, T* values, Int* indices, Int count, GEOMETRY) {
    EACH(i, count) {
        PLACE(i);
        const T* source = input + plane * D * H * W;
        Int at = -1;
        A best = lowest();
        for (Int x = 0; x < kd; x++) {
            Int z = a * sd - pd + x * dd;
            if (z < 0 || z >= D) continue;
            for (Int y = 0; y < kh; y++) {
                Int h = b * sh - ph + y * dh;
                if (h < 0 || h >= H) continue;
                for (Int u = 0; u < kw; u++) {
                    Int w = c * sw - pw + u * dw;
                    if (w < 0 || w >= W) continue;
                    Int place = (z * H + h) * W + w;
                    A value = (A)source[place];
                    if (at < 0 || value > best || is_nan(value)) {
                        at = place;
                        best = value;
                    }
                }
            }
        }
        values[i] = (T)best;
        indices[i] = at;
    }
}

// Windows may overlap, so that one place gets several gradients: sums in A, by atomic additions.
KERNEL max_pool_backward(const T* gradient, const Int* indices, A* result, Int count, Int windows, Int plane) {
    EACH(i, count) {
        if (indices[i] >= 0) atomicAdd(result + i / windows * plane + indices[i], (A)gradient[i]);
    }
}

__device__ inline Int clipped(Int value, Int low, Int high) { return value < low ? low : value > high ? high : value; }

// What the sum of a window is divided by; padding counts up to the end of the padded plane.
__device__ inline A divisor_of(Int a, Int b, Int c, GEOMETRY, Int with_padding, Int override_by) {
    if (override_by) return (A)override_by;
    Int z0 = a * sd - pd, h0 = b * sh - ph, w0 = c * sw - pw;
    Int z1 = clipped(z0 + kd, z0, D + pd), h1 = clipped(h0 + kh, h0, H + ph), w1 = clipped(w0 + kw, w0, W + pw);
    if (!with_padding) {
        z0 = clipped(z0, 0, D), z1 = clipped(z1, 0, D);
        h0 = clipped(h0, 0, H), h1 = clipped(h1, 0, H);
        w0 = clipped(w0, 0, W), w1 = clipped(w1, 0, W);
    }
    return (A)((z1 - z0) * (h1 - h0) * (w1 - w0));
}

#define SAME D, H, W, od, oh, ow, kd, kh, kw, sd, sh, sw, pd, ph, pw, dd, dh, dw

KERNEL avg_pool(const T* input, T* values, Int count, GEOMETRY, Int with_padding, Int override_by) {
    EACH(i, count) {
        PLACE(i);
        const T* source = input + plane * D * H * W;
        A sum = 0;
        for (Int z = clipped(a * sd - pd, 0, D); z < clipped(a * sd - pd + kd, 0, D); z++)
            for (Int h = clipped(b * sh - ph, 0, H); h < clipped(b * sh - ph + kh, 0, H); h++)
                for (Int w = clipped(c * sw - pw, 0, W); w < clipped(c * sw - pw + kw, 0, W); w++)
                    sum += (A)source[(z * H + h) * W + w];
        values[i] = (T)(sum / divisor_of(a, b, c, SAME, with_padding, override_by));
    }
}

// Each input gathers from the windows that it lies in: no atomic additions.
KERNEL avg_pool_backward(const T* gradient, T* result, Int count, GEOMETRY, Int with_padding, Int override_by) {
    EACH(i, count) {
        Int w = i % W, h = i / W % H, z = i / (W * H) % D;
        const T* source = gradient + i / (W * H * D) * od * oh * ow;
        A sum = 0;
        for (Int a = clipped((z + pd - kd + sd) / sd, 0, od); a < clipped((z + pd) / sd + 1, 0, od); a++)
            for (Int b = clipped((h + ph - kh + sh) / sh, 0, oh); b < clipped((h + ph) / sh + 1, 0, oh); b++)
                for (Int c = clipped((w + pw - kw + sw) / sw, 0, ow); c < clipped((w + pw) / sw + 1, 0, ow); c++)
                    sum += (A)source[(a * oh + b) * ow + c] / divisor_of(a, b, c, SAME, with_padding, override_by);
        result[i] = (T)sum;
    }
}
