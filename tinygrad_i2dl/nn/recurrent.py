"""Recurrent layers and cells: Elman networks, long short-term memory, gated recurrent units."""

from __future__ import annotations

import math
import warnings
from typing import Any

from ..ops import recurrent as ops
from ..ops.creation import zeros
from ..tensors import Tensor
from . import init
from .init import new_parameter
from .module import Module
from .utils.rnn import PackedSequence

__all__ = ["GRU", "LSTM", "RNN", "GRUCell", "LSTMCell", "RNNBase", "RNNCell", "RNNCellBase"]

_GATES = {"RNN_TANH": 1, "RNN_RELU": 1, "LSTM": 4, "GRU": 3}


def _uniform_by_hidden_size(module: Any) -> None:
    """Draw all parameters uniformly within ``1 / sqrt(hidden_size)``."""
    bound = 1.0 / math.sqrt(module.hidden_size) if module.hidden_size > 0 else 0
    for parameter in module.parameters():
        init.uniform_(parameter, -bound, bound)


class RNNBase(Module):
    """What the recurrent layers share: parameters, stacking of layers and directions, packed sequences.

    Args:
        mode: ``"RNN_TANH"``, ``"RNN_RELU"``, ``"LSTM"`` or ``"GRU"``.
        input_size: I.
        hidden_size: H.
        num_layers: L layers, each of which reads the sequence of states of the one before.
        bias: two bias vectors for each layer.
        batch_first: inputs and outputs are ``(N, T, ...)`` instead of ``(T, N, ...)``; states are not.
        dropout: probability of dropping an element between layers, in training.
        bidirectional: a second set of layers reads backwards (D = 2 directions).
        proj_size: P > 0: an LSTM's output is projected to this size.
        device: where the parameters live.
        dtype: of the parameters.
    """

    def __init__(
        self,
        mode: str,
        input_size: int,
        hidden_size: int,
        num_layers: int = 1,
        bias: bool = True,
        batch_first: bool = False,
        dropout: float = 0.0,
        bidirectional: bool = False,
        proj_size: int = 0,
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__()
        self._check(mode, input_size, hidden_size, num_layers, bias, batch_first, dropout, proj_size)
        self.mode = mode
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.num_layers = num_layers
        self.bias = bias
        self.batch_first = batch_first
        self.dropout = float(dropout)
        self.bidirectional = bidirectional
        self.proj_size = proj_size
        gates = _GATES[mode] * hidden_size
        out = proj_size or hidden_size
        directions = 2 if bidirectional else 1
        self._all_weights: list[list[str]] = []
        for layer in range(num_layers):
            for suffix in ("", "_reverse")[:directions]:
                shapes: dict[str, tuple[int, ...]] = {
                    "weight_ih": (gates, out * directions if layer else input_size),
                    "weight_hh": (gates, out),
                }
                if bias:
                    shapes["bias_ih"] = shapes["bias_hh"] = (gates,)
                if proj_size:
                    shapes["weight_hr"] = (proj_size, hidden_size)
                names = [f"{name}_l{layer}{suffix}" for name in shapes]
                for name, shape in zip(names, shapes.values(), strict=True):
                    setattr(self, name, new_parameter(*shape, device=device, dtype=dtype))
                self._all_weights.append(names)
        self.reset_parameters()

    @staticmethod
    def _check(
        mode: str,
        input_size: Any,
        hidden_size: Any,
        num_layers: Any,
        bias: Any,
        batch_first: Any,
        dropout: Any,
        proj_size: Any,
    ) -> None:
        if not isinstance(dropout, (int, float)) or isinstance(dropout, bool) or not 0 <= dropout <= 1:
            raise ValueError(f"dropout must be a number between 0 and 1, got {dropout!r}")
        if dropout > 0 and num_layers == 1:
            warnings.warn(f"dropout={dropout} acts between layers, and there is one layer", stacklevel=4)
        for name, value in (("bias", bias), ("batch_first", batch_first)):
            if not isinstance(value, bool):
                raise TypeError(f"{name} must be a bool, got {type(value).__name__}")
        for name, value in (("input_size", input_size), ("hidden_size", hidden_size)):
            if not isinstance(value, int):
                raise TypeError(f"{name} must be an int, got {type(value).__name__}")
            if value <= 0:
                raise ValueError(f"{name} must be greater than zero, got {value}")
        if num_layers <= 0:
            raise ValueError(f"num_layers must be greater than zero, got {num_layers}")
        if not 0 <= proj_size < hidden_size:
            raise ValueError(f"proj_size must be 0 (none) or less than hidden_size ({hidden_size}), got {proj_size}")
        if mode not in _GATES:
            raise ValueError(f"mode must be one of {', '.join(_GATES)}, got {mode!r}")

    def reset_parameters(self) -> None:
        """Draw the parameters anew, uniformly within ``1 / sqrt(hidden_size)``."""
        _uniform_by_hidden_size(self)

    def flatten_parameters(self) -> None:
        """Does nothing: there is no library that wants the parameters side by side in memory."""

    @property
    def all_weights(self) -> list[list[Any]]:
        """The parameters of each layer and direction."""
        return [[getattr(self, name) for name in names] for names in self._all_weights]

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        for name, usual in (
            ("proj_size", 0),
            ("num_layers", 1),
            ("bias", True),
            ("batch_first", False),
            ("dropout", 0),
            ("bidirectional", False),
        ):
            if getattr(self, name) != usual:
                text += f", {name}={getattr(self, name)}"
        return text

    # --- checks ---

    def _expected_states(self, rows: int) -> tuple[tuple[int, int, int], ...]:
        count = self.num_layers * (2 if self.bidirectional else 1)
        hidden = (count, rows, self.proj_size or self.hidden_size)
        return (hidden, (count, rows, self.hidden_size)) if self.mode == "LSTM" else (hidden,)

    def _check_input(self, input: Any, dimensions: int) -> None:
        name = type(self).__name__
        first = getattr(self, self._all_weights[0][0])
        if input._array.dtype != first._array.dtype:
            raise ValueError(
                f"{name}: the input has dtype {input.dtype}, the weights have {first.dtype}: convert one of them"
            )
        if input.ndim != dimensions:
            raise RuntimeError(f"{name} expected an input of {dimensions} dimensions, got shape {tuple(input.shape)}")
        if input.shape[-1] != self.input_size:
            raise RuntimeError(
                f"{name} expected {self.input_size} features (input_size), got shape {tuple(input.shape)}"
            )

    def _states(self, input: Any, hx: Any, rows: int, batched: bool) -> tuple[Any, ...]:
        """The initial states as a tuple of ``(L D, N, size)``."""
        expected = self._expected_states(rows)
        name = type(self).__name__
        if hx is None:
            return tuple(zeros(*shape, dtype=input.dtype, device=input.device) for shape in expected)
        if self.mode == "LSTM" and (not isinstance(hx, (tuple, list)) or len(hx) != 2):
            raise TypeError(f"LSTM expected the pair (h_0, c_0) as initial state, got {type(hx).__name__}")
        given = tuple(hx) if self.mode == "LSTM" else (hx,)
        for each in given:
            if each.ndim != (3 if batched else 2):
                raise RuntimeError(
                    f"{name}: for an input {'with' if batched else 'without'} batch dimension the initial state needs "
                    f"{3 if batched else 2} dimensions, got shape {tuple(each.shape)}"
                )
        if not batched:
            given = tuple(each.unsqueeze(1) for each in given)
        for each, shape in zip(given, expected, strict=True):
            if tuple(each.shape) != shape:
                raise RuntimeError(f"{name}: expected an initial state of shape {shape}, got {tuple(each.shape)}")
        return given

    # --- computing ---

    def forward(self, input: Any, hx: Any = None) -> Any:
        """Read sequences.

        Args:
            input: ``(T, N, I)``, ``(N, T, I)`` with `batch_first`, ``(T, I)``, or a PackedSequence.
            hx: initial state ``(L D, N, H)``, by default zero; a pair of hidden and cell state for LSTM.

        Returns:
            the last layer's states at all steps, ``(T, N, D H)`` and so on or a PackedSequence, and the last states
            of all layers, in the form of `hx`.
        """
        if isinstance(input, PackedSequence):
            return self._forward_packed(input, hx)
        name = type(self).__name__
        if input.ndim not in (2, 3):
            raise ValueError(f"{name} expected an input of 2 or 3 dimensions, got shape {tuple(input.shape)}")
        batched = input.ndim == 3
        sequence = input
        if not batched:
            sequence = input.unsqueeze(1)
        elif self.batch_first:
            sequence = input.transpose(0, 1)
        self._check_input(sequence, 3)
        states = self._states(sequence, hx, sequence.shape[1], batched)
        output, final = self._run(sequence, states, None)
        if not batched:
            output, final = output.squeeze(1), tuple(each.squeeze(1) for each in final)
        elif self.batch_first:
            output = output.transpose(0, 1)
        return output, final if self.mode == "LSTM" else final[0]

    def _forward_packed(self, packed: PackedSequence, hx: Any) -> Any:
        data, batch_sizes, order, inverse = packed
        self._check_input(data, 2)
        states = self._states(data, hx, int(batch_sizes[0]), True)
        if hx is not None and order is not None:
            states = tuple(each.index_select(1, order) for each in states)
        output, final = self._run(data, states, batch_sizes)
        if inverse is not None:
            final = tuple(each.index_select(1, inverse) for each in final)
        return PackedSequence(output, batch_sizes, order, inverse), final if self.mode == "LSTM" else final[0]

    def _run(self, sequence: Any, states: tuple[Any, ...], sizes: Any) -> tuple[Any, tuple[Any, ...]]:
        """All layers and directions of ``(T, N, I)``, or of packed data with its batch sizes."""
        lead = (sequence,) if sizes is None else (sequence, sizes)
        weights = [getattr(self, name) for names in self._all_weights for name in names]
        output, *final = self._operation()(
            *lead,
            states if self.mode == "LSTM" else states[0],
            weights,
            self.bias,
            self.num_layers,
            self.dropout,
            self.training,
            self.bidirectional,
        )
        return output, tuple(final)

    def _operation(self) -> Any:
        return {"LSTM": ops.lstm, "GRU": ops.gru, "RNN_TANH": ops.rnn_tanh, "RNN_RELU": ops.rnn_relu}[self.mode]


class RNN(RNNBase):
    """Elman network: ``h_t = tanh(W_ih x_t + b_ih + W_hh h_(t-1) + b_hh)``, or relu in place of tanh (`nonlinearity`).

    Arguments, inputs and outputs as in `RNNBase`; `nonlinearity` follows `num_layers`.

    >>> import tinygrad_i2dl as torch
    >>> output, h = torch.nn.RNN(10, 20, num_layers=2)(torch.ones(5, 3, 10))
    >>> output.shape, h.shape
    (torch.Size([5, 3, 20]), torch.Size([2, 3, 20]))
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "proj_size" in kwargs:
            raise ValueError("proj_size is for LSTM, not for RNN or GRU")
        if len(args) > 3:
            self.__dict__["nonlinearity"] = args[3]
            args = args[:3] + args[4:]
        else:
            self.__dict__["nonlinearity"] = kwargs.pop("nonlinearity", "tanh")
        if self.nonlinearity not in ("tanh", "relu"):
            raise ValueError(f"nonlinearity must be 'tanh' or 'relu', got {self.nonlinearity!r}")
        super().__init__(f"RNN_{self.nonlinearity.upper()}", *args, **kwargs)


class LSTM(RNNBase):
    """Long short-term memory (S. Hochreiter and J. Schmidhuber, 1997, with forget gates).

    ``i, f, o = sigmoid(...)``, ``g = tanh(...)``, ``c_t = f c_(t-1) + i g``, ``h_t = o tanh(c_t)``, each gate of
    ``W_ih x_t + b_ih + W_hh h_(t-1) + b_hh``, in the order i, f, g, o. Arguments, inputs and outputs as in `RNNBase`.

    >>> import tinygrad_i2dl as torch
    >>> output, (h, c) = torch.nn.LSTM(10, 20, batch_first=True)(torch.ones(3, 5, 10))
    >>> output.shape, h.shape, c.shape
    (torch.Size([3, 5, 20]), torch.Size([1, 3, 20]), torch.Size([1, 3, 20]))
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__("LSTM", *args, **kwargs)

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        self.__dict__.setdefault("proj_size", 0)


class GRU(RNNBase):
    """Gated recurrent unit (K. Cho et al., 2014).

    ``r, z = sigmoid(...)``, ``n = tanh(W_in x_t + b_in + r (W_hn h_(t-1) + b_hn))``, ``h_t = (1 - z) n + z h_(t-1)``,
    in the order r, z, n. Arguments, inputs and outputs as in `RNNBase`.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        if "proj_size" in kwargs:
            raise ValueError("proj_size is for LSTM, not for RNN or GRU")
        super().__init__("GRU", *args, **kwargs)


class RNNCellBase(Module):
    """What the cells share: one step of a recurrent layer, parameters without layer numbers."""

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool, num_chunks: int, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__()
        self.input_size = input_size
        self.hidden_size = hidden_size
        self.bias = bias
        rows = num_chunks * hidden_size
        self.weight_ih: Any = new_parameter(rows, input_size, device=device, dtype=dtype)
        self.weight_hh: Any = new_parameter(rows, hidden_size, device=device, dtype=dtype)
        self.bias_ih: Any
        self.bias_hh: Any
        self.register_parameter("bias_ih", new_parameter(rows, device=device, dtype=dtype) if bias else None)
        self.register_parameter("bias_hh", new_parameter(rows, device=device, dtype=dtype) if bias else None)
        self.reset_parameters()

    def reset_parameters(self) -> None:
        """Draw the parameters anew, uniformly within ``1 / sqrt(hidden_size)``."""
        _uniform_by_hidden_size(self)

    def extra_repr(self) -> str:
        text = f"{self.input_size}, {self.hidden_size}"
        if self.bias is not True:
            text += f", bias={self.bias}"
        if getattr(self, "nonlinearity", "tanh") != "tanh":
            text += f", nonlinearity={self.nonlinearity}"
        return text

    def _prepared(self, input: Any, states: tuple[Any, ...] | None, count: int) -> tuple[Any, tuple[Any, ...]]:
        """Input and states with a batch dimension; zeros for states that are not given."""
        name = type(self).__name__
        for what, each in (("an input", input), *(("a state", each) for each in states or ())):
            if each.ndim not in (1, 2):
                raise ValueError(f"{name} expected {what} of 1 or 2 dimensions, got shape {tuple(each.shape)}")
        batched = input.ndim == 2
        rows = input if batched else input.unsqueeze(0)
        if states is None:
            states = (zeros(rows.shape[0], self.hidden_size, dtype=rows.dtype, device=rows.device),) * count
        elif not batched:
            states = tuple(each.unsqueeze(0) for each in states)
        if rows.shape[-1] != self.input_size:
            raise RuntimeError(
                f"{name} expected {self.input_size} features (input_size), got shape {tuple(input.shape)}"
            )
        for each in states:
            if tuple(each.shape) != (rows.shape[0], self.hidden_size):
                raise RuntimeError(
                    f"{name} expected a state of shape {(rows.shape[0], self.hidden_size)}, got {tuple(each.shape)}"
                )
        return rows, states


class RNNCell(RNNCellBase):
    """One step of `RNN`: input ``(N, I)`` or ``(I,)`` and state to the next state."""

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        bias: bool = True,
        nonlinearity: str = "tanh",
        device: Any = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 1, device, dtype)
        self.nonlinearity = nonlinearity

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        rows, states = self._prepared(input, None if hx is None else (hx,), 1)
        if self.nonlinearity not in ("tanh", "relu"):
            raise RuntimeError(f"nonlinearity must be 'tanh' or 'relu', got {self.nonlinearity!r}")
        cell = ops.rnn_tanh_cell if self.nonlinearity == "tanh" else ops.rnn_relu_cell
        result: Any = cell(rows, *states, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        return result if input.ndim == 2 else result.squeeze(0)  # type: ignore[no-any-return]


class LSTMCell(RNNCellBase):
    """One step of `LSTM`: input ``(N, I)`` or ``(I,)`` and the pair of states to the next pair."""

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 4, device, dtype)

    def forward(self, input: Tensor, hx: tuple[Tensor, Tensor] | None = None) -> tuple[Tensor, Tensor]:
        rows, states = self._prepared(input, None if hx is None else tuple(hx), 2)
        result: Any = ops.lstm_cell(rows, states, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        return tuple(each if input.ndim == 2 else each.squeeze(0) for each in result)


class GRUCell(RNNCellBase):
    """One step of `GRU`: input ``(N, I)`` or ``(I,)`` and state to the next state."""

    def __init__(
        self, input_size: int, hidden_size: int, bias: bool = True, device: Any = None, dtype: Any = None
    ) -> None:
        super().__init__(input_size, hidden_size, bias, 3, device, dtype)

    def forward(self, input: Tensor, hx: Tensor | None = None) -> Tensor:
        rows, states = self._prepared(input, None if hx is None else (hx,), 1)
        result: Any = ops.gru_cell(rows, *states, self.weight_ih, self.weight_hh, self.bias_ih, self.bias_hh)
        return result if input.ndim == 2 else result.squeeze(0)  # type: ignore[no-any-return]
