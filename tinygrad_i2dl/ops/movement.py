"""Operations that move or re-arrange elements: views where memory allows it, copies otherwise."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable
from typing import Any

import numpy

from ..backends.registry import namespace_of
from ..dtypes import dtype as torch_dtype
from ..dtypes import result_numpy_dtype
from ..engine.mode import state
from ..engine.node import AccumulateGrad
from ..errors import ShapeError
from ..tensors import Operations, Size, Tensor, current_node, make, rebase, refuse_change
from ._define import composite, primitive, view, write_out
from .memory_order import contiguous
from .placement import beside, shares_memory

__all__ = [
    "adjoint", "alias_copy", "as_strided", "as_strided_copy", "as_strided_scatter", "atleast_1d", "atleast_2d",
    "atleast_3d", "block_diag", "broadcast_shapes", "broadcast_tensors", "broadcast_to", "cartesian_prod", "cat",
    "chunk", "clone", "column_stack", "combinations", "concat", "concatenate", "diag", "diag_embed", "diagflat",
    "diagonal", "diagonal_copy", "diagonal_scatter", "dsplit", "dstack", "expand_copy", "fill", "flatten", "flip",
    "fliplr", "flipud", "hsplit", "hstack", "meshgrid", "moveaxis", "movedim", "narrow", "narrow_copy", "permute",
    "permute_copy", "ravel", "repeat_interleave", "reshape", "resize_as_", "roll", "rot90", "row_stack", "select",
    "split", "split_with_sizes", "split_with_sizes_copy", "squeeze", "squeeze_copy", "stack", "swapaxes", "swapdims",
    "t", "t_copy", "tensor_split", "tile", "transpose", "transpose_copy", "tril", "triu", "unbind", "unbind_copy",
    "unflatten", "unfold_copy", "unsafe_chunk", "unsafe_split", "unsqueeze", "unsqueeze_copy", "view_as_complex",
    "view_as_real", "view_copy", "vsplit", "vstack",
]  # fmt: skip

Array = Any
Shape = tuple[int, ...]


def wrap_dim(dim: int, ndim: int, name: str = "dim") -> int:
    """`dim` counted from the front. Raises `IndexError` if a tensor of `ndim` dimensions has no such dimension."""
    size = ndim if ndim > 0 else 1
    try:
        inside = -size <= dim < size
    except TypeError:
        raise _no_integer(dim, name) from None
    if not inside:
        raise IndexError(f"dimension out of range: expected {name} between {-size} and {size - 1}, got {dim}")
    return dim + size if dim < 0 else dim


def _no_integer(dim: Any, name: str = "dim") -> TypeError:
    return TypeError(f"{name} must be an integer that counts a dimension, got {dim!r} ({type(dim).__name__})")


_ALL_DIMS = [tuple(range(ndim)) for ndim in range(65)]  # NumPy arrays have at most 64 dimensions


def wrap_dims(dim: Any, ndim: int) -> tuple[int, ...]:
    """Dimensions counted from the front, as a tuple; None or an empty sequence mean all of them.

    Raises:
        IndexError: a tensor of `ndim` dimensions has no such dimension.
        TypeError: something else than integers.
        RuntimeError: a dimension is named twice.
    """
    if dim is None:
        return _ALL_DIMS[ndim]
    if isinstance(dim, int):
        return (wrap_dim(dim, ndim),) if ndim else (wrap_dim(dim, ndim),)[:0]
    if hasattr(dim, "__index__"):
        return wrap_dims(dim.__index__(), ndim)
    try:
        dims = tuple([wrap_dim(each.__index__(), ndim) for each in dim])
    except (AttributeError, TypeError):
        raise _no_integer(dim) from None
    if len(set(dims)) != len(dims):
        raise RuntimeError(f"dim names a dimension more than once: {tuple(dim)} of {ndim} dimensions")
    return dims if dims and ndim else tuple(range(ndim))


def sizes_from(arguments: tuple[Any, ...], keyword: Any = None) -> Shape:
    """Sizes given as ``f(2, 3)``, ``f((2, 3))`` or by a keyword."""
    if keyword is not None:
        arguments = (keyword,)
    if len(arguments) == 1 and isinstance(arguments[0], (tuple, list)):
        arguments = tuple(arguments[0])
    for size in arguments:
        if type(size) is not int:
            return tuple([_size(each) for each in arguments])
    return arguments


def _size(value: Any) -> int:
    if hasattr(value, "__index__"):
        return int(value.__index__())
    raise TypeError(f"sizes are integers, got {value!r} ({type(value).__name__})")


def numel_of(shape: Any) -> int:
    """Number of elements of a tensor of `shape`."""
    product = 1
    for size in shape:
        product *= size
    return product


def strided(xp: Any, array: Array, shape: Shape, strides: tuple[int, ...], offset: int = 0) -> Array:
    """View of the memory that `array` starts in, `offset` bytes on, with any shape and strides (in bytes)."""
    if xp is numpy:
        if array.dtype.kind == "V":  # bfloat16 offers no buffer
            return strided(xp, array.view(numpy.uint16), shape, strides, offset).view(array.dtype)
        if array.flags.c_contiguous:
            return numpy.ndarray(
                shape, array.dtype, array, offset, strides
            )  # 20 times faster than `as_strided`, keeps the base
        owner = array
        while isinstance(owner.base, numpy.ndarray):
            owner = owner.base
        if owner.flags.c_contiguous and array.size:
            address = array.__array_interface__["data"][0] - owner.__array_interface__["data"][0]
            return numpy.ndarray(shape, array.dtype, owner, address + offset, strides)
        if offset == 0:
            return numpy.lib.stride_tricks.as_strided(array, shape, strides)
        raise RuntimeError("this memory cannot be addressed by strides: make the tensor contiguous first")
    return xp.strided(array, shape, strides, offset)


# ---------------------------------------------------------------- shape


@view()
def reshape_to(xp: Any, input: Any, shape: Shape) -> Any:
    """The elements in another shape: a view if the memory allows it, else a copy."""
    try:
        return input.reshape(shape)
    except ValueError as error:
        raise _misfit("reshape", input, shape) from error


def _misfit(name: str, input: Any, shape: Shape) -> ShapeError:
    return ShapeError(
        f"{name}(): shape {list(shape)} is invalid for a tensor of shape {list(input.shape)} with {input.size} elements"
    )


reshape_to.op.title = "ViewBackward0"
reshape_to.gradient(lambda g, input_shape: reshape_to(g, input_shape))


def _plausible(shape: Shape, count: int) -> Shape:
    """`shape`; raises where an entry is neither a size nor the one -1 that may be left to infer."""
    for size in shape:
        if size < 0:
            if size < -1:
                raise RuntimeError(f"invalid size {size} in shape {list(shape)}")
            known = -numel_of(shape)
            if shape.count(-1) > 1:
                raise RuntimeError(f"only one size can be inferred (-1), got shape {list(shape)}")
            if known <= 0 or count % known:
                raise RuntimeError(
                    f"shape {list(shape)} is invalid for a tensor of {count} elements: -1 cannot be inferred"
                )
            break
    return shape


def _count(input: Any) -> int:
    return int((input._array if isinstance(input, Tensor) else input).size)


@composite
def reshape(input: Any, shape: Any) -> Any:
    """The elements of `input` in another shape; one size may be -1.

    A view if the memory allows it, else a copy.

    Raises:
        RuntimeError: the shape does not have as many elements.

    >>> import tinygrad_i2dl as torch
    >>> torch.reshape(torch.arange(4), (2, -1))
    tensor([[0, 1],
            [2, 3]])
    """
    return reshape_to(input, _plausible(sizes_from((shape,)), _count(input)))


def _reshape_method(self: Tensor, *sizes: Any, shape: Any = None) -> Tensor:
    """The elements in another shape, given as ``reshape(2, 3)`` or ``reshape((2, 3))``; one size may be -1."""
    result: Tensor = reshape_to(self, _plausible(sizes_from(sizes, shape), self._array.size))
    return result


@view()
def view_to(xp: Any, input: Any, shape: Shape) -> Any:
    """View of the elements in another shape; refuses where that would need a copy."""
    try:
        result = input.reshape(shape)
    except ValueError as error:
        raise _misfit("view", input, shape) from error
    base = result.base
    if base is not input and (base is None or base is not input.base):
        raise RuntimeError(
            f"view(): shape {list(shape)} is not possible as a view of a tensor of shape {list(input.shape)} with "
            "strides "
            f"{[s // input.itemsize for s in input.strides]}, as dimensions to be merged are not adjacent in "
            "memory: use reshape()"
        )
    return result


view_to.op.title = "ViewBackward0"
view_to.gradient(lambda g, input_shape: reshape_to(g, input_shape))

reinterpreted: Callable[[Tensor, Any], Tensor] | None = (
    None  # `view(dtype)`: set by the module that knows how to read bits anew
)


def _view_method(self: Tensor, *shape: Any, dtype: Any = None, size: Any = None) -> Tensor:
    """View of the same memory in another shape (one size may be -1), or, given a dtype, with its bits read as that.

    Raises:
        RuntimeError: the shape does not fit, or would need a copy (use ``reshape``).

    >>> import tinygrad_i2dl as torch
    >>> torch.arange(6).view(2, -1)
    tensor([[0, 1, 2],
            [3, 4, 5]])
    """
    if size is not None:
        shape = (size,)
    if dtype is None and len(shape) == 1 and isinstance(shape[0], torch_dtype):
        dtype = shape[0]
    if dtype is not None:
        if reinterpreted is None:
            raise NotImplementedError("view(dtype) is not available")
        return reinterpreted(self, dtype)
    if not shape:
        raise TypeError("view() needs a shape or a dtype")
    result: Tensor = view_to(self, _plausible(sizes_from(shape), self._array.size))
    return result


def _view_as(self: Tensor, other: Tensor) -> Tensor:
    """View in the shape of `other`."""
    result: Tensor = view_to(self, other._array.shape)
    return result


def _reshape_as(self: Tensor, other: Tensor) -> Tensor:
    """The elements in the shape of `other`."""
    result: Tensor = reshape_to(self, other._array.shape)
    return result


@composite(method=True)
def flatten(input: Any, start_dim: int = 0, end_dim: int = -1) -> Any:
    """The dimensions `start_dim` to `end_dim` merged into one; a tensor without dimensions gets one.

    >>> import tinygrad_i2dl as torch
    >>> torch.flatten(torch.ones(2, 3, 4), start_dim=1).shape
    torch.Size([2, 12])
    """
    shape = tuple(input.shape)
    start, end = wrap_dim(start_dim, len(shape), "start_dim"), wrap_dim(end_dim, len(shape), "end_dim")
    if start > end:
        raise RuntimeError(f"flatten(): start_dim {start_dim} comes after end_dim {end_dim} of {len(shape)} dimensions")
    if not shape:
        return reshape_to(input, (1,))
    if start == end:
        return input
    return reshape_to(input, (*shape[:start], numel_of(shape[start : end + 1]), *shape[end + 1 :]))


@composite(method=True)
def ravel(input: Any) -> Any:
    """All elements in one dimension, contiguous: a view where they are that already."""
    flat = reshape_to(input, (-1,))
    array = flat._array if isinstance(flat, Tensor) else flat
    return flat if array.flags.c_contiguous else clone(flat)


@composite(method=True)
def unflatten(input: Any, dim: int, sizes: Any) -> Any:
    """Dimension `dim` split into dimensions of `sizes`, of which one may be -1.

    >>> import tinygrad_i2dl as torch
    >>> torch.unflatten(torch.ones(2, 6), 1, (2, -1)).shape
    torch.Size([2, 2, 3])
    """
    shape = tuple(input.shape)
    dim = wrap_dim(dim, len(shape))
    sizes = sizes_from((sizes,))
    if not sizes:
        raise RuntimeError("unflatten(): sizes must not be empty")
    known = numel_of(sizes)
    if -1 in sizes and known < 0 and shape[dim] % -known == 0:
        sizes = tuple([shape[dim] // -known if size == -1 else size for size in sizes])
    if numel_of(sizes) != shape[dim] or min(sizes) < 0:
        raise RuntimeError(
            f"unflatten(): sizes {list(sizes)} do not multiply to the size {shape[dim]} of dimension {dim}"
        )
    return reshape_to(input, (*shape[:dim], *sizes, *shape[dim + 1 :]))


# ---------------------------------------------------------------- order of the dimensions


@view()
def permute(xp: Any, input: Any, dims: Any) -> Any:
    """View with the dimensions in the order `dims`.

    >>> import tinygrad_i2dl as torch
    >>> torch.permute(torch.ones(2, 3, 4), (2, 0, 1)).shape
    torch.Size([4, 2, 3])
    """
    try:
        return input.transpose(dims)
    except ValueError:  # of which NumPy's AxisError is one
        if len(dims) == input.ndim:
            return input.transpose(wrap_dims(dims, input.ndim))  # says what is wrong
        raise RuntimeError(
            f"permute() needs one entry for each of the {input.ndim} dimensions, got dims={tuple(dims)}"
        ) from None


@permute.gradient
def _(g: Any, dims: Any) -> Any:
    back = [0] * len(dims)
    for place, dim in enumerate(dims):
        back[dim] = place  # a negative dimension counts from the end of `back` just as well
    return permute(g, back)


def _permute_method(self: Tensor, *order: Any, dims: Any = None) -> Tensor:
    """View with the dimensions in the order `dims`, given as ``permute(1, 0)`` or ``permute((1, 0))``."""
    result: Tensor = permute(self, sizes_from(order, dims))
    return result


@view(method=True)
def transpose(xp: Any, input: Any, dim0: int, dim1: int) -> Any:
    """View with two dimensions exchanged.

    >>> import tinygrad_i2dl as torch
    >>> torch.transpose(torch.ones(2, 3), 0, 1).shape
    torch.Size([3, 2])
    """
    try:
        return input.swapaxes(dim0, dim1)
    except ValueError:
        wrap_dim(dim0, input.ndim), wrap_dim(dim1, input.ndim)
        return input[...]  # without dimensions


transpose.gradient(lambda g, dim0, dim1: transpose(g, dim0, dim1))
swapaxes = swapdims = transpose


@composite(method=True)
def t(input: Any) -> Any:
    """Transpose of a matrix; of vectors and scalars a view of the same shape."""
    if input.ndim > 2:
        raise RuntimeError(f"t() needs at most two dimensions, got {input.ndim}: use transpose() or mT")
    return transpose(input, 0, 1) if input.ndim == 2 else permute(input, tuple(range(input.ndim)))


@composite(method=True)
def adjoint(input: Any) -> Any:
    """Transpose of the last two dimensions (of real matrices the conjugate transpose is the transpose)."""
    if input.ndim < 2:
        raise RuntimeError(f"adjoint() needs at least two dimensions, got {input.ndim}")
    return transpose(input, -2, -1)


def _reversed_dims(self: Tensor) -> Tensor:
    """The dimensions in reverse order: the transpose of a matrix."""
    ndim = self._array.ndim
    result: Tensor = transpose(self, 0, 1) if ndim == 2 else permute(self, tuple(range(ndim - 1, -1, -1)))
    return result


def _matrix_transpose(self: Tensor) -> Tensor:
    """The last two dimensions exchanged."""
    if self._array.ndim < 2:
        raise RuntimeError(f"mT needs at least two dimensions, got {self._array.ndim}")
    result: Tensor = transpose(self, -2, -1)
    return result


def _adjoint_of_matrix(self: Tensor) -> Tensor:
    """Transpose of a matrix (the conjugate transpose, for real numbers)."""
    if self._array.ndim not in (0, 2):
        raise RuntimeError(f"H needs a matrix, got {self._array.ndim} dimensions: use mH for a stack of matrices")
    result: Tensor = t(self)
    return result


@composite(method=True)
def movedim(input: Any, source: Any, destination: Any) -> Any:
    """View with the dimensions `source` moved to the places `destination`; the others keep their order."""
    ndim = input.ndim
    sources = (source,) if isinstance(source, int) else tuple(source)
    targets = (destination,) if isinstance(destination, int) else tuple(destination)
    if len(sources) != len(targets):
        raise RuntimeError(f"movedim(): as many sources as destinations are needed, got {sources} and {targets}")
    if not sources:
        return input
    sources, targets = wrap_dims(sources, ndim), wrap_dims(targets, ndim)
    order: list[int | None] = [None] * ndim
    for origin, target in zip(sources, targets, strict=True):
        order[target] = origin
    rest = iter([axis for axis in range(ndim) if axis not in sources])
    return permute(input, tuple([next(rest) if axis is None else axis for axis in order]))


moveaxis = movedim

# ---------------------------------------------------------------- dimensions of size one


@view(method=True)
def unsqueeze(xp: Any, input: Any, dim: int) -> Any:
    """View with a new dimension of size 1 at `dim`.

    >>> import tinygrad_i2dl as torch
    >>> torch.unsqueeze(torch.ones(3), -1).shape
    torch.Size([3, 1])
    """
    ndim = input.ndim
    if not -ndim - 1 <= dim <= ndim:
        wrap_dim(dim, ndim + 1)
    return input[(slice(None),) * (dim if dim >= 0 else dim + ndim + 1) + (None, Ellipsis)]


unsqueeze.gradient(lambda g, input_shape: reshape_to(g, input_shape))


@view()
def squeeze_dims(xp: Any, input: Any, dims: tuple[int, ...]) -> Any:
    """View without the dimensions `dims`, which have size 1."""
    return input.squeeze(dims)


squeeze_dims.op.title = "SqueezeBackward0"
squeeze_dims.gradient(lambda g, input_shape: reshape_to(g, input_shape))


@composite(method=True)
def squeeze(input: Any, dim: Any = None) -> Any:
    """View without the dimensions of size 1, or without those of `dim` (an integer or several) that have size 1.

    >>> import tinygrad_i2dl as torch
    >>> torch.squeeze(torch.ones(1, 3, 1)).shape, torch.squeeze(torch.ones(1, 3, 1), 0).shape
    (torch.Size([3]), torch.Size([3, 1]))
    """
    shape = input.shape
    dims = () if isinstance(dim, (tuple, list)) and not dim else wrap_dims(dim, len(shape))
    return squeeze_dims(input, tuple([axis for axis in dims if shape[axis] == 1]))


# ---------------------------------------------------------------- broadcasting


@view()
def expand_view(xp: Any, input: Any, shape: Shape) -> Any:
    """View stretched to `shape` along dimensions of size 1 and new leading dimensions, without copying."""
    if xp is numpy and input.flags.c_contiguous and len(shape) >= input.ndim and input.dtype.kind != "V":
        strides = [0] * (len(shape) - input.ndim)
        for size, wanted, step in zip(input.shape, shape[len(strides) :], input.strides, strict=True):
            if size == wanted:
                strides.append(step)
            elif size == 1:
                strides.append(0)
            else:
                break
        else:
            return numpy.ndarray(shape, input.dtype, input, 0, strides)  # 0.3 us where `broadcast_to` takes 5
    result = xp.broadcast_to(input, shape)
    if xp is numpy and input.flags.writeable:
        result.flags.writeable = True  # as PyTorch's is
    return result


expand_view.op.title = "ExpandBackward0"
expand_view.gradient(lambda g: g)  # the engine sums over stretched dimensions


def _expanded(input: Any, sizes: Shape) -> Any:
    shape = tuple(input.shape)
    extra = len(sizes) - len(shape)
    if extra < 0:
        raise RuntimeError(
            f"expand(): {len(sizes)} sizes {list(sizes)} are too few for a tensor of {len(shape)} dimensions"
        )
    wanted = []
    for axis, size in enumerate(sizes):
        old = shape[axis - extra] if axis >= extra else None
        if size == -1:
            if old is None:
                raise RuntimeError(f"expand(): the new leading dimension {axis} of {list(sizes)} cannot be -1")
            size = old
        elif size < 0:
            raise RuntimeError(f"expand(): size {size} in {list(sizes)} is negative")
        elif old is not None and old not in (1, size):
            raise RuntimeError(
                f"expand(): size {old} of dimension {axis - extra} of {list(shape)} cannot become {size} of "
                f"{list(sizes)}: "
                "only dimensions of size 1 stretch"
            )
        wanted.append(size)
    return expand_view(input, tuple(wanted))


def _expand_method(self: Tensor, *sizes: Any, size: Any = None) -> Tensor:
    """View stretched to `sizes` along dimensions of size 1 and new leading dimensions; -1 keeps a size.

    >>> import tinygrad_i2dl as torch
    >>> torch.tensor([[1], [2]]).expand(2, 3)
    tensor([[1, 1, 1],
            [2, 2, 2]])
    """
    result: Tensor = _expanded(self, sizes_from(sizes, size))
    return result


def _expand_as(self: Tensor, other: Tensor) -> Tensor:
    """View stretched to the shape of `other`."""
    result: Tensor = _expanded(self, other._array.shape)
    return result


@composite(method=True)
def broadcast_to(input: Any, size: Any) -> Any:
    """View stretched to the shape `size`."""
    return _expanded(input, sizes_from((size,)))


@composite
def broadcast_shapes(*shapes: Any) -> Size:
    """The shape that tensors of `shapes` broadcast to.

    Raises:
        RuntimeError: they do not broadcast.

    >>> import tinygrad_i2dl as torch
    >>> torch.broadcast_shapes((2, 1), (3,))
    torch.Size([2, 3])
    """
    tuples = [(shape,) if isinstance(shape, int) else tuple(shape) for shape in shapes]
    result = [1] * max([len(shape) for shape in tuples], default=0)
    for shape in tuples:
        for place, size in enumerate(reversed(shape), 1):
            if size < 0:
                raise RuntimeError(f"broadcast_shapes(): size {size} in {shape} is negative")
            if result[-place] == 1:
                result[-place] = size
            elif size not in (1, result[-place]):
                raise RuntimeError(
                    f"shapes {', '.join(map(str, tuples))} do not broadcast: sizes {result[-place]} and {size} differ"
                )
    return Size(result)


@composite
def broadcast_tensors(*tensors: Any) -> Any:
    """Views of all `tensors`, stretched to the one shape they broadcast to, as a tuple."""
    if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        tensors = tuple(tensors[0])
    shape = tuple(broadcast_shapes(*[tensor.shape for tensor in tensors]))
    return tuple([expand_view(tensor, shape) for tensor in tensors])


def _repeated(input: Any, sizes: Shape) -> Any:
    shape = tuple(input.shape)
    extra = len(sizes) - len(shape)
    if extra < 0:
        raise RuntimeError(
            f"repeat(): {list(sizes)} has fewer entries than the tensor of shape {list(shape)} has dimensions"
        )
    if any(size < 0 for size in sizes):
        raise RuntimeError(f"repeat(): a number of repetitions is negative: {list(sizes)}")
    shape = (1,) * extra + shape
    apart = [size for each in shape for size in (1, each)]
    wide = [size for pair in zip(sizes, shape, strict=True) for size in pair]
    spread = expand_view(reshape_to(input, tuple(apart)), tuple(wide))
    result = tuple([times * size for times, size in zip(sizes, shape, strict=True)])
    return reshape_to(clone(spread), result)


def _repeat_method(self: Tensor, *times: Any, repeats: Any = None) -> Tensor:
    """Copy with each dimension repeated so many times; more numbers than dimensions add leading ones.

    >>> import tinygrad_i2dl as torch
    >>> torch.tensor([1, 2]).repeat(2, 2)
    tensor([[1, 2, 1, 2],
            [1, 2, 1, 2]])
    """
    result: Tensor = _repeated(self, sizes_from(times, repeats))
    return result


@composite
def tile(input: Any, dims: Any) -> Any:
    """Copy with dimensions repeated; fewer numbers than dimensions are for the last ones."""
    sizes = sizes_from((dims,))
    return _repeated(input, (1,) * (input.ndim - len(sizes)) + sizes)


def _tile_method(self: Tensor, *times: Any, dims: Any = None) -> Tensor:
    return tile(self, sizes_from(times, dims))  # type: ignore[no-any-return]


# ---------------------------------------------------------------- joining


def _joined(xp: Any, arrays: list[Any], axis: int) -> Any:
    """Arrays joined along an axis, contiguous: `concatenate` itself keeps their common order of dimensions, and images
    whose channels were permuted to the front would make a batch of which no `view` is possible. Batches of images with
    the channels last stay so."""
    first = arrays[0]
    if not first.flags.c_contiguous and (first.ndim < 4 or first.shape[0] == 1):
        shape = list(first.shape)
        shape[axis] = sum(array.shape[axis] for array in arrays)
        if all(array.ndim == first.ndim for array in arrays):
            return xp.concatenate(arrays, axis=axis, out=xp.empty(tuple(shape), first.dtype))
    return xp.concatenate(arrays, axis=axis)


@primitive("tensors*")
def concatenate_on(xp: Any, dim: int, tensors: Any) -> Any:
    """Tensors joined along an existing dimension."""
    return _joined(xp, tensors, dim)


concatenate_on.op.title = "CatBackward0"


@concatenate_on.gradient
def _(g: Any, dim: int, tensors_shape: Any) -> Any:
    return split_sizes(g, tuple([shape[dim] for shape in tensors_shape]), dim)


@primitive("tensors*")
def stack_on(xp: Any, tensors: Any, dim: int) -> Any:
    """Tensors of one shape joined along a new dimension."""
    dim = wrap_dim(dim, tensors[0].ndim + 1)
    before = (slice(None),) * dim
    return _joined(xp, [tensor[(*before, None)] for tensor in tensors], dim)


stack_on.op.title = "StackBackward0"
stack_on.gradient(lambda g, dim: unbind(g, dim))


def promoted(tensors: Any, name: str) -> Any:
    """`tensors` as a list of one dtype: the one they promote to."""
    tensors = list(tensors)
    if not tensors:
        raise RuntimeError(f"{name}() needs at least one tensor, got an empty sequence")
    arrays = []
    for tensor in tensors:
        if not hasattr(tensor, "ndim"):
            raise TypeError(f"{name}() joins tensors, got {type(tensor).__name__}")
        arrays.append(tensor._array if isinstance(tensor, Tensor) else tensor)
    dtype = arrays[0].dtype
    for array in arrays:
        if array.dtype is not dtype and array.dtype != dtype:
            wanted = result_numpy_dtype(*[(array.dtype, 2) for array in arrays])
            return [cast(t, wanted) if a.dtype != wanted else t for t, a in zip(tensors, arrays, strict=True)]
    return tensors


@composite
def cat(tensors: Any, dim: int = 0, *, out: Any = None) -> Any:
    """Tensors joined along an existing dimension; empty vectors are left out.

    Raises:
        RuntimeError: there are no tensors, or they differ in a size other than that of `dim`.

    >>> import tinygrad_i2dl as torch
    >>> torch.cat([torch.zeros(1, 2), torch.ones(1, 2)])
    tensor([[0., 0.],
            [1., 1.]])
    """
    if isinstance(tensors, Tensor):
        raise TypeError("cat() joins a tuple or list of tensors, got one Tensor")
    tensors = list(tensors)
    if not tensors:
        raise ValueError("cat() needs at least one tensor, got an empty sequence")
    tensors = promoted(tensors, "cat")
    if out is not None:
        return _cat_into(out, tensors, dim)
    try:
        ndim = tensors[0].ndim
        if ndim > 1 or (ndim and all(tensor.ndim == 1 for tensor in tensors)):
            return concatenate_on(wrap_dim(dim, ndim), tensors)
    except ShapeError:  # looked at below
        pass
    shapes = [tuple(tensor.shape) for tensor in tensors]
    first = shapes[0]
    for shape in shapes:
        if not shape:
            raise RuntimeError("cat() joins existing dimensions, but a tensor has none: use stack()")
        if len(shape) != len(first):
            kept = [each for each, its in zip(tensors, shapes, strict=True) if its != (0,)]
            if len({each.ndim for each in kept}) > 1:
                raise ShapeError(
                    f"cat() needs tensors with the same number of dimensions, got shapes {', '.join(map(str, shapes))}"
                )
            return concatenate_on(wrap_dim(dim, kept[0].ndim), kept)
    dim = wrap_dim(dim, len(first))
    for shape in shapes:
        if shape[:dim] != first[:dim] or shape[dim + 1 :] != first[dim + 1 :]:
            raise ShapeError(f"cat(): sizes must be equal except in dimension {dim}, got {first} and {shape}")
    return concatenate_on(dim, tensors)


concat = concatenate = cat


def _cat_into(out: Any, tensors: Any, dim: int) -> Any:
    array = out._array
    if (
        0 in array.strides
        and array.size > 1
        and any(n > 1 and not s for n, s in zip(array.shape, array.strides, strict=True))
    ):
        raise RuntimeError("cat(out=...): several elements of out share one place in memory: clone() it first")
    if any(shares_memory(array, tensor._array) for tensor in tensors) or any(out is tensor for tensor in tensors):
        raise RuntimeError("cat(out=...): out shares memory with one of the tensors to join: clone() it first")
    return write_out("cat", cat(tensors, dim)._array, out, tensors)


@composite
def stack(tensors: Any, dim: int = 0) -> Any:
    """Tensors of one shape joined along a new dimension.

    Raises:
        RuntimeError: there are no tensors, or their shapes differ.

    >>> import tinygrad_i2dl as torch
    >>> torch.stack([torch.zeros(2), torch.ones(2)], dim=1)
    tensor([[0., 1.],
            [0., 1.]])
    """
    tensors = promoted(tensors, "stack")
    try:
        return stack_on(tensors, wrap_dim(dim, tensors[0].ndim + 1))
    except ShapeError as error:
        first = tuple(tensors[0].shape)
        other = next((tuple(tensor.shape) for tensor in tensors if tuple(tensor.shape) != first), first)
        raise ShapeError(f"stack() needs tensors of one shape, got {first} and {other}") from error


def _at_least(tensors: Any, function: Any) -> list[Any]:
    return [function(tensor) for tensor in promoted(tensors, "stack")]


@composite
def hstack(tensors: Any) -> Any:
    """Tensors joined side by side: along dimension 1, vectors along dimension 0."""
    tensors = _at_least(tensors, atleast_1d)
    return cat(tensors, 0 if tensors[0].ndim == 1 else 1)


@composite
def vstack(tensors: Any) -> Any:
    """Tensors joined below each other, along dimension 0; vectors become rows."""
    return cat(_at_least(tensors, atleast_2d), 0)


row_stack = vstack


@composite
def dstack(tensors: Any) -> Any:
    """Tensors joined along dimension 2, after giving them at least three dimensions."""
    return cat(_at_least(tensors, atleast_3d), 2)


@composite
def column_stack(tensors: Any) -> Any:
    """Tensors joined side by side, vectors and scalars as columns."""
    return cat([reshape_to(each, (-1, 1)) if each.ndim <= 1 else each for each in promoted(tensors, "column_stack")], 1)


def _for_each(function: Callable[[Any], Any], tensors: tuple[Any, ...]) -> Any:
    if len(tensors) == 1 and not isinstance(tensors[0], (tuple, list)):
        return function(tensors[0])
    if len(tensors) == 1:
        tensors = tuple(tensors[0])
    return tuple([function(tensor) for tensor in tensors])


@composite
def atleast_1d(*tensors: Any) -> Any:
    """Each tensor with at least one dimension."""
    return _for_each(lambda x: reshape_to(x, (1,)) if x.ndim == 0 else x, tensors)


@composite
def atleast_2d(*tensors: Any) -> Any:
    """Each tensor with at least two dimensions: a vector becomes a row."""
    return _for_each(lambda x: reshape_to(x, (1, -1)) if x.ndim < 2 else x, tensors)


@composite
def atleast_3d(*tensors: Any) -> Any:
    """Each tensor with at least three dimensions: ``(n,)`` becomes ``(1, n, 1)``, ``(m, n)`` becomes ``(m, n, 1)``."""
    return _for_each(
        lambda x: reshape_to(x, (1, -1, 1)) if x.ndim < 2 else unsqueeze(x, 2) if x.ndim == 2 else x, tensors
    )


@composite
def meshgrid(*tensors: Any, indexing: str | None = None) -> Any:
    """Coordinate grids of vectors: one tensor per vector, of the shape of all combinations.

    Args:
        tensors: vectors or scalars.
        indexing: ``"ij"`` (the default): result ``i`` varies along dimension ``i``; ``"xy"``: the first two are
        exchanged.

    >>> import tinygrad_i2dl as torch
    >>> torch.meshgrid(torch.tensor([1, 2]), torch.tensor([3, 4]), indexing="ij")
    (tensor([[1, 1],
            [2, 2]]), tensor([[3, 4],
            [3, 4]]))
    """
    if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        tensors = tuple(tensors[0])
    if indexing not in (None, "ij", "xy"):
        raise RuntimeError(f"meshgrid(): indexing is 'ij' or 'xy', got {indexing!r}")
    if not tensors:
        raise RuntimeError("meshgrid() needs at least one tensor")
    if any(tensor.ndim > 1 for tensor in tensors):
        raise RuntimeError(
            f"meshgrid() needs vectors, got shapes {', '.join(str(tuple(each.shape)) for each in tensors)}"
        )
    if len({tensor.dtype for tensor in tensors}) > 1:
        raise RuntimeError(
            f"meshgrid() needs tensors of one dtype, got {', '.join(str(tensor.dtype) for tensor in tensors)}"
        )
    swap = indexing == "xy" and len(tensors) > 1
    if swap:
        tensors = (tensors[1], tensors[0], *tensors[2:])
    shape = tuple([numel_of(tensor.shape) for tensor in tensors])
    grids = [
        expand_view(reshape_to(tensor, (1,) * axis + (-1,) + (1,) * (len(tensors) - axis - 1)), shape)
        for axis, tensor in enumerate(tensors)
    ]
    return (grids[1], grids[0], *grids[2:]) if swap else tuple(grids)


@composite
def cartesian_prod(*tensors: Any) -> Any:
    """All combinations of the elements of vectors, one a row."""
    if any(tensor.ndim != 1 for tensor in tensors):
        raise RuntimeError(
            f"cartesian_prod() needs vectors, got shapes {', '.join(str(tuple(each.shape)) for each in tensors)}"
        )
    if len(tensors) == 1:
        return tensors[0]
    return stack([reshape_to(grid, (-1,)) for grid in meshgrid(*promoted(tensors, "cartesian_prod"), indexing="ij")], 1)


@composite
def combinations(input: Any, r: int = 2, with_replacement: bool = False) -> Any:
    """All ways to choose `r` elements of a vector, one a row, as `itertools.combinations` orders them."""
    if input.ndim != 1:
        raise RuntimeError(f"combinations() needs a vector, got shape {tuple(input.shape)}")
    if r < 0:
        raise RuntimeError(f"combinations() needs r >= 0, got {r}")
    if r == 0:
        return reshape_to(input, (-1,))[:0]
    choose = itertools.combinations_with_replacement if with_replacement else itertools.combinations
    rows = numpy.array(list(choose(range(input.shape[0]), r)), dtype=numpy.int64).reshape(-1, r)
    return input[rows]


@composite
def block_diag(*tensors: Any) -> Any:
    """Matrix with the given matrices along its diagonal and zeros elsewhere; vectors are rows, scalars 1 by 1."""
    if len(tensors) == 1 and isinstance(tensors[0], (tuple, list)):
        tensors = tuple(tensors[0])
    if any(tensor.ndim > 2 for tensor in tensors):
        raise RuntimeError("block_diag() needs tensors of at most two dimensions")
    blocks = [atleast_2d(tensor) for tensor in promoted(tensors, "block_diag")]
    width = sum([block.shape[1] for block in blocks])
    rows, start = [], 0
    for block in blocks:
        rows.append(_padded(block, start, width))
        start += block.shape[1]
    return cat(rows, 0)


@primitive("input")
def _padded(xp: Any, input: Any, start: int, width: int) -> Any:
    result = xp.zeros((input.shape[0], width), dtype=input.dtype)
    result[:, start : start + input.shape[1]] = input
    return result


_padded.gradient(lambda g, input_shape, start: narrow(g, 1, start, input_shape[1]))


# ---------------------------------------------------------------- splitting


@view(method=True, several=True)
def unbind(xp: Any, input: Any, dim: int = 0) -> Any:
    """Views of all slices along `dim`, as a tuple."""
    if input.ndim == 0:
        raise IndexError("unbind() needs at least one dimension, got a tensor without dimensions")
    dim = wrap_dim(dim, input.ndim)
    before = (slice(None),) * dim
    return tuple([input[(*before, i, Ellipsis)] for i in range(input.shape[dim])])


unbind.gradient(lambda g, dim: stack_on(list(g), dim))


@view(several=True)
def split_sizes(xp: Any, input: Any, sizes: Shape, dim: int) -> Any:
    """Views of consecutive parts of the given sizes along `dim`, as a tuple."""
    before, start, parts = (slice(None),) * dim, 0, []
    for size in sizes:
        parts.append(input[(*before, slice(start, start + size))])
        start += size
    return tuple(parts)


split_sizes.op.title = "SplitBackward0"
split_sizes.gradient(lambda g, dim: concatenate_on(dim, list(g)))


@composite(method=True)
def split(tensor: Any, split_size_or_sections: Any = None, dim: int = 0, *, split_size: Any = None) -> Any:
    """Views of consecutive parts along `dim`: of one size (the last may be smaller), or of the sizes of a list.

    Raises:
        RuntimeError: a size is negative, or the list does not sum to the size of the dimension.

    >>> import tinygrad_i2dl as torch
    >>> torch.split(torch.arange(5), 2)
    (tensor([0, 1]), tensor([2, 3]), tensor([4]))
    """
    size = split_size_or_sections if split_size is None else split_size
    if isinstance(size, (tuple, list)):
        return split_with_sizes(tensor, size, dim)
    size = _size(size)
    if tensor.ndim == 0:
        raise RuntimeError("split() needs at least one dimension, got a tensor without dimensions")
    dim = wrap_dim(dim, tensor.ndim)
    total = tensor.shape[dim]
    if size < 0 or (size == 0 and total):
        raise RuntimeError(f"split(): parts need a positive size, got {size} for a dimension of size {total}")
    whole, rest = divmod(total, size) if size else (1, 0)
    return split_sizes(tensor, (size,) * whole + ((rest,) if rest or not whole else ()), dim)


@composite(method=True)
def split_with_sizes(input: Any, split_sizes: Any, dim: int = 0) -> Any:
    """Views of consecutive parts of the given sizes along `dim`."""
    if input.ndim == 0:
        raise RuntimeError("split() needs at least one dimension, got a tensor without dimensions")
    dim = wrap_dim(dim, input.ndim)
    sizes = sizes_from((split_sizes,))
    if sum(sizes) != input.shape[dim] or any(size < 0 for size in sizes):
        raise RuntimeError(
            f"split(): sizes {list(sizes)} must be non-negative and sum to the size {input.shape[dim]} of dimension "
            f"{dim}"
        )
    return _split_sizes(input, sizes, dim)


_split_sizes = split_sizes  # a parameter of the function above has the name of the operation


@composite(method=True)
def chunk(input: Any, chunks: int, dim: int = 0) -> Any:
    """At most `chunks` views of consecutive parts along `dim`, of one size except the last."""
    if input.ndim == 0:
        raise RuntimeError("chunk() needs at least one dimension, got a tensor without dimensions")
    if chunks <= 0:
        raise RuntimeError(f"chunk() needs a positive number of chunks, got {chunks}")
    dim = wrap_dim(dim, input.ndim)
    total = input.shape[dim]
    size = -(-total // chunks)
    if size == 0:
        return _split_sizes(input, (0,) * chunks, dim)
    return split(input, size, dim)


@composite(method=True)
def tensor_split(
    input: Any, indices_or_sections: Any = None, dim: int = 0, *, indices: Any = None, sections: Any = None
) -> Any:
    """Views of consecutive parts along `dim`: so many of nearly one size, or cut before each of the given indices."""
    where = next((each for each in (indices_or_sections, indices, sections) if each is not None), None)
    if input.ndim == 0:
        raise RuntimeError("tensor_split() needs at least one dimension, got a tensor without dimensions")
    dim = wrap_dim(dim, input.ndim)
    total = input.shape[dim]
    if isinstance(where, Tensor):
        if where._array.dtype != numpy.int64:
            raise RuntimeError(f"tensor_split() needs indices of dtype int64, got {where.dtype}")
        if where.ndim > 1:
            raise RuntimeError(f"tensor_split() needs a scalar or a vector of indices, got shape {tuple(where.shape)}")
        where = where.tolist()
    if isinstance(where, int):
        if where <= 0:
            raise RuntimeError(f"tensor_split() needs a positive number of sections, got {where}")
        size, more = divmod(total, where)
        return _split_sizes(input, (size + 1,) * more + (size,) * (where - more), dim)
    parts, start = [], 0
    for stop in (*tuple(where or ()), None):
        first, last, _ = slice(start, stop).indices(total)
        parts.append(narrow(input, dim, first, max(0, last - first)))
        start = 0 if stop is None else stop
    return tuple(parts)


def _split_along(name: str, least: int, axis: Callable[[int], int]) -> Any:
    def function(input: Any, indices_or_sections: Any) -> Any:
        if input.ndim < least:
            raise RuntimeError(f"{name}() needs at least {least} dimension(s), got {input.ndim}")
        dim = axis(input.ndim)
        if isinstance(indices_or_sections, int) and (
            indices_or_sections <= 0 or input.shape[dim] % indices_or_sections
        ):
            raise RuntimeError(
                f"{name}(): dimension {dim} of size {input.shape[dim]} cannot be cut into {indices_or_sections} "
                "equal sections"
            )
        return tensor_split(input, indices_or_sections, dim)

    function.__name__ = function.__qualname__ = name
    function.__doc__ = (
        f"Views of consecutive parts along dimension {axis(3)}: so many of one size, or cut before each index."
    )
    return composite(function, method=True)


hsplit = _split_along("hsplit", 1, lambda ndim: 0 if ndim == 1 else 1)
vsplit = _split_along("vsplit", 2, lambda ndim: 0)
dsplit = _split_along("dsplit", 3, lambda ndim: 2)


# ---------------------------------------------------------------- parts


@view()
def narrow_view(xp: Any, input: Any, dim: int, start: int, stop: int, step: int = 1) -> Any:
    """View of the elements `start` to `stop` along `dim`."""
    return input[(slice(None),) * dim + (slice(start, stop, step),)]


narrow_view.op.title = "SliceBackward0"
narrow_view.gradient(
    lambda g, input_shape, dim, start, stop, step: narrow_into_zeros(g, input_shape, dim, start, stop, step)
)


@primitive("input")
def narrow_into_zeros(xp: Any, input: Any, shape: Shape, dim: int, start: int, stop: int, step: int) -> Any:
    """Zeros of `shape` with `input` at the elements `start` to `stop` along `dim`."""
    result = xp.zeros(shape, dtype=input.dtype)
    result[(slice(None),) * dim + (slice(start, stop, step),)] = input
    return result


narrow_into_zeros.gradient(lambda g, dim, start, stop, step: narrow_view(g, dim, start, stop, step))


@composite(method=True)
def narrow(input: Any, dim: int, start: Any, length: int) -> Any:
    """View of `length` elements from `start` on along `dim`.

    Raises:
        RuntimeError: the dimension has not so many elements.
    """
    if input.ndim == 0:
        raise RuntimeError("narrow() needs at least one dimension, got a tensor without dimensions")
    dim = wrap_dim(dim, input.ndim)
    if isinstance(start, Tensor):
        if start.ndim or start._array.dtype.kind not in "iu":
            raise RuntimeError(
                f"narrow(): start must be an integer or an integer tensor without dimensions, got {start.dtype}"
            )
        start = int(start)
    size = input.shape[dim]
    if not -size <= start <= size:
        raise IndexError(f"narrow(): start {start} is out of range for dimension {dim} of size {size}")
    first = start + size if start < 0 else start
    if length < 0 or first + length > size:
        raise RuntimeError(f"narrow(): start {start} and length {length} exceed dimension {dim} of size {size}")
    return narrow_view(input, dim, first, first + length)


@view()
def select_view(xp: Any, input: Any, dim: int, index: int) -> Any:
    """View of one slice: `dim` fixed at `index`."""
    return input[(slice(None),) * dim + (index, Ellipsis)]


select_view.op.title = "SelectBackward0"
select_view.gradient(lambda g, input_shape, dim, index: select_into_zeros(g, input_shape, dim, index))


@primitive("input")
def select_into_zeros(xp: Any, input: Any, shape: Shape, dim: int, index: int) -> Any:
    """Zeros of `shape` with `input` where `dim` is `index`."""
    result = xp.zeros(shape, dtype=input.dtype)
    result[(slice(None),) * dim + (index,)] = input
    return result


select_into_zeros.gradient(lambda g, dim, index: select_view(g, dim, index))


@composite(method=True)
def select(input: Any, dim: int, index: int) -> Any:
    """View of the slice at `index` along `dim`, without that dimension."""
    if input.ndim == 0:
        raise IndexError("select() needs at least one dimension, got a tensor without dimensions")
    dim = wrap_dim(dim, input.ndim)
    size = input.shape[dim]
    index = _size(index)
    if not -size <= index < size:
        raise IndexError(f"select(): index {index} is out of range for dimension {dim} of size {size}")
    return select_view(input, dim, index)


@view(method="unfold")
def unfold_view(xp: Any, input: Any, dimension: int, size: int, step: int) -> Any:
    """View of all windows of `size` elements along `dimension`, `step` apart, as a new last dimension."""
    if size < 0 or step <= 0:
        raise RuntimeError(f"unfold() needs size >= 0 and step > 0, got {size} and {step}")
    if input.ndim == 0:
        wrap_dim(dimension, 0)
        if size > 1:
            raise RuntimeError(f"unfold(): size {size} is larger than the 1 element of a tensor without dimensions")
        return strided(xp, input.reshape(1), (size,), (input.itemsize,))
    dim = wrap_dim(dimension, input.ndim)
    count = input.shape[dim]
    if size > count:
        raise RuntimeError(f"unfold(): size {size} is larger than the size {count} of dimension {dim}")
    shape = (*input.shape[:dim], (count - size) // step + 1, *input.shape[dim + 1 :], size)
    strides = (*input.strides[:dim], input.strides[dim] * step, *input.strides[dim + 1 :], input.strides[dim])
    return strided(xp, input, shape, strides)


unfold_view.op.title = "UnfoldBackward0"
unfold_view.gradient(lambda g, input_shape, dimension, size, step: fold_windows(g, input_shape, dimension, size, step))


@primitive("input")
def fold_windows(xp: Any, input: Any, shape: Shape, dimension: int, size: int, step: int) -> Any:
    """Sum of all windows back into a tensor of `shape`: the transpose of `unfold`."""
    if not shape:
        return input.sum() if size else xp.zeros((), dtype=input.dtype)
    dim = wrap_dim(dimension, len(shape))
    result = xp.zeros(shape, dtype=input.dtype)
    before = (slice(None),) * dim
    length = (input.shape[dim] - 1) * step + 1
    for offset in range(size):  # a step per place in the window; the elements are added by slices
        result[(*before, slice(offset, offset + length, step))] += input[..., offset]
    return result


fold_windows.gradient(lambda g, dimension, size, step: unfold_view(g, dimension, size, step))


# ---------------------------------------------------------------- memory


def _element_strides(shape: Shape) -> tuple[int, ...]:
    strides, step = [], 1
    for size in reversed(shape):
        strides.append(step)
        step *= max(size, 1)
    return tuple(reversed(strides))


def _positions(size: Shape, stride: tuple[int, ...], offset: int) -> Array:
    """Number of the element in memory for each element of a strided view."""
    places = numpy.full(size, offset, dtype=numpy.int64)
    for axis, (count, step) in enumerate(zip(size, stride, strict=True)):
        places += (numpy.arange(count) * step).reshape((-1,) + (1,) * (len(size) - axis - 1))
    return places


@view()
def strided_view(xp: Any, input: Any, size: Shape, stride: tuple[int, ...], offset: int) -> Any:
    """View of a contiguous tensor's memory with any sizes and strides, in elements."""
    return strided(xp, input, size, tuple([step * input.itemsize for step in stride]), offset * input.itemsize)


strided_view.op.title = "AsStridedBackward0"
strided_view.gradient(lambda g, input_shape, size, stride, offset: add_strided(g, input_shape, size, stride, offset))


@primitive("input")
def add_strided(xp: Any, input: Any, shape: Shape, size: Shape, stride: tuple[int, ...], offset: int) -> Any:
    """Zeros of `shape` to which `input` is added at the elements of a strided view: the transpose of `strided_view`."""
    flat = xp.bincount(
        beside(_positions(size, stride, offset), input).ravel(),
        weights=input.ravel().astype(numpy.float64),
        minlength=numel_of(shape),
    )
    return flat.astype(input.dtype).reshape(shape)


add_strided.gradient(lambda g, size, stride, offset: strided_view(g, size, stride, offset))


def address_of(array: Array) -> int:
    """Where an array's first element lies in memory."""
    return int(array.__array_interface__["data"][0] if type(array) is numpy.ndarray else array.data.ptr)


@composite(method=True)
def as_strided(input: Any, size: Any, stride: Any, storage_offset: int | None = None) -> Any:
    """View of the memory of `input` with any sizes and strides (in elements), from element `storage_offset` on.

    Raises:
        RuntimeError: the view reaches beyond the memory, or the tensor is not contiguous and requires a gradient.
    """
    size, stride = sizes_from((size,)), sizes_from((stride,))
    if len(size) != len(stride):
        raise RuntimeError(f"as_strided(): {len(size)} sizes and {len(stride)} strides; they must be as many")
    if any(step < 0 for step in stride) or any(count < 0 for count in size):
        raise RuntimeError(f"as_strided(): sizes {list(size)} and strides {list(stride)} must not be negative")
    array = input._array
    owner = array
    while isinstance(owner.base, type(array)):
        owner = owner.base
    offset = storage_offset
    if offset is None:
        offset = (address_of(array) - address_of(owner)) // array.itemsize
    last = offset + sum([(count - 1) * step for count, step in zip(size, stride, strict=True)])
    if 0 not in size and last >= owner.size:
        raise RuntimeError(f"as_strided(): element {last} is outside of memory for {owner.size} elements")
    if not array.flags.c_contiguous or array.size != owner.size:
        view = input._view
        if current_node(input) is not None and state.recording:
            raise RuntimeError(
                "as_strided() of a non-contiguous tensor that requires a gradient: call contiguous() first"
            )
        if view is not None and view.base._array.size == owner.size and view.base._array.flags.c_contiguous:
            return strided_view(view.base, size, stride, offset)
    return strided_view(input, size, stride, offset)


@composite(method=True)
def as_strided_scatter(input: Any, src: Any, size: Any, stride: Any, storage_offset: int | None = None) -> Any:
    """Copy of `input` with `src` written to the elements of a strided view of it."""
    result = clone(input.contiguous())  # the strides are meant for elements that lie one after the other
    as_strided(result, size, stride, storage_offset).copy_(src)
    return result


# ---------------------------------------------------------------- re-arranging


@primitive("input", method=False)
def flip(xp: Any, input: Any, dims: Any) -> Any:
    """Copy with the elements along `dims` in reverse order."""
    if not isinstance(dims, int) and not len(dims):
        return input.copy()
    axes = set(wrap_dims(dims, input.ndim))
    return input[tuple([slice(None, None, -1) if axis in axes else slice(None) for axis in range(input.ndim)])].copy()


flip.gradient(lambda g, dims: flip(g, dims))


def _flip_method(self: Tensor, *axes: Any, dims: Any = None) -> Tensor:
    """Copy with the elements along `dims` in reverse order, given as ``flip(0, 1)`` or ``flip((0, 1))``."""
    result: Tensor = flip(self, sizes_from(axes, dims))
    return result


@composite(method=True)
def fliplr(input: Any) -> Any:
    """Copy with the columns in reverse order."""
    if input.ndim < 2:
        raise RuntimeError(f"fliplr() needs at least two dimensions, got {input.ndim}")
    return flip(input, (1,))


@composite(method=True)
def flipud(input: Any) -> Any:
    """Copy with the rows in reverse order."""
    if input.ndim < 1:
        raise RuntimeError("flipud() needs at least one dimension, got none")
    return flip(input, (0,))


@primitive("input")
@contiguous
def roll_on(xp: Any, input: Any, shifts: Shape, dims: tuple[int, ...] | None) -> Any:
    """Copy with the elements moved cyclically."""
    return xp.roll(input, shifts[0] if dims is None else shifts, axis=dims)


roll_on.op.title = "RollBackward0"
roll_on.gradient(lambda g, shifts, dims: roll_on(g, tuple([-shift for shift in shifts]), dims))


@composite(method=True)
def roll(input: Any, shifts: Any, dims: Any = None) -> Any:
    """Copy with the elements moved by `shifts` places along `dims`, those that leave re-entering at the other end.

    Without `dims` the tensor is rolled as if flattened.

    >>> import tinygrad_i2dl as torch
    >>> torch.roll(torch.arange(4), 1)
    tensor([3, 0, 1, 2])
    """
    moves = (shifts,) if isinstance(shifts, int) else tuple(shifts)
    if not moves:
        raise RuntimeError("roll() needs shifts")
    axes = () if dims is None else (dims,) if isinstance(dims, int) else tuple(dims)
    if not axes and len(moves) == 1:
        return roll_on(input, moves, None)
    if len(axes) != len(moves):
        raise RuntimeError(f"roll() needs as many shifts as dims, got {moves} and {axes}")
    if input.ndim == 0:
        raise IndexError(f"roll(): a tensor without dimensions has no dimension {axes[0]}")
    return roll_on(input, moves, tuple([wrap_dim(axis, input.ndim) for axis in axes]))


@composite(method=True)
def rot90(input: Any, k: int = 1, dims: Any = (0, 1)) -> Any:
    """Copy turned `k` times by 90 degrees in the plane of two dimensions, from the first towards the second."""
    ndim = input.ndim
    if len(dims) != 2:
        raise RuntimeError(f"rot90() needs two dims, got {tuple(dims)}")
    if ndim < 2:
        raise RuntimeError(f"rot90() needs at least two dimensions, got {ndim}")
    first, second = wrap_dim(dims[0], ndim), wrap_dim(dims[1], ndim)
    if first == second:
        raise RuntimeError(f"rot90() needs two different dims, got {tuple(dims)}")
    k %= 4
    if k == 1:
        return transpose(flip(input, (second,)), first, second)
    if k == 2:
        return flip(input, (first, second))
    return flip(transpose(input, first, second), (second,)) if k == 3 else clone(input)


@functools.lru_cache(maxsize=64)
def _triangle_mask(name: str, rows: int, columns: int, diagonal: int) -> Array:
    """Where the triangle is: making it costs more than using it."""
    mask = getattr(numpy, name)(numpy.ones((rows, columns), dtype=bool), diagonal)
    mask.flags.writeable = False
    return mask


def _triangle(name: str, kept: str) -> Any:
    def kernel(xp: Any, input: Any, diagonal: int = 0) -> Any:
        if input.ndim < 2:
            raise RuntimeError(f"{name}() needs at least two dimensions, got {input.ndim}")
        if xp is not numpy or input.size > 1 << 20:
            return getattr(xp, name)(input, diagonal)
        return numpy.where(_triangle_mask(name, *input.shape[-2:], diagonal), input, input.dtype.type(0))

    kernel.__name__ = kernel.__qualname__ = name
    kernel.__doc__ = (
        f"Copy of the matrices with only the elements on and {kept} diagonal number `diagonal`, zeros elsewhere."
    )
    function = primitive("input", method=True, inplace=True)(kernel)
    function.gradient(lambda g, diagonal: function(g, diagonal))
    return function


tril = _triangle("tril", "below")
triu = _triangle("triu", "above")


@view()
def diagonal_view(xp: Any, input: Any, offset: int, dim1: int, dim2: int) -> Any:
    """View of a diagonal as the last dimension."""
    result = input.diagonal(offset, dim1, dim2)
    if xp is numpy and input.flags.writeable:
        result.flags.writeable = True
    return result


diagonal_view.op.title = "DiagonalBackward0"
diagonal_view.gradient(
    lambda g, input_shape, offset, dim1, dim2: diagonal_into_zeros(g, input_shape, offset, dim1, dim2)
)


@primitive("input")
def diagonal_into_zeros(xp: Any, input: Any, shape: Shape, offset: int, dim1: int, dim2: int) -> Any:
    """Zeros of `shape` with `input` on a diagonal."""
    result = xp.zeros(shape, dtype=input.dtype)
    line = result.diagonal(offset, dim1, dim2)
    if xp is numpy:
        line.flags.writeable = True
    line[...] = input
    return result


diagonal_into_zeros.gradient(lambda g, offset, dim1, dim2: diagonal_view(g, offset, dim1, dim2))


@composite(method=True)
def diagonal(input: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """View of the diagonal of two dimensions, as the last dimension; `offset` counts upwards."""
    if input.ndim < 2:
        wrap_dim(dim1, input.ndim), wrap_dim(dim2, input.ndim)
    first, second = wrap_dim(dim1, input.ndim, "dim1"), wrap_dim(dim2, input.ndim, "dim2")
    if first == second:
        raise RuntimeError(f"diagonal() needs two different dimensions, got {dim1} and {dim2}")
    return diagonal_view(input, offset, first, second)


@composite(method=True)
def diag(input: Any, diagonal: int = 0) -> Any:
    """Diagonal of a matrix, or the matrix with a vector on its diagonal."""
    if input.ndim == 1:
        return diag_embed(input, diagonal)
    if input.ndim != 2:
        raise RuntimeError(f"diag() needs a vector or a matrix, got {input.ndim} dimensions")
    return clone(diagonal_view(input, diagonal, 0, 1))


@composite(method=True)
def diagflat(input: Any, offset: int = 0) -> Any:
    """Matrix with all elements of `input` on its diagonal."""
    return diag_embed(reshape_to(input, (-1,)), offset)


@composite(method=True)
def diag_embed(input: Any, offset: int = 0, dim1: int = -2, dim2: int = -1) -> Any:
    """Matrices, in the dimensions `dim1` and `dim2`, with the last dimension of `input` on their diagonals."""
    ndim = input.ndim + 1
    if input.ndim == 0:
        raise IndexError("diag_embed() needs at least one dimension, got none")
    first, second = wrap_dim(dim1, ndim, "dim1"), wrap_dim(dim2, ndim, "dim2")
    if first == second:
        raise RuntimeError(f"diag_embed() needs two different dimensions, got {dim1} and {dim2}")
    shape = list(input.shape[:-1])
    size = input.shape[-1] + abs(offset)
    for axis in sorted((first, second)):
        shape.insert(axis, size)
    return diagonal_into_zeros(input, tuple(shape), offset, first, second)


@composite(method=True)
def diagonal_scatter(input: Any, src: Any, offset: int = 0, dim1: int = 0, dim2: int = 1) -> Any:
    """Copy of `input` with `src` written to a diagonal."""
    result = clone(input)
    line = diagonal(result, offset, dim1, dim2)
    if tuple(line.shape) != tuple(src.shape):
        raise ShapeError(
            f"diagonal_scatter(): src has shape {tuple(src.shape)}, the diagonal {tuple(line.shape)}; they must be "
            "equal"
        )
    line.copy_(src)
    return result


@composite
def repeat_interleave(
    input: Any, repeats: Any = None, dim: int | None = None, *, output_size: int | None = None
) -> Any:
    """Copy with each element (or slice along `dim`) repeated in place, all equally often or as a vector says.

    >>> import tinygrad_i2dl as torch
    >>> torch.repeat_interleave(torch.tensor([1, 2]), 2)
    tensor([1, 1, 2, 2])
    """
    if repeats is None:  # the indices that repeat each element as often as it says
        input, repeats = None, input
    times = repeats._array if isinstance(repeats, Tensor) else numpy.asarray(repeats)
    if times.dtype not in (numpy.int64, numpy.int32):
        raise RuntimeError(f"repeat_interleave(): repeats must be integers (int32 or int64), got {times.dtype}")
    if times.ndim > 1:
        raise RuntimeError(f"repeat_interleave(): repeats must be a number or a vector, got shape {tuple(times.shape)}")
    if times.size and times.min() < 0:
        raise RuntimeError("repeat_interleave(): repeats must not be negative")
    if input is None:
        if times.ndim == 0:
            raise RuntimeError("repeat_interleave(repeats) needs a vector")
        xp = namespace_of(type(times))
        return make(xp.repeat(xp.arange(times.size, dtype=times.dtype), times))
    if dim is None:
        input, dim = reshape_to(input, (-1,)), 0
    if input.ndim == 0:
        input = reshape_to(input, (1,))
    dim = wrap_dim(dim, input.ndim)
    shape = tuple(input.shape)
    if times.size == 1:
        count = int(times.reshape(()))
        spread = expand_view(unsqueeze(input, dim + 1), (*shape[: dim + 1], count, *shape[dim + 1 :]))
        result = reshape_to(clone(spread), (*shape[:dim], shape[dim] * count, *shape[dim + 1 :]))
    else:
        if times.size != shape[dim]:
            raise RuntimeError(
                f"repeat_interleave(): {times.size} repeats for dimension {dim} of size {shape[dim]}; they must be "
                "as many"
            )
        xp = namespace_of(type(times))
        result = input[(slice(None),) * dim + (make(xp.repeat(xp.arange(shape[dim]), times)),)]
    if output_size is not None and result.shape[dim] != output_size:
        raise RuntimeError(
            f"repeat_interleave(): the result has size {result.shape[dim]}, output_size says {output_size}"
        )
    return result


# ---------------------------------------------------------------- copies and casts


@primitive("input", method=True)
def clone(xp: Any, input: Any, memory_format: Any = None) -> Any:
    """Copy with its own memory, in the order of dimensions that the input's memory has unless `memory_format` names
    another; gradients flow through."""
    name = "preserve_format" if memory_format is None else memory_format.name
    if name in ("channels_last", "channels_last_3d"):
        return xp.moveaxis(xp.moveaxis(input, 1, -1).copy(), -1, 1)
    return input.copy("C" if name == "contiguous_format" or 0 in input.strides else "K")


clone.gradient(lambda g: g)


@primitive("input", method="_cast")
def cast(xp: Any, input: Any, dtype: Any) -> Any:
    """The values in another (NumPy) dtype."""
    return input.astype(dtype)


cast.op.title = "ToCopyBackward0"
cast.gradient(lambda g: g)  # the engine casts it to the input's dtype


@primitive("input", "src", method=False, inplace=True)
def copy(xp: Any, input: Any, src: Any) -> Any:
    """The values of `src`, broadcast to the shape and cast to the dtype of `input`."""
    return xp.broadcast_to(src, input.shape).astype(input.dtype)


copy.gradient(src=lambda g: g)


def _copy_(self: Tensor, src: Any, non_blocking: bool = False) -> Tensor:
    """Write the values of `src`, broadcast and cast, into this tensor; `src` may be on another device."""
    if isinstance(src, Tensor) and (
        type(src._array) is not type(self._array)
        or (type(src._array) is not numpy.ndarray and src.device != self.device)
    ):
        src = src.to(self.device, non_blocking=non_blocking)
    result: Tensor = copy.in_place(self, src)
    return result


Operations.copy_ = _copy_


@primitive("input", "value", inplace=True)
def fill(xp: Any, input: Any, value: Any) -> Any:
    """Tensor of the shape and dtype of `input` with every element `value` (a number or a tensor without dimensions)."""
    return xp.full_like(input, value)


fill.gradient(input=lambda g: g * 0, value=lambda g: g)
Operations.fill_ = fill.in_place


def _zero_(self: Tensor) -> Tensor:
    """Set every element to zero in place."""
    result: Tensor = self.fill_(0)
    return result


Operations.zero_ = _zero_


# ---------------------------------------------------------------- copying forms, in-place forms, methods, aliases


def _copying(name: str, function: Callable[..., Any]) -> Any:
    def call(*args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        return tuple([clone(each) for each in result]) if isinstance(result, tuple) else clone(result)

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"The same as `{name.removesuffix('_copy')}`, but always a copy with its own memory."
    return composite(call)


def _expand_function(input: Any, size: Any) -> Any:
    return _expanded(input, sizes_from((size,)))


expand_copy = _copying("expand_copy", _expand_function)
view_copy = _copying("view_copy", lambda input, size: view_to(input, _plausible(sizes_from((size,)), _count(input))))
permute_copy = _copying("permute_copy", permute)
squeeze_copy = _copying("squeeze_copy", squeeze)
t_copy = _copying("t_copy", t)
transpose_copy = _copying("transpose_copy", transpose)
unbind_copy = _copying("unbind_copy", unbind)
unfold_copy = _copying("unfold_copy", unfold_view)
unsqueeze_copy = _copying("unsqueeze_copy", unsqueeze)
narrow_copy = _copying("narrow_copy", narrow)
alias_copy = _copying("alias_copy", lambda input: input)
as_strided_copy = _copying("as_strided_copy", as_strided)
diagonal_copy = _copying("diagonal_copy", diagonal)
split_with_sizes_copy = _copying("split_with_sizes_copy", split_with_sizes)
unsafe_split = split
unsafe_chunk = chunk


@composite
def view_as_real(input: Any) -> Any:
    """Refused: there are no complex dtypes."""
    raise RuntimeError(
        f"view_as_real() needs a complex tensor, and this library has real dtypes only; got {input.dtype}"
    )


@composite
def view_as_complex(input: Any) -> Any:
    """Refused: there are no complex dtypes."""
    raise RuntimeError("view_as_complex() would make a complex tensor, and this library has real dtypes only")


def _changing_shape(name: str, function: Callable[..., Any]) -> Callable[..., Tensor]:
    """The in-place form of a view operation: the tensor itself gets another shape, its memory stays."""

    def call(self: Tensor, *args: Any, **kwargs: Any) -> Tensor:
        recorded = state.recording and current_node(self) is not None
        if recorded:
            refuse_change(self, name)
        own = self._view
        result: Tensor = function(self, *args, **kwargs)
        if result is self:
            return self
        self._array = result._array
        if recorded:
            self._node = result._node
        elif type(self._node) is AccumulateGrad:
            self._node.shape = result._array.shape
        if own is not None:
            self._view = result._view
        return self

    call.__name__ = call.__qualname__ = name
    call.__doc__ = f"`{name.removesuffix('_')}` of this tensor itself."
    return call


def _resize_(self: Tensor, *sizes: Any, memory_format: Any = None) -> Tensor:
    """Give this tensor another shape; what the memory held stays, new elements are not initialised.

    Raises:
        RuntimeError: the tensor requires a gradient.
    """
    if self.requires_grad:
        raise RuntimeError(
            "resize_() of a tensor that requires a gradient is not possible: use reshape() or a new tensor"
        )
    shape = sizes_from(sizes)
    if any(size < 0 for size in shape):
        raise RuntimeError(f"resize_(): sizes must not be negative, got {list(shape)}")
    count, array = numel_of(shape), self._array
    if array.shape == shape:
        return self
    if count <= array.size and array.flags.c_contiguous:
        self._array = array.reshape(-1)[:count].reshape(shape)
    else:
        grown = namespace_of(type(array)).empty(count, dtype=array.dtype)
        kept = min(count, array.size)
        grown[:kept] = array.reshape(-1)[:kept]
        self._array = grown.reshape(shape)
    rebase(self, None)
    return self


def _resize_as_(self: Tensor, other: Tensor, memory_format: Any = None) -> Tensor:
    """Give this tensor the shape of `other`."""
    return _resize_(self, other._array.shape)


resize_as_ = _resize_as_


def _resize(self: Tensor, *sizes: Any) -> Tensor:
    """The elements in another shape of as many elements (PyTorch's deprecated name of ``reshape``)."""
    shape = sizes_from(sizes)
    if numel_of(shape) != self._array.size:
        raise RuntimeError(f"resize(): shape {list(shape)} does not have the {self._array.size} elements of the tensor")
    return _reshape_method(self, shape)


_METHODS: dict[str, Any] = {
    "reshape": _reshape_method, "view": _view_method, "view_as": _view_as, "reshape_as": _reshape_as,
    "permute": _permute_method, "expand": _expand_method, "expand_as": _expand_as, "repeat": _repeat_method,
    "tile": _tile_method, "flip": _flip_method,
    "repeat_interleave": repeat_interleave, "swapaxes": transpose, "swapdims": transpose, "moveaxis": movedim,
    "unsafe_split": split, "unsafe_chunk": chunk, "narrow_copy": narrow_copy, "T": property(_reversed_dims),
    "mT": property(_matrix_transpose), "mH": property(_matrix_transpose), "H": property(_adjoint_of_matrix),
    "resize_": _resize_, "resize_as_": _resize_as_, "resize": _resize,
    "squeeze_": _changing_shape("squeeze_", squeeze), "unsqueeze_": _changing_shape("unsqueeze_", unsqueeze),
    "t_": _changing_shape("t_", t), "transpose_": _changing_shape("transpose_", transpose),
    "swapaxes_": _changing_shape("swapaxes_", transpose), "swapdims_": _changing_shape("swapdims_", transpose),
    "as_strided_": _changing_shape("as_strided_", as_strided),
}  # fmt: skip
for _name, _function in _METHODS.items():
    setattr(Operations, _name, _function)
