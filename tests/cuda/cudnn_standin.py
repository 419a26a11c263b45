"""A stand-in for the package ``cudnn`` (nvidia-cudnn-frontend): the calls that convolution makes of it, and no others.

Graphs are computed by PyTorch on the CPU, from the addresses that are given to `execute`, as cuDNN reads them: nothing
is known of the arrays but their address. The signatures are held against the real package by `test_cudnn.py`.
"""

from __future__ import annotations

import ctypes
import math
from types import SimpleNamespace
from typing import Any

import numpy
import torch as oracle

ORDER = ("validate", "build_operation_graph", "create_execution_plans")


# What the plans of a graph do, the one that is preferred first.
PLANS: tuple[tuple[str, ...], ...] = (("down",), ("reduced", "core"), ("core",), ("random",), ())


class cudnnGraphNotSupportedError(RuntimeError):
    """What the package raises for what cuDNN does not serve."""


class Tensor:
    """A tensor of a graph."""

    def __init__(self, dim: Any = None, stride: Any = None, data_type: Any = None, uid: Any = None) -> None:
        self.dim, self.stride, self.data_type, self.uid, self.output = dim, stride, data_type, uid, False

    def set_uid(self, uid: int) -> Tensor:
        self.uid = uid
        return self

    def set_output(self, value: bool) -> Tensor:
        self.output = value
        return self

    def set_data_type(self, dtype: Any) -> Tensor:
        self.data_type = dtype
        return self

    def set_dim(self, dim: list[int]) -> Tensor:
        self.dim = dim
        return self

    def set_stride(self, stride: list[int]) -> Tensor:
        self.stride = stride
        return self


def strides(dim: list[int]) -> list[int]:
    return [math.prod(dim[place + 1 :]) for place in range(len(dim))]


class Cudnn:
    """The package, with what was done with it: `built` graphs, `runs`, the notes that were `refused`, the streams that
    were set. `unsupported` says which problems it plans not, `workspace` how much memory a plan asks for."""

    data_type = SimpleNamespace(HALF="float16", BFLOAT16="bfloat16", FLOAT="float32")
    heur_mode = SimpleNamespace(A="A", FALLBACK="FALLBACK")
    numerical_note = SimpleNamespace(
        DOWN_CONVERT_INPUTS="down", REDUCED_PRECISION_REDUCTION="reduced", TENSOR_CORE="core", NONDETERMINISTIC="random"
    )
    cudnnGraphNotSupportedError = cudnnGraphNotSupportedError

    def __init__(self) -> None:
        self.built: list[Any] = []
        self.runs: list[Any] = []
        self.refused: list[list[Any]] = []
        self.handles: list[Any] = []
        self.streams: list[int] = []
        self.workspace = 512
        self.unsupported = False
        self.failing = False

    def backend_version(self) -> int:
        return 91300

    def create_handle(self) -> Any:
        self.handles.append(object())
        return self.handles[-1]

    def set_stream(self, handle: Any, stream: int) -> None:
        assert handle in self.handles
        self.streams.append(stream)

    def pygraph(
        self, name: str = "", io_data_type: Any = None, intermediate_data_type: Any = None,
        compute_data_type: Any = None, handle: Any = None,
    ) -> Graph:  # fmt: skip
        assert (intermediate_data_type, compute_data_type) == ("float32", "float32") and handle in self.handles
        return Graph(self, io_data_type, handle)


class Graph:
    """One operation, planned and run."""

    def __init__(self, library: Cudnn, kind: Any, handle: Any) -> None:
        self.library, self.kind, self.handle, self.done = library, kind, handle, 0
        self.notes: list[Any] = []
        self.chosen: tuple[str, ...] | None = None

    def tensor(self, dim: list[int], stride: list[int], data_type: Any, name: str, uid: int) -> Tensor:
        assert stride == strides(dim) and data_type == self.kind
        return Tensor(dim, stride, data_type, uid)

    def _operation(self, kind: str, left: Tensor, right: Tensor, options: dict[str, Any]) -> Tensor:
        assert options["pre_padding"] == options["post_padding"] and options["compute_data_type"] == "float32"
        assert {len(options[each]) for each in ("pre_padding", "stride", "dilation")} == {len(left.dim) - 2}
        self.operation, self.operands, self.options = kind, (left, right), options
        self.result = Tensor()
        return self.result

    def conv_fprop(self, image: Tensor, weight: Tensor, **options: Any) -> Tensor:
        return self._operation("forward", image, weight, options)

    def conv_dgrad(self, loss: Tensor, filter: Tensor, **options: Any) -> Tensor:
        return self._operation("input", loss, filter, options)

    def conv_wgrad(self, image: Tensor, loss: Tensor, **options: Any) -> Tensor:
        return self._operation("weight", image, loss, options)

    def _next(self, step: str) -> None:
        assert ORDER[self.done] == step
        self.done += 1

    def validate(self) -> None:
        self._next("validate")
        assert self.result.output and self.result.stride == strides(self.result.dim) and len(self.result.dim) in (4, 5)

    def build_operation_graph(self) -> None:
        self._next("build_operation_graph")

    def create_execution_plans(self, heuristics: Any = None) -> None:
        self._next("create_execution_plans")
        assert heuristics == ["A", "FALLBACK"]

    def deselect_numeric_notes(self, notes: list[Any]) -> None:
        self.notes = notes
        self.library.refused.append(notes)

    def deselect_workspace_greater_than(self, workspace_limit: int) -> None:
        assert workspace_limit >= 1 << 20

    def get_execution_plan_count(self) -> int:
        return len(PLANS)

    def build_plan_at_index(self, index: int) -> None:
        if not set(PLANS[index]).isdisjoint(self.notes):
            raise RuntimeError("Deselecting execution plan")
        if self.library.unsupported:
            raise cudnnGraphNotSupportedError("no engine supports this graph")
        self.chosen = PLANS[index]
        self.library.built.append(self)

    def get_workspace_size(self) -> int:
        return self.library.workspace

    def execute(self, tensor_dict: dict[int, int], workspace: int | None = None, handle: Any = None) -> None:
        assert self.done == len(ORDER) and handle is self.handle and self in self.library.built
        assert (workspace is not None) == bool(self.library.workspace)
        assert all(type(address) is int and address % 16 == 0 for address in tensor_dict.values())
        if self.library.failing:
            raise RuntimeError("CUDNN_STATUS_EXECUTION_FAILED")
        self.library.runs.append(self.operation)
        left, right, result = (self._array(tensor_dict[each.uid], each.dim) for each in (*self.operands, self.result))
        a, b = (oracle.from_numpy(each.astype("float32")) for each in (left, right))
        dims = left.ndim - 2
        options = {
            "stride": self.options["stride"], "padding": self.options["pre_padding"],
            "dilation": self.options["dilation"],
        }  # fmt: skip
        shape, gradients = tuple(result.shape), oracle.nn.grad
        if self.operation == "forward":
            groups = left.shape[1] // right.shape[1]
            made = getattr(oracle.nn.functional, f"conv{dims}d")(a, b, groups=groups, **options)
        elif self.operation == "input":
            groups = shape[1] // right.shape[1]
            made = getattr(gradients, f"conv{dims}d_input")(shape, b, a, groups=groups, **options)
        else:
            groups = left.shape[1] // shape[1]
            made = getattr(gradients, f"conv{dims}d_weight")(a, shape, b, groups=groups, **options)
        result[...] = made.numpy()

    def _array(self, address: int, dim: list[int]) -> Any:
        dtype = numpy.dtype(self.kind)
        memory = (ctypes.c_char * (math.prod(dim) * dtype.itemsize)).from_address(address)
        return numpy.frombuffer(memory, dtype).reshape(dim)
