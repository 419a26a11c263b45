"""gradcheck and anomaly detection tell what went wrong."""

import numpy
import pytest

import tinygrad_i2dl as torch
from tinygrad_i2dl.autograd import GradcheckError, detect_anomaly, gradcheck, gradgradcheck, set_detect_anomaly


class Wrong(torch.autograd.Function):
    @staticmethod
    def forward(ctx, x):
        ctx.save_for_backward(x)
        return x * x

    @staticmethod
    def backward(ctx, g):
        return g * ctx.saved_tensors[0]  # the factor 2 is missing


def test_gradcheck_promotes_and_accepts():
    x = torch.randn(3, 2, requires_grad=True)  # float32
    assert gradcheck(lambda x: (x.tanh() * x).sum(0), x)
    assert gradgradcheck(lambda x: (x.tanh() * x).sum(0), x)
    assert x.grad is None and x.dtype == torch.float32


def test_gradcheck_shows_the_worst_elements_and_the_common_factor():
    x = torch.tensor([1.0, 2.0, 4.0], requires_grad=True)
    with pytest.raises(GradcheckError, match=r"3 of 9 elements") as caught:
        gradcheck(Wrong.apply, x)
    text = str(caught.value)
    rows = [line for line in text.splitlines() if line.lstrip().startswith("(")]
    assert rows[0].split()[0] == "(2,)" and len(rows) == 3  # the largest difference first
    assert "same factor 0.5" in text
    assert gradcheck(Wrong.apply, x, raise_exception=False) is False


def test_gradcheck_says_where_a_kink_is():
    x = torch.tensor([1.0, 0.0], requires_grad=True)
    with pytest.raises(GradcheckError, match=r"kink: slope 0 below, 1 above"):
        gradcheck(torch.relu, x)


def test_gradcheck_needs_something_to_check():
    with pytest.raises(ValueError, match="requires a gradient"):
        gradcheck(torch.tanh, torch.ones(2))


@pytest.mark.parametrize(
    ("compute", "parts"),
    [
        (lambda x: (x - 1).log(), ["log()", "logarithm of 0", "from 0 to 0"]),
        (lambda x: (x * 100).exp(), ["exp()", "infinity", "overflowing exp"]),
        (lambda x: (x - 1) / (x - 1), ["0/0", "NaN"]),
        (lambda x: (x - 2).sqrt(), ["square root of a negative number"]),
    ],
)
def test_anomaly_in_forward(compute, parts):
    x = torch.ones(2, requires_grad=True)
    with pytest.raises(RuntimeError) as caught, detect_anomaly():
        compute(x)
    text = str(caught.value)
    for part in [*parts, "test_diagnosis.py", "float32[2]"]:
        assert part in text, text


def test_anomaly_in_backward_names_the_forward_line():
    x = torch.zeros(2, requires_grad=True)
    with pytest.raises(RuntimeError) as caught, detect_anomaly():
        y = x.sqrt()  # this line
        y.sum().backward()
    text = str(caught.value)
    for part in ["SqrtBackward0", "infinity", "sqrt at 0", "y = x.sqrt()  # this line"]:
        assert part in text, text


def test_anomaly_mode_is_off_outside_and_switchable():
    assert not torch.autograd.is_anomaly_enabled()
    with set_detect_anomaly(True):
        assert torch.autograd.is_anomaly_enabled()
        with set_detect_anomaly(False):
            assert torch.zeros(1).log().item() == float("-inf")
    assert not torch.autograd.is_anomaly_enabled()
    assert torch.zeros(1).log().item() == float("-inf")


def test_infinity_that_came_in_is_not_blamed_on_the_operation():
    with detect_anomaly():
        x = torch.tensor([float("inf"), 1.0], requires_grad=True)
        assert (x * 2).tolist() == [float("inf"), 2.0]


def test_anomaly_in_the_backward_of_a_custom_function():
    class Bad(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x, scale):
            return x * scale, x + 1

        @staticmethod
        def backward(ctx, g, h):
            return g * float("nan"), None

    with pytest.raises(RuntimeError) as caught, detect_anomaly():
        y, _ = Bad.apply(torch.ones(2, requires_grad=True), 3)  # this line
        y.sum().backward()
    text = str(caught.value)
    for part in ["BadBackward returned a NaN", "x: float32[2], from 1 to 1", "scale = 3", "Bad.apply", "# this line"]:
        assert part in text, text


@pytest.mark.parametrize("context", [False, True])
def test_anomaly_in_the_forward_of_a_custom_function(context):
    """What it computes by NumPy, no operation sees."""

    class Bad(torch.autograd.Function):
        if context:

            @staticmethod
            def forward(x):
                return torch.from_numpy(1 / x.numpy())

            @staticmethod
            def setup_context(ctx, inputs, output):
                pass
        else:

            @staticmethod
            def forward(ctx, x):
                return torch.from_numpy(1 / x.numpy())

    with numpy.errstate(divide="ignore"), pytest.raises(RuntimeError) as caught, detect_anomaly():
        Bad.apply(torch.zeros(2, requires_grad=True))
    assert "Bad.forward() made an infinity of finite inputs:\n  x: float32[2], from 0 to 0" in str(caught.value)


def test_other_errors_in_backward_name_the_forward_line():
    class Broken(torch.autograd.Function):
        @staticmethod
        def forward(ctx, x):
            return x * 2

        @staticmethod
        def backward(ctx, g):
            raise ZeroDivisionError("in the user's code")

    with pytest.raises(ZeroDivisionError) as caught, detect_anomaly():
        Broken.apply(torch.ones(1, requires_grad=True)).sum().backward()
    (note,) = caught.value.__notes__
    assert "BrokenBackward" in note and "Broken.apply(" in note
