"""Convolution by cuDNN, through the Python package ``nvidia-cudnn-frontend``: asked before our own kernels.

A *plan* is a convolution of given sizes, built once per thread and GPU and kept: cuDNN's handles belong to one thread.
What cuDNN cannot plan is remembered with the reason, which profiles show, and our own kernels compute it. One dimension
is computed as two.
"""

from __future__ import annotations

import collections
import math
import threading
from dataclasses import dataclass
from typing import Any

import numpy

from .. import cudnn as switches
from .. import cudnn_library
from .convolution import counts_of_windows, is_product_of_matrices, sizes_fit
from .launch import launcher

Array = Any
Sizes = tuple[int, ...]

__all__ = ["KERNELS", "Problem", "detail", "graph_of", "refusal"]

DTYPES = {"float16": "HALF", "bfloat16": "BFLOAT16", "float32": "FLOAT"}
ALIGNMENT = 16  # bytes; what the graphs promise of addresses
MOST_WORKSPACE = 1 << 30  # bytes; plans that want more are not taken
KEPT = 256  # plans of a thread and GPU
LEFT, RIGHT, RESULT = 1, 2, 3  # how a graph calls its arrays


@dataclass(frozen=True)
class Problem:
    """A convolution without its data. `direction` is ``forward`` (image and filter give the result), ``input``
    (gradient and filter give the image's gradient) or ``weight`` (image and gradient give the filter's); `image`,
    `filter` and `outcome` are the shapes of forward, with two or three spatial dimensions."""

    direction: str
    dtype: str
    image: Sizes
    filter: Sizes
    outcome: Sizes
    stride: Sizes
    padding: Sizes
    dilation: Sizes
    tf32: bool
    deterministic: bool

    def operands(self) -> tuple[Sizes, Sizes, Sizes]:
        """Shapes of the two inputs and of the result."""
        if self.direction == "forward":
            return self.image, self.filter, self.outcome
        return (self.outcome, self.filter, self.image) if self.direction == "input" else (
            self.image, self.outcome, self.filter
        )  # fmt: skip


def _row_major(sizes: Sizes) -> list[int]:
    return [math.prod(sizes[place + 1 :]) for place in range(len(sizes))]


def graph_of(cudnn: Any, problem: Problem, handle: Any) -> Any:
    """The validated graph of a problem: its sums are made in float32. Raises what cuDNN's package raises for sizes that
    it does not take."""
    kind, single = getattr(cudnn.data_type, DTYPES[problem.dtype]), cudnn.data_type.FLOAT
    graph = cudnn.pygraph(
        name="convolution", io_data_type=kind, intermediate_data_type=single, compute_data_type=single, handle=handle
    )
    left, right, result_sizes = problem.operands()
    first, second = (
        graph.tensor(dim=list(sizes), stride=_row_major(sizes), data_type=kind, name=name, uid=uid)
        for sizes, name, uid in ((left, "left", LEFT), (right, "right", RIGHT))
    )
    options = {
        "pre_padding": list(problem.padding), "post_padding": list(problem.padding), "stride": list(problem.stride),
        "dilation": list(problem.dilation), "compute_data_type": single,
    }  # fmt: skip
    if problem.direction == "forward":
        result = graph.conv_fprop(image=first, weight=second, **options)
    elif problem.direction == "input":
        result = graph.conv_dgrad(loss=first, filter=second, **options)
    else:
        result = graph.conv_wgrad(image=first, loss=second, **options)
    result.set_uid(RESULT)
    result.set_output(True)
    result.set_data_type(kind)
    result.set_dim(list(result_sizes))
    result.set_stride(_row_major(result_sizes))
    graph.validate()
    return graph


def refused_notes(cudnn: Any, problem: Problem) -> list[Any]:
    """What an algorithm must not do: round inputs or sums of float32 to less unless TF32 is allowed, make the sums of
    half precision in half precision, or vary from run to run if that was asked for."""
    note = cudnn.numerical_note
    notes = [note.DOWN_CONVERT_INPUTS] if problem.dtype == "float32" else [note.REDUCED_PRECISION_REDUCTION]
    if problem.dtype == "float32" and not problem.tf32:
        notes.append(note.TENSOR_CORE)
    return [*notes, note.NONDETERMINISTIC] if problem.deterministic else notes


class Plan:
    """How cuDNN computes a problem, on the GPU and by the thread of `handle`."""

    def __init__(self, cudnn: Any, problem: Problem, handle: Any) -> None:
        self._cudnn, self._handle = cudnn, handle
        graph = self._graph = graph_of(cudnn, problem, handle)
        graph.build_operation_graph()
        graph.create_execution_plans([cudnn.heur_mode.A, cudnn.heur_mode.FALLBACK])
        graph.deselect_numeric_notes(refused_notes(cudnn, problem))
        graph.deselect_workspace_greater_than(MOST_WORKSPACE)
        self.workspace = self._build()

    def _build(self) -> int:
        """Build the first plan, in the order of cuDNN's heuristics, that is not deselected and can be built; its
        workspace in bytes. Raises `RuntimeError` with each one's reason if there is none."""
        graph, refusals = self._graph, []
        for index in range(graph.get_execution_plan_count()):
            try:
                graph.build_plan_at_index(index)
                size = int(graph.get_workspace_size())
            except Exception as error:  # deselected, or not for this GPU: the package raises several types
                refusals.append(str(error))
                continue
            if size <= MOST_WORKSPACE:
                return size
            refusals.append(f"a workspace of {size} bytes")
        raise RuntimeError("; ".join(dict.fromkeys(refusals)) or "there is none")

    def run(self, left: Array, right: Array, result: Array) -> None:
        """Launch it on the current stream; arrays lie in order, at aligned addresses."""
        library = launcher().library
        # The pool keeps freed memory for the same stream: the workspace may go before the GPU is done with it.
        workspace = library.empty(self.workspace, dtype=numpy.uint8) if self.workspace else None
        self._cudnn.set_stream(handle=self._handle, stream=library.cuda.get_current_stream().ptr)
        self._graph.execute(
            {LEFT: left.data.ptr, RIGHT: right.data.ptr, RESULT: result.data.ptr},
            workspace=None if workspace is None else workspace.data.ptr,
            handle=self._handle,
        )


class _Thread(threading.local):
    """A thread's handles by GPU, and its plans, or the reasons why there are none."""

    def __init__(self) -> None:
        self.handles: dict[tuple[int, int], Any] = {}
        self.plans: collections.OrderedDict[tuple[int, int, Problem], Plan | str] = collections.OrderedDict()


_thread = _Thread()


def _plan_of(problem: Problem) -> Plan | str:
    """The plan of a problem, built at the first call, or why there is none."""
    cudnn = cudnn_library.connect()
    if cudnn is None:
        return str(cudnn_library.reason())
    launch = launcher()
    place = id(cudnn), int(launch.library.cuda.runtime.getDevice())
    key = (*place, problem)
    found = _thread.plans.get(key)
    if found is not None:
        _thread.plans.move_to_end(key)
        return found
    if launch.capturing():
        return "a CUDA graph is being recorded, and no plan was built before: run the step once outside"
    try:
        handle = _thread.handles.get(place)
        if handle is None:
            handle = _thread.handles[place] = cudnn.create_handle()
        found = Plan(cudnn, problem, handle)
    except Exception as error:  # a version, a GPU or sizes that it does not serve: our own kernels do
        found = f"cuDNN has no plan for it ({type(error).__name__}: {error})"
    _thread.plans[key] = found
    while len(_thread.plans) > KEPT:
        _thread.plans.popitem(last=False)
    return found


def _problem(
    direction: str, arrays: tuple[Array, ...], image: Sizes, filter: Sizes, counts: Sizes | None, stride: Sizes,
    padding: Sizes, dilation: Sizes, groups: int,
) -> Problem | str:  # fmt: skip
    """The problem of a call, or why cuDNN is not asked."""
    if not switches.enabled:
        return "torch.backends.cudnn.enabled is False"
    kind, dtype = launcher().library.ndarray, arrays[0].dtype
    if dtype.name not in DTYPES:
        return f"{dtype.name} is none of {', '.join(DTYPES)}"
    if not all(isinstance(each, kind) and each.dtype == dtype and each.size for each in arrays):
        return "arrays are empty, of several dtypes or not on the GPU"
    if not sizes_fit(image, filter, groups):
        return f"shapes {tuple(image)} and {tuple(filter)} in {groups} groups do not fit"
    if is_product_of_matrices(filter[2:], stride, padding):
        return "a kernel of size one is a product of matrices, which cuBLAS computes"
    wanted = counts_of_windows(image[2:], filter[2:], stride, padding, dilation)
    if wanted is None or (counts is not None and tuple(counts) != wanted):
        return "stride, padding and dilation do not fit the sizes"
    sizes = [image[2:], filter[2:], wanted, stride, padding, dilation]
    if len(wanted) == 1:  # a first dimension of size one, stride one and no padding
        sizes = [(fill, *each) for fill, each in zip((1, 1, 1, 1, 0, 1), sizes, strict=True)]
    spatial, kernel, places, *steps = (tuple(map(int, each)) for each in sizes)
    return Problem(
        direction=direction, dtype=dtype.name, image=(*image[:2], *spatial), filter=(*filter[:2], *kernel),
        outcome=(image[0], filter[0], *places), stride=steps[0], padding=steps[1], dilation=steps[2],
        tf32=switches.allow_tf32, deterministic=switches.deterministic,
    )  # fmt: skip


def _problem_of(operation: str, arguments: tuple[Any, ...]) -> Problem | str:
    if operation == "conv":
        input, weight, bias, *steps = arguments
        given = (input, weight) if bias is None else (input, weight, bias)
        return _problem("forward", given, input.shape, weight.shape, None, *steps)
    grad, other, shape, *steps = arguments
    if operation == "conv_input_gradient":
        return _problem("input", (grad, other), tuple(shape), other.shape, grad.shape[2:], *steps)
    return _problem("weight", (other, grad), other.shape, tuple(shape), grad.shape[2:], *steps)


def _found(operation: str, arguments: tuple[Any, ...]) -> tuple[Problem | None, Plan | str]:
    problem = _problem_of(operation, arguments)
    return (None, problem) if isinstance(problem, str) else (problem, _plan_of(problem))


def _aligned(array: Array) -> Array:
    """The array itself if its elements lie in order from an address that plans may rely on, else a copy."""
    array = launcher().plain(array)
    return array.copy() if array.data.ptr % ALIGNMENT else array


def _computed(operation: str, arguments: tuple[Any, ...], left: Array, right: Array, shape: Sizes) -> Any:
    problem, plan = _found(operation, arguments)
    if isinstance(plan, str) or problem is None:
        return NotImplemented
    library = launcher().library
    result = library.empty(shape, dtype=left.dtype)
    try:
        plan.run(_aligned(left), _aligned(right), result)
    except Exception as error:  # such as no memory for the workspace: never asked again, our own kernels compute it
        place = int(library.cuda.runtime.getDevice())
        _thread.plans[id(cudnn_library.connect()), place, problem] = (
            f"cuDNN failed to run its plan ({type(error).__name__}: {error})"
        )
        return NotImplemented
    return result


def conv(
    input: Array, weight: Array, bias: Array | None, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Any:
    """Cross-correlation of ``(N, C, *spatial)`` with ``(O, C / groups, *kernel)``."""
    counts = counts_of_windows(input.shape[2:], weight.shape[2:], stride, padding, dilation) or ()
    arguments = input, weight, bias, stride, padding, dilation, groups
    result = _computed("conv", arguments, input, weight, (input.shape[0], weight.shape[0], *counts))
    if result is not NotImplemented and bias is not None:
        result += bias.reshape(-1, *[1] * len(counts))
    return result


def conv_input_gradient(
    grad: Array, weight: Array, input_shape: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Any:
    """Gradient of `conv` by its input: transposed convolution."""
    arguments = grad, weight, input_shape, stride, padding, dilation, groups
    return _computed("conv_input_gradient", arguments, grad, weight, tuple(input_shape))


def conv_weight_gradient(
    grad: Array, input: Array, weight_shape: Sizes, stride: Sizes, padding: Sizes, dilation: Sizes, groups: int
) -> Any:
    """Gradient of `conv` by its weight."""
    arguments = grad, input, weight_shape, stride, padding, dilation, groups
    return _computed("conv_weight_gradient", arguments, input, grad, tuple(weight_shape))


KERNELS = {kernel.__name__: kernel for kernel in (conv, conv_input_gradient, conv_weight_gradient)}


def refusal(operation: str, *arguments: Any) -> str | None:
    """Why cuDNN did not compute a call; None if it does."""
    _, plan = _found(operation, arguments)
    return plan if isinstance(plan, str) else None


def detail(operation: str, *arguments: Any) -> str | None:
    """What a profile tells of a call: the memory that the plan works in."""
    _, plan = _found(operation, arguments)
    return None if isinstance(plan, str) else f"workspace of {plan.workspace} bytes"
