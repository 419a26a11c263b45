"""Elementwise functions of tensors, written so that PyTorch runs them too.

Each is a name, a function of (library, tensors...), and the shapes of the tensors. Values are drawn from
``[-3, 3]``, or from ``[0.2, 3]`` for names that end in "+".
"""

import math

FUNCTIONAL = [
    "gelu", "silu", "mish", "elu", "selu", "celu", "softplus", "leaky_relu", "hardswish", "hardsigmoid", "logsigmoid",
    "hardtanh", "relu6", "softsign", "tanhshrink", "hardshrink", "softshrink",
]  # fmt: skip
UNARY = [
    "exp", "exp2", "expm1", "tanh", "sigmoid", "relu", "abs", "neg", "square", "sin", "cos", "atan", "sinh", "cosh",
    "asinh", "erf", "erfc", "sign", "floor", "ceil", "trunc", "round", "frac", "sinc", "deg2rad", "nan_to_num",
]  # fmt: skip
POSITIVE = ["log", "log2", "log10", "log1p", "sqrt", "rsqrt", "reciprocal"]
A, B = (6, 5), (5,)


def _of(name):
    return lambda t, x: getattr(t, name)(x)


def _functional(name):
    return lambda t, x: getattr(t.nn.functional, name)(x)


EXPRESSIONS = {
    "the README's": (lambda t, x, y: t.tanh(1.5 * x + 0.1) * 0.5 + y, A, A),
    "gaussian": (lambda t, x: t.exp(-0.5 * x * x) / math.sqrt(2 * math.pi), A),
    "gate": (lambda t, a, b: t.tanh(a) * t.sigmoid(b), A, A),
    "gelu by hand": (lambda t, x: 0.5 * x * (1 + t.erf(x / math.sqrt(2))), A),
    "gelu by tanh": (lambda t, x: t.nn.functional.gelu(x, approximate="tanh"), A),
    "silu of product": (lambda t, a, b: t.nn.functional.silu(a * b) - b, A, B),
    "where": (lambda t, x, y: t.where(x > y, x * x, t.exp(y)), A, A),
    "where of numbers": (lambda t, x: x * t.where(x > 0, 2.0, 0.5), A),
    "nested where": (lambda t, x: t.where(x > 1, x, t.where(x < -1, -x, x * x)), A),
    "mask times value": (lambda t, x: (x > 0.3) * x + (x <= 0.3) * 0.1 * x, A),
    "logic": (lambda t, x, y: t.where((x > 0) & (y > 0) | ~(x < 1), x, y), A, A),
    "clamp": (lambda t, x: t.clamp(x, -1.0, 1.5) * x, A),
    "clamp from below": (lambda t, x: x.clamp(min=0.5), A),
    "maximum": (lambda t, x, y: t.maximum(x, y) - t.minimum(x, 2 * y), A, B),
    "huber": (lambda t, x: t.where(abs(x) < 1, 0.5 * x * x, abs(x) - 0.5), A),
    "square": (lambda t, x: x**2 - 2 * x**3, A),
    "power+": (lambda t, x: x**2.5 + x**-1, A),
    "power of tensors+": (lambda t, x, y: x**y, A, A),
    "number to the power": (lambda t, x: 2.0**x, A),
    "division+": (lambda t, x, y: (1 - x) / (y + 1) / 4, A, B),
    "logit+": (lambda t, x: t.logit(x / 4), A),
    "addcmul": (lambda t, x, y, z: t.addcmul(x, y, z, value=0.3), A, B, A),
    "addcdiv+": (lambda t, x, y, z: t.addcdiv(x, y, z, value=0.3), A, B, A),
    "lerp": (lambda t, x, y: t.lerp(x, y, 0.3), A, A),
    "hypot and angle+": (lambda t, x, y: t.hypot(x, y) * t.atan2(y, x), A, A),
    "logaddexp": (lambda t, x, y: t.logaddexp(x, y), A, B),
    "xlogy+": (lambda t, x, y: t.xlogy(x, y), A, A),
    "copysign": (lambda t, x, y: t.copysign(x, y), A, A),
    "methods": (lambda t, x: x.mul(2).add(1).tanh().neg().exp(), A),
    "in place inside": (lambda t, x: (x * 2).add_(1).mul_(x).sigmoid_(), A),
    "detach": (lambda t, x: x * x.detach() + x.detach(), A),
    "masked_fill": (lambda t, x: x.masked_fill(x > 1, 0.5) * x, A),
    "row": (lambda t, x, y: t.tanh(x) * y + y, A, B),
    "column": (lambda t, x, y: t.tanh(x) * y + y * y, A, (6, 1)),
    "row and column": (lambda t, x, y: t.tanh(x) * t.exp(y) + y, (6, 1), (1, 5)),
    "channels": (lambda t, x, w, b: t.relu(x * w + b), (2, 3, 4, 5), (3, 1, 1), (1, 3, 1, 1)),
    "middle": (lambda t, x, y, z: t.sigmoid(x * y + z), (2, 3, 4, 5), (2, 1, 4, 1), (5,)),
    "scalar": (lambda t, x, y: x * y + t.exp(y), A, ()),
    "scalars": (lambda t, x, y: x * y + t.exp(y), (), ()),
    "one tensor": (lambda t, x: x * x + x, (7,)),
    "shape": (lambda t, x: x * x.shape[-1] ** -0.5, A),
    "long chain": (lambda t, x: _chain(t, x, 12), A),
    **{name: (_of(name), A) for name in UNARY},
    **{name + "+": (_of(name), A) for name in POSITIVE},
    **{name: (_functional(name), A) for name in FUNCTIONAL},
}


# One function each: the loops of float64 are the same text but for the type.
SINGLE = {*UNARY, *(name + "+" for name in POSITIVE), *FUNCTIONAL}


def _chain(t, x, length):
    y = x
    for _ in range(length):
        y = t.sin(y) * 0.9 + x * 0.1
    return y
