"""The Numba backend: shapes and layouts that its kernels serve or pass on, its loops on disk, and its threads."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from typing import Any

import numpy
import pytest

pytest.importorskip("numba", reason="Numba is not installed")

import tinygrad_i2dl as torch
from tinygrad_i2dl.backends import numba
from tinygrad_i2dl.nn import functional

random = numpy.random.default_rng(0)


@pytest.fixture
def every_size() -> Iterator[None]:
    with numba.limits.lifted():
        yield


def outcome(backend: str, function: Any, *arrays: Any) -> list[Any]:
    """What a function gives, and its gradients."""
    with torch.use_backend(backend):
        leaves = [torch.from_numpy(array.copy()) for array in arrays]
        leaves = [leaf.requires_grad_() if leaf.is_floating_point() else leaf for leaf in leaves]
        result = function(*leaves)
        result.backward(torch.linspace(0.5, 1.5, result.numel(), dtype=result.dtype).reshape(result.shape))
        return [result.detach().numpy(), *(leaf.grad.numpy() for leaf in leaves if leaf.requires_grad)]


def assert_agree(function: Any, *arrays: Any, condition: float = 1.0) -> None:
    """The backend computes what the reference kernels compute of the same numbers in float64.

    `condition`: by how much the function enlarges the errors of rounding.
    """
    dtype = arrays[0].dtype
    ours = outcome("numba", function, *arrays)
    exact = outcome("numpy", function, *[each.astype(float) if each.dtype.kind == "f" else each for each in arrays])
    bound = condition * (1e-6 if dtype == numpy.float32 else 1e-14)
    for one, other in zip(ours, exact, strict=True):
        assert one.shape == other.shape and one.dtype == dtype
        largest = float(numpy.abs(other).max(initial=1.0))
        numpy.testing.assert_allclose(one, other, rtol=20 * bound, atol=bound * largest)


# Around the lengths of vectors and of the pieces that sums are taken in.
LENGTHS = (1, 2, 7, 8, 9, 31, 33, 1023, 1025, 4097)
DTYPES = (numpy.float32, numpy.float64)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "function",
    [
        torch.sigmoid, torch.tanh, torch.exp, torch.erf, torch.relu, functional.gelu, functional.silu,
        functional.mish, functional.elu, functional.selu, functional.softplus, functional.logsigmoid,
        functional.leaky_relu, functional.hardswish, functional.hardsigmoid, functional.softshrink, functional.softsign,
        lambda x: functional.gelu(x, approximate="tanh"), lambda x: functional.celu(x, 0.5),
        lambda x: functional.softplus(x, 3.0, 5.0), lambda x: functional.leaky_relu(x, -2.0),
    ],
)  # fmt: skip
def test_activations_of_any_length(function: Any, dtype: Any, every_size: None) -> None:
    for length in LENGTHS:
        assert_agree(function, random.uniform(-6, 6, length).astype(dtype))
    assert_agree(function, random.uniform(-6, 6, (0, 3)).astype(dtype))
    assert_agree(lambda x: function(x.t()), random.uniform(-6, 6, (4, 5)))
    assert_agree(lambda x: function(x[1:, ::2]), random.uniform(-6, 6, (4, 6)))
    assert_agree(lambda x: function(x.expand(3, 5)), random.uniform(-6, 6, (1, 5)))


SPECIAL = numpy.array([numpy.nan, numpy.inf, -numpy.inf, 0.0, -0.0, 1e-40, 200.0, -200.0, 3e38, -3e38])


@pytest.mark.parametrize("dtype", DTYPES)
def test_special_values_are_those_of_the_reference(dtype: Any, every_size: None) -> None:
    values = SPECIAL.astype(dtype)
    for function in (
        torch.sigmoid, torch.tanh, torch.exp, torch.erf, torch.relu, functional.silu, functional.elu,
        functional.softplus, functional.logsigmoid, functional.leaky_relu, functional.hardsigmoid, functional.softsign,
    ):  # fmt: skip
        with numpy.errstate(all="ignore"):
            ours, theirs = (outcome(backend, function, values) for backend in ("numba", "numpy"))
        for one, other in zip(ours, theirs, strict=True):
            numpy.testing.assert_allclose(one, other, rtol=1e-5, atol=1e-37, err_msg=function.__name__)


def test_softmax_of_rows_with_nan_and_infinity(every_size: None) -> None:
    rows = numpy.zeros((6, 40), numpy.float32)
    rows[0, 3], rows[1, 5], rows[2] = numpy.nan, numpy.inf, -numpy.inf
    rows[3, ::2], rows[4] = -numpy.inf, 1e38
    rows[5, 39] = numpy.nan
    for function in (torch.softmax, torch.log_softmax):
        for dim in (0, 1):
            with numpy.errstate(all="ignore"):
                ours, theirs = (
                    outcome(backend, lambda x, f=function, d=dim: f(x, d), rows) for backend in ("numba", "numpy")
                )
            numpy.testing.assert_allclose(ours[0], theirs[0], rtol=1e-5)
    mask = random.uniform(size=(6, 40)) > 0.5
    mask[1] = False
    for bias in (mask, numpy.where(mask, 0.0, -numpy.inf).astype(numpy.float32)):
        query = random.standard_normal((2, 3, 6, 4)).astype(numpy.float32)
        key = random.standard_normal((2, 3, 40, 4)).astype(numpy.float32)
        assert_agree(
            lambda q, k, b=bias: functional.scaled_dot_product_attention(q, k, k, attn_mask=torch.from_numpy(b)),
            query, key,
        )  # fmt: skip


@pytest.mark.parametrize("dtype", DTYPES)
def test_rows_of_any_length(dtype: Any, every_size: None) -> None:
    for rows, length in ((1, 1), (3, 6), (5, 7), (4, 33), (4, 1025), (33, 10)):
        x = random.standard_normal((rows, length)).astype(dtype)
        labels = random.integers(0, length, rows)
        weight, bias = random.standard_normal((2, length)).astype(dtype)
        for dim in (0, 1):
            assert_agree(lambda x, d=dim: torch.softmax(x, d), x)
            assert_agree(lambda x, d=dim: torch.log_softmax(x, d), x)
        for reduction in ("mean", "sum", "none"):
            assert_agree(lambda x, t, r=reduction: functional.cross_entropy(x, t, reduction=r), x, labels)
            assert_agree(lambda x, t, r=reduction: functional.mse_loss(x, t, reduction=r), x, x[::-1].copy())
            assert_agree(
                lambda x, t, r=reduction: functional.binary_cross_entropy_with_logits(x, t, reduction=r), x, abs(x) % 1
            )
        if length > 1:
            assert_agree(lambda x, w, b, n=length: functional.layer_norm(x, (n,), w, b), x, weight, bias)
            assert_agree(lambda x, w, n=length: functional.rms_norm(x, (n,), w), x, weight)
            assert_agree(lambda x, n=length: functional.layer_norm(x, (n,)), x)
        if rows > 1:
            # The deviation of a few numbers may be a small fraction of them.
            assert_agree(
                lambda x, w, b: functional.batch_norm(x, None, None, w, b, training=True), x, weight, bias, condition=20
            )
            assert_agree(lambda x: functional.batch_norm(x, None, None, training=True), x, condition=20)


@pytest.mark.parametrize("dtype", DTYPES)
def test_normalization_of_images(dtype: Any, every_size: None) -> None:
    for shape in ((2, 4, 3, 3), (1, 6, 1, 5), (3, 2, 40, 40)):
        x = (random.standard_normal(shape) * 3 + 50).astype(dtype)
        weight, bias = random.standard_normal((2, shape[1])).astype(dtype)
        variance = abs(random.standard_normal(shape[1])).astype(dtype) + 1
        with torch.no_grad():
            mean, spread = torch.from_numpy(weight.copy()), torch.from_numpy(variance)
        for function in (
            lambda x, w, b: functional.group_norm(x, 2, w, b),
            lambda x, w, b: functional.instance_norm(x, None, None, w, b),
            lambda x, w, b: functional.batch_norm(x, None, None, w, b, training=True),
            lambda x, w, b, m=mean, s=spread: functional.batch_norm(x, m.to(x.dtype), s.to(x.dtype), w, b),
        ):
            # Far from zero digits of the deviations are lost, more of them by the reference kernel.
            assert_agree(function, x, weight, bias, condition=50 if dtype == numpy.float32 else 1e4)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("kind", [torch.nn.RNN, torch.nn.LSTM, torch.nn.GRU])
def test_recurrent_layers(kind: Any, dtype: Any, every_size: None) -> None:
    for bias in (True, False):
        for direction in (True, False):
            torch.manual_seed(0)
            layer = kind(5, 7, num_layers=2, bias=bias, bidirectional=direction).to(getattr(torch, dtype.__name__))
            packed = torch.nn.utils.rnn.pack_padded_sequence

            def run(x: Any, layer: Any = layer) -> Any:
                layer.zero_grad()
                return layer(x)[0]

            def run_packed(x: Any, layer: Any = layer, packed: Any = packed) -> Any:
                layer.zero_grad()
                return layer(packed(x, [6, 4, 1]))[0].data

            for function in (run, run_packed):
                grads = []
                x = random.standard_normal((6, 3, 5)).astype(dtype)
                for backend in ("numba", "numpy"):
                    with torch.use_backend(backend):
                        function(torch.from_numpy(x)).square().sum().backward()
                        grads.append([parameter.grad.numpy().copy() for parameter in layer.parameters()])
                for one, other in zip(*grads, strict=True):
                    bound = 1e-4 if dtype == numpy.float32 else 1e-10
                    numpy.testing.assert_allclose(one, other, rtol=bound, atol=bound * abs(other).max())


@pytest.mark.parametrize("dtype", DTYPES)
def test_sums_at_places(dtype: Any, every_size: None) -> None:
    table = random.standard_normal((11, 6)).astype(dtype)
    places = random.integers(0, 11, (4, 9))
    assert_agree(lambda w: functional.embedding(torch.from_numpy(places), w), table)
    assert_agree(lambda w: w[torch.from_numpy(places - 11)], table)
    assert_agree(lambda w: w.index_select(0, torch.from_numpy(places[0])), table)
    columns, rows = random.integers(0, 6, (11, 3)), random.integers(0, 11, (20, 6))
    assert_agree(lambda w: w.gather(1, torch.from_numpy(columns)), table)
    assert_agree(lambda w: w.gather(0, torch.from_numpy(rows)), table)


@pytest.mark.parametrize(
    ("operation", "function"),
    [
        ("gelu_erf_backward", functional.gelu),
        ("softmax_backward", lambda x: torch.softmax(x, 1)),
        ("log_softmax_backward", lambda x: torch.log_softmax(x, 0)),
        ("normalize_rows_backward", lambda x: functional.layer_norm(x, (6,))),
        ("normalize_channels_backward", lambda x: functional.batch_norm(x, None, None, training=True)),
        ("add_rows", lambda x: functional.embedding(torch.arange(9), x)),
        ("add_along_zeros", lambda x: x.gather(0, torch.arange(54).reshape(9, 6) % 9)),
    ],
)
def test_gradients_that_are_views_are_served(operation: str, function: Any, every_size: None) -> None:
    x = torch.from_numpy(random.standard_normal((9, 6))).requires_grad_()
    weight = torch.from_numpy(random.standard_normal((6, 9)))
    for reduce in (lambda y: y.sum(), lambda y: (y.t() * weight).sum(), lambda y: y[:, ::2].sum()):
        slopes = []
        for backend in ("numba", "numpy"):
            x.grad = None
            with torch.use_backend(backend), torch.profile() as p:
                reduce(function(x)).backward()
            slopes.append(x.grad.numpy())
            providers = {event.provider for event in p.events if event.name == operation}
            assert providers == {backend}
        numpy.testing.assert_allclose(*slopes, rtol=1e-10, atol=1e-12)


@pytest.mark.parametrize("dtype", DTYPES)
def test_running_sums(dtype: Any, every_size: None) -> None:
    for shape in ((1,), (2000,), (3, 40, 5), (40, 1, 33)):
        x = random.uniform(-1, 1, shape).astype(dtype)
        for dim in range(len(shape)):
            assert_agree(lambda x, d=dim: torch.cumsum(x, d), x, condition=10)


@pytest.mark.parametrize("kind", ["RNN", "LSTM", "GRU"])
def test_biases_of_other_lengths_are_refused(kind: str) -> None:
    for layer, x in (
        (getattr(torch.nn, kind)(8, 16), torch.zeros(5, 3, 8)),
        (getattr(torch.nn, f"{kind}Cell")(8, 16), torch.zeros(3, 8)),
    ):
        for name, parameter in layer.named_parameters():
            if "bias" in name:
                parameter.data = torch.zeros(1)
                with torch.use_backend("numba"), pytest.raises(RuntimeError, match="biases must have shape"):
                    layer(x)


def test_places_out_of_range_change_no_memory() -> None:
    from tinygrad_i2dl.backends.numba import embedding

    rows = numpy.ones((40, 4), numpy.float32)
    with numba.limits.lifted():
        for wrong in (7, -8, 2**62, -(2**62)):
            index = numpy.zeros(40, numpy.int64)
            index[20] = wrong
            assert embedding.add_rows(rows, index, 7) is NotImplemented
            along = numpy.broadcast_to(index[:, None], (40, 4))
            assert embedding.add_along_zeros(rows, 0, along, (7, 4)) is NotImplemented


# ---------------------------------------------------------------- optimizers


def trained(make: Any, backend: str, dtype: Any, clip: bool) -> list[Any]:
    start = numpy.random.default_rng(1)
    parameters = [
        torch.from_numpy(start.standard_normal(shape).astype(dtype)).requires_grad_()
        for shape in ((40, 33), (33,), (), (0, 2), (2, 3, 5))
    ]
    optimizer = make(parameters)
    with torch.use_backend(backend):
        for _ in range(4):
            optimizer.zero_grad()
            for parameter in parameters:
                parameter.grad = torch.from_numpy(numpy.asarray(start.standard_normal(tuple(parameter.shape)), dtype))
            if clip:
                torch.nn.utils.clip_grad_norm_(parameters, 0.7)
            optimizer.step()
    return [parameter.detach().numpy() for parameter in parameters]


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    "options",
    [
        ("SGD", {"lr": 0.1}),
        ("SGD", {"lr": 0.1, "weight_decay": 0.1, "maximize": True}),
        ("SGD", {"lr": 0.1, "momentum": 0.9, "dampening": 0.3, "weight_decay": 0.1}),
        ("SGD", {"lr": 0.1, "momentum": 0.9, "nesterov": True, "maximize": True}),
        ("Adam", {"lr": 0.01}),
        ("Adam", {"lr": 0.01, "weight_decay": 0.1, "amsgrad": True, "maximize": True}),
        ("AdamW", {"lr": 0.01, "weight_decay": 0.1, "betas": (0.8, 0.95)}),
    ],
    ids=str,
)
def test_optimizers_step_as_the_reference(options: tuple[str, dict[str, Any]], dtype: Any, every_size: None) -> None:
    name, settings = options
    for clip in (False, True):
        ours, theirs = (
            trained(lambda p: getattr(torch.optim, name)(p, **settings), backend, dtype, clip)
            for backend in ("numba", "numpy")
        )
        bound = 1e-5 if dtype == numpy.float32 else 1e-12
        for one, other in zip(ours, theirs, strict=True):
            numpy.testing.assert_allclose(one, other, rtol=bound, atol=bound)


def test_an_optimizer_passes_on_what_it_does_not_serve(every_size: None) -> None:
    from tinygrad_i2dl.backends.numba import optimization

    for change in (
        lambda a: a.astype(numpy.float16),
        lambda a: numpy.asfortranarray(a),
        lambda a: numpy.repeat(a, 2, axis=1)[:, ::2],
    ):
        one, other = numpy.ones((3, 4), numpy.float32), numpy.ones((2, 3), numpy.float32)
        before = one.copy()
        parameters, gradients = [one, change(other)], [one + 1, other]
        assert optimization.sgd_step(parameters, gradients, [], 0.1, 0, 0, 0, False, False, False) is NotImplemented
        states = [numpy.zeros_like(each) for each in (one, other)]
        assert (
            optimization.adam_step(
                parameters, gradients, states, states, [], [1, 1], 0.1, 0.9, 0.99, 1e-8, 0, False, False
            )
            is NotImplemented
        )
        numpy.testing.assert_array_equal(one, before)


def test_gradients_whose_squares_overflow_are_passed_on() -> None:
    from tinygrad_i2dl.backends.numba import optimization

    assert optimization.gradient_norm([numpy.full(100, 1e30, numpy.float32)], 2.0) is NotImplemented


# ---------------------------------------------------------------- the backend as a whole


def test_small_arrays_are_left_to_numpy() -> None:
    with torch.use_backend("numba"), torch.profile() as p:
        torch.sigmoid(torch.zeros(4))
        torch.sigmoid(torch.zeros(4096))
    providers = {event.provider for event in p.events if event.name == "sigmoid"}
    assert "numba" in " ".join(providers) and len(providers) == 2


def test_half_precision_is_left_to_numpy(every_size: None) -> None:
    x = torch.ones(8, dtype=torch.float16)
    with torch.use_backend("numba"):
        assert torch.sigmoid(x).dtype == torch.float16


def test_two_threads_at_once() -> None:
    x = torch.randn(64, 256)
    failures: list[str] = []

    def work() -> None:
        expected = torch.softmax(x, 1).numpy()
        for _ in range(100):
            if not numpy.array_equal(torch.softmax(torch.sigmoid(x) * 0 + x, 1).numpy(), expected):
                failures.append("another result")

    with torch.use_backend("numba"):
        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert not failures


def in_fresh_process(code: str, **environment: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **environment}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_numba_is_imported_when_it_is_chosen_and_not_before() -> None:
    assert in_fresh_process(
        "import sys, tinygrad_i2dl as torch\n"
        "torch.available_backends(), torch.sigmoid(torch.zeros(10000))\n"
        "native = torch.available_backends()['native'] is None\n"
        "print('numba' in sys.modules and native)\n"
        "torch.set_backend('numba')\n"
        "print('numba' in sys.modules)\n"
    ).split() == ["False", "True"]


def test_auto_asks_numba_where_the_extension_is_missing_and_imports_it_for_large_arrays() -> None:
    assert in_fresh_process(
        "import sys; sys.modules['tinygrad_i2dl._native'] = None\n"
        "import tinygrad_i2dl as torch\n"
        "from tinygrad_i2dl.backends import registry\n"
        "torch.sigmoid(torch.zeros(10))\n"
        "print(*[backend.name for backend in registry.chain()], 'numba' in sys.modules)\n"
        "torch.sigmoid(torch.zeros(10000))\n"
        "print('numba' in sys.modules)\n"
    ).split() == ["numba", "False", "True"]


def test_a_second_process_loads_what_the_first_compiled(tmp_path: Any) -> None:
    code = (
        "import tinygrad_i2dl as torch\n"
        "torch.set_backend('numba'); torch.sigmoid(torch.zeros(10000))\n"
        "from tinygrad_i2dl.backends.numba.loops import activation\n"
        "import numpy\n"
        "found = activation.sigmoid[numpy.dtype('float32')].stats\n"
        "print(sum(found.cache_hits.values()), sum(found.cache_misses.values()))\n"
    )
    assert in_fresh_process(code, NUMBA_CACHE_DIR=str(tmp_path)) == "0 1"
    assert in_fresh_process(code, NUMBA_CACHE_DIR=str(tmp_path)) == "1 0"


def test_without_a_writable_folder_it_compiles_in_memory(tmp_path: Any) -> None:
    nowhere = tmp_path / "file"
    nowhere.write_text("not a folder")
    code = "import tinygrad_i2dl as t; t.set_backend('numba'); print(float(t.sigmoid(t.zeros(10000)).sum()))"
    assert in_fresh_process(code, NUMBA_CACHE_DIR=str(nowhere), XDG_CACHE_HOME=str(nowhere)) == "5000.0"


USE_BOTH = (
    "import tinygrad_i2dl as t; t.set_backend('numba'); print(float(t.sigmoid(t.zeros(10000)).sum()))\n"
    "f = t.fuse(lambda x: x * 2.125 + t.tanh(x)); x = t.zeros(300000, requires_grad=True)\n"
    "f(x).sum().backward(); print(float(x.grad[0]), f.reason)\n"
)


def test_damaged_files_are_written_anew(tmp_path: Any) -> None:
    kept = {"NUMBA_CACHE_DIR": str(tmp_path)}
    assert in_fresh_process(USE_BOTH, **kept).split() == ["5000.0", "3.125", "None"]
    for kind in ("nbi", "nbc"):
        files = list(tmp_path.rglob(f"*.{kind}"))
        assert len(files) >= 3
        for path in files:
            path.write_bytes(path.read_bytes()[:30])
        assert in_fresh_process(USE_BOTH, **kept).split() == ["5000.0", "3.125", "None"]
        assert in_fresh_process(USE_BOTH, **kept).split() == ["5000.0", "3.125", "None"]
        assert all(path.stat().st_size > 30 for path in files)


def test_a_folder_that_is_gone_does_not_matter(tmp_path: Any) -> None:
    folder = tmp_path / "kept"
    gone = f"import shutil, tinygrad_i2dl as t; t.set_backend('numba'); shutil.rmtree({str(folder)!r})\n"
    gone += f"open({str(folder)!r}, 'w').close()\n"
    assert in_fresh_process(gone + USE_BOTH, NUMBA_CACHE_DIR=str(folder)).split() == ["5000.0", "3.125", "None"]


def test_a_compiler_that_is_switched_off_is_a_reason() -> None:
    code = (
        "import warnings, tinygrad_i2dl as t\n"
        "warnings.simplefilter('ignore')\n"
        "f = t.fuse(lambda x: x * 2); print(float(f(t.ones(300000)).sum()), 'NUMBA_DISABLE_JIT' in f.reason)\n"
        "print('NUMBA_DISABLE_JIT' in t.available_backends()['numba'])\n"
    )
    assert in_fresh_process(code, NUMBA_DISABLE_JIT="1").split() == ["600000.0", "True", "True"]


def test_a_numba_that_cannot_be_imported_is_a_reason(tmp_path: Any) -> None:
    (tmp_path / "numba.py").write_text("raise ImportError('Numba needs another NumPy')")
    code = (
        f"import sys, warnings; sys.path.insert(0, {str(tmp_path)!r})\n"
        "import tinygrad_i2dl as t\n"
        "warnings.simplefilter('ignore')\n"
        "f = t.fuse(lambda x: x * 2); print(float(f(t.ones(300000)).sum()), 'needs another' in f.reason)\n"
        "try: t.set_backend('numba')\n"
        "except ImportError as error: print('needs another' in str(error), t.get_backend())\n"
    )
    assert in_fresh_process(code).split() == ["600000.0", "True", "True", "auto"]
