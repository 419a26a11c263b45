"""Convolution layers, plain and transposed, in one, two and three dimensions."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

from ..tensors import Tensor
from . import functional as F
from .init import new_parameter
from .lazy import LazyModuleMixin
from .linear import reset_affine
from .module import Module, UninitializedParameter

__all__ = [
    "Conv1d",
    "Conv2d",
    "Conv3d",
    "ConvTranspose1d",
    "ConvTranspose2d",
    "ConvTranspose3d",
    "LazyConv1d",
    "LazyConv2d",
    "LazyConv3d",
    "LazyConvTranspose1d",
    "LazyConvTranspose2d",
    "LazyConvTranspose3d",
]

_PADDING_MODES = ("zeros", "reflect", "replicate", "circular")


def sizes(value: Any, count: int) -> tuple[Any, ...]:
    """`value` as `count` numbers: repeated if it is one, itself if it is a sequence."""
    return tuple(value) if isinstance(value, Sequence) and not isinstance(value, str) else (value,) * count


_single = functools.partial(sizes, count=1)
_pair = functools.partial(sizes, count=2)
_triple = functools.partial(sizes, count=3)


class _ConvNd(Module):
    """What all convolutions share: their numbers, weight, bias and text."""

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: tuple[int, ...],
        stride: tuple[int, ...],
        padding: Any,
        dilation: tuple[int, ...],
        transposed: bool,
        output_padding: tuple[int, ...],
        groups: int,
        bias: bool,
        padding_mode: str,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        if groups <= 0:
            raise ValueError(f"groups must be a positive integer, got {groups}")
        if in_channels % groups or out_channels % groups:
            raise ValueError(
                f"in_channels ({in_channels}) and out_channels ({out_channels}) must be divisible by groups ({groups})"
            )
        if isinstance(padding, str):
            if padding not in ("same", "valid"):
                raise ValueError(f"padding must be numbers, 'same' or 'valid', got {padding!r}")
            if padding == "same" and any(each != 1 for each in stride):
                raise ValueError(f"padding='same' needs stride 1, got stride {stride}")
        if padding_mode not in _PADDING_MODES:
            raise ValueError(f"padding_mode must be one of {', '.join(_PADDING_MODES)}, got {padding_mode!r}")
        self.in_channels = in_channels
        self.out_channels = out_channels
        self.kernel_size = kernel_size
        self.stride = stride
        self.padding = padding
        self.dilation = dilation
        self.transposed = transposed
        self.output_padding = output_padding
        self.groups = groups
        self.padding_mode = padding_mode
        self._reversed_padding_repeated_twice = self._amounts()
        channels = (in_channels, out_channels // groups) if transposed else (out_channels, in_channels // groups)
        self.weight: Any = new_parameter(*channels, *kernel_size, device=device, dtype=dtype)
        if bias:
            self.bias: Any = new_parameter(out_channels, device=device, dtype=dtype)
        else:
            self.register_parameter("bias", None)
        self.reset_parameters()

    def _amounts(self) -> list[int]:
        """The padding as `F.pad` takes it: before and after, last dimension first."""
        if self.padding == "valid":
            return [0, 0] * len(self.kernel_size)
        if self.padding == "same":
            totals = [d * (k - 1) for d, k in zip(self.dilation, self.kernel_size, strict=True)]
            return [amount for total in reversed(totals) for amount in (total // 2, total - total // 2)]
        return [amount for each in reversed(self.padding) for amount in (each, each)]

    def reset_parameters(self) -> None:
        """Draw the parameters anew."""
        reset_affine(self.weight, self.bias)

    def extra_repr(self) -> str:
        count = len(self.kernel_size)
        text = f"{self.in_channels}, {self.out_channels}, kernel_size={self.kernel_size}, stride={self.stride}"
        if self.padding != (0,) * count:
            text += f", padding={self.padding}"
        if self.dilation != (1,) * count:
            text += f", dilation={self.dilation}"
        if self.output_padding != (0,) * count:
            text += f", output_padding={self.output_padding}"
        if self.groups != 1:
            text += f", groups={self.groups}"
        if self.bias is None:
            text += ", bias=False"
        if self.padding_mode != "zeros":
            text += f", padding_mode={self.padding_mode}"
        return text

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self.__dict__.setdefault("padding_mode", "zeros")


class _Convolution(_ConvNd):
    """A plain convolution of `dimensions` dimensions."""

    dimensions: int
    _convolve: Any  # the operation, as a static method

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        dilation: Any = 1,
        groups: int = 1,
        bias: bool = True,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        count = self.dimensions
        super().__init__(
            in_channels,
            out_channels,
            sizes(kernel_size, count),
            sizes(stride, count),
            padding if isinstance(padding, str) else sizes(padding, count),
            sizes(dilation, count),
            False,
            (0,) * count,
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        if self.padding_mode == "zeros":
            return self._convolve(input, weight, bias, self.stride, self.padding, self.dilation, self.groups)  # type: ignore[no-any-return]
        padded = F.pad(input, self._reversed_padding_repeated_twice, mode=self.padding_mode)
        return self._convolve(padded, weight, bias, self.stride, 0, self.dilation, self.groups)  # type: ignore[no-any-return]

    def forward(self, input: Tensor) -> Tensor:
        return self._conv_forward(input, self.weight, self.bias)


class Conv1d(_Convolution):
    """Cross-correlation along the last dimension: ``(N, C_in, L)`` or ``(C_in, L)`` to ``(N, C_out, L_out)``; see
    `Conv2d`.
    """

    dimensions = 1
    _convolve = staticmethod(F.conv1d)


class Conv2d(_Convolution):
    """Cross-correlation of images: ``(N, C_in, H, W)`` or ``(C_in, H, W)`` to ``(N, C_out, H_out, W_out)``.

    ``H_out = floor((H + 2 padding - dilation (kernel_size - 1) - 1) / stride) + 1``, and alike for W.

    Args:
        in_channels: C_in.
        out_channels: C_out.
        kernel_size: height and width of the kernel, one number for both.
        stride: step of the kernel.
        padding: rows and columns added on each side, or ``"valid"`` (none), or ``"same"`` (output of the input's size).
        dilation: distance between the elements of the kernel.
        groups: blocks of channels that do not see each other; ``in_channels`` makes it depthwise.
        bias: add a number per output channel.
        padding_mode: what is added: ``"zeros"``, ``"reflect"``, ``"replicate"`` or ``"circular"``.
        device: where the parameters live.
        dtype: of the parameters.

    Attributes:
        weight: ``(out_channels, in_channels / groups, *kernel_size)``, uniform within ``1 / sqrt(fan_in)``.
        bias: ``(out_channels,)``, drawn like the weight.

    >>> import tinygrad_i2dl as torch
    >>> torch.nn.Conv2d(3, 8, 3, stride=2, padding=1)(torch.ones(1, 3, 32, 32)).shape
    torch.Size([1, 8, 16, 16])
    """

    dimensions = 2
    _convolve = staticmethod(F.conv2d)


class Conv3d(_Convolution):
    """Cross-correlation of volumes: ``(N, C_in, D, H, W)`` to ``(N, C_out, D_out, H_out, W_out)``; see `Conv2d`."""

    dimensions = 3
    _convolve = staticmethod(F.conv3d)


class _ConvTransposeNd(_ConvNd):
    """A transposed convolution of `dimensions` dimensions."""

    dimensions: int
    _convolve: Any

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: Any,
        stride: Any = 1,
        padding: Any = 0,
        output_padding: Any = 0,
        groups: int = 1,
        bias: bool = True,
        dilation: Any = 1,
        padding_mode: str = "zeros",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        if padding_mode != "zeros":
            raise ValueError(f"{type(self).__name__} knows only padding_mode='zeros', got {padding_mode!r}")
        count = self.dimensions
        super().__init__(
            in_channels,
            out_channels,
            sizes(kernel_size, count),
            sizes(stride, count),
            sizes(padding, count),
            sizes(dilation, count),
            True,
            sizes(output_padding, count),
            groups,
            bias,
            padding_mode,
            device,
            dtype,
        )

    def _output_padding(self, input: Tensor, output_size: Sequence[int] | None) -> tuple[int, ...]:
        if output_size is None:
            return self.output_padding
        count = self.dimensions
        wanted = tuple(output_size)
        before = input.ndim - count
        if len(wanted) == before + count:
            wanted = wanted[before:]
        if len(wanted) != count:
            raise ValueError(
                f"{type(self).__name__}: output_size needs {count} or {before + count} numbers for an input of shape "
                f"{tuple(input.shape)}, got {len(wanted)}"
            )
        smallest = [
            (size - 1) * stride - 2 * padding + dilation * (kernel - 1) + 1
            for size, stride, padding, dilation, kernel in zip(
                input.shape[before:], self.stride, self.padding, self.dilation, self.kernel_size, strict=True
            )
        ]
        largest = [low + stride - 1 for low, stride in zip(smallest, self.stride, strict=True)]
        if any(not low <= size <= high for low, size, high in zip(smallest, wanted, largest, strict=True)):
            raise ValueError(
                f"{type(self).__name__}: output_size {list(wanted)} is not between {smallest} and {largest}, which an "
                f"input of "
                f"shape {tuple(input.shape)} can give"
            )
        return tuple(size - low for size, low in zip(wanted, smallest, strict=True))

    def forward(self, input: Tensor, output_size: Sequence[int] | None = None) -> Tensor:
        padding = self.output_padding if output_size is None else self._output_padding(input, output_size)
        return self._convolve(  # type: ignore[no-any-return]
            input, self.weight, self.bias, self.stride, self.padding, padding, self.groups, self.dilation
        )


class ConvTranspose1d(_ConvTransposeNd):
    """The gradient of `Conv1d` by its input, used as a layer; see `ConvTranspose2d`."""

    dimensions = 1
    _convolve = staticmethod(F.conv_transpose1d)


class ConvTranspose2d(_ConvTransposeNd):
    """The gradient of `Conv2d` by its input, used as a layer: ``(N, C_in, H, W)`` to ``(N, C_out, H_out, W_out)``.

    ``H_out = (H - 1) stride - 2 padding + dilation (kernel_size - 1) + output_padding + 1``. A strided convolution
    maps several
    input sizes to one output size: ``output_padding``, or ``output_size`` in the call, says which of them is meant.

    Attributes:
        weight: ``(in_channels, out_channels / groups, *kernel_size)``.
        bias: ``(out_channels,)``.

    >>> import tinygrad_i2dl as torch
    >>> up = torch.nn.ConvTranspose2d(16, 8, 3, stride=2, padding=1)
    >>> up(torch.ones(1, 16, 6, 6), output_size=[12, 12]).shape
    torch.Size([1, 8, 12, 12])
    """

    dimensions = 2
    _convolve = staticmethod(F.conv_transpose2d)


class ConvTranspose3d(_ConvTransposeNd):
    """The gradient of `Conv3d` by its input, used as a layer; see `ConvTranspose2d`."""

    dimensions = 3
    _convolve = staticmethod(F.conv_transpose3d)


class _LazyConvolution(LazyModuleMixin, _ConvNd):
    """What the lazy convolutions share: ``in_channels`` comes from the first input."""

    dimensions: int

    def __init__(self, out_channels: int, kernel_size: Any, *args: Any, **kwargs: Any) -> None:
        bias, kwargs, args = self._without_bias(args, kwargs)
        device, dtype = kwargs.get("device"), kwargs.get("dtype")
        super().__init__(0, 0, kernel_size, *args, **kwargs)
        self.weight = UninitializedParameter(device=device, dtype=dtype)
        self.out_channels = out_channels
        if out_channels % self.groups:
            raise ValueError(f"out_channels ({out_channels}) must be divisible by groups ({self.groups})")
        if bias:
            self.bias = UninitializedParameter(device=device, dtype=dtype)

    def _without_bias(
        self, args: tuple[Any, ...], kwargs: dict[str, Any]
    ) -> tuple[bool, dict[str, Any], tuple[Any, ...]]:
        """Take `bias` out of the constructor's arguments: while it has no shape, the base class makes none."""
        names: tuple[str, ...] = ("stride", "padding", "dilation", "groups", "bias", "padding_mode", "device", "dtype")
        if isinstance(self, _ConvTransposeNd):
            names = (
                "stride",
                "padding",
                "output_padding",
                "groups",
                "bias",
                "dilation",
                "padding_mode",
                "device",
                "dtype",
            )
        if len(args) > len(names):
            raise TypeError(f"{type(self).__name__}() takes at most {len(names) + 2} arguments, got {len(args) + 2}")
        given = {**dict(zip(names, args, strict=False)), **kwargs}
        bias = bool(given.get("bias", True))
        given["bias"] = False
        return bias, given, ()

    def reset_parameters(self) -> None:
        """Draw the parameters anew, once they have a shape."""
        if not self.has_uninitialized_params() and self.in_channels != 0:
            super().reset_parameters()

    def initialize_parameters(self, input: Tensor, *args: Any, **kwargs: Any) -> None:
        """Take ``in_channels`` from `input`."""
        if not self.has_uninitialized_params():
            if self.in_channels == 0:  # loaded from a state dict
                self.in_channels = self.weight.shape[0 if self.transposed else 1] * (
                    1 if self.transposed else self.groups
                )
            return
        count = self.dimensions
        if input.ndim not in (count + 1, count + 2):
            raise RuntimeError(
                f"{type(self).__name__} expected an input of {count + 1} (unbatched) or {count + 2} dimensions, got "
                f"shape {tuple(input.shape)}"
            )
        self.in_channels = input.shape[-count - 1]
        if self.in_channels % self.groups:
            raise ValueError(f"in_channels ({self.in_channels}) must be divisible by groups ({self.groups})")
        pair = (self.in_channels, self.out_channels) if self.transposed else (self.out_channels, self.in_channels)
        self.weight.materialize((pair[0], pair[1] // self.groups, *self.kernel_size))
        if self.bias is not None:
            self.bias.materialize((self.out_channels,))
        self.reset_parameters()


class LazyConv1d(_LazyConvolution, Conv1d):
    """`Conv1d` whose ``in_channels`` comes from the first input."""

    cls_to_become = Conv1d


class LazyConv2d(_LazyConvolution, Conv2d):
    """`Conv2d` whose ``in_channels`` comes from the first input.

    >>> import tinygrad_i2dl as torch
    >>> layer = torch.nn.LazyConv2d(8, 3)
    >>> _ = layer(torch.ones(1, 3, 5, 5))
    >>> layer
    Conv2d(3, 8, kernel_size=(3, 3), stride=(1, 1))
    """

    cls_to_become = Conv2d


class LazyConv3d(_LazyConvolution, Conv3d):
    """`Conv3d` whose ``in_channels`` comes from the first input."""

    cls_to_become = Conv3d


class LazyConvTranspose1d(_LazyConvolution, ConvTranspose1d):
    """`ConvTranspose1d` whose ``in_channels`` comes from the first input."""

    cls_to_become = ConvTranspose1d


class LazyConvTranspose2d(_LazyConvolution, ConvTranspose2d):
    """`ConvTranspose2d` whose ``in_channels`` comes from the first input."""

    cls_to_become = ConvTranspose2d


class LazyConvTranspose3d(_LazyConvolution, ConvTranspose3d):
    """`ConvTranspose3d` whose ``in_channels`` comes from the first input."""

    cls_to_become = ConvTranspose3d
